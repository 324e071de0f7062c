/* SPDX-License-Identifier: MIT */
/* assign and capture, and what they do to the fields; the rules by hand from docs/FORMATS.md. */
#include "tests/unit/templates/render.h"

static void
assign_and_capture_make_values(void **state)
{
	static const struct rendered cases[] = {
		{"{% assign x = 'Ông' %}{{ x }}{% assign x = x | append: '!' %}{{ X }}", "ÔngÔng!"},
		{"{% assign x=so | plus: 1 %}{{ x }}{{ x == 8 }}", "8true"},
		{"{% capture x %}a{{ ten }}{% capture y %}in{% endcapture %}b{% endcapture %}{{ x "
		 "}}{{ y }}",
		 "aTbin"},
		{"{% capture 'x' %}{{ so }}{% endcapture %}{{ x == '7' }}{{ x == 7 }}",
		 "truefalse"},
		{"{% assign x = ten == 'T' %}{{ x }}", "true"},
		{"{% capture x %}{% endcapture %}{% if x == empty %}e{% endif %}", "e"},
		{"{% capture x -%}  a  {%- endcapture %}[{{ x }}]", "[a]"},
		{"{% capture x %}e{% endcapture %}{{ x }}\u0301", "é"},
	};

	(void)state;
	expect_all(cases, ARRAY_LEN(cases));
}

static void
a_variable_hides_the_field_of_its_name_from_there_on(void **state)
{
	static const struct rendered cases[] = {
		{"{{ ten }}{% assign TEN = 'x' %}{{ ten }}", "Tx"},
		{"{% assign ten = ten | append: ten %}{{ ten }}", "TT"},
		{"{% capture ten %}{{ ten }}{{ ten }}{% endcapture %}{{ ten }}", "TT"},
		{"{% if la %}{% assign ten = 'x' %}{% endif %}{{ ten }}", "T"},
		{"{% if so %}{% assign ten = 'x' %}{% endif %}{{ ten }}", "x"},
		{"{% if so %}{% assign ten = nil %}{% endif %}{{ ten | default: 'n' }}", "n"},
	};

	(void)state;
	expect_all(cases, ARRAY_LEN(cases));
}

/* The fields that a template reads, with blanks between them. */
static void
expect_fields(const char *source, const char *names)
{
	struct template *t = template_compile(slice_of(source), &error);
	struct buf b = {0};

	if (t == NULL)
		fail_msg("%s: %s", source, error.message);
	buf_adds(&b, "");
	for (size_t i = 0; i < template_field_count(t); i++)
		buf_addf(&b, "%s%s", i > 0 ? " " : "", template_field(t, i));
	assert_string_equal(b.data, names);
	assert_int_equal(template_is_constant(t), names[0] == '\0');
	buf_free(&b);
	template_free(t);
}

static void
a_name_is_no_field_only_where_every_way_assigns_it(void **state)
{
	(void)state;
	expect_fields("{% assign x = 1 %}{{ x }}", "");
	expect_fields("{{ x }}{% assign x = 1 %}", "x");
	expect_fields("{% if a %}{% assign x = 1 %}{% else %}{% assign x = 2 %}{% endif %}{{ x }}",
		      "a");
	expect_fields("{% if a %}{% assign x = 1 %}{% endif %}{{ x }}", "a x");
	expect_fields(
		"{% if a %}{% assign x = 1 %}{% elsif b %}{% assign x = 1 %}{% endif %}{{ x }}",
		"a b x");
	expect_fields("{% if a %}{% assign x = 1 %}{{ x }}{% endif %}", "a");
	expect_fields("{% if a %}{% assign x = 1 %}{% else %}{{ x }}{% endif %}", "a x");
	expect_fields("{% unless a %}{% assign x = 1 %}{% else %}{% capture x %}{% endcapture %}{% "
		      "endunless %}{{ x }}",
		      "a");
	expect_fields("{% case a %}{% when 1 %}{% assign x = 1 %}{% else %}{% assign x = 2 %}{% "
		      "endcase %}{{ x }}",
		      "a");
	expect_fields("{% case a %}{% when 1 %}{% assign x = 1 %}{% when 2 %}{% assign x = 2 %}{% "
		      "endcase %}{{ x }}",
		      "a x");
	expect_fields("{% case a %}{% when 1 %}{% assign x = 1 %}{% when 2 %}{{ x }}{% else %}{% "
		      "endcase %}",
		      "a x");
	expect_fields("{% assign x = 1 %}{% if a %}{% assign x = b %}{% endif %}{{ x }}", "a b");
	expect_fields("{% assign x = x %}{{ x }}", "x");
	expect_fields("{% capture x %}{{ x }}{% endcapture %}{{ x }}", "x");
	expect_fields("{% if a %}{% if b %}{% assign x = 1 %}{% else %}{% assign x = 1 %}{% endif "
		      "%}{% else %}{% assign x = 1 %}{% endif %}{{ x }}",
		      "a b");
	expect_fields("a {{ 'b' }}{% if true %}c{% endif %}{{ 'now' | date: '%Y' }}", "");
	expect_fields("{% if a %}b{% endif %}", "a");
}

