/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/audience.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "segments/phone_set.h"

/* Open addressing: row → distance back to the previous row with its phone. */
struct chain {
	uint64_t row1; /* row + 1; 0 = free */
	uint32_t back;
};

struct audience {
	struct query *const *queries;
	size_t query_count;
	enum per per;
	struct carrier_map map;
	uint64_t *in; /* one bit a row: is in the audience with a phone */
	uint64_t rows;
	struct chain *chains;
	size_t chain_count, chain_cap; /* cap is a power of two */
	struct audience_parts parts;   /* count 0: of one list */
	size_t part;		       /* of the block */
	/* Of each list before it, with per: phone: the phones of those in the audience, settled. */
	struct phone_set *earlier[AUDIENCE_PARTS_MAX];
	bool wants_consent;
	struct query *consent[AUDIENCE_PARTS_MAX]; /* of each list; NULL = nobody of it consents */
};

struct audience *
audience_new(struct query *const *queries, size_t count, enum per per,
	     const struct carrier_map *map, uint64_t rows)
{
	struct audience *a = xcalloc(1, sizeof(*a));

	a->queries = queries;
	a->query_count = count;
	a->per = per;
	a->map = *map;
	a->rows = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS * BLOCK_ROWS;
	a->in = xcalloc((size_t)(a->rows / 64 + 1), sizeof(*a->in));
	return a;
}

void
audience_free(struct audience *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < AUDIENCE_PARTS_MAX; i++)
		phone_set_free(a->earlier[i]);
	for (size_t i = 0; i < AUDIENCE_PARTS_MAX; i++)
		query_free(a->consent[i]);
	free(a->in);
	free(a->chains);
	free(a);
}

void
audience_set_parts(struct audience *a, const struct audience_parts *p)
{
	a->parts = *p;
}

void
audience_set_consent(struct audience *a, struct query *take_of_part[], size_t parts)
{
	a->wants_consent = true;
	for (size_t i = 0; i < parts && i < AUDIENCE_PARTS_MAX; i++)
		a->consent[i] = take_of_part[i];
}

static bool
remembers_phones(const struct audience *a)
{
	return a->per == PER_PHONE && a->part + 1 < a->parts.count;
}

static void
begin_part(struct audience *a)
{
	if (remembers_phones(a) && a->earlier[a->part] == NULL)
		a->earlier[a->part] = phone_set_new();
}

/* Go on to the list of that block. */
static void
find_part(struct audience *a, uint32_t block)
{
	begin_part(a);
	while (a->part + 1 < a->parts.count && a->parts.first[a->part + 1] <= block) {
		if (a->earlier[a->part] != NULL)
			phone_set_settle(a->earlier[a->part]);
		a->part++;
		begin_part(a);
	}
}

/* Is somebody with this phone in the audience from an earlier list? */
static bool
is_in_earlier(const struct audience *a, uint64_t phone)
{
	for (size_t i = 0; i < a->part && i < AUDIENCE_PARTS_MAX; i++)
		if (a->earlier[i] != NULL && phone_set_has(a->earlier[i], phone))
			return true;
	return false;
}

static struct chain *
chain_slot(struct chain *chains, size_t cap, uint64_t row)
{
	size_t i = (size_t)((row * 0x9e3779b97f4a7c15u) >> 20) & (cap - 1);

	while (chains[i].row1 != 0 && chains[i].row1 != row + 1)
		i = (i + 1) & (cap - 1);
	return &chains[i];
}

static void
chain_put(struct audience *a, uint64_t row, uint32_t back)
{
	struct chain *c;

	if ((a->chain_count + 1) * 4 > a->chain_cap * 3) {
		size_t cap = a->chain_cap > 0 ? a->chain_cap * 2 : 256;
		struct chain *bigger = xcalloc(cap, sizeof(*bigger));

		for (size_t i = 0; i < a->chain_cap; i++)
			if (a->chains[i].row1 != 0)
				*chain_slot(bigger, cap, a->chains[i].row1 - 1) = a->chains[i];
		free(a->chains);
		a->chains = bigger;
		a->chain_cap = cap;
	}
	c = chain_slot(a->chains, a->chain_cap, row);
	a->chain_count += c->row1 == 0;
	*c = (struct chain){row + 1, back};
}

