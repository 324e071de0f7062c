/* SPDX-License-Identifier: MIT */
/* Parsing, binding and rows of the query language; expected values by hand. Blocks: block.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "segments/query.h"

#define TODAY 20612 /* 2026-06-08 */

static struct buf out;
static struct query_error error;

static int
free_out(void **state)
{
	(void)state;
	buf_free(&out);
	return 0;
}

/* An, born 1960-06-08, of Huế; what is not here is missing. */
static struct slice
value_of(void *arg, struct slice name)
{
	static const struct {
		const char *name, *value;
	} values[] = {
		{"ho_ten", "Nguyễn Văn An"},
		{"tinh", "Huế"},
		{"diem", "7.5"},
		{"tuoi", "66"},
		{"ngay_sinh", "1960-06-08"},
		{"mai", "1960-06-09"},
		{"nam_sinh", "1950"},
		{"rong", ""},
		{"ghi_chu", "n/a"},
		{"họ tên", "Trần Bình"},
		{"nhuan", "2004-02-29"},
		{"ma", "A_1%"},
		{"d'or", "x'y"},
		{"so", "10"},
		{"sai_ngay", "2023-02-30"},
	};

	(void)arg;
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (slice_is(name, values[i].name))
			return slice_of(values[i].value);
	return (struct slice){NULL, 0};
}

static bool
holds(const char *text)
{
	struct query *q = query_parse(slice_of(text), &error);
	bool is_true;

	if (q == NULL)
		fail_msg("%s: column %zu: %s", text, error.column, error.message);
	is_true = query_eval_row(q, value_of, NULL, TODAY);
	query_free(q);
	return is_true;
}

#define yes(text)                                    \
	do {                                         \
		if (!holds(text))                    \
			fail_msg("%s: false", text); \
	} while (0)
#define no(text)                                    \
	do {                                        \
		if (holds(text))                    \
			fail_msg("%s: true", text); \
	} while (0)

/* The normalised text; valid until the next call. */
static const char *
normal(const char *text)
{
	struct query *q = query_parse(slice_of(text), &error);

	if (q == NULL)
		fail_msg("%s: column %zu: %s", text, error.column, error.message);
	buf_reset(&out);
	query_add_normalised(q, &out);
	query_free(q);
	return out.data;
}

static void
refused_slice(struct slice text, size_t column, const char *piece)
{
	struct query *q = query_parse(text, &error);

	if (q != NULL)
		fail_msg("%.*s: is taken", (int)text.n, text.p);
	if (error.column != column || strstr(error.message, piece) == NULL)
		fail_msg("%.*s: column %zu: %s", (int)text.n, text.p, error.column, error.message);
}

static void
refused(const char *text, size_t column, const char *piece)
{
	refused_slice(slice_of(text), column, piece);
}

/* ---- values ---- */

static void
texts_compare_whatever_their_case_and_form(void **state)
{
	(void)state;
	yes("tinh = 'HUẾ'");
	yes("tinh = \"hue\u0302\u0301\"");
	no("tinh = 'Hue'");
	yes("tinh != 'Hue'");
	yes("tinh <> 'Hue'");
	yes("ho_ten > 'Nguyễn'");
	yes("`d'or` = 'x''y'");
	yes("'Huế' = tinh");
	yes("`họ tên` = 'trần bình'");
}

static void
numbers_compare_as_numbers(void **state)
{
	(void)state;
	yes("diem = 7.50");
	yes("diem > 7");
	no("diem > 10");
	yes("so > 9");
	no("so > '9'"); /* a text in quotes, and no schema: "10" stands before "9" */
	yes("diem >= -1 AND diem <= +7.5 AND diem < 8");
	yes("so > diem");
}

static void
days_compare_as_days_and_by_the_year_when_only_that_is_known(void **state)
{
	(void)state;
	yes("ngay_sinh = '1960-06-08'");
	yes("ngay_sinh < '1960-06-09' AND ngay_sinh >= '1960-05-31'");
	yes("nam_sinh = '1950-12-31'");
	no("nam_sinh != '1950-01-01'");
	no("nam_sinh < '1950-06-01'");
	no("nam_sinh > '1950-06-01'");
	yes("nam_sinh <= '1950-01-01' AND nam_sinh < '1951-01-01'");
	yes("ngay_sinh < mai");
	yes("nam_sinh < ngay_sinh");
	yes("ngay_sinh < today()");
	yes("today() = '2026-06-08'");
	yes("ngay_sinh BETWEEN '1960-01-01' AND today()");
	no("sai_ngay < today()");
	no("tinh != '2020-01-01'");
}

