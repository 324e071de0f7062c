/* SPDX-License-Identifier: MIT */
/*
 * Times as people write them in a schedule and on the command line. Pure.
 */
#pragma once

#include "base/date.h"

#define DAY_S 86400
#define MOMENT_YEAR_MIN 1900
#define MOMENT_YEAR_MAX 9999

/* Does the calendar have this day (30 February: no)? Years MOMENT_YEAR_MIN to _MAX. */
bool moment_is_day(struct date d);

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
