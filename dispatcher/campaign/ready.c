/* SPDX-License-Identifier: MIT */
/* A campaign checked against its lists, its template and its route, as it would be launched. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/account/account.h"
#include "dispatcher/campaign/approval.h"
#include "dispatcher/campaign/campaign.h"
#include "dispatcher/campaign/law.h"
#include "dispatcher/campaign/series.h"
#include "dispatcher/campaign/words.h"
#include "dispatcher/run/lists.h"

struct ready_load {
	struct engine *engine;
	const struct config *config;
	struct ready_campaign *r;
	bool is_early, is_now, is_whole;
	struct sets *sets; /* those that it was given; NULL = none */
	struct sets_watch watch;
	ready_campaign_cb cb;
	void *arg;
};

void
ready_campaign_free(struct ready_campaign *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < RUN_QUERIES_MAX; i++)
		query_free(r->queries[i]);
	sets_unref(r->sets); /* from on_sets */
	rendering_free(r->rendering);
	buf_free(&r->wording);
	list_free(r->list);
	registered_free(r->registered);
	campaign_free(r->campaign);
	free(r);
}

enum err
ready_campaign_check_demo(const struct ready_campaign *r, const struct config *c, struct err_ctx *e)
{
	const struct provider_config *real = route_plan_find(&r->route, c, false);
	size_t i = 0;

	if (!r->list->is_demo || real == NULL)
		return ERR_OK;
	while (!list_part(r->list, i)->is_demo)
		i++;
	return err_set(e, ERR_REFUSED, list_part(r->list, i)->name,
		       "use a list of real people, or a route of sandbox providers only",
		       "is a demo list, and the provider %s of the route is no sandbox",
		       real->name);
}

enum err
ready_campaign_check_care(const struct ready_campaign *r, const struct config *c, struct err_ctx *e)
{
	struct buf missing = {0};
	enum err rc = ERR_OK;

	if (!c->lists_require_purpose)
		return ERR_OK;
	for (size_t i = 0; i < list_part_count(r->list) && rc == ERR_OK; i++) {
		const struct list *l = list_part(r->list, i);

		buf_reset(&missing);
		if (!l->is_demo)
			care_add_missing(&l->care, &missing);
		if (missing.len > 0)
			rc = err_set(e, ERR_REFUSED, l->name, "say it with loa list set",
				     "has no %s, and lists_require_purpose wants it", missing.data);
	}
	buf_free(&missing);
	return rc;
}

static void
ready_end(struct ready_load *ld, const struct err_ctx *e)
{
	if (e != NULL) {
		ready_campaign_free(ld->r);
		ld->r = NULL;
	}
	ld->cb(ld->arg, ld->r, e);
	sets_unref(ld->sets); /* from campaign_ready */
	free(ld);
}

/* What is wrong with a query: its segment is named. */
static enum err
refuse_query(const struct ready_campaign *r, size_t i, size_t column, const char *why,
	     struct err_ctx *e)
{
	char what[sizeof(e->what)];

	snprintf(what, sizeof(what), "segment %.80s", r->campaign->segments[i]);
	return err_set(e, ERR_INPUT, what, "save the segment again", "character %zu: %s", column,
		       why);
}

static const struct list *
list_of_query(const struct ready_campaign *r, size_t i)
{
	return list_part(r->list, r->campaign->of_query[i]);
}

static enum err
parse_queries(struct ready_campaign *r, struct err_ctx *e)
{
	for (size_t i = 0; i < r->campaign->segment_count; i++) {
		struct query_error qe;
		char what[sizeof(e->what)];

		snprintf(what, sizeof(what), "segment %.80s", r->campaign->segments[i]);
		if (r->campaign->wrong[i] != NULL)
			return err_set(e, ERR_INPUT, what, "save the segment again", "%s",
				       r->campaign->wrong[i]);
		r->queries[i] = query_parse(slice_of(r->campaign->queries[i]), &qe);
		if (r->queries[i] == NULL ||
		    !query_check(r->queries[i], &list_of_query(r, i)->schema, &qe))
			return refuse_query(r, i, qe.column, qe.message, e);
	}
	return ERR_OK;
}

static void
on_registered(void *arg, struct registered *registered, const struct err_ctx *e)
{
	struct ready_load *ld = arg;

	ld->r->registered = registered;
	ready_end(ld, e);
}

static void
on_sets(void *arg, struct sets *sets, const struct sets_failure *f)
{
	struct ready_load *ld = arg;
	struct ready_campaign *r = ld->r;
	struct err_ctx e;

	r->sets = sets;
	if (sets == NULL) {
		e = f->e;
		if (f->query >= 0)
			refuse_query(r, (size_t)f->query, (size_t)f->e.column, f->e.why, &e);
		ready_end(ld, &e);
		return;
	}
	for (size_t i = 0; i < r->campaign->segment_count; i++) {
		struct query_error qe;

		if (query_bind(r->queries[i], list_part_schema(r->list, r->campaign->of_query[i]),
			       &qe))
			continue;
		refuse_query(r, i, qe.column, qe.message, &e);
		ready_end(ld, &e);
		return;
	}
	registered_load(ld->engine, ld->config, r, on_registered, ld);
}

