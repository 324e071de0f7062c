/* SPDX-License-Identifier: MIT */
/*
 * Leases by their owner: a claim finds what it was given before and what the dead have left,
 * whatever the number of runs; what the index does not know the keeper enters.
 */
#include "tests/unit/dispatcher/store/library_fixture.h"

#define LEASE_MS 5000

static const char *
leases_of(unsigned run)
{
	char key[48];

	snprintf(key, sizeof(key), "loa:run:%u:lease", run);
	return COMMAND("HLEN", key);
}

static void
a_claim_asked_again_is_given_the_same_until_it_gave_it_back(void **state)
{
	char first[512];

	(void)state;
	launch_run(10);
	launch_run(10);
	snprintf(first, sizeof(first), "%s", call_words("claim", "gw inc-1 4 same"));
	assert_non_null(strstr(first, "[work, 1, 0, 0, 4, "));
	assert_string_equal(call_words("claim", "gw inc-1 4 same"), first);
	/* The same id of another process is another claim. */
	assert_non_null(strstr(call_words("claim", "gw inc-2 4 same"), "[work, 2, 0, 0, 4, "));
	assert_string_equal(COMMAND("HGET", "loa:owned:inc-1", "same"), "1:0:0");
	sscanf(first, "[work, 1, 0, 0, 4, %lld", (long long *)&fx.fence);
	call_words("release", "1 0 0 inc-1 %lld 0", (long long)fx.fence);
	assert_string_equal(COMMAND("EXISTS", "loa:owned:inc-1"), "0");
	assert_non_null(strstr(call_words("claim", "gw inc-1 4 same"), "[work, 1, 0, 0, 4, "));
	assert_null(strstr(call_words("claim", "gw inc-1 4 same"), first));
}

static void
one_claim_takes_over_what_the_dead_had_in_every_run(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		launch_run(4);
		assert_non_null(strstr(claim("inc-1", 4), "[work"));
	}
	assert_string_equal(COMMAND("HLEN", "loa:owned:inc-1"), "3");
	call_words("control", "1 running paused person _ an");
	move_clock(LEASE_MS + 1000);
	hello("inc-2");
	/* A lane that none of them is for. */
	assert_non_null(strstr(call_words("claim", "other inc-2 4 c"), "[sleep"));
	for (unsigned run = 1; run <= 3; run++)
		assert_string_equal(leases_of(run), "0");
	assert_string_equal(COMMAND("EXISTS", "loa:owned:inc-1"), "0");
	assert_string_equal(COMMAND("SCARD", "loa:owners"), "0");
	assert_non_null(strstr(claim("inc-2", 4), "[work, 2, 0, 0, 4, "));
	assert_non_null(strstr(claim("inc-2", 4), "[work, 3, 0, 0, 4, "));
	assert_non_null(strstr(claim("inc-2", 4), "[sleep"));
	call_words("resume", "1");
	assert_non_null(strstr(claim("inc-2", 4), "[work, 1, 0, 0, 4, "));
}

static void
who_said_goodbye_leaves_it_at_once(void **state)
{
	(void)state;
	launch_run(4);
	claim("inc-1", 4);
	call_words("bye", "inc-1");
	assert_non_null(strstr(claim("inc-2", 4), "[work, 1, 0, 0, 4, "));
}

static void
nothing_is_taken_over_within_a_lease_of_a_restart(void **state)
{
	(void)state;
	launch_run(4);
	claim("inc-1", 4);
	move_clock(LEASE_MS + 1000);
	call_words("hello", "inc-2 5000 life-2");
	claim("inc-2", 4);
	call_words("progress", "1");
	assert_string_equal(leases_of(1), "1");
	hello("inc-2");
	move_clock(LEASE_MS + 1000);
	hello("inc-2");
	call_words("progress", "1");
	assert_string_equal(leases_of(1), "0");
}

static void
forget_owners(void)
{
	COMMAND("DEL", "loa:owners", "loa:owned:inc-1");
}

static void
a_lease_that_is_not_entered_is_entered_by_the_keeper(void **state)
{
	(void)state;
	launch_run(4);
	claim("inc-1", 4);
	forget_owners(); /* an older release claimed it */
	call_words("progress", "1");
	assert_string_equal(COMMAND("HLEN", "loa:owned:inc-1"), "1");
	move_clock(LEASE_MS + 1000);
	hello("inc-2");
	assert_non_null(strstr(claim("inc-2", 4), "[work, 1, 0, 0, 4, "));
}

static void
a_lease_of_the_dead_that_is_not_entered_is_taken_over_by_the_keeper(void **state)
{
	(void)state;
	launch_run(4);
	claim("inc-1", 4);
	forget_owners();
	move_clock(LEASE_MS + 1000);
	hello("inc-2");
	assert_non_null(strstr(claim("inc-2", 4), "[sleep"));
	call_words("progress", "1");
	assert_non_null(strstr(claim("inc-2", 4), "[work, 1, 0, 0, 4, "));
}

static void
an_entry_that_no_lease_stands_for_is_dropped(void **state)
{
	(void)state;
	launch_run(4);
	assert_non_null(strstr(call_words("claim", "gw inc-1 4 a"), "[work, 1, 0, 0, 4, "));
	/* A roll-back lost it, and another has the range now. */
	COMMAND("DEL", "loa:run:1:lease");
	call_words("reconcile", "1 0 0");
	assert_non_null(strstr(claim("inc-2", 4), "[work, 1, 0, 0, 4, "));
	assert_non_null(strstr(call_words("claim", "gw inc-1 4 a"), "[sleep"));
	COMMAND("HSET", "loa:owned:inc-1", "b", "99:0:0");
	move_clock(LEASE_MS + 1000);
	hello("inc-2");
	claim("inc-2", 4);
	assert_string_equal(COMMAND("EXISTS", "loa:owned:inc-1"), "0");
	assert_string_equal(leases_of(1), "1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_claim_asked_again_is_given_the_same_until_it_gave_it_back),
		T(one_claim_takes_over_what_the_dead_had_in_every_run),
		T(who_said_goodbye_leaves_it_at_once),
		T(nothing_is_taken_over_within_a_lease_of_a_restart),
		T(a_lease_that_is_not_entered_is_entered_by_the_keeper),
		T(a_lease_of_the_dead_that_is_not_entered_is_taken_over_by_the_keeper),
		T(an_entry_that_no_lease_stands_for_is_dropped),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
