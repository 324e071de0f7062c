/* SPDX-License-Identifier: MIT */
/*
 * A compiled template, for the files of templates/ only: lex.c cuts the source
 * into tokens, parse.c turns them into instructions, render.c runs these, and
 * filters.c holds the filters.
 *
 * The program is one flat array, run from the first instruction to OP_END over
 * a stack of values whose depth the parser knows. Nothing in it is nested: a
 * condition is a jump over instructions, a capture a pair of instructions around
 * them, a filter one more row of the table. Jumps go forward only, so a program
 * ends after at most its length.
 *
 *   Kính gửi {{ ho_ten | default: "Ông/Bà" }}.
 *   TEXT "Kính gửi "   FIELD ho_ten   CONST "Ông/Bà"   FILTER default 1   OUTPUT   TEXT "."   END
 *
 *   {% if gioi == "nam" %}Ông{% else %}Bà{% endif %} {{ ten }}
 *   FIELD gioi   CONST "nam"   COMPARE ==   JUMP_UNLESS 1   TEXT "Ông"   JUMP 2
 *   1: TEXT "Bà"   2: TEXT " "   PRINT ten   END
 */
#pragma once

#include "base/mem.h"
#include "templates/template.h"

#define NAME_MAX_BYTES 63u
#define FILTER_ARGS_MAX 4u
#define STACK_MAX 8u
#define COMPARISONS_MAX 4u /* in a row: a == b == c */
#define NESTING_MAX 32u	   /* if, unless, case, capture inside each other */
#define PROGRAM_MAX 8192u  /* instructions */
#define VARIABLES_MAX 64u  /* names of assign and capture */
/* A case keeps what it looks at, and whether a when was met, in slots without a name. */
#define SLOTS_MAX (VARIABLES_MAX + 2 * NESTING_MAX)
#define SCRATCH_BYTES (8 * TEMPLATE_OUTPUT_MAX)
#define NO_FIELD UINT32_MAX
#define IS_VARIABLE 0x80000000u /* in `a` of OUTPUT: the rest is a slot */

_Static_assert(1 + FILTER_ARGS_MAX <= STACK_MAX, "a filter's value and arguments fit the stack");

struct place {
	int line, column; /* 1-based, in characters of the source's NFC form */
};

enum op {
	OP_TEXT,     /* append pool[a, a + b) */
	OP_PRINT,    /* FIELD a and OUTPUT in one: most tags are so */
	OP_FIELD,    /* push the value of field a */
	OP_CONST,    /* push constant a */
	OP_VARIABLE, /* push what slot a holds */
	OP_EITHER,   /* push what slot a holds; field b when nothing was assigned on the way here */
	OP_FILTER,   /* pop b arguments and a value, push what filter a makes of them */
	OP_OUTPUT,   /* pop and append; blank = missing; a = who is to blame: a field, IS_VARIABLE
			   and a slot, or NO_FIELD */
	OP_SAY,	     /* the same inside a capture: blank is blank */
	OP_COMPARE,  /* pop two, push true or false; a: enum comparison */
	OP_AND,	     /* if the top is false: make it FALSE, jump to a; else pop it */
	OP_OR,	     /* if the top is true: make it TRUE, jump to a; else pop it */
	OP_BOOL,     /* make the top TRUE or FALSE */
	OP_JUMP,     /* to a */
	OP_JUMP_IF,  /* pop; to a if true */
	OP_JUMP_UNLESS, /* pop; to a if false */
	OP_ASSIGN,	/* pop into slot a */
	OP_CAPTURE,	/* what is appended from here … */
	OP_CAPTURED,	/* … to here goes into slot a instead */
	OP_END,
};

enum comparison {
	COMPARE_EQ,
	COMPARE_NE,
	COMPARE_LT,
	COMPARE_LE,
	COMPARE_GT,
	COMPARE_GE,
	COMPARE_CONTAINS
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

/* A name of assign or capture. It hides the field of that name from there on. */
struct variable {
	struct field name;
	uint32_t blame; /* the first field that its value was made of, or NO_FIELD */
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
	struct variable variables[VARIABLES_MAX];
	size_t variable_count;
};

/* The field that an instruction may read, or NO_FIELD. */
static inline uint32_t
field_read(const struct instruction *i)
{
	if (i->op == OP_FIELD || i->op == OP_PRINT)
		return i->a;
	return i->op == OP_EITHER ? i->b : NO_FIELD;
}

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
	TOKEN_COMPARE, /* == != <> < <= > >= */
	TOKEN_ASSIGN,  /* = */
	TOKEN_OTHER,   /* one character of Liquid that no rule here takes: ( [ & … */
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
	/*
	 * Asked at compile for each argument that is a constant: NULL, or why argument i (from 0)
	 * cannot be. Without it any can.
	 */
	const char *(*check)(size_t i, struct template_value arg);
};

/* The table is in pieces: Liquid's own (filters.c and its sisters) and the Vietnamese ones. */
extern const struct filter text_filters[];
extern const size_t text_filter_count;
extern const struct filter list_filters[];
extern const size_t list_filter_count;
extern const struct filter math_filters[];
extern const size_t math_filter_count;
extern const struct filter date_filters[];
extern const size_t date_filter_count;
extern const struct filter vi_filters[];
extern const size_t vi_filter_count;

/* Index into the table, or -1. */
int filter_find(struct slice name);
const struct filter *filter_get(size_t i);
/* The name most like a misspelt one, NULL when none is. */
const char *filter_nearest(const char *name);
/* "default, upcase, …": as many as fit into size bytes. */
void filter_list(char *out, size_t size);

/* ---- value.c: what values are to conditions and filters, as in liquidjs ---- */

/* Neither nil nor false. */
bool value_is_true(struct template_value v);
/* Right may be empty or blank, left too. Lists are compared within the memory of s. */
bool value_compare(enum comparison op, struct template_value left, struct template_value right,
		   struct scratch *s);
/* As JavaScript's Number: NaN for what is none; 0 for the empty text. */
double value_number(struct template_value v);
/* White space of JavaScript: what strip takes, and what `blank` means. */
bool is_space_char(int32_t c);

/*
 * A list's text is all items one after another, which is how it prints; behind
 * these bytes stand the items' lengths, and `number` counts them.
 */
struct list_cursor {
	struct template_value list;
	size_t i, at; /* the next item and its first byte */
};
bool list_next(struct list_cursor *c, struct slice *item);
/* An empty list with this room for texts and items; nil when there is no room. */
struct template_value list_new(struct scratch *s, size_t bytes, size_t items);
/* The next item; `at`: the bytes of those before it. */
void list_add(struct template_value *list, size_t at, struct slice item);
/* The items with `between` between them. */
struct template_value list_join(struct scratch *s, struct template_value list,
				struct slice between);
/* All bytes that belong to the value, from text.p on. */
size_t value_bytes(struct template_value v);

/* ---- number.c ---- */

#define NUMBER_BYTES 32u
/* As template_add_number; returns the bytes, without a NUL. */
size_t number_print(double x, char out[NUMBER_BYTES]);
/* JavaScript's Number(text): NaN for what is none. */
double number_read(struct slice s);
/* Half away from zero, in decimal: 1.005 to 2 places is 1.01. */
double number_round(double x, int places);
/* A number value; nil for what is no finite number: nobody wants to read NaN. */
struct template_value number_value(struct scratch *s, double x);
