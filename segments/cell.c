/* SPDX-License-Identifier: MIT */
#include "segments/cell.h"

#include <stdio.h>

#include "base/date.h"
#include "base/text.h"

#define YEAR_MIN 1800
#define YEAR_MAX 2199

static bool
is_control(int32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
}

static bool
is_blank(int32_t c)
{
	return c == ' ' || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200D) ||
	       c == 0x202F || c == 0x205F || c == 0x2060 || c == 0x3000 || c == 0xFEFF;
}

/*
 * U+0000..U+02FF and U+1E00..U+1EFF: all of Vietnamese as it is typed today. None
 * of them can change in NFC (NFC_Quick_Check is Yes, combining class 0), which
 * saves the long way for nearly every cell.
 */
static bool
is_surely_nfc(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t b = (uint8_t)s.p[i];

		if (b < 0xCC) /* ASCII, continuations, U+0080..U+02FF */
			continue;
		if (b != 0xE1 || i + 1 == s.n || (uint8_t)s.p[i + 1] < 0xB8 ||
		    (uint8_t)s.p[i + 1] > 0xBB)
			return false;
	}
	return true;
}

/* Nothing to trim, to replace or to compose: most cells, told by one look at their bytes. */
static bool
is_clean(struct slice s)
{
	if (s.n == 0 || s.p[0] == ' ' || s.p[s.n - 1] == ' ' || !is_surely_nfc(s))
		return s.n == 0;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t b = (uint8_t)s.p[i];

		if (b < 0x20 || b == 0x7F || b == 0xC2) /* C2: U+0080..U+00BF */
			return false;
	}
	return true;
}

/* The bytes of s between its first and its last character that is no blank. */
static struct slice
trim(struct slice s)
{
	struct slice rest = s;
	size_t begin = 0, end = 0;

	while (rest.n > 0) {
		size_t at = s.n - rest.n;
		int32_t c = text_next(&rest);

		if (is_blank(c) || is_control(c))
			continue;
		if (end == 0)
			begin = at;
		end = s.n - rest.n;
	}
	return (struct slice){end > begin ? s.p + begin : s.p, end - begin};
}

static bool
has_control(struct slice s)
{
	while (s.n > 0)
		if (is_control(text_next(&s)))
			return true;
	return false;
}

unsigned
cell_clean(struct buf *out, struct slice raw)
{
	struct buf visible = {0};
	size_t before = out->len;
	unsigned changed = 0;
	struct slice s;

	if (is_clean(raw)) {
		buf_add_slice(out, raw);
		return 0;
	}
	s = trim(raw);
	if (has_control(s)) {
		changed |= CELL_WAS_CONTROL;
		for (struct slice rest = s; rest.n > 0;) {
			int32_t c = text_next(&rest);

			text_add_code_point(&visible, is_control(c) ? ' ' : c);
		}
		s = buf_slice(&visible);
	}
	if (is_surely_nfc(s)) {
		buf_add_slice(out, s);
	} else if (text_add_nfc(out, s)) {
		struct slice nfc = {out->data + before, out->len - before};

		if (!slice_eq(nfc, s))
			changed |= CELL_WAS_NOT_NFC;
	}
	buf_free(&visible);
	return changed;
}

/* ---- dates ---- */

enum date_kind
cell_read_date(struct slice s, char out[11])
{
	struct date d;

	/* Most cells are none: what does not begin with a digit is not looked at. */
	if (s.n < 4 || s.p[0] < '0' || s.p[0] > '9' || !date_read(s, &d) || d.year < YEAR_MIN ||
	    d.year > YEAR_MAX || (d.month > 0 && d.day == 0))
		return DATE_NONE;
	if (d.month == 0) {
		snprintf(out, 11, "%04d", d.year);
		return DATE_YEAR;
	}
	snprintf(out, 11, "%04u-%02u-%02u", (unsigned)d.year % 10000, (unsigned)d.month % 100,
		 (unsigned)d.day % 100);
	return DATE_DAY;
}

bool
cell_is_number(struct slice s)
{
	size_t whole = 0, digits;

	if (s.n > 1 && s.p[0] == '-') {
		s.p++;
		s.n--;
	}
	while (whole < s.n && s.p[whole] >= '0' && s.p[whole] <= '9')
		whole++;
	if (whole == 0 || whole > 15 || (whole > 1 && s.p[0] == '0'))
		return false;
	if (whole == s.n)
		return true;
	if (s.p[whole] != '.')
		return false;
	digits = s.n - whole - 1;
	for (size_t i = whole + 1; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return digits > 0 && whole + digits <= 15;
}

size_t
cell_count_digits(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] >= '0' && s.p[i] <= '9';
	return n;
}
