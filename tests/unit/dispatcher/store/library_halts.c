/* SPDX-License-Identifier: MIT */
/*
 * When messages may leave, at each edge of Vietnamese time: hours of a class, freezes, both, and caps
 * over midnight; freezes added, changed, ended, told again; whom they hold.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "tests/unit/dispatcher/store/library_fixture.h"

/* 2027-03-08T00:00:00+07:00, a Monday: 20,885 days after 1970-01-01, less seven hours. */
#define MONDAY 1804438800LL
#define AT(d, h, m, s) (MONDAY + (d)*86400LL + (h)*3600 + (m)*60 + (s))

/* Redis's clock shows that second. */
static void
clock_at(int64_t unix_s)
{
	move_clock(unix_s * 1000 + 5 - (clock_wall_ms() + fx.offset_ms));
	hello("inc-1");
	hello("inc-2");
}

/* A run of the class with the hours from–to, in minutes; no hours where both are 0. */
static void
launch_class(const char *class, const char *unit, const char *from, const char *to)
{
	char run[32];

	launch_run(100);
	snprintf(run, sizeof(run), "loa:run:%lld", (long long)fx.run);
	COMMAND("HSET", run, "class", class, "unit", unit);
	if (strcmp(from, to) != 0)
		COMMAND("HSET", run, "hours_from", from, "hours_to", to);
}

static const char *
put(const char *id, const char *unit, int64_t from_s, int64_t to_s, const char *exempt,
    const char *inside)
{
	static unsigned act;
	char from[24] = "_", to[24] = "_";

	if (from_s != 0)
		snprintf(from, sizeof(from), "%lld", (long long)from_s);
	if (to_s != 0)
		snprintf(to, sizeof(to), "%lld", (long long)to_s);
	return call_words("halt_put", "_ act-%u do %s an %s %s %s %s %s why", ++act, id, unit, from,
			  to, exempt, inside);
}

static const char *
end(const char *id)
{
	static unsigned act;

	return call_words("halt_end", "_ end-%u do %s an", ++act, id);
}

static bool
is_work(const char *reply)
{
	return strncmp(reply, "[work, ", 7) == 0;
}

static const char *
ask(unsigned first)
{
	static char id[24];
	static unsigned n;

	snprintf(id, sizeof(id), "p%u", ++n);
	return permit(&(struct ask){
		.inc = "inc-1", .permit = id, .first = first, .count = 1, .attempt = 1});
}

/* May it leave at that second? By claim, and by permit for what was claimed before. */
static void
assert_leaves(int64_t at_s, unsigned first, bool may)
{
	const char *reply;

	clock_at(at_s);
	reply = ask(first);
	if (may != is_go(reply))
		fail_msg("second %lld of Monday: %s", (long long)(at_s - MONDAY), reply);
}

/* ---- hours ---- */

static void
hours_begin_with_their_first_second_and_end_before_their_last(void **state)
{
	static const struct {
		int64_t at_s;
		bool may;
	} table[] = {
		{AT(0, 6, 59, 59), false}, {AT(0, 7, 0, 0), true},    {AT(0, 12, 0, 0), true},
		{AT(0, 21, 59, 59), true}, {AT(0, 22, 0, 0), false},  {AT(0, 23, 59, 59), false},
		{AT(1, 0, 0, 0), false},   {AT(1, 6, 59, 59), false}, {AT(1, 7, 0, 0), true},
	};

	(void)state;
	clock_at(AT(0, 6, 0, 0));
	launch_class("notice", "1", "0", "0");
	claim("inc-1", 100);
	COMMAND("HSET", "loa:run:1", "hours_from", "420", "hours_to", "1320");
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		assert_leaves(table[i].at_s, (unsigned)i, table[i].may);
}

static void
hours_may_go_over_midnight(void **state)
{
	static const struct {
		int64_t at_s;
		bool may;
	} table[] = {
		{AT(0, 21, 59, 59), false}, {AT(0, 22, 0, 0), true},  {AT(0, 23, 59, 59), true},
		{AT(1, 0, 0, 0), true},	    {AT(1, 4, 59, 59), true}, {AT(1, 5, 0, 0), false},
	};

	(void)state;
	clock_at(AT(0, 6, 0, 0));
	launch_class("notice", "1", "0", "0");
	claim("inc-1", 100);
	COMMAND("HSET", "loa:run:1", "hours_from", "1320", "hours_to", "300");
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		assert_leaves(table[i].at_s, (unsigned)i, table[i].may);
}

