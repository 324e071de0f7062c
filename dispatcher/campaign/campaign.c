/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/campaign.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/campaign/approval.h"
#include "dispatcher/campaign/series.h"
#include "dispatcher/campaign/window.h"
#include "dispatcher/run/saved.h"
#include "dispatcher/store/keys.h"

uint64_t
campaign_run_of(const struct campaign *c, const char *so, struct err_ctx *none,
		const struct err_ctx **e)
{
	if (c == NULL || c->run != 0)
		return c != NULL ? c->run : 0;
	err_set(none, ERR_CONFLICT, "campaign", "launch it first", "has not been launched: %s", so);
	*e = none;
	return 0;
}

uint64_t
campaign_rows_of(const struct campaign *c, const char *so, struct err_ctx *none,
		 const struct err_ctx **e)
{
	uint64_t run = campaign_run_of(c, so, none, e);
	char at[32];

	if (run == 0 || c->list_gone_s == 0)
		return run;
	clock_format_vn(c->list_gone_s, at);
	err_set(none, ERR_CONFLICT, c->name, "its report is there still: loa campaign report",
		"the list %s was deleted on %.10s: its rows are gone",
		c->list_gone[0] != '\0' ? c->list_gone : campaign_list(c), at);
	*e = none;
	return 0;
}

void
campaign_free(struct campaign *c)
{
	if (c == NULL)
		return;
	free(c->name);
	free(c->state);
	free(c->class);
	free(c->goal);
	free(c->event);
	free(c->template);
	free(c->source);
	free(c->why);
	free(c->reason);
	free(c->why_by);
	free(c->problem);
	free(c->checked);
	free(c->sensitive);
	free(c->list_gone);
	free(c->schedule);
	free(c->late_then);
	review_clear(&c->review);
	for (size_t i = 0; i < c->list_count; i++)
		free(c->lists[i]);
	for (size_t i = 0; i < c->segment_count; i++) {
		free(c->segments[i]);
		free(c->queries[i]);
		free(c->wrong[i]);
	}
	free(c);
}

const char *
campaign_list(const struct campaign *c)
{
	return c->list_count > 0 ? c->lists[0] : "";
}

void
campaign_add_lists(const struct campaign *c, struct buf *out)
{
	for (size_t i = 0; i < c->list_count; i++)
		buf_addf(out, "%s%s", i > 0 ? ", " : "", c->lists[i]);
}

/* ---- load ---- */

struct load {
	campaign_cb cb;
	void *arg;
	char name[LIST_NAME_MAX * 2];
};

static char *
item_text(const struct reply *r, size_t i)
{
	struct slice s = reply_item(r, i)->str;

	return xmemdup0(s.p, s.n);
}

/* Of a campaign from before there was a choice: kept. */
static enum accents
accents_find(struct slice name)
{
	for (int i = 0; i < 3; i++)
		if (slice_is(name, accents_names[i]))
			return (enum accents)i;
	return ACCENTS_KEPT;
}

/* One name a line; of one list it is the name alone. */
static void
read_lists(struct campaign *c, struct slice one, struct slice lines)
{
	struct slice rest = lines.n > 0 ? lines : one;

	while (rest.n > 0 && c->list_count < RUN_QUERIES_MAX) {
		struct slice name = slice_take_until(&rest, '\n');

		c->lists[c->list_count++] = xmemdup0(name.p, name.n);
	}
}

/* Of which of the lists the segment is. */
static void
find_list(struct campaign *c, size_t i, const struct saved_segments *saved)
{
	for (size_t s = 0; s < saved->count; s++)
		for (size_t k = 0; k < c->list_count; k++)
			if (slice_is(saved->v[s].name, c->segments[i]) &&
			    slice_is(saved->v[s].list, c->lists[k]))
				c->of_query[i] = (uint8_t)k;
}

