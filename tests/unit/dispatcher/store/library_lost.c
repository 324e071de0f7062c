/* SPDX-License-Identifier: MIT */
/*
 * A Redis that came back older is told again what it has lost of a launch: the run under its number,
 * its slices with the places that the members had, and what left of it.
 */
#include <stdlib.h>

#include "tests/unit/dispatcher/store/library_fixture.h"

static void
add_records(struct argv *a, unsigned n, unsigned suppressed)
{
	struct buf b = {0};

	for (unsigned i = 0; i < n; i++)
		buf_add(&b, i == suppressed ? "\x09\x02\0\0\0\0\0\0" : "\0\0\0\0\0\0\0\0", 8);
	argv_add(a, buf_slice(&b));
	buf_free(&b);
}

/* Slice 0 of `run`, the last: rows 3, 17 and 16383, the second one suppressed. */
static const char *
freeze(const char *run)
{
	char bitmap[2048] = {0};
	struct argv a = {0};

	bitmap[0] = 1 << 3;
	bitmap[2] = 1 << 1;
	bitmap[2047] = (char)(1 << 7);
	argv_adds(&a, run);
	argv_adds(&a, "0");
	argv_adds(&a, "1");
	argv_adds(&a, "0");
	argv_add(&a, (struct slice){bitmap, sizeof(bitmap)});
	add_records(&a, 3, 1);
	return call("freeze", &a);
}

/* The journal's line about the same slice: rows, two bytes each, and who does not wait. */
static const char *
freeze_again(const char *run)
{
	struct argv a = {0};

	argv_adds(&a, run);
	argv_adds(&a, "0");
	argv_adds(&a, "1");
	argv_adds(&a, "2048");
	argv_adds(&a, "0");
	argv_adds(&a, "3");
	argv_add(&a, (struct slice){"\x03\0\x11\0\xff\x3f", 6});
	argv_add(&a, (struct slice){"\x01\0\x09\x02", 4});
	return call("freeze_again", &a);
}

static const char *
launch_again(const char *campaign, const char *run, long long launched_s)
{
	return call_words("launch_again", "%lld loa:campaign:%s %s 3 gw 1 campaign %s", launched_s,
			  campaign, run, campaign);
}

/* The journal's line about a permit of one member. */
static const char *
remark(const char *run, const char *permit, unsigned rank, long long launched_s)
{
	struct argv a = {0};

	argv_adds(&a, run);
	argv_adds(&a, "0");
	argv_add_int(&a, rank);
	argv_adds(&a, "1");
	argv_adds(&a, permit);
	argv_adds(&a, "gw");
	argv_add(&a, (struct slice){"\0\0", 2});
	argv_adds(&a, "\x01");
	argv_adds(&a, "\x01");
	argv_adds(&a, "hash");
	argv_adds(&a, "1000");
	argv_adds(&a, "0");
	argv_adds(&a, "0");
	argv_adds(&a, "inc-1");
	argv_adds(&a, "");
	argv_adds(&a, "");
	argv_adds(&a, "1");
	argv_add_int(&a, launched_s);
	return call("remark", &a);
}

static long long
now_s(void)
{
	long long s = 0;

	sscanf(COMMAND("TIME"), "[%lld", &s);
	return s;
}

static void
same_bytes(const char *key_a, const char *key_b)
{
	char *first = strdup(COMMAND("GET", key_a));

	assert_string_equal(COMMAND("GET", key_b), first);
	free(first);
}

static void
a_lost_launch_is_the_same_run_again(void **state)
{
	long long s = now_s() - 3;
	char text[32];

	(void)state;
	snprintf(text, sizeof(text), "%lld", s);
	COMMAND("HSET", "loa:campaign:4", "state", "draft", "speed", "7");
	COMMAND("HSET", "loa:seq", "run", "8");
	assert_string_equal(launch_again("4", "9", s), "1");
	assert_string_equal(launch_again("4", "9", s), "0");
	assert_string_equal(COMMAND("HGET", "loa:run:9", "launched_s"), text);
	assert_string_equal(COMMAND("HGET", "loa:run:9", "speed"), "7");
	assert_string_equal(COMMAND("HGET", "loa:campaign:4", "run"), "9");
	assert_string_equal(COMMAND("HGET", "loa:campaign:4", "state"), "running");
	assert_string_equal(COMMAND("HGET", "loa:seq", "run"), "9");
	assert_string_equal(COMMAND("ZRANGE", "loa:runs", "0", "-1"), "[9]");
	/* what left of it is told meanwhile: nothing is claimed for five seconds */
	assert_string_equal(freeze_again("9"), "1");
	assert_non_null(strstr(claim("inc-1", 10), "Redis had lost its launch"));
	move_clock(5001);
	hello("inc-1");
	assert_non_null(strstr(claim("inc-1", 10), "[work, 9, 0, 0, 3,"));
}

