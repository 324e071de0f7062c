/* SPDX-License-Identifier: MIT */
/*
 * What carriers bill, where it is not the standard: after how many units each
 * part ends (a label and a refusal text that the carrier adds take room), how
 * long a text may be, whether it may be Unicode, what they take for Unicode and
 * which characters they refuse. Dated data (docs/FORMATS.md, "SMS parts"); the
 * standard itself is in templates/sms. Pure: no I/O, and counting allocates
 * nothing.
 */
#pragma once

#include "base/json.h"
#include "templates/sms.h"

#define SMS_ENDS_MAX 16
#define SMS_RULES_MAX 64

/* What the carriers call the traffic; standard = from an ordinary number, as the standard counts. */
enum sms_traffic { SMS_STANDARD, SMS_CSKH, SMS_QC };

/* Where the parts of a text end, in units of its alphabet. */
struct sms_ends {
	bool is_allowed; /* false = such a text may not be sent at all */
	uint8_t count;	 /* 0 = as the standard: 160 and 153 each, 70 and 67 each, 255 parts */
	uint16_t end
		[SMS_ENDS_MAX]; /* [count], rising: a text of end[i] units still is i + 1 parts */
	uint32_t max;		/* units of the longest text; never beyond the last end */
};

/* One entry of the table. Zero-initialised is no entry; see sms_rules_standard. */
struct sms_rules {
	char since[12];	  /* "2025-01-01" */
	char carrier[20]; /* "*" = each that has no entry of its own */
	enum sms_traffic traffic;
	bool is_ascii_only; /* one character that is not ASCII bills as Unicode, à and € too */
	struct sms_ends plain;	 /* of texts in the GSM 7-bit alphabet */
	struct sms_ends unicode; /* of others */
	char refused[40]; /* ASCII characters, NUL behind them; a text with one is not taken */
};

struct sms_table {
	struct sms_rules rules[SMS_RULES_MAX];
	size_t count;
};

enum sms_verdict {
	SMS_FITS,
	SMS_TOO_LONG,		 /* for the most that is taken */
	SMS_UNICODE_NOT_ALLOWED, /* it would have to be plain */
	SMS_CHARACTER_REFUSED,
};

struct sms_bill {
	enum sms_verdict verdict;
	struct sms_count count; /* encoding: as billed; parts: 0 = too long, or not allowed */
	uint32_t max;		/* units that would be taken, in this encoding; 0 = none */
	/* SMS_CHARACTER_REFUSED: the first one, and code points before it */
	uint32_t refused, refused_at;
};

/* The standard, whatever the carrier. */
extern const struct sms_rules sms_rules_standard;

/*
 * Read {"rules":[…]} into *out. Errors name the place in the document. Carriers
 * are names here: whether there is such a one the caller knows.
 */
MUST_CHECK enum err sms_rules_read(const struct json_at *root, struct sms_table *out,
				   struct err_ctx *e);

/*
 * The entry in force on a day ("2026-10-10"): the latest of the carrier's own,
 * else the latest of "*"; NULL when there is none. carrier may be NULL (unknown).
 */
const struct sms_rules *sms_rules_find(const struct sms_table *t, const char *carrier,
				       enum sms_traffic traffic, const char *day);

/* What a text in NFC costs by these rules, or why it is not taken. r NULL = the standard. */
struct sms_bill sms_count_by(const struct sms_rules *r, struct slice nfc);
/* Does the character alone make a text Unicode by these rules? r NULL = the standard. */
bool sms_forces_unicode(const struct sms_rules *r, uint32_t code_point);

/* "standard", "cskh", "qc"; count = 3 */
extern const char *const sms_traffic_names[3];
/* "fits", "too-long", "unicode-not-allowed", "character-refused" */
const char *sms_verdict_name(enum sms_verdict v);
