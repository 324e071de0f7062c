/* SPDX-License-Identifier: MIT */
/* loa list and segment against the server. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/cli/list_care.h"
#include "dispatcher/cli/remote.h"
#include "segments/query.h"

static void
print_rows(const json_t *answer)
{
	const char *what, *key;
	json_t *list, *one, *v;
	size_t i;

	json_object_foreach ((json_t *)(uintptr_t)answer, what, list) {
		json_array_foreach (list, i, one) {
			if (json_is_string(one)) {
				printf("%s\n", json_string_value(one));
				continue;
			}
			json_object_foreach (one, key, v) {
				if (json_is_string(v) && json_string_length(v) > 0)
					printf("%s%s%s  ", strcmp(key, "name") == 0 ? "" : key,
					       strcmp(key, "name") == 0 ? "" : "=",
					       json_string_value(v));
			}
			printf("\n");
		}
	}
}

static int
ls(int argc, char **argv, const char *words, const char *path)
{
	struct remote_options o = {0};
	int rc = remote_words(&argc, argv, &o, words, 1);

	return rc != 0 ? rc : remote_verb(&o, "GET", path, NULL, print_rows);
}

int
verb_segment_ls(int argc, char **argv)
{
	return ls(argc, argv, "segment ls", "/api/v1/segments");
}

/* Why a sensitive column is kept, as the report of the import has it; "" = it does not say. */
static const char *
reason_kept(const json_t *l, const char *title)
{
	json_t *kept = json_object_get(json_object_get(l, "report"), "sensitive_kept"), *one;
	size_t i;

	json_array_foreach (kept, i, one)
		if (strcmp(remote_text(one, "title"), title) == 0)
			return remote_text(one, "reason");
	return "";
}

static void
print_list(const json_t *l)
{
	json_t *columns = json_object_get(l, "columns"), *c;
	size_t i;

	printf("%s: version %" JSON_INTEGER_FORMAT ", %" JSON_INTEGER_FORMAT
	       " rows, imported %s%s\n",
	       remote_text(l, "name"), remote_number(l, "version"), remote_number(l, "rows"),
	       remote_text(l, "imported"),
	       json_is_true(json_object_get(l, "demo")) ? "; demo: for sandbox providers only"
							: "");
	list_print_care(l);
	json_array_foreach (columns, i, c) {
		printf("  %-24s %-8s %s%s", remote_text(c, "name"), remote_text(c, "type"),
		       remote_text(c, "title"),
		       json_is_true(json_object_get(c, "is_phone")) ? "  (phone)" : "");
		if (json_is_true(json_object_get(c, "is_sensitive")))
			printf("  (sensitive)  %s", reason_kept(l, remote_text(c, "title")));
		printf("\n");
	}
}

int
verb_list_show(int argc, char **argv)
{
	struct remote_options o = {0};
	bool is_rejects = false;
	const struct cli_option options[] = {
		REMOTE_OPTIONS(o), {"--rejects", NULL, &is_rejects}, {NULL, NULL, NULL}};
	char path[512];
	struct err_ctx e;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage("list show", "needs a name");
	remote_path(path, "/api/v1/lists/", argv[1], is_rejects ? "/rejects" : "");
	return is_rejects ? remote_copy(&o, path) : remote_verb(&o, "GET", path, NULL, print_list);
}

static void
print_undo(const json_t *l)
{
	if (json_is_true(json_object_get(l, "removed")))
		printf("%s: version %" JSON_INTEGER_FORMAT
		       " was its first import and nothing uses it: the list is removed\n",
		       remote_text(l, "list"), remote_number(l, "from"));
	else
		printf("%s: version %" JSON_INTEGER_FORMAT
		       " is current again, %" JSON_INTEGER_FORMAT " rows (was %" JSON_INTEGER_FORMAT
		       ")\n",
		       remote_text(l, "list"), remote_number(l, "version"),
		       remote_number(l, "rows"), remote_number(l, "from"));
}

/* The version that it is at is named, so that an answer that was lost is not asked for twice. */
static int
undo(int argc, char **argv, const char *words, const char *rest)
{
	struct remote_options o = {0};
	json_t *l = NULL, *answer = NULL;
	struct remote *r;
	struct err_ctx e;
	char path[512], query[64];
	enum err code;
	int rc = remote_words(&argc, argv, &o, words, 2);

	if (rc != 0)
		return rc;
	code = remote_open(&o, &r, &e);
	if (code != ERR_OK)
		return cli_fail(&e);
	code = remote_call(r, "GET", remote_path(path, "/api/v1/lists/", argv[1], ""), NULL, &l,
			   &e);
	if (code == ERR_OK) {
		snprintf(query, sizeof(query), "%s?version=%" JSON_INTEGER_FORMAT, rest,
			 remote_number(l, "version"));
		code = remote_call(r, "POST", remote_path(path, "/api/v1/lists/", argv[1], query),
				   NULL, &answer, &e);
	}
	json_decref(l);
	remote_close(r);
	if (code != ERR_OK)
		return cli_fail(&e);
	if (o.is_json) {
		remote_print_json(answer);
		return 0;
	}
	print_undo(answer);
	json_decref(answer);
	return 0;
}

int
verb_list_undo(int argc, char **argv)
{
	return undo(argc, argv, "list undo", "/undo");
}

int
verb_list_redo(int argc, char **argv)
{
	return undo(argc, argv, "list redo", "/redo");
}

/* ---- segments ---- */

static void
print_segment(const json_t *s)
{
	printf("segment %s of %s: %s\n", remote_text(s, "segment"), remote_text(s, "list"),
	       remote_text(s, "query"));
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

static void
print_count(const json_t *c)
{
	if (json_is_string(json_object_get(c, "count"))) /* "<5" */
		printf("%s", remote_text(c, "count"));
	else
		printf("%" JSON_INTEGER_FORMAT, remote_number(c, "count"));
	printf(" of %" JSON_INTEGER_FORMAT " rows of %s (version %" JSON_INTEGER_FORMAT ")\n",
	       remote_number(c, "rows"), remote_text(c, "list"), remote_number(c, "version"));
}

int
verb_segment_count(int argc, char **argv)
{
	struct remote_options o = {0};
	char path[512];
	int rc = remote_words(&argc, argv, &o, "segment count", 2);

	if (rc != 0)
		return rc;
	return remote_verb(&o, "GET", remote_path(path, "/api/v1/segments/", argv[1], "/count"),
			   NULL, print_count);
}
