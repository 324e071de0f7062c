/* SPDX-License-Identifier: MIT */
/*
 * What a campaign would be if it were launched now: every message of its
 * audience is rendered and counted, so parts and price are exact, not
 * estimated. The shortest and longest text are shown as they would be sent.
 */
#pragma once

#include "dispatcher/campaign/campaign.h"
#include "dispatcher/campaign/row_table.h"
#include "dispatcher/store/record.h"
#include "segments/phone.h"

struct preview_carrier {
	uint64_t messages, parts;
	int64_t cost; /* VND */
};

struct preview {
	uint64_t list_rows, audience, messages, parts, unicode;
	uint64_t plain; /* messages whose accents were taken off */
	int64_t cost;
	uint64_t skipped[256]; /* by enum record_reason */
	struct preview_carrier carrier[CARRIERS_MAX];
	struct preview_carrier language[SET_LANGUAGES_MAX]; /* by text of the set */
	bool has_language_column;
	/* Messages in another language than the row's own, by why: and whose language has no text. */
	struct row_table misfits, untranslated;
	struct row_table missing; /* skipped: by field that has no value */
	struct row_table refused; /* skipped: by character that the provider does not carry */
	char *shortest, *longest; /* NULL = no message */
	unsigned shortest_parts, longest_parts;
	double forecast_s;  /* sending time at the contracted rates */
	int64_t opens_in_s; /* until the hours of its class begin; 0 = now */
};

struct preview_job;
struct preview_callbacks {
	/* Now and then; done of total blocks. May be NULL. */
	void (*on_progress)(void *arg, uint64_t done, uint64_t total);
	/* Once, never before preview_start returns; both views live during the call. */
	void (*on_done)(void *arg, const struct ready_campaign *c, const struct preview *p,
			const struct err_ctx *e);
	void *arg;
};
struct preview_job *preview_start(struct loop *l, struct engine *e, const struct config *c,
				  const char *id_or_name, const struct preview_callbacks *cbs);
/* Stop without calling back. */
void preview_cancel(struct preview_job *j);
