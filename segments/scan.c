/* SPDX-License-Identifier: MIT */
/*
 * Vietnamese folds byte by byte in UTF-8: capital and small letter have equally
 * many bytes and differ in the last one. The letters that may occur are those of
 * fold_vietnamese in segments/value:
 *
 *   00..7F           A..Z: + 20
 *   C3 80..BF        80..9E: + 20; not 97 (×) and 9F (ß)
 *   C4 82 83 90 91 A8 A9, C5 A8 A9, C6 A0 A1: the even one + 1;  C6 AF: + 1, C6 B0
 *   E1 BA A0..BF, E1 BB 80..B9: the even one + 1
 */
#include "segments/scan.h"

typedef uint8_t bytes __attribute__((vector_size(16)));
typedef uint64_t words __attribute__((vector_size(16)));

static bytes
load(const uint8_t *p)
{
	bytes v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static bytes
all(uint8_t c)
{
	return (bytes){c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c};
}

static bool
any(bytes v)
{
	words w = (words)v;

	return (w[0] | w[1]) != 0;
}

/* FF where from <= v <= from + more, else 00. */
static bytes
is_within(bytes v, uint8_t from, uint8_t more)
{
	return (bytes)(v - all(from) <= all(more));
}

static bytes
is(bytes v, uint8_t c)
{
	return (bytes)(v == all(c));
}

/* c: the bytes, p1: the ones before them, p2: the ones before those. Bad bytes go into *bad. */
static bytes
fold_step(bytes c, bytes p1, bytes p2, bytes *bad)
{
	bytes after_c3 = is(p1, 0xc3), after_c4 = is(p1, 0xc4), after_c5 = is(p1, 0xc5),
	      after_c6 = is(p1, 0xc6), after_e1 = is(p1, 0xe1);
	bytes odd = c | all(1);
	bytes third = is(p2, 0xe1);
	bytes good_third = (is(p1, 0xba) & is_within(c, 0xa0, 0x1f)) |
			   (is(p1, 0xbb) & is_within(c, 0x80, 0x39));
	bytes pair = (after_c4 & (is(odd, 0x83) | is(odd, 0x91) | is(odd, 0xa9))) |
		     (after_c5 & is(odd, 0xa9)) | (after_c6 & is(odd, 0xa1));
	bytes u_horn = after_c6 & (is(c, 0xaf) | is(c, 0xb0));
	bytes latin = after_c3 & is_within(c, 0x80, 0x3f) & ~(is(c, 0x97) | is(c, 0x9f));
	bytes second = after_c3 | after_c4 | after_c5 | after_c6;
	bytes inside = second | after_e1 | third;
	bytes good = (second & (latin | pair | u_horn)) | (after_e1 & (is(c, 0xba) | is(c, 0xbb))) |
		     (third & good_third) |
		     (~inside & (is_within(c, 0x00, 0x7f) | is_within(c, 0xc3, 3) | is(c, 0xe1)));
	bytes plus_20 = (~inside & is_within(c, 'A', 25)) | (latin & is_within(c, 0x80, 0x1e));

	*bad |= ~good;
	return c + (plus_20 & all(0x20)) + ((pair | (third & good_third)) & (odd - c)) +
	       (after_c6 & is(c, 0xaf) & all(1));
}

bool
scan_fold(const uint8_t *in, size_t n, uint8_t *out)
{
	bytes bad = all(0);

	/* One byte beyond the end as well: a character that is cut off shows there. */
	for (size_t i = 0; i <= n; i += sizeof(bytes)) {
		bytes v = fold_step(load(in + i), load(in + i - 1), load(in + i - 2), &bad);

		memcpy(out + i, &v, sizeof(v));
	}
	return !any(bad);
}

/* The base of U+1EA1, U+1EA3 …, by where each vowel ends. */
static char
base_of_tone(uint32_t c)
{
	return c < 0x1eb8   ? 'a'
	       : c < 0x1ec8 ? 'e'
	       : c < 0x1ecc ? 'i'
	       : c < 0x1ee4 ? 'o'
	       : c < 0x1ef2 ? 'u'
			    : 'y';
}

size_t
scan_bare(const uint8_t *folded, size_t n, char *out)
{
	/* from U+00E0; '-' = none */
	static const char latin[] = "aaaaaa-ceeeeiiii-nooooo--uuuuy-y";
	size_t len = 0;

	for (size_t i = 0; i < n;) {
		uint8_t c = folded[i], next = i + 1 < n ? folded[i + 1] : 0;
		char base;

		if (c < 0x80) {
			out[len++] = (char)c;
			i++;
			continue;
		}
		if (c == 0xe1) {
			base = base_of_tone(0x1000u | (next & 0x3fu) << 6 |
					    (i + 2 < n ? folded[i + 2] & 0x3fu : 0));
			i += 3;
		} else {
			base = c == 0xc3      ? (next >= 0xa0 ? latin[next - 0xa0] : '-')
			       : c == 0xc4    ? (next == 0x83	? 'a'
						 : next == 0x91 ? 'd'
								: 'i')
			       : c == 0xc5    ? 'u'
			       : next == 0xa1 ? 'o'
					      : 'u';
			i += 2;
		}
		if (base == '-')
			return SIZE_MAX;
		out[len++] = base;
	}
	return len;
}

/* How telling a byte is in folded Vietnamese; leads and frequent letters are not. */
static unsigned
weight_of(uint8_t c)
{
	static const char frequent[] = " nhtigacuo";

	if (c >= 0xc0 || c == 0xba || c == 0xbb)
		return 0;
	if (c >= 0x80)
		return 3;
	return strchr(frequent, c) != NULL ? 1 : 2;
}

struct scan_needle
scan_needle(struct slice text)
{
	struct scan_needle s = {text, 0, text.n - 1};

	for (size_t i = 0; i < text.n; i++)
		if (weight_of((uint8_t)text.p[i]) > weight_of((uint8_t)text.p[s.first]))
			s.first = i;
	if (s.first == s.second)
		s.second = 0;
	return s;
}

size_t
scan_find(const uint8_t *text, size_t n, size_t from, const struct scan_needle *needle)
{
	struct slice s = needle->text;
	bytes first = all((uint8_t)s.p[needle->first]), second = all((uint8_t)s.p[needle->second]);
	size_t end = n < s.n ? 0 : n - s.n + 1; /* starts are before it */

	/* A step reads at most s.n + 15 bytes behind a start: all before n + 16. */
	for (size_t i = from; i < end; i += sizeof(bytes)) {
		bytes hits = (bytes)(load(text + i + needle->first) == first) &
			     (bytes)(load(text + i + needle->second) == second);

		if (!any(hits))
			continue;
		for (size_t k = 0; k < sizeof(bytes) && i + k < end; k++)
			if (hits[k] != 0 && memcmp(text + i + k, s.p, s.n) == 0)
				return i + k;
	}
	return n;
}
