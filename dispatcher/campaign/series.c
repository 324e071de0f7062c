/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/series.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/campaign/alarm.h"
#include "dispatcher/campaign/day_words.h"
#include "dispatcher/campaign/moment.h"

#define LATE_MIN_MAX (7 * 1440)
#define OUTLOOK_MAX 5

const char *const late_names[3] = {
	[LATE_SEND] = "send", [LATE_NEXT_WINDOW] = "next-window", [LATE_DROP] = "drop"};

static int64_t
now_s(void)
{
	return clock_wall_ms() / 1000;
}

/* ---- the document ---- */

/* A rule without a start counts from today, also when it is asked tomorrow. */
static char *
write_down(const struct json_at *at)
{
	json_t *copy = json_deep_copy(at->v);
	char *text;

	if (json_object_get(copy, "rrule") != NULL && json_object_get(copy, "start") == NULL) {
		char today[32];

		clock_format_vn(now_s(), today);
		today[10] = '\0';
		json_object_set_new(copy, "start", json_string(today));
	}
	text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(copy);
	return text;
}

static enum err
read_schedule(const struct json_at *at, const struct calendar *calendar, char **out,
	      struct err_ctx *e)
{
	struct schedule *s = NULL;
	int64_t first;
	enum err rc = schedule_parse(at, calendar, &s, e);

	if (rc != ERR_OK)
		return rc;
	if (schedule_next(s, now_s(), &first, 1) == 0)
		rc = err_set(e, ERR_INPUT, at->path, "see loa schedule next",
			     "has no occurrence from now on");
	else if (schedule_least_gap(s, now_s()) < SERIES_GAP_MIN_S)
		rc = err_set(e, ERR_INPUT, at->path, "fire less often",
			     "fires more often than every ten minutes");
	else
		*out = write_down(at);
	schedule_free(s);
	return rc;
}

/* {"then": "send", "within_min": 60} */
static enum err
read_late(const struct json_at *at, struct series_words *w, struct err_ctx *e)
{
	static const char *const keys[] = {"then", "within_min"};
	static const int64_t usual_min[] = {
		[LATE_SEND] = 60, [LATE_NEXT_WINDOW] = 5, [LATE_DROP] = 5};
	struct json_at then = json_get(at, "then"), within = json_get(at, "within_min");
	int which = LATE_SEND;
	int64_t minutes = 0;
	enum err rc;

	if ((rc = json_want_object(at, e)) != ERR_OK ||
	    (rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_read_choice(&then, late_names, ARRAY_LEN(late_names), &which, e)) !=
		    ERR_OK ||
	    (rc = json_read_int(&within, 1, LATE_MIN_MAX, &minutes, e)) != ERR_OK)
		return rc;
	w->late_then = (enum late_then)which;
	w->late_s = (minutes > 0 ? minutes : usual_min[which]) * 60;
	return ERR_OK;
}

enum err
series_read(const struct json_at *root, const struct calendar *calendar, struct series_words *out,
	    struct err_ctx *e)
{
	struct json_at schedule = json_get(root, "schedule"), late = json_get(root, "late");
	enum err rc = ERR_OK;

	*out = (struct series_words){.schedule = NULL};
	if (schedule.v != NULL)
		rc = json_want_object(&schedule, e);
	if (rc == ERR_OK && schedule.v != NULL)
		rc = read_schedule(&schedule, calendar, &out->schedule, e);
	if (rc == ERR_OK && late.v != NULL)
		rc = read_late(&late, out, e);
	if (rc != ERR_OK)
		series_words_clear(out);
	return rc;
}

void
series_words_clear(struct series_words *w)
{
	free(w->schedule);
	w->schedule = NULL;
}

void
series_add_fields(const struct series_words *w, struct argv *a)
{
	if (w->schedule != NULL) {
		argv_adds(a, "schedule");
		argv_adds(a, w->schedule);
	}
	if (w->late_s > 0) {
		argv_adds(a, "late_s");
		argv_add_int(a, w->late_s);
		argv_adds(a, "late_then");
		argv_adds(a, late_names[w->late_then]);
	}
}

/* ---- its occurrences ---- */

static enum err
parse(const struct campaign *c, const struct calendar *calendar, struct schedule **out,
      struct err_ctx *e)
{
	json_t *document = NULL;
	struct json_at root;
	enum err rc =
		json_parse(slice_of(c->schedule), CAMPAIGN_JSON_MAX, "schedule", &document, e);

	if (rc == ERR_OK) {
		root = json_root(document);
		rc = schedule_parse(&root, calendar, out, e);
	}
	json_decref(document);
	return rc;
}

enum err
series_next(const struct campaign *c, const struct calendar *calendar, int64_t from_s,
	    int64_t *next_s, struct err_ctx *e)
{
	struct schedule *s = NULL;
	enum err rc = parse(c, calendar, &s, e);

	*next_s = 0;
	if (rc != ERR_OK)
		return rc;
	if (schedule_next(s, from_s, next_s, 1) == 0)
		*next_s = 0;
	schedule_free(s);
	return ERR_OK;
}

