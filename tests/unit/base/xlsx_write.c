/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/xlsx_write.h"
#include "tests/unit/base/xlsx_print.h"

static char folder[] = "/tmp/loa-xlsx-write.XXXXXX";
static char path[64];

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/out.xlsx", folder);
	return 0;
}

static void
remove_file(const char *name)
{
	char file[96];

	snprintf(file, sizeof(file), "%s/%s", folder, name);
	unlink(file);
}

static int
tear_down(void **state)
{
	(void)state;
	remove_file("out.xlsx");
	remove_file("out.json");
	assert_int_equal(rmdir(folder), 0); /* nothing else was left */
	return 0;
}

#define TEXT(lit)                           \
	{                                   \
		XLSX_WRITE_TEXT, SLICE(lit) \
	}
#define NUMBER(lit)                           \
	{                                     \
		XLSX_WRITE_NUMBER, SLICE(lit) \
	}
#define DATE(lit)                           \
	{                                   \
		XLSX_WRITE_DATE, SLICE(lit) \
	}

static const struct slice titles[] = {SLICE("Họ và tên"), SLICE("Số điện thoại"),
				      SLICE("Ngày sinh"), SLICE("Số tiền")};

static struct xlsx_write *
begin(const char *sheet, uint32_t rows_max)
{
	struct xlsx_write_options o = {.sheet = sheet, .rows_max = rows_max};
	struct xlsx_write *w;

	o.titles = titles;
	o.columns = ARRAY_LEN(titles);
	assert_int_equal(xlsx_write_open(path, &o, &w, NULL), ERR_OK);
	return w;
}

/* What is hard: phones, codes, formulas, escapes, dates that are none, numbers too long for a double. */
static const struct xlsx_write_cell rows[][4] = {
	{TEXT("Nguyễn Văn An"), TEXT("0912345678"), DATE("1958-03-12"), NUMBER("1500000")},
	{TEXT("=1+2"), TEXT("+84987654321"), DATE("2000-02-29"), NUMBER("-12.5")},
	{TEXT("@SUM(A1)"), TEXT("-0912"), DATE("1900-01-31"), NUMBER("007")},
	{TEXT("http://vi.du/\"a\""), TEXT(""), DATE("2001-02-29"), NUMBER("1234567890123456")},
	{TEXT("_x0041_, hai\ndòng"), TEXT("\t1"), DATE("1958"), NUMBER("1.2.3")},
};

static void
write_rows(const char *sheet, uint32_t rows_max)
{
	struct xlsx_write *w = begin(sheet, rows_max);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(xlsx_write_row(w, rows[i], NULL), ERR_OK);
	assert_int_equal(xlsx_write_finish(w, NULL), ERR_OK);
}

static void
assert_written(const char *want)
{
	struct buf got = {0};

	print_workbook(path, (struct xlsx_options){0}, &got);
	assert_string_equal(got.data, want);
	buf_free(&got);
}

static void
a_table_is_read_again_as_it_was_written(void **state)
{
	(void)state;
	write_rows("Danh sách", 0);
	assert_written("sheet \"Danh sách\"\n"
		       "1: A'Họ và tên | B'Số điện thoại | C'Ngày sinh | D'Số tiền\n"
		       "2: A'Nguyễn Văn An | B'0912345678 | C@1958-03-12 | D#1500000\n"
		       "3: A'=1+2 | B'+84987654321 | C@2000-02-29 | D#-12.5\n"
		       "4: A'@SUM(A1) | B'-0912 | C'1900-01-31 | D'007\n"
		       "5: A'http://vi.du/\"a\" | C'2001-02-29 | D'1234567890123456\n"
		       "6: A'_x0041_, hai\\ndòng | B'\t1 | C'1958 | D'1.2.3\n");
}

