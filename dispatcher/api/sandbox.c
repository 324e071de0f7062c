/* SPDX-License-Identifier: MIT */
/*
 * The other half of the driver "sandbox": a gateway inside the server. It
 * answers and reports by the phone's last digits (sandbox_mood.h); nothing is
 * sent anywhere. Receipts go the way of pushed ones. What it remembers and what
 * it has still to report is in memory, bounded, and gone after a restart.
 *
 *   POST ── mood ──▶ asked ── latency ──▶ answered
 *                └─▶ owed ── delay ──▶ pushed, again while Redis is away
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/private.h"
#include "dispatcher/api/sandbox_mood.h"
#include "providers/sandbox.h"

#define REMEMBERED_MAX 131072u /* references and first askings */
#define OWED_MAX 131072u       /* receipts still to come */
#define KEEP_MS (SANDBOX_DEDUPE_S * 1000)
#define AGAIN_MS 1000	    /* Redis is away: push again */
#define AGAIN_MAX 600	    /* and give up after so many */
#define SILENT_MORE_MS 1000 /* longer than the sender waits */

/* A request that is not answered yet. */
struct asked {
	struct sandbox *sandbox;
	struct http_exchange *x;
	struct timer timer;
	const char *code; /* NULL = never to be answered */
	char ref[REFERENCE_MAX], id[24];
};

/* A message that has receipts to come. */
struct owed {
	struct sandbox *sandbox;
	struct owed *prev, *next;
	struct timer timer;
	char provider[40], ref[REFERENCE_MAX], id[24];
	bool is_delivered;
	unsigned left; /* receipts */
	unsigned tries;
};

struct sandbox {
	struct api *api;
	struct memory *memory;
	struct owed *owed;
	size_t owed_count;
};

/* What a request says. */
struct said {
	const char *to, *text, *ref;
};

static struct sandbox *
sandbox_of(struct api *a)
{
	if (a->sandbox == NULL) {
		a->sandbox = xcalloc(1, sizeof(*a->sandbox));
		a->sandbox->api = a;
		a->sandbox->memory = memory_new(REMEMBERED_MAX, KEEP_MS);
	}
	return a->sandbox;
}

static void
owed_free(struct owed *o)
{
	struct sandbox *s = o->sandbox;

	timer_disarm(s->api->daemon->loop, &o->timer);
	if (o->prev != NULL)
		o->prev->next = o->next;
	else
		s->owed = o->next;
	if (o->next != NULL)
		o->next->prev = o->prev;
	s->owed_count--;
	free(o);
}

void
sandbox_free(struct sandbox *s)
{
	if (s == NULL)
		return;
	while (s->owed != NULL)
		owed_free(s->owed);
	memory_free(s->memory);
	free(s);
}

/* ---- receipts ---- */

static void
push_again(struct owed *o)
{
	if (++o->tries > AGAIN_MAX)
		owed_free(o);
	else
		timer_arm_ms(o->sandbox->api->daemon->loop, &o->timer, AGAIN_MS);
}

static void
on_pushed(void *arg, const struct err_ctx *e)
{
	struct owed *o = arg;

	if (e != NULL)
		push_again(o);
	else if (--o->left > 0)
		timer_arm_ms(o->sandbox->api->daemon->loop, &o->timer, 0);
	else
		owed_free(o);
}

static void
push(struct owed *o)
{
	struct daemon *d = o->sandbox->api->daemon;
	int at = config_provider(d->config, slice_of(o->provider));
	struct buf body = {0};
	struct err_ctx e;
	enum err rc;

	if (at < 0 || d->config->providers[at].driver != &sandbox_driver) {
		owed_free(o); /* taken out of the configuration meanwhile */
		return;
	}
	buf_addf(&body, "{\"receipts\":[{\"ref\":\"%s\",\"id\":\"%s\",\"status\":\"%s\"}]}", o->ref,
		 o->id, o->is_delivered ? "DELIVRD" : "UNDELIV");
	rc = receipts_push(d->receipts, &d->config->providers[at], SLICE(""), buf_slice(&body),
			   on_pushed, o, &e);
	buf_free(&body);
	if (rc != ERR_OK)
		push_again(o);
}

static void
on_due(struct timer *t, void *arg)
{
	(void)t;
	push(arg);
}

static void
owe(struct sandbox *s, const struct provider_config *p, const struct asked *a,
    const struct mood *mood)
{
	struct owed *o;

	if (mood->receipts == 0)
		return;
	o = xcalloc(1, sizeof(*o));
	o->sandbox = s;
	o->is_delivered = mood->is_delivered;
	o->left = mood->receipts;
	memcpy(o->provider, p->name, sizeof(o->provider));
	memcpy(o->ref, a->ref, sizeof(o->ref));
	memcpy(o->id, a->id, sizeof(o->id));
	timer_init(&o->timer, on_due, o);
	o->next = s->owed;
	if (o->next != NULL)
		o->next->prev = o;
	s->owed = o;
	s->owed_count++;
	if (mood->receipt_ms == 0)
		push(o); /* now: what the sender will say about its answer comes later */
	else
		timer_arm_ms(s->api->daemon->loop, &o->timer, mood->receipt_ms);
}

