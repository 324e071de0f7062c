/* SPDX-License-Identifier: MIT */
/* Files at and beyond the limits: what is too much is refused with its place, in bounded memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "segments/import.h"

/* Its memory is not ours. */
#ifdef __SANITIZE_ADDRESS__
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

static long
peak_kb(void)
{
	struct rusage u;

	assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
	return u.ru_maxrss;
}

static void
count_rows(void *arg, struct slice bytes, uint32_t rows)
{
	(void)bytes;
	*(uint64_t *)arg += rows;
}

static struct import *
begin(const char *text, uint64_t *rows)
{
	struct import_options o = {.file = "t.csv", .on_block = count_rows, .arg = rows};
	struct import *im = import_new(&o);
	struct err_ctx e;

	assert_int_equal(import_feed(im, slice_of(text), &e), ERR_OK);
	return im;
}

static void
a_line_of_a_gigabyte_ends_the_import_early(void **state)
{
	static const char *const begins[] = {"Họ tên;SĐT\nAn;", "Họ tên;SĐT\n\"An;", ""};
	static const int columns[] = {4, 1, 1};
	char *piece = xmalloc(1 << 20);
	long before = peak_kb();

	(void)state;
	memset(piece, 'x', 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
		uint64_t rows = 0;
		struct import *im = begin(begins[i], &rows);
		struct err_ctx e = {0};
		enum err rc = ERR_OK;
		int fed = 0;

		while (rc == ERR_OK && fed++ < 1024)
			rc = import_feed(im, (struct slice){piece, 1 << 20}, &e);
		assert_int_equal(rc, ERR_INPUT);
		assert_int_equal(fed, 1);
		assert_int_equal(e.line, begins[i][0] != '\0' ? 2 : 1);
		assert_int_equal(e.column, columns[i]);
		import_free(im);
	}
	free(piece);
	assert_true(IS_SANITIZED || peak_kb() - before < 8192);
}

static void
a_million_rows_are_a_sheet(void **state)
{
	uint64_t rows = 0;
	struct import *im = begin("Họ tên;SĐT\n", &rows);
	struct err_ctx e = {0};
	struct buf b = {0};
	long before;

	(void)state;
	before = peak_kb();
	for (unsigned i = 0; i < 1048576; i++) {
		buf_addf(&b, "Nguyễn Văn %u;09%08u\n", i, i);
		if (b.len > 60000 || i == 1048575) {
			assert_int_equal(import_feed(im, buf_slice(&b), &e), ERR_OK);
			buf_reset(&b);
		}
	}
	assert_int_equal(import_finish(im, &e), ERR_OK);
	assert_int_equal(rows, 1048576);
	assert_int_equal(import_rows_read(im), 1048576);
	import_free(im);
	buf_free(&b);
	/* the table of phones: 2 M slots of 8 bytes, and half of them while it grew */
	assert_true(IS_SANITIZED || peak_kb() - before < 40960);
}

/* 16,384 cells in each of the rows above the titles, and in those below. */
static void
a_sheet_of_16384_columns_is_read(void **state)
{
	uint64_t rows = 0;
	struct import *im = begin("", &rows);
	struct err_ctx e = {0};
	struct buf b = {0};

	(void)state;
	for (int row = 0; row < 40; row++) {
		buf_adds(&b, row < 30 ? "DANH SÁCH" : row == 30 ? "Họ tên,SĐT" : "An,0912345678");
		for (int i = row < 30 ? 1 : 2; i < 16384; i++)
			buf_addc(&b, ',');
		buf_addc(&b, '\n');
	}
	assert_int_equal(import_feed(im, buf_slice(&b), &e), ERR_OK);
	assert_int_equal(import_finish(im, &e), ERR_OK);
	assert_int_equal(rows, 9);
	assert_int_equal(import_schema(im)->count, 2);
	import_free(im);
	buf_free(&b);
}

/* No title of a phone anywhere: after 60 rows it is known, and said. */
static void
the_titles_are_looked_for_in_the_first_60_rows(void **state)
{
	for (int above = 58; above <= 61; above++) {
		uint64_t rows = 0;
		struct import *im = begin("", &rows);
		struct err_ctx e = {0};
		struct buf b = {0};
		enum err rc;

		for (int i = 0; i < above; i++)
			buf_adds(&b, "DANH SÁCH;\n");
		buf_adds(&b, "Họ tên;SĐT\nAn;0912345678\n");
		rc = import_feed(im, buf_slice(&b), &e);
		if (rc == ERR_OK)
			rc = import_finish(im, &e);
		assert_int_equal(rc, above < 60 ? ERR_OK : ERR_INPUT);
		assert_int_equal(rows, above < 60 ? 1 : 0);
		if (rc != ERR_OK)
			assert_non_null(strstr(e.why, "no column of phone numbers"));
		import_free(im);
		buf_free(&b);
	}
	(void)state;
}

/* Empty rows before them do not count. */
static void
any_number_of_empty_rows_may_stand_above(void **state)
{
	uint64_t rows = 0;
	struct import *im = begin("", &rows);
	struct err_ctx e = {0};

	(void)state;
	for (int i = 0; i < 5000; i++)
		assert_int_equal(import_feed(im, SLICE(";\x01;\n"), &e), ERR_OK);
	assert_int_equal(import_feed(im, SLICE("Họ tên;SĐT\nAn;0912345678\n"), &e), ERR_OK);
	assert_int_equal(import_finish(im, &e), ERR_OK);
	assert_int_equal(rows, 1);
	assert_int_equal(import_rows_read(im), 5001);
	import_free(im);
}

