/* SPDX-License-Identifier: MIT */
/* A lane: claims chunks, turns their members into requests, asks permits, gives back. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "dispatcher/run/batch.h"
#include "dispatcher/run/dedupe.h"
#include "dispatcher/send/lane.h"

#define WORKS_MAX 8u
#define URGENT_WORKS_MAX 16u /* with what overtakes */
#define PARKED_WORKS_MAX 64u /* with those that wait for their run's sake */
#define CLAIM_MAX RECORDS_PER_STRING
/* A wait that is longer is looked at again when something has changed, and every few seconds. */
#define LONG_WAIT_US 1000000
#define LONGEST_WAIT_US 5000000

void
lane_want(struct lane *l)
{
	loop_step_want(l->sender->o.loop, &l->step);
}

static const struct capability *
capability_of(const struct lane *l)
{
	return l->provider->driver->capability(l->provider->account);
}

void
lane_wait(struct lane *l, int64_t until_us, struct slice why)
{
	slice_copy(l->why_text, sizeof(l->why_text), why);
	l->why = l->why_text;
	l->is_why_of_run = false;
	if (until_us > clock_mono_us() + LONGEST_WAIT_US)
		until_us = clock_mono_us() + LONGEST_WAIT_US;
	l->ask_at_us = l->gather_at_us = until_us;
	lane_want(l);
}

void
lane_rest(struct lane *l, int64_t ms, struct slice why)
{
	struct work *next;

	lane_wait(l, clock_mono_us() + ms * 1000, why);
	l->claim_at_us = l->ask_at_us;
	for (struct work *w = l->works; w != NULL; w = next) {
		next = w->next;
		w->open++; /* until work_closed_one below */
		work_close(w, 0);
		work_closed_one(w);
	}
}

void
lane_look_again(struct lane *l)
{
	int64_t now = clock_mono_us();

	if (l->ask_at_us < now + LONG_WAIT_US || now < l->looked_us + LONG_WAIT_US / 4)
		return;
	l->looked_us = l->ask_at_us = l->gather_at_us = now;
	lane_want(l);
}

/* ---- requests of a work ---- */

static struct request *
request_new(struct work *w, const uint32_t *ranks, size_t count)
{
	struct request *r = xcalloc(1, sizeof(*r));

	r->lane = w->lane;
	r->work = w;
	r->count = count;
	r->first = ranks[0];
	r->ranks = xmalloc(count * sizeof(*ranks));
	memcpy(r->ranks, ranks, count * sizeof(*ranks));
	for (size_t i = 0; i < count; i++) {
		buf_add_u16(&r->members, (uint16_t)(ranks[i] - ranks[0]));
		buf_add_u8(&r->parts, chunk_member(w->chunk, ranks[i])->parts);
		buf_add(&r->expected,
			w->chunk->records.data + (size_t)(ranks[i] - w->chunk->from) * RECORD_SIZE,
			RECORD_SIZE);
		r->cost += chunk_member(w->chunk, ranks[i])->parts;
	}
	switch (capability_of(w->lane)->counts) {
	case COUNTS_PARTS:
		break;
	case COUNTS_MESSAGES:
		r->cost = (uint32_t)count;
		break;
	case COUNTS_REQUESTS:
		r->cost = 1;
		break;
	}
	w->open++;
	return r;
}

/*
 * The attempt that a member would be sent under now, by this tariff; 0 = it cannot be sent now.
 * A new one where another provider has said something about this one (what was un-marked never left,
 * and has no reason to wait); the last one is all that is left.
 */
static uint8_t
next_attempt(struct record r, uint8_t tariff)
{
	if (r.state == RECORD_WAITING && r.attempt > 0 && r.provider != tariff &&
	    r.reason != REASON_NONE)
		return r.attempt < ATTEMPTS_MAX ? (uint8_t)(r.attempt + 1) : r.attempt;
	if (r.state == RECORD_WAITING)
		return r.attempt > 0 ? r.attempt : 1;
	if (r.state == RECORD_RETRY && r.attempt < ATTEMPTS_MAX)
		return (uint8_t)(r.attempt + 1);
	return 0;
}

static void
push_new_request(struct work *w, const uint32_t *ranks, size_t count)
{
	struct request *r = request_new(w, ranks, count);

	for (size_t i = 0; i < count; i++)
		buf_add_u8(&r->attempts,
			   next_attempt(chunk_record(w->chunk, ranks[i]), w->chunk->tariff));
	lane_push(w->lane, r);
}

