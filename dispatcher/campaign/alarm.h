/* SPDX-License-Identifier: MIT */
/*
 * Scheduled campaigns: given a time, and fired when it has come. Work of the
 * role `schedule`; several processes may do it at once, on Redis's clock.
 *
 *   draft, missed ──schedule──▶ scheduled ──due──▶ running
 *         ▲                        │ │
 *         └──────unschedule────────┘ └─▶ missed
 *
 * The invariant: the Lua step that launches compares state and time, so one
 * date fires once whatever processes die or come back. Missed is what nobody
 * fired within an hour of its time, or what could not be launched then; the
 * campaign's `problem` says which, and only a person launches it.
 *
 * One with a schedule (campaign/series.h) goes round: the same step that fires or
 * gives up an occurrence gives it the next one, so each is fired once.
 *
 *   scheduled ──due──▶ running ──its run ends──▶ scheduled … ──no further occurrence──▶ finished
 *
 * What comes due while the run before it goes on waits for its end.
 */
#pragma once

#include "dispatcher/campaign/campaign.h"

/* The first moment from at_s on (unix time) that lies in the hours of the class. */
int64_t class_opens_s(const struct class_policy *c, int64_t at_s);

/*
 * A draft, one that was missed, or one with another time gets this one; it must be
 * launchable as it is now. due_s 0: the next occurrence of its schedule. sends_from_s: when its class
 * lets the first message leave; outlook: as of series_outlook, or the warnings alone.
 */
struct scheduled {
	int64_t due_s, sends_from_s;
	json_t *outlook; /* borrowed */
};
typedef void (*campaign_scheduled_cb)(void *arg, const struct scheduled *s,
				      const struct err_ctx *e);
void campaign_schedule(struct engine *e, const struct config *c, const char *id_or_name,
		       int64_t due_s, campaign_scheduled_cb cb, void *arg);

struct alarm;
struct alarm *alarm_new(struct loop *l, struct engine *e, const struct config *c);
void alarm_free(struct alarm *a);
void alarm_set_config(struct alarm *a, const struct config *c);
/* Redis is there: look what is due. */
void alarm_open(struct alarm *a);
void alarm_shut(struct alarm *a);
/* Something changed in Redis: look soon. */
void alarm_wake(struct alarm *a);