static void
keep_message(void *arg, const struct template_error *e)
{
	struct buf *b = arg;

	buf_addf(b, "%d:%d %s %s\n", e->line, e->column, e->field, e->message);
}

static void
a_variable_without_a_value_on_some_ways_is_an_unknown_field(void **state)
{
	static const char *const known[] = {"gioi"};
	struct template *t = template_compile(SLICE("{% if gioi %}{% assign xung = 'Ông' %}{% "
						    "endif %}\n{{ xung }}{% if goi %}{% endif %}"),
					      &error);
	struct buf b = {0};

	(void)state;
	assert_int_equal(template_each_unknown(t, known, 1, keep_message, &b), 2);
	assert_non_null(strstr(b.data, "2:4 xung xung has no value on some ways"));
	assert_non_null(strstr(b.data, "2:17 goi there is no field goi: did you mean gioi?"));
	buf_free(&b);
	template_free(t);
}

static void
only_what_is_printed_may_be_missing(void **state)
{
	static const struct rendered cases[] = {
		{"{% assign x = la %}{% if la == nil and rong != la %}a{% endif %}", "a"},
		{"{% capture x %}{{ la }}{{ trang }}{% if dung %}{{ rong }}{% endif %}{% "
		 "endcapture %}b",
		 "b"},
		{"{% case la %}{% when rong %}{% else %}c{% endcase %}", "c"},
	};

	(void)state;
	expect_all(cases, ARRAY_LEN(cases));
	expect_missing("{% if ten %}\n{{ la }}{% endif %}", "la", 2, 4);
	expect_missing("{% assign x = ten | append: la | remove: 'T' %}{{ x }}", "ten", 1, 51);
	expect_missing("{% capture x %}{{ rong }}{% endcapture %}{{ x }}", "rong", 1, 45);
	expect_missing("{% assign x = '' %}{{ x }}", "x", 1, 23);
	expect_missing("{% if la %}{% assign x = 1 %}{% endif %}{{ x }}", "x", 1, 44);
	expect_missing("{{ ten | remove: 'T' }}", "ten", 1, 4);
	expect_missing("{{ ten | remove: 'T' | append: la }}", "ten", 1, 4);
	expect_missing("{{ so | divided_by: 0 }}", "so", 1, 4); /* no citizen reads Infinity */
	assert_int_equal(render("a {% if hong == ten %}{% endif %}"), RENDER_MISSING);
	assert_string_equal(error.code, "malformed");
	assert_string_equal(error.field, "hong");
	assert_int_equal(error.column, 9);
}

static void
names_of_variables_are_checked(void **state)
{
	(void)state;
	refuse("{% assign %}", "syntax", 1, 11, "the name of a variable");
	refuse("{% assign x %}", "syntax", 1, 13, "= is");
	refuse("{% assign x == 1 %}", "syntax", 1, 13, "= is");
	refuse("{% assign x = %}", "syntax", 1, 15, "a field");
	refuse("{% assign x.y = 1 %}", "syntax", 1, 12, "= is");
	refuse("{% assign 5 = 1 %}", "syntax", 1, 11, "the name of a variable");
	refuse("{% assign true = 1 %}", "syntax", 1, 11, "a meaning of its own");
	refuse("{% assign contains = 1 %}", "syntax", 1, 11, "a meaning of its own");
	refuse("{% assign x = 1 y %}", "syntax", 1, 17, "the name y");
	refuse("{% capture %}", "syntax", 1, 12, "the name of a variable");
	refuse("{% capture x y %}", "syntax", 1, 14, "%} is");
	refuse("{% capture x %}", "syntax", 1, 4, "add {% endcapture %}");
	refuse("{% endcapture %}", "syntax", 1, 4, "closes nothing");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(assign_and_capture_make_values),
		cmocka_unit_test(a_variable_hides_the_field_of_its_name_from_there_on),
		cmocka_unit_test(a_name_is_no_field_only_where_every_way_assigns_it),
		cmocka_unit_test(a_variable_without_a_value_on_some_ways_is_an_unknown_field),
		cmocka_unit_test(only_what_is_printed_may_be_missing),
		cmocka_unit_test(names_of_variables_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, free_out);
}
