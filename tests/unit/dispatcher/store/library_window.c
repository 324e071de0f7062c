/* SPDX-License-Identifier: MIT */
/*
 * The Lua library: by when a run must be sent, and how it is spread over a time. Each test is one moment
 * in which a message could leave too late, be forgotten, or go too fast.
 */
#include "tests/unit/dispatcher/store/library_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define VN_S 25200

static long long
redis_now_s(void)
{
	long long s = 0;

	sscanf(COMMAND("TIME"), "[%lld,", &s);
	return s + fx.offset_ms / 1000;
}

/* The clock goes to so many seconds after the next noon in Vietnam. */
static void
clock_to_noon(int seconds)
{
	long long now = redis_now_s();
	long long noon = (now + VN_S) / 86400 * 86400 - VN_S + 86400 + 12 * 3600;

	move_clock((noon + seconds - now) * 1000);
	hello("inc-1");
	hello("inc-2");
}

static long long
number(const char *field)
{
	char key[32];
	long long v = -1;

	snprintf(key, sizeof(key), "loa:run:%lld", (long long)fx.run);
	sscanf(COMMAND("HGET", key, field), "%lld", &v);
	return v;
}

static double
pace(void)
{
	char key[32];
	double v = -1;

	snprintf(key, sizeof(key), "loa:run:%lld", (long long)fx.run);
	sscanf(COMMAND("HGET", key, "smooth_speed"), "%lf", &v);
	return v;
}

/* A run of n messages, launched at noon, of a campaign with this. */
static void
launch_with(const char *field, const char *minute, unsigned n)
{
	clock_to_noon(0);
	COMMAND("HSET", "loa:campaign:1", field, minute);
	launch_run(n);
}

static void
steps(void)
{
	int n = 0;

	call_words("progress", "%lld", (long long)fx.run);
	while (strncmp(call_words("step", "%lld", (long long)fx.run), "[1, ", 4) == 0 && n < 1000)
		n++;
}

static const char *
run_state(void)
{
	return COMMAND("HGET", "loa:run:1", "state");
}

static void
pass(int seconds)
{
	for (; seconds > 0; seconds -= 4) {
		move_clock((seconds < 4 ? seconds : 4) * 1000);
		hello("inc-1");
		hello("inc-2");
	}
}

static void
a_time_of_the_day_is_the_next_one(void **state)
{
	(void)state;
	launch_with("finish_by", "721", 1); /* 12:01 */
	/* noon is UTC's fifth hour; the launch may be a little after it */
	assert_int_equal(number("finish_s") % 86400, 5 * 3600 + 60);
	assert_in_range(number("finish_s") - number("launched_s"), 50, 60);
}

static void
at_its_own_minute_it_is_that_of_tomorrow(void **state)
{
	(void)state;
	launch_with("finish_by", "720", 1);
	assert_true(number("finish_s") - number("launched_s") > 86390);
}

static void
what_may_only_begin_after_its_time_is_not_launched(void **state)
{
	long long noon;

	(void)state;
	clock_to_noon(0);
	noon = redis_now_s();
	COMMAND("HSET", "loa:campaign:1", "state", "scheduled", "finish_by", "721", "due_s", "1");
	/* its hours open at 13:00 */
	COMMAND("HSET", "loa:campaign:2", "state", "draft", "finish_by", "721");
	assert_string_equal(call_words("launch",
				       "loa:campaign:2 2 3 gw 1 campaign 2 hours_from 780 "
				       "hours_to 1320"),
			    "[closed, 0]");
	assert_string_equal(COMMAND("HGET", "loa:campaign:2", "state"), "draft");
	/* it was due at noon yesterday */
	call_words("schedule", "1 %lld", noon + 30);
	pass(120);
	assert_string_equal(
		call_words("launch", "loa:campaign:1 1 3 gw 1 campaign 1 due_s %lld", noon + 30),
		"[over, 0]");
	assert_string_equal(COMMAND("EXISTS", "loa:run:1", "loa:run:2"), "0");
}

