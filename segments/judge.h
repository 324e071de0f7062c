/* SPDX-License-Identifier: MIT */
/*
 * A predicate on one row: what the language means, for judge and eval only. Two-valued:
 * a predicate with a missing value is false, negated or not (IS NULL excepted). A
 * cell that is no number where a number is compared, or no date where a date is,
 * counts as missing.
 */
#pragma once

#include "segments/query_tree.h"

/* Where the values of the row being judged come from. */
struct judge {
	const struct query *q;
	int32_t today;
	const struct block *block; /* NULL: values by name */
	uint32_t row;
	const struct slice *cell; /* not NULL: the value of the only column */
	query_value_cb get;
	void *arg;
	struct buf left, right; /* folded texts; the caller frees them */
};

bool judge_row(struct judge *j, const struct predicate *x);

/* Of an operand, in the row; false = missing. */
bool judge_number(const struct judge *j, const struct operand *o, double *out);
bool judge_date(const struct judge *j, const struct operand *o, int32_t *out);

/* < 0, 0, > 0 by the order of code points. */
int judge_order(struct slice a, struct slice b);

/* Does the comparison hold that comes out as c? (< 0, 0, > 0: before, equal, behind) */
static inline bool
judge_holds(enum predicate_op op, int c)
{
	static const bool holds[][3] = {
		[OP_EQ] = {false, true, false}, [OP_NE] = {true, false, true},
		[OP_LT] = {true, false, false}, [OP_LE] = {true, true, false},
		[OP_GT] = {false, false, true}, [OP_GE] = {false, true, true},
	};

	return holds[op][(c > 0) - (c < 0) + 1];
}

/* SQL's LIKE on folded texts: % any text, _ one character, \\ before either means itself. */
bool judge_like(struct slice s, struct slice pattern);
