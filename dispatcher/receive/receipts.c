/* SPDX-License-Identifier: MIT */
#include "dispatcher/receive/receipts.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/store/record.h"

#define PER_CALL 64 /* receipts in one Lua call */

struct receipts {
	struct engine *engine;
	uint8_t key[REFERENCE_KEY_BYTES];
	bool has_key;
	struct receipts_gauges gauges;
};

struct push {
	struct receipts *receipts;
	receipts_cb cb;
	void *arg;
	size_t pending;
	bool has_failed;
	struct err_ctx why;
};

struct receipts *
receipts_new(struct engine *e)
{
	struct receipts *r = xcalloc(1, sizeof(*r));

	r->engine = e;
	return r;
}

void
receipts_free(struct receipts *r)
{
	free(r);
}

void
receipts_set_key(struct receipts *r, const uint8_t key[REFERENCE_KEY_BYTES])
{
	memcpy(r->key, key, REFERENCE_KEY_BYTES);
	r->has_key = true;
}

const struct receipts_gauges *
receipts_gauges(const struct receipts *r)
{
	return &r->gauges;
}

static void
push_closed_one(struct push *p)
{
	if (--p->pending > 0)
		return;
	p->cb(p->arg, p->has_failed ? &p->why : NULL);
	free(p);
}

static void
on_merged(void *arg, const struct reply *reply)
{
	struct push *p = arg;

	if (reply->kind == REPLY_INTEGER) {
		p->receipts->gauges.merged += (uint64_t)reply->integer;
	} else {
		p->has_failed = true;
		err_set(&p->why, ERR_UNREACHABLE, "Redis", "send the receipt again", "%.*s",
			(int)reply->str.n, reply->str.p);
	}
	push_closed_one(p);
}

/* ["receipt",partition,[[rank,attempt,"id","code"]]]: a line of the run's detail log. */
static void
add_log_line(struct argv *a, const struct reference *ref, const struct receipt *r)
{
	struct buf b = {0};

	buf_addf(&b, "[\"receipt\",%u,[[%u,%u,", ref->partition, ref->rank, ref->attempt);
	json_add_string(&b, slice_of(r->id));
	buf_addc(&b, ',');
	json_add_string(&b, slice_of(r->code));
	buf_adds(&b, "]]]");
	argv_add(a, buf_slice(&b));
	buf_free(&b);
}

/* Seven arguments of the Lua function. False: not about a message of ours, or says nothing. */
static bool
add_receipt(struct receipts *rs, const struct receipt *r, struct argv *a)
{
	static const struct {
		enum record_state state;
		uint8_t reason;
	} proves[] = {
		[RECEIPT_DELIVERED] = {RECORD_DELIVERED, REASON_NONE},
		[RECEIPT_UNDELIVERABLE] = {RECORD_UNDELIVERABLE, REASON_RECEIPT_FAILED},
		[RECEIPT_ACCEPTED] = {RECORD_ACCEPTED, REASON_NONE},
	};
	struct reference ref;

	if (!reference_decode(slice_of(r->reference), rs->key, &ref)) {
		rs->gauges.foreign++;
		log_warn("receipt=foreign id=%.40s code=%.20s result=not-ours", r->id, r->code);
		return false;
	}
	if (r->state == RECEIPT_UNKNOWN) {
		log_warn("run=%llu receipt=unknown-code code=%.20s", (unsigned long long)ref.run,
			 r->code);
		return false;
	}
	argv_add_int(a, (int64_t)ref.run);
	argv_add_int(a, ref.partition);
	argv_add_int(a, ref.rank);
	argv_add_int(a, ref.attempt);
	argv_add_int(a, proves[r->state].state);
	argv_add_int(a, proves[r->state].reason);
	add_log_line(a, &ref, r);
	return true;
}

static void
send_call(struct push *p, struct argv *a)
{
	if (a->count == 0)
		return;
	p->pending++;
	engine_call(p->receipts->engine, "receipts", a, on_merged, p);
	engine_journal(p->receipts->engine, "receipts", a);
	argv_reset(a);
}

enum err
receipts_push(struct receipts *rs, const struct provider_config *pc, struct slice query,
	      struct slice body, receipts_cb cb, void *arg, struct err_ctx *e)
{
	struct arena arena = {0};
	struct receipt *list = NULL;
	struct argv a = {0};
	struct push *p;
	size_t count = 0, in_call = 0;
	enum err rc;

	if (!rs->has_key || !engine_is_up(rs->engine))
		return err_set(e, ERR_UNREACHABLE, "Redis", "send the receipt again",
			       "is out of reach");
	rc = pc->driver->receipt(pc->account, query, body, &arena, &list, &count, e);
	rs->gauges.pushes++;
	if (rc != ERR_OK) {
		rs->gauges.malformed++;
		log_warn("lane=%s receipt=malformed what=%s why=%s", pc->name, e->what, e->why);
		arena_free(&arena);
		return rc;
	}
	p = xcalloc(1, sizeof(*p));
	p->receipts = rs;
	p->cb = cb;
	p->arg = arg;
	p->pending = 1; /* until the end of this function's calls: see below */
	for (size_t i = 0; i < count; i++) {
		in_call += add_receipt(rs, &list[i], &a);
		if (in_call == PER_CALL) {
			send_call(p, &a);
			in_call = 0;
		}
	}
	/* At least one call, so that the answer comes later also when nothing is ours. */
	if (a.count == 0 && p->pending == 1) {
		p->pending++;
		engine_call(rs->engine, "receipts", &a, on_merged, p);
	}
	send_call(p, &a);
	p->pending--;
	argv_free(&a);
	arena_free(&arena);
	return ERR_OK;
}
