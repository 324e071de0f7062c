/* SPDX-License-Identifier: MIT */
/*
 * Wire formats that drivers share: text built in an arena with the escaping of
 * JSON, forms and URLs; form decoding; base64; secrets of an account; and
 * paths into JSON answers. Pure but for wire_secret_read, which is called when
 * an account is opened. Knows nothing of messages or gateways.
 */
#pragma once

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"

/* Text that grows inside an arena. What it outgrows stays there until the arena is reset. */
struct wire_out {
	struct arena *arena;
	char *p;
	size_t len, cap;
};

/* guess: bytes that are probably enough. */
struct wire_out wire_out_new(struct arena *a, size_t guess);
void wire_add(struct wire_out *o, struct slice s);
void wire_addc(struct wire_out *o, char c);
/* The inside of a JSON string (RFC 8259), without quotes; malformed UTF-8 becomes U+FFFD. */
void wire_add_json(struct wire_out *o, struct slice s);
/* application/x-www-form-urlencoded (WHATWG URL): a blank becomes '+'. */
void wire_add_form(struct wire_out *o, struct slice s);
/* RFC 3986: everything but unreserved characters becomes %XX. */
void wire_add_percent(struct wire_out *o, struct slice s);
/* RFC 4648 with padding. */
void wire_add_base64(struct wire_out *o, struct slice s);
struct slice wire_slice(const struct wire_out *o);
/* The text with a NUL behind it. */
const char *wire_text(struct wire_out *o);

#define WIRE_FORM_FIELDS 200

/*
 * A form body or query string as an object of strings; the first of equal
 * names counts, a field that is not UTF-8 is left out. NULL when there are
 * more than WIRE_FORM_FIELDS. The caller owns it.
 */
json_t *wire_form_decode(struct slice s);

/* A secret: never printed; wiped when cleared. Zero-initialised = none. */
struct wire_secret {
	char *bytes; /* NUL-terminated; NULL = none */
	size_t n;
};

/*
 * "text", {"file": "path"} (≤ 4 KiB, trailing line ends dropped) or
 * {"env": "NAME"}. Absent leaves *out unchanged. Errors never show the value.
 */
MUST_CHECK enum err wire_secret_read(const struct json_at *at, struct wire_secret *out,
				     struct err_ctx *e);
void wire_secret_clear(struct wire_secret *s);

/*
 * A place inside a JSON value: `a.b[0].c`, `items[*].id`, `[0]`; "" is the
 * value itself. No quoting: a key with a dot or a bracket cannot be named.
 */
#define WIRE_PATH_STEPS 12
#define WIRE_PATH_BYTES 120

struct wire_step {
	enum { STEP_KEY, STEP_INDEX, STEP_ALL } kind;
	uint32_t at; /* KEY: offset into keys; INDEX: which */
};

struct wire_path {
	char text[WIRE_PATH_BYTES]; /* as written */
	char keys[WIRE_PATH_BYTES]; /* the keys, each NUL-terminated */
	struct wire_step steps[WIRE_PATH_STEPS];
	size_t count;
};

/* `what` names the setting in the error. */
MUST_CHECK enum err wire_path_parse(const char *text, const char *what, struct wire_path *out,
				    struct err_ctx *e);
/* The first value there (borrowed), or NULL. */
json_t *wire_path_get(const struct wire_path *path, const json_t *root);
/* All values there, in order, at most max; returns how many. */
size_t wire_path_all(const struct wire_path *path, const json_t *root, json_t **out, size_t max);

/*
 * A text, number or boolean as text in out[cap], cut to fit. False (and "")
 * for anything else; *is_cut, which may be NULL, says whether something was lost.
 */
bool wire_value_text(const json_t *v, char *out, size_t cap, bool *is_cut);
