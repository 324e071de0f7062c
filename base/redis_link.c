/* SPDX-License-Identifier: MIT */
/*
 * The connection below the calls: connecting again and again, the greeting,
 * the deadline, subscriptions, and the libevent side of hiredis 0.14.
 *
 *             connect()         answers         last greeting
 *   DOWN ───────────▶ CONNECTING ─────▶ GREETING ────────────▶ READY
 *    ▲  timer: pause     timer: deadline    │                    │ timer: oldest command
 *    └──────────────────────────────────────┴────────────────────┘
 *            any error, NULL reply, refused greeting, deadline
 *
 * hiredis frees its context by itself after an error, and its cleanup hook
 * runs in every case, after the callbacks with NULL and just before the free:
 * on_cleanup is the one place where a connection ends.
 *
 * Writing: hiredis appends to its output buffer; want_write asks for the flush
 * step, so one write() takes all commands of a turn. Only when the socket is
 * full a write event is used.
 */
#include "base/redis_link.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"

#define PAUSE_MIN_MS 50
#define PAUSE_MAX_MS 2000
/* A deadline that fires later than this means that the loop stood still, perhaps not Redis. */
#define STALL_US 100000

/* ---- subscriptions ---- */

static void
become_ready(struct redis *r)
{
	r->state = REDIS_READY;
	r->attempts = 0;
	r->why[0] = '\0';
	r->was_ready = true;
	timer_disarm(r->loop, &r->timer);
	log_info("redis=%s run_id=%.8s result=ready", r->o.name, r->run_id);
	if (r->o.on_ready == NULL)
		return;
	r->depth++;
	r->o.on_ready(r->o.arg, r->run_id);
	r->depth--;
}

static void
ready_if_confirmed(struct redis *r)
{
	for (struct subscription *s = r->subs; s != NULL; s = s->next)
		if (!s->is_confirmed)
			return;
	if (r->state == REDIS_GREETING)
		become_ready(r);
}

static void
on_message(redisAsyncContext *ac, void *data, void *arg)
{
	struct subscription *s = arg;
	struct redis *r = s->r;
	const redisReply *m = data;

	(void)ac;
	if (m == NULL || m->type != REDIS_REPLY_ARRAY || m->elements < 3 ||
	    m->element[0]->type != REDIS_REPLY_STRING)
		return;
	if (strcmp(m->element[0]->str, "subscribe") == 0) {
		s->is_confirmed = true;
		ready_if_confirmed(r);
	} else if (strcmp(m->element[0]->str, "message") == 0 &&
		   m->element[2]->type == REDIS_REPLY_STRING) {
		r->depth++;
		s->cb(s->arg, slice_of(s->channel),
		      (struct slice){m->element[2]->str, m->element[2]->len});
		r->depth--;
	}
}

/* A refusal (ACL) arrives as an error without a callback: hiredis then ends the connection. */
static void
send_subscribe(struct redis *r, struct subscription *s)
{
	const char *words[] = {"SUBSCRIBE", s->channel};
	size_t lengths[] = {9, strlen(s->channel)};

	s->is_confirmed = false;
	redisAsyncCommandArgv(r->ac, on_message, s, 2, words, lengths);
}

void
redis_subscribe(struct redis *r, const char *channel, redis_message_cb cb, void *arg)
{
	struct subscription *s;

	if (!r->o.is_subscriber)
		fatalx("redis: subscribe on a connection for commands");
	for (s = r->subs; s != NULL; s = s->next)
		if (strcmp(s->channel, channel) == 0)
			fatalx("redis: channel %s subscribed twice", channel);
	s = xcalloc(1, sizeof(*s));
	*s = (struct subscription){.r = r, .cb = cb, .arg = arg, .next = r->subs};
	s->channel = xstrdup(channel);
	r->subs = s;
	if (r->state == REDIS_READY || (r->state == REDIS_GREETING && r->greetings_left == 0))
		send_subscribe(r, s);
}

void
redis_link_drop(struct redis *r, const char *why)
{
	snprintf(r->why, sizeof(r->why), "%s", why);
	r->state = REDIS_DOWN;
	redisAsyncFree(r->ac);
}

/* ---- greeting: what must be true before a command passes ---- */

static void
on_greeting(void *arg, const struct reply *reply)
{
	struct redis *r = arg;
	char why[200];

	if (r->state != REDIS_GREETING)
		return;
	if (!reply_is_good(reply)) {
		snprintf(why, sizeof(why), "greeting refused: %.*s", (int)reply->str.n,
			 reply->str.p);
		redis_link_drop(r, why);
		return;
	}
	if (--r->greetings_left > 0)
		return;
	for (struct subscription *s = r->subs; s != NULL; s = s->next)
		send_subscribe(r, s);
	ready_if_confirmed(r);
}

