/* SPDX-License-Identifier: MIT */
/*
 * A histogram of lengths of time with fixed bins, two an octave from 125 µs on, 4 ms
 * among their bounds; and the longest. Zero-initialised. Pure.
 */
#pragma once

#include <stdint.h>

#define GAUGE_BINS 24

struct gauge {
	uint64_t count;
	uint32_t longest_us;
	/* [i] counts what was below gauge_bound_us(i); the last takes the rest */
	uint64_t below[GAUGE_BINS];
};

/* Upper bounds: 125, 177, 250, 354, 500 … µs. */
uint32_t gauge_bound_us(unsigned bin);
/* Less than nothing counts as nothing. */
void gauge_add(struct gauge *g, int64_t us);
/* The length in µs that `per_mille` of them did not exceed (upper bound of its bin). */
uint32_t gauge_quantile_us(const struct gauge *g, unsigned per_mille);
