/* SPDX-License-Identifier: MIT */
/* The Lua functions, each one step: dispatcher/lua/{lease,permit,outcome}.lua. */
#include "tests/model/rules.h"

unsigned
field_of(uint8_t members, uint8_t second)
{
	unsigned m = (unsigned)__builtin_ctz(members);

	return m * ATTEMPTS + attempt_of(second, m) - 1;
}

unsigned
chunk_of(const struct model *c, unsigned m)
{
	return (c->chunk_members[0] >> m & 1) != 0 ? 0 : 1;
}

/* What permit, un-mark and skip do: with L_TABLE_STALE they forget the sparse table. */
static void
write_phase(const struct model *c, struct record *r, unsigned a, enum phase p)
{
	if (has_bug(c, BUG_L_TABLE_STALE) && (r->flags & EARLIER) != 0) {
		r->state = p;
		r->attempt = (uint8_t)a;
		return;
	}
	record_set(c, r, a, p);
}

/* ---- is a repeat possible ---- */

static bool
member_stays(const struct redis *d, const struct request *q, unsigned m)
{
	const struct record *r = &d->records[m];
	enum phase p = record_phase(r, attempt_of(q->second, m));

	/* Also a member that was accepted must not be written to again once it is suppressed. */
	if (r->attempt != attempt_of(q->second, m) || is_in(d->suppressed, m))
		return false;
	return is_positive(p) || (p == UNKNOWN && (r->flags & (HELD | HARD)) == 0);
}

static bool
is_in_doubt(const struct redis *d, const struct request *q)
{
	for (unsigned m = 0; m < MESSAGES; m++)
		if (is_in(q->members, m) &&
		    record_phase(&d->records[m], attempt_of(q->second, m)) == UNKNOWN)
			return true;
	return false;
}

static bool
may_be_copied(const struct request *q)
{
	return q->members != 0 && (q->flags & (VOID | WINDOW_OVER)) == 0 &&
	       __builtin_popcount(q->copies) < COPIES_MAX;
}

bool
request_is_repeatable(const struct model *c, const struct redis *d, unsigned field)
{
	const struct request *q = &d->requests[field];

	if (!may_be_copied(q) || !is_in_doubt(d, q))
		return false;
	for (unsigned m = 0; m < MESSAGES; m++) {
		if (!is_in(q->members, m) || member_stays(d, q, m))
			continue;
		if (has_bug(c, BUG_R2_SOFT) && (d->records[m].flags & HARD) != 0)
			continue;
		if (!has_bug(c, BUG_L_MOVED_ON))
			return false;
	}
	return true;
}

bool
request_is_offered(const struct model *c, const struct redis *d, unsigned field)
{
	const struct request *q = &d->requests[field];

	if (has_bug(c, BUG_C8_PREDICATE))
		return may_be_copied(q) && is_in_doubt(d, q);
	return request_is_repeatable(c, d, field);
}

/* ---- permit, unmark ---- */

void
redis_permit(const struct model *c, struct redis *d, const struct copy *copy)
{
	struct request *q = &d->requests[copy->field];
	bool is_repeat = q->members != 0;

	for (unsigned m = 0; m < MESSAGES; m++) {
		struct record *r = &d->records[m];
		unsigned a = attempt_of(copy->second, m);

		if (!is_in(copy->members, m) || (is_repeat && record_phase(r, a) != UNKNOWN))
			continue;
		r->flags &= (uint8_t) ~(HELD | HARD);
		write_phase(c, r, a, SENDING);
	}
	if (!is_repeat)
		*q = (struct request){.members = copy->members,
				      .second = copy->second,
				      .flags = c->dedupe == DEDUPE_NONE ? VOID : 0,
				      .lane = copy->lane};
	q->copies |= (uint8_t)(1u << copy->id);
}

static bool
has_copy(const struct request *q, const struct copy *copy)
{
	return q->members != 0 && is_in(q->copies, copy->id);
}

static void
unmark_member(const struct model *c, struct record *r, unsigned a, bool is_last)
{
	enum phase p = record_phase(r, a);

	if ((r->flags & HARD) != 0 || (p != SENDING && !(p == UNKNOWN && is_last)))
		return;
	if (!is_last) {
		write_phase(c, r, a, UNKNOWN);
		return;
	}
	r->flags &= (uint8_t)~HELD;
	/* An earlier attempt surely was not sent: as if it had been answered so. */
	write_phase(c, r, a, a == r->attempt ? WAITING : RETRY);
}

