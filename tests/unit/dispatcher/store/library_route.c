/* SPDX-License-Identifier: MIT */
/* Routes: who is given the next range, and what becomes of what was in doubt. */
#include "tests/unit/dispatcher/store/route_fixture.h"

static void
in_order_the_first_takes_all_while_it_works(void **state)
{
	(void)state;
	launch_routes(20, "order 1 0 1");
	assert_string_equal(take("b", 5), "");
	assert_non_null(strstr(fx.reply.data, "another provider of its route"));
	assert_string_equal(take("a", 5), "0:5");
	assert_string_equal(take("b", 5), "");
	assert_string_equal(take("a", 5), "5:10");
	assert_string_equal(field("via0"), "nil");
}

/* A minute later, not before; the first look at it begins the time. */
static void
the_next_one_takes_over_when_the_first_has_rested_long_enough(void **state)
{
	long long since;

	(void)state;
	launch_routes(20, "order 1 0 1");
	assert_string_equal(take("a", 5), "0:5");
	rest("a", 1000000);
	assert_string_equal(take("b", 5), "");
	assert_non_null(strstr(fx.reply.data, "it does not answer"));
	pass(50000);
	assert_string_equal(take("b", 5), "");
	pass(10100);
	assert_string_equal(take("b", 5), "5:10");
	assert_int_equal(sscanf(field("via0"), "1 %lld a: it does not answer", &since), 1);
	assert_non_null(strstr(COMMAND("LRANGE", "loa:run:1:log", "0", "-1"), "[\"route\",0,"));
	/* The decision stays: nothing more is written. */
	assert_string_equal(take("b", 5), "10:15");
	assert_string_equal(COMMAND("LLEN", "loa:run:1:log"), "1");
}

static void
a_short_rest_moves_nothing(void **state)
{
	(void)state;
	launch_routes(20, "order 1 0 1");
	rest("a", 30000);
	assert_string_equal(take("b", 5), "");
	pass(30001);
	assert_string_equal(take("b", 5), "");
	rest("a", 30000);
	assert_string_equal(take("b", 5), "");
	pass(30001);
	assert_string_equal(take("b", 5), "");
	assert_string_equal(take("a", 5), "0:5");
	assert_string_equal(field("via0"), "nil");
}

/* It works again at 100 s; 590 s later it is too early, at 600 s it takes all. */
static void
it_comes_back_when_it_has_worked_long_enough(void **state)
{
	(void)state;
	launch_routes(50, "order 1 0 1");
	rest("a", 100000);
	take("b", 5);
	pass(60100);
	assert_string_equal(take("b", 5), "0:5");
	pass(40000);
	assert_string_equal(take("a", 5), "");
	assert_string_equal(take("b", 5), "5:10");
	pass(590000);
	assert_string_equal(take("a", 5), "");
	assert_string_equal(take("b", 5), "10:15");
	pass(10500);
	assert_string_equal(take("b", 5), "");
	assert_string_equal(take("a", 5), "15:20");
	assert_string_equal(field("via0"), "nil"); /* as usual */
	assert_string_equal(COMMAND("LLEN", "loa:run:1:log"), "2");
	assert_non_null(strstr(COMMAND("LINDEX", "loa:run:1:log", "1"), "works again"));
}

/* A rest on the way begins the time anew. */
static void
a_rest_on_the_way_back_begins_anew(void **state)
{
	(void)state;
	launch_routes(50, "order 1 0 1");
	rest("a", 100000);
	take("b", 5);
	pass(60100);
	assert_string_equal(take("b", 5), "0:5");
	pass(50000);
	take("b", 5);
	pass(500000);
	rest("a", 30000);
	take("b", 5);
	pass(200000);
	assert_string_equal(take("a", 5), "");
	take("b", 5);
	pass(500000);
	assert_string_equal(take("a", 5), "");
	pass(100100);
	assert_string_equal(take("a", 5), "20:25");
}

