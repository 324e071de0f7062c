/* SPDX-License-Identifier: MIT */
#include "dispatcher/calendar.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/date.h"
#include "base/mem.h"

#define LOOK_DAYS 3660 /* ten years: whoever makes every day a holiday gets an answer too */
#define NAME_MAX_BYTES 200

/* from..to; yearly: month and day of each year, the entry holds from `from` to `to`. */
struct entry {
	enum day_kind kind;
	bool is_yearly;
	int month, day;
	int64_t from, to;
};

struct calendar {
	size_t count;
	struct entry entries[];
};

/* ---- reading ---- */

static enum err
say_no_day(const struct json_at *at, const char *text, const char *form, struct err_ctx *e)
{
	return err_set(e, ERR_INPUT, at->path, form, "\"%.40s\" is no day", text);
}

/* "2026-09-02"; *has false: it is not there. */
static enum err
read_day(const struct json_at *at, int64_t *out, bool *has, struct err_ctx *e)
{
	const char *text = NULL;
	struct date d;
	enum err rc = json_read_string(at, &text, e);

	*has = text != NULL;
	if (rc != ERR_OK || text == NULL)
		return rc;
	if (!date_read_day(slice_of(text), &d))
		return say_no_day(at, text, "write 2026-09-02", e);
	*out = date_to_days(d);
	return ERR_OK;
}

/* "09-02"; 02-29 is of leap years only. */
static enum err
read_yearly(const struct json_at *at, struct entry *out, struct err_ctx *e)
{
	const char *text = NULL;
	char dated[16];
	struct date d;
	enum err rc = json_read_string(at, &text, e);

	if (rc != ERR_OK || text == NULL)
		return rc;
	snprintf(dated, sizeof(dated), "2000-%.8s", text);
	if (strlen(text) != 5 || text[2] != '-' || !date_read(slice_of(dated), &d) || d.day == 0)
		return say_no_day(at, text, "write 09-02: month, then day", e);
	out->is_yearly = true;
	out->month = d.month;
	out->day = d.day;
	return ERR_OK;
}

struct entry_days {
	int64_t date, from, to, since, until;
	bool has_date, has_from, has_to, has_since, has_until;
};

/* Which days: one of the three ways to say it. */
static enum err
take_days(const struct json_at *at, const struct entry_days *d, struct entry *out,
	  struct err_ctx *e)
{
	if (d->has_date + (d->has_from || d->has_to) + out->is_yearly != 1)
		return err_set(e, ERR_INPUT, at->path,
			       "give one of \"date\", \"from\" with \"to\", \"yearly\"",
			       "says its day in no way, or in several");
	if (d->has_from != d->has_to)
		return err_set(e, ERR_INPUT, at->path, "give both", "has no \"%s\"",
			       d->has_from ? "to" : "from");
	if (!out->is_yearly && (d->has_since || d->has_until))
		return err_set(e, ERR_INPUT, at->path, "leave them out",
			       "has \"since\" or \"until\", which belong to \"yearly\"");
	if (d->has_date) {
		out->from = out->to = d->date;
	} else if (d->has_from) {
		out->from = d->from;
		out->to = d->to;
	} else {
		out->from = d->has_since ? d->since : INT64_MIN;
		out->to = d->has_until ? d->until : INT64_MAX;
	}
	if (out->from > out->to)
		return err_set(e, ERR_INPUT, at->path, "", "ends before it begins");
	if (!out->is_yearly && out->to - out->from >= CALENDAR_SPAN_MAX)
		return err_set(e, ERR_INPUT, at->path, "write a year of it, or what is yearly",
			       "has more than %d days", CALENDAR_SPAN_MAX);
	return ERR_OK;
}

