/* SPDX-License-Identifier: MIT */
/*
 *   row ─▶ table_shape, until the titles are known ─▶ columns
 *       ─▶ clean ─▶ has a phone? ─┬▶ kept: the first 256 wait for the columns' types ─▶ block
 *                                 ├▶ nobody (row_kind): left out
 *                                 └▶ rejected
 */
#include "segments/import.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "segments/cell.h"
#include "segments/import_inside.h"
#include "segments/table_join.h"

static enum err on_row(void *arg, const struct import_cells *row, struct err_ctx *e);

struct import *
import_new(const struct import_options *o)
{
	struct import *im = xcalloc(1, sizeof(*im));

	im->file = xstrdup(o->file != NULL ? o->file : "CSV");
	im->row_word = xstrdup(o->row_word != NULL ? o->row_word : "line");
	im->encoding = xstrdup(o->encoding != NULL ? o->encoding : "utf-8");
	if (o->choices != NULL)
		import_choices_copy(&im->choices, o->choices);
	im->recall = o->recall;
	im->sample_rows = o->sample;
	im->on_block = o->on_block;
	im->on_kept = o->on_kept;
	im->arg = o->arg;
	im->like = o->like;
	im->columns.key = o->key;
	im->reject_file = o->reject_file != NULL ? xstrdup(o->reject_file) : NULL;
	im->rejects.file = im->reject_file;
	im->rejects.room = o->reject_room;
	im->columns.schema.phone = -1;
	im->columns.group = -1;
	if (o->headers == NULL)
		im->own_headers = headers_new();
	im->headers = o->headers != NULL ? o->headers : im->own_headers;
	im->shape = xcalloc(1, sizeof(*im->shape));
	table_shape_init(im->shape, im->headers, &im->choices);
	im->bytes.is_given =
		o->encoding != NULL && charset_by_name(slice_of(o->encoding), &im->bytes.given);
	hidden_text_init(&im->hidden, on_row, im);
	return im;
}

static void
free_waiting(struct waiting *w)
{
	if (w == NULL)
		return;
	arena_free(&w->memory);
	free(w);
}

static void
free_shape(struct import *im)
{
	if (im->shape == NULL)
		return;
	table_shape_free(im->shape);
	free(im->shape);
	im->shape = NULL;
}

void
import_free(struct import *im)
{
	if (im == NULL)
		return;
	free_waiting(im->waiting);
	free_shape(im);
	import_bytes_free(&im->bytes);
	import_csv_free(&im->csv);
	hidden_text_free(&im->hidden);
	import_columns_free(&im->columns);
	import_choices_clear(&im->choices);
	headers_free(im->own_headers);
	block_builder_free(im->builder);
	shared_phones_free(&im->shared);
	rejects_free(&im->rejects);
	arena_free(&im->titles);
	buf_free(&im->text);
	buf_free(&im->group);
	buf_free(&im->block);
	buf_free(&im->sample);
	free(im->cells);
	free(im->ends);
	free(im->file);
	free(im->row_word);
	free(im->encoding);
	free(im->reject_file);
	free(im);
}

enum err
import_set_place(struct err_ctx *e, uint32_t line, uint32_t column)
{
	if (e != NULL) {
		e->line = (int)line;
		e->column = (int)column;
	}
	return ERR_INPUT;
}

/* ---- types ---- */

static void
finish_block(struct import *im)
{
	uint32_t rows = im->builder != NULL ? block_builder_rows(im->builder) : 0;

	if (rows == 0)
		return;
	buf_reset(&im->block);
	block_builder_finish(im->builder, &im->block);
	if (im->on_block != NULL)
		im->on_block(im->arg, buf_slice(&im->block), rows);
}

/* Dates in one form. */
static void
fit_cells(struct import *im, struct kept *row)
{
	const struct schema *s = &im->columns.schema;

	for (uint32_t i = 0; i < s->count; i++)
		im->is_misfit[i] = row->cells[i].n > 0 && !column_fit(im->headers, &s->columns[i],
								      &row->cells[i], im->dates[i]);
}

