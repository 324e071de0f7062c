/* SPDX-License-Identifier: MIT */
#include "segments/import_columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define SHOWN_BYTES 240u /* of titles in an error */

/* A cell of the titles, while the columns are made. */
struct cell {
	struct slice group, title;
	char *full; /* "Group - Title" */
	struct header_known known;
	char name[HEADER_NAME_MAX + 1]; /* that it would have */
	const char *mapped;		/* by the importer; NULL = not */
	const char *reason;		/* why it is kept; NULL = not said */
	bool is_hidden;
	bool is_pair; /* the first of the cells of men and women */
	bool is_left_out;
	int pair;   /* the other one; -1 = none */
	int column; /* -1 = none */
};

struct work {
	struct import_columns *c;
	const struct table_shape *shape;
	const struct headers *headers;
	const struct import_choices *choices;
	const char *file, *row_word;
	uint32_t line;
	struct cell *cells; /* [count] up to the last one with a title */
	size_t count;
	struct err_ctx *e;
};

static enum err
fail(struct work *w, const char *todo, const char *why)
{
	err_set(w->e, ERR_INPUT, w->file, todo, "%s %u: %s", w->row_word, w->line, why);
	if (w->e != NULL) {
		w->e->line = (int)w->line;
		w->e->column = 1;
	}
	return ERR_INPUT;
}

/* "STT, Họ và tên, …": whole titles, as many as fit a message. */
static void
add_titles(const struct work *w, struct buf *out)
{
	size_t begin = out->len;

	for (size_t i = 0; i < w->count; i++) {
		if (w->cells[i].title.n == 0)
			continue;
		if (out->len + strlen(w->cells[i].full) > SHOWN_BYTES) {
			buf_adds(out, ", …");
			return;
		}
		buf_adds(out, out->len == begin ? "" : ", ");
		buf_adds(out, w->cells[i].full);
	}
}

/* "no column "Di động" among: Tên, SĐT" */
static enum err
fail_no_column(struct work *w, const char *word, const char *todo)
{
	struct buf why = {0};
	enum err rc;

	buf_addf(&why, "no column \"%.60s\" among: ", word);
	add_titles(w, &why);
	rc = fail(w, todo, why.data);
	buf_free(&why);
	return rc;
}

/* ---- cells ---- */

static void
read_cell(struct work *w, size_t i)
{
	struct cell *c = &w->cells[i];
	struct shape_title t = table_shape_title(w->shape, i);
	struct buf full = {0};

	*c = (struct cell){.title = t.title, .is_hidden = t.is_hidden, .pair = -1, .column = -1};
	if (!slice_eq(t.group, t.title))
		c->group = t.group;
	if (c->group.n > 0) {
		buf_add_slice(&full, c->group);
		buf_adds(&full, " - ");
	}
	buf_add_slice(&full, c->title);
	c->known = headers_find(w->headers, c->title);
	if (c->known.sensitive == NULL && c->group.n > 0)
		c->known.sensitive = headers_find(w->headers, c->group).sensitive;
	headers_make_name(c->name,
			  c->known.name == NULL ? buf_slice(&full) : slice_of(c->known.name),
			  (uint32_t)i + 1);
	c->full = buf_take(&full);
}

/* Under two groups the same title is two things: "Cha - Họ tên", "Mẹ - Họ tên". */
static void
name_by_group(struct work *w)
{
	for (size_t i = 0; i < w->count; i++) {
		struct cell *c = &w->cells[i];
		bool is_double = false;

		for (size_t k = 0; k < w->count && c->group.n > 0 && c->known.name != NULL; k++)
			is_double |= k != i && w->cells[k].known.name != NULL &&
				     strcmp(w->cells[k].known.name, c->known.name) == 0;
		if (is_double)
			headers_make_name(c->name, slice_of(c->full), (uint32_t)i + 1);
	}
}

