/* SPDX-License-Identifier: MIT */
/* loa list against the server, and the names of segments. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/cli/list_care.h"
#include "dispatcher/cli/remote.h"

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
