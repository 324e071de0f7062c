/* SPDX-License-Identifier: MIT */
/* Single messages in the Lua library: the day's run, idempotency, what goes first, replay. */
#include "tests/unit/dispatcher/store/library_fixture.h"

#define DAY_MS 86400000

/* One message a carrier byte: 1 … 7 is taken, 255 is refused with the words "{}". */
static void
pack(struct buf *out, const uint8_t *carriers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct slice bytes = carriers[i] == 255 ? SLICE("{}") : SLICE("payload");

		buf_add_u8(out, carriers[i]);
		buf_add_u8(out, 2);
		buf_add_u32(out, (uint32_t)bytes.n);
		buf_add_slice(out, bytes);
	}
}

struct post {
	const char *key, *hash, *class, *unit, *lanes;
	const uint8_t *carriers;
	size_t count;
};

static void
add_post(struct argv *a, const struct post *p)
{
	struct buf packed = {0};

	pack(&packed, p->carriers, p->count);
	argv_adds(a, p->key);
	argv_adds(a, p->hash);
	argv_adds(a, "2592000");
	argv_adds(a, p->class != NULL ? p->class : "personal");
	argv_adds(a, p->unit != NULL ? p->unit : "1");
	argv_adds(a, "1");
	argv_adds(a, p->lanes != NULL ? p->lanes : "gw,other");
	argv_adds(a, "2");
	argv_adds(a, "00-1000000000000"); /* carrier 2 has no route, 3 goes to the other lane */
	argv_add(a, buf_slice(&packed));
	argv_adds(a, "carrier_map");
	argv_adds(a, "00-1000000000000");
	buf_free(&packed);
}

static const char *
post(const struct post *p)
{
	struct argv a = {0};

	add_post(&a, p);
	return call("notices", &a);
}

#define POST(k, ...)                                                    \
	post(&(struct post){.key = (k),                                 \
			    .hash = "h",                                \
			    .carriers = (const uint8_t[]){__VA_ARGS__}, \
			    .count = sizeof((const uint8_t[]){__VA_ARGS__})})

/* 12:00 in Vietnam of a fixed day: 2026-11-25 is day 20782 since 1970. */
static void
go_to_noon(void)
{
	int64_t noon_ms = (20782LL * 86400 + 43200 - 25200) * 1000;

	move_clock(noon_ms - clock_wall_ms() - fx.offset_ms);
	COMMAND("HSET", "loa:meta", "open_at", "0", "takeover_at", "0");
	hello("inc-1");
}

static void
a_days_messages_share_a_run_that_is_a_campaign(void **state)
{
	(void)state;
	go_to_noon();
	assert_string_equal(POST("key-1", 1), "[accepted, 1, 1, [0:0]]");
	assert_string_equal(POST("key-2", 1, 3, 1), "[accepted, 1, 1, [0:1, 1:0, 0:2]]");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "audience"), "4");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "front0"), "3");
	assert_string_equal(COMMAND("HGET", "loa:run:1:pay:0:0", "2"), "payload");
	assert_string_equal(COMMAND("HGET", "loa:names:campaign", "notices-personal-2026-11-25"),
			    "1");
	fx.run = 1;
	assert_string_equal(state_of(2), "waiting");
	assert_int_equal(record_of(2).parts, 2);
}

static void
each_class_and_unit_has_its_own_run(void **state)
{
	static const uint8_t one[] = {1};

	(void)state;
	go_to_noon();
	POST("key-1", 1);
	post(&(struct post){
		.key = "key-2", .hash = "h", .class = "emergency", .carriers = one, .count = 1});
	post(&(struct post){.key = "key-3", .hash = "h", .unit = "7", .carriers = one, .count = 1});
	assert_string_equal(COMMAND("HGET", "loa:names:campaign", "notices-emergency-2026-11-25"),
			    "2");
	assert_string_equal(
		COMMAND("HGET", "loa:names:campaign", "notices-personal-unit7-2026-11-25"), "3");
}

