/* SPDX-License-Identifier: MIT */
/* A campaign that fires by a schedule: what it says of it, and one of its runs. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/campaign/series.h"
#include "dispatcher/campaign/window.h"

#define SHOWN_MAX 50 /* occurrences that are over */

/* ---- what is shown ---- */

static void
add_time(json_t *out, const char *key, int64_t unix_s)
{
	char text[32];

	clock_format_vn(unix_s, text);
	json_object_set_new(out, key, json_string(text));
}

/* [due s, its own time or '', run or '', why it was missed or ''] */
static json_t *
occurrence_json(const struct reply *one)
{
	json_t *out = json_object();
	int64_t run = reply_int(one, 2), first_s = reply_int(one, 1);

	add_time(out, "due", reply_int(one, 0));
	if (first_s != 0)
		add_time(out, "put_off_from", first_s);
	if (run != 0)
		json_object_set_new(out, "run", json_integer(run));
	else
		json_object_set_new(out, "missed", json_of_slice(reply_item(one, 3)->str));
	return out;
}

static void
add_occurrences(json_t *out, const struct reply *r)
{
	const struct reply *list = reply_item(r, 2);
	json_t *all = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(all, occurrence_json(reply_item(list, i)));
	json_object_set_new(out, "fired", json_integer(reply_item(r, 0)->integer));
	json_object_set_new(out, "missed", json_integer(reply_item(r, 1)->integer));
	json_object_set_new(out, "occurrences", all);
}

void
api_add_days(const struct daemon *d, const struct campaign *c, json_t *out)
{
	int64_t from_s = c->due_s != 0 ? c->due_s : clock_wall_ms() / 1000;
	json_t *outlook = series_outlook(c, d->config->days, from_s), *warnings;

	if (outlook == NULL && strcmp(c->state, "scheduled") == 0)
		outlook = day_outlook(d->config->days, c->due_s);
	if (outlook == NULL)
		return;
	warnings = json_object_get(out, "warnings");
	if (warnings == NULL)
		json_object_set(out, "warnings", json_object_get(outlook, "warnings"));
	else
		json_array_extend(warnings, json_object_get(outlook, "warnings"));
	if (json_object_get(outlook, "next") != NULL)
		json_object_set(out, "next", json_object_get(outlook, "next"));
	json_decref(outlook);
}

void
api_add_window(const struct daemon *d, const struct campaign *c, double needed_s, uint64_t messages,
	       json_t *warnings)
{
	const struct window w = {c->smooth_until, c->finish_by};
	int64_t now_s = clock_wall_ms() / 1000, at_s = c->due_s;
	struct err_ctx e;

	if (at_s == 0 && c->schedule[0] != '\0' &&
	    series_next(c, d->config->days, now_s, &at_s, &e) != ERR_OK)
		at_s = 0; /* who launches it is told */
	if (at_s == 0)
		at_s = now_s;
	if (c->speed > 0 && (double)messages / (double)c->speed > needed_s)
		needed_s = (double)messages / (double)c->speed;
	window_add_warnings(&w, config_class(d->config, c->class), at_s, needed_s, messages,
			    warnings);
}

static void
add_schedule(const struct daemon *d, const struct campaign *c, json_t *out)
{
	json_t *spec = json_loads(c->schedule, 0, NULL);

	if (spec != NULL)
		json_object_set_new(out, "schedule", spec);
	if (c->first_s != 0)
		add_time(out, "put_off_from", c->first_s);
	if (c->is_waiting)
		json_object_set_new(out, "waits_for_run", json_true());
	api_add_days(d, c, out);
}

void
api_add_late(const struct campaign *c, json_t *out)
{
	window_add_json(&(struct window){c->smooth_until, c->finish_by}, out);
	if (c->late_s > 0)
		json_object_set_new(out, "late",
				    json_pack("{s:s, s:I}", "then", c->late_then, "within_min",
					      (json_int_t)(c->late_s / 60)));
}

struct showing {
	struct http_exchange *x;
	json_t *out;
};

static void
on_occurrences(void *arg, const struct reply *r)
{
	struct showing *s = arg;

	if (r->kind == REPLY_ARRAY) {
		add_occurrences(s->out, r);
		http_answer_json(s->x, 200, s->out);
	} else {
		json_decref(s->out);
		api_answer_reply(s->x, r);
	}
	free(s);
}

void
api_answer_schedule(const struct daemon *d, struct http_exchange *x, const struct campaign *c,
		    json_t *take_out)
{
	struct showing *s = xcalloc(1, sizeof(*s));
	struct argv a = {0};

	*s = (struct showing){x, take_out};
	add_schedule(d, c, take_out);
	argv_add_int(&a, (int64_t)c->id);
	argv_add_int(&a, SHOWN_MAX);
	engine_call(d->engine, "occurrences", &a, on_occurrences, s);
	argv_free(&a);
}

/* ---- one of its runs ---- */

struct of_run {
	struct engine *engine;
	bool is_bad;  /* what was asked for is no number */
	uint64_t run; /* 0 = the newest */
	struct campaign *campaign;
	campaign_cb cb;
	void *arg;
};

static void
of_run_end(struct of_run *o, const struct err_ctx *e)
{
	if (e != NULL) {
		campaign_free(o->campaign);
		o->campaign = NULL;
	}
	o->cb(o->arg, o->campaign, e);
	free(o);
}

static void
on_picked(void *arg, const struct err_ctx *e)
{
	of_run_end(arg, e);
}

static void
on_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct of_run *o = arg;
	struct err_ctx bad;

	o->campaign = c;
	if (c != NULL && o->is_bad) {
		err_set(&bad, ERR_INPUT, "run", "see loa campaign show", "is no number of a run");
		of_run_end(o, &bad);
	} else if (c == NULL || o->run == 0) {
		of_run_end(o, e);
	} else {
		campaign_pick_run(o->engine, c, o->run, on_picked, o);
	}
}

void
api_campaign_of_run(struct api *a, struct http_exchange *x, const char *id, campaign_cb cb,
		    void *arg)
{
	struct of_run *o = xcalloc(1, sizeof(*o));
	const char *run = http_query(x, "run");
	int64_t number = 0;

	*o = (struct of_run){.engine = a->daemon->engine, .cb = cb, .arg = arg};
	o->is_bad = run != NULL && (!slice_to_i64(slice_of(run), &number) || number < 1);
	o->run = o->is_bad ? 0 : (uint64_t)number;
	campaign_load(o->engine, id, on_campaign, o);
}
