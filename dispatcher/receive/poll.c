/* SPDX-License-Identifier: MIT */
#include "dispatcher/receive/poll.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/exchange.h"

#define IN_FLIGHT_MAX 4 /* of a lane in this process */
#define LOOK_MAX_MS 5000
#define AWAY_MS 1000
#define CONNECT_MS 5000
#define LEASE_EXTRA_MS 30000 /* beyond the time-out of the request */
#define REFUSED_REST_MS 60000
#define CANNOT_MS 600000 /* a question that cannot be said to this gateway as it is set up now */

struct poll_lane {
	struct poller *poller;
	const struct provider_config *provider;
	struct foreign foreign;
	struct timer look;
	bool is_taking;
	unsigned in_flight;
};

struct poller {
	struct poller_options o;
	struct poll_lane *lanes; /* those that can be asked */
	size_t lane_count;
	uint8_t key[REFERENCE_KEY_BYTES];
	bool is_open;
	struct poller_gauges gauges;
};

/* One question under way. */
struct poll_ask {
	struct poller *poller;
	const struct provider_config *provider;
	char *member; /* as the queue has it */
	char *id;
	char reference[REFERENCE_TEXT_MAX];
	struct poll poll;
	struct arena arena;
	int64_t again_ms, rest_ms; /* what poll_done is told */
};

static struct poll_lane *
lane_of(struct poller *p, const struct provider_config *pc)
{
	for (size_t i = 0; i < p->lane_count; i++)
		if (p->lanes[i].provider == pc)
			return &p->lanes[i];
	return NULL; /* of a configuration before */
}

static void
look_in(struct poll_lane *l, int64_t ms)
{
	if (l->poller->is_open)
		timer_arm_ms(l->poller->o.loop, &l->look, ms);
}

static void
ask_free(struct poll_ask *q)
{
	struct poll_lane *l = lane_of(q->poller, q->provider);

	if (l != NULL && l->in_flight-- == IN_FLIGHT_MAX)
		look_in(l, 0);
	arena_free(&q->arena);
	free(q->member);
	free(q->id);
	free(q);
}

/* ---- after the answer ---- */

static void
on_kept(void *arg, const struct err_ctx *e)
{
	struct poll_ask *q = arg;
	struct argv a = {0};

	crash_point("poll", "kept");
	/* Not kept: when the lease is over it is asked again. */
	if (e == NULL) {
		argv_adds(&a, q->provider->name);
		argv_adds(&a, q->member);
		argv_add_int(&a, q->again_ms);
		argv_add_int(&a, q->rest_ms);
		engine_call(q->poller->o.engine, "poll_done", &a, NULL, NULL);
		argv_free(&a);
	}
	ask_free(q);
}

static enum poll_result
read_answer(struct poll_ask *q, const struct fetch_answer *a, struct receipt **list, size_t *count)
{
	struct http_answer http = exchange_answer(a, &q->arena);

	return q->provider->driver->polled(q->provider->account, &q->poll, &http, &q->arena, list,
					   count);
}

/* What is said without a name is said of the id that was asked about. */
static void
name_receipts(const struct poll_ask *q, struct receipt *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].id[0] == '\0' && list[i].reference[0] == '\0')
			snprintf(list[i].id, sizeof(list[i].id), "%s", q->id);
}

static void
ask_answered(struct poll_ask *q, enum poll_result result)
{
	const struct capability *cap = q->provider->driver->capability(q->provider->account);
	struct poller_gauges *g = &q->poller->gauges;
	int64_t every_ms =
		(int64_t)(cap->poll_every_s > 0 ? cap->poll_every_s : cap->poll_after_s) * 1000;

	q->again_ms = every_ms;
	switch (result) {
	case POLL_UNKNOWN_ID:
		log_warn("lane=%s poll=%s result=unknown-id", q->provider->name, q->id);
		/* fall through */
	case POLL_DONE:
		g->done++;
		q->again_ms = -1;
		break;
	case POLL_AGAIN:
		g->again++;
		break;
	case POLL_REFUSED:
		log_warn("lane=%s poll=%s result=refused todo=see the account", q->provider->name,
			 q->id);
		q->rest_ms = REFUSED_REST_MS;
		/* fall through */
	case POLL_UNREADABLE:
		g->failed++;
	}
}

static void
on_answer(void *arg, const struct fetch_answer *a)
{
	struct poll_ask *q = arg;
	struct receipt *list = NULL;
	size_t count = 0;
	enum poll_result result = POLL_UNREADABLE;

	crash_point("poll", "answer");
	if (a->result == FETCH_DONE)
		result = read_answer(q, a, &list, &count);
	else
		log_warn("lane=%s poll=%s result=no-answer why=%s", q->provider->name, q->id,
			 a->why);
	ask_answered(q, result);
	if (result == POLL_UNREADABLE || result == POLL_REFUSED)
		count = 0;
	name_receipts(q, list, count);
	receipts_take(q->poller->o.receipts, q->provider, list, count, on_kept, q);
}

/* ---- asking ---- */

static bool
ask_start(struct poll_ask *q)
{
	struct http_request http = {0};
	struct fetch_request f;
	struct err_ctx e;

	if (q->provider->driver->poll(q->provider->account, &q->poll, &q->arena, &http, &e) !=
	    ERR_OK) {
		log_error("lane=%s poll=%s result=cannot-ask why=%s %s", q->provider->name, q->id,
			  e.what, e.why);
		return false;
	}
	crash_point("poll", "start");
	f = exchange_request(&http, &q->arena);
	f.connect_timeout_ms = CONNECT_MS;
	f.timeout_ms = q->provider->timeout_ms;
	f.on_answer = on_answer;
	f.arg = q;
	fetch_start(q->poller->o.fetch, &f);
	return true;
}

