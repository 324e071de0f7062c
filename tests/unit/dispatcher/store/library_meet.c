/* SPDX-License-Identifier: MIT */
/*
 * Where two organs of the library meet: shares and pauses, smallest batches and the canary or the
 * end of a string, clocks that are set, journals that are told after the fact.
 */
#include "tests/unit/dispatcher/store/library_fixture.h"

/* Ranks 0 … n - 1 of partition 0, frozen as one more slice. */
static void
freeze_more(unsigned slice, unsigned n, bool is_last)
{
	static const char bitmap[2048];
	struct argv a = {0};
	struct buf records = {0};

	for (unsigned i = 0; i < n; i++)
		buf_add(&records, "\0\0\0\0\0\0\0\0", 8);
	argv_add_int(&a, fx.run);
	argv_add_int(&a, slice);
	argv_adds(&a, is_last ? "1" : "0");
	argv_adds(&a, "0");
	argv_add(&a, (struct slice){bitmap, sizeof(bitmap)});
	argv_add(&a, buf_slice(&records));
	call("freeze", &a);
	buf_free(&records);
}

static void
launch_empty(const char *more)
{
	fx.run++;
	COMMAND("HSET", "loa:campaign:1", "state", "draft");
	call_words("launch", "loa:campaign:1 %lld 3 gw 1 campaign 1 %s", (long long)fx.run, more);
}

/* A claim for a lane whose smallest batch is `least`: "from to", or the words of its sleep. */
static const char *
claim_least(unsigned want, unsigned least)
{
	static unsigned number;
	static char out[32];
	const char *p = call_words("claim", "gw inc-1 %u least-%u _ %u", want, ++number, least);
	long long run;
	unsigned part, from, to;

	if (sscanf(p, "[work, %lld, %u, %u, %u", &run, &part, &from, &to) != 4)
		return p;
	snprintf(out, sizeof(out), "%u %u", from, to);
	return out;
}

static void
remark(void)
{
	struct argv a = {0};

	argv_add_int(&a, fx.run);
	argv_adds(&a, "0");
	argv_adds(&a, "0");
	argv_adds(&a, "1");
	argv_adds(&a, "p1");
	argv_adds(&a, "gw");
	argv_add(&a, (struct slice){"\0\0", 2});
	argv_adds(&a, "\x01");
	argv_adds(&a, "\x01");
	argv_adds(&a, "hash");
	argv_adds(&a, "1000");
	argv_adds(&a, "0");
	argv_adds(&a, "0");
	argv_adds(&a, "inc-1");
	assert_string_equal(call("remark", &a), "1");
}

/* ---- shares ---- */

static unsigned
claims_of(unsigned run, unsigned claims)
{
	char work[16];
	unsigned n = 0;

	snprintf(work, sizeof(work), "[work, %u, ", run);
	for (unsigned i = 0; i < claims; i++)
		n += strncmp(claim("inc-1", 10), work, strlen(work)) == 0;
	return n;
}

static void
a_run_that_was_paused_takes_its_share_and_no_more(void **state)
{
	(void)state;
	launch_run(3000);
	launch_run(3000);
	call_words("control", "2 running paused person _ an");
	assert_int_equal(claims_of(1, 100), 100);
	call_words("resume", "2");
	/* Half of what comes now, not all of it until it has caught up. */
	assert_in_range(claims_of(1, 20), 9, 11);
}

static void
a_newcomer_beside_a_run_that_waits_takes_its_share_and_no_more(void **state)
{
	(void)state;
	launch_run(3000);
	launch_run(3000);
	call_words("control", "2 running paused person _ an");
	assert_int_equal(claims_of(1, 100), 100);
	launch_run(3000);
	assert_in_range(claims_of(1, 20), 9, 11);
}

static void
a_run_of_twice_the_weight_gets_twice_as_much(void **state)
{
	(void)state;
	launch_run(3000);
	launch_run(3000);
	COMMAND("HSET", "loa:run:1", "weight", "200");
	assert_in_range(claims_of(1, 30), 19, 21);
}

/* ---- smallest batches ---- */

static void
a_frontier_near_the_end_of_a_string_leaves_a_whole_batch_there(void **state)
{
	(void)state;
	launch_empty("");
	freeze_more(0, 4000, false);
	/* 4,096 - 4,000 = 96 would be too few for ever: 100 stay for the next slice. */
	assert_string_equal(claim_least(4096, 100), "0 3996");
	assert_non_null(strstr(claim_least(4096, 100), "[sleep"));
	freeze_more(1, 4000, true);
	assert_string_equal(claim_least(4096, 100), "3996 4096");
	assert_string_equal(claim_least(5000, 100), "4096 8000");
}

static void
a_frontier_that_is_final_is_taken_whole(void **state)
{
	(void)state;
	launch_empty("");
	freeze_more(0, 4000, true);
	assert_string_equal(claim_least(4096, 100), "0 4000");
}

