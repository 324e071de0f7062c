/* SPDX-License-Identifier: MIT */
/* Segments over HTTP: saving, listing, counting; names of campaigns. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/api/private.h"
#include "dispatcher/store/keys.h"

/* ---- segments ---- */

/* A query checked against a list's columns, then saved or counted. */
struct segment_job {
	struct api *api;
	struct http_exchange *x;
	char *name; /* NULL = count only */
	char *list_name, *text;
	struct list *list;
	struct query *query;
	uint64_t count;
	int64_t today;
};

static void
job_free(struct segment_job *j)
{
	free(j->name);
	free(j->list_name);
	free(j->text);
	list_free(j->list);
	query_free(j->query);
	free(j);
}

static void
job_fail(struct segment_job *j, const struct err_ctx *e)
{
	http_answer_error(j->x, e);
	job_free(j);
}

/* The place goes along: who has the text draws the caret. */
static void
job_fail_query(struct segment_job *j, const struct query_error *qe)
{
	struct err_ctx e;

	err_set(&e, ERR_INPUT, "query", "", "%s", qe->message);
	e.line = 1;
	e.column = (int)qe->column;
	job_fail(j, &e);
}

static void
on_saved(void *arg, const struct reply *r)
{
	struct segment_job *j = arg;
	struct buf normal = {0};

	if (r->kind != REPLY_INTEGER) {
		api_answer_reply(j->x, r);
	} else {
		query_add_normalised(j->query, &normal);
		http_answer_json(j->x, 200,
				 json_pack("{s:s, s:s, s:s}", "segment", j->name, "list",
					   j->list_name, "query", normal.data));
	}
	buf_free(&normal);
	job_free(j);
}

static void
job_save(struct segment_job *j)
{
	struct argv a = {0};
	char key[LIST_KEY_MAX];

	argv_adds(&a, j->name);
	argv_adds(&a, j->list_name);
	argv_adds(&a, j->text);
	argv_adds(&a, "1");
	argv_adds(&a, list_key(key, j->list_name));
	engine_call(j->api->daemon->engine, "segment_save", &a, on_saved, j);
	argv_free(&a);
}

static bool
on_count_block(void *arg, uint32_t index, const struct block *b)
{
	struct segment_job *j = arg;
	uint64_t bits[4];

	(void)index;
	query_eval_block(j->query, b, j->today, bits);
	for (uint32_t i = 0; i < b->rows; i++)
		j->count += (bits[i / 64] >> (i % 64) & 1) != 0 && !block_is_deleted(b, i);
	return true;
}

static void
on_counted(void *arg, const struct err_ctx *e)
{
	struct segment_job *j = arg;

	if (e != NULL) {
		job_fail(j, e);
		return;
	}
	http_answer_json(
		j->x, 200,
		json_pack("{s:s, s:I, s:I, s:o}", "list", j->list_name, "version",
			  (json_int_t)j->list->version, "rows", (json_int_t)j->list->rows, "count",
			  api_group_size(j->count,
					 query_reads_sensitive(j->query, &j->list->schema))));
	job_free(j);
}

static void
on_job_list(void *arg, struct list *l, const struct err_ctx *e)
{
	struct segment_job *j = arg;
	struct sweep_options o = {.on_block = on_count_block, .on_done = on_counted, .arg = j};
	struct daemon *d = j->api->daemon;
	struct query_error qe;

	j->list = l;
	if (l == NULL) {
		job_fail(j, e);
		return;
	}
	j->query = query_parse(slice_of(j->text), &qe);
	if (j->query == NULL || !query_bind(j->query, &l->schema, &qe)) {
		job_fail_query(j, &qe);
		return;
	}
	if (j->name != NULL) {
		job_save(j);
		return;
	}
	j->today = clock_today_vn();
	sweep_start(d->loop, engine_redis(d->engine), l, 0, (uint32_t)l->block_count, &o);
}

static struct segment_job *
job_new(struct api *a, struct http_exchange *x, const char *name, struct slice list,
	struct slice text)
{
	struct segment_job *j = xcalloc(1, sizeof(*j));

	j->api = a;
	j->x = x;
	j->name = name != NULL ? xstrdup(name) : NULL;
	j->list_name = xmemdup0(list.p, list.n);
	j->text = xmemdup0(text.p, text.n);
	return j;
}

