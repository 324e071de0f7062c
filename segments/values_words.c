/* SPDX-License-Identifier: MIT */
/*
 * Columns of words (segments/values.h): what is looked for is divided at its blanks
 * too, each part is compared with the block's few words, and then only codes are
 * read. A row holds when its words match the parts one behind the other.
 */
#include "base/mem.h"
#include "segments/scan.h"
#include "segments/values.h"

#define PARTS_MAX 8 /* bits of a mask */

struct phrase {
	size_t count;
	struct slice parts[PARTS_MAX];
	bool is_open_before, is_open_behind;
};

/* Folded texts of the words. */
struct words {
	const struct block_column *c;
	const uint32_t *at;
	const char *text;
	/* By code: bit i = the word fits part i. [0] is not used, behind the frequent stand the others. */
	uint8_t *masks;
};

static bool
phrase_of(struct slice text, bool is_open_before, bool is_open_behind, struct phrase *out)
{
	*out = (struct phrase){.is_open_before = is_open_before, .is_open_behind = is_open_behind};
	for (;;) {
		const char *blank = text.n > 0 ? memchr(text.p, ' ', text.n) : NULL;
		size_t n = blank != NULL ? (size_t)(blank - text.p) : text.n;

		if (out->count == PARTS_MAX)
			return false;
		out->parts[out->count++] = (struct slice){text.p, n};
		if (blank == NULL)
			return true;
		text = (struct slice){blank + 1, text.n - n - 1};
	}
}

/* The words that have the text anywhere in them. */
static bool
mark_inside(struct words *w, struct slice part)
{
	struct scan_needle needle = scan_needle(part);
	uint32_t n = w->at[w->c->distinct], i = 0;
	size_t at = scan_find((const uint8_t *)w->text, n, 0, &needle);
	bool is_any = false;

	while (at < n) {
		while (w->at[i + 1] <= at)
			i++;
		if (at + part.n <= w->at[i + 1]) {
			w->masks[i + 1] = 1;
			is_any = true;
			at = w->at[i + 1];
		} else {
			at++;
		}
		at = scan_find((const uint8_t *)w->text, n, at, &needle);
	}
	return is_any;
}

static bool
mark_part(struct words *w, const struct phrase *p, size_t i)
{
	struct slice part = p->parts[i];
	bool is_open_before = i == 0 && p->is_open_before;
	bool is_open_behind = i + 1 == p->count && p->is_open_behind;
	bool is_exact = !is_open_before && !is_open_behind, is_any = false;

	if (is_open_before && is_open_behind && part.n > 0)
		return mark_inside(w, part);
	for (uint32_t k = 0; k < w->c->distinct; k++) {
		uint32_t n = w->at[k + 1] - w->at[k];
		size_t skipped = is_open_before ? n - part.n : 0;

		if ((is_exact && n != part.n) || n < part.n)
			continue;
		if (part.n > 0 && memcmp(w->text + w->at[k] + skipped, part.p, part.n) != 0)
			continue;
		w->masks[k + 1] |= (uint8_t)(1u << i);
		is_any = true;
	}
	return is_any;
}

/* Rows whose words match; state: bit i = parts 0..i have just been matched. */
static void
match_rows(const struct words *w, uint32_t rows, const struct phrase *p, struct rows *out)
{
	const uint8_t *next = w->c->words;
	const uint8_t *other = w->masks + 1 + w->c->frequent;
	unsigned last = 1u << (p->count - 1);

	for (uint32_t row = 0; row < rows; row++) {
		const uint8_t *end = next + w->c->codes[row];
		unsigned state = 0, begin = 1, found = 0;

		while (next < end) {
			uint8_t code = *next++;

			state = (state << 1 | begin) & (code > 0 ? w->masks[code] : *other++);
			begin = p->is_open_before;
			found |= state;
		}
		if (!p->is_open_behind)
			found = state;
		out->bits[row / 64] |= (uint64_t)((found & last) != 0) << (row % 64);
	}
}

static void
find_phrase(struct words *w, uint32_t rows, const struct phrase *p, struct rows *out)
{
	memset(w->masks, 0, w->c->distinct + 1);
	for (size_t i = 0; i < p->count; i++)
		if (!mark_part(w, p, i))
			return;
	match_rows(w, rows, p, out);
}

/* Rows that have a value and are not in it. */
static void
turn_round(const struct block_column *c, uint32_t rows, struct rows *io)
{
	for (uint32_t row = 0; row < rows; row++)
		io->bits[row / 64] ^= (uint64_t)(c->codes[row] > 0) << (row % 64);
}

/* The texts that the predicate looks for; false: it is none of this kind. */
static bool
read_phrases(const struct judge *j, const struct predicate *x, struct phrase *out)
{
	struct slice text = j->q->operands[x->right].folded;
	struct constants k;
	struct like l;

	if (x->op == OP_CONTAINS)
		return text.n > 0 && phrase_of(text, true, true, out);
	if (x->op == OP_LIKE) {
		l = like_of(text);
		return l.is_simple && phrase_of(l.text, l.is_open_before, l.is_open_behind, out);
	}
	if ((x->op != OP_EQ && x->op != OP_NE && x->op != OP_IN) || !constants_read(j, x, &k) ||
	    k.how != COMPARE_TEXT)
		return false;
	for (uint16_t i = 0; i < x->count; i++)
		if (!phrase_of(k.texts[i], false, false, &out[i]))
			return false;
	return true;
}

bool
words_judge(const struct judge *j, const struct predicate *x, struct folded_values *f,
	    struct rows *out)
{
	struct phrase phrases[CONSTANTS_MAX];
	const struct block *b = j->block;
	struct words w = {.c = &b->column[x->one_column]};
	bool is_list = x->op == OP_IN;

	if (j->q->operands[x->left].type != COLUMN_TEXT || !read_phrases(j, x, phrases))
		return false;
	w.at = values_of_words(f, b, x->one_column)->at;
	if (x->op == OP_CONTAINS ? !values_bare(f) : !values_fold(f))
		return false;
	w.text = x->op == OP_CONTAINS ? f->bare.data : f->text.data;
	if (x->op == OP_CONTAINS)
		w.at = (const uint32_t *)(void *)f->bare_at.data;
	buf_reset(&f->raw); /* folded: of no more use */
	w.masks = (uint8_t *)buf_reserve(&f->raw, w.c->distinct + 1);
	for (uint16_t i = 0; i < (is_list ? x->count : 1); i++)
		find_phrase(&w, b->rows, &phrases[i], out);
	if (x->op == OP_NE || (x->op != OP_CONTAINS && x->is_negated))
		turn_round(w.c, b->rows, out);
	return true;
}
