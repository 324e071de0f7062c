/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/alarm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/campaign/approval.h"
#include "dispatcher/campaign/looked.h"
#include "dispatcher/campaign/series.h"
#include "dispatcher/campaign/window.h"

#define LOOK_MS 10000 /* at least so often: Redis's clock may be set */
#define AGAIN_MS 1000 /* after Redis did not answer */
#define TRY_AGAIN_S 5 /* after it could not be launched for what may pass */
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
	struct campaign *campaign; /* NULL = not read yet */
	bool is_series;		   /* due_s is found by its schedule */
	int64_t due_s;
	campaign_scheduled_cb cb;
	void *arg;
};

static void
scheduling_end(struct scheduling *s, const struct err_ctx *e)
{
	struct scheduled out = {.due_s = s->due_s};
	const struct class_policy *class;

	if (e == NULL) {
		class = config_class(s->config, s->campaign->class);
		out.sends_from_s = class != NULL ? class_opens_s(class, s->due_s) : s->due_s;
		out.outlook = series_outlook(s->campaign, s->config->days, s->due_s);
		if (out.outlook == NULL)
			out.outlook = day_outlook(s->config->days, s->due_s);
	}
	s->cb(s->arg, &out, e);
	json_decref(out.outlook);
	campaign_free(s->campaign);
	free(s);
}

static void
refuse_time(const struct reply *r, struct err_ctx *e)
{
	struct slice what = reply_item(r, 0)->str;
	char now[32];

	clock_format_vn(reply_item(r, 1)->integer, now);
	if (r->kind != REPLY_ARRAY)
		err_set(e, ERR_UNREACHABLE, "Redis", "look at the campaign, then try again", "%.*s",
			(int)r->str.n, r->str.p);
	else if (slice_is(what, "past"))
		err_set(e, ERR_INPUT, "at", "give a later time, or none to launch it now",
			"is not in the future: it is %s", now);
	else if (slice_is(what, "far"))
		err_set(e, ERR_INPUT, "at", "give an earlier time", "is more than two years away");
	else if (slice_is(what, "known"))
		err_set(e, ERR_CONFLICT, "schedule", "look at the campaign",
			"has fired at this time already");
	else
		campaign_not_in(what, e);
}

static void on_scheduled(void *arg, const struct reply *r);

/* Not told again after Redis was away: it might undo an unschedule. */
static void
ask_schedule(struct scheduling *s)
{
	struct window w = {s->campaign->smooth_until, s->campaign->finish_by};
	struct argv a = {0};
	struct err_ctx e;

	/* due_s 0 asks Redis what time it is. */
	if (s->due_s != 0 &&
	    window_check(&w, config_class(s->config, s->campaign->class), s->due_s, &e) != ERR_OK) {
		scheduling_end(s, &e);
		return;
	}
	argv_add_int(&a, (int64_t)s->campaign->id);
	argv_add_int(&a, s->due_s);
	engine_call(s->engine, "schedule", &a, on_scheduled, s);
	argv_free(&a);
}

/* By the clock of Redis, which the answer that it is past has brought. */
static void
ask_next(struct scheduling *s, int64_t now_s)
{
	struct err_ctx e;

	if (series_next(s->campaign, s->config->days, now_s + 1, &s->due_s, &e) != ERR_OK ||
	    (s->due_s == 0 && series_is_over(s->campaign, s->config->days, &e) != ERR_OK))
		scheduling_end(s, &e);
	else
		ask_schedule(s);
}

static void
on_scheduled(void *arg, const struct reply *r)
{
	struct scheduling *s = arg;
	struct slice what = reply_item(r, 0)->str;
	struct err_ctx e;
	char due[32];

	if (r->kind == REPLY_ARRAY && slice_is(what, "scheduled")) {
		clock_format_vn(s->due_s, due);
		log_info("campaign=%" PRIu64 " act=schedule result=%s", s->campaign->id, due);
		scheduling_end(s, NULL);
	} else if (s->is_series && r->kind == REPLY_ARRAY &&
		   (slice_is(what, "past") || slice_is(what, "known"))) {
		ask_next(s, slice_is(what, "past") ? reply_item(r, 1)->integer : s->due_s);
	} else {
		refuse_time(r, &e);
		scheduling_end(s, &e);
	}
}

static void
on_ready(void *arg, struct ready_campaign *r, const struct err_ctx *e)
{
	struct scheduling *s = arg;
	struct err_ctx none;

	if (r == NULL) {
		scheduling_end(s, e);
		return;
	}
	if (approval_check(s->config, r, NULL, &none) != ERR_OK) {
		ready_campaign_free(r);
		scheduling_end(s, &none);
		return;
	}
	s->campaign = r->campaign;
	r->campaign = NULL;
	ready_campaign_free(r);
	if (config_class(s->config, s->campaign->class) == NULL)
		err_set(&none, ERR_REFUSED, "class", "", "the policy knows its class no more");
	else if (s->is_series && s->campaign->schedule[0] == '\0')
		err_set(&none, ERR_CONFLICT, "campaign", "give it a time", "has no schedule");
	else if (!s->is_series && s->campaign->schedule[0] != '\0')
		err_set(&none, ERR_CONFLICT, "at", "launch it without a time",
			"contradicts its schedule");
	else {
		ask_schedule(s);
		return;
	}
	scheduling_end(s, &none);
}

