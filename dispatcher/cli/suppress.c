/* SPDX-License-Identifier: MIT */
/* loa suppress: phones that must not be written to. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/cli/remote.h"
#include "segments/cell.h"
#include "segments/phone_file.h"
#include "segments/reject.h"

#define BATCH_CELLS 500u
#define BATCH_BYTES (256u << 10)
#define READ_BYTES (64u << 10)
#define BAR_AFTER_MS 1000

/* ---- add and rm ---- */

/* What the person is told. */
static void
print_confirmation(const json_t *c)
{
	const char *error = remote_text(c, "error");

	if (c == NULL)
		return;
	if (error[0] != '\0')
		printf("the confirmation could not be sent: %s\n", error);
	else
		printf("confirmed by %s: %s\n", remote_text(c, "id"), remote_text(c, "text"));
}

static void
print_added(const json_t *a)
{
	printf("%s\n", remote_number(a, "added") > 0
			       ? "suppressed: no more messages, within a second"
			       : "was suppressed already, in this scope");
	print_confirmation(json_object_get(a, "confirmation"));
}

static void
print_removed(const json_t *a)
{
	printf("%s\n", remote_number(a, "removed") > 0 ? "suppressed no more, in this scope"
						       : "was not suppressed in this scope");
}

static int
act(int argc, char **argv, const char *words, const char *path, remote_print_cb print)
{
	struct remote_options o = {0};
	const char *scope = "all", *reason = NULL;
	bool is_confirmed = false, is_add = print == print_added;
	const struct cli_option options[] = {
		REMOTE_OPTIONS(o),
		{"--scope", &scope, NULL},
		{"--reason", &reason, NULL},
		{is_add ? "--confirm" : NULL, NULL, &is_confirmed}, /* the end of rm's */
		{NULL, NULL, NULL}};
	struct err_ctx e;
	json_t *body;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage(words, "needs one phone");
	if (reason == NULL)
		return cli_usage(words, "needs --reason");
	body = json_pack("{s:[s], s:s, s:s}", "phones", argv[1], "scope", scope, "reason", reason);
	if (body == NULL) {
		err_set(&e, ERR_INPUT, words, "", "its words are not UTF-8");
		return cli_fail(&e);
	}
	if (is_confirmed)
		json_object_set_new(body, "confirm", json_true());
	return remote_verb(&o, "POST", path, body, print);
}

int
verb_suppress_add(int argc, char **argv)
{
	return act(argc, argv, "suppress add", "/api/v1/suppressions", print_added);
}

int
verb_suppress_rm(int argc, char **argv)
{
	return act(argc, argv, "suppress rm", "/api/v1/suppressions/remove", print_removed);
}

/* ---- import ---- */

struct import {
	struct remote *remote;
	const char *path, *scope, *reason;
	int fd;
	uint64_t size, done; /* bytes; size 0 = not known (a pipe) */
	int64_t begun_ms;
	json_t *cells; /* the batch */
	size_t cells_bytes;
	struct buf text;	       /* scratch */
	uint64_t rows, added, already; /* what the server has acknowledged */
	json_t *rejects;
};

/* Set by SIGINT and SIGTERM: stop between two batches, say what is done. */
static volatile sig_atomic_t stopped_by;

static void
on_stop(int number)
{
	stopped_by = number;
}

static enum err
stopped(const struct import *im, struct err_ctx *e)
{
	return err_set(e, ERR_INPUT, im->path, "run it again: what is there is left as it is",
		       "stopped by a signal");
}

static enum err
send_batch(struct import *im, struct err_ctx *e)
{
	json_t *answer = NULL, *body, *v;
	const char *name;
	enum err rc;

	if (json_array_size(im->cells) == 0)
		return ERR_OK;
	body = json_pack("{s:o, s:s, s:s, s:s}", "phones", im->cells, "scope", im->scope, "reason",
			 im->reason, "source", "import");
	if (body == NULL)
		return err_set(e, ERR_INPUT, "suppress import", "", "its words are not UTF-8");
	im->cells = json_array();
	im->cells_bytes = 0;
	rc = remote_call(im->remote, "POST", "/api/v1/suppressions", body, &answer, e);
	if (rc != ERR_OK)
		return rc;
	im->rows += (uint64_t)remote_number(answer, "rows");
	im->added += (uint64_t)remote_number(answer, "added");
	im->already += (uint64_t)remote_number(answer, "already");
	json_object_foreach (json_object_get(answer, "rejects"), name, v)
		json_object_set_new(
			im->rejects, name,
			json_integer(remote_number(im->rejects, name) + json_integer_value(v)));
	json_decref(answer);
	if (clock_mono_ms() - im->begun_ms > BAR_AFTER_MS)
		remote_bar(im->size > 0 ? im->done : im->rows, im->size, "read");
	return stopped_by != 0 ? stopped(im, e) : ERR_OK;
}

