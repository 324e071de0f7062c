/* SPDX-License-Identifier: MIT */
/* Looking up in the dialect of eSMS.vn: what became of an SMSID, of a number; the balance. */
#include "tests/gateway/esms.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/gateway/gateway.h"
#include "tests/gateway/networks.h"
#include "tests/gateway/query.h"
#include "tests/gateway/times.h"

#define KEPT_US (7 * 86400 * SECOND)
#define PAGE_SIZE_MAX 500

static bool
is_key(const char *wanted, struct text given)
{
	return wanted[0] == '\0' ? given.n > 0 : text_is(given, wanted);
}

enum code
esms_account_code(const struct gateway *g, struct text api_key, struct text secret_key)
{
	const struct settings *s = &g->settings;

	if (!is_key(s->esms_api_key, api_key) || !is_key(s->esms_secret_key, secret_key))
		return CODE_ESMS_KEYS;
	return s->esms_account == 0 ? CODE_ACCEPTED : (enum code)s->esms_account;
}

static void
answer(struct job *j, const char *name, enum code c, const char *message)
{
	esms_answer_error(j->reply, name, (struct verdict){c, 0}, message);
}

/* ---- by SMSID ---- */

static struct text
take_text(const json_t *all, const char *name, size_t *known)
{
	const json_t *v = json_object_get(all, name);

	*known += v != NULL;
	return v == NULL ? (struct text){NULL, 0}
			 : (struct text){(char *)(intptr_t)json_string_value(v),
					 json_string_length(v)};
}

/* "gw-17" as 17; 0 = it is no id. */
static uint64_t
id_of(struct text t)
{
	uint64_t id = 0;

	if (t.n < 4 || t.n > 20 || memcmp(t.p, "gw-", 3) != 0 || t.p[3] == '0')
		return 0;
	for (size_t i = 3; i < t.n; i++) {
		if (t.p[i] < '0' || t.p[i] > '9')
			return 0;
		id = id * 10 + (uint64_t)(t.p[i] - '0');
	}
	return id;
}

/* RefId, ApiKey and SecretKey of the query, and what they stand for. NULL: it was answered. */
static struct shelf_sms *
find(struct job *j, const char *name)
{
	struct gateway *g = j->g;
	uint64_t lag = (uint64_t)g->settings.esms_status_lag_ms * MS;
	json_t *all = query_read(j->asked->query == NULL ? "" : j->asked->query);
	size_t known = 0;
	struct text key = take_text(all, "ApiKey", &known);
	struct text secret = take_text(all, "SecretKey", &known);
	struct text ref = take_text(all, "RefId", &known);
	enum code c = esms_account_code(g, key, secret);
	struct shelf_sms *m = shelf_find(&g->esms.shelf, id_of(ref));

	if (all == NULL || json_object_size(all) != known)
		c = CODE_ESMS_PAYLOAD;
	else if (c == CODE_ACCEPTED && ref.n == 0)
		c = CODE_ESMS_NO_ID;
	else if (c == CODE_ACCEPTED &&
		 (m == NULL || j->wall_us < m->at_us + lag || j->wall_us >= m->at_us + KEPT_US))
		c = CODE_ESMS_NO_SMSID;
	json_decref(all);
	if (c == CODE_ACCEPTED)
		return m;
	answer(j, name, c, NULL);
	return NULL;
}

void
esms_show_send_status(struct job *j)
{
	struct shelf_sms *m = find(j, "CodeResponse");
	struct totals t;

	if (m == NULL)
		return;
	t = shelf_totals(m, j->wall_us);
	bytes_format(&j->reply->body,
		     "{\"CodeResponse\":\"100\",\"SMSID\":\"gw-%" PRIu64 "\",\"SendStatus\":%d,"
		     "\"SendSuccess\":%" PRIu64 ",\"SendFailed\":%" PRIu64
		     ",\"TotalPrice\":%" PRIu64 ",\"TotalReceiver\":%" PRIu64
		     ",\"TotalSent\":%" PRIu64 "}",
		     m->id, (int)t.status, t.success, t.failed, t.price, t.receivers, t.sent);
}

/* 0 no, 1 yes, 2 not known, in the form that --esms-result asks for. */
static void
put_result(const struct gateway *g, struct bytes *b, int result)
{
	switch ((enum esms_result)g->settings.esms_result) {
	case ESMS_RESULT_NUMBER:
		bytes_number(b, (uint64_t)result);
		return;
	case ESMS_RESULT_BOOL:
		bytes_str(b, result == 1 ? "true" : "false");
		return;
	case ESMS_RESULT_TEXT:
		bytes_format(b, "\"%d\"", result);
		return;
	}
}

static int
result_of(enum report r)
{
	if (r == REPORT_NONE || r == REPORT_ACCEPTD)
		return 2;
	return r == REPORT_DELIVRD ? 1 : 0;
}