static void
age_is_exact_by_the_day_or_counts_years(void **state)
{
	(void)state;
	yes("age(ngay_sinh) = 66");
	yes("age(mai) = 65");
	yes("AGE(nam_sinh) = 76");
	yes("age(nhuan) = 22");
	yes("60 <= age(ngay_sinh)");
	yes("age(ngay_sinh) > age(mai)");
	yes("age(ngay_sinh) BETWEEN 66 AND 66");
	yes("age(ghi_chu) IS NULL AND age(ngay_sinh) IS NOT NULL");
	no("age(ghi_chu) < 200 OR age(sai_ngay) < 200");
}

static void
a_leap_day_is_reached_in_march_of_other_years(void **state)
{
	struct query *q = query_parse(slice_of("age(nhuan) = 22"), &error);

	(void)state;
	assert_non_null(q);
	assert_false(query_eval_row(q, value_of, NULL, 20512)); /* 2026-02-28 */
	assert_true(query_eval_row(q, value_of, NULL, 20513));	/* 2026-03-01 */
	query_free(q);
}

static void
like_knows_percent_and_underscore(void **state)
{
	(void)state;
	yes("ho_ten LIKE 'nguyễn%'");
	yes("ho_ten LIKE '%AN'");
	yes("ho_ten LIKE '%văn%'");
	no("ho_ten LIKE 'văn'");
	no("ho_ten LIKE '%van%'");
	yes("tinh LIKE 'hu_'");
	no("tinh LIKE 'hu__'");
	yes("tinh NOT LIKE 'a%'");
	yes("tinh LIKE '%' AND tinh LIKE '%%ế%%'");
	no("tinh LIKE ''");
	yes("ngay_sinh LIKE '%-06-08'");
	yes("ma LIKE '%_1\x25'");
}

static void
contains_ignores_case_and_accents(void **state)
{
	(void)state;
	yes("ho_ten ~ 'van an'");
	yes("ho_ten ~ 'VĂN'");
	yes("ho_ten ~ ''");
	no("ho_ten ~ 'binh'");
	no("rong ~ ''");
}

static void
in_and_between_are_short_for_comparisons(void **state)
{
	(void)state;
	yes("tinh IN ('Hà Nội', 'huế')");
	no("tinh NOT IN ('Hà Nội', 'huế')");
	yes("tinh not in ('Hà Nội')");
	yes("so IN (9, 10.0)");
	yes("diem BETWEEN 7.5 AND 8");
	no("diem NOT BETWEEN 7.5 AND 8");
	yes("diem NOT BETWEEN 8 AND 9");
	no("diem BETWEEN 8 AND 7");
	yes("diem NOT BETWEEN 8 AND 7");
	yes("diem BETWEEN 7 AND 8 AND so = 10");
}

/* ---- logic ---- */

static void
every_comparison_with_a_missing_value_is_false(void **state)
{
	static const char *const conditions[] = {
		"rong = 'a'",
		"rong != 'a'",
		"rong < 'a'",
		"rong = ''",
		"rong != ''",
		"rong IN ('a')",
		"rong NOT IN ('a')",
		"rong LIKE '%'",
		"rong NOT LIKE 'a'",
		"rong BETWEEN 1 AND 2",
		"khac != khac",
		"khac = khac",
		"khac NOT BETWEEN 1 AND 2",
		"khac >= today()",
		"age(khac) != 3",
		"ghi_chu != 5",
		"ghi_chu NOT IN (5)",
		"ghi_chu NOT BETWEEN 5 AND 6",
		"rong ~ 'a'",
		"'a' != rong",
		"khac IS NOT NULL",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
		char negated[80];

		no(conditions[i]);
		snprintf(negated, sizeof(negated), "NOT (%s)", conditions[i]);
		yes(negated);
	}
	yes("rong IS NULL AND khac IS NULL AND NOT tinh IS NULL");
}

