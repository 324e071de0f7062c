/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a CSV: held back until the separator is known, then read row by row.
 *
 * The separator is what most of the first lines have equally many of: above the titles stand
 * lines without any, or with commas of their own ("Danh sách, năm 2026").
 */
#include <assert.h>
#include <stdlib.h>

#include "segments/import_inside.h"

#define HEAD_MAX 65536u		    /* bytes of the first lines */
#define CELL_RAW_MAX (4 * CELL_MAX) /* beyond: an open quote, most likely */
#define CELLS_RAW_MAX 16384u	    /* as many columns as a sheet of Excel has */
#define ROW_RAW_MAX (256u << 10)

static const char separators[] = {'\t', ';', ','};

void
import_csv_free(struct import_csv *c)
{
	csv_free(c->csv);
	buf_free(&c->head);
	free(c->cells);
}

static enum err
fail_nul(const struct import *im, const struct csv_cell *cell, struct err_ctx *e)
{
	err_set(e, ERR_INPUT, im->file,
		"the file is damaged, or no CSV: get it again, or save it as \"CSV UTF-8\"",
		"line %u, column %u: the cell has a NUL character", cell->line, cell->column);
	return import_set_place(e, cell->line, cell->column);
}

static enum err
on_row(void *arg, const struct csv_row *row, struct err_ctx *e)
{
	struct import *im = arg;
	struct import_csv *c = &im->csv;

	if (row->count > c->cells_cap) {
		c->cells_cap = row->count * 2;
		c->cells = xrealloc(c->cells, c->cells_cap * sizeof(*c->cells));
	}
	for (size_t i = 0; i < row->count; i++) {
		c->cells[i] = (struct import_cell){.text = row->cells[i].text};
		if (c->has_nul && row->cells[i].text.n > 0 &&
		    memchr(row->cells[i].text.p, '\0', row->cells[i].text.n) != NULL)
			return fail_nul(im, &row->cells[i], e);
	}
	return import_row(im, &(struct import_cells){c->cells, row->count, row->line}, e);
}

/* The line that the sniffer has gone over, or what there is of it. */
static void
count_line(struct import_csv *c)
{
	if (!c->sniff.has_text || c->lines == CSV_HEAD_LINES)
		return;
	for (size_t i = 0; i < sizeof(separators); i++)
		c->counts[c->lines][i] =
			(uint16_t)(c->sniff.counts[i] < 65535 ? c->sniff.counts[i] : 65535);
	c->lines++;
	c->sniff = (struct csv_sniff){0};
}

/* Look for the separator in what is held back; true when it is known. */
static bool
sniff_head(struct import_csv *c)
{
	if (c->sniffed == 0)
		c->sniffed = csv_mark_length(buf_slice(&c->head));
	while (c->sniffed < c->head.len && c->sniffed < HEAD_MAX && c->lines < CSV_HEAD_LINES)
		if (csv_sniff_byte(&c->sniff, c->head.data[c->sniffed++]))
			count_line(c);
	return c->lines >= CSV_HEAD_LINES || c->sniffed >= HEAD_MAX;
}

/* Lines that have equally many of separator i, lines that have it, the most that one has: in this order. */
static uint64_t
score_of(const struct import_csv *c, size_t i)
{
	uint64_t alike = 0, with = 0, most = 0;

	for (size_t a = 0; a < c->lines; a++) {
		uint64_t same = 0;

		for (size_t b = 0; b < c->lines; b++)
			same += c->counts[b][i] == c->counts[a][i];
		if (c->counts[a][i] == 0)
			continue;
		with++;
		alike = same > alike ? same : alike;
		most = c->counts[a][i] > most ? c->counts[a][i] : most;
	}
	return alike << 32 | with << 16 | most;
}

static char
find_separator(struct import_csv *c)
{
	size_t best = 0;

	count_line(c);
	for (size_t i = 1; i < sizeof(separators); i++)
		if (score_of(c, i) > score_of(c, best))
			best = i;
	return separators[best];
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
	struct slice head = buf_slice(&im->csv.head);
	size_t mark = csv_mark_length(head);
	enum err rc;

	im->csv.separator = find_separator(&im->csv);
	o.separator = im->csv.separator;
	im->csv.csv = csv_new(&o);
	rc = csv_feed(im->csv.csv, (struct slice){head.p + mark, head.n - mark}, e);
	buf_free(&im->csv.head);
	return rc;
}

static enum err
feed_text(struct import *im, struct slice bytes, struct err_ctx *e)
{
	struct import_csv *c = &im->csv;
	size_t n;
	enum err rc;

	if (c->csv != NULL)
		return csv_feed(c->csv, bytes, e);
	n = HEAD_MAX - c->head.len;
	n = n < bytes.n ? n : bytes.n;
	buf_add(&c->head, bytes.p, n);
	if (!sniff_head(c))
		return ERR_OK;
	rc = start_csv(im, e);
	if (rc != ERR_OK || n == bytes.n)
		return rc;
	return csv_feed(c->csv, (struct slice){bytes.p + n, bytes.n - n}, e);
}

enum err
import_csv_feed(struct import *im, struct slice text, struct err_ctx *e)
{
	if (text.n == 0)
		return ERR_OK;
	im->csv.has_nul |= memchr(text.p, '\0', text.n) != NULL;
	return feed_text(im, text, e);
}

enum err
import_feed(struct import *im, struct slice bytes, struct err_ctx *e)
{
	enum err rc;

	assert(!im->is_over);
	rc = import_bytes_feed(im, bytes, e);
	im->is_over = rc != ERR_OK;
	return rc;
}

static enum err
finish_csv(struct import *im, struct err_ctx *e)
{
	enum err rc = ERR_OK;

	if (im->csv.csv == NULL) {
		sniff_head(&im->csv);
		if (im->csv.lines == 0 && !im->csv.sniff.has_text) /* blanks and separators only */
			return import_fail_unusable(im, e);
		rc = start_csv(im, e);
	}
	return rc == ERR_OK ? csv_finish(im->csv.csv, e) : rc;
}

enum err
import_finish(struct import *im, struct err_ctx *e)
{
	enum err rc;

	assert(!im->is_over);
	im->is_over = true;
	rc = import_bytes_end(im, e);
	if (rc == ERR_OK)
		rc = finish_csv(im, e);
	return rc == ERR_OK ? import_end(im, e) : rc;
}
