/* SPDX-License-Identifier: MIT */
/*
 * The health of a lane over all processes: rests, the factor, the breaker. What the end of a
 * permit says of the lane is told by `unmark`, which tells nothing else here.
 */
#include <math.h>
#include <stdlib.h>

#include "tests/unit/dispatcher/store/library_fixture.h"

struct asked {
	char id[16];
	unsigned rank;
	long long at_us; /* when it was permitted; 0 = it was not */
};

static const char *
ask_for(struct asked *a, const char *inc)
{
	static unsigned n;
	const char *reply;
	long long slot = 0;

	snprintf(a->id, sizeof(a->id), "p%u", ++n);
	reply = permit(&(struct ask){
		.inc = inc, .permit = a->id, .first = a->rank, .count = 1, .attempt = 1});
	a->at_us = 0;
	if (is_go(reply))
		sscanf(reply, "[go, %lld, %lld", &slot, &a->at_us);
	return reply;
}

static const char *
tell(const struct asked *a, const char *verdict, int rest_ms, const char *why)
{
	return call_words("unmark", "%lld 0 %u 1 %s gw %d %s %s %lld", (long long)fx.run, a->rank,
			  a->id, rest_ms, why, verdict, a->at_us);
}

static double
factor(void)
{
	const char *p = COMMAND("HGET", "loa:lane:gw", "factor");

	return strcmp(p, "nil") == 0 ? 1 : strtod(p, NULL);
}

static void
start(void)
{
	launch_run(200);
	claim("inc-1", 200);
}

static void
too_fast_cuts_the_factor_once_a_round_trip_however_many_say_it(void **state)
{
	struct asked a[20];

	(void)state;
	start();
	for (unsigned i = 0; i < 20; i++) {
		a[i].rank = i;
		assert_true(is_go(ask_for(&a[i], "inc-1")));
	}
	/* twenty answers, of two processes say, to requests of one moment */
	for (unsigned i = 0; i < 20; i++)
		tell(&a[i], "slow", 0, "_");
	assert_true(fabs(factor() - 0.7) < 0.001);
	/* the answer to what was permitted after it: 0.7 × 0.7 */
	assert_true(is_go(ask_for(&a[0], "inc-1")));
	tell(&a[0], "slow", 0, "_");
	assert_true(fabs(factor() - 0.49) < 0.01);
	/* never below a twentieth */
	for (unsigned i = 0; i < 20; i++) {
		move_clock(200);
		hello("inc-1");
		assert_true(is_go(ask_for(&a[0], "inc-1")));
		tell(&a[0], "slow", 0, "_");
	}
	assert_true(fabs(factor() - 0.05) < 0.001);
}

static void
the_factor_slows_the_pace_and_grows_by_a_hundredth_a_second(void **state)
{
	struct asked a = {.rank = 0};
	long long us;

	(void)state;
	COMMAND("HSET", "loa:lane:gw", "rate", "1");
	start();
	assert_true(is_go(ask_for(&a, "inc-1")));
	tell(&a, "slow", 0, "_");
	move_clock(3000);
	assert_true(is_go(ask_for(&a, "inc-1"))); /* 1 / (0.992 × 0.73) = 1,381 ms */
	a.rank = 1;
	us = strtoll(ask_for(&a, "inc-1") + strlen("[wait, "), NULL, 10);
	assert_in_range(us, 1010000, 1381000);
	/* thirty seconds later it is whole again: 1,008 ms */
	move_clock(31000);
	hello("inc-1");
	assert_true(is_go(ask_for(&a, "inc-1")));
	a.rank = 2;
	us = strtoll(ask_for(&a, "inc-1") + strlen("[wait, "), NULL, 10);
	assert_in_range(us, 700000, 992000);
}

static void
what_a_gateway_asks_for_is_obeyed_by_all_and_no_shorter_rest_ends_it(void **state)
{
	struct asked a = {.rank = 0}, b = {.rank = 1};
	const char *r;

	(void)state;
	start();
	assert_true(is_go(ask_for(&a, "inc-1")));
	assert_true(is_go(ask_for(&b, "inc-1")));
	assert_non_null(strstr(tell(&a, "slow", 30000, "too-fast"), "[1, 30000, too-fast]"));
	tell(&b, "slow", 1000, "later");
	move_clock(5000);
	hello("inc-1");
	hello("inc-2");
	r = ask_for(&a, "inc-1");
	assert_in_range(strtoll(r + strlen("[wait, "), NULL, 10), 24000000, 25000000);
	assert_non_null(strstr(r, "too-fast"));
	assert_non_null(strstr(claim("inc-2", 10), "too-fast"));
	move_clock(25001);
	hello("inc-1");
	assert_true(is_go(ask_for(&a, "inc-1")));
}

static void
three_failures_in_a_row_open_the_breaker_and_a_good_answer_between_does_not(void **state)
{
	struct asked a[4];

	(void)state;
	start();
	for (unsigned i = 0; i < 4; i++)
		a[i].rank = i;
	for (unsigned i = 0; i < 2; i++) {
		ask_for(&a[i], "inc-1");
		assert_non_null(strstr(tell(&a[i], "none", 0, "silent"), "[1, 0,"));
	}
	ask_for(&a[2], "inc-1");
	tell(&a[2], "good", 0, "_");
	for (unsigned i = 0; i < 2; i++) {
		ask_for(&a[i], "inc-1");
		assert_non_null(strstr(tell(&a[i], "none", 0, "silent"), "[1, 0,"));
	}
	ask_for(&a[3], "inc-1");
	assert_non_null(strstr(tell(&a[3], "none", 0, "silent"), "[1, 1000, silent]"));
	assert_non_null(strstr(ask_for(&a[0], "inc-1"), "silent"));
}

