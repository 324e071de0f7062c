/* SPDX-License-Identifier: MIT */
/*
 * Different keys of eight bytes among any number of them, exactly and in bounded memory: they are
 * sorted 32,768 at a time, each such run goes to the end of a temporary file without a name, and in
 * the end all runs are merged, each key once, in order. "How many different people" over many campaigns
 * is asked so, a key being a group and a phone.
 *
 * Memory: 256 KB while keys are added, 4 KB a run while they are merged: 12 MB for a hundred million.
 * Disk: eight bytes a key that is added. Adding now and then takes some milliseconds. Pure but for the file.
 */
#pragma once

#include "base/err.h"

struct distinct_keys;

/* folder: where the file is made when one is needed. Never NULL. */
struct distinct_keys *distinct_keys_new(const char *folder);
void distinct_keys_free(struct distinct_keys *d); /* NULL is fine */

/* ERR_SYSTEM: the file cannot be written; ERR_REFUSED: there are more than can be merged. */
MUST_CHECK enum err distinct_keys_add(struct distinct_keys *d, uint64_t key, struct err_ctx *e);
/*
 * All were added: the next keys, ascending, each once, at most `most` of them into out. *count 0 = that
 * were all. Nothing may be added any more.
 */
MUST_CHECK enum err distinct_keys_next(struct distinct_keys *d, uint64_t *out, size_t most,
				       size_t *count, struct err_ctx *e);
/* How many were added, the same ones too. */
uint64_t distinct_keys_added(const struct distinct_keys *d);
