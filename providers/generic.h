/* SPDX-License-Identifier: MIT */
/*
 * The generic driver's inside: what its files share. Any gateway that takes
 * JSON, form or GET requests over HTTP is spoken from configuration
 * (docs/formats/generic.md). Read once at open into the structs below; nothing
 * changes afterwards.
 *
 *   generic.c           the driver table, encode
 *   generic_config.c    settings → struct provider
 *   generic_check.c     settings that contradict each other are refused
 *   generic_template.c  request templates: compile, render
 *   generic_answer.c    answer → outcomes
 *   generic_receipt.c   pushed report → receipts
 */
#pragma once

#include "providers/codes.h"
#include "providers/provider.h"
#include "providers/wire.h"

extern const struct driver generic_driver;

/* ---- templates ---- */

enum var {
	VAR_PHONE,	 /* of the message, from here … */
	VAR_PHONE_LOCAL, /* 84912… as 0912… */
	VAR_TEXT,
	VAR_REFERENCE,
	VAR_REQUEST_REFERENCE, /* … of the request, from here … */
	VAR_BRANDNAME,
	VAR_RECEIPT_URL,
	VAR_CAMPAIGN,
	VAR_IS_UNICODE, /* "1" or "0"; outside $each: of any message */
	VAR_USER,	/* … of the account */
	VAR_PASSWORD,
	VARS
};
#define VAR_BIT(v) (1u << (v))

enum escape { ESCAPE_JSON, ESCAPE_FORM, ESCAPE_PERCENT, ESCAPE_HEADER };

enum piece_kind {
	PIECE_LITERAL,	/* literals[at, at + n) */
	PIECE_VAR,	/* var, escaped */
	PIECE_CHOICE,	/* is_unicode ? literals[at, +n) : literals[at2, +n2) */
	PIECE_COMMA,	/* literals[at, +n) unless nothing stands before it in its object */
	PIECE_OPTIONAL, /* skip to `jump` when var is empty */
	PIECE_EACH,	/* render up to `jump` once a message, literals[at, +n) between */
};

struct piece {
	enum piece_kind kind;
	enum var var;
	uint32_t at, n, at2, n2;
	uint32_t jump; /* index of the piece behind this part */
};

/* Compiled at open into the provider's arena. Zero-initialised = empty text. */
struct request_template {
	const char *literals;
	const struct piece *pieces;
	size_t count;
	enum escape escape;
	size_t literal_bytes; /* upper bound of what is written once */
	uint32_t outer_vars;  /* VAR_BITs outside $each */
	uint32_t each_vars;   /* inside */
	bool has_each;
};

/* A JSON body, from any JSON value. */
MUST_CHECK enum err request_template_compile_json(const struct json_at *at, struct arena *a,
						  struct request_template *out, struct err_ctx *e);
/* name=value&…, from a flat object; escape is ESCAPE_FORM or ESCAPE_PERCENT. */
MUST_CHECK enum err request_template_compile_form(const struct json_at *at, enum escape escape,
						  struct arena *a, struct request_template *out,
						  struct err_ctx *e);
/* One string: the literal parts stay as they are, the values are escaped. */
MUST_CHECK enum err request_template_compile_text(const struct json_at *at, enum escape escape,
						  struct arena *a, struct request_template *out,
						  struct err_ctx *e);

struct provider;
void request_template_render(const struct request_template *t, const struct provider *p,
			     const struct batch *b, struct wire_out *out);

/* ---- settings ---- */

#define PATHS_MAX 4
#define HEADERS_MAX 16

/* Alternatives: the first that exists counts (success: all must). count 0 = not configured. */
struct paths {
	struct wire_path path[PATHS_MAX];
	size_t count;
};

enum answer_format {
	ANSWER_JSON,
	ANSWER_TEXT, /* the code is what stands before the first ':', blank or line end */
	ANSWER_NONE, /* the body says nothing, the status all */
};

struct answer_items {
	bool is_set;
	struct wire_path at;
	struct paths code, id, reference, phone, success;
};

struct answer_settings {
	enum answer_format format;
	struct paths code, id, success, refused_phones, retry_after;
	const char *retry_after_header;
	struct answer_items items;
};

enum receipt_in { RECEIPT_IN_JSON, RECEIPT_IN_FORM, RECEIPT_IN_QUERY };

struct receipt_settings {
	enum receipt_in in;
	struct wire_path items; /* an array or a single object; "" = the whole body */
	struct paths reference, id, phone, status;
	struct code_table statuses;
};

struct header_setting {
	const char *name;
	struct request_template value;
};

struct provider {
	struct arena arena; /* everything below that is not a secret */
	struct capability capability;
	struct wire_secret user, password, basic; /* basic: the whole header value */
	const char *method;
	const char *content_type;
	bool has_body, is_form;
	struct request_template url, query, body;
	struct header_setting headers[HEADERS_MAX];
	size_t header_count;
	struct answer_settings answer;
	struct code_table codes;
	struct code_table http; /* "429" → class */
	struct receipt_settings receipts;
};

MUST_CHECK enum err generic_read_settings(const struct json_at *at, struct provider *p,
					  struct err_ctx *e);
/* Settings that each are right but cannot be right together. */
MUST_CHECK enum err generic_check(const struct provider *p, struct err_ctx *e);
/* The VAR_BITs that a request of this account uses anywhere. */
uint32_t generic_vars(const struct provider *p, bool inside_each);

/* The text of the first of these places that has one; false (and "") when none has. */
bool paths_text(const struct paths *paths, const json_t *v, char *out, size_t cap, bool *is_cut);

/* ---- the driver's functions that have files of their own ---- */

void generic_decode(const struct provider *p, const struct batch *b, const struct http_answer *r,
		    struct arena *a, struct batch_outcome *out);
enum err generic_receipt(const struct provider *p, struct slice query, struct slice body,
			 struct arena *a, struct receipt **out, size_t *count, struct err_ctx *e);
