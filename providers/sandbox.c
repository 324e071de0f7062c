/* SPDX-License-Identifier: MIT */
/*
 * One message a request, by POST to the address of our receipts, where the
 * word hooks/receipt is replaced by sandbox:
 *
 *   PUBLIC_URL/hooks/receipt/NAME/TOKEN → PUBLIC_URL/sandbox/NAME/TOKEN
 *   {"from":"UBND-AG","to":"84912345678","text":"…","ref":"0001…"}
 *   200 {"code":"0","id":"sb-…","ref":"0001…"}
 *   receipt: {"receipts":[{"ref":"0001…","id":"sb-…","status":"DELIVRD"}]}
 *
 * The invariant: nothing but the server that takes our receipts is ever
 * written to. What the phones' last digits mean is none of its business.
 */
#include "providers/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/wire.h"

#define HOOK "/hooks/receipt/"
#define BODY_MAX (1u << 20)
#define RECEIPTS_MAX 1000

static const struct capability sandbox_can = {
	.shape = SHAPE_ONE,
	.batch_min = 1,
	.batch_max = 1,
	.has_unicode = true,
	.channel = "sms",
	.reference_scope = REFERENCE_PER_MESSAGE,
	.dedupe = DEDUPE_BY_REFERENCE,
	.dedupe_window_s = SANDBOX_DEDUPE_S,
	.duplicate_means = DUPLICATE_ACCEPTED,
	.echo = ECHO_REFERENCE,
	.has_receipts = true,
	.receipt_deadline_s = SANDBOX_DEADLINE_S,
	.counts = COUNTS_MESSAGES,
	.is_sandbox = true,
};

static const struct {
	const char *code;
	enum outcome_class class;
} codes[] = {
	{"0", OUTCOME_ACCEPTED},   {"10", OUTCOME_BAD_RECIPIENT}, {"20", OUTCOME_THROTTLED},
	{"21", OUTCOME_TEMPORARY}, {"30", OUTCOME_DUPLICATE},
};

static const struct {
	const char *status;
	enum receipt_state state;
} statuses[] = {
	{"DELIVRD", RECEIPT_DELIVERED},
	{"UNDELIV", RECEIPT_UNDELIVERABLE},
};

struct provider {
	char nothing; /* the account has nothing to keep */
};

static enum err
sandbox_open(const struct json_at *settings, struct provider **out, struct err_ctx *e)
{
	enum err rc;

	*out = NULL;
	rc = json_only_keys(settings, NULL, 0, e);
	if (rc == ERR_OK)
		*out = xcalloc(1, sizeof(**out));
	return rc;
}

static void
sandbox_close(struct provider *p)
{
	free(p);
}

static const struct capability *
sandbox_capability(const struct provider *p)
{
	(void)p;
	return &sandbox_can;
}

/* ---- encode ---- */

/* The last HOOK of the address; NULL = it is no address of our receipts. */
static const char *
find_hook(const char *url)
{
	const char *at = NULL;

	for (const char *p = strstr(url, HOOK); p != NULL; p = strstr(p + 1, HOOK))
		at = p;
	return at;
}

static void
add_member(struct wire_out *o, const char *before, struct slice value)
{
	wire_add(o, slice_of(before));
	wire_add_json(o, value);
}

static enum err
sandbox_encode(const struct provider *p, const struct batch *b, struct arena *a,
	       struct http_request *out, struct err_ctx *e)
{
	const struct out_message *m = b->messages;
	char *receipts =
		arena_memdup0(a, b->receipt_url.n > 0 ? b->receipt_url.p : "", b->receipt_url.n);
	const char *hook = find_hook(receipts);
	struct header *h = arena_alloc(a, sizeof(*h));
	struct wire_out url = wire_out_new(a, b->receipt_url.n + 1);
	struct wire_out body = wire_out_new(a, m->text.n + 200);

	(void)p;
	*out = (struct http_request){.method = "POST"};
	if (b->count != 1)
		return err_set(e, ERR_INPUT, "batch", "", "has %zu messages, the sandbox takes one",
			       b->count);
	if (hook == NULL)
		return err_set(e, ERR_INPUT, "receipt address", "set public_url",
			       "is not known: the sandbox is at the server that takes receipts");
	if (m->text.n == 0 || m->reference.n == 0 || m->phone.n == 0)
		return err_set(e, ERR_INPUT, "message", "", "lacks its phone, text or reference");
	wire_add(&url, (struct slice){receipts, (size_t)(hook - receipts)});
	wire_add(&url, SLICE("/sandbox/"));
	wire_add(&url, slice_of(hook + sizeof(HOOK) - 1));
	add_member(&body, "{\"from\":\"", b->brandname);
	add_member(&body, "\",\"to\":\"", m->phone);
	add_member(&body, "\",\"text\":\"", m->text);
	add_member(&body, "\",\"ref\":\"", m->reference);
	wire_add(&body, SLICE("\"}"));
	h[0] = (struct header){SLICE("Content-Type"), SLICE("application/json")};
	out->headers = h;
	out->header_count = 1;
	out->url = wire_text(&url);
	out->body = wire_slice(&body);
	return ERR_OK;
}

