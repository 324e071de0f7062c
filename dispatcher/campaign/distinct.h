/* SPDX-License-Identifier: MIT */
/*
 * How many different texts there are among many, in bounded memory (80 KiB): exact
 * up to DISTINCT_EXACT, by their hashes; beyond that a HyperLogLog of 2^14
 * registers, read by the improved estimator of O. Ertl, "New cardinality
 * estimation algorithms for HyperLogLog sketches", 2017, algorithm 6, which has no
 * bias at any size. Pure.
 */
#pragma once

#include "base/buf.h"

#define DISTINCT_EXACT 4096u
#define DISTINCT_SLOTS (2 * DISTINCT_EXACT)
#define DISTINCT_BITS 14
#define DISTINCT_REGISTERS (1u << DISTINCT_BITS)
/* Standard error of the estimate: 1.04 / √16384, in per cent; two of three lie within it. */
#define DISTINCT_ERROR_PCT 0.81

/* Zero-initialised = none were seen. */
struct distinct {
	uint64_t slots[DISTINCT_SLOTS]; /* hashes, open addressing; 0 = free */
	size_t count;			/* in slots */
	bool is_estimate;		/* one more than DISTINCT_EXACT was seen: slots are over */
	uint8_t registers[DISTINCT_REGISTERS];
};

void distinct_add(struct distinct *d, struct slice text);
/* Exact unless d->is_estimate. */
uint64_t distinct_count(const struct distinct *d);
