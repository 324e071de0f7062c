/* SPDX-License-Identifier: MIT */
/*
 * What an SMS text costs: its alphabet, units and parts (3GPP TS 23.038
 * section 6.2.1 and 6.2.3; TS 23.040 section 9.2.3.24.1). GSM 7-bit: 160 septets
 * alone, 153 in each part of a longer text; UCS-2: 70 and 67 UTF-16 units. Parts
 * are packed greedily and never split an escape sequence or a surrogate pair.
 * Pure, and without an allocation; the text is well-formed UTF-8 in NFC.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum sms_encoding { SMS_GSM7, SMS_UCS2 };

struct sms_count {
	enum sms_encoding encoding;
	uint32_t units; /* septets (extension characters are 2) or UTF-16 units */
	uint32_t parts; /* 0 for an empty text */
};

struct sms_count sms_count(struct slice nfc);
/* The units only; has_doubles: some characters are two, so that packing can leave one free. */
size_t sms_count_units(struct slice nfc, enum sms_encoding *encoding, bool *has_doubles);
/* 1 or 2; 0 = not in this encoding */
unsigned sms_units_of(enum sms_encoding encoding, uint32_t code_point);
/* "gsm7", "ucs2" */
const char *sms_encoding_name(enum sms_encoding e);
/* Is the code point in the GSM 7-bit default alphabet or its extension table? Septets: 1, 2; 0 = no. */
unsigned sms_gsm7_septets(uint32_t code_point);