/* A version that was approved is loaded of a locked list, too. */
static enum err
refuse_locked(const struct list *l, struct err_ctx *e)
{
	for (size_t i = 0; i < list_part_count(l); i++)
		if (list_part(l, i)->is_locked)
			return care_refuse(list_part(l, i)->name, &list_part(l, i)->care, e);
	return ERR_OK;
}

static void
load_sets(struct ready_load *ld)
{
	struct ready_campaign *r = ld->r;
	struct sets_wanted w = {.queries = r->queries,
				.count = r->campaign->segment_count,
				.how = ld->is_early ? SETS_EARLY : SETS_NOW,
				.watch = ld->watch};

	if (ld->sets != NULL && sets_fill(ld->sets, r->queries, r->campaign->segment_count))
		on_sets(ld, sets_ref(ld->sets), NULL);
	else
		sets_load(ld->engine, &w, on_sets, ld);
}

static void
on_units(void *arg, const struct reply *reply)
{
	struct ready_load *ld = arg;
	struct err_ctx e;

	if (!reply_is_good(reply)) {
		err_set(&e, ERR_UNREACHABLE, "Redis", "try again", "%.*s", (int)reply->str.n,
			reply->str.p);
		ready_end(ld, &e);
	} else if (reply->integer != 0) {
		err_set(&e, ERR_REFUSED, list_part(ld->r->list, (size_t)reply->integer - 1)->name,
			"take a list of the campaign's unit, or have it given to that unit",
			"is a list of another unit than the campaign");
		ready_end(ld, &e);
	} else {
		load_sets(ld);
	}
}

/*
 * Its lists are of its unit's branch of the tree: since it was made they may have been given to
 * another. (One of a unit above was put into it by somebody of that unit.)
 */
static void
check_units(struct ready_load *ld)
{
	const struct ready_campaign *r = ld->r;
	struct argv a = {0};
	bool is_ours = r->campaign->unit == UNIT_ROOT;

	if (!is_ours) {
		is_ours = true;
		argv_add_int(&a, (int64_t)r->campaign->unit);
		for (size_t i = 0; i < list_part_count(r->list); i++) {
			argv_add_int(&a, (int64_t)list_part(r->list, i)->unit);
			is_ours = is_ours && list_part(r->list, i)->unit == r->campaign->unit;
		}
	}
	if (is_ours)
		load_sets(ld);
	else
		engine_call(ld->engine, "unit_outside", &a, on_units, ld);
	argv_free(&a);
}

static void
on_list(void *arg, struct list *l, const struct err_ctx *why)
{
	struct ready_load *ld = arg;
	struct ready_campaign *r = ld->r;
	struct err_ctx e;

	r->list = l;
	law_take(r, ld->config);
	if (l == NULL)
		ready_end(ld, why);
	else if (refuse_locked(l, &e) != ERR_OK)
		ready_end(ld, &e);
	else if (route_plan_make(ld->config, &r->route, &e) != ERR_OK ||
		 words_make(r, ld->config, &e) != ERR_OK || parse_queries(r, &e) != ERR_OK)
		ready_end(ld, &e);
	else
		check_units(ld);
}

static void
on_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct ready_load *ld = arg;
	struct list_named names[RUN_QUERIES_MAX] = {0};
	struct err_ctx none;

	if (c == NULL) {
		ready_end(ld, e);
		return;
	}
	ld->r->campaign = c;
	if (!ld->is_whole && series_narrow(c, ld->config->days, &none) != ERR_OK) {
		ready_end(ld, &none);
		return;
	}
	if (c->segment_count == 0 || c->list_count == 0) {
		err_set(&none, ERR_CONFLICT, "campaign", "look at its report",
			"is made of single messages that were accepted one by one");
		ready_end(ld, &none);
		return;
	}
	for (size_t i = 0; i < c->list_count; i++) {
		names[i].name = c->lists[i];
		names[i].version = ld->is_now ? 0 : review_list_version(c, i);
	}
	list_load_several(engine_redis(ld->engine), names, c->list_count, on_list, ld);
}

void
campaign_ready(struct engine *e, const struct config *c, const char *id_or_name,
	       const struct ready_how *how, ready_campaign_cb cb, void *arg)
{
	struct ready_load *ld = xcalloc(1, sizeof(*ld));

	ld->is_early = how != NULL && how->is_early;
	if (how != NULL)
		ld->watch = how->watch;
	if (how != NULL && how->sets != NULL)
		ld->sets = sets_ref(how->sets); /* until ready_end */
	ld->engine = e;
	ld->config = c;
	ld->cb = cb;
	ld->arg = arg;
	ld->r = xcalloc(1, sizeof(*ld->r));
	ld->is_now = how != NULL && how->is_now;
	ld->is_whole = how != NULL && how->is_whole;
	(ld->is_now ? campaign_load_now : campaign_load)(e, id_or_name, on_campaign, ld);
}

struct audience *
ready_campaign_audience(const struct ready_campaign *r)
{
	struct audience_of of = {.queries = r->queries,
				 .count = r->campaign->segment_count,
				 .of_query = r->campaign->of_query,
				 .per = r->campaign->per,
				 .map = &r->route.map,
				 .consent = r->consent};

	return audience_of_list(&of, r->list);
}
