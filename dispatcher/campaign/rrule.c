/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/rrule.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/campaign/moment.h"

static const char *const freqs[] = {"MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"};
static const char *const weekdays[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};

/* The lists of numbers. `max_n` values at most; with can_be_negative also -max … -1. */
static const struct part {
	const char *name;
	int min, max;
	bool can_be_negative;
	size_t max_n;
} parts[RRULE_PARTS] = {
	[RRULE_BYSECOND] = {"BYSECOND", 0, 59, false, 60},
	[RRULE_BYMINUTE] = {"BYMINUTE", 0, 59, false, 60},
	[RRULE_BYHOUR] = {"BYHOUR", 0, 23, false, 24},
	[RRULE_BYDAY] = {"BYDAY", 1, 53, true, RRULE_LIST_MAX},
	[RRULE_BYMONTHDAY] = {"BYMONTHDAY", 1, 31, true, 31},
	[RRULE_BYYEARDAY] = {"BYYEARDAY", 1, 366, true, RRULE_LIST_MAX},
	/* Not 53: libical 3.0.16 finds that week in every year. */
	[RRULE_BYWEEKNO] = {"BYWEEKNO", 1, 52, true, 52},
	[RRULE_BYMONTH] = {"BYMONTH", 1, 12, false, 12},
	[RRULE_BYSETPOS] = {"BYSETPOS", 1, 366, true, RRULE_LIST_MAX},
};

/* The parts that are no lists, in the order of the handlers below. */
enum { KEY_FREQ, KEY_INTERVAL, KEY_COUNT, KEY_UNTIL, KEY_WKST, KEYS };
static const char *const keys[KEYS] = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"};

/* What is passed along while a text is read. */
struct reading {
	struct rrule *r;
	bool has[KEYS];
	int zone_offset_s;
	const char *what;
	struct err_ctx *e;
};

const char *
rrule_freq_name(enum rrule_freq freq)
{
	return freqs[freq];
}

const char *
rrule_part_name(enum rrule_part part)
{
	return parts[part].name;
}

const char *
rrule_weekday_name(int weekday)
{
	return weekdays[weekday];
}

static int
find_name(const char *word, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, names[i]) == 0)
			return (int)i;
	return -1;
}

/* ---- values ---- */

static enum err
bad_value(struct reading *rd, const char *key, const char *value, const char *wanted)
{
	return err_set(rd->e, ERR_INPUT, rd->what, "", "%s=%.40s: must be %s", key, value, wanted);
}

/* A whole number, also with a sign. */
static bool
read_number(const char *s, int *out)
{
	bool is_negative = *s == '-';
	int v = 0;

	if (*s == '-' || *s == '+')
		s++;
	if (*s == '\0' || strlen(s) > 7)
		return false;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return false;
		v = v * 10 + (*s - '0');
	}
	*out = is_negative ? -v : v;
	return true;
}

static enum err
read_bounded(struct reading *rd, const char *key, const char *value, int max, int *out)
{
	char wanted[40];

	if (read_number(value, out) && *out >= 1 && *out <= max)
		return ERR_OK;
	snprintf(wanted, sizeof(wanted), "1 to %d", max);
	return bad_value(rd, key, value, wanted);
}

/* 20271010, 20271010T080000, 20271010T010000Z; a bare day ends with its last second. */
static enum err
read_until(struct reading *rd, const char *value)
{
	static const char wanted[] = "like 20271010T010000Z, 20271010T080000 or 20271010";
	size_t n = strlen(value);
	bool is_utc = n > 0 && value[n - 1] == 'Z';
	char text[32];
	struct moment m;

	n -= is_utc;
	if (n == 8 && !is_utc)
		snprintf(text, sizeof(text), "%.4s-%.2s-%.2s", value, value + 4, value + 6);
	else if (n == 15 && value[8] == 'T')
		snprintf(text, sizeof(text), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s%s", value, value + 4,
			 value + 6, value + 9, value + 11, value + 13, is_utc ? "Z" : "");
	else
		return bad_value(rd, "UNTIL", value, wanted);
	if (moment_parse(slice_of(text), &m) != NULL)
		return bad_value(rd, "UNTIL", value, wanted);
	if (m.second_of_day < 0)
		m.second_of_day = DAY_S - 1;
	rd->r->until_s = moment_to_unix(&m, rd->zone_offset_s);
	return ERR_OK;
}

