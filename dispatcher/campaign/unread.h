/* SPDX-License-Identifier: MIT */
/*
 * Values that a filter of the template made nothing of: by filter and column how
 * many people are left out for it, with the first of them. An empty cell is none
 * of these. Pure.
 */
#pragma once

#include <stdint.h>

#include "base/json.h"

#define UNREAD_EXAMPLES 3
#define UNREAD_MAX 64 /* pairs of filter and column */

struct unread {
	struct unread_line {
		char filter[24], field[64];
		uint64_t count;
		struct {
			uint64_t row;	/* of the list, from 1 */
			char value[64]; /* "" = it is personal */
		} examples[UNREAD_EXAMPLES];
	} lines[UNREAD_MAX];
	size_t count;
};

struct unread_one {
	struct slice filter, field, value; /* value empty: not to be shown */
	uint64_t row;			   /* from 1 */
};
/* Beyond UNREAD_MAX pairs it is not noted. */
void unread_add(struct unread *u, const struct unread_one *one);
/* [{"filter", "field", "count", "reads", "examples": [{"row", "value"}]}], most first; the caller's. */
json_t *unread_json(const struct unread *u);
