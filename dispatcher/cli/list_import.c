/* SPDX-License-Identifier: MIT */
/* loa list import: files go to the server in pieces; their report, or that of a dry run. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "dispatcher/cli/remote.h"
#include "segments/import_choices.h"

#define PIECE_BYTES (2u << 20)

struct upload {
	struct remote *remote;
	const char *const *paths; /* [count]; "-" = standard input */
	size_t count;
	const char *path; /* the one that goes now */
	char id[64];
	int fd;
	uint64_t size; /* 0 = not known (a pipe) */
};

/* What the words of the command said. */
struct wishes {
	struct remote_options remote;
	const char *phone, *language_from, *sheet, *encoding, *mode, *key;
	const char *purpose, *legal_basis, *source, *retain_until;
	const char *maps[CHOICES_MAX], *keeps[CHOICES_MAX];
	size_t map_count, keep_count;
	bool is_demo, is_dry, is_fresh;
};

static const char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* Fills the piece, also from a pipe; n = 0 at the end. */
static enum err
read_piece(const struct upload *u, char *piece, size_t *n, struct err_ctx *e)
{
	*n = 0;
	while (*n < PIECE_BYTES) {
		ssize_t got = read(u->fd, piece + *n, PIECE_BYTES - *n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(e, ERR_INPUT, u->path, "name a file that can be read",
				       "cannot be read: %s", strerror(errno));
		if (got == 0)
			break;
		*n += (size_t)got;
	}
	return ERR_OK;
}

static enum err
upload_pieces(struct upload *u, struct err_ctx *e)
{
	char *piece = xmalloc(PIECE_BYTES);
	uint64_t offset = 0;
	size_t n = 1;
	enum err rc = ERR_OK;

	while (rc == ERR_OK && n > 0) {
		char path[128];
		json_t *answer = NULL;

		rc = read_piece(u, piece, &n, e);
		if (rc != ERR_OK || n == 0)
			break;
		snprintf(path, sizeof(path), "/api/v1/imports/%s?offset=%" PRIu64, u->id, offset);
		rc = remote_send(u->remote, "PUT", path, "application/octet-stream",
				 (struct slice){piece, n}, &answer, e);
		json_decref(answer);
		offset += n;
		remote_bar(offset, u->size, "read");
	}
	remote_bar_end();
	free(piece);
	return rc;
}

static const char *
what_goes_on(const char *state)
{
	if (strcmp(state, "reading") == 0)
		return "rows read";
	return strcmp(state, "chaining") == 0 ? "rows read, those that share a phone are chained"
					      : "rows read, the list is changed";
}

/* The end of a file: of the last one the commit. Asked again while the rows of a workbook are read. */
static enum err
upload_end(struct upload *u, size_t number, json_t **report, struct err_ctx *e)
{
	bool is_last = number == u->count;
	char path[128];
	enum err rc = ERR_OK;

	if (is_last)
		snprintf(path, sizeof(path), "/api/v1/imports/%s/commit", u->id);
	else
		snprintf(path, sizeof(path), "/api/v1/imports/%s/next?number=%zu", u->id,
			 number + 1);
	while (rc == ERR_OK) {
		json_t *body =
			is_last ? NULL : json_pack("{s:s}", "file", name_of(u->paths[number]));

		if (!is_last && body == NULL)
			return err_set(e, ERR_INPUT, "list import", "", "its words are not UTF-8");
		rc = remote_call(u->remote, "POST", path, body, report, e);
		if (rc != ERR_OK || json_object_get(*report, "state") == NULL)
			break;
		remote_bar((uint64_t)remote_number(*report, "rows_read"), 0,
			   what_goes_on(remote_text(*report, "state")));
		json_decref(*report);
		*report = NULL;
	}
	remote_bar_end();
	return rc;
}

static void
add_strings(json_t *to, const char *key, const char *const *words, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(words[i]));
	json_object_set_new(to, key, array);
}

static void
add_word(json_t *to, const char *key, const char *word)
{
	if (word != NULL)
		json_object_set_new(to, key, json_string(word));
}

