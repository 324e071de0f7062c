/* SPDX-License-Identifier: MIT */
/*
 * Why one person got a message of a run, or did not: the facts, found one after the other.
 *
 *   run → its lists, looked through for the phone → for each row: place in the audience, record, what
 *   its segments say of it, why it has no text → suppressions → what gateways said (the detail log)
 *   → doubt → what the run waits for → lists of now, where the phone was not in those of the run
 *
 * Brief, it ends with the records: for who goes through many runs. Nothing is changed.
 */
#pragma once

#include "dispatcher/config.h"
#include "dispatcher/run/explain_words.h"
#include "dispatcher/run/phone_find.h"
#include "dispatcher/run/view.h"

struct explain_wanted {
	uint64_t run, phone;
	bool is_brief;
	bool is_full; /* what sensitive columns say is told */
	const struct config *config;
	struct phone_find *find; /* borrowed; keeps what it has looked through */
	/* Of the campaign; copied. */
	const char *campaign, *class;
	const char *const *segments;
	size_t segment_count;
};

struct explain_callbacks {
	/* Of which scopes may be told what another unit's people have asked for? */
	bool (*sees_scope)(void *arg, struct slice scope);
	/* Of which units may lists be told that the run did not have? */
	bool (*sees_unit)(void *arg, uint64_t unit);
	/* Often; false: nobody waits any more, and it ends with an error. */
	bool (*on_progress)(void *arg, uint64_t done, uint64_t total);
	/* Once, never inside run_explain: r is the callback's (explain_run_free), or NULL and why. */
	void (*on_done)(void *arg, struct explain_run *r, const struct err_ctx *e);
	void *arg;
};
void run_explain(struct engine *e, const struct explain_wanted *w,
		 const struct explain_callbacks *cbs);
