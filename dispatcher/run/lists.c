/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/lists.h"

#include <stdio.h>

#include "base/json.h"
#include "dispatcher/run/consent.h"

#define LISTS_BYTES 16384u

/* ---- fields ---- */

static void
add_text(struct argv *a, const char *field, const char *v)
{
	argv_adds(a, field);
	argv_adds(a, v);
}

static void
add_number(struct argv *a, const char *field, uint64_t v)
{
	argv_adds(a, field);
	argv_add_int(a, (int64_t)v);
}

static json_t *
part_json(const struct list *l, size_t i, const uint8_t *of_query, size_t queries)
{
	const struct list *part = list_part(l, i);
	json_t *own = json_array();

	for (size_t q = 0; q < queries; q++)
		if (of_query[q] == i)
			json_array_append_new(own, json_integer((json_int_t)q));
	return json_pack("{s:s, s:I, s:I, s:o}", "list", part->name, "version",
			 (json_int_t)part->version, "rows", (json_int_t)part->rows, "queries", own);
}

void
run_lists_add_fields(const struct list *l, const uint8_t *of_query, size_t queries, struct argv *a)
{
	size_t count = list_part_count(l);
	struct buf text = {0};
	json_t *lists;

	add_text(a, "list", count == 1 ? l->name : "");
	add_number(a, "list_version", list_part(l, 0)->version);
	add_number(a, "list_rows", l->rows);
	if (count == 1)
		return;
	lists = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(lists, part_json(l, i, of_query, queries));
	json_add_value(&text, lists);
	argv_adds(a, "lists");
	argv_add(a, buf_slice(&text));
	buf_free(&text);
	json_decref(lists);
}

static bool
read_part(const json_t *v, struct run_lists *out)
{
	const char *name = json_string_value(json_object_get(v, "list"));
	json_int_t version = json_integer_value(json_object_get(v, "version"));
	const json_t *queries = json_object_get(v, "queries"), *q;
	size_t i;

	if (name == NULL || strlen(name) > LIST_NAME_MAX || version < 1 || version > UINT32_MAX ||
	    out->count == LIST_PARTS_MAX)
		return false;
	snprintf(out->one[out->count].name, sizeof(out->one[0].name), "%s", name);
	out->one[out->count].version = (uint32_t)version;
	out->one[out->count].rows = (uint64_t)json_integer_value(json_object_get(v, "rows"));
	json_array_foreach (queries, i, q) {
		json_int_t n = json_integer_value(q);

		if (!json_is_integer(q) || n < 0 || n >= LIST_PARTS_MAX)
			return false;
		out->of_query[n] = (uint8_t)out->count;
	}
	out->count++;
	return true;
}

enum err
run_lists_read(struct slice lists, struct slice list, uint32_t version, struct run_lists *out,
	       struct err_ctx *e)
{
	json_t *all = NULL, *one;
	bool is_good = true;
	size_t i;

	*out = (struct run_lists){0};
	if (lists.n == 0) {
		slice_copy(out->one[0].name, sizeof(out->one[0].name), list);
		out->one[0].version = version;
		out->count = 1;
		return ERR_OK;
	}
	if (json_parse(lists, LISTS_BYTES, "lists of the run", &all, e) != ERR_OK)
		return e->code;
	json_array_foreach (all, i, one)
		is_good = is_good && read_part(one, out);
	json_decref(all);
	if (!is_good || out->count == 0)
		return err_set(e, ERR_SYSTEM, "lists of the run", "", "cannot be understood");
	return ERR_OK;
}

void
run_lists_load(struct engine *e, const struct run_lists *l, list_cb cb, void *arg)
{
	struct list_named names[LIST_PARTS_MAX];

	for (size_t i = 0; i < l->count; i++)
		names[i] = (struct list_named){l->one[i].name, l->one[i].version};
	list_load_several(engine_redis(e), names, l->count, cb, arg);
}

/* ---- audience ---- */

struct audience *
audience_of_list(const struct audience_of *o, const struct list *l)
{
	struct audience *a =
		audience_new(o->queries, o->count, o->per, o->map, l->block_count * BLOCK_ROWS);
	struct audience_parts parts = {.count = list_part_count(l), .of_query = o->of_query};
	struct query *consent[LIST_PARTS_MAX];
	struct err_ctx e;

	for (size_t i = 0; o->consent[0] != '\0' && i < parts.count; i++)
		consent[i] = consent_query(o->consent, list_part_schema(l, i), &e);
	if (o->consent[0] != '\0')
		audience_set_consent(a, consent, parts.count);
	if (parts.count == 1)
		return a;
	for (size_t i = 0; i < parts.count; i++)
		parts.first[i] = list_part_first(l, i);
	audience_set_parts(a, &parts);
	return a;
}
