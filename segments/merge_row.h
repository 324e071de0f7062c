/* SPDX-License-Identifier: MIT */
/* What a row of a file does to the row of a list that it is about. Pure. */
#pragma once

#include "segments/row_writer.h"

enum merge_mode {
	MERGE_REPLACE,	 /* the list is what the files have: rows are not compared */
	MERGE_FILL,	 /* values for cells that have none, unknown rows are added */
	MERGE_OVERWRITE, /* the files' values, but for empty ones; unknown rows are added */
	MERGE_NEW,	 /* unknown rows are added, nothing else */
	MERGE_MODES
};
/* "replace", "fill", "overwrite", "new" */
const char *merge_mode_name(enum merge_mode m);
/* false: no mode is called so. */
bool merge_mode_read(struct slice name, enum merge_mode *out);

/*
 * `from` has the columns of the schema, like the row, whose cells are changed in place. A phone
 * goes with its number, and stays as it is typed where only that differs, or where it is what the
 * rows are found by. True: the row is another one now.
 */
bool merge_row(enum merge_mode m, const struct schema *s, struct slice *cells, struct list_row *row,
	       const struct list_row *from);

/*
 * What may be told of a row before it is merged. Whether a file's value in a sensitive column is the
 * one that the list has is told of no row: with a file of one guessed value the count would be the answer.
 */
enum merge_told {
	MERGE_TOLD_SAME,
	MERGE_TOLD_CHANGED, /* in a column that is not sensitive */
	MERGE_TOLD_NOT,	    /* only a value in a sensitive column is given: a new one or not */
};
enum merge_told merge_told(enum merge_mode m, const struct schema *s, const struct list_row *row,
			   const struct list_row *from);
