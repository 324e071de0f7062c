/* SPDX-License-Identifier: MIT */
/*
 * What a person may do about doubt, in a real Redis. Expected values come from the rules at the top
 * of dispatcher/lua/doubt.lua and from tests/model: inside the window a resend repeats the reference,
 * outside a new attempt opens, never before the last copy has had its end.
 */
#include "tests/unit/dispatcher/store/receipts_fixture.h"

#define WAIT_MS 7000 /* lease, time-out and margin of these tests */

static void
release(void)
{
	call_words("release", "%lld 0 0 inc-1 %lld 0", (long long)fx.run, (long long)fx.fence);
}

/* Ranks 0 … count - 1 in one request of attempt 1, answered so, and given back. */
static void
in_doubt(unsigned count, int64_t dedupe_ms, const char *classes)
{
	struct ask q = {.inc = "inc-1",
			.permit = "p1",
			.count = count,
			.attempt = 1,
			.dedupe_ms = dedupe_ms};

	claim("inc-1", count);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", classes);
	release();
}

static void
add_member(struct buf *b, unsigned rank, uint8_t attempt, uint8_t copies)
{
	buf_add_u16(b, (uint16_t)rank);
	buf_add_u8(b, attempt);
	buf_add_u8(b, copies);
}

/* The letters of a resend of one rank: copies 0 = by a new attempt. */
static const char *
resend(unsigned rank, uint8_t attempt, uint8_t copies)
{
	struct argv a = {0};
	struct buf members = {0};

	add_member(&members, rank, attempt, copies);
	argv_add_int(&a, fx.run);
	argv_adds(&a, "0");
	argv_adds(&a, "0");
	argv_add(&a, buf_slice(&members));
	argv_add_int(&a, WAIT_MS);
	buf_free(&members);
	return call("doubt_resend", &a);
}

static const char *
mark(unsigned rank, uint8_t attempt, const char *as, const char *dry)
{
	struct argv a = {0};
	struct buf members = {0};

	add_member(&members, rank, attempt, 0);
	argv_add_int(&a, fx.run);
	argv_adds(&a, "0");
	argv_adds(&a, "0");
	argv_add(&a, buf_slice(&members));
	argv_add_int(&a, WAIT_MS);
	argv_adds(&a, as);
	argv_adds(&a, dry);
	buf_free(&members);
	return call("doubt_mark", &a);
}

/* What may be done about rank 0, the first that is in doubt: its letter. */
static char
choice(void)
{
	const char *p = call_words("doubt_look", "%lld 0 0 %d", (long long)fx.run, WAIT_MS);

	/* [now, rank, record, letter, …]: the record's bytes hold no ", ". */
	for (int i = 0; i < 3 && p != NULL; i++)
		p = strstr(p + 1, ", ");
	return p != NULL ? p[2] : '-';
}

static void
later(int64_t ms)
{
	move_clock(ms);
	hello("inc-1");
	hello("inc-2");
}

static bool
is_held(unsigned rank)
{
	return (record_of(rank).flags & RECORD_HELD) != 0;
}

static void
nothing_is_sent_again_before_the_last_copy_has_had_its_end(void **state)
{
	(void)state;
	launch_run(1);
	in_doubt(1, 0, "U");
	assert_true(is_held(0));
	assert_int_equal(choice(), 'w');
	assert_string_equal(resend(0, 1, 0), "[w, running]");
	later(WAIT_MS - 1000);
	assert_string_equal(resend(0, 1, 0), "[w, running]");
	later(1500);
	assert_int_equal(choice(), 'n');
	assert_string_equal(resend(0, 1, 0), "[n, running]");
	assert_string_equal(state_of(0), "waiting");
	assert_int_equal(record_of(0).attempt, 2);
	assert_int_equal(record_of(0).reason, REASON_RESENT);
}

static void
a_new_attempt_is_sent_once_and_the_earlier_one_is_remembered(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p2", .count = 1, .attempt = 2};

	(void)state;
	launch_run(1);
	in_doubt(1, 0, "U");
	later(WAIT_MS + 1000);
	assert_string_equal(resend(0, 1, 0), "[n, running]");
	assert_non_null(strstr(claim("inc-1", 1), "[work"));
	assert_true(is_go(permit(&q)));
	assert_string_equal(state_of(0), "sending");
	outcome(0, 2, "p2", "N");
	/* The second was refused; of the first nobody knows still. */
	assert_string_equal(state_of(0), "unknown");
	receipt(0, 1, RECORD_DELIVERED);
	assert_string_equal(state_of(0), "delivered");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "delivered"), "1");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "unknown"), "0");
}

