/* SPDX-License-Identifier: MIT */
/*
 * Templates: a subset of Liquid, compiled once to a flat program and rendered
 * without allocation per message but for the output. Output tags with filters,
 * {{ ho_ten | default: "Ông/Bà" }}, if, unless, case, assign, capture, comment,
 * raw and white-space control; what is not of the subset is an error at compile,
 * never passed through. Pure.
 *
 * A field is a column: letters of any script, digits, _ and -; names are
 * compared after folding (Ho_Ten = ho_ten). There are no dotted names.
 *
 * The strict rule: an output tag whose final value, after all filters, is
 * absent or blank makes that recipient skipped (RENDER_MISSING), never an empty
 * hole. Conditions, assign and what stands inside a capture may be empty. Text is
 * not trimmed. The result is NFC, and filters and comparisons see values in NFC.
 *
 * A name that assign or capture has made is a variable from there on and hides
 * the field of that name. Where only some ways lead through the assign, the name
 * is still a field as well: for template_check_fields it must be known.
 */
#pragma once

#include "base/buf.h"

#define TEMPLATE_SOURCE_MAX 65536u /* bytes */
#define TEMPLATE_FIELDS_MAX 128u
#define TEMPLATE_OUTPUT_MAX 8192u /* bytes of a rendered text */

struct template;

struct template_error {
	/* "syntax", "unknown-tag", "unknown-filter", "unknown-field", "too-many", "too-long",
	   "not-utf8";
	   of rendering: "missing", "malformed", "too-long", "no-room" */
	const char *code;
	int line, column;  /* 1-based, in characters, in the source */
	char field[64];	   /* of missing, malformed and unknown-field; "" otherwise */
	char message[240]; /* why, and what to do */
	/* Of missing, where there was a value: the filter that made nothing of it, and that value,
	   cut to whole characters. "" otherwise. */
	char filter[24];
	char value[64];
};

/*
 * Compile UTF-8 source (any normal form). A byte order mark at its start and one
 * final newline are not part of the text. NULL and *e on the first error.
 */
struct template *template_compile(struct slice source, struct template_error *e);
void template_free(struct template *t);

/*
 * The line of the source at e's place, a caret under it: two lines. A long line is
 * cut around the place.
 */
void template_add_caret(struct slice source, const struct template_error *e, struct buf *out);

/* The distinct fields it reads, in order of first use. */
size_t template_field_count(const struct template *t);
const char *template_field(const struct template *t, size_t i);
/*
 * Are all fields among known[count] (names compared after folding)? The first
 * unknown one goes to *e with its place and the nearest known name.
 */
bool template_check_fields(const struct template *t, const char *const *known, size_t count,
			   struct template_error *e);
/* All unknown fields, each at each place: calls on_error for every one. Returns how many. */
size_t template_each_unknown(const struct template *t, const char *const *known, size_t count,
			     void (*on_error)(void *arg, const struct template_error *e),
			     void *arg);

/*
 * A value of a program. Cells of a list are texts, and CELL in columns of numbers;
 * JSON also has numbers and booleans, which print as `text` says and differ only
 * where Liquid says so: `default` replaces false, but neither 0 nor the text "false".
 * A CELL is a text, to filters too, but beside a number, and before or behind
 * another value, it is the number that it is written as: both so_con == 2 and
 * so_con == "2" hold of the cell 2.
 */
enum template_kind {
	TEMPLATE_NIL,
	TEMPLATE_FALSE,
	TEMPLATE_TRUE,
	TEMPLATE_NUMBER,
	TEMPLATE_TEXT,
	TEMPLATE_CELL, /* number is not read */
	/* inside templates only, never given to render: */
	TEMPLATE_LIST,	/* what split makes; see program.h */
	TEMPLATE_EMPTY, /* the words empty and blank of conditions */
	TEMPLATE_BLANK,
};

struct template_value {
	enum template_kind kind;
	struct slice text; /* UTF-8, what output prints; empty for nil */
	double number;	   /* of NUMBER: its value, of which text is the print */
};

/* Append a number as Liquid prints it: 1.50 → 1.5, 5.0 → 5. */
void template_add_number(struct buf *out, double number);

enum render_result { RENDER_OK, RENDER_MISSING, RENDER_TOO_LONG };
/*
 * Append the text for values[template_field_count] (n = 0: missing) to out, NFC.
 * today: days since 1970-01-01 in Vietnam, for what depends on the date; of a run
 * it is the frozen day, so that a repeated request has the same bytes. Unless OK, out is as before and *e (may be NULL) says where: the place of the
 * first field in the output tag. A value that is no UTF-8 counts as missing,
 * with the code "malformed". RENDER_TOO_LONG is of the text ("too-long"), or of what filters
 * and captures make on the way ("no-room").
 */
enum render_result template_render(const struct template *t, int64_t today,
				   const struct slice *values, struct buf *out,
				   struct template_error *e);
enum render_result template_render_values(const struct template *t, int64_t today,
					  const struct template_value *values, struct buf *out,
					  struct template_error *e);
/* The same for every recipient: neither output nor condition reads a field. */
bool template_is_constant(const struct template *t);
