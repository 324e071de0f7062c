/* SPDX-License-Identifier: MIT */
#include "segments/row_kind.h"

#include "base/mem.h"
#include "base/text.h"
#include "segments/cell.h"
#include "segments/phone.h"

#define PHONE_DIGITS_MIN 7u /* so many digits in the phone's cell: somebody's phone, mistyped */
#define SIGNATURES_MAX 4u   /* filled cells of a row of signatures */

const char *
row_kind_name(enum row_kind kind)
{
	static const char *const names[ROW_KINDS] = {
		[ROW_PERSON] = "person",
		[ROW_EMPTY] = "empty",
		[ROW_TITLE] = "title",
		[ROW_HEADER_AGAIN] = "header-again",
		[ROW_NUMBERS] = "column-numbers",
		[ROW_GROUP] = "group",
		[ROW_TOTAL] = "total",
		[ROW_NOTE] = "note",
		[ROW_SIGNATURE] = "signature",
	};

	return names[kind];
}

/* ---- cells ---- */

/* "25", "25,5", "1.200", "25 %": a figure of a total. */
static bool
is_figure(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (memchr("0123456789 .,%-/", s.p[i], 16) == NULL)
			return false;
	return true;
}

/* "1", "(1)", "[1]", "1)", "(5)=(3)+(4)": its first number; -1 = another text. */
static int
column_number(struct slice s)
{
	int value = -1;

	if (s.n > 24)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (memchr("0123456789()[]=+-*/ .", c, 21) == NULL)
			return -1;
		if (c >= '0' && c <= '9') {
			int v = c - '0';

			while (i + 1 < s.n && s.p[i + 1] >= '0' && s.p[i + 1] <= '9' && v < 1000)
				v = v * 10 + (s.p[++i] - '0');
			value = value < 0 ? v : value;
		}
	}
	return value;
}

/* "A", "(B)": the columns of texts in a table of statistics. */
static bool
is_column_letter(struct slice s)
{
	if (s.n == 3 && s.p[0] == '(' && s.p[2] == ')')
		s = (struct slice){s.p + 1, 1};
	return s.n == 1 && ((s.p[0] >= 'A' && s.p[0] <= 'Z') || (s.p[0] >= 'a' && s.p[0] <= 'z'));
}

/* ---- kinds of rows ---- */

struct row {
	const struct slice *cells;
	size_t count, filled, first; /* first: the first filled cell */
	size_t digits;		     /* in all of them */
	struct buf words;	     /* of the first filled cell */
};

static struct slice
cell_at(const struct row *r, size_t i)
{
	return i < r->count ? r->cells[i] : (struct slice){NULL, 0};
}

static bool
is_header_row(const struct row_table *t, const struct slice *titles, const struct row *r)
{
	struct buf words = {0};
	bool is_same = titles != NULL;

	for (size_t i = 0; i < r->count && is_same; i++) {
		if (r->cells[i].n == 0)
			continue;
		buf_reset(&words);
		headers_add_words(&words, r->cells[i]);
		is_same = words.len > 0 && i < t->width && slice_eq(buf_slice(&words), titles[i]);
	}
	buf_free(&words);
	return is_same;
}

/* Numbers that go up by one from cell to cell, under (nearly) all columns: that of phones, if any. */
static bool
is_numbers(const struct row *r, size_t phone)
{
	int last = -1;
	size_t numbers = 0;

	if (r->filled < 2 || (phone < r->count && cell_at(r, phone).n == 0))
		return false;
	for (size_t i = 0; i < r->count; i++) {
		struct slice s = r->cells[i];
		int v;

		if (s.n == 0 || (numbers == 0 && is_column_letter(s)))
			continue;
		v = column_number(s);
		if (v < 0 || v > 999 || (last >= 0 ? v != last + 1 : v > 3))
			return false;
		last = v;
		numbers++;
	}
	return numbers > 1 && numbers + 3 > r->filled;
}

/* All that is filled besides the first cell is a figure. */
static bool
has_figures_only(const struct row *r)
{
	for (size_t i = r->first + 1; i < r->count; i++)
		if (!is_figure(r->cells[i]))
			return false;
	return true;
}

