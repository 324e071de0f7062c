/* SPDX-License-Identifier: MIT */
/* loa segment eval, loa segment check. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/cli/cli.h"
#include "segments/query.h"
#include "templates/template.h"

#define DAY_S 86400

/* The query; NULL: the error with its caret went to standard error. */
static struct query *
parse(const char *text)
{
	struct query_error e;
	struct query *q = query_parse(slice_of(text), &e);
	struct buf caret = {0};

	if (q != NULL)
		return q;
	query_add_caret(slice_of(text), &e, &caret);
	fwrite(caret.data, 1, caret.len, stderr);
	buf_free(&caret);
	return NULL;
}

/* ---- eval ---- */

struct member {
	struct slice name; /* folded */
	struct slice value;
};

struct recipient {
	struct query *q;
	int64_t today;
	struct member *members;
	size_t count, cap;
	struct arena memory; /* of one line */
	struct slice twice;  /* a name the query asked for and that stands twice; n = 0: none */
};

static struct slice
keep(struct recipient *r, struct buf *b)
{
	struct slice s = {arena_memdup0(&r->memory, b->len > 0 ? b->data : "", b->len), b->len};

	buf_free(b);
	return s;
}

static struct slice
folded(struct recipient *r, struct slice name)
{
	struct buf b = {0};

	text_add_folded(&b, name);
	return keep(r, &b);
}

/* As a cell of a list would hold it; false for an object or an array. */
static bool
read_value(struct recipient *r, const json_t *v, struct slice *out)
{
	struct buf b = {0};

	*out = (struct slice){NULL, 0};
	switch (json_typeof(v)) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		return false;
	case JSON_STRING:
		*out = (struct slice){json_string_value(v), json_string_length(v)};
		return true;
	case JSON_INTEGER:
		buf_addf(&b, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		break;
	case JSON_REAL:
		template_add_number(&b, json_real_value(v));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		buf_adds(&b, json_is_true(v) ? "true" : "false");
		break;
	case JSON_NULL:
		return true;
	}
	*out = keep(r, &b);
	return true;
}

static bool
refuse(struct buf *out, const char *name, const char *why)
{
	struct buf message = {0};

	buf_addf(&message, "\"%.100s\" %s", name, why);
	cli_add_error(out, "input", message.data);
	buf_free(&message);
	return false;
}

static bool
read_members(struct recipient *r, json_t *object, struct buf *out)
{
	const char *key;
	json_t *v;

	r->count = 0;
	json_object_foreach (object, key, v) {
		struct member m = {.name = folded(r, slice_of(key))};

		if (!read_value(r, v, &m.value))
			return refuse(out, key,
				      "is an object or array: a value is a string, a number, true, "
				      "false or null");
		if (r->count == r->cap) {
			r->cap = r->cap == 0 ? 16 : 2 * r->cap;
			r->members = xrealloc(r->members, r->cap * sizeof(*r->members));
		}
		r->members[r->count++] = m;
	}
	return true;
}

/* query_value_cb */
static struct slice
value_of(void *arg, struct slice name)
{
	struct recipient *r = arg;
	struct slice wanted = folded(r, name), found = {NULL, 0};
	size_t times = 0;

	for (size_t i = 0; i < r->count; i++) {
		if (!slice_eq(r->members[i].name, wanted))
			continue;
		found = r->members[i].value;
		times++;
	}
	if (times > 1)
		r->twice = wanted;
	return found;
}

static bool
eval_object(struct recipient *r, json_t *object, struct buf *out)
{
	bool is_true;

	if (!read_members(r, object, out))
		return false;
	r->twice = (struct slice){NULL, 0};
	is_true = query_eval_row(r->q, value_of, r, r->today);
	if (r->twice.n > 0)
		return refuse(out, r->twice.p,
			      "stands twice, in capitals and small letters or in two forms of its "
			      "accents");
	buf_adds(out, is_true ? "true" : "false");
	return true;
}

static bool
eval_line(struct slice line, struct buf *out, void *arg)
{
	struct recipient *r = arg;
	struct err_ctx e;
	bool is_good = false;
	json_t *v;

	if (json_parse(line, CLI_LINE_MAX, "line", &v, &e) != ERR_OK) {
		cli_add_error(out, "input", e.why);
		return false;
	}
	if (json_is_object(v))
		is_good = eval_object(r, v, out);
	else
		cli_add_error(out, "input", "the line is no JSON object");
	arena_reset(&r->memory);
	json_decref(v);
	return is_good;
}

int
verb_segment_eval(int argc, char **argv)
{
	const struct cli_option options[] = {{NULL, NULL, NULL}};
	struct recipient r = {0};
	struct err_ctx e;
	int rc;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage("segment eval", "needs one query, as one word: put it in quotes");
	r.q = parse(argv[1]);
	if (r.q == NULL)
		return 1;
	r.today = (clock_wall_ms() / 1000 + VN_UTC_OFFSET_S) / DAY_S;
	rc = cli_each_line(eval_line, &r);
	arena_free(&r.memory);
	free(r.members);
	query_free(r.q);
	return rc;
}

/* ---- check ---- */

int
verb_segment_check(int argc, char **argv)
{
	const struct cli_option options[] = {{NULL, NULL, NULL}};
	struct buf normal = {0};
	struct query *q;
	struct err_ctx e;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage("segment check", "needs one query, as one word: put it in quotes");
	q = parse(argv[1]);
	if (q == NULL)
		return 1;
	query_add_normalised(q, &normal);
	printf("%.*s\n", (int)normal.len, normal.data);
	buf_free(&normal);
	query_free(q);
	return 0;
}
