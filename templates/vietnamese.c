/* SPDX-License-Identifier: MIT */
/*
 * The text is walked in NFC, so that each letter is one code point wherever
 * Unicode has one; what is left of combining marks is dropped with the accents.
 * A character takes the first of: the letter tables (accents off), the signs
 * table, itself if GSM 7-bit has it. Else it is lost, and said to be.
 */
#include "templates/vietnamese.h"

#include "base/mem.h"
#include "base/text.h"
#include "templates/invisible.h"
#include "templates/sms.h"

/*
 * The letter under the accents, by Unicode's decompositions; where there is
 * none (đ, ł, ɓ), by the letter in the character's Unicode name. Blank: not a
 * letter with accents.
 */
static const char latin_00c0[] =
	"AAAAAA CEEEEIIIIDNOOOOO  UUUUY  aaaaaa ceeeeiiiidnooooo  uuuuy y" /* 00C0 */
	"AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi  JjKkkLlLlLlL" /* 0100 */
	"lLlNnNnNn NnOoOoOo  RrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs" /* 0140 */
	"bBBb  OCcDDDd EEEFfGG IIKkl MNnOOo  Ppr  S tTtTUuUVYyZzZ  z    w" /* 0180 */
	"             AaIiOoUuUuUuUuUueAaAa  GgGgKkOoOoZzj   GgHWNnAa    " /* 01C0 */
	"AaAaEeEeIiIiOoOoRrRrUuUuSsTt  HhNd  ZzAaEeOoOoOoOoYylntj  ACcLTs" /* 0200 */
	"z  BUVEeJjQqRrYy"						   /* 0240 */
	"a  bocddeeeeeeejgggg hh iiilll mmmnnno   rrrrrrrr ssj sttuuvvwyy" /* 0250 */
	"zzzz     beghjklq             hh";				   /* 0290 */
static const char latin_1e00[] =
	"AaBbBbBbCcDdDdDdDdDdEeEeEeEeEeFfGgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMm"  /* 1E00 */
	"MmMmNnNnNnNnOoOoOoOoPpPpRrRrRrRrSsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVv"  /* 1E40 */
	"WwWwWwWwWwXxXxYyZzZzZzhtwyasss  AaAaAaAaAaAaAaAaAaAaAaAaEeEeEeEe"  /* 1E80 */
	"EeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOoOoOoUuUuUuUuUuUuUuYyYyYyYy    Yy"; /* 1EC0 */

struct sign {
	uint32_t from, to; /* code points, both ends */
	const char *plain;
};

