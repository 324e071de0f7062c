/* SPDX-License-Identifier: MIT */
#include "segments/last_row.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

/*
 * A slot: 1 (in use) | shared | the phone without 84 (30 bits) | row (32 bits).
 */
#define IN_USE (UINT64_C(1) << 63)
#define SHARED (UINT64_C(1) << 62)
#define KEY_SHIFT 32
#define KEY_MASK UINT64_C(0x3FFFFFFF)
#define PHONE_BASE UINT64_C(84000000000)
#define FIRST_BITS 10

static uint64_t
key_of(uint64_t slot)
{
	return (slot >> KEY_SHIFT) & KEY_MASK;
}

/* The slot of the key, or the free one where it belongs. Fibonacci hashing: high bits of a product. */
static uint64_t *
find(const struct last_row *t, uint64_t key)
{
	size_t mask = ((size_t)1 << t->bits) - 1;
	size_t i = (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> (64 - t->bits));

	while (t->slots[i] != 0 && key_of(t->slots[i]) != key)
		i = (i + 1) & mask;
	return &t->slots[i];
}

static void
grow(struct last_row *t)
{
	struct last_row bigger = *t;

	bigger.bits = t->bits == 0 ? FIRST_BITS : t->bits + 1;
	bigger.slots = xcalloc((size_t)1 << bigger.bits, sizeof(*bigger.slots));
	for (size_t i = 0; t->bits != 0 && i < (size_t)1 << t->bits; i++)
		if (t->slots[i] != 0)
			*find(&bigger, key_of(t->slots[i])) = t->slots[i];
	free(t->slots);
	*t = bigger;
}

uint32_t
last_row_put(struct last_row *t, uint64_t phone, uint32_t row)
{
	uint64_t key = phone - PHONE_BASE, *slot;
	uint32_t back = 0;

	assert(phone >= PHONE_BASE && key < UINT64_C(1000000000));
	if (t->bits == 0 || t->used >= ((size_t)1 << t->bits) / 4 * 3)
		grow(t);
	slot = find(t, key);
	if (*slot == 0) {
		t->used++;
		*slot = IN_USE;
	} else {
		back = row - (uint32_t)*slot;
		t->shared += (*slot & SHARED) == 0;
		*slot |= SHARED;
	}
	*slot = (*slot & (IN_USE | SHARED)) | key << KEY_SHIFT | row;
	return back;
}

void
last_row_free(struct last_row *t)
{
	free(t->slots);
	*t = (struct last_row){0};
}
