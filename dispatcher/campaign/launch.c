/* SPDX-License-Identifier: MIT */
/* A campaign becomes a run. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/campaign/approval.h"
#include "dispatcher/campaign/campaign.h"
#include "dispatcher/campaign/law.h"
#include "dispatcher/campaign/looked.h"
#include "dispatcher/campaign/series.h"
#include "dispatcher/campaign/sensitive.h"
#include "dispatcher/run/batch.h"
#include "dispatcher/run/lists.h"
#include "dispatcher/store/audit.h"
#include "dispatcher/store/keys.h"

struct launch {
	char name[LIST_NAME_MAX * 2]; /* or number, as it was asked for */
	struct engine *engine;
	const struct config *config;
	struct ready_campaign *r;
	int64_t run;   /* its number, if it comes to be */
	int64_t due_s; /* its time, that has come; 0 = a person launches it */
	struct launch_how how;
	char order[STANDING_ORDER_NAME_MAX + 1], reason[LAUNCH_REASON_MAX + 1]; /* how's */
	struct argv args;							/* of `launch` */
	campaign_launched_cb cb;
	void *arg;
};

static void
launch_end(struct launch *ln, uint64_t run, const struct err_ctx *e)
{
	ln->cb(ln->arg, run, e);
	ready_campaign_free(ln->r);
	argv_free(&ln->args);
	free(ln);
}

/* For a Redis that comes back older: the same launch once more. */
static void
journal_launch(const struct launch *ln, int64_t launched_s)
{
	struct slice v[ARGV_MAX];
	size_t n = argv_slices(&ln->args, v);
	struct argv a = {0};

	argv_add_int(&a, launched_s);
	for (size_t i = 0; i < n; i++)
		argv_add(&a, v[i]);
	engine_journal(ln->engine, "launch_again", &a);
	argv_free(&a);
}

static void
on_launched(void *arg, const struct reply *r)
{
	struct launch *ln = arg;
	struct slice state = reply_item(r, 0)->str;
	uint64_t run = (uint64_t)reply_item(r, 1)->integer;
	struct err_ctx e;

	if (!reply_is_good(r)) {
		err_set(&e, ERR_UNREACHABLE, "Redis", "look at the campaign, then launch again",
			"%.*s", (int)r->str.n, r->str.p);
		launch_end(ln, 0, &e);
	} else if (slice_is(state, "launched") || run != 0) {
		if (slice_is(state, "launched"))
			journal_launch(ln, reply_item(r, 2)->integer);
		launch_end(ln, run, NULL);
	} else if (slice_is(state, "over") || slice_is(state, "closed")) {
		err_set(&e, ERR_REFUSED, "finish_by", "give it another time",
			slice_is(state, "over") ? "the time is over by which it must be sent"
						: "comes before the hours of its class open");
		launch_end(ln, 0, &e);
	} else if (slice_is(state, "spent")) {
		struct slice why = reply_item(r, 2)->str;

		err_set(&e, ERR_REFUSED, "ceiling",
			"take its time away, return it, and have it approved with a higher one",
			"%.*s", (int)why.n, why.p);
		launch_end(ln, 0, &e);
	} else if (slice_is(state, "frozen")) {
		struct slice freeze = reply_item(r, 2)->str;

		err_set(&e, ERR_REFUSED, "finish_by", "give it another time, or end the freeze",
			"nothing may leave by then: %.*s", (int)freeze.n, freeze.p);
		launch_end(ln, 0, &e);
	} else if (slice_is(state, "sets gone")) {
		err_set(&e, ERR_CONFLICT, "campaign", "launch again",
			"what its segments ask for was kept for an hour, and that is over");
		launch_end(ln, 0, &e);
	} else if (slice_is(state, "changed")) {
		err_set(&e, ERR_CONFLICT, "campaign", "look at it, then launch again",
			"was changed meanwhile");
		launch_end(ln, 0, &e);
	} else if (slice_is(state, "not approved")) {
		err_set(&e, ERR_REFUSED, "campaign", "loa campaign show says by whom it is",
			"is not approved as its class needs it");
		launch_end(ln, 0, &e);
	} else {
		campaign_not_in(state, &e);
		launch_end(ln, 0, &e);
	}
}

static void
add_int(struct argv *a, const char *field, int64_t v)
{
	argv_adds(a, field);
	argv_add_int(a, v);
}

static void
add_text(struct argv *a, const char *field, const char *v)
{
	argv_adds(a, field);
	argv_adds(a, v);
}

void
caps_add(const struct class_policy *class, struct argv *a)
{
	if (class->cap_day > 0)
		add_int(a, "cap_day", class->cap_day);
	if (class->cap_week > 0)
		add_int(a, "cap_week", class->cap_week);
	if (class->is_cap_later)
		add_text(a, "cap_over", "later");
}

