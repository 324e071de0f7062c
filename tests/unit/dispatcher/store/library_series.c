/* SPDX-License-Identifier: MIT */
/*
 * The Lua library: a campaign with a schedule. Each occurrence is over once, whoever speaks of it, how
 * often, and in which order; its newest run speaks for the campaign, no other.
 */
#include "tests/unit/dispatcher/store/library_fixture.h"

#include <stdio.h>

#define DAY 86400

static long long due; /* the first occurrence */

static long long
redis_now_s(void)
{
	long long s = 0;

	sscanf(COMMAND("TIME"), "[%lld,", &s);
	return s + fx.offset_ms / 1000;
}

/* Campaign 1, daily, scheduled in ten minutes. */
static void
make_series(void)
{
	COMMAND("HSET", "loa:campaign:1", "state", "draft", "name", "c", "schedule", "{}");
	COMMAND("HSET", "loa:names:campaign", "c", "1");
	due = redis_now_s() + 600;
	call_words("schedule", "1 %lld", due);
}

static const char *
launch(unsigned run, long long at, long long next)
{
	return call_words("launch", "loa:campaign:1 %u 3 gw 1 campaign 1 due_s %lld next_s %lld",
			  run, at, next);
}

static const char *
field(const char *name)
{
	return COMMAND("HGET", "loa:campaign:1", name);
}

static void
expect_number(const char *got, long long wanted)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", wanted);
	assert_string_equal(got, text);
}

/* Nobody is in it: it ends as soon as it is looked at. */
static void
end_run(const char *run)
{
	char key[32];

	snprintf(key, sizeof(key), "loa:run:%s", run);
	COMMAND("HSET", key, "frozen", "1");
	assert_string_equal(call_words("control", "%s running finished", run), "finished");
}

static void
an_occurrence_fires_once_and_the_next_one_takes_its_place(void **state)
{
	(void)state;
	make_series();
	move_clock(600000);
	assert_non_null(strstr(call_words("due", "x"), "[fire, 1, "));
	assert_non_null(strstr(launch(1, due, due + DAY), "[launched, 1, "));
	/* another server, with a run number of its own */
	assert_string_equal(launch(2, due, due + DAY), "[running, 1]");
	assert_string_equal(COMMAND("EXISTS", "loa:run:2"), "0");
	expect_number(field("due_s"), due + DAY);
	end_run("1");
	assert_string_equal(field("state"), "scheduled");
	/* and one that was late */
	assert_string_equal(launch(3, due, due + DAY), "[scheduled, 1]");
	assert_string_equal(COMMAND("EXISTS", "loa:run:3"), "0");
	assert_string_equal(call_words("missed", "1 %lld late %lld", due, due + DAY), "0");
	expect_number(COMMAND("ZSCORE", "loa:schedule", "1"), due + DAY);
	assert_string_equal(field("fired"), "1");
}

static void
a_second_run_is_one_of_its_own_and_both_are_listed(void **state)
{
	char wanted[128];

	(void)state;
	make_series();
	launch(1, due, due + DAY);
	end_run("1");
	assert_non_null(strstr(launch(2, due + DAY, due + 2 * DAY), "[launched, 2, "));
	assert_string_equal(field("run"), "2");
	snprintf(wanted, sizeof(wanted), "[2, 0, [[%lld, , 2, ], [%lld, , 1, ]]]", due + DAY, due);
	assert_string_equal(call_words("occurrences", "1 10"), wanted);
	assert_string_equal(call_words("campaign_runs", "c"), "[2, 1]");
	assert_string_equal(call_words("campaign_run", "1 1"), "[, , , , , , ]");
	assert_string_equal(call_words("campaign_run", "1 3"), "nil");
	assert_string_equal(call_words("campaign_run", "2 1"), "nil");
}

static void
only_the_newest_run_speaks_for_its_campaign(void **state)
{
	(void)state;
	make_series();
	launch(1, due, due + DAY);
	end_run("1");
	launch(2, due + DAY, due + 2 * DAY);
	/* a retry of the first one, and its end */
	call_words("retry", "1 id-1 x somebody");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "state"), "running");
	call_words("control", "1 running paused person x somebody act-1");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "state"), "paused");
	assert_string_equal(field("state"), "running");
	call_words("cancel", "1 x somebody");
	assert_string_equal(field("state"), "running");
	expect_number(field("due_s"), due + 2 * DAY);
	end_run("2");
	assert_string_equal(field("state"), "scheduled");
}

