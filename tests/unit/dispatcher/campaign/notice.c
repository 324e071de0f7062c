/* SPDX-License-Identifier: MIT */
/* Single messages: what a request may hold, and how each message is judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/unit/dispatcher/campaign/notice_fixture.h"

#define ANY PROVIDER("any", "", "")
#define PLAIN PROVIDER("plain", "", ",\"unicode\":false")
#define ORDER(name, until, class)                                                  \
	"{\"name\":\"" name "\",\"since\":\"2020-01-01\",\"until\":\"" until "\"," \
	"\"classes\":[\"" class "\"]}"

static int
set_up(void **state)
{
	(void)state;
	return load_config(
		"{\"providers\":[" ANY "," PLAIN "],"
		"\"route\":{\"viettel\":\"any\",\"mobifone\":\"plain\"},"
		"\"standing_orders\":[" ORDER("flood", "2999-12-31", "emergency") "," ORDER(
			"past", "2020-12-31", "emergency") "," ORDER("duty", "2999-12-31",
								     "duty") "]}");
}

/* Read and judge; "" or the error of the whole request. The only template: {{ ho_ten }}, {{ ma }}. */
static const char *
ask(const char *json)
{
	json_t *v = NULL;

	assert_int_equal(json_parse(slice_of(json), 1u << 20, "body", &v, &fx.e), ERR_OK);
	buf_reset(&fx.words);
	buf_adds(&fx.words, "");
	if (read_notices(v) != ERR_OK)
		err_print(&fx.e, &fx.words);
	for (size_t i = 0; fx.notices != NULL && i < fx.notices->template_count; i++)
		if (strcmp(fx.notices->templates[i], "chao") == 0)
			fx.notices->sets[i] =
				set_read(SLICE("Chào {{ ho_ten }}, mã {{ Mã }}."), NULL, NULL);
	if (fx.notices != NULL)
		judge_notices();
	return fx.words.data;
}

/* "code what" of a message's refusal; "" = it is good. */
static const char *
refusal(size_t i)
{
	const json_t *v = fx.notices->list[i].refusal;

	buf_reset(&fx.words);
	buf_adds(&fx.words, "");
	if (v != NULL)
		buf_addf(&fx.words, "%s %s", json_string_value(json_object_get(v, "code")),
			 json_string_value(json_object_get(v, "what")));
	return fx.words.data;
}

static void
a_good_message_has_phone_text_and_parts(void **state)
{
	const struct notice *m;

	(void)state;
	assert_string_equal(ask("{\"to\":\" 0971.234.567\",\"text\":\"Hồ sơ đã xong\"}"), "");
	m = &fx.notices->list[0];
	assert_string_equal(refusal(0), "");
	assert_true(m->payload.phone == 84971234567);
	assert_int_equal(m->payload.parts, 1);
	assert_true(m->payload.is_unicode);
	assert_string_equal(fx.notices->class, "personal");
	/* 71 characters that need Unicode do not fit into one part of 70. */
	ask("{\"to\":\"0971234567\",\"text\":"
	    "\"ếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếếế"
	    "ếếếếếếếếếếếếếếếếếế\"}");
	assert_int_equal(fx.notices->list[0].payload.parts, 2);
}

/* 128 fields of a template, forty thousand of a message: five million comparisons of folded names. */
static void
a_message_with_very_many_fields_does_not_hold_the_loop(void **state)
{
	struct buf source = {0}, body = {0};
	json_t *v = NULL;
	clock_t begun; /* of the processor: others may use it, too */

	(void)state;
	for (unsigned i = 0; i < TEMPLATE_FIELDS_MAX; i++)
		buf_addf(&source, "{{ Ô%u }}", i);
	buf_adds(&body, "{\"to\":\"0971234567\",\"template\":\"chao\",\"fields\":{");
	for (int i = 0; i < 40000; i++)
		buf_addf(&body, "\"ô%d\":%d,", i, i % 10);
	buf_adds(&body, "\"z\":1}}");
	assert_int_equal(json_parse(buf_slice(&body), 1u << 20, "body", &v, &fx.e), ERR_OK);
	assert_int_equal(read_notices(v), ERR_OK);
	fx.notices->sets[0] = set_read(buf_slice(&source), NULL, NULL);
	begun = clock();
	judge_notices();
	assert_true(clock() - begun < CLOCKS_PER_SEC * 4 / 10);
	assert_string_equal(refusal(0), "");
	assert_int_equal(fx.notices->list[0].rendered.len, TEMPLATE_FIELDS_MAX);
	buf_free(&source);
	buf_free(&body);
}