void
brake_add(const struct config *c, struct argv *a)
{
	add_int(a, "brake_min", c->brake_min);
	add_int(a, "brake_window", c->brake_window);
	add_int(a, "brake_message_pct", c->brake_message_pct);
	add_int(a, "brake_refused_pct", c->brake_refused_pct);
	add_int(a, "brake_doubt_pct", c->brake_doubt_pct);
}

/* May two messages differ in more than their numbers? */
static bool
texts_differ(const struct ready_campaign *r)
{
	struct block_want want = {0};

	rendering_want(r->rendering, &want);
	return block_next_wanted(&want, 0) < COLUMNS_MAX;
}

static bool
groups_by_text(const struct launch *ln, const struct route_choice *choice)
{
	for (unsigned i = 0; i < choice->count; i++) {
		const struct provider_config *pc =
			&ln->config->providers[ln->r->route.provider[choice->tariff[i]]];
		const struct capability *cap = pc->driver->capability(pc->account);

		if (cap->shape == SHAPE_ONE_TEXT && batch_needs_strings(cap))
			return true;
	}
	return false;
}

/*
 * With how few a run begins. A partition gets no fewer than its provider's smallest batch; where that
 * is of one text and there are many, as many as are looked through for those with equal ones.
 */
static void
add_canary(const struct launch *ln, struct argv *a)
{
	const struct campaign *c = ln->r->campaign;
	const struct route_plan *route = &ln->r->route;

	if (c->canary_messages == 0)
		return;
	add_text(a, "canary", c->is_canary_auto ? "auto" : "person");
	add_int(a, "canary_n", c->canary_messages);
	add_int(a, "canary_after_s", c->canary_after_s);
	for (unsigned p = 0; p < route->partitions; p++) {
		uint32_t least = route->choice[p].least;
		char field[16];

		if (groups_by_text(ln, &route->choice[p]) && texts_differ(ln->r))
			least = RECORDS_PER_STRING;
		snprintf(field, sizeof(field), "canary%u", p);
		if (least > 1)
			add_int(a, field, least);
	}
}

static void
add_queries(const struct campaign *c, struct argv *a)
{
	struct buf queries = {0};

	for (size_t i = 0; i < c->segment_count; i++) {
		buf_addc(&queries, i > 0 ? ',' : '[');
		json_add_string(&queries, slice_of(c->queries[i]));
	}
	buf_addc(&queries, ']');
	add_text(a, "queries", queries.data);
	buf_free(&queries);
}

/* The occurrence after this one; empty: there is none. */
static void
add_next(const struct launch *ln, struct argv *a)
{
	int64_t next_s = 0;
	struct err_ctx e;

	if (series_next(ln->r->campaign, ln->config->days, ln->due_s + 1, &next_s, &e) != ERR_OK)
		log_error("campaign=%" PRIu64 " act=scheduled result=last why=%s: %s",
			  ln->r->campaign->id, e.what, e.why);
	if (next_s != 0)
		add_int(a, "next_s", next_s);
	else
		add_text(a, "next_s", "");
}

static void
add_campaign(const struct launch *ln, const struct class_policy *class, struct argv *a)
{
	const struct campaign *c = ln->r->campaign;

	add_int(a, "campaign", (int64_t)c->id);
	add_text(a, "class", c->class);
	add_int(a, "unit", (int64_t)c->unit);
	add_int(a, "today", ln->r->today);
	add_text(a, "per", c->per == PER_ROW ? "row" : "phone");
	add_int(a, "hours_from", class->hours_from);
	add_int(a, "hours_to", class->hours_to);
	caps_add(class, a);
	law_add(class, a);
	if (class->wait_min > 0)
		add_int(a, "wait_min", class->wait_min);
	run_lists_add_fields(ln->r->list, c->of_query, c->segment_count, a);
	argv_adds(a, "template");
	argv_add(a, buf_slice(&ln->r->wording));
	add_int(a, "template_version", c->template_version);
	if (ln->due_s != 0)
		add_int(a, "due_s", ln->due_s);
	if (ln->due_s != 0 && c->schedule[0] != '\0')
		add_next(ln, a);
	approval_add(ln->config, ln->r, &ln->how, a);
	add_queries(c, a);
}

