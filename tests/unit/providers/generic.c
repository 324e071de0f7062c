/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "providers/provider.h"

/*
 * The generic driver's settings: what is refused, and with which words. What
 * it sends and reads is in tests/cases/driver/.
 */

static const char *const base =
	"{\"url\": \"https://gw.example/s\", \"user\": \"u\", \"password\": \"hush\","
	" \"body\": {\"to\": \"${phone}\", \"text\": \"${text}\", \"ref\": \"${reference}\"},"
	" \"answer\": {\"code\": \"c\"}, \"codes\": {\"0\": \"accepted\"}}";

/* Open `base` with the members of `patch` over it (null takes one out). */
static enum err
open_patched(const char *patch, struct provider **out, struct err_ctx *e)
{
	json_t *root = json_object(), *v = json_loads(base, 0, NULL);
	json_t *over = json_loads(patch, 0, NULL), *value;
	const char *key;
	struct json_at at = json_root(root), settings;
	enum err rc;

	if (over == NULL)
		fail_msg("not JSON: %s", patch);
	json_object_foreach (over, key, value) {
		if (json_is_null(value))
			json_object_del(v, key);
		else
			json_object_set(v, key, value);
	}
	json_object_set_new(root, "settings", v);
	settings = json_get(&at, "settings");
	rc = driver_find("generic", NULL)->open(&settings, out, e);
	json_decref(over);
	json_decref(root);
	return rc;
}

static void
close_provider(struct provider *p)
{
	driver_find("generic", NULL)->close(p);
}

#define EACH "{\"$each\": {\"to\": \"${phone}\", \"text\": \"${text}\"}}"

