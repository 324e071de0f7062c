/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a request. In this order: chance faults, key, shape, sender,
 * callback, faults of moods, rate; then each message: number, text, reference,
 * repeated reference, mood, chance. What is accepted is in the ledger before
 * the answer leaves; what is refused as well.
 */
#include "tests/gateway/gateway.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tests/gateway/times.h"

static struct entry
start_entry(const struct job *j, const char *event, const struct message *m)
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

static void
note_refused(struct job *j, const struct message *m, struct verdict v)
{
	bool is_duplicate = v.code == CODE_DUPLICATE;
	struct entry e = start_entry(j, is_duplicate ? "duplicate" : "refused", m);

	e.code = code_name(v.code);
	e.id = v.id;
	ledger_add(&j->g->ledger, &e);
	if (is_duplicate)
		j->g->stats.duplicates++;
	else
		j->g->stats.refused++;
}

/* One answer for all of it; each message that was read has its line. */
static void
refuse_all(struct job *j, enum code code, const char *message, uint64_t id)
{
	struct request *q = &j->g->request;
	struct verdict v = {code, id};

	for (size_t i = 0; i < q->count; i++)
		note_refused(j, &q->messages[i], v);
	if (q->count == 0)
		note_refused(j, NULL, v);
	answer_error(j->reply, code, message);
}

static void
throttle(struct job *j)
{
	j->g->stats.throttled++;
	j->reply->status = 429;
	j->reply->headers = "Retry-After: 1\r\n";
	refuse_all(j, CODE_FAST, code_message(CODE_FAST), 0);
}

/* ---- the request as a whole ---- */

static bool
is_json(const char *type)
{
	static const char json[] = "application/json";
	size_t n = sizeof(json) - 1;

	return strncasecmp(type, json, n) == 0 &&
	       (type[n] == '\0' || type[n] == ';' || type[n] == ' ');
}

static bool
is_known_sender(const struct gateway *g, struct text from)
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

static bool
read_body(struct job *j)
{
	struct gateway *g = j->g;
	size_t max = 1;
	struct scan s;
	char why[160];

	if (j->dialect == DIALECT_BATCH)
		max = (size_t)g->settings.batch_max;
	else if (j->dialect == DIALECT_BULK)
		max = (size_t)g->settings.bulk_max;
	if (!is_json(j->asked->type)) {
		refuse_all(j, CODE_TEXT, "the Content-Type is not application/json", 0);
		return false;
	}
	if (!request_read(&g->request, j->dialect, max, j->asked->body, &s)) {
		snprintf(why, sizeof(why), "%s%s%sbyte %zu: %s", s.field == NULL ? "" : "field '",
			 s.field == NULL ? "" : s.field, s.field == NULL ? "" : "', ", s.at, s.why);
		g->request.count = 0;
		refuse_all(j, CODE_TEXT, why, 0);
		return false;
	}
	if (g->verdicts_cap < g->request.cap) {
		g->verdicts_cap = g->request.cap;
		g->verdicts = must_grow(g->verdicts, g->verdicts_cap * sizeof(*g->verdicts));
	}
	return true;
}

static bool
find_callback(struct job *j)
{
	struct gateway *g = j->g;
	struct text url = g->request.callback;
	const char *why;

	if (url.p == NULL && g->settings.callback[0] != '\0')
		url = (struct text){g->settings.callback, strlen(g->settings.callback)};
	if (url.p == NULL)
		return true;
	j->target = receipts_target(g->receipts, url, &why);
	if (j->target == NULL)
		refuse_all(j, CODE_TEXT, why, 0);
	return j->target != NULL;
}

/* Moods that are about the whole request; the first number that has one decides. */
static bool
has_mood_refused(struct job *j)
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

static bool
has_throttled(struct job *j)
{
	struct gateway *g = j->g;

	if (is_too_fast(g, j->now_us, g->request.count))
		g->stats.rate_violations++;
	else if (!chance_hits(&g->chance, g->settings.throttle_rate))
		return false;
	throttle(j);
	return true;
}

/* ---- each message ---- */

/* The id under which a reference was accepted inside the window; 0 = it was not. */
static uint64_t
accepted_as(const struct job *j, struct text ref)
{
	int64_t window = j->g->settings.dedupe;
	struct memory_entry *e;
	bool is_new;

	if (ref.p == NULL || window == DEDUPE_NONE)
		return 0;
	e = memory_get(&j->g->refs, ref, &is_new);
	if (e->id == 0)
		return 0;
	if (window != DEDUPE_FOREVER && j->wall_us - e->at_us >= (uint64_t)window * SECOND)
		return 0;
	return e->id;
}

static enum code
judge_by_mood(struct job *j, struct text to)
{
	const struct mood *m = j->g->settings.moods ? mood_of(to) : NULL;
	bool is_new = false;

	if (m == NULL)
		return CODE_ACCEPTED;
	if (m->at_first == CODE_TEMPORARY)
		memory_get(&j->g->numbers, to, &is_new);
	return is_new ? m->at_first : m->always;
}