/* Segments inside of the campaign's: their texts take the places of their names. */
static void
combine_queries(struct campaign *c, const struct reply *r)
{
	struct saved_segments saved = {0};
	struct query_error e;
	char why[sizeof(e.message) + 40];

	saved_segments_read(&saved, r);
	for (size_t i = 0; i < c->segment_count && c->list_count > 0; i++) {
		find_list(c, i, &saved);
		struct combine one = {.name = slice_of(c->segments[i]),
				      .list = slice_of(c->lists[c->of_query[i]]),
				      .query = slice_of(c->queries[i]),
				      .saved = saved.v,
				      .saved_count = saved.count};
		struct buf text = {0};

		if (strcasestr(c->queries[i], "segment") == NULL)
			continue;
		if (query_combine(&one, &text, &e)) {
			free(c->queries[i]);
			c->queries[i] = xmemdup0(text.data, text.len);
		} else {
			snprintf(why, sizeof(why), "character %zu: %s", e.column, e.message);
			c->wrong[i] = xstrdup(why);
		}
		buf_free(&text);
	}
	saved_segments_free(&saved);
}

/* What is asked of its record; "run." of its run, "template." of the version of its template. */
/* clang-format off */
static const char *const load_fields[] = {
	"name", "state", "class", "goal", "event", "template", "list", "per", "unit", "run",
	"created_s", "canary_messages", "canary_then", "canary_after_s", "run.why", "run.reason",
	"run.why_by", "run.why_s", "due_s", "problem", "checked", "accents", "run.template_version",
	"run.list_gone_s", "sensitive", "lists", "run.list_gone", "speed", "weight",
	"schedule", "late_s", "late_then", "first_s", "waited_s", "smooth_until", "finish_by",
	/* review_read */
	"revision", "changed_by", "changed_s", "approval", "newest", "authors", "submitted_by",
	"submitted_s", "frozen", "frozen_hash", "estimate", "approvals", "approved_s",
	"approved_level", "ceiling", "ceiling_all", "note", "note_by", "note_s", "template.saved", "template.by",
};
/* clang-format on */
#define REVIEW_AT 40 /* of the reply */

static int
read_minute(const struct reply *r, size_t i)
{
	return reply_item(r, i)->str.n > 0 ? (int)reply_int(r, i) : WINDOW_NONE;
}

/* In the order of load_fields, behind the four that campaign_get adds. */
static struct campaign *
campaign_read(const struct reply *r)
{
	struct campaign *c = xcalloc(1, sizeof(*c));
	const struct reply *segments = reply_item(r, 3);

	c->id = reply_u64(r, 0);
	c->template_version = (unsigned)reply_int(r, 1);
	c->source = item_text(r, 2);
	for (size_t i = 0; i + 1 < segments->count && c->segment_count < RUN_QUERIES_MAX; i += 2) {
		c->segments[c->segment_count] = item_text(segments, i);
		c->queries[c->segment_count++] = item_text(segments, i + 1);
	}
	c->name = item_text(r, 4);
	c->state = item_text(r, 5);
	c->class = item_text(r, 6);
	c->goal = item_text(r, 7);
	c->event = item_text(r, 8);
	c->template = item_text(r, 9);
	read_lists(c, reply_item(r, 10)->str, reply_item(r, 29)->str);
	c->per = slice_is(reply_item(r, 11)->str, "row") ? PER_ROW : PER_PHONE;
	c->unit = reply_u64(r, 12);
	c->run = reply_u64(r, 13);
	c->created_s = reply_int(r, 14);
	c->canary_messages = (unsigned)reply_int(r, 15);
	c->is_canary_auto = slice_is(reply_item(r, 16)->str, "auto");
	c->canary_after_s = reply_int(r, 17);
	c->why = item_text(r, 18);
	c->reason = item_text(r, 19);
	c->why_by = item_text(r, 20);
	c->why_s = reply_int(r, 21);
	c->due_s = reply_int(r, 22);
	c->problem = item_text(r, 23);
	c->checked = item_text(r, 24);
	c->accents = accents_find(reply_item(r, 25)->str);
	c->sent_version = (unsigned)reply_int(r, 26);
	c->list_gone_s = reply_int(r, 27);
	c->sensitive = item_text(r, 28);
	c->list_gone = item_text(r, 30);
	c->speed = reply_int(r, 31);
	c->weight = reply_int(r, 32);
	if (c->weight == 0)
		c->weight = CAMPAIGN_WEIGHT;
	c->schedule = item_text(r, 33);
	c->late_s = reply_int(r, 34);
	c->late_then = item_text(r, 35);
	c->first_s = reply_int(r, 36);
	c->is_waiting = reply_int(r, 37) != 0;
	c->smooth_until = read_minute(r, 38);
	c->finish_by = read_minute(r, 39);
	review_read(&c->review, r, REVIEW_AT);
	combine_queries(c, reply_item(r, 4 + ARRAY_LEN(load_fields)));
	review_note(c);
	return c;
}

