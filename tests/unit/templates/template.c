/* SPDX-License-Identifier: MIT */
/* What prints what was tried with liquidjs 10; the strict rule and places by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/unit/templates/render.h"

/* ---- output ---- */

static void
fields_and_texts_come_in_their_order(void **state)
{
	(void)state;
	expect("", "");
	expect("Kính gửi {{ ten }}.", "Kính gửi T.");
	expect("{{ten}}{{ họ_tên }}", "TNguyễn An");
	expect("{{ 2024_x }} {{ a-b }}", "y c");
	expect("{{ ten\n}}", "T");
	expect("{{\u00A0ten\u00A0}}", "T");
	expect("  {{ ten }}  ", "  T  ");
	expect("x }} y %} { { }", "x }} y %} { { }");
	expect("{{ \"}}\" }} {{ ten | default: '}}' }}", "}} T");
	expect("{{ cum }}", "{{ ten }}"); /* a value is no template */
}

static void
literals_print_as_in_liquidjs(void **state)
{
	(void)state;
	expect("{{ -5 }} {{ 5.0 }} {{ 007 }} {{ 1.50 }} {{ true }}", "-5 5 7 1.5 true");
	expect("{{ \"a\\\"b\" }} {{ 'a\\nb' }} {{ 'it\\'s' }} {{ '\"' }}", "a\"b a\nb it's \"");
	expect("{{-5}}", "5"); /* as in Liquid the - belongs to the tag */
	expect("{{ \"Ông\n/Bà\" }}", "Ông\n/Bà");
}

static void
default_replaces_nil_false_and_the_empty_text_only(void **state)
{
	(void)state;
	expect("{{ la | default: \"x\" }}", "x");
	expect("{{ la|default:'x'}}", "x");
	expect("{{ rong | default: 'x' }}", "x");
	expect("{{ sai | default: 'x' }}", "x");
	expect("{{ sai }}{{ dung | default: 'x' }}", "falsetrue");
	expect("{{ chu_sai | default: 'x' }}", "false");
	expect("{{ khong | default: 'x' }}", "0");
	expect("{{ ten | default: 'x' }}", "T");
	expect("{{ la | default: 1.50 }} {{ la | default: 007 }}", "1.5 7");
	expect("{{ la | default: 'x' | default: 'y' }}", "x");
	expect("{{ la | default: '' | default: 'y' }}", "y");
	expect("{{ la | default: rong | default: ten }}", "T");
	expect("{{ nil | default: 'x' }}{{ null | default: 'y' }}{{ false | default: 'z' }}",
	       "xyz");
	expect("{{ '' | default: 'x' }}", "x");
	expect("{{ la | default: false }}", "false");
}

static void
what_comes_out_blank_is_missing_at_its_place(void **state)
{
	(void)state;
	expect_missing("Kính gửi {{ la }}", "la", 1, 13);
	expect_missing("a\nb {{ ten }} {{la}}", "la", 2, 15);
	expect_missing("{{ rong }}", "rong", 1, 4);
	expect_missing("{{ trang }}", "trang", 1, 4);
	expect_missing("{{ trang | default: 'x' }}", "trang", 1, 4); /* blanks are no empty text */
	expect_missing("{{ vo_hinh }}", "vo_hinh", 1, 4);
	expect_missing("{{ la | default: '' }}", "la", 1, 4);
	expect_missing("{{ la | default: nil }}", "la", 1, 4);
	expect_missing("{{ la | default: rong }}", "la", 1, 4);
	expect_missing("{{ '' | default: 'x' | default: la }}{{ Lá }}", "Lá", 1, 41);
}

static void
output_is_as_before_after_a_failure(void **state)
{
	struct template *t = template_compile(SLICE("abc {{ la }}"), &error);
	struct slice nothing = {0};
	struct buf b = {0};

	(void)state;
	buf_adds(&b, "xyz");
	assert_int_equal(template_render(t, 20000, &nothing, &b, NULL), RENDER_MISSING);
	assert_int_equal(b.len, 3);
	assert_string_equal(b.data, "xyz");
	assert_int_equal(template_render(t, 20000, &SLICE("1"), &b, NULL), RENDER_OK);
	assert_string_equal(b.data, "xyzabc 1");
	buf_free(&b);
	template_free(t);
}

