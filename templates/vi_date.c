/* SPDX-License-Identifier: MIT */
#include "templates/vi_date.h"

#include <stdio.h>

#define VIETNAM_MINUTES (7 * 60)
#define DAY_MINUTES (24 * 60)
#define DAYS_MIN (-70000) /* 1778 */
#define DAYS_MAX 200000	  /* 2517 */

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

/* Years have 365 days and a leap day each fourth; counted from March, so that it is the last. */
int64_t
vi_date_days(struct vi_date d)
{
	int64_t year = d.month <= 2 ? d.year - 1 : d.year;
	int month = d.month <= 2 ? d.month + 9 : d.month - 3;

	return year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + d.day - 1 -
	       719468;
}

struct vi_date
vi_date_of_days(int64_t days)
{
	struct vi_date d = {1970, 1, 1};

	days = days < DAYS_MIN ? DAYS_MIN : days > DAYS_MAX ? DAYS_MAX : days;
	d.year += (int)(days < 0 ? days / 365 - 1 : days / 366);
	while (vi_date_days((struct vi_date){d.year + 1, 1, 1}) <= days)
		d.year++;
	days -= vi_date_days(d);
	for (; days >= month_days(d.year, d.month); d.month++)
		days -= month_days(d.year, d.month);
	d.day = (int)days + 1;
	return d;
}

/* ---- reading ---- */

/* min to max digits; -1 = others stand there. */
static int
take_digits(struct slice *s, size_t min, size_t max)
{
	int value = 0;
	size_t n = 0;

	for (; n < s->n && n < max && s->p[n] >= '0' && s->p[n] <= '9'; n++)
		value = value * 10 + (s->p[n] - '0');
	if (n < min)
		return -1;
	s->p += n;
	s->n -= n;
	return value;
}

static bool
is_date(struct vi_date d)
{
	if (d.year < 1800 || d.year > 2199 || d.month < 0 || d.month > 12 || d.day < 0)
		return false;
	return d.month == 0 ? d.day == 0 : d.day <= month_days(d.year, d.month);
}

/* yyyy, yyyy-mm, yyyy-m-d */
static bool
take_year_first(struct slice *s, struct vi_date *d)
{
	d->year = take_digits(s, 4, 4);
	if (d->year < 0)
		return false;
	if (!slice_take_char(s, '-'))
		return s->n == 0;
	d->month = take_digits(s, 1, 2);
	if (d->month < 1)
		return false;
	if (!slice_take_char(s, '-'))
		return s->n == 0;
	d->day = take_digits(s, 1, 2);
	return d->day >= 1;
}

/* d/m/yyyy, m/yyyy; - and . too, but for months */
static bool
take_day_first(struct slice *s, struct vi_date *d)
{
	int first = take_digits(s, 1, 2), second;
	char between = s->n > 0 ? s->p[0] : '\0';

	if (first < 1 || memchr("/-.", between, 3) == NULL || !slice_take_char(s, between))
		return false;
	d->year = take_digits(s, 4, 4);
	if (d->year >= 0) {
		d->month = first;
		return between == '/' && s->n == 0;
	}
	second = take_digits(s, 1, 2);
	if (second < 1 || !slice_take_char(s, between))
		return false;
	d->day = first;
	d->month = second;
	d->year = take_digits(s, 4, 4);
	return d->year >= 0;
}

/* [ ]Z, [ ]+07:00, [ ]+0700, or nothing; minutes that local time is ahead of UTC. */
static bool
take_zone(struct slice *s, int *ahead)
{
	bool is_behind;
	int hours, minutes;

	*ahead = VIETNAM_MINUTES;
	if (s->n == 0)
		return true;
	slice_take_char(s, ' ');
	if (slice_take_char(s, 'Z') || slice_take_char(s, 'z')) {
		*ahead = 0;
		return s->n == 0;
	}
	is_behind = slice_take_char(s, '-');
	if (!is_behind && !slice_take_char(s, '+'))
		return false;
	hours = take_digits(s, 2, 2);
	slice_take_char(s, ':');
	minutes = take_digits(s, 2, 2);
	if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59 || s->n > 0)
		return false;
	*ahead = (hours * 60 + minutes) * (is_behind ? -1 : 1);
	return true;
}

