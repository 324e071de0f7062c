/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/day_words.h"

#include "base/clock.h"
#include "base/date.h"
#include "dispatcher/campaign/moment.h"

static int64_t
day_of(int64_t unix_s)
{
	return floor_div(unix_s + VN_UTC_OFFSET_S, DAY_S);
}

void
day_add_names(const struct calendar *c, int64_t unix_s, struct buf *out)
{
	calendar_add_names(c, day_of(unix_s), out);
}

bool
day_add_words(const struct calendar *c, int64_t unix_s, struct buf *out)
{
	static const char *const names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
					    "Friday", "Saturday", "Sunday"};
	int64_t day = day_of(unix_s);
	bool is_weekend = day_weekday(day) >= 5, is_working = calendar_is_working(c, day);
	struct buf feasts = {0};
	bool has_feast;

	calendar_add_names(c, day, &feasts);
	has_feast = feasts.len > 0;
	buf_adds(out, names[day_weekday(day)]);
	if (is_weekend && is_working)
		buf_adds(out, ", a working day");
	else if (!is_weekend && !is_working)
		buf_adds(out, ", a holiday");
	if (has_feast)
		buf_addf(out, ": %s", feasts.data);
	buf_free(&feasts);
	return !is_working || has_feast;
}
