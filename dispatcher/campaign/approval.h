/* SPDX-License-Identifier: MIT */
/*
 * What is submitted, approved and launched of a campaign. A submission freezes, as canonical JSON,
 * all that decides who gets which words when, by whom and at which price: the template's version
 * and its hash, the lists' versions, the queries' texts, class and policy, route and prices
 * (docs/FORMATS.md, "Approval"). From then on the campaign *is* that: preview, approval and launch
 * load those versions. What cannot be kept as it was (policy, route) is compared at the launch.
 */
#pragma once

#include "dispatcher/campaign/campaign.h"
#include "dispatcher/campaign/preview.h"

#define APPROVAL_HASH_HEX 65 /* with its NUL */
#define CEILING_PERCENT 5    /* more than was counted, where an approver says nothing */

/* ---- the record ---- */

/* From the fields of a reply, the first of them number `at`; in the order of campaign.c. */
void review_read(struct review *v, const struct reply *r, size_t at);
void review_clear(struct review *v);
/* Of one whose fields are read: its queries as they are, and whether anything is submitted. */
void review_note(struct campaign *c);
/* Members of what `campaign show` tells: "revision", "note", "submitted", "approvals", "ceiling". */
void review_tell(const struct campaign *c, json_t *out);
/* {"messages", "parts", "cost"} as it was counted; few of a guarded campaign are not told. */
json_t *review_sum_json(const struct review *v);
/* As guarded previews do: so few that nobody is told how many. */
bool review_is_too_few(const struct review *v);
/* {"parts", "cost"}, null where they would tell how few they are. */
json_t *review_ceiling_json(const struct review *v, int64_t parts, int64_t cost);
/* The version of its list number i that was submitted; 0 = the newest is used. */
uint32_t review_list_version(const struct campaign *c, size_t i);
/* Has he written it, or submitted it? user as in struct campaign_author. */
bool review_has_author(const struct review *v, const char *user);

/* ---- what is frozen ---- */

/* at_s: the time that it is submitted for, 0 = none. The caller's. */
json_t *approval_frozen(const struct config *c, const struct ready_campaign *r, int64_t at_s);
/* Canonical text of it, and its hash. */
void approval_text(const json_t *frozen, struct buf *text, char hash[APPROVAL_HASH_HEX]);
/* The time that it was submitted for; 0 = none. */
int64_t approval_at(const struct campaign *c);
/*
 * ERR_REFUSED where `r` is not what was submitted, and what differs. is_now: r is as all stands now
 * (ready_how.is_now), so that what was approved could be sent all the same.
 */
MUST_CHECK enum err approval_compare(const struct config *c, const struct ready_campaign *r,
				     bool is_now, struct err_ctx *e);

/* ---- who must agree ---- */

/* Of its class, unless nothing leaves for real people; or more, where it asks for that itself. */
enum approval_level approval_needed(const struct config *c, const struct ready_campaign *r);
/*
 * May it be launched: by enough approvers, and as it was approved? order: a standing order that
 * stands for the approval, NULL = none.
 */
MUST_CHECK enum err approval_check(const struct config *c, const struct ready_campaign *r,
				   const char *order, struct err_ctx *e);
/* Of the launch: "revision", "approval" and, where there is one, "order", "order_reason". */
void approval_add(const struct config *c, const struct ready_campaign *r,
		  const struct launch_how *how, struct argv *a);

/* ---- in another state ---- */

/* Is the act one of this state, by the table of store/campaign_acts.h? */
bool campaign_may(const char *act, const char *state);
/* What can be done with a campaign in this state, for a person. */
const char *campaign_todo(struct slice state);
/* ERR_CONFLICT: "is STATE", and what to do. */
enum err campaign_not_in(struct slice state, struct err_ctx *e);
