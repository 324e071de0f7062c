/* SPDX-License-Identifier: MIT */
#include "tests/gateway/chance.h"

uint64_t
chance_next(struct chance *c)
{
	uint64_t z = c->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint64_t
chance_below(struct chance *c, uint64_t n)
{
	return n == 0 ? 0 : chance_next(c) % n;
}

bool
chance_hits(struct chance *c, double p)
{
	if (p <= 0)
		return false;
	return (double)(chance_next(c) >> 11) * 0x1p-53 < p;
}
