/* SPDX-License-Identifier: MIT */
/*
 * The values that a block stores of one column (the cells of a plain column, the
 * distinct values of a dictionary) judged all at once, for eval only: texts are
 * folded 16 bytes a step and searched as one text, values are compared with
 * constants that are worked out once. The result is that of segments/judge.
 */
#pragma once

#include <endian.h>

#include "segments/judge.h"

/* A set of rows, or of values. */
struct rows {
	uint64_t bits[4];
};

static inline void
set_bit(struct rows *r, uint32_t row, bool is_set)
{
	r->bits[row / 64] |= (uint64_t)is_set << (row % 64);
}

/* The next row of a set at or behind `row`, or BLOCK_ROWS. */
static inline uint32_t
next_row(const struct rows *r, uint32_t row)
{
	while (row < BLOCK_ROWS) {
		uint64_t rest = r->bits[row / 64] >> (row % 64);

		if (rest != 0)
			return row + (uint32_t)__builtin_ctzll(rest);
		row = (row / 64 + 1) * 64;
	}
	return BLOCK_ROWS;
}

/* What a block stores of a column as texts: its cells, or a table's. */
struct values {
	int column;
	uint32_t n;
	const uint32_t *at; /* [n+1] into text */
	const char *text;
};

static inline struct slice
values_at(const struct values *v, uint32_t i)
{
	return (struct slice){v->text + v->at[i], v->at[i + 1] - v->at[i]};
}

/* The texts of one column of the block under evaluation, and how they fold. */
struct folded_values {
	int column; /* whose; -1 = none yet */
	struct buf at;
	struct values values;
	bool is_folded, is_good;
	struct buf raw, text;
	/* The same without accents. */
	bool is_bare, is_bare_good;
	struct buf bare, bare_at; /* [n+1] */
};
void folded_values_free(struct folded_values *f);

/* The cells of the column, or the values of its dictionary; or its table of words. */
const struct values *values_of(struct folded_values *f, const struct block *b, int column);
const struct values *values_of_words(struct folded_values *f, const struct block *b, int column);
/* Fold them into f->text; false: they do not fold byte by byte. */
bool values_fold(struct folded_values *f);
/* Without accents into f->bare; false: a letter has no base of one byte. */
bool values_bare(struct folded_values *f);

/*
 * The values of `asked` for which the predicate holds, if there is a short way; others may come
 * out either way. False: there is none, and *out is as it was. *out is empty before.
 */
bool values_judge(struct judge *j, const struct predicate *x, struct folded_values *f,
		  const struct rows *asked, struct rows *out);
/* The same of rows of numbers and dates, by their codes; of words. */
bool codes_judge(const struct judge *j, const struct predicate *x, const struct rows *asked,
		 struct rows *out);
bool words_judge(const struct judge *j, const struct predicate *x, struct folded_values *f,
		 struct rows *out);

/* ---- for the three of them ---- */

/* A pattern without signs inside: what stands between its % in front and behind. */
struct like {
	bool is_simple, is_open_before, is_open_behind;
	struct slice text;
};
struct like like_of(struct slice pattern);

#define CONSTANTS_MAX 16

/* What a column is compared with. */
struct constants {
	enum compare_kind how;
	double numbers[CONSTANTS_MAX];
	int32_t dates[CONSTANTS_MAX];
	struct slice texts[CONSTANTS_MAX];
};
/* False: not all compare alike with the column, or one is no constant or missing. */
bool constants_read(const struct judge *j, const struct predicate *x, struct constants *k);

/*
 * The values from..to, as numbers, that a comparison or BETWEEN takes; is_inside false: those
 * outside of it. Dates are yyyymmdd.
 */
struct interval {
	double from, to;
	bool is_inside;
};
/* False: it is an IN. */
bool interval_of(const struct predicate *x, double a, double b, struct interval *out);
/* One by one; a date of 0 is missing. */
bool constants_date_holds(const struct predicate *x, const struct constants *k, int32_t date);
bool constants_number_holds(const struct predicate *x, const struct constants *k, double number);
