/* SPDX-License-Identifier: MIT */
/*
 * Liquid's filters. What prints was tried with liquidjs 10.30.1, but for what is ours by design
 * (docs/FORMATS.md, Template): dates as Vietnamese lists write them, whole characters, no NaN.
 */
#include "tests/unit/templates/render.h"

static void
letters_change_their_case(void **state)
{
	static const struct rendered cases[] = {
		{"{{ 'Nguyễn Văn Ánh đ' | upcase }}", "NGUYỄN VĂN ÁNH Đ"},
		{"{{ 'ĐẶNG THỊ ÊM' | downcase }}", "đặng thị êm"},
		{"{{ 'ĐẶNG THỊ' | capitalize }} {{ 'đặng THỊ' | capitalize }}",
		 "Đặng thị Đặng thị"},
		{"{{ 'ß ŉ ﬁ ÿ' | upcase }} {{ 'İ' | downcase | size }}", "SS ʼN FI Ÿ 2"},
		{"{{ so | upcase }} {{ dung | upcase }} {{ ds | split: ',' | upcase }}",
		 "7 TRUE ABC"},
		{"{{ nfd | upcase }} {{ nfd | size }}", "Ế 1"},
		{"{{ vui | capitalize }}", "😀ab"},
	};

	(void)state;
	expect_all(cases, ARRAY_LEN(cases));
}

static void
ends_are_stripped(void **state)
{
	static const struct rendered cases[] = {
		{"[{{ '  a b  ' | strip }}] [{{ '  a b  ' | lstrip }}] [{{ '  a b  ' | rstrip }}]",
		 "[a b] [a b  ] [  a b]"},
		{"[{{ '\u00A0a\u2003\uFEFF' | strip }}]", "[a]"},
		{"{{ 'xyaxy' | strip: 'yx' }} {{ 'xyaxy' | lstrip: 'yx' }} {{ 'xya..' | rstrip: "
		 "'.' }}",
		 "a axy xya"},
		{"[{{ ' a ' | strip: '' }}] [{{ 'ăaă' | strip: 'ă' }}]", "[a] [a]"},
	};

	(void)state;
	expect_all(cases, ARRAY_LEN(cases));
	expect_missing("{{ trang | strip }}", "trang", 1, 4);
}

static void
long_texts_are_cut(void **state)
{
	static const struct rendered cases[] = {
		{"{{ 'Ground control' | truncate: 9 }} {{ 'Ground control' | truncate: 14 }}",
		 "Ground... Ground control"},
		{"{{ 'Ground control' | truncate: 5, '' }} {{ 'Ground' | truncate: 2 }} {{ "
		 "'Ground' | truncate: -3 }}",
		 "Groun ... ..."},
		{"{{ 'Ground' | truncate: 4.7 }} {{ 'Ground' | truncate: '5' }} {{ 'Ground' | "
		 "truncate: 'x' }}",
		 "Gr... Gr... ..."},
		{"{{ 'Ground' | truncate: 4, 5 }} {{ 'Ground' | truncate: 4, la }} {{ 12345678 | "
		 "truncate: 5 }}",
		 "Gro5 G... 12..."},
		{"{{ '😀😀😀😀😀' | truncate: 4, '.' }} {{ 'Nguyễn' | truncate: 5, '' }}", "😀😀😀. Nguyễ"},
		{"{{ '12345678901234567890123456789012345678901234567890x' | truncate }}",
		 "12345678901234567890123456789012345678901234567..."},
		{"{{ 'a b  c d' | truncatewords: 2 }} {{ 'a b c' | truncatewords: 3 }} {{ 'a b c' "
		 "| truncatewords: 4 }}",
		 "a b... a b c... a b c"},
		{"{{ '  a b c' | truncatewords: 2, '--' }} {{ 'a b c' | truncatewords: 0 }} {{ 'a "
		 "b c' | truncatewords: 1.5 }}",
		 "a b-- a... a..."},
		{"{{ 'a b c d e f g h i j k l m n o p' | truncatewords }} {{ rong | truncatewords: "
		 "1 }}",
		 "a b c d e f g h i j k l m n o... ..."},
		{"[{{ ' hai  ' | truncatewords: 2 }}]", "[hai ...]"},
	};

	(void)state;
	expect_all(cases, ARRAY_LEN(cases));
}

