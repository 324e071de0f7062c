/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/csv.h"

/* A row is printed as [text@line.column|…]; an error as !line.column. */
static enum err
print_row(void *arg, const struct csv_row *row, struct err_ctx *e)
{
	struct buf *out = arg;

	(void)e;
	buf_addc(out, '[');
	for (size_t i = 0; i < row->count; i++) {
		buf_adds(out, i == 0 ? "" : "|");
		buf_add_slice(out, row->cells[i].text);
		buf_addf(out, "@%u.%u", row->cells[i].line, row->cells[i].column);
	}
	buf_addc(out, ']');
	return ERR_OK;
}

static struct csv_options
options(struct buf *out)
{
	return (struct csv_options){
		.file = "t.csv",
		.separator = ';',
		.cell_max = 40,
		.cells_max = 8,
		.row_max = 64,
		.on_row = print_row,
		.arg = out,
	};
}

/* Read text in pieces: [0, cut) and the rest; cut 0 = byte by byte. */
static void
read_cut(struct slice text, size_t cut, struct buf *out)
{
	struct csv_options o = options(out);
	struct csv *c = csv_new(&o);
	struct err_ctx e = {0};
	enum err err = ERR_OK;

	for (size_t at = 0; at < text.n && err == ERR_OK;) {
		size_t n = cut == 0 ? 1 : at == 0 && cut < text.n ? cut : text.n - at;

		err = csv_feed(c, (struct slice){text.p + at, n}, &e);
		at += n;
	}
	if (err == ERR_OK)
		err = csv_finish(c, &e);
	if (err != ERR_OK)
		buf_addf(out, "!%d.%d", e.line, e.column);
	csv_free(c);
}

/* The same rows wherever the bytes are cut. */
static void
assert_reads(struct slice text, const char *want)
{
	for (size_t cut = 0; cut <= text.n; cut++) {
		struct buf out = {0};
		/* a copy of just the size, so that a read beyond it is seen */
		char *copy = malloc(text.n + (text.n == 0));

		memcpy(copy, text.p, text.n);
		read_cut((struct slice){copy, text.n}, cut, &out);
		assert_string_equal(out.data != NULL ? out.data : "", want);
		buf_free(&out);
		free(copy);
	}
}

#define READS(text, want) assert_reads(SLICE(text), want)

/* RFC 4180, section 2, rules 1 to 4. */
static void
rows_end_with_any_line_break_and_the_last_needs_none(void **state)
{
	(void)state;
	READS("aaa;bbb\r\nccc;d\r\n", "[aaa@1.1|bbb@1.5][ccc@2.1|d@2.5]");
	READS("aaa;bbb\nccc;d\n", "[aaa@1.1|bbb@1.5][ccc@2.1|d@2.5]");
	READS("aaa;bbb\rccc;d\r", "[aaa@1.1|bbb@1.5][ccc@2.1|d@2.5]");
	READS("aaa;bbb\nccc;d", "[aaa@1.1|bbb@1.5][ccc@2.1|d@2.5]");
	READS("a\r\nb\rc\nd", "[a@1.1][b@2.1][c@3.1][d@4.1]");
}

static void
empty_lines_are_rows_of_one_empty_cell_and_nothing_is_no_row(void **state)
{
	(void)state;
	READS("", "");
	READS("\n", "[@1.1]");
	READS("a\r\n\r\nb", "[a@1.1][@2.1][b@3.1]");
	READS("a\n\rb", "[a@1.1][@2.1][b@3.1]");
	READS("a;\n;\n;b", "[a@1.1|@1.3][@2.1|@2.2][@3.1|b@3.2]");
	READS("a;", "[a@1.1|@1.3]");
	READS("\"\"", "[@1.1]");
}

