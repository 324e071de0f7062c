/* SPDX-License-Identifier: MIT */
/*
 * segment("name") in a query: the text of the saved segment stands there as if in
 * parentheses. What comes out is a query of its own, which is bound, frozen and
 * sent to whoever runs it; a segment that is saved anew changes nothing in it. Pure:
 * who has the saved texts gives them.
 *
 *   parse → the names it asks for → all saved segments that are reached from there
 *   → query_combine → a text without segment( … ) → query_parse, query_bind
 */
#pragma once

#include "segments/query.h"

#define COMBINE_DEPTH_MAX 8u  /* segments inside of segments */
#define COMBINE_USES_MAX 128u /* segment( … ) that are put in, those inside of others too */

struct saved_segment {
	struct slice name, list, query;
};

struct combine {
	struct slice name; /* of the segment that the query is, or is to be; n = 0: of none */
	struct slice list, query;
	const struct saved_segment *saved; /* at least those that exist and are reached */
	size_t saved_count;
	const struct schema *schema; /* every text is checked against it; NULL = not yet */
};

/*
 * Append the text. False and *e, a place in c->query: a text is wrong, a segment is missing,
 * of another list or inside of itself (the chain is named), or all of it is too large.
 */
bool query_combine(const struct combine *c, struct buf *out, struct query_error *e);
