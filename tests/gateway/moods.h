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
	/* from here on the numbers of eSMS.vn */
	CODE_ESMS_BLOCKED = 99,
	CODE_ESMS_KEYS = 101,
	CODE_ESMS_BALANCE = 103,
	CODE_ESMS_BRAND = 104,
	CODE_ESMS_NO_SMSID = 105,
	CODE_ESMS_TOO_FEW = 107,
	CODE_ESMS_PHONE = 108,
	CODE_ESMS_TYPE = 118,
	CODE_ESMS_TOO_MANY = 120,
	CODE_ESMS_TEMPLATE = 146,
	CODE_ESMS_PROCESSING = 199,
	CODE_ESMS_PAYLOAD = 210,
	CODE_ESMS_NO_TYPE = 300,
	CODE_ESMS_NO_ID = 851,
	CODE_ESMS_NO_JSON = 1000, /* {"error":"Invalid request"} */
	CODE_ESMS_TWICE = 1001,	  /* a number that stands in the list already; only in the ledger */
};

/* What became of a message. */
struct verdict {
	enum code code;
	uint64_t id; /* 0 = none */
};

enum fault {
	FAULT_NONE,
	FAULT_RESET,
	FAULT_FIN,
	FAULT_HTML502,
	FAULT_HALF,
	FAULT_GARBAGE,
	FAULT_HANG,
	FAULT_HTTP500,
	FAULT_GONE,
	FAULT_THROTTLE,
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
