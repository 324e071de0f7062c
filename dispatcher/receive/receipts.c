/* SPDX-License-Identifier: MIT */
#include "dispatcher/receive/receipts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/store/record.h"

#define PER_CALL 40 /* receipts in one Lua call */
#define PER_TURN 4  /* calls at a time */
#define SWEEP_MS 60000

struct receipts {
	struct loop *loop;
	struct engine *engine;
	const struct config *config;
	uint8_t key[REFERENCE_KEY_BYTES];
	bool has_key;
	struct timer sweep; /* what is parked too long is unknown */
	struct push *pushes;
	struct receipts_gauges gauges;
};

/* Receipts on their way into Redis, a few calls at a time. */
struct push {
	struct push *next_push, **self;
	struct receipts *receipts;
	char lane[40];
	struct foreign foreign;
	struct arena arena;
	const struct receipt *list;
	size_t count, at; /* list[at] is told next */
	size_t pending;	  /* calls without a reply */
	struct timer next;
	receipts_cb cb;
	void *arg;
	bool has_failed;
	struct err_ctx why;
};

static void
add_head(struct argv *a, const char *lane, const struct foreign *f)
{
	argv_adds(a, lane);
	argv_add_int(a, f->keep_s);
	argv_add_int(a, f->is_by_request);
}

/* ---- one receipt as nine arguments of the Lua function ---- */

static void
add_reference(const struct receipts *rs, const struct receipt *r, struct argv *a)
{
	struct reference ref;

	if (!reference_decode(slice_of(r->reference), rs->key, &ref)) {
		for (int i = 0; i < 4; i++)
			argv_adds(a, "");
		return;
	}
	argv_add_int(a, (int64_t)ref.run);
	argv_add_int(a, ref.partition);
	argv_add_int(a, ref.rank);
	argv_add_int(a, ref.attempt);
}

static void
add_foreign(const struct push *p, const struct receipt *r, struct argv *a)
{
	uint8_t id[FOREIGN_ID_BYTES], phone[FOREIGN_PHONE_BYTES];
	bool has_id = r->id[0] != '\0' && p->foreign.keep_s > 0;

	if (has_id)
		foreign_id(p->lane, r->id, p->receipts->key, id);
	argv_add(a, has_id ? (struct slice){(const char *)id, sizeof(id)} : SLICE(""));
	foreign_phone(slice_of(r->phone), p->receipts->key, phone);
	argv_add(a, r->phone[0] != '\0' ? (struct slice){(const char *)phone, sizeof(phone)}
					: SLICE(""));
}

static void
add_receipt(const struct push *p, const struct receipt *r, struct argv *a)
{
	static const struct {
		enum record_state state; /* 0: proves nothing */
		uint8_t reason;
	} proves[] = {
		[RECEIPT_DELIVERED] = {RECORD_DELIVERED, REASON_NONE},
		[RECEIPT_UNDELIVERABLE] = {RECORD_UNDELIVERABLE, REASON_RECEIPT_FAILED},
		[RECEIPT_ACCEPTED] = {RECORD_ACCEPTED, REASON_NONE},
		[RECEIPT_UNKNOWN] = {0, REASON_NONE},
	};
	struct buf words = {0};

	add_reference(p->receipts, r, a);
	add_foreign(p, r, a);
	argv_add_int(a, proves[r->state].state);
	argv_add_int(a, proves[r->state].reason);
	json_add_string(&words, slice_of(r->id));
	buf_addc(&words, ',');
	json_add_string(&words, slice_of(r->code));
	argv_add(a, buf_slice(&words));
	buf_free(&words);
}

/* ---- a push ---- */

static void
push_free(struct push *p)
{
	timer_disarm(p->receipts->loop, &p->next);
	*p->self = p->next_push;
	if (p->next_push != NULL)
		p->next_push->self = p->self;
	arena_free(&p->arena);
	free(p);
}

static void
push_end(struct push *p)
{
	p->cb(p->arg, p->has_failed ? &p->why : NULL);
	push_free(p);
}

static void
push_failed(struct push *p, const char *why)
{
	p->has_failed = true;
	err_set(&p->why, ERR_UNREACHABLE, "server", "send the receipt again", "%s", why);
}

/* What Redis did with a call's receipts. */
static void
count_reply(struct receipts *rs, const char *lane, const struct reply *r)
{
	int64_t foreign = reply_item(r, 2)->integer, unknown = reply_item(r, 3)->integer;

	rs->gauges.merged += (uint64_t)reply_item(r, 0)->integer;
	rs->gauges.parked += (uint64_t)reply_item(r, 1)->integer;
	rs->gauges.foreign += (uint64_t)foreign;
	rs->gauges.unknown_code += (uint64_t)unknown;
	if (foreign > 0 || unknown > 0)
		log_warn("lane=%s receipts=%lld result=not-ours unknown-code=%lld", lane,
			 (long long)foreign, (long long)unknown);
}

