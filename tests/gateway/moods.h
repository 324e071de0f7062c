/* SPDX-License-Identifier: MIT */
/* --moods: the last four digits of a number decide what becomes of its message. */
#pragma once

#include "tests/gateway/receipts.h"

enum code {
	CODE_ACCEPTED = 0,
	CODE_NUMBER = 10,
	CODE_TEXT = 11,
	CODE_SENDER = 12,
	CODE_FAST = 20,
	CODE_TEMPORARY = 21,
	CODE_DUPLICATE = 30,
	CODE_KEY = 40,
};

enum fault {
	FAULT_NONE,
	FAULT_RESET,
	FAULT_FIN,
	FAULT_HTML502,
	FAULT_HALF,
	FAULT_GARBAGE,
	FAULT_HANG,
};

struct mood {
	const char *what;
	enum code always;   /* CODE_ACCEPTED = none */
	enum code at_first; /* the first time the number is seen */
	enum fault before;  /* of the whole request, nothing accepted; the first time only */
	enum fault after;   /* of the whole request, accepted */
	enum report reports[2];
	bool is_twice; /* the receipt comes twice */
	bool is_early; /* before the answer */
};

/* NULL = the number has no mood. to is a good number. */
const struct mood *mood_of(struct text to);
