/* SPDX-License-Identifier: MIT */
/*
 * CSV as RFC 4180 has it, fed in slices of any size: the rows are the same
 * however the bytes were cut. The separator is given; a row ends with CR LF, LF
 * or CR. The text must be UTF-8 (without BOM, the caller takes it off).
 *
 * More lenient than the RFC in two places, as Excel is: a quote that does not
 * begin a cell is a letter, and what stands between a closing quote and the
 * separator belongs to the cell. Pure.
 */
#pragma once

#include "base/err.h"

struct csv_cell {
	struct slice text; /* without the quotes; lives during the call */
	uint32_t line;	   /* where it begins: 1-based, a line break in quotes counts */
	uint32_t column;   /* 1-based, in characters */
};

struct csv_row {
	const struct csv_cell *cells;
	size_t count;  /* at least 1: an empty line is one empty cell */
	uint32_t line; /* where it begins */
};

struct csv_options {
	const char *file; /* its name in errors */
	char separator;
	uint32_t cell_max;  /* bytes of a cell */
	uint32_t cells_max; /* cells of a row */
	uint32_t row_max;   /* bytes of all cells of a row */
	/* Anything but ERR_OK ends the reading and is what csv_feed returns. */
	enum err (*on_row)(void *arg, const struct csv_row *row, struct err_ctx *e);
	void *arg;
};

struct csv;

struct csv *csv_new(const struct csv_options *o);
void csv_free(struct csv *c);
/*
 * ERR_INPUT with line and column: malformed UTF-8, or a row beyond the limits.
 * Nothing may be fed after an error.
 */
MUST_CHECK enum err csv_feed(struct csv *c, struct slice bytes, struct err_ctx *e);
/* The last row, if no line break ends it. ERR_INPUT: an open quote, half a character. */
MUST_CHECK enum err csv_finish(struct csv *c, struct err_ctx *e);

/*
 * Finds the separator: the most frequent of tab ; , outside quotes in the first
 * line that has text. Zero-initialised = begin.
 */
struct csv_sniff {
	uint32_t counts[3];
	bool is_in_cell, is_quoted, was_quoted; /* was: the last byte closed a quote */
	bool has_text;
	bool is_done; /* the line has ended */
	size_t seen;  /* bytes of the head that csv_sniff_head has gone over */
};
/* Bytes of the byte order mark at the beginning of a file. */
size_t csv_mark_length(struct slice head);
/* Go on with what is new in the head of a file, behind its mark; true when the line has ended. */
bool csv_sniff_head(struct csv_sniff *s, struct slice head);
/* The next byte; true when the line has ended with it. */
bool csv_sniff_byte(struct csv_sniff *s, char c);
/* The separator as known so far; a tab where there is none, so that one column stays one. */
char csv_sniff_separator(const struct csv_sniff *s);

/* Append a cell as RFC 4180 writes it: in quotes where it needs them. */
void csv_add_cell(struct buf *out, struct slice text, char separator);
/*
 * Would a spreadsheet program run it as a formula, in quotes too? It begins with = + - @ or their
 * full-width forms, a tab, CR or LF (OWASP, "CSV Injection"); also behind apostrophes, so that taking
 * one apostrophe off such a cell always gives the text back.
 */
bool csv_is_formula(struct slice text);
/*
 * Append a cell for people who open the file in such a program: before what it would run stands an
 * apostrophe. A phone +84… gets one too; files for programs are written with csv_add_cell, and tables
 * for people better as XLSX (base/xlsx_write), where text is text.
 */
void csv_add_defused(struct buf *out, struct slice text, char separator);
