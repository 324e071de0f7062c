/* SPDX-License-Identifier: MIT */
/*
 * Telling Redis how permits ended. What ends in one turn of the loop is told in one call at its end;
 * what ends while CALLS_MAX calls are under way waits for one of them, and goes together. There
 * is no timer: who is alone waits for nobody, and `kill -9` leaves in doubt what a round trip takes.
 *
 *   request_outcome, request_unmark → telling (words of several requests) → engine_sure → request_told
 */
#include <stdlib.h>

#include "dispatcher/run/foreign.h"
#include "dispatcher/send/lane.h"

#define CALLS_MAX 2u
/* Of one call, so that Redis is not busy with it for long. */
#define REQUESTS_MAX 48u
#define MESSAGES_MAX 1000u

struct telling {
	struct telling *next;
	struct lane *lane;
	enum tell_kind kind;
	const struct provider_config *provider; /* its driver's rules are in the first words */
	struct argv args;
	struct request *requests, **tail;
	size_t count, messages;
};

static const char *const functions[TELL_KINDS] = {"outcome", "unmark"};

/* [done, ms that the lane rests, why]: Redis has judged for all processes. */
static void
obey_rest(struct lane *l, const struct reply *reply)
{
	int64_t ms = 0;

	if (reply->kind == REPLY_ARRAY && slice_to_i64(reply_item(reply, 1)->str, &ms) && ms > 0)
		lane_rest(l, ms, reply_item(reply, 2)->str);
}

static void
on_told(void *arg, const struct reply *reply)
{
	struct telling *t = arg;
	struct lane *l = t->lane;
	struct request *next;

	l->tellers[t->kind].calls--;
	obey_rest(l, reply);
	for (struct request *r = t->requests; r != NULL; r = next) {
		next = r->next;
		request_told(r, t->kind);
	}
	argv_free(&t->args);
	free(t);
	lane_want(l);
}

/* The first words of `outcome`: the lane, and what receipts need of all its answers later. */
static void
add_head(struct telling *t)
{
	const struct provider_config *p = t->provider;
	struct foreign f = foreign_of(p->driver, p->driver->capability(p->account));

	if (t->kind != TELL_OUTCOME)
		return;
	argv_adds(&t->args, t->lane->provider->name);
	argv_add_int(&t->args, f.keep_s);
	argv_add_int(&t->args, f.is_by_request);
	argv_add_int(&t->args, f.poll_ms);
}

static struct telling *
telling_new(struct lane *l, enum tell_kind kind, const struct provider_config *p)
{
	struct teller *teller = &l->tellers[kind];
	struct telling *t = xcalloc(1, sizeof(*t));

	*t = (struct telling){.lane = l, .kind = kind, .provider = p, .tail = &t->requests};
	add_head(t);
	if (teller->head == NULL)
		teller->head = t;
	else
		teller->last->next = t;
	teller->last = t;
	return t;
}

struct argv *
tell_add(struct request *r, enum tell_kind kind)
{
	struct lane *l = r->lane;
	struct telling *t = l->tellers[kind].head != NULL ? l->tellers[kind].last : NULL;

	if (t == NULL || t->provider != r->provider || t->count >= REQUESTS_MAX ||
	    t->messages + r->count > MESSAGES_MAX)
		t = telling_new(l, kind, r->provider);
	r->state = REQUEST_CLOSING;
	r->next = NULL;
	*t->tail = r;
	t->tail = &r->next;
	t->count++;
	t->messages += r->count;
	l->untold++;
	lane_want(l);
	return &t->args;
}

void
lane_tell(struct lane *l)
{
	for (int kind = 0; kind < TELL_KINDS; kind++) {
		struct teller *teller = &l->tellers[kind];

		while (teller->head != NULL && teller->calls < CALLS_MAX) {
			struct telling *t = teller->head;

			teller->head = t->next;
			teller->calls++;
			l->untold -= (unsigned)t->count;
			engine_sure(l->sender->o.engine, functions[kind], &t->args, true, on_told,
				    t);
		}
	}
}

void
lane_forget(struct lane *l)
{
	for (int kind = 0; kind < TELL_KINDS; kind++) {
		struct telling *t, *after;
		struct request *next;

		for (t = l->tellers[kind].head; t != NULL; t = after) {
			after = t->next;
			for (struct request *r = t->requests; r != NULL; r = next) {
				next = r->next;
				request_free(r);
			}
			argv_free(&t->args);
			free(t);
		}
		l->tellers[kind].head = NULL;
	}
}