/* RFC 4180, section 2, rules 5 to 7. */
static void
quoted_cells_hold_separators_quotes_and_line_breaks(void **state)
{
	(void)state;
	READS("\"aaa\";\"b;b\"\n", "[aaa@1.1|b;b@1.7]");
	READS("\"a\"\"b\";\"\"\"\"", "[a\"b@1.1|\"@1.8]");
	READS("\"b\r\nbb\";c\r\nd", "[b\r\nbb@1.1|c@2.5][d@3.1]");
	READS("\"b\rb\nb\";c\nd", "[b\rb\nb@1.1|c@3.4][d@4.1]");
	READS("\"\r\n\"\r\n\"x\"", "[\r\n@1.1][x@3.1]");
}

static void
stray_quotes_are_read_as_excel_reads_them(void **state)
{
	(void)state;
	READS("a\"b\";c", "[a\"b\"@1.1|c@1.6]");
	READS("\"a\"b\"c;d", "[ab\"c@1.1|d@1.8]");
	READS(" \"a\";b", "[ \"a\"@1.1|b@1.6]");
}

/* "Họ và tên" has 9 characters in 13 bytes; U+1F600 is one character. */
static void
columns_count_characters(void **state)
{
	(void)state;
	READS("Họ và tên;x", "[Họ và tên@1.1|x@1.11]");
	READS("\xF0\x9F\x98\x80;\"ễ\";y", "[\xF0\x9F\x98\x80@1.1|ễ@1.3|y@1.7]");
}

/* The Unicode Standard, table 3-7: what is well-formed, and its neighbours that are not. */
static void
malformed_utf8_is_an_error_with_its_place(void **state)
{
	(void)state;
	READS("\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80",
	      "[\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80@1.1]");
	READS("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", "[\xF0\x90\x80\x80\xF4\x8F\xBF\xBF@1.1]");
	READS("a\nbễ;\x80", "[a@1.1]!2.4");
	READS("\xC1\xBF", "!1.1");
	READS("x\xE0\x9F\xBF", "!1.2");
	READS("x\xED\xA0\x80", "!1.2");
	READS("x\xF0\x8F\xBF\xBF", "!1.2");
	READS("x\xF4\x90\x80\x80", "!1.2");
	READS("x\xF5\x80\x80\x80", "!1.2");
	READS("x\xFF", "!1.2");
	READS("ab\xE1\xBB;", "!1.3");
	READS("ab\xE1\xBB", "!1.3");
	READS("\"ab\xE1\"", "!1.4");
	READS("\"\xE1\xBB\n", "!1.2");
}

static void
an_open_quote_is_an_error_where_it_begins(void **state)
{
	(void)state;
	READS("a\nb;\"c\nd\ne;f", "[a@1.1]!2.3");
	READS("\"", "!1.1");
	/* and before it has swallowed the file */
	READS("a\nb;\"c\nd\n01234567890123456789012345678901234567890123456789", "[a@1.1]!2.3");
}

static void
rows_beyond_the_limits_are_errors_with_their_place(void **state)
{
	(void)state;
	READS("0123456789012345678901234567890123456789",
	      "[0123456789012345678901234567890123456789@1.1]");
	READS("x;01234567890123456789012345678901234567890", "!1.3");
	READS("x\n012345678901234567890123456789;0123456789012345678901234567890;012345",
	      "[x@1.1]!2.64");
	READS("1;2;3;4;5;6;7;8\n1;2;3;4;5;6;7;8;9\n",
	      "[1@1.1|2@1.3|3@1.5|4@1.7|5@1.9|6@1.11|7@1.13|8@1.15]!2.17");
}

static enum err
refuse_second(void *arg, const struct csv_row *row, struct err_ctx *e)
{
	int *rows = arg;

	(void)row;
	return ++*rows == 2 ? err_set(e, ERR_CONFLICT, "second", "", "no") : ERR_OK;
}

static void
a_refused_row_ends_the_reading(void **state)
{
	int rows = 0;
	struct csv_options o = {.separator = ',',
				.cell_max = 10,
				.cells_max = 10,
				.row_max = 10,
				.on_row = refuse_second,
				.arg = &rows};
	struct csv *c = csv_new(&o);
	struct err_ctx e = {0};

	(void)state;
	assert_int_equal(csv_feed(c, SLICE("a\nb\nc\nd\n"), &e), ERR_CONFLICT);
	assert_int_equal(rows, 2);
	assert_string_equal(e.what, "second");
	csv_free(c);
}

