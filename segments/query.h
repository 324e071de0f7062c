/* SPDX-License-Identifier: MIT */
/*
 * Segment queries: SQL's WHERE on one row (= != <> < <= > >= [NOT] IN (…)
 * [NOT] BETWEEN … AND … [NOT] LIKE IS [NOT] NULL AND OR NOT ( ), ~ contains
 * with accents ignored, age(column), today()). Two-valued logic: every
 * comparison with a missing value is false, !=, NOT IN, NOT LIKE and NOT
 * BETWEEN too; NOT ( … ) is plain negation, so a query and its NOT ( … ) add
 * up to the whole list. Text compares after NFC and case folding.
 *
 * A number column or a number literal compares as numbers; a cell that is no
 * number is missing then. A date column compares with 'YYYY-MM-DD' and today();
 * a cell that has only the year compares by the year: "1950" = '1950-06-01',
 * and is neither < nor > it. age() of a year is this year minus that year.
 *
 * parse → bind to a list's columns → a flat program over columns; on a block it
 * yields one bit a row. What the full language has and this does not yet (HAS,
 * in_list, reached_by, province, state) is an error that says so; a column of
 * such a name stands in backquotes. Pure.
 */
#pragma once

#include "base/buf.h"
#include "segments/block.h"

#define QUERY_MAX_BYTES 8192u
#define QUERY_DEPTH_MAX 64u
#define QUERY_NODES_MAX 512u

struct query;

struct query_error {
	size_t at;	   /* byte offset in the text */
	size_t column;	   /* 1-based, in characters */
	char message[240]; /* why, and what to do */
};

/* NULL and *e on the first error. */
struct query *query_parse(struct slice text, struct query_error *e);
void query_free(struct query *q);
/* Resolve names against a schema; false: unknown column (nearest suggested), or a type mismatch. */
bool query_bind(struct query *q, const struct schema *s, struct query_error *e);
/* The normalised text: upper-case words, single quotes, no needless parentheses. */
void query_add_normalised(const struct query *q, struct buf *out);
/* The text, and under it a caret at e->at with the message (several lines). */
void query_add_caret(struct slice text, const struct query_error *e, struct buf *out);

/*
 * Rows of the block for which the bound query holds, one bit a row (row i =
 * bit i%64 of out[i/64]); today = days since 1970-01-01 in Vietnam. Deleted rows
 * are evaluated like others.
 */
void query_eval_block(const struct query *q, const struct block *b, int64_t today, uint64_t out[4]);

/*
 * Without a list: values by name (n = 0 or not found: missing), for `segment
 * eval`. Parsed only; binding is not needed.
 */
typedef struct slice (*query_value_cb)(void *arg, struct slice name);
bool query_eval_row(const struct query *q, query_value_cb get, void *arg, int64_t today);