static void
pieces_are_replaced_and_joined(void **state)
{
	static const struct rendered cases[] = {
		{"{{ 'aXbXc' | replace: 'X', '--' }} {{ 'aXbXc' | replace_first: 'X', '-' }} {{ "
		 "'aXbXc' | remove: 'X' }}",
		 "a--b--c a-bXc abc"},
		{"{{ 'abc' | replace: '', '-' }} {{ 'abc' | replace_first: '', 'x' }} {{ 'abc' | "
		 "remove: '' }}",
		 "a-b-c xabc abc"},
		{"{{ 'abc' | replace: 'b', '$&$1' }} {{ 'aaa' | replace: 'aa', 'b' }} {{ 'a5' | "
		 "replace: 5, 6 }}",
		 "a$&$1c ba a6"},
		{"{{ '😀x' | replace: '', '-' }}", "😀-x"}, /* liquidjs cuts the emoji in two */
		{"{{ 'a' | append: 'b' | prepend: 'c' }} {{ 5 | append: 5 }} {{ la | prepend: 'b' "
		 "| append: la }}",
		 "cab 55 b"},
		{"{{ 'a' | append: 1.50 }} {{ dung | append: sai }}", "a1.5 truefalse"},
	};

	(void)state;
	expect_all(cases, ARRAY_LEN(cases));
}

static void
lists_are_split_and_joined(void **state)
{
	static const struct rendered cases[] = {
		{"{{ ds | split: ',' }} {{ ds | split: ',' | size }} {{ ds | split: ',' | join: "
		 "'-' }}",
		 "abc 4 a-b--c"},
		{"{{ ds | split: ',' | first }}{{ ds | split: ',' | last }} {{ ds | split: ',' | "
		 "join }}",
		 "ac a b  c"},
		{"{{ 'abc' | split: '' | join: '.' }} {{ vui | split: '' | join: '.' }} {{ 'a5b' | "
		 "split: 5 | size }}",
		 "a.b.c 😀.a.b 2"},
		{"{{ ',a' | split: ',' | size }} {{ ',,' | split: ',' | size }} {{ la | split: ',' "
		 "| size }} {{ so | split: ',' | first }}",
		 "2 0 0 7"},
		{"{{ 'abc' | first }}{{ 'abc' | last }} {{ vui | first }} {{ so | first | default: "
		 "'-' }} {{ so | join }}",
		 "ac 😀 - 7"},
		{"{{ 'abc' | size }} {{ vui | size }} {{ so | size }} {{ la | size }} {{ dung | "
		 "size }}",
		 "3 4 0 0 0"},
		{"{% assign l = 'a,b' | split: ',' %}{{ l == 'ab' }} {{ l contains 'a' }} {{ l "
		 "contains 'ab' }} {{ 'xa,b' contains l }}",
		 "false true false true"},
		{"{% assign l = 'a,b' | split: ',' %}{% assign m = 'a;b' | split: ';' %}{{ l == m "
		 "}} {{ l < 'b' }} {{ l <= m }} {{ l > 1 }}",
		 "true true true false"},
		{"{% assign l = '5' | split: ',' %}{{ l > 4 }} {{ l contains 5 }} {{ l | plus: 1 "
		 "}} {{ 'a,b' | split: ',' | plus: 1 }}",
		 "true false 6 1"},
		{"{{ ds | split: ',' | default: 'x' }} {{ '' | split: ',' | default: 'x' }} {{ ds "
		 "| split: ',' | truncate: 2, '' }}",
		 "abc x ab"},
	};

	(void)state;
	expect_all(cases, ARRAY_LEN(cases));
}

