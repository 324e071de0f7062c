/* SPDX-License-Identifier: MIT */
/*
 * So many messages of a class to one phone: over runs, in 24 hours and in a week, exactly when two
 * ask at once, given back when surely not sent, and what a phone costs in Redis.
 */
#include <stdlib.h>

#include "tests/unit/dispatcher/store/library_fixture.h"

#define HASH 11u

static char hashes[HASH * 256];

/* Phones number from … from + count - 1, as hashes that differ in field and bucket. */
static struct slice
phones(unsigned from, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char h[16];

		snprintf(h, sizeof(h), "%08u", from + i);
		memcpy(hashes + i * HASH, h, 8);
		hashes[i * HASH + 8] = (char)((from + i) % 251);
		hashes[i * HASH + 9] = (char)((from + i) / 251);
		hashes[i * HASH + 10] = 0;
	}
	return (struct slice){hashes, (size_t)count * HASH};
}

static void
launch_capped(const char *class, const char *day, const char *week)
{
	char run[32];

	launch_run(100);
	snprintf(run, sizeof(run), "loa:run:%lld", (long long)fx.run);
	COMMAND("HSET", run, "class", class, "cap_day", day, "cap_week", week);
	claim("inc-1", 100);
}

static char last[16];

static const char *
ask(unsigned first, unsigned count)
{
	static unsigned n;

	snprintf(last, sizeof(last), "p%u", ++n);
	return permit(&(struct ask){
		.inc = "inc-1", .permit = last, .first = first, .count = count, .attempt = 1});
}

static void
a_phone_gets_so_many_over_all_runs_of_the_class(void **state)
{
	(void)state;
	launch_capped("advert", "2", "0");
	fx.caps = phones(1, 1);
	assert_true(is_go(ask(0, 1)));
	launch_capped("advert", "2", "0");
	assert_true(is_go(ask(0, 1)));
	assert_string_equal(ask(1, 1), "[caps, 1]");
	assert_string_equal(state_of(1), "waiting");
	/* the others of the request are told apart */
	fx.caps = phones(0, 3);
	assert_string_equal(ask(1, 3), "[caps, 010]");
	/* another class counts for itself */
	launch_capped("notice", "2", "0");
	fx.caps = phones(1, 1);
	assert_true(is_go(ask(0, 1)));
}

static void
one_request_with_a_phone_twice_counts_both(void **state)
{
	(void)state;
	launch_capped("advert", "1", "0");
	fx.caps = phones(5, 2);
	memcpy(hashes + HASH, hashes, HASH);
	assert_string_equal(ask(0, 2), "[caps, 01]");
}

static void
it_counts_for_24_hours_and_for_seven_times_24(void **state)
{
	(void)state;
	launch_capped("advert", "1", "2");
	fx.caps = phones(1, 1);
	assert_true(is_go(ask(0, 1)));
	move_clock(24 * 3600000LL - 60000);
	hello("inc-1");
	assert_string_equal(ask(1, 1), "[caps, 1]");
	move_clock(60000 + 2 * 360000); /* a tick is six minutes */
	hello("inc-1");
	assert_true(is_go(ask(1, 1)));
	move_clock(2 * 86400000LL);
	hello("inc-1");
	assert_string_equal(ask(2, 1), "[caps, 1]"); /* two in the week */
	move_clock(4 * 86400000LL);
	hello("inc-1");
	assert_true(is_go(ask(2, 1)));
}

static void
what_was_surely_not_sent_is_given_back_once(void **state)
{
	(void)state;
	launch_capped("advert", "1", "0");
	fx.caps = phones(1, 4);
	assert_true(is_go(ask(0, 4)));
	outcome(0, 1, last, "ANUT");
	outcome(0, 1, last, "ANUT");
	fx.caps = phones(1, 4);
	assert_string_equal(ask(10, 4), "[caps, 1010]");
	fx.caps = phones(2, 1);
	assert_true(is_go(ask(10, 1)));
	call_words("unmark", "1 0 10 1 %s gw 0 _ _ 0", last);
	call_words("unmark", "1 0 10 1 %s gw 0 _ _ 0", last);
	assert_true(is_go(ask(10, 1)));
	assert_string_equal(ask(11, 1), "[caps, 1]");
}

