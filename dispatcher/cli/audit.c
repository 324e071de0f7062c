/* SPDX-License-Identifier: MIT */
/* loa audit: what people decided. The chain is checked here, not by the server. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "dispatcher/cli/remote.h"
#include "dispatcher/store/audit.h"

#define PAGE 500u
#define LINE_MAX_BYTES (1u << 17)

/* ---- ls ---- */

static void
print_entry(const json_t *one)
{
	const char *text = remote_text(one, "entry");
	json_t *entry = json_loads(text, 0, NULL);
	struct buf details = {0};

	if (entry == NULL) {
		printf("%6" JSON_INTEGER_FORMAT "  (not readable)\n", remote_number(one, "n"));
		return;
	}
	json_add_value(&details, json_object_get(entry, "details"));
	printf("%6" JSON_INTEGER_FORMAT "  %s  %-16s %-18s %-24s %s\n", remote_number(one, "n"),
	       remote_text(entry, "time"), remote_text(entry, "actor"), remote_text(entry, "act"),
	       remote_text(entry, "object"), details.data != NULL ? details.data : "");
	buf_free(&details);
	json_decref(entry);
}

static void
print_entries(const json_t *answer)
{
	json_t *list = json_object_get(answer, "entries"), *one;
	size_t i;

	json_array_foreach (list, i, one)
		print_entry(one);
}

int
verb_audit_ls(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *count = "20";
	const struct cli_option options[] = {
		REMOTE_OPTIONS(o), {"-n", &count, NULL}, {NULL, NULL, NULL}};
	struct err_ctx e;
	int64_t n = 0;
	char path[64];

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 1 || !slice_to_i64(slice_of(count), &n) || n < 1 || n > (int64_t)PAGE)
		return cli_usage("audit ls", "-n is 1 to 500");
	snprintf(path, sizeof(path), "/api/v1/audit?limit=%" PRId64, n);
	return remote_verb(&o, "GET", path, NULL, print_entries);
}

/* ---- verify and export ---- */

struct walk {
	struct audit_chain chain;
	FILE *file; /* NULL = only checked */
	enum err verdict;
	struct err_ctx why; /* where it breaks */
};

static void
walk_entry(struct walk *w, const json_t *one)
{
	const char *text = remote_text(one, "entry"), *hash = remote_text(one, "hash");
	uint64_t n = (uint64_t)remote_number(one, "n");

	if (w->file != NULL)
		fprintf(w->file, "{\"n\":%" PRIu64 ",\"hash\":\"%s\",\"entry\":%s}\n", n, hash,
			text[0] != '\0' ? text : "null");
	if (w->verdict == ERR_OK)
		w->verdict =
			audit_chain_next(&w->chain, n, slice_of(text), slice_of(hash), &w->why);
}

/* Page by page to the head. */
static enum err
walk_server(struct walk *w, const struct remote_options *o, struct err_ctx *e)
{
	uint64_t from = 1, total = 0;
	struct remote *r;
	bool is_end = false;
	enum err rc = remote_open(o, &r, e);

	if (rc != ERR_OK)
		return rc;
	while (rc == ERR_OK && !is_end) {
		json_t *answer = NULL, *list, *head, *one;
		char path[96];
		size_t i;

		snprintf(path, sizeof(path), "/api/v1/audit?from=%" PRIu64 "&limit=%u", from, PAGE);
		rc = remote_call(r, "GET", path, NULL, &answer, e);
		if (rc != ERR_OK)
			break;
		list = json_object_get(answer, "entries");
		head = json_object_get(answer, "head");
		json_array_foreach (list, i, one) {
			walk_entry(w, one);
			from = (uint64_t)remote_number(one, "n") + 1;
		}
		total = (uint64_t)remote_number(head, "n");
		is_end = json_array_size(list) < PAGE;
		if (is_end && w->verdict == ERR_OK)
			w->verdict = audit_chain_end(&w->chain, total,
						     slice_of(remote_text(head, "hash")), &w->why);
		json_decref(answer);
		if (total > 2 * PAGE)
			remote_bar(from, total, "read");
	}
	remote_bar_end();
	remote_close(r);
	return rc;
}

