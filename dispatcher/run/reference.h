/* SPDX-License-Identifier: MIT */
/*
 * Our client reference: a pure function of (run, partition, rank, attempt) and
 * the installation's key, so a receipt that echoes it needs no index and nobody
 * else can make one. Text form: 15 bytes in base 32 of the
 * numbers, then 7 of a keyed hash (35 bits).
 */
#pragma once

#include "base/random.h"

#define REFERENCE_TEXT_MAX 40
#define REFERENCE_KEY_BYTES HASH_KEY_BYTES

struct reference {
	uint64_t run;	   /* < 2^34 */
	uint8_t partition; /* < 8 */
	uint32_t rank;	   /* < 2^30 */
	uint8_t attempt;   /* 1..15 */
};

/* out gets NUL-terminated text; returns its length. */
size_t reference_encode(const struct reference *r, const uint8_t key[REFERENCE_KEY_BYTES],
			char out[REFERENCE_TEXT_MAX]);
/* False when it is not one of ours. */
bool reference_decode(struct slice text, const uint8_t key[REFERENCE_KEY_BYTES],
		      struct reference *out);
