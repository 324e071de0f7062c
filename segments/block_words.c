/* SPDX-License-Identifier: MIT */
#include "segments/block_words.h"

#include <stdlib.h>

#include "base/mem.h"
#include "segments/block.h"
#include "segments/block_format.h"

#define USES_MAX 16384u	   /* words of a block */
#define DISTINCT_MAX 4096u /* different ones */
#define SLOTS 8192u	   /* twice that, a power of two */

struct words_builder {
	uint32_t rows, uses, distinct, frequent, others;
	size_t text_bytes;
	uint8_t counts[BLOCK_ROWS];
	uint16_t word[USES_MAX]; /* [uses]: which of the distinct ones */
	uint16_t slots[SLOTS];	 /* 0 = free, else one more than the word */
	struct distinct {
		struct slice text;
		uint32_t uses;
		uint16_t code; /* 1..255, 0 = it has none */
	} list[DISTINCT_MAX];
	uint16_t by_code[WORD_CODES]; /* [frequent] */
};

struct words_builder *
words_builder_new(void)
{
	return xcalloc(1, sizeof(struct words_builder));
}

void
words_builder_free(struct words_builder *w)
{
	free(w);
}

static bool
use_word(struct words_builder *w, struct slice s)
{
	uint32_t at = words_hash(s) % SLOTS;

	while (w->slots[at] != 0 && !slice_eq(w->list[w->slots[at] - 1].text, s))
		at = (at + 1) % SLOTS;
	if (w->slots[at] == 0) {
		if (w->distinct == DISTINCT_MAX)
			return false;
		w->list[w->distinct++] = (struct distinct){.text = s};
		w->slots[at] = (uint16_t)w->distinct;
	}
	w->list[w->slots[at] - 1].uses++;
	w->word[w->uses++] = (uint16_t)(w->slots[at] - 1);
	return true;
}

/* False: the cell cannot be put together again from words. */
static bool
use_cell(struct words_builder *w, struct slice cell, uint32_t row)
{
	uint32_t before = w->uses;
	bool is_last = cell.n == 0;

	while (!is_last) {
		const char *blank = memchr(cell.p, ' ', cell.n);
		struct slice word = {cell.p, blank != NULL ? (size_t)(blank - cell.p) : cell.n};

		if (word.n == 0 || w->uses == USES_MAX || w->uses - before == UINT8_MAX ||
		    !use_word(w, word))
			return false;
		is_last = blank == NULL;
		if (!is_last)
			cell = (struct slice){blank + 1, cell.n - word.n - 1};
	}
	w->counts[row] = (uint8_t)(w->uses - before);
	return true;
}

static int
more_used_first(const void *a, const void *b, void *arg)
{
	const struct distinct *list = arg;
	uint16_t x = *(const uint16_t *)a, y = *(const uint16_t *)b;

	if (list[x].uses != list[y].uses)
		return list[x].uses > list[y].uses ? -1 : 1;
	return x < y ? -1 : 1;
}

/* The most used get the codes; in the order of their first use where all have one. */
static void
give_codes(struct words_builder *w)
{
	uint16_t order[DISTINCT_MAX];

	for (uint32_t i = 0; i < w->distinct; i++)
		order[i] = (uint16_t)i;
	if (w->distinct > WORD_CODES)
		qsort_r(order, w->distinct, sizeof(order[0]), more_used_first, w->list);
	w->frequent = w->distinct < WORD_CODES ? w->distinct : WORD_CODES;
	w->others = 0;
	w->text_bytes = 0;
	for (uint32_t i = 0; i < w->distinct; i++) {
		struct distinct *d = &w->list[order[i]];
		uint32_t times = i < w->frequent ? 1 : d->uses;

		d->code = (uint16_t)(i < w->frequent ? i + 1 : 0);
		if (i < w->frequent)
			w->by_code[i] = order[i];
		else
			w->others += d->uses;
		w->text_bytes += times * d->text.n;
	}
}

static unsigned
offset_size(const struct words_builder *w)
{
	return w->text_bytes <= UINT16_MAX ? 2 : 4;
}

size_t
words_builder_fill(struct words_builder *w, const char *text, const uint32_t *offsets,
		   uint32_t rows)
{
	w->rows = rows;
	w->uses = w->distinct = 0;
	memset(w->slots, 0, sizeof(w->slots));
	for (uint32_t row = 0; row < rows; row++)
		if (!use_cell(w,
			      (struct slice){text + offsets[row], offsets[row + 1] - offsets[row]},
			      row))
			return SIZE_MAX;
	give_codes(w);
	return 5 + rows + w->uses + offset_size(w) * ((size_t)w->frequent + w->others + 1) +
	       w->text_bytes;
}

static void
add_offset(const struct words_builder *w, uint32_t at, struct buf *out)
{
	if (offset_size(w) == 2)
		buf_add_u16(out, (uint16_t)at);
	else
		buf_add_u32(out, at);
}

void
words_builder_add(struct words_builder *w, struct buf *out)
{
	uint32_t at = 0;
	char *codes;

	buf_add_u8(out, BLOCK_WORDS);
	buf_add_u8(out, (uint8_t)offset_size(w));
	buf_add_u16(out, (uint16_t)(w->frequent + w->others));
	buf_add_u8(out, (uint8_t)w->frequent);
	buf_add(out, w->counts, w->rows);
	codes = buf_reserve(out, w->uses);
	for (uint32_t i = 0; i < w->uses; i++)
		codes[i] = (char)w->list[w->word[i]].code;
	out->len += w->uses;
	add_offset(w, 0, out);
	for (uint32_t i = 0; i < w->frequent; i++)
		add_offset(w, at += (uint32_t)w->list[w->by_code[i]].text.n, out);
	for (uint32_t i = 0; i < w->uses; i++)
		if (w->list[w->word[i]].code == 0)
			add_offset(w, at += (uint32_t)w->list[w->word[i]].text.n, out);
	for (uint32_t i = 0; i < w->frequent; i++)
		buf_add_slice(out, w->list[w->by_code[i]].text);
	for (uint32_t i = 0; i < w->uses; i++)
		if (w->list[w->word[i]].code == 0)
			buf_add_slice(out, w->list[w->word[i]].text);
}
