/* SPDX-License-Identifier: MIT */
/*
 * Occurrences. `at` is one, anchors and columns are arithmetic, and a rule is taken apart:
 *
 *   days (libical) → times of each day → BYSETPOS → DTSTART, COUNT, UNTIL, from
 *
 * libical (3.0.16) is asked for days only, by a rule in which everything that
 * RFC 5545 takes from DTSTART is written out. The rest is done here, because
 * libical ignores BYSETPOS below a month and for times, ignores INTERVAL when
 * BYMINUTE stands with MINUTELY, never matches a negative BYMONTHDAY of a daily
 * rule, and looks for a rule that never matches until its calendar ends.
 *
 * Since every day that matters to a rule is written out, its days may be asked
 * for from any period on that INTERVAL reaches (period: the year, month, week
 * or day that FREQ counts). They are asked for in windows of a century, and
 * each window is moved by whole cycles of 400 years (146097 days, which is
 * also a number of weeks) into the years that libical knows.
 */
#include "dispatcher/campaign/schedule.h"

#include <libical/ical.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/campaign/moment.h"
#include "dispatcher/campaign/spec.h"

#define CYCLE_DAYS 146097
#define CYCLE_FIRST_YEAR 2000
#define WINDOW_DAYS 36525
#define SILENT_DAYS CYCLE_DAYS
#define SILENT_DAYS_TIMES (40 * 366)  /* every time of every day is tried, so less far */
#define FOREVER_S (2932897LL * DAY_S) /* 10000-01-01 */

struct schedule {
	struct spec spec;
};

enum err
schedule_parse(const struct json_at *spec, const struct calendar *calendar, struct schedule **out,
	       struct err_ctx *e)
{
	struct schedule *s = xcalloc(1, sizeof(*s));
	enum err rc = spec_read(spec, calendar, &s->spec, e);

	*out = rc == ERR_OK ? s : NULL;
	if (rc != ERR_OK)
		free(s);
	return rc;
}

void
schedule_free(struct schedule *s)
{
	free(s);
}

/* ---- anchor ---- */

/* The earliest occurrence at or after from_s; INT64_MAX = none. */
static int64_t
next_of_anchor(const struct spec *s, int64_t from_s)
{
	int year = date_of_days(floor_div(from_s + s->zone_offset_s, DAY_S)).year;
	int64_t best = INT64_MAX, days[FEAST_DAYS_MAX];

	/* Offsets reach two years; a 29 February is at most eight years from the next. */
	for (int y = year - 2; y <= year + 10; y++) {
		size_t n = feast_in_year(&s->anchor, y, days);

		for (size_t k = 0; k < n * s->offsets_n; k++) {
			int64_t day = days[k / s->offsets_n] + s->offsets[k % s->offsets_n];
			int64_t t = day * DAY_S + s->second_of_day - s->zone_offset_s;

			if (t >= from_s && t < best)
				best = t;
		}
	}
	return best;
}

/* ---- column ---- */

/* The time of each day. */
static int64_t
next_of_column(const struct spec *s, int64_t from_s)
{
	int64_t first = s->second_of_day - s->zone_offset_s;

	return from_s + floor_mod(first - from_s, DAY_S);
}

/* ---- days of a rule ---- */

struct days {
	const struct rrule *rule;
	enum rrule_freq freq; /* what libical is asked for; from DAILY up */
	int interval;	      /* 1 where the rule's own is applied afterwards */
	struct buf text;      /* the rule that libical gets */
	int64_t period;	      /* the first of the next window */
	int64_t give_up_day;  /* a window beyond it is not opened */
	int64_t last_day;     /* given out last; windows overlap by a period */
	icalrecur_iterator *it;
	int64_t shift; /* days between libical's calendar and ours */
};

static int64_t
period_of(enum rrule_freq freq, int week_start, int64_t day)
{
	struct date c = date_of_days(day);

	switch (freq) {
	case RRULE_YEARLY:
		return c.year;
	case RRULE_MONTHLY:
		return (int64_t)c.year * 12 + c.month - 1;
	case RRULE_WEEKLY:
		return floor_div(day + 3 - week_start, 7);
	case RRULE_DAILY:
	case RRULE_HOURLY:
	case RRULE_MINUTELY:
		break;
	}
	return day;
}

