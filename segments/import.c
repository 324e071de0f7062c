/* SPDX-License-Identifier: MIT */
/*
 *   bytes ─▶ head (until the separator is known) ─▶ csv ─▶ on_row
 *     first row with text: schema
 *     others: clean ─▶ judge ─┬▶ reject
 *                             └▶ the first 256 wait for the columns' types ─▶ block
 *
 * Types are decided once, from the first 256 rows kept; a later value that does
 * not fit stays as text, is counted, and a query treats it as missing.
 */
#include "segments/import.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/csv.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "segments/cell.h"
#include "segments/headers.h"
#include "segments/last_row.h"
#include "segments/phone.h"
#include "segments/reject.h"

#define HEAD_MAX 65536u		    /* bytes in which the first line must end */
#define CELL_RAW_MAX (4 * CELL_MAX) /* beyond: an open quote, most likely */
#define CELLS_RAW_MAX 16384u	    /* as many columns as a sheet of Excel has */
#define ROW_RAW_MAX (256u << 10)

/* A kept row, cleaned. */
struct kept {
	struct slice cells[COLUMNS_MAX];
	uint64_t phone;
	uint8_t carrier;
};

/* The first rows, until the types are known. */
struct waiting {
	struct kept rows[BLOCK_ROWS];
	uint32_t count;
	struct arena memory; /* of their cells */
};

struct column_count {
	uint64_t filled;
	uint64_t misfits; /* values that are not of the column's type */
};

struct import {
	char *file;
	char *phone_column; /* NULL = by synonyms */
	void (*on_block)(void *arg, struct slice bytes, uint32_t rows);
	void *arg;
	bool is_over; /* finished, or ended by an error */

	struct buf head; /* what was fed before the separator was known */
	struct csv_sniff sniff;
	char separator;
	struct csv *csv; /* NULL = not known yet */

	struct schema schema;
	bool has_header;
	uint32_t titles; /* cells of the header; those behind the schema's have no title */

	struct buf text;	       /* cells of the row being read, cleaned */
	char dates[COLUMNS_MAX][11];   /* its dates, rewritten */
	struct waiting *waiting;       /* NULL once the types are known */
	struct block_builder *builder; /* NULL until then */
	struct buf block;
	struct last_row last_row;

	uint64_t rows_read, rows_kept;
	uint64_t rows_repeated; /* whose phone an earlier row has */
	struct rejects rejects;
	struct tally repairs;
	struct column_count counts[COLUMNS_MAX];
};

static enum err on_row(void *arg, const struct csv_row *row, struct err_ctx *e);

struct import *
import_new(const struct import_options *o)
{
	struct import *im = xcalloc(1, sizeof(*im));

	im->file = xstrdup(o->file != NULL ? o->file : "CSV");
	im->phone_column = o->phone_column != NULL ? xstrdup(o->phone_column) : NULL;
	im->on_block = o->on_block;
	im->arg = o->arg;
	im->schema.phone = -1;
	return im;
}

static void
free_waiting(struct waiting *w)
{
	if (w == NULL)
		return;
	arena_free(&w->memory);
	free(w);
}

void
import_free(struct import *im)
{
	if (im == NULL)
		return;
	free_waiting(im->waiting);
	block_builder_free(im->builder);
	csv_free(im->csv);
	last_row_free(&im->last_row);
	rejects_free(&im->rejects);
	buf_free(&im->head);
	buf_free(&im->text);
	buf_free(&im->block);
	free(im->phone_column);
	free(im->file);
	free(im);
}

static enum err
set_place(struct err_ctx *e, uint32_t line, uint32_t column)
{
	if (e != NULL) {
		e->line = (int)line;
		e->column = (int)column;
	}
	return ERR_INPUT;
}

/* ---- the header ---- */

/* "STT, Họ và tên, …": whole titles, as many as fit a message. */
static void
list_titles(const struct schema *s, struct buf *out)
{
	for (uint32_t i = 0; i < s->count; i++) {
		if (out->len + strlen(s->columns[i].title) > 240) {
			buf_adds(out, ", …");
			return;
		}
		buf_adds(out, i == 0 ? "" : ", ");
		buf_adds(out, s->columns[i].title);
	}
}

