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
is_told_by_carriers(const struct ready_campaign *r, const struct config *c)
{
	for (unsigned t = 0; t < r->route.tariffs; t++)
		if (c->providers[r->route.provider[t]].traffic != SMS_QC)
			return false;
	return true;
}

static enum err
check_refusal(const struct ready_campaign *r, const struct config *c,
	      const struct class_policy *class, struct err_ctx *e)
{
	char rule[RULE_TEXT_MAX];

	if (!class->wants_refusal || class->refusal_number[0] != '\0' || is_told_by_carriers(r, c))
		return ERR_OK;
	return err_set(e, ERR_REFUSED, "refusal",
		       "write refusal.number of the class into the policy",
		       "its messages do not say by which number people refuse them (%s)",
		       class_rule(class, class->refusal_source, rule));
}

static enum err
check_consent(const struct ready_campaign *r, const struct class_policy *class, struct err_ctx *e)
{
	char rule[RULE_TEXT_MAX], why[sizeof(e->why)];

	for (size_t i = 0; r->consent[0] != '\0' && i < list_part_count(r->list); i++) {
		struct query *q = consent_query(r->consent, list_part_schema(r->list, i), e);

		if (q == NULL) {
			snprintf(why, sizeof(why), "%.100s %.60s", e->what, e->why);
			return err_set(e, ERR_REFUSED, list_part(r->list, i)->name,
				       "import it with a column that says có of who consents",
				       "cannot be asked who consents: %s (%s)", why,
				       class_rule(class, class->consent_source, rule));
		}
		query_free(q);
	}
	return ERR_OK;
}

enum err
law_check(const struct ready_campaign *r, const struct config *c, struct err_ctx *e)
{
	const struct class_policy *class = config_class(c, r->campaign->class);
	const char *said[CAMPAIGN_FIELDS] = {
		[FIELD_GOAL] = r->campaign->goal, [FIELD_EVENT] = r->campaign->event};
	char rule[RULE_TEXT_MAX];
	enum err rc;

	if (class == NULL)
		return err_set(e, ERR_REFUSED, "class", "see the classes of the policy",
			       "the policy has no class %.15s today", r->campaign->class);
	for (size_t i = 0; i < CAMPAIGN_FIELDS; i++)
		if (class->required[i] && said[i][0] == '\0')
			return err_set(e, ERR_REFUSED, campaign_field_names[i],
				       "clone it, and say it in the file",
				       "is missing, and the policy wants it (%s)",
				       class_rule(class, "", rule));
	rc = check_refusal(r, c, class, e);
	return rc == ERR_OK ? check_consent(r, class, e) : rc;
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
