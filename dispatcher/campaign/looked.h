/* SPDX-License-Identifier: MIT */
/*
 * A campaign that may be launched: checked against its list (campaign_ready), no
 * demo list by a real provider, and every message looked at by content rules and
 * registered patterns. Where a preview of exactly the same refused nothing, it is
 * ready at once, however large the list; else a preview is made first.
 */
#pragma once

#include "dispatcher/campaign/campaign.h"

/* ERR_REFUSED and why, or what campaign_ready says. The callback owns the campaign. */
void campaign_looked(struct engine *e, const struct config *c, const char *id_or_name,
		     ready_campaign_cb cb, void *arg);
