/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "providers/provider.h"

static void
outcome_names_read_back_as_themselves(void **state)
{
	(void)state;
	for (int i = 0; i < OUTCOME_CLASSES; i++) {
		enum outcome_class c;

		assert_true(outcome_parse(outcome_name((enum outcome_class)i), &c));
		assert_int_equal(c, i);
	}
}

static void
outcome_names_are_those_of_the_documents(void **state)
{
	(void)state;
	assert_string_equal(outcome_name(OUTCOME_ACCEPTED), "accepted");
	assert_string_equal(outcome_name(OUTCOME_QUOTA_TOMORROW), "quota-tomorrow");
	assert_string_equal(outcome_name(OUTCOME_IN_DOUBT), "in-doubt");
}

static void
outcome_outside_the_list_reads_as_doubt(void **state)
{
	enum outcome_class c = OUTCOME_BAD_MESSAGE;

	(void)state;
	assert_string_equal(outcome_name((enum outcome_class)99), "in-doubt");
	assert_false(outcome_parse("Accepted", &c));
	assert_false(outcome_parse("", &c));
	assert_int_equal(c, OUTCOME_BAD_MESSAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outcome_names_read_back_as_themselves),
		cmocka_unit_test(outcome_names_are_those_of_the_documents),
		cmocka_unit_test(outcome_outside_the_list_reads_as_doubt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
