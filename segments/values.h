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

struct values {
	const struct block_column *c;
	int column;
	uint32_t n;
};

static inline uint32_t
values_offset(const struct values *v, uint32_t i)
{
	uint32_t at;

	memcpy(&at, v->c->offsets + 4 * (size_t)i, 4);
	return le32toh(at);
}

static inline struct slice
values_at(const struct values *v, uint32_t i)
{
	uint32_t from = values_offset(v, i);

	return (struct slice){v->c->text + from, values_offset(v, i + 1) - from};
}

/* The texts of one column of the block under evaluation, folded. */
struct folded_values {
	int column; /* whose; -1 = none yet */
	bool is_good;
	struct buf raw, text;
	/* The same without accents. */
	int bare_column;
	bool is_bare_good;
	struct buf bare;
	uint32_t bare_offsets[BLOCK_ROWS + 1]; /* little endian, as a block's */
};

/*
 * The values of `asked` for which the predicate holds, if there is a short way; others may come
 * out either way. False: there is none, and *out is as it was. *out is empty before.
 */
bool values_judge(struct judge *j, const struct predicate *x, const struct values *v,
		  struct folded_values *f, const struct rows *asked, struct rows *out);