/* An open breaker is tried by one request of the smallest batch; the run stays where it is. */
static void
one_that_failed_is_tried_with_one_message(void **state)
{
	(void)state;
	launch_routes(50, "order 1 0 1");
	COMMAND("HSET", "loa:lane:a", "opens", "1");
	rest("a", 100000);
	take("b", 5);
	pass(60100);
	assert_string_equal(take("b", 5), "0:5");
	pass(50000);
	assert_string_equal(take("a", 5), "");
	pass(600100);
	assert_string_equal(take("b", 5), "5:10");
	assert_string_equal(take("a", 5), "10:11");
	assert_string_equal(take("b", 5), "11:16");
	COMMAND("HDEL", "loa:lane:a", "opens");
	assert_string_equal(take("b", 5), "");
	assert_string_equal(take("a", 5), "16:21");
}

/* Nothing else works: whoever does, does it. */
static void
one_that_was_left_is_better_than_none(void **state)
{
	(void)state;
	launch_routes(50, "order 1 0 1");
	rest("a", 100000);
	take("b", 5);
	pass(60100);
	assert_string_equal(take("b", 5), "0:5");
	pass(60000);
	rest("b", 10000000);
	assert_string_equal(take("a", 5), "");
	pass(60100);
	assert_string_equal(take("a", 5), "5:10");
	assert_non_null(strstr(field("via0"), "nothing else works"));
}

/* Rank 1 is in doubt at a and may be repeated: only a gets it. The rest is anybody's. */
static void
doubt_stays_with_its_lane_and_the_rest_moves(void **state)
{
	struct ask q = {.inc = "inc-1",
			.permit = "p1",
			.first = 1,
			.count = 1,
			.attempt = 1,
			.dedupe_ms = 3600000};
	struct ask r = {.inc = "inc-1",
			.permit = "p2",
			.first = 1,
			.count = 1,
			.attempt = 1,
			.is_repeat = true,
			.from = 1};

	(void)state;
	launch_routes(4, "order 1 0 1");
	assert_string_equal(take("a", 4), "0:4");
	assert_true(is_go(permit(&q)));
	outcome(1, 1, "p1", "U");
	rest("a", 100000);
	release(0);
	assert_string_equal(todo_of("0"), "[0:1, 2:4]");
	assert_string_equal(todo_of("0:0"), "[1:2]");
	take("b", 5);
	pass(60100);
	assert_string_equal(take("b", 5), "0:1");
	assert_string_equal(take("b", 5), "2:4");
	assert_string_equal(take("b", 5), "");
	assert_string_equal(state_of(1), "unknown");
	pass(50000);
	assert_string_equal(take("a", 5), "1:2");
	assert_non_null(strstr(fx.reply.data, "1:1"));
	assert_true(is_go(permit(&r)));
	outcome(1, 1, "p2", "A");
	release(1);
	assert_string_equal(state_of(1), "accepted");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "parts:0"), "1");
}

/* What b gets has the next attempt, where a has had one; where it has not, the first. */
static void
another_provider_has_another_attempt(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .first = 0, .count = 1, .attempt = 1};

	(void)state;
	launch_routes(2, "order 1 0 1");
	assert_string_equal(take("a", 2), "0:2");
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "W");
	assert_string_equal(state_of(0), "waiting");
	rest("a", 1000000);
	release(0);
	take("b", 2);
	pass(60100);
	assert_string_equal(take("b", 2), "0:2");
	q.permit = "p2";
	assert_non_null(strstr(permit(&q), "[changed"));
	q.attempt = 2;
	assert_true(is_go(permit(&q)));
	outcome(0, 2, "p2", "A");
	q = (struct ask){.inc = "inc-1", .permit = "p3", .first = 1, .count = 1, .attempt = 1};
	assert_true(is_go(permit(&q)));
	outcome(1, 1, "p3", "A");
	assert_int_equal(record_of(0).provider, 1);
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "parts:1"), "2");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "parts:0"), "nil");
}

