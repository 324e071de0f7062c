/* SPDX-License-Identifier: MIT */
/* Sets of phones, against sorted arrays of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"
#include "segments/phone_set.h"

#define CHUNK 65536u

static uint64_t seed = 2026;

static uint64_t
below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 11) % n;
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Sorted, each once; returns how many. */
static size_t
sorted(uint64_t *phones, size_t n)
{
	size_t count = 0;

	qsort(phones, n, sizeof(*phones), compare);
	for (size_t i = 0; i < n; i++)
		if (count == 0 || phones[count - 1] != phones[i])
			phones[count++] = phones[i];
	return count;
}

/* Has exactly these, and none beside them. */
static void
holds(const struct phone_set *s, const uint64_t *phones, size_t count)
{
	assert_int_equal(phone_set_count(s), count);
	for (size_t i = 0; i < count; i++) {
		uint64_t next = i + 1 < count ? phones[i + 1] : PHONE_SET_LAST + 1;

		if (!phone_set_has(s, phones[i]))
			fail_msg("%llu is not in it", (unsigned long long)phones[i]);
		if (next != phones[i] + 1)
			assert_false(phone_set_has(s, phones[i] + 1));
		if (i == 0 || phones[i - 1] != phones[i] - 1)
			assert_false(phone_set_has(s, phones[i] - 1));
	}
}

/* Written in pieces of at most `most` bytes and read back. */
static struct phone_set *
read_back(const struct phone_set *s, size_t most, size_t *bytes)
{
	struct phone_set *back = phone_set_new();
	struct buf piece = {0};
	uint32_t from = 0;

	*bytes = 0;
	while (phone_set_write(s, &from, most, &piece)) {
		struct err_ctx e;

		assert_in_range(piece.len, 1, most);
		*bytes += piece.len;
		assert_int_equal(phone_set_read(back, buf_slice(&piece), &e), ERR_OK);
		buf_reset(&piece);
	}
	buf_free(&piece);
	return back;
}

static void
check(uint64_t *phones, size_t n)
{
	struct phone_set *s = phone_set_new(), *back;
	size_t count, bytes;

	for (size_t i = 0; i < n; i++)
		assert_true(phone_set_add(s, phones[i]));
	phone_set_settle(s);
	count = sorted(phones, n);
	holds(s, phones, count);
	for (size_t most = PHONE_SET_PIECE_MIN; most <= 1u << 20; most *= 11) {
		back = read_back(s, most, &bytes);
		holds(back, phones, count);
		assert_int_equal(phone_set_digest(back), phone_set_digest(s));
		phone_set_free(back);
	}
	phone_set_free(s);
}

static void
random_phones_are_found_as_in_a_sorted_array(void **state)
{
	/* How many, out of how many numbers: sparse, some chunks of each kind, dense, all of them. */
	static const size_t cases[][2] = {
		{1, 1000000000}, {500000, 1000000000}, {300000, 4000000}, {300000, 3 * CHUNK},
		{4096, 8192},	 {5000, 8192},	       {20000, 4097},	  {600000, CHUNK},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t *phones = xmalloc(cases[i][0] * sizeof(*phones));
		uint64_t base = PHONE_SET_FIRST + below(1000000001 - cases[i][1]);

		for (size_t k = 0; k < cases[i][0]; k++)
			phones[k] = base + below(cases[i][1]);
		check(phones, cases[i][0]);
		free(phones);
	}
}

/* Adds them all; those that come more than once, against a count of neighbours in a sorted array. */
static void
check_repeated(uint64_t *phones, size_t n)
{
	struct phone_set *s = phone_set_new(), *repeated;
	uint64_t *twice = xmalloc(n * sizeof(*twice));
	size_t distinct = 0, count = 0;

	phone_set_note_repeated(s);
	for (size_t i = 0; i < n; i++)
		assert_true(phone_set_add(s, phones[i]));
	phone_set_settle(s);
	qsort(phones, n, sizeof(*phones), compare);
	for (size_t i = 0; i < n; i++) {
		distinct += i == 0 || phones[i] != phones[i - 1];
		if (i > 0 && phones[i] == phones[i - 1] &&
		    (count == 0 || twice[count - 1] != phones[i]))
			twice[count++] = phones[i];
	}
	assert_int_equal(phone_set_added(s), n);
	assert_int_equal(phone_set_count(s), distinct);
	repeated = phone_set_take_repeated(s);
	assert_null(phone_set_take_repeated(s));
	holds(repeated, twice, count);
	phone_set_free(repeated);
	phone_set_free(s);
	free(twice);
}

