/* SPDX-License-Identifier: MIT */
/* Routes where something went wrong: a provider that is gone, used up, or not alone. */
#include "tests/unit/dispatcher/store/route_fixture.h"

/* The journal of a process, told late: a had said it before Redis lost it. */
static void
remark(const char *lane, unsigned first, const char *id, uint8_t attempt)
{
	struct argv a = {0};
	char now[24];
	long long s = 0, us = 0;

	assert_int_equal(sscanf(COMMAND("TIME"), "[%lld, %lld]", &s, &us), 2);
	snprintf(now, sizeof(now), "%lld", s * 1000 + us / 1000 + (long long)fx.offset_ms);
	be(lane);
	argv_add_int(&a, fx.run);
	argv_adds(&a, "0");
	argv_add_int(&a, first);
	argv_add_int(&a, attempt);
	argv_adds(&a, id);
	argv_adds(&a, lane);
	argv_add(&a, (struct slice){"\0\0", 2});
	argv_add(&a, (struct slice){(const char *)&attempt, 1});
	argv_add(&a, (struct slice){"\1", 1});
	argv_adds(&a, "hash");
	argv_adds(&a, now);
	argv_add_int(&a, strtoll(now, NULL, 10) + 3600000);
	argv_add_int(&a, fx.tariff);
	argv_adds(&a, "inc-1");
	argv_adds(&a, "");
	argv_adds(&a, "");
	argv_adds(&a, "1");
	argv_adds(&a, field("launched_s"));
	assert_string_equal(call("remark", &a), "1");
}

/* Redis has lost what a said; b says the same message under the same name; a's journal comes late. */
static void
lost_permit_of_another_provider(struct ask *q)
{
	launch_routes(1, "order 1 0 1");
	assert_string_equal(take("a", 1), "0:1");
	rest("a", 100000000);
	release(0);
	take("b", 1);
	pass(60100);
	assert_string_equal(take("b", 1), "0:1");
	*q = (struct ask){.inc = "inc-1",
			  .permit = "p2",
			  .first = 0,
			  .count = 1,
			  .attempt = 1,
			  .dedupe_ms = 3600000};
	assert_true(is_go(permit(q)));
	remark("a", 0, "p1", 1);
	be("b");
}

/* p1 may have left at a: p2 was taken back, and b must not say it in its place. */
static void
two_providers_under_one_name_are_both_held_when_one_is_taken_back(void **state)
{
	struct ask q;

	(void)state;
	lost_permit_of_another_provider(&q);
	call_words("unmark", "1 0 0 1 p2 b 0 _ _ 0");
	release(0);
	assert_string_equal(state_of(0), "unknown");
	assert_true(record_of(0).flags & RECORD_HELD);
	assert_string_equal(todo_of("0"), "[]");
	assert_string_equal(todo_of("0:0"), "[]");
	assert_string_equal(todo_of("0:1"), "[]");
	pass(5000);
	assert_string_equal(take("b", 1), "");
}

static void
two_providers_under_one_name_are_both_held_when_one_is_in_doubt(void **state)
{
	struct ask q;

	(void)state;
	lost_permit_of_another_provider(&q);
	outcome(0, 1, "p2", "U");
	release(0);
	assert_string_equal(state_of(0), "unknown");
	assert_true(record_of(0).flags & RECORD_HELD);
	assert_string_equal(todo_of("0:0"), "[]");
	assert_string_equal(todo_of("0:1"), "[]");
	/* What one of them says at last is believed. */
	be("a");
	outcome(0, 1, "p1", "A");
	assert_string_equal(state_of(0), "accepted");
}

