/* SPDX-License-Identifier: MIT */
/*
 * Sending in the dialect of eSMS.vn. In this order: chance faults, shape, keys,
 * type, values, brand name, callback, count of numbers, faults of moods, rate;
 * then number, repeated RequestId, mood, chance, template, repeated text,
 * money. The addresses of the dialect stand at the end.
 */
#include "tests/gateway/esms.h"

#include <stdio.h>
#include <string.h>

#include "tests/gateway/gateway.h"
#include "tests/gateway/times.h"

#define REQUEST_ID_US (24 * 3600 * SECOND)
#define SAME_TEXT_US (300 * SECOND)

struct order {
	struct job *j;
	enum esms_body_kind kind;
	struct esms_body body;
	struct esms_send send;
};

static void
refuse(struct job *j, struct verdict v, const char *message)
{
	esms_answer_error(j->reply, "CodeResult", v, message);
	if (v.code == CODE_DUPLICATE && chance_hits(&j->g->chance, 0.5)) {
		struct shelf_sms *m = shelf_find(&j->g->esms.shelf, v.id);

		if (m == NULL)
			return;
		j->reply->body.n--; /* the brace */
		bytes_format(&j->reply->body, ",\"SendStatus\":%d}",
			     (int)shelf_totals(m, j->wall_us).status);
	}
}

static const struct manner esms_manner = {esms_code_name, refuse, RECEIPTS_BY_GET};

/* true if it was something to refuse. */
static bool
has_refused(struct order *o, enum code c, const char *why)
{
	if (c != CODE_ACCEPTED)
		job_refuse_all(o->j, c, why, 0);
	return c != CODE_ACCEPTED;
}

/* ---- the request as a whole ---- */

/* What the ledger will know of the request, be it refused or not. */
static void
list_messages(struct order *o)
{
	struct gateway *g = o->j->g;
	struct bytes *numbers = &g->esms.numbers;
	const json_t *phones = o->body.fields[ESMS_PHONES];
	struct message m = {.text = esms_text(&o->body, ESMS_CONTENT),
			    .ref = esms_text(&o->body, ESMS_REQUEST_ID)};
	struct message *added;
	size_t n = o->kind == ESMS_BODY_QC ? json_array_size(phones) : 1;

	g->request.from = esms_text(&o->body, ESMS_BRANDNAME);
	g->request.callback = esms_text(&o->body, ESMS_CALLBACK_URL);
	if (json_object_size(o->body.root) == 0)
		return;
	if (n > ESMS_LIST_MAX) {
		*request_add(&g->request, NULL) = m; /* one line, with the reference alone */
		return;
	}
	numbers->n = 0;
	bytes_room(numbers, n * 12); /* it does not move under the texts below */
	for (size_t i = 0; i < n; i++) {
		m.to = esms_text(&o->body, ESMS_PHONE);
		if (o->kind == ESMS_BODY_QC) {
			const json_t *v = json_array_get(phones, i);

			if (!json_is_string(v))
				continue;
			m.to = (struct text){(char *)(intptr_t)json_string_value(v),
					     json_string_length(v)};
		}
		m.to = esms_number(m.to, numbers->p + i * 12);
		added = request_add(&g->request, NULL);
		*added = m;
	}
	job_make_verdicts(g);
}

/* QC: at least 30 different numbers. What is none, or stands there twice, is left out. */
static enum code
judge_list(struct order *o)
{
	struct gateway *g = o->j->g;
	struct memory seen = {0};
	size_t different = 0;
	bool is_new;

	if (json_array_size(o->body.fields[ESMS_PHONES]) > ESMS_LIST_MAX)
		return CODE_ESMS_TOO_MANY;
	for (size_t i = 0; i < g->request.count; i++) {
		struct text to = g->request.messages[i].to;

		g->verdicts[i] = (struct verdict){CODE_ESMS_PHONE, 0};
		if (!number_is_good(to))
			continue;
		memory_get(&seen, to, &is_new);
		g->verdicts[i].code = is_new ? CODE_ACCEPTED : CODE_ESMS_TWICE;
		different += is_new;
	}
	memory_free(&seen);
	return different < ESMS_LIST_MIN ? CODE_ESMS_TOO_FEW : CODE_ACCEPTED;
}

