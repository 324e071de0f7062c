/* SPDX-License-Identifier: MIT */
/*
 * Are phones suppressed for a run's class and unit? Asked of Redis in windows
 * of at most 512 phones, few at a time; where nobody is suppressed after one.
 * The answer holds as of an epoch: permit refuses who has not looked since.
 */
#pragma once

#include "base/err.h"
#include "dispatcher/store/engine.h"

#define SUPPRESSED_WINDOW 512u

struct suppressed_query {
	const char *class; /* of the run */
	uint64_t unit;	   /* of the run */
	const uint64_t *phones;
	size_t count; /* 0: only the epoch is asked for */
};

struct suppressed_answer {
	int64_t epoch;		/* all of it was looked at at this one or later */
	const uint8_t *reasons; /* [count] enum record_reason, 0 = may be written to; NULL = all */
};

/* cb runs once, never before this returns; a NULL = could not be asked, e says why. */
typedef void (*suppressed_cb)(void *arg, const struct suppressed_answer *a,
			      const struct err_ctx *e);
/* Everything in q is copied. */
void suppressed_check(struct engine *e, const struct suppressed_query *q, suppressed_cb cb,
		      void *arg);
