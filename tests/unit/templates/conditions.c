/* SPDX-License-Identifier: MIT */
/* if, unless, case: what prints was tried with liquidjs 10.30.1; messages and places by hand. */
#include "tests/unit/templates/render.h"

static void
nil_and_false_are_false_and_all_else_is_true(void **state)
{
	static const struct rendered cases[] = {
		{"{% if la %}y{% else %}n{% endif %}", "n"},
		{"{% if sai %}y{% else %}n{% endif %}", "n"},
		{"{% if nil %}y{% else %}n{% endif %}", "n"},
		{"{% if rong %}y{% endif %}{% if trang %}y{% endif %}{% if khong %}y{% endif %}",
		 "yyy"},
		{"{% if '' %}y{% endif %}{% if 0 %}y{% endif %}{% if chu_sai %}y{% endif %}",
		 "yyy"},
		{"{% unless la %}y{% endunless %}{% unless ten %}n{% else %}y{% endunless %}",
		 "yy"},
	};

	(void)state;
	expect_all(cases, ARRAY_LEN(cases));
}

static void
the_first_branch_that_holds_is_taken(void **state)
{
	static const struct rendered cases[] = {
		{"{% if nam == 'nam' %}a{% elsif ten %}b{% else %}c{% endif %}", "a"},
		{"{% if nam == 'x' %}a{% elsif ten %}b{% else %}c{% endif %}", "b"},
		{"{% if nam == 'x' %}a{% elsif la %}b{% elsif so == 7 %}d{% else %}c{% endif %}.",
		 "d."},
		{"{% if nam == 'x' %}a{% elsif la %}b{% endif %}.", "."},
		{"{% unless dung %}a{% elsif la %}b{% else %}c{% endunless %}", "c"},
		{"{% if dung %}{% if sai %}a{% else %}{% if dung %}b{% endif %}{% endif %}c{% "
		 "endif %}",
		 "bc"},
		{"{% if sai %}{{ la }}{% endif %}x", "x"}, /* what is not printed is not missing */
		{"{% if dung -%}  y  {%- else %} z {% endif -%}  .", "y."},
	};

	(void)state;
	expect_all(cases, ARRAY_LEN(cases));
}

static void
and_or_and_comparisons_are_read_from_right_to_left(void **state)
{
	static const struct rendered cases[] = {
		{"{{ true or false and false }}", "true"},
		{"{{ true and false and false or true }}", "false"},
		{"{{ false and true or true }}", "false"},
		{"{{ false or true and false }}", "false"},
		{"{{ 1 == 1 == true }}", "false"}, /* 1 == (1 == true) */
		{"{{ true == 1 == 1 }}", "true"},
		{"{{ 3 > 2 > 1 }}", "true"}, /* 3 > true */
		{"{{ 'abc' contains 'a' == true }}", "false"},
		{"{{ ten == 'T' and nam == 'nam' or la }}", "true"},
		{"{{ ten and nam }}{{ la or sai }}", "truefalse"},
	};

	(void)state;
	expect_all(cases, ARRAY_LEN(cases));
}

static void
values_compare_as_in_liquidjs(void **state)
{
	static const struct rendered cases[] = {
		{"{{ so == 7 }} {{ so == '7' }} {{ chu_so == 7 }} {{ chu_so == '7' }}",
		 "true false false true"},
		{"{{ chu_so > 6 }} {{ '10' > '9' }} {{ '10' > 9 }} {{ ten > 4 }} {{ ten < 4 }}",
		 "true false true false false"},
		{"{{ la > 4 }} {{ la < 4 }} {{ la <= la }} {{ la == nil }} {{ la != 1 }} {{ la == "
		 "'' }}",
		 "false false false true true false"},
		{"{{ dung > 0 }} {{ dung == 1 }} {{ dung == 'true' }} {{ '' < 1 }} {{ trang == 0 "
		 "}}",
		 "true false false true false"},
		{"{{ 'abc' contains 'b' }} {{ 'abc' contains '' }} {{ la contains 'a' }} {{ so "
		 "contains 7 }}",
		 "true true false false"},
		{"{{ chu_so contains 7 }} {{ dung contains 'r' }} {{ 'Ánh' contains 'án' }}",
		 "true false false"},
		{"{{ ten <> 'T' }} {{ ten != 'T' }} {{ nfd == 'ế' }}", "false false true"},
		{"{{ 'Nguyễn' <= 'Nguyễn' }} {{ 'a' < 'b' }} {{ 'b' >= 'a' }} {{ 'a' < 'ab' }}",
		 "true true true true"},
		{"{{ 'inf' < 1 }} {{ '0x10' >= 16 }} {{ ' 5 ' <= 5 }} {{ '1e1' > 9.5 }}",
		 "false true true true"},
	};

	(void)state;
	expect_all(cases, ARRAY_LEN(cases));
}