static void
on_info(void *arg, const struct reply *reply)
{
	struct redis *r = arg;
	const char *id = NULL;
	size_t n;

	if (reply->kind == REPLY_STRING)
		id = strstr(reply->str.p, "run_id:");
	if (id != NULL) {
		id += strlen("run_id:");
		n = strcspn(id, "\r\n");
		snprintf(r->run_id, sizeof(r->run_id), "%.*s", (int)n, id);
	}
	on_greeting(arg, reply);
}

static void
on_library(void *arg, const struct reply *reply)
{
	static const struct reply good = {.kind = REPLY_STATUS};

	on_greeting(arg, redis_has_library(reply) ? &good : reply);
}

static void
greet_with(struct redis *r, const struct slice *words, size_t count, redis_reply_cb cb)
{
	struct call *c = redis_call_own(r, cb);

	r->greetings_left++;
	redis_call_send(c, words, count);
}

/* All in one pipeline. PING is answered by an error while the server still loads its file. */
static void
greet(struct redis *r)
{
	struct slice auth[3] = {SLICE("AUTH")};
	struct slice ping[] = {SLICE("PING")};
	struct slice info[] = {SLICE("INFO"), SLICE("server")};
	size_t n = 1;

	r->state = REDIS_GREETING;
	r->greetings_left = 0;
	if (r->o.password != NULL) {
		if (r->o.user != NULL)
			auth[n++] = slice_of(r->o.user);
		auth[n++] = slice_of(r->o.password);
		greet_with(r, auth, n, on_greeting);
	}
	greet_with(r, ping, ARRAY_LEN(ping), on_greeting);
	greet_with(r, info, ARRAY_LEN(info), on_info);
	if (r->o.library.n > 0) {
		r->greetings_left++;
		redis_send_library(r, on_library);
	}
}

/* ---- the libevent side of hiredis ---- */

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct redis *r = arg;

	(void)fd;
	(void)what;
	loop_touch(r->loop);
	redisAsyncHandleRead(r->ac);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct redis *r = arg;

	(void)fd;
	(void)what;
	loop_touch(r->loop);
	r->is_flushing = true;
	redisAsyncHandleWrite(r->ac);
	r->is_flushing = false;
}

static void
flush(struct loop_step *s, void *arg)
{
	struct redis *r = arg;

	(void)s;
	if (r->ac == NULL || r->state < REDIS_GREETING)
		return;
	r->is_flushing = true;
	redisAsyncHandleWrite(r->ac);
	r->is_flushing = false;
}

static void
want_read(void *arg)
{
	struct redis *r = arg;

	if (event_add(r->read_ev, NULL) != 0)
		fatalx("redis: libevent takes no event");
}

static void
unwant_read(void *arg)
{
	struct redis *r = arg;

	event_del(r->read_ev);
}

static void
want_write(void *arg)
{
	struct redis *r = arg;

	if (!r->is_flushing && r->state >= REDIS_GREETING)
		loop_step_want(r->loop, &r->flush);
	else if (event_add(r->write_ev, NULL) != 0)
		fatalx("redis: libevent takes no event");
}

static void
unwant_write(void *arg)
{
	struct redis *r = arg;

	event_del(r->write_ev);
}

/* ---- connecting and losing ---- */

/* Half to all of 100 ms, 200 ms … 2 s. */
static int64_t
pause_ms(unsigned attempts)
{
	int64_t upper = (int64_t)PAUSE_MIN_MS * 2 << (attempts < 6 ? attempts : 6);
	uint32_t dice = 0;

	if (upper > PAUSE_MAX_MS)
		upper = PAUSE_MAX_MS;
	if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) < 0)
		dice = (uint32_t)clock_mono_us();
	return upper / 2 + dice % (upper / 2 + 1);
}

static void
retry_later(struct redis *r)
{
	int64_t wait_ms = pause_ms(r->attempts);

	r->state = REDIS_DOWN;
	/* One line an outage; the next ones only for who looks closely. */
	if (r->attempts++ == 0)
		log_warn("redis=%s result=down why=\"%s\" retry_ms=%lld", r->o.name, r->why,
			 (long long)wait_ms);
	else
		log_debug("redis=%s attempt=%u result=down why=\"%s\"", r->o.name, r->attempts,
			  r->why);
	timer_arm_ms(r->loop, &r->timer, wait_ms);
}

static void
on_cleanup(void *arg)
{
	struct redis *r = arg;
	bool was_ready = r->was_ready;

	if (r->state != REDIS_DOWN)
		snprintf(r->why, sizeof(r->why), "%s", r->ac->errstr ? r->ac->errstr : "closed");
	event_free(r->read_ev);
	event_free(r->write_ev);
	r->read_ev = r->write_ev = NULL;
	r->ac = NULL;
	r->state = REDIS_DOWN;
	r->was_ready = r->is_reloading = r->has_grace = false;
	if (r->is_closing)
		return;
	retry_later(r);
	if (!was_ready || r->o.on_lost == NULL)
		return;
	r->depth++;
	r->o.on_lost(r->o.arg);
	r->depth--;
}

