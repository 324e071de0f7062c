/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/volume_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SLOTS 65536u /* a power of two, four times as many as groups */

void
volume_table_init(struct volume_table *t)
{
	*t = (struct volume_table){.groups = xcalloc(VOLUME_GROUPS + 1, sizeof(*t->groups)),
				   .count = 1,
				   .slots = xcalloc(SLOTS, sizeof(*t->slots))};
	t->groups[0].key = xstrdup("");
	t->groups[0].label = xstrdup("");
}

void
volume_table_clear(struct volume_table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		free(t->groups[i].key);
		free(t->groups[i].label);
	}
	free(t->groups);
	free(t->slots);
	*t = (struct volume_table){0};
}

enum err
volume_table_get(struct volume_table *t, struct slice key, struct slice label, uint32_t *out,
		 struct err_ctx *e)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < key.n; i++)
		h = (h ^ (uint8_t)key.p[i]) * 16777619u;
	for (h = (h ^ h >> 15) % SLOTS; t->slots[h] != 0; h = (h + 1) % SLOTS)
		if (slice_is(key, t->groups[t->slots[h] - 1].key)) {
			*out = t->slots[h] - 1;
			return ERR_OK;
		}
	if (t->count > VOLUME_GROUPS)
		return err_set(e, ERR_REFUSED, "report", "take another column",
			       "has more than %u different values", VOLUME_GROUPS);
	*out = (uint32_t)t->count++;
	t->slots[h] = *out + 1;
	t->groups[*out].key = xmemdup0(key.p, key.n);
	t->groups[*out].label = xmemdup0(label.p, label.n);
	return ERR_OK;
}
