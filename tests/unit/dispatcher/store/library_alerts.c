/* SPDX-License-Identifier: MIT */
/*
 * Alerts in a real Redis: raised once, over by themselves, told as often as the options say, not in
 * quiet hours, acknowledged. Expected values come from what dispatcher/lua/alerts.lua and
 * docs/FORMATS.md ("Alerts") say, and from a clock of Vietnam that is set by hand.
 */
#include <string.h>

#include "base/clock.h"
#include "tests/unit/dispatcher/store/library_fixture.h"

/* 2027-03-08T00:00:00+07:00, a Monday. */
#define MONDAY 1804438800LL
#define AT(h, m, s) (MONDAY + (h)*3600 + (m)*60 + (s))

static void
clock_at(int64_t unix_s)
{
	move_clock(unix_s * 1000 + 5 - (clock_wall_ms() + fx.offset_ms));
}

/* A look with these options: a repetition each ten minutes, three at most. */
static const char *
look_with(const char *more)
{
	struct argv a = {0};
	struct buf b = {0};

	buf_addf(&b,
		 "{\"expiry_days\":30,\"every_s\":600,\"most\":3,\"has_sms\":true,"
		 "\"has_hook\":false,\"urgent\":[\"braked\"],\"lanes\":[[\"gw\",7]]%s}",
		 more);
	argv_add(&a, buf_slice(&b));
	buf_free(&b);
	COMMAND("HDEL", "loa:alerts:walk", "ms"); /* the next look is due */
	return call("alerts_look", &a);
}

static const char *
look(void)
{
	return look_with("");
}

/* [looked, open, raised, over */
static bool
begins(const char *reply, const char *with)
{
	if (strncmp(reply, with, strlen(with)) == 0)
		return true;
	print_message("got: %s\n", reply);
	return false;
}

static const char *
told(const char *id, unsigned n, const char *way, unsigned is_done)
{
	return call_words("alert_told", "%s %u %s %u", id, n, way, is_done);
}

static void
campaign(const char *id, const char *name, const char *state, const char *unit)
{
	char key[40];

	snprintf(key, sizeof(key), "loa:campaign:%s", id);
	COMMAND("HSET", key, "name", name, "state", state, "unit", unit);
	COMMAND("HSET", "loa:names:campaign", name, id);
}

static void
a_fact_has_one_alert_and_takes_it_away_with_it(void **state)
{
	(void)state;
	assert_true(begins(look(), "[looked, 0, 0, 0, []]"));
	campaign("3", "thue", "submitted", "7");
	assert_true(begins(look(), "[looked, 1, 1, 0, [[1, "));
	assert_non_null(strstr(fx.reply.data, "\"object\":\"campaign:3\""));
	assert_non_null(strstr(fx.reply.data, "\"kind\":\"approval\""));
	assert_true(begins(look(), "[looked, 1, 0, 0, "));
	COMMAND("HSET", "loa:campaign:3", "state", "returned");
	assert_true(begins(look(), "[looked, 1, 1, 1, [[2, "));
	COMMAND("HSET", "loa:campaign:3", "state", "draft");
	assert_true(begins(look(), "[looked, 0, 0, 1, []]"));
	assert_string_equal(call_words("alert_ls", "_ 0 _"), "[]");
	assert_true(begins(call_words("alert_ls", "_ 1 _"), "[[2, "));
}

static void
a_second_process_looks_three_seconds_later(void **state)
{
	struct argv a = {0};

	(void)state;
	look();
	argv_adds(&a, "{}");
	assert_true(begins(call("alerts_look", &a), "[sleep, "));
	argv_adds(&a, "{\"expiry_days\":30,\"every_s\":600,\"most\":0,\"urgent\":[],\"lanes\":[]}");
	move_clock(3000);
	assert_true(begins(call("alerts_look", &a), "[looked, 0, 0, 0, []]"));
}

