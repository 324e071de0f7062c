/* SPDX-License-Identifier: MIT */
/*
 * Opening a workbook: which part is the main one (by the package's
 * relationships, never by its name), what it says of the sheets (18.2), the cell
 * styles, and the head of each sheet as far as its rows.
 */
#include "base/xlsx_parts.h"

#include <stdio.h>
#include <stdlib.h>

#define STRINGS_MAX_DEFAULT (256ull << 20)
#define STRINGS_MAX_MAX ((2ull << 30) - 1)
#define PART_MAX_DEFAULT (4ull << 30)
#define INFLATION_MAX_DEFAULT 300
#define SHEETS_MAX 1000
#define HEADS_MAX (256ull << 20) /* bytes before the rows, of all sheets */
#define NAME_MAX_BYTES 400	 /* 31 characters in Excel; some programs write more */

static const char *const save_anew =
	"open the file in Excel and save it anew (mở bằng Excel rồi lưu lại)";

/* ---- xl/workbook.xml ---- */

enum { BOOK = 1, PROPERTIES, VIEWS, VIEW, SHEETS, SHEET };

static const struct xml_rule book_rules[] = {
	{0, BOOK, "workbook"},	       {BOOK, PROPERTIES, "workbookPr"}, {BOOK, VIEWS, "bookViews"},
	{VIEWS, VIEW, "workbookView"}, {BOOK, SHEETS, "sheets"},	 {SHEETS, SHEET, "sheet"},
};

static enum err
add_sheet(struct xlsx *x, const char **attrs, struct err_ctx *e)
{
	const char *name = xml_attr(attrs, "name"), *state = xml_attr(attrs, "state");
	const char *id = xml_attr(attrs, ":id");
	struct sheet *s;

	if (name == NULL || id == NULL || strlen(name) > NAME_MAX_BYTES)
		return err_set(e, ERR_INPUT, x->file, save_anew,
			       "sheet %zu has no name, no part or too long a name", x->count + 1);
	if (x->count >= SHEETS_MAX)
		return err_set(e, ERR_INPUT, x->file,
			       "save the sheets with the lists as a new file "
			       "(lưu riêng các trang có danh sách)",
			       "the workbook has more than %d sheets", SHEETS_MAX);
	if (x->count == x->cap) {
		x->cap = x->cap > 0 ? x->cap * 2 : 8;
		x->sheets = xrealloc(x->sheets, x->cap * sizeof(*x->sheets));
	}
	s = &x->sheets[x->count++];
	*s = (struct sheet){.name = xstrdup(name), .relation = xstrdup(id), .part = -1};
	s->what.name = s->name;
	if (state != NULL && strcmp(state, "hidden") == 0)
		s->what.visibility = XLSX_HIDDEN;
	if (state != NULL && strcmp(state, "veryHidden") == 0)
		s->what.visibility = XLSX_VERY_HIDDEN;
	return ERR_OK;
}

static enum err
on_book(void *arg, unsigned state, const char **attrs, struct err_ctx *e)
{
	struct xlsx *x = arg;
	const char *compatible;
	int64_t active;

	if (state == SHEET)
		return add_sheet(x, attrs, e);
	if (state == VIEW) {
		active = xml_number(xml_attr(attrs, "activeTab"), INT32_MAX);
		x->active = active > 0 ? (size_t)active : 0;
	}
	if (state == PROPERTIES) {
		compatible = xml_attr(attrs, "dateCompatibility");
		if (compatible != NULL && !xml_is_true(compatible))
			x->epoch = EPOCH_1899;
		if (xml_is_true(xml_attr(attrs, "date1904")))
			x->epoch = EPOCH_1904;
	}
	return ERR_OK;
}

static enum err
ignore_end(void *arg, unsigned state, struct err_ctx *e)
{
	(void)arg;
	(void)state;
	(void)e;
	return ERR_OK;
}