/* Of four messages a day three are used. Two do not fit any more, at b they do. */
static void
a_limit_too_small_for_the_next_request_lets_the_route_go_on(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .first = 0, .count = 3, .attempt = 1};
	struct ask two = {.inc = "inc-1", .permit = "p2", .first = 3, .count = 2, .attempt = 1};

	(void)state;
	COMMAND("HSET", "loa:lane:a", "limits", "provider messages day 4 \n");
	launch_routes(50, "order 1 0 1");
	assert_string_equal(take("a", 10), "0:10");
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "AAA");
	assert_string_equal(permit(&two), "[stop, the day's 4 messages of provider a are used up]");
	release(0);
	assert_string_equal(take("a", 10), "");
	take("b", 10);
	pass(60100);
	assert_string_equal(take("b", 10), "3:10");
	assert_string_equal(take("a", 10), "");
	/* A higher limit, or one that was given back: it is as it was. */
	COMMAND("HSET", "loa:lane:a", "limits", "provider messages day 5 \n");
	pass(5000);
	take("b", 10);
	pass(600100);
	assert_string_equal(take("a", 10), "20:30");
}

/* One message fits still: the lane serves who has one. */
static void
what_fits_still_is_not_held_up_by_what_does_not(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .first = 0, .count = 3, .attempt = 1};
	struct argv a = {0};

	(void)state;
	COMMAND("HSET", "loa:lane:gw", "limits", "provider messages day 4 \n");
	launch_run(10);
	claim("inc-1", 10);
	q.count = 5;
	assert_string_equal(permit(&q), "[stop, the day's 4 messages of provider gw are used up]");
	release(0);
	assert_non_null(strstr(claim("inc-1", 10), "are used up"));
	launch_run(10);
	assert_non_null(strstr(claim("inc-1", 10), "[work, 2, "));
	q.count = 4;
	q.permit = "p2";
	add_permits(&a, &q);
	add_permit(&a, &q, 1);
	assert_true(strncmp(call("permit", &a), "[[go, ", 6) == 0);
}

/* Its rate stands in Redis still. */
static void
a_provider_that_no_running_server_has_is_left(void **state)
{
	(void)state;
	COMMAND("SREM", "loa:served:a", "inc-1");
	launch_routes(50, "order 1 0 1");
	assert_string_equal(take("b", 5), "");
	assert_non_null(strstr(fx.reply.data, "no running server has it in its configuration"));
	pass(60100);
	assert_string_equal(take("b", 5), "0:5");
	assert_non_null(strstr(field("via0"), "a: no running server has it"));
	/* A server that has it: that counts from its first claim on. */
	assert_string_equal(take("a", 5), "");
	pass(600100);
	assert_string_equal(take("a", 5), "5:10");
}

/* inc-2 alone has a. While it lives, a may rest or be busy as long as it likes; when it has died, b goes on. */
static void
a_provider_is_served_as_long_as_one_of_its_servers_lives(void **state)
{
	(void)state;
	COMMAND("SREM", "loa:served:a", "inc-1");
	COMMAND("SADD", "loa:served:a", "inc-2");
	launch_routes(50, "share 1 0:50 1:50");
	for (int i = 0; i < 20; i++) {
		hello("inc-2");
		pass(4000);
	}
	assert_string_equal(take("b", 50), "0:25");
	assert_string_equal(take("b", 50), "");
	pass(65000);
	assert_string_equal(take("b", 50), "");
	pass(60100);
	assert_string_equal(take("b", 50), "25:50");
	/* One that has said good-bye is forgotten. */
	call_words("bye", "inc-2");
	launch_routes(50, "order 1 0 1");
	take("b", 5);
	assert_string_equal(COMMAND("SMEMBERS", "loa:served:a"), "[]");
}

/* Ranks 0, 2 and 4 are in doubt at a, which rests for a month; the others of its range wait. */
static void
doubt_with_gaps(const char *routes, int64_t dedupe_ms)
{
	struct ask q = {.inc = "inc-1",
			.permit = "p1",
			.first = 0,
			.count = 3,
			.attempt = 1,
			.dedupe_ms = dedupe_ms};

	launch_routes(9, routes);
	assert_string_equal(take("a", 9), "0:9");
	fx.gaps = 1;
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "UUU");
	fx.gaps = 0;
	release(0);
	rest("a", 2592000000);
}

