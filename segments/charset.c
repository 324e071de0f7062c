/* SPDX-License-Identifier: MIT */
/*
 *   bytes ─▶ code points by a table ─▶ pending: a letter, until no accent of it can follow ─▶ UTF-8
 *
 * Tables: TCVN 5712:1993 (VN1), RFC 1456, the best fit tables of Windows-1258 and -1252.
 */
#include "segments/charset.h"

#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "segments/syllable.h"

enum { SURE_MARGIN = 14, SAMPLE_BACK = 24, SAMPLE_BYTES = 48 };

/* What d->word has. */
enum { WORD_CAPITAL = 1, WORD_CAPITALS = 2, WORD_SMALL = 4, WORD_SMALL_ACCENTED = 8 };

static const uint16_t tcvn_low[24] = {
	0x0000, 0x00DA, 0x1EE4, 0x0003, 0x1EEA, 0x1EEC, 0x1EEE, 0x0007,
	0x0008, 0x0009, 0x000A, 0x000B, 0x000C, 0x000D, 0x000E, 0x000F,
	0x0010, 0x1EE8, 0x1EF0, 0x1EF2, 0x1EF6, 0x1EF8, 0x00DD, 0x1EF4,
};

static const uint16_t tcvn_high[128] = {
	0x00C0, 0x1EA2, 0x00C3, 0x00C1, 0x1EA0, 0x1EB6, 0x1EAC, 0x00C8, 0x1EBA, 0x1EBC, 0x00C9,
	0x1EB8, 0x1EC6, 0x00CC, 0x1EC8, 0x0128, 0x00CD, 0x1ECA, 0x00D2, 0x1ECE, 0x00D5, 0x00D3,
	0x1ECC, 0x1ED8, 0x1EDC, 0x1EDE, 0x1EE0, 0x1EDA, 0x1EE2, 0x00D9, 0x1EE6, 0x0168, 0x00A0,
	0x0102, 0x00C2, 0x00CA, 0x00D4, 0x01A0, 0x01AF, 0x0110, 0x0103, 0x00E2, 0x00EA, 0x00F4,
	0x01A1, 0x01B0, 0x0111, 0x1EB0, 0x0300, 0x0309, 0x0303, 0x0301, 0x0323, 0x00E0, 0x1EA3,
	0x00E3, 0x00E1, 0x1EA1, 0x1EB2, 0x1EB1, 0x1EB3, 0x1EB5, 0x1EAF, 0x1EB4, 0x1EAE, 0x1EA6,
	0x1EA8, 0x1EAA, 0x1EA4, 0x1EC0, 0x1EB7, 0x1EA7, 0x1EA9, 0x1EAB, 0x1EA5, 0x1EAD, 0x00E8,
	0x1EC2, 0x1EBB, 0x1EBD, 0x00E9, 0x1EB9, 0x1EC1, 0x1EC3, 0x1EC5, 0x1EBF, 0x1EC7, 0x00EC,
	0x1EC9, 0x1EC4, 0x1EBE, 0x1ED2, 0x0129, 0x00ED, 0x1ECB, 0x00F2, 0x1ED4, 0x1ECF, 0x00F5,
	0x00F3, 0x1ECD, 0x1ED3, 0x1ED5, 0x1ED7, 0x1ED1, 0x1ED9, 0x1EDD, 0x1EDF, 0x1EE1, 0x1EDB,
	0x1EE3, 0x00F9, 0x1ED6, 0x1EE7, 0x0169, 0x00FA, 0x1EE5, 0x1EEB, 0x1EED, 0x1EEF, 0x1EE9,
	0x1EF1, 0x1EF3, 0x1EF7, 0x1EF9, 0x00FD, 0x1EF5, 0x1ED0,
};

static const uint16_t viscii_low[32] = {
	0x0000, 0x0001, 0x1EB2, 0x0003, 0x0004, 0x1EB4, 0x1EAA, 0x0007, 0x0008, 0x0009, 0x000A,
	0x000B, 0x000C, 0x000D, 0x000E, 0x000F, 0x0010, 0x0011, 0x0012, 0x0013, 0x1EF6, 0x0015,
	0x0016, 0x0017, 0x0018, 0x1EF8, 0x001A, 0x001B, 0x001C, 0x001D, 0x1EF4, 0x001F,
};

