/* SPDX-License-Identifier: MIT */
/* Several requests in one call of the Lua library: each is judged as if it were alone. */
#include "tests/unit/dispatcher/store/library_fixture.h"

/* A request of `n` members from `first` on, that was permitted. */
static void
send_one(const char *id, unsigned first, unsigned n, int64_t dedupe_ms)
{
	struct ask q = {.inc = "inc-1",
			.permit = id,
			.first = first,
			.count = n,
			.attempt = 1,
			.dedupe_ms = dedupe_ms};

	assert_true(is_go(permit(&q)));
}

static const char *
count_of(const char *name)
{
	char key[64];

	snprintf(key, sizeof(key), "loa:run:%lld:count", (long long)fx.run);
	return COMMAND("HGET", key, name);
}

static void
add_all(struct argv *a)
{
	add_answers(a);
	add_answer(a, 0, 1, "p0", "ANT", REASON_NONE);
	add_answer(a, 3, 1, "p1", "U", REASON_NONE);
	add_answer(a, 4, 1, "p2", "WAA", REASON_NONE);
	add_answer(a, 7, 1, "p3", "A", REASON_NONE);
}

static void
check_all(void)
{
	static const char *const states[] = {"accepted", "refused",  "retry",
					     "unknown",	 "waiting",  "accepted",
					     "accepted", "accepted", "waiting"};

	for (unsigned i = 0; i < 9; i++)
		assert_string_equal(state_of(i), states[i]);
	assert_int_equal(record_of(3).flags & RECORD_HELD, RECORD_HELD);
	assert_int_equal(record_of(1).reason, REASON_BAD_RECIPIENT);
	assert_int_equal(record_of(2).reason, REASON_TEMPORARY);
	assert_string_equal(count_of("accepted"), "4");
	assert_string_equal(count_of("refused"), "1");
	assert_string_equal(count_of("retry"), "1");
	assert_string_equal(count_of("unknown"), "1");
	assert_string_equal(count_of("parts:0"), "4");
	/* Only the request in doubt is remembered, and nothing is on the wire. */
	assert_string_equal(COMMAND("HKEYS", "loa:run:1:req:0:0"), "[3:1]");
	assert_string_equal(COMMAND("HLEN", "loa:lane:gw:busy"), "0");
}

static void
several_answers_are_each_judged_by_itself_and_once(void **state)
{
	(void)state;
	launch_run(9);
	claim("inc-1", 9);
	send_one("p0", 0, 3, 0);
	send_one("p1", 3, 1, 0);
	send_one("p2", 4, 3, 0);
	send_one("p3", 7, 1, 0);
	/* Told again, they say nothing new. */
	for (int i = 0; i < 2; i++) {
		struct argv a = {0};

		add_all(&a);
		assert_string_equal(call("outcome", &a), "[4, 0, ]");
		check_all();
	}
}

static void
several_answers_come_to_what_they_come_to_one_by_one(void **state)
{
	static const char *const classes[] = {"AAAA", "AANA", "TWNA", "UUUU", "AUAA",
					      "WWWW", "NNNN", "ATAT", "UANT", "A"};
	struct buf seen[2] = {{0}, {0}};

	(void)state;
	for (int is_together = 0; is_together < 2; is_together++) {
		struct argv a = {0};
		unsigned at = 0;

		launch_run(40);
		claim("inc-1", 40);
		add_answers(&a);
		for (size_t i = 0; i < 10; at += (unsigned)strlen(classes[i++])) {
			char id[16];

			snprintf(id, sizeof(id), "r%d-%zu", is_together, i);
			send_one(id, at, (unsigned)strlen(classes[i]), i % 2 == 0 ? 60000 : 0);
			if (is_together)
				add_answer(&a, at, 1, id, classes[i], REASON_NONE);
			else
				outcome(at, 1, id, classes[i]);
		}
		if (is_together)
			call("outcome", &a);
		argv_free(&a);
		for (unsigned rank = 0; rank < 40; rank++) {
			struct record r = record_of(rank);

			buf_addf(&seen[is_together], "%u %u %u %u %u\n", r.state, r.flags, r.reason,
				 r.attempt, r.parts);
		}
		assert_string_equal(count_of("accepted"), "15");
		assert_string_equal(count_of("parts:0"), "15");
	}
	assert_string_equal(seen[1].data, seen[0].data);
	buf_free(&seen[0]);
	buf_free(&seen[1]);
}

