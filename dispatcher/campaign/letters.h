/* SPDX-License-Identifier: MIT */
/*
 * Which characters make texts Unicode, over a whole audience, and which of them
 * nobody sees: so that staff learn that one dash costs a part in 12,031 messages.
 * Memory is bounded: LETTERS_MAX different characters. Pure.
 */
#pragma once

#include "base/json.h"
#include "templates/sms_rules.h"

#define LETTERS_MAX 1024u
#define LETTERS_SLOTS (2 * LETTERS_MAX)
#define LETTERS_SHOWN 40u

/* One character beyond the GSM alphabet's ASCII. */
struct letter {
	uint32_t code_point; /* 0 = a free slot */
	bool is_forcing;     /* some text is Unicode because of it */
	bool is_hidden;	     /* nobody sees it */
	bool is_letter;	     /* else a sign, which can be replaced and nothing is lost */
	uint64_t messages;   /* that have it */
	uint64_t alone;	     /* that are Unicode because of it and of no other character */
	uint64_t row;	     /* the first one, from 1 */
	uint64_t last;	     /* number of the message that counted it */
};

/* Zero-initialised = nothing was looked at. */
struct letters {
	struct letter slots[LETTERS_SLOTS]; /* open addressing */
	size_t count;
	uint64_t messages; /* looked at */
	uint64_t by_signs; /* Unicode, and no character forces it that is a letter */
	uint64_t hidden;   /* messages with invisible characters */
	uint64_t hidden_characters;
	bool has_more; /* than LETTERS_MAX characters: some were not noted */
};

/* rules are those that it is billed by (NULL = the standard), is_unicode its bill; row from 1. */
struct letters_text {
	struct slice text; /* as it is sent */
	const struct sms_rules *rules;
	bool is_unicode;
	uint64_t row;
};
void letters_add(struct letters *l, const struct letters_text *t);

/* Members "unicode_because", "unicode_characters", "unicode_by_signs", "invisible" of a preview. */
void letters_tell(const struct letters *l, json_t *out);
