/* SPDX-License-Identifier: MIT */
#include "dispatcher/receive/receipts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/crash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/receive/items.h"
#include "dispatcher/receive/reading.h"
#include "dispatcher/receive/spool.h"
#include "dispatcher/store/record.h"

#define PER_CALL 40 /* receipts in one Lua call */
#define PER_TURN 2  /* calls at a time */
#define SWEEP_MS 60000
#define SWEEP_MORE_MS 100
#define SPOOL_VERSION 1
#define READINGS_MAX 8 /* at a time; gateways send again */

struct receipts {
	struct loop *loop;
	struct engine *engine;
	const struct config *config;
	uint8_t key[REFERENCE_KEY_BYTES];
	bool has_key;
	struct timer sweep; /* what is parked too long is unknown */
	struct push *pushes;
	unsigned readings;   /* processes that read large pushes */
	struct spool *spool; /* NULL while stopping */
	struct receipts_gauges gauges;
};

/* Where its receipts come from, and so what is done while Redis is away. */
enum push_kind {
	PUSH_HOOK,   /* they go to the spool */
	PUSH_ASKED,  /* they are asked for again */
	PUSH_REPLAY, /* they are in the spool */
};

/* Receipts on their way into Redis, a few calls at a time. */
struct push {
	struct push *next_push, **self;
	struct receipts *receipts;
	enum push_kind kind;
	bool is_spooling; /* Redis is away: from the first one on again, to the spool */
	char lane[40];
	struct foreign foreign;
	struct arena arena;
	const struct receipt *list; /* NULL: they are in items */
	struct buf items;
	size_t items_at;	 /* bytes of items that are told */
	size_t count, at;	 /* the next one is told next */
	struct reading *reading; /* NULL = has been read */
	size_t pending;		 /* calls or records without an answer */
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
	if (p->reading != NULL)
		reading_cancel(p->reading);
	arena_free(&p->arena);
	buf_free(&p->items);
	free(p);
}

/* The next receipt; what cannot be read ends the list, with a word. */
static struct receipt
push_take(struct push *p)
{
	struct receipt r = {.state = RECEIPT_UNKNOWN};
	struct reader in;

	if (p->list != NULL)
		return p->list[p->at++];
	in = reader_of(buf_slice(&p->items));
	reader_bytes(&in, p->items_at);
	if (!item_read(&in, &r)) {
		log_error("lane=%s receipt=%zu of=%zu result=unreadable", p->lane, p->at, p->count);
		p->at = p->count;
		return r;
	}
	p->items_at = p->items.len - in.left;
	p->at++;
	return r;
}

static void
push_rewind(struct push *p)
{
	p->at = p->items_at = 0;
}

static void
push_end(struct push *p)
{
	crash_point("receipt", p->has_failed ? "failed" : "kept");
	p->cb(p->arg, p->has_failed ? &p->why : NULL);
	push_free(p);
}

