/* SPDX-License-Identifier: MIT */
/*
 * Word by word: which pattern is nearest to a text that matches none, and where
 * they differ. The patterns that share the most words with the text are aligned
 * with it, a slot taking as many words as fit; the cheapest alignment is told.
 */
#include <stdlib.h>

#include "base/text.h"
#include "templates/pattern_inside.h"

#define NEAR_MAX 8 /* patterns that are aligned */

enum {
	COST_WORD = 16, /* of the pattern, changed or missing */
	COST_SIGN = 12,
	COST_EXTRA = 12, /* a word that the pattern has not: cheaper, its own words must be there */
	COST_MORE = 1,	 /* a further word in a slot: so that it leaves signs to the pattern */
	COST_BLANK = 3,
	COST_EMPTY = 8,
	COST_TYPE = 12,
	COST_LONG = 10, /* less than EXTRA: a word too many is rather in the slot */
};

/* A word of a pattern, or a slot of it. */
struct piece {
	struct compare_token token; /* of a word, in the pattern's text */
	struct slice bytes;
	int slot; /* -1 = a word */
};

enum step { STEP_NONE, STEP_BOTH, STEP_MISSING, STEP_EXTRA, STEP_MORE };

struct cell {
	uint16_t cost;
	uint16_t length; /* characters that a slot has taken so far */
	uint8_t step;	 /* how it was reached */
};

/* One pattern beside one text. */
struct alignment {
	const struct pattern *p;
	struct piece *pieces;
	size_t piece_count;
	const struct compare_token *words; /* of the text */
	size_t word_count;
	struct slice form, nfc;
	const uint32_t *from;
	struct cell *cells; /* [piece_count + 1][word_count + 1] */
};

const char *
gap_kind_name(enum gap_kind k)
{
	static const char *const names[] = {"words", "slot-too-long", "slot-too-short",
					    "slot-type"};

	return names[k];
}

static struct cell *
cell_at(const struct alignment *a, size_t i, size_t j)
{
	return &a->cells[i * (a->word_count + 1) + j];
}

static struct slice
word_bytes(const struct alignment *a, size_t j)
{
	return (struct slice){a->form.p + a->words[j].at, a->words[j].n};
}

static unsigned
weight(const struct compare_token *t)
{
	return t->is_word ? COST_WORD : COST_SIGN;
}

/* ---- pieces ---- */

static void
cut_pattern(struct alignment *a, struct arena *memory)
{
	const struct pattern *p = a->p;
	struct compare_token *t = arena_alloc(memory, PATTERN_TOKENS_MAX * sizeof(*t));
	bool has_blank; /* a text's beginning is as good as a blank */

	a->pieces = arena_alloc(memory, PATTERN_TOKENS_MAX * sizeof(*a->pieces));
	for (size_t i = 0; i <= p->slot_count && a->piece_count < PATTERN_TOKENS_MAX; i++) {
		struct slice s = pattern_literal(p, i);
		size_t n = compare_tokens(s, i == 0, t, PATTERN_TOKENS_MAX - a->piece_count);

		for (size_t k = 0; k < n; k++) {
			struct piece *one = &a->pieces[a->piece_count++];

			*one = (struct piece){
				.token = t[k], .bytes = {s.p + t[k].at, t[k].n}, .slot = -1};
			one->token.at += (uint32_t)(s.p - p->text.data);
		}
		has_blank = s.n > 0 ? s.p[s.n - 1] == ' ' : i == 0;
		if (i < p->slot_count && a->piece_count < PATTERN_TOKENS_MAX)
			a->pieces[a->piece_count++] = (struct piece){
				.slot = (int)i, .token = {.has_blank = has_blank, .is_word = true}};
	}
}

/* ---- the table ---- */

static void
offer(struct cell *c, unsigned cost, enum step step, unsigned length)
{
	if (c->step != STEP_NONE && c->cost <= cost)
		return;
	c->cost = (uint16_t)(cost < UINT16_MAX ? cost : UINT16_MAX);
	c->length = (uint16_t)(length < UINT16_MAX ? length : UINT16_MAX);
	c->step = (uint8_t)step;
}

