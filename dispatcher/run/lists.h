/* SPDX-License-Identifier: MIT */
/*
 * The lists of a run: which, in which version, and which of its segments is of which. One that
 * is of a single list has the fields `list` and `list_version`, as it has always had. One that is
 * of several has an empty `list`, so that a release which knows nothing of them leaves it alone,
 * and `lists`: [{"list", "version", "rows", "queries": [number of the segment, from 0 …]} …].
 */
#pragma once

#include "dispatcher/run/audience.h"
#include "dispatcher/store/engine.h"
#include "segments/list_parts.h"

struct run_lists {
	size_t count;
	struct {
		char name[LIST_NAME_MAX + 1];
		uint32_t version;
		uint64_t rows;
	} one[LIST_PARTS_MAX];
	uint8_t of_query[LIST_PARTS_MAX]; /* in which of them each query looks */
};

/* The fields of a run of that list. */
void run_lists_add_fields(const struct list *l, const uint8_t *of_query, size_t queries,
			  struct argv *a);
/* From the field `lists`, or where that is empty from the others. ERR_SYSTEM: it is none. */
MUST_CHECK enum err run_lists_read(struct slice lists, struct slice list, uint32_t version,
				   struct run_lists *out, struct err_ctx *e);
/* Load them, in the versions of the run. */
void run_lists_load(struct engine *e, const struct run_lists *l, list_cb cb, void *arg);

/*
 * audience_new for the rows of that list, which may be of several; the queries and of_query are
 * borrowed, and so is nothing else.
 */
struct audience_of {
	struct query *const *queries;
	size_t count;
	const uint8_t *of_query;
	enum per per;
	const struct carrier_map *map;
	const char *consent; /* column that must say yes; "" = none need */
};
struct audience *audience_of_list(const struct audience_of *o, const struct list *l);
