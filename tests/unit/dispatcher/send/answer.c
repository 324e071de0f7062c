/* SPDX-License-Identifier: MIT */
/*
 * What an answer means: class bytes (A accepted, N refused, T later with a new
 * attempt, W later within the attempt, U in doubt), what they say of the lane and its rest. A driver
 * of the test's own says what was decoded; the last tests ask the generic one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>

#include "dispatcher/send/lane.h"

#define MEMBERS_MAX 8

static struct {
	struct capability capability;
	struct message_outcome decoded[MEMBERS_MAX];
	uint32_t retry_after_s;
	struct provider_config provider;
	struct lane lane;
	struct chunk chunk;
	struct work work;
	struct request request;
	struct out_message messages[MEMBERS_MAX];
	uint32_t ranks[MEMBERS_MAX];
	struct judgement j;
} fx;

static const struct capability *
fake_capability(const struct provider *p)
{
	(void)p;
	return &fx.capability;
}

static void
fake_decode(const struct provider *p, const struct batch *b, const struct http_answer *r,
	    struct arena *a, struct batch_outcome *out)
{
	(void)p;
	(void)r;
	out->messages = arena_alloc(a, b->count * sizeof(*out->messages));
	memcpy(out->messages, fx.decoded, b->count * sizeof(*out->messages));
	out->retry_after_s = fx.retry_after_s;
}

static const struct driver fake = {
	.name = "fake", .capability = fake_capability, .decode = fake_decode};

static int
set_up(void **state)
{
	(void)state;
	memset(&fx, 0, sizeof(fx));
	fx.provider.driver = &fake;
	fx.chunk.p = 3;
	fx.work.chunk = &fx.chunk;
	fx.lane.provider = &fx.provider;
	fx.request.lane = &fx.lane;
	fx.request.work = &fx.work;
	fx.request.provider = &fx.provider;
	fx.request.ranks = fx.ranks;
	for (unsigned i = 0; i < MEMBERS_MAX; i++) {
		fx.ranks[i] = 100 + i;
		buf_add_u8(&fx.request.attempts, 2);
		fx.messages[i] = (struct out_message){SLICE("84912345678"), SLICE("x"), SLICE("r"),
						      1, false};
	}
	fx.request.batch.messages = fx.messages;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	judgement_free(&fx.j);
	buf_free(&fx.request.attempts);
	arena_free(&fx.request.arena);
	return 0;
}

/* Judge a complete answer of these classes; returns their class bytes. */
static const char *
judge(size_t count, const enum outcome_class *classes)
{
	struct fetch_answer a = {.result = FETCH_DONE, .departed = true, .status = 200};

	for (size_t i = 0; i < count; i++)
		fx.decoded[i].class = classes[i];
	fx.request.count = fx.request.batch.count = count;
	judgement_free(&fx.j);
	judge_answer(&fx.request, &a, &fx.j);
	assert_int_equal(fx.j.classes.len, count);
	assert_int_equal(fx.j.reasons.len, count);
	return fx.j.classes.data;
}
#define JUDGE(...)                                                                            \
	judge(sizeof((const enum outcome_class[]){__VA_ARGS__}) / sizeof(enum outcome_class), \
	      (const enum outcome_class[]){__VA_ARGS__})

/* ---- the table ---- */