static int64_t
first_day_of(enum rrule_freq freq, int week_start, int64_t period)
{
	switch (freq) {
	case RRULE_YEARLY:
		return date_to_days((struct date){(int)period, 1, 1});
	case RRULE_MONTHLY:
		return date_to_days((struct date){0, (int)period + 1, 1});
	case RRULE_WEEKLY:
		return period * 7 - 3 + week_start;
	case RRULE_DAILY:
	case RRULE_HOURLY:
	case RRULE_MINUTELY:
		break;
	}
	return period;
}

/* ;BYMONTH=1,2 or nothing. */
static void
add_list(struct buf *out, const struct rrule *r, enum rrule_part part)
{
	const struct rrule_list *l = &r->by[part];

	for (size_t i = 0; i < l->n; i++) {
		if (i == 0)
			buf_addf(out, ";%s=", rrule_part_name(part));
		else
			buf_addc(out, ',');
		if (part != RRULE_BYDAY) {
			buf_addf(out, "%d", l->at[i].v);
			continue;
		}
		if (l->at[i].ordinal != 0)
			buf_addf(out, "%d", l->at[i].ordinal);
		buf_adds(out, rrule_weekday_name(l->at[i].v));
	}
}

static void
imply(struct rrule *r, enum rrule_part part, int v)
{
	r->by[part].n = 1;
	r->by[part].at[0] = (struct rrule_value){.v = v};
}

/* Write out the days that the RFC takes from DTSTART when the rule does not say them. */
static void
imply_days(struct rrule *r, int64_t start_day)
{
	struct date c = date_of_days(start_day);
	bool has_day = rrule_has(r, RRULE_BYDAY) || rrule_has(r, RRULE_BYMONTHDAY) ||
		       rrule_has(r, RRULE_BYYEARDAY);

	/* Days of the month alone are those of every month, which libical does not take so. */
	if (r->freq == RRULE_YEARLY && rrule_has(r, RRULE_BYMONTHDAY) &&
	    !rrule_has(r, RRULE_BYMONTH))
		for (int month = 1; month <= 12; month++)
			r->by[RRULE_BYMONTH].at[r->by[RRULE_BYMONTH].n++].v = month;
	if (has_day || r->freq < RRULE_WEEKLY)
		return;
	if (r->freq == RRULE_WEEKLY || rrule_has(r, RRULE_BYWEEKNO)) {
		imply(r, RRULE_BYDAY, day_weekday(start_day));
		return;
	}
	if (r->freq == RRULE_YEARLY && !rrule_has(r, RRULE_BYMONTH))
		imply(r, RRULE_BYMONTH, c.month);
	imply(r, RRULE_BYMONTHDAY, c.day);
}

