/* SPDX-License-Identifier: MIT */
/*
 * A compiled template, for the files of templates/ only: lex.c cuts the source
 * into tokens, parse.c turns them into instructions, render.c runs these, and
 * filters.c holds the filters.
 *
 * The program is one flat array, run from the first instruction to OP_END over
 * a stack of values whose depth the parser knows. Nothing in it is nested: a
 * condition will be a jump over instructions, a capture a pair of instructions
 * around them, a filter one more row of the table.
 *
 *   Kính gửi {{ ho_ten | default: "Ông/Bà" }}.
 *   TEXT "Kính gửi "   FIELD ho_ten   CONST "Ông/Bà"   FILTER default 1   OUTPUT   TEXT "."   END
 */
#pragma once

#include "base/mem.h"
#include "templates/template.h"

#define NAME_MAX_BYTES 63u
#define FILTER_ARGS_MAX 4u
#define STACK_MAX 8u
#define SCRATCH_BYTES (2 * TEMPLATE_OUTPUT_MAX)
#define NO_FIELD UINT32_MAX

_Static_assert(1 + FILTER_ARGS_MAX <= STACK_MAX, "a filter's value and arguments fit the stack");

struct place {
	int line, column; /* 1-based, in characters of the source's NFC form */
};

enum op {
	OP_TEXT,   /* append pool[a, a + b) */
	OP_FIELD,  /* push the value of field a */
	OP_CONST,  /* push constant a */
	OP_FILTER, /* pop b arguments and a value, push what filter a makes of them */
	OP_OUTPUT, /* pop and append; blank = missing, a = the first field of the tag or NO_FIELD */
	OP_END,
};

struct instruction {
	enum op op;
	uint32_t a, b;
	struct place at; /* what an error points to */
};

struct field {
	const char *name;    /* NFC, as first written */
	struct slice folded; /* how it is compared */
};

struct template
{
	struct arena memory; /* everything below; freed whole */
	struct instruction *program;
	size_t length;
	struct template_value *constants;
	size_t constant_count;
	struct slice pool; /* the texts between the tags, NFC */
	struct field fields[TEMPLATE_FIELDS_MAX];
	size_t field_count;
};

/* ---- template.c ---- */

/* Fill *e; returns false so that `return template_fail(…)` reads well. */
bool template_fail(struct template_error *e, const char *code, struct place at, const char *fmt,
		   ...) __attribute__((format(printf, 4, 5)));
/* Copy as much of s as fits whole characters into out, NUL-terminated. */
void copy_short(char *out, size_t size, struct slice s);
/* A blank of Liquid: white space of any script. */
bool is_blank_char(int32_t c);
/* Nothing but blanks (Unicode White_Space) and zero-width characters? */
bool is_blank_text(struct slice s);

/* ---- lex.c ---- */

enum token_kind {
	TOKEN_TEXT,	    /* between the tags, whitespace control done; may be empty */
	TOKEN_OUTPUT_OPEN,  /* {{ */
	TOKEN_OUTPUT_CLOSE, /* }} */
	TOKEN_TAG_OPEN,	    /* {% */
	TOKEN_TAG_CLOSE,    /* %} */
	TOKEN_NAME,
	TOKEN_STRING, /* text: between the quotes, escapes as written */
	TOKEN_NUMBER,
	TOKEN_PIPE,
	TOKEN_COLON,
	TOKEN_COMMA,
	TOKEN_DOT,
	TOKEN_OTHER, /* one character of Liquid that no rule here takes: ( [ = < … */
	TOKEN_END,
	TOKEN_ERROR, /* *error of the lexer is set */
};

struct token {
	enum token_kind kind;
	struct slice text; /* its bytes in the source */
	struct place at;
};

/* A cursor over the source that knows its place. */
struct cursor {
	const char *p, *end;
	struct place at;
};

struct lexer {
	struct cursor here;
	/* The state: which function reads the next token. */
	struct token (*next)(struct lexer *l);
	struct place tag_at; /* where the tag opened that we are in */
	bool trims_next;     /* the tag before ended with -}} or -%} */
	struct template_error *error;
};

/* source: well-formed UTF-8 in NFC; it outlives the tokens. comment and raw never show up. */
void lexer_init(struct lexer *l, struct slice source, struct template_error *error);
struct token lexer_next(struct lexer *l);
/* "the name ten", "the end of the template", … for messages; at most 80 bytes with the NUL. */
void token_describe(const struct token *t, char out[80]);
/* ---- filters.c ---- */

/*
 * Memory of one rendering, on its stack: filters put their results here, nothing
 * is given back before the text is done.
 */
struct scratch {
	char *at, *end;
	bool is_full; /* something did not fit: the rendering ends as too long */
};
/* n bytes, or NULL when there is no room. */
char *scratch_take(struct scratch *s, size_t n);
/* A text value with these bytes, copied; nil when there is no room. */
struct template_value scratch_text(struct scratch *s, struct slice text);

/* What a filter is called with besides its input. */
struct filter_call {
	const struct template_value *args;
	size_t count;  /* args_min ≤ count ≤ args_max */
	int64_t today; /* days since 1970-01-01 in Vietnam */
	struct scratch *scratch;
};

struct filter {
	const char *name;
	uint32_t args_min, args_max; /* ≤ FILTER_ARGS_MAX */
	bool uses_today;	     /* not to be applied at compile time */
	struct template_value (*apply)(const struct filter_call *c, struct template_value in);
};

/* The table is in pieces: Liquid's own (filters.c) and the Vietnamese ones. */
extern const struct filter vi_filters[];
extern const size_t vi_filter_count;

/* Index into the table, or -1. */
int filter_find(struct slice name);
const struct filter *filter_get(size_t i);
/* The name most like a misspelt one, NULL when none is. */
const char *filter_nearest(const char *name);
/* "default, …": all of them. */
const char *filter_list(void);
