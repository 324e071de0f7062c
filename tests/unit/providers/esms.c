/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "providers/provider.h"

/*
 * The settings of an account at eSMS.vn: what is refused, in which words, and
 * what the account can do. What it sends and reads is in tests/cases/driver/.
 */

static const char *const base =
	"{\"api_key\": \"hush-1\", \"secret_key\": \"hush-2\", \"type\": \"cskh\"}";

static const struct driver *
esms(void)
{
	return driver_find("esms", NULL);
}

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
	rc = esms()->open(&settings, out, e);
	json_decref(over);
	json_decref(root);
	return rc;
}

static const struct {
	const char *patch, *error; /* error: a part of it */
} refusals[] = {
	{"{\"api_key\": null}", "settings.api_key: is missing"},
	{"{\"secret_key\": null}", "settings.secret_key: is missing"},
	{"{\"secret_key\": \"\"}", "settings.secret_key: is empty"},
	{"{\"secret_key\": 7}", "settings.secret_key: must be a text"},
	{"{\"api_key\": {\"env\": \"LOA_NO_SUCH_VARIABLE\"}}", "settings.api_key.env: there is no"},
	{"{\"api_key\": {\"file\": \"/nowhere/key\"}}", "/nowhere/key: No such file"},
	{"{\"apikey\": \"x\"}", "settings.apikey: is not a known key: did you mean \"api_key\"?"},
	{"{\"type\": null}", "settings.type: is missing: add \"cskh\""},
	{"{\"type\": \"zns\"}", "settings.type: \"zns\" is none of: cskh, qc"},
	{"{\"url\": \"rest.esms.vn\"}", "settings.url: must be an http or https address"},
	{"{\"url\": \"https:///x\"}", "settings.url: must have a plain host name"},
	{"{\"url\": \"https://u:p@h/x\"}", "settings.url: must have a plain host name"},
	{"{\"url\": \"https://h/x?y=1\"}", "settings.url: must be a base address"},
	{"{\"url\": \"https://h/x y\"}", "settings.url: must be a base address"},
	{"{\"url\": \"\"}", "settings.url: is empty"},
	{"{\"sandbox\": \"yes\"}", "settings.sandbox: must be true or false"},
	{"{\"type\": \"qc\", \"unicode\": true}", "settings.unicode: has no place"},
	{"{\"type\": \"qc\", \"sandbox\": true}", "settings.sandbox: is not documented"},
	{"{\"codes\": []}", "settings.codes: must be an object"},
	{"{\"codes\": {\"99\": \"gone\"}}", "settings.codes.99: \"gone\" is none of: accepted"},
	{"{\"codes\": {\"99\": 1}}", "settings.codes.99: must be a text"},
	{"{\"codes\": {\"\": \"temporary\"}}", "is empty or too long"},
	{"{\"codes\": {\"1234567890123456789012345678901234567890\": \"temporary\"}}",
	 "is empty or too long"},
	{"{\"codes\": {\"101\": \"auth-expired\"}}", "settings.codes.101: is auth-expired"},
	{"{\"codes\": {\"100\": \"temporary\"}}",
	 "settings.codes.100: is how this gateway accepts"},
	{"{\"receiver_states\": {\"true/1\": \"delivered\"}}",
	 "settings.receiver_states: is only for the type qc"},
	{"{\"type\": \"qc\", \"receiver_states\": {\"1\": \"delivered\"}}",
	 "settings.receiver_states.1: must be IsSent/SentResult"},
	{"{\"type\": \"qc\", \"receiver_states\": {\"true/1\": \"sent\"}}",
	 "settings.receiver_states.true/1: \"sent\" is none of: delivered"},
	{"{\"type\": \"qc\", \"receiver_states\": 1}",
	 "settings.receiver_states: must be an object"},
	{"{\"counts\": \"bytes\"}", "settings.counts: \"bytes\" is none of: messages"},
	{"{\"poll_after_s\": -1}", "settings.poll_after_s: must be between 0 and 604800"},
	{"{\"poll_every_s\": 0}", "settings.poll_every_s: must be between 1 and 604800"},
	{"{\"receipt_deadline_s\": 2592001}", "settings.receipt_deadline_s: must be between 1"},
};

