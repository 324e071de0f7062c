/* SPDX-License-Identifier: MIT */
/*
 * What an answer means: class bytes (A accepted, N refused, T later with a new
 * attempt, W later within the attempt, U in doubt) and the lane's rest. A driver
 * of the test's own says what was decoded; the last tests ask the generic one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/clock.h"
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
		int64_t rest_ms;
	} cases[] = {
		{OUTCOME_ACCEPTED, "A", REASON_NONE, false, 0},
		{OUTCOME_DUPLICATE, "A", REASON_NONE, false, 0}, /* here it means accepted */
		{OUTCOME_AUTH_EXPIRED, "W", REASON_AUTH_EXPIRED, true, 60000},
		{OUTCOME_THROTTLED, "W", REASON_THROTTLED, true, 1000},
		{OUTCOME_TEMPORARY, "T", REASON_TEMPORARY, false, 0},
		{OUTCOME_BAD_RECIPIENT, "N", REASON_BAD_RECIPIENT, false, 0},
		{OUTCOME_BAD_MESSAGE, "N", REASON_BAD_MESSAGE, false, 0},
		{OUTCOME_BAD_ACCOUNT, "W", REASON_BAD_ACCOUNT, true, 60000},
		{OUTCOME_QUOTA_TOMORROW, "W", REASON_QUOTA_TOMORROW, true, 300000},
		{OUTCOME_CLOSED_HOURS, "W", REASON_CLOSED_HOURS, true, 300000},
		{OUTCOME_IN_DOUBT, "U", REASON_UNREADABLE, false, 0}, /* once is an accident */
	};

	(void)state;
	assert_int_equal(sizeof(cases) / sizeof(cases[0]), OUTCOME_CLASSES);
	for (size_t i = 0; i < OUTCOME_CLASSES; i++) {
		fx.lane.bad_in_row = 0;
		assert_string_equal(judge(1, &cases[i].outcome), cases[i].class);
		assert_int_equal(fx.j.reasons.data[0], cases[i].reason);
		assert_int_equal(fx.j.is_lane_fault, cases[i].is_lane_fault);
		assert_int_equal(fx.j.lane_wait_ms, cases[i].rest_ms);
		assert_int_equal(fx.j.why != NULL, cases[i].rest_ms > 0);
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
	assert_int_equal(fx.j.lane_wait_ms, 1000);
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
	assert_int_equal(fx.j.lane_wait_ms, 60000); /* the longest that a member asks for */
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

/* ---- how long the lane rests ---- */

static void
the_rest_doubles_with_each_bad_answer_and_ends_with_a_good_one(void **state)
{
	static const int64_t rests_ms[] = {1000,  2000,	 4000,	 8000,	 16000,
					   32000, 64000, 128000, 256000, 300000};

	(void)state;
	for (size_t i = 0; i < sizeof(rests_ms) / sizeof(rests_ms[0]); i++) {
		JUDGE(OUTCOME_THROTTLED);
		assert_int_equal(fx.j.lane_wait_ms, rests_ms[i]);
		/* others that were on the wire with it say nothing new */
		JUDGE(OUTCOME_THROTTLED);
		assert_int_equal(fx.j.lane_wait_ms, rests_ms[i]);
		clock_advance_ms(fx.j.lane_wait_ms + 1);
	}
	for (int i = 0; i < 100; i++) {
		JUDGE(OUTCOME_THROTTLED);
		clock_advance_ms(fx.j.lane_wait_ms + 1);
	}
	assert_int_equal(fx.j.lane_wait_ms, 300000);
	/* "try later" for a message says nothing about the lane */
	JUDGE(OUTCOME_TEMPORARY);
	assert_int_equal(fx.j.lane_wait_ms, 0);
	assert_true(fx.lane.bad_in_row > 100);
	JUDGE(OUTCOME_BAD_RECIPIENT);
	assert_int_equal(fx.lane.bad_in_row, 0);
	JUDGE(OUTCOME_THROTTLED);
	assert_int_equal(fx.j.lane_wait_ms, 1000);
}

static void
a_rest_that_the_gateway_asks_for_is_kept_if_it_is_longer(void **state)
{
	(void)state;
	fx.retry_after_s = 7;
	JUDGE(OUTCOME_THROTTLED);
	assert_int_equal(fx.j.lane_wait_ms, 7000);
	assert_string_equal(fx.j.why, "the gateway says too fast");
	JUDGE(OUTCOME_TEMPORARY);
	assert_int_equal(fx.j.lane_wait_ms, 7000);
	assert_string_equal(fx.j.why, "the gateway asked to wait");
	JUDGE(OUTCOME_BAD_ACCOUNT);
	assert_int_equal(fx.j.lane_wait_ms, 60000);
	JUDGE(OUTCOME_ACCEPTED);
	assert_int_equal(fx.j.lane_wait_ms, 7000);
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
	/* once is an accident, twice in a row is the lane */
	assert_int_equal(fx.j.lane_wait_ms, 0);
	assert_false(fx.j.is_lane_fault);
	assert_int_equal(fx.lane.in_doubt, 3);
	judgement_free(&fx.j);
	a.result = FETCH_ABORTED;
	judge_answer(&fx.request, &a, &fx.j);
	assert_string_equal(fx.j.classes.data, "UUU");
	assert_int_equal(fx.j.lane_wait_ms, 2000);
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
a_proxys_page_is_in_doubt_and_slows_the_lane_down(void **state)
{
	static const struct fetch_header html[] = {{SLICE("Content-Type"), SLICE("text/html")}};
	static const int statuses[] = {500, 502, 504, 200};

	(void)state;
	open_generic(generic_settings);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		fx.lane.bad_in_row = 1; /* not the first of them */
		clock_advance_ms(300001);
		assert_string_equal(judge_bytes(statuses[i],
						"<html><body>502 Bad Gateway</body></html>", html,
						1),
				    "U");
		assert_int_equal(fx.j.reasons.data[0], REASON_UNREADABLE);
		assert_int_equal(fx.j.lane_wait_ms, 2000);
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
	assert_int_equal(fx.j.lane_wait_ms, 30000);
	assert_int_equal(fx.j.reasons.data[0], REASON_THROTTLED);
	assert_string_equal(judge_bytes(200, "{\"c\": 0}", NULL, 0), "A");
	assert_int_equal(fx.j.lane_wait_ms, 0);
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
		T(the_rest_doubles_with_each_bad_answer_and_ends_with_a_good_one),
		T(a_rest_that_the_gateway_asks_for_is_kept_if_it_is_longer),
		T(no_complete_answer_leaves_all_members_in_doubt),
		T(the_log_keeps_ids_and_the_codes_of_what_was_not_accepted),
		T(a_proxys_page_is_in_doubt_and_slows_the_lane_down),
		T(retry_after_of_a_gateway_that_throttles_is_obeyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