static void
a_query_and_its_not_add_up(void **state)
{
	static const char *const queries[] = {
		"tinh = 'Huế'",	    "rong != 'x' OR diem > 7",
		"NOT tinh = 'Huế'", "rong NOT IN ('a') AND 1=1",
		"age(mai) < 66",    "khac LIKE 'a%'",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		char negated[80];

		snprintf(negated, sizeof(negated), "NOT (%s)", queries[i]);
		assert_int_equal(holds(queries[i]) + holds(negated), 1);
	}
}

static void
not_binds_tighter_than_and_and_that_tighter_than_or(void **state)
{
	(void)state;
	yes("1 = 1 OR 1 = 1 AND 1 = 2");
	no("(1 = 1 OR 1 = 1) AND 1 = 2");
	no("NOT 1 = 1 AND 1 = 1");
	yes("NOT 1 = 1 OR 1 = 1");
	no("NOT (1 = 1 OR 1 = 1)");
	yes("not not 1 = 1");
	yes("NOT (1 = 2 AND 1 = 1) AND 1 = 1");
}

/* ---- normalised ---- */

static void
the_normalised_text_has_no_needless_parentheses(void **state)
{
	(void)state;
	assert_string_equal(normal(" ((a=1)) and ( b<>\"it's\" )"), "a = 1 AND b != 'it''s'");
	assert_string_equal(normal("a=1 or (b=2 and c=3)"), "a = 1 OR b = 2 AND c = 3");
	assert_string_equal(normal("(a=1 or b=2) and c=3"), "(a = 1 OR b = 2) AND c = 3");
	assert_string_equal(normal("not(a=1)"), "NOT a = 1");
	assert_string_equal(normal("not(a=1 and b=2)"), "NOT (a = 1 AND b = 2)");
	assert_string_equal(normal("a in(1,'x',TODAY( ))"), "a IN (1, 'x', today())");
	assert_string_equal(normal("a not between +1 and 2 or b is not null"),
			    "a NOT BETWEEN 1 AND 2 OR b IS NOT NULL");
	assert_string_equal(normal("`họ tên` like 'a%' and `ho`~'b'"),
			    "`họ tên` LIKE 'a%' AND ho ~ 'b'");
	assert_string_equal(normal("Age( `not` )>=60"), "age(`not`) >= 60");
	assert_string_equal(normal("`a``b` = 1 and `1a` = 2"), "`a``b` = 1 AND `1a` = 2");
	assert_string_equal(normal("`province` = 'x'"), "`province` = 'x'");
}

static void
the_normalised_text_is_its_own_normal_form(void **state)
{
	static const char *const queries[] = {
		"NOT (a = 1 OR NOT b = 'x''\"y') AND (c IN (1, 2) OR d NOT LIKE '%q')",
		"a = 1 AND (b = 2 AND (c = 3 OR (d = 4 AND e = 5)))",
		"NOT NOT (a < 1 OR age(`x y`) >= 60)",
		"họ_tên ~ 'đ' AND a BETWEEN '2020-01-01' AND today()",
		"a IS NULL OR a IS NOT NULL",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		char *once = xstrdup(normal(queries[i]));

		assert_string_equal(normal(once), once);
		free(once);
	}
}

/* ---- errors ---- */

static void
errors_have_their_place(void **state)
{
	(void)state;
	refused("", 1, "is empty");
	refused("  ", 1, "is empty");
	refused("a", 2, "expected a comparison");
	refused("tỉnh = 'Huế' ADN b = 1", 14, "did you mean AND?");
	refused("a = 1 b", 7, "expected AND, OR");
	refused("a = 'x", 5, "never closed");
	refused("(a = 1", 7, "closing parenthesis");
	refused("a = 1)", 6, "no ( was opened");
	refused("a == 1", 3, "write =");
	refused("a = ‘x’", 5, "write '");
	refused("a = 1 && b = 2", 7, "write AND");
	refused("!(a = 1)", 1, "write NOT");
	refused("a = NULL", 5, "IS NULL");
	refused("a IN ()", 7, "a value of the list");
	refused("a IN (b)", 7, "stands in quotes");
	refused("a NOT = 1", 7, "IN, BETWEEN or LIKE");
	refused("a BETWEEN 1, 2", 12, "AND between");
	refused("a IS 1", 6, "NULL");
	refused("a LIKE 5", 8, "text in quotes");
	refused("1 IN (1)", 1, "on the left");
	refused("5a = 1", 1, "backquotes");
	refused("`` = 1", 1, "empty name");
	refused("agee(a) = 1", 1, "did you mean age?");
	refused("foo(a) = 1", 1, "age(column) and today()");
	refused("age() = 1", 5, "a column in age( )");
	refused("a = 1 # b", 7, "no meaning");
	refused("age(a) > 'x'", 10, "no number");
	refused("today() = 'x'", 11, "YYYY-MM-DD");
	refused("a AND b = 1", 3, "expected a comparison");
}

