/* SPDX-License-Identifier: MIT */
/* Which receipts an accepted message gets, and when. */
#include "tests/gateway/gateway.h"

#include "tests/gateway/times.h"

/* --receipts mixed, in hundredths. */
static const struct {
	unsigned percent;
	enum report reports[2];
} mix[] = {
	{80, {REPORT_DELIVRD}}, {6, {REPORT_ACCEPTD, REPORT_DELIVRD}},
	{6, {REPORT_UNDELIV}},	{4, {REPORT_EXPIRED}},
	{2, {REPORT_ACCEPTD}},	{2, {REPORT_NONE}},
};

static const enum report *
draw_mix(struct chance *c)
{
	uint64_t at = chance_below(c, 100);
	size_t i = 0;

	for (; at >= mix[i].percent; i++)
		at -= mix[i].percent;
	return mix[i].reports;
}

static uint64_t
draw_due(struct gateway *g, uint64_t now)
{
	int64_t delay = g->settings.receipt_delay_ms * (int64_t)MS;
	int64_t jitter = g->settings.receipt_jitter_ms * (int64_t)MS;

	if (jitter > 0)
		delay += (int64_t)chance_below(&g->chance, (uint64_t)jitter * 2 + 1) - jitter;
	if (delay < 0)
		delay = 0;
	if (g->settings.receipt_reorder)
		delay += (int64_t)chance_below(&g->chance, (uint64_t)delay + 200 * MS);
	return now + (uint64_t)delay;
}

static void
add(struct job *j, struct receipt_order o, bool is_twice)
{
	struct gateway *g = j->g;

	receipts_add(g->receipts, j->target, &o);
	if (!is_twice && !chance_hits(&g->chance, g->settings.receipt_duplicate))
		return;
	o.hold = NULL;
	o.due_us += chance_below(&g->chance, SECOND);
	receipts_add(g->receipts, j->target, &o);
}

void
reports_plan(struct job *j, const struct message *m, uint64_t id)
{
	static const enum report good[2] = {REPORT_DELIVRD};
	struct gateway *g = j->g;
	const struct mood *mood = g->settings.moods ? mood_of(m->to) : NULL;
	const enum report *reports = good;
	struct receipt_order o = {.id = id, .to = m->to, .ref = m->ref};
	uint64_t step = ((uint64_t)g->settings.receipt_delay_ms / 2 + 50) * MS;
	bool is_early;

	if (j->target == NULL || g->settings.receipts == RECEIPTS_NONE)
		return;
	if (mood != NULL)
		reports = mood->reports;
	else if (g->settings.receipts == RECEIPTS_MIXED)
		reports = draw_mix(&g->chance);
	is_early = (mood != NULL && mood->is_early) ||
		   chance_hits(&g->chance, g->settings.receipt_early);
	if (is_early && j->hold == NULL)
		j->hold = hold_new();
	o.due_us = draw_due(g, j->now_us);
	for (size_t i = 0; i < 2 && reports[i] != REPORT_NONE; i++) {
		struct receipt_order one = o;

		one.report = reports[i];
		/* of two, the second is `step` later; in disorder, the first is */
		if (reports[1] != REPORT_NONE && (i == 1) != g->settings.receipt_reorder)
			one.due_us += step;
		if (is_early) {
			one.due_us = j->now_us;
			one.hold = j->hold;
		}
		add(j, one, mood != NULL && mood->is_twice);
	}
}