/* Signs and letters of more than one base letter, in order. "" = an accent, dropped unsaid. */
/* clang-format off */
static const struct sign signs[] = {
	{'`', '`', "'"},
	{0xA6, 0xA6, "|"},
	{0xA9, 0xA9, "(c)"},
	{0xAA, 0xAA, "a"},
	{0xAB, 0xAB, "\""},
	{0xAE, 0xAE, "(R)"},
	{0xB0, 0xB0, "o"}, /* 30oC is what people type */
	{0xB1, 0xB1, "+/-"},
	{0xB4, 0xB4, "'"},
	{0xB7, 0xB7, "."},
	{0xBA, 0xBA, "o"},
	{0xBB, 0xBB, "\""},
	{0xBC, 0xBC, "1/4"},
	{0xBD, 0xBD, "1/2"},
	{0xBE, 0xBE, "3/4"},
	{0xD7, 0xD7, "x"},
	{0xDE, 0xDE, "Th"},
	{0xFE, 0xFE, "th"},
	{0x132, 0x132, "IJ"},
	{0x133, 0x133, "ij"},
	{0x149, 0x149, "'n"},
	{0x152, 0x152, "OE"},
	{0x153, 0x153, "oe"},
	{0x195, 0x195, "hv"},
	{0x1C4, 0x1C4, "DZ"},
	{0x1C5, 0x1C5, "Dz"},
	{0x1C6, 0x1C6, "dz"},
	{0x1C7, 0x1C7, "LJ"},
	{0x1C8, 0x1C8, "Lj"},
	{0x1C9, 0x1C9, "lj"},
	{0x1CA, 0x1CA, "NJ"},
	{0x1CB, 0x1CB, "Nj"},
	{0x1CC, 0x1CC, "nj"},
	{0x1E2, 0x1E2, "\u00C6"}, /* Æ and Ø are GSM 7-bit */
	{0x1E3, 0x1E3, "\u00E6"},
	{0x1F1, 0x1F1, "DZ"},
	{0x1F2, 0x1F2, "Dz"},
	{0x1F3, 0x1F3, "dz"},
	{0x1FC, 0x1FC, "\u00C6"},
	{0x1FD, 0x1FD, "\u00E6"},
	{0x1FE, 0x1FE, "\u00D8"},
	{0x1FF, 0x1FF, "\u00F8"},
	{0x2B9, 0x2B9, "'"},
	{0x2BA, 0x2BA, "\""},
	{0x2BB, 0x2BD, "'"}, /* modifier apostrophes */
	{0x2C6, 0x2C6, "^"},
	{0x2C8, 0x2C8, "'"},
	{0x2DC, 0x2DC, "~"},
	{0x300, 0x36F, ""}, /* accents that no letter has in one code point */
	{0x1AB0, 0x1AFF, ""},
	{0x1DC0, 0x1DFF, ""},
	{0x1E9E, 0x1E9E, "SS"},
	{0x2010, 0x2015, "-"},
	{0x2018, 0x201B, "'"},
	{0x201C, 0x201F, "\""},
	{0x2022, 0x2023, "-"}, /* bullets */
	{0x2024, 0x2024, "."},
	{0x2025, 0x2025, ".."},
	{0x2026, 0x2026, "..."},
	{0x2027, 0x2027, "."},
	{0x2032, 0x2032, "'"},
	{0x2033, 0x2033, "\""},
	{0x2035, 0x2035, "'"},
	{0x2036, 0x2036, "\""},
	{0x2039, 0x203A, "'"},
	{0x2043, 0x2043, "-"},
	{0x2044, 0x2044, "/"},
	{0x20AB, 0x20AB, "d"}, /* ₫ */
	{0x20D0, 0x20FF, ""},
	{0x2116, 0x2116, "No."},
	{0x2122, 0x2122, "(TM)"},
	{0x2150, 0x2150, "1/7"},
	{0x2151, 0x2151, "1/9"},
	{0x2152, 0x2152, "1/10"},
	{0x2153, 0x2153, "1/3"},
	{0x2154, 0x2154, "2/3"},
	{0x2155, 0x2155, "1/5"},
	{0x2156, 0x2156, "2/5"},
	{0x2157, 0x2157, "3/5"},
	{0x2158, 0x2158, "4/5"},
	{0x2159, 0x2159, "1/6"},
	{0x215A, 0x215A, "5/6"},
	{0x215B, 0x215B, "1/8"},
	{0x215C, 0x215C, "3/8"},
	{0x215D, 0x215D, "5/8"},
	{0x215E, 0x215E, "7/8"},
	{0x2190, 0x2190, "<-"},
	{0x2192, 0x2192, "->"},
	{0x21D2, 0x21D2, "=>"},
	{0x2212, 0x2212, "-"}, /* minus */
	{0x2215, 0x2215, "/"},
	{0x2219, 0x2219, "."},
	{0x2264, 0x2264, "<="},
	{0x2265, 0x2265, ">="},
	{0x25AA, 0x25AB, "-"},
	{0x25CB, 0x25CB, "-"},
	{0x25CF, 0x25CF, "-"},
	{0x25E6, 0x25E6, "-"},
	{0x301D, 0x301F, "\""},
	{0xFB00, 0xFB00, "ff"}, /* ligatures */
	{0xFB01, 0xFB01, "fi"},
	{0xFB02, 0xFB02, "fl"},
	{0xFB03, 0xFB03, "ffi"},
	{0xFB04, 0xFB04, "ffl"},
	{0xFB05, 0xFB06, "st"},
	{0xFE20, 0xFE2F, ""},
};
/* clang-format on */

/* NULL: neither letter nor sign of the tables. */
static const char *
find_sign(uint32_t c)
{
	size_t low = 0, high = ARRAY_LEN(signs);

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c < signs[mid].from)
			high = mid;
		else if (c > signs[mid].to)
			low = mid + 1;
		else
			return signs[mid].plain;
	}
	return NULL;
}

/* The letter under the accents, 0 for what is no such letter. */
static char
base_letter(uint32_t c)
{
	char letter = ' ';

	if (c >= 0xC0 && c - 0xC0 < sizeof(latin_00c0) - 1)
		letter = latin_00c0[c - 0xC0];
	else if (c >= 0x1E00 && c - 0x1E00 < sizeof(latin_1e00) - 1)
		letter = latin_1e00[c - 0x1E00];
	return letter == ' ' ? '\0' : letter;
}

