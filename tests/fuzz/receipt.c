/* SPDX-License-Identifier: MIT */
/*
 * Pushed reports. Input: one byte for the gateway, a line that is the query,
 * the body. Says: a report names a message, and its state comes from a code.
 */
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/gateways.h"

static void
check_receipt(const struct receipt *r)
{
	must_fit(r->reference, sizeof(r->reference));
	must_fit(r->id, sizeof(r->id));
	must_fit(r->code, sizeof(r->code));
	must_fit(r->phone, sizeof(r->phone));
	must(r->reference[0] != '\0' || r->id[0] != '\0', "a report about nobody");
	must((unsigned)r->state <= RECEIPT_UNKNOWN, "state %d", (int)r->state);
	must(r->state == RECEIPT_UNKNOWN || r->code[0] != '\0', "a state without a code");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice rest = {(const char *)data + 1, n - 1}, query, body;
	struct receipt *receipts = NULL;
	struct arena a = {0};
	struct err_ctx e = {0};
	const char *end;
	size_t count = 0, line;
	enum err rc;

	if (n == 0)
		return 0;
	end = rest.n > 0 ? memchr(rest.p, '\n', rest.n) : NULL;
	line = end != NULL ? (size_t)(end - rest.p) : rest.n;
	query = fuzz_copy((struct slice){rest.p, line});
	body = fuzz_copy(
		(struct slice){rest.p + line + (end != NULL), rest.n - line - (end != NULL)});
	rc = gateway_driver(data[0] % GATEWAYS)
		     ->receipt(gateway_open(data[0] % GATEWAYS), query, body, &a, &receipts, &count,
			       &e);
	if (rc != ERR_OK) {
		must(rc == ERR_INPUT, "error %d", (int)rc);
		must_be_words(e.why);
	}
	for (size_t i = 0; rc == ERR_OK && i < count; i++)
		check_receipt(&receipts[i]);
	arena_free(&a);
	free((char *)query.p);
	free((char *)body.p);
	return 0;
}
