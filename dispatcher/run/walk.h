/* SPDX-License-Identifier: MIT */
/*
 * A walk over a run's audience in row order: every member with its record and
 * its row of the list. It goes slice by slice of the frontier: the bitmaps of
 * the partitions say which rows are in and count their ranks; the records of
 * those ranks and the blocks of those rows are read as they are needed. A
 * run that is still being frozen is walked as far as it is frozen.
 *
 * At most a slice's bitmaps and records and a few blocks are in memory, and a
 * loop turn visits at most 256 rows. Whoever visits may let it rest.
 */
#pragma once

#include "dispatcher/run/view.h"

struct walk_row {
	uint32_t row; /* in the list, from 0; of several, in them all (list_place) */
	unsigned p;
	uint32_t rank;
	struct record record;
	const struct block *block; /* row i of it; lives during the call */
	uint32_t i;
};

enum walk_go {
	WALK_ON,
	WALK_YIELD, /* goes on in the next turn */
	WALK_PAUSE, /* goes on after walk_resume */
	WALK_STOP,  /* on_done comes with ERR_CONFLICT */
};

struct walk_options {
	/*
	 * The list and the audience are known; rows come after walk_resume, which
	 * may be called in here. Not ERR_OK ends the walk with that error. *want, at
	 * first the people only, says what the rows' blocks are read of.
	 */
	enum err (*on_ready)(void *arg, const struct run_view *v, struct block_want *want,
			     struct err_ctx *e);
	enum walk_go (*on_row)(void *arg, const struct walk_row *r);
	/* Once, e NULL = all visited; the walk is gone then. Not inside walk_start. */
	void (*on_done)(void *arg, const struct err_ctx *e);
	void *arg;
};

struct walk;
struct walk *walk_start(struct loop *l, struct engine *e, struct run_views *vs, uint64_t run,
			const struct walk_options *o);
void walk_resume(struct walk *w);
/* Stop without calling back. Not from inside on_ready and on_row. */
void walk_cancel(struct walk *w);
