/* SPDX-License-Identifier: MIT */
/*
 * Suppressions of a chunk that is prepared: looked at before its requests are
 * made, and again each time permit says that they have changed since. A member
 * that is suppressed ends there; a new request that holds one is made again
 * without it, a repeat that holds one is for a person. Before its requests are
 * made, where the policy has caps, those are looked at, too.
 */
#include <stdlib.h>

#include "base/log.h"
#include "dispatcher/run/capped.h"
#include "dispatcher/run/suppressed.h"
#include "dispatcher/send/lane.h"

static bool
is_sendable(const struct member *m)
{
	return m->is_needed && (m->skip == 0 || reason_is_suppressed(m->skip));
}

static void
take_reasons(struct work *w, const uint8_t *reasons)
{
	for (size_t i = 0; i < w->checked_count; i++) {
		struct member *m = chunk_member(w->chunk, w->checked[i]);

		if (is_sendable(m)) /* still: it may have been skipped meanwhile */
			m->skip = reasons != NULL ? reasons[i] : 0;
	}
}

/* Members that are held count as ready: the lane claims no more because of them. */
static void
hold(struct work *w, struct request *newest)
{
	struct request *oldest = newest;

	if (newest == NULL)
		return;
	w->lane->ready_messages += newest->count;
	while (oldest->next != NULL) {
		oldest = oldest->next;
		w->lane->ready_messages += oldest->count;
	}
	oldest->next = w->held;
	w->held = newest;
}

static bool
holds_any(const struct request *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (chunk_member(r->work->chunk, r->ranks[i])->skip != 0 ||
		    !chunk_member(r->work->chunk, r->ranks[i])->is_needed)
			return true;
	return false;
}

static bool
may_be_small(const struct work *w)
{
	const struct provider_config *p = w->lane->provider;

	return p->driver->capability(p->account)->batch_min <= 1;
}

/* Must those that can be sent as they are be made again with those that cannot? */
static bool
must_regroup(const struct work *w, const struct request *held)
{
	if (may_be_small(w))
		return false;
	while (held != NULL && (held->is_repeat || !holds_any(held)))
		held = held->next;
	return held != NULL;
}

/* Back to the lane, oldest first in it; the members of what cannot be sent as it is → ranks. */
static size_t
give_back(struct work *w, struct request *held, uint32_t *ranks)
{
	bool regroups = must_regroup(w, held);
	struct request *next;
	size_t count = 0;

	for (struct request *r = held; r != NULL; r = next) {
		next = r->next;
		r->next = NULL;
		w->lane->ready_messages -= r->count; /* from hold */
		if (!w->is_closing && !holds_any(r) && (r->is_repeat || !regroups)) {
			lane_return(w->lane, r);
			continue;
		}
		if (!w->is_closing && r->is_repeat)
			work_hold(w, r->first, (uint8_t)r->attempts.data[0]);
		for (size_t i = 0; !r->is_repeat && i < r->count; i++)
			ranks[count++] = r->ranks[i];
		request_end(r); /* never the last: the check itself is open */
	}
	return count;
}

static int
by_number(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return a < b ? -1 : a > b;
}

void
work_regroup(struct work *w, const uint32_t *ranks, size_t count)
{
	uint32_t *all;
	struct request *waiting[2], *next;

	if (may_be_small(w)) {
		work_build(w, ranks, count);
		return;
	}
	all = xmalloc((w->chunk->to - w->chunk->from) * sizeof(*all));
	memcpy(all, ranks, count * sizeof(*all));
	waiting[0] = lane_take(w->lane, w);
	waiting[1] = work_unpark(w);
	for (size_t i = 0; i < ARRAY_LEN(waiting); i++)
		for (struct request *r = waiting[i]; r != NULL; r = next) {
			next = r->next;
			r->next = NULL;
			if (r->is_repeat) {
				lane_return(w->lane, r);
				continue;
			}
			memcpy(all + count, r->ranks, r->count * sizeof(*all));
			count += r->count;
			request_end(r); /* never the last: that of ranks is open */
		}
	qsort(all, count, sizeof(*all), by_number);
	work_build(w, all, count);
	free(all);
}