static const struct {
	const char *patch, *error; /* error: a part of it */
} refusals[] = {
	{"{\"url\": null}", "settings.url: is missing"},
	{"{\"url\": \"gw.example/s\"}", "settings.url: must be an http or https address"},
	{"{\"url\": \"https://u:p@gw.example/s\"}", "must have a plain host name"},
	{"{\"url\": \"https:///s\"}", "must have a plain host name"},
	{"{\"url\": \"https://${user}/s\"}", "must have a plain host name"},
	{"{\"url\": \"https://gw.example/a b\"}", "has a blank"},
	{"{\"urls\": 1}", "settings.urls: is not a known key: did you mean \"url\"?"},
	{"{\"method\": \"PUT\"}", "settings.method: \"PUT\" is none of: POST, GET"},
	{"{\"method\": \"GET\"}", "settings.body: has no place in a GET request"},
	{"{\"body\": null}", "settings.body: is missing"},
	{"{\"body\": {\"a\": \"${fone}\"}}",
	 "there is no variable ${fone}: did you mean ${phone}?"},
	{"{\"body\": {\"a\": \"${phone\"}}", "settings.body.a: has a ${ without its }"},
	{"{\"body\": {\"$eech\": \"${phone}\"}}", "settings.body.$eech: is no special member"},
	{"{\"body\": {\"t\": \"${text}\"}}", "does not say to whom: no ${phone}"},
	{"{\"body\": {\"p\": \"${phone}\"}}", "does not say what: no ${text}"},
	{"{\"body\": {\"m\": " EACH "}}", "has $each although \"shape\" is one"},
	{"{\"shape\": \"list\"}", "has no $each although \"shape\" is for many"},
	{"{\"shape\": \"list\", \"body\": {\"p\": \"${phone}\", \"m\": " EACH "}}",
	 "has ${phone} outside $each"},
	{"{\"shape\": \"list\", \"body\": {\"r\": \"${reference}\", \"m\": " EACH "}}",
	 "has ${reference} outside $each"},
	{"{\"shape\": \"list\", \"body\": {\"t\": \"${text}\", \"m\": {\"$each\": \"${phone}\"}}}",
	 "has ${text} outside $each"},
	{"{\"shape\": \"list\", \"body\": {\"m\": {\"$each\": " EACH "}}}",
	 "stands inside another \"$each\""},
	{"{\"shape\": \"lists\"}", "is none of: one, one_text, list"},
	{"{\"batch\": {\"max\": 10}}", "has a max of 10 although \"shape\" is one"},
	{"{\"batch\": {\"max\": 5001}}", "settings.batch.max: must be between"},
	{"{\"batch\": {\"min\": 0}}", "has min 0 and max 1"},
	{"{\"content_type\": \"text/xml\"}", "must be application/json or"},
	{"{\"content_type\": \"application/x-www-form-urlencoded\", \"body\": {\"a\": [1]}}",
	 "settings.body.a: a form has no nested values"},
	{"{\"content_type\": \"application/x-www-form-urlencoded\", \"shape\": \"list\","
	 " \"body\": {\"m\": {\"$each\": \"${phone}\"}}}",
	 "settings.body.m: a form has no lists"},
	{"{\"headers\": {\"Content-Length\": \"7\"}}", "is set by the server itself"},
	{"{\"headers\": {\"A b\": \"7\"}}", "is no name for a header"},
	{"{\"headers\": {\"A\": \"x\\ny\"}}", "has a control character in it"},
	{"{\"auth\": \"basic\", \"headers\": {\"authorization\": \"x\"}}",
	 "cannot stand beside \"auth\": \"basic\""},
	{"{\"auth\": \"basic\", \"password\": null}", "\"auth\": \"basic\" needs both"},
	{"{\"headers\": {\"K\": \"${password}\"}, \"password\": null}",
	 "settings.password: is missing, ${password} needs it"},
	{"{\"dedupe\": {\"by\": \"reference\"}}", "does not say for how long"},
	{"{\"dedupe\": {\"window_s\": 60}}", "has a window but nothing to compare"},
	{"{\"dedupe\": {\"by\": \"text\", \"window_s\": 60, \"meaning\": \"maybe\"}}",
	 "is none of: accepted, seen"},
	{"{\"codes\": {\"0\": \"ok\"}}", "settings.codes.0: \"ok\" is none of: accepted"},
	{"{\"codes\": {\"0\": 1}}", "settings.codes.0: must be a text"},
	{"{\"codes\": {\"1\": \"bad-account\"}}", "has no way to be accepted"},
	{"{\"codes\": {\"0\": \"accepted\", \"9\": \"auth-expired\"}}",
	 "this driver cannot renew credentials"},
	{"{\"answer\": {}}", "has no way to be accepted"},
	{"{\"answer\": {\"code\": \"a..b\"}}", "settings.answer.code: the path \"a..b\""},
	{"{\"answer\": {\"format\": \"text\", \"code\": \"c\"}}",
	 "has paths, but its format has no places"},
	{"{\"answer\": {\"code\": \"c\", \"items\": {\"at\": \"r\"}}}",
	 "settings.answer.items: has no place where \"shape\" is one"},
	{"{\"answer\": {\"code\": \"c\", \"refused_phones\": \"r\"}}",
	 "is only for the shape one_text without items"},
	{"{\"shape\": \"list\", \"body\": {\"m\": " EACH "}, \"answer\": {\"items\":"
	 " {\"at\": \"r\", \"code\": \"c\", \"reference\": \"ref\"}}}",
	 "is matched, but no message carries one"},
	{"{\"shape\": \"list\", \"body\": {\"m\": " EACH "}, \"answer\": {\"items\":"
	 " {\"at\": \"r\", \"code\": \"c\", \"phone\": \"to\"}}}",
	 "does not tell two texts for one number apart"},
	{"{\"http\": {\"200\": \"accepted\"}}", "a status alone does not prove"},
	{"{\"http\": {\"abc\": \"temporary\"}}", "is no HTTP status"},
	{"{\"receipts\": {\"reference\": \"r\", \"status\": \"s\", \"statuses\": {\"1\": "
	 "\"accepted\"}}}",
	 "do not say what became of the message"},
	{"{\"receipts\": {\"in\": \"query\", \"items\": \"x\", \"reference\": \"r\", \"status\": "
	 "\"s\","
	 " \"statuses\": {\"1\": \"delivered\"}}}",
	 "has no place in a form or a query"},
	{"{\"receipts\": {\"statuses\": {\"1\": \"lost\"}}}",
	 "is none of: delivered, undeliverable, accepted"},
};

