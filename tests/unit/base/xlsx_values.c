/* SPDX-License-Identifier: MIT */
/*
 * Numbers, dates, texts and names of cells. Serial dates are those that Excel's
 * documentation gives for DATEVALUE and for its two date systems, or counted by
 * hand from them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "base/xlsx_parts.h"
#include "tests/unit/base/xlsx_made.h"
#include "tests/unit/base/xlsx_print.h"

static void
assert_number(const char *raw, enum xlsx_style style, enum xlsx_epoch epoch, const char *want)
{
	static const char signs[] = " '#@%?!=";
	char out[40];
	struct slice text;
	struct buf got = {0};

	buf_addc(&got, signs[xlsx_number(slice_of(raw), style, epoch, out, &text)]);
	buf_add_slice(&got, text);
	assert_string_equal(got.data, want);
	buf_free(&got);
}

static void
whole_numbers_have_no_exponent_and_others_fifteen_digits(void **state)
{
	static const char *const table[][2] = {
		{"84912345678", "#84912345678"},
		{"8.4912345678E10", "#84912345678"},
		{"8.4912345678e+10", "#84912345678"},
		{"8.4912345678000000E10", "#84912345678"},
		{"912345678.0", "#912345678"},
		{"84912345678.000015", "#84912345678"}, /* the next double */
		{"0", "#0"},
		{"-0", "#-0"},
		{"-0.0", "#0"},
		{"007", "#007"}, /* as it stands */
		{"-12", "#-12"},
		{"1.5", "#1.5"},
		{".5", "#0.5"},
		{"7.8000000000000007", "#7.8"},
		{"0.30000000000000004", "#0.3"},
		{"999999999999999", "#999999999999999"},
		{"9.99999999999999E14", "#999999999999999"},
		/* more digits than Excel has: as written, none is made up */
		{"1234567890123456", "#1234567890123456"},
		{"1.2345678901234501E15", "#1.2345678901234501E15"},
		{"1E300", "#1E300"},
		{"1E999", "#1E999"},
		{"999999999999999.9", "#999999999999999.9"},
		{"1E-7", "#1E-7"},
		/* no numbers */
		{"abc", "'abc"},
		{"1,5", "'1,5"},
		{"1e", "'1e"},
		{"0x10", "'0x10"},
		{"nan", "'nan"},
		{"-", "'-"},
		{".", "'."},
		{"1 2", "'1 2"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		assert_number(table[i][0], STYLE_NUMBER, EPOCH_1900, table[i][1]);
}

