/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/spec.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/campaign/moment.h"

static const char *const kinds[] = {
	[SPEC_AT] = "at",
	[SPEC_RRULE] = "rrule",
	[SPEC_ANCHOR] = "anchor",
	[SPEC_COLUMN] = "column",
};

static const char *const all_keys[] = {"at",	"rrule",   "anchor", "column", "time",
				       "start", "offsets", "zone",   "yearly"};

/* Which key belongs to which kind; what is not named belongs to all. */
static const struct {
	const char *key;
	bool of[ARRAY_LEN(kinds)];
	const char *todo;
} belongs[] = {
	{"time",
	 {[SPEC_RRULE] = true, [SPEC_ANCHOR] = true, [SPEC_COLUMN] = true},
	 "write the time into at, as 2027-10-10T08:00"},
	{"start", {[SPEC_RRULE] = true}, "leave it out"},
	{"offsets", {[SPEC_ANCHOR] = true, [SPEC_COLUMN] = true}, "leave it out"},
	{"yearly", {[SPEC_COLUMN] = true}, "leave it out"},
};

/* Vietnam has had no daylight saving since 1975, so a zone is one number. */
static const struct {
	const char *name;
	int offset_s;
} zones[] = {
	{"Asia/Ho_Chi_Minh", VN_UTC_OFFSET_S},
	{"Asia/Saigon", VN_UTC_OFFSET_S}, /* the old name, which browsers still report */
	{"UTC", 0},
};

static enum err
read_kind(const struct json_at *at, struct spec *s, struct err_ctx *e)
{
	int found = -1;

	if (at->v == NULL)
		return err_set(e, ERR_INPUT, at->path[0] != '\0' ? at->path : "schedule", "add it",
			       "is missing");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct json_at value = json_get(at, kinds[i]);

		if (value.v == NULL)
			continue;
		if (found >= 0)
			return err_set(e, ERR_INPUT, value.path, "keep one of them",
				       "contradicts %s: a schedule is of one kind", kinds[found]);
		found = (int)i;
	}
	if (found < 0)
		return err_set(e, ERR_INPUT, at->path[0] != '\0' ? at->path : "schedule",
			       "give {\"at\":\"2027-10-10T08:00\"}, a rrule, an anchor or a column",
			       "says neither at, nor rrule, nor anchor, nor column");
	s->kind = (enum spec_kind)found;
	for (size_t i = 0; i < ARRAY_LEN(belongs); i++) {
		struct json_at value = json_get(at, belongs[i].key);

		if (value.v != NULL && !belongs[i].of[found])
			return err_set(e, ERR_INPUT, value.path, belongs[i].todo,
				       "does not go with %s", kinds[found]);
	}
	return ERR_OK;
}

static enum err
read_zone(const struct json_at *at, struct spec *s, struct err_ctx *e)
{
	struct json_at value = json_get(at, "zone");
	const char *name = zones[0].name;
	enum err rc = json_read_string(&value, &name, e);

	if (rc != ERR_OK)
		return rc;
	for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
		if (strcmp(zones[i].name, name) == 0) {
			s->zone_offset_s = zones[i].offset_s;
			return ERR_OK;
		}
	}
	return err_set(e, ERR_INPUT, value.path, "use Asia/Ho_Chi_Minh, or UTC",
		       "\"%.60s\" is no zone that is known here", name);
}

static enum err
bad_text(const struct json_at *at, const char *text, const char *why, struct err_ctx *e)
{
	return err_set(e, ERR_INPUT, at->path, "", "\"%.60s\" %s", text, why);
}

static enum err
read_at(const struct json_at *at, struct spec *s, struct err_ctx *e)
{
	struct json_at value = json_get(at, "at"), zone = json_get(at, "zone");
	const char *text = NULL, *why;
	struct moment m;
	enum err rc = json_need_string(&value, &text, e);

	if (rc != ERR_OK)
		return rc;
	why = moment_parse(slice_of(text), &m);
	if (why != NULL)
		return bad_text(&value, text, why, e);
	if (m.second_of_day < 0)
		return bad_text(&value, text, "has no time of day, as in 2027-10-10T08:00", e);
	if (m.has_offset && zone.v != NULL && m.offset_s != s->zone_offset_s)
		return bad_text(&value, text, "contradicts zone", e);
	s->at_s = moment_to_unix(&m, s->zone_offset_s);
	return ERR_OK;
}

/* "time", as seconds of the day; unchanged when it is absent. */
static enum err
read_time(const struct json_at *at, struct spec *s, struct err_ctx *e)
{
	struct json_at value = json_get(at, "time");
	const char *text = NULL;
	enum err rc = json_read_string(&value, &text, e);

	if (rc != ERR_OK || text == NULL)
		return rc;
	if (!moment_parse_time(slice_of(text), &s->second_of_day))
		return bad_text(&value, text, "is no time of day like 08:00", e);
	return ERR_OK;
}

