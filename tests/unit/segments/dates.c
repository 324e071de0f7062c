/* SPDX-License-Identifier: MIT */
/*
 * What an import takes as a date must be the same day to a template and to a
 * query, and what it refuses none, but for the forms that only templates take and
 * the years that only queries do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/mem.h"
#include "segments/cell.h"
#include "segments/query_tree.h"
#include "templates/vi_date.h"

static void
print_template_date(struct date d, char out[32])
{
	if (d.month == 0)
		snprintf(out, 32, "%04d", d.year);
	else
		snprintf(out, 32, d.day == 0 ? "%04d-%02d" : "%04d-%02d-%02d", d.year, d.month,
			 d.day);
}

/* Both read it as the day "yyyy-mm-dd" or year "yyyy"; "" = both do not. */
static void
expect(const char *text, const char *wanted)
{
	char cell[11] = "", template_day[32] = "";
	struct date d;

	if (cell_read_date(slice_of(text), cell) == DATE_NONE)
		cell[0] = '\0';
	if (vi_date_read(slice_of(text), &d))
		print_template_date(d, template_day);
	if (strcmp(cell, wanted) != 0 || strcmp(template_day, wanted) != 0)
		fail_msg("%s: lists read \"%s\", templates \"%s\", not \"%s\"", text, cell,
			 template_day, wanted);
}

static void
lists_and_templates_read_the_same_dates(void **state)
{
	static const char *const rows[][2] = {
		{"2026-10-05", "2026-10-05"},
		{"2026-1-5", "2026-01-05"},
		{"05/10/2026", "2026-10-05"},
		{"5/1/2026", "2026-01-05"},
		{"05-10-2026", "2026-10-05"},
		{"5.1.2026", "2026-01-05"},
		{"31/12/2199", "2199-12-31"},
		{"1/1/1800", "1800-01-01"},
		{"29/02/2024", "2024-02-29"},
		{"29/2/2000", "2000-02-29"},
		{"2026", "2026"},
		{"1800", "1800"},
		{"2199", "2199"},
	};
	static const char *const none[] = {
		"",
		"abc",
		"5",
		"05/10/26",
		"5/10/226",
		"31/12/1799",
		"01/01/2200",
		"1799",
		"2200",
		"29/02/2026",
		"29/2/1900",
		"31/04/2026",
		"32/01/2026",
		"0/1/2026",
		"1/0/2026",
		"1/13/2026",
		"2026-13-01",
		"2026-00-10",
		"2026-10-00",
		"2026/10/05",
		"2026.10.05",
		"05/10-2026",
		"05-10/2026",
		"5//2026",
		"/10/2026",
		"05/10/",
		"05/10",
		"005/10/2026",
		"05/010/2026",
		"2026-010-05",
		"2026-10-005",
		"20261005",
		"05102026",
		"05 10 2026",
		"-5/10/2026",
		"05/10/2026x",
		"5/10/20260",
		"46305",
		"2026.5",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect(rows[i][0], rows[i][1]);
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		expect(none[i], "");
}

/* Every day of a year that is leap and of one that is not, and the days that there are not. */
static void
lists_queries_and_templates_agree_on_every_day(void **state)
{
	char text[32], cell[11], day[32];
	struct date d;

	(void)state;
	for (int year = 1900; year <= 2024; year += 124)
		for (int i = 0; i < 13 * 33; i++) {
			bool is_cell, is_template;
			int32_t query;

			snprintf(text, sizeof(text), "%d/%d/%d", i % 33, i / 33, year);
			is_cell = cell_read_date(slice_of(text), cell) == DATE_DAY;
			is_template = vi_date_read(slice_of(text), &d);
			query = query_date(slice_of(text));
			if (is_cell != is_template || is_cell != (query != 0))
				fail_msg("%s: %d %d %d", text, is_cell, is_template, query != 0);
			if (!is_cell)
				continue;
			print_template_date(d, day);
			assert_string_equal(cell, day);
			assert_int_equal(query, query_date(slice_of(cell)));
			assert_int_equal(query, (d.year * 100 + d.month) * 100 + d.day);
		}
}

static void
queries_take_what_the_import_takes(void **state)
{
	static const struct {
		const char *text;
		int32_t date;
	} rows[] = {
		{"5.2.2026", 20260205},
		{"05.02.2026", 20260205},
		{"5-2-2026", 20260205},
		{"05-02-2026", 20260205},
		{"5/2/2026", 20260205},
		{"05/02/2026", 20260205},
		{"2026-2-5", 20260205},
		{"2026-02-05", 20260205},
		{" 5.2.2026 ", 20260205},
		{"2026", 20260000},
		{"29.2.2024", 20240229},
		{"29.2.2026", 0},
		{"5.2.26", 0},
		{"5.2/2026", 0},
		{"5. 2. 2026", 0},
		{"2.2026", 0},
		{"2/2026", 0},
		{"2026-02", 0},
		{"2026.2.5", 0},
		{"15/3/1000", 10000315},
		{"15/3/999", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (query_date(slice_of(rows[i].text)) != rows[i].date)
			fail_msg("%s: %d", rows[i].text, query_date(slice_of(rows[i].text)));
}

static void
months_and_times_are_read_by_templates_only(void **state)
{
	static const char *const texts[] = {"10/2026",		"2026-10",
					    "2026-10-05 08:30", "5/10/2026 08:30:05",
					    " 5/10/2026 ",	"2026-10-05T08:30:00+07:00"};
	char cell[11];
	struct date d;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(cell_read_date(slice_of(texts[i]), cell), DATE_NONE);
		assert_true(vi_date_read(slice_of(texts[i]), &d));
		assert_int_equal(d.year * 100 + d.month, 202610);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_and_templates_read_the_same_dates),
		cmocka_unit_test(lists_queries_and_templates_agree_on_every_day),
		cmocka_unit_test(queries_take_what_the_import_takes),
		cmocka_unit_test(months_and_times_are_read_by_templates_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
