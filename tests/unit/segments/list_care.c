/* SPDX-License-Identifier: MIT */
/* What a list is held for: days, when it is locked, what is missing. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "segments/list_care.h"

/* 2027-12-31T16:59:59Z is 23:59:59 in Vietnam: `date -u -d @1830272399`. */
static void
a_list_is_locked_from_midnight_in_vietnam_on(void **state)
{
	struct list_care c = {0};
	char day[11];

	(void)state;
	assert_false(care_is_locked(&c, 4102444800));
	snprintf(c.text[CARE_RETAIN_UNTIL], sizeof(c.text[CARE_RETAIN_UNTIL]), "2027-12-31");
	assert_false(care_is_locked(&c, 1830272399));
	assert_true(care_is_locked(&c, 1830272400));
	care_day_vn(1830272399, day);
	assert_string_equal(day, "2027-12-31");
	care_day_vn(1830272400, day);
	assert_string_equal(day, "2028-01-01");
}

static enum err
read(const char *text, struct list_care *c, bool given[CARE_FACTS], struct err_ctx *e)
{
	struct json_at root;
	json_t *doc;
	enum err rc;

	assert_int_equal(json_parse(slice_of(text), 65536, "body", &doc, e), ERR_OK);
	root = json_root(doc);
	rc = care_read(c, given, &root, e);
	json_decref(doc);
	return rc;
}

static void
what_is_not_said_stays_and_what_is_empty_is_forgotten(void **state)
{
	struct list_care c = {0};
	bool given[CARE_FACTS];
	struct buf missing = {0};
	struct err_ctx e;

	(void)state;
	assert_int_equal(read("{\"purpose\":\"Mời\",\"source\":\"KH 12\"}", &c, given, &e), ERR_OK);
	assert_true(given[CARE_PURPOSE] && given[CARE_SOURCE]);
	assert_false(given[CARE_LEGAL_BASIS] || given[CARE_RETAIN_UNTIL]);
	assert_int_equal(read("{\"source\":\"\",\"retain_until\":\"2027-12-31\"}", &c, given, &e),
			 ERR_OK);
	assert_true(given[CARE_SOURCE]);
	assert_string_equal(c.text[CARE_PURPOSE], "Mời");
	care_add_missing(&c, &missing);
	assert_string_equal(missing.data, "legal_basis, source");
	buf_free(&missing);
}

static void
a_fact_is_one_short_line(void **state)
{
	struct list_care c = {0};
	bool given[CARE_FACTS];
	struct buf text = {0};
	struct err_ctx e;

	(void)state;
	assert_int_equal(read("{\"purpose\":\"a\\nb\"}", &c, given, &e), ERR_INPUT);
	assert_string_equal(e.what, "purpose");
	assert_int_equal(read("{\"retain_until\":\"31/12/2027\"}", &c, given, &e), ERR_INPUT);
	assert_int_equal(read("{\"legal_basis\":7}", &c, given, &e), ERR_INPUT);
	buf_adds(&text, "{\"source\":\"");
	for (size_t i = 0; i < CARE_TEXT_MAX + 1; i++)
		buf_addc(&text, 'x');
	buf_adds(&text, "\"}");
	assert_int_equal(read(text.data, &c, given, &e), ERR_INPUT);
	assert_string_equal(c.text[CARE_SOURCE], "");
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_locked_from_midnight_in_vietnam_on),
		cmocka_unit_test(what_is_not_said_stays_and_what_is_empty_is_forgotten),
		cmocka_unit_test(a_fact_is_one_short_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