/* The first group row, and the first second number, far behind the first block. */
static void
columns_are_added_when_the_rows_bring_them(void **state)
{
	struct buf b = {0}, names = {0};
	uint64_t rows = 0;
	struct import *im = begin("STT;Họ tên;SĐT\n", &rows);
	struct err_ctx e = {0};

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		if (i == 700)
			buf_adds(&b, "Tổ 5;;\n");
		buf_addf(&b, "%u;An;09%08u%s\n", i + 1, i, i == 900 ? " / 0987654321" : "");
	}
	assert_int_equal(import_feed(im, buf_slice(&b), &e), ERR_OK);
	assert_int_equal(import_finish(im, &e), ERR_OK);
	assert_int_equal(rows, 1000);
	for (uint32_t i = 0; i < import_schema(im)->count; i++)
		buf_addf(&names, "%s ", import_schema(im)->columns[i].name);
	assert_string_equal(names.data, "stt ho_ten so_dien_thoai nhom phone_2 ");
	import_free(im);
	buf_free(&b);
	buf_free(&names);
}

/* Rows of a workbook come without bytes: kinds and hidden columns go along. */
static void
rows_may_come_from_any_source(void **state)
{
	static const struct import_cell titles[] = {{SLICE("Họ tên"), CELL_IS_TEXT, false},
						    {SLICE("Điện thoại"), CELL_IS_TEXT, false},
						    {SLICE("Ngày sinh"), CELL_IS_TEXT, true}};
	static const struct import_cell person[] = {
		{SLICE("An"), CELL_IS_TEXT, false},
		{SLICE("8.4912345678E10"), CELL_IS_NUMBER, false},
		{SLICE("1990-03-05"), CELL_IS_DATE, true}};
	uint64_t rows = 0;
	struct import_options o = {.file = "t.xlsx",
				   .row_word = "Sheet1 row",
				   .encoding = "xlsx",
				   .sample = 3,
				   .on_block = count_rows,
				   .arg = &rows};
	struct import *im = import_new(&o);
	struct err_ctx e = {0};
	struct buf report = {0};

	(void)state;
	assert_int_equal(import_row(im, &(struct import_cells){titles, 3, 4}, &e), ERR_OK);
	assert_int_equal(import_row(im, &(struct import_cells){person, 3, 5}, &e), ERR_OK);
	assert_int_equal(import_row(im, &(struct import_cells){NULL, 0, 6}, &e), ERR_OK);
	assert_int_equal(import_end(im, &e), ERR_OK);
	import_report(im, &report);
	assert_int_equal(rows, 1);
	assert_non_null(strstr(report.data, "\"left_out\":{\"empty\":1}"));
	assert_non_null(strstr(report.data, "\"encoding\":\"xlsx\",\"separator\":\"\""));
	assert_non_null(strstr(report.data, "\"name\":\"ngay_sinh\",\"type\":\"date\",\"filled\":1,"
					    "\"misfits\":0,\"hidden\":true"));
	assert_non_null(strstr(report.data, "\"sample\":[{\"ho_ten\":\"An\",\"so_dien_thoai\":"
					    "\"8.4912345678E10\",\"ngay_sinh\":\"1990-03-05\"}]"));
	buf_free(&report);
	import_free(im);
	im = import_new(&o);
	assert_int_equal(import_row(im, &(struct import_cells){person, 1, 4}, &e), ERR_OK);
	assert_int_equal(import_end(im, &e), ERR_INPUT);
	assert_int_equal(e.line, 4);
	assert_non_null(strstr(e.why, "Sheet1 row 4: no column of phone numbers among: An"));
	import_free(im);
}

static const char *
recall(void *arg, const char *fingerprint)
{
	(void)arg;
	assert_int_equal(strlen(fingerprint), 16);
	return "{\"map\":[\"Liên hệ=so_dien_thoai\"]}";
}

static void
what_was_chosen_before_is_asked_for_when_nothing_is_chosen(void **state)
{
	struct import_choices choices = {0};
	struct import_options o = {.recall = recall};
	struct slice text = SLICE("Tên;Liên hệ;Di động\nAn;0912345678;0987654321\n");
	bool is_remembered;

	(void)state;
	for (int chosen = 0; chosen < 2; chosen++) {
		struct import *im;
		struct err_ctx e = {0};

		if (chosen == 1) {
			choices.phone = xstrdup("di dong");
			o.choices = &choices;
		}
		im = import_new(&o);
		assert_int_equal(import_feed(im, text, &e), ERR_OK);
		assert_int_equal(import_finish(im, &e), ERR_OK);
		assert_int_equal(import_schema(im)->phone, chosen == 0 ? 1 : 2);
		import_chosen(im, &is_remembered);
		assert_int_equal(is_remembered, chosen == 0);
		import_free(im);
	}
	import_choices_clear(&choices);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_of_a_gigabyte_ends_the_import_early),
		cmocka_unit_test(a_million_rows_are_a_sheet),
		cmocka_unit_test(a_sheet_of_16384_columns_is_read),
		cmocka_unit_test(the_titles_are_looked_for_in_the_first_60_rows),
		cmocka_unit_test(any_number_of_empty_rows_may_stand_above),
		cmocka_unit_test(columns_are_added_when_the_rows_bring_them),
		cmocka_unit_test(rows_may_come_from_any_source),
		cmocka_unit_test(what_was_chosen_before_is_asked_for_when_nothing_is_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
