/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/groups.h"

#include <stdlib.h>

#include "base/mem.h"
#include "segments/collate.h"

#define SLOTS (2 * GROUPS_MAX) /* a power of two */

struct groups {
	size_t most, count;
	struct group *list;
	uint16_t *slots; /* index in list + 1; 0 = free */
	struct arena arena;
	struct group others;
	bool is_closed, has_folded;
};

struct groups *
groups_new(size_t most)
{
	struct groups *g = xcalloc(1, sizeof(*g));

	g->most = most < 2 ? 2 : most > GROUPS_MAX ? GROUPS_MAX : most;
	g->list = xcalloc(g->most, sizeof(*g->list));
	g->slots = xcalloc(SLOTS, sizeof(*g->slots));
	return g;
}

void
groups_free(struct groups *g)
{
	if (g == NULL)
		return;
	arena_free(&g->arena);
	free(g->list);
	free(g->slots);
	free(g);
}

/* FNV-1a. */
static uint16_t *
slot_of(struct groups *g, struct slice key)
{
	uint64_t h = 14695981039346656037u;
	size_t i;

	for (size_t k = 0; k < key.n; k++)
		h = (h ^ (uint8_t)key.p[k]) * 1099511628211u;
	for (i = (size_t)(h ^ h >> 29) % SLOTS; g->slots[i] != 0; i = (i + 1) % SLOTS)
		if (slice_eq(g->list[g->slots[i] - 1].key, key))
			break;
	return &g->slots[i];
}

static void
fold(struct group *into, const struct group *one)
{
	into->messages += one->messages;
	into->parts += one->parts;
	into->cost += one->cost;
	for (unsigned s = 0; s < RECORD_STATE_COUNT; s++)
		into->states[s] += one->states[s];
}

/* The k-th largest of n (k from 0) by quickselect; reorders v. */
static uint64_t
kth_largest(uint64_t *v, size_t n, size_t k)
{
	size_t lo = 0, hi = n - 1;

	while (lo < hi) {
		uint64_t pivot = v[lo + (hi - lo) / 2];
		size_t i = lo, j = hi;

		for (;;) {
			uint64_t t;

			while (v[i] > pivot)
				i++;
			while (v[j] < pivot)
				j--;
			if (i >= j)
				break;
			t = v[i];
			v[i++] = v[j];
			v[j--] = t;
		}
		if (k <= j)
			hi = j;
		else
			lo = j + 1;
	}
	return v[lo];
}

/* Only the n largest stay; of those that are as large as the last the first ones. Returns how many went. */
static size_t
shrink(struct groups *g, size_t n)
{
	uint64_t *sizes, least;
	struct arena old = g->arena;
	size_t kept = 0, equal = n, gone;

	if (g->count <= n || n == 0)
		return 0;
	sizes = xcalloc(g->count, sizeof(*sizes));
	for (size_t i = 0; i < g->count; i++)
		sizes[i] = g->list[i].messages;
	least = kth_largest(sizes, g->count, n - 1);
	free(sizes);
	for (size_t i = 0; i < g->count; i++)
		equal -= g->list[i].messages > least;
	g->arena = (struct arena){0};
	memset(g->slots, 0, SLOTS * sizeof(*g->slots));
	gone = g->count - n;
	for (size_t i = 0; i < g->count; i++) {
		struct group one = g->list[i];

		if (one.messages < least || (one.messages == least && equal == 0)) {
			fold(&g->others, &one);
			continue;
		}
		equal -= one.messages == least;
		one.key.p = arena_memdup0(&g->arena, one.key.p, one.key.n);
		one.label.p = arena_memdup0(&g->arena, one.label.p, one.label.n);
		g->list[kept++] = one;
		*slot_of(g, one.key) = (uint16_t)kept;
	}
	g->count = kept;
	arena_free(&old);
	return gone;
}

struct group *
groups_get(struct groups *g, struct slice key, struct slice label)
{
	uint16_t *slot = slot_of(g, key);
	struct group *one;

	if (*slot != 0)
		return &g->list[*slot - 1];
	if (g->is_closed)
		return &g->others;
	if (g->count == g->most) {
		shrink(g, g->most / 2);
		g->has_folded = true;
		slot = slot_of(g, key);
	}
	one = &g->list[g->count++];
	*one = (struct group){
		.key = {arena_memdup0(&g->arena, key.n > 0 ? key.p : "", key.n), key.n},
		.label = {arena_memdup0(&g->arena, label.n > 0 ? label.p : "", label.n), label.n}};
	*slot = (uint16_t)g->count;
	return one;
}

bool
groups_has_folded(const struct groups *g)
{
	return g->has_folded;
}

struct group *
groups_others(struct groups *g)
{
	return &g->others;
}

void
groups_keep(struct groups *g, size_t n)
{
	shrink(g, n);
	g->is_closed = true;
	g->others = (struct group){0};
	for (size_t i = 0; i < g->count; i++)
		g->list[i] = (struct group){.key = g->list[i].key, .label = g->list[i].label};
}

static int
by_size(const void *a, const void *b)
{
	const struct group *x = *(const struct group *const *)a;
	const struct group *y = *(const struct group *const *)b;
	int order;

	if (x->messages != y->messages)
		return x->messages > y->messages ? -1 : 1;
	order = collate_compare(x->label, y->label);
	return order != 0 ? order : collate_compare(x->key, y->key);
}

size_t
groups_top(struct groups *g, size_t n, const struct group **out, size_t *folded)
{
	*folded = shrink(g, n);
	for (size_t i = 0; i < g->count; i++)
		out[i] = &g->list[i];
	qsort(out, g->count, sizeof(*out), by_size);
	return g->count;
}