static unsigned
slot_cost(const struct alignment *a, const struct pattern_slot *slot, size_t j, unsigned length)
{
	struct slice s = word_bytes(a, j);
	unsigned cost = length > slot->max ? COST_LONG : 0;

	for (size_t i = 0; i < s.n; i++)
		if (!slot_takes(slot->type, s.p[i]))
			return cost + COST_TYPE;
	return cost;
}

static void
fill_slot(const struct alignment *a, size_t i, size_t j)
{
	const struct piece *piece = &a->pieces[i - 1];
	const struct pattern_slot *slot = &a->p->slots[piece->slot];
	struct cell *c = cell_at(a, i, j), *left;
	const struct compare_token *w = j > 0 ? &a->words[j - 1] : NULL;
	unsigned length;

	offer(c, cell_at(a, i - 1, j)->cost + (slot->min > 0 ? COST_EMPTY : 0u), STEP_MISSING, 0);
	if (j == 0)
		return;
	offer(c,
	      cell_at(a, i - 1, j - 1)->cost + slot_cost(a, slot, j - 1, w->length) +
		      (w->has_blank != piece->token.has_blank ? COST_BLANK : 0u),
	      STEP_BOTH, w->length);
	left = cell_at(a, i, j - 1);
	if (left->step != STEP_BOTH && left->step != STEP_MORE)
		return;
	length = left->length + w->has_blank + w->length;
	offer(c, left->cost + slot_cost(a, slot, j - 1, length) + COST_MORE, STEP_MORE, length);
}

static unsigned
change_cost(const struct alignment *a, size_t i, size_t j)
{
	const struct piece *piece = &a->pieces[i];
	unsigned of_piece = weight(&piece->token), of_word = weight(&a->words[j]);

	if (!slice_eq(piece->bytes, word_bytes(a, j)))
		return of_piece > of_word ? of_piece : of_word;
	return piece->token.has_blank != a->words[j].has_blank ? COST_BLANK : 0;
}

static void
fill_word(const struct alignment *a, size_t i, size_t j)
{
	struct cell *c = cell_at(a, i, j);

	if (j > 0)
		offer(c, cell_at(a, i - 1, j - 1)->cost + change_cost(a, i - 1, j - 1), STEP_BOTH,
		      0);
	offer(c, cell_at(a, i - 1, j)->cost + weight(&a->pieces[i - 1].token), STEP_MISSING, 0);
	if (j > 0)
		offer(c, cell_at(a, i, j - 1)->cost + COST_EXTRA, STEP_EXTRA, 0);
}

static unsigned
align(struct alignment *a)
{
	memset(a->cells, 0, (a->piece_count + 1) * (a->word_count + 1) * sizeof(*a->cells));
	for (size_t j = 1; j <= a->word_count; j++)
		offer(cell_at(a, 0, j), cell_at(a, 0, j - 1)->cost + COST_EXTRA, STEP_EXTRA, 0);
	for (size_t i = 1; i <= a->piece_count; i++)
		for (size_t j = 0; j <= a->word_count; j++)
			if (a->pieces[i - 1].slot >= 0)
				fill_slot(a, i, j);
			else
				fill_word(a, i, j);
	return cell_at(a, a->piece_count, a->word_count)->cost;
}

/* ---- what differs ---- */

/* From the first byte of `at` in the form to the last of at + n: the same in the source. */
static struct slice
source_of(struct slice source, const uint32_t *from, uint32_t at, uint32_t n)
{
	uint32_t begin = from[at], end = from[at + n - 1] + 1;

	while (end < source.n && (source.p[end] & 0xC0) == 0x80)
		end++;
	return (struct slice){source.p + begin, end - begin};
}

/* A stretch of pieces and words that do not agree. */
struct stretch {
	size_t piece, pieces; /* first, how many */
	size_t word, words;
};

static struct pattern_gap *
gap_add(struct pattern_near *out)
{
	if (out->gap_count == PATTERN_GAPS_MAX) {
		out->has_more = true;
		return NULL;
	}
	out->gaps[out->gap_count] = (struct pattern_gap){.expected = SLICE(""), .found = SLICE("")};
	return &out->gaps[out->gap_count++];
}

static struct slice
words_source(const struct alignment *a, size_t first, size_t count)
{
	uint32_t at, end;

	if (count == 0)
		return SLICE("");
	at = a->words[first].at;
	end = a->words[first + count - 1].at + a->words[first + count - 1].n;
	return source_of(a->nfc, a->from, at, end - at);
}

