/* SPDX-License-Identifier: MIT */
/*
 * Receipts: what a gateway says afterwards about messages that it took. The
 * driver reads a push; our own reference says which message it is about, or the
 * table of the gateways' ids does (dispatcher/lua/ids.lua). A push is answered
 * with success only when the evidence is kept: in Redis, or while that is away
 * in the spool (dispatcher/receive/spool.h), which is replayed when it is back.
 * What was not kept, the gateway sends again.
 *
 *   push ── driver ──▶ list ──┬─ 80 a turn ──▶ Redis ──────────▶ kept
 *                             └─ Redis is away ─▶ spool, fsync ─▶ kept ─▶ Redis, later
 */
#pragma once

#include "dispatcher/config.h"
#include "dispatcher/run/foreign.h"
#include "dispatcher/store/engine.h"

struct receipts;

/* Counted once Redis has them: those that wait in the spool are not in yet. */
struct receipts_gauges {
	uint64_t pushes, malformed;
	uint64_t merged;       /* messages that one told of */
	uint64_t parked;       /* came before the answer that brings their id */
	uint64_t foreign;      /* nobody's that is known: in the list of the unknown */
	uint64_t unknown_code; /* say nothing that we know: in the detail log only */
	uint64_t spooled;      /* kept in the spool while Redis was away */
};

/* config lives until receipts_set_config or receipts_free. */
struct receipts *receipts_new(struct loop *l, struct engine *e, const struct config *c);
void receipts_free(struct receipts *r);
/* Redis is there: what the spool has is told. */
void receipts_open(struct receipts *r, const uint8_t key[REFERENCE_KEY_BYTES]);
/* Redis is gone: receipts go to the spool. */
void receipts_shut(struct receipts *r);
void receipts_set_config(struct receipts *r, const struct config *c);
const struct receipts_gauges *receipts_gauges(const struct receipts *r);
/* Bytes of receipts that wait for Redis. */
uint64_t receipts_spool_bytes(const struct receipts *r);

/* e NULL = kept. Runs once, never before receipts_push returns. */
typedef void (*receipts_cb)(void *arg, const struct err_ctx *e);
/* ERR_INPUT: the push is no report of this gateway's dialect (the callback does not run). */
MUST_CHECK enum err receipts_push(struct receipts *r, const struct provider_config *p,
				  struct slice query, struct slice body, receipts_cb cb, void *arg,
				  struct err_ctx *e);
/* The same for receipts that were asked for; they are copied. */
void receipts_take(struct receipts *r, const struct provider_config *p, const struct receipt *list,
		   size_t count, receipts_cb cb, void *arg);
