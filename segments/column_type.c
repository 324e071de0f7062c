/* SPDX-License-Identifier: MIT */
#include "segments/column_type.h"

#include "base/mem.h"
#include "segments/cell.h"

#define TAG_BYTES_MAX 60u /* a longer part is a sentence */
#define ANSWER_BYTES_MAX 12u
#define DIVIDED_MIN 3u /* values: one semicolon makes no tags */

static bool
is_digit_answer(struct slice s)
{
	return s.n == 1 && (s.p[0] == '0' || s.p[0] == '1');
}

static bool
is_answer(const struct headers *h, struct slice s)
{
	struct buf words = {0};
	bool is;

	if (s.n > ANSWER_BYTES_MAX)
		return false;
	headers_add_words(&words, s);
	is = slice_is(s, "✓") || slice_is(s, "✔") ||
	     (words.len > 0 && (headers_is_word(h, WORDS_YES, buf_slice(&words)) ||
				headers_is_word(h, WORDS_NO, buf_slice(&words))));
	buf_free(&words);
	return is;
}

/* Divided by one of the bytes, no part longer than a tag is. */
static bool
is_divided(struct slice s, const char *by)
{
	size_t part = 0;
	bool has = false;

	for (size_t i = 0; i < s.n; i++) {
		bool is_end = strchr(by, s.p[i]) != NULL && s.p[i] != '\0';

		has |= is_end;
		part = is_end ? 0 : part + 1;
		if (part > TAG_BYTES_MAX)
			return false;
	}
	return has;
}

void
column_facts_add(struct column_facts *f, const struct headers *h, struct slice cell)
{
	char date[11];
	enum date_kind kind;

	if (cell.n == 0)
		return;
	kind = cell_read_date(cell, date);
	f->filled++;
	f->years += kind == DATE_YEAR;
	f->days += kind == DATE_DAY;
	f->numbers += cell_is_number(cell);
	f->digits += is_digit_answer(cell);
	f->yes_no += is_answer(h, cell);
	f->divided += is_divided(cell, ";|");
}

static const char *
decide(const struct column_facts *f, enum header_hint hint)
{
	uint32_t dates = f->years + f->days;

	if (hint == HINT_TEXT)
		return "text";
	if (hint == HINT_TAGS)
		return "tags";
	/* a few slips of the pen make no date column a text column */
	if (hint == HINT_DATE && dates * 2 >= f->filled)
		return "date";
	if (hint == HINT_BOOL && f->filled > 0 && (f->yes_no + f->digits) * 2 >= f->filled)
		return "bool";
	if (f->days > 0 && dates * 10 >= f->filled * 9)
		return "date";
	if (f->filled > 0 && f->numbers == f->filled)
		return "number";
	if (f->filled > 0 && f->yes_no == f->filled)
		return "bool";
	return f->divided >= DIVIDED_MIN && f->divided * 2 >= f->filled ? "tags" : "text";
}

void
column_decide(const struct column_facts *f, enum header_hint hint, struct column *c)
{
	column_set_type(c, decide(f, hint));
}

bool
column_fit(const struct headers *h, const struct column *c, struct slice *cell, char date[11])
{
	switch (c->type) {
	case COLUMN_NUMBER:
		return cell_is_number(*cell);
	case COLUMN_DATE:
		if (cell_read_date(*cell, date) == DATE_NONE)
			return false;
		*cell = slice_of(date);
		return true;
	case COLUMN_TEXT:
		break;
	}
	if (c->form == FORM_BOOL)
		return is_digit_answer(*cell) || is_answer(h, *cell);
	return true;
}