/* ---- decode ---- */

static void
keep_text(char *out, size_t cap, const char *s)
{
	snprintf(out, cap, "%s", s != NULL ? s : "");
}

/* Only a complete answer about this very reference says anything. */
static void
read_answer(const struct batch *b, const json_t *v, struct message_outcome *m, bool *is_unknown)
{
	const char *code = json_string_value(json_object_get(v, "code"));
	const char *ref = json_string_value(json_object_get(v, "ref"));

	if (code == NULL || ref == NULL || !slice_is(b->messages[0].reference, ref))
		return;
	keep_text(m->code, sizeof(m->code), code);
	keep_text(m->id, sizeof(m->id), json_string_value(json_object_get(v, "id")));
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		if (strcmp(codes[i].code, code) == 0) {
			m->class = codes[i].class;
			return;
		}
	}
	*is_unknown = true;
}

static void
sandbox_decode(const struct provider *p, const struct batch *b, const struct http_answer *r,
	       struct arena *a, struct batch_outcome *out)
{
	struct message_outcome *m = arena_alloc(a, b->count * sizeof(*m));
	json_t *v = NULL;
	struct err_ctx e;

	(void)p;
	*out = (struct batch_outcome){.messages = m};
	for (size_t i = 0; i < b->count; i++)
		m[i] = (struct message_outcome){.class = OUTCOME_IN_DOUBT};
	if (r->status == 404) {
		/* Somebody else listens there, or the provider's token has changed. */
		m[0].class = OUTCOME_BAD_ACCOUNT;
		keep_text(m[0].code, sizeof(m[0].code), "404");
	} else if (r->status == 200 && b->count == 1 &&
		   json_parse(r->body, BODY_MAX, "answer", &v, &e) == ERR_OK) {
		read_answer(b, v, &m[0], &out->has_unknown_code);
	}
	json_decref(v);
}

/* ---- receipts ---- */

static bool
read_receipt(const json_t *v, struct receipt *out)
{
	const char *ref = json_string_value(json_object_get(v, "ref"));
	const char *status = json_string_value(json_object_get(v, "status"));

	*out = (struct receipt){.state = RECEIPT_UNKNOWN};
	if (ref == NULL || ref[0] == '\0' || strlen(ref) >= sizeof(out->reference))
		return false;
	keep_text(out->reference, sizeof(out->reference), ref);
	keep_text(out->id, sizeof(out->id), json_string_value(json_object_get(v, "id")));
	keep_text(out->code, sizeof(out->code), status);
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (strcmp(statuses[i].status, out->code) == 0)
			out->state = statuses[i].state;
	return true;
}

static enum err
sandbox_receipt(const struct provider *p, struct slice query, struct slice body, struct arena *a,
		struct receipt **out, size_t *count, struct err_ctx *e)
{
	json_t *root = NULL, *list, *one;
	size_t i;
	enum err rc;

	(void)p;
	(void)query;
	*out = NULL;
	*count = 0;
	body = slice_trim(body);
	if (body.n == 0)
		return ERR_OK; /* somebody looks whether the address answers */
	rc = json_parse(body, BODY_MAX, "receipt", &root, e);
	if (rc != ERR_OK)
		return rc;
	list = json_object_get(root, "receipts");
	if (!json_is_array(list) || json_array_size(list) > RECEIPTS_MAX) {
		json_decref(root);
		return err_set(e, ERR_INPUT, "receipt", "",
			       "has no list of receipts, or too long a one");
	}
	*out = arena_alloc(a, (json_array_size(list) + 1) * sizeof(**out));
	json_array_foreach (list, i, one)
		*count += read_receipt(one, &(*out)[*count]);
	if (*count == 0 && json_array_size(list) > 0)
		rc = err_set(e, ERR_INPUT, "receipt", "", "names no message");
	json_decref(root);
	return rc;
}

const struct driver sandbox_driver = {
	.name = "sandbox",
	.open = sandbox_open,
	.close = sandbox_close,
	.capability = sandbox_capability,
	.encode = sandbox_encode,
	.decode = sandbox_decode,
	.receipt = sandbox_receipt,
};
