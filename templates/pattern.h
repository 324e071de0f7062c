/* SPDX-License-Identifier: MIT */
/*
 * Registered patterns: the text that a carrier has been told of, with slots for
 * what differs from person to person (docs/FORMATS.md, "Registered pattern"):
 *
 *     UBND xa {P1:20} kinh moi Ong/Ba {P2:30} du hop luc {P3:5:no-dot}
 *
 * A slot is {NAME:MAX} or {NAME:MIN-MAX}, with a type behind it; MIN is 1 where
 * it is not said. A length is in characters of the compared form. {{ and }} are
 * the characters themselves.
 *
 * Matching tries nothing twice: after each piece of the pattern it keeps the set
 * of places in the text where that piece may end, so a text of n bytes costs at
 * most n times the pattern's bytes, whatever both are. A set of patterns is
 * sorted by what they begin with, and only those whose beginning is the text's
 * are looked at. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "templates/compare.h"

#define PATTERN_TEXT_MAX 2000u	/* bytes */
#define PATTERN_SLOTS_MAX 32u	/* of one pattern */
#define PATTERN_SLOT_MAX 1000u	/* characters */
#define PATTERN_TOKENS_MAX 400u /* words and signs that a comparison word by word looks at */
#define PATTERN_GAPS_MAX 8u

enum slot_type {
	SLOT_ANY,    /* VinaPhone's B */
	SLOT_NO_DOT, /* VinaPhone's A: no full stop */
	SLOT_DIGITS,
	SLOT_URL, /* VinaPhone's C: no blank */
};

struct pattern_error {
	int column; /* 1-based, in characters */
	char message[200];
};

struct pattern;
/* NULL and *e when it is no pattern. text is UTF-8 in any normal form. */
struct pattern *pattern_compile(struct slice text, enum compare_mode mode, struct pattern_error *e);
void pattern_free(struct pattern *p);
size_t pattern_slot_count(const struct pattern *p);

/* The patterns are borrowed. Not thread-safe: it has memory of its own for each text. */
struct pattern_set;
struct pattern_set *pattern_set_new(const struct pattern *const *patterns, size_t count);
void pattern_set_free(struct pattern_set *s);
size_t pattern_set_count(const struct pattern_set *s);
/* Index of one that the text matches, or -1. UTF-8, as it is sent. */
int pattern_set_match(struct pattern_set *s, struct slice text);

enum gap_kind {
	GAP_WORDS,	/* other words, or none on one side */
	GAP_SLOT_LONG,	/* found has `length` characters, the slot takes `limit` */
	GAP_SLOT_SHORT, /* found has `length`, the slot wants at least `limit` */
	GAP_SLOT_TYPE,	/* found has what the slot's type forbids */
};
/* "words", "slot-too-long", "slot-too-short", "slot-type" */
const char *gap_kind_name(enum gap_kind k);

struct pattern_gap {
	enum gap_kind kind;
	struct slice expected; /* of the pattern as written: words, or the slot */
	struct slice found;    /* of the text as sent; may be empty */
	uint32_t at;	       /* code points before it in the text's NFC form */
	uint32_t length, limit;
};
struct pattern_near {
	int index; /* -1 = none has a word in common with it */
	struct pattern_gap gaps[PATTERN_GAPS_MAX];
	size_t gap_count;
	bool has_more; /* gaps than are listed */
};
/*
 * For a text that matches none: the pattern that needs the fewest changes, and
 * which. Looks at the first PATTERN_TOKENS_MAX words of both. The slices live in
 * a, or in the pattern. For a person to read, not for a million texts.
 */
void pattern_set_nearest(struct pattern_set *s, struct slice text, struct arena *a,
			 struct pattern_near *out);
