/* SPDX-License-Identifier: MIT */
/* Rows by value, year and age; values that a query may have meant. Worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/mem.h"
#include "dispatcher/run/hints.h"
#include "dispatcher/run/value_counts.h"

#define TODAY 20736 /* 2026-10-10 */

static struct schema schema = {
	.columns = {{"thon", "Thôn", COLUMN_TEXT},
		    {"ngay_sinh", "Ngày sinh", COLUMN_DATE},
		    {"ngay_cap", "Ngày cấp", COLUMN_DATE},
		    {"dan_toc", "Dân tộc", COLUMN_TEXT, FORM_PLAIN, true}},
	.count = 4,
	.phone = -1,
};

struct row {
	const char *thon, *born;
};

static void
make(const struct row *rows, uint32_t n, struct buf *bytes, struct block *b)
{
	struct block_builder *builder = block_builder_new(&schema);

	buf_reset(bytes);
	for (uint32_t i = 0; i < n; i++) {
		struct slice cells[4] = {slice_of(rows[i].thon), slice_of(rows[i].born),
					 slice_of(rows[i].born), slice_of(rows[i].thon)};

		block_builder_add(builder, cells, 0, 0, 0);
	}
	block_builder_finish(builder, bytes);
	assert_int_equal(block_open(buf_slice(bytes), b, NULL), ERR_OK);
	block_builder_free(builder);
}

static void
add_all(struct value_counts *v, const struct block *b)
{
	for (uint32_t i = 0; i < b->rows; i++)
		value_counts_add(v, b, i);
}

static void
the_most_frequent_come_first_and_ties_in_vietnamese_order(void **state)
{
	static const struct row rows[] = {{"đông", ""}, {"dân", ""}, {"ấp 2", ""}, {"ba", ""},
					  {"ba", ""},	{"", ""},    {"đông", ""}};
	static const char *const wanted[] = {"ba", "đông", "ấp 2", "dân"};
	struct value_counts v;
	const struct group *top[VALUE_COUNTS_TOP];
	struct buf bytes = {0};
	struct block b;
	size_t values;

	(void)state;
	make(rows, ARRAY_LEN(rows), &bytes, &b);
	value_counts_init(&v, &schema, 0, TODAY);
	add_all(&v, &b);
	assert_false(value_counts_again(&v));
	assert_int_equal(value_counts_top(&v, top, &values), 4);
	assert_int_equal(values, 4);
	for (int i = 0; i < 4; i++) {
		assert_true(slice_is(top[i]->label, wanted[i]));
		assert_int_equal(top[i]->messages, i < 2 ? 2 : 1);
	}
	assert_int_equal(v.no_value, 1);
	assert_int_equal(v.rows, 7);
	assert_false(v.is_birth || v.is_by_year);
	value_counts_clear(&v);
	block_close(&b);
	buf_free(&bytes);
}

/* On 2026-10-10, at both ends of each group. */
static void
births_are_counted_by_year_and_by_age(void **state)
{
	static const struct row rows[] = {
		{"", "2026-10-10"}, {"", "2020-10-11"},			    /* 0, 5 */
		{"", "2020-10-10"}, {"", "2008-10-11"},			    /* 6, 17 */
		{"", "2008-10-10"}, {"", "2001-10-11"},			    /* 18, 24 */
		{"", "2001-10-10"}, {"", "1991-10-11"},			    /* 25, 34 */
		{"", "1991-10-10"}, {"", "1976-10-11"},			    /* 35, 49 */
		{"", "1976-10-10"}, {"", "1966-10-11"},			    /* 50, 59 */
		{"", "1966-10-10"}, {"", "1966"},	{"", "1946-10-11"}, /* 60, 60, 79 */
		{"", "1946-10-10"}, {"", "1900"},			    /* 80, 126 */
		{"", ""},	    {"", "2026-10-11"},			    /* none, not yet */
	};
	static const uint64_t wanted[AGE_GROUPS] = {2, 2, 2, 2, 2, 2, 3, 2};
	struct value_counts v;
	const struct group *top[VALUE_COUNTS_TOP];
	struct buf bytes = {0};
	struct block b;
	size_t values;

	(void)state;
	make(rows, ARRAY_LEN(rows), &bytes, &b);
	value_counts_init(&v, &schema, 1, TODAY);
	add_all(&v, &b);
	for (unsigned i = 0; i < AGE_GROUPS; i++)
		assert_int_equal(v.ages[i], wanted[i]);
	assert_int_equal(v.no_age, 2);
	assert_int_equal(v.no_value, 1);
	value_counts_top(&v, top, &values);
	assert_int_equal(values, 9);
	assert_true(slice_is(top[0]->label, "1966"));
	assert_int_equal(top[0]->messages, 3);
	value_counts_clear(&v);

	value_counts_init(&v, &schema, 2, TODAY); /* of papers nobody asks the age */
	assert_true(v.is_by_year && !v.is_birth);
	value_counts_clear(&v);
	block_close(&b);
	buf_free(&bytes);
}

