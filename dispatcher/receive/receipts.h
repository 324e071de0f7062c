/* SPDX-License-Identifier: MIT */
/*
 * Pushed receipts: what a gateway says afterwards about messages that it took.
 * The driver reads the push; our own reference says which message it is about,
 * so nothing is looked up. The push is answered with success only when Redis
 * has acknowledged the evidence: what was not kept, the gateway sends again.
 */
#pragma once

#include "dispatcher/config.h"
#include "dispatcher/run/reference.h"
#include "dispatcher/store/engine.h"

struct receipts;

struct receipts_gauges {
	uint64_t pushes, merged, foreign, malformed;
};

struct receipts *receipts_new(struct engine *e);
void receipts_free(struct receipts *r);
void receipts_set_key(struct receipts *r, const uint8_t key[REFERENCE_KEY_BYTES]);
const struct receipts_gauges *receipts_gauges(const struct receipts *r);

/* e NULL = kept. Runs once, never before receipts_push returns. */
typedef void (*receipts_cb)(void *arg, const struct err_ctx *e);
/* ERR_INPUT: the push is no report of this gateway's dialect (the callback does not run). */
MUST_CHECK enum err receipts_push(struct receipts *r, const struct provider_config *p,
				  struct slice query, struct slice body, receipts_cb cb, void *arg,
				  struct err_ctx *e);
