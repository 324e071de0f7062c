/* SPDX-License-Identifier: MIT */
/* What a gateway knows again, and how much may be in doubt with one that knows nothing again. */
#pragma once

#include "dispatcher/config.h"
#include "providers/provider.h"

#define PERMIT_AGE_US 200000 /* bytes never leave under an older permit */

/* So long may a request be repeated by itself, from its first mark; 0 = never. */
int64_t provider_dedupe_ms(const struct provider_config *p);
/*
 * No more messages than these are on the wire at once where none is repeated by itself: a second
 * of the rate, if nothing is said; 0 = no bound.
 */
int64_t provider_doubt_cap(const struct provider_config *p);
/* Its driver's, but no request is larger than agreed on, nor than that bound, if its smallest batch is not. */
struct capability provider_batches(const struct provider_config *p);
