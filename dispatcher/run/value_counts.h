/* SPDX-License-Identifier: MIT */
/*
 * Rows by the value of a column, in bounded memory: dates by their year, and by age
 * where they are births. Exact for as many different values as fit (GROUPS_MAX); of
 * more, the largest found are counted once more. Sums are exact in any case. Pure.
 */
#pragma once

#include "dispatcher/run/groups.h"
#include "segments/block.h"

#define VALUE_COUNTS_TOP 100u
#define AGE_GROUPS 8u

struct value_counts {
	uint32_t column;
	bool is_by_year; /* a column of dates */
	bool is_birth;	 /* and ages are counted */
	int64_t today;
	uint64_t rows;	   /* all that came */
	uint64_t no_value; /* of them */
	uint64_t ages[AGE_GROUPS], no_age;
	struct groups *groups;
};

/* today: days since 1970-01-01 in Vietnam. */
void value_counts_init(struct value_counts *v, const struct schema *s, uint32_t column,
		       int64_t today);
void value_counts_clear(struct value_counts *v);
void value_counts_add(struct value_counts *v, const struct block *b, uint32_t i);
/*
 * True: there were more values than fit, and all rows must be added once more, from the first.
 * Asked after the first round only.
 */
bool value_counts_again(struct value_counts *v);
/*
 * The largest, ties in Vietnamese order; the rest is in groups_others(v->groups). out has room for
 * VALUE_COUNTS_TOP. *values: how many different ones there are; 0 = more than could be kept apart.
 */
size_t value_counts_top(struct value_counts *v, const struct group **out, size_t *values);
/* "0-5", "6-17" … "80+" */
const char *age_group_name(unsigned i);
