/* SPDX-License-Identifier: MIT */
/* Turns the loop of the test's own `fx` until a condition holds; fails the test after 60 s. */
#pragma once

#include "base/clock.h"
#include "base/loop.h"

#define TURN_UNTIL(cond)                                    \
	do {                                                \
		int64_t end_ms = clock_mono_ms() + 60000;   \
		while (!(cond) && clock_mono_ms() < end_ms) \
			loop_turn(fx.loop, 20);             \
		assert_true(cond);                          \
	} while (0)
