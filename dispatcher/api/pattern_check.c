/* SPDX-License-Identifier: MIT */
/*
 * POST /patterns/check: a text, or a template, beside the registered patterns.
 *
 * A template is compared as it comes to people: rendered for rows of a list, a
 * sample of its blocks spread over all of it, each row with a phone in its own
 * language. Without a list only a template without placeholders can be compared.
 * Of a text that reads a sensitive column no example is told, only how many match.
 *
 * Of a class that is named, the texts are with its label and footer, as they are sent; and what the
 * policy wants of it and is not there is told.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/api/registers.h"
#include "dispatcher/campaign/law.h"
#include "dispatcher/campaign/registered.h"
#include "dispatcher/campaign/sensitive.h"
#include "dispatcher/run/render.h"
#include "segments/list.h"
#include "segments/phone.h"
#include "templates/content.h"
#include "templates/sms.h"

#define RECORD_MAX_BYTES (1u << 16)
#define TEXT_MAX_BYTES 8192u
#define SAMPLE_BLOCKS 8u /* of a list: 2,048 rows */
#define EXAMPLES 3	 /* that match none */

/* A list's sample under way. */
struct sample {
	struct list *list;		/* its snapshot holds the sample's blocks only */
	uint32_t origin[SAMPLE_BLOCKS]; /* their places in the whole of it */
	struct rendering *rendering;
	struct sweep *sweep;
};

/* {"text"} or {"template","list"}; "brandname", "carrier", "class": with which patterns. */
struct check {
	struct api *api;
	struct http_exchange *x;
	json_t *body;
	const char *text, *template, *list, *brandname, *class;
	int carrier; /* -1 = any */
	/* of what is compared */
	json_t **documents;
	struct pattern_record *records;
	struct pattern **patterns;
	size_t count;
	struct pattern_set *all;
	/* of a template */
	struct template_set *set;
	struct sample sample;
	uint64_t messages, skipped, unmatched;
	uint64_t *matched; /* by pattern */
	json_t *examples;
	bool is_sensitive;	    /* the texts tell what the law calls so */
	struct content_frame frame; /* around each text */
	json_t *law;		    /* what is missing, in words */
};

static void
check_free(struct check *c)
{
	pattern_set_free(c->all);
	for (size_t i = 0; i < c->count; i++) {
		pattern_free(c->patterns[i]);
		json_decref(c->documents[i]);
	}
	free(c->documents);
	free(c->records);
	free(c->patterns);
	free(c->matched);
	set_free(c->set);
	rendering_free(c->sample.rendering);
	list_free(c->sample.list);
	json_decref(c->examples);
	json_decref(c->law);
	json_decref(c->body);
	free(c);
}

static void
check_fail(struct check *c, const struct err_ctx *e)
{
	http_answer_error(c->x, e);
	check_free(c);
}

/* ---- the class ---- */

static void
add_law(struct check *c, const struct err_ctx *e)
{
	struct buf words = {0};

	err_print(e, &words);
	json_array_append_new(c->law, json_of_slice(buf_slice(&words)));
	buf_free(&words);
}

/* Label and footer, as the providers of today's route want them. */
static enum err
read_class(struct check *c, struct err_ctx *e)
{
	const struct config *config = c->api->daemon->config;
	struct route_plan route;
	enum err rc;

	c->law = json_array();
	c->frame = (struct content_frame){"", ""};
	if (c->class[0] == '\0' || config_class(config, c->class) == NULL)
		return ERR_OK;
	if ((rc = route_plan_make(config, &route, e)) != ERR_OK ||
	    (rc = registered_frame_of(config, c->class, &route, clock_today_vn(), &c->frame, e)) !=
		    ERR_OK)
		return rc;
	if (law_check_class(config, c->class, &route, e) != ERR_OK)
		add_law(c, e);
	return ERR_OK;
}

/* ---- the patterns ---- */

static bool
is_wanted(const struct check *c, const struct pattern_record *r)
{
	char ours[BRANDNAME_MAX + 1], theirs[BRANDNAME_MAX + 1];

	brandname_fold(c->brandname, ours);
	brandname_fold(r->brandname, theirs);
	return (ours[0] == '\0' || strcmp(ours, theirs) == 0) &&
	       (c->carrier < 0 || r->carriers[c->carrier]) &&
	       (c->class[0] == '\0' || pattern_record_is_of(r, c->class)) &&
	       r->state != PATTERN_REFUSED;
}

