/* SPDX-License-Identifier: MIT */
/*
 * Calls and replies. A call is in exactly one place: `sent` (hiredis will call
 * back; mirrored here in the order of the replies, to know the oldest),
 * `unsent` (fails at the end of the turn), or in its own callback.
 */
#include "base/redis.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/redis_link.h"

#define DEADLINE_MS 5000

static const struct reply nil_reply;

const struct reply *
reply_item(const struct reply *r, size_t i)
{
	return r->kind == REPLY_ARRAY && i < r->count ? &r->items[i] : &nil_reply;
}

int64_t
reply_int(const struct reply *r, size_t i)
{
	const struct reply *one = reply_item(r, i);
	int64_t v;

	return one->kind == REPLY_INTEGER ? one->integer : slice_to_i64(one->str, &v) ? v : 0;
}

uint64_t
reply_u64(const struct reply *r, size_t i)
{
	int64_t v = reply_int(r, i);

	return v > 0 ? (uint64_t)v : 0;
}

enum err
reply_fail(const struct reply *r, struct err_ctx *e)
{
	return err_set(e, ERR_UNREACHABLE, "Redis", "try again", "%.*s", (int)r->str.n,
		       r->str.n > 0 ? r->str.p : "");
}

/* ---- calls ---- */

static void
list_push(struct call_list *l, struct call *c)
{
	c->next = NULL;
	if (l->tail != NULL)
		l->tail->next = c;
	else
		l->head = c;
	l->tail = c;
}

static struct call *
list_shift(struct call_list *l)
{
	struct call *c = l->head;

	if (c == NULL)
		return NULL;
	l->head = c->next;
	if (l->head == NULL)
		l->tail = NULL;
	return c;
}

/* The call keeps a copy of argv when it must be repeatable. */
static struct call *
call_new(struct redis *r, const struct slice *argv, size_t argc)
{
	size_t bytes = 0;
	struct call *c;
	char *to;

	for (size_t i = 0; i < argc; i++)
		bytes += argv[i].n;
	c = xmalloc(sizeof(*c) + argc * sizeof(c->argv[0]) + bytes);
	*c = (struct call){.r = r, .issued_us = clock_mono_us(), .argc = argc};
	to = (char *)&c->argv[argc];
	for (size_t i = 0; i < argc; i++) {
		if (argv[i].n > 0)
			memcpy(to, argv[i].p, argv[i].n);
		c->argv[i] = (struct slice){to, argv[i].n};
		to += argv[i].n;
	}
	return c;
}

struct call *
redis_call_own(struct redis *r, redis_reply_cb cb)
{
	struct call *c = call_new(r, NULL, 0);

	c->is_own = true;
	c->cb = cb;
	c->arg = r;
	return c;
}

/* The end of every call: its callback, then its memory. */
static void
call_finish(struct call *c, const struct reply *reply)
{
	struct redis *r = c->r;

	r->pending -= !c->is_own;
	if (c->cb != NULL) {
		r->depth += !c->is_own;
		c->cb(c->arg, reply);
		r->depth -= !c->is_own;
	}
	free(c);
}

static void
call_fail_later(struct redis *r, struct call *c)
{
	list_push(&r->unsent, c);
	loop_step_want(r->loop, &r->fail);
}

static void
fail_unsent(struct loop_step *s, void *arg)
{
	struct redis *r = arg;
	struct call *last = r->unsent.tail;
	char text[256];
	struct reply reply = {.kind = REPLY_NOT_SENT};
	bool is_last = last == NULL;

	(void)s;
	snprintf(text, sizeof(text), "not connected to Redis%s%s", r->why[0] ? ": " : "", r->why);
	reply.str = slice_of(text);
	/* What these callbacks issue waits for the next turn. */
	while (!is_last) {
		struct call *c = list_shift(&r->unsent);

		is_last = c == last;
		call_finish(c, &reply);
	}
}

static void on_reply(redisAsyncContext *ac, void *reply, void *arg);

