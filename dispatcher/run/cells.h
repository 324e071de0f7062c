/* SPDX-License-Identifier: MIT */
/*
 * Cells of a table that goes to a spreadsheet: RFC 4180 with commas, formulas
 * defused, phones masked. Pure.
 */
#pragma once

#include "base/buf.h"
#include "segments/block.h"

/* Append the cell, in quotes where it needs them; before a formula (csv_is_formula) stands an apostrophe. */
void cells_add_text(struct buf *out, struct slice text);
/* What is not shown but in full: of a column of personal numbers, sensitive, or a phone. */
bool cells_is_personal(const struct column *c, struct slice text);
/* "0912***678", or "0912345678" in full; nothing for phone 0. phone = 84912345678. */
void cells_add_phone(struct buf *out, uint64_t phone, bool is_full);

/*
 * The cell of a list as people may see it. In full, or: the phone with stars, "***" for a
 * personal number, a sensitive value, and any text that is a phone. The answer is the cell, or
 * in scratch.
 */
struct cells_view {
	const struct schema *schema;
	bool is_full;
	struct buf scratch; /* whoever has the view frees it */
};
struct slice cells_show(struct cells_view *v, uint32_t column, struct slice cell, uint64_t phone);