enum err
series_is_over(const struct campaign *c, const struct calendar *calendar, struct err_ctx *e)
{
	struct schedule *s = NULL;
	enum err rc = parse(c, calendar, &s, e);
	int64_t end;

	if (rc != ERR_OK)
		return rc;
	end = schedule_table_end(s);
	schedule_free(s);
	if (end != INT64_MAX)
		return err_set(e, ERR_CONFLICT, "schedule",
			       "write later years into the file of the calendar",
			       "has no further occurrence: the calendar has its feast until %d",
			       date_of_days(end).year);
	return err_set(e, ERR_CONFLICT, "schedule", "clone the campaign with another schedule",
		       "has no further occurrence");
}

/* Which occurrence it is about: that of its time, which may have been put off, or the next. */
static enum err
occurrence_of(const struct campaign *c, const struct calendar *calendar, int64_t *at_s,
	      struct err_ctx *e)
{
	enum err rc = ERR_OK;

	*at_s = c->first_s != 0 ? c->first_s : c->due_s;
	if (*at_s == 0)
		rc = series_next(c, calendar, now_s(), at_s, e);
	if (rc == ERR_OK && *at_s == 0)
		rc = series_is_over(c, calendar, e);
	return rc;
}

enum err
series_narrow(struct campaign *c, const struct calendar *calendar, struct err_ctx *e)
{
	struct schedule *s = NULL;
	int64_t at_s = 0;
	enum err rc;

	if (c->schedule[0] == '\0')
		return ERR_OK;
	rc = parse(c, calendar, &s, e);
	if (rc == ERR_OK && schedule_column(s) != NULL)
		rc = occurrence_of(c, calendar, &at_s, e);
	for (size_t i = 0; rc == ERR_OK && at_s != 0 && i < c->segment_count; i++) {
		struct buf text = {0};

		buf_addf(&text, "(%s) AND ", c->queries[i]);
		schedule_add_condition(s, at_s, &text);
		free(c->queries[i]);
		c->queries[i] = buf_take(&text);
	}
	schedule_free(s);
	return rc;
}

bool
series_differs(const struct campaign *c, const struct calendar *calendar)
{
	struct schedule *s = NULL;
	struct err_ctx e;
	bool out = c->schedule[0] != '\0' &&
		   (parse(c, calendar, &s, &e) != ERR_OK || schedule_column(s) != NULL);

	schedule_free(s);
	return out;
}

/* When the hours open the next time; of a class without hours, its own time of tomorrow. */
static int64_t
next_opening(const struct campaign *c, const struct class_policy *class, int64_t from_s)
{
	int64_t of_day = floor_mod(c->due_s + VN_UTC_OFFSET_S, DAY_S);
	int64_t midnight = from_s - floor_mod(from_s + VN_UTC_OFFSET_S, DAY_S), at_s;

	if (class->hours_from != 0 || class->hours_to < 1440)
		of_day = (int64_t) class->hours_from * 60;
	at_s = midnight + of_day;
	return at_s > from_s ? at_s : at_s + DAY_S;
}

int64_t
series_put_off(const struct campaign *c, const struct class_policy *class, int64_t at_s,
	       int64_t next_s)
{
	int64_t to_s;

	if (class == NULL || strcmp(c->late_then, late_names[LATE_NEXT_WINDOW]) != 0)
		return 0;
	to_s = next_opening(c, class, at_s);
	return next_s != 0 && to_s >= next_s ? 0 : to_s;
}

/* ---- telling ---- */

/* NULL: it is an ordinary working day. */
static json_t *
day_warning(const struct calendar *calendar, int64_t at_s)
{
	struct buf text = {0};
	json_t *out = NULL;
	char at[32];

	clock_format_vn(at_s, at);
	buf_addf(&text, "%.10s is a ", at);
	if (day_add_words(calendar, at_s, &text))
		out = json_string(text.data);
	buf_free(&text);
	return out;
}

json_t *
day_outlook(const struct calendar *calendar, int64_t at_s)
{
	json_t *warnings = json_array(), *one = day_warning(calendar, at_s);

	if (one != NULL)
		json_array_append_new(warnings, one);
	return json_pack("{s:o}", "warnings", warnings);
}

json_t *
series_outlook(const struct campaign *c, const struct calendar *calendar, int64_t from_s)
{
	json_t *next = json_array(), *warnings = json_array();
	struct schedule *s = NULL;
	int64_t times[OUTLOOK_MAX];
	size_t n = 0;

	if (c->schedule[0] != '\0' && parse(c, calendar, &s, NULL) == ERR_OK)
		n = schedule_next(s, from_s, times, OUTLOOK_MAX);
	for (size_t i = 0; i < n; i++) {
		json_t *warning = day_warning(calendar, times[i]);
		struct buf day = {0};
		char due[32];

		clock_format_vn(times[i], due);
		day_add_words(calendar, times[i], &day);
		json_array_append_new(next, json_pack("{s:s, s:s}", "due", due, "day", day.data));
		if (warning != NULL)
			json_array_append_new(warnings, warning);
		buf_free(&day);
	}
	if (s == NULL) {
		json_decref(next);
		json_decref(warnings);
		return NULL;
	}
	schedule_free(s);
	return json_pack("{s:o, s:o}", "next", next, "warnings", warnings);
}
