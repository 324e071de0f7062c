/* SPDX-License-Identifier: MIT */
#include "dispatcher/store/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/store/keys.h"
#include "dispatcher/store/library.h"

#define JOURNAL_MS 10000
#define RETRY_MS 100
#define REPLAY_AGAIN_MS 1000
#define LOST_AGAIN_MS 100

/* A sure call, or a line of the journal. */
struct sure {
	struct engine *engine;
	struct sure *next;
	const char *name; /* a literal */
	struct argv args;
	redis_reply_cb cb;
	void *arg;
	int64_t acknowledged_ms; /* journal: when */
	bool is_journalled;
	bool is_sent; /* waiting for its reply */
};

struct sure_list {
	struct sure *head, **tail;
	size_t count;
};

struct engine {
	struct loop *loop;
	struct engine_options o;
	struct redis *redis, *bulk, *ticks;
	char incarnation[20];
	uint8_t phone_key[32];
	char run_id[64];     /* of the Redis that has all that we know; "" = none yet */
	char new_run_id[64]; /* of the one that is connected */
	size_t replaying;    /* lines of the journal that it has not acknowledged */
	size_t orphans;	     /* requests that left, of runs that it does not know */
	bool has_lost;	     /* a line is about a run that it does not know, or not yet */
	int64_t lost_ms;     /* until then others are waited for who may know it; 0 = not yet */
	bool has_replay_failed;
	bool is_ready; /* connected, replayed */
	bool is_up;    /* registered too */
	bool is_open;
	bool is_freeing;
	struct timer heartbeat; /* every lease/5 while connected */
	struct timer opens;	/* the pause after a restart of Redis is over */
	struct timer retry;
	struct sure_list sures, journal;
};

/* ---- arguments ---- */

void
argv_add(struct argv *a, struct slice s)
{
	if (a->count == ARGV_MAX)
		fatalx("argv: more than %d arguments", ARGV_MAX);
	buf_add_slice(&a->bytes, s);
	buf_add_u32(&a->ends, (uint32_t)a->bytes.len);
	a->count++;
}

void
argv_adds(struct argv *a, const char *s)
{
	argv_add(a, slice_of(s));
}

void
argv_add_int(struct argv *a, int64_t v)
{
	char tmp[24];

	snprintf(tmp, sizeof(tmp), "%lld", (long long)v);
	argv_adds(a, tmp);
}

void
argv_reset(struct argv *a)
{
	buf_reset(&a->bytes);
	buf_reset(&a->ends);
	a->count = 0;
}

void
argv_free(struct argv *a)
{
	buf_free(&a->bytes);
	buf_free(&a->ends);
	a->count = 0;
}

size_t
argv_slices(const struct argv *a, struct slice *out)
{
	struct reader ends = reader_of(buf_slice(&a->ends));
	uint32_t at = 0;

	for (size_t i = 0; i < a->count; i++) {
		uint32_t end = reader_u32(&ends);

		out[i] = (struct slice){a->bytes.data + at, end - at};
		at = end;
	}
	return a->count;
}

static void
argv_copy(struct argv *to, const struct argv *from)
{
	*to = (struct argv){.count = from->count};
	buf_add_slice(&to->ends, buf_slice(&from->ends));
	buf_add_slice(&to->bytes, buf_slice(&from->bytes));
}

/* ---- lists ---- */

static void
list_add(struct sure_list *l, struct sure *s)
{
	s->next = NULL;
	*l->tail = s;
	l->tail = &s->next;
	l->count++;
}

static void
list_remove(struct sure_list *l, struct sure *s)
{
	for (struct sure **p = &l->head; *p != NULL; p = &(*p)->next) {
		if (*p != s)
			continue;
		*p = s->next;
		if (l->tail == &s->next)
			l->tail = p;
		l->count--;
		return;
	}
}

static void
sure_free(struct sure *s)
{
	argv_free(&s->args);
	free(s);
}

static void
journal_trim(struct engine *e)
{
	int64_t before = clock_mono_ms() - JOURNAL_MS;

	if (e->replaying > 0)
		return;
	while (e->journal.head != NULL && e->journal.head->acknowledged_ms < before) {
		struct sure *old = e->journal.head;

		list_remove(&e->journal, old);
		sure_free(old);
	}
}

