/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/dedupe.h"

#define DEDUPE_MARGIN_MS 2000

static const struct capability *
capability_of(const struct provider_config *p)
{
	return p->driver->capability(p->account);
}

int64_t
provider_dedupe_ms(const struct provider_config *p)
{
	const struct capability *cap = capability_of(p);
	int64_t ms = (int64_t)cap->dedupe_window_s * 1000 - PERMIT_AGE_US / 1000 - p->timeout_ms -
		     DEDUPE_MARGIN_MS;

	return cap->dedupe == DEDUPE_BY_REFERENCE && ms > 0 ? ms : 0;
}

int64_t
provider_doubt_cap(const struct provider_config *p)
{
	const struct capability *cap = capability_of(p);
	double second = p->rate * (cap->counts == COUNTS_REQUESTS ? p->batch_max : 1);

	if (provider_dedupe_ms(p) > 0)
		return 0;
	return p->doubt_cap > 0 ? p->doubt_cap : (int64_t)(second < 1 ? 1 : second);
}

struct capability
provider_batches(const struct provider_config *p)
{
	struct capability cap = *capability_of(p);
	int64_t most = provider_doubt_cap(p);

	cap.batch_max = p->batch_max;
	if (most > 0 && most < cap.batch_max)
		cap.batch_max = most < cap.batch_min ? cap.batch_min : (uint32_t)most;
	return cap;
}
