/* SPDX-License-Identifier: MIT */
/* Expected values: the table of docs/FORMATS.md, "Sandbox". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "dispatcher/api/sandbox_mood.h"

static struct mood
of(const char *phone)
{
	struct mood m;

	mood_of_phone(phone, &m);
	return m;
}

static void
last_digit_decides_what_becomes_of_a_phone(void **state)
{
	static const int seconds[] = {1, 2, 3, 4, 5, 1, 2, 3, 20};

	(void)state;
	for (int d = 0; d <= 9; d++) {
		char phone[] = "84912345610";
		struct mood m;

		phone[10] = (char)('0' + d);
		m = of(phone);
		assert_int_equal(m.answer, MOOD_ACCEPT);
		assert_int_equal(m.receipts, d == 9 ? 0 : 1);
		assert_int_equal(m.is_delivered, d != 7);
		if (d < 9)
			assert_int_equal(m.receipt_ms, seconds[d] * 1000);
	}
}

static void
two_last_digits_go_before_one(void **state)
{
	(void)state;
	assert_int_equal(of("84912345699").answer, MOOD_REFUSE);
	assert_int_equal(of("84912345698").answer, MOOD_TEMPORARY_FIRST);
	assert_true(of("84912345698").is_delivered);
	assert_int_equal(of("84912345698").receipt_ms, 1000);
	assert_int_equal(of("84912345697").answer, MOOD_SILENT);
	assert_int_equal(of("84912345697").receipts, 0);
	assert_int_equal(of("84912345696").receipts, 2);
	assert_int_equal(of("84912345695").receipt_ms, 0);
	assert_int_equal(of("84912345695").receipts, 1);
	assert_int_equal(of("84912345694").answer, MOOD_THROTTLE_FIRST);
	assert_int_equal(of("84912345693").answer, MOOD_SILENT_FIRST);
	assert_int_equal(of("84912345692").answer, MOOD_ACCEPT);
}

static void
latency_comes_from_the_last_four_digits(void **state)
{
	(void)state;
	assert_int_equal(of("84912340000").latency_ms, 30);
	assert_int_equal(of("84912340050").latency_ms, 80);
	assert_int_equal(of("84912340051").latency_ms, 30);
	assert_int_equal(of("84912345678").latency_ms, 30 + 17); /* 5678 = 111 · 51 + 17 */
	assert_int_equal(of("7").latency_ms, 37);
	assert_int_equal(of("").latency_ms, 30);
}

static void
memory_knows_what_it_was_told(void **state)
{
	struct memory *m = memory_new(4, 0);

	(void)state;
	assert_false(memory_has(m, 7));
	for (uint64_t k = 0; k < 4; k++)
		assert_true(memory_add(m, k * 4, 1)); /* all in one chain */
	for (uint64_t k = 0; k < 4; k++)
		assert_true(memory_has(m, k * 4));
	assert_false(memory_has(m, 16));
	memory_free(m);
}

static void
memory_forgets_the_oldest_for_a_new_one(void **state)
{
	struct memory *m = memory_new(3, 0);

	(void)state;
	for (uint64_t k = 1; k <= 100; k++) {
		assert_true(memory_add(m, k * 3, (int64_t)k));
		assert_true(memory_has(m, k * 3));
		assert_int_equal(memory_has(m, (k - 1) * 3), k >= 2);
		assert_int_equal(memory_has(m, (k - 2) * 3), k >= 3);
		assert_false(k >= 3 && memory_has(m, (k - 3) * 3));
	}
	memory_free(m);
}

static void
memory_keeps_what_is_younger_than_its_promise(void **state)
{
	struct memory *m = memory_new(2, 1000);

	(void)state;
	assert_true(memory_add(m, 1, 0));
	assert_true(memory_add(m, 2, 500));
	assert_false(memory_add(m, 3, 999));
	assert_true(memory_has(m, 1));
	assert_false(memory_has(m, 3));
	assert_true(memory_add(m, 3, 1000));
	assert_false(memory_has(m, 1));
	assert_false(memory_add(m, 4, 1499));
	memory_free(m);
}

static void
keys_tell_where_one_text_ends(void **state)
{
	(void)state;
	assert_true(memory_key(SLICE("ab"), SLICE("c")) == memory_key(SLICE("ab"), SLICE("c")));
	assert_true(memory_key(SLICE("ab"), SLICE("c")) != memory_key(SLICE("a"), SLICE("bc")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_digit_decides_what_becomes_of_a_phone),
		cmocka_unit_test(two_last_digits_go_before_one),
		cmocka_unit_test(latency_comes_from_the_last_four_digits),
		cmocka_unit_test(memory_knows_what_it_was_told),
		cmocka_unit_test(memory_forgets_the_oldest_for_a_new_one),
		cmocka_unit_test(memory_keeps_what_is_younger_than_its_promise),
		cmocka_unit_test(keys_tell_where_one_text_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
