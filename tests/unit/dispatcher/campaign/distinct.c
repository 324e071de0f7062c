/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/campaign/distinct.h"

/* Texts "text 0" to "text n - 1", each `times`. */
static void
add_many(struct distinct *d, unsigned n, unsigned times)
{
	struct buf b = {0};

	for (unsigned t = 0; t < times; t++)
		for (unsigned i = 0; i < n; i++) {
			buf_reset(&b);
			buf_addf(&b, "text %u", i);
			distinct_add(d, buf_slice(&b));
		}
	buf_free(&b);
}

static void
few_texts_are_counted_exactly(void **state)
{
	struct distinct *d = xcalloc(1, sizeof(*d));

	(void)state;
	assert_int_equal(distinct_count(d), 0);
	distinct_add(d, SLICE(""));
	distinct_add(d, SLICE("a"));
	distinct_add(d, SLICE("a"));
	assert_int_equal(distinct_count(d), 2);
	free(d);
	d = xcalloc(1, sizeof(*d));
	add_many(d, DISTINCT_EXACT, 3);
	assert_int_equal(distinct_count(d), DISTINCT_EXACT);
	assert_false(d->is_estimate);
	free(d);
}

/* Three standard errors: 997 of 1000 estimates lie within; the hashes here are always the same. */
static void
many_are_estimated_within_three_standard_errors_at_any_size(void **state)
{
	static const unsigned sizes[] = {DISTINCT_EXACT + 1, 10000, 40000, 90000, 250000, 1000000};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct distinct *d = xcalloc(1, sizeof(*d));
		double n = sizes[i], off;

		add_many(d, sizes[i], i < 3 ? 2 : 1);
		assert_true(d->is_estimate);
		off = ((double)distinct_count(d) - n) / n * 100;
		assert_true(off < 3 * DISTINCT_ERROR_PCT && off > -3 * DISTINCT_ERROR_PCT);
		free(d);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_texts_are_counted_exactly),
		cmocka_unit_test(many_are_estimated_within_three_standard_errors_at_any_size),
	};

	random_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
