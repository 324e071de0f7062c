/* SPDX-License-Identifier: MIT */
#include "tests/gateway/shelf.h"

#include <stdlib.h>
#include <string.h>

struct shelf_sms *
shelf_find(const struct shelf *s, uint64_t id)
{
	return id >= s->first && id - s->first < s->cap ? s->places[id - s->first] : NULL;
}

/* Ids only ever rise, so the first is the least. */
static struct shelf_sms **
place_for(struct shelf *s, uint64_t id)
{
	size_t need, cap = s->cap == 0 ? 1024 : s->cap;

	if (s->cap == 0)
		s->first = id;
	if (id < s->first)
		fail("the ledger's ids do not rise: gw-%llu", (unsigned long long)id);
	need = (size_t)(id - s->first) + 1;
	while (cap < need)
		cap *= 2;
	if (cap > s->cap) {
		s->places = must_grow(s->places, cap * sizeof(struct shelf_sms *));
		memset(s->places + s->cap, 0, (cap - s->cap) * sizeof(struct shelf_sms *));
		s->cap = cap;
	}
	return &s->places[need - 1];
}

struct shelf_sms *
shelf_put(struct shelf *s, uint64_t id)
{
	struct shelf_sms **place = place_for(s, id);

	if (*place == NULL) {
		*place = must_alloc(sizeof(**place));
		(*place)->id = id;
	}
	return *place;
}

struct shelf_phone *
shelf_add_phone(struct shelf_sms *m, struct text to)
{
	struct shelf_phone *p;

	if (m->count == m->cap) {
		m->cap = m->cap == 0 ? 1 : m->cap * 2;
		m->phones = must_grow(m->phones, m->cap * sizeof(*m->phones));
	}
	p = &m->phones[m->count++];
	*p = (struct shelf_phone){.to = ""};
	memcpy(p->to, to.p, to.n < sizeof(p->to) ? to.n : sizeof(p->to) - 1);
	return p;
}

enum report
shelf_known(const struct shelf_phone *p, uint64_t wall_us)
{
	for (size_t i = 2; i-- > 0;) {
		if (p->reports[i] != REPORT_NONE && p->due_us[i] <= wall_us)
			return p->reports[i];
	}
	return REPORT_NONE;
}

struct totals
shelf_totals(const struct shelf_sms *m, uint64_t wall_us)
{
	struct totals t = {
		.status = SEND_STATUS_APPROVAL, .receivers = m->count, .price = m->price};
	enum report r;

	if (wall_us < m->approved_us)
		return t;
	t.status = m->is_rejected ? SEND_STATUS_REFUSED : SEND_STATUS_QUEUED;
	if (m->is_rejected || wall_us < m->sent_us)
		return t;
	t.sent = m->count;
	for (size_t i = 0; i < m->count; i++) {
		r = shelf_known(&m->phones[i], wall_us);
		t.success += r == REPORT_DELIVRD;
		t.failed += r == REPORT_UNDELIV || r == REPORT_EXPIRED;
	}
	t.status = t.success + t.failed == m->count ? SEND_STATUS_FINISHED : SEND_STATUS_AWAITED;
	return t;
}

void
shelf_free(struct shelf *s)
{
	for (size_t i = 0; i < s->cap; i++) {
		if (s->places[i] != NULL)
			free(s->places[i]->phones);
		free(s->places[i]);
	}
	free(s->places);
	*s = (struct shelf){0};
}