static enum err
upload_begin(struct upload *u, const char *list, const struct wishes *w, struct err_ctx *e)
{
	json_t *begin = json_pack("{s:s, s:s, s:I, s:b, s:b, s:b}", "list", list, "file",
				  name_of(u->paths[0]), "files", (json_int_t)u->count, "demo",
				  w->is_demo, "dry_run", w->is_dry, "fresh", w->is_fresh);
	json_t *answer = NULL;
	enum err rc;

	if (begin == NULL)
		return err_set(e, ERR_INPUT, "list import", "", "its words are not UTF-8");
	add_word(begin, "phone", w->phone);
	add_word(begin, "sheet", w->sheet);
	add_word(begin, "language_from", w->language_from);
	add_word(begin, "encoding", w->encoding);
	add_word(begin, "purpose", w->purpose);
	add_word(begin, "legal_basis", w->legal_basis);
	add_word(begin, "source", w->source);
	add_word(begin, "retain_until", w->retain_until);
	add_word(begin, "mode", w->mode);
	add_word(begin, "key", w->key);
	add_strings(begin, "map", w->maps, w->map_count);
	add_strings(begin, "keep", w->keeps, w->keep_count);
	rc = remote_call(u->remote, "POST", "/api/v1/imports", begin, &answer, e);
	if (rc != ERR_OK)
		return rc;
	snprintf(u->id, sizeof(u->id), "%s", remote_text(answer, "import"));
	json_decref(answer);
	return ERR_OK;
}

/* One file from its first byte to what the server says at its end. */
static enum err
upload_file(struct upload *u, size_t number, json_t **report, struct err_ctx *e)
{
	bool is_stdin = strcmp(u->paths[number - 1], "-") == 0;
	struct stat st;
	enum err rc;

	u->path = u->paths[number - 1];
	u->fd = is_stdin ? STDIN_FILENO : open(u->path, O_RDONLY | O_CLOEXEC);
	if (u->fd < 0)
		return err_set(e, ERR_INPUT, u->path, "check the path and its permissions", "%s",
			       strerror(errno));
	u->size = fstat(u->fd, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	rc = upload_pieces(u, e);
	if (rc == ERR_OK)
		rc = upload_end(u, number, report, e);
	if (!is_stdin)
		close(u->fd);
	return rc;
}

static enum err
upload_files(struct upload *u, const char *list, const struct wishes *w, json_t **report,
	     struct err_ctx *e)
{
	json_t *answer = NULL;
	char path[128];
	enum err rc = upload_begin(u, list, w, e);

	if (rc != ERR_OK)
		return rc;
	for (size_t i = 1; i <= u->count && rc == ERR_OK; i++) {
		json_decref(*report);
		*report = NULL;
		rc = upload_file(u, i, report, e);
	}
	if (rc == ERR_OK)
		return rc;
	/* The server has given it up already if it was its error; then this finds nothing. */
	snprintf(path, sizeof(path), "/api/v1/imports/%s", u->id);
	(void)!remote_call(u->remote, "DELETE", path, NULL, &answer, NULL);
	json_decref(answer);
	return rc;
}

static void
print_counts(const char *title, const json_t *counts)
{
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)counts, key, v)
		printf("  %-10s %-28s %8" JSON_INTEGER_FORMAT "\n", title, key,
		       json_integer_value(v));
}

static void
print_columns(const json_t *r)
{
	json_t *columns = json_object_get(r, "columns"), *c;
	size_t i;

	printf("  columns:\n");
	json_array_foreach (columns, i, c) {
		json_int_t misfits = remote_number(c, "misfits");

		printf("    %-24s %-8s %s%s", remote_text(c, "name"), remote_text(c, "type"),
		       remote_text(c, "title"),
		       strcmp(remote_text(c, "name"), remote_text(r, "phone_column")) == 0
			       ? "  (phone)"
			       : "");
		if (misfits > 0)
			printf("  %" JSON_INTEGER_FORMAT " do not fit", misfits);
		if (json_object_get(c, "encoding") != NULL)
			printf("  was %s", remote_text(c, "encoding"));
		printf("%s%s%s\n", json_is_true(json_object_get(c, "hidden")) ? "  hidden" : "",
		       json_object_get(c, "from") != NULL ? "  from " : "", remote_text(c, "from"));
	}
}