/* ---- freezes ---- */

static void
a_freeze_holds_from_its_first_second_to_before_its_last(void **state)
{
	static const struct {
		int64_t at_s;
		bool may;
	} table[] = {
		{AT(0, 9, 59, 59), true}, {AT(0, 10, 0, 0), false},   {AT(0, 23, 59, 59), false},
		{AT(1, 0, 0, 0), false},  {AT(1, 11, 29, 59), false}, {AT(1, 11, 30, 0), true},
	};

	(void)state;
	clock_at(AT(0, 9, 0, 0));
	launch_class("notice", "1", "0", "0");
	claim("inc-1", 100);
	assert_non_null(
		strstr(put("_", "1", AT(0, 10, 0, 0), AT(1, 11, 30, 0), "[]", "wait"), "[done, "));
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		assert_leaves(table[i].at_s, (unsigned)i, table[i].may);
}

static void
the_reason_names_the_freeze_and_its_end(void **state)
{
	(void)state;
	clock_at(AT(0, 9, 0, 0));
	launch_class("notice", "1", "0", "0");
	claim("inc-1", 100);
	put("_", "1", 0, AT(1, 11, 30, 0), "[]", "wait");
	assert_string_equal(ask(0), "[stop, the freeze 1 until 2027-03-09T11:30:00+07:00: why]");
	launch_class("notice", "1", "0", "0");
	assert_non_null(
		strstr(claim("inc-1", 100), "the freeze 1 until 2027-03-09T11:30:00+07:00"));
	assert_non_null(
		strstr(call_words("waits", "2"), "[the freeze 1 until 2027-03-09T11:30:00"));
}

/* Launch a draft of the class that must be sent by that minute of the day, in hours from 07:00 to 22:00. */
static const char *
launch_by(unsigned id, const char *class, int minute)
{
	char key[32], by[16];

	snprintf(key, sizeof(key), "loa:campaign:%u", id);
	snprintf(by, sizeof(by), "%d", minute);
	COMMAND("HSET", key, "state", "draft", "finish_by", by);
	return call_words("launch",
			  "%s %u 3 gw 1 campaign %u class %s unit 1 hours_from 420 hours_to 1320",
			  key, id, id, class);
}

static void
what_a_freeze_holds_until_it_must_be_sent_is_not_launched(void **state)
{
	static const char until[] =
		"[frozen, 0, the freeze 1 until 2027-03-08T11:30:00+07:00: why]";

	(void)state;
	clock_at(AT(0, 9, 0, 0));
	put("_", "1", AT(0, 10, 0, 0), AT(0, 11, 30, 0), "[\"emergency\"]", "wait");
	/* An hour is left before it. */
	assert_non_null(strstr(launch_by(2, "notice", 11 * 60), "[launched, 2, "));
	clock_at(AT(0, 10, 0, 0));
	assert_string_equal(launch_by(3, "notice", 11 * 60), until);
	assert_string_equal(launch_by(3, "notice", 11 * 60 + 30), until);
	assert_string_equal(COMMAND("HGET", "loa:campaign:3", "state"), "draft");
	assert_string_equal(COMMAND("EXISTS", "loa:run:3"), "0");
	/* A minute is left behind it; or it does not hold the class. */
	assert_non_null(strstr(launch_by(3, "notice", 11 * 60 + 31), "[launched, 3, "));
	assert_non_null(strstr(launch_by(4, "emergency", 11 * 60), "[launched, 4, "));
	/* Behind a freeze comes the night. */
	put("_", "1", AT(0, 20, 0, 0), AT(0, 22, 30, 0), "[]", "wait");
	clock_at(AT(0, 21, 0, 0));
	assert_non_null(strstr(launch_by(5, "notice", 7 * 60), "[frozen, 0, the freeze 2 until "));
	assert_non_null(strstr(launch_by(5, "notice", 7 * 60 + 1), "[launched, 5, "));
}

