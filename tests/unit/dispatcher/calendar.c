/* SPDX-License-Identifier: MIT */
/*
 * The calendar. Holidays are those of article 112 of the Labour Code; days of
 * the week and sums are counted by hand on a calendar of those months.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/date.h"
#include "base/mem.h"
#include "dispatcher/calendar.h"
#include "dispatcher/config.h"

static struct calendar *
read(const char *text, struct err_ctx *e)
{
	struct calendar *c = NULL;
	json_t *v = NULL;

	assert_int_equal(json_parse(slice_of(text), 1u << 20, "calendar", &v, e), ERR_OK);
	if (calendar_read(v, &c, e) != ERR_OK)
		c = NULL;
	json_decref(v);
	return c;
}

static struct calendar *
good(const char *text)
{
	struct err_ctx e = {0};
	struct calendar *c = read(text, &e);

	if (c == NULL)
		fail_msg("%s: %s", e.what, e.why);
	return c;
}

static int64_t
day(int y, int m, int d)
{
	return date_to_days((struct date){y, m, d});
}

static void
expect(const struct calendar *c, int64_t from, int64_t days, int64_t wanted)
{
	int64_t got = calendar_working_days_after(c, from, days);
	struct date g = date_of_days(got), w = date_of_days(wanted);

	if (got != wanted)
		fail_msg("%d-%d-%d instead of %d-%d-%d", g.year, g.month, g.day, w.year, w.month,
			 w.day);
}

/* 2026-11-23 is a Monday. */
static void
saturdays_and_sundays_are_no_working_days(void **state)
{
	struct calendar *c = good("{\"days\":[]}");

	(void)state;
	expect(c, day(2026, 11, 23), 2, day(2026, 11, 25));
	expect(c, day(2026, 11, 26), 2, day(2026, 11, 30));
	expect(c, day(2026, 11, 27), 1, day(2026, 11, 30));
	expect(c, day(2026, 11, 28), 1, day(2026, 11, 30));
	expect(c, day(2026, 11, 29), 10, day(2026, 12, 11));
	expect(c, day(2026, 11, 28), 0, day(2026, 11, 28));
	calendar_free(c);
}

static void
holidays_are_none_either_and_workdays_are(void **state)
{
	/* Wednesday to Friday; Sunday; Saturday. */
	struct calendar *c =
		good("{\"days\":[{\"name\":\"a\",\"kind\":\"holiday\",\"from\":\"2026-09-02\","
		     "\"to\":\"2026-09-04\"},"
		     "{\"name\":\"b\",\"kind\":\"workday\",\"date\":\"2026-09-06\"},"
		     "{\"name\":\"c\",\"kind\":\"workday\",\"date\":\"2026-09-04\"}]}");

	(void)state;
	assert_true(calendar_is_working(c, day(2026, 9, 1)));
	assert_false(calendar_is_working(c, day(2026, 9, 2)));
	assert_false(calendar_is_working(c, day(2026, 9, 3)));
	assert_true(calendar_is_working(c, day(2026, 9, 4)));
	assert_false(calendar_is_working(c, day(2026, 9, 5)));
	assert_true(calendar_is_working(c, day(2026, 9, 6)));
	expect(c, day(2026, 9, 1), 3, day(2026, 9, 7));
	calendar_free(c);
}

static void
a_yearly_day_holds_between_its_years(void **state)
{
	struct calendar *c = good("{\"days\":[{\"name\":\"a\",\"kind\":\"holiday\","
				  "\"yearly\":\"11-24\",\"since\":\"2026-01-01\","
				  "\"until\":\"2027-12-31\"},"
				  "{\"name\":\"b\",\"kind\":\"holiday\",\"yearly\":\"02-29\"}]}");

	(void)state;
	assert_false(calendar_has(c, DAY_HOLIDAY, day(2025, 11, 24)));
	assert_true(calendar_has(c, DAY_HOLIDAY, day(2026, 11, 24)));
	assert_true(calendar_has(c, DAY_HOLIDAY, day(2027, 11, 24)));
	assert_false(calendar_has(c, DAY_HOLIDAY, day(2028, 11, 24)));
	assert_false(calendar_has(c, DAY_WORK, day(2026, 11, 24)));
	assert_true(calendar_has(c, DAY_HOLIDAY, day(2028, 2, 29)));
	assert_false(calendar_has(c, DAY_HOLIDAY, day(2027, 2, 28)));
	assert_false(calendar_has(c, DAY_HOLIDAY, day(2027, 3, 1)));
	calendar_free(c);
}

