/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/alert_tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/campaign/alert_words.h"
#include "dispatcher/campaign/notice.h"

#define POST_MS 10000 /* less than alerts.lua waits until another process tries it */

/* One repetition, told in one way. */
struct telling {
	struct engine *engine;
	int64_t id, n;
	size_t phones;
};

static struct telling *
telling_new(const struct alert_teller *t, const struct alert *a)
{
	struct telling *one = xcalloc(1, sizeof(*one));

	*one = (struct telling){.engine = t->engine, .id = a->id, .n = a->n};
	return one;
}

static void
note(const struct telling *one, const char *way, bool is_done)
{
	struct argv a = {0};

	argv_add_int(&a, one->id);
	argv_add_int(&a, one->n);
	argv_adds(&a, way);
	argv_adds(&a, is_done ? "1" : "0");
	engine_sure(one->engine, "alert_told", &a, false, NULL, NULL);
	argv_free(&a);
}

/* ---- messages ---- */

static void
on_sent(void *arg, const struct notices_answer *answer, const struct err_ctx *e)
{
	struct telling *one = arg;
	size_t accepted = 0;

	for (size_t i = 0; answer != NULL && i < answer->count; i++)
		accepted += answer->list[i].is_accepted;
	if (answer == NULL)
		log_error("alert=%" PRId64 " repetition=%" PRId64 " told=0 why=%s: %s", one->id,
			  one->n, e->what, e->why);
	else if (accepted < answer->count)
		log_error("alert=%" PRId64 " repetition=%" PRId64 " told=%zu refused=%zu", one->id,
			  one->n, accepted, answer->count - accepted);
	else
		log_info("alert=%" PRId64 " repetition=%" PRId64 " told=%zu", one->id, one->n,
			 accepted);
	/* Redis did not say: the next look asks again under the same key. */
	if (answer != NULL || e->code != ERR_UNREACHABLE)
		note(one, "s", true);
	free(one);
}

static json_t *
messages_json(const struct alert *a, const struct alert_oncall *o, bool is_english)
{
	json_t *list = json_array();
	struct buf text = {0};
	char label[40];

	alert_add_words(a, a->n, is_english, &text);
	snprintf(label, sizeof(label), "alert:%" PRId64, a->id);
	for (size_t i = 0; i < o->count; i++)
		json_array_append_new(list,
				      json_pack("{s:o, s:o, s:s}", "to",
						json_sprintf("+%" PRIu64, o->phones[i]), "text",
						json_of_slice(buf_slice(&text)), "label", label));
	buf_free(&text);
	return json_pack("{s:s, s:I, s:o}", "class", "duty", "unit", (json_int_t)a->unit,
			 "messages", list);
}

static void
send(const struct alert_teller *t, const struct alert *a, struct slice units)
{
	const struct alert_oncall *o = alert_config_oncall(&t->config->alerts, units);
	struct notices_desk desk = {.engine = t->engine, .config = t->config, .unit = 1};
	struct telling *one = telling_new(t, a);
	json_t *document;
	char key[64];

	if (o == NULL) {
		log_warn("alert=%" PRId64 " unit=%" PRId64 " told=0 why=nobody is on call for it",
			 a->id, a->unit);
		note(one, "s", true);
		free(one);
		return;
	}
	document = messages_json(a, o, t->config->alerts.is_english);
	snprintf(key, sizeof(key), "loa-alert-%" PRId64 "-%" PRId64, a->id, a->n);
	notices_send(&desk, document, key, on_sent, one);
	json_decref(document);
}

/* ---- the post ---- */

void
alert_sign(const char *secret, int64_t unix_s, struct slice body, char out[ALERT_SIGNATURE_MAX])
{
	struct buf whole = {0};

	buf_addf(&whole, "%" PRId64 ".", unix_s);
	buf_add_slice(&whole, body);
	memcpy(out, "sha256=", 7);
	hmac_sha256(slice_of(secret), buf_slice(&whole), out + 7);
	buf_free(&whole);
}

static void
on_posted(void *arg, const struct fetch_answer *answer)
{
	struct telling *one = arg;
	bool is_done = answer->result == FETCH_DONE && answer->status / 100 == 2;

	if (is_done)
		log_info("alert=%" PRId64 " repetition=%" PRId64 " webhook=%d", one->id, one->n,
			 answer->status);
	else if (answer->result == FETCH_DONE)
		log_warn("alert=%" PRId64 " repetition=%" PRId64 " webhook=%d result=again-later",
			 one->id, one->n, answer->status);
	else
		log_warn("alert=%" PRId64 " repetition=%" PRId64
			 " webhook=failed why=%s result=again-later",
			 one->id, one->n, answer->why);
	note(one, "h", is_done);
	free(one);
}

static void
add_body(const struct alert_teller *t, const struct alert *a, struct buf *out)
{
	struct buf text = {0};
	char since[32];
	json_t *v;

	alert_add_words(a, a->n, t->config->alerts.is_english, &text);
	clock_format_vn(a->since, since);
	v = json_pack("{s:I, s:I, s:s, s:s, s:I, s:s, s:s, s:s, s:o}", "id", (json_int_t)a->id,
		      "repetition", (json_int_t)a->n, "kind", a->kind, "object", a->object, "unit",
		      (json_int_t)a->unit, "name", a->name, "detail", a->detail, "since", since,
		      "text", json_of_slice(buf_slice(&text)));
	json_add_value(out, v);
	json_decref(v);
	buf_free(&text);
}

static void
post(const struct alert_teller *t, const struct alert *a)
{
	char id[48], at[24], signature[ALERT_SIGNATURE_MAX];
	int64_t now_s = clock_wall_ms() / 1000;
	struct buf body = {0};

	add_body(t, a, &body);
	snprintf(id, sizeof(id), "%" PRId64 "-%" PRId64, a->id, a->n);
	snprintf(at, sizeof(at), "%" PRId64, now_s);
	alert_sign(t->config->alerts.hook_secret, now_s, buf_slice(&body), signature);
	const struct fetch_header headers[] = {
		{SLICE("Content-Type"), SLICE("application/json")},
		{SLICE("Loa-Alert"), slice_of(id)},
		{SLICE("Loa-Timestamp"), slice_of(at)},
		{SLICE("Loa-Signature"), slice_of(signature)},
	};
	const struct fetch_request r = {.method = "POST",
					.url = t->config->alerts.hook_url,
					.headers = headers,
					.header_count = ARRAY_LEN(headers),
					.body = buf_slice(&body),
					.connect_timeout_ms = POST_MS / 2,
					.timeout_ms = POST_MS,
					.on_answer = on_posted,
					.arg = telling_new(t, a)};

	fetch_start(t->fetch, &r);
	buf_free(&body);
}

void
alert_tell(const struct alert_teller *t, const struct alert *a, struct slice what,
	   struct slice units)
{
	if (memchr(what.p, 's', what.n) != NULL)
		send(t, a, units);
	if (memchr(what.p, 'h', what.n) != NULL && t->config->alerts.hook_url[0] != '\0')
		post(t, a);
}
