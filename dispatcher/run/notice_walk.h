/* SPDX-License-Identifier: MIT */
/*
 * A walk over a run of single messages: every record, with its phone as long as its payload is
 * kept. A string of 4,096 records at a time, payloads some hundred at a time.
 */
#pragma once

#include "dispatcher/run/report.h"

struct notice_row {
	unsigned p;
	uint32_t rank;
	struct record record;
	uint64_t phone; /* 0 = its payload is not kept any more */
};

struct notice_walk_callbacks {
	bool (*on_row)(void *arg,
		       const struct notice_row *r); /* false ends it, with ERR_CONFLICT */
	/* Once, never inside notice_walk; e NULL = all were visited. */
	void (*on_done)(void *arg, const struct err_ctx *e);
	void *arg;
};
/* s: of the run; borrowed for this call. */
void notice_walk(struct engine *e, const struct run_status *s,
		 const struct notice_walk_callbacks *cbs);
