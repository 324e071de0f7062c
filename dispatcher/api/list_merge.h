/* SPDX-License-Identifier: MIT */
/*
 * The rows of files brought together with a list, as its next version.
 *
 *   a part of the keys:      the files' rows with them, then the list's
 *                            ─▶ row_keys: which of its rows is each row of the files about?
 *   … the next part
 *   the files' rows          ─▶ which phones may stand on several rows then?
 *   a range of the list:    the files' rows about it, collected ─▶ merged in order (rewrite.h)
 *   … the next range
 *   the files' rows that are new, in order ─▶ behind it
 *
 * A range has as many rows as their updates have room in memory, 12 MB; a part of the keys takes 13;
 * a row of the files 9 bytes, and six more while its phone may be shared. Nothing is visible before
 * the commit, which is the caller's.
 */
#pragma once

#include "dispatcher/api/import_tables.h"

struct list_merge;

struct list_merge_options {
	struct loop *loop;
	struct redis *redis;
	struct import_tables *tables; /* all of their rows were read */
	struct list_writer *stage;    /* and written there */
	const char *name;	      /* of the list */
	uint32_t version;	      /* that is updated */
	struct list_writer *writer;   /* NULL = a dry run: it is only counted */
	list_done_cb on_done;	      /* e NULL = all is written, and counted in tables */
	void *arg;
};
struct list_merge *list_merge_start(const struct list_merge_options *o);
/* Without calling back, or after that. NULL is fine. */
void list_merge_free(struct list_merge *m);
