/* SPDX-License-Identifier: MIT */
/*
 * The text of a recurrence rule (RFC 5545, 3.3.10), read and judged: which
 * parts there are, whether their values are in range and may stand together.
 * What the rule means as times is dispatcher/campaign/schedule's business.
 *
 * More narrow than the RFC: no SECONDLY, at most one BYSECOND, no RSCALE and
 * SKIP (RFC 7529), no BYSETPOS below a day or with BYWEEKNO, BYYEARDAY only
 * with BYDAY and times, BYWEEKNO up to 52 and not with BYMONTH, BYMONTHDAY
 * or a WKST but MO, bounds on every number.
 */
#pragma once

#include "base/err.h"

#define RRULE_TEXT_MAX 2000
#define RRULE_LIST_MAX 64
#define RRULE_INTERVAL_MAX 1000
#define RRULE_COUNT_MAX 100000

enum rrule_freq {
	RRULE_MINUTELY,
	RRULE_HOURLY,
	RRULE_DAILY,
	RRULE_WEEKLY,
	RRULE_MONTHLY,
	RRULE_YEARLY,
};

enum rrule_part {
	RRULE_BYSECOND,
	RRULE_BYMINUTE,
	RRULE_BYHOUR,
	RRULE_BYDAY,
	RRULE_BYMONTHDAY,
	RRULE_BYYEARDAY,
	RRULE_BYWEEKNO,
	RRULE_BYMONTH,
	RRULE_BYSETPOS,
	RRULE_PARTS,
};

struct rrule {
	enum rrule_freq freq;
	int interval;	 /* in units of freq, from 1 */
	int count;	 /* occurrences from DTSTART on; 0 = no end by number */
	int64_t until_s; /* unix time, inclusive; INT64_MAX = no end by time */
	int week_start;	 /* 0 = Monday … 6 = Sunday */
	struct rrule_list {
		size_t n; /* 0 = the part is absent */
		/* ascending, each once; of BYDAY in the order given */
		struct rrule_value {
			int v;	     /* number; of BYDAY the weekday, 0 = Monday */
			int ordinal; /* of BYDAY: -1 = the last …; 0 = every */
		} at[RRULE_LIST_MAX];
	} by[RRULE_PARTS];
};

/* "FREQ=YEARLY;BYMONTH=10". A local UNTIL is of the zone; `what` names the place in errors. */
MUST_CHECK enum err rrule_parse(const char *text, int zone_offset_s, const char *what,
				struct rrule *out, struct err_ctx *e);
const char *rrule_freq_name(enum rrule_freq freq);
const char *rrule_part_name(enum rrule_part part);
/* "MO" of 0 … "SU" of 6 */
const char *rrule_weekday_name(int weekday);
static inline bool
rrule_has(const struct rrule *r, enum rrule_part part)
{
	return r->by[part].n > 0;
}