static bool
has_ended_early(struct order *o)
{
	struct job *j = o->j;
	struct gateway *g = j->g;
	const char *why = NULL;
	enum code c;

	if (job_meets_fault(j))
		return true;
	c = esms_body_read(&o->body, o->kind, j->asked->body, &why);
	if (!job_is_json(j))
		c = CODE_ESMS_NO_JSON;
	list_messages(o);
	if (has_refused(o, c, why))
		return true;
	c = esms_account_code(g, esms_text(&o->body, ESMS_API_KEY),
			      esms_text(&o->body, ESMS_SECRET_KEY));
	if (c == CODE_ACCEPTED)
		c = esms_send_read(&o->body, o->kind, &o->send, &why);
	else
		why = NULL;
	if (c == CODE_ACCEPTED && !job_knows_sender(g, g->request.from))
		c = CODE_ESMS_BRAND;
	if (has_refused(o, c, why))
		return true;
	if (!job_find_callback(j))
		return true;
	if (o->kind == ESMS_BODY_QC && has_refused(o, judge_list(o), NULL))
		return true;
	return job_has_mood_refused(j) || job_has_throttled(j);
}

/* ---- judgement ---- */

/* A RequestId that was accepted; v->id is that of then. */
static void
judge_request_id(struct order *o, struct text ref, struct verdict *v)
{
	struct gateway *g = o->j->g;
	struct memory_entry *e;
	uint64_t age;
	bool is_new;

	if (ref.p == NULL)
		return;
	e = memory_get(&g->esms.requests, ref, &is_new);
	age = o->j->wall_us - e->at_us;
	if (e->id == 0 || age >= REQUEST_ID_US)
		return;
	v->id = e->id;
	v->code = age < (uint64_t)g->settings.esms_processing_ms * MS ? CODE_ESMS_PROCESSING
								      : CODE_DUPLICATE;
}

/* The same text to the same number; its entry, or NULL if nobody asks for it. */
static struct memory_entry *
text_entry(struct order *o, const struct message *m)
{
	bool is_new;

	if (!o->j->g->settings.esms_same_text)
		return NULL;
	return memory_get_pair(&o->j->g->esms.texts, m->to, m->text, &is_new);
}

static enum code
judge_number(struct order *o, const struct message *m)
{
	enum code c = job_judge_by_mood(o->j, m->to);
	struct memory_entry *e = text_entry(o, m);

	if (c == CODE_ACCEPTED && chance_hits(&o->j->g->chance, o->j->g->settings.refuse_rate))
		c = CODE_ESMS_BLOCKED;
	if (c == CODE_ACCEPTED && e != NULL && e->at_us != 0 &&
	    o->j->wall_us - e->at_us < SAME_TEXT_US)
		c = CODE_ESMS_BLOCKED;
	return c;
}

/* What one message costs. */
static uint64_t
price_of(const struct order *o)
{
	return o->send.parts * (uint64_t)o->j->g->settings.esms_price;
}

static bool
can_pay(const struct order *o, size_t messages)
{
	const struct settings *s = &o->j->g->settings;

	return !s->esms_prepaid || s->esms_balance >= (int64_t)(messages * price_of(o));
}

/* Verdicts of all numbers, and in the end one about the whole. */
static struct verdict
judge(struct order *o)
{
	struct gateway *g = o->j->g;
	const struct request *q = &g->request;
	struct verdict whole = {CODE_ACCEPTED, 0}, *v;
	size_t accepted = 0;

	if (o->kind == ESMS_BODY_CSKH) {
		g->verdicts[0] = (struct verdict){CODE_ACCEPTED, 0};
		if (!number_is_good(q->messages[0].to))
			return (struct verdict){CODE_ESMS_PHONE, 0};
	}
	judge_request_id(o, q->messages[0].ref, &whole);
	if (whole.code == CODE_ACCEPTED && chance_hits(&g->chance, g->settings.error_rate))
		whole.code = CODE_TEMPORARY;
	for (size_t i = 0; i < q->count && whole.code == CODE_ACCEPTED; i++) {
		v = &g->verdicts[i];
		if (v->code == CODE_ACCEPTED)
			v->code = judge_number(o, &q->messages[i]);
		if (v->code == CODE_TEMPORARY || o->kind == ESMS_BODY_CSKH)
			whole.code = v->code;
		accepted += v->code == CODE_ACCEPTED;
	}
	if (whole.code != CODE_ACCEPTED)
		return whole;
	if (accepted == 0)
		whole.code = CODE_ESMS_BLOCKED;
	else if (o->kind == ESMS_BODY_CSKH && g->settings.esms_templates[0] != '\0' &&
		 !esms_has_prefix(q->messages[0].text, g->settings.esms_templates))
		whole = (struct verdict){CODE_ESMS_TEMPLATE, ++g->last_id};
	else if (!can_pay(o, accepted))
		whole.code = CODE_ESMS_BALANCE;
	return whole;
}

