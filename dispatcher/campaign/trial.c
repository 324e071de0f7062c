/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/trial.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/campaign/sensitive.h"
#include "dispatcher/run/render.h"
#include "dispatcher/run/said.h"
#include "segments/phone.h"

#define PROGRESS_BLOCKS 64

/* The best so far by one measure, best first. */
struct best {
	struct trial_text texts[TRIAL_MAX];
	size_t count;
};

struct trial_job {
	struct loop *loop;
	struct engine *engine;
	const struct config *config;
	struct trial_wish wish;
	struct trial_callbacks cbs;
	struct ready_campaign *c;
	struct audience *audience;
	struct sweep *sweep;
	int64_t today;
	unsigned carrier;   /* of the phone: its provider's rules hold */
	uint64_t first_row; /* of the list that the wanted row is of */
	bool is_cancelled;
	struct said said;
	struct best shortest, longest, first;
	uint64_t audience_count;
	enum record_reason row_reason; /* why the wanted row has no text */
	bool has_row;		       /* it is in the audience */
	struct trial t;
};

static void
best_free(struct best *b)
{
	for (size_t i = 0; i < b->count; i++)
		free(b->texts[i].text);
}

static void
job_free(struct trial_job *j)
{
	best_free(&j->shortest);
	best_free(&j->longest);
	best_free(&j->first);
	ready_campaign_free(j->c);
	if (j->audience != NULL)
		audience_free(j->audience);
	free(j);
}

static void
job_end(struct trial_job *j, const struct err_ctx *e)
{
	if (!j->is_cancelled)
		j->cbs.on_done(j->cbs.arg, j->c, e == NULL ? &j->t : NULL, e);
	job_free(j);
}

/* ---- the best ---- */

static bool
is_shorter(const struct trial_text *a, const struct trial_text *b)
{
	return a->parts != b->parts ? a->parts < b->parts : a->n < b->n;
}

/* Put a copy where it belongs; equals stand in the order of their rows. sign 0 = by row alone. */
static void
best_offer(struct best *b, const struct trial_text *t, int sign)
{
	size_t at = b->count;

	while (at > 0 && sign != 0 &&
	       (sign < 0 ? is_shorter(t, &b->texts[at - 1]) : is_shorter(&b->texts[at - 1], t)))
		at--;
	if (at == TRIAL_MAX)
		return;
	if (b->count == TRIAL_MAX)
		free(b->texts[--b->count].text);
	memmove(&b->texts[at + 1], &b->texts[at], (b->count - at) * sizeof(b->texts[0]));
	b->texts[at] = *t;
	b->texts[at].text = xmemdup0(t->text, t->n);
	b->count++;
}

static void
offer(struct trial_job *j, uint64_t row, const struct rendered *r)
{
	struct trial_text t = {.row = row,
			       .text = (char *)(uintptr_t)r->text.p, /* best_offer copies it */
			       .n = r->text.n,
			       .parts = r->count.parts,
			       .is_unicode = r->count.encoding == SMS_UCS2,
			       .language = r->language};

	best_offer(&j->shortest, &t, -1);
	best_offer(&j->longest, &t, 1);
	best_offer(&j->first, &t, 0);
}

/* ---- the choice ---- */

static void
choose(struct trial_job *j, const struct best *from, size_t at, const char *why)
{
	struct trial *t = &j->t;

	if (at >= from->count || t->count == j->wish.count)
		return;
	for (size_t i = 0; i < t->count; i++)
		if (t->texts[i].row == from->texts[at].row)
			return;
	t->texts[t->count] = from->texts[at];
	t->texts[t->count++].why = why;
}

static void
choose_all(struct trial_job *j)
{
	const struct best *of = j->wish.pick == TRIAL_LONGEST ? &j->longest : &j->shortest;

	switch (j->wish.pick) {
	case TRIAL_MIXED:
		choose(j, &j->shortest, 0, "shortest");
		choose(j, &j->longest, 0, "longest");
		for (size_t i = 0; i < TRIAL_MAX; i++)
			choose(j, &j->first, i, i == 0 ? "first" : "next");
		break;
	case TRIAL_SHORTEST:
	case TRIAL_LONGEST:
		for (size_t i = 0; i < TRIAL_MAX; i++)
			choose(j, of, i, of == &j->longest ? "longest" : "shortest");
		break;
	case TRIAL_ROW:
		choose(j, &j->first, 0, "row");
		break;
	}
}

/* Nothing to show: why? */
static enum err
explain(const struct trial_job *j, struct err_ctx *e)
{
	if (j->wish.pick == TRIAL_ROW && !j->has_row)
		return err_set(e, ERR_INPUT, "row", "choose another",
			       "%llu is not in the campaign's audience",
			       (unsigned long long)j->wish.row);
	if (j->wish.pick == TRIAL_ROW)
		return err_set(e, ERR_INPUT, "row", "choose another", "%llu gets no message: %s",
			       (unsigned long long)j->wish.row,
			       record_reason_text((uint8_t)j->row_reason));
	return err_set(e, ERR_INPUT, "campaign", "see its preview",
		       "has no message to try: none of its %llu rows gets one",
		       (unsigned long long)j->audience_count);
}

/* ---- the rows ---- */

static void
look_at(struct trial_job *j, const struct audience_row *r, const struct block *b)
{
	enum record_reason reason = r->reason;
	struct rendered out = {0};
	bool is_row = j->wish.pick == TRIAL_ROW;

	j->audience_count++;
	if (is_row && r->row + 1ull != j->first_row + j->wish.row)
		return;
	j->has_row = true;
	/* The wanted row is rendered also if another of its phone goes before it. */
	if (r->state == RECORD_WAITING || (is_row && reason == REASON_SAME_PHONE))
		reason = render_row(j->c->rendering, b, r->row % BLOCK_ROWS, j->carrier, &out);
	j->row_reason = reason;
	if (reason == REASON_NONE)
		offer(j, r->row + 1ull, &out);
}