static void
push_failed(struct push *p, const char *what, const char *why)
{
	p->has_failed = true;
	err_set(&p->why, ERR_UNREACHABLE, what, "send the receipt again", "%s", why);
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

/* One call or record less is under way. */
static void
push_goes_on(struct push *p)
{
	if (--p->pending > 0)
		return;
	if (p->has_failed || p->at == p->count)
		push_end(p);
	else
		timer_arm_us(p->receipts->loop, &p->next, 0);
}

static void
on_merged(void *arg, const struct reply *reply)
{
	struct push *p = arg;
	bool is_away = reply->kind == REPLY_UNKNOWN || reply->kind == REPLY_NOT_SENT;

	if (reply->kind == REPLY_ARRAY)
		count_reply(p->receipts, p->lane, reply);
	else if (is_away && p->kind == PUSH_HOOK && p->receipts->spool != NULL)
		p->is_spooling = true;
	else
		push_failed(p, "Redis", reply->str.p != NULL ? reply->str.p : "answered otherwise");
	if (p->is_spooling && p->pending == 1) {
		/* All of it: what Redis has had already is merged once. */
		p->has_failed = false;
		p->pending = 0;
		push_rewind(p);
		timer_arm_us(p->receipts->loop, &p->next, 0);
		return;
	}
	push_goes_on(p);
}

static void
send_call(struct push *p)
{
	struct engine *e = p->receipts->engine;
	struct argv a = {0};

	add_head(&a, p->lane, &p->foreign);
	for (size_t i = 0; i < PER_CALL && p->at < p->count; i++) {
		struct receipt r = push_take(p);

		add_receipt(p, &r, &a);
	}
	p->pending++;
	engine_call(e, "receipts", &a, on_merged, p);
	engine_journal(e, "receipts", &a);
	argv_free(&a);
}

/* ---- the spool's records: version, is_by_request, keep_s, lane, receipts ---- */

static void
encode_record(struct push *p, size_t n, struct buf *b)
{
	buf_add_u8(b, SPOOL_VERSION);
	buf_add_u8(b, p->foreign.is_by_request);
	buf_add_u64(b, (uint64_t)p->foreign.keep_s);
	item_add_text(b, p->lane);
	buf_add_u16(b, (uint16_t)n);
	for (size_t i = 0; i < n; i++) {
		struct receipt r = push_take(p);

		item_add(b, &r);
	}
}

static bool
decode_record(struct slice record, struct push *p)
{
	struct reader r = reader_of(record);
	bool is_known = reader_u8(&r) == SPOOL_VERSION;

	p->foreign.is_by_request = reader_u8(&r) != 0;
	p->foreign.keep_s = (int64_t)reader_u64(&r);
	item_read_text(&r, p->lane, sizeof(p->lane));
	p->count = reader_u16(&r);
	buf_add(&p->items, r.p, r.left);
	return is_known && !r.is_bad;
}

static void
on_spooled(void *arg, const struct err_ctx *e)
{
	struct push *p = arg;

	if (e != NULL) {
		p->has_failed = true;
		p->why = *e;
	}
	push_goes_on(p);
}

static bool
spool_record_of(struct push *p)
{
	size_t left = p->count - p->at, n = left < PER_CALL ? left : PER_CALL;
	struct buf b = {0};
	bool is_added;

	encode_record(p, n, &b);
	is_added = spool_add(p->receipts->spool, buf_slice(&b), on_spooled, p, &p->why) == ERR_OK;
	buf_free(&b);
	p->pending += is_added;
	p->receipts->gauges.spooled += is_added ? n : 0;
	p->has_failed = p->has_failed || !is_added;
	return is_added;
}

static void
spool_some(struct push *p)
{
	for (int i = 0; i < PER_TURN && p->at < p->count; i++)
		if (!spool_record_of(p))
			break;
	if (p->pending == 0)
		push_end(p);
}

static void
on_next(struct timer *t, void *arg)
{
	struct push *p = arg;

	(void)t;
	if (p->is_spooling) {
		spool_some(p);
		return;
	}
	/* At least one call, so that it ends also when there is nothing to tell. */
	for (int i = 0; i == 0 || (i < PER_TURN && p->at < p->count); i++)
		send_call(p);
}

/* pc NULL: the spool's record says what it would. */
static struct push *
push_new(struct receipts *rs, enum push_kind kind, const struct provider_config *pc, receipts_cb cb,
	 void *arg)
{
	struct push *p = xcalloc(1, sizeof(*p));

	p->receipts = rs;
	p->kind = kind;
	if (pc != NULL) {
		snprintf(p->lane, sizeof(p->lane), "%s", pc->name);
		p->foreign = foreign_of(pc->driver, pc->driver->capability(pc->account));
	}
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

static void
push_is_malformed(struct push *p, struct err_ctx *e)
{
	json_hide_text(e); /* of a citizen, perhaps */
	p->receipts->gauges.malformed++;
	log_warn("lane=%s receipt=malformed what=%s why=\"%s\"", p->lane, e->what, e->why);
}

static void
push_begin(struct push *p)
{
	struct receipts *rs = p->receipts;

	p->is_spooling = !rs->has_key || !engine_is_up(rs->engine);
	timer_arm_us(rs->loop, &p->next, 0);
}

static void
on_read(void *arg, const struct err_ctx *e, struct buf *items, size_t count)
{
	struct push *p = arg;

	p->reading = NULL;
	p->receipts->readings--;
	if (e != NULL) {
		p->has_failed = true;
		p->why = *e;
		if (e->code == ERR_INPUT)
			push_is_malformed(p, &p->why);
		push_end(p);
		return;
	}
	p->items = *items;
	*items = (struct buf){0};
	p->count = count;
	push_begin(p);
}

static enum err
push_read_large(struct push *p, const struct provider_config *pc, struct slice query,
		struct slice body, struct err_ctx *e)
{
	struct receipts *rs = p->receipts;

	if (rs->readings < READINGS_MAX)
		p->reading = reading_start(rs->loop, pc, query, body, on_read, p, e);
	else
		err_set(e, ERR_UNREACHABLE, "receipt", "send the receipt again",
			"%u large pushes are being read already", rs->readings);
	if (p->reading == NULL) {
		push_free(p);
		return ERR_UNREACHABLE;
	}
	rs->readings++;
	return ERR_OK;
}

enum err
receipts_push(struct receipts *rs, const struct provider_config *pc, struct slice query,
	      struct slice body, receipts_cb cb, void *arg, struct err_ctx *e)
{
	struct push *p = push_new(rs, PUSH_HOOK, pc, cb, arg);
	struct receipt *list = NULL;
	enum err rc;

	rs->gauges.pushes++;
	if (body.n > READING_FROM_BYTES)
		return push_read_large(p, pc, query, body, e);
	rc = pc->driver->receipt(pc->account, query, body, &p->arena, &list, &p->count, e);
	if (rc != ERR_OK) {
		push_is_malformed(p, e);
		push_free(p);
		return rc;
	}
	p->list = list;
	push_begin(p);
	return ERR_OK;
}

void
receipts_take(struct receipts *rs, const struct provider_config *pc, const struct receipt *list,
	      size_t count, receipts_cb cb, void *arg)
{
	struct push *p = push_new(rs, PUSH_ASKED, pc, cb, arg);
	struct receipt *copy = arena_alloc(&p->arena, (count + 1) * sizeof(*copy));

	if (count > 0)
		memcpy(copy, list, count * sizeof(*copy));
	p->list = copy;
	p->count = count;
	timer_arm_us(rs->loop, &p->next, 0);
}

/* ---- replay ---- */

static void
on_replayed(void *arg, const struct err_ctx *e)
{
	struct receipts *rs = arg;

	if (rs->spool != NULL)
		spool_told(rs->spool, e == NULL);
}

static void
on_tell(void *arg, struct slice record)
{
	struct receipts *rs = arg;
	struct push *p = push_new(rs, PUSH_REPLAY, NULL, on_replayed, rs);

	if (!decode_record(record, p)) {
		log_error("receipt=spooled bytes=%zu result=unreadable", record.n);
		p->count = 0;
	}
	timer_arm_us(rs->loop, &p->next, 0);
}

/* ---- the whole ---- */

static void
on_swept(void *arg, const struct reply *reply)
{
	struct receipts *rs = arg;

	if (reply->kind != REPLY_ARRAY || reply_item(reply, 2)->integer == 0)
		return;
	rs->gauges.foreign += (uint64_t)reply_item(reply, 2)->integer;
	timer_arm_ms(rs->loop, &rs->sweep, SWEEP_MORE_MS); /* a call sweeps so many at most */
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
	struct spool_options so = {.loop = l,
				   .folder = c->data,
				   .max_bytes = (uint64_t)c->spool_max_mb << 20,
				   .tell = on_tell,
				   .arg = r};

	r->loop = l;
	r->engine = e;
	r->config = c;
	r->spool = spool_new(&so);
	timer_init(&r->sweep, on_sweep, r);
	timer_arm_ms(l, &r->sweep, SWEEP_MS);
	return r;
}

void
receipts_free(struct receipts *r)
{
	struct spool *spool = r->spool;

	timer_disarm(r->loop, &r->sweep);
	r->spool = NULL;
	spool_free(spool);
	while (r->pushes != NULL) {
		push_failed(r->pushes, "server", "is stopping");
		push_end(r->pushes);
	}
	free(r);
}

void
receipts_open(struct receipts *r, const uint8_t key[REFERENCE_KEY_BYTES])
{
	memcpy(r->key, key, REFERENCE_KEY_BYTES);
	r->has_key = true;
	spool_open(r->spool);
}

void
receipts_shut(struct receipts *r)
{
	spool_shut(r->spool);
}

uint64_t
receipts_spool_bytes(const struct receipts *r)
{
	return spool_bytes(r->spool);
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
