/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>

#include "dispatcher/run/breakdown.h"

static void
count(struct groups *g, const char *key, int n)
{
	for (int i = 0; i < n; i++) {
		struct group *one = groups_get(g, slice_of(key), slice_of(key));

		one->messages++;
		one->parts += 2;
	}
}

/* "a:3 b:1 +2/1": groups, then messages in others / values folded by this call. */
static void
assert_top(struct groups *g, size_t n, const char *wanted)
{
	const struct group *top[16];
	size_t folded, got = groups_top(g, n, top, &folded);
	struct buf out = {0};

	for (size_t i = 0; i < got; i++)
		buf_addf(&out, "%.*s:%d ", (int)top[i]->label.n, top[i]->label.p,
			 (int)top[i]->messages);
	buf_addf(&out, "+%d/%d", (int)groups_others(g)->messages, (int)folded);
	assert_string_equal(out.data, wanted);
	buf_free(&out);
}

static void
the_largest_come_first_and_the_rest_is_summed(void **state)
{
	struct groups *g = groups_new(100);

	(void)state;
	count(g, "an-giang", 3);
	count(g, "ca-mau", 5);
	count(g, "", 4);
	count(g, "hue", 1);
	count(g, "lai-chau", 2);
	assert_top(g, 3, "ca-mau:5 :4 an-giang:3 +3/2");
	assert_int_equal(groups_others(g)->parts, 6);
	assert_false(groups_has_folded(g));
	groups_free(g);
}

static void
equals_stand_in_the_order_of_their_names(void **state)
{
	struct groups *g = groups_new(100);

	(void)state;
	count(g, "b", 1);
	count(g, "ab", 1);
	count(g, "a", 1);
	assert_top(g, 10, "a:1 ab:1 b:1 +0/0");
	groups_free(g);
}

/* Ten thousand names seen once and three places seen often, in a table for eight. */
static void
more_values_than_fit_keep_every_sum_and_a_second_pass_is_exact(void **state)
{
	struct groups *g = groups_new(8);
	uint64_t sum = 0;

	(void)state;
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < 10000; i++) {
			char name[16];

			snprintf(name, sizeof(name), "ten-%d", i);
			count(g, name, 1);
			count(g, i % 2 == 0 ? "xa-a" : "xa-b", 1);
			if (i % 4 == 0)
				count(g, "xa-c", 1);
		}
		if (pass == 0) {
			assert_true(groups_has_folded(g));
			groups_keep(g, 3);
		}
	}
	assert_top(g, 3, "xa-a:5000 xa-b:5000 xa-c:2500 +10000/0");
	for (const char *key = "abc"; *key != '\0'; key++)
		sum += groups_get(g, (struct slice){(const char[]){'x', 'a', '-', *key}, 4},
				  SLICE(""))
			       ->parts;
	assert_int_equal(sum + groups_others(g)->parts, 2 * 22500);
	groups_free(g);
}

static void
a_province_is_the_same_however_it_is_written(void **state)
{
	static const char *const same[] = {"An Giang", "Tỉnh An Giang", "AN GIANG",
					   "tỉnh an giang ", "An Giang "};
	static const char *const city[] = {"Thành phố Huế", "TP. Huế", "TP.Huế", "tp Huế", "Huế"};
	struct buf out = {0};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		buf_reset(&out);
		breakdown_province_key(slice_of(same[i]), &out);
		assert_string_equal(out.data, "an giang");
		buf_reset(&out);
		breakdown_province_key(slice_of(city[i]), &out);
		assert_string_equal(out.data, "hue");
	}
	buf_reset(&out);
	breakdown_province_key(slice_of("Đồng Tháp"), &out);
	assert_string_equal(out.data, "dong thap");
	buf_free(&out);
}

#define T(f) cmocka_unit_test(f)
int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_largest_come_first_and_the_rest_is_summed),
		T(equals_stand_in_the_order_of_their_names),
		T(more_values_than_fit_keep_every_sum_and_a_second_pass_is_exact),
		T(a_province_is_the_same_however_it_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