static void
on_skipped(void *arg, const struct reply *reply)
{
	(void)reply;
	work_closed_one(arg);
}

/* Local ends: their reason stands in member->skip. */
static void
skip_members(struct work *w, const uint32_t *ranks, size_t count)
{
	struct engine *e = w->lane->sender->o.engine;
	const struct chunk *c = w->chunk;
	struct argv a = {0};
	struct buf offsets = {0}, states = {0}, reasons = {0};

	for (size_t i = 0; i < count; i++) {
		uint8_t reason = chunk_member(w->chunk, ranks[i])->skip;

		buf_add_u16(&offsets, (uint16_t)(ranks[i] - c->from));
		buf_add_u8(&states,
			   reason_is_suppressed(reason) ? RECORD_SUPPRESSED : RECORD_SKIPPED);
		buf_add_u8(&reasons, reason);
	}
	argv_add_int(&a, (int64_t)c->run);
	argv_add_int(&a, c->p);
	argv_add_int(&a, c->from);
	argv_adds(&a, engine_incarnation(e));
	argv_add_int(&a, c->fence);
	argv_add(&a, buf_slice(&offsets));
	argv_add(&a, buf_slice(&states));
	argv_add(&a, buf_slice(&reasons));
	w->open++;
	engine_sure(e, "skip", &a, true, on_skipped, w);
	argv_free(&a);
	buf_free(&offsets);
	buf_free(&states);
	buf_free(&reasons);
}

void
work_cap(struct work *w, const uint32_t *ranks, size_t count)
{
	struct engine *e = w->lane->sender->o.engine;
	const struct chunk *c = w->chunk;
	struct argv a = {0};
	struct buf offsets = {0};

	for (size_t i = 0; i < count; i++) {
		if (c->view->is_cap_later)
			chunk_member(w->chunk, ranks[i])->is_needed = false;
		else
			chunk_member(w->chunk, ranks[i])->skip = REASON_CAP;
		buf_add_u16(&offsets, (uint16_t)(ranks[i] - c->from));
	}
	if (!c->view->is_cap_later || count == 0) {
		buf_free(&offsets);
		return;
	}
	argv_add_int(&a, (int64_t)c->run);
	argv_add_int(&a, c->p);
	argv_add_int(&a, c->from);
	argv_adds(&a, engine_incarnation(e));
	argv_add_int(&a, c->fence);
	argv_add(&a, buf_slice(&offsets));
	w->open++;
	engine_sure(e, "caps_put_off", &a, false, on_skipped, w);
	argv_free(&a);
	buf_free(&offsets);
}

static void
build_batches(struct work *w, uint32_t *ranks, size_t count, uint32_t *skip, size_t *skip_count)
{
	struct limit limits[LIMITS_MAX];
	struct capability cap = provider_batches(w->lane->provider);
	struct batching b = {.cap = &cap,
			     .most = cap.batch_max,
			     .rate = w->lane->provider->rate,
			     .chunk = w->chunk,
			     .limits = limits,
			     .limit_count =
				     batch_limits(w->lane->sender->o.config, w->lane->provider,
						  (int64_t)w->chunk->view->unit, limits)};

	batch_sort(&b, ranks, count);
	for (size_t at = 0, n; at < count; at += n) {
		n = batch_next(&b, ranks + at, count - at);
		if (n >= b.cap->batch_min)
			push_new_request(w, ranks + at, n);
		for (size_t i = 0; n < b.cap->batch_min && i < n; i++) {
			chunk_member(w->chunk, ranks[at + i])->skip = REASON_TOO_FEW;
			skip[(*skip_count)++] = ranks[at + i];
		}
	}
}

void
work_build(struct work *w, const uint32_t *ranks, size_t count)
{
	struct chunk *c = w->chunk;
	const struct capability *cap = capability_of(w->lane);
	uint32_t *good = xmalloc((count + 1) * sizeof(*good));
	uint32_t *skip = xmalloc((count + 1) * sizeof(*skip));
	size_t good_count = 0, skip_count = 0;

	for (size_t i = 0; i < count; i++) {
		struct member *m = chunk_member(c, ranks[i]);

		if (!m->is_needed || next_attempt(chunk_record(c, ranks[i]), c->tariff) == 0)
			continue;
		if (m->skip == 0 && m->is_unicode && !cap->has_unicode)
			m->skip = REASON_NOT_ENCODABLE;
		if (m->skip != 0)
			skip[skip_count++] = ranks[i];
		else
			good[good_count++] = ranks[i];
	}
	build_batches(w, good, good_count, skip, &skip_count);
	if (skip_count > 0)
		skip_members(w, skip, skip_count);
	free(good);
	free(skip);
	lane_want(w->lane);
}

