/* SPDX-License-Identifier: MIT */
/*
 * The audit: what people decided, in a chain that shows whether anything was
 * taken out or changed. Entry n is canonical JSON (keys sorted, no blanks)
 *   {"act","actor","details","n","object","time"}
 * and its hash is BLAKE2b-256 over the 32 bytes of the hash of entry n - 1
 * (zeros before the first) and that text. The first entry names the
 * installation. Who can write to Redis can make another whole chain: keep a
 * head's hash elsewhere (audit verify prints it) and compare.
 *
 * The rule for callers: append first, and do what was decided in the callback.
 * An entry without its effect says that it was decided and did not come to it;
 * an effect without its entry must not be.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "dispatcher/store/engine.h"

#define AUDIT_HASH_HEX 65 /* with its NUL */
#define AUDIT_DETAILS_MAX 16384u

/* n = the entry's number; e != NULL: it was not written, nothing may be done. */
typedef void (*audit_cb)(void *arg, uint64_t n, const struct err_ctx *e);
/*
 * actor: who ("administrator"); act: "doubt.resend"; object: "campaign:thang-10".
 * details: an object without phones in clear (log_phone) and without reals; is taken, may be
 * NULL. cb runs once, never before this returns.
 */
void audit_append(struct engine *e, const char *actor, const char *act, const char *object,
		  json_t *details, audit_cb cb, void *arg);

/* ---- the chain; pure ---- */

struct audit_chain {
	uint64_t n; /* of the last entry that was checked; 0 = none yet */
	uint8_t hash[32];
};
/* The hash of the entry after this chain. */
void audit_hash(const struct audit_chain *c, struct slice entry, char out[AUDIT_HASH_HEX]);
/* Go on by one entry. ERR_CONFLICT: the chain breaks here, e says how. */
MUST_CHECK enum err audit_chain_next(struct audit_chain *c, uint64_t n, struct slice entry,
				     struct slice hash, struct err_ctx *e);
/* Is this the head after the last entry? ERR_CONFLICT: entries are missing at the end. */
MUST_CHECK enum err audit_chain_end(const struct audit_chain *c, uint64_t n, struct slice hash,
				    struct err_ctx *e);
