/* SPDX-License-Identifier: MIT */
/*
 * Dates with lengths of time, provinces, external sets and hints. Expected dates are
 * those of PostgreSQL's date + interval; the rest is worked out by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"
#include "segments/query.h"
#include "segments/query_tree.h"

#define TODAY 20736 /* 2026-10-10 */

/* ---- people of five provinces, with phones 84900000000 + row ---- */

static const char *const people[][3] = {
	{"Thái Bình", "1966-10-10", "Nam"}, {"Hưng Yên", "1966-10-11", "Nữ"},
	{"tỉnh Thái Bình", "1966", "Nữ"},   {"TP. HCM", "2008-02-29", "Nam"},
	{"Bình Dương", "2024-02-29", ""},   {"", "", "Nữ"},
	{"Hà Nội 2", "15/3/1958", "Nam"},   {"An Giang", "2026-10-11", "Nam"},
};
#define PEOPLE ARRAY_LEN(people)
#define PHONE 84900000000

static const char *const province_titles[] = {"tinh", "Nơi ở"};

static struct schema *
schema_new(const char *first)
{
	struct schema *s = xcalloc(1, sizeof(*s));

	s->phone = -1;
	s->count = 3;
	snprintf(s->columns[0].name, sizeof(s->columns[0].name), "%s", first);
	snprintf(s->columns[1].name, sizeof(s->columns[1].name), "ngay_sinh");
	snprintf(s->columns[2].name, sizeof(s->columns[2].name), "gioi_tinh");
	s->columns[1].type = COLUMN_DATE;
	return s;
}

static struct buf
block_of_people(const struct schema *s)
{
	struct block_builder *b = block_builder_new(s);
	struct buf out = {0};

	for (size_t r = 0; r < PEOPLE; r++) {
		struct slice cells[3];

		for (int c = 0; c < 3; c++)
			cells[c] = slice_of(people[r][c]);
		block_builder_add(b, cells, r == 5 ? 0 : PHONE + r, 0, 0);
	}
	block_builder_finish(b, &out);
	block_builder_free(b);
	return out;
}

static bool
is_even(void *arg, uint64_t phone)
{
	*(unsigned *)arg += 1;
	return phone % 2 == 0;
}

static void
first_three(void *arg, const struct block *b, uint64_t out[4])
{
	*(unsigned *)arg += b->rows;
	out[0] = 7;
}

static unsigned asked;

/* The rows as "0 3 7": in_list("even") and the others by fake sets. */
static void
rows_are(const char *query, const char *want)
{
	struct schema *s = schema_new("tinh");
	struct buf bytes = block_of_people(s), got = {0};
	struct block *b = xmalloc(sizeof(*b));
	struct query_error e;
	struct query *q = query_parse(slice_of(query), &e);
	uint64_t bits[4];

	asked = 0;
	if (q == NULL)
		fail_msg("%s: column %zu: %s", query, e.column, e.message);
	for (size_t i = 0; i < query_external_count(q); i++) {
		bool is_list = query_external(q, i)->kind == QUERY_IN_LIST;

		query_fill(q, i, is_list ? is_even : NULL, is_list ? NULL : first_three, &asked);
	}
	if (!query_bind(q, s, &e))
		fail_msg("%s: column %zu: %s", query, e.column, e.message);
	assert_int_equal(block_open(buf_slice(&bytes), b, NULL), 0);
	query_eval_block(q, b, TODAY, bits);
	buf_adds(&got, "");
	for (size_t r = 0; r < PEOPLE; r++)
		if (bits[0] >> r & 1)
			buf_addf(&got, "%s%zu", got.len > 0 ? " " : "", r);
	if (!slice_is(buf_slice(&got), want))
		fail_msg("%s: rows %s, not %s", query, got.data, want);
	query_free(q);
	buf_free(&got);
	buf_free(&bytes);
	block_close(b);
	free(b);
	free(s);
}

