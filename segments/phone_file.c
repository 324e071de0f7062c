/* SPDX-License-Identifier: MIT */
#include "segments/phone_file.h"

#include <stdlib.h>

#include "base/csv.h"
#include "base/mem.h"
#include "segments/cell.h"
#include "segments/headers.h"
#include "segments/phone.h"

#define HEAD_MAX 65536u /* bytes in which the first line must end */
#define CELL_RAW_MAX (4 * CELL_MAX)
#define CELLS_RAW_MAX 16384u
#define ROW_RAW_MAX (256u << 10)

struct phone_file {
	char *file, *column;
	enum err (*on_cell)(void *arg, struct slice cell, struct err_ctx *e);
	void *arg;
	struct buf head; /* until the separator is known */
	struct csv_sniff sniff;
	struct csv *csv; /* NULL = not known yet */
	bool has_begun;	 /* the first row was read */
	bool has_titles;
	size_t at;	       /* the cell of the phone */
	struct buf text, cell; /* scratch */
};

struct phone_file *
phone_file_new(const struct phone_file_options *o)
{
	struct phone_file *f = xcalloc(1, sizeof(*f));

	f->file = xstrdup(o->file);
	f->column = o->column != NULL ? xstrdup(o->column) : NULL;
	f->on_cell = o->on_cell;
	f->arg = o->arg;
	return f;
}

void
phone_file_free(struct phone_file *f)
{
	if (f == NULL)
		return;
	csv_free(f->csv);
	buf_free(&f->head);
	buf_free(&f->text);
	buf_free(&f->cell);
	free(f->file);
	free(f->column);
	free(f);
}

/* ---- rows ---- */

static bool
is_phone(struct phone_file *f, struct slice cell)
{
	struct phone_cell p;

	buf_reset(&f->cell);
	cell_clean(&f->cell, cell);
	phone_parse(buf_slice(&f->cell), &p);
	return p.count > 0;
}

/* A row without titles: all of its phones, or the cell that should be one. */
static enum err
give_plain(struct phone_file *f, const struct csv_row *row, struct err_ctx *e)
{
	buf_reset(&f->text);
	for (size_t i = 0; i < row->count; i++) {
		if (!is_phone(f, row->cells[i].text))
			continue;
		buf_adds(&f->text, f->text.len > 0 ? "; " : "");
		buf_add_slice(&f->text, row->cells[i].text);
	}
	if (f->text.len > 0)
		return f->on_cell(f->arg, buf_slice(&f->text), e);
	return f->on_cell(f->arg, f->at < row->count ? row->cells[f->at].text : SLICE(""), e);
}

/* The column's number, or -1. The titles, cleaned, are in f->text, with ", " between. */
static int
find_column(struct phone_file *f, const struct csv_row *row)
{
	struct schema *s = xcalloc(1, sizeof(*s));
	struct slice titles[COLUMNS_MAX];
	size_t ends[COLUMNS_MAX], from = 0;
	uint32_t count = row->count < COLUMNS_MAX ? (uint32_t)row->count : COLUMNS_MAX;
	int at;

	buf_reset(&f->text);
	for (uint32_t i = 0; i < count; i++) {
		cell_clean(&f->text, row->cells[i].text);
		ends[i] = f->text.len;
		buf_adds(&f->text, ", ");
	}
	for (uint32_t i = 0; i < count; i++) {
		titles[i] = (struct slice){f->text.data + from, ends[i] - from};
		from = ends[i] + 2;
	}
	headers_read(s, titles, count);
	at = f->column != NULL ? schema_find(s, slice_of(f->column)) : s->phone;
	free(s);
	return at;
}

static bool
has_digit(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= '0' && s.p[i] <= '9')
			return true;
	return false;
}

static enum err
fail_column(struct phone_file *f, const struct csv_row *row, struct err_ctx *e)
{
	int shown = f->text.len > 240 ? 240 : (int)f->text.len - 2;

	while (shown > 0 && (f->text.data[shown] & 0xc0) == 0x80)
		shown--;
	if (f->column != NULL)
		err_set(e, ERR_INPUT, f->file, "name one of them with --phone COLUMN",
			"line %u: no column \"%.60s\" among: %.*s", row->line, f->column, shown,
			f->text.data);
	else
		err_set(e, ERR_INPUT, f->file, "say which column it is with --phone COLUMN",
			"line %u: neither a phone nor the title of a column of phones among: %.*s",
			row->line, shown, f->text.data);
	if (e != NULL) {
		e->line = (int)row->line;
		e->column = 1;
	}
	return ERR_INPUT;
}

