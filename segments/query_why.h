/* SPDX-License-Identifier: MIT */
/*
 * Why a query finds a row, or does not: the conditions that decided it, each as it is written in
 * the normalised text. For people who ask about one row; query_eval_block is for all others. Pure.
 *
 * Of an AND that is false those sides are told that are false, of an OR that is true those that are
 * true; else both. Below a NOT the conditions are told as they are, without it, but a NOT of a single
 * condition is one condition.
 */
#pragma once

#include "segments/query.h"

/* What a set that nobody has any more makes of it may not be known. */
enum query_answer { QUERY_NO, QUERY_YES, QUERY_NOT_KNOWN };

struct query_reason {
	struct slice text; /* lives during the call */
	enum query_answer answer;
	int missing;	   /* column without a value, for which it is false; -1 = none is */
	bool is_sensitive; /* it looks into a column that the law calls so */
};
typedef void (*query_reason_cb)(void *arg, const struct query_reason *r);

struct query_why {
	const struct query *q; /* bound */
	const struct schema *schema;
	const struct block *block;
	uint32_t row;
	int64_t today;	 /* days since 1970-01-01 in Vietnam */
	bool lacks_sets; /* in_list, reached_by and state are not known */
};
/* Each reason in the order of the text; cb may be NULL. */
enum query_answer query_why(const struct query_why *w, query_reason_cb cb, void *arg);
