/* SPDX-License-Identifier: MIT */
/* loa segment save, show, rm, count, sample, breakdown: segments that a server keeps. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/cli/campaign.h"
#include "segments/query.h"

/* ---- save ---- */

static void
print_segment(const json_t *s)
{
	printf("segment %s of %s: %s\n", remote_text(s, "segment"), remote_text(s, "list"),
	       remote_text(s, "query"));
	if (json_object_get(s, "expanded") != NULL)
		printf("  that is: %s\n", remote_text(s, "expanded"));
}

/* @FILE is the text of a file. */
static enum err
text_or_file(const char *word, struct buf *out, struct err_ctx *e)
{
	enum err rc;

	if (word[0] != '@') {
		buf_adds(out, word);
		return ERR_OK;
	}
	rc = cli_read_file(word + 1, 65536, out, e);
	while (rc == ERR_OK && out->len > 0 && strchr("\r\n", out->data[out->len - 1]) != NULL)
		out->data[--out->len] = '\0';
	return rc;
}

/* The query with a caret under the place that the server named. */
static void
print_caret(struct slice text, const struct err_ctx *e)
{
	struct query_error qe = {.column = (size_t)e->column};
	struct buf out = {0};
	struct slice rest = text;

	for (int i = 1; i < e->column && text_next(&rest) >= 0; i++)
		;
	qe.at = text.n - rest.n;
	snprintf(qe.message, sizeof(qe.message), "%.200s", e->why);
	query_add_caret(text, &qe, &out);
	fprintf(stderr, "%.*s%s", (int)out.len, out.data,
		out.len > 0 && out.data[out.len - 1] == '\n' ? "" : "\n");
	buf_free(&out);
}

int
verb_segment_save(int argc, char **argv)
{
	struct remote_options o = {0};
	struct buf text = {0};
	struct remote *r;
	char path[512];
	struct err_ctx e;
	json_t *body, *answer = NULL;
	enum err code;
	int rc = remote_words(&argc, argv, &o, "segment save", 4);

	if (rc != 0)
		return rc;
	code = text_or_file(argv[3], &text, &e);
	body = code != ERR_OK ? NULL
			      : json_pack("{s:s, s:s}", "list", argv[2], "query",
					  text.len > 0 ? text.data : "");
	if (code == ERR_OK && body == NULL)
		code = err_set(&e, ERR_INPUT, "segment save", "", "its words are not UTF-8");
	if (code == ERR_OK)
		code = remote_open(&o, &r, &e);
	if (code == ERR_OK) {
		code = remote_call(r, "PUT", remote_path(path, "/api/v1/segments/", argv[1], ""),
				   body, &answer, &e);
		remote_close(r);
		if (code == ERR_INPUT && e.column > 0)
			print_caret(buf_slice(&text), &e);
	} else {
		json_decref(body);
	}
	buf_free(&text);
	if (code != ERR_OK)
		return cli_fail(&e);
	if (o.is_json) {
		remote_print_json(answer);
		return 0;
	}
	print_segment(answer);
	json_decref(answer);
	return 0;
}

/* ---- show, rm ---- */

static void
print_users(const json_t *s)
{
	const json_t *by = json_object_get(s, "used_by");
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(by, "segments"), i, one)
		printf("  used by segment %s\n", json_string_value(one));
	json_array_foreach (json_object_get(by, "campaigns"), i, one)
		printf("  used by campaign %s (%s)\n", remote_text(one, "name"),
		       remote_text(one, "state"));
}

static void
print_shown(const json_t *s)
{
	print_segment(s);
	if (remote_text(s, "problem")[0] != '\0')
		printf("  cannot be used: %s\n", remote_text(s, "problem"));
	printf("  unit %" JSON_INTEGER_FORMAT ", saved %s%s%s\n", remote_number(s, "unit"),
	       json_is_string(json_object_get(s, "saved")) ? remote_text(s, "saved") : "long ago",
	       remote_text(s, "author")[0] != '\0' ? " by " : "", remote_text(s, "author"));
	print_users(s);
}

int
verb_segment_show(int argc, char **argv)
{
	struct remote_options o = {0};
	char path[512];
	int rc = remote_words(&argc, argv, &o, "segment show", 2);

	if (rc != 0)
		return rc;
	return remote_verb(&o, "GET", remote_path(path, "/api/v1/segments/", argv[1], ""), NULL,
			   print_shown);
}

