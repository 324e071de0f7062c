/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/hints.h"

#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/run/cells.h"
#include "dispatcher/run/groups.h"

struct hints {
	const struct query *query;
	struct gathered {
		uint32_t column;
		struct groups *values; /* NULL: given up */
	} columns[HINT_COLUMNS];
	size_t count;
};

static struct gathered *
find(struct hints *h, int column)
{
	for (size_t i = 0; i < h->count; i++)
		if ((int)h->columns[i].column == column)
			return &h->columns[i];
	return NULL;
}

struct hints *
hints_new(const struct query *q, const struct schema *s)
{
	struct hints *h = xcalloc(1, sizeof(*h));
	struct query_literal l;

	h->query = q;
	for (size_t i = 0; query_literal(q, i, &l) && h->count < HINT_COLUMNS; i++) {
		const struct column *c = &s->columns[l.column];

		if (find(h, l.column) != NULL || l.column == s->phone || c->is_masked ||
		    c->is_sensitive)
			continue;
		h->columns[h->count++] =
			(struct gathered){(uint32_t)l.column, groups_new(HINT_VALUES)};
	}
	return h;
}

void
hints_free(struct hints *h)
{
	if (h == NULL)
		return;
	for (size_t i = 0; i < h->count; i++)
		groups_free(h->columns[i].values);
	free(h);
}

static void
gather(struct gathered *g, const struct block *b)
{
	for (uint32_t i = 0; i < b->rows; i++) {
		struct slice cell = block_cell(b, i, g->column);

		if (cell.n > 0 && !block_is_deleted(b, i))
			groups_get(g->values, cell, SLICE(""))->messages++;
	}
	if (groups_has_folded(g->values)) {
		groups_free(g->values);
		g->values = NULL;
	}
}

void
hints_block(struct hints *h, const struct block *b)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->columns[i].values != NULL)
			gather(&h->columns[i], b);
}

static const struct column any_column; /* of those that are looked at */

static ptrdiff_t
nearest(struct gathered *g, struct slice text, struct slice *out)
{
	const struct group **top = xcalloc(HINT_VALUES, sizeof(struct group *));
	struct slice *values = xcalloc(HINT_VALUES, sizeof(*values));
	size_t folded, n = groups_top(g->values, HINT_VALUES, top, &folded);
	ptrdiff_t at;

	for (size_t i = 0; i < n; i++)
		values[i] = top[i]->key;
	at = query_nearest_value(text, values, n);
	if (at >= 0)
		*out = values[at];
	free(top);
	free(values);
	return at;
}

size_t
hints_find(struct hints *h, struct hint *out)
{
	struct query_literal l;
	size_t n = 0;

	for (size_t i = 0; n < HINT_TEXTS && query_literal(h->query, i, &l); i++) {
		struct gathered *g = find(h, l.column);

		if (g == NULL || g->values == NULL || nearest(g, l.text, &out[n].nearest) < 0 ||
		    cells_is_personal(&any_column, out[n].nearest))
			continue;
		out[n].column = l.column;
		out[n++].text = l.text;
	}
	return n;
}
