/* SPDX-License-Identifier: MIT */
#include "dispatcher/calendar.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/date.h"
#include "base/mem.h"
#include "base/text.h"

#define LOOK_DAYS 3660 /* ten years: whoever makes every day a holiday gets an answer too */
#define NAME_MAX_BYTES 200
#define ID_MAX_BYTES 40

/* from..to; yearly: month and day of each year, the entry holds from `from` to `to`. */
struct entry {
	enum day_kind kind;
	bool is_yearly;
	int month, day;
	int64_t from, to;
	char *name;
	char *key, *id; /* the words of its name, of its id, for comparing; id NULL = none */
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

/* Without capitals and accents, the words joined by hyphens: "Giỗ Tổ" is gio-to. */
static char *
words_of(const char *name)
{
	struct buf folded = {0}, out = {0};

	buf_adds(&out, "");
	text_add_unaccented_folded(&folded, slice_of(name));
	for (size_t i = 0; i < folded.len; i++) {
		unsigned char c = (unsigned char)folded.data[i];

		if (c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'))
			buf_addc(&out, (char)c);
		else if (out.len > 0 && out.data[out.len - 1] != '-')
			buf_addc(&out, '-');
	}
	while (out.len > 0 && out.data[out.len - 1] == '-')
		out.data[--out.len] = '\0';
	buf_free(&folded);
	return buf_take(&out);
}

static enum err
read_words(const struct json_at *at, struct entry *out, struct err_ctx *e)
{
	static const char *const kinds[] = {"holiday", "workday", "feast"};
	struct json_at name = json_get(at, "name"), kind = json_get(at, "kind");
	struct json_at source = json_get(at, "source"), id = json_get(at, "id");
	const char *text = "", *from = "", *word = "", *short_name = NULL;
	int which = 0;
	enum err rc;

	if ((rc = json_need_string(&name, &text, e)) != ERR_OK ||
	    (rc = json_read_string(&id, &short_name, e)) != ERR_OK ||
	    (rc = json_read_string(&source, &from, e)) != ERR_OK ||
	    (rc = json_need_string(&kind, &word, e)) != ERR_OK ||
	    (rc = json_read_choice(&kind, kinds, ARRAY_LEN(kinds), &which, e)) != ERR_OK)
		return rc;
	if (text[0] == '\0' || strlen(text) > NAME_MAX_BYTES)
		return err_set(e, ERR_INPUT, name.path, "", "must have 1 to %d bytes",
			       NAME_MAX_BYTES);
	if (short_name != NULL && (short_name[0] == '\0' || strlen(short_name) > ID_MAX_BYTES))
		return err_set(e, ERR_INPUT, id.path, "", "must have 1 to %d bytes", ID_MAX_BYTES);
	out->kind = (enum day_kind)which;
	out->name = xstrdup(text);
	out->key = words_of(text);
	out->id = short_name != NULL ? words_of(short_name) : NULL;
	return ERR_OK;
}

static enum err
read_entry(const struct json_at *at, struct entry *out, struct err_ctx *e)
{
	static const char *const keys[] = {"name", "kind",   "source", "date",	"from",
					   "to",   "yearly", "since",  "until", "id"};
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
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->count; i++) {
		free(c->entries[i].name);
		free(c->entries[i].key);
		free(c->entries[i].id);
	}
	free(c);
}

/* ---- asking ---- */

static bool
entry_is_on(const struct entry *e, int64_t day, struct date d)
{
	return e->from <= day && day <= e->to &&
	       (!e->is_yearly || (e->month == d.month && e->day == d.day));
}

bool
calendar_has(const struct calendar *c, enum day_kind kind, int64_t day)
{
	struct date d = date_of_days(day);

	for (size_t i = 0; i < c->count; i++)
		if (c->entries[i].kind == kind && entry_is_on(&c->entries[i], day, d))
			return true;
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

/* ---- feasts ---- */

static bool
is_called(const struct entry *e, const char *key)
{
	return strcmp(e->key, key) == 0 || (e->id != NULL && strcmp(e->id, key) == 0);
}

/* False: there are too many. */
static bool
collect_days(const struct calendar *c, enum day_kind kind, const char *key, struct feast *out)
{
	out->count = 0;
	for (size_t i = 0; i < c->count; i++) {
		const struct entry *e = &c->entries[i];

		if (e->kind != kind || !is_called(e, key))
			continue;
		if (out->count == FEAST_DAYS_MAX)
			return false;
		out->days[out->count++] =
			(struct feast_day){e->is_yearly, e->month, e->day, e->from, e->to};
	}
	return true;
}

/* A year without it between two that have it; 0 = there is none. */
static int
hole_of(const struct feast *f)
{
	int first = 0, last = 0;
	int64_t days[FEAST_DAYS_MAX];

	for (size_t i = 0; i < f->count; i++) {
		int year = f->days[i].is_yearly ? 0 : date_of_days(f->days[i].from).year;

		if (year == 0)
			return 0;
		first = i == 0 || year < first ? year : first;
		last = year > last ? year : last;
	}
	for (int y = first + 1; y < last; y++)
		if (feast_in_year(f, y, days) == 0)
			return y;
	return 0;
}

/* Ids of the feasts, or the words of those that have none; as long as there is room. */
static void
add_known(const struct calendar *c, bool has_id, struct buf *out)
{
	const char *last = "";

	for (size_t i = 0; i < c->count; i++) {
		const struct entry *one = &c->entries[i];
		const char *word = has_id ? one->id : one->key;

		if (one->kind == DAY_WORK || (one->id != NULL) != has_id ||
		    strcmp(word, last) == 0 ||
		    out->len + strlen(word) + 2 > sizeof(((struct err_ctx *)0)->todo))
			continue;
		buf_addf(out, " %s", word);
		last = word;
	}
}

static enum err
refuse_name(const struct calendar *c, const char *name, const char *what, struct err_ctx *e)
{
	struct buf known = {0};
	enum err rc;

	buf_adds(&known, "the calendar has");
	add_known(c, true, &known);
	add_known(c, false, &known);
	rc = err_set(e, ERR_INPUT, what, known.data,
		     "\"%.60s\" is no day like 10-10 and no feast of the calendar", name);
	buf_free(&known);
	return rc;
}

enum err
calendar_feast(const struct calendar *c, const char *name, const char *what, struct feast *out,
	       struct err_ctx *e)
{
	char *key = words_of(name);
	bool fits = collect_days(c, DAY_FEAST, key, out);
	int hole;

	if (fits && out->count == 0)
		fits = collect_days(c, DAY_HOLIDAY, key, out);
	free(key);
	if (!fits)
		return err_set(e, ERR_INPUT, what, "take past years out of the calendar",
			       "\"%.60s\" has more than %d entries in the calendar", name,
			       FEAST_DAYS_MAX);
	if (out->count == 0)
		return refuse_name(c, name, what, e);
	hole = hole_of(out);
	if (hole != 0)
		return err_set(e, ERR_INPUT, what, "write its day into the calendar's file",
			       "\"%.60s\" has no day in %d, but before and after it", name, hole);
	return ERR_OK;
}

static int
compare_days(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

size_t
feast_in_year(const struct feast *f, int year, int64_t out[FEAST_DAYS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++) {
		const struct feast_day *d = &f->days[i];
		struct date c = {year, d->month, d->day};
		int64_t day = d->is_yearly ? date_to_days(c) : d->from;

		/* 29 February of another year would be a 1 March. */
		if (d->is_yearly && date_of_days(day).day != d->day)
			continue;
		if (date_of_days(day).year == year && d->from <= day && day <= d->to)
			out[n++] = day;
	}
	qsort(out, n, sizeof(out[0]), compare_days);
	return n;
}

int64_t
feast_last_day(const struct feast *f)
{
	int64_t last = INT64_MIN;

	for (size_t i = 0; i < f->count; i++) {
		int64_t day = f->days[i].is_yearly ? f->days[i].to : f->days[i].from;

		last = day > last ? day : last;
	}
	return last;
}

void
calendar_add_names(const struct calendar *c, int64_t day, struct buf *out)
{
	struct date d = date_of_days(day);
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++) {
		bool is_said = c->entries[i].kind == DAY_WORK;

		for (size_t k = 0; k < i && !is_said; k++)
			is_said = entry_is_on(&c->entries[k], day, d) &&
				  strcmp(c->entries[k].name, c->entries[i].name) == 0;
		if (!is_said && entry_is_on(&c->entries[i], day, d))
			buf_addf(out, "%s%s", n++ > 0 ? ", " : "", c->entries[i].name);
	}
}
