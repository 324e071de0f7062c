/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/buf.h"

static void
numbers_must_be_the_whole_slice(void **state)
{
	static const struct {
		struct slice text;
		bool is_good;
		int64_t value;
	} cases[] = {
		{SLICE("0"), true, 0},
		{SLICE("-12"), true, -12},
		{SLICE("007"), true, 7},
		{SLICE("9223372036854775807"), true, INT64_MAX},
		{SLICE("-9223372036854775808"), true, INT64_MIN},
		{SLICE("9223372036854775808"), false, 0},
		{SLICE("000000000000000000000000000001"), false, 0},
		{SLICE(""), false, 0},
		{SLICE("-"), false, 0},
		{SLICE("- 1"), false, 0},
		{SLICE("+1"), false, 0},
		{SLICE(" 1"), false, 0},
		{SLICE("1 "), false, 0},
		{SLICE("1.0"), false, 0},
		{SLICE("0x10"), false, 0},
		{SLICE("12\0"), false, 0},
		{SLICE("12\0003"), false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t v = 0;
		bool is_good = slice_to_i64(cases[i].text, &v);

		if (is_good != cases[i].is_good || (is_good && v != cases[i].value))
			fail_msg("case %zu: %d %lld", i, is_good, (long long)v);
	}
}

static void
fractions_are_plain_decimal_numbers(void **state)
{
	static const char *const bad[] = {"",	 "-",	  ".",	"1,5",	 "0x1p3", "inf",
					  "nan", "1e999", "1 ", "1.2.3", "e5"};
	double v = 0;

	(void)state;
	assert_true(slice_to_double(SLICE("0.5"), &v) && v == 0.5);
	assert_true(slice_to_double(SLICE("-.25"), &v) && v == -0.25);
	assert_true(slice_to_double(SLICE("2e3"), &v) && v == 2000);
	assert_false(slice_to_double(SLICE("1\0"), &v));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (slice_to_double(slice_of(bad[i]), &v))
			fail_msg("took \"%s\"", bad[i]);
}

static void
trimming_takes_ascii_blanks_at_both_ends_only(void **state)
{
	(void)state;
	assert_true(slice_is(slice_trim(SLICE(" \t\r\n a b \n")), "a b"));
	assert_int_equal(slice_trim(SLICE(" \n ")).n, 0);
	assert_int_equal(slice_trim((struct slice){NULL, 0}).n, 0);
	/* U+00A0 is no ASCII blank */
	assert_int_equal(slice_trim(SLICE("\xc2\xa0")).n, 2);
}

static void
slices_are_equal_by_their_bytes(void **state)
{
	(void)state;
	assert_true(slice_eq((struct slice){NULL, 0}, SLICE("")));
	assert_true(slice_eq(SLICE("a\0b"), SLICE("a\0b")));
	assert_false(slice_eq(SLICE("a\0b"), SLICE("a\0c")));
	assert_false(slice_is(SLICE("ab"), "a"));
	assert_int_equal(slice_of(NULL).n, 0);
}

static void
a_buffer_stays_terminated_while_it_grows(void **state)
{
	struct buf b = {0};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		buf_addc(&b, (char)('a' + i % 26));
		assert_int_equal(b.data[b.len], '\0');
	}
	assert_int_equal(b.len, 1000);
	assert_int_equal(b.data[999], 'a' + 999 % 26);
	buf_reset(&b);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
	buf_addf(&b, "%d%s", 12, "ab");
	buf_addf(&b, "%s", "");
	assert_string_equal(b.data, "12ab");
	buf_free(&b);
	assert_null(b.data);
}

static void
nothing_added_is_nothing_and_can_be_taken(void **state)
{
	struct buf b = {0};
	char *p;

	(void)state;
	buf_consume(&b, 5);
	buf_reset(&b);
	assert_null(b.data);
	buf_add(&b, NULL, 0);
	assert_int_equal(b.len, 0);
	p = buf_take(&b);
	assert_string_equal(p, "");
	free(p);
	p = buf_take(&b);
	assert_string_equal(p, "");
	free(p);
	buf_free(&b);
}

static void
bytes_are_consumed_from_the_front(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_adds(&b, "abcdef");
	buf_consume(&b, 0);
	buf_consume(&b, 2);
	assert_string_equal(b.data, "cdef");
	buf_consume(&b, 4);
	assert_string_equal(b.data, "");
	buf_adds(&b, "x");
	buf_consume(&b, 100);
	assert_int_equal(b.len, 0);
	buf_free(&b);
}