static void
each_outcome_has_its_class_reason_and_rest(void **state)
{
	static const struct {
		enum outcome_class outcome;
		const char *class;
		enum record_reason reason;
		bool is_lane_fault;
		const char *verdict;
		int64_t rest_ms;
	} cases[] = {
		{OUTCOME_ACCEPTED, "A", REASON_NONE, false, "good", 0},
		{OUTCOME_DUPLICATE, "A", REASON_NONE, false, "good",
		 0}, /* here it means accepted */
		{OUTCOME_AUTH_EXPIRED, "W", REASON_AUTH_EXPIRED, true, "fault", 60000},
		{OUTCOME_THROTTLED, "W", REASON_THROTTLED, true, "slow", 1000},
		{OUTCOME_TEMPORARY, "T", REASON_TEMPORARY, false, "good", 0},
		{OUTCOME_BAD_RECIPIENT, "N", REASON_BAD_RECIPIENT, false, "good", 0},
		{OUTCOME_BAD_MESSAGE, "N", REASON_BAD_MESSAGE, false, "good", 0},
		{OUTCOME_BAD_ACCOUNT, "W", REASON_BAD_ACCOUNT, true, "fault", 60000},
		{OUTCOME_QUOTA_TOMORROW, "W", REASON_QUOTA_TOMORROW, true, "fault", 300000},
		{OUTCOME_CLOSED_HOURS, "W", REASON_CLOSED_HOURS, true, "fault", 300000},
		{OUTCOME_IN_DOUBT, "U", REASON_UNREADABLE, false, "none", 0},
	};

	(void)state;
	assert_int_equal(sizeof(cases) / sizeof(cases[0]), OUTCOME_CLASSES);
	for (size_t i = 0; i < OUTCOME_CLASSES; i++) {
		assert_string_equal(judge(1, &cases[i].outcome), cases[i].class);
		assert_int_equal(fx.j.reasons.data[0], cases[i].reason);
		assert_int_equal(fx.j.is_lane_fault, cases[i].is_lane_fault);
		assert_int_equal(fx.j.rest_ms, cases[i].rest_ms);
		assert_string_equal(fx.j.verdict, cases[i].verdict);
		assert_int_equal(fx.j.why[0] == '\0', strcmp(cases[i].verdict, "good") == 0);
	}
	assert_int_equal(fx.lane.accepted, 2);
	assert_int_equal(fx.lane.refused, 2);
	assert_int_equal(fx.lane.later, 6);
	assert_int_equal(fx.lane.in_doubt, 1);
}

static void
a_duplicate_that_was_merely_seen_is_in_doubt(void **state)
{
	(void)state;
	fx.capability.duplicate_means = DUPLICATE_SEEN;
	assert_string_equal(JUDGE(OUTCOME_DUPLICATE), "U");
	assert_int_equal(fx.j.reasons.data[0], REASON_DUPLICATE_SEEN);
}

static void
members_of_a_request_are_judged_each(void **state)
{
	(void)state;
	assert_string_equal(JUDGE(OUTCOME_ACCEPTED, OUTCOME_BAD_RECIPIENT, OUTCOME_TEMPORARY,
				  OUTCOME_THROTTLED, OUTCOME_ACCEPTED),
			    "ANTWA");
	assert_int_equal(fx.j.reasons.data[3], REASON_THROTTLED);
	assert_true(fx.j.is_lane_fault);
	assert_int_equal(fx.j.rest_ms, 1000);
}

/* ---- W becomes T ---- */

static void
beside_a_member_in_doubt_nothing_waits_within_its_attempt(void **state)
{
	(void)state;
	assert_string_equal(JUDGE(OUTCOME_THROTTLED, OUTCOME_IN_DOUBT, OUTCOME_BAD_ACCOUNT), "TUT");
	assert_int_equal(fx.j.reasons.data[0], REASON_THROTTLED);
	assert_int_equal(fx.j.reasons.data[2], REASON_BAD_ACCOUNT);
	/* the lane rests and the attempt's budget is spared all the same */
	assert_true(fx.j.is_lane_fault);
	assert_int_equal(fx.j.rest_ms, 60000); /* the longest that a member asks for */
}

static void
under_a_requests_reference_all_members_wait_or_none(void **state)
{
	(void)state;
	fx.capability.reference_scope = REFERENCE_PER_REQUEST;
	assert_string_equal(JUDGE(OUTCOME_THROTTLED, OUTCOME_THROTTLED), "WW");
	assert_string_equal(JUDGE(OUTCOME_THROTTLED, OUTCOME_CLOSED_HOURS), "WW");
	assert_string_equal(JUDGE(OUTCOME_THROTTLED, OUTCOME_ACCEPTED), "TA");
	assert_string_equal(JUDGE(OUTCOME_BAD_RECIPIENT, OUTCOME_THROTTLED), "NT");
	assert_string_equal(JUDGE(OUTCOME_TEMPORARY, OUTCOME_THROTTLED), "TT");
	fx.capability.reference_scope = REFERENCE_PER_MESSAGE;
	assert_string_equal(JUDGE(OUTCOME_THROTTLED, OUTCOME_ACCEPTED), "WA");
}