static enum err
read_book(struct xlsx *x, int part, struct err_ctx *e)
{
	static const struct xml_grammar grammar = {book_rules, ARRAY_LEN(book_rules), on_book,
						   ignore_end, NULL};
	struct xlsx_pass p = {.part = part};
	enum err err;

	p.xml = xml_new(&grammar, x->file, x);
	err = xlsx_pass_run(x, &p, e);
	xml_free(p.xml);
	return err;
}

/* ---- the head of a sheet ---- */

enum { WORKSHEET = 1, DIMENSION, COLUMNS, COLUMN, DATA };

static const struct xml_rule head_rules[] = {
	{0, WORKSHEET, "worksheet"},	{WORKSHEET, DIMENSION, "dimension"},
	{WORKSHEET, COLUMNS, "cols"},	{COLUMNS, COLUMN, "col"},
	{WORKSHEET, DATA, "sheetData"},
};

struct head {
	struct sheet *sheet;
	struct xml *xml;
	unsigned columns;
};

static void
hide_columns(struct sheet *s, const char **attrs)
{
	int64_t min = xml_number(xml_attr(attrs, "min"), XLSX_COLUMNS_MAX);
	int64_t max = xml_number(xml_attr(attrs, "max"), XLSX_COLUMNS_MAX);
	const char *width = xml_attr(attrs, "width");

	if (!xml_is_true(xml_attr(attrs, "hidden")) && (width == NULL || strcmp(width, "0") != 0))
		return;
	if (s->hidden == NULL)
		s->hidden = xcalloc(XLSX_COLUMNS_MAX / 64, sizeof(*s->hidden));
	for (int64_t c = min - 1; c >= 0 && c < max;) {
		bool is_word = c % 64 == 0 && c + 64 <= max;

		s->hidden[c / 64] |= is_word ? UINT64_MAX : (uint64_t)1 << c % 64;
		c += is_word ? 64 : 1;
	}
}

static enum err
on_head(void *arg, unsigned state, const char **attrs, struct err_ctx *e)
{
	struct head *h = arg;
	const char *ref;

	(void)e;
	if (state == DATA)
		xml_stop(h->xml);
	/* Each may name all columns: as many as there are columns can be of use. */
	if (state == COLUMN && h->columns++ < XLSX_COLUMNS_MAX)
		hide_columns(h->sheet, attrs);
	if (state == DIMENSION) {
		ref = xml_attr(attrs, "ref");
		if (ref == NULL || !xlsx_area_of_name(ref, &h->sheet->what.dimension))
			h->sheet->what.dimension = (struct xlsx_area){0};
	}
	return ERR_OK;
}

static enum err
read_head(struct xlsx *x, struct sheet *s, struct err_ctx *e)
{
	static const struct xml_grammar grammar = {head_rules, ARRAY_LEN(head_rules), on_head,
						   ignore_end, NULL};
	struct head h = {.sheet = s};
	struct xlsx_pass p = {.part = s->part, .inflated_max = x->heads_left + 1};
	enum err err;

	h.xml = p.xml = xml_new(&grammar, x->file, &h);
	err = xlsx_pass_run(x, &p, e);
	if (err != ERR_OK && e != NULL) {
		struct err_ctx was = *e;

		err_set(e, was.code, x->file, was.todo, "sheet %.120s, before its rows: %s",
			s->name, was.why);
	}
	x->heads_left -= p.inflated < x->heads_left ? p.inflated : x->heads_left;
	s->root = xstrdup(xml_root(p.xml));
	xml_free(p.xml);
	return err;
}

/* ---- what belongs to the workbook ---- */

static struct sheet *
sheet_of_relation(struct xlsx *x, const char *id)
{
	for (size_t i = 0; i < x->count; i++)
		if (x->sheets[i].part < 0 && strcmp(x->sheets[i].relation, id) == 0)
			return &x->sheets[i];
	return NULL;
}