static void
count_cells(struct import *im, const struct kept *row)
{
	for (uint32_t i = 0; i < im->columns.schema.count; i++) {
		im->counts[i].filled += row->cells[i].n > 0;
		im->counts[i].misfits += im->is_misfit[i];
	}
}

static void
add_to_block(struct import *im, const struct kept *row)
{
	if (row->phone != 0)
		shared_phones_add(&im->shared, row->phone);
	block_builder_add(im->builder, row->cells, row->phone, 0, row->carrier);
	if (block_builder_rows(im->builder) == BLOCK_ROWS)
		finish_block(im);
}

/* False: who takes the rows rejects it. */
static bool
hand_out(struct import *im, const struct kept *row)
{
	struct import_kept kept = {row->cells, row->phone, row->carrier, row->line};
	struct slice about = {NULL, 0};
	const char *reason = im->on_kept(im->arg, &kept, &about);

	if (reason != NULL)
		import_list_kept(im, &kept, reason, about);
	return reason == NULL;
}

static void
add_row(struct import *im, struct kept *row)
{
	fit_cells(im, row);
	if (im->on_kept == NULL)
		add_to_block(im, row);
	else if (!hand_out(im, row))
		return;
	count_cells(im, row);
	if (im->rows_kept < im->sample_rows)
		import_add_sample(im, row->cells);
	im->rows_kept++;
}

/* Columns without a title and without a value in the first rows are none. */
static void
drop_empty_columns(struct import *im, const struct column_facts *facts)
{
	struct waiting *w = im->waiting;

	for (uint32_t i = im->columns.schema.count; i-- > 0;) {
		size_t behind = im->columns.schema.count - i - 1;

		if (!im->columns.sources[i].is_untitled || facts[i].filled > 0 ||
		    (int)i == im->columns.schema.phone)
			continue;
		import_columns_remove(&im->columns, i);
		for (uint32_t k = 0; k < w->count; k++)
			memmove(&w->rows[k].cells[i], &w->rows[k].cells[i + 1],
				behind * sizeof(struct slice));
	}
}

static void
decide_types(struct import *im)
{
	struct schema *s = &im->columns.schema;
	struct column_facts *facts = xcalloc(COLUMNS_MAX, sizeof(*facts));
	struct waiting *waiting = im->waiting;

	for (uint32_t i = 0; i < s->count; i++) {
		for (uint32_t k = 0; k < waiting->count; k++)
			column_facts_add(&facts[i], im->headers, waiting->rows[k].cells[i]);
		column_decide(&facts[i], im->columns.sources[i].hint, &s->columns[i]);
	}
	drop_empty_columns(im, facts);
	free(facts);
	for (uint32_t i = 0; im->like != NULL && i < s->count; i++) {
		const struct column *c = table_join_like(im->like, s, i);

		if (c != NULL) {
			s->columns[i].type = c->type;
			s->columns[i].form = c->form;
		}
	}
	if (im->on_kept == NULL)
		im->builder = block_builder_new(s);
	im->waiting = NULL;
	for (uint32_t i = 0; i < waiting->count; i++)
		add_row(im, &waiting->rows[i]);
	free_waiting(waiting);
}

static void
keep_row(struct import *im, struct kept *row)
{
	struct kept *copy;

	im->table.is_signed = false;
	if (im->waiting == NULL) {
		add_row(im, row);
		return;
	}
	copy = &im->waiting->rows[im->waiting->count++];
	copy->phone = row->phone;
	copy->carrier = row->carrier;
	copy->line = row->line;
	for (uint32_t i = 0; i < im->columns.schema.count; i++)
		if (row->cells[i].n > 0)
			copy->cells[i] =
				(struct slice){arena_memdup0(&im->waiting->memory, row->cells[i].p,
							     row->cells[i].n),
					       row->cells[i].n};
	if (im->waiting->count == BLOCK_ROWS)
		decide_types(im);
}

