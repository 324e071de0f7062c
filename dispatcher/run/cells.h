/* SPDX-License-Identifier: MIT */
/*
 * Cells of a table that goes to a spreadsheet: RFC 4180 with commas, formulas
 * defused, phones masked. Pure.
 */
#pragma once

#include "base/buf.h"

/*
 * Would a spreadsheet read it as a formula? It begins with = + - @, a tab, a
 * carriage return or a line feed; also behind apostrophes, so that taking one
 * apostrophe off such a cell always gives the text back.
 */
bool cells_is_formula(struct slice text);
/* Append the cell, in quotes where it needs them; before a formula stands an apostrophe. */
void cells_add_text(struct buf *out, struct slice text);
/* "0912***678", or "0912345678" in full; nothing for phone 0. phone = 84912345678. */
void cells_add_phone(struct buf *out, uint64_t phone, bool is_full);
