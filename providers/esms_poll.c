/* SPDX-License-Identifier: MIT */
/*
 * Asking eSMS.vn what became of a request, and for the balance:
 *
 *   GET  …/GetSendStatus?RefId=…&ApiKey=…&SecretKey=…            care messages
 *        {"CodeResponse":"100","SMSID","SendStatus","SendSuccess","SendFailed","TotalReceiver",…}
 *   GET  …/GetSmsReceiverStatus_get?RefId=…&ApiKey=…&SecretKey=… advertising
 *        {"CodeResult":"100","ReceiverList":[{"Phone","IsSent","SentResult","NetworkName","Retry"}]}
 *   POST …/GetBalance_json {"ApiKey","SecretKey"}
 *        {"Balance":36693,"CodeResponse":"100","UserID":1}
 *
 * These addresses carry the account's keys: they are secrets. The code is
 * called CodeResult by some functions and CodeResponse by others, so both are
 * read. What IsSent and SentResult mean is not documented: only the setting
 * "receiver_states" gives the pair a meaning, otherwise a number that is listed
 * is in the gateway's hands and no more.
 */
#include "providers/esms_private.h"

#include <stdio.h>
#include <stdlib.h>

#define LIST_MAX 10000

/* A code of digits; what else may stand there (an echo of our keys?) is not shown. */
static bool
is_number(const char *code)
{
	return strlen(code) <= 6 && code[strspn(code, "0123456789")] == '\0';
}

/* "100", "105", …; false when there is none, or two that differ. */
static bool
read_code(const json_t *root, char code[GATEWAY_CODE_MAX])
{
	char other[GATEWAY_CODE_MAX];
	bool has_code = esms_code_text(json_object_get(root, "CodeResponse"), code);
	bool has_other = esms_code_text(json_object_get(root, "CodeResult"), other);

	if (has_code && has_other)
		return strcmp(code, other) == 0;
	if (has_other)
		memcpy(code, other, sizeof(other));
	return has_code || has_other;
}

/* ---- state of a request ---- */

enum err
esms_poll(const struct provider *p, const struct poll *q, struct arena *a, struct http_request *out,
	  struct err_ctx *e)
{
	struct wire_out url = wire_out_new(a, strlen(p->url) + 512);

	*out = (struct http_request){.method = "GET"};
	if (q->id.n == 0)
		return err_set(e, ERR_INPUT, "poll", "", "has no SMSID to ask for");
	wire_add(&url, slice_of(p->url));
	wire_add(&url, p->type == ESMS_QC ? SLICE("/GetSmsReceiverStatus_get?RefId=")
					  : SLICE("/GetSendStatus?RefId="));
	wire_add_percent(&url, q->id);
	wire_add(&url, SLICE("&ApiKey="));
	wire_add_percent(&url, (struct slice){p->api_key.bytes, p->api_key.n});
	wire_add(&url, SLICE("&SecretKey="));
	wire_add_percent(&url, (struct slice){p->secret_key.bytes, p->secret_key.n});
	out->url = wire_text(&url);
	return ERR_OK;
}

static void
name_request(const struct poll *q, struct receipt *r)
{
	*r = (struct receipt){.state = RECEIPT_UNKNOWN};
	if (q->reference.n < sizeof(r->reference))
		memcpy(r->reference, q->reference.p, q->reference.n);
	if (q->id.n < sizeof(r->id))
		memcpy(r->id, q->id.p, q->id.n);
}

static enum poll_result
read_send_status(const struct poll *q, const json_t *root, struct arena *a, struct receipt **out,
		 size_t *count)
{
	struct esms_totals totals = esms_read_totals(root);
	struct receipt *r = arena_alloc(a, sizeof(*r));
	char id[GATEWAY_ID_MAX];

	if (totals.status < 0)
		return POLL_UNREADABLE;
	/* Of another request. */
	if (esms_id_text(json_object_get(root, "SMSID"), id) && !slice_is(q->id, id))
		return POLL_UNREADABLE;
	name_request(q, r);
	r->state = esms_judge_totals(&totals, (int64_t)q->count, r->code);
	*out = r;
	*count = 1;
	return r->state == RECEIPT_DELIVERED || r->state == RECEIPT_UNDELIVERABLE ? POLL_DONE
										  : POLL_AGAIN;
}

static bool
read_receiver(const struct provider *p, const json_t *item, struct receipt *r)
{
	char is_sent[16], result[20];
	const struct code_row *row;

	if (!esms_phone_text(json_object_get(item, "Phone"), r->phone))
		return false;
	wire_value_text(json_object_get(item, "IsSent"), is_sent, sizeof(is_sent), NULL);
	wire_value_text(json_object_get(item, "SentResult"), result, sizeof(result), NULL);
	snprintf(r->code, sizeof(r->code), "%s/%s", is_sent, result);
	row = codes_find(&p->receiver_states, r->code);
	r->state = row != NULL ? (enum receipt_state)row->value : RECEIPT_ACCEPTED;
	return true;
}

static int
by_phone(const void *a, const void *b)
{
	return strcmp(((const struct receipt *)a)->phone, ((const struct receipt *)b)->phone);
}

