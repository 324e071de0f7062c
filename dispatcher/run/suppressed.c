/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/suppressed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/store/phone_hash.h"

/* Windows under way: few enough that the other users of Redis get their turn between. */
#define WINDOWS_ASKED 4u

struct check {
	struct engine *engine;
	suppressed_cb cb;
	void *arg;
	char class[64];
	uint64_t unit;
	uint64_t *phones;
	size_t count;
	uint8_t *reasons; /* [count] */
	size_t next;	  /* the first phone not asked for */
	size_t pending;	  /* windows without a reply */
	bool is_asked;	  /* one window at least was answered */
	bool has_any;	  /* somebody is suppressed, if not one of these */
	bool has_hashed;  /* some are kept by their hashes: ask with them */
	bool has_failed;
	int64_t epoch;
	struct err_ctx e;
};

/* One call: phones [from, from + count) of the check. */
struct window {
	struct check *check;
	size_t from, count;
};

static void ask(struct check *c);
static void send_window(struct window *w);

static void
check_end(struct check *c)
{
	struct suppressed_answer a = {.epoch = c->epoch, .reasons = c->has_any ? c->reasons : NULL};

	if (c->has_failed)
		c->cb(c->arg, NULL, &c->e);
	else
		c->cb(c->arg, &a, NULL);
	free(c->phones);
	free(c->reasons);
	free(c);
}

static void
on_window(void *arg, const struct reply *r)
{
	struct window *w = arg;
	struct check *c = w->check;
	struct slice reasons = reply_item(r, 1)->str;
	int64_t epoch = reply_item(r, 0)->integer;

	/* Asked again with the hashes: only where somebody was erased does anybody work them out. */
	if (r->kind == REPLY_ARRAY && slice_is(reply_item(r, 0)->str, "hashes")) {
		c->has_hashed = true;
		send_window(w);
		return;
	}
	c->pending--;
	if (r->kind != REPLY_ARRAY) {
		c->has_failed = true;
		reply_fail(r, &c->e);
	} else {
		c->epoch = c->is_asked && c->epoch < epoch ? c->epoch : epoch;
		c->is_asked = true;
		if (reasons.n == w->count && w->count > 0) {
			memcpy(c->reasons + w->from, reasons.p, w->count);
			c->has_any = true;
		} else if (!c->has_any) {
			c->next = c->count; /* nobody is suppressed: no need to go on */
		}
	}
	free(w);
	if (!c->has_failed && c->next < c->count)
		ask(c);
	if (c->pending == 0)
		check_end(c);
}

static void
send_window(struct window *w)
{
	struct check *c = w->check;
	struct argv a = {0};
	struct buf phones = {0}, hashes = {0};

	for (size_t i = 0; i < w->count; i++) {
		uint8_t hash[PHONE_HASH_BYTES];

		buf_addf(&phones, "%" PRIu64 " ", c->phones[w->from + i]);
		if (!c->has_hashed)
			continue;
		phone_hash(c->phones[w->from + i], engine_phone_key(c->engine), hash);
		buf_add(&hashes, hash, sizeof(hash));
	}
	argv_adds(&a, c->class);
	argv_add_int(&a, (int64_t)c->unit);
	argv_add(&a, phones.len > 0 ? buf_slice(&phones) : SLICE(""));
	argv_add(&a, hashes.len > 0 ? buf_slice(&hashes) : SLICE(""));
	engine_call(c->engine, "suppress_check", &a, on_window, w);
	argv_free(&a);
	buf_free(&phones);
	buf_free(&hashes);
}

static void
ask_window(struct check *c)
{
	struct window *w = xmalloc(sizeof(*w));
	size_t n = c->count - c->next;

	*w = (struct window){c, c->next, n < SUPPRESSED_WINDOW ? n : SUPPRESSED_WINDOW};
	c->next += w->count;
	c->pending++;
	send_window(w);
}

static void
ask(struct check *c)
{
	do
		ask_window(c);
	while (c->next < c->count && c->is_asked && c->pending < WINDOWS_ASKED);
}

void
suppressed_check(struct engine *e, const struct suppressed_query *q, suppressed_cb cb, void *arg)
{
	struct check *c = xcalloc(1, sizeof(*c));

	c->engine = e;
	c->cb = cb;
	c->arg = arg;
	snprintf(c->class, sizeof(c->class), "%s", q->class);
	c->unit = q->unit;
	c->count = q->count;
	c->phones = xmalloc((q->count + 1) * sizeof(*c->phones));
	if (q->count > 0)
		memcpy(c->phones, q->phones, q->count * sizeof(*c->phones));
	c->reasons = xcalloc(q->count + 1, 1);
	ask(c);
}
