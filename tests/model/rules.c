/* SPDX-License-Identifier: MIT */
/* The table of what can happen, the walk over it, and the symmetry of the senders. */
#include "tests/model/rules.h"

#include <string.h>

void
model_start(const struct model *c, struct state *s)
{
	(void)c;
	memset(s, 0, sizeof(*s));
}

/* ---- all of it ---- */

#define CLASS_ARGS (4u << MESSAGES)

static const struct rule {
	bool (*act)(const struct model *c, struct state *s, const struct action *a);
	uint8_t who, arg, arg2; /* how many of each there are */
} rules[KINDS] = {
	[REPLAY] = {do_replay, SENDERS, 1, 1},
	[OPEN] = {do_open, 1, 1, 1},
	[RESUME] = {do_resume, 1, 1, 1},
	[ARRIVE] = {do_arrive, COPIES_IN_NET, 1, 1},
	[OUTCOME] = {do_outcome, SENDERS, 1, 1},
	[UNMARK] = {do_unmark, SENDERS, 1, 1},
	[ASK_AGAIN] = {do_ask_again, SENDERS, 1, 1},
	[DEPART] = {do_depart, SENDERS, 1, 1},
	[SKIP] = {do_skip, SENDERS, MESSAGES, 1},
	[PERMIT] = {do_permit, SENDERS, 1u << MESSAGES, 1},
	[REPEAT] = {do_repeat, SENDERS, FIELDS, 1},
	[RELEASE] = {do_release, SENDERS, 1, 1},
	[EXPIRE] = {do_expire, CHUNKS, 1, 1},
	[SWEEP] = {do_sweep, 1, 1, 1},
	[CLAIM] = {do_claim, SENDERS, CHUNKS, LANES},
	[CLAIM_AGAIN] = {do_claim_again, SENDERS, 1, 1},
	[RECONCILE] = {do_reconcile, 1, 1, 1},
	[FORGET] = {do_forget, 1, 1, 1},
	[LOSE_REPLY] = {do_lose_reply, SENDERS, UNDISTURBED, 1u << MESSAGES},
	[DISTURB_ARRIVAL] = {do_disturb_arrival, COPIES_IN_NET, CLASS_ARGS, 1u << MESSAGES},
	[DROP] = {do_drop, COPIES_IN_NET, 1, 1},
	[TIME_OUT] = {do_time_out, SENDERS, 1, 1},
	[DEPART_TWICE] = {do_depart_twice, SENDERS, 1, 1},
	[GROW_OLD] = {do_grow_old, SENDERS, 1, 1},
	[EXPIRE_ALIVE] = {do_expire_alive, CHUNKS, 1, 1},
	[KILL] = {do_kill, SENDERS, 1, 1},
	[CRASH] = {do_crash, 1, LOST_WRITES_MAX + 1, 1},
	[RECEIPT] = {do_receipt, MESSAGES, ATTEMPTS, 2 * LANES},
	[PAUSE] = {do_pause, 1, 1, 1},
	[CANCEL] = {do_cancel, 1, 1, 1},
	[SUPPRESS] = {do_suppress, 1, MESSAGES, 1},
	[RESEND] = {do_resend, 1, MESSAGES, 1},
	[RETRY_FAILED] = {do_retry, 1, MESSAGES, 1},
	[PASS_WINDOW] = {do_pass_window, 1, 1, 1},
};

static bool
act(const struct model *c, const struct state *s, struct state *next, const struct action *a)
{
	*next = *s;
	if (!rules[a->kind].act(c, next, a))
		return false;
	forget_past(c, next);
	return true;
}

/* Which of a kind's many arguments make sense here at all: spares most of the copying. */
static bool
is_worth_trying(const struct state *s, const struct action *a)
{
	switch (a->kind) {
	case DISTURB_ARRIVAL:
		return ((a->arg >> 2 | a->arg2) & ~s->net[a->who].members) == 0;
	case PERMIT:
		return a->arg != 0;
	case LOSE_REPLY:
		return a->arg == CLAIM || a->arg == PERMIT || a->arg == REPEAT ||
		       ((a->arg == OUTCOME || a->arg == UNMARK) && a->arg2 == 0);
	default:
		return true;
	}
}

/* Can this kind happen to this sender or copy at all? */
static bool
is_kind_possible(const struct model *c, const struct state *s, unsigned kind, unsigned who)
{
	enum doing doing = who < SENDERS ? s->senders[who].doing : DEAD;

	if (kind > UNDISTURBED && spent(s) >= c->most)
		return false;
	switch (kind) {
	case ARRIVE:
	case DISTURB_ARRIVAL:
	case DROP:
		return s->net[who].members != 0;
	case PERMIT:
	case REPEAT:
	case SKIP:
		return doing == HOLDING;
	case LOSE_REPLY:
		return s->faults[FAULT_NULL] == 0 && (doing == IDLE || doing == HOLDING ||
						      doing == ANSWERED || doing == UNMARKING);
	default:
		return true;
	}
}

bool
model_next(const struct model *c, const struct state *s, next_cb cb, void *arg)
{
	struct state next;

	for (unsigned k = 0; k < KINDS; k++) {
		for (unsigned w = 0; w < rules[k].who; w++) {
			unsigned n = rules[k].arg * rules[k].arg2;

			for (unsigned i = 0; i < n && is_kind_possible(c, s, k, w); i++) {
				struct action a = {(uint8_t)k, (uint8_t)w,
						   (uint8_t)(i / rules[k].arg2),
						   (uint8_t)(i % rules[k].arg2)};

				if (!is_worth_trying(s, &a) || !act(c, s, &next, &a))
					continue;
				if (!cb(arg, &a, &next))
					return false;
			}
		}
	}
	return true;
}

bool
model_step(const struct model *c, const struct state *s, struct state *next, struct action *a)
{
	for (unsigned k = 0; k < UNDISTURBED; k++) {
		for (unsigned w = 0; w < rules[k].who; w++) {
			unsigned n = rules[k].arg * rules[k].arg2;

			for (unsigned i = n; i-- > 0 && is_kind_possible(c, s, k, w);) {
				*a = (struct action){(uint8_t)k, (uint8_t)w,
						     (uint8_t)(i / rules[k].arg2),
						     (uint8_t)(i % rules[k].arg2)};
				if (is_worth_trying(s, a) && act(c, s, next, a))
					return true;
			}
		}
	}
	return false;
}

/* ---- symmetry ---- */

static void
swap_senders(struct state *s)
{
	struct sender tmp = s->senders[0];
	struct redis *all[1 + LOST_WRITES_MAX] = {&s->redis, &s->past[0], &s->past[1]};

	s->senders[0] = s->senders[1];
	s->senders[1] = tmp;
	for (unsigned i = 0; i < 1 + LOST_WRITES_MAX; i++)
		for (unsigned n = 0; n < CHUNKS; n++)
			if (all[i]->leases[n] == 1 || all[i]->leases[n] == 2)
				all[i]->leases[n] = (uint8_t)(3 - all[i]->leases[n]);
}

void
model_canonical(struct state *s)
{
	struct state other = *s;

	swap_senders(&other);
	if (memcmp(&other, s, sizeof(other)) < 0)
		*s = other;
}
