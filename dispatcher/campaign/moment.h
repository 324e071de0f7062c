/* SPDX-License-Identifier: MIT */
/*
 * Days of the Gregorian calendar as numbers, and times as people write them in
 * a schedule and on the command line. Pure.
 */
#pragma once

#include "base/buf.h"

#define DAY_S 86400
#define MOMENT_YEAR_MIN 1900
#define MOMENT_YEAR_MAX 9999

struct civil {
	int year, month, day; /* month and day from 1 */
};

/* Does the calendar have this day (30 February: no)? Years MOMENT_YEAR_MIN to _MAX. */
bool civil_is_valid(struct civil c);
/* Days since 1970-01-01. The month may lie outside 1..12: it carries into the year. */
int64_t civil_to_day(struct civil c);
struct civil civil_of_day(int64_t day);
/* 0 = Monday … 6 = Sunday. */
int day_weekday(int64_t day);

/* Division that rounds down and its rest (0 <= rest < b), for b > 0. */
int64_t floor_div(int64_t a, int64_t b);
int64_t floor_mod(int64_t a, int64_t b);

/* What was written: a day, perhaps a time of day, perhaps the distance from UTC. */
struct moment {
	int64_t day;
	int second_of_day; /* -1 = only a day was given */
	bool has_offset;
	int offset_s; /* east of UTC; meaningful with has_offset */
};

/*
 * 2027-10-10, 2027-10-10T08:00, 2027-10-10T08:00:30, the latter two also with
 * Z or +07:00 behind (RFC 3339 without fractions). NULL when it was read, else
 * what is wrong with it.
 */
const char *moment_parse(struct slice s, struct moment *out);
/* 08:00 or 08:00:30, as seconds since midnight. */
bool moment_parse_time(struct slice s, int *second_of_day);
/* Unix seconds; zone_offset_s holds where the moment gives none. A bare day is its midnight. */
int64_t moment_to_unix(const struct moment *m, int zone_offset_s);