static enum err
read_cells(struct work *w)
{
	size_t width = table_shape_width(w->shape), titled = 0;

	for (size_t i = 0; i < width; i++)
		if (table_shape_title(w->shape, i).title.n > 0) {
			w->count = i + 1;
			titled++;
		}
	if (titled > COLUMNS_MAX) {
		char why[80];

		snprintf(why, sizeof(why), "%zu columns, at most %u", titled, COLUMNS_MAX);
		w->count = 0;
		return fail(w, "take out the columns that are not needed", why);
	}
	w->cells = xcalloc(w->count + 1, sizeof(*w->cells));
	for (size_t i = 0; i < w->count; i++)
		read_cell(w, i);
	name_by_group(w);
	w->c->width = width;
	w->c->use = xcalloc(width + 1, 1);
	return ERR_OK;
}

/* By its title, alone or with its group, or by the name it would have. */
static bool
is_called(const struct cell *c, const char *word)
{
	return c->title.n > 0 &&
	       (headers_is_same(slice_of(c->full), slice_of(word)) ||
		headers_is_same(c->title, slice_of(word)) || strcmp(c->name, word) == 0);
}

/*
 * The cell that is called so, -1 = none. One whose whole title it is goes before one whose title
 * under a group it is; `so_dien_thoai_2` is the second of that name.
 */
static int
find_cell(const struct work *w, const char *word)
{
	const char *end = strrchr(word, '_');

	for (size_t i = 0; i < w->count; i++)
		if (headers_is_same(slice_of(w->cells[i].full), slice_of(word)))
			return (int)i;
	for (size_t i = 0; i < w->count; i++)
		if (is_called(&w->cells[i], word))
			return (int)i;
	if (end != NULL && end[1] >= '2' && end[1] <= '9' && end[2] == '\0') {
		int nth = end[1] - '0';

		for (size_t i = 0; i < w->count; i++)
			if (strlen(w->cells[i].name) == (size_t)(end - word) &&
			    strncmp(w->cells[i].name, word, (size_t)(end - word)) == 0 &&
			    --nth == 0)
				return (int)i;
	}
	return -1;
}

/* ---- choices ---- */

static enum err
take_choices(struct work *w)
{
	for (size_t i = 0; i < w->choices->map_count; i++) {
		const struct choice *m = &w->choices->maps[i];
		int at = find_cell(w, m->column);

		if (at < 0)
			return fail_no_column(w, m->column,
					      "name one of them in --map COLUMN=NAME");
		w->cells[at].mapped = m->value;
		w->cells[at].is_left_out = strcmp(m->value, "-") == 0;
	}
	for (size_t i = 0; i < w->choices->keep_count; i++) {
		const struct choice *k = &w->choices->keeps[i];
		int at = find_cell(w, k->column);

		if (at < 0)
			return fail_no_column(w, k->column,
					      "name one of them in --keep COLUMN=REASON");
		w->cells[at].reason = k->value;
	}
	return ERR_OK;
}

/* ---- men and women ---- */

static bool
is_listed(const struct work *w, enum header_words list, struct slice title)
{
	struct buf words = {0};
	bool is;

	headers_add_words(&words, title);
	is = words.len > 0 && headers_is_word(w->headers, list, buf_slice(&words));
	buf_free(&words);
	return is;
}

/* Two cells beside each other, "Nam" and "Nữ", under "Năm sinh", "Giới tính" or nothing. */
static void
find_pairs(struct work *w)
{
	for (size_t i = 0; i + 1 < w->count; i++) {
		struct cell *a = &w->cells[i], *b = &w->cells[i + 1];
		struct header_known group = headers_find(w->headers, a->group);

		if (!slice_eq(a->group, b->group) || a->mapped != NULL || b->mapped != NULL)
			continue;
		if (!(is_listed(w, WORDS_MALE, a->title) && is_listed(w, WORDS_FEMALE, b->title)) &&
		    !(is_listed(w, WORDS_FEMALE, a->title) && is_listed(w, WORDS_MALE, b->title)))
			continue;
		if (a->group.n > 0 && !group.is_birth &&
		    (group.name == NULL || strcmp(group.name, "gioi_tinh") != 0))
			continue;
		a->is_pair = true;
		a->pair = (int)i + 1;
		b->pair = (int)i++;
	}
}

