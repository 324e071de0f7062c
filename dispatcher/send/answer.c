/* SPDX-License-Identifier: MIT */
/* What a gateway's answer means for the messages of the request and for the lane. */
#include <stdio.h>

#include "base/json.h"
#include "base/log.h"
#include "dispatcher/exchange.h"
#include "dispatcher/send/lane.h"

/*
 * How each outcome class is merged: class byte of `outcome`, reason, and what the lane does. A
 * fault of the lane (W) says nothing about the message: it waits on, and no attempt is used up.
 */
static const struct class_rule {
	char class;
	uint8_t reason;
	bool is_lane_fault;
	int64_t rest_ms; /* the lane rests at least this long; 0 = goes on */
	const char *why;
} rules[OUTCOME_CLASSES] = {
	[OUTCOME_ACCEPTED] = {'A', REASON_NONE, false, 0, ""},
	[OUTCOME_DUPLICATE] = {'U', REASON_DUPLICATE_SEEN, false, 0, ""},
	[OUTCOME_AUTH_EXPIRED] = {'W', REASON_AUTH_EXPIRED, true, 60000,
				  "the gateway says that the credentials expired"},
	[OUTCOME_THROTTLED] = {'W', REASON_THROTTLED, true, 1000, "the gateway says too fast"},
	[OUTCOME_TEMPORARY] = {'T', REASON_TEMPORARY, false, 0, ""},
	[OUTCOME_BAD_RECIPIENT] = {'N', REASON_BAD_RECIPIENT, false, 0, ""},
	[OUTCOME_BAD_MESSAGE] = {'N', REASON_BAD_MESSAGE, false, 0, ""},
	[OUTCOME_BAD_ACCOUNT] = {'W', REASON_BAD_ACCOUNT, true, 60000,
				 "the gateway refuses the account"},
	[OUTCOME_QUOTA_TOMORROW] = {'W', REASON_QUOTA_TOMORROW, true, 300000,
				    "the gateway's quota for today is used up"},
	[OUTCOME_CLOSED_HOURS] = {'W', REASON_CLOSED_HOURS, true, 300000,
				  "the gateway is closed at this hour"},
	[OUTCOME_IN_DOUBT] = {'U', REASON_UNREADABLE, false, 0, ""},
};

static void
lane_must_rest(struct request *r, struct judgement *j, int64_t at_least_ms, const char *why)
{
	j->lane_wait_ms = lane_rest_ms(r->lane, at_least_ms);
	j->why = why;
}

/* Once may be an accident; twice in a row is the lane. */
static void
lane_may_rest(struct request *r, struct judgement *j, const char *why)
{
	if (r->lane->bad_in_row == 0)
		r->lane->bad_in_row = 1;
	else
		lane_must_rest(r, j, 0, why);
}

/* No complete answer after bytes may have left: in doubt. */
static void
judge_no_answer(struct request *r, struct judgement *j)
{
	for (size_t i = 0; i < r->count; i++) {
		buf_addc(&j->classes, 'U');
		buf_add_u8(&j->reasons, REASON_NO_ANSWER);
	}
	lane_may_rest(r, j, "the gateway does not answer");
	r->lane->in_doubt += r->count;
}

static char
class_of(const struct capability *cap, enum outcome_class c)
{
	if (c == OUTCOME_DUPLICATE && cap->duplicate_means == DUPLICATE_ACCEPTED)
		return 'A';
	return rules[c].class;
}

/*
 * May the attempt go on under its reference after an explicit "not taken"? Not where the gateway
 * remembers what it refused; not beside a member in doubt, whose request it would share; and not
 * under a request's reference that another member has used up.
 */
static bool
may_wait_on(const struct capability *cap, const struct batch_outcome *bo, size_t count)
{
	if (cap->dedupe == DEDUPE_BY_REFERENCE && cap->duplicate_means == DUPLICATE_SEEN)
		return false;
	for (size_t i = 0; i < count; i++) {
		char class = class_of(cap, bo->messages[i].class);

		if (class == 'U' || (class != 'W' && cap->reference_scope == REFERENCE_PER_REQUEST))
			return false;
	}
	return true;
}

static void
count_class(struct lane *l, char class)
{
	switch (class) {
	case 'A':
		l->accepted++;
		break;
	case 'N':
		l->refused++;
		break;
	case 'T':
	case 'W':
		l->later++;
		break;
	default:
		l->in_doubt++;
	}
}

