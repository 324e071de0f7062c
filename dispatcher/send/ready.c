/* SPDX-License-Identifier: MIT */
/* The lane's requests that wait to be asked for: the urgent first, each kind in order. */
#include <stddef.h>

#include "dispatcher/send/lane.h"

static int
order_of(const struct request *r)
{
	return chunk_order(r->work->chunk);
}

/* The order of the least urgent of lane->ready, which is sorted. Not when it is empty. */
static int
last_order(const struct lane *l)
{
	const char *last = (const char *)l->ready_tail - offsetof(struct request, next);

	return order_of((const struct request *)last);
}

static void
lane_insert(struct lane *l, struct request **at, struct request *r)
{
	r->next = *at;
	*at = r;
	if (r->next == NULL)
		l->ready_tail = &r->next;
	l->ready_messages += r->count;
}

void
lane_push(struct lane *l, struct request *r)
{
	struct request **at = l->ready_tail;

	if (l->ready != NULL && last_order(l) > order_of(r))
		for (at = &l->ready; order_of(*at) <= order_of(r);)
			at = &(*at)->next;
	lane_insert(l, at, r);
}

void
lane_return(struct lane *l, struct request *r)
{
	struct request **at = &l->ready;

	while (*at != NULL && order_of(*at) < order_of(r))
		at = &(*at)->next;
	lane_insert(l, at, r);
}

struct request *
lane_pop(struct lane *l)
{
	struct request *r = l->ready;

	l->ready = r->next;
	if (l->ready == NULL)
		l->ready_tail = &l->ready;
	l->ready_messages -= r->count;
	r->next = NULL;
	return r;
}

struct request *
lane_take(struct lane *l, const struct work *w)
{
	struct request *taken = NULL;

	for (struct request **p = &l->ready; *p != NULL;) {
		struct request *r = *p;

		if (r->work != w) {
			p = &r->next;
			continue;
		}
		*p = r->next;
		l->ready_messages -= r->count;
		r->next = taken;
		taken = r;
	}
	l->ready_tail = &l->ready;
	while (*l->ready_tail != NULL)
		l->ready_tail = &(*l->ready_tail)->next;
	return taken;
}