static bool
on_block(void *arg, uint32_t index, const struct block *b)
{
	struct trial_job *j = arg;
	struct audience_row rows[BLOCK_ROWS];
	size_t n = audience_block(j->audience, index, b, j->today, rows);

	for (size_t k = 0; k < n; k++)
		look_at(j, &rows[k], b);
	if (j->cbs.on_progress != NULL && index % PROGRESS_BLOCKS == PROGRESS_BLOCKS - 1)
		j->cbs.on_progress(j->cbs.arg, index + 1, j->c->list->block_count);
	return true;
}

static void
on_swept(void *arg, const struct err_ctx *e)
{
	struct trial_job *j = arg;
	struct err_ctx why;

	j->sweep = NULL;
	choose_all(j);
	if (e == NULL && j->t.count == 0) {
		(void)!explain(j, &why);
		e = &why;
	}
	job_end(j, e);
}

/* Of several lists: where the wanted row stands among them all. */
static enum err
find_row(struct trial_job *j, struct err_ctx *e)
{
	const struct list *l = j->c->list;
	const char *name = j->wish.list;
	size_t i = 0;

	j->first_row = 0;
	if (j->wish.pick != TRIAL_ROW || (list_part_count(l) == 1 && name[0] == '\0'))
		return ERR_OK;
	if (name[0] == '\0')
		return err_set(e, ERR_INPUT, "list", "say of which the row is",
			       "the campaign is of %zu lists", list_part_count(l));
	while (i < list_part_count(l) && strcmp(list_part(l, i)->name, name) != 0)
		i++;
	if (i == list_part_count(l))
		return err_set(e, ERR_INPUT, "list", "take one of loa campaign show",
			       "%s is no list of the campaign", name);
	j->first_row = (uint64_t)list_part_first(l, i) * BLOCK_ROWS;
	if (j->wish.row > list_part(l, i)->block_count * (uint64_t)BLOCK_ROWS)
		j->first_row = UINT32_MAX; /* none: not one of the list behind it */
	return ERR_OK;
}

/* The provider and the price of the phone; no demo list by a real one. */
static enum err
find_route(struct trial_job *j, struct err_ctx *e)
{
	const struct route_plan *route = &j->c->route;
	unsigned carrier = (unsigned)carrier_of(j->wish.phone) & (CARRIERS_MAX - 1);
	uint8_t p = route->map.partition[carrier];

	if (ready_campaign_check_demo(j->c, j->config, e) != ERR_OK ||
	    sensitive_check(j->c, e) != ERR_OK)
		return e->code;
	if (!j->wish.is_full && sensitive_is_asked(j->c))
		return err_set(
			e, ERR_REFUSED, "segments",
			"ask in full with --token-file and --reason, or test with a segment "
			"that does not ask for it",
			"ask for a sensitive column: whose text it is is for the administrator");
	if (p == NO_PARTITION)
		return err_set(e, ERR_REFUSED, "to", "use a phone of a carrier that is served",
			       "no provider of the route serves its carrier");
	j->t.provider = &j->config->providers[route->provider[p]];
	j->t.price = route->price[p];
	j->carrier = carrier;
	return ERR_OK;
}

static void
on_ready(void *arg, struct ready_campaign *c, const struct err_ctx *why)
{
	struct trial_job *j = arg;
	struct block_want want = {.has_people = true};
	struct sweep_options o = {
		.want = &want, .on_block = on_block, .on_done = on_swept, .arg = j};
	struct err_ctx e;

	j->c = c;
	if (c == NULL || j->is_cancelled) {
		job_end(j, why);
		return;
	}
	if (find_route(j, &e) != ERR_OK || find_row(j, &e) != ERR_OK) {
		job_end(j, &e);
		return;
	}
	j->today = c->today;
	j->audience = ready_campaign_audience(c);
	audience_want(j->audience, &want);
	rendering_want(c->rendering, &want);
	j->sweep = sweep_start(j->loop, engine_bulk(j->engine), c->list, 0,
			       (uint32_t)c->list->block_count, &o);
}

/* The campaign's sets are being read. */
static bool
on_watched(void *arg, uint64_t done, uint64_t total)
{
	struct trial_job *j = arg;

	if (!j->is_cancelled && j->cbs.on_sets != NULL && said_is_due(&j->said, clock_mono_ms()))
		j->cbs.on_sets(j->cbs.arg, done, total);
	return !j->is_cancelled;
}

struct trial_job *
trial_start(struct loop *l, struct engine *e, const struct config *c, const char *id_or_name,
	    const struct trial_wish *wish, const struct trial_callbacks *cbs)
{
	struct trial_job *j = xcalloc(1, sizeof(*j));
	struct ready_how how = {.watch = {on_watched, j}};

	j->loop = l;
	j->engine = e;
	j->config = c;
	j->wish = *wish;
	j->cbs = *cbs;
	said_begin(&j->said, clock_mono_ms());
	campaign_ready(e, c, id_or_name, &how, on_ready, j);
	return j;
}

void
trial_cancel(struct trial_job *j)
{
	j->is_cancelled = true;
	if (j->sweep == NULL) /* a callback that is still to come ends it */
		return;
	sweep_cancel(j->sweep);
	job_free(j);
}
