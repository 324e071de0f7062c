/* SPDX-License-Identifier: MIT */
/*
 * What the gateway has seen before: 128-bit fingerprints of texts (references,
 * numbers) with the time and the id of the first. Two different texts with the
 * same fingerprint are as good as impossible, so the texts are not kept.
 */
#pragma once

#include <stdbool.h>

#include "tests/gateway/bytes.h"

struct memory_entry {
	uint64_t a, b; /* b 0 = free place */
	uint64_t at_us;
	uint64_t id;
};

struct memory {
	struct memory_entry *places; /* cap is a power of two */
	size_t count, cap;
};

/* The entry of a text, a new one (*is_new, at_us and id 0) if it was not seen
 * yet. Valid until the next call. */
struct memory_entry *memory_get(struct memory *m, struct text t, bool *is_new);
/* The same of two texts together. */
struct memory_entry *memory_get_pair(struct memory *m, struct text t, struct text u, bool *is_new);
void memory_free(struct memory *m);