static enum err
read_freq(struct reading *rd, const char *value)
{
	int i = find_name(value, freqs, ARRAY_LEN(freqs));
	const char *near_name = nearest_name(value, freqs, ARRAY_LEN(freqs));
	char todo[60] = "";

	if (i >= 0) {
		rd->r->freq = (enum rrule_freq)i;
		return ERR_OK;
	}
	if (strcmp(value, "SECONDLY") == 0)
		return err_set(rd->e, ERR_INPUT, rd->what, "use MINUTELY or longer",
			       "FREQ=SECONDLY: a rule fires at most once a minute");
	if (near_name != NULL)
		snprintf(todo, sizeof(todo), "did you mean %s?", near_name);
	return err_set(rd->e, ERR_INPUT, rd->what, todo,
		       "FREQ=%.40s: must be YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY or MINUTELY",
		       value);
}

static enum err
read_key(struct reading *rd, int key, const char *value)
{
	switch (key) {
	case KEY_FREQ:
		return read_freq(rd, value);
	case KEY_INTERVAL:
		return read_bounded(rd, "INTERVAL", value, RRULE_INTERVAL_MAX, &rd->r->interval);
	case KEY_COUNT:
		return read_bounded(rd, "COUNT", value, RRULE_COUNT_MAX, &rd->r->count);
	case KEY_UNTIL:
		return read_until(rd, value);
	default:
		rd->r->week_start = find_name(value, weekdays, ARRAY_LEN(weekdays));
		return rd->r->week_start >= 0
			       ? ERR_OK
			       : bad_value(rd, "WKST", value, "one of MO, TU, WE, TH, FR, SA, SU");
	}
}

/* One of the values of a list: 10, -1, or of BYDAY: MO, 2TU, -1FR. */
static bool
read_list_value(enum rrule_part part, char *word, struct rrule_value *out)
{
	const struct part *p = &parts[part];
	size_t n = strlen(word);
	int *number = part == RRULE_BYDAY ? &out->ordinal : &out->v;

	*out = (struct rrule_value){0};
	if (part == RRULE_BYDAY) {
		out->v = n < 2 ? -1 : find_name(word + n - 2, weekdays, ARRAY_LEN(weekdays));
		if (out->v < 0)
			return false;
		if (n == 2)
			return true;
		word[n - 2] = '\0';
	}
	if (!read_number(word, number))
		return false;
	if (*number < 0)
		return p->can_be_negative && -*number >= p->min && -*number <= p->max;
	return *number >= p->min && *number <= p->max;
}

static enum err
bad_list_value(struct reading *rd, enum rrule_part part, const char *word)
{
	const struct part *p = &parts[part];
	char wanted[80];

	if (part == RRULE_BYDAY)
		snprintf(wanted, sizeof(wanted), "like MO, 2TU or -1FR");
	else
		snprintf(wanted, sizeof(wanted),
			 p->can_be_negative ? "%d to %d or -%d to -%d" : "%d to %d", p->min, p->max,
			 p->max, p->min);
	return bad_value(rd, p->name, word, wanted);
}

static int
compare_values(const void *a, const void *b)
{
	const struct rrule_value *x = a, *y = b;

	return (x->v > y->v) - (x->v < y->v);
}

