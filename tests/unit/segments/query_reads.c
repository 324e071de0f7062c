/* SPDX-License-Identifier: MIT */
/* Which columns a query looks into, and whether one of them is sensitive. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "segments/query.h"

static struct schema *
a_schema(void)
{
	static const char *const names[] = {"ho_ten", "dan_toc", "ngay_sinh", "tinh"};
	struct schema *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->phone = -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(s->columns[i].name, sizeof(s->columns[i].name), "%s", names[i]);
		s->count++;
	}
	s->columns[1].is_sensitive = true;
	s->columns[2].type = COLUMN_DATE;
	return s;
}

/* Bits: the columns that it looks into. */
static unsigned
reads(const struct schema *s, const char *text, bool *is_sensitive)
{
	struct query_error e = {0};
	struct query *q = query_parse(slice_of(text), &e);
	unsigned out = 0;

	assert_non_null(q);
	assert_true(query_bind(q, s, &e));
	for (int i = 0; i < 4; i++)
		out |= query_reads(q, i) ? 1u << i : 0;
	*is_sensitive = query_reads_sensitive(q, s);
	query_free(q);
	return out;
}

static void
a_query_reads_the_columns_that_it_names(void **state)
{
	static const struct {
		const char *text;
		unsigned columns;
		bool is_sensitive;
	} cases[] = {
		{"ho_ten = 'An'", 1, false},
		{"ho_ten = 'dan_toc'", 1, false},
		{"NOT (dan_toc = 'Khmer')", 2, true},
		{"ho_ten ~ 'a' OR DAN_TOC IS NULL", 3, true},
		{"dan_toc NOT IN ('Kinh', 'Hoa')", 2, true},
		{"ho_ten != dan_toc", 3, true},
		{"age(ngay_sinh) >= 60", 4, false},
		{"province('An Giang')", 8, false},
		{"today() > '2020-01-01'", 0, false},
	};
	struct schema *s = a_schema();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool is_sensitive;

		if (reads(s, cases[i].text, &is_sensitive) != cases[i].columns ||
		    is_sensitive != cases[i].is_sensitive)
			fail_msg("%s", cases[i].text);
	}
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_reads_the_columns_that_it_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
