/* SPDX-License-Identifier: MIT */
/*
 * What a query finds, over HTTP: count, sample, breakdown (campaign/question.h). One answer; with
 * ?progress=1 lines of JSON: {"progress"} from a second on, then {"answer"} or {"error"}.
 */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/private.h"
#include "dispatcher/campaign/question.h"
#include "dispatcher/run/cells.h"

#define SAMPLE_USUAL 10
#define SEED_MAX 9007199254740991 /* a number in JSON keeps all its digits: 2^53 - 1 */

struct asked {
	struct api *api;
	struct http_exchange *x;
	struct asking *asking;
	struct question q; /* texts are gone after the start */
	bool is_lines, has_begun, is_limited;
};

static void
asked_free(struct asked *s)
{
	s->api->exports -= s->is_limited;
	free(s);
}

/* ---- the answer ---- */

/* So many rows; of a query that asks for something sensitive small groups are not told. */
static json_t *
group_json(const struct question_answer *a, uint64_t n)
{
	const struct bound *b = a->bound;

	return api_group_size(n, query_reads_sensitive(b->query, &b->list->schema));
}

/*
 * Why, and how many; which rows, unless that would tell something sensitive of them: then nothing of
 * fewer either, whose reason alone would tell that somebody is there.
 */
static json_t *
reasons_json(const struct question_answer *a)
{
	const struct bound *b = a->bound;
	const struct row_table *t = &a->exclusions->reasons;
	json_t *out;

	if (!query_reads_sensitive(b->query, &b->list->schema))
		return row_table_json(t, "reason");
	out = json_array();
	for (size_t i = 0; i < t->count; i++)
		if (t->lines[i].count >= API_GROUP_LEAST)
			json_array_append_new(out,
					      json_pack("{s:s, s:I}", "reason", t->lines[i].name,
							"count", (json_int_t)t->lines[i].count));
	return out;
}

static void
add_details(json_t *out, const struct question_answer *a)
{
	const struct exclusions_counts *n = a->exclusions;
	json_t *missing = json_array();

	for (size_t i = 0; i < a->missing_count; i++) {
		const struct column *c = &a->bound->list->schema.columns[a->missing[i].column];

		json_array_append_new(missing, json_pack("{s:s, s:s, s:o}", "column", c->name,
							 "title", c->title, "rows",
							 group_json(a, a->missing[i].rows)));
	}
	json_object_set_new(out, "with_phone", group_json(a, n->with_phone));
	json_object_set_new(out, "phones", group_json(a, n->phones));
	json_object_set_new(out, "reached", group_json(a, n->reached));
	json_object_set_new(out, "excluded", reasons_json(a));
	json_object_set_new(out, "missing", missing);
}

static json_t *
hints_json(const struct question_answer *a)
{
	json_t *out = json_array();

	for (size_t i = 0; i < a->hint_count; i++)
		json_array_append_new(
			out, json_pack("{s:s, s:o, s:o}", "column",
				       a->bound->list->schema.columns[a->hints[i].column].name,
				       "text", json_of_slice(a->hints[i].text), "nearest",
				       json_of_slice(a->hints[i].nearest)));
	return out;
}

static json_t *
row_json(struct cells_view *view, const struct sample_row *r)
{
	json_t *cells = json_array();

	for (uint32_t c = 0; c < view->schema->count; c++) {
		struct slice s = cells_show(view, c, sample_cell(r, c), r->phone);

		json_array_append_new(cells, json_of_slice(s));
	}
	return json_pack("{s:I, s:o}", "row", (json_int_t)(r->row + 1), "cells", cells);
}

static void
add_sample(json_t *out, const struct asked *s, const struct question_answer *a)
{
	const struct schema *schema = &a->bound->list->schema;
	struct cells_view view = {.schema = schema, .is_full = s->q.is_full};
	const struct sample_row *rows[SAMPLE_MAX];
	size_t n = sample_rows(a->sample, schema_find(schema, SLICE("ho_ten")), rows);
	json_t *columns = json_array(), *list = json_array();

	for (uint32_t c = 0; c < schema->count; c++)
		json_array_append_new(columns,
				      json_pack("{s:s, s:s}", "name", schema->columns[c].name,
						"title", schema->columns[c].title));
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, row_json(&view, rows[i]));
	buf_free(&view.scratch);
	json_object_set_new(out, "seed", json_integer((json_int_t)s->q.seed));
	json_object_set_new(out, "columns", columns);
	json_object_set_new(out, "sample", list);
	if (s->q.is_full)
		log_info("list=%s version=%u rows=%zu sample=list phones=full result=done",
			 a->bound->list->name, a->bound->list->version, n);
}

static void
add_ages(json_t *out, const struct value_counts *v)
{
	json_t *ages = json_array();

	for (unsigned i = 0; i < AGE_GROUPS; i++)
		json_array_append_new(ages, json_pack("{s:s, s:I}", "ages", age_group_name(i),
						      "rows", (json_int_t)v->ages[i]));
	json_object_set_new(out, "ages", ages);
	json_object_set_new(out, "no_age", json_integer((json_int_t)v->no_age));
}

