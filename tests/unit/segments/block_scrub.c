/* SPDX-License-Identifier: MIT */
#include "segments/block_scrub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"

#define ROWS 200u
#define WHO 84912345678u /* rows 7 and 90 */

struct made {
	struct buf before, after;
	struct block old, new;
	struct block_scrubbed done;
};

static bool
is_who(void *arg, uint64_t phone)
{
	(void)arg;
	return phone == WHO;
}

static const struct phone_trace trace = {is_who, NULL};

static uint64_t
phone_of_row(uint32_t row)
{
	return row == 7 || row == 90 ? WHO : UINT64_C(84900000000) + row;
}

/* Columns: the phone as typed, a name of words, a birth date, a number, a note. */
static struct made
make(void)
{
	struct schema s = {.count = 5, .phone = 0};
	struct made m = {0};
	struct block_builder *b;
	struct err_ctx e;

	s.columns[2].type = COLUMN_DATE;
	s.columns[3].type = COLUMN_NUMBER;
	b = block_builder_new(&s);
	for (uint32_t row = 0; row < ROWS; row++) {
		char text[5][40];
		struct slice cells[5];

		snprintf(text[0], 40, "0%llu",
			 (unsigned long long)(phone_of_row(row) % 1000000000));
		snprintf(text[1], 40, "Nguyễn Văn %c%u", (int)('A' + row % 7), row % 3);
		snprintf(text[2], 40, "%u", 1950 + row % 40);
		snprintf(text[3], 40, "%u", row * 11);
		snprintf(text[4], 40, "%s",
			 row == 12   ? "0912 345 678"
			 : row == 13 ? "con: 0912345678"
			 : row == 14 ? "0912345679"
				     : "");
		for (int i = 0; i < 5; i++)
			cells[i] = slice_of(text[i]);
		block_builder_add(b, cells, phone_of_row(row), row == 90 ? 83 : 0,
				  (uint8_t)(row % 8));
		if (row == 30)
			block_builder_delete_last(b);
	}
	block_builder_finish(b, &m.before);
	block_builder_free(b);
	assert_int_equal(block_open(buf_slice(&m.before), &m.old, &e), ERR_OK);
	m.done = block_scrub(&m.old, &trace, &m.after);
	assert_int_equal(block_open(buf_slice(&m.after), &m.new, &e), ERR_OK);
	return m;
}

static void
made_free(struct made *m)
{
	block_close(&m->old);
	block_close(&m->new);
	buf_free(&m->before);
	buf_free(&m->after);
}

static void
rows_of_the_person_are_empty_tombstones_in_their_places(void **state)
{
	static const uint32_t theirs[] = {7, 90};
	struct made m = make();

	(void)state;
	assert_int_equal(m.done.rows, 2);
	assert_int_equal(m.new.rows, ROWS);
	for (size_t k = 0; k < 2; k++) {
		assert_true(block_is_deleted(&m.new, theirs[k]));
		assert_int_equal(block_phone(&m.new, theirs[k]), 0);
		assert_int_equal(block_same_back(&m.new, theirs[k]), 0);
		for (uint32_t i = 0; i < 5; i++)
			assert_int_equal(block_cell(&m.new, theirs[k], i).n, 0);
	}
	made_free(&m);
}

static void
every_other_row_is_what_it_was(void **state)
{
	struct made m = make();

	(void)state;
	for (uint32_t row = 0; row < ROWS; row++) {
		if (row == 7 || row == 90)
			continue;
		assert_int_equal(block_phone(&m.new, row), block_phone(&m.old, row));
		assert_int_equal(block_carrier(&m.new, row), block_carrier(&m.old, row));
		assert_int_equal(block_is_deleted(&m.new, row), row == 30);
		for (uint32_t i = 0; i < 5; i++)
			if (i != 4 || (row != 12 && row != 13))
				assert_true(slice_eq(block_cell(&m.new, row, i),
						     block_cell(&m.old, row, i)));
	}
	made_free(&m);
}

static void
a_cell_that_names_the_phone_loses_it(void **state)
{
	struct made m = make();

	(void)state;
	assert_int_equal(m.done.cells, 2);
	assert_int_equal(block_cell(&m.new, 12, 4).n, 0);
	assert_true(slice_is(block_cell(&m.new, 13, 4), "con: **********"));
	assert_true(slice_is(block_cell(&m.new, 14, 4), "0912345679"));
	made_free(&m);
}

static void
nothing_is_found_in_a_scrubbed_block(void **state)
{
	/* 84912345678 = 0x13C52B924E, little endian */
	static const char number[] = "\x4e\x92\x2b\xc5\x13";
	struct made m = make();
	struct block_scrubbed again = block_scrub_count(&m.new, &trace);

	(void)state;
	assert_int_equal(again.rows + again.cells, 0);
	assert_non_null(memmem(m.before.data, m.before.len, number, 5));
	assert_null(memmem(m.after.data, m.after.len, number, 5));
	assert_non_null(memmem(m.before.data, m.before.len, "912345678", 9));
	assert_null(memmem(m.after.data, m.after.len, "912345678", 9));
	made_free(&m);
}

static void
years_of_a_column_of_dates_do_not_become_numbers(void **state)
{
	struct made m = make();

	(void)state;
	assert_int_not_equal(m.new.column[2].kind, BLOCK_NUMBERS);
	made_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_the_person_are_empty_tombstones_in_their_places),
		cmocka_unit_test(every_other_row_is_what_it_was),
		cmocka_unit_test(a_cell_that_names_the_phone_loses_it),
		cmocka_unit_test(nothing_is_found_in_a_scrubbed_block),
		cmocka_unit_test(years_of_a_column_of_dates_do_not_become_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