/* ---- calls ---- */

/* A call whose reply passes a crash point before it is acted upon. */
struct watched {
	const char *name;
	redis_reply_cb cb;
	void *arg;
};

static void
on_watched(void *arg, const struct reply *r)
{
	struct watched w = *(struct watched *)arg;

	free(arg);
	crash_point(w.name, "reply");
	if (w.cb != NULL)
		w.cb(w.arg, r);
}

void
engine_call(struct engine *e, const char *name, const struct argv *args, redis_reply_cb cb,
	    void *arg)
{
	struct slice v[ARGV_MAX];
	struct redis_script script = {library_function(name)};
	size_t n = argv_slices(args, v);

	if (crash_is_watched()) {
		struct watched *w = xcalloc(1, sizeof(*w));

		*w = (struct watched){name, cb, arg};
		crash_point(name, "ask");
		redis_call(e->redis, &script, v, n, on_watched, w);
	} else {
		redis_call(e->redis, &script, v, n, cb, arg);
	}
}

static void
on_sure(void *arg, const struct reply *r)
{
	struct sure *s = arg;
	struct engine *e = s->engine;

	s->is_sent = false;
	if (!reply_is_good(r) && !e->is_freeing) {
		if (r->kind == REPLY_ERROR)
			log_warn("call=%s result=error why=%.*s", s->name, (int)r->str.n, r->str.p);
		if (!timer_is_armed(&e->retry))
			timer_arm_ms(e->loop, &e->retry, RETRY_MS);
		return;
	}
	list_remove(&e->sures, s);
	if (s->cb != NULL)
		s->cb(s->arg, r);
	if (s->is_journalled && !e->is_freeing) {
		s->acknowledged_ms = clock_mono_ms();
		list_add(&e->journal, s);
		journal_trim(e);
	} else {
		sure_free(s);
	}
}

static void
sure_send(struct sure *s)
{
	s->is_sent = true;
	engine_call(s->engine, s->name, &s->args, on_sure, s);
}

static void
send_waiting(struct engine *e)
{
	if (!e->is_ready)
		return;
	for (struct sure *s = e->sures.head; s != NULL; s = s->next)
		if (!s->is_sent)
			sure_send(s);
}

static void replay(struct engine *e);

static void
on_retry(struct timer *t, void *arg)
{
	struct engine *e = arg;

	(void)t;
	if (e->is_ready)
		send_waiting(e);
	else if ((e->has_replay_failed || e->has_lost) && e->replaying == 0 &&
		 redis_is_ready(e->redis))
		replay(e);
}

static struct sure *
sure_new(struct engine *e, const char *name, const struct argv *args)
{
	struct sure *s = xcalloc(1, sizeof(*s));

	s->engine = e;
	s->name = name;
	argv_copy(&s->args, args);
	return s;
}

void
engine_sure(struct engine *e, const char *name, const struct argv *args, bool is_journalled,
	    redis_reply_cb cb, void *arg)
{
	struct sure *s = sure_new(e, name, args);

	s->is_journalled = is_journalled;
	s->cb = cb;
	s->arg = arg;
	list_add(&e->sures, s);
	if (e->is_ready)
		sure_send(s);
}

void
engine_journal(struct engine *e, const char *name, const struct argv *args)
{
	struct sure *s = sure_new(e, name, args);

	s->acknowledged_ms = clock_mono_ms();
	list_add(&e->journal, s);
	journal_trim(e);
}

size_t
engine_unacknowledged(const struct engine *e)
{
	return e->sures.count;
}

/* ---- connection, heartbeat ---- */

static void
engine_shut(struct engine *e)
{
	timer_disarm(e->loop, &e->opens);
	e->is_open = false;
	if (!e->is_up)
		return;
	e->is_up = false;
	e->o.on_shut(e->o.arg);
}

static void
engine_opened(struct engine *e)
{
	if (e->is_open || !e->is_ready)
		return;
	e->is_open = true;
	e->o.on_open(e->o.arg);
}

static void
on_opens(struct timer *t, void *arg)
{
	(void)t;
	engine_opened(arg);
}

