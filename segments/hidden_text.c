/* SPDX-License-Identifier: MIT */
#include "segments/hidden_text.h"

#include <stdlib.h>

#include "base/text.h"
#include "segments/syllable.h"

/* Half bits, and different words. */
enum { FOUND_MARGIN = 24, FOUND_WORDS = 3 };

enum reading { AS_IT_IS, AS_TCVN3, AS_VNI, READINGS };

static const enum charset charsets[READINGS] = {
	[AS_TCVN3] = CHARSET_TCVN3,
	[AS_VNI] = CHARSET_VNI,
};

/* What the rows held back say of a column. */
struct evidence {
	struct word_tally readings[READINGS];
	uint32_t cells;		   /* with letters of Latin-1, and none beyond that is Vietnamese */
	uint32_t vietnamese_cells; /* with one */
};

void
hidden_text_init(struct hidden_text *h,
		 enum err (*on_row)(void *arg, const struct import_cells *row, struct err_ctx *e),
		 void *arg)
{
	h->on_row = on_row;
	h->arg = arg;
}

void
hidden_text_free(struct hidden_text *h)
{
	arena_free(&h->memory);
	buf_free(&h->text);
	buf_free(&h->one);
	free(h->columns);
	free(h->cells);
	free(h->ends);
}

const char *
hidden_text_of(const struct hidden_text *h, size_t cell)
{
	bool is_in = h->is_decided && h->is_found && cell < h->width &&
		     h->columns[cell] == HIDDEN_IN_COLUMN;

	return is_in ? charset_name(h->charset) : NULL;
}

/* ---- one cell ---- */

enum cell_look { LOOK_PLAIN, LOOK_LATIN1, LOOK_VIETNAMESE };

static enum cell_look
look_at(struct slice s)
{
	enum cell_look look = LOOK_PLAIN;

	for (size_t i = 0; i < s.n; i++)
		if ((uint8_t)s.p[i] >= 0x80)
			goto found;
	return LOOK_PLAIN;
found:
	while (s.n > 0) {
		int32_t c = text_next(&s);

		if (letter_is_vietnamese(c))
			return LOOK_VIETNAMESE;
		if (c > 0xA0 && c <= 0xFF)
			look = LOOK_LATIN1;
	}
	return look;
}

/* Characters beyond U+00FF (quotes, dashes) stay what they are. */
static void
decode(struct charset_decoder *d, struct slice s, struct buf *out)
{
	while (s.n > 0) {
		int32_t c = text_next(&s);
		char byte = (char)c;

		if (c >= 0 && c <= 0xFF) {
			(void)!charset_decode(d, (struct slice){&byte, 1}, out, NULL);
			continue;
		}
		(void)!charset_decode_end(d, out, NULL);
		if (c > 0)
			text_add_code_point(out, c);
	}
	(void)!charset_decode_end(d, out, NULL);
}

static struct word_tally
tally_of(struct slice s)
{
	struct word_tally t = {0};

	word_tally_add(&t, NULL, s);
	return t;
}

/* The cell decoded at the end of h->text; false: it stays as it is. */
static bool
decode_cell(struct hidden_text *h, enum hidden_how how, struct slice raw)
{
	struct charset_decoder before = h->decoder;
	struct word_tally is, was;

	if (how == HIDDEN_NOWHERE || look_at(raw) != LOOK_LATIN1)
		return false;
	buf_reset(&h->one);
	decode(&h->decoder, raw, &h->one);
	is = tally_of(buf_slice(&h->one));
	was = tally_of(raw);
	if (how == HIDDEN_IN_COLUMN ? was.words > 0 && was.valid == was.words && is.valid < is.words
				    : is.words < 2 || is.valid < is.words || was.valid > 0) {
		h->decoder = before;
		return false;
	}
	buf_add_slice(&h->text, buf_slice(&h->one));
	h->decoded++;
	return true;
}

/* ---- deciding ---- */

static void
add_evidence(struct evidence *v, struct word_marks *marks, struct slice s)
{
	enum cell_look look = look_at(s);
	struct buf text = {0};

	v->cells += look == LOOK_LATIN1;
	v->vietnamese_cells += look == LOOK_VIETNAMESE;
	for (int r = 0; look == LOOK_LATIN1 && r < READINGS; r++) {
		struct charset_decoder d;

		buf_reset(&text);
		charset_decoder_init(&d, charsets[r]);
		if (r != AS_IT_IS)
			decode(&d, s, &text);
		word_tally_add(&v->readings[r], marks != NULL ? &marks[r] : NULL,
			       r == AS_IT_IS ? s : buf_slice(&text));
	}
	buf_free(&text);
}

static bool
speaks_for(const struct evidence *v, enum reading r)
{
	const struct word_tally *t = &v->readings[r];

	return t->score > v->readings[AS_IT_IS].score && t->valid * 3 >= t->words * 2 &&
	       t->valid > 0;
}

