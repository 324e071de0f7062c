/* SPDX-License-Identifier: MIT */
/*
 * Limits in the Lua library: rates of messages, parts and requests, days and months of Vietnam,
 * brandnames that lanes share, units, the speed of a run; all or none; what is given back.
 * Expected times are worked out by hand: 1000 ms / (rate × 0.992).
 */
#include <stdlib.h>

#include "tests/unit/dispatcher/store/library_fixture.h"

/* Publish the lane with a rate so high that only `limits` bind. */
static void
publish(const char *limits)
{
	struct argv a = {0};

	argv_adds(&a, "gw");
	argv_adds(&a, "");
	argv_adds(&a, "100000");
	argv_adds(&a, "100");
	argv_adds(&a, limits);
	argv_adds(&a, "");
	call("lane_publish", &a);
}

static void
publish_units(const char *each, const char *unit, const char *its)
{
	struct argv a = {0};

	argv_adds(&a, "gw");
	argv_adds(&a, "");
	argv_adds(&a, "100000");
	argv_adds(&a, "100");
	argv_adds(&a, "");
	argv_adds(&a, each);
	argv_adds(&a, unit);
	argv_adds(&a, its);
	call("lane_publish", &a);
}

static const char *
ask(unsigned first, unsigned count)
{
	static char id[16];
	static unsigned n;

	snprintf(id, sizeof(id), "p%u", ++n);
	return permit(&(struct ask){
		.inc = "inc-1", .permit = id, .first = first, .count = count, .attempt = 1});
}

/* As ask, of a range that begins at `first`. */
static const char *
ask_from(unsigned first)
{
	return permit(&(struct ask){.inc = "inc-1",
				    .permit = "next",
				    .from = first,
				    .first = first,
				    .count = 1,
				    .attempt = 1});
}

/* Microseconds to wait in ['wait' or 'slow', us, why]; -1 = another answer. */
static long long
wait_us(const char *reply, const char *what)
{
	size_t n = strlen(what);

	return reply[0] == '[' && strncmp(reply + 1, what, n) == 0 && reply[n + 1] == ','
		       ? strtoll(reply + n + 2, NULL, 10)
		       : -1;
}

/* Redis's clock goes on meanwhile: a wait is what it should be, less what passed, some 100 ms. */
#define assert_about_ms(us, ms)                                                          \
	do {                                                                             \
		assert_in_range((us), ((ms)-150) * 1000LL > 0 ? ((ms)-150) * 1000LL : 0, \
				(ms)*1000LL);                                            \
	} while (0)

static void
set_time(const char *iso_utc_s) /* seconds since 1970: Redis's clock shows this */
{
	long long now = 0;
	const char *p = COMMAND("TIME");

	sscanf(p, "[%lld", &now);
	fx.offset_ms = (strtoll(iso_utc_s, NULL, 10) - now) * 1000;
	move_clock(0);
	hello("inc-1");
	hello("inc-2");
}

static void
a_limit_of_parts_is_paced_by_the_parts_of_a_request(void **state)
{
	(void)state;
	publish("provider parts second 10\n");
	launch_run(100);
	claim("inc-1", 100);
	assert_true(is_go(ask(0, 5))); /* five parts: 504 ms, of which 16 ms are asked ahead */
	{
		const char *r = ask(5, 1);

		assert_about_ms(wait_us(r, "wait"), 504 - 16);
		assert_non_null(strstr(r, "rate of 10 parts a second of provider gw"));
	}
	move_clock(505);
	assert_true(is_go(ask(5, 1)));
}

static void
a_limit_of_requests_counts_each_once_whatever_is_in_it(void **state)
{
	(void)state;
	publish("provider requests minute 60\n");
	launch_run(100);
	claim("inc-1", 100);
	assert_true(is_go(ask(0, 50)));
	assert_about_ms(wait_us(ask(50, 1), "wait"), 1008 - 16);
	move_clock(1010);
	assert_true(is_go(ask(50, 50)));
}