/* ---- rrule ---- */

/* "start": DTSTART. Its time of day, where it has one, goes to second_of_day. */
static enum err
read_start(const struct json_at *at, struct spec *s, struct err_ctx *e)
{
	struct json_at value = json_get(at, "start");
	const char *text = NULL, *why;
	struct moment m;
	int64_t local;
	enum err rc = json_read_string(&value, &text, e);

	if (rc != ERR_OK || text == NULL)
		return rc;
	why = moment_parse(slice_of(text), &m);
	if (why != NULL)
		return bad_text(&value, text, why, e);
	s->has_start = true;
	s->start_day = m.day;
	if (m.second_of_day < 0)
		return ERR_OK;
	if (s->second_of_day >= 0)
		return bad_text(&value, text, "has a time of day, and time gives one too", e);
	local = moment_to_unix(&m, s->zone_offset_s) + s->zone_offset_s;
	s->start_day = floor_div(local, DAY_S);
	s->second_of_day = (int)floor_mod(local, DAY_S);
	return ERR_OK;
}

/* The time of day comes from `time`, from `start`, or from the rule. */
static enum err
settle_time(const struct json_at *at, struct spec *s, struct err_ctx *e)
{
	struct json_at time = json_get(at, "time");
	const struct rrule *r = &s->rule;

	if (time.v != NULL && r->freq < RRULE_DAILY)
		return err_set(e, ERR_INPUT, time.path, "leave it out, or write it into start",
			       "contradicts FREQ=%s, which fires many times a day",
			       rrule_freq_name(r->freq));
	for (int part = RRULE_BYSECOND; part <= RRULE_BYHOUR; part++)
		if (time.v != NULL && rrule_has(r, (enum rrule_part)part))
			return err_set(e, ERR_INPUT, time.path, "keep one of them",
				       "contradicts %s of the rule",
				       rrule_part_name((enum rrule_part)part));
	if (s->second_of_day < 0 && r->freq >= RRULE_DAILY && !rrule_has(r, RRULE_BYHOUR))
		return err_set(e, ERR_INPUT, time.path, "add it, as \"time\":\"08:00\"",
			       "is missing");
	if (s->second_of_day < 0)
		s->second_of_day = 0;
	return ERR_OK;
}

static enum err
read_rrule(const struct json_at *at, struct spec *s, struct err_ctx *e)
{
	struct json_at value = json_get(at, "rrule");
	const char *text = NULL;
	enum err rc = json_need_string(&value, &text, e);

	if (rc == ERR_OK)
		rc = rrule_parse(text, s->zone_offset_s, value.path, &s->rule, e);
	if (rc == ERR_OK)
		rc = read_time(at, s, e);
	if (rc == ERR_OK)
		rc = read_start(at, s, e);
	if (rc == ERR_OK)
		rc = settle_time(at, s, e);
	return rc;
}

/* ---- anchor ---- */

static bool
looks_like_a_day(const char *text)
{
	return strspn(text, "0123456789-/.") == strlen(text);
}

/* "10-10": of every year that has this day. */
static enum err
read_day(const struct json_at *value, const char *text, struct spec *s, struct err_ctx *e)
{
	/* In a leap year, so that 02-29 is a day. */
	char as_date[16] = "2000-";
	const char *why;
	struct date c;
	struct moment m;

	if (strlen(text) != 5 || text[2] != '-')
		return err_set(e, ERR_INPUT, value->path, "write the day as MM-DD, like 10-10",
			       "\"%.60s\" is no day like 10-10", text);
	memcpy(as_date + 5, text, 6);
	why = moment_parse(slice_of(as_date), &m);
	if (why != NULL)
		return bad_text(value, text, "is a day that the calendar does not have", e);
	c = date_of_days(m.day);
	s->anchor.count = 1;
	s->anchor.days[0] = (struct feast_day){true, c.month, c.day, INT64_MIN, INT64_MAX};
	return ERR_OK;
}

static enum err
read_anchor_day(const struct json_at *at, const struct calendar *calendar, struct spec *s,
		struct err_ctx *e)
{
	struct json_at value = json_get(at, "anchor");
	const char *text = NULL;
	enum err rc = json_need_string(&value, &text, e);

	if (rc != ERR_OK)
		return rc;
	if (strlen(text) > SPEC_NAME_MAX)
		return bad_text(&value, text, "is too long", e);
	return looks_like_a_day(text) ? read_day(&value, text, s, e)
				      : calendar_feast(calendar, text, value.path, &s->anchor, e);
}

