/* SPDX-License-Identifier: MIT */
/*
 * The reading of an answer of eSMS.vn. Success is in the body:
 *
 *   {"CodeResult":"100","CountRegenerate":0,"SMSID":"0f3c-…"}
 *   {"CodeResult":"104","CountRegenerate":0,"ErrorMessage":"…"}
 *
 * Invariant: a message is accepted or refused only when a complete answer with
 * HTTP 200 said so with a code of the table. Two answers say less than they
 * seem to. A refusal that comes with an SMSID (seen with 146) contradicts
 * itself: something was entered in the gateway's books, and only a report or a
 * poll tells what became of it. And 99 means a blocked number, but is also
 * shown for any failure: it proves neither that the number is bad nor that
 * nothing was sent.
 */
#include "providers/esms_private.h"

#include <stdio.h>

/* From the vendor's table of codes. */
static const struct {
	const char *code;
	enum outcome_class class;
} table[] = {
	{"100", OUTCOME_ACCEPTED},	{"124", OUTCOME_DUPLICATE}, /* this RequestId was used */
	{"199", OUTCOME_DUPLICATE},   /* it exists and is being worked on */
	{"99", OUTCOME_IN_DOUBT},     /* number blocked, or any failure */
	{"101", OUTCOME_BAD_ACCOUNT}, /* keys */
	{"102", OUTCOME_BAD_ACCOUNT}, /* no price list */
	{"103", OUTCOME_BAD_ACCOUNT}, /* balance */
	{"140", OUTCOME_BAD_ACCOUNT}, /* address not on the list */
	{"143", OUTCOME_BAD_ACCOUNT}, /* locked */
	{"160", OUTCOME_THROTTLED},	{"108", OUTCOME_BAD_RECIPIENT}, /* format of the number */
	{"177", OUTCOME_BAD_RECIPIENT}, /* its network is not registered for the brandname */
	{"104", OUTCOME_BAD_MESSAGE},	/* brandname unknown or inactive */
	{"107", OUTCOME_BAD_MESSAGE},	/* fewer than 30 numbers */
	{"110", OUTCOME_BAD_MESSAGE},	/* personalised data */
	{"115", OUTCOME_BAD_MESSAGE},	/* hashed number */
	{"118", OUTCOME_BAD_MESSAGE},	/* type unsupported */
	{"120", OUTCOME_BAD_MESSAGE},	/* too many numbers */
	{"146", OUTCOME_BAD_MESSAGE},	/* text does not match a registered template */
	{"163", OUTCOME_BAD_MESSAGE},	/* more than one number for type 8 */
	{"171", OUTCOME_BAD_MESSAGE},	/* code used or expired */
	{"201", OUTCOME_BAD_MESSAGE},	/* blocked keyword */
	{"204", OUTCOME_BAD_MESSAGE},	/* … Zalo account or template */
	{"210", OUTCOME_BAD_MESSAGE},	/* payload */
	{"300", OUTCOME_BAD_MESSAGE},	/* SmsType missing */
	{"301", OUTCOME_BAD_MESSAGE},	/* service code unsupported */
	{"687", OUTCOME_BAD_MESSAGE},	/* more than 500 numbers */
	{"789", OUTCOME_BAD_MESSAGE},	{"790", OUTCOME_BAD_MESSAGE},
	{"791", OUTCOME_BAD_MESSAGE},	{"799", OUTCOME_BAD_MESSAGE},
	{"801", OUTCOME_BAD_MESSAGE},	{"802", OUTCOME_BAD_MESSAGE},
};

bool
esms_code_class(const struct provider *p, const char *code, enum outcome_class *out)
{
	const struct code_row *row = codes_find(&p->codes, code);

	if (row != NULL) {
		*out = (enum outcome_class)row->value;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (strcmp(table[i].code, code) == 0) {
			*out = table[i].class;
			return true;
		}
	}
	return false;
}

json_t *
esms_parse(const struct http_answer *r)
{
	struct slice body = r->body;
	json_t *root = NULL;

	if (r->status != 200)
		return NULL;
	if (body.n >= 3 && memcmp(body.p, "\xef\xbb\xbf", 3) == 0)
		body = (struct slice){body.p + 3, body.n - 3};
	if (json_parse(body, ESMS_ANSWER_BYTES_MAX, "answer", &root, NULL) != ERR_OK ||
	    json_is_object(root))
		return root;
	json_decref(root);
	return NULL;
}

bool
esms_code_text(const json_t *v, char out[GATEWAY_CODE_MAX])
{
	bool is_cut = false;

	out[0] = '\0';
	if (!json_is_string(v) && !json_is_integer(v))
		return false;
	return wire_value_text(v, out, GATEWAY_CODE_MAX, &is_cut) && !is_cut && out[0] != '\0';
}

bool
esms_id_text(const json_t *v, char out[GATEWAY_ID_MAX])
{
	out[0] = '\0';
	if (!json_is_string(v) && !json_is_integer(v))
		return false;
	return wire_value_text(v, out, GATEWAY_ID_MAX, NULL) && out[0] != '\0';
}

/* What one answer says of all messages of its request. */
static struct message_outcome
judge(const struct provider *p, const json_t *root, size_t count, bool *is_unknown)
{
	struct message_outcome m = {.class = OUTCOME_IN_DOUBT};
	bool has_id = esms_id_text(json_object_get(root, "SMSID"), m.id);

	if (!esms_code_text(json_object_get(root, "CodeResult"), m.code)) {
		m.code[0] = '\0';
		return m;
	}
	*is_unknown = !esms_code_class(p, m.code, &m.class);
	if (*is_unknown)
		m.class = OUTCOME_IN_DOUBT;
	if (has_id && m.class != OUTCOME_ACCEPTED && m.class != OUTCOME_DUPLICATE)
		m.class = OUTCOME_IN_DOUBT;
	/* Of many numbers it does not say which one. */
	if (count > 1 && m.class == OUTCOME_BAD_RECIPIENT)
		m.class = OUTCOME_IN_DOUBT;
	return m;
}

void
esms_decode(const struct provider *p, const struct batch *b, const struct http_answer *r,
	    struct arena *a, struct batch_outcome *out)
{
	struct message_outcome m = {.class = OUTCOME_IN_DOUBT};
	json_t *root = esms_parse(r);

	*out = (struct batch_outcome){
		.messages = arena_alloc(a, (b->count + 1) * sizeof(out->messages[0]))};
	if (root != NULL)
		m = judge(p, root, b->count, &out->has_unknown_code);
	if (m.code[0] == '\0')
		snprintf(m.code, sizeof(m.code), "HTTP %d", r->status);
	for (size_t i = 0; i < b->count; i++)
		out->messages[i] = m;
	json_decref(root);
}