static void
phones_that_are_added_more_than_once_are_known(void **state)
{
	/* How many, out of how many numbers: few come twice, some, most; arrays and bitmaps. */
	static const size_t cases[][2] = {
		{1, 1},
		{2, 1},
		{300000, 1000000000},
		{300000, 4000000},
		{200000, 150000},
		{400000, 3 * CHUNK},
		{300000, 5000},
		{9000, 4096},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t *phones = xmalloc(cases[i][0] * sizeof(*phones));
		uint64_t base = PHONE_SET_FIRST + below(1000000001 - cases[i][1]);

		for (size_t k = 0; k < cases[i][0]; k++)
			phones[k] = base + below(cases[i][1]);
		check_repeated(phones, cases[i][0]);
		free(phones);
	}
}

static void
a_phone_s_index_is_its_place_in_a_sorted_array(void **state)
{
	static const size_t cases[][2] = {{3, 1000000000}, {200000, 4000000}, {200000, 3 * CHUNK}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t *phones = xmalloc(cases[i][0] * sizeof(*phones));
		uint64_t base = PHONE_SET_FIRST + below(1000000001 - cases[i][1]);
		struct phone_set *s = phone_set_new();
		size_t count;

		for (size_t k = 0; k < cases[i][0]; k++) {
			phones[k] = base + below(cases[i][1]);
			phone_set_add(s, phones[k]);
		}
		phone_set_settle(s);
		count = sorted(phones, cases[i][0]);
		for (size_t k = 0; k < count; k++)
			assert_int_equal(phone_set_index(s, phones[k]), k);
		assert_int_equal(phone_set_index(s, PHONE_SET_LAST + 1), -1);
		assert_int_equal(phone_set_index(s, 0), -1);
		/* one more, before all others */
		phone_set_add(s, base > PHONE_SET_FIRST ? base - 1 : PHONE_SET_LAST);
		phone_set_settle(s);
		assert_int_equal(phone_set_index(s, phones[0]), base > PHONE_SET_FIRST ? 1 : 0);
		phone_set_free(s);
		free(phones);
	}
}

static void
ends_and_seams_are_kept(void **state)
{
	uint64_t phones[] = {PHONE_SET_LAST,
			     PHONE_SET_FIRST,
			     PHONE_SET_FIRST + CHUNK,
			     PHONE_SET_FIRST + CHUNK - 1,
			     PHONE_SET_LAST - 1,
			     84912345678,
			     84912345678};

	(void)state;
	check(phones, ARRAY_LEN(phones));
}

static void
an_array_becomes_a_bitmap_at_4097_and_a_full_chunk_is_one(void **state)
{
	static const size_t counts[] = {4095, 4096, 4097, CHUNK};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		struct phone_set *s = phone_set_new(), *back;
		size_t bytes;

		for (size_t k = counts[i]; k-- > 0;)
			phone_set_add(s, PHONE_SET_FIRST + 5 * CHUNK + k);
		phone_set_settle(s);
		/* the format's byte, chunk and count, then two bytes each or 65,536 bits */
		back = read_back(s, 1u << 16, &bytes);
		assert_int_equal(bytes, 1 + 4 + (counts[i] > 4096 ? 8192 : 2 * counts[i]));
		assert_int_equal(phone_set_count(back), counts[i]);
		assert_true(phone_set_has(back, PHONE_SET_FIRST + 5 * CHUNK + counts[i] - 1));
		assert_false(phone_set_has(back, PHONE_SET_FIRST + 5 * CHUNK + counts[i]));
		phone_set_free(back);
		phone_set_free(s);
	}
}

static void
what_is_no_phone_of_84_and_nine_digits_is_in_no_set(void **state)
{
	static const uint64_t others[] = {
		0, 1, 83999999999, 85000000000, 842838229999, UINT64_MAX, 849123456,
	};
	struct phone_set *s = phone_set_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_false(phone_set_add(s, others[i]));
	phone_set_settle(s);
	assert_int_equal(phone_set_count(s), 0);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_false(phone_set_has(s, others[i]));
	phone_set_free(s);
}

