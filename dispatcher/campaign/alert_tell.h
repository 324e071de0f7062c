/* SPDX-License-Identifier: MIT */
/*
 * Telling one repetition of an alert: a message of class `duty` to each phone on call, by the way of
 * all single messages, under a key of the alert and its repetition; a signed post. Both are noted in
 * Redis when they are done; who dies before that leaves them to another, and the key, or the
 * receiver by Loa-Alert, knows that they are the same.
 */
#pragma once

#include "base/fetch.h"
#include "dispatcher/campaign/alerts.h"

struct alert_teller {
	struct engine *engine;
	struct fetch *fetch;
	const struct config *config;
};

/* units: the alert's and those above, "7,3,1". what: 's' and 'h', as alerts_look hands out. */
void alert_tell(const struct alert_teller *t, const struct alert *a, struct slice what,
		struct slice units);
/* "sha256=" and HMAC-SHA-256 of "TIMESTAMP.BODY" in lower-case hex digits. */
#define ALERT_SIGNATURE_MAX 72
void alert_sign(const char *secret, int64_t unix_s, struct slice body,
		char out[ALERT_SIGNATURE_MAX]);