void
on_segment_save(struct http_exchange *x, void *arg)
{
	static const char *const keys[] = {"list", "query"};
	struct api *a = arg;
	const char *name = api_name(x, "name", "segment"), *list = "", *text = "";
	struct segment_job *j;
	struct err_ctx e;
	json_t *body;

	if (name == NULL || !api_is_open(a, x) || (body = api_body_json(x)) == NULL)
		return;
	struct json_at root = json_root(body), list_at = json_get(&root, "list"),
		       query_at = json_get(&root, "query");

	if (json_only_keys(&root, keys, ARRAY_LEN(keys), &e) != ERR_OK ||
	    json_need_string(&list_at, &list, &e) != ERR_OK ||
	    name_check("list", slice_of(list), &e) != ERR_OK ||
	    json_need_string(&query_at, &text, &e) != ERR_OK) {
		http_answer_error(x, &e);
	} else {
		j = job_new(a, x, name, slice_of(list), slice_of(text));
		list_load(engine_redis(a->daemon->engine), list, false, on_job_list, j);
	}
	json_decref(body);
}

static void
on_segment_found(void *arg, const struct reply *r)
{
	struct segment_job *j = arg;
	struct slice list = reply_item(r, 0)->str, text = reply_item(r, 1)->str;
	struct segment_job *full;
	struct err_ctx e;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(j->x, r);
	} else if (reply_item(r, 0)->kind != REPLY_STRING) {
		err_set(&e, ERR_NOT_FOUND, "segment", "see loa segment ls",
			"there is no segment of this name");
		http_answer_error(j->x, &e);
	} else {
		full = job_new(j->api, j->x, NULL, list, text);
		list_load(engine_redis(j->api->daemon->engine), full->list_name, true, on_job_list,
			  full);
	}
	job_free(j);
}

/* GET /segments/{name}/count, or GET /count?list=&query= for a query that is not saved. */
void
on_segment_count(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *list = http_query(x, "list"), *text = http_query(x, "query");
	struct redis *r = engine_redis(a->daemon->engine);
	struct segment_job *j;
	const char *name;
	char key[KEY_MAX + LIST_NAME_MAX];
	struct slice v[4] = {SLICE("HMGET"), {NULL, 0}, SLICE("list"), SLICE("query")};
	struct err_ctx e;

	if (!api_is_open(a, x))
		return;
	if (text != NULL) {
		if (name_check("list", slice_of(list), &e) != ERR_OK) {
			http_answer_error(x, &e);
			return;
		}
		j = job_new(a, x, NULL, slice_of(list), slice_of(text));
		list_load(r, list, true, on_job_list, j);
		return;
	}
	name = api_name(x, "name", "segment");
	if (name == NULL)
		return;
	j = job_new(a, x, name, SLICE(""), SLICE(""));
	v[1] = slice_of(key_of(key, key_prefix_segment, name));
	redis_command(r, v, 4, on_segment_found, j);
}

/* ---- names ---- */

struct ls {
	struct http_exchange *x;
	const char *what; /* "segments" */
	bool is_by_name;
};

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
				json_object_set_new(item, name, json_stringn(value.p, value.n));
			}
			json_array_append_new(out, item);
		}
		if (ls->is_by_name)
			out = api_sorted(out);
		http_answer_json(ls->x, 200, json_pack("{s:o}", ls->what, out));
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
	*ls = (struct ls){x, what, strcmp(kind, "campaign") != 0};
	argv_adds(&args, kind);
	for (; *fields != NULL; fields++)
		argv_adds(&args, *fields);
	engine_call(a->daemon->engine, "ls", &args, on_ls, ls);
	argv_free(&args);
}

void
on_segment_ls(struct http_exchange *x, void *arg)
{
	static const char *const fields[] = {"list", "query", NULL};

	list_things(x, arg, "segments", "segment", fields);
}

void
on_campaign_ls(struct http_exchange *x, void *arg)
{
	static const char *const fields[] = {"state",	   "class", "event",	"run",
					     "list",	   "goal",  "template", "run.why",
					     "run.reason", "due_s", "problem",	NULL};

	list_things(x, arg, "campaigns", "campaign", fields);
}