static void
what_comes_due_while_a_run_goes_on_waits_for_its_end(void **state)
{
	(void)state;
	make_series();
	launch(1, due, due + DAY);
	move_clock((600 + DAY) * 1000LL);
	assert_string_equal(call_words("due", "x"), "[sleep, 1]");
	assert_string_equal(call_words("due", "x"), "[none]");
	expect_number(field("waited_s"), due + DAY);
	assert_string_equal(launch(2, due + DAY, due + 2 * DAY), "[running, 0]");
	end_run("1");
	assert_non_null(strstr(call_words("due", "x"), "[fire, 1, "));
	assert_non_null(strstr(launch(2, due + DAY, due + 2 * DAY), "[launched, 2, "));
	assert_string_equal(field("waited_s"), "nil");
}

/* All is sent, and one message has no receipt; it would be awaited for three days. */
static void
await_receipts(const char *run)
{
	char key[32];

	snprintf(key, sizeof(key), "loa:run:%s", run);
	COMMAND("HSET", key, "frozen", "1", "receipt_deadline_s", "259200");
	snprintf(key, sizeof(key), "loa:run:%s:count", run);
	COMMAND("HSET", key, "accepted", "1");
	assert_non_null(strstr(call_words("progress", "%s", run), "[running, 1, 0, "));
}

static void
receipts_that_never_come_keep_no_occurrence_waiting(void **state)
{
	(void)state;
	make_series();
	launch(1, due, due + DAY);
	await_receipts("1");
	assert_string_equal(field("state"), "running");
	move_clock((600 + DAY) * 1000LL);
	assert_non_null(strstr(call_words("due", "x"), "[fire, 1, "));
	/* a restart, or another server, before it was launched */
	assert_non_null(strstr(call_words("due", "x"), "[fire, 1, "));
	assert_non_null(strstr(launch(2, due + DAY, due + 2 * DAY), "[launched, 2, "));
	assert_string_equal(launch(3, due + DAY, due + 2 * DAY), "[running, 2]");
	assert_string_equal(COMMAND("EXISTS", "loa:run:3"), "0");
	assert_string_equal(field("run"), "2");
	assert_string_equal(field("fired"), "2");
	/* the older one goes on by itself, to its own end */
	assert_string_equal(COMMAND("HGET", "loa:run:1", "state"), "running");
	assert_string_equal(COMMAND("ZCARD", "loa:runs"), "2");
	assert_string_equal(call_words("control", "1 running finished"), "running");
	move_clock(2 * DAY * 1000LL);
	assert_string_equal(call_words("control", "1 running finished"), "finished");
	assert_string_equal(COMMAND("ZCARD", "loa:runs"), "1");
	assert_string_equal(field("state"), "running");
	expect_number(field("due_s"), due + 2 * DAY);
}

/* By a brake, or because a backup was restored; people resume the newest one. */
static void
an_older_run_that_was_paused_ends_all_the_same(void **state)
{
	(void)state;
	make_series();
	launch(1, due, due + DAY);
	await_receipts("1");
	move_clock((600 + DAY) * 1000LL);
	call_words("due", "x");
	launch(2, due + DAY, due + 2 * DAY);
	call_words("restored", "1000");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "state"), "paused");
	assert_string_equal(COMMAND("HGET", "loa:run:2", "state"), "paused");
	call_words("progress", "1");
	call_words("progress", "2");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "state"), "running");
	assert_string_equal(COMMAND("HGET", "loa:run:2", "state"), "paused");
	assert_string_equal(field("state"), "paused");
	move_clock(5 * DAY * 1000LL);
	assert_string_equal(call_words("control", "1 running finished"), "finished");
}

static void
what_waited_fires_as_soon_as_all_before_it_is_sent(void **state)
{
	(void)state;
	make_series();
	launch(1, due, due + DAY);
	move_clock((600 + DAY) * 1000LL);
	assert_string_equal(call_words("due", "x"), "[sleep, 1]");
	assert_string_equal(call_words("due", "x"), "[none]");
	await_receipts("1");
	/* paused it waits for a person's word */
	call_words("control", "1 running paused person x somebody act-1");
	assert_string_equal(call_words("due", "x"), "[sleep, 1]");
	call_words("progress", "1");
	assert_string_equal(call_words("due", "x"), "[none]");
	call_words("resume", "1 x");
	call_words("progress", "1");
	assert_non_null(strstr(call_words("due", "x"), "[fire, 1, "));
	/* what is tried again has something to send */
	call_words("retry", "1 id-1 x somebody");
	COMMAND("ZADD", "loa:run:1:pieces", "0", "0:0");
	COMMAND("HSET", "loa:campaign:1", "state", "running");
	assert_string_equal(call_words("due", "x"), "[sleep, 1]");
	assert_string_equal(launch(2, due + DAY, due + 2 * DAY), "[running, 0]");
}

