/* SPDX-License-Identifier: MIT */
/*
 * Who is served next: shares by weight, lane by lane; the order of classes; what is put off until
 * its time; a claim that costs the same whatever the number of runs; work that nobody told of.
 */
#include "base/clock.h"
#include "tests/unit/dispatcher/store/library_fixture.h"

/* A run of n messages in each partition of `lanes` ("gw,other"), which begins with `prio`. */
static void
launch_on(const char *lanes, unsigned partitions, unsigned n, unsigned prio)
{
	static const char bitmap[2048];
	struct argv a = {0};
	struct buf records = {0};
	char campaign[48];

	fx.run++;
	snprintf(campaign, sizeof(campaign), "loa:campaign:%lld", (long long)fx.run);
	COMMAND("HSET", campaign, "state", "draft");
	call_words("launch", "%s %lld %u %s %u campaign %lld", campaign, (long long)fx.run, prio,
		   lanes, partitions, (long long)fx.run);
	for (unsigned i = 0; i < n; i++)
		buf_add(&records, "\0\0\0\0\0\0\0\0", 8);
	argv_add_int(&a, fx.run);
	argv_adds(&a, "0");
	argv_adds(&a, "1");
	for (unsigned p = 0; p < partitions; p++) {
		argv_add_int(&a, p);
		argv_add(&a, (struct slice){bitmap, sizeof(bitmap)});
		argv_add(&a, buf_slice(&records));
	}
	assert_string_equal(call("freeze", &a), "1");
	buf_free(&records);
}

static const char *
claim_on(const char *lane, unsigned want)
{
	static unsigned number;

	return call_words("claim", "%s inc-1 %u lane-%u", lane, want, ++number);
}

/* The run that the claim was given; 0 = none. */
static unsigned
run_of(const char *reply)
{
	unsigned run = 0;

	sscanf(reply, "[work, %u,", &run);
	return run;
}

/* How many of the next claims go to the run. */
static unsigned
claims_of(unsigned run, unsigned claims, unsigned want)
{
	unsigned n = 0;

	for (unsigned i = 0; i < claims; i++)
		n += run_of(claim_on("gw", want)) == run;
	return n;
}

static void
set_weight(unsigned run, const char *weight)
{
	char key[32];

	snprintf(key, sizeof(key), "loa:run:%u", run);
	COMMAND("HSET", key, "weight", weight);
}

/* ---- shares ---- */

static void
weights_share_a_lane_to_a_chunk(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		launch_run(3000);
	set_weight(1, "100");
	set_weight(2, "200");
	set_weight(3, "300");
	/* Of 60 chunks 10, 20 and 30, each a chunk more or less. */
	{
		unsigned n[4] = {0};

		for (int i = 0; i < 60; i++)
			n[run_of(claim_on("gw", 10)) & 3]++;
		assert_in_range(n[1], 9, 11);
		assert_in_range(n[2], 19, 21);
		assert_in_range(n[3], 29, 31);
	}
}

static void
a_weight_counts_from_the_next_claim_and_is_told_once(void **state)
{
	(void)state;
	launch_run(3000);
	launch_run(3000);
	COMMAND("HSET", "loa:campaign:1", "run", "1");
	assert_string_equal(call_words("campaign_set", "1 weight 300 act-1"), "1");
	assert_in_range(claims_of(1, 20, 10), 14, 16);
	assert_string_equal(call_words("campaign_set", "1 weight _ act-2"), "1");
	assert_string_equal(COMMAND("HEXISTS", "loa:run:1", "weight"), "0");
	assert_in_range(claims_of(1, 20, 10), 9, 11);
	/* What a journal tells again does not undo what was done since. */
	assert_string_equal(call_words("campaign_set", "1 weight 300 act-1"), "1");
	assert_string_equal(COMMAND("HEXISTS", "loa:campaign:1", "weight"), "0");
	assert_string_equal(call_words("campaign_set", "99 weight 300 act-3"), "nil");
	/* A launch takes it over. */
	COMMAND("HSET", "loa:campaign:9", "state", "draft", "weight", "250");
	call_words("launch", "loa:campaign:9 9 3 gw 1 campaign 9");
	assert_string_equal(COMMAND("HGET", "loa:run:9", "weight"), "250");
}

static void
what_one_lane_gives_costs_no_share_of_another(void **state)
{
	(void)state;
	launch_on("gw,other", 2, 3000, 3);
	launch_on("gw", 1, 3000, 3);
	for (int i = 0; i < 50; i++)
		assert_int_equal(run_of(claim_on("other", 20)), 1);
	assert_in_range(claims_of(1, 20, 10), 9, 11);
}