static enum err
fail_part(struct xlsx *x, const char *what, struct slice name, struct err_ctx *e)
{
	return err_set(e, ERR_INPUT, x->file, save_anew, "%s is missing in the file: %.*s", what,
		       (int)(name.n < 100 ? name.n : 100), name.p);
}

static enum err
take_sheet(struct xlsx *x, struct sheet *s, struct slice name, const struct content_types *types,
	   struct err_ctx *e)
{
	const char *type = xlsx_content_type(types, name);

	s->part = archive_find(x->archive, name);
	if (s->part < 0)
		return fail_part(x, "the sheet", name, e);
	if (strstr(type, "worksheet+xml") == NULL)
		return err_set(e, ERR_INPUT, x->file, save_anew,
			       "sheet %.120s is said to be no sheet but \"%.80s\"", s->name, type);
	return ERR_OK;
}

static enum err
take_relation(struct xlsx *x, const char *book, const struct relation *r,
	      const struct content_types *types, struct err_ctx *e)
{
	bool is_sheet = xlsx_relation_is(r, "/worksheet");
	bool is_styles = xlsx_relation_is(r, "/styles");
	struct sheet *s = is_sheet ? sheet_of_relation(x, r->id) : NULL;
	struct buf name = {0};
	enum err err;
	int part;

	if ((is_sheet && s == NULL) ||
	    (!is_sheet && !is_styles && !xlsx_relation_is(r, "/sharedStrings")))
		return ERR_OK;
	err = xlsx_relation_resolve(x, book, r, &name, e);
	if (err == ERR_OK && is_sheet) {
		err = take_sheet(x, s, buf_slice(&name), types, e);
	} else if (err == ERR_OK) {
		part = archive_find(x->archive, buf_slice(&name));
		if (is_styles && part >= 0 && x->styles_count == 0)
			err = xlsx_styles_read(x, part, e);
		else if (!is_styles)
			x->strings_part = part;
	}
	buf_free(&name);
	return err;
}

/* Leave out what has no cells (charts), and keep the active tab. */
static enum err
drop_charts(struct xlsx *x, struct err_ctx *e)
{
	size_t kept = 0, active = 0;

	for (size_t i = 0; i < x->count; i++) {
		struct sheet *s = &x->sheets[i];

		if (s->part >= 0) {
			if (i == x->active)
				active = kept;
			x->sheets[kept++] = *s;
		} else {
			free(s->name);
			free(s->relation);
		}
	}
	x->count = kept;
	x->active = active;
	if (kept == 0)
		return err_set(e, ERR_INPUT, x->file, save_anew,
			       "the workbook has no sheet with cells");
	return ERR_OK;
}

static enum err
read_parts_of_book(struct xlsx *x, const char *book, const struct content_types *types,
		   struct err_ctx *e)
{
	struct relations relations = {0};
	enum err err = read_book(x, archive_find(x->archive, slice_of(book)), e);

	if (err == ERR_OK)
		err = xlsx_relations_read(x, book, &relations, e);
	for (size_t i = 0; i < relations.count && err == ERR_OK; i++)
		err = take_relation(x, book, &relations.v[i], types, e);
	xlsx_relations_free(&relations);
	if (err == ERR_OK)
		err = drop_charts(x, e);
	for (size_t i = 0; i < x->count && err == ERR_OK; i++)
		err = read_head(x, &x->sheets[i], e);
	return err;
}

