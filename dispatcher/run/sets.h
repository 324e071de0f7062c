/* SPDX-License-Identifier: MIT */
/*
 * What queries ask for beyond their own list: in_list("…") is the phones of that list's
 * current version, reached_by("…") those with a message of that campaign's run that was
 * accepted or delivered, state("…", "…") those whose message in it is in that state now (a
 * row that was skipped because an earlier one has its phone stands for no message).
 *
 * The sets of several queries are loaded together, each once and each list or run read once,
 * a block of a list a turn of the loop; then the queries can be bound and evaluated.
 * What a run has been launched with is kept beside it (sets_write, before it is visible) and
 * opened by whoever freezes a slice of it: all see the same people, whatever has changed since.
 *
 * Bounds: SETS_MAX sets and SETS_MEMORY_MAX bytes, some hundred million phones.
 */
#pragma once

#include "dispatcher/store/engine.h"
#include "segments/query.h"

#define SETS_MAX 32
#define SETS_MEMORY_MAX ((size_t)256 << 20)

struct sets; /* counted: the queries that were filled from it must be freed before it is */

struct sets *sets_ref(struct sets *s);
void sets_unref(struct sets *s); /* NULL is fine */
size_t sets_count(const struct sets *s);
/* Append what changes whenever somebody is in one of the sets or no more; NULL: nothing. */
void sets_note(const struct sets *s, struct buf *out);
/* Before binding. False: a query asks for a set that is none of these. */
bool sets_fill(struct sets *s, struct query *const *queries, size_t count);

/* ---- as it is now ---- */

enum sets_how {
	SETS_NOW,
	SETS_EARLY, /* a campaign that has not run yet has reached nobody; else it is a mistake */
	SETS_NAMES, /* only look whether there are such lists, campaigns and states */
};

/* Who waits while they are read. */
struct sets_watch {
	/* Often: done of total. False: nobody waits any more, and it ends in this turn. NULL = nobody asks. */
	bool (*goes_on)(void *arg, uint64_t done, uint64_t total);
	void *arg;
};

struct sets_wanted {
	struct query *const *queries; /* [count], parsed; borrowed until the callback */
	size_t count;
	enum sets_how how;
	struct sets_watch watch;
};

struct sets_failure {
	struct err_ctx e; /* of a query: with line and column of its text */
	ptrdiff_t query;  /* index of the one that is wrong; -1 = none is, e.g. Redis is away */
};
/*
 * Once, never before sets_load returns. f NULL: all is well, the queries are filled (but by
 * SETS_NAMES, whose s is NULL), and a reference to s is the callback's. Else s is NULL.
 */
typedef void (*sets_cb)(void *arg, struct sets *s, const struct sets_failure *f);
void sets_load(struct engine *e, const struct sets_wanted *w, sets_cb cb, void *arg);

/* ---- as a run has it ---- */

/*
 * Write them beside a run that is not there yet. They expire in an hour unless the run's
 * launch takes them over, which it does with all of them or not at all.
 */
typedef void (*sets_written_cb)(void *arg, const struct err_ctx *e);
void sets_write(struct engine *e, uint64_t run, struct sets *s, sets_written_cb cb, void *arg);
/* After sets_write: the fields of the run that say what there is. Nothing when there are none. */
void sets_add_fields(const struct sets *s, struct argv *a);
/* What sets_add_fields said: fill the queries from it. The callback as of sets_load. */
void sets_open(struct engine *e, uint64_t run, struct slice fields, struct query *const *queries,
	       size_t count, sets_cb cb, void *arg);
