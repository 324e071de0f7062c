/* SPDX-License-Identifier: MIT */
/*
 * A campaign's text, rendered for some of its real rows, for somebody's own
 * phone: how it looks on a screen before anybody else gets it. This finds and
 * renders the rows and sends nothing; the texts then go as single messages, by
 * the route and the price of the phone they go to.
 */
#pragma once

#include "dispatcher/campaign/campaign.h"

#define TRIAL_MAX 5u

enum trial_pick {
	TRIAL_MIXED,	/* the shortest, the longest, the first; then the next ones */
	TRIAL_SHORTEST, /* the shortest ones */
	TRIAL_LONGEST,
	TRIAL_ROW, /* a certain one */
};

struct trial_wish {
	enum trial_pick pick;
	uint64_t row;		      /* of the list, from 1, as results have it; of TRIAL_ROW */
	char list[LIST_NAME_MAX + 1]; /* of several, the one that the row is of; "" = not said */
	unsigned count;		      /* 1..TRIAL_MAX texts */
	bool is_full; /* also of who is found by something sensitive: who asks and why is written down */
	uint64_t phone; /* they will go to it */
};

struct trial_text {
	uint64_t row;	 /* from 1, through all of several lists */
	const char *why; /* "shortest", "longest", "first", "next", "row" */
	char *text;
	size_t n; /* its bytes */
	unsigned parts;
	bool is_unicode;
	uint8_t language; /* index in the set of the campaign's rendering */
};

struct trial {
	struct trial_text texts[TRIAL_MAX];
	size_t count;
	const struct provider_config *provider; /* that serves the phone */
	int64_t price;				/* VND per part */
};

struct trial_job;
struct trial_callbacks {
	/* Now and then; done of total blocks. May be NULL. */
	void (*on_progress)(void *arg, uint64_t done, uint64_t total);
	/* From a second on: what is read of other lists and campaigns before. May be NULL. */
	void (*on_sets)(void *arg, uint64_t done, uint64_t total);
	/* Once, never before trial_start returns; t NULL = e says why. Live during the call. */
	void (*on_done)(void *arg, const struct ready_campaign *c, const struct trial *t,
			const struct err_ctx *e);
	void *arg;
};
struct trial_job *trial_start(struct loop *l, struct engine *e, const struct config *c,
			      const char *id_or_name, const struct trial_wish *wish,
			      const struct trial_callbacks *cbs);
/* Stop without calling back. */
void trial_cancel(struct trial_job *j);
