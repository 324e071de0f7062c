/* SPDX-License-Identifier: MIT */
/*
 * Unicode text: UTF-8 in and out, NFC, case folding. By utf8proc; nothing here
 * knows about messages or about Vietnam.
 */
#pragma once

#include "base/buf.h"

/* One code point at s->p; advances s. -1 at the end, -2 on malformed UTF-8 (advances one byte). */
int32_t text_next(struct slice *s);
void text_add_code_point(struct buf *out, int32_t c);
/* Byte offset of the first malformed sequence (overlong, surrogate, > U+10FFFF …), or -1. */
ptrdiff_t text_find_malformed(struct slice s);
/* Code points in s (malformed bytes count one each). */
size_t text_length(struct slice s);
/* s cut to at most max bytes, between characters. */
struct slice text_clip(struct slice s, size_t max);
/*
 * UTF-16 units in s, and in *pairs the code points of two. Fast; of malformed
 * text some number, never more than its bytes.
 */
size_t text_utf16_length(struct slice s, size_t *pairs);

bool text_is_ascii(struct slice s);
/* The first code point of c's canonical decomposition (ế → e, Ώ → Ω); c where it has none. */
int32_t text_base_of(int32_t c);
/*
 * What a character that is another one in a certain style stands for, by its
 * compatibility decomposition, into out[max]: 𝐀 → A, ㎏ → kg. Returns how many
 * code points it has; 0 when it is none of these, or there are more than max.
 */
size_t text_unstyled(int32_t c, int32_t *out, size_t max);

/* What one look over a text tells; see text_look. */
struct text_look {
	bool is_ascii;
	bool is_nfc;   /* surely well-formed and NFC; false = have it normalised */
	size_t length; /* code points; only if is_nfc */
	size_t pairs;  /* code points beyond U+FFFF, two UTF-16 units each; only if is_nfc */
};

/*
 * One pass without an allocation, less than a nanosecond a byte. is_nfc stays
 * false for rarer scripts and signs that may be NFC: it is true for all of ASCII
 * and Vietnamese, Latin with accents, typographic signs, money, Khmer, Cham, emoji.
 */
struct text_look text_look(struct slice s);
/* text_look(s).is_nfc */
bool text_is_nfc_quick(struct slice s);

/* Append the NFC form of s. False when s is malformed UTF-8 (out is unchanged). */
bool text_add_nfc(struct buf *out, struct slice s);
#define TEXT_PUT_MAX 8192 /* bytes */
/*
 * The same without memory of the heap, for at most TEXT_PUT_MAX bytes: *n bytes to
 * out. False when s is malformed or longer, or its NFC longer than room.
 */
bool text_put_nfc(struct slice s, char *out, size_t room, size_t *n);
/* Append NFC + full case folding: the form in which texts are compared. */
bool text_add_folded(struct buf *out, struct slice s);
/* Append folded, without accents: NFD without marks, đ → d. For "contains" and misspellings. */
bool text_add_unaccented_folded(struct buf *out, struct slice s);

/* ---- one code point at a time, without memory; for c that text_next gave ---- */

/* By the simple case mapping of Unicode; c itself where there is none. */
int32_t text_upper(int32_t c);
int32_t text_lower(int32_t c);
/* In lower case and without its accents: Ễ → e, Đ → d. 0: c is itself an accent, or no character. */
int32_t text_bare(int32_t c);
/*
 * The whole of s in lower case without accents, as ASCII with a NUL, for comparing with words:
 * Nữ → nu. False when it has other letters or does not fit.
 */
bool text_bare_word(struct slice s, char *out, size_t size);
/* UTF-8 of c; returns its bytes, 1 to 4, or 0 for what is no character. */
size_t text_put(char out[4], int32_t c);
