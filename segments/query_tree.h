/* SPDX-License-Identifier: MIT */
/*
 * Inside a query, for lex, parse, resolve, compile, normal and eval only.
 *
 *   text ─lex─▶ tokens ─parse─▶ nodes, predicates, operands ─resolve─▶ how each
 *   pair of operands compares ─compile─▶ steps ─eval─▶ one bit a row
 */
#pragma once

#include "base/mem.h"
#include "base/text.h"
#include "segments/province.h"
#include "segments/query.h"

/* ---- tokens ---- */

enum token_kind {
	TOKEN_END,
	TOKEN_NAME,	   /* bare word */
	TOKEN_QUOTED_NAME, /* in backquotes */
	TOKEN_TEXT,
	TOKEN_NUMBER,
	TOKEN_DURATION, /* 60y, -3d */
	TOKEN_EQ,	/* the six comparisons in the order of enum predicate_op */
	TOKEN_NE,
	TOKEN_LT,
	TOKEN_LE,
	TOKEN_GT,
	TOKEN_GE,
	TOKEN_TILDE,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_PLUS,
	TOKEN_MINUS,
};

struct token {
	enum token_kind kind;
	size_t at;	   /* byte offset of its first character */
	struct slice text; /* name, text without quotes (in NFC, in the arena), number as typed */
};

struct lexer {
	struct slice text;
	size_t at;
	struct arena *arena;
	struct query_error *e;
};

/* The next token; false: e says why there is none. */
bool lex_next(struct lexer *l, struct token *t);
/* Is a bare word read back as one name? (no keyword, no blanks …) */
bool lex_is_bare_name(struct slice name);
/* Fill e: the place at byte `at` of text. Returns false. */
bool query_fail(struct query_error *e, struct slice text, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Cut for messages. */
#define CLIP(s) (int)text_clip((s), 60).n, (s).p /* for %.*s */

/* ---- the tree ---- */

enum operand_kind { OPERAND_COLUMN, OPERAND_AGE, OPERAND_TODAY, OPERAND_TEXT, OPERAND_NUMBER };

/* How a right operand compares with the left one. */
enum compare_kind {
	COMPARE_TEXT,
	COMPARE_NUMBER,
	COMPARE_DATE,
	COMPARE_NUMBER_ELSE_DATE, /* a year; the column's type is not known */
	COMPARE_DATE_ELSE_TEXT,	  /* a date as text; the column's type is not known */
	COMPARE_AUTO,		  /* two columns of unknown types: number, date, else text */
};

#define SHIFTS_MAX 4

/* A length of time that is added to a date. */
struct shift {
	int32_t count; /* negative: taken off */
	char unit;     /* d w m y */
};

struct operand {
	enum operand_kind kind;
	size_t at;
	struct slice text;   /* column, age: the name; text, number: the literal */
	struct slice folded; /* text: the form in which it is compared */
	double number;	     /* literals, if has_number */
	bool has_number;     /* number, or a text that is one */
	int32_t date;	     /* literals: query_date of it, shifted; 0 = none */
	struct shift shifts[SHIFTS_MAX];
	uint8_t shift_count;   /* of columns, today() and literals that are dates */
	int column;	       /* bound: index, else -1 */
	enum column_type type; /* bound: of the column */
	enum compare_kind how; /* right operands: how they compare with the left one */
};

enum predicate_op {
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_IN,
	OP_BETWEEN,
	OP_LIKE,
	OP_CONTAINS,
	OP_HAS,
	OP_IS_NULL,
	OP_PROVINCE, /* left: the column, its name empty = found by its name */
	OP_EXTERNAL,
	OP_SEGMENT,
};

struct predicate {
	enum predicate_op op;
	bool is_negated;       /* NOT IN, NOT BETWEEN, NOT LIKE, IS NOT NULL */
	uint16_t left;	       /* operand */
	uint16_t right, count; /* operands right .. right+count-1 */
	int one_column;	       /* bound: its only column; -1 = none or several */
	int place;	       /* province: what was asked for */
	uint64_t places;       /* province: the places that count */
	uint16_t external;     /* external: which */
};

enum node_kind { NODE_PREDICATE, NODE_NOT, NODE_AND, NODE_OR };

struct node {
	enum node_kind kind;
	uint16_t a, b; /* nodes; of a predicate: a = its index */
};

enum step_kind { STEP_PREDICATE, STEP_NOT, STEP_AND, STEP_OR, STEP_RIGHT_OF_AND, STEP_RIGHT_OF_OR };

struct step {
	enum step_kind kind;
	uint16_t arg; /* predicate; right of: the step to go on with if no row is open */
};

/* Each level of parentheses keeps at most the left sides of an OR and of an AND. */
#define STACK_MAX (2 * QUERY_DEPTH_MAX + 4)

#define EXTERNALS_MAX 16
#define SEGMENT_USES_MAX 32

struct query {
	struct arena arena;	     /* texts */
	struct provinces *provinces; /* NULL unless province( … ) is there */
	struct query_memory
		*memory;   /* what evaluation keeps from block to block; NULL = nothing yet */
	struct slice text; /* as given */
	bool is_bound;
	uint16_t root;
	uint16_t external_count, segment_count;
	uint16_t operand_count, predicate_count, node_count, step_count;
	struct operand operands[QUERY_NODES_MAX];
	struct predicate predicates[QUERY_NODES_MAX];
	struct node nodes[QUERY_NODES_MAX];
	struct query_external externals[EXTERNALS_MAX];
	struct query_segment segments[SEGMENT_USES_MAX];
	struct step steps[3 * QUERY_NODES_MAX];
};

/* Decide how operands compare; s NULL = columns of unknown types. */
bool query_resolve(struct query *q, const struct schema *s, struct query_error *e);
/* A function that is a predicate of its own: province, in_list, … */
bool query_is_predicate_name(struct slice name);
/* The normalised text of a node and what is below it. */
void query_add_part(const struct query *q, uint16_t node, struct buf *out);
/* Nodes → steps. */
void query_compile(struct query *q);

struct query_memory *query_memory_new(const struct query *q);
void query_memory_free(struct query_memory *m);

/* ---- values ---- */

/*
 * A day as an import takes it (yyyy-mm-dd, d/m/yyyy, d.m.yyyy …) → yyyymmdd, yyyy → yyyy0000;
 * 0 = no date. Two dates of
 * which one is a year only compare by their years.
 */
int32_t query_date(struct slice s);
/*
 * date later by count days, weeks, months or years. The day of the month stays, or is
 * the last where the month is shorter: 2024-02-29 + 1y = 2025-02-28. A year only moves
 * by whole years. 0: no date, or out of years 1000 to 9999.
 */
int32_t query_shift_date(int32_t date, struct shift by);
int32_t query_date_of_days(int64_t days_since_1970);
int query_compare_dates(int32_t a, int32_t b);
/* Whole years from birth to today; -1 = born later. A year only: the difference of the years. */
int query_age(int32_t birth, int32_t today);
bool query_number(struct slice s, double *out);
/* Append the form in which texts compare: NFC and case folding (malformed bytes as they are). */
void query_fold(struct buf *out, struct slice s);
/* The same without accents, for ~. */
void query_fold_unaccented(struct buf *out, struct slice s);