static void
numbers_are_reckoned(void **state)
{
	static const struct rendered cases[] = {
		{"{{ 1 | plus: 2 }} {{ chu_so | plus: '2' }} {{ 'x' | plus: 2 }} {{ la | plus: 2 "
		 "}} {{ 0.1 | plus: 0.2 }}",
		 "3 9 2 2 0.30000000000000004"},
		{"{{ '1e3' | plus: 1 }} {{ '0x10' | plus: 1 }} {{ ' 12 ' | plus: 1 }} {{ '12abc' | "
		 "plus: 1 }} {{ '1,5' | plus: 1 }} {{ dung | plus: 1 }}",
		 "1001 17 13 1 1 2"},
		{"{{ '.5' | plus: 1 }} {{ '5.' | plus: 1 }} {{ '+5' | plus: 1 }} {{ '-5' | plus: 1 "
		 "}} {{ '1_0' | plus: 0 }} {{ '.' | plus: 1 }} {{ '0b11' | plus: 0 }} {{ '-0x1' | "
		 "plus: 2 }}",
		 "1.5 6 6 -4 0 1 3 2"},
		{"{{ 5 | minus: 7 }} {{ 5 | times: 1.1 }} {{ 100 | times: 1.1 }} {{ 4.35 | times: "
		 "100 }} {{ 0 | times: -1 }}",
		 "-2 5.5 110.00000000000001 434.99999999999994 0"},
		{"{{ 20 | divided_by: 7 }} {{ 20 | divided_by: 7, true }} {{ -20 | divided_by: 7, "
		 "true }} {{ 20 | divided_by: 7, 0 }}",
		 "2.857142857142857 2 -3 2.857142857142857"},
		{"{{ 5 | modulo: 3 }} {{ -5 | modulo: 3 }} {{ 5 | modulo: -3 }} {{ 5.5 | modulo: 2 "
		 "}} {{ -5.5 | modulo: 1.1 }}",
		 "2 1 -1 1.5 4.440892098500626e-16"},
		{"{{ 1.5 | round }} {{ 2.5 | round }} {{ -2.5 | round }} {{ 1.005 | round: 2 }} {{ "
		 "1234.567 | round: -2 }} {{ -0.4 | round }}",
		 "2 3 -3 1.01 1200 0"},
		{"{{ 8.345 | round: 2 }} {{ 1.35 | round: 1 }} {{ 1.55 | round: 1.9 }} {{ 1.5 | "
		 "round: 'x' }} {{ 50 | round: -2 }} {{ 49 | round: -2 }} {{ 1.5 | round: 400 }} "
		 "{{ 15 | round: -400 }}",
		 "8.35 1.4 1.55 2 100 0 1.5 0"},
		{"{{ 1.2 | ceil }} {{ -1.2 | ceil }} {{ 1.8 | floor }} {{ -1.2 | floor }} {{ 'x' | "
		 "ceil }} {{ '-5.5' | abs }} {{ -0.5 | ceil }}",
		 "2 -1 1 -2 0 5.5 0"},
		{"{{ 7 | divided_by: 0 | default: '-' }} {{ 0 | modulo: 0 | default: '-' }} {{ "
		 "'Infinity' | plus: 1 | default: '-' }}",
		 "- - -"},
	};

	(void)state;
	expect_all(cases, ARRAY_LEN(cases));
}

