/* SPDX-License-Identifier: MIT */
#include "segments/merge_row.h"

static const char *const names[MERGE_MODES] = {
	[MERGE_REPLACE] = "replace",
	[MERGE_FILL] = "fill",
	[MERGE_OVERWRITE] = "overwrite",
	[MERGE_NEW] = "new",
};

const char *
merge_mode_name(enum merge_mode m)
{
	return names[m];
}

bool
merge_mode_read(struct slice name, enum merge_mode *out)
{
	for (size_t i = 0; i < MERGE_MODES; i++)
		if (slice_is(name, names[i])) {
			*out = (enum merge_mode)i;
			return true;
		}
	return false;
}

static bool
may_set(enum merge_mode m, bool is_empty, bool is_given, bool differs)
{
	return is_given && differs && (m == MERGE_OVERWRITE || (m == MERGE_FILL && is_empty));
}

enum merge_told
merge_told(enum merge_mode m, const struct schema *s, const struct list_row *row,
	   const struct list_row *from)
{
	enum merge_told told = MERGE_TOLD_SAME;

	for (uint32_t i = 0; i < s->count; i++) {
		struct slice old = row->cells[i], new = from->cells[i];

		if ((int)i == s->phone)
			continue;
		if (s->columns[i].is_sensitive)
			told = new.n > 0 ? MERGE_TOLD_NOT : told;
		else if (may_set(m, old.n == 0, new.n > 0, !slice_eq(old, new)))
			return MERGE_TOLD_CHANGED;
	}
	if (s->phone >= 0 &&
	    may_set(m, row->phone == 0, from->phone != 0, row->phone != from->phone))
		return MERGE_TOLD_CHANGED;
	return told;
}

bool
merge_row(enum merge_mode m, const struct schema *s, struct slice *cells, struct list_row *row,
	  const struct list_row *from)
{
	bool is_changed = false;

	for (uint32_t i = 0; i < s->count; i++) {
		struct slice new = from->cells[i];

		if ((int)i == s->phone ||
		    !may_set(m, cells[i].n == 0, new.n > 0, !slice_eq(cells[i], new)))
			continue;
		cells[i] = new;
		is_changed = true;
	}
	if (s->phone >= 0 &&
	    may_set(m, row->phone == 0, from->phone != 0, row->phone != from->phone)) {
		cells[s->phone] = from->cells[s->phone];
		row->phone = from->phone;
		row->carrier = from->carrier;
		is_changed = true;
	}
	return is_changed;
}
