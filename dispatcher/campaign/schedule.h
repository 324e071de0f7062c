/* SPDX-License-Identifier: MIT */
/*
 * When a campaign fires: the schedule spec (JSON) and its occurrences.
 *   {"at":"2027-10-10T08:00"}
 *   {"rrule":"FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=10","time":"08:00","start":"2026-09-01"}
 *   {"anchor":"10-10","offsets":["-7d","-1d","0d"],"time":"08:00"}
 *   {"anchor":"vu-lan","offsets":["-3d"],"time":"08:00"}       a feast of the calendar
 *   {"column":"han_nop","offsets":["-3d"],"time":"08:00"}      each day, for some rows
 * RRULE as in RFC 5545, by libical; `start` is DTSTART, by default the day of
 * `from`. Times are of Asia/Ho_Chi_Minh (UTC+7 throughout) unless `zone` says
 * UTC. Pure.
 *
 * Whoever stores a rule that has no `start` writes the day into it first: COUNT
 * and INTERVAL are counted from it, and the default moves with each question.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "dispatcher/calendar.h"

struct schedule;

/*
 * Unknown keys, contradicting keys, impossible dates and feasts that the calendar does not have
 * are errors with their path.
 */
MUST_CHECK enum err schedule_parse(const struct json_at *spec, const struct calendar *calendar,
				   struct schedule **out, struct err_ctx *e);
void schedule_free(struct schedule *s);
/*
 * Occurrences at or after from_s (unix seconds), ascending, each once, at most
 * max; fewer when the rule ends. A rule that has been silent for 400 years (40,
 * when it counts hours or minutes) has ended; so has the year 9999.
 */
size_t schedule_next(const struct schedule *s, int64_t from_s, int64_t *out, size_t max);
/*
 * When its feast's table ends, the days since 1970 of its last entry; INT64_MAX where nothing of the
 * kind ends it. After it schedule_next gives fewer, not because the rule has ended.
 */
int64_t schedule_table_end(const struct schedule *s);
/* The column of dates whose rows each occurrence is for; NULL: it is for all rows. */
const char *schedule_column(const struct schedule *s);
/*
 * Append the condition of a query (docs/FORMATS.md, "Query") that the rows of this occurrence fit: date and
 * offset give its day. A date of which only the year is known fits none. Only of a schedule with a column.
 */
void schedule_add_condition(const struct schedule *s, int64_t occurrence_s, struct buf *out);
/* Seconds between two occurrences at least, of the first of them from from_s on; INT64_MAX: there is one at most. */
int64_t schedule_least_gap(const struct schedule *s, int64_t from_s);
