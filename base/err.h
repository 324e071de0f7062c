/* SPDX-License-Identifier: MIT */
/*
 * Errors of operations: a negative code, and words for a person in a struct
 * that the caller gives. Printed as one line: `loa: what: why: what to do`.
 * Bugs die by assert or fatalx (base/log.h); outcomes (a refusal, an invalid
 * row) are data and do not come this way.
 */
#pragma once

#include "base/buf.h"

#define MUST_CHECK __attribute__((warn_unused_result))

/* Each maps to an exit code of the command line and to an HTTP status. */
enum err {
	ERR_OK = 0,
	ERR_INPUT = -1,	      /* the input was judged wrong      exit 1  HTTP 422 */
	ERR_USAGE = -2,	      /* unknown option, missing word    exit 2  HTTP 400 */
	ERR_UNREACHABLE = -3, /* server or Redis out of reach    exit 3  HTTP 503 */
	ERR_REFUSED = -4,     /* by policy or rights             exit 4  HTTP 403 */
	ERR_NOT_FOUND = -5,   /* no such thing                   exit 1  HTTP 404 */
	ERR_CONFLICT = -6,    /* not in this state, name taken   exit 1  HTTP 409 */
	ERR_SYSTEM = -7,      /* disk, memory, descriptors, port exit 3  HTTP 500 */
};

struct err_ctx {
	enum err code;
	char what[160]; /* which thing: a file, an option, a list; "" = none */
	char why[400];	/* what is wrong with it */
	char todo[240]; /* what to do about it; "" = nothing to suggest */
	int line;	/* 1-based place in the input; 0 = none */
	int column;	/* 1-based, in characters */
};

/* Fill and return code, so that `return err_set(e, …)` reads well. e may be NULL. */
enum err err_set(struct err_ctx *e, enum err code, const char *what, const char *todo,
		 const char *why_fmt, ...) __attribute__((format(printf, 5, 6)));
/* "what: why: todo" without the empty pieces. */
void err_print(const struct err_ctx *e, struct buf *out);
int err_exit_code(enum err code);
int err_http_status(enum err code);
/* Stable name for JSON: "input", "usage", "unreachable", "refused", "not-found", … */
const char *err_name(enum err code);

/*
 * The candidate nearest to `word` (Damerau-Levenshtein, accents count), or
 * NULL when none is near enough to be a misspelling. names[count].
 */
const char *nearest_name(const char *word, const char *const *names, size_t count);
