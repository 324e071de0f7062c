/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/report.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/store/keys.h"

#define WINDOW 16u /* strings of records asked for at a time: 0.5 MB */

/* ---- status ---- */

struct status_load {
	struct engine *engine;
	run_status_cb cb;
	void *arg;
	struct run_status s;
};

static void
fail_reply(const struct reply *r, struct err_ctx *e)
{
	if (reply_is_good(r))
		err_set(e, ERR_NOT_FOUND, "run", "see loa campaign ls", "there is no such run");
	else
		reply_fail(r, e);
}

static void
read_counter(struct run_status *s, struct slice name, uint64_t v)
{
	bool is_again = name.n > 6 && memcmp(name.p, "again:", 6) == 0;

	if (is_again || (name.n > 6 && memcmp(name.p, "parts:", 6) == 0)) {
		uint64_t t = slice_to_u64((struct slice){name.p + 6, name.n - 6});

		if (t < TARIFFS_MAX)
			(is_again ? s->parts_again : s->parts)[t] = v;
		return;
	}
	for (unsigned i = 0; i < RECORD_STATE_COUNT; i++)
		if (slice_is(name, record_state_name((enum record_state)i)))
			s->states[i] = v;
}

static void
on_counters(void *arg, const struct reply *r)
{
	struct status_load *ld = arg;
	struct run_status *s = &ld->s;
	struct err_ctx e;
	uint64_t known = 0;

	if (r->kind != REPLY_ARRAY) {
		fail_reply(r, &e);
		ld->cb(ld->arg, NULL, &e);
		free(ld);
		return;
	}
	for (size_t i = 0; i + 1 < r->count; i += 2)
		read_counter(s, reply_item(r, i)->str, reply_u64(r, i + 1));
	for (unsigned i = 0; i < RECORD_STATE_COUNT; i++)
		known += s->states[i];
	s->states[RECORD_WAITING] = s->audience > known ? s->audience - known : 0;
	ld->cb(ld->arg, s, NULL);
	free(ld);
}

/* Fields of the run that there are by partition or tariff stand behind the others. */
#define FRONTS_AT 25u
#define BRAKES_AT (FRONTS_AT + PARTITIONS_MAX)
#define VIAS_AT (BRAKES_AT + TARIFFS_MAX)
#define FIELDS (VIAS_AT + PARTITIONS_MAX)

/* "TARIFFS UNIX_S WHY", as dispatcher/lua/route.lua writes it. */
static void
read_via(struct slice text, struct run_via *v)
{
	slice_copy(v->tariffs, sizeof(v->tariffs), slice_take_until(&text, ' '));
	v->since_s = (int64_t)slice_to_u64(slice_take_until(&text, ' '));
	slice_copy(v->why, sizeof(v->why), text);
}

static void
read_route(struct run_status *s, const struct reply *r)
{
	struct slice lanes = reply_item(r, 9)->str, prices = reply_item(r, 10)->str;
	struct slice sandbox = reply_item(r, 19)->str;

	s->partitions = (uint8_t)reply_u64(r, 21);
	if (s->partitions > PARTITIONS_MAX)
		s->partitions = PARTITIONS_MAX;
	for (unsigned p = 0; p < s->partitions; p++) {
		s->front[p] = reply_u64(r, FRONTS_AT + p);
		read_via(reply_item(r, VIAS_AT + p)->str, &s->via[p]);
	}
	route_choices_read(reply_item(r, 22)->str, s->partitions, s->choice);
	for (; s->tariffs < TARIFFS_MAX && lanes.n > 0; s->tariffs++) {
		unsigned t = s->tariffs;

		slice_copy(s->brake[t], sizeof(s->brake[0]), reply_item(r, BRAKES_AT + t)->str);
		slice_copy(s->lane[t], sizeof(s->lane[0]), slice_take_until(&lanes, ','));
		s->price[t] = (int64_t)slice_to_u64(slice_take_until(&prices, ','));
		s->is_sandbox[t] = t < sandbox.n && sandbox.p[t] == '1';
	}
}

