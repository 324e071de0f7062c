/* SPDX-License-Identifier: MIT */
/*
 * What a campaign's schedule means without Redis. Days are counted on a calendar by hand; conditions
 * are tried on rows by the query language itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/campaign/moment.h"
#include "dispatcher/campaign/series.h"

static int64_t
unix_of(const char *text)
{
	struct moment m;

	assert_null(moment_parse(slice_of(text), &m));
	return moment_to_unix(&m, VN_UTC_OFFSET_S);
}

static struct calendar *
calendar(void)
{
	struct calendar *c = NULL;

	assert_int_equal(config_load_calendar("", &c, NULL), ERR_OK);
	return c;
}

static enum err
read(const char *text, struct series_words *w, struct err_ctx *e)
{
	struct calendar *c = calendar();
	json_t *doc = NULL;
	struct json_at root;
	enum err rc;

	assert_int_equal(json_parse(slice_of(text), 4096, "test", &doc, NULL), ERR_OK);
	root = json_root(doc);
	rc = series_read(&root, c, w, e);
	json_decref(doc);
	calendar_free(c);
	return rc;
}

static void
expect_refused(const char *text, const char *what, const char *why)
{
	struct series_words w;
	struct err_ctx e = {0};

	assert_int_equal(read(text, &w, &e), ERR_INPUT);
	assert_string_equal(e.what, what);
	if (strstr(e.why, why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, e.why);
}

static void
what_cannot_fire_is_refused(void **state)
{
	(void)state;
	expect_refused("{\"schedule\":{\"at\":\"2020-01-01T08:00\"}}", "schedule", "no occurrence");
	expect_refused("{\"schedule\":{\"rrule\":\"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\","
		       "\"time\":\"08:00\"}}",
		       "schedule", "no occurrence");
	expect_refused(
		"{\"schedule\":{\"rrule\":\"FREQ=HOURLY;BYMINUTE=0,9\",\"start\":\"2027-01-01\"}}",
		"schedule", "ten minutes");
	expect_refused("{\"schedule\":{\"anchor\":\"02-30\",\"time\":\"08:00\"}}",
		       "schedule.anchor", "calendar does not have");
	expect_refused("{\"schedule\":[]}", "schedule", "object");
	expect_refused("{\"late\":{\"then\":\"never\"}}", "late.then", "");
	expect_refused("{\"late\":{\"within_min\":10081}}", "late.within_min", "");
	expect_refused("{\"late\":{\"within\":5}}", "late.within", "");
	expect_refused("{\"schedule\":{\"column\":\"a\",\"yearly\":true,\"time\":\"08:00\","
		       "\"offsets\":[\"0d\",\"-1d\",\"-2d\"]}}",
		       "schedule.offsets", "1 to 2");
}

static void
a_rule_without_a_start_gets_today_and_a_policy_its_usual_minutes(void **state)
{
	struct series_words w;
	char today[32];

	(void)state;
	clock_format_vn(clock_wall_ms() / 1000, today);
	today[10] = '\0';
	assert_int_equal(
		read("{\"schedule\":{\"rrule\":\"FREQ=DAILY;INTERVAL=2\",\"time\":\"08:00\"}}", &w,
		     NULL),
		ERR_OK);
	assert_non_null(strstr(w.schedule, "\"start\":\""));
	assert_non_null(strstr(w.schedule, today));
	assert_int_equal(w.late_s, 0);
	series_words_clear(&w);
	assert_int_equal(read("{\"late\":{}}", &w, NULL), ERR_OK);
	assert_int_equal(w.late_s, 3600);
	assert_int_equal(read("{\"late\":{\"then\":\"drop\"}}", &w, NULL), ERR_OK);
	assert_int_equal(w.late_s, 300);
	assert_int_equal(read("{\"late\":{\"then\":\"next-window\",\"within_min\":30}}", &w, NULL),
			 ERR_OK);
	assert_int_equal(w.late_s, 1800);
	assert_int_equal(w.late_then, LATE_NEXT_WINDOW);
}

/* ---- whom a column means ---- */

static struct slice
get_cell(void *arg, struct slice name)
{
	return slice_is(name, "d") ? slice_of(arg) : (struct slice){NULL, 0};
}

/* Does the schedule mean a row with this date in the occurrence of this day? */
static void
expect_row(const char *spec, const char *day, const char *cell, bool is_wanted)
{
	struct campaign c = {.segment_count = 1, .first_s = unix_of(day)};
	struct calendar *cal = calendar();
	struct query_error qe;
	struct err_ctx e = {0};
	struct query *q;

	c.schedule = xstrdup(spec);
	c.queries[0] = xstrdup("ten = 'x' OR d IS NOT NULL");
	if (series_narrow(&c, cal, &e) != ERR_OK)
		fail_msg("%s: %s", e.what, e.why);
	q = query_parse(slice_of(c.queries[0]), &qe);
	if (q == NULL)
		fail_msg("%s: %s", c.queries[0], qe.message);
	if (query_eval_row(q, get_cell, (void *)(uintptr_t)cell, 0) != is_wanted)
		fail_msg("%s %s on %s: %s", spec, cell, day, c.queries[0]);
	query_free(q);
	free(c.queries[0]);
	free(c.schedule);
	calendar_free(cal);
}