static int
add_column(struct work *w, struct slice title, struct column_source source)
{
	struct schema *s = &w->c->schema;
	struct column *c = &s->columns[s->count];

	if (s->count >= COLUMNS_MAX)
		return -1;
	*c = (struct column){.type = COLUMN_TEXT};
	headers_set_title(c, title, source.cell + 1);
	w->c->sources[s->count] = source;
	return (int)s->count++;
}

static void
add_pair(struct work *w, size_t i)
{
	const struct cell *c = &w->cells[i];
	bool is_female = is_listed(w, WORDS_FEMALE, c->title);
	struct header_known group = headers_find(w->headers, c->group);
	struct column_source source = {
		.from = FROM_BIRTH,
		.cell = (uint32_t)(is_female ? c->pair : (int)i),
		.other = (uint32_t)(is_female ? (int)i : c->pair),
		.hint = HINT_DATE,
		.is_hidden = c->is_hidden,
	};
	int at;

	if (c->group.n == 0 || group.is_birth) {
		at = add_column(w, c->group.n > 0 ? c->group : SLICE("Năm sinh"), source);
		if (at >= 0)
			headers_set_name(&w->c->schema, &w->c->schema.columns[at],
					 c->group.n > 0 ? group.name : "nam_sinh");
	}
	source.from = FROM_SEX;
	source.hint = HINT_TEXT;
	at = add_column(w, SLICE("Giới tính"), source);
	if (at >= 0)
		headers_set_name(&w->c->schema, &w->c->schema.columns[at], "gioi_tinh");
	w->c->use[i] = w->c->use[c->pair] = CELL_USED;
}

/* ---- columns ---- */

static void
add_note(struct work *w, const struct cell *c)
{
	struct column_note *n = &w->c->notes[w->c->note_count];

	if (w->c->note_count == ARRAY_LEN(w->c->notes))
		return;
	w->c->note_count++;
	slice_copy(n->title, sizeof(n->title), slice_of(c->full));
	n->sensitive = c->known.sensitive;
	n->reason = c->reason != NULL && !c->is_left_out ? xstrdup(c->reason) : NULL;
}

/* What the law calls sensitive stays out unless somebody says why it is needed. */
static bool
is_left_out(struct work *w, struct cell *c)
{
	if (c->known.sensitive != NULL && c->reason == NULL)
		c->is_left_out = true;
	if (c->is_left_out || c->known.sensitive != NULL)
		add_note(w, c);
	return c->is_left_out;
}

static void
make_columns(struct work *w)
{
	bool has_room = w->count <= COLUMNS_MAX; /* for those without a title too */
	struct schema *s = &w->c->schema;

	for (size_t i = 0; i < w->count; i++) {
		struct cell *c = &w->cells[i];
		struct column_source source = {.from = FROM_CELL,
					       .cell = (uint32_t)i,
					       .hint = c->known.hint,
					       .is_untitled = c->title.n == 0,
					       .is_hidden = c->is_hidden};

		if (c->title.n == 0 && !has_room)
			continue;
		if (c->pair >= 0) {
			if (c->is_pair)
				add_pair(w, i);
			continue;
		}
		w->c->use[i] = is_left_out(w, c) ? CELL_LEFT_OUT : CELL_USED;
		if (w->c->use[i] == CELL_LEFT_OUT)
			continue;
		c->column = add_column(w, slice_of(c->full), source);
		if (c->column < 0)
			continue;
		s->columns[c->column].is_sensitive = c->known.sensitive != NULL;
		s->columns[c->column].is_masked = c->known.is_masked;
	}
}

