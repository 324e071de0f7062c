/* SPDX-License-Identifier: MIT */
#include "templates/accents.h"

#include "templates/vietnamese.h"

const char *const accents_names[3] = {"keep", "plain", "save"};

static bool
is_cheaper(const struct sms_bill *plain, const struct sms_bill *kept)
{
	if (plain->verdict != SMS_FITS || plain->count.parts == 0)
		return false; /* nothing but marks leaves nothing */
	return kept->verdict != SMS_FITS || plain->count.parts < kept->count.parts;
}

struct accents_choice
accents_choose(enum accents mode, const struct sms_rules *rules, struct slice nfc, struct buf *out)
{
	struct accents_choice kept = {.text = nfc, .bill = sms_count_by(rules, nfc)}, plain = {0};
	size_t start = out->len;

	/* nothing costs less than one part */
	if (mode == ACCENTS_KEPT ||
	    (mode == ACCENTS_SAVE && kept.bill.verdict == SMS_FITS && kept.bill.count.parts <= 1))
		return kept;
	plain.is_plain = true;
	plain.lost = plain_add(out, nfc, NULL, 0);
	plain.text = (struct slice){out->data == NULL ? NULL : out->data + start, out->len - start};
	plain.bill = sms_count_by(rules, plain.text);
	if (mode == ACCENTS_PLAIN || (plain.lost == 0 && is_cheaper(&plain.bill, &kept.bill)))
		return plain;
	out->len = start;
	if (out->data != NULL)
		out->data[start] = '\0';
	return kept;
}