static void
a_row_is_meant_on_the_day_of_its_date_and_offset(void **state)
{
	static const char spec[] =
		"{\"column\":\"d\",\"offsets\":[\"-3d\",\"0d\"],\"time\":\"08:00\"}";

	(void)state;
	expect_row(spec, "2027-10-10T08:00", "2027-10-13", true);
	expect_row(spec, "2027-10-10T08:00", "10/10/2027", true);
	expect_row(spec, "2027-10-10T08:00", "2027-10-12", false);
	expect_row(spec, "2027-10-10T08:00", "2027-10-14", false);
	expect_row(spec, "2027-12-29T08:00", "2028-01-01", true);
	/* a year or nothing is no day */
	expect_row(spec, "2027-10-10T08:00", "2027", false);
	expect_row(spec, "2027-10-10T08:00", "", false);
}

static void
three_days_before_march_depend_on_the_year(void **state)
{
	static const char spec[] = "{\"column\":\"d\",\"offsets\":[\"-3d\"],\"time\":\"08:00\"}";

	(void)state;
	expect_row(spec, "2028-02-27T08:00", "2028-03-01", true);
	expect_row(spec, "2027-02-26T08:00", "2027-03-01", true);
	expect_row(spec, "2027-02-27T08:00", "2027-03-01", false);
	expect_row(spec, "2028-02-26T08:00", "2028-02-29", true);
}

static void
yearly_a_29_february_is_the_28th_in_years_without_one(void **state)
{
	static const char spec[] = "{\"column\":\"d\",\"yearly\":true,\"time\":\"08:00\"}";

	(void)state;
	expect_row(spec, "2027-10-10T08:00", "1950-10-10", true);
	expect_row(spec, "2027-10-10T08:00", "2027-10-10", true);
	expect_row(spec, "2027-10-10T08:00", "1950-10-11", false);
	expect_row(spec, "2027-10-10T08:00", "1950", false);
	expect_row(spec, "2027-10-10T08:00", "1908-10-10", true);
	expect_row(spec, "2027-02-28T08:00", "1960-02-29", true);
	expect_row(spec, "2027-02-28T08:00", "1961-02-28", true);
	expect_row(spec, "2027-03-01T08:00", "1960-02-29", false);
	expect_row(spec, "2028-02-28T08:00", "1960-02-29", false);
	expect_row(spec, "2028-02-28T08:00", "1960-02-28", true);
	expect_row(spec, "2028-02-29T08:00", "1960-02-29", true);
	expect_row(spec, "2028-02-29T08:00", "1961-02-28", false);
}

/* ---- put off ---- */

static void
expect_put_off(const struct class_policy *class, const char *now, const char *next,
	       const char *wanted)
{
	struct campaign c = {.late_then = xstrdup("next-window"),
			     .due_s = unix_of("2027-10-10T08:00")};
	int64_t to = series_put_off(&c, class, unix_of(now), next != NULL ? unix_of(next) : 0);

	assert_int_equal(to, wanted != NULL ? unix_of(wanted) : 0);
	free(c.late_then);
}

static void
it_is_put_off_until_the_hours_open_again(void **state)
{
	static const struct class_policy day = {.hours_from = 420, .hours_to = 1320};
	static const struct class_policy any = {.hours_from = 0, .hours_to = 1440};
	static const struct class_policy night = {.hours_from = 1320, .hours_to = 120};

	(void)state;
	expect_put_off(&day, "2027-10-10T09:00", NULL, "2027-10-11T07:00");
	expect_put_off(&day, "2027-10-12T06:59:59", NULL, "2027-10-12T07:00");
	expect_put_off(&day, "2027-10-12T07:00", NULL, "2027-10-13T07:00");
	expect_put_off(&any, "2027-10-10T09:00", NULL, "2027-10-11T08:00");
	expect_put_off(&night, "2027-10-10T09:00", NULL, "2027-10-10T22:00");
	/* the next occurrence comes first */
	expect_put_off(&day, "2027-10-10T09:00", "2027-10-11T07:00", NULL);
	expect_put_off(&day, "2027-10-10T09:00", "2027-10-11T07:00:01", "2027-10-11T07:00");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_fire_is_refused),
		cmocka_unit_test(a_rule_without_a_start_gets_today_and_a_policy_its_usual_minutes),
		cmocka_unit_test(a_row_is_meant_on_the_day_of_its_date_and_offset),
		cmocka_unit_test(three_days_before_march_depend_on_the_year),
		cmocka_unit_test(yearly_a_29_february_is_the_28th_in_years_without_one),
		cmocka_unit_test(it_is_put_off_until_the_hours_open_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