/* ,[rank,attempt,"id","code"] where the gateway said something worth keeping. */
static void
log_member(struct request *r, size_t i, const struct message_outcome *m, struct buf *out)
{
	if (m->id[0] == '\0' && (m->code[0] == '\0' || m->class == OUTCOME_ACCEPTED))
		return;
	buf_addf(out, "%s[%u,%u,", out->len > 0 ? "," : "", r->ranks[i],
		 (unsigned)(uint8_t)r->attempts.data[i]);
	json_add_string(out, slice_of(m->id));
	buf_addc(out, ',');
	json_add_string(out, slice_of(m->code));
	buf_addc(out, ']');
}

/* What a receipt may bring of this member later. */
static void
keep_id(struct request *r, size_t i, const struct batch_outcome *bo, const struct foreign *f,
	struct judgement *j)
{
	static const uint8_t none[FOREIGN_ID_BYTES];
	const char *id = bo->messages[i].id;
	uint8_t hash[FOREIGN_ID_BYTES];

	if (!f->has_ids)
		return;
	if (id[0] == '\0') {
		buf_add(&j->ids, none, sizeof(none));
	} else {
		foreign_id(r->provider->name, id, r->lane->sender->reference_key, hash);
		buf_add(&j->ids, hash, sizeof(hash));
		j->has_shared_id |= i > 0 && (strcmp(bo->messages[i - 1].id, id) == 0 ||
					      strcmp(bo->messages[0].id, id) == 0);
	}
	if (f->poll_ms > 0)
		buf_add(&j->id_texts, id, strlen(id) + 1);
}

static void
judge_batch(struct request *r, const struct batch_outcome *bo, struct judgement *j)
{
	const struct capability *cap = r->provider->driver->capability(r->provider->account);
	struct foreign f = foreign_of(r->provider->driver, cap);
	struct buf members = {0};
	bool has_good = false, can_wait = may_wait_on(cap, bo, r->count);

	for (size_t i = 0; i < r->count; i++) {
		const struct message_outcome *m = &bo->messages[i];
		const struct class_rule *rule = &rules[m->class];
		char class = class_of(cap, m->class);
		uint8_t reason = class == 'A' ? REASON_NONE : rule->reason;

		if (class == 'W' && !can_wait)
			class = 'T';
		buf_addc(&j->classes, class);
		buf_add_u8(&j->reasons, reason);
		count_class(r->lane, class);
		has_good = has_good || class == 'A' || class == 'N';
		j->is_lane_fault = j->is_lane_fault || rule->is_lane_fault;
		if (rule->is_lane_fault && (j->why == NULL || rule->rest_ms > j->lane_wait_ms))
			lane_must_rest(r, j, rule->rest_ms, rule->why);
		log_member(r, i, m, &members);
		keep_id(r, i, bo, &f, j);
	}
	if (has_good && j->lane_wait_ms == 0)
		r->lane->bad_in_row = 0;
	if (bo->retry_after_s > 0 && j->lane_wait_ms < (int64_t)bo->retry_after_s * 1000) {
		j->lane_wait_ms = (int64_t)bo->retry_after_s * 1000;
		if (j->why == NULL)
			j->why = "the gateway asked to wait";
	}
	if (members.len > 0)
		buf_addf(&j->log, "[\"answer\",%u,[%s]]", r->work->chunk->p, members.data);
	buf_free(&members);
}

void
judge_answer(struct request *r, const struct fetch_answer *a, struct judgement *j)
{
	struct http_answer http;
	struct batch_outcome bo = {0};

	*j = (struct judgement){0};
	if (a->result != FETCH_DONE) {
		judge_no_answer(r, j);
		return;
	}
	http = exchange_answer(a, &r->arena);
	r->provider->driver->decode(r->provider->account, &r->batch, &http, &r->arena, &bo);
	if (bo.has_unknown_code)
		log_warn("lane=%s status=%d result=unknown-code code=%s", r->provider->name,
			 a->status, bo.messages[0].code);
	judge_batch(r, &bo, j);
	/* A whole answer that cannot be read: a proxy's page, an outage. Slow down. */
	if (j->lane_wait_ms == 0 && bo.messages[0].class == OUTCOME_IN_DOUBT)
		lane_may_rest(r, j, "the gateway's answers cannot be understood");
}

void
judgement_free(struct judgement *j)
{
	buf_free(&j->classes);
	buf_free(&j->reasons);
	buf_free(&j->log);
	buf_free(&j->ids);
	buf_free(&j->id_texts);
}
