/* SPDX-License-Identifier: MIT */
/*
 * A query that finds nobody: which value of the list was probably meant. The values of
 * the columns that it compares with texts are gathered while the list is read, at most
 * HINT_VALUES a column; of a column that has more nothing is said, nor of phones,
 * personal numbers and sensitive values. Pure.
 */
#pragma once

#include "segments/query.h"

#define HINT_COLUMNS 8u
#define HINT_VALUES 2048u
#define HINT_TEXTS 16u

struct hints;
/* q is bound to s; both must outlive it. */
struct hints *hints_new(const struct query *q, const struct schema *s);
void hints_free(struct hints *h);
void hints_block(struct hints *h, const struct block *b);

struct hint {
	int column;
	struct slice text, nearest; /* valid as long as the query and the hints */
};
/* The texts that are no value of their columns and look like one; out has room for HINT_TEXTS. */
size_t hints_find(struct hints *h, struct hint *out);
