/* SPDX-License-Identifier: MIT */
/* What staff read of each kind, in both languages, how posts are signed, and the configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/campaign/alert_tell.h"
#include "dispatcher/campaign/alert_words.h"

/* 2027-10-09T08:05:00+07:00 = 2027-10-09T01:05:00Z: day 21,100 after 1970-01-01 */
#define SINCE (21100 * 86400LL + 65 * 60)

static void
each_kind_says_what_it_is_about(void **state)
{
	static const struct {
		const char *kind, *detail, *vi, *en;
	} cases[] = {
		{"approval", "an", "chiến dịch \"thuế\" đang chờ duyệt",
		 "campaign \"thuế\" waits for approval"},
		{"returned", "sai số", "chiến dịch \"thuế\" bị trả lại để sửa",
		 "campaign \"thuế\" was returned to be changed"},
		{"braked", "", "chiến dịch \"thuế\" tự dừng gửi tới một nhà mạng, cần kiểm tra",
		 "campaign \"thuế\" has stopped sending to a carrier by itself"},
		{"ceiling", "", "chiến dịch \"thuế\" tạm dừng vì đã dùng hết mức được duyệt",
		 "campaign \"thuế\" is paused: what was approved is spent"},
		{"brandname", "2027-11-08", "brandname \"thuế\" chỉ có hạn đến ngày 08/11/2027",
		 "brandname \"thuế\" is valid until 08/11/2027 only"},
		{"lane", "", "không gửi được tin qua nhà cung cấp \"thuế\"",
		 "provider \"thuế\" cannot be sent to"},
		{"doubt", "4", "chiến dịch \"thuế\" có 4 tin chưa rõ kết quả, cần quyết định",
		 "campaign \"thuế\" has 4 messages in doubt, to be decided"},
		/* 2027-10-10T08:00:00+07:00 */
		{"missed", "1823130000", "chiến dịch \"thuế\" bị lỡ lần gửi lúc 08:00 10/10/2027",
		 "campaign \"thuế\" was not sent at 08:00 10/10/2027"},
	};
	char wanted[400];

	(void)state;
	assert_int_equal(sizeof(cases) / sizeof(cases[0]), ALERT_KIND_COUNT);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct alert a = {.id = 12,
				  .kind = cases[i].kind,
				  .name = "thuế",
				  .detail = cases[i].detail,
				  .since = SINCE};
		struct buf b = {0};

		alert_add_words(&a, 1, false, &b);
		snprintf(wanted, sizeof(wanted), "Loa, cảnh báo 12: %s (từ 08:05 09/10/2027)",
			 cases[i].vi);
		assert_string_equal(b.data, wanted);
		buf_reset(&b);
		alert_add_words(&a, 3, true, &b);
		snprintf(wanted, sizeof(wanted),
			 "Loa, alert 12: %s (since 08:05 09/10/2027; reminder 3)", cases[i].en);
		assert_string_equal(b.data, wanted);
		buf_free(&b);
	}
}

/* RFC 4231, test cases 2 and 6 */
static void
the_hmac_is_that_of_the_standard(void **state)
{
	char key[131], out[SHA256_HEX + 1];

	(void)state;
	hmac_sha256(SLICE("Jefe"), SLICE("what do ya want for nothing?"), out);
	assert_string_equal(out,
			    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	hmac_sha256((struct slice){key, sizeof(key)},
		    SLICE("Test Using Larger Than Block-Size Key - Hash Key First"), out);
	assert_string_equal(out,
			    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* printf '1823130000.{}' | openssl dgst -sha256 -hmac 0123456789abcdef */
static void
a_signature_covers_time_and_body(void **state)
{
	char out[ALERT_SIGNATURE_MAX];

	(void)state;
	alert_sign("0123456789abcdef", 1823130000, SLICE("{}"), out);
	assert_string_equal(
		out, "sha256=5eef29b5e325385caa7753a893734ff3dde9c8c556efa58ac9dbfc596cc7d9ce");
}

static enum err
read(const char *text, struct alert_config *c, struct err_ctx *e)
{
	static json_t *v;
	struct json_at at;

	json_decref(v);
	v = NULL;
	assert_int_equal(json_parse(slice_of(text), 4096, "test", &v, e), ERR_OK);
	at = json_root(v);
	return alert_config_read(&at, c, e);
}

static void
the_nearest_unit_above_with_somebody_on_call_is_told(void **state)
{
	struct alert_config c;
	struct err_ctx e;

	(void)state;
	assert_int_equal(read("{\"oncall\":[{\"unit\":1,\"phones\":[\"0912345678\"]},"
			      "{\"unit\":7,\"phones\":[\"0981234567\",\"0912 345 679\"]}]}",
			      &c, &e),
			 ERR_OK);
	assert_int_equal(alert_config_oncall(&c, SLICE("9,7,1"))->count, 2);
	assert_int_equal(alert_config_oncall(&c, SLICE("9,7,1"))->phones[1], 84912345679);
	assert_int_equal(alert_config_oncall(&c, SLICE("8,1"))->phones[0], 84912345678);
	assert_null(alert_config_oncall(&c, SLICE("8,3")));
	assert_true(c.is_urgent[ALERT_braked]);
	assert_false(c.is_urgent[ALERT_approval]);
}

static void
what_is_wrong_in_the_configuration_is_named(void **state)
{
	static const struct {
		const char *text, *what;
	} cases[] = {
		{"{\"oncall\":[{\"phones\":[\"02838222222\"]}]}", "oncall[0].phones[0]"},
		{"{\"oncall\":[{\"phones\":[]}]}", "oncall[0].phones"},
		{"{\"oncall\":[{\"unit\":2,\"phones\":[\"0912345678\"]},"
		 "{\"unit\":2,\"phones\":[\"0912345678\"]}]}",
		 "oncall[1]"},
		{"{\"quiet\":{\"from\":\"22:00\",\"to\":\"24:00\"}}", "quiet.to"},
		{"{\"quiet\":{\"from\":\"22:00\",\"to\":\"22:00\"}}", "quiet"},
		{"{\"urgent\":[\"brake\"]}", "urgent[0]"},
		{"{\"webhook\":{\"url\":\"ftp://x/\",\"secret\":\"0123456789abcdef\"}}",
		 "webhook.url"},
		{"{\"webhook\":{\"url\":\"https://x/\",\"secret\":\"short\"}}", "webhook.secret"},
		{"{\"every_minutes\":0}", "every_minutes"},
	};
	struct alert_config c;
	struct err_ctx e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read(cases[i].text, &c, &e), ERR_INPUT);
		assert_string_equal(e.what, cases[i].what);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_says_what_it_is_about),
		cmocka_unit_test(the_hmac_is_that_of_the_standard),
		cmocka_unit_test(a_signature_covers_time_and_body),
		cmocka_unit_test(the_nearest_unit_above_with_somebody_on_call_is_told),
		cmocka_unit_test(what_is_wrong_in_the_configuration_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
