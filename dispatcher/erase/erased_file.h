/* SPDX-License-Identifier: MIT */
/*
 * The file `erased` of the data folder: who was erased, so that a restored backup that is older
 * forgets them again. A line each: the hash of the phone in hex, a colon, when (s).
 */
#pragma once

#include "base/err.h"
#include "base/loop.h"

struct erased_file;
/* Never NULL. */
struct erased_file *erased_file_new(struct loop *l, const char *folder);
void erased_file_free(struct erased_file *f);
/* Its lines with blanks between; "" = there is none. */
MUST_CHECK enum err erased_file_read(const struct erased_file *f, struct buf *out,
				     struct err_ctx *e);
/*
 * Append, by a forked helper. If it could be started cb runs once, never before this returns; e NULL =
 * it is on the disk. One at a time.
 */
MUST_CHECK enum err erased_file_add(struct erased_file *f, const char *line,
				    void (*cb)(void *arg, const struct err_ctx *e), void *arg,
				    struct err_ctx *e);