static void
serial_days_are_dates_in_each_date_system(void **state)
{
	static const struct {
		const char *raw;
		enum xlsx_epoch epoch;
		const char *want;
	} table[] = {
		{"1", EPOCH_1900, "@1900-01-01"},
		{"59", EPOCH_1900, "@1900-02-28"},
		{"60", EPOCH_1900, "#60"}, /* 29 February 1900 was no day */
		{"61", EPOCH_1900, "@1900-03-01"},
		{"367", EPOCH_1900, "@1901-01-01"},
		{"21256", EPOCH_1900, "@1958-03-12"},
		{"25569", EPOCH_1900, "@1970-01-01"},
		{"36526", EPOCH_1900, "@2000-01-01"},
		{"39448", EPOCH_1900, "@2008-01-01"},
		{"40777", EPOCH_1900, "@2011-08-22"},
		{"40777.99999", EPOCH_1900, "@2011-08-22"},
		{"4.0777E4", EPOCH_1900, "@2011-08-22"},
		{"2958465", EPOCH_1900, "@9999-12-31"},
		{"2958466", EPOCH_1900, "#2958466"},
		{"0", EPOCH_1900, "#0"},
		{"-1", EPOCH_1900, "#-1"},
		{"84912345678", EPOCH_1900, "#84912345678"},
		{"8.4912345678E10", EPOCH_1900, "#84912345678"},
		{"0", EPOCH_1904, "@1904-01-01"},
		{"1462", EPOCH_1904, "@1908-01-02"},
		{"37986", EPOCH_1904, "@2008-01-01"}, /* 39448 - 1462 */
		{"60", EPOCH_1899, "@1900-02-28"},
		{"61", EPOCH_1899, "@1900-03-01"},
		{"1", EPOCH_1899, "@1899-12-31"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		assert_number(table[i].raw, STYLE_DATE, table[i].epoch, table[i].want);
}

static void
parts_of_days_are_times(void **state)
{
	(void)state;
	assert_number("0.5", STYLE_TIME, EPOCH_1900, "%12:00:00");
	assert_number("0.322916666666667", STYLE_TIME, EPOCH_1900, "%07:45:00");
	assert_number("40777.25", STYLE_TIME, EPOCH_1900, "%06:00:00");
	assert_number("1.5", STYLE_DURATION, EPOCH_1900, "%36:00:00");
	assert_number("40777.25", STYLE_MOMENT, EPOCH_1900, "@2011-08-22 06:00:00");
	assert_number("40777", STYLE_MOMENT, EPOCH_1900, "@2011-08-22");
	assert_number("40776.999999999", STYLE_MOMENT, EPOCH_1900, "@2011-08-22");
	assert_number("0.75", STYLE_MOMENT, EPOCH_1900, "%18:00:00");
	assert_number("-0.5", STYLE_TIME, EPOCH_1900, "#-0.5");
}

/* ECMA-376 part 1, 18.8.31. */
static void
number_formats_show_dates_times_or_numbers(void **state)
{
	static const struct {
		const char *code;
		enum xlsx_style style;
	} table[] = {
		{"General", STYLE_NUMBER},
		{"0.00", STYLE_NUMBER},
		{"#,##0.00_);[Red]\\(#,##0.00\\)", STYLE_NUMBER},
		{"0.00E+00", STYLE_NUMBER},
		{"@", STYLE_NUMBER},
		{"\"ngày\" 0", STYLE_NUMBER},
		{"0\\d", STYLE_NUMBER},
		{"[$₫-42A] #,##0", STYLE_NUMBER},
		{"#,##0\" đồng\"", STYLE_NUMBER},
		{"0_d", STYLE_NUMBER},
		{"0000000000", STYLE_NUMBER},
		{"", STYLE_NUMBER},
		{"dd/mm/yyyy", STYLE_DATE},
		{"[$-42A]dd/mm/yyyy;@", STYLE_DATE},
		{"[$-1010000]d/m/yyyy;@", STYLE_DATE},
		{"yyyy", STYLE_DATE},
		{"mmm-yy", STYLE_DATE},
		{"mmmm", STYLE_DATE},
		{"DD\\-MM\\-YYYY", STYLE_DATE},
		{"\"Ngày \"d\" tháng \"m\" năm \"yyyy", STYLE_DATE},
		{"dd/mm/yyyy hh:mm", STYLE_MOMENT},
		{"m/d/yy h:mm AM/PM", STYLE_MOMENT},
		{"hh:mm", STYLE_TIME},
		{"h:mm AM/PM", STYLE_TIME},
		{"mm:ss.0", STYLE_TIME},
		{"[h]:mm:ss", STYLE_DURATION},
		{"[mm]:ss", STYLE_DURATION},
		{"[Red]0", STYLE_NUMBER},
		{"\"open", STYLE_NUMBER},
		{"[open", STYLE_NUMBER},
		{"\\", STYLE_NUMBER},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		assert_int_equal(xlsx_style_of_code(slice_of(table[i].code)), table[i].style);
	}
}

static void
iso_dates_are_dates(void **state)
{
	static const struct {
		const char *raw;
		enum xlsx_kind kind;
		const char *text;
	} table[] = {
		{"2026-10-15", XLSX_DATE, "2026-10-15"},
		{"2026-10-15T00:00:00", XLSX_DATE, "2026-10-15"},
		{"2026-10-15T08:30:00.000Z", XLSX_DATE, "2026-10-15 08:30:00"},
		{"08:30:00", XLSX_TIME, "08:30:00"},
		{"2026-13-15", XLSX_TEXT, "2026-13-15"},
		{"2026-10-15 08:30", XLSX_TEXT, "2026-10-15 08:30"},
		{"15/10/2026", XLSX_TEXT, "15/10/2026"},
		{"a", XLSX_TEXT, "a"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		char out[40];
		struct slice text;

		assert_int_equal(xlsx_iso_date(slice_of(table[i].raw), out, &text), table[i].kind);
		assert_true(slice_is(text, table[i].text));
	}
}

/* 18.4.1 ST_Xstring, and its example: _x005F_ keeps what follows from being an escape. */
static void
escapes_in_texts_are_undone(void **state)
{
	static const char *const table[][2] = {
		{"a_x000D_\nb", "a\r\nb"},	 {"_x005F_x000D_", "_x000D_"},
		{"_x1EC5_x_", "\xE1\xBB\x85x_"}, {"_xD83D__xDE00_", "\xF0\x9F\x98\x80"},
		{"_xD83D_x", "_xD83D_x"},	 {"_xDE00_", "_xDE00_"},
		{"_x0000_", "_x0000_"},		 {"_xFFFF_", "_xFFFF_"},
		{"_x00g0_", "_x00g0_"},		 {"_x000", "_x000"},
		{"ma_xa_x", "ma_xa_x"},		 {"_x0041__x0042_", "AB"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		char *text = strdup(table[i][0]);
		size_t n = xlsx_unescape(text, strlen(text));

		assert_true(slice_is((struct slice){text, n}, table[i][1]));
		free(text);
	}
}

static void
columns_and_cells_have_names(void **state)
{
	static const struct {
		uint32_t column;
		const char *name;
	} table[] = {{1, "A"},	  {26, "Z"},	{27, "AA"},	{52, "AZ"},
		     {702, "ZZ"}, {703, "AAA"}, {16384, "XFD"}, {0, ""}};
	uint32_t row, column;
	struct xlsx_area a;
	char name[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		xlsx_column_name(table[i].column, name);
		assert_string_equal(name, table[i].name);
	}
	assert_true(xlsx_cell_of_name(SLICE("$XFD$1048576"), &row, &column));
	assert_true(row == 1048576 && column == 16384);
	assert_true(xlsx_cell_of_name(SLICE("c17"), &row, &column));
	assert_true(row == 17 && column == 3);
	assert_false(xlsx_cell_of_name(SLICE("XFE1"), &row, &column));
	assert_false(xlsx_cell_of_name(SLICE("A1048577"), &row, &column));
	assert_false(xlsx_cell_of_name(SLICE("A0"), &row, &column));
	assert_false(xlsx_cell_of_name(SLICE("A"), &row, &column));
	assert_false(xlsx_cell_of_name(SLICE("7"), &row, &column));
	assert_false(xlsx_cell_of_name(SLICE("A1B"), &row, &column));
	assert_true(xlsx_area_of_name("B2", &a) && a.last_row == 2 && a.last_column == 2);
	assert_true(xlsx_area_of_name("B2:D9", &a) && a.last_row == 9 && a.last_column == 4);
	assert_false(xlsx_area_of_name("D9:B2", &a));
	assert_false(xlsx_area_of_name("", &a));
}

/* ---- sheets that are made ---- */

static char path[] = "/tmp/loa-xlsx-values.XXXXXX";

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

static struct xlsx *
open_sheet(struct slice sheet)
{
	struct xlsx_options o = {.file = "t.xlsx"};
	struct made m = {0};
	struct xlsx *x;
	FILE *f = fopen(path, "w");

	made_add_book(&m, (struct made_book){.strings = "<sst><si/><si><t>hai</t></si></sst>"});
	made_add(&m, "xl/worksheets/sheet1.xml", sheet);
	made_finish(&m);
	assert_non_null(f);
	assert_int_equal(fwrite(m.zip.data, 1, m.zip.len, f), m.zip.len);
	fclose(f);
	buf_free(&m.zip);
	assert_int_equal(xlsx_open(path, &o, &x, NULL), ERR_OK);
	return x;
}

static void
assert_rows(const char *rows, struct xlsx_reading r, const char *want)
{
	struct buf sheet = {0}, got = {0};
	struct xlsx *x;

	buf_addf(&sheet, "<worksheet><sheetData>%s</sheetData></worksheet>", rows);
	x = open_sheet(buf_slice(&sheet));
	r.on_row = print_row;
	r.arg = &got;
	buf_adds(&got, "");
	assert_int_equal(xlsx_read(x, 0, &r, NULL), ERR_OK);
	assert_string_equal(got.data, want);
	xlsx_close(x);
	buf_free(&sheet);
	buf_free(&got);
}

static void
each_type_of_cell_is_told_and_what_is_empty_is_left_out(void **state)
{
	(void)state;
	assert_rows("<row><c/><c s='1'/><c t='s'><v>0</v></c><c t='s'><v> 1 </v></c>"
		    "<c t='str'><v></v></c><c t='inlineStr'><is/></c><c><v/></c></row>"
		    "<row/><row><c t='n'/></row>",
		    (struct xlsx_reading){0}, "1: D'hai\n");
	assert_rows("<row><c t='b'><v>1</v></c><c t='b'><v>0</v></c><c t='e'><v>#DIV/0!</v></c>"
		    "<c><f>A1</f></c><c><f>A1</f><v></v></c><c t='str'><f>A1</f><v>x</v></c>"
		    "<c t='str'><f>A1</f><v></v></c><c t='new'><v>y</v></c></row>",
		    (struct xlsx_reading){0},
		    "1: A?TRUE | B?FALSE | C!#DIV/0! | D= | E= | F'x | H'y\n");
}

static void
elements_that_are_not_known_are_gone_over(void **state)
{
	(void)state;
	assert_rows("<row><c t='inlineStr'><is><t>a</t><rPh><t>no</t></rPh><r><rPr><b/></rPr>"
		    "<t> b</t></r></is><extLst><ext><v>9</v></ext></extLst></c><v>8</v></row>"
		    "<x><row><c><v>7</v></c></row></x><!-- a --><?b c?>"
		    "<row><c t='str'><v><![CDATA[<c>]]>&amp;&#x1EC5;</v></c></row>",
		    (struct xlsx_reading){0}, "1: A'a b\n2: A'<c>&ễ\n");
}

static void
the_caller_bounds_columns_and_rows(void **state)
{
	static const char rows[] = "<row r='2'><c r='B2'><v>1</v></c><c r='D2'><v>2</v></c>"
				   "<c r='E2'/><c r='XFD2'><v>3</v></c></row>"
				   "<row r='5'><c r='D5'><v>4</v></c></row>"
				   "<row r='9'><c r='A9'><v>5</v></c></row>";

	(void)state;
	assert_rows(rows, (struct xlsx_reading){.columns_max = 3}, "2: B#1 | +2\n5: +1\n9: A#5\n");
	assert_rows(rows, (struct xlsx_reading){.rows_max = 8}, "2: B#1 | D#2 | XFD#3\n5: D#4\n");
}

static enum err
check_flags(void *arg, const struct xlsx_row *row, struct err_ctx *e)
{
	(void)e;
	++*(int *)arg;
	assert_true(row->is_hidden);
	assert_int_equal(row->count, 4);
	assert_true(slice_is(row->cells[0].text, "84912345678"));
	assert_true(slice_is(row->cells[0].raw, "8.4912345678E10"));
	assert_false(row->cells[0].is_formula || row->cells[0].is_hidden);
	assert_true(row->cells[1].kind == XLSX_EMPTY && row->cells[1].is_hidden);
	assert_true(row->cells[1].text.p != NULL && row->cells[1].text.n == 0);
	assert_true(row->cells[2].is_formula && row->cells[2].is_hidden);
	assert_true(slice_is(row->cells[2].raw, "hai"));
	assert_false(row->cells[3].is_hidden);
	return ERR_OK;
}

static void
rows_and_cells_say_whether_they_are_hidden_and_how_they_are_stored(void **state)
{
	int rows = 0;
	struct xlsx_reading r = {.on_row = check_flags, .arg = &rows};
	struct xlsx *x = open_sheet(SLICE(
		"<worksheet><dimension ref='A1:D3'/><cols><col min='2' max='2' hidden='true'/>"
		"<col min='3' max='3' width='0'/><col min='4' max='4' width='9'/></cols><sheetData>"
		"<row hidden='1'><c><v>8.4912345678E10</v></c><c r='C1' t='str'><f>A2</f><v>hai</v>"
		"</c><c><v>1</v></c></row>"
		"<row ht='0'><c><v>8.4912345678E10</v></c><c r='C2' t='str'><f>A2</f><v>hai</v></c>"
		"<c><v>1</v></c></row></sheetData></worksheet>"));

	(void)state;
	assert_int_equal(xlsx_read(x, 0, &r, NULL), ERR_OK);
	assert_int_equal(rows, 2);
	assert_int_equal(xlsx_sheet(x, 0)->dimension.last_row, 3);
	assert_int_equal(xlsx_sheet(x, 0)->dimension.last_column, 4);
	xlsx_close(x);
}

static enum err
refuse_row(void *arg, const struct xlsx_row *row, struct err_ctx *e)
{
	++*(int *)arg;
	return err_set(e, ERR_CONFLICT, "mine", "", "row %u", row->number);
}

static void
the_error_of_the_caller_ends_the_reading_as_it_is(void **state)
{
	int rows = 0;
	struct xlsx_reading r = {.on_row = refuse_row, .arg = &rows};
	struct err_ctx e = {0};
	struct xlsx *x = open_sheet(SLICE("<worksheet><sheetData><row><c><v>1</v></c></row>"
					  "<row><c><v>1</v></c></row></sheetData></worksheet>"));

	(void)state;
	assert_int_equal(xlsx_read(x, 0, &r, &e), ERR_CONFLICT);
	assert_int_equal(rows, 1);
	assert_string_equal(e.what, "mine");
	assert_string_equal(e.why, "row 1");
	xlsx_close(x);
}

static void
assert_merged(struct slice sheet)
{
	struct xlsx *x = open_sheet(sheet);
	struct xlsx_merges m;

	assert_int_equal(xlsx_merges(x, 0, 0, &m, NULL), ERR_OK);
	assert_int_equal(m.count, 2);
	assert_int_equal(m.areas[0].first_row, 1);
	assert_int_equal(m.areas[0].last_column, 3);
	assert_int_equal(m.areas[1].first_row, 60);
	xlsx_merges_free(&m);
	assert_int_equal(xlsx_merges(x, 0, 50, &m, NULL), ERR_OK);
	assert_int_equal(m.count, 1);
	xlsx_merges_free(&m);
	xlsx_close(x);
}

#define MERGES                                                              \
	"<x:mergeCells><x:mergeCell ref='A60:A61'/><x:mergeCell ref='B2'/>" \
	"<x:mergeCell ref='A1:C2'/></x:mergeCells></x:worksheet>"

static void
merged_areas_are_found_behind_any_form_of_rows(void **state)
{
	static const char wide[] = "<x:worksheet><x:sheetData/>" MERGES;
	struct buf utf16 = {0}, far = {0};

	(void)state;
	assert_merged(SLICE("<x:worksheet><x:sheetData/>" MERGES));
	assert_merged(SLICE("<x:worksheet><x:sheetData ></x:sheetData >" MERGES));
	assert_merged(SLICE("<x:worksheet><x:sheetData><x:row><x:c t='str'><x:v>sheetData></x:v>"
			    "</x:c></x:row></x:sheetData>" MERGES));
	buf_add(&utf16, "\xFF\xFE", 2);
	for (size_t i = 0; i < sizeof(wide) - 1; i++)
		buf_add_u16(&utf16, (uint8_t)wide[i]);
	assert_merged(buf_slice(&utf16));
	/* the end of the rows at each place around the size of a piece that is read at once */
	buf_adds(&far, "<x:worksheet><x:sheetData>");
	while (far.len < 65536 - 40)
		buf_adds(&far, " ");
	for (int i = 0; i < 60; i++) {
		size_t n = far.len;

		buf_adds(&far, "</x:sheetData>" MERGES);
		assert_merged(buf_slice(&far));
		far.len = n;
		buf_adds(&far, " ");
	}
	buf_free(&utf16);
	buf_free(&far);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers_have_no_exponent_and_others_fifteen_digits),
		cmocka_unit_test(serial_days_are_dates_in_each_date_system),
		cmocka_unit_test(parts_of_days_are_times),
		cmocka_unit_test(number_formats_show_dates_times_or_numbers),
		cmocka_unit_test(iso_dates_are_dates),
		cmocka_unit_test(escapes_in_texts_are_undone),
		cmocka_unit_test(columns_and_cells_have_names),
		cmocka_unit_test(each_type_of_cell_is_told_and_what_is_empty_is_left_out),
		cmocka_unit_test(elements_that_are_not_known_are_gone_over),
		cmocka_unit_test(the_caller_bounds_columns_and_rows),
		cmocka_unit_test(
			rows_and_cells_say_whether_they_are_hidden_and_how_they_are_stored),
		cmocka_unit_test(the_error_of_the_caller_ends_the_reading_as_it_is),
		cmocka_unit_test(merged_areas_are_found_behind_any_form_of_rows),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