static void
on_campaign(void *arg, const struct reply *r)
{
	struct load *ld = arg;
	struct err_ctx e;

	if (!reply_is_good(r)) {
		reply_fail(r, &e);
		ld->cb(ld->arg, NULL, &e);
	} else if (r->kind != REPLY_ARRAY) {
		err_set(&e, ERR_NOT_FOUND, ld->name, "see loa campaign ls",
			"there is no campaign of this name or number");
		ld->cb(ld->arg, NULL, &e);
	} else {
		ld->cb(ld->arg, campaign_read(r), NULL);
	}
	free(ld);
}

static void
load(struct engine *e, const char *which, const char *id_or_name, campaign_cb cb, void *arg)
{
	struct load *ld = xcalloc(1, sizeof(*ld));
	struct argv a = {0};

	ld->cb = cb;
	ld->arg = arg;
	snprintf(ld->name, sizeof(ld->name), "%s", id_or_name);
	argv_adds(&a, which);
	argv_adds(&a, id_or_name);
	for (size_t i = 0; i < ARRAY_LEN(load_fields); i++)
		argv_adds(&a, load_fields[i]);
	engine_call(e, "campaign_get", &a, on_campaign, ld);
	argv_free(&a);
}

void
campaign_load(struct engine *e, const char *id_or_name, campaign_cb cb, void *arg)
{
	load(e, "", id_or_name, cb, arg);
}

void
campaign_load_now(struct engine *e, const char *id_or_name, campaign_cb cb, void *arg)
{
	load(e, "now", id_or_name, cb, arg);
}

/* ---- one of its runs ---- */

struct pick {
	struct campaign *campaign;
	uint64_t run;
	campaign_run_cb cb;
	void *arg;
};

static void
take_text(char **field, const struct reply *r, size_t i)
{
	free(*field);
	*field = item_text(r, i);
}

static void
on_run(void *arg, const struct reply *r)
{
	struct pick *p = arg;
	struct campaign *c = p->campaign;
	struct err_ctx e;

	if (r->kind == REPLY_ARRAY) {
		c->run = p->run;
		c->sent_version = (unsigned)reply_int(r, 0);
		take_text(&c->why, r, 1);
		take_text(&c->reason, r, 2);
		take_text(&c->why_by, r, 3);
		c->why_s = reply_int(r, 4);
		c->list_gone_s = reply_int(r, 5);
		take_text(&c->list_gone, r, 6);
		p->cb(p->arg, NULL);
	} else {
		if (reply_is_good(r))
			err_set(&e, ERR_NOT_FOUND, "run", "see loa campaign show",
				"%llu is no run of %s", (unsigned long long)p->run, c->name);
		else
			reply_fail(r, &e);
		p->cb(p->arg, &e);
	}
	free(p);
}

void
campaign_pick_run(struct engine *e, struct campaign *c, uint64_t run, campaign_run_cb cb, void *arg)
{
	struct pick *p = xcalloc(1, sizeof(*p));
	struct argv a = {0};

	*p = (struct pick){c, run, cb, arg};
	argv_add_int(&a, (int64_t)c->id);
	argv_add_int(&a, (int64_t)run);
	engine_call(e, "campaign_run", &a, on_run, p);
	argv_free(&a);
}

/* ---- create ---- */

struct create {
	campaign_created_cb cb;
	void *arg;
};

