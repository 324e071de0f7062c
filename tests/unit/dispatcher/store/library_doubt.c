/* SPDX-License-Identifier: MIT */
/*
 * The Lua library where it is difficult: groups whose members part, lost replies, owners that
 * come back, contradicting receipts. Each test is an interleaving that once went wrong.
 */
#include "tests/unit/dispatcher/store/library_fixture.h"

static void
release(void)
{
	call_words("release", "%lld 0 0 inc-1 %lld 0", (long long)fx.run, (long long)fx.fence);
}

static void
a_group_whose_member_moved_on_is_not_repeated(void **state)
{
	struct ask q = {
		.inc = "inc-1", .permit = "p1", .count = 2, .attempt = 1, .dedupe_ms = 60000};

	(void)state;
	launch_run(2);
	claim("inc-1", 2);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "UT"); /* the first unreadable, the second "try later" */
	assert_string_equal(state_of(0), "unknown");
	assert_string_equal(state_of(1), "retry");
	assert_int_equal(record_of(0).flags & RECORD_HELD, RECORD_HELD);
	q.is_repeat = true;
	q.permit = "p2";
	assert_string_equal(permit(&q), "[held]");
}

static void
a_group_whose_other_members_were_taken_is_repeated(void **state)
{
	struct ask q = {
		.inc = "inc-1", .permit = "p1", .count = 2, .attempt = 1, .dedupe_ms = 60000};

	(void)state;
	launch_run(2);
	claim("inc-1", 2);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "AU");
	q.is_repeat = true;
	q.permit = "p2";
	assert_true(is_go(permit(&q)));
	assert_string_equal(state_of(0), "accepted");
	assert_string_equal(state_of(1), "sending");
	outcome(0, 1, "p2", "AA");
	assert_string_equal(state_of(1), "accepted");
}

static void
a_claim_asked_again_answers_the_same(void **state)
{
	char first[400];

	(void)state;
	launch_run(20);
	snprintf(first, sizeof(first), "%s", call_words("claim", "gw inc-1 10 same-id"));
	assert_non_null(strstr(first, "[work, 1, 0, 0, 10, "));
	assert_string_equal(call_words("claim", "gw inc-1 10 same-id"), first);
	assert_non_null(
		strstr(call_words("claim", "gw inc-1 10 other-id"), "[work, 1, 0, 10, 20, "));
}

static void
a_repeat_with_other_words_is_held_for_good(void **state)
{
	struct ask q = {
		.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1, .dedupe_ms = 60000};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "U");
	release();
	move_clock(4000);
	hello("inc-1");
	assert_non_null(strstr(claim("inc-1", 1), "[work"));
	assert_string_equal(call_words("hold", "1 0 0 inc-1 %lld 0 1", (long long)fx.fence), "1");
	release();
	assert_int_equal(record_of(0).flags & RECORD_HELD, RECORD_HELD);
	assert_non_null(strstr(claim("inc-1", 1), "[sleep"));
}

static void
doubt_of_a_later_attempt_survives_a_contradicting_receipt(void **state)
{
	struct ask q = {
		.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1, .dedupe_ms = 60000};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "T");
	q.permit = "p2";
	q.attempt = 2;
	assert_true(is_go(permit(&q)));
	receipt(0, 1, RECORD_UNDELIVERABLE);
	assert_string_equal(state_of(0), "sending");
	outcome(0, 2, "p2", "U");
	q.permit = "p3";
	q.is_repeat = true;
	assert_true(is_go(permit(&q)));
	assert_string_equal(state_of(0), "sending");
	/* The owner dies: what it was sending is in doubt, not "sending" for ever. */
	move_clock(6000);
	hello("inc-2");
	claim("inc-2", 1);
	assert_string_equal(state_of(0), "unknown");
	receipt(0, 2, RECORD_DELIVERED);
	assert_string_equal(state_of(0), "delivered");
}

static void
a_skipped_message_stays_skipped(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};
	struct argv a = {0};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "T");
	argv_adds(&a, "1");
	argv_adds(&a, "0");
	argv_adds(&a, "0");
	argv_adds(&a, "inc-1");
	argv_add_int(&a, fx.fence);
	argv_add(&a, (struct slice){"\0\0", 2});
	argv_adds(&a, "\x0a"); /* skipped */
	argv_adds(&a, "\x03"); /* missing field */
	assert_string_equal(call("skip", &a), "1");
	assert_string_equal(state_of(0), "skipped");
	outcome(0, 1, "p1", "T");
	assert_string_equal(state_of(0), "skipped");
	/* But what was sent before is not hidden by it. */
	receipt(0, 1, RECORD_DELIVERED);
	assert_string_equal(state_of(0), "delivered");
}

static void
a_slow_owners_refusal_settles_its_only_copy(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	move_clock(6000);
	hello("inc-2");
	claim("inc-2", 1);
	assert_string_equal(state_of(0), "unknown");
	outcome(0, 1, "p1", "N");
	assert_string_equal(state_of(0), "refused");
}

static void
a_slow_owners_unmark_makes_it_claimable_again(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	move_clock(6000);
	hello("inc-2");
	assert_non_null(strstr(claim("inc-2", 1), "[sleep"));
	call_words("unmark", "1 0 0 1 p1 gw 0 _");
	assert_string_equal(state_of(0), "waiting");
	assert_non_null(strstr(claim("inc-2", 1), "[work, 1, 0, 0, 1, "));
}

