/* SPDX-License-Identifier: MIT */
#include "dispatcher/store/record.h"

const char *
record_state_name(enum record_state s)
{
	switch (s) {
#define X(name, number, text) \
	case RECORD_##name:   \
		return text;
		RECORD_STATES(X)
#undef X
	case RECORD_STATE_COUNT:
		break;
	}
	return "?";
}

const char *
record_reason_text(uint8_t reason)
{
#define X(name, number, text) \
	if (reason == number) \
		return text;
	RECORD_REASONS(X)
#undef X
	return "?";
}