/* The place of word j in the text; behind the last, its end. */
static uint32_t
place_of(const struct alignment *a, size_t j)
{
	size_t bytes = j < a->word_count ? a->from[a->words[j].at] : a->nfc.n;

	return (uint32_t)text_length((struct slice){a->nfc.p, bytes});
}

static void
say_words(const struct alignment *a, const struct stretch *s, struct pattern_near *out)
{
	struct pattern_gap *g;
	const struct compare_token *first, *last;

	if (s->pieces == 0 && s->words == 0)
		return;
	g = gap_add(out);
	if (g == NULL)
		return;
	g->at = place_of(a, s->word);
	g->found = words_source(a, s->word, s->words);
	if (s->pieces == 0)
		return;
	first = &a->pieces[s->piece].token;
	last = &a->pieces[s->piece + s->pieces - 1].token;
	g->expected = source_of(buf_slice(&a->p->source), (const void *)a->p->from.data, first->at,
				last->at + last->n - first->at);
}

static void
say_slot(const struct alignment *a, const struct pattern_slot *slot, size_t word, size_t words,
	 struct pattern_near *out)
{
	struct pattern_gap g = {.found = words_source(a, word, words), .at = place_of(a, word)};
	const struct compare_token *last = words > 0 ? &a->words[word + words - 1] : NULL;
	struct slice taken = SLICE("");
	struct pattern_gap *to;

	if (words > 0)
		taken = (struct slice){a->form.p + a->words[word].at,
				       last->at + last->n - a->words[word].at};
	g.expected = (struct slice){a->p->source.data + slot->at, slot->n};
	g.length = (uint32_t)text_length(taken);
	g.limit = g.length > slot->max ? slot->max : slot->min;
	if (g.length > slot->max || g.length < slot->min) {
		g.kind = g.length > slot->max ? GAP_SLOT_LONG : GAP_SLOT_SHORT;
	} else {
		g.kind = GAP_SLOT_TYPE;
		for (size_t i = 0; i <= taken.n; i++) {
			if (i == taken.n)
				return; /* it fits */
			if (!slot_takes(slot->type, taken.p[i]))
				break;
		}
	}
	to = gap_add(out);
	if (to != NULL)
		*to = g;
}

/* The way through the table, from its end: steps[n - 1] is the first. */
static size_t
walk_back(const struct alignment *a, uint8_t *steps)
{
	size_t i = a->piece_count, j = a->word_count, n = 0;

	while (i > 0 || j > 0) {
		uint8_t step = cell_at(a, i, j)->step;

		steps[n++] = step;
		i -= step == STEP_BOTH || step == STEP_MISSING;
		j -= step != STEP_MISSING;
	}
	return n;
}

/* A blank too many or too few: the words on both sides of it are told. */
static void
tell_piece(const struct alignment *a, size_t i, size_t j, bool is_both, struct stretch *s,
	   struct pattern_near *out)
{
	bool is_same = is_both && change_cost(a, i, j) == 0;

	if (is_same) {
		say_words(a, s, out);
		*s = (struct stretch){.piece = i + 1, .word = j + 1};
		return;
	}
	if (is_both && s->words == 0 && s->pieces == 0 && j > 0 && i > 0 &&
	    a->pieces[i - 1].slot < 0 && slice_eq(a->pieces[i].bytes, word_bytes(a, j)))
		*s = (struct stretch){i - 1, 1, j - 1, 1};
	s->pieces++;
	s->words += is_both;
}

static void
tell(const struct alignment *a, struct arena *memory, struct pattern_near *out)
{
	uint8_t *steps = arena_alloc(memory, a->piece_count + a->word_count + 1);
	size_t n = walk_back(a, steps), i = 0, j = 0;
	struct stretch s = {0};

	while (n-- > 0) {
		size_t before = j;

		if (steps[n] == STEP_EXTRA) {
			s.words++;
			j++;
		} else if (a->pieces[i].slot < 0) {
			bool is_both = steps[n] == STEP_BOTH;

			tell_piece(a, i, j, is_both, &s, out);
			i++;
			j += is_both;
		} else {
			say_words(a, &s, out);
			j += steps[n] == STEP_BOTH;
			while (n > 0 && steps[n - 1] == STEP_MORE) {
				n--;
				j++;
			}
			say_slot(a, &a->p->slots[a->pieces[i].slot], before, j - before, out);
			i++;
			s = (struct stretch){.piece = i, .word = j};
		}
	}
	say_words(a, &s, out);
}