static void
integers_are_written_little_endian(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_add_u8(&b, 0x01);
	buf_add_u16(&b, 0x0203);
	buf_add_u32(&b, 0x04050607);
	buf_add_u64(&b, 0x08090a0b0c0d0e0f);
	assert_true(slice_eq(buf_slice(&b), SLICE("\x01\x03\x02\x07\x06\x05\x04"
						  "\x0f\x0e\x0d\x0c\x0b\x0a\x09\x08")));
	buf_free(&b);
}

static void
a_reader_ends_softly_and_stays_bad(void **state)
{
	struct reader r =
		reader_of(SLICE("\x01\x03\x02\x07\x06\x05\x04\xff\xff\xff\xff\xff\xff\xff\x7f"
				"abc"));

	(void)state;
	assert_int_equal(reader_u8(&r), 1);
	assert_int_equal(reader_u16(&r), 0x0203);
	assert_int_equal(reader_u32(&r), 0x04050607);
	assert_true(reader_u64(&r) == INT64_MAX);
	assert_true(slice_is(reader_bytes(&r, 2), "ab"));
	assert_false(r.is_bad);
	assert_int_equal(reader_u16(&r), 0);
	assert_true(r.is_bad);
	/* the byte that was left is not handed out after a miss */
	assert_int_equal(reader_u8(&r), 0);
	assert_int_equal(reader_bytes(&r, 1).n, 0);
	r = reader_of((struct slice){NULL, 0});
	assert_int_equal(reader_bytes(&r, 0).n, 0);
	assert_false(r.is_bad);
	assert_int_equal(reader_bytes(&r, SIZE_MAX).n, 0);
	assert_true(r.is_bad);
}

static void
words_are_taken_up_to_an_end_or_whole(void **state)
{
	struct slice s = SLICE("a,,bc"), none = {NULL, 0};

	(void)state;
	assert_true(slice_is(slice_take_until(&s, ','), "a"));
	assert_true(slice_is(slice_take_until(&s, ','), ""));
	assert_true(slice_take_char(&s, 'b'));
	assert_false(slice_take_char(&s, 'b'));
	assert_true(slice_is(slice_take_until(&s, ','), "c"));
	assert_int_equal(s.n, 0);
	assert_false(slice_take_char(&s, 'c'));
	assert_int_equal(slice_take_until(&none, ',').n, 0);
}

static void
a_copy_is_cut_and_has_its_end(void **state)
{
	char out[4] = "xxx";

	(void)state;
	slice_copy(out, sizeof(out), SLICE("ab"));
	assert_string_equal(out, "ab");
	slice_copy(out, sizeof(out), SLICE("abcd"));
	assert_string_equal(out, "abc");
	slice_copy(out, sizeof(out), (struct slice){NULL, 0});
	assert_string_equal(out, "");
}

static void
counters_are_never_negative_and_hex_has_both_cases(void **state)
{
	(void)state;
	assert_true(slice_to_u64(SLICE("9223372036854775807")) == INT64_MAX);
	assert_int_equal(slice_to_u64(SLICE("-1")), 0);
	assert_int_equal(slice_to_u64(SLICE("7 ")), 0);
	assert_int_equal(slice_to_u64((struct slice){NULL, 0}), 0);
	assert_int_equal(hex_value('9'), 9);
	assert_int_equal(hex_value('f'), 15);
	assert_int_equal(hex_value('A'), 10);
	assert_int_equal(hex_value('g'), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_must_be_the_whole_slice),
		cmocka_unit_test(fractions_are_plain_decimal_numbers),
		cmocka_unit_test(trimming_takes_ascii_blanks_at_both_ends_only),
		cmocka_unit_test(slices_are_equal_by_their_bytes),
		cmocka_unit_test(a_buffer_stays_terminated_while_it_grows),
		cmocka_unit_test(nothing_added_is_nothing_and_can_be_taken),
		cmocka_unit_test(bytes_are_consumed_from_the_front),
		cmocka_unit_test(integers_are_written_little_endian),
		cmocka_unit_test(a_reader_ends_softly_and_stays_bad),
		cmocka_unit_test(words_are_taken_up_to_an_end_or_whole),
		cmocka_unit_test(a_copy_is_cut_and_has_its_end),
		cmocka_unit_test(counters_are_never_negative_and_hex_has_both_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
