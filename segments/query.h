/* SPDX-License-Identifier: MIT */
/*
 * Segment queries: SQL's WHERE on one row: = != <> < <= > >=, [NOT] IN,
 * [NOT] BETWEEN, [NOT] LIKE (% _ and \ before either), IS [NOT] NULL, ~ (contains,
 * accents ignored too), HAS (one of the tags of a cell, divided by , ; | or line
 * ends), AND OR NOT ( ), age(column), today(), dates + and - a length of time,
 * province(…), and in_list(…), reached_by(…), state(…, …), which only the caller
 * can answer, and segment(…), which it must put the saved text in for before
 * (segments/combine). docs/FORMATS.md, "Query", has the grammar and what each means.
 *
 * Two-valued logic: every comparison with a missing value is false, != and NOT IN
 * too; NOT ( … ) is plain negation, so a query and its NOT ( … ) add up to the
 * whole list. A cell that is no number where numbers are compared, or no date
 * where dates are, counts as missing. Text compares after NFC and case folding,
 * in the order of code points. A date of which only the year is known compares
 * with others by the year alone: 1966 = 1966-10-10, neither is before the other.
 *
 * parse → fill the external sets → bind to a list's columns → a flat program over
 * columns; on a block it yields one bit a row. Pure. A query keeps what it worked
 * out for one block to be faster on the next: evaluate it in one place at a time.
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
/*
 * Resolve names against a schema; false: unknown column (nearest suggested), a
 * type mismatch, an external set that nobody has filled, or a segment( … ) that is still there.
 */
bool query_bind(struct query *q, const struct schema *s, struct query_error *e);
/* The same for a query that is only to be saved: external sets may be unfilled, and it is not bound. */
bool query_check(struct query *q, const struct schema *s, struct query_error *e);
/* Bound: does it look into that column? */
bool query_reads(const struct query *q, int column);
/* Does it look into one that the law calls sensitive? */
bool query_reads_sensitive(const struct query *q, const struct schema *s);
/* The normalised text: upper-case words, single quotes, no needless parentheses. */
void query_add_normalised(const struct query *q, struct buf *out);
/* What may surprise whoever wrote it, a line each; nothing if nothing does. */
void query_add_warnings(const struct query *q, struct buf *out);
/* The text, and under it a caret at e->at with the message (several lines). */
void query_add_caret(struct slice text, const struct query_error *e, struct buf *out);

/* ---- what a query needs of runs and of other lists ---- */

enum query_external_kind {
	QUERY_IN_LIST,	  /* in_list("list"): the phone is in that list */
	QUERY_REACHED_BY, /* reached_by("campaign"): it was accepted or delivered there */
	QUERY_STATE,	  /* state("campaign", "state"): its message there is in that state */
};

/*
 * One that the query asks for; kind and arguments in the order of the text, the
 * same set once. The caller answers by one of the two functions, which must be
 * ready to answer at once (sets are loaded before) and live as long as the query.
 */
struct query_external {
	enum query_external_kind kind;
	struct slice args[2]; /* as written; the query's own */
	size_t arg_count;
	size_t at; /* byte offset of the function in the text, as arg_at, for errors */
	size_t arg_at[2];
	/* Is the phone (84912345678) in it? Not asked for rows without a phone: they are in no set. */
	bool (*has)(void *arg, uint64_t phone);
	/* Or: all rows of the block at once, bits as of query_eval_block; goes before has. */
	void (*rows)(void *arg, const struct block *b, uint64_t out[4]);
	void *arg;
};

size_t query_external_count(const struct query *q);
const struct query_external *query_external(const struct query *q, size_t i);
/* Before binding; one of has and rows, or both NULL: not filled. */
void query_fill(struct query *q, size_t i, bool (*has)(void *arg, uint64_t phone),
		void (*rows)(void *arg, const struct block *b, uint64_t out[4]), void *arg);

/* Argument arg of set i cannot be answered, and why: *e as of query_parse. */
void query_blame(const struct query *q, size_t i, size_t arg, const char *why,
		 struct query_error *e);

/* ---- saved segments that it names ---- */

/* segment("name"), in the order of the text; the same name may come again. */
struct query_segment {
	struct slice name;
	size_t at, end; /* its bytes in the text */
};
size_t query_segment_count(const struct query *q);
const struct query_segment *query_segment(const struct query *q, size_t i);

/* The columns that the bound query looks at: the i-th, each once; -1: there are no more. */
int query_column(const struct query *q, size_t i);
/* Whole years from the date in a cell to today, as age(column) has them; -1: no date, or a later one. */
int query_age_of(struct slice cell, int64_t today);

/* ---- hints for a query that finds nobody ---- */

/* A text that a column is compared with by =, != or IN. */
struct query_literal {
	int column; /* of the list; the query is bound */
	struct slice text;
	size_t at; /* byte offset */
};
/* The i-th; false: there are no more. */
bool query_literal(const struct query *q, size_t i, struct query_literal *out);
/*
 * Which of a column's distinct values is probably meant by a text that is none of
 * them: one that differs in accents only, else the least misspelt. -1: none is near,
 * or the text is one of them.
 */
ptrdiff_t query_nearest_value(struct slice text, const struct slice *values, size_t n);

/* ---- evaluation ---- */

/* Of a bound query: which pieces of a block are to be read for it; added to what is in *out. */
void query_want(const struct query *q, struct block_want *out);

/*
 * Rows of the block for which the bound query holds, one bit a row (row i =
 * bit i%64 of out[i/64]); today = days since 1970-01-01 in Vietnam. Deleted rows
 * are evaluated like others.
 */
void query_eval_block(const struct query *q, const struct block *b, int64_t today, uint64_t out[4]);

/*
 * Without a list: values by name (n = 0 or not found: missing), for `segment
 * eval`. Parsed only; binding is not needed. Such a row has no phone: it is in no
 * external set.
 */
typedef struct slice (*query_value_cb)(void *arg, struct slice name);
bool query_eval_row(const struct query *q, query_value_cb get, void *arg, int64_t today);