static void
what_is_not_built_yet_says_so(void **state)
{
	(void)state;
	refused("tags HAS 'x'", 6, "HAS is not built yet");
	refused("in_list('x')", 1, "in_list is not built yet");
	refused("a = 1 AND reached_by 'x'", 11, "reached_by is not built yet");
	refused("province = 'Huế'", 1, "province is not built yet");
	refused("NOT State(x) = 1", 5, "State is not built yet");
}

static void
bytes_that_are_no_utf8_are_refused_at_their_place(void **state)
{
	(void)state;
	refused("tỉ = '\xFF'", 7, "UTF-8");
	refused("a = '\xC3", 6, "UTF-8");
	refused_slice((struct slice){"a = '\0'", 7}, 6, "NUL");
}

static void
length_depth_and_nodes_are_bounded(void **state)
{
	char text[QUERY_MAX_BYTES + 2];
	struct query *q;
	struct buf b = {0};

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "a=1", 3);
	q = query_parse((struct slice){text, QUERY_MAX_BYTES}, &error);
	assert_non_null(q);
	query_free(q);
	refused_slice((struct slice){text, QUERY_MAX_BYTES + 1}, QUERY_MAX_BYTES + 1, "too long");

	memset(text, '(', QUERY_DEPTH_MAX + 1);
	memcpy(text + QUERY_DEPTH_MAX, "a=1", 3);
	memset(text + QUERY_DEPTH_MAX + 3, ')', QUERY_DEPTH_MAX);
	q = query_parse((struct slice){text, 2 * QUERY_DEPTH_MAX + 3}, &error);
	assert_non_null(q);
	query_free(q);
	memset(text, '(', QUERY_DEPTH_MAX + 1);
	refused_slice((struct slice){text, QUERY_DEPTH_MAX + 1}, QUERY_DEPTH_MAX + 1, "too deeply");

	/* 256 conditions and 255 ORs: 511 nodes; one more is too many. */
	for (int i = 0; i < 256; i++)
		buf_adds(&b, i > 0 ? " or a=1" : "a=1");
	q = query_parse(buf_slice(&b), &error);
	assert_non_null(q);
	query_free(q);
	buf_adds(&b, " or a=1");
	q = query_parse(buf_slice(&b), &error);
	assert_null(q);
	assert_non_null(strstr(error.message, "at most 512"));
	buf_free(&b);
}

static void
the_caret_stands_under_the_place(void **state)
{
	static const char one[] = "\ttỉnh = 'Huế' ADN b = 1", two[] = "a = 1\nAND b ==\n 2";

	(void)state;
	buf_reset(&out);
	assert_null(query_parse(slice_of(one), &error));
	query_add_caret(slice_of(one), &error, &out);
	assert_string_equal(out.data, "\ttỉnh = 'Huế' ADN b = 1\n\t             ^\n"
				      "expected AND, OR or the end of the query: did you mean "
				      "AND?\n");
	buf_reset(&out);
	assert_null(query_parse(slice_of(two), &error));
	query_add_caret(slice_of(two), &error, &out);
	assert_string_equal(out.data, "a = 1\nAND b ==\n      ^\n"
				      "== is not of this language: write =\n");
	buf_reset(&out);
	assert_null(query_parse((struct slice){NULL, 0}, &error));
	query_add_caret((struct slice){NULL, 0}, &error, &out);
	assert_string_equal(out.data, "\n^\nthe query is empty: write a condition such as tinh = "
				      "'Huế'\n");
}

static void
a_missing_query_can_be_freed(void **state)
{
	(void)state;
	query_free(NULL);
}

/* ---- binding ---- */

