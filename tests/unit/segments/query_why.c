/* SPDX-License-Identifier: MIT */
/* Why a query finds a row or does not: the conditions that decide, worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"
#include "segments/query_why.h"
#include "tests/unit/segments/people_fixture.h"

static void
on_reason(void *arg, const struct query_reason *r)
{
	struct buf *out = arg;

	buf_addf(out, "%s%s%.*s", out->len > 0 ? " | " : "",
		 r->answer == QUERY_YES	 ? "+"
		 : r->answer == QUERY_NO ? "-"
					 : "?",
		 (int)r->text.n, r->text.p);
	if (r->missing >= 0)
		buf_addf(out, " [%d]", r->missing);
	if (r->is_sensitive)
		buf_adds(out, " !");
}

/* What is told of the row, + holds, - does not, ? is not known; behind it the answer. */
static const char *
why(const struct schema *s, const char *text, uint32_t row)
{
	static struct buf out;
	struct query_error e;
	struct query *q = query_parse(slice_of(text), &e);
	struct buf bytes = people_block(s);
	struct block b = {0};
	struct err_ctx err;
	struct query_why w = {.schema = s, .block = &b, .row = row, .today = TODAY};
	enum query_answer a;
	uint64_t rows[4];

	assert_non_null(q);
	assert_true(query_bind(q, s, &e));
	assert_int_equal(block_open(buf_slice(&bytes), &b, &err), ERR_OK);
	w.q = q;
	buf_reset(&out);
	a = query_why(&w, on_reason, &out);
	query_eval_block(q, &b, TODAY, rows);
	assert_int_equal(a == QUERY_YES, rows[row / 64] >> (row % 64) & 1);
	buf_addf(&out, " => %s", a == QUERY_YES ? "yes" : a == QUERY_NO ? "no" : "not known");
	block_close(&b);
	buf_free(&bytes);
	query_free(q);
	return out.data;
}

static void
the_condition_that_fails_is_told(void **state)
{
	struct schema *s = people_schema();

	(void)state;
	/* Row 5: Đỗ Em, born 2004-02-29, of An Giang, 0. */
	assert_string_equal(why(s, "age(ngay_sinh) >= 60 and tinh = 'An Giang'", 5),
			    "-age(ngay_sinh) >= 60 => no");
	assert_string_equal(why(s, "tinh = 'Huế' and diem > 5", 5),
			    "-tinh = 'Huế' | -diem > 5 => no");
	assert_string_equal(why(s, "tinh = 'Huế' or diem > 5", 5),
			    "-tinh = 'Huế' | -diem > 5 => no");
	assert_string_equal(why(s, "tinh = 'An Giang' and (diem > 5 or ho_ten ~ 'em')", 5),
			    "+tinh = 'An Giang' | +ho_ten ~ 'em' => yes");
	free(s);
}

static void
a_not_is_told_with_its_single_condition(void **state)
{
	struct schema *s = people_schema();

	(void)state;
	assert_string_equal(why(s, "not tinh = 'An Giang'", 5), "-NOT tinh = 'An Giang' => no");
	assert_string_equal(why(s, "not (tinh = 'An Giang' and diem = 0)", 5),
			    "+tinh = 'An Giang' | +diem = 0 => no");
	free(s);
}

static void
an_empty_column_is_named(void **state)
{
	struct schema *s = people_schema();

	(void)state;
	/* Row 4 has nothing in any cell. */
	assert_string_equal(why(s, "tinh != 'Huế'", 4), "-tinh != 'Huế' [2] => no");
	assert_string_equal(why(s, "age(ngay_sinh) < 30", 4), "-age(ngay_sinh) < 30 [1] => no");
	assert_string_equal(why(s, "tinh is not null", 4), "-tinh IS NOT NULL => no");
	assert_string_equal(why(s, "tinh is null", 4), "+tinh IS NULL => yes");
	s->columns[2].is_sensitive = true;
	assert_string_equal(why(s, "tinh = 'Huế'", 5), "-tinh = 'Huế' ! => no");
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_condition_that_fails_is_told),
		cmocka_unit_test(a_not_is_told_with_its_single_condition),
		cmocka_unit_test(an_empty_column_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
