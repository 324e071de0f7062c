/* SPDX-License-Identifier: MIT */
/* Tags: BCP 47 (RFC 5646), ISO 639 registries; names as Vietnamese statistics write the peoples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/mem.h"
#include "dispatcher/language_table.h"

static struct languages *table;

static int
load(void **state)
{
	struct err_ctx e;

	(void)state;
	return language_table_load(&table, NULL, &e) != ERR_OK;
}

static int
unload(void **state)
{
	(void)state;
	languages_free(table);
	return 0;
}

static const char *
found(const char *cell)
{
	static char tag[LANGUAGE_MAX];

	return language_find(table, slice_of(cell), tag) ? tag : "?";
}

static void
names_are_found_however_they_are_written(void **state)
{
	static const char *const cases[][2] = {
		{"Khmer", "km"},	  {"KHMER", "km"},     {"tiếng Khmer", "km"},
		{"Khơ-me", "km"},	  {"Tày", "tyz"},      {"Ta\xCC\x80y", "tyz"},
		{"dân tộc Tày", "tyz"},	  {"tay", "tyz"},      {"H'Mông", "hmn"},
		{"H’Mông", "hmn"},	  {"hmong", "hmn"},    {"Mông", "hmn"},
		{" Người  Mông ", "hmn"}, {"Chăm", "cjm"},     {"Kinh", "vi"},
		{"Tiếng Việt", "vi"},	  {"tieng anh", "en"}, {"Lào", "lo"},
		{"Ê-đê", "rad"},	  {"Nùng", "nut"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(found(cases[i][0]), cases[i][1]);
}

static void
tags_are_read_in_any_letters(void **state)
{
	(void)state;
	assert_string_equal(found("vi"), "vi");
	assert_string_equal(found("VI_vn"), "vi-VN");
	assert_string_equal(found("hmn-latn-vn"), "hmn-Latn-VN");
	assert_string_equal(found("sl-ROZAJ-1994"), "sl-rozaj-1994");
	assert_string_equal(found("khm"), "km");
}

static void
what_is_neither_is_not_guessed(void **state)
{
	(void)state;
	assert_string_equal(found(""), "?");
	assert_string_equal(found("không rõ"), "?");
	assert_string_equal(found("k"), "?");
	assert_string_equal(found("vi-"), "?");
	assert_string_equal(found("v1"), "?");
	assert_string_equal(found("vi-x-gia-dinh"), "?");
	assert_string_equal(found("\xff\xfe"), "?");
	assert_string_equal(found("vi-aaaaaaaa-bbbbbbbb-cccccccc-dddddddd"), "?");
}

static void
a_tag_is_widened_from_its_end(void **state)
{
	char tag[LANGUAGE_MAX] = "hmn-Latn-VN";

	(void)state;
	assert_true(language_widen(tag));
	assert_string_equal(tag, "hmn-Latn");
	assert_true(language_widen(tag));
	assert_string_equal(tag, "hmn");
	assert_false(language_widen(tag));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_however_they_are_written),
		cmocka_unit_test(tags_are_read_in_any_letters),
		cmocka_unit_test(what_is_neither_is_not_guessed),
		cmocka_unit_test(a_tag_is_widened_from_its_end),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
