/* SPDX-License-Identifier: MIT */
/*
 * Suppressions in a real Redis: the Lua functions and what permit and skip make of them. Expected
 * values come from the rules at the top of dispatcher/lua/suppress.lua and from tests/model.
 */
#include "tests/unit/dispatcher/store/library_fixture.h"

static const char *
act(const char *name, const char *id, const char *at, const char *scope, const char *phones)
{
	struct argv a = {0};

	argv_adds(&a, id);
	argv_adds(&a, at);
	argv_adds(&a, scope);
	argv_adds(&a, "asked at the counter");
	argv_adds(&a, "person");
	argv_adds(&a, phones);
	return call(name, &a);
}

/* The letters of an answer [epoch, ms, letters]. */
static const char *
letters(const char *reply)
{
	const char *last = strrchr(reply, ' ');

	return last != NULL ? last + 1 : reply;
}

static long long
epoch(void)
{
	return strtoll(COMMAND("HGET", "loa:meta", "epoch"), NULL, 10);
}

static const char *
check(const char *class, const char *unit, const char *phones)
{
	struct argv a = {0};

	argv_adds(&a, class);
	argv_adds(&a, unit);
	argv_adds(&a, phones);
	return call("suppress_check", &a);
}

static void
many_are_added_at_once_and_the_epoch_is_raised_once(void **state)
{
	(void)state;
	assert_string_equal(letters(act("suppress_add", "a1", "", "all", "84911 84912 84911")),
			    "++=]");
	assert_int_equal(epoch(), 1);
	assert_string_equal(letters(act("suppress_add", "a2", "", "all", "84911 84912")), "==]");
	assert_int_equal(epoch(), 1);
	assert_string_equal(letters(act("suppress_rm", "a3", "", "all", "84912 84913")), "-=]");
	assert_int_equal(epoch(), 2);
	assert_string_equal(COMMAND("HLEN", "loa:suppress"), "1");
	assert_string_equal(COMMAND("LLEN", "loa:suppress:log"), "2");
}

static void
an_act_asked_again_answers_the_same_and_changes_nothing(void **state)
{
	(void)state;
	act("suppress_add", "a1", "", "all", "84911");
	assert_string_equal(letters(act("suppress_add", "a1", "", "all", "84911")), "+]");
	assert_int_equal(epoch(), 1);
	act("suppress_rm", "a2", "", "all", "84911");
	assert_string_equal(letters(act("suppress_rm", "a2", "", "all", "84911")), "-]");
	assert_string_equal(letters(act("suppress_add", "a1", "", "all", "84911")), "=]");
	assert_int_equal(epoch(), 2);
	assert_string_equal(COMMAND("EXISTS", "loa:suppress"), "0");
}

static void
scopes_of_a_phone_live_beside_each_other(void **state)
{
	(void)state;
	act("suppress_add", "a1", "", "unit:7", "84911");
	act("suppress_add", "a2", "", "class:advert", "84911 84912");
	assert_string_equal(check("notice", "1", "84911 84912"), "[2, \\00\\00]");
	/* The numbers of record.h: 80 all, 81 unit, 82 class. */
	assert_string_equal(check("notice", "7", "84911 84912"), "[2, Q\\00]");
	assert_string_equal(check("advert", "1", "84911 84912"), "[2, RR]");
	act("suppress_add", "a3", "", "all", "84911");
	assert_string_equal(check("advert", "7", "84911 84912 84913"), "[3, PR\\00]");
	act("suppress_rm", "a4", "", "class:advert", "84911");
	assert_string_equal(check("advert", "1", "84911"), "[4, P]");
	act("suppress_rm", "a5", "", "all", "84911");
	assert_string_equal(check("advert", "1", "84911"), "[5, \\00]");
}

static void
where_nobody_is_suppressed_the_check_says_so(void **state)
{
	(void)state;
	assert_string_equal(check("notice", "1", "84911"), "[0]");
	act("suppress_add", "a1", "", "all", "84911");
	act("suppress_rm", "a2", "", "all", "84911");
	assert_string_equal(check("notice", "1", "84911"), "[2]");
}

/* Journals tell what Redis lost, each in its own order: in both the later act must win. */
static void
told_again_after_a_loss_the_later_act_wins(void **state)
{
	(void)state;
	act("suppress_add", "a1", "1000", "all", "84911");
	act("suppress_rm", "a2", "2000", "all", "84911");
	assert_string_equal(COMMAND("EXISTS", "loa:suppress"), "0");

	act("suppress_add", "b1", "", "all", "84912");
	COMMAND("DEL", "loa:suppress:acts");
	/* Removed at 3000 and added again at 4000; the addition is told first. */
	COMMAND("DEL", "loa:suppress");
	act("suppress_add", "b3", "4000", "all", "84912");
	act("suppress_rm", "b2", "3000", "all", "84912");
	assert_string_equal(check("notice", "1", "84912"), "[4, P]");

	/* The same where the entry from before the removal was not lost. */
	act("suppress_add", "c1", "1000", "all", "84913");
	act("suppress_add", "c3", "4000", "all", "84913");
	act("suppress_rm", "c2", "3000", "all", "84913");
	assert_string_equal(check("notice", "1", "84913"), "[6, P]");
}

