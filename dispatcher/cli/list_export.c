/* SPDX-License-Identifier: MIT */
/* loa list export: the rows of a list into a file, a CSV as the server writes it, or a workbook written here. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/xlsx_write.h"
#include "dispatcher/cli/campaign.h"
#include "dispatcher/cli/remote.h"
#include "segments/block.h"

struct list_file {
	const char *path;
	struct buf part; /* path of the file until it is whole */
	FILE *csv;
	struct xlsx_write *book;
	json_t *head; /* its first line; the titles are in it */
	struct slice titles[COLUMNS_MAX];
	enum xlsx_write_kind kinds[COLUMNS_MAX];
	uint32_t columns;
	uint64_t rows, total;
	enum err rc; /* of writing */
	struct err_ctx e;
};

static enum err
fail_write(struct list_file *f)
{
	f->rc = err_set(&f->e, ERR_SYSTEM, f->path, "make room there, or name another file",
			"cannot be written: %s", strerror(errno));
	return f->rc;
}

/* ---- a CSV ---- */

static bool
on_bytes(void *arg, struct slice s)
{
	struct list_file *f = arg;

	if (s.n > 0 && fwrite(s.p, 1, s.n, f->csv) != s.n)
		fail_write(f);
	for (size_t i = 0; i < s.n; i++)
		f->rows += s.p[i] == '\n';
	if (f->csv != stdout)
		remote_bar(f->rows, 0, "lines");
	return f->rc == ERR_OK;
}

static enum err
write_csv(struct list_file *f, struct remote *r, const char *url, struct err_ctx *e)
{
	bool is_stdout = strcmp(f->path, "-") == 0;
	enum err rc;

	buf_addf(&f->part, "%s.part", f->path);
	f->csv = is_stdout ? stdout : fopen(f->part.data, "we");
	if (f->csv == NULL) {
		fail_write(f);
		*e = f->e;
		return f->rc;
	}
	rc = remote_stream(r, "GET", url, on_bytes, f, e);
	if ((is_stdout ? fflush(stdout) : fclose(f->csv)) != 0 && f->rc == ERR_OK)
		fail_write(f);
	if (!is_stdout && rc == ERR_OK && f->rc == ERR_OK && rename(f->part.data, f->path) != 0)
		fail_write(f);
	if (!is_stdout && (rc != ERR_OK || f->rc != ERR_OK))
		unlink(f->part.data);
	return rc;
}

/* ---- a workbook ---- */

static enum err
begin_book(struct list_file *f)
{
	json_t *columns = json_object_get(f->head, "columns"), *c;
	struct xlsx_write_options o = {.sheet = remote_text(f->head, "list"), .titles = f->titles};
	size_t i;

	json_array_foreach (columns, i, c) {
		const char *type = remote_text(c, "type");

		if (i == COLUMNS_MAX)
			break;
		f->titles[i] = slice_of(remote_text(c, "title"));
		f->kinds[i] = strcmp(type, "number") == 0 ? XLSX_WRITE_NUMBER
			      : strcmp(type, "date") == 0 ? XLSX_WRITE_DATE
							  : XLSX_WRITE_TEXT;
		f->columns++;
	}
	o.columns = f->columns;
	f->total = (uint64_t)remote_number(f->head, "rows");
	return xlsx_write_open(f->path, &o, &f->book, &f->e);
}

static enum err
add_row(struct list_file *f, const json_t *row)
{
	struct xlsx_write_cell cells[COLUMNS_MAX] = {0};
	json_t *v;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)row, i, v) {
		if (i >= f->columns)
			break;
		cells[i].kind = f->kinds[i];
		cells[i].text = (struct slice){json_string_value(v), json_string_length(v)};
	}
	f->rows++;
	if (f->rows % 1000 == 0)
		remote_bar(f->rows, f->total, "rows");
	return xlsx_write_row(f->book, cells, &f->e);
}

static bool
on_line(void *arg, struct slice line)
{
	struct list_file *f = arg;
	json_t *v = json_loadb(line.p, line.n, 0, NULL);

	if (f->head == NULL) {
		f->head = v;
		f->rc = begin_book(f);
	} else {
		f->rc = add_row(f, v);
		json_decref(v);
	}
	return f->rc == ERR_OK;
}

static enum err
write_book(struct list_file *f, struct remote *r, const char *url, struct err_ctx *e)
{
	enum err rc = remote_lines(r, "GET", url, on_line, f, e);

	if (f->book != NULL && rc == ERR_OK && f->rc == ERR_OK)
		f->rc = xlsx_write_finish(f->book, &f->e);
	else if (f->book != NULL)
		xlsx_write_abort(f->book);
	json_decref(f->head);
	return rc;
}

/* ---- the whole ---- */

static int
export_list(const struct remote_options *o, struct list_file *f, const char *url, bool is_book)
{
	struct remote *r;
	struct err_ctx e;
	enum err rc = remote_open(o, &r, &e);

	if (rc != ERR_OK)
		return cli_fail(&e);
	umask(077); /* people's phones */
	rc = is_book ? write_book(f, r, url, &e) : write_csv(f, r, url, &e);
	remote_close(r);
	remote_bar_end();
	buf_free(&f->part);
	if (f->rc != ERR_OK)
		return cli_fail(&f->e);
	return rc == ERR_OK ? 0 : cli_fail(&e);
}

static bool
is_named_book(const char *path)
{
	size_t n = strlen(path);

	return n > 5 && strcmp(path + n - 5, ".xlsx") == 0;
}

int
verb_list_export(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *reason = NULL;
	bool is_book = false, is_full = false, has_bom = false;
	const struct cli_option options[] = {
		REMOTE_OPTIONS(o),	     {"--xlsx", NULL, &is_book}, {"--full", NULL, &is_full},
		{"--reason", &reason, NULL}, {"--bom", NULL, &has_bom},	 {NULL, NULL, NULL}};
	struct list_file f = {0};
	struct buf url = {0};
	struct err_ctx e;
	char path[512];
	int rc;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 3)
		return cli_usage("list export", "needs a name and a file");
	f.path = argv[2];
	is_book = is_book || is_named_book(f.path);
	if (is_book && strcmp(f.path, "-") == 0)
		return cli_usage("list export", "--xlsx: a workbook needs a file");
	buf_addf(&url, "%s?format=%s%s%s", remote_path(path, "/api/v1/lists/", argv[1], "/rows"),
		 is_book ? "json" : "csv", is_full ? "&full=1" : "", has_bom ? "&bom=1" : "");
	if (reason != NULL)
		add_query(&url, "reason", reason);
	rc = export_list(&o, &f, url.data, is_book);
	buf_free(&url);
	return rc;
}
