/* SPDX-License-Identifier: MIT */
/*
 * Reading a whole column of texts at once, 16 bytes a step: folding, searching,
 * and dates. What does not fit the short cuts is left to segments/value; nothing
 * here decides what a query means.
 */
#pragma once

#include <endian.h>

#include "base/buf.h"

#define SCAN_MARGIN 16u /* bytes that scan_fold reads and writes beyond the text */

/*
 * Fold n bytes of concatenated texts, each byte in its place. in has 2 zero bytes in front
 * and SCAN_MARGIN behind it, out has room for n + SCAN_MARGIN. False: something is there
 * that does not fold byte by byte (another script, marks apart, malformed bytes); out is
 * then of no use. A text that begins inside a character is for the caller to find.
 */
bool scan_fold(const uint8_t *in, size_t n, uint8_t *out);

/*
 * What scan_fold made, without accents: each letter becomes its base, one byte. Returns how
 * many bytes went to out (room for n), or SIZE_MAX: a letter has no such base.
 */
size_t scan_bare(const uint8_t *folded, size_t n, char *out);

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

/* "yyyy-mm-dd" of 10 bytes → yyyymmdd if there is such a day, else 0. Here, for it is asked of each row. */
static inline int32_t
scan_date(const char *p)
{
	static const uint8_t days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned tens = (uint8_t)p[8] - (unsigned)'0', ones = (uint8_t)p[9] - (unsigned)'0';
	uint32_t year, month, day = tens * 10 + ones;
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	v = le64toh(v) ^ UINT64_C(0x2d30302d30303030); /* "0000-00-": digits are 0..9, strokes 0 */
	if (((((v & UINT64_C(0x7f7f7f7f7f7f7f7f)) + UINT64_C(0x7f76767f76767676)) | v) &
	     UINT64_C(0x8080808080808080)) != 0 ||
	    tens > 9 || ones > 9)
		return 0;
	year = (uint32_t)((v & 15) * 1000 + (v >> 8 & 15) * 100 + (v >> 16 & 15) * 10 +
			  (v >> 24 & 15));
	month = (uint32_t)((v >> 40 & 15) * 10 + (v >> 48 & 15));
	if (year < 1000 || month - 1 > 11 || day - 1 >= days[month - 1])
		return 0;
	if (month == 2 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0)))
		return 0;
	return (int32_t)(year * 10000 + month * 100 + day);
}
