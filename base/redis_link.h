/* SPDX-License-Identifier: MIT */
/*
 * Inside of the Redis client, for base/redis.c (calls and replies) and
 * base/redis_link.c (connection, greeting, subscriptions) only.
 */
#pragma once

#include <hiredis/async.h>

#include "base/mem.h"
#include "base/redis.h"

enum redis_state { REDIS_DOWN, REDIS_CONNECTING, REDIS_GREETING, REDIS_READY };

struct call {
	struct call *next;
	struct redis *r;
	redis_reply_cb cb; /* NULL = nobody asks */
	void *arg;
	int64_t issued_us;
	bool is_own;	     /* ours (greeting, reload), not the user's */
	bool is_repeat;	     /* a function call after the reload */
	size_t argc;	     /* of a function call, to repeat it; 0 = not repeatable */
	struct slice argv[]; /* argc words, their bytes behind them */
};

struct call_list {
	struct call *head, *tail;
};

struct subscription {
	struct subscription *next;
	struct redis *r;
	redis_message_cb cb;
	void *arg;
	bool is_confirmed; /* on this connection */
	char *channel;
};

struct redis {
	struct loop *loop;
	struct redis_options o; /* strings are ours; NULL stays NULL */
	char address[64];	/* numeric; "" = not looked up yet */
	enum redis_state state;
	redisAsyncContext *ac;		  /* NULL = no connection; hiredis frees it */
	struct event *read_ev, *write_ev; /* live as long as ac */
	struct timer timer;		  /* means what the diagram says */
	struct loop_step flush, fail;
	struct call_list sent;	 /* replies outstanding, in order */
	struct call_list unsent; /* to be failed at the end of the turn */
	size_t pending;		 /* user's calls in both lists */
	struct subscription *subs;
	unsigned attempts; /* since the last READY */
	unsigned greetings_left;
	bool is_flushing;  /* want_write means: the socket is full */
	bool is_reloading; /* a FUNCTION LOAD after a flush is under way */
	bool was_ready;	   /* on_lost is owed */
	bool has_grace;	   /* the deadline was extended once after a stall */
	bool is_closing;
	unsigned depth; /* user's callbacks on the stack */
	char why[200];	/* the last failure */
	char run_id[48];
	struct arena views; /* arrays of the reply being shown */
	const char **words; /* scratch for hiredis */
	size_t *lengths;
	size_t words_cap;
};

/* A call of our own (greeting, library): cb gets r. The caller sends it. */
struct call *redis_call_own(struct redis *r, redis_reply_cb cb);
/* Takes c: to hiredis, or to its failure at the end of the turn. Needs r->ac. */
void redis_call_send(struct call *c, const struct slice *argv, size_t argc);
/*
 * FUNCTION LOAD; cb gets r. What is there already is not replaced: that would stand in the
 * server's append-only file once more with each connection.
 */
void redis_send_library(struct redis *r, redis_reply_cb cb);
/* Does the server have it after this reply? */
bool redis_has_library(const struct reply *reply);

/* Connect in the next turn. */
void redis_link_start(struct redis *r);
/* Stop using this connection; it is freed now, or after the running reply callback. */
void redis_link_drop(struct redis *r, const char *why);
/* Timer, step and subscriptions, when r goes away; the connection is dropped before. */
void redis_link_clear(struct redis *r);