/* Names that were given go first, so that nobody else takes them. */
static void
name_columns(struct work *w)
{
	for (int given = 1; given >= 0; given--)
		for (size_t i = 0; i < w->count; i++) {
			const struct cell *c = &w->cells[i];

			if (c->column >= 0 && (c->mapped != NULL) == (given == 1))
				headers_set_name(&w->c->schema, &w->c->schema.columns[c->column],
						 given == 1 ? c->mapped : c->name);
		}
}

/* ---- the phone ---- */

static enum err
fail_two_phones(struct work *w, const struct cell *a, const struct cell *b)
{
	const char *one = a->full, *other = b->full;
	char why[400], todo[240];

	if (strcmp(one, other) == 0) {
		one = w->c->schema.columns[a->column].name;
		other = w->c->schema.columns[b->column].name;
	}
	snprintf(why, sizeof(why),
		 "two columns look like the phone that messages go to: \"%.100s\" and \"%.100s\"",
		 one, other);
	snprintf(todo, sizeof(todo), "say which one it is: --phone \"%.90s\" or --phone \"%.90s\"",
		 one, other);
	return fail(w, todo, why);
}

static enum err
fail_no_phone(struct work *w)
{
	struct buf why = {0};
	enum err rc;

	buf_adds(&why, "no column of phone numbers among: ");
	add_titles(w, &why);
	rc = fail(w,
		  "say which one it is with --phone COLUMN; above the rows must be their columns' "
		  "titles",
		  why.data);
	buf_free(&why);
	return rc;
}

/* How well it fits: under a group ("Mẹ - SĐT") it is rather somebody else's. */
static int
rank_of(const struct cell *c)
{
	if (c->column < 0 || c->known.phone == HEADER_PHONE_NO)
		return 0;
	return (int)c->known.phone +
	       (c->group.n == 0 && c->known.phone > HEADER_PHONE_WORDS ? 10 : 0);
}

static enum err
find_phone(struct work *w)
{
	const struct cell *best = NULL, *other = NULL;

	for (size_t i = 0; i < w->count; i++) {
		const struct cell *c = &w->cells[i];
		int rank = rank_of(c);

		if (rank == 0)
			continue;
		if (best == NULL || rank > rank_of(best)) {
			/* under another group it is another person's, whatever the words */
			other = best != NULL && rank < 10 && !slice_eq(best->group, c->group)
					? best
					: NULL;
			best = c;
		} else if (rank == rank_of(best) ||
			   (rank_of(best) < 10 && !slice_eq(best->group, c->group))) {
			other = other == NULL ? c : other;
		}
	}
	if (best == NULL && w->c->key != NULL &&
	    schema_find(&w->c->schema, slice_of(w->c->key)) >= 0)
		return ERR_OK;
	if (best == NULL)
		return fail_no_phone(w);
	if (other != NULL)
		return fail_two_phones(w, best < other ? best : other, best < other ? other : best);
	w->c->schema.phone = best->column;
	return ERR_OK;
}

static enum err
choose_phone(struct work *w)
{
	int at = -1;

	if (w->choices->phone != NULL) {
		at = find_cell(w, w->choices->phone);
		if (at < 0 || w->cells[at].column < 0)
			return fail_no_column(w, w->choices->phone,
					      "name one of them with --phone COLUMN");
	}
	for (size_t i = 0; i < w->count && at < 0; i++)
		if (w->cells[i].mapped != NULL &&
		    strcmp(w->cells[i].mapped, HEADER_PHONE_NAME) == 0)
			at = (int)i;
	if (at < 0)
		return find_phone(w);
	if (w->cells[at].column < 0)
		return fail_no_column(w, HEADER_PHONE_NAME,
				      "a column that is left out is no phone");
	w->c->schema.phone = w->cells[at].column;
	return ERR_OK;
}