/* Before it is launched it is scheduled, and its run still has receipts to come. */
static void
between_two_runs_it_can_be_stopped_or_cancelled(void **state)
{
	(void)state;
	make_series();
	launch(1, due, due + DAY);
	await_receipts("1");
	move_clock((600 + DAY) * 1000LL);
	call_words("due", "x");
	assert_string_equal(call_words("unschedule", "1 %lld", due + DAY), "draft");
	move_clock(3 * DAY * 1000LL);
	assert_string_equal(call_words("control", "1 running finished"), "finished");
	assert_string_equal(field("state"), "draft");
	assert_string_equal(call_words("due", "x"), "[none]");
}

static void
given_up_as_the_last_one_it_is_finished_with_its_run(void **state)
{
	(void)state;
	make_series();
	launch(1, due, due + DAY);
	await_receipts("1");
	move_clock((600 + DAY) * 1000LL);
	call_words("due", "x");
	assert_string_equal(call_words("missed", "1 %lld why _", due + DAY), "1");
	assert_string_equal(field("state"), "running");
	move_clock(3 * DAY * 1000LL);
	assert_string_equal(call_words("control", "1 running finished"), "finished");
	assert_string_equal(field("state"), "finished");
}

static void
what_cannot_be_launched_is_tried_again_until_it_is_late(void **state)
{
	char why[64], wanted[128];
	long long at;

	(void)state;
	make_series();
	move_clock(600000);
	assert_string_equal(call_words("try_again", "1 %lld its-list-changes 5", due - 1), "0");
	assert_string_equal(call_words("try_again", "1 %lld its-list-changes 5", due), "1");
	expect_number(field("due_s"), due);
	assert_string_equal(field("problem"), "its-list-changes");
	assert_non_null(strstr(call_words("due", "x"), "[sleep, "));
	/* the others do not wait for it */
	COMMAND("HSET", "loa:campaign:2", "state", "draft", "name", "d");
	snprintf(wanted, sizeof(wanted), "[scheduled, %lld]", due + 2);
	assert_string_equal(call_words("schedule", "2 %lld", due + 2), wanted);
	move_clock(603000);
	snprintf(wanted, sizeof(wanted), "[fire, 2, %lld]", due + 2);
	assert_string_equal(call_words("due", "x"), wanted);
	call_words("unschedule", "2 %lld", due + 2);
	move_clock(607000);
	snprintf(wanted, sizeof(wanted), "[fire, 1, %lld]", due);
	assert_string_equal(call_words("due", "x"), wanted);
	call_words("try_again", "1 %lld still 5", due);
	move_clock(4300 * 1000LL);
	assert_int_equal(
		sscanf(call_words("due", "x"), "[late, 1, %lld, %*d, 0, %63[a-z]]", &at, why), 2);
	assert_true(at == due);
	assert_string_equal(why, "still");
	call_words("missed", "1 %lld still %lld", due, due + DAY);
	assert_string_equal(field("tried_s"), "nil");
	/* and it may be launched in between */
	move_clock((600 + DAY) * 1000LL);
	call_words("try_again", "1 %lld again 5", due + DAY);
	assert_non_null(strstr(launch(1, due + DAY, due + 2 * DAY), "[launched, 1, "));
	assert_string_equal(field("problem"), "nil");
	expect_number(COMMAND("ZSCORE", "loa:schedule", "1"), due + 2 * DAY);
}

static void
a_time_that_was_given_is_missed_for_what_it_was_tried_with(void **state)
{
	(void)state;
	COMMAND("HSET", "loa:campaign:1", "state", "draft", "name", "c");
	due = redis_now_s() + 600;
	call_words("schedule", "1 %lld", due);
	move_clock(600000);
	call_words("try_again", "1 %lld sets-gone 5", due);
	move_clock(4300 * 1000LL);
	assert_non_null(strstr(call_words("due", "x"), "[missed, 1, "));
	assert_string_equal(field("state"), "missed");
	assert_string_equal(field("problem"), "sets-gone");
}

