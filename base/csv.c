/* SPDX-License-Identifier: MIT */
/*
 * One byte at a time through four states; the bytes of a row's cells go to one
 * buffer, their places to an array. The UTF-8 check (Unicode, table 3-7) and the
 * count of characters run beside it, so an error has its place.
 *
 *              "            "            "
 *   CELL_BEGIN ──▶ QUOTED ──▶ QUOTE ──▶ QUOTED
 *      │                        │ other
 *      └── other ──▶ PLAIN ◀────┘          separator, line break: CELL_BEGIN
 */
#include "base/csv.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum state { CELL_BEGIN, PLAIN, QUOTED, QUOTE };

struct csv {
	struct csv_options o;
	char file[160];
	enum state state;
	bool has_row;  /* something of a row was read */
	bool after_cr; /* the last byte was a CR: an LF belongs to it */

	uint8_t more;			   /* bytes that the character still needs */
	uint8_t low, high;		   /* between which the next one must be */
	uint32_t line, column;		   /* of the last character read; column 0 = none yet */
	uint32_t row_line;		   /* where the row began */
	uint32_t quote_line, quote_column; /* where the last quoted cell began */

	struct buf text;	/* of all cells of the row */
	struct csv_cell *cells; /* text.n is set; text.p only when the row is handed out */
	size_t count, cap;	/* finished cells */
	size_t cell_begin;	/* offset in text of the cell being read */
	uint32_t cell_line, cell_column;
};

struct csv *
csv_new(const struct csv_options *o)
{
	struct csv *c = xcalloc(1, sizeof(*c));

	c->o = *o;
	snprintf(c->file, sizeof(c->file), "%s", o->file != NULL ? o->file : "CSV");
	c->line = 1;
	return c;
}

void
csv_free(struct csv *c)
{
	if (c == NULL)
		return;
	buf_free(&c->text);
	free(c->cells);
	free(c);
}

static enum err
fail_at(const struct csv *c, uint32_t line, uint32_t column, struct err_ctx *e, const char *why,
	const char *todo)
{
	err_set(e, ERR_INPUT, c->file, todo, "line %u, column %u: %s", line, column, why);
	if (e != NULL) {
		e->line = (int)line;
		e->column = (int)column;
	}
	return ERR_INPUT;
}

static enum err
fail_malformed(const struct csv *c, struct err_ctx *e)
{
	return fail_at(c, c->line, c->column, e, "this is not UTF-8 text",
		       "save the file as \"CSV UTF-8\" and import it again");
}

/* The byte begins a character: what must follow it. False: no character begins so. */
static bool
begin_character(struct csv *c, uint8_t b)
{
	c->column++;
	c->low = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : 0x80;
	c->high = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : 0xBF;
	c->more = b < 0x80 ? 0 : b < 0xE0 ? 1 : b < 0xF0 ? 2 : 3;
	return b < 0x80 || (b >= 0xC2 && b <= 0xF4);
}

static bool
check_character(struct csv *c, uint8_t b)
{
	if (c->more == 0)
		return begin_character(c, b);
	if (b < c->low || b > c->high)
		return false;
	c->low = 0x80;
	c->high = 0xBF;
	c->more--;
	return true;
}

static enum err
end_cell(struct csv *c, struct err_ctx *e)
{
	if (c->count >= c->o.cells_max)
		return fail_at(c, c->cell_line, c->cell_column, e, "the row has too many cells",
			       "check the file and its separator");
	if (c->count == c->cap) {
		c->cap = c->cap != 0 ? c->cap * 2 : 32;
		c->cells = xrealloc(c->cells, c->cap * sizeof(*c->cells));
	}
	c->cells[c->count++] = (struct csv_cell){
		.text = {NULL, c->text.len - c->cell_begin},
		.line = c->cell_line,
		.column = c->cell_column,
	};
	c->cell_begin = c->text.len;
	c->state = CELL_BEGIN;
	return ERR_OK;
}