static void
a_gateway_that_remembers_what_it_refused_gets_a_new_reference(void **state)
{
	(void)state;
	fx.capability.dedupe = DEDUPE_BY_REFERENCE;
	fx.capability.duplicate_means = DUPLICATE_SEEN;
	assert_string_equal(JUDGE(OUTCOME_THROTTLED), "T");
	fx.capability.duplicate_means = DUPLICATE_ACCEPTED;
	assert_string_equal(JUDGE(OUTCOME_THROTTLED), "W");
	fx.capability.dedupe = DEDUPE_NONE;
	fx.capability.duplicate_means = DUPLICATE_SEEN;
	assert_string_equal(JUDGE(OUTCOME_THROTTLED), "W");
}

/* ---- the lane ---- */

static void
the_worst_that_members_say_of_the_lane_counts(void **state)
{
	(void)state;
	JUDGE(OUTCOME_IN_DOUBT, OUTCOME_ACCEPTED);
	assert_string_equal(fx.j.verdict, "good"); /* there was an answer */
	JUDGE(OUTCOME_ACCEPTED, OUTCOME_THROTTLED, OUTCOME_BAD_RECIPIENT);
	assert_string_equal(fx.j.verdict, "slow");
	JUDGE(OUTCOME_THROTTLED, OUTCOME_BAD_ACCOUNT, OUTCOME_ACCEPTED);
	assert_string_equal(fx.j.verdict, "fault");
	assert_string_equal(fx.j.why, "the gateway refuses the account");
}

static void
a_rest_that_the_gateway_asks_for_is_kept_if_it_is_longer(void **state)
{
	(void)state;
	fx.retry_after_s = 7;
	JUDGE(OUTCOME_THROTTLED);
	assert_int_equal(fx.j.rest_ms, 7000);
	assert_string_equal(fx.j.why, "the gateway says too fast");
	JUDGE(OUTCOME_TEMPORARY);
	assert_int_equal(fx.j.rest_ms, 7000);
	assert_string_equal(fx.j.why, "the gateway asked to wait");
	JUDGE(OUTCOME_BAD_ACCOUNT);
	assert_int_equal(fx.j.rest_ms, 60000);
	JUDGE(OUTCOME_ACCEPTED);
	assert_int_equal(fx.j.rest_ms, 7000);
}

static void
no_complete_answer_leaves_all_members_in_doubt(void **state)
{
	struct fetch_answer a = {.result = FETCH_NO_ANSWER, .departed = true, .why = "time-out"};

	(void)state;
	fx.request.count = fx.request.batch.count = 3;
	judge_answer(&fx.request, &a, &fx.j);
	assert_string_equal(fx.j.classes.data, "UUU");
	for (int i = 0; i < 3; i++)
		assert_int_equal(fx.j.reasons.data[i], REASON_NO_ANSWER);
	assert_string_equal(fx.j.verdict, "none");
	assert_int_equal(fx.j.rest_ms, 0);
	assert_false(fx.j.is_lane_fault);
	assert_int_equal(fx.lane.in_doubt, 3);
	judgement_free(&fx.j);
	a.result = FETCH_ABORTED;
	judge_answer(&fx.request, &a, &fx.j);
	assert_string_equal(fx.j.classes.data, "UUU");
	assert_string_equal(fx.j.verdict, "none");
}

/* ---- what is worth keeping ---- */

static void
the_log_keeps_ids_and_the_codes_of_what_was_not_accepted(void **state)
{
	(void)state;
	memcpy(fx.decoded[0].id, "gw-\"1\"", 7);
	memcpy(fx.decoded[0].code, "0", 2);
	memcpy(fx.decoded[1].code, "0", 2);
	memcpy(fx.decoded[2].code, "11", 3);
	JUDGE(OUTCOME_ACCEPTED, OUTCOME_ACCEPTED, OUTCOME_BAD_MESSAGE, OUTCOME_TEMPORARY);
	assert_string_equal(fx.j.log.data,
			    "[\"answer\",3,[[100,2,\"gw-\\\"1\\\"\",\"0\"],[102,2,\"\",\"11\"]]]");
	memset(fx.decoded, 0, sizeof(fx.decoded));
	JUDGE(OUTCOME_ACCEPTED);
	assert_int_equal(fx.j.log.len, 0);
}