void
campaign_schedule(struct engine *e, const struct config *c, const char *id_or_name, int64_t due_s,
		  campaign_scheduled_cb cb, void *arg)
{
	struct scheduling *s = xcalloc(1, sizeof(*s));

	*s = (struct scheduling){.engine = e,
				 .config = c,
				 .is_series = due_s == 0,
				 .due_s = due_s,
				 .cb = cb,
				 .arg = arg};
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
	/* The one that is being launched, or was not in time. */
	int64_t campaign, due_s;
	int64_t late_s;	   /* how much it is late */
	bool has_waited;   /* for the run before it */
	char problem[600]; /* why it could not be launched; "" = it was late */
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
	rest(arg, r->kind == REPLY_ERROR ? AGAIN_MS : 0);
}

/* Why nobody fired it, for people. */
static void
say_late(struct alarm *al, const struct campaign *c)
{
	int64_t minutes = (c->late_s > 0 ? c->late_s : 3600) / 60;

	if (al->problem[0] != '\0')
		return;
	if (al->has_waited)
		snprintf(al->problem, sizeof(al->problem),
			 "the run before it went on for more than %" PRId64
			 " minutes after its time",
			 minutes);
	else if (minutes == 60)
		snprintf(al->problem, sizeof(al->problem),
			 "no server was running at its time, nor in the hour after it");
	else
		snprintf(al->problem, sizeof(al->problem),
			 "no server was running at its time, nor in the %" PRId64
			 " minutes after it",
			 minutes);
}

static void
give_up(struct alarm *al, const struct campaign *c, int64_t next_s)
{
	struct argv a = {0};

	log_error("campaign=%" PRId64 " act=scheduled result=missed why=%s", al->campaign,
		  al->problem);
	argv_add_int(&a, al->campaign);
	argv_add_int(&a, al->due_s);
	argv_adds(&a, al->problem);
	if (c->schedule[0] != '\0' && next_s != 0)
		argv_add_int(&a, next_s);
	else if (c->schedule[0] != '\0')
		argv_adds(&a, "");
	engine_sure(al->engine, "missed", &a, false, on_missed, al);
	argv_free(&a);
}

static void
put_off(struct alarm *al, int64_t to_s)
{
	struct argv a = {0};
	char to[32];

	clock_format_vn(to_s, to);
	log_info("campaign=%" PRId64 " act=scheduled result=put-off to=%s why=%s", al->campaign, to,
		 al->problem);
	argv_add_int(&a, al->campaign);
	argv_add_int(&a, al->due_s);
	argv_add_int(&a, to_s);
	engine_sure(al->engine, "put_off", &a, false, on_missed, al);
	argv_free(&a);
}

/* An occurrence that was not fired: what its policy says, and the one after it. */
static void
on_not_fired(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct alarm *al = arg;
	bool was_late = al->problem[0] == '\0';
	int64_t next_s = 0, to_s = 0;
	struct err_ctx bad;

	if (c == NULL) {
		log_error("campaign=%" PRId64 " act=scheduled result=unknown why=%s", al->campaign,
			  e->why);
		rest(al, AGAIN_MS);
		return;
	}
	say_late(al, c);
	if (c->schedule[0] != '\0' &&
	    series_next(c, al->config->days, al->due_s + 1, &next_s, &bad) != ERR_OK)
		snprintf(al->problem, sizeof(al->problem), "%s: %s", bad.what, bad.why);
	else if (was_late)
		to_s = series_put_off(c, config_class(al->config, c->class), al->due_s + al->late_s,
				      next_s);
	if (to_s != 0)
		put_off(al, to_s);
	else
		give_up(al, c, next_s);
	campaign_free(c);
}

static void
not_fired(struct alarm *al)
{
	char id[24];

	snprintf(id, sizeof(id), "%" PRId64, al->campaign);
	campaign_load(al->engine, id, on_not_fired, al);
}

/* What another moment may mend: somebody changes its list, or a disk is full. Until it is late. */
static void
try_again(struct alarm *al)
{
	struct argv a = {0};

	log_warn("campaign=%" PRId64 " act=scheduled result=again-in-%ds why=%s", al->campaign,
		 TRY_AGAIN_S, al->problem);
	argv_add_int(&a, al->campaign);
	argv_add_int(&a, al->due_s);
	argv_adds(&a, al->problem);
	argv_add_int(&a, TRY_AGAIN_S);
	engine_call(al->engine, "try_again", &a, on_missed, al);
	argv_free(&a);
}

static void
on_fired(void *arg, uint64_t run, const struct err_ctx *e)
{
	struct alarm *al = arg;

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
	snprintf(al->problem, sizeof(al->problem), "%s%s%s", e->what,
		 e->what[0] != '\0' ? ": " : "", e->why);
	if (e->code == ERR_CONFLICT || e->code == ERR_SYSTEM)
		try_again(al);
	else
		not_fired(al);
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
	} else if (slice_is(what, "fire") || slice_is(what, "late")) {
		slice_to_i64(reply_item(r, 1)->str, &al->campaign);
		al->due_s = reply_item(r, 2)->integer;
		al->late_s = reply_int(r, 3) / 1000;
		al->has_waited = reply_int(r, 4) != 0;
		slice_copy(al->problem, sizeof(al->problem), reply_item(r, 5)->str);
		snprintf(id, sizeof(id), "%" PRId64, al->campaign);
		if (slice_is(what, "fire"))
			campaign_launch_due(al->engine, al->config, id, al->due_s, on_fired, al);
		else
			not_fired(al);
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