/* ---- columns that the rows bring ---- */

/* Returns the new column, -1 when there is no room for it: counted. */
static int
add_column(struct import *im, const char *title, const char *name, enum column_from from,
	   uint32_t number)
{
	struct column_source source = {.from = from, .cell = number, .hint = HINT_TEXT};
	int at = import_columns_add(&im->columns, title, name, source);

	if (at < 0)
		tally_add(&im->repairs, "no-room-for-column", 1);
	else if (im->builder != NULL)
		im->builder = block_builder_add_column(im->builder);
	return at;
}

static void
begin_group(struct import *im)
{
	struct slice name = row_group_name(im->cells, im->columns.width);

	if (name.n > CELL_MAX) {
		name.n = CELL_MAX;
		while (name.n > 0 && ((uint8_t)name.p[name.n] & 0xC0) == 0x80)
			name.n--;
	}
	buf_reset(&im->group);
	buf_add_slice(&im->group, name);
	if (im->columns.group < 0)
		im->columns.group = add_column(im, "Nhóm", "nhom", FROM_GROUP, 0);
}

static void
take_more_phones(struct import *im)
{
	for (size_t k = 1; k < im->phone.count; k++) {
		char title[64], name[32];

		snprintf(im->numbers[k], sizeof(im->numbers[k]), "%llu",
			 (unsigned long long)im->phone.phones[k]);
		if (im->columns.phones[k] != 0)
			continue;
		snprintf(title, sizeof(title), "Số điện thoại %zu", k + 1);
		snprintf(name, sizeof(name), "phone_%zu", k + 1);
		im->columns.phones[k] = add_column(im, title, name, FROM_PHONES, (uint32_t)k);
	}
}

/* ---- a row's values ---- */

/* What the cells of a row say together. */
struct seen {
	bool is_empty;
	bool has_extra; /* text behind the last cell of the titles */
	bool has_too_long;
	uint32_t controls, not_nfc, untitled; /* cells */
};

static void
look_at_cell(struct import *im, size_t i, size_t n, unsigned changed, struct seen *seen)
{
	seen->is_empty = seen->is_empty && n == 0;
	if (i >= im->columns.width || im->columns.use[i] == CELL_WITHOUT_TITLE) {
		seen->untitled += n > 0;
		seen->has_extra |= n > 0 && i >= im->columns.width;
	} else if (im->columns.use[i] == CELL_USED) {
		seen->controls += (changed & CELL_WAS_CONTROL) != 0;
		seen->not_nfc += (changed & CELL_WAS_NOT_NFC) != 0;
		seen->has_too_long |= n > CELL_MAX;
	}
}

static void
clean_cells(struct import *im, const struct import_cells *row, struct seen *seen)
{
	size_t width = im->columns.width, at = 0;

	*seen = (struct seen){.is_empty = true};
	buf_reset(&im->text);
	for (size_t i = 0; i < row->count; i++) {
		size_t before = im->text.len;
		unsigned changed = 0;

		if (row->cells[i].text.n > 0) {
			changed = cell_clean(&im->text, row->cells[i].text);
			look_at_cell(im, i, im->text.len - before, changed, seen);
		}
		if (i < width)
			im->ends[i] = im->text.len;
	}
	for (size_t i = 0; i < width; i++) {
		size_t end = i < row->count ? im->ends[i] : at;

		im->cells[i] = (struct slice){end > at ? im->text.data + at : NULL, end - at};
		at = end;
	}
}

/* "-" and "0" in the cells of men and women are no values. */
static bool
has_value(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (memchr("-0 .", s.p[i], 4) == NULL)
			return true;
	return false;
}

