/* SPDX-License-Identifier: MIT */
/*
 * The driver for eSMS.vn: its table, open and encode. What travels:
 *
 *   POST …/SendMultipleMessage_V4_post_json/        POST …/SendMultipleSMSBrandname_json/
 *   {"ApiKey":"K","SecretKey":"S",                  {"ApiKey":"K","SecretKey":"S",
 *    "Phone":"84901000001","Content":"…",            "Phones":["84901000001",…],"Content":"…",
 *    "Brandname":"B","SmsType":"2",                  "Brandname":"B","SmsType":"1",
 *    "IsUnicode":"0","RequestId":"r",                "RequestId":"r-30",
 *    "CallbackUrl":"…","campaignid":"…",             "CallbackUrl":"…"}
 *    "Sandbox":"0"}
 *   → {"CodeResult":"100","CountRegenerate":0,"SMSID":"…"}
 *
 * Invariant: a request says exactly the batch, or there is none. The RequestId
 * of an advertising request carries the number of its messages behind our
 * reference: the totals of its report say something about all of them only when
 * they are about as many. It does not schedule, and speaks neither Zalo nor
 * Viber.
 */
#include "providers/esms_private.h"

#include <stdio.h>
#include <stdlib.h>

static void
esms_close(struct provider *p)
{
	if (p == NULL)
		return;
	wire_secret_clear(&p->api_key);
	wire_secret_clear(&p->secret_key);
	arena_free(&p->arena);
	free(p);
}

static enum err
esms_open(const struct json_at *settings, struct provider **out, struct err_ctx *e)
{
	struct provider *p = xcalloc(1, sizeof(*p));
	enum err rc = esms_read_settings(settings, p, e);

	*out = rc == ERR_OK ? p : NULL;
	if (rc != ERR_OK)
		esms_close(p);
	return rc;
}

static const struct capability *
esms_capability(const struct provider *p)
{
	return &p->capability;
}

/* ---- judging a batch ---- */

static enum err
cannot(struct err_ctx *e, const char *what, const char *why)
{
	return err_set(e, ERR_INPUT, what, "", "%s", why);
}

static bool
is_phone(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n >= 8 && s.n < PHONE_TEXT_MAX;
}

/* What needs IsUnicode "1": also the few accents that fit into an SMS of 160 letters. */
static bool
has_accents(const struct out_message *m)
{
	for (size_t i = 0; i < m->text.n; i++)
		if ((unsigned char)m->text.p[i] >= 0x80)
			return true;
	return m->is_unicode;
}

static enum err
judge_message(const struct provider *p, const struct out_message *m, struct err_ctx *e)
{
	if (!is_phone(m->phone))
		return cannot(e, "phone", "is no number with a country code");
	if (m->text.n == 0)
		return cannot(e, "text", "is empty");
	if (!p->capability.has_unicode && has_accents(m))
		return cannot(e, "text", "has accents, this account takes none");
	return ERR_OK;
}

static int
by_phone(const void *a, const void *b)
{
	const struct out_message *x = *(const struct out_message *const *)a;
	const struct out_message *y = *(const struct out_message *const *)b;
	size_t n = x->phone.n < y->phone.n ? x->phone.n : y->phone.n;
	int order = memcmp(x->phone.p, y->phone.p, n);

	if (order == 0 && x->phone.n != y->phone.n)
		order = x->phone.n < y->phone.n ? -1 : 1;
	return order != 0 ? order : (x > y) - (x < y);
}

/* The smallest request is counted in different numbers, and a poll tells them apart by number. */
static enum err
judge_repeats(const struct batch *b, struct arena *a, struct err_ctx *e)
{
	const struct out_message **m = arena_alloc(a, b->count * sizeof(const void *));

	for (size_t i = 0; i < b->count; i++)
		m[i] = &b->messages[i];
	qsort(m, b->count, sizeof(const void *), by_phone);
	for (size_t i = 1; i < b->count; i++)
		if (slice_eq(m[i - 1]->phone, m[i]->phone))
			return err_set(e, ERR_INPUT, "batch", "send the second in another request",
				       "has one number twice (messages %zu and %zu), this gateway "
				       "takes only different ones",
				       (size_t)(m[i - 1] - b->messages) + 1,
				       (size_t)(m[i] - b->messages) + 1);
	return ERR_OK;
}

static enum err
judge_batch(const struct provider *p, const struct batch *b, struct arena *a, struct err_ctx *e)
{
	const struct capability *c = &p->capability;
	/* "-5000" goes behind the reference of an advertising request. */
	size_t longest = ESMS_REQUEST_ID_MAX - (p->type == ESMS_QC ? 5 : 0);

	if (b->count < c->batch_min || b->count > c->batch_max)
		return p->type == ESMS_CSKH
			       ? err_set(e, ERR_INPUT, "batch", "",
					 "has %zu messages, this gateway takes one", b->count)
			       : err_set(e, ERR_INPUT, "batch", "",
					 "has %zu messages, this gateway takes %u to %u different "
					 "numbers",
					 b->count, c->batch_min, c->batch_max);
	if (b->reference.n == 0)
		return cannot(e, "reference", "is empty");
	if (b->reference.n > longest)
		return cannot(e, "reference", "is longer than this gateway takes");
	if (b->brandname.n == 0)
		return cannot(e, "brandname", "is empty, this gateway needs one");
	for (size_t i = 0; i < b->count; i++) {
		enum err rc = judge_message(p, &b->messages[i], e);

		if (rc != ERR_OK)
			return rc;
		if (!slice_eq(b->messages[i].text, b->messages[0].text))
			return cannot(e, "batch", "has several texts, this gateway takes one");
	}
	return p->type == ESMS_QC ? judge_repeats(b, a, e) : ERR_OK;
}