static void
a_request_that_one_limit_forbids_is_charged_to_none(void **state)
{
	(void)state;
	publish("provider messages second 1000\nprovider parts day 3\n");
	launch_run(100);
	claim("inc-1", 100);
	assert_true(is_go(ask(0, 2)));
	assert_string_equal(COMMAND("HGET", "loa:lane:gw", "parts:day") + strlen("20000 "), "2 0");
	assert_string_equal(ask(2, 2), "[stop, the day's 3 parts of provider gw are used up]");
	assert_string_equal(COMMAND("HGET", "loa:lane:gw", "parts:day") + strlen("20000 "), "2 0");
	assert_string_equal(state_of(2), "waiting");
	assert_true(is_go(ask(2, 1)));
}

static void
a_day_ends_at_midnight_in_vietnam_and_a_month_with_its_last_day(void **state)
{
	const char *r;

	(void)state;
	publish("provider messages day 2\n");
	set_time("1798736390"); /* 2026-12-31T23:59:50+07:00 */
	launch_run(100);
	claim("inc-1", 100);
	assert_true(is_go(ask(0, 2)));
	r = ask(2, 1);
	assert_in_range(wait_us(r, "wait"), 8500000, 10000000);
	assert_non_null(strstr(r, "the day's 2 messages of provider gw are used up"));
	assert_non_null(
		strstr(claim("inc-2", 10), "the day's 2 messages of provider gw are used up"));
	move_clock(10000);
	assert_true(is_go(ask(2, 1)));
	/* set back over midnight: the old day is used up, and the new one keeps what it has */
	move_clock(-10000);
	assert_true(wait_us(ask(3, 1), "wait") > 0);
	move_clock(10000);
	assert_true(is_go(ask(3, 1)));
	assert_true(wait_us(ask(4, 1), "wait") > 0);
	publish("provider messages month 3\n");
	set_time("1803833990"); /* 2027-02-28T23:59:50+07:00: no leap year */
	assert_true(is_go(ask(4, 3)));
	r = ask(7, 1);
	assert_in_range(wait_us(r, "wait"), 8500000, 10000000);
	assert_non_null(strstr(r, "the month's 3 messages"));
	move_clock(10000);
	assert_true(is_go(ask(7, 1)));
}

/* Redis's clock is set two days ahead and back: what was sent on the day that it really is counts. */
static void
a_day_is_found_again_after_a_clock_that_was_days_ahead(void **state)
{
	(void)state;
	publish("provider messages day 3\n");
	set_time("1798736390"); /* 2026-12-31T23:59:50+07:00 */
	launch_run(100);
	claim("inc-1", 100);
	assert_true(is_go(ask(0, 2)));
	move_clock(2 * 86400000LL);
	hello("inc-1");
	assert_true(is_go(ask(2, 1)));
	move_clock(-2 * 86400000LL);
	hello("inc-1");
	assert_true(is_go(permit(&(struct ask){
		.inc = "inc-1", .permit = "last", .first = 3, .count = 1, .attempt = 1})));
	assert_true(wait_us(ask(4, 1), "wait") > 0);
	/* given back to the day that it was of */
	call_words("unmark", "1 0 3 1 last gw 0 _ _ 0");
	assert_true(is_go(ask(4, 1)));
	assert_true(wait_us(ask(5, 1), "wait") > 0);
	/* the day of the clock that was wrong has used one */
	move_clock(2 * 86400000LL);
	hello("inc-1");
	assert_true(is_go(ask(5, 2)));
	assert_true(wait_us(ask(7, 1), "wait") > 0);
}

