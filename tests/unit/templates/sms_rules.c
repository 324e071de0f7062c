/* SPDX-License-Identifier: MIT */
/* Reading and choosing part tables; what texts cost by them is in tests/cases/text/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/mem.h"
#include "dispatcher/sms_table.h"

static struct sms_table table;
static struct err_ctx error;

static enum err
read_text(const char *text)
{
	struct json_at root;
	json_t *v;
	enum err rc;

	assert_int_equal(json_parse(slice_of(text), 1u << 16, "table", &v, &error), ERR_OK);
	root = json_root(v);
	rc = sms_rules_read(&root, &table, &error);
	json_decref(v);
	return rc;
}

/* One entry; with `more` in front of what every entry needs. */
static enum err
read_entry(const char *more)
{
	char text[1000];

	snprintf(
		text, sizeof(text),
		"{\"rules\":[{%s\"since\":\"2025-01-01\",\"carrier\":\"*\",\"traffic\":\"cskh\"}]}",
		more);
	return read_text(text);
}

static void
an_entry_is_read_whole(void **state)
{
	const struct sms_rules *r = &table.rules[0];

	(void)state;
	assert_int_equal(read_entry("\"plain\":[122,268,421],\"unicode\":\"not allowed\","
				    "\"alphabet\":\"ascii\",\"refused\":\"#&\",\"plain_max\":400,"),
			 ERR_OK);
	assert_int_equal(table.count, 1);
	assert_string_equal(r->since, "2025-01-01");
	assert_string_equal(r->carrier, "*");
	assert_int_equal(r->traffic, SMS_CSKH);
	assert_true(r->plain.is_allowed && r->plain.count == 3 && r->plain.max == 400);
	assert_true(r->plain.end[0] == 122 && r->plain.end[1] == 268 && r->plain.end[2] == 421);
	assert_false(r->unicode.is_allowed);
	assert_true(r->is_ascii_only);
	assert_string_equal(r->refused, "#&");
}

