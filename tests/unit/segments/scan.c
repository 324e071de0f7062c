/* SPDX-License-Identifier: MIT */
/* The short cuts over whole columns against the library of Unicode, memmem and the calendar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "segments/scan.h"

static uint64_t seed = 34;

static uint32_t
below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % n;
}

/* Folds in buffers of exactly the promised size, so that a sanitizer sees a step too far. */
static bool
fold(struct slice text, struct buf *out)
{
	uint8_t *in = xcalloc(1, 2 + text.n + SCAN_MARGIN), *to = xmalloc(text.n + SCAN_MARGIN);
	bool is_good;

	memcpy(in + 2, text.p, text.n);
	is_good = scan_fold(in + 2, text.n, to);
	buf_reset(out);
	buf_add(out, to, text.n);
	free(in);
	free(to);
	return is_good;
}

static const char vietnamese[] = "ăâđêôơưàằầèềìòồờùừỳảẳẩẻểỉỏổởủửỷãẵẫẽễĩõỗỡũữỹáắấéếíóốớúứý"
				 "ạặậẹệịọộợụựỵĂÂĐÊÔƠƯÀẰẦÈỀÌÒỒỜÙỪỲẢẲẨẺỂỈỎỔỞỦỬỶÃẴẪẼỄĨÕỖỠŨỮỸÁẮẤÉẾÍ"
				 "ÓỐỚÚỨÝẠẶẬẸỆỊỌỘỢỤỰỴ";

static void
each_letter_folds_as_the_library_says_or_is_left_to_it(void **state)
{
	struct slice rest = {vietnamese, sizeof(vietnamese) - 1};
	struct buf text = {0}, want = {0}, got = {0};

	(void)state;
	for (int32_t c = 0; c < 0x30000; c++) {
		if (c >= 0xd800 && c < 0xe000)
			continue;
		buf_reset(&text);
		buf_reset(&want);
		text_add_code_point(&text, c);
		assert_true(text_add_folded(&want, buf_slice(&text)));
		if (fold(buf_slice(&text), &got) && !slice_eq(buf_slice(&want), buf_slice(&got)))
			fail_msg("U+%04X", (unsigned)c);
		/* with a letter behind it: none may combine */
		buf_reset(&want);
		buf_addc(&text, 'A');
		text_add_code_point(&text, c);
		assert_true(text_add_folded(&want, buf_slice(&text)));
		if (fold(buf_slice(&text), &got) && !slice_eq(buf_slice(&want), buf_slice(&got)))
			fail_msg("U+%04X twice", (unsigned)c);
	}
	while (rest.n > 0) {
		buf_reset(&text);
		text_add_code_point(&text, text_next(&rest));
		if (!fold(buf_slice(&text), &got))
			fail_msg("%s is not folded at once", text.data);
	}
	for (int c = 0; c < 0x80; c++) {
		buf_reset(&text);
		buf_addc(&text, (char)c);
		assert_true(fold(buf_slice(&text), &got));
	}
	buf_free(&text);
	buf_free(&want);
	buf_free(&got);
}

/* At every place of a step of 16 bytes. */
static void
random_texts_fold_as_the_library_says(void **state)
{
	struct buf text = {0}, want = {0}, got = {0};
	size_t folded = 0;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		uint32_t n = below(40);
		bool is_malformed;

		buf_reset(&text);
		buf_adds(&text, "");
		buf_reset(&want);
		for (uint32_t i = 0; i < n; i++) {
			struct slice rest = {vietnamese, sizeof(vietnamese) - 1};
			uint32_t skip = below(130);

			if (below(3) > 0) {
				buf_addc(&text, (char)below(128));
				continue;
			}
			while (skip-- > 0)
				text_next(&rest);
			text_add_code_point(&text, text_next(&rest));
		}
		if (text.len > 0 && below(4) == 0)
			text.data[below((uint32_t)text.len)] = (char)(0x80 + below(128));
		is_malformed = !text_add_folded(&want, buf_slice(&text));
		if (!fold(buf_slice(&text), &got))
			continue;
		folded++;
		assert_false(is_malformed);
		assert_true(slice_eq(buf_slice(&want), buf_slice(&got)));
	}
	assert_true(folded > 70000);
	buf_free(&text);
	buf_free(&want);
	buf_free(&got);
}