static void
what_was_surely_not_taken_is_given_back_to_its_day(void **state)
{
	(void)state;
	publish("provider messages day 4\nprovider parts month 100\nprovider requests day 100\n");
	launch_run(100);
	claim("inc-1", 100);
	assert_true(is_go(
		permit(&(struct ask){.inc = "inc-1", .permit = "a", .count = 4, .attempt = 1})));
	outcome(0, 1, "a", "ANUW");
	/* accepted and in doubt count; refused and "not now" do not; told again, nothing changes */
	outcome(0, 1, "a", "ANUW");
	assert_string_equal(COMMAND("HGET", "loa:lane:gw", "messages:day") + strlen("20000 "),
			    "2 0");
	assert_string_equal(COMMAND("HGET", "loa:lane:gw", "requests:day") + strlen("20000 "),
			    "1 0");
	assert_true(is_go(permit(&(struct ask){
		.inc = "inc-1", .permit = "b", .first = 10, .count = 2, .attempt = 1})));
	assert_true(wait_us(ask(20, 1), "wait") > 0);
	call_words("unmark", "1 0 10 1 b gw 0 _ _ 0");
	call_words("unmark", "1 0 10 1 b gw 0 _ _ 0");
	assert_string_equal(COMMAND("HGET", "loa:lane:gw", "messages:day") + strlen("20000 "),
			    "2 0");
	assert_string_equal(COMMAND("HGET", "loa:lane:gw", "requests:day") + strlen("20000 "),
			    "1 0");
	assert_true(is_go(ask(20, 2)));
}

static void
a_brandname_is_counted_over_all_lanes(void **state)
{
	(void)state;
	publish("brandname messages day 3 ubnd ag\n");
	launch_run(100);
	claim("inc-1", 100);
	assert_true(is_go(ask(0, 2)));
	assert_string_equal(COMMAND("HGET", "loa:limit:brandname:ubnd ag", "messages:day") +
				    strlen("20000 "),
			    "2 0");
	/* what another lane has sent under it */
	{
		char day[16];

		snprintf(day, sizeof(day), "%.5s 3 0",
			 COMMAND("HGET", "loa:limit:brandname:ubnd ag", "messages:day"));
		COMMAND("HSET", "loa:limit:brandname:ubnd ag", "messages:day", day);
	}
	assert_non_null(strstr(ask(2, 1), "the day's 3 messages of brandname ubnd ag are used up"));
}

static void
a_units_limit_holds_up_its_runs_only(void **state)
{
	const char *r;
	char run[32];

	(void)state;
	publish_units("unit messages day 2\n", "7", "unit messages day 4\n");
	launch_run(100);
	snprintf(run, sizeof(run), "loa:run:%lld", (long long)fx.run);
	COMMAND("HSET", run, "unit", "7");
	claim("inc-1", 100);
	assert_true(is_go(ask(0, 4)));
	r = ask(4, 1);
	assert_non_null(strstr(r, "[stop, the day's 4 messages of unit 7 are used up]"));
	/* claim gives nothing of it, but of another unit's */
	call_words("release", "%lld 0 0 inc-1 %lld 0", (long long)fx.run, (long long)fx.fence);
	assert_non_null(strstr(claim("inc-1", 10), "of unit 7 are used up"));
	launch_run(50);
	snprintf(run, sizeof(run), "loa:run:%lld", (long long)fx.run);
	COMMAND("HSET", run, "unit", "8");
	assert_non_null(strstr(claim("inc-1", 50), "[work, 2, 0, 0, 50,"));
	assert_true(is_go(ask(0, 2)));
	assert_non_null(strstr(ask(2, 1), "the day's 2 messages of unit 8 are used up"));
	/* raised while they wait: they go on */
	publish_units("unit messages day 3\n", "7", "unit messages day 5\n");
	assert_true(is_go(ask(2, 1)));
}