/* They have never been sent: b may have them, and a has its doubt when it is back. */
static void
what_waits_between_doubt_goes_to_another_provider(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p2", .first = 1, .count = 2, .attempt = 1};

	(void)state;
	doubt_with_gaps("order 1 0 1", 36000000);
	assert_string_equal(todo_of("0"), "[5:9]");
	assert_string_equal(todo_of("0:0"), "[0:5]");
	take("b", 9);
	keep(59);
	assert_string_equal(todo_of("0:0"), "[0:5]");
	keep(5);
	assert_string_equal(todo_of("0:0"), "[]");
	assert_string_equal(take("b", 9), "5:9");
	assert_string_equal(take("b", 9), "0:5");
	fx.gaps = 1;
	assert_true(is_go(permit(&q)));
	outcome(1, 1, "p2", "AA");
	fx.gaps = 0;
	release(0);
	assert_string_equal(todo_of("0:0"), "[0:5]");
	keep(5);
	assert_string_equal(take("b", 9), "");
	COMMAND("HDEL", "loa:lane:a", "not_before");
	assert_string_equal(take("a", 9), "0:5");
	assert_non_null(strstr(fx.reply.data, "[[0:1, "));
}

static void
a_smallest_batch_with_doubt_in_it_goes_to_another_provider(void **state)
{
	(void)state;
	doubt_with_gaps("order 3 0 1", 36000000);
	assert_string_equal(todo_of("0"), "[]");
	assert_string_equal(todo_of("0:0"), "[0:9]");
	keep(66);
	assert_string_equal(take("b", 9), "0:9");
}

/* Nothing may be repeated any more: what waits is b's, what is in doubt a person's. */
static void
doubt_that_may_not_be_repeated_any_more_keeps_nothing(void **state)
{
	(void)state;
	doubt_with_gaps("order 1 0 1", 20000);
	keep(30);
	assert_string_equal(todo_of("0:0"), "[]");
	assert_string_equal(todo_of("0"), "[5:9, 1:4]"); /* 2 lies between */
	assert_true(record_of(2).flags & RECORD_HELD);
	assert_false(record_of(1).flags & RECORD_HELD);
}

/* Its receipts have come: it is over, though nobody has looked at the range. */
static void
a_run_ends_when_receipts_have_settled_the_doubt_of_a_lane_that_is_away(void **state)
{
	struct ask q = {.inc = "inc-1",
			.permit = "p1",
			.first = 0,
			.count = 1,
			.attempt = 1,
			.dedupe_ms = 36000000};

	(void)state;
	launch_routes(1, "order 1 0 1");
	take("a", 1);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "U");
	release(0);
	rest("a", 2592000000);
	assert_string_equal(todo_of("0:0"), "[0:1]");
	call_words("receipts", "a 0 0 1 0 0 1 _ _ %d 0 \"\",\"\"", (int)RECORD_DELIVERED);
	keep(5);
	assert_string_equal(call_words("control", "1 running finished"), "finished");
}

/* One of the first three is in doubt, its gateway is away and would know it for hours. */
static void
a_canary_does_not_wait_for_a_lane_that_was_left(void **state)
{
	struct ask q = {.inc = "inc-1",
			.permit = "p1",
			.first = 0,
			.count = 3,
			.attempt = 1,
			.dedupe_ms = 36000000};

	(void)state;
	launch_routes(50, "order 1 0 1");
	COMMAND("HSET", "loa:run:1", "canary_n", "3", "canary", "auto", "canary_after_s", "5");
	assert_string_equal(take("a", 50), "0:3");
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "AUA");
	release(0);
	rest("a", 2592000000);
	take("b", 50);
	keep(50);
	assert_string_equal(take("b", 50), "");
	keep(20);
	assert_string_equal(take("b", 50), "3:50");
}

static unsigned
width(const char *range)
{
	unsigned from, to;

	return sscanf(range, "%u:%u", &from, &to) == 2 ? to - from : 0;
}