void
redis_call_send(struct call *c, const struct slice *argv, size_t argc)
{
	struct redis *r = c->r;

	if (argc > r->words_cap) {
		r->words_cap = argc * 2;
		r->words = xrealloc(r->words, r->words_cap * sizeof(*r->words));
		r->lengths = xrealloc(r->lengths, r->words_cap * sizeof(*r->lengths));
	}
	for (size_t i = 0; i < argc; i++) {
		r->words[i] = argv[i].n ? argv[i].p : "";
		r->lengths[i] = argv[i].n;
	}
	if (redisAsyncCommandArgv(r->ac, on_reply, c, (int)argc, r->words, r->lengths) !=
	    REDIS_OK) {
		call_fail_later(r, c);
		return;
	}
	list_push(&r->sent, c);
	if (!timer_is_armed(&r->timer))
		timer_arm_ms(r->loop, &r->timer, r->o.deadline_ms);
}

void
redis_command(struct redis *r, const struct slice *argv, size_t argc, redis_reply_cb cb, void *arg)
{
	struct call *c;

	if (argc == 0 || r->o.is_subscriber)
		fatalx("redis: a command without words or on a subscriber");
	c = call_new(r, NULL, 0);
	c->cb = cb;
	c->arg = arg;
	r->pending++;
	if (r->state == REDIS_READY)
		redis_call_send(c, argv, argc);
	else
		call_fail_later(r, c);
}

#define CALL_ARGS 64

void
redis_call(struct redis *r, const struct redis_script *s, const struct slice *args, size_t nargs,
	   redis_reply_cb cb, void *arg)
{
	struct slice few[CALL_ARGS + 3], *argv = few;
	struct call *c;

	if (r->o.is_subscriber)
		fatalx("redis: a function call on a subscriber");
	if (nargs > CALL_ARGS)
		argv = xmalloc((nargs + 3) * sizeof(*argv));
	argv[0] = SLICE("FCALL");
	argv[1] = slice_of(s->name);
	argv[2] = SLICE("0");
	if (nargs > 0)
		memcpy(argv + 3, args, nargs * sizeof(*args));
	c = call_new(r, argv, nargs + 3);
	if (argv != few)
		free(argv);
	c->cb = cb;
	c->arg = arg;
	r->pending++;
	if (r->state == REDIS_READY)
		redis_call_send(c, c->argv, c->argc);
	else
		call_fail_later(r, c);
}

bool
redis_is_ready(const struct redis *r)
{
	return r->state == REDIS_READY;
}

size_t
redis_pending(const struct redis *r)
{
	return r->pending;
}

/* ---- replies ---- */

/* hiredis's tree as ours; strings are borrowed, arrays come from the arena. Depth ≤ 7 (hiredis). */
static struct reply
reply_view(struct redis *r, const redisReply *from)
{
	struct reply to = {.kind = REPLY_NIL};
	struct reply *items;

	switch (from->type) {
	case REDIS_REPLY_STRING:
	case REDIS_REPLY_STATUS:
	case REDIS_REPLY_ERROR:
		to.kind = from->type == REDIS_REPLY_STRING   ? REPLY_STRING
			  : from->type == REDIS_REPLY_STATUS ? REPLY_STATUS
							     : REPLY_ERROR;
		to.str = (struct slice){from->str, from->len};
		break;
	case REDIS_REPLY_INTEGER:
		to.kind = REPLY_INTEGER;
		to.integer = from->integer;
		break;
	case REDIS_REPLY_ARRAY:
		to.kind = REPLY_ARRAY;
		to.count = from->elements;
		items = arena_alloc(&r->views, from->elements * sizeof(*items));
		for (size_t i = 0; i < from->elements; i++)
			items[i] = reply_view(r, from->element[i]);
		to.items = items;
		break;
	}
	return to;
}

static void
on_reloaded(void *arg, const struct reply *reply)
{
	struct redis *r = arg;

	r->is_reloading = false;
	if (reply->kind == REPLY_ERROR)
		log_error("redis=%s step=reload result=refused why=\"%s\"", r->o.name,
			  reply->str.p);
}

