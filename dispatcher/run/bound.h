/* SPDX-License-Identifier: MIT */
/*
 * A query that can be asked: a saved segment, or a text over a list, with the
 * segments that it names put in, bound to the list's newest version.
 *
 *   saved segments → list → texts put together, each checked against its columns → the sets that
 *   it asks for → bound
 */
#pragma once

#include "dispatcher/run/sets.h"
#include "dispatcher/store/engine.h"
#include "segments/list.h"

struct bound_wanted {
	const char *segment; /* one that is saved; NULL = the next two */
	const char *list, *text;
	const char *name; /* what the text is to be saved as; NULL = it is not */
	/* Not to be asked, only saved: without snapshot, sets only looked for, the query not bound. */
	bool is_check;
	struct sets_watch watch; /* while its sets are read */
};

struct bound {
	struct list *list;
	struct query *query; /* bound */
	struct sets *sets;   /* what it asks for of other lists and campaigns */
	char *text;	     /* as it was written */
	char *whole;	     /* with its segments put in: what `query` is of */
	char *uses;	     /* the names in the text, joined by line ends */
	size_t inside;	     /* how many */
};
void bound_free(struct bound *b);

/* b is the callback's; NULL and why: of a query with line 1 and the column where it is wrong. */
typedef void (*bound_cb)(void *arg, struct bound *b, const struct err_ctx *e);
/* Everything in w is copied. cb runs once, never before this returns. */
void bound_load(struct engine *e, const struct bound_wanted *w, bound_cb cb, void *arg);
