/* SPDX-License-Identifier: MIT */
/* Values that filters made nothing of: how many, and the first of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "dispatcher/campaign/unread.h"

static void
add(struct unread *u, const char *filter, const char *field, const char *value, uint64_t row)
{
	struct unread_one one = {slice_of(filter), slice_of(field), slice_of(value), row};

	unread_add(u, &one);
}

static void
the_most_common_pair_comes_first_with_its_first_three_rows(void **state)
{
	static struct unread u;
	json_t *out, *line;

	(void)state;
	add(&u, "date_vi", "han", "31/02/2026", 3);
	for (uint64_t row = 5; row < 10; row++)
		add(&u, "currency_vi", "tien", row == 6 ? "" : "50.000", row);
	add(&u, "date_vi", "tien", "50.000", 11);
	out = unread_json(&u);
	assert_int_equal(json_array_size(out), 3);
	line = json_array_get(out, 0);
	assert_string_equal(json_string_value(json_object_get(line, "filter")), "currency_vi");
	assert_string_equal(json_string_value(json_object_get(line, "field")), "tien");
	assert_int_equal(json_integer_value(json_object_get(line, "count")), 5);
	assert_non_null(json_object_get(line, "reads"));
	line = json_object_get(line, "examples");
	assert_int_equal(json_array_size(line), 3);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(line, 2), "row")), 7);
	assert_string_equal(json_string_value(json_object_get(json_array_get(line, 0), "value")),
			    "50.000");
	assert_string_equal(json_string_value(json_object_get(json_array_get(line, 1), "value")),
			    "***");
	json_decref(out);
}

static void
beyond_its_size_it_takes_no_further_pairs(void **state)
{
	static struct unread u;
	char field[16];

	(void)state;
	for (uint64_t i = 0; i < 2 * UNREAD_MAX; i++) {
		snprintf(field, sizeof(field), "f%u", (unsigned)i);
		add(&u, "date_vi", field, "x", i + 1);
	}
	assert_int_equal(u.count, UNREAD_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_most_common_pair_comes_first_with_its_first_three_rows),
		cmocka_unit_test(beyond_its_size_it_takes_no_further_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
