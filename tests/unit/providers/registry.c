/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "providers/provider.h"

static void
driver_is_found_by_its_name(void **state)
{
	struct err_ctx e = {0};
	const struct driver *d = driver_find("generic", &e);

	(void)state;
	assert_non_null(d);
	assert_string_equal(d->name, "generic");
}

static void
unknown_driver_suggests_the_nearest(void **state)
{
	struct err_ctx e = {0};

	(void)state;
	assert_null(driver_find("genric", &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_string_equal(e.todo, "did you mean \"generic\"?");
	assert_null(driver_find("", &e));
	assert_null(driver_find("smoke-signals", NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(driver_is_found_by_its_name),
		cmocka_unit_test(unknown_driver_suggests_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
