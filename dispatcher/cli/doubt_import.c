/* SPDX-License-Identifier: MIT */
/*
 * loa doubt import: a gateway's CSV as evidence. The file is read twice: once to
 * tell what it would change, and once, after a yes, for good. It is never held
 * whole: 500 rows at a time go to the server.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/csv.h"
#include "base/mem.h"
#include "dispatcher/cli/campaign.h"
#include "segments/cell.h"
#include "segments/headers.h"

#define BATCH_ROWS 500u
#define READ_BYTES (64u << 10)
#define CELL_TEXT_MAX 100u /* of what goes to the server */
#define BAR_AFTER_MS 1000
#define MAPS_MAX 64u
#define STATUSES_MAX 100u /* unknown ones that are listed */

enum import_column { REFERENCE, PHONE, ID, STATUS, COLUMNS };

struct import {
	struct remote *remote;
	const char *path, *url;
	const char *names[COLUMNS];
	int at[COLUMNS]; /* cell; -1 = the file is not asked for it */
	struct map {
		char *status;
		const char *state; /* a literal */
	} maps[MAPS_MAX];
	size_t map_count;
	bool is_dry, has_titles;
	uint64_t size, done; /* bytes */
	int64_t begun_ms;
	json_t *batch;
	struct buf cell; /* scratch */
	uint64_t rows, matched, already, unknown, unreadable;
	json_t *reasons, *statuses;
};

static const char *const states[] = {"accepted", "delivered", "undeliverable", "not-sent"};

static void
count(json_t *tally, const char *name, json_int_t n)
{
	if (json_object_get(tally, name) == NULL && json_object_size(tally) >= STATUSES_MAX)
		name = "…";
	json_object_set_new(tally, name, json_integer(remote_number(tally, name) + n));
}

/* ---- rows ---- */

static enum err
send_batch(struct import *im, struct err_ctx *e)
{
	json_t *answer = NULL, *body, *v;
	const char *name;
	enum err rc;

	if (json_array_size(im->batch) == 0)
		return ERR_OK;
	body = json_pack("{s:o, s:b, s:s}", "rows", im->batch, "dry", im->is_dry, "file", im->path);
	if (body == NULL)
		return err_set(e, ERR_USAGE, im->path, "", "its name is not UTF-8");
	im->batch = json_array();
	rc = remote_call(im->remote, "POST", im->url, body, &answer, e);
	if (rc != ERR_OK)
		return rc;
	im->matched += (uint64_t)remote_number(answer, "matched");
	im->already += (uint64_t)remote_number(answer, "already");
	im->unknown += (uint64_t)remote_number(answer, "unknown");
	im->unreadable += (uint64_t)remote_number(answer, "unreadable");
	json_object_foreach (json_object_get(answer, "reasons"), name, v)
		count(im->reasons, name, json_integer_value(v));
	json_decref(answer);
	if (clock_mono_ms() - im->begun_ms > BAR_AFTER_MS)
		remote_bar(im->done, im->size, im->is_dry ? "looked at" : "taken");
	return ERR_OK;
}

/* The cleaned cell of a column, in im->cell; NULL when it is too long. */
static const char *
cell_of(struct import *im, const struct csv_row *row, enum import_column c)
{
	buf_reset(&im->cell);
	buf_adds(&im->cell, "");
	if (im->at[c] >= 0 && (size_t)im->at[c] < row->count)
		cell_clean(&im->cell, row->cells[im->at[c]].text);
	if (im->cell.len > CELL_TEXT_MAX)
		return NULL;
	return im->cell.len > 0 ? im->cell.data : "";
}

static const char *
state_of(const struct import *im, const char *status)
{
	for (size_t i = 0; i < im->map_count; i++)
		if (strcmp(im->maps[i].status, status) == 0)
			return im->maps[i].state;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcasecmp(states[i], status) == 0)
			return states[i];
	return NULL;
}

static void
leave(struct import *im, const char *why)
{
	im->unreadable++;
	count(im->reasons, why, 1);
}

