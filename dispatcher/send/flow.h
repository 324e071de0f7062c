/* SPDX-License-Identifier: MIT */
/*
 * How many requests of a lane this process has under way, from the asking to the answer: as many as
 * the pace needs at the gateway's latency (Little's law: rate × time = requests under way), with some
 * to spare. A gateway that answers in 20 ms and one that answers in 500 ms both fill their limit, and
 * of one that stops to answer no more is in doubt than it usually has under way.
 *
 * Grown by answers only, when it was what held up the pace: at once to what this answer's time needs.
 * Shrinks slowly. The lane's `concurrency` bounds all processes together (dispatcher/lua/limits.lua);
 * this never allows more. Pure: the clock is an argument.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct flow {
	double window;	     /* requests that may be under way */
	double mean_cost;    /* of a request, in what the rate counts; 0 = none was sent */
	double mean_us;	     /* from asking to the answer; 0 = none came */
	int64_t answered_us; /* when the last one came */
	bool is_full; /* since then a request had to wait for the window, and for nothing else */
};

/* rate: of the lane, a second. */
void flow_init(struct flow *f, double rate);
/* May one more be under way? most: the lane's bound. When only the window is in the way it will grow. */
bool flow_may(struct flow *f, unsigned under_way, unsigned most);
/* A request leaves. */
void flow_sent(struct flow *f, uint32_t cost);
/* Its answer came, or will not, so long after it was asked for. rate: as it is now. */
void flow_answered(struct flow *f, double rate, int64_t took_us, int64_t now_us);
