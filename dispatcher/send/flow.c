/* SPDX-License-Identifier: MIT */
#include "dispatcher/send/flow.h"

#define SLACK 1.5	   /* of what the mean time needs */
#define SPARE 4.0	   /* and so many more */
#define START_US 500000.0  /* a gateway is taken to need so long until it has answered */
#define WEIGHT 16.0	   /* of what was known against a new answer */
#define SHRINK_US 10000000 /* in so long it loses what it has too many */

static double
needed(const struct flow *f, double rate, double took_us)
{
	double cost = f->mean_cost > 0 ? f->mean_cost : 1;

	return SPARE + SLACK * rate / cost * took_us / 1000000;
}

void
flow_init(struct flow *f, double rate)
{
	*f = (struct flow){0};
	f->window = needed(f, rate, START_US);
}

bool
flow_may(struct flow *f, unsigned under_way, unsigned most)
{
	if (under_way >= most)
		return false;
	if (under_way < f->window)
		return true;
	f->is_full = true;
	return false;
}

void
flow_sent(struct flow *f, uint32_t cost)
{
	f->mean_cost += f->mean_cost <= 0 ? cost : (cost - f->mean_cost) / WEIGHT;
}

void
flow_answered(struct flow *f, double rate, int64_t took_us, int64_t now_us)
{
	int64_t since = f->answered_us == 0 ? 0 : now_us - f->answered_us;
	double need, grown;

	f->mean_us += f->mean_us <= 0 ? (double)took_us : ((double)took_us - f->mean_us) / WEIGHT;
	need = needed(f, rate, f->mean_us);
	grown = needed(f, rate, took_us > f->mean_us ? (double)took_us : f->mean_us);
	if (f->is_full)
		f->window = grown > f->window + 1 ? grown : f->window + 1;
	else if (need < f->window)
		f->window -=
			(f->window - need) * (since < SHRINK_US ? (double)since / SHRINK_US : 1);
	f->answered_us = now_us;
	f->is_full = false;
}
