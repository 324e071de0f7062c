/* SPDX-License-Identifier: MIT */
/*
 * Who will be too few for a gateway whose requests may not be small. Messages of such a partition are
 * kept until all of their string of records is there, and grouped by the same functions as when they
 * are sent (run/batch): so a preview counts exactly those that will leave. What nobody can know
 * before: who is suppressed, or answered "later", while it is sent, and how a canary divides its
 * string.
 *
 * Memory: a string of each partition at most, beside those that are grouped and not yet counted.
 * A partition that another provider may serve, too, is looked at as its first one's.
 */
#pragma once

#include "dispatcher/campaign/preview_inside.h"
#include "dispatcher/campaign/route_plan.h"

/* Messages of one string of one partition; those that are too few have the reason TOO_FEW. */
struct tail_string {
	struct tail_string *next;
	unsigned partition;
	uint32_t index;	       /* of the string */
	struct shown *shown;   /* [count], by rank */
	size_t count, counted; /* counted: the caller's */
	struct arena memory;
};

struct tails {
	const struct config *config;
	const struct route_plan *route;
	int64_t unit, speed; /* of the campaign */
	struct tail_string *open[PARTITIONS_MAX];
	struct tail_string *grouped, **grouped_end; /* in the order in which they were full */
	/* By provider: messages that are too few, and in how many groups. */
	struct tails_sum {
		uint64_t messages, groups;
	} sum[PROVIDERS_MAX];
};

void tails_init(struct tails *t, const struct config *c, const struct route_plan *route,
		int64_t unit, int64_t speed);
void tails_clear(struct tails *t);
/* Must its messages be kept until their string is complete? */
bool tails_wants(const struct tails *t, unsigned partition);
/* By rank, ascending. Copied with its text and what it is about. */
void tails_add(struct tails *t, unsigned partition, const struct shown *m);
/* There are no more: what is there is grouped. */
void tails_close(struct tails *t);
/* The first of t->grouped was counted. */
void tails_pop(struct tails *t);