static void
on_run(void *arg, const struct reply *r)
{
	struct status_load *ld = arg;
	struct run_status *s = &ld->s;
	struct slice v[2] = {SLICE("HGETALL"), {NULL, 0}};
	char key[KEY_MAX];
	struct err_ctx e;

	if (r->kind != REPLY_ARRAY || reply_item(r, 0)->kind != REPLY_STRING) {
		fail_reply(r, &e);
		ld->cb(ld->arg, NULL, &e);
		free(ld);
		return;
	}
	slice_copy(s->state, sizeof(s->state), reply_item(r, 0)->str);
	slice_copy(s->class, sizeof(s->class), reply_item(r, 1)->str);
	s->list_version = (uint32_t)reply_u64(r, 3);
	if (run_lists_read(reply_item(r, 20)->str, reply_item(r, 2)->str, s->list_version,
			   &s->lists, &e) != ERR_OK) {
		ld->cb(ld->arg, NULL, &e);
		free(ld);
		return;
	}
	snprintf(s->list, sizeof(s->list), "%s", s->lists.one[0].name);
	s->launched_s = reply_int(r, 4);
	s->over_s = reply_int(r, 5);
	s->is_frozen = reply_u64(r, 6) != 0;
	s->audience = reply_u64(r, 7);
	s->campaign = reply_u64(r, 8);
	slice_copy(s->carrier_map, sizeof(s->carrier_map), reply_item(r, 14)->str);
	read_route(s, r);
	s->list_rows = reply_u64(r, 11);
	s->hours_from = (int)reply_u64(r, 12);
	s->hours_to = (int)reply_u64(r, 13);
	slice_copy(s->why, sizeof(s->why), reply_item(r, 15)->str);
	slice_copy(s->reason, sizeof(s->reason), reply_item(r, 16)->str);
	slice_copy(s->why_by, sizeof(s->why_by), reply_item(r, 17)->str);
	s->why_s = reply_int(r, 18);
	slice_copy(s->caps_rule, sizeof(s->caps_rule), reply_item(r, 23)->str);
	slice_copy(s->consent_rule, sizeof(s->consent_rule), reply_item(r, 24)->str);
	v[1] = slice_of(key_run(key, s->run, key_prefix_count));
	redis_command(engine_redis(ld->engine), v, 2, on_counters, ld);
}

const char *
run_rule(const struct run_status *s, uint8_t reason)
{
	return reason == REASON_CAP	     ? s->caps_rule
	       : reason == REASON_NO_CONSENT ? s->consent_rule
					     : "";
}

void
run_status_load(struct engine *e, uint64_t run, run_status_cb cb, void *arg)
{
	static const char *const fields[FRONTS_AT] = {
		"state",  "class",	"list",	      "list_version", "launched_s",
		"over_s", "frozen",	"audience",   "campaign",     "lanes",
		"prices", "list_rows",	"hours_from", "hours_to",     "carrier_map",
		"why",	  "reason",	"why_by",     "why_s",	      "sandbox",
		"lists",  "partitions", "routes",     "caps_rule",    "consent_rule"};
	struct status_load *ld = xcalloc(1, sizeof(*ld));
	struct slice v[2 + FIELDS];
	char key[KEY_MAX], numbered[FIELDS - FRONTS_AT][12];

	ld->engine = e;
	ld->cb = cb;
	ld->arg = arg;
	ld->s.run = run;
	v[0] = SLICE("HMGET");
	v[1] = slice_of(key_run(key, run, ""));
	for (unsigned i = 0; i < FIELDS; i++) {
		if (i >= FRONTS_AT)
			snprintf(numbered[i - FRONTS_AT], sizeof(numbered[0]), "%s%u",
				 i < BRAKES_AT ? "front"
				 : i < VIAS_AT ? "brake"
					       : "via",
				 i - (i < BRAKES_AT ? FRONTS_AT
				      : i < VIAS_AT ? BRAKES_AT
						    : VIAS_AT));
		v[2 + i] = slice_of(i < FRONTS_AT ? fields[i] : numbered[i - FRONTS_AT]);
	}
	redis_command(engine_redis(e), v, ARRAY_LEN(v), on_run, ld);
}

/* ---- recount ---- */

struct recount {
	struct engine *engine;
	run_report_cb cb;
	void *arg;
	struct run_report r;
	unsigned p;
	uint32_t string; /* the next to ask for */
	size_t pending;
	bool has_failed;
	struct err_ctx why;
};

static void ask_strings(struct recount *rc);

static void
recount_end(struct recount *rc, const struct err_ctx *e)
{
	rc->cb(rc->arg, e == NULL ? &rc->r : NULL, e);
	free(rc);
}

static bool
is_positive(enum record_state s)
{
	return s == RECORD_ACCEPTED || s == RECORD_DELIVERED || s == RECORD_UNDELIVERABLE;
}