static void
on_hello(void *arg, const struct reply *r)
{
	struct engine *e = arg;

	if (e->is_freeing || !e->is_ready)
		return;
	if (r->kind != REPLY_ARRAY) {
		if (r->kind == REPLY_ERROR)
			log_warn("call=hello result=error why=%.*s", (int)r->str.n, r->str.p);
		return;
	}
	/* Asked again when that one is ready, too. */
	if (e->is_up || !redis_is_ready(e->bulk))
		return;
	e->is_up = true;
	e->o.on_up(e->o.arg);
	timer_arm_ms(e->loop, &e->opens, reply_item(r, 0)->integer);
}

static void
say_hello(struct engine *e)
{
	struct argv a = {0};

	argv_adds(&a, e->incarnation);
	argv_add_int(&a, e->o.lease_ms);
	argv_adds(&a, e->run_id);
	engine_call(e, "hello", &a, on_hello, e);
	argv_free(&a);
	timer_arm_ms(e->loop, &e->heartbeat, e->o.lease_ms / 5);
}

static void
on_heartbeat(struct timer *t, void *arg)
{
	struct engine *e = arg;

	(void)t;
	journal_trim(e);
	if (e->is_ready)
		say_hello(e);
}

/* Everything that this Redis may not know is told: go on with what waits. */
static void
engine_ready(struct engine *e)
{
	snprintf(e->run_id, sizeof(e->run_id), "%s", e->new_run_id);
	if (e->orphans > 0)
		log_error("redis=back result=launch-lost requests=%zu todo=who was launched in the "
			  "last seconds was written to in part: see the gateway's book before it "
			  "is launched again",
			  e->orphans);
	e->orphans = 0;
	e->is_ready = true;
	send_waiting(e);
	say_hello(e);
}

/* Does it speak of a run that this Redis does not know? Who launched it may tell it in a moment. */
static bool
is_about_lost(const struct sure *s, const struct reply *r)
{
	if (strcmp(s->name, "receipts") == 0)
		return r->kind == REPLY_ARRAY && reply_item(r, 4)->integer > 0;
	return r->kind == REPLY_INTEGER && r->integer < 0;
}

static void
replay_ended(struct engine *e)
{
	int64_t now = clock_mono_ms();

	if (e->lost_ms == 0)
		e->lost_ms = now + e->o.lease_ms;
	if (e->has_replay_failed)
		timer_arm_ms(e->loop, &e->retry, REPLAY_AGAIN_MS);
	else if (e->has_lost && now < e->lost_ms)
		timer_arm_ms(e->loop, &e->retry, LOST_AGAIN_MS);
	else
		engine_ready(e);
}

static void
on_replayed(void *arg, const struct reply *r)
{
	struct sure *s = arg;
	struct engine *e = s->engine;

	if (r->kind == REPLY_ERROR)
		log_error("redis=replay result=error why=%.*s", (int)r->str.n, r->str.p);
	if (is_about_lost(s, r)) {
		e->has_lost = true;
		if (strcmp(s->name, "remark") == 0)
			e->orphans += (size_t)-r->integer;
	}
	/*
	 * The connection broke, or Redis takes nothing now (OOM, BUSY …): all of it is told again on
	 * the next connection, or in a moment. What the function itself refuses (ERR) it always will.
	 */
	if (r->kind == REPLY_UNKNOWN || r->kind == REPLY_NOT_SENT ||
	    (r->kind == REPLY_ERROR && strncmp(r->str.p, "ERR ", 4) != 0))
		e->has_replay_failed = true;
	if (--e->replaying == 0 && !e->is_freeing)
		replay_ended(e);
}

static void
replay(struct engine *e)
{
	e->has_replay_failed = e->has_lost = false;
	e->orphans = 0;
	for (struct sure *s = e->journal.head; s != NULL; s = s->next) {
		e->replaying++;
		engine_call(e, s->name, &s->args, on_replayed, s);
	}
}

