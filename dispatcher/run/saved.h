/* SPDX-License-Identifier: MIT */
/*
 * Saved segments as Redis has them: some by name and all that stand inside of
 * these, read at one moment, for query_combine.
 */
#pragma once

#include "base/mem.h"
#include "dispatcher/store/engine.h"
#include "segments/combine.h"

/* Zero-initialised = none. */
struct saved_segments {
	struct saved_segment *v;
	size_t count;
	struct arena arena; /* owns the texts */
};
/* r: [name, list, query …]; what it says is copied. */
void saved_segments_read(struct saved_segments *s, const struct reply *r);
void saved_segments_free(struct saved_segments *s);
/* NULL = it is not there. */
const struct saved_segment *saved_segments_find(const struct saved_segments *s, struct slice name);

/* The names that a query asks for, each once, joined by line ends. */
void saved_segments_add_names(const struct query *q, struct buf *out);

typedef void (*saved_segments_cb)(void *arg, const struct err_ctx *e); /* e NULL = *out is there */
/* names: joined by line ends. cb runs once, never before this returns. */
void saved_segments_load(struct engine *e, struct slice names, struct saved_segments *out,
			 saved_segments_cb cb, void *arg);
