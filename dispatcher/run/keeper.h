/* SPDX-License-Identifier: MIT */
/*
 * Keeps the runs moving: starts freezing those that are not frozen, puts back
 * what lost its owner (the reconciler), and declares a run finished when every
 * message is settled, or in doubt with no automatic step left. The work of the
 * role `schedule`; several processes may do it at once.
 */
#pragma once

#include "dispatcher/run/view.h"

struct keeper;
struct keeper *keeper_new(struct loop *l, struct engine *e, struct run_views *vs);
void keeper_free(struct keeper *k);
/* Redis is there: look at everything from the start. */
void keeper_open(struct keeper *k);
void keeper_shut(struct keeper *k);
/* Something changed in Redis: look soon. */
void keeper_wake(struct keeper *k);