/* ---- raw, comment, whitespace control ---- */

static void
raw_and_comment_are_as_in_liquid(void **state)
{
	(void)state;
	expect("{% raw %}{{ x }} {% if %}{% endraw %}!", "{{ x }} {% if %}!");
	expect("{% raw %}{% endraw%}}", "}");
	expect("{%raw%}{{%}{%endraw%}", "{{%}");
	expect("{% raw %}{% endrawx %}{% endraw %}", "{% endrawx %}");
	expect("a{% comment %} {{ la }} {% nope %} {% endcomment %}b", "ab");
	expect("{% comment %}{% comment %}{% endcomment %}", "");
	expect("{% # hi %}x{%- # hi -%} y", "xy");
	expect("{% comment %}{% endcomment %}", "");
}

static void
a_dash_trims_the_text_that_touches_its_tag(void **state)
{
	(void)state;
	expect("a {{- \" b \" -}} c", "a b c");
	expect("{{ ten-}} b", "Tb");
	expect("{{ ten -}}\n\n  b", "Tb");
	expect("a \n\t {{- ten }} b", "aT b");
	expect("a\u00A0{{- 'b' }}", "ab");
	expect("a  {%- comment -%} x {%- endcomment -%}  b", "ab");
	expect("{{ ten -}}{% comment %}{% endcomment %}  b", "T  b");
	expect("a {%- raw -%}  {{ x }}  {%- endraw -%}  b", "a  {{ x }}  b");
	expect("{{ ten -}} {{- ten }}", "TT");
	expect("{{ ten -}}   ", "T");
}

/* ---- normal form and limits ---- */

static void
the_result_is_nfc_whatever_the_pieces_are(void **state)
{
	(void)state;
	expect("e\u0302\u0301 {{ nfd }}", "\u1EBF \u1EBF");
	expect("e{{ dau }}", "\u00E9x");		 /* the mark joins the letter of the text */
	expect("{{ 'e' }}\u0301", "\u00E9");		 /* the other way round */
	expect("{{ ho\u0323_te\u0302n }}", "Nguyễn An"); /* NFD name */
	expect("😀 {{ nfd }}", "😀 \u1EBF");
}

static void
a_value_that_is_no_utf8_is_said_to_be_malformed(void **state)
{
	(void)state;
	assert_int_equal(render("{{ ten }} {{ hong }}"), RENDER_MISSING);
	assert_string_equal(error.code, "malformed");
	assert_string_equal(error.field, "hong");
	assert_int_equal(error.column, 14);
}

static void
a_text_beyond_the_limit_is_refused(void **state)
{
	struct template *t = template_compile(SLICE("x{{ a }}"), &error);
	struct buf long_value = {0}, b = {0};
	struct slice v;

	(void)state;
	for (size_t i = 0; i < TEMPLATE_OUTPUT_MAX; i++)
		buf_addc(&long_value, 'y');
	v = (struct slice){long_value.data, TEMPLATE_OUTPUT_MAX - 1};
	assert_int_equal(template_render(t, 20000, &v, &b, &error), RENDER_OK);
	assert_int_equal(b.len, TEMPLATE_OUTPUT_MAX);
	buf_reset(&b);
	v.n++;
	assert_int_equal(template_render(t, 20000, &v, &b, &error), RENDER_TOO_LONG);
	assert_string_equal(error.code, "too-long");
	assert_int_equal(b.len, 0);
	buf_free(&b);
	buf_free(&long_value);
	template_free(t);
}

