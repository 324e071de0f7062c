/* SPDX-License-Identifier: MIT */
/* Lists over HTTP: what there is, and taking an import back. imports.c makes them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "segments/collate.h"
#include "segments/list_gone.h"

/* ---- reading ---- */

static json_t *
schema_json(const struct schema *s)
{
	json_t *columns = json_array();

	for (uint32_t i = 0; i < s->count; i++) {
		const struct column *c = &s->columns[i];

		json_array_append_new(columns,
				      json_pack("{s:s, s:s, s:s, s:b, s:b, s:b}", "name", c->name,
						"title", c->title, "type", column_type_name(c),
						"is_phone", (int)i == s->phone, "is_sensitive",
						c->is_sensitive, "is_masked", c->is_masked));
	}
	return columns;
}

static void
on_list_loaded(void *arg, struct list *l, const struct err_ctx *e)
{
	struct http_exchange *x = arg;
	char created[32];
	json_t *out;

	if (l == NULL) {
		http_answer_error(x, e);
		return;
	}
	clock_format_vn(l->created_s, created);
	out = json_pack("{s:s, s:I, s:I, s:I, s:s, s:o}", "name", l->name, "version",
			(json_int_t)l->version, "unit", (json_int_t)l->unit, "rows",
			(json_int_t)l->rows, "imported", created, "columns",
			schema_json(&l->schema));
	json_object_set_new(out, "demo", json_boolean(l->is_demo));
	care_to_json(&l->care, out);
	json_object_set_new(out, "locked", json_boolean(l->is_locked));
	if (l->report != NULL)
		json_object_set_new(out, "report", json_loads(l->report, 0, NULL));
	http_answer_json(x, 200, out);
	list_free(l);
}

void
on_list_show(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *name = api_name(x, "name", "list");

	if (name != NULL && api_is_open(a, x))
		list_load(engine_redis(a->daemon->engine), name, false, on_list_loaded, x);
}

struct named {
	struct buf key;
	json_t *v;
};

static int
by_key(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	size_t n = x->key.len < y->key.len ? x->key.len : y->key.len;
	int c = memcmp(x->key.data, y->key.data, n);

	return c != 0 ? c : (x->key.len > y->key.len) - (x->key.len < y->key.len);
}

json_t *
api_sorted(json_t *array)
{
	size_t n = json_array_size(array);
	struct named *all = xcalloc(n > 0 ? n : 1, sizeof(*all));
	json_t *sorted = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *v = json_array_get(array, i);
		json_t *name = json_is_object(v) ? json_object_get(v, "name") : v;

		all[i].v = json_incref(v);
		collate_add_key(&all[i].key, slice_of(json_string_value(name)));
	}
	qsort(all, n, sizeof(*all), by_key);
	for (size_t i = 0; i < n; i++) {
		json_array_append_new(sorted, all[i].v);
		buf_free(&all[i].key);
	}
	free(all);
	json_decref(array);
	return sorted;
}

/* The unit of one of what list_facts answers. */
static uint64_t
list_unit(const struct reply *one)
{
	uint64_t unit = reply_u64(one, 5 + CARE_FACTS);

	return unit > 0 ? unit : UNIT_ROOT;
}

/* One of what list_facts answers. */
static json_t *
facts_json(const struct reply *one, int64_t now_s)
{
	struct list_care care;
	json_t *out =
		json_pack("{s:o, s:I, s:I, s:b}", "name", json_of_slice(reply_item(one, 0)->str),
			  "version", (json_int_t)reply_u64(one, 1), "rows",
			  (json_int_t)reply_u64(one, 2), "demo", reply_u64(one, 4) != 0);
	char imported[32];

	clock_format_vn(reply_int(one, 3), imported);
	json_object_set_new(out, "unit", json_integer((json_int_t)list_unit(one)));
	json_object_set_new(out, "imported", json_string(imported));
	for (size_t f = 0; f < CARE_FACTS; f++)
		slice_copy(care.text[f], sizeof(care.text[f]), reply_item(one, 5 + f)->str);
	care_to_json(&care, out);
	json_object_set_new(out, "locked", json_boolean(care_is_locked(&care, now_s)));
	return out;
}

static void
on_facts(void *arg, const struct reply *r)
{
	struct http_exchange *x = arg;
	const char *wanted = http_query(x, "locked");
	bool is_locked_only = wanted != NULL && strcmp(wanted, "0") != 0;
	json_t *lists, *one;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(x, r);
		return;
	}
	lists = json_array();
	for (size_t i = 1; i < r->count; i++) {
		if (!account_sees(api_account(x), list_unit(reply_item(r, i))))
			continue;
		one = facts_json(reply_item(r, i), reply_int(r, 0));
		if (!is_locked_only || json_is_true(json_object_get(one, "locked")))
			json_array_append(lists, one);
		json_decref(one);
	}
	http_answer_json(x, 200, json_pack("{s:o}", "lists", api_sorted(lists)));
}

void
on_list_ls(struct http_exchange *x, void *arg)
{
	struct api *a = arg;

	if (api_is_open(a, x))
		list_facts(engine_redis(a->daemon->engine), on_facts, x);
}

