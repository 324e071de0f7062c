/* SPDX-License-Identifier: MIT */
#include "dispatcher/class_policy.h"

#include <stdio.h>

#include "base/date.h"
#include "base/mem.h"

#define FRAME_MAX 100u /* bytes of a label or a footer: CONTENT_LABEL_MAX */

const char *const approval_names[3] = {"none", "second-person", "two-approvers"};
const char *const campaign_field_names[CAMPAIGN_FIELDS] = {"goal", "event"};

/* One line of at most `most` bytes; *out stays when it is not said. */
static enum err
read_line(const struct json_at *at, char *out, size_t most, struct err_ctx *e)
{
	const char *s = NULL;
	enum err rc = json_read_string(at, &s, e);

	if (rc != ERR_OK || s == NULL)
		return rc;
	if (strlen(s) > most)
		return err_set(e, ERR_INPUT, at->path, "shorten it", "has more than %zu bytes",
			       most);
	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return err_set(e, ERR_INPUT, at->path, "write it on one line",
				       "has a control character");
	snprintf(out, most + 1, "%s", s);
	return ERR_OK;
}

static enum err
read_source(const struct json_at *of, char out[RULE_SOURCE_MAX + 1], struct err_ctx *e)
{
	struct json_at at = json_get(of, "source");

	return read_line(&at, out, RULE_SOURCE_MAX, e);
}

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
	static const char *const keys[] = {"day", "week", "over", "source"}, *const overs[] = {
										     "skip",
										     "later"};
	struct json_at day = json_get(at, "day"), week = json_get(at, "week");
	struct json_at over_at = json_get(at, "over");
	int over = 0;
	enum err rc;

	if ((rc = json_want_object(at, e)) != ERR_OK ||
	    (rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_read_int(&day, 1, CAP_MAX, &cp->cap_day, e)) != ERR_OK ||
	    (rc = json_read_int(&week, 1, CAP_MAX, &cp->cap_week, e)) != ERR_OK ||
	    (rc = json_read_choice(&over_at, overs, ARRAY_LEN(overs), &over, e)) != ERR_OK ||
	    (rc = read_source(at, cp->caps_source, e)) != ERR_OK)
		return rc;
	if (at->v != NULL && cp->cap_day == 0 && cp->cap_week == 0)
		return err_set(e, ERR_INPUT, at->path, "write \"day\", \"week\" or both",
			       "says no number");
	cp->is_cap_later = over == 1;
	return ERR_OK;
}

/* "consent": {"column": "dong_y"} */
static enum err
read_consent(struct class_policy *cp, const struct json_at *at, struct err_ctx *e)
{
	static const char *const keys[] = {"column", "source"};
	struct json_at column = json_get(at, "column");
	enum err rc;

	if ((rc = json_want_object(at, e)) != ERR_OK || at->v == NULL ||
	    (rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = read_line(&column, cp->consent, sizeof(cp->consent) - 1, e)) != ERR_OK ||
	    (rc = read_source(at, cp->consent_source, e)) != ERR_OK)
		return rc;
	if (cp->consent[0] == '\0' || strchr(cp->consent, '`') != NULL)
		return err_set(e, ERR_INPUT, column.path,
			       "write the name of a column of the lists, as dong_y",
			       "is no name of a column");
	return ERR_OK;
}

/* "refusal": {"number": "18001096", "confirm": "…"} */
static enum err
read_refusal(struct class_policy *cp, const struct json_at *at, struct err_ctx *e)
{
	static const char *const keys[] = {"number", "confirm", "source"};
	struct json_at number = json_get(at, "number"), confirm = json_get(at, "confirm");
	enum err rc;

	if ((rc = json_want_object(at, e)) != ERR_OK || at->v == NULL ||
	    (rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = read_line(&number, cp->refusal_number, sizeof(cp->refusal_number) - 1, e)) !=
		    ERR_OK ||
	    (rc = read_line(&confirm, cp->refusal_confirm, sizeof(cp->refusal_confirm) - 1, e)) !=
		    ERR_OK ||
	    (rc = read_source(at, cp->refusal_source, e)) != ERR_OK)
		return rc;
	if (strspn(cp->refusal_number, "0123456789") != strlen(cp->refusal_number))
		return err_set(e, ERR_INPUT, number.path,
			       "write the number that people call or write to, as 18001096",
			       "is no number");
	cp->wants_refusal = true;
	return ERR_OK;
}

