/* SPDX-License-Identifier: MIT */
/*
 * Who serves the partitions of a run, as it is frozen: the run's field `routes`
 * (docs/FORMATS.md, "Route"), read by dispatcher/lua/route.lua too. Pure.
 */
#pragma once

#include "base/buf.h"
#include "dispatcher/route_config.h"
#include "dispatcher/store/record.h"

/* Of a partition. */
struct route_choice {
	enum route_kind kind;
	uint8_t count;
	uint8_t tariff[ROUTE_PROVIDERS_MAX]; /* the first is that of its own number */
	uint8_t share[ROUTE_PROVIDERS_MAX];  /* percent; of ROUTE_SHARE */
	uint32_t least;			     /* the smallest batch that all of them take */
};

/* Has a partition more than one provider? Otherwise a run has no such field. */
bool route_choices_differ(const struct route_choice *choices, unsigned partitions);
/* "order 1 0 3;share 1 1:70 4:30": of each partition kind, smallest batch, tariffs. */
void route_choices_add(const struct route_choice *choices, unsigned partitions, struct buf *out);
/* Nothing, or what cannot be read: each partition has the tariff of its number and no other. */
void route_choices_read(struct slice s, unsigned partitions,
			struct route_choice out[PARTITIONS_MAX]);
