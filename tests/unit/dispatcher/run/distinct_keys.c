/* SPDX-License-Identifier: MIT */
/* Different keys among many: against arithmetic, over several runs in the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "dispatcher/run/distinct_keys.h"

static const char *
folder(void)
{
	const char *t = getenv("TMPDIR");

	return t != NULL ? t : "/tmp";
}

static void
add(struct distinct_keys *d, uint64_t key)
{
	struct err_ctx e;

	assert_int_equal(distinct_keys_add(d, key, &e), ERR_OK);
}

/* How many there are; they come ascending. */
static uint64_t
count(struct distinct_keys *d, uint64_t *sum)
{
	uint64_t keys[1000], n = 0, last = 0;
	struct err_ctx e;
	size_t got;

	*sum = 0;
	do {
		assert_int_equal(distinct_keys_next(d, keys, 1000, &got, &e), ERR_OK);
		for (size_t i = 0; i < got; i++) {
			assert_true(n == 0 || keys[i] > last);
			last = keys[i];
			*sum += last;
			n++;
		}
	} while (got > 0);
	return n;
}

static void
each_key_comes_once_in_order(void **state)
{
	struct distinct_keys *d = distinct_keys_new(folder());
	uint64_t sum;

	(void)state;
	/* 0 … 99,999 five times, by steps that meet each rest once: 7,919 is a prime. */
	for (uint64_t i = 0; i < 500000; i++)
		add(d, i * 7919 % 100000);
	assert_int_equal(distinct_keys_added(d), 500000);
	assert_int_equal(count(d, &sum), 100000);
	assert_int_equal(sum, UINT64_C(4999950000)); /* 99,999 · 100,000 / 2 */
	distinct_keys_free(d);
}

static void
nothing_and_the_same_again_are_counted(void **state)
{
	struct distinct_keys *d = distinct_keys_new(folder());
	uint64_t sum;

	(void)state;
	assert_int_equal(count(d, &sum), 0);
	distinct_keys_free(d);
	d = distinct_keys_new(folder());
	for (int i = 0; i < 100000; i++)
		add(d, UINT64_MAX);
	add(d, 0);
	assert_int_equal(count(d, &sum), 2);
	distinct_keys_free(d);
}

static void
a_folder_that_cannot_be_written_is_an_error(void **state)
{
	struct distinct_keys *d = distinct_keys_new("/nowhere");
	uint64_t keys[1];
	struct err_ctx e;
	size_t n;

	(void)state;
	add(d, 1);
	assert_int_equal(distinct_keys_next(d, keys, 1, &n, &e), ERR_SYSTEM);
	assert_non_null(strstr(e.why, "temporary file"));
	distinct_keys_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_comes_once_in_order),
		cmocka_unit_test(nothing_and_the_same_again_are_counted),
		cmocka_unit_test(a_folder_that_cannot_be_written_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
