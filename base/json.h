/* SPDX-License-Identifier: MIT */
/*
 * JSON access over Jansson with a path in every error ("providers[0].rate"),
 * unknown keys refused with the nearest known one, and bounds on what comes
 * from outside. Values are borrowed from the document unless said otherwise.
 */
#pragma once

#include <jansson.h>

#include "base/err.h"

/* A place in a document: what errors call it and the value there. */
struct json_at {
	json_t *v;	/* NULL = absent */
	char path[200]; /* "providers[0].rate"; "" = the whole document */
};

/*
 * Parse text of at most max_bytes and 64 levels; duplicate keys are refused.
 * The caller owns the result (json_decref). `what` names the source in errors.
 */
MUST_CHECK enum err json_parse(struct slice text, size_t max_bytes, const char *what, json_t **out,
			       struct err_ctx *e);
/* Read a file of at most max_bytes and parse it. */
MUST_CHECK enum err json_read_file(const char *path, size_t max_bytes, json_t **out,
				   struct err_ctx *e);

/*
 * An error of syntax shows what it stumbled over. Where that may be a phone, a text or a secret:
 * take it off, line and column say enough.
 */
void json_hide_text(struct err_ctx *e);

struct json_at json_root(json_t *v);
/* The member, absent if there is none or `at` is absent. */
struct json_at json_get(const struct json_at *at, const char *key);
struct json_at json_item(const struct json_at *at, size_t i);

/*
 * Typed reads. An absent value leaves *out unchanged and is ERR_OK, unless the
 * name says `need`; a value of another type or out of range is ERR_INPUT with
 * the path. Strings are borrowed and contain no NUL.
 */
MUST_CHECK enum err json_read_string(const struct json_at *at, const char **out, struct err_ctx *e);
MUST_CHECK enum err json_need_string(const struct json_at *at, const char **out, struct err_ctx *e);
MUST_CHECK enum err json_read_int(const struct json_at *at, int64_t min, int64_t max, int64_t *out,
				  struct err_ctx *e);
MUST_CHECK enum err json_read_number(const struct json_at *at, double min, double max, double *out,
				     struct err_ctx *e);
MUST_CHECK enum err json_read_bool(const struct json_at *at, bool *out, struct err_ctx *e);
/* One of names[count]; *out is its index. */
MUST_CHECK enum err json_read_choice(const struct json_at *at, const char *const *names,
				     size_t count, int *out, struct err_ctx *e);
/* Absent or an object/array; anything else is an error. */
MUST_CHECK enum err json_want_object(const struct json_at *at, struct err_ctx *e);
MUST_CHECK enum err json_want_array(const struct json_at *at, struct err_ctx *e);
/* Every key of the object must be one of names[count]; else the nearest one is suggested. */
MUST_CHECK enum err json_only_keys(const struct json_at *at, const char *const *names, size_t count,
				   struct err_ctx *e);

/* Append s as a JSON string with quotes; malformed UTF-8 becomes U+FFFD. */
void json_add_string(struct buf *out, struct slice s);
/* Append a value compactly, keys in insertion order. */
void json_add_value(struct buf *out, const json_t *v);
/* A JSON string of a slice; NULL when it is malformed UTF-8. The caller owns it. */
json_t *json_of_slice(struct slice s);