static void
a_date_moves_by_days_weeks_months_and_years(void **state)
{
	static const struct {
		int32_t date;
		struct shift by;
		int32_t want;
	} cases[] = {
		{20260101, {-1, 'd'}, 20251231},
		{20240228, {1, 'd'}, 20240229},
		{20230228, {1, 'd'}, 20230301},
		{20261010, {2, 'w'}, 20261024},
		{20260131, {1, 'm'}, 20260228},
		{20240131, {1, 'm'}, 20240229},
		{20260331, {-1, 'm'}, 20260228},
		{20261231, {2, 'm'}, 20270228},
		{20260115, {-13, 'm'}, 20241215},
		{20240229, {1, 'y'}, 20250228},
		{20240229, {4, 'y'}, 20280229},
		{20240229, {-60, 'y'}, 19640229},
		{20000301, {-1, 'd'}, 20000229},
		{19000301, {-1, 'd'}, 19000228},
		{19700101, {20736, 'd'}, 20261010},
		{19660000, {18, 'y'}, 19840000},
		{19660000, {24, 'm'}, 19680000},
		{19660000, {1, 'm'}, 0},
		{19660000, {1, 'd'}, 0},
		{99991231, {1, 'd'}, 0},
		{10000101, {-1, 'd'}, 0},
		{10000101, {-1, 'm'}, 0},
		{20260101, {9999, 'y'}, 0},
		{20260101, {-99999, 'm'}, 0},
		{0, {1, 'd'}, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (query_shift_date(cases[i].date, cases[i].by) != cases[i].want)
			fail_msg("%d %+d%c: %d, not %d", cases[i].date, cases[i].by.count,
				 cases[i].by.unit, query_shift_date(cases[i].date, cases[i].by),
				 cases[i].want);
}

static void
every_day_of_four_centuries_is_the_day_after_the_one_before(void **state)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int32_t date = 18000101;

	(void)state;
	for (int year = 1800; year < 2200; year++)
		for (int month = 1; month <= 12; month++) {
			bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
			int last = days[month - 1] + (month == 2 && is_leap);

			for (int day = 1; day <= last; day++) {
				assert_int_equal(date, year * 10000 + month * 100 + day);
				date = query_shift_date(date, (struct shift){1, 'd'});
			}
		}
}

static void
ages_can_be_asked_for_by_birth_dates(void **state)
{
	(void)state;
	rows_are("ngay_sinh <= today() - 60y", "0 2 6"); /* sixty today or earlier, 1966 too */
	rows_are("ngay_sinh > today() - 60y", "1 3 4 7");
	rows_are("ngay_sinh + 60y <= today()", "0 2 6");
	rows_are("ngay_sinh + 18y BETWEEN today() - 1y AND today()", "3"); /* 18 on 2026-02-28 */
	rows_are("ngay_sinh + 1d = '2008-03-01'", "3");
	rows_are("ngay_sinh = today() + 1d", "7");
	rows_are("ngay_sinh = '10/10/2026' + 1d", "7");
	rows_are("'2026-10-10' + 1d = ngay_sinh", "7");
	rows_are("ngay_sinh IN ('1966-10-09' + 1d, '1958-03-08' + 1w)", "0 2 6");
	rows_are("ngay_sinh + 1m > '1900-01-01'", "0 1 3 4 6 7"); /* a year only has no months */
	rows_are("ngay_sinh + 9000y > '1900'", "");		  /* no such years */
	rows_are("ngay_sinh = '15/3/1958'", "6");
	rows_are("ngay_sinh LIKE '%/%'", "6");
}

static void
a_province_is_found_under_its_names_of_before_and_today(void **state)
{
	(void)state;
	rows_are("province('Thái Bình')", "0 2");
	rows_are("province(\"Hưng Yên\")", "0 1 2");
	rows_are("province('Hưng Yên') AND NOT province('Thái Bình')", "1");
	rows_are("province('thành phố Hồ Chí Minh')", "3 4");
	rows_are("province('BR-VT')", "");
	rows_are("province(tinh, 'Sai Gon')", "3 4");
	rows_are("NOT province('Sài Gòn')", "0 1 2 5 6 7");
	rows_are("province(gioi_tinh, 'Huế')", "");
}

static struct slice
row_of_hanoi(void *arg, struct slice name)
{
	return slice_is(name, arg) ? SLICE("Hà Nội") : (struct slice){NULL, 0};
}

static void
a_province_without_a_list_is_looked_for_in_columns_that_are_called_so(void **state)
{
	struct query *q = query_parse(SLICE("province('TP Hà Nội')"), NULL);

	(void)state;
	assert_true(query_eval_row(q, row_of_hanoi, (void *)(uintptr_t) "tinh_thanh", TODAY));
	assert_true(query_eval_row(q, row_of_hanoi, (void *)(uintptr_t) "tinh", TODAY));
	assert_false(query_eval_row(q, row_of_hanoi, (void *)(uintptr_t) "que_quan", TODAY));
	query_free(q);
}

static void
a_list_without_a_column_of_provinces_is_told_how_to_name_one(void **state)
{
	struct query *q = query_parse(SLICE("1 = 1 AND province('Huế')"), NULL);
	struct schema *s = schema_new("noi_o");
	struct query_error e;

	(void)state;
	assert_false(query_bind(q, s, &e));
	assert_int_equal(e.column, 20);
	assert_non_null(strstr(e.message, "province(column, 'Huế'); it has noi_o, ngay_sinh"));
	query_free(q);
	free(s);
	for (size_t i = 0; i < ARRAY_LEN(province_titles); i++) {
		q = query_parse(SLICE("province('Huế')"), NULL);
		s = schema_new(province_titles[i]);
		assert_int_equal(query_bind(q, s, &e), i == 0);
		query_free(q);
		free(s);
	}
}

static void
warned(const char *query, const char *want)
{
	struct query *q = query_parse(slice_of(query), NULL);
	struct buf out = {0};

	assert_non_null(q);
	query_add_warnings(q, &out);
	buf_adds(&out, "");
	assert_string_equal(out.data, want);
	buf_free(&out);
	query_free(q);
}

static void
names_that_can_be_misunderstood_are_warned_of(void **state)
{
	(void)state;
	warned("province('Hà Nội') AND tinh = 'Thái Bình'", "");
	warned("province('thai binh') OR province('Thái Bình')",
	       "province('Thái Bình') finds rows that say Thái Bình: it is part of Hưng Yên since "
	       "2025-07-01, and a row that says Hưng Yên does not tell of which part it is; "
	       "province('Hưng Yên') finds both\n");
	warned("province('HCM')", "province('Hồ Chí Minh') is Hồ Chí Minh of today: rows that say "
				  "Bình Dương or Bà Rịa - Vũng Tàu are in it\n");
}

static void
an_argument_that_cannot_be_answered_is_pointed_at(void **state)
{
	static const char text[] = "in_list('á') AND state('b', 'c')";
	struct query_error e;
	struct query *q = query_parse(slice_of(text), &e);

	(void)state;
	assert_non_null(q);
	query_blame(q, 1, 1, "no such state", &e);
	assert_string_equal(e.message, "no such state");
	assert_int_equal(e.column, 29); /* in characters, from 1 */
	assert_int_equal(e.at, 29);	/* in bytes: á has two */
	query_blame(q, 0, 0, "no such list", &e);
	assert_int_equal(e.column, 9);
	query_free(q);
}

static void
external_sets_are_filled_by_the_caller(void **state)
{
	(void)state;
	rows_are("in_list('even')", "0 2 4 6"); /* row 5 has no phone: it is in no list */
	assert_int_equal(asked, 7);
	rows_are("NOT in_list('even')", "1 3 5 7");
	rows_are("reached_by('x')", "0 1 2");
	rows_are("state('x', 'unknown') AND in_list('even')", "0 2");
	assert_int_equal(asked, PEOPLE + 3); /* once for the block, then only those that are open */
	rows_are("gioi_tinh = 'nữ' OR in_list('even') AND NOT reached_by('x')", "1 2 4 5 6");
}

static void
the_sets_that_a_query_needs_are_listed_once_each(void **state)
{
	struct query *q = query_parse(
		SLICE("in_list('a') AND (reached_by('a') OR NOT in_list(\"a\") OR state('a', 'x') "
		      "OR state('a', 'y'))"),
		NULL);

	(void)state;
	assert_int_equal(query_external_count(q), 4);
	assert_int_equal(query_external(q, 0)->kind, QUERY_IN_LIST);
	assert_int_equal(query_external(q, 1)->kind, QUERY_REACHED_BY);
	assert_int_equal(query_external(q, 2)->kind, QUERY_STATE);
	assert_int_equal(query_external(q, 2)->arg_count, 2);
	assert_true(slice_is(query_external(q, 3)->args[0], "a"));
	assert_true(slice_is(query_external(q, 3)->args[1], "y"));
	assert_null(query_external(q, 4));
	query_free(q);
}

static void
a_set_that_nobody_has_filled_is_refused(void **state)
{
	struct query *q = query_parse(SLICE("tinh = 'x' OR in_list('a')"), NULL);
	struct schema *s = schema_new("tinh");
	struct query_error e;

	(void)state;
	assert_false(query_bind(q, s, &e));
	assert_int_equal(e.column, 15);
	assert_non_null(strstr(e.message, "in_list"));
	assert_true(query_check(q, s, &e));
	query_fill(q, 0, is_even, NULL, &asked);
	assert_true(query_bind(q, s, &e));
	query_free(q);
	free(s);
}

static void
more_than_sixteen_sets_are_refused(void **state)
{
	struct buf text = {0};
	struct query_error e;

	(void)state;
	buf_adds(&text, "1 = 1");
	for (int i = 0; i < 17; i++)
		buf_addf(&text, " OR in_list('%d')", i);
	assert_null(query_parse(buf_slice(&text), &e));
	assert_non_null(strstr(e.message, "16"));
	buf_free(&text);
}

static void
the_nearest_value_is_found(void **state)
{
	const struct slice values[] = {SLICE("Nam"), SLICE("Nữ"), SLICE("Không rõ"), SLICE("")};
	static const char *const words[][2] = {
		{"Nu", "Nữ"},	  {"nu", "Nữ"},
		{"Nử", "Nữ"},	  {"Khong ro", "Không rõ"},
		{"nan", "Nam"},	  {"Không rỏ", "Không rõ"},
		{"Nam", NULL},	  {"NAM", NULL},
		{"Hà Nội", NULL}, {"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		ptrdiff_t found = query_nearest_value(slice_of(words[i][0]), values, 4);

		if (words[i][1] == NULL ? found >= 0
					: found < 0 || !slice_is(values[found], words[i][1]))
			fail_msg("%s: %td", words[i][0], found);
	}
}

static void
literals_of_columns_are_listed_for_hints(void **state)
{
	struct query *q = query_parse(SLICE("gioi_tinh = 'Nu' OR tinh NOT IN ('a', 'b') OR tinh < "
					    "'c' OR ngay_sinh = '1966'"),
				      NULL);
	struct schema *s = schema_new("tinh");
	struct query_literal l;

	(void)state;
	assert_true(query_bind(q, s, NULL));
	assert_true(query_literal(q, 0, &l) && l.column == 2 && l.at == 12);
	assert_true(slice_is(l.text, "Nu"));
	assert_true(query_literal(q, 2, &l) && l.column == 0 && slice_is(l.text, "b"));
	assert_false(query_literal(q, 3, &l));
	query_free(q);
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_date_moves_by_days_weeks_months_and_years),
		cmocka_unit_test(every_day_of_four_centuries_is_the_day_after_the_one_before),
		cmocka_unit_test(ages_can_be_asked_for_by_birth_dates),
		cmocka_unit_test(a_province_is_found_under_its_names_of_before_and_today),
		cmocka_unit_test(
			a_province_without_a_list_is_looked_for_in_columns_that_are_called_so),
		cmocka_unit_test(a_list_without_a_column_of_provinces_is_told_how_to_name_one),
		cmocka_unit_test(names_that_can_be_misunderstood_are_warned_of),
		cmocka_unit_test(external_sets_are_filled_by_the_caller),
		cmocka_unit_test(an_argument_that_cannot_be_answered_is_pointed_at),
		cmocka_unit_test(the_sets_that_a_query_needs_are_listed_once_each),
		cmocka_unit_test(a_set_that_nobody_has_filled_is_refused),
		cmocka_unit_test(more_than_sixteen_sets_are_refused),
		cmocka_unit_test(the_nearest_value_is_found),
		cmocka_unit_test(literals_of_columns_are_listed_for_hints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
