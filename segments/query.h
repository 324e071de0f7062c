/* SPDX-License-Identifier: MIT */
/*
 * Segment queries: SQL's WHERE on one row: = != <> < <= > >=, [NOT] IN,
 * [NOT] BETWEEN, [NOT] LIKE (% _ and \ before either), IS [NOT] NULL, ~ (contains,
 * accents ignored too), HAS (one of the tags of a cell, divided by , ; | or line
 * ends), AND OR NOT ( ), age(column), today().
 *
 * Two-valued logic: every comparison with a missing value is false, != and NOT IN
 * too; NOT ( … ) is plain negation, so a query and its NOT ( … ) add up to the
 * whole list. A cell that is no number where numbers are compared, or no date
 * where dates are, counts as missing. Text compares after NFC and case folding,
 * in the order of code points. A date of which only the year is known compares
 * with others by the year alone: 1966 = 1966-10-10, neither is before the other.
 *
 * parse → bind to a list's columns → a flat program over columns; on a block it
 * yields one bit a row. Arithmetic with dates and functions over runs and other
 * lists (in_list, reached_by) are not there yet: an error says so. Pure.
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