/* All of 100 are refused, 50 by each; a person retries them: they are shared out as they were. */
static void
what_is_retried_is_shared_out_again(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "pa", .first = 0, .count = 50, .attempt = 1};
	struct ask r = {
		.inc = "inc-1", .permit = "pb", .from = 50, .first = 50, .count = 50, .attempt = 1};
	char no[51] = {0};
	unsigned a, b;

	(void)state;
	memset(no, 'N', 50);
	launch_routes(100, "share 1 0:50 1:50");
	assert_string_equal(take("a", 100), "0:50");
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "pa", no);
	release(0);
	assert_string_equal(take("b", 100), "50:100");
	assert_true(is_go(permit(&r)));
	outcome(50, 1, "pb", no);
	release(50);
	pass(2000);
	call_words("retry", "1 r1 \x14 person");
	while (strncmp(call_words("step", "1"), "[1", 2) == 0)
		;
	assert_string_equal(todo_of("0"), "[0:100]");
	a = width(take("a", 100));
	b = width(take("b", 100));
	assert_in_range(a, 50, 51);
	assert_int_equal(a + b, 100);
}

/* b has one of a hundred; and one that is tried gets one, of what is due as of what is new. */
static void
what_is_due_is_given_no_larger_than_the_share(void **state)
{
	(void)state;
	launch_routes(200, "share 1 0:99 1:1");
	assert_string_equal(take("a", 100), "0:100");
	release(0);
	assert_string_equal(take("b", 100), "0:2");
	assert_string_equal(todo_of("0"), "[2:100]");
	assert_string_equal(take("b", 100), "");
	assert_string_equal(take("a", 100), "2:100");
}

static void
what_is_due_tries_a_provider_with_one_request(void **state)
{
	(void)state;
	launch_routes(50, "order 3 0 1");
	assert_string_equal(take("a", 20), "0:20");
	release(0);
	COMMAND("HSET", "loa:lane:a", "opens", "1");
	assert_string_equal(take("a", 20), "0:3");
	assert_string_equal(todo_of("0"), "[3:20]");
}

/* Nobody could repeat half of it. */
static void
what_is_due_is_not_cut_inside_doubt(void **state)
{
	(void)state;
	doubt_with_gaps("order 1 0 1", 36000000);
	keep(66);
	COMMAND("ZREM", "loa:run:1:todo:0", "5:9");
	COMMAND("HSET", "loa:lane:b", "opens", "1");
	assert_string_equal(todo_of("0"), "[0:5]");
	assert_string_equal(take("b", 9), "0:5");
}

/* Six times nothing left, at both in turn: it is the first attempt still, and five may follow. */
static void
what_never_left_uses_up_no_attempt(void **state)
{
	static const char *const lanes[] = {"a", "b"};
	struct ask q = {.inc = "inc-1", .first = 0, .count = 1, .attempt = 1};
	char id[16];

	(void)state;
	launch_routes(1, "order 1 0 1");
	for (int i = 0; i < 7; i++) {
		COMMAND("HDEL", i % 2 ? "loa:lane:b" : "loa:lane:a", "not_before");
		rest(lanes[(i + 1) % 2], 10000000);
		take(lanes[i % 2], 1);
		pass(660100);
		if (i > 0)
			assert_string_equal(take(lanes[i % 2], 1), "0:1");
		snprintf(id, sizeof(id), "p%d", i);
		q.permit = id;
		assert_true(is_go(permit(&q)));
		if (i == 6)
			break;
		call_words("unmark", "1 0 0 1 %s %s 0 _ _ 0", id, fx.lane);
		release(0);
	}
	outcome(0, 1, "p6", "T");
	assert_string_equal(state_of(0), "retry");
	assert_int_equal(record_of(0).attempt, 1);
	assert_int_equal(record_of(0).provider, 0);
}

/* Not taken for a gateway's sake, five times: the sixth attempt is the first that is answered. */
static void
what_was_not_taken_does_not_count_to_the_attempts(void **state)
{
	struct ask q = {.inc = "inc-1", .first = 0, .count = 1};
	char id[16];

	(void)state;
	launch_routes(1, "order 1 0 1");
	take("a", 1);
	for (uint8_t i = 1; i <= 6; i++) {
		be(i % 2 ? "a" : "b");
		snprintf(id, sizeof(id), "p%u", i);
		q.permit = id;
		q.attempt = i;
		assert_true(is_go(permit(&q)));
		outcome(0, i, id, i < 6 ? "W" : "T");
	}
	assert_string_equal(state_of(0), "retry");
	assert_int_equal(record_of(0).attempt, 6);
}