static enum err
end_row(struct csv *c, struct err_ctx *e)
{
	struct csv_row row = {.line = c->row_line};
	enum err err = end_cell(c, e);
	const char *p = c->text.data != NULL ? c->text.data : "";

	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < c->count; i++) {
		c->cells[i].text.p = p;
		p += c->cells[i].text.n;
	}
	row.cells = c->cells;
	row.count = c->count;
	err = c->o.on_row(c->o.arg, &row, e);
	buf_reset(&c->text);
	c->count = 0;
	c->cell_begin = 0;
	c->has_row = false;
	return err;
}

static enum err
fail_too_long(const struct csv *c, struct err_ctx *e)
{
	if (c->state == QUOTED)
		return fail_at(c, c->quote_line, c->quote_column, e,
			       "the cell is too long, or the quote that begins it is not closed",
			       "close the quote, or write quotes inside a cell twice");
	return fail_at(c, c->cell_line, c->cell_column, e, "the row or this cell is too long",
		       "check the file and its separator");
}

static enum err
add_bytes(struct csv *c, const char *p, size_t n, struct err_ctx *e)
{
	buf_add(&c->text, p, n);
	if (c->text.len - c->cell_begin > c->o.cell_max || c->text.len > c->o.row_max)
		return fail_too_long(c, e);
	return ERR_OK;
}

/* The byte's meaning in the state; line breaks in quotes are text. */
static enum err
take_byte(struct csv *c, char b, struct err_ctx *e)
{
	if (c->state == CELL_BEGIN && b == '"') {
		c->state = QUOTED;
		c->quote_line = c->cell_line;
		c->quote_column = c->cell_column;
		return ERR_OK;
	}
	if (c->state == QUOTED) {
		if (b != '"')
			return add_bytes(c, &b, 1, e);
		c->state = QUOTE;
		return ERR_OK;
	}
	if (c->state == QUOTE && b == '"') {
		c->state = QUOTED;
		return add_bytes(c, &b, 1, e);
	}
	if (b == c->o.separator)
		return end_cell(c, e);
	if (b == '\r' || b == '\n')
		return end_row(c, e);
	c->state = PLAIN;
	return add_bytes(c, &b, 1, e);
}

static void
begin_cell(struct csv *c)
{
	c->cell_line = c->line;
	c->cell_column = c->column;
	if (!c->has_row)
		c->row_line = c->line;
	c->has_row = true;
}

static enum err
feed_byte(struct csv *c, char b, struct err_ctx *e)
{
	bool is_second = c->after_cr && b == '\n';
	enum err err;

	c->after_cr = b == '\r';
	if (is_second && c->state != QUOTED)
		return ERR_OK;
	if (!check_character(c, (uint8_t)b))
		return fail_malformed(c, e);
	if (c->state == CELL_BEGIN)
		begin_cell(c);
	err = take_byte(c, b, e);
	if (b == '\r' || b == '\n') {
		c->line += is_second ? 0 : 1;
		c->column = 0;
	}
	return err;
}

/* How many of the n bytes at p are plain ASCII text of the cell: no need to look at each. */
static size_t
plain_run(const struct csv *c, const char *p, size_t n)
{
	size_t i = 0;

	if ((c->state != PLAIN && c->state != QUOTED) || c->more > 0)
		return 0;
	while (i < n && (signed char)p[i] >= ' ' && p[i] != '"' && p[i] != c->o.separator)
		i++;
	return i;
}

enum err
csv_feed(struct csv *c, struct slice bytes, struct err_ctx *e)
{
	enum err err = ERR_OK;

	while (bytes.n > 0 && err == ERR_OK) {
		size_t n = plain_run(c, bytes.p, bytes.n);

		if (n > 0) {
			size_t room = c->o.cell_max - (c->text.len - c->cell_begin);

			n = n <= room ? n : room + 1;
			c->after_cr = false;
			c->column += (uint32_t)n;
			err = add_bytes(c, bytes.p, n, e);
		} else {
			n = 1;
			err = feed_byte(c, bytes.p[0], e);
		}
		bytes.p += n;
		bytes.n -= n;
	}
	return err;
}

