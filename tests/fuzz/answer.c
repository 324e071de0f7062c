/* SPDX-License-Identifier: MIT */
/*
 * Answers of gateways. Input: one byte for the gateway, three for the status,
 * header lines, an empty line, the body. Says: every message gets an outcome;
 * accepted only in a 2xx; what cannot be read, and every cut of a JSON object,
 * is in doubt, unless the status alone says something. As an answer to a poll
 * or about the balance it says nothing either when it cannot be read.
 */
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/gateways.h"

#define HEADERS 8

static const struct out_message messages[] = {
	{SLICE("84901000001"), SLICE("A"), SLICE("r1"), 1, false},
	{SLICE("84901000002"), SLICE("A"), SLICE("r2"), 1, false},
	{SLICE("84901000003"), SLICE("A"), SLICE("r3"), 1, false},
	{SLICE("84901000001"), SLICE("A"), SLICE("r4"), 1, false}, /* the first's phone */
};

static struct slice
take_line(struct slice *s)
{
	const char *end = s->n > 0 ? memchr(s->p, '\n', s->n) : NULL;
	struct slice line = {s->p, end != NULL ? (size_t)(end - s->p) : s->n};

	s->p += line.n + (end != NULL);
	s->n -= line.n + (end != NULL);
	return line;
}

static size_t
take_headers(struct slice *s, struct header *out)
{
	size_t n = 0;

	while (s->n > 0) {
		struct slice line = take_line(s);
		const char *colon = line.n > 0 ? memchr(line.p, ':', line.n) : NULL;

		if (line.n == 0)
			break;
		if (colon == NULL || n == HEADERS)
			continue;
		out[n].name = (struct slice){line.p, (size_t)(colon - line.p)};
		out[n].value = (struct slice){colon + 1, line.n - out[n].name.n - 1};
		n++;
	}
	return n;
}

static bool
is_readable(const struct gateway *g, struct slice body)
{
	json_t *v;

	if (g->is_text)
		return slice_trim(body).n > 0 && slice_trim(body).p[0] != '<';
	if (body.n >= 3 && memcmp(body.p, "\xEF\xBB\xBF", 3) == 0)
		body = (struct slice){body.p + 3, body.n - 3};
	if (json_parse(body, 4 << 20, "answer", &v, NULL) != ERR_OK)
		return false;
	json_decref(v);
	return true;
}

static bool
says_something(const struct gateway *g, int status)
{
	for (size_t i = 0; i < ARRAY_LEN(g->statuses); i++)
		if (status != 0 && g->statuses[i] == status)
			return true;
	return status == 429 || status == 503;
}

static void
decode(size_t which, const struct http_answer *r)
{
	const struct gateway *g = &gateways[which];
	struct batch b = {.messages = messages, .count = g->messages, .reference = SLICE("r1")};
	struct arena a = {0};
	struct batch_outcome out;
	bool is_doubtful = !is_readable(g, r->body) && !says_something(g, r->status);

	gateway_driver(which)->decode(gateway_open(which), &b, r, &a, &out);
	must(out.retry_after_s <= 86400, "wait %u s", out.retry_after_s);
	for (size_t i = 0; i < b.count; i++) {
		const struct message_outcome *m = &out.messages[i];

		must((unsigned)m->class < OUTCOME_CLASSES, "class %d", (int)m->class);
		must_fit(m->code, sizeof(m->code));
		must_fit(m->id, sizeof(m->id));
		must(m->code[0] != '\0', "message %zu without a code", i);
		must(!is_doubtful || m->class == OUTCOME_IN_DOUBT,
		     "message %zu: an answer that "
		     "cannot be read is %s",
		     i, outcome_name(m->class));
		must(m->class != OUTCOME_ACCEPTED || r->status / 100 == 2, "accepted by HTTP %d",
		     r->status);
	}
	arena_free(&a);
}

static void
check_poll(size_t which, const struct http_answer *r)
{
	const struct driver *d = gateway_driver(which);
	struct poll q = {SLICE("m1"), SLICE("r1"), gateways[which].messages};
	struct receipt *list = NULL;
	struct arena a = {0};
	size_t count = 0;
	enum poll_result result = d->polled(gateway_open(which), &q, r, &a, &list, &count);

	must((unsigned)result <= POLL_UNREADABLE, "result %d", (int)result);
	must(count == 0 || result == POLL_DONE || result == POLL_AGAIN, "receipts of %d",
	     (int)result);
	must(result == POLL_UNREADABLE ||
		     (r->status == 200 && is_readable(&gateways[which], r->body)),
	     "an answer that cannot be read is %d", (int)result);
	for (size_t i = 0; i < count; i++) {
		must(strcmp(list[i].reference, "r1") == 0 && strcmp(list[i].id, "m1") == 0,
		     "of another request");
		must_fit(list[i].phone, sizeof(list[i].phone));
		must_fit(list[i].code, sizeof(list[i].code));
		must((unsigned)list[i].state <= RECEIPT_UNKNOWN, "state %d", (int)list[i].state);
	}
	arena_free(&a);
}

static void
check_balance(size_t which, const struct http_answer *r)
{
	struct balance balance;
	struct err_ctx e = {0};
	enum err rc = gateway_driver(which)->read_balance(gateway_open(which), r, &balance, &e);

	must_fit(balance.amount, sizeof(balance.amount));
	must((rc == ERR_OK) == (balance.amount[0] != '\0'), "error %d and an amount", (int)rc);
	if (rc != ERR_OK)
		must_be_words(e.why);
}

static void
check_asked(size_t which, const struct http_answer *r)
{
	if (gateway_driver(which)->polled != NULL)
		check_poll(which, r);
	if (gateway_driver(which)->read_balance != NULL)
		check_balance(which, r);
}

static int
status_of(const uint8_t *p)
{
	int status = 0;

	for (int i = 0; i < 3; i++)
		status = status * 10 + (p[i] % 16) % 10;
	return status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice rest = {(const char *)data + 4, n - 4};
	struct header headers[HEADERS];
	struct http_answer r = {.headers = headers};
	struct slice body;
	size_t which, cut;

	if (n < 4)
		return 0;
	which = data[0] % GATEWAYS;
	r.status = status_of(data + 1);
	r.header_count = take_headers(&rest, headers);
	body = fuzz_copy(rest);
	r.body = body;
	decode(which, &r);
	check_asked(which, &r);
	if (!gateways[which].is_text && slice_trim(rest).n > 1 && slice_trim(rest).p[0] == '{') {
		cut = rest.n - 1 - rest.n * data[n - 1] % 257 % rest.n;
		r.body.n = cut;
		decode(which, &r);
		check_asked(which, &r);
	}
	free((char *)body.p);
	return 0;
}