/* Its sets are beside it: now it can be there. */
static void
on_sets_written(void *arg, const struct err_ctx *why)
{
	struct launch *ln = arg;
	const struct class_policy *class = config_class(ln->config, ln->r->campaign->class);
	struct argv *a = &ln->args;
	struct buf lanes = {0};
	char key[KEY_MAX], id[24];
	struct err_ctx e;

	if (why != NULL || class == NULL) {
		err_set(&e, ERR_REFUSED, "launch", "try again",
			"the policy knows its class no more");
		launch_end(ln, 0, why != NULL ? why : &e);
		return;
	}
	snprintf(id, sizeof(id), "%" PRIu64, ln->r->campaign->id);
	route_plan_lanes(&ln->r->route, ln->config, &lanes);
	argv_adds(a, key_of(key, key_prefix_campaign, id));
	argv_add_int(a, ln->run);
	argv_add_int(a, class->priority);
	argv_adds(a, lanes.data);
	argv_add_int(a, ln->r->route.partitions);
	add_campaign(ln, class, a);
	sets_add_fields(ln->r->sets, a);
	route_plan_add(&ln->r->route, ln->config, a);
	brake_add(ln->config, a);
	add_canary(ln, a);
	engine_call(ln->engine, "launch", a, on_launched, ln);
	buf_free(&lanes);
}

static void
on_run_id(void *arg, const struct reply *r)
{
	struct launch *ln = arg;
	struct err_ctx e;

	ln->run = r->integer;
	if (r->kind != REPLY_INTEGER) {
		err_set(&e, ERR_UNREACHABLE, "launch", "try again", "Redis does not answer");
		launch_end(ln, 0, &e);
	} else if (sets_count(ln->r->sets) == 0) {
		on_sets_written(ln, NULL);
	} else {
		sets_write(ln->engine, (uint64_t)ln->run, ln->r->sets, on_sets_written, ln);
	}
}

static void
on_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct launch *ln = arg;
	struct slice v[4] = {SLICE("HINCRBY"), slice_of(key_prefix_seq), SLICE("run"), SLICE("1")};

	(void)n;
	if (e != NULL)
		launch_end(ln, 0, e);
	else
		redis_command(engine_redis(ln->engine), v, 4, on_run_id, ln);
}

/* What is sensitive in what it uses goes into the audit, whoever launches it. */
static void
on_ready(void *arg, struct ready_campaign *r, const struct err_ctx *e)
{
	struct launch *ln = arg;
	json_t *sensitive;
	char object[160];
	struct err_ctx refused;

	ln->r = r;
	if (r != NULL && approval_check(ln->config, r, ln->how.order, &refused) != ERR_OK) {
		launch_end(ln, 0, &refused);
		return;
	}
	sensitive = r != NULL ? sensitive_details(r) : NULL;
	if (sensitive == NULL) {
		if (r == NULL)
			launch_end(ln, 0, e);
		else
			on_audited(ln, 0, NULL);
		return;
	}
	snprintf(object, sizeof(object), "campaign:%s", r->campaign->name);
	audit_append(ln->engine, ln->due_s != 0 ? "the schedule" : "the launch",
		     "campaign.sensitive", object, sensitive, on_audited, ln);
}

/* What was sent by a schedule may be launched again, once it is a draft or has a time. */
static bool
has_begun(const struct campaign *c)
{
	static const char *const states[] = {"running", "paused", "finished", "cancelled"};

	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (strcmp(c->state, states[i]) == 0)
			return true;
	return false;
}

/* One that was launched needs no check any more: it answers with its run. */
static void
on_loaded(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct launch *ln = arg;
	uint64_t run = c != NULL && has_begun(c) ? c->run : 0;
	struct err_ctx none;

	if (c == NULL || run != 0) {
		launch_end(ln, run, e);
	} else if (!campaign_may(ln->due_s != 0 ? "fire" : "launch", c->state)) {
		campaign_not_in(slice_of(c->state), &none);
		launch_end(ln, 0, &none);
	} else {
		campaign_looked(ln->engine, ln->config, ln->name, false, on_ready, ln);
	}
	campaign_free(c);
}

static struct launch *
launch_new(struct engine *e, const struct config *c, const char *id_or_name,
	   campaign_launched_cb cb, void *arg)
{
	struct launch *ln = xcalloc(1, sizeof(*ln));

	ln->engine = e;
	ln->config = c;
	ln->cb = cb;
	ln->arg = arg;
	snprintf(ln->name, sizeof(ln->name), "%s", id_or_name);
	return ln;
}

void
campaign_launch_due(struct engine *e, const struct config *c, const char *id_or_name, int64_t due_s,
		    campaign_launched_cb cb, void *arg)
{
	struct launch *ln = launch_new(e, c, id_or_name, cb, arg);

	ln->due_s = due_s;
	campaign_load(e, id_or_name, on_loaded, ln);
}

void
campaign_launch(struct engine *e, const struct config *c, const char *id_or_name,
		const struct launch_how *how, campaign_launched_cb cb, void *arg)
{
	struct launch *ln = launch_new(e, c, id_or_name, cb, arg);

	ln->how = *how;
	if (how->order != NULL) {
		snprintf(ln->order, sizeof(ln->order), "%s", how->order);
		snprintf(ln->reason, sizeof(ln->reason), "%s", how->reason);
		ln->how.order = ln->order;
		ln->how.reason = ln->reason;
	}
	campaign_load(e, id_or_name, on_loaded, ln);
}