static enum err
find_phone_column(struct import *im, uint32_t line, struct err_ctx *e)
{
	struct buf titles = {0};

	if (im->phone_column != NULL)
		im->schema.phone = schema_find(&im->schema, slice_of(im->phone_column));
	if (im->schema.phone >= 0)
		return ERR_OK;
	list_titles(&im->schema, &titles);
	if (im->phone_column != NULL)
		err_set(e, ERR_INPUT, im->file, "name one of them with --phone COLUMN",
			"line %u: no column \"%.60s\" among: %s", line, im->phone_column,
			titles.data);
	else
		err_set(e, ERR_INPUT, im->file,
			"say which one it is with --phone COLUMN; the first line must be the "
			"columns' titles",
			"line %u: no column of phone numbers among: %s", line, titles.data);
	buf_free(&titles);
	return set_place(e, line, 1);
}

static enum err
read_header(struct import *im, const struct csv_row *row, struct err_ctx *e)
{
	struct slice titles[COLUMNS_MAX];
	size_t lengths[COLUMNS_MAX], at = 0;
	uint32_t count = 0;

	buf_reset(&im->text);
	for (size_t i = 0; i < row->count; i++) {
		size_t before = im->text.len;

		cell_clean(&im->text, row->cells[i].text);
		if (im->text.len > before)
			count = (uint32_t)i + 1;
		if (i < COLUMNS_MAX)
			lengths[i] = im->text.len - before;
	}
	if (count == 0) /* separators only: not the header yet */
		return ERR_OK;
	if (count > COLUMNS_MAX) {
		err_set(e, ERR_INPUT, im->file, "take out the columns that are not needed",
			"line %u: %u columns, at most %u", row->line, count, COLUMNS_MAX);
		return set_place(e, row->line, 1);
	}
	for (uint32_t i = 0; i < count; i++) {
		titles[i] = (struct slice){im->text.data + at, lengths[i]};
		at += lengths[i];
	}
	headers_read(&im->schema, titles, count);
	im->titles = (uint32_t)row->count;
	im->has_header = true;
	im->waiting = xcalloc(1, sizeof(*im->waiting));
	rejects_begin(&im->rejects, row, im->separator);
	return find_phone_column(im, row->line, e);
}

/* ---- types ---- */

static enum column_type
type_of(const struct import *im, uint32_t column)
{
	enum header_hint hint = headers_hint(im->schema.columns[column].name);
	uint32_t filled = 0, years = 0, days = 0, numbers = 0;
	char date[11];

	if (hint == HINT_TEXT || (int)column == im->schema.phone)
		return COLUMN_TEXT;
	for (uint32_t i = 0; i < im->waiting->count; i++) {
		struct slice cell = im->waiting->rows[i].cells[column];
		enum date_kind kind = cell_read_date(cell, date);

		filled += cell.n > 0;
		years += kind == DATE_YEAR;
		days += kind == DATE_DAY;
		numbers += cell_is_number(cell);
	}
	/* a few slips of the pen make no date column a text column */
	if (hint == HINT_DATE && (years + days) * 2 >= filled)
		return COLUMN_DATE;
	if (days > 0 && (years + days) * 10 >= filled * 9)
		return COLUMN_DATE;
	return filled > 0 && numbers == filled ? COLUMN_NUMBER : COLUMN_TEXT;
}

/* ---- kept rows ---- */

static void
finish_block(struct import *im)
{
	uint32_t rows = block_builder_rows(im->builder);

	if (rows == 0)
		return;
	buf_reset(&im->block);
	block_builder_finish(im->builder, &im->block);
	if (im->on_block != NULL)
		im->on_block(im->arg, buf_slice(&im->block), rows);
}

