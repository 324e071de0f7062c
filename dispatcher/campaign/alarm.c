/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/alarm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/campaign/looked.h"

#define LOOK_MS 10000 /* at least so often: Redis's clock may be set */
#define AGAIN_MS 1000 /* after Redis did not answer */
#define AFTER_TICK_MS 20
#define DAY_MINUTES 1440

int64_t
class_opens_s(const struct class_policy *c, int64_t at_s)
{
	int minute = clock_minute_of_day_vn(at_s);
	int wait = (c->hours_from - minute + DAY_MINUTES) % DAY_MINUTES;

	return class_is_open(c, minute) ? at_s : at_s - at_s % 60 + (int64_t)wait * 60;
}

/* ---- a campaign gets its time ---- */

struct scheduling {
	struct engine *engine;
	const struct config *config;
	uint64_t campaign;
	int64_t due_s, sends_from_s;
	campaign_scheduled_cb cb;
	void *arg;
};

static void
scheduling_end(struct scheduling *s, const struct err_ctx *e)
{
	s->cb(s->arg, s->due_s, s->sends_from_s, e);
	free(s);
}

static void
on_scheduled(void *arg, const struct reply *r)
{
	struct scheduling *s = arg;
	struct slice what = reply_item(r, 0)->str;
	struct err_ctx e;
	char now[32];

	if (r->kind == REPLY_ARRAY && slice_is(what, "scheduled")) {
		clock_format_vn(s->due_s, now);
		log_info("campaign=%" PRIu64 " act=schedule result=%s", s->campaign, now);
		scheduling_end(s, NULL);
		return;
	}
	clock_format_vn(reply_item(r, 1)->integer, now);
	if (r->kind != REPLY_ARRAY)
		err_set(&e, ERR_UNREACHABLE, "Redis", "look at the campaign, then try again",
			"%.*s", (int)r->str.n, r->str.p);
	else if (slice_is(what, "past"))
		err_set(&e, ERR_INPUT, "at", "give a later time, or none to launch it now",
			"is not in the future: it is %s", now);
	else if (slice_is(what, "far"))
		err_set(&e, ERR_INPUT, "at", "give an earlier time", "is more than two years away");
	else
		err_set(&e, ERR_CONFLICT, "campaign", "clone it to send again",
			"is %.*s: only a draft can be given a time", (int)what.n, what.p);
	scheduling_end(s, &e);
}

static void
on_ready(void *arg, struct ready_campaign *r, const struct err_ctx *e)
{
	struct scheduling *s = arg;
	const struct class_policy *class;
	struct argv a = {0};
	struct err_ctx none;

	if (r == NULL) {
		scheduling_end(s, e);
		return;
	}
	class = config_class(s->config, r->campaign->class);
	if (class == NULL) {
		err_set(&none, ERR_REFUSED, "class", "", "the policy knows its class no more");
		scheduling_end(s, &none);
	} else {
		s->sends_from_s = class_opens_s(class, s->due_s);
		s->campaign = r->campaign->id;
		argv_add_int(&a, (int64_t)s->campaign);
		argv_add_int(&a, s->due_s);
		/* Not told again after Redis was away: it might undo an unschedule. */
		engine_call(s->engine, "schedule", &a, on_scheduled, s);
		argv_free(&a);
	}
	ready_campaign_free(r);
}

void
campaign_schedule(struct engine *e, const struct config *c, const char *id_or_name, int64_t due_s,
		  campaign_scheduled_cb cb, void *arg)
{
	struct scheduling *s = xcalloc(1, sizeof(*s));

	*s = (struct scheduling){.engine = e, .config = c, .due_s = due_s, .cb = cb, .arg = arg};
	campaign_looked(e, c, id_or_name, true, on_ready, s);
}

/* ---- and is fired ---- */

