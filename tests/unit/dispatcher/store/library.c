/* SPDX-License-Identifier: MIT */
/*
 * The Lua library in a real Redis: leases, permits, the lattice, the reconciler. Expected states
 * come from the rules drawn in dispatcher/store/record.h. Time is moved by the library's offset.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/store/engine.h"
#include "dispatcher/store/library.h"
#include "dispatcher/store/record.h"
#include "tests/unit/redis_server.h"

static struct {
	struct redis_server server;
	struct loop *loop;
	struct redis *redis;
	bool is_ready, has_reply;
	struct buf reply; /* the last one, printed: [a, b, [c]] */
	int64_t run;
	int64_t fence;
	int64_t offset_ms;
} fx;

#define TURN_UNTIL(cond)                                    \
	do {                                                \
		int64_t end_ms = clock_mono_ms() + 20000;   \
		while (!(cond) && clock_mono_ms() < end_ms) \
			loop_turn(fx.loop, 20);             \
		assert_true(cond);                          \
	} while (0)

static void
on_ready(void *arg, const char *run_id)
{
	(void)arg;
	(void)run_id;
	fx.is_ready = true;
}

static void
print_reply(const struct reply *r, struct buf *out)
{
	switch (r->kind) {
	case REPLY_NIL:
		buf_adds(out, "nil");
		break;
	case REPLY_INTEGER:
		buf_addf(out, "%lld", (long long)r->integer);
		break;
	case REPLY_ARRAY:
		buf_addc(out, '[');
		for (size_t i = 0; i < r->count; i++) {
			if (i > 0)
				buf_adds(out, ", ");
			print_reply(reply_item(r, i), out);
		}
		buf_addc(out, ']');
		break;
	case REPLY_ERROR:
		buf_adds(out, "error: ");
		buf_add_slice(out, r->str);
		break;
	case REPLY_STRING:
	case REPLY_STATUS:
	case REPLY_UNKNOWN:
	case REPLY_NOT_SENT:
		for (size_t i = 0; i < r->str.n; i++) {
			unsigned char c = (unsigned char)r->str.p[i];

			if (c >= 0x20 && c < 0x7f)
				buf_addc(out, (char)c);
			else
				buf_addf(out, "\\%02x", c);
		}
	}
}

static void
on_reply(void *arg, const struct reply *r)
{
	(void)arg;
	buf_reset(&fx.reply);
	print_reply(r, &fx.reply);
	fx.has_reply = true;
}