/* Not used up, but too little is left for this request: claimed again and again it would be for nothing. */
static void
a_run_that_must_wait_long_is_passed_over_for_some_seconds(void **state)
{
	char run[32];

	(void)state;
	publish_units("", "7", "unit messages day 5\n");
	launch_run(100);
	snprintf(run, sizeof(run), "loa:run:%lld", (long long)fx.run);
	COMMAND("HSET", run, "unit", "7");
	claim("inc-1", 100);
	assert_true(is_go(ask(0, 4)));
	assert_non_null(strstr(ask(4, 2), "[stop, the day's 5 messages of unit 7 are used up]"));
	call_words("release", "%lld 0 0 inc-1 %lld 0", (long long)fx.run, (long long)fx.fence);
	assert_non_null(strstr(claim("inc-1", 100), "of unit 7 are used up"));
	move_clock(5001);
	hello("inc-1");
	assert_non_null(strstr(claim("inc-1", 100), "[work, 1, 0, 0, 100,"));
	assert_true(is_go(ask(4, 1)));
}

static void
a_run_with_a_speed_is_paced_and_claimed_by_half_seconds(void **state)
{
	char run[32];
	const char *r;

	(void)state;
	publish("");
	launch_run(1000);
	snprintf(run, sizeof(run), "loa:run:%lld", (long long)fx.run);
	COMMAND("HSET", run, "speed", "10");
	assert_non_null(strstr(claim("inc-1", 500), "[work, 1, 0, 0, 5,"));
	/* five wait under a lease: that is enough, whoever asks */
	assert_non_null(strstr(claim("inc-2", 500), "speed of the campaign"));
	COMMAND("HSET", run, "speed", "1"); /* slower while it goes */
	assert_true(is_go(ask(0, 1)));
	r = ask(1, 1);
	assert_about_ms(wait_us(r, "slow"), 1008 - 16);
	assert_non_null(strstr(r, "speed of the campaign"));
	COMMAND("HSET", run, "speed", "10");
	/* one has left: the next five; then another run goes past it */
	assert_non_null(strstr(claim("inc-2", 500), "[work, 1, 0, 5, 10,"));
	launch_run(50);
	assert_non_null(strstr(claim("inc-2", 20), "[work, 2, 0, 0, 20,"));
}

/* One run over lanes gw and gw2, partitions 0 and 1, with `n` members on each. */
static void
launch_on_two_lanes(unsigned n)
{
	static const char bitmap[2048];
	struct argv a = {0};
	struct buf records = {0};
	char campaign[48];

	COMMAND("HSET", "loa:lane:gw2", "rate", "100000", "concurrency", "100");
	fx.run++;
	snprintf(campaign, sizeof(campaign), "loa:campaign:%lld", (long long)fx.run);
	COMMAND("HSET", campaign, "state", "draft");
	call_words("launch", "%s %lld 3 gw,gw2 2 campaign %lld", campaign, (long long)fx.run,
		   (long long)fx.run);
	for (unsigned i = 0; i < n; i++)
		buf_add(&records, "\0\0\0\0\0\0\0\0", 8);
	argv_add_int(&a, fx.run);
	argv_adds(&a, "0");
	argv_adds(&a, "1");
	for (unsigned p = 0; p < 2; p++) {
		argv_add_int(&a, p);
		argv_add(&a, (struct slice){bitmap, sizeof(bitmap)});
		argv_add(&a, buf_slice(&records));
	}
	assert_string_equal(call("freeze", &a), "1");
	buf_free(&records);
}

