/* SPDX-License-Identifier: MIT */
/* One request: permit → slot → bytes → outcome. States are drawn in lane.h. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/random.h"
#include "dispatcher/exchange.h"
#include "dispatcher/run/capped.h"
#include "dispatcher/run/dedupe.h"
#include "dispatcher/send/lane.h"

#define CONNECT_TIMEOUT_MS 5000
/* Slots lost in a row before a slow connection may depart late, paid for by the next ones. */
#define LATE_BEFORE_PATIENT 3

void
request_free(struct request *r)
{
	timer_disarm(r->lane->sender->o.loop, &r->timer);
	arena_free(&r->arena);
	buf_free(&r->members);
	buf_free(&r->attempts);
	buf_free(&r->parts);
	buf_free(&r->phones);
	buf_free(&r->caps);
	buf_free(&r->expected);
	free(r->ranks);
	free(r);
}

void
request_end(struct request *r)
{
	struct work *w = r->work;

	request_free(r);
	work_closed_one(w);
}

/* ---- saying it ---- */

static void
make_references(struct request *r, struct out_message *messages)
{
	const struct chunk *c = r->work->chunk;

	for (size_t i = 0; i < r->count; i++) {
		struct reference ref = {.run = c->run,
					.partition = (uint8_t)c->p,
					.rank = r->ranks[i],
					.attempt = (uint8_t)r->attempts.data[i]};
		char text[REFERENCE_TEXT_MAX];
		size_t n = reference_encode(&ref, r->lane->sender->reference_key, text);

		messages[i].reference = (struct slice){arena_memdup0(&r->arena, text, n), n};
	}
}

struct foreign
request_foreign(const struct request *r)
{
	return foreign_of(r->provider->driver,
			  r->provider->driver->capability(r->provider->account));
}

static void
make_phones(struct request *r, const struct out_message *messages)
{
	struct foreign f = request_foreign(r);
	uint8_t hash[FOREIGN_PHONE_BYTES];

	buf_reset(&r->phones);
	for (size_t i = 0; i < r->count && f.keep_s > 0 && (f.is_by_request || r->count > 1); i++) {
		foreign_phone(messages[i].phone, r->lane->sender->reference_key, hash);
		buf_add(&r->phones, hash, sizeof(hash));
	}
}

static void
make_caps(struct request *r, const struct out_message *messages)
{
	uint8_t hash[CAP_HASH_BYTES];

	buf_reset(&r->caps);
	for (size_t i = 0; i < r->count && r->work->chunk->view->is_capped && !r->is_repeat; i++) {
		int64_t phone = 0;

		(void)!slice_to_i64(messages[i].phone, &phone);
		cap_hash(r->lane->sender->o.engine, (uint64_t)phone, hash);
		buf_add(&r->caps, hash, sizeof(hash));
	}
}

/* The batch in the words of provider.h, and the hash of what it says to whom. */
static void
make_batch(struct request *r)
{
	struct sender *s = r->lane->sender;
	const struct provider_config *p = r->lane->provider;
	struct out_message *messages = arena_alloc(&r->arena, r->count * sizeof(*messages));
	struct buf said = {0};
	char text[512];

	r->provider = p;
	for (size_t i = 0; i < r->count; i++) {
		const struct member *m = chunk_member(r->work->chunk, r->ranks[i]);

		messages[i] = (struct out_message){.phone = slice_of(m->phone),
						   .text = m->text,
						   .parts = m->parts,
						   .is_unicode = m->is_unicode};
	}
	make_references(r, messages);
	make_phones(r, messages);
	make_caps(r, messages);
	r->batch = (struct batch){.messages = messages,
				  .count = r->count,
				  .reference = messages[0].reference,
				  .brandname = slice_of(p->brandname)};
	if (s->receipt_base_url[0] != '\0') {
		int n = snprintf(text, sizeof(text), "%s/hooks/receipt/%s/%s", s->receipt_base_url,
				 p->name, p->token);

		r->batch.receipt_url =
			(struct slice){arena_memdup0(&r->arena, text, (size_t)n), (size_t)n};
	}
	snprintf(text, sizeof(text), "%llu", (unsigned long long)r->work->chunk->view->campaign);
	r->batch.campaign =
		(struct slice){arena_memdup0(&r->arena, text, strlen(text)), strlen(text)};
	for (size_t i = 0; i < r->count; i++) {
		buf_adds(&said, messages[i].phone.p);
		buf_addc(&said, '\0');
		buf_add_slice(&said, messages[i].reference);
		buf_add_slice(&said, messages[i].text);
		buf_addc(&said, '\0');
	}
	buf_adds(&said, p->brandname);
	hash_plain(buf_slice(&said), r->hash);
	buf_free(&said);
}