static void
each_message_is_judged_on_its_own(void **state)
{
	(void)state;
	assert_string_equal(ask("{\"messages\":["
				"{\"to\":\"0971234567\",\"text\":\"x\"},"
				"{\"to\":\"02963123456\",\"text\":\"x\"},"
				"{\"to\":\"0971234567 / 0981234567\",\"text\":\"x\"},"
				"{\"to\":\"0971234567\"},"
				"{\"to\":\"0971234567\",\"text\":\"x\",\"template\":\"chao\"},"
				"{\"to\":\"0971234567\",\"text\":\"x\",\"txt\":\"y\"},"
				"{\"to\":\"0971234567\",\"text\":\" \"},"
				"{\"to\":\"0971234567\",\"text\":\"a\\u0007b\"},"
				"{\"to\":\"0912345678\",\"text\":\"x\"},"
				"{\"to\":\"0901234567\",\"text\":\"đủ dấu\"},"
				"{\"to\":\"0901234567\",\"text\":\"khong dau\"},"
				"17]}"),
			    "");
	assert_string_equal(refusal(0), "");
	assert_string_equal(refusal(1), "fixed-line messages[1].to");
	assert_string_equal(refusal(2), "several-phones messages[2].to");
	assert_string_equal(refusal(3), "input messages[3].text");
	assert_string_equal(refusal(4), "input messages[4].text");
	assert_string_equal(refusal(5), "input messages[5].txt");
	assert_string_equal(refusal(6), "empty-text messages[6].text");
	assert_string_equal(refusal(7), "input messages[7].text");
	/* VinaPhone has no provider in this route; MobiFone's carries no Unicode. */
	assert_string_equal(refusal(8), "no-route messages[8].to");
	assert_string_equal(refusal(9), "not-encodable messages[9].text");
	assert_string_equal(refusal(10), "");
	assert_string_equal(refusal(11), "input messages[11].");
}

static void
a_template_is_filled_at_once(void **state)
{
	(void)state;
	assert_string_equal(
		ask("{\"messages\":["
		    "{\"to\":\"0971234567\",\"template\":\"chao\",\"fields\":{\"Ho_Ten\":\"An\","
		    "\"mã\":17}},"
		    "{\"to\":\"0971234567\",\"template\":\"chao\",\"fields\":{\"ho_ten\":\"An\"}},"
		    "{\"to\":\"0971234567\",\"template\":\"chao\",\"fields\":{\"ho_ten\":[1],"
		    "\"mã\":1}},"
		    "{\"to\":\"0971234567\",\"template\":\"nope\"},"
		    "{\"to\":\"0971234567\",\"text\":\"x\",\"fields\":{}}]}"),
		"");
	assert_string_equal(refusal(0), "");
	assert_string_equal(fx.notices->list[0].rendered.data, "Chào An, mã 17.");
	assert_string_equal(refusal(1), "missing-field messages[1].fields.Mã");
	assert_string_equal(refusal(2), "input messages[2].fields.ho_ten");
	assert_string_equal(refusal(3), "no-template messages[3].template");
	assert_string_equal(refusal(4), "input messages[4].fields");
}

static void
a_text_beyond_a_short_message_is_refused(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_adds(&b, "{\"to\":\"0971234567\",\"text\":\"");
	for (unsigned i = 0; i < TEMPLATE_OUTPUT_MAX + 1; i++)
		buf_addc(&b, 'x');
	buf_adds(&b, "\"}");
	assert_string_equal(ask(b.data), "");
	assert_string_equal(refusal(0), "too-long text");
	buf_free(&b);
}

/* The built-in rules: links of *.gov.vn only. */
static void
a_text_that_breaks_a_rule_of_content_is_refused_like_a_campaigns(void **state)
{
	(void)state;
	ask("{\"messages\":[{\"to\":\"0971234567\",\"text\":\"Xem dichvucong.gov.vn\"},"
	    "{\"to\":\"0971234567\",\"text\":\"Xem bit.ly/abc\"},"
	    "{\"to\":\"0971234567\",\"template\":\"chao\",\"fields\":{\"ho_ten\":"
	    "\"evil.com\",\"Mã\":1}},"
	    "{\"to\":\"0971234567\",\"text\":\"Không chuyển khoản cho ai\"}]}");
	assert_string_equal(refusal(0), "");
	assert_string_equal(refusal(1), "content messages[1].text");
	assert_string_equal(refusal(2), "content messages[2].template");
	assert_string_equal(refusal(3), ""); /* the rule only warns */
}

