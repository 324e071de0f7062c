/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/distinct.h"

#include <math.h>

#include "base/random.h"

#define RANK_MAX (64 - DISTINCT_BITS) /* bits of a hash behind the register's number */

static uint64_t
hash_of(struct slice text)
{
	uint8_t bytes[16];
	uint64_t h;

	hash_plain(text, bytes);
	memcpy(&h, bytes, sizeof(h));
	return h != 0 ? h : 1; /* 0 is a free slot */
}

static void
add_register(struct distinct *d, uint64_t h)
{
	uint64_t rest = h << DISTINCT_BITS;
	uint8_t *r = &d->registers[h >> RANK_MAX];
	unsigned rank = rest == 0 ? RANK_MAX + 1 : (unsigned)__builtin_clzll(rest) + 1;

	if (rank > *r)
		*r = (uint8_t)rank;
}

/* False: it was there. */
static bool
add_slot(struct distinct *d, uint64_t h)
{
	size_t i = h % DISTINCT_SLOTS;

	for (; d->slots[i] != 0; i = (i + 1) % DISTINCT_SLOTS)
		if (d->slots[i] == h)
			return false;
	if (d->count == DISTINCT_EXACT) {
		d->is_estimate = true;
		return true;
	}
	d->slots[i] = h;
	d->count++;
	return true;
}

void
distinct_add(struct distinct *d, struct slice text)
{
	uint64_t h = hash_of(text);

	if (d->is_estimate || add_slot(d, h))
		add_register(d, h);
}

/* ---- Ertl's σ and τ: corrections for registers that are empty, and full ---- */

static double
sigma(double x)
{
	double y = 1, z = x, before;

	if (x == 1)
		return INFINITY;
	do {
		x *= x;
		before = z;
		z += x * y;
		y += y;
	} while (z != before);
	return z;
}

static double
tau(double x)
{
	double y = 1, z = 1 - x, before;

	if (x == 0 || x == 1)
		return 0;
	do {
		x = sqrt(x);
		before = z;
		y *= 0.5;
		z -= (1 - x) * (1 - x) * y;
	} while (z != before);
	return z / 3;
}

uint64_t
distinct_count(const struct distinct *d)
{
	const double m = DISTINCT_REGISTERS;
	unsigned with[RANK_MAX + 2] = {0}; /* registers by their rank */
	double z;

	if (!d->is_estimate)
		return d->count;
	for (size_t i = 0; i < DISTINCT_REGISTERS; i++)
		with[d->registers[i]]++;
	z = m * tau(1 - with[RANK_MAX + 1] / m);
	for (unsigned k = RANK_MAX; k >= 1; k--)
		z = 0.5 * (z + with[k]);
	z += m * sigma(with[0] / m);
	return (uint64_t)llround(m * m / (2 * log(2) * z));
}