/* When something of the run may leave, by what it says it waits for; 0 = it waits for nothing. */
static int64_t
opens_s(unsigned run)
{
	const char *comma = strrchr(call_words("waits", "%u", run), ',');

	return comma != NULL ? strtoll(comma + 1, NULL, 10) : 0;
}

static void
after_a_freeze_come_the_hours_and_after_the_night_a_freeze(void **state)
{
	(void)state;
	/* 21:00; frozen until 23:00, closed until 07:00, frozen from 06:30 to 07:30 */
	clock_at(AT(0, 21, 0, 0));
	put("_", "1", 0, AT(0, 23, 0, 0), "[]", "wait");
	put("_", "1", AT(1, 6, 30, 0), AT(1, 7, 30, 0), "[]", "wait");
	launch_class("notice", "1", "420", "1320");
	assert_non_null(strstr(claim("inc-1", 100), "the freeze 1 until"));
	assert_int_equal(opens_s(1), AT(1, 7, 30, 0));
	clock_at(AT(0, 23, 0, 0));
	end("1"); /* is over by itself; whoever waits looks again at its own time */
	launch_class("notice", "1", "420", "1320");
	assert_non_null(strstr(claim("inc-1", 100), "outside the hours of its class"));
	assert_int_equal(opens_s(2), AT(1, 7, 30, 0));
	clock_at(AT(1, 7, 29, 59));
	assert_non_null(strstr(claim("inc-1", 100), "sleep"));
	clock_at(AT(1, 7, 30, 0));
	assert_true(is_work(claim("inc-1", 100)));
}

static void
a_freeze_of_the_morning_ends_before_the_hours_begin(void **state)
{
	(void)state;
	clock_at(AT(0, 5, 0, 0));
	put("_", "1", 0, AT(0, 6, 0, 0), "[]", "wait");
	launch_class("notice", "1", "420", "1320");
	claim("inc-1", 100);
	assert_int_equal(opens_s(1), AT(0, 7, 0, 0));
}

static void
exempt_classes_and_other_units_are_not_held(void **state)
{
	(void)state;
	clock_at(AT(0, 9, 0, 0));
	COMMAND("HSET", "loa:units", "2", "1 0 a", "3", "2 0 b", "4", "1 0 c");
	put("_", "2", 0, AT(0, 10, 0, 0), "[\"emergency\",\"duty\"]", "wait");
	launch_class("notice", "3", "0", "0"); /* below unit 2 */
	assert_non_null(strstr(claim("inc-1", 100), "the freeze 1"));
	launch_class("notice", "4", "0", "0");
	assert_true(is_work(claim("inc-1", 100)));
	launch_class("notice", "1", "0", "0"); /* above it */
	assert_true(is_work(claim("inc-1", 100)));
	launch_class("duty", "3", "0", "0");
	assert_true(is_work(claim("inc-1", 100)));
	launch_class("emergency", "2", "0", "0");
	assert_true(is_work(claim("inc-1", 100)));
}

static void
one_that_is_ended_holds_nobody_any_more_and_whoever_waited_goes_on(void **state)
{
	(void)state;
	clock_at(AT(0, 9, 0, 0));
	put("_", "1", 0, AT(0, 10, 0, 0), "[]", "wait");
	launch_class("notice", "1", "0", "0");
	assert_non_null(strstr(claim("inc-1", 100), "the freeze 1"));
	assert_non_null(strstr(end("1"), "[done, "));
	assert_true(is_work(claim("inc-1", 100)));
	assert_string_equal(end("1"), "[over]");
	assert_string_equal(COMMAND("HGET", "loa:meta", "freeze_ms"), "nil");
}

static void
one_that_is_changed_holds_as_it_is_now(void **state)
{
	(void)state;
	clock_at(AT(0, 9, 0, 0));
	put("_", "1", 0, AT(0, 10, 0, 0), "[]", "wait");
	launch_class("notice", "1", "0", "0");
	claim("inc-1", 100);
	put("1", "1", 0, AT(0, 9, 30, 0), "_", "_");
	clock_at(AT(0, 9, 30, 0));
	assert_true(is_work(claim("inc-1", 100)));
	assert_string_equal(put("1", "1", 0, AT(0, 11, 0, 0), "_", "_"), "[over]");
	put("_", "1", 0, AT(0, 12, 0, 0), "[]", "wait");
	assert_string_equal(put("2", "1", AT(0, 11, 0, 0), 0, "_", "_"), "[begun]");
	launch_class("notice", "1", "0", "0");
	claim("inc-2", 100);
	put("2", "1", 0, 0, "[\"notice\"]", "_");
	assert_true(is_work(claim("inc-2", 100)));
}

