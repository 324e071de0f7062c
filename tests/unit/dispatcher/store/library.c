/* SPDX-License-Identifier: MIT */
/*
 * The Lua library in a real Redis: leases, permits, the lattice, the reconciler. Expected states
 * come from the rules drawn in dispatcher/store/record.h.
 */
#include "tests/unit/dispatcher/store/library_fixture.h"

/* ---- claim and lease ---- */

static void
a_range_is_leased_to_one_owner(void **state)
{
	(void)state;
	launch_run(10);
	assert_non_null(strstr(claim("inc-1", 6), "[work, 1, 0, 0, 6, "));
	assert_non_null(strstr(claim("inc-2", 6), "[work, 1, 0, 6, 10, "));
	assert_non_null(strstr(claim("inc-2", 6), "[sleep, "));
}

static void
a_slice_frozen_twice_is_there_once(void **state)
{
	struct argv a = {0};

	(void)state;
	launch_run(10);
	argv_add_int(&a, fx.run);
	argv_adds(&a, "0");
	argv_adds(&a, "1");
	argv_adds(&a, "0");
	argv_adds(&a, "bits");
	argv_add(&a, (struct slice){"\0\0\0\0\0\0\0\0", 8});
	assert_string_equal(call("freeze", &a), "1");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "audience"), "10");
}

static void
a_stranger_is_not_served_and_a_stale_fence_gets_no_permit(void **state)
{
	struct ask q = {.inc = "inc-2", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(4);
	assert_non_null(strstr(claim("nobody", 4), "not registered"));
	claim("inc-1", 4);
	assert_string_equal(permit(&q), "[lost]");
	q.inc = "inc-1";
	fx.fence++;
	assert_string_equal(permit(&q), "[lost]");
	fx.fence--;
	assert_true(is_go(permit(&q)));
}

static void
a_dead_owners_rest_is_claimable_and_its_sending_is_in_doubt(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 2, .attempt = 1};

	(void)state;
	launch_run(4);
	claim("inc-1", 4);
	assert_true(is_go(permit(&q)));
	assert_string_equal(state_of(0), "sending");
	move_clock(6000);
	hello("inc-2");
	assert_non_null(strstr(claim("inc-2", 4), "[work, 1, 0, 0, 4, "));
	assert_string_equal(state_of(0), "unknown");
	assert_int_equal(record_of(0).flags & RECORD_HELD, RECORD_HELD);
	assert_string_equal(state_of(2), "waiting");
	/* The slow owner's truth is still taken. */
	outcome(0, 1, "p1", "AA");
	assert_string_equal(state_of(0), "accepted");
	assert_string_equal(state_of(1), "accepted");
}

/* ---- permit ---- */

static void
a_permit_id_is_used_once(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	assert_string_equal(permit(&q), "[held]");
}

static void
a_paused_run_gives_no_permit(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	assert_string_equal(call_words("control", "1 running paused"), "paused");
	assert_string_equal(permit(&q), "[stop, paused]");
	assert_string_equal(state_of(0), "waiting");
}

static void
the_rate_is_kept_over_a_second(void **state)
{
	struct ask q = {.inc = "inc-1", .from = 0, .count = 1, .attempt = 1};
	unsigned given = 0;
	int64_t begin;
	char id[16];

	(void)state;
	COMMAND("HSET", "loa:lane:gw", "rate", "100");
	launch_run(400);
	claim("inc-1", 400);
	begin = clock_mono_us();
	for (unsigned i = 0; given < 40; i++) {
		snprintf(id, sizeof(id), "p%u", i);
		q.permit = id;
		q.first = given;
		given += is_go(permit(&q));
	}
	/* 40 slots at 99.2 a second, the first at once, the last dated 16 ms ahead: 377 ms at least. */
	assert_in_range(clock_mono_us() - begin, 377000, 60000000);
}

