/* SPDX-License-Identifier: MIT */
/* loa segment eval, loa segment check: a query against rows as JSON, and alone. */
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/cli/cli.h"
#include "segments/query.h"

/* The row of one line and what was read from it. */
struct row {
	const struct query *query;
	int64_t today;
	json_t *object;
	struct arena arena;   /* values as text */
	const char *bad_name; /* a column whose value is an object; NULL = none */
};

/* The value called name; without regard to case when there is none as written. */
static json_t *
find_value(struct row *r, struct slice name)
{
	json_t *found = json_object_getn(r->object, name.p, name.n), *v;
	struct buf want = {0}, have = {0};
	const char *key;

	if (found != NULL)
		return found;
	text_add_folded(&want, name);
	json_object_foreach (r->object, key, v) {
		buf_reset(&have);
		text_add_folded(&have, slice_of(key));
		if (found == NULL && slice_eq(buf_slice(&want), buf_slice(&have)))
			found = v;
	}
	buf_free(&want);
	buf_free(&have);
	return found;
}

/* False: an object or an array in an array, which is no cell. */
static bool
add_value(struct buf *out, const json_t *v, bool is_inside)
{
	char real[40];
	size_t i;
	json_t *item;
	bool is_good = true;

	switch (json_typeof(v)) {
	case JSON_NULL:
		return true;
	case JSON_TRUE:
	case JSON_FALSE:
		buf_adds(out, json_is_true(v) ? "true" : "false");
		return true;
	case JSON_STRING:
		buf_add(out, json_string_value(v), json_string_length(v));
		return true;
	case JSON_INTEGER:
		buf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		return true;
	case JSON_REAL: {
		double back;

		/* The short form, if it is exact. */
		snprintf(real, sizeof(real), "%.15g", json_real_value(v));
		if (!slice_to_double(slice_of(real), &back) || back < json_real_value(v) ||
		    back > json_real_value(v))
			snprintf(real, sizeof(real), "%.17g", json_real_value(v));
		buf_adds(out, real);
		return true;
	}
	case JSON_ARRAY: /* tags */
		if (is_inside)
			return false;
		json_array_foreach (v, i, item) {
			buf_adds(out, i > 0 ? ";" : "");
			is_good = add_value(out, item, true) && is_good;
		}
		return is_good;
	case JSON_OBJECT:
		break;
	}
	return false;
}

static struct slice
value_of(void *arg, struct slice name)
{
	struct row *r = arg;
	json_t *v = find_value(r, name);
	struct slice out = {NULL, 0};
	struct buf text = {0};

	if (v == NULL)
		return out;
	if (!add_value(&text, v, false))
		r->bad_name = arena_memdup0(&r->arena, name.p, name.n);
	if (text.len > 0)
		out = (struct slice){arena_memdup0(&r->arena, text.data, text.len), text.len};
	buf_free(&text);
	return out;
}

static bool
eval_line(struct slice line, struct buf *out, void *arg)
{
	struct row *r = arg;
	struct err_ctx e = {0};
	char message[300];
	bool holds;

	if (json_parse(line, CLI_LINE_MAX, "line", &r->object, &e) != ERR_OK) {
		snprintf(message, sizeof(message), "the line is no JSON object: %.200s", e.why);
		cli_add_error(out, "json", message);
		return false;
	}
	if (!json_is_object(r->object)) {
		json_decref(r->object);
		cli_add_error(out, "json", "the line is JSON, but no object: write {\"column\":…}");
		return false;
	}
	r->bad_name = NULL;
	holds = query_eval_row(r->query, value_of, r, r->today);
	if (r->bad_name != NULL) {
		snprintf(message, sizeof(message), "%.200s is neither text nor number",
			 r->bad_name);
		cli_add_error(out, "value", message);
	} else {
		buf_adds(out, holds ? "true" : "false");
	}
	json_decref(r->object);
	arena_reset(&r->arena);
	return r->bad_name == NULL;
}

/* The one word behind the options; NULL: *rc is the exit code. */
static const char *
take_query(int argc, char **argv, const char *words, int *rc)
{
	const struct cli_option options[] = {{NULL, NULL, NULL}};
	struct err_ctx e = {0};

	if (cli_parse(&argc, argv, options, &e) != ERR_OK) {
		*rc = cli_fail(&e);
		return NULL;
	}
	if (argc == 2)
		return argv[1];
	*rc = cli_usage(words,
			argc < 2 ? "the query is missing" : "takes one query: put it in quotes");
	return NULL;
}

int
verb_segment_eval(int argc, char **argv)
{
	struct query_error qe;
	struct err_ctx e = {0};
	struct row r = {.today = (clock_wall_ms() / 1000 + VN_UTC_OFFSET_S) / 86400};
	int rc = 0;
	const char *text = take_query(argc, argv, "segment eval", &rc);
	struct query *q;

	if (text == NULL)
		return rc;
	q = query_parse(slice_of(text), &qe);
	if (q == NULL) {
		err_set(&e, ERR_INPUT, "query", "see loa segment check", "at character %zu: %s",
			qe.column, qe.message);
		return cli_fail(&e);
	}
	if (query_external_count(q) > 0 || query_segment_count(q) > 0) {
		query_free(q);
		err_set(&e, ERR_INPUT, "query", "save it as a segment of a list",
			"in_list, reached_by, state and segment look at what a server has, here is "
			"none");
		return cli_fail(&e);
	}
	r.query = q;
	rc = cli_each_line(eval_line, &r);
	arena_free(&r.arena);
	query_free(q);
	return rc;
}

int
verb_segment_check(int argc, char **argv)
{
	struct query_error qe;
	struct buf out = {0};
	int rc = 0;
	const char *text = take_query(argc, argv, "segment check", &rc);
	struct query *q;

	if (text == NULL)
		return rc;
	q = query_parse(slice_of(text), &qe);
	if (q != NULL) {
		query_add_normalised(q, &out);
		buf_addc(&out, '\n');
	} else {
		query_add_caret(slice_of(text), &qe, &out);
	}
	fwrite(out.data, 1, out.len, stdout);
	rc = q != NULL ? 0 : 1;
	if (fflush(stdout) != 0)
		rc = 3;
	buf_reset(&out);
	if (q != NULL)
		query_add_warnings(q, &out);
	for (struct slice rest = buf_slice(&out); rest.n > 0;) {
		struct slice line = slice_take_until(&rest, '\n');

		fprintf(stderr, "loa: note: %.*s\n", (int)line.n, line.p);
	}
	query_free(q);
	buf_free(&out);
	return rc;
}
