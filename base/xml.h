/* SPDX-License-Identifier: MIT */
/*
 * XML from outside, fed in slices of any size (by expat), and read along a
 * grammar: a table that says which element below which one is of interest.
 * Everything else is gone over with all it contains, so a reader meets only what
 * it has asked for, where it belongs. Prefixes of namespaces are ignored.
 *
 * A document type declaration is refused, and with it every entity of its own
 * (so there are no bombs of them, and nothing outside is ever fetched); so is
 * depth beyond XML_DEPTH_MAX and a tag or comment beyond XML_TOKEN_MAX. Memory
 * is bounded by these. UTF-8, UTF-16, Latin-1 come in, UTF-8 comes out. Pure.
 */
#pragma once

#include "base/err.h"

#define XML_DEPTH_MAX 100
#define XML_TOKEN_MAX 1048576

/* The element `name` below an element of state `parent` has `state`. */
struct xml_rule {
	uint8_t parent; /* 0 = the document itself */
	uint8_t state;	/* from 1 */
	const char *name;
};

/*
 * What is called for the elements of the grammar. Anything but ERR_OK ends the reading and is what
 * xml_feed returns. attrs: name, value, name, value, …, NULL.
 */
struct xml_grammar {
	const struct xml_rule *rules;
	size_t count;
	enum err (*on_begin)(void *arg, unsigned state, const char **attrs, struct err_ctx *e);
	enum err (*on_end)(void *arg, unsigned state, struct err_ctx *e);
	/* Text directly in the element, in as many pieces as it comes. NULL = not wanted */
	enum err (*on_text)(void *arg, unsigned state, struct slice text, struct err_ctx *e);
};

struct xml;

/* `what` is the name in errors, copied; the grammar is kept. */
struct xml *xml_new(const struct xml_grammar *g, const char *what, void *arg);
void xml_free(struct xml *x);
/* ERR_INPUT with line and column. Nothing may be fed after an error, or after the last bytes. */
MUST_CHECK enum err xml_feed(struct xml *x, struct slice bytes, bool is_last, struct err_ctx *e);
/* From a callback: that was all that is wanted; the rest is neither read nor checked. */
void xml_stop(struct xml *x);
bool xml_is_stopped(const struct xml *x);
/* Was the error of xml_feed the document's, not a callback's? */
bool xml_is_malformed(const struct xml *x);
/* Name of the root element as it stands, with its prefix; "" before it came. */
const char *xml_root(const struct xml *x);

/* The value of this attribute, whatever its prefix is if name begins with ':'; NULL = not there. */
const char *xml_attr(const char **attrs, const char *name);
/* "1" and "true". */
bool xml_is_true(const char *value);
/* A decimal number of digits alone, up to max; otherwise -1. value may be NULL. */
int64_t xml_number(const char *value, int64_t max);
