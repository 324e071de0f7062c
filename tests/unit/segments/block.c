/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"
#include "segments/block.h"

/* Two rows: "ab" and missing. By hand from the layout at the top of segments/block.c. */
static const uint8_t two_rows[] = {
	1,    0,    2,	  0,	1,    0, 0, 0,				   /* header */
	0x4e, 0x93, 0x2b, 0xc5, 0x13, 0, 0, 0,				   /* 84912345934 */
	0,    0,    0,	  0,	0,    0, 0, 0,				   /* no phone */
	0,    0,    0,	  0,	1,    0, 0, 0,				   /* same phone */
	3,    0,							   /* carriers */
	0,    0,    0,	  0,	0,    0, 0, 0, 0,   0,	 0, 0, 0, 0, 0, 0, /* tombstones */
	0,    0,    0,	  0,	0,    0, 0, 0, 0,   0,	 0, 0, 0, 0, 0, 0, /* tombstones */
	1,    1,    1,	  0,						   /* dictionary */
	0,    0,    0,	  0,	2,    0, 0, 0, 'a', 'b',
};

static struct schema
schema_of(uint32_t columns)
{
	struct schema s = {.count = columns, .phone = -1};

	for (uint32_t i = 0; i < columns; i++) {
		s.columns[i].name[0] = (char)('a' + i);
		s.columns[i].title[0] = (char)('A' + i);
	}
	return s;
}

static void
the_bytes_are_as_documented(void **state)
{
	struct schema s = schema_of(1);
	struct block_builder *b = block_builder_new(&s);
	struct slice ab = SLICE("ab"), none = {NULL, 0};
	struct buf out = {0};

	(void)state;
	block_builder_add(b, &ab, 84912345934ull, 0, 3);
	block_builder_add(b, &none, 0, 1, 0);
	assert_int_equal(block_builder_rows(b), 2);
	block_builder_finish(b, &out);
	assert_int_equal(block_builder_rows(b), 0);
	assert_int_equal(out.len, sizeof(two_rows));
	assert_memory_equal(out.data, two_rows, sizeof(two_rows));
	block_builder_finish(b, &out); /* no rows, no block */
	assert_int_equal(out.len, sizeof(two_rows));
	buf_free(&out);
	block_builder_free(b);
}

static void
the_documented_bytes_are_read(void **state)
{
	struct block *b = xmalloc(sizeof(*b));
	struct slice cell;

	(void)state;
	assert_int_equal(
		block_open((struct slice){(const char *)two_rows, sizeof(two_rows)}, b, NULL), 0);
	assert_int_equal(b->rows, 2);
	assert_int_equal(b->columns, 1);
	cell = block_cell(b, 0, 0);
	assert_true(slice_is(cell, "ab"));
	assert_int_equal(block_cell(b, 1, 0).n, 0);
	assert_int_equal(block_cell(b, 0, 5).n, 0); /* added later */
	assert_int_equal(block_phone(b, 0), 84912345934ull);
	assert_int_equal(block_same_back(b, 1), 1);
	assert_int_equal(block_carrier(b, 0), 3);
	assert_false(block_is_deleted(b, 0));
	free(b);
}

/* Cell (row, column) of the block that make_block makes; column 2 has few values. */
static size_t
cell_text(char out[64], uint32_t row, uint32_t column)
{
	if ((row + column) % 7 == 3)
		return 0;
	return (size_t)snprintf(out, 64, "c%u %u", column, column == 2 ? row % 5 : row * 31);
}

static struct buf
make_block(uint32_t rows, uint32_t columns)
{
	struct schema s = schema_of(columns);
	struct block_builder *b = block_builder_new(&s);
	struct buf out = {0};

	for (uint32_t r = 0; r < rows; r++) {
		char text[COLUMNS_MAX][64];
		struct slice cells[COLUMNS_MAX];

		for (uint32_t c = 0; c < columns; c++)
			cells[c] = (struct slice){text[c], cell_text(text[c], r, c)};
		block_builder_add(b, cells, 84900000000ull + r, r / 2, (uint8_t)(r % 8));
	}
	block_builder_finish(b, &out);
	block_builder_free(b);
	return out;
}

static void
a_full_block_comes_back_as_it_was(void **state)
{
	struct buf bytes = make_block(BLOCK_ROWS, 4);
	struct block *b = xmalloc(sizeof(*b));

	(void)state;
	assert_int_equal(block_open(buf_slice(&bytes), b, NULL), 0);
	assert_int_equal(b->rows, 256);
	assert_true(b->column[2].is_dictionary);
	assert_false(b->column[1].is_dictionary);
	for (uint32_t r = 0; r < 256; r++) {
		for (uint32_t c = 0; c < 4; c++) {
			char text[64];
			struct slice want = {text, cell_text(text, r, c)};

			assert_true(slice_eq(block_cell(b, r, c), want));
		}
		assert_int_equal(block_phone(b, r), 84900000000ull + r);
		assert_int_equal(block_same_back(b, r), r / 2);
		assert_int_equal(block_carrier(b, r), r % 8);
	}
	buf_free(&bytes);
	free(b);
}

