/* SPDX-License-Identifier: MIT */
/*
 * Workbooks that are damaged, that want to do harm, or that are none. They are
 * made here, at run time; expected are the words for a person, with the place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "tests/unit/base/xlsx_made.h"
#include "tests/unit/base/xlsx_print.h"

#define AGAIN ": open the file in Excel and save it anew (mở bằng Excel rồi lưu lại)\n"
#define HEAD "sheet \"Danh sách\"\n"

static char path[] = "/tmp/loa-xlsx-hostile.XXXXXX";

static int
set_up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void
write_bytes(struct slice s)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(s.p, 1, s.n, f), s.n);
	fclose(f);
}

static void
write_made(struct made *m)
{
	made_finish(m);
	write_bytes(buf_slice(&m->zip));
	buf_free(&m->zip);
}

static void
assert_reads(struct xlsx_options o, const char *want)
{
	struct buf got = {0};

	print_workbook(path, o, &got);
	assert_string_equal(got.data, want);
	buf_free(&got);
}

static void
write_sheet(struct made_book b, const char *sheet)
{
	struct made m = {0};

	made_add_book(&m, b);
	made_add(&m, "xl/worksheets/sheet1.xml", slice_of(sheet));
	write_made(&m);
}

/* The error of a workbook whose rows are these, without the rows before it. */
static void
assert_rows_fail(const char *rows, const char *want)
{
	struct buf sheet = {0}, got = {0}, all = {0};
	char *error;

	buf_addf(&sheet, "<worksheet><sheetData>%s</sheetData></worksheet>", rows);
	write_sheet((struct made_book){.strings = "<sst><si><t>a</t></si></sst>"}, sheet.data);
	print_workbook(path, (struct xlsx_options){0}, &got);
	error = strstr(got.data, "! ");
	assert_non_null(error);
	buf_addf(&all, "! t.xlsx: sheet Danh sách, %s" AGAIN, want);
	assert_string_equal(error, all.data);
	buf_free(&sheet);
	buf_free(&got);
	buf_free(&all);
}

/* ---- rows and cells ---- */