static void
wrong_settings_are_refused_in_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		struct provider *p = NULL;
		struct err_ctx e = {0};
		struct buf text = {0};

		if (open_patched(refusals[i].patch, &p, &e) != ERR_INPUT)
			fail_msg("not refused: %s", refusals[i].patch);
		assert_null(p);
		err_print(&e, &text);
		if (strstr(text.data, refusals[i].error) == NULL)
			fail_msg("%s: %s", refusals[i].patch, text.data);
		assert_null(strstr(text.data, "hush"));
		buf_free(&text);
	}
}

static void
absent_settings_get_their_defaults(void **state)
{
	struct provider *p;
	const struct capability *c;

	(void)state;
	assert_int_equal(open_patched("{}", &p, NULL), ERR_OK);
	c = driver_find("generic", NULL)->capability(p);
	assert_int_equal(c->shape, SHAPE_ONE);
	assert_int_equal(c->batch_min, 1);
	assert_int_equal(c->batch_max, 1);
	assert_true(c->has_unicode);
	assert_string_equal(c->channel, "sms");
	assert_int_equal(c->dedupe, DEDUPE_NONE);
	assert_int_equal(c->counts, COUNTS_MESSAGES);
	assert_false(c->has_receipts);
	assert_int_equal(c->echo, ECHO_NOTHING);
	assert_false(c->is_sandbox);
	close_provider(p);
}

static void
capability_says_what_the_settings_say(void **state)
{
	struct provider *p;
	const struct capability *c;

	(void)state;
	assert_int_equal(
		open_patched("{\"shape\": \"list\", \"batch\": {\"min\": 2, \"max\": 5000},"
			     " \"body\": {\"$each\": {\"p\": \"${phone}\", \"t\": \"${text}\","
			     " \"r\": \"${reference}\"}},"
			     " \"dedupe\": {\"by\": \"reference\", \"window_s\": 300,"
			     " \"meaning\": \"seen\"}, \"counts\": \"parts\", \"unicode\": false,"
			     " \"sandbox\": true, \"receipts\": {\"reference\": \"r\","
			     " \"status\": \"s\", \"statuses\": {\"1\": \"delivered\"},"
			     " \"deadline_s\": 600}}",
			     &p, NULL),
		ERR_OK);
	c = driver_find("generic", NULL)->capability(p);
	assert_int_equal(c->shape, SHAPE_LIST);
	assert_int_equal(c->batch_min, 2);
	assert_int_equal(c->batch_max, 5000);
	assert_int_equal(c->dedupe, DEDUPE_BY_REFERENCE);
	assert_int_equal(c->dedupe_window_s, 300);
	assert_int_equal(c->duplicate_means, DUPLICATE_SEEN);
	assert_int_equal(c->counts, COUNTS_PARTS);
	assert_false(c->has_unicode);
	assert_true(c->is_sandbox);
	assert_true(c->has_receipts);
	assert_int_equal(c->echo, ECHO_REFERENCE);
	assert_int_equal(c->receipt_deadline_s, 600);
	close_provider(p);
}

static void
too_large_a_template_is_refused(void **state)
{
	struct buf b = {0};
	struct provider *p;
	struct err_ctx e = {0};

	(void)state;
	buf_adds(&b, "{\"body\": {\"m\": [");
	for (int i = 0; i < 1000; i++)
		buf_adds(&b, "\"${phone}${text}\",");
	buf_adds(&b, "1]}}");
	assert_int_equal(open_patched(b.data, &p, &e), ERR_INPUT);
	assert_string_equal(e.why, "has too many members and variables");
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_settings_are_refused_in_words),
		cmocka_unit_test(absent_settings_get_their_defaults),
		cmocka_unit_test(capability_says_what_the_settings_say),
		cmocka_unit_test(too_large_a_template_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