static void
a_launch_is_not_told_again_over_another_one(void **state)
{
	long long s = now_s();

	(void)state;
	launch_run(1); /* campaign 1, run 1 */
	COMMAND("HSET", "loa:campaign:5", "state", "draft");
	/* its number is another run's; its campaign is gone; its campaign has become another run */
	assert_string_equal(launch_again("5", "1", s - 10), "-1");
	assert_string_equal(COMMAND("HGET", "loa:campaign:5", "state"), "draft");
	assert_string_equal(launch_again("6", "2", s), "-1");
	assert_string_equal(launch_again("1", "3", s), "-1");
	assert_string_equal(COMMAND("EXISTS", "loa:run:2", "loa:run:3"), "0");
}

static void
a_slice_that_is_told_again_is_what_it_was(void **state)
{
	long long s = now_s();

	(void)state;
	COMMAND("HSET", "loa:campaign:1", "state", "draft");
	COMMAND("HSET", "loa:campaign:2", "state", "draft");
	assert_string_equal(launch_again("1", "1", s), "1");
	assert_string_equal(launch_again("2", "2", s), "1");
	assert_string_equal(freeze("1"), "1");
	assert_string_equal(freeze_again("2"), "1");
	assert_string_equal(freeze_again("2"), "1");
	assert_string_equal(freeze_again("3"), "-1");
	same_bytes("loa:run:1:aud:0:0", "loa:run:2:aud:0:0");
	same_bytes("loa:run:1:rec:0:0", "loa:run:2:rec:0:0");
	assert_string_equal(COMMAND("HGETALL", "loa:run:2:count"), "[suppressed, 1]");
	assert_string_equal(COMMAND("HMGET", "loa:run:2", "front0", "slice", "audience", "frozen"),
			    "[3, 1, 3, 1]");
}

static void
what_left_of_a_lost_run_waits_for_it(void **state)
{
	long long s = now_s();

	(void)state;
	COMMAND("HSET", "loa:campaign:4", "state", "draft");
	/* its number is not given to another one meanwhile */
	assert_string_equal(remark("9", "p1", 0, s), "-1");
	assert_string_equal(COMMAND("HINCRBY", "loa:seq", "run", "1"), "10");
	assert_string_equal(launch_again("4", "9", s), "1");
	assert_string_equal(remark("9", "p1", 0, s), "-1");
	assert_string_equal(freeze_again("9"), "1");
	assert_string_equal(remark("9", "p1", 0, s), "1");
	assert_string_equal(remark("9", "p1", 0, s), "0");
	fx.run = 9;
	assert_string_equal(state_of(0), "sending");
	assert_string_equal(state_of(1), "suppressed");
	assert_string_equal(state_of(2), "waiting");
}

static void
what_left_of_another_run_with_its_number_is_not_its(void **state)
{
	(void)state;
	launch_run(3);
	assert_string_equal(remark("1", "p1", 0, now_s() - 60), "-1");
	assert_string_equal(state_of(0), "waiting");
}

static void
a_receipt_for_a_lost_run_is_refused_until_all_is_told(void **state)
{
	long long s = now_s();
	const char *line = "gw 0 0 9 0 0 1 _ _ 5 0 \"\",\"\"";
	char at[32];

	(void)state;
	COMMAND("HSET", "loa:campaign:4", "state", "draft");
	snprintf(at, sizeof(at), "%lld", (s + 5) * 1000);
	COMMAND("HSET", "loa:meta", "open_at", at);
	assert_non_null(strstr(call_words("receipts", "%s", line), "error: LOST"));
	assert_string_equal(COMMAND("EXISTS", "loa:unknown:gw"), "0");
	launch_again("4", "9", s);
	freeze_again("9");
	assert_string_equal(call_words("receipts", "%s", line), "[1, 0, 0, 0]");
	/* later it is nobody's, and it is said that it names a run */
	COMMAND("HSET", "loa:meta", "open_at", "0");
	assert_string_equal(call_words("receipts", "gw 0 0 77 0 0 1 _ _ 5 0 \"\",\"\""),
			    "[0, 0, 1, 0, 1]");
}

static void
no_campaign_is_due_before_all_is_told(void **state)
{
	long long s = now_s();
	char at[32];

	(void)state;
	COMMAND("HSET", "loa:campaign:4", "state", "scheduled", "due_s", "1000");
	snprintf(at, sizeof(at), "%lld", s - 1);
	COMMAND("ZADD", "loa:schedule", at, "4");
	snprintf(at, sizeof(at), "%lld", (s + 5) * 1000);
	COMMAND("HSET", "loa:meta", "open_at", at);
	assert_non_null(strstr(call_words("due", "_"), "[sleep, "));
	COMMAND("HSET", "loa:meta", "open_at", "0");
	assert_non_null(strstr(call_words("due", "_"), "[fire, 4, "));
}

