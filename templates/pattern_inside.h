/* SPDX-License-Identifier: MIT */
/* Inside of patterns: what matching and the comparison word by word share. */
#pragma once

#include "templates/pattern.h"

struct pattern_slot {
	enum slot_type type;
	uint16_t min, max;
	uint32_t at, n; /* as written, in the source */
};

/*
 * literals[0] slot[0] literals[1] slot[1] … literals[slot_count]: one after the
 * other in `text`, literal i is what stands between ends[i - 1] and ends[i].
 */
struct pattern {
	enum compare_mode mode;
	struct buf source; /* NFC, as written */
	struct buf text;   /* the literals' form */
	struct buf from;   /* u32 for each byte of text: place in source */
	uint32_t ends[PATTERN_SLOTS_MAX + 1];
	struct pattern_slot slots[PATTERN_SLOTS_MAX];
	size_t slot_count;
	uint32_t literal_length; /* code points of all literals */
	uint32_t least, most;	 /* code points that a text may have */
	uint32_t *words;	 /* hashes of the literals' words, sorted */
	size_t word_count;
};

struct slice pattern_literal(const struct pattern *p, size_t i);
uint32_t pattern_word_hash(struct slice s);
/* May this character stand in the slot? */
bool slot_takes(enum slot_type type, char byte);

/* The patterns of one mode, sorted by their first literal. */
struct pattern_group {
	struct comparer *comparer; /* NULL = no pattern */
	const struct pattern **sorted;
	uint32_t *index; /* of sorted[i] among all */
	size_t count;
};
struct pattern_set {
	struct pattern_group groups[COMPARE_MODES];
	size_t count;
	struct buf nfc, form;
	struct buf lengths; /* u32: code points before each byte of form, and in all */
	struct buf here, there;
};
