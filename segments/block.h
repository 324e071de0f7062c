/* SPDX-License-Identifier: MIT */
/*
 * A block: 256 rows of a list, column by column, immutable once encoded. Pure
 * bytes; who keeps them is not known here. A list's snapshot is an array of
 * block ids; block number k of a snapshot holds rows k*256 .. k*256+255, so a
 * row number is never reused and needs no index.
 *
 * A block consists of pieces that can be kept and read apart: one about its rows
 * (how many, which are deleted), one about the people (phones, carriers, who has
 * the same phone), and one for each column that has a value. Who asks one column
 * reads two pieces. What stands in them: docs/FORMATS.md, "Block".
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

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

/* ---- writing ---- */

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
/*
 * Append the encoded block to out, its pieces one behind the other, and start an empty one;
 * nothing when there are no rows.
 */
void block_builder_finish(struct block_builder *b, struct buf *out);
struct block;
/* Append the piece about the people of b, which was read, with other distances: same_back[rows]. */
void block_write_people(const struct block *b, const uint32_t *same_back, struct buf *out);

/* ---- the pieces, one behind the other ---- */

/* Which piece it is: 0..127 the column, or one of these. */
#define PIECE_PEOPLE 254u
#define PIECE_ROWS 255u

struct piece {
	uint32_t id;
	struct slice bytes;
};
/* Begin such bytes, and add a piece; the rows' comes first. */
void pieces_begin(struct buf *out);
void pieces_add(struct buf *out, uint32_t id, struct slice bytes);
/* Go over the beginning, or set ERR_INPUT: they are of no version that is read here. */
MUST_CHECK enum err pieces_open(struct slice bytes, struct reader *out, struct err_ctx *e);
/* The next piece; false: there is none, or r->is_bad. */
bool pieces_next(struct reader *r, struct piece *out);

/* Pieces that are wanted besides the rows', which always is. Zero-initialised: no others. */
struct block_want {
	bool has_people;
	uint64_t columns[COLUMNS_MAX / 64];
};

static inline bool
block_is_wanted(const struct block_want *w, uint32_t column)
{
	return (w->columns[column / 64] >> (column % 64) & 1) != 0;
}

/* The next wanted column at or behind `column`, or COLUMNS_MAX. */
static inline uint32_t
block_next_wanted(const struct block_want *w, uint32_t column)
{
	while (column < COLUMNS_MAX) {
		uint64_t rest = w->columns[column / 64] >> (column % 64);

		if (rest != 0)
			return column + (uint32_t)__builtin_ctzll(rest);
		column = (column / 64 + 1) * 64;
	}
	return COLUMNS_MAX;
}

/* -1: none. */
static inline void
block_want_column(struct block_want *w, int column)
{
	if (column >= 0)
		w->columns[column / 64] |= UINT64_C(1) << (column % 64);
}

/* ---- reading ---- */

/* How a column's cells are kept; the numbers stand in its piece. */
enum block_kind {
	BLOCK_UNREAD, /* its piece was not asked for: nor may its cells be */
	BLOCK_PLAIN,
	BLOCK_DICTIONARY,
	BLOCK_NUMBERS,
	BLOCK_DATES,
	BLOCK_WORDS,
	BLOCK_MISSING, /* no cell has a value; it has no piece */
};

struct block_column {
	enum block_kind kind;
	uint8_t offset_size; /* 2 or 4 */
	uint8_t code_size;   /* numbers, dates */
	uint8_t digits;	     /* numbers: zeros in front up to so many; 0 = none */
	uint32_t distinct;   /* dictionary: values; words: texts in the table */
	uint32_t frequent;   /* words: those of the table that have a code, 0..255 */
	int64_t base;	     /* numbers: what code 1 stands for; dates: the year before the first */
	const uint8_t *codes; /* [rows]; dictionary: 0 = missing, else value code-1; numbers and
				   dates: code_size bytes each, 0 = missing; words: how many words */
	const uint8_t *words; /* words: one code each, 0 = the next of the table's others */
	const uint8_t
		*offsets; /* LE: plain [rows+1], dictionary and words [distinct+1] into text */
	const char *text;
	/* Numbers, dates, words: the cells, put together when the first was asked for. */
	const uint32_t *spelt_offsets; /* [rows+1]; NULL = not yet */
	const char *spelt;
};

/* A decoded view: borrows the bytes, which must outlive it. */
struct block {
	uint32_t rows;	  /* 1..256 */
	uint32_t columns; /* as many as the list had when it was written */
	struct block_column column[COLUMNS_MAX];
	const uint8_t *phones; /* [rows]; NULL = unread */
	uint8_t phone_size, back_size;
	const uint8_t *same_back; /* [rows] of back_size bytes; 0 of them: no row has one */
	const uint8_t *carriers;  /* half a byte each */
	const uint8_t *deleted;	  /* bitmap of tombstones; NULL = none */
	struct arena texts;	  /* cells that were put together, as long as the block is open */
};

/*
 * All pieces together; ERR_INPUT when they are no well-formed block. *out may be anything before;
 * block_close gives back what reading its cells took.
 */
MUST_CHECK enum err block_open(struct slice bytes, struct block *out, struct err_ctx *e);
/* The same, but the pieces that are not there were not asked for. */
MUST_CHECK enum err block_open_some(struct slice bytes, struct block *out, struct err_ctx *e);
void block_close(struct block *b);

/*
 * Piece by piece, for who has them apart: first the rows (b zero-initialised, or opened before),
 * then those of the others that were asked for.
 */
MUST_CHECK enum err block_open_rows(struct block *b, struct slice bytes, struct err_ctx *e);
MUST_CHECK enum err block_open_people(struct block *b, struct slice bytes, struct err_ctx *e);
/* bytes.p NULL: the column has no piece; an error where it should. */
MUST_CHECK enum err block_open_column(struct block *b, uint32_t column, struct slice bytes,
				      struct err_ctx *e);

/*
 * The cell; n = 0 is missing. Row and column must exist (a column added later is missing), and
 * the column was read. Lives as long as the view.
 */
struct slice block_cell(const struct block *b, uint32_t row, uint32_t column);
/* Value i < distinct of a dictionary column: what code i+1 stands for. */
struct slice block_value(const struct block_column *c, uint32_t i);
/*
 * The column's texts, one behind the other: of a dictionary its values, else the cells. Fills
 * at[n+1] with where each begins in *text, and returns n: at most BLOCK_ROWS.
 */
uint32_t block_texts(const struct block *b, const struct block_column *c, uint32_t *at,
		     const char **text);
/* The same of a table of words: at[distinct+1]. */
void block_word_table(const struct block_column *c, uint32_t *at);
/* The codes of numbers and dates, out[rows]: 0 = missing. */
void block_codes(const struct block *b, const struct block_column *c, uint64_t *out);
/* A date's code in parts; month and day 0 = only the year is known. */
static inline uint32_t
block_date_year(const struct block_column *c, uint64_t code)
{
	return (uint32_t)c->base + (uint32_t)(code >> 9);
}
static inline uint32_t
block_date_month(uint64_t code)
{
	return (uint32_t)(code >> 5) & 15;
}
static inline uint32_t
block_date_day(uint64_t code)
{
	return (uint32_t)code & 31;
}

/* Of the people; that piece was read. */
uint64_t block_phone(const struct block *b, uint32_t row);
uint32_t block_same_back(const struct block *b, uint32_t row);
uint8_t block_carrier(const struct block *b, uint32_t row);
bool block_is_deleted(const struct block *b, uint32_t row);