/* Is there a year in which one of the months has one of the days? libical would look for long. */
static bool
has_possible_day(const struct rrule *r)
{
	static const int longest[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	const struct rrule_list *months = &r->by[RRULE_BYMONTH], *days = &r->by[RRULE_BYMONTHDAY];

	for (size_t i = 0; i < months->n; i++)
		for (size_t j = 0; j < days->n; j++)
			if (abs(days->at[j].v) <= longest[months->at[i].v - 1])
				return true;
	return months->n == 0 || days->n == 0;
}

/*
 * A daily rule with days of the month, and what is below a day, take their days from a longer
 * FREQ where that knows the parts; INTERVAL is then applied afterwards.
 */
static enum rrule_freq
source_freq(const struct rrule *r)
{
	if (r->freq > RRULE_DAILY)
		return r->freq;
	if (rrule_has(r, RRULE_BYYEARDAY))
		return RRULE_YEARLY;
	return rrule_has(r, RRULE_BYMONTHDAY) ? RRULE_MONTHLY : RRULE_DAILY;
}

/* from_day: no day before it is wanted, except by BYSETPOS of its period. */
static void
days_init(struct days *d, const struct rrule *r, int64_t start_day, int64_t from_day)
{
	int64_t first;

	*d = (struct days){.rule = r, .freq = source_freq(r), .last_day = INT64_MIN};
	/* Every second week with BYDAY=SU and WKST=MO begins a week late in libical. */
	d->interval = d->freq == r->freq && d->freq != RRULE_WEEKLY ? r->interval : 1;
	buf_addf(&d->text, "FREQ=%s;INTERVAL=%d", rrule_freq_name(d->freq), d->interval);
	add_list(&d->text, r, RRULE_BYMONTH);
	add_list(&d->text, r, RRULE_BYWEEKNO);
	add_list(&d->text, r, RRULE_BYYEARDAY);
	add_list(&d->text, r, RRULE_BYMONTHDAY);
	add_list(&d->text, r, RRULE_BYDAY);
	buf_addf(&d->text, ";WKST=%s", rrule_weekday_name(r->week_start));

	first = period_of(d->freq, r->week_start, start_day);
	d->period = period_of(d->freq, r->week_start, from_day);
	d->period = first + floor_div(d->period - first, d->interval) * d->interval;
}

static void
days_clear(struct days *d)
{
	icalrecur_iterator_free(d->it);
	buf_free(&d->text);
}

static struct icaltimetype
ical_date(int64_t day)
{
	/* icaltime_null_date() has an hour of -1, from which a daily rule never moves on. */
	struct icaltimetype t = icaltime_null_time();
	struct date c = date_of_days(day);

	t.is_date = 1;
	t.year = c.year;
	t.month = c.month;
	t.day = c.day;
	return t;
}

/* The next century, from one period early: the first week of a year may begin in the last one. */
static bool
days_open_window(struct days *d)
{
	int week_start = d->rule->week_start;
	int64_t begin = first_day_of(d->freq, week_start, d->period - d->interval);
	int64_t end, next;
	struct icalrecurrencetype rule;

	if (first_day_of(d->freq, week_start, d->period) > d->give_up_day)
		return false;
	next = period_of(d->freq, week_start,
			 first_day_of(d->freq, week_start, d->period) + WINDOW_DAYS);
	next = d->period + floor_div(next - d->period, d->interval) * d->interval;
	if (next <= d->period)
		next = d->period + d->interval;
	end = first_day_of(d->freq, week_start, next) - 1;
	d->shift = floor_div(date_of_days(begin).year - CYCLE_FIRST_YEAR, 400) * CYCLE_DAYS;

	icalerror_set_errors_are_fatal(false);
	icalerror_clear_errno();
	rule = icalrecurrencetype_from_string(d->text.data);
	if (rule.freq == ICAL_NO_RECURRENCE)
		abort(); /* the text is ours */
	rule.until = ical_date(end - d->shift);
	d->it = icalrecur_iterator_new(rule, ical_date(begin - d->shift));
	d->period = next;
	/* libical has none when no day of the next thousands of years fits. */
	return d->it != NULL;
}

static bool
days_next(struct days *d, int64_t *day)
{
	for (;;) {
		struct icaltimetype t;

		if (d->it == NULL && !days_open_window(d))
			return false;
		t = icalrecur_iterator_next(d->it);
		if (icaltime_is_null_time(t)) {
			icalrecur_iterator_free(d->it);
			d->it = NULL;
			continue;
		}
		*day = date_to_days((struct date){t.year, t.month, t.day}) + d->shift;
		if (*day > d->last_day) {
			d->last_day = *day;
			return true;
		}
	}
}

/* ---- times of a rule ---- */

/* Candidates come in groups: those of one day, or of one period where BYSETPOS chooses. */
struct walk {
	struct rrule rule; /* with the days that DTSTART implies */
	struct days days;
	int64_t start_day;
	int start_second;
	bool has_day; /* next_day was read and not used yet */
	int64_t next_day;
	int64_t *times; /* the group: local seconds, ascending */
	size_t n, cap;
};

static void
walk_add(struct walk *w, int64_t t)
{
	if (w->n == w->cap) {
		w->cap = w->cap > 0 ? w->cap * 2 : 64;
		w->times = xrealloc(w->times, w->cap * sizeof(*w->times));
	}
	w->times[w->n++] = t;
}

static bool
is_listed(const struct rrule_list *l, int v)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].v == v)
			return true;
	return l->n == 0;
}

/* Does INTERVAL, counted from DTSTART, reach this minute of this day? */
static bool
is_reached(const struct walk *w, int64_t day, int hour, int minute)
{
	const struct rrule *r = &w->rule;
	int64_t days = day - w->start_day;
	int64_t hours = days * 24 + hour - w->start_second / 3600;
	int64_t minutes = hours * 60 + minute - w->start_second / 60 % 60;

	switch (r->freq) {
	case RRULE_MINUTELY:
		return floor_mod(minutes, r->interval) == 0;
	case RRULE_HOURLY:
		return floor_mod(hours, r->interval) == 0;
	case RRULE_DAILY:
		return floor_mod(days, r->interval) == 0;
	case RRULE_WEEKLY:
		return floor_mod(period_of(r->freq, r->week_start, day) -
					 period_of(r->freq, r->week_start, w->start_day),
				 r->interval) == 0;
	case RRULE_MONTHLY:
	case RRULE_YEARLY:
		break;
	}
	return true;
}

