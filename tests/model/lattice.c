/* SPDX-License-Identifier: MIT */
/* What a record is and how evidence is merged into it: dispatcher/lua/record.lua. */
#include "tests/model/model.h"

#include <string.h>

static const uint8_t rank_of[PHASES] = {
	[WAITING] = 0, [SUPPRESSED] = 1, [CANCELLED] = 1, [SENDING] = 2,       [UNKNOWN] = 3,
	[RETRY] = 4,   [REFUSED] = 4,	 [ACCEPTED] = 5,  [UNDELIVERABLE] = 6, [DELIVERED] = 7,
};

bool
is_positive(enum phase p)
{
	return p == ACCEPTED || p == DELIVERED || p == UNDELIVERABLE;
}

bool
phase_outranks(enum phase p, enum phase q)
{
	return rank_of[p] > rank_of[q];
}

static bool
is_open(enum phase p)
{
	return p == WAITING || p == SENDING || p == RETRY;
}

static bool
is_local_end(enum phase p)
{
	return p == SUPPRESSED || p == CANCELLED;
}

enum phase
record_phase(const struct record *r, unsigned a)
{
	if ((r->flags & EARLIER) != 0)
		return a <= r->attempt ? r->phases[a - 1] : WAITING;
	if (a == r->attempt)
		return r->state;
	return a < r->attempt ? RETRY : WAITING;
}

/* Delivered or accepted by any, else what is open, else doubt, else undeliverable, else the last. */
static enum phase
shown(const struct model *c, const uint8_t *phases, unsigned n)
{
	enum phase last = phases[n - 1], best = PHASES;

	if (has_bug(c, BUG_C4_NEWEST) || (has_bug(c, BUG_C3_ENDS) && is_local_end(last)))
		return last;
	for (unsigned a = 0; a < n; a++) {
		if (phases[a] == DELIVERED)
			return DELIVERED;
		if (phases[a] == ACCEPTED)
			best = ACCEPTED;
	}
	if (best != PHASES)
		return best;
	if (is_open(last))
		return last;
	for (unsigned a = 0; a < n; a++)
		if (phases[a] == UNKNOWN)
			return UNKNOWN;
	for (unsigned a = 0; a < n; a++)
		if (phases[a] == UNDELIVERABLE)
			return UNDELIVERABLE;
	return last;
}

enum phase
record_shown(const struct model *c, const struct record *r, enum run run)
{
	struct record end = *r;

	if (run != CANCELLED_RUN || (r->state != WAITING && r->state != RETRY))
		return r->state;
	record_set(c, &end, r->attempt > 0 ? r->attempt : 1, CANCELLED);
	return end.state;
}

static void
open_table(struct record *r)
{
	uint8_t phases[ATTEMPTS];

	if ((r->flags & EARLIER) != 0)
		return;
	for (unsigned a = 1; a <= ATTEMPTS; a++)
		phases[a - 1] = record_phase(r, a);
	memcpy(r->phases, phases, sizeof(phases));
	r->flags |= EARLIER;
}

/* A table that says what would be believed without it is not kept. */
static void
close_table(struct record *r)
{
	for (unsigned a = 1; a < r->attempt; a++)
		if (r->phases[a - 1] != RETRY)
			return;
	if (r->phases[r->attempt - 1] != r->state)
		return;
	memset(r->phases, 0, sizeof(r->phases));
	r->flags &= (uint8_t)~EARLIER;
}

void
record_set(const struct model *c, struct record *r, unsigned a, enum phase p)
{
	if ((r->flags & EARLIER) == 0 && (r->attempt == a || r->attempt + 1u == a)) {
		bool was_retry = r->attempt == 0 || r->attempt == a || r->state == RETRY;

		if (was_retry) {
			r->attempt = (uint8_t)a;
			r->state = p;
			return;
		}
	}
	open_table(r);
	r->phases[a - 1] = p;
	if (a > r->attempt)
		r->attempt = (uint8_t)a;
	r->state = shown(c, r->phases, r->attempt);
	close_table(r);
}

void
record_merge(const struct model *c, struct record *r, unsigned a, enum phase p)
{
	if (has_bug(c, BUG_C3_ENDS) && is_local_end(r->state))
		return;
	if (!phase_outranks(p, record_phase(r, a)))
		return;
	/* HELD stays: it means something only while doubt is shown, and may be shown again. */
	record_set(c, r, a, p);
	if (has_bug(c, BUG_L_HELD_CLEARED) && is_positive(r->state))
		r->flags &= (uint8_t) ~(HELD | HARD);
}

/* ---- P3 ---- */

struct evidence {
	uint8_t attempt; /* 0 = the newest */
	uint8_t phase;
};

/* Receipts about any attempt; a sender's answer about the newest (one copy has one answer). */
static const struct evidence evidence[] = {
	{1, ACCEPTED},	    {1, DELIVERED}, {1, UNDELIVERABLE}, {2, ACCEPTED}, {2, DELIVERED},
	{2, UNDELIVERABLE}, {0, UNKNOWN},   {0, REFUSED},	{0, RETRY},
};
#define EVIDENCE (sizeof(evidence) / sizeof(evidence[0]))
#define ANSWERS 6 /* the first that is an answer */

static void
apply(const struct model *c, struct record *r, unsigned newest, unsigned e)
{
	unsigned a = evidence[e].attempt > 0 ? evidence[e].attempt : newest;

	record_merge(c, r, a, evidence[e].phase);
}

static bool
pairs_commute(const struct model *c, const struct record *r, unsigned newest, uint64_t *pairs)
{
	for (unsigned x = 0; x < EVIDENCE; x++) {
		for (unsigned y = 0; y < EVIDENCE; y++) {
			struct record xy = *r, yx = *r, again;

			if (x != y && x >= ANSWERS && y >= ANSWERS)
				continue;
			apply(c, &xy, newest, x);
			apply(c, &xy, newest, y);
			apply(c, &yx, newest, y);
			apply(c, &yx, newest, x);
			again = xy;
			apply(c, &again, newest, x);
			apply(c, &again, newest, y);
			++*pairs;
			if (memcmp(&xy, &yx, sizeof(xy)) != 0 ||
			    memcmp(&xy, &again, sizeof(xy)) != 0)
				return false;
		}
	}
	return true;
}

bool
record_commutes(const struct model *c, const struct record *r, uint64_t *pairs)
{
	unsigned newest = r->attempt > 0 ? r->attempt : 1;
	struct record todo[128] = {*r};
	unsigned count = 1;

	for (unsigned at = 0; at < count; at++) {
		if (!pairs_commute(c, &todo[at], newest, pairs))
			return false;
		for (unsigned e = 0; e < EVIDENCE; e++) {
			struct record next = todo[at];
			unsigned i = 0;

			apply(c, &next, newest, e);
			while (i < count && memcmp(&todo[i], &next, sizeof(next)) != 0)
				i++;
			if (i == count && count < 128)
				todo[count++] = next;
		}
	}
	return true;
}