static struct slice
pair_value(struct import *im, const struct column_source *source)
{
	struct slice men = im->cells[source->cell], women = im->cells[source->other];
	bool is_man = has_value(men), is_woman = has_value(women), has_digit = false;
	struct slice value = is_man ? men : is_woman ? women : (struct slice){NULL, 0};

	if (source->from == FROM_SEX) {
		if (is_man && is_woman)
			tally_add(&im->repairs, "both-sexes", 1);
		return is_man == is_woman ? (struct slice){NULL, 0}
		       : is_man		  ? SLICE("Nam")
					  : SLICE("Nữ");
	}
	for (size_t i = 0; i < value.n; i++)
		has_digit |= value.p[i] >= '0' && value.p[i] <= '9';
	return has_digit ? value : (struct slice){NULL, 0}; /* a cross says the sex only */
}

static struct slice
language_value(struct import *im, struct slice people)
{
	const char *code = people.n > 0 ? headers_language(im->headers, people) : NULL;

	if (people.n > 0 && code == NULL)
		tally_add(&im->repairs, "language-not-known", 1);
	return slice_of(code);
}

static struct slice
value_of(struct import *im, const struct column_source *source)
{
	switch (source->from) {
	case FROM_CELL:
		return im->cells[source->cell];
	case FROM_BIRTH:
	case FROM_SEX:
		return pair_value(im, source);
	case FROM_LANGUAGE:
		return language_value(im, im->cells[source->cell]);
	case FROM_GROUP:
		return buf_slice(&im->group);
	case FROM_PHONES:
		return source->cell < im->phone.count ? slice_of(im->numbers[source->cell])
						      : (struct slice){NULL, 0};
	}
	return (struct slice){NULL, 0};
}

static void
count_repairs(struct import *im, const struct seen *seen)
{
	const struct phone_cell *phone = &im->phone;

	for (size_t i = 0; i < phone->repair_count; i++)
		tally_add(&im->repairs, phone->repairs[i], 1);
	if (phone->count > 1)
		tally_add(&im->repairs, "first-of-several-phones", 1);
	if (seen->controls > 0)
		tally_add(&im->repairs, "control-characters", seen->controls);
	if (seen->not_nfc > 0)
		tally_add(&im->repairs, "not-nfc", seen->not_nfc);
	if (seen->untitled > 0)
		tally_add(&im->repairs, "cells-without-title-dropped", seen->untitled);
}

/* ---- rows ---- */

/* Nobody's row: true, and it is counted. */
static bool
is_left_out(struct import *im, const struct seen *seen)
{
	enum row_kind kind = ROW_PERSON;

	if (seen->is_empty)
		kind = ROW_EMPTY;
	else if (im->phone.reason != NULL && !seen->has_extra)
		kind = row_kind_of(&im->table, im->cells, im->columns.width);
	if (kind == ROW_PERSON)
		return false;
	im->left_out[kind]++;
	if (kind == ROW_GROUP)
		begin_group(im);
	return true;
}

static enum err
read_row(struct import *im, const struct import_cells *row, struct err_ctx *e)
{
	const struct schema *s = &im->columns.schema;
	struct kept kept;
	struct seen seen;
	const char *reason;

	im->rows_read++;
	im->rows_below++;
	clean_cells(im, row, &seen);
	im->phone = (struct phone_cell){0};
	if (s->phone >= 0)
		phone_parse(im->cells[im->columns.sources[s->phone].cell], &im->phone);
	else
		im->phone.reason = "empty";
	if (is_left_out(im, &seen))
		return ERR_OK;
	reason = seen.has_extra	     ? "too-many-cells"
		 : seen.has_too_long ? "cell-too-long"
				     : im->phone.reason;
	if (reason != NULL && im->columns.key != NULL && strcmp(reason, "empty") == 0)
		reason = NULL;
	if (reason != NULL) {
		im->table.is_signed = false;
		rejects_add(&im->rejects, row, reason);
		return ERR_OK;
	}
	if (import_rows_kept(im) >= UINT32_MAX - BLOCK_ROWS) {
		err_set(e, ERR_INPUT, im->file, "divide the file", "%s %u: too many rows",
			im->row_word, row->line);
		return import_set_place(e, row->line, 1);
	}
	kept.phone = im->phone.phones[0];
	kept.carrier = (uint8_t)im->phone.carrier;
	kept.line = row->line;
	count_repairs(im, &seen);
	take_more_phones(im);
	for (uint32_t i = 0; i < s->count; i++)
		kept.cells[i] = value_of(im, &im->columns.sources[i]);
	keep_row(im, &kept);
	return ERR_OK;
}

