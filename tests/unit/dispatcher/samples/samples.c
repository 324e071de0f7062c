/* SPDX-License-Identifier: MIT */
/* The library as it is inside the binary; its counts are also judged in tests/peers/samples.mjs. */
#include "dispatcher/samples/samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "templates/sms.h"
#include "templates/template.h"
#include "templates/vietnamese.h"

#define TODAY 21099 /* 2027-10-08 */

static const char *
word(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	if (s == NULL)
		fail_msg("a sample has no %s", key);
	return s;
}

static struct template *
compile(const json_t *sample)
{
	struct template_error e;
	struct template *t = template_compile(slice_of(word(sample, "text")), &e);

	if (t == NULL)
		fail_msg("%s:%d:%d: %s", word(sample, "name"), e.line, e.column, e.message);
	return t;
}

/* The example value of a field; fails where it is not declared. */
static struct slice
example_of(const json_t *sample, const char *field)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(sample, "fields"), i, one)
		if (strcmp(word(one, "name"), field) == 0)
			return slice_of(word(one, "example"));
	fail_msg("%s does not declare its field %s", word(sample, "name"), field);
	return (struct slice){0};
}

static void
render(const json_t *sample, struct buf *out)
{
	struct template *t = compile(sample);
	struct slice values[TEMPLATE_FIELDS_MAX];
	struct template_error e;

	for (size_t i = 0; i < template_field_count(t); i++)
		values[i] = example_of(sample, template_field(t, i));
	if (template_render(t, TODAY, values, out, &e) != RENDER_OK)
		fail_msg("%s: %s", word(sample, "name"), e.message);
	template_free(t);
}

static void
every_sample_compiles_and_reads_the_fields_that_it_declares(void **state)
{
	json_t *all = samples_all(), *one;
	size_t i;

	(void)state;
	assert_true(json_array_size(all) >= 14);
	json_array_foreach (all, i, one) {
		struct template *t = compile(one);

		assert_int_equal(template_field_count(t),
				 json_array_size(json_object_get(one, "fields")));
		for (size_t k = 0; k < template_field_count(t); k++)
			example_of(one, template_field(t, k));
		template_free(t);
	}
	json_decref(all);
}

static void
every_sample_has_the_parts_that_it_says(void **state)
{
	json_t *all = samples_all(), *one;
	size_t i;

	(void)state;
	json_array_foreach (all, i, one) {
		struct buf text = {0}, plain = {0};

		render(one, &text);
		assert_int_equal(sms_count(buf_slice(&text)).parts,
				 json_integer_value(json_object_get(one, "parts")));
		assert_int_equal(plain_add(&plain, buf_slice(&text), NULL, 0), 0);
		assert_int_equal(sms_count(buf_slice(&plain)).parts,
				 json_integer_value(json_object_get(one, "plain_parts")));
		buf_free(&text);
		buf_free(&plain);
	}
	json_decref(all);
}

static void
a_sample_is_found_by_its_whole_name_only(void **state)
{
	struct slice text;

	(void)state;
	assert_true(samples_text(SLICE("canh-bao-lua-dao"), &text));
	assert_true(text.n > 100 && text.p[text.n - 1] == '\n');
	assert_false(samples_text(SLICE("canh-bao"), &text));
	assert_false(samples_text(SLICE(""), &text));
	assert_false(samples_text(SLICE("samples"), &text));
}

static void
the_text_inside_is_the_file(void **state)
{
	json_t *all = samples_all(), *one;
	char path[200], file[4096];
	struct slice text;
	size_t i;

	(void)state;
	json_array_foreach (all, i, one) {
		FILE *f;
		size_t n;

		snprintf(path, sizeof(path), "templates/samples/%s.liquid", word(one, "name"));
		f = fopen(path, "rb");
		assert_non_null(f);
		n = fread(file, 1, sizeof(file), f);
		fclose(f);
		assert_true(samples_text(slice_of(word(one, "name")), &text));
		assert_true(slice_eq(text, (struct slice){file, n}));
	}
	json_decref(all);
}

static void
a_sample_reads_well_with_its_values(void **state)
{
	json_t *all = samples_all(), *one;
	struct buf out = {0};
	size_t i;

	(void)state;
	json_array_foreach (all, i, one)
		if (strcmp(word(one, "name"), "moi-mot-cua") == 0)
			render(one, &out);
	assert_string_equal(out.data,
			    "UBND xã Mỹ Đức kính mời Bà Nguyễn Thị Hoa đến Bộ phận Một cửa lúc "
			    "08:00 ngày 08/10/2027 để được hướng dẫn nộp hồ sơ trực tuyến. Xin "
			    "mang theo CCCD.");
	buf_free(&out);
	json_decref(all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sample_compiles_and_reads_the_fields_that_it_declares),
		cmocka_unit_test(every_sample_has_the_parts_that_it_says),
		cmocka_unit_test(a_sample_is_found_by_its_whole_name_only),
		cmocka_unit_test(the_text_inside_is_the_file),
		cmocka_unit_test(a_sample_reads_well_with_its_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
