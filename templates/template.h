/* SPDX-License-Identifier: MIT */
/*
 * Templates: a subset of Liquid, compiled once to a flat program and rendered
 * without allocation per message but for the output. Output tags with filters
 * today: {{ ho_ten | default: "Ông/Bà" }}; a tag that is not built yet is an
 * error at compile, never passed through. Pure.
 *
 * The strict rule: an output tag whose final value, after all filters, is
 * absent or blank makes that recipient skipped (RENDER_MISSING), never an empty
 * hole. Text is not trimmed. The result is NFC.
 */
#pragma once

#include "base/buf.h"

#define TEMPLATE_SOURCE_MAX 65536u /* bytes */
#define TEMPLATE_FIELDS_MAX 128u
#define TEMPLATE_OUTPUT_MAX 8192u /* bytes of a rendered text */

struct template;

struct template_error {
	const char *code; /* "syntax", "unknown-field", "unknown-filter", "missing", "too-long" … */
	int line, column;  /* 1-based, in characters, in the source */
	char field[64];	   /* of missing and unknown-field; "" otherwise */
	char message[240]; /* why, and what to do */
};

/*
 * Compile UTF-8 source (any normal form). One final newline is not part of the
 * text. NULL and *e on the first error.
 */
struct template *template_compile(struct slice source, struct template_error *e);
void template_free(struct template *t);

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

enum render_result { RENDER_OK, RENDER_MISSING, RENDER_TOO_LONG };
/*
 * Append the text for values[template_field_count] (n = 0: missing) to out, NFC.
 * Unless OK, out is as before and *e (may be NULL) says where.
 */
enum render_result template_render(const struct template *t, const struct slice *values,
				   struct buf *out, struct template_error *e);
/* The same for every recipient: no output tag reads a field. */
bool template_is_constant(const struct template *t);
