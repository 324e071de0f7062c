/* SPDX-License-Identifier: MIT */
/*
 * Lua libraries of other releases on the same Redis. Each process says with its
 * heartbeat which one it uses (`loa:libraries`); one that nobody has used for a
 * day is deleted. A process that comes back later all the same loads its own again.
 */
#pragma once

#include "dispatcher/store/engine.h"

/* Look once. Fire and forget: what cannot be read or deleted is left for the next time. */
void old_library_sweep(struct engine *e);