/* A line of an export: the entry in its canonical form again. */
static enum err
walk_line(struct walk *w, struct slice line, const char *path, int number, struct err_ctx *e)
{
	json_t *v = NULL, *entry, *one;
	char *text;

	if (json_parse(line, LINE_MAX_BYTES, path, &v, e) != ERR_OK)
		return err_set(e, ERR_INPUT, path, "", "line %d is no entry of an audit", number);
	entry = json_object_get(v, "entry");
	text = entry != NULL ? json_dumps(entry, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY)
			     : NULL;
	one = json_pack("{s:I, s:s, s:s}", "n", remote_number(v, "n"), "hash",
			remote_text(v, "hash"), "entry", text != NULL ? text : "");
	walk_entry(w, one);
	free(text);
	json_decref(one);
	json_decref(v);
	return ERR_OK;
}

static enum err
walk_file(struct walk *w, const char *path, struct err_ctx *e)
{
	FILE *f = fopen(path, "re");
	char *line = xmalloc(LINE_MAX_BYTES);
	enum err rc = ERR_OK;
	int number = 0;

	if (f == NULL) {
		free(line);
		return err_set(e, ERR_INPUT, path, "check the path and its permissions", "%s",
			       strerror(errno));
	}
	while (rc == ERR_OK && fgets(line, LINE_MAX_BYTES, f) != NULL)
		rc = walk_line(w, slice_trim(slice_of(line)), path, ++number, e);
	if (rc == ERR_OK && ferror(f))
		rc = err_set(e, ERR_SYSTEM, path, "", "cannot be read: %s", strerror(errno));
	fclose(f);
	free(line);
	return rc;
}

/* The verdict to stdout, where it breaks to stderr. */
static int
say(const struct walk *w, bool is_json)
{
	char hash[AUDIT_HASH_HEX] = "";

	for (size_t i = 0; i < sizeof(w->chain.hash); i++)
		snprintf(hash + 2 * i, 3, "%02x", w->chain.hash[i]);
	if (is_json)
		remote_print_json(json_pack("{s:b, s:I, s:s, s:s}", "whole", w->verdict == ERR_OK,
					    "entries", (json_int_t)w->chain.n, "hash", hash, "why",
					    w->verdict == ERR_OK ? "" : w->why.why));
	else if (w->verdict == ERR_OK)
		printf("whole: %" PRIu64 " entries, the last has the hash %s\n", w->chain.n, hash);
	return w->verdict == ERR_OK ? 0 : cli_fail(&w->why);
}

int
verb_audit_verify(int argc, char **argv)
{
	struct remote_options o = {0};
	const struct cli_option options[] = {REMOTE_OPTIONS(o), {NULL, NULL, NULL}};
	struct walk w = {0};
	struct err_ctx e;
	enum err rc;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc > 2)
		return cli_usage("audit verify", "takes one file at most");
	rc = argc == 2 ? walk_file(&w, argv[1], &e) : walk_server(&w, &o, &e);
	return rc != ERR_OK ? cli_fail(&e) : say(&w, o.is_json);
}

static enum err
export_to(struct walk *w, const struct remote_options *o, const char *path, struct err_ctx *e)
{
	struct buf part = {0};
	enum err rc;
	bool is_written;

	buf_addf(&part, "%s.part", path);
	w->file = fopen(part.data, "wxe");
	if (w->file == NULL) {
		rc = err_set(e, ERR_SYSTEM, part.data, "remove it, or choose another file", "%s",
			     strerror(errno));
		buf_free(&part);
		return rc;
	}
	rc = walk_server(w, o, e);
	is_written = fflush(w->file) == 0 && fsync(fileno(w->file)) == 0;
	is_written = fclose(w->file) == 0 && is_written;
	if (rc == ERR_OK && (!is_written || rename(part.data, path) != 0))
		rc = err_set(e, ERR_SYSTEM, path, "make room there", "cannot be written: %s",
			     strerror(errno));
	if (rc != ERR_OK)
		unlink(part.data);
	buf_free(&part);
	return rc;
}

int
verb_audit_export(int argc, char **argv)
{
	struct remote_options o = {0};
	const struct cli_option options[] = {REMOTE_OPTIONS(o), {NULL, NULL, NULL}};
	struct walk w = {0};
	struct err_ctx e;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage("audit export", "needs a file");
	if (export_to(&w, &o, argv[1], &e) != ERR_OK)
		return cli_fail(&e);
	return say(&w, o.is_json);
}