/* "-7d", "+1w", "0d" */
static enum err
read_offset(const struct json_at *at, int *days, struct err_ctx *e)
{
	static const char wanted[] = "is no distance like -7d, 0d or +1w";
	const char *text = NULL;
	struct slice s;
	int64_t v;
	enum err rc = json_need_string(at, &text, e);

	if (rc != ERR_OK)
		return rc;
	s = slice_of(text);
	if (text[s.n - 1] != 'd' && text[s.n - 1] != 'w')
		return bad_text(at, text, wanted, e);
	s.n--;
	if (s.n > 1 && s.p[0] == '+' && s.p[1] != '-') {
		s.p++;
		s.n--;
	}
	if (!slice_to_i64(s, &v))
		return bad_text(at, text, wanted, e);
	if (v < -SPEC_OFFSET_DAYS_MAX || v > SPEC_OFFSET_DAYS_MAX)
		return bad_text(at, text, "is more than a year away", e);
	if (text[strlen(text) - 1] == 'w')
		v *= 7;
	if (v < -SPEC_OFFSET_DAYS_MAX || v > SPEC_OFFSET_DAYS_MAX)
		return bad_text(at, text, "is more than a year away", e);
	*days = (int)v;
	return ERR_OK;
}

static enum err
read_offsets(const struct json_at *at, struct spec *s, struct err_ctx *e)
{
	struct json_at list = json_get(at, "offsets");
	size_t n = json_array_size(list.v);
	enum err rc = json_want_array(&list, e);

	if (rc != ERR_OK)
		return rc;
	if (list.v == NULL) {
		s->offsets_n = 1; /* the day itself */
		return ERR_OK;
	}
	if (n == 0 || n > SPEC_OFFSETS_MAX)
		return err_set(e, ERR_INPUT, list.path, "leave it out for the day itself",
			       "must have 1 to %d entries, has %zu", SPEC_OFFSETS_MAX, n);
	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		struct json_at item = json_item(&list, i);

		rc = read_offset(&item, &s->offsets[i], e);
	}
	s->offsets_n = n;
	return rc;
}

static enum err
need_time(const struct json_at *at, struct spec *s, struct err_ctx *e)
{
	struct json_at time = json_get(at, "time");

	if (time.v == NULL)
		return err_set(e, ERR_INPUT, time.path, "add it, as \"time\":\"08:00\"",
			       "is missing");
	return read_time(at, s, e);
}

static enum err
read_anchor(const struct json_at *at, const struct calendar *calendar, struct spec *s,
	    struct err_ctx *e)
{
	enum err rc = read_anchor_day(at, calendar, s, e);

	if (rc == ERR_OK)
		rc = read_offsets(at, s, e);
	return rc == ERR_OK ? need_time(at, s, e) : rc;
}

/* ---- column ---- */

static enum err
read_column(const struct json_at *at, struct spec *s, struct err_ctx *e)
{
	struct json_at value = json_get(at, "column"), yearly = json_get(at, "yearly");
	const char *text = NULL;
	enum err rc = json_need_string(&value, &text, e);

	if (rc == ERR_OK && (text[0] == '\0' || strlen(text) > SPEC_NAME_MAX))
		return bad_text(&value, text, "is no name of a column", e);
	if (rc == ERR_OK && strpbrk(text, "`\"'\n\\") != NULL)
		return bad_text(&value, text, "has a quotation mark", e);
	if (rc == ERR_OK)
		snprintf(s->column, sizeof(s->column), "%s", text);
	if (rc == ERR_OK)
		rc = json_read_bool(&yearly, &s->is_yearly, e);
	if (rc == ERR_OK)
		rc = read_offsets(at, s, e);
	if (rc == ERR_OK && s->is_yearly && s->offsets_n > SPEC_YEARLY_OFFSETS_MAX)
		return err_set(e, ERR_INPUT, json_get(at, "offsets").path,
			       "make several schedules of it",
			       "must have 1 to %d entries with yearly, has %zu",
			       SPEC_YEARLY_OFFSETS_MAX, s->offsets_n);
	return rc == ERR_OK ? need_time(at, s, e) : rc;
}

enum err
spec_read(const struct json_at *at, const struct calendar *calendar, struct spec *out,
	  struct err_ctx *e)
{
	enum err rc;

	*out = (struct spec){.second_of_day = -1};
	rc = json_only_keys(at, all_keys, ARRAY_LEN(all_keys), e);
	if (rc == ERR_OK)
		rc = read_kind(at, out, e);
	if (rc == ERR_OK)
		rc = read_zone(at, out, e);
	if (rc != ERR_OK)
		return rc;
	switch (out->kind) {
	case SPEC_AT:
		return read_at(at, out, e);
	case SPEC_RRULE:
		return read_rrule(at, out, e);
	case SPEC_ANCHOR:
		return read_anchor(at, calendar, out, e);
	case SPEC_COLUMN:
		return read_column(at, out, e);
	}
	return ERR_OK;
}
