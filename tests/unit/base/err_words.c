/* SPDX-License-Identifier: MIT */
/* Words of errors that come from outside: cut between letters, never half a letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/json.h"
#include "base/text.h"

static void
words_that_are_cut_end_in_whole_letters(void **state)
{
	struct err_ctx e;
	struct buf b = {0};

	(void)state;
	buf_adds(&b, "x"); /* 399 bytes fit, and 397 = 1 + 3 * 132 */
	for (int i = 0; i < 200; i++)
		buf_adds(&b, "\u1ebf");
	err_set(&e, ERR_INPUT, b.data, b.data, "%s", b.data);
	assert_int_equal(strlen(e.why), 397);
	assert_int_equal(strlen(e.what), 157); /* 159 fit, 157 = 1 + 3 * 52 */
	assert_int_equal(strlen(e.todo), 238); /* 239 fit, 238 = 1 + 3 * 79 */
	assert_true(text_find_malformed(slice_of(e.why)) < 0);
	buf_free(&b);
}

static void
bytes_that_are_no_text_are_shown_as_question_marks(void **state)
{
	struct err_ctx e;

	(void)state;
	err_set(&e, ERR_INPUT, "a\xC3(b", "", "near '%s'", "\xE1\xBB' and \xFF.");
	assert_string_equal(e.what, "a?(b");
	assert_string_equal(e.why, "near '?\?' and ?.'");
}

static void
a_json_error_quotes_no_half_letter(void **state)
{
	struct err_ctx e;
	json_t *v;

	(void)state;
	assert_int_equal(json_parse(SLICE("\"n\\u000\u1ebf\""), 100, "x", &v, &e), ERR_INPUT);
	assert_true(text_find_malformed(slice_of(e.why)) < 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_that_are_cut_end_in_whole_letters),
		cmocka_unit_test(bytes_that_are_no_text_are_shown_as_question_marks),
		cmocka_unit_test(a_json_error_quotes_no_half_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