static char
sniff(const char *s)
{
	struct csv_sniff sniffer = {0};

	while (*s != '\0' && !csv_sniff_byte(&sniffer, *s))
		s++;
	return csv_sniff_separator(&sniffer);
}

static void
the_separator_is_the_most_frequent_of_the_first_line_with_text(void **state)
{
	(void)state;
	assert_int_equal(sniff("a,b,c;d\n;;;;;;"), ',');
	assert_int_equal(sniff("a;b;c\n"), ';');
	assert_int_equal(sniff("a\tb,c\td"), '\t');
	assert_int_equal(sniff("\r\n\r\n;;;\r\na,b\r\n"), ',');
	assert_int_equal(sniff("\"a,b,c\";\"d,e\"\n"), ';');
	assert_int_equal(sniff("\"a\"\",b,\"\"c,d\";e\n"), ';');
	assert_int_equal(sniff("\"a\n,,,\";e\n,,,,"), ';');
	assert_int_equal(sniff("a\",b\",c;d\n"), ',');
	assert_int_equal(sniff("a\n0912345678;x\n"), '\t');
	assert_int_equal(sniff(""), '\t');
}

static void
cells_are_written_in_quotes_where_they_need_them(void **state)
{
	struct buf out = {0};

	(void)state;
	csv_add_cell(&out, SLICE("a,b"), ';');
	csv_add_cell(&out, SLICE("a;b"), ';');
	csv_add_cell(&out, SLICE("say \"a\""), ';');
	csv_add_cell(&out, SLICE("a\nb"), ';');
	csv_add_cell(&out, SLICE("a\rb"), ';');
	csv_add_cell(&out, SLICE(""), ';');
	assert_string_equal(out.data, "a,b\"a;b\"\"say \"\"a\"\"\"\"a\nb\"\"a\rb\"");
	buf_free(&out);
}

/* OWASP, "CSV Injection": = + - @ tab CR, LF, and the full-width forms of the first four. */
static void
what_a_spreadsheet_would_run_gets_an_apostrophe(void **state)
{
	static const struct {
		const char *text, *want;
	} table[] = {
		{"=1+2", "'=1+2"},
		{"+84912345678", "'+84912345678"},
		{"-5", "'-5"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"\t=1", "'\t=1"},
		{"\r=1", "\"'\r=1\""},
		{"\n=1", "\"'\n=1\""},
		{"\xEF\xBC\x9D"
		 "1",
		 "'\xEF\xBC\x9D"
		 "1"},
		{"=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"},
		{"=\"a\";1", "\"'=\"\"a\"\";1\""},
		{"'=1", "''=1"}, /* so that one apostrophe less always is the text */
		{"'a", "'a"},
		{"0912345678", "0912345678"},
		{"a=1", "a=1"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct buf out = {0};

		buf_adds(&out, "");
		csv_add_defused(&out, slice_of(table[i].text), ';');
		assert_string_equal(out.data, table[i].want);
		buf_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_end_with_any_line_break_and_the_last_needs_none),
		cmocka_unit_test(empty_lines_are_rows_of_one_empty_cell_and_nothing_is_no_row),
		cmocka_unit_test(quoted_cells_hold_separators_quotes_and_line_breaks),
		cmocka_unit_test(stray_quotes_are_read_as_excel_reads_them),
		cmocka_unit_test(columns_count_characters),
		cmocka_unit_test(malformed_utf8_is_an_error_with_its_place),
		cmocka_unit_test(an_open_quote_is_an_error_where_it_begins),
		cmocka_unit_test(rows_beyond_the_limits_are_errors_with_their_place),
		cmocka_unit_test(a_refused_row_ends_the_reading),
		cmocka_unit_test(the_separator_is_the_most_frequent_of_the_first_line_with_text),
		cmocka_unit_test(cells_are_written_in_quotes_where_they_need_them),
		cmocka_unit_test(what_a_spreadsheet_would_run_gets_an_apostrophe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