static void
a_receipt_that_comes_before_the_new_attempt_leaves_stops_it(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p2", .count = 1, .attempt = 2};

	(void)state;
	launch_run(1);
	in_doubt(1, 0, "U");
	later(WAIT_MS + 1000);
	resend(0, 1, 0);
	receipt(0, 1, RECORD_ACCEPTED);
	assert_string_equal(state_of(0), "accepted");
	claim("inc-1", 1);
	assert_false(is_go(permit(&q)));
}

static void
a_resend_that_is_told_again_changes_nothing(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p2", .count = 1, .attempt = 2};

	(void)state;
	launch_run(1);
	in_doubt(1, 0, "U");
	later(WAIT_MS + 1000);
	assert_string_equal(resend(0, 1, 0), "[n, running]");
	assert_string_equal(resend(0, 1, 0), "[=, running]");
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	outcome(0, 2, "p2", "U");
	release();
	later(WAIT_MS + 1000);
	assert_string_equal(resend(0, 1, 0), "[=, running]");
	assert_int_equal(record_of(0).attempt, 2);
	assert_string_equal(resend(0, 2, 0), "[n, running]");
}

/* In doubt inside a window of a minute, and held by a sender that could not say it again. */
static void
held_inside_the_window(unsigned count, const char *classes)
{
	in_doubt(count, 60000, classes);
	later(4000);
	if (strchr(classes, 'N') == NULL) {
		claim("inc-1", count);
		call_words("hold", "%lld 0 0 inc-1 %lld 0 1", (long long)fx.run,
			   (long long)fx.fence);
		release();
	}
	assert_true(is_held(0));
}

static void
inside_the_window_the_same_request_is_repeated(void **state)
{
	struct ask q = {.inc = "inc-1",
			.permit = "p2",
			.is_repeat = true,
			.count = 2,
			.attempt = 1,
			.dedupe_ms = 60000};

	(void)state;
	launch_run(2);
	held_inside_the_window(2, "UU");
	assert_string_equal(resend(0, 1, 1), "[w, running]");
	later(WAIT_MS);
	assert_int_equal(choice(), 'r');
	/* Who agreed to a new attempt gets none while the reference is known. */
	assert_string_equal(resend(0, 1, 0), "[w, running]");
	assert_string_equal(resend(0, 1, 1), "[r, running]");
	assert_string_equal(state_of(0), "unknown");
	assert_false(is_held(0));
	assert_false(is_held(1));
	assert_non_null(strstr(claim("inc-1", 2), "gw, 0]]"));
	assert_true(is_go(permit(&q)));
	assert_int_equal(record_of(1).attempt, 1);
	outcome(0, 1, "p2", "AA");
	assert_string_equal(state_of(1), "accepted");
	assert_string_equal(resend(1, 1, 1), "[=, running]");
}

static void
a_request_of_which_a_member_was_refused_is_not_repeated(void **state)
{
	(void)state;
	launch_run(2);
	held_inside_the_window(2, "UN");
	later(WAIT_MS);
	/* Not the same any more, and its reference known: only when the gateway has forgotten it. */
	assert_int_equal(choice(), 'w');
	assert_string_equal(resend(0, 1, 1), "[w, running]");
	assert_string_equal(resend(0, 1, 0), "[w, running]");
	later(60000);
	assert_int_equal(choice(), 'n');
	assert_string_equal(resend(0, 1, 0), "[n, running]");
	assert_string_equal(state_of(1), "refused");
}

static void
after_the_window_a_new_attempt_opens(void **state)
{
	(void)state;
	launch_run(1);
	held_inside_the_window(1, "U");
	later(60000);
	assert_string_equal(resend(0, 1, 1), "[w, running]");
	assert_string_equal(resend(0, 1, 0), "[n, running]");
	assert_int_equal(record_of(0).attempt, 2);
}

