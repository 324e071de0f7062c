/* SPDX-License-Identifier: MIT */
/* What the desks of all dialects do alike: notes, refusals, moods, the rate. */
#include "tests/gateway/gateway.h"

#include <string.h>
#include <strings.h>

#include "tests/gateway/times.h"

static uint64_t
draw_wait(struct gateway *g)
{
	int64_t jitter = g->settings.latency_jitter_ms * (int64_t)MS;
	int64_t wait = g->settings.latency_ms * (int64_t)MS;

	if (jitter > 0)
		wait += (int64_t)chance_below(&g->chance, (uint64_t)jitter * 2 + 1) - jitter;
	return wait > 0 ? (uint64_t)wait : 0;
}

void
job_start(struct job *j, const struct manner *manner)
{
	struct gateway *g = j->g;

	j->manner = manner;
	j->number = ++g->last_request;
	j->now_us = times_mono_us();
	j->wall_us = times_wall_us();
	if (j->dialect == DIALECT_ESMS_POLL)
		g->stats.polls++;
	else
		g->stats.requests++;
	if (g->settings.fault_in > 0 && --g->settings.fault_in == 0)
		j->nth = nth_at((size_t)g->settings.fault);
	g->request.count = 0;
	j->reply->wait_us = draw_wait(g);
}

bool
job_meets_fault(struct job *j)
{
	enum fault f = fault_draw_before(j->g);

	if (j->nth != NULL && !j->nth->is_after)
		f = j->nth->fault;
	if (f != FAULT_NONE)
		fault_do(j, f, false);
	return f != FAULT_NONE;
}

void
job_end(struct job *j)
{
	enum fault f = j->after;

	j->reply->hold = j->hold;
	if (f == FAULT_NONE)
		f = fault_draw_after(j->g, j->asked->nth);
	if (j->nth != NULL && j->nth->is_after)
		f = j->nth->fault;
	if (f != FAULT_NONE)
		fault_do(j, f, true);
}

/* ---- notes ---- */

struct entry
job_entry(const struct job *j, const char *event, const struct message *m)
{
	struct entry e = {.event = event,
			  .at_us = j->now_us,
			  .wall_us = j->wall_us,
			  .request = j->number,
			  .connection = j->asked->connection,
			  .dialect = dialect_name(j->dialect)};

	if (m != NULL) {
		e.ref = m->ref;
		e.to = m->to;
	}
	return e;
}

void
job_note_refused(struct job *j, const struct message *m, struct verdict v)
{
	bool is_duplicate = v.code == CODE_DUPLICATE || v.code == CODE_ESMS_PROCESSING;
	struct entry e = job_entry(j, is_duplicate ? "duplicate" : "refused", m);

	e.code = j->manner->name(v.code);
	e.id = v.id;
	ledger_add(&j->g->ledger, &e);
	if (is_duplicate)
		j->g->stats.duplicates++;
	else
		j->g->stats.refused++;
}

static void
remember(struct job *j, struct memory *refs, struct text ref, uint64_t id)
{
	struct memory_entry *e;
	bool is_new;

	if (ref.p == NULL)
		return;
	e = memory_get(refs, ref, &is_new);
	if (e->id != 0 && e->id != id)
		j->g->stats.accepted_again++;
	e->id = id;
	e->at_us = j->wall_us;
}

static void
remember_text(struct job *j, const struct message *m, uint64_t id)
{
	bool is_new;
	struct memory_entry *e = memory_get_pair(&j->g->texts, m->to, m->text, &is_new);

	e->id = id;
	e->at_us = j->wall_us;
}

void
job_note_accepted(struct job *j, struct memory *refs, const struct message *m, uint64_t id,
		  const char *extra)
{
	struct entry e = job_entry(j, "accepted", m);

	remember(j, refs, m->ref, id);
	if (refs == &j->g->refs)
		remember_text(j, m, id);
	e.id = id;
	e.from = j->g->request.from;
	e.text = m->text;
	e.extra = extra;
	ledger_add(&j->g->ledger, &e);
	j->g->stats.accepted++;
}

