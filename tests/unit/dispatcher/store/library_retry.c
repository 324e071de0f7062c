/* SPDX-License-Identifier: MIT */
/*
 * The Lua library: a new attempt for what failed, and campaigns that have a time. Each test is one
 * moment in which it could go twice, not at all, or to somebody else.
 */
#include "tests/unit/dispatcher/store/library_fixture.h"

static void
release(unsigned from)
{
	call_words("release", "%lld 0 %u inc-1 %lld 0", (long long)fx.run, from,
		   (long long)fx.fence);
}

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

static void
send_one(unsigned from, unsigned rank, uint8_t attempt, const char *permit_id, const char *class)
{
	struct ask q = {.inc = "inc-1",
			.from = from,
			.permit = permit_id,
			.first = rank,
			.count = 1,
			.attempt = attempt};

	assert_true(is_go(permit(&q)));
	outcome(rank, attempt, permit_id, class);
}

/* Rank 0 refused, 1 not delivered, 2 delivered, 3 in doubt, 4 accepted; nothing is leased. */
static void
make_run(void)
{
	launch_run(5);
	claim("inc-1", 5);
	send_one(0, 0, 1, "p0", "N");
	send_one(0, 1, 1, "p1", "A");
	send_one(0, 2, 1, "p2", "A");
	send_one(0, 3, 1, "p3", "U");
	send_one(0, 4, 1, "p4", "A");
	receipt(1, 1, RECORD_UNDELIVERABLE);
	receipt(2, 1, RECORD_DELIVERED);
	release(0);
}

static void
only_the_failed_get_a_new_attempt(void **state)
{
	(void)state;
	make_run();
	assert_string_equal(call_words("control", "1 running finished"), "finished");
	assert_string_equal(COMMAND("ZCARD", "loa:runs"), "0");
	assert_string_equal(counter("parts:0"), "3");
	/* 20 a bad recipient, 60 a receipt that says no: as bytes. */
	assert_string_equal(call_words("retry", "1 id-one \x14\x3c tester"), "[retrying, running]");
	assert_string_equal(COMMAND("HGET", "loa:campaign:1", "state"), "running");
	assert_string_equal(COMMAND("ZCARD", "loa:runs"), "1");
	/* Not finished again before the step was done. */
	assert_string_equal(call_words("control", "1 running finished"), "running");
	assert_string_equal(call_words("step", "1"), "[1, 2]");
	assert_string_equal(call_words("step", "1"), "[0, 0]");
	assert_string_equal(state_of(0), "waiting");
	assert_int_equal(record_of(0).attempt, 2);
	assert_string_equal(state_of(1), "waiting");
	assert_string_equal(state_of(2), "delivered");
	assert_string_equal(state_of(3), "unknown");
	assert_string_equal(state_of(4), "accepted");
	assert_string_equal(counter("refused"), "0");
	assert_string_equal(counter("undeliverable"), "0");
	assert_string_equal(counter("parts:0"), "2");
	assert_string_equal(counter("again:0"), "1"); /* the partner took it, and is paid */
	assert_non_null(strstr(claim("inc-1", 5), "[work, 1, 0, 0, 2, "));
	send_one(0, 0, 2, "q0", "N");
	send_one(0, 1, 2, "q1", "A");
	assert_string_equal(state_of(0), "refused");
	assert_string_equal(state_of(1), "accepted");
	assert_string_equal(counter("parts:0"), "3");
	assert_string_equal(counter("again:0"), "1");
	receipt(1, 2, RECORD_DELIVERED);
	release(0);
	assert_string_equal(call_words("progress", "1"), "[running, 1, 1, [5], 0, 1]");
}

static void
a_retry_asked_again_is_the_same_one(void **state)
{
	(void)state;
	make_run();
	assert_string_equal(call_words("retry", "1 id-one \x3c tester"), "[retrying, running]");
	assert_string_equal(call_words("retry", "1 id-one \x3c tester"), "[known, running]");
	assert_string_equal(call_words("retry", "1 id-two \x3c tester"), "[busy]");
	assert_int_equal(steps(), 1);
	claim("inc-1", 5);
	send_one(1, 1, 2, "q1", "A");
	receipt(1, 2, RECORD_UNDELIVERABLE);
	assert_string_equal(call_words("retry", "1 id-one \x3c tester"), "[known, running]");
	assert_int_equal(steps(), 0);
	assert_string_equal(state_of(1), "undeliverable");
	assert_int_equal(record_of(1).attempt, 2);
	/* Two attempts were taken: one counts in parts, the other in again. */
	assert_string_equal(counter("parts:0"), "3");
	assert_string_equal(counter("again:0"), "1");
}

static void
other_reasons_are_left_alone(void **state)
{
	(void)state;
	make_run();
	call_words("retry", "1 id-one \x15 tester"); /* 21: a bad text */
	steps();
	assert_string_equal(state_of(0), "refused");
	assert_string_equal(state_of(1), "undeliverable");
}

