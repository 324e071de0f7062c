/* SPDX-License-Identifier: MIT */
#include "tests/gateway/memory.h"

#include <stdlib.h>
#include <string.h>

static uint64_t
mix(uint64_t z)
{
	z = (z ^ (z >> 32)) * 0xd6e8feb86659fd93u;
	z = (z ^ (z >> 32)) * 0xd6e8feb86659fd93u;
	return z ^ (z >> 32);
}

static void
fingerprint(struct text t, uint64_t *a, uint64_t *b)
{
	uint64_t x = 0x243f6a8885a308d3u ^ t.n, y = 0x13198a2e03707344u + t.n, word;

	for (size_t at = 0; at < t.n; at += 8) {
		size_t n = t.n - at < 8 ? t.n - at : 8;

		word = 0;
		memcpy(&word, t.p + at, n);
		x = mix(x ^ word);
		y = mix(y + word * 0x9e3779b97f4a7c15u) ^ (y >> 7);
	}
	*a = x;
	*b = y == 0 ? 1 : y;
}

static struct memory_entry *
place_of(const struct memory *m, uint64_t a, uint64_t b)
{
	size_t at = (size_t)a & (m->cap - 1);

	while (m->places[at].b != 0 && (m->places[at].a != a || m->places[at].b != b))
		at = (at + 1) & (m->cap - 1);
	return &m->places[at];
}

static void
grow(struct memory *m)
{
	struct memory old = *m;

	m->cap = old.cap == 0 ? 4096 : old.cap * 2;
	m->places = must_alloc(m->cap * sizeof(*m->places));
	for (size_t i = 0; i < old.cap; i++) {
		if (old.places[i].b != 0)
			*place_of(m, old.places[i].a, old.places[i].b) = old.places[i];
	}
	free(old.places);
}

struct memory_entry *
memory_get(struct memory *m, struct text t, bool *is_new)
{
	struct memory_entry *e;
	uint64_t a, b;

	if (m->count + m->count / 2 >= m->cap)
		grow(m);
	fingerprint(t, &a, &b);
	e = place_of(m, a, b);
	*is_new = e->b == 0;
	if (*is_new) {
		*e = (struct memory_entry){.a = a, .b = b};
		m->count++;
	}
	return e;
}

struct memory_entry *
memory_get_pair(struct memory *m, struct text t, struct text u, bool *is_new)
{
	struct bytes key = {0};
	struct memory_entry *e;

	bytes_text(&key, t);
	bytes_add(&key, "", 1);
	bytes_text(&key, u);
	e = memory_get(m, (struct text){key.p, key.n}, is_new);
	bytes_free(&key);
	return e;
}

void
memory_free(struct memory *m)
{
	free(m->places);
}
