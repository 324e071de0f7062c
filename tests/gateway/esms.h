/* SPDX-License-Identifier: MIT */
/*
 * The dialect of eSMS.vn (rest.esms.vn, addresses under
 * /MainService.svc/json/), as strict as its documentation allows:
 *
 *   SendMultipleMessage_V4_post_json/   one message, SmsType 2 ("esms-cskh")
 *   SendMultipleSMSBrandname_json/      one text to 30 … 5000, SmsType 1 ("esms-qc")
 *   GetSendStatus GetSmsReceiverStatus_get GetSmsSentData_V2 GetBalance_json
 *                                       looking up ("esms-poll")
 *
 * What goes wrong is said in the body, with status 200.
 */
#pragma once

#include <jansson.h>

#include "tests/gateway/memory.h"
#include "tests/gateway/moods.h"
#include "tests/gateway/serve.h"
#include "tests/gateway/shelf.h"

#define ESMS_LIST_MIN 30
#define ESMS_LIST_MAX 5000
#define HANOI_S (7 * 3600) /* ahead of UTC, all the year */

struct gateway;
struct job;

struct esms {
	struct memory requests; /* RequestIds accepted, 24 hours */
	struct memory texts;	/* number and text, for --esms-same-text */
	struct shelf shelf;
	struct bytes numbers; /* of the request at hand, as 84… */
};

/* Members of the requests' bodies. */
enum esms_field {
	ESMS_API_KEY,
	ESMS_SECRET_KEY,
	ESMS_PHONE,
	ESMS_PHONES,
	ESMS_CONTENT,
	ESMS_BRANDNAME,
	ESMS_SMS_TYPE,
	ESMS_IS_UNICODE,
	ESMS_REQUEST_ID,
	ESMS_SEND_DATE,
	ESMS_CALLBACK_URL,
	ESMS_CAMPAIGN_ID,
	ESMS_SANDBOX,
	ESMS_FROM,
	ESMS_TO,
	ESMS_PAGE,
	ESMS_PAGE_SIZE,
	ESMS_FIELDS
};

/* Which of them a body may have. */
enum esms_body_kind { ESMS_BODY_CSKH, ESMS_BODY_QC, ESMS_BODY_BALANCE, ESMS_BODY_SENT_DATA };

struct esms_body {
	json_t *root; /* holds all of it; let go with json_decref */
	const json_t *fields[ESMS_FIELDS];
};

/* What is told of a send request's values. */
struct esms_send {
	bool is_unicode;
	bool is_sandbox;
	uint64_t send_us; /* wall time; 0 = now */
	unsigned parts;	  /* of the text */
};

/* esms.c: false = no address of this dialect */
bool esms_show(struct gateway *g, const struct asked *q, struct reply *r);

/* esms_read.c */
/* CODE_ACCEPTED, CODE_ESMS_NO_JSON or CODE_ESMS_PAYLOAD with *why. */
enum code esms_body_read(struct esms_body *b, enum esms_body_kind kind, struct text raw,
			 const char **why);
const char *esms_field_name(enum esms_field f);
/* Absent if the member is, or is no text. */
struct text esms_text(const struct esms_body *b, enum esms_field f);
/* CODE_ACCEPTED, or what is wrong with the members that a send request has, and why. Judges all
 * but keys, numbers and brand name. */
enum code esms_send_read(const struct esms_body *b, enum esms_body_kind kind, struct esms_send *s,
			 const char **why);
/* yyyy-mm-dd hh:MM:ss in Viet Nam as wall time; 0 = it is none. */
uint64_t esms_time_read(struct text t);
/* 84… or 0… as 84…, put at to (12 bytes); what is neither is left as it is. */
struct text esms_number(struct text raw, char *to);
/* Parts of 160 (153) ASCII characters or 70 (67) UTF-16 units; no character is cut in two. */
unsigned esms_parts(struct text t, bool is_unicode);
/* Does the text begin with one of A|B|C? */
bool esms_has_prefix(struct text t, const char *prefixes);

/* esms_poll.c */
void esms_show_send_status(struct job *j);
void esms_show_receivers(struct job *j);
void esms_show_balance(struct job *j);
void esms_show_sent_data(struct job *j);
/* CODE_ACCEPTED, or why the account is not served. */
enum code esms_account_code(const struct gateway *g, struct text api_key, struct text secret_key);

/* esms_answers.c */
const char *esms_code_name(enum code c);
const char *esms_code_message(enum code c);
/* name: CodeResult or CodeResponse; id 0 = none */
void esms_answer_error(struct reply *r, const char *name, struct verdict v, const char *message);
void esms_answer_send(struct reply *r, uint64_t id);
/* The query of a callback. to and ref may be absent. */
void esms_callback_query(struct bytes *b, const struct shelf_sms *m, struct totals t,
			 struct text to, struct text ref);
void esms_put_time(struct bytes *b, uint64_t wall_us);
