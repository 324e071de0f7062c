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

static struct accents_choice
keep(const struct sms_rules *rules, struct slice nfc)
{
	return (struct accents_choice){.text = nfc, .bill = sms_count_by(rules, nfc)};
}

static struct accents_choice
take_off(const struct sms_rules *rules, struct slice nfc, struct buf *out)
{
	struct accents_choice plain = {.is_plain = true};
	size_t start = out->len;

	plain.lost = plain_add(out, nfc, NULL, 0);
	plain.text = (struct slice){out->data == NULL ? NULL : out->data + start, out->len - start};
	plain.bill = sms_count_by(rules, plain.text);
	return plain;
}

/* Nothing costs less than one part. */
static bool
cannot_save(const struct accents_choice *kept)
{
	return kept->bill.verdict == SMS_FITS && kept->bill.count.parts <= 1;
}

static bool
saves(const struct accents_choice *plain, const struct accents_choice *kept)
{
	return plain->lost == 0 && is_cheaper(&plain->bill, &kept->bill);
}

struct accents_choice
accents_choose(enum accents mode, const struct sms_rules *rules, struct slice nfc, struct buf *out)
{
	struct accents_choice kept = keep(rules, nfc), plain;
	size_t start = out->len;

	if (mode == ACCENTS_KEPT || (mode == ACCENTS_SAVE && cannot_save(&kept)))
		return kept;
	plain = take_off(rules, nfc, out);
	if (mode == ACCENTS_PLAIN || saves(&plain, &kept))
		return plain;
	out->len = start;
	if (out->data != NULL)
		out->data[start] = '\0';
	return kept;
}

void
accents_compare(const struct sms_rules *rules, struct slice nfc, struct buf *out,
		struct accents_choice choices[3])
{
	struct accents_choice kept = keep(rules, nfc), plain = take_off(rules, nfc, out);

	choices[ACCENTS_KEPT] = kept;
	choices[ACCENTS_PLAIN] = plain;
	choices[ACCENTS_SAVE] = !cannot_save(&kept) && saves(&plain, &kept) ? plain : kept;
}
