/* SPDX-License-Identifier: MIT */
#include "base/gauge.h"

#include <stddef.h>

void
gauge_add(struct gauge *g, int64_t us)
{
	unsigned bin = 0;

	if (us < 0)
		us = 0;
	if (us > g->longest_us)
		g->longest_us = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
	while (bin + 1 < GAUGE_BINS && us >= (int64_t)gauge_bound_us(bin))
		bin++;
	g->below[bin]++;
	g->count++;
}

uint32_t
gauge_bound_us(unsigned bin)
{
	uint32_t octave = 125u << (bin / 2);

	return bin % 2 == 0 ? octave : (octave * 181 + 64) / 128; /* √2 */
}

uint32_t
gauge_quantile_us(const struct gauge *g, unsigned per_mille)
{
	uint64_t want = (g->count * per_mille + 999) / 1000, seen = 0;

	/* the last bin has no end of its own */
	for (unsigned i = 0; i + 1 < GAUGE_BINS; i++) {
		seen += g->below[i];
		if (seen >= want)
			return gauge_bound_us(i);
	}
	return g->longest_us;
}
