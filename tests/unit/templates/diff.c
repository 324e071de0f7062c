/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/buf.h"
#include "templates/diff.h"

static struct buf told;

static void
note(void *arg, enum diff_kind kind, struct slice piece)
{
	static const char marks[] = "=-+";

	(void)arg;
	buf_addf(&told, "%c%.*s|", marks[kind], (int)piece.n, piece.p);
}

static const char *
lines(const char *before, const char *after)
{
	buf_reset(&told);
	buf_adds(&told, "");
	diff_lines(slice_of(before), slice_of(after), note, NULL);
	return told.data;
}

static const char *
words(const char *before, const char *after)
{
	buf_reset(&told);
	buf_adds(&told, "");
	diff_words(slice_of(before), slice_of(after), note, NULL);
	return told.data;
}

static void
lines_that_stay_are_told_as_such(void **state)
{
	(void)state;
	assert_string_equal(lines("a\nb\nc\n", "a\nx\nc"), "=a|-b|+x|=c|");
	assert_string_equal(lines("a\nb", "b\nc"), "-a|=b|+c|");
	assert_string_equal(lines("", "a\nb"), "+a|+b|");
	assert_string_equal(lines("a", "a"), "=a|");
	assert_string_equal(lines("", ""), "");
}

static void
words_within_a_line_are_marked(void **state)
{
	(void)state;
	assert_string_equal(words("mời bà nộp", "mời ông nộp"), "=mời|= |-bà|+ông|= |=nộp|");
	assert_string_equal(words("a  b", "a b"), "=a|-  |+ |=b|");
}

/* 3,000 × 3,000 lines are more cells than are looked at. */
static void
a_change_too_large_to_compare_is_told_as_one(void **state)
{
	struct buf a = {0}, b = {0};

	(void)state;
	for (int i = 0; i < 3000; i++) {
		buf_addf(&a, "a%d\n", i);
		buf_addf(&b, "b%d\n", i);
	}
	lines(a.data, b.data);
	assert_memory_equal(told.data, "-a0|-a1|", 8);
	assert_memory_equal(told.data + told.len - 7, "+b2999|", 7);
	buf_free(&a);
	buf_free(&b);
}

static int
forget(void **state)
{
	(void)state;
	buf_free(&told);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_stay_are_told_as_such),
		cmocka_unit_test(words_within_a_line_are_marked),
		cmocka_unit_test(a_change_too_large_to_compare_is_told_as_one),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
