/* SPDX-License-Identifier: MIT */
/*
 * What a template can cost: its steps, its output and the memory of one rendering
 * are bounded, whatever chains of filters make of a text.
 */
#include <stdio.h>

#include "tests/unit/templates/render.h"

/* head, then `piece` n times, then tail. */
static void
repeat(struct buf *b, const char *head, const char *piece, int n, const char *tail)
{
	buf_reset(b);
	buf_adds(b, head);
	for (int i = 0; i < n; i++)
		buf_adds(b, piece);
	buf_adds(b, tail);
}

static void
chains_that_grow_end_as_too_long(void **state)
{
	struct buf b = {0};

	(void)state;
	repeat(&b, "{{ ten | append: ten", " | append: ten", 500, " | size }}");
	assert_int_equal(render(b.data), RENDER_TOO_LONG); /* 1 + 2 + … + 500 bytes */
	assert_string_equal(error.code, "no-room");
	assert_string_equal(error.message, "what filters and captures make on the way to the text "
					   "takes more than 65536 bytes here");
	repeat(&b, "{{ ten", " | replace: '', 'xx' | append: 'y'", 40, " }}");
	assert_int_equal(render(b.data), RENDER_TOO_LONG);
	assert_string_equal(error.code, "too-long");
	assert_string_equal(error.message,
			    "the value that append is given is longer than 8192 bytes");
	repeat(&b, "{% assign v = ten %}", "{% assign v = v | append: v %}", 40, "{{ v }}");
	assert_int_equal(render(b.data), RENDER_TOO_LONG);
	repeat(&b, "{% assign v = ten %}", "{% capture v %}{{ v }}{{ v }}{% endcapture %}", 40,
	       "{{ v }}");
	assert_int_equal(render(b.data), RENDER_TOO_LONG);
	assert_string_equal(error.code, "too-long");
	assert_string_equal(error.message, "the text becomes longer than 8192 bytes here");
	repeat(&b, "{{ 'x'", " | append: 'xxxxxxxxxx'", 2000, " | size }}");
	assert_int_equal(render(b.data), RENDER_TOO_LONG);
	buf_free(&b);
}

static void
the_memory_of_a_tag_is_free_for_the_next_one(void **state)
{
	struct buf b = {0};

	(void)state;
	repeat(&b, "",
	       "{{ nam | upcase | append: nam | replace: 'a', 'aaaaaaaa' | truncate: 1, '' }}", 500,
	       "");
	assert_int_equal(render(b.data), RENDER_OK);
	assert_int_equal(out.len, 500);
	repeat(&b, "", "{% case nam | upcase | append: nam %}{% when 'NAMnam' %}x{% endcase %}",
	       500, "");
	assert_int_equal(render(b.data), RENDER_OK);
	assert_int_equal(out.len, 500);
	buf_free(&b);
}

static void
steps_and_variables_are_bounded(void **state)
{
	struct buf b = {0};
	char tag[40];

	(void)state;
	repeat(&b, "{% if a %}", "{{a}}", 8188, "{% endif %}"); /* FIELD, JUMP and END besides */
	template_free(template_compile(buf_slice(&b), &error));
	repeat(&b, "{% if a %}", "{{a}}", 8191, "{% endif %}");
	refuse(b.data, "too-many", 1, 40963, "8192 steps");
	repeat(&b, "{{ a", " | upcase", 7000, " }}");
	template_free(template_compile(buf_slice(&b), &error));
	buf_reset(&b);
	for (int i = 0; i < 64; i++) {
		snprintf(tag, sizeof(tag), "{%% assign v%d = 1 %%}", i);
		buf_adds(&b, tag);
	}
	template_free(template_compile(buf_slice(&b), &error));
	buf_adds(&b, "\n{% assign more = 1 %}");
	refuse(b.data, "too-many", 2, 11, "64 variables");
	buf_free(&b);
}

static void
conditions_of_any_length_need_no_deeper_stack(void **state)
{
	struct buf b = {0};

	(void)state;
	repeat(&b, "{% if la", " or la == ten or sai", 900, " or dung %}y{% endif %}");
	assert_int_equal(render(b.data), RENDER_OK);
	assert_string_equal(out.data, "y");
	repeat(&b, "{% if dung", " and ten", 2000, " and la %}y{% else %}n{% endif %}");
	assert_int_equal(render(b.data), RENDER_OK);
	assert_string_equal(out.data, "n");
	buf_free(&b);
}

/* A megabyte is refused by its size alone. */
static void
a_megabyte_is_refused_at_once(void **state)
{
	struct buf b = {0};

	(void)state;
	repeat(&b, "", "{% if a %}\n", 100000, "");
	refuse(b.data, "too-long", 5958, 10, "65536 bytes");
	buf_free(&b);
}

/* Values of fields come from outside and may be long. */
static void
long_values_are_no_input_of_filters(void **state)
{
	struct template *t = template_compile(SLICE("{{ a | size }}"), &error);
	struct template *u = template_compile(SLICE("{% if a contains 'x' %}y{% endif %}"), &error);
	struct buf b = {0};
	struct slice value;

	(void)state;
	repeat(&b, "", "e\u0301", 2731, ""); /* 8193 bytes, none of them NFC */
	value = buf_slice(&b);
	buf_reset(&out);
	assert_int_equal(template_render(t, 0, &value, &out, &error), RENDER_TOO_LONG);
	assert_int_equal(template_render(u, 0, &value, &out, &error), RENDER_TOO_LONG);
	value.n -= 3;
	assert_int_equal(template_render(t, 0, &value, &out, &error), RENDER_OK);
	assert_string_equal(out.data, "2730");
	buf_free(&b);
	template_free(t);
	template_free(u);
}

/* Each of 8,000 characters sought among 8,000 others would take minutes here. */
static void
what_is_stripped_may_be_many_characters(void **state)
{
	struct template *t;
	struct buf b = {0}, text = {0}, set = {0};
	struct slice values[2];

	(void)state;
	repeat(&b, "", "{% assign c = a | strip: b | size %}", 1600, "{{ c }}");
	t = template_compile(buf_slice(&b), &error);
	assert_non_null(t);
	repeat(&text, "", "ế", 2600, "");
	repeat(&set, "", "ề", 2600, "ế");
	values[0] = buf_slice(&text);
	values[1] = buf_slice(&set);
	buf_reset(&out);
	assert_int_equal(template_render(t, 0, values, &out, &error), RENDER_OK);
	assert_string_equal(out.data, "0");
	template_free(t);
	buf_free(&b);
	buf_free(&text);
	buf_free(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_that_grow_end_as_too_long),
		cmocka_unit_test(the_memory_of_a_tag_is_free_for_the_next_one),
		cmocka_unit_test(steps_and_variables_are_bounded),
		cmocka_unit_test(conditions_of_any_length_need_no_deeper_stack),
		cmocka_unit_test(what_is_stripped_may_be_many_characters),
		cmocka_unit_test(a_megabyte_is_refused_at_once),
		cmocka_unit_test(long_values_are_no_input_of_filters),
	};

	return cmocka_run_group_tests(tests, NULL, free_out);
}
