/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/launched.h"

#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/store/keys.h"

#define AT_A_TIME "500"
#define UNIT_DEFAULT 1 /* of what was there before there were units */

struct launched_load {
	struct engine *engine;
	struct launched_callbacks cbs;
	struct launched_run *runs;
	size_t count, cap;
	size_t pending;
	char cursor[24];
	bool has_failed;
	struct err_ctx why;
};

/* A campaign, while its runs are asked for: one that recurs has several. */
struct asked_campaign {
	struct launched_load *load;
	struct launched_run of; /* run = its newest */
};

static void
run_free(struct launched_run *r)
{
	free(r->name);
	free(r->goal);
	free(r->event);
	free(r->class);
}

void
launched_runs_free(struct launched_run *runs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		run_free(&runs[i]);
	free(runs);
}

static void ask_names(struct launched_load *ld);

static int
by_run(const void *a, const void *b)
{
	const struct launched_run *x = a, *y = b;

	return (x->run > y->run) - (x->run < y->run);
}

/* A cursor may bring a campaign twice. */
static void
drop_repeated(struct launched_load *ld)
{
	size_t n = 0;

	if (ld->count == 0)
		return;
	qsort(ld->runs, ld->count, sizeof(*ld->runs), by_run);
	for (size_t i = 1; i < ld->count; i++)
		if (ld->runs[i].run == ld->runs[n].run)
			run_free(&ld->runs[i]);
		else
			ld->runs[++n] = ld->runs[i];
	ld->count = n + 1;
}

/* One answer less. */
static void
got(struct launched_load *ld)
{
	if (--ld->pending > 0)
		return;
	if (!ld->has_failed && strcmp(ld->cursor, "0") != 0) {
		ask_names(ld);
		return;
	}
	if (ld->has_failed) {
		launched_runs_free(ld->runs, ld->count);
		ld->cbs.on_done(ld->cbs.arg, NULL, 0, &ld->why);
	} else {
		drop_repeated(ld);
		ld->cbs.on_done(ld->cbs.arg, ld->runs, ld->count, NULL);
	}
	free(ld);
}

static bool
is_array(struct launched_load *ld, const struct reply *r)
{
	if (r->kind == REPLY_ARRAY)
		return true;
	if (!ld->has_failed && reply_fail(r, &ld->why) != ERR_OK)
		ld->has_failed = true;
	return false;
}

static void
add_run(struct launched_load *ld, const struct launched_run *of, uint64_t run)
{
	if (ld->count == ld->cap) {
		ld->cap = ld->cap == 0 ? 64 : 2 * ld->cap;
		ld->runs = xrealloc(ld->runs, ld->cap * sizeof(*ld->runs));
	}
	ld->runs[ld->count++] = (struct launched_run){.run = run,
						      .unit = of->unit,
						      .name = xstrdup(of->name),
						      .goal = xstrdup(of->goal),
						      .event = xstrdup(of->event),
						      .class = xstrdup(of->class)};
}

static void
on_runs(void *arg, const struct reply *r)
{
	struct asked_campaign *c = arg;
	struct launched_load *ld = c->load;

	/* None: it was removed meanwhile. */
	if (r->kind == REPLY_ARRAY || !reply_is_good(r)) {
		for (size_t i = 0; is_array(ld, r) && i < r->count; i++)
			add_run(ld, &c->of, reply_u64(r, i));
	}
	run_free(&c->of);
	free(c);
	got(ld);
}

static void
ask_runs(struct launched_load *ld, struct launched_run of, struct slice name)
{
	struct asked_campaign *c = xcalloc(1, sizeof(*c));
	struct argv a = {0};

	c->load = ld;
	c->of = of;
	ld->pending++;
	argv_add(&a, name);
	engine_call(ld->engine, "campaign_runs", &a, on_runs, c);
	argv_free(&a);
}

static char *
text_of(const struct reply *r, size_t i)
{
	struct slice s = reply_item(r, i)->str;

	return xmemdup0(s.p != NULL ? s.p : "", s.n);
}

/* name, unit, run, goal, event, class */
static void
take_campaign(struct launched_load *ld, const struct reply *r)
{
	uint64_t unit = reply_u64(r, 1), run = reply_u64(r, 2);
	struct launched_run of = {.run = run, .unit = unit > 0 ? unit : UNIT_DEFAULT};

	if (run == 0 ||
	    !ld->cbs.is_wanted(ld->cbs.arg, of.unit, reply_item(r, 3)->str, reply_item(r, 4)->str))
		return;
	of.name = text_of(r, 0);
	of.goal = text_of(r, 3);
	of.event = text_of(r, 4);
	of.class = text_of(r, 5);
	ask_runs(ld, of, reply_item(r, 0)->str);
}

static void
on_campaign(void *arg, const struct reply *r)
{
	struct launched_load *ld = arg;

	if (is_array(ld, r))
		take_campaign(ld, r);
	got(ld);
}

/* name → number of each campaign */
static void
on_names(void *arg, const struct reply *r)
{
	struct launched_load *ld = arg;
	const struct reply *fields = reply_item(r, 1);
	struct slice v[8] = {SLICE("HMGET"), {NULL, 0},	    SLICE("name"),  SLICE("unit"),
			     SLICE("run"),   SLICE("goal"), SLICE("event"), SLICE("class")};
	char key[KEY_MAX], id[24];

	if (is_array(ld, r)) {
		slice_copy(ld->cursor, sizeof(ld->cursor), reply_item(r, 0)->str);
		for (size_t i = 0; i + 1 < fields->count; i += 2) {
			slice_copy(id, sizeof(id), reply_item(fields, i + 1)->str);
			v[1] = slice_of(key_of(key, key_prefix_campaign, id));
			ld->pending++;
			redis_command(engine_bulk(ld->engine), v, 8, on_campaign, ld);
		}
	}
	got(ld);
}

static void
ask_names(struct launched_load *ld)
{
	struct slice v[5] = {
		SLICE("HSCAN"), {NULL, 0}, slice_of(ld->cursor), SLICE("COUNT"), SLICE(AT_A_TIME)};
	char key[KEY_MAX];

	v[1] = slice_of(key_of(key, key_prefix_names, "campaign"));
	ld->pending++;
	redis_command(engine_bulk(ld->engine), v, 5, on_names, ld);
}

void
launched_load(struct engine *e, const struct launched_callbacks *cbs)
{
	struct launched_load *ld = xcalloc(1, sizeof(*ld));

	ld->engine = e;
	ld->cbs = *cbs;
	ld->cursor[0] = '0';
	ask_names(ld);
}