static const uint16_t viscii_high[128] = {
	0x1EA0, 0x1EAE, 0x1EB0, 0x1EB6, 0x1EA4, 0x1EA6, 0x1EA8, 0x1EAC, 0x1EBC, 0x1EB8, 0x1EBE,
	0x1EC0, 0x1EC2, 0x1EC4, 0x1EC6, 0x1ED0, 0x1ED2, 0x1ED4, 0x1ED6, 0x1ED8, 0x1EE2, 0x1EDA,
	0x1EDC, 0x1EDE, 0x1ECA, 0x1ECE, 0x1ECC, 0x1EC8, 0x1EE6, 0x0168, 0x1EE4, 0x1EF2, 0x00D5,
	0x1EAF, 0x1EB1, 0x1EB7, 0x1EA5, 0x1EA7, 0x1EA9, 0x1EAD, 0x1EBD, 0x1EB9, 0x1EBF, 0x1EC1,
	0x1EC3, 0x1EC5, 0x1EC7, 0x1ED1, 0x1ED3, 0x1ED5, 0x1ED7, 0x1EE0, 0x01A0, 0x1ED9, 0x1EDD,
	0x1EDF, 0x1ECB, 0x1EF0, 0x1EE8, 0x1EEA, 0x1EEC, 0x01A1, 0x1EDB, 0x01AF, 0x00C0, 0x00C1,
	0x00C2, 0x00C3, 0x1EA2, 0x0102, 0x1EB3, 0x1EB5, 0x00C8, 0x00C9, 0x00CA, 0x1EBA, 0x00CC,
	0x00CD, 0x0128, 0x1EF3, 0x0110, 0x1EE9, 0x00D2, 0x00D3, 0x00D4, 0x1EA1, 0x1EF7, 0x1EEB,
	0x1EED, 0x00D9, 0x00DA, 0x1EF9, 0x1EF5, 0x00DD, 0x1EE1, 0x01B0, 0x00E0, 0x00E1, 0x00E2,
	0x00E3, 0x1EA3, 0x0103, 0x1EEF, 0x1EAB, 0x00E8, 0x00E9, 0x00EA, 0x1EBB, 0x00EC, 0x00ED,
	0x0129, 0x1EC9, 0x0111, 0x1EF1, 0x00F2, 0x00F3, 0x00F4, 0x00F5, 0x1ECF, 0x1ECD, 0x1EE5,
	0x00F9, 0x00FA, 0x0169, 0x1EE7, 0x00FD, 0x1EE3, 0x1EEE,
};

static const uint16_t windows_1258[128] = {
	0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x008A,
	0x2039, 0x0152, 0x008D, 0x008E, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
	0x2013, 0x2014, 0x02DC, 0x2122, 0x009A, 0x203A, 0x0153, 0x009D, 0x009E, 0x0178, 0x00A0,
	0x00A1, 0x00A2, 0x00A3, 0x00A4, 0x00A5, 0x00A6, 0x00A7, 0x00A8, 0x00A9, 0x00AA, 0x00AB,
	0x00AC, 0x00AD, 0x00AE, 0x00AF, 0x00B0, 0x00B1, 0x00B2, 0x00B3, 0x00B4, 0x00B5, 0x00B6,
	0x00B7, 0x00B8, 0x00B9, 0x00BA, 0x00BB, 0x00BC, 0x00BD, 0x00BE, 0x00BF, 0x00C0, 0x00C1,
	0x00C2, 0x0102, 0x00C4, 0x00C5, 0x00C6, 0x00C7, 0x00C8, 0x00C9, 0x00CA, 0x00CB, 0x0300,
	0x00CD, 0x00CE, 0x00CF, 0x0110, 0x00D1, 0x0309, 0x00D3, 0x00D4, 0x01A0, 0x00D6, 0x00D7,
	0x00D8, 0x00D9, 0x00DA, 0x00DB, 0x00DC, 0x01AF, 0x0303, 0x00DF, 0x00E0, 0x00E1, 0x00E2,
	0x0103, 0x00E4, 0x00E5, 0x00E6, 0x00E7, 0x00E8, 0x00E9, 0x00EA, 0x00EB, 0x0301, 0x00ED,
	0x00EE, 0x00EF, 0x0111, 0x00F1, 0x0323, 0x00F3, 0x00F4, 0x01A1, 0x00F6, 0x00F7, 0x00F8,
	0x00F9, 0x00FA, 0x00FB, 0x00FC, 0x01B0, 0x20AB, 0x00FF,
};

