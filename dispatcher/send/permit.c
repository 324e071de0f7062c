/* SPDX-License-Identifier: MIT */
/*
 * Asking permits: for the first requests of a lane in one call, so that what Redis looks at for each
 * of them is looked at once. While CALLS_MAX calls are under way what becomes ready waits, and goes
 * with the next one; who is alone waits for nobody. A call stays small, so that an urgent request
 * never stands behind a long one.
 *
 *   lane->ready → call (ASKED) → each its own answer: DATED, back to the lane, or gone
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "dispatcher/run/dedupe.h"
#include "dispatcher/send/lane.h"

#define CALLS_MAX 2u
#define REQUESTS_MAX 32u
#define MESSAGES_MAX 512u
#define WINDOW_MAX (CALLS_MAX * REQUESTS_MAX)
#define CHANGES_USUAL 16
#define HOLD_US 5000000 /* what the lane must wait for longer is given back */
/* A lane that its rate holds up asks for the next slots so long before those it has are over. */
#define SLOTS_LEFT_US 4000
#define HORIZON_US 16000 /* as in limits.lua: slots are given so far ahead */

struct permit_call {
	struct lane *lane;
	int64_t asked_us;
	size_t count, messages;
	struct request *requests[REQUESTS_MAX];
};

/* ---- when ---- */

/* Requests of the next one's kind that may be under way: a tenth is kept for notices and emergencies. */
static unsigned
concurrency(const struct lane *l)
{
	unsigned most = (unsigned)l->provider->concurrency;

	if (most < 2 || l->ready->work->chunk->view->is_urgent)
		return most;
	return most - (most < 20 ? 1 : most / 10);
}

static bool
has_place(struct lane *l)
{
	unsigned under_way = l->asked + l->dated + l->in_flight;

	if (l->ready == NULL || l->asked >= l->window || under_way + l->untold >= concurrency(l))
		return false;
	return l->ready->work->chunk->view->is_notices ||
	       flow_may(&l->flow, under_way, concurrency(l));
}

bool
lane_may_ask(struct lane *l)
{
	return l->permit_calls < CALLS_MAX && has_place(l);
}

int64_t
lane_ask_at(const struct lane *l)
{
	return l->ready != NULL && l->ready->work->chunk->view->is_notices ? l->ask_at_us
									   : l->gather_at_us;
}

/* ---- answers ---- */

static void
on_go(struct request *r, const struct reply *reply, int64_t slot_us, struct argv *journal)
{
	struct lane *l = r->lane;
	struct sender *s = l->sender;

	r->permitted_us = reply_int(reply, 2);
	if (!slot_is_usable(&s->clock, slot_us)) {
		log_warn("lane=%s result=clock-of-redis-set-forward", l->provider->name);
		request_unmark(r, "", "");
		return;
	}
	request_add_name(r, journal);
	argv_add(journal, buf_slice(&r->members));
	argv_add(journal, buf_slice(&r->attempts));
	argv_add(journal, buf_slice(&r->parts));
	argv_add(journal, (struct slice){(const char *)r->hash, sizeof(r->hash)});
	argv_add(journal, reply_item(reply, 3)->str); /* asked */
	argv_add(journal, reply_item(reply, 4)->str); /* till */
	argv_add_int(journal, r->work->chunk->tariff);
	argv_adds(journal, engine_incarnation(s->o.engine));
	argv_add(journal, request_foreign(r).is_by_request ? buf_slice(&r->phones) : SLICE(""));
	argv_add(journal, r->caps.len > 0 ? buf_slice(&r->caps) : SLICE(""));
	argv_add_int(journal, r->cost);
	argv_add_int(journal, r->work->chunk->launched_s);
	request_date(r, slot_us);
}

/* The records are not what we thought: look at them again. */
static void
on_changed(struct request *r, struct slice records)
{
	struct work *w = r->work;
	struct chunk *c = w->chunk;

	/*
	 * A late answer, slots that were lost and un-marked: some are usual. Without end it would be
	 * a bug: let go and begin anew.
	 */
	if (++w->changes > 2u * (c->to - c->from) + CHANGES_USUAL)
		work_close(w, 5000);
	if (!r->is_repeat && records.n == c->records.len && !w->is_closing) {
		buf_reset(&c->records);
		buf_add_slice(&c->records, records);
		work_regroup(w, r->ranks, r->count);
	}
	request_end(r);
}

/* Some have had as many messages as the policy allows, by what was permitted meanwhile. */
static void
on_caps(struct request *r, struct slice over)
{
	struct work *w = r->work;
	uint32_t *ranks = xmalloc(r->count * sizeof(*ranks));
	size_t n = 0;

	for (size_t i = 0; i < r->count && i < over.n; i++)
		if (over.p[i] == '1')
			ranks[n++] = r->ranks[i];
	if (!w->is_closing) {
		work_cap(w, ranks, n);
		work_regroup(w, r->ranks, r->count);
	}
	free(ranks);
	request_end(r);
}