static void
on_merged(void *arg, const struct reply *reply)
{
	struct push *p = arg;

	if (reply->kind == REPLY_ARRAY) {
		count_reply(p->receipts, p->lane, reply);
	} else {
		p->has_failed = true;
		err_set(&p->why, ERR_UNREACHABLE, "Redis", "send the receipt again", "%.*s",
			(int)reply->str.n, reply->str.p);
	}
	if (--p->pending > 0)
		return;
	if (p->at == p->count || p->has_failed)
		push_end(p);
	else
		timer_arm_us(p->receipts->loop, &p->next, 0);
}

static void
send_call(struct push *p)
{
	struct engine *e = p->receipts->engine;
	struct argv a = {0};

	add_head(&a, p->lane, &p->foreign);
	for (size_t i = 0; i < PER_CALL && p->at < p->count; i++)
		add_receipt(p, &p->list[p->at++], &a);
	p->pending++;
	engine_call(e, "receipts", &a, on_merged, p);
	engine_journal(e, "receipts", &a);
	argv_free(&a);
}

/* At least one call, so that the answer comes later also when there is nothing to tell. */
static void
on_next(struct timer *t, void *arg)
{
	struct push *p = arg;

	(void)t;
	for (int i = 0; i == 0 || (i < PER_TURN && p->at < p->count); i++)
		send_call(p);
}

static struct push *
push_new(struct receipts *rs, const struct provider_config *pc, receipts_cb cb, void *arg)
{
	struct push *p = xcalloc(1, sizeof(*p));

	p->receipts = rs;
	snprintf(p->lane, sizeof(p->lane), "%s", pc->name);
	p->foreign = foreign_of(pc->driver, pc->driver->capability(pc->account));
	p->cb = cb;
	p->arg = arg;
	timer_init(&p->next, on_next, p);
	p->next_push = rs->pushes;
	p->self = &rs->pushes;
	if (p->next_push != NULL)
		p->next_push->self = &p->next_push;
	rs->pushes = p;
	return p;
}

enum err
receipts_push(struct receipts *rs, const struct provider_config *pc, struct slice query,
	      struct slice body, receipts_cb cb, void *arg, struct err_ctx *e)
{
	struct receipt *list = NULL;
	struct push *p;
	enum err rc;

	if (!rs->has_key || !engine_is_up(rs->engine))
		return err_set(e, ERR_UNREACHABLE, "Redis", "send the receipt again",
			       "is out of reach");
	p = push_new(rs, pc, cb, arg);
	rc = pc->driver->receipt(pc->account, query, body, &p->arena, &list, &p->count, e);
	rs->gauges.pushes++;
	if (rc != ERR_OK) {
		rs->gauges.malformed++;
		log_warn("lane=%s receipt=malformed what=%s why=%s", pc->name, e->what, e->why);
		push_free(p);
		return rc;
	}
	p->list = list;
	timer_arm_us(rs->loop, &p->next, 0);
	return ERR_OK;
}

void
receipts_take(struct receipts *rs, const struct provider_config *pc, const struct receipt *list,
	      size_t count, receipts_cb cb, void *arg)
{
	struct push *p = push_new(rs, pc, cb, arg);
	struct receipt *copy = arena_alloc(&p->arena, (count + 1) * sizeof(*copy));

	if (count > 0)
		memcpy(copy, list, count * sizeof(*copy));
	p->list = copy;
	p->count = count;
	timer_arm_us(rs->loop, &p->next, 0);
}

/* ---- the whole ---- */

static void
on_swept(void *arg, const struct reply *reply)
{
	struct receipts *rs = arg;

	if (reply->kind == REPLY_ARRAY)
		rs->gauges.foreign += (uint64_t)reply_item(reply, 2)->integer;
}

/* Nobody's answer brought these ids: they go to the list of the unknown. */
static void
on_sweep(struct timer *t, void *arg)
{
	struct receipts *rs = arg;

	timer_arm_ms(rs->loop, t, SWEEP_MS);
	for (size_t i = 0; i < rs->config->provider_count && engine_is_up(rs->engine); i++) {
		const struct provider_config *pc = &rs->config->providers[i];
		struct foreign f = foreign_of(pc->driver, pc->driver->capability(pc->account));
		struct argv a = {0};

		if (f.keep_s == 0)
			continue;
		add_head(&a, pc->name, &f);
		engine_call(rs->engine, "receipts", &a, on_swept, rs);
		argv_free(&a);
	}
}

struct receipts *
receipts_new(struct loop *l, struct engine *e, const struct config *c)
{
	struct receipts *r = xcalloc(1, sizeof(*r));

	r->loop = l;
	r->engine = e;
	r->config = c;
	timer_init(&r->sweep, on_sweep, r);
	timer_arm_ms(l, &r->sweep, SWEEP_MS);
	return r;
}

void
receipts_free(struct receipts *r)
{
	timer_disarm(r->loop, &r->sweep);
	while (r->pushes != NULL) {
		push_failed(r->pushes, "is stopping");
		push_end(r->pushes);
	}
	free(r);
}

void
receipts_set_key(struct receipts *r, const uint8_t key[REFERENCE_KEY_BYTES])
{
	memcpy(r->key, key, REFERENCE_KEY_BYTES);
	r->has_key = true;
}

void
receipts_set_config(struct receipts *r, const struct config *c)
{
	r->config = c;
}

const struct receipts_gauges *
receipts_gauges(const struct receipts *r)
{
	return &r->gauges;
}