static const uint16_t windows_1252[32] = {
	0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
	0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
	0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
};

static const char *const names[CHARSETS] = {
	[CHARSET_UTF8] = "utf-8",	[CHARSET_UTF16LE] = "utf-16le",
	[CHARSET_UTF16BE] = "utf-16be", [CHARSET_WINDOWS_1258] = "windows-1258",
	[CHARSET_TCVN3] = "tcvn3",	[CHARSET_VNI] = "vni",
	[CHARSET_VISCII] = "viscii",
};

static const struct {
	const char *name;
	enum charset charset;
} other_names[] = {
	{"utf8", CHARSET_UTF8},
	{"utf16le", CHARSET_UTF16LE},
	{"utf16be", CHARSET_UTF16BE},
	{"cp1258", CHARSET_WINDOWS_1258},
	{"windows1258", CHARSET_WINDOWS_1258},
	{"abc", CHARSET_TCVN3},
	{"tcvn", CHARSET_TCVN3},
	{"tcvn-5712", CHARSET_TCVN3},
	{"tcvn5712-1", CHARSET_TCVN3},
	{"vni-windows", CHARSET_VNI},
};

const char *
charset_name(enum charset c)
{
	return names[c];
}

bool
charset_by_name(struct slice name, enum charset *out)
{
	char word[32];

	if (name.n >= sizeof(word))
		return false;
	slice_copy(word, sizeof(word), name);
	for (int i = 0; i < CHARSETS; i++)
		if (strcasecmp(word, names[i]) == 0) {
			*out = (enum charset)i;
			return true;
		}
	for (size_t i = 0; i < ARRAY_LEN(other_names); i++)
		if (strcasecmp(word, other_names[i].name) == 0) {
			*out = other_names[i].charset;
			return true;
		}
	return false;
}

enum err
charset_read_name(const char *name, const char *what, enum charset *out, struct err_ctx *e)
{
	struct buf todo = {0};

	if (charset_by_name(slice_of(name), out))
		return ERR_OK;
	buf_adds(&todo, "say ");
	for (int i = 0; i < CHARSETS; i++)
		buf_addf(&todo, "%s%s", i == 0 ? "" : i + 1 < CHARSETS ? ", " : " or ", names[i]);
	buf_adds(&todo, "; without it the encoding is found by content");
	err_set(e, ERR_INPUT, what, todo.data, "\"%.60s\" is no encoding that is known here", name);
	buf_free(&todo);
	return ERR_INPUT;
}

/* ---- letters ---- */

static bool
is_mark(int32_t c)
{
	return c == 0x300 || c == 0x301 || c == 0x303 || c == 0x309 || c == 0x323;
}

static int32_t
from_byte(enum charset charset, uint8_t b)
{
	switch (charset) {
	case CHARSET_WINDOWS_1258:
		return b < 0x80 ? b : windows_1258[b - 0x80];
	case CHARSET_TCVN3:
		return b < ARRAY_LEN(tcvn_low) ? tcvn_low[b] : b < 0x80 ? b : tcvn_high[b - 0x80];
	case CHARSET_VISCII:
		return b < ARRAY_LEN(viscii_low) ? viscii_low[b]
		       : b < 0x80		 ? b
						 : viscii_high[b - 0x80];
	case CHARSET_VNI:
	case CHARSET_UTF8:
	case CHARSET_UTF16LE:
	case CHARSET_UTF16BE:
		break;
	}
	return b;
}

/* What a byte of VNI says alone. */
static int32_t
vni_alone(int32_t b)
{
	static const uint16_t letters[][2] = {
		{0xF4, 0x1A1}, {0xF6, 0x1B0},  {0xED, 0xED},   {0xEC, 0xEC},  {0xE6, 0x1EC9},
		{0xF3, 0x129}, {0xF2, 0x1ECB}, {0xEE, 0x1EF5}, {0xF1, 0x111},
	};

	if (b >= 0x80 && b < 0xA0)
		return windows_1252[b - 0x80];
	for (size_t i = 0; i < ARRAY_LEN(letters); i++) {
		if (b == letters[i][0])
			return letters[i][1];
		if (b == letters[i][0] - 0x20)
			return text_upper(letters[i][1]);
	}
	return b;
}

