/* SPDX-License-Identifier: MIT */
#include "dispatcher/api/explain_request.h"

#include <stdio.h>
#include <string.h>

#include "segments/phone.h"
#include "segments/phone_trace.h"

static bool
is_this(void *arg, uint64_t phone)
{
	return *(const uint64_t *)arg == phone;
}

static enum err
read_phone(const struct http_exchange *x, struct explain_request *q, struct err_ctx *e)
{
	const char *text = http_query(x, "phone");
	struct phone_cell p;

	phone_parse(slice_of(text != NULL ? text : ""), &p);
	if (p.count != 1)
		return err_set(e, ERR_INPUT, "phone", "write it as 0912345678",
			       "is no mobile number of Vietnam: %s",
			       p.count > 1 ? "more than one" : p.reason);
	q->phone = p.phones[0];
	return ERR_OK;
}

static enum err
read_language(const struct http_exchange *x, struct explain_request *q, struct err_ctx *e)
{
	const char *text = http_query(x, "language");

	if (text == NULL || strcmp(text, "vi") == 0)
		return ERR_OK;
	q->language = EXPLAIN_EN;
	if (strcmp(text, "en") == 0)
		return ERR_OK;
	return err_set(e, ERR_INPUT, "language", "write vi or en",
		       "there are no words in \"%.20s\"", text);
}

/* A person is looked at: by whom that is trusted to, or by who says why. */
static enum err
read_reason(const struct api *a, const struct http_exchange *x, struct explain_request *q,
	    struct err_ctx *e)
{
	const char *text = http_query(x, "reason");
	struct json_at at = {.path = "reason"};
	struct phone_trace self = {is_this, &q->phone};
	enum err rc;

	at.v = text != NULL ? json_string(text) : NULL;
	rc = api_read_reason(&at, q->reason, e);
	json_decref(at.v);
	if (rc != ERR_OK)
		return rc;
	/* The audit is for ever: the number must not be in it. */
	phone_trace_mask(&self, q->reason, strlen(q->reason));
	if (q->reason[0] == '\0' && !api_has_personal(a, x))
		return err_set(
			e, ERR_REFUSED, "explain", "add --reason WHY",
			"one person is looked at only by who has the right personal, or says "
			"why");
	if (q->reason[0] == '\0' && q->is_full)
		return err_set(e, ERR_REFUSED, "sensitive columns", "add --reason WHY",
			       "are read in full only by who says why");
	return ERR_OK;
}

enum err
explain_request_read(const struct api *a, const struct http_exchange *x, struct explain_request *q,
		     struct err_ctx *e)
{
	const char *before = http_query(x, "before");
	int64_t run = 0;
	enum err rc;

	if ((rc = read_phone(x, q, e)) != ERR_OK || (rc = read_language(x, q, e)) != ERR_OK ||
	    (rc = api_read_full(a, x, &q->is_full, e)) != ERR_OK ||
	    (rc = read_reason(a, x, q, e)) != ERR_OK)
		return rc;
	if (before != NULL && (!slice_to_i64(slice_of(before), &run) || run < 1))
		return err_set(e, ERR_INPUT, "before", "take what `next` said",
			       "is not the number of a run");
	q->before = (uint64_t)run;
	return ERR_OK;
}