static void
what_cannot_be_is_refused_with_its_place(void **state)
{
#define ONE(text) "{\"days\":[{\"name\":\"a\",\"kind\":\"holiday\"" text "}]}"
	static const struct {
		const char *text, *what;
	} cases[] = {
		{"{\"day\":[]}", "day"},
		{"{\"days\":{}}", "days"},
		{"{\"days\":[1]}", "days[0]"},
		{"{\"days\":[{\"kind\":\"holiday\",\"date\":\"2026-01-01\"}]}", "days[0].name"},
		{ONE(",\"date\":\"2026-01-01\",\"id\":\"\""), "days[0].id"},
		{"{\"days\":[{\"name\":\"a\",\"date\":\"2026-01-01\"}]}", "days[0].kind"},
		{"{\"days\":[{\"name\":\"a\",\"kind\":\"fest\",\"date\":\"2026-01-01\"}]}",
		 "days[0].kind"},
		{ONE(""), "days[0]"},
		{ONE(",\"date\":\"2026-02-29\""), "days[0].date"},
		{ONE(",\"date\":\"1/1/2026\""), "days[0].date"},
		{ONE(",\"date\":\"2026-01\""), "days[0].date"},
		{ONE(",\"date\":20260101"), "days[0].date"},
		{ONE(",\"date\":\"2026-01-01\",\"yearly\":\"01-01\""), "days[0]"},
		{ONE(",\"from\":\"2026-01-01\""), "days[0]"},
		{ONE(",\"to\":\"2026-01-01\""), "days[0]"},
		{ONE(",\"from\":\"2026-01-02\",\"to\":\"2026-01-01\""), "days[0]"},
		{ONE(",\"from\":\"2026-01-01\",\"to\":\"2027-01-02\""), "days[0]"},
		{ONE(",\"date\":\"2026-01-01\",\"since\":\"2026-01-01\""), "days[0]"},
		{ONE(",\"yearly\":\"02-30\""), "days[0].yearly"},
		{ONE(",\"yearly\":\"2-3\""), "days[0].yearly"},
		{ONE(",\"yearly\":\"01/01\""), "days[0].yearly"},
		{ONE(",\"yearly\":\"01-01\",\"since\":\"2027-01-01\",\"until\":\"2026-01-01\""),
		 "days[0]"},
	};
	struct err_ctx e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		e = (struct err_ctx){0};
		if (read(cases[i].text, &e) != NULL)
			fail_msg("%s is taken", cases[i].text);
		if (strcmp(e.what, cases[i].what) != 0)
			fail_msg("%s: %s: %s", cases[i].text, e.what, e.why);
	}
	calendar_free(good(ONE(",\"from\":\"2026-01-01\",\"to\":\"2027-01-01\"")));
}

static void
too_many_entries_are_refused_and_holidays_without_end_are_survived(void **state)
{
	struct buf text = {0};
	struct err_ctx e = {0};
	struct calendar *c;

	(void)state;
	buf_adds(&text, "{\"days\":[");
	for (int i = 0; i < 1001; i++)
		buf_addf(&text, "%s{\"name\":\"a\",\"kind\":\"holiday\",\"date\":\"2026-01-01\"}",
			 i > 0 ? "," : "");
	buf_adds(&text, "]}");
	assert_null(read(text.data, &e));
	assert_non_null(strstr(e.why, "more than 1000 entries"));
	buf_reset(&text);
	buf_adds(&text, "{\"days\":[");
	for (int m = 1; m <= 12; m++)
		for (int d = 1; d <= 28; d++)
			buf_addf(&text,
				 "%s{\"name\":\"a\",\"kind\":\"holiday\",\"yearly\":\"%02d-%02d\"}",
				 text.len > 9 ? "," : "", m, d);
	buf_adds(&text, "]}");
	c = good(text.data);
	assert_true(calendar_working_days_after(c, day(2026, 1, 1), 1000) <= day(2036, 1, 31));
	calendar_free(c);
	buf_free(&text);
}

