/* SPDX-License-Identifier: MIT */
/*
 * The rows of a sheet (18.3.1.99). A cell's text is gathered while its elements
 * pass and judged at its end; the texts of a row live in an arena until the row
 * is handed out. The order of rows and cells is checked, so nothing can come
 * twice, and the work for one row is bounded.
 */
#include "base/xlsx_parts.h"

#include <stdio.h>
#include <stdlib.h>

/* All texts of a row. */
#define ROW_BYTES_MAX (16u << 20)

enum { SHEET = 1, DATA, ROW, CELL, VALUE, FORMULA, INLINE, RUN, TEXT };

/* What stands below a cell first: it is looked up most often. */
static const struct xml_rule rules[] = {
	{CELL, VALUE, "v"},	 {CELL, FORMULA, "f"}, {CELL, INLINE, "is"},
	{INLINE, TEXT, "t"},	 {INLINE, RUN, "r"},   {RUN, TEXT, "t"},
	{ROW, CELL, "c"},	 {DATA, ROW, "row"},   {SHEET, DATA, "sheetData"},
	{0, SHEET, "worksheet"},
};

enum type { NUMBER, SHARED, TEXT_INLINE, TEXT_FORMULA, TRUTH, FAULT, ISO_DATE };

struct reader_of_sheet {
	struct xlsx *x;
	const struct sheet *sheet;
	struct xlsx_reading r;
	struct xml *xml;
	struct arena texts; /* of the row */
	struct xlsx_cell *cells;
	struct xlsx_row row;
	uint32_t cleared; /* cells[0..cleared) are of this row */
	uint32_t column;  /* of the cell being read, or the last one; 0 = none yet */

	/* the cell being read */
	enum type type;
	enum xlsx_style style;
	bool has_value, is_formula;
	struct buf value;
	bool is_placed; /* the error says where, or is the caller's own */
};

/* ---- errors ---- */

static enum err
fail_at(struct reader_of_sheet *s, struct err_ctx *e, const char *todo, const char *why)
{
	char column[8], place[64];

	xlsx_column_name(s->column, column);
	if (s->row.number == 0)
		snprintf(place, sizeof(place), "before its rows");
	else
		snprintf(place, sizeof(place), "%s %s%u", s->column > 0 ? "cell" : "row", column,
			 s->row.number);
	err_set(e, ERR_INPUT, s->x->file, todo, "sheet %.120s, %s: %s", s->sheet->name, place, why);
	if (e != NULL) {
		e->line = (int)s->row.number;
		e->column = (int)s->column;
	}
	s->is_placed = true;
	return ERR_INPUT;
}

static enum err
fail_damaged(struct reader_of_sheet *s, struct err_ctx *e, const char *why)
{
	return fail_at(s, e, "open the file in Excel and save it anew (mở bằng Excel rồi lưu lại)",
		       why);
}

/* An error of the ZIP or the XML: what could be read before it. */
static void
place_error(struct reader_of_sheet *s, struct err_ctx *e)
{
	char after[64];
	struct err_ctx was;

	if (e == NULL || s->is_placed)
		return;
	was = *e;
	snprintf(after, sizeof(after), s->row.number > 0 ? "after row %u" : "before its rows",
		 s->row.number);
	err_set(e, was.code, s->x->file, was.todo, "sheet %.120s, %s: %s", s->sheet->name, after,
		was.why);
	e->line = (int)s->row.number;
	e->column = 0;
}

/* ---- begins ---- */

static enum err
begin_row(struct reader_of_sheet *s, const char **attrs, struct err_ctx *e)
{
	uint32_t last = s->row.number;
	const char *height = NULL, *hidden = NULL;
	int64_t number = (int64_t)last + 1;

	for (; attrs[0] != NULL; attrs += 2) {
		if (strcmp(attrs[0], "r") == 0)
			number = xml_number(attrs[1], XLSX_ROWS_MAX);
		else if (strcmp(attrs[0], "hidden") == 0)
			hidden = attrs[1];
		else if (strcmp(attrs[0], "ht") == 0)
			height = attrs[1];
	}
	s->row = (struct xlsx_row){.number = last};
	s->column = 0;
	s->cleared = 0;
	arena_reset(&s->texts);
	if (number < 1 || number > XLSX_ROWS_MAX)
		return fail_damaged(s, e, "the next row has no number that a row can have");
	if (number <= last)
		return fail_damaged(s, e, "a row with a smaller or the same number follows");
	s->row.number = (uint32_t)number;
	s->row.is_hidden = xml_is_true(hidden) || (height != NULL && strcmp(height, "0") == 0);
	if (s->r.rows_max > 0 && s->row.number > s->r.rows_max)
		xml_stop(s->xml);
	return ERR_OK;
}