/* Dates in one form; what does not fit its column is counted. */
static void
fit_cells(struct import *im, struct kept *row)
{
	for (uint32_t i = 0; i < im->schema.count; i++) {
		struct slice *cell = &row->cells[i];

		if (cell->n == 0)
			continue;
		im->counts[i].filled++;
		switch (im->schema.columns[i].type) {
		case COLUMN_TEXT:
			break;
		case COLUMN_NUMBER:
			im->counts[i].misfits += !cell_is_number(*cell);
			break;
		case COLUMN_DATE:
			if (cell_read_date(*cell, im->dates[i]) != DATE_NONE)
				*cell = slice_of(im->dates[i]);
			else
				im->counts[i].misfits++;
			break;
		}
	}
}

static void
add_row(struct import *im, struct kept *row)
{
	uint32_t back = last_row_put(&im->last_row, row->phone, (uint32_t)im->rows_kept);

	fit_cells(im, row);
	block_builder_add(im->builder, row->cells, row->phone, back, row->carrier);
	im->rows_kept++;
	im->rows_repeated += back != 0;
	if (block_builder_rows(im->builder) == BLOCK_ROWS)
		finish_block(im);
}

static void
decide_types(struct import *im)
{
	struct waiting *waiting = im->waiting;

	for (uint32_t i = 0; i < im->schema.count; i++)
		im->schema.columns[i].type = type_of(im, i);
	im->builder = block_builder_new(&im->schema);
	im->waiting = NULL;
	for (uint32_t i = 0; i < waiting->count; i++)
		add_row(im, &waiting->rows[i]);
	free_waiting(waiting);
}

static void
keep_row(struct import *im, struct kept *row)
{
	struct kept *copy;

	if (im->waiting == NULL) {
		add_row(im, row);
		return;
	}
	copy = &im->waiting->rows[im->waiting->count++];
	*copy = *row;
	for (uint32_t i = 0; i < im->schema.count; i++)
		if (row->cells[i].n > 0)
			copy->cells[i].p = arena_memdup0(&im->waiting->memory, row->cells[i].p,
							 row->cells[i].n);
	if (im->waiting->count == BLOCK_ROWS)
		decide_types(im);
}

/* ---- rows ---- */

/* What the cells of a row say together. */
struct seen {
	bool is_empty;
	bool has_extra; /* text behind the last cell of the header */
	bool has_too_long;
	uint32_t controls, not_nfc, untitled; /* cells */
};

static void
clean_cells(struct import *im, const struct csv_row *row, struct kept *out, struct seen *seen)
{
	size_t lengths[COLUMNS_MAX] = {0}, at = 0;

	*seen = (struct seen){.is_empty = true};
	buf_reset(&im->text);
	for (size_t i = 0; i < row->count; i++) {
		size_t before = im->text.len, n;
		unsigned changed = cell_clean(&im->text, row->cells[i].text);

		n = im->text.len - before;
		seen->is_empty = seen->is_empty && n == 0;
		if (i >= im->schema.count) {
			seen->untitled += n > 0;
			seen->has_extra |= n > 0 && i >= im->titles;
			continue;
		}
		seen->controls += (changed & CELL_WAS_CONTROL) != 0;
		seen->not_nfc += (changed & CELL_WAS_NOT_NFC) != 0;
		seen->has_too_long |= n > CELL_MAX;
		lengths[i] = n;
	}
	for (uint32_t i = 0; i < im->schema.count; i++) {
		out->cells[i] =
			(struct slice){lengths[i] > 0 ? im->text.data + at : NULL, lengths[i]};
		at += lengths[i];
	}
}

static void
count_repairs(struct import *im, const struct seen *seen, const struct phone_cell *phone)
{
	for (size_t i = 0; i < phone->repair_count; i++)
		tally_add(&im->repairs, phone->repairs[i], 1);
	if (phone->count > 1)
		tally_add(&im->repairs, "first-of-several-phones", 1);
	if (seen->controls > 0)
		tally_add(&im->repairs, "control-characters", seen->controls);
	if (seen->not_nfc > 0)
		tally_add(&im->repairs, "not-nfc", seen->not_nfc);
	if (seen->untitled > 0)
		tally_add(&im->repairs, "cells-without-title-dropped", seen->untitled);
}