/* a accepted it after all: it is a's, and b's is paid for, too. */
static void
late_evidence_is_for_the_provider_of_its_attempt(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .first = 0, .count = 1, .attempt = 1};

	(void)state;
	launch_routes(1, "order 1 0 1");
	take("a", 1);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "U");
	release(0);
	/* A person sends it again: that is a new attempt, at b. */
	call_words("doubt_resend", "1 0 0 _ 0");
	COMMAND("HSET", "loa:lane:a", "rate", "0");
	take("b", 1);
	pass(100000);
	{
		struct argv a = {0};

		argv_adds(&a, "1");
		argv_adds(&a, "0");
		argv_adds(&a, "0");
		argv_add(&a, (struct slice){"\0\0\1\0", 4});
		argv_adds(&a, "1000");
		assert_string_equal(call("doubt_resend", &a), "[n, running]");
	}
	assert_string_equal(take("b", 1), "");
	pass(60100);
	assert_string_equal(take("b", 1), "0:1");
	q.permit = "p2";
	q.attempt = 3;
	assert_true(is_go(permit(&q)));
	outcome(0, 3, "p2", "A");
	assert_int_equal(record_of(0).provider, 1);
	be("a");
	call_words("receipts", "a 0 0 1 0 0 1 _ _ %d 0 \"\",\"\"", (int)RECORD_DELIVERED);
	assert_string_equal(state_of(0), "delivered");
	assert_int_equal(record_of(0).provider, 0);
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "parts:0"), "1");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "parts:1"), "0");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "again:1"), "1");
}

/* A process dies with rank 1 on the wire at a. Whoever finds it puts it where it belongs. */
static void
what_a_dead_process_held_goes_where_it_belongs(void **state)
{
	struct ask q = {.inc = "inc-1",
			.permit = "p1",
			.first = 1,
			.count = 2,
			.attempt = 1,
			.dedupe_ms = 3600000};

	(void)state;
	launch_routes(6, "order 1 0 1");
	assert_string_equal(take("a", 6), "0:6");
	assert_true(is_go(permit(&q)));
	move_clock(6000);
	hello("inc-2");
	be("b");
	claim("inc-2", 6);
	assert_string_equal(todo_of("0"), "[0:1, 3:6]");
	assert_string_equal(todo_of("0:0"), "[1:3]");
	/* Lost: the keeper finds it again from the records and the requests alone. */
	COMMAND("DEL", "loa:run:1:todo:0", "loa:run:1:todo:0:0");
	assert_string_equal(call_words("reconcile", "1 0 0"), "3");
	assert_string_equal(todo_of("0"), "[0:1, 3:6]");
	assert_string_equal(todo_of("0:0"), "[1:3]");
	assert_string_equal(call_words("reconcile", "1 0 0"), "0");
}

/* The run is not over while a lane has something of its own to do. */
static void
a_run_with_doubt_to_repeat_is_not_over(void **state)
{
	struct ask q = {.inc = "inc-1",
			.permit = "p1",
			.first = 0,
			.count = 1,
			.attempt = 1,
			.dedupe_ms = 3600000};

	(void)state;
	launch_routes(1, "order 1 0 1");
	take("a", 1);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "U");
	release(0);
	assert_string_equal(todo_of("0:0"), "[0:1]");
	assert_non_null(strstr(call_words("progress", "1"), "[running, 1, 0, "));
	call_words("control", "1 running finished");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "state"), "running");
}

/* 70 and 30 of 100, whoever asks first and however much it wants. */
static void
shares_are_exact_in_the_end(void **state)
{
	unsigned a = 0, b = 0;

	(void)state;
	launch_routes(100, "share 1 0:70 1:30");
	for (int i = 0; i < 40; i++) {
		const char *lane = i % 3 == 0 ? "a" : "b";
		unsigned from, to;

		if (sscanf(take(lane, 9), "%u:%u", &from, &to) == 2)
			*(lane[0] == 'a' ? &a : &b) += to - from;
	}
	assert_int_equal(a, 70);
	assert_int_equal(b, 30);
}