static bool
has_bit(const struct audience *a, uint64_t row)
{
	return row < a->rows && (a->in[row / 64] >> (row % 64) & 1) != 0;
}

/* Is an earlier row with this phone already in the audience? */
static bool
is_taken(const struct audience *a, uint64_t row)
{
	while (a->chain_cap > 0) {
		const struct chain *c = chain_slot(a->chains, a->chain_cap, row);

		if (c->row1 == 0 || c->back == 0 || c->back > row)
			return false;
		row -= c->back;
		if (has_bit(a, row))
			return true;
	}
	return false;
}

/* Rows of the block whose people may be written to. */
static void
find_consent(const struct audience *a, const struct block *b, int64_t today, uint64_t out[4])
{
	memset(out, a->wants_consent ? 0 : 0xff, 4 * sizeof(*out));
	if (a->consent[a->part] != NULL)
		query_eval_block(a->consent[a->part], b, today, out);
}

static struct audience_row
judge(struct audience *a, const struct block *b, uint32_t i, uint64_t row, bool consents)
{
	struct audience_row r = {.row = (uint32_t)row, .state = RECORD_WAITING};
	uint8_t partition = a->map.partition[block_carrier(b, i) & 15];

	r.partition = partition == NO_PARTITION ? 0 : partition;
	r.state = RECORD_SKIPPED;
	if (block_phone(b, i) == 0) {
		r.reason = REASON_NO_PHONE;
	} else if (partition == NO_PARTITION) {
		r.reason = REASON_NO_ROUTE;
	} else if (!consents) {
		r.reason = REASON_NO_CONSENT;
	} else if (a->per == PER_PHONE &&
		   (is_taken(a, row) || is_in_earlier(a, block_phone(b, i)))) {
		r.reason = REASON_SAME_PHONE;
	} else {
		r.state = RECORD_WAITING;
		r.reason = REASON_NONE;
		a->in[row / 64] |= 1ULL << (row % 64);
		if (remembers_phones(a))
			phone_set_add(a->earlier[a->part], block_phone(b, i));
	}
	return r;
}

size_t
audience_block(struct audience *a, uint32_t index, const struct block *b, int64_t today,
	       struct audience_row rows[BLOCK_ROWS])
{
	uint64_t matched[4] = {0}, consent[4];
	size_t n = 0;

	find_part(a, index);
	find_consent(a, b, today, consent);
	for (size_t q = 0; q < a->query_count; q++) {
		uint64_t one[4];

		if (a->parts.count > 0 && a->parts.of_query[q] != a->part)
			continue;
		query_eval_block(a->queries[q], b, today, one);
		for (int k = 0; k < 4; k++)
			matched[k] |= one[k];
	}
	for (uint32_t i = 0; i < b->rows; i++) {
		uint64_t row = (uint64_t)index * BLOCK_ROWS + i;
		uint32_t back = block_same_back(b, i);

		if (back > 0)
			chain_put(a, row, back);
		if ((matched[i / 64] >> (i % 64) & 1) == 0 || block_is_deleted(b, i) ||
		    row >= a->rows)
			continue;
		rows[n++] = judge(a, b, i, row, (consent[i / 64] >> (i % 64) & 1) != 0);
	}
	return n;
}

void
audience_want(const struct audience *a, struct block_want *out)
{
	out->has_people = true;
	for (size_t i = 0; i < a->query_count; i++)
		query_want(a->queries[i], out);
	for (size_t i = 0; i < AUDIENCE_PARTS_MAX; i++)
		if (a->consent[i] != NULL)
			query_want(a->consent[i], out);
}
