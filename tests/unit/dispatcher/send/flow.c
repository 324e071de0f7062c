/* SPDX-License-Identifier: MIT */
/*
 * What may be under way, by hand: 4 to spare, and 1.5 · rate / cost · seconds. A gateway that has not
 * answered yet is taken to need half a second.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "dispatcher/send/flow.h"

static struct {
	struct flow flow;
	int64_t now_us;
} fx;

static int
set_up(void **state)
{
	(void)state;
	fx.now_us = 1000000;
	flow_init(&fx.flow, 200);
	return 0;
}

/* So many answers, one every 5 ms, each took_ms after it was asked for; the pace is 200 a second. */
static void
answers(unsigned n, int64_t took_ms, uint32_t cost)
{
	for (unsigned i = 0; i < n; i++) {
		fx.now_us += 5000;
		flow_sent(&fx.flow, cost);
		flow_answered(&fx.flow, 200, took_ms * 1000, fx.now_us);
	}
}

/* The most that may be under way where the lane allows `most`. */
static unsigned
room(unsigned most)
{
	struct flow f = fx.flow;
	unsigned n = 0;

	while (flow_may(&f, n, most))
		n++;
	return n;
}

static void
a_gateway_that_has_not_answered_is_taken_to_need_half_a_second(void **state)
{
	(void)state;
	assert_int_equal(room(1024), 4 + 150);
}

static void
the_lanes_bound_is_never_passed(void **state)
{
	(void)state;
	assert_int_equal(room(16), 16);
	assert_int_equal(room(1), 1);
	answers(1000, 2000, 1);
	assert_int_equal(room(100), 100);
}

static void
a_quick_gateway_ends_with_few(void **state)
{
	(void)state;
	answers(30000, 20, 1); /* 1.5 · 200 · 0.02 */
	assert_int_equal(room(1024), 4 + 6 + 1);
}

/* It loses 2,000th parts of what is too many with each answer: of 144 some 91 in ten seconds. */
static void
it_shrinks_slowly(void **state)
{
	(void)state;
	answers(2000, 20, 1);
	assert_in_range(room(1024), 10 + 144 * 35 / 100, 10 + 144 * 39 / 100);
}

static void
an_answer_that_took_longer_makes_room_at_once_when_there_was_none(void **state)
{
	(void)state;
	answers(30000, 20, 1);
	assert_false(flow_may(&fx.flow, 11, 1024));
	answers(1, 500, 1);
	assert_int_equal(room(1024), 4 + 150);
}

static void
without_need_nothing_grows(void **state)
{
	(void)state;
	answers(30000, 20, 1);
	answers(1, 500, 1);
	assert_int_equal(room(1024), 11);
}

/* The lane's own bound was in the way, not this. */
static void
the_lanes_bound_does_not_let_it_grow(void **state)
{
	(void)state;
	answers(30000, 20, 1);
	assert_false(flow_may(&fx.flow, 8, 8));
	answers(1, 500, 1);
	assert_int_equal(room(1024), 11);
}

static void
silence_makes_no_room(void **state)
{
	(void)state;
	answers(30000, 20, 1);
	for (int i = 0; i < 1000; i++)
		assert_false(flow_may(&fx.flow, 11, 1024));
	assert_int_equal(room(1024), 11);
}

/* Whatever holds it up, each answer that finds it full makes room for one more. */
static void
an_answer_makes_room_for_one_more_while_it_is_full(void **state)
{
	(void)state;
	answers(30000, 20, 1);
	for (unsigned n = 11; n < 60; n++) {
		assert_false(flow_may(&fx.flow, n, 1024));
		answers(1, 20, 1);
	}
	assert_int_equal(room(1024), 60);
}

/* Of a hundred messages each, two requests a second do: 1.5 · 2 · 0.5. */
static void
large_requests_need_few(void **state)
{
	(void)state;
	answers(30000, 500, 100);
	assert_int_equal(room(1024), 4 + 1 + 1);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_gateway_that_has_not_answered_is_taken_to_need_half_a_second),
		TEST(the_lanes_bound_is_never_passed),
		TEST(a_quick_gateway_ends_with_few),
		TEST(it_shrinks_slowly),
		TEST(an_answer_that_took_longer_makes_room_at_once_when_there_was_none),
		TEST(without_need_nothing_grows),
		TEST(the_lanes_bound_does_not_let_it_grow),
		TEST(silence_makes_no_room),
		TEST(an_answer_makes_room_for_one_more_while_it_is_full),
		TEST(large_requests_need_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
