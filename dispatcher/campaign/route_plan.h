/* SPDX-License-Identifier: MIT */
/*
 * The route at one moment, as a run freezes it.
 *
 * A *partition* for each carrier that is served: a brake stops one carrier without stopping the
 * others. Where providers take large batches only, carriers whose route and prices are the same
 * share one: a carrier of few would never fill a batch. So they do where there would be too many
 * tariffs otherwise. Never where a provider's requests hold one carrier only.
 *
 * A *tariff* is a provider of a partition, with its price. A record names the tariff that its
 * newest attempt went by. Tariff p is the first provider of partition p; the others come behind
 * the partitions. So a run whose carriers have a provider each has tariffs that are its
 * partitions, and a release that knows no more than those keeps to the first one.
 */
#pragma once

#include "dispatcher/config.h"
#include "dispatcher/run/audience.h"
#include "dispatcher/run/run_route.h"
#include "dispatcher/store/engine.h"
#include "dispatcher/store/record.h"

struct route_plan {
	struct carrier_map map; /* carrier → partition */
	uint8_t partitions, tariffs;
	/* Of each tariff. */
	uint8_t provider[TARIFFS_MAX];		    /* index in the configuration */
	int64_t price[TARIFFS_MAX];		    /* VND per part */
	struct route_choice choice[PARTITIONS_MAX]; /* of each partition */
};
/* ERR_REFUSED when nobody is served, or the route has too many tariffs. */
MUST_CHECK enum err route_plan_make(const struct config *c, struct route_plan *out,
				    struct err_ctx *e);

/* The first provider of the route that is no sandbox, or that is one; NULL = none. */
const struct provider_config *route_plan_find(const struct route_plan *route,
					      const struct config *c, bool is_sandbox);

/*
 * VND per part of the partition: what is expected (of an order the first, of shares their mean,
 * rounded up), the least and the most that one of its providers asks for.
 */
struct route_price {
	int64_t expected, least, most;
};
struct route_price route_plan_price(const struct route_plan *route, unsigned p);

/* "0011-…": a partition a carrier, as runs keep it. */
void route_plan_map(const struct route_plan *route, char out[CARRIERS_MAX + 1]);
/* The providers of its tariffs, with commas between. */
void route_plan_lanes(const struct route_plan *route, const struct config *c, struct buf *out);
/*
 * Which carriers, at which price, by which providers, until when receipts may come: fields of the
 * run.
 */
void route_plan_add(const struct route_plan *route, const struct config *c, struct argv *a);
