/* SPDX-License-Identifier: MIT */
/*
 * A block: 256 rows of a list, column by column, immutable once encoded. Pure
 * bytes; who keeps them is not known here. A list's snapshot is an array of
 * block ids; block number k of a snapshot holds rows k*256 .. k*256+255, so a
 * row number is never reused and needs no index.
 *
 * Format 1 (docs/FORMATS.md, "Block"): header, per column either plain values
 * or a dictionary of distinct values with one byte a row when there are few;
 * the phone column as 8-byte numbers; the hidden column `same phone` as the
 * distance in rows back to the previous row of the list with the same phone.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define BLOCK_ROWS 256u
#define COLUMNS_MAX 128u
#define CELL_MAX 1000u /* bytes of a cell */

enum column_type { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_DATE };
/*
 * DATE cells are kept as text "yyyy-mm-dd" or "yyyy" (only the year is known);
 * NUMBER cells as decimal text. An empty cell is missing (NULL).
 */

/* What the texts of a TEXT column are; blocks and queries do not care. */
enum column_form { FORM_PLAIN, FORM_BOOL, FORM_TAGS };

struct column {
	char name[64];	 /* identifier used in queries and templates: ho_ten */
	char title[128]; /* as the file's header had it: "Họ và tên" */
	enum column_type type;
	enum column_form form;
	bool is_sensitive; /* by the law on personal data; kept for a reason that the report has */
	bool is_masked;	   /* a personal number: not shown in full */
};
/* "text", "number", "date", "bool" (yes or no), "tags" (divided by , ; |). */
const char *column_type_name(const struct column *c);
/* Sets type and form; a name that is not known is a plain text. */
void column_set_type(struct column *c, const char *name);

struct schema {
	struct column columns[COLUMNS_MAX];
	uint32_t count;
	int phone; /* index of the column that holds the phone as typed; -1 = none */
};

/* Index of the column called name (identifier or title, folded), or -1. */
int schema_find(const struct schema *s, struct slice name);

/* Collects up to 256 rows and encodes them. */
struct block_builder;
struct block_builder *block_builder_new(const struct schema *s);
void block_builder_free(struct block_builder *b);
/*
 * Add a row: cells[schema.count], an empty slice = missing. phone = E.164
 * digits as a number (84912345678), 0 = none. same_phone_back = distance in
 * rows to the previous row with this phone, 0 = none. carrier = index into
 * carriers (segments/phone.h), 0 = unknown.
 */
void block_builder_add(struct block_builder *b, const struct slice *cells, uint64_t phone,
		       uint32_t same_phone_back, uint8_t carrier);
/* The row that was added last is a tombstone. */
void block_builder_delete_last(struct block_builder *b);
uint32_t block_builder_rows(const struct block_builder *b);
/* One more column, last; the rows that are in already have none. The caller's builder from now on. */
struct block_builder *block_builder_add_column(struct block_builder *b);
/* Append the encoded block to out and start an empty one; nothing when there are no rows. */
void block_builder_finish(struct block_builder *b, struct buf *out);

/* A decoded view: borrows the bytes, which must outlive it. */
struct block {
	struct slice bytes;
	uint32_t rows;	  /* 1..256 */
	uint32_t columns; /* as many as the list had when it was written */
	struct block_column {
		bool is_dictionary;
		uint32_t distinct;	/* dictionary: number of values */
		const uint8_t *codes;	/* dictionary: [rows]; 0 = missing, else value code-1 */
		const uint8_t *offsets; /* u32 LE [distinct+1] or [rows+1] into text */
		const char *text;
	} column[COLUMNS_MAX];
	const uint8_t *phones;	  /* u64 LE [rows] */
	const uint8_t *same_back; /* u32 LE [rows] */
	const uint8_t *carriers;  /* [rows] */
	const uint8_t *deleted;	  /* bitmap [32]: tombstones */
};

/* Checks every offset; ERR_INPUT when the bytes are no well-formed block. */
MUST_CHECK enum err block_open(struct slice bytes, struct block *out, struct err_ctx *e);
/* The cell; n = 0 is missing. Row and column must exist (a column added later is missing). */
struct slice block_cell(const struct block *b, uint32_t row, uint32_t column);
/* Value i < distinct of a dictionary column: what code i+1 stands for. */
struct slice block_value(const struct block_column *c, uint32_t i);
uint64_t block_phone(const struct block *b, uint32_t row);
uint32_t block_same_back(const struct block *b, uint32_t row);
uint8_t block_carrier(const struct block *b, uint32_t row);
bool block_is_deleted(const struct block *b, uint32_t row);