static bool
is_total(const struct row_table *t, const struct row *r)
{
	struct slice words = buf_slice(&r->words);
	size_t n = headers_begins(t->headers, WORDS_TOTAL, words);
	size_t spaces = 0;

	if (n == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		spaces += words.p[i] == ' ';
	/* "Tổng cộng: 25 người" says it itself; "Cộng" may be somebody's name */
	return spaces > 0 || has_figures_only(r);
}

/* "ngày 5 tháng 10 năm 2026", "ngày … tháng … năm …" */
static bool
is_date_line(struct slice cell)
{
	static const char *const parts[] = {"ngày", "tháng", "năm"};
	struct buf words = {0};
	size_t k = 0, at = 0;

	headers_add_words(&words, cell);
	while (k < 3 && words.len > 0) {
		const char *found = strstr(words.data + at, parts[k]);

		if (found == NULL)
			break;
		at = (size_t)(found - words.data) + strlen(parts[k++]);
	}
	buf_free(&words);
	return k == 3;
}

static bool
is_dated(const struct row *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (is_date_line(r->cells[i]))
			return true;
	return false;
}

static bool
is_signature(const struct row_table *t, const struct row *r)
{
	if (r->filled > SIGNATURES_MAX ||
	    cell_count_digits(r->cells[r->first]) == r->cells[r->first].n)
		return false;
	if (headers_begins(t->headers, WORDS_SIGNATURE, buf_slice(&r->words)) > 0 || is_dated(r))
		return true;
	return t->is_signed && r->digits == 0;
}

/* Bytes of "I.", "II)", "A -", "1.2." at the beginning, with the blanks behind; 0 = none. */
static size_t
marker_length(struct slice s, bool *is_strong)
{
	size_t n = 0, digits = 0, roman = 0;

	while (n < s.n && n < 8 && memchr("IVXLC", s.p[n], 5) != NULL)
		roman = ++n;
	if (n == 0 && s.n > 1 && s.p[0] >= 'A' && s.p[0] <= 'Z' &&
	    memchr(".)-/:", s.p[1], 5) != NULL)
		n = 1;
	while (n < s.n && roman == 0 && n < 8 &&
	       ((s.p[n] >= '0' && s.p[n] <= '9') || (digits > 0 && s.p[n] == '.')))
		digits = ++n;
	if (n == 0 || n == s.n)
		return 0;
	*is_strong = digits == 0;
	if (memchr(".)-/:", s.p[n], 5) == NULL && s.p[n - 1] != '.') {
		if (roman == 0 || s.p[n] != ' ')
			return 0;
	}
	while (n < s.n && memchr(".)-/: ", s.p[n], 6) != NULL)
		n++;
	return n;
}

/* A marker of its own cell: "I", "II.", "A". */
static bool
is_marker(struct slice s)
{
	while (s.n > 1 && memchr(".)", s.p[s.n - 1], 2) != NULL)
		s.n--;
	if (s.n == 0 || s.n > 6)
		return false;
	if (s.n == 1)
		return s.p[0] >= 'A' && s.p[0] <= 'Z';
	for (size_t i = 0; i < s.n; i++)
		if (memchr("IVXLC", s.p[i], 5) == NULL)
			return false;
	return true;
}

static bool
has_letters(struct slice words)
{
	for (size_t i = 0; i < words.n; i++)
		if (words.p[i] != ' ' && (words.p[i] < '0' || words.p[i] > '9'))
			return true;
	return false;
}

static bool
is_group(const struct row_table *t, const struct row *r)
{
	struct slice text = r->cells[r->first];
	struct buf rest = {0};
	bool is_strong = false, is;
	size_t n;

	if (r->filled == 2) {
		headers_add_words(&rest, cell_at(r, r->first + 1));
		is = is_marker(text) && r->first + 1 != t->phone && has_letters(buf_slice(&rest));
		buf_free(&rest);
		return is;
	}
	if (r->filled != 1 || !has_letters(buf_slice(&r->words)))
		return false;
	n = marker_length(text, &is_strong);
	headers_add_words(&rest, (struct slice){text.p + n, text.n - n});
	is = (n > 0 && is_strong) || (int)r->first == t->number ||
	     headers_begins(t->headers, WORDS_GROUP, buf_slice(&rest)) > 0;
	buf_free(&rest);
	return is;
}

/* A phone in another cell than the phone's: somebody's, and to be looked at by a person. */
static bool
has_phone(const struct row *r)
{
	for (size_t i = 0; i < r->count; i++) {
		struct phone_cell phone = {0};

		if (cell_count_digits(r->cells[i]) < 9)
			continue;
		phone_parse(r->cells[i], &phone);
		if (phone.reason == NULL)
			return true;
	}
	return false;
}

/* The motto, or the name of a list: another page begins. */
static bool
is_title(const struct row_table *t, const struct row *r)
{
	struct buf words = {0};
	bool is = false;

	for (size_t i = 0; i < r->count && r->filled <= 3 && !is; i++) {
		buf_reset(&words);
		headers_add_words(&words, r->cells[i]);
		is = headers_begins(t->headers, WORDS_TITLE, buf_slice(&words)) > 0;
	}
	buf_free(&words);
	return is;
}

static enum row_kind
judge(struct row_table *t, const struct row *r)
{
	if (is_header_row(t, t->titles[0], r) || is_header_row(t, t->titles[1], r))
		return ROW_HEADER_AGAIN;
	if (is_numbers(r, t->phone))
		return ROW_NUMBERS;
	/* the digits of a date line below the phones are none of a phone */
	if (has_phone(r) || (cell_count_digits(cell_at(r, t->phone)) >= PHONE_DIGITS_MIN &&
			     !is_date_line(cell_at(r, t->phone))))
		return ROW_PERSON;
	if (headers_begins(t->headers, WORDS_NOTE, buf_slice(&r->words)) > 0 && r->filled <= 2)
		return ROW_NOTE;
	if (is_title(t, r))
		return ROW_TITLE;
	if (is_total(t, r))
		return ROW_TOTAL;
	if (is_signature(t, r))
		return ROW_SIGNATURE;
	return is_group(t, r) ? ROW_GROUP : ROW_PERSON;
}

enum row_kind
row_kind_of(struct row_table *t, const struct slice *cells, size_t count)
{
	struct row r = {.cells = cells, .count = count};
	enum row_kind kind = ROW_EMPTY;

	for (size_t i = 0; i < count; i++) {
		if (cells[i].n == 0)
			continue;
		if (r.filled++ == 0)
			r.first = i;
		r.digits += cell_count_digits(cells[i]);
	}
	if (r.filled > 0) {
		headers_add_words(&r.words, cells[r.first]);
		kind = judge(t, &r);
		buf_free(&r.words);
	}
	if (kind != ROW_EMPTY)
		t->is_signed = kind == ROW_SIGNATURE;
	return kind;
}

struct slice
row_group_name(const struct slice *cells, size_t count)
{
	struct slice text = {NULL, 0};
	bool is_strong;
	size_t n;

	/* of "I" and "Thôn 1" the one that says more */
	for (size_t i = 0; i < count; i++)
		if (cells[i].n > 0 && (text.n == 0 || is_marker(text)))
			text = cells[i];
	n = marker_length(text, &is_strong);
	return (struct slice){text.p + n, text.n - n};
}