static void
a_repetition_is_handed_out_until_it_is_told_and_begun_when_it_is_time(void **state)
{
	(void)state;
	clock_at(AT(9, 0, 0));
	campaign("3", "thue", "submitted", "1");
	assert_true(begins(look(), "[looked, 1, 1, 0, [[1, "));
	assert_non_null(strstr(fx.reply.data, ", s, 1]"));
	/* whoever was to tell it has died */
	assert_true(begins(look(), "[looked, 1, 0, 0, [[1, "));
	assert_non_null(strstr(fx.reply.data, "\"n\":1"));
	assert_string_equal(told("1", 1, "s", 1), "1");
	assert_string_equal(told("1", 1, "s", 1), "0");
	clock_at(AT(9, 9, 59));
	assert_true(begins(look(), "[looked, 1, 0, 0, []]"));
	clock_at(AT(9, 10, 0));
	assert_true(begins(look(), "[looked, 1, 0, 0, [[1, "));
	assert_non_null(strstr(fx.reply.data, "\"n\":2"));
	told("1", 2, "s", 1);
	clock_at(AT(9, 20, 0));
	assert_true(begins(look(), "[looked, 1, 0, 0, [[1, "));
	told("1", 3, "s", 1);
	clock_at(AT(12, 0, 0)); /* three are enough */
	assert_true(begins(look(), "[looked, 1, 0, 0, []]"));
}

static void
an_acknowledged_one_is_told_no_more(void **state)
{
	(void)state;
	clock_at(AT(9, 0, 0));
	campaign("3", "thue", "submitted", "1");
	look();
	told("1", 1, "s", 1);
	assert_true(begins(call_words("alert_ack", "_ act 1 an"), "[done, "));
	assert_true(begins(call_words("alert_ack", "_ act2 1 binh"), "[done, "));
	assert_string_equal(call_words("alert_ack", "_ act 99 an"), "[none]");
	clock_at(AT(11, 0, 0));
	assert_true(begins(look(), "[looked, 1, 0, 0, []]"));
	assert_non_null(strstr(call_words("alert_ls", "1 0 _"), "\"by\":\"an\""));
	COMMAND("HSET", "loa:campaign:3", "state", "approved");
	look();
	campaign("4", "gop", "submitted", "1");
	look();
	COMMAND("HSET", "loa:campaign:4", "state", "approved");
	look();
	assert_string_equal(call_words("alert_ack", "_ act 2 an"), "[over]");
}

#define NIGHT ",\"quiet_from\":1320,\"quiet_to\":360" /* 22:00–06:00 */

