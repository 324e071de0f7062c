/* SPDX-License-Identifier: MIT */
/* When somebody who waits is told how far it is. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dispatcher/run/said.h"

static void
nothing_is_said_of_what_takes_less_than_a_second(void **state)
{
	struct said s;

	(void)state;
	said_begin(&s, 5000);
	assert_false(said_is_due(&s, 5000));
	assert_false(said_is_due(&s, 5999));
	assert_true(said_is_due(&s, 6000));
}

static void
then_it_is_said_four_times_a_second_at_most(void **state)
{
	struct said s;
	unsigned n = 0;

	(void)state;
	said_begin(&s, 0);
	for (int64_t now = 0; now < 3000; now++)
		n += said_is_due(&s, now);
	assert_int_equal(n, 8); /* at 1000, 1250 … 2750 */
	assert_true(said_is_due(&s, 60000));
	assert_false(said_is_due(&s, 60249));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_said_of_what_takes_less_than_a_second),
		cmocka_unit_test(then_it_is_said_four_times_a_second_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
