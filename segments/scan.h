/* SPDX-License-Identifier: MIT */
/*
 * Reading a whole column of texts at once, 16 bytes a step: folding, searching,
 * and dates. What does not fit the short cuts is left to segments/value; nothing
 * here decides what a query means.
 */
#pragma once

#include "base/buf.h"

#define SCAN_MARGIN 16u /* bytes that scan_fold reads and writes beyond the text */

/*
 * Fold n bytes of concatenated texts, each byte in its place. in has 2 zero bytes in front
 * and SCAN_MARGIN behind it, out has room for n + SCAN_MARGIN. False: something is there
 * that does not fold byte by byte (another script, marks apart, malformed bytes); out is
 * then of no use. A text that begins inside a character is for the caller to find.
 */
bool scan_fold(const uint8_t *in, size_t n, uint8_t *out);

/* What is searched for, and the two of its bytes that are looked at first. */
struct scan_needle {
	struct slice text; /* 1 byte or more */
	size_t first, second;
};
struct scan_needle scan_needle(struct slice text);
/*
 * Where it stands in text[0..n), from `from` on, or n. SCAN_MARGIN bytes behind the text
 * can be read.
 */
size_t scan_find(const uint8_t *text, size_t n, size_t from, const struct scan_needle *needle);

/* "yyyy-mm-dd" of 10 bytes → yyyymmdd if there is such a day, else 0. */
int32_t scan_date(const char *p);