static void
doubt_that_is_repeated_by_itself_is_left_alone(void **state)
{
	(void)state;
	launch_run(1);
	in_doubt(1, 60000, "U");
	later(WAIT_MS + 1000);
	assert_false(is_held(0));
	assert_int_equal(choice(), 'a');
	assert_string_equal(resend(0, 1, 1), "[w, running]");
	assert_string_equal(mark(0, 1, "not-sent", "0"), "[w]");
}

static void
what_somebody_works_on_waits(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(2);
	claim("inc-1", 2);
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "U");
	later(4000);
	later(4000);
	assert_string_equal(resend(0, 1, 0), "[w, running]");
	release();
	assert_string_equal(resend(0, 1, 0), "[n, running]");
	/* With the range that was due already: nobody may work in it beside us. */
	assert_string_equal(COMMAND("ZRANGE", "loa:run:1:todo:0", "0", "-1"), "[0:2]");
}

static void
a_finished_run_opens_again(void **state)
{
	(void)state;
	launch_run(1);
	in_doubt(1, 0, "U");
	call_words("control", "%lld running finished _ _ _", (long long)fx.run);
	assert_string_equal(COMMAND("HGET", "loa:run:1", "state"), "finished");
	later(WAIT_MS + 1000);
	assert_string_equal(resend(0, 1, 0), "[n, finished]");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "state"), "running");
	assert_string_equal(COMMAND("HGET", "loa:campaign:1", "state"), "running");
	assert_non_null(strstr(claim("inc-1", 1), "[work, 1"));
}

static void
a_cancelled_run_sends_nothing_again(void **state)
{
	(void)state;
	launch_run(1);
	in_doubt(1, 0, "U");
	COMMAND("HSET", "loa:run:1", "state", "cancelled");
	later(WAIT_MS + 1000);
	assert_int_equal(choice(), 'x');
	assert_string_equal(resend(0, 1, 0), "[w, cancelled]");
	assert_string_equal(state_of(0), "unknown");
	assert_string_equal(mark(0, 1, "not-sent", "0"), "[+]");
	assert_string_equal(state_of(0), "refused");
}

static void
two_requests_under_one_reference_are_never_repeated(void **state)
{
	struct argv a = {0};

	(void)state;
	launch_run(2);
	held_inside_the_window(2, "UU");
	/* A sender replays one of one member: a roll-back has lost it. */
	argv_adds(&a, "1");
	argv_adds(&a, "0");
	argv_adds(&a, "0");
	argv_adds(&a, "1");
	argv_adds(&a, "p9");
	argv_adds(&a, "gw");
	argv_add(&a, (struct slice){"\0\0", 2});
	argv_add(&a, (struct slice){"\1", 1});
	argv_add(&a, (struct slice){"\1", 1});
	argv_adds(&a, "other");
	argv_adds(&a, "1");
	argv_adds(&a, "9999999999999");
	argv_adds(&a, "0");
	argv_adds(&a, "inc-2");
	call("remark", &a);
	later(WAIT_MS);
	assert_int_equal(choice(), 'w');
}

static void
marked_sent_is_evidence_like_any_other(void **state)
{
	(void)state;
	launch_run(1);
	in_doubt(1, 0, "U");
	assert_string_equal(mark(0, 1, "sent", "1"), "[+]");
	assert_string_equal(state_of(0), "unknown");
	assert_string_equal(mark(0, 1, "sent", "0"), "[+]");
	assert_string_equal(state_of(0), "accepted");
	assert_int_equal(record_of(0).reason, REASON_MARKED_SENT);
	assert_string_equal(mark(0, 1, "sent", "0"), "[=]");
	assert_string_equal(COMMAND("HLEN", "loa:run:1:req:0:0"), "0");
	receipt(0, 1, RECORD_UNDELIVERABLE);
	assert_string_equal(state_of(0), "undeliverable");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "parts:0"), "1");
}

static void
marked_not_sent_closes_it_until_evidence_says_otherwise(void **state)
{
	(void)state;
	launch_run(1);
	in_doubt(1, 0, "U");
	assert_string_equal(mark(0, 1, "not-sent", "0"), "[w]");
	later(WAIT_MS + 1000);
	assert_string_equal(mark(0, 1, "not-sent", "0"), "[+]");
	assert_string_equal(state_of(0), "refused");
	assert_int_equal(record_of(0).reason, REASON_MARKED_NOT_SENT);
	assert_non_null(strstr(claim("inc-1", 1), "[sleep"));
	receipt(0, 1, RECORD_DELIVERED);
	assert_string_equal(state_of(0), "delivered");
}