static void
concurrency_is_bounded_until_an_outcome(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	COMMAND("HSET", "loa:lane:gw", "concurrency", "1");
	launch_run(2);
	claim("inc-1", 2);
	assert_true(is_go(permit(&q)));
	q.permit = "p2";
	q.first = 1;
	assert_non_null(strstr(permit(&q), "concurrency"));
	outcome(0, 1, "p1", "A");
	assert_true(is_go(permit(&q)));
}

static void
the_reserve_is_for_emergencies_too(void **state)
{
	(void)state;
	COMMAND("HSET", "loa:lane:gw", "concurrency", "2");
	launch_run(3);
	claim("inc-1", 3);
	assert_true(is_go(permit(&(struct ask){
		.inc = "inc-1", .permit = "p1", .from = 0, .first = 0, .count = 1, .attempt = 1})));
	assert_non_null(strstr(permit(&(struct ask){.inc = "inc-1",
						    .permit = "p2",
						    .from = 0,
						    .first = 1,
						    .count = 1,
						    .attempt = 1}),
			       "concurrency"));
	COMMAND("HSET", "loa:run:1", "class", "emergency");
	assert_true(is_go(permit(&(struct ask){
		.inc = "inc-1", .permit = "p3", .from = 0, .first = 1, .count = 1, .attempt = 1})));
	assert_non_null(strstr(permit(&(struct ask){.inc = "inc-1",
						    .permit = "p4",
						    .from = 0,
						    .first = 2,
						    .count = 1,
						    .attempt = 1}),
			       "concurrency"));
}

static void
no_more_messages_than_the_doubt_cap_are_on_the_wire(void **state)
{
	struct ask q = {.inc = "inc-1",
			.permit = "p1",
			.count = 2,
			.attempt = 1,
			.doubt_cap = 3,
			.largest = 2};

	(void)state;
	COMMAND("HSET", "loa:lane:gw", "rate", "1000000");
	launch_run(8);
	claim("inc-1", 8);
	assert_true(is_go(permit(&q)));
	q.permit = "p2";
	q.first = 2;
	assert_non_null(strstr(permit(&q), "doubt_cap"));
	q.count = 1;
	assert_true(is_go(permit(&q)));
	q.permit = "p3";
	q.first = 3;
	assert_non_null(strstr(permit(&q), "doubt_cap"));
	/* In doubt it is on the wire no more. */
	outcome(0, 1, "p1", "UU");
	assert_true(is_go(permit(&q)));
	outcome(2, 1, "p2", "A");
	outcome(3, 1, "p3", "A");
	/* One request alone is never too large. */
	q.permit = "p4";
	q.first = 4;
	q.count = 4;
	assert_true(is_go(permit(&q)));
}

static void
what_a_dead_process_had_on_the_wire_is_not_under_the_doubt_cap(void **state)
{
	struct ask q = {.inc = "inc-1",
			.permit = "p1",
			.count = 2,
			.attempt = 1,
			.doubt_cap = 2,
			.largest = 2};

	(void)state;
	launch_run(4);
	claim("inc-1", 2);
	assert_true(is_go(permit(&q)));
	move_clock(6000);
	hello("inc-2");
	claim("inc-2", 2);
	q = (struct ask){.inc = "inc-2",
			 .permit = "p2",
			 .from = 2,
			 .first = 2,
			 .count = 2,
			 .attempt = 1,
			 .doubt_cap = 2,
			 .largest = 2};
	assert_true(is_go(permit(&q)));
}

/* A gateway forgets a reference after a minute, whatever the clock of Redis says. */
static void
a_clock_that_is_set_back_makes_no_window_longer(void **state)
{
	struct ask q = {
		.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1, .dedupe_ms = 60000};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "U");
	move_clock(30000);
	hello("inc-1");
	move_clock(-3600000);
	hello("inc-1");
	move_clock(4900); /* nothing is closed for longer than a lease */
	hello("inc-1");
	move_clock(200);
	q.permit = "p2";
	q.is_repeat = true;
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p2", "U");
	move_clock(25000);
	hello("inc-1");
	q.permit = "p3";
	assert_string_equal(permit(&q), "[held]");
}