static enum err
add_language(struct work *w)
{
	struct column_source source = {.from = FROM_LANGUAGE, .hint = HINT_TEXT};
	int at;

	if (w->choices->language_from == NULL)
		return ERR_OK;
	at = find_cell(w, w->choices->language_from);
	if (at < 0)
		return fail_no_column(w, w->choices->language_from,
				      "name one of them with --language-from COLUMN");
	source.cell = (uint32_t)at;
	if (import_columns_add(w->c, "Ngôn ngữ", "language", source) < 0)
		return fail(w, "take out the columns that are not needed",
			    "there is no room for the column language");
	return ERR_OK;
}

static enum err
read_columns(struct work *w)
{
	enum err rc = read_cells(w);

	if (rc == ERR_OK)
		rc = take_choices(w);
	if (rc != ERR_OK)
		return rc;
	find_pairs(w);
	make_columns(w);
	name_columns(w);
	rc = choose_phone(w);
	if (rc != ERR_OK)
		return rc;
	if (w->c->schema.phone >= 0)
		w->c->sources[w->c->schema.phone].hint = HINT_TEXT;
	return add_language(w);
}

enum err
import_columns_read(struct import_columns *c, const struct table_shape *t, const struct headers *h,
		    const struct import_choices *choices, const char *file, const char *row_word,
		    struct err_ctx *e)
{
	struct work w = {
		.c = c,
		.shape = t,
		.headers = h,
		.choices = choices,
		.file = file,
		.row_word = row_word,
		.line = t->rows[t->found].line,
		.e = e,
	};
	enum err rc;

	c->group = -1;
	c->schema.phone = -1;
	rc = read_columns(&w);
	for (size_t i = 0; w.cells != NULL && i < w.count; i++)
		free(w.cells[i].full);
	free(w.cells);
	return rc;
}

void
import_columns_fingerprint(const struct table_shape *t, char out[17])
{
	uint64_t hash = UINT64_C(0xCBF29CE484222325); /* FNV-1a */
	struct buf words = {0};

	for (size_t i = 0; i < table_shape_width(t); i++) {
		struct shape_title title = table_shape_title(t, i);

		if (title.title.n == 0)
			continue;
		headers_add_words(&words, title.group);
		buf_addc(&words, '\t');
		headers_add_words(&words, title.title);
		buf_addc(&words, '\n');
	}
	for (size_t i = 0; i < words.len; i++)
		hash = (hash ^ (uint8_t)words.data[i]) * UINT64_C(0x100000001B3);
	snprintf(out, 17, "%016" PRIx64, hash);
	buf_free(&words);
}

void
import_columns_free(struct import_columns *c)
{
	for (size_t i = 0; i < c->note_count; i++)
		free(c->notes[i].reason);
	free(c->use);
}

int
import_columns_add(struct import_columns *c, const char *title, const char *name,
		   struct column_source source)
{
	struct schema *s = &c->schema;
	struct column *to = &s->columns[s->count];

	if (s->count >= COLUMNS_MAX)
		return -1;
	*to = (struct column){.type = COLUMN_TEXT};
	headers_set_title(to, slice_of(title), s->count + 1);
	headers_set_name(s, to, name);
	c->sources[s->count] = source;
	return (int)s->count++;
}

static int
after_removal(int column, int removed)
{
	return column > removed ? column - 1 : column;
}

void
import_columns_remove(struct import_columns *c, uint32_t i)
{
	struct schema *s = &c->schema;
	size_t behind = s->count - i - 1;

	if (c->sources[i].from == FROM_CELL)
		c->use[c->sources[i].cell] = CELL_WITHOUT_TITLE;
	memmove(&s->columns[i], &s->columns[i + 1], behind * sizeof(s->columns[0]));
	memmove(&c->sources[i], &c->sources[i + 1], behind * sizeof(c->sources[0]));
	s->count--;
	s->phone = after_removal(s->phone, (int)i);
	c->group = after_removal(c->group, (int)i);
	for (size_t k = 0; k < ARRAY_LEN(c->phones); k++)
		c->phones[k] = after_removal(c->phones[k], (int)i);
}