/* Columns that are not in the list, and those that are although they are sensitive. */
static void
print_left_columns(const json_t *r)
{
	json_t *c;
	size_t i;

	json_array_foreach (json_object_get(r, "columns_left_out"), i, c) {
		if (json_is_string(json_object_get(c, "sensitive")))
			printf("  left out: %s: sensitive (%s); --keep \"%s=REASON\" keeps it\n",
			       remote_text(c, "title"), remote_text(c, "sensitive"),
			       remote_text(c, "title"));
		else
			printf("  left out: %s\n", remote_text(c, "title"));
	}
	json_array_foreach (json_object_get(r, "sensitive_kept"), i, c)
		printf("  kept although sensitive (%s): %s: %s\n", remote_text(c, "sensitive"),
		       remote_text(c, "title"), remote_text(c, "reason"));
}

/* What only a dry run has: the table as it was found, rows as they were understood. */
static void
print_dry_table(const json_t *r)
{
	const json_t *header = json_object_get(r, "header");
	const char *separator = remote_text(r, "separator");
	bool is_workbook = json_is_object(json_object_get(r, "workbook"));
	json_t *row, *v;
	const char *key;
	size_t i;

	printf("  ");
	if (!is_workbook)
		printf("encoding %s, separator %s, ", remote_text(r, "encoding"),
		       strcmp(separator, "\t") == 0 ? "tab" : separator);
	printf("titles in %s %" JSON_INTEGER_FORMAT "%s, choices: %s\n",
	       is_workbook ? "row" : "line", remote_number(header, "line"),
	       remote_number(header, "rows") == 2 ? " and the one below" : "",
	       remote_text(r, "choices"));
	if (json_object_get(r, "encoding_sample") != NULL)
		printf("  read as: %s\n", remote_text(r, "encoding_sample"));
	json_array_foreach (json_object_get(r, "sample"), i, row) {
		printf("  row %zu:\n", i + 1);
		json_object_foreach (row, key, v)
			printf("    %-24s %s\n", key, json_string_value(v));
	}
}

static void
print_cells(const json_t *cells, json_int_t count, const char *what)
{
	json_t *v;
	size_t i;

	if (count == 0)
		return;
	printf("  %" JSON_INTEGER_FORMAT " cells %s:", count, what);
	json_array_foreach (cells, i, v)
		printf(" %s", json_string_value(v));
	printf("%s\n", (json_int_t)json_array_size(cells) < count ? " …" : "");
}

/* Is sheet `name` of the file of table t one of those that were read? */
static bool
is_read(const json_t *tables, const json_t *t, const char *name)
{
	json_t *other;
	size_t i;

	json_array_foreach (tables, i, other)
		if (strcmp(remote_text(other, "file"), remote_text(t, "file")) == 0 &&
		    strcmp(remote_text(json_object_get(other, "workbook"), "sheet"), name) == 0)
			return true;
	return strcmp(remote_text(json_object_get(t, "workbook"), "sheet"), name) == 0;
}

static void
print_unread(const json_t *tables, const json_t *t)
{
	json_t *v;
	size_t i;

	json_array_foreach (json_object_get(json_object_get(t, "workbook"), "sheets"), i, v)
		if (json_is_true(json_object_get(v, "list")) &&
		    !is_read(tables, t, remote_text(v, "name")))
			printf("  NOT read: sheet %s, which looks like a list too%s%s; --sheet "
			       "\"%s\" reads it\n",
			       remote_text(v, "name"),
			       json_is_true(json_object_get(v, "same_titles"))
				       ? ", with the same titles"
				       : "",
			       strcmp(remote_text(v, "visibility"), "visible") == 0 ? ""
										    : " (hidden)",
			       remote_text(v, "name"));
}

