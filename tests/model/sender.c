/* SPDX-License-Identifier: MIT */
/* What senders, the net and a Redis that comes back do: one function a kind of action. */
#include "tests/model/rules.h"

#include <string.h>

/* ---- a sender's requests ---- */

static bool
is_leased_to(const struct state *s, unsigned i)
{
	return s->redis.leases[s->senders[i].chunk] == i + 1;
}

static void
hand_back(struct sender *w)
{
	w->doing = HOLDING;
	w->flags &= REPLAYED;
	w->classes = 0;
	w->copy = (struct copy){0};
}

static void
go_idle(struct sender *w)
{
	hand_back(w);
	w->doing = IDLE;
	w->chunk = 0;
	w->lane = 0;
}

static bool
can_be_sent(const struct state *s, unsigned m)
{
	const struct record *r = &s->redis.records[m];

	return !is_in(s->redis.suppressed, m) &&
	       (r->state == WAITING || (r->state == RETRY && r->attempt < ATTEMPTS));
}

/* The request of these members that could be asked for now. */
static bool
new_copy(const struct model *c, const struct state *s, unsigned i, uint8_t members,
	 struct copy *out)
{
	*out = (struct copy){.members = members, .lane = s->senders[i].lane};
	if (members == 0 || __builtin_popcount(members) > c->batch ||
	    (members & ~c->chunk_members[s->senders[i].chunk]) != 0)
		return false;
	for (unsigned m = 0; m < MESSAGES; m++) {
		const struct record *r = &s->redis.records[m];
		unsigned a = r->state == RETRY ? r->attempt + 1u : r->attempt;

		if (!is_in(members, m))
			continue;
		if (!can_be_sent(s, m))
			return false;
		if (a == ATTEMPTS)
			out->second |= (uint8_t)(1u << m);
	}
	out->field = (uint8_t)field_of(members, out->second);
	return s->redis.requests[out->field].members == 0;
}

static bool
may_work(const struct state *s, unsigned i)
{
	return s->senders[i].doing == HOLDING && is_leased_to(s, i) && !s->is_recovering &&
	       s->redis.run == RUNNING;
}

static bool
permit(const struct model *c, struct state *s, unsigned i, const struct copy *wanted)
{
	struct sender *w = &s->senders[i];
	struct redis before = s->redis;
	struct copy copy = *wanted;

	if (!free_id(s, &copy.id))
		return false;
	w->copy = copy;
	w->doing = PERMITTED;
	if (s->run != RUNNING || (s->suppressed & copy.members) != 0)
		w->flags |= AFTER_STOP;
	redis_permit(c, &s->redis, &copy);
	wrote(c, s, &before);
	keep_note(c, s, i, NOTE_PERMIT);
	return true;
}

bool
do_permit(const struct model *c, struct state *s, const struct action *a)
{
	struct copy copy;

	return may_work(s, a->who) && new_copy(c, s, a->who, a->arg, &copy) &&
	       permit(c, s, a->who, &copy);
}

/* Doubt never moves: only the provider that said it may repeat it. */
static bool
is_lane_right(const struct model *c, const struct request *q, unsigned lane)
{
	return q->lane == lane || has_bug(c, BUG_L_OTHER_LANE);
}

bool
do_repeat(const struct model *c, struct state *s, const struct action *a)
{
	const struct request *q = &s->redis.requests[a->arg % FIELDS];
	struct copy copy = {.members = q->members,
			    .second = q->second,
			    .field = a->arg,
			    .lane = s->senders[a->who].lane};

	if (a->arg >= FIELDS || !may_work(s, a->who) || !is_lane_right(c, q, copy.lane) ||
	    (q->members & c->chunk_members[s->senders[a->who].chunk]) == 0 ||
	    !request_is_repeatable(c, &s->redis, a->arg))
		return false;
	for (unsigned m = 0; m < MESSAGES && has_bug(c, BUG_C6_REBUILT); m++) {
		unsigned n = attempt_of(q->second, m);

		if (is_in(q->members, m) && record_phase(&s->redis.records[m], n) != UNKNOWN)
			copy.members &= (uint8_t) ~(1u << m);
	}
	return permit(c, s, a->who, &copy);
}

