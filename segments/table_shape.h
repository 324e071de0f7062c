/* SPDX-License-Identifier: MIT */
/*
 * Where a table begins in what officials really have: above its titles stand the
 * national motto, the office, the name of the list, empty rows; the titles may
 * take two rows, with groups above ("Năm sinh" over "Nam" and "Nữ"). Pure.
 *
 * It looks at rows until it has found the titles and the row below them, at most
 * SHAPE_ROWS_MAX rows and SHAPE_BYTES_MAX bytes. The titles are the first row that
 *   - has the title of a phone column (or one that the importer names),
 *   - and no number in it that could be a phone.
 * Without one, the row that looks most like titles is named in the error.
 */
#pragma once

#include "base/mem.h"
#include "segments/headers.h"
#include "segments/import_choices.h"
#include "segments/table_row.h"

#define SHAPE_ROWS_MAX 60u
#define SHAPE_BYTES_MAX (4u << 20)

struct table_shape {
	const struct headers *headers;
	const struct import_choices *choices;
	struct arena memory;			      /* of the rows */
	struct import_cells rows[SHAPE_ROWS_MAX + 1]; /* those that were looked at, cleaned */
	struct import_cells raw[SHAPE_ROWS_MAX + 1];  /* the same as they came */
	size_t widths[SHAPE_ROWS_MAX + 1];	      /* cells that they came with */
	size_t count;				      /* the first one has text */
	size_t bytes;
	size_t empty;	 /* rows without text before it: passed over, however many */
	int found;	 /* row of the titles; -1 = not found (yet) */
	int upper;	 /* row of the groups above them; -1 = none */
	int lower;	 /* row of the titles under groups; -1 = none */
	bool is_sure;	 /* found by the title of a phone column */
	bool is_settled; /* nothing more to be looked at */
};

void table_shape_init(struct table_shape *t, const struct headers *h,
		      const struct import_choices *choices);
void table_shape_free(struct table_shape *t);
/* Take a row (copied); true when the titles are known, or the bounds are reached. */
bool table_shape_look(struct table_shape *t, const struct import_cells *row);
/* No more rows come. found = -1: there is no row with text. */
void table_shape_settle(struct table_shape *t);
/* Number of the first row that was looked at and stands below the titles. */
size_t table_shape_next(const struct table_shape *t);

/* A title as the table has it, and the group above it. */
struct shape_title {
	struct slice group; /* n = 0: none */
	struct slice title; /* n = 0: the column has none */
	bool is_hidden;
};
/* Of cell i; cells behind table_shape_width have none. */
struct shape_title table_shape_title(const struct table_shape *t, size_t cell);
/* Cells of the rows of titles. */
size_t table_shape_width(const struct table_shape *t);