static void
sizes_of_the_source_are_bounded(void **state)
{
	struct buf b = {0};
	char name[20];

	(void)state;
	for (size_t i = 0; i <= TEMPLATE_SOURCE_MAX; i++)
		buf_addc(&b, 'a');
	refuse(b.data, "too-long", 1, 65537, "65536 bytes");
	b.data[TEMPLATE_SOURCE_MAX] = '\0';
	template_free(template_compile(slice_of(b.data), &error));
	buf_reset(&b);
	for (unsigned i = 0; i < TEMPLATE_FIELDS_MAX; i++) {
		snprintf(name, sizeof(name), "{{ f%03u }}", i);
		buf_adds(&b, name);
	}
	template_free(template_compile(slice_of(b.data), &error));
	buf_adds(&b, "\n{{ more }}");
	refuse(b.data, "too-many", 2, 4, "128 fields");
	buf_reset(&b);
	while (b.len < 60000)
		buf_adds(&b, "{% # %}");
	template_free(template_compile(slice_of(b.data), &error));
	buf_free(&b);
	refuse("{{ abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij1234 }}", "syntax",
	       1, 4, "63 bytes");
}

static void
mark_and_one_final_newline_are_not_of_the_text(void **state)
{
	(void)state;
	expect("a\n", "a");
	expect("a\r\n", "a");
	expect("a\n\n", "a\n");
	expect("a\r\nb", "a\r\nb");
	expect("\uFEFFa", "a");
	expect("\n", "");
	expect("a ", "a ");
}

/* ---- errors ---- */

static void
errors_name_what_is_not_known_and_where(void **state)
{
	(void)state;
	refuse("{{ ten | defualt: 'x' }}", "unknown-filter", 1, 10, "did you mean default?");
	refuse("{{ ten | pluralize }}", "unknown-filter", 1, 10, "known are default, upcase");
	refuse("a\nế {% liquid ten %}", "unknown-tag", 2, 6, "the tag liquid");
	refuse("{% coment %}", "unknown-tag", 1, 4, "did you mean comment?");
	refuse("{% for x in y %}", "unknown-tag", 1, 4, "the tag for");
	refuse("{{ nguoi.ten }}", "syntax", 1, 4, "one column");
	refuse("{{ nguoi['ten'] }}", "syntax", 1, 4, "one column");
	refuse("{{ }}", "syntax", 1, 1, "empty");
	refuse("a {{ -}}", "syntax", 1, 3, "empty");
	refuse("{{ ten | }}", "syntax", 1, 10, "the name of a filter");
	refuse("{{ ten | default }}", "syntax", 1, 10, "needs an argument");
	refuse("{{ ten | default \"x\" }}", "syntax", 1, 10, "needs an argument");
	refuse("{{ ten | default: }}", "syntax", 1, 19, "the end of the tag");
	refuse("{{ ten | default: 1, 2 }}", "syntax", 1, 10, "too many arguments");
	refuse("{{ ten | default: 'x', allow_false: true }}", "syntax", 1, 35, "named arguments");
	refuse("{{ Họ tên }}", "syntax", 1, 7, "the name tên");
	refuse("{{ empty }}", "syntax", 1, 4, "conditions");
	refuse("{{ 'a\\qb' }}", "syntax", 1, 4, "\\");
	refuse("{{ 1234567890123456 }}", "syntax", 1, 4, "too many digits");
	refuse("{{ = }}", "syntax", 1, 4, "compare with ==");
	refuse("{{ & }}", "syntax", 1, 4, "\"&\"");
	refuse("{{ a$ }}", "syntax", 1, 5, "\"$\"");
}

static void
what_is_never_closed_is_said_where_it_opens(void **state)
{
	(void)state;
	refuse("a {{ ten", "syntax", 1, 3, "add }}");
	refuse("a\n{{ ten %} b", "syntax", 2, 1, "add }}");
	refuse("{{ ten -%}", "syntax", 1, 1, "add }}");
	refuse("{{", "syntax", 1, 1, "add }}");
	refuse("{%", "syntax", 1, 1, "add %}");
	refuse("{{ 'abc }}", "syntax", 1, 4, "quote");
	refuse("{{ 'abc\\", "syntax", 1, 4, "quote");
	refuse("{{ ten | default: “x” }}", "syntax", 1, 19, "typographic");
	refuse("x{% raw %} {{ a }}", "syntax", 1, 2, "{% endraw %}");
	refuse("x{% comment %}", "syntax", 1, 2, "{% endcomment %}");
	refuse("x{% endraw %}", "syntax", 1, 5, "closes nothing");
	refuse("{% raw x %}{% endraw %}", "syntax", 1, 4, "stands alone");
}

