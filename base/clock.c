/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static int64_t advanced_ms;

int64_t
clock_mono_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000 + advanced_ms * 1000;
}

int64_t
clock_wall_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + advanced_ms;
}

void
clock_advance_ms(int64_t by_ms)
{
	advanced_ms += by_ms;
}

void
clock_format_vn(int64_t unix_s, char out[32])
{
	time_t t = (time_t)(unix_s + VN_UTC_OFFSET_S);
	struct tm tm;
	size_t n;

	gmtime_r(&t, &tm);
	n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, 32 - n, "+07:00");
}

int
clock_minute_of_day_vn(int64_t unix_s)
{
	int64_t s = (unix_s + VN_UTC_OFFSET_S) % 86400;

	if (s < 0)
		s += 86400;
	return (int)(s / 60);
}

int64_t
clock_today_vn(void)
{
	return (clock_wall_ms() / 1000 + 7 * 3600) / 86400;
}

int
clock_month_days(int year, int month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap);
}
