/* SPDX-License-Identifier: MIT */
/* Rows that wait for their turn; expected by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "segments/packed_rows.h"

/* By the header: 8 the place, 9 phone and carrier, 2 a column. */
static void
rows_come_back_in_the_order_of_their_numbers(void **state)
{
	struct slice first[2] = {SLICE("Nguyễn An"), {NULL, 0}},
		     second[2] = {{NULL, 0}, SLICE("x")};
	struct list_row a = {.cells = first, .phone = UINT64_C(84912345678), .carrier = 3};
	struct list_row b = {.cells = second}, got;
	struct packed_rows *p;
	struct slice cells[2];
	size_t room = packed_row_bytes(2, first[0].n) + packed_row_bytes(2, 1);

	(void)state;
	assert_int_equal(room, 2 * (8 + 9 + 4) + 11 + 1);
	p = packed_rows_new(2, room);
	packed_rows_add(p, 4000000000u, &a);
	packed_rows_add(p, 7, &b);
	packed_rows_settle(p);
	assert_false(packed_rows_take(p, 0, cells, &got));
	assert_true(packed_rows_take(p, 7, cells, &got));
	assert_true(got.phone == 0 && got.carrier == 0 && !got.is_deleted && got.cells == cells);
	assert_true(cells[0].n == 0 && slice_is(cells[1], "x"));
	assert_false(packed_rows_take(p, 8, cells, &got));
	assert_true(packed_rows_take(p, 4000000000u, cells, &got));
	assert_true(got.phone == UINT64_C(84912345678) && got.carrier == 3);
	assert_true(slice_is(cells[0], "Nguyễn An") && cells[1].n == 0);
	assert_false(packed_rows_take(p, 4000000001u, cells, &got));
	packed_rows_free(p);
}

static void
there_may_be_none(void **state)
{
	struct packed_rows *p = packed_rows_new(1, 0);
	struct list_row got;
	struct slice cell;

	(void)state;
	packed_rows_settle(p);
	assert_false(packed_rows_take(p, 0, &cell, &got));
	packed_rows_free(p);
}

/* 300 rows of texts of all lengths up to 299, put from behind, room as reckoned. */
static void
all_of_them_have_room(void **state)
{
	char text[300];
	struct slice cell, out;
	struct list_row r = {.cells = &cell}, got;
	struct packed_rows *p;
	size_t room = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] = (char)('a' + i % 26);
		room += packed_row_bytes(1, i);
	}
	p = packed_rows_new(1, room);
	for (uint32_t i = 300; i-- > 0;) {
		cell = (struct slice){text, i};
		r.phone = UINT64_C(84900000000) + i;
		packed_rows_add(p, i * 3, &r);
	}
	packed_rows_settle(p);
	for (uint32_t i = 0; i < 900; i++) {
		bool is = packed_rows_take(p, i, &out, &got);

		assert_int_equal(is, i % 3 == 0);
		if (!is)
			continue;
		assert_int_equal(got.phone, UINT64_C(84900000000) + i / 3);
		assert_true(slice_eq(out, (struct slice){text, i / 3}));
	}
	packed_rows_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_back_in_the_order_of_their_numbers),
		cmocka_unit_test(there_may_be_none),
		cmocka_unit_test(all_of_them_have_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