static void
who_failed_after_the_person_said_yes_is_not_among_them(void **state)
{
	(void)state;
	launch_run(2);
	claim("inc-1", 2);
	send_one(0, 0, 1, "p0", "A");
	receipt(0, 1, RECORD_UNDELIVERABLE);
	call_words("retry", "1 id-one \x3c tester");
	move_clock(2000);
	hello("inc-1");
	send_one(0, 1, 1, "p1", "A");
	receipt(1, 1, RECORD_UNDELIVERABLE);
	steps();
	assert_string_equal(state_of(0), "waiting");
	assert_string_equal(state_of(1), "undeliverable");
}

static void
a_late_receipt_of_the_first_attempt_saves_the_second(void **state)
{
	struct ask q = {
		.inc = "inc-1", .permit = "q1", .from = 1, .first = 1, .count = 1, .attempt = 2};

	(void)state;
	make_run();
	call_words("retry", "1 id-one \x3c tester");
	steps();
	claim("inc-1", 5);
	receipt(1, 1, RECORD_DELIVERED);
	assert_string_equal(state_of(1), "delivered");
	assert_non_null(strstr(permit(&q), "[changed"));
	release(1);
	assert_string_equal(state_of(1), "delivered");
	assert_string_equal(counter("again:0"), "0");
	assert_string_equal(counter("parts:0"), "3");
}

static void
cancelled_before_the_second_attempt_it_shows_what_the_first_said(void **state)
{
	(void)state;
	make_run();
	call_words("retry", "1 id-one \x3c tester");
	steps();
	assert_string_equal(call_words("cancel", "1 _ tester"), "[cancelled, 1, 1, 1, 0, 0, 1, 1]");
	steps();
	assert_string_equal(state_of(1), "undeliverable");
	assert_int_equal(record_of(1).reason, REASON_RECEIPT_FAILED);
	assert_string_equal(counter("parts:0"), "3");
	assert_string_equal(counter("again:0"), "0");
	assert_string_equal(call_words("retry", "1 id-two \x3c tester"), "[cancelled]");
}

static void
cancelled_in_the_middle_of_a_retry_nobody_is_tried_again(void **state)
{
	(void)state;
	make_run();
	call_words("retry", "1 id-one \x3c tester");
	call_words("cancel", "1 _ tester");
	steps();
	assert_string_equal(state_of(1), "undeliverable");
	assert_int_equal(record_of(1).attempt, 1);
	assert_string_equal(counter("parts:0"), "3");
}

static void
a_failed_member_of_a_leased_range_is_found_when_it_is_given_back(void **state)
{
	(void)state;
	launch_run(3);
	claim("inc-1", 3);
	send_one(0, 0, 1, "p0", "A");
	receipt(0, 1, RECORD_UNDELIVERABLE);
	call_words("retry", "1 id-one \x3c tester");
	steps();
	assert_string_equal(state_of(0), "waiting");
	assert_string_equal(COMMAND("ZCARD", "loa:run:1:todo:0"), "0"); /* one owner at a time */
	release(0);
	assert_non_null(strstr(claim("inc-2", 3), "[work, 1, 0, 0, 3, "));
}

static void
the_fifteenth_attempt_is_the_last(void **state)
{
	(void)state;
	make_run();
	/* Attempt and provider are the third byte. */
	COMMAND("SETRANGE", "loa:run:1:rec:0:0", "10", "\x0f");
	call_words("retry", "1 id-one \x3c tester");
	steps();
	assert_string_equal(state_of(1), "undeliverable");
}

static void
a_paused_run_is_retried_and_stays_paused(void **state)
{
	(void)state;
	make_run();
	call_words("control", "1 running paused person _ an");
	assert_string_equal(call_words("retry", "1 id-one \x3c tester"), "[retrying, paused]");
	steps();
	assert_string_equal(state_of(1), "waiting");
	assert_non_null(strstr(claim("inc-1", 5), "[sleep"));
	call_words("control", "1 paused running");
	assert_non_null(strstr(claim("inc-1", 5), "[work, 1, 0, 1, 2, "));
}

/* ---- schedule ---- */

static int64_t
redis_now_s(void)
{
	long long s = 0;

	sscanf(COMMAND("TIME"), "[%lld,", &s);
	return s + fx.offset_ms / 1000;
}