/* All columns that speak for r, each word once. */
static bool
is_enough(const struct hidden_text *h, const struct evidence *columns, enum reading r)
{
	struct word_marks *marks = xcalloc(READINGS, sizeof(*marks));
	struct evidence all = {0};
	const struct word_tally *t = &all.readings[r];
	int other;

	for (size_t i = 0; i < h->count; i++)
		for (size_t k = 0; k < h->rows[i].count; k++)
			if (speaks_for(&columns[k], r))
				add_evidence(&all, marks, h->rows[i].cells[k].text);
	free(marks);
	other = all.readings[r == AS_VNI ? AS_TCVN3 : AS_VNI].score;
	other = other > all.readings[AS_IT_IS].score ? other : all.readings[AS_IT_IS].score;
	return t->valid >= FOUND_WORDS && t->valid * 10 >= t->words * 8 &&
	       t->score - other >= FOUND_MARGIN;
}

static void
decide(struct hidden_text *h)
{
	struct evidence *columns;
	enum reading r;

	h->is_decided = true;
	for (size_t i = 0; i < h->count; i++)
		h->width = h->rows[i].count > h->width ? h->rows[i].count : h->width;
	columns = xcalloc(h->width + 1, sizeof(*columns));
	for (size_t i = 0; i < h->count; i++)
		for (size_t k = 0; k < h->rows[i].count; k++)
			add_evidence(&columns[k], NULL, h->rows[i].cells[k].text);
	for (r = AS_TCVN3; r < READINGS && !is_enough(h, columns, r); r++)
		;
	h->is_found = r < READINGS;
	h->columns = xcalloc(h->width + 1, 1);
	for (size_t k = 0; h->is_found && k < h->width; k++) {
		const struct evidence *v = &columns[k];

		if (v->cells == 0 && v->vietnamese_cells == 0)
			h->columns[k] = HIDDEN_IN_CELLS;
		else if (speaks_for(v, r))
			h->columns[k] = v->vietnamese_cells * 3 <= v->cells ? HIDDEN_IN_COLUMN
									    : HIDDEN_IN_CELLS;
	}
	if (h->is_found) {
		h->charset = charsets[r];
		charset_decoder_init(&h->decoder, h->charset);
	}
	free(columns);
}

/* ---- rows ---- */

static enum err
pass_row(struct hidden_text *h, const struct import_cells *row, struct err_ctx *e)
{
	size_t at = 0;

	if (!h->is_found)
		return h->on_row(h->arg, row, e);
	if (row->count > h->cells_cap) {
		h->cells_cap = row->count * 2;
		h->cells = xrealloc(h->cells, h->cells_cap * sizeof(*h->cells));
		h->ends = xrealloc(h->ends, h->cells_cap * sizeof(*h->ends));
	}
	buf_reset(&h->text);
	for (size_t i = 0; i < row->count; i++) {
		enum hidden_how how =
			i < h->width ? (enum hidden_how)h->columns[i] : HIDDEN_IN_CELLS;

		h->cells[i] = row->cells[i];
		h->ends[i] = decode_cell(h, how, row->cells[i].text) ? h->text.len : 0;
	}
	for (size_t i = 0; i < row->count; i++) {
		if (h->ends[i] == 0)
			continue;
		h->cells[i].text = (struct slice){h->text.data + at, h->ends[i] - at};
		at = h->ends[i];
	}
	return h->on_row(h->arg, &(struct import_cells){h->cells, row->count, row->line}, e);
}

static enum err
release(struct hidden_text *h, struct err_ctx *e)
{
	enum err rc = ERR_OK;

	decide(h);
	for (size_t i = 0; i < h->count && rc == ERR_OK; i++)
		rc = pass_row(h, &h->rows[i], e);
	arena_free(&h->memory);
	h->count = 0;
	return rc;
}

enum err
hidden_text_row(struct hidden_text *h, const struct import_cells *row, struct err_ctx *e)
{
	struct import_cell *cells;

	if (h->is_decided)
		return pass_row(h, row, e);
	cells = arena_alloc(&h->memory, row->count * sizeof(*cells) + 1);
	for (size_t i = 0; i < row->count; i++) {
		cells[i] = row->cells[i];
		if (cells[i].text.n > 0)
			cells[i].text.p =
				arena_memdup0(&h->memory, row->cells[i].text.p, cells[i].text.n);
	}
	h->rows[h->count++] = (struct import_cells){cells, row->count, row->line};
	if (h->count < HIDDEN_ROWS_MAX && h->memory.used < HIDDEN_BYTES_MAX)
		return ERR_OK;
	return release(h, e);
}

enum err
hidden_text_end(struct hidden_text *h, struct err_ctx *e)
{
	return h->is_decided ? ERR_OK : release(h, e);
}
