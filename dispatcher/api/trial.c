/* SPDX-License-Identifier: MIT */
/*
 * POST /campaigns/{id}/test: a campaign's texts to one's own phone. Lines of
 * JSON: {"progress"} …, {"texts"}, and when they are kept {"sent"}. They are
 * single messages of class personal with the label "test", in no campaign's sum.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/api/places.h"
#include "dispatcher/api/private.h"
#include "dispatcher/campaign/notice.h"
#include "dispatcher/campaign/trial.h"
#include "segments/phone.h"

#define LABEL "test"

struct trial_stream {
	struct api *api;
	struct http_exchange *x;
	struct trial_job *job; /* NULL when the texts are found */
	struct trial_wish wish;
	char phone[24];
	char key[NOTICE_KEY_MAX + 1];
	bool has_begun;
};

static void
stream_line(struct trial_stream *s, json_t *take_line)
{
	api_stream_line(s->x, &s->has_begun, take_line);
}

static void
stream_fail(struct trial_stream *s, const struct err_ctx *e)
{
	api_stream_fail(s->x, &s->has_begun, e);
	free(s);
}

/* ---- sent ---- */

/* A message's number is its reference without an attempt, as in messages.c. */
static json_t *
sent_json(const struct trial_stream *s, const struct notices_answer *a,
	  const struct notice_result *m)
{
	struct reference ref = {.run = a->run, .partition = m->partition, .rank = m->rank};
	char id[REFERENCE_TEXT_MAX];
	json_t *v;

	if (m->is_accepted) {
		reference_encode(&ref, s->api->daemon->install_key, id);
		return json_pack("{s:s}", "id", id);
	}
	v = json_loadb(m->refusal.p, m->refusal.n, 0, NULL);
	return json_pack("{s:o}", "error", v != NULL ? v : json_object());
}

static void
on_sent(void *arg, const struct notices_answer *a, const struct err_ctx *e)
{
	struct trial_stream *s = arg;
	json_t *list;

	if (a == NULL) {
		stream_fail(s, e);
		return;
	}
	list = json_array();
	for (size_t i = 0; i < a->count; i++)
		json_array_append_new(list, sent_json(s, a, &a->list[i]));
	stream_line(s, json_pack("{s:o}", "sent", list));
	http_on_gone(s->x, NULL, NULL);
	http_stream_end(s->x);
	free(s);
}

/* ---- found ---- */

static void
on_progress(void *arg, uint64_t done, uint64_t total)
{
	stream_line(arg, api_progress(done, total));
}

static void
on_sets(void *arg, uint64_t done, uint64_t total)
{
	stream_line(arg, api_progress_of_sets(done, total));
}

static json_t *
texts_json(const struct trial_stream *s, const struct ready_campaign *c, const struct trial *t)
{
	const struct template_set *set = rendering_set(c->rendering);
	json_t *list = json_array();
	const struct capability *cap = t->provider->driver->capability(t->provider->account);

	for (size_t i = 0; i < t->count; i++) {
		const struct trial_text *one = &t->texts[i];

		json_array_append_new(list, json_pack("{s:I, s:s, s:s, s:s, s:i, s:b, s:I}", "row",
						      (json_int_t)one->row, "why", one->why, "text",
						      one->text, "language",
						      set->texts[one->language].tag, "parts",
						      (int)one->parts, "unicode", one->is_unicode,
						      "cost", (json_int_t)(one->parts * t->price)));
	}
	api_place_rows(list, c->list);
	return json_pack("{s:s, s:s, s:b, s:o}", "to", s->phone, "provider", t->provider->name,
			 "sandbox", cap->is_sandbox, "texts", list);
}

static json_t *
messages_json(const struct trial_stream *s, const struct ready_campaign *c, const struct trial *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "to", s->phone, "text",
						      t->texts[i].text, "label", LABEL));
	return json_pack("{s:s, s:I, s:o}", "class", "personal", "unit",
			 (json_int_t)c->campaign->unit, "messages", list);
}

static void
on_found(void *arg, const struct ready_campaign *c, const struct trial *t, const struct err_ctx *e)
{
	struct trial_stream *s = arg;
	struct daemon *d = s->api->daemon;
	struct notices_desk desk = {d->engine, d->config, s->api->patterns, true, UNIT_ROOT};
	json_t *messages;

	s->job = NULL;
	if (t == NULL) {
		stream_fail(s, e);
		return;
	}
	stream_line(s, texts_json(s, c, t));
	messages = messages_json(s, c, t);
	notices_send(&desk, messages, s->key, on_sent, s);
	json_decref(messages);
}

/* While rows are read; what is being kept is kept, and its callback ends the exchange. */
static void
on_gone(struct http_exchange *x, void *arg)
{
	struct trial_stream *s = arg;

	(void)x;
	if (s->job == NULL)
		return;
	trial_cancel(s->job);
	if (s->has_begun)
		http_stream_end(s->x);
	else
		http_answer_json(s->x, 503, json_object()); /* nobody reads it */
	free(s);
}

