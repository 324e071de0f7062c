/* SPDX-License-Identifier: MIT */
/*
 * Chance that repeats itself: SplitMix64 (Steele, Lea, Flood 2014), seeded by
 * --seed. A chance of 0 draws nothing, so a flag that is off changes nothing
 * for the others.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct chance {
	uint64_t state;
};

uint64_t chance_next(struct chance *c);
/* 0 … n - 1; 0 for n = 0 */
uint64_t chance_below(struct chance *c, uint64_t n);
/* true p of the time, p from 0 to 1 */
bool chance_hits(struct chance *c, double p);
