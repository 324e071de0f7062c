/* SPDX-License-Identifier: MIT */
/*
 * A round: the list of open runs → for each its progress (freeze it? finished?)
 * → when it is time, one reconcile call per string of records below the cursor,
 * a few at a time so that nobody waits for them.
 */
#include "dispatcher/run/keeper.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/run/freeze.h"
#include "dispatcher/store/keys.h"
#include "dispatcher/store/record.h"

#define ROUND_MS 1000
#define ROUND_AFTER_TICK_MS 20
#define RECONCILE_EVERY_MS 30000
#define RECONCILE_PAUSE_MS 10
#define STEP_PAUSE_MS 3
#define KEPT_MAX 1024 /* open runs looked after */

struct kept {
	struct keeper *keeper;
	uint64_t run; /* 0 = free */
	struct freeze *freeze;
	bool is_frozen;
	bool is_seen; /* in this round's list */
	/* What people asked for and takes long: one piece of the records a call. */
	struct timer step;
	bool is_stepping; /* a call is under way, or the timer runs */
	uint64_t stepped; /* members that were changed by it */
	int64_t retries;  /* as of the last progress */
	/* The reconciler's place in this run. */
	uint32_t cursor[PARTITIONS_MAX]; /* as of the last progress */
	unsigned p;
	uint32_t string;
	bool is_reconciling;
	uint8_t *settled[PARTITIONS_MAX]; /* one byte a string: nothing will ever be left in it */
	uint32_t settled_cap[PARTITIONS_MAX];
};

struct keeper {
	struct loop *loop;
	struct engine *engine;
	struct run_views *views;
	bool is_open, is_asking;
	struct timer round, reconcile;
	int64_t reconciled_ms; /* when the last reconciliation began; 0 = never */
	size_t at;	       /* the kept that is being reconciled */
	bool is_waiting;       /* for a reconcile's reply */
	struct kept kept[KEPT_MAX];
};

static void on_step_timer(struct timer *t, void *arg);

static void
kept_clear(struct kept *r)
{
	if (r->freeze != NULL)
		freeze_cancel(r->freeze);
	timer_disarm(r->keeper->loop, &r->step);
	for (unsigned p = 0; p < PARTITIONS_MAX; p++)
		free(r->settled[p]);
	*r = (struct kept){.keeper = r->keeper};
	timer_init(&r->step, on_step_timer, r);
}

/* Nothing is known to be settled any more. */
static void
forget_settled(struct kept *r)
{
	for (unsigned p = 0; p < PARTITIONS_MAX; p++)
		if (r->settled[p] != NULL)
			memset(r->settled[p], 0, r->settled_cap[p]);
}

static struct kept *
kept_get(struct keeper *k, uint64_t run)
{
	struct kept *unused = NULL;

	for (size_t i = 0; i < KEPT_MAX; i++) {
		if (k->kept[i].run == run)
			return &k->kept[i];
		if (k->kept[i].run == 0 && unused == NULL)
			unused = &k->kept[i];
	}
	if (unused != NULL)
		unused->run = run;
	return unused;
}

/* ---- steps: what people asked for, piece by piece ---- */

static void
on_step(void *arg, const struct reply *reply)
{
	struct kept *r = arg;
	struct keeper *k = r->keeper;

	if (r->run == 0) /* it was over meanwhile */
		return;
	r->stepped += (uint64_t)reply_item(reply, 1)->integer;
	if (k->is_open && reply->kind == REPLY_ARRAY && reply_item(reply, 0)->integer == 1) {
		timer_arm_ms(k->loop, &r->step, STEP_PAUSE_MS);
		return;
	}
	if (r->stepped > 0)
		log_info("run=%llu retried=%llu", (unsigned long long)r->run,
			 (unsigned long long)r->stepped);
	r->stepped = 0;
	r->is_stepping = false; /* the next round begins again, if there is more */
}

static void
step(struct kept *r)
{
	struct argv a = {0};

	r->is_stepping = true;
	argv_add_int(&a, (int64_t)r->run);
	engine_call(r->keeper->engine, "step", &a, on_step, r);
	argv_free(&a);
}

static void
on_step_timer(struct timer *t, void *arg)
{
	(void)t;
	step(arg);
}

/* ---- progress: freeze, finish ---- */

