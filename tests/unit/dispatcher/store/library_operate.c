/* SPDX-License-Identifier: MIT */
/* A restored backup, and libraries of other releases, in a real Redis. */
#include "tests/unit/dispatcher/store/library_fixture.h"

static void
a_restored_run_is_paused_until_a_person_has_agreed(void **state)
{
	(void)state;
	launch_run(4);
	claim("inc-1", 2);
	assert_string_equal(call_words("restored", "1700000000"), "[1, 0]");
	assert_string_equal(COMMAND("HMGET", "loa:run:1", "state", "why", "restored_s"),
			    "[paused, restored, 1700000000]");
	hello("inc-2");
	assert_non_null(strstr(claim("inc-2", 4), "[sleep, "));
	assert_string_equal(call_words("control", "1 paused running"), "restored");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "state"), "paused");
	assert_string_equal(call_words("resume", "1"), "restored");
	assert_string_equal(call_words("resume", "1 after-restore"), "running");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "why"), "nil");
	/* It is a run like any other now. */
	assert_string_equal(call_words("control", "1 running paused"), "paused");
	assert_string_equal(call_words("resume", "1"), "running");
}

static void
a_paused_run_is_held_as_well_and_a_cancelled_one_stays(void **state)
{
	(void)state;
	launch_run(2);
	COMMAND("HSET", "loa:run:1", "state", "paused", "why", "person");
	COMMAND("HSET", "loa:run:2", "state", "cancelled", "launched_s", "1");
	COMMAND("ZADD", "loa:runs", "3", "2");
	assert_string_equal(call_words("restored", "5"), "[1, 0]");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "why"), "restored");
	assert_string_equal(COMMAND("HGET", "loa:run:2", "state"), "cancelled");
}

static void
a_scheduled_campaign_waits_for_a_person(void **state)
{
	(void)state;
	COMMAND("HSET", "loa:names:campaign", "tet", "9");
	COMMAND("HSET", "loa:campaign:9", "state", "scheduled", "due_s", "1");
	assert_string_equal(call_words("restored", "5"), "[0, 1]");
	assert_string_equal(COMMAND("HGET", "loa:campaign:9", "state"), "draft");
}

static void
nothing_of_the_old_life_binds_the_new_one(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(4);
	claim("inc-1", 4);
	assert_true(is_go(permit(&q)));
	COMMAND("HSET", "loa:lane:gw", "not_before", "99999999999999", "why", "x");
	COMMAND("HSET", "loa:lane:gw", "tat", "99999999999999999", "tat_at", "99999999999999999");
	COMMAND("HSET", "loa:meta", "open_at", "99999999999999", "takeover_at", "99999999999999");
	COMMAND("HSET", "loa:seq", "run", "12");
	COMMAND("HSET", "loa:notices", "personal:1", "1");
	COMMAND("ZADD", "loa:schedule", "1", "9");
	call_words("restored", "5");
	assert_string_equal(COMMAND("EXISTS", "loa:lane:gw:busy"), "0");
	assert_string_equal(COMMAND("EXISTS", "loa:incarnations"), "0");
	/* Single messages go on in a run of their own; what was scheduled is a draft. */
	assert_string_equal(COMMAND("EXISTS", "loa:notices", "loa:schedule"), "0");
	assert_string_equal(COMMAND("HGET", "loa:lane:gw", "rate"), "100000");
	assert_string_equal(COMMAND("HGET", "loa:seq", "run"), "100012");
	call_words("resume", "1 after-restore");
	hello("inc-2");
	assert_non_null(strstr(claim("inc-2", 4), "[work, 1, 0, 0, 4, "));
	assert_string_equal(state_of(0), "unknown");
	assert_string_equal(state_of(1), "waiting");
}

static void
a_library_is_unused_a_day_after_its_last_heartbeat(void **state)
{
	(void)state;
	hello("inc-1");
	/* Seen for the first time: its release may be one that does not say so. */
	assert_string_equal(call_words("unused", "loa_old"), "[]");
	move_clock(86399000);
	assert_string_equal(call_words("unused", "loa_old"), "[]");
	move_clock(2000);
	assert_string_equal(call_words("unused", "loa_old"), "[loa_old]");
	hello("inc-1");
	assert_string_equal(COMMAND("ZCARD", "loa:libraries"), "2");
}

/* Sets are written before a run; "1,0,2" says how many pieces each has. */
static void
a_launch_takes_all_sets_over_or_does_not_happen(void **state)
{
	static const char *const launch = "loa:campaign:7 41 3 gw 1 campaign 7 set_pieces 1,0,2";

	(void)state;
	COMMAND("HSET", "loa:campaign:7", "state", "draft");
	COMMAND("SET", "loa:run:41:set:0:0", "a", "EX", "100");
	COMMAND("SET", "loa:run:41:set:2:0", "b", "EX", "100");
	assert_string_equal(call_words("launch", "%s", launch), "[sets gone, 0]");
	assert_string_equal(COMMAND("EXISTS", "loa:run:41"), "0");
	assert_string_equal(COMMAND("HGET", "loa:campaign:7", "state"), "draft");
	assert_string_equal(COMMAND("TTL", "loa:run:41:set:0:0"), "100");
	COMMAND("SET", "loa:run:41:set:2:1", "c", "EX", "100");
	assert_non_null(strstr(call_words("launch", "%s", launch), "[launched, 41, "));
	assert_string_equal(COMMAND("TTL", "loa:run:41:set:0:0"), "-1");
	assert_string_equal(COMMAND("TTL", "loa:run:41:set:2:0"), "-1");
	assert_string_equal(COMMAND("TTL", "loa:run:41:set:2:1"), "-1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_restored_run_is_paused_until_a_person_has_agreed),
		T(a_paused_run_is_held_as_well_and_a_cancelled_one_stays),
		T(a_scheduled_campaign_waits_for_a_person),
		T(nothing_of_the_old_life_binds_the_new_one),
		T(a_library_is_unused_a_day_after_its_last_heartbeat),
		T(a_launch_takes_all_sets_over_or_does_not_happen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