static void
what_the_urgent_got_costs_the_others_nothing(void **state)
{
	(void)state;
	launch_on("gw", 1, 3000, 3);
	assert_int_equal(run_of(claim_on("gw", 10)), 1);
	launch_on("gw", 1, 3000, 0);
	for (int i = 0; i < 30; i++)
		assert_int_equal(run_of(claim_on("gw", 100)), 2);
	/* A newcomer takes half, not nothing until the others are where the urgent one was. */
	launch_on("gw", 1, 3000, 3);
	assert_in_range(claims_of(3, 20, 10), 9, 11);
}

static void
the_urgent_goes_first_and_notices_before_campaigns(void **state)
{
	(void)state;
	launch_on("gw", 1, 10, 5);
	launch_on("gw", 1, 10, 1);
	launch_on("gw", 1, 10, 1);
	COMMAND("HSET", "loa:run:3", "kind", "notices");
	assert_int_equal(run_of(claim_on("gw", 10)), 3);
	assert_int_equal(run_of(claim_on("gw", 10)), 2);
	/* Only what is more urgent than order 3, a campaign of priority 1. */
	assert_non_null(strstr(call_words("claim", "gw inc-1 10 u 3 1"), "[sleep"));
	assert_int_equal(run_of(claim_on("gw", 10)), 1);
}

static void
set_field(unsigned run, const char *field, const char *value)
{
	char key[32];

	snprintf(key, sizeof(key), "loa:run:%u", run);
	COMMAND("HSET", key, field, value);
}

/* A claim's last word: 1 + the order that it is served as; 0 = its own. */
static int
served_as(const char *reply)
{
	const char *last = strrchr(reply, ',');
	int n = -1;

	sscanf(last != NULL ? last : "", ", %d]", &n);
	return n;
}

static void
who_waited_long_goes_ahead_once_and_not_of_emergencies(void **state)
{
	char reply[512];

	(void)state;
	launch_on("gw", 1, 3000, 3); /* run 1, order 7 */
	launch_on("gw", 1, 3000, 5); /* run 2, order 11 */
	set_field(2, "wait_min", "2");
	assert_int_equal(claims_of(1, 5, 10), 5);
	move_clock(119000);
	hello("inc-1");
	assert_int_equal(run_of(claim_on("gw", 10)), 1);
	move_clock(2000);
	/* Not for who asks only for what is more urgent than its works. */
	assert_int_equal(run_of(call_words("claim", "gw inc-1 10 urgent 11 1")), 1);
	snprintf(reply, sizeof(reply), "%s", call_words("claim", "gw inc-1 10 aged"));
	assert_int_equal(run_of(reply), 2);
	assert_int_equal(served_as(reply), 1 + 7); /* beside those that it goes ahead of */
	assert_string_equal(call_words("claim", "gw inc-1 10 aged"), reply);
	assert_int_equal(claims_of(1, 5, 10), 5);
	/* Behind an emergency, and behind single messages of class personal. */
	launch_on("gw", 1, 3000, 0);
	set_field(3, "class", "emergency");
	move_clock(121000);
	hello("inc-1");
	assert_int_equal(claims_of(3, 5, 10), 5);
	call_words("control", "3 running paused person _ an");
	launch_on("gw", 1, 3000, 1);
	set_field(4, "class", "personal");
	set_field(4, "kind", "notices");
	assert_int_equal(claims_of(4, 5, 10), 5);
	call_words("control", "4 running paused person _ an");
	/* Ahead of single messages of another class, behind their requests. */
	launch_on("gw", 1, 3000, 1);
	set_field(5, "class", "duty");
	set_field(5, "kind", "notices");
	snprintf(reply, sizeof(reply), "%s", claim_on("gw", 10));
	assert_int_equal(run_of(reply), 2);
	assert_int_equal(served_as(reply), 1 + 3);
	assert_int_equal(claims_of(5, 5, 10), 5);
}

static void
who_waits_for_its_own_kind_only_does_not_age(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		launch_on("gw", 1, 3000, 5);
	set_field(1, "wait_min", "1");
	set_field(1, "weight", "10");
	claims_of(1, 6, 10);
	for (int i = 0; i < 4; i++) {
		move_clock(61000);
		hello("inc-1");
		/* A twentieth of what the others get, not a chunk a minute. */
		assert_in_range(claims_of(1, 5, 10), 0, 1);
	}
}