static void
a_canary_near_the_end_of_a_string_leaves_a_whole_batch_there(void **state)
{
	(void)state;
	launch_empty("canary person canary_n 4090");
	freeze_more(0, 9000, true);
	assert_string_equal(claim_least(4096, 100), "0 4096");
	assert_non_null(strstr(claim_least(4096, 100), "are being looked at"));
}

/*
 * One text to many, and few with the same one in a second's rate: as many are looked through together
 * as can be, whatever speed the run has.
 */
static void
whole_strings_are_claimed_where_equal_texts_must_meet(void **state)
{
	(void)state;
	launch_empty("speed 20");
	freeze_more(0, 4000, false);
	assert_non_null(strstr(claim_least(4096, 4096), "[sleep"));
	freeze_more(1, 5000, true);
	assert_string_equal(claim_least(4096, 4096), "0 4096");
	COMMAND("HDEL", "loa:run:1", "speed");
	assert_string_equal(claim_least(4096, 4096), "4096 8192");
	assert_string_equal(claim_least(4096, 4096), "8192 9000");
}

/* With one text a canary is as small as it says; what is left of its string is taken whole. */
static void
a_canary_of_one_text_is_no_whole_string(void **state)
{
	(void)state;
	launch_empty("canary person canary_n 50 canary0 30");
	freeze_more(0, 9000, true);
	assert_string_equal(claim_least(4096, 4096), "0 50");
	assert_non_null(strstr(claim_least(4096, 4096), "are being looked at"));
	COMMAND("HDEL", "loa:run:1", "canary_n", "canary0");
	call_words("brake_release", "1");
	assert_string_equal(claim_least(4096, 4096), "50 4096");
	assert_string_equal(claim_least(4096, 4096), "4096 8192");
}

static void
a_canary_of_many_texts_is_a_whole_string(void **state)
{
	(void)state;
	launch_empty("canary person canary_n 50 canary0 4096");
	freeze_more(0, 9000, true);
	assert_string_equal(claim_least(4096, 4096), "0 4096");
	assert_non_null(strstr(claim_least(4096, 4096), "are being looked at"));
}

/* ---- clocks that are set ---- */

static void
a_clock_that_is_set_back_after_a_restart_does_not_close_the_day(void **state)
{
	(void)state;
	launch_run(1);
	move_clock(7 * 3600000);
	call_words("hello", "inc-1 5000 life-2");
	move_clock(-7 * 3600000);
	/* The next heartbeat knows: nothing is ever closed for longer than its pause. */
	call_words("hello", "inc-1 5000 life-2");
	assert_non_null(strstr(claim("inc-1", 1), "redis restarted"));
	move_clock(5001);
	call_words("hello", "inc-1 5000 life-2");
	assert_non_null(strstr(claim("inc-1", 1), "[work"));
}

static void
a_process_that_died_before_the_clock_was_set_back_is_dead(void **state)
{
	(void)state;
	launch_run(4);
	move_clock(7 * 3600000);
	hello("inc-1");
	claim("inc-1", 4);
	move_clock(-7 * 3600000);
	hello("inc-2");
	move_clock(5001);
	hello("inc-2");
	assert_non_null(strstr(claim("inc-2", 4), "[work, 1, 0, 0, 4, "));
}

static void
a_lane_that_rested_before_the_clock_was_set_back_goes_on(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(2);
	move_clock(7 * 3600000);
	hello("inc-1");
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	call_words("unmark", "1 0 0 1 p1 gw 60000 away");
	q.permit = "p2";
	assert_non_null(strstr(permit(&q), "[wait, "));
	move_clock(-7 * 3600000);
	hello("inc-1");
	assert_true(is_go(permit(&q)));
}

/* Bytes that left late are paid for by the clock that is, not by the one that was. */
static void
lateness_told_after_the_clock_was_set_back_closes_no_lane(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};
	long long us = 0;

	(void)state;
	launch_run(2);
	move_clock(7 * 3600000);
	hello("inc-1");
	claim("inc-1", 2);
	assert_true(is_go(permit(&q)));
	move_clock(-7 * 3600000);
	hello("inc-1");
	call_words("late", "gw 100000");
	q.permit = "p2";
	q.first = 1;
	assert_int_equal(sscanf(permit(&q), "[wait, %lld, rate]", &us), 1);
	assert_in_range(us, 1, 100000);
}

static void
nobody_is_told_to_wait_long_for_a_redis_that_was_restarted(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};
	long long ms = 0;

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	move_clock(7 * 3600000);
	call_words("hello", "inc-1 5000 life-2");
	move_clock(-7 * 3600000);
	/* Before the next heartbeat mends it. */
	assert_int_equal(sscanf(claim("inc-1", 1), "[sleep, %lld, ", &ms), 1);
	assert_in_range(ms, 1, 1000);
	assert_int_equal(sscanf(permit(&q), "[wait, %lld, ", &ms), 1);
	assert_in_range(ms, 1, 1000000);
}

