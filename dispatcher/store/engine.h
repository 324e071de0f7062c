/* SPDX-License-Identifier: MIT */
/*
 * Our side of Redis: this process's incarnation and heartbeat, calls into the
 * Lua library, calls that are repeated until they were answered, and the
 * journal.
 *
 * The invariant: a "sure" call is not forgotten before Redis acknowledged it,
 * and what was acknowledged in the last seconds is kept (the journal) and
 * replayed first when Redis comes back with another life. Every function is
 * idempotent, so a repeat is harmless.
 */
#pragma once

#include "base/loop.h"
#include "base/redis.h"

#define ARGV_MAX 1024

/* Arguments of a call, built one by one; numbers as decimal text. Zero-initialised = empty. */
struct argv {
	struct buf bytes;
	struct buf ends; /* u32 each */
	size_t count;
};
void argv_add(struct argv *a, struct slice s);
void argv_adds(struct argv *a, const char *s);
void argv_add_int(struct argv *a, int64_t v);
void argv_reset(struct argv *a);
void argv_free(struct argv *a);
/* Borrowed slices of the arguments; out has room for ARGV_MAX. */
size_t argv_slices(const struct argv *a, struct slice *out);

struct engine;

struct engine_options {
	struct redis_options redis; /* library and callbacks are filled in by the engine */
	int64_t lease_ms;
	/* Connected, replayed, registered: Redis can be read and told facts. */
	void (*on_up)(void *arg);
	/* Work may begin: up, and the pause after a restart of Redis is over. */
	void (*on_open)(void *arg);
	/* Neither any more: what is under way will be told by its own callbacks. */
	void (*on_shut)(void *arg);
	/* The connection was lost, or could not be made: called each time. */
	void (*on_lost)(void *arg);
	/* A hint that a run has changed. */
	void (*on_tick)(void *arg);
	void *arg;
};

struct engine *engine_new(struct loop *l, const struct engine_options *o);
/* Pending callbacks run (UNKNOWN or NOT_SENT) first. */
void engine_free(struct engine *e);

bool engine_is_up(const struct engine *e);
struct redis *engine_redis(struct engine *e);
/*
 * A connection of its own for what moves many bytes and can wait: imports, sweeps over lists. Redis
 * serves connections in turn and syncs its file between: what stands behind a megabyte of blocks on
 * the same connection waits for all of it.
 */
struct redis *engine_bulk(struct engine *e);
struct loop *engine_loop(const struct engine *e);
/*
 * The key of phone_hash (store/phone_hash.h), which whoever asks about a phone needs. Known before
 * anything is open: of 32 zeros until it is set.
 */
void engine_set_phone_key(struct engine *e, const uint8_t key[32]);
const uint8_t *engine_phone_key(const struct engine *e);
/* Random, new at each start of the process and after each restart of Redis. */
const char *engine_incarnation(const struct engine *e);

/* One call of the library's function `name`; the callback may get UNKNOWN or NOT_SENT. */
void engine_call(struct engine *e, const char *name, const struct argv *args, redis_reply_cb cb,
		 void *arg);
/*
 * The same, repeated until Redis answered without an error. is_journalled: kept
 * for replay. cb (may be NULL) runs once, with a good reply, or with NOT_SENT
 * when the engine is freed before.
 */
void engine_sure(struct engine *e, const char *name, const struct argv *args, bool is_journalled,
		 redis_reply_cb cb, void *arg);
/* Keep an acknowledged call for replay under another name (a permit is replayed as `remark`). */
void engine_journal(struct engine *e, const char *name, const struct argv *args);
/* Sure calls that Redis has not acknowledged yet. */
size_t engine_unacknowledged(const struct engine *e);
/* Give the incarnation up: leases become claimable at once. Fire and forget. */
void engine_bye(struct engine *e);