static void
one_date_fires_once(void **state)
{
	long long due = (long long)redis_now_s() + 600;
	char wanted[64];

	(void)state;
	COMMAND("HSET", "loa:campaign:1", "state", "draft");
	assert_string_equal(call_words("due", "x"), "[none]");
	snprintf(wanted, sizeof(wanted), "[scheduled, %lld]", due);
	assert_string_equal(call_words("schedule", "1 %lld", due), wanted);
	assert_non_null(strstr(call_words("due", "x"), "[sleep, "));
	/* A person's launch must not go beside it. */
	assert_string_equal(call_words("launch", "loa:campaign:1 1 3 gw 1 campaign 1"),
			    "[scheduled, 0]");
	/* One that was meant for another date does nothing. */
	assert_string_equal(
		call_words("launch", "loa:campaign:1 1 3 gw 1 campaign 1 due_s %lld", due - 1),
		"[scheduled, 0]");
	move_clock(600000);
	snprintf(wanted, sizeof(wanted), "[fire, 1, %lld]", due);
	assert_string_equal(call_words("due", "x"), wanted);
	assert_non_null(
		strstr(call_words("launch", "loa:campaign:1 1 3 gw 1 campaign 1 due_s %lld", due),
		       "[launched, 1, "));
	assert_string_equal(
		call_words("launch", "loa:campaign:1 2 3 gw 1 campaign 1 due_s %lld", due),
		"[running, 1]");
	assert_string_equal(COMMAND("EXISTS", "loa:run:2"), "0");
	assert_string_equal(call_words("due", "x"), "[none]");
	assert_string_equal(COMMAND("HGET", "loa:campaign:1", "due_s"), "nil");
}

static void
an_hour_late_it_is_missed_and_a_person_launches_it(void **state)
{
	long long due = (long long)redis_now_s() + 10;

	(void)state;
	COMMAND("HSET", "loa:campaign:1", "state", "draft");
	call_words("schedule", "1 %lld", due);
	move_clock(3605000);
	assert_non_null(strstr(call_words("due", "x"), "[fire, 1, "));
	move_clock(10000);
	assert_non_null(strstr(call_words("due", "x"), "[missed, 1, "));
	assert_string_equal(call_words("due", "x"), "[none]");
	assert_string_equal(COMMAND("HGET", "loa:campaign:1", "state"), "missed");
	assert_non_null(strstr(COMMAND("HGET", "loa:campaign:1", "problem"), "no server"));
	/* Who meant to fire it still is too late. */
	assert_string_equal(
		call_words("launch", "loa:campaign:1 1 3 gw 1 campaign 1 due_s %lld", due),
		"[missed, 0]");
	assert_non_null(strstr(call_words("launch", "loa:campaign:1 1 3 gw 1 campaign 1"),
			       "[launched, 1, "));
	assert_string_equal(COMMAND("HGET", "loa:campaign:1", "problem"), "nil");
}

static void
unscheduled_it_is_a_draft_and_told_again_it_spares_the_next_date(void **state)
{
	long long due = (long long)redis_now_s() + 600;

	(void)state;
	COMMAND("HSET", "loa:campaign:1", "state", "draft");
	call_words("schedule", "1 %lld", due);
	assert_string_equal(call_words("unschedule", "1 %lld", due), "draft");
	assert_string_equal(call_words("unschedule", "1 %lld", due), "draft");
	assert_string_equal(COMMAND("ZCARD", "loa:schedule"), "0");
	call_words("schedule", "1 %lld", due + 60);
	assert_string_equal(call_words("unschedule", "1 %lld", due), "scheduled");
	assert_string_equal(call_words("missed", "1 %lld broken", due), "0");
	assert_string_equal(call_words("missed", "1 %lld broken", due + 60), "1");
	assert_string_equal(COMMAND("HGET", "loa:campaign:1", "problem"), "broken");
	/* One that was missed gets another date. */
	assert_non_null(strstr(call_words("schedule", "1 %lld", due + 90), "[scheduled, "));
	assert_string_equal(COMMAND("HGET", "loa:campaign:1", "problem"), "nil");
}

static void
a_date_lies_ahead_by_two_years_at_most(void **state)
{
	long long now = (long long)redis_now_s();

	(void)state;
	COMMAND("HSET", "loa:campaign:1", "state", "draft");
	assert_non_null(strstr(call_words("schedule", "1 %lld", now - 1), "[past, "));
	assert_non_null(strstr(call_words("schedule", "1 %lld", now + 733LL * 86400), "[far, "));
	assert_string_equal(call_words("schedule", "2 %lld", now + 60), "[gone]");
	COMMAND("HSET", "loa:campaign:1", "state", "running");
	assert_string_equal(call_words("schedule", "1 %lld", now + 60), "[running]");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(only_the_failed_get_a_new_attempt),
		T(a_retry_asked_again_is_the_same_one),
		T(other_reasons_are_left_alone),
		T(who_failed_after_the_person_said_yes_is_not_among_them),
		T(a_late_receipt_of_the_first_attempt_saves_the_second),
		T(cancelled_before_the_second_attempt_it_shows_what_the_first_said),
		T(cancelled_in_the_middle_of_a_retry_nobody_is_tried_again),
		T(a_failed_member_of_a_leased_range_is_found_when_it_is_given_back),
		T(the_fifteenth_attempt_is_the_last),
		T(a_paused_run_is_retried_and_stays_paused),
		T(one_date_fires_once),
		T(an_hour_late_it_is_missed_and_a_person_launches_it),
		T(unscheduled_it_is_a_draft_and_told_again_it_spares_the_next_date),
		T(a_date_lies_ahead_by_two_years_at_most),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