static void
marked_not_sent_means_every_attempt_in_doubt(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p2", .count = 1, .attempt = 2};

	(void)state;
	launch_run(1);
	in_doubt(1, 0, "U");
	later(WAIT_MS + 1000);
	resend(0, 1, 0);
	claim("inc-1", 1);
	assert_true(is_go(permit(&q)));
	outcome(0, 2, "p2", "U");
	release();
	later(WAIT_MS + 1000);
	assert_string_equal(mark(0, 1, "not-sent", "0"), "[=]"); /* it is at its second now */
	assert_string_equal(mark(0, 2, "not-sent", "0"), "[+]");
	assert_string_equal(state_of(0), "refused");
	assert_string_equal(COMMAND("HGET", "loa:run:1:earlier", "0:0"), "\\07\\07");
}

static const char *
evidence(const char *dry, unsigned rank, uint8_t attempt, enum record_state s)
{
	struct argv a = {0};
	struct buf members = {0};

	buf_add_u8(&members, 0);
	buf_add_u32(&members, rank);
	buf_add_u8(&members, attempt);
	buf_add_u8(&members, (uint8_t)s);
	argv_add_int(&a, fx.run);
	argv_add(&a, buf_slice(&members));
	argv_adds(&a, "[\"receipt\"]\n");
	argv_adds(&a, dry);
	buf_free(&members);
	return call("doubt_evidence", &a);
}

static void
a_gateways_list_is_evidence_and_a_dry_look_changes_nothing(void **state)
{
	(void)state;
	launch_run(1);
	in_doubt(1, 0, "U");
	assert_string_equal(evidence("1", 0, 1, RECORD_DELIVERED), "+");
	assert_string_equal(state_of(0), "unknown");
	assert_string_equal(evidence("0", 0, 1, RECORD_DELIVERED), "+");
	assert_string_equal(state_of(0), "delivered");
	assert_string_equal(evidence("0", 0, 1, RECORD_ACCEPTED), "=");
	assert_string_equal(evidence("0", 0, 2, RECORD_DELIVERED), "?");
	assert_string_equal(evidence("0", 7, 1, RECORD_DELIVERED), "?");
	assert_string_equal(COMMAND("LLEN", "loa:run:1:log"), "1");
}

/* Partition, rank and attempt of the message with this id, as printed. */
static const char *
whose(const char *id)
{
	uint8_t hash[FOREIGN_ID_BYTES];
	struct argv a = {0};

	foreign_id("gw", id, key, hash);
	argv_add_int(&a, fx.run);
	argv_adds(&a, "gw");
	argv_add(&a, (struct slice){(const char *)hash, sizeof(hash)});
	return call("doubt_whose", &a);
}

static void
a_gateways_id_finds_its_message(void **state)
{
	static const char *const ids[] = {"gw-1"}, *const twice[] = {"gw-2", "gw-2"};
	struct answer q = {.first = 1, .permit = "p1", .classes = "A", .ids = ids};

	(void)state;
	launch_run(4);
	claim("inc-1", 4);
	permitted(1, 1, "p1");
	answered(&q);
	permitted(2, 2, "p2");
	q = (struct answer){.first = 2, .permit = "p2", .classes = "AA", .ids = twice};
	answered(&q);
	assert_string_equal(whose("gw-1"), "\\00\\01\\00\\00\\00\\01");
	assert_string_equal(whose("gw-2") + 15, "\\ff"); /* two messages have it */
	assert_string_equal(whose("gw-3"), "\\00\\00\\00\\00\\00\\00");
	fx.run++;
	assert_string_equal(whose("gw-1"), "\\00\\00\\00\\00\\00\\00"); /* another run's */
	fx.run--;
}

