/* SPDX-License-Identifier: MIT */
/* The network of a number, guessed by its prefix: numbers may have been ported. */
#pragma once

#include "tests/gateway/bytes.h"

struct network {
	int id; /* as eSMS.vn counts them: 1 Viettel … 7 Reddi */
	const char *name;
};

/* to is a good number, 849…; id 0 and "" for prefixes of nobody. */
struct network network_of(struct text to);
