/* SPDX-License-Identifier: MIT */
/*
 * The rows of one phone, in as many lists and versions as somebody asks about. A list is swept for it
 * once: versions share most of their blocks, and a block that was looked through is not read again.
 * Only the people of a block are read, a block a turn of the loop.
 *
 * Memory: four bytes a block that was looked through, so 160 kB for a list of ten million.
 */
#pragma once

#include "dispatcher/store/engine.h"
#include "segments/list_parts.h"

#define PHONE_FIND_ROWS 64u /* of a list that are told */

struct phone_rows {
	uint32_t row[PHONE_FIND_ROWS]; /* from 0, ascending */
	size_t count;
	bool has_more;
};

struct phone_find;
struct phone_find *phone_find_new(struct engine *e, uint64_t phone);
/* Also while it looks: nobody is called back then. */
void phone_find_free(struct phone_find *f);

/* While it is under way, often: so many blocks of so many. False: nobody waits for it any more. */
typedef bool (*phone_find_progress_cb)(void *arg, uint64_t done, uint64_t total);
/* Once, never before phone_find_in returns; rows NULL = could not be read, e says why. */
typedef void (*phone_find_cb)(void *arg, const struct phone_rows *rows, const struct err_ctx *e);
/*
 * Look through a list with its snapshot, which must live until the callback; of several lists the
 * rows run on through them. One after the other.
 */
void phone_find_in(struct phone_find *f, const struct list *l, phone_find_progress_cb on_progress,
		   phone_find_cb cb, void *arg);
