/* SPDX-License-Identifier: MIT */
/* Expected cells: RFC 4180 section 2, and OWASP's list of characters that begin a formula. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/mem.h"
#include "dispatcher/run/cells.h"

static void
assert_cell(const char *text, const char *wanted)
{
	struct buf out = {0};

	buf_adds(&out, "");
	cells_add_text(&out, slice_of(text));
	assert_string_equal(out.data, wanted);
	buf_free(&out);
}

static void
assert_phone(uint64_t phone, bool is_full, const char *wanted)
{
	struct buf out = {0};

	buf_adds(&out, "");
	cells_add_phone(&out, phone, is_full);
	assert_string_equal(out.data, wanted);
	buf_free(&out);
}

static void
a_plain_cell_stays_as_it_is(void **state)
{
	(void)state;
	assert_cell("", "");
	assert_cell("Nguyễn Văn A", "Nguyễn Văn A");
	assert_cell("a;b", "a;b");
	assert_cell("1=1", "1=1");
	assert_cell("O'Neil", "O'Neil");
	assert_cell("'tis", "'tis");
}

static void
commas_quotes_and_line_ends_are_quoted(void **state)
{
	(void)state;
	assert_cell("a,b", "\"a,b\"");
	assert_cell("say \"x\"", "\"say \"\"x\"\"\"");
	assert_cell("a\r\nb", "\"a\r\nb\"");
}

static void
a_formula_gets_an_apostrophe(void **state)
{
	(void)state;
	assert_cell("=1+1", "'=1+1");
	assert_cell("+84912345678", "'+84912345678");
	assert_cell("-5", "'-5");
	assert_cell("@SUM(A1)", "'@SUM(A1)");
	assert_cell("\tx", "'\tx");
	assert_cell("\rx", "\"'\rx\"");
	assert_cell("\nx", "\"'\nx\"");
	assert_cell("=HYPERLINK(\"http://x\",\"y\")",
		    "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
}

static void
an_apostrophe_before_a_formula_gets_another_so_that_one_can_be_taken_off(void **state)
{
	(void)state;
	assert_cell("'=1", "''=1");
	assert_cell("''-1", "'''-1");
	assert_cell("'", "'");
}

static void
a_phone_is_masked_in_the_middle_or_whole(void **state)
{
	(void)state;
	assert_phone(84912345678u, false, "0912***678");
	assert_phone(84912345678u, true, "0912345678");
	assert_phone(0, false, "");
	assert_phone(0, true, "");
	assert_phone(12345, false, "***");
}

#define T(f) cmocka_unit_test(f)
int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_plain_cell_stays_as_it_is),
		T(commas_quotes_and_line_ends_are_quoted),
		T(a_formula_gets_an_apostrophe),
		T(an_apostrophe_before_a_formula_gets_another_so_that_one_can_be_taken_off),
		T(a_phone_is_masked_in_the_middle_or_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
