/* SPDX-License-Identifier: MIT */
/*
 * What a row of a run's list says of itself: which of the run's segments find it and which condition
 * says no, and why it has no text. The queries are those of the launch, with the sets of then, as long
 * as they are kept; the texts are rendered as they are sent.
 */
#pragma once

#include "dispatcher/run/explain_words.h"
#include "dispatcher/run/view.h"

struct explain_row_options {
	bool is_full;		  /* conditions on sensitive columns are told */
	const char *const *names; /* of the segments; borrowed until explain_row_free */
	size_t name_count;
};

struct explain_row;
typedef void (*explain_row_cb)(void *arg, const struct err_ctx *e); /* e NULL = done */
/* v must outlive it. cb runs once, never before this returns: it may be asked then. */
struct explain_row *explain_row_new(struct engine *e, struct run_view *v,
				    const struct explain_row_options *o, explain_row_cb cb,
				    void *arg);
void explain_row_free(struct explain_row *r); /* not while it is asked */
/* row: of all lists of the run. Fills m->segments, field, carrier, is_erased. */
void explain_row_look(struct explain_row *r, uint32_t row, struct explain_message *m,
		      explain_row_cb cb, void *arg);
