/* SPDX-License-Identifier: MIT */
#include "templates/vi_date.h"

#include <stdio.h>

#define DAY_S 86400

bool
vi_date_read(struct slice s, struct date *out)
{
	struct slice day = slice_trim(s), time;
	struct date_time t;
	struct date d;

	time = day;
	while (time.n > 0 && *time.p != ' ' && *time.p != 'T')
		time = (struct slice){time.p + 1, time.n - 1};
	day.n -= time.n;
	if (!date_read(day, &d) || d.year < VI_YEAR_MIN || d.year > VI_YEAR_MAX)
		return false;
	if (time.n > 0) {
		if (d.day == 0 || !date_read_time((struct slice){time.p + 1, time.n - 1}, &t))
			return false;
		d = date_of_days(date_to_days(d) + floor_div(t.second, DAY_S));
	}
	*out = d;
	return d.year >= VI_YEAR_MIN && d.year <= VI_YEAR_MAX;
}

/* ---- writing ---- */

static const char *
weekday(struct date d)
{
	static const char *const names[] = {"thứ Hai", "thứ Ba",  "thứ Tư",  "thứ Năm",
					    "thứ Sáu", "thứ Bảy", "Chủ nhật"};

	return names[day_weekday(date_to_days(d))];
}

static void
print_long(struct date d, char out[VI_DATE_MAX])
{
	size_t n = 0;

	out[0] = '\0';
	if (d.day > 0)
		n += (size_t)snprintf(out + n, VI_DATE_MAX - n, "ngày %02d ", d.day);
	if (d.month > 0)
		n += (size_t)snprintf(out + n, VI_DATE_MAX - n,
				      d.month < 3 ? "tháng %02d " : "tháng %d ", d.month);
	snprintf(out + n, VI_DATE_MAX - n, "năm %d", d.year);
}

bool
vi_date_print(struct date d, enum vi_date_form form, char out[VI_DATE_MAX])
{
	char text[VI_DATE_MAX];

	if (d.day == 0 && form != VI_DATE_SHORT && form != VI_DATE_LONG)
		return false;
	switch (form) {
	case VI_DATE_SHORT:
		if (d.day > 0)
			snprintf(out, VI_DATE_MAX, "%02d/%02d/%d", d.day, d.month, d.year);
		else if (d.month > 0)
			snprintf(out, VI_DATE_MAX, "%02d/%d", d.month, d.year);
		else
			snprintf(out, VI_DATE_MAX, "%d", d.year);
		break;
	case VI_DATE_LONG:
		print_long(d, out);
		break;
	case VI_DATE_WEEKDAY:
		snprintf(out, VI_DATE_MAX, "%s", weekday(d));
		break;
	case VI_DATE_FULL:
		print_long(d, text);
		snprintf(out, VI_DATE_MAX, "%.12s, %.48s", weekday(d), text);
		break;
	case VI_DATE_DAY:
		snprintf(out, VI_DATE_MAX, "%02d/%02d", d.day, d.month);
		break;
	}
	return true;
}