/* Plain commands and calls; returns the printed reply. */
static const char *
command(const char *const *words, size_t n)
{
	struct slice v[64];

	for (size_t i = 0; i < n; i++)
		v[i] = slice_of(words[i]);
	fx.has_reply = false;
	redis_command(fx.redis, v, n, on_reply, NULL);
	TURN_UNTIL(fx.has_reply);
	return fx.reply.data != NULL ? fx.reply.data : "";
}
#define COMMAND(...)                                \
	command((const char *const[]){__VA_ARGS__}, \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static const char *
call(const char *name, struct argv *a)
{
	struct redis_script s = {library_function(name)};
	struct slice v[ARGV_MAX];
	size_t n = argv_slices(a, v);

	fx.has_reply = false;
	redis_call(fx.redis, &s, v, n, on_reply, NULL);
	TURN_UNTIL(fx.has_reply);
	argv_free(a);
	return fx.reply.data != NULL ? fx.reply.data : "";
}

/* Words with blanks between: "12 0 5"; `_` is an empty word. */
static const char *
call_words(const char *name, const char *fmt, ...)
{
	struct argv a = {0};
	struct buf b = {0};
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	for (char *p = b.data; *p != '\0';) {
		size_t n = strcspn(p, " ");

		argv_add(&a, n == 1 && *p == '_' ? SLICE("") : (struct slice){p, n});
		p += n + (p[n] == ' ');
	}
	buf_free(&b);
	return call(name, &a);
}

static void
move_clock(int64_t ms)
{
	char text[24];

	fx.offset_ms += ms;
	snprintf(text, sizeof(text), "%lld", (long long)fx.offset_ms);
	COMMAND("HSET", "loa:meta", "clock_offset_ms", text);
}

static struct record
record_of(unsigned rank)
{
	char key[64];
	struct record r = {0};
	const char *p;
	char bytes[8];

	snprintf(key, sizeof(key), "loa:run:%lld:rec:0:0", (long long)fx.run);
	for (int i = 0; i < 8; i++) {
		char at[16];

		snprintf(at, sizeof(at), "%u", rank * 8 + (unsigned)i);
		p = COMMAND("GETRANGE", key, at, at);
		if (p[0] == '\\') {
			unsigned v = 0;

			sscanf(p + 1, "%2x", &v);
			bytes[i] = (char)v;
		} else {
			bytes[i] = p[0];
		}
	}
	r = record_decode(bytes);
	return r;
}

static const char *
state_of(unsigned rank)
{
	return record_state_name(record_of(rank).state);
}

static void
hello(const char *inc)
{
	call_words("hello", "%s 5000 life-1", inc);
}

/* A run of `n` messages in one partition of lane "gw", all waiting. */
static void
launch_run(unsigned n)
{
	static const char bitmap[2048];
	struct argv a = {0};
	struct buf records = {0};
	char campaign[48];

	fx.run++;
	snprintf(campaign, sizeof(campaign), "loa:campaign:%lld", (long long)fx.run);
	COMMAND("HSET", campaign, "state", "draft");
	call_words("launch", "%s %lld 3 gw 1 campaign %lld", campaign, (long long)fx.run,
		   (long long)fx.run);
	for (unsigned i = 0; i < n; i++)
		buf_add(&records, "\0\0\0\0\0\0\0\0", 8);
	argv_add_int(&a, fx.run);
	argv_adds(&a, "0");
	argv_adds(&a, "1");
	argv_adds(&a, "0");
	argv_add(&a, (struct slice){bitmap, sizeof(bitmap)});
	argv_add(&a, buf_slice(&records));
	assert_string_equal(call("freeze", &a), "1");
	buf_free(&records);
}

static const char *
claim(const char *inc, unsigned want)
{
	const char *p = call_words("claim", "gw %s %u", inc, want);
	long long run, fence;
	unsigned part, from, to;

	if (sscanf(p, "[work, %lld, %u, %u, %u, %lld", &run, &part, &from, &to, &fence) == 5)
		fx.fence = fence;
	return p;
}

struct ask {
	const char *inc, *permit;
	bool is_repeat;
	unsigned from, first, count;
	uint8_t attempt;
	int64_t dedupe_ms;
};

/* A permit for ranks first … first + count - 1; `expected` is what Redis has now. */
static const char *
permit(const struct ask *q)
{
	struct argv a = {0};
	struct buf members = {0}, expected = {0}, attempts = {0}, parts = {0};

	for (unsigned i = 0; i < q->count; i++) {
		struct record r = record_of(q->first + i);
		char bytes[8];

		record_encode(&r, bytes);
		buf_add(&expected, bytes, 8);
		buf_add_u16(&members, (uint16_t)i);
		buf_add_u8(&attempts, q->attempt);
		buf_add_u8(&parts, 1);
	}
	argv_add_int(&a, fx.run);
	argv_adds(&a, "0");
	argv_add_int(&a, q->from);
	argv_adds(&a, q->inc);
	argv_add_int(&a, fx.fence);
	argv_adds(&a, q->permit);
	argv_adds(&a, "gw");
	argv_adds(&a, q->is_repeat ? "repeat" : "new");
	argv_add_int(&a, q->first);
	argv_add(&a, buf_slice(&members));
	argv_add(&a, buf_slice(&expected));
	argv_add(&a, buf_slice(&attempts));
	argv_add(&a, buf_slice(&parts));
	argv_adds(&a, "hash");
	argv_add_int(&a, q->count);
	argv_adds(&a, "0");
	argv_add_int(&a, q->dedupe_ms);
	argv_adds(&a, "0");
	buf_free(&members);
	buf_free(&expected);
	buf_free(&attempts);
	buf_free(&parts);
	return call("permit", &a);
}

static bool
is_go(const char *reply)
{
	return strncmp(reply, "[go, ", 5) == 0;
}

/* The sender's answer about ranks first … : one class byte a member. */
static void
outcome(unsigned first, uint8_t attempt, const char *permit_id, const char *classes)
{
	struct argv a = {0};
	struct buf members = {0}, attempts = {0}, reasons = {0};

	for (size_t i = 0; classes[i] != '\0'; i++) {
		buf_add_u16(&members, (uint16_t)i);
		buf_add_u8(&attempts, attempt);
		buf_add_u8(&reasons, classes[i] == 'A'	 ? REASON_NONE
				     : classes[i] == 'U' ? REASON_NO_ANSWER
				     : classes[i] == 'N' ? REASON_BAD_RECIPIENT
							 : REASON_TEMPORARY);
	}
	argv_add_int(&a, fx.run);
	argv_adds(&a, "0");
	argv_add_int(&a, first);
	argv_add_int(&a, attempt);
	argv_adds(&a, permit_id);
	argv_adds(&a, "gw");
	argv_add(&a, buf_slice(&members));
	argv_add(&a, buf_slice(&attempts));
	argv_adds(&a, classes);
	argv_add(&a, buf_slice(&reasons));
	argv_adds(&a, "6");
	argv_adds(&a, "0");
	argv_adds(&a, "");
	argv_adds(&a, "");
	call("outcome", &a);
	buf_free(&members);
	buf_free(&attempts);
	buf_free(&reasons);
}

static void
receipt(unsigned rank, unsigned attempt, enum record_state s)
{
	call_words("receipts", "%lld 0 %u %u %d %d _", (long long)fx.run, rank, attempt, (int)s,
		   s == RECORD_UNDELIVERABLE ? REASON_RECEIPT_FAILED : 0);
}

static int
set_up(void **state)
{
	struct redis_options o = {.unix_socket = fx.server.socket, .on_ready = on_ready};

	(void)state;
	fx.run = 0;
	fx.offset_ms = 0;
	fx.is_ready = false;
	redis_server_start(&fx.server);
	o.unix_socket = fx.server.socket;
	o.library = library_source();
	fx.loop = loop_new();
	fx.redis = redis_new(fx.loop, &o);
	TURN_UNTIL(fx.is_ready);
	COMMAND("FLUSHALL");
	COMMAND("HSET", "loa:lane:gw", "rate", "100000", "concurrency", "100");
	hello("inc-1");
	hello("inc-2");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	redis_free(fx.redis);
	loop_free(fx.loop);
	redis_server_remove(&fx.server);
	fx.server.dir[0] = '\0';
	buf_free(&fx.reply);
	return 0;
}

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
	assert_string_equal(call_words("progress", "1"), "[running, 1, 1, [1]]");
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

static void
a_permit_that_redis_lost_is_marked_again(void **state)
{
	struct argv a = {0};

	(void)state;
	launch_run(2);
	claim("inc-1", 2);
	argv_adds(&a, "1");
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
	assert_string_equal(call("remark", &a), "1");
	assert_string_equal(state_of(0), "sending");
	assert_string_equal(state_of(1), "waiting");
	outcome(0, 1, "p1", "A");
	assert_string_equal(state_of(0), "accepted");
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
	assert_string_equal(call_words("progress", "1"), "[running, 1, 0, [2]]");
	receipt(0, 1, RECORD_DELIVERED);
	assert_string_equal(call_words("progress", "1"), "[running, 1, 0, [2]]");
	move_clock(3601000);
	assert_string_equal(call_words("progress", "1"), "[running, 1, 1, [2]]");
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
	move_clock(1001);
	assert_non_null(strstr(claim("inc-1", 1), "[work"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

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
		T(a_run_is_finished_when_receipts_came_or_their_deadline_passed),
		T(claim_waits_after_redis_came_back),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
