/* SPDX-License-Identifier: MIT */
/*
 * Days of the Gregorian calendar, and dates and times as Vietnamese lists have
 * them: the one reader of what a cell, a template and a query take for a date.
 * Which years are likely, and whether a month will do, is for the caller. Pure.
 */
#pragma once

#include "base/buf.h"

/* A day; of date_read also, with day 0, a month; or, with month 0 too, a year. */
struct date {
	int year, month, day;
};

/* Days since 1970-01-01 of a day. The month may lie outside 1..12: it carries into the year. */
int64_t date_to_days(struct date d);
struct date date_of_days(int64_t days);
/* 0 = Monday … 6 = Sunday. */
int day_weekday(int64_t days);

/* Division that rounds down and its rest (0 <= rest < b), for b > 0. */
int64_t floor_div(int64_t a, int64_t b);
int64_t floor_mod(int64_t a, int64_t b);

/*
 * d/m/yyyy, d-m-yyyy, d.m.yyyy, yyyy-m-d, m/yyyy, yyyy-mm, yyyy; nothing around it. A year
 * from 1000 on, a month and a day that there are: 31/02/2026 is none, and 10/10/26, which has
 * no century, neither.
 */
bool date_read(struct slice s, struct date *out);
/* Of these only yyyy-mm-dd, a day, as files and requests write it: such days sort as text. */
bool date_read_day(struct slice s, struct date *out);

struct date_time {
	int64_t second; /* of the day, in Vietnam: before 0 or beyond it where a zone says so */
	int ms;
};
/* hh:mm[:ss[.fraction]][zone]; the zone Z, +07:00 or +0700, perhaps behind a blank. */
bool date_read_time(struct slice s, struct date_time *out);