static void
count_failed(struct run_report *r, const struct record *m)
{
	struct run_failed *f = &r->failed[m->reason];

	if ((m->state != RECORD_UNDELIVERABLE && m->state != RECORD_REFUSED) || m->attempt == 0 ||
	    m->attempt >= ATTEMPTS_MAX)
		return;
	f->messages++;
	f->parts += m->parts;
	if (m->provider < TARIFFS_MAX)
		f->cost += m->parts * r->status.price[m->provider];
}

static void
count_records(struct run_report *r, struct slice bytes)
{
	for (size_t at = 0; at + RECORD_SIZE <= bytes.n; at += RECORD_SIZE) {
		struct record m = record_decode(bytes.p + at);

		if (m.state >= RECORD_STATE_COUNT)
			continue;
		r->messages++;
		r->states[m.state]++;
		r->reasons[m.state][m.reason]++;
		count_failed(r, &m);
		r->held += m.state == RECORD_UNKNOWN && (m.flags & RECORD_HELD) != 0;
		if (is_positive(m.state) && m.provider < TARIFFS_MAX)
			r->parts[m.provider] += m.parts;
	}
}

/* Do the counters say what the records say? */
static void
compare(struct run_report *r, const struct run_status *s)
{
	r->does_agree = r->messages == s->audience;
	if (!r->does_agree)
		snprintf(r->difference, sizeof(r->difference), "audience: %llu, records: %llu",
			 (unsigned long long)s->audience, (unsigned long long)r->messages);
	for (unsigned i = 0; i < RECORD_STATE_COUNT && r->does_agree; i++) {
		uint64_t counted = r->states[i];

		if (i == RECORD_SENDING)
			continue;
		if (i == RECORD_WAITING)
			counted += r->states[RECORD_SENDING];
		if (counted == s->states[i])
			continue;
		r->does_agree = false;
		snprintf(r->difference, sizeof(r->difference), "%s: counter %llu, records %llu",
			 record_state_name((enum record_state)i), (unsigned long long)s->states[i],
			 (unsigned long long)counted);
	}
	for (unsigned p = 0; p < TARIFFS_MAX && r->does_agree; p++) {
		if (r->parts[p] == s->parts[p])
			continue;
		r->does_agree = false;
		snprintf(r->difference, sizeof(r->difference),
			 "parts of %s: counter %llu, records %llu", s->lane[p],
			 (unsigned long long)s->parts[p], (unsigned long long)r->parts[p]);
	}
}

static void
on_after(void *arg, const struct run_status *s, const struct err_ctx *e)
{
	struct recount *rc = arg;
	const struct run_status *before = &rc->r.status;

	if (s == NULL) {
		recount_end(rc, e);
		return;
	}
	rc->r.has_moved = memcmp(before->states, s->states, sizeof(s->states)) != 0 ||
			  memcmp(before->parts, s->parts, sizeof(s->parts)) != 0 ||
			  before->audience != s->audience;
	compare(&rc->r, s);
	recount_end(rc, NULL);
}

static void
on_records(void *arg, const struct reply *r)
{
	struct recount *rc = arg;

	rc->pending--;
	if (r->kind == REPLY_STRING) {
		count_records(&rc->r, r->str);
	} else if (!reply_is_good(r)) {
		fail_reply(r, &rc->why);
		rc->has_failed = true;
	}
	ask_strings(rc);
}

static void
ask_strings(struct recount *rc)
{
	const struct run_status *s = &rc->r.status;

	while (!rc->has_failed && rc->p < s->partitions && rc->pending < WINDOW) {
		char key[KEY_MAX];
		struct slice v[2] = {SLICE("GET"), {NULL, 0}};

		if ((uint64_t)rc->string * RECORDS_PER_STRING >= s->front[rc->p]) {
			rc->p++;
			rc->string = 0;
			continue;
		}
		v[1] = slice_of(key_records(key, s->run, rc->p, rc->string++));
		rc->pending++;
		redis_command(engine_redis(rc->engine), v, 2, on_records, rc);
	}
	if (rc->pending > 0)
		return;
	if (rc->has_failed)
		recount_end(rc, &rc->why);
	else
		run_status_load(rc->engine, s->run, on_after, rc);
}

static void
on_before(void *arg, const struct run_status *s, const struct err_ctx *e)
{
	struct recount *rc = arg;

	if (s == NULL) {
		recount_end(rc, e);
		return;
	}
	rc->r.status = *s;
	ask_strings(rc);
}

void
run_report_load(struct engine *e, uint64_t run, run_report_cb cb, void *arg)
{
	struct recount *rc = xcalloc(1, sizeof(*rc));

	rc->engine = e;
	rc->cb = cb;
	rc->arg = arg;
	run_status_load(e, run, on_before, rc);
}
