/* SPDX-License-Identifier: MIT */
/* The way of a request through Redis: known already? → templates → judged → suppressed? → kept. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/campaign/law.h"
#include "dispatcher/campaign/notice.h"
#include "dispatcher/run/suppressed.h"
#include "dispatcher/store/record.h"

#define REFUSED 255 /* in place of a carrier: the bytes say why */

struct sending {
	struct engine *engine;
	const struct config *config;
	struct pattern_book *patterns;
	bool is_trial;
	uint64_t unit;		 /* unless the document says one */
	json_t *document;	 /* a reference */
	struct notices *notices; /* NULL until read */
	char key[NOTICE_KEY_MAX + 1];
	uint8_t hash[16];
	notices_cb cb;
	void *arg;
	size_t pending; /* templates that are awaited */
	bool has_failed;
	struct argv args; /* of the call that keeps them */
};

/* A template that is awaited. */
struct wanted {
	struct sending *sending;
	size_t index;
};

static void
sending_end(struct sending *s, const struct notices_answer *a, const struct err_ctx *e)
{
	s->cb(s->arg, a, e);
	notices_free(s->notices);
	json_decref(s->document);
	argv_free(&s->args);
	free(s);
}

static void
fail(struct sending *s, const struct reply *r)
{
	struct err_ctx e;

	err_set(&e, ERR_UNREACHABLE, "Redis", "ask again with the same Idempotency-Key", "%.*s",
		(int)r->str.n, r->str.p);
	sending_end(s, NULL, &e);
}

/* ---- the answer ---- */

/* index: of its message in a batch; -1 = the only one. */
static void
read_item(struct notice_result *out, struct slice item, int index, struct buf *words)
{
	const char *colon = item.n > 0 ? memchr(item.p, ':', item.n) : NULL;
	int64_t p = 0, rank = 0;

	*out = (struct notice_result){.refusal = item};
	if (slice_is(item, "no route")) {
		char what[40] = "to";
		json_t *v;

		if (index >= 0)
			snprintf(what, sizeof(what), "messages[%d].to", index);
		v = notice_refusal("no-route", what,
				   "no provider of today's run serves this carrier", "");
		json_add_value(words, v);
		json_decref(v);
		out->refusal = buf_slice(words);
	} else if (colon != NULL && item.p[0] != '{' &&
		   slice_to_i64((struct slice){item.p, (size_t)(colon - item.p)}, &p) &&
		   slice_to_i64((struct slice){colon + 1, item.n - (size_t)(colon - item.p) - 1},
				&rank)) {
		out->is_accepted = true;
		out->partition = (uint8_t)p;
		out->rank = (uint32_t)rank;
	}
}

/* ['accepted'|'known'|'none', run, campaign, items, freeze] */
static void
answer(struct sending *s, const struct reply *r)
{
	const struct reply *items = reply_item(r, 3);
	struct notices_answer a = {.is_again = slice_is(reply_item(r, 0)->str, "known"),
				   .is_batch = json_object_get(s->document, "messages") != NULL,
				   .run = reply_u64(r, 1),
				   .campaign = reply_u64(r, 2),
				   .freeze = reply_item(r, 4)->str,
				   .count = items->count};
	struct buf *words = xcalloc(items->count + 1, sizeof(*words));

	a.list = xcalloc(items->count + 1, sizeof(*a.list));
	for (size_t i = 0; i < items->count; i++)
		read_item(&a.list[i], reply_item(items, i)->str, a.is_batch ? (int)i : -1,
			  &words[i]);
	for (size_t i = 0; s->notices != NULL && i < items->count && i < s->notices->count; i++)
		if (a.list[i].is_accepted)
			a.list[i].warning = buf_slice(&s->notices->list[i].warning);
	sending_end(s, &a, NULL);
	for (size_t i = 0; i < items->count; i++)
		buf_free(&words[i]);
	free(words);
	free(a.list);
}

static bool
is_other(struct sending *s, const struct reply *r)
{
	struct err_ctx e;

	if (!slice_is(reply_item(r, 0)->str, "other"))
		return false;
	err_set(&e, ERR_CONFLICT, "Idempotency-Key", "give each request its own key",
		"was used for another request in the last two days");
	sending_end(s, NULL, &e);
	return true;
}