/* ---- acceptance ---- */

static struct shelf_sms *
open_sms(struct order *o)
{
	struct gateway *g = o->j->g;
	struct shelf_sms *m = shelf_put(&g->esms.shelf, ++g->last_id);
	bool is_qc = o->kind == ESMS_BODY_QC;

	m->type = is_qc ? 1 : 2;
	m->at_us = o->j->wall_us;
	m->approved_us = m->at_us;
	if (is_qc)
		m->approved_us += (uint64_t)g->settings.esms_approval_ms * MS;
	m->sent_us = o->send.send_us > m->approved_us ? o->send.send_us : m->approved_us;
	m->is_rejected = is_qc && chance_hits(&g->chance, g->settings.esms_reject);
	return m;
}

/* sms grows by the message; its outlook's early and twice go into all. */
static void
accept_message(struct order *o, const struct message *m, struct shelf_sms *sms, struct outlook *all)
{
	struct job *j = o->j;
	struct shelf_phone *p = shelf_add_phone(sms, m->to);
	struct outlook out = {.reports = {REPORT_REJECTD}};
	uint64_t price = sms->is_rejected ? 0 : price_of(o);
	struct memory_entry *e = text_entry(o, m);
	char extra[128];
	enum report end;

	out.due_us[0] = j->now_us + (sms->approved_us - sms->at_us);
	if (!sms->is_rejected)
		out = outlook_draw(j, m->to, j->now_us + (sms->sent_us - sms->at_us));
	for (int i = 0; i < 2; i++) {
		p->reports[i] = (uint8_t)out.reports[i];
		p->due_us[i] = j->wall_us + (out.due_us[i] - j->now_us);
		if (out.reports[i] != REPORT_NONE && out.due_us[i] > all->due_us[i])
			all->due_us[i] = out.due_us[i];
	}
	all->is_early |= out.is_early;
	all->is_twice |= out.is_twice;
	if (e != NULL)
		e->at_us = j->wall_us;
	sms->price += price;
	j->g->settings.esms_balance -= (int64_t)price;
	end = out.reports[1] != REPORT_NONE ? out.reports[1] : out.reports[0];
	snprintf(extra, sizeof(extra), ",\"parts\":%u,\"price\":%llu,\"outlook\":\"%s\"",
		 o->send.parts, (unsigned long long)price, report_name(end));
	job_note_accepted(j, &j->g->esms.requests, m, sms->id, extra);
}

/* The totals of the n-th callback: as the n-th report of each number has it, or its last. */
static struct totals
totals_at(const struct shelf_sms *m, int n)
{
	struct totals t = {.receivers = m->count, .sent = m->count, .price = m->price};
	const struct shelf_phone *p = m->phones;

	for (size_t i = 0; i < m->count; i++, p++) {
		enum report r = p->reports[n] != REPORT_NONE ? p->reports[n] : p->reports[0];

		t.success += r == REPORT_DELIVRD;
		t.failed += r == REPORT_UNDELIV || r == REPORT_EXPIRED;
	}
	t.status = t.success + t.failed == m->count ? SEND_STATUS_FINISHED : SEND_STATUS_AWAITED;
	if (m->is_rejected) {
		t.status = SEND_STATUS_REFUSED;
		t.sent = 0;
	}
	return t;
}