static enum err
read_words(const struct json_at *at, struct entry *out, struct err_ctx *e)
{
	static const char *const kinds[] = {"holiday", "workday"};
	struct json_at name = json_get(at, "name"), kind = json_get(at, "kind");
	struct json_at source = json_get(at, "source");
	const char *text = "", *from = "", *word = "";
	int which = 0;
	enum err rc;

	if ((rc = json_need_string(&name, &text, e)) != ERR_OK ||
	    (rc = json_read_string(&source, &from, e)) != ERR_OK ||
	    (rc = json_need_string(&kind, &word, e)) != ERR_OK ||
	    (rc = json_read_choice(&kind, kinds, ARRAY_LEN(kinds), &which, e)) != ERR_OK)
		return rc;
	if (text[0] == '\0' || strlen(text) > NAME_MAX_BYTES)
		return err_set(e, ERR_INPUT, name.path, "", "must have 1 to %d bytes",
			       NAME_MAX_BYTES);
	out->kind = (enum day_kind)which;
	return ERR_OK;
}

static enum err
read_entry(const struct json_at *at, struct entry *out, struct err_ctx *e)
{
	static const char *const keys[] = {"name", "kind",   "source", "date", "from",
					   "to",   "yearly", "since",  "until"};
	struct json_at date = json_get(at, "date"), from = json_get(at, "from");
	struct json_at to = json_get(at, "to"), yearly = json_get(at, "yearly");
	struct json_at since = json_get(at, "since"), until = json_get(at, "until");
	struct entry_days d = {0};
	enum err rc;

	*out = (struct entry){0};
	if ((rc = json_want_object(at, e)) != ERR_OK ||
	    (rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = read_words(at, out, e)) != ERR_OK ||
	    (rc = read_day(&date, &d.date, &d.has_date, e)) != ERR_OK ||
	    (rc = read_day(&from, &d.from, &d.has_from, e)) != ERR_OK ||
	    (rc = read_day(&to, &d.to, &d.has_to, e)) != ERR_OK ||
	    (rc = read_day(&since, &d.since, &d.has_since, e)) != ERR_OK ||
	    (rc = read_day(&until, &d.until, &d.has_until, e)) != ERR_OK ||
	    (rc = read_yearly(&yearly, out, e)) != ERR_OK)
		return rc;
	return take_days(at, &d, out, e);
}

enum err
calendar_read(json_t *document, struct calendar **out, struct err_ctx *e)
{
	static const char *const keys[] = {"comment", "days"};
	struct json_at root = json_root(document), days = json_get(&root, "days");
	size_t count = json_array_size(days.v);
	struct calendar *c;
	enum err rc;

	if ((rc = json_want_object(&root, e)) != ERR_OK ||
	    (rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_want_array(&days, e)) != ERR_OK)
		return rc;
	if (count > CALENDAR_ENTRIES_MAX)
		return err_set(e, ERR_INPUT, days.path, "take past years out",
			       "has more than %u entries", CALENDAR_ENTRIES_MAX);
	c = xcalloc(1, sizeof(*c) + count * sizeof(c->entries[0]));
	for (; rc == ERR_OK && c->count < count; c->count++) {
		struct json_at one = json_item(&days, c->count);

		rc = read_entry(&one, &c->entries[c->count], e);
	}
	if (rc == ERR_OK)
		*out = c;
	else
		calendar_free(c);
	return rc;
}

void
calendar_free(struct calendar *c)
{
	free(c);
}

/* ---- asking ---- */

bool
calendar_has(const struct calendar *c, enum day_kind kind, int64_t day)
{
	struct date d = date_of_days(day);

	for (size_t i = 0; i < c->count; i++) {
		const struct entry *e = &c->entries[i];

		if (e->kind == kind && e->from <= day && day <= e->to &&
		    (!e->is_yearly || (e->month == d.month && e->day == d.day)))
			return true;
	}
	return false;
}

bool
calendar_is_working(const struct calendar *c, int64_t day)
{
	if (calendar_has(c, DAY_WORK, day))
		return true;
	return day_weekday(day) < 5 && !calendar_has(c, DAY_HOLIDAY, day);
}

int64_t
calendar_working_days_after(const struct calendar *c, int64_t day, int64_t days)
{
	int64_t last = day + LOOK_DAYS;

	while (days > 0 && day < last)
		days -= calendar_is_working(c, ++day);
	return day;
}