static void
the_order_of_adding_and_repetitions_do_not_change_the_digest(void **state)
{
	struct phone_set *s[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		s[i] = phone_set_new();
	for (uint64_t k = 0; k < 200000; k++) {
		phone_set_add(s[0], 84900000000 + k * 3);
		phone_set_add(s[1], 84900000000 + (199999 - k) * 3);
		phone_set_add(s[1], 84900000000 + k * 3);
		phone_set_add(s[2], 84900000000 + k * 3 + (k == 77));
	}
	for (int i = 0; i < 3; i++)
		phone_set_settle(s[i]);
	assert_int_equal(phone_set_count(s[1]), 200000);
	assert_int_equal(phone_set_digest(s[0]), phone_set_digest(s[1]));
	assert_int_not_equal(phone_set_digest(s[0]), phone_set_digest(s[2]));
	for (int i = 0; i < 3; i++)
		phone_set_free(s[i]);
}

static void
an_empty_set_has_no_bytes(void **state)
{
	struct phone_set *s = phone_set_new();
	struct buf out = {0};
	uint32_t from = 0;

	(void)state;
	phone_set_settle(s);
	assert_false(phone_set_write(s, &from, PHONE_SET_PIECE_MIN, &out));
	assert_int_equal(out.len, 0);
	phone_set_free(s);
}

static void
refuses(const void *bytes, size_t n, const char *why)
{
	struct phone_set *s = phone_set_new();
	struct err_ctx e = {0};
	char *copy = xmalloc(n > 0 ? n : 1); /* so that a read beyond it is seen */

	memcpy(copy, bytes, n);
	assert_int_equal(phone_set_read(s, (struct slice){copy, n}, &e), ERR_INPUT);
	if (strstr(e.why, why) == NULL)
		fail_msg("%s, not %s", e.why, why);
	free(copy);
	phone_set_free(s);
}

static void
damaged_bytes_are_refused(void **state)
{
	/* chunk, count - 1, then the numbers, little endian */
	static const uint8_t descending[] = {1, 0, 0, 1, 0, 7, 0, 6, 0},
			     same[] = {1, 0, 0, 1, 0, 7, 0, 7, 0}, cut[] = {1, 0, 0, 1, 0, 7, 0, 8},
			     half[] = {1, 0, 0, 1},
			     beyond[] = {1, 0x9b, 0x3b, 0, 0, 7, 0}, /* chunk 15,259 */
		last[] = {1, 0x9a, 0x3b, 0, 0, 0, 0xca},	     /* 85000000000 */
		again[] = {1, 2, 0, 0, 0, 7, 0, 2, 0, 0, 0, 8, 0},   /* chunk 2 twice */
		other[] = {2, 0, 0, 0, 0, 7, 0};
	uint8_t bits[1 + 4 + 8192] = {1, 0, 0, 0xff, 0xff};

	(void)state;
	refuses("", 0, "format");
	refuses("\1", 1, "format");
	refuses(other, sizeof(other), "format");
	refuses(half, sizeof(half), "cut off");
	refuses(cut, sizeof(cut), "cut off");
	refuses(bits, sizeof(bits) - 1, "cut off");
	refuses(bits, sizeof(bits), "as many");
	memset(bits + 5, 0xff, 8192);
	bits[1] = 0x9a;
	bits[2] = 0x3b;
	refuses(bits, sizeof(bits), "none");
	refuses(descending, sizeof(descending), "ascend");
	refuses(same, sizeof(same), "ascend");
	refuses(beyond, sizeof(beyond), "none");
	refuses(last, sizeof(last), "none");
	refuses(again, sizeof(again), "order");
}

static void
any_bytes_are_read_or_refused(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct phone_set *s;
		struct err_ctx e;
		size_t n = 1 + below(64);
		char *bytes = xcalloc(n, 1);

		bytes[0] = 1;
		for (size_t k = 1; k < n; k++)
			bytes[k] = below(3) == 0 ? (char)below(256) : (char)(k / 2);
		s = phone_set_new();
		if (phone_set_read(s, (struct slice){bytes, n}, &e) == ERR_OK)
			assert_in_range(phone_set_count(s), 1, n / 2);
		phone_set_free(s);
		free(bytes);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_phones_are_found_as_in_a_sorted_array),
		cmocka_unit_test(phones_that_are_added_more_than_once_are_known),
		cmocka_unit_test(a_phone_s_index_is_its_place_in_a_sorted_array),
		cmocka_unit_test(ends_and_seams_are_kept),
		cmocka_unit_test(an_array_becomes_a_bitmap_at_4097_and_a_full_chunk_is_one),
		cmocka_unit_test(what_is_no_phone_of_84_and_nine_digits_is_in_no_set),
		cmocka_unit_test(the_order_of_adding_and_repetitions_do_not_change_the_digest),
		cmocka_unit_test(an_empty_set_has_no_bytes),
		cmocka_unit_test(damaged_bytes_are_refused),
		cmocka_unit_test(any_bytes_are_read_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
