/* SPDX-License-Identifier: MIT */
/*
 * A strict JSON reader (RFC 8259) for requests whose fields are known
 * beforehand: no tree is built, texts are unescaped where they stand. Unknown
 * and repeated fields, broken UTF-8 and lone surrogates are errors; so is
 * anything behind the value.
 */
#pragma once

#include "tests/gateway/bytes.h"

#define SCAN_FIELDS_MAX 16

struct scan {
	char *start, *p, *end;
	const char *why;   /* NULL = all well so far */
	const char *field; /* the field being read; NULL outside */
	size_t at;	   /* byte where it went wrong */
};

/* read NULL: a text goes into the struct text at offset `at` of `into`. */
struct field {
	const char *name;
	size_t at;
	bool is_needed;
	bool (*read)(struct scan *s, void *into);
};

void scan_start(struct scan *s, char *p, size_t n);
/* All return false after an error, with why, field and at set. */
bool scan_object(struct scan *s, const struct field *fields, size_t count, void *into);
bool scan_array(struct scan *s, bool (*item)(struct scan *s, void *into), void *into);
bool scan_text(struct scan *s, struct text *out);
bool scan_end(struct scan *s);
bool scan_fail(struct scan *s, const char *why);