enum err
csv_finish(struct csv *c, struct err_ctx *e)
{
	if (c->more > 0)
		return fail_malformed(c, e);
	if (c->state == QUOTED)
		return fail_at(
			c, c->quote_line, c->quote_column, e,
			"the quote that begins this cell is not closed",
			"the file may have been cut off; close the quote or get the whole file");
	if (!c->has_row)
		return ERR_OK;
	c->column++;
	if (c->state == CELL_BEGIN)
		begin_cell(c);
	return end_row(c, e);
}

/* ---- the separator ---- */

static const char separators[3] = {'\t', ';', ','};

bool
csv_sniff_byte(struct csv_sniff *s, char c)
{
	const char *at = memchr(separators, c, sizeof(separators));

	if (s->is_done)
		return true;
	if (c == '"') {
		bool is_again = s->was_quoted;

		s->was_quoted = s->is_quoted;
		if (s->is_quoted || is_again || !s->is_in_cell)
			s->is_quoted = !s->is_quoted;
		s->is_in_cell = true;
		return false;
	}
	s->was_quoted = false;
	if (s->is_quoted) {
		s->has_text |= c != ' ';
	} else if (c == '\r' || c == '\n') {
		if (s->has_text)
			s->is_done = true;
		else
			*s = (struct csv_sniff){0};
	} else if (at != NULL) {
		s->counts[at - separators]++;
		s->is_in_cell = false;
	} else {
		s->has_text |= c != ' ';
		s->is_in_cell = true;
	}
	return s->is_done;
}

size_t
csv_mark_length(struct slice head)
{
	return head.n >= 3 && memcmp(head.p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

bool
csv_sniff_head(struct csv_sniff *s, struct slice head)
{
	size_t at = s->seen > 0 ? s->seen : csv_mark_length(head);

	while (at < head.n && !s->is_done)
		csv_sniff_byte(s, head.p[at++]);
	s->seen = at;
	return s->is_done;
}

char
csv_sniff_separator(const struct csv_sniff *s)
{
	size_t best = 0;

	for (size_t i = 1; i < sizeof(separators); i++)
		if (s->counts[i] > s->counts[best])
			best = i;
	return separators[best];
}

/* Append the cell with `before` in front of it. */
static void
add_cell(struct buf *out, const char *before, struct slice text, char separator)
{
	bool needs_quotes = false;

	for (size_t i = 0; i < text.n; i++)
		needs_quotes |= text.p[i] == '"' || text.p[i] == '\r' || text.p[i] == '\n' ||
				text.p[i] == separator;
	buf_adds(out, needs_quotes ? "\"" : "");
	buf_adds(out, before);
	if (!needs_quotes) {
		buf_add_slice(out, text);
		return;
	}
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			buf_addc(out, '"');
		buf_addc(out, text.p[i]);
	}
	buf_addc(out, '"');
}

void
csv_add_cell(struct buf *out, struct slice text, char separator)
{
	add_cell(out, "", text, separator);
}

bool
csv_is_formula(struct slice text)
{
	/* U+FF1D, FF0B, FF0D, FF20: what an Asian keyboard types for = + - @ */
	static const char wide[4][4] = {"\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D",
					"\xEF\xBC\xA0"};

	while (text.n > 0 && text.p[0] == '\'')
		text = (struct slice){text.p + 1, text.n - 1};
	for (size_t i = 0; i < 4 && text.n >= 3; i++)
		if (memcmp(text.p, wide[i], 3) == 0)
			return true;
	return text.n > 0 && memchr("=+-@\t\r\n", text.p[0], 7) != NULL;
}

void
csv_add_defused(struct buf *out, struct slice text, char separator)
{
	add_cell(out, csv_is_formula(text) ? "'" : "", text, separator);
}