/* Hours and minutes that the rule does not name are DTSTART's, unless FREQ runs through them. */
static void
walk_add_day(struct walk *w, int64_t day)
{
	const struct rrule *r = &w->rule;
	const struct rrule_list *hours = &r->by[RRULE_BYHOUR], *minutes = &r->by[RRULE_BYMINUTE];
	bool is_each_hour = r->freq < RRULE_DAILY || hours->n > 0;
	bool is_each_minute = r->freq < RRULE_HOURLY || minutes->n > 0;
	int second =
		rrule_has(r, RRULE_BYSECOND) ? r->by[RRULE_BYSECOND].at[0].v : w->start_second % 60;

	for (int h = 0; h < 24; h++) {
		if (is_each_hour ? !is_listed(hours, h) : h != w->start_second / 3600)
			continue;
		for (int m = 0; m < 60; m++) {
			if (is_each_minute ? !is_listed(minutes, m)
					   : m != w->start_second / 60 % 60)
				continue;
			if (is_reached(w, day, h, m))
				walk_add(w, day * DAY_S + h * 3600 + m * 60 + second);
		}
	}
}

static int
compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Keep the places that BYSETPOS names, from 1, or from -1 at the end. */
static void
walk_choose(struct walk *w)
{
	const struct rrule_list *places = &w->rule.by[RRULE_BYSETPOS];
	int64_t chosen[RRULE_LIST_MAX];
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < places->n; i++) {
		int64_t v = places->at[i].v;
		int64_t place = v > 0 ? v - 1 : (int64_t)w->n + v;

		if (place >= 0 && place < (int64_t)w->n)
			chosen[n++] = w->times[place];
	}
	qsort(chosen, n, sizeof(chosen[0]), compare_times);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || chosen[i] != chosen[i - 1])
			w->times[kept++] = chosen[i];
	w->n = kept;
}

/* The next group; it may be empty. False when the rule has ended. */
static bool
walk_next_group(struct walk *w)
{
	const struct rrule *r = &w->rule;
	bool is_choosing = rrule_has(r, RRULE_BYSETPOS);
	enum rrule_freq of = is_choosing ? r->freq : RRULE_DAILY;
	int64_t group;

	w->n = 0;
	if (!w->has_day && !days_next(&w->days, &w->next_day))
		return false;
	w->has_day = true;
	group = period_of(of, r->week_start, w->next_day);
	while (w->has_day && period_of(of, r->week_start, w->next_day) == group) {
		walk_add_day(w, w->next_day);
		w->has_day = days_next(&w->days, &w->next_day);
	}
	if (is_choosing)
		walk_choose(w);
	return true;
}

static int64_t
max_i64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void
walk_init(struct walk *w, const struct spec *s, int64_t from_s)
{
	int64_t from_day = floor_div(from_s + s->zone_offset_s, DAY_S);

	*w = (struct walk){.rule = s->rule, .start_second = s->second_of_day};
	w->start_day = s->has_start ? s->start_day : from_day;
	imply_days(&w->rule, w->start_day);
	/* What COUNT counts begins with DTSTART. */
	from_day = s->rule.count > 0 ? w->start_day : max_i64(from_day, w->start_day);
	days_init(&w->days, &w->rule, w->start_day, from_day);
	w->days.give_up_day = from_day;
}