void
work_hold(struct work *w, uint32_t first, uint8_t attempt)
{
	struct engine *e = w->lane->sender->o.engine;
	const struct chunk *c = w->chunk;
	struct argv a = {0};

	argv_add_int(&a, (int64_t)c->run);
	argv_add_int(&a, c->p);
	argv_add_int(&a, c->from);
	argv_adds(&a, engine_incarnation(e));
	argv_add_int(&a, c->fence);
	argv_add_int(&a, first);
	argv_add_int(&a, attempt);
	w->open++;
	engine_sure(e, "hold", &a, false, on_skipped, w);
	argv_free(&a);
}

static void
build_repeats(struct work *w)
{
	struct chunk *c = w->chunk;

	for (size_t i = 0; i < c->repeat_count; i++) {
		const struct repeat *rp = &c->repeats[i];
		size_t n = rp->attempts.n;
		uint32_t *ranks = xmalloc(n * sizeof(*ranks));
		bool can_be_said = true;

		for (size_t k = 0; k < n; k++) {
			ranks[k] = members_rank(rp->members, rp->first, k);
			can_be_said = can_be_said && chunk_member(c, ranks[k])->skip == 0;
		}
		if (can_be_said) {
			struct request *r = request_new(w, ranks, n);

			r->is_repeat = true;
			buf_add_slice(&r->attempts, rp->attempts);
			lane_push(w->lane, r);
		} else {
			work_hold(w, rp->first, (uint8_t)rp->attempts.p[0]);
		}
		free(ranks);
	}
}

/* ---- works ---- */

static void
work_free(struct work *w)
{
	struct lane *l = w->lane;

	for (struct work **p = &l->works; *p != NULL; p = &(*p)->next) {
		if (*p != w)
			continue;
		*p = w->next;
		l->work_count--;
		break;
	}
	chunk_free(w->chunk);
	free(w);
	lane_want(l);
}

static void
work_release(struct work *w)
{
	struct engine *e = w->lane->sender->o.engine;
	const struct chunk *c = w->chunk;
	struct argv a = {0};

	argv_add_int(&a, (int64_t)c->run);
	argv_add_int(&a, c->p);
	argv_add_int(&a, c->from);
	argv_adds(&a, engine_incarnation(e));
	argv_add_int(&a, c->fence);
	argv_add_int(&a, w->delay_ms);
	if (!w->is_lost)
		engine_sure(e, "release", &a, false, NULL, NULL);
	argv_free(&a);
	work_free(w);
}

void
work_closed_one(struct work *w)
{
	if (--w->open == 0)
		work_release(w);
	else
		lane_want(w->lane);
}

void
work_close(struct work *w, int64_t delay_ms)
{
	struct request *next;

	w->is_closing = true;
	if (delay_ms > w->delay_ms)
		w->delay_ms = delay_ms;
	for (struct request *r = lane_take(w->lane, w); r != NULL; r = next) {
		next = r->next;
		request_free(r);
		w->open--;
	}
	for (struct request *r = work_unpark(w); r != NULL; r = next) {
		next = r->next;
		request_free(r);
		w->open--;
	}
}

void
work_begin(struct work *w)
{
	struct chunk *c = w->chunk;
	uint32_t *ranks = xmalloc((c->to - c->from) * sizeof(*ranks));

	for (uint32_t rank = c->from; rank < c->to; rank++)
		ranks[rank - c->from] = rank;
	build_repeats(w);
	work_build(w, ranks, c->to - c->from);
	w->is_begun = true;
	free(ranks);
}

static void
on_loaded(void *arg, struct chunk *c, const struct err_ctx *e)
{
	struct work *w = arg;

	w->is_loaded = true;
	if (e != NULL) {
		log_warn("run=%llu chunk=%u:%u lane=%s result=cannot-prepare what=%s why=%s",
			 (unsigned long long)c->run, c->p, c->from, w->lane->provider->name,
			 e->what, e->why);
		work_close(w, 2000);
	} else if (!w->is_closing) {
		work_recheck(w, NULL);
	}
	work_closed_one(w); /* from work_start */
}