static void
quiet_hours_are_kept_to_the_second(void **state)
{
	static const struct {
		int64_t at;
		bool is_told;
	} cases[] = {{AT(5, 59, 59), false},
		     {AT(6, 0, 0), true},
		     {AT(21, 59, 59), true},
		     {AT(22, 0, 0), false},
		     {AT(23, 59, 59), false},
		     {AT(24, 0, 0), false},
		     /* Saturday as any day */
		     {AT(5 * 24 + 12, 0, 0), true},
		     {AT(5 * 24 + 23, 0, 0), false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		clock_at(cases[i].at);
		campaign("3", "thue", "submitted", "1");
		assert_true(begins(look_with(NIGHT), cases[i].is_told ? "[looked, 1, 1, 0, [["
								      : "[looked, 1, 1, 0, []]"));
		campaign("3", "thue", "draft", "1");
		assert_true(begins(look_with(NIGHT), "[looked, 0, 0, 1, []]"));
	}
}

static void
an_urgent_one_is_told_at_night(void **state)
{
	(void)state;
	launch_run(10);
	COMMAND("HSET", "loa:run:1", "brake0", "30 of the last 100 messages: refused");
	clock_at(AT(23, 0, 0));
	assert_true(begins(look_with(NIGHT), "[looked, 1, 1, 0, [[1, "));
	assert_non_null(strstr(fx.reply.data, "\"kind\":\"braked\""));
	assert_non_null(strstr(fx.reply.data, "30 of the last 100 messages: refused"));
	COMMAND("HDEL", "loa:run:1", "brake0");
	assert_true(begins(look_with(NIGHT), "[looked, 0, 0, 1, []]"));
}

static void
a_run_stands_at_its_ceiling_and_one_that_ended_is_in_doubt(void **state)
{
	(void)state;
	launch_run(10);
	COMMAND("HSET", "loa:run:1", "state", "paused", "why", "person");
	assert_true(begins(look(), "[looked, 0, 0, 0, []]"));
	COMMAND("HSET", "loa:run:1", "why", "ceiling");
	assert_true(begins(look(), "[looked, 1, 1, 0, "));
	assert_non_null(strstr(fx.reply.data, "\"kind\":\"ceiling\""));
	campaign("9", "ngay", "running", "1");
	COMMAND("HSET", "loa:campaign:9", "run", "1");
	COMMAND("HSET", "loa:run:1", "state", "running", "campaign", "9");
	COMMAND("HSET", "loa:run:1:count", "unknown", "4");
	assert_true(begins(look(), "[looked, 0, 0, 1, []]"));
	COMMAND("HSET", "loa:run:1", "state", "finished");
	assert_true(begins(look(), "[looked, 1, 1, 0, "));
	assert_non_null(strstr(fx.reply.data, "\"kind\":\"doubt\""));
	assert_non_null(strstr(fx.reply.data, "\"detail\":\"4\""));
	assert_non_null(strstr(fx.reply.data, "\"name\":\"ngay\""));
	COMMAND("HSET", "loa:run:1:count", "unknown", "0");
	assert_true(begins(look(), "[looked, 0, 0, 1, []]"));
}

static void
a_lane_is_down_when_its_breaker_opened_six_times(void **state)
{
	(void)state;
	COMMAND("HSET", "loa:lane:gw", "opens", "5", "why", "no answer");
	COMMAND("HSET", "loa:lane:other", "opens", "9");
	assert_true(begins(look(), "[looked, 0, 0, 0, []]"));
	COMMAND("HSET", "loa:lane:gw", "opens", "6");
	assert_true(begins(look(), "[looked, 1, 1, 0, "));
	assert_non_null(strstr(fx.reply.data, "\"object\":\"lane:gw\""));
	assert_non_null(strstr(fx.reply.data, "\"unit\":7"));
	COMMAND("HDEL", "loa:lane:gw", "opens");
	assert_true(begins(look(), "[looked, 0, 0, 1, []]"));
}

static void
an_occurrence_was_missed_until_the_next_one_is_over(void **state)
{
	(void)state;
	campaign("3", "nhac", "scheduled", "1");
	COMMAND("HSET", "loa:campaign:3", "schedule", "{}", "missed", "1");
	COMMAND("ZADD", "loa:occurrences:3", "1804400000", "1804400000 missed late");
	assert_true(begins(look(), "[looked, 1, 1, 0, "));
	assert_non_null(strstr(fx.reply.data, "\"object\":\"campaign:3@1804400000\""));
	COMMAND("ZADD", "loa:occurrences:3", "1804486400", "1804486400 run 5");
	assert_true(begins(look(), "[looked, 0, 0, 1, []]"));
	/* one that does not recur: until somebody launches it, or gives it another time */
	campaign("4", "mot-lan", "missed", "1");
	COMMAND("HSET", "loa:campaign:4", "due_s", "1804400000");
	assert_true(begins(look(), "[looked, 1, 1, 0, "));
	COMMAND("HSET", "loa:campaign:4", "state", "scheduled");
	assert_true(begins(look(), "[looked, 0, 0, 1, []]"));
}

/* Thirty days after 2027-03-08 is 2027-04-07; 2028 has a 29 February. */
static void
a_brandname_is_told_thirty_days_before_its_last_day(void **state)
{
	(void)state;
	clock_at(AT(8, 0, 0));
	COMMAND("HSET", "loa:brandnames", "ubnd",
		"{\"name\":\"UBND\",\"valid_to\":\"2027-04-08\"}");
	COMMAND("HSET", "loa:brandnames", "so", "{\"name\":\"SO\"}");
	assert_true(begins(look(), "[looked, 0, 0, 0, []]"));
	COMMAND("HSET", "loa:brandnames", "ubnd",
		"{\"name\":\"UBND\",\"valid_to\":\"2027-04-07\"}");
	assert_true(begins(look(), "[looked, 1, 1, 0, "));
	assert_non_null(strstr(fx.reply.data, "\"detail\":\"2027-04-07\""));
	COMMAND("HSET", "loa:brandnames", "ubnd",
		"{\"name\":\"UBND\",\"valid_to\":\"2028-03-01\"}");
	assert_true(begins(look(), "[looked, 0, 0, 1, []]"));
	clock_at(MONDAY + 328 * 86400LL - 1); /* 2028-01-29: thirty days later is 28 February */
	COMMAND("HSET", "loa:brandnames", "ubnd",
		"{\"name\":\"UBND\",\"valid_to\":\"2028-02-29\"}");
	assert_true(begins(look(), "[looked, 0, 0, 0, []]"));
	clock_at(MONDAY + 328 * 86400LL);
	assert_true(begins(look(), "[looked, 1, 1, 0, "));
}

static void
a_post_that_failed_is_tried_later_each_time(void **state)
{
	static const char hook[] = ",\"has_hook\":true";

	(void)state;
	clock_at(AT(9, 0, 0));
	campaign("3", "thue", "submitted", "1");
	look_with(hook);
	assert_non_null(strstr(fx.reply.data, ", sh, 1]"));
	told("1", 1, "s", 1);
	told("1", 1, "h", 0); /* five seconds */
	clock_at(AT(9, 0, 4));
	assert_true(begins(look_with(hook), "[looked, 1, 0, 0, []]"));
	clock_at(AT(9, 0, 5));
	assert_non_null(strstr(look_with(hook), ", h, 1]"));
	told("1", 1, "h", 0); /* ten */
	clock_at(AT(9, 0, 14));
	assert_true(begins(look_with(hook), "[looked, 1, 0, 0, []]"));
	clock_at(AT(9, 0, 15));
	assert_non_null(strstr(look_with(hook), ", h, 1]"));
	assert_string_equal(told("1", 1, "h", 1), "1");
	assert_true(begins(look_with(hook), "[looked, 1, 0, 0, []]"));
}

static void
a_unit_sees_its_own(void **state)
{
	(void)state;
	campaign("3", "thue", "submitted", "7");
	campaign("4", "dien", "submitted", "8");
	look();
	assert_string_equal(call_words("alert_ls", "9,11 1 _"), "[]");
	assert_non_null(strstr(call_words("alert_ls", "7,9 0 _"), "campaign:3"));
	assert_null(strstr(fx.reply.data, "campaign:4"));
	assert_string_equal(call_words("alert_ls", "9 1 1"), "[]");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(a_fact_has_one_alert_and_takes_it_away_with_it),
		T(a_second_process_looks_three_seconds_later),
		T(a_repetition_is_handed_out_until_it_is_told_and_begun_when_it_is_time),
		T(an_acknowledged_one_is_told_no_more),
		T(quiet_hours_are_kept_to_the_second),
		T(an_urgent_one_is_told_at_night),
		T(a_run_stands_at_its_ceiling_and_one_that_ended_is_in_doubt),
		T(a_lane_is_down_when_its_breaker_opened_six_times),
		T(an_occurrence_was_missed_until_the_next_one_is_over),
		T(a_brandname_is_told_thirty_days_before_its_last_day),
		T(a_post_that_failed_is_tried_later_each_time),
		T(a_unit_sees_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
