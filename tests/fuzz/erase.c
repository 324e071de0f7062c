/* SPDX-License-Identifier: MIT */
/*
 * Erasing. Input: the cells of rows of two, each a length byte and its text; every third phone is wanted.
 * Says: where digits were are asterisks and all else is what it was; in what was scrubbed nobody is
 * found; rows stay in their places, and those of nobody who is wanted are what they were.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "segments/block_scrub.h"
#include "segments/phone.h"
#include "tests/fuzz/fuzz.h"

#define COLUMNS 2

static bool
is_wanted(void *arg, uint64_t phone)
{
	(void)arg;
	return phone % 3 == 0;
}

static const struct phone_trace trace = {is_wanted, NULL};

static void
check_mask(struct slice s)
{
	char *text = xmemdup0(s.p, s.n);
	size_t count = phone_trace_count(&trace, s), masked = phone_trace_mask(&trace, text, s.n);

	must(masked >= count && (masked == 0) == (count == 0), "%zu found, %zu masked", count,
	     masked);
	must(phone_trace_count(&trace, (struct slice){text, s.n}) == 0, "one is left");
	for (size_t i = 0; i < s.n; i++)
		must(text[i] == s.p[i] || (text[i] == '*' && s.p[i] >= '0' && s.p[i] <= '9'),
		     "byte %zu", i);
	free(text);
}

static void
check_rows(const struct block *old, const struct block *new)
{
	must(old->rows == new->rows && old->columns == new->columns, "another size");
	for (uint32_t row = 0; row < old->rows; row++) {
		bool is_theirs = block_phone(old, row) % 3 == 0;

		must(block_is_deleted(new, row) == is_theirs, "row %u", row);
		must(block_phone(new, row) == (is_theirs ? 0 : block_phone(old, row)), "row %u",
		     row);
		for (uint32_t c = 0; c < COLUMNS; c++) {
			struct slice cell = block_cell(old, row, c);

			if (is_theirs)
				must(block_cell(new, row, c).n == 0, "a cell is left");
			else if (!phone_trace_in_cell(&trace, cell))
				must_be_equal(block_cell(new, row, c), cell, "cells");
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct schema schema = {
		.count = COLUMNS,
		.columns = {{.type = COLUMN_TEXT}, {.type = COLUMN_DATE}},
		.phone = -1};
	struct reader r = reader_of((struct slice){(const char *)data, n});
	struct block_builder *builder = block_builder_new(&schema);
	struct buf before = {0}, after = {0};
	struct block old, new;
	struct block_scrubbed again;

	check_mask((struct slice){(const char *)data, n});
	for (uint32_t row = 0; r.left > 0 && row < BLOCK_ROWS; row++) {
		struct slice cells[COLUMNS] = {{NULL, 0}, {NULL, 0}};

		for (uint32_t c = 0; c < COLUMNS; c++) {
			size_t want = reader_u8(&r);

			cells[c] = reader_bytes(&r, want < r.left ? want : r.left);
		}
		block_builder_add(builder, cells, 84900000000 + row, 0,
				  (uint8_t)(row % CARRIER_COUNT));
	}
	block_builder_finish(builder, &before);
	block_builder_free(builder);
	if (before.len > 0) {
		must(block_open(buf_slice(&before), &old, NULL) == ERR_OK,
		     "our own block is refused");
		block_scrub(&old, &trace, &after);
		must(block_open(buf_slice(&after), &new, NULL) == ERR_OK,
		     "a scrubbed block is refused");
		check_rows(&old, &new);
		again = block_scrub_count(&new, &trace);
		must(again.rows + again.cells == 0, "somebody is left");
		block_close(&old);
		block_close(&new);
	}
	buf_free(&before);
	buf_free(&after);
	return 0;
}