static void
print_removed(const json_t *a)
{
	printf("%s is removed\n", remote_text(a, "removed"));
}

/* The segment is named with its query, so that somebody sees what they take away. */
static int
confirm(const struct remote_options *o, const char *path, bool is_yes)
{
	struct remote *r;
	json_t *s = NULL;
	struct buf question = {0};
	struct err_ctx e;
	enum err rc;
	int code;

	if (is_yes)
		return 0;
	rc = remote_open(o, &r, &e);
	if (rc == ERR_OK) {
		rc = remote_call(r, "GET", path, NULL, &s, &e);
		remote_close(r);
	}
	if (rc != ERR_OK)
		return cli_fail(&e);
	buf_addf(&question, "Remove the segment %s of %s: %s?", remote_text(s, "segment"),
		 remote_text(s, "list"), remote_text(s, "query"));
	code = remote_confirm(false, question.data);
	buf_free(&question);
	json_decref(s);
	return code;
}

int
verb_segment_rm(int argc, char **argv)
{
	struct remote_options o = {0};
	bool is_yes = false;
	const struct cli_option options[] = {
		REMOTE_OPTIONS(o), {"--yes", NULL, &is_yes}, {NULL, NULL, NULL}};
	struct err_ctx e;
	char path[512];
	int rc;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage("segment rm", "needs a name");
	remote_path(path, "/api/v1/segments/", argv[1], "");
	rc = confirm(&o, path, is_yes);
	return rc != 0 ? rc : remote_verb(&o, "DELETE", path, NULL, print_removed);
}

/* ---- questions: lines of progress, then the answer ---- */

struct lines {
	json_t *answer, *error;
};

static bool
on_line(void *arg, struct slice line)
{
	struct lines *l = arg;
	struct err_ctx e;
	json_t *v = NULL;

	if (json_parse(line, 1u << 20, "answer", &v, &e) != ERR_OK)
		return false;
	remote_progress(v, "counted");
	l->answer = json_incref(json_object_get(v, "answer"));
	l->error = json_incref(json_object_get(v, "error"));
	json_decref(v);
	return l->answer == NULL && l->error == NULL;
}

/* body NULL: a GET. */
static enum err
ask(const struct remote_options *o, const char *path, const json_t *body, json_t **out,
    struct err_ctx *e)
{
	struct lines l = {0};
	struct remote *r;
	enum err rc = remote_open(o, &r, e);

	if (rc != ERR_OK)
		return rc;
	rc = body != NULL ? remote_post_lines(r, path, body, on_line, &l, e)
			  : remote_lines(r, "GET", path, on_line, &l, e);
	remote_close(r);
	remote_bar_end();
	if (rc == ERR_OK && l.answer == NULL)
		rc = remote_late_error(l.error, e);
	json_decref(l.error);
	*out = l.answer;
	return rc;
}

static void
print_head(const json_t *c)
{
	json_t *one;
	size_t i;

	if (json_is_string(json_object_get(c, "count"))) /* "<5" */
		printf("%s", remote_text(c, "count"));
	else
		printf("%" JSON_INTEGER_FORMAT, remote_number(c, "count"));
	printf(" of %" JSON_INTEGER_FORMAT " rows of %s (version %" JSON_INTEGER_FORMAT ")\n",
	       remote_number(c, "rows"), remote_text(c, "list"), remote_number(c, "version"));
	json_array_foreach (json_object_get(c, "hints"), i, one)
		printf("  no row has %s = \"%s\": did you mean \"%s\"?\n",
		       remote_text(one, "column"), remote_text(one, "text"),
		       remote_text(one, "nearest"));
}

static void
print_size(const char *title, const json_t *of, const char *member)
{
	char text[100];

	printf("  %s %12s\n", padded(title, 38, text), grouped_size(of, member));
}

static void
print_count(const json_t *c)
{
	char title[100], text[100];
	json_t *one, *row;
	size_t i, k;

	print_head(c);
	print_size("rows with a phone", c, "with_phone");
	print_size("different phones", c, "phones");
	print_size("would be written to", c, "reached");
	json_array_foreach (json_object_get(c, "excluded"), i, one) {
		snprintf(title, sizeof(title), "not sent: %.60s", remote_text(one, "reason"));
		printf("  %s %12s", padded(title, 38, text), grouped_size(one, "count"));
		printf("%s", json_object_get(one, "rows") != NULL ? "  rows" : "");
		json_array_foreach (json_object_get(one, "rows"), k, row)
			printf(" %" JSON_INTEGER_FORMAT, json_integer_value(row));
		printf("\n");
	}
	json_array_foreach (json_object_get(c, "missing"), i, one) {
		snprintf(title, sizeof(title), "no value in %.60s", remote_text(one, "column"));
		print_size(title, one, "rows");
	}
}