static void
add_breakdown(json_t *out, const struct question_answer *a, bool is_full)
{
	struct value_counts *v = a->values;
	const struct column *c = &a->bound->list->schema.columns[v->column];
	const struct group *top[VALUE_COUNTS_TOP];
	size_t values, n = value_counts_top(v, top, &values);
	json_t *list = json_array(), *others = json_null();
	uint64_t rest = groups_others(v->groups)->messages;

	for (size_t i = 0; i < n; i++) {
		bool is_hidden = !is_full && cells_is_personal(c, top[i]->label);
		struct slice value = is_hidden ? SLICE("***") : top[i]->label;

		json_array_append_new(list, json_pack("{s:o, s:I}", "value", json_of_slice(value),
						      "rows", (json_int_t)top[i]->messages));
	}
	if (rest > 0)
		others =
			json_pack("{s:o, s:I}", "values",
				  values > 0 ? json_integer((json_int_t)(values - n)) : json_null(),
				  "rows", (json_int_t)rest);
	json_object_set_new(out, "column", json_string(c->name));
	json_object_set_new(out, "title", json_string(c->title));
	json_object_set_new(out, "by", json_string(v->is_by_year ? "year" : "value"));
	json_object_set_new(out, "values", list);
	json_object_set_new(out, "others", others);
	json_object_set_new(out, "no_value", json_integer((json_int_t)v->no_value));
	/* The largest were chosen while counting: another may be as large as the last of them. */
	json_object_set_new(out, "too_many_values", json_boolean(values == 0 && rest > 0));
	if (v->is_birth)
		add_ages(out, v);
}

static json_t *
answer_json(const struct asked *s, const struct question_answer *a)
{
	json_t *out = json_pack("{s:s, s:I, s:I, s:o}", "list", a->bound->list->name, "version",
				(json_int_t)a->bound->list->version, "rows",
				(json_int_t)a->list_rows, "count", group_json(a, a->count));

	switch (s->q.kind) {
	case ASK_COUNT:
		return out;
	case ASK_DETAILS:
		add_details(out, a);
		break;
	case ASK_SAMPLE:
		add_sample(out, s, a);
		break;
	case ASK_BREAKDOWN:
		add_breakdown(out, a, s->q.is_full);
		break;
	}
	json_object_set_new(out, "hints", hints_json(a));
	return out;
}

static json_t *
error_json(const struct err_ctx *e)
{
	return json_pack("{s:{s:s, s:s, s:s, s:s, s:i, s:i}}", "error", "code", err_name(e->code),
			 "what", e->what, "detail", e->why, "todo", e->todo, "line", e->line,
			 "column", e->column);
}

static void
on_done(void *arg, const struct question_answer *a, const struct err_ctx *e)
{
	struct asked *s = arg;

	http_on_gone(s->x, NULL, NULL);
	if (e != NULL && !s->has_begun) {
		http_answer_error(s->x, e);
	} else if (!s->is_lines) {
		http_answer_json(s->x, 200, answer_json(s, a));
	} else {
		api_stream_line(s->x, &s->has_begun,
				e != NULL ? error_json(e)
					  : json_pack("{s:o}", "answer", answer_json(s, a)));
		http_stream_end(s->x);
	}
	asked_free(s);
}

static void
on_progress(void *arg, uint64_t done, uint64_t total)
{
	struct asked *s = arg;

	if (s->is_lines)
		api_stream_line(s->x, &s->has_begun, api_progress(done, total));
}

static void
on_sets(void *arg, uint64_t done, uint64_t total)
{
	struct asked *s = arg;

	if (s->is_lines)
		api_stream_line(s->x, &s->has_begun, api_progress_of_sets(done, total));
}

static void
on_gone(struct http_exchange *x, void *arg)
{
	struct asked *s = arg;

	(void)x;
	question_cancel(s->asking);
	if (s->has_begun)
		http_stream_end(s->x);
	else
		http_answer_json(s->x, 503, json_object()); /* nobody reads it */
	asked_free(s);
}

/* ---- the question ---- */

static bool
is_set(const struct http_exchange *x, const char *name)
{
	const char *v = http_query(x, name);

	return v != NULL && strcmp(v, "0") != 0;
}

/* Of more than one list, or a long look: so many at a time. */
static bool
is_export(const struct question *q)
{
	struct query *parsed;
	bool is;

	if (q->kind != ASK_COUNT || q->segment != NULL)
		return true;
	parsed = query_parse(slice_of(q->text), NULL);
	is = parsed != NULL && query_external_count(parsed) + query_segment_count(parsed) > 0;
	query_free(parsed);
	return is;
}

static void
ask(struct api *a, struct http_exchange *x, const struct question *q)
{
	struct question_callbacks cbs = {
		.on_progress = on_progress, .on_sets = on_sets, .on_done = on_done};
	bool is_limited = is_export(q);
	struct asked *s;

	if (is_limited && !api_may_export(a, x))
		return;
	s = xcalloc(1, sizeof(*s));
	*s = (struct asked){.api = a,
			    .x = x,
			    .q = *q,
			    .is_lines = is_set(x, "progress"),
			    .is_limited = is_limited};
	cbs.arg = s;
	s->asking = question_start(a->daemon->loop, a->daemon->engine, q, &cbs);
	http_on_gone(x, on_gone, s);
}

