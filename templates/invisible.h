/* SPDX-License-Identifier: MIT */
/*
 * Characters that nobody sees, or takes for a blank: zero-width spaces and
 * joiners, marks of direction, soft hyphen, byte order mark, separators, tags,
 * no-break and other wide or narrow blanks, tab, controls. They come along with
 * a copy from a web page or an office file; one of them makes a whole text
 * Unicode. They are found and named; whether they go is the author's choice.
 * After Unicode's Default_Ignorable_Code_Point, White_Space and Cc. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct invisible {
	uint32_t code_point;
	uint32_t at; /* code points before it */
};

/* What it is called ("zero-width space"); NULL = it is seen, or is the blank or a line end. */
const char *invisible_name(uint32_t code_point);
/* What stands in for it: "" (nothing), " " or "\n"; NULL = it is not one of these. */
const char *invisible_replacement(uint32_t code_point);
/* The first max of them go to found; returns how many there are in all. */
size_t invisible_find(struct slice text, struct invisible *found, size_t max);
/*
 * Append well-formed UTF-8 without them: blanks become the blank, separators a
 * line end, the rest goes. Joiners and variation selectors stay where they shape
 * what stands before them: emoji, and letters beyond Latin (as in Khmer). The
 * result may no longer be in NFC.
 */
void invisible_clean(struct buf *out, struct slice text);
