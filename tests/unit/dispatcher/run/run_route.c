/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/mem.h"
#include "dispatcher/run/run_route.h"

static void
choices_are_written_as_the_documents_say(void **state)
{
	struct route_choice in[3] = {
		{.kind = ROUTE_ORDER, .count = 2, .tariff = {0, 3}, .least = 1},
		{.kind = ROUTE_SHARE, .count = 2, .tariff = {1, 4}, .share = {70, 30}, .least = 1},
		{.kind = ROUTE_CHEAPEST, .count = 1, .tariff = {2}, .least = 30},
	};
	struct route_choice out[PARTITIONS_MAX];
	struct buf b = {0};

	(void)state;
	assert_true(route_choices_differ(in, 3));
	route_choices_add(in, 3, &b);
	assert_string_equal(b.data, "order 1 0 3;share 1 1:70 4:30;cheapest 30 2");
	route_choices_read(buf_slice(&b), 3, out);
	for (unsigned p = 0; p < 3; p++) {
		assert_int_equal(out[p].kind, in[p].kind);
		assert_int_equal(out[p].count, in[p].count);
		assert_int_equal(out[p].least, in[p].least);
		assert_memory_equal(out[p].tariff, in[p].tariff, sizeof(in[p].tariff));
		assert_memory_equal(out[p].share, in[p].share, sizeof(in[p].share));
	}
	buf_free(&b);
}

/* Runs from before there were routes, and what is no route. */
static void
without_a_route_each_partition_has_its_own_tariff(void **state)
{
	static const char *const texts[] = {"", "order 1 99;by 1 2", "order;order 1 x"};
	struct route_choice one = {.count = 1}, out[PARTITIONS_MAX];

	(void)state;
	assert_false(route_choices_differ(&one, 1));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		route_choices_read(slice_of(texts[i]), 2, out);
		for (unsigned p = 0; p < 2; p++) {
			assert_int_equal(out[p].count, 1);
			assert_int_equal(out[p].tariff[0], p);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(choices_are_written_as_the_documents_say),
		cmocka_unit_test(without_a_route_each_partition_has_its_own_tariff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
