/* SPDX-License-Identifier: MIT */
/* segment("name"): what stands in its place, and what cannot. Worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "segments/combine.h"
#include "segments/query_tree.h"

static const struct saved_segment saved[] = {
	{SLICE("già"), SLICE("l"), SLICE("tuoi >= 60")},
	{SLICE("nữ hoặc trẻ"), SLICE("l"), SLICE("gioi_tinh = 'Nữ' OR tuoi < 16")},
	{SLICE("bà"), SLICE("l"), SLICE("segment('già') AND gioi_tinh = 'Nữ'")},
	{SLICE("a"), SLICE("l"), SLICE("tuoi > 1 OR segment('b')")},
	{SLICE("b"), SLICE("l"), SLICE("segment(\"c\")")},
	{SLICE("c"), SLICE("l"), SLICE("segment('a')")},
	{SLICE("người khác"), SLICE("m"), SLICE("tuoi >= 60")},
	{SLICE("cũ"), SLICE("l"), SLICE("que_quan = 'Huế'")},
	{SLICE("hỏng"), SLICE("l"), SLICE("tuoi >=")},
	{SLICE("1"), SLICE("l"), SLICE("tuoi = 1")},
	{SLICE("2"), SLICE("l"), SLICE("segment('1')")},
	{SLICE("3"), SLICE("l"), SLICE("segment('2')")},
	{SLICE("4"), SLICE("l"), SLICE("segment('3')")},
	{SLICE("5"), SLICE("l"), SLICE("segment('4')")},
	{SLICE("6"), SLICE("l"), SLICE("segment('5')")},
	{SLICE("7"), SLICE("l"), SLICE("segment('6')")},
	{SLICE("8"), SLICE("l"), SLICE("segment('7')")},
	{SLICE("9"), SLICE("l"), SLICE("segment('8')")},
};

static const struct schema *
schema(void)
{
	static struct schema s = {
		.columns = {{"tuoi", "Tuổi", COLUMN_NUMBER},
			    {"gioi_tinh", "Giới tính", COLUMN_TEXT}},
		.count = 2,
		.phone = -1,
	};

	return &s;
}

static struct combine
combine_of(const char *name, const char *query)
{
	return (struct combine){.name = slice_of(name),
				.list = SLICE("l"),
				.query = slice_of(query),
				.saved = saved,
				.saved_count = ARRAY_LEN(saved),
				.schema = schema()};
}

static void
becomes(const char *query, const char *wanted)
{
	struct combine c = combine_of("", query);
	struct query_error e;
	struct buf out = {0};

	if (!query_combine(&c, &out, &e))
		fail_msg("%s: %s", query, e.message);
	assert_string_equal(out.data, wanted);
	buf_free(&out);
}

static void
refused(const char *name, const char *query, size_t column, const char *part)
{
	struct combine c = combine_of(name, query);
	struct query_error e;
	struct buf out = {0};

	assert_false(query_combine(&c, &out, &e));
	assert_int_equal(out.len, 0);
	if (strstr(e.message, part) == NULL)
		fail_msg("%s: \"%s\" has no \"%s\"", query, e.message, part);
	assert_int_equal(e.column, column);
	buf_free(&out);
}

static void
a_segment_stands_there_as_if_in_parentheses(void **state)
{
	(void)state;
	becomes("segment('già')", "(tuoi >= 60)");
	becomes("tuoi < 90 AND SEGMENT( \"nữ hoặc trẻ\" )",
		"tuoi < 90 AND (gioi_tinh = 'Nữ' OR tuoi < 16)");
	becomes("NOT segment('bà') or tuoi = 3",
		"NOT ((tuoi >= 60) AND gioi_tinh = 'Nữ') or tuoi = 3");
	becomes("segment('già') AND NOT segment('già')", "(tuoi >= 60) AND NOT (tuoi >= 60)");
}

static void
a_query_without_segments_stays_as_it_is(void **state)
{
	(void)state;
	becomes("tuoi  =  3", "tuoi  =  3");
	becomes("tuoi = 3 AND gioi_tinh = 'segment(''x'')'",
		"tuoi = 3 AND gioi_tinh = 'segment(''x'')'");
}

static void
a_segment_inside_of_itself_is_refused_with_the_chain(void **state)
{
	(void)state;
	refused("", "tuoi = 1 AND segment('a')", 14, "cannot contain itself: a > b > c > a");
	refused("già", "segment('bà')", 1, "cannot contain itself: già > bà > già");
	refused("x", "segment('x')", 1, "cannot contain itself: x > x");
}

static void
what_is_not_there_or_not_of_the_list_is_refused_at_its_place(void **state)
{
	(void)state;
	refused("", "tuoi = 1 OR segment('lạ')", 13, "there is no segment lạ");
	refused("", "segment('già') AND segment('người khác')", 20,
		"the segment người khác is of the list m");
}

static void
an_error_inside_is_told_at_the_segment_that_leads_to_it(void **state)
{
	(void)state;
	refused("", "tuoi = 1 AND segment('cũ')", 14,
		"in segment cũ, character 1: the list has no column que_quan");
	refused("", "segment('hỏng')", 1, "in segment hỏng, character 8: ");
	refused("", "tuoi = 1 AND tuio = 2", 14, "did you mean tuoi?");
	refused("", "segment('')", 9, "a name is missing");
	refused("", "segment(già)", 9, "write segment('name of a segment')");
}

static void
eight_stand_inside_of_each_other_and_no_more(void **state)
{
	(void)state;
	becomes("segment('8')", "((((((((tuoi = 1))))))))");
	refused("", "segment('9')", 1, "more than 8 segments stand inside of each other");
}

/* Each level twice the one below: 2 to the power of 7 is over 128 places. */
static void
what_grows_with_each_level_is_bounded(void **state)
{
	struct saved_segment wide[9];
	char names[9][4], texts[9][64];
	struct combine c = combine_of("", "segment('w8')");
	struct query_error e;
	struct buf out = {0};

	(void)state;
	for (unsigned i = 0; i < 9; i++) {
		snprintf(names[i], sizeof(names[i]), "w%u", i);
		if (i == 0)
			snprintf(texts[i], sizeof(texts[i]), "tuoi = 1");
		else
			snprintf(texts[i], sizeof(texts[i]), "segment('w%u') OR segment('w%u')",
				 i - 1, i - 1);
		wide[i] =
			(struct saved_segment){slice_of(names[i]), SLICE("l"), slice_of(texts[i])};
	}
	c.saved = wide;
	c.saved_count = 9;
	assert_false(query_combine(&c, &out, &e));
	assert_non_null(strstr(e.message, "more than"));
	c.query = SLICE("segment('w4')"); /* 1 + 2 + 4 + 8 + 16 places */
	assert_true(query_combine(&c, &out, &e));
	buf_free(&out);
}