/* GET /segments/{name}/count, or /count?list=&query= of a query that is not saved; ?details=1 */
void
on_segment_count(struct http_exchange *x, void *arg)
{
	struct question q = {.kind = is_set(x, "details") ? ASK_DETAILS : ASK_COUNT,
			     .list = http_query(x, "list"),
			     .text = http_query(x, "query")};
	struct err_ctx e;

	if (!api_is_open(arg, x))
		return;
	if (q.text == NULL && (q.segment = api_name(x, "name", "segment")) == NULL)
		return;
	if (q.segment == NULL && name_check("list", slice_of(q.list), &e) != ERR_OK)
		http_answer_error(x, &e);
	else
		ask(arg, x, &q);
}

/* POST /count {"list", "query"}: the same, for a query that is too long for an address. */
void
on_query_count(struct http_exchange *x, void *arg)
{
	static const char *const keys[] = {"list", "query"};
	struct question q = {.kind = is_set(x, "details") ? ASK_DETAILS : ASK_COUNT};
	struct err_ctx e;
	json_t *body;

	if (!api_is_open(arg, x) || (body = api_body_json(x)) == NULL)
		return;
	struct json_at root = json_root(body), list = json_get(&root, "list"),
		       query = json_get(&root, "query");

	if (json_only_keys(&root, keys, ARRAY_LEN(keys), &e) != ERR_OK ||
	    json_need_string(&list, &q.list, &e) != ERR_OK ||
	    name_check("list", slice_of(q.list), &e) != ERR_OK ||
	    json_need_string(&query, &q.text, &e) != ERR_OK)
		http_answer_error(x, &e);
	else
		ask(arg, x, &q);
	json_decref(body);
}

static enum err
read_number(const struct http_exchange *x, const char *name, int64_t most, int64_t *out,
	    struct err_ctx *e)
{
	const char *text = http_query(x, name);

	if (text == NULL || (slice_to_i64(slice_of(text), out) && *out >= 0 && *out <= most))
		return ERR_OK;
	return err_set(e, ERR_INPUT, name, "", "is no whole number up to %lld", (long long)most);
}

/* A question that is answered in full once the audit has who asks it and why. */
struct full_asking {
	struct api *api;
	struct http_exchange *x;
	struct question q;
};

static void
on_full_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct full_asking *f = arg;

	(void)n;
	if (e != NULL)
		http_answer_error(f->x, e);
	else
		ask(f->api, f->x, &f->q);
	free(f);
}

static void
ask_maybe_full(struct api *a, struct http_exchange *x, const struct question *q)
{
	struct full_asking *f;
	char object[160];
	struct err_ctx e;

	if (!q->is_full) {
		ask(a, x, q);
		return;
	}
	f = xcalloc(1, sizeof(*f));
	*f = (struct full_asking){a, x, *q};
	snprintf(object, sizeof(object), "segment:%s", q->segment);
	if (api_audit_reading(a, x, object, on_full_audited, f, &e) != ERR_OK) {
		http_answer_error(x, &e);
		free(f);
	}
}

/* GET /segments/{name}/sample?n=10&seed=&full=1&reason= */
void
on_segment_sample(struct http_exchange *x, void *arg)
{
	struct question q = {.kind = ASK_SAMPLE};
	int64_t n = SAMPLE_USUAL, seed;
	struct err_ctx e;

	if (!api_is_open(arg, x) || (q.segment = api_name(x, "name", "segment")) == NULL)
		return;
	random_bytes(&seed, sizeof(seed));
	seed &= SEED_MAX;
	if (read_number(x, "n", SAMPLE_MAX, &n, &e) != ERR_OK ||
	    read_number(x, "seed", SEED_MAX, &seed, &e) != ERR_OK ||
	    api_read_full(arg, x, &q.is_full, &e) != ERR_OK) {
		http_answer_error(x, &e);
		return;
	}
	if (n == 0) {
		err_set(&e, ERR_INPUT, "n", "write 1 to 100", "is 0");
		http_answer_error(x, &e);
		return;
	}
	http_set_header(x, "Cache-Control", "no-store");
	q.sample = (unsigned)n;
	q.seed = (uint64_t)seed;
	ask_maybe_full(arg, x, &q);
}

/* GET /segments/{name}/breakdown?column=&full=1&reason= */
void
on_segment_breakdown(struct http_exchange *x, void *arg)
{
	struct question q = {.kind = ASK_BREAKDOWN, .column = http_query(x, "column")};
	struct err_ctx e;

	if (!api_is_open(arg, x) || (q.segment = api_name(x, "name", "segment")) == NULL)
		return;
	if (api_read_full(arg, x, &q.is_full, &e) == ERR_OK && q.column != NULL) {
		ask_maybe_full(arg, x, &q);
		return;
	}
	if (q.column == NULL)
		err_set(&e, ERR_INPUT, "column", "name one: see loa list show", "is missing");
	http_answer_error(x, &e);
}
