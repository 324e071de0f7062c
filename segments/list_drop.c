/* SPDX-License-Identifier: MIT */
/*
 * What goes: the blocks of a version that is dropped, and of writers that died.
 *
 * list_drop_version takes the snapshot away first, then looks at those of all other versions; two
 * versions that go at the same moment both see the other's gone, and both delete what they shared.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "segments/list_inside.h"

#define DROPPED_AT_ONCE 256
#define ASKED_AT_ONCE 16

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

/* ---- a version ---- */

struct drop {
	struct redis *redis;
	uint64_t id;
	uint32_t version;
	uint32_t *blocks; /* [count], sorted */
	bool *is_shared;  /* [count] */
	size_t count;
	uint32_t next, last; /* versions to be looked at */
	size_t pending;
};

static int
by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void
drop_end(struct drop *d)
{
	struct unlinker *u = xcalloc(1, sizeof(*u));

	u->redis = d->redis;
	u->id = d->id;
	for (size_t i = 0; i < d->count; i++)
		if (!d->is_shared[i])
			unlink_add(u, d->blocks[i]);
	unlink_send(u);
	free(u);
	free(d->blocks);
	free(d->is_shared);
	free(d);
}

static void drop_ask(struct drop *d);

static void
on_other_snapshot(void *arg, const struct reply *r)
{
	struct drop *d = arg;
	struct reader rd = reader_of(r->kind == REPLY_STRING ? r->str : (struct slice){NULL, 0});

	d->pending--;
	/* what cannot be read may have them: they stay */
	for (size_t i = 0; i < d->count && r->kind != REPLY_STRING && r->kind != REPLY_NIL; i++)
		d->is_shared[i] = true;
	while (rd.left >= 4) {
		uint32_t n = reader_u32(&rd);
		const uint32_t *at =
			bsearch(&n, d->blocks, d->count, sizeof(*d->blocks), by_number);

		if (at != NULL)
			d->is_shared[at - d->blocks] = true;
	}
	drop_ask(d);
}

static void
drop_ask(struct drop *d)
{
	for (; d->next <= d->last && d->pending < ASKED_AT_ONCE; d->next++) {
		char key[64];
		struct slice v[2] = {SLICE("GET"), {NULL, 0}};

		if (d->next == d->version)
			continue;
		v[1] = slice_of(list_snapshot_key(key, d->id, d->next));
		d->pending++;
		redis_command(d->redis, v, 2, on_other_snapshot, d);
	}
	if (d->pending == 0)
		drop_end(d);
}

static void
on_drop_snapshot(void *arg, const struct reply *r)
{
	struct drop *d = arg;
	struct reader rd = reader_of(reply_item(r, 0)->str);

	if (r->kind != REPLY_ARRAY || reply_item(r, 0)->kind != REPLY_STRING) {
		free(d);
		return;
	}
	d->count = rd.left / 4;
	d->blocks = xmalloc((d->count + 1) * sizeof(*d->blocks));
	d->is_shared = xcalloc(d->count + 1, sizeof(*d->is_shared));
	for (size_t i = 0; i < d->count; i++)
		d->blocks[i] = reader_u32(&rd);
	qsort(d->blocks, d->count, sizeof(*d->blocks), by_number);
	/* each version had a writer, and each writer took so many numbers */
	d->last = (uint32_t)(reply_u64(r, 1) / BLOCKS_PER_IMPORT);
	d->next = 1;
	drop_ask(d);
}

void
list_drop_version(struct redis *r, uint64_t id, uint32_t version)
{
	static const char take[] =
		"local s = redis.call('GET', KEYS[1]) redis.call('UNLINK', KEYS[1], KEYS[2]) "
		"return {s, redis.call('HGET', KEYS[3], ARGV[1]) or '0'}";
	struct drop *d = xcalloc(1, sizeof(*d));
	char snapshot[64], rejects[64], number[24];
	struct slice v[7] = {SLICE("EVAL"), slice_of(take), SLICE("3")};

	d->redis = r;
	d->id = id;
	d->version = version;
	snprintf(number, sizeof(number), "%" PRIu64, id);
	v[3] = slice_of(list_snapshot_key(snapshot, id, version));
	v[4] = slice_of(list_rejects_key(rejects, id, version));
	v[5] = SLICE(KEY_SEQ_BLOCK);
	v[6] = slice_of(number);
	redis_command(r, v, 7, on_drop_snapshot, d);
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
