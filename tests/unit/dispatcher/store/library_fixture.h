/* SPDX-License-Identifier: MIT */
/*
 * For the tests of the Lua library: a real Redis, calls by words, a launched run, permits and
 * answers. Time is moved by the library's offset.
 */
#pragma once

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
#include "tests/unit/turn.h"

static struct {
	struct redis_server server;
	struct loop *loop;
	struct redis *redis;
	bool is_ready, has_reply;
	struct buf reply; /* the last one, printed: [a, b, [c]] */
	int64_t run;
	int64_t fence;
	int64_t offset_ms;
	struct slice phones; /* of the next permit's members */
	struct slice caps;   /* hashes of their phones, where the run has caps */
	const char *lane;    /* that claims and asks, "gw" */
	unsigned tariff;     /* of it */
	const char *log;     /* line that an answer brings; NULL = none */
	unsigned gaps;	     /* ranks left out between two members of the next requests */
} fx;

static inline void
on_ready(void *arg, const char *run_id)
{
	(void)arg;
	(void)run_id;
	fx.is_ready = true;
}

static inline void
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

static inline void
on_reply(void *arg, const struct reply *r)
{
	(void)arg;
	buf_reset(&fx.reply);
	print_reply(r, &fx.reply);
	fx.has_reply = true;
}

/* Plain commands and calls; returns the printed reply. */
static inline const char *
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

static inline const char *
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
static inline const char *
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

static inline void
move_clock(int64_t ms)
{
	char text[24];

	fx.offset_ms += ms;
	snprintf(text, sizeof(text), "%lld", (long long)fx.offset_ms);
	COMMAND("HSET", "loa:meta", "clock_offset_ms", text);
}

static inline struct record
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

static inline const char *
state_of(unsigned rank)
{
	return record_state_name(record_of(rank).state);
}

static inline void
hello(const char *inc)
{
	call_words("hello", "%s 5000 life-1", inc);
}

/* A run of `n` messages in one partition of lane "gw", all waiting. */
static inline void
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

static inline const char *
claim(const char *inc, unsigned want)
{
	static unsigned number;
	const char *p = call_words("claim", "%s %s %u claim-%u", fx.lane, inc, want, ++number);
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
	unsigned doubt_cap, largest;
};

/* The first words of `permit`, for requests of one chunk. */
static inline void
add_permits(struct argv *a, const struct ask *q)
{
	argv_adds(a, fx.lane);
	argv_adds(a, q->inc);
	argv_add_int(a, q->doubt_cap);
	argv_add_int(a, q->largest);
	argv_add_int(a, q->dedupe_ms);
	argv_adds(a, "1");
	argv_add_int(a, fx.run);
	argv_adds(a, "0");
	argv_add_int(a, q->from);
	argv_add_int(a, fx.fence);
	argv_adds(a, "0");
}

/* Ranks first … first + count - 1 of chunk `number`; `expected` is what Redis has now. */
static inline void
add_permit(struct argv *a, const struct ask *q, unsigned number)
{
	struct buf members = {0}, expected = {0}, attempts = {0}, parts = {0};

	for (unsigned i = 0; i < q->count; i++) {
		struct record r = record_of(q->first + i * (fx.gaps + 1));
		char bytes[8];

		record_encode(&r, bytes);
		buf_add(&expected, bytes, 8);
		buf_add_u16(&members, (uint16_t)(i * (fx.gaps + 1)));
		buf_add_u8(&attempts, q->attempt);
		buf_add_u8(&parts, 1);
	}
	argv_add_int(a, number);
	argv_adds(a, q->permit);
	argv_adds(a, q->is_repeat ? "repeat" : "new");
	argv_add_int(a, q->first);
	argv_add(a, buf_slice(&members));
	argv_add(a, buf_slice(&expected));
	argv_add(a, buf_slice(&attempts));
	argv_add(a, buf_slice(&parts));
	argv_adds(a, "hash");
	argv_add_int(a, q->count);
	argv_add(a, fx.phones);
	argv_add(a, fx.caps);
	buf_free(&members);
	buf_free(&expected);
	buf_free(&attempts);
	buf_free(&parts);
}

/* The answer to one: without the brackets of the list that it is in. */
static inline const char *
permit(const struct ask *q)
{
	struct argv a = {0};
	const char *reply;

	add_permits(&a, q);
	add_permit(&a, q, 1);
	reply = call("permit", &a);
	if (reply[0] != '[')
		return reply;
	fx.reply.data[--fx.reply.len] = '\0';
	return reply + 1;
}

static inline bool
is_go(const char *reply)
{
	return strncmp(reply, "[go, ", 5) == 0;
}

/* The first words of `outcome`, where nothing is kept for receipts. */
static inline void
add_answers(struct argv *a)
{
	argv_adds(a, fx.lane);
	argv_adds(a, "0");
	argv_adds(a, "0");
	argv_adds(a, "0");
}

/* The sender's answer about ranks first … : one class byte a member; reason 0 = the class's usual. */
static inline void
add_answer(struct argv *a, unsigned first, uint8_t attempt, const char *permit_id,
	   const char *classes, enum record_reason reason)
{
	struct buf members = {0}, attempts = {0}, reasons = {0};

	for (size_t i = 0; classes[i] != '\0'; i++) {
		buf_add_u16(&members, (uint16_t)(i * (fx.gaps + 1)));
		buf_add_u8(&attempts, attempt);
		buf_add_u8(&reasons, reason != 0	 ? reason
				     : classes[i] == 'A' ? REASON_NONE
				     : classes[i] == 'U' ? REASON_NO_ANSWER
				     : classes[i] == 'N' ? REASON_BAD_RECIPIENT
							 : REASON_TEMPORARY);
	}
	argv_add_int(a, fx.run);
	argv_adds(a, "0");
	argv_add_int(a, first);
	argv_adds(a, permit_id);
	argv_add(a, buf_slice(&members));
	argv_add(a, buf_slice(&attempts));
	argv_adds(a, classes);
	argv_add(a, buf_slice(&reasons));
	argv_adds(a, "6");
	argv_adds(a, "0");
	argv_adds(a, "");
	argv_adds(a, fx.log != NULL ? fx.log : "");
	argv_adds(a, "");
	argv_adds(a, "0");
	buf_free(&members);
	buf_free(&attempts);
	buf_free(&reasons);
}

static inline void
outcome(unsigned first, uint8_t attempt, const char *permit_id, const char *classes)
{
	struct argv a = {0};

	add_answers(&a);
	add_answer(&a, first, attempt, permit_id, classes, REASON_NONE);
	call("outcome", &a);
}

static inline void
receipt(unsigned rank, unsigned attempt, enum record_state s)
{
	call_words("receipts", "gw 0 0 %lld 0 %u %u _ _ %d %d \"\",\"\"", (long long)fx.run, rank,
		   attempt, (int)s, s == RECORD_UNDELIVERABLE ? REASON_RECEIPT_FAILED : 0);
}

static inline int
set_up(void **state)
{
	struct redis_options o = {.unix_socket = fx.server.socket, .on_ready = on_ready};

	(void)state;
	fx.run = 0;
	fx.offset_ms = 0;
	fx.gaps = 0;
	fx.caps = (struct slice){"", 0};
	fx.lane = "gw";
	fx.tariff = 0;
	fx.log = NULL;
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

static inline int
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

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
