/* SPDX-License-Identifier: MIT */
#include "segments/phone_trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"

static bool
is_one(void *arg, uint64_t phone)
{
	return phone == *(uint64_t *)arg;
}

static size_t
count(uint64_t phone, const char *text)
{
	struct phone_trace t = {is_one, &phone};

	return phone_trace_count(&t, slice_of(text));
}

static void
a_phone_is_found_in_each_way_it_may_be_written(void **state)
{
	static const char *const ways[] = {
		"0912345678",
		"84912345678",
		"+84912345678",
		"0084912345678",
		"912345678",
		"0912 345 678",
		"0912.345.678",
		"+84 (0) 912 345 678",
		"(+84) 912-345-678",
		"[\"84912345678\",1]",
		"gw-84912345678-001",
		"id84912345678001",
		"20261129010912345678",
		"0912\xc2\xa0"
		"345\xc2\xa0"
		"678",
		"gọi 0912345678 nhé",
		"5 0912345678",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		if (count(84912345678, ways[i]) != 1)
			fail_msg("\"%s\" is found %zu times", ways[i], count(84912345678, ways[i]));
}

static void
a_number_of_before_2018_is_the_phone_that_it_became(void **state)
{
	(void)state;
	/* 0168 became 038 */
	assert_int_equal(count(84382345678, "01682345678"), 1);
	assert_int_equal(count(84382345678, "841682345678"), 1);
	assert_int_equal(count(84382345678, "00841682345678"), 1);
	assert_int_equal(count(84382345678, "0168 234 5678"), 1);
}

static void
another_number_is_not_it(void **state)
{
	static const char *const others[] = {
		"",
		"0912345679",
		"091234567",
		"1912345678",
		"9123456789",
		"0912-x-345678",
		"2912345678",
		"84912345679",
		"09 1 2 3 4 5 6",
		"0912\n345678",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (count(84912345678, others[i]) != 0)
			fail_msg("\"%s\" is found", others[i]);
}

static void
phones_beside_each_other_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(count(84912345678, "0987654321 0912345678 0987654322"), 1);
	assert_int_equal(count(84912345678, "0912345678/0912345678"), 2);
	assert_int_equal(count(84912345678, "0912 345 678 0912 345 678"), 2);
}

static void
masking_takes_the_digits_and_nothing_else(void **state)
{
	uint64_t phone = 84912345678;
	struct phone_trace t = {is_one, &phone};
	char text[] = "a 0987654321, +84 912.345.678 b 0912345678";

	(void)state;
	assert_int_equal(phone_trace_mask(&t, text, strlen(text)), 2);
	assert_string_equal(text, "a 0987654321, +** ***.***.*** b **********");
	assert_int_equal(phone_trace_mask(&t, text, strlen(text)), 0);
}

static void
a_cell_is_read_as_an_import_reads_it(void **state)
{
	uint64_t phone = 84912345678;
	struct phone_trace t = {is_one, &phone};

	(void)state;
	assert_true(phone_trace_in_cell(&t, SLICE("8.4912345678E10")));
	assert_true(phone_trace_in_cell(&t, SLICE("0987654321 / 0912345678")));
	assert_true(phone_trace_in_cell(&t, SLICE("912345678")));
	assert_false(phone_trace_in_cell(&t, SLICE("0987654321")));
	assert_false(phone_trace_in_cell(&t, SLICE("Nguyễn Văn An")));
	assert_false(phone_trace_in_cell(&t, SLICE("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_phone_is_found_in_each_way_it_may_be_written),
		cmocka_unit_test(a_number_of_before_2018_is_the_phone_that_it_became),
		cmocka_unit_test(another_number_is_not_it),
		cmocka_unit_test(phones_beside_each_other_are_told_apart),
		cmocka_unit_test(masking_takes_the_digits_and_nothing_else),
		cmocka_unit_test(a_cell_is_read_as_an_import_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
