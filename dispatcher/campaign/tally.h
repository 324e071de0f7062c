/* SPDX-License-Identifier: MIT */
/*
 * What a preview counts of parts and prices: sums, how many messages have one
 * part, two, three …, by carrier and encoding, and what the same audience costs
 * with accents kept, taken off, or taken off where that saves a part. Pure; of
 * a fixed size, whatever the audience.
 */
#pragma once

#include "dispatcher/config.h"
#include "dispatcher/run/render.h"

#define TALLY_PARTS 256 /* a message has 1 to 255 */

struct tally_sum {
	uint64_t messages, parts;
	int64_t cost; /* VND */
};

struct tally_mode {
	struct tally_sum sum;
	uint64_t unicode, skipped; /* skipped: could not be sent in this mode */
};

/* Zero-initialised = nothing was counted. */
struct tally {
	struct tally_sum sum, carrier[CARRIERS_MAX];
	uint64_t unicode;
	uint64_t by_parts[CARRIERS_MAX][2][TALLY_PARTS]; /* by carrier, enum sms_encoding, parts */
	struct tally_mode mode[3];			 /* by enum accents of a campaign */
};

void tally_sum_add(struct tally_sum *s, unsigned parts, int64_t cost);
/* A message that is sent; price in VND a part. */
void tally_message(struct tally *t, unsigned carrier, struct sms_count n, int64_t price);

/* What the text of one row would be in each mode of a campaign: from 0 parts, it is not sent. */
struct tally_modes {
	uint8_t parts[3]; /* by enum accents of a campaign */
	bool is_unicode[3];
};
/*
 * A row that is rendered and not suppressed, sent or not. The cheaper form of a text is not
 * always allowed: a provider may take no accents off, or all.
 */
void tally_modes_add(struct tally *t, const struct tally_modes *m, int64_t price);

/* {"messages", "parts", "cost"}; the caller's. */
json_t *tally_sum_json(const struct tally_sum *s);
/* Of a carrier, or of all (CARRIERS_MAX): [{"parts", "messages", "gsm7", "ucs2"}]; the caller's. */
json_t *tally_histogram_json(const struct tally *t, unsigned carrier);
/* {"keep": {"messages", "parts", "cost", "unicode", "skipped"}, "plain", "save"}; the caller's. */
json_t *tally_modes_json(const struct tally *t);
