/* SPDX-License-Identifier: MIT */
/*
 * Messages of the last second, exactly: what came in (now - 1 s, now]. One
 * entry a request, so it holds as many as requests came in a second.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct window_entry {
	uint64_t at_us;
	uint64_t n;
};

struct window {
	struct window_entry *ring; /* cap is a power of two */
	size_t first, count, cap;
	uint64_t sum;
	uint64_t max;	  /* the largest sum there ever was */
	uint64_t last_us; /* when something was last added; 0 = never */
};

void window_add(struct window *w, uint64_t now_us, uint64_t n);
uint64_t window_sum(struct window *w, uint64_t now_us);
void window_free(struct window *w);