bool
do_ask_again(const struct model *c, struct state *s, const struct action *a)
{
	struct sender *w = &s->senders[a->who];

	(void)c;
	if (w->doing != PERMIT_UNSURE)
		return false;
	w->doing = PERMITTED;
	w->flags &= REPLAYED;
	if (s->run != RUNNING || (s->suppressed & w->copy.members) != 0)
		w->flags |= AFTER_STOP;
	return true;
}

static bool
depart(const struct model *c, struct state *s, unsigned i)
{
	struct sender *w = &s->senders[i];
	bool is_stopped = s->run != RUNNING || (s->suppressed & w->copy.members) != 0;

	if (w->doing != PERMITTED)
		return false;
	if ((w->flags & STALE) != 0 && !has_bug(c, BUG_NO_AGE_CHECK)) {
		w->doing = UNMARKING;
		w->flags &= REPLAYED;
		return true;
	}
	if (!net_add(s, &w->copy))
		return false;
	if (is_stopped && (w->flags & (STALE | AFTER_STOP)) != 0)
		s->bytes_after_stop = 1;
	s->departed |= w->copy.members;
	w->doing = ON_THE_WIRE;
	w->flags &= REPLAYED;
	return true;
}

bool
do_depart(const struct model *c, struct state *s, const struct action *a)
{
	return depart(c, s, a->who);
}

bool
do_depart_twice(const struct model *c, struct state *s, const struct action *a)
{
	struct copy copy = s->senders[a->who].copy;

	return has_bug(c, BUG_CURL_RESENDS) && s->senders[a->who].doing == PERMITTED &&
	       (s->senders[a->who].flags & STALE) == 0 && spend(c, s, FAULT_ANSWER) &&
	       depart(c, s, a->who) && net_add(s, &copy);
}

static bool
can_speak(const struct state *s, unsigned i)
{
	return !s->is_recovering || (s->senders[i].flags & REPLAYED) != 0;
}

static bool
outcome(const struct model *c, struct state *s, unsigned i, bool is_heard)
{
	struct sender *w = &s->senders[i];
	struct redis before = s->redis;

	if (w->doing != ANSWERED || !can_speak(s, i))
		return false;
	redis_outcome(c, &s->redis, &w->copy, w->classes);
	wrote(c, s, &before);
	if (!is_heard)
		return true;
	keep_note(c, s, i, NOTE_OUTCOME);
	hand_back(w);
	return true;
}

bool
do_outcome(const struct model *c, struct state *s, const struct action *a)
{
	return outcome(c, s, a->who, true);
}

static bool
unmark(const struct model *c, struct state *s, unsigned i, bool is_heard)
{
	struct sender *w = &s->senders[i];
	struct redis before = s->redis;

	if (w->doing != UNMARKING || !can_speak(s, i))
		return false;
	redis_unmark(c, &s->redis, &w->copy);
	wrote(c, s, &before);
	if (!is_heard)
		return true;
	keep_note(c, s, i, NOTE_UNMARK);
	hand_back(w);
	return true;
}

bool
do_unmark(const struct model *c, struct state *s, const struct action *a)
{
	return unmark(c, s, a->who, true);
}

/* ---- leases ---- */

static unsigned
chunk_count(const struct model *c)
{
	return c->chunk_members[1] != 0 ? 2 : 1;
}

static bool
claim(const struct model *c, struct state *s, unsigned i, unsigned chunk, unsigned lane)
{
	struct redis before = s->redis;
	struct redis *d = &s->redis;

	if (s->senders[i].doing != IDLE || s->is_recovering || d->run != RUNNING ||
	    chunk >= chunk_count(c) || lane >= c->lanes || d->leases[chunk] != 0)
		return false;
	if (is_in(d->own[lane], chunk))
		d->own[lane] &= (uint8_t) ~(1u << chunk);
	else if (is_in(d->todo, chunk))
		d->todo &= (uint8_t) ~(1u << chunk);
	else if (d->cursor == chunk)
		d->cursor++;
	else
		return false;
	d->leases[chunk] = (uint8_t)(i + 1);
	wrote(c, s, &before);
	s->senders[i].doing = HOLDING;
	s->senders[i].chunk = (uint8_t)chunk;
	s->senders[i].lane = (uint8_t)lane;
	return true;
}