static enum err
read_list(struct reading *rd, enum rrule_part part, char *value)
{
	struct rrule_list *l = &rd->r->by[part];
	char *next = value;

	while (next != NULL) {
		char *word = next, shown[16];
		struct rrule_value v;

		next = strchr(word, ',');
		if (next != NULL)
			*next++ = '\0';
		snprintf(shown, sizeof(shown), "%s", word);
		if (!read_list_value(part, word, &v))
			return bad_list_value(rd, part, shown);
		for (size_t i = 0; i < l->n; i++)
			if (l->at[i].v == v.v && l->at[i].ordinal == v.ordinal)
				return err_set(rd->e, ERR_INPUT, rd->what, "name it once",
					       "%s names %s twice", parts[part].name, shown);
		if (l->n == parts[part].max_n)
			return err_set(rd->e, ERR_INPUT, rd->what, "",
				       "%s has more than %zu values", parts[part].name,
				       parts[part].max_n);
		l->at[l->n++] = v;
	}
	if (part != RRULE_BYDAY)
		qsort(l->at, l->n, sizeof(l->at[0]), compare_values);
	return ERR_OK;
}

/* ---- parts ---- */

static enum err
unknown_part(struct reading *rd, const char *name)
{
	const char *all[RRULE_PARTS + KEYS];
	const char *near_name;
	char todo[60] = "";

	for (int i = 0; i < RRULE_PARTS; i++)
		all[i] = parts[i].name;
	for (int i = 0; i < KEYS; i++)
		all[RRULE_PARTS + i] = keys[i];
	near_name = nearest_name(name, all, ARRAY_LEN(all));
	if (near_name != NULL)
		snprintf(todo, sizeof(todo), "did you mean %s?", near_name);
	return err_set(rd->e, ERR_INPUT, rd->what, todo, "\"%.40s\" is no part of a rule here",
		       name);
}

/* NAME=VALUE; the text is taken apart in place. */
static enum err
read_part(struct reading *rd, char *text)
{
	char *value = strchr(text, '=');
	int key, part;
	bool is_again;

	if (value == NULL)
		return err_set(rd->e, ERR_INPUT, rd->what, "write it as NAME=VALUE, parts with ;",
			       "\"%.40s\" has no value", text);
	*value++ = '\0';
	key = find_name(text, keys, KEYS);
	for (part = 0; part < RRULE_PARTS && strcmp(parts[part].name, text) != 0; part++)
		;
	if (key < 0 && part == RRULE_PARTS)
		return unknown_part(rd, text);
	is_again = key >= 0 ? rd->has[key] : rd->r->by[part].n > 0;
	if (is_again)
		return err_set(rd->e, ERR_INPUT, rd->what, "keep one", "%s is given twice", text);
	if (key < 0)
		return read_list(rd, (enum rrule_part)part, value);
	rd->has[key] = true;
	return read_key(rd, key, value);
}

/* ---- what may stand together ---- */

static bool
has_ordinal(const struct rrule *r)
{
	for (size_t i = 0; i < r->by[RRULE_BYDAY].n; i++)
		if (r->by[RRULE_BYDAY].at[i].ordinal != 0)
			return true;
	return false;
}

/* Why the parts contradict each other by the RFC; NULL = they do not. */
static const char *
find_contradiction(const struct reading *rd)
{
	const struct rrule *r = rd->r;
	bool has_other = false;

	for (int p = 0; p < RRULE_PARTS; p++)
		has_other |= p != RRULE_BYSETPOS && r->by[p].n > 0;
	if (rd->has[KEY_COUNT] && rd->has[KEY_UNTIL])
		return "COUNT and UNTIL exclude each other";
	if (rrule_has(r, RRULE_BYWEEKNO) && r->freq != RRULE_YEARLY)
		return "BYWEEKNO needs FREQ=YEARLY";
	if (rrule_has(r, RRULE_BYYEARDAY) && r->freq >= RRULE_DAILY && r->freq <= RRULE_MONTHLY)
		return "BYYEARDAY cannot stand with FREQ=DAILY, WEEKLY or MONTHLY";
	if (rrule_has(r, RRULE_BYMONTHDAY) && r->freq == RRULE_WEEKLY)
		return "BYMONTHDAY cannot stand with FREQ=WEEKLY";
	if (has_ordinal(r) && r->freq != RRULE_MONTHLY && r->freq != RRULE_YEARLY)
		return "a number before a weekday of BYDAY needs FREQ=MONTHLY or YEARLY";
	if (has_ordinal(r) && rrule_has(r, RRULE_BYWEEKNO))
		return "a number before a weekday of BYDAY cannot stand with BYWEEKNO";
	if (rrule_has(r, RRULE_BYSETPOS) && !has_other)
		return "BYSETPOS chooses among what another BY part gives, and there is none";
	return NULL;
}

