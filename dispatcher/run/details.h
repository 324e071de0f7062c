/* SPDX-License-Identifier: MIT */
/*
 * What gateways said of each message: an index over a run's detail log, made
 * once for an export. The log is in the order of events and an export is in
 * the order of rows, so the log is first sorted into buckets of 4,096 ranks
 * of a partition. A bucket's page of 1 KB is in memory while it fills and then
 * goes to the end of a temporary file without a name, chained to the bucket's
 * page before it; a bucket is decoded when the first of its ranks is asked for.
 *
 * Memory: a page a bucket (2.4 MB for 10 million messages) and one decoded
 * bucket a partition. Disk: about 45 bytes an entry of the log.
 */
#pragma once

#include "base/err.h"
#include "dispatcher/store/engine.h"
#include "dispatcher/store/record.h"

struct details;

/* folder: where the temporary file is made when one is needed. Never NULL. */
struct details *details_new(const char *folder);
void details_free(struct details *d);
/* The same in the loop's next turns: giving back the pages of a long file takes a while. */
void details_free_slowly(struct loop *l, struct details *d);

/*
 * Take a line of the log. *members grows by what was in it; a line that is not
 * as docs/FORMATS.md has it, or is of a later kind, is left where it ceases to
 * be understood. ERR_SYSTEM: the file cannot be written.
 */
MUST_CHECK enum err details_add(struct details *d, struct slice line, size_t *members,
				struct err_ctx *e);

struct detail {
	struct slice id;   /* of the newest attempt that was given one; n = 0: none */
	struct slice code; /* the last of the newest attempt that has one; receipts come last */
	/* When the newest attempt was answered of which that stands there, since the launch; -1: of none. */
	int64_t answered_s;
	uint8_t answered_attempt;
};
/* Is the bucket decoded already? If not, details_get takes about a millisecond. */
bool details_is_ready(const struct details *d, unsigned p, uint32_t rank);
/* Valid until the next call for p. */
MUST_CHECK enum err details_get(struct details *d, unsigned p, uint32_t rank, struct detail *out,
				struct err_ctx *e);

/* ---- from Redis ---- */

/* Read the log of a run, as long as it is now, in windows. cb runs once, not inside this call. */
struct details_load;
typedef void (*details_cb)(void *arg, const struct err_ctx *e); /* e NULL = done */
struct details_load *details_load_start(struct engine *e, uint64_t run, struct details *d,
					details_cb cb, void *arg);
/* Stop without calling back; d is not touched any more. */
void details_load_cancel(struct details_load *ld);
