/* SPDX-License-Identifier: MIT */
/* Cells of an import: cleaned text, and what it may be besides text. Pure. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

/* What cell_clean changed. Blanks at the ends are not worth telling. */
enum { CELL_WAS_CONTROL = 1, CELL_WAS_NOT_NFC = 2 };

/*
 * Append well-formed UTF-8 in NFC without blanks at the ends (of all kinds, also
 * no-break and zero-width ones); control characters become blanks. Returns what was changed.
 */
unsigned cell_clean(struct buf *out, struct slice raw);

enum date_kind { DATE_NONE, DATE_YEAR, DATE_DAY };
/*
 * d/m/yyyy, d-m-yyyy, d.m.yyyy, yyyy-m-d or yyyy, a day of the calendar in
 * 1800..2199 → "yyyy-mm-dd" or "yyyy" in out.
 */
enum date_kind cell_read_date(struct slice s, char out[11]);
/* ASCII digits in it. */
size_t cell_count_digits(struct slice s);
/* -12, 0, 3.25: at most 15 digits, no leading zero (that would be a code). */
bool cell_is_number(struct slice s);