/* One receipt a number: where two contradict each other neither is the last word. */
static size_t
join_repeats(struct receipt *r, size_t n)
{
	size_t kept = 0;

	qsort(r, n, sizeof(*r), by_phone);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || strcmp(r[kept - 1].phone, r[i].phone) != 0)
			r[kept++] = r[i];
		else if (r[kept - 1].state != r[i].state)
			r[kept - 1].state = RECEIPT_ACCEPTED;
	}
	return kept;
}

static enum poll_result
read_receivers(const struct provider *p, const struct poll *q, const json_t *root, struct arena *a,
	       struct receipt **out, size_t *count)
{
	json_t *list = json_object_get(root, "ReceiverList");
	size_t size = json_array_size(list), n = 0, last = 0;
	struct receipt *r;

	if (!json_is_array(list) || size > LIST_MAX)
		return POLL_UNREADABLE;
	r = arena_alloc(a, (size + 1) * sizeof(*r));
	for (size_t i = 0; i < size; i++) {
		name_request(q, &r[n]);
		n += read_receiver(p, json_array_get(list, i), &r[n]);
	}
	n = join_repeats(r, n);
	for (size_t i = 0; i < n; i++)
		last += p->receiver_states.count == 0 || r[i].state == RECEIPT_DELIVERED ||
			r[i].state == RECEIPT_UNDELIVERABLE;
	*out = r;
	*count = n;
	return last == n && n >= q->count && n > 0 ? POLL_DONE : POLL_AGAIN;
}

/* Codes that say "nothing to tell yet". */
static bool
is_not_yet(const char *code)
{
	return strcmp(code, "105") == 0 || strcmp(code, "851") == 0 || strcmp(code, "854") == 0;
}

static enum poll_result
judge_refusal(const struct provider *p, const char *code)
{
	enum outcome_class class;

	if (is_not_yet(code))
		return POLL_AGAIN;
	if (!esms_code_class(p, code, &class))
		return POLL_UNREADABLE;
	if (class == OUTCOME_THROTTLED)
		return POLL_AGAIN;
	return class == OUTCOME_BAD_ACCOUNT ? POLL_REFUSED : POLL_UNREADABLE;
}

enum poll_result
esms_polled(const struct provider *p, const struct poll *q, const struct http_answer *r,
	    struct arena *a, struct receipt **out, size_t *count)
{
	enum poll_result result = POLL_UNREADABLE;
	json_t *root = esms_parse(r);
	char code[GATEWAY_CODE_MAX];

	*out = NULL;
	*count = 0;
	if (root != NULL && read_code(root, code)) {
		if (strcmp(code, "100") != 0)
			result = judge_refusal(p, code);
		else if (p->type == ESMS_QC)
			result = read_receivers(p, q, root, a, out, count);
		else
			result = read_send_status(q, root, a, out, count);
	}
	json_decref(root);
	return result;
}

/* ---- balance ---- */

enum err
esms_balance(const struct provider *p, struct arena *a, struct http_request *out, struct err_ctx *e)
{
	struct wire_out o = wire_out_new(a, 512);

	(void)e;
	esms_add_keys(p, &o);
	esms_post(p, "GetBalance_json", &o, a, out);
	return ERR_OK;
}

static enum err
read_amount(const json_t *v, struct balance *out, struct err_ctx *e)
{
	bool is_cut = false;
	double amount;

	if ((!json_is_string(v) && !json_is_number(v)) ||
	    !wire_value_text(v, out->amount, sizeof(out->amount), &is_cut) || is_cut ||
	    !slice_to_double(slice_of(out->amount), &amount)) {
		out->amount[0] = '\0';
		return err_set(e, ERR_INPUT, "balance", "", "the answer has no amount");
	}
	memcpy(out->unit, "VND", 4);
	return ERR_OK;
}

static enum err
judge_balance(const struct provider *p, const json_t *root, struct balance *out, struct err_ctx *e)
{
	enum outcome_class class;
	char code[GATEWAY_CODE_MAX];

	if (!read_code(root, code) || !is_number(code))
		return err_set(e, ERR_INPUT, "balance", "", "the answer has no code");
	if (strcmp(code, "100") == 0)
		return read_amount(json_object_get(root, "Balance"), out, e);
	if (esms_code_class(p, code, &class) && class == OUTCOME_BAD_ACCOUNT)
		return err_set(e, ERR_REFUSED, "balance",
			       "check the keys, and whether the gateway must know this server's "
			       "address",
			       "the gateway refuses the account with code %s", code);
	return err_set(e, ERR_INPUT, "balance", "ask again later",
		       "the gateway gives none, its code is %s", code);
}

enum err
esms_read_balance(const struct provider *p, const struct http_answer *r, struct balance *out,
		  struct err_ctx *e)
{
	json_t *root = esms_parse(r);
	enum err rc;

	*out = (struct balance){0};
	if (root == NULL)
		return err_set(e, ERR_INPUT, "balance", "look at the address of the provider",
			       "HTTP %d is no complete answer of this gateway", r->status);
	rc = judge_balance(p, root, out, e);
	json_decref(root);
	return rc;
}
