/* SPDX-License-Identifier: MIT */
/*
 * What many runs came to together: different phones reached, messages, parts and money, by group. What
 * was taken by a provider counts (accepted, delivered, undeliverable), at the moment when its answer
 * came, as far as the detail log knows it, else when its record changed last. Reached are phones with
 * a message that was accepted or delivered, each once in a group and once in all (run/distinct_keys).
 *
 * Runs are gone through one after the other, a walk over the audience each; single messages by
 * their records and payloads. At most VOLUME_GROUPS different groups.
 */
#pragma once

#include "dispatcher/run/launched.h"
#include "dispatcher/run/view.h"

#define VOLUME_GROUPS 16383u
#define VOLUME_VALUE_MAX 120u /* bytes of a value; longer ones are told apart by their beginning */

enum volume_by {
	VOLUME_GOAL,
	VOLUME_EVENT,
	VOLUME_UNIT,
	VOLUME_CLASS,
	VOLUME_CAMPAIGN,
	VOLUME_MONTH,
	VOLUME_CARRIER,
	VOLUME_PROVIDER,
	VOLUME_PARTNER, /* month, provider and carrier, with tabs between */
	VOLUME_PROVINCE,
	VOLUME_COLUMN,
};

struct volume_wanted {
	enum volume_by by;
	const char *column;	   /* of VOLUME_COLUMN: its name or title */
	int64_t from_s, to_s;	   /* unix time: from ≤ message < to */
	const char *folder;	   /* for temporary files */
	struct launched_run *runs; /* taken */
	size_t run_count;
};

struct volume_group {
	char *key, *label; /* "" = no value */
	uint64_t phones;   /* reached, different ones */
	uint64_t messages; /* taken by a provider */
	uint64_t delivered, undeliverable, parts;
	int64_t cost; /* VND */
};

struct volume {
	struct volume_group
		*groups; /* [0] is all of them; the others in order of their first message */
	size_t count;
	bool is_sensitive;	 /* the column is: small groups are not told */
	uint64_t runs;		 /* that were gone through */
	uint64_t not_kept;	 /* messages whose phone is not known any more: in no `phones` */
	uint64_t not_readable;	 /* runs whose list was deleted */
	uint64_t without_column; /* runs whose lists have no such column */
	bool is_moving;		 /* parts and counters of a run differ: it is under way */
};

struct volume_callbacks {
	/* Often: runs of runs; false: nobody waits any more. */
	bool (*on_progress)(void *arg, uint64_t done, uint64_t total);
	/* Once, never inside volume_start; v lives during the call. */
	void (*on_done)(void *arg, const struct volume *v, const struct err_ctx *e);
	void *arg;
};
void volume_start(struct engine *e, const struct volume_wanted *w,
		  const struct volume_callbacks *cbs);
