/* SPDX-License-Identifier: MIT */
/* Expected values: utf8proc, asked another way than base/text asks it, and arithmetic by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <utf8proc.h>

#include "base/text.h"

#define POINTS 0x110000
#define PIECE 64

/* By code point: may it be the second half of a composition? */
static bool is_second[POINTS];

static bool
is_surrogate(int32_t c)
{
	return c >= 0xD800 && c <= 0xDFFF;
}

static void
find_second_halves(void)
{
	utf8proc_int32_t parts[32];

	for (int32_t c = 0; c < POINTS; c++) {
		utf8proc_ssize_t n =
			is_surrogate(c)
				? 0
				: utf8proc_decompose_char(c, parts, 32, UTF8PROC_DECOMPOSE, NULL);

		for (utf8proc_ssize_t i = 1; i < n; i++)
			is_second[parts[i]] = true;
	}
}

static bool
is_nfc(struct slice s)
{
	utf8proc_uint8_t *mapped = NULL;
	utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)s.p, (utf8proc_ssize_t)s.n,
					  &mapped, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
	bool is_same = n >= 0 && slice_eq(s, (struct slice){(char *)mapped, (size_t)n});

	free(mapped);
	return is_same;
}

static struct slice
utf8_of(int32_t c, char out[4])
{
	utf8proc_ssize_t n = utf8proc_encode_char(c, (utf8proc_uint8_t *)out);

	return (struct slice){out, (size_t)n};
}

/*
 * What is sure is NFC whatever stands beside it: it is NFC alone, no second half,
 * and of class 0, but for U+17D2 (class 9), which is the only one with a class.
 */
static void
each_sure_code_point_is_nfc_beside_any_other(void **state)
{
	char utf8[4];
	int sure = 0;

	(void)state;
	find_second_halves();
	for (int32_t c = 0; c < POINTS; c++) {
		const utf8proc_property_t *p = utf8proc_get_property(c);
		struct slice s = utf8_of(c, utf8);
		bool is_good;

		if (is_surrogate(c) || !text_is_nfc_quick(s))
			continue;
		is_good = is_nfc(s) && !is_second[c] && (p->combining_class == 0 || c == 0x17D2);
		if (!is_good)
			fail_msg("U+%04X", (unsigned)c);
		sure++;
	}
	/* 0–2FF, 1780–17FF but one, 1E00–1EFF, 2002–203F, 2080–20BF, 2180–21BF, 2600–27BF, AA00–AA7F,
	 * FE00–FE0F, 1F000–1FFFF */
	assert_int_equal(sure, 768 + 127 + 256 + 62 + 64 + 64 + 448 + 128 + 16 + 4096);
}

static void
what_people_write_is_sure(void **state)
{
	static const char *const texts[] = {
		"Kính gửi ông Nguyễn Đức Thắng, “chờ” – 50.000₫… ‘a’ • €",
		"àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ",
		"ÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴĐ",
		"សូមអញ្ជើញ",
		"ꨌꩀꩌ",
		"Chúc mừng 🎉 ❤️ 👨‍👩‍👧 ☎ ✔",
		"",
	};
	static const char *const unsure[] = {"e\u0323\u0302", "\u212b", "\u2000", "\u1100\u1161",
					     "\u0340",	      "\uac00", "\u17dd"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!text_is_nfc_quick(slice_of(texts[i])))
			fail_msg("%s", texts[i]);
	for (size_t i = 0; i < sizeof(unsure) / sizeof(unsure[0]); i++)
		if (text_is_nfc_quick(slice_of(unsure[i])))
			fail_msg("%s", unsure[i]);
}

/* ---- pieces at any place of any block ---- */

static uint32_t random_state;

static uint32_t
next_random(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % n;
}