/* What a reader that is not ours shows of it, into the file "out.json". */
static void
show_by_another(void)
{
	char json[96];
	int status;
	pid_t child;

	snprintf(json, sizeof(json), "%s/out.json", folder);
	child = fork();
	if (child == 0) {
		dup2(open(json, O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
		execlp("node", "node", "tests/peers/workbook.js", path, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Text as it was given, never the value of a formula; days are days. */
static void
another_program_reads_the_same_table(void **state)
{
	char json[96], got[1024] = "";
	FILE *f;

	(void)state;
	write_rows("Danh sách", 0);
	show_by_another();
	snprintf(json, sizeof(json), "%s/out.json", folder);
	f = fopen(json, "r");
	assert_non_null(f);
	assert_true(fread(got, 1, sizeof(got) - 1, f) > 0);
	fclose(f);
	assert_string_equal(
		got, "[\"Họ và tên\",\"Số điện thoại\",\"Ngày sinh\",\"Số tiền\"]\n"
		     "[\"Nguyễn Văn An\",\"0912345678\",{\"date\":\"1958-03-12\"},1500000]\n"
		     "[\"=1+2\",\"+84987654321\",{\"date\":\"2000-02-29\"},-12.5]\n"
		     "[\"@SUM(A1)\",\"-0912\",\"1900-01-31\",\"007\"]\n"
		     "[\"http://vi.du/\\\"a\\\"\",null,\"2001-02-29\",\"1234567890123456\"]\n"
		     "[\"_x0041_, hai\\ndòng\",\"\\t1\",\"1958\",\"1.2.3\"]\n");
}

static void
a_full_sheet_is_followed_by_another_with_the_same_titles(void **state)
{
	struct xlsx *x;
	struct xlsx_options o = {0};

	(void)state;
	write_rows("Danh sách người cao tuổi xã Đông Lĩnh", 3);
	assert_int_equal(xlsx_open(path, &o, &x, NULL), ERR_OK);
	assert_int_equal(xlsx_sheet_count(x), 3);
	/* 31 characters, with the number of the sheet */
	assert_string_equal(xlsx_sheet(x, 0)->name, "Danh sách người cao tuổi xã Đôn");
	assert_string_equal(xlsx_sheet(x, 1)->name, "Danh sách người cao tuổi xã (2)");
	assert_string_equal(xlsx_sheet(x, 2)->name, "Danh sách người cao tuổi xã (3)");
	assert_int_equal(xlsx_sheet(x, 2)->dimension.last_row, 2);
	xlsx_close(x);
}

static void
any_words_become_a_name_of_a_sheet(void **state)
{
	static const struct {
		const char *given, *want;
	} table[] = {
		{"", "Sheet1"},
		{"Tổ 1/2: [A]*?\\", "Tổ 1-2- -A----"},
		{"'a'", "-a-"},
		{"\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2"
		 "\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2"
		 "\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2"
		 "\xF0\x9F\x93\xA2",
		 "\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2"
		 "\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2"
		 "\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2\xF0\x9F\x93\xA2\xF0\x9F\x93"
		 "\xA2"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct xlsx_options o = {0};
		struct xlsx *x;

		write_rows(table[i].given, 0);
		assert_int_equal(xlsx_open(path, &o, &x, NULL), ERR_OK);
		assert_string_equal(xlsx_sheet(x, 0)->name, table[i].want);
		xlsx_close(x);
	}
}

static void
assert_refused(struct slice text)
{
	struct xlsx_write *w = begin("a", 0);
	struct xlsx_write_cell cells[4] = {TEXT("x"), {XLSX_WRITE_TEXT, text}, TEXT(""), TEXT("")};
	struct err_ctx e = {0};

	assert_int_equal(xlsx_write_row(w, rows[0], &e), ERR_OK);
	assert_int_equal(xlsx_write_row(w, cells, &e), ERR_INPUT);
	assert_int_equal(e.line, 2);
	assert_int_equal(e.column, 2);
	assert_int_equal(xlsx_write_finish(w, &e), ERR_INPUT);
}

static void
a_text_that_no_cell_can_hold_is_an_error_with_its_place_and_leaves_no_file(void **state)
{
	char *text = xmalloc(32768);

	(void)state;
	remove_file("out.xlsx");
	memset(text, 'a', 32768);
	assert_refused((struct slice){text, 32768});
	free(text);
	assert_refused(SLICE("a\0b"));
	assert_refused(SLICE("\xC3"));
	assert_refused(SLICE("\xEF\xBF\xBF"));
	assert_int_equal(access(path, F_OK), -1);
}

static void
the_longest_text_of_a_cell_is_kept(void **state)
{
	struct xlsx_write *w = begin("a", 0);
	struct xlsx_write_cell cells[4] = {{XLSX_WRITE_TEXT, {xmalloc(32767), 32767}}};
	struct buf want = {0};

	(void)state;
	memset((char *)(uintptr_t)cells[0].text.p, 'a', 32767);
	assert_int_equal(xlsx_write_row(w, cells, NULL), ERR_OK);
	assert_int_equal(xlsx_write_finish(w, NULL), ERR_OK);
	buf_adds(&want, "sheet \"a\"\n1: A'Họ và tên | B'Số điện thoại | C'Ngày sinh | D'Số tiền\n"
			"2: A'");
	buf_add_slice(&want, cells[0].text);
	buf_addc(&want, '\n');
	assert_written(want.data);
	buf_free(&want);
	free((char *)(uintptr_t)cells[0].text.p);
}

static void
a_folder_that_is_not_there_is_said_so(void **state)
{
	struct xlsx_write_options o = {.titles = titles, .columns = 1};
	struct xlsx_write *w;
	struct err_ctx e = {0};

	(void)state;
	assert_int_equal(xlsx_write_open("/nowhere/out.xlsx", &o, &w, &e), ERR_SYSTEM);
	assert_null(w);
	assert_string_equal(e.why, "cannot be written: No such file or directory");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_is_read_again_as_it_was_written),
		cmocka_unit_test(another_program_reads_the_same_table),
		cmocka_unit_test(a_full_sheet_is_followed_by_another_with_the_same_titles),
		cmocka_unit_test(any_words_become_a_name_of_a_sheet),
		cmocka_unit_test(
			a_text_that_no_cell_can_hold_is_an_error_with_its_place_and_leaves_no_file),
		cmocka_unit_test(the_longest_text_of_a_cell_is_kept),
		cmocka_unit_test(a_folder_that_is_not_there_is_said_so),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
