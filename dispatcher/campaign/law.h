/* SPDX-License-Identifier: MIT */
/*
 * What the policy wants of a class beside hours and caps: consent, a way to refuse, fields that a
 * campaign must say. And the rule that each "not now" and "not to this person" comes from, as a run
 * keeps it of its launch.
 */
#pragma once

#include "dispatcher/campaign/campaign.h"

/* r->consent, by the entry that is in force; the campaign is there. */
void law_take(struct ready_campaign *r, const struct config *c);
/* ERR_REFUSED: it cannot be launched as it is, by a rule that is named. */
MUST_CHECK enum err law_check(const struct ready_campaign *r, const struct config *c,
			      struct err_ctx *e);
/* Of it what is known without a campaign: of its class by a route, and of a list. */
MUST_CHECK enum err law_check_class(const struct config *c, const char *class,
				    const struct route_plan *route, struct err_ctx *e);
MUST_CHECK enum err law_check_list(const struct config *c, const char *class, const struct list *l,
				   struct err_ctx *e);
/* Fields of a run: "consent", and "hours_rule", "caps_rule", "consent_rule". */
void law_add(const struct class_policy *class, struct argv *a);
/* {"hours","caps","consent","refusal"}: the rules that the class has; NULL class: none. */
json_t *law_rules(const struct class_policy *class);