static void
an_answer_about_what_redis_lost_spoils_no_other(void **state)
{
	struct argv a = {0};

	(void)state;
	launch_run(4);
	claim("inc-1", 4);
	send_one("p0", 0, 2, 0);
	add_answers(&a);
	add_answer(&a, 3000, 1, "lost", "A", REASON_NONE); /* the frontier is not so far any more */
	add_answer(&a, 0, 1, "p0", "AA", REASON_NONE);
	fx.run = 99; /* nor is this run there */
	add_answer(&a, 0, 1, "gone", "A", REASON_NONE);
	fx.run = 1;
	assert_string_equal(call("outcome", &a), "[1, 0, ]");
	assert_string_equal(state_of(0), "accepted");
	assert_string_equal(state_of(1), "accepted");
	assert_string_equal(state_of(2), "waiting");
	assert_string_equal(count_of("accepted"), "2");
}

static void
members_with_gaps_keep_their_neighbours(void **state)
{
	struct argv a = {0};

	(void)state;
	launch_run(10);
	claim("inc-1", 10);
	fx.gaps = 1; /* every second rank: 1, 3, 5 and 2, 4 */
	send_one("p0", 1, 3, 0);
	send_one("p1", 2, 2, 0);
	add_answers(&a);
	add_answer(&a, 1, 1, "p0", "ANA", REASON_NONE);
	add_answer(&a, 2, 1, "p1", "AA", REASON_NONE);
	fx.gaps = 0;
	assert_string_equal(call("outcome", &a), "[2, 0, ]");
	for (unsigned rank = 0; rank < 10; rank++)
		assert_string_equal(state_of(rank), rank == 3	? "refused"
						    : rank == 0 ? "waiting"
						    : rank < 6	? "accepted"
								: "waiting");
}

static void
unmarks_are_told_together_and_the_longest_rest_counts(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p3", .count = 1, .attempt = 1};
	char why[64];

	(void)state;
	launch_run(4);
	claim("inc-1", 4);
	send_one("p0", 0, 1, 0);
	send_one("p1", 1, 2, 0);
	snprintf(why, sizeof(why), "[1, 9000, away]");
	assert_string_equal(call_words("unmark", "1 0 0 1 p0 gw 3000 slow _ 0 "
						 "1 0 1 1 p1 gw 9000 away _ 0 "
						 "1 0 3 1 none gw 0 _ _ 0"),
			    why);
	for (unsigned rank = 0; rank < 4; rank++)
		assert_string_equal(state_of(rank), "waiting");
	assert_int_equal(record_of(1).attempt, 1);
	assert_int_equal(record_of(3).attempt, 0);
	assert_string_equal(COMMAND("HLEN", "loa:lane:gw:busy"), "0");
	assert_non_null(strstr(permit(&q), "[wait, "));
	move_clock(9001);
	hello("inc-1");
}

/* Nobody works on them any more: whoever claims next finds them. */
static void
unmarks_without_a_lease_are_due_again(void **state)
{
	(void)state;
	launch_run(4);
	claim("inc-1", 4);
	send_one("p0", 0, 2, 0);
	send_one("p1", 2, 2, 0);
	COMMAND("DEL", "loa:run:1:lease");
	call_words("unmark", "1 0 0 1 p0 gw 0 _ _ 0 1 0 2 1 p1 gw 0 _ _ 0");
	assert_string_equal(COMMAND("ZRANGE", "loa:run:1:todo:0", "0", "-1"), "[0:2, 2:4]");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(several_answers_are_each_judged_by_itself_and_once),
		T(several_answers_come_to_what_they_come_to_one_by_one),
		T(an_answer_about_what_redis_lost_spoils_no_other),
		T(members_with_gaps_keep_their_neighbours),
		T(unmarks_are_told_together_and_the_longest_rest_counts),
		T(unmarks_without_a_lease_are_due_again),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
