/* SPDX-License-Identifier: MIT */
/*
 * The numbering plan of Vietnam, read from data (config/numbering.json, inside
 * the binary; docs/FORMATS.md, "Numbering"): mobile prefixes by the network they
 * were first given to, what became of old numbers, and numbers of services. Here
 * prefixes are national ones without the leading 0.
 *
 * One plan is in force in a process, for what a number is must not depend on who
 * reads it; so, unlike all else, it is not handed down but set once.
 */
#pragma once

#include "base/json.h"

enum carrier {
	CARRIER_UNKNOWN,
	CARRIER_VIETTEL,
	CARRIER_MOBIFONE,
	CARRIER_VINAPHONE,
	CARRIER_VIETNAMOBILE,
	CARRIER_GMOBILE,
	CARRIER_ITEL,
	CARRIER_WINTEL,
};

#define SERVICES_MAX 32
#define RENUMBERED_NONE 255

struct numbering {
	/* By the first two of a mobile number's 9 digits; CARRIER_UNKNOWN = in no public use. */
	uint8_t carrier[100];
	/* By the first three of an old number's 10: the two that it has instead, or RENUMBERED_NONE. */
	uint8_t now[1000];
	/* By beginning and length: no message reaches them. */
	struct service_prefix {
		char prefix[8];
		uint8_t min, max;
	} services[SERVICES_MAX];
	size_t service_count;
};

/* As it is on a day (since 1970-01-01). An error has the path of what is wrong. */
MUST_CHECK enum err numbering_read(json_t *document, int64_t today, struct numbering *out,
				   struct err_ctx *e);
/* The built-in document; the caller's. */
json_t *numbering_builtin(void);

/* The plan in force: what was set last, which outlives its use, or the built-in one of today. */
const struct numbering *numbering_now(void);
/* NULL = the built-in one again. */
void numbering_set(const struct numbering *n);