static void
mistakes_are_refused_with_their_place(void **state)
{
	static const struct {
		const char *entry, *place;
	} cases[] = {
		{"", "rules[0].plain"},
		{"\"plain\":[160,306],", "rules[0].unicode"},
		{"\"plain\":[],\"unicode\":\"standard\",", "rules[0].plain"},
		{"\"plain\":[161],\"unicode\":\"standard\",", "rules[0].plain[0]"},
		{"\"plain\":[160,160],\"unicode\":\"standard\",", "rules[0].plain[1]"},
		{"\"plain\":[160,307],\"unicode\":\"standard\",", "rules[0].plain[1]"},
		{"\"plain\":[20,150],\"unicode\":\"standard\",", "rules[0].plain[1]"},
		{"\"plain\":[160,306,460],\"unicode\":\"standard\",", "rules[0].plain[2]"},
		{"\"plain\":[160,\"306\"],\"unicode\":\"standard\",", "rules[0].plain[1]"},
		{"\"plain\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17],", "rules[0].plain"},
		{"\"plain\":\"standrd\",", "rules[0].plain"},
		{"\"plain\":\"standard\",\"unicode\":[71],", "rules[0].unicode[0]"},
		{"\"plain\":[160,306],\"plain_max\":307,\"unicode\":\"standard\",",
		 "rules[0].plain_max"},
		{"\"plain\":\"standard\",\"unicode\":\"standard\",\"refused\":\"đ\",",
		 "rules[0].refused"},
		{"\"plain\":\"standard\",\"unicode\":\"standard\",\"alphabet\":\"utf8\",",
		 "rules[0].alphabet"},
		{"\"plan\":\"standard\",", "rules[0].plan"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (read_entry(cases[i].entry) != ERR_INPUT ||
		    strcmp(error.what, cases[i].place) != 0)
			fail_msg("%s: %s: %s", cases[i].entry, error.what, error.why);
	}
	assert_int_equal(read_text("{\"rules\":5}"), ERR_INPUT);
	assert_int_equal(read_text("[]"), ERR_INPUT);
	assert_int_equal(read_text("{\"rules\":[{\"since\":\"2025-13-01\",\"carrier\":\"*\"}]}"),
			 ERR_INPUT);
	assert_string_equal(error.what, "rules[0].since");
}

#define ENTRY(since, carrier, end)                                                                \
	"{\"since\":\"" since "\",\"carrier\":\"" carrier "\",\"traffic\":\"qc\",\"plain\":[" end \
	"],\"unicode\":\"not allowed\"}"

static int
end_for(const char *carrier, const char *day)
{
	const struct sms_rules *r = sms_rules_find(&table, carrier, SMS_QC, day);

	return r == NULL ? 0 : r->plain.end[0];
}

static void
the_latest_entry_whose_day_has_come_is_in_force(void **state)
{
	(void)state;
	assert_int_equal(
		read_text("{\"rules\":[" ENTRY("2026-07-01", "*", "130") "," ENTRY(
			"2025-01-01", "*", "122") "," ENTRY("2026-01-01", "viettel", "100") "]}"),
		ERR_OK);
	assert_int_equal(end_for("mobifone", "2024-12-31"), 0);
	assert_int_equal(end_for("mobifone", "2025-01-01"), 122);
	assert_int_equal(end_for("mobifone", "2026-06-30"), 122);
	assert_int_equal(end_for("mobifone", "2026-07-01"), 130);
	assert_int_equal(end_for(NULL, "2026-07-01"), 130);
	assert_int_equal(end_for("viettel", "2025-12-31"), 122);
	assert_int_equal(end_for("viettel", "2026-01-01"), 100);
	assert_int_equal(end_for("viettel", "2030-01-01"), 100); /* its own before "*" */
	assert_null(sms_rules_find(&table, "viettel", SMS_CSKH, "2030-01-01"));
	assert_int_equal(read_text("{\"rules\":[" ENTRY("2026-07-01", "*", "130") "," ENTRY(
				 "2026-07-01", "*", "122") "]}"),
			 ERR_INPUT);
	assert_string_equal(error.what, "rules[1]");
}

static void
the_table_inside_the_binary_is_good(void **state)
{
	(void)state;
	assert_int_equal(sms_table_load(NULL, &table, &error), ERR_OK);
	assert_int_equal(sms_table_today(&table, 0, SMS_QC)->plain.end[0], 122);
	assert_int_equal(sms_table_today(&table, 1, SMS_CSKH)->plain.end[2], 459);
	table.count = 0;
	assert_ptr_equal(sms_table_today(&table, 1, SMS_QC), &sms_rules_standard);
}

/* A longer text never costs fewer parts: 67 units of Unicode are fewer than 76 escapes. */
static void
parts_grow_with_the_text(void **state)
{
	static const char *const pieces[] = {"a", "[", "ă", "😀"};
	struct buf text = {0};
	uint32_t random = 7;

	(void)state;
	assert_int_equal(sms_table_load(NULL, &table, &error), ERR_OK);
	for (int i = 0; i < 600; i++) {
		const struct sms_rules *r = sms_table_today(&table, 0, (enum sms_traffic)(i % 3));
		uint32_t before = 0, few = i % 5 == 0 ? 4 : 2;

		buf_reset(&text);
		for (int k = 0; k < 420; k++) {
			struct sms_bill b;

			random = random * 1664525u + 1013904223u;
			buf_adds(&text, pieces[(random >> 16) % 8 == 0 ? (random >> 20) % few : 0]);
			b = sms_count_by(r, buf_slice(&text));
			if (b.verdict != SMS_FITS)
				break;
			assert_true(b.count.parts >= 1 && b.count.parts >= before);
			before = b.count.parts;
		}
	}
	buf_free(&text);
}

static void
by_the_standard_it_counts_like_the_standard(void **state)
{
	struct buf text = {0};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct sms_count a;
		struct sms_bill b;

		buf_adds(&text, i % 7 == 3 ? "[" : "a");
		a = sms_count(buf_slice(&text));
		b = sms_count_by(NULL, buf_slice(&text));
		assert_int_equal(b.verdict, SMS_FITS);
		assert_true(a.encoding == b.count.encoding && a.units == b.count.units &&
			    a.parts == b.count.parts);
	}
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_is_read_whole),
		cmocka_unit_test(mistakes_are_refused_with_their_place),
		cmocka_unit_test(the_latest_entry_whose_day_has_come_is_in_force),
		cmocka_unit_test(the_table_inside_the_binary_is_good),
		cmocka_unit_test(parts_grow_with_the_text),
		cmocka_unit_test(by_the_standard_it_counts_like_the_standard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