static void
on_frozen(void *arg, const struct err_ctx *e)
{
	struct kept *r = arg;

	r->freeze = NULL;
	if (e != NULL)
		log_error("run=%llu freeze=failed what=%s why=%s", (unsigned long long)r->run,
			  e->what, e->why);
	else
		r->is_frozen = true;
}

static void
on_finished(void *arg, const struct reply *reply)
{
	struct kept *r = arg;

	if (slice_is(reply->str, "finished")) {
		log_info("run=%llu result=finished", (unsigned long long)r->run);
		run_views_forget(r->keeper->views, r->run);
	}
}

static void
finish(struct kept *r, bool is_cancelled)
{
	struct argv a = {0};

	argv_add_int(&a, (int64_t)r->run);
	argv_adds(&a, is_cancelled ? "cancelled" : "running");
	argv_adds(&a, "finished");
	engine_call(r->keeper->engine, "control", &a, on_finished, r);
	argv_free(&a);
}

static void
on_progress(void *arg, const struct reply *reply)
{
	struct kept *r = arg;
	struct keeper *k = r->keeper;
	struct slice state = reply_item(reply, 0)->str;
	bool is_cancelled = slice_is(state, "cancelled");

	if (reply->kind != REPLY_ARRAY || !k->is_open || r->run == 0)
		return;
	if (r->retries != reply_item(reply, 5)->integer)
		forget_settled(r);
	r->retries = reply_item(reply, 5)->integer;
	if (reply_item(reply, 4)->integer > 0 && !r->is_stepping)
		step(r);
	for (unsigned p = 0; p < PARTITIONS_MAX; p++)
		r->cursor[p] = (uint32_t)reply_item(reply_item(reply, 3), p)->integer;
	if (!slice_is(state, "running") && !is_cancelled)
		return;
	if (reply_item(reply, 1)->integer == 0 && r->freeze == NULL && !r->is_frozen)
		r->freeze = freeze_start(k->loop, k->engine, k->views, r->run, on_frozen, r);
	if (reply_item(reply, 2)->integer == 1)
		finish(r, is_cancelled);
}

static void
ask_progress(struct kept *r)
{
	struct argv a = {0};

	argv_add_int(&a, (int64_t)r->run);
	engine_call(r->keeper->engine, "progress", &a, on_progress, r);
	argv_free(&a);
}

/* ---- reconcile ---- */

static void reconcile_next(struct keeper *k);

static void
on_reconciled(void *arg, const struct reply *reply)
{
	struct kept *r = arg;
	struct keeper *k = r->keeper;

	k->is_waiting = false;
	if (!k->is_open)
		return;
	if (reply->kind == REPLY_INTEGER && reply->integer > 0)
		log_info("run=%llu partition=%u string=%u reconciled=%lld",
			 (unsigned long long)r->run, r->p, r->string, (long long)reply->integer);
	if (reply->kind == REPLY_INTEGER && reply->integer < 0 && r->run != 0 &&
	    r->string < r->settled_cap[r->p])
		r->settled[r->p][r->string] = 1;
	if (reply->kind == REPLY_INTEGER)
		r->string++;
	timer_arm_ms(k->loop, &k->reconcile, RECONCILE_PAUSE_MS);
}

static bool
is_settled(struct kept *r, unsigned p, uint32_t string)
{
	if (string >= r->settled_cap[p]) {
		uint32_t cap = string + 256;

		r->settled[p] = xrealloc(r->settled[p], cap);
		memset(r->settled[p] + r->settled_cap[p], 0, cap - r->settled_cap[p]);
		r->settled_cap[p] = cap;
	}
	return r->settled[p][string] != 0;
}

/* The run's next string that may have something left. False: there is none. */
static bool
reconcile_one(struct kept *r)
{
	struct argv a = {0};

	while (r->p < PARTITIONS_MAX) {
		if ((uint64_t)r->string * RECORDS_PER_STRING >= r->cursor[r->p]) {
			r->p++;
			r->string = 0;
		} else if (is_settled(r, r->p, r->string)) {
			r->string++;
		} else {
			break;
		}
	}
	if (r->p >= PARTITIONS_MAX)
		return false;
	argv_add_int(&a, (int64_t)r->run);
	argv_add_int(&a, r->p);
	argv_add_int(&a, r->string);
	r->keeper->is_waiting = true;
	engine_call(r->keeper->engine, "reconcile", &a, on_reconciled, r);
	argv_free(&a);
	return true;
}

