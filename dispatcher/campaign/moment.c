/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/moment.h"

#include "base/clock.h"

bool
moment_is_day(struct date c)
{
	if (c.year < MOMENT_YEAR_MIN || c.year > MOMENT_YEAR_MAX || c.month < 1 || c.month > 12)
		return false;
	return c.day >= 1 && c.day <= clock_month_days(c.year, c.month);
}

/* n digits at the start of s; s moves behind them. -1 when they are not there. */
static int
take_digits(struct slice *s, size_t n)
{
	int v = 0;

	if (s->n < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return -1;
		v = v * 10 + (s->p[i] - '0');
	}
	s->p += n;
	s->n -= n;
	return v;
}

/* HH:MM, and :SS where it follows. */
static bool
take_time(struct slice *s, int *second_of_day)
{
	int hour, minute, second = 0;

	hour = take_digits(s, 2);
	if (hour < 0 || hour > 23 || !slice_take_char(s, ':'))
		return false;
	minute = take_digits(s, 2);
	if (minute < 0 || minute > 59)
		return false;
	if (slice_take_char(s, ':')) {
		second = take_digits(s, 2);
		if (second < 0 || second > 59)
			return false;
	}
	*second_of_day = hour * 3600 + minute * 60 + second;
	return true;
}

bool
moment_parse_time(struct slice s, int *second_of_day)
{
	return take_time(&s, second_of_day) && s.n == 0;
}

/* Z or +07:00 to the end of s. */
static bool
take_offset(struct slice *s, int *offset_s)
{
	bool is_west = s->n > 0 && s->p[0] == '-';
	int hour, minute;

	if (slice_take_char(s, 'Z')) {
		*offset_s = 0;
		return s->n == 0;
	}
	if (!slice_take_char(s, '+') && !slice_take_char(s, '-'))
		return false;
	hour = take_digits(s, 2);
	if (hour < 0 || hour > 14 || !slice_take_char(s, ':'))
		return false;
	minute = take_digits(s, 2);
	if (minute < 0 || minute > 59)
		return false;
	*offset_s = (hour * 3600 + minute * 60) * (is_west ? -1 : 1);
	return s->n == 0;
}

const char *
moment_parse(struct slice s, struct moment *out)
{
	static const char shape[] = "is no time like 2027-10-10, 2027-10-10T08:00 or "
				    "2027-10-10T08:00:00+07:00";
	struct date c;

	*out = (struct moment){.second_of_day = -1};
	c.year = take_digits(&s, 4);
	if (c.year < 0 || !slice_take_char(&s, '-'))
		return shape;
	c.month = take_digits(&s, 2);
	if (c.month < 0 || !slice_take_char(&s, '-'))
		return shape;
	c.day = take_digits(&s, 2);
	if (c.day < 0)
		return shape;
	if (c.year < MOMENT_YEAR_MIN)
		return "has a year before 1900";
	if (!moment_is_day(c))
		return "is a day that the calendar does not have";
	out->day = date_to_days(c);
	if (s.n == 0)
		return NULL;
	if (!slice_take_char(&s, 'T'))
		return shape;
	if (!take_time(&s, &out->second_of_day))
		return "has a time of day that is none (00:00 to 23:59:59)";
	if (s.n == 0)
		return NULL;
	out->has_offset = true;
	return take_offset(&s, &out->offset_s) ? NULL : shape;
}

int64_t
moment_to_unix(const struct moment *m, int zone_offset_s)
{
	int second = m->second_of_day > 0 ? m->second_of_day : 0;

	return m->day * DAY_S + second - (m->has_offset ? m->offset_s : zone_offset_s);
}
