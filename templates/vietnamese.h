/* SPDX-License-Identifier: MIT */
/*
 * Unaccented ("plain") Vietnamese: any text into the GSM 7-bit alphabet without
 * silent loss. The 134 accented letters from NFC and NFD, đ, ₫, typographic
 * quotes, dashes, ellipsis and blanks; other Latin letters by decomposition.
 * What cannot be kept is left out and listed, never replaced by '?'; only
 * invisible characters (zero-width, direction marks, variation selectors; see
 * templates/invisible) go unsaid. Controls are listed, and a soft hyphen: in
 * TCVN3 text it is the letter ư. Pure; text that text_is_nfc_quick is walked
 * without an allocation but out's own.
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

/*
 * One character of an NFC text as plain_add has it; before is the one before it
 * (m² → m2, but 10² is no 102), 0 at the beginning. False, and out is unchanged:
 * it cannot be kept.
 */
bool plain_add_character(struct buf *out, uint32_t c, uint32_t before);