/* Redis came back as it was: its journal says nothing that it does not know. */
static void
what_was_answered_is_no_lost_permit(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};
	long long s;
	char run[32];

	(void)state;
	launch_run(3);
	s = strtoll(COMMAND("HGET", "loa:run:1", "launched_s"), NULL, 10);
	snprintf(run, sizeof(run), "loa:run:%lld", (long long)fx.run);
	COMMAND("HSET", run, "brake_min", "50", "brake_window", "200", "brake_refused_pct", "50");
	COMMAND("HSET", "loa:lane:gw", "rate", "0.1"); /* ten seconds a message */
	claim("inc-1", 3);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "N");
	assert_string_equal(COMMAND("HGET", "loa:run:1:brake", "0:n"), "1");
	{
		char tat[32];

		snprintf(tat, sizeof(tat), "%s", COMMAND("HGET", "loa:lane:gw", "tat"));
		assert_string_equal(remark("1", "p1", 0, s), "0");
		outcome(0, 1, "p1", "N");
		assert_string_equal(COMMAND("HGET", "loa:lane:gw", "tat"), tat);
	}
	assert_string_equal(state_of(0), "refused");
	assert_string_equal(COMMAND("HGET", "loa:run:1:brake", "0:n"), "1");
	/* and what was un-marked was not sent */
	COMMAND("HSET", "loa:lane:gw", "rate", "100000");
	COMMAND("HDEL", "loa:lane:gw", "tat");
	q.first = 1;
	q.permit = "p2";
	assert_true(is_go(permit(&q)));
	call_words("unmark", "1 0 1 1 p2 gw 0 _ _ 0");
	assert_string_equal(remark("1", "p2", 1, s), "0");
	assert_string_equal(state_of(1), "waiting");
	/* one that it does not know is marked */
	assert_string_equal(remark("1", "p3", 1, s), "1");
	assert_string_equal(state_of(1), "sending");
}

static void
a_line_of_the_log_is_there_once(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	fx.log = "[\"answer\"]";
	launch_run(3);
	claim("inc-1", 3);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "A");
	outcome(0, 1, "p1", "A");
	assert_string_equal(COMMAND("LLEN", "loa:run:1:log"), "1");
	q.first = 1;
	q.permit = "p2";
	assert_true(is_go(permit(&q)));
	outcome(1, 1, "p2", "N");
	outcome(1, 1, "p2", "N");
	assert_string_equal(COMMAND("LLEN", "loa:run:1:log"), "2");
	/* who slept so long that its request was forgotten on the wire says something new */
	q.first = 2;
	q.permit = "p3";
	assert_true(is_go(permit(&q)));
	COMMAND("HDEL", "loa:lane:gw:busy", "p3");
	outcome(2, 1, "p3", "N");
	assert_string_equal(COMMAND("LLEN", "loa:run:1:log"), "3");
	outcome(2, 1, "p3", "N");
	assert_string_equal(COMMAND("LLEN", "loa:run:1:log"), "3");
}

/* The process that receives told its journal before the one that sends. */
static void
a_report_before_its_permit_leaves_its_parts_and_its_answer(void **state)
{
	long long s;

	(void)state;
	fx.log = "[\"answer\"]";
	launch_run(3);
	s = strtoll(COMMAND("HGET", "loa:run:1", "launched_s"), NULL, 10);
	receipt(0, 1, RECORD_DELIVERED);
	assert_int_equal(record_of(0).parts, 0);
	assert_string_equal(remark("1", "p1", 0, s), "1");
	assert_int_equal(record_of(0).parts, 1);
	assert_string_equal(state_of(0), "delivered");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "parts:0"), "1");
	outcome(0, 1, "p1", "A");
	assert_string_equal(state_of(0), "delivered");
	/* the report's line, and the answer's */
	assert_string_equal(COMMAND("LLEN", "loa:run:1:log"), "2");
	assert_string_equal(COMMAND("EXISTS", "loa:run:1:req:0:0"), "0");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "parts:0"), "1");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "delivered"), "1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_lost_launch_is_the_same_run_again),
		T(a_launch_is_not_told_again_over_another_one),
		T(a_slice_that_is_told_again_is_what_it_was),
		T(what_left_of_a_lost_run_waits_for_it),
		T(what_left_of_another_run_with_its_number_is_not_its),
		T(a_receipt_for_a_lost_run_is_refused_until_all_is_told),
		T(no_campaign_is_due_before_all_is_told),
		T(what_was_answered_is_no_lost_permit),
		T(a_line_of_the_log_is_there_once),
		T(a_report_before_its_permit_leaves_its_parts_and_its_answer),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