static void
the_built_in_calendar_has_the_holidays_of_the_labour_code(void **state)
{
	/* Lunar 1/1 and 10/3 by year, as almanacs have them for UTC+7. */
	static const int tet[][3] = {{2026, 2, 17}, {2027, 2, 6}, {2028, 1, 26},
				     {2029, 2, 13}, {2030, 2, 2}, {2031, 1, 23}};
	static const int kings[][3] = {{2026, 4, 26}, {2027, 4, 16}, {2028, 4, 4},
				       {2029, 4, 23}, {2030, 4, 12}, {2031, 4, 1}};
	struct config *config;
	struct err_ctx e;

	(void)state;
	assert_int_equal(config_load(NULL, &config, &e), ERR_OK);
	for (size_t i = 0; i < ARRAY_LEN(tet); i++) {
		int64_t first = day(tet[i][0], tet[i][1], tet[i][2]);
		int holidays = 0;

		for (int64_t d = first - 15; d < first + 15; d++)
			holidays += calendar_has(config->days, DAY_HOLIDAY, d) &&
				    date_of_days(d).month * 100 + date_of_days(d).day != 101;
		assert_int_equal(holidays, 5);
		assert_true(calendar_has(config->days, DAY_HOLIDAY, first));
		assert_true(calendar_has(config->days, DAY_HOLIDAY,
					 day(kings[i][0], kings[i][1], kings[i][2])));
		assert_true(calendar_has(config->days, DAY_HOLIDAY, day(tet[i][0], 1, 1)));
		assert_true(calendar_has(config->days, DAY_HOLIDAY, day(tet[i][0], 4, 30)));
		assert_true(calendar_has(config->days, DAY_HOLIDAY, day(tet[i][0], 5, 1)));
		assert_true(calendar_has(config->days, DAY_HOLIDAY, day(tet[i][0], 9, 2)));
	}
	/* Wednesday 29 April 2026; Thursday and Friday are holidays, then a weekend. */
	expect(config->days, day(2026, 4, 29), 1, day(2026, 5, 4));
	expect(config->days, day(2026, 4, 28), 2, day(2026, 5, 4));
	/* From Thursday 4 February 2027 over Tết, the 5th to the 9th, a Tuesday. */
	expect(config->days, day(2027, 2, 4), 2, day(2027, 2, 11));
	config_free(config);
}

/* ---- feasts ---- */

static void
a_feast_is_found_by_its_name_or_id_however_it_is_typed(void **state)
{
	static const char *const names[] = {"Vu Lan",	 "vu lan", "VU-LAN", "vu_lan",
					    " Vu  Lan.", "ram-7",  "Rằm 7"};
	struct calendar *c =
		good("{\"days\":[{\"name\":\"Vu Lan\",\"id\":\"ram-7\",\"kind\":\"feast\","
		     "\"date\":\"2026-08-27\"}]}");
	struct feast f;
	int64_t days[FEAST_DAYS_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(calendar_feast(c, names[i], "anchor", &f, NULL), ERR_OK);
		assert_int_equal(feast_in_year(&f, 2026, days), 1);
		assert_int_equal(days[0], day(2026, 8, 27));
		assert_int_equal(feast_in_year(&f, 2027, days), 0);
		assert_int_equal(feast_last_day(&f), day(2026, 8, 27));
	}
	assert_true(calendar_is_working(c, day(2026, 8, 27)));
	calendar_free(c);
}

static void
a_feast_goes_before_a_holiday_of_its_name_and_a_span_counts_with_its_first_day(void **state)
{
	struct calendar *c =
		good("{\"days\":[{\"name\":\"Tết\",\"kind\":\"holiday\","
		     "\"from\":\"2027-02-05\",\"to\":\"2027-02-09\"},"
		     "{\"name\":\"Tết\",\"kind\":\"feast\",\"date\":\"2027-02-06\"},"
		     "{\"name\":\"Nghỉ\",\"kind\":\"holiday\","
		     "\"from\":\"2027-12-30\",\"to\":\"2028-01-02\"},"
		     "{\"name\":\"Bù\",\"kind\":\"workday\",\"date\":\"2027-02-20\"}]}");
	struct err_ctx e = {0};
	struct feast f;
	int64_t days[FEAST_DAYS_MAX];

	(void)state;
	assert_int_equal(calendar_feast(c, "tet", "anchor", &f, &e), ERR_OK);
	assert_int_equal(feast_in_year(&f, 2027, days), 1);
	assert_int_equal(days[0], day(2027, 2, 6));
	assert_int_equal(calendar_feast(c, "nghi", "anchor", &f, &e), ERR_OK);
	assert_int_equal(feast_in_year(&f, 2027, days), 1);
	assert_int_equal(days[0], day(2027, 12, 30));
	assert_int_equal(feast_in_year(&f, 2028, days), 0);
	assert_int_equal(calendar_feast(c, "bu", "anchor", &f, &e), ERR_INPUT);
	calendar_free(c);
}

