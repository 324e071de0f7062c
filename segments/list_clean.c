/* SPDX-License-Identifier: MIT */
/*
 * list_clean of segments/list.h: the blocks of writers that died. Those of deleted lists go by
 * list_gone.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "segments/list_inside.h"

#define DROPPED_AT_ONCE 256

/* UNLINK blocks of a list as they come. */
struct unlinker {
	struct redis *redis;
	redis_reply_cb cb; /* of each command; NULL = none */
	void *arg;
	uint64_t id;
	char keys[DROPPED_AT_ONCE][64];
	struct slice v[DROPPED_AT_ONCE + 1];
	size_t n;
};

static void
unlink_send(struct unlinker *u)
{
	if (u->n == 0)
		return;
	u->v[0] = SLICE("UNLINK");
	redis_command(u->redis, u->v, u->n + 1, u->cb, u->arg);
	u->n = 0;
}

static void
unlink_add(struct unlinker *u, uint32_t block)
{
	u->v[u->n + 1] = slice_of(list_block_key(u->keys[u->n], u->id, block));
	if (++u->n == DROPPED_AT_ONCE)
		unlink_send(u);
}

/* ---- writers that died ---- */

void
list_writing_forget(struct redis *r, const char *field)
{
	struct slice v[3] = {SLICE("HDEL"), SLICE(KEY_WRITING), slice_of(field)};

	redis_command(r, v, 3, NULL, NULL);
}

/* Taken over one at a time; from then on its writer's commit is refused, should it live. */
static const char take_dead[] =
	"local t = redis.call('TIME') local now = t[1] * 1000 + t[2] / 1000 "
	"local v = redis.call('HGETALL', KEYS[1]) "
	"for i = 1, #v, 2 do "
	"local alive = tonumber(redis.call('ZSCORE', KEYS[2], v[i + 1]) or '0') > now "
	"local mine = v[i + 1] == ARGV[1] and string.sub(v[i], -5) == ':gone' "
	"if not alive and not mine then "
	"redis.call('HDEL', KEYS[1], v[i]) "
	"local id, first = string.match(v[i], '^(%d+):(%d+)') "
	"redis.call('HSET', KEYS[1], id .. ':' .. first .. ':gone', ARGV[1]) "
	"return {id, first} end end "
	"return {}";

_Static_assert(BLOCKS_PER_IMPORT % DROPPED_AT_ONCE == 0, "whole commands");

struct clean {
	char *incarnations, *owner;
	struct unlinker unlinker;
	uint32_t first, done; /* blocks of the one that is being deleted */
};

static void clean_next(struct clean *c);

static void
clean_free(struct clean *c)
{
	free(c->incarnations);
	free(c->owner);
	free(c);
}

/* One command at a time: others get their turn, however many there are. */
static void
on_unlinked(void *arg, const struct reply *r)
{
	struct clean *c = arg;
	char field[64];

	if (!reply_is_good(r)) {
		clean_free(c);
		return;
	}
	if (c->done == BLOCKS_PER_IMPORT) {
		snprintf(field, sizeof(field), "%" PRIu64 ":%u:gone", c->unlinker.id, c->first);
		list_writing_forget(c->unlinker.redis, field);
		clean_next(c);
		return;
	}
	for (size_t i = 0; i < DROPPED_AT_ONCE; i++)
		unlink_add(&c->unlinker, c->first + c->done++);
}

static void
on_dead(void *arg, const struct reply *r)
{
	struct clean *c = arg;

	if (r->kind != REPLY_ARRAY || r->count < 2) {
		clean_free(c);
		return;
	}
	c->unlinker.id = reply_u64(r, 0);
	c->first = (uint32_t)reply_u64(r, 1);
	c->done = 0;
	on_unlinked(c, r);
}

static void
clean_next(struct clean *c)
{
	struct slice v[6] = {SLICE("EVAL"),	 slice_of(take_dead),	    SLICE("2"),
			     SLICE(KEY_WRITING), slice_of(c->incarnations), slice_of(c->owner)};

	redis_command(c->unlinker.redis, v, 6, on_dead, c);
}

void
list_clean(struct redis *r, const char *incarnations, const char *owner)
{
	struct clean *c = xcalloc(1, sizeof(*c));

	c->unlinker.redis = r;
	c->unlinker.cb = on_unlinked;
	c->unlinker.arg = c;
	c->incarnations = xstrdup(incarnations);
	c->owner = xstrdup(owner);
	clean_next(c);
}