/* The main part of the package, which must be a workbook's. */
static enum err
find_book(struct xlsx *x, const struct content_types *types, struct buf *book, struct err_ctx *e)
{
	struct relations relations = {0};
	enum err err = xlsx_relations_read(x, "", &relations, e);
	const char *type;

	for (size_t i = 0; i < relations.count && err == ERR_OK && book->len == 0; i++)
		if (xlsx_relation_is(&relations.v[i], "/officeDocument"))
			err = xlsx_relation_resolve(x, "", &relations.v[i], book, e);
	xlsx_relations_free(&relations);
	if (err != ERR_OK)
		return err;
	if (book->len == 0)
		return xlsx_refuse_package(
			x,
			archive_find(x->archive, SLICE("content.xml")) >= 0
				? "oasis.opendocument.spreadsheet"
			: archive_find(x->archive, SLICE("Index/Document.iwa")) >= 0 ? "iwork"
										     : "",
			e);
	type = xlsx_content_type(types, buf_slice(book));
	if (strstr(type, "sheet.main+xml") == NULL &&
	    strstr(type, "sheet.macroEnabled.main+xml") == NULL &&
	    strstr(type, "template.main+xml") == NULL &&
	    strstr(type, "template.macroEnabled.main+xml") == NULL)
		return xlsx_refuse_package(x, type, e);
	if (archive_find(x->archive, buf_slice(book)) < 0)
		return fail_part(x, "the workbook", buf_slice(book), e);
	return ERR_OK;
}

static enum err
read_package(struct xlsx *x, struct err_ctx *e)
{
	struct content_types types = {0};
	struct buf book = {0};
	enum err err = xlsx_content_types_read(x, &types, e);

	if (err == ERR_OK)
		err = find_book(x, &types, &book, e);
	if (err == ERR_OK)
		err = read_parts_of_book(x, book.data, &types, e);
	buf_free(&book);
	xlsx_content_types_free(&types);
	return err;
}

/* ---- public ---- */

enum err
xlsx_open(const char *path, const struct xlsx_options *o, struct xlsx **out, struct err_ctx *e)
{
	struct xlsx *x = xcalloc(1, sizeof(*x));
	enum err err;

	*out = NULL;
	x->o = *o;
	x->strings_part = -1;
	x->heads_left = HEADS_MAX;
	snprintf(x->file, sizeof(x->file), "%s", o->file != NULL ? o->file : path);
	if (o->strings_max == 0)
		x->o.strings_max = STRINGS_MAX_DEFAULT;
	if (o->strings_max > STRINGS_MAX_MAX)
		x->o.strings_max = STRINGS_MAX_MAX;
	if (o->part_max == 0)
		x->o.part_max = PART_MAX_DEFAULT;
	if (o->inflation_max == 0)
		x->o.inflation_max = INFLATION_MAX_DEFAULT;
	err = xlsx_check_file(path, x->file, e);
	if (err == ERR_OK)
		err = archive_open(path, x->file, &x->archive, e);
	if (err == ERR_OK)
		err = read_package(x, e);
	if (err != ERR_OK)
		xlsx_close(x);
	else
		*out = x;
	return err;
}

void
xlsx_close(struct xlsx *x)
{
	if (x == NULL)
		return;
	for (size_t i = 0; i < x->count; i++) {
		free(x->sheets[i].name);
		free(x->sheets[i].relation);
		free(x->sheets[i].hidden);
		free(x->sheets[i].root);
	}
	free(x->sheets);
	free(x->styles);
	buf_free(&x->strings.text);
	free(x->strings.ends);
	archive_close(x->archive);
	free(x);
}

size_t
xlsx_sheet_count(const struct xlsx *x)
{
	return x->count;
}

const struct xlsx_sheet *
xlsx_sheet(const struct xlsx *x, size_t sheet)
{
	return &x->sheets[sheet].what;
}

bool
xlsx_column_is_hidden(const struct xlsx *x, size_t sheet, uint32_t column)
{
	const uint64_t *hidden = x->sheets[sheet].hidden;

	return hidden != NULL && column > 0 && column <= XLSX_COLUMNS_MAX &&
	       (hidden[(column - 1) / 64] >> (column - 1) % 64 & 1) != 0;
}

size_t
xlsx_active_sheet(const struct xlsx *x)
{
	return x->active;
}
