/* SPDX-License-Identifier: MIT */
/*
 * Routes, as the configuration has them (docs/FORMATS.md, "Route"): who serves
 * a carrier. A text must be the same whichever provider of a route carries it,
 * in words, parts and sender, and so must be who it may leave for: providers
 * that differ in one of these are refused here, not found out while sending.
 */
#pragma once

#include <stdint.h>

#include "base/json.h"

#define ROUTE_PROVIDERS_MAX 4 /* of one carrier */

enum route_kind {
	ROUTE_ORDER,	/* the first that works */
	ROUTE_SHARE,	/* each its part of the messages */
	ROUTE_CHEAPEST, /* the cheapest that works, by price per part */
	ROUTE_KINDS
};
extern const char *const route_kind_names[ROUTE_KINDS];

struct route {
	enum route_kind kind;
	uint8_t count;			       /* 0 = the carrier is not served */
	uint8_t provider[ROUTE_PROVIDERS_MAX]; /* index in the configuration, none twice */
	uint8_t share[ROUTE_PROVIDERS_MAX];    /* percent, 100 in all; of ROUTE_SHARE */
};

struct config;
/*
 * What stands at "route": a carrier's name or "*" → a provider's name, {"order": [names]},
 * {"share": {name: percent}} or {"cheapest": [names]}. Absent: the first provider for all. The
 * providers are there. out[CARRIERS_MAX] by carrier index.
 */
MUST_CHECK enum err routes_read(const struct config *c, const struct json_at *at, struct route *out,
				struct err_ctx *e);