void
redis_send_library(struct redis *r, redis_reply_cb cb)
{
	struct slice words[] = {SLICE("FUNCTION"), SLICE("LOAD"), SLICE("REPLACE"), r->o.library};

	redis_call_send(redis_call_own(r, cb), words, ARRAY_LEN(words));
}

/*
 * "Function not found" is a definite answer: it did not run, so it may be sent
 * again, behind the library. Many calls in one pipeline share one reload.
 */
static bool
repeat_after_reload(struct redis *r, struct call *c, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ERROR || c->argc == 0 || c->is_repeat ||
	    r->o.library.n == 0 || r->state != REDIS_READY ||
	    strcmp(reply->str, "ERR Function not found") != 0)
		return false;
	if (!r->is_reloading) {
		r->is_reloading = true;
		log_warn("redis=%s step=reload why=\"the server lost its functions\"", r->o.name);
		redis_send_library(r, on_reloaded);
	}
	c->is_repeat = true;
	c->issued_us = clock_mono_us();
	redis_call_send(c, c->argv, c->argc);
	return true;
}

static void
on_reply(redisAsyncContext *ac, void *data, void *arg)
{
	struct call *c = arg;
	struct redis *r = c->r;
	struct reply reply;

	if (list_shift(&r->sent) != c)
		fatalx("redis: replies are out of order");
	r->has_grace = false;
	if (data == NULL) {
		/* hiredis takes no more commands now; neither do we. */
		if (r->state != REDIS_DOWN)
			snprintf(r->why, sizeof(r->why), "%s", ac->errstr ? ac->errstr : "closed");
		r->state = REDIS_DOWN;
		reply = (struct reply){.kind = REPLY_UNKNOWN, .str = slice_of(r->why)};
	} else if (repeat_after_reload(r, c, data)) {
		return;
	} else {
		reply = reply_view(r, data);
	}
	call_finish(c, &reply);
	arena_reset(&r->views);
}

/* ---- life ---- */

static char *
copy_or_null(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

struct redis *
redis_new(struct loop *l, const struct redis_options *o)
{
	struct redis *r = xcalloc(1, sizeof(*r));

	r->loop = l;
	r->o = *o;
	r->o.name = xstrdup(o->name != NULL ? o->name : "redis");
	r->o.unix_socket = copy_or_null(o->unix_socket);
	r->o.host = xstrdup(o->host != NULL ? o->host : "127.0.0.1");
	r->o.user = copy_or_null(o->user);
	r->o.password = copy_or_null(o->password);
	r->o.library.p = o->library.n > 0 ? xmemdup0(o->library.p, o->library.n) : NULL;
	if (r->o.deadline_ms <= 0)
		r->o.deadline_ms = DEADLINE_MS;
	loop_step_add(l, &r->fail, LOOP_EVENTS, fail_unsent, r);
	redis_link_start(r);
	return r;
}

static void
free_options(struct redis_options *o)
{
	free((char *)o->name);
	free((char *)o->unix_socket);
	free((char *)o->host);
	free((char *)o->user);
	if (o->password != NULL)
		explicit_bzero((char *)o->password, strlen(o->password));
	free((char *)o->password);
	free((char *)o->library.p);
}

void
redis_close(struct redis *r)
{
	if (r->depth > 0)
		fatalx("redis: closed inside its own callback");
	r->is_closing = true;
	if (r->ac != NULL)
		redis_link_drop(r, "closed");
	for (int rounds = 0; r->unsent.head != NULL; rounds++) {
		if (rounds == 1000)
			fatalx("redis: callbacks issue commands for ever while it closes");
		fail_unsent(NULL, r);
	}
}

void
redis_free(struct redis *r)
{
	if (r == NULL)
		return;
	redis_close(r);
	redis_link_clear(r);
	loop_step_remove(r->loop, &r->fail);
	r->fail.is_wanted = false;
	free_options(&r->o);
	arena_free(&r->views);
	free(r->words);
	free(r->lengths);
	loop_free_later(r->loop, r);
}