/* Allowed by the RFC, not done here; NULL = nothing of that kind. */
static const char *
find_unsupported(const struct rrule *r)
{
	if (r->by[RRULE_BYSECOND].n > 1)
		return "BYSECOND with several values: a rule fires at most once a minute";
	if (rrule_has(r, RRULE_BYYEARDAY) &&
	    (rrule_has(r, RRULE_BYMONTH) || rrule_has(r, RRULE_BYMONTHDAY) ||
	     rrule_has(r, RRULE_BYWEEKNO)))
		return "BYYEARDAY with BYMONTH, BYMONTHDAY or BYWEEKNO is not supported";
	if (rrule_has(r, RRULE_BYWEEKNO) && rrule_has(r, RRULE_BYMONTHDAY))
		return "BYWEEKNO with BYMONTHDAY is not supported";
	if (rrule_has(r, RRULE_BYWEEKNO) && rrule_has(r, RRULE_BYSETPOS))
		return "BYWEEKNO with BYSETPOS is not supported";
	/* libical 3.0.16 gets these wrong. */
	if (rrule_has(r, RRULE_BYWEEKNO) && r->week_start != 0)
		return "BYWEEKNO with a WKST other than MO is not supported";
	if (rrule_has(r, RRULE_BYWEEKNO) && rrule_has(r, RRULE_BYMONTH))
		return "BYWEEKNO with BYMONTH is not supported";
	if (has_ordinal(r) && (rrule_has(r, RRULE_BYMONTHDAY) || rrule_has(r, RRULE_BYYEARDAY)))
		return "a number before a weekday with BYMONTHDAY or BYYEARDAY is not supported";
	if (rrule_has(r, RRULE_BYSETPOS) && r->freq < RRULE_DAILY)
		return "BYSETPOS with FREQ=HOURLY or MINUTELY is not supported";
	return NULL;
}

/* Weeks of a month go to 5 only. */
static const char *
find_far_ordinal(const struct rrule *r)
{
	const struct rrule_list *days = &r->by[RRULE_BYDAY];

	if (r->freq == RRULE_YEARLY && !rrule_has(r, RRULE_BYMONTH))
		return NULL;
	for (size_t i = 0; i < days->n; i++)
		if (abs(days->at[i].ordinal) > 5)
			return "BYDAY counts the weekdays of a month, which has at most 5 of each";
	return NULL;
}

enum err
rrule_parse(const char *text, int zone_offset_s, const char *what, struct rrule *out,
	    struct err_ctx *e)
{
	struct reading rd = {.r = out, .zone_offset_s = zone_offset_s, .what = what, .e = e};
	const char *why;
	char *copy, *next;
	enum err rc = ERR_OK;

	*out = (struct rrule){.interval = 1, .until_s = INT64_MAX};
	if (strlen(text) > RRULE_TEXT_MAX)
		return err_set(e, ERR_INPUT, what, "make it shorter", "has more than %d bytes",
			       RRULE_TEXT_MAX);
	copy = xstrdup(text);
	for (char *c = copy; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	next = strncmp(copy, "RRULE:", 6) == 0 ? copy + 6 : copy;
	while (rc == ERR_OK && next != NULL) {
		char *part = next;

		next = strchr(part, ';');
		if (next != NULL)
			*next++ = '\0';
		rc = read_part(&rd, part);
	}
	free(copy);
	if (rc != ERR_OK)
		return rc;
	if (!rd.has[KEY_FREQ])
		return err_set(e, ERR_INPUT, what, "begin it with FREQ=YEARLY, MONTHLY …",
			       "has no FREQ");
	why = find_contradiction(&rd);
	if (why == NULL)
		why = find_unsupported(out);
	if (why == NULL)
		why = find_far_ordinal(out);
	return why == NULL ? ERR_OK : err_set(e, ERR_INPUT, what, "", "%s", why);
}