bool
do_claim(const struct model *c, struct state *s, const struct action *a)
{
	return claim(c, s, a->who, a->arg, a->arg2);
}

/* The same claim again: its answer, if Redis still knows it. */
bool
do_claim_again(const struct model *c, struct state *s, const struct action *a)
{
	struct sender *w = &s->senders[a->who];

	(void)c;
	if (w->doing != CLAIM_UNSURE || s->is_recovering)
		return false;
	if (is_leased_to(s, a->who))
		w->doing = HOLDING;
	else
		go_idle(w);
	return true;
}

static bool
has_request_left(const struct model *c, const struct state *s, unsigned i)
{
	struct copy copy;

	for (unsigned members = 1; members < 1u << MESSAGES; members++)
		if (new_copy(c, s, i, (uint8_t)members, &copy))
			return true;
	for (unsigned f = 0; f < FIELDS; f++)
		if ((s->redis.requests[f].members & c->chunk_members[s->senders[i].chunk]) != 0 &&
		    is_lane_right(c, &s->redis.requests[f], s->senders[i].lane) &&
		    request_is_repeatable(c, &s->redis, f))
			return true;
	for (unsigned m = 0; m < c->messages; m++)
		if (is_in(c->chunk_members[s->senders[i].chunk] & s->redis.suppressed, m) &&
		    (s->redis.records[m].state == WAITING || s->redis.records[m].state == RETRY))
			return true;
	return false;
}

bool
do_release(const struct model *c, struct state *s, const struct action *a)
{
	struct sender *w = &s->senders[a->who];
	struct redis before = s->redis;

	if (w->doing != HOLDING || s->is_recovering)
		return false;
	if (is_leased_to(s, a->who)) {
		if (s->redis.run == RUNNING && has_request_left(c, s, a->who))
			return false;
		redis_settle(c, &s->redis, w->chunk, false);
		wrote(c, s, &before);
	}
	go_idle(w);
	return true;
}

static bool
take_over(const struct model *c, struct state *s, unsigned chunk)
{
	struct redis before = s->redis;

	redis_settle(c, &s->redis, chunk, true);
	wrote(c, s, &before);
	return true;
}

static bool
is_owner_gone(const struct state *s, unsigned chunk)
{
	unsigned owner = s->redis.leases[chunk];

	return owner == ORPHAN || (owner != 0 && s->senders[owner - 1].doing == DEAD);
}

bool
do_expire(const struct model *c, struct state *s, const struct action *a)
{
	return !s->is_recovering && is_owner_gone(s, a->who) && take_over(c, s, a->who);
}

bool
do_expire_alive(const struct model *c, struct state *s, const struct action *a)
{
	return !s->is_recovering && s->redis.leases[a->who] != 0 && !is_owner_gone(s, a->who) &&
	       spend(c, s, FAULT_SLOW) && take_over(c, s, a->who);
}

bool
do_skip(const struct model *c, struct state *s, const struct action *a)
{
	struct redis before = s->redis;
	struct record *r = &s->redis.records[a->arg];

	if (!may_work(s, a->who) || !is_in(s->redis.suppressed, a->arg) ||
	    !is_in(c->chunk_members[s->senders[a->who].chunk], a->arg) ||
	    (r->state != WAITING && r->state != RETRY))
		return false;
	record_set(c, r, r->attempt > 0 ? r->attempt : 1, SUPPRESSED);
	wrote(c, s, &before);
	return true;
}

bool
do_sweep(const struct model *c, struct state *s, const struct action *a)
{
	struct redis before = s->redis;

	(void)a;
	if (s->redis.run != CANCELLED_RUN || s->is_recovering)
		return false;
	redis_sweep(c, &s->redis);
	wrote(c, s, &before);
	return memcmp(&before, &s->redis, sizeof(before)) != 0;
}

bool
do_reconcile(const struct model *c, struct state *s, const struct action *a)
{
	struct redis before = s->redis;

	(void)a;
	if (s->is_recovering)
		return false;
	redis_reconcile(c, &s->redis);
	wrote(c, s, &before);
	return memcmp(&before, &s->redis, sizeof(before)) != 0;
}

