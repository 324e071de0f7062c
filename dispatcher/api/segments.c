/* SPDX-License-Identifier: MIT */
/* Segments over HTTP: saving, listing, showing, removing; names of campaigns. questions.c counts. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/private.h"
#include "dispatcher/run/bound.h"
#include "dispatcher/run/saved.h"
#include "dispatcher/store/audit.h"

/* body → checked with the segments that it names → audit → saved, if nothing has come between */
struct saving {
	struct api *api;
	struct http_exchange *x;
	char *name;
	int64_t unit; /* of a new one */
	struct bound *b;
};

static void
saving_free(struct saving *s)
{
	bound_free(s->b);
	free(s->name);
	free(s);
}

/* What Lua's segment_save and segment_rm answer besides saved and removed. */
static void
fill_refusal(const struct reply *r, const char *name, struct err_ctx *e)
{
	struct slice what = reply_item(r, 0)->str, kind = reply_item(r, 1)->str;
	struct slice who = reply_item(r, 2)->str, state = reply_item(r, 3)->str;

	if (slice_is(what, "used") && slice_is(kind, "segment"))
		err_set(e, ERR_CONFLICT, name, "save that one without it, or remove it first",
			"the segment %.*s uses it", (int)who.n, who.p);
	else if (slice_is(what, "used"))
		err_set(e, ERR_CONFLICT, name, "take another name, or launch the campaign first",
			"the campaign %.*s (%.*s) uses it", (int)who.n, who.p, (int)state.n,
			state.p);
	else if (slice_is(what, "inside"))
		err_set(e, ERR_CONFLICT, name, "save that one without it first",
			"a segment cannot contain itself: %.*s leads back to it", (int)kind.n,
			kind.p);
	else if (slice_is(what, "no list"))
		err_set(e, ERR_NOT_FOUND, "list", "see loa list ls", "is there no more");
	else
		err_set(e, ERR_NOT_FOUND, "segment", "see loa segment ls",
			"there is no segment of this name");
}

static void
on_saved(void *arg, const struct reply *r)
{
	struct saving *s = arg;
	struct query *q = query_parse(slice_of(s->b->text), NULL);
	struct buf normal = {0};
	struct err_ctx e;
	json_t *out;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(s->x, r);
	} else if (!slice_is(reply_item(r, 0)->str, "saved")) {
		fill_refusal(r, s->name, &e);
		http_answer_error(s->x, &e);
	} else {
		query_add_normalised(q, &normal);
		out = json_pack("{s:s, s:s, s:s}", "segment", s->name, "list", s->b->list->name,
				"query", normal.data);
		if (s->b->inside > 0)
			json_object_set_new(out, "expanded", json_string(s->b->whole));
		http_answer_json(s->x, 200, out);
	}
	query_free(q);
	buf_free(&normal);
	saving_free(s);
}

static void
on_save_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct saving *s = arg;
	struct argv a = {0};
	char key[LIST_KEY_MAX];

	(void)n;
	if (e != NULL) {
		http_answer_error(s->x, e);
		saving_free(s);
		return;
	}
	argv_adds(&a, s->name);
	argv_adds(&a, s->b->list->name);
	argv_adds(&a, s->b->text);
	argv_add_int(&a, s->unit);
	argv_adds(&a, list_key(key, s->b->list->name));
	argv_adds(&a, api_who(s->x));
	argv_adds(&a, s->b->uses);
	engine_call(s->api->daemon->engine, "segment_save", &a, on_saved, s);
	argv_free(&a);
}

/* A query may name people: the audit has only what tells this text from others. */
static void
on_checked(void *arg, struct bound *b, const struct err_ctx *e)
{
	struct saving *s = arg;
	char object[160], hex[33];
	uint8_t hash[16];

	s->b = b;
	if (b == NULL) {
		http_answer_error(s->x, e);
		saving_free(s);
		return;
	}
	hash_plain(slice_of(b->text), hash);
	hash_hex(hash, sizeof(hash), hex);
	snprintf(object, sizeof(object), "segment:%s", s->name);
	audit_append(s->api->daemon->engine, api_who(s->x), "segment.save", object,
		     json_pack("{s:s, s:I, s:s}", "list", b->list->name, "bytes",
			       (json_int_t)strlen(b->text), "hash", hex),
		     on_save_audited, s);
}

