/* SPDX-License-Identifier: MIT */
/*
 * Unaccented ("plain") Vietnamese: any text into the GSM 7-bit alphabet without
 * silent loss. The 134 accented letters from NFC and NFD, đ, ₫, typographic
 * quotes, dashes, ellipsis and blanks; other Latin letters by decomposition.
 * What cannot be kept is left out and listed, never replaced by '?'; only
 * invisible characters (zero-width, direction marks, variation selectors) go
 * unsaid. A soft hyphen is listed: in TCVN3 text it is the letter ư. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct plain_lost {
	uint32_t code_point;
	uint32_t at; /* code points before it in the NFC form of the input */
};

/*
 * Append the plain form of well-formed UTF-8. The first lost_max characters
 * that could not be kept go to lost; returns how many there were in all.
 */
size_t plain_add(struct buf *out, struct slice text, struct plain_lost *lost, size_t lost_max);
