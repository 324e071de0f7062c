/* SPDX-License-Identifier: MIT */
/*
 * The record: eight bytes a message, kept in strings of 4,096 records.
 *
 *   byte 0   low nibble: state; high nibble: flags
 *   byte 1   reason
 *   byte 2   low nibble: newest attempt (0 = never permitted, 1..15);
 *            high nibble: index of its tariff in the run's route
 *   byte 3   parts of the rendered text (0 = not rendered yet)
 *   byte 4-7 seconds since launch of the last change, little endian
 *
 * A message is named by (run, partition, rank): partitions split an audience by
 * route key, ranks count a partition's members from 0. All changes happen in
 * the Lua functions (dispatcher/lua); C only reads. The tables below are the
 * one place where states and reasons are spelled: the Lua side is generated
 * from them.
 *
 *                       ┌────────── un-mark: surely not sent ─────────┐
 *                       ▼                                             │
 *   waiting ──permit──▶ sending ──┬─▶ accepted ─▶ delivered | undeliverable
 *      ▲  │                       ├─▶ refused
 *      │  └─▶ skipped, suppressed ├─▶ retry ──permit (next attempt)──▶ sending
 *      │      cancelled, expired  └─▶ unknown ──permit (same reference, in
 *      └── never from an end          the dedupe window)──▶ sending
 *
 * Merging within an attempt: delivered > undeliverable > accepted > refused,
 * retry (only when its single copy was answered so) > unknown > sending >
 * local ends > waiting.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define RECORD_SIZE 8u
#define RECORDS_PER_STRING 4096u
#define ATTEMPTS_MAX 15
#define PARTITIONS_MAX 8
#define TARIFFS_MAX 16 /* a nibble of the record */

/* X(C name, number, stable name). Numbers are stored: never change one. */
#define RECORD_STATES(X)                     \
	X(WAITING, 0, "waiting")             \
	X(SENDING, 1, "sending")             \
	X(RETRY, 2, "retry")                 \
	X(ACCEPTED, 3, "accepted")           \
	X(UNKNOWN, 4, "unknown")             \
	X(DELIVERED, 5, "delivered")         \
	X(UNDELIVERABLE, 6, "undeliverable") \
	X(REFUSED, 7, "refused")             \
	X(EXPIRED, 8, "expired")             \
	X(SUPPRESSED, 9, "suppressed")       \
	X(SKIPPED, 10, "skipped")            \
	X(CANCELLED, 11, "cancelled")

#define RECORD_REASONS(X)                                                                    \
	X(NONE, 0, "")                                                                       \
	X(SAME_PHONE, 1, "same phone as an earlier row")                                     \
	X(NO_PHONE, 2, "no phone")                                                           \
	X(MISSING_FIELD, 3, "missing field")                                                 \
	X(TEXT_TOO_LONG, 4, "text too long")                                                 \
	X(NO_ROUTE, 5, "no provider serves this carrier")                                    \
	X(DELETED_ROW, 6, "row was deleted")                                                 \
	X(NOT_ENCODABLE, 7, "the provider cannot carry this text")                           \
	X(TOO_FEW, 8, "fewer than the gateway's smallest batch")                             \
	X(ERASED, 9, "the person was erased")                                                \
	X(CAP, 10, "has had as many messages as the policy allows")                          \
	X(NO_CONSENT, 12, "no consent")                                                      \
	X(NOT_KEPT, 15, "its text is not kept any more")                                     \
	X(FINISH_BY, 16, "was not sent by the time it had to be")                            \
	X(DEMO_LIST, 17, "a demo list goes to sandbox providers only")                       \
	X(BAD_RECIPIENT, 20, "recipient refused by the gateway")                             \
	X(BAD_MESSAGE, 21, "text refused by the gateway")                                    \
	X(BAD_ACCOUNT, 22, "account refused by the gateway")                                 \
	X(THROTTLED, 23, "gateway said too fast")                                            \
	X(TEMPORARY, 24, "gateway said try later")                                           \
	X(AUTH_EXPIRED, 25, "gateway credentials expired")                                   \
	X(QUOTA_TOMORROW, 26, "gateway quota used up for today")                             \
	X(CLOSED_HOURS, 27, "gateway closed at this hour")                                   \
	X(ATTEMPTS_USED, 28, "all attempts used")                                            \
	X(NO_ANSWER, 40, "no complete answer after bytes may have left")                     \
	X(UNREADABLE, 41, "answer could not be understood")                                  \
	X(ORPHANED, 42, "sender died while sending")                                         \
	X(DUPLICATE_SEEN, 43, "gateway saw this reference before; what it did is not known") \
	X(REPEAT_FAILED, 44, "a second copy was answered no; the first is not known")        \
	X(HELD, 45, "may not be repeated automatically")                                     \
	X(RESENT, 46, "sent again by a person")                                              \
	X(MARKED_SENT, 47, "a person says that it was sent")                                 \
	X(MARKED_NOT_SENT, 48, "a person says that it was not sent")                         \
	X(RECEIPT_FAILED, 60, "receipt: not delivered")                                      \
	X(SUPPRESSED, 80, "suppressed")                                                      \
	X(SUPPRESSED_UNIT, 81, "suppressed for this unit")                                   \
	X(SUPPRESSED_CLASS, 82, "suppressed for this class of messages")

enum record_state {
#define X(name, number, text) RECORD_##name = number,
	RECORD_STATES(X)
#undef X
		RECORD_STATE_COUNT = 12
};

enum record_reason {
#define X(name, number, text) REASON_##name = number,
	RECORD_REASONS(X)
#undef X
};

/* High nibble of byte 0. */
enum record_flag {
	RECORD_HELD = 0x10,    /* in doubt, and no automatic repeat */
	RECORD_EARLIER = 0x20, /* an earlier attempt has evidence in the sparse table */
};

struct record {
	enum record_state state;
	uint8_t flags;
	uint8_t reason;
	uint8_t attempt;
	uint8_t provider;
	uint8_t parts;
	uint32_t changed_s;
};

static inline struct record
record_decode(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return (struct record){
		.state = (enum record_state)(b[0] & 15),
		.flags = b[0] & 0xf0,
		.reason = b[1],
		.attempt = b[2] & 15,
		.provider = b[2] >> 4,
		.parts = b[3],
		.changed_s = (uint32_t)b[4] | (uint32_t)b[5] << 8 | (uint32_t)b[6] << 16 |
			     (uint32_t)b[7] << 24,
	};
}

static inline void
record_encode(const struct record *r, char out[RECORD_SIZE])
{
	uint8_t b[RECORD_SIZE] = {
		(uint8_t)(r->state | r->flags),
		r->reason,
		(uint8_t)(r->attempt | r->provider << 4),
		r->parts,
		(uint8_t)r->changed_s,
		(uint8_t)(r->changed_s >> 8),
		(uint8_t)(r->changed_s >> 16),
		(uint8_t)(r->changed_s >> 24),
	};

	memcpy(out, b, RECORD_SIZE);
}

/* Is it the reason of the state SUPPRESSED? */
static inline bool
reason_is_suppressed(uint8_t reason)
{
	return reason >= REASON_SUPPRESSED && reason <= REASON_SUPPRESSED_CLASS;
}

const char *record_state_name(enum record_state s);
const char *record_reason_text(uint8_t reason);
/* "bad-recipient": for options. out has room for 32 bytes. Returns out. */
const char *record_reason_name(uint8_t reason, char out[32]);
/* The reason of that name; 0 = there is none. */
uint8_t record_reason_find(const char *name);
