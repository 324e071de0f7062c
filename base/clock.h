/* SPDX-License-Identifier: MIT */
/*
 * Time. Two clocks: a monotonic one that goes on during suspend (ages,
 * deadlines, time-outs) and the wall (what people read). Tests move both by
 * clock_advance; nothing else in Loa calls clock_gettime for decisions.
 * Vietnam has had one zone without daylight saving since 1975: UTC+7.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define VN_UTC_OFFSET_S 25200

/* CLOCK_BOOTTIME in microseconds, plus what tests added. */
int64_t clock_mono_us(void);
static inline int64_t
clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}
/* Unix time in milliseconds, plus what tests added. */
int64_t clock_wall_ms(void);
/* Tests only. */
void clock_advance_ms(int64_t by_ms);

/* "2027-10-10T08:00:00+07:00" of a unix time in seconds, in Vietnam. out has room for 32 bytes. */
void clock_format_vn(int64_t unix_s, char out[32]);
/* Minutes since midnight in Vietnam, 0..1439. */
int clock_minute_of_day_vn(int64_t unix_s);
/* Days since 1970-01-01 of today in Vietnam. */
int64_t clock_today_vn(void);
/* Days of month 1..12 of a year, by the Gregorian calendar. */
int clock_month_days(int year, int month);