/* ---- with the generic driver ---- */

static void
open_generic(const char *settings)
{
	json_t *v = json_loads(settings, 0, NULL);
	struct json_at at = json_root(v);
	struct err_ctx e;

	fx.provider.driver = driver_find("generic", &e);
	if (fx.provider.driver->open(&at, &fx.provider.account, &e) != ERR_OK)
		fail_msg("%s: %s", e.what, e.why);
	json_decref(v);
}

static const char *
judge_bytes(int status, const char *body, const struct fetch_header *headers, size_t count)
{
	struct fetch_answer a = {.result = FETCH_DONE,
				 .departed = true,
				 .status = status,
				 .headers = headers,
				 .header_count = count,
				 .body = slice_of(body)};

	fx.request.count = fx.request.batch.count = 1;
	judgement_free(&fx.j);
	judge_answer(&fx.request, &a, &fx.j);
	return fx.j.classes.data;
}

static const char *const generic_settings =
	"{\"url\": \"https://gw.example/s\","
	" \"body\": {\"to\": \"${phone}\", \"text\": \"${text}\", \"ref\": \"${reference}\"},"
	" \"answer\": {\"code\": \"c\"}, \"codes\": {\"0\": \"accepted\", \"20\": \"throttled\"},"
	" \"http\": {\"429\": \"throttled\"}}";

static void
a_proxys_page_is_in_doubt_and_no_answer(void **state)
{
	static const struct fetch_header html[] = {{SLICE("Content-Type"), SLICE("text/html")}};
	static const int statuses[] = {500, 502, 504, 200};

	(void)state;
	open_generic(generic_settings);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		assert_string_equal(judge_bytes(statuses[i],
						"<html><body>502 Bad Gateway</body></html>", html,
						1),
				    "U");
		assert_int_equal(fx.j.reasons.data[0], REASON_UNREADABLE);
		assert_string_equal(fx.j.verdict, "none");
		assert_false(fx.j.is_lane_fault);
	}
	/* nor is an empty one better */
	assert_string_equal(judge_bytes(502, "", NULL, 0), "U");
	fx.provider.driver->close(fx.provider.account);
}

static void
retry_after_of_a_gateway_that_throttles_is_obeyed(void **state)
{
	static const struct fetch_header wait[] = {{SLICE("Retry-After"), SLICE("30")}};

	(void)state;
	open_generic(generic_settings);
	assert_string_equal(judge_bytes(429, "slow down", wait, 1), "W");
	assert_int_equal(fx.j.rest_ms, 30000);
	assert_int_equal(fx.j.reasons.data[0], REASON_THROTTLED);
	assert_string_equal(judge_bytes(200, "{\"c\": 0}", NULL, 0), "A");
	assert_int_equal(fx.j.rest_ms, 0);
	fx.provider.driver->close(fx.provider.account);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_outcome_has_its_class_reason_and_rest),
		T(a_duplicate_that_was_merely_seen_is_in_doubt),
		T(members_of_a_request_are_judged_each),
		T(beside_a_member_in_doubt_nothing_waits_within_its_attempt),
		T(under_a_requests_reference_all_members_wait_or_none),
		T(a_gateway_that_remembers_what_it_refused_gets_a_new_reference),
		T(the_worst_that_members_say_of_the_lane_counts),
		T(a_rest_that_the_gateway_asks_for_is_kept_if_it_is_longer),
		T(no_complete_answer_leaves_all_members_in_doubt),
		T(the_log_keeps_ids_and_the_codes_of_what_was_not_accepted),
		T(a_proxys_page_is_in_doubt_and_no_answer),
		T(retry_after_of_a_gateway_that_throttles_is_obeyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