/* Nothing of the request can be said to this gateway: its members end here. */
static void
request_cannot_be_said(struct request *r, enum record_reason reason, const struct err_ctx *e)
{
	struct chunk *c = r->work->chunk;

	/* Of a demo list nobody waits for anything, and the report says it. */
	if (reason != REASON_DEMO_LIST)
		log_error("run=%llu lane=%s first=%u result=not-encodable why=%s %s",
			  (unsigned long long)c->run, r->lane->provider->name, r->first, e->what,
			  e->why);
	for (size_t i = 0; i < r->count; i++)
		chunk_member(c, r->ranks[i])->skip = reason;
	if (r->is_repeat)
		work_hold(r->work, r->first, (uint8_t)r->attempts.data[0]);
	else
		work_build(r->work, r->ranks, r->count);
	request_end(r);
}

/* Launch has looked at it; but the provider of that name may have become another since. */
static bool
is_demo_for_real(const struct request *r)
{
	const struct list *list = r->work->chunk->view->list;

	return list != NULL && list->is_demo &&
	       !r->provider->driver->capability(r->provider->account)->is_sandbox;
}

bool
request_encode(struct request *r)
{
	struct err_ctx e;

	arena_reset(&r->arena);
	make_batch(r);
	if (is_demo_for_real(r)) {
		err_set(&e, ERR_REFUSED, "provider", "", "is no sandbox, and the list is a demo");
		request_cannot_be_said(r, REASON_DEMO_LIST, &e);
		return false;
	}
	if (r->provider->driver->encode(r->provider->account, &r->batch, &r->arena, &r->http, &e) ==
	    ERR_OK)
		return true;
	request_cannot_be_said(r, REASON_NOT_ENCODABLE, &e);
	return false;
}

/* ---- ends of a permit ---- */

void
request_add_name(const struct request *r, struct argv *a)
{
	const struct chunk *c = r->work->chunk;

	argv_add_int(a, (int64_t)c->run);
	argv_add_int(a, c->p);
	argv_add_int(a, r->first);
	argv_add_int(a, (uint8_t)r->attempts.data[0]);
	argv_adds(a, r->permit);
	argv_adds(a, r->lane->provider->name);
}

void
request_told(struct request *r, enum tell_kind kind)
{
	struct work *w = r->work;

	/* The records have changed: permit shows them when it is asked again. */
	if (kind == TELL_UNMARK && !r->is_repeat && !w->is_closing)
		work_build(w, r->ranks, r->count);
	request_end(r);
}

void
request_unmark(struct request *r, const char *verdict, const char *why)
{
	struct argv *a = tell_add(r, TELL_UNMARK);

	r->lane->unmarked++;
	request_add_name(r, a);
	argv_add_int(a, 0);
	argv_adds(a, why);
	argv_adds(a, verdict);
	argv_add_int(a, r->permitted_us);
}

/* What receipts need later: the last words of an answer. */
static void
add_foreign(const struct request *r, const struct judgement *j, struct argv *a)
{
	struct foreign f = request_foreign(r);

	if (f.keep_s == 0)
		return;
	argv_add(a, buf_slice(&j->ids));
	argv_add(a, f.is_by_request || j->has_shared_id ? buf_slice(&r->phones) : SLICE(""));
	argv_add(a, buf_slice(&j->id_texts));
}

static void
request_outcome(struct request *r, const struct fetch_answer *answer)
{
	struct judgement j;
	struct argv *a;

	judge_answer(r, answer, &j);
	log_debug("run=%llu chunk=%u:%u lane=%s members=%zu status=%d result=%.*s ms=%lld",
		  (unsigned long long)r->work->chunk->run, r->work->chunk->p, r->first,
		  r->provider->name, r->count, answer->status, (int)(r->count < 20 ? r->count : 20),
		  j.classes.data, (long long)(answer->elapsed_us / 1000));
	a = tell_add(r, TELL_OUTCOME);
	argv_add_int(a, (int64_t)r->work->chunk->run);
	argv_add_int(a, r->work->chunk->p);
	argv_add_int(a, r->first);
	argv_adds(a, r->permit);
	argv_add(a, buf_slice(&r->members));
	argv_add(a, buf_slice(&r->attempts));
	argv_add(a, buf_slice(&j.classes));
	argv_add(a, buf_slice(&j.reasons));
	argv_add_int(a, j.is_lane_fault ? ATTEMPTS_MAX : r->lane->sender->o.config->max_attempts);
	argv_add_int(a, j.rest_ms);
	argv_adds(a, j.why);
	argv_add(a, j.log.len > 0 ? buf_slice(&j.log) : SLICE(""));
	argv_adds(a, j.verdict);
	argv_add_int(a, r->permitted_us);
	add_foreign(r, &j, a);
	judgement_free(&j);
}

