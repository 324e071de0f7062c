/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/sample.h"

#include <stdlib.h>

#include "base/mem.h"
#include "segments/collate.h"

struct sample {
	unsigned n;
	uint32_t columns;
	uint64_t state; /* of SplitMix64 */
	uint64_t offered;
	struct sample_row rows[SAMPLE_MAX];
};

struct sample *
sample_new(unsigned n, uint64_t seed, uint32_t columns)
{
	struct sample *s = xcalloc(1, sizeof(*s));

	s->n = n < SAMPLE_MAX ? n : SAMPLE_MAX;
	s->columns = columns;
	s->state = seed;
	return s;
}

void
sample_free(struct sample *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < s->n; i++)
		buf_free(&s->rows[i].cells);
	free(s);
}

/* G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014. */
static uint64_t
next(struct sample *s)
{
	uint64_t z = s->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* 0 … n-1, each as likely: what would favour the small ones is drawn again. */
static uint64_t
below(struct sample *s, uint64_t n)
{
	uint64_t least = (0 - n) % n, v = next(s);

	while (v < least)
		v = next(s);
	return v % n;
}

static void
keep(struct sample *s, struct sample_row *r, const struct block *b, uint32_t i)
{
	buf_reset(&r->cells);
	for (uint32_t c = 0; c < s->columns; c++) {
		buf_add_slice(&r->cells, block_cell(b, i, c));
		r->ends[c] = (uint32_t)r->cells.len;
	}
	r->phone = block_phone(b, i);
}

void
sample_offer(struct sample *s, const struct block *b, uint32_t i, uint64_t row)
{
	uint64_t at = s->offered++;

	if (at >= s->n)
		at = below(s, s->offered);
	if (at >= s->n)
		return;
	keep(s, &s->rows[at], b, i);
	s->rows[at].row = row;
}

struct slice
sample_cell(const struct sample_row *r, uint32_t column)
{
	uint32_t from = column > 0 ? r->ends[column - 1] : 0;

	return (struct slice){r->cells.data + from, r->ends[column] - from};
}

struct ordered {
	const struct sample_row *row;
	struct buf key;
};

static int
by_key(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;
	size_t n = x->key.len < y->key.len ? x->key.len : y->key.len;
	int order = n > 0 ? memcmp(x->key.data, y->key.data, n) : 0;

	if (order == 0 && x->key.len != y->key.len)
		order = x->key.len < y->key.len ? -1 : 1;
	return order != 0 ? order : (x->row->row > y->row->row) - (x->row->row < y->row->row);
}

size_t
sample_rows(const struct sample *s, int names, const struct sample_row **out)
{
	size_t n = s->offered < s->n ? (size_t)s->offered : s->n;
	struct ordered all[SAMPLE_MAX] = {0};

	for (size_t i = 0; i < n; i++) {
		all[i].row = &s->rows[i];
		if (names >= 0)
			collate_add_person_key(&all[i].key,
					       sample_cell(&s->rows[i], (uint32_t)names));
	}
	qsort(all, n, sizeof(all[0]), by_key);
	for (size_t i = 0; i < n; i++) {
		out[i] = all[i].row;
		buf_free(&all[i].key);
	}
	return n;
}
