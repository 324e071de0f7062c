/* SPDX-License-Identifier: MIT */
/*
 * All runs of all campaigns that somebody may see, with what their campaigns say: the names are gone
 * through some hundred at a time, and of a campaign that recurs each of its runs is one.
 */
#pragma once

#include "dispatcher/store/engine.h"

struct launched_run {
	uint64_t run, unit;
	char *name, *goal, *event, *class;
};
void launched_runs_free(struct launched_run *runs, size_t count);

struct launched_callbacks {
	/* Is a campaign wanted? One of nobody's is not asked about. */
	bool (*is_wanted)(void *arg, uint64_t unit, struct slice goal, struct slice event);
	/*
	 * Once, never inside launched_load: runs[count] by number, ascending, the callback's
	 * (launched_runs_free); or e says why not.
	 */
	void (*on_done)(void *arg, struct launched_run *runs, size_t count,
			const struct err_ctx *e);
	void *arg;
};
void launched_load(struct engine *e, const struct launched_callbacks *cbs);