void
on_segment_save(struct http_exchange *x, void *arg)
{
	static const char *const keys[] = {"list", "query", "unit"};
	struct api *a = arg;
	int64_t unit = (int64_t)api_account(x)->unit;
	const char *name = api_name(x, "name", "segment");
	struct bound_wanted w = {.name = name, .list = "", .text = "", .is_check = true};
	struct saving *s;
	struct err_ctx e;
	json_t *body;

	if (name == NULL || !api_is_open(a, x) || (body = api_body_json(x)) == NULL)
		return;
	struct json_at root = json_root(body), list_at = json_get(&root, "list"),
		       query_at = json_get(&root, "query"), unit_at = json_get(&root, "unit");

	if (json_only_keys(&root, keys, ARRAY_LEN(keys), &e) != ERR_OK ||
	    json_need_string(&list_at, &w.list, &e) != ERR_OK ||
	    name_check("list", slice_of(w.list), &e) != ERR_OK ||
	    json_need_string(&query_at, &w.text, &e) != ERR_OK ||
	    json_read_int(&unit_at, 1, UNIT_MAX, &unit, &e) != ERR_OK) {
		http_answer_error(x, &e);
	} else {
		s = xcalloc(1, sizeof(*s));
		s->api = a;
		s->x = x;
		s->name = xstrdup(name);
		s->unit = unit;
		bound_load(a->daemon->engine, &w, on_checked, s);
	}
	json_decref(body);
}

/* ---- one ---- */

static json_t *
names_json(const struct reply *r)
{
	json_t *out = json_array();

	for (size_t i = 0; i < r->count; i++)
		json_array_append_new(out, json_of_slice(reply_item(r, i)->str));
	return api_sorted(out);
}

/* [campaign, state …] */
static json_t *
campaigns_json(const struct reply *r)
{
	json_t *out = json_array();

	for (size_t i = 0; i + 1 < r->count; i += 2)
		json_array_append_new(out, json_pack("{s:o, s:o}", "name",
						     json_of_slice(reply_item(r, i)->str), "state",
						     json_of_slice(reply_item(r, i + 1)->str)));
	return api_sorted(out);
}

/* The query, and what it is with its segments put in; or why it cannot be that. */
static void
add_query(json_t *out, const char *name, const struct saved_segments *saved)
{
	const struct saved_segment *one = saved_segments_find(saved, slice_of(name));
	struct combine c = {.name = slice_of(name), .saved = saved->v, .saved_count = saved->count};
	struct query_error qe;
	struct buf whole = {0};
	struct query *q;

	if (one == NULL)
		return;
	c.list = one->list;
	c.query = one->query;
	json_object_set_new(out, "list", json_of_slice(one->list));
	json_object_set_new(out, "query", json_of_slice(one->query));
	q = query_parse(one->query, &qe);
	if (q != NULL && query_segment_count(q) > 0) {
		if (query_combine(&c, &whole, &qe))
			json_object_set_new(out, "expanded", json_string(whole.data));
		else
			json_object_set_new(out, "problem", json_string(qe.message));
	}
	query_free(q);
	buf_free(&whole);
}

static json_t *
time_or_null(int64_t s)
{
	char text[32];

	if (s == 0) /* saved by a release that did not write it down */
		return json_null();
	clock_format_vn(s, text);
	return json_string(text);
}

static void
on_shown(void *arg, const struct reply *r)
{
	struct http_exchange *x = arg;
	const char *name = http_param(x, "name");
	struct saved_segments saved = {0};
	struct err_ctx e;
	json_t *out;

	if (r->kind == REPLY_NIL) {
		err_set(&e, ERR_NOT_FOUND, "segment", "see loa segment ls",
			"there is no segment of this name");
		http_answer_error(x, &e);
		return;
	}
	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(x, r);
		return;
	}
	saved_segments_read(&saved, reply_item(r, 5));
	out = json_pack("{s:s}", "segment", name);
	add_query(out, name, &saved);
	json_object_set_new(out, "unit", json_integer((json_int_t)reply_u64(r, 0)));
	json_object_set_new(out, "author", json_of_slice(reply_item(r, 1)->str));
	json_object_set_new(out, "saved", time_or_null(reply_int(r, 2)));
	json_object_set_new(out, "used_by",
			    json_pack("{s:o, s:o}", "segments", names_json(reply_item(r, 3)),
				      "campaigns", campaigns_json(reply_item(r, 4))));
	http_answer_json(x, 200, out);
	saved_segments_free(&saved);
}

