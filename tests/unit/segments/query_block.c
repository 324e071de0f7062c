/* SPDX-License-Identifier: MIT */
/* A query over the rows of a block: which rows it finds, worked out by hand; what does not fit a list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"
#include "segments/query.h"
#include "tests/unit/segments/people_fixture.h"

/* The rows for which the query holds, as "0 3 7". */
static void
rows_are(const char *query, const char *want)
{
	struct schema *s = people_schema();
	struct buf bytes = people_block(s), got = {0};
	struct block *b = xmalloc(sizeof(*b));
	struct query_error e;
	struct query *q = query_parse(slice_of(query), &e);
	uint64_t bits[4];

	if (q == NULL || !query_bind(q, s, &e))
		fail_msg("%s: column %zu: %s", query, e.column, e.message);
	assert_int_equal(block_open(buf_slice(&bytes), b, NULL), 0);
	query_eval_block(q, b, TODAY, bits);
	assert_int_equal(bits[0] >> PEOPLE, 0);
	assert_int_equal(bits[1] | bits[2] | bits[3], 0);
	buf_adds(&got, "");
	for (int r = 0; r < PEOPLE; r++)
		if (bits[0] >> r & 1)
			buf_addf(&got, "%s%d", got.len > 0 ? " " : "", r);
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
cannot_bind(const char *query, size_t column, const char *part)
{
	struct schema *s = people_schema();
	struct query_error e;
	struct query *q = query_parse(slice_of(query), &e);

	assert_non_null(q);
	if (query_bind(q, s, &e))
		fail_msg("%s is accepted", query);
	if (e.column != column || strstr(e.message, part) == NULL)
		fail_msg("%s: column %zu: %s", query, e.column, e.message);
	query_free(q);
	free(s);
}

static void
a_year_only_compares_by_its_year_in_a_block(void **state)
{
	(void)state;
	rows_are("ngay_sinh = '1966'", "1 2 3");
	rows_are("ngay_sinh = '1966-10-10'", "1 3");
	rows_are("ngay_sinh != '1966-10-10'", "0 2 5 6 7");
	rows_are("ngay_sinh < '1966-10-11'", "0 1 7");
	rows_are("ngay_sinh <= '1966-10-11'", "0 1 2 3 7");
	rows_are("ngay_sinh > '1966-10-10'", "2 5 6");
	rows_are("ngay_sinh < 1960", "0 7");
	rows_are("ngay_sinh BETWEEN '1966-01-01' AND '1966-12-31'", "1 2 3");
	rows_are("ngay_sinh IN ('1958', '2026')", "0 6 7");
	rows_are("ngay_sinh = today()", "6");
}

static void
a_block_gives_the_rows(void **state)
{
	(void)state;
	rows_are("tinh = 'hà nội'", "1 2");
	rows_are("tinh != 'hà nội'", "0 3 5 6 7");
	rows_are("NOT tinh = 'hà nội'", "0 3 4 5 6 7");
	rows_are("`Họ và tên` LIKE 'Nguyễn%'", "0");
	rows_are("ho_ten ~ 'giang' OR tinh ~ 'giang'", "0 5 6 7");
	rows_are("diem >= 7.5", "0 1 2 7");
	rows_are("diem = '7.5'", "0 7");
	rows_are("diem < 0", "6");
	rows_are("diem IS NULL", "3 4");
	rows_are("tinh IS NOT NULL AND diem IS NULL", "3");
	rows_are("age(ngay_sinh) >= 60", "0 1 3 7");
	rows_are("age(ngay_sinh) >= 60 AND (tinh = 'an giang' OR diem > 9)", "0 1 7");
	rows_are("tinh IN ('Huế', 'Cần Thơ')", "3 6");
	rows_are("tinh NOT IN ('Huế', 'Cần Thơ')", "0 1 2 5 7");
	rows_are("ho_ten = tinh", "");
	rows_are("ho_ten != tinh", "0 1 2 3 5 6 7");
	rows_are("1 = 1", "0 1 2 3 4 5 6 7");
	rows_are("1 = 2", "");
	/* in a column of numbers or dates only these are there */
	rows_are("diem LIKE '%5%'", "0 7");
	rows_are("ngay_sinh NOT LIKE '%-%'", "3 6 7");
	rows_are("ngay_sinh ~ '1966'", "1 2 3");
}

static void
a_query_and_its_negation_add_up_to_the_whole(void **state)
{
	static const char *const queries[] = {
		"tinh != 'x'", "diem NOT IN (1)",     "ho_ten NOT LIKE 'a%'",
		"diem > 3",    "age(ngay_sinh) > 20", "tinh = 'an giang' OR diem < 1",
	};
	struct schema *s = people_schema();
	struct buf bytes = people_block(s), text = {0};
	struct block *b = xmalloc(sizeof(*b));

	(void)state;
	assert_int_equal(block_open(buf_slice(&bytes), b, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		struct query_error e;
		struct query *q = query_parse(slice_of(queries[i]), &e), *not_q;
		uint64_t x[4], y[4];

		buf_reset(&text);
		buf_addf(&text, "NOT (%s)", queries[i]);
		not_q = query_parse(buf_slice(&text), &e);
		assert_true(query_bind(q, s, &e) && query_bind(not_q, s, &e));
		query_eval_block(q, b, TODAY, x);
		query_eval_block(not_q, b, TODAY, y);
		assert_int_equal(x[0] & y[0], 0);
		assert_int_equal(x[0] | y[0], 0xff);
		query_free(q);
		query_free(not_q);
	}
	buf_free(&text);
	buf_free(&bytes);
	block_close(b);
	free(b);
	free(s);
}

/* Append a random expression over predicates whose rows are known by hand; returns its rows. */
static unsigned
add_random(struct buf *out, uint32_t *seed, int depth)
{
	static const struct {
		const char *text;
		unsigned rows; /* bit i = row i of people */
	} known[] = {
		{"tinh = 'an giang'", 0xa1}, {"tinh != 'an giang'", 0x4e}, {"diem >= 7.5", 0x87},
		{"diem IS NULL", 0x18},	     {"ngay_sinh = '1966'", 0x0e}, {"1 = 2", 0},
		{"ho_ten ~ 'giang'", 0x40},
	};
	unsigned a, b, kind;

	*seed = *seed * 1664525u + 1013904223u;
	kind = depth == 0 ? 0 : *seed >> 30;
	if (kind == 0) {
		kind = (*seed >> 8) % ARRAY_LEN(known);
		buf_adds(out, known[kind].text);
		return known[kind].rows;
	}
	buf_adds(out, kind == 1 ? "NOT (" : "(");
	a = add_random(out, seed, depth - 1);
	if (kind == 1) {
		buf_addc(out, ')');
		return ~a & 0xff;
	}
	buf_adds(out, kind == 2 ? " AND " : " OR ");
	b = add_random(out, seed, depth - 1);
	buf_addc(out, ')');
	return kind == 2 ? a & b : a | b;
}

static void
any_tree_of_and_or_not_gives_its_rows(void **state)
{
	struct schema *s = people_schema();
	struct buf bytes = people_block(s), text = {0};
	struct block *b = xmalloc(sizeof(*b));
	uint32_t seed = 1010;

	(void)state;
	assert_int_equal(block_open(buf_slice(&bytes), b, NULL), 0);
	assert_true(b->column[2].kind == BLOCK_DICTIONARY && b->column[0].kind != BLOCK_DICTIONARY);
	for (int round = 0; round < 3000; round++) {
		struct query_error e;
		struct query *q;
		unsigned want;
		uint64_t got[4];

		buf_reset(&text);
		want = add_random(&text, &seed, 6);
		q = query_parse(buf_slice(&text), &e);
		assert_true(q != NULL && query_bind(q, s, &e));
		query_eval_block(q, b, TODAY, got);
		if (got[0] != want)
			fail_msg("%s: %x, not %x", text.data, (unsigned)got[0], want);
		query_free(q);
	}
	buf_free(&text);
	buf_free(&bytes);
	block_close(b);
	free(b);
	free(s);
}

static void
what_does_not_fit_the_list_is_refused_with_its_place(void **state)
{
	(void)state;
	cannot_bind("a = 1 AND tinhh = 'x'", 1,
		    "no column a: if it is a text, put it in quotes; it has ho_ten, ngay_sinh, "
		    "tinh, diem");
	cannot_bind("tinhh = 'x'", 1, "did you mean tinh");
	cannot_bind("tinh = Hanoi", 8, "quotes");
	cannot_bind("diem > 'cao'", 8, "number");
	cannot_bind("diem IN (1, 'cao')", 13, "number");
	cannot_bind("ngay_sinh > 'hôm qua'", 13, "yyyy-mm-dd");
	cannot_bind("ngay_sinh > '1960-02-30'", 13, "yyyy-mm-dd");
	cannot_bind("ngay_sinh > 60", 13, "date");
	cannot_bind("diem > today()", 1, "date");
	cannot_bind("age(tuoi) > 1", 1, "no column");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_year_only_compares_by_its_year_in_a_block),
		cmocka_unit_test(a_block_gives_the_rows),
		cmocka_unit_test(a_query_and_its_negation_add_up_to_the_whole),
		cmocka_unit_test(any_tree_of_and_or_not_gives_its_rows),
		cmocka_unit_test(what_does_not_fit_the_list_is_refused_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
