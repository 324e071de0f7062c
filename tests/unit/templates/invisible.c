/* SPDX-License-Identifier: MIT */
/* Expected values: Unicode's general categories by utf8proc. Texts are in tests/cases/text/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <utf8proc.h>

#include "templates/invisible.h"

/* Of category Cf, and seen all the same: signs before numbers, of Syriac, Kaithi, hieroglyphs. */
static bool
is_visible_format(uint32_t c)
{
	return (c >= 0x600 && c <= 0x605) || c == 0x6DD || c == 0x70F || c == 0x890 || c == 0x891 ||
	       c == 0x8E2 || c == 0x110BD || c == 0x110CD || (c >= 0x13430 && c <= 0x1343F);
}

static bool
is_line_or_blank(uint32_t c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\f';
}

static void
every_format_character_blank_and_control_is_named(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x110000; c++) {
		switch (utf8proc_category((utf8proc_int32_t)c)) {
		case UTF8PROC_CATEGORY_CF:
		case UTF8PROC_CATEGORY_ZS:
		case UTF8PROC_CATEGORY_ZL:
		case UTF8PROC_CATEGORY_ZP:
		case UTF8PROC_CATEGORY_CC:
			if (invisible_name(c) == NULL && !is_line_or_blank(c) &&
			    !is_visible_format(c))
				fail_msg("U+%04X has no name", (unsigned)c);
			break;
		default:
			break;
		}
	}
}

/* Letters, digits, signs; but the fillers, the inherent vowels and the empty Braille cell. */
static void
nothing_that_is_seen_is_named(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x110000; c++) {
		utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
		bool is_seen = (k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO) ||
			       (k >= UTF8PROC_CATEGORY_ND && k <= UTF8PROC_CATEGORY_SO);
		bool is_filler =
			c == 0x115F || c == 0x1160 || c == 0x3164 || c == 0xFFA0 || c == 0x2800;

		if ((is_seen || is_line_or_blank(c)) && !is_filler && invisible_name(c) != NULL)
			fail_msg("U+%04X: %s", (unsigned)c, invisible_name(c));
	}
}

static void
what_stands_in_is_nothing_a_blank_or_a_line_end(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x110000; c++) {
		const char *r = invisible_replacement(c);

		assert_int_equal(r == NULL, invisible_name(c) == NULL);
		if (r != NULL)
			assert_true(r[0] == '\0' ||
				    ((r[0] == ' ' || r[0] == '\n') && r[1] == '\0'));
	}
	assert_string_equal(invisible_replacement(0xA0), " ");
	assert_string_equal(invisible_replacement(0x2028), "\n");
	assert_string_equal(invisible_replacement(0x200B), "");
	assert_null(invisible_replacement('a'));
}

static void
those_beyond_the_callers_room_are_counted(void **state)
{
	struct invisible found[1];

	(void)state;
	assert_int_equal(invisible_find(SLICE("a\u200b\u200b\u200b"), found, 1), 3);
	assert_int_equal(found[0].at, 1);
	assert_int_equal(invisible_find(SLICE("a\u200b\xff\u200b"), NULL, 0), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_format_character_blank_and_control_is_named),
		cmocka_unit_test(nothing_that_is_seen_is_named),
		cmocka_unit_test(what_stands_in_is_nothing_a_blank_or_a_line_end),
		cmocka_unit_test(those_beyond_the_callers_room_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
