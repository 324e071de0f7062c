/* SPDX-License-Identifier: MIT */
/*
 * With accents or without: the choice of a campaign or of a provider, made for
 * each text. ACCENTS_SAVE takes the accents off only where that costs fewer
 * parts (or makes a text that would not be taken one that is) and loses no
 * character; a text that stays the same price stays correct Vietnamese.
 * Pure; allocates nothing but the caller's buffer, and that only to take accents
 * off.
 */
#pragma once

#include "templates/sms_rules.h"

enum accents { ACCENTS_KEPT, ACCENTS_PLAIN, ACCENTS_SAVE };

struct accents_choice {
	struct slice text;    /* to send: the text that was given, or what was added to out */
	struct sms_bill bill; /* of text */
	bool is_plain;	      /* the accents were taken off */
	size_t lost; /* characters that the plain form could not keep and has not; 0 unless is_plain */
};

/*
 * nfc is well-formed UTF-8 in NFC; rules NULL = the standard. The plain form is
 * appended to out if it is needed; text is valid until either changes. In
 * ACCENTS_PLAIN look at lost: what to do about it (skip, ask) is the caller's.
 */
struct accents_choice accents_choose(enum accents mode, const struct sms_rules *rules,
				     struct slice nfc, struct buf *out);

/*
 * All three modes beside each other, each text taken apart once: choices[mode] is
 * what accents_choose comes to. The plain form is appended to out; texts as above.
 */
void accents_compare(const struct sms_rules *rules, struct slice nfc, struct buf *out,
		     struct accents_choice choices[3]);

/* "keep", "plain", "save": in the order of the enum. */
extern const char *const accents_names[3];
