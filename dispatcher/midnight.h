/* SPDX-License-Identifier: MIT */
/*
 * Midnight in Vietnam: what the configuration keeps for a day only, because it is
 * looked at too often to be found by its date each time, is made for the new day.
 * That is the numbering plan. All else that is dated (policy, calendar, carriers'
 * parts, brandnames) is asked by the day.
 *
 * Files are not read here: what stands in them is taken over by HUP, and only then.
 */
#pragma once

#include "base/loop.h"
#include "dispatcher/config.h"

/* Embedded in its owner. */
struct midnight {
	struct loop *loop;
	struct config *const *config; /* the owner's; HUP puts another one there */
	struct timer look;
};

void midnight_open(struct midnight *m, struct loop *l, struct config *const *config);
/* Also of one that was never opened. */
void midnight_shut(struct midnight *m);