/* ---- which ---- */

struct candidate {
	const struct pattern *p;
	uint32_t index;
	unsigned score; /* how alike, of 1000 */
};

static int
by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Twice the shared words over the words of both; 0 = none in common. */
static unsigned
likeness(const struct pattern *p, const uint32_t *words, size_t count)
{
	size_t i = 0, k = 0, shared = 0;

	while (i < p->word_count && k < count) {
		if (p->words[i] == words[k]) {
			shared++;
			i++;
			k++;
		} else if (p->words[i] < words[k]) {
			i++;
		} else {
			k++;
		}
	}
	return shared == 0 ? 0 : (unsigned)(2000 * shared / (p->word_count + count)) + 1;
}

static void
keep_best(struct candidate *best, size_t *count, struct candidate c)
{
	size_t at = *count;

	while (at > 0 && best[at - 1].score < c.score)
		at--;
	if (at == NEAR_MAX)
		return;
	if (*count < NEAR_MAX)
		++*count;
	memmove(&best[at + 1], &best[at], (*count - 1 - at) * sizeof(*best));
	best[at] = c;
}

struct search {
	struct arena *memory;
	struct slice nfc;
	struct pattern_near *out;
	unsigned cost; /* of the best */
};

/* Align the best of one mode with the text; the cheapest so far goes to out. */
static void
search_group(struct search *s, const struct pattern_group *g)
{
	struct candidate best[NEAR_MAX];
	struct compare_token *words = arena_alloc(s->memory, PATTERN_TOKENS_MAX * sizeof(*words));
	uint32_t *hashes = arena_alloc(s->memory, PATTERN_TOKENS_MAX * sizeof(*hashes));
	struct buf form = {0}, from = {0};
	size_t hash_count = 0, best_count = 0, n;

	compare_add(g->comparer, s->nfc, &form, &from);
	n = compare_tokens(buf_slice(&form), true, words, PATTERN_TOKENS_MAX);
	for (size_t j = 0; j < n; j++)
		if (words[j].is_word)
			hashes[hash_count++] = pattern_word_hash(
				(struct slice){form.data + words[j].at, words[j].n});
	qsort(hashes, hash_count, sizeof(*hashes), by_number);
	for (size_t i = 0; i < g->count; i++) {
		struct candidate c = {g->sorted[i], g->index[i],
				      likeness(g->sorted[i], hashes, hash_count)};

		if (c.score > 0)
			keep_best(best, &best_count, c);
	}
	for (size_t i = 0; i < best_count; i++) {
		struct alignment a = {.p = best[i].p, .words = words, .word_count = n};
		unsigned cost;

		a.form = buf_slice(&form);
		a.from = (const void *)from.data;
		a.nfc = s->nfc;
		cut_pattern(&a, s->memory);
		a.cells = arena_alloc(s->memory, (a.piece_count + 1) * (n + 1) * sizeof(*a.cells));
		cost = align(&a);
		if (s->out->index >= 0 && cost >= s->cost)
			continue;
		*s->out = (struct pattern_near){.index = (int)best[i].index};
		s->cost = cost;
		tell(&a, s->memory, s->out);
	}
	buf_free(&form);
	buf_free(&from);
}

void
pattern_set_nearest(struct pattern_set *s, struct slice text, struct arena *a,
		    struct pattern_near *out)
{
	struct buf nfc = {0};
	struct search search = {.memory = a, .out = out};

	*out = (struct pattern_near){.index = -1};
	if (text_add_nfc(&nfc, text))
		text = buf_slice(&nfc);
	search.nfc = (struct slice){arena_memdup0(a, text.n > 0 ? text.p : "", text.n), text.n};
	buf_free(&nfc);
	for (int m = 0; m < COMPARE_MODES; m++)
		if (s->groups[m].count > 0)
			search_group(&search, &s->groups[m]);
	/* Beyond the words that were looked at, or in nothing but blanks. */
	if (out->index >= 0 && out->gap_count == 0)
		out->gaps[out->gap_count++] =
			(struct pattern_gap){.expected = SLICE(""), .found = search.nfc};
}