static void
entries_and_history_can_be_read(void **state)
{
	struct argv a = {0};
	const char *p;

	(void)state;
	act("suppress_add", "a1", "5000", "unit:7", "84911");
	argv_adds(&a, "0");
	argv_adds(&a, "100");
	assert_string_equal(call("suppress_ls", &a),
			    "[0, [[84911, unit:7, asked at the counter, 5000, person]], 0]");
	act("suppress_rm", "a2", "6000", "unit:7", "84911");
	argv_adds(&a, "84911");
	argv_adds(&a, "");
	p = call("suppress_show", &a);
	assert_string_equal(p,
			    "[[], [[\"6000\",\"rm\",\"person\",\"unit:7\",\"asked at the counter\","
			    "[[\"84911\",\"asked at the counter\",\"5000\",\"person\"]]], "
			    "[\"5000\",\"add\",\"person\",\"unit:7\",\"asked at the "
			    "counter\",[\"84911\"]]], 0]");
}

static void
a_phone_has_at_most_32_scopes(void **state)
{
	char id[16], scope[16];

	(void)state;
	for (int i = 0; i < 32; i++) {
		snprintf(id, sizeof(id), "a%d", i);
		snprintf(scope, sizeof(scope), "unit:%d", i + 1);
		assert_string_equal(letters(act("suppress_add", id, "", scope, "84911")), "+]");
	}
	assert_string_equal(letters(act("suppress_add", "b", "", "all", "84911")), "x]");
	assert_string_equal(letters(act("suppress_add", "c", "", "unit:3", "84911")), "=]");
	assert_int_equal(epoch(), 32);
}

static void
the_log_and_the_acts_are_bounded(void **state)
{
	(void)state;
	COMMAND("EVAL", "for i = 1, 20000 do redis.call('RPUSH', 'loa:suppress:log', 'x') end",
		"0");
	COMMAND("EVAL",
		"for i = 1, 2048 do redis.call('ZADD', 'loa:suppress:acts', i, 'x' .. i) end", "0");
	act("suppress_add", "a1", "", "all", "84911");
	assert_string_equal(COMMAND("LLEN", "loa:suppress:log"), "20000");
	assert_string_equal(COMMAND("ZCARD", "loa:suppress:acts"), "2048");
	assert_string_equal(letters(act("suppress_add", "a1", "", "all", "84911")), "+]");
}

static void
permit_gives_nothing_to_who_has_not_looked_since(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(2);
	claim("inc-1", 2);
	act("suppress_add", "a1", "", "all", "84911");
	assert_string_equal(permit(&q), "[epoch, 1]");
	assert_string_equal(state_of(0), "waiting");
}

/* skip about rank: [run, p, from, inc, fence, offsets, states, reasons]. */
static void
suppress(unsigned rank)
{
	struct argv a = {0};
	struct buf offset = {0};

	buf_add_u16(&offset, (uint16_t)rank);
	argv_add_int(&a, fx.run);
	argv_adds(&a, "0");
	argv_adds(&a, "0");
	argv_adds(&a, "inc-1");
	argv_add_int(&a, fx.fence);
	argv_add(&a, buf_slice(&offset));
	argv_add(&a, (struct slice){"\x09", 1});
	argv_add(&a, (struct slice){"\x50", 1});
	assert_string_equal(call("skip", &a), "1");
	buf_free(&offset);
}

static void
only_what_waits_ends_as_suppressed(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	launch_run(4);
	claim("inc-1", 4);
	for (unsigned rank = 1; rank < 4; rank++) {
		char id[8];

		snprintf(id, sizeof(id), "p%u", rank);
		q.permit = id;
		q.first = rank;
		assert_true(is_go(permit(&q)));
	}
	outcome(2, 1, "p2", "T"); /* due again */
	outcome(3, 1, "p3", "U"); /* in doubt */
	for (unsigned rank = 0; rank < 4; rank++)
		suppress(rank);
	assert_string_equal(state_of(0), "suppressed");
	assert_int_equal(record_of(0).reason, REASON_SUPPRESSED);
	assert_string_equal(state_of(1), "sending");
	assert_string_equal(state_of(2), "suppressed");
	assert_string_equal(state_of(3), "unknown");
	/* Evidence outranks the local end. */
	receipt(2, 1, RECORD_DELIVERED);
	assert_string_equal(state_of(2), "delivered");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(many_are_added_at_once_and_the_epoch_is_raised_once),
		T(an_act_asked_again_answers_the_same_and_changes_nothing),
		T(scopes_of_a_phone_live_beside_each_other),
		T(where_nobody_is_suppressed_the_check_says_so),
		T(told_again_after_a_loss_the_later_act_wins),
		T(entries_and_history_can_be_read),
		T(a_phone_has_at_most_32_scopes),
		T(the_log_and_the_acts_are_bounded),
		T(permit_gives_nothing_to_who_has_not_looked_since),
		T(only_what_waits_ends_as_suppressed),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
