/* SPDX-License-Identifier: MIT */
#include "segments/phone_trace.h"

#include "base/mem.h"
#include "segments/cell.h"
#include "segments/phone.h"

#define DIGITS_MAX 15u	   /* 00 84 and the eleven digits of before 2018 less their zero */
#define NATIONAL_DIGITS 9u /* without zero and 84: fewer are no phone */
#define GAP_MAX 4u	   /* bytes between two digits of a number */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Bytes of the separator at s; 0 = it is none. */
static size_t
separator(const char *s, size_t n)
{
	if (n > 0 && strchr(" .-()\t/", s[0]) != NULL && s[0] != '\0')
		return 1;
	if (n > 1 && (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] == 0xa0)
		return 2; /* the blank that does not break */
	return 0;
}

/* The digits from `from` on, as many as may be of one number, and where each stands. */
struct run {
	char digits[DIGITS_MAX + 1];
	size_t at[DIGITS_MAX];
	size_t n;
};

static void
run_read(struct slice text, size_t from, struct run *r)
{
	size_t i = from, gap = 0;

	r->n = 0;
	while (i < text.n && r->n < DIGITS_MAX) {
		size_t s;

		if (is_digit(text.p[i])) {
			r->digits[r->n] = text.p[i];
			r->at[r->n++] = i++;
			gap = 0;
			continue;
		}
		s = separator(text.p + i, text.n - i);
		gap += s;
		if (s == 0 || gap > GAP_MAX)
			break;
		i += s;
	}
	r->digits[r->n] = '\0';
}

/* The phone that the first n digits are; 0 = none. */
static uint64_t
phone_of(const struct run *r, size_t n)
{
	struct phone_cell c;

	phone_parse((struct slice){r->digits, n}, &c);
	return c.count == 1 ? c.phones[0] : 0;
}

/* Is the digit the last before something that is none? */
static bool
ends_at(struct slice text, size_t at)
{
	return at + 1 >= text.n || !is_digit(text.p[at + 1]);
}

/*
 * What a phone may begin with, how many digits it then has, and whether only a row of digits of its
 * own will do. 01 and 841 are the numbers of before 2018.
 */
static const struct spelling {
	const char *begin;
	unsigned digits;
	bool is_alone;
} spellings[] = {
	{"00841", 14, false}, {"0084", 13, false}, {"841", 12, false}, {"84", 11, false},
	{"01", 11, false},    {"0", 10, false},	   {"1", 10, true},    {"", 9, true},
};

/* How many digits from here on are a phone that is wanted; 0 = none. */
static size_t
match(const struct phone_trace *t, struct slice text, size_t from, struct run *r)
{
	bool is_first = from == 0 || !is_digit(text.p[from - 1]);

	run_read(text, from, r);
	if (r->n < NATIONAL_DIGITS)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
		const struct spelling *s = &spellings[i];
		uint64_t phone;

		if (r->n < s->digits || strncmp(r->digits, s->begin, strlen(s->begin)) != 0 ||
		    (s->is_alone && (!is_first || !ends_at(text, r->at[s->digits - 1]))))
			continue;
		phone = phone_of(r, s->digits);
		if (phone != 0 && t->is_wanted(t->arg, phone))
			return s->digits;
	}
	return 0;
}

/*
 * Can a phone begin with this digit? Most digits are out by a look at their neighbours: inside a row
 * of digits only 0 and 84 begin one.
 */
static bool
can_begin(struct slice text, size_t at)
{
	char next = at + 1 < text.n ? text.p[at + 1] : '\0';

	if (!is_digit(text.p[at]))
		return false;
	if (text.p[at] == '0')
		return !is_digit(next) || strchr("0135789", next) != NULL;
	return at == 0 || !is_digit(text.p[at - 1]) || (text.p[at] == '8' && !is_digit(next)) ||
	       (text.p[at] == '8' && next == '4');
}

/* Where the next one begins, at or behind from; text.n = none. *n digits of r are it. */
static size_t
next(const struct phone_trace *t, struct slice text, size_t from, struct run *r, size_t *n)
{
	for (size_t i = from; i < text.n; i++) {
		if (!can_begin(text, i))
			continue;
		*n = match(t, text, i, r);
		if (*n > 0)
			return i;
	}
	return text.n;
}

size_t
phone_trace_count(const struct phone_trace *t, struct slice text)
{
	size_t count = 0, n = 0, at = 0;
	struct run r;

	while ((at = next(t, text, at, &r, &n)) < text.n) {
		at = r.at[n - 1] + 1;
		count++;
	}
	return count;
}

static size_t
mask_once(const struct phone_trace *t, char *text, size_t len)
{
	size_t count = 0, n = 0, at = 0;
	struct run r;

	while ((at = next(t, (struct slice){text, len}, at, &r, &n)) < len) {
		for (size_t i = 0; i < n; i++)
			text[r.at[i]] = '*';
		at = r.at[n - 1] + 1;
		count++;
	}
	return count;
}

size_t
phone_trace_mask(const struct phone_trace *t, char *text, size_t n)
{
	size_t count = 0, now;

	/* What one number leaves of a row of digits may be another. */
	while ((now = mask_once(t, text, n)) > 0)
		count += now;
	return count;
}

/* Nothing of the cell was left aside: it is its phones and no more. */
static bool
is_all_read(const struct phone_cell *c)
{
	for (size_t i = 0; i < c->repair_count; i++)
		if (strcmp(c->repairs[i], "part-dropped") == 0)
			return false;
	return c->count > 0;
}

bool
phone_trace_in_cell(const struct phone_trace *t, struct slice cell)
{
	size_t digits = 0;
	bool has_other = false;
	struct phone_cell c;

	for (size_t i = 0; i < cell.n; i++) {
		digits += is_digit(cell.p[i]);
		/* Digits of other scripts begin so. */
		has_other |= (unsigned char)cell.p[i] == 0xef || (unsigned char)cell.p[i] == 0xd9;
	}
	if (digits < NATIONAL_DIGITS && !has_other)
		return false;
	phone_parse(cell, &c);
	for (size_t i = 0; i < c.count; i++)
		if (t->is_wanted(t->arg, c.phones[i]))
			return true;
	return !is_all_read(&c) && phone_trace_count(t, cell) > 0;
}
