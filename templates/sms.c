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

unsigned
sms_gsm7_septets(uint32_t c)
{
	switch (c) {
	case '\f':
	case '[':
	case '\\':
	case ']':
	case '^':
	case '{':
	case '|':
	case '}':
	case '~':
	case 0x20AC: /* € */
		return 2;
	case '`':
		return 0;
	case '\n':
	case '\r':
		return 1;
	}
	if (c < 0x80)
		return c >= 0x20 && c < 0x7F;
	return is_default_beyond_ascii(c);
}

/* Parts filled one after the other; a character that does not fit begins the next one. */
struct packing {
	uint32_t units;
	uint32_t parts; /* if the text needs more than one */
	uint32_t used;	/* of the last part */
};

static void
pack(struct packing *p, uint32_t units, uint32_t part_max)
{
	p->units += units;
	if (p->parts == 0 || p->used + units > part_max) {
		p->parts++;
		p->used = 0;
	}
	p->used += units;
}

static struct sms_count
count_of(enum sms_encoding encoding, const struct packing *p, uint32_t single_max)
{
	uint32_t parts = p->units <= single_max ? p->units > 0 : p->parts;

	return (struct sms_count){encoding, p->units, parts};
}

struct sms_count
sms_count(struct slice nfc)
{
	struct packing gsm7 = {0}, ucs2 = {0};
	bool is_gsm7 = true;

	while (nfc.n > 0) {
		/* A malformed byte would leave as U+FFFD. */
		int32_t next = text_next(&nfc);
		uint32_t c = next < 0 ? 0xFFFD : (uint32_t)next;
		uint32_t septets = is_gsm7 ? sms_gsm7_septets(c) : 0;

		is_gsm7 = septets > 0;
		pack(&gsm7, septets, 153);
		pack(&ucs2, c > 0xFFFF ? 2 : 1, 67);
	}
	return is_gsm7 ? count_of(SMS_GSM7, &gsm7, 160) : count_of(SMS_UCS2, &ucs2, 70);
}

const char *
sms_encoding_name(enum sms_encoding e)
{
	return e == SMS_GSM7 ? "gsm7" : "ucs2";
}
