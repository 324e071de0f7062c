/* SPDX-License-Identifier: MIT */
/*
 * Has a phone had as many messages of the run's class as the policy allows?
 * Asked for a chunk that is prepared, as suppressions are; permit asks again
 * and charges (dispatcher/lua/caps.lua).
 */
#pragma once

#include "base/err.h"
#include "dispatcher/store/engine.h"

#define CAPPED_WINDOW 512u
#define CAP_HASH_BYTES 11u

/* What caps.lua keeps of a phone. phone = 84912345678. */
void cap_hash(struct engine *e, uint64_t phone, uint8_t out[CAP_HASH_BYTES]);

/* is_over[count] 1 = it has; NULL: none has, or e says why it could not be asked. */
typedef void (*capped_cb)(void *arg, const uint8_t *is_over, const struct err_ctx *e);
/* cb runs once, never before this returns. phones is copied. */
void capped_check(struct engine *e, uint64_t run, const uint64_t *phones, size_t count,
		  capped_cb cb, void *arg);
