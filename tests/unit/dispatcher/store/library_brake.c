/* SPDX-License-Identifier: MIT */
/*
 * The brake and the canary in a real Redis. A run here has two partitions of lane "gw", of `n`
 * members each, and the brake's thresholds as `limits` has them.
 */
#include "tests/unit/dispatcher/store/library_fixture.h"

static const char limits[] = "brake_min 20 brake_window 40 brake_message_pct 50 "
			     "brake_refused_pct 30 brake_doubt_pct 20";

static void
launch_two(unsigned n, const char *more)
{
	static const char bitmap[2048];
	struct argv a = {0};
	struct buf records = {0};
	char campaign[48];

	fx.run++;
	snprintf(campaign, sizeof(campaign), "loa:campaign:%lld", (long long)fx.run);
	COMMAND("HSET", campaign, "state", "draft");
	call_words("launch", "%s %lld 3 gw,gw 2 campaign %lld %s%s", campaign, (long long)fx.run,
		   (long long)fx.run, limits, more);
	for (unsigned i = 0; i < n; i++)
		buf_add(&records, "\0\0\0\0\0\0\0\0", 8);
	argv_add_int(&a, fx.run);
	argv_adds(&a, "0");
	argv_adds(&a, "1");
	for (int p = 0; p < 2; p++) {
		argv_add_int(&a, p);
		argv_add(&a, (struct slice){bitmap, sizeof(bitmap)});
		argv_add(&a, buf_slice(&records));
	}
	assert_string_equal(call("freeze", &a), "1");
	buf_free(&records);
}

static void
answer(const char *id, unsigned first, const char *classes, enum record_reason reason)
{
	struct argv a = {0};

	add_answers(&a);
	add_answer(&a, first, 1, id, classes, reason);
	call("outcome", &a);
}

/* Ranks first … of partition 0 are sent and answered so; reason 0 = what the class usually has. */
static void
send_and_answer(unsigned first, const char *classes, enum record_reason reason)
{
	struct ask q = {.inc = "inc-1", .first = first, .count = (unsigned)strlen(classes)};
	char id[16];

	snprintf(id, sizeof(id), "p%u", first);
	q.permit = id;
	q.attempt = 1;
	assert_true(is_go(permit(&q)));
	if (reason == REASON_NONE)
		outcome(first, 1, id, classes);
	else
		answer(id, first, classes, reason);
}

static const char *
brake(void)
{
	char key[32];

	snprintf(key, sizeof(key), "loa:run:%lld", (long long)fx.run);
	return COMMAND("HGET", key, "brake0");
}

static void
a_refused_account_stops_its_partition_at_once_and_no_other(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "later", .first = 1, .count = 1, .attempt = 1};

	(void)state;
	launch_two(4, "");
	claim("inc-1", 2);
	send_and_answer(0, "W", REASON_BAD_ACCOUNT);
	assert_string_equal(brake(), "the gateway refuses the account");
	assert_string_equal(permit(&q), "[stop, stopped by the brake]");
	assert_string_equal(state_of(1), "waiting");
	/* The next range is the other partition's, not this one's rest. */
	assert_non_null(strstr(claim("inc-1", 4), "[work, 1, 1, 0, 4, "));
	assert_non_null(strstr(claim("inc-1", 4), "stopped by the brake"));
	assert_string_equal(call_words("brake_release", "1"), "1");
	assert_non_null(strstr(claim("inc-1", 4), "[work, 1, 0, 2, 4, "));
}

/* As a journal does it when Redis came back: a person let it go on meanwhile. */
static void
answers_told_again_stop_nothing_again(void **state)
{
	(void)state;
	launch_two(40, "");
	claim("inc-1", 40);
	send_and_answer(0, "W", REASON_BAD_ACCOUNT);
	call_words("brake_release", "1");
	answer("p0", 0, "W", REASON_BAD_ACCOUNT);
	assert_string_equal(brake(), "nil");
	send_and_answer(1, "NNNNNNNNNNNNNNNNNNN", REASON_NONE);
	outcome(1, 1, "p1", "NNNNNNNNNNNNNNNNNNN");
	assert_string_equal(brake(), "nil");
}

static void
texts_that_are_refused_stop_after_ten(void **state)
{
	(void)state;
	launch_two(40, "");
	claim("inc-1", 40);
	send_and_answer(0, "NNNNNNNNN", REASON_BAD_MESSAGE);
	assert_string_equal(brake(), "nil");
	send_and_answer(9, "N", REASON_BAD_MESSAGE);
	assert_string_equal(brake(), "10 of the last 10 messages: text or sender refused");
}

static void
refusals_stop_from_the_least_number_of_answers_on_and_above_the_rate(void **state)
{
	(void)state;
	launch_two(40, "");
	claim("inc-1", 40);
	/* 6 of 19 are enough, but 19 answers are not */
	send_and_answer(0, "NNNNNNAAAAAAAAAAAAA", REASON_NONE);
	assert_string_equal(brake(), "nil");
	send_and_answer(19, "A", REASON_NONE);
	assert_string_equal(brake(), "6 of the last 20 messages: refused");
}

static void
a_rate_just_below_stops_nothing(void **state)
{
	(void)state;
	launch_two(40, "");
	claim("inc-1", 40);
	/* 5 of 20 refused: a quarter */
	send_and_answer(0, "NNNNNAAAAAAAAAAAAAAA", REASON_NONE);
	assert_string_equal(brake(), "nil");
	/* 7 of 37 in doubt: 19 % */
	send_and_answer(20, "UUUUUUUAAAAAAAAAA", REASON_NONE);
	assert_string_equal(brake(), "nil");
}

