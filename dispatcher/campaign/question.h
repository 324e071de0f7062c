/* SPDX-License-Identifier: MIT */
/*
 * A question about the rows that a query finds in a list now: how many, who of them would
 * get a message, some of them by chance, how they divide by a column. One look through the
 * list, in sections of SECTION_BLOCKS; memory does not grow with the list but for what
 * `audience` remembers.
 *
 *   bound_load (with its sets) → section → suppressed? → section … → (values once more) → answer
 */
#pragma once

#include "base/loop.h"
#include "dispatcher/campaign/exclusions.h"
#include "dispatcher/run/bound.h"
#include "dispatcher/run/hints.h"
#include "dispatcher/run/sample.h"
#include "dispatcher/run/value_counts.h"

enum question_kind {
	ASK_COUNT,     /* rows only: the fastest */
	ASK_DETAILS,   /* and phones, missing values, exclusions */
	ASK_SAMPLE,    /* and some of them */
	ASK_BREAKDOWN, /* and by a column */
};

struct question {
	enum question_kind kind;
	const char *segment;	 /* a saved one; NULL = a text over a list */
	const char *list, *text; /* of none that is saved */
	unsigned sample;	 /* how many, 1 … SAMPLE_MAX */
	uint64_t seed;
	const char *column; /* by name or title */
	bool is_full;	    /* may see sensitive values and personal numbers */
};

struct question_answer {
	const struct bound *bound;
	uint64_t list_rows; /* that are not deleted */
	uint64_t count;
	/* Rows of the list without a value, for each column that the query looks at. */
	struct {
		int column;
		uint64_t rows;
	} missing[COLUMNS_MAX];
	size_t missing_count;
	const struct exclusions_counts *exclusions; /* ASK_DETAILS */
	struct hint hints[HINT_TEXTS]; /* nobody was found, and it was asked for more */
	size_t hint_count;
	const struct sample *sample; /* ASK_SAMPLE */
	struct value_counts *values; /* ASK_BREAKDOWN */
};

struct question_callbacks {
	/*
	 * From a second on, a few times a second: blocks; and before, what is read of other lists and
	 * campaigns. May be NULL.
	 */
	void (*on_progress)(void *arg, uint64_t done, uint64_t total);
	void (*on_sets)(void *arg, uint64_t done, uint64_t total);
	/* Once, never before question_start returns: NULL and why, or the answer, which lives during the call. */
	void (*on_done)(void *arg, const struct question_answer *a, const struct err_ctx *e);
	void *arg;
};

struct asking;
/* Everything in q is copied. */
struct asking *question_start(struct loop *l, struct engine *e, const struct question *q,
			      const struct question_callbacks *cbs);
/* Stop without calling back. */
void question_cancel(struct asking *a);
