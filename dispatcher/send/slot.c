/* SPDX-License-Identifier: MIT */
/* Slots are dated by Redis's clock; bytes leave by ours. See struct slot_clock. */
#include "base/clock.h"
#include "dispatcher/send/lane.h"

#define SPAN_US 5000000
#define LAG_MAX_US 20000 /* or twice the usual round trip, but … */
/* … no more than this: a slot behind it could never be used before its permit is too old. */
#define LAG_CEILING_US (PERMIT_AGE_US / 4 * 3)
#define WEIGHT 64   /* of what was known against a new round trip */
#define SHRINK 2000 /* the lag shrinks by one part in so many of the time that passes */

/*
 * A permit ran after it was asked for, so "Redis's now minus asked" is never
 * less than the true difference of the clocks, and hardly more when nothing
 * stood before it: the least of some seconds is the best guess, and a step of
 * either clock is forgotten as quickly.
 */
static int64_t
clocks_apart(struct slot_clock *c, int64_t asked_us, int64_t redis_now_us)
{
	int64_t ahead = redis_now_us - asked_us;

	if (c->span_from_us == 0 || asked_us - c->span_from_us > 2 * SPAN_US) {
		c->ahead_us[0] = c->ahead_us[1] = ahead;
		c->span_from_us = asked_us;
	} else if (asked_us - c->span_from_us > SPAN_US) {
		c->ahead_us[1] = c->ahead_us[0];
		c->ahead_us[0] = ahead;
		c->span_from_us = asked_us;
	} else if (ahead < c->ahead_us[0]) {
		c->ahead_us[0] = ahead;
	}
	return c->ahead_us[0] < c->ahead_us[1] ? c->ahead_us[0] : c->ahead_us[1];
}

/* The longest round trip of some seconds, as far as it is no accident. */
static void
learn_lag(struct slot_clock *c, int64_t rtt_us, int64_t now_us, bool is_new_span)
{
	int64_t shrink = (now_us - c->lag_at_us) / SHRINK;
	int64_t max, target;

	c->mean_us += c->lag_at_us == 0 ? rtt_us : (rtt_us - c->mean_us) / WEIGHT;
	max = 2 * c->mean_us > LAG_MAX_US ? 2 * c->mean_us : LAG_MAX_US;
	max = max < LAG_CEILING_US ? max : LAG_CEILING_US;
	rtt_us = rtt_us < max ? rtt_us : max;
	if (is_new_span) {
		c->longest_us[1] = c->longest_us[0];
		c->longest_us[0] = rtt_us;
	} else if (rtt_us > c->longest_us[0]) {
		c->longest_us[0] = rtt_us;
	}
	target = c->longest_us[0] > c->longest_us[1] ? c->longest_us[0] : c->longest_us[1];
	if (target > c->lag_us)
		c->lag_us = target;
	else
		c->lag_us -= shrink < c->lag_us - target ? shrink : c->lag_us - target;
	c->lag_at_us = now_us;
}

int64_t
slot_local_us(struct slot_clock *c, int64_t asked_us, int64_t slot_us, int64_t redis_now_us)
{
	int64_t now = clock_mono_us();
	int64_t span = c->span_from_us;
	int64_t apart = clocks_apart(c, asked_us, redis_now_us);

	learn_lag(c, now - asked_us, now, span != c->span_from_us);
	return slot_us - apart + c->lag_us;
}

/*
 * A slot lies some milliseconds ahead. One that is farther away than a permit may age is dated by a
 * clock of Redis that was set forward since the clocks were compared.
 */
bool
slot_is_usable(struct slot_clock *c, int64_t slot_us)
{
	if (slot_us - clock_mono_us() <= PERMIT_AGE_US)
		return true;
	c->span_from_us = 0;
	return false;
}