void
job_refuse_all(struct job *j, enum code code, const char *message, uint64_t id)
{
	struct request *q = &j->g->request;
	struct verdict v = {code, id};

	for (size_t i = 0; i < q->count; i++)
		job_note_refused(j, &q->messages[i], v);
	if (q->count == 0)
		job_note_refused(j, NULL, v);
	j->manner->refuse(j, v, message);
}

static void
throttle(struct job *j)
{
	j->g->stats.throttled++;
	job_refuse_all(j, CODE_FAST, NULL, 0);
}

/* ---- the request as a whole ---- */

bool
job_is_json(const struct job *j)
{
	static const char json[] = "application/json";
	const char *type = j->asked->type;
	size_t n = sizeof(json) - 1;

	return strncasecmp(type, json, n) == 0 &&
	       (type[n] == '\0' || type[n] == ';' || type[n] == ' ');
}

void
job_make_verdicts(struct gateway *g)
{
	if (g->verdicts_cap >= g->request.cap)
		return;
	g->verdicts_cap = g->request.cap;
	g->verdicts = must_grow(g->verdicts, g->verdicts_cap * sizeof(*g->verdicts));
}

bool
job_knows_sender(const struct gateway *g, struct text from)
{
	const char *list = g->settings.senders;
	size_t n;

	if (!sender_is_good(from))
		return false;
	if (list[0] == '\0')
		return true;
	for (; *list != '\0'; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		if (n == from.n && memcmp(list, from.p, n) == 0)
			return true;
	}
	return false;
}

bool
job_find_callback(struct job *j)
{
	struct gateway *g = j->g;
	struct text url = g->request.callback;
	const char *why;

	if (url.p == NULL && g->settings.callback[0] != '\0')
		url = (struct text){g->settings.callback, strlen(g->settings.callback)};
	if (url.p == NULL)
		return true;
	j->target = receipts_target(g->receipts, url, j->manner->receipts_by, &why);
	if (j->target == NULL)
		job_refuse_all(j, CODE_TEXT, why, 0);
	return j->target != NULL;
}

bool
job_has_mood_refused(struct job *j)
{
	const struct request *q = &j->g->request;
	const struct mood *m;
	bool is_new;

	if (!j->g->settings.moods)
		return false;
	for (size_t i = 0; i < q->count; i++) {
		if (!number_is_good(q->messages[i].to))
			continue;
		m = mood_of(q->messages[i].to);
		if (m == NULL)
			continue;
		if (j->after == FAULT_NONE)
			j->after = m->after;
		if (m->before == FAULT_NONE && m->at_first != CODE_FAST)
			continue;
		memory_get(&j->g->numbers, q->messages[i].to, &is_new);
		if (!is_new)
			continue;
		if (m->before != FAULT_NONE)
			fault_do(j, m->before, false);
		else
			throttle(j);
		return true;
	}
	return false;
}

/* A request that alone is more than a second's worth needs as much silence before it as it is
 * worth. */
static bool
is_too_fast(struct gateway *g, uint64_t now, uint64_t n)
{
	uint64_t rate = (uint64_t)g->settings.rate;
	uint64_t most = g->settings.rate_strict ? rate : (rate * 102 + 99) / 100;
	bool is_over;

	window_add(&g->offered, now, n);
	if (rate == 0)
		return false;
	if (n > most)
		is_over = g->admitted.last_us != 0 && now - g->admitted.last_us < n * SECOND / most;
	else
		is_over = window_sum(&g->admitted, now) + n > most;
	if (!is_over)
		window_add(&g->admitted, now, n);
	return is_over;
}

bool
job_has_throttled(struct job *j)
{
	struct gateway *g = j->g;

	if (is_too_fast(g, j->now_us, g->request.count))
		g->stats.rate_violations++;
	else if (!chance_hits(&g->chance, g->settings.throttle_rate))
		return false;
	throttle(j);
	return true;
}

enum code
job_judge_by_mood(struct job *j, struct text to)
{
	const struct mood *m = j->g->settings.moods ? mood_of(to) : NULL;
	bool is_new = false;

	if (m == NULL)
		return CODE_ACCEPTED;
	if (m->at_first == CODE_TEMPORARY)
		memory_get(&j->g->numbers, to, &is_new);
	return is_new ? m->at_first : m->always;
}