/* A freeze whose messages are for a person to decide: nothing is taken. */
static bool
is_frozen(struct sending *s, const struct reply *r)
{
	struct slice freeze = reply_item(r, 1)->str;
	struct err_ctx e;

	if (!slice_is(reply_item(r, 0)->str, "frozen"))
		return false;
	err_set(&e, ERR_REFUSED, "freeze", "send it afterwards, or ask whoever ordered it",
		"nothing of this class leaves: %.*s", (int)text_clip(freeze, 340).n, freeze.p);
	sending_end(s, NULL, &e);
	return true;
}

/* ---- keep ---- */

/* Should Redis come back without them, they go where they were: ids say where that is. */
static void
keep_in_journal(struct sending *s, const struct reply *r)
{
	const struct reply *items = reply_item(r, 3);
	struct slice v[ARGV_MAX];
	struct buf places = {0};
	struct argv a = {0};
	size_t n = argv_slices(&s->args, v);

	for (size_t i = 0; i < items->count; i++) {
		struct slice item = reply_item(items, i)->str;

		/* A refusal keeps its place in the answer; it is JSON without line ends. */
		buf_add_slice(&places, item);
		buf_addc(&places, '\n');
	}
	argv_add(&a, reply_item(r, 1)->str);
	argv_add(&a, reply_item(r, 2)->str);
	argv_add(&a, buf_slice(&places));
	for (size_t i = 0; i < n; i++)
		argv_add(&a, v[i]);
	engine_journal(s->engine, "notices_again", &a);
	argv_free(&a);
	buf_free(&places);
}

static void
on_kept(void *arg, const struct reply *r)
{
	struct sending *s = arg;

	if (r->kind != REPLY_ARRAY) {
		fail(s, r);
		return;
	}
	if (is_other(s, r) || is_frozen(s, r))
		return;
	if (slice_is(reply_item(r, 0)->str, "accepted"))
		keep_in_journal(s, r);
	answer(s, r);
}

static void
pack_messages(const struct notices *n, struct buf *out)
{
	for (size_t i = 0; i < n->count; i++) {
		const struct notice *m = &n->list[i];
		struct buf one = {0};

		if (m->refusal != NULL)
			json_add_value(&one, m->refusal);
		else
			payload_encode(&m->payload, &one);
		buf_add_u8(out, m->refusal != NULL ? REFUSED : m->carrier);
		buf_add_u8(out, m->payload.parts);
		buf_add_u32(out, (uint32_t)one.len);
		buf_add_slice(out, buf_slice(&one));
		buf_free(&one);
	}
}

static void
add_int(struct argv *a, const char *field, int64_t v)
{
	argv_adds(a, field);
	argv_add_int(a, v);
}

static void
keep(struct sending *s)
{
	const struct notices *n = s->notices;
	struct argv *a = &s->args;
	struct buf lanes = {0}, packed = {0};
	char map[CARRIERS_MAX + 1];

	route_plan_lanes(&n->route, s->config, &lanes);
	route_plan_map(&n->route, map);
	pack_messages(n, &packed);
	argv_adds(a, s->key);
	argv_add(a, (struct slice){(const char *)s->hash, sizeof(s->hash)});
	argv_add_int(a, s->config->notice_retention_days * 86400);
	argv_adds(a, n->class);
	argv_add_int(a, n->unit);
	argv_add_int(a, n->policy->priority);
	argv_adds(a, lanes.data);
	argv_add_int(a, n->route.partitions);
	argv_adds(a, map);
	argv_add(a, buf_slice(&packed));
	add_int(a, "hours_from", n->policy->hours_from);
	add_int(a, "hours_to", n->policy->hours_to);
	route_plan_add(&n->route, s->config, a);
	caps_add(n->policy, a);
	law_add(n->policy, a);
	brake_add(s->config, a);
	engine_call(s->engine, "notices", a, on_kept, s);
	buf_free(&lanes);
	buf_free(&packed);
}

/* ---- suppressions ---- */

static void
on_suppressed(void *arg, const struct suppressed_answer *a, const struct err_ctx *e)
{
	struct sending *s = arg;
	size_t at = 0;

	if (a == NULL) {
		sending_end(s, NULL, e);
		return;
	}
	for (size_t i = 0; i < s->notices->count; i++) {
		struct notice *m = &s->notices->list[i];
		uint8_t reason;

		if (m->refusal != NULL)
			continue;
		reason = a->reasons != NULL ? a->reasons[at++] : 0;
		if (reason != REASON_NONE)
			notice_refuse(m, "suppressed", "to", record_reason_text(reason),
				      "see loa suppress ls PHONE");
	}
	keep(s);
}

