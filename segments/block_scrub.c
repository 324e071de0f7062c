/* SPDX-License-Identifier: MIT */
#include "segments/block_scrub.h"

#include <stdlib.h>

/* Has the column a text that names one? Its distinct texts are looked at, not its cells. */
static bool
is_named_in(const struct block *b, uint32_t column, const struct phone_trace *t)
{
	uint32_t at[BLOCK_ROWS + 1], n;
	const struct block_column *c = &b->column[column];
	const char *text;

	if (c->kind == BLOCK_MISSING || c->kind == BLOCK_DATES)
		return false;
	n = block_texts(b, c, at, &text);
	for (uint32_t i = 0; i < n; i++)
		if (phone_trace_in_cell(t, (struct slice){text + at[i], at[i + 1] - at[i]}))
			return true;
	return false;
}

static bool
is_person(const struct block *b, uint32_t row, const struct phone_trace *t)
{
	uint64_t phone = block_phone(b, row);

	return phone != 0 && t->is_wanted(t->arg, phone);
}

struct block_scrubbed
block_scrub_count(struct block *b, const struct phone_trace *t)
{
	struct block_scrubbed s = {0};
	bool is_mine[BLOCK_ROWS];

	for (uint32_t row = 0; row < b->rows; row++) {
		is_mine[row] = is_person(b, row, t);
		s.rows += is_mine[row];
	}
	for (uint32_t i = 0; i < b->columns; i++) {
		if (!is_named_in(b, i, t))
			continue;
		for (uint32_t row = 0; row < b->rows; row++)
			s.cells += !is_mine[row] && phone_trace_in_cell(t, block_cell(b, row, i));
	}
	return s;
}

/*
 * The way in which a column is kept says what it may hold. A column of which nothing is known but
 * that its cells are texts may be one of dates, and then is not to be kept as numbers.
 */
static enum column_type
type_of(const struct block_column *c)
{
	switch (c->kind) {
	case BLOCK_NUMBERS:
		return COLUMN_NUMBER;
	case BLOCK_WORDS:
		return COLUMN_TEXT;
	case BLOCK_UNREAD:
	case BLOCK_PLAIN:
	case BLOCK_DICTIONARY:
	case BLOCK_DATES:
	case BLOCK_MISSING:
		break;
	}
	return COLUMN_DATE;
}

/* The cell without the number: empty where nothing else is said. */
static struct slice
without(const struct phone_trace *t, struct slice cell, struct arena *a)
{
	char *text = arena_memdup0(a, cell.p, cell.n);

	if (phone_trace_mask(t, text, cell.n) == 0 ||
	    phone_trace_in_cell(t, (struct slice){text, cell.n}))
		return SLICE("");
	for (size_t i = 0; i < cell.n; i++)
		if (strchr("*+ .-()/,;\t", text[i]) == NULL)
			return (struct slice){text, cell.n};
	return SLICE("");
}

struct block_scrubbed
block_scrub(struct block *b, const struct phone_trace *t, struct buf *out)
{
	struct schema *schema = xcalloc(1, sizeof(*schema));
	struct block_scrubbed s = {0};
	struct block_builder *builder;
	struct arena arena = {0};

	schema->count = b->columns;
	for (uint32_t i = 0; i < b->columns; i++)
		schema->columns[i].type = type_of(&b->column[i]);
	builder = block_builder_new(schema);
	for (uint32_t row = 0; row < b->rows; row++) {
		struct slice cells[COLUMNS_MAX] = {0};
		bool is_mine = is_person(b, row, t);

		s.rows += is_mine;
		for (uint32_t i = 0; !is_mine && i < b->columns; i++) {
			cells[i] = block_cell(b, row, i);
			if (!phone_trace_in_cell(t, cells[i]))
				continue;
			cells[i] = without(t, cells[i], &arena);
			s.cells++;
		}
		block_builder_add(builder, cells, is_mine ? 0 : block_phone(b, row),
				  is_mine ? 0 : block_same_back(b, row),
				  is_mine ? 0 : block_carrier(b, row));
		if (is_mine || block_is_deleted(b, row))
			block_builder_delete_last(builder);
	}
	block_builder_finish(builder, out);
	block_builder_free(builder);
	arena_free(&arena);
	free(schema);
	return s;
}