struct alarm {
	struct loop *loop;
	struct engine *engine;
	const struct config *config;
	bool is_open;
	bool is_busy; /* a question or a launch is under way */
	struct timer look;
	/* The one that is being launched. */
	int64_t campaign, due_s;
};

static void
rest(struct alarm *a, int64_t ms)
{
	a->is_busy = false;
	if (a->is_open)
		timer_arm_ms(a->loop, &a->look, ms);
}

static void
on_missed(void *arg, const struct reply *r)
{
	(void)r;
	rest(arg, 0);
}

static void
on_fired(void *arg, uint64_t run, const struct err_ctx *e)
{
	struct alarm *al = arg;
	struct argv a = {0};
	char problem[600];

	if (e == NULL) {
		log_info("campaign=%" PRId64 " run=%" PRIu64 " act=scheduled result=launched",
			 al->campaign, run);
		rest(al, 0);
		return;
	}
	if (e->code == ERR_UNREACHABLE || !al->is_open) {
		rest(al, AGAIN_MS);
		return;
	}
	snprintf(problem, sizeof(problem), "%s%s%s", e->what, e->what[0] != '\0' ? ": " : "",
		 e->why);
	log_error("campaign=%" PRId64 " act=scheduled result=missed why=%s", al->campaign, problem);
	argv_add_int(&a, al->campaign);
	argv_add_int(&a, al->due_s);
	argv_adds(&a, problem);
	engine_sure(al->engine, "missed", &a, false, on_missed, al);
	argv_free(&a);
}

static void
on_due(void *arg, const struct reply *r)
{
	struct alarm *al = arg;
	struct slice what = reply_item(r, 0)->str;
	int64_t ms = reply_item(r, 1)->integer;
	char id[24];

	if (r->kind != REPLY_ARRAY || !al->is_open) {
		rest(al, AGAIN_MS);
	} else if (slice_is(what, "fire")) {
		slice_to_i64(reply_item(r, 1)->str, &al->campaign);
		al->due_s = reply_item(r, 2)->integer;
		snprintf(id, sizeof(id), "%" PRId64, al->campaign);
		campaign_launch_due(al->engine, al->config, id, al->due_s, on_fired, al);
	} else if (slice_is(what, "missed")) {
		log_error("campaign=%.*s act=scheduled result=missed why=late todo=launch it",
			  (int)reply_item(r, 1)->str.n, reply_item(r, 1)->str.p);
		rest(al, 0);
	} else {
		rest(al, slice_is(what, "sleep") && ms < LOOK_MS ? ms : LOOK_MS);
	}
}

static void
on_look(struct timer *t, void *arg)
{
	struct alarm *al = arg;
	struct argv a = {0};

	(void)t;
	if (!al->is_open || al->is_busy)
		return;
	al->is_busy = true;
	engine_call(al->engine, "due", &a, on_due, al);
}

struct alarm *
alarm_new(struct loop *l, struct engine *e, const struct config *c)
{
	struct alarm *a = xcalloc(1, sizeof(*a));

	a->loop = l;
	a->engine = e;
	a->config = c;
	timer_init(&a->look, on_look, a);
	return a;
}

void
alarm_free(struct alarm *a)
{
	timer_disarm(a->loop, &a->look);
	free(a);
}

void
alarm_set_config(struct alarm *a, const struct config *c)
{
	a->config = c;
}

void
alarm_open(struct alarm *a)
{
	a->is_open = true;
	timer_arm_ms(a->loop, &a->look, 0);
}

void
alarm_shut(struct alarm *a)
{
	a->is_open = false;
	timer_disarm(a->loop, &a->look);
}

void
alarm_wake(struct alarm *a)
{
	int64_t soon_us = clock_mono_us() + AFTER_TICK_MS * 1000;

	if (a->is_open && !a->is_busy && (!timer_is_armed(&a->look) || a->look.due_us > soon_us))
		timer_arm_ms(a->loop, &a->look, AFTER_TICK_MS);
}