/* ---- the net ---- */

static void
answer(struct state *s, const struct copy *copy, uint8_t classes)
{
	for (unsigned i = 0; i < SENDERS; i++) {
		struct sender *w = &s->senders[i];

		if (w->doing != ON_THE_WIRE || w->copy.id != copy->id)
			continue;
		w->doing = ANSWERED;
		w->classes = classes;
	}
}

static uint8_t
all_unknown(uint8_t members)
{
	uint8_t classes = 0;

	for (unsigned m = 0; m < MESSAGES; m++)
		if (is_in(members, m))
			classes |= (uint8_t)(CLASS_UNKNOWN << 2 * m);
	return classes;
}

static bool
arrive(const struct model *c, struct state *s, unsigned at, const struct arrival *how)
{
	struct copy copy = s->net[at];

	if (copy.members == 0)
		return false;
	net_remove(s, at);
	answer(s, &copy, gateway_take(c, s, &copy, how));
	return true;
}

bool
do_arrive(const struct model *c, struct state *s, const struct action *a)
{
	struct arrival plain = {.negative = CLASS_ACCEPTED};

	return arrive(c, s, a->who, &plain);
}

/* arg: two bits of class, then the members it is said of; arg2: members without an answer. */
bool
do_disturb_arrival(const struct model *c, struct state *s, const struct action *a)
{
	struct arrival how = {
		.negative = a->arg & 3, .refused = (uint8_t)(a->arg >> 2), .unclear = a->arg2};
	uint8_t members = s->net[a->who].members;
	bool is_negative = how.negative == CLASS_REFUSED || how.negative == CLASS_TEMPORARY;

	if ((how.refused & ~members) != 0 || (how.unclear & ~members) != 0 ||
	    is_negative != (how.refused != 0) || (!is_negative && how.unclear == 0) ||
	    how.negative == CLASS_UNKNOWN)
		return false;
	if (c->is_per_request && how.refused != 0 && how.refused != members)
		return false;
	if (how.negative == CLASS_REFUSED && !spend(c, s, FAULT_REFUSED))
		return false;
	if (how.negative == CLASS_TEMPORARY && !spend(c, s, FAULT_TEMPORARY))
		return false;
	if (how.unclear != 0 && !spend(c, s, FAULT_ANSWER))
		return false;
	return arrive(c, s, a->who, &how);
}

bool
do_drop(const struct model *c, struct state *s, const struct action *a)
{
	struct copy copy = s->net[a->who];

	if (copy.members == 0 || !spend(c, s, FAULT_ANSWER))
		return false;
	net_remove(s, a->who);
	answer(s, &copy, all_unknown(copy.members));
	return true;
}

bool
do_time_out(const struct model *c, struct state *s, const struct action *a)
{
	struct sender *w = &s->senders[a->who];

	if (w->doing != ON_THE_WIRE || !spend(c, s, FAULT_ANSWER))
		return false;
	answer(s, &w->copy, all_unknown(w->copy.members));
	return true;
}

/* ---- replies that are lost, deaths, time ---- */

bool
do_lose_reply(const struct model *c, struct state *s, const struct action *a)
{
	struct sender *w = &s->senders[a->who];
	struct action inner = {a->arg, a->who, a->arg2, 0};

	if (!spend(c, s, FAULT_NULL))
		return false;
	switch (a->arg) {
	case CLAIM:
		if (!claim(c, s, a->who, a->arg2 % CHUNKS, a->arg2 / CHUNKS))
			return false;
		if (has_bug(c, BUG_L_CLAIM_LOST))
			go_idle(w);
		else
			w->doing = CLAIM_UNSURE;
		return true;
	case PERMIT:
	case REPEAT: {
		struct note journal[JOURNAL];
		bool is_new = a->arg == PERMIT;

		if (is_new ? !do_permit(c, s, &inner) : !do_repeat(c, s, &inner))
			return false;
		/* Not acknowledged: take the note out again, it is the last. */
		memcpy(journal, w->journal, sizeof(journal));
		for (unsigned i = JOURNAL; i-- > 0;) {
			if (journal[i].kind == NOTE_NONE)
				continue;
			memset(&w->journal[i], 0, sizeof(w->journal[i]));
			break;
		}
		w->doing = has_bug(c, BUG_C5_AGAIN) ? PERMIT_UNSURE : UNMARKING;
		w->flags &= REPLAYED;
		return true;
	}
	case OUTCOME:
		return outcome(c, s, a->who, false);
	case UNMARK:
		return unmark(c, s, a->who, false);
	default:
		return false;
	}
}

