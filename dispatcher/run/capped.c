/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/capped.h"

#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/store/phone_hash.h"

/* One window at a time: each looks up to sixteen times a phone. */
struct check {
	struct engine *engine;
	capped_cb cb;
	void *arg;
	uint64_t run;
	uint64_t *phones;
	size_t count;
	size_t next; /* the first phone not asked for */
	uint8_t *is_over;
	bool has_any;
};

static void ask(struct check *c);

void
cap_hash(struct engine *e, uint64_t phone, uint8_t out[CAP_HASH_BYTES])
{
	uint8_t hash[PHONE_HASH_BYTES];

	phone_hash(phone, engine_phone_key(e), hash);
	memcpy(out, hash, CAP_HASH_BYTES);
}

static void
check_end(struct check *c, const struct err_ctx *e)
{
	c->cb(c->arg, e == NULL && c->has_any ? c->is_over : NULL, e);
	free(c->phones);
	free(c->is_over);
	free(c);
}

static void
on_window(void *arg, const struct reply *r)
{
	struct check *c = arg;
	size_t n = c->count - c->next < CAPPED_WINDOW ? c->count - c->next : CAPPED_WINDOW;
	struct err_ctx e;

	if (!reply_is_good(r)) {
		reply_fail(r, &e);
		check_end(c, &e);
		return;
	}
	for (size_t i = 0; i < n && r->str.n == n; i++) {
		c->is_over[c->next + i] = r->str.p[i] == '1';
		c->has_any = c->has_any || r->str.p[i] == '1';
	}
	c->next += n;
	if (c->next < c->count)
		ask(c);
	else
		check_end(c, NULL);
}

static void
ask(struct check *c)
{
	struct argv a = {0};
	struct buf hashes = {0};

	for (size_t i = c->next; i < c->count && i < c->next + CAPPED_WINDOW; i++) {
		uint8_t hash[CAP_HASH_BYTES];

		cap_hash(c->engine, c->phones[i], hash);
		buf_add(&hashes, hash, sizeof(hash));
	}
	argv_add_int(&a, (int64_t)c->run);
	argv_add(&a, hashes.len > 0 ? buf_slice(&hashes) : SLICE(""));
	engine_call(c->engine, "caps_check", &a, on_window, c);
	argv_free(&a);
	buf_free(&hashes);
}

void
capped_check(struct engine *e, uint64_t run, const uint64_t *phones, size_t count, capped_cb cb,
	     void *arg)
{
	struct check *c = xcalloc(1, sizeof(*c));

	c->engine = e;
	c->cb = cb;
	c->arg = arg;
	c->run = run;
	c->count = count;
	c->phones = xmalloc((count + 1) * sizeof(*c->phones));
	memcpy(c->phones, phones, count * sizeof(*c->phones));
	c->is_over = xcalloc(count + 1, 1);
	ask(c);
}