static void
wrong_settings_are_refused_in_words_without_the_keys(void **state)
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
settings_that_are_missing_are_refused(void **state)
{
	json_t *root = json_object();
	struct json_at at = json_root(root), settings = json_get(&at, "settings");
	struct provider *p = NULL;
	struct err_ctx e = {0};

	(void)state;
	assert_int_equal(esms()->open(&settings, &p, &e), ERR_INPUT);
	assert_null(p);
	assert_string_equal(e.what, "settings");
	json_decref(root);
}

static void
care_messages_go_one_by_one_and_are_known_by_our_reference(void **state)
{
	struct provider *p;
	const struct capability *c;

	(void)state;
	assert_int_equal(open_patched("{}", &p, NULL), ERR_OK);
	c = esms()->capability(p);
	assert_int_equal(c->shape, SHAPE_ONE);
	assert_int_equal(c->batch_min, 1);
	assert_int_equal(c->batch_max, 1);
	assert_false(c->has_unicode);
	assert_string_equal(c->channel, "sms");
	assert_int_equal(c->dedupe, DEDUPE_BY_REFERENCE);
	assert_int_equal(c->dedupe_window_s, 24 * 60 * 60);
	assert_int_equal(c->duplicate_means, DUPLICATE_ACCEPTED);
	assert_int_equal(c->echo, ECHO_REFERENCE);
	assert_true(c->has_receipts);
	assert_int_equal(c->receipt_deadline_s, 3 * 24 * 60 * 60);
	assert_int_equal(c->poll_after_s, 1800);
	assert_int_equal(c->poll_every_s, 3600);
	assert_int_equal(c->counts, COUNTS_MESSAGES);
	assert_false(c->is_sandbox);
	esms()->close(p);
}

static void
advertising_goes_in_batches_and_promises_no_dedupe(void **state)
{
	struct provider *p;
	const struct capability *c;

	(void)state;
	assert_int_equal(open_patched("{\"type\": \"qc\", \"counts\": \"requests\","
				      " \"poll_after_s\": 60, \"poll_every_s\": 90,"
				      " \"receipt_deadline_s\": 600}",
				      &p, NULL),
			 ERR_OK);
	c = esms()->capability(p);
	assert_int_equal(c->shape, SHAPE_ONE_TEXT);
	assert_int_equal(c->batch_min, 30);
	assert_int_equal(c->batch_max, 5000);
	assert_false(c->has_unicode);
	assert_int_equal(c->reference_scope, REFERENCE_PER_REQUEST);
	assert_int_equal(c->dedupe, DEDUPE_NONE);
	assert_int_equal(c->dedupe_window_s, 0);
	assert_int_equal(c->echo, ECHO_ID);
	assert_true(c->has_receipts);
	assert_int_equal(c->counts, COUNTS_REQUESTS);
	assert_int_equal(c->poll_after_s, 60);
	assert_int_equal(c->poll_every_s, 90);
	assert_int_equal(c->receipt_deadline_s, 600);
	esms()->close(p);
}

static void
nothing_is_asked_when_polls_are_off_or_nothing_is_kept(void **state)
{
	static const char *const patches[] = {"{\"poll_after_s\": 0, \"poll_every_s\": 60}",
					      "{\"sandbox\": true}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(patches); i++) {
		struct provider *p;

		assert_int_equal(open_patched(patches[i], &p, NULL), ERR_OK);
		assert_int_equal(esms()->capability(p)->poll_after_s, 0);
		assert_int_equal(esms()->capability(p)->poll_every_s, 0);
		assert_int_equal(esms()->capability(p)->is_sandbox, i == 1);
		esms()->close(p);
	}
}

static void
keys_are_read_from_files_and_the_environment(void **state)
{
	struct provider *p;
	struct arena a = {0};
	struct http_request r;
	char path[] = "/tmp/loa-esms-XXXXXX", patch[200];
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");

	(void)state;
	fputs("K\"7\n", f);
	fclose(f);
	setenv("LOA_TEST_ESMS_SECRET", "S7", 1);
	snprintf(patch, sizeof(patch),
		 "{\"api_key\": {\"file\": \"%s\"}, \"secret_key\": {\"env\": "
		 "\"LOA_TEST_ESMS_SECRET\"}, \"url\": \"http://h//\"}",
		 path);
	assert_int_equal(open_patched(patch, &p, NULL), ERR_OK);
	assert_int_equal(esms()->balance(p, &a, &r, NULL), ERR_OK);
	assert_string_equal(r.url, "http://h/GetBalance_json");
	assert_true(slice_is(r.body, "{\"ApiKey\":\"K\\\"7\",\"SecretKey\":\"S7\"}"));
	esms()->close(p);
	arena_free(&a);
	remove(path);
}