/* ---- the titles ---- */

/* A row above the titles: counted; who can be reached is not passed over in silence. */
static void
pass_row(struct import *im, const struct import_cells *row)
{
	bool is_empty = true, has_phone = false;

	im->rows_read++;
	for (size_t i = 0; i < row->count; i++) {
		struct phone_cell phone = {0};

		if (row->cells[i].text.n == 0)
			continue;
		is_empty = false;
		if (row->cells[i].text.n >= 9) {
			phone_parse(row->cells[i].text, &phone);
			has_phone |= phone.reason == NULL;
		}
	}
	if (has_phone)
		rejects_add(&im->rejects, row, "above-titles");
	else
		im->left_out[is_empty ? ROW_EMPTY : ROW_TITLE]++;
}

/* The words of both rows of titles, to know them again. */
static void
keep_titles(struct import *im, const struct import_cells *row, size_t which)
{
	struct slice *words = arena_alloc(&im->titles, (im->columns.width + 1) * sizeof(*words));
	struct buf b = {0};

	for (size_t i = 0; i < im->columns.width; i++) {
		buf_reset(&b);
		if (i < row->count)
			headers_add_words(&b, row->cells[i].text);
		words[i] = (struct slice){
			arena_memdup0(&im->titles, b.len > 0 ? b.data : "", b.len), b.len};
	}
	im->table.titles[which] = words;
	buf_free(&b);
}

static void
know_table(struct import *im, const struct import_cells *upper, const struct import_cells *lower)
{
	const struct schema *s = &im->columns.schema;

	im->table.headers = im->headers;
	im->table.width = im->columns.width;
	im->table.phone = s->phone >= 0 ? im->columns.sources[s->phone].cell : im->columns.width;
	im->table.number = -1;
	for (uint32_t i = 0; i < s->count; i++)
		if (strcmp(s->columns[i].name, "stt") == 0)
			im->table.number = (int)im->columns.sources[i].cell;
	keep_titles(im, upper, 0);
	if (lower != NULL)
		keep_titles(im, lower, 1);
	im->cells = xcalloc(im->columns.width + 1, sizeof(*im->cells));
	im->ends = xcalloc(im->columns.width + 1, sizeof(*im->ends));
	im->waiting = xcalloc(1, sizeof(*im->waiting));
	im->has_header = true;
}

/* What was chosen for a table with these titles, if nothing is chosen for this one. */
static void
recall_choices(struct import *im)
{
	const char *text;
	json_t *doc;
	struct err_ctx ignored;

	import_columns_fingerprint(im->shape, im->columns.fingerprint);
	if (im->recall == NULL || !import_choices_is_empty(&im->choices))
		return;
	text = im->recall(im->arg, im->columns.fingerprint);
	if (text == NULL || json_parse(slice_of(text), 65536, "choices", &doc, &ignored) != ERR_OK)
		return;
	struct json_at root = json_root(doc);

	im->is_remembered = import_choices_read(&im->choices, &root, &ignored) == ERR_OK;
	if (!im->is_remembered)
		import_choices_clear(&im->choices);
	json_decref(doc);
}

/* Nor do the rejected rows tell what is kept although it is sensitive. */
static void
hide_sensitive(struct import *im)
{
	const struct import_columns *c = &im->columns;

	for (uint32_t i = 0; i < c->schema.count; i++)
		if (c->schema.columns[i].is_sensitive && c->sources[i].from == FROM_CELL &&
		    c->sources[i].cell < im->rejects.titles)
			rejects_hide(&im->rejects, c->sources[i].cell);
}

