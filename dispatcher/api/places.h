/* SPDX-License-Identifier: MIT */
/*
 * Row numbers in an answer about several lists: a number that runs on through them means nothing
 * to staff, so each is told as a list and a row of it.
 */
#pragma once

#include "base/json.h"
#include "segments/list_parts.h"

/*
 * Everywhere in v: "row": N becomes the row of its list, with "list" beside it; of "rows": [N …]
 * each number an object {"list", "row"}. Of a single list nothing changes.
 */
void api_place_rows(json_t *v, const struct list *l);