static void
one_of_many_gets_its_share_of_a_second_at_a_time(void **state)
{
	(void)state;
	COMMAND("HSET", "loa:lane:gw", "rate", "320");
	launch_run(2000);
	assert_non_null(strstr(claim_on("gw", 320), "[work, 1, 0, 0, 320, "));
	launch_run(2000);
	launch_run(2000);
	launch_run(2000);
	/* A newcomer begins where the lane is, which is where run 1 was before its first. */
	assert_non_null(strstr(claim_on("gw", 320), "[work, 2, 0, 0, 80, "));
	assert_non_null(strstr(claim_on("gw", 320), "[work, 3, 0, 0, 80, "));
	for (int i = 0; i < 60; i++)
		launch_run(100);
	/* 64 would have five each: no less than a 32nd of a second, nor than the best batch. */
	assert_non_null(strstr(claim_on("gw", 320), ", 0, 0, 10, "));
	assert_non_null(strstr(call_words("claim", "gw inc-1 320 best _ 1 40"), ", 0, 0, 40, "));
	/* The more urgent are no part of it. */
	launch_on("gw", 1, 2000, 0);
	assert_non_null(strstr(claim_on("gw", 320), ", 0, 0, 320, "));
}

/* ---- put off ---- */

static void
what_is_due_later_is_given_when_it_is_due_and_not_before(void **state)
{
	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	call_words("release", "1 0 0 inc-1 %lld 700", (long long)fx.fence);
	assert_non_null(strstr(claim("inc-1", 1), "retry later"));
	move_clock(400);
	{
		unsigned ms = 0;

		sscanf(claim("inc-1", 1), "[sleep, %u", &ms);
		assert_in_range(ms, 200, 300);
	}
	move_clock(300);
	assert_int_equal(run_of(claim("inc-1", 1)), 1);
}

static void
a_run_outside_its_hours_is_looked_at_when_they_open(void **state)
{
	(void)state;
	launch_run(10);
	/* One minute a day, twelve hours from now (UTC+7); the clock's minute is not known. */
	{
		char from[16], to[16];
		int64_t minute = (clock_wall_ms() / 60000 + 420 + 720) % 1440;

		snprintf(from, sizeof(from), "%lld", (long long)minute);
		snprintf(to, sizeof(to), "%lld", (long long)((minute + 60) % 1440));
		COMMAND("HSET", "loa:run:1", "hours_from", from, "hours_to", to);
	}
	assert_non_null(strstr(claim("inc-1", 10), "[sleep, 1000, outside the hours of its class"));
	assert_non_null(strstr(call_words("waits", "1"), "[outside the hours of its class, "));
	launch_run(10);
	assert_int_equal(run_of(claim("inc-1", 10)), 2);
	move_clock((720 + 1) * 60000);
	hello("inc-1");
	assert_int_equal(run_of(claim("inc-1", 10)), 1);
}

static void
what_is_let_go_on_is_served_at_once(void **state)
{
	(void)state;
	launch_run(10);
	COMMAND("HSET", "loa:run:1", "brake0", "too many refusals");
	assert_non_null(strstr(claim("inc-1", 5), "stopped by the brake"));
	call_words("brake_release", "1");
	assert_int_equal(run_of(claim("inc-1", 5)), 1);
	call_words("control", "1 running paused person _ an");
	assert_non_null(strstr(claim("inc-1", 5), "no work"));
	call_words("resume", "1");
	assert_int_equal(run_of(claim("inc-1", 5)), 1);
}

/* ---- a claim costs the same ---- */

/* Commands that Redis has run so far, those of functions too. */
static unsigned long
commands_run(void)
{
	unsigned long sum = 0, n;

	for (const char *p = COMMAND("INFO", "commandstats"); (p = strstr(p, ":calls=")) != NULL;) {
		sscanf(p, ":calls=%lu", &n);
		sum += n;
		p++;
	}
	return sum;
}

static unsigned long
cost_of_a_claim(void)
{
	unsigned long before = commands_run();

	assert_true(run_of(claim_on("gw", 10)) > 0);
	return commands_run() - before;
}

static void
a_claim_costs_the_same_whatever_the_number_of_runs(void **state)
{
	unsigned long few;

	(void)state;
	launch_run(100);
	launch_run(100);
	for (int i = 0; i < 4; i++)
		claim_on("gw", 10);
	few = cost_of_a_claim();
	for (int i = 0; i < 300; i++) {
		launch_run(20);
		hello("inc-1"); /* it lives however slow this machine is */
	}
	/* Each waits for its turn from now on. */
	claim_on("gw", 10);
	assert_int_equal(cost_of_a_claim(), few);
	for (int i = 0; i < 299; i++) {
		claim_on("gw", 10);
		hello("inc-1");
	}
	assert_int_equal(cost_of_a_claim(), few);
}

static void
small_ones_beside_a_large_one_get_their_share_and_end(void **state)
{
	unsigned large = 0, rounds = 0;

	(void)state;
	launch_run(4000);
	for (int i = 0; i < 40; i++)
		launch_run(20);
	hello("inc-1");
	/* Chunks of 5: four rounds, of 41 each, and the large one is one chunk ahead at most. */
	for (unsigned small = 0; small < 40u * 4; rounds++) {
		if (run_of(claim_on("gw", 5)) == 1)
			large++;
		else
			small++;
	}
	assert_in_range(large, 3, 5);
	assert_in_range(rounds, 163, 165);
}

