/* SPDX-License-Identifier: MIT */
/*
 * Rows of a table that are nobody: asked only about rows without a phone that
 * could be written to, so that nobody who can be reached is ever left out. In
 * doubt a row is a person, and is rejected for what is wrong with its phone. Pure.
 */
#pragma once

#include "segments/headers.h"

enum row_kind {
	ROW_PERSON,
	ROW_EMPTY,
	ROW_TITLE,	  /* above the titles of the columns; the motto, the list's name */
	ROW_HEADER_AGAIN, /* the titles repeated, at a page break */
	ROW_NUMBERS,	  /* (1) (2) (3) under the titles */
	ROW_GROUP,	  /* "I. Thôn 1": those below belong to it */
	ROW_TOTAL,	  /* "Tổng cộng" */
	ROW_NOTE,	  /* "Ghi chú: …" */
	ROW_SIGNATURE,	  /* "NGƯỜI LẬP BIỂU", and the names under it */
	ROW_KINDS
};

/* Stable names for the report: "title", "header-again" … */
const char *row_kind_name(enum row_kind kind);

/* What is known of a table; zero-initialised, then the fields that are known. */
struct row_table {
	const struct headers *headers;
	const struct slice *titles[2]; /* [width] folded words of the rows of titles; NULL = none */
	size_t width;
	size_t phone; /* cell of the phone */
	int number;   /* cell of the running number (STT); -1 = none */
	bool is_signed; /* the row before was a signature's: the caller keeps it false after a kept row */
};

/* cells[count] are clean; none of them need be there. */
enum row_kind row_kind_of(struct row_table *t, const struct slice *cells, size_t count);
/* Of a row that is a group: "I. Thôn 1" → "Thôn 1". */
struct slice row_group_name(const struct slice *cells, size_t count);