static void
exactly_one_request_tries_and_the_rest_doubles_until_one_is_answered(void **state)
{
	static const int rests_ms[] = {1000,  2000,   4000,   8000,   16000, 32000,
				       64000, 128000, 256000, 300000, 300000};
	struct asked a = {.rank = 0}, b = {.rank = 1};
	char wanted[64];

	(void)state;
	start();
	assert_true(is_go(ask_for(&a, "inc-1")));
	for (size_t i = 0; i < sizeof(rests_ms) / sizeof(rests_ms[0]); i++) {
		snprintf(wanted, sizeof(wanted), "[1, %d, away]", rests_ms[i]);
		assert_string_equal(tell(&a, "fault", 0, "away"), wanted);
		assert_non_null(strstr(ask_for(&b, "inc-1"), "away"));
		move_clock(rests_ms[i] + 1);
		hello("inc-1");
		hello("inc-2");
		assert_true(is_go(ask_for(&a, "inc-1")));
		assert_non_null(strstr(ask_for(&b, "inc-1"), "one request tries"));
		assert_non_null(strstr(claim("inc-2", 10), "one request tries"));
	}
	tell(&a, "good", 0, "_");
	assert_true(is_go(ask_for(&b, "inc-1")));
	/* closed: it begins anew, and what was permitted before it was closed says nothing */
	assert_true(is_go(ask_for(&a, "inc-1")));
	assert_string_equal(tell(&a, "fault", 0, "away"), "[1, 1000, away]");
}

static void
answers_to_what_was_permitted_before_the_last_move_move_nothing(void **state)
{
	struct asked a[8];

	(void)state;
	start();
	for (unsigned i = 0; i < 8; i++) {
		a[i].rank = i;
		assert_true(is_go(ask_for(&a[i], "inc-1")));
	}
	assert_string_equal(tell(&a[0], "fault", 0, "away"), "[1, 1000, away]");
	for (unsigned i = 1; i < 7; i++)
		assert_string_equal(tell(&a[i], "fault", 0, "away"), "[1, 0, ]");
	move_clock(1001);
	hello("inc-1");
	assert_true(is_go(ask_for(&a[0], "inc-1")));
	tell(&a[0], "good", 0, "_");
	assert_string_equal(tell(&a[7], "fault", 60000, "away"), "[1, 0, ]");
	assert_true(is_go(ask_for(&a[1], "inc-1")));
}

static void
a_probe_whose_process_died_gives_way_to_another(void **state)
{
	struct asked a = {.rank = 0}, b = {.rank = 1};

	(void)state;
	start();
	assert_true(is_go(ask_for(&a, "inc-1")));
	tell(&a, "fault", 0, "away");
	move_clock(1001);
	assert_true(is_go(ask_for(&a, "inc-1")));
	move_clock(6000); /* beyond its lease: inc-1 is dead, and its work another's */
	hello("inc-2");
	claim("inc-2", 200);
	assert_true(is_go(ask_for(&b, "inc-2")));
	/* one that never left says nothing: the next may try at once */
	tell(&b, "_", 0, "_");
	assert_true(is_go(ask_for(&b, "inc-2")));
}

static void
a_lane_that_rests_holds_up_no_other(void **state)
{
	struct asked a = {.rank = 0};

	(void)state;
	COMMAND("HSET", "loa:lane:other", "rate", "1000", "concurrency", "8");
	start();
	assert_true(is_go(ask_for(&a, "inc-1")));
	tell(&a, "fault", 60000, "away");
	assert_non_null(strstr(claim("inc-2", 10), "[sleep, "));
	assert_string_equal(COMMAND("HEXISTS", "loa:lane:other", "not_before"), "0");
	COMMAND("HSET", "loa:campaign:2", "state", "draft");
	call_words("launch", "loa:campaign:2 2 3 other 1 campaign 2");
	{
		struct argv x = {0};

		argv_adds(&x, "2");
		argv_adds(&x, "0");
		argv_adds(&x, "1");
		argv_adds(&x, "0");
		argv_adds(&x, "");
		argv_add(&x, (struct slice){"\0\0\0\0\0\0\0\0", 8});
		call("freeze", &x);
	}
	assert_non_null(
		strstr(call_words("claim", "other inc-2 10 c-other"), "[work, 2, 0, 0, 1,"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(too_fast_cuts_the_factor_once_a_round_trip_however_many_say_it),
		T(the_factor_slows_the_pace_and_grows_by_a_hundredth_a_second),
		T(what_a_gateway_asks_for_is_obeyed_by_all_and_no_shorter_rest_ends_it),
		T(three_failures_in_a_row_open_the_breaker_and_a_good_answer_between_does_not),
		T(exactly_one_request_tries_and_the_rest_doubles_until_one_is_answered),
		T(answers_to_what_was_permitted_before_the_last_move_move_nothing),
		T(a_probe_whose_process_died_gives_way_to_another),
		T(a_lane_that_rests_holds_up_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
