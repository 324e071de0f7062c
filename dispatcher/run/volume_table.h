/* SPDX-License-Identifier: MIT */
/* The groups of a report over runs, found by their keys. Pure. */
#pragma once

#include "base/err.h"
#include "dispatcher/run/volume.h"

struct volume_table {
	struct volume_group *groups;
	size_t count;
	uint32_t *slots; /* group + 1; 0 = free */
};
/* With group 0, of all. */
void volume_table_init(struct volume_table *t);
void volume_table_clear(struct volume_table *t);
/* The number of a group; a new one is shown as label. ERR_REFUSED: there would be too many. */
MUST_CHECK enum err volume_table_get(struct volume_table *t, struct slice key, struct slice label,
				     uint32_t *out, struct err_ctx *e);
