/* SPDX-License-Identifier: MIT */
/*
 * The calendar: days that are not like others, as data (docs/FORMATS.md,
 * "Calendar"). It counts working days, and knows the days of a feast by its
 * name: of a schedule's anchor, and of who asks what day it is. A kind more of
 * days is a word more in its file. Days are counted from 1970-01-01. Pure.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"

#define CALENDAR_ENTRIES_MAX 1000u
#define CALENDAR_SPAN_MAX 366 /* days of an entry */
#define FEAST_DAYS_MAX 64     /* entries of a feast */

enum day_kind {
	DAY_HOLIDAY, /* no working day */
	DAY_WORK,    /* a working day, whatever else it is */
	DAY_FEAST,   /* a day with a name; a working day like others */
};

struct calendar;
/* The document may be freed. An error has the path of what is wrong. */
MUST_CHECK enum err calendar_read(json_t *document, struct calendar **out, struct err_ctx *e);
void calendar_free(struct calendar *c);

/* Is there an entry of this kind for the day? */
bool calendar_has(const struct calendar *c, enum day_kind kind, int64_t day);
/* Neither Saturday, Sunday nor holiday; or a day that was made one. */
bool calendar_is_working(const struct calendar *c, int64_t day);
/* The day when what takes so many working days is done; the day itself does not count. */
int64_t calendar_working_days_after(const struct calendar *c, int64_t day, int64_t days);

/* ---- feasts ---- */

/* Days of a year: the month and day of each from `from` to `to`; or the one day `from`. */
struct feast_day {
	bool is_yearly;
	int month, day;
	int64_t from, to;
};
struct feast {
	size_t count;
	struct feast_day days[FEAST_DAYS_MAX];
};
/*
 * By its name or id; capitals, accents and what stands between its words do not matter ("gio-to-hung-vuong").
 * The feasts that are called so; where there is none, the holidays, a span with its first day.
 * ERR_INPUT: the calendar has none of this name (todo: the ids that it has), too many days of it, or
 * years with one around a year without: a table with a hole.
 */
MUST_CHECK enum err calendar_feast(const struct calendar *c, const char *name, const char *what,
				   struct feast *out, struct err_ctx *e);
/* In this year, ascending; at most FEAST_DAYS_MAX. */
size_t feast_in_year(const struct feast *f, int year, int64_t out[FEAST_DAYS_MAX]);
/* The last day that it has; INT64_MAX: it goes on for ever. */
int64_t feast_last_day(const struct feast *f);

/* Append the names of its holidays and feasts, with commas; each once. */
void calendar_add_names(const struct calendar *c, int64_t day, struct buf *out);