void
redis_unmark(const struct model *c, struct redis *d, const struct copy *copy)
{
	struct request *q = &d->requests[copy->field];
	bool is_last;

	if (!has_copy(q, copy))
		return;
	q->copies &= (uint8_t) ~(1u << copy->id);
	is_last = (q->copies == 0 && (q->flags & UNCLOSABLE) == 0) || has_bug(c, BUG_C1_UNMARK);
	for (unsigned m = 0; m < MESSAGES; m++)
		if (is_in(q->members, m))
			unmark_member(c, &d->records[m], attempt_of(q->second, m), is_last);
	if (is_last)
		*q = (struct request){0};
}

/* ---- outcome ---- */

/* No automatic step is left for what is in doubt in this request. */
static void
hold(const struct model *c, struct redis *d, struct request *q)
{
	for (unsigned m = 0; m < MESSAGES; m++) {
		struct record *r = &d->records[m];
		unsigned a = attempt_of(q->second, m);

		if (is_in(q->members, m) && r->attempt == a && record_phase(r, a) == UNKNOWN)
			r->flags |= HELD;
	}
	/* Kept: a late un-mark or answer may still tell the truth about it. */
	if (has_bug(c, BUG_L_FORGETS))
		*q = (struct request){0};
}

static bool
has_open_member(const struct redis *d, const struct request *q)
{
	for (unsigned m = 0; m < MESSAGES; m++) {
		enum phase p = record_phase(&d->records[m], attempt_of(q->second, m));

		if (is_in(q->members, m) && (p == UNKNOWN || p == SENDING))
			return true;
	}
	return false;
}

static enum phase
phase_of_class(const struct model *c, const struct record *r, unsigned class, unsigned a,
	       bool is_single)
{
	bool closes = has_bug(c, BUG_C1_NEGATIVE) || is_single;

	if ((r->flags & HARD) != 0 && !has_bug(c, BUG_R3_NEGATIVE))
		closes = false;
	switch (class) {
	case CLASS_ACCEPTED:
		return ACCEPTED;
	case CLASS_REFUSED:
		return closes ? REFUSED : UNKNOWN;
	case CLASS_TEMPORARY:
		return !closes ? UNKNOWN : a < ATTEMPTS ? RETRY : REFUSED;
	default:
		return UNKNOWN;
	}
}

void
redis_outcome(const struct model *c, struct redis *d, const struct copy *copy, uint8_t classes)
{
	struct request *q = &d->requests[copy->field];
	bool is_ours = has_copy(q, copy);
	bool is_single = is_ours && q->copies == 1u << copy->id &&
			 ((q->flags & UNCLOSABLE) == 0 || has_bug(c, BUG_R3_NEGATIVE));

	for (unsigned m = 0; m < MESSAGES; m++) {
		struct record *r = &d->records[m];
		unsigned a = attempt_of(copy->second, m);
		enum phase p;

		if (!is_in(copy->members, m))
			continue;
		p = phase_of_class(c, r, classes >> 2 * m & 3, a, is_single);
		if (p == ACCEPTED || is_ours || has_bug(c, BUG_C1_NEGATIVE))
			record_merge(c, r, a, p);
	}
	if (!is_ours)
		return;
	if (!has_open_member(d, q))
		*q = (struct request){0};
	else if ((q->flags & VOID) != 0)
		hold(c, d, q);
}

/* ---- leases ---- */

static void
make_doubt_explicit(const struct model *c, struct redis *d, const struct request *q)
{
	enum phase p = has_bug(c, BUG_ORPHAN_IS_WAITING) ? WAITING : UNKNOWN;

	for (unsigned m = 0; m < MESSAGES; m++) {
		unsigned a = attempt_of(q->second, m);

		if (!is_in(q->members, m) || record_phase(&d->records[m], a) != SENDING)
			continue;
		if (p == WAITING)
			record_set(c, &d->records[m], a, p);
		else
			record_merge(c, &d->records[m], a, p);
	}
}

static bool
is_due(const struct redis *d, unsigned chunk)
{
	bool is = is_in(d->todo, chunk);

	for (unsigned l = 0; l < LANES; l++)
		is |= is_in(d->own[l], chunk);
	return is;
}

static void
due_by_nobody(struct redis *d, unsigned chunk)
{
	d->todo &= (uint8_t) ~(1u << chunk);
	for (unsigned l = 0; l < LANES; l++)
		d->own[l] &= (uint8_t) ~(1u << chunk);
}

/* The chunk is due for the lane that may repeat the request, with all that waits in it. */
static bool
offer(const struct model *c, struct redis *d, unsigned chunk, const struct request *q)
{
	bool is_anybodys = has_bug(c, BUG_L_ANYBODYS) || has_bug(c, BUG_L_OTHER_LANE);

	*(is_anybodys ? &d->todo : &d->own[q->lane]) |= (uint8_t)(1u << chunk);
	return true;
}

