/* SPDX-License-Identifier: MIT */
#include "segments/list_care.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/date.h"
#include "base/text.h"

static const char *const names[CARE_FACTS] = {
	[CARE_PURPOSE] = "purpose",
	[CARE_LEGAL_BASIS] = "legal_basis",
	[CARE_SOURCE] = "source",
	[CARE_RETAIN_UNTIL] = "retain_until",
};

const char *
care_name(enum care_fact f)
{
	return names[f];
}

void
care_day_vn(int64_t unix_s, char out[11])
{
	char time[32];

	clock_format_vn(unix_s, time);
	memcpy(out, time, 10);
	out[10] = '\0';
}

bool
care_is_locked(const struct list_care *c, int64_t now_s)
{
	const char *last = c->text[CARE_RETAIN_UNTIL];
	char today[11];

	if (last[0] == '\0')
		return false;
	care_day_vn(now_s, today);
	return strcmp(today, last) > 0;
}

void
care_add_missing(const struct list_care *c, struct buf *out)
{
	const char *comma = "";

	for (size_t f = 0; f < CARE_FACTS; f++) {
		if (c->text[f][0] != '\0')
			continue;
		buf_addf(out, "%s%s", comma, names[f]);
		comma = ", ";
	}
}

void
care_to_json(const struct list_care *c, json_t *out)
{
	json_t *missing = json_array();

	for (size_t f = 0; f < CARE_FACTS; f++) {
		if (c->text[f][0] != '\0')
			json_object_set_new(out, names[f], json_string(c->text[f]));
		else
			json_array_append_new(missing, json_string(names[f]));
	}
	json_object_set_new(out, "missing", missing);
}

static enum err
check_text(const char *path, const char *text, struct err_ctx *e)
{
	if (strlen(text) > CARE_TEXT_MAX)
		return err_set(e, ERR_INPUT, path, "shorten it", "has more than %u bytes",
			       CARE_TEXT_MAX);
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return err_set(e, ERR_INPUT, path, "write one line",
				       "has a control character");
	return ERR_OK;
}

enum err
care_read(struct list_care *c, bool given[CARE_FACTS], const struct json_at *at, struct err_ctx *e)
{
	enum err rc = ERR_OK;

	for (size_t f = 0; f < CARE_FACTS; f++) {
		struct json_at one = json_get(at, names[f]);
		const char *text = NULL;
		struct date day;

		given[f] = false;
		rc = json_read_string(&one, &text, e);
		if (rc == ERR_OK && text != NULL)
			rc = check_text(one.path, text, e);
		if (rc != ERR_OK)
			return rc;
		if (text == NULL)
			continue;
		if (f == CARE_RETAIN_UNTIL && text[0] != '\0' &&
		    !date_read_day(slice_of(text), &day))
			return err_set(e, ERR_INPUT, one.path,
				       "write the last day of use as 2027-12-31",
				       "\"%.60s\" is no day", text);
		given[f] = true;
		snprintf(c->text[f], sizeof(c->text[f]), "%s", text);
	}
	return rc;
}

enum err
care_refuse(const char *list, const struct list_care *c, struct err_ctx *e)
{
	return err_set(e, ERR_REFUSED, list,
		       "delete it with loa list rm, or give a later day and a reason with loa list "
		       "set --retain-until DATE --reason WHY",
		       "is locked: the last day it may be used was %s", c->text[CARE_RETAIN_UNTIL]);
}
