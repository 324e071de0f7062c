/* SPDX-License-Identifier: MIT */
/* Expected values: 3GPP TS 23.038 section 6.2.1 and arithmetic by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/text.h"
#include "templates/sms.h"

static struct buf text;

static int
free_text(void **state)
{
	(void)state;
	buf_free(&text);
	return 0;
}

static void
add(const char *s, int times)
{
	for (; times > 0; times--)
		buf_adds(&text, s);
}

/* Count what was added, and begin anew. */
static void
expect(enum sms_encoding encoding, uint32_t units, uint32_t parts)
{
	struct sms_count n = sms_count(buf_slice(&text));

	assert_int_equal(n.encoding, encoding);
	assert_int_equal(n.units, units);
	assert_int_equal(n.parts, parts);
	buf_reset(&text);
}

static void
the_alphabet_is_the_standards(void **state)
{
	static const char one[] =
		"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
	static const char two[] = "\f^{}\\[~]|€";
	struct slice s = SLICE(one), ext = SLICE(two);
	unsigned found_one = 0, found_two = 0;

	(void)state;
	assert_int_equal(text_length(s), 127); /* 128 positions without the escape */
	while (s.n > 0)
		assert_int_equal(sms_gsm7_septets((uint32_t)text_next(&s)), 1);
	while (ext.n > 0)
		assert_int_equal(sms_gsm7_septets((uint32_t)text_next(&ext)), 2);
	for (uint32_t c = 0; c <= 0x10FFFF; c++) {
		found_one += sms_gsm7_septets(c) == 1;
		found_two += sms_gsm7_septets(c) == 2;
	}
	assert_int_equal(found_one, 127);
	assert_int_equal(found_two, 10);
}

static void
look_alikes_are_not_in_the_alphabet(void **state)
{
	static const uint32_t others[] = {'`',	  '\t',	  0x1B,	 0,	 0x7F,	 0xA0,	 0xE7,
					  0xC0,	  0xE1,	  0x111, 0x20AB, 0x201C, 0x2019, 0x2013,
					  0x2026, 0x200B, 0x3B1, 0x2126, 0x1F600};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(sms_gsm7_septets(others[i]), 0);
}

static void
an_empty_text_has_no_part(void **state)
{
	(void)state;
	expect(SMS_GSM7, 0, 0);
}

static void
septets_fill_160_then_153_a_part(void **state)
{
	static const struct {
		int n;
		uint32_t parts;
	} cases[] = {{1, 1},   {160, 1}, {161, 2}, {306, 2}, {307, 3}, {459, 3},
		     {460, 4}, {612, 4}, {613, 5}, {765, 5}, {918, 6}, {919, 7}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		add("a", cases[i].n);
		expect(SMS_GSM7, (uint32_t)cases[i].n, cases[i].parts);
	}
}

static void
utf16_units_fill_70_then_67_a_part(void **state)
{
	static const struct {
		int n;
		uint32_t parts;
	} cases[] = {{1, 1},   {70, 1},	 {71, 2},  {134, 2}, {135, 3}, {201, 3},
		     {202, 4}, {268, 4}, {269, 5}, {335, 5}, {336, 6}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		add("ế", cases[i].n);
		expect(SMS_UCS2, (uint32_t)cases[i].n, cases[i].parts);
	}
}

static void
an_extension_character_costs_two_septets(void **state)
{
	(void)state;
	add("[QC]", 1);
	expect(SMS_GSM7, 6, 1);
	add("a", 158);
	add("€", 1);
	expect(SMS_GSM7, 160, 1);
	add("a", 159);
	add("€", 1);
	expect(SMS_GSM7, 161, 2);
	add("[", 80);
	expect(SMS_GSM7, 160, 1);
}

/* Whole pairs only: 76 [ are 152 septets of a part, the 77th begins the next. */
static void
an_escape_sequence_is_never_split(void **state)
{
	(void)state;
	add("a", 152);
	add("€", 1);
	add("a", 151);
	expect(SMS_GSM7, 305, 2); /* 152 | 2 + 151 */
	add("a", 152);
	add("€", 1);
	add("a", 152);
	add("x", 1);
	expect(SMS_GSM7, 307, 3);
	add("a", 152);
	add("[", 1);
	add("a", 152);
	expect(SMS_GSM7, 306, 3); /* 152 | 2 + 151 | 1 */
	add("a", 151);
	add("[", 1);
	add("a", 153);
	expect(SMS_GSM7, 306, 2); /* 151 + 2 | 153 */
	add("[", 153);
	expect(SMS_GSM7, 306, 3); /* 76, 76 and 1 */
	add("[", 152);
	expect(SMS_GSM7, 304, 2);
}

static void
a_surrogate_pair_is_never_split(void **state)
{
	(void)state;
	add("😀", 35);
	expect(SMS_UCS2, 70, 1);
	add("😀", 36);
	expect(SMS_UCS2, 72, 2);
	add("ă", 66);
	add("😀", 1);
	add("ă", 66);
	expect(SMS_UCS2, 134, 3); /* 66 | 2 + 65 | 1 */
	add("ă", 65);
	add("😀", 1);
	add("ă", 67);
	expect(SMS_UCS2, 134, 2); /* 65 + 2 | 67 */
	add("😀", 66);
	expect(SMS_UCS2, 132, 2); /* 33 pairs a part */
	add("😀", 67);
	expect(SMS_UCS2, 134, 3);
}

static void
one_letter_beyond_the_alphabet_makes_all_of_it_ucs2(void **state)
{
	(void)state;
	add("a", 70);
	add("đ", 1);
	expect(SMS_UCS2, 71, 2);
	add("[", 69);
	add("đ", 1);
	expect(SMS_UCS2, 70, 1); /* no escapes in UCS-2 */
	add("Bà Lò", 1);
	expect(SMS_GSM7, 5, 1);
	add("Bá Lò", 1);
	expect(SMS_UCS2, 5, 1);
	add("Cổng Dịch vụ công quốc gia", 1);
	expect(SMS_UCS2, 26, 1);
	add("a\r\nb", 1);
	expect(SMS_GSM7, 4, 1);
}

static void
a_malformed_byte_counts_as_the_replacement_character(void **state)
{
	(void)state;
	add("a\xFF", 1);
	expect(SMS_UCS2, 2, 1);
}

static void
encodings_have_names(void **state)
{
	(void)state;
	assert_string_equal(sms_encoding_name(SMS_GSM7), "gsm7");
	assert_string_equal(sms_encoding_name(SMS_UCS2), "ucs2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_alphabet_is_the_standards),
		cmocka_unit_test(look_alikes_are_not_in_the_alphabet),
		cmocka_unit_test(an_empty_text_has_no_part),
		cmocka_unit_test(septets_fill_160_then_153_a_part),
		cmocka_unit_test(utf16_units_fill_70_then_67_a_part),
		cmocka_unit_test(an_extension_character_costs_two_septets),
		cmocka_unit_test(an_escape_sequence_is_never_split),
		cmocka_unit_test(a_surrogate_pair_is_never_split),
		cmocka_unit_test(one_letter_beyond_the_alphabet_makes_all_of_it_ucs2),
		cmocka_unit_test(a_malformed_byte_counts_as_the_replacement_character),
		cmocka_unit_test(encodings_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, free_text);
}