static void
empty_is_a_text_or_list_without_anything_and_blank_more_than_that(void **state)
{
	static const struct rendered cases[] = {
		{"{{ rong == empty }} {{ trang == empty }} {{ la == empty }} {{ sai == empty }} {{ "
		 "empty == rong }}",
		 "true false false false true"},
		{"{{ rong == blank }} {{ trang == blank }} {{ la == blank }} {{ sai == blank }} {{ "
		 "so == blank }}",
		 "true true true true false"},
		{"{{ ten != blank }} {{ ten != empty }} {{ dung == blank }} {{ blank == trang }}",
		 "true true false true"},
		{"{{ rong <= empty }} {{ empty > 1 }} {{ empty == blank }} {{ 'abc' contains empty "
		 "}}",
		 "false false false true"},
		{"{% assign l = rong | split: ',' %}{{ l == empty }} {{ l == blank }}",
		 "true true"},
	};

	(void)state;
	expect_all(cases, ARRAY_LEN(cases));
}

static void
each_when_that_is_met_is_taken_and_else_if_none_was(void **state)
{
	static const struct rendered cases[] = {
		{"{% case so %}{% when 1 %}A{% when 7 %}B{% else %}C{% endcase %}", "B"},
		{"{% case so %}{% when 1, 7 %}A{% when 7 or 6 %}B{% else %}C{% endcase %}", "AB"},
		{"{% case so %}{% when 7, 7 %}A{% endcase %}", "A"},
		{"{% case ten %}{% when 'X' or 'Y', 'Z' %}A{% else %}C{% endcase %}", "C"},
		{"{% case ten %}{% when 'X' %}A{% endcase %}.", "."},
		{"{% case chu_so %}{% when 7 %}A{% when '7' %}B{% endcase %}", "B"},
		{"{% case rong %}{% when empty %}E{% endcase %}{% case la %}{% when nil %}N{% "
		 "endcase %}",
		 "EN"},
		{"{% case trang %}{% when blank %}B{% endcase %}", "B"},
		{"{% case nam | upcase %}\n  {% when 'NAM' -%}\n Ông {%- endcase %}", "Ông"},
		{"{% case so %}{% when so %}{% case ten %}{% when 'T' %}in{% endcase %}out{% "
		 "endcase %}",
		 "inout"},
		{"{% case la %}{% else %}C{% endcase %}", "C"},
		{"{% case ten == 'T' %}{% when true %}y{% endcase %}", "y"},
	};

	(void)state;
	expect_all(cases, ARRAY_LEN(cases));
}

static void
errors_in_conditions_say_what_was_expected(void **state)
{
	(void)state;
	refuse("a {% if ten = 'x' %}", "syntax", 1, 13, "compare with ==");
	refuse("{% if %}x{% endif %}", "syntax", 1, 4, "a condition is missing");
	refuse("{% if (a or b) and c %}", "syntax", 1, 7, "no parentheses");
	refuse("{% if not a %}", "syntax", 1, 7, "unless");
	refuse("{% if a and %}", "syntax", 1, 13, "a field");
	refuse("{% if and a %}", "syntax", 1, 7, "a field");
	refuse("{% if a == %}", "syntax", 1, 12, "the end of the tag is not expected");
	refuse("{% if a b %}", "syntax", 1, 9, "the name b");
	refuse("{% if a | upcase == 'A' %}", "syntax", 1, 9, "\"|\"");
	refuse("{% if a == b == c == d == e == f %}", "too-many", 1, 32, "in a row");
	refuse("{% if empty %}", "syntax", 1, 7, "compare with them");
	refuse("{% if a %}{% else if b %}", "syntax", 1, 19, "else stands alone");
	refuse("{% if a %}{% elseif b %}", "unknown-tag", 1, 14, "did you mean elsif?");
	refuse("{% case %}", "syntax", 1, 4, "a field is missing");
	refuse("{% case a %}x{% when 1 %}{% endcase %}", "syntax", 1, 13, "before the first when");
	refuse("{% case a %}{{ b }}{% when 1 %}", "syntax", 1, 13, "before the first when");
	refuse("{% case a %}{% if b %}", "syntax", 1, 16, "before the first when");
	refuse("{% case a %}{% when %}", "syntax", 1, 21, "the end of the tag");
	refuse("{% case a %}{% when 1 2 %}", "syntax", 1, 23, "a comma");
	refuse("{% case a %}{% else %}{% when 1 %}", "syntax", 1, 26, "else is last");
	refuse("{% case a %}{% endcase %}", "syntax", 1, 16, "no {% when %}");
	refuse("{% when 1 %}", "syntax", 1, 4, "stands alone");
}

