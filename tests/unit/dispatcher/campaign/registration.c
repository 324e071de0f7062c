/* SPDX-License-Identifier: MIT */
/* Records of brandnames and patterns, and working days. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/mem.h"
#include "dispatcher/campaign/moment.h"
#include "dispatcher/campaign/registration.h"

static json_t *document;

static struct json_at
parse(const char *text)
{
	struct err_ctx e;

	json_decref(document);
	document = NULL;
	if (json_parse(slice_of(text), 100000, "test", &document, &e) != ERR_OK)
		fail_msg("%s: %s", e.what, e.why);
	return json_root(document);
}

static int
forget(void **state)
{
	(void)state;
	json_decref(document);
	document = NULL;
	return 0;
}

/* ---- brandnames ---- */

/* Decree 91/2020/ND-CP, article 23. */
static void
a_name_has_latin_letters_digits_and_four_signs(void **state)
{
	static const char *const good[] = {"A", "UBND-AG", "So_Y.te 1", "ABCDEFGHIJK", "1022-AG"};
	static const char *const bad[] = {"",	     "ABCDEFGHIJKL", "Sở Y tế", "A/B", "A+B",
					  "0912345", " A",	     "A ",	"A\tB"};
	struct err_ctx e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(brandname_check(good[i], &e), ERR_OK);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(brandname_check(bad[i], &e), ERR_INPUT);
}

static void
a_brandname_is_read_with_its_carriers(void **state)
{
	struct json_at at = parse(
		"{\"name\":\"UBND-AG\",\"holder\":\"UBND tỉnh An Giang\",\"certificate\":\"12\","
		"\"valid_from\":\"2026-03-01\",\"valid_to\":\"2029-03-01\",\"traffic\":[\"qc\"],"
		"\"carriers\":{\"viettel\":{\"state\":\"active\",\"since\":\"2026-03-05\"},"
		"\"vinaphone\":{\"state\":\"refused\"}}}");
	struct brandname b;
	struct err_ctx e;

	(void)state;
	assert_int_equal(brandname_read(&at, &b, &e), ERR_OK);
	assert_string_equal(b.name, "UBND-AG");
	assert_true(b.traffic[SMS_QC]);
	assert_false(b.traffic[SMS_CSKH]);
	assert_int_equal(b.valid_to - b.valid_from, 1096); /* three years, one of them leap */
	assert_int_equal(b.carriers[1].state, BRANDNAME_ACTIVE);
	assert_string_equal(b.carriers[1].since, "2026-03-05");
	assert_int_equal(b.carriers[3].state, BRANDNAME_REFUSED);
	assert_int_equal(b.carriers[2].state, BRANDNAME_UNSAID);
}

static void
a_wrong_brandname_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *json, *what;
	} cases[] = {
		{"{}", "name"},
		{"{\"name\":\"A\",\"valid_to\":\"2026-02-30\"}", "valid_to"},
		{"{\"name\":\"A\",\"valid_from\":\"2026-02-02\",\"valid_to\":\"2026-02-01\"}",
		 "valid_to"},
		{"{\"name\":\"A\",\"valid_from\":\"2026-02-02T08:00\"}", "valid_from"},
		{"{\"name\":\"A\",\"traffic\":\"otp\"}", "traffic"},
		{"{\"name\":\"A\",\"carriers\":{\"nokia\":{\"state\":\"active\"}}}",
		 "carriers.nokia"},
		{"{\"name\":\"A\",\"carriers\":{\"viettel\":{}}}", "carriers.viettel.state"},
		{"{\"name\":\"A\",\"carriers\":{\"viettel\":\"active\"}}", "carriers.viettel"},
		{"{\"name\":\"A\",\"holders\":\"B\"}", "holders"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct json_at at = parse(cases[i].json);
		struct brandname b;
		struct err_ctx e;

		assert_int_equal(brandname_read(&at, &b, &e), ERR_INPUT);
		assert_string_equal(e.what, cases[i].what);
	}
}

/* ---- patterns ---- */