static void
a_feast_that_is_none_or_has_a_hole_is_refused(void **state)
{
	struct calendar *c =
		good("{\"days\":[{\"name\":\"Vu Lan\",\"kind\":\"feast\","
		     "\"date\":\"2028-09-03\"},"
		     "{\"name\":\"Vu Lan\",\"kind\":\"feast\",\"date\":\"2026-08-27\"},"
		     "{\"name\":\"Quốc khánh\",\"kind\":\"holiday\",\"yearly\":\"09-02\"}]}");
	struct err_ctx e = {0};
	struct feast f;

	(void)state;
	assert_int_equal(calendar_feast(c, "trung-thu", "anchor", &f, &e), ERR_INPUT);
	assert_non_null(strstr(e.why, "no feast of the calendar"));
	assert_non_null(strstr(e.todo, "vu-lan quoc-khanh"));
	assert_int_equal(calendar_feast(c, "vu lan", "anchor", &f, &e), ERR_INPUT);
	assert_non_null(strstr(e.why, "no day in 2027"));
	assert_int_equal(calendar_feast(c, "", "anchor", &f, &e), ERR_INPUT);
	assert_int_equal(calendar_feast(c, "quoc-khanh", "anchor", &f, &e), ERR_OK);
	assert_true(feast_last_day(&f) == INT64_MAX);
	calendar_free(c);
}

static void
a_29_february_is_of_leap_years_only(void **state)
{
	struct calendar *c =
		good("{\"days\":[{\"name\":\"a\",\"kind\":\"feast\",\"yearly\":\"02-29\"}]}");
	struct feast f;
	int64_t days[FEAST_DAYS_MAX];

	(void)state;
	assert_int_equal(calendar_feast(c, "a", "anchor", &f, NULL), ERR_OK);
	assert_int_equal(feast_in_year(&f, 2027, days), 0);
	assert_int_equal(feast_in_year(&f, 2028, days), 1);
	assert_int_equal(days[0], day(2028, 2, 29));
	calendar_free(c);
}

static void
the_names_of_a_day_are_said_once(void **state)
{
	struct calendar *c;
	struct buf names = {0};

	(void)state;
	assert_int_equal(config_load_calendar("", &c, NULL), ERR_OK);
	calendar_add_names(c, day(2027, 2, 6), &names);
	assert_string_equal(names.data, "Tết Nguyên đán");
	buf_reset(&names);
	calendar_add_names(c, day(2027, 10, 10), &names);
	assert_string_equal(names.data, "Ngày Chuyển đổi số quốc gia");
	buf_reset(&names);
	calendar_add_names(c, day(2027, 10, 11), &names);
	assert_int_equal(names.len, 0);
	buf_free(&names);
	calendar_free(c);
}

/* As almanacs have them for UTC+7. */
static void
the_built_in_calendar_has_the_lunar_feasts(void **state)
{
	static const struct {
		const char *name;
		int days[6][2]; /* 2026 to 2031 */
	} feasts[] = {
		{"tet", {{2, 17}, {2, 6}, {1, 26}, {2, 13}, {2, 2}, {1, 23}}},
		{"gio-to", {{4, 26}, {4, 16}, {4, 4}, {4, 23}, {4, 12}, {4, 1}}},
		{"vu-lan", {{8, 27}, {8, 16}, {9, 3}, {8, 24}, {8, 13}, {9, 1}}},
		{"trung-thu", {{9, 25}, {9, 15}, {10, 3}, {9, 22}, {9, 12}, {10, 1}}},
	};
	struct calendar *c;
	struct feast f;
	int64_t days[FEAST_DAYS_MAX];

	(void)state;
	assert_int_equal(config_load_calendar("", &c, NULL), ERR_OK);
	for (size_t i = 0; i < ARRAY_LEN(feasts); i++) {
		assert_int_equal(calendar_feast(c, feasts[i].name, "anchor", &f, NULL), ERR_OK);
		for (int y = 0; y < 6; y++) {
			assert_int_equal(feast_in_year(&f, 2026 + y, days), 1);
			assert_int_equal(days[0],
					 day(2026 + y, feasts[i].days[y][0], feasts[i].days[y][1]));
		}
	}
	calendar_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(saturdays_and_sundays_are_no_working_days),
		cmocka_unit_test(holidays_are_none_either_and_workdays_are),
		cmocka_unit_test(a_yearly_day_holds_between_its_years),
		cmocka_unit_test(what_cannot_be_is_refused_with_its_place),
		cmocka_unit_test(
			too_many_entries_are_refused_and_holidays_without_end_are_survived),
		cmocka_unit_test(the_built_in_calendar_has_the_holidays_of_the_labour_code),
		cmocka_unit_test(a_feast_is_found_by_its_name_or_id_however_it_is_typed),
		cmocka_unit_test(
			a_feast_goes_before_a_holiday_of_its_name_and_a_span_counts_with_its_first_day),
		cmocka_unit_test(a_feast_that_is_none_or_has_a_hole_is_refused),
		cmocka_unit_test(a_29_february_is_of_leap_years_only),
		cmocka_unit_test(the_names_of_a_day_are_said_once),
		cmocka_unit_test(the_built_in_calendar_has_the_lunar_feasts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