static void
blocks_that_do_not_match_are_refused_at_their_places(void **state)
{
	(void)state;
	refuse("x\n{% if a %}b", "syntax", 2, 4, "add {% endif %}");
	refuse("{% unless a %}{% if b %}{% endif %}", "syntax", 1, 4, "add {% endunless %}");
	refuse("{% endif %}", "syntax", 1, 4, "closes nothing: there is no {% if %}");
	refuse("{% else %}", "syntax", 1, 4, "stands alone");
	refuse("{% if a %}\n{% endunless %}", "syntax", 2, 4, "if of line 1 is still open");
	refuse("{% if a %}{% case b %}{% when 1 %}{% endif %}", "syntax", 1, 38, "{% endcase %}");
	refuse("{% if a %}{% else %}{% else %}", "syntax", 1, 24, "else is last");
	refuse("{% if a %}{% else %}{% elsif b %}", "syntax", 1, 24, "else is last");
	refuse("{% if a %}{% endif x %}", "syntax", 1, 20, "the tag stands alone");
	refuse("{% capture v %}{% if a %}{% endcapture %}", "syntax", 1, 29, "{% endif %}");
}

static void
deep_nesting_is_refused_where_it_goes_too_far(void **state)
{
	struct buf b = {0};

	(void)state;
	for (int i = 0; i < 32; i++)
		buf_adds(&b, "{% if a %}");
	for (int i = 0; i < 32; i++)
		buf_adds(&b, "{% endif %}");
	template_free(template_compile(buf_slice(&b), &error));
	buf_reset(&b);
	for (int i = 0; i < 6000; i++)
		buf_adds(&b, "{% if a%}\n");
	refuse(b.data, "too-many", 33, 4, "32 others");
	buf_free(&b);
}

static void
a_cell_of_a_column_of_numbers_is_a_number_and_prints_as_it_is_written(void **state)
{
	static const struct rendered cases[] = {
		{"{{ o2 }} {{ o2_0 }}", "2 2.0"},
		{"{% if o2 == 2 %}a{% endif %}{% if 2 == o2 %}b{% endif %}{% if o2 == '2' %}c{% "
		 "endif %}{% if o2 != 2 or o2 != '2' or o2 == 3 or o2 == '3' %}d{% endif %}",
		 "abc"},
		{"{% if o2_0 == 2 %}a{% endif %}{% if o2_0 == o2 %}b{% endif %}{% if o2_0 == '2' "
		 "%}c{% endif %}{% if o2_0 == '2.0' %}d{% endif %}{% if o2 == so %}e{% endif %}",
		 "abd"},
		/* as texts 10 would stand before 2 */
		{"{% if o10 > 2 %}a{% endif %}{% if o10 > '2' %}b{% endif %}{% if o10 > o2 %}c{% "
		 "endif %}{% if o2 < '10' %}d{% endif %}{% if chu_so < o10 %}e{% endif %}{% if o2 "
		 "< "
		 "ten or o2 > ten %}f{% endif %}",
		 "abcde"},
		{"{% case o2 %}{% when 1 %}a{% when 2 %}b{% endcase %}{% case o2 %}{% when '2' "
		 "%}c{% endcase %}",
		 "bc"},
		{"{% if o10 contains '0' and o2 and o2 != blank and o2 != empty and o2 != nil "
		 "%}a{% "
		 "endif %}{% assign l = '1,2' | split: ',' %}{% if l contains o2 %}b{% endif %}",
		 "ab"},
		/* filters see a text; what they leave as it is stays a number */
		{"{{ o2_0 | size }} {{ o2_0 | plus: 1 }} {{ 1 | plus: o10 }} {{ o10 | first }} {{ "
		 "o10 | currency_vi }}",
		 "3 3 11 1 10 đồng"},
		{"{% assign n = o2 | default: 0 %}{% if n == 2 %}a{% endif %}{% assign m = o2 | "
		 "append: '' | upcase %}{% if m == 2 and m == '2' %}b{% endif %}{% assign k = o2 | "
		 "append: '0' %}{% if k == 20 %}c{% endif %}",
		 "ab"},
	};

	(void)state;
	expect_all(cases, ARRAY_LEN(cases));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nil_and_false_are_false_and_all_else_is_true),
		cmocka_unit_test(the_first_branch_that_holds_is_taken),
		cmocka_unit_test(and_or_and_comparisons_are_read_from_right_to_left),
		cmocka_unit_test(values_compare_as_in_liquidjs),
		cmocka_unit_test(empty_is_a_text_or_list_without_anything_and_blank_more_than_that),
		cmocka_unit_test(each_when_that_is_met_is_taken_and_else_if_none_was),
		cmocka_unit_test(errors_in_conditions_say_what_was_expected),
		cmocka_unit_test(blocks_that_do_not_match_are_refused_at_their_places),
		cmocka_unit_test(
			a_cell_of_a_column_of_numbers_is_a_number_and_prints_as_it_is_written),
		cmocka_unit_test(deep_nesting_is_refused_where_it_goes_too_far),
	};

	return cmocka_run_group_tests(tests, NULL, free_out);
}
