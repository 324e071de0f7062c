/* SPDX-License-Identifier: MIT */
/*
 * The Lua library under a person's hand: cancel in every moment of a message's life, the sweep,
 * and what comes late.
 */
#include "tests/unit/dispatcher/store/library_fixture.h"

static void
release(void)
{
	call_words("release", "%lld 0 0 inc-1 %lld 0", (long long)fx.run, (long long)fx.fence);
}

static const char *
cancel(void)
{
	return call_words("cancel", "%lld wrong-text tester", (long long)fx.run);
}

/* As the keeper does it in one round. Returns the calls that had something to do. */
static int
steps(void)
{
	int n = 0;

	while (strncmp(call_words("step", "%lld", (long long)fx.run), "[1, ", 4) == 0 && n < 1000)
		n++;
	return n;
}

static const char *
counter(const char *name)
{
	char key[64];

	snprintf(key, sizeof(key), "loa:run:%lld:count", (long long)fx.run);
	return COMMAND("HGET", key, name);
}

static const char *
run_field(const char *name)
{
	char key[64];

	snprintf(key, sizeof(key), "loa:run:%lld", (long long)fx.run);
	return COMMAND("HGET", key, name);
}

static void
a_cancelled_run_gives_nothing_and_its_records_end(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(5000);
	claim("inc-1", 10);
	assert_string_equal(cancel(), "[cancelled, 5000, 0, 0, 0, 0, 0, 1]");
	assert_string_equal(permit(&q), "[stop, cancelled]");
	assert_non_null(strstr(claim("inc-2", 10), "[sleep"));
	/* Five pieces of 1,024; the first is partly leased and is looked at again each half second. */
	assert_in_range(steps(), 5, 6);
	assert_string_equal(state_of(0), "waiting");
	assert_string_equal(state_of(10), "cancelled");
	assert_string_equal(counter("cancelled"), "4990");
	release();
	assert_string_equal(call_words("progress", "1"), "[cancelled, 1, 0, [10], 1, 0]");
	move_clock(501);
	assert_int_equal(steps(), 1);
	assert_string_equal(counter("cancelled"), "5000");
	assert_string_equal(call_words("progress", "1"), "[cancelled, 1, 1, [10], 0, 0]");
	assert_string_equal(call_words("control", "1 cancelled finished"), "finished");
	assert_string_equal(run_field("state"), "cancelled");
	assert_string_equal(COMMAND("HGET", "loa:campaign:1", "state"), "cancelled");
	assert_string_equal(COMMAND("ZCARD", "loa:runs"), "0");
	/* Told again, as a replay does: the same words, nothing changes. */
	assert_string_equal(cancel(), "[cancelled, 5000, 0, 0, 0, 0, 0, 1]");
	assert_string_equal(COMMAND("ZCARD", "loa:runs"), "0");
}

static void
what_was_with_the_partner_at_the_cancel_is_said_and_merges_on(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 2, .attempt = 1};

	(void)state;
	launch_run(6);
	claim("inc-1", 6);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "AA");
	receipt(0, 1, RECORD_DELIVERED);
	q.permit = "p2";
	q.first = 2;
	q.count = 1;
	assert_true(is_go(permit(&q)));
	outcome(2, 1, "p2", "U");
	q.permit = "p3";
	q.first = 3;
	assert_true(is_go(permit(&q)));
	assert_string_equal(cancel(), "[cancelled, 2, 1, 1, 0, 1, 1, 1]");
	steps();
	assert_string_equal(state_of(3), "sending");
	outcome(2, 1, "p2", "A");
	outcome(3, 1, "p3", "A");
	release();
	move_clock(501);
	steps();
	receipt(1, 1, RECORD_UNDELIVERABLE);
	receipt(2, 1, RECORD_DELIVERED);
	assert_string_equal(state_of(1), "undeliverable");
	assert_string_equal(state_of(2), "delivered");
	assert_string_equal(state_of(3), "accepted");
	assert_string_equal(state_of(4), "cancelled");
	assert_string_equal(state_of(5), "cancelled");
	assert_string_equal(counter("cancelled"), "2");
}

