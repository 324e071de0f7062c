/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/said.h"

void
said_begin(struct said *s, int64_t now_ms)
{
	s->next_ms = now_ms + SAID_FROM_MS;
}

bool
said_is_due(struct said *s, int64_t now_ms)
{
	if (now_ms < s->next_ms)
		return false;
	s->next_ms = now_ms + SAID_EVERY_MS;
	return true;
}