static void
what_is_too_long_together_is_refused(void **state)
{
	static char text[5000];
	struct saved_segment one = {SLICE("dài"), SLICE("l"), {text, 0}};
	struct combine c = combine_of("", "segment('dài') AND segment('dài')");
	struct query_error e;
	struct buf out = {0};

	(void)state;
	one.query.n = (size_t)snprintf(text, sizeof(text), "gioi_tinh = '%04096d'", 7);
	c.saved = &one;
	c.saved_count = 1;
	assert_false(query_combine(&c, &out, &e));
	assert_non_null(strstr(e.message, "more than 8192 bytes"));
	buf_free(&out);
}

static void
a_segment_that_is_left_cannot_be_bound(void **state)
{
	struct query_error e;
	struct query *q = query_parse(SLICE("tuoi = 1 AND segment('già')"), &e);
	struct buf normal = {0};

	(void)state;
	assert_non_null(q);
	assert_int_equal(query_segment_count(q), 1);
	assert_int_equal(query_segment(q, 0)->at, 13);
	assert_null(query_segment(q, 1));
	query_add_normalised(q, &normal);
	assert_string_equal(normal.data, "tuoi = 1 AND segment('già')");
	assert_true(query_check(q, schema(), &e));
	assert_false(query_bind(q, schema(), &e));
	assert_int_equal(e.column, 14);
	buf_free(&normal);
	query_free(q);
}

static void
more_than_32_names_in_one_text_are_refused(void **state)
{
	struct buf text = {0};
	struct query_error e;

	(void)state;
	for (int i = 0; i < 33; i++)
		buf_adds(&text, i > 0 ? " OR segment('x')" : "segment('x')");
	assert_null(query_parse(buf_slice(&text), &e));
	assert_non_null(strstr(e.message, "more than 32 segments"));
	text.len -= strlen(" OR segment('x')");
	query_free(query_parse(buf_slice(&text), &e));
	buf_free(&text);
}

static void
a_bound_query_tells_its_columns_each_once(void **state)
{
	struct query_error e;
	struct query *q =
		query_parse(SLICE("gioi_tinh = 'Nam' AND (tuoi > 3 OR `Giới tính` IS NULL)"), &e);

	(void)state;
	assert_non_null(q);
	assert_true(query_bind(q, schema(), &e));
	assert_int_equal(query_column(q, 0), 1);
	assert_int_equal(query_column(q, 1), 0);
	assert_int_equal(query_column(q, 2), -1);
	query_free(q);
}

/* 2026-10-10 is day 20736. */
static void
an_age_is_whole_years(void **state)
{
	(void)state;
	assert_int_equal(query_age_of(SLICE("1966-10-10"), 20736), 60);
	assert_int_equal(query_age_of(SLICE("1966-10-11"), 20736), 59);
	assert_int_equal(query_age_of(SLICE("1966"), 20736), 60);
	assert_int_equal(query_age_of(SLICE("2026-10-11"), 20736), -1);
	assert_int_equal(query_age_of(SLICE("không rõ"), 20736), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_segment_stands_there_as_if_in_parentheses),
		cmocka_unit_test(a_query_without_segments_stays_as_it_is),
		cmocka_unit_test(a_segment_inside_of_itself_is_refused_with_the_chain),
		cmocka_unit_test(what_is_not_there_or_not_of_the_list_is_refused_at_its_place),
		cmocka_unit_test(an_error_inside_is_told_at_the_segment_that_leads_to_it),
		cmocka_unit_test(eight_stand_inside_of_each_other_and_no_more),
		cmocka_unit_test(what_grows_with_each_level_is_bounded),
		cmocka_unit_test(what_is_too_long_together_is_refused),
		cmocka_unit_test(a_segment_that_is_left_cannot_be_bound),
		cmocka_unit_test(more_than_32_names_in_one_text_are_refused),
		cmocka_unit_test(a_bound_query_tells_its_columns_each_once),
		cmocka_unit_test(an_age_is_whole_years),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
