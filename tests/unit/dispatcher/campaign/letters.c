/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/campaign/letters.h"

static struct letters *letters;
static json_t *told;

static int
set_up(void **state)
{
	(void)state;
	letters = xcalloc(1, sizeof(*letters));
	told = json_object();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	free(letters);
	json_decref(told);
	return 0;
}

/* Each as the standard bills it, in rows 1, 2, … */
static void
add_by(const struct sms_rules *rules, const char *text)
{
	struct letters_text t = {.text = slice_of(text), .rules = rules};

	t.is_unicode = sms_count_by(rules, t.text).count.encoding == SMS_UCS2;
	t.row = letters->messages + 1;
	letters_add(letters, &t);
}

static void
add(const char *text)
{
	add_by(NULL, text);
}

static json_t *
forcing(size_t i)
{
	return json_array_get(json_object_get(told, "unicode_because"), i);
}

static int
number(const json_t *v, const char *key)
{
	json_t *n = json_object_get(v, key);

	return n != NULL ? (int)json_integer_value(n) : -1;
}

static const char *
word(const json_t *v, const char *key)
{
	return json_string_value(json_object_get(v, key));
}

static void
a_sign_that_alone_forces_unicode_is_counted_by_messages(void **state)
{
	(void)state;
	add("Ho so 1");		   /* GSM */
	add("Ho so – cap xa – 2"); /* the dash alone, twice in one message */
	add("Hồ sơ – 3");	   /* ồ, ơ and the dash */
	add("Ho so – 4");	   /* the dash alone */
	add("“Ho so”");		   /* two signs, none of them alone */
	add("Sở");		   /* one letter alone */
	letters_tell(letters, told);
	assert_int_equal(json_array_size(json_object_get(told, "unicode_because")), 6);
	assert_string_equal(word(forcing(0), "character"), "–");
	assert_string_equal(word(forcing(0), "code_point"), "U+2013");
	assert_string_equal(word(forcing(0), "suggestion"), "-");
	assert_int_equal(number(forcing(0), "messages"), 3);
	assert_int_equal(number(forcing(0), "alone"), 2);
	assert_int_equal(number(forcing(0), "row"), 2);
	assert_string_equal(word(forcing(1), "character"), "ở");
	assert_int_equal(number(forcing(1), "alone"), 1);
	assert_int_equal(number(forcing(2), "alone"), 0);
	/* Without signs "Ho so – …" twice and “Ho so” are plain; "Sở" and "Hồ sơ" are not. */
	assert_int_equal(number(told, "unicode_by_signs"), 3);
	assert_int_equal(number(told, "unicode_characters"), 6);
}

static void
what_nobody_sees_is_named_and_counted(void **state)
{
	const json_t *hidden, *first;

	(void)state;
	add("a\xe2\x80\x8b"
	    "b\xe2\x80\x8b"); /* U+200B twice */
	add("plain");
	add("a\xc2\xa0ê"); /* a no-break space, and a letter */
	letters_tell(letters, told);
	hidden = json_object_get(told, "invisible");
	assert_int_equal(number(hidden, "messages"), 2);
	assert_int_equal(number(hidden, "count"), 3);
	first = json_array_get(json_object_get(hidden, "characters"), 0);
	assert_string_equal(word(first, "name"), "zero-width space");
	assert_string_equal(word(first, "suggestion"), "");
	assert_int_equal(number(first, "alone"), 1);
	assert_int_equal(number(told, "unicode_by_signs"), 1);
}

/* à is of the GSM alphabet (3GPP TS 23.038); a carrier that takes ASCII only bills it as Unicode. */
static void
a_carrier_of_ascii_only_is_forced_by_more(void **state)
{
	struct sms_rules ascii = sms_rules_standard;

	(void)state;
	ascii.is_ascii_only = true;
	add("à la carte");
	assert_int_equal(letters->messages, 1);
	add_by(&ascii, "à la carte");
	letters_tell(letters, told);
	assert_int_equal(json_array_size(json_object_get(told, "unicode_because")), 1);
	assert_string_equal(word(forcing(0), "character"), "à");
	assert_string_equal(word(forcing(0), "suggestion"), "a");
	assert_int_equal(number(forcing(0), "alone"), 1);
	assert_int_equal(number(told, "unicode_by_signs"), 0);
}

static void
more_different_characters_than_there_is_room_for_are_no_harm(void **state)
{
	struct buf b = {0};

	(void)state;
	for (int32_t c = 0x4e00; c < 0x4e00 + (int32_t)LETTERS_MAX + 500; c++) {
		buf_reset(&b);
		text_add_code_point(&b, c);
		add(b.data);
	}
	buf_free(&b);
	letters_tell(letters, told);
	assert_true(letters->has_more);
	assert_int_equal(number(told, "unicode_characters"), LETTERS_MAX);
	assert_int_equal(json_array_size(json_object_get(told, "unicode_because")), LETTERS_SHOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_sign_that_alone_forces_unicode_is_counted_by_messages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_nobody_sees_is_named_and_counted, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_carrier_of_ascii_only_is_forced_by_more, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			more_different_characters_than_there_is_room_for_are_no_harm, set_up,
			tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
