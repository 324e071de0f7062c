/* SPDX-License-Identifier: MIT */
/*
 * Crash points: places between two effects at which a test may kill the process,
 * as `kill -9` would, to see that nothing is lost and nothing doubled whatever
 * the moment. They are in the shipped program, so that it is the one tested;
 * without these two variables of the environment they do nothing:
 *
 *   LOA_CRASH_AT=permit.ask:2    die when that point is passed the second time
 *   LOA_CRASH_TRACE=FILE         append the name of each point passed, a line each
 */
#pragma once

#include <stdbool.h>

/* Is one of the variables set? Then callers may go a longer way round to pass more points. */
bool crash_is_watched(void);
/* The point "name.when". */
void crash_point(const char *name, const char *when);
/*
 * First thing in a forked process that has closed what it inherited: the trace is opened again,
 * and its own passings are counted from the start. What dies at a point is this process alone.
 */
void crash_forked(void);
