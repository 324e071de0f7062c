/* SPDX-License-Identifier: MIT */
/* What a class of messages may do from a day on: one entry of the policy (docs/FORMATS.md). */
#pragma once

#include "base/json.h"

#define CAP_MAX 100	   /* messages to one phone */
#define WAIT_MIN_MAX 10080 /* a week */
#define RULE_SOURCE_MAX 120u
#define RULE_TEXT_MAX 260u

/* Of a campaign: what it must say. */
enum campaign_field { FIELD_GOAL, FIELD_EVENT, CAMPAIGN_FIELDS };
extern const char *const campaign_field_names[CAMPAIGN_FIELDS];

/* Who must agree before a campaign is launched. More is always allowed, see campaign/approval.h. */
enum approval_level {
	APPROVAL_NONE,
	APPROVAL_SECOND_PERSON, /* one who has not written it */
	APPROVAL_TWO_APPROVERS, /* two of them, or a standing order */
};
extern const char *const approval_names[3];

struct class_policy {
	char name[16];
	char since[12];		  /* "2025-01-01" */
	int priority;		  /* 0 most urgent */
	int hours_from, hours_to; /* minutes of the Vietnamese day; 0 and 1440 = any time */
	/* Messages of the class to one phone in 24 hours and in seven times 24; 0 = any number. */
	int64_t cap_day, cap_week;
	bool is_cap_later; /* who has had so many waits; else is left out */
	/* Minutes after which a campaign that waits for more urgent ones goes ahead once; 0 = never. */
	int64_t wait_min;
	/* Around each text, where the provider's carriers do not put them; the number is in the footer. */
	bool has_frame;
	char label[104], footer[104];
	char consent[64];	   /* column of the list that must say yes; "" = none is needed */
	bool wants_refusal;	   /* each message must say how to refuse the next one */
	char refusal_number[24];   /* by which; "" = not known yet: nothing is sent */
	char refusal_confirm[400]; /* what who has refused is told, once; "" = nothing */
	bool required[CAMPAIGN_FIELDS];
	/* Where the rules are from, each or all; "" = not said. */
	char source[RULE_SOURCE_MAX + 1];
	char hours_source[RULE_SOURCE_MAX + 1], caps_source[RULE_SOURCE_MAX + 1];
	char consent_source[RULE_SOURCE_MAX + 1], refusal_source[RULE_SOURCE_MAX + 1];
	enum approval_level approval;
};

MUST_CHECK enum err class_policy_read(const struct json_at *entry, struct class_policy *out,
				      struct err_ctx *e);
/* Is this minute of the Vietnamese day within its hours? They may go over midnight. */
bool class_is_open(const struct class_policy *c, int minute);
/* "policy.json: advert since 2025-01-01: Decree …". source: c's, of one of its rules. Returns out. */
const char *class_rule(const struct class_policy *c, const char *source, char out[RULE_TEXT_MAX]);