/* With a query that is not saved. */
static enum err
ask_query(const struct remote_options *o, const char *list, const char *query, json_t **out,
	  struct err_ctx *e)
{
	struct buf text = {0};
	enum err rc = text_or_file(query, &text, e);
	json_t *body = rc != ERR_OK ? NULL
				    : json_pack("{s:s, s:s}", "list", list, "query",
						text.len > 0 ? text.data : "");

	if (rc == ERR_OK && body == NULL)
		rc = err_set(e, ERR_INPUT, "segment count", "", "its words are not UTF-8");
	if (rc == ERR_OK)
		rc = ask(o, "/api/v1/count?details=1&progress=1", body, out, e);
	if (rc == ERR_INPUT && e->column > 0)
		print_caret(buf_slice(&text), e);
	json_decref(body);
	buf_free(&text);
	return rc;
}

static int
print_answer(const struct remote_options *o, enum err rc, const struct err_ctx *e, json_t *answer,
	     void (*print)(const json_t *answer))
{
	if (rc != ERR_OK)
		return cli_fail(e);
	if (o->is_json) {
		remote_print_json(answer);
		return 0;
	}
	print(answer);
	json_decref(answer);
	return 0;
}

int
verb_segment_count(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *list = NULL, *query = NULL;
	const struct cli_option options[] = {REMOTE_OPTIONS(o),
					     {"--list", &list, NULL},
					     {"--query", &query, NULL},
					     {NULL, NULL, NULL}};
	json_t *answer = NULL;
	struct err_ctx e;
	char path[512];
	enum err rc;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if ((list == NULL) != (query == NULL) || argc != (list == NULL ? 2 : 1))
		return cli_usage("segment count", "needs a name, or --list and --query");
	if (list != NULL)
		rc = ask_query(&o, list, query, &answer, &e);
	else
		rc = ask(&o,
			 remote_path(path, "/api/v1/segments/", argv[1],
				     "/count?details=1&progress=1"),
			 NULL, &answer, &e);
	return print_answer(&o, rc, &e, answer, print_count);
}

/* How much of the rows is asked for, and why. */
struct shown {
	bool is_full;
	const char *reason; /* NULL = not said */
};

/* Ask under the address, which is freed, and print. */
static int
answer_shown(const struct remote_options *o, struct buf *url, const struct shown *shown,
	     void (*print)(const json_t *answer))
{
	json_t *answer = NULL;
	struct err_ctx e;
	enum err rc;

	if (shown->reason != NULL)
		add_query(url, "reason", shown->reason);
	buf_adds(url, shown->is_full ? "&full=1" : "");
	rc = url->len < REMOTE_URL_MAX - 300
		     ? ask(o, url->data, NULL, &answer, &e)
		     : err_set(&e, ERR_USAGE, "its words", "", "are too long");
	buf_free(url);
	return print_answer(o, rc, &e, answer, print);
}

/* ---- sample ---- */

static void
print_sample(const json_t *a)
{
	const json_t *columns = json_object_get(a, "columns");
	json_t *one, *cell;
	size_t i, k;

	print_head(a);
	printf("  seed %" JSON_INTEGER_FORMAT ": the same seed gives the same rows\n",
	       remote_number(a, "seed"));
	json_array_foreach (json_object_get(a, "sample"), i, one) {
		printf("\n  row %" JSON_INTEGER_FORMAT "\n", remote_number(one, "row"));
		json_array_foreach (json_object_get(one, "cells"), k, cell) {
			const char *title = remote_text(json_array_get(columns, k), "title");
			struct slice cut = text_clip(slice_of(title), 60);
			char text[100], name[64];

			slice_copy(name, sizeof(name), cut);
			if (json_string_length(cell) > 0)
				printf("    %s %s\n", padded(name, 24, text),
				       json_string_value(cell));
		}
	}
}