static enum err
on_cell(void *arg, struct slice cell, struct err_ctx *e)
{
	struct import *im = arg;

	buf_reset(&im->text);
	cell_clean(&im->text, cell);
	json_array_append_new(im->cells, json_of_slice(buf_slice(&im->text)));
	im->cells_bytes += im->text.len;
	return json_array_size(im->cells) < BATCH_CELLS && im->cells_bytes < BATCH_BYTES
		       ? ERR_OK
		       : send_batch(im, e);
}

/* 0 = the end. */
static enum err
read_some(struct import *im, char *bytes, size_t *n, struct err_ctx *e)
{
	ssize_t got;

	do
		got = read(im->fd, bytes, READ_BYTES);
	while (got < 0 && errno == EINTR && stopped_by == 0);
	if (stopped_by != 0)
		return stopped(im, e);
	if (got < 0)
		return err_set(e, ERR_INPUT, im->path, "", "cannot be read: %s", strerror(errno));
	*n = (size_t)got;
	im->done += (uint64_t)got;
	return ERR_OK;
}

static enum err
read_file(struct import *im, const char *column, struct err_ctx *e)
{
	struct phone_file_options o = {
		.file = im->path, .column = column, .on_cell = on_cell, .arg = im};
	struct phone_file *f = phone_file_new(&o);
	char *bytes = xmalloc(READ_BYTES);
	size_t n = 0;
	enum err rc;

	do {
		rc = read_some(im, bytes, &n, e);
		if (rc == ERR_OK && n > 0)
			rc = phone_file_feed(f, (struct slice){bytes, n}, e);
	} while (rc == ERR_OK && n > 0);
	if (rc == ERR_OK)
		rc = phone_file_finish(f, e);
	if (rc == ERR_OK)
		rc = send_batch(im, e);
	remote_bar_end();
	free(bytes);
	phone_file_free(f);
	return rc;
}

/* rows_read = added + already + the sum of rejects, also when it ended early. */
static void
report(const struct import *im, bool is_complete, bool is_json)
{
	const char *name;
	json_t *v;

	if (is_json) {
		remote_print_json(json_pack(
			"{s:s, s:b, s:I, s:I, s:I, s:O}", "file", im->path, "complete", is_complete,
			"rows_read", (json_int_t)im->rows, "added", (json_int_t)im->added,
			"already", (json_int_t)im->already, "rejects", im->rejects));
		return;
	}
	printf("%s%s: %" PRIu64 " rows read\n", im->path, is_complete ? "" : " (not to its end)",
	       im->rows);
	printf("  added:    %-28s %8" PRIu64 "\n", "", im->added);
	printf("  already:  %-28s %8" PRIu64 "\n", "", im->already);
	json_object_foreach (im->rejects, name, v)
		printf("  rejected: %-28s %8" JSON_INTEGER_FORMAT "\n", name,
		       json_integer_value(v));
}