static void
on_created(void *arg, const struct reply *r)
{
	struct create *cr = arg;
	struct slice what = reply_item(r, 0)->str, which = reply_item(r, 1)->str;
	struct err_ctx e;
	bool is_new = slice_is(what, "created");

	if (!reply_is_good(r))
		reply_fail(r, &e);
	else if (slice_is(what, "name taken"))
		err_set(&e, ERR_CONFLICT, "name", "choose another name",
			"there is a campaign \"%.*s\" already", (int)which.n, which.p);
	else if (slice_is(what, "no template"))
		err_set(&e, ERR_INPUT, "template", "see loa template ls",
			"there is no template \"%.*s\"", (int)which.n, which.p);
	else if (slice_is(what, "no segment"))
		err_set(&e, ERR_INPUT, "segments", "see loa segment ls",
			"there is no segment \"%.*s\"", (int)which.n, which.p);
	else if (slice_is(what, "other"))
		err_set(&e, ERR_CONFLICT, "Idempotency-Key", "give each request its own key",
			"was used for another request in the last two days");
	else if (slice_is(what, "gone"))
		err_set(&e, ERR_NOT_FOUND, "campaign", "see loa campaign ls", "is not there");
	if (is_new || slice_is(what, "known"))
		cr->cb(cr->arg, (uint64_t)reply_item(r, 1)->integer, is_new, NULL);
	else
		cr->cb(cr->arg, 0, false, &e);
	free(cr);
}

enum err
campaign_name_check(const char *name, struct err_ctx *e)
{
	enum err rc = name_check("name", slice_of(name), e);

	if (rc == ERR_OK && strspn(name, "0123456789") == strlen(name))
		return err_set(e, ERR_INPUT, "name", "put a letter into it",
			       "\"%s\" could be taken for a campaign's number", name);
	return rc;
}

void
campaign_clone(struct engine *e, uint64_t id, const char *name,
	       const struct campaign_author *author, const char *idempotency_key,
	       campaign_created_cb cb, void *arg)
{
	struct create *cr = xcalloc(1, sizeof(*cr));
	struct argv a = {0};

	cr->cb = cb;
	cr->arg = arg;
	argv_adds(&a, idempotency_key);
	argv_add_int(&a, (int64_t)id);
	argv_adds(&a, name);
	argv_adds(&a, author->user[0] != '\0' ? author->user : author->who);
	engine_call(e, "clone", &a, on_created, cr);
	argv_free(&a);
}

static const char *const canary_thens[] = {"person", "auto"};

struct document {
	const char *name, *template, *class, *goal, *event, *sensitive;
	int per, approval, accents;
	int64_t canary_messages, canary_after_s; /* 0 = none */
	int64_t speed;				 /* 0 = as its lanes allow */
	int64_t weight;				 /* 0 = CAMPAIGN_WEIGHT */
	int64_t unit;
	int canary_then;
	bool is_newest;
	struct series_words series;
	struct window window;
};

