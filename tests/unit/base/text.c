/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ệ in the three ways in which files spell it (Unicode 15, UAX 15) */
#define E_COMPOSED "\xe1\xbb\x87"	  /* U+1EC7 */
#define E_DECOMPOSED "e\xcc\xa3\xcc\x82"  /* e U+0323 U+0302 */
#define E_OTHER_ORDER "e\xcc\x82\xcc\xa3" /* e U+0302 U+0323 */
#define E_WINDOWS_1258 "\xc3\xaa\xcc\xa3" /* U+00EA U+0323 */

/* Not UTF-8, and where the first malformed byte is (RFC 3629). */
static const struct {
	struct slice text;
	ptrdiff_t at;
	size_t length;
} malformed[] = {
	{SLICE("\x80"), 0, 1},			/* continuation alone */
	{SLICE("ab\xff"), 2, 3},		/* never a byte of UTF-8 */
	{SLICE("\xc0\x80"), 0, 2},		/* overlong NUL */
	{SLICE("\xe0\x80\xaf"), 0, 3},		/* overlong / */
	{SLICE("\xed\xa0\x80"), 0, 3},		/* surrogate U+D800 */
	{SLICE("\xf4\x90\x80\x80"), 0, 4},	/* U+110000 */
	{SLICE("Vi\xe1\xbb"), 2, 4},		/* cut */
	{SLICE("\xe1\xbb\x87\xe1\xbbt"), 3, 4}, /* cut before a t */
	{SLICE("\xf8\x88\x80\x80\x80"), 0, 5},	/* five bytes */
};

static void
malformed_utf8_is_found_and_nothing_is_made_of_it(void **state)
{
	bool (*const add[])(struct buf *, struct slice) = {text_add_nfc, text_add_folded,
							   text_add_unaccented_folded};
	struct buf out = {0};

	(void)state;
	buf_adds(&out, "kept");
	for (size_t i = 0; i < COUNT(malformed); i++) {
		if (text_find_malformed(malformed[i].text) != malformed[i].at ||
		    text_length(malformed[i].text) != malformed[i].length)
			fail_msg("case %zu: %td, %zu", i, text_find_malformed(malformed[i].text),
				 text_length(malformed[i].text));
		for (size_t k = 0; k < COUNT(add); k++)
			assert_false(add[k](&out, malformed[i].text));
	}
	assert_string_equal(out.data, "kept");
	buf_free(&out);
}

static void
well_formed_text_is_read_to_its_end(void **state)
{
	static const int32_t points[] = {'V', 0x1ec7, 0, 0xd7ff, 0xe000, 0x10ffff};
	struct slice s = SLICE("V" E_COMPOSED "\0\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf");
	struct slice all = s;
	struct buf out = {0};

	(void)state;
	assert_int_equal(text_find_malformed(s), -1);
	assert_int_equal(text_length(s), COUNT(points));
	for (size_t i = 0; i < COUNT(points); i++) {
		assert_int_equal(text_next(&s), points[i]);
		text_add_code_point(&out, points[i]);
	}
	assert_int_equal(text_next(&s), -1);
	assert_int_equal(text_next(&s), -1);
	assert_true(slice_eq(buf_slice(&out), all));
	assert_int_equal(text_find_malformed(SLICE("")), -1);
	assert_int_equal(text_length((struct slice){NULL, 0}), 0);
	buf_free(&out);
}

static void
a_malformed_byte_is_stepped_over_alone(void **state)
{
	struct slice s = SLICE("\xe1\xbbt");

	(void)state;
	assert_int_equal(text_next(&s), -2);
	assert_int_equal(text_next(&s), -2);
	assert_int_equal(text_next(&s), 't');
	assert_int_equal(text_next(&s), -1);
}

static void
check(bool (*add)(struct buf *, struct slice), const char *in, const char *expected)
{
	struct buf out = {0};

	buf_addc(&out, '>');
	assert_true(add(&out, slice_of(in)));
	assert_int_equal(out.data[0], '>');
	assert_string_equal(out.data + 1, expected);
	buf_free(&out);
}

static void
all_spellings_of_a_letter_have_one_composed_form(void **state)
{
	(void)state;
	check(text_add_nfc, "Vi" E_COMPOSED "t", "Vi" E_COMPOSED "t");
	check(text_add_nfc, "Vi" E_DECOMPOSED "t", "Vi" E_COMPOSED "t");
	check(text_add_nfc, "Vi" E_OTHER_ORDER "t", "Vi" E_COMPOSED "t");
	check(text_add_nfc, "Vi" E_WINDOWS_1258 "t", "Vi" E_COMPOSED "t");
	/* ư + acute: u U+031B U+0301 → U+1EE9 */
	check(text_add_nfc, "u\xcc\x9b\xcc\x81", "\xe1\xbb\xa9");
	/* singleton: U+212B ANGSTROM SIGN → U+00C5 */
	check(text_add_nfc, "\xe2\x84\xab", "\xc3\x85");
	/* composition exclusion: U+0958 stays in two */
	check(text_add_nfc, "\xe0\xa5\x98", "\xe0\xa4\x95\xe0\xa4\xbc");
	/* a mark without a letter stays */
	check(text_add_nfc, "\xcc\x81", "\xcc\x81");
	check(text_add_nfc, "Ha Noi 10/10\n", "Ha Noi 10/10\n");
	check(text_add_nfc, "", "");
}