static void
work_start(struct lane *l, struct chunk *c)
{
	struct work *w = xcalloc(1, sizeof(*w));

	w->lane = l;
	w->chunk = c;
	w->next = l->works;
	l->works = w;
	l->work_count++;
	w->open = 1; /* the loading, until on_loaded */
	chunk_load(c, l->sender->o.views, engine_redis(l->sender->o.engine), on_loaded, w);
}

/* ---- claim ---- */

/* Release what claim answered, without having worked on it. */
static void
give_back(struct lane *l, const struct reply *claimed, int64_t delay_ms)
{
	struct engine *e = l->sender->o.engine;
	struct argv a = {0};

	for (size_t i = 1; i <= 3; i++) /* run, partition, from */
		argv_add_int(&a, reply_item(claimed, i)->integer);
	argv_adds(&a, engine_incarnation(e));
	argv_add_int(&a, reply_item(claimed, 5)->integer);
	argv_add_int(&a, delay_ms);
	engine_sure(e, "release", &a, false, NULL, NULL);
	argv_free(&a);
}

static void
on_no_work(struct lane *l, const struct reply *reply, int64_t now)
{
	struct slice why = reply_item(reply, 2)->str;

	/* What came while it was asked is not in this answer. */
	if (l->is_claiming_urgent || l->is_woken)
		return;
	l->claim_at_us = now + reply_item(reply, 1)->integer * 1000;
	if (l->claim_at_us > now + LONGEST_WAIT_US)
		l->claim_at_us = now + LONGEST_WAIT_US;
	if (l->work_count == 0) {
		slice_copy(l->why_text, sizeof(l->why_text), why);
		l->why = slice_is(why, "no work") ? "" : l->why_text;
		l->is_why_of_run = reply_item(reply, 3)->integer == 1;
	}
}

static void
on_claim(void *arg, const struct reply *reply)
{
	struct lane *l = arg;
	int64_t now = clock_mono_us();
	struct chunk *c;

	l->is_claiming = false;
	if (!reply_is_good(reply)) {
		if (reply->kind == REPLY_ERROR)
			log_warn("lane=%s call=claim result=error why=%.*s", l->provider->name,
				 (int)reply->str.n, reply->str.p);
		/* It may have been given: asked again with the same id, the answer is the same. */
		if (reply->kind == REPLY_NOT_SENT)
			l->claim_id[0] = '\0';
		l->claim_at_us = now + 500000;
		lane_want(l);
		return;
	}
	l->claim_id[0] = '\0';
	/* Where one notice was there may be more. */
	l->is_woken = l->is_woken || slice_is(reply_item(reply, 0)->str, "work");
	if (slice_is(reply_item(reply, 0)->str, "work") && l->sender->is_draining) {
		give_back(l, reply, 0);
	} else if (slice_is(reply_item(reply, 0)->str, "work")) {
		l->claim_at_us = now;
		c = chunk_new(reply);
		if (c != NULL) {
			work_start(l, c);
		} else {
			/* Damaged data must not stop the others: it is looked at again in a minute. */
			log_error("lane=%s call=claim run=%lld result=unreadable-records",
				  l->provider->name, (long long)reply_item(reply, 1)->integer);
			give_back(l, reply, 60000);
		}
	} else {
		on_no_work(l, reply, now);
	}
	lane_want(l);
}

/* Fewer than that are not claimed, if it can be helped. */
static uint32_t
claim_least(const struct lane *l)
{
	const struct capability *cap = capability_of(l);

	return batch_needs_strings(cap) ? RECORDS_PER_STRING : cap->batch_min;
}

/* Messages of a second of the contract, of the largest requests; at least the driver's smallest batch. */
static int64_t
second_of(const struct lane *l)
{
	const struct capability *cap = capability_of(l);
	double second = l->provider->rate;
	int64_t n = (int64_t)second;

	/* What the contract counts per message is at least one. */
	if (cap->counts == COUNTS_REQUESTS)
		n = (int64_t)((second < 1 ? 1 : second) * l->provider->batch_max);
	if (n < cap->batch_min)
		n = cap->batch_min;
	return n < 1 ? 1 : n;
}

/* Up to a second at a time. Where those with equal texts must meet, as many as may. */
static int64_t
claim_want(const struct lane *l)
{
	int64_t want = second_of(l);
	int64_t most = capability_of(l)->shape == SHAPE_ONE ? 512 : (int64_t)CLAIM_MAX;

	if (batch_needs_strings(capability_of(l)))
		return CLAIM_MAX;
	return want > most ? most : want;
}

