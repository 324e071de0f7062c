/* SPDX-License-Identifier: MIT */
/*
 * Is a text Vietnamese, and how surely: its words against the syllables that the
 * language can have (an onset, a rhyme of a closed list, one tone; Đoàn Thiện Thuật,
 * "Ngữ âm tiếng Việt") and the frequency of its accented letters. This tells apart the
 * readings of bytes whose encoding nobody wrote down. Pure.
 */
#pragma once

#include "base/buf.h"

#define SYLLABLE_LETTERS_MAX 7u /* nghiêng */

/* Words are marked here, so that one that stands a thousand times counts once. */
struct word_marks {
	uint64_t bits[1024];
};

/* What the different words with a letter beyond ASCII say together. Zero-initialised = none. */
struct word_tally {
	uint32_t words;
	uint32_t valid; /* are syllables of Vietnamese */
	int32_t score;	/* half bits: for (> 0) or against its being Vietnamese */
};

/* A letter that only Vietnamese uses, beyond U+00FF: ă, ơ, ế … of either case; or a tone mark. */
bool letter_is_vietnamese(int32_t c);
/* Letters in NFC, of any case. *weight: half bits by the frequency of the accented ones. */
bool syllable_is_valid(const int32_t *letters, size_t n, int *weight);
/* Add the words of s (UTF-8); marks NULL = repetitions count. */
void word_tally_add(struct word_tally *t, struct word_marks *marks, struct slice s);
