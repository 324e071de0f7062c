/* SPDX-License-Identifier: MIT */
/*
 * What a notice says to whom, as it was accepted: one value in the run's
 * payload (docs/FORMATS.md, "Notice payload"). Pure.
 */
#pragma once

#include "base/buf.h"

#define NOTICE_LABEL_MAX 100 /* bytes */
#define NOTICE_ORDER_MAX 64  /* bytes of the name of a standing order */

struct payload {
	uint64_t phone; /* 84912345678 */
	uint8_t parts;
	bool is_unicode;
	int64_t accepted_ms; /* unix time */
	struct slice label;  /* the asker's own word for it; may be empty */
	struct slice order;  /* the standing order that it was sent under; may be empty */
	struct slice text;   /* NFC, never empty */
};

void payload_encode(const struct payload *p, struct buf *out);
/* The slices of *out point into bytes. False when it is none of ours. */
bool payload_decode(struct slice bytes, struct payload *out);
