/* SPDX-License-Identifier: MIT */
#include "tests/gateway/window.h"

#include <stdlib.h>

#include "tests/gateway/bytes.h"
#include "tests/gateway/times.h"

uint64_t
window_sum(struct window *w, uint64_t now_us)
{
	while (w->count > 0 && w->ring[w->first].at_us + SECOND <= now_us) {
		w->sum -= w->ring[w->first].n;
		w->first = (w->first + 1) & (w->cap - 1);
		w->count--;
	}
	return w->sum;
}

static void
grow(struct window *w)
{
	size_t cap = w->cap == 0 ? 1024 : w->cap * 2;
	struct window_entry *ring = must_alloc(cap * sizeof(*ring));

	for (size_t i = 0; i < w->count; i++)
		ring[i] = w->ring[(w->first + i) & (w->cap - 1)];
	free(w->ring);
	w->ring = ring;
	w->cap = cap;
	w->first = 0;
}

void
window_add(struct window *w, uint64_t now_us, uint64_t n)
{
	window_sum(w, now_us);
	if (w->count == w->cap)
		grow(w);
	w->ring[(w->first + w->count) & (w->cap - 1)] = (struct window_entry){now_us, n};
	w->count++;
	w->sum += n;
	w->last_us = now_us;
	if (w->sum > w->max)
		w->max = w->sum;
}

void
window_free(struct window *w)
{
	free(w->ring);
}