/* {"messages": 50, "then": "person" | "auto", "after_s": 600} */
static enum err
read_canary(const struct json_at *root, struct document *d, struct err_ctx *e)
{
	static const char *const keys[] = {"messages", "then", "after_s"};
	struct json_at canary = json_get(root, "canary");
	struct json_at messages = json_get(&canary, "messages"), then = json_get(&canary, "then");
	struct json_at after = json_get(&canary, "after_s");
	enum err rc;

	if (canary.v == NULL)
		return ERR_OK;
	d->canary_after_s = 600;
	if ((rc = json_want_object(&canary, e)) != ERR_OK ||
	    (rc = json_only_keys(&canary, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_read_int(&messages, 1, 1000000, &d->canary_messages, e)) != ERR_OK ||
	    (rc = json_read_choice(&then, canary_thens, 2, &d->canary_then, e)) != ERR_OK ||
	    (rc = json_read_int(&after, 0, 86400, &d->canary_after_s, e)) != ERR_OK)
		return rc;
	if (messages.v == NULL)
		return err_set(e, ERR_INPUT, messages.path, "say with how many to begin",
			       "is missing");
	return ERR_OK;
}

static enum err
read_names(const struct json_at *root, struct document *d, struct err_ctx *e)
{
	static const char *const pers[] = {"phone", "row"};
	static const char *const audiences[] = {"approved", "newest"};
	int audience_choice = 0;
	struct json_at name = json_get(root, "name"), template = json_get(root, "template");
	struct json_at class = json_get(root, "class"), goal = json_get(root, "goal");
	struct json_at event = json_get(root, "event"), per = json_get(root, "per");
	struct json_at approval = json_get(root, "approval"), accents = json_get(root, "accents");
	struct json_at audience = json_get(root, "audience");
	struct json_at sensitive = json_get(root, "sensitive"), speed = json_get(root, "speed"),
		       unit = json_get(root, "unit"), weight = json_get(root, "weight");
	enum err rc;

	if ((rc = json_need_string(&name, &d->name, e)) != ERR_OK ||
	    (rc = campaign_name_check(d->name, e)) != ERR_OK ||
	    (rc = json_need_string(&template, &d->template, e)) != ERR_OK ||
	    (rc = name_check("template", slice_of(d->template), e)) != ERR_OK ||
	    (rc = json_need_string(&class, &d->class, e)) != ERR_OK ||
	    (rc = json_read_string(&goal, &d->goal, e)) != ERR_OK ||
	    (rc = json_read_string(&event, &d->event, e)) != ERR_OK ||
	    (rc = json_read_string(&sensitive, &d->sensitive, e)) != ERR_OK ||
	    (rc = json_read_int(&speed, 1, CAMPAIGN_SPEED_MAX, &d->speed, e)) != ERR_OK ||
	    (rc = json_read_int(&weight, 1, CAMPAIGN_WEIGHT_MAX, &d->weight, e)) != ERR_OK ||
	    (rc = json_read_int(&unit, 1, 1000000, &d->unit, e)) != ERR_OK ||
	    (rc = json_read_choice(&per, pers, 2, &d->per, e)) != ERR_OK ||
	    (rc = json_read_choice(&approval, approval_names, ARRAY_LEN(approval_names),
				   &d->approval, e)) != ERR_OK ||
	    (rc = json_read_choice(&audience, audiences, 2, &audience_choice, e)) != ERR_OK ||
	    (rc = json_read_choice(&accents, accents_names, 3, &d->accents, e)) != ERR_OK)
		return rc;
	if (strlen(d->goal) > 200 || strlen(d->event) > 200 || strlen(d->sensitive) > 200)
		return err_set(e, ERR_INPUT, "goal, event, sensitive", "shorten it",
			       "has more than 200 bytes");
	d->is_newest = audience_choice == 1;
	return ERR_OK;
}

/* Names joined by line ends, as the record keeps them. */
static enum err
read_segments(const struct json_at *root, struct buf *out, struct err_ctx *e)
{
	struct json_at segments = json_get(root, "segments");
	size_t n = json_array_size(segments.v);
	enum err rc = json_want_array(&segments, e);

	if (rc != ERR_OK)
		return rc;
	if (n == 0 || n > RUN_QUERIES_MAX)
		return err_set(e, ERR_INPUT, "segments", "name one to sixteen segments",
			       n == 0 ? "is missing or empty" : "has too many");
	for (size_t i = 0; i < n; i++) {
		struct json_at one = json_item(&segments, i);
		const char *name = "";

		if ((rc = json_need_string(&one, &name, e)) != ERR_OK ||
		    (rc = name_check(one.path, slice_of(name), e)) != ERR_OK)
			return rc;
		buf_addf(out, "%s%s", i > 0 ? "\n" : "", name);
	}
	return ERR_OK;
}

/* The todo names the classes that the policy has today. */
static enum err
refuse_class(const struct config *c, const char *class, struct err_ctx *e)
{
	struct buf known = {0};
	enum err rc;

	buf_adds(&known, "the policy has ");
	for (size_t i = 0, n = 0; i < c->class_count; i++)
		if (config_class(c, c->classes[i].name) == &c->classes[i])
			buf_addf(&known, "%s%s", n++ > 0 ? ", " : "", c->classes[i].name);
	rc = err_set(e, ERR_INPUT, "class", known.data, "\"%s\" is no class", class);
	buf_free(&known);
	return rc;
}

/* Field, value … of its record. */
static void
add_fields(const struct document *d, struct argv *a)
{
	const char *const fields[][2] = {
		{"class", d->class},
		{"goal", d->goal},
		{"event", d->event},
		{"per", d->per == 1 ? "row" : "phone"},
		{"accents", accents_names[d->accents]},
	};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		argv_adds(a, fields[i][0]);
		argv_adds(a, fields[i][1]);
	}
	argv_adds(a, "unit");
	argv_add_int(a, d->unit);
	if (d->approval > APPROVAL_NONE) {
		argv_adds(a, "approval");
		argv_adds(a, approval_names[d->approval]);
	}
	if (d->is_newest) {
		argv_adds(a, "newest");
		argv_adds(a, "1");
	}
	if (d->sensitive[0] != '\0') {
		argv_adds(a, "sensitive");
		argv_adds(a, d->sensitive);
	}
	if (d->speed > 0) {
		argv_adds(a, "speed");
		argv_add_int(a, d->speed);
	}
	if (d->weight > 0) {
		argv_adds(a, "weight");
		argv_add_int(a, d->weight);
	}
	if (d->canary_messages > 0) {
		argv_adds(a, "canary_messages");
		argv_add_int(a, d->canary_messages);
		argv_adds(a, "canary_then");
		argv_adds(a, canary_thens[d->canary_then]);
		argv_adds(a, "canary_after_s");
		argv_add_int(a, d->canary_after_s);
	}
	series_add_fields(&d->series, a);
	window_add_fields(&d->window, a);
}