/* What a letter of VNI is with the accents behind it; 0: the byte is no accent of this letter. */
static int32_t
vni_together(int32_t letter, uint8_t accents)
{
	/* Behind plain letters; a, e, o with a circumflex; a with a breve. In the order of the letters. */
	static const uint8_t plain[] = {0, 0xF8, 0xFB, 0xF5, 0xF9, 0xEF},
			     circumflex[] = {0xE2, 0xE0, 0xE5, 0xE3, 0xE1, 0xE4},
			     breve[] = {0xEA, 0xE8, 0xFA, 0xFC, 0xE9, 0xEB};
	static const struct {
		uint8_t letter;
		const uint8_t *accents;
		uint16_t letters[6];
	} table[] = {
		{'a', plain, {0, 0xE0, 0x1EA3, 0xE3, 0xE1, 0x1EA1}},
		{'a', circumflex, {0xE2, 0x1EA7, 0x1EA9, 0x1EAB, 0x1EA5, 0x1EAD}},
		{'a', breve, {0x103, 0x1EB1, 0x1EB3, 0x1EB5, 0x1EAF, 0x1EB7}},
		{'e', plain, {0, 0xE8, 0x1EBB, 0x1EBD, 0xE9, 0x1EB9}},
		{'e', circumflex, {0xEA, 0x1EC1, 0x1EC3, 0x1EC5, 0x1EBF, 0x1EC7}},
		{'o', plain, {0, 0xF2, 0x1ECF, 0xF5, 0xF3, 0x1ECD}},
		{'o', circumflex, {0xF4, 0x1ED3, 0x1ED5, 0x1ED7, 0x1ED1, 0x1ED9}},
		{0xF4, plain, {0, 0x1EDD, 0x1EDF, 0x1EE1, 0x1EDB, 0x1EE3}},
		{'u', plain, {0, 0xF9, 0x1EE7, 0x169, 0xFA, 0x1EE5}},
		{0xF6, plain, {0, 0x1EEB, 0x1EED, 0x1EEF, 0x1EE9, 0x1EF1}},
		{'y', plain, {0, 0x1EF3, 0x1EF7, 0x1EF9, 0xFD, 0}},
	};
	int32_t small = text_lower(letter);

	if (accents < 0xC0)
		return 0;
	accents |= 0x20; /* of either case */
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		for (size_t k = 0; k < 6 && table[i].letter == small; k++)
			if (table[i].accents[k] == accents && table[i].letters[k] != 0)
				return small == letter ? table[i].letters[k]
						       : text_upper(table[i].letters[k]);
	return 0;
}

/* ---- decoding ---- */

void
charset_decoder_init(struct charset_decoder *d, enum charset c)
{
	*d = (struct charset_decoder){.charset = c, .line = 1};
}

static void
flush(struct charset_decoder *d, struct buf *out)
{
	struct buf text = {0};

	if (d->count == 1)
		text_add_code_point(out, d->charset == CHARSET_VNI ? vni_alone(d->pending[0])
								   : d->pending[0]);
	if (d->count > 1) {
		for (size_t i = 0; i < d->count; i++)
			text_add_code_point(&text, d->pending[i]);
		(void)!text_add_nfc(out, buf_slice(&text));
		buf_free(&text);
	}
	d->count = 0;
}

static void
put_vni(struct charset_decoder *d, uint8_t b, struct buf *out)
{
	int32_t c = d->count > 0 ? vni_together(d->pending[0], b) : 0;

	if (c != 0) {
		text_add_code_point(out, c);
		d->count = 0;
		return;
	}
	flush(d, out);
	d->pending[d->count++] = b;
}

static void
look_at_case(struct charset_decoder *d, int32_t c)
{
	bool is_capital = c != text_lower(c), is_small = c != text_upper(c);

	if (!is_capital && !is_small) {
		d->words_of_capitals +=
			d->word == (WORD_CAPITAL | WORD_CAPITALS | WORD_SMALL_ACCENTED);
		d->word = 0;
	} else if (is_capital) {
		d->word |= (d->word & WORD_CAPITAL) != 0 ? WORD_CAPITALS : WORD_CAPITAL;
	} else {
		d->word |= c < 0x80 ? WORD_SMALL : WORD_SMALL_ACCENTED;
	}
}

