/* SPDX-License-Identifier: MIT */
/*
 * In what time of the day a run is sent: spread evenly until a time (smooth), and
 * by when it must be sent (finish_by); what is not by then ends as expired. Both
 * are times of the Vietnamese day, the first such after the run's own time. What
 * a run makes of them is in dispatcher/lua/window.lua. Pure.
 */
#pragma once

#include "dispatcher/campaign/campaign.h"

#define WINDOW_NONE (-1)

/* Minutes of the day; WINDOW_NONE: not said. */
struct window {
	int smooth_until, finish_by;
};
/* "smooth": {"until": "17:00"} and "finish_by": "17:00" of a campaign's document. */
MUST_CHECK enum err window_read(const struct json_at *root, struct window *out, struct err_ctx *e);
/* Field, value … of the campaign's record; nothing where nothing was said. */
void window_add_fields(const struct window *w, struct argv *a);
void window_add_json(const struct window *w, json_t *out);

/* The first time of that minute after at_s: when what is left expires; 0 for WINDOW_NONE. */
int64_t window_finish_s(int minute, int64_t at_s);
/*
 * ERR_REFUSED: between at_s, when the run begins, and the end of its window the class may not send at all.
 * class NULL: it may at any time.
 */
MUST_CHECK enum err window_check(const struct window *w, const struct class_policy *class,
				 int64_t at_s, struct err_ctx *e);
/* How long the class may send between at_s and the first time of that minute; in seconds. */
int64_t window_open_s(const struct class_policy *class, int64_t at_s, int minute);
/* Append what is too slow: needed_s of sending, messages of it. */
void window_add_warnings(const struct window *w, const struct class_policy *class, int64_t at_s,
			 double needed_s, uint64_t messages, json_t *warnings);
