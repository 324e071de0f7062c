/* SPDX-License-Identifier: MIT */
/*
 * The inside of the driver for eSMS.vn (docs/formats/esms.md): what its files
 * share. An account speaks one of two functions: care messages (CSKH), one
 * number a request, or advertising (QC), one text to 30 … 5,000 numbers.
 *
 *   esms.c          the driver table, encode
 *   esms_config.c   settings → struct provider
 *   esms_answer.c   the table of codes, answer → outcomes
 *   esms_receipt.c  pushed report → receipts
 *   esms_poll.c     asking for states and balance
 */
#pragma once

#include "providers/codes.h"
#include "providers/esms.h"
#include "providers/wire.h"

#define ESMS_QC_MIN 30	       /* different numbers, code 107 */
#define ESMS_QC_MAX 5000       /* code 120 */
#define ESMS_REQUEST_ID_MAX 50 /* characters of a RequestId */
#define ESMS_CAMPAIGN_MAX 254  /* of a campaignid */
#define ESMS_ANSWER_BYTES_MAX (4u << 20)

enum esms_type { ESMS_CSKH, ESMS_QC };

struct provider {
	struct arena arena; /* everything below that is not a secret */
	struct capability capability;
	enum esms_type type;
	struct wire_secret api_key, secret_key;
	const char *url;		   /* base, without '/' at its end */
	struct code_table codes;	   /* before the table of esms_answer.c */
	struct code_table receiver_states; /* "IsSent/SentResult" → enum receipt_state */
};

MUST_CHECK enum err esms_read_settings(const struct json_at *at, struct provider *p,
				       struct err_ctx *e);
/* The class of a code of an answer; false when nobody knows the code. */
bool esms_code_class(const struct provider *p, const char *code, enum outcome_class *out);
/*
 * The object in an answer, or NULL when it is not a complete one of HTTP 200.
 * The caller owns it.
 */
json_t *esms_parse(const struct http_answer *r);
/* A code: a text or a whole number; false (and "") when it is neither. */
bool esms_code_text(const json_t *v, char out[GATEWAY_CODE_MAX]);
/* An SMSID; false (and "") when there is none. Cut to fit, always in the same way. */
bool esms_id_text(const json_t *v, char out[GATEWAY_ID_MAX]);
/* "+84912…", "0912…" and "84912…" are one number; false (and "") when it is none. */
bool esms_phone_text(const json_t *v, char out[PHONE_TEXT_MAX]);

/* What the counters of a report or of a poll say; each -1 when it is not there. */
struct esms_totals {
	int64_t status, success, failed, receivers;
};

struct esms_totals esms_read_totals(const json_t *v);
/*
 * What they prove about each of `count` messages, and what people may see of
 * them. count 0: not known, only a refusal is about all then.
 */
enum receipt_state esms_judge_totals(const struct esms_totals *t, int64_t count,
				     char code[GATEWAY_CODE_MAX]);

/* ---- the driver's functions that have files of their own ---- */

void esms_decode(const struct provider *p, const struct batch *b, const struct http_answer *r,
		 struct arena *a, struct batch_outcome *out);
enum err esms_receipt(const struct provider *p, struct slice query, struct slice body,
		      struct arena *a, struct receipt **out, size_t *count, struct err_ctx *e);
enum err esms_poll(const struct provider *p, const struct poll *q, struct arena *a,
		   struct http_request *out, struct err_ctx *e);
enum poll_result esms_polled(const struct provider *p, const struct poll *q,
			     const struct http_answer *r, struct arena *a, struct receipt **out,
			     size_t *count);
enum err esms_balance(const struct provider *p, struct arena *a, struct http_request *out,
		      struct err_ctx *e);
enum err esms_read_balance(const struct provider *p, const struct http_answer *r,
			   struct balance *out, struct err_ctx *e);

/* Members of a request's body: the keys of the account, as the first two; a text behind others. */
void esms_add_keys(const struct provider *p, struct wire_out *o);
void esms_add_member(struct wire_out *o, const char *name, struct slice value);
/* A POST of that JSON body to a function under the base address. */
void esms_post(const struct provider *p, const char *function, struct wire_out *body,
	       struct arena *a, struct http_request *out);