static void
a_request_that_did_not_leave_ends_with_its_run(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(3);
	claim("inc-1", 3);
	assert_true(is_go(permit(&q)));
	q.permit = "p2";
	q.first = 1;
	assert_true(is_go(permit(&q)));
	q.permit = "p3";
	q.first = 2;
	assert_true(is_go(permit(&q)));
	cancel();
	call_words("unmark", "1 0 0 1 p1 gw 0 _");
	assert_string_equal(state_of(0), "cancelled");
	outcome(1, 1, "p2", "W");
	assert_string_equal(state_of(1), "cancelled");
	outcome(2, 1, "p3", "T");
	assert_string_equal(state_of(2), "cancelled");
	/* The answers told again change nothing. */
	call_words("unmark", "1 0 0 1 p1 gw 0 _");
	outcome(1, 1, "p2", "W");
	outcome(2, 1, "p3", "T");
	assert_string_equal(counter("cancelled"), "3");
	release();
	steps();
	assert_string_equal(call_words("progress", "1"), "[cancelled, 1, 1, [3], 0, 0]");
}

static void
answers_after_the_run_was_put_away_end_it_too(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(2);
	claim("inc-1", 2);
	assert_true(is_go(permit(&q)));
	q.permit = "p2";
	q.first = 1;
	assert_true(is_go(permit(&q)));
	cancel();
	/* The owner sleeps for longer than its lease. */
	move_clock(6000);
	hello("inc-2");
	steps();
	assert_string_equal(state_of(0), "unknown");
	assert_int_equal(record_of(0).flags & RECORD_HELD, RECORD_HELD);
	assert_string_equal(call_words("progress", "1"), "[cancelled, 1, 1, [2], 0, 0]");
	assert_string_equal(call_words("control", "1 cancelled finished"), "finished");
	call_words("unmark", "1 0 0 1 p1 gw 0 _");
	outcome(1, 1, "p2", "W");
	assert_string_equal(state_of(0), "cancelled");
	assert_string_equal(state_of(1), "cancelled");
	assert_string_equal(counter("cancelled"), "2");
	assert_string_equal(counter("unknown"), "0");
}

static void
an_orphan_that_lies_over_two_pieces_is_in_doubt_and_settles_later(void **state)
{
	struct ask q = {.inc = "inc-1",
			.permit = "p1",
			.first = 1022,
			.count = 4,
			.attempt = 1,
			.dedupe_ms = 60000};

	(void)state;
	launch_run(1100);
	claim("inc-1", 1100);
	assert_true(is_go(permit(&q)));
	cancel();
	move_clock(6000);
	hello("inc-2");
	assert_int_equal(steps(), 2);
	for (unsigned rank = 1022; rank < 1026; rank++) {
		assert_string_equal(state_of(rank), "unknown");
		assert_int_equal(record_of(rank).flags & RECORD_HELD, RECORD_HELD);
	}
	assert_string_equal(state_of(1021), "cancelled");
	assert_string_equal(state_of(1026), "cancelled");
	assert_string_equal(call_words("reconcile", "1 0 0"), "-1");
	outcome(1022, 1, "p1", "AWTN");
	assert_string_equal(state_of(1022), "accepted");
	assert_string_equal(state_of(1023), "cancelled");
	assert_string_equal(state_of(1024), "cancelled");
	assert_string_equal(state_of(1025), "refused");
	assert_string_equal(counter("cancelled"), "1098");
}

static void
doubt_in_the_dedupe_window_is_not_repeated_after_a_cancel(void **state)
{
	struct ask q = {
		.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1, .dedupe_ms = 60000};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "U");
	assert_string_equal(cancel(), "[cancelled, 0, 0, 0, 0, 0, 1, 1]");
	q.is_repeat = true;
	q.permit = "p2";
	assert_string_equal(permit(&q), "[stop, cancelled]");
	release();
	steps();
	assert_string_equal(state_of(0), "unknown");
	assert_int_equal(record_of(0).flags & RECORD_HELD, RECORD_HELD);
	assert_string_equal(call_words("progress", "1"), "[cancelled, 1, 1, [1], 0, 0]");
	receipt(0, 1, RECORD_DELIVERED);
	assert_string_equal(state_of(0), "delivered");
}

