/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/err.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *
nearest(const char *word)
{
	static const char *const names[] = {"url", "user", "password", "concurrency", "hộ_nghèo"};

	return nearest_name(word, names, COUNT(names));
}

static void
a_misspelling_is_one_slip_of_a_short_word(void **state)
{
	(void)state;
	assert_string_equal(nearest("urls"), "url");  /* one more */
	assert_string_equal(nearest("usr"), "user");  /* one left out */
	assert_string_equal(nearest("uesr"), "user"); /* two swapped */
	assert_string_equal(nearest("uzer"), "user"); /* one replaced */
	assert_string_equal(nearest("user"), "user");
	assert_null(nearest("xyz"));
	assert_null(nearest("ursz"));
}

static void
a_longer_word_may_have_more_slips(void **state)
{
	(void)state;
	/* 8 letters: 8 / 3 + 1 = 3 slips */
	assert_string_equal(nearest("pasword"), "password");
	assert_string_equal(nearest("passwxyz"), "password");
	assert_null(nearest("pasvwxyz"));
	assert_string_equal(nearest("concurency"), "concurrency");
	assert_string_equal(nearest("hộ_ngheo"), "hộ_nghèo");
}

static void
no_word_and_a_very_long_one_are_near_to_nothing(void **state)
{
	static const char *const names[] = {"a"};
	char word[200];

	(void)state;
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_null(nearest(""));
	assert_null(nearest(word));
	assert_null(nearest_name("a", names, 0));
	word[64] = '\0';
	assert_null(nearest_name(word, names, 1));
	assert_string_equal(nearest_name(word, (const char *const[]){word}, 1), word);
}

static void
the_nearest_of_several_is_named(void **state)
{
	static const char *const names[] = {"timeout", "timeout_ms", "timeouts"};

	(void)state;
	assert_string_equal(nearest_name("timeout_m", names, COUNT(names)), "timeout_ms");
	assert_string_equal(nearest_name("timeoutss", names, COUNT(names)), "timeouts");
}

static void
an_error_is_printed_without_its_empty_pieces(void **state)
{
	struct err_ctx e;
	struct buf out = {0};

	(void)state;
	assert_int_equal(err_set(&e, ERR_INPUT, "rate", "write it", "is %d", 7), ERR_INPUT);
	err_print(&e, &out);
	assert_string_equal(out.data, "rate: is 7: write it");
	buf_reset(&out);
	err_set(&e, ERR_SYSTEM, NULL, NULL, "%s", "is full");
	err_print(&e, &out);
	assert_string_equal(out.data, "is full");
	buf_reset(&out);
	err_set(&e, ERR_SYSTEM, "disk", "", "%s", "is full");
	err_print(&e, &out);
	assert_string_equal(out.data, "disk: is full");
	assert_int_equal(e.line, 0);
	buf_free(&out);
}

static void
an_error_may_be_thrown_away_or_too_long(void **state)
{
	struct err_ctx e;
	char word[1000];

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_int_equal(err_set(NULL, ERR_CONFLICT, "a", "b", "c"), ERR_CONFLICT);
	err_set(&e, ERR_INPUT, word, word, "%s", word);
	assert_int_equal(strlen(e.what), sizeof(e.what) - 1);
	assert_int_equal(strlen(e.why), sizeof(e.why) - 1);
	assert_int_equal(strlen(e.todo), sizeof(e.todo) - 1);
}

/* The table of the header. */
static void
each_code_has_its_exit_code_status_and_name(void **state)
{
	static const struct {
		enum err code;
		int exit_code, status;
		const char *name;
	} codes[] = {
		{ERR_OK, 0, 200, "ok"},
		{ERR_INPUT, 1, 422, "input"},
		{ERR_USAGE, 2, 400, "usage"},
		{ERR_UNREACHABLE, 3, 503, "unreachable"},
		{ERR_REFUSED, 4, 403, "refused"},
		{ERR_NOT_FOUND, 1, 404, "not-found"},
		{ERR_CONFLICT, 1, 409, "conflict"},
		{ERR_SYSTEM, 3, 500, "system"},
		{(enum err) - 99, 3, 500, "system"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		assert_int_equal(err_exit_code(codes[i].code), codes[i].exit_code);
		assert_int_equal(err_http_status(codes[i].code), codes[i].status);
		assert_string_equal(err_name(codes[i].code), codes[i].name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_misspelling_is_one_slip_of_a_short_word),
		cmocka_unit_test(a_longer_word_may_have_more_slips),
		cmocka_unit_test(no_word_and_a_very_long_one_are_near_to_nothing),
		cmocka_unit_test(the_nearest_of_several_is_named),
		cmocka_unit_test(an_error_is_printed_without_its_empty_pieces),
		cmocka_unit_test(an_error_may_be_thrown_away_or_too_long),
		cmocka_unit_test(each_code_has_its_exit_code_status_and_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