static enum err
take_row(struct import *im, const struct csv_row *row, struct err_ctx *e)
{
	static const char *const keys[] = {"reference", "phone", "id"};
	const char *status = cell_of(im, row, STATUS), *state;
	json_t *one;

	im->rows++;
	if (status == NULL || status[0] == '\0') {
		leave(im, status == NULL ? "cell-too-long" : "no-status");
		return ERR_OK;
	}
	state = state_of(im, status);
	if (state == NULL) {
		im->unknown++;
		count(im->reasons, "unknown-status", 1);
		count(im->statuses, status, 1);
		return ERR_OK;
	}
	one = json_pack("{s:s, s:s}", "state", state, "code", status);
	for (unsigned c = REFERENCE; c <= ID; c++) {
		const char *text = cell_of(im, row, c);

		if (text == NULL) {
			leave(im, "cell-too-long");
			json_decref(one);
			return ERR_OK;
		}
		if (text[0] != '\0')
			json_object_set_new(one, keys[c], json_string(text));
	}
	json_array_append_new(im->batch, one);
	return json_array_size(im->batch) < BATCH_ROWS ? ERR_OK : send_batch(im, e);
}

static enum err
take_titles(struct import *im, const struct csv_row *row, struct err_ctx *e)
{
	static const char *const words[] = {"--reference", "--phone", "--id", "--status"};
	struct schema *s = xcalloc(1, sizeof(*s));
	struct slice titles[COLUMNS_MAX];
	size_t ends[COLUMNS_MAX], from = 0;
	struct buf text = {0};
	uint32_t n = row->count < COLUMNS_MAX ? (uint32_t)row->count : COLUMNS_MAX;
	enum err rc = ERR_OK;

	for (uint32_t i = 0; i < n; i++) {
		cell_clean(&text, row->cells[i].text);
		ends[i] = text.len;
		buf_adds(&text, ", ");
	}
	for (uint32_t i = 0; i < n; i++) {
		titles[i] = (struct slice){text.data + from, ends[i] - from};
		from = ends[i] + 2;
	}
	headers_read(s, titles, n);
	for (unsigned c = 0; c < COLUMNS && rc == ERR_OK; c++) {
		im->at[c] = im->names[c] != NULL ? schema_find(s, slice_of(im->names[c])) : -1;
		if (im->names[c] != NULL && im->at[c] < 0)
			rc = err_set(e, ERR_INPUT, im->path, "name one of them",
				     "line %u: %s: no column \"%.60s\" among: %.240s", row->line,
				     words[c], im->names[c], text.data);
	}
	buf_free(&text);
	free(s);
	im->has_titles = true;
	return rc;
}

static enum err
on_row(void *arg, const struct csv_row *row, struct err_ctx *e)
{
	struct import *im = arg;

	if (!im->has_titles)
		return take_titles(im, row, e);
	if (row->count == 1 && slice_trim(row->cells[0].text).n == 0)
		return ERR_OK; /* an empty line is no row */
	return take_row(im, row, e);
}

/* ---- the file ---- */

static enum err
read_some(struct import *im, int fd, char *bytes, size_t *n, struct err_ctx *e)
{
	ssize_t got;

	do
		got = read(fd, bytes, READ_BYTES);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_set(e, ERR_INPUT, im->path, "", "cannot be read: %s", strerror(errno));
	*n = (size_t)got;
	im->done += (uint64_t)got;
	return ERR_OK;
}