static void
retry_with_an_earlier_attempt_in_doubt_stays_in_doubt(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "T");
	q.permit = "p2";
	q.attempt = 2;
	assert_true(is_go(permit(&q)));
	/* A copy that Redis has lost is told again: doubt about attempt 1. */
	{
		struct argv a = {0};

		argv_adds(&a, "1");
		argv_adds(&a, "0");
		argv_adds(&a, "0");
		argv_adds(&a, "1");
		argv_adds(&a, "p0");
		argv_adds(&a, "gw");
		argv_add(&a, (struct slice){"\0\0", 2});
		argv_adds(&a, "\x01");
		argv_adds(&a, "\x01");
		argv_adds(&a, "hash");
		argv_adds(&a, "1");
		argv_adds(&a, "0");
		argv_adds(&a, "0");
		argv_adds(&a, "inc-1");
		assert_string_equal(call("remark", &a), "1");
	}
	outcome(0, 2, "p2", "T");
	assert_string_equal(state_of(0), "retry");
	cancel();
	release();
	steps();
	assert_string_equal(state_of(0), "unknown");
	assert_string_equal(counter("retry"), "0");
}

static void
slices_frozen_after_the_cancel_begin_at_their_end(void **state)
{
	static const char bitmap[2048];
	struct argv a = {0};

	(void)state;
	fx.run = 1;
	COMMAND("HSET", "loa:campaign:1", "state", "draft");
	call_words("launch", "loa:campaign:1 1 3 gw 1 campaign 1");
	assert_string_equal(cancel(), "[cancelled, 0, 0, 0, 0, 0, 0, 0]");
	assert_string_equal(call_words("progress", "1"), "[cancelled, 0, 0, [0], 0, 0]");
	argv_adds(&a, "1");
	argv_adds(&a, "0");
	argv_adds(&a, "1");
	argv_adds(&a, "0");
	argv_add(&a, (struct slice){bitmap, sizeof(bitmap)});
	/* One who waits, one with the same phone as an earlier row. */
	argv_add(&a, (struct slice){"\0\0\0\0\0\0\0\0\x0a\x01\0\0\0\0\0\0", 16});
	assert_string_equal(call("freeze", &a), "1");
	assert_string_equal(state_of(0), "cancelled");
	assert_string_equal(state_of(1), "skipped");
	assert_int_equal(record_of(1).reason, REASON_SAME_PHONE);
	assert_string_equal(counter("cancelled"), "1");
	assert_string_equal(counter("skipped"), "1");
	assert_string_equal(call_words("progress", "1"), "[cancelled, 1, 1, [0], 0, 0]");
}

static void
a_paused_run_can_be_cancelled_and_a_cancelled_one_not_resumed(void **state)
{
	(void)state;
	launch_run(1);
	assert_string_equal(call_words("control", "1 running paused person lunch an"), "paused");
	assert_string_equal(run_field("reason"), "lunch");
	/* Paused again: fine, and the first reason stays. */
	assert_string_equal(call_words("control", "1 running paused person other an"), "paused");
	assert_string_equal(run_field("reason"), "lunch");
	assert_string_equal(call_words("control", "1 paused running"), "running");
	assert_string_equal(run_field("why"), "nil");
	assert_string_equal(call_words("control", "1 paused running"), "running");
	call_words("control", "1 running paused person lunch an");
	assert_non_null(strstr(cancel(), "[cancelled, 1, "));
	assert_string_equal(run_field("reason"), "wrong-text");
	assert_string_equal(run_field("why_by"), "tester");
	assert_string_equal(call_words("control", "1 paused running"), "cancelled");
	assert_string_equal(call_words("control", "1 running paused"), "cancelled");
	assert_string_equal(call_words("control", "1 running finished"), "cancelled");
}

