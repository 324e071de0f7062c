/* SPDX-License-Identifier: MIT */
/* Inside of the preview: a message as it was rendered. For preview.c and tails.c only. */
#pragma once

#include "dispatcher/campaign/tally.h"

/* Counted when it is known whether its phone is suppressed, and how many are to be sent with it. */
struct shown {
	struct slice text; /* in the memory of its window or string, as `about` */
	struct sms_count count;
	enum record_reason reason; /* why it cannot be sent, if it is not suppressed */
	/* the field that is missing, or the character that is refused; otherwise its language, a tag */
	struct slice about;
	/* Of a missing field that has a value: who made nothing of it, and what, unless it is personal. */
	struct slice filter, value;
	uint32_t row;
	uint32_t rank; /* in its partition, as the run will count */
	uint64_t phone;
	uint8_t carrier, language;
	enum language_fit fit;
	bool is_plain;
	bool has_modes; /* a text was rendered */
	struct tally_modes modes;
};
