/* SPDX-License-Identifier: MIT */
/*
 * What the values of a column are, judged once from its first rows: text, number,
 * date (a day or only the year), yes or no, tags. Pure.
 *
 * A title that says what it is ("Ngày …", "Có …") is believed when half of the
 * values agree; without one all must agree (of days nine in ten). 1 and 0 are yes
 * and no only where the title says so.
 */
#pragma once

#include "segments/headers.h"
#include "segments/table_row.h"

/* Counts over the first values; zero-initialised. */
struct column_facts {
	uint32_t filled;
	uint32_t years, days;
	uint32_t numbers;
	uint32_t yes_no;  /* có, không, x … */
	uint32_t digits;  /* 1 or 0 */
	uint32_t divided; /* by ; or |, into short parts */
};

void column_facts_add(struct column_facts *f, const struct headers *h, struct slice cell);
/* Sets type and form. */
void column_decide(const struct column_facts *f, enum header_hint hint, struct column *c);
/*
 * Is the value one of the column's type? A date is rewritten into date, as
 * yyyy-mm-dd or yyyy, and *cell is that.
 */
bool column_fit(const struct headers *h, const struct column *c, struct slice *cell, char date[11]);
