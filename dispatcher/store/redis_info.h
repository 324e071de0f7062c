/* SPDX-License-Identifier: MIT */
/* What Redis says of itself (INFO). */
#pragma once

#include <string.h>

#include "base/buf.h"

/* The value of a line "name:value"; empty when there is none. */
static inline struct slice
redis_info(struct slice info, const char *name)
{
	size_t n = strlen(name);

	while (info.n > 0) {
		struct slice line = slice_take_until(&info, '\n');

		if (line.n > n && memcmp(line.p, name, n) == 0 && line.p[n] == ':')
			return slice_trim((struct slice){line.p + n + 1, line.n - n - 1});
	}
	return (struct slice){NULL, 0};
}