static void
the_audit_takes_an_entry_only_behind_its_head(void **state)
{
	(void)state;
	assert_string_equal(call_words("audit_head", "%s", "x"), "[0, , ]");
	assert_string_equal(call_words("audit_append", "1 _ {} h1"), "[done]");
	assert_string_equal(call_words("audit_append", "1 _ {} h1"), "[done]"); /* told again */
	assert_string_equal(call_words("audit_append", "1 _ {} hx"), "[moved, 1, h1]");
	assert_string_equal(call_words("audit_append", "2 hx {} h2"), "[moved, 1, h1]");
	assert_string_equal(call_words("audit_append", "2 h1 {} h2"), "[done]");
	assert_string_equal(call_words("audit_append", "1 _ {} h1"), "[done]");
	assert_string_equal(call_words("audit_page", "2 10"), "[2, h2, [2-0, {}, h2]]");
	assert_string_equal(call_words("audit_page", "_ 10"),
			    "[2, h2, [1-0, {}, h1], [2-0, {}, h2]]");
	/* Without a head it goes on behind the last entry. */
	COMMAND("DEL", "loa:audit:head");
	assert_string_equal(call_words("audit_append", "3 h2 {} h3"), "[done]");
	assert_string_equal(COMMAND("XLEN", "loa:audit"), "3");
}

static const char *
used(const char *what)
{
	return COMMAND("HGET", "loa:lane:gw", what) + strlen("20000 ");
}

/* Who of the two phones has had as many as one may have: '1'. */
static const char *
over(void)
{
	struct argv a = {0};

	argv_add_int(&a, fx.run);
	argv_add(&a, fx.caps);
	return call("caps_check", &a);
}

static void
what_a_person_says_was_not_sent_does_not_count(void **state)
{
	(void)state;
	COMMAND("HSET", "loa:lane:gw", "limits",
		"provider messages day 9\nprovider parts month 9\nprovider requests day 9\n");
	launch_run(2);
	COMMAND("HSET", "loa:run:1", "class", "advert", "cap_day", "1");
	fx.caps = (struct slice){"aaaaaaaa\1\0\0bbbbbbbb\2\0\0", 22};
	in_doubt(2, 0, "UU");
	assert_string_equal(used("messages:day"), "2 0");
	assert_string_equal(over(), "11");
	later(WAIT_MS + 1000);
	assert_string_equal(mark(0, 1, "not-sent", "1"), "[+]"); /* only asked */
	assert_string_equal(used("messages:day"), "2 0");
	assert_string_equal(mark(0, 1, "not-sent", "0"), "[+]");
	assert_string_equal(mark(0, 1, "not-sent", "0"), "[=]");
	assert_string_equal(used("messages:day"), "1 0");
	assert_string_equal(used("requests:day"), "1 0"); /* the other one may have been in it */
	assert_string_equal(over(), "01");
	/* a late answer about both: the first has been given back */
	outcome(0, 1, "p1", "NU");
	assert_string_equal(used("messages:day"), "1 0");
	assert_string_equal(mark(1, 1, "not-sent", "0"), "[+]");
	assert_string_equal(used("messages:day"), "0 0");
	assert_string_equal(used("requests:day"), "0 0");
	assert_string_equal(over(), "");
}

static void
what_a_person_says_was_sent_counts(void **state)
{
	(void)state;
	COMMAND("HSET", "loa:lane:gw", "limits", "provider messages day 9\n");
	launch_run(1);
	in_doubt(1, 0, "U");
	later(WAIT_MS + 1000);
	assert_string_equal(mark(0, 1, "sent", "0"), "[+]");
	assert_string_equal(used("messages:day"), "1 0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(nothing_is_sent_again_before_the_last_copy_has_had_its_end),
		T(a_new_attempt_is_sent_once_and_the_earlier_one_is_remembered),
		T(a_receipt_that_comes_before_the_new_attempt_leaves_stops_it),
		T(a_resend_that_is_told_again_changes_nothing),
		T(inside_the_window_the_same_request_is_repeated),
		T(a_request_of_which_a_member_was_refused_is_not_repeated),
		T(after_the_window_a_new_attempt_opens),
		T(doubt_that_is_repeated_by_itself_is_left_alone),
		T(what_somebody_works_on_waits),
		T(a_finished_run_opens_again),
		T(a_cancelled_run_sends_nothing_again),
		T(two_requests_under_one_reference_are_never_repeated),
		T(marked_sent_is_evidence_like_any_other),
		T(marked_not_sent_closes_it_until_evidence_says_otherwise),
		T(marked_not_sent_means_every_attempt_in_doubt),
		T(a_gateways_list_is_evidence_and_a_dry_look_changes_nothing),
		T(a_gateways_id_finds_its_message),
		T(the_audit_takes_an_entry_only_behind_its_head),
		T(what_a_person_says_was_not_sent_does_not_count),
		T(what_a_person_says_was_sent_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