/* stop: the run is not running; lost: the lease is not ours; held: not again. */
static void
on_end(struct request *r, struct slice what)
{
	struct work *w = r->work;

	if (!slice_is(what, "held"))
		work_close(w, slice_is(what, "stop") ? 200 : 0);
	w->is_lost = w->is_lost || slice_is(what, "lost");
	request_end(r);
}

/*
 * So long the lane may wait for several slots to be asked for at once: as long as it has some
 * left, counting what an answer takes.
 */
static int64_t
gather_us(const struct lane *l)
{
	int64_t us = HORIZON_US - SLOTS_LEFT_US - l->sender->clock.lag_us;

	return us > 0 ? us : 0;
}

/* The lane must wait. The requests are back in it, or gone. */
static void
on_wait(struct lane *l, const struct reply *reply)
{
	int64_t us = reply_int(reply, 1);

	if (us > HOLD_US) {
		lane_rest(l, us / 1000, reply_item(reply, 2)->str);
		return;
	}
	lane_wait(l, clock_mono_us() + us, reply_item(reply, 2)->str);
	if (reply_int(reply, 3) == 1)
		l->gather_at_us += gather_us(l);
}

/* Back to the lane, to be asked for again; or away, if its work is being closed. */
static void
put_back(struct request *r)
{
	if (r->work->is_closing) {
		request_end(r);
		return;
	}
	r->state = REQUEST_READY;
	lane_return(r->lane, r);
}

/* ---- a call's answers ---- */

static struct slice
answer_of(const struct reply *reply, size_t i)
{
	return reply_item(reply_item(reply, i), 0)->str;
}

/* Those that go, and those that will not: in order. What waits is left in k->requests. */
static size_t
take_decided(struct permit_call *k, const struct reply *reply)
{
	struct lane *l = k->lane;
	struct argv journal = {0};
	int64_t first_us = 0, local_us = 0;
	size_t gone = 0;

	for (size_t i = 0; i < k->count; i++) {
		const struct reply *one = reply_item(reply, i);
		struct slice what = answer_of(reply, i);
		struct request *r = k->requests[i];

		if (slice_is(what, "wait") || slice_is(what, "slow") || slice_is(what, "epoch"))
			continue;
		k->requests[i] = NULL;
		if (slice_is(what, "go") && gone++ == 0) {
			first_us = reply_int(one, 1);
			local_us = slot_local_us(&l->sender->clock, k->asked_us, first_us,
						 reply_int(one, 2));
			l->factor = strtod(reply_item(one, 5)->str.p, NULL);
			l->why = "";
		}
		if (slice_is(what, "go"))
			on_go(r, one, local_us + reply_int(one, 1) - first_us, &journal);
		else if (slice_is(what, "changed"))
			on_changed(r, reply_item(one, 1)->str);
		else if (slice_is(what, "caps"))
			on_caps(r, reply_item(one, 1)->str);
		else
			on_end(r, what);
	}
	if (journal.count > 0)
		engine_journal(l->sender->o.engine, "remark", &journal);
	argv_free(&journal);
	return gone;
}

/* Does an earlier one of the call wait for the same, of the same work if that is given? */
static bool
waits_before(const struct permit_call *k, const struct reply *reply, size_t i, const struct work *w)
{
	struct slice what = answer_of(reply, i);

	while (i-- > 0)
		if (k->requests[i] != NULL && (w == NULL || k->requests[i]->work == w) &&
		    slice_eq(answer_of(reply, i), what))
			return true;
	return false;
}

/*
 * What waits goes back, the last first, so that the lane has it in its old order; then the first
 * says what all wait for: the lane, a run (only its requests are put aside), or a look at who is
 * suppressed. Returns whether the lane waits.
 */
static bool
take_waiting(struct permit_call *k, const struct reply *reply)
{
	struct lane *l = k->lane;
	bool has_wait = false;

	for (size_t i = k->count; i-- > 0;) {
		struct request *r = k->requests[i];
		struct slice what = answer_of(reply, i);

		if (r == NULL)
			continue;
		if (slice_is(what, "wait")) {
			has_wait = true;
			put_back(r);
			if (!waits_before(k, reply, i, NULL))
				on_wait(l, reply_item(reply, i));
		} else if (r->work->is_closing || waits_before(k, reply, i, r->work)) {
			put_back(r);
		} else if (slice_is(what, "slow")) {
			work_park(r->work, r, clock_mono_us() + reply_int(reply_item(reply, i), 1));
		} else {
			work_recheck(r->work, r);
		}
	}
	return has_wait;
}

