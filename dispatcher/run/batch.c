/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/batch.h"

#include <stdlib.h>

#include "base/mem.h"

size_t
batch_limits(const struct config *c, const struct provider_config *p, int64_t unit,
	     struct limit *limits)
{
	size_t n = p->limit_count;

	memcpy(limits, p->limits, n * sizeof(*limits));
	for (size_t i = 0; i < c->limit_count && n < LIMITS_MAX; i++)
		if (limit_is_of_unit(c->limits, c->limit_count, i, unit))
			limits[n++] = c->limits[i];
	return n;
}

static int
by_text(const void *x, const void *y, void *arg)
{
	struct chunk *c = arg;
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	struct slice s = chunk_member(c, a)->text, t = chunk_member(c, b)->text;
	size_t n = s.n < t.n ? s.n : t.n;
	int d = n > 0 ? memcmp(s.p, t.p, n) : 0;

	if (d != 0)
		return d;
	if (s.n != t.n)
		return s.n < t.n ? -1 : 1;
	return a < b ? -1 : a > b;
}

void
batch_sort(const struct batching *b, uint32_t *ranks, size_t count)
{
	if (b->cap->shape == SHAPE_ONE_TEXT)
		qsort_r(ranks, count, sizeof(*ranks), by_text, b->chunk);
}

/* Equal texts stand together in ranks[count]: how many from the first on. */
static size_t
same_text(const struct batching *b, const uint32_t *ranks, size_t count)
{
	size_t n = 1;

	while (n < count && slice_eq(chunk_member(b->chunk, ranks[n])->text,
				     chunk_member(b->chunk, ranks[0])->text))
		n++;
	return n;
}

static int
by_phone(const void *x, const void *y, void *arg)
{
	struct chunk *c = arg;
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	int d = strcmp(chunk_member(c, a)->phone, chunk_member(c, b)->phone);

	return d != 0 ? d : a < b ? -1 : a > b;
}

static int
by_rank(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return a < b ? -1 : a > b;
}

/*
 * A gateway that is given one text for many numbers sends it once to a number that stands there
 * twice. Who shares a phone with an earlier one goes to the end: to a later request.
 */
static size_t
different_phones(const struct batching *b, uint32_t *ranks, size_t count)
{
	uint32_t *again = xmalloc(count * sizeof(*again));
	size_t n = 0, k = 0;

	qsort_r(ranks, count, sizeof(*ranks), by_phone, b->chunk);
	for (size_t i = 0; i < count; i++) {
		if (n > 0 && strcmp(chunk_member(b->chunk, ranks[i])->phone,
				    chunk_member(b->chunk, ranks[n - 1])->phone) == 0)
			again[k++] = ranks[i];
		else
			ranks[n++] = ranks[i];
	}
	memcpy(ranks + n, again, k * sizeof(*again));
	qsort(ranks, n, sizeof(*ranks), by_rank);
	qsort(ranks + n, k, sizeof(*ranks), by_rank);
	free(again);
	return n;
}

/*
 * What one request may cost. Any second at the gateway sees less than 0.992 of
 * the contract, times 1 + what a slot may be late, plus the one request that
 * cannot be divided: with four thousandths of the contract for it that is never
 * more than the contract. (A driver's smallest batch may be dearer.)
 */
static uint32_t
part_of(double most)
{
	double part = most / 250;

	return part < 1 ? 1 : part > BATCH_MAX * 10.0 ? BATCH_MAX * 10 : (uint32_t)part;
}

/* By what the rate counts, by messages, by parts: each limit has its own. */
struct cost_max {
	uint32_t messages, parts;
};

static void
lower(struct cost_max *m, enum counts counts, double most)
{
	uint32_t *of = counts == COUNTS_PARTS ? &m->parts : &m->messages;
	uint32_t part = part_of(most);

	if (counts != COUNTS_REQUESTS && part < *of)
		*of = part;
}

/* Of a day or a month no more than that part is left unused because the next request costs more. */
static struct cost_max
cost_max(const struct batching *b)
{
	struct cost_max m = {UINT32_MAX, UINT32_MAX};

	lower(&m, b->cap->counts, b->rate);
	if (b->chunk->speed > 0)
		lower(&m, COUNTS_MESSAGES, (double)b->chunk->speed);
	for (size_t i = 0; i < b->limit_count; i++)
		lower(&m, b->limits[i].counts, (double)b->limits[i].most);
	return m;
}

/* Can so many be divided into requests that are neither too small nor too large? */
static bool
can_be_divided(const struct batching *b, size_t count)
{
	return (count + b->most - 1) / b->most * b->cap->batch_min <= count;
}

/* About n of count, so that none of the others is too many: rather fewer than n, else more. */
static size_t
leave_no_rest(const struct batching *b, size_t n, size_t count)
{
	for (size_t k = n; k >= b->cap->batch_min && k > 0; k--)
		if (can_be_divided(b, count - k))
			return k;
	for (size_t k = n + 1; k <= count && k <= b->most; k++)
		if (can_be_divided(b, count - k))
			return k;
	/* It cannot be helped; with fewer in this one there would be more. */
	return count > b->most ? b->most : n;
}

size_t
batch_next(const struct batching *b, uint32_t *ranks, size_t count)
{
	const struct capability *cap = b->cap;
	struct cost_max max = cost_max(b);
	size_t n = 0, parts = 0;

	if (cap->shape == SHAPE_ONE || count == 0)
		return count == 0 ? 0 : 1;
	if (cap->shape == SHAPE_ONE_TEXT)
		count = different_phones(b, ranks, same_text(b, ranks, count));
	while (n < count && n < b->most) {
		parts += chunk_member(b->chunk, ranks[n])->parts;
		if (n >= cap->batch_min && n > 0 && (n + 1 > max.messages || parts > max.parts))
			break;
		n++;
	}
	return leave_no_rest(b, n, count);
}
