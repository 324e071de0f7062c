/* SPDX-License-Identifier: MIT */
/*
 * Consent: a column of the list that says yes of whoever may be written to. What is empty, says
 * anything else, or is not there, is no consent: silence is none.
 */
#pragma once

#include "segments/query.h"

/*
 * A query, bound to the schema, that holds for the rows which say yes: có, x, v, đúng, rồi, đồng ý,
 * yes, true, 1, whatever the case. NULL and *e: the list has no such column, or it is one of dates.
 */
struct query *consent_query(const char *column, const struct schema *s, struct err_ctx *e);
