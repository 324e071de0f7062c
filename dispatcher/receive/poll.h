/* SPDX-License-Identifier: MIT */
/*
 * Asking gateways what became of messages that they accepted and of which no
 * receipt came. The queue is in Redis, in order of when each id is due; a
 * question is taken from it under a lease, so several processes do not ask
 * twice at once, and one that dies leaves its question to the others.
 *
 *   outcome ──▶ queue ── take (paced, leased) ──▶ HTTP ── driver.polled ──▶ receipts ──▶ merged
 *                ▲  │ settled: dropped                        │
 *                │  └───────                                  ├─ the last word, id not known: dropped
 *                └────────────── later ───────────────────────┘
 *
 * Questions do not count against the contracted rate of sending.
 */
#pragma once

#include "base/fetch.h"
#include "dispatcher/receive/receipts.h"

struct poller;

struct poller_options {
	struct loop *loop;
	struct engine *engine;
	struct fetch *fetch;
	struct receipts *receipts;
	const struct config *config; /* lives until poller_free, also after poller_set_config */
};

struct poller_gauges {
	uint64_t done;	 /* the gateway's last word, or an id that it does not know */
	uint64_t again;	 /* not all is known yet */
	uint64_t failed; /* no answer that could be read, or the account was refused */
};

struct poller *poller_new(const struct poller_options *o);
/* fetch and engine are freed before. */
void poller_free(struct poller *p);
/* Asking may begin. */
void poller_open(struct poller *p, const uint8_t reference_key[REFERENCE_KEY_BYTES]);
/* Ask nothing more. */
void poller_shut(struct poller *p);
void poller_set_config(struct poller *p, const struct config *c);
const struct poller_gauges *poller_gauges(const struct poller *p);