static void
on_ready(void *arg, const char *run_id)
{
	struct engine *e = arg;
	bool is_other = e->run_id[0] != '\0' && strcmp(e->run_id, run_id) != 0;

	snprintf(e->new_run_id, sizeof(e->new_run_id), "%s", run_id);
	e->has_replay_failed = e->has_lost = false;
	e->lost_ms = 0;
	if (is_other) {
		log_warn("redis=back result=another-life journal=%zu", e->journal.count);
		/*
		 * Redis may remember leases of ours that we gave back, or have forgotten some:
		 * under a new name none is ours, and all are taken over after a lease.
		 */
		random_hex(e->incarnation, 8);
	}
	if (!is_other || e->journal.count == 0)
		engine_ready(e);
	else
		replay(e);
}

static void
on_lost(void *arg)
{
	struct engine *e = arg;

	e->is_ready = false;
	timer_disarm(e->loop, &e->heartbeat);
	engine_shut(e);
	e->o.on_lost(e->o.arg);
}

static void
on_bulk_ready(void *arg, const char *run_id)
{
	struct engine *e = arg;

	(void)run_id;
	if (e->is_ready && !e->is_up)
		say_hello(e);
}

static void
on_message(void *arg, struct slice channel, struct slice payload)
{
	struct engine *e = arg;

	(void)channel;
	(void)payload;
	e->o.on_tick(e->o.arg);
}

struct engine *
engine_new(struct loop *l, const struct engine_options *o)
{
	struct engine *e = xcalloc(1, sizeof(*e));
	struct redis_options ro = o->redis, bulk = o->redis, ticks = o->redis;

	e->loop = l;
	e->o = *o;
	e->sures.tail = &e->sures.head;
	e->journal.tail = &e->journal.head;
	random_hex(e->incarnation, 8);
	timer_init(&e->heartbeat, on_heartbeat, e);
	timer_init(&e->opens, on_opens, e);
	timer_init(&e->retry, on_retry, e);
	ro.library = library_source();
	ro.on_ready = on_ready;
	ro.on_lost = on_lost;
	ro.arg = e;
	e->redis = redis_new(l, &ro);
	bulk.name = "bulk";
	bulk.library = (struct slice){0};
	bulk.on_ready = on_bulk_ready;
	bulk.on_lost = NULL;
	bulk.arg = e;
	e->bulk = redis_new(l, &bulk);
	ticks.name = "ticks";
	ticks.is_subscriber = true;
	ticks.library = (struct slice){0};
	ticks.on_ready = NULL;
	ticks.on_lost = NULL;
	e->ticks = redis_new(l, &ticks);
	redis_subscribe(e->ticks, key_prefix_tick, on_message, e);
	return e;
}

void
engine_free(struct engine *e)
{
	struct reply none = {.kind = REPLY_NOT_SENT, .str = SLICE("stopping")};

	e->is_freeing = true;
	e->is_ready = false; /* facts told by the last callbacks go nowhere */
	timer_disarm(e->loop, &e->heartbeat);
	timer_disarm(e->loop, &e->opens);
	timer_disarm(e->loop, &e->retry);
	do {
		redis_close(e->bulk);
		redis_close(e->redis);
	} while (redis_pending(e->bulk) > 0);
	redis_free(e->redis);
	redis_free(e->bulk);
	redis_free(e->ticks);
	while (e->sures.head != NULL) {
		struct sure *s = e->sures.head;

		list_remove(&e->sures, s);
		if (s->cb != NULL)
			s->cb(s->arg, &none);
		sure_free(s);
	}
	while (e->journal.head != NULL) {
		struct sure *s = e->journal.head;

		list_remove(&e->journal, s);
		sure_free(s);
	}
	free(e);
}

bool
engine_is_up(const struct engine *e)
{
	return e->is_up;
}

struct redis *
engine_redis(struct engine *e)
{
	return e->redis;
}

struct redis *
engine_bulk(struct engine *e)
{
	return e->bulk;
}

struct loop *
engine_loop(const struct engine *e)
{
	return e->loop;
}

void
engine_set_phone_key(struct engine *e, const uint8_t key[32])
{
	memcpy(e->phone_key, key, sizeof(e->phone_key));
}

const uint8_t *
engine_phone_key(const struct engine *e)
{
	return e->phone_key;
}

const char *
engine_incarnation(const struct engine *e)
{
	return e->incarnation;
}

void
engine_bye(struct engine *e)
{
	struct argv a = {0};

	argv_adds(&a, e->incarnation);
	engine_call(e, "bye", &a, NULL, NULL);
	argv_free(&a);
}
