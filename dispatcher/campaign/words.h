/* SPDX-License-Identifier: MIT */
/*
 * A campaign's words: the template's set checked against the columns of the list,
 * with the label of its class around each text, made into the wording that a run
 * freezes, and opened as the run will open it.
 */
#pragma once

#include "dispatcher/campaign/campaign.h"

/*
 * Fills wording, rendering and today of r, whose campaign, list and route are there. The
 * place of an error is in the template: "template NAME km:3:7".
 */
MUST_CHECK enum err words_make(struct ready_campaign *r, const struct config *c, struct err_ctx *e);
/* How a provider bills and what it keeps of accents, with the wish of a campaign. */
struct render_rules words_rules(const struct config *c, const struct provider_config *p,
				enum accents wish, unsigned carrier, int64_t today);