/* The gateway's words never reach an error: they may repeat what we sent. */
static void
what_a_gateway_says_of_keys_is_not_shown(void **state)
{
	static const char *const bodies[] = {
		"{\"CodeResponse\": \"hush-2\"}",
		"{\"CodeResponse\": \"101\", \"ErrorMessage\": \"no key hush-2\"}",
		"{\"CodeResponse\": \"100\", \"Balance\": \"hush-2\"}",
		"hush-2",
	};
	struct provider *p;

	(void)state;
	assert_int_equal(open_patched("{}", &p, NULL), ERR_OK);
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		struct http_answer r = {.status = 200, .body = slice_of(bodies[i])};
		struct balance balance;
		struct err_ctx e = {0};
		struct buf text = {0};

		assert_int_equal(esms()->read_balance(p, &r, &balance, &e),
				 i == 1 ? ERR_REFUSED : ERR_INPUT);
		assert_string_equal(balance.amount, "");
		err_print(&e, &text);
		assert_null(strstr(text.data, "hush"));
		buf_free(&text);
	}
	esms()->close(p);
}

static void
a_list_for_a_poll_is_bounded(void **state)
{
	struct provider *p;
	struct arena a = {0};
	struct buf b = {0};
	struct receipt *out;
	size_t count;
	struct poll q = {SLICE("9a"), SLICE("r"), 5000};

	(void)state;
	assert_int_equal(open_patched("{\"type\": \"qc\"}", &p, NULL), ERR_OK);
	for (int n = 10000; n <= 10001; n++) {
		struct http_answer r = {.status = 200};

		buf_reset(&b);
		buf_adds(&b, "{\"CodeResult\":\"100\",\"ReceiverList\":[{}");
		for (int i = 1; i < n; i++)
			buf_adds(&b, ",{}");
		buf_adds(&b, "]}");
		r.body = buf_slice(&b);
		assert_int_equal(esms()->polled(p, &q, &r, &a, &out, &count),
				 n == 10000 ? POLL_AGAIN : POLL_UNREADABLE);
		assert_int_equal(count, 0);
	}
	esms()->close(p);
	buf_free(&b);
	arena_free(&a);
}

/* 253 letters and an ế of three bytes: the label ends before it, the message goes. */
static void
a_long_label_loses_its_end(void **state)
{
	struct out_message m = {SLICE("84901000001"), SLICE("A"), SLICE("r"), 1, false};
	struct batch batch = {&m, 1, SLICE("r"), SLICE("B"), {0}, {0}};
	char label[300] = {0}, wanted[300];
	struct provider *p;
	struct arena a = {0};
	struct http_request r;
	char *body;

	(void)state;
	memset(label, 'x', 253);
	memcpy(label + 253, "\xe1\xba\xbf", 3);
	snprintf(wanted, sizeof(wanted), "\"campaignid\":\"%.253s\",", label);
	batch.campaign = slice_of(label);
	assert_int_equal(open_patched("{}", &p, NULL), ERR_OK);
	assert_int_equal(esms()->encode(p, &batch, &a, &r, NULL), ERR_OK);
	body = xmemdup0(r.body.p, r.body.n);
	assert_non_null(strstr(body, wanted));
	free(body);
	esms()->close(p);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_settings_are_refused_in_words_without_the_keys),
		cmocka_unit_test(settings_that_are_missing_are_refused),
		cmocka_unit_test(care_messages_go_one_by_one_and_are_known_by_our_reference),
		cmocka_unit_test(advertising_goes_in_batches_and_promises_no_dedupe),
		cmocka_unit_test(nothing_is_asked_when_polls_are_off_or_nothing_is_kept),
		cmocka_unit_test(keys_are_read_from_files_and_the_environment),
		cmocka_unit_test(what_a_gateway_says_of_keys_is_not_shown),
		cmocka_unit_test(a_list_for_a_poll_is_bounded),
		cmocka_unit_test(a_long_label_loses_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