bool
do_grow_old(const struct model *c, struct state *s, const struct action *a)
{
	struct sender *w = &s->senders[a->who];

	if (w->doing != PERMITTED || (w->flags & STALE) != 0 || !spend(c, s, FAULT_SLOW))
		return false;
	w->flags |= STALE;
	return true;
}

bool
do_kill(const struct model *c, struct state *s, const struct action *a)
{
	if (s->senders[a->who].doing == DEAD || !spend(c, s, FAULT_KILL))
		return false;
	memset(&s->senders[a->who], 0, sizeof(s->senders[0]));
	s->senders[a->who].doing = DEAD;
	return true;
}

bool
do_crash(const struct model *c, struct state *s, const struct action *a)
{
	if (a->arg > c->lost_writes || !spend(c, s, FAULT_CRASH))
		return false;
	if (a->arg > 0)
		s->redis = s->past[a->arg - 1];
	for (unsigned i = 0; i < CHUNKS && !has_bug(c, BUG_L_OLD_LEASES); i++)
		if (s->redis.leases[i] != 0)
			s->redis.leases[i] = ORPHAN;
	s->is_recovering = 1;
	return true;
}

bool
do_replay(const struct model *c, struct state *s, const struct action *a)
{
	struct sender *w = &s->senders[a->who];

	if (!s->is_recovering || w->doing == DEAD || (w->flags & REPLAYED) != 0)
		return false;
	for (unsigned i = 0; i < JOURNAL && !has_bug(c, BUG_R5_NO_REPLAY); i++) {
		const struct note *n = &w->journal[i];

		if (n->kind == NOTE_PERMIT)
			redis_remark(c, &s->redis, n);
		else if (n->kind == NOTE_UNMARK)
			redis_unmark(c, &s->redis, &n->copy);
		else if (n->kind == NOTE_OUTCOME)
			redis_outcome(c, &s->redis, &n->copy, n->classes);
	}
	memset(w->journal, 0, sizeof(w->journal));
	w->flags |= REPLAYED;
	return true;
}

/* What people and the gateway told us, again. */
static void
replay_api(const struct model *c, struct state *s)
{
	struct redis *d = &s->redis;

	if (has_bug(c, BUG_R4_API))
		return;
	d->run = s->run;
	d->suppressed = s->suppressed;
	for (unsigned m = 0; m < c->messages; m++) {
		if (is_in(s->resent, m) && d->records[m].attempt < ATTEMPTS)
			record_set(c, &d->records[m], ATTEMPTS, WAITING);
		for (unsigned n = 1; n <= ATTEMPTS; n++) {
			if ((s->receipts[m][n - 1] & G_DELIVERED) != 0)
				record_merge(c, &d->records[m], n, DELIVERED);
			if ((s->receipts[m][n - 1] & G_FAILED) != 0)
				record_merge(c, &d->records[m], n, UNDELIVERABLE);
		}
	}
}

bool
do_open(const struct model *c, struct state *s, const struct action *a)
{
	bool is_missing = false;

	(void)a;
	if (!s->is_recovering)
		return false;
	for (unsigned i = 0; i < SENDERS; i++) {
		if (s->senders[i].doing == DEAD)
			is_missing = true;
		else if ((s->senders[i].flags & REPLAYED) == 0)
			return false;
	}
	replay_api(c, s);
	if (is_missing && c->lost_writes > 0 && !has_bug(c, BUG_R1_NO_HOLD))
		redis_hold_all(c, &s->redis);
	for (unsigned i = 0; i < SENDERS; i++)
		s->senders[i].flags &= (uint8_t)~REPLAYED;
	s->is_recovering = 0;
	return true;
}
