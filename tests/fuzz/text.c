/* SPDX-License-Identifier: MIT */
/*
 * NFC, part counting, plain text, accents, invisible characters. Input: a text.
 * Says: the quick look is right; parts are as many as the units need, no
 * character is split, and a longer text has no fewer; a plain text is GSM 7-bit
 * and its own plain form; no '?' comes from anywhere; what is lost is listed at
 * its place; accents are taken off only where that is cheaper and loses nothing.
 */
#include <stdlib.h>

#include "base/text.h"
#include "templates/accents.h"
#include "templates/invisible.h"
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

/* Parts filled one after the other, the slow and plain way. */
static uint32_t
pack(struct slice s, bool is_gsm7, uint32_t *units)
{
	uint32_t alone = is_gsm7 ? 160 : 70, part = is_gsm7 ? 153 : 67, used = 0, parts = 0;

	*units = 0;
	while (s.n > 0) {
		int32_t x = text_next(&s);
		uint32_t n = is_gsm7 ? sms_gsm7_septets((uint32_t)x) : x > 0xFFFF ? 2 : 1;

		must(n > 0, "U+%04X is no GSM 7-bit", (unsigned)x);
		*units += n;
		if (parts == 0 || used + n > part) {
			parts++;
			used = 0;
		}
		used += n;
	}
	return *units <= alone ? *units > 0 : parts;
}

static void
check_count(struct slice s)
{
	struct sms_count c = sms_count(s);
	struct sms_bill b = sms_count_by(NULL, s);
	uint32_t units, parts = pack(s, c.encoding == SMS_GSM7, &units);

	must(c.units == units, "%u units, not %u", c.units, units);
	must(c.parts == parts, "%u parts, not %u", c.parts, parts);
	must(b.verdict == SMS_FITS && b.count.parts == parts && b.count.units == units &&
		     b.count.encoding == c.encoding,
	     "by the standard's rules %u parts, not %u", b.count.parts, parts);
}

/* A carrier's table: the same where it says the same as the standard, and growing with the text. */
static void
check_rules(struct slice nfc)
{
	struct sms_rules r = {.carrier = "*",
			      .plain = {true, 3, {122, 268, 421}, 421},
			      .unicode = {true, 4, {70, 134, 201, 268}, 268}};
	struct sms_bill b = sms_count_by(&r, nfc), cut;
	struct sms_count c = sms_count(nfc);
	struct slice shorter = nfc;

	must(b.count.units == c.units && b.count.encoding == c.encoding, "other units");
	if (c.encoding == SMS_UCS2)
		must(b.verdict == SMS_FITS ? b.count.parts == c.parts
					   : c.units > 268 || c.parts > 4,
		     "%u parts, not %u", b.count.parts, c.parts);
	else
		must(b.verdict != SMS_FITS || b.count.parts >= c.parts, "fewer than the standard");
	while (shorter.n > nfc.n / 2)
		shorter.n--;
	while (shorter.n > 0 && ((unsigned char)nfc.p[shorter.n] & 0xC0) == 0x80)
		shorter.n--;
	cut = sms_count_by(&r, shorter);
	must(b.verdict != SMS_FITS || (cut.verdict == SMS_FITS && cut.count.parts <= b.count.parts),
	     "half of it costs more");
}

static void
check_quick(struct slice text, struct slice nfc)
{
	struct text_look look = text_look(text);
	size_t pairs, units = text_utf16_length(text, &pairs);

	must(!look.is_nfc || slice_eq(text, nfc), "the quick look is wrong");
	must(!look.is_nfc || (look.length == text_length(text) && look.pairs == pairs &&
			      units == look.length + pairs),
	     "the quick look counts wrong");
}

static void
check_invisible(struct slice nfc)
{
	struct buf clean = {0}, again = {0};
	size_t count = invisible_find(nfc, NULL, 0);

	invisible_clean(&clean, nfc);
	must(text_find_malformed(buf_slice(&clean)) < 0, "the clean text is malformed");
	must(count > 0 || slice_eq(nfc, buf_slice(&clean)), "a clean text changed");
	must(invisible_find(buf_slice(&clean), NULL, 0) <= count, "cleaning adds some");
	invisible_clean(&again, buf_slice(&clean));
	must_be_equal(buf_slice(&clean), buf_slice(&again), "clean texts");
	buf_free(&clean);
	buf_free(&again);
}

static void
check_accents(struct slice nfc)
{
	struct buf plain = {0}, kept = {0};
	struct sms_count whole = sms_count(nfc), off;
	struct accents_choice save = accents_choose(ACCENTS_SAVE, NULL, nfc, &plain);
	bool is_cheaper;
	size_t lost = plain_add(&kept, nfc, NULL, 0);

	off = sms_count(buf_slice(&kept));
	is_cheaper = lost == 0 && off.parts > 0 && off.parts < whole.parts;
	must(save.is_plain == is_cheaper, "accents went %s", is_cheaper ? "not" : "for nothing");
	must_be_equal(save.text, is_cheaper ? buf_slice(&kept) : nfc, "texts to send");
	must(save.bill.count.parts == (is_cheaper ? off.parts : whole.parts), "parts of it");
	must(save.lost == 0, "saving loses");
	buf_free(&plain);
	buf_free(&kept);
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

	must(sms_count(text).parts <= n, "more parts than bytes");
	must(text_length(text) <= n, "more characters than bytes");
	if (text_add_nfc(&nfc, text)) {
		must(text_find_malformed(text) < 0, "malformed text has an NFC");
		check_quick(text, buf_slice(&nfc));
		check_quick(buf_slice(&nfc), buf_slice(&nfc));
		check_count(buf_slice(&nfc));
		check_rules(buf_slice(&nfc));
		check_plain(buf_slice(&nfc));
		check_invisible(buf_slice(&nfc));
		check_accents(buf_slice(&nfc));
		must(text_add_folded(&folded, text) && text_add_unaccented_folded(&folded, text),
		     "well-formed text does not fold");
		must(text_find_malformed(buf_slice(&folded)) < 0, "folded text is malformed");
	} else {
		must(!text_is_nfc_quick(text), "malformed text is surely NFC");
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
