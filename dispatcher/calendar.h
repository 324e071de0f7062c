/* SPDX-License-Identifier: MIT */
/*
 * The calendar: days that are not like others, as data (docs/FORMATS.md,
 * "Calendar"). What it is for now is counting working days; a kind more of days
 * is a word more in its file. Days are counted from 1970-01-01. Pure.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"

#define CALENDAR_ENTRIES_MAX 1000u
#define CALENDAR_SPAN_MAX 366 /* days of an entry */

enum day_kind {
	DAY_HOLIDAY, /* no working day */
	DAY_WORK,    /* a working day, whatever else it is */
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
