/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "dispatcher/run/reference.h"

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
static const uint8_t key[REFERENCE_KEY_BYTES] = {1, 2, 3};
static const struct reference largest = {(1ull << 34) - 1, 7, (1u << 30) - 1, 15};

static void
assert_same(const struct reference *a, const struct reference *b)
{
	assert_true(a->run == b->run);
	assert_int_equal(a->partition, b->partition);
	assert_int_equal(a->rank, b->rank);
	assert_int_equal(a->attempt, b->attempt);
}

static void
every_number_comes_back_up_to_its_limit(void **state)
{
	static const struct reference cases[] = {
		{(1ull << 34) - 1, 7, (1u << 30) - 1, 15},
		{0, 0, 0, 1},
		{(1ull << 34) - 1, 0, 0, 0},
		{0, 7, 0, 0},
		{0, 0, (1u << 30) - 1, 0},
		{0, 0, 0, 15},
		{12, 3, 456789, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[REFERENCE_TEXT_MAX];
		struct reference r;
		size_t n = reference_encode(&cases[i], key, text);

		assert_int_equal(n, 22);
		assert_int_equal(strlen(text), n);
		assert_int_equal(strspn(text, alphabet), n);
		assert_true(reference_decode((struct slice){text, n}, key, &r));
		assert_same(&r, &cases[i]);
	}
}

/* 71 bits in 75: run 34, partition 3, rank 30, attempt 4, big endian (docs/FORMATS.md). */
static void
the_numbers_stand_in_the_first_15_characters(void **state)
{
	char text[REFERENCE_TEXT_MAX];

	(void)state;
	/* 1 → …0001, that is 1 in the last of 15 digits */
	reference_encode(&(struct reference){.attempt = 1}, key, text);
	assert_memory_equal(text, "000000000000001", 15);
	/* rank 2 is bit 5: one digit to the left */
	reference_encode(&(struct reference){.rank = 2}, key, text);
	assert_memory_equal(text, "000000000000010", 15);
	/* partition 1 is bit 34 = 6 digits and 4 bits: 16 = "g" */
	reference_encode(&(struct reference){.partition = 1}, key, text);
	assert_memory_equal(text, "00000000g000000", 15);
	/* run 1 is bit 37 = 7 digits and 2 bits: 4 */
	reference_encode(&(struct reference){.run = 1}, key, text);
	assert_memory_equal(text, "000000040000000", 15);
	/* all 71 bits: one bit in the first digit, then 14 times 31 = "z" */
	reference_encode(&largest, key, text);
	assert_memory_equal(text, "1zzzzzzzzzzzzzz", 15);
}

static void
a_changed_character_never_decodes(void **state)
{
	char text[REFERENCE_TEXT_MAX];
	struct reference r;
	size_t n = reference_encode(&(struct reference){12, 3, 456789, 2}, key, text);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		char was = text[i];

		for (int c = 0; c < 256; c++) {
			if ((char)c == was)
				continue;
			text[i] = (char)c;
			assert_false(reference_decode((struct slice){text, n}, key, &r));
		}
		text[i] = was;
	}
	assert_true(reference_decode((struct slice){text, n}, key, &r));
}

static void
two_swapped_characters_never_decode(void **state)
{
	char text[REFERENCE_TEXT_MAX];
	struct reference r;
	size_t n = reference_encode(&(struct reference){987654321, 5, 123456, 9}, key, text);

	(void)state;
	for (size_t i = 0; i + 1 < n; i++) {
		char was = text[i];

		if (text[i + 1] == was)
			continue;
		text[i] = text[i + 1];
		text[i + 1] = was;
		assert_false(reference_decode((struct slice){text, n}, key, &r));
		text[i + 1] = text[i];
		text[i] = was;
	}
}

static void
another_length_never_decodes(void **state)
{
	char text[REFERENCE_TEXT_MAX + 1];
	struct reference r;
	size_t n = reference_encode(&largest, key, text);

	(void)state;
	text[n] = '0';
	assert_false(reference_decode((struct slice){text, n + 1}, key, &r));
	for (size_t i = 0; i < n; i++)
		assert_false(reference_decode((struct slice){text, i}, key, &r));
	assert_false(reference_decode((struct slice){NULL, 0}, key, &r));
}

static void
another_key_never_decodes(void **state)
{
	char text[REFERENCE_TEXT_MAX], other_text[REFERENCE_TEXT_MAX];
	struct reference r;
	size_t n = reference_encode(&largest, key, text);

	(void)state;
	for (size_t i = 0; i < REFERENCE_KEY_BYTES * 8; i++) {
		uint8_t other[REFERENCE_KEY_BYTES];

		memcpy(other, key, sizeof(other));
		other[i / 8] ^= (uint8_t)(1u << (i % 8));
		assert_false(reference_decode((struct slice){text, n}, other, &r));
		reference_encode(&largest, other, other_text);
		assert_memory_equal(text, other_text, 15);
	}
}

static void
the_last_seven_characters_of_another_reference_do_not_fit(void **state)
{
	char a[REFERENCE_TEXT_MAX], b[REFERENCE_TEXT_MAX];
	struct reference r;

	(void)state;
	reference_encode(&(struct reference){1, 0, 0, 1}, key, a);
	for (uint32_t rank = 1; rank < 2000; rank++) {
		reference_encode(&(struct reference){1, 0, rank, 1}, key, b);
		memcpy(b + 15, a + 15, 7);
		assert_false(reference_decode((struct slice){b, 22}, key, &r));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_comes_back_up_to_its_limit),
		cmocka_unit_test(the_numbers_stand_in_the_first_15_characters),
		cmocka_unit_test(a_changed_character_never_decodes),
		cmocka_unit_test(two_swapped_characters_never_decode),
		cmocka_unit_test(another_length_never_decodes),
		cmocka_unit_test(another_key_never_decodes),
		cmocka_unit_test(the_last_seven_characters_of_another_reference_do_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
