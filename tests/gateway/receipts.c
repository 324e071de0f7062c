/* SPDX-License-Identifier: MIT */
#include "tests/gateway/receipts.h"

#include <stdlib.h>
#include <string.h>

#include "tests/gateway/times.h"

#define TARGETS_MAX 64
#define URL_MAX 640
#define LOAD_MAX 1000
#define CARRIERS_MAX 64
#define GET_TRIES_MAX 5
#define RETRY_FIRST_US (100 * MS)
#define RETRY_LAST_US (5 * SECOND)
#define PAUSE_FIRST_US (50 * MS)
#define PAUSE_LAST_US (2 * SECOND)

struct receipt {
	uint64_t due_us;
	uint64_t order; /* ties leave in the order they came */
	uint64_t id;
	struct hold *hold;
	enum report report;
	uint32_t tries;
	char to[12];
	const char *query; /* of a GET; behind ref */
	char ref[];	   /* with NUL */
};

/* A courier and what it carries. */
struct carrier {
	struct target *t;
	struct courier *courier;
	struct receipt **load;
	size_t n; /* 0 = idle */
};

struct target {
	struct receipts *rs;
	char url[URL_MAX];
	enum receipts_by by;
	struct callback_url address;
	struct receipt **heap; /* by due_us, order */
	size_t n, cap;
	struct event *timer;
	struct carrier carriers[CARRIERS_MAX];
	size_t carrier_count;
	uint64_t paused_until_us, pause_us;
};

struct receipts {
	struct event_base *base;
	const struct settings *settings;
	struct ledger *ledger;
	struct target *targets[TARGETS_MAX];
	size_t target_count;
	struct receipt_stats stats;
	uint64_t next_order;
	struct bytes body;
};

const char *
report_name(enum report r)
{
	static const char *const names[] = {"NONE",    "DELIVRD", "UNDELIV", "EXPIRED",
					    "ACCEPTD", "REJECTD", "TOTALS"};

	return names[r];
}

/* ---- the heap ---- */