static void
a_tag_that_can_print_nothing_is_refused(void **state)
{
	(void)state;
	refuse("{{ '' }}", "syntax", 1, 1, "never prints");
	refuse("{{ ' ' }}", "syntax", 1, 1, "never prints");
	refuse("{{ nil | default: '' }}", "syntax", 1, 1, "never prints");
}

static void
a_source_that_is_no_utf8_is_refused_at_its_place(void **state)
{
	(void)state;
	refuse("ế\nab\xFF", "not-utf8", 2, 3, "UTF-8");
	refuse("\xC0\x80", "not-utf8", 1, 1, "UTF-8");
	assert_null(template_compile(SLICE("ab\nế\0c"), &error));
	assert_string_equal(error.code, "syntax");
	assert_int_equal(error.line, 2);
	assert_int_equal(error.column, 2);
	assert_non_null(strstr(error.message, "NUL"));
}

static void
no_prefix_of_a_template_crashes(void **state)
{
	static const char source[] =
		"\uFEFFế {{- họ_tên | default: \"a\\\"b\" -}} {% raw -%} x {%- endraw -%}"
		"{% comment %} y {% endcomment %}{%- # z -%}{{ 1.5 | default: 'c' }}"
		"{% if a == \"b\" and c contains -1 %}x{% elsif d %}y{% else %}z{% endif %}"
		"{% case a | upcase %} {% when 'b', c or 2 %}{% capture v %}{{ a | split: ',' }}"
		"{% endcapture %}{% endcase %}{% assign w = v | replace: \"a\", \"\" %}{{ w }}";
	struct template *t;

	(void)state;
	for (size_t from = 0; from < sizeof(source); from += 3) {
		for (size_t n = 0; from + n < sizeof(source); n++) {
			/* exactly as long as it is, so that the sanitizer sees a byte too many */
			char *copy = xmalloc(n + (n == 0));

			memcpy(copy, source + from, n);
			t = template_compile((struct slice){copy, n}, &error);
			template_free(t);
			free(copy);
		}
	}
}

/* ---- fields ---- */

static void
fields_are_distinct_after_folding(void **state)
{
	struct template *t = template_compile(
		SLICE("{{ Ten }}{{ tuoi }}{{ TEN }}{{ tEn | default: Tuoi }}"), &error);

	(void)state;
	assert_int_equal(template_field_count(t), 2);
	assert_string_equal(template_field(t, 0), "Ten");
	assert_string_equal(template_field(t, 1), "tuoi");
	assert_null(template_field(t, 2));
	assert_false(template_is_constant(t));
	template_free(t);
	t = template_compile(SLICE("a {{ 'b' }}"), &error);
	assert_int_equal(template_field_count(t), 0);
	assert_true(template_is_constant(t));
	template_free(t);
}

struct seen {
	struct template_error errors[4];
	size_t count;
};

static void
on_unknown(void *arg, const struct template_error *e)
{
	struct seen *s = arg;

	assert_true(s->count < ARRAY_LEN(s->errors));
	s->errors[s->count++] = *e;
}