static bool
is_blank(struct phone_file *f, const struct csv_row *row)
{
	buf_reset(&f->text);
	for (size_t i = 0; i < row->count; i++)
		cell_clean(&f->text, row->cells[i].text);
	return f->text.len == 0;
}

/* Titles or phones? */
static enum err
read_first(struct phone_file *f, const struct csv_row *row, struct err_ctx *e)
{
	int at;

	if (is_blank(f, row))
		return ERR_OK;
	f->has_begun = true;
	for (f->at = 0; f->column == NULL && f->at < row->count; f->at++)
		if (is_phone(f, row->cells[f->at].text))
			return give_plain(f, row, e);
	f->at = 0;
	at = find_column(f, row);
	f->has_titles = true;
	if (at >= 0) {
		f->at = (size_t)at;
		return ERR_OK;
	}
	if (f->column != NULL || row->count > 1)
		return fail_column(f, row, e);
	if (!has_digit(row->cells[0].text))
		return ERR_OK;
	f->has_titles = false;
	return give_plain(f, row, e);
}

static enum err
on_row(void *arg, const struct csv_row *row, struct err_ctx *e)
{
	struct phone_file *f = arg;

	if (!f->has_begun)
		return read_first(f, row, e);
	if (!f->has_titles)
		return give_plain(f, row, e);
	return f->on_cell(f->arg, f->at < row->count ? row->cells[f->at].text : SLICE(""), e);
}

/* ---- bytes ---- */

/* Look for the separator in what is held back; true when it is known. */
static bool
sniff_head(struct phone_file *f)
{
	return csv_sniff_head(&f->sniff, buf_slice(&f->head)) || f->head.len >= HEAD_MAX;
}

static enum err
start_csv(struct phone_file *f, struct err_ctx *e)
{
	struct csv_options o = {
		.file = f->file,
		.separator = csv_sniff_separator(&f->sniff),
		.cell_max = CELL_RAW_MAX,
		.cells_max = CELLS_RAW_MAX,
		.row_max = ROW_RAW_MAX,
		.on_row = on_row,
		.arg = f,
	};
	struct slice head = buf_slice(&f->head);
	size_t mark = csv_mark_length(head);
	enum err rc;

	if (head.n >= 4 && memcmp(head.p, "PK\3\4", 4) == 0)
		return err_set(e, ERR_INPUT, f->file,
			       "open it in Excel, save it as \"CSV UTF-8\" and import that",
			       "this is an Excel workbook, not a CSV file");
	head.p += mark;
	head.n -= mark;
	f->csv = csv_new(&o);
	rc = csv_feed(f->csv, head, e);
	buf_free(&f->head);
	return rc;
}

enum err
phone_file_feed(struct phone_file *f, struct slice bytes, struct err_ctx *e)
{
	enum err rc = ERR_OK;

	if (f->csv == NULL) {
		size_t room = HEAD_MAX - f->head.len, n = bytes.n < room ? bytes.n : room;

		buf_add(&f->head, bytes.p, n);
		bytes.p += n;
		bytes.n -= n;
		if (f->head.len >= 4 && sniff_head(f))
			rc = start_csv(f, e);
	}
	return rc == ERR_OK && f->csv != NULL ? csv_feed(f->csv, bytes, e) : rc;
}

enum err
phone_file_finish(struct phone_file *f, struct err_ctx *e)
{
	enum err rc = ERR_OK;

	if (f->csv == NULL) {
		sniff_head(f);
		if (f->sniff.has_text)
			rc = start_csv(f, e);
	}
	if (rc == ERR_OK && f->csv != NULL)
		rc = csv_finish(f->csv, e);
	if (rc == ERR_OK && !f->has_begun)
		rc = err_set(e, ERR_INPUT, f->file, "", "the file is empty");
	return rc;
}
