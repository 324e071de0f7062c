/* SPDX-License-Identifier: MIT */
/*
 * Requests whose run must wait while its lane need not: a campaign with a speed
 * of its own, a unit with a limit. They are taken out of the lane's queue, so
 * that they hold up nobody, and come back when their time has come.
 */
#include "dispatcher/send/lane.h"

/* Newest first; behind what is parked already, or before it. */
static void
add_parked(struct work *w, struct request *newest)
{
	struct request *oldest = newest;

	if (newest == NULL)
		return;
	while (oldest->next != NULL)
		oldest = oldest->next;
	oldest->next = w->parked;
	w->parked = newest;
}

void
work_park(struct work *w, struct request *r, int64_t until_us)
{
	struct request *old = work_unpark(w), *ready = lane_take(w->lane, w);

	r->state = REQUEST_READY;
	r->next = NULL;
	/* r was before what is ready; what was parked before was before r. */
	w->parked = old;
	add_parked(w, r);
	add_parked(w, ready);
	w->parked_us = until_us;
	w->lane->parked_count++;
	lane_want(w->lane);
}

struct request *
work_unpark(struct work *w)
{
	struct request *r = w->parked;

	if (r != NULL)
		w->lane->parked_count--;
	w->parked = NULL;
	return r;
}

int64_t
lane_unpark(struct lane *l, int64_t now_us)
{
	int64_t next_us = INT64_MAX;

	for (struct work *w = l->works; l->parked_count > 0 && w != NULL; w = w->next) {
		struct request *next;

		if (w->parked == NULL)
			continue;
		if (w->parked_us > now_us) {
			next_us = w->parked_us < next_us ? w->parked_us : next_us;
			continue;
		}
		for (struct request *r = work_unpark(w); r != NULL; r = next) {
			next = r->next;
			r->next = NULL;
			lane_return(l, r);
		}
	}
	return next_us;
}