static enum type
type_of(const char *t)
{
	static const struct {
		const char *name;
		enum type type;
	} table[] = {{"s", SHARED},  {"n", NUMBER}, {"str", TEXT_FORMULA},
		     {"b", TRUTH},   {"e", FAULT},  {"inlineStr", TEXT_INLINE},
		     {"d", ISO_DATE}};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (strcmp(t, table[i].name) == 0)
			return table[i].type;
	return TEXT_FORMULA; /* a type that is not known is taken as text */
}

static enum err
begin_cell(struct reader_of_sheet *s, const char **attrs, struct err_ctx *e)
{
	uint32_t row = s->row.number, column = s->column + 1;
	int64_t style;

	s->type = NUMBER;
	s->style = STYLE_NUMBER;
	s->has_value = s->is_formula = false;
	buf_reset(&s->value);
	for (; attrs[0] != NULL; attrs += 2) {
		if (strcmp(attrs[0], "r") == 0) {
			if (!xlsx_cell_of_name(slice_of(attrs[1]), &row, &column))
				return fail_damaged(s, e, "the next cell has no name of a cell");
		} else if (strcmp(attrs[0], "t") == 0) {
			s->type = type_of(attrs[1]);
		} else if (strcmp(attrs[0], "s") == 0) {
			style = xml_number(attrs[1], INT32_MAX);
			if (style >= 0 && (uint64_t)style < s->x->styles_count)
				s->style = s->x->styles[style];
		}
	}
	if (row != s->row.number)
		return fail_damaged(s, e, "a cell of another row follows");
	if (column <= s->column)
		return fail_damaged(s, e, "a cell further left, or the same, follows");
	if (column > XLSX_COLUMNS_MAX)
		return fail_damaged(s, e, "the row has more than 16,384 cells");
	s->column = column;
	return ERR_OK;
}

static enum err
on_begin(void *arg, unsigned state, const char **attrs, struct err_ctx *e)
{
	struct reader_of_sheet *s = arg;

	if (state == CELL)
		return begin_cell(s, attrs, e);
	if (state == ROW)
		return begin_row(s, attrs, e);
	if (state == VALUE || state == INLINE) {
		if (s->has_value)
			return fail_damaged(s, e, "it has two values");
		s->has_value = true;
	}
	s->is_formula |= state == FORMULA;
	return ERR_OK;
}

static enum err
on_text(void *arg, unsigned state, struct slice text, struct err_ctx *e)
{
	struct reader_of_sheet *s = arg;

	if (state != VALUE && state != TEXT)
		return ERR_OK;
	if (s->value.len + text.n > XLSX_TEXT_BYTES_MAX)
		return fail_at(s, e, "shorten the text",
			       "the text has more than 32,767 characters");
	buf_add_slice(&s->value, text);
	return ERR_OK;
}

/* ---- ends ---- */

/* In memory that lives as long as the row. */
static enum err
keep(struct reader_of_sheet *s, struct slice *text, struct err_ctx *e)
{
	if (s->texts.used + text->n > ROW_BYTES_MAX)
		return fail_at(s, e, "shorten the texts of this row",
			       "the texts of the row are longer than 16 MiB");
	text->p = arena_memdup0(&s->texts, text->p, text->n);
	return ERR_OK;
}

static enum err
end_text(struct reader_of_sheet *s, struct xlsx_cell *c, struct err_ctx *e)
{
	c->kind = XLSX_TEXT;
	if (s->value.len > 0)
		s->value.len = xlsx_unescape(s->value.data, s->value.len);
	c->text = buf_slice(&s->value);
	if (xlsx_text_is_long(c->text))
		return fail_at(s, e, "shorten the text",
			       "the text has more than 32,767 characters");
	return keep(s, &c->text, e);
}

static enum err
end_shared(struct reader_of_sheet *s, struct xlsx_cell *c, struct err_ctx *e)
{
	bool is_long = false;
	uint64_t index = 0;
	struct slice digits = slice_trim(buf_slice(&s->value));
	bool is_index = digits.n > 0 && digits.n < 12;

	for (size_t i = 0; i < digits.n && is_index; i++) {
		is_index = digits.p[i] >= '0' && digits.p[i] <= '9';
		index = index * 10 + (uint64_t)(digits.p[i] - '0');
	}
	c->kind = XLSX_TEXT;
	if (!is_index || !xlsx_string(&s->x->strings, index, &c->text, &is_long))
		return fail_damaged(s, e, "its text is missing among the shared texts");
	if (is_long)
		return fail_at(s, e, "shorten the text",
			       "the text has more than 32,767 characters");
	return ERR_OK;
}