static bool
binds(const char *text)
{
	static struct schema s = {
		.columns = {{"ho_ten", "Họ và tên", COLUMN_TEXT},
			    {"diem", "Điểm", COLUMN_NUMBER},
			    {"ngay_sinh", "Ngày sinh", COLUMN_DATE},
			    {"tinh", "Tỉnh", COLUMN_TEXT}},
		.count = 4,
		.phone = -1,
	};
	struct query *q = query_parse(slice_of(text), &error);
	bool is_good;

	if (q == NULL)
		fail_msg("%s: column %zu: %s", text, error.column, error.message);
	is_good = query_bind(q, &s, &error);
	query_free(q);
	return is_good;
}

static void
unbound(const char *text, size_t column, const char *piece)
{
	if (binds(text))
		fail_msg("%s: binds", text);
	if (error.column != column || strstr(error.message, piece) == NULL)
		fail_msg("%s: column %zu: %s", text, error.column, error.message);
}

static void
columns_are_found_and_types_fit(void **state)
{
	static const char *const queries[] = {
		"ho_ten = 'x' AND diem > 5",
		"diem = '5'",
		"age(ngay_sinh) >= 60",
		"ngay_sinh < today()",
		"ngay_sinh IN ('2020-01-01')",
		"tinh = 5",
		"ho_ten = tinh",
		"diem LIKE '1%'",
		"tinh IS NULL OR age(ngay_sinh) IS NULL",
		"diem > age(ngay_sinh)",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(queries); i++)
		if (!binds(queries[i]))
			fail_msg("%s: column %zu: %s", queries[i], error.column, error.message);
}

static void
an_unknown_column_suggests_the_nearest(void **state)
{
	(void)state;
	unbound("tinh = 'Huế' AND ngay_sin < today()", 18, "did you mean ngay_sinh?");
	unbound("`Ngày sih` < today()", 1, "did you mean ngay_sinh?");
	unbound("zzzzzz = 1", 1, "the list has ho_ten, diem, ngay_sinh, tinh");
	unbound("tinh = Quang_Nam", 8, "a text stands in quotes");
	unbound("age(xyz) = 1", 1, "no column is called xyz");
}

static void
types_that_do_not_fit_are_refused_at_their_place(void **state)
{
	(void)state;
	unbound("diem = 'giỏi'", 8, "no number");
	unbound("diem IN (5, 'x')", 13, "no number");
	unbound("tinh = 'x' AND age(tinh) > 5", 16, "age() needs a column of dates");
	unbound("age(diem) > 5", 1, "diem holds numbers");
	unbound("ngay_sinh = 5", 13, "YYYY-MM-DD");
	unbound("ngay_sinh > '01/02/2000'", 13, "YYYY-MM-DD");
	unbound("ngay_sinh > '2023-02-29'", 13, "YYYY-MM-DD");
	unbound("tinh < today()", 8, "this is a day");
	unbound("ngay_sinh = tinh", 13, "the left side is a day");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_compare_whatever_their_case_and_form),
		cmocka_unit_test(numbers_compare_as_numbers),
		cmocka_unit_test(days_compare_as_days_and_by_the_year_when_only_that_is_known),
		cmocka_unit_test(age_is_exact_by_the_day_or_counts_years),
		cmocka_unit_test(a_leap_day_is_reached_in_march_of_other_years),
		cmocka_unit_test(like_knows_percent_and_underscore),
		cmocka_unit_test(contains_ignores_case_and_accents),
		cmocka_unit_test(in_and_between_are_short_for_comparisons),
		cmocka_unit_test(every_comparison_with_a_missing_value_is_false),
		cmocka_unit_test(a_query_and_its_not_add_up),
		cmocka_unit_test(not_binds_tighter_than_and_and_that_tighter_than_or),
		cmocka_unit_test(the_normalised_text_has_no_needless_parentheses),
		cmocka_unit_test(the_normalised_text_is_its_own_normal_form),
		cmocka_unit_test(errors_have_their_place),
		cmocka_unit_test(what_is_not_built_yet_says_so),
		cmocka_unit_test(bytes_that_are_no_utf8_are_refused_at_their_place),
		cmocka_unit_test(length_depth_and_nodes_are_bounded),
		cmocka_unit_test(the_caret_stands_under_the_place),
		cmocka_unit_test(a_missing_query_can_be_freed),
		cmocka_unit_test(columns_are_found_and_types_fit),
		cmocka_unit_test(an_unknown_column_suggests_the_nearest),
		cmocka_unit_test(types_that_do_not_fit_are_refused_at_their_place),
	};

	return cmocka_run_group_tests(tests, NULL, free_out);
}