int
verb_segment_sample(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *n = NULL, *seed = NULL;
	struct shown shown = {0};
	const struct cli_option options[] = {REMOTE_OPTIONS(o),
					     {"-n", &n, NULL},
					     {"--seed", &seed, NULL},
					     {"--reason", &shown.reason, NULL},
					     {"--full", NULL, &shown.is_full},
					     {NULL, NULL, NULL}};
	struct buf url = {0};
	struct err_ctx e;
	char path[512];

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage("segment sample", "needs a name");
	buf_adds(&url, remote_path(path, "/api/v1/segments/", argv[1], "/sample?progress=1"));
	if (n != NULL)
		add_query(&url, "n", n);
	if (seed != NULL)
		add_query(&url, "seed", seed);
	return answer_shown(&o, &url, &shown, print_sample);
}

/* ---- breakdown ---- */

#define BAR_CHARS 30

/* n of most as a bar; what is more than nothing has one sign at least. */
static void
print_bar(const char *title, json_int_t n, json_int_t count, json_int_t most)
{
	char name[64], text[100], bar[BAR_CHARS + 1];
	size_t signs = most > 0 ? (size_t)(n * BAR_CHARS / most) : 0;

	slice_copy(name, sizeof(name), text_clip(slice_of(title), 60));
	signs = n > 0 && signs == 0 ? 1 : signs > BAR_CHARS ? BAR_CHARS : signs;
	memset(bar, '#', signs);
	bar[signs] = '\0';
	printf("  %s %12s %5.1f %%  %s\n", padded(name, 28, text), grouped(n),
	       count > 0 ? 100.0 * (double)n / (double)count : 0.0, bar);
}

static json_int_t
most_of(const json_t *list, json_int_t least)
{
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		if (remote_number(one, "rows") > least)
			least = remote_number(one, "rows");
	return least;
}

static void
print_ages(const json_t *a)
{
	const json_t *ages = json_object_get(a, "ages");
	json_int_t count = remote_number(a, "count"), none = remote_number(a, "no_age");
	json_int_t most = most_of(ages, none);
	json_t *one;
	size_t i;

	if (ages == NULL)
		return;
	printf("  by age\n");
	json_array_foreach (ages, i, one)
		print_bar(remote_text(one, "ages"), remote_number(one, "rows"), count, most);
	if (none > 0)
		print_bar("(no age)", none, count, most);
}

static void
print_breakdown(const json_t *a)
{
	const json_t *values = json_object_get(a, "values"), *others = json_object_get(a, "others");
	json_int_t count = remote_number(a, "count"), none = remote_number(a, "no_value");
	json_int_t rest = remote_number(others, "rows");
	json_int_t most = most_of(values, none > rest ? none : rest);
	char title[64];
	json_t *one;
	size_t i;

	print_head(a);
	printf("  by %s%s\n", strcmp(remote_text(a, "by"), "year") == 0 ? "year of " : "",
	       remote_text(a, "title"));
	json_array_foreach (values, i, one)
		print_bar(remote_text(one, "value"), remote_number(one, "rows"), count, most);
	if (rest > 0 && json_is_integer(json_object_get(others, "values"))) {
		snprintf(title, sizeof(title), "(%s other values)",
			 grouped(remote_number(others, "values")));
		print_bar(title, rest, count, most);
	} else if (rest > 0) {
		print_bar("(other values)", rest, count, most);
	}
	if (none > 0)
		print_bar("(no value)", none, count, most);
	if (json_is_true(json_object_get(a, "too_many_values")))
		printf("  more different values than can be kept apart: of those that are about as "
		       "frequent\n  as the last ones here some may be missing; all numbers are "
		       "exact\n");
	print_ages(a);
}

int
verb_segment_breakdown(int argc, char **argv)
{
	struct remote_options o = {0};
	struct shown shown = {0};
	const struct cli_option options[] = {REMOTE_OPTIONS(o),
					     {"--full", NULL, &shown.is_full},
					     {"--reason", &shown.reason, NULL},
					     {NULL, NULL, NULL}};
	struct buf url = {0};
	struct err_ctx e;
	char path[512];

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 3)
		return cli_usage("segment breakdown", "needs a name and a column");
	buf_adds(&url, remote_path(path, "/api/v1/segments/", argv[1], "/breakdown?progress=1"));
	add_query(&url, "column", argv[2]);
	return answer_shown(&o, &url, &shown, print_breakdown);
}