/* 10 a second: each lane gets five at a time, and permit keeps to ten for both. */
static void
a_lane_that_rests_does_not_hold_up_the_runs_other_lane(void **state)
{
	char run[32];
	const char *r;
	long long fence = 0;

	(void)state;
	publish("");
	launch_on_two_lanes(100);
	snprintf(run, sizeof(run), "loa:run:%lld", (long long)fx.run);
	COMMAND("HSET", run, "speed", "10");
	r = call_words("claim", "gw2 inc-2 500 other-1");
	assert_int_equal(sscanf(r, "[work, 1, 1, 0, 5, %lld", &fence), 1);
	COMMAND("HSET", "loa:lane:gw2", "not_before", "99999999999999", "why", "rests");
	assert_non_null(strstr(claim("inc-1", 500), "[work, 1, 0, 0, 5,"));
	/* of this lane five wait now */
	assert_non_null(strstr(claim("inc-1", 500), "speed of the campaign"));
	assert_true(is_go(ask(0, 5))); /* half a second of the campaign's speed: 504 ms */
	move_clock(250); /* so long the five take at its speed, half of them waiting */
	assert_non_null(strstr(claim("inc-1", 500), "[work, 1, 0, 5, 10,"));
	r = permit(&(struct ask){
		.inc = "inc-1", .permit = "next", .from = 5, .first = 5, .count = 5, .attempt = 1});
	assert_about_ms(wait_us(r, "slow"), 504 - 250 - 16);
}

/* 10 a second: a message pays for 101 ms, and what left 150 ms late moves the next one by as much. */
static void
what_leaves_late_moves_the_campaigns_own_speed(void **state)
{
	char tat[32];

	(void)state;
	publish("");
	launch_run(10);
	COMMAND("HSET", "loa:run:1", "speed", "10");
	claim("inc-1", 5);
	assert_true(is_go(ask(0, 5)));
	snprintf(tat, sizeof(tat), "%s", COMMAND("HGET", "loa:lane:gw", "tat"));
	assert_string_equal(call_words("late", "gw 150000 0 1"), "1");
	assert_string_equal(COMMAND("HGET", "loa:lane:gw", "tat"), tat);
	call_words("release", "1 0 0 inc-1 %lld 0", (long long)fx.fence);
	assert_non_null(strstr(claim("inc-1", 5), "[work, 1, 0, 5, 10,"));
	assert_about_ms(wait_us(ask_from(5), "slow"), 504 + 150 - 16);
	/* of a run without one nothing is moved */
	COMMAND("HDEL", "loa:run:1", "speed", "pace");
	call_words("late", "gw 150000 0 1");
	assert_string_equal(COMMAND("HEXISTS", "loa:run:1", "pace"), "0");
}

static void
a_rate_that_is_changed_takes_what_is_to_be_paid_with_it(void **state)
{
	(void)state;
	COMMAND("HSET", "loa:lane:gw", "rate", "1");
	launch_run(100);
	claim("inc-1", 100);
	assert_true(is_go(ask(0, 1)));
	assert_about_ms(wait_us(ask(1, 1), "wait"), 1008 - 16);
	/* twice as fast: what is left to pay takes half as long */
	COMMAND("HSET", "loa:lane:gw", "rate", "2");
	assert_about_ms(wait_us(ask(1, 1), "wait"), 504 - 16);
	/* and twenty times as slow */
	COMMAND("HSET", "loa:lane:gw", "rate", "0.1");
	assert_in_range(wait_us(ask(1, 1), "wait"), 1000000, 10080000);
}

/* The journal's line about a permit of `count` members from `first` on, of `ago_ms` ago. */
static void
remark(const char *id, unsigned first, unsigned count, int64_t ago_ms)
{
	struct argv a = {0};
	struct buf members = {0}, ones = {0};
	long long s = 0, us = 0;

	sscanf(COMMAND("TIME"), "[%lld, %lld]", &s, &us);
	for (unsigned i = 0; i < count; i++) {
		buf_add_u16(&members, (uint16_t)i);
		buf_add_u8(&ones, 1);
	}
	argv_add_int(&a, fx.run);
	argv_adds(&a, "0");
	argv_add_int(&a, first);
	argv_adds(&a, "1");
	argv_adds(&a, id);
	argv_adds(&a, "gw");
	argv_add(&a, buf_slice(&members));
	argv_add(&a, buf_slice(&ones));
	argv_add(&a, buf_slice(&ones));
	argv_adds(&a, "hash");
	argv_add_int(&a, s * 1000 + us / 1000 + fx.offset_ms - ago_ms);
	argv_adds(&a, "0");
	argv_adds(&a, "0");
	argv_adds(&a, "inc-1");
	argv_adds(&a, "");
	argv_adds(&a, "");
	argv_add_int(&a, count);
	assert_string_equal(call("remark", &a), "1");
	buf_free(&members);
	buf_free(&ones);
}

