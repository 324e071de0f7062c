/* SPDX-License-Identifier: MIT */
/*
 * A chunk: a range of ranks of one partition of a run, leased to this process,
 * and its messages as far as they are prepared. Rows come from the pinned
 * snapshot and texts are rendered here, at the last moment (those of notices
 * were when they were accepted); what is not needed (settled, or in doubt
 * without a repeat) is not loaded.
 *
 * Knows nothing of providers, permits or HTTP.
 */
#pragma once

#include "base/mem.h"
#include "dispatcher/run/view.h"
#include "dispatcher/store/record.h"

struct member {
	uint32_t rank, row;
	char phone[16];	   /* digits: "84912345678" */
	struct slice text; /* NFC, in the chunk's arena */
	uint8_t parts;
	bool is_unicode;
	bool is_needed; /* prepared; false: nothing below but the rank is set */
	/* enum record_reason: why it cannot be sent, also of RECORD_SUPPRESSED; 0 = it can */
	uint8_t skip;
};

/* A request in doubt that may be repeated: as `claim` answered it. */
struct repeat {
	struct slice members, attempts; /* in the chunk's arena */
	uint32_t first;
};

struct chunk {
	uint64_t run;
	unsigned p;
	uint8_t tariff; /* of the lane that claimed it */
	uint32_t from, to;
	int64_t fence;
	int64_t launched_s;
	int64_t speed;	    /* of its run, messages a second at most; 0 = as its lanes allow */
	int served_as;	    /* 1 + the order of those that it goes ahead of; 0 = its run's */
	int64_t epoch;	    /* of the suppressions that its members were looked at with */
	struct buf records; /* (to - from) records as Redis showed them last */
	struct repeat *repeats;
	size_t repeat_count;
	struct member *members;	 /* [to - from] */
	struct run_view *view;	 /* a reference; NULL until loaded */
	struct arena arena;	 /* texts and repeats */
	struct chunk_load *load; /* NULL = not loading */
};

/* Read claim's ['work', …]. NULL when it is malformed (a bug of ours or a foreign library). */
struct chunk *chunk_new(const struct reply *r);
/* The smaller, the more urgent (see run_view); -1 = not known before it is loaded. */
int chunk_order(const struct chunk *c);
/* Also while loading: the callback does not run then. */
void chunk_free(struct chunk *c);

static inline struct record
chunk_record(const struct chunk *c, uint32_t rank)
{
	return record_decode(c->records.data + (size_t)(rank - c->from) * RECORD_SIZE);
}
static inline struct member *
chunk_member(struct chunk *c, uint32_t rank)
{
	return &c->members[rank - c->from];
}

/* Prepare all that is needed. cb runs once, never before this returns; e NULL = prepared. */
typedef void (*chunk_cb)(void *arg, struct chunk *c, const struct err_ctx *e);
void chunk_load(struct chunk *c, struct run_views *vs, struct redis *r, chunk_cb cb, void *arg);

/* Members of a request, as Redis keeps them: two bytes a member, its distance from `first`. */
static inline uint32_t
members_rank(struct slice members, uint32_t first, size_t i)
{
	return first + ((uint8_t)members.p[2 * i] | (uint32_t)(uint8_t)members.p[2 * i + 1] << 8);
}
