/* SPDX-License-Identifier: MIT */
/*
 * Expected times are RFC 5545's own examples (3.8.5.3, all of which begin on
 * 2 September 1997 09:00) and dates read off cal(1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/campaign/moment.h"
#include "dispatcher/campaign/day_words.h"
#include "dispatcher/campaign/schedule.h"
#include "dispatcher/config.h"

#define TIMES_MAX 64

static int64_t
unix_of(const char *text)
{
	struct moment m;

	assert_null(moment_parse(slice_of(text), &m));
	return moment_to_unix(&m, VN_UTC_OFFSET_S);
}

static struct schedule *
parse(const char *json, struct err_ctx *e)
{
	struct schedule *s = NULL;
	struct calendar *calendar = NULL;
	json_t *doc = NULL;
	struct json_at root;

	assert_int_equal(json_parse(slice_of(json), 4096, "test", &doc, NULL), ERR_OK);
	root = json_root(doc);
	assert_int_equal(config_load_calendar("", &calendar, NULL), ERR_OK);
	if (schedule_parse(&root, calendar, &s, e) != ERR_OK)
		assert_null(s);
	calendar_free(calendar);
	json_decref(doc);
	return s;
}

/* The first `max` times as "1997-09-02T09:00 …", blanks between. */
static void
expect(const char *json, const char *from, size_t max, const char *expected)
{
	struct err_ctx e = {0};
	struct schedule *s = parse(json, &e);
	struct buf got = {0};
	int64_t times[TIMES_MAX];
	size_t n;

	if (s == NULL)
		fail_msg("%s: %s", e.what, e.why);
	n = schedule_next(s, unix_of(from), times, max);
	buf_adds(&got, "");
	for (size_t i = 0; i < n; i++) {
		char text[32];

		clock_format_vn(times[i], text);
		assert_string_equal(text + 16, ":00+07:00");
		buf_addf(&got, "%s%.16s", i > 0 ? " " : "", text);
	}
	assert_string_equal(got.data, expected);
	buf_free(&got);
	schedule_free(s);
}

/* A rule that begins on Tuesday 2 September 1997 09:00; expected are days, all at 09:00. */
static void
expect_days(const char *rule, size_t max, const char *expected)
{
	struct buf json = {0}, times = {0};

	buf_addf(&json, "{\"rrule\":\"%s\",\"time\":\"09:00\",\"start\":\"1997-09-02\"}", rule);
	buf_adds(&times, "");
	for (const char *p = expected; *p != '\0'; p += 10) {
		p += *p == ' ';
		buf_addf(&times, "%s%.10sT09:00", times.len > 0 ? " " : "", p);
	}
	expect(json.data, "1997-01-01", max, times.data);
	buf_free(&json);
	buf_free(&times);
}

