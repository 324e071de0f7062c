/* SPDX-License-Identifier: MIT */
/* Expected values by hand, from how Vietnamese is written in offices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "templates/template.h"

#define TODAY 20736 /* 2026-10-10 */
#define NONE "(none)"

static struct template_value
text_value(const char *s)
{
	return (struct template_value){s == NULL ? TEMPLATE_NIL : TEMPLATE_TEXT, slice_of(s), 0};
}

static struct template_value
number_value(double number)
{
	static char digits[64];
	struct buf b = {0};

	template_add_number(&b, number);
	snprintf(digits, sizeof(digits), "%s", b.data);
	buf_free(&b);
	return (struct template_value){TEMPLATE_NUMBER, slice_of(digits), number};
}

/* What {{ x | filters }} prints with y, which is no constant; NONE where x would be missing. */
static void
expect_with(const char *filters, const char *y, struct template_value x, const char *wanted)
{
	struct template_error e;
	struct buf source = {0}, out = {0};
	struct template *t;

	buf_addf(&source, "{%% assign y = %s %%}{{ x | %s | default: \"" NONE "\" }}", y, filters);
	t = template_compile(buf_slice(&source), &e);
	if (t == NULL)
		fail_msg("%s: %s", source.data, e.message);
	if (template_render_values(t, TODAY, &x, &out, &e) != RENDER_OK)
		fail_msg("%s of %.*s: %s", filters, (int)x.text.n, x.text.p, e.message);
	if (!slice_is(buf_slice(&out), wanted))
		fail_msg("%s of %.*s: %s", filters, (int)x.text.n, x.text.p, out.data);
	template_free(t);
	buf_free(&source);
	buf_free(&out);
}

static void
expect_of(const char *filters, struct template_value x, const char *wanted)
{
	expect_with(filters, "nil", x, wanted);
}

static void
expect(const char *filters, const char *x, const char *wanted)
{
	expect_of(filters, text_value(x), wanted);
}

/* Rows of {input, wanted}; a NULL input is an absent value. */
static void
expect_rows(const char *filters, const char *const rows[][2], size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect(filters, rows[i][0], rows[i][1]);
}
#define EXPECT_ROWS(filters, rows) expect_rows(filters, rows, ARRAY_LEN(rows))

/* ---- all ---- */