static bool
is_before(const struct receipt *a, const struct receipt *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static void
heap_push(struct target *t, struct receipt *r)
{
	size_t at = t->n++;

	if (t->n > t->cap) {
		t->cap = t->cap == 0 ? 256 : t->cap * 2;
		t->heap = must_grow(t->heap, t->cap * sizeof(*t->heap));
	}
	for (; at > 0 && is_before(r, t->heap[(at - 1) / 2]); at = (at - 1) / 2)
		t->heap[at] = t->heap[(at - 1) / 2];
	t->heap[at] = r;
}

static struct receipt *
heap_pop(struct target *t)
{
	struct receipt *top = t->heap[0], *moved = t->heap[--t->n];
	size_t at = 0, child;

	while ((child = at * 2 + 1) < t->n) {
		if (child + 1 < t->n && is_before(t->heap[child + 1], t->heap[child]))
			child++;
		if (!is_before(t->heap[child], moved))
			break;
		t->heap[at] = t->heap[child];
		at = child;
	}
	if (t->n > 0)
		t->heap[at] = moved;
	return top;
}

/* ---- leaving ---- */

static void pump(struct target *t);

static void
put_receipt(struct bytes *b, const struct receipt *r)
{
	bytes_str(b, "{\"id\":\"gw-");
	bytes_number(b, r->id);
	bytes_str(b, "\",\"ref\":\"");
	bytes_str(b, r->ref);
	bytes_str(b, "\",\"status\":\"");
	bytes_str(b, report_name(r->report));
	bytes_str(b, "\",\"to\":\"");
	bytes_str(b, r->to);
	bytes_str(b, "\"}");
}

static void
carry_query(struct carrier *c)
{
	struct receipt *r = heap_pop(c->t);

	c->load[c->n++] = r;
	c->t->rs->stats.sent++;
	courier_get(c->courier, r->query);
}

static void
carry(struct carrier *c, size_t most, bool is_list)
{
	struct target *t = c->t;
	struct bytes *b = &t->rs->body;
	uint64_t now = times_mono_us();

	b->n = 0;
	bytes_str(b, is_list ? "{\"receipts\":[" : "");
	while (c->n < most && t->n > 0 && t->heap[0]->due_us <= now) {
		c->load[c->n] = heap_pop(t);
		bytes_str(b, c->n == 0 ? "" : ",");
		put_receipt(b, c->load[c->n++]);
	}
	bytes_str(b, is_list ? "]}" : "");
	t->rs->stats.sent += c->n;
	courier_post(c->courier, (struct text){b->p, b->n});
}

static void
settle(struct receipts *rs, struct receipt *r, bool is_taken)
{
	struct entry e = {.event = "receipt",
			  .at_us = times_mono_us(),
			  .wall_us = times_wall_us(),
			  .ref = {r->ref, strlen(r->ref)},
			  .to = {r->to[0] == '\0' ? NULL : r->to, strlen(r->to)},
			  .id = r->id};
	struct bytes extra = {0};

	bytes_format(&extra, ",\"status\":\"%s\",\"tries\":%u,\"acknowledged\":%s",
		     report_name(r->report), r->tries, is_taken ? "true" : "false");
	if (r->query != NULL) {
		bytes_str(&extra, ",\"query\":\"");
		bytes_str(&extra, r->query); /* percent-encoded: nothing to escape */
		bytes_str(&extra, "\"");
	}
	bytes_add(&extra, "", 1);
	e.extra = extra.p;
	ledger_add(rs->ledger, &e);
	bytes_free(&extra);
	rs->stats.pending--;
	if (is_taken)
		rs->stats.acknowledged++;
	else
		rs->stats.given_up++;
	free(r);
}

static void
come_back(struct target *t, struct receipt *r, enum delivery d, uint64_t now)
{
	uint64_t pause = RETRY_FIRST_US;
	uint64_t most = (uint64_t)t->rs->settings->receipt_tries;
	bool is_by_get = t->by == RECEIPTS_BY_GET;

	if (is_by_get && most > GET_TRIES_MAX)
		most = GET_TRIES_MAX;
	r->tries++;
	if (r->hold != NULL)
		hold_done(r->hold);
	r->hold = NULL;
	if (d == DELIVERY_TAKEN || r->tries >= most || (is_by_get && d == DELIVERY_REFUSED)) {
		settle(t->rs, r, d == DELIVERY_TAKEN);
		return;
	}
	for (uint32_t i = 1; i < r->tries && pause < RETRY_LAST_US; i++)
		pause *= 2;
	r->due_us = now + (pause < RETRY_LAST_US ? pause : RETRY_LAST_US);
	heap_push(t, r);
}

static void
on_done(void *ctx, enum delivery d)
{
	struct carrier *c = ctx;
	struct target *t = c->t;
	uint64_t now = times_mono_us();

	if (d != DELIVERY_UNREACHABLE) {
		t->pause_us = 0;
		t->paused_until_us = 0;
	} else if (t->paused_until_us <= now) {
		t->pause_us = t->pause_us == 0 ? PAUSE_FIRST_US : t->pause_us * 2;
		if (t->pause_us > PAUSE_LAST_US)
			t->pause_us = PAUSE_LAST_US;
		t->paused_until_us = now + t->pause_us;
	}
	for (size_t i = 0; i < c->n; i++)
		come_back(t, c->load[i], d, now);
	c->n = 0;
	pump(t);
}

/* NULL = all are under way. */
static struct carrier *
idle_carrier(struct target *t)
{
	size_t most = (size_t)t->rs->settings->receipt_connections;
	struct carrier *c;

	for (size_t i = 0; i < t->carrier_count && i < most; i++) {
		if (t->carriers[i].n == 0)
			return &t->carriers[i];
	}
	if (t->carrier_count >= most)
		return NULL;
	c = &t->carriers[t->carrier_count++];
	c->t = t;
	c->load = must_alloc(LOAD_MAX * sizeof(struct receipt *));
	c->courier = courier_new(t->rs->base, &t->address, on_done, c);
	return c;
}

static void
wake_at(struct target *t, uint64_t at_us, uint64_t now)
{
	uint64_t us = at_us > now ? at_us - now : 0;
	struct timeval tv = {.tv_sec = (time_t)(us / SECOND),
			     .tv_usec = (suseconds_t)(us % SECOND)};

	evtimer_add(t->timer, &tv);
}

static void
pump(struct target *t)
{
	size_t most = (size_t)t->rs->settings->receipt_batch;
	uint64_t now = times_mono_us(), next;
	struct carrier *c;

	while (t->n > 0) {
		next = t->heap[0]->due_us;
		if (next < t->paused_until_us)
			next = t->paused_until_us;
		if (next > now) {
			wake_at(t, next, now);
			return;
		}
		c = idle_carrier(t);
		if (c == NULL)
			return; /* on_done comes back here */
		if (t->by == RECEIPTS_BY_GET)
			carry_query(c);
		else
			carry(c, most, most > 1);
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	pump(ctx);
}

/* ---- coming in ---- */

struct target *
receipts_target(struct receipts *rs, struct text url, enum receipts_by by, const char **why)
{
	struct callback_url address;
	struct target *t;

	for (size_t i = 0; i < rs->target_count; i++) {
		if (rs->targets[i]->by == by && text_is(url, rs->targets[i]->url))
			return rs->targets[i];
	}
	if (url.n >= URL_MAX || !callback_url_read(url, &address, why))
		return NULL;
	*why = "too many different callbacks";
	if (rs->target_count == TARGETS_MAX)
		return NULL;
	t = must_alloc(sizeof(*t));
	t->rs = rs;
	t->by = by;
	t->address = address;
	memcpy(t->url, url.p, url.n);
	t->timer = evtimer_new(rs->base, on_timer, t);
	if (t->timer == NULL)
		fail("no memory for a callback");
	rs->targets[rs->target_count++] = t;
	return t;
}

void
receipts_add(struct receipts *rs, struct target *t, const struct receipt_order *o)
{
	struct receipt *r = must_alloc(sizeof(*r) + o->ref.n + 1 + o->query.n + 1);
	char *query = r->ref + o->ref.n + 1;

	r->due_us = o->due_us;
	r->order = rs->next_order++;
	r->id = o->id;
	r->report = o->report;
	r->hold = o->hold;
	if (o->to.n > 0)
		memcpy(r->to, o->to.p, o->to.n < sizeof(r->to) ? o->to.n : sizeof(r->to) - 1);
	if (o->ref.n > 0)
		memcpy(r->ref, o->ref.p, o->ref.n);
	if (o->query.p != NULL) {
		memcpy(query, o->query.p, o->query.n);
		r->query = query;
	}
	if (r->hold != NULL)
		hold_wait(r->hold);
	rs->stats.pending++;
	heap_push(t, r);
	if (t->heap[0] == r) {
		uint64_t now = times_mono_us();

		wake_at(t, r->due_us > t->paused_until_us ? r->due_us : t->paused_until_us, now);
	}
}

struct receipts *
receipts_new(struct event_base *base, const struct settings *s, struct ledger *ledger)
{
	struct receipts *rs = must_alloc(sizeof(*rs));

	*rs = (struct receipts){.base = base, .settings = s, .ledger = ledger};
	return rs;
}

struct receipt_stats
receipts_stats(const struct receipts *rs)
{
	return rs->stats;
}

static void
free_receipt(struct receipt *r)
{
	if (r->hold != NULL)
		hold_unref(r->hold);
	free(r);
}

static void
target_free(struct target *t)
{
	for (size_t i = 0; i < t->carrier_count; i++) {
		struct carrier *c = &t->carriers[i];

		for (size_t k = 0; k < c->n; k++)
			free_receipt(c->load[k]);
		courier_free(c->courier);
		free(c->load);
	}
	for (size_t i = 0; i < t->n; i++)
		free_receipt(t->heap[i]);
	event_free(t->timer);
	free(t->heap);
	free(t);
}

void
receipts_free(struct receipts *rs)
{
	for (size_t i = 0; i < rs->target_count; i++)
		target_free(rs->targets[i]);
	bytes_free(&rs->body);
	free(rs);
}
