/* SPDX-License-Identifier: MIT */
/* What cells and literals are worth: numbers, dates, ages, and texts in the form that compares. */
#include "base/clock.h"
#include "base/date.h"
#include "base/text.h"
#include "segments/query_tree.h"
#include "segments/scan.h"

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

static int32_t
date_of(int year, int month, int day)
{
	if (year < 1000 || month < 1 || month > 12 || day < 1 ||
	    (day > 28 && day > clock_month_days(year, month)))
		return 0;
	return year * 10000 + month * 100 + day;
}

int32_t
query_date(struct slice s)
{
	int32_t quick = s.n == 10 && s.p[4] == '-' ? scan_date(s.p) : 0;
	struct date d;

	if (quick != 0)
		return quick;
	s = slice_trim(s);
	if (s.n < 4 || !date_read(s, &d) || (d.month > 0 && d.day == 0))
		return 0;
	return (d.year * 100 + d.month) * 100 + d.day;
}

/* Days since 0000-03-01, counted so that the leap day is a year's last; year, month, day exist. */
static int32_t
days_of(int year, int month, int day)
{
	int y = year - (month <= 2), m = month + (month <= 2 ? 9 : -3);

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
}

/* The way back; 0: out of years 1000 to 9999. */
static int32_t
date_of_day(int64_t days)
{
	int era, day_of_era, y, day_of_year, m, month;

	if (days < days_of(1000, 1, 1) || days > days_of(9999, 12, 31))
		return 0;
	era = (int)(days / 146097); /* 400 years */
	day_of_era = (int)(days % 146097);
	y = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * y + y / 4 - y / 100);
	m = (5 * day_of_year + 2) / 153;
	month = m + (m < 10 ? 3 : -9);
	return date_of(era * 400 + y + (month <= 2), month, day_of_year - (153 * m + 2) / 5 + 1);
}

int32_t
query_date_of_days(int64_t days)
{
	if (days < 0)
		days = 0;
	if (days > DAYS_MAX)
		days = DAYS_MAX;
	return date_of_day(days + days_of(1970, 1, 1));
}

int32_t
query_shift_date(int32_t date, struct shift by)
{
	int year = date / 10000, month = date / 100 % 100, day = date % 100;
	int64_t months = by.unit == 'y' ? 12 * (int64_t)by.count : by.count;

	if (date == 0)
		return 0;
	if (by.unit == 'd' || by.unit == 'w')
		return month == 0 ? 0
				  : date_of_day(days_of(year, month, day) +
						(int64_t)by.count * (by.unit == 'w' ? 7 : 1));
	if (month == 0 && months % 12 != 0)
		return 0;
	months += 12 * (int64_t)year + (month > 0 ? month - 1 : 0);
	if (months < 12 * 1000 || months >= 12 * 10000)
		return 0;
	year = (int)(months / 12);
	if (month == 0)
		return year * 10000;
	month = (int)(months % 12) + 1;
	return date_of(year, month,
		       day < clock_month_days(year, month) ? day : clock_month_days(year, month));
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

int
query_age_of(struct slice cell, int64_t today)
{
	int32_t birth = query_date(cell);

	return birth != 0 ? query_age(birth, query_date_of_days(today)) : -1;
}

/* -12.50 with at most 15 digits: both sides of the division are exact, so it rounds right. */
static bool
decimal_of(struct slice s, double *out)
{
	static const double tens[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,	1e6,  1e7,
				      1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
	size_t i = s.n > 0 && s.p[0] == '-', digits = 0, behind = 0;
	bool has_point = false;
	int64_t v = 0;

	if (s.n > 17)
		return false;
	for (; i < s.n; i++) {
		if (s.p[i] == '.' && !has_point && digits > 0) {
			has_point = true;
			continue;
		}
		if (s.p[i] < '0' || s.p[i] > '9' || ++digits > 15)
			return false;
		v = v * 10 + (s.p[i] - '0');
		behind += has_point;
	}
	if (digits == 0 || (has_point && behind == 0))
		return false;
	*out = (double)v / tens[behind];
	*out = s.p[0] == '-' ? -*out : *out;
	return true;
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
	return decimal_of(s, out) || slice_to_double(slice_trim(s), out);
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
