/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/window.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/campaign/moment.h"

/* ---- the document ---- */

static enum err
read_minute(const struct json_at *at, int *out, struct err_ctx *e)
{
	const char *text = NULL;
	int second;
	enum err rc = json_read_string(at, &text, e);

	if (rc != ERR_OK || text == NULL)
		return rc;
	if (!moment_parse_time(slice_of(text), &second) || second % 60 != 0)
		return err_set(e, ERR_INPUT, at->path, "write it as 17:00",
			       "\"%.40s\" is no time of day", text);
	*out = second / 60;
	return ERR_OK;
}

enum err
window_read(const struct json_at *root, struct window *out, struct err_ctx *e)
{
	static const char *const keys[] = {"until"};
	struct json_at smooth = json_get(root, "smooth"), until = json_get(&smooth, "until");
	struct json_at finish = json_get(root, "finish_by");
	enum err rc;

	*out = (struct window){WINDOW_NONE, WINDOW_NONE};
	if ((rc = json_want_object(&smooth, e)) != ERR_OK ||
	    (rc = json_only_keys(&smooth, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = read_minute(&until, &out->smooth_until, e)) != ERR_OK ||
	    (rc = read_minute(&finish, &out->finish_by, e)) != ERR_OK)
		return rc;
	if (smooth.v != NULL && until.v == NULL)
		return err_set(e, ERR_INPUT, until.path, "write it as 17:00", "is missing");
	return ERR_OK;
}

static void
add_minute(struct argv *a, const char *field, int minute)
{
	if (minute == WINDOW_NONE)
		return;
	argv_adds(a, field);
	argv_add_int(a, minute);
}

void
window_add_fields(const struct window *w, struct argv *a)
{
	add_minute(a, "smooth_until", w->smooth_until);
	add_minute(a, "finish_by", w->finish_by);
}

static json_t *
minute_json(int minute)
{
	char text[16];

	snprintf(text, sizeof(text), "%02d:%02d", minute / 60 % 100, minute % 60);
	return json_string(text);
}

void
window_add_json(const struct window *w, json_t *out)
{
	if (w->smooth_until != WINDOW_NONE)
		json_object_set_new(out, "smooth",
				    json_pack("{s:o}", "until", minute_json(w->smooth_until)));
	if (w->finish_by != WINDOW_NONE)
		json_object_set_new(out, "finish_by", minute_json(w->finish_by));
}

/* ---- how much time that is ---- */

int64_t
window_finish_s(int minute, int64_t at_s)
{
	int64_t length;

	if (minute == WINDOW_NONE)
		return 0;
	length = floor_mod((int64_t)minute * 60 - floor_mod(at_s + VN_UTC_OFFSET_S, DAY_S), DAY_S);
	return at_s + (length == 0 ? DAY_S : length);
}

int64_t
window_open_s(const struct class_policy *class, int64_t at_s, int minute)
{
	int64_t day_s = floor_mod(at_s + VN_UTC_OFFSET_S, DAY_S), open = 0;
	int64_t length = window_finish_s(minute, at_s) - at_s;

	for (int64_t s = 0, step; s < length; s += step) {
		step = 60 - (day_s + s) % 60;
		step = step < length - s ? step : length - s;
		if (class == NULL || class_is_open(class, (int)((day_s + s) / 60 % 1440)))
			open += step;
	}
	return open;
}

static enum err
check_one(const struct class_policy *class, int64_t at_s, int minute, const char *what,
	  struct err_ctx *e)
{
	char at[32];

	if (minute == WINDOW_NONE || window_open_s(class, at_s, minute) > 0)
		return ERR_OK;
	clock_format_vn(at_s, at);
	return err_set(e, ERR_REFUSED, what, "choose another time",
		       "between %.16s and %02d:%02d messages of class %s may not leave "
		       "(%02d:%02d to %02d:%02d)",
		       at, minute / 60, minute % 60, class->name, class->hours_from / 60,
		       class->hours_from % 60, class->hours_to / 60, class->hours_to % 60);
}

enum err
window_check(const struct window *w, const struct class_policy *class, int64_t at_s,
	     struct err_ctx *e)
{
	enum err rc = check_one(class, at_s, w->finish_by, "finish_by", e);

	return rc == ERR_OK ? check_one(class, at_s, w->smooth_until, "smooth.until", e) : rc;
}

void
window_add_warnings(const struct window *w, const struct class_policy *class, int64_t at_s,
		    double needed_s, uint64_t messages, json_t *warnings)
{
	struct buf text = {0};
	double open_s;

	if (w->finish_by != WINDOW_NONE) {
		open_s = (double)window_open_s(class, at_s, w->finish_by);
		if (needed_s > open_s) {
			buf_addf(&text,
				 "sending takes about %.0f min, and until %02d:%02d there are "
				 "%.0f: some %" PRIu64
				 " messages would not be sent, and end as expired",
				 needed_s / 60, w->finish_by / 60, w->finish_by % 60, open_s / 60,
				 (uint64_t)((double)messages * (1 - open_s / needed_s)));
			json_array_append_new(warnings, json_string(text.data));
		}
	}
	if (w->smooth_until != WINDOW_NONE) {
		open_s = (double)window_open_s(class, at_s, w->smooth_until);
		buf_reset(&text);
		if (needed_s > open_s) {
			buf_addf(&text,
				 "sending takes about %.0f min, longer than until %02d:%02d: it "
				 "cannot be spread",
				 needed_s / 60, w->smooth_until / 60, w->smooth_until % 60);
			json_array_append_new(warnings, json_string(text.data));
		}
	}
	buf_free(&text);
}
