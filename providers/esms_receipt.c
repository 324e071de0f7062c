/* SPDX-License-Identifier: MIT */
/*
 * The reading of reports that eSMS.vn pushes: a GET with
 *
 *   SMSID, RequestId, SendStatus, SendSuccess, SendFailed, TotalSent,
 *   TotalReceiver, TotalPrice, TypeId, telcoid, phonenumber, switchsmsid
 *
 * Nothing is signed: the caller's address has a token. A report of a request
 * for many brings only totals. They say that all were delivered, or none, when
 * they are about as many as the request had (its RequestId says how many) and
 * all of one kind; otherwise that the request is in the gateway's hands.
 */
#include "providers/esms_private.h"

#include <stdio.h>

#define QUERY_BYTES_MAX 65536

/* The vendor's numbers for SendStatus. */
enum {
	STATUS_WAITS_FOR_APPROVAL = 1,
	STATUS_WAITS_FOR_SENDING = 2,
	STATUS_REFUSED = 4,
	STATUS_FINISHED = 5,
	STATUS_SENT = 7,
};

static int64_t
read_number(const json_t *v)
{
	char text[24];
	int64_t n;
	bool is_cut = false;

	if ((!json_is_string(v) && !json_is_integer(v)) ||
	    !wire_value_text(v, text, sizeof(text), &is_cut) || is_cut ||
	    !slice_to_i64(slice_of(text), &n) || n < 0 || n > 1000000000)
		return -1;
	return n;
}

struct esms_totals
esms_read_totals(const json_t *v)
{
	return (struct esms_totals){
		.status = read_number(json_object_get(v, "SendStatus")),
		.success = read_number(json_object_get(v, "SendSuccess")),
		.failed = read_number(json_object_get(v, "SendFailed")),
		.receivers = read_number(json_object_get(v, "TotalReceiver")),
	};
}

/* Counters of one number may lack the number of receivers; those of many may not. */
static enum receipt_state
judge_finished(const struct esms_totals *t, int64_t count)
{
	int64_t receivers = count == 1 && t->receivers < 0 ? 1 : t->receivers;
	bool is_about_all = count > 0 && receivers == count;

	if (is_about_all && t->success == count && t->failed == 0)
		return RECEIPT_DELIVERED;
	if (is_about_all && t->failed == count && t->success == 0)
		return RECEIPT_UNDELIVERABLE;
	return count == 1 ? RECEIPT_UNKNOWN : RECEIPT_ACCEPTED;
}

enum receipt_state
esms_judge_totals(const struct esms_totals *t, int64_t count, char code[GATEWAY_CODE_MAX])
{
	snprintf(code, GATEWAY_CODE_MAX, "%d", (int)t->status);
	switch (t->status) {
	case STATUS_WAITS_FOR_APPROVAL:
	case STATUS_WAITS_FOR_SENDING:
	case STATUS_SENT:
		return RECEIPT_ACCEPTED;
	case STATUS_REFUSED:
		return RECEIPT_UNDELIVERABLE;
	case STATUS_FINISHED:
		if (t->success >= 0 && t->failed >= 0)
			snprintf(code, GATEWAY_CODE_MAX, "5 %d/%d", (int)t->success,
				 (int)t->failed);
		return judge_finished(t, count);
	default:
		return RECEIPT_UNKNOWN;
	}
}

bool
esms_phone_text(const json_t *v, char out[PHONE_TEXT_MAX])
{
	char text[PHONE_TEXT_MAX + 2];
	const char *s = text;
	bool is_cut = false;
	size_t n;

	out[0] = '\0';
	if ((!json_is_string(v) && !json_is_integer(v)) ||
	    !wire_value_text(v, text, sizeof(text), &is_cut) || is_cut)
		return false;
	s += *s == '+';
	n = strlen(s);
	if (n < 8 || s[strspn(s, "0123456789")] != '\0')
		return false;
	if (s[0] == '0' && s[1] != '0' && n + 1 < PHONE_TEXT_MAX)
		snprintf(out, PHONE_TEXT_MAX, "84%s", s + 1);
	else if (s[0] != '0' && n < PHONE_TEXT_MAX)
		memcpy(out, s, n + 1);
	return out[0] != '\0';
}

/* "reference-count" of a request for many: takes the count off. 0 when there is none. */
static int64_t
take_count(char *reference)
{
	char *dash = strrchr(reference, '-');
	int64_t n;

	if (dash == NULL || !slice_to_i64(slice_of(dash + 1), &n) || n < ESMS_QC_MIN ||
	    n > ESMS_QC_MAX)
		return 0;
	*dash = '\0';
	return n;
}

static enum err
no_report(struct err_ctx *e, const char *why)
{
	return err_set(e, ERR_INPUT, "receipt", "", "%s", why);
}

static enum err
read_report(const struct provider *p, const json_t *v, struct receipt *out, struct err_ctx *e)
{
	struct esms_totals totals = esms_read_totals(v);
	const char *request_id = json_string_value(json_object_get(v, "RequestId"));
	char reference[ESMS_REQUEST_ID_MAX + 1];
	int64_t count = 1;

	*out = (struct receipt){.state = RECEIPT_UNKNOWN};
	/* What does not fit is not ours. */
	if (request_id != NULL && strlen(request_id) < sizeof(reference)) {
		memcpy(reference, request_id, strlen(request_id) + 1);
		if (p->type == ESMS_QC)
			count = take_count(reference);
		if (strlen(reference) < sizeof(out->reference))
			memcpy(out->reference, reference, strlen(reference) + 1);
	} else if (p->type == ESMS_QC) {
		count = 0;
	}
	esms_id_text(json_object_get(v, "SMSID"), out->id);
	if (out->reference[0] == '\0' && out->id[0] == '\0')
		return no_report(e, "names no message: it has neither RequestId nor SMSID");
	if (totals.status < 0)
		return no_report(e, "does not say what became of the message: no SendStatus");
	if (esms_phone_text(json_object_get(v, "phonenumber"), out->phone) && p->type == ESMS_QC) {
		if (totals.receivers == 1 || totals.status == STATUS_REFUSED)
			count = 1;
		else
			out->phone[0] = '\0'; /* totals are about all */
	}
	out->state = esms_judge_totals(&totals, count, out->code);
	return ERR_OK;
}

enum err
esms_receipt(const struct provider *p, struct slice query, struct slice body, struct arena *a,
	     struct receipt **out, size_t *count, struct err_ctx *e)
{
	json_t *fields;
	enum err rc;

	*out = NULL;
	*count = 0;
	query = slice_trim(query);
	if (query.n == 0)
		return slice_trim(body).n == 0
			       ? ERR_OK /* somebody looks whether the address answers */
			       : no_report(e, "has no query: this gateway reports by GET");
	if (query.n > QUERY_BYTES_MAX)
		return no_report(e, "is too long");
	fields = wire_form_decode(query);
	if (fields == NULL)
		return no_report(e, "has too many fields");
	*out = arena_alloc(a, sizeof(**out));
	rc = read_report(p, fields, *out, e);
	*count = rc == ERR_OK;
	json_decref(fields);
	return rc;
}
