/* SPDX-License-Identifier: MIT */
/*
 * Erasing a person: everything in Redis that names a phone is scrubbed, and then looked through once
 * more to prove it.
 *
 *   FILING ─▶ BEGINNING ─▶ SCRUBBING ⇄ LOOKING ─▶ REWRITING ─▶ ENDING
 *   the file  nothing      all keys     all keys   the append-  the intention
 *   `erased`  leaves any               once more   only file    is taken away
 *             more                                 anew
 *
 * The intention is kept, in the data folder and in Redis, before anything is changed, as a keyed
 * hash of the phone: who is wanted is found by the hash of each number that is met. So a server that
 * was killed, and one that was restored from an older backup, goes on by itself; before it has begun
 * to, nothing is sent. Every step is idempotent.
 */
#pragma once

#include "dispatcher/erase/scrub.h"

enum erase_state {
	ERASE_IDLE,
	ERASE_FILING,
	ERASE_BEGINNING,
	ERASE_SCRUBBING,
	ERASE_LOOKING,
	ERASE_REWRITING,
	ERASE_ENDING,
	ERASE_STALLED, /* Redis is away */
};

struct eraser;
struct eraser_options {
	struct loop *loop;
	struct engine *engine;
	const char *folder; /* of data; copied */
	bool is_embedded;   /* Redis is ours: its file may be written anew */
	bool goes_on;	    /* with what was left behind */
	/* After each eraser_open: what was left behind is guarded, messages may be sent. */
	void (*on_ready)(void *arg);
	void *arg;
};
struct eraser *eraser_new(const struct eraser_options *o);
/* After the engine is freed. */
void eraser_free(struct eraser *e);
/* Redis is there and the keys are known. */
void eraser_open(struct eraser *e);
void eraser_shut(struct eraser *e);
bool eraser_is_ready(const struct eraser *e);

struct erase_progress {
	enum erase_state state;
	uint64_t done, total;	  /* keys of this pass */
	unsigned rewrites_failed; /* in a row: it is tried again, after a pause of 10 s at most */
};

/* What was done; what a dry run found. */
struct erase_result {
	struct scrub_count scrubbed;
	uint64_t keys, bytes;	    /* looked through in the end */
	uint64_t remaining;	    /* what people wrote: it names the phone still */
	bool is_rewritten;	    /* the append-only file */
	const struct scrub *places; /* scrub_place */
};

struct erase_request {
	uint64_t phone;
	bool is_dry; /* only find and count */
	void (*on_step)(void *arg, const struct erase_progress *p);
	/* Once, never before eraser_start returned. r NULL: it could not be done, yet; it goes on when
	 * the server starts again, unless it was a dry run. */
	void (*on_done)(void *arg, const struct erase_result *r, const struct err_ctx *e);
	void *arg;
};
/* One at a time: else ERR_CONFLICT. */
MUST_CHECK enum err eraser_start(struct eraser *e, const struct erase_request *r,
				 struct err_ctx *err);
/* Who asked has left: it is called back no more. */
void eraser_forget(struct eraser *e);
