/* SPDX-License-Identifier: MIT */
#include "templates/invisible.h"

#include "base/mem.h"
#include "base/text.h"

struct row {
	uint32_t from, to; /* code points, both ends */
	const char *name;
	const char *replacement;
	bool is_shaping; /* may belong to what stands before it */
};

/* In order. Unassigned code points that Unicode reserves for such characters are in their ranges. */
static const struct row rows[] = {
	{0x00, 0x08, "control character", "", false},
	{0x09, 0x09, "tab", " ", false},
	{0x0B, 0x0B, "vertical tab", "\n", false},
	{0x0E, 0x1F, "control character", "", false},
	{0x7F, 0x84, "control character", "", false},
	{0x85, 0x85, "next line", "\n", false},
	{0x86, 0x9F, "control character", "", false},
	{0xA0, 0xA0, "no-break space", " ", false},
	{0xAD, 0xAD, "soft hyphen", "", false},
	{0x34F, 0x34F, "combining grapheme joiner", "", true},
	{0x61C, 0x61C, "Arabic letter mark", "", false},
	{0x115F, 0x1160, "Hangul filler", "", true},
	{0x1680, 0x1680, "Ogham space", " ", false},
	{0x17B4, 0x17B5, "Khmer inherent vowel", "", true},
	{0x180B, 0x180D, "variation selector", "", true},
	{0x180E, 0x180E, "Mongolian vowel separator", "", true},
	{0x180F, 0x180F, "variation selector", "", true},
	{0x2000, 0x200A, "wide or narrow space", " ", false},
	{0x200B, 0x200B, "zero-width space", "", false},
	{0x200C, 0x200C, "zero-width non-joiner", "", true},
	{0x200D, 0x200D, "zero-width joiner", "", true},
	{0x200E, 0x200F, "direction mark", "", false},
	{0x2028, 0x2028, "line separator", "\n", false},
	{0x2029, 0x2029, "paragraph separator", "\n", false},
	{0x202A, 0x202E, "direction mark", "", false},
	{0x202F, 0x202F, "narrow no-break space", " ", false},
	{0x205F, 0x205F, "wide or narrow space", " ", false},
	{0x2060, 0x2060, "word joiner", "", false},
	{0x2061, 0x2065, "invisible operator", "", false},
	{0x2066, 0x2069, "direction mark", "", false},
	{0x206A, 0x206F, "format character", "", false},
	{0x2800, 0x2800, "empty Braille cell", " ", false},
	{0x3000, 0x3000, "ideographic space", " ", false},
	{0x3164, 0x3164, "Hangul filler", "", true},
	{0xFE00, 0xFE0F, "variation selector", "", true},
	{0xFEFF, 0xFEFF, "byte order mark", "", false},
	{0xFFA0, 0xFFA0, "Hangul filler", "", true},
	{0xFFF0, 0xFFFB, "format character", "", false},
	{0x1BCA0, 0x1BCA3, "format character", "", true},
	{0x1D173, 0x1D17A, "format character", "", true},
	{0xE0000, 0xE00FF, "tag character", "", false},
	{0xE0100, 0xE01EF, "variation selector", "", true},
	{0xE01F0, 0xE0FFF, "tag character", "", false},
};

static const struct row *
find_row(uint32_t c)
{
	size_t low = 0, high = ARRAY_LEN(rows);

	if (c >= 0x20 && c < 0x7F)
		return NULL;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c < rows[mid].from)
			high = mid;
		else if (c > rows[mid].to)
			low = mid + 1;
		else
			return &rows[mid];
	}
	return NULL;
}

const char *
invisible_name(uint32_t c)
{
	const struct row *r = find_row(c);

	return r == NULL ? NULL : r->name;
}

const char *
invisible_replacement(uint32_t c)
{
	const struct row *r = find_row(c);

	return r == NULL ? NULL : r->replacement;
}

size_t
invisible_find(struct slice text, struct invisible *found, size_t max)
{
	size_t count = 0;

	for (uint32_t at = 0; text.n > 0; at++) {
		int32_t c = text_next(&text);

		if (c < 0 || find_row((uint32_t)c) == NULL)
			continue;
		if (count < max)
			found[count] = (struct invisible){(uint32_t)c, at};
		count++;
	}
	return count;
}

/* Emoji, and letters of scripts whose shapes depend on their neighbours. */
static bool
is_shaped(uint32_t c)
{
	return c >= 0x600 && !(c >= 0x1E00 && c <= 0x20CF) && find_row(c) == NULL;
}

void
invisible_clean(struct buf *out, struct slice text)
{
	uint32_t seen = 0;    /* the last that stayed */
	bool is_kept = false; /* what shapes it stayed too */

	while (text.n > 0) {
		int32_t c = text_next(&text);
		const struct row *r = c < 0 ? NULL : find_row((uint32_t)c);

		if (r == NULL || (r->is_shaping && (is_shaped(seen) || is_kept))) {
			text_add_code_point(out, c < 0 ? 0xFFFD : c);
			is_kept = r != NULL;
			seen = (uint32_t)c;
		} else {
			buf_adds(out, r->replacement);
			seen = r->replacement[0] == '\0' ? seen : ' ';
			is_kept = is_kept && r->replacement[0] == '\0';
		}
	}
}