static struct verdict
judge(struct job *j, const struct message *m)
{
	struct settings *s = &j->g->settings;
	struct verdict v = {CODE_ACCEPTED, 0};

	if (!number_is_good(m->to))
		v.code = CODE_NUMBER;
	else if (j->dialect != DIALECT_BULK &&
		 (!ref_is_good(m->ref) || !text_is_good(m->text, (size_t)s->text_max)))
		v.code = CODE_TEXT;
	if (v.code != CODE_ACCEPTED)
		return v;
	v.id = j->dialect == DIALECT_BULK ? 0 : accepted_as(j, m->ref);
	if (v.id != 0) {
		v.code = CODE_DUPLICATE;
		return v;
	}
	v.code = judge_by_mood(j, m->to);
	if (v.code == CODE_ACCEPTED && chance_hits(&j->g->chance, s->refuse_rate))
		v.code = CODE_NUMBER;
	if (v.code == CODE_ACCEPTED && j->dialect != DIALECT_BULK &&
	    chance_hits(&j->g->chance, s->error_rate))
		v.code = CODE_TEMPORARY;
	return v;
}

static void
remember(struct job *j, struct text ref, uint64_t id)
{
	struct memory_entry *e;
	bool is_new;

	if (ref.p == NULL)
		return;
	e = memory_get(&j->g->refs, ref, &is_new);
	if (e->id != 0 && e->id != id)
		j->g->stats.accepted_again++;
	e->id = id;
	e->at_us = j->wall_us;
}

static void
accept_message(struct job *j, const struct message *m, uint64_t id)
{
	struct entry e = start_entry(j, "accepted", m);

	remember(j, m->ref, id);
	e.id = id;
	e.from = j->g->request.from;
	e.text = m->text;
	ledger_add(&j->g->ledger, &e);
	j->g->stats.accepted++;
	reports_plan(j, m, id);
}

static void
take_each(struct job *j)
{
	struct gateway *g = j->g;

	for (size_t i = 0; i < g->request.count; i++) {
		const struct message *m = &g->request.messages[i];
		struct verdict *v = &g->verdicts[i];

		*v = judge(j, m);
		if (v->code != CODE_ACCEPTED) {
			note_refused(j, m, *v);
			continue;
		}
		v->id = ++g->last_id;
		accept_message(j, m, v->id);
	}
}

/* One text, one reference, one id for all numbers; what is wrong with a single number is all that
 * can be said of it. */
static bool
take_bulk(struct job *j)
{
	struct gateway *g = j->g;
	struct request *q = &g->request;
	enum code whole = CODE_ACCEPTED;
	uint64_t id = 0;

	if (!ref_is_good(q->ref) || !text_is_good(q->text, (size_t)g->settings.text_max))
		whole = CODE_TEXT;
	else if ((id = accepted_as(j, q->ref)) != 0)
		whole = CODE_DUPLICATE;
	else if (chance_hits(&g->chance, g->settings.error_rate))
		whole = CODE_TEMPORARY;
	for (size_t i = 0; i < q->count && whole == CODE_ACCEPTED; i++) {
		g->verdicts[i] = judge(j, &q->messages[i]);
		if (g->verdicts[i].code == CODE_TEMPORARY)
			whole = CODE_TEMPORARY;
	}
	if (whole != CODE_ACCEPTED) {
		refuse_all(j, whole, code_message(whole), id);
		return false;
	}
	for (size_t i = 0; i < q->count; i++) {
		struct verdict *v = &g->verdicts[i];

		if (v->code != CODE_ACCEPTED) {
			note_refused(j, &q->messages[i], *v);
			continue;
		}
		if (id == 0)
			id = ++g->last_id;
		v->id = id;
		accept_message(j, &q->messages[i], id);
	}
	return true;
}

/* true: what came was refused as a whole, or met a fault before anything was accepted. */
static bool
has_ended_early(struct job *j)
{
	struct gateway *g = j->g;
	enum fault f = fault_draw_before(g);

	g->request.count = 0;
	if (f != FAULT_NONE) {
		fault_do(j, f, false);
		return true;
	}
	if (g->settings.key[0] != '\0' && strcmp(g->settings.key, j->asked->key) != 0) {
		refuse_all(j, CODE_KEY, code_message(CODE_KEY), 0);
		return true;
	}
	if (!read_body(j))
		return true;
	if (!is_known_sender(g, g->request.from)) {
		refuse_all(j, CODE_SENDER, code_message(CODE_SENDER), 0);
		return true;
	}
	return !find_callback(j) || has_mood_refused(j) || has_throttled(j);
}

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
desk_take(struct gateway *g, enum dialect d, const struct asked *q, struct reply *r)
{
	struct job j = {.g = g,
			.asked = q,
			.reply = r,
			.dialect = d,
			.number = ++g->last_request,
			.now_us = times_mono_us(),
			.wall_us = times_wall_us()};
	enum fault f;

	g->stats.requests++;
	r->wait_us = draw_wait(g);
	if (has_ended_early(&j))
		return;
	if (d != DIALECT_BULK) {
		take_each(&j);
		answer_verdicts(g, &g->request, r);
	} else if (take_bulk(&j)) {
		answer_verdicts(g, &g->request, r);
	}
	r->hold = j.hold;
	f = j.after != FAULT_NONE ? j.after : fault_draw_after(g, q->nth);
	if (f != FAULT_NONE)
		fault_do(&j, f, true);
}