static void
take_record(struct check *c, struct slice text)
{
	struct pattern_record *r = &c->records[c->count];
	struct pattern_error pe;
	struct json_at root;
	struct err_ctx e;
	json_t *v = NULL;

	if (json_parse(text, RECORD_MAX_BYTES, "record", &v, &e) != ERR_OK)
		return;
	root = json_root(v);
	c->patterns[c->count] = NULL;
	if (pattern_record_open(&root, r, &e) == ERR_OK && is_wanted(c, r))
		c->patterns[c->count] = pattern_compile(slice_of(r->text), r->compare, &pe);
	if (c->patterns[c->count] == NULL)
		json_decref(v);
	else
		c->documents[c->count++] = v;
}

static void
take_records(struct check *c, const struct reply *r)
{
	c->documents = xcalloc(r->count + 1, sizeof(*c->documents));
	c->records = xcalloc(r->count + 1, sizeof(*c->records));
	c->patterns = xcalloc(r->count + 1, sizeof(*c->patterns));
	for (size_t i = 0; i < r->count; i++)
		take_record(c, reply_item(r, i)->str);
	c->matched = xcalloc(c->count + 1, sizeof(*c->matched));
	c->all = pattern_set_new((const struct pattern *const *)c->patterns, c->count);
}

/* "nearest": what differs, if a pattern has words in common with it. */
static void
tell_nearest(const struct check *c, struct slice nfc, json_t *out)
{
	struct arena memory = {0};
	struct pattern_near near;

	pattern_set_nearest(c->all, nfc, &memory, &near);
	if (near.index >= 0)
		json_object_set_new(out, "nearest",
				    registered_near_json(&near, c->records[near.index].name));
	arena_free(&memory);
}

/* ---- a text ---- */

static json_t *
findings_json(struct content_view *v, struct slice text, unsigned parts)
{
	struct content_finding found[CONTENT_FINDINGS_MAX];
	size_t n = content_check(v, text, parts, found);
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++) {
		struct content_words w = content_rule_words(v, found[i].rule);

		json_array_append_new(
			out, json_pack("{s:s, s:s, s:o, s:I, s:s, s:s}", "rule", w.rule, "severity",
				       w.severity == CONTENT_REFUSE ? "refuse" : "warn", "found",
				       json_of_slice(found[i].found), "at", (json_int_t)found[i].at,
				       "vi", w.vi, "en", w.en));
	}
	return out;
}

/* The rules that hold for every provider; parts as the standard counts. */
static json_t *
content_of(const struct config *config, const struct check *c, struct slice nfc, unsigned parts)
{
	char day[12];
	struct content_view *v;
	json_t *out;

	day_text(clock_today_vn(), day);
	v = content_view_new(config->content_rules, c->class, "", day, c->frame.label[0] != '\0');
	out = findings_json(v, nfc, parts);
	content_view_free(v);
	return out;
}

static void
check_text(struct check *c)
{
	const struct config *config = c->api->daemon->config;
	struct buf nfc = {0};
	json_t *out;
	int found;

	buf_adds(&nfc, c->frame.label);
	text_add_nfc(&nfc, slice_of(c->text));
	buf_adds(&nfc, c->frame.footer);
	found = pattern_set_match(c->all, buf_slice(&nfc));
	out = json_pack("{s:b, s:I}", "matches", found >= 0, "patterns", (json_int_t)c->count);
	if (found >= 0) {
		json_object_set_new(out, "pattern", json_string(c->records[found].name));
		json_object_set_new(out, "state",
				    json_string(pattern_state_name(c->records[found].state)));
	} else {
		tell_nearest(c, buf_slice(&nfc), out);
		if (c->count > 0)
			registered_tell_lead(config, clock_today_vn(), out);
	}
	json_object_set_new(
		out, "content",
		content_of(config, c, buf_slice(&nfc), sms_count(buf_slice(&nfc)).parts));
	json_object_set(out, "law", c->law);
	http_answer_json(c->x, 200, out);
	buf_free(&nfc);
	check_free(c);
}

/* ---- a template ---- */

/* One of its messages; row from 1, 0 = it is the same for everybody. */
static void
look(struct check *c, struct slice text, const char *language, uint64_t row)
{
	int found = pattern_set_match(c->all, text);
	json_t *one;

	c->messages++;
	if (found >= 0) {
		c->matched[found]++;
		return;
	}
	if (c->unmatched++ >= EXAMPLES || c->is_sensitive)
		return;
	one = json_pack("{s:o, s:s}", "text", json_of_slice(text), "language", language);
	if (row > 0)
		json_object_set_new(one, "row", json_integer((json_int_t)row));
	tell_nearest(c, text, one);
	json_array_append_new(c->examples, one);
}

