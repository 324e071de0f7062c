/* SPDX-License-Identifier: MIT */
#include "segments/table_shape.h"

#include "segments/cell.h"
#include "segments/phone.h"

#define TITLE_BYTES_MAX 300u /* longer texts are no titles */
#define CELLS_LOOKED_AT 160u /* filled ones: more than a list may have columns */

void
table_shape_init(struct table_shape *t, const struct headers *h,
		 const struct import_choices *choices)
{
	*t = (struct table_shape){
		.headers = h, .choices = choices, .found = -1, .upper = -1, .lower = -1};
}

void
table_shape_free(struct table_shape *t)
{
	arena_free(&t->memory);
}

/* ---- what a row looks like ---- */

struct look {
	uint32_t filled, known, numbers; /* cells; numbers: digits enough for a phone, no letters */
	bool has_title;			 /* of a phone column, or one that was named */
	bool has_words;			 /* that speak of a phone */
};

static bool
is_number(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (memchr("0123456789 .-+()/,;'", s.p[i], 20) == NULL)
			return false;
	return cell_count_digits(s) >= 7;
}

static bool
is_phone(struct slice s)
{
	struct phone_cell phone = {0};

	if (cell_count_digits(s) < 9)
		return false;
	phone_parse(s, &phone);
	return phone.reason == NULL;
}

/* Is the title the one that the importer calls by this word: a title or a name? */
static bool
is_called(struct slice title, const char *word)
{
	char name[HEADER_NAME_MAX + 1];

	headers_make_name(name, title, 0);
	return headers_is_same(title, slice_of(word)) || strcmp(name, word) == 0;
}

static bool
is_chosen_phone(const struct table_shape *t, struct slice title)
{
	if (t->choices->phone != NULL && is_called(title, t->choices->phone))
		return true;
	for (size_t i = 0; i < t->choices->map_count; i++)
		if (strcmp(t->choices->maps[i].value, HEADER_PHONE_NAME) == 0 &&
		    is_called(title, t->choices->maps[i].column))
			return true;
	return false;
}

static struct look
look_at(const struct table_shape *t, const struct import_cells *row)
{
	struct look l = {0};

	for (size_t i = 0; i < row->count && l.filled < CELLS_LOOKED_AT; i++) {
		struct slice s = row->cells[i].text;
		struct header_known known;

		if (s.n == 0)
			continue;
		l.filled++;
		if (is_number(s) || is_phone(s)) {
			l.numbers++;
		} else if (s.n <= TITLE_BYTES_MAX) {
			known = headers_find(t->headers, s);
			/* a letterhead: "Điện thoại: (0296) 3852 000" */
			l.numbers += known.phone == HEADER_PHONE_WORDS && cell_count_digits(s) > 4;
			l.known += known.name != NULL;
			l.has_title |= known.phone >= HEADER_PHONE_LOW || is_chosen_phone(t, s);
			l.has_words |= known.phone == HEADER_PHONE_WORDS;
		}
	}
	return l;
}

static bool
is_header(const struct look *l)
{
	if (l->numbers > 0)
		return false;
	return l->has_title || (l->has_words && l->filled > 1 && (l->known > 0 || l->filled > 2));
}

/* ---- two rows ---- */

static struct slice
text_at(const struct import_cells *row, size_t i)
{
	return i < row->count ? row->cells[i].text : (struct slice){NULL, 0};
}

/*
 * Are these two rows titles together? Every text of the lower row stands under a
 * group: a text above it with nothing to its right, where the lower row goes on.
 *
 *   STT | Họ và tên | Năm sinh |    | SĐT
 *       |           | Nam      | Nữ |
 */
static bool
is_pair(const struct import_cells *upper, const struct import_cells *lower)
{
	size_t width = upper->count > lower->count ? upper->count : lower->count;
	bool is_in_group = false, has_group = false, has_single = false;

	for (size_t i = 0; i < width; i++) {
		struct slice above = text_at(upper, i), below = text_at(lower, i);

		if (above.n > 0) {
			is_in_group = below.n > 0;
			/* a group has at least two columns */
			if (is_in_group &&
			    (text_at(upper, i + 1).n > 0 || text_at(lower, i + 1).n == 0))
				return false;
			has_single |= below.n == 0;
			has_group |= is_in_group;
		} else if (below.n > 0 && !is_in_group) {
			return false;
		}
		if (below.n > TITLE_BYTES_MAX || is_number(below))
			return false;
	}
	return has_group && has_single;
}

/* The first person of a table whose phone is missing looks like a lower row, but for its words. */
static bool
has_titles(const struct table_shape *t, const struct import_cells *row)
{
	bool has = false;

	for (size_t i = 0; i < row->count; i++) {
		struct slice s = row->cells[i].text;
		struct buf words = {0};
		struct header_known known;
		bool has_letter = false;

		if (s.n == 0)
			continue;
		headers_add_words(&words, s);
		for (size_t k = 0; k < words.len; k++)
			has_letter |= words.data[k] < '0' || words.data[k] > '9';
		known = headers_find(t->headers, s);
		has |= known.name != NULL || known.phone != HEADER_PHONE_NO ||
		       headers_is_word(t->headers, WORDS_MALE, buf_slice(&words)) ||
		       headers_is_word(t->headers, WORDS_FEMALE, buf_slice(&words));
		buf_free(&words);
		if (!has_letter)
			return false;
	}
	return has;
}

