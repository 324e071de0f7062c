/* SPDX-License-Identifier: MIT */
/*
 * The JSON of a schedule, read and judged: `at`, `rrule`, `anchor` or `column`,
 * one of them, with what belongs to it. What it means as times is in
 * dispatcher/campaign/schedule. Pure.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "dispatcher/calendar.h"
#include "dispatcher/campaign/rrule.h"

#define SPEC_OFFSETS_MAX 64
#define SPEC_OFFSET_DAYS_MAX 366
#define SPEC_YEARLY_OFFSETS_MAX 2 /* each is a hundred dates of a query */

#define SPEC_NAME_MAX 200 /* bytes of a feast or a column */

enum spec_kind { SPEC_AT, SPEC_RRULE, SPEC_ANCHOR, SPEC_COLUMN };

struct spec {
	enum spec_kind kind;
	int zone_offset_s; /* of the times in the spec, east of UTC */
	int second_of_day; /* of a rule: DTSTART's */
	/* at */
	int64_t at_s; /* unix time */
	/* rrule */
	struct rrule rule;
	bool has_start; /* false = DTSTART is the day from which occurrences are asked for */
	int64_t start_day;
	/* anchor */
	struct feast anchor; /* copied: the calendar may be freed */
	/* anchor, column: days from it, in the order given */
	size_t offsets_n;
	int offsets[SPEC_OFFSETS_MAX];
	/* column: each day at the time, for the rows whose date and offset give that day */
	char column[SPEC_NAME_MAX + 1];
	bool is_yearly; /* by month and day, whatever the year */
};

/* calendar: whose feasts an anchor may name. */
MUST_CHECK enum err spec_read(const struct json_at *at, const struct calendar *calendar,
			      struct spec *out, struct err_ctx *e);
