/* SPDX-License-Identifier: MIT */
/* What the files of the lists in Redis share: keys (list.c, list_writer.c, list_clean.c). */
#pragma once

#include "segments/list.h"

#define KEY_LISTS "loa:lists"
#define KEY_LIST "loa:list:"
#define KEY_SEQ_LIST "loa:seq:list"
#define KEY_SEQ_BLOCK "loa:seq:block"
#define KEY_LISTS_GONE "loa:lists:gone"
#define KEY_WRITING "loa:writing"
#define KEY_META "loa:meta" /* erasures, erasing; clock_offset_ms, in tests */
/* Redis's time in ms, with what tests added: `now`. The hash is KEYS[2]. */
#define LUA_NOW                                                \
	"local t = redis.call('TIME') "                        \
	"local now = t[1] * 1000 + math.floor(t[2] / 1000) + " \
	"(tonumber(redis.call('HGET', KEYS[2], 'clock_offset_ms')) or 0) "

/*
 * Block numbers that a writer takes: 67 million rows. What it has not used it gives back at its end, if
 * nobody took numbers behind it; a number that was written to is never used again. So a list of ten
 * million rows, all of them rewritten, has 109,000 updates; a writer that dies costs it seven of them.
 */
#define BLOCKS_PER_IMPORT 262144
#define TEXT_OF_(x) #x
#define TEXT_OF(x) TEXT_OF_(x)

/* The piece about a block's people is another one: 1; or it was not `before`: 0, and nothing is done. */
struct people_change {
	struct slice before, after;
};
void list_change_people(struct redis *r, const char *key, const struct people_change *c,
			redis_reply_cb cb, void *arg);
/* out has room for 64 bytes. */
const char *list_snapshot_key(char *out, uint64_t list_id, uint32_t version);
const char *list_rejects_key(char *out, uint64_t list_id, uint32_t version);
/* Nothing is being written from there on any more. */
void list_writing_forget(struct redis *r, const char *field);