/* ---- rows as they come ---- */

static struct slice
keep_text(struct table_shape *t, struct slice s)
{
	t->bytes += s.n;
	return (struct slice){s.n > 0 ? arena_memdup0(&t->memory, s.p, s.n) : NULL, s.n};
}

/* Up to the last cell with something in it: a sheet may be thousands of empty columns wide. */
static void
keep_row(struct table_shape *t, const struct import_cells *row)
{
	struct import_cell *raw, *cells;
	struct buf clean = {0};
	size_t count = row->count;

	while (count > 0 && row->cells[count - 1].text.n == 0)
		count--;
	raw = arena_alloc(&t->memory, count * sizeof(*raw) + 1);
	cells = arena_alloc(&t->memory, count * sizeof(*cells) + 1);
	for (size_t i = 0; i < count; i++) {
		raw[i] = cells[i] = row->cells[i];
		buf_reset(&clean);
		cell_clean(&clean, row->cells[i].text);
		raw[i].text = keep_text(t, row->cells[i].text);
		cells[i].text = keep_text(t, buf_slice(&clean));
	}
	t->bytes += count * (sizeof(*cells) + sizeof(*raw));
	t->widths[t->count] = row->count;
	t->raw[t->count] = (struct import_cells){raw, count, row->line};
	t->rows[t->count++] = (struct import_cells){cells, count, row->line};
	buf_free(&clean);
}

/* The row above may be the groups of this one, which the row below may complete. */
static void
find_groups(struct table_shape *t, bool has_next)
{
	size_t at = (size_t)t->found;

	if (at > 0 && is_pair(&t->rows[at - 1], &t->rows[at]) &&
	    look_at(t, &t->rows[at - 1]).known > 0)
		t->upper = (int)at - 1;
	else if (has_next && is_pair(&t->rows[at], &t->rows[at + 1]) &&
		 has_titles(t, &t->rows[at + 1]))
		t->lower = (int)at + 1;
}

static bool
has_text(const struct import_cells *row)
{
	for (size_t i = 0; i < row->count; i++)
		if (row->cells[i].text.n > 0)
			return true;
	return false;
}

bool
table_shape_look(struct table_shape *t, const struct import_cells *row)
{
	struct look l;

	keep_row(t, row);
	if (t->count == 1 && !has_text(&t->rows[0])) {
		t->empty++;
		t->count = t->bytes = 0;
		arena_reset(&t->memory);
		return false;
	}
	if (t->found >= 0) {
		find_groups(t, true);
		t->is_settled = true;
		return true;
	}
	l = look_at(t, &t->rows[t->count - 1]);
	if (is_header(&l)) {
		t->found = (int)t->count - 1;
		t->is_sure = true;
	} else if (t->count == SHAPE_ROWS_MAX || t->bytes > SHAPE_BYTES_MAX) {
		table_shape_settle(t);
	}
	return t->is_settled;
}

/* Nothing was sure: the row with most that looks like titles, the first of equals. */
static void
guess(struct table_shape *t)
{
	uint32_t best = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct look l = look_at(t, &t->rows[i]);
		uint32_t score = l.filled == 0 ? 0
				 : l.numbers > 0
					 ? 1
					 : 2 + l.known * 1000 + (l.filled < 1000 ? l.filled : 999);

		if (score > best) {
			best = score;
			t->found = (int)i;
		}
	}
}

void
table_shape_settle(struct table_shape *t)
{
	if (t->found < 0)
		guess(t);
	if (t->found >= 0)
		find_groups(t, (size_t)t->found + 1 < t->count);
	t->is_settled = true;
}

size_t
table_shape_next(const struct table_shape *t)
{
	return (size_t)(t->lower >= 0 ? t->lower : t->found) + 1;
}

/* ---- titles ---- */

size_t
table_shape_width(const struct table_shape *t)
{
	size_t width = t->widths[t->found];
	int other = t->upper >= 0 ? t->upper : t->lower;

	return other >= 0 && t->widths[other] > width ? t->widths[other] : width;
}

struct shape_title
table_shape_title(const struct table_shape *t, size_t cell)
{
	const struct import_cells *upper = &t->rows[t->upper >= 0 ? t->upper : t->found];
	struct shape_title title = {0};

	title.is_hidden = cell < upper->count && upper->cells[cell].is_hidden;
	if (t->upper >= 0 || t->lower >= 0) {
		const struct import_cells *lower = &t->rows[t->lower >= 0 ? t->lower : t->found];
		size_t group = cell;

		title.title = text_at(lower, cell);
		while (title.title.n > 0 && group > 0 && text_at(upper, group).n == 0)
			group--;
		if (title.title.n > 0)
			title.group = text_at(upper, group);
	}
	if (title.title.n == 0)
		title.title = text_at(upper, cell);
	return title;
}
