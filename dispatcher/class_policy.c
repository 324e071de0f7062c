/* SPDX-License-Identifier: MIT */
#include "dispatcher/class_policy.h"

#include <stdio.h>

#include "base/date.h"
#include "base/mem.h"

const char *const approval_names[3] = {"none", "second-person", "two-approvers"};

static enum err
read_minute(const struct json_at *at, int *out, struct err_ctx *e)
{
	const char *s = NULL;
	int h, m, n = 0;
	enum err rc = json_read_string(at, &s, e);

	if (rc != ERR_OK || s == NULL)
		return rc;
	if (sscanf(s, "%2d:%2d%n", &h, &m, &n) != 2 || s[n] != '\0' || h < 0 || h > 24 || m < 0 ||
	    m > 59 || h * 60 + m > 1440)
		return err_set(e, ERR_INPUT, at->path, "write 07:00", "\"%s\" is no time of day",
			       s);
	*out = h * 60 + m;
	return ERR_OK;
}

/* "caps": {"day": 3, "week": 10, "over": "skip" | "later"} */
static enum err
read_caps(struct class_policy *cp, const struct json_at *at, struct err_ctx *e)
{
	static const char *const keys[] = {"day", "week", "over"}, *const overs[] = {"skip",
										     "later"};
	struct json_at day = json_get(at, "day"), week = json_get(at, "week");
	struct json_at over_at = json_get(at, "over");
	int over = 0;
	enum err rc;

	if ((rc = json_want_object(at, e)) != ERR_OK ||
	    (rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_read_int(&day, 1, CAP_MAX, &cp->cap_day, e)) != ERR_OK ||
	    (rc = json_read_int(&week, 1, CAP_MAX, &cp->cap_week, e)) != ERR_OK ||
	    (rc = json_read_choice(&over_at, overs, ARRAY_LEN(overs), &over, e)) != ERR_OK)
		return rc;
	if (at->v != NULL && cp->cap_day == 0 && cp->cap_week == 0)
		return err_set(e, ERR_INPUT, at->path, "write \"day\", \"week\" or both",
			       "says no number");
	cp->is_cap_later = over == 1;
	return ERR_OK;
}

enum err
class_policy_read(const struct json_at *entry, struct class_policy *out, struct err_ctx *e)
{
	static const char *const keys[] = {"class", "since",	"priority", "hours",
					   "caps",  "wait_min", "approval"};
	static const char *const hour_keys[] = {"from", "to"};
	struct json_at name_at = json_get(entry, "class"), since_at = json_get(entry, "since");
	struct json_at hours = json_get(entry, "hours"), prio_at = json_get(entry, "priority");
	struct json_at caps = json_get(entry, "caps"), wait = json_get(entry, "wait_min");
	struct json_at approval_at = json_get(entry, "approval");
	struct json_at from_at = json_get(&hours, "from"), to_at = json_get(&hours, "to");
	struct class_policy cp = {.hours_from = 0, .hours_to = 1440};
	const char *name = "", *since = "1000-01-01";
	struct date day;
	int64_t prio = 3;
	int approval = APPROVAL_NONE;
	enum err rc;

	if ((rc = json_only_keys(entry, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_need_string(&name_at, &name, e)) != ERR_OK ||
	    (rc = json_read_string(&since_at, &since, e)) != ERR_OK ||
	    (rc = json_read_int(&prio_at, 0, 9, &prio, e)) != ERR_OK ||
	    (rc = json_want_object(&hours, e)) != ERR_OK ||
	    (rc = json_only_keys(&hours, hour_keys, ARRAY_LEN(hour_keys), e)) != ERR_OK ||
	    (rc = read_minute(&from_at, &cp.hours_from, e)) != ERR_OK ||
	    (rc = read_minute(&to_at, &cp.hours_to, e)) != ERR_OK ||
	    (rc = json_read_int(&wait, 1, WAIT_MIN_MAX, &cp.wait_min, e)) != ERR_OK ||
	    (rc = json_read_choice(&approval_at, approval_names, ARRAY_LEN(approval_names),
				   &approval, e)) != ERR_OK ||
	    (rc = read_caps(&cp, &caps, e)) != ERR_OK)
		return rc;
	if (name[0] == '\0' || strlen(name) >= sizeof(cp.name))
		return err_set(e, ERR_INPUT, name_at.path, "", "must have 1 to 15 bytes");
	if (!date_read_day(slice_of(since), &day))
		return err_set(e, ERR_INPUT, since_at.path, "write 2027-01-01", "\"%s\" is no day",
			       since);
	if (cp.hours_from == cp.hours_to)
		return err_set(e, ERR_INPUT, hours.path, "leave it out for any time",
			       "from and to are the same");
	snprintf(cp.name, sizeof(cp.name), "%s", name);
	snprintf(cp.since, sizeof(cp.since), "%s", since);
	cp.priority = (int)prio;
	cp.approval = (enum approval_level)approval;
	*out = cp;
	return ERR_OK;
}

bool
class_is_open(const struct class_policy *c, int minute)
{
	if (c->hours_from <= c->hours_to)
		return minute >= c->hours_from && minute < c->hours_to;
	return minute >= c->hours_from || minute < c->hours_to;
}