static void
unknown_fields_are_found_at_each_place(void **state)
{
	static const char *const known[] = {"HO_TEN", "xã", "so_dien_thoai"};
	struct template *t = template_compile(SLICE("{{ ho_ten }} {{ XÃ }}\n{{ so_dien_thoia }} {{ "
						    "họ_tên }}\n{{ quan | default: quan }}"),
					      &error);
	struct seen s = {0};

	(void)state;
	assert_int_equal(template_each_unknown(t, known, 3, on_unknown, &s), 4);
	assert_int_equal(s.count, 4);
	assert_string_equal(s.errors[0].code, "unknown-field");
	assert_string_equal(s.errors[0].field, "so_dien_thoia");
	assert_int_equal(s.errors[0].line, 2);
	assert_int_equal(s.errors[0].column, 4);
	assert_non_null(strstr(s.errors[0].message, "did you mean so_dien_thoai?"));
	assert_non_null(strstr(s.errors[1].message, "did you mean HO_TEN?")); /* accents apart */
	assert_non_null(strstr(s.errors[2].message, "known are HO_TEN, xã, so_dien_thoai"));
	assert_int_equal(s.errors[2].column, 4);
	assert_int_equal(s.errors[3].column, 20);

	assert_false(template_check_fields(t, known, 3, &error));
	assert_string_equal(error.field, "so_dien_thoia");
	assert_false(template_check_fields(t, NULL, 0, &error));
	assert_string_equal(error.field, "ho_ten");
	assert_non_null(strstr(error.message, "known are none"));
	template_free(t);

	t = template_compile(SLICE("{{ ho_ten }}"), &error);
	assert_true(template_check_fields(t, known, 3, &error));
	template_free(t);
}

/* ECMA-262, Number::toString; read off node's String(x). */
static void
numbers_print_as_in_javascript(void **state)
{
	static const struct {
		double x;
		const char *text;
	} cases[] = {
		{0, "0"},
		{-0.0, "0"},
		{5, "5"},
		{-1.5, "-1.5"},
		{0.1, "0.1"},
		{0.3, "0.3"},
		{0.1 + 0.2, "0.30000000000000004"},
		{100, "100"},
		{1e21, "1e+21"},
		{123456789012345680000.0, "123456789012345680000"},
		{1e-6, "0.000001"},
		{1e-7, "1e-7"},
		{1.5e-10, "1.5e-10"},
		{1.25e25, "1.25e+25"},
		{5.684341886080802e-14, "5.684341886080802e-14"}, /* a power of two */
		{9007199254740993.0, "9007199254740992"},
		{1e15, "1000000000000000"},
		{123456.789, "123456.789"},
		{0.1 * 3, "0.30000000000000004"},
		{5e-324, "5e-324"},
		{1.7976931348623157e308, "1.7976931348623157e+308"},
		{4.35, "4.35"},
		{999999999999999.9, "999999999999999.9"},
	};
	struct buf b = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf_reset(&b);
		template_add_number(&b, cases[i].x);
		assert_string_equal(b.data, cases[i].text);
	}
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_and_texts_come_in_their_order),
		cmocka_unit_test(literals_print_as_in_liquidjs),
		cmocka_unit_test(default_replaces_nil_false_and_the_empty_text_only),
		cmocka_unit_test(what_comes_out_blank_is_missing_at_its_place),
		cmocka_unit_test(output_is_as_before_after_a_failure),
		cmocka_unit_test(raw_and_comment_are_as_in_liquid),
		cmocka_unit_test(a_dash_trims_the_text_that_touches_its_tag),
		cmocka_unit_test(the_result_is_nfc_whatever_the_pieces_are),
		cmocka_unit_test(a_value_that_is_no_utf8_is_said_to_be_malformed),
		cmocka_unit_test(a_text_beyond_the_limit_is_refused),
		cmocka_unit_test(sizes_of_the_source_are_bounded),
		cmocka_unit_test(mark_and_one_final_newline_are_not_of_the_text),
		cmocka_unit_test(errors_name_what_is_not_known_and_where),
		cmocka_unit_test(what_is_never_closed_is_said_where_it_opens),
		cmocka_unit_test(a_tag_that_can_print_nothing_is_refused),
		cmocka_unit_test(a_source_that_is_no_utf8_is_refused_at_its_place),
		cmocka_unit_test(no_prefix_of_a_template_crashes),
		cmocka_unit_test(fields_are_distinct_after_folding),
		cmocka_unit_test(unknown_fields_are_found_at_each_place),
		cmocka_unit_test(numbers_print_as_in_javascript),
	};

	return cmocka_run_group_tests(tests, NULL, free_out);
}
