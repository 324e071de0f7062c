/* SPDX-License-Identifier: MIT */
/*
 * Brandnames and patterns in a real Redis. Expected values come from what
 * dispatcher/lua/registered.lua says of each function.
 */
#include "tests/unit/dispatcher/store/library_fixture.h"

static const char *
save(const char *kind, const char *pairs)
{
	struct argv a = {0};

	argv_adds(&a, kind);
	argv_adds(&a, pairs);
	return call("registered_save", &a);
}

static const char *
about(const char *function, const char *kind, const char *id)
{
	struct argv a = {0};

	argv_adds(&a, kind);
	if (id != NULL)
		argv_adds(&a, id);
	return call(function, &a);
}

static void
records_are_saved_changed_and_left_as_they_were(void **state)
{
	(void)state;
	assert_string_equal(save("pattern", "[\"b\",\"{1}\",\"a\",\"{2}\"]"), "[saved, 2, 0, 0]");
	assert_string_equal(save("pattern", "[\"b\",\"{1}\",\"a\",\"{3}\"]"), "[saved, 0, 1, 1]");
	assert_string_equal(save("pattern", "[\"b\",\"{1}\",\"a\",\"{3}\"]"), "[saved, 0, 0, 2]");
	assert_string_equal(about("registered_all", "pattern", NULL), "[{3}, {1}]");
	assert_string_equal(about("registered_all", "brandname", NULL), "[]");
}

static void
a_record_is_removed_once(void **state)
{
	(void)state;
	save("brandname", "[\"ubnd-ag\",\"{1}\"]");
	assert_string_equal(about("registered_rm", "brandname", "ubnd-ag"), "1");
	assert_string_equal(about("registered_rm", "brandname", "ubnd-ag"), "0");
}

static const char *
since(const char *word)
{
	struct argv a = {0};

	argv_adds(&a, word);
	return call("registered_since", &a);
}

static void
patterns_are_given_again_only_when_they_have_changed(void **state)
{
	char word[64], answer[128];

	(void)state;
	assert_string_equal(since(""), "[never]");
	assert_string_equal(since("never"), "[never]");
	save("brandname", "[\"ubnd-ag\",\"{1}\"]");
	assert_string_equal(since("never"), "[never]");
	save("pattern", "[\"b\",\"{1}\",\"a\",\"{2}\"]");
	snprintf(word, sizeof(word), "%s", COMMAND("HGET", "loa:meta", "patterns_changed"));
	snprintf(answer, sizeof(answer), "[%s, {2}, {1}]", word);
	assert_string_equal(since("never"), answer);
	snprintf(answer, sizeof(answer), "[%s]", word);
	assert_string_equal(since(word), answer);
	save("pattern", "[\"b\",\"{1}\"]"); /* as it was */
	assert_string_equal(since(word), answer);
	about("registered_rm", "pattern", "nobody");
	assert_string_equal(since(word), answer);
	about("registered_rm", "pattern", "b");
	assert_string_not_equal(COMMAND("HGET", "loa:meta", "patterns_changed"), word);
	assert_non_null(strstr(since(word), ", {2}]"));
}

static void
too_many_are_refused_and_none_is_saved(void **state)
{
	struct buf pairs = {0};

	(void)state;
	for (int i = 0; i < 2000; i++)
		buf_addf(&pairs, "%s\"p%d\",\"{}\"", i > 0 ? "," : "[", i);
	buf_addc(&pairs, ']');
	assert_string_equal(save("pattern", pairs.data), "[saved, 2000, 0, 0]");
	assert_string_equal(save("pattern", "[\"p0\",\"{1}\",\"new\",\"{}\"]"),
			    "[too many, 2001, 2000]");
	assert_string_equal(COMMAND("HGET", "loa:patterns", "p0"), "{}");
	assert_string_equal(save("pattern", "[\"p0\",\"{1}\"]"), "[saved, 0, 1, 0]");
	buf_free(&pairs);
}

static void
what_was_checked_is_kept_with_a_campaign_that_is_there(void **state)
{
	(void)state;
	assert_string_equal(about("campaign_checked", "999", "abc"), "0");
	assert_string_equal(COMMAND("EXISTS", "loa:campaign:999"), "0");
	COMMAND("HSET", "loa:campaign:999", "name", "c");
	assert_string_equal(about("campaign_checked", "999", "abc"), "1");
	assert_string_equal(COMMAND("HGET", "loa:campaign:999", "checked"), "abc");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(records_are_saved_changed_and_left_as_they_were),
		T(a_record_is_removed_once),
		T(patterns_are_given_again_only_when_they_have_changed),
		T(too_many_are_refused_and_none_is_saved),
		T(what_was_checked_is_kept_with_a_campaign_that_is_there),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