static enum err
read_file(struct import *im, int fd, struct err_ctx *e)
{
	struct csv_options o = {.file = im->path,
				.cell_max = 65536,
				.cells_max = 4096,
				.row_max = 256u << 10,
				.on_row = on_row,
				.arg = im};
	char *bytes = xmalloc(READ_BYTES);
	struct csv_sniff sniff = {0};
	struct csv *csv = NULL;
	size_t n = 0, skip = 0;
	enum err rc;

	/* The first read of a file has its first line, or the row is too long anyway. */
	while ((rc = read_some(im, fd, bytes, &n, e)) == ERR_OK && n > 0) {
		skip = 0;
		if (csv == NULL) {
			skip = n >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
			for (size_t i = skip; i < n && !csv_sniff_byte(&sniff, bytes[i]); i++)
				continue;
			o.separator = csv_sniff_separator(&sniff);
			csv = csv_new(&o);
		}
		rc = csv_feed(csv, (struct slice){bytes + skip, n - skip}, e);
		if (rc != ERR_OK)
			break;
	}
	if (rc == ERR_OK && csv != NULL)
		rc = csv_finish(csv, e);
	if (rc == ERR_OK && !im->has_titles)
		rc = err_set(e, ERR_INPUT, im->path, "", "is empty");
	if (rc == ERR_OK)
		rc = send_batch(im, e);
	remote_bar_end();
	csv_free(csv);
	free(bytes);
	return rc;
}

static enum err
pass(struct import *im, bool is_dry, struct err_ctx *e)
{
	int fd = open(im->path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	enum err rc;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		rc = err_set(e, ERR_INPUT, im->path, "give a file: it is read twice", "%s",
			     fd < 0 ? strerror(errno) : "is no plain file");
		if (fd >= 0)
			close(fd);
		return rc;
	}
	im->size = (uint64_t)st.st_size;
	im->is_dry = is_dry;
	im->has_titles = false;
	im->done = im->rows = im->matched = im->already = im->unknown = im->unreadable = 0;
	im->begun_ms = clock_mono_ms();
	json_array_clear(im->batch);
	json_object_clear(im->reasons);
	json_object_clear(im->statuses);
	rc = read_file(im, fd, e);
	close(fd);
	return rc;
}

/* ---- the report ---- */

static void
report(const struct import *im, bool is_json)
{
	const char *name;
	json_t *v;

	if (is_json) {
		remote_print_json(json_pack(
			"{s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:O, s:O}", "file", im->path, "dry",
			im->is_dry, "rows_read", (json_int_t)im->rows, "matched",
			(json_int_t)im->matched, "already", (json_int_t)im->already, "unknown",
			(json_int_t)im->unknown, "unreadable", (json_int_t)im->unreadable,
			"reasons", im->reasons, "unknown_statuses", im->statuses));
		return;
	}
	printf("%s: %" PRIu64 " rows read\n", im->path, im->rows);
	printf("  %-12s %8" PRIu64 "\n", im->is_dry ? "would match" : "matched", im->matched);
	printf("  %-12s %8" PRIu64 "\n", "already", im->already);
	printf("  %-12s %8" PRIu64 "\n", "unknown", im->unknown);
	printf("  %-12s %8" PRIu64 "\n", "unreadable", im->unreadable);
	json_object_foreach (im->reasons, name, v)
		printf("    %-32s %8" JSON_INTEGER_FORMAT "\n", name, json_integer_value(v));
	json_object_foreach (im->statuses, name, v)
		printf("    status not known: %-14s %8" JSON_INTEGER_FORMAT
		       "  (--map %s=delivered, say)\n",
		       name, json_integer_value(v), name);
}

static int
run(struct import *im, const struct remote_options *o, bool is_yes)
{
	struct err_ctx e;
	enum err rc = pass(im, true, &e);
	int answer;

	if (rc != ERR_OK)
		return cli_fail(&e);
	if (im->matched == 0 || !is_yes)
		report(im, o->is_json);
	if (im->matched == 0)
		return 0;
	answer = remote_confirm(is_yes, "Take this as evidence?");
	if (answer != 0)
		return answer;
	rc = pass(im, false, &e);
	if (rc == ERR_OK || im->matched > 0)
		report(im, o->is_json);
	return rc == ERR_OK ? 0 : cli_fail(&e);
}

/* ---- words ---- */