static int
run_import(struct import *im, const struct remote_options *o, const char *column)
{
	struct sigaction sa = {.sa_handler = on_stop};
	bool is_stdin = strcmp(im->path, "-") == 0;
	struct stat st;
	struct err_ctx e;
	enum err rc;

	im->fd = is_stdin ? STDIN_FILENO : open(im->path, O_RDONLY | O_CLOEXEC);
	if (im->fd < 0) {
		err_set(&e, ERR_INPUT, im->path, "check the path and its permissions", "%s",
			strerror(errno));
		return cli_fail(&e);
	}
	if (fstat(im->fd, &st) == 0 && S_ISREG(st.st_mode))
		im->size = (uint64_t)st.st_size;
	rc = remote_open(o, &im->remote, &e);
	if (rc == ERR_OK) {
		im->cells = json_array();
		im->rejects = json_object();
		im->begun_ms = clock_mono_ms();
		sigaction(SIGINT, &sa, NULL);
		sigaction(SIGTERM, &sa, NULL);
		rc = read_file(im, column, &e);
		remote_close(im->remote);
		if (rc == ERR_OK || im->rows > 0)
			report(im, rc == ERR_OK, o->is_json);
		json_decref(im->cells);
		json_decref(im->rejects);
		buf_free(&im->text);
	}
	if (!is_stdin)
		close(im->fd);
	return rc == ERR_OK ? 0 : cli_fail(&e);
}

int
verb_suppress_import(int argc, char **argv)
{
	struct remote_options o = {0};
	struct import im = {.scope = "all"};
	const char *column = NULL;
	const struct cli_option options[] = {REMOTE_OPTIONS(o),
					     {"--phone", &column, NULL},
					     {"--scope", &im.scope, NULL},
					     {"--reason", &im.reason, NULL},
					     {NULL, NULL, NULL}};
	struct err_ctx e;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage("suppress import", "needs a file");
	if (im.reason == NULL)
		return cli_usage("suppress import", "needs --reason");
	im.path = argv[1];
	return run_import(&im, &o, column);
}

/* ---- ls ---- */

static void
print_entries(const json_t *answer, bool is_json)
{
	json_t *list = json_object_get(answer, "suppressions"), *one;
	size_t i;

	json_array_foreach (list, i, one) {
		if (is_json) {
			json_dumpf(one, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
			putchar('\n');
		} else {
			printf("%s  %s  %-16s %-8s %s\n", remote_text(one, "phone"),
			       remote_text(one, "since"), remote_text(one, "scope"),
			       remote_text(one, "source"), remote_text(one, "reason"));
		}
	}
}

static void
print_phone(const json_t *answer)
{
	json_t *history = json_object_get(answer, "history"), *one;
	size_t i;

	if (json_array_size(json_object_get(answer, "suppressions")) == 0)
		printf("not suppressed\n");
	print_entries(answer, false);
	json_array_foreach (history, i, one)
		printf("  %s  %-3s  %-16s %-8s %s\n", remote_text(one, "at"),
		       remote_text(one, "act"), remote_text(one, "scope"),
		       remote_text(one, "source"), remote_text(one, "reason"));
}

static enum err
print_pages(struct remote *r, const char *full, bool is_json, struct err_ctx *e)
{
	char cursor[24] = "0", path[128];
	json_int_t erased = 0;
	enum err rc;

	do {
		json_t *answer = NULL;

		snprintf(path, sizeof(path), "/api/v1/suppressions?cursor=%s%s", cursor, full);
		rc = remote_call(r, "GET", path, NULL, &answer, e);
		if (rc != ERR_OK)
			return rc;
		print_entries(answer, is_json);
		erased = remote_number(answer, "erased");
		snprintf(cursor, sizeof(cursor), "%s", remote_text(answer, "next"));
		json_decref(answer);
	} while (cursor[0] != '\0');
	if (erased > 0 && !is_json)
		printf("and %" JSON_INTEGER_FORMAT " of people who were erased\n", erased);
	return ERR_OK;
}

int
verb_suppress_ls(int argc, char **argv)
{
	struct remote_options o = {0};
	bool is_full = false;
	const struct cli_option options[] = {
		REMOTE_OPTIONS(o), {"--full", NULL, &is_full}, {NULL, NULL, NULL}};
	const char *full;
	struct remote *r;
	char path[512];
	struct err_ctx e;
	enum err rc;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc > 2)
		return cli_usage("suppress ls", "takes one phone at most");
	full = is_full ? "&full=1" : "";
	if (argc == 2)
		return remote_verb(&o, "GET",
				   remote_path(path, "/api/v1/suppressions?phone=", argv[1], full),
				   NULL, print_phone);
	rc = remote_open(&o, &r, &e);
	if (rc == ERR_OK) {
		rc = print_pages(r, full, o.is_json, &e);
		remote_close(r);
	}
	return rc == ERR_OK ? 0 : cli_fail(&e);
}