/* The shape is settled: columns, then the rows that were looked at. */
static enum err
begin_table(struct import *im, struct err_ctx *e)
{
	struct table_shape *t = im->shape;
	const struct import_cells *upper, *lower = NULL;
	enum err rc;
	size_t i;

	recall_choices(im);
	rc = import_columns_read(&im->columns, t, im->headers, &im->choices, im->file, im->row_word,
				 e);
	if (rc != ERR_OK)
		return rc;
	upper = &t->rows[t->upper >= 0 ? t->upper : t->found];
	if (t->upper >= 0 || t->lower >= 0)
		lower = &t->rows[t->lower >= 0 ? t->lower : t->found];
	im->header_line = upper->line;
	im->header_rows = lower != NULL ? 2 : 1;
	know_table(im, upper, lower);
	rejects_begin(&im->rejects, upper, lower,
		      im->csv.separator != 0 && im->reject_file == NULL ? im->csv.separator : ';');
	for (i = 0; i < im->columns.width && i < im->rejects.titles; i++)
		if (im->columns.use[i] == CELL_LEFT_OUT)
			rejects_hide(&im->rejects, i);
	hide_sensitive(im);
	im->rows_read += t->empty;
	im->left_out[ROW_EMPTY] += t->empty;
	for (i = 0; &t->rows[i] != upper; i++)
		pass_row(im, &t->rows[i]);
	for (i = table_shape_next(t); i < t->count && rc == ERR_OK; i++)
		rc = read_row(im, &t->raw[i], e);
	free_shape(im);
	return rc;
}

static enum err
on_row(void *arg, const struct import_cells *row, struct err_ctx *e)
{
	struct import *im = arg;

	if (im->has_header)
		return read_row(im, row, e);
	return table_shape_look(im->shape, row) ? begin_table(im, e) : ERR_OK;
}

enum err
import_row(struct import *im, const struct import_cells *row, struct err_ctx *e)
{
	return hidden_text_row(&im->hidden, row, e);
}

enum err
import_fail_unusable(const struct import *im, struct err_ctx *e)
{
	struct buf reasons = {0};

	if (!im->has_header)
		return err_set(e, ERR_INPUT, im->file, "the first line must be the columns' titles",
			       "the file is empty");
	if (im->rows_below == 0)
		return err_set(e, ERR_INPUT, im->file, "put a recipient a row under the titles",
			       "there are titles, and no row under them");
	tally_add_words(&im->rejects.reasons, &reasons);
	for (size_t i = 0; i < ROW_KINDS; i++)
		if (im->left_out[i] > 0)
			buf_addf(&reasons, "%s%s rows %llu", reasons.len > 0 ? ", " : "",
				 row_kind_name((enum row_kind)i),
				 (unsigned long long)im->left_out[i]);
	err_set(e, ERR_INPUT, im->file,
		"check the column of phone numbers, or name another one with --phone COLUMN",
		"none of %llu rows could be used: %.200s", (unsigned long long)im->rows_read,
		reasons.data);
	buf_free(&reasons);
	return ERR_INPUT;
}

enum err
import_end(struct import *im, struct err_ctx *e)
{
	enum err rc = hidden_text_end(&im->hidden, e);

	if (rc != ERR_OK)
		return rc;
	if (im->hidden.decoded > 0)
		tally_add(&im->repairs, "old-font-text", im->hidden.decoded);
	if (im->hidden.decoder.words_of_capitals > 0)
		tally_add(&im->repairs, "capitals-unknown", im->hidden.decoder.words_of_capitals);
	if (!im->has_header) {
		table_shape_settle(im->shape);
		if (im->shape->found < 0)
			return import_fail_unusable(im, e);
		rc = begin_table(im, e);
	}
	if (rc != ERR_OK)
		return rc;
	if (im->waiting != NULL)
		decide_types(im);
	if (im->rows_kept == 0)
		return import_fail_unusable(im, e);
	finish_block(im);
	shared_phones_end(&im->shared);
	return ERR_OK;
}
