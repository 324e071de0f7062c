/* SPDX-License-Identifier: MIT */
/*
 * A set of Vietnamese phones (84 and nine digits), for millions of them: what in_list(…),
 * reached_by(…) and state(…) of a query are answered from. The numbers are cut into 15,259
 * chunks of 65,536; a chunk is a sorted array of 16-bit numbers, or a bitmap once it has more
 * than 4,096 of them (as Roaring bitmaps are: Lemire et al., 2016). Pure.
 *
 * Ten million random mobile numbers take 2.00 bytes each as bytes and 2.15 in memory (measured),
 * and are added at some 7 million a second.
 *
 * Phones are added in any order and are sorted 32,768 at a time, and each one added brings an earlier
 * one into its chunk: settle the set before anything else is asked of it. The bytes come in pieces of a bounded size, each of
 * which can be read alone (docs/FORMATS.md, "Phone set").
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define PHONE_SET_FIRST UINT64_C(84000000000)
#define PHONE_SET_LAST UINT64_C(84999999999)
#define PHONE_SET_PIECE_MIN (1u + 4u + 8192u) /* a piece has room for one chunk at least */

struct phone_set;

struct phone_set *phone_set_new(void);
void phone_set_free(struct phone_set *s);

/* False: no phone that a set can hold; it is in none. Now and then a millisecond or two. */
bool phone_set_add(struct phone_set *s, uint64_t phone);
/* Sort what was added. About 32,768 phones wait for it, at most: some milliseconds. */
void phone_set_settle(struct phone_set *s);
/* Before the first is added: those that are added more than once are kept in a set beside. */
void phone_set_note_repeated(struct phone_set *s);

/* ---- of a settled set ---- */

bool phone_set_has(const struct phone_set *s, uint64_t phone);
uint64_t phone_set_count(const struct phone_set *s);
/* How often one was added, the same ones too. */
uint64_t phone_set_added(const struct phone_set *s);
/* Those that were added more than once, settled; the caller's from now on. NULL: not noted, or taken. */
struct phone_set *phone_set_take_repeated(struct phone_set *s);
/* How many phones of the set are smaller than this one of them; -1: it is not in it. */
int64_t phone_set_index(struct phone_set *s, uint64_t phone);
/* Memory that it takes. */
size_t phone_set_memory(const struct phone_set *s);
/* The same for the same phones, and surely another for others; not against an attacker. */
uint64_t phone_set_digest(const struct phone_set *s);

/*
 * Append a piece of at most `most` bytes (≥ PHONE_SET_PIECE_MIN), beginning with chunk *from
 * (0 at first), which is set to the next one. False: there was nothing left to append.
 */
bool phone_set_write(const struct phone_set *s, uint32_t *from, size_t most, struct buf *out);
/*
 * Take a piece in, in the order in which they were written, into a set that nothing was added
 * to. ERR_INPUT: no well-formed piece, or not the next; the set is of no use then.
 */
MUST_CHECK enum err phone_set_read(struct phone_set *s, struct slice piece, struct err_ctx *e);