/* ---- encode ---- */

void
esms_add_member(struct wire_out *o, const char *name, struct slice value)
{
	wire_add(o, SLICE(",\""));
	wire_add(o, slice_of(name));
	wire_add(o, SLICE("\":\""));
	wire_add_json(o, value);
	wire_addc(o, '"');
}

void
esms_add_keys(const struct provider *p, struct wire_out *o)
{
	wire_add(o, SLICE("{\"ApiKey\":\""));
	wire_add_json(o, (struct slice){p->api_key.bytes, p->api_key.n});
	wire_addc(o, '"');
	esms_add_member(o, "SecretKey", (struct slice){p->secret_key.bytes, p->secret_key.n});
}

void
esms_post(const struct provider *p, const char *function, struct wire_out *body, struct arena *a,
	  struct http_request *out)
{
	static const struct header type = {SLICE("Content-Type"), SLICE("application/json")};
	struct wire_out url = wire_out_new(a, strlen(p->url) + 64);

	wire_add(&url, slice_of(p->url));
	wire_addc(&url, '/');
	wire_add(&url, slice_of(function));
	wire_addc(body, '}');
	*out = (struct http_request){.method = "POST",
				     .url = wire_text(&url),
				     .headers = arena_alloc(a, sizeof(type)),
				     .header_count = 1,
				     .body = wire_slice(body)};
	out->headers[0] = type;
}

/* A label may lose its end; a message may not. */
static struct slice
cut_label(struct slice s)
{
	if (s.n > ESMS_CAMPAIGN_MAX)
		for (s.n = ESMS_CAMPAIGN_MAX; s.n > 0 && (s.p[s.n] & 0xc0) == 0x80;)
			s.n--;
	return s;
}

static void
add_cskh(const struct provider *p, const struct batch *b, struct wire_out *o)
{
	const struct out_message *m = &b->messages[0];

	esms_add_member(o, "Phone", m->phone);
	esms_add_member(o, "Content", m->text);
	esms_add_member(o, "Brandname", b->brandname);
	esms_add_member(o, "SmsType", SLICE("2"));
	esms_add_member(o, "IsUnicode", has_accents(m) ? SLICE("1") : SLICE("0"));
	esms_add_member(o, "RequestId", b->reference);
	if (b->receipt_url.n > 0)
		esms_add_member(o, "CallbackUrl", b->receipt_url);
	if (b->campaign.n > 0)
		esms_add_member(o, "campaignid", cut_label(b->campaign));
	esms_add_member(o, "Sandbox", p->capability.is_sandbox ? SLICE("1") : SLICE("0"));
}

static void
add_qc(const struct batch *b, struct wire_out *o)
{
	char request_id[ESMS_REQUEST_ID_MAX + 30];

	wire_add(o, SLICE(",\"Phones\":["));
	for (size_t i = 0; i < b->count; i++) {
		wire_add(o, i > 0 ? SLICE(",\"") : SLICE("\""));
		wire_add(o, b->messages[i].phone);
		wire_addc(o, '"');
	}
	wire_addc(o, ']');
	snprintf(request_id, sizeof(request_id), "%.*s-%zu", (int)b->reference.n, b->reference.p,
		 b->count);
	esms_add_member(o, "Content", b->messages[0].text);
	esms_add_member(o, "Brandname", b->brandname);
	esms_add_member(o, "SmsType", SLICE("1"));
	esms_add_member(o, "RequestId", slice_of(request_id));
	if (b->receipt_url.n > 0)
		esms_add_member(o, "CallbackUrl", b->receipt_url);
}

static enum err
esms_encode(const struct provider *p, const struct batch *b, struct arena *a,
	    struct http_request *out, struct err_ctx *e)
{
	struct wire_out o;
	enum err rc = judge_batch(p, b, a, e);

	*out = (struct http_request){.method = "POST"};
	if (rc != ERR_OK)
		return rc;
	o = wire_out_new(a, 1024 + b->messages[0].text.n * 2 + b->count * (PHONE_TEXT_MAX + 3));
	esms_add_keys(p, &o);
	if (p->type == ESMS_CSKH)
		add_cskh(p, b, &o);
	else
		add_qc(b, &o);
	esms_post(p,
		  p->type == ESMS_CSKH ? "SendMultipleMessage_V4_post_json/"
				       : "SendMultipleSMSBrandname_json/",
		  &o, a, out);
	return ERR_OK;
}

const struct driver esms_driver = {
	.name = "esms",
	.open = esms_open,
	.close = esms_close,
	.capability = esms_capability,
	.encode = esms_encode,
	.decode = esms_decode,
	.receipt = esms_receipt,
	.poll = esms_poll,
	.polled = esms_polled,
	.balance = esms_balance,
	.read_balance = esms_read_balance,
};
