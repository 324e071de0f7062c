/* SPDX-License-Identifier: MIT */
#include "dispatcher/store/record.h"

#include <ctype.h>

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

const char *
record_reason_name(uint8_t reason, char out[32])
{
	const char *upper = "?";
	size_t n = 0;

#define X(name, number, text) \
	if (reason == number) \
		upper = #name;
	RECORD_REASONS(X)
#undef X
	for (; upper[n] != '\0' && n < 31; n++)
		out[n] = upper[n] == '_' ? '-' : (char)tolower((unsigned char)upper[n]);
	out[n] = '\0';
	return out;
}

uint8_t
record_reason_find(const char *name)
{
	char one[32];

#define X(upper, number, text)                                  \
	if (strcmp(record_reason_name(number, one), name) == 0) \
		return number;
	RECORD_REASONS(X)
#undef X
	return 0;
}