static void
what_concerns_all_is_an_error_of_the_request(void **state)
{
	(void)state;
	assert_non_null(strstr(ask("{\"messages\":[]}"), "messages: is empty"));
	assert_non_null(strstr(ask("{\"messages\":{}}"), "messages"));
	assert_non_null(strstr(ask("{\"mesages\":[]}"), "mesages"));
	assert_non_null(strstr(ask("{\"to\":5,\"text\":\"x\"}"), "to"));
	assert_non_null(strstr(ask("{\"to\":\"0971234567\",\"text\":\"x\",\"class\":\"notice\"}"),
			       "class"));
	assert_non_null(strstr(ask("{\"to\":\"0971234567\",\"text\":\"x\",\"unit\":0}"), "unit"));
}

static void
more_than_a_thousand_are_refused(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_adds(&b, "{\"messages\":[1");
	for (unsigned i = 1; i < NOTICES_MAX + 1; i++)
		buf_adds(&b, ",1");
	buf_adds(&b, "]}");
	assert_non_null(strstr(ask(b.data), "has 1001 messages"));
	buf_free(&b);
}

#define EMERGENCY(order) "{\"to\":\"0971234567\",\"text\":\"x\",\"class\":\"emergency\"" order "}"

static void
an_emergency_needs_a_standing_order_in_force(void **state)
{
	(void)state;
	assert_non_null(strstr(ask(EMERGENCY("")), "needs a standing order"));
	assert_int_equal(fx.e.code, ERR_REFUSED);
	assert_non_null(strstr(ask(EMERGENCY(",\"order\":\"storm\"")), "no standing order"));
	assert_int_equal(fx.e.code, ERR_REFUSED);
	assert_non_null(strstr(ask(EMERGENCY(",\"order\":\"past\"")), "not today"));
	assert_int_equal(fx.e.code, ERR_REFUSED);
	assert_non_null(strstr(ask(EMERGENCY(",\"order\":\"duty\"")), "not for class emergency"));
	assert_int_equal(fx.e.code, ERR_REFUSED);
	assert_string_equal(ask(EMERGENCY(",\"order\":\"flood\"")), "");
	assert_true(slice_is(fx.notices->list[0].payload.order, "flood"));
}

static void
a_key_stands_for_what_is_asked_not_for_its_spelling(void **state)
{
	json_t *a = json_loads("{\"to\":\"1\",\"text\":\"x\"}", 0, NULL);
	json_t *b = json_loads("{ \"text\": \"x\",\n\"to\": \"1\" }", 0, NULL);
	json_t *c = json_loads("{\"to\":\"1\",\"text\":\"y\"}", 0, NULL);
	uint8_t ha[16], hb[16], hc[16];

	(void)state;
	notices_hash(a, ha);
	notices_hash(b, hb);
	notices_hash(c, hc);
	assert_memory_equal(ha, hb, 16);
	assert_memory_not_equal(ha, hc, 16);
	json_decref(a);
	json_decref(b);
	json_decref(c);
}

static void
a_key_has_8_to_128_characters(void **state)
{
	char longest[130];

	(void)state;
	memset(longest, 'k', sizeof(longest));
	longest[129] = '\0';
	assert_int_equal(notice_key_check(longest, &fx.e), ERR_INPUT);
	longest[128] = '\0';
	assert_int_equal(notice_key_check(longest, &fx.e), ERR_OK);
	assert_int_equal(notice_key_check("1234567", &fx.e), ERR_INPUT);
	assert_int_equal(notice_key_check("12345678", &fx.e), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_message_has_phone_text_and_parts),
		cmocka_unit_test(each_message_is_judged_on_its_own),
		cmocka_unit_test(a_message_with_very_many_fields_does_not_hold_the_loop),
		cmocka_unit_test(a_template_is_filled_at_once),
		cmocka_unit_test(a_text_beyond_a_short_message_is_refused),
		cmocka_unit_test(what_concerns_all_is_an_error_of_the_request),
		cmocka_unit_test(a_text_that_breaks_a_rule_of_content_is_refused_like_a_campaigns),
		cmocka_unit_test(more_than_a_thousand_are_refused),
		cmocka_unit_test(an_emergency_needs_a_standing_order_in_force),
		cmocka_unit_test(a_key_stands_for_what_is_asked_not_for_its_spelling),
		cmocka_unit_test(a_key_has_8_to_128_characters),
	};

	return cmocka_run_group_tests(tests, set_up, free_all);
}
