/* SPDX-License-Identifier: MIT */
/* Which receipts an accepted message gets, and when. */
#include "tests/gateway/gateway.h"

#include "tests/gateway/times.h"

static const enum report good[2] = {REPORT_DELIVRD};

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
draw_due(struct gateway *g, uint64_t from)
{
	int64_t delay = g->settings.receipt_delay_ms * (int64_t)MS;
	int64_t jitter = g->settings.receipt_jitter_ms * (int64_t)MS;

	if (jitter > 0)
		delay += (int64_t)chance_below(&g->chance, (uint64_t)jitter * 2 + 1) - jitter;
	if (delay < 0)
		delay = 0;
	if (g->settings.receipt_reorder)
		delay += (int64_t)chance_below(&g->chance, (uint64_t)delay + 200 * MS);
	return from + (uint64_t)delay;
}

struct outlook
outlook_draw(struct job *j, struct text to, uint64_t sent_us)
{
	struct gateway *g = j->g;
	const struct mood *mood = g->settings.moods ? mood_of(to) : NULL;
	const enum report *reports = good;
	struct outlook o = {.is_twice = mood != NULL && mood->is_twice};
	uint64_t step = ((uint64_t)g->settings.receipt_delay_ms / 2 + 50) * MS, due;

	if (mood != NULL)
		reports = mood->reports;
	else if (g->settings.receipts == RECEIPTS_MIXED)
		reports = draw_mix(&g->chance);
	o.is_early = (mood != NULL && mood->is_early) ||
		     chance_hits(&g->chance, g->settings.receipt_early);
	due = draw_due(g, sent_us);
	for (size_t i = 0; i < 2 && reports[i] != REPORT_NONE; i++) {
		o.reports[i] = reports[i];
		o.due_us[i] = o.is_early ? j->now_us : due;
		/* of two, the second is `step` later; in disorder, the first is */
		if (!o.is_early && reports[1] != REPORT_NONE &&
		    (i == 1) != g->settings.receipt_reorder)
			o.due_us[i] += step;
	}
	return o;
}

void
reports_send(struct job *j, struct receipt_order o, const struct outlook *out)
{
	struct gateway *g = j->g;

	if (j->target == NULL || g->settings.receipts == RECEIPTS_NONE)
		return;
	if (out->is_early && j->hold == NULL)
		j->hold = hold_new();
	if (out->is_early)
		o.hold = j->hold;
	receipts_add(g->receipts, j->target, &o);
	if (!out->is_twice && !chance_hits(&g->chance, g->settings.receipt_duplicate))
		return;
	o.hold = NULL;
	o.due_us += chance_below(&g->chance, SECOND);
	receipts_add(g->receipts, j->target, &o);
}

void
reports_plan(struct job *j, const struct message *m, uint64_t id)
{
	struct outlook out;

	if (j->target == NULL || j->g->settings.receipts == RECEIPTS_NONE)
		return;
	out = outlook_draw(j, m->to, j->now_us);
	for (size_t i = 0; i < 2 && out.reports[i] != REPORT_NONE; i++)
		reports_send(j,
			     (struct receipt_order){.id = id,
						    .to = m->to,
						    .ref = m->ref,
						    .report = out.reports[i],
						    .due_us = out.due_us[i]},
			     &out);
}
