/* SPDX-License-Identifier: MIT */
/*
 * Freezing a run: its audience is evaluated slice by slice (64 blocks) ahead of
 * the cursor, so the first message leaves while the rest is still read. A slice
 * is written by one Lua call that takes it only in order and only once, so
 * several processes, or one that was killed, cannot write it twice.
 */
#pragma once

#include "dispatcher/run/view.h"

struct freeze;

/*
 * Begin, or go on where Redis says that it stopped. on_done runs once, never
 * before this returns: e NULL = the whole audience is frozen, or the run is over.
 */
typedef void (*freeze_cb)(void *arg, const struct err_ctx *e);
struct freeze *freeze_start(struct loop *l, struct engine *e, struct run_views *vs, uint64_t run,
			    freeze_cb on_done, void *arg);
/* Stop without calling back. */
void freeze_cancel(struct freeze *f);