static void
answer_template(struct check *c)
{
	json_t *matched = json_array(), *out;

	for (size_t i = 0; i < c->count; i++)
		if (c->matched[i] > 0)
			json_array_append_new(
				matched, json_pack("{s:s, s:s, s:I}", "pattern", c->records[i].name,
						   "state", pattern_state_name(c->records[i].state),
						   "messages", (json_int_t)c->matched[i]));
	out = json_pack("{s:b, s:I, s:I, s:I, s:I, s:o, s:O}", "matches",
			c->unmatched == 0 && c->messages > 0, "patterns", (json_int_t)c->count,
			"messages", (json_int_t)c->messages, "skipped", (json_int_t)c->skipped,
			"unmatched", (json_int_t)c->unmatched, "matched", matched, "examples",
			c->examples);
	if (c->unmatched > 0 && c->count > 0)
		registered_tell_lead(c->api->daemon->config, clock_today_vn(), out);
	json_object_set(out, "law", c->law);
	http_answer_json(c->x, 200, out);
	check_free(c);
}

/* Without a list: each of its texts, none of which may have a placeholder. */
static void
check_constant(struct check *c)
{
	struct buf text = {0};
	struct err_ctx e;

	for (size_t i = 0; i < c->set->count; i++) {
		const struct set_text *t = &c->set->texts[i];

		if (t->sms == NULL)
			continue;
		if (!template_is_constant(t->template)) {
			err_set(&e, ERR_INPUT, "list", "name a list whose rows fill them in",
				"is missing: the template has placeholders");
			check_fail(c, &e);
			buf_free(&text);
			return;
		}
		buf_reset(&text);
		if (template_render(t->template, clock_today_vn(), NULL, &text, NULL) == RENDER_OK)
			look(c, buf_slice(&text), t->tag, 0);
		else
			c->skipped++;
	}
	buf_free(&text);
	answer_template(c);
}

static bool
on_block(void *arg, uint32_t index, const struct block *b)
{
	struct check *c = arg;

	for (uint32_t i = 0; i < b->rows; i++) {
		struct rendered r = {.error.field = ""};
		uint64_t row = (uint64_t)c->sample.origin[index] * BLOCK_ROWS + i + 1;

		if (block_phone(b, i) == 0 || block_is_deleted(b, i))
			continue;
		if (render_row(c->sample.rendering, b, i, block_carrier(b, i), &r) == REASON_NONE)
			look(c, r.text, rendering_set(c->sample.rendering)->texts[r.language].tag,
			     row);
		else
			c->skipped++;
	}
	return true;
}

static void
on_swept(void *arg, const struct err_ctx *e)
{
	struct check *c = arg;

	if (e != NULL)
		check_fail(c, e);
	else
		answer_template(c);
}

/* Blocks spread over the whole list, in order. */
static void
choose_blocks(struct sample *s)
{
	size_t all = s->list->block_count, n = all < SAMPLE_BLOCKS ? all : SAMPLE_BLOCKS;

	for (size_t i = 0; i < n; i++) {
		s->origin[i] = (uint32_t)(i * all / n);
		s->list->blocks[i] = s->list->blocks[s->origin[i]];
	}
	s->list->block_count = n;
}

/* The texts as they are written: accents kept, whichever carrier. */
static enum err
make_rendering(struct check *c, struct err_ctx *e)
{
	const struct config *config = c->api->daemon->config;
	struct wording w = {
		.set = c->set, .partitions = 1, .languages = config->languages_document};
	struct carrier_map map = {{0}};
	struct rendering_place place = {.schema = &c->sample.list->schema,
					.map = &map,
					.today = clock_today_vn(),
					.languages = config->languages};
	struct buf bytes = {0};
	enum err rc;

	wording_encode(&w, &bytes);
	rc = rendering_new(buf_slice(&bytes), &place, &c->sample.rendering, e);
	buf_free(&bytes);
	return rc;
}

struct first_error {
	struct err_ctx *e;
	size_t count;
};

static void
take_error(void *arg, const struct set_error *se)
{
	struct first_error *f = arg;

	if (f->count++ > 0)
		return;
	err_set(f->e, ERR_INPUT, se->path[0] != '\0' ? se->path : "template", "", "%s",
		se->message);
	f->e->line = se->line;
	f->e->column = se->column;
}