/* ---- bytes ---- */

/*
 * The next slots pay for bytes that leave late, so that no second is over the contract. What departs
 * late together, or was permitted before the lateness of others was paid, is one lateness: the slots
 * behind it move once by the longest.
 */
static void
owe_lateness(struct request *r, int64_t late_us)
{
	struct lane *l = r->lane;
	uint64_t unit = r->work->chunk->view->unit;

	if (r->asked_us <= l->late_paid_at_us)
		late_us -= l->late_paid_us;
	if (late_us <= 0)
		return;
	if (unit != l->late_unit)
		lane_pay_lateness(l);
	l->late_unit = unit;
	if (late_us > l->late_us)
		l->late_us = late_us;
	lane_want(l);
}

void
lane_pay_lateness(struct lane *l)
{
	struct argv a = {0};

	if (l->late_us == 0)
		return;
	argv_adds(&a, l->provider->name);
	argv_add_int(&a, l->late_us);
	argv_add_int(&a, (int64_t)l->late_unit);
	engine_call(l->sender->o.engine, "late", &a, NULL, NULL);
	argv_free(&a);
	l->late_paid_us = l->late_us;
	l->late_paid_at_us = clock_mono_us();
	l->late_us = 0;
}

static bool
on_depart(void *arg)
{
	struct request *r = arg;
	struct lane *l = r->lane;
	int64_t now = clock_mono_us();
	int64_t late = now - r->slot_us;

	crash_point("bytes", "depart");
	if (now - r->asked_us > PERMIT_AGE_US)
		return false;
	if (late > SLOT_LATE_US) {
		l->late_slots++;
		if (++l->late_in_row <= LATE_BEFORE_PATIENT)
			return false;
		owe_lateness(r, late);
	} else {
		l->late_in_row = 0;
	}
	return true;
}

static void
on_answer(void *arg, const struct fetch_answer *a)
{
	struct request *r = arg;
	struct lane *l = r->lane;

	crash_point("bytes", "answer");
	r->transfer = NULL;
	l->in_flight--;
	flow_answered(&l->flow, l->provider->rate * l->factor, clock_mono_us() - r->asked_us,
		      clock_mono_us());
	if (a->departed) {
		request_outcome(r, a);
	} else if (a->result == FETCH_ABORTED) {
		request_unmark(r, "", "");
	} else {
		log_warn("lane=%s result=not-reached why=%s", r->provider->name, a->why);
		request_unmark(r, "fault", "the gateway cannot be reached");
	}
	lane_want(l);
}

static void
request_send(struct request *r)
{
	struct lane *l = r->lane;
	struct fetch_request f = exchange_request(&r->http, &r->arena);

	f.connect_timeout_ms = CONNECT_TIMEOUT_MS;
	f.timeout_ms = r->provider->timeout_ms;
	f.on_depart = on_depart;
	f.on_answer = on_answer;
	f.arg = r;
	r->state = REQUEST_SENT;
	l->in_flight++;
	l->requests++;
	flow_sent(&l->flow, r->cost);
	r->transfer = fetch_start(l->sender->o.fetch, &f);
}

static void
on_slot(struct timer *t, void *arg)
{
	struct request *r = arg;

	(void)t;
	r->lane->dated--;
	request_send(r);
}

void
request_date(struct request *r, int64_t slot_us)
{
	r->slot_us = slot_us;
	r->state = REQUEST_DATED;
	r->lane->dated++;
	timer_init(&r->timer, on_slot, r);
	if (slot_us <= clock_mono_us())
		on_slot(&r->timer, r);
	else
		timer_arm_us(r->lane->sender->o.loop, &r->timer, slot_us - clock_mono_us());
}