static void
on_no_reply(struct permit_call *k, const struct reply *reply)
{
	struct lane *l = k->lane;

	if (reply->kind == REPLY_NOT_SENT) {
		for (size_t i = k->count; i-- > 0;)
			put_back(k->requests[i]);
		return;
	}
	/* They may have been permitted, but their bytes surely did not leave. */
	log_warn("lane=%s call=permit result=unknown why=%.*s", l->provider->name,
		 (int)reply->str.n, reply->str.p);
	lane_wait(l, clock_mono_us() + 1000000, SLICE("Redis does not answer"));
	for (size_t i = 0; i < k->count; i++)
		request_unmark(k->requests[i], "", "");
}

static void
on_permits(void *arg, const struct reply *reply)
{
	struct permit_call *k = arg;
	struct lane *l = k->lane;

	l->permit_calls--;
	l->asked -= (unsigned)k->count;
	if (reply_is_good(reply)) {
		size_t gone;

		gauge_add(&l->sender->permits, clock_mono_us() - k->asked_us);
		gone = take_decided(k, reply);
		/* As many are asked for as are given. */
		if (take_waiting(k, reply))
			l->window = gone > 0 ? (unsigned)gone : l->window > 1 ? l->window / 2 : 1;
		else if (l->window < WINDOW_MAX)
			l->window += (unsigned)gone;
		if (l->window > WINDOW_MAX)
			l->window = WINDOW_MAX;
	} else {
		on_no_reply(k, reply);
	}
	free(k);
	lane_want(l);
}

/* ---- the question ---- */

/* The chunks of the requests, each once. Returns how many. */
static size_t
chunks_of(const struct permit_call *k, const struct chunk **chunks, size_t *of_request)
{
	size_t count = 0;

	for (size_t i = 0; i < k->count; i++) {
		size_t at = 0;

		while (at < count && chunks[at] != k->requests[i]->work->chunk)
			at++;
		if (at == count)
			chunks[count++] = k->requests[i]->work->chunk;
		of_request[i] = at;
	}
	return count;
}

static void
add_request(struct request *r, size_t chunk, struct argv *a)
{
	argv_add_int(a, (int64_t)chunk + 1);
	argv_adds(a, r->permit);
	argv_adds(a, r->is_repeat ? "repeat" : "new");
	argv_add_int(a, r->first);
	argv_add(a, buf_slice(&r->members));
	argv_add(a, buf_slice(&r->expected));
	argv_add(a, buf_slice(&r->attempts));
	argv_add(a, buf_slice(&r->parts));
	argv_add(a, (struct slice){(const char *)r->hash, sizeof(r->hash)});
	argv_add_int(a, r->cost);
	argv_add(a, request_foreign(r).is_by_request ? buf_slice(&r->phones) : SLICE(""));
	argv_add(a, r->caps.len > 0 ? buf_slice(&r->caps) : SLICE(""));
}

static void
ask(struct permit_call *k)
{
	struct lane *l = k->lane;
	struct engine *e = l->sender->o.engine;
	const struct provider_config *p = l->provider;
	const struct chunk *chunks[REQUESTS_MAX];
	size_t of_request[REQUESTS_MAX], chunk_count = chunks_of(k, chunks, of_request);
	struct argv a = {0};

	argv_adds(&a, p->name);
	argv_adds(&a, engine_incarnation(e));
	argv_add_int(&a, provider_doubt_cap(p));
	argv_add_int(&a, provider_batches(p).batch_max);
	argv_add_int(&a, provider_dedupe_ms(p));
	argv_add_int(&a, (int64_t)chunk_count);
	for (size_t i = 0; i < chunk_count; i++) {
		argv_add_int(&a, (int64_t)chunks[i]->run);
		argv_add_int(&a, chunks[i]->p);
		argv_add_int(&a, chunks[i]->from);
		argv_add_int(&a, chunks[i]->fence);
		argv_add_int(&a, chunks[i]->epoch);
	}
	k->asked_us = clock_mono_us();
	for (size_t i = 0; i < k->count; i++) {
		k->requests[i]->asked_us = k->asked_us;
		add_request(k->requests[i], of_request[i], &a);
	}
	l->permit_calls++;
	engine_call(e, "permit", &a, on_permits, k);
	argv_free(&a);
}

void
lane_ask(struct lane *l)
{
	struct permit_call *k = xcalloc(1, sizeof(*k));

	k->lane = l;
	while (k->count < REQUESTS_MAX && has_place(l) &&
	       (k->count == 0 || k->messages + l->ready->count <= MESSAGES_MAX)) {
		struct request *r = lane_pop(l);

		if (!request_encode(r))
			continue;
		random_hex(r->permit, (PERMIT_CHARS - 1) / 2);
		r->permitted_us = 0;
		r->state = REQUEST_ASKED;
		l->asked++;
		k->requests[k->count++] = r;
		k->messages += r->count;
	}
	if (k->count > 0)
		ask(k);
	else
		free(k);
}
