/* SPDX-License-Identifier: MIT */
/* Answers that bring ids, and receipts, told to the Lua library. */
#pragma once

#include "dispatcher/run/foreign.h"
#include "tests/unit/dispatcher/store/library_fixture.h"

static const uint8_t key[REFERENCE_KEY_BYTES] = {7};

#define KEEP_S "345600"

/* What the gateway answered about ranks first …; ids[i] "" = none, NULL = no ids at all. */
struct answer {
	unsigned first;
	const char *permit, *classes;
	const char *const *ids;
	const char *const *phones;
	bool is_by_request;
	const char *poll_ms;
};

static inline void
add_ids(const struct answer *q, size_t n, struct buf *ids, struct buf *phones, struct buf *texts)
{
	static const uint8_t none[FOREIGN_ID_BYTES];
	uint8_t hash[FOREIGN_ID_BYTES], phone[FOREIGN_PHONE_BYTES];

	for (size_t i = 0; i < n && q->ids != NULL; i++) {
		foreign_id("gw", q->ids[i], key, hash);
		buf_add(ids, q->ids[i][0] != '\0' ? hash : none, sizeof(hash));
		buf_add(texts, q->ids[i], strlen(q->ids[i]) + 1);
	}
	for (size_t i = 0; i < n && q->phones != NULL; i++) {
		foreign_phone(slice_of(q->phones[i]), key, phone);
		buf_add(phones, phone, sizeof(phone));
	}
}

static inline void
answered(const struct answer *q)
{
	struct argv a = {0};
	struct buf ids = {0}, phones = {0}, texts = {0};

	add_ids(q, strlen(q->classes), &ids, &phones, &texts);
	argv_adds(&a, "gw");
	argv_adds(&a, KEEP_S);
	argv_adds(&a, q->is_by_request ? "1" : "0");
	argv_adds(&a, q->poll_ms != NULL ? q->poll_ms : "0");
	add_answer(&a, q->first, 1, q->permit, q->classes, REASON_NONE);
	argv_add(&a, buf_slice(&ids));
	argv_add(&a, buf_slice(&phones));
	argv_add(&a, buf_slice(&texts));
	assert_string_equal(call("outcome", &a), "[1, 0, ]");
	buf_free(&ids);
	buf_free(&phones);
	buf_free(&texts);
}

/* rank < 0: it brings no reference. state 0: a code that nobody knows. */
static inline const char *
report(bool is_by_request, int rank, const char *id, const char *phone, int state)
{
	struct argv a = {0};
	uint8_t hash[FOREIGN_ID_BYTES], phone_hash[FOREIGN_PHONE_BYTES];
	char words[80];

	foreign_id("gw", id, key, hash);
	foreign_phone(slice_of(phone), key, phone_hash);
	argv_adds(&a, "gw");
	argv_adds(&a, KEEP_S);
	argv_adds(&a, is_by_request ? "1" : "0");
	if (rank >= 0) {
		argv_add_int(&a, fx.run);
		argv_adds(&a, "0");
		argv_add_int(&a, rank);
		argv_adds(&a, "1");
	} else {
		for (int i = 0; i < 4; i++)
			argv_adds(&a, "");
	}
	argv_add(&a, id[0] != '\0' ? (struct slice){(const char *)hash, sizeof(hash)} : SLICE(""));
	argv_add(&a, phone[0] != '\0' ? (struct slice){(const char *)phone_hash, sizeof(phone_hash)}
				      : SLICE(""));
	argv_add_int(&a, state);
	argv_add_int(&a, state == RECORD_UNDELIVERABLE ? REASON_RECEIPT_FAILED : 0);
	snprintf(words, sizeof(words), "\"%s\",\"c%d\"", id, state);
	argv_adds(&a, words);
	return call("receipts", &a);
}

static inline void
permitted(unsigned first, unsigned count, const char *id)
{
	struct ask q = {.inc = "inc-1",
			.permit = id,
			.first = first,
			.count = count,
			.attempt = 1,
			.dedupe_ms = 60000};

	assert_true(is_go(permit(&q)));
}