static void
the_order_of_a_refusal_and_an_unmark_does_not_matter(void **state)
{
	struct ask q = {.inc = "inc-1", .count = 1, .attempt = 1, .dedupe_ms = 60000};

	(void)state;
	launch_run(2);
	claim("inc-1", 2);
	for (unsigned rank = 0; rank < 2; rank++) {
		char a[8], b[8];

		snprintf(a, sizeof(a), "a%u", rank);
		snprintf(b, sizeof(b), "b%u", rank);
		q.first = rank;
		q.is_repeat = false;
		q.permit = a;
		assert_true(is_go(permit(&q)));
		/* As if a's reply had been lost and it were taken for departed. */
		outcome(rank, 1, a, "U");
		q.is_repeat = true;
		q.permit = b;
		assert_true(is_go(permit(&q)));
		if (rank == 0)
			outcome(rank, 1, b, "N");
		call_words("unmark", "1 0 %u 1 %s gw 0 _", rank, a);
		if (rank == 1)
			outcome(rank, 1, b, "N");
		assert_string_equal(state_of(rank), "refused");
	}
}

static void
a_dead_owners_place_on_the_lane_is_given_back(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	COMMAND("HSET", "loa:lane:gw", "concurrency", "1");
	launch_run(2);
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	move_clock(6000);
	hello("inc-2");
	assert_non_null(strstr(claim("inc-2", 1), "[work, 1, 0, 1, 2, "));
	q = (struct ask){
		.inc = "inc-2", .permit = "p2", .from = 1, .first = 1, .count = 1, .attempt = 1};
	assert_true(is_go(permit(&q)));
}

static void
a_run_with_somebody_waiting_is_not_finished(void **state)
{
	(void)state;
	launch_run(2);
	claim("inc-1", 2);
	/* As if a roll-back had lost the lease: nobody stands for the two. */
	COMMAND("DEL", "loa:run:1:lease");
	assert_string_equal(call_words("progress", "1"), "[running, 1, 0, [2], 0, 0]");
	assert_string_equal(call_words("control", "1 running finished"), "running");
	assert_string_equal(call_words("reconcile", "1 0 0"), "1");
	assert_non_null(strstr(claim("inc-1", 2), "[work, 1, 0, 0, 2, "));
}

static void
reconcile_puts_a_whole_request_into_one_range(void **state)
{
	struct ask q = {
		.inc = "inc-1", .permit = "p1", .count = 3, .attempt = 1, .dedupe_ms = 60000};

	(void)state;
	launch_run(3);
	claim("inc-1", 3);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "AUA");
	COMMAND("DEL", "loa:run:1:lease");
	assert_string_equal(call_words("reconcile", "1 0 0"), "1");
	assert_non_null(strstr(claim("inc-1", 3), "[work, 1, 0, 0, 3, "));
	assert_non_null(strstr(fx.reply.data, "[0:1, "));
}

static void
a_range_that_cuts_a_request_stops_nobody(void **state)
{
	struct ask q = {
		.inc = "inc-1", .permit = "p1", .count = 3, .attempt = 1, .dedupe_ms = 60000};

	(void)state;
	launch_run(3);
	claim("inc-1", 3);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "UUU");
	COMMAND("DEL", "loa:run:1:lease");
	COMMAND("ZADD", "loa:run:1:todo:0", "1", "0:1");
	assert_non_null(strstr(claim("inc-1", 3), "[work, 1, 0, 0, 1, "));
	release();
	assert_string_equal(state_of(0), "unknown");
	assert_int_equal(record_of(0).flags & RECORD_HELD, RECORD_HELD);
}

static void
a_lane_fault_uses_up_no_attempt(void **state)
{
	struct ask q = {.inc = "inc-1", .count = 1, .attempt = 1};
	char id[8];

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	for (unsigned i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "p%u", i);
		q.permit = id;
		assert_true(is_go(permit(&q)));
		outcome(0, 1, id, "W");
		assert_string_equal(state_of(0), "waiting");
		assert_int_equal(record_of(0).attempt, 1);
	}
}

static void
fences_differ_after_redis_came_back(void **state)
{
	int64_t before;

	(void)state;
	launch_run(2);
	claim("inc-1", 1);
	before = fx.fence;
	/* Redis lost the claim's fence and comes back. */
	COMMAND("HINCRBY", "loa:meta", "fence", "-1");
	call_words("hello", "inc-1 5000 life-2");
	move_clock(5001);
	call_words("hello", "inc-1 5000 life-2");
	claim("inc-1", 1);
	assert_int_not_equal(fx.fence, before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_group_whose_member_moved_on_is_not_repeated),
		T(a_group_whose_other_members_were_taken_is_repeated),
		T(a_claim_asked_again_answers_the_same),
		T(a_repeat_with_other_words_is_held_for_good),
		T(doubt_of_a_later_attempt_survives_a_contradicting_receipt),
		T(a_skipped_message_stays_skipped),
		T(a_slow_owners_refusal_settles_its_only_copy),
		T(a_slow_owners_unmark_makes_it_claimable_again),
		T(the_order_of_a_refusal_and_an_unmark_does_not_matter),
		T(a_dead_owners_place_on_the_lane_is_given_back),
		T(a_run_with_somebody_waiting_is_not_finished),
		T(reconcile_puts_a_whole_request_into_one_range),
		T(a_range_that_cuts_a_request_stops_nobody),
		T(a_lane_fault_uses_up_no_attempt),
		T(fences_differ_after_redis_came_back),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