static void
what_waited_too_long_is_late_for_the_run_before_it(void **state)
{
	long long at;
	int waited;

	(void)state;
	make_series();
	launch(1, due, due + DAY);
	move_clock((600 + DAY) * 1000LL);
	call_words("due", "x");
	move_clock(3700 * 1000);
	end_run("1");
	assert_int_equal(sscanf(call_words("due", "x"), "[late, 1, %lld, %*d, %d]", &at, &waited),
			 2);
	assert_true(at == due + DAY);
	assert_int_equal(waited, 1);
	assert_string_equal(call_words("missed", "1 %lld why %lld", at, due + 2 * DAY), "1");
	assert_string_equal(call_words("missed", "1 %lld why %lld", at, due + 2 * DAY), "0");
	assert_string_equal(field("missed"), "1");
	assert_string_equal(field("state"), "scheduled");
	expect_number(field("due_s"), due + 2 * DAY);
}

static void
put_off_it_keeps_its_own_time_and_is_over_under_the_new_one(void **state)
{
	char wanted[128];

	(void)state;
	make_series();
	assert_string_equal(call_words("put_off", "1 %lld %lld", due - 1, due + 500), "0");
	assert_string_equal(call_words("put_off", "1 %lld %lld", due, due + 500), "1");
	assert_string_equal(call_words("put_off", "1 %lld %lld", due, due + 500), "0");
	assert_string_equal(call_words("put_off", "1 %lld %lld", due + 500, due + 900), "1");
	expect_number(field("first_s"), due);
	assert_string_equal(launch(1, due, due + DAY), "[scheduled, 0]");
	assert_non_null(strstr(launch(1, due + 900, due + DAY), "[launched, 1, "));
	snprintf(wanted, sizeof(wanted), "[1, 0, [[%lld, %lld, 1, ]]]", due + 900, due);
	assert_string_equal(call_words("occurrences", "1 10"), wanted);
	assert_string_equal(field("first_s"), "nil");
}

static void
the_last_one_finishes_it(void **state)
{
	(void)state;
	make_series();
	assert_non_null(strstr(
		call_words("launch", "loa:campaign:1 1 3 gw 1 campaign 1 due_s %lld next_s _", due),
		"[launched, 1, "));
	assert_string_equal(COMMAND("ZCARD", "loa:schedule"), "0");
	end_run("1");
	assert_string_equal(field("state"), "finished");
	assert_string_equal(call_words("schedule", "1 %lld", due + DAY), "[finished]");
}

static void
a_last_one_that_was_missed_is_for_a_person_if_nobody_was_ever_sent_to(void **state)
{
	(void)state;
	make_series();
	assert_string_equal(call_words("missed", "1 %lld why _", due), "1");
	assert_string_equal(field("state"), "missed");
	assert_non_null(strstr(call_words("launch", "loa:campaign:1 1 3 gw 1 campaign 1"),
			       "[launched, 1, "));
	end_run("1");
	assert_string_equal(field("state"), "finished");
}

static void
cancelled_it_fires_no_more(void **state)
{
	(void)state;
	make_series();
	launch(1, due, due + DAY);
	call_words("cancel", "1 x somebody");
	assert_string_equal(field("state"), "cancelled");
	assert_string_equal(field("due_s"), "nil");
	assert_string_equal(COMMAND("ZCARD", "loa:schedule"), "0");
}

static void
a_lost_launch_is_told_again_also_when_the_end_before_it_was_lost(void **state)
{
	(void)state;
	make_series();
	launch(1, due, due + DAY);
	/* Redis has forgotten that run 1 ended and that run 2 was launched. */
	assert_string_equal(
		call_words("launch_again",
			   "%lld loa:campaign:1 2 3 gw 1 campaign 1 due_s %lld next_s %lld",
			   due + DAY, due + DAY, due + 2 * DAY),
		"1");
	assert_string_equal(field("run"), "2");
	expect_number(field("due_s"), due + 2 * DAY);
	assert_string_equal(field("fired"), "2");
	/* nor another one in its place */
	assert_string_equal(
		call_words("launch_again",
			   "%lld loa:campaign:1 3 3 gw 1 campaign 1 due_s %lld next_s %lld",
			   due + DAY, due + DAY, due + 2 * DAY),
		"-1");
}

