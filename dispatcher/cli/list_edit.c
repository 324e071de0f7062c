/* SPDX-License-Identifier: MIT */
/* loa list prune and column: changes that need no file. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/cli/remote.h"
#include "segments/cell.h"
#include "segments/phone_file.h"

#define PHONES_FILE_BYTES (16u << 20)

/* ---- rows ---- */

static enum err
on_cell(void *arg, struct slice cell, struct err_ctx *e)
{
	json_t *phones = arg;
	struct buf text = {0};

	(void)e;
	cell_clean(&text, cell);
	json_array_append_new(phones, json_of_slice(buf_slice(&text)));
	buf_free(&text);
	return ERR_OK;
}

static enum err
read_phones(const char *path, json_t *phones, struct err_ctx *e)
{
	struct phone_file_options o = {.file = path, .on_cell = on_cell, .arg = phones};
	struct buf text = {0};
	struct phone_file *f = phone_file_new(&o);
	enum err rc = cli_read_file(path, PHONES_FILE_BYTES, &text, e);

	if (rc == ERR_OK)
		rc = phone_file_feed(f, buf_slice(&text), e);
	if (rc == ERR_OK)
		rc = phone_file_finish(f, e);
	phone_file_free(f);
	buf_free(&text);
	return rc;
}

static void
print_removed(const json_t *r)
{
	json_int_t unreadable = remote_number(r, "unreadable");
	bool is_dry = json_is_true(json_object_get(r, "dry_run"));
	const char *few = remote_text(r, "removed"); /* "<5" */

	if (unreadable > 0)
		printf("%" JSON_INTEGER_FORMAT " phones could not be read, and fit nobody\n",
		       unreadable);
	if (few[0] != '\0')
		printf("%s: %s of %" JSON_INTEGER_FORMAT " rows fit\n", remote_text(r, "list"), few,
		       remote_number(r, "rows_before"));
	else if (is_dry || remote_number(r, "removed") == 0)
		printf("%s: %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " rows fit\n",
		       remote_text(r, "list"), remote_number(r, "removed"),
		       remote_number(r, "rows_before"));
	else
		printf("%s: %" JSON_INTEGER_FORMAT " rows removed, %" JSON_INTEGER_FORMAT
		       " are left: version %" JSON_INTEGER_FORMAT "\n",
		       remote_text(r, "list"), remote_number(r, "removed"),
		       remote_number(r, "rows"), remote_number(r, "version"));
}

/* Looked at first; the version that was looked at is the one that is changed. */
static int
rm_rows(const struct remote_options *o, const char *name, json_t *body, bool is_yes)
{
	json_t *look = json_copy(body), *found = NULL;
	char path[512], question[200];
	struct remote *r;
	struct err_ctx e;
	bool is_few, is_none;
	enum err code = remote_open(o, &r, &e);
	int rc;

	remote_path(path, "/api/v1/lists/", name, "/rows/remove");
	json_object_set_new(look, "dry_run", json_true());
	if (code == ERR_OK) {
		code = remote_call(r, "POST", path, look, &found, &e);
		remote_close(r);
	} else {
		json_decref(look);
	}
	if (code != ERR_OK) {
		json_decref(body);
		return cli_fail(&e);
	}
	is_few = json_is_string(json_object_get(found, "removed"));
	is_none = !is_few && remote_number(found, "removed") == 0;
	if (is_few) /* a query of something sensitive: how few is not told */
		snprintf(question, sizeof(question),
			 "Remove these rows, %.10s? loa list undo brings them back.",
			 remote_text(found, "removed"));
	else
		snprintf(question, sizeof(question),
			 "Remove %" JSON_INTEGER_FORMAT " rows? loa list undo brings them back.",
			 remote_number(found, "removed"));
	json_object_set_new(body, "version", json_integer(remote_number(found, "version")));
	if (!o->is_json)
		print_removed(found);
	else if (is_none)
		remote_print_json(json_incref(found));
	json_decref(found);
	rc = is_none ? 0 : remote_confirm(is_yes, question);
	if (is_none || rc != 0) {
		json_decref(body);
		return rc;
	}
	return remote_verb(o, "POST", path, body, print_removed);
}

int
verb_list_prune(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *where = NULL, *phones = NULL;
	bool is_yes = false;
	const struct cli_option options[] = {REMOTE_OPTIONS(o),
					     {"--where", &where, NULL},
					     {"--phones", &phones, NULL},
					     {"--yes", NULL, &is_yes},
					     {NULL, NULL, NULL}};
	struct err_ctx e;
	json_t *body;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2 || (where == NULL) == (phones == NULL))
		return cli_usage("list prune", "needs a name, and either --where or --phones");
	body = json_object();
	if (phones != NULL) {
		json_object_set_new(body, "phones", json_array());
		if (read_phones(phones, json_object_get(body, "phones"), &e) != ERR_OK) {
			json_decref(body);
			return cli_fail(&e);
		}
	} else if (json_object_set_new(body, "where", json_string(where)) != 0) {
		json_decref(body);
		return cli_usage("list prune", "its words are not UTF-8");
	}
	return rm_rows(&o, argv[1], body, is_yes);
}

/* ---- columns ---- */

static void
print_column(const json_t *r)
{
	printf("%s: column %s, version %" JSON_INTEGER_FORMAT "\n", remote_text(r, "list"),
	       remote_text(r, "column"), remote_number(r, "version"));
}

static int
change_column(const struct remote_options *o, const char *name, json_t *body)
{
	char path[512];

	if (body == NULL)
		return cli_usage("list column", "its words are not UTF-8");
	return remote_verb(o, "POST", remote_path(path, "/api/v1/lists/", name, "/columns"), body,
			   print_column);
}

int
verb_list_column(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *value = "";
	const struct cli_option options[] = {
		REMOTE_OPTIONS(o), {"--value", &value, NULL}, {NULL, NULL, NULL}};
	struct err_ctx e;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc == 4 && strcmp(argv[2], "add") == 0)
		return change_column(&o, argv[1],
				     json_pack("{s:s, s:s}", "add", argv[3], "value", value));
	if (argc == 4 && strcmp(argv[2], "drop") == 0)
		return change_column(&o, argv[1], json_pack("{s:s}", "drop", argv[3]));
	if (argc == 5 && strcmp(argv[2], "rename") == 0)
		return change_column(&o, argv[1],
				     json_pack("{s:s, s:s}", "rename", argv[3], "title", argv[4]));
	return cli_usage("list column",
			 "needs a name, and add TITLE, drop COLUMN or rename COLUMN TITLE");
}