/* Redis came back older. What left is paid for: 60,000 / 0.992 = 60,484 ms a request. */
static void
a_permit_that_redis_lost_is_paid_for_from_its_own_moment(void **state)
{
	(void)state;
	publish("provider requests minute 1\n");
	launch_run(100);
	remark("lost", 0, 5, 2000);
	assert_non_null(strstr(claim("inc-1", 100), "[work, 1, 0, 5, 100,"));
	assert_about_ms(wait_us(ask_from(5), "wait"), 60484 - 2000 - 16);
	move_clock(58500);
	hello("inc-1");
	assert_true(is_go(ask_from(5)));
}

/* A smallest batch of 30 at 10 a second: 30 / 9.92 s = 3,024 ms. */
static void
batches_that_redis_lost_are_all_paid_for(void **state)
{
	(void)state;
	COMMAND("HSET", "loa:lane:gw", "rate", "10");
	launch_run(100);
	remark("first", 0, 30, 4100);
	remark("second", 30, 30, 1000);
	assert_non_null(strstr(claim("inc-1", 100), "[work, 1, 0, 60, 100,"));
	assert_about_ms(wait_us(ask_from(60), "wait"), 3024 - 1000 - 16);
	/* of another process, and of before the second */
	remark("third", 70, 30, 2000);
	assert_about_ms(wait_us(ask_from(60), "wait"), 2 * 3024 - 1000 - 16);
}

static void
what_was_read_last_counts_for_all_processes(void **state)
{
	(void)state;
	call_words("lane_publish", "gw _ 100 8 _ _");
	{
		char first[32];

		snprintf(first, sizeof(first), "%s", COMMAND("HGET", "loa:lane:gw", "published"));
		call_words("lane_publish", "gw _ 200 8 _ _");
		/* the first process reconnects and says again what it read before */
		call_words("lane_publish", "gw %s 100 8 _ _", first);
	}
	assert_string_equal(COMMAND("HGET", "loa:lane:gw", "rate"), "200");
	/* one that found no Redis when it began: read a minute ago, published only now */
	call_words("lane_publish", "gw -60000000 300 8 _ _");
	assert_string_equal(COMMAND("HGET", "loa:lane:gw", "rate"), "200");
	move_clock(90000);
	call_words("lane_publish", "gw -60000000 300 8 _ _");
	assert_string_equal(COMMAND("HGET", "loa:lane:gw", "rate"), "300");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_limit_of_parts_is_paced_by_the_parts_of_a_request),
		T(a_limit_of_requests_counts_each_once_whatever_is_in_it),
		T(a_request_that_one_limit_forbids_is_charged_to_none),
		T(a_day_ends_at_midnight_in_vietnam_and_a_month_with_its_last_day),
		T(a_day_is_found_again_after_a_clock_that_was_days_ahead),
		T(what_was_surely_not_taken_is_given_back_to_its_day),
		T(a_brandname_is_counted_over_all_lanes),
		T(a_units_limit_holds_up_its_runs_only),
		T(a_run_that_must_wait_long_is_passed_over_for_some_seconds),
		T(a_run_with_a_speed_is_paced_and_claimed_by_half_seconds),
		T(a_lane_that_rests_does_not_hold_up_the_runs_other_lane),
		T(what_leaves_late_moves_the_campaigns_own_speed),
		T(a_rate_that_is_changed_takes_what_is_to_be_paid_with_it),
		T(a_permit_that_redis_lost_is_paid_for_from_its_own_moment),
		T(batches_that_redis_lost_are_all_paid_for),
		T(what_was_read_last_counts_for_all_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
