/* SPDX-License-Identifier: MIT */
/*
 * Accounts of any driver and the requests they make. Input: settings, a
 * text, a reference, a sender name, an answer's body, a report's body. Says: a
 * JSON body is JSON whatever is put into it; no control character gets into an
 * address or a header; every message gets an outcome.
 */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "providers/provider.h"
#include "tests/fuzz/fuzz.h"

#define MESSAGES_MAX 3

static void
must_be_plain(struct slice s, unsigned char lowest, const char *what)
{
	for (size_t i = 0; i < s.n; i++)
		must((unsigned char)s.p[i] >= lowest && s.p[i] != 0x7F, "%s has %02x: %.*s", what,
		     (unsigned char)s.p[i], (int)s.n, s.p);
}

static bool
is_json(const struct http_request *r)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (slice_is(r->headers[i].name, "Content-Type"))
			return slice_is(r->headers[i].value, "application/json");
	return false;
}

static void
check_request(const struct http_request *r, bool has_nul)
{
	must_be_plain(slice_of(r->url), 0x21, "the address");
	must(r->method != NULL, "no method");
	for (size_t i = 0; i < r->header_count; i++) {
		must_be_plain(r->headers[i].name, 0x21, "a header's name");
		must_be_plain(r->headers[i].value, 0x20, "a header");
	}
	if (is_json(r) && !has_nul)
		must_be_json(r->body);
}

static void
check_answer(const struct driver *d, const struct provider *p, const struct batch *b,
	     struct slice body, struct arena *a)
{
	struct http_answer r = {.status = 200, .body = body};
	struct batch_outcome out;

	d->decode(p, b, &r, a, &out);
	for (size_t i = 0; i < b->count; i++) {
		must((unsigned)out.messages[i].class < OUTCOME_CLASSES, "no outcome");
		must_fit(out.messages[i].code, sizeof(out.messages[i].code));
		must_fit(out.messages[i].id, sizeof(out.messages[i].id));
	}
}

static void
check_account(const struct driver *d, const struct provider *p, const struct parts *in)
{
	static const struct slice phones[] = {SLICE("84901000001"), SLICE("84901000002"),
					      SLICE("84901000003")};
	const struct capability *c = d->capability(p);
	struct out_message m[MESSAGES_MAX];
	struct batch b = {.messages = m, .reference = in->v[2], .brandname = in->v[3]};
	struct http_request request;
	struct arena a = {0};
	struct err_ctx e = {0};
	struct receipt *receipts;
	bool has_nul = false;
	size_t count;

	must(c->batch_min >= 1 && c->batch_max <= BATCH_MAX && c->batch_min <= c->batch_max,
	     "batches of %u to %u", c->batch_min, c->batch_max);
	b.count = c->batch_max < MESSAGES_MAX ? c->batch_max : MESSAGES_MAX;
	b.receipt_url = SLICE("http://h.example/r?a=1&b=2");
	for (size_t i = 0; i < MESSAGES_MAX; i++)
		m[i] = (struct out_message){phones[i], in->v[1], in->v[2], 1, in->v[1].n % 2 == 1};
	for (size_t i = 1; i <= 3; i++)
		has_nul |= in->v[i].n > 0 && memchr(in->v[i].p, '\0', in->v[i].n) != NULL;
	if (d->encode(p, &b, &a, &request, &e) == ERR_OK)
		check_request(&request, has_nul);
	else
		must_be_words(e.why);
	check_answer(d, p, &b, in->v[4], &a);
	if (d->receipt(p, in->v[5], in->v[5], &a, &receipts, &count, &e) != ERR_OK)
		must_be_words(e.why);
	arena_free(&a);
}

static void
check_driver(const struct driver *d, const struct parts *in)
{
	struct provider *p = NULL;
	struct err_ctx e = {0};
	struct json_at at;
	json_t *v = NULL;
	enum err rc;

	if (json_parse(in->v[0], 1 << 20, "settings", &v, NULL) != ERR_OK)
		return;
	at = json_root(v);
	rc = d->open(&at, &p, &e);
	json_decref(v); /* the account keeps nothing of it */
	if (rc == ERR_OK) {
		check_account(d, p, in);
		d->close(p);
	} else {
		must(p == NULL, "an error and an account");
		must_be_words(e.why);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct parts in = parts_split(data, n);

	check_driver(driver_find("generic", NULL), &in);
	check_driver(driver_find("esms", NULL), &in);
	parts_free(&in);
	return 0;
}
