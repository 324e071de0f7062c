/* SPDX-License-Identifier: MIT */
/* What a gateway's answer means for the messages of the request and for the lane. */
#include <stdio.h>

#include "base/json.h"
#include "base/log.h"
#include "dispatcher/exchange.h"
#include "dispatcher/send/lane.h"

/*
 * How each outcome class is merged: class byte of `outcome`, reason, and what it says of the lane
 * (dispatcher/lua/health.lua decides what the lane does). A fault of the lane (W) says nothing about
 * the message: it waits on, and no attempt is used up.
 */
static const struct class_rule {
	char class;
	uint8_t reason;
	bool is_lane_fault;
	const char *verdict; /* as health.told takes it */
	int64_t rest_ms;     /* the lane rests at least this long; 0 = goes on */
	const char *why;     /* of the rest */
} rules[OUTCOME_CLASSES] = {
	[OUTCOME_ACCEPTED] = {'A', REASON_NONE, false, "good", 0, ""},
	[OUTCOME_DUPLICATE] = {'U', REASON_DUPLICATE_SEEN, false, "good", 0, ""},
	[OUTCOME_AUTH_EXPIRED] = {'W', REASON_AUTH_EXPIRED, true, "fault", 60000,
				  "the gateway says that the credentials expired"},
	[OUTCOME_THROTTLED] = {'W', REASON_THROTTLED, true, "slow", 1000,
			       "the gateway says too fast"},
	[OUTCOME_TEMPORARY] = {'T', REASON_TEMPORARY, false, "good", 0, ""},
	[OUTCOME_BAD_RECIPIENT] = {'N', REASON_BAD_RECIPIENT, false, "good", 0, ""},
	[OUTCOME_BAD_MESSAGE] = {'N', REASON_BAD_MESSAGE, false, "good", 0, ""},
	[OUTCOME_BAD_ACCOUNT] = {'W', REASON_BAD_ACCOUNT, true, "fault", 60000,
				 "the gateway refuses the account"},
	[OUTCOME_QUOTA_TOMORROW] = {'W', REASON_QUOTA_TOMORROW, true, "fault", 300000,
				    "the gateway's quota for today is used up"},
	[OUTCOME_CLOSED_HOURS] = {'W', REASON_CLOSED_HOURS, true, "fault", 300000,
				  "the gateway is closed at this hour"},
	[OUTCOME_IN_DOUBT] = {'U', REASON_UNREADABLE, false, "none", 0,
			      "the gateway's answers cannot be understood"},
};

/* No complete answer after bytes may have left: in doubt. */
static void
judge_no_answer(struct request *r, struct judgement *j)
{
	for (size_t i = 0; i < r->count; i++) {
		buf_addc(&j->classes, 'U');
		buf_add_u8(&j->reasons, REASON_NO_ANSWER);
	}
	j->verdict = "none";
	j->why = "the gateway does not answer";
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

/*
 * What one member's answer says of the lane, beside what the others' have: a fault more than "too
 * fast", that more than any explicit answer, and that more than one that nobody can read.
 */
static void
judge_lane(struct judgement *j, const struct class_rule *rule)
{
	static const char *const by_weight[] = {"none", "good", "slow", "fault"};
	size_t was = 0, is = 0;

	for (size_t i = 0; i < ARRAY_LEN(by_weight); i++) {
		was = j->verdict != NULL && strcmp(j->verdict, by_weight[i]) == 0 ? i : was;
		is = strcmp(rule->verdict, by_weight[i]) == 0 ? i : is;
	}
	j->is_lane_fault = j->is_lane_fault || rule->is_lane_fault;
	if (j->verdict == NULL || is > was || (is == was && rule->rest_ms > j->rest_ms)) {
		j->verdict = rule->verdict;
		j->why = rule->why;
	}
	if (rule->rest_ms > j->rest_ms)
		j->rest_ms = rule->rest_ms;
}

static void
judge_batch(struct request *r, const struct batch_outcome *bo, struct judgement *j)
{
	const struct capability *cap = r->provider->driver->capability(r->provider->account);
	struct foreign f = foreign_of(r->provider->driver, cap);
	struct buf members = {0};
	bool can_wait = may_wait_on(cap, bo, r->count);

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
		judge_lane(j, rule);
		log_member(r, i, m, &members);
		keep_id(r, i, bo, &f, j);
	}
	if ((int64_t)bo->retry_after_s * 1000 > j->rest_ms) {
		j->rest_ms = (int64_t)bo->retry_after_s * 1000;
		if (j->why[0] == '\0')
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

	*j = (struct judgement){.why = ""};
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