void
esms_show_receivers(struct job *j)
{
	struct shelf_sms *m = find(j, "CodeResult");
	struct bytes *b = &j->reply->body;
	bool is_sent;

	if (m == NULL)
		return;
	is_sent = !m->is_rejected && j->wall_us >= m->sent_us;
	bytes_str(b, "{\"CodeResult\":\"100\",\"ReceiverList\":[");
	for (size_t i = 0; i < m->count; i++) {
		struct text to = {m->phones[i].to, strlen(m->phones[i].to)};

		bytes_str(b, i == 0 ? "{\"Phone\":" : ",{\"Phone\":");
		bytes_json(b, to);
		bytes_str(b, ",\"IsSent\":");
		put_result(j->g, b, is_sent);
		bytes_str(b, ",\"SentResult\":");
		put_result(j->g, b, result_of(shelf_known(&m->phones[i], j->wall_us)));
		bytes_format(b, ",\"NetworkName\":\"%s\",\"Retry\":0}", network_of(to).name);
	}
	bytes_str(b, "]}");
}

/* ---- by keys in a body ---- */

/* false: it was answered. The caller lets body->root go. */
static bool
read_body(struct job *j, enum esms_body_kind kind, const char *name, struct esms_body *body)
{
	const char *why = NULL;
	enum code c = esms_body_read(body, kind, j->asked->body, &why);

	if (!job_is_json(j))
		c = CODE_ESMS_NO_JSON;
	if (c == CODE_ACCEPTED) {
		why = NULL;
		c = esms_account_code(j->g, esms_text(body, ESMS_API_KEY),
				      esms_text(body, ESMS_SECRET_KEY));
	}
	if (c != CODE_ACCEPTED)
		answer(j, name, c, why);
	return c == CODE_ACCEPTED;
}

void
esms_show_balance(struct job *j)
{
	struct esms_body body;

	if (read_body(j, ESMS_BODY_BALANCE, "CodeResponse", &body))
		bytes_format(&j->reply->body,
			     "{\"Balance\":%" PRId64 ",\"CodeResponse\":\"100\",\"UserID\":1}",
			     j->g->settings.esms_balance);
	json_decref(body.root);
}

struct sent_query {
	uint64_t from, to; /* [from, to) */
	int64_t page, size, type;
};

/* 1 … max; 0 = it is none. */
static int64_t
count_of(const json_t *v, int64_t max)
{
	int64_t n = json_is_integer(v) ? json_integer_value(v) : 0;
	char *end;

	if (json_is_string(v)) {
		n = strtoll(json_string_value(v), &end, 10);
		if (*end != '\0')
			return 0;
	}
	return n >= 1 && n <= max ? n : 0;
}

static void
put_sent(struct job *j, const struct shelf_sms *m, size_t k, int status)
{
	const struct shelf_phone *p = &m->phones[k];
	struct bytes *b = &j->reply->body;

	if (b->p[b->n - 1] == '}')
		bytes_str(b, ",");
	bytes_format(
		b,
		"{\"Phone\":\"%s\",\"ReferenceId\":\"gw-%" PRIu64
		"\",\"SendResult\":%d,\"SendStatus\":%d,\"SellPrice\":%" PRIu64 ",\"SentTime\":\"",
		p->to, m->id, result_of(shelf_known(p, j->wall_us)), status, m->price / m->count);
	esms_put_time(b, m->sent_us);
	bytes_str(b, "\"}");
}

/* Those of pages before `first` and behind `size` more are only counted. */
static uint64_t
put_all_sent(struct job *j, const struct sent_query *q)
{
	const struct shelf *s = &j->g->esms.shelf;
	uint64_t count = 0, first = (uint64_t)(q->page - 1) * (uint64_t)q->size;

	for (size_t i = 0; i < s->cap; i++) {
		const struct shelf_sms *m = s->places[i];
		int status;

		if (m == NULL || m->type != q->type || m->sent_us < q->from || m->sent_us >= q->to)
			continue;
		status = shelf_totals(m, j->wall_us).status;
		for (size_t k = 0; k < m->count; k++, count++) {
			if (count >= first && count < first + (uint64_t)q->size)
				put_sent(j, m, k, status);
		}
	}
	return count;
}

void
esms_show_sent_data(struct job *j)
{
	struct esms_body body;
	bool is_read = read_body(j, ESMS_BODY_SENT_DATA, "CodeResult", &body);
	struct sent_query q = {.from = esms_time_read(esms_text(&body, ESMS_FROM)),
			       .to = esms_time_read(esms_text(&body, ESMS_TO)),
			       .page = count_of(body.fields[ESMS_PAGE], INT32_MAX),
			       .size = count_of(body.fields[ESMS_PAGE_SIZE], PAGE_SIZE_MAX),
			       .type = count_of(body.fields[ESMS_SMS_TYPE], 99)};

	json_decref(body.root);
	if (!is_read)
		return;
	if (q.from == 0 || q.to == 0 || q.page == 0 || q.size == 0 || q.type == 0) {
		answer(j, "CodeResult", CODE_ESMS_PAYLOAD, NULL);
		return;
	}
	bytes_str(&j->reply->body, "{\"CodeResult\":\"100\",\"SentData\":[");
	bytes_format(&j->reply->body, "],\"CountTotal\":%" PRIu64 "}", put_all_sent(j, &q));
}