static void
a_draft_again_it_keeps_its_runs_and_does_not_fire_the_same_twice(void **state)
{
	(void)state;
	make_series();
	launch(1, due, due + DAY);
	end_run("1");
	assert_string_equal(call_words("unschedule", "1 %lld", due + DAY), "draft");
	assert_string_equal(call_words("campaign_rm", "1 c"), "a draft again, but has runs");
	/* a late word about its run changes nothing of the draft */
	call_words("retry", "1 id-1 x somebody");
	end_run("1");
	assert_string_equal(field("state"), "draft");
	assert_string_equal(call_words("schedule", "1 %lld", due), "[known, 0]");
	assert_non_null(strstr(call_words("schedule", "1 %lld", due + DAY), "[scheduled, "));
}

static void
what_has_runs_keeps_a_schedule(void **state)
{
	(void)state;
	make_series();
	launch(1, due, due + DAY);
	end_run("1");
	call_words("unschedule", "1 %lld", due + DAY);
	COMMAND("HSET", "loa:template:t", "version", "1", "source1", "text");
	COMMAND("HSET", "loa:segment:s", "list", "l", "query", "q");
	assert_string_equal(call_words("campaign_edit", "1 1 act-1 An an t s class notice"),
			    "[has runs]");
	assert_string_equal(field("schedule"), "{}");
	assert_string_equal(field("revision"), "nil");
	/* a word in another field is no schedule */
	assert_string_equal(call_words("campaign_edit", "1 1 act-1 An an t s goal schedule"),
			    "[has runs]");
	assert_string_equal(call_words("campaign_edit", "1 1 act-1 An an t s schedule {1}"),
			    "[done, draft, 2]");
	assert_string_equal(field("schedule"), "{1}");
}

/* What fired after the backup is not known in it. */
static void
restored_it_waits_for_a_person(void **state)
{
	(void)state;
	make_series();
	assert_string_equal(call_words("restored", "1000"), "[0, 1]");
	assert_string_equal(field("state"), "draft");
	assert_string_equal(field("due_s"), "nil");
	call_words("schedule", "1 %lld", due);
	launch(1, due, due + DAY);
	/* under way in the backup */
	assert_string_equal(call_words("restored", "1000"), "[1, 0]");
	assert_string_equal(field("state"), "paused");
	assert_string_equal(COMMAND("ZCARD", "loa:schedule"), "0");
	assert_string_equal(call_words("resume", "1 after-restore"), "running");
	end_run("1");
	assert_string_equal(field("state"), "draft");
	assert_string_equal(field("due_s"), "nil");
	assert_non_null(strstr(call_words("schedule", "1 %lld", due + DAY), "[scheduled, "));
	launch(2, due + DAY, due + 2 * DAY);
	end_run("2");
	assert_string_equal(field("state"), "scheduled");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_occurrence_fires_once_and_the_next_one_takes_its_place),
		T(a_second_run_is_one_of_its_own_and_both_are_listed),
		T(only_the_newest_run_speaks_for_its_campaign),
		T(what_comes_due_while_a_run_goes_on_waits_for_its_end),
		T(receipts_that_never_come_keep_no_occurrence_waiting),
		T(an_older_run_that_was_paused_ends_all_the_same),
		T(what_waited_fires_as_soon_as_all_before_it_is_sent),
		T(between_two_runs_it_can_be_stopped_or_cancelled),
		T(given_up_as_the_last_one_it_is_finished_with_its_run),
		T(what_cannot_be_launched_is_tried_again_until_it_is_late),
		T(a_time_that_was_given_is_missed_for_what_it_was_tried_with),
		T(what_waited_too_long_is_late_for_the_run_before_it),
		T(put_off_it_keeps_its_own_time_and_is_over_under_the_new_one),
		T(the_last_one_finishes_it),
		T(a_last_one_that_was_missed_is_for_a_person_if_nobody_was_ever_sent_to),
		T(cancelled_it_fires_no_more),
		T(a_lost_launch_is_told_again_also_when_the_end_before_it_was_lost),
		T(what_has_runs_keeps_a_schedule),
		T(restored_it_waits_for_a_person),
		T(a_draft_again_it_keeps_its_runs_and_does_not_fire_the_same_twice),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