static void
answers_that_do_not_come_stop_too(void **state)
{
	(void)state;
	launch_two(40, "");
	claim("inc-1", 40);
	send_and_answer(0, "AAAAAAAAAAAAAAAAUUUU", REASON_NONE);
	assert_string_equal(brake(), "4 of the last 20 messages: in doubt");
}

static void
what_is_long_ago_counts_half_and_less(void **state)
{
	(void)state;
	launch_two(200, "");
	claim("inc-1", 200);
	/* 40 good answers are a window and count as 20 from then on: 8 of 28 are not 30 %, 9 of 29 are. */
	send_and_answer(0, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", REASON_NONE);
	send_and_answer(40, "NNNNNNNN", REASON_NONE);
	assert_string_equal(brake(), "nil");
	send_and_answer(48, "N", REASON_NONE);
	assert_string_equal(brake(), "9 of the last 29 messages: refused");
}

/* Give the range from 0 back, after its records say accepted. */
static void
finish_range(unsigned p, unsigned n)
{
	char key[40], at[8];

	snprintf(key, sizeof(key), "loa:run:1:rec:%u:0", p);
	for (unsigned i = 0; i < n; i++) {
		snprintf(at, sizeof(at), "%u", i * 8);
		COMMAND("SETRANGE", key, at, "\x03");
	}
	call_words("release", "1 %u 0 inc-1 %lld 0", p, (long long)fx.fence);
}

static void
a_canary_takes_of_each_partition_and_waits_for_a_person(void **state)
{
	(void)state;
	launch_two(10, " canary person canary_after_s 0 canary_n 5");
	assert_non_null(strstr(claim("inc-1", 10), "[work, 1, 0, 0, 3, "));
	finish_range(0, 3);
	assert_non_null(strstr(call_words("progress", "1"), "[running, "));
	assert_non_null(strstr(claim("inc-1", 10), "[work, 1, 1, 0, 2, "));
	assert_non_null(strstr(claim("inc-1", 10), "the first messages are being looked at"));
	/* Partition 1 is still out: nothing is decided. */
	call_words("progress", "1");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "state"), "running");
	claim("inc-1", 10);
	finish_range(1, 2);
	call_words("progress", "1");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "state"), "paused");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "why"), "canary");
	assert_string_equal(COMMAND("HGET", "loa:campaign:1", "state"), "paused");
	COMMAND("HSET", "loa:run:1", "state", "running");
	assert_non_null(strstr(claim("inc-1", 10), "[work, 1, 0, 3, 10, "));
}

static void
a_canary_that_is_more_than_everybody_stops_nothing(void **state)
{
	(void)state;
	launch_two(1, " canary person canary_after_s 0 canary_n 5");
	assert_non_null(strstr(claim("inc-1", 10), "[work, 1, 0, 0, 1, "));
	finish_range(0, 1);
	assert_non_null(strstr(claim("inc-1", 10), "[work, 1, 1, 0, 1, "));
	finish_range(1, 1);
	call_words("progress", "1");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "state"), "running");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "canary_n"), "nil");
}

static void
a_canary_takes_no_fewer_than_the_smallest_batch(void **state)
{
	(void)state;
	launch_two(40, " canary person canary_after_s 0 canary_n 5 canary0 30");
	assert_non_null(strstr(claim("inc-1", 40), "[work, 1, 0, 0, 30, "));
	assert_non_null(strstr(claim("inc-1", 40), "the first messages are being looked at"));
}

static void
a_canary_goes_on_by_itself_after_its_time(void **state)
{
	(void)state;
	launch_two(2, " canary auto canary_after_s 60 canary_n 1");
	claim("inc-1", 10);
	finish_range(0, 1);
	call_words("progress", "1");
	assert_non_null(strstr(claim("inc-1", 10), "[sleep, "));
	move_clock(61000);
	hello("inc-1");
	call_words("progress", "1");
	assert_non_null(strstr(claim("inc-1", 10), "[work, 1, 0, 1, 2, "));
}

static void
a_canary_that_was_stopped_does_not_go_on_by_itself(void **state)
{
	(void)state;
	launch_two(2, " canary auto canary_after_s 0 canary_n 1");
	claim("inc-1", 10);
	send_and_answer(0, "N", REASON_BAD_ACCOUNT);
	call_words("release", "1 0 0 inc-1 %lld 0", (long long)fx.fence);
	for (int i = 0; i < 3; i++) {
		call_words("progress", "1");
		move_clock(1000);
	}
	hello("inc-1");
	assert_non_null(strstr(claim("inc-1", 10), "[sleep, "));
	call_words("brake_release", "1");
	call_words("progress", "1");
	call_words("progress", "1");
	assert_non_null(strstr(claim("inc-1", 10), "[work, 1, "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_refused_account_stops_its_partition_at_once_and_no_other),
		T(answers_told_again_stop_nothing_again),
		T(texts_that_are_refused_stop_after_ten),
		T(refusals_stop_from_the_least_number_of_answers_on_and_above_the_rate),
		T(a_rate_just_below_stops_nothing),
		T(answers_that_do_not_come_stop_too),
		T(what_is_long_ago_counts_half_and_less),
		T(a_canary_takes_of_each_partition_and_waits_for_a_person),
		T(a_canary_that_is_more_than_everybody_stops_nothing),
		T(a_canary_takes_no_fewer_than_the_smallest_batch),
		T(a_canary_goes_on_by_itself_after_its_time),
		T(a_canary_that_was_stopped_does_not_go_on_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
