/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a request to /send, /batch or /bulk. In this order: chance
 * faults, key, shape, sender, callback, faults of moods, rate; then each
 * message: number, text, reference, repeated reference, mood, chance. What is
 * accepted is in the ledger before the answer leaves; what is refused as well.
 */
#include "tests/gateway/gateway.h"

#include <stdio.h>
#include <string.h>

#include "tests/gateway/times.h"

/* ---- the request as a whole ---- */

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
	if (!job_is_json(j)) {
		job_refuse_all(j, CODE_TEXT, "the Content-Type is not application/json", 0);
		return false;
	}
	if (!request_read(&g->request, j->dialect, max, j->asked->body, &s)) {
		snprintf(why, sizeof(why), "%s%s%sbyte %zu: %s", s.field == NULL ? "" : "field '",
			 s.field == NULL ? "" : s.field, s.field == NULL ? "" : "', ", s.at, s.why);
		g->request.count = 0;
		job_refuse_all(j, CODE_TEXT, why, 0);
		return false;
	}
	job_make_verdicts(g);
	return true;
}

/* ---- each message ---- */

/* The id under which the message, its reference or its text, was accepted inside the window; 0 = it
 * was not. */
static uint64_t
accepted_as(const struct job *j, const struct message *m)
{
	int64_t window = j->g->settings.dedupe;
	struct memory_entry *e;
	bool is_new;

	if (window == DEDUPE_NONE)
		return 0;
	if (j->g->settings.dedupe_text)
		e = memory_get_pair(&j->g->texts, m->to, m->text, &is_new);
	else if (m->ref.p != NULL)
		e = memory_get(&j->g->refs, m->ref, &is_new);
	else
		return 0;
	if (e->id == 0)
		return 0;
	if (window != DEDUPE_FOREVER && j->wall_us - e->at_us >= (uint64_t)window * SECOND)
		return 0;
	return e->id;
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
	v.id = j->dialect == DIALECT_BULK && !s->dedupe_text ? 0 : accepted_as(j, m);
	if (v.id != 0) {
		v.code = CODE_DUPLICATE;
		return v;
	}
	v.code = job_judge_by_mood(j, m->to);
	if (v.code == CODE_ACCEPTED && chance_hits(&j->g->chance, s->refuse_rate))
		v.code = CODE_NUMBER;
	if (v.code == CODE_ACCEPTED && j->dialect != DIALECT_BULK &&
	    chance_hits(&j->g->chance, s->error_rate))
		v.code = CODE_TEMPORARY;
	return v;
}

static void
accept_message(struct job *j, const struct message *m, uint64_t id)
{
	job_note_accepted(j, &j->g->refs, m, id, NULL);
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
			job_note_refused(j, m, *v);
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
	else if (!g->settings.dedupe_text &&
		 (id = accepted_as(j, &(struct message){.ref = q->ref})) != 0)
		whole = CODE_DUPLICATE;
	else if (chance_hits(&g->chance, g->settings.error_rate))
		whole = CODE_TEMPORARY;
	for (size_t i = 0; i < q->count && whole == CODE_ACCEPTED; i++) {
		g->verdicts[i] = judge(j, &q->messages[i]);
		if (g->verdicts[i].code == CODE_TEMPORARY)
			whole = CODE_TEMPORARY;
	}
	if (whole != CODE_ACCEPTED) {
		job_refuse_all(j, whole, NULL, id);
		return false;
	}
	for (size_t i = 0; i < q->count; i++) {
		struct verdict *v = &g->verdicts[i];

		if (v->code != CODE_ACCEPTED) {
			job_note_refused(j, &q->messages[i], *v);
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

	if (job_meets_fault(j))
		return true;
	if (g->settings.key[0] != '\0' && strcmp(g->settings.key, j->asked->key) != 0) {
		job_refuse_all(j, CODE_KEY, NULL, 0);
		return true;
	}
	if (!read_body(j))
		return true;
	if (!job_knows_sender(g, g->request.from)) {
		job_refuse_all(j, CODE_SENDER, NULL, 0);
		return true;
	}
	return !job_find_callback(j) || job_has_mood_refused(j) || job_has_throttled(j);
}

static void
refuse(struct job *j, struct verdict v, const char *message)
{
	if (v.code == CODE_FAST) {
		j->reply->status = 429;
		j->reply->headers = "Retry-After: 1\r\n";
	}
	answer_error(j->reply, v.code, message == NULL ? code_message(v.code) : message);
}

void
desk_take(struct gateway *g, enum dialect d, const struct asked *q, struct reply *r)
{
	static const struct manner plain = {code_name, refuse, RECEIPTS_BY_POST};
	struct job j = {.g = g, .asked = q, .reply = r, .dialect = d};

	job_start(&j, &plain);
	if (has_ended_early(&j))
		return;
	if (d != DIALECT_BULK) {
		take_each(&j);
		answer_verdicts(g, &g->request, r);
	} else if (take_bulk(&j)) {
		answer_verdicts(g, &g->request, r);
	}
	job_end(&j);
}