/* A record that is saved must be one that can be read again: its lists have an end. */
static void
a_pattern_has_no_more_classes_and_carriers_than_there_are(void **state)
{
	static const struct {
		const char *key, *item, *what;
		int most;
	} cases[] = {{"classes", "\"duty\"", "classes[32]", 32},
		     {"carriers", "\"viettel\"", "carriers", 16}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (int more = 0; more < 2; more++) {
			struct buf b = {0};
			struct json_at at;
			struct pattern_record r;
			struct err_ctx e;

			buf_addf(&b,
				 "{\"name\":\"a\",\"brandname\":\"X\",\"text\":\"hop\",\"%s\":[",
				 cases[i].key);
			for (int k = 0; k < cases[i].most + more; k++)
				buf_addf(&b, "%s%s", k > 0 ? "," : "", cases[i].item);
			buf_adds(&b, "]}");
			at = parse(b.data);
			assert_int_equal(pattern_record_read(&at, &r, &e),
					 more ? ERR_INPUT : ERR_OK);
			if (more)
				assert_string_equal(e.what, cases[i].what);
			buf_free(&b);
		}
	}
}

static void
a_pattern_is_of_its_carriers_and_classes(void **state)
{
	struct json_at at = parse("{\"name\":\"a\",\"brandname\":\"X\",\"text\":\"hop {P:5}\","
				  "\"carriers\":[\"mobifone\"],\"classes\":[\"duty\"],"
				  "\"compare\":\"exact\",\"state\":\"pending\"}");
	struct pattern_record r;
	struct err_ctx e;

	(void)state;
	assert_int_equal(pattern_record_read(&at, &r, &e), ERR_OK);
	assert_true(r.carriers[2]);
	assert_false(r.carriers[1]);
	assert_true(pattern_record_is_of(&r, "duty"));
	assert_false(pattern_record_is_of(&r, "notice"));
	assert_int_equal(r.compare, COMPARE_EXACT);
	assert_int_equal(r.state, PATTERN_PENDING);
	at = parse("{\"name\":\"a\",\"brandname\":\"X\",\"text\":\"hop\"}");
	assert_int_equal(pattern_record_read(&at, &r, &e), ERR_OK);
	assert_true(r.is_any_carrier);
	assert_true(r.carriers[1] && r.carriers[7]);
	assert_true(pattern_record_is_of(&r, "notice"));
	assert_int_equal(r.compare, COMPARE_PLAIN);
	assert_int_equal(r.state, PATTERN_REGISTERED);
}

static void
a_wrong_pattern_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *json, *what;
	} cases[] = {
		{"{\"name\":\"a\",\"brandname\":\"X\"}", "text"},
		{"{\"name\":\"a\",\"brandname\":\"X\",\"text\":\"{P}\"}", "text"},
		{"{\"name\":\"a/b\",\"brandname\":\"X\",\"text\":\"t\"}", "name"},
		{"{\"name\":\"\",\"brandname\":\"X\",\"text\":\"t\"}", "name"},
		{"{\"name\":\"a\",\"brandname\":\"19001\",\"text\":\"t\"}", "brandname"},
		{"{\"name\":\"a\",\"brandname\":\"X\",\"text\":\"t\",\"carriers\":[\"x\"]}",
		 "carriers[0]"},
		{"{\"name\":\"a\",\"brandname\":\"X\",\"text\":\"t\",\"classes\":[1]}",
		 "classes[0]"},
		{"{\"name\":\"a\",\"brandname\":\"X\",\"text\":\"t\",\"state\":\"new\"}", "state"},
		{"{\"name\":\"a\",\"brandname\":\"X\",\"text\":\"t\",\"since\":\"soon\"}", "since"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct json_at at = parse(cases[i].json);
		struct pattern_record r;
		struct err_ctx e;

		assert_int_equal(pattern_record_read(&at, &r, &e), ERR_INPUT);
		assert_string_equal(e.what, cases[i].what);
	}
}

/* ---- days ---- */

static void
a_day_is_written_as_iso_8601_has_it(void **state)
{
	char text[12];

	(void)state;
	day_text(20855, text);
	assert_string_equal(text, "2027-02-06");
	day_text(0, text);
	assert_string_equal(text, "1970-01-01");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_has_no_more_classes_and_carriers_than_there_are),
		cmocka_unit_test(a_name_has_latin_letters_digits_and_four_signs),
		cmocka_unit_test(a_brandname_is_read_with_its_carriers),
		cmocka_unit_test(a_wrong_brandname_is_refused_with_its_place),
		cmocka_unit_test(a_pattern_is_of_its_carriers_and_classes),
		cmocka_unit_test(a_wrong_pattern_is_refused_with_its_place),
		cmocka_unit_test(a_day_is_written_as_iso_8601_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
