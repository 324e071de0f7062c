/* SPDX-License-Identifier: MIT */
/* Receipts, people and the gateway's memory: one function a kind of action. */
#include "tests/model/rules.h"

/* ---- receipts and people ---- */

bool
do_receipt(const struct model *c, struct state *s, const struct action *a)
{
	struct redis before = s->redis;
	bool is_delivered = a->arg2 % 2 == 0;
	uint8_t *g = &s->gateway[a->arg2 / 2][a->who % MESSAGES][a->arg];
	uint8_t kind = is_delivered ? G_DELIVERED : G_FAILED;
	bool needs_accepted = is_delivered || !c->contradicts;

	if (a->who >= c->messages || (*g & (needs_accepted ? G_ACCEPTED : G_SEEN)) == 0 ||
	    !spend(c, s, FAULT_RECEIPT))
		return false;
	*g |= kind;
	s->receipts[a->who][a->arg] |= kind;
	record_merge(c, &s->redis.records[a->who], a->arg + 1u,
		     is_delivered ? DELIVERED : UNDELIVERABLE);
	wrote(c, s, &before);
	return true;
}

static bool
stop(const struct model *c, struct state *s, enum run run)
{
	struct redis before = s->redis;

	if (s->is_recovering || s->run != RUNNING || !spend(c, s, FAULT_STOP))
		return false;
	s->run = s->redis.run = (uint8_t)run;
	if (run == CANCELLED_RUN && has_bug(c, BUG_C2_CANCEL))
		redis_sweep(c, &s->redis);
	wrote(c, s, &before);
	return true;
}

bool
do_pause(const struct model *c, struct state *s, const struct action *a)
{
	(void)a;
	return stop(c, s, PAUSED);
}

bool
do_cancel(const struct model *c, struct state *s, const struct action *a)
{
	(void)a;
	return stop(c, s, CANCELLED_RUN);
}

bool
do_suppress(const struct model *c, struct state *s, const struct action *a)
{
	struct redis before = s->redis;

	if (a->arg >= c->messages || s->is_recovering || !spend(c, s, FAULT_STOP))
		return false;
	s->suppressed |= (uint8_t)(1u << a->arg);
	s->redis.suppressed |= (uint8_t)(1u << a->arg);
	wrote(c, s, &before);
	return true;
}

bool
do_resume(const struct model *c, struct state *s, const struct action *a)
{
	struct redis before = s->redis;

	(void)a;
	if (s->is_recovering || s->run != PAUSED)
		return false;
	s->run = s->redis.run = RUNNING;
	wrote(c, s, &before);
	return true;
}

bool
do_resend(const struct model *c, struct state *s, const struct action *a)
{
	struct redis before = s->redis;
	unsigned m = a->arg;
	bool is_new;

	if (m >= c->messages || s->is_recovering || s->redis.run == CANCELLED_RUN ||
	    !redis_can_resend(c, &s->redis, m, &is_new) || !spend(c, s, FAULT_RESEND))
		return false;
	if (is_new) {
		if (c->dedupe == DEDUPE_NONE || s->window > 0 ||
		    (s->redis.records[m].flags & HARD) != 0)
			s->allowed |= (uint8_t)(1u << m);
		s->resent |= (uint8_t)(1u << m);
	}
	redis_resend(c, &s->redis, m, is_new);
	wrote(c, s, &before);
	return true;
}

/* Of one that was taken and not delivered a person allows a second; of one that was refused not. */
bool
do_retry(const struct model *c, struct state *s, const struct action *a)
{
	struct redis before = s->redis;
	unsigned m = a->arg;

	if (m >= c->messages || s->is_recovering || s->redis.run == CANCELLED_RUN ||
	    !redis_can_retry(c, &s->redis, m) || !spend(c, s, FAULT_RESEND))
		return false;
	if (s->redis.records[m].state == UNDELIVERABLE)
		s->allowed |= (uint8_t)(1u << m);
	s->resent |= (uint8_t)(1u << m);
	redis_resend(c, &s->redis, m, true);
	wrote(c, s, &before);
	return true;
}

/* ---- the dedupe window ---- */

static void
close_window(const struct model *c, struct redis *d)
{
	for (unsigned f = 0; f < FIELDS; f++) {
		struct request *q = &d->requests[f];

		if (q->members == 0 ||
		    (has_bug(c, BUG_C10_CLOCK) && __builtin_popcount(q->copies) > 1))
			continue;
		q->flags |= WINDOW_OVER;
	}
}

static void
grow_old_at_gateway(struct state *s)
{
	for (unsigned l = 0; l < LANES; l++) {
		for (unsigned m = 0; m < MESSAGES; m++)
			for (unsigned n = 0; n < ATTEMPTS; n++)
				if ((s->gateway[l][m][n] & G_SEEN) != 0)
					s->gateway[l][m][n] |= G_OLD;
		for (unsigned f = 0; f < FIELDS; f++)
			if ((s->requests_known[l][f] & G_SEEN) != 0)
				s->requests_known[l][f] |= G_OLD;
	}
}

bool
do_pass_window(const struct model *c, struct state *s, const struct action *a)
{
	(void)a;
	if (c->dedupe != DEDUPE_WINDOW || s->window != 0 || !spend(c, s, FAULT_WINDOW))
		return false;
	s->window = 1;
	close_window(c, &s->redis);
	for (unsigned i = 0; i < LOST_WRITES_MAX; i++)
		close_window(c, &s->past[i]);
	for (unsigned i = 0; i < SENDERS; i++)
		for (unsigned n = 0; n < JOURNAL; n++)
			if (s->senders[i].journal[n].kind == NOTE_PERMIT)
				s->senders[i].journal[n].flags |= WINDOW_OVER;
	grow_old_at_gateway(s);
	if (has_bug(c, BUG_C10_MARGIN)) {
		s->window = 2;
		gateway_forget(c, s);
	}
	return true;
}

/* The margin is long enough for what was permitted or on its way when our window ended. */
bool
do_forget(const struct model *c, struct state *s, const struct action *a)
{
	(void)a;
	if (s->window != 1 || s->net[COPIES_IN_NET - 1].members != 0)
		return false;
	for (unsigned i = 0; i < SENDERS; i++)
		if (s->senders[i].doing == PERMITTED && (s->senders[i].flags & STALE) == 0)
			return false;
	s->window = 2;
	gateway_forget(c, s);
	return true;
}