void
redis_settle(const struct model *c, struct redis *d, unsigned chunk, bool is_take_over)
{
	bool is_blind = (has_bug(c, BUG_NO_RECONCILER) && is_take_over) ||
			(has_bug(c, BUG_C2_RUNNING) && d->run != RUNNING);
	bool has_work = false, is_own = false;

	due_by_nobody(d, chunk);
	for (unsigned f = 0; f < FIELDS && !is_blind; f++) {
		struct request *q = &d->requests[f];

		if ((q->members & c->chunk_members[chunk]) == 0)
			continue;
		make_doubt_explicit(c, d, q);
		if (!is_in_doubt(d, q))
			*q = (struct request){0};
		else if (request_is_offered(c, d, f))
			is_own = offer(c, d, chunk, q);
		else
			hold(c, d, q);
	}
	for (unsigned m = 0; m < c->messages; m++)
		if (is_in(c->chunk_members[chunk], m) &&
		    (d->records[m].state == WAITING || d->records[m].state == RETRY))
			has_work = true;
	d->leases[chunk] = 0;
	if (has_work && !is_own)
		d->todo |= (uint8_t)(1u << chunk);
}

/* What has no automatic step any more is held. */
static void
put_again(const struct model *c, struct redis *d, unsigned m)
{
	struct record *r = &d->records[m];

	if (r->state == WAITING || r->state == RETRY)
		d->todo |= (uint8_t)(1u << chunk_of(c, m));
	if (r->state != UNKNOWN || (r->flags & HELD) != 0)
		return;
	for (unsigned f = 0; f < FIELDS; f++)
		if (is_in(d->requests[f].members, m) && request_is_offered(c, d, f)) {
			offer(c, d, chunk_of(c, m), &d->requests[f]);
			return;
		}
	r->flags |= HELD;
}

void
redis_reconcile(const struct model *c, struct redis *d)
{
	if (has_bug(c, BUG_NO_RECONCILER) || (has_bug(c, BUG_C2_RUNNING) && d->run != RUNNING))
		return;
	for (unsigned m = 0; m < c->messages; m++) {
		unsigned chunk = chunk_of(c, m);
		struct record *r = &d->records[m];
		bool was_due = is_due(d, chunk);

		if (chunk >= d->cursor || d->leases[chunk] != 0)
			continue;
		/* Also where the chunk is due: in a cancelled run nobody will claim it. */
		if (r->state == SENDING && !(was_due && has_bug(c, BUG_L_DUE_COVERS)))
			record_merge(c, r, r->attempt, UNKNOWN);
		if (!was_due)
			put_again(c, d, m);
	}
}

/* A cancelled run: what waits ends. */
void
redis_sweep(const struct model *c, struct redis *d)
{
	for (unsigned m = 0; m < c->messages; m++) {
		struct record *r = &d->records[m];
		bool is_wrong =
			has_bug(c, BUG_C2_CANCEL) && (r->state == SENDING || r->state == UNKNOWN);

		if (r->state == WAITING || r->state == RETRY || is_wrong)
			record_set(c, r, r->attempt > 0 ? r->attempt : 1, CANCELLED);
	}
}

/* ---- after a roll-back ---- */

static void
hold_hard(const struct model *c, struct record *r, unsigned a)
{
	record_set(c, r, a, UNKNOWN);
	r->flags |= HELD | HARD;
}

/* Returns whether the attempt is still open. */
static bool
remark_member(const struct model *c, struct record *r, unsigned a)
{
	enum phase p = record_phase(r, a);

	if (has_bug(c, BUG_L_REMARK)) {
		if (r->attempt < a || (r->attempt == a && p == WAITING)) {
			r->state = SENDING;
			r->attempt = (uint8_t)a;
			return true;
		}
		return r->attempt == a && (p == SENDING || p == UNKNOWN);
	}
	if (is_positive(p))
		return false;
	/* Closed by an answer about another copy, or by this copy's own, which is replayed next. */
	if (p == RETRY || p == REFUSED)
		record_set(c, r, a, UNKNOWN);
	else if (p != UNKNOWN)
		record_set(c, r, a, SENDING);
	return true;
}

/* Do both speak of one attempt of one message without being the same request? */
static bool
is_rival(const struct redis *d, unsigned field, const struct copy *copy)
{
	const struct request *q = &d->requests[field];
	uint8_t both = q->members & copy->members;
	bool is_same =
		q->members == copy->members && q->second == copy->second && q->lane == copy->lane;

	return !is_same && (both & (uint8_t) ~(q->second ^ copy->second)) != 0;
}

static void
hold_request_hard(const struct model *c, struct redis *d, uint8_t members, uint8_t second)
{
	for (unsigned m = 0; m < MESSAGES; m++) {
		unsigned a = attempt_of(second, m);

		if (is_in(members, m) && !is_positive(record_phase(&d->records[m], a)))
			hold_hard(c, &d->records[m], a);
	}
}