static void
what_cannot_be_is_refused_with_the_reason(void **state)
{
	char text[200];

	(void)state;
	clock_at(AT(0, 9, 0, 0));
	snprintf(text, sizeof(text), "[past, from, %lld]", AT(0, 9, 0, 0));
	assert_string_equal(put("_", "1", AT(0, 8, 59, 59), AT(0, 10, 0, 0), "[]", "wait"), text);
	snprintf(text, sizeof(text), "[past, to, %lld]", AT(0, 9, 0, 0));
	assert_string_equal(put("_", "1", 0, AT(0, 9, 0, 0), "[]", "wait"), text);
	assert_string_equal(put("_", "1", AT(0, 10, 0, 0), AT(0, 10, 0, 0), "[]", "wait"),
			    "[order]");
	assert_string_equal(put("_", "1", 0, AT(400, 0, 0, 0), "[]", "wait"), "[far]");
	assert_string_equal(put("7", "1", 0, AT(0, 10, 0, 0), "[]", "wait"), "[none]");
	put("_", "1", AT(0, 10, 0, 0), AT(0, 11, 0, 0), "[]", "wait");
	snprintf(text, sizeof(text), "[overlap, 1, %lld, %lld, why]", AT(0, 10, 0, 0),
		 AT(0, 11, 0, 0));
	assert_string_equal(put("_", "1", AT(0, 10, 59, 59), AT(0, 12, 0, 0), "[]", "wait"), text);
	assert_string_equal(put("_", "1", 0, AT(0, 10, 0, 1), "[]", "wait"), text);
	assert_string_equal(put("_", "1", 0, AT(0, 12, 0, 0), "[]", "wait"), text);
	/* one after the other, and of another unit */
	assert_non_null(
		strstr(put("_", "1", AT(0, 11, 0, 0), AT(0, 12, 0, 0), "[]", "wait"), "[done, "));
	assert_non_null(strstr(put("_", "1", 0, AT(0, 10, 0, 0), "[]", "wait"), "[done, "));
	COMMAND("HSET", "loa:units", "2", "1 0 a");
	assert_non_null(strstr(put("_", "2", 0, AT(0, 12, 0, 0), "[]", "wait"), "[done, "));
	assert_string_equal(COMMAND("HLEN", "loa:freezes"), "4");
	/* grown over its neighbour */
	assert_non_null(strstr(put("1", "1", 0, AT(0, 11, 30, 0), "_", "_"), "[overlap, 2, "));
}

static void
looking_first_writes_nothing(void **state)
{
	(void)state;
	clock_at(AT(0, 9, 0, 0));
	assert_non_null(strstr(
		call_words("halt_put", "_ a check _ an 1 _ %lld [] wait why", AT(0, 10, 0, 0)),
		"[done, "));
	assert_string_equal(COMMAND("EXISTS", "loa:freezes"), "0");
}

static void
said_twice_it_is_one_and_lost_it_is_told_again(void **state)
{
	char again[600], record[500];
	const char *from;
	struct argv a = {0};

	(void)state;
	clock_at(AT(0, 9, 0, 0));
	for (int i = 0; i < 2; i++)
		call_words("halt_put", "_ same do _ an 1 _ %lld [] wait why", AT(0, 10, 0, 0));
	assert_string_equal(COMMAND("HLEN", "loa:freezes"), "1");
	from = COMMAND("HGET", "loa:freezes", "1");
	snprintf(record, sizeof(record), "%s", from);
	snprintf(again, sizeof(again), "%lld", AT(0, 9, 0, 0) * 1000 + 999);
	COMMAND("DEL", "loa:freezes");
	COMMAND("HDEL", "loa:seq", "freeze");
	hello("inc-1");
	argv_adds(&a, again);
	argv_adds(&a, "1");
	argv_adds(&a, record);
	assert_string_equal(call("halt_again", &a), "1");
	launch_class("notice", "1", "0", "0");
	assert_non_null(strstr(claim("inc-1", 100), "the freeze 1"));
	/* the next one has another number */
	put("_", "1", AT(0, 11, 0, 0), AT(0, 12, 0, 0), "[]", "wait");
	assert_string_equal(COMMAND("HEXISTS", "loa:freezes", "2"), "1");
	/* a change since then is not undone */
	move_clock(2000);
	put("2", "1", 0, AT(0, 13, 0, 0), "_", "_");
	argv_adds(&a, again);
	argv_adds(&a, "2");
	argv_adds(&a, record);
	assert_string_equal(call("halt_again", &a), "0");
}