static void
reconcile_next(struct keeper *k)
{
	if (k->is_waiting)
		return;
	while (k->at < KEPT_MAX) {
		if (k->kept[k->at].run != 0 && reconcile_one(&k->kept[k->at]))
			return;
		k->at++;
	}
}

static void
on_reconcile(struct timer *t, void *arg)
{
	(void)t;
	reconcile_next(arg);
}

static void
reconcile_start(struct keeper *k)
{
	int64_t now = clock_mono_ms();

	if (k->reconciled_ms != 0 && now - k->reconciled_ms < RECONCILE_EVERY_MS)
		return;
	if (k->is_waiting || (k->reconciled_ms != 0 && k->at < KEPT_MAX))
		return; /* the last one is still under way */
	k->reconciled_ms = now;
	k->at = 0;
	for (size_t i = 0; i < KEPT_MAX; i++) {
		k->kept[i].p = 0;
		k->kept[i].string = 0;
	}
	reconcile_next(k);
}

/* ---- rounds ---- */

static void
on_runs(void *arg, const struct reply *reply)
{
	struct keeper *k = arg;

	k->is_asking = false;
	if (reply->kind != REPLY_ARRAY || !k->is_open)
		return;
	for (size_t i = 0; i < KEPT_MAX; i++)
		k->kept[i].is_seen = false;
	for (size_t i = 0; i < reply->count; i++) {
		int64_t run = 0;
		struct kept *r;

		if (!slice_to_i64(reply_item(reply, i)->str, &run) || run <= 0)
			continue;
		r = kept_get(k, (uint64_t)run);
		if (r == NULL) {
			log_error("runs=%zu result=too-many-open todo=finish some of them",
				  reply->count);
			break; /* the others come when one is over */
		}
		r->is_seen = true;
		ask_progress(r);
	}
	for (size_t i = 0; i < KEPT_MAX; i++)
		if (k->kept[i].run != 0 && !k->kept[i].is_seen)
			kept_clear(&k->kept[i]);
	reconcile_start(k);
}

static void
on_round(struct timer *t, void *arg)
{
	struct keeper *k = arg;
	struct slice v[4] = {SLICE("ZRANGE"), slice_of(key_prefix_runs), SLICE("0"), SLICE("-1")};

	(void)t;
	timer_arm_ms(k->loop, &k->round, ROUND_MS);
	if (!k->is_open || k->is_asking)
		return;
	k->is_asking = true;
	redis_command(engine_redis(k->engine), v, 4, on_runs, k);
}

struct keeper *
keeper_new(struct loop *l, struct engine *e, struct run_views *vs)
{
	struct keeper *k = xcalloc(1, sizeof(*k));

	k->loop = l;
	k->engine = e;
	k->views = vs;
	for (size_t i = 0; i < KEPT_MAX; i++) {
		k->kept[i].keeper = k;
		timer_init(&k->kept[i].step, on_step_timer, &k->kept[i]);
	}
	timer_init(&k->round, on_round, k);
	timer_init(&k->reconcile, on_reconcile, k);
	return k;
}

void
keeper_free(struct keeper *k)
{
	timer_disarm(k->loop, &k->round);
	timer_disarm(k->loop, &k->reconcile);
	for (size_t i = 0; i < KEPT_MAX; i++)
		kept_clear(&k->kept[i]);
	free(k);
}

void
keeper_open(struct keeper *k)
{
	k->is_open = true;
	k->reconciled_ms = 0;
	/* Redis may have come back with an older past: nothing is known to be settled, or frozen. */
	for (size_t i = 0; i < KEPT_MAX; i++) {
		forget_settled(&k->kept[i]);
		k->kept[i].is_frozen = false;
	}
	timer_arm_ms(k->loop, &k->round, 0);
}

void
keeper_shut(struct keeper *k)
{
	k->is_open = false;
	timer_disarm(k->loop, &k->round);
}

void
keeper_wake(struct keeper *k)
{
	int64_t soon_us = clock_mono_us() + ROUND_AFTER_TICK_MS * 1000;

	/* Never later than it is due already: ticks may come faster than rounds. */
	if (k->is_open && (!timer_is_armed(&k->round) || k->round.due_us > soon_us))
		timer_arm_ms(k->loop, &k->round, ROUND_AFTER_TICK_MS);
}
