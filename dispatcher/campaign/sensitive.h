/* SPDX-License-Identifier: MIT */
/*
 * The sensitive columns of its list that a campaign uses. A segment may ask for
 * one: that is what it was kept for, and it is written into the audit at each
 * launch. A text that reads one, also in a condition, tells it to whoever sees the
 * phone: such a campaign needs a reason of its own ("sensitive").
 */
#pragma once

#include "dispatcher/campaign/campaign.h"

/* Names of the columns joined by ", ": those that its texts read; those that its segments ask for. */
/* Do its texts read that column of its list? */
bool sensitive_is_read(const struct ready_campaign *r, uint32_t column);
void sensitive_add_read(const struct ready_campaign *r, struct buf *out);
void sensitive_add_asked(const struct ready_campaign *r, struct buf *out);
/* Does a segment ask for one, itself or in one that it names? */
bool sensitive_is_asked(const struct ready_campaign *r);
/*
 * May anybody be told how few are in it, and who? Not where that would tell a value: a segment asks
 * for one, or a text reads one and nobody has said why.
 */
bool sensitive_is_open(const struct ready_campaign *r);
/* ERR_REFUSED: a text reads one, and the campaign does not say why. */
MUST_CHECK enum err sensitive_check(const struct ready_campaign *r, struct err_ctx *e);
/* The same before there is a campaign: do these texts read a sensitive column of the list? */
bool sensitive_is_told(const struct template_set *set, const struct schema *s);
/* What the audit says at a launch: {"asked","read","reason"}; NULL = nothing of it is sensitive. */
json_t *sensitive_details(const struct ready_campaign *r);
