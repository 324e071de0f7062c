/* SPDX-License-Identifier: MIT */
/*
 * Cells as sequences of words, for block_builder only: names and addresses are
 * made of few words. A word is what stands between blanks; a code of one byte
 * stands for each of the 255 most frequent, and the others follow in the order
 * in which they are used.
 */
#pragma once

#include "base/buf.h"

struct words_builder;
struct words_builder *words_builder_new(void);
void words_builder_free(struct words_builder *w);
/*
 * Cell i of `rows` is text[offsets[i] .. offsets[i+1]); text is borrowed until the piece was
 * added. Returns the bytes of the piece, SIZE_MAX: there is none (two blanks in a row, one at an
 * end, too many words).
 */
size_t words_builder_fill(struct words_builder *w, const char *text, const uint32_t *offsets,
			  uint32_t rows);
/* Append the piece. */
void words_builder_add(struct words_builder *w, struct buf *out);

/* FNV-1a; a block has few rows, so no attack on it is worth while. */
static inline uint32_t
words_hash(struct slice s)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * 16777619u;
	return h;
}
