/* SPDX-License-Identifier: MIT */
/*
 * Receipts on their way. Each callback is a target with a heap of receipts by
 * the time they are due and up to --receipt-connections couriers. What is not
 * taken with 2xx comes again later, each time after a longer pause, at most
 * --receipt-tries times; while a receiver cannot be reached at all the whole
 * target pauses.
 */
#pragma once

#include "tests/gateway/courier.h"
#include "tests/gateway/hold.h"
#include "tests/gateway/ledger.h"
#include "tests/gateway/options.h"

enum report {
	REPORT_NONE,
	REPORT_DELIVRD,
	REPORT_UNDELIV,
	REPORT_EXPIRED,
	REPORT_ACCEPTD,
	REPORT_REJECTD, /* nothing was sent: a person refused it */
	REPORT_TOTALS,	/* of many messages together */
};

const char *report_name(enum report r);

struct receipt_stats {
	uint64_t sent; /* each try counts */
	uint64_t acknowledged;
	uint64_t pending; /* waiting or under way */
	uint64_t given_up;
};

struct receipts;
struct target;

struct receipts *receipts_new(struct event_base *base, const struct settings *s,
			      struct ledger *ledger);
/*
 * How receipts travel. By POST: a JSON body, again and again until it is taken
 * with 2xx. By GET: the query that the order brings, again only if no answer
 * came, five times at most.
 */
enum receipts_by { RECEIPTS_BY_POST, RECEIPTS_BY_GET };

/* The target of a callback; NULL: why says what is wrong with it. */
struct target *receipts_target(struct receipts *rs, struct text url, enum receipts_by by,
			       const char **why);

struct receipt_order {
	uint64_t id;
	struct text to, ref;
	enum report report;
	struct text query; /* of a GET */
	uint64_t due_us;
	struct hold *hold; /* is told when the first try came back; NULL = nobody waits */
};

void receipts_add(struct receipts *rs, struct target *t, const struct receipt_order *o);
struct receipt_stats receipts_stats(const struct receipts *rs);
void receipts_free(struct receipts *rs);
