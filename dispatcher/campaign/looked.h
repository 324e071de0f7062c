/* SPDX-License-Identifier: MIT */
/*
 * A campaign that may be launched: checked against its list (campaign_ready), no
 * demo list by a real provider, and every message looked at by content rules and
 * registered patterns. Where a preview of exactly the same refused nothing, it is
 * ready at once, however large the list; else a preview is made first, and its sets of phones
 * are the campaign's: who is in them may have changed since.
 */
#pragma once

#include "dispatcher/campaign/campaign.h"

/*
 * ERR_REFUSED and why, or what campaign_ready says. The callback owns the campaign. is_early: it
 * is to be launched later, and looked at again then.
 */
void campaign_looked(struct engine *e, const struct config *c, const char *id_or_name,
		     bool is_early, ready_campaign_cb cb, void *arg);
