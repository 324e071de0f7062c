/* SPDX-License-Identifier: MIT */
/*
 * Blocks. Input: an even byte and a block's bytes, or an odd byte and the cells
 * of rows of three, each a length byte and its text. Says: whatever opens can be
 * read; what was built reads back; one changed byte is refused or readable.
 */
#include "segments/block.h"

#include <stdlib.h>

#include "segments/phone.h"
#include "tests/fuzz/fuzz.h"

#define COLUMNS 3

static const struct schema schema = {
	.count = COLUMNS,
	.columns = {{.type = COLUMN_TEXT}, {.type = COLUMN_NUMBER}, {.type = COLUMN_DATE}},
	.phone = -1,
};

static volatile size_t sink; /* so that the reads are not optimised away */

/* What evaluation asks for. */
static void
read_column(const struct block *b, const struct block_column *c)
{
	uint32_t at[BLOCK_ROWS + 1], n;
	uint64_t codes[BLOCK_ROWS];
	const char *text;

	n = block_texts(b, c, at, &text);
	must(n <= BLOCK_ROWS && at[0] == 0, "%u texts", n);
	for (uint32_t i = 0; i < n; i++)
		must(at[i] <= at[i + 1] && at[i + 1] - at[i] <= CELL_MAX, "offset %u", i);
	for (uint32_t i = 0; c->kind == BLOCK_DICTIONARY && i < c->distinct; i++)
		must(block_value(c, i).n > 0, "an empty value");
	if (c->kind == BLOCK_NUMBERS || c->kind == BLOCK_DATES) {
		block_codes(b, c, codes);
		for (uint32_t i = 0; i < b->rows; i++)
			must((codes[i] == 0) == (at[i] == at[i + 1]), "code %u", i);
	}
	if (c->kind == BLOCK_WORDS) {
		uint32_t *words = malloc((c->distinct + 1) * sizeof(*words));

		block_word_table(c, words);
		must(words[c->distinct] >= c->distinct, "an empty word");
		free(words);
	}
}

static void
read_all(struct slice bytes)
{
	struct slice copy = fuzz_copy(bytes);
	struct err_ctx e = {0};
	struct block b;
	size_t sum = 0;

	if (block_open(copy, &b, &e) != ERR_OK) {
		must_be_words(e.why);
		free((char *)copy.p);
		return;
	}
	must(b.rows >= 1 && b.rows <= BLOCK_ROWS && b.columns <= COLUMNS_MAX, "out of range");
	for (uint32_t row = 0; row < b.rows; row++) {
		must(block_carrier(&b, row) < CARRIER_COUNT, "carrier");
		sum += block_phone(&b, row) + block_same_back(&b, row) + block_is_deleted(&b, row);
		for (uint32_t c = 0; c < b.columns; c++) {
			struct slice cell = block_cell(&b, row, c);

			must(cell.n <= CELL_MAX, "a cell of %zu bytes", cell.n);
			for (size_t i = 0; i < cell.n; i++)
				sum += (unsigned char)cell.p[i];
		}
		must(block_cell(&b, row, b.columns).n == 0, "a column that is not there");
	}
	for (uint32_t c = 0; c < b.columns; c++)
		read_column(&b, &b.column[c]);
	sink = sum;
	block_close(&b);
	free((char *)copy.p);
}

struct cells {
	struct slice v[BLOCK_ROWS * COLUMNS];
	uint32_t rows;
};

static struct cells
cells_read(struct reader r)
{
	struct cells out = {.rows = 0};
	size_t n = 0;

	while (r.left > 0 && n < BLOCK_ROWS * COLUMNS) {
		size_t want = reader_u8(&r);

		out.v[n++] = reader_bytes(&r, want < r.left ? want : r.left);
	}
	out.rows = (uint32_t)((n + COLUMNS - 1) / COLUMNS);
	return out;
}

static void
check_built(struct buf *bytes, const struct cells *cells)
{
	struct block b;

	must(block_open(buf_slice(bytes), &b, NULL) == ERR_OK, "our own block is refused");
	must(b.rows == cells->rows && b.columns == COLUMNS, "another size");
	for (uint32_t row = 0; row < b.rows; row++) {
		must(block_phone(&b, row) == 84900000000 + row && block_same_back(&b, row) == row &&
			     block_carrier(&b, row) == row % CARRIER_COUNT,
		     "row %u", row);
		for (uint32_t c = 0; c < COLUMNS; c++)
			must_be_equal(block_cell(&b, row, c), cells->v[row * COLUMNS + c], "cells");
	}
	block_close(&b);
}

static void
build(struct slice s)
{
	struct cells cells = cells_read(reader_of(s));
	struct block_builder *builder = block_builder_new(&schema);
	struct buf bytes = {0};
	size_t at = s.n > 1 ? (unsigned char)s.p[0] * 256u + (unsigned char)s.p[1] : 0;

	for (uint32_t row = 0; row < cells.rows; row++)
		block_builder_add(builder, &cells.v[row * COLUMNS], 84900000000 + row, row,
				  (uint8_t)(row % CARRIER_COUNT));
	block_builder_finish(builder, &bytes);
	if (cells.rows > 0) {
		check_built(&bytes, &cells);
		read_all((struct slice){bytes.data, at % bytes.len});
		bytes.data[at % bytes.len] ^= (char)(1 << s.n % 8);
		read_all(buf_slice(&bytes));
	}
	buf_free(&bytes);
	block_builder_free(builder);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice rest = {(const char *)data + 1, n - 1};

	if (n == 0)
		return 0;
	if (data[0] % 2 == 0)
		read_all(rest);
	else
		build(rest);
	return 0;
}