static void
the_largest_cells_fit(void **state)
{
	struct schema s = schema_of(1);
	struct block_builder *b = block_builder_new(&s);
	struct block *view = xmalloc(sizeof(*view));
	struct buf out = {0};
	char big[CELL_MAX];

	(void)state;
	memset(big, 'n', sizeof(big));
	for (int r = 0; r < 256; r++) {
		big[0] = (char)r; /* 256 distinct values: one too many for a dictionary */
		block_builder_add(b, &(struct slice){big, sizeof(big)}, 0, 0, 0);
	}
	block_builder_finish(b, &out);
	assert_int_equal(block_open(buf_slice(&out), view, NULL), 0);
	assert_false(view->column[0].is_dictionary);
	assert_int_equal(block_cell(view, 255, 0).n, CELL_MAX);
	buf_free(&out);
	block_builder_free(b);
	free(view);
}

/* Touch everything a view gives; under the address sanitizer a stray byte ends the test. */
static uint64_t
read_all(const struct block *b)
{
	uint64_t sum = 0;

	for (uint32_t r = 0; r < b->rows; r++) {
		for (uint32_t c = 0; c < b->columns; c++) {
			struct slice s = block_cell(b, r, c);

			assert_true(s.n <= CELL_MAX);
			for (size_t i = 0; i < s.n; i++)
				sum += (uint8_t)s.p[i];
		}
		sum += block_phone(b, r) + block_same_back(b, r) + block_is_deleted(b, r);
		assert_true(block_carrier(b, r) < 8);
	}
	return sum;
}

static void
open_copy(struct slice bytes, bool must_fail)
{
	/* Exactly as large as the bytes, so that reading one more is seen. */
	char *copy = xmalloc(bytes.n);
	struct block *b = xmalloc(sizeof(*b));
	struct err_ctx e = {0};
	enum err rc;

	if (bytes.n > 0)
		memcpy(copy, bytes.p, bytes.n);
	rc = block_open((struct slice){copy, bytes.n}, b, &e);
	if (rc == ERR_OK) {
		assert_false(must_fail);
		read_all(b);
	} else {
		assert_int_equal(rc, ERR_INPUT);
		assert_true(e.why[0] != '\0');
	}
	free(b);
	free(copy);
}

static void
a_flipped_byte_is_never_read_out_of_bounds(void **state)
{
	static const uint8_t flips[] = {0x01, 0x80, 0xff, 0x7f};
	struct buf bytes = make_block(9, 4);

	(void)state;
	for (size_t at = 0; at < bytes.len; at++)
		for (size_t f = 0; f < ARRAY_LEN(flips); f++) {
			bytes.data[at] = (char)((uint8_t)bytes.data[at] ^ flips[f]);
			open_copy(buf_slice(&bytes), false);
			bytes.data[at] = (char)((uint8_t)bytes.data[at] ^ flips[f]);
		}
	buf_free(&bytes);
}

static void
a_block_cut_anywhere_or_too_long_is_refused(void **state)
{
	struct buf bytes = make_block(9, 4);

	(void)state;
	for (size_t n = 0; n < bytes.len; n++)
		open_copy((struct slice){bytes.data, n}, true);
	buf_addc(&bytes, 0);
	open_copy(buf_slice(&bytes), true);
	buf_free(&bytes);
}

static void
a_column_is_found_by_name_and_title_in_any_case(void **state)
{
	struct schema *s = xcalloc(1, sizeof(*s));

	(void)state;
	s->count = 2;
	memcpy(s->columns[0].name, "ho_ten", 7);
	memcpy(s->columns[0].title, "Họ và tên", sizeof("Họ và tên"));
	memcpy(s->columns[1].name, "tinh", 5);
	memcpy(s->columns[1].title, "Tỉnh", sizeof("Tỉnh"));
	assert_int_equal(schema_find(s, SLICE("HO_TEN")), 0);
	assert_int_equal(schema_find(s, SLICE(" HỌ VÀ TÊN ")), 0);
	/* the same title, decomposed: T, i, combining hook, n, h */
	assert_int_equal(schema_find(s, SLICE("Ti\xcc\x89nh")), 1);
	assert_int_equal(schema_find(s, SLICE("tinh")), 1);
	assert_int_equal(schema_find(s, SLICE("xa")), -1);
	assert_int_equal(schema_find(s, SLICE("")), -1);
	assert_int_equal(schema_find(s, SLICE("\xff")), -1);
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_are_as_documented),
		cmocka_unit_test(the_documented_bytes_are_read),
		cmocka_unit_test(a_full_block_comes_back_as_it_was),
		cmocka_unit_test(the_largest_cells_fit),
		cmocka_unit_test(a_flipped_byte_is_never_read_out_of_bounds),
		cmocka_unit_test(a_block_cut_anywhere_or_too_long_is_refused),
		cmocka_unit_test(a_column_is_found_by_name_and_title_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