static void
dates_are_printed_by_their_parts(void **state)
{
	static const struct rendered cases[] = {
		{"{{ '2026-02-03T04:05:06' | date: "
		 "'%a|%A|%b|%B|%c|%C|%d|%e|%H|%I|%j|%k|%l|%L|%m|%M|%N|%p|%P|%q' }}",
		 "Tue|Tuesday|Feb|February|2/3/2026, 4:05:06 AM|20|03| 3|04|04|034| 4| "
		 "4|000|02|05|000000000|AM|am|rd"},
		{"{% assign f = "
		 "'%s|%S|%u|%U|%w|%W|%x|%X|%y|%Y|%z|%%|%h|%D|%F|%G|%1|%E|%' %}"
		 "{{ '2026-02-03T04:05:06' | date: f }}",
		 "1770066306|06|2|05|2|05|2/3/2026|4:05:06 "
		 "AM|26|2026|+0700|%|Feb|%D|%F|%G|%1|%E|%"},
		{"{{ '2026-02-03T14:05:06' | date: "
		 "'%-d|%-m|%_d|%0e|%^a|%^B|%#p|%-H|%-I|%:z|%03d|%10Y|%3N|%-%|%_5d|%10A|%^10b|%010b|"
		 "%#B%#P|%Ed|%5q' }}",
		 "3|2| 3|03|TUE|FEBRUARY|pm|14|2|+07:00|003|0000002026|000|%|    3|   Tuesday|     "
		 "  FEB|0000000Feb|FEBRUARYPM|03|000rd"},
		{"{{ '2026-02-03T14:05:06.123' | date: '%1L|%5L|%N|%1N|%12N|%-5L' }}",
		 "123|00123|123000000|1|123000000000|123"},
		{"{{ '2026-02-03T14:05:06' | date }} {{ '2026-02-03T00:05' | date: '%I %p' }} {{ "
		 "'2026-02-03T12:05' | date: '%l %P' }}",
		 "Tuesday, February 3, 2026 at 2:05 pm +0700 12 AM 12 pm"},
		{"{{ '2026-01-01' | date: '%U %W %j %u %w' }} {{ '2024-12-30' | date: '%U %W %j' "
		 "}} {{ '2027-01-03' | date: '%U %W %u %w' }}",
		 "00 00 001 4 4 52 53 365 01 00 7 0"},
		{"{{ '2026-02-02' | date: '%q' }}{{ '2026-02-11' | date: '%q' }}{{ '2026-02-22' | "
		 "date: '%q' }}",
		 "ndthnd"},
		{"{{ '2026-10-10T08:00:00Z' | date: '%d %H:%M' }} {{ '2026-10-10T20:00:00+09:00' | "
		 "date: '%H:%M' }} {{ '2026-10-10 08:00:00 +0700' | date: '%H' }} {{ "
		 "'2026-10-10T20:00:00Z' | date: '%d' }}",
		 "10 15:00 18:00 08 11"},
		{"{{ '1969-12-31T23:59:59Z' | date: '%s' }} {{ 1700000000 | date: '%Y-%m-%d %H:%M' "
		 "}} {{ '1700000000' | date: '%Y' }}",
		 "-1 2023-11-15 05:13 2023"},
		{"{{ ngay | date: 'ngày %d tháng %m năm %Y' }}", "ngày 10 tháng 10 năm 2026"},
		{"{{ 'không rõ' | date: '%Y' }} {{ la | date: '%Y' | default: '-' }} {{ "
		 "'2026-10-10T' | date: '%d' }} {{ '2026-10-10T8:0' | date: '%H' }}",
		 "không rõ - 2026-10-10T 2026-10-10T8:0"},
		/* ours: days first, years, midnight here, the frozen day, no 30th of February */
		{"{{ '10/2/2026' | date: '%d/%m/%Y' }} {{ '3/2/2026 08:30' | date: '%d/%m %H:%M' "
		 "}}",
		 "10/02/2026 03/02 08:30"},
		{"{{ 2026 | date: '%d/%m/%Y' }} {{ '2026' | date: '%Y' }} {{ ngay | date: '%H:%M' "
		 "}}",
		 "01/01/2026 2026 00:00"},
		{"{{ 'now' | date: '%Y-%m-%d' }} {{ 'today' | date: '%d/%m %H' }}",
		 "2024-10-04 04/10 00"},
		{"{{ '2026-02-30' | date: '%d' }} {{ '2026-13-01' | date: '%d' }} {{ '2026-10-10 "
		 "24:00' | date: '%d' }}",
		 "2026-02-30 2026-13-01 2026-10-10 24:00"},
	};

	(void)state;
	expect_all(cases, ARRAY_LEN(cases));
	expect_missing("{{ ngay | date: rong }}", "ngay", 1, 4);
}

