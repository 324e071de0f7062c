/* SPDX-License-Identifier: MIT */
/* What cells and literals are worth: numbers, dates, ages, and texts in the form that compares. */
#include "base/text.h"
#include "segments/query_tree.h"

#define DAYS_MAX 2900000 /* about the year 9900 */

/* n digits as a number, or -1. */
static int
digits_at(struct slice s, size_t at, size_t n)
{
	int v = 0;

	if (at + n > s.n)
		return -1;
	for (size_t i = at; i < at + n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		v = v * 10 + (s.p[i] - '0');
	}
	return v;
}

static bool
is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
month_days(int year, int month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

static int32_t
date_of(int year, int month, int day)
{
	if (year < 1000 || month < 1 || month > 12 || day < 1 ||
	    (day > 28 && day > month_days(year, month)))
		return 0;
	return year * 10000 + month * 100 + day;
}

/* d/m/yyyy, with one or two digits each. */
static int32_t
date_of_slashes(struct slice s)
{
	size_t day = digits_at(s, 0, 2) >= 0 ? 2 : 1;
	size_t month = digits_at(s, day + 1, 2) >= 0 ? 2 : 1;
	size_t year = day + 1 + month + 1;

	if (s.n != year + 4 || s.p[day] != '/' || s.p[year - 1] != '/')
		return 0;
	return date_of(digits_at(s, year, 4), digits_at(s, day + 1, month), digits_at(s, 0, day));
}

int32_t
query_date(struct slice s)
{
	int year;

	if (s.n != 10)
		s = slice_trim(s);
	if (s.n == 10 && s.p[4] == '-' && s.p[7] == '-')
		return date_of(digits_at(s, 0, 4), digits_at(s, 5, 2), digits_at(s, 8, 2));
	if (s.n == 4) {
		year = digits_at(s, 0, 4);
		return year >= 1000 ? year * 10000 : 0;
	}
	return s.n >= 8 ? date_of_slashes(s) : 0;
}

int32_t
query_date_of_days(int64_t days)
{
	int year = 1970, month = 1;

	if (days < 0)
		days = 0;
	if (days > DAYS_MAX)
		days = DAYS_MAX;
	for (; days >= 365 + is_leap(year); year++)
		days -= 365 + is_leap(year);
	for (; days >= month_days(year, month); month++)
		days -= month_days(year, month);
	return date_of(year, month, (int)days + 1);
}

int
query_compare_dates(int32_t a, int32_t b)
{
	if (a % 10000 == 0 || b % 10000 == 0) {
		a /= 10000;
		b /= 10000;
	}
	return a < b ? -1 : a > b;
}

int
query_age(int32_t birth, int32_t today)
{
	int years = today / 10000 - birth / 10000;

	if (birth % 10000 != 0 && today % 10000 < birth % 10000)
		years--;
	return years < 0 ? -1 : years;
}

bool
query_number(struct slice s, double *out)
{
	if (s.n > 0 && s.n <= 9) {
		int v = digits_at(s, 0, s.n);

		*out = v;
		if (v >= 0)
			return true;
	}
	return slice_to_double(slice_trim(s), out);
}

/*
 * The folding of the code points that Vietnamese is written with, without a
 * table: each is its own NFC and folds to one code point. -1: not one of them.
 */
static int32_t
fold_vietnamese(int32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	if (c >= 0xc0 && c <= 0xde && c != 0xd7)
		return c + 32;
	if (c >= 0xe0 && c <= 0xff)
		return c;
	if (c >= 0x1ea0 && c <= 0x1ef9)
		return c | 1;
	switch (c) {
	case 0x102: /* Ă */
	case 0x110: /* Đ */
	case 0x128: /* Ĩ */
	case 0x168: /* Ũ */
	case 0x1a0: /* Ơ */
		return c + 1;
	case 0x1af: /* Ư */
		return 0x1b0;
	case 0x103:
	case 0x111:
	case 0x129:
	case 0x169:
	case 0x1a1:
	case 0x1b0:
		return c;
	}
	return -1;
}

/* The same without accents: the letter's base, for ă â đ ê ô ơ ư too. */
static int32_t
unaccent_vietnamese(int32_t c)
{
	/* from U+00E0; '-' = ask the library */
	static const char latin1[] = "aaaaaa-ceeeeiiii-nooooo--uuuuy-y";

	c = fold_vietnamese(c);
	if (c < 0x80)
		return c;
	if (c >= 0xe0 && c <= 0xff)
		return latin1[c - 0xe0] != '-' ? latin1[c - 0xe0] : -1;
	if (c >= 0x1ea0 && c <= 0x1ef9)
		return c < 0x1eb8   ? 'a'
		       : c < 0x1ec8 ? 'e'
		       : c < 0x1ecc ? 'i'
		       : c < 0x1ee4 ? 'o'
		       : c < 0x1ef2 ? 'u'
				    : 'y';
	switch (c) {
	case 0x103:
		return 'a';
	case 0x111:
		return 'd';
	case 0x129:
		return 'i';
	case 0x1a1:
		return 'o';
	case 0x169:
	case 0x1b0:
		return 'u';
	}
	return -1;
}

/* UTF-8 of c < U+10000; returns what follows. */
static char *
put_code_point(char *to, int32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (c & 0x3f));
	return to;
}

/* False: another script, or letters and marks apart; out is unchanged. No character grows. */
static bool
map_vietnamese(struct buf *out, struct slice s, int32_t (*map)(int32_t c))
{
	char *start = buf_reserve(out, s.n), *to = start;

	while (s.n > 0) {
		int32_t c = (unsigned char)*s.p;

		if (c < 0x80)
			s = (struct slice){s.p + 1, s.n - 1};
		else
			c = text_next(&s);
		c = c >= 0 ? map(c) : c;
		if (c < 0) {
			*start = '\0';
			return false;
		}
		to = put_code_point(to, c);
	}
	*to = '\0';
	out->len += (size_t)(to - start);
	return true;
}

void
query_fold(struct buf *out, struct slice s)
{
	if (!map_vietnamese(out, s, fold_vietnamese) && !text_add_folded(out, s))
		buf_add_slice(out, s);
}

void
query_fold_unaccented(struct buf *out, struct slice s)
{
	if (!map_vietnamese(out, s, unaccent_vietnamese) && !text_add_unaccented_folded(out, s))
		buf_add_slice(out, s);
}