void
on_segment_show(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *name = api_name(x, "name", "segment");
	struct argv args = {0};

	if (name == NULL || !api_is_open(a, x))
		return;
	argv_adds(&args, name);
	engine_call(a->daemon->engine, "segment_show", &args, on_shown, x);
	argv_free(&args);
}

/* ---- rm: the audit first, then what was decided ---- */

struct removing {
	struct api *api;
	struct http_exchange *x;
};

static void
on_removed(void *arg, const struct reply *r)
{
	struct removing *rm = arg;
	const char *name = http_param(rm->x, "name");
	struct err_ctx e;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(rm->x, r);
	} else if (slice_is(reply_item(r, 0)->str, "removed")) {
		http_answer_json(rm->x, 200, json_pack("{s:s}", "removed", name));
	} else {
		fill_refusal(r, name, &e);
		http_answer_error(rm->x, &e);
	}
	free(rm);
}

static void
on_rm_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct removing *rm = arg;
	struct argv a = {0};

	(void)n;
	if (e != NULL) {
		http_answer_error(rm->x, e);
		free(rm);
		return;
	}
	argv_adds(&a, http_param(rm->x, "name"));
	engine_call(rm->api->daemon->engine, "segment_rm", &a, on_removed, rm);
	argv_free(&a);
}

void
on_segment_rm(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *name = api_name(x, "name", "segment");
	struct removing *rm;
	char object[160];

	if (name == NULL || !api_is_open(a, x))
		return;
	rm = xcalloc(1, sizeof(*rm));
	*rm = (struct removing){a, x};
	snprintf(object, sizeof(object), "segment:%s", name);
	audit_append(a->daemon->engine, api_who(x), "segment.remove", object, NULL, on_rm_audited,
		     rm);
}

/* ---- names ---- */

struct ls {
	struct http_exchange *x;
	const char *what; /* "segments" */
};

/* A time is told as one. */
static json_t *
field_json(const char *name, struct slice value)
{
	int64_t s = 0;

	if (strcmp(name, "saved_s") != 0)
		return json_stringn(value.p, value.n);
	(void)!slice_to_i64(value, &s);
	return time_or_null(s);
}

static void
on_ls(void *arg, const struct reply *r)
{
	struct ls *ls = arg;
	json_t *out = json_array();

	if (r->kind != REPLY_ARRAY) {
		json_decref(out);
		api_answer_reply(ls->x, r);
	} else {
		for (size_t i = 0; i < r->count; i++) {
			const struct reply *one = reply_item(r, i);
			json_t *item = json_object();

			for (size_t k = 0; k + 1 < one->count; k += 2) {
				struct slice key = reply_item(one, k)->str;
				struct slice value = reply_item(one, k + 1)->str;
				char name[32];

				slice_copy(name, sizeof(name), key);
				json_object_set_new(item,
						    strcmp(name, "saved_s") == 0 ? "saved" : name,
						    field_json(name, value));
			}
			json_array_append_new(out, item);
		}
		http_answer_json(ls->x, 200, json_pack("{s:o}", ls->what, api_sorted(out)));
	}
	free(ls);
}

static void
list_things(struct http_exchange *x, struct api *a, const char *what, const char *kind,
	    const char *const *fields)
{
	struct ls *ls;
	struct argv args = {0};

	if (!api_is_open(a, x))
		return;
	ls = xcalloc(1, sizeof(*ls));
	*ls = (struct ls){x, what};
	argv_adds(&args, kind);
	api_add_units(x, &args, strcmp(kind, "campaign") != 0);
	for (; *fields != NULL; fields++)
		argv_adds(&args, *fields);
	engine_call(a->daemon->engine, "ls", &args, on_ls, ls);
	argv_free(&args);
}

void
on_segment_ls(struct http_exchange *x, void *arg)
{
	static const char *const fields[] = {"list", "query", "unit", "author", "saved_s", NULL};

	list_things(x, arg, "segments", "segment", fields);
}

void
on_campaign_ls(struct http_exchange *x, void *arg)
{
	static const char *const fields[] = {
		"unit",	    "state",   "class",	     "event", "run",	 "list", "goal",
		"template", "run.why", "run.reason", "due_s", "problem", "note", NULL};

	list_things(x, arg, "campaigns", "campaign", fields);
}