static void
a_freeze_that_asks_pauses_each_run_once(void **state)
{
	(void)state;
	clock_at(AT(0, 9, 0, 0));
	put("_", "1", 0, AT(0, 10, 0, 0), "[\"emergency\"]", "ask");
	launch_class("notice", "1", "0", "0");
	launch_class("emergency", "1", "0", "0");
	call_words("progress", "1");
	call_words("progress", "2");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "state"), "paused");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "why"), "freeze");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "reason"),
			    "the freeze 1 until 2027-03-08T10:00:00+07:00: why");
	assert_string_equal(COMMAND("HGET", "loa:run:2", "state"), "running");
	/* resumed within it: it waits, and is not asked again */
	call_words("resume", "1");
	call_words("progress", "1");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "state"), "running");
	fx.run = 1;
	fx.fence = 0;
	claim("inc-2", 100); /* the emergency */
	assert_non_null(strstr(claim("inc-1", 100), "the freeze 1"));
	clock_at(AT(0, 10, 0, 0));
	assert_true(is_work(claim("inc-1", 100)));
}

static void
one_that_waits_pauses_nothing(void **state)
{
	(void)state;
	clock_at(AT(0, 9, 0, 0));
	put("_", "1", 0, AT(0, 10, 0, 0), "[]", "wait");
	launch_class("notice", "1", "0", "0");
	call_words("progress", "1");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "state"), "running");
}

/* ---- caps ---- */

static void
caps_count_over_midnight_by_24_hours_not_by_days(void **state)
{
	static char hash[] = "00000001\1\0\0";

	(void)state;
	clock_at(AT(0, 21, 0, 0));
	launch_class("advert", "1", "0", "0");
	COMMAND("HSET", "loa:run:1", "cap_day", "3");
	claim("inc-1", 100);
	fx.caps = (struct slice){hash, 11};
	assert_true(is_go(ask(0)));
	clock_at(AT(0, 23, 59, 59));
	assert_true(is_go(ask(1)));
	clock_at(AT(1, 0, 0, 0));
	assert_true(is_go(ask(2)));
	/* the fourth: a new day, the same 24 hours */
	clock_at(AT(1, 7, 0, 0));
	assert_string_equal(ask(3), "[caps, 1]");
	clock_at(AT(1, 20, 59, 59));
	assert_string_equal(ask(3), "[caps, 1]");
	/* 24 hours and at most six minutes after the first */
	clock_at(AT(1, 21, 6, 0));
	assert_true(is_go(ask(3)));
	assert_string_equal(ask(4), "[caps, 1]");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(hours_begin_with_their_first_second_and_end_before_their_last),
		T(hours_may_go_over_midnight),
		T(a_freeze_holds_from_its_first_second_to_before_its_last),
		T(the_reason_names_the_freeze_and_its_end),
		T(what_a_freeze_holds_until_it_must_be_sent_is_not_launched),
		T(after_a_freeze_come_the_hours_and_after_the_night_a_freeze),
		T(a_freeze_of_the_morning_ends_before_the_hours_begin),
		T(exempt_classes_and_other_units_are_not_held),
		T(one_that_is_ended_holds_nobody_any_more_and_whoever_waited_goes_on),
		T(one_that_is_changed_holds_as_it_is_now),
		T(what_cannot_be_is_refused_with_the_reason),
		T(looking_first_writes_nothing),
		T(said_twice_it_is_one_and_lost_it_is_told_again),
		T(a_freeze_that_asks_pauses_each_run_once),
		T(one_that_waits_pauses_nothing),
		T(caps_count_over_midnight_by_24_hours_not_by_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
