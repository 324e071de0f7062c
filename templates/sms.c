/* SPDX-License-Identifier: MIT */
#include "templates/sms.h"

#include "base/text.h"

/* TS 23.038 section 6.2.1, the positions that are not ASCII. Code 0x09 is the capital Ç only. */
static bool
is_default_beyond_ascii(uint32_t c)
{
	switch (c) {
	case 0xA1:  /* ¡ */
	case 0xA3:  /* £ */
	case 0xA4:  /* ¤ */
	case 0xA5:  /* ¥ */
	case 0xA7:  /* § */
	case 0xBF:  /* ¿ */
	case 0xC4:  /* Ä */
	case 0xC5:  /* Å */
	case 0xC6:  /* Æ */
	case 0xC7:  /* Ç */
	case 0xC9:  /* É */
	case 0xD1:  /* Ñ */
	case 0xD6:  /* Ö */
	case 0xD8:  /* Ø */
	case 0xDC:  /* Ü */
	case 0xDF:  /* ß */
	case 0xE0:  /* à */
	case 0xE4:  /* ä */
	case 0xE5:  /* å */
	case 0xE6:  /* æ */
	case 0xE8:  /* è */
	case 0xE9:  /* é */
	case 0xEC:  /* ì */
	case 0xF1:  /* ñ */
	case 0xF2:  /* ò */
	case 0xF6:  /* ö */
	case 0xF8:  /* ø */
	case 0xF9:  /* ù */
	case 0xFC:  /* ü */
	case 0x393: /* Γ */
	case 0x394: /* Δ */
	case 0x398: /* Θ */
	case 0x39B: /* Λ */
	case 0x39E: /* Ξ */
	case 0x3A0: /* Π */
	case 0x3A3: /* Σ */
	case 0x3A6: /* Φ */
	case 0x3A8: /* Ψ */
	case 0x3A9: /* Ω */
		return true;
	}
	return false;
}

/* clang-format off */
/* By ASCII character: septets, a blank for none. */
static const char ascii_septets[] =
	"          1 21                  " /* LF, FF (escaped), CR */
	"11111111111111111111111111111111"
	"11111111111111111111111111122221" /* [ \\ ] ^ */
	" 111111111111111111111111112222 "; /* not `; { | } ~ */
/* clang-format on */

unsigned
sms_gsm7_septets(uint32_t c)
{
	if (c < 0x80)
		return ascii_septets[c] == ' ' ? 0 : (unsigned)(ascii_septets[c] - '0');
	return c == 0x20AC /* € */ ? 2 : is_default_beyond_ascii(c);
}

/* Eight ASCII characters of one septet each? Says no more often than it must. */
static bool
is_eight_septets(const char *p)
{
	const uint64_t each = 0x0101010101010101u, high = 0x80 * each;
	uint64_t word, or_20;

	memcpy(&word, p, sizeof(word));
	if (word & high)
		return false;
	or_20 = word | 0x20 * each;
	/* 5B–5F, 7B–7F; 00–1F; 60 */
	return ((or_20 + 0x05 * each) & high) == 0 && ((word + 0x60 * each) & high) == high &&
	       (((word ^ (0x60 * each)) + 0x7F * each) & high) == high;
}

/* Septets of a text in the alphabet; false, and nothing is known, when it is not. */
static bool
count_septets(struct slice s, size_t *septets, bool *has_escape)
{
	*septets = 0;
	*has_escape = false;
	while (s.n > 0) {
		const char *stop = s.p + 8;

		if (s.n >= 8 && is_eight_septets(s.p)) {
			*septets += 8;
			s.p += 8;
			s.n -= 8;
			continue;
		}
		while (s.n > 0 && s.p < stop) {
			unsigned n = sms_gsm7_septets((uint32_t)text_next(&s));

			if (n == 0)
				return false;
			*septets += n;
			*has_escape |= n == 2;
		}
	}
	return true;
}

size_t
sms_count_units(struct slice nfc, enum sms_encoding *encoding, bool *has_doubles)
{
	size_t units, pairs;

	*encoding = SMS_GSM7;
	if (count_septets(nfc, &units, has_doubles))
		return units;
	*encoding = SMS_UCS2;
	units = text_utf16_length(nfc, &pairs);
	*has_doubles = pairs > 0;
	return units;
}

unsigned
sms_units_of(enum sms_encoding encoding, uint32_t c)
{
	return encoding == SMS_GSM7 ? sms_gsm7_septets(c) : c > 0xFFFF ? 2 : 1;
}

struct sms_count
sms_count(struct slice nfc)
{
	enum sms_encoding encoding;
	bool has_doubles;
	size_t units = sms_count_units(nfc, &encoding, &has_doubles);
	size_t alone = encoding == SMS_GSM7 ? 160 : 70, part = encoding == SMS_GSM7 ? 153 : 67;
	size_t parts = units <= alone ? units > 0 : (units + part - 1) / part, used = part;

	if (units <= alone || !has_doubles)
		return (struct sms_count){encoding, (uint32_t)units, (uint32_t)parts};
	for (parts = 0; nfc.n > 0;) {
		int32_t c = text_next(&nfc);
		unsigned n = sms_units_of(encoding, c < 0 ? 0xFFFD : (uint32_t)c);

		if (used + n > part) {
			parts++;
			used = 0;
		}
		used += n;
	}
	return (struct sms_count){encoding, (uint32_t)units, (uint32_t)parts};
}

const char *
sms_encoding_name(enum sms_encoding e)
{
	return e == SMS_GSM7 ? "gsm7" : "ucs2";
}
