/* SPDX-License-Identifier: MIT */
/*
 * The JSON of a schedule, read and judged: `at`, `rrule` or `anchor`, one of
 * them, with what belongs to it. What it means as times is in
 * dispatcher/campaign/schedule. Pure.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "dispatcher/campaign/rrule.h"

#define SPEC_OFFSETS_MAX 64
#define SPEC_OFFSET_DAYS_MAX 366

enum spec_kind { SPEC_AT, SPEC_RRULE, SPEC_ANCHOR };

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
	int month, day; /* of every year that has this day */
	size_t offsets_n;
	int offsets[SPEC_OFFSETS_MAX]; /* days from the anchor, in the order given */
};

MUST_CHECK enum err spec_read(const struct json_at *at, struct spec *out, struct err_ctx *e);
