/* SPDX-License-Identifier: MIT */
/*
 * Part counting and plain text. Input: a text. Says: parts are as many as the
 * units need; a plain text is GSM 7-bit and its own plain form; no '?' comes
 * from anywhere; what is lost is listed at its place.
 */
#include <stdlib.h>

#include "base/text.h"
#include "templates/sms.h"
#include "templates/vietnamese.h"
#include "tests/fuzz/fuzz.h"

#define LOST_MAX 4096

static bool
is_question_mark(int32_t c)
{
	return c == '?' || c == 0xFF1F; /* full-width */
}

static size_t
count_question_marks(struct slice s)
{
	size_t count = 0;

	while (s.n > 0)
		count += is_question_mark(text_next(&s));
	return count;
}

static void
check_count(struct slice s)
{
	struct sms_count c = sms_count(s);
	bool is_gsm7 = c.encoding == SMS_GSM7;
	uint32_t alone = is_gsm7 ? 160 : 70, part = is_gsm7 ? 153 : 67, units = 0;

	while (s.n > 0) {
		int32_t x = text_next(&s);

		if (is_gsm7)
			must(x >= 0 && sms_gsm7_septets((uint32_t)x) > 0, "U+%04X is no GSM 7-bit",
			     (unsigned)x);
		units += is_gsm7 ? sms_gsm7_septets((uint32_t)x) : x > 0xFFFF ? 2 : 1;
	}
	must(c.units == units, "%u units, not %u", c.units, units);
	/* a pair that does not fit leaves one unit of a part free, no more */
	if (units <= alone)
		must(c.parts == (units > 0), "%u parts of %u units", c.parts, units);
	else
		must(c.parts * part >= units && (c.parts - 1) * (part - 1) < units,
		     "%u parts of %u units", c.parts, units);
}

static void
check_lost(struct slice nfc, const struct plain_lost *lost, size_t count)
{
	size_t k = 0;

	for (uint32_t at = 0; nfc.n > 0 && k < count && k < LOST_MAX; at++) {
		int32_t c = text_next(&nfc);

		if (lost[k].at != at)
			continue;
		must(c == (int32_t)lost[k].code_point, "lost U+%04X is not at %u",
		     (unsigned)lost[k].code_point, at);
		k++;
	}
	must(k == count || k == LOST_MAX, "%zu lost, %zu found", count, k);
}

static void
check_plain(struct slice nfc)
{
	static struct plain_lost lost[LOST_MAX];
	struct buf plain = {0}, again = {0};
	size_t count = plain_add(&plain, nfc, lost, LOST_MAX);

	check_lost(nfc, lost, count);
	for (struct slice s = buf_slice(&plain); s.n > 0;) {
		int32_t c = text_next(&s);

		must(c >= 0 && sms_gsm7_septets((uint32_t)c) > 0, "plain text has U+%04X",
		     (unsigned)c);
	}
	must(count_question_marks(buf_slice(&plain)) == count_question_marks(nfc),
	     "question marks came or went");
	must(plain_add(&again, buf_slice(&plain), lost, LOST_MAX) == 0, "plain text loses");
	must_be_equal(buf_slice(&plain), buf_slice(&again), "plain texts");
	must(plain.len == 0 || sms_count(buf_slice(&plain)).encoding == SMS_GSM7, "still UCS-2");
	buf_free(&plain);
	buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = {(const char *)data, n};
	struct buf nfc = {0}, plain = {0}, folded = {0};
	struct plain_lost lost[4];

	check_count(text);
	must(text_length(text) <= n, "more characters than bytes");
	if (text_add_nfc(&nfc, text)) {
		must(text_find_malformed(text) < 0, "malformed text has an NFC");
		check_count(buf_slice(&nfc));
		check_plain(buf_slice(&nfc));
		must(text_add_folded(&folded, text) && text_add_unaccented_folded(&folded, text),
		     "well-formed text does not fold");
		must(text_find_malformed(buf_slice(&folded)) < 0, "folded text is malformed");
	} else {
		must(text_find_malformed(text) >= 0, "well-formed text has no NFC");
		must(nfc.len == 0, "malformed text left something");
		must(plain_add(&plain, text, lost, 4) > 0, "malformed bytes went unsaid");
		check_count(buf_slice(&plain));
	}
	buf_free(&nfc);
	buf_free(&plain);
	buf_free(&folded);
	return 0;
}
