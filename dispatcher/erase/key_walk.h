/* SPDX-License-Identifier: MIT */
/*
 * Going over all that Redis holds: every key, every type, every value, once at least. What is there
 * from the beginning to the end is shown; what comes or goes meanwhile may be. Asked for in windows,
 * a few keys at a time, so that nobody else waits. It changes nothing.
 */
#pragma once

#include "base/err.h"
#include "base/loop.h"
#include "base/redis.h"

enum key_item_kind {
	ITEM_KEY,    /* its name; first */
	ITEM_STRING, /* its value; of a very long one pieces, which overlap (is_piece) */
	ITEM_FIELD,  /* of a hash: at and value */
	ITEM_BLOCK,  /* of a key that is wanted whole: all fields and values in `whole` */
	ITEM_LINE,   /* of a list: index and value */
	ITEM_MEMBER, /* of a set or sorted set: value */
	ITEM_ENTRY,  /* of a stream: a value of an entry */
};

/* Everything is borrowed for the call. */
struct key_item {
	enum key_item_kind kind;
	bool is_piece;
	struct slice key, at, value;
	int64_t index;
	const struct reply *whole;
};

struct key_walk_options {
	struct loop *loop;
	struct redis *redis;
	const char *match; /* only keys like this (Redis' glob); NULL = all */
	/* Hashes that are to be shown whole, in one step; NULL = none. */
	bool (*is_whole)(struct slice key);
	void (*on_item)(void *arg, const struct key_item *i);
	/* Runs once, e NULL = all were shown; then the walk is gone. */
	void (*on_done)(void *arg, const struct err_ctx *e);
	void *arg;
};

struct key_walk_gauge {
	uint64_t keys, bytes; /* that were shown */
	uint64_t total;	      /* keys when it began */
};

struct key_walk;
struct key_walk *key_walk_start(const struct key_walk_options *o);
/* Stop without calling back. */
void key_walk_cancel(struct key_walk *w);
const struct key_walk_gauge *key_walk_gauge(const struct key_walk *w);