static void
an_absent_value_stays_absent_but_for_honorific(void **state)
{
	static const char *const filters[] = {"plain",	     "given_name", "name_case", "number_vi",
					      "currency_vi", "date_vi",	   "phone_vi"};
	static const char *const blanks[] = {NULL, "", "  ", "\u00A0", "\u200B"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		for (size_t k = 0; k < ARRAY_LEN(blanks); k++)
			expect(filters[i], blanks[k], NONE);
	for (size_t k = 0; k < ARRAY_LEN(blanks); k++)
		expect("honorific", blanks[k], "Ông/Bà");
}

static void
a_value_that_is_no_utf8_is_called_malformed_by_the_rendering(void **state)
{
	static const char *const filters[] = {"plain",	   "name_case",	 "given_name",
					      "honorific", "number_vi",	 "phone_vi",
					      "date_vi",   "currency_vi"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		struct template_value x = text_value("Nguy\xFFn An");
		struct template_error e;
		struct buf source = {0}, out = {0};
		struct template *t;

		buf_addf(&source, "{{ x | %s }}", filters[i]);
		t = template_compile(buf_slice(&source), &e);
		assert_non_null(t);
		assert_int_equal(template_render_values(t, TODAY, &x, &out, &e), RENDER_MISSING);
		assert_string_equal(e.code, "malformed");
		template_free(t);
		buf_free(&source);
		buf_free(&out);
	}
}

/* ---- plain ---- */

static void
plain_takes_the_accents_off_and_loses_nothing_unsaid(void **state)
{
	static const char *const rows[][2] = {
		{"Nguyễn Thị Hường", "Nguyen Thi Huong"},
		{"ĐẶNG Đức Đạt", "DANG Duc Dat"},
		{"Nguye\u0302\u0303n", "Nguyen"},
		{"50.000₫ – “tốt”", "50.000d - \"tot\""},
		{"H'Hen Niê", "H'Hen Nie"},
		{"®®®®®®®®", "(R)(R)(R)(R)(R)(R)(R)(R)"},
		{"™™™™™™™™", "(TM)(TM)(TM)(TM)(TM)(TM)(TM)(TM)"},
		/* nothing readable is left of these letters */
		{"សុខ", NONE},
		{"Lý 李", NONE},
		{"Nguy\u00ADn", NONE}, /* a letter ư of TCVN3 */
	};

	(void)state;
	EXPECT_ROWS("plain", rows);
}

/* ---- honorific ---- */

static void
honorific_reads_the_ways_in_which_lists_write_sex(void **state)
{
	static const char *const rows[][2] = {
		{"Nam", "Ông"},	     {"nam", "Ông"},
		{"NAM", "Ông"},	     {" Nam ", "Ông"},
		{"Trai", "Ông"},     {"M", "Ông"},
		{"male", "Ông"},     {"1", "Ông"},
		{"Nam giới", "Ông"}, {"Ông", "Ông"},
		{"Nữ", "Bà"},	     {"nữ", "Bà"},
		{"NỮ", "Bà"},	     {"nu", "Bà"},
		{"Gái", "Bà"},	     {"F", "Bà"},
		{"Female", "Bà"},    {"0", "Bà"},
		{"2", "Bà"},	     {"Nu\u031B\u0303", "Bà"},
		{"Chị", "Bà"},	     {"x", "Ông/Bà"},
		{"N", "Ông/Bà"},     {"Nam/Nữ", "Ông/Bà"},
		{"3", "Ông/Bà"},     {"true", "Ông/Bà"},
		{"khác", "Ông/Bà"},
	};

	(void)state;
	EXPECT_ROWS("honorific", rows);
	expect_of("honorific", number_value(1), "Ông");
	expect_of("honorific", number_value(0), "Bà");
}

static void
honorific_fits_the_age_where_it_is_known(void **state)
{
	(void)state;
	/* the tenth of October 2026 is today */
	expect("honorific: \"1996-10-10\"", "Nam", "Ông"); /* 30 today */
	expect("honorific: \"1996-10-11\"", "Nam", "Anh"); /* 30 tomorrow */
	expect("honorific: \"11/10/1996\"", "Nữ", "Chị");
	expect("honorific: \"10/10/2008\"", "Nữ", "Chị"); /* 18 today */
	expect("honorific: \"11/10/2008\"", "Nữ", "Em");
	expect("honorific: \"11/10/2008\"", NULL, "Em");
	expect("honorific: \"1996\"", "Nam", "Ông"); /* 2026 - 1996 */
	expect("honorific: 1997", "Nam", "Anh");
	expect("honorific: 17", "Nam", "Em");
	expect("honorific: \"72\"", "Nữ", "Bà");
	expect("honorific: 25", NULL, "Anh/Chị");
	/* what is no age is unknown, and an unknown age is an adult's */
	expect_with("honorific: y", "\"05\"", text_value("Nam"), "Ông");
	expect_with("honorific: y", "\" 05 \"", text_value("Nam"), "Ông");
	expect_with("honorific: y", "\"abc\"", text_value("Nam"), "Ông");
	expect("honorific: nil", "Nữ", "Bà");
	expect("honorific: \"2031-01-01\"", "Nữ", "Bà");
	expect("honorific: \"1850\"", "Nữ", "Bà");
}

static void
the_ages_of_honorific_can_be_set(void **state)
{
	(void)state;
	expect("honorific: 25, 18", "Nam", "Ông");
	expect("honorific: 17, 18", "Nam", "Em");
	expect("honorific: 35, 40", "Nữ", "Chị");
	expect("honorific: 16, 40, 16", "Nữ", "Chị");
	expect("honorific: 15, 40, 16", "Nữ", "Em");
	expect_with("honorific: 35, y", "\"x\"", text_value("Nữ"), NONE);
}

/* ---- names ---- */

static void
the_given_name_is_the_last_word(void **state)
{
	static const char *const rows[][2] = {
		{"Nguyễn Văn An", "An"},
		{"An", "An"},
		{"Lê An", "An"},
		{"Tôn Nữ Thị Ngọc Ánh", "Ánh"},
		{"  Trần   Thị\u00A0Bình ", "Bình"},
		{"Trần Thị Minh-Anh", "Minh-Anh"},
		{"Nguye\u0302\u0303n Văn A\u0301nh", "Ánh"},
		{"Nguyễn Như Ý", "Ý"},
		{"Nguyễn Văn A", "A"},
		{"Rơ Châm H'Bích", "H'Bích"}, /* Gia Rai: the clan stands first */
		{"Ksor Phước", "Phước"},
		{"NGUYỄN VĂN AN", "AN"},
	};

	(void)state;
	EXPECT_ROWS("given_name", rows);
}

static void
the_given_name_of_who_has_it_first_stands_before_the_clan(void **state)
{
	static const char *const rows[][2] = {
		{"H'Hen Niê", "H'Hen"},	    {"H’Hen Niê", "H’Hen"},	 {"H'HEN NIÊ", "H'HEN"},
		{"Y Moan Êñuôl", "Y Moan"}, {"Y Blô Niê Kđăm", "Y Blô"}, {"K'Brể", "K'Brể"},
	};

	(void)state;
	EXPECT_ROWS("given_name", rows);
}

static void
a_given_name_is_never_guessed(void **state)
{
	static const char *const rows[][2] = {
		{"Y Vêng", "Y Vêng"},
		{"A Ngo", "A Ngo"},
		{"Ka Hương", "Ka Hương"},
		{"K'Văn Hải", "K'Văn Hải"},
		{"H'Nhi Thị Niê", "H'Nhi Thị Niê"},
		{"Hen Niê", "Hen Niê"},
		{"Vừ A Dính", "Vừ A Dính"},
		{"Nguyễn Văn An, Trần Thị Bình", "Nguyễn Văn An, Trần Thị Bình"},
		{"An và Bình", "An và Bình"},
		{"Nguyễn Văn An (bố)", "Nguyễn Văn An (bố)"},
		{"Nguyễn Văn An 2", "Nguyễn Văn An 2"},
		{"Nguyễn Văn An II", "Nguyễn Văn An II"},
		{"សុខ ចាន់", "សុខ ចាន់"},
	};

	(void)state;
	EXPECT_ROWS("given_name", rows);
}

static void
names_in_capitals_or_small_letters_get_their_capitals(void **state)
{
	static const char *const rows[][2] = {
		{"NGUYỄN VĂN AN", "Nguyễn Văn An"},
		{"nguyễn văn an", "Nguyễn Văn An"},
		{"ĐẶNG THỊ ĐÀO", "Đặng Thị Đào"},
		{"đặng thị đào", "Đặng Thị Đào"},
		{"AN", "An"},
		{"an", "An"},
		{"Ý", "Ý"},
		{"H'HEN NIÊ", "H'Hen Niê"},
		{"h'hen niê", "H'Hen Niê"},
		{"H’HEN NIÊ", "H’Hen Niê"},
		{"K'BRỂ", "K'Brể"},
		{"Y MOAN ÊÑUÔL", "Y Moan Êñuôl"},
		{"TRẦN THỊ MINH-ANH", "Trần Thị Minh-Anh"},
		{"NGUYỄN THỊ VI", "Nguyễn Thị Vi"},
		{"NGUYỄN VĂN AN II", "Nguyễn Văn An II"},
		{"TRẦN  THỊ\u00A0BÌNH", "Trần  Thị\u00A0Bình"},
		{"NGUYE\u0302\u0303N VA\u0306N A\u0301NH", "Nguyễn Văn Ánh"},
		/* what fonts with capitals at the codes of small letters leave */
		{"NGUYễN THị HươNG", "Nguyễn Thị Hương"},
		{"ĐặNG ĐứC LâM", "Đặng Đức Lâm"},
	};

	(void)state;
	EXPECT_ROWS("name_case", rows);
}

static void
names_that_have_both_cases_stay_as_they_are(void **state)
{
	static const char *const names[] = {
		"Nguyễn Văn An", "H'Hen Niê",	    "K'Brể", "Y Moan", "Lê Vũ",	 "Hồ Ý",
		"NGUYỄN Văn An", "McDonald de Gea", "An",    "Ê Đê",   "សុខ ចាន់", "Nguyễn văn an",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		expect("name_case", names[i], names[i]);
	expect("name_case | given_name", "NGUYỄN VĂN AN", "An");
}

/* ---- numbers and money ---- */

static void
numbers_have_points_between_thousands_and_a_comma(void **state)
{
	static const char *const rows[][2] = {
		{"1234567.5", "1.234.567,5"},
		{"1.234.567,5", "1.234.567,5"},
		{"1,234,567.50", "1.234.567,5"},
		{"1 234 567", "1.234.567"},
		{"1.200.000", "1.200.000"},
		{"1000", "1.000"},
		{"999", "999"},
		{"0", "0"},
		{"-1234", "-1.234"},
		{"-0.0", "0"},
		{"1,5", "1,5"},
		{"0.125", "0,125"},
		{"1234.567", "1.234,567"},
		{"123456789012345678901", "123.456.789.012.345.678.901"},
		/* which of the two is meant nobody knows */
		{"1.234", NONE},
		{"500,000", NONE},
		/* no numbers */
		{"abc", NONE},
		{"12 người", NONE},
		{"1.2.3", NONE},
		{"12.34.567", NONE},
		{"1,234.567,8", NONE},
		{"007", NONE},
		{"1e6", NONE},
		{".5", NONE},
		{"5.", NONE},
		{"--5", NONE},
		{"-", NONE},
	};

	(void)state;
	EXPECT_ROWS("number_vi", rows);
	expect_of("number_vi", number_value(1234567.5), "1.234.567,5");
	expect_of("number_vi", number_value(1.234), "1,234");
	expect_of("number_vi", number_value(-1500), "-1.500");
	expect_of("number_vi", number_value(1e21), NONE);
}

static void
decimals_are_rounded_half_away_from_zero(void **state)
{
	(void)state;
	expect("number_vi: 2", "1234.5", "1.234,50");
	expect("number_vi: 0", "1234.5", "1.235");
	expect("number_vi: 0", "1234.49", "1.234");
	expect("number_vi: 1", "9.95", "10,0");
	expect("number_vi: 0", "999999.5", "1.000.000");
	expect("number_vi: 0", "-0.5", "-1");
	expect("number_vi: 0", "-0.4", "0");
	expect("number_vi: 1", "-2.25", "-2,3");
	expect_with("number_vi: y", "10", text_value("1"), NONE);
	expect_with("number_vi: y", "\"a\"", text_value("1"), NONE);
	expect_of("number_vi: 2", number_value(0.1 + 0.2), "0,30");
}

static void
money_is_in_whole_dong_unless_said_otherwise(void **state)
{
	(void)state;
	expect("currency_vi", "1200000", "1.200.000 đồng");
	expect("currency_vi", "1.200.000", "1.200.000 đồng");
	expect("currency_vi", "1200000.4", "1.200.000 đồng");
	expect("currency_vi", "0", "0 đồng");
	expect("currency_vi: \"đ\"", "50000", "50.000đ");
	expect("currency_vi: \"₫\"", "50000", "50.000₫");
	expect("currency_vi: \"VND\"", "50000", "50.000 VND");
	expect("currency_vi: \"USD\", 2", "1250.5", "1.250,50 USD");
	expect_with("currency_vi: y", "nil", text_value("50000"), NONE);
	expect("currency_vi", "500.000", NONE);
	expect("currency_vi", "miễn phí", NONE);
	expect_of("currency_vi", number_value(1200000), "1.200.000 đồng");
}

/* ---- dates ---- */

static void
dates_are_read_as_lists_write_them(void **state)
{
	static const char *const rows[][2] = {
		{"2026-10-10", "10/10/2026"},
		{"10/10/2026", "10/10/2026"},
		{"5/2/2026", "05/02/2026"},
		{"05-02-2026", "05/02/2026"},
		{"5.2.2026", "05/02/2026"},
		{"2026-2-5", "05/02/2026"},
		{"29/02/2024", "29/02/2024"},
		{" 10/10/2026 ", "10/10/2026"},
		{"2026", "2026"},
		{"10/2026", "10/2026"},
		{"2026-03", "03/2026"},
		{"2026-10-10 08:30", "10/10/2026"},
		{"2026-10-10T08:30:00", "10/10/2026"},
		{"10/10/2026 8:30", "10/10/2026"},
		{"2026-10-10T08:30:00+07:00", "10/10/2026"},
		{"2026-10-10T17:00:00Z", "11/10/2026"}, /* midnight in Vietnam */
		{"2026-10-10T16:59:59.999Z", "10/10/2026"},
		{"2026-12-31T23:00:00+0000", "01/01/2027"},
		{"2026-03-01T03:00:00+12:00", "28/02/2026"},
		{"1900-01-01T20:00:00Z", "02/01/1900"},
		{"1900-01-01T01:00:00+12:00", "31/12/1899"},
		{"today", "10/10/2026"},
		{"now", "10/10/2026"},
		{"abc", NONE},
		{"10/10/26", NONE}, /* of which century? */
		{"31/02/2026", NONE},
		{"29/02/2026", NONE},
		{"13/13/2026", NONE},
		{"0/1/2026", NONE},
		{"00/2026", NONE},
		{"2026-13", NONE},
		{"10/10-2026", NONE},
		{"1026", NONE},
		{"20261010", NONE},
		{"46305", NONE},
		{"2026-10-10 25:00", NONE},
		{"2026-10-10 sáng", NONE},
		{"10/3 âm lịch", NONE},
		{"2026-10-10T08:00+07:00x", NONE},
	};

	(void)state;
	EXPECT_ROWS("date_vi", rows);
	expect_of("date_vi", number_value(2026), "2026");
}

static void
dates_are_written_as_in_official_letters(void **state)
{
	(void)state;
	expect("date_vi: \"dài\"", "2026-10-10", "ngày 10 tháng 10 năm 2026");
	expect("date_vi: \"long\"", "10/10/2026", "ngày 10 tháng 10 năm 2026");
	/* Decree 30/2020: a zero before days below 10 and months 1 and 2, not before the others */
	expect("date_vi: \"long\"", "5/2/2026", "ngày 05 tháng 02 năm 2026");
	expect("date_vi: \"long\"", "5/3/2026", "ngày 05 tháng 3 năm 2026");
	expect("date_vi: \"long\"", "10/2026", "tháng 10 năm 2026");
	expect("date_vi: \"long\"", "2026", "năm 2026");
	expect("date_vi: \"ngày tháng\"", "2026-02-05", "05/02");
	expect("date_vi: \"ngắn\"", "2026-02-05", "05/02/2026");
	expect("date_vi: \"thứ\"", "2026-10-10", "thứ Bảy");
	expect("date_vi: \"weekday\"", "2026-10-11", "Chủ nhật");
	expect("date_vi: \"weekday\"", "2026-10-12", "thứ Hai");
	expect("date_vi: \"weekday\"", "2/9/1945", "Chủ nhật");
	expect("date_vi: \"đầy đủ\"", "2026-02-05", "thứ Năm, ngày 05 tháng 02 năm 2026");
	expect("date_vi: \"weekday\"", "2026", NONE);
	expect("date_vi: \"ngày tháng\"", "2026", NONE);
	expect_with("date_vi: y", "\"%d\"", text_value("2026-10-10"), NONE);
	expect_with("date_vi: y", "nil", text_value("2026-10-10"), NONE);
}

/* Both filters read the same texts as days; `date` prints all others as they are. */
static void
date_and_date_vi_read_the_same_days(void **state)
{
	static const char *const rows[][2] = {
		{"2026-10-10", "10/10/2026"},
		{"2026-1-5", "05/01/2026"},
		{"5.2.2026", "05/02/2026"},
		{" 5-2-2026 ", "05/02/2026"},
		{"10/10/2026 8:30", "10/10/2026"},
		{"2026-10-10T08:30:59", "10/10/2026"},
		{"2026-10-10 08:00:00 +0700", "10/10/2026"},
		{"2026-10-10 17:00 Z", "11/10/2026"},
		{"2026-10-10T17:00:00.5Z", "11/10/2026"},
		{"2026-10-10T08:30:60", NONE},
		{"2026-10-10T24:00", NONE},
		{"2026-10-10 08:60", NONE},
		{"2026-10-10T8:0", NONE},
		{"2026-10-10T", NONE},
		{"2026 08:00", NONE},
		{"10/2026 08:00", NONE},
		{"2026-10-10T08:00+15:00", NONE},
		{"2026-10-10T08:00+07:00x", NONE},
		{"2026-02-29", NONE},
		{"10/10/26", NONE},
	};

	(void)state;
	EXPECT_ROWS("date_vi", rows);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect("date: \"%d/%m/%Y\"", rows[i][0],
		       strcmp(rows[i][1], NONE) == 0 ? rows[i][0] : rows[i][1]);
}

/* ---- phones ---- */

static void
phones_are_grouped_as_people_read_them(void **state)
{
	static const char *const rows[][2] = {
		{"84912345678", "0912 345 678"},
		{"+84912345678", "0912 345 678"},
		{"0084912345678", "0912 345 678"},
		{"0912345678", "0912 345 678"},
		{"0912.345.678", "0912 345 678"},
		{"+84 (0)912-345-678", "0912 345 678"},
		{"912345678", "0912 345 678"},
		{"0559123456", "0559 123 456"},
		{"842438253536", "024 3825 3536"},
		{"02838253536", "028 3825 3536"},
		{"0296 3852123", "0296 3852 123"},
		{"18001096", "1800 1096"},
		{"1800.1096", "1800 1096"},
		{"1900599920", "1900 599 920"},
		{"113", "113"},
		{"1022", "1022"},
		/* no numbers of Vietnam, or not one */
		{"+14155552671", NONE},
		{"+8412345", NONE},
		{"0312345678", NONE},
		{"091234567", NONE},
		{"09123456789", NONE},
		{"0912345678/0987654321", NONE},
		{"ĐT: 0912345678", NONE},
		{"8.4912345678E10", NONE},
		{"+113", NONE},
		{"+", NONE},
	};

	(void)state;
	EXPECT_ROWS("phone_vi", rows);
	expect_of("phone_vi", number_value(84912345678), "0912 345 678");
}

/* "FILTER|VALUE|FIELD" of a rendering that is missing something; "" = it is not. */
static const char *
lost(const char *source, const char *tien)
{
	static char words[200];
	struct template_error e;
	struct template *t = template_compile(slice_of(source), &e);
	struct template_value v[TEMPLATE_FIELDS_MAX] = {{0}};
	struct buf out = {0};

	assert_non_null(t);
	for (size_t i = 0; i < template_field_count(t); i++)
		if (strcmp(template_field(t, i), "tien") == 0)
			v[i] = (struct template_value){TEMPLATE_TEXT, slice_of(tien), 0};
	words[0] = '\0';
	if (template_render_values(t, TODAY, v, &out, &e) == RENDER_MISSING) {
		assert_string_equal(e.code, "missing");
		snprintf(words, sizeof(words), "%s|%s|%s", e.filter, e.value, e.field);
	}
	template_free(t);
	buf_free(&out);
	return words;
}

static void
a_value_that_is_not_understood_is_no_empty_one(void **state)
{
	(void)state;
	assert_string_equal(lost("{{ tien | currency_vi }}", "50000"), "");
	assert_string_equal(lost("{{ tien | currency_vi }}", "50.000"), "currency_vi|50.000|tien");
	assert_string_equal(lost("{{ tien | currency_vi }}", ""), "||tien");
	assert_string_equal(lost("{{ tien | currency_vi }}", " \u00A0"), "||tien");
	assert_string_equal(lost("{{ tien }}", ""), "||tien");
	assert_string_equal(lost("{{ tien | strip | number_vi | upcase }}", " 15 tr "),
			    "number_vi|15 tr|tien");
	assert_string_equal(lost("{{ tien | date_vi }}", "31/02/2026"), "date_vi|31/02/2026|tien");
	assert_string_equal(lost("{{ tien | phone_vi }}", "hai so"), "phone_vi|hai so|tien");
	assert_string_equal(lost("{{ tien | divided_by: 0 }}", "7"), "divided_by|7|tien");
	/* What follows makes up for it, or is about another field. */
	assert_string_equal(lost("{{ tien | currency_vi | default: 'x' }}", "50.000"), "");
	assert_string_equal(lost("{{ tien | currency_vi | default: 'x' }}{{ khac }}", "50.000"),
			    "||khac");
	assert_string_equal(
		lost("{% case tien | currency_vi %}{% when 'x' %}a{% endcase %}{{ khac }}",
		     "50.000"),
		"||khac");
	/* On the way through a variable. */
	assert_string_equal(lost("{% assign x = tien | currency_vi %}{{ x }}", "50.000"),
			    "currency_vi|50.000|tien");
	assert_string_equal(lost("{% assign x = tien | currency_vi %}{{ khac }}", "50.000"),
			    "||khac");
	assert_string_equal(
		lost("{% assign x = tien | currency_vi %}{% assign x = khac %}{{ x }}", "50.000"),
		"||tien");
	/* A value is cut to whole characters: 63 bytes have room. */
	assert_string_equal(
		lost("{{ tien | number_vi }}",
		     "ế23456789012345678901234567890123456789012345678901234567890ế123"),
		"number_vi|ế23456789012345678901234567890123456789012345678901234567890|tien");
}

static void
what_does_not_fit_is_too_long_and_never_cut(void **state)
{
	static const char *const filters[] = {"plain", "name_case"};
	char value[8192];
	struct template_error e;

	(void)state;
	memset(value, 'A', sizeof(value));
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		struct template_value x = {TEMPLATE_TEXT, {value, sizeof(value)}, 0};
		struct buf source = {0}, out = {0};
		struct template *t;

		buf_addf(&source, "{{ x | %s }}{{ x | %s }}", filters[i], filters[i]);
		t = template_compile(buf_slice(&source), &e);
		assert_non_null(t);
		assert_int_equal(template_render_values(t, TODAY, &x, &out, &e), RENDER_TOO_LONG);
		assert_int_equal(out.len, 0);
		template_free(t);
		buf_free(&source);
		buf_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_absent_value_stays_absent_but_for_honorific),
		cmocka_unit_test(a_value_that_is_no_utf8_is_called_malformed_by_the_rendering),
		cmocka_unit_test(plain_takes_the_accents_off_and_loses_nothing_unsaid),
		cmocka_unit_test(honorific_reads_the_ways_in_which_lists_write_sex),
		cmocka_unit_test(honorific_fits_the_age_where_it_is_known),
		cmocka_unit_test(the_ages_of_honorific_can_be_set),
		cmocka_unit_test(the_given_name_is_the_last_word),
		cmocka_unit_test(the_given_name_of_who_has_it_first_stands_before_the_clan),
		cmocka_unit_test(a_given_name_is_never_guessed),
		cmocka_unit_test(names_in_capitals_or_small_letters_get_their_capitals),
		cmocka_unit_test(names_that_have_both_cases_stay_as_they_are),
		cmocka_unit_test(numbers_have_points_between_thousands_and_a_comma),
		cmocka_unit_test(decimals_are_rounded_half_away_from_zero),
		cmocka_unit_test(money_is_in_whole_dong_unless_said_otherwise),
		cmocka_unit_test(dates_are_read_as_lists_write_them),
		cmocka_unit_test(date_and_date_vi_read_the_same_days),
		cmocka_unit_test(dates_are_written_as_in_official_letters),
		cmocka_unit_test(phones_are_grouped_as_people_read_them),
		cmocka_unit_test(a_value_that_is_not_understood_is_no_empty_one),
		cmocka_unit_test(what_does_not_fit_is_too_long_and_never_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