/* Of every letter that folds at once: what the library says, or it is left to it. */
static void
letters_lose_their_accents_as_the_library_says(void **state)
{
	struct slice rest = {vietnamese, sizeof(vietnamese) - 1};
	struct buf text = {0}, want = {0}, got = {0};
	char out[16];

	(void)state;
	for (int32_t c = 0; c < 0x2000; c++) {
		size_t n;

		buf_reset(&text);
		buf_reset(&want);
		buf_addc(&text, 'x');
		text_add_code_point(&text, c);
		buf_addc(&text, 'y');
		if (!fold(buf_slice(&text), &got))
			continue;
		n = scan_bare((const uint8_t *)got.data, got.len, out);
		assert_true(text_add_unaccented_folded(&want, buf_slice(&text)));
		if (n != SIZE_MAX && !slice_eq(buf_slice(&want), (struct slice){out, n}))
			fail_msg("U+%04X: %.*s", (unsigned)c, (int)n, out);
	}
	while (rest.n > 0) {
		buf_reset(&text);
		text_add_code_point(&text, text_next(&rest));
		assert_true(fold(buf_slice(&text), &got));
		assert_int_equal(scan_bare((const uint8_t *)got.data, got.len, out), 1);
	}
	buf_free(&text);
	buf_free(&want);
	buf_free(&got);
}

static void
searching_finds_what_memmem_finds(void **state)
{
	static const char letters[] = "thi an\xe1\xbb\x8b";

	(void)state;
	for (int round = 0; round < 200000; round++) {
		size_t n = below(70), m = 1 + below(6), from = below((uint32_t)n + 1);
		uint8_t *text = xcalloc(1, n + SCAN_MARGIN);
		char needle[8];
		struct scan_needle s;
		const uint8_t *found;

		for (size_t i = 0; i < n; i++)
			text[i] = (uint8_t)letters[below(sizeof(letters) - 1)];
		for (size_t i = 0; i < m; i++)
			needle[i] = letters[below(sizeof(letters) - 1)];
		found = memmem(text + from, n - from, needle, m);
		s = scan_needle((struct slice){needle, m});
		assert_int_equal(scan_find(text, n, from, &s),
				 found != NULL ? (size_t)(found - text) : n);
		free(text);
	}
}

static void
dates_are_those_that_exist(void **state)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	static const int years[] = {0, 999, 1000, 1900, 1999, 2000, 2024, 2026, 9999};
	char text[32];

	(void)state;
	for (size_t y = 0; y < ARRAY_LEN(years); y++)
		for (int m = 0; m < 100; m++)
			for (int d = 0; d < 100; d++) {
				int year = years[y];
				bool is_leap =
					year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
				bool is_day = year >= 1000 && m >= 1 && m <= 12 && d >= 1 &&
					      d <= days[m - 1] + (m == 2 && is_leap);

				snprintf(text, sizeof(text), "%04d-%02d-%02d", year, m, d);
				assert_int_equal(scan_date(text),
						 is_day ? year * 10000 + m * 100 + d : 0);
			}
	for (int at = 0; at < 10; at++)
		for (int c = 0; c < 256; c++) {
			bool is_digit = c >= '0' && c <= '9';

			memcpy(text, "2022-10-10", 10);
			if (c == (uint8_t)text[at])
				continue;
			text[at] = (char)c;
			if (at == 4 || at == 7 || !is_digit)
				assert_int_equal(scan_date(text), 0);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_letter_folds_as_the_library_says_or_is_left_to_it),
		cmocka_unit_test(random_texts_fold_as_the_library_says),
		cmocka_unit_test(letters_lose_their_accents_as_the_library_says),
		cmocka_unit_test(searching_finds_what_memmem_finds),
		cmocka_unit_test(dates_are_those_that_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