/* ['ask', member, run, p, first, attempt, count, id] */
static struct poll_ask *
ask_new(struct poll_lane *l, const struct reply *r)
{
	struct poll_ask *q = xcalloc(1, sizeof(*q));
	struct reference ref = {0};
	int64_t run = 0, count = 1;

	slice_to_i64(reply_item(r, 2)->str, &run);
	ref = (struct reference){.run = (uint64_t)run,
				 .partition = (uint8_t)reply_item(r, 3)->integer,
				 .rank = (uint32_t)reply_item(r, 4)->integer,
				 .attempt = (uint8_t)reply_item(r, 5)->integer};
	count = reply_item(r, 6)->integer;
	q->poller = l->poller;
	q->provider = l->provider;
	q->member = xmemdup0(reply_item(r, 1)->str.p, reply_item(r, 1)->str.n);
	q->id = xmemdup0(reply_item(r, 7)->str.p, reply_item(r, 7)->str.n);
	q->poll = (struct poll){.id = slice_of(q->id), .count = count > 0 ? (size_t)count : 1};
	q->poll.reference.p = q->reference;
	q->poll.reference.n = reference_encode(&ref, l->poller->key, q->reference);
	l->in_flight++;
	return q;
}

struct poll_taking {
	struct poller *poller;
	const struct provider_config *provider;
};

static void
on_taken(void *arg, const struct reply *r)
{
	struct poll_taking *t = arg;
	struct poll_lane *l = lane_of(t->poller, t->provider);
	struct poll_ask *q;

	free(t);
	if (l == NULL) /* what was taken is due again when its lease is over */
		return;
	l->is_taking = false;
	if (r->kind != REPLY_ARRAY) {
		look_in(l, AWAY_MS);
	} else if (slice_is(reply_item(r, 0)->str, "ask")) {
		q = ask_new(l, r);
		if (!l->poller->is_open)
			on_kept(q, NULL); /* given back: due at once */
		else if (!ask_start(q)) {
			q->again_ms = CANNOT_MS;
			on_kept(q, NULL);
		}
		look_in(l, 0);
	} else {
		int64_t ms = reply_item(r, 1)->integer;

		look_in(l, ms < LOOK_MAX_MS ? ms : LOOK_MAX_MS);
	}
}

static void
on_look(struct timer *timer, void *arg)
{
	struct poll_lane *l = arg;
	struct poll_taking *t;
	struct argv a = {0};
	char rate[32];

	(void)timer;
	if (!l->poller->is_open || l->is_taking || l->in_flight >= IN_FLIGHT_MAX)
		return; /* the end of either looks again */
	if (!engine_is_up(l->poller->o.engine)) {
		look_in(l, AWAY_MS);
		return;
	}
	snprintf(rate, sizeof(rate), "%.3f", l->provider->polls_per_s);
	argv_adds(&a, l->provider->name);
	argv_add_int(&a, l->provider->timeout_ms + LEASE_EXTRA_MS);
	argv_adds(&a, rate);
	argv_add_int(&a, l->foreign.deadline_s);
	t = xmalloc(sizeof(*t));
	*t = (struct poll_taking){l->poller, l->provider};
	l->is_taking = true;
	engine_call(l->poller->o.engine, "poll_take", &a, on_taken, t);
	argv_free(&a);
}

/* ---- the whole ---- */

static void
lanes_make(struct poller *p, const struct config *c)
{
	p->lanes = xcalloc(c->provider_count + 1, sizeof(*p->lanes));
	p->lane_count = 0;
	for (size_t i = 0; i < c->provider_count; i++) {
		const struct provider_config *pc = &c->providers[i];
		struct foreign f = foreign_of(pc->driver, pc->driver->capability(pc->account));
		struct poll_lane *l = &p->lanes[p->lane_count];

		if (f.poll_ms == 0)
			continue;
		*l = (struct poll_lane){.poller = p, .provider = pc, .foreign = f};
		timer_init(&l->look, on_look, l);
		look_in(l, 0);
		p->lane_count++;
	}
}

static void
lanes_free(struct poller *p)
{
	for (size_t i = 0; i < p->lane_count; i++)
		timer_disarm(p->o.loop, &p->lanes[i].look);
	free(p->lanes);
	p->lanes = NULL;
	p->lane_count = 0;
}

struct poller *
poller_new(const struct poller_options *o)
{
	struct poller *p = xcalloc(1, sizeof(*p));

	p->o = *o;
	lanes_make(p, o->config);
	return p;
}

void
poller_free(struct poller *p)
{
	lanes_free(p);
	free(p);
}

void
poller_open(struct poller *p, const uint8_t reference_key[REFERENCE_KEY_BYTES])
{
	memcpy(p->key, reference_key, REFERENCE_KEY_BYTES);
	p->is_open = true;
	for (size_t i = 0; i < p->lane_count; i++)
		look_in(&p->lanes[i], 0);
}

void
poller_shut(struct poller *p)
{
	p->is_open = false;
}

void
poller_set_config(struct poller *p, const struct config *c)
{
	lanes_free(p);
	lanes_make(p, c);
}

const struct poller_gauges *
poller_gauges(const struct poller *p)
{
	return &p->gauges;
}