/* ---- healing ---- */

static void
work_that_nobody_told_of_is_found_by_the_keeper(void **state)
{
	(void)state;
	launch_run(10);
	COMMAND("DEL", "loa:ready:gw", "loa:later:gw"); /* an older release launched it */
	assert_non_null(strstr(claim("inc-1", 5), "no work"));
	call_words("progress", "1");
	assert_int_equal(run_of(claim("inc-1", 5)), 1);
	call_words("release", "1 0 0 inc-1 %lld 1500", (long long)fx.fence);
	claim("inc-1", 5);
	COMMAND("DEL", "loa:ready:gw", "loa:later:gw");
	call_words("progress", "1");
	move_clock(1500);
	assert_int_equal(run_of(claim("inc-1", 5)), 1);
}

static void
a_clock_that_is_set_back_holds_nobody_up(void **state)
{
	(void)state;
	launch_run(10);
	claim("inc-1", 10);
	/* Put off by a clock that was a day ahead. */
	move_clock(86400000);
	hello("inc-1");
	call_words("release", "1 0 0 inc-1 %lld 1000", (long long)fx.fence);
	claim("inc-1", 10);
	move_clock(-86400000);
	hello("inc-1");
	call_words("progress", "1");
	assert_int_equal(run_of(claim("inc-1", 10)), 1);
}

static void
a_run_that_is_gone_or_over_stands_in_nobodys_way(void **state)
{
	(void)state;
	launch_run(10);
	launch_run(10);
	claim("inc-1", 5);
	COMMAND("DEL", "loa:run:1");
	COMMAND("ZADD", "loa:later:gw", "0", "77");
	assert_int_equal(run_of(claim("inc-1", 5)), 2);
	assert_int_equal(run_of(claim("inc-1", 5)), 2);
	assert_non_null(strstr(claim("inc-1", 5), "no work"));
	assert_string_equal(COMMAND("ZCARD", "loa:ready:gw"), "0");
	assert_string_equal(COMMAND("ZCARD", "loa:later:gw"), "0");
}

/* ---- why ---- */

static void
a_run_that_waits_for_its_turn_says_so(void **state)
{
	(void)state;
	launch_run(10);
	assert_string_equal(call_words("waits", "1"), "[, 0]");
	claim("inc-1", 5);
	assert_string_equal(call_words("waits", "1"), "[, 0]");
	launch_run(10);
	claim("inc-1", 5);
	assert_int_equal(run_of(claim("inc-1", 5)), 1);
	launch_run(10);
	assert_int_equal(run_of(claim("inc-1", 5)), 2);
	/* Both have ranges; the third waits until it is its turn. */
	assert_string_equal(call_words("waits", "1"), "[, 0]");
	assert_string_equal(call_words("waits", "3"), "[other campaigns of the lane go first, 0]");
	assert_int_equal(run_of(claim("inc-1", 5)), 3);
	assert_string_equal(call_words("waits", "3"), "[, 0]");
	/* A more urgent one takes all. */
	launch_on("gw", 1, 100, 1);
	assert_int_equal(run_of(claim("inc-1", 5)), 4);
	assert_string_equal(call_words("waits", "3"), "[other campaigns of the lane go first, 0]");
	assert_string_equal(call_words("waits", "4"), "[, 0]");
	assert_string_equal(call_words("waits", "99"), "[, 0]");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(weights_share_a_lane_to_a_chunk),
		T(a_weight_counts_from_the_next_claim_and_is_told_once),
		T(what_one_lane_gives_costs_no_share_of_another),
		T(what_the_urgent_got_costs_the_others_nothing),
		T(the_urgent_goes_first_and_notices_before_campaigns),
		T(who_waited_long_goes_ahead_once_and_not_of_emergencies),
		T(who_waits_for_its_own_kind_only_does_not_age),
		T(one_of_many_gets_its_share_of_a_second_at_a_time),
		T(what_is_due_later_is_given_when_it_is_due_and_not_before),
		T(a_run_outside_its_hours_is_looked_at_when_they_open),
		T(what_is_let_go_on_is_served_at_once),
		T(a_claim_costs_the_same_whatever_the_number_of_runs),
		T(small_ones_beside_a_large_one_get_their_share_and_end),
		T(work_that_nobody_told_of_is_found_by_the_keeper),
		T(a_clock_that_is_set_back_holds_nobody_up),
		T(a_run_that_is_gone_or_over_stands_in_nobodys_way),
		T(a_run_that_waits_for_its_turn_says_so),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