static void
expect_error(const char *json, const char *what, const char *why, const char *todo)
{
	struct err_ctx e = {0};

	assert_null(parse(json, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_string_equal(e.what, what);
	if (strstr(e.why, why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, e.why);
	if (strstr(e.todo, todo) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", todo, e.todo);
}

/* ---- at ---- */

static void
a_time_fires_once_and_from_is_inclusive(void **state)
{
	static const char spec[] = "{\"at\":\"2027-10-10T08:00\"}";

	(void)state;
	expect(spec, "2027-10-10T08:00", 10, "2027-10-10T08:00");
	expect(spec, "2020-01-01", 10, "2027-10-10T08:00");
	expect(spec, "2027-10-10T08:00:01", 10, "");
	expect(spec, "2020-01-01", 0, "");
}

static void
a_time_may_name_its_distance_from_utc(void **state)
{
	(void)state;
	expect("{\"at\":\"2027-10-10T01:00:00Z\"}", "2020-01-01", 1, "2027-10-10T08:00");
	expect("{\"at\":\"2027-10-10T01:00\",\"zone\":\"UTC\"}", "2020-01-01", 1,
	       "2027-10-10T08:00");
	expect("{\"at\":\"2027-10-10T08:00\",\"zone\":\"Asia/Ho_Chi_Minh\"}", "2020-01-01", 1,
	       "2027-10-10T08:00");
	expect_error("{\"at\":\"2027-10-10T01:00Z\",\"zone\":\"Asia/Ho_Chi_Minh\"}", "at",
		     "contradicts zone", "");
}

/* ---- anchor ---- */

static void
an_anchor_fires_around_its_day_every_year(void **state)
{
	static const char spec[] =
		"{\"anchor\":\"10-10\",\"offsets\":[\"0d\",\"-7d\",\"-1d\",\"-1w\"],"
		"\"time\":\"08:00\"}";

	(void)state;
	expect(spec, "2027-10-09T08:00", 5,
	       "2027-10-09T08:00 2027-10-10T08:00 "
	       "2028-10-03T08:00 2028-10-09T08:00 2028-10-10T08:00");
	expect("{\"anchor\":\"10-10\",\"time\":\"08:30\"}", "2027-10-10T08:31", 2,
	       "2028-10-10T08:30 2029-10-10T08:30");
}

static void
an_anchor_reaches_over_the_year_in_order(void **state)
{
	(void)state;
	expect("{\"anchor\":\"01-01\",\"offsets\":[\"+365d\",\"-1d\",\"0d\",\"+1w\"],"
	       "\"time\":\"00:00\"}",
	       "2026-12-31", 6,
	       "2026-12-31T00:00 2027-01-01T00:00 2027-01-08T00:00 2027-12-31T00:00 "
	       "2028-01-01T00:00 2028-01-08T00:00");
}

static void
the_29_of_february_comes_in_leap_years_only(void **state)
{
	(void)state;
	expect("{\"anchor\":\"02-29\",\"offsets\":[\"1d\"],\"time\":\"08:00\"}", "2095-01-01", 3,
	       "2096-03-01T08:00 2104-03-01T08:00 2108-03-01T08:00");
}

/* ---- rules: the RFC's examples ---- */

static void
rfc_daily_and_weekly(void **state)
{
	(void)state;
	expect_days("FREQ=DAILY;COUNT=10", 20,
		    "1997-09-02 1997-09-03 1997-09-04 1997-09-05 1997-09-06 "
		    "1997-09-07 1997-09-08 1997-09-09 1997-09-10 1997-09-11");
	expect_days("FREQ=DAILY;INTERVAL=10;COUNT=5", 20,
		    "1997-09-02 1997-09-12 1997-09-22 1997-10-02 1997-10-12");
	expect_days("FREQ=WEEKLY;COUNT=3", 20, "1997-09-02 1997-09-09 1997-09-16");
	expect_days("FREQ=WEEKLY;INTERVAL=2;WKST=SU", 4,
		    "1997-09-02 1997-09-16 1997-09-30 1997-10-14");
	expect_days("FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", 20,
		    "1997-09-02 1997-09-04 1997-09-16 1997-09-18 "
		    "1997-09-30 1997-10-02 1997-10-14 1997-10-16");
}

/* The RFC's pair that differs in nothing but WKST; it begins on 5 August 1997. */
static void
rfc_week_start(void **state)
{
	(void)state;
	expect("{\"rrule\":\"FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO\","
	       "\"start\":\"1997-08-05T09:00\"}",
	       "1997-01-01", 9,
	       "1997-08-05T09:00 1997-08-10T09:00 1997-08-19T09:00 1997-08-24T09:00");
	expect("{\"rrule\":\"FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU\","
	       "\"start\":\"1997-08-05T09:00\"}",
	       "1997-01-01", 9,
	       "1997-08-05T09:00 1997-08-17T09:00 1997-08-19T09:00 1997-08-31T09:00");
}

static void
rfc_monthly(void **state)
{
	(void)state;
	expect_days("FREQ=MONTHLY;COUNT=4;BYDAY=1FR", 9,
		    "1997-09-05 1997-10-03 1997-11-07 1997-12-05");
	expect_days("FREQ=MONTHLY;INTERVAL=2;COUNT=4;BYDAY=1SU,-1SU", 9,
		    "1997-09-07 1997-09-28 1997-11-02 1997-11-30");
	expect_days("FREQ=MONTHLY;COUNT=3;BYDAY=-2MO", 9, "1997-09-22 1997-10-20 1997-11-17");
	expect_days("FREQ=MONTHLY;BYMONTHDAY=-3", 3, "1997-09-28 1997-10-29 1997-11-28");
	expect_days("FREQ=MONTHLY;COUNT=4;BYMONTHDAY=2,15", 9,
		    "1997-09-02 1997-09-15 1997-10-02 1997-10-15");
	expect_days("FREQ=MONTHLY;COUNT=4;BYMONTHDAY=1,-1", 9,
		    "1997-09-30 1997-10-01 1997-10-31 1997-11-01");
	expect_days("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", 4,
		    "1998-02-13 1998-03-13 1998-11-13 1999-08-13");
	expect_days("FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13", 4,
		    "1997-09-13 1997-10-11 1997-11-08 1997-12-13");
}

static void
rfc_yearly(void **state)
{
	(void)state;
	expect("{\"rrule\":\"FREQ=YEARLY;COUNT=4;BYMONTH=6,7\",\"start\":\"1997-06-10T09:00\"}",
	       "1997-01-01", 9,
	       "1997-06-10T09:00 1997-07-10T09:00 1998-06-10T09:00 1998-07-10T09:00");
	expect("{\"rrule\":\"FREQ=YEARLY;INTERVAL=3;COUNT=5;BYYEARDAY=1,100,200\","
	       "\"start\":\"1997-01-01T09:00\"}",
	       "1997-01-01", 9,
	       "1997-01-01T09:00 1997-04-10T09:00 1997-07-19T09:00 2000-01-01T09:00 "
	       "2000-04-09T09:00");
	expect("{\"rrule\":\"FREQ=YEARLY;BYDAY=20MO\",\"start\":\"1997-05-19T09:00\"}",
	       "1997-01-01", 3, "1997-05-19T09:00 1998-05-18T09:00 1999-05-17T09:00");
	expect("{\"rrule\":\"FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO\",\"start\":\"1997-05-12T09:00\"}",
	       "1997-01-01", 3, "1997-05-12T09:00 1998-05-11T09:00 1999-05-17T09:00");
	/* every four years, the first Tuesday after a Monday in November */
	expect("{\"rrule\":\"FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;"
	       "BYMONTHDAY=2,3,4,5,6,7,8\",\"start\":\"1996-11-05T09:00\"}",
	       "1996-01-01", 3, "1996-11-05T09:00 2000-11-07T09:00 2004-11-02T09:00");
}

static void
rfc_set_positions(void **state)
{
	(void)state;
	expect_days("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", 9,
		    "1997-09-04 1997-10-07 1997-11-06");
	expect("{\"rrule\":\"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2\","
	       "\"start\":\"1997-09-29T09:00\"}",
	       "1997-01-01", 4,
	       "1997-09-29T09:00 1997-10-30T09:00 1997-11-27T09:00 1997-12-30T09:00");
}

static void
rfc_below_a_day(void **state)
{
	(void)state;
	expect("{\"rrule\":\"FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000\","
	       "\"start\":\"1997-09-02T09:00\"}",
	       "1997-01-01", 9, "1997-09-02T09:00 1997-09-02T12:00 1997-09-02T15:00");
	expect("{\"rrule\":\"FREQ=MINUTELY;INTERVAL=15;COUNT=6\",\"start\":\"1997-09-02T09:00\"}",
	       "1997-01-01", 9,
	       "1997-09-02T09:00 1997-09-02T09:15 1997-09-02T09:30 1997-09-02T09:45 "
	       "1997-09-02T10:00 1997-09-02T10:15");
	expect("{\"rrule\":\"FREQ=MINUTELY;INTERVAL=90;COUNT=4\",\"start\":\"1997-09-02T09:00\"}",
	       "1997-01-01", 9,
	       "1997-09-02T09:00 1997-09-02T10:30 1997-09-02T12:00 1997-09-02T13:30");
	expect("{\"rrule\":\"FREQ=DAILY;BYHOUR=9,16;BYMINUTE=0,20,40\",\"start\":\"1997-09-02\"}",
	       "1997-01-01", 7,
	       "1997-09-02T09:00 1997-09-02T09:20 1997-09-02T09:40 1997-09-02T16:00 "
	       "1997-09-02T16:20 1997-09-02T16:40 1997-09-03T09:00");
	expect("{\"rrule\":\"FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,16\","
	       "\"start\":\"1997-09-02T09:00\"}",
	       "1997-09-02T09:21", 3, "1997-09-02T09:40 1997-09-02T16:00 1997-09-02T16:20");
}

static void
an_impossible_day_is_left_out(void **state)
{
	(void)state;
	/* RFC 5545: 30 February is ignored */
	expect("{\"rrule\":\"FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5\","
	       "\"start\":\"2007-01-15T09:00\"}",
	       "2007-01-01", 9,
	       "2007-01-15T09:00 2007-01-30T09:00 2007-02-15T09:00 2007-03-15T09:00 "
	       "2007-03-30T09:00");
	expect("{\"rrule\":\"FREQ=MONTHLY\",\"time\":\"09:00\",\"start\":\"2027-01-31\"}",
	       "2027-01-01", 3, "2027-01-31T09:00 2027-03-31T09:00 2027-05-31T09:00");
}

/* ---- rules: what libical alone gets wrong ---- */

static void
days_of_the_month_count_from_its_end_in_daily_rules(void **state)
{
	(void)state;
	expect("{\"rrule\":\"FREQ=DAILY;BYMONTHDAY=-1\",\"time\":\"08:00\","
	       "\"start\":\"2028-01-01\"}",
	       "2028-01-01", 3, "2028-01-31T08:00 2028-02-29T08:00 2028-03-31T08:00");
}

static void
days_of_the_month_are_those_of_every_month(void **state)
{
	(void)state;
	expect("{\"rrule\":\"FREQ=YEARLY;BYMONTHDAY=20\",\"time\":\"08:00\","
	       "\"start\":\"2027-10-01\"}",
	       "2027-10-01", 4,
	       "2027-10-20T08:00 2027-11-20T08:00 2027-12-20T08:00 2028-01-20T08:00");
}

static void
a_sunday_belongs_to_the_week_that_began_on_monday(void **state)
{
	(void)state;
	/* 7 July 2054 is a Tuesday; its week ends on the 12th. */
	expect("{\"rrule\":\"FREQ=WEEKLY;INTERVAL=2;BYDAY=SU\",\"time\":\"08:00\","
	       "\"start\":\"2054-07-07\"}",
	       "2054-07-07", 3, "2054-07-12T08:00 2054-07-26T08:00 2054-08-09T08:00");
}

static void
set_positions_choose_in_weeks_and_among_times(void **state)
{
	(void)state;
	/* 4 October 2027 is a Monday. */
	expect("{\"rrule\":\"FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=-1\",\"time\":\"08:00\","
	       "\"start\":\"2027-10-04\"}",
	       "2027-10-04", 2, "2027-10-08T08:00 2027-10-15T08:00");
	expect("{\"rrule\":\"FREQ=MONTHLY;BYMONTHDAY=1;BYHOUR=8,12,18;BYSETPOS=1,-1\","
	       "\"start\":\"2027-10-01\"}",
	       "2027-10-01", 3, "2027-10-01T08:00 2027-10-01T18:00 2027-11-01T08:00");
}

static void
interval_counts_when_minutes_are_named(void **state)
{
	(void)state;
	expect("{\"rrule\":\"FREQ=MINUTELY;INTERVAL=60;BYMINUTE=1\","
	       "\"start\":\"2027-10-10T08:00\"}",
	       "2027-10-10", 3, "");
	expect("{\"rrule\":\"FREQ=MINUTELY;INTERVAL=40;BYMINUTE=20\","
	       "\"start\":\"2027-10-10T08:00\"}",
	       "2027-10-10", 2, "2027-10-10T09:20 2027-10-10T11:20");
}

/* ---- rules: where they begin and end ---- */

static void
start_is_the_day_of_from_unless_given(void **state)
{
	(void)state;
	expect("{\"rrule\":\"FREQ=WEEKLY;COUNT=2\",\"time\":\"08:00\"}", "2027-10-13T07:00", 9,
	       "2027-10-13T08:00 2027-10-20T08:00");
	expect("{\"rrule\":\"FREQ=WEEKLY;COUNT=2\",\"time\":\"08:00\",\"start\":\"2027-10-12\"}",
	       "2027-10-13", 9, "2027-10-19T08:00");
	/* a start that the rule does not name is no occurrence */
	expect("{\"rrule\":\"FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=10;COUNT=2\",\"time\":\"08:00\","
	       "\"start\":\"2026-11-01\"}",
	       "2020-01-01", 9, "2027-10-10T08:00 2028-10-10T08:00");
}

static void
until_is_inclusive_local_utc_or_a_day(void **state)
{
	(void)state;
	expect("{\"rrule\":\"FREQ=DAILY;UNTIL=20271011T010000Z\",\"time\":\"08:00\"}", "2027-10-10",
	       9, "2027-10-10T08:00 2027-10-11T08:00");
	expect("{\"rrule\":\"FREQ=DAILY;UNTIL=20271011T005959Z\",\"time\":\"08:00\"}", "2027-10-10",
	       9, "2027-10-10T08:00");
	expect("{\"rrule\":\"FREQ=DAILY;UNTIL=20271011T080000\",\"time\":\"08:00\"}", "2027-10-10",
	       9, "2027-10-10T08:00 2027-10-11T08:00");
	expect("{\"rrule\":\"FREQ=DAILY;UNTIL=20271011\",\"time\":\"08:00\"}", "2027-10-10", 9,
	       "2027-10-10T08:00 2027-10-11T08:00");
	expect("{\"rrule\":\"FREQ=DAILY;UNTIL=20200101\",\"time\":\"08:00\"}", "2027-10-10", 9, "");
}

static void
a_rule_that_never_matches_ends(void **state)
{
	static const char *const rules[] = {
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
		"FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
		"FREQ=DAILY;BYMONTH=4,6;BYMONTHDAY=31",
		"FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
		"FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=30",
		"FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct buf json = {0};

		buf_addf(&json, "{\"rrule\":\"%s\",\"time\":\"08:00\",\"start\":\"2027-02-01\"}",
			 rules[i]);
		expect(json.data, "2027-02-01", 9, "");
		buf_free(&json);
	}
	expect("{\"rrule\":\"FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30\"}", "2027-02-01", 9, "");
}

static void
a_rule_is_asked_centuries_later(void **state)
{
	(void)state;
	/* The calendar repeats after 400 years: 10 October 2827 is a Sunday, as in 2027 and 2427. */
	expect("{\"rrule\":\"FREQ=YEARLY;BYMONTH=10;BYDAY=SU;BYMONTHDAY=10\",\"time\":\"08:00\","
	       "\"start\":\"2027-01-01\"}",
	       "2827-01-01", 1, "2827-10-10T08:00");
	expect("{\"rrule\":\"FREQ=YEARLY;INTERVAL=3\",\"time\":\"08:00\","
	       "\"start\":\"2027-10-10\"}",
	       "2628-01-01", 2, "2630-10-10T08:00 2633-10-10T08:00");
	expect("{\"rrule\":\"FREQ=DAILY\",\"time\":\"08:00\"}", "9999-12-30", 9,
	       "9999-12-30T08:00 9999-12-31T08:00");
}

/* ---- errors ---- */

static void
unknown_keys_are_refused_with_the_nearest(void **state)
{
	(void)state;
	expect_error("{\"rule\":\"FREQ=DAILY\"}", "rule", "not a known key", "\"rrule\"");
	expect_error("{\"anchor\":\"10-10\",\"time\":\"08:00\",\"ofsets\":[]}", "ofsets",
		     "not a known key", "\"offsets\"");
	expect_error("{}", "schedule", "neither at", "");
	expect_error("[]", "document", "must be an object", "");
}

static void
contradicting_keys_are_refused(void **state)
{
	(void)state;
	expect_error("{\"at\":\"2027-10-10T08:00\",\"anchor\":\"10-10\"}", "anchor",
		     "contradicts at", "keep one");
	expect_error("{\"at\":\"2027-10-10T08:00\",\"time\":\"08:00\"}", "time", "with at", "");
	expect_error("{\"anchor\":\"10-10\",\"time\":\"08:00\",\"start\":\"2027-01-01\"}", "start",
		     "with anchor", "");
	expect_error("{\"rrule\":\"FREQ=DAILY\",\"time\":\"08:00\",\"offsets\":[\"0d\"]}",
		     "offsets", "with rrule", "");
	expect_error("{\"rrule\":\"FREQ=HOURLY\",\"time\":\"08:00\"}", "time", "FREQ=HOURLY", "");
	expect_error("{\"rrule\":\"FREQ=DAILY;BYHOUR=9\",\"time\":\"08:00\"}", "time", "BYHOUR",
		     "");
	expect_error("{\"rrule\":\"FREQ=DAILY\",\"time\":\"08:00\","
		     "\"start\":\"2027-01-01T09:00\"}",
		     "start", "time gives one too", "");
	expect_error("{\"rrule\":\"FREQ=DAILY\"}", "time", "missing", "add it");
	expect_error("{\"anchor\":\"10-10\"}", "time", "missing", "add it");
}

/* Dates of the almanac for UTC+7; the days of the week are cal(1)'s. */
static void
an_anchor_may_be_a_feast_of_the_calendar(void **state)
{
	(void)state;
	expect("{\"anchor\":\"Vu Lan\",\"offsets\":[\"-7d\",\"0d\"],\"time\":\"08:00\"}",
	       "2027-08-10", 4,
	       "2027-08-16T08:00 2028-08-27T08:00 2028-09-03T08:00 2029-08-17T08:00");
	expect("{\"anchor\":\"tet\",\"offsets\":[\"-1w\"],\"time\":\"07:30\"}", "2029-12-01", 9,
	       "2030-01-26T07:30 2031-01-16T07:30");
	expect("{\"anchor\":\"gio-to\",\"time\":\"08:00\"}", "2031-04-02", 9, "");
	expect("{\"anchor\":\"chuyen-doi-so\",\"time\":\"08:00\"}", "2040-01-01", 2,
	       "2040-10-10T08:00 2041-10-10T08:00");
}

static void
the_end_of_a_table_is_told_from_the_end_of_a_rule(void **state)
{
	struct schedule *s = parse("{\"anchor\":\"vu-lan\",\"time\":\"08:00\"}", NULL);

	(void)state;
	assert_int_equal(schedule_table_end(s), date_to_days((struct date){2031, 9, 1}));
	schedule_free(s);
	s = parse("{\"anchor\":\"10-10\",\"time\":\"08:00\"}", NULL);
	assert_true(schedule_table_end(s) == INT64_MAX);
	schedule_free(s);
	s = parse("{\"rrule\":\"FREQ=DAILY;COUNT=2\",\"time\":\"08:00\"}", NULL);
	assert_true(schedule_table_end(s) == INT64_MAX);
	schedule_free(s);
}

static void
a_column_fires_each_day(void **state)
{
	(void)state;
	expect("{\"column\":\"han_nop\",\"offsets\":[\"-3d\"],\"time\":\"08:00\"}",
	       "2028-02-28T08:00", 3, "2028-02-28T08:00 2028-02-29T08:00 2028-03-01T08:00");
	expect("{\"column\":\"han_nop\",\"time\":\"00:30\"}", "2027-12-31T00:31", 2,
	       "2028-01-01T00:30 2028-01-02T00:30");
}

static void
expect_words(const char *at, bool is_told, const char *words)
{
	struct calendar *c;
	struct buf got = {0};

	assert_int_equal(config_load_calendar("", &c, NULL), ERR_OK);
	assert_int_equal(day_add_words(c, unix_of(at), &got), is_told);
	assert_string_equal(got.data, words);
	buf_free(&got);
	calendar_free(c);
}

static void
the_day_of_an_occurrence_has_words(void **state)
{
	(void)state;
	expect_words("2027-10-10T00:00", true, "Sunday: Ngày Chuyển đổi số quốc gia");
	expect_words("2028-10-10T23:59", true, "Tuesday: Ngày Chuyển đổi số quốc gia");
	expect_words("2027-10-09T08:00", true, "Saturday");
	expect_words("2027-10-11T08:00", false, "Monday");
	expect_words("2027-02-05T08:00", true, "Friday, a holiday: Tết Nguyên đán");
}

static void
times_and_days_that_are_none_are_refused(void **state)
{
	(void)state;
	expect_error("{\"at\":\"2027-02-29T08:00\"}", "at", "calendar does not have", "");
	expect_error("{\"at\":\"2027-10-10\"}", "at", "no time of day", "");
	expect_error("{\"at\":\"2027-10-10T24:00\"}", "at", "time of day", "");
	expect_error("{\"at\":\"2027-10-10T08:00+0700\"}", "at", "is no time like", "");
	expect_error("{\"at\":\"10/10/2027\"}", "at", "is no time like", "");
	expect_error("{\"at\":1}", "at", "must be a text", "");
	expect_error("{\"anchor\":\"02-30\",\"time\":\"08:00\"}", "anchor", "calendar", "");
	expect_error("{\"anchor\":\"13-01\",\"time\":\"08:00\"}", "anchor", "calendar", "");
	expect_error("{\"anchor\":\"1-10\",\"time\":\"08:00\"}", "anchor", "no day", "MM-DD");
	expect_error("{\"anchor\":\"2027-10-10\",\"time\":\"08:00\"}", "anchor", "no day", "MM-DD");
	expect_error("{\"anchor\":\"noel\",\"time\":\"08:00\"}", "anchor", "no feast", "vu-lan");
	expect_error("{\"column\":\"han_nop\"}", "time", "missing", "add it");
	expect_error("{\"column\":\"\",\"time\":\"08:00\"}", "column", "is empty", "");
	expect_error("{\"column\":\"a`b\",\"time\":\"08:00\"}", "column", "quotation", "");
	expect_error("{\"anchor\":\"10-10\",\"yearly\":true,\"time\":\"08:00\"}", "yearly",
		     "does not go with anchor", "");
	expect_error("{\"column\":\"a\",\"start\":\"2027-01-01\",\"time\":\"08:00\"}", "start",
		     "does not go with column", "");
	expect_error("{\"anchor\":\"10-10\",\"time\":\"8:00\"}", "time", "no time of day", "");
	expect_error("{\"anchor\":\"10-10\",\"time\":\"08:00\",\"offsets\":[\"0d\",\"-7\"]}",
		     "offsets[1]", "is no distance", "");
	expect_error("{\"anchor\":\"10-10\",\"time\":\"08:00\",\"offsets\":[\"400d\"]}",
		     "offsets[0]", "more than a year", "");
	expect_error("{\"anchor\":\"10-10\",\"time\":\"08:00\",\"offsets\":[]}", "offsets",
		     "1 to 64", "");
	expect_error("{\"at\":\"2027-10-10T08:00\",\"zone\":\"Asia/Tokyo\"}", "zone", "no zone",
		     "Asia/Ho_Chi_Minh");
}

static void
rules_are_judged_part_by_part(void **state)
{
	static const char *const bad[][2] = {
		{"FREQ=DALY", "FREQ=DALY"},
		{"BYMONTH=10", "has no FREQ"},
		{"FREQ=SECONDLY", "once a minute"},
		{"FREQ=DAILY;BYMONTH=13", "BYMONTH=13: must be 1 to 12"},
		{"FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY=0: must be 1 to 31 or -31 to -1"},
		{"FREQ=DAILY;BYDAY=XX", "BYDAY=XX"},
		{"FREQ=DAILY;BYDAY=1MO", "number before a weekday"},
		{"FREQ=MONTHLY;BYDAY=6MO", "at most 5"},
		{"FREQ=DAILY;INTERVAL=0", "INTERVAL=0"},
		{"FREQ=DAILY;INTERVAL=99999999999999999999", "INTERVAL="},
		{"FREQ=DAILY;COUNT=-1", "COUNT=-1"},
		{"FREQ=DAILY;COUNT=1;UNTIL=20270101", "exclude each other"},
		{"FREQ=DAILY;UNTIL=20270230", "UNTIL=20270230"},
		{"FREQ=DAILY;FREQ=DAILY", "given twice"},
		{"FREQ=DAILY;BYMONTH=1,1", "twice"},
		{"FREQ=DAILY;BYSETPOS=1", "none"},
		{"FREQ=DAILY;", "has no value"},
		{"FREQ=DAILY;BYMONTH=", "BYMONTH="},
		{"FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY"},
		{"FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO"},
		{"FREQ=MONTHLY;BYYEARDAY=1", "BYYEARDAY"},
		{"FREQ=DAILY;WKST=1", "WKST=1"},
		{"FREQ=DAILY;RSCALE=CHINESE", "RSCALE"},
		{"FREQ=DAILY;BYSECOND=0,30", "once a minute"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct buf json = {0};

		buf_addf(&json, "{\"rrule\":\"%s\",\"time\":\"08:00\"}", bad[i][0]);
		expect_error(json.data, "rrule", bad[i][1], "");
		buf_free(&json);
	}
	expect_error("{\"rrule\":\"FREQ=DAILY;BYMONHT=1\",\"time\":\"08:00\"}", "rrule", "no part",
		     "BYMONTH");
	expect_error("{\"rrule\":\"\",\"time\":\"08:00\"}", "rrule", "empty", "");
}

static void
days_and_civil_dates_agree_through_four_centuries(void **state)
{
	struct date before = {1899, 12, 31};

	(void)state;
	/* 1900-01-01 is 25567 days before 1970-01-01, a Monday. */
	assert_int_equal(date_to_days((struct date){1900, 1, 1}), -25567);
	assert_int_equal(day_weekday(-25567), 0);
	assert_int_equal(date_to_days((struct date){2000, 3, 1}), 11017);
	for (int64_t day = -25567; day < -25567 + 146097; day++) {
		struct date c = date_of_days(day);
		bool is_next_day =
			c.year == before.year && c.month == before.month && c.day == before.day + 1;
		bool is_next_month =
			c.day == 1 &&
			!moment_is_day((struct date){before.year, before.month, before.day + 1});

		assert_true(moment_is_day(c));
		assert_true(is_next_day || is_next_month);
		assert_int_equal(date_to_days(c), day);
		before = c;
	}
	assert_int_equal(before.year, 2299);
	assert_int_equal(before.day, 31);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_fires_once_and_from_is_inclusive),
		cmocka_unit_test(a_time_may_name_its_distance_from_utc),
		cmocka_unit_test(an_anchor_fires_around_its_day_every_year),
		cmocka_unit_test(an_anchor_reaches_over_the_year_in_order),
		cmocka_unit_test(the_29_of_february_comes_in_leap_years_only),
		cmocka_unit_test(rfc_daily_and_weekly),
		cmocka_unit_test(rfc_week_start),
		cmocka_unit_test(rfc_monthly),
		cmocka_unit_test(rfc_yearly),
		cmocka_unit_test(rfc_set_positions),
		cmocka_unit_test(rfc_below_a_day),
		cmocka_unit_test(an_impossible_day_is_left_out),
		cmocka_unit_test(days_of_the_month_count_from_its_end_in_daily_rules),
		cmocka_unit_test(days_of_the_month_are_those_of_every_month),
		cmocka_unit_test(a_sunday_belongs_to_the_week_that_began_on_monday),
		cmocka_unit_test(set_positions_choose_in_weeks_and_among_times),
		cmocka_unit_test(interval_counts_when_minutes_are_named),
		cmocka_unit_test(start_is_the_day_of_from_unless_given),
		cmocka_unit_test(until_is_inclusive_local_utc_or_a_day),
		cmocka_unit_test(a_rule_that_never_matches_ends),
		cmocka_unit_test(a_rule_is_asked_centuries_later),
		cmocka_unit_test(unknown_keys_are_refused_with_the_nearest),
		cmocka_unit_test(contradicting_keys_are_refused),
		cmocka_unit_test(an_anchor_may_be_a_feast_of_the_calendar),
		cmocka_unit_test(the_end_of_a_table_is_told_from_the_end_of_a_rule),
		cmocka_unit_test(a_column_fires_each_day),
		cmocka_unit_test(the_day_of_an_occurrence_has_words),
		cmocka_unit_test(times_and_days_that_are_none_are_refused),
		cmocka_unit_test(rules_are_judged_part_by_part),
		cmocka_unit_test(days_and_civil_dates_agree_through_four_centuries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
