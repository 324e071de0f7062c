/* SPDX-License-Identifier: MIT */
/* Expected cells are read off the text of each file by eye. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/buf.h"
#include "segments/phone_file.h"

static struct buf cells; /* "[cell][cell]" */
static struct err_ctx why;

static enum err
on_cell(void *arg, struct slice cell, struct err_ctx *e)
{
	(void)arg;
	(void)e;
	buf_addc(&cells, '[');
	buf_add_slice(&cells, cell);
	buf_addc(&cells, ']');
	return ERR_OK;
}

/* The cells of a file fed in pieces of `step` bytes; NULL = an error, in why. */
static const char *
read_file(const char *text, const char *column, size_t step)
{
	struct phone_file_options o = {.file = "f.csv", .column = column, .on_cell = on_cell};
	struct phone_file *f = phone_file_new(&o);
	enum err rc = ERR_OK;
	struct slice rest = slice_of(text);

	buf_reset(&cells);
	buf_adds(&cells, "");
	while (rc == ERR_OK && rest.n > 0) {
		size_t n = rest.n < step ? rest.n : step;

		rc = phone_file_feed(f, (struct slice){rest.p, n}, &why);
		rest.p += n;
		rest.n -= n;
	}
	if (rc == ERR_OK)
		rc = phone_file_finish(f, &why);
	phone_file_free(f);
	return rc == ERR_OK ? cells.data : NULL;
}

static void
assert_cells(const char *text, const char *column, const char *wanted)
{
	for (size_t step = 1; step < 40; step += 13) {
		const char *got = read_file(text, column, step);

		assert_non_null(got);
		assert_string_equal(got, wanted);
	}
}

static void
a_phone_a_line_needs_no_title(void **state)
{
	(void)state;
	assert_cells("0912345678\n0987 654 321\r\n\n12\n", NULL,
		     "[0912345678][0987 654 321][][12]");
	assert_cells("\n\n0912345678", NULL, "[0912345678]");
}

static void
a_first_line_that_is_no_phone_is_still_a_row(void **state)
{
	(void)state;
	assert_cells("091234\n0912345678\n", NULL, "[091234][0912345678]");
}

static void
a_single_title_is_no_row(void **state)
{
	(void)state;
	assert_cells("Danh sách từ chối\n0912345678\n", NULL, "[0912345678]");
	assert_cells("\xEF\xBB\xBFSĐT\n0912345678\n", NULL, "[0912345678]");
}

static void
the_phone_column_is_found_by_its_title(void **state)
{
	(void)state;
	assert_cells("Họ tên;Số điện thoại;Xã\nA;0912345678;B\nC;;D\nE\n", NULL,
		     "[0912345678][][]");
}

static void
or_named(void **state)
{
	(void)state;
	assert_cells("Tên,Số máy 1,Máy 2\nA,0912345678,0987654321\n", "Máy 2", "[0987654321]");
	assert_null(read_file("Tên,Số máy 1\nA,0912345678\n", "Máy 2", 100));
	assert_non_null(strstr(why.why, "Số máy 1"));
	assert_int_equal(why.line, 1);
}

static void
without_titles_no_phone_of_a_row_is_dropped(void **state)
{
	(void)state;
	assert_cells("A,0912345678,0987654321\nB,không có,0357654321\nC,12,x\n", NULL,
		     "[0912345678; 0987654321][0357654321][12]");
}

static void
what_is_no_such_file_is_an_error_with_its_place(void **state)
{
	(void)state;
	assert_null(read_file("Tên,Xã\nA,B\n", NULL, 100));
	assert_non_null(strstr(why.why, "Tên, Xã"));
	assert_non_null(strstr(why.todo, "--phone"));
	assert_null(read_file("", NULL, 100));
	assert_null(read_file("0912345678\n\xff\n", NULL, 100));
	assert_int_equal(why.line, 2);
	assert_null(read_file("PK\3\4abc\n", NULL, 100));
	assert_non_null(strstr(why.why, "Excel"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_phone_a_line_needs_no_title),
		cmocka_unit_test(a_first_line_that_is_no_phone_is_still_a_row),
		cmocka_unit_test(a_single_title_is_no_row),
		cmocka_unit_test(the_phone_column_is_found_by_its_title),
		cmocka_unit_test(or_named),
		cmocka_unit_test(without_titles_no_phone_of_a_row_is_dropped),
		cmocka_unit_test(what_is_no_such_file_is_an_error_with_its_place),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	buf_free(&cells);
	return rc;
}