/* Not the place to free anything: after a failure hiredis does it, by way of on_cleanup. */
static void
on_connect(const redisAsyncContext *ac, int status)
{
	struct redis *r = ac->data;

	if (status == REDIS_OK)
		greet(r);
}

/* hiredis would look up names with a blocking call at each connect. IPv4 first, as it does. */
static bool
look_up(struct redis *r)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all = NULL, *a;
	int rc;

	if (r->address[0] != '\0')
		return true;
	rc = getaddrinfo(r->o.host, NULL, &hints, &all);
	if (rc != 0) {
		snprintf(r->why, sizeof(r->why), "%.100s: %s", r->o.host, gai_strerror(rc));
		return false;
	}
	for (a = all; a != NULL && a->ai_family != AF_INET; a = a->ai_next)
		;
	if (a == NULL)
		a = all;
	rc = getnameinfo(a->ai_addr, a->ai_addrlen, r->address, sizeof(r->address), NULL, 0,
			 NI_NUMERICHOST);
	freeaddrinfo(all);
	if (rc != 0)
		r->address[0] = '\0';
	return rc == 0;
}

static void
attach(struct redis *r, redisAsyncContext *ac)
{
	struct event_base *base = loop_base(r->loop);

	r->ac = ac;
	r->read_ev = event_new(base, ac->c.fd, EV_READ | EV_PERSIST, on_readable, r);
	r->write_ev = event_new(base, ac->c.fd, EV_WRITE | EV_PERSIST, on_writable, r);
	if (r->read_ev == NULL || r->write_ev == NULL)
		fatalx("redis: no memory for events");
	ac->data = r;
	ac->ev.data = r;
	ac->ev.addRead = want_read;
	ac->ev.delRead = unwant_read;
	ac->ev.addWrite = want_write;
	ac->ev.delWrite = unwant_write;
	ac->ev.cleanup = on_cleanup;
	/* Programs that we start must not hold the connection open. */
	fcntl(ac->c.fd, F_SETFD, FD_CLOEXEC);
	if (r->o.unix_socket == NULL)
		redisEnableKeepAlive(&ac->c);
	redisAsyncSetConnectCallback(ac, on_connect); /* also asks for the write event */
}

static void
connect_now(struct redis *r)
{
	redisAsyncContext *ac;

	if (r->o.unix_socket == NULL && !look_up(r)) {
		retry_later(r);
		return;
	}
	ac = r->o.unix_socket != NULL ? redisAsyncConnectUnix(r->o.unix_socket)
				      : redisAsyncConnect(r->address, r->o.port);
	if (ac == NULL || ac->err != 0) {
		snprintf(r->why, sizeof(r->why), "%s", ac != NULL ? ac->errstr : "no memory");
		if (ac != NULL)
			redisAsyncFree(ac);
		retry_later(r);
		return;
	}
	r->state = REDIS_CONNECTING;
	attach(r, ac);
	timer_arm_ms(r->loop, &r->timer, r->o.deadline_ms);
}

static void
check_deadline(struct redis *r, int64_t late_us)
{
	char why[80];
	int64_t left_us = r->o.deadline_ms * 1000;

	if (r->state == REDIS_READY) {
		if (r->sent.head == NULL)
			return; /* armed again by the next command */
		left_us += r->sent.head->issued_us - clock_mono_us();
	} else {
		left_us = 0;
	}
	if (left_us <= 0 && late_us > STALL_US && !r->has_grace) {
		r->has_grace = true;
		left_us = STALL_US;
	}
	if (left_us > 0) {
		timer_arm_us(r->loop, &r->timer, left_us);
		return;
	}
	snprintf(why, sizeof(why), "no answer within %lld ms", (long long)r->o.deadline_ms);
	redis_link_drop(r, why);
}

static void
on_timer(struct timer *t, void *arg)
{
	struct redis *r = arg;

	switch (r->state) {
	case REDIS_DOWN:
		connect_now(r);
		break;
	case REDIS_CONNECTING:
	case REDIS_GREETING:
	case REDIS_READY:
		check_deadline(r, clock_mono_us() - t->due_us);
		break;
	}
}

void
redis_link_start(struct redis *r)
{
	timer_init(&r->timer, on_timer, r);
	loop_step_add(r->loop, &r->flush, LOOP_FLUSH_REDIS, flush, r);
	timer_arm_us(r->loop, &r->timer, 0);
}

void
redis_link_clear(struct redis *r)
{
	timer_disarm(r->loop, &r->timer);
	loop_step_remove(r->loop, &r->flush);
	r->flush.is_wanted = false;
	while (r->subs != NULL) {
		struct subscription *next = r->subs->next;

		free(r->subs->channel);
		free(r->subs);
		r->subs = next;
	}
}
