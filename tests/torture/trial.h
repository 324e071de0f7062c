/* SPDX-License-Identifier: MIT */
/* One job with one failure in it, and whether both books agree afterwards. */
#pragma once

#include "tests/torture/books.h"

enum scenario {
	REDIS_RUN,   /* the n-th command of a run fails */
	REDIS_FIRST, /* … since the server was started on an empty Redis */
	REDIS_START, /* … since the server was started again in the middle of it, after kill -9 */
	REDIS_LIFE,  /* … since Redis came back with another life: the journal is told again */
	GATEWAY_RUN, /* the n-th request to the gateway fails */
	SCENARIOS,
};

struct failure {
	enum scenario scenario;
	unsigned kind; /* enum proxy_kind, or one of the gateway's */
	unsigned n;    /* from 1 */
};

const char *scenario_name(enum scenario s);
/* The kind's name; NULL = there are no more. */
const char *scenario_kind(enum scenario s, unsigned kind);

struct trial {
	struct rig *rig;
	struct failure failure;
	/* What became of it. */
	bool is_reached;   /* it failed: the run was long enough */
	unsigned commands; /* or requests, that the run had */
	char what[64];	   /* failed, "" = unknown */
	int64_t ms;
	struct job job; /* why: what is wrong */
};

/* false: it went wrong; the rig should be made anew. */
bool trial_run(struct trial *t);
/* The failed trial as comments: how to do it again, what was wrong, what the server said last. */
void trial_tell(const struct trial *t);