static void
what_is_due_again_after_the_clock_was_set_back_is_due(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(1);
	move_clock(7 * 3600000);
	hello("inc-1");
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "T");
	call_words("release", "1 0 0 inc-1 %lld 0", (long long)fx.fence);
	move_clock(-7 * 3600000);
	hello("inc-1");
	move_clock(600001);
	hello("inc-1");
	call_words("reconcile", "1 0 0");
	assert_non_null(strstr(claim("inc-1", 1), "[work, 1, 0, 0, 1, "));
}

/* ---- told after the fact ---- */

static void
a_permit_told_to_a_run_that_was_cancelled_and_put_away_is_not_sending_for_ever(void **state)
{
	(void)state;
	launch_run(2);
	call_words("cancel", "1 _ an");
	call_words("step", "1");
	assert_string_equal(call_words("control", "1 cancelled finished"), "finished");
	remark();
	assert_string_equal(state_of(0), "sending");
	/* Its process dies before its answer comes. */
	move_clock(6000);
	assert_non_null(strstr(COMMAND("ZRANGE", "loa:runs", "0", "-1"), "1"));
	call_words("step", "1");
	assert_string_equal(state_of(0), "unknown");
	assert_int_equal(record_of(0).flags & RECORD_HELD, RECORD_HELD);
	assert_string_equal(call_words("progress", "1"), "[cancelled, 1, 1, [1], 0, 0]");
	assert_string_equal(call_words("control", "1 cancelled finished"), "finished");
}

static void
a_pause_told_again_does_not_undo_the_resume_after_it(void **state)
{
	(void)state;
	launch_run(1);
	assert_string_equal(call_words("control", "1 running paused person _ an act-1"), "paused");
	assert_string_equal(call_words("resume", "1"), "running");
	assert_string_equal(call_words("control", "1 running paused person _ an act-2"), "paused");
	assert_string_equal(call_words("resume", "1"), "running");
	assert_string_equal(call_words("control", "1 running paused person _ an act-1"), "paused");
	assert_string_equal(call_words("control", "1 running paused person _ an act-2"), "paused");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "state"), "running");
	/* One that Redis lost is done. */
	assert_string_equal(call_words("control", "1 running paused person _ an act-3"), "paused");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "state"), "paused");
}

static void
an_unschedule_told_again_leaves_a_date_that_was_given_since(void **state)
{
	long long due = clock_wall_ms() / 1000 + 600;

	(void)state;
	COMMAND("HSET", "loa:campaign:8", "state", "draft");
	call_words("schedule", "8 %lld", due);
	assert_string_equal(call_words("unschedule", "8 %lld act-1", due), "draft");
	call_words("schedule", "8 %lld", due);
	assert_string_equal(call_words("unschedule", "8 %lld act-1", due), "draft");
	assert_string_equal(COMMAND("HGET", "loa:campaign:8", "state"), "scheduled");
	assert_string_equal(call_words("unschedule", "8 %lld act-2", due), "draft");
	assert_string_equal(COMMAND("HGET", "loa:campaign:8", "state"), "draft");
}

static void
a_date_of_a_campaign_that_is_not_scheduled_blocks_no_other(void **state)
{
	(void)state;
	COMMAND("HSET", "loa:campaign:7", "state", "draft");
	COMMAND("ZADD", "loa:schedule", "1000", "7");
	COMMAND("HSET", "loa:campaign:8", "state", "draft");
	assert_non_null(
		strstr(call_words("schedule", "8 %lld", (long long)(clock_wall_ms() / 1000 + 60)),
		       "scheduled"));
	move_clock(61000);
	assert_string_equal(call_words("due", "_"), "[sleep, 1]");
	assert_non_null(strstr(call_words("due", "_"), "[fire, 8, "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_run_that_was_paused_takes_its_share_and_no_more),
		T(a_newcomer_beside_a_run_that_waits_takes_its_share_and_no_more),
		T(a_run_of_twice_the_weight_gets_twice_as_much),
		T(a_frontier_near_the_end_of_a_string_leaves_a_whole_batch_there),
		T(a_frontier_that_is_final_is_taken_whole),
		T(a_canary_near_the_end_of_a_string_leaves_a_whole_batch_there),
		T(whole_strings_are_claimed_where_equal_texts_must_meet),
		T(a_canary_of_one_text_is_no_whole_string),
		T(a_canary_of_many_texts_is_a_whole_string),
		T(a_clock_that_is_set_back_after_a_restart_does_not_close_the_day),
		T(a_process_that_died_before_the_clock_was_set_back_is_dead),
		T(a_lane_that_rested_before_the_clock_was_set_back_goes_on),
		T(lateness_told_after_the_clock_was_set_back_closes_no_lane),
		T(nobody_is_told_to_wait_long_for_a_redis_that_was_restarted),
		T(what_is_due_again_after_the_clock_was_set_back_is_due),
		T(a_permit_told_to_a_run_that_was_cancelled_and_put_away_is_not_sending_for_ever),
		T(a_pause_told_again_does_not_undo_the_resume_after_it),
		T(an_unschedule_told_again_leaves_a_date_that_was_given_since),
		T(a_date_of_a_campaign_that_is_not_scheduled_blocks_no_other),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