/* They are looked at again when they are sent: here only so that the asker learns it. */
static void
check_suppressed(struct sending *s)
{
	const struct notices *n = s->notices;
	uint64_t *phones = xcalloc(n->count + 1, sizeof(*phones));
	struct suppressed_query q = {
		.class = n->class, .unit = (uint64_t)n->unit, .phones = phones};

	for (size_t i = 0; i < n->count; i++)
		if (n->list[i].refusal == NULL)
			phones[q.count++] = n->list[i].payload.phone;
	suppressed_check(s->engine, &q, on_suppressed, s);
	free(phones);
}

/* ---- templates ---- */

static void
judge(struct sending *s, struct pattern_book *patterns)
{
	s->notices->patterns = patterns;
	s->notices->is_trial = s->is_trial;
	notices_judge(s->notices, s->config, clock_wall_ms());
	s->notices->patterns = NULL;
	check_suppressed(s);
}

static void
on_patterns(void *arg, struct pattern_book *patterns, const struct err_ctx *e)
{
	if (patterns == NULL)
		sending_end(arg, NULL, e);
	else
		judge(arg, patterns);
}

/* Some provider of the route would have a text compared. */
static bool
is_compared(const struct sending *s)
{
	const struct route_plan *route = &s->notices->route;

	for (unsigned p = 0; s->patterns != NULL && p < route->tariffs; p++)
		if (s->config->providers[route->provider[p]].registered_texts != REGISTERED_OFF)
			return true;
	return false;
}

static void
templates_done(struct sending *s)
{
	struct reply none = {.kind = REPLY_UNKNOWN, .str = SLICE("a template could not be read")};

	if (s->has_failed)
		fail(s, &none);
	else if (is_compared(s))
		pattern_book_ask(s->patterns, on_patterns, s);
	else
		judge(s, NULL);
}

static void
on_template(void *arg, const struct reply *r)
{
	struct wanted *w = arg;
	struct sending *s = w->sending;

	s->has_failed = s->has_failed || !reply_is_good(r);
	if (r->kind == REPLY_STRING)
		s->notices->sets[w->index] = set_read(r->str, NULL, NULL);
	free(w);
	if (--s->pending == 0)
		templates_done(s);
}

static void
ask_templates(struct sending *s)
{
	size_t count = s->notices->template_count;

	s->pending = count;
	for (size_t i = 0; i < count; i++) {
		struct wanted *w = xcalloc(1, sizeof(*w));
		struct argv a = {0};

		*w = (struct wanted){s, i};
		argv_adds(&a, s->notices->templates[i]);
		argv_adds(&a, "");
		engine_call(s->engine, "template_get", &a, on_template, w);
		argv_free(&a);
	}
	if (count == 0)
		templates_done(s);
}

static void
on_known(void *arg, const struct reply *r)
{
	struct sending *s = arg;
	struct err_ctx e;

	if (!reply_is_good(r)) {
		fail(s, r);
		return;
	}
	if (r->kind == REPLY_ARRAY) {
		if (!is_other(s, r))
			answer(s, r);
		return;
	}
	if (notices_read(s->config, s->document, &s->notices, &e) != ERR_OK) {
		sending_end(s, NULL, &e);
		return;
	}
	if (json_object_get(s->document, "unit") == NULL)
		s->notices->unit = (int64_t)s->unit;
	ask_templates(s);
}

enum err
notice_key_check(const char *key, struct err_ctx *e)
{
	if (strlen(key) >= NOTICE_KEY_MIN && strlen(key) <= NOTICE_KEY_MAX)
		return ERR_OK;
	return err_set(e, ERR_INPUT, "Idempotency-Key", "send one that is new for each request",
		       key[0] == '\0' ? "is missing" : "must have 8 to 128 characters");
}

void
notices_send(const struct notices_desk *d, json_t *document, const char *key, notices_cb cb,
	     void *arg)
{
	struct sending *s = xcalloc(1, sizeof(*s));
	struct argv a = {0};

	s->engine = d->engine;
	s->config = d->config;
	s->patterns = d->patterns;
	s->is_trial = d->is_trial;
	s->unit = d->unit;
	s->document = json_incref(document);
	s->cb = cb;
	s->arg = arg;
	snprintf(s->key, sizeof(s->key), "%s", key);
	notices_hash(document, s->hash);
	argv_adds(&a, s->key);
	argv_add(&a, (struct slice){(const char *)s->hash, sizeof(s->hash)});
	engine_call(s->engine, "notices_known", &a, on_known, s);
	argv_free(&a);
}