static void
put_byte(struct charset_decoder *d, uint8_t b, struct buf *out)
{
	int32_t c;

	if (d->charset == CHARSET_VNI) {
		put_vni(d, b, out);
		return;
	}
	c = from_byte(d->charset, b);
	if (d->charset == CHARSET_TCVN3 && !is_mark(c))
		look_at_case(d, c);
	if (!is_mark(c) || d->count == CHARSET_PENDING_MAX)
		flush(d, out);
	d->pending[d->count++] = c;
}

static enum err
fail_pair(const struct charset_decoder *d, struct err_ctx *e)
{
	err_set(e, ERR_INPUT, "", "the file is damaged: get it again",
		"line %u: half a character (UTF-16 is expected)", d->line);
	if (e != NULL) {
		e->line = (int)d->line;
		e->column = 1;
	}
	return ERR_INPUT;
}

static enum err
put_unit(struct charset_decoder *d, uint16_t unit, struct buf *out, struct err_ctx *e)
{
	int32_t c = unit;

	if (unit >= 0xDC00 && unit <= 0xDFFF) {
		if (d->surrogate == 0)
			return fail_pair(d, e);
		c = 0x10000 + ((d->surrogate - 0xD800) << 10) + (unit - 0xDC00);
		d->surrogate = 0;
	} else if (d->surrogate != 0) {
		return fail_pair(d, e);
	} else if (unit >= 0xD800 && unit <= 0xDBFF) {
		d->surrogate = unit;
		return ERR_OK;
	}
	if (c != 0xFEFF || d->has_begun)
		text_add_code_point(out, c);
	d->has_begun = true;
	d->line += c == '\n';
	return ERR_OK;
}

static enum err
decode_utf16(struct charset_decoder *d, struct slice bytes, struct buf *out, struct err_ctx *e)
{
	for (size_t i = 0; i < bytes.n; i++) {
		uint8_t b = (uint8_t)bytes.p[i];
		uint16_t unit = (uint16_t)(d->charset == CHARSET_UTF16LE ? b << 8 | d->half
									 : d->half << 8 | b);

		d->has_half = !d->has_half;
		d->half = b;
		if (!d->has_half && put_unit(d, unit, out, e) != ERR_OK)
			return ERR_INPUT;
	}
	return ERR_OK;
}

enum err
charset_decode(struct charset_decoder *d, struct slice bytes, struct buf *out, struct err_ctx *e)
{
	switch (d->charset) {
	case CHARSET_UTF8:
		buf_add_slice(out, bytes);
		return ERR_OK;
	case CHARSET_UTF16LE:
	case CHARSET_UTF16BE:
		return decode_utf16(d, bytes, out, e);
	case CHARSET_WINDOWS_1258:
	case CHARSET_TCVN3:
	case CHARSET_VNI:
	case CHARSET_VISCII:
		break;
	}
	for (size_t i = 0; i < bytes.n; i++)
		put_byte(d, (uint8_t)bytes.p[i], out);
	return ERR_OK;
}

enum err
charset_decode_end(struct charset_decoder *d, struct buf *out, struct err_ctx *e)
{
	if (d->has_half || d->surrogate != 0)
		return fail_pair(d, e);
	flush(d, out);
	if (d->charset == CHARSET_TCVN3)
		look_at_case(d, ' ');
	return ERR_OK;
}

/* ---- which one ---- */

/* ASCII in UTF-16: every second byte is NUL, and always the same one of two. */
static bool
detect_utf16(struct slice head, struct charset_guess *g)
{
	size_t pairs = (head.n < 4096 ? head.n : 4096) / 2, nuls[2] = {0};

	for (size_t i = 0; i < 2 * pairs; i++)
		nuls[i & 1] += head.p[i] == '\0';
	g->best = nuls[1] > nuls[0] ? CHARSET_UTF16LE : CHARSET_UTF16BE;
	return pairs > 1 && nuls[g->best == CHARSET_UTF16LE] * 10 >= pairs * 3 &&
	       nuls[g->best == CHARSET_UTF16BE] * 20 <= pairs;
}