/* What in a sheet somebody may not think of. */
static void
print_seen(const json_t *w)
{
	json_int_t hidden = remote_number(w, "rows_hidden"),
		   filled = remote_number(w, "cells_filled");
	json_t *v;
	size_t i;

	if (json_array_size(json_object_get(w, "columns_hidden")) > 0) {
		printf("  columns hidden in the sheet, and read like the others:");
		json_array_foreach (json_object_get(w, "columns_hidden"), i, v)
			printf(" %s", json_string_value(v));
		printf("\n");
	}
	if (hidden > 0)
		printf("  %" JSON_INTEGER_FORMAT
		       " rows are hidden in the sheet, and read like the others\n",
		       hidden);
	if (filled > 0)
		printf("  %" JSON_INTEGER_FORMAT " cells have the value they are merged with\n",
		       filled);
	print_cells(json_object_get(w, "error_cells"), remote_number(w, "errors"),
		    "are errors, and taken as empty");
	print_cells(json_object_get(w, "uncalculated_cells"), remote_number(w, "uncalculated"),
		    "are formulas that no program has calculated, and taken as empty");
}

/* One of several files or sheets. */
static void
print_table(const json_t *tables, const json_t *t)
{
	const json_t *workbook = json_object_get(t, "workbook");

	printf("  %s", remote_text(t, "file"));
	if (workbook != NULL)
		printf(", sheet %s", remote_text(workbook, "sheet"));
	printf(": %" JSON_INTEGER_FORMAT " rows read, %" JSON_INTEGER_FORMAT " kept%s\n",
	       remote_number(t, "rows_read"), remote_number(t, "rows_kept"),
	       strcmp(remote_text(t, "choices"), "remembered") == 0
		       ? "; read as the last table with these titles, --fresh reads it anew"
		       : "");
	if (workbook == NULL)
		return;
	print_seen(workbook);
	print_unread(tables, t);
}

/* What became of the list's rows. */
static void
print_update(const json_t *r)
{
	const char *key = remote_text(r, "key");
	json_t *v;
	size_t i;

	if (json_object_get(r, "mode") == NULL)
		return;
	printf("  mode %s, key %s\n", remote_text(r, "mode"), key[0] != '\0' ? key : "phone");
	if (json_object_get(r, "updated") == NULL)
		return;
	printf("  rows updated %" JSON_INTEGER_FORMAT ", unchanged %" JSON_INTEGER_FORMAT,
	       remote_number(r, "updated"), remote_number(r, "unchanged"));
	if (remote_number(r, "not_told") > 0)
		printf(", with nothing new but perhaps a sensitive value %" JSON_INTEGER_FORMAT,
		       remote_number(r, "not_told"));
	printf(", appended %" JSON_INTEGER_FORMAT "; the list had %" JSON_INTEGER_FORMAT
	       " rows and %s %" JSON_INTEGER_FORMAT "\n",
	       remote_number(r, "appended"), remote_number(r, "rows_before"),
	       json_is_true(json_object_get(r, "dry_run")) ? "would have" : "has",
	       remote_number(r, "rows_after"));
	json_array_foreach (json_object_get(r, "columns_added"), i, v)
		printf("%s%s", i == 0 ? "  columns added: " : ", ", json_string_value(v));
	if (i > 0)
		printf("\n");
}

static void
print_import(const json_t *r)
{
	bool is_dry = json_is_true(json_object_get(r, "dry_run"));
	json_t *table;
	size_t i;

	printf("%s: %" JSON_INTEGER_FORMAT " rows read, %" JSON_INTEGER_FORMAT " kept",
	       remote_text(r, "file"), remote_number(r, "rows_read"),
	       remote_number(r, "rows_kept"));
	if (is_dry)
		printf("; a dry run: nothing is stored\n");
	else
		printf(": version %" JSON_INTEGER_FORMAT "\n", remote_number(r, "version"));
	print_update(r);
	if (json_is_object(json_object_get(r, "workbook"))) {
		printf("  sheet %s\n", remote_text(json_object_get(r, "workbook"), "sheet"));
		print_unread(NULL, r);
		print_seen(json_object_get(r, "workbook"));
	}
	json_array_foreach (json_object_get(r, "tables"), i, table) {
		print_table(json_object_get(r, "tables"), table);
		if (is_dry)
			print_dry_table(table);
	}
	print_counts("left out:", json_object_get(r, "left_out"));
	print_counts("rejected:", json_object_get(r, "rejects"));
	print_counts("mended:", json_object_get(r, "repairs"));
	print_columns(r);
	print_left_columns(r);
	if (!is_dry && strcmp(remote_text(r, "choices"), "remembered") == 0)
		printf("  read as the last table with these titles; --fresh reads it anew\n");
	if (is_dry && json_object_get(r, "tables") == NULL)
		print_dry_table(r);
	if (is_dry && json_object_size(json_object_get(r, "rejects")) > 0)
		printf("  rejected rows:\n%s", remote_text(r, "rejected_rows"));
}

