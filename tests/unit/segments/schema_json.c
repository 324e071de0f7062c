/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "segments/schema_json.h"

static struct schema schema;

static void
columns_come_back_as_they_were_written(void **state)
{
	static struct schema before = {.count = 2, .phone = 1};
	char *text;

	(void)state;
	snprintf(before.columns[0].name, sizeof(before.columns[0].name), "ngay_sinh");
	snprintf(before.columns[0].title, sizeof(before.columns[0].title), "Ngày \"sinh\"");
	column_set_type(&before.columns[0], "date");
	before.columns[0].is_sensitive = true;
	snprintf(before.columns[1].name, sizeof(before.columns[1].name), "so_dien_thoai");
	before.columns[1].is_masked = true;
	text = schema_to_json(&before);
	assert_true(schema_from_json(slice_of(text), &schema));
	free(text);
	assert_int_equal(schema.count, 2);
	assert_int_equal(schema.phone, 1);
	assert_string_equal(schema.columns[0].title, "Ngày \"sinh\"");
	assert_int_equal(schema.columns[0].type, COLUMN_DATE);
	assert_true(schema.columns[0].is_sensitive);
	assert_false(schema.columns[1].is_sensitive);
	assert_true(schema.columns[1].is_masked);
}

static void
a_list_may_have_no_column_of_phones(void **state)
{
	(void)state;
	assert_true(schema_from_json(SLICE("{\"phone\":-1,\"columns\":[{\"name\":\"a\",\"title\":"
					   "\"A\",\"type\":\"text\"}]}"),
				     &schema));
	assert_int_equal(schema.phone, -1);
}

static void
what_is_no_schema_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{\"phone\":-1}",
		"{\"phone\":-1,\"columns\":[{\"name\":\"a\",\"title\":\"A\"}]}",
		/* a column of phones that it does not have */
		"{\"phone\":1,\"columns\":[{\"name\":\"a\",\"title\":\"A\",\"type\":\"text\"}]}",
		"{\"phone\":-2,\"columns\":[{\"name\":\"a\",\"title\":\"A\",\"type\":\"text\"}]}",
		"{\"phone\":4294967296,\"columns\":"
		"[{\"name\":\"a\",\"title\":\"A\",\"type\":\"text\"}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(schema_from_json(slice_of(texts[i]), &schema));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_come_back_as_they_were_written),
		cmocka_unit_test(a_list_may_have_no_column_of_phones),
		cmocka_unit_test(what_is_no_schema_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
