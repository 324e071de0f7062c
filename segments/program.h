/* SPDX-License-Identifier: MIT */
/*
 * Inside of the query language: tokens, the nodes of a parsed query and the
 * helpers that its files share. Only segments/{lex,parse,compile,eval,query}.c
 * include this.
 *
 * A node is made after its children, so the array of nodes is the program:
 * evaluated from the first to the last, the last one is the answer.
 */
#pragma once

#include "base/err.h"
#include "base/mem.h"
#include "segments/query.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NAME, /* a column or a function */
	TOKEN_TEXT,
	TOKEN_NUMBER,
	TOKEN_EQ,
	TOKEN_NE,
	TOKEN_LT,
	TOKEN_LE,
	TOKEN_GT,
	TOKEN_GE,
	TOKEN_CONTAINS, /* ~ */
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_AND, /* the words from here to TOKEN_HAS, in the order of query_words */
	TOKEN_OR,
	TOKEN_NOT,
	TOKEN_IN,
	TOKEN_BETWEEN,
	TOKEN_IS,
	TOKEN_NULL,
	TOKEN_LIKE,
	TOKEN_HAS,
};

#define TOKEN_WORDS (TOKEN_HAS - TOKEN_AND + 1)

struct token {
	enum token_kind kind;
	size_t at;	   /* byte offset in the text */
	struct slice raw;  /* as it stands there */
	struct slice text; /* without quotes and escapes */
	bool is_quoted;	   /* a name in backquotes: never a word of the language */
	bool is_call;	   /* a name with ( behind it */
};

struct lexer {
	struct slice text;
	size_t at;
	struct arena *memory; /* of what has escapes */
	struct query_error *error;
};

/* A day; month = 0 when only the year is known. */
struct day {
	int year, month, day;
};

enum operand_kind { OPERAND_COLUMN, OPERAND_AGE, OPERAND_TODAY, OPERAND_TEXT, OPERAND_NUMBER };

/* How two operands are compared. GUESS: two columns of a row without a schema. */
enum way { WAY_TEXT, WAY_NUMBER, WAY_DATE, WAY_GUESS };

struct operand {
	enum operand_kind kind;
	enum way way; /* of a right operand: how it is compared with the left one */
	size_t at;
	int column;	    /* once bound: of COLUMN and AGE; -1 = none */
	enum way type;	    /* of COLUMN once bound; GUESS before */
	struct slice text;  /* COLUMN, AGE: the name; TEXT: the text; NUMBER: its digits */
	struct slice ready; /* TEXT: as it is compared: folded, for ~ without accents too */
	bool is_number, is_date;
	double number; /* when is_number */
	struct day date;
};

enum node_kind {
	NODE_AND,
	NODE_OR,
	NODE_NOT,
	NODE_COMPARE, /* left op right */
	NODE_IN,      /* left IN (right[count]) */
	NODE_BETWEEN, /* left BETWEEN right[0] AND right[1] */
	NODE_LIKE,
	NODE_CONTAINS,
	NODE_IS_NULL,
};

struct node {
	enum node_kind kind;
	enum token_kind op; /* COMPARE: TOKEN_EQ … TOKEN_GE */
	bool is_negated;    /* NOT IN, NOT BETWEEN, NOT LIKE, IS NOT NULL */
	uint32_t a, b;	    /* AND, OR: nodes; NOT: a */
	uint32_t left;	    /* operands of the others */
	uint32_t right, count;
};

struct query {
	struct arena memory;
	struct slice text;
	struct node nodes[QUERY_NODES_MAX];
	uint32_t node_count;
	struct operand *operands; /* of a node: left, then right[count] */
	uint32_t operand_count, operand_cap;
	uint32_t used; /* nodes, and values of IN lists: at most QUERY_NODES_MAX */
	bool is_bound;
};

/* ---- lex.c ---- */

/* AND OR NOT IN BETWEEN IS NULL LIKE HAS */
extern const char *const query_words[TOKEN_WORDS];
/* False and the error on a character that no token begins with. */
bool query_lex(struct lexer *l, struct token *out);
/* Whether the name can stand without backquotes. */
bool query_is_plain_name(struct slice name);
/* reached_by, in_list, province, state: words that the language will have. */
bool query_is_future_word(struct slice name);

/* ---- compile.c ---- */

/* Decide how each pair of operands is compared; false: they cannot be. */
bool query_check_types(struct query *q, struct query_error *e);

/* ---- eval.c ---- */

/* "yyyy-mm-dd" or "yyyy"; false when it is no day of the calendar. */
bool query_read_day(struct slice s, struct day *out);

/* ---- query.c ---- */

/* At most max bytes of s, cut between two characters; for %.*s. */
int query_cut(struct slice s, size_t max);
/* Fill e with the place and the words; returns false. */
bool query_fail(struct query_error *e, struct slice text, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