static void
on_list(void *arg, struct list *l, const struct err_ctx *why)
{
	struct check *c = arg;
	struct sweep_options o = {.on_block = on_block, .on_done = on_swept, .arg = c};
	const char *names[COLUMNS_MAX];
	struct err_ctx e;
	struct first_error first = {&e, 0};

	c->sample.list = l;
	if (l == NULL) {
		check_fail(c, why);
		return;
	}
	for (uint32_t i = 0; i < l->schema.count; i++)
		names[i] = l->schema.columns[i].name;
	if (set_each_unknown(c->set, names, l->schema.count, take_error, &first) > 0 ||
	    make_rendering(c, &e) != ERR_OK) {
		check_fail(c, &e);
		return;
	}
	c->is_sensitive = sensitive_is_told(c->set, &l->schema);
	if (c->class[0] != '\0' &&
	    law_check_list(c->api->daemon->config, c->class, l, &e) != ERR_OK)
		add_law(c, &e);
	choose_blocks(&c->sample);
	c->sample.sweep = sweep_start(c->api->daemon->loop, engine_bulk(c->api->daemon->engine), l,
				      0, (uint32_t)l->block_count, &o);
}

static void
check_template(struct check *c)
{
	c->examples = json_array();
	if (c->list[0] == '\0')
		check_constant(c);
	else
		list_load(engine_redis(c->api->daemon->engine), c->list, true, on_list, c);
}

/* ---- the request ---- */

static void
on_records(void *arg, const struct reply *r)
{
	struct check *c = arg;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(c->x, r);
		check_free(c);
		return;
	}
	take_records(c, r);
	if (c->set != NULL)
		check_template(c);
	else
		check_text(c);
}

static enum err
read_template(struct check *c, struct err_ctx *e)
{
	struct first_error first = {e, 0};
	struct template_set *plain;
	enum err rc;

	if (c->list[0] != '\0' && (rc = name_check("list", slice_of(c->list), e)) != ERR_OK)
		return rc;
	c->set = set_read(slice_of(c->template), take_error, &first);
	if (c->set == NULL)
		return ERR_INPUT;
	if (!set_has_sms(c->set))
		return err_set(e, ERR_INPUT, "template", "add \"sms\" to its texts",
			       "has no SMS text");
	if (c->frame.label[0] == '\0' && c->frame.footer[0] == '\0')
		return ERR_OK;
	plain = c->set;
	c->set = set_framed(plain, c->frame.label, c->frame.footer, take_error, &first);
	set_free(plain);
	return c->set != NULL ? ERR_OK : ERR_INPUT;
}

static enum err
read_words(struct check *c, struct err_ctx *e)
{
	if ((c->text != NULL) == (c->template != NULL))
		return err_set(e, ERR_INPUT, "text", "give one of \"text\" and \"template\"",
			       c->text == NULL ? "is missing, and there is no template"
					       : "stands beside a template");
	if (c->template != NULL)
		return read_template(c, e);
	if (c->list[0] != '\0')
		return err_set(e, ERR_INPUT, "list", "", "belongs to a template");
	if (c->text[0] == '\0' || strlen(c->text) > TEXT_MAX_BYTES)
		return err_set(e, ERR_INPUT, "text", "", "must have 1 to %u bytes", TEXT_MAX_BYTES);
	return ERR_OK;
}

static enum err
read_check(struct check *c, struct err_ctx *e)
{
	static const char *const keys[] = {"text",	"template", "list",
					   "brandname", "carrier",  "class"};
	const char *name = "";
	const char **const out[] = {&c->text,	   &c->template, &c->list,
				    &c->brandname, &name,	 &c->class};
	struct json_at root = json_root(c->body);
	enum err rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e);

	c->list = c->brandname = c->class = "";
	for (size_t i = 0; rc == ERR_OK && i < ARRAY_LEN(keys); i++) {
		struct json_at one = json_get(&root, keys[i]);

		rc = json_read_string(&one, out[i], e);
	}
	if (rc != ERR_OK || (rc = read_class(c, e)) != ERR_OK ||
	    (rc = read_words(c, e)) != ERR_OK ||
	    (c->brandname[0] != '\0' && (rc = brandname_check(c->brandname, e)) != ERR_OK))
		return rc;
	c->carrier = name[0] != '\0' ? carrier_find(slice_of(name)) : -1;
	if (name[0] != '\0' && c->carrier <= 0)
		return err_set(e, ERR_INPUT, "carrier", "use viettel, mobifone, vinaphone, …",
			       "\"%.40s\" is no carrier", name);
	return ERR_OK;
}

void
on_pattern_check(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct check *c;
	struct argv args = {0};
	struct err_ctx e;
	json_t *body;

	if (!api_is_open(a, x) || (body = api_body_json(x)) == NULL)
		return;
	c = xcalloc(1, sizeof(*c));
	c->api = a;
	c->x = x;
	c->body = body;
	if (read_check(c, &e) != ERR_OK) {
		check_fail(c, &e);
		return;
	}
	argv_adds(&args, "pattern");
	engine_call(a->daemon->engine, "registered_all", &args, on_records, c);
	argv_free(&args);
}
