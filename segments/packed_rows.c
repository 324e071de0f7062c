/* SPDX-License-Identifier: MIT */
#include "segments/packed_rows.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

/* A row: 8 its phone, 1 its carrier, then for each column 2 how many bytes, and these. */
#define ROW_HEAD 9u

struct place {
	uint32_t number, at; /* at: of bytes */
};

/* The rows from the front, their places from the end on, in one piece. */
struct packed_rows {
	uint32_t columns;
	size_t room, used, count, taken;
	struct place *places; /* [count], once settled */
	uint8_t *bytes;	      /* [room] */
};

size_t
packed_row_bytes(uint32_t columns, size_t bytes)
{
	return sizeof(struct place) + ROW_HEAD + 2 * (size_t)columns + bytes;
}

struct packed_rows *
packed_rows_new(uint32_t columns, size_t room)
{
	struct packed_rows *p = xcalloc(1, sizeof(*p));

	assert(room <= UINT32_MAX);
	p->columns = columns;
	p->room = room / sizeof(struct place) * sizeof(struct place);
	p->room += p->room < room ? sizeof(struct place) : 0;
	p->bytes = xmalloc(p->room + 1);
	return p;
}

void
packed_rows_free(struct packed_rows *p)
{
	if (p == NULL)
		return;
	free(p->bytes);
	free(p);
}

/* The place that was made last is the first of them. */
static struct place *
places_of(const struct packed_rows *p)
{
	return (struct place *)(void *)(p->bytes + p->room) - p->count;
}

static void
put(struct packed_rows *p, const void *from, size_t n)
{
	if (n > 0)
		memcpy(p->bytes + p->used, from, n);
	p->used += n;
}

void
packed_rows_add(struct packed_rows *p, uint32_t number, const struct list_row *row)
{
	size_t at = p->used, bytes = 0;

	for (uint32_t c = 0; c < p->columns; c++)
		bytes += row->cells[c].n;
	p->count++;
	assert(at + ROW_HEAD + 2 * (size_t)p->columns + bytes + p->count * sizeof(struct place) <=
	       p->room);
	*places_of(p) = (struct place){number, (uint32_t)at};
	put(p, &row->phone, sizeof(row->phone));
	put(p, &row->carrier, sizeof(row->carrier));
	for (uint32_t c = 0; c < p->columns; c++) {
		uint16_t n = (uint16_t)row->cells[c].n;

		assert(n == row->cells[c].n);
		put(p, &n, sizeof(n));
		put(p, row->cells[c].p, n);
	}
}

static int
by_number(const void *a, const void *b)
{
	uint32_t x = ((const struct place *)a)->number, y = ((const struct place *)b)->number;

	return (x > y) - (x < y);
}

void
packed_rows_settle(struct packed_rows *p)
{
	p->places = places_of(p);
	qsort(p->places, p->count, sizeof(*p->places), by_number);
}

bool
packed_rows_take(struct packed_rows *p, uint32_t number, struct slice *cells, struct list_row *out)
{
	const uint8_t *from;

	while (p->taken < p->count && p->places[p->taken].number < number)
		p->taken++;
	if (p->taken == p->count || p->places[p->taken].number != number)
		return false;
	from = p->bytes + p->places[p->taken++].at;
	*out = (struct list_row){.cells = cells, .carrier = from[sizeof(out->phone)]};
	memcpy(&out->phone, from, sizeof(out->phone));
	from += ROW_HEAD;
	for (uint32_t c = 0; c < p->columns; c++) {
		uint16_t n;

		memcpy(&n, from, sizeof(n));
		from += sizeof(n);
		cells[c] = (struct slice){(const char *)from, n};
		from += n;
	}
	return true;
}