/* A provider was taken out at noon: nobody would claim what is accepted for it. */
static void
a_route_that_was_changed_has_its_own_run(void **state)
{
	static const uint8_t one[] = {1};
	struct post changed = {
		.key = "key-2", .hash = "h", .carriers = one, .count = 1, .lanes = "new,other"};

	(void)state;
	go_to_noon();
	POST("key-1", 1);
	assert_string_equal(post(&changed), "[accepted, 2, 2, [0:0]]");
	assert_string_equal(COMMAND("HGET", "loa:run:2", "lanes"), "new,other");
	/* Two servers, one of which has the old route still: each to its own. */
	assert_string_equal(POST("key-3", 1), "[accepted, 1, 1, [0:1]]");
	changed.key = "key-4";
	assert_string_equal(post(&changed), "[accepted, 2, 2, [0:1]]");
}

static void
a_name_that_somebody_used_gets_a_number(void **state)
{
	(void)state;
	go_to_noon();
	COMMAND("HSET", "loa:names:campaign", "notices-personal-2026-11-25", "99");
	POST("key-1", 1);
	assert_string_equal(COMMAND("HGET", "loa:names:campaign", "notices-personal-2026-11-25-2"),
			    "1");
}

static void
the_same_key_gets_the_same_answer_and_adds_nothing(void **state)
{
	static const uint8_t one[] = {1};

	(void)state;
	go_to_noon();
	POST("key-1", 1, 255, 2);
	assert_string_equal(POST("key-1", 1, 255, 2), "[known, 1, 1, [0:0, {}, no route]]");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "audience"), "1");
	assert_string_equal(call_words("notices_known", "key-1 h"),
			    "[known, 1, 1, [0:0, {}, no route]]");
	assert_string_equal(call_words("notices_known", "key-1 x"), "[other]");
	assert_string_equal(call_words("notices_known", "key-9 h"), "nil");
	assert_string_equal(
		post(&(struct post){.key = "key-1", .hash = "x", .carriers = one, .count = 1}),
		"[other]");
	/* Two days, whatever is asked meanwhile. */
	assert_string_equal(COMMAND("TTL", "loa:answer:key-1"), "172800");
}

static void
of_a_request_without_a_good_one_nothing_is_kept(void **state)
{
	(void)state;
	go_to_noon();
	assert_string_equal(POST("key-1", 255, 2), "[none, 0, 0, [{}, no route]]");
	assert_string_equal(COMMAND("EXISTS", "loa:run:1", "loa:answer:key-1", "loa:notices"), "0");
}

static void
a_string_of_records_may_end_within_a_request(void **state)
{
	uint8_t carriers[1000];

	(void)state;
	go_to_noon();
	memset(carriers, 1, sizeof(carriers));
	for (unsigned i = 0; i < 5; i++) {
		char key[16];

		snprintf(key, sizeof(key), "key-%u", i);
		post(&(struct post){.key = key, .hash = "h", .carriers = carriers, .count = 1000});
	}
	/* 5000 = 4096 + 904 */
	assert_string_equal(COMMAND("STRLEN", "loa:run:1:rec:0:0"), "32768");
	assert_string_equal(COMMAND("STRLEN", "loa:run:1:rec:0:1"), "7232");
	assert_string_equal(COMMAND("HLEN", "loa:run:1:pay:0:0"), "4096");
	assert_string_equal(COMMAND("HLEN", "loa:run:1:pay:0:1"), "904");
}