static bool
detect_mark(struct slice head, struct charset_guess *g)
{
	if (head.n >= 3 && memcmp(head.p, "\xEF\xBB\xBF", 3) == 0)
		g->best = CHARSET_UTF8;
	else if (head.n >= 2 && memcmp(head.p, "\xFF\xFE", 2) == 0)
		g->best = CHARSET_UTF16LE;
	else if (head.n >= 2 && memcmp(head.p, "\xFE\xFF", 2) == 0)
		g->best = CHARSET_UTF16BE;
	else
		return detect_utf16(head, g);
	return true;
}

/* Also where a few bytes are damaged: then its reader says where. */
static bool
detect_utf8(struct slice head, bool is_whole, struct charset_guess *g)
{
	size_t good = 0, bad = 0;

	for (struct slice rest = head; rest.n > 0;) {
		size_t at = head.n - rest.n;
		int32_t c = text_next(&rest);

		good += c >= 0x80;
		if (c >= 0 || (!is_whole && head.n - at < 4)) /* it may go on behind the head */
			continue;
		if (bad++ == 0)
			g->first = at;
	}
	g->best = CHARSET_UTF8;
	g->is_ascii = good == 0 && bad == 0;
	return bad == 0 || good > bad;
}

static void
read_as(struct slice head, enum charset c, struct buf *out)
{
	struct charset_decoder d;

	charset_decoder_init(&d, c);
	if (charset_decode(&d, head, out, NULL) == ERR_OK)
		(void)!charset_decode_end(&d, out, NULL);
}

/* The likeliest first; how far behind the first one the next is that reads it differently. */
static int
judge(struct slice head, struct charset_guess *g)
{
	struct buf texts[CHARSETS_OF_BYTES] = {0};
	struct word_marks *marks = xmalloc(sizeof(*marks));
	int margin = SURE_MARGIN;

	for (size_t i = 0; i < CHARSETS_OF_BYTES; i++) {
		struct charset_candidate c = {.charset = CHARSET_WINDOWS_1258 + (enum charset)i};
		struct word_tally t = {0};
		struct buf text = {0};
		size_t at = i;

		memset(marks, 0, sizeof(*marks));
		read_as(head, c.charset, &text);
		word_tally_add(&t, marks, buf_slice(&text));
		c.words = t.words;
		c.valid = t.valid;
		c.score = t.score;
		for (; at > 0 && g->candidates[at - 1].score < c.score; at--) {
			g->candidates[at] = g->candidates[at - 1];
			texts[at] = texts[at - 1];
		}
		g->candidates[at] = c;
		texts[at] = text;
	}
	g->count = CHARSETS_OF_BYTES;
	for (size_t i = CHARSETS_OF_BYTES; i-- > 1;)
		if (!slice_eq(buf_slice(&texts[i]), buf_slice(&texts[0])))
			margin = g->candidates[0].score - g->candidates[i].score;
	for (size_t i = 0; i < CHARSETS_OF_BYTES; i++)
		buf_free(&texts[i]);
	free(marks);
	return margin;
}

void
charset_detect(struct slice head, bool is_begin, bool is_whole, struct charset_guess *g)
{
	const struct charset_candidate *best = &g->candidates[0];
	int margin;

	*g = (struct charset_guess){.is_sure = true};
	if ((is_begin && detect_mark(head, g)) || detect_utf8(head, is_whole, g))
		return;
	while (!is_whole && head.n > 0 && head.p[head.n - 1] != '\n' && head.n > g->first + 1)
		head.n--; /* no half words */
	margin = judge(head, g);
	g->best = best->charset;
	g->is_sure = margin >= SURE_MARGIN && best->score >= SURE_MARGIN &&
		     best->valid * 3 >= best->words * 2;
}

static bool
ends_cell(char c)
{
	return c == ',' || c == ';' || c == '\t' || c == '\n' || c == '\r' || c == '"';
}

void
charset_add_sample(struct buf *out, struct slice head, size_t first, enum charset c)
{
	size_t begin = first, end = first;

	while (begin > 0 && first - begin < SAMPLE_BACK && !ends_cell(head.p[begin - 1]))
		begin--;
	while (end < head.n && end - begin < SAMPLE_BYTES && !ends_cell(head.p[end]))
		end++;
	read_as((struct slice){head.p + begin, end - begin}, c, out);
}
