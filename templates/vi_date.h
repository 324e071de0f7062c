/* SPDX-License-Identifier: MIT */
/*
 * Dates as Vietnamese lists and officials write them. What is not surely one
 * day, month or year is no date: "10/10/26" has no century, "31/02/2026" is
 * none. Pure, no heap.
 */
#pragma once

#include "base/date.h"

#define VI_YEAR_MIN 1800
#define VI_YEAR_MAX 2199

/*
 * What date_read takes, in these years, blanks around it allowed; behind a day a time, after a
 * blank or T: with a zone it becomes the day in Vietnam.
 */
bool vi_date_read(struct slice s, struct date *out);

/*
 * How it is written (Decree 30/2020/NĐ-CP: zeros before days below 10 and months 1 and 2):
 *   SHORT    10/10/2026    10/2026             2026
 *   LONG     ngày 10 tháng 10 năm 2026         tháng 10 năm 2026       năm 2026
 *   WEEKDAY  thứ Bảy
 *   FULL     thứ Bảy, ngày 10 tháng 10 năm 2026
 *   DAY      10/10         (day and month)
 */
enum vi_date_form { VI_DATE_SHORT, VI_DATE_LONG, VI_DATE_WEEKDAY, VI_DATE_FULL, VI_DATE_DAY };
#define VI_DATE_MAX 64 /* bytes, with the NUL */
/* False when the date has no day and the form needs one. */
bool vi_date_print(struct date d, enum vi_date_form form, char out[VI_DATE_MAX]);