static size_t
next_of_rule(const struct spec *s, int64_t from_s, int64_t *out, size_t max)
{
	const struct rrule *r = &s->rule;
	int64_t silent = r->freq < RRULE_DAILY ? SILENT_DAYS_TIMES : SILENT_DAYS;
	int64_t until_s = r->until_s < FOREVER_S ? r->until_s : FOREVER_S - 1;
	int64_t start_s;
	struct walk w;
	size_t n = 0;
	int counted = 0;
	bool is_over;

	walk_init(&w, s, from_s);
	is_over = !has_possible_day(&w.rule);
	w.days.give_up_day += silent;
	start_s = w.start_day * DAY_S + w.start_second - s->zone_offset_s;
	while (!is_over && n < max && walk_next_group(&w)) {
		for (size_t i = 0; i < w.n && n < max && !is_over; i++) {
			int64_t t = w.times[i] - s->zone_offset_s;

			if (t < start_s)
				continue;
			is_over = t > until_s || (r->count > 0 && ++counted >= r->count);
			if (t >= from_s && t <= until_s)
				out[n++] = t;
			w.days.give_up_day = floor_div(t, DAY_S) + silent;
		}
		is_over |= w.has_day && w.next_day > w.days.give_up_day;
	}
	days_clear(&w.days);
	free(w.times);
	return n;
}

/* ---- */

size_t
schedule_next(const struct schedule *s, int64_t from_s, int64_t *out, size_t max)
{
	const struct spec *spec = &s->spec;
	size_t n = 0;

	/* Before the years that specs can name nothing happens, after them neither. */
	from_s = max_i64(from_s, date_to_days((struct date){MOMENT_YEAR_MIN, 1, 1}) * DAY_S);
	if (from_s >= FOREVER_S)
		return 0;
	switch (spec->kind) {
	case SPEC_AT:
		if (max > 0 && spec->at_s >= from_s)
			out[n++] = spec->at_s;
		break;
	case SPEC_RRULE:
		n = max > 0 ? next_of_rule(spec, from_s, out, max) : 0;
		break;
	case SPEC_ANCHOR:
		while (n < max && (from_s = next_of_anchor(spec, from_s)) < FOREVER_S)
			out[n++] = from_s++;
		break;
	case SPEC_COLUMN:
		while (n < max && (from_s = next_of_column(spec, from_s)) < FOREVER_S)
			out[n++] = from_s++;
		break;
	}
	return n;
}

int64_t
schedule_table_end(const struct schedule *s)
{
	return s->spec.kind == SPEC_ANCHOR ? feast_last_day(&s->spec.anchor) : INT64_MAX;
}

/* ---- whom a column means ---- */

const char *
schedule_column(const struct schedule *s)
{
	return s->spec.kind == SPEC_COLUMN ? s->spec.column : NULL;
}

#define YEARS_BACK 120 /* of whom a yearly date is */

/*
 * Compared is the day after the date: "+ 1d" makes a date of which only the year is known missing,
 * which would else be equal to every day of it.
 */
static void
add_day(struct buf *out, int64_t day, size_t *n)
{
	struct date d = date_of_days(day + 1);

	buf_addf(out, "%s'%04d-%02d-%02d'", (*n)++ > 0 ? ", " : "", d.year, d.month, d.day);
}

/* The day of the month of each year; in a year without 29 February its 28th stands for both. */
static void
add_years(struct buf *out, int64_t day, size_t *n)
{
	struct date d = date_of_days(day);
	bool is_both = d.month == 2 && d.day == 28 && clock_month_days(d.year, 2) == 28;

	for (int year = d.year; year > d.year - YEARS_BACK; year--) {
		struct date one = {year, d.month, d.day}, leap = {year, 2, 29};

		if (moment_is_day(one))
			add_day(out, date_to_days(one), n);
		if (is_both && moment_is_day(leap))
			add_day(out, date_to_days(leap), n);
	}
}

void
schedule_add_condition(const struct schedule *s, int64_t occurrence_s, struct buf *out)
{
	const struct spec *spec = &s->spec;
	int64_t today = floor_div(occurrence_s + spec->zone_offset_s, DAY_S);
	size_t n = 0;

	buf_addf(out, "`%s` + 1d IN (", spec->column);
	for (size_t i = 0; i < spec->offsets_n; i++) {
		if (spec->is_yearly)
			add_years(out, today - spec->offsets[i], &n);
		else
			add_day(out, today - spec->offsets[i], &n);
	}
	buf_adds(out, ")");
}

#define GAPS_LOOKED_AT 64

int64_t
schedule_least_gap(const struct schedule *s, int64_t from_s)
{
	int64_t times[GAPS_LOOKED_AT], least = INT64_MAX;
	size_t n = schedule_next(s, from_s, times, GAPS_LOOKED_AT);

	for (size_t i = 1; i < n; i++)
		if (times[i] - times[i - 1] < least)
			least = times[i] - times[i - 1];
	return least;
}