static enum err
check_frame(const char *path, const char *text, struct err_ctx *e)
{
	if (strpbrk(text, "{}") == NULL)
		return ERR_OK;
	return err_set(e, ERR_INPUT, path, "", "has a brace");
}

/* The footer names the number of refusals as {number}. */
static enum err
read_frame(struct class_policy *cp, const struct json_at *entry, struct err_ctx *e)
{
	struct json_at label = json_get(entry, "label"), footer = json_get(entry, "footer");
	char raw[FRAME_MAX + 1] = "", *mark;
	enum err rc;

	if ((rc = read_line(&label, cp->label, FRAME_MAX, e)) != ERR_OK ||
	    (rc = read_line(&footer, raw, FRAME_MAX, e)) != ERR_OK)
		return rc;
	cp->has_frame = label.v != NULL || footer.v != NULL;
	mark = strstr(raw, "{number}");
	if (cp->wants_refusal && cp->refusal_number[0] != '\0' && mark == NULL)
		return err_set(e, ERR_INPUT, footer.path,
			       "write {number} where the number of refusals is to stand",
			       "does not say how to refuse");
	if (mark == NULL)
		snprintf(cp->footer, sizeof(cp->footer), "%s", raw);
	else
		snprintf(cp->footer, sizeof(cp->footer), "%.*s%s%s", (int)(mark - raw), raw,
			 cp->refusal_number, mark + strlen("{number}"));
	if (strlen(cp->footer) > FRAME_MAX)
		return err_set(e, ERR_INPUT, footer.path, "shorten it", "has more than %u bytes",
			       FRAME_MAX);
	rc = check_frame(label.path, cp->label, e);
	return rc == ERR_OK ? check_frame(footer.path, cp->footer, e) : rc;
}

/* "required": ["goal"] */
static enum err
read_required(struct class_policy *cp, const struct json_at *at, struct err_ctx *e)
{
	enum err rc = json_want_array(at, e);

	for (size_t i = 0; rc == ERR_OK && i < json_array_size(at->v); i++) {
		struct json_at one = json_item(at, i);
		int which = 0;

		rc = json_read_choice(&one, campaign_field_names, CAMPAIGN_FIELDS, &which, e);
		if (rc == ERR_OK)
			cp->required[which] = true;
	}
	return rc;
}

/* What the law wants of the class beside hours and caps. */
static enum err
read_law(struct class_policy *cp, const struct json_at *entry, struct err_ctx *e)
{
	struct json_at consent = json_get(entry, "consent"), refusal = json_get(entry, "refusal");
	struct json_at required = json_get(entry, "required");
	enum err rc;

	if ((rc = read_source(entry, cp->source, e)) != ERR_OK ||
	    (rc = read_consent(cp, &consent, e)) != ERR_OK ||
	    (rc = read_refusal(cp, &refusal, e)) != ERR_OK ||
	    (rc = read_frame(cp, entry, e)) != ERR_OK)
		return rc;
	return read_required(cp, &required, e);
}

enum err
class_policy_read(const struct json_at *entry, struct class_policy *out, struct err_ctx *e)
{
	static const char *const keys[] = {"class",    "since",	 "priority", "hours",	"caps",
					   "wait_min", "label",	 "footer",   "consent", "refusal",
					   "required", "source", "approval"};
	static const char *const hour_keys[] = {"from", "to", "source"};
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
	    (rc = read_source(&hours, cp.hours_source, e)) != ERR_OK ||
	    (rc = json_read_choice(&approval_at, approval_names, ARRAY_LEN(approval_names),
				   &approval, e)) != ERR_OK ||
	    (rc = read_caps(&cp, &caps, e)) != ERR_OK || (rc = read_law(&cp, entry, e)) != ERR_OK)
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

const char *
class_rule(const struct class_policy *c, const char *source, char out[RULE_TEXT_MAX])
{
	if (source[0] == '\0')
		source = c->source;
	snprintf(out, RULE_TEXT_MAX, "policy.json: %s since %s%s%s", c->name, c->since,
		 source[0] != '\0' ? ": " : "", source);
	return out;
}