/* ---- answers ---- */

static void
asked_end(struct asked *a)
{
	timer_disarm(a->sandbox->api->daemon->loop, &a->timer);
	http_on_gone(a->x, NULL, NULL);
	if (a->code != NULL)
		http_answer_json(
			a->x, 200,
			json_pack("{s:s, s:s, s:s}", "code", a->code, "id", a->id, "ref", a->ref));
	else
		http_answer_json(a->x, 408, json_object()); /* nobody waits for it any more */
	free(a);
}

static void
on_latency(struct timer *t, void *arg)
{
	(void)t;
	asked_end(arg);
}

static void
on_gone(struct http_exchange *x, void *arg)
{
	(void)x;
	asked_end(arg);
}

/* The code of the answer, NULL = none will be given; and what will be reported. */
static const char *
judge(struct sandbox *s, const struct provider_config *p, struct asked *a, const struct said *m,
      const struct mood *mood)
{
	uint64_t ref = memory_key(slice_of(p->name), slice_of(a->ref));
	uint64_t first = memory_key(slice_of(m->to), slice_of(m->text));
	bool is_first = !memory_has(s->memory, first);
	int64_t now = clock_mono_ms();

	snprintf(a->id, sizeof(a->id), "sb-%016llx", (unsigned long long)ref);
	if (mood->answer == MOOD_SILENT)
		return NULL;
	if (memory_has(s->memory, ref))
		return "30";
	if (mood->answer == MOOD_REFUSE)
		return "10";
	if (is_first &&
	    (mood->answer == MOOD_TEMPORARY_FIRST || mood->answer == MOOD_THROTTLE_FIRST)) {
		memory_add(s->memory, first, now);
		return mood->answer == MOOD_TEMPORARY_FIRST ? "21" : "20";
	}
	if (s->owed_count >= OWED_MAX || !memory_add(s->memory, ref, now))
		return "20"; /* it can hold no more */
	owe(s, p, a, mood);
	return mood->answer == MOOD_SILENT_FIRST ? NULL : "0";
}

static void
take(struct api *api, struct http_exchange *x, const struct provider_config *p,
     const struct said *m)
{
	struct sandbox *s = sandbox_of(api);
	struct asked *a = xcalloc(1, sizeof(*a));
	struct mood mood;

	mood_of_phone(m->to, &mood);
	a->sandbox = s;
	a->x = x;
	snprintf(a->ref, sizeof(a->ref), "%s", m->ref);
	a->code = judge(s, p, a, m, &mood);
	timer_init(&a->timer, on_latency, a);
	timer_arm_ms(api->daemon->loop, &a->timer,
		     a->code != NULL ? mood.latency_ms : p->timeout_ms + SILENT_MORE_MS);
	http_on_gone(x, on_gone, a);
}

/* ---- the route ---- */

static bool
is_digits(const char *s, size_t min, size_t max)
{
	size_t n = strspn(s, "0123456789");

	return s[n] == '\0' && n >= min && n <= max;
}

static bool
is_reference(const char *s)
{
	size_t n = strspn(s, "0123456789abcdefghijklmnopqrstuvwxyz-");

	return s[n] == '\0' && n >= 1 && n < REFERENCE_MAX;
}

static enum err
read_said(const json_t *body, struct said *m, struct err_ctx *e)
{
	struct json_at root = json_root((json_t *)(uintptr_t)body);
	struct json_at to = json_get(&root, "to"), text = json_get(&root, "text");
	struct json_at ref = json_get(&root, "ref");
	enum err rc;

	if ((rc = json_need_string(&to, &m->to, e)) != ERR_OK ||
	    (rc = json_need_string(&text, &m->text, e)) != ERR_OK ||
	    (rc = json_need_string(&ref, &m->ref, e)) != ERR_OK)
		return rc;
	if (!is_digits(m->to, 8, 15))
		return err_set(e, ERR_INPUT, "to", "write 849…", "is no phone");
	if (!is_reference(m->ref))
		return err_set(e, ERR_INPUT, "ref", "", "is no reference");
	return ERR_OK;
}

void
on_sandbox_send(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct daemon *d = a->daemon;
	const char *token = http_param(x, "token");
	int at = config_provider(d->config, slice_of(http_param(x, "provider")));
	const struct provider_config *p = at >= 0 ? &d->config->providers[at] : NULL;
	struct said m;
	struct err_ctx e;
	json_t *body;

	if (!api_has_keys(a, x))
		return;
	if (p == NULL || p->driver != &sandbox_driver || d->receipts == NULL ||
	    strlen(token) != strlen(p->token) || !hash_is_same(token, p->token, strlen(token))) {
		err_set(&e, ERR_NOT_FOUND, "sandbox", "", "there is no such sandbox");
		http_answer_error(x, &e);
		return;
	}
	body = api_body_json(x);
	if (body == NULL)
		return;
	if (read_said(body, &m, &e) == ERR_OK)
		take(a, x, p, &m);
	else
		http_answer_error(x, &e);
	json_decref(body);
}
