/* SPDX-License-Identifier: MIT */
/* What is told of a row that a file is about: never whether a guessed sensitive value is right. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "segments/merge_row.h"

enum { PHONE, NAME, PEOPLE, COLUMNS };

static enum merge_told
told(enum merge_mode m, const char *name, const char *people, uint64_t phone)
{
	static struct schema s;
	struct slice have[COLUMNS] = {SLICE("0912000001"), SLICE("An"), SLICE("Tày")};
	struct slice given[COLUMNS] = {SLICE(""), slice_of(name), slice_of(people)};
	struct list_row row = {.cells = have, .phone = 84912000001};
	struct list_row from = {.cells = given, .phone = phone};

	s = (struct schema){.count = COLUMNS, .phone = PHONE};
	s.columns[PEOPLE].is_sensitive = true;
	return merge_told(m, &s, &row, &from);
}

static void
a_right_guess_is_told_as_a_wrong_one(void **state)
{
	static const enum merge_mode modes[] = {MERGE_FILL, MERGE_OVERWRITE};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(told(modes[i], "An", "Tày", 0), MERGE_TOLD_NOT);
		assert_int_equal(told(modes[i], "An", "Kinh", 0), MERGE_TOLD_NOT);
		assert_int_equal(told(modes[i], "", "Kinh", 0), MERGE_TOLD_NOT);
	}
}

static void
another_value_beside_it_is_told_as_before(void **state)
{
	(void)state;
	assert_int_equal(told(MERGE_OVERWRITE, "Bình", "Tày", 0), MERGE_TOLD_CHANGED);
	assert_int_equal(told(MERGE_OVERWRITE, "Bình", "Kinh", 0), MERGE_TOLD_CHANGED);
	assert_int_equal(told(MERGE_OVERWRITE, "An", "Tày", 84912000002), MERGE_TOLD_CHANGED);
	assert_int_equal(told(MERGE_FILL, "Bình", "Kinh", 0), MERGE_TOLD_NOT);
}

static void
a_row_without_a_sensitive_value_is_told(void **state)
{
	(void)state;
	assert_int_equal(told(MERGE_OVERWRITE, "An", "", 0), MERGE_TOLD_SAME);
	assert_int_equal(told(MERGE_OVERWRITE, "Bình", "", 0), MERGE_TOLD_CHANGED);
	assert_int_equal(told(MERGE_FILL, "Bình", "", 0), MERGE_TOLD_SAME);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_right_guess_is_told_as_a_wrong_one),
		cmocka_unit_test(another_value_beside_it_is_told_as_before),
		cmocka_unit_test(a_row_without_a_sensitive_value_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