/* Vietnamese, ASCII, emoji, marks, Khmer, anything; or a broken byte. */
static void
add_random(struct buf *b)
{
	static const uint32_t from[] = {0x20, 0xC0, 0x1EA0, 0x1F600, 0x300, 0x1780, 0x2000, 0xAA00};
	static const uint32_t count[] = {0x5F, 0xF0, 0x60, 0x40, 0x30, 0x80, 0x100, 0x80};
	uint32_t kind = next_random(40);
	int32_t c = (int32_t)next_random(POINTS);

	if (kind == 39)
		buf_addc(b, (char)(0x80 + next_random(0x80)));
	else if (kind == 38)
		text_add_code_point(b, is_surrogate(c) ? 'x' : c);
	else if (kind < 8 || next_random(10) == 0)
		text_add_code_point(b, (int32_t)(from[kind % 8] + next_random(count[kind % 8])));
	else
		text_add_code_point(b, (int32_t)(from[kind % 3] + next_random(count[kind % 3])));
}

static void
check_look(struct slice s)
{
	struct text_look look = text_look(s);
	bool is_good = text_find_malformed(s) < 0;
	size_t pairs, units, points = 0, doubles = 0, ascii = 0;

	for (size_t i = 0; i < s.n; i++)
		ascii += (unsigned char)s.p[i] < 0x80;
	assert_true(look.is_ascii == (ascii == s.n) && text_is_ascii(s) == look.is_ascii);
	if (look.is_nfc && !is_nfc(s)) {
		for (size_t i = 0; i < s.n; i++)
			printf("\\x%02x", (unsigned char)s.p[i]);
		fail_msg("%zu bytes are not NFC", s.n);
	}
	if (!is_good)
		return;
	units = text_utf16_length(s, &pairs);
	for (struct slice rest = s; rest.n > 0; points++)
		doubles += text_next(&rest) > 0xFFFF;
	assert_int_equal(pairs, doubles);
	assert_int_equal(units, points + doubles);
	if (look.is_nfc)
		assert_true(look.length == points && look.pairs == doubles);
}

/* Each text also cut at each byte, in memory that ends where the text does. */
static void
whatever_it_says_of_random_bytes_is_true(void **state)
{
	struct buf b = {0};
	int sure = 0;

	(void)state;
	random_state = 20261010;
	for (int i = 0; i < 20000; i++) {
		size_t want = next_random(PIECE);

		buf_reset(&b);
		while (b.len < want)
			add_random(&b);
		for (size_t n = i % 16 == 0 ? 0 : b.len; n <= b.len; n++) {
			char *copy = malloc(n + 1);

			assert_non_null(copy);
			memcpy(copy, b.data == NULL ? "" : b.data, n);
			check_look((struct slice){copy, n});
			free(copy);
		}
		sure += text_is_nfc_quick(buf_slice(&b));
	}
	assert_true(sure > 1000);
	buf_free(&b);
}

static void
long_texts_are_counted_in_full(void **state)
{
	struct buf b = {0};
	struct text_look look;
	size_t pairs;

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_adds(&b, i % 10 == 0 ? "🎉" : "ế");
	look = text_look(buf_slice(&b));
	assert_true(look.is_nfc && look.length == 100000 && look.pairs == 10000);
	assert_int_equal(text_utf16_length(buf_slice(&b), &pairs), 110000);
	assert_int_equal(pairs, 10000);
	buf_addc(&b, '\xe1');
	assert_false(text_is_nfc_quick(buf_slice(&b)));
	buf_free(&b);
}

static void
letters_have_a_base_and_styles_a_letter(void **state)
{
	int32_t out[4];

	(void)state;
	assert_int_equal(text_base_of(0x1EBF), 'e');	     /* ế */
	assert_int_equal(text_base_of(0x38F), 0x3A9);	     /* Ώ Ω */
	assert_int_equal(text_base_of(0x111), 0x111);	     /* đ has none */
	assert_int_equal(text_unstyled(0x1D400, out, 4), 1); /* mathematical bold A */
	assert_int_equal(out[0], 'A');
	assert_int_equal(text_unstyled(0x338F, out, 4), 2); /* ㎏ */
	assert_true(out[0] == 'k' && out[1] == 'g');
	assert_int_equal(text_unstyled('a', out, 4), 0);
	assert_int_equal(text_unstyled(0xFDFA, out, 4), 0); /* 18 code points */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sure_code_point_is_nfc_beside_any_other),
		cmocka_unit_test(what_people_write_is_sure),
		cmocka_unit_test(whatever_it_says_of_random_bytes_is_true),
		cmocka_unit_test(long_texts_are_counted_in_full),
		cmocka_unit_test(letters_have_a_base_and_styles_a_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