static void
unmark_gives_the_same_attempt_back(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	call_words("unmark", "1 0 0 1 p1 gw 0 _");
	assert_string_equal(state_of(0), "waiting");
	assert_int_equal(record_of(0).attempt, 1);
	q.permit = "p2";
	assert_true(is_go(permit(&q)));
	/* Told twice, it takes nothing from the new copy. */
	call_words("unmark", "1 0 0 1 p1 gw 0 _");
	assert_string_equal(state_of(0), "sending");
}

/* ---- outcome ---- */

static void
a_second_copy_is_not_closed_by_a_negative_answer(void **state)
{
	struct ask q = {
		.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1, .dedupe_ms = 60000};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "U");
	assert_string_equal(state_of(0), "unknown");
	q.is_repeat = true;
	q.permit = "p2";
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p2", "N");
	assert_string_equal(state_of(0), "unknown");
	outcome(0, 1, "p1", "A");
	assert_string_equal(state_of(0), "accepted");
}

static void
a_temporary_answer_opens_the_next_attempt_and_six_end_it(void **state)
{
	struct ask q = {.inc = "inc-1", .count = 1};
	char id[8];

	(void)state;
	launch_run(1);
	for (uint8_t attempt = 1; attempt <= 6; attempt++) {
		snprintf(id, sizeof(id), "p%u", attempt);
		q.permit = id;
		q.attempt = attempt;
		assert_non_null(strstr(claim("inc-1", 1), "[work"));
		assert_true(is_go(permit(&q)));
		outcome(0, attempt, id, "T");
		call_words("release", "1 0 0 inc-1 %lld 0", (long long)fx.fence);
		assert_string_equal(state_of(0), attempt < 6 ? "retry" : "refused");
		hello("inc-1");
		move_clock(600000);
		hello("inc-1");
	}
	assert_int_equal(record_of(0).reason, REASON_ATTEMPTS_USED);
}

static void
doubt_without_dedupe_is_held(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "U");
	assert_int_equal(record_of(0).flags & RECORD_HELD, RECORD_HELD);
	call_words("release", "1 0 0 inc-1 %lld 0", (long long)fx.fence);
	assert_non_null(strstr(claim("inc-1", 1), "[sleep"));
	assert_string_equal(call_words("progress", "1"), "[running, 1, 1, [1], 0, 0]");
}

static void
doubt_in_the_dedupe_window_is_offered_as_a_repeat_and_held_after_it(void **state)
{
	struct ask q = {
		.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1, .dedupe_ms = 60000};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "U");
	call_words("release", "1 0 0 inc-1 %lld 0", (long long)fx.fence);
	move_clock(4000);
	hello("inc-1");
	assert_non_null(strstr(claim("inc-1", 1), "[0:1, \\00\\00, \\01, hash, gw, 0]"));
	move_clock(60000);
	hello("inc-1");
	q.is_repeat = true;
	q.permit = "p2";
	assert_string_equal(permit(&q), "[held]");
	call_words("release", "1 0 0 inc-1 %lld 0", (long long)fx.fence);
	assert_int_equal(record_of(0).flags & RECORD_HELD, RECORD_HELD);
}

/* ---- the lattice ---- */

struct evidence {
	char kind; /* 'O' outcome about p1, 'R' receipt */
	char what; /* class, or a state's digit */
};

static void
apply(unsigned rank, const char *permit_id, struct evidence e)
{
	char classes[2] = {e.what, '\0'};

	if (e.kind == 'O')
		outcome(rank, 1, permit_id, classes);
	else
		receipt(rank, 1, (enum record_state)(e.what - '0'));
}