/* Fewer waste what the contract counts, or keep equal texts apart. */
static int64_t
best_batch(const struct lane *l)
{
	const struct capability *cap = capability_of(l);

	if (batch_needs_strings(cap))
		return CLAIM_MAX;
	return cap->counts == COUNTS_REQUESTS ? (int64_t)l->provider->batch_max
					      : (int64_t)cap->batch_min;
}

/* The order of the least urgent of the lane's works; -1 = none is known yet. */
static int
works_order(const struct lane *l)
{
	int order = -1;

	for (const struct work *w = l->works; w != NULL; w = w->next)
		if (chunk_order(w->chunk) > order)
			order = chunk_order(w->chunk);
	return order;
}

static void
lane_claim(struct lane *l, bool is_urgent)
{
	struct engine *e = l->sender->o.engine;
	struct argv a = {0};

	l->is_claiming = true;
	l->is_claiming_urgent = is_urgent;
	l->is_woken = false;
	argv_adds(&a, l->provider->name);
	argv_adds(&a, engine_incarnation(e));
	argv_add_int(&a, claim_want(l));
	if (l->claim_id[0] == '\0')
		random_hex(l->claim_id, (PERMIT_CHARS - 1) / 2);
	argv_adds(&a, l->claim_id);
	if (is_urgent)
		argv_add_int(&a, works_order(l));
	else
		argv_adds(&a, "");
	argv_add_int(&a, claim_least(l));
	argv_add_int(&a, best_batch(l));
	engine_call(e, "claim", &a, on_claim, l);
	argv_free(&a);
}

/* ---- the lane's step ---- */

/* Full, but something came that may be more urgent than what fills it. */
static bool
may_overtake(const struct lane *l)
{
	return l->is_woken && l->work_count < URGENT_WORKS_MAX + l->parked_count &&
	       works_order(l) >= 0;
}

/* Claimed, and not ready yet. */
static int64_t
loading_messages(const struct lane *l)
{
	int64_t n = 0;

	for (const struct work *w = l->works; w != NULL; w = w->next)
		if (!w->is_begun && !w->is_closing)
			n += w->chunk->to - w->chunk->from;
	return n;
}

/* One that is prepared still is much where whole strings are claimed. */
static bool
prepares_a_string(const struct lane *l)
{
	return batch_needs_strings(capability_of(l)) && loading_messages(l) > 0;
}

/* Half a second ahead: who has claimed more keeps it from others, whose turn it is by then. */
static bool
has_room(const struct lane *l)
{
	int64_t want = claim_want(l), second = second_of(l);

	return !prepares_a_string(l) && l->work_count < WORKS_MAX + l->parked_count &&
	       l->work_count < PARKED_WORKS_MAX && (int64_t)l->ready_messages * 2 <= want &&
	       ((int64_t)l->ready_messages + loading_messages(l)) * 2 <=
		       (want > second ? want : second);
}

static void
on_lane_step(struct loop_step *step, void *arg)
{
	struct lane *l = arg;
	int64_t now = clock_mono_us(), next = INT64_MAX;

	(void)step;
	lane_pay_lateness(l);
	lane_tell(l); /* before what is asked, which may need its room */
	if (!l->sender->is_open)
		return;
	next = lane_unpark(l, now);
	while (now >= lane_ask_at(l) && lane_may_ask(l))
		lane_ask(l);
	if (!l->sender->is_draining && !l->is_claiming) {
		if (has_room(l) && now >= l->claim_at_us)
			lane_claim(l, false);
		else if (has_room(l) && l->claim_at_us < next)
			next = l->claim_at_us;
		else if (may_overtake(l))
			lane_claim(l, true);
	}
	if (l->ready != NULL && now < lane_ask_at(l) && lane_ask_at(l) < next)
		next = lane_ask_at(l);
	if (next != INT64_MAX)
		timer_arm_us(l->sender->o.loop, &l->wake, next - now);
}

static void
on_lane_wake(struct timer *t, void *arg)
{
	(void)t;
	lane_want(arg);
}

void
lane_init(struct sender *s, struct lane *l, const struct provider_config *p)
{
	*l = (struct lane){.sender = s, .provider = p, .why = "", .window = 1, .factor = 1};
	l->ready_tail = &l->ready;
	flow_init(&l->flow, p->rate);
	timer_init(&l->wake, on_lane_wake, l);
	loop_step_add(s->o.loop, &l->step, LOOP_START_TRANSFERS, on_lane_step, l);
}
