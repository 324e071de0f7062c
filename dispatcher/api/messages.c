/* SPDX-License-Identifier: MIT */
/* Single messages over HTTP: take them, say what became of one. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/campaign/notice.h"
#include "dispatcher/run/cells.h"
#include "dispatcher/run/message.h"

/* ---- POST ---- */

struct post {
	struct api *api;
	struct http_exchange *x;
};

/* A message's number: its reference without an attempt. Nobody can make one up. */
static json_t *
id_json(const struct post *p, const struct notices_answer *a, const struct notice_result *m)
{
	struct reference ref = {.run = a->run, .partition = m->partition, .rank = m->rank};
	char text[REFERENCE_TEXT_MAX];

	reference_encode(&ref, p->api->daemon->install_key, text);
	return json_string(text);
}

static json_t *
refusal_json(const struct notice_result *m)
{
	json_t *v = json_loadb(m->refusal.p, m->refusal.n, 0, NULL);

	return v != NULL ? v : notice_refusal("input", "", "was refused", "");
}

static const char *
text_of(const json_t *v, const char *key)
{
	const char *s = json_string_value(json_object_get(v, key));

	return s != NULL ? s : "";
}

static json_t *
with_warning(json_t *v, const struct notice_result *m)
{
	if (m->warning.n > 0)
		json_object_set_new(v, "warning", json_of_slice(m->warning));
	return v;
}

/* They are taken, and wait for its end. */
static void
add_freeze(json_t *out, const struct notices_answer *a)
{
	if (a->freeze.n > 0)
		json_object_set_new(out, "freeze", json_of_slice(a->freeze));
}

static void
answer_one(struct post *p, const struct notices_answer *a)
{
	const struct notice_result *m = &a->list[0];
	struct err_ctx e;
	json_t *v;

	if (m->is_accepted) {
		v = json_pack("{s:o, s:I, s:I}", "id", id_json(p, a, m), "campaign",
			      (json_int_t)a->campaign, "run", (json_int_t)a->run);
		add_freeze(v, a);
		http_answer_json(p->x, 202, with_warning(v, m));
		return;
	}
	v = refusal_json(m);
	err_set(&e, ERR_INPUT, text_of(v, "what"), text_of(v, "todo"), "%s", text_of(v, "detail"));
	json_decref(v);
	http_answer_error(p->x, &e);
}

static void
answer_batch(struct post *p, const struct notices_answer *a)
{
	json_t *list = json_array(), *out;
	size_t accepted = 0;

	for (size_t i = 0; i < a->count; i++) {
		const struct notice_result *m = &a->list[i];

		accepted += m->is_accepted;
		json_t *one = m->is_accepted ? json_pack("{s:I, s:o}", "index", (json_int_t)i, "id",
							 id_json(p, a, m))
					     : json_pack("{s:I, s:o}", "index", (json_int_t)i,
							 "error", refusal_json(m));

		json_array_append_new(list, with_warning(one, m));
	}
	out = json_pack("{s:I, s:I, s:o}", "accepted", (json_int_t)accepted, "refused",
			(json_int_t)(a->count - accepted), "messages", list);
	if (accepted > 0) {
		json_object_set_new(out, "campaign", json_integer((json_int_t)a->campaign));
		json_object_set_new(out, "run", json_integer((json_int_t)a->run));
		add_freeze(out, a);
	} else {
		json_object_set_new(out, "code", json_string(err_name(ERR_INPUT)));
		json_object_set_new(out, "what", json_string("messages"));
		json_object_set_new(out, "detail", json_string("none of them can be sent"));
	}
	http_answer_json(p->x, accepted > 0 ? 202 : 422, out);
}

static void
on_sent(void *arg, const struct notices_answer *a, const struct err_ctx *e)
{
	struct post *p = arg;

	if (a != NULL && a->is_again)
		http_set_header(p->x, "Idempotent-Replayed", "true");
	if (a == NULL || a->count == 0)
		http_answer_error(p->x, e);
	else if (a->is_batch)
		answer_batch(p, a);
	else
		answer_one(p, a);
	free(p);
}

void
on_message_send(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct daemon *d = a->daemon;
	struct notices_desk desk = {d->engine, d->config, a->patterns, false, api_account(x)->unit};
	const char *key = http_header(x, "Idempotency-Key");
	struct post *p;
	struct err_ctx e;
	json_t *body;

	if (!api_is_open(a, x))
		return;
	if (notice_key_check(key != NULL ? key : "", &e) != ERR_OK) {
		http_answer_error(x, &e);
		return;
	}
	body = api_body_json(x);
	if (body == NULL)
		return;
	p = xcalloc(1, sizeof(*p));
	*p = (struct post){a, x};
	notices_send(&desk, body, key, on_sent, p);
	json_decref(body);
}

/* ---- GET ---- */

static void
set_text(json_t *o, const char *key, struct slice s)
{
	if (s.n > 0)
		json_object_set_new(o, key, json_of_slice(s));
}

static json_t *
status_json(const char *id, const struct message_status *s)
{
	json_t *out;
	struct buf phone = {0};
	char time[32];

	clock_format_vn(s->launched_s + s->record.changed_s, time);
	out = json_pack(
		"{s:s, s:s, s:s, s:b, s:i, s:i, s:s, s:s, s:s, s:I, s:I}", "id", id, "state",
		record_state_name(s->state), "reason", record_reason_text(s->record.reason), "held",
		(s->record.flags & RECORD_HELD) != 0, "attempt", (int)s->record.attempt, "parts",
		(int)s->record.parts, "provider", s->provider, "class", s->class, "changed", time,
		"campaign", (json_int_t)s->campaign, "run", (json_int_t)s->at.run);
	if (s->has_payload) {
		clock_format_vn(s->payload.accepted_ms / 1000, time);
		cells_add_phone(&phone, s->payload.phone, false);
		json_object_set_new(out, "taken", json_string(time));
		set_text(out, "to", buf_slice(&phone));
		buf_free(&phone);
		set_text(out, "label", s->payload.label);
		set_text(out, "order", s->payload.order);
	}
	set_text(out, "gateway_id", slice_of(s->gateway_id));
	set_text(out, "gateway_code", slice_of(s->gateway_code));
	set_text(out, "receipt_code", slice_of(s->receipt_code));
	return out;
}

static void
on_status(void *arg, const struct message_status *s, const struct err_ctx *e)
{
	struct http_exchange *x = arg;

	if (s == NULL)
		http_answer_error(x, e);
	else
		http_answer_json(x, 200, status_json(http_param(x, "id"), s));
}

void
on_message_show(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct reference at;
	struct err_ctx e;

	if (!api_is_open(a, x))
		return;
	if (reference_decode(slice_of(http_param(x, "id")), a->daemon->install_key, &at)) {
		message_status_load(a->daemon->engine, &at, on_status, x);
		return;
	}
	err_set(&e, ERR_NOT_FOUND, "message", "copy the whole id",
		"there is no message of this id");
	http_answer_error(x, &e);
}
