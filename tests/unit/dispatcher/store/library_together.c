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

/* ---- permits ---- */

/* Requests of `each` members at ranks 0, each, 2 · each … in one call. */
static const char *
ask_many(unsigned count, unsigned each, unsigned doubt_cap)
{
	struct argv a = {0};
	struct ask q = {.inc = "inc-1",
			.count = each,
			.attempt = 1,
			.doubt_cap = doubt_cap,
			.largest = each};

	add_permits(&a, &q);
	for (unsigned i = 0; i < count; i++) {
		char id[16];

		snprintf(id, sizeof(id), "p%u", i);
		q.permit = id;
		q.first = i * each;
		add_permit(&a, &q, 1);
	}
	return call("permit", &a);
}

/* How often it stands there. */
static unsigned
times(const char *text, const char *what)
{
	unsigned n = 0;

	for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

/* 1,000 a second, paced at 992: a slot each 1,008.06 µs; those at 0 … 15 · 1,008 are 16 ms ahead. */
static void
each_has_a_slot_of_its_own_and_none_is_far_ahead(void **state)
{
	const char *r;
	long long slot, now;
	unsigned n = 0;

	(void)state;
	COMMAND("HSET", "loa:lane:gw", "rate", "1000");
	launch_run(40);
	claim("inc-1", 40);
	r = ask_many(20, 1, 0);
	for (const char *p = r; (p = strstr(p, "[go, ")) != NULL; p++, n++) {
		assert_int_equal(sscanf(p, "[go, %lld, %lld", &slot, &now), 2);
		assert_in_range(slot - now + 1, n * 1008, n * 1009 + 2);
	}
	assert_int_equal(n, 16);
	/* 16 · 1,008.0645 - 16,000 = 129.03 */
	assert_int_equal(times(r, "[wait, 130, rate, 1]"), 4);
	for (unsigned rank = 0; rank < 20; rank++)
		assert_string_equal(state_of(rank), rank < 16 ? "sending" : "waiting");
	assert_string_equal(COMMAND("HLEN", "loa:lane:gw:busy"), "16");
	assert_string_equal(COMMAND("HLEN", "loa:run:1:req:0:0"), "16");
}

static void
what_is_on_the_wire_counts_within_a_call(void **state)
{
	const char *r;

	(void)state;
	launch_run(40);
	claim("inc-1", 40);
	r = ask_many(5, 2, 7); /* 2 + 2 + 2 messages are within the cap */
	assert_int_equal(times(r, "[go, "), 3);
	assert_int_equal(times(r, "[wait, 2000, doubt_cap]"), 2);
	COMMAND("DEL", "loa:lane:gw:busy");
	COMMAND("HSET", "loa:lane:gw", "concurrency", "5"); /* one is kept for single notices */
	launch_run(40);
	claim("inc-1", 40);
	r = ask_many(6, 1, 0);
	assert_int_equal(times(r, "[go, "), 4);
	assert_int_equal(times(r, "[wait, 2000, concurrency]"), 2);
}

static void
one_request_of_a_call_tries_whether_the_gateway_works_again(void **state)
{
	const char *r;

	(void)state;
	COMMAND("HSET", "loa:lane:gw", "opens", "1");
	launch_run(4);
	claim("inc-1", 4);
	r = ask_many(3, 1, 0);
	assert_non_null(strstr(r, "[[go, "));
	assert_int_equal(times(r, "[wait, 500000, one request tries"), 2);
	assert_string_equal(COMMAND("HGET", "loa:lane:gw", "probe"), "p0");
}

/* A phone that is in two requests of the call had its only message by the first. */
static void
a_phone_in_two_requests_of_a_call_counts_for_both(void **state)
{
	static char hash[] = "phone---\1\0\0";
	const char *r;

	(void)state;
	launch_run(4);
	COMMAND("HSET", "loa:run:1", "class", "advert", "cap_day", "1", "cap_week", "0");
	claim("inc-1", 4);
	fx.caps = (struct slice){hash, 11};
	r = ask_many(2, 1, 0);
	assert_int_equal(times(r, "[go, "), 1);
	assert_int_equal(times(r, "[caps, 1]"), 1);
	assert_string_equal(state_of(1), "waiting");
}

/* The second chunk's lease is another's; the third request is of the first one again. */
static void
a_chunk_that_is_lost_stops_its_own_requests_only(void **state)
{
	struct argv a = {0};
	struct ask q = {.inc = "inc-1", .permit = "a", .count = 1, .attempt = 1};
	const char *r;

	(void)state;
	launch_run(8);
	claim("inc-1", 4);
	argv_adds(&a, "gw");
	argv_adds(&a, "inc-1");
	argv_adds(&a, "0");
	argv_adds(&a, "1");
	argv_adds(&a, "0");
	argv_adds(&a, "2");
	for (unsigned from = 0; from <= 4; from += 4) {
		argv_add_int(&a, fx.run);
		argv_adds(&a, "0");
		argv_add_int(&a, from);
		argv_add_int(&a, fx.fence);
		argv_adds(&a, "0");
	}
	add_permit(&a, &q, 1);
	q.permit = "b", q.first = 4;
	add_permit(&a, &q, 2);
	q.permit = "c", q.first = 1;
	add_permit(&a, &q, 1);
	r = call("permit", &a);
	assert_non_null(strstr(r, "[[go, "));
	assert_non_null(strstr(r, "], [lost], [go, "));
	assert_string_equal(state_of(1), "sending");
	assert_string_equal(state_of(4), "waiting");
}

/* Who has changed is told as it is with what the call permits. */
static void
records_that_changed_are_shown_as_the_call_leaves_them(void **state)
{
	struct argv a = {0};
	struct ask q = {.inc = "inc-1", .permit = "a", .count = 1, .attempt = 1};
	const char *r;

	(void)state;
	launch_run(3);
	claim("inc-1", 3);
	add_permits(&a, &q);
	add_permit(&a, &q, 1);
	q.permit = "b", q.first = 2;
	add_permit(&a, &q, 1);
	receipt(2, 1, RECORD_DELIVERED);
	r = call("permit", &a);
	/* sending, waiting, delivered; then: reason, attempt, parts, four bytes of time each */
	assert_non_null(strstr(r, "], [changed, \\01\\00\\01\\01"));
	assert_non_null(strstr(r, "\\00\\00\\00\\00\\00\\00\\00\\00\\05\\00\\01"));
	assert_string_equal(state_of(0), "sending");
	assert_string_equal(state_of(2), "delivered");
}

static void
remark_one(struct argv *a, const char *run, unsigned rank, const char *id)
{
	argv_adds(a, run);
	argv_adds(a, "0");
	argv_add_int(a, rank);
	argv_adds(a, "1");
	argv_adds(a, id);
	argv_adds(a, "gw");
	argv_add(a, (struct slice){"\0\0", 2});
	argv_adds(a, "\x01");
	argv_adds(a, "\x01");
	argv_adds(a, "hash");
	argv_adds(a, "1000");
	argv_adds(a, "0");
	argv_adds(a, "0");
	argv_adds(a, "inc-1");
	argv_adds(a, "");
	argv_adds(a, "");
	argv_adds(a, "1");
	argv_adds(a, COMMAND("HGET", "loa:run:1", "launched_s"));
}

static void
permits_that_redis_lost_are_told_in_one_line_and_marked_each(void **state)
{
	(void)state;
	launch_run(4);
	for (int i = 0; i < 2; i++) {
		struct argv a = {0};

		remark_one(&a, "1", 0, "p0");
		remark_one(&a, "1", 2, "p2");
		assert_string_equal(call("remark", &a), i == 0 ? "1" : "0");
		assert_string_equal(state_of(0), "sending");
		assert_string_equal(state_of(1), "waiting");
		assert_string_equal(state_of(2), "sending");
	}
}

static void
how_many_permits_are_of_runs_that_redis_lost_is_told(void **state)
{
	struct argv a = {0};

	(void)state;
	launch_run(4);
	remark_one(&a, "77", 0, "x");
	remark_one(&a, "1", 3, "p3");
	remark_one(&a, "78", 0, "y");
	assert_string_equal(call("remark", &a), "-2");
	assert_string_equal(state_of(3), "sending");
}

/* 0xc1 is nothing in MessagePack; and what is a number is no request. */
static void
damage(const char *field, const char *bytes)
{
	COMMAND("HSET", "loa:run:1:req:0:0", field, bytes);
}

/* The records of 0 and 2 are damaged: the others' answers count, and these are a person's. */
static void
a_damaged_request_stops_no_other(void **state)
{
	struct argv a = {0};

	(void)state;
	launch_run(4);
	claim("inc-1", 4);
	send_one("p0", 0, 1, 0);
	send_one("p1", 1, 1, 0);
	send_one("p2", 2, 1, 0);
	send_one("p3", 3, 1, 0);
	damage("0:1", "\xc1");
	damage("2:1", "7");
	add_answers(&a);
	add_answer(&a, 0, 1, "p0", "N", REASON_NONE);
	add_answer(&a, 1, 1, "p1", "A", REASON_NONE);
	assert_string_equal(call("outcome", &a), "[2, 0, ]");
	assert_string_equal(state_of(1), "accepted");
	call_words("unmark", "1 0 2 1 p2 gw 0 _ _ 0 1 0 3 1 p3 gw 0 _ _ 0");
	assert_string_equal(state_of(3), "waiting");
	assert_string_equal(COMMAND("HLEN", "loa:lane:gw:busy"), "0");
	call_words("release", "1 0 0 inc-1 %lld 0", (long long)fx.fence);
	for (unsigned i = 0; i <= 2; i += 2) {
		assert_string_equal(state_of(i), "unknown");
		assert_true(record_of(i).flags & RECORD_HELD);
	}
	assert_string_equal(COMMAND("HGET", "loa:run:1", "damaged"), "2");
	assert_string_equal(COMMAND("EXISTS", "loa:run:1:req:0:0"), "0");
	assert_non_null(strstr(COMMAND("LINDEX", "loa:run:1:log", "0"), "[\"damaged\",0,\"0:1\","));
	assert_non_null(strstr(COMMAND("LINDEX", "loa:run:1:log", "1"), "[\"damaged\",0,\"2:1\","));
}

/* One that waits stands beside a damaged record of its name: it and the others of the call may go. */
static void
a_damaged_request_stops_no_permit(void **state)
{
	(void)state;
	launch_run(2);
	claim("inc-1", 2);
	damage("0:1", "\xc1");
	send_one("p0", 0, 1, 0);
	assert_string_equal(state_of(0), "sending");
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
		T(each_has_a_slot_of_its_own_and_none_is_far_ahead),
		T(what_is_on_the_wire_counts_within_a_call),
		T(one_request_of_a_call_tries_whether_the_gateway_works_again),
		T(a_phone_in_two_requests_of_a_call_counts_for_both),
		T(a_chunk_that_is_lost_stops_its_own_requests_only),
		T(records_that_changed_are_shown_as_the_call_leaves_them),
		T(permits_that_redis_lost_are_told_in_one_line_and_marked_each),
		T(how_many_permits_are_of_runs_that_redis_lost_is_told),
		T(a_damaged_request_stops_no_other),
		T(a_damaged_request_stops_no_permit),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