/* Of a single message its reports; of a list the totals, once the last number's report is due. */
static void
plan_callbacks(struct order *o, const struct shelf_sms *sms, const struct outlook *all)
{
	const struct message *m = &o->j->g->request.messages[0];
	struct receipt_order r = {.id = sms->id, .ref = m->ref, .report = REPORT_TOTALS};
	struct bytes query = {0};

	for (int i = 0; i < 2; i++) {
		if (all->due_us[i] == 0)
			continue;
		if (o->kind == ESMS_BODY_CSKH) {
			r.to = m->to;
			r.report = sms->phones[0].reports[i];
		}
		query.n = 0;
		esms_callback_query(&query, sms, totals_at(sms, i), r.to, m->ref);
		r.query = (struct text){query.p, query.n};
		r.due_us = all->is_early ? o->j->now_us : all->due_us[i];
		reports_send(o->j, r, all);
	}
	bytes_free(&query);
}

/* Sandbox "1": all is well, nothing happens. */
static uint64_t
pretend(struct order *o)
{
	struct gateway *g = o->j->g;
	struct entry e;

	g->last_id++;
	for (size_t i = 0; i < g->request.count; i++) {
		e = job_entry(o->j, "sandbox", &g->request.messages[i]);
		e.id = g->last_id;
		ledger_add(&g->ledger, &e);
	}
	return g->last_id;
}

static uint64_t
accept_all(struct order *o)
{
	struct gateway *g = o->j->g;
	struct outlook all = {.is_early = false};
	struct shelf_sms *sms;

	if (o->send.is_sandbox)
		return pretend(o);
	sms = open_sms(o);
	for (size_t i = 0; i < g->request.count; i++) {
		if (g->verdicts[i].code == CODE_ACCEPTED)
			accept_message(o, &g->request.messages[i], sms, &all);
		else
			job_note_refused(o->j, &g->request.messages[i], g->verdicts[i]);
	}
	plan_callbacks(o, sms, &all);
	return sms->id;
}

static void
take_order(struct order *o)
{
	struct verdict v;

	if (has_ended_early(o))
		return;
	v = judge(o);
	if (v.code == CODE_ACCEPTED)
		esms_answer_send(o->j->reply, accept_all(o));
	else
		job_refuse_all(o->j, v.code, NULL, v.id);
	job_end(o->j);
}

static void
take_send(struct job *j)
{
	struct request *q = &j->g->request;
	struct order o = {.j = j,
			  .kind = j->dialect == DIALECT_ESMS_QC ? ESMS_BODY_QC : ESMS_BODY_CSKH};

	*q = (struct request){.dialect = j->dialect,
			      .max = ESMS_LIST_MAX,
			      .messages = q->messages,
			      .cap = q->cap};
	take_order(&o);
	json_decref(o.body.root);
}

/* ---- addresses ---- */

static void
look_up(struct job *j, void (*show)(struct job *j))
{
	if (job_meets_fault(j))
		return;
	show(j);
	job_end(j);
}

bool
esms_show(struct gateway *g, const struct asked *q, struct reply *r)
{
	static const char folder[] = "/MainService.svc/json/";
	static const struct {
		const char *name, *method;
		enum dialect dialect;
		void (*show)(struct job *j); /* of DIALECT_ESMS_POLL */
	} pages[] = {
		{"SendMultipleMessage_V4_post_json/", "POST", DIALECT_ESMS_CSKH, NULL},
		{"SendMultipleSMSBrandname_json/", "POST", DIALECT_ESMS_QC, NULL},
		{"GetSendStatus", "GET", DIALECT_ESMS_POLL, esms_show_send_status},
		{"GetSmsReceiverStatus_get", "GET", DIALECT_ESMS_POLL, esms_show_receivers},
		{"GetBalance_json", "POST", DIALECT_ESMS_POLL, esms_show_balance},
		{"GetSmsSentData_V2", "POST", DIALECT_ESMS_POLL, esms_show_sent_data},
	};
	struct job j = {.g = g, .asked = q, .reply = r};

	if (strncmp(q->path, folder, sizeof(folder) - 1) != 0)
		return false;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (strcmp(q->path + sizeof(folder) - 1, pages[i].name) != 0)
			continue;
		if (strcmp(q->method, pages[i].method) != 0) {
			r->status = 405;
			esms_answer_error(r, "CodeResult", (struct verdict){CODE_ESMS_NO_JSON, 0},
					  NULL);
			return true;
		}
		j.dialect = pages[i].dialect;
		job_start(&j, &esms_manner);
		if (pages[i].show != NULL)
			look_up(&j, pages[i].show);
		else
			take_send(&j);
		return true;
	}
	return false;
}