static void
a_repeat_of_what_is_in_doubt_counts_no_second_time(void **state)
{
	(void)state;
	launch_capped("advert", "1", "0");
	fx.caps = phones(1, 1);
	assert_true(is_go(permit(&(struct ask){
		.inc = "inc-1", .permit = "a", .count = 1, .attempt = 1, .dedupe_ms = 60000})));
	outcome(0, 1, "a", "U");
	fx.caps = (struct slice){"", 0};
	assert_true(is_go(permit(&(struct ask){.inc = "inc-1",
					       .permit = "b",
					       .is_repeat = true,
					       .count = 1,
					       .attempt = 1,
					       .dedupe_ms = 60000})));
	outcome(0, 1, "b", "N"); /* a "no" to a second copy closes nothing: it counts */
	fx.caps = phones(1, 1);
	assert_string_equal(ask(5, 1), "[caps, 1]");
}

static void
who_is_put_off_is_looked_at_again_in_minutes(void **state)
{
	const char *p;

	(void)state;
	launch_capped("advert", "1", "0");
	{
		struct argv a = {0};

		argv_add_int(&a, fx.run);
		argv_adds(&a, "0");
		argv_adds(&a, "0");
		argv_adds(&a, "inc-1");
		argv_add_int(&a, fx.fence);
		argv_add(&a, (struct slice){"\0\0\1\0", 4});
		assert_string_equal(call("caps_put_off", &a), "1");
	}
	assert_int_equal(record_of(1).reason, REASON_CAP);
	assert_string_equal(state_of(1), "waiting");
	fx.caps = phones(1, 98);
	assert_true(is_go(ask(2, 98)));
	{
		char classes[99];

		memset(classes, 'A', 98);
		classes[98] = '\0';
		outcome(2, 1, last, classes);
	}
	call_words("release", "%lld 0 0 inc-1 %lld 0", (long long)fx.run, (long long)fx.fence);
	p = claim("inc-1", 100);
	assert_non_null(strstr(p, "[sleep, "));
	move_clock(300001);
	hello("inc-1");
	assert_non_null(strstr(claim("inc-1", 100), "[work, 1, 0, 0, 100,"));
}

/* Bytes of all keys of the caps. */
static long
bytes(void)
{
	static const char script[] =
		"local n = 0 for _, k in ipairs(redis.call('KEYS', 'loa:caps:*')) "
		"do n = n + redis.call('MEMORY', 'USAGE', k) end return n";

	return strtol(COMMAND("EVAL", script, "0"), NULL, 10);
}

static void
a_phone_costs_few_bytes_and_they_expire(void **state)
{
	char key[64];

	(void)state;
	/* as dense as a day of 10 million over 131,072 buckets: 76 a bucket; here ten buckets */
	launch_capped("advert", "3", "0");
	COMMAND("EVAL",
		"for i = 1, 760 do redis.call('HSET', 'loa:caps:advert:20000:' .. i % 10, "
		"string.format('%08d', i * 7919 % 99999999), string.char(i % 240)) end",
		"0");
	assert_in_range(bytes() / 760, 10, 20);
	fx.caps = phones(1, 1);
	assert_true(is_go(ask(0, 1)));
	snprintf(key, sizeof(key), "loa:caps:advert:%lld:1",
		 strtoll(COMMAND("TIME") + 1, NULL, 10) / 86400);
	assert_in_range(strtol(COMMAND("TTL", key), NULL, 10), 8 * 86400, 9 * 86400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_phone_gets_so_many_over_all_runs_of_the_class),
		T(one_request_with_a_phone_twice_counts_both),
		T(it_counts_for_24_hours_and_for_seven_times_24),
		T(what_was_surely_not_sent_is_given_back_once),
		T(a_repeat_of_what_is_in_doubt_counts_no_second_time),
		T(who_is_put_off_is_looked_at_again_in_minutes),
		T(a_phone_costs_few_bytes_and_they_expire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