static void
on_rejects(void *arg, const struct reply *r)
{
	struct http_exchange *x = arg;
	struct err_ctx e;

	if (r->kind == REPLY_STRING) {
		http_answer_buf(x, 200, "text/csv; charset=utf-8", r->str);
	} else if (r->kind == REPLY_NIL) {
		err_set(&e, ERR_NOT_FOUND, "list", "see loa list ls",
			"there is no list of this name");
		http_answer_error(x, &e);
	} else {
		api_answer_reply(x, r);
	}
}

struct rejects {
	struct api *api;
	struct http_exchange *x;
};

/* They are rows of people as the others are: of a locked list they are not read. */
static void
on_rejects_list(void *arg, struct list *l, const struct err_ctx *e)
{
	struct rejects *j = arg;
	struct err_ctx why;

	if (l != NULL && l->is_locked)
		care_refuse(l->name, &l->care, &why);
	if (l == NULL || l->is_locked)
		http_answer_error(j->x, l == NULL ? e : &why);
	else
		list_rejects(engine_redis(j->api->daemon->engine), l->name, on_rejects, j->x);
	list_free(l);
	free(j);
}

void
on_list_rejects(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *name = api_name(x, "name", "list");
	struct rejects *j;

	if (name == NULL || !api_is_open(a, x))
		return;
	j = xcalloc(1, sizeof(*j));
	*j = (struct rejects){a, x};
	list_load(engine_redis(a->daemon->engine), name, false, on_rejects_list, j);
}

/* ---- taking an import back ---- */

struct undo {
	struct api *api;
	struct http_exchange *x;
	struct list *list;
	const char *word; /* "undo" or "redo" */
	uint64_t version; /* that it must be at; 0 = any */
};

static void
undo_end(struct undo *u)
{
	list_free(u->list);
	free(u);
}

/* What Lua's list_undo answers besides 'ok' and 'removed'. */
static void
undo_fail(struct undo *u, const struct reply *r)
{
	struct slice what = reply_item(r, 0)->str, name = reply_item(r, 1)->str;
	struct err_ctx e;

	if (slice_is(what, "other"))
		err_set(&e, ERR_CONFLICT, u->list->name, "look at loa list show, then say it again",
			"somebody else changed it meanwhile: it is at version %.*s now",
			(int)name.n, name.p);
	else if (slice_is(what, "none"))
		err_set(&e, ERR_CONFLICT, u->list->name, "import again instead",
			"no import of it was taken back since the last one");
	else
		err_set(&e, ERR_CONFLICT, u->list->name,
			"import the right file instead: it becomes the next version",
			"this was its first import, there is nothing to go back to, and %.*s uses "
			"it",
			(int)(name.n > 160 ? 160 : name.n), name.p);
	http_answer_error(u->x, &e);
}

static void
on_undone(void *arg, const struct reply *r)
{
	struct undo *u = arg;
	struct slice what = r->kind == REPLY_ARRAY ? reply_item(r, 0)->str : SLICE("");
	bool is_removed = slice_is(what, "removed");

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(u->x, r);
	} else if (!is_removed && !slice_is(what, "ok")) {
		undo_fail(u, r);
	} else {
		if (is_removed)
			list_gone_sweep(engine_redis(u->api->daemon->engine), NULL, NULL);
		log_info("list=%s from=%u to=%" PRIu64 " result=%s", u->list->name,
			 u->list->version, is_removed ? 0 : reply_u64(r, 1), u->word);
		http_answer_json(u->x, 200,
				 json_pack("{s:s, s:I, s:I, s:I, s:b}", "list", u->list->name,
					   "from", (json_int_t)u->list->version, "version",
					   is_removed ? (json_int_t)0 : (json_int_t)reply_u64(r, 1),
					   "rows",
					   is_removed ? (json_int_t)0 : (json_int_t)reply_u64(r, 2),
					   "removed", is_removed));
	}
	undo_end(u);
}

static void
on_undo_list(void *arg, struct list *l, const struct err_ctx *e)
{
	struct undo *u = arg;
	struct argv a = {0};
	char key[LIST_KEY_MAX], version[24];

	u->list = l;
	if (l == NULL) {
		http_answer_error(u->x, e);
		undo_end(u);
		return;
	}
	snprintf(version, sizeof(version), "%" PRIu64, u->version != 0 ? u->version : l->version);
	argv_adds(&a, u->word);
	argv_adds(&a, l->name);
	argv_adds(&a, list_key(key, l->name));
	argv_adds(&a, list_names_key());
	argv_adds(&a, version);
	argv_adds(&a, list_gone_key());
	engine_call(u->api->daemon->engine, "list_undo", &a, on_undone, u);
	argv_free(&a);
}

static void
undo_begin(struct http_exchange *x, struct api *a, const char *word)
{
	const char *name = api_name(x, "name", "list");
	struct undo *u;

	if (name == NULL || !api_is_open(a, x))
		return;
	u = xcalloc(1, sizeof(*u));
	u->api = a;
	u->x = x;
	u->word = word;
	if (http_query(x, "version") != NULL)
		u->version = slice_to_u64(slice_of(http_query(x, "version")));
	list_load(engine_redis(a->daemon->engine), name, false, on_undo_list, u);
}

void
on_list_undo(struct http_exchange *x, void *arg)
{
	undo_begin(x, arg, "undo");
}

void
on_list_redo(struct http_exchange *x, void *arg)
{
	undo_begin(x, arg, "redo");
}