/* Behind a day: nothing, or a time. *minute: of the day in Vietnam, so it may be before or after it. */
static bool
take_time(struct slice s, int *minute)
{
	int hour, ahead;

	*minute = 0;
	if (s.n == 0)
		return true;
	if (!slice_take_char(&s, 'T') && !slice_take_char(&s, ' '))
		return false;
	hour = take_digits(&s, 1, 2);
	if (hour < 0 || hour > 23 || !slice_take_char(&s, ':'))
		return false;
	*minute = take_digits(&s, 2, 2);
	if (*minute < 0 || *minute > 59)
		return false;
	if (slice_take_char(&s, ':')) {
		int second = take_digits(&s, 2, 2);

		if (second < 0 || second > 59)
			return false;
		if (slice_take_char(&s, '.') && take_digits(&s, 1, 9) < 0)
			return false;
	}
	if (!take_zone(&s, &ahead))
		return false;
	*minute += hour * 60 + VIETNAM_MINUTES - ahead;
	return true;
}

bool
vi_date_read(struct slice s, struct vi_date *out)
{
	struct slice rest = slice_trim(s);
	struct vi_date d = {0};
	int minute = 0;

	if (!take_year_first(&rest, &d)) {
		rest = slice_trim(s);
		d = (struct vi_date){0};
		if (!take_day_first(&rest, &d))
			return false;
	}
	if (!is_date(d) || (d.day > 0 ? !take_time(rest, &minute) : rest.n > 0))
		return false;
	if (minute < 0 || minute >= DAY_MINUTES)
		d = vi_date_of_days(vi_date_days(d) + (minute < 0 ? -1 : 1));
	*out = d;
	return is_date(d);
}

/* ---- writing ---- */

static const char *
weekday(struct vi_date d)
{
	static const char *const names[] = {"thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật",
					    "thứ Hai", "thứ Ba",  "thứ Tư"};

	/* 1970-01-01 was a Thursday. */
	return names[((vi_date_days(d) % 7) + 7) % 7];
}

static void
print_long(struct vi_date d, char out[VI_DATE_MAX])
{
	size_t n = 0;

	out[0] = '\0';
	if (d.day > 0)
		n += (size_t)snprintf(out + n, VI_DATE_MAX - n, "ngày %02d ", d.day);
	if (d.month > 0)
		n += (size_t)snprintf(out + n, VI_DATE_MAX - n,
				      d.month < 3 ? "tháng %02d " : "tháng %d ", d.month);
	snprintf(out + n, VI_DATE_MAX - n, "năm %d", d.year);
}

bool
vi_date_print(struct vi_date d, enum vi_date_form form, char out[VI_DATE_MAX])
{
	char text[VI_DATE_MAX];

	if (d.day == 0 && form != VI_DATE_SHORT && form != VI_DATE_LONG)
		return false;
	switch (form) {
	case VI_DATE_SHORT:
		if (d.day > 0)
			snprintf(out, VI_DATE_MAX, "%02d/%02d/%d", d.day, d.month, d.year);
		else if (d.month > 0)
			snprintf(out, VI_DATE_MAX, "%02d/%d", d.month, d.year);
		else
			snprintf(out, VI_DATE_MAX, "%d", d.year);
		break;
	case VI_DATE_LONG:
		print_long(d, out);
		break;
	case VI_DATE_WEEKDAY:
		snprintf(out, VI_DATE_MAX, "%s", weekday(d));
		break;
	case VI_DATE_FULL:
		print_long(d, text);
		snprintf(out, VI_DATE_MAX, "%.12s, %.48s", weekday(d), text);
		break;
	case VI_DATE_DAY:
		snprintf(out, VI_DATE_MAX, "%02d/%02d", d.day, d.month);
		break;
	}
	return true;
}