static void
evidence_in_any_order_gives_one_state(void **state)
{
	/* accepted, delivered, undeliverable, accepted by receipt: all 24 orders */
	static const struct evidence all[4] = {{'O', 'A'}, {'R', '5'}, {'R', '6'}, {'R', '3'}};
	unsigned rank = 0;

	(void)state;
	launch_run(48);
	claim("inc-1", 48);
	for (unsigned order = 0; order < 256; order++) {
		unsigned i[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 & 3};
		unsigned seen = 1u << i[0] | 1u << i[1] | 1u << i[2] | 1u << i[3];
		char id[8];
		struct ask q = {
			.inc = "inc-1", .permit = id, .first = rank, .count = 1, .attempt = 1};

		if (seen != 15)
			continue;
		snprintf(id, sizeof(id), "p%u", rank);
		assert_true(is_go(permit(&q)));
		for (unsigned k = 0; k < 4; k++) {
			apply(rank, id, all[i[k]]);
			apply(rank, id, all[i[k]]);
		}
		assert_string_equal(state_of(rank), "delivered");
		assert_int_equal(record_of(rank).reason, REASON_NONE);
		assert_int_equal(record_of(rank).attempt, 1);
		rank++;
	}
	assert_int_equal(rank, 24);
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "delivered"), "24");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "accepted"), "0");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "parts:0"), "24");
}

static void
a_late_receipt_of_an_earlier_attempt_counts(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "T");
	q.permit = "p2";
	q.attempt = 2;
	assert_true(is_go(permit(&q)));
	outcome(0, 2, "p2", "N");
	assert_string_equal(state_of(0), "refused");
	receipt(0, 1, RECORD_DELIVERED);
	assert_string_equal(state_of(0), "delivered");
	receipt(0, 2, RECORD_UNDELIVERABLE);
	assert_string_equal(state_of(0), "delivered");
}

/* ---- reconcile, replay, finish ---- */

static void
reconcile_puts_back_what_nobody_stands_for(void **state)
{
	(void)state;
	launch_run(4100);
	claim("inc-1", 4096);
	/* As if a roll-back had lost the lease. */
	COMMAND("DEL", "loa:run:1:lease");
	assert_string_equal(call_words("reconcile", "1 0 0"), "8"); /* 4096 / 512 */
	assert_string_equal(call_words("reconcile", "1 0 0"), "0");
	assert_non_null(strstr(claim("inc-2", 512), "[work, 1, 0, 0, 512, "));
}

static void
reconcile_knows_when_a_string_is_settled_for_ever(void **state)
{
	char key[] = "loa:run:1:rec:0:0";

	(void)state;
	launch_run(4100);
	claim("inc-1", 4096);
	call_words("release", "1 0 0 inc-1 %lld 0", (long long)fx.fence);
	assert_string_equal(call_words("reconcile", "1 0 0"), "0");
	for (unsigned i = 0; i < 4096; i++) {
		char at[16];

		snprintf(at, sizeof(at), "%u", i * 8);
		COMMAND("SETRANGE", key, at, "\x05");
	}
	assert_string_equal(call_words("reconcile", "1 0 0"), "-1");
}

/* The journal's line about permit p1 of member 0. */
static const char *
remark(const char *run)
{
	struct argv a = {0};

	argv_adds(&a, run);
	argv_adds(&a, "0");
	argv_adds(&a, "0");
	argv_adds(&a, "1");
	argv_adds(&a, "p1");
	argv_adds(&a, "gw");
	argv_add(&a, (struct slice){"\0\0", 2});
	argv_adds(&a, "\x01");
	argv_adds(&a, "\x01");
	argv_adds(&a, "hash");
	argv_adds(&a, "1000");
	argv_adds(&a, "0");
	argv_adds(&a, "0");
	argv_adds(&a, "inc-1");
	return call("remark", &a);
}