static void
folding_is_full_case_folding_in_composed_form(void **state)
{
	(void)state;
	check(text_add_folded, "@AZ[az", "@az[az");
	check(text_add_folded, "ĐƯỜNG NGUYỄN HUỆ", "đường nguyễn huệ");
	check(text_add_folded,
	      "VI"
	      "E\xcc\xa3\xcc\x82"
	      "T",
	      "vi" E_COMPOSED "t");
	/* CaseFolding.txt: ß → ss, ς → σ, U+0130 → i U+0307, KELVIN SIGN → k */
	check(text_add_folded, "\xc3\x9f", "ss");
	check(text_add_folded, "\xcf\x82", "\xcf\x83");
	check(text_add_folded, "\xc4\xb0", "i\xcc\x87");
	check(text_add_folded, "\xe2\x84\xaa", "k");
	check(text_add_folded, "", "");
}

static void
unaccented_text_has_no_marks_and_d_for_dd(void **state)
{
	(void)state;
	check(text_add_unaccented_folded, "Đường Nguyễn Huệ, số 12", "duong nguyen hue, so 12");
	check(text_add_unaccented_folded, "vi" E_DECOMPOSED "t Đ đ", "viet d d");
	check(text_add_unaccented_folded, "ĂÂÊÔƠƯ ỲÝỶỸỴ", "aaeoou yyyyy");
	check(text_add_unaccented_folded, "KHMER \xe1\x9e\x81", "khmer \xe1\x9e\x81");
	check(text_add_unaccented_folded, "\xcc\x81", "");
	check(text_add_unaccented_folded, "", "");
}

static void
a_letter_has_its_other_case_and_its_base(void **state)
{
	static const struct {
		int32_t c, upper, lower, bare;
	} letters[] = {
		{'a', 'A', 'a', 'a'},
		{'Z', 'Z', 'z', 'z'},
		{0x1EC5, 0x1EC4, 0x1EC5, 'e'}, /* ễ */
		{0x110, 0x110, 0x111, 'd'},    /* Đ */
		{0x1AF, 0x1AF, 0x1B0, 'u'},    /* Ư */
		{'7', '7', '7', '7'},
		{0x301, 0x301, 0x301, 0},	  /* an accent */
		{0x1780, 0x1780, 0x1780, 0x1780}, /* Khmer has neither */
	};
	char four[4];

	(void)state;
	for (size_t i = 0; i < COUNT(letters); i++) {
		assert_int_equal(text_upper(letters[i].c), letters[i].upper);
		assert_int_equal(text_lower(letters[i].c), letters[i].lower);
		assert_int_equal(text_bare(letters[i].c), letters[i].bare);
	}
	assert_int_equal(text_bare(-2), 0);
	assert_int_equal(text_put(four, 0x1EC5), 3);
	assert_memory_equal(four, "\xe1\xbb\x85", 3);
	assert_int_equal(text_put(four, 'x'), 1);
	assert_int_equal(text_put(four, 0x110000), 0);
}

static void
a_word_is_compared_without_accents_and_case(void **state)
{
	char out[6];

	(void)state;
	assert_true(text_bare_word(SLICE("N\xe1\xbb\xae"), out, sizeof(out))); /* NỮ */
	assert_string_equal(out, "nu");
	assert_true(
		text_bare_word(SLICE("e\xcc\x82\xcc\xa3 \xc4\x90"), out, sizeof(out))); /* ệ Đ */
	assert_string_equal(out, "e d");
	assert_true(text_bare_word(SLICE("abcde"), out, sizeof(out)));
	assert_false(text_bare_word(SLICE("abcdef"), out, sizeof(out)));
	assert_false(text_bare_word(SLICE("a\xff"), out, sizeof(out)));
	assert_false(text_bare_word(SLICE("\xe1\x9e\x80"), out, sizeof(out)));
	assert_true(text_bare_word(SLICE(""), out, sizeof(out)));
	assert_string_equal(out, "");
}

/*
 * e with marks above and below it in turn: those below come first. By the square
 * of their number this would take hours.
 */
static void
any_number_of_marks_is_put_in_order_at_once(void **state)
{
	enum { PAIRS = 500000 };
	struct buf in = {0}, out = {0}, wanted = {0};

	(void)state;
	buf_adds(&in, "e");
	buf_adds(&wanted, "\u1EB9");
	for (int i = 0; i < PAIRS; i++) {
		buf_adds(&in, "\u0301\u0323");
		if (i > 0)
			buf_adds(&wanted, "\u0323");
	}
	for (int i = 0; i < PAIRS; i++)
		buf_adds(&wanted, "\u0301");
	assert_true(text_add_nfc(&out, buf_slice(&in)));
	assert_true(slice_eq(buf_slice(&out), buf_slice(&wanted)));
	buf_free(&in);
	buf_free(&out);
	buf_free(&wanted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_letter_has_its_other_case_and_its_base),
		cmocka_unit_test(a_word_is_compared_without_accents_and_case),
		cmocka_unit_test(malformed_utf8_is_found_and_nothing_is_made_of_it),
		cmocka_unit_test(well_formed_text_is_read_to_its_end),
		cmocka_unit_test(a_malformed_byte_is_stepped_over_alone),
		cmocka_unit_test(all_spellings_of_a_letter_have_one_composed_form),
		cmocka_unit_test(any_number_of_marks_is_put_in_order_at_once),
		cmocka_unit_test(folding_is_full_case_folding_in_composed_form),
		cmocka_unit_test(unaccented_text_has_no_marks_and_d_for_dd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
