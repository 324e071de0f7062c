/* SPDX-License-Identifier: MIT */
/*
 * Permits are asked for every 100 ms of a clock that is moved by hand. Redis's
 * clock is ours plus `apart`, read at the moment of asking, and every slot is
 * "now" there: so what slot_local_us adds to the moment of asking is the lag.
 * Real time goes on too: NOISE_US allows for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/clock.h"
#include "dispatcher/send/lane.h"

#define NOISE_US 900
#define EVERY_MS 100

static struct {
	struct slot_clock clock;
	int64_t apart_us;
} fx;

static int
set_up(void **state)
{
	(void)state;
	memset(&fx, 0, sizeof(fx));
	fx.apart_us = 7000000000;
	return 0;
}

/*
 * A permit is asked for, runs ran_us later with a slot slot_us behind that, and its reply is here
 * after rtt_ms. When, after it was asked for, is the slot? Tried again if the machine was busy.
 */
static int64_t
ask_for(int64_t rtt_ms, int64_t ran_us, int64_t slot_us)
{
	const struct slot_clock saved = fx.clock;

	for (;;) {
		int64_t asked = clock_mono_us(), redis_now = asked + ran_us + fx.apart_us, at;

		clock_advance_ms(rtt_ms);
		at = slot_local_us(&fx.clock, asked, redis_now + slot_us, redis_now);
		if (clock_mono_us() - asked - rtt_ms * 1000 < NOISE_US) {
			clock_advance_ms(EVERY_MS - rtt_ms);
			return at - asked;
		}
		clock_advance_ms(-rtt_ms);
		fx.clock = saved;
	}
}

/* The lag after a permit that took rtt_ms. */
static int64_t
ask(int64_t rtt_ms)
{
	return ask_for(rtt_ms, 0, 0);
}

static int64_t
ask_times(int count, int64_t rtt_ms)
{
	int64_t lag = 0;

	for (int i = 0; i < count; i++)
		lag = ask(rtt_ms);
	return lag;
}

static void
assert_about(int64_t us, int64_t ms)
{
	assert_in_range(us, ms * 1000 - 1, ms * 1000 + NOISE_US);
}

static void
the_first_slot_waits_for_its_own_round_trip(void **state)
{
	(void)state;
	assert_about(ask(3), 3);
	assert_about(ask(3), 3);
}

static void
slots_keep_their_distance(void **state)
{
	(void)state;
	ask_times(20, 2);
	assert_about(ask_for(2, 0, 0), 2);
	assert_about(ask_for(2, 0, 5000), 2 + 5);
	assert_about(ask_for(2, 0, 16000), 2 + 16);
}

static void
a_growing_round_trip_moves_slots_at_once(void **state)
{
	(void)state;
	assert_about(ask_times(30, 2), 2);
	assert_about(ask(8), 8);
	assert_about(ask(15), 15);
}

static void
one_round_trip_out_of_all_bounds_counts_as_20_ms(void **state)
{
	(void)state;
	ask_times(30, 2);
	assert_about(ask(90), 20);
}

static void
round_trips_that_are_long_as_a_rule_are_believed(void **state)
{
	(void)state;
	ask_times(30, 2);
	/* the mean follows by 1/64 each: after 300 it is 60 ms within a hundredth */
	assert_about(ask_times(300, 60), 60);
}

/* Redis stood still for some seconds: the permits that waited for it say nothing about the next ones. */
static void
slots_can_be_used_again_after_redis_stood_still(void **state)
{
	(void)state;
	ask_times(30, 2);
	ask_times(32, 4000);
	for (int i = 0; i < 30; i++)
		assert_true(slot_is_usable(&fx.clock, clock_mono_us() + ask_for(2, 0, 16000)));
}

static void
a_shrinking_round_trip_moves_slots_by_half_a_millisecond_a_second(void **state)
{
	int64_t before, lag;
	int asks = 0;

	(void)state;
	ask_times(30, 2);
	before = ask(12);
	/* the long one is remembered for two spans of 5 s at most, then 10 ms take 20 s */
	for (asks = 0; asks < 320; asks++) {
		lag = ask(2);
		assert_true(lag <= before + NOISE_US);
		assert_true(before - lag <= EVERY_MS * 1000 / 2000 + 1);
		before = lag;
	}
	assert_about(lag, 2);
}

static void
a_shrinking_lag_is_not_faster_when_nobody_asks(void **state)
{
	(void)state;
	ask_times(30, 2);
	assert_about(ask(12), 12);
	clock_advance_ms(6000);
	ask(2);
	clock_advance_ms(6000);
	/* 12.1 s at most: 12 - 6.05 */
	assert_in_range(ask(2), 5900, 12000);
}

static void
a_clock_of_redis_that_steps_back_is_followed_at_once(void **state)
{
	(void)state;
	ask_times(30, 2);
	fx.apart_us -= 250000;
	assert_about(ask(2), 2);
}

/* Two spans, each over with the first permit that is asked for beyond 5 s. */
static void
a_clock_of_redis_that_steps_forward_is_forgotten_within_ten_seconds(void **state)
{
	int asks;

	(void)state;
	for (int phase = 0; phase < 60; phase += 7) {
		memset(&fx.clock, 0, sizeof(fx.clock));
		ask_times(30 + phase, 2);
		fx.apart_us += 250000;
		/* later by the step, never too early for Redis */
		assert_about(ask(2), 252);
		for (asks = 1; ask(2) > 2000 + NOISE_US; asks++)
			assert_true(asks < 103);
	}
}

/* By an hour: its slot would be waited for as long. Redis's clock is believed from then on. */
static void
a_slot_that_is_farther_away_than_a_permit_lives_makes_the_clocks_be_learnt_anew(void **state)
{
	(void)state;
	ask_times(30, 2);
	assert_true(slot_is_usable(&fx.clock, clock_mono_us() + ask(2)));
	fx.apart_us += 3600000000;
	assert_false(slot_is_usable(&fx.clock, clock_mono_us() + ask(2)));
	assert_about(ask(2), 2);
}

static void
a_clock_that_was_not_asked_for_long_is_learnt_anew(void **state)
{
	(void)state;
	ask_times(30, 2);
	clock_advance_ms(11000);
	fx.apart_us += 250000;
	assert_about(ask(2), 2);
}

/* A permit that waited before it ran says less about the clocks than a quick one. */
static void
the_quickest_permit_tells_how_far_the_clocks_are_apart(void **state)
{
	(void)state;
	ask_times(10, 2);
	/* it ran 8 ms after it was asked for, its slot is at once */
	assert_about(ask_for(9, 8000, 0), 8 + 9);
}

#define T(f) cmocka_unit_test_setup(f, set_up)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_first_slot_waits_for_its_own_round_trip),
		T(slots_keep_their_distance),
		T(a_growing_round_trip_moves_slots_at_once),
		T(one_round_trip_out_of_all_bounds_counts_as_20_ms),
		T(round_trips_that_are_long_as_a_rule_are_believed),
		T(slots_can_be_used_again_after_redis_stood_still),
		T(a_shrinking_round_trip_moves_slots_by_half_a_millisecond_a_second),
		T(a_shrinking_lag_is_not_faster_when_nobody_asks),
		T(a_clock_of_redis_that_steps_back_is_followed_at_once),
		T(a_clock_of_redis_that_steps_forward_is_forgotten_within_ten_seconds),
		T(a_slot_that_is_farther_away_than_a_permit_lives_makes_the_clocks_be_learnt_anew),
		T(a_clock_that_was_not_asked_for_long_is_learnt_anew),
		T(the_quickest_permit_tells_how_far_the_clocks_are_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