static enum err
read_row(struct import *im, const struct csv_row *row, struct err_ctx *e)
{
	struct kept kept;
	struct seen seen;
	struct phone_cell phone = {0};
	const char *reason;

	im->rows_read++;
	clean_cells(im, row, &kept, &seen);
	phone_parse(kept.cells[im->schema.phone], &phone);
	reason = seen.is_empty	     ? "empty-row"
		 : seen.has_extra    ? "too-many-cells"
		 : seen.has_too_long ? "cell-too-long"
				     : phone.reason;
	if (reason != NULL) {
		rejects_add(&im->rejects, row, reason);
		return ERR_OK;
	}
	if (im->rows_kept >= UINT32_MAX - BLOCK_ROWS) {
		err_set(e, ERR_INPUT, im->file, "divide the file", "line %u: too many rows",
			row->line);
		return set_place(e, row->line, 1);
	}
	kept.phone = phone.phones[0];
	kept.carrier = (uint8_t)phone.carrier;
	count_repairs(im, &seen, &phone);
	keep_row(im, &kept);
	return ERR_OK;
}

static enum err
on_row(void *arg, const struct csv_row *row, struct err_ctx *e)
{
	struct import *im = arg;

	return im->has_header ? read_row(im, row, e) : read_header(im, row, e);
}

/* ---- bytes ---- */

