/* SPDX-License-Identifier: MIT */
/*
 * Days against the C library's calendar; times by hand: Vietnam is seven hours
 * ahead of UTC.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#include "base/date.h"
#include "base/mem.h"

static void
days_are_those_of_the_c_library(void **state)
{
	(void)state;
	for (int64_t day = -719528; day < 2932897; day += 13) { /* years 0 to 9999 */
		time_t t = (time_t)(day * 86400);
		struct date d = date_of_days(day);
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		if (d.year != tm.tm_year + 1900 || d.month != tm.tm_mon + 1 ||
		    d.day != tm.tm_mday || day_weekday(day) != (tm.tm_wday + 6) % 7 ||
		    date_to_days(d) != day)
			fail_msg("day %lld: %d-%d-%d", (long long)day, d.year, d.month, d.day);
	}
	assert_int_equal(date_of_days(INT64_MAX).year, date_of_days(1000000000).year);
	assert_int_equal(date_to_days((struct date){2026, 14, 1}),
			 date_to_days((struct date){2027, 2, 1}));
}

static void
a_day_is_written_in_one_form_and_is_one_of_the_calendar(void **state)
{
	static const char *const good[] = {"2027-12-31", "2028-02-29", "2000-02-29", "1999-01-01"};
	static const char *const bad[] = {
		"",	      "2027-2-3",    "2027-02-29", "2100-02-29", "2027-13-01", "2027-00-10",
		"2027-04-31", "2027-01-00",  "27-01-01",   "2027/01/01", "2027-01-0a", "0999-01-01",
		"2027-01",    "2027-01-01 ", "2027-1-001", "01-01-2027", "2027-01-011"};
	struct date d;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(date_read_day(slice_of(good[i]), &d));
	assert_true(d.year == 1999 && d.month == 1 && d.day == 1);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (date_read_day(slice_of(bad[i]), &d))
			fail_msg("%s", bad[i]);
}

static void
a_time_is_one_of_vietnam_whatever_its_zone(void **state)
{
	static const struct {
		const char *text;
		int64_t second;
		int ms;
	} good[] = {
		{"08:30", 30600, 0},
		{"8:30", 30600, 0},
		{"08:30:05", 30605, 0},
		{"08:30:05.25", 30605, 250},
		{"08:30:05.123987", 30605, 123},
		{"00:00", 0, 0},
		{"23:59:59", 86399, 0},
		{"08:30+07:00", 30600, 0},
		{"08:30 +0700", 30600, 0},
		{"01:30Z", 30600, 0},
		{"01:30 z", 30600, 0},
		{"20:00Z", 97200, 0},
		{"00:30+14:00", -23400, 0},
		{"23:00-05:00", 126000, 0},
	};
	static const char *const bad[] = {
		"",	    "8",	   "8:3",	  "24:00",   "08:60",
		"08:30:60", "08:30:5",	   "08:30:05.",	  "08:30 ",  "08:30x",
		"08:30+7",  "08:30+15:00", "08:30+07:60", "08:30Zx", "0830"};
	struct date_time t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!date_read_time(slice_of(good[i].text), &t) || t.second != good[i].second ||
		    t.ms != good[i].ms)
			fail_msg("%s", good[i].text);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (date_read_time(slice_of(bad[i]), &t))
			fail_msg("%s is read as %lld", bad[i], (long long)t.second);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_are_those_of_the_c_library),
		cmocka_unit_test(a_day_is_written_in_one_form_and_is_one_of_the_calendar),
		cmocka_unit_test(a_time_is_one_of_vietnam_whatever_its_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