static void
go_on(struct work *w)
{
	uint32_t *ranks = xmalloc((w->chunk->to - w->chunk->from) * sizeof(*ranks));
	struct request *held = w->held;
	size_t count;

	w->held = NULL;
	count = give_back(w, held, ranks);
	if (!w->is_closing && !w->is_begun) {
		work_begin(w);
	} else if (!w->is_closing && count > 0) {
		qsort(ranks, count, sizeof(*ranks), by_number);
		work_build(w, ranks, count);
	}
	free(ranks);
}

static void
check_end(struct work *w)
{
	w->is_checking = false;
	free(w->checked);
	w->checked = NULL;
	/* What was un-marked meanwhile was built again, of members as they were known before. */
	hold(w, work_unpark(w));
	hold(w, lane_take(w->lane, w));
	go_on(w);
	lane_want(w->lane);
	work_closed_one(w); /* from work_recheck */
}

static void
on_capped(void *arg, const uint8_t *is_over, const struct err_ctx *e)
{
	struct work *w = arg;
	size_t n = 0;

	if (e != NULL) {
		log_warn("run=%llu chunk=%u:%u lane=%s call=caps_check result=unknown why=%s",
			 (unsigned long long)w->chunk->run, w->chunk->p, w->chunk->from,
			 w->lane->provider->name, e->why);
		work_close(w, 2000);
	}
	for (size_t i = 0; is_over != NULL && i < w->checked_count; i++)
		if (is_over[i])
			w->checked[n++] = w->checked[i];
	if (n > 0 && !w->is_closing)
		work_cap(w, w->checked, n);
	check_end(w);
}

/* Who waits for a first or another attempt may have had as many messages as the policy allows. */
static void
check_caps(struct work *w)
{
	struct chunk *c = w->chunk;
	uint64_t *phones = xmalloc((w->checked_count + 1) * sizeof(*phones));
	size_t n = 0;

	for (size_t i = 0; i < w->checked_count; i++) {
		const struct member *m = chunk_member(c, w->checked[i]);
		enum record_state state = chunk_record(c, w->checked[i]).state;
		int64_t phone = 0;

		if (m->skip != 0 || (state != RECORD_WAITING && state != RECORD_RETRY))
			continue;
		(void)!slice_to_i64(slice_of(m->phone), &phone);
		w->checked[n] = w->checked[i];
		phones[n++] = (uint64_t)phone;
	}
	w->checked_count = n;
	capped_check(w->lane->sender->o.engine, c->run, phones, n, on_capped, w);
	free(phones);
}

static void
on_checked(void *arg, const struct suppressed_answer *a, const struct err_ctx *e)
{
	struct work *w = arg;

	if (a != NULL) {
		w->chunk->epoch = a->epoch;
		take_reasons(w, a->reasons);
	} else {
		log_warn("run=%llu chunk=%u:%u lane=%s call=suppress_check result=unknown why=%s",
			 (unsigned long long)w->chunk->run, w->chunk->p, w->chunk->from,
			 w->lane->provider->name, e->why);
		work_close(w, 2000);
	}
	if (w->chunk->view->is_capped && !w->is_begun && !w->is_closing)
		check_caps(w);
	else
		check_end(w);
}

static void
check_members(struct work *w)
{
	struct chunk *c = w->chunk;
	struct suppressed_query q = {.class = c->view->class, .unit = c->view->unit};
	uint64_t *phones = xmalloc((c->to - c->from) * sizeof(*phones));

	w->checked = xmalloc((c->to - c->from) * sizeof(*w->checked));
	for (uint32_t rank = c->from; rank < c->to; rank++) {
		const struct member *m = chunk_member(c, rank);
		int64_t phone = 0;

		if (!is_sendable(m))
			continue;
		(void)!slice_to_i64(slice_of(m->phone), &phone);
		w->checked[q.count] = rank;
		phones[q.count++] = (uint64_t)phone;
	}
	w->checked_count = q.count;
	q.phones = phones;
	suppressed_check(w->lane->sender->o.engine, &q, on_checked, w);
	free(phones);
}

void
work_recheck(struct work *w, struct request *r)
{
	hold(w, work_unpark(w)); /* what waits for the run's sake was before r */
	if (r != NULL) {
		r->state = REQUEST_READY;
		r->next = NULL;
		hold(w, r);
	}
	hold(w, lane_take(w->lane, w)); /* what was ready came after r */
	if (w->is_checking)
		return;
	w->is_checking = true;
	w->open++; /* until on_checked */
	check_members(w);
}