/* ---- asked ---- */

static enum err
read_phone(const char *text, struct trial_wish *wish, struct err_ctx *e)
{
	struct phone_cell cell;

	phone_parse(slice_of(text), &cell);
	if (cell.count == 0)
		return err_set(e, ERR_INPUT, "to", "", "is no mobile number of Vietnam: %s",
			       cell.reason);
	if (cell.count > 1)
		return err_set(e, ERR_INPUT, "to", "name one", "holds several numbers");
	wish->phone = cell.phones[0];
	return ERR_OK;
}

/* {"to", "row" (and "list") or "pick", "count"} */
static enum err
read_wish(const json_t *body, struct trial_wish *wish, struct err_ctx *e)
{
	static const char *const keys[] = {"to", "row", "list", "pick", "count"};
	static const char *const picks[] = {"mixed", "shortest", "longest"};
	struct json_at root = json_root((json_t *)(uintptr_t)body);
	struct json_at to = json_get(&root, "to"), row = json_get(&root, "row");
	struct json_at pick = json_get(&root, "pick"), count = json_get(&root, "count");
	struct json_at list_at = json_get(&root, "list");
	int64_t n = 0, at = 0;
	const char *phone = "", *list = "";
	int which = TRIAL_MIXED;
	enum err rc;

	if ((rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_need_string(&to, &phone, e)) != ERR_OK ||
	    (rc = json_read_int(&row, 1, UINT32_MAX, &at, e)) != ERR_OK ||
	    (rc = json_read_string(&list_at, &list, e)) != ERR_OK ||
	    (list[0] != '\0' && (rc = name_check("list", slice_of(list), e)) != ERR_OK) ||
	    (rc = json_read_choice(&pick, picks, ARRAY_LEN(picks), &which, e)) != ERR_OK ||
	    (rc = json_read_int(&count, 1, TRIAL_MAX, &n, e)) != ERR_OK)
		return rc;
	if (at != 0 && (pick.v != NULL || count.v != NULL))
		return err_set(e, ERR_INPUT, "row", "leave out \"pick\" and \"count\"",
			       "is one text already");
	if (at == 0 && list[0] != '\0')
		return err_set(e, ERR_INPUT, "list", "name the row", "goes with \"row\" alone");
	*wish = (struct trial_wish){.pick = at != 0 ? TRIAL_ROW : (enum trial_pick)which,
				    .row = (uint64_t)at};
	snprintf(wish->list, sizeof(wish->list), "%s", list);
	wish->count = n != 0 ? (unsigned)n : wish->pick == TRIAL_MIXED ? 3 : 1;
	return read_phone(phone, wish, e);
}

static void
trial_begin(struct trial_stream *s)
{
	struct daemon *d = s->api->daemon;
	struct trial_callbacks cbs = {
		.on_progress = on_progress, .on_sets = on_sets, .on_done = on_found, .arg = s};

	s->job = trial_start(d->loop, d->engine, d->config, http_param(s->x, "id"), &s->wish, &cbs);
	http_on_gone(s->x, on_gone, s);
}

static void
on_full_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct trial_stream *s = arg;

	(void)n;
	if (e == NULL) {
		trial_begin(s);
		return;
	}
	http_answer_error(s->x, e);
	free(s);
}

/* In full, once the audit has who asks for it and why. */
static enum err
trial_begin_maybe_full(struct trial_stream *s, struct err_ctx *e)
{
	char object[160];
	enum err rc = api_read_full(s->api, s->x, &s->wish.is_full, e);

	if (rc != ERR_OK)
		return rc;
	if (!s->wish.is_full) {
		trial_begin(s);
		return ERR_OK;
	}
	snprintf(object, sizeof(object), "campaign:%s", http_param(s->x, "id"));
	return api_audit_reading(s->api, s->x, object, on_full_audited, s, e);
}

/* POST /campaigns/{id}/test?full=1&reason= */
void
on_campaign_test(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *key = http_header(x, "Idempotency-Key");
	struct trial_stream *s;
	struct err_ctx e;
	json_t *body;
	enum err rc;

	if (api_name(x, "id", "campaign") == NULL || !api_is_open(a, x))
		return;
	if (notice_key_check(key != NULL ? key : "", &e) != ERR_OK) {
		http_answer_error(x, &e);
		return;
	}
	body = api_body_json(x);
	if (body == NULL)
		return;
	s = xcalloc(1, sizeof(*s));
	s->api = a;
	s->x = x;
	rc = read_wish(body, &s->wish, &e);
	json_decref(body);
	snprintf(s->phone, sizeof(s->phone), "%llu", (unsigned long long)s->wish.phone);
	snprintf(s->key, sizeof(s->key), "%s", key);
	if (rc == ERR_OK)
		rc = trial_begin_maybe_full(s, &e);
	if (rc != ERR_OK) {
		http_answer_error(x, &e);
		free(s);
	}
}
