/* SPDX-License-Identifier: MIT */
/*
 * The registered patterns as a process keeps them compiled, for single messages:
 * each request asks whether they have changed since, which costs one short call,
 * and only then are they read and compiled again. What a text without a pattern
 * means is the provider's setting, as it is for campaigns (registered.h).
 */
#pragma once

#include "dispatcher/config.h"
#include "dispatcher/store/engine.h"

struct pattern_book;
/* Without loop and engine it holds what pattern_book_take gives it, and is never asked. */
struct pattern_book *pattern_book_new(struct loop *l, struct engine *e);
/* Who still waits is told ERR_UNREACHABLE. */
void pattern_book_free(struct pattern_book *b);

/*
 * Once, never before this returns: the book as Redis has it at some time after the call, valid
 * during the callback; or NULL and why.
 */
typedef void (*pattern_book_cb)(void *arg, struct pattern_book *b, const struct err_ctx *e);
void pattern_book_ask(struct pattern_book *b, pattern_book_cb cb, void *arg);

/* Add a record, as JSON; false: it cannot be read. */
bool pattern_book_take(struct pattern_book *b, struct slice record);

struct pattern_book_query {
	const struct config *config; /* outlives the book */
	const struct provider_config *provider;
	unsigned carrier;
	const char *class; /* "personal", "emergency"; NULL = patterns of any class */
	int64_t today;
};
enum pattern_verdict {
	PATTERN_FITS, /* or it is not compared: nothing is saved, or the provider does not want it */
	PATTERN_WARNS,
	PATTERN_REFUSES,
};
/*
 * A text as it is sent. Unless it fits, *words gets why, for a person: "matches no registered
 * pattern of …", and with the nearest one the words that differ, which takes its time.
 */
enum pattern_verdict pattern_book_look(struct pattern_book *b, const struct pattern_book_query *q,
				       struct slice text, bool with_nearest, struct buf *words);