static void
the_run_stays_open_through_its_day_and_is_closed_after_it(void **state)
{
	(void)state;
	go_to_noon();
	POST("key-1", 1);
	claim("inc-1", 10);
	fx.run = 1;
	permit(&(struct ask){.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1});
	outcome(0, 1, "p1", "N");
	call_words("release", "1 0 0 inc-1 %lld 0", (long long)fx.fence);
	/* Its only message is refused for good, but the day goes on. */
	assert_string_equal(call_words("progress", "1"), "[running, 1, 0, [1, 0], 0, 0]");
	move_clock(DAY_MS / 2 - 1000);
	assert_string_equal(call_words("progress", "1"), "[running, 1, 0, [1, 0], 0, 0]");
	move_clock(1000 + 60000);
	assert_string_equal(call_words("progress", "1"), "[running, 1, 1, [1, 0], 0, 0]");
	assert_string_equal(call_words("control", "1 running finished"), "finished");
	assert_string_equal(COMMAND("HGET", "loa:campaign:1", "state"), "finished");
	assert_string_equal(POST("key-2", 1), "[accepted, 2, 2, [0:0]]");
	assert_string_equal(COMMAND("HGET", "loa:names:campaign", "notices-personal-2026-11-26"),
			    "2");
}

static void
a_clock_that_steps_back_opens_no_second_run(void **state)
{
	(void)state;
	go_to_noon();
	POST("key-1", 1);
	move_clock(-DAY_MS);
	assert_string_equal(POST("key-2", 1), "[accepted, 1, 1, [0:1]]");
}

static void
nothing_is_added_to_a_cancelled_run(void **state)
{
	(void)state;
	go_to_noon();
	POST("key-1", 1);
	call_words("cancel", "1 _ somebody");
	assert_string_equal(POST("key-2", 1), "[accepted, 2, 2, [0:0]]");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "frozen"), "1");
	/* Paused, they are taken and wait. */
	COMMAND("HSET", "loa:run:2", "state", "paused");
	assert_string_equal(POST("key-3", 1), "[accepted, 2, 2, [0:1]]");
}

static void
notices_are_claimed_before_campaigns_of_their_priority(void **state)
{
	(void)state;
	go_to_noon();
	COMMAND("HSET", "loa:seq", "run", "10", "campaign", "10");
	launch_run(4);
	COMMAND("HSET", "loa:run:1", "prio", "1");
	POST("key-1", 1);
	/* Only what is more urgent than the campaign (order 2 · 1 + 1). */
	assert_non_null(strstr(call_words("claim", "gw inc-1 10 c-1 3"), "[work, 11, 0, 0, 1, "));
	assert_non_null(strstr(call_words("claim", "gw inc-1 10 c-2 3"), "[sleep, "));
	POST("key-2", 1);
	assert_non_null(strstr(claim("inc-1", 10), "[work, 11, 0, 1, 2, "));
	assert_non_null(strstr(claim("inc-1", 10), "[work, 1, 0, 0, 4, "));
}

static void
a_tenth_of_the_concurrency_is_kept_for_notices(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1};

	(void)state;
	go_to_noon();
	COMMAND("HSET", "loa:lane:gw", "concurrency", "2");
	COMMAND("HSET", "loa:seq", "run", "10");
	launch_run(2);
	claim("inc-1", 10);
	assert_true(is_go(permit(&q)));
	q.permit = "p2";
	q.first = 1;
	assert_non_null(strstr(permit(&q), "concurrency"));
	POST("key-1", 1);
	claim("inc-1", 10);
	fx.run = 11;
	q.permit = "p3";
	q.first = 0;
	assert_true(is_go(permit(&q)));
}

/* ---- Redis came back without what it had acknowledged ---- */

static const char *
again(const char *items, const struct post *p)
{
	struct argv a = {0};

	argv_adds(&a, "1");
	argv_adds(&a, "1");
	argv_adds(&a, items);
	add_post(&a, p);
	return call("notices_again", &a);
}