/* Files that are no CSV, by their first bytes. */
static enum err
check_magic(const struct import *im, struct err_ctx *e)
{
	static const struct {
		const char *bytes, *what;
	} table[] = {
		{"PK\3\4", "this is an Excel workbook (.xlsx), not a CSV file"},
		{"\xD0\xCF\x11\xE0", "this is an old Excel workbook (.xls), not a CSV file"},
		{"%PDF", "this is a PDF, not a CSV file"},
		{"\xFF\xFE", "this is UTF-16 text, not UTF-8"},
		{"\xFE\xFF", "this is UTF-16 text, not UTF-8"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		size_t n = strlen(table[i].bytes);

		if (im->head.len < n || memcmp(im->head.data, table[i].bytes, n) != 0)
			continue;
		err_set(e, ERR_INPUT, im->file,
			"open it in Excel, save it as \"CSV UTF-8\" and import that",
			"line 1, column 1: %s", table[i].what);
		return set_place(e, 1, 1);
	}
	return ERR_OK;
}

/* Look for the separator in what is held back; true when it is known. */
static bool
sniff_head(struct import *im)
{
	return csv_sniff_head(&im->sniff, buf_slice(&im->head)) || im->head.len >= HEAD_MAX;
}

/* The separator is known, or must be guessed now: read what was held back. */
static enum err
start_csv(struct import *im, struct err_ctx *e)
{
	struct csv_options o = {
		.file = im->file,
		.cell_max = CELL_RAW_MAX,
		.cells_max = CELLS_RAW_MAX,
		.row_max = ROW_RAW_MAX,
		.on_row = on_row,
		.arg = im,
	};
	struct slice head = buf_slice(&im->head);
	size_t mark = csv_mark_length(head);
	enum err err = check_magic(im, e);

	if (err != ERR_OK)
		return err;
	if (mark > 0)
		head = (struct slice){head.p + mark, head.n - mark};
	im->separator = o.separator = csv_sniff_separator(&im->sniff);
	im->csv = csv_new(&o);
	err = csv_feed(im->csv, head, e);
	buf_free(&im->head);
	return err;
}

enum err
import_feed(struct import *im, struct slice bytes, struct err_ctx *e)
{
	enum err err = ERR_OK;

	assert(!im->is_over);
	if (im->csv == NULL) {
		size_t room = HEAD_MAX - im->head.len, n = bytes.n < room ? bytes.n : room;

		buf_add(&im->head, bytes.p, n);
		bytes.p += n;
		bytes.n -= n;
		if (im->head.len >= 4 && sniff_head(im)) /* 4: what check_magic needs */
			err = start_csv(im, e);
	}
	if (err == ERR_OK && im->csv != NULL)
		err = csv_feed(im->csv, bytes, e);
	im->is_over = err != ERR_OK;
	return err;
}

/* Nothing of the file can be used: why. */
static enum err
fail_unusable(const struct import *im, struct err_ctx *e)
{
	struct buf reasons = {0};

	if (!im->has_header)
		return err_set(e, ERR_INPUT, im->file, "the first line must be the columns' titles",
			       "the file is empty");
	if (im->rows_read == 0)
		return err_set(e, ERR_INPUT, im->file, "put a recipient a row under the titles",
			       "there are titles, and no row under them");
	tally_add_words(&im->rejects.reasons, &reasons);
	err_set(e, ERR_INPUT, im->file,
		"check the column of phone numbers, or name another one with --phone COLUMN",
		"none of %llu rows could be used: %.200s", (unsigned long long)im->rows_read,
		reasons.data);
	buf_free(&reasons);
	return ERR_INPUT;
}

enum err
import_finish(struct import *im, struct err_ctx *e)
{
	enum err err = ERR_OK;

	assert(!im->is_over);
	im->is_over = true;
	if (im->csv == NULL) {
		sniff_head(im);
		if (!im->sniff.has_text) /* blanks and separators only */
			return fail_unusable(im, e);
		err = start_csv(im, e);
	}
	if (err == ERR_OK)
		err = csv_finish(im->csv, e);
	if (err != ERR_OK)
		return err;
	if (im->waiting != NULL)
		decide_types(im);
	if (im->rows_kept == 0)
		return fail_unusable(im, e);
	finish_block(im);
	return ERR_OK;
}

/* ---- what came of it ---- */

const struct schema *
import_schema(const struct import *im)
{
	return &im->schema;
}

/* Rows that wait for the types are kept already. */
uint64_t
import_rows_kept(const struct import *im)
{
	return im->rows_kept + (im->waiting != NULL ? im->waiting->count : 0);
}

uint64_t
import_rows_read(const struct import *im)
{
	return im->rows_read;
}

static void
report_column(const struct import *im, uint32_t i, struct buf *out)
{
	static const char *const types[] = {
		[COLUMN_TEXT] = "text", [COLUMN_NUMBER] = "number", [COLUMN_DATE] = "date"};
	const struct column *c = &im->schema.columns[i];

	buf_adds(out, i == 0 ? "{\"title\":" : ",{\"title\":");
	json_add_string(out, slice_of(c->title));
	buf_addf(out, ",\"name\":\"%s\",\"type\":\"%s\",\"filled\":%llu,\"misfits\":%llu}", c->name,
		 types[c->type], (unsigned long long)im->counts[i].filled,
		 (unsigned long long)im->counts[i].misfits);
}

void
import_report(const struct import *im, struct buf *out)
{
	buf_adds(out, "{\"file\":");
	json_add_string(out, slice_of(im->file));
	buf_addf(out, ",\"rows_read\":%llu,\"rows_kept\":%llu,\"rejects\":",
		 (unsigned long long)im->rows_read, (unsigned long long)import_rows_kept(im));
	tally_add_json(&im->rejects.reasons, out);
	buf_addf(out,
		 ",\"rejects_listed\":%llu,\"repairs\":", (unsigned long long)im->rejects.listed);
	tally_add_json(&im->repairs, out);
	buf_adds(out, ",\"separator\":");
	json_add_string(out, (struct slice){&im->separator, im->csv != NULL});
	buf_adds(out, ",\"columns\":[");
	for (uint32_t i = 0; i < im->schema.count; i++)
		report_column(im, i, out);
	buf_adds(out, "],\"phone_column\":");
	if (im->schema.phone >= 0)
		json_add_string(out, slice_of(im->schema.columns[im->schema.phone].name));
	else
		buf_adds(out, "null");
	buf_addf(out, ",\"shared_phones\":%zu,\"rows_repeated\":%llu}", im->last_row.shared,
		 (unsigned long long)im->rows_repeated);
}

struct slice
import_rejects(const struct import *im)
{
	return buf_slice(&im->rejects.csv);
}