static void
a_resume_lets_go_on_what_a_brake_has_stopped(void **state)
{
	(void)state;
	launch_run(1);
	COMMAND("HSET", "loa:run:1", "brake0", "9 of 10 refused");
	assert_non_null(strstr(claim("inc-1", 1), "stopped by the brake"));
	assert_string_equal(call_words("resume", "1"), "running");
	assert_string_equal(run_field("brake0"), "nil");
	call_words("control", "1 running paused person _ an");
	COMMAND("HSET", "loa:run:1", "brake0", "9 of 10 refused");
	assert_string_equal(call_words("resume", "1"), "running");
	assert_non_null(strstr(claim("inc-1", 1), "[work"));
	cancel();
	COMMAND("HSET", "loa:run:1", "brake0", "9 of 10 refused");
	assert_string_equal(call_words("resume", "1"), "cancelled");
	assert_string_equal(run_field("brake0"), "9 of 10 refused");
}

static void
a_finished_run_is_not_cancelled(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "N");
	release();
	assert_string_equal(call_words("control", "1 running finished"), "finished");
	assert_string_equal(cancel(), "[finished]");
	assert_string_equal(run_field("state"), "finished");
}

static void
a_permit_told_again_to_a_cancelled_run_settles_by_its_answer(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};
	struct argv a = {0};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	cancel();
	call_words("unmark", "1 0 0 1 p1 gw 0 _");
	assert_string_equal(state_of(0), "cancelled");
	argv_adds(&a, "1");
	argv_adds(&a, "0");
	argv_adds(&a, "0");
	argv_adds(&a, "1");
	argv_adds(&a, "p2");
	argv_adds(&a, "gw");
	argv_add(&a, (struct slice){"\0\0", 2});
	argv_adds(&a, "\x01");
	argv_adds(&a, "\x01");
	argv_adds(&a, "hash");
	argv_adds(&a, "1");
	argv_adds(&a, "0");
	argv_adds(&a, "0");
	argv_adds(&a, "inc-1");
	assert_string_equal(call("remark", &a), "1");
	assert_string_equal(state_of(0), "sending");
	call_words("unmark", "1 0 0 1 p2 gw 0 _");
	assert_string_equal(state_of(0), "cancelled");
	assert_string_equal(counter("cancelled"), "1");
}

static void
a_speed_that_is_told_again_does_not_undo_a_later_one(void **state)
{
	(void)state;
	launch_run(1);
	assert_string_equal(call_words("campaign_set", "1 speed 50 act-a"), "1");
	assert_string_equal(call_words("campaign_set", "1 speed 20 act-b"), "1");
	assert_string_equal(call_words("campaign_set", "1 speed 50 act-a"), "1");
	assert_string_equal(COMMAND("HGET", "loa:campaign:1", "speed"), "20");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "speed"), "20");
	/* Redis came back older, without both: told again in their order */
	COMMAND("HDEL", "loa:campaign:1", "acts", "speed");
	COMMAND("HDEL", "loa:run:1", "speed");
	call_words("campaign_set", "1 speed 50 act-a");
	call_words("campaign_set", "1 speed 20 act-b");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "speed"), "20");
	assert_string_equal(call_words("campaign_set", "1 speed _ act-c"), "1");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "speed"), "nil");
	assert_string_equal(call_words("campaign_set", "77 speed 5 act-d"), "nil");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_cancelled_run_gives_nothing_and_its_records_end),
		T(what_was_with_the_partner_at_the_cancel_is_said_and_merges_on),
		T(a_request_that_did_not_leave_ends_with_its_run),
		T(answers_after_the_run_was_put_away_end_it_too),
		T(an_orphan_that_lies_over_two_pieces_is_in_doubt_and_settles_later),
		T(doubt_in_the_dedupe_window_is_not_repeated_after_a_cancel),
		T(retry_with_an_earlier_attempt_in_doubt_stays_in_doubt),
		T(slices_frozen_after_the_cancel_begin_at_their_end),
		T(a_paused_run_can_be_cancelled_and_a_cancelled_one_not_resumed),
		T(a_resume_lets_go_on_what_a_brake_has_stopped),
		T(a_finished_run_is_not_cancelled),
		T(a_permit_told_again_to_a_cancelled_run_settles_by_its_answer),
		T(a_speed_that_is_told_again_does_not_undo_a_later_one),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