static void
what_is_written_as_an_argument_is_checked_with_its_place(void **state)
{
	(void)state;
	refuse("{{ a | date_vi: 'xyz' }}", "syntax", 1, 17, "date_vi: no such form of a date");
	refuse("{{ a }}\n{{ b | default: a | date_vi: nil }}", "syntax", 2, 30, "no such form");
	refuse("{{ a | number_vi: 10 }}", "syntax", 1, 19, "up to 9");
	refuse("{{ a | number_vi: 'a' }}", "syntax", 1, 19, "number_vi: ");
	refuse("{{ a | currency_vi: ' ' }}", "syntax", 1, 21, "the unit is blank");
	refuse("{{ a | currency_vi: nil }}", "syntax", 1, 21, "the unit is blank");
	refuse("{{ a | currency_vi: 'USD', -1 }}", "syntax", 1, 28, "up to 9");
	refuse("{{ a | honorific: 'abc' }}", "syntax", 1, 19, "a birth date");
	refuse("{{ a | honorific: b, 'x' }}", "syntax", 1, 22, "an age is");
	refuse("{{ a | honorific: b, 30, 131 }}", "syntax", 1, 26, "an age is");
	refuse("{{ a | date: 'dd/mm/yyyy' }}", "syntax", 1, 14, "names no part of a date");
	refuse("{{ a | date: '' }}", "syntax", 1, 14, "names no part of a date");
	refuse("{{ a | date: '%d/%m/%Q' }}", "syntax", 1, 14, "a % stands");
	refuse("{{ a | date: '100%' }}", "syntax", 1, 14, "a % stands");
	/* what a cell may give is known only when it is there */
	expect("{{ ngay | date: ten }}", "T");
	expect("{{ ngay | date_vi: ten | default: '-' }}", "-");
	expect("{{ so | number_vi: ten | default: '-' }}", "-");
	expect("{{ nam | honorific: ten }} {{ nam | honorific: nil }}", "Ông Ông");
}

static void
the_number_of_arguments_is_checked(void **state)
{
	(void)state;
	refuse("{{ a | append }}", "syntax", 1, 8, "needs an argument");
	refuse("{{ a | replace: 'x' }}", "syntax", 1, 8, "needs two arguments");
	refuse("{{ a | upcase: 'x' }}", "syntax", 1, 8, "it takes 0");
	refuse("{{ a | truncate: 1, 'x', 2 }}", "syntax", 1, 8, "it takes 2");
	refuse("{{ a | round: 1 2 }}", "syntax", 1, 17, "the number 2");
	refuse("{{ a | split: ',' | }}", "syntax", 1, 21, "the name of a filter");
	refuse("{{ a | uppcase }}", "unknown-filter", 1, 8, "did you mean upcase?");
	refuse("{{ a | default: empty }}", "syntax", 1, 17, "compare with them");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_change_their_case),
		cmocka_unit_test(ends_are_stripped),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(pieces_are_replaced_and_joined),
		cmocka_unit_test(lists_are_split_and_joined),
		cmocka_unit_test(numbers_are_reckoned),
		cmocka_unit_test(dates_are_printed_by_their_parts),
		cmocka_unit_test(the_number_of_arguments_is_checked),
		cmocka_unit_test(what_is_written_as_an_argument_is_checked_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, free_out);
}