/* b is gone after 15: a takes what b would have had. It comes back: it has its whole share again. */
static void
a_share_goes_to_those_that_work(void **state)
{
	(void)state;
	launch_routes(100, "share 1 0:70 1:30");
	assert_string_equal(take("b", 15), "0:15");
	assert_string_equal(take("a", 100), "15:85");
	assert_string_equal(take("a", 100), "");
	rest("b", 100000);
	pass(1100); /* until it looks at the run again */
	assert_string_equal(take("a", 100), "");
	pass(60100);
	assert_string_equal(take("a", 10), "85:95");
	assert_non_null(strstr(field("via0"), "b: it does not answer"));
	pass(50000);
	take("b", 100);
	pass(600100);
	assert_string_equal(take("b", 100), "95:100");
}

/* What a gives back unsent does not count as given. */
static void
what_is_given_back_is_not_counted(void **state)
{
	(void)state;
	launch_routes(100, "share 1 0:50 1:50");
	assert_string_equal(take("a", 100), "0:50");
	assert_string_equal(take("a", 100), "");
	release(0);
	assert_string_equal(todo_of("0"), "[0:50]");
	assert_string_equal(take("b", 100), "0:50");
	assert_string_equal(take("b", 100), "");
	assert_string_equal(take("a", 100), "50:100");
}

/* A brake stops what goes by its provider at once; the other goes on; a person lets it go on at once. */
static void
a_brake_stops_its_provider_and_no_other(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .first = 0, .count = 1, .attempt = 1};

	(void)state;
	launch_routes(20, "order 1 0 1");
	assert_string_equal(take("a", 2), "0:2");
	COMMAND("HSET", "loa:run:1", "brake0", "3 of the last 4 messages: refused");
	assert_string_equal(permit(&q), "[stop, stopped by the brake]");
	assert_string_equal(take("a", 5), "");
	assert_string_equal(take("b", 5), "2:7");
	assert_non_null(strstr(field("via0"), "a: 3 of the last 4 messages: refused"));
	assert_string_equal(call_words("brake_release", "1"), "1");
	assert_string_equal(take("b", 5), "");
	assert_string_equal(take("a", 5), "7:12");
}

/* What a brake counts is of the provider that answered. */
static void
a_refused_account_stops_the_tariff_that_it_is_of(void **state)
{
	struct argv a = {0};
	struct ask q = {.inc = "inc-1", .permit = "p1", .first = 0, .count = 1, .attempt = 1};

	(void)state;
	launch_routes(4, "order 1 1 0");
	be("b");
	claim("inc-1", 2);
	assert_true(is_go(permit(&q)));
	add_answers(&a);
	add_answer(&a, 0, 1, "p1", "W", REASON_BAD_ACCOUNT);
	call("outcome", &a);
	assert_string_equal(field("brake1"), "the gateway refuses the account");
	assert_string_equal(field("brake0"), "nil");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		L(in_order_the_first_takes_all_while_it_works),
		L(the_next_one_takes_over_when_the_first_has_rested_long_enough),
		L(a_short_rest_moves_nothing),
		L(it_comes_back_when_it_has_worked_long_enough),
		L(a_rest_on_the_way_back_begins_anew),
		L(one_that_failed_is_tried_with_one_message),
		L(one_that_was_left_is_better_than_none),
		L(doubt_stays_with_its_lane_and_the_rest_moves),
		L(another_provider_has_another_attempt),
		L(late_evidence_is_for_the_provider_of_its_attempt),
		L(what_a_dead_process_held_goes_where_it_belongs),
		L(a_run_with_doubt_to_repeat_is_not_over),
		L(shares_are_exact_in_the_end),
		L(a_share_goes_to_those_that_work),
		L(what_is_given_back_is_not_counted),
		L(a_brake_stops_its_provider_and_no_other),
		L(a_refused_account_stops_the_tariff_that_it_is_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
