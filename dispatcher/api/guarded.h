/* SPDX-License-Identifier: MIT */
/*
 * What of a preview may be told to who may not know whom its segments find: of a campaign that asks
 * for a sensitive column. A new object is made of the members that are known here; what is not named
 * in the table is not told. Groups of fewer than API_GROUP_LEAST, of nobody too, are "<5", and their
 * parts and costs null; lines of tables about so few are left out, as are rows and examples. Pure.
 */
#pragma once

#include "base/json.h"

/* Of the members of a preview (docs/FORMATS.md, "Preview"); the caller's, with "guarded": true. */
json_t *guarded_preview(const json_t *whole);
