/* SPDX-License-Identifier: MIT */
/*
 * A run as a process sees it: what was frozen at launch (wording, list
 * snapshot, route), loaded once and shared by all chunks of the run that this
 * process works on. Immutable but for the directories, which grow with the
 * frontier.
 */
#pragma once

#include "base/loop.h"
#include "dispatcher/run/audience.h"
#include "dispatcher/run/render.h"
#include "dispatcher/store/engine.h"
#include "segments/list_parts.h"

#define SLICE_BLOCKS 64u /* blocks in a slice of the frontier */
#define SLICE_ROWS (SLICE_BLOCKS * BLOCK_ROWS)
#define RUN_QUERIES_MAX LIST_PARTS_MAX

struct run_view {
	uint64_t id;
	uint64_t campaign;
	int64_t launched_s;
	int64_t today;	 /* days since 1970 in Vietnam, frozen */
	bool is_notices; /* single messages: payload instead of list, texts and queries */
	bool is_urgent; /* single messages, and class emergency: may have what a lane keeps for them */
	int order; /* the smaller, the more urgent: 2 * priority of its class, + 1 for campaigns */
	char class[32];
	bool is_capped;	   /* a phone gets so many messages of its class only */
	bool is_cap_later; /* who has had them waits; else is left out */
	char consent[64];  /* column that must say yes of whoever gets a message; "" = none need */
	uint64_t unit;
	enum per per;
	struct list *list; /* pinned versions, with snapshots; NULL for notices, as rendering */
	uint8_t of_query[LIST_PARTS_MAX]; /* in which of its parts each query looks */
	struct rendering *rendering;
	char *queries; /* JSON array of their texts; NULL for notices, as sets */
	char *sets;    /* what they ask for, frozen, as sets_open wants it; "" = nothing */
	struct carrier_map map;
	uint8_t partitions;
	/* per partition: first rank of each slice, as far as known */
	struct {
		uint32_t *starts;
		size_t count;
	} directory[PARTITIONS_MAX];
	unsigned refs; /* the cache and each user hold one */
};

struct run_views; /* the cache */
struct run_views *run_views_new(struct engine *e);
void run_views_free(struct run_views *v);

/* The cached one, with a reference for the caller, or NULL. */
struct run_view *run_view_peek(struct run_views *vs, uint64_t run);
/* cb gets a reference (run_view_unref), or NULL and why; never before this returns. */
typedef void (*run_view_cb)(void *arg, struct run_view *v, const struct err_ctx *e);
void run_view_get(struct run_views *vs, uint64_t run, run_view_cb cb, void *arg);
struct run_view *run_view_ref(struct run_view *v);
void run_view_unref(struct run_view *v);
/* Forget a finished run. */
void run_views_forget(struct run_views *vs, uint64_t run);

/* Load the directory of partition p as far as it goes now. */
typedef void (*run_directory_cb)(void *arg, const struct err_ctx *e);
void run_view_directory(struct run_views *vs, struct run_view *v, unsigned p, run_directory_cb cb,
			void *arg);
/* The slice in which rank of p lies, or -1 when the directory does not reach it. */
int run_view_slice(const struct run_view *v, unsigned p, uint32_t rank);