static void
hold_rivals(const struct model *c, struct redis *d, const struct copy *copy)
{
	for (unsigned f = 0; f < FIELDS; f++) {
		struct request *q = &d->requests[f];

		if (!is_rival(d, f, copy) || (f != copy->field && has_bug(c, BUG_L_RIVALS)))
			continue;
		q->flags |= VOID | UNCLOSABLE;
		d->requests[copy->field].flags |= VOID | UNCLOSABLE;
		hold_request_hard(c, d, q->members, q->second);
		hold_request_hard(c, d, copy->members, copy->second);
	}
}

void
redis_remark(const struct model *c, struct redis *d, const struct note *n)
{
	struct request *q = &d->requests[n->copy.field];
	unsigned chunk = chunk_of(c, (unsigned)__builtin_ctz(n->copy.members));
	bool is_open = false;

	if (has_copy(q, &n->copy))
		return;
	for (unsigned m = 0; m < MESSAGES; m++)
		if (is_in(n->copy.members, m))
			is_open |= remark_member(c, &d->records[m], attempt_of(n->copy.second, m));
	if (!is_open && !is_rival(d, n->copy.field, &n->copy))
		return;
	if (q->members == 0)
		*q = (struct request){.members = n->copy.members,
				      .second = n->copy.second,
				      .flags =
					      has_bug(c, BUG_R5_STAMP) ? n->flags & VOID : n->flags,
				      .lane = n->copy.lane};
	q->copies |= (uint8_t)(1u << n->copy.id);
	/* The reconciler looks below the cursor: what was claimed before the roll-back stays there. */
	if (d->cursor <= chunk && !has_bug(c, BUG_L_CURSOR))
		d->cursor = (uint8_t)(chunk + 1);
	if (!has_bug(c, BUG_R6_MEMBERS))
		hold_rivals(c, d, &n->copy);
}

void
redis_hold_all(const struct model *c, struct redis *d)
{
	for (unsigned m = 0; m < c->messages; m++) {
		struct record *r = &d->records[m];
		unsigned a = r->attempt > 0 ? r->attempt : 1;
		enum phase p = record_phase(r, a);

		if (!is_positive(p) && p != SUPPRESSED && p != CANCELLED)
			hold_hard(c, r, a);
	}
	for (unsigned f = 0; f < FIELDS; f++)
		if (d->requests[f].members != 0)
			d->requests[f].flags |= UNCLOSABLE;
}

/* ---- a person ---- */

bool
redis_can_resend(const struct model *c, const struct redis *d, unsigned m, bool *is_new)
{
	const struct record *r = &d->records[m];
	const struct request *q;
	struct redis after = *d;

	if (r->state != UNKNOWN || d->leases[chunk_of(c, m)] != 0 || is_in(d->suppressed, m))
		return false;
	*is_new = true;
	for (unsigned f = 0; f < FIELDS; f++) {
		q = &d->requests[f];
		if (is_in(q->members, m) && attempt_of(q->second, m) == r->attempt &&
		    (q->flags & (VOID | WINDOW_OVER)) == 0 && (r->flags & HARD) == 0 &&
		    !has_bug(c, BUG_C9_RESEND)) {
			/* Inside the window: the same request again, if it can be. */
			*is_new = false;
			redis_resend(c, &after, m, false);
			return request_is_repeatable(c, &after, f);
		}
	}
	return r->attempt < ATTEMPTS;
}

bool
redis_can_retry(const struct model *c, const struct redis *d, unsigned m)
{
	const struct record *r = &d->records[m];
	bool has_failed = r->state == REFUSED || r->state == UNDELIVERABLE ||
			  (r->state == UNKNOWN && has_bug(c, BUG_L_RETRY_DOUBT));

	return has_failed && r->attempt > 0 && r->attempt < ATTEMPTS;
}

void
redis_resend(const struct model *c, struct redis *d, unsigned m, bool is_new)
{
	struct record *r = &d->records[m];
	uint8_t *due = &d->todo;

	if (is_new) {
		record_set(c, r, r->attempt + 1u, WAITING);
		r->flags &= (uint8_t) ~(HELD | HARD);
	} else {
		for (unsigned f = 0; f < FIELDS; f++) {
			const struct request *q = &d->requests[f];

			if (!is_in(q->members, m))
				continue;
			for (unsigned i = 0; i < MESSAGES; i++)
				if (is_in(q->members, i))
					d->records[i].flags &= (uint8_t)~HELD;
			if (attempt_of(q->second, m) == r->attempt)
				due = &d->own[q->lane];
		}
	}
	if (chunk_of(c, m) < d->cursor)
		*due |= (uint8_t)(1u << chunk_of(c, m));
}