static enum err
end_number(struct reader_of_sheet *s, struct xlsx_cell *c, struct err_ctx *e)
{
	char out[40];
	enum err err;

	c->raw = slice_trim(buf_slice(&s->value));
	if (c->raw.n == 0) {
		c->kind = s->is_formula ? XLSX_UNCALCULATED : XLSX_EMPTY;
		return ERR_OK;
	}
	err = keep(s, &c->raw, e);
	if (err != ERR_OK)
		return err;
	c->kind = s->type == ISO_DATE ? xlsx_iso_date(c->raw, out, &c->text)
				      : xlsx_number(c->raw, s->style, s->x->epoch, out, &c->text);
	return c->text.p == out ? keep(s, &c->text, e) : ERR_OK;
}

static enum err
judge(struct reader_of_sheet *s, struct xlsx_cell *c, struct err_ctx *e)
{
	enum err err = ERR_OK;

	c->is_formula = s->is_formula;
	if (!s->has_value) {
		c->kind = s->is_formula ? XLSX_UNCALCULATED : XLSX_EMPTY;
		return ERR_OK;
	}
	switch (s->type) {
	case NUMBER:
	case ISO_DATE:
		err = end_number(s, c, e);
		break;
	case SHARED:
		err = end_shared(s, c, e);
		break;
	case TEXT_INLINE:
	case TEXT_FORMULA:
		err = end_text(s, c, e);
		break;
	case TRUTH:
		c->kind = XLSX_BOOL;
		c->text = slice_is(slice_trim(buf_slice(&s->value)), "1") ||
					  slice_is(slice_trim(buf_slice(&s->value)), "true")
				  ? SLICE("TRUE")
				  : SLICE("FALSE");
		break;
	case FAULT:
		err = end_text(s, c, e);
		c->kind = XLSX_ERROR;
		break;
	}
	if (err == ERR_OK && c->text.n == 0 && c->kind != XLSX_UNCALCULATED)
		c->kind = XLSX_EMPTY;
	if (c->raw.p == NULL)
		c->raw = c->text;
	return err;
}

static enum err
end_cell(struct reader_of_sheet *s, struct err_ctx *e)
{
	struct xlsx_cell c = {.kind = XLSX_EMPTY};
	enum err err;

	if (!s->has_value && !s->is_formula)
		return ERR_OK;
	err = judge(s, &c, e);
	if (err != ERR_OK || c.kind == XLSX_EMPTY)
		return err;
	if (s->column > s->r.columns_max) {
		s->row.beyond++;
		return ERR_OK;
	}
	while (s->cleared < s->column - 1) {
		s->cells[s->cleared] = (struct xlsx_cell){
			.kind = XLSX_EMPTY,
			.is_hidden = s->sheet->hidden != NULL &&
				     (s->sheet->hidden[s->cleared / 64] >> s->cleared % 64 & 1),
			.text = SLICE(""),
			.raw = SLICE(""),
		};
		s->cleared++;
	}
	c.is_hidden = s->sheet->hidden != NULL &&
		      (s->sheet->hidden[s->cleared / 64] >> s->cleared % 64 & 1) != 0;
	s->cells[s->cleared++] = c;
	return ERR_OK;
}

static enum err
end_row(struct reader_of_sheet *s, struct err_ctx *e)
{
	enum err err;

	if (s->cleared == 0 && s->row.beyond == 0)
		return ERR_OK;
	s->row.cells = s->cells;
	s->row.count = s->cleared;
	err = s->r.on_row(s->r.arg, &s->row, e);
	s->is_placed = err != ERR_OK;
	return err;
}

static enum err
on_end(void *arg, unsigned state, struct err_ctx *e)
{
	struct reader_of_sheet *s = arg;

	if (state == CELL)
		return end_cell(s, e);
	if (state == ROW)
		return end_row(s, e);
	return ERR_OK;
}

static const struct xml_grammar grammar = {rules, ARRAY_LEN(rules), on_begin, on_end, on_text};

enum err
xlsx_read(struct xlsx *x, size_t sheet, const struct xlsx_reading *r, struct err_ctx *e)
{
	struct reader_of_sheet s = {.x = x, .sheet = &x->sheets[sheet], .r = *r};
	struct xlsx_pass p = {.is_large = true};
	enum err err = xlsx_strings_load(x, e);

	if (err != ERR_OK)
		return err;
	if (s.r.columns_max == 0 || s.r.columns_max > XLSX_COLUMNS_MAX)
		s.r.columns_max = XLSX_COLUMNS_MAX;
	s.cells = xmalloc(s.r.columns_max * sizeof(*s.cells));
	s.xml = p.xml = xml_new(&grammar, x->file, &s);
	p.part = s.sheet->part;
	err = xlsx_pass_run(x, &p, e);
	if (err != ERR_OK)
		place_error(&s, e);
	xml_free(p.xml);
	buf_free(&s.value);
	arena_free(&s.texts);
	free(s.cells);
	return err;
}
