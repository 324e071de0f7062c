/* SPDX-License-Identifier: MIT */
/*
 * Erasing in a real Redis: what its Lua functions compare, change and leave. Expected values come from
 * the rules at the top of dispatcher/lua/erase.lua.
 */
#include "tests/unit/dispatcher/store/library_fixture.h"

#define HASH "0123456789abcdef" /* sixteen bytes, as a phone's hash has */
#define HEX "30313233343536373839616263646566"

static const char *
ask(const char *function, const char *const *words, size_t n)
{
	struct argv a = {0};

	for (size_t i = 0; i < n; i++)
		argv_adds(&a, words[i]);
	return call(function, &a);
}
#define ASK(function, ...)                                \
	ask(function, (const char *const[]){__VA_ARGS__}, \
	    sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void
what_is_suppressed_goes_by_the_hash_and_stays_when_it_is_done(void **state)
{
	(void)state;
	ASK("suppress_add", "a1", "", "class:personal", "asked", "person", "84911", HASH);
	ASK("erase_begin", HASH, "84911", "100");
	assert_string_equal(COMMAND("EXISTS", "loa:suppress"), "0");
	/* while it is done everything is suppressed: 80 = 'P' */
	assert_non_null(strstr(ASK("suppress_check", "notice", "1", "84911", HASH), ", P]"));
	ASK("erase_end", HASH, "100");
	/* then what was: 82 = 'R' */
	assert_non_null(strstr(ASK("suppress_check", "personal", "1", "84911", HASH), ", R]"));
	assert_string_equal(COMMAND("HGET", "loa:erased", HASH), "100");
	assert_string_equal(COMMAND("EXISTS", "loa:erasing"), "0");
}

static void
who_does_not_say_the_hashes_is_told_to(void **state)
{
	(void)state;
	ASK("erase_begin", HASH, "84911", "100");
	assert_string_equal(ASK("suppress_check", "notice", "1", "84911", ""), "[hashes]");
	assert_string_equal(ASK("suppress_check", "notice", "1", "84911"), "[hashes]");
}

static void
nothing_is_kept_of_a_phone_that_was_not_suppressed(void **state)
{
	(void)state;
	ASK("erase_begin", HASH, "84911", "100");
	ASK("erase_begin", HASH, "84911", "100");
	ASK("erase_end", HASH, "100");
	ASK("erase_end", HASH, "100");
	assert_string_equal(COMMAND("EXISTS", "loa:suppress:hashed"), "0");
}

static void
a_suppression_of_an_erased_phone_can_be_taken_back(void **state)
{
	(void)state;
	ASK("suppress_add", "a1", "", "all", "asked", "person", "84911", HASH);
	ASK("erase_begin", HASH, "84911", "100");
	ASK("erase_end", HASH, "100");
	assert_string_equal(COMMAND("HLEN", "loa:suppress:hashed"), "1");
	assert_non_null(strstr(
		ASK("suppress_rm", "a2", "", "all", "again", "person", "84911", HASH), ", -]"));
	assert_string_equal(COMMAND("EXISTS", "loa:suppress:hashed"), "0");
}

static void
what_a_redis_has_not_erased_since_is_missing(void **state)
{
	(void)state;
	assert_string_equal(ASK("erase_missing", ""), "[]");
	assert_string_equal(ASK("erase_missing", HEX ":100"), "[" HEX ", 100]");
	ASK("erase_begin", HASH, "", "100");
	assert_string_equal(ASK("erase_missing", ""), "[" HEX ", 100]");
	ASK("erase_end", HASH, "100");
	assert_string_equal(ASK("erase_missing", HEX ":100"), "[]");
	assert_string_equal(ASK("erase_missing", HEX ":101"), "[" HEX ", 101]");
}

static void
lists_know_whether_somebody_is_being_erased_and_whether_one_was_since(void **state)
{
	(void)state;
	assert_string_equal(COMMAND("HEXISTS", "loa:meta", "erasing"), "0");
	ASK("erase_begin", HASH, "84911", "100");
	ASK("erase_begin", "abcdefghijklmnop", "84912", "100");
	assert_string_equal(COMMAND("HGET", "loa:meta", "erasures"), "2");
	ASK("erase_end", HASH, "100");
	ASK("erase_end", HASH, "100"); /* said again: the other one is not done by that */
	assert_string_equal(COMMAND("HGET", "loa:meta", "erasing"), "1");
	ASK("erase_end", "abcdefghijklmnop", "100");
	assert_string_equal(COMMAND("HEXISTS", "loa:meta", "erasing"), "0");
	assert_string_equal(COMMAND("HGET", "loa:meta", "erasures"), "5");
}

static void
what_was_changed_meanwhile_is_left(void **state)
{
	(void)state;
	COMMAND("RPUSH", "l", "one", "two");
	assert_string_equal(ASK("erase_put", "lset", "l", "1", "other", "***"), "0");
	assert_string_equal(ASK("erase_put", "lset", "l", "1", "two", "***"), "1");
	assert_string_equal(COMMAND("LINDEX", "l", "1"), "***");
	COMMAND("HSET", "b", "m", "rows", "p", "people", "0", "cells");
	assert_string_equal(ASK("erase_block", "b", "m p ", "rowspeople", "m", "new"), "0");
	assert_string_equal(ASK("erase_block", "b", "m p 0 ", "rowspeoplecellZ", "m", "new"), "0");
	assert_string_equal(ASK("erase_block", "b", "m p 0 ", "rowspeoplecells", "m", "new"), "1");
	assert_string_equal(COMMAND("HLEN", "b"), "1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_suppressed_goes_by_the_hash_and_stays_when_it_is_done),
		T(who_does_not_say_the_hashes_is_told_to),
		T(nothing_is_kept_of_a_phone_that_was_not_suppressed),
		T(a_suppression_of_an_erased_phone_can_be_taken_back),
		T(what_a_redis_has_not_erased_since_is_missing),
		T(lists_know_whether_somebody_is_being_erased_and_whether_one_was_since),
		T(what_was_changed_meanwhile_is_left),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
