/* SPDX-License-Identifier: MIT */
/*
 * When somebody who waits is told how far it is: from a second on, four times a second at most. A
 * short answer so stays one answer. Pure: the caller has the clock (clock_mono_ms).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SAID_FROM_MS 1000
#define SAID_EVERY_MS 250

struct said {
	int64_t next_ms;
};
/* The waiting begins. */
void said_begin(struct said *s, int64_t now_ms);
/* True: now it is said, and not again at once. */
bool said_is_due(struct said *s, int64_t now_ms);