static void
rows_and_cells_out_of_order_or_twice_are_errors_with_their_place(void **state)
{
	static const struct {
		const char *rows, *want;
	} table[] = {
		{"<row r='2'/><row r='2'/>",
		 "row 2: a row with a smaller or the same number follows"},
		{"<row r='7'><c><v>1</v></c></row><row r='3'/>",
		 "row 7: a row with a smaller or the same number follows"},
		{"<row r='1048577'/>",
		 "before its rows: the next row has no number that a row can have"},
		{"<row r='1048576'/><row/>",
		 "row 1048576: the next row has no number that a row can have"},
		{"<row r='-1'/>",
		 "before its rows: the next row has no number that a row can have"},
		{"<row r='0'/>", "before its rows: the next row has no number that a row can have"},
		{"<row r='99999999999999999999'/>",
		 "before its rows: the next row has no number that a row can have"},
		{"<row><c r='C1'/><c r='B1'/></row>",
		 "cell C1: a cell further left, or the same, follows"},
		{"<row><c r='C1'/><c r='C1'/></row>",
		 "cell C1: a cell further left, or the same, follows"},
		{"<row r='4'><c r='C5'/></row>", "row 4: a cell of another row follows"},
		{"<row><c r='XFE1'/></row>", "row 1: the next cell has no name of a cell"},
		{"<row><c r='XFD1'/><c/></row>", "cell XFD1: the row has more than 16,384 cells"},
		{"<row><c r='1A'/></row>", "row 1: the next cell has no name of a cell"},
		{"<row><c r=''/></row>", "row 1: the next cell has no name of a cell"},
		{"<row r='17'><c r='C17' t='s'><v>1</v></c></row>",
		 "cell C17: its text is missing among the shared texts"},
		{"<row><c t='s'><v>-1</v></c></row>",
		 "cell A1: its text is missing among the shared texts"},
		{"<row><c t='s'><v>4294967296</v></c></row>",
		 "cell A1: its text is missing among the shared texts"},
		{"<row><c t='s'><v></v></c></row>",
		 "cell A1: its text is missing among the shared texts"},
		{"<row><c><v>1</v><v>2</v></c></row>", "cell A1: it has two values"},
		{"<row r='5'><c><v>1</v></c></row><row r='6'><c><v>2</c></row>",
		 "after row 6: line 1: mismatched tag"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		assert_rows_fail(table[i].rows, table[i].want);
}

static void
a_text_longer_than_a_cell_may_be_is_an_error_of_its_cell(void **state)
{
	char *text = xcalloc(1, 32769);
	struct buf rows = {0}, strings = {0};
	static const char want[] = HEAD
		"! t.xlsx: sheet Danh sách, cell B1: the text has more than 32,767 characters: "
		"shorten the text\n";

	(void)state;
	memset(text, 'a', 32768);
	buf_addf(&rows,
		 "<worksheet><sheetData><row><c r='B1' t='inlineStr'><is><t>%s</t></is></c></row>"
		 "</sheetData></worksheet>",
		 text);
	write_sheet((struct made_book){0}, rows.data);
	assert_reads((struct xlsx_options){0}, want);
	buf_addf(&strings, "<sst><si><t>%s</t></si></sst>", text);
	write_sheet((struct made_book){.strings = strings.data},
		    "<worksheet><sheetData><row><c r='B1' t='s'><v>0</v></c></row></sheetData>"
		    "</worksheet>");
	assert_reads((struct xlsx_options){0}, want);
	/* nobody uses it: no harm */
	write_sheet((struct made_book){.strings = strings.data},
		    "<worksheet><sheetData/></worksheet>");
	assert_reads((struct xlsx_options){0}, HEAD);
	buf_free(&rows);
	buf_free(&strings);
	free(text);
}

/* 2^31 cells need 43 GB of XML; the first 16,385 are enough. Nothing is kept of what comes. */
static void
endless_cells_rows_and_texts_of_a_row_end_at_the_limits(void **state)
{
	static const struct {
		const char *parts[3];
		const char *want;
		uint32_t times;
	} table[] = {
		{{"<worksheet><sheetData><row r='9'>", "<c><v>1</v></c>",
		  "</row></sheetData></worksheet>"},
		 HEAD
		 "! t.xlsx: sheet Danh sách, cell XFD9: the row has more than 16,384 cells" AGAIN,
		 300000},
		{{"<worksheet><sheetData>", "<row/>", "</sheetData></worksheet>"},
		 HEAD
		 "! t.xlsx: sheet Danh sách, row 1048576: the next row has no number that a row "
		 "can have" AGAIN,
		 1100000},
		{{"<worksheet><sheetData><row><c t='inlineStr'><is><t>", "aaaaaaaaaa",
		  "</t></is></c></row></sheetData></worksheet>"},
		 HEAD
		 "! t.xlsx: sheet Danh sách, cell A1: the text has more than 32,767 characters: "
		 "shorten the text\n",
		 1000000},
		{{"<worksheet><sheetData><row a='", "aaaaaaaaaa", ""},
		 HEAD "! t.xlsx: sheet Danh sách: line 1: a tag or comment is too "
		      "long" AGAIN,
		 1000000},
		{{"<worksheet><!--", "aaaaaaaaaa", ""},
		 "! t.xlsx: sheet Danh sách, before its rows: line 1: a tag or comment is too "
		 "long" AGAIN,
		 1000000},
		{{"", "<worksheet>", ""},
		 "! t.xlsx: sheet Danh sách, before its rows: line 1: elements are nested too "
		 "deep" AGAIN,
		 100000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct made m = {0};

		made_add_book(&m, (struct made_book){0});
		made_add_repeated(&m, "xl/worksheets/sheet1.xml", table[i].parts, table[i].times);
		write_made(&m);
		assert_reads((struct xlsx_options){0}, table[i].want);
	}
}

/* ---- bombs ---- */

static void
a_part_that_unpacks_to_too_much_is_refused(void **state)
{
	static const char *const parts[] = {"<worksheet><sheetData>", "<row></row>    \n", ""};
	struct made m = {0};

	(void)state;
	made_add_book(&m, (struct made_book){0});
	made_add_repeated(&m, "xl/worksheets/sheet1.xml", parts, 1200000); /* 19 MB in 0.15 MB */
	write_made(&m);
	assert_reads(
		(struct xlsx_options){.inflation_max = 50},
		"sheet \"Danh sách\"\n! t.xlsx: part xl/worksheets/sheet1.xml: unpacks to so much "
		"more than it is packed that it is refused: this is no list of people: save only "
		"its sheet as a new .xlsx, or as CSV UTF-8\n");
	assert_reads(
		(struct xlsx_options){.part_max = 1 << 20},
		"sheet \"Danh sách\"\n! t.xlsx: part xl/worksheets/sheet1.xml: is too large when "
		"unpacked: this is no list of people: save only its sheet as a new .xlsx, or as "
		"CSV UTF-8\n");
}

static void
the_workbooks_own_small_parts_may_not_be_large(void **state)
{
	static const char *const parts[] = {"<Types>", "<Default Extension='a'/>          \n", ""};
	struct made m = {0};
	struct buf got = {0};

	(void)state;
	made_add_repeated(&m, "[Content_Types].xml", parts, 100000);
	write_made(&m);
	print_workbook(path, (struct xlsx_options){0}, &got);
	assert_string_equal(got.data,
			    "! t.xlsx: [Content_Types].xml, it has too many entries" AGAIN);
	buf_free(&got);
}

static void
shared_texts_beyond_the_memory_that_they_may_have_are_refused(void **state)
{
	static const char *const parts[] = {"<sst>", "<si><t>Nguyễn Văn A</t></si>", "</sst>"};
	struct made m = {0};

	(void)state;
	made_add_book(&m, (struct made_book){0});
	made_add(&m, "xl/worksheets/sheet1.xml", SLICE("<worksheet><sheetData/></worksheet>"));
	made_add_repeated(&m, "xl/sharedStrings.xml", parts, 100000);
	write_made(&m);
	assert_reads((struct xlsx_options){.strings_max = 2 << 20}, HEAD);
	assert_reads((struct xlsx_options){.strings_max = 1 << 20}, HEAD
		     "! t.xlsx: the texts of the workbook need more than 1 MiB of memory: divide "
		     "the list into several files, or save it as CSV UTF-8 (chia danh sách ra "
		     "nhiều tệp, hoặc lưu dạng CSV UTF-8)\n");
}

static void
entities_are_refused_with_the_document_type_that_declares_them(void **state)
{
	static const char sheet[] =
		"<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>]>"
		"<worksheet><sheetData><row><c "
		"t='str'><v>&b;</v></c></row></sheetData></worksheet>";
	static const char outside[] = "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><worksheet/>";
	static const char want[] =
		"! t.xlsx: sheet Danh sách, before its rows: line 1: it has a document type "
		"declaration, which no spreadsheet program writes" AGAIN;

	(void)state;
	write_sheet((struct made_book){0}, sheet);
	assert_reads((struct xlsx_options){0}, want);
	write_sheet((struct made_book){0}, outside);
	assert_reads((struct xlsx_options){0}, want);
}

static void
assert_new_names_refused(const char *cell)
{
	struct buf sheet = {0};
	char number[16];

	buf_adds(&sheet, "<worksheet><sheetData><row>");
	for (int i = 0; i < 9000; i++) {
		snprintf(number, sizeof(number), "%d", i);
		buf_add(&sheet, cell, (size_t)(strchr(cell, '%') - cell));
		buf_adds(&sheet, number);
		buf_adds(&sheet, strchr(cell, '%') + 2);
	}
	buf_adds(&sheet, "</row></sheetData></worksheet>");
	write_sheet((struct made_book){0}, sheet.data);
	assert_reads(
		(struct xlsx_options){0},
		"sheet \"Danh sách\"\n! t.xlsx: sheet Danh sách, after row 1: line 1: it has too "
		"many different names of elements and attributes" AGAIN);
	buf_free(&sheet);
}

static void
names_that_are_always_new_are_refused(void **state)
{
	static const char *const cells[] = {"<c a%d=''/>", "<p%d:c/>", "<a%d/>"};

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(cells); k++)
		assert_new_names_refused(cells[k]);
}

/* ---- package ---- */

static void
relations_that_leave_the_file_or_lead_nowhere_are_errors(void **state)
{
	static const struct {
		const char *target, *want;
	} table[] = {
		{"Target='../../sheet1.xml'", "a part of the workbook is said to be outside of the "
					      "file: ../../sheet1.xml"},
		{"Target='/../sheet1.xml'", "a part of the workbook is said to be outside of the "
					    "file: /../sheet1.xml"},
		{"Target='file:///etc/passwd'", "a part of the workbook is said to be outside of "
						"the file: file:///etc/passwd"},
		{"Target='//host/a.xml'",
		 "a part of the workbook is said to be outside of the file: //host/a.xml"},
		{"Target='a.xml' TargetMode='External'",
		 "a part of the workbook is said to be outside of the file: a.xml"},
		{"Target='/etc/passwd'", "the sheet is missing in the file: etc/passwd"},
		{"Target='worksheets/sheet2.xml'",
		 "the sheet is missing in the file: xl/worksheets/sheet2.xml"},
		{"Target='workbook.xml'", "sheet Danh sách is said to be no sheet but "
					  "\"" MADE_TYPE "sheet.main+xml\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct buf relations = {0}, want = {0};

		buf_addf(&relations,
			 "<Relationships><Relationship Id='a' Type='" MADE_RELATION
			 "worksheet' %s/></Relationships>",
			 table[i].target);
		buf_addf(&want, "! t.xlsx: %s" AGAIN, table[i].want);
		write_sheet((struct made_book){.relations = relations.data},
			    "<worksheet><sheetData/></worksheet>");
		assert_reads((struct xlsx_options){0}, want.data);
		buf_free(&relations);
		buf_free(&want);
	}
}

static void
two_parts_of_one_name_are_an_error(void **state)
{
	struct made m = {0};

	(void)state;
	made_add_book(&m, (struct made_book){0});
	made_add(&m, "xl/worksheets/sheet1.xml", SLICE("<worksheet/>"));
	made_add(&m, "XL\\worksheets/Sheet1.xml", SLICE("<worksheet/>"));
	write_made(&m);
	assert_reads(
		(struct xlsx_options){0},
		"! t.xlsx: the ZIP file has two parts xl/worksheets/sheet1.xml: the file is "
		"damaged or was cut off: get it again, or open it in Excel and save it anew (lưu "
		"lại bằng Excel)\n");
}

static void
ten_thousand_parts_and_one_are_refused_before_they_are_listed(void **state)
{
	struct made m = {0};

	(void)state;
	for (int i = 0; i < 10001; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		made_add(&m, name, SLICE(""));
	}
	write_made(&m);
	assert_reads((struct xlsx_options){0},
		     "! t.xlsx: the ZIP file has more than 10000 parts: this is no workbook of a "
		     "spreadsheet program\n");
}

static void
a_workbook_without_sheets_of_cells_is_refused(void **state)
{
	(void)state;
	write_sheet((struct made_book){.workbook = "<workbook><sheets/></workbook>"}, "<a/>");
	assert_reads((struct xlsx_options){0},
		     "! t.xlsx: the workbook has no sheet with cells" AGAIN);
}

/* ---- damage ---- */

static void
read_file(const char *file, struct buf *out)
{
	FILE *f = fopen(file, "r");
	char piece[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(out, piece, n);
	fclose(f);
}

static void
a_workbook_that_is_cut_anywhere_is_refused(void **state)
{
	struct buf whole = {0};

	(void)state;
	read_file("tests/cases/lists/noi-tuyen.xlsx", &whole);
	for (size_t n = 0; n < whole.len; n++) {
		struct xlsx_options o = {0};
		struct err_ctx e = {0};
		struct xlsx *x;

		write_bytes((struct slice){whole.data, n});
		assert_int_equal(xlsx_open(path, &o, &x, &e), ERR_INPUT);
		assert_true(e.why[0] != '\0' && e.todo[0] != '\0');
	}
	buf_free(&whole);
}

/* Each part has a check sum: what is read is right, or an error. Names and dates of parts have none. */
static void
a_flipped_bit_is_an_error_or_changes_nothing(void **state)
{
	struct buf whole = {0}, right = {0};

	(void)state;
	read_file("tests/cases/lists/noi-tuyen.xlsx", &whole);
	write_bytes(buf_slice(&whole));
	print_workbook(path, (struct xlsx_options){0}, &right);
	for (size_t i = 0; i < whole.len; i++) {
		struct buf got = {0};
		const char *error;

		whole.data[i] ^= 1 << i % 8;
		write_bytes(buf_slice(&whole));
		print_workbook(path, (struct xlsx_options){0}, &got);
		error = strstr(got.data, "! t.xlsx");
		if (error == NULL)
			assert_string_equal(got.data, right.data);
		assert_null(strstr(got.data, "(no ERR_INPUT)"));
		assert_true(text_find_malformed(buf_slice(&got)) < 0);
		buf_free(&got);
		whole.data[i] ^= 1 << i % 8;
	}
	buf_free(&whole);
	buf_free(&right);
}

/* ---- what is no workbook ---- */

#define SAVE_AS                                                                                       \
	": open it in Excel, choose Save as and the type Excel Workbook (.xlsx) (mở bằng Excel, " \
	"chọn Lưu dưới dạng… Sổ làm việc Excel .xlsx)\n"

static void
assert_file_refused(const char *file, const char *want)
{
	struct buf got = {0};

	print_workbook(file, (struct xlsx_options){0}, &got);
	assert_string_equal(got.data, want);
	buf_free(&got);
}

static void
assert_bytes_refused(struct slice bytes, const char *why)
{
	struct xlsx_options o = {0};
	struct err_ctx e = {0};
	struct xlsx *x;

	write_bytes(bytes);
	assert_int_equal(xlsx_open(path, &o, &x, &e), ERR_INPUT);
	assert_string_equal(e.why, why);
	assert_int_equal(e.todo[strlen(e.todo) - 1], ')'); /* the Vietnamese advice is whole */
}

static void
other_files_are_refused_by_their_content_with_advice(void **state)
{
	(void)state;
	assert_file_refused("tests/cases/lists/refused/danh-sach.xls",
			    "! t.xlsx: this is a workbook of Excel 97–2003 (.xls)" SAVE_AS);
	assert_file_refused("tests/cases/lists/refused/danh-sach.ods",
			    "! t.xlsx: this is an OpenDocument table (.ods)" SAVE_AS);
	assert_file_refused("tests/cases/lists/refused/trang-web-goi-la.xls",
			    "! t.xlsx: this is a web page, no Excel workbook, whatever its name "
			    "says" SAVE_AS);
	assert_bytes_refused(SLICE(""), "the file is empty");
	assert_bytes_refused(SLICE("STT;Họ tên\n"),
			     "this is a text, no Excel workbook, whatever its name says");
	assert_bytes_refused(SLICE("%PDF-1.7\n"), "this is a PDF, no Excel workbook");
	assert_bytes_refused(SLICE("\x89PNG\r\n\x1A\n"), "this is a picture, no Excel workbook");
	assert_bytes_refused(SLICE("Rar!\x1A\7\1"), "this is a packed archive, no Excel workbook");
	assert_bytes_refused(SLICE("<?xml version='1.0'?><Workbook/>"),
			     "this is XML, no Excel workbook");
	assert_bytes_refused(SLICE("\xEF\xBB\xBF \n<?xml version='1.0'?><!-- --><HTML>"),
			     "this is a web page, no Excel workbook, whatever its name says");
}

/* A compound file (MS-CFB) of 512-byte sectors whose first directory sector is the second. */
static void
a_workbook_with_a_password_says_so(void **state)
{
	static const char name[] = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e";
	char file[2048] = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

	(void)state;
	file[30] = 9;
	file[48] = 1;
	memcpy(file + 1024 + 128, name, sizeof(name));
	assert_bytes_refused((struct slice){file, sizeof(file)},
			     "the workbook is locked by a password");
	file[48] = (char)0xFF; /* beyond the file */
	assert_bytes_refused((struct slice){file, sizeof(file)},
			     "this is a workbook of Excel 97–2003 (.xls)");
}

static void
packages_of_other_programs_are_named(void **state)
{
	static const struct {
		const char *type, *why;
	} table[] = {
		{"application/vnd.ms-excel.sheet.binary.macroEnabled.main",
		 "this is a binary workbook (.xlsb)"},
		{"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
		 "this is a Word document, no workbook"},
		{"text/plain", "this is a ZIP file, but no Excel workbook (its content is "
			       "\"text/plain\")"},
	};
	struct made m = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct buf types = {0};
		struct made one = {0};

		buf_addf(&types,
			 "<Types><Override PartName='/xl/workbook.xml' ContentType='%s'/></Types>",
			 table[i].type);
		made_add_book(&one, (struct made_book){.content_types = types.data});
		made_finish(&one);
		assert_bytes_refused(buf_slice(&one.zip), table[i].why);
		buf_free(&one.zip);
		buf_free(&types);
	}
	made_add(&m, "a.txt", SLICE("a"));
	made_finish(&m);
	assert_bytes_refused(
		buf_slice(&m.zip),
		"this is a ZIP file, but no Excel workbook (its content is \"not named\")");
	buf_free(&m.zip);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_and_cells_out_of_order_or_twice_are_errors_with_their_place),
		cmocka_unit_test(a_text_longer_than_a_cell_may_be_is_an_error_of_its_cell),
		cmocka_unit_test(endless_cells_rows_and_texts_of_a_row_end_at_the_limits),
		cmocka_unit_test(a_part_that_unpacks_to_too_much_is_refused),
		cmocka_unit_test(the_workbooks_own_small_parts_may_not_be_large),
		cmocka_unit_test(shared_texts_beyond_the_memory_that_they_may_have_are_refused),
		cmocka_unit_test(entities_are_refused_with_the_document_type_that_declares_them),
		cmocka_unit_test(names_that_are_always_new_are_refused),
		cmocka_unit_test(relations_that_leave_the_file_or_lead_nowhere_are_errors),
		cmocka_unit_test(two_parts_of_one_name_are_an_error),
		cmocka_unit_test(ten_thousand_parts_and_one_are_refused_before_they_are_listed),
		cmocka_unit_test(a_workbook_without_sheets_of_cells_is_refused),
		cmocka_unit_test(a_workbook_that_is_cut_anywhere_is_refused),
		cmocka_unit_test(a_flipped_bit_is_an_error_or_changes_nothing),
		cmocka_unit_test(other_files_are_refused_by_their_content_with_advice),
		cmocka_unit_test(a_workbook_with_a_password_says_so),
		cmocka_unit_test(packages_of_other_programs_are_named),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
