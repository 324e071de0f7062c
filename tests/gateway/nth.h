/* SPDX-License-Identifier: MIT */
/* --fault-in, --fault: one request, counted from now on, is misbehaved to. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "tests/gateway/moods.h"

struct nth_fault {
	const char *name;
	enum fault fault;
	bool is_after; /* acceptance */
};

/* Behind the last one: NULL. */
const struct nth_fault *nth_at(size_t i);
