/* SPDX-License-Identifier: MIT */
/*
 *   ids ─▶ for each: scan ─▶ delete what is its ─▶ … ─▶ forget the id ─▶ the next
 *
 * One step at a time: a scan looks at SCAN_COUNT keys, so other users of Redis wait for no more.
 */
#include "segments/list_gone.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/crash.h"
#include "base/mem.h"

#define SCAN_COUNT "1000"
#define KEYS_AT_ONCE 256

struct gone {
	struct redis *redis;
	uint64_t *ids;
	size_t count, at;
	char cursor[24];
	list_done_cb cb;
	void *arg;
};

static void
gone_end(struct gone *g, const struct reply *why)
{
	struct err_ctx e;

	if (why != NULL)
		reply_fail(why, &e);
	if (g->cb != NULL)
		g->cb(g->arg, why != NULL ? &e : NULL);
	free(g->ids);
	free(g);
}

static void scan(struct gone *g);

static void
on_forgotten(void *arg, const struct reply *r)
{
	struct gone *g = arg;

	if (!reply_is_good(r)) {
		gone_end(g, r);
		return;
	}
	g->at++;
	scan(g);
}

/* Nothing of the rows is left: its numbers, and the note at last, in one step. */
static void
forget(struct gone *g)
{
	static const char both[] = "redis.call('HDEL', KEYS[2], ARGV[1]) "
				   "return redis.call('SREM', KEYS[1], ARGV[1])";
	char id[24];
	struct slice v[6] = {SLICE("EVAL"),
			     slice_of(both),
			     SLICE("2"),
			     slice_of(list_gone_key()),
			     slice_of(list_block_numbers_key()),
			     {NULL, 0}};

	crash_point("list-gone", "swept");
	snprintf(id, sizeof(id), "%" PRIu64, g->ids[g->at]);
	v[5] = slice_of(id);
	redis_command(g->redis, v, 6, on_forgotten, g);
}

static bool
is_of(const struct gone *g, struct slice key)
{
	char prefix[64];

	for (size_t i = 0; list_rows_prefix(prefix, g->ids[g->at], i); i++)
		if (key.n > strlen(prefix) && memcmp(key.p, prefix, strlen(prefix)) == 0)
			return true;
	return false;
}

static void
unlink_keys(struct gone *g, const struct reply *keys)
{
	struct slice v[KEYS_AT_ONCE + 1] = {SLICE("UNLINK")};
	size_t n = 1;

	for (size_t i = 0; i < keys->count; i++) {
		struct slice key = reply_item(keys, i)->str;

		if (!is_of(g, key))
			continue;
		v[n++] = key;
		if (n <= KEYS_AT_ONCE)
			continue;
		redis_command(g->redis, v, n, NULL, NULL);
		n = 1;
	}
	if (n > 1)
		redis_command(g->redis, v, n, NULL, NULL);
}

/* What is deleted was sent before the next scan, and before the note goes: Redis keeps the order. */
static void
on_scanned(void *arg, const struct reply *r)
{
	struct gone *g = arg;

	if (r->kind != REPLY_ARRAY || r->count != 2) {
		gone_end(g, r);
		return;
	}
	unlink_keys(g, reply_item(r, 1));
	crash_point("list-gone", "keys");
	slice_copy(g->cursor, sizeof(g->cursor), reply_item(r, 0)->str);
	if (strcmp(g->cursor, "0") == 0)
		forget(g);
	else
		scan(g);
}

static void
scan(struct gone *g)
{
	char pattern[64];
	struct slice v[6] = {SLICE("SCAN"), {NULL, 0},	    SLICE("MATCH"),
			     {NULL, 0},	    SLICE("COUNT"), SLICE(SCAN_COUNT)};

	if (g->at == g->count) {
		gone_end(g, NULL);
		return;
	}
	if (strcmp(g->cursor, "") == 0)
		snprintf(g->cursor, sizeof(g->cursor), "0");
	snprintf(pattern, sizeof(pattern), "*:%" PRIu64 ":*", g->ids[g->at]);
	v[1] = slice_of(g->cursor);
	v[3] = slice_of(pattern);
	redis_command(g->redis, v, 6, on_scanned, g);
}

static void
on_ids(void *arg, const struct reply *r)
{
	struct gone *g = arg;

	if (r->kind != REPLY_ARRAY) {
		gone_end(g, r);
		return;
	}
	g->ids = xcalloc(r->count + 1, sizeof(*g->ids));
	for (size_t i = 0; i < r->count; i++)
		g->ids[g->count++] = slice_to_u64(reply_item(r, i)->str);
	scan(g);
}

void
list_gone_sweep(struct redis *r, list_done_cb cb, void *arg)
{
	struct gone *g = xcalloc(1, sizeof(*g));
	struct slice v[2] = {SLICE("SMEMBERS"), slice_of(list_gone_key())};

	g->redis = r;
	g->cb = cb;
	g->arg = arg;
	redis_command(r, v, 2, on_ids, g);
}