/* 20,000 rows: every 4th says "lớn", the others each something else. */
static void
of_very_many_values_the_largest_are_exact_and_so_is_the_sum(void **state)
{
	static char texts[256][16];
	static struct row rows[256];
	const struct group *top[VALUE_COUNTS_TOP];
	struct value_counts v;
	struct buf bytes = {0};
	struct block b;
	size_t values, n;
	uint64_t sum = 0;

	(void)state;
	value_counts_init(&v, &schema, 0, TODAY);
	for (int round = 0; round < 2; round++) {
		for (unsigned k = 0; k < 20000 / 250; k++) {
			for (unsigned i = 0; i < 250; i++) {
				snprintf(texts[i], sizeof(texts[i]), "%u", k * 250 + i);
				rows[i].thon = (k * 250 + i) % 4 == 0 ? "lớn" : texts[i];
				rows[i].born = "";
			}
			make(rows, 250, &bytes, &b);
			add_all(&v, &b);
			block_close(&b);
		}
		if (round == 0)
			assert_true(value_counts_again(&v));
	}
	n = value_counts_top(&v, top, &values);
	assert_int_equal(n, VALUE_COUNTS_TOP);
	assert_int_equal(values, 0); /* nobody knows */
	assert_true(slice_is(top[0]->label, "lớn"));
	assert_int_equal(top[0]->messages, 5000);
	for (size_t i = 0; i < n; i++)
		sum += top[i]->messages;
	assert_int_equal(sum + groups_others(v.groups)->messages, 20000);
	value_counts_clear(&v);
	buf_free(&bytes);
}

/* ---- hints ---- */

static struct hints *
hints_of(const char *text, struct query **q)
{
	struct query_error e;

	*q = query_parse(slice_of(text), &e);
	assert_non_null(*q);
	assert_true(query_bind(*q, &schema, &e));
	return hints_new(*q, &schema);
}

static void
the_value_that_was_probably_meant_is_found(void **state)
{
	static const struct row rows[] = {{"Thôn Đông", ""}, {"Thôn Tây", ""}, {"", ""}};
	struct buf bytes = {0};
	struct block b;
	struct query *q;
	struct hint out[HINT_TEXTS];
	struct hints *h =
		hints_of("thon IN ('thon dong', 'Thôn Tây', 'Bản Xa') AND ngay_sinh = 1966", &q);

	(void)state;
	make(rows, 3, &bytes, &b);
	hints_block(h, &b);
	assert_int_equal(hints_find(h, out), 1);
	assert_int_equal(out[0].column, 0);
	assert_true(slice_is(out[0].text, "thon dong"));
	assert_true(slice_is(out[0].nearest, "Thôn Đông"));
	hints_free(h);
	query_free(q);
	block_close(&b);
	buf_free(&bytes);
}

static void
of_a_sensitive_column_nothing_is_said(void **state)
{
	static const struct row rows[] = {{"Tày", ""}};
	struct buf bytes = {0};
	struct block b;
	struct query *q;
	struct hint out[HINT_TEXTS];
	struct hints *h = hints_of("dan_toc = 'Tay'", &q);

	(void)state;
	make(rows, 1, &bytes, &b);
	hints_block(h, &b);
	assert_int_equal(hints_find(h, out), 0);
	hints_free(h);
	query_free(q);
	block_close(&b);
	buf_free(&bytes);
}

/* What is not kept might be the value itself. */
static void
of_a_column_with_too_many_values_nothing_is_said(void **state)
{
	static char texts[250][16];
	static struct row rows[250];
	struct buf bytes = {0};
	struct block b;
	struct query *q;
	struct hint out[HINT_TEXTS];
	struct hints *h = hints_of("thon = 'so 1'", &q);

	(void)state;
	for (unsigned k = 0; k < HINT_VALUES / 250 + 1; k++) {
		for (unsigned i = 0; i < 250; i++) {
			snprintf(texts[i], sizeof(texts[i]), "số %u", k * 250 + i);
			rows[i] = (struct row){texts[i], ""};
		}
		make(rows, 250, &bytes, &b);
		hints_block(h, &b);
		block_close(&b);
		if (k == 0) {
			assert_int_equal(hints_find(h, out), 1);
			assert_true(slice_is(out[0].nearest, "số 1"));
		}
	}
	assert_int_equal(hints_find(h, out), 0);
	hints_free(h);
	query_free(q);
	buf_free(&bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_most_frequent_come_first_and_ties_in_vietnamese_order),
		cmocka_unit_test(births_are_counted_by_year_and_by_age),
		cmocka_unit_test(of_very_many_values_the_largest_are_exact_and_so_is_the_sum),
		cmocka_unit_test(the_value_that_was_probably_meant_is_found),
		cmocka_unit_test(of_a_sensitive_column_nothing_is_said),
		cmocka_unit_test(of_a_column_with_too_many_values_nothing_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
