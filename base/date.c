/* SPDX-License-Identifier: MIT */
#include "base/date.h"

#include "base/clock.h"

#define DAYS_MOST 1000000000 /* beyond it no year is an int */

/* ---- days ---- */

int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t
floor_mod(int64_t a, int64_t b)
{
	return a - floor_div(a, b) * b;
}

/*
 * Years that begin in March have their leap day at the end, so a month's place in the year is
 * linear: (153 * m + 2) / 5 with March = 0. 719468 days lie between 0000-03-01 and 1970-01-01.
 */
int64_t
date_to_days(struct date d)
{
	int64_t months = (int64_t)d.year * 12 + d.month - 1 - 2;
	int64_t year = floor_div(months, 12), month = floor_mod(months, 12);

	return year * 365 + floor_div(year, 4) - floor_div(year, 100) + floor_div(year, 400) +
	       (153 * month + 2) / 5 + d.day - 1 - 719468;
}

struct date
date_of_days(int64_t days)
{
	int64_t from_march, era, left, year, of_year, month;
	struct date d;

	days = days < -DAYS_MOST ? -DAYS_MOST : days > DAYS_MOST ? DAYS_MOST : days;
	from_march = days + 719468;
	era = floor_div(from_march, 146097);
	left = floor_mod(from_march, 146097);
	/* Leap days before this one are taken out, then every year has 365. */
	year = (left - left / 1460 + left / 36524 - left / 146096) / 365;
	of_year = left - (365 * year + year / 4 - year / 100);
	month = (5 * of_year + 2) / 153;
	d.day = (int)(of_year - (153 * month + 2) / 5 + 1);
	d.month = (int)(month < 10 ? month + 3 : month - 9);
	d.year = (int)(era * 400 + year + (d.month <= 2));
	return d;
}

int
day_weekday(int64_t days)
{
	/* 1970-01-01 was a Thursday. */
	return (int)floor_mod(days + 3, 7);
}

/* ---- reading ---- */

/* Up to max digits; *s is what stands behind them. Returns how many. */
static size_t
take_number(struct slice *s, size_t max, int *value)
{
	size_t n = 0;

	for (*value = 0; n < s->n && n < max && s->p[n] >= '0' && s->p[n] <= '9'; n++)
		*value = *value * 10 + (s->p[n] - '0');
	s->p += n;
	s->n -= n;
	return n;
}

/* Exactly this many. */
static bool
take_digits(struct slice *s, size_t count, int *value)
{
	return take_number(s, count, value) == count;
}

/* Behind a year: -m, -m-d; a month alone has two digits. */
static bool
read_year_first(struct slice s, struct date *d)
{
	size_t n;

	if (s.n == 0)
		return true;
	if (!slice_take_char(&s, '-') || (n = take_number(&s, 2, &d->month)) == 0 || d->month == 0)
		return false;
	if (s.n == 0)
		return n == 2;
	return slice_take_char(&s, '-') && take_number(&s, 2, &d->day) > 0 && d->day > 0 &&
	       s.n == 0;
}

/* Behind the first number: /m/yyyy, or with - or . instead; /yyyy. */
static bool
read_day_first(struct slice s, int first, struct date *d)
{
	char between = s.n > 0 ? s.p[0] : '\0';
	int second;
	size_t n;

	if (first == 0 || (between != '/' && between != '-' && between != '.'))
		return false;
	slice_take_char(&s, between);
	n = take_number(&s, 4, &second);
	if (n == 4) {
		d->month = first;
		d->year = second;
		return between == '/' && s.n == 0;
	}
	d->day = first;
	d->month = second;
	return (n == 1 || n == 2) && second > 0 && slice_take_char(&s, between) &&
	       take_digits(&s, 4, &d->year) && s.n == 0;
}

bool
date_read(struct slice s, struct date *out)
{
	struct date d = {0};
	int first;
	size_t n = take_number(&s, 4, &first);

	if (n == 4)
		d.year = first;
	if (n == 0 || n == 3 || !(n == 4 ? read_year_first(s, &d) : read_day_first(s, first, &d)))
		return false;
	if (d.year < 1000 || d.month > 12 ||
	    (d.day > 28 && d.day > clock_month_days(d.year, d.month)))
		return false;
	*out = d;
	return true;
}

bool
date_read_day(struct slice s, struct date *out)
{
	return s.n == 10 && s.p[4] == '-' && s.p[7] == '-' && date_read(s, out);
}

/* [ ]Z, [ ]+07:00, [ ]+0700 or nothing; *ahead of UTC in seconds. */
static bool
read_zone(struct slice s, int *ahead)
{
	int hours, minutes;
	bool is_behind;

	*ahead = VN_UTC_OFFSET_S;
	if (s.n == 0)
		return true;
	slice_take_char(&s, ' ');
	if (slice_take_char(&s, 'Z') || slice_take_char(&s, 'z')) {
		*ahead = 0;
		return s.n == 0;
	}
	is_behind = slice_take_char(&s, '-');
	if ((!is_behind && !slice_take_char(&s, '+')) || !take_digits(&s, 2, &hours))
		return false;
	slice_take_char(&s, ':');
	if (!take_digits(&s, 2, &minutes) || hours > 14 || minutes > 59)
		return false;
	*ahead = (hours * 60 + minutes) * (is_behind ? -60 : 60);
	return s.n == 0;
}

/* The first three digits count. */
static bool
take_fraction(struct slice *s, int *ms)
{
	int digit, n = 0;

	for (*ms = 0; take_digits(s, 1, &digit); n++)
		*ms = n < 3 ? *ms * 10 + digit : *ms;
	for (int i = n; i < 3; i++)
		*ms *= 10;
	return n > 0;
}

bool
date_read_time(struct slice s, struct date_time *out)
{
	struct date_time t = {0};
	int hour, minute, second = 0, ahead;

	if (take_number(&s, 2, &hour) == 0 || !slice_take_char(&s, ':') ||
	    !take_digits(&s, 2, &minute))
		return false;
	if (slice_take_char(&s, ':')) {
		if (!take_digits(&s, 2, &second))
			return false;
		if (slice_take_char(&s, '.') && !take_fraction(&s, &t.ms))
			return false;
	}
	if (hour > 23 || minute > 59 || second > 59 || !read_zone(s, &ahead))
		return false;
	t.second = hour * 3600 + minute * 60 + second + VN_UTC_OFFSET_S - ahead;
	*out = t;
	return true;
}