/* a took the first one after all; b, which refused the second, is paid for nothing. */
static void
late_evidence_costs_at_the_provider_that_it_is_of(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .first = 0, .count = 1, .attempt = 1};

	(void)state;
	launch_routes(1, "order 1 0 1");
	take("a", 1);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "W");
	be("b");
	q.permit = "p2";
	q.attempt = 2;
	assert_true(is_go(permit(&q)));
	outcome(0, 2, "p2", "N");
	assert_string_equal(state_of(0), "refused");
	assert_int_equal(record_of(0).provider, 1);
	call_words("receipts", "a 0 0 1 0 0 1 _ _ %d 0 \"\",\"\"", (int)RECORD_DELIVERED);
	assert_string_equal(state_of(0), "delivered");
	assert_int_equal(record_of(0).provider, 0);
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "parts:0"), "1");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "parts:1"), "nil");
}

/* Of ten a second half a second's lies under a lease: the lane that has it gets no more, the other one does. */
static void
a_slow_campaign_waits_for_the_lane_that_has_it(void **state)
{
	(void)state;
	launch_routes(200, "share 1 0:50 1:50");
	COMMAND("HSET", "loa:run:1", "speed", "10");
	assert_string_equal(take("b", 100), "0:5");
	assert_string_equal(take("b", 100), "");
	assert_non_null(strstr(fx.reply.data, "speed of the campaign"));
	assert_string_equal(take("a", 100), "5:10");
	assert_string_equal(take("a", 100), "");
}

/* A smallest batch of three, and a person sends three of nine again: they go together. */
static void
what_a_person_sends_again_goes_together_where_there_is_a_smallest_batch(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .first = 0, .count = 9, .attempt = 1};
	struct argv a = {0};

	(void)state;
	launch_routes(9, "order 3 0 1");
	assert_string_equal(take("a", 9), "0:9");
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "UAUAUAAAA");
	release(0);
	pass(60000);
	argv_adds(&a, "1");
	argv_adds(&a, "0");
	argv_adds(&a, "0");
	argv_add(&a, (struct slice){"\0\0\1\0\2\0\1\0\4\0\1\0", 12});
	argv_adds(&a, "1000");
	assert_string_equal(call("doubt_resend", &a), "[nnn, running]");
	assert_string_equal(todo_of("0"), "[0:5]");
	COMMAND("DEL", "loa:run:1:todo:0");
	assert_string_equal(call_words("reconcile", "1 0 0"), "1");
	assert_string_equal(todo_of("0"), "[0:5]");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		L(two_providers_under_one_name_are_both_held_when_one_is_taken_back),
		L(two_providers_under_one_name_are_both_held_when_one_is_in_doubt),
		L(a_limit_too_small_for_the_next_request_lets_the_route_go_on),
		L(what_fits_still_is_not_held_up_by_what_does_not),
		L(a_provider_that_no_running_server_has_is_left),
		L(a_provider_is_served_as_long_as_one_of_its_servers_lives),
		L(what_waits_between_doubt_goes_to_another_provider),
		L(a_smallest_batch_with_doubt_in_it_goes_to_another_provider),
		L(doubt_that_may_not_be_repeated_any_more_keeps_nothing),
		L(a_run_ends_when_receipts_have_settled_the_doubt_of_a_lane_that_is_away),
		L(a_canary_does_not_wait_for_a_lane_that_was_left),
		L(what_is_retried_is_shared_out_again),
		L(what_is_due_is_given_no_larger_than_the_share),
		L(what_is_due_tries_a_provider_with_one_request),
		L(what_is_due_is_not_cut_inside_doubt),
		L(what_never_left_uses_up_no_attempt),
		L(what_was_not_taken_does_not_count_to_the_attempts),
		L(late_evidence_costs_at_the_provider_that_it_is_of),
		L(a_slow_campaign_waits_for_the_lane_that_has_it),
		L(what_a_person_sends_again_goes_together_where_there_is_a_smallest_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
