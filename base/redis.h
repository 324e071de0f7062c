/* SPDX-License-Identifier: MIT */
/*
 * Redis client on the loop: one `struct redis` is one logical connection to one
 * server. It connects again by itself (50 ms … 2 s, doubling, with jitter),
 * greets the server (AUTH, PING, INFO, FUNCTION LOAD) before it counts as
 * ready, pipelines the commands of a turn and keeps one deadline.
 *
 * The invariant: every command's callback runs exactly once and never before
 * redis_command returned, and a missing reply says whether the server may have
 * seen the command. Nothing is ever sent a second time by this file, except a
 * function call that the server said it does not know.
 *
 * It does not know keys, Lua or cluster; no transactions; commands that block
 * (BLPOP, XREAD BLOCK) or subscribe do not belong into redis_command.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"

struct redis;

enum reply_kind {
	REPLY_NIL,
	REPLY_STRING,
	REPLY_STATUS, /* "OK", "PONG" */
	REPLY_INTEGER,
	REPLY_ARRAY,
	REPLY_ERROR,	/* the server's error text */
	REPLY_UNKNOWN,	/* no reply: the command may have run; str says why */
	REPLY_NOT_SENT, /* surely not seen by the server: was not ready; str says why */
};

/* A view of the server's answer: valid only inside the callback. */
struct reply {
	enum reply_kind kind;
	struct slice str; /* of STRING, STATUS, ERROR, UNKNOWN, NOT_SENT; bytes end with a NUL */
	int64_t integer;  /* of INTEGER */
	const struct reply *items; /* of ARRAY */
	size_t count;
};

/* False for ERROR, UNKNOWN, NOT_SENT: nothing in it to use. */
static inline bool
reply_is_good(const struct reply *r)
{
	return r->kind < REPLY_ERROR;
}

/* Item i of an array; a NIL when it is no array or has no such item. Never NULL. */
const struct reply *reply_item(const struct reply *r, size_t i);
/* Item i as a number, also one in text; 0 where it is none. */
int64_t reply_int(const struct reply *r, size_t i);
/* The same, 0 where it is negative. */
uint64_t reply_u64(const struct reply *r, size_t i);
/* The error of a reply with nothing in it to use: Redis is out of reach, and what it or we say. */
enum err reply_fail(const struct reply *r, struct err_ctx *e);

typedef void (*redis_reply_cb)(void *arg, const struct reply *reply);
typedef void (*redis_message_cb)(void *arg, struct slice channel, struct slice payload);

struct redis_options {
	const char *name;	 /* in log lines; NULL = "redis" */
	const char *unix_socket; /* path; NULL = host and port */
	const char *host; /* address; a name is looked up (blocking) until that worked once */
	uint16_t port;
	const char *user;     /* NULL = the default user */
	const char *password; /* NULL = no AUTH */
	struct slice library; /* Lua source, `#!lua name=…` first; n = 0 = none */
	int64_t deadline_ms;  /* of the oldest command and of connecting; 0 = 5000 */
	bool is_subscriber;   /* for redis_subscribe only */
	/*
	 * on_ready: commands pass from now on (a subscriber: all channels are
	 * confirmed). Another run_id than last time = the server was restarted.
	 * on_lost: after the callbacks of the commands that were under way; only
	 * after an on_ready; not called by redis_free. Either may be NULL.
	 */
	void (*on_ready)(void *arg, const char *run_id);
	void (*on_lost)(void *arg);
	void *arg;
};

/* Everything in o is copied. Connecting begins in the next turn. Never NULL. */
struct redis *redis_new(struct loop *l, const struct redis_options *o);
/*
 * Runs the callbacks of all pending commands (UNKNOWN or NOT_SENT), also of
 * those issued meanwhile, then frees. Not from inside a callback of this r.
 */
void redis_free(struct redis *r);
/*
 * The first half of redis_free: afterwards every command is NOT_SENT. For two connections whose
 * callbacks use each other: close both until nothing is pending, then free them.
 */
void redis_close(struct redis *r);

bool redis_is_ready(const struct redis *r);
/* Commands whose callback has not run yet. */
size_t redis_pending(const struct redis *r);

/*
 * argv[0] is the command's name; all is copied. cb may be NULL. When r is not
 * ready, cb gets NOT_SENT at the end of the turn: who tries again waits for
 * on_ready, or spins.
 */
void redis_command(struct redis *r, const struct slice *argv, size_t argc, redis_reply_cb cb,
		   void *arg);

/* A function of the library. */
struct redis_script {
	const char *name;
};

/*
 * FCALL name 0 args…. A server that lost its functions (FUNCTION FLUSH) gets
 * the library again and the call is repeated once.
 */
void redis_call(struct redis *r, const struct redis_script *s, const struct slice *args,
		size_t nargs, redis_reply_cb cb, void *arg);

/*
 * Only with is_subscriber, each channel once; subscribed again after each
 * reconnect. Messages published meanwhile are gone: they can only be hints.
 */
void redis_subscribe(struct redis *r, const char *channel, redis_message_cb cb, void *arg);