static void
a_permit_that_redis_lost_is_marked_again(void **state)
{
	(void)state;
	launch_run(2);
	claim("inc-1", 2);
	assert_string_equal(remark("1"), "1");
	assert_string_equal(remark("1"), "0");
	assert_string_equal(state_of(0), "sending");
	assert_string_equal(state_of(1), "waiting");
	outcome(0, 1, "p1", "A");
	assert_string_equal(state_of(0), "accepted");
}

static void
a_permit_of_a_run_that_redis_lost_is_told_apart(void **state)
{
	(void)state;
	assert_string_equal(remark("1"), "-1");
}

static void
a_run_is_finished_when_receipts_came_or_their_deadline_passed(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 2, .attempt = 1};

	(void)state;
	launch_run(2);
	COMMAND("HSET", "loa:run:1", "receipt_deadline_s", "3600");
	claim("inc-1", 2);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "AA");
	call_words("release", "1 0 0 inc-1 %lld 0", (long long)fx.fence);
	/* The clock is a day ahead when it is over: that does not keep it open for a day. */
	move_clock(86400000);
	assert_string_equal(call_words("progress", "1"), "[running, 1, 0, [2], 0, 0]");
	move_clock(-86400000);
	assert_string_equal(call_words("progress", "1"), "[running, 1, 0, [2], 0, 0]");
	receipt(0, 1, RECORD_DELIVERED);
	assert_string_equal(call_words("progress", "1"), "[running, 1, 0, [2], 0, 0]");
	move_clock(3601000);
	assert_string_equal(call_words("progress", "1"), "[running, 1, 1, [2], 0, 0]");
	assert_string_equal(call_words("control", "1 running finished"), "finished");
	/* Evidence is still taken. */
	receipt(1, 1, RECORD_UNDELIVERABLE);
	assert_string_equal(state_of(1), "undeliverable");
}

static void
claim_waits_after_redis_came_back(void **state)
{
	(void)state;
	launch_run(1);
	call_words("hello", "inc-1 5000 life-2");
	assert_non_null(strstr(claim("inc-1", 1), "redis restarted"));
	move_clock(4000);
	call_words("hello", "inc-1 5000 life-2");
	assert_non_null(strstr(claim("inc-1", 1), "redis restarted"));
	move_clock(1001);
	assert_non_null(strstr(claim("inc-1", 1), "[work"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_range_is_leased_to_one_owner),
		T(a_slice_frozen_twice_is_there_once),
		T(a_stranger_is_not_served_and_a_stale_fence_gets_no_permit),
		T(a_dead_owners_rest_is_claimable_and_its_sending_is_in_doubt),
		T(a_permit_id_is_used_once),
		T(a_paused_run_gives_no_permit),
		T(the_rate_is_kept_over_a_second),
		T(concurrency_is_bounded_until_an_outcome),
		T(the_reserve_is_for_emergencies_too),
		T(no_more_messages_than_the_doubt_cap_are_on_the_wire),
		T(what_a_dead_process_had_on_the_wire_is_not_under_the_doubt_cap),
		T(a_clock_that_is_set_back_makes_no_window_longer),
		T(unmark_gives_the_same_attempt_back),
		T(a_second_copy_is_not_closed_by_a_negative_answer),
		T(a_temporary_answer_opens_the_next_attempt_and_six_end_it),
		T(doubt_without_dedupe_is_held),
		T(doubt_in_the_dedupe_window_is_offered_as_a_repeat_and_held_after_it),
		T(evidence_in_any_order_gives_one_state),
		T(a_late_receipt_of_an_earlier_attempt_counts),
		T(reconcile_puts_back_what_nobody_stands_for),
		T(reconcile_knows_when_a_string_is_settled_for_ever),
		T(a_permit_that_redis_lost_is_marked_again),
		T(a_permit_of_a_run_that_redis_lost_is_told_apart),
		T(a_run_is_finished_when_receipts_came_or_their_deadline_passed),
		T(claim_waits_after_redis_came_back),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
