/* SPDX-License-Identifier: MIT */
/*
 * A sample by chance. Evenness by Pearson's chi-square, with the critical values of the usual
 * tables at one in a thousand; seeds are fixed, so each run is the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/mem.h"
#include "dispatcher/run/sample.h"

#define PHONE 84900000000

static const struct schema schema = {
	.columns = {{"ho_ten", "Họ và tên", COLUMN_TEXT}, {"thon", "Thôn", COLUMN_TEXT}},
	.count = 2,
	.phone = -1,
};

static const char *const names[] = {"Lê Thị Đào", "Trần An", "Nguyễn Văn Ánh", "Bùi Dung", "Lê An"};
#define NAMES ARRAY_LEN(names)

/* Rows of one block, named in turn. */
static void
make(uint32_t rows, struct buf *bytes, struct block *b)
{
	struct block_builder *builder = block_builder_new(&schema);

	for (uint32_t i = 0; i < rows; i++) {
		struct slice cells[2] = {slice_of(names[i % NAMES]), SLICE("")};

		block_builder_add(builder, cells, PHONE + i, 0, 0);
	}
	block_builder_finish(builder, bytes);
	assert_int_equal(block_open(buf_slice(bytes), b, NULL), ERR_OK);
	block_builder_free(builder);
}

static size_t
draw(const struct block *b, unsigned n, uint64_t seed, uint64_t rows[SAMPLE_MAX])
{
	struct sample *s = sample_new(n, seed, schema.count);
	const struct sample_row *out[SAMPLE_MAX];
	size_t drawn;

	for (uint32_t i = 0; i < b->rows; i++)
		sample_offer(s, b, i, i);
	drawn = sample_rows(s, -1, out);
	for (size_t i = 0; i < drawn; i++)
		rows[i] = out[i]->row;
	sample_free(s);
	return drawn;
}

/*
 * 3 of 20 rows, 4,000 seeds: 600 times each. Draws without putting back vary less: the sum over
 * (1 - 3/20) · 20/19 is chi-square of 19 degrees; 43.82 is one in a thousand.
 */
static void
each_row_is_drawn_as_often_as_others(void **state)
{
	uint64_t rows[SAMPLE_MAX], count[20] = {0};
	struct buf bytes = {0};
	struct block b;
	double x = 0;

	(void)state;
	make(20, &bytes, &b);
	for (uint64_t seed = 1; seed <= 4000; seed++) {
		assert_int_equal(draw(&b, 3, seed, rows), 3);
		assert_true(rows[0] < rows[1] && rows[1] < rows[2]);
		for (int i = 0; i < 3; i++)
			count[rows[i]]++;
	}
	for (int i = 0; i < 20; i++)
		x += ((double)count[i] - 600) * ((double)count[i] - 600) / 600;
	assert_true(x * 19 / 17 < 43.82);
	block_close(&b);
	buf_free(&bytes);
}

/* 2 of 5 rows: ten pairs, 500 times each of 5,000; 9 degrees, 27.88. */
static void
each_pair_is_drawn_as_often_as_others(void **state)
{
	uint64_t rows[SAMPLE_MAX], count[25] = {0};
	struct buf bytes = {0};
	struct block b;
	double x = 0;
	int pairs = 0;

	(void)state;
	make(5, &bytes, &b);
	for (uint64_t seed = 0; seed < 5000; seed++) {
		assert_int_equal(draw(&b, 2, seed, rows), 2);
		count[rows[0] * 5 + rows[1]]++;
	}
	for (int i = 0; i < 25; i++) {
		if (count[i] == 0)
			continue;
		x += ((double)count[i] - 500) * ((double)count[i] - 500) / 500;
		pairs++;
	}
	assert_int_equal(pairs, 10);
	assert_true(x < 27.88);
	block_close(&b);
	buf_free(&bytes);
}

static void
the_same_seed_draws_the_same_rows_and_another_others(void **state)
{
	uint64_t a[SAMPLE_MAX], again[SAMPLE_MAX], other[SAMPLE_MAX];
	struct buf bytes = {0};
	struct block b;

	(void)state;
	make(256, &bytes, &b);
	assert_int_equal(draw(&b, 10, 7, a), 10);
	assert_int_equal(draw(&b, 10, 7, again), 10);
	assert_int_equal(draw(&b, 10, 8, other), 10);
	assert_memory_equal(a, again, 10 * sizeof(a[0]));
	assert_memory_not_equal(a, other, 10 * sizeof(a[0]));
	block_close(&b);
	buf_free(&bytes);
}

static void
of_fewer_rows_all_are_drawn(void **state)
{
	uint64_t rows[SAMPLE_MAX];
	struct buf bytes = {0};
	struct block b;

	(void)state;
	make(4, &bytes, &b);
	assert_int_equal(draw(&b, 100, 1, rows), 4);
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(rows[i], i);
	assert_int_equal(draw(&b, 4, 1, rows), 4);
	block_close(&b);
	buf_free(&bytes);
}

/* An before Ánh before Dung before Đào; of two An Lê before Trần. */
static void
people_stand_by_given_name(void **state)
{
	static const uint64_t wanted[] = {4, 1, 2, 3, 0};
	struct sample *s = sample_new(10, 1, schema.count);
	const struct sample_row *out[SAMPLE_MAX];
	struct buf bytes = {0};
	struct block b;

	(void)state;
	make(NAMES, &bytes, &b);
	for (uint32_t i = 0; i < b.rows; i++)
		sample_offer(s, &b, i, i);
	assert_int_equal(sample_rows(s, 0, out), NAMES);
	for (size_t i = 0; i < NAMES; i++) {
		assert_int_equal(out[i]->row, wanted[i]);
		assert_int_equal(out[i]->phone, PHONE + wanted[i]);
		assert_true(slice_is(sample_cell(out[i], 0), names[wanted[i]]));
		assert_int_equal(sample_cell(out[i], 1).n, 0);
	}
	sample_free(s);
	block_close(&b);
	buf_free(&bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_drawn_as_often_as_others),
		cmocka_unit_test(each_pair_is_drawn_as_often_as_others),
		cmocka_unit_test(the_same_seed_draws_the_same_rows_and_another_others),
		cmocka_unit_test(of_fewer_rows_all_are_drawn),
		cmocka_unit_test(people_stand_by_given_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
