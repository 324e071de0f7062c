/* SPDX-License-Identifier: MIT */
/*
 * The titles of a list's columns, as staff write them, become names for queries
 * and templates: a table of common Vietnamese titles ("Họ và tên", "SĐT"), for
 * the others accents off and blanks to '_'. Pure.
 */
#pragma once

#include "segments/block.h"

/*
 * Fill s from titles[count], clean cells in NFC, count ≤ COLUMNS_MAX. A name used
 * twice gets _2, _3 …; an empty title becomes "Cột N", cot_N. All types are TEXT;
 * s->phone is the column that looks most like mobile numbers, or -1.
 */
void headers_read(struct schema *s, const struct slice *titles, uint32_t count);

/* What the values of a column of that name should be, whatever they look like. */
enum header_hint { HINT_NONE, HINT_DATE, HINT_TEXT };
enum header_hint headers_hint(const char *name);