static void
replayed_messages_lie_where_they_lay(void **state)
{
	static const uint8_t one[] = {1};
	struct post first = {.key = "key-1", .hash = "h", .carriers = one, .count = 1};
	struct post second = {.key = "key-2", .hash = "h", .carriers = one, .count = 1};

	(void)state;
	go_to_noon();
	/* The process of the second is back before that of the first. */
	assert_string_equal(again("0:1\n", &second), "1");
	fx.run = 1;
	assert_string_equal(state_of(0), "skipped");
	assert_string_equal(state_of(1), "waiting");
	assert_string_equal(again("0:0\n", &first), "1");
	assert_string_equal(again("0:0\n", &first), "1");
	assert_string_equal(state_of(0), "waiting");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "audience"), "2");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "skipped"), "0");
	assert_string_equal(COMMAND("HLEN", "loa:run:1:pay:0:0"), "2");
	/* Their keys answer as before, and the next one comes behind them. */
	assert_string_equal(call_words("notices_known", "key-1 h"), "[known, 1, 1, [0:0]]");
	assert_string_equal(POST("key-3", 1), "[accepted, 1, 1, [0:2]]");
}

static void
a_replay_of_what_was_not_lost_changes_nothing(void **state)
{
	static const uint8_t one[] = {1};
	struct post p = {.key = "key-1", .hash = "h", .carriers = one, .count = 1};

	(void)state;
	go_to_noon();
	post(&p);
	claim("inc-1", 10);
	fx.run = 1;
	permit(&(struct ask){.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1});
	outcome(0, 1, "p1", "A");
	again("0:0\n", &p);
	assert_string_equal(state_of(0), "accepted");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "audience"), "1");
}

/* The process that cancelled is back before the one that took the message. */
static void
a_message_told_again_to_a_cancelled_run_ends_there(void **state)
{
	static const uint8_t one[] = {1};
	struct post lost = {.key = "key-2", .hash = "h", .carriers = one, .count = 1};

	(void)state;
	go_to_noon();
	POST("key-1", 1);
	call_words("cancel", "1 _ an");
	call_words("step", "1");
	again("0:2\n", &lost);
	again("0:1\n", &lost);
	fx.run = 1;
	assert_string_equal(state_of(1), "cancelled");
	assert_string_equal(state_of(2), "cancelled");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "cancelled"), "3");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "skipped"), "0");
	assert_string_equal(call_words("progress", "1"), "[cancelled, 1, 1, [0, 0], 0, 0]");
}

static void
a_message_told_again_to_a_finished_run_is_sent(void **state)
{
	static const uint8_t one[] = {1};
	struct post lost = {.key = "key-2", .hash = "h", .carriers = one, .count = 1};

	(void)state;
	go_to_noon();
	POST("key-1", 1);
	claim("inc-1", 10);
	fx.run = 1;
	permit(&(struct ask){.inc = "inc-1", .permit = "p1", .count = 1, .attempt = 1});
	outcome(0, 1, "p1", "N");
	call_words("release", "1 0 0 inc-1 %lld 0", (long long)fx.fence);
	move_clock(DAY_MS);
	hello("inc-1");
	call_words("progress", "1");
	assert_string_equal(call_words("control", "1 running finished"), "finished");
	again("0:1\n", &lost);
	assert_string_equal(COMMAND("HGET", "loa:run:1", "state"), "running");
	assert_non_null(strstr(claim("inc-1", 10), "[work, 1, 0, 1, 2, "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_days_messages_share_a_run_that_is_a_campaign),
		T(each_class_and_unit_has_its_own_run),
		T(a_route_that_was_changed_has_its_own_run),
		T(a_name_that_somebody_used_gets_a_number),
		T(the_same_key_gets_the_same_answer_and_adds_nothing),
		T(of_a_request_without_a_good_one_nothing_is_kept),
		T(a_string_of_records_may_end_within_a_request),
		T(the_run_stays_open_through_its_day_and_is_closed_after_it),
		T(a_clock_that_steps_back_opens_no_second_run),
		T(nothing_is_added_to_a_cancelled_run),
		T(notices_are_claimed_before_campaigns_of_their_priority),
		T(a_tenth_of_the_concurrency_is_kept_for_notices),
		T(replayed_messages_lie_where_they_lay),
		T(a_replay_of_what_was_not_lost_changes_nothing),
		T(a_message_told_again_to_a_cancelled_run_ends_there),
		T(a_message_told_again_to_a_finished_run_is_sent),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
