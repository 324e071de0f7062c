/* SPDX-License-Identifier: MIT */
/* What an approver lets a campaign spend (docs/FORMATS.md, "Ceiling"): said, or what was counted. Pure. */
#pragma once

#include "dispatcher/campaign/campaign.h"

struct ceiling {
	int64_t parts, cost;
	int64_t all_parts, all_cost; /* of all occurrences; 0 = it has no schedule */
};

/* What its approver has to say: texts. counted: what the submission came to. The caller's. */
json_t *ceiling_warnings(const struct campaign *c, const struct review *counted,
			 const struct calendar *days);
/*
 * "ceiling" of the body: {"parts", "cost", "all"}; what is not said is what was counted and a little more.
 * ERR_INPUT where that says nothing of what a run will need, and of a schedule without "all".
 */
MUST_CHECK enum err ceiling_read(json_t *body, const struct campaign *c,
				 const struct calendar *days, struct ceiling *out,
				 struct err_ctx *e);
/* As it is told and kept in the audit. The caller's. */
json_t *ceiling_json(const struct review *v, const struct ceiling *c);
