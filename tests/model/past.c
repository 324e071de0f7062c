/* SPDX-License-Identifier: MIT */
/* Faults that may still happen, Redis's past, the senders' journals, permit ids. */
#include "tests/model/rules.h"

#include <string.h>

uint64_t model_ids_exhausted;

/* ---- faults ---- */

unsigned
spent(const struct state *s)
{
	unsigned n = 0;

	for (unsigned f = 0; f < FAULTS; f++)
		n += s->faults[f];
	return n;
}

bool
spend(const struct model *c, struct state *s, enum fault f)
{
	unsigned most = f == FAULT_SLOW ? 2 : 1;

	if ((c->without >> f & 1) != 0 || s->faults[f] >= most || spent(s) >= c->most)
		return false;
	s->faults[f]++;
	return true;
}

/* ---- writes and the journal ---- */

bool
can_lose_writes(const struct model *c, const struct state *s)
{
	return c->lost_writes > 0 && s->faults[FAULT_CRASH] == 0 &&
	       (c->without >> FAULT_CRASH & 1) == 0 && spent(s) < c->most;
}

/* What can never be asked for again is forgotten, so that fewer states differ. */
void
forget_past(const struct model *c, struct state *s)
{
	bool can = can_lose_writes(c, s);

	for (unsigned i = 0; i < LOST_WRITES_MAX; i++)
		if (!can || i >= c->lost_writes)
			memset(&s->past[i], 0, sizeof(s->past[i]));
	for (unsigned i = 0; i < SENDERS && !can && !s->is_recovering; i++)
		memset(s->senders[i].journal, 0, sizeof(s->senders[i].journal));
}

static void
notes_age(const struct model *c, struct sender *w)
{
	struct note kept[JOURNAL] = {0};
	unsigned n = 0;

	for (unsigned i = 0; i < JOURNAL; i++) {
		struct note note = w->journal[i];

		if (note.kind == NOTE_NONE || ++note.age >= c->lost_writes)
			continue;
		kept[n++] = note;
	}
	memcpy(w->journal, kept, sizeof(kept));
}

/* Redis has changed since `before`: that was one write. */
void
wrote(const struct model *c, struct state *s, const struct redis *before)
{
	if (!can_lose_writes(c, s) || memcmp(before, &s->redis, sizeof(*before)) == 0)
		return;
	for (unsigned i = LOST_WRITES_MAX - 1; i > 0; i--)
		s->past[i] = s->past[i - 1];
	s->past[0] = *before;
	for (unsigned i = 0; i < SENDERS; i++)
		notes_age(c, &s->senders[i]);
}

/* Redis acknowledged it to the sender. */
void
keep_note(const struct model *c, struct state *s, unsigned i, enum note_kind kind)
{
	struct sender *w = &s->senders[i];
	const struct request *q = &s->redis.requests[w->copy.field];
	unsigned at = 0;

	if (!can_lose_writes(c, s))
		return;
	while (at < JOURNAL && w->journal[at].kind != NOTE_NONE)
		at++;
	if (at == JOURNAL) {
		memmove(w->journal, w->journal + 1, (JOURNAL - 1) * sizeof(w->journal[0]));
		at--;
	}
	w->journal[at] = (struct note){.kind = (uint8_t)kind,
				       .copy = w->copy,
				       .classes = kind == NOTE_OUTCOME ? w->classes : 0,
				       .flags = kind == NOTE_PERMIT ? q->flags : 0};
}

/* ---- permit ids ---- */

static uint8_t
ids_of(const struct redis *d)
{
	uint8_t used = 0;

	for (unsigned f = 0; f < FIELDS; f++)
		used |= d->requests[f].copies;
	return used;
}

bool
free_id(const struct state *s, uint8_t *id)
{
	uint8_t used = ids_of(&s->redis);

	for (unsigned i = 0; i < LOST_WRITES_MAX; i++)
		used |= ids_of(&s->past[i]);
	for (unsigned i = 0; i < COPIES_IN_NET; i++)
		if (s->net[i].members != 0)
			used |= (uint8_t)(1u << s->net[i].id);
	for (unsigned i = 0; i < SENDERS; i++) {
		if (s->senders[i].copy.members != 0)
			used |= (uint8_t)(1u << s->senders[i].copy.id);
		for (unsigned n = 0; n < JOURNAL; n++)
			if (s->senders[i].journal[n].kind != NOTE_NONE)
				used |= (uint8_t)(1u << s->senders[i].journal[n].copy.id);
	}
	if (used == 0xff) {
		model_ids_exhausted++;
		return false;
	}
	*id = (uint8_t)__builtin_ctz(~(unsigned)used);
	return true;
}