static bool
is_ascii_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_letter(uint32_t c)
{
	return is_ascii_letter(c) || base_letter(c) != '\0';
}

/* m² → m2, but 10² is no 102. */
static char
exponent(uint32_t c, uint32_t before)
{
	if (!is_letter(before))
		return '\0';
	return c == 0xB2 ? '2' : c == 0xB3 ? '3' : '\0';
}

/* What goes unsaid, and blanks. Controls, and the soft hyphen that may be a letter, do not. */
static const char *
find_invisible(uint32_t c)
{
	const char *plain = invisible_replacement(c);

	return plain != NULL && plain[0] == '\0' && (c < 0xA0 || c == 0xAD) ? NULL : plain;
}

static bool
is_mark(uint32_t c)
{
	const char *sign = find_sign(c);

	return sign != NULL && sign[0] == '\0';
}

/* The space keeps 2½ from becoming 21/2. */
static void
add_sign(struct buf *out, const char *sign, uint32_t before)
{
	if (sign[0] >= '0' && sign[0] <= '9' && before >= '0' && before <= '9')
		buf_addc(out, ' ');
	buf_adds(out, sign);
}

/* What no table has: letters in a style (𝐀, ㎏), others without their accents (Ώ). */
static bool
add_decomposed(struct buf *out, uint32_t c)
{
	int32_t letters[8], base = text_base_of((int32_t)c);
	size_t n = text_unstyled((int32_t)c, letters, ARRAY_LEN(letters));

	/* ≠ must not become = */
	if (base != (int32_t)c && (is_ascii_letter((uint32_t)base) || base >= 0xC0) &&
	    sms_gsm7_septets((uint32_t)base) > 0) {
		text_add_code_point(out, base);
		return true;
	}
	for (size_t i = 0; i < n; i++)
		if (!is_ascii_letter((uint32_t)letters[i]))
			return false;
	for (size_t i = 0; i < n; i++)
		buf_addc(out, (char)letters[i]);
	return n > 0;
}

bool
plain_add_character(struct buf *out, uint32_t c, uint32_t before)
{
	const char *sign = NULL;
	char letter;

	if (c >= 0xFF01 && c <= 0xFF5E)
		c -= 0xFF01 - '!'; /* full-width forms of ASCII */
	letter = base_letter(c);
	if (letter == '\0')
		letter = exponent(c, before);
	if (letter == '\0' && (sign = find_sign(c)) == NULL)
		sign = find_invisible(c);
	if (letter != '\0')
		buf_addc(out, letter);
	else if (sign != NULL)
		add_sign(out, sign, before);
	else if (sms_gsm7_septets(c) > 0)
		text_add_code_point(out, (int32_t)c);
	else
		return add_decomposed(out, c);
	return true;
}

/* Stays as it is, and quickly said so: what GSM 7-bit has of ASCII. */
static bool
is_plain_ascii(uint32_t c)
{
	return c >= 0x20 && c < 0x7F && c != '`';
}

static size_t
add_nfc(struct buf *out, struct slice nfc, struct plain_lost *lost, size_t lost_max)
{
	size_t lost_count = 0;
	uint32_t before = 0;

	for (uint32_t at = 0; nfc.n > 0; at++) {
		int32_t next = text_next(&nfc);
		uint32_t c = next < 0 ? 0xFFFD : (uint32_t)next;
		char letter = is_plain_ascii(c) ? (char)c : base_letter(c);

		if (letter != '\0') {
			buf_addc(out, letter);
			before = c;
			continue;
		}
		if (!plain_add_character(out, c, before)) {
			if (lost_count < lost_max)
				lost[lost_count] = (struct plain_lost){c, at};
			lost_count++;
		}
		/* a letter is one under accents of its own, too */
		if (invisible_replacement(c) == NULL && !is_mark(c))
			before = c;
	}
	return lost_count;
}

size_t
plain_add(struct buf *out, struct slice text, struct plain_lost *lost, size_t lost_max)
{
	struct buf nfc = {0};
	size_t lost_count;

	if (text_is_nfc_quick(text))
		return add_nfc(out, text, lost, lost_max);
	if (!text_add_nfc(&nfc, text))
		buf_add_slice(&nfc, text); /* malformed: its bad bytes are lost */
	lost_count = add_nfc(out, buf_slice(&nfc), lost, lost_max);
	buf_free(&nfc);
	return lost_count;
}