static void
after_its_time_nothing_is_claimed_or_permitted(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p0", .first = 0, .count = 1, .attempt = 1};

	(void)state;
	launch_with("finish_by", "721", 4);
	assert_non_null(strstr(claim("inc-1", 2), "[work, 1, 0, 0, 2, "));
	pass(56);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p0", "A");
	pass(6);
	q.permit = "p1";
	q.first = 1;
	assert_non_null(strstr(permit(&q), "[stop, the time is over"));
	assert_non_null(strstr(claim("inc-2", 2), "[sleep, "));
}

static void
what_waits_ends_and_what_is_with_a_partner_goes_on(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p0", .first = 0, .count = 1, .attempt = 1};

	(void)state;
	launch_with("finish_by", "721", 6);
	claim("inc-1", 4);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p0", "A");
	q.permit = "p1";
	q.first = 1;
	assert_true(is_go(permit(&q))); /* on the wire */
	q.permit = "p2";
	q.first = 2;
	assert_true(is_go(permit(&q)));
	outcome(2, 1, "p2", "T"); /* explicitly not now */
	q.permit = "p3";
	q.first = 3;
	assert_true(is_go(permit(&q)));
	pass(61);
	steps();
	assert_string_equal(state_of(0), "accepted");
	assert_string_equal(state_of(1), "sending"); /* its sender lives */
	assert_string_equal(state_of(4), "expired");
	assert_int_equal(record_of(4).reason, REASON_FINISH_BY);
	outcome(1, 1, "p1", "A");
	outcome(3, 1, "p3", "T"); /* then it would have been due again */
	assert_string_equal(state_of(3), "expired");
	call_words("release", "1 0 0 inc-1 %lld 0", (long long)fx.fence);
	move_clock(1000);
	hello("inc-1");
	steps();
	assert_string_equal(state_of(1), "accepted");
	assert_string_equal(state_of(2), "expired");
	assert_string_equal(state_of(3), "expired");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "expired"), "4");
	receipt(0, 1, RECORD_DELIVERED);
	receipt(1, 1, RECORD_DELIVERED);
	assert_string_equal(call_words("control", "1 running finished"), "finished");
	assert_string_equal(COMMAND("HGET", "loa:campaign:1", "state"), "finished");
}

static void
doubt_at_its_end_is_for_a_person(void **state)
{
	struct ask q = {.inc = "inc-1",
			.permit = "p0",
			.first = 0,
			.count = 1,
			.attempt = 1,
			.dedupe_ms = 600000};

	(void)state;
	launch_with("finish_by", "721", 2);
	claim("inc-1", 2);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p0", "U");
	call_words("release", "1 0 0 inc-1 %lld 0", (long long)fx.fence);
	pass(61);
	steps();
	assert_string_equal(state_of(0), "unknown");
	assert_true((record_of(0).flags & RECORD_HELD) != 0);
	assert_string_equal(state_of(1), "expired");
	assert_string_equal(call_words("control", "1 running finished"), "finished");
}

static void
who_is_frozen_after_its_time_begins_at_the_end(void **state)
{
	static const char bitmap[2048];
	struct argv a = {0};

	(void)state;
	clock_to_noon(0);
	COMMAND("HSET", "loa:campaign:1", "state", "draft", "finish_by", "721");
	fx.run = 1;
	call_words("launch", "loa:campaign:1 1 3 gw 1 campaign 1");
	pass(61);
	steps();
	argv_adds(&a, "1");
	argv_adds(&a, "0");
	argv_adds(&a, "1");
	argv_adds(&a, "0");
	argv_add(&a, (struct slice){bitmap, sizeof(bitmap)});
	argv_add(&a, (struct slice){"\0\0\0\0\0\0\0\0", 8});
	assert_string_equal(call("freeze", &a), "1");
	assert_string_equal(state_of(0), "expired");
	assert_int_equal(record_of(0).reason, REASON_FINISH_BY);
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "expired"), "1");
	assert_string_equal(call_words("control", "1 running finished"), "finished");
}