/* A path that is none is told before anything is sent. */
static enum err
check_paths(const struct upload *u, struct err_ctx *e)
{
	for (size_t i = 0; i < u->count; i++)
		if (strcmp(u->paths[i], "-") != 0 && access(u->paths[i], R_OK) != 0)
			return err_set(e, ERR_INPUT, u->paths[i],
				       "check the path and its permissions", "%s", strerror(errno));
	return ERR_OK;
}

static int
run_import(const struct wishes *w, const char *list, const char *const *files, size_t count)
{
	struct upload u = {.paths = files, .count = count};
	struct err_ctx e;
	json_t *report = NULL;
	enum err rc = check_paths(&u, &e);

	if (rc == ERR_OK)
		rc = remote_open(&w->remote, &u.remote, &e);
	if (rc == ERR_OK) {
		rc = upload_files(&u, list, w, &report, &e);
		remote_close(u.remote);
	}
	if (rc != ERR_OK) {
		json_decref(report);
		return cli_fail(&e);
	}
	if (w->remote.is_json) {
		remote_print_json(report);
		return 0;
	}
	print_import(report);
	json_decref(report);
	return 0;
}

/* Each `name WORD` counts, not the last one only: they are taken out first. */
static enum err
take_words(const char *name, const char **words, size_t *count, int *argc, char **argv,
	   struct err_ctx *e)
{
	size_t n = strlen(name);
	int to = 0;

	for (int i = 0; i < *argc; i++) {
		const char *word;

		if (strcmp(argv[i], name) == 0)
			word = i + 1 < *argc ? argv[++i] : NULL;
		else if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=')
			word = argv[i] + n + 1;
		else {
			argv[to++] = argv[i];
			continue;
		}
		if (word == NULL)
			return err_set(e, ERR_USAGE, name, "", "needs a word behind it");
		if (*count == CHOICES_MAX)
			return err_set(e, ERR_USAGE, name, "", "more than %u", CHOICES_MAX);
		words[(*count)++] = word;
	}
	*argc = to;
	return ERR_OK;
}

int
verb_list_import(int argc, char **argv)
{
	struct wishes w = {0};
	const struct cli_option options[] = {REMOTE_OPTIONS(w.remote),
					     {"--phone", &w.phone, NULL},
					     {"--sheet", &w.sheet, NULL},
					     {"--language-from", &w.language_from, NULL},
					     {"--encoding", &w.encoding, NULL},
					     {"--purpose", &w.purpose, NULL},
					     {"--legal-basis", &w.legal_basis, NULL},
					     {"--source", &w.source, NULL},
					     {"--retain-until", &w.retain_until, NULL},
					     {"--mode", &w.mode, NULL},
					     {"--key", &w.key, NULL},
					     {"--demo", NULL, &w.is_demo},
					     {"--dry-run", NULL, &w.is_dry},
					     {"--fresh", NULL, &w.is_fresh},
					     {NULL, NULL, NULL}};
	struct err_ctx e;

	if (take_words("--map", w.maps, &w.map_count, &argc, argv, &e) != ERR_OK ||
	    take_words("--keep", w.keeps, &w.keep_count, &argc, argv, &e) != ERR_OK ||
	    cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc < 3)
		return cli_usage("list import", "needs a name and a file");
	return run_import(&w, argv[1], (const char *const *)(argv + 2), (size_t)argc - 2);
}
