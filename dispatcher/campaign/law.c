/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/law.h"

#include <stdio.h>

#include "dispatcher/run/consent.h"

static bool
has_hours(const struct class_policy *c)
{
	return c->hours_from != 0 || c->hours_to != 1440;
}

static bool
has_caps(const struct class_policy *c)
{
	return c->cap_day > 0 || c->cap_week > 0;
}

void
law_take(struct ready_campaign *r, const struct config *c)
{
	const struct class_policy *class = config_class(c, r->campaign->class);

	snprintf(r->consent, sizeof(r->consent), "%s", class != NULL ? class->consent : "");
}

/* Do the carriers of all its providers put the text themselves that says how to refuse? */
static bool
is_told_by_carriers(const struct route_plan *route, const struct config *c)
{
	for (unsigned t = 0; t < route->tariffs; t++)
		if (c->providers[route->provider[t]].traffic != SMS_QC)
			return false;
	return true;
}

static enum err
need_class(const struct config *c, const char *name, const struct class_policy **out,
	   struct err_ctx *e)
{
	*out = config_class(c, name);
	return *out != NULL ? ERR_OK
			    : err_set(e, ERR_REFUSED, "class", "see the classes of the policy",
				      "the policy has no class %.40s today", name);
}

enum err
law_check_class(const struct config *c, const char *class, const struct route_plan *route,
		struct err_ctx *e)
{
	const struct class_policy *p;
	char rule[RULE_TEXT_MAX];
	enum err rc = need_class(c, class, &p, e);

	if (rc != ERR_OK || !p->wants_refusal || p->refusal_number[0] != '\0' ||
	    is_told_by_carriers(route, c))
		return rc;
	return err_set(e, ERR_REFUSED, "refusal",
		       "write refusal.number of the class into the policy",
		       "its messages do not say by which number people refuse them (%s)",
		       class_rule(p, p->refusal_source, rule));
}

enum err
law_check_list(const struct config *c, const char *class, const struct list *l, struct err_ctx *e)
{
	const struct class_policy *p;
	char rule[RULE_TEXT_MAX], why[200];
	enum err rc = need_class(c, class, &p, e);

	for (size_t i = 0; rc == ERR_OK && p->consent[0] != '\0' && i < list_part_count(l); i++) {
		struct query *q = consent_query(p->consent, list_part_schema(l, i), e);

		query_free(q);
		if (q != NULL)
			continue;
		snprintf(why, sizeof(why), "%.100s %.60s", e->what, e->why);
		rc = err_set(e, ERR_REFUSED, list_part(l, i)->name,
			     "import it with a column that says có of who consents",
			     "cannot be asked who consents: %s (%s)", why,
			     class_rule(p, p->consent_source, rule));
	}
	return rc;
}

enum err
law_check(const struct ready_campaign *r, const struct config *c, struct err_ctx *e)
{
	const struct class_policy *class;
	const char *said[CAMPAIGN_FIELDS] = {
		[FIELD_GOAL] = r->campaign->goal, [FIELD_EVENT] = r->campaign->event};
	char rule[RULE_TEXT_MAX];
	enum err rc = need_class(c, r->campaign->class, &class, e);

	for (size_t i = 0; rc == ERR_OK && i < CAMPAIGN_FIELDS; i++)
		if (class->required[i] && said[i][0] == '\0')
			rc = err_set(e, ERR_REFUSED, campaign_field_names[i],
				     "edit it, and say it in the file; what is submitted "
				     "or approved is returned first",
				     "is missing, and the policy wants it (%s)",
				     class_rule(class, "", rule));
	if (rc == ERR_OK)
		rc = law_check_class(c, r->campaign->class, &r->route, e);
	return rc == ERR_OK ? law_check_list(c, r->campaign->class, r->list, e) : rc;
}

static void
add_rule(struct argv *a, const char *field, const struct class_policy *class, const char *source)
{
	char rule[RULE_TEXT_MAX];

	argv_adds(a, field);
	argv_adds(a, class_rule(class, source, rule));
}

void
law_add(const struct class_policy *class, struct argv *a)
{
	if (has_hours(class))
		add_rule(a, "hours_rule", class, class->hours_source);
	if (has_caps(class))
		add_rule(a, "caps_rule", class, class->caps_source);
	if (class->consent[0] == '\0')
		return;
	argv_adds(a, "consent");
	argv_adds(a, class->consent);
	add_rule(a, "consent_rule", class, class->consent_source);
}

static void
set_rule(json_t *o, const char *key, const struct class_policy *class, const char *source)
{
	char rule[RULE_TEXT_MAX];

	json_object_set_new(o, key, json_string(class_rule(class, source, rule)));
}

json_t *
law_rules(const struct class_policy *class)
{
	json_t *out = json_object();

	if (class == NULL)
		return out;
	if (has_hours(class))
		set_rule(out, "hours", class, class->hours_source);
	if (has_caps(class))
		set_rule(out, "caps", class, class->caps_source);
	if (class->consent[0] != '\0')
		set_rule(out, "consent", class, class->consent_source);
	if (class->wants_refusal)
		set_rule(out, "refusal", class, class->refusal_source);
	return out;
}