static void
paused_over_its_time_it_ends_too(void **state)
{
	(void)state;
	launch_with("finish_by", "721", 2);
	call_words("control", "1 running paused person x somebody act-1");
	pass(61);
	steps();
	assert_string_equal(state_of(0), "expired");
	call_words("progress", "1");
	assert_string_equal(run_state(), "running");
	assert_string_equal(call_words("control", "1 running finished"), "finished");
}

static void
a_retry_lifts_it(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p0", .first = 0, .count = 1, .attempt = 1};
	char reason[2] = {REASON_BAD_RECIPIENT, '\0'};

	(void)state;
	launch_with("finish_by", "721", 2);
	claim("inc-1", 2);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p0", "N");
	call_words("release", "1 0 0 inc-1 %lld 0", (long long)fx.fence);
	pass(61);
	steps();
	assert_string_equal(call_words("control", "1 running finished"), "finished");
	assert_string_equal(call_words("retry", "1 id-1 %s somebody", reason),
			    "[retrying, running]");
	steps();
	assert_string_equal(state_of(0), "waiting");
	assert_string_equal(state_of(1), "expired");
	assert_non_null(strstr(claim("inc-1", 2), "[work, 1, 0, 0, 1, "));
}

/* ---- smooth ---- */

static void
the_pace_follows_from_who_is_left_and_how_long(void **state)
{
	(void)state;
	launch_with("smooth_until", "725", 600); /* five minutes */
	assert_true(pace() == 1);
	call_words("progress", "1");
	assert_true(pace() > 1.99 && pace() < 2.05);
	/* half of the time without a message: twice as fast */
	pass(150);
	call_words("progress", "1");
	assert_true(pace() > 3.95 && pace() < 4.1);
	/* afterwards as fast as it may */
	pass(151);
	call_words("progress", "1");
	assert_true(pace() == -1);
}

static void
it_ends_when_the_hours_close_and_begins_when_they_open(void **state)
{
	(void)state;
	clock_to_noon(0);
	COMMAND("HSET", "loa:campaign:1", "state", "draft", "smooth_until", "900");
	call_words("launch", "loa:campaign:1 1 3 gw 1 campaign 1 hours_from 730 hours_to 740");
	fx.run = 1;
	assert_int_equal(number("smooth_from_s") % 86400, 5 * 3600 + 600);
	assert_int_equal(number("smooth_s") % 86400, 5 * 3600 + 1200);
}

static void
a_slower_speed_of_the_campaign_holds(void **state)
{
	long long run, speed;

	(void)state;
	clock_to_noon(0);
	COMMAND("HSET", "loa:campaign:1", "smooth_until", "725", "speed", "3");
	launch_run(6000);
	call_words("progress", "1");
	assert_true(pace() > 19);
	/* the last but three words of the answer */
	assert_int_equal(sscanf(claim("inc-1", 50), "[work, %lld, ", &run), 1);
	speed = (long long)atoll(strrchr(fx.reply.data, '[') != NULL
					 ? strstr(strrchr(fx.reply.data, '['), "], ") + 3
					 : "0");
	assert_int_equal(speed, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_time_of_the_day_is_the_next_one),
		T(at_its_own_minute_it_is_that_of_tomorrow),
		T(what_may_only_begin_after_its_time_is_not_launched),
		T(after_its_time_nothing_is_claimed_or_permitted),
		T(what_waits_ends_and_what_is_with_a_partner_goes_on),
		T(doubt_at_its_end_is_for_a_person),
		T(who_is_frozen_after_its_time_begins_at_the_end),
		T(paused_over_its_time_it_ends_too),
		T(a_retry_lifts_it),
		T(the_pace_follows_from_who_is_left_and_how_long),
		T(it_ends_when_the_hours_close_and_begins_when_they_open),
		T(a_slower_speed_of_the_campaign_holds),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