/* "2=delivered,3=not-sent" */
static enum err
add_maps(struct import *im, const char *list, struct err_ctx *e)
{
	while (*list != '\0') {
		size_t n = strcspn(list, ",");
		const char *equal = memrchr(list, '=', n);
		size_t at = equal != NULL ? (size_t)(equal - list) : n;
		struct slice state = {list + at + 1, at < n ? n - at - 1 : 0};
		size_t i = 0;

		while (i < sizeof(states) / sizeof(states[0]) && !slice_is(state, states[i]))
			i++;
		if (at == 0 || i == sizeof(states) / sizeof(states[0]))
			return err_set(e, ERR_USAGE, "--map",
				       "write --map STATUS=accepted, delivered, undeliverable or "
				       "not-sent",
				       "\"%.*s\" says no state", (int)n, list);
		if (im->map_count == MAPS_MAX)
			return err_set(e, ERR_USAGE, "--map", "", "more than %u", MAPS_MAX);
		im->maps[im->map_count].status = xmemdup0(list, at);
		im->maps[im->map_count++].state = states[i];
		list += n + (list[n] == ',');
	}
	return ERR_OK;
}

/* Each --map counts, not the last one only: they are taken out first. */
static enum err
take_maps(const char *lists[MAPS_MAX], size_t *n, int *argc, char **argv, struct err_ctx *e)
{
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		bool is_here = strncmp(argv[i], "--map=", 6) == 0;

		if (!is_here && strcmp(argv[i], "--map") != 0) {
			argv[kept++] = argv[i];
			continue;
		}
		if (*n == MAPS_MAX || (!is_here && i + 1 == *argc))
			return err_set(e, ERR_USAGE, "--map", "write --map STATUS=delivered, say",
				       "needs a value, and at most %u are taken", MAPS_MAX);
		lists[(*n)++] = is_here ? argv[i] + 6 : argv[++i];
	}
	*argc = kept;
	return ERR_OK;
}

static int
import_with(struct import *im, const struct remote_options *o, bool is_yes)
{
	struct err_ctx e;
	int rc;

	if (remote_open(o, &im->remote, &e) != ERR_OK)
		return cli_fail(&e);
	im->batch = json_array();
	im->reasons = json_object();
	im->statuses = json_object();
	rc = run(im, o, is_yes);
	remote_close(im->remote);
	json_decref(im->batch);
	json_decref(im->reasons);
	json_decref(im->statuses);
	buf_free(&im->cell);
	return rc;
}

int
verb_doubt_import(int argc, char **argv)
{
	struct remote_options o = {0};
	struct import im = {0};
	const char *of_run = NULL;
	bool is_yes = false;
	const struct cli_option options[] = {REMOTE_OPTIONS(o),
					     {"--reference", &im.names[REFERENCE], NULL},
					     {"--phone", &im.names[PHONE], NULL},
					     {"--id", &im.names[ID], NULL},
					     {"--status", &im.names[STATUS], NULL},
					     {"--run", &of_run, NULL},
					     {"--yes", NULL, &is_yes},
					     {NULL, NULL, NULL}};
	const char *lists[MAPS_MAX];
	size_t list_count = 0;
	struct buf url = {0};
	struct err_ctx e;
	enum err code;
	int rc;

	code = take_maps(lists, &list_count, &argc, argv, &e);
	if (code == ERR_OK)
		code = cli_parse(&argc, argv, options, &e);
	for (size_t i = 0; i < list_count && code == ERR_OK; i++)
		code = add_maps(&im, lists[i], &e);
	if (code != ERR_OK) {
		rc = cli_fail(&e);
	} else if (argc != 3) {
		rc = cli_usage("doubt import", "needs a campaign and a file");
	} else if (im.names[STATUS] == NULL || (im.names[REFERENCE] == NULL &&
						im.names[ID] == NULL && im.names[PHONE] == NULL)) {
		rc = cli_usage("doubt import", "needs --status, and --reference, --id or --phone");
	} else {
		im.path = argv[2];
		im.url = path_of_run(&url, argv[1], "/doubt/import", of_run);
		rc = import_with(&im, &o, is_yes);
	}
	for (size_t i = 0; i < im.map_count; i++)
		free(im.maps[i].status);
	buf_free(&url);
	return rc;
}