/* More than its class needs may be asked for, not less. */
static enum err
check_class(const struct config *c, const struct json_at *root, const struct document *d,
	    struct err_ctx *e)
{
	const struct class_policy *class = config_class(c, d->class);

	if (class == NULL)
		return refuse_class(c, d->class, e);
	if (json_get(root, "approval").v == NULL || d->approval >= (int)class->approval)
		return ERR_OK;
	return err_set(e, ERR_REFUSED, "approval", "leave it out, or ask for more",
		       "class %s needs \"%s\", which a campaign cannot lower", d->class,
		       approval_names[class->approval]);
}

static enum err
read_document(const struct config *c, json_t *document, struct document *d, struct buf *segments,
	      struct err_ctx *e)
{
	static const char *const keys[] = {
		"name",	    "template", "segments", "class",	 "goal",    "event", "per",
		"approval", "canary",	"accents",  "sensitive", "speed",   "unit",  "weight",
		"schedule", "late",	"smooth",   "finish_by", "audience"};
	struct json_at root = json_root(document);
	enum err rc;

	*d = (struct document){.goal = "",
			       .event = "",
			       .class = "",
			       .name = "",
			       .template = "",
			       .sensitive = "",
			       .unit = d->unit};
	if ((rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = read_names(&root, d, e)) != ERR_OK || (rc = read_canary(&root, d, e)) != ERR_OK ||
	    (rc = read_segments(&root, segments, e)) != ERR_OK ||
	    (rc = check_class(c, &root, d, e)) != ERR_OK ||
	    (rc = window_read(&root, &d->window, e)) != ERR_OK)
		return rc;
	return series_read(&root, c->days, &d->series, e);
}

enum err
campaign_create(struct engine *engine, const struct config *c, const struct campaign_author *author,
		json_t *document, const char *idempotency_key, campaign_created_cb cb, void *arg,
		struct err_ctx *e)
{
	struct document d = {.unit = (int64_t)author->unit};
	struct buf segments = {0};
	struct create *cr;
	struct argv a = {0};
	enum err rc = read_document(c, document, &d, &segments, e);

	if (rc != ERR_OK) {
		series_words_clear(&d.series);
		buf_free(&segments);
		return rc;
	}
	cr = xcalloc(1, sizeof(*cr));
	cr->cb = cb;
	cr->arg = arg;
	argv_adds(&a, idempotency_key);
	argv_adds(&a, d.name);
	argv_adds(&a, d.template);
	argv_add(&a, buf_slice(&segments));
	add_fields(&d, &a);
	argv_adds(&a, "authors");
	argv_adds(&a, author->user[0] != '\0' ? author->user : author->who);
	engine_call(engine, "campaign_create", &a, on_created, cr);
	argv_free(&a);
	series_words_clear(&d.series);
	buf_free(&segments);
	return ERR_OK;
}

enum err
campaign_edit_words(const struct config *c, const struct campaign *was, json_t *document,
		    struct argv *a, struct err_ctx *e)
{
	struct document d = {.unit = (int64_t)was->unit};
	struct buf segments = {0};
	enum err rc = read_document(c, document, &d, &segments, e);

	if (rc == ERR_OK && strcmp(d.name, was->name) != 0)
		rc = err_set(e, ERR_INPUT, "name", "clone it under another name",
			     "\"%s\" is not \"%s\": a campaign keeps its name", d.name, was->name);
	if (rc == ERR_OK) {
		argv_adds(a, d.template);
		argv_add(a, buf_slice(&segments));
		add_fields(&d, a);
	}
	series_words_clear(&d.series);
	buf_free(&segments);
	return rc;
}
