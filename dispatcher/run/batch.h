/* SPDX-License-Identifier: MIT */
/*
 * How the members of a chunk that can be sent are grouped into requests: as the
 * driver's capability allows, within what one request may cost, and so that no
 * rest is left that is too small to be a request, if that can be helped. Pure.
 */
#pragma once

#include "dispatcher/config.h"
#include "dispatcher/run/chunk.h"
#include "providers/provider.h"

struct batching {
	const struct capability *cap;
	uint32_t most; /* messages in a request; cap->batch_max, or what the partner agreed on */
	double rate;   /* contracted, per second, in what cap->counts says */
	struct chunk *chunk;
	const struct limit *limits; /* [limit_count] others that apply */
	size_t limit_count;
};

/*
 * May a request of it not be small? Then those who go together must meet: with equal texts, or all
 * that are left beside those who may not be sent to. Its chunks are whole strings of records.
 */
static inline bool
batch_needs_strings(const struct capability *cap)
{
	return cap->batch_min > 1;
}

/* Those that apply beside the contracted rate; limits has room for LIMITS_MAX. Returns how many. */
size_t batch_limits(const struct config *c, const struct provider_config *p, int64_t unit,
		    struct limit *limits);

/* Order ranks[count] (ascending) as batch_next wants them. */
void batch_sort(const struct batching *b, uint32_t *ranks, size_t count);
/*
 * The first n of ranks[count] are the next request, ascending; the others may be
 * reordered. Fewer than cap->batch_min: they cannot be sent.
 */
size_t batch_next(const struct batching *b, uint32_t *ranks, size_t count);
