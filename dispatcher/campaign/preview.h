/* SPDX-License-Identifier: MIT */
/*
 * What a campaign would be if it were launched now: every message of its
 * audience is rendered and counted, so parts and price are exact, not
 * estimated. The shortest and longest text are shown as they would be sent.
 * One block of the list a turn of the loop; memory does not grow with the
 * audience but for what `audience` remembers of it.
 */
#pragma once

#include "dispatcher/campaign/campaign.h"
#include "dispatcher/campaign/distinct.h"
#include "dispatcher/campaign/letters.h"
#include "dispatcher/campaign/row_table.h"
#include "dispatcher/campaign/tails.h"
#include "dispatcher/campaign/tally.h"
#include "dispatcher/campaign/unread.h"
#include "dispatcher/store/record.h"
#include "segments/phone.h"

/* One message that stands for others. */
struct preview_text {
	char *text; /* NULL = none */
	size_t n;   /* its bytes */
	struct sms_count count;
	uint64_t row; /* from 1 */
};

struct preview {
	uint64_t list_rows, audience;
	struct tally tally;	  /* audience = messages of its sum + those that are skipped */
	uint64_t plain;		  /* messages whose accents were taken off */
	struct row_table skipped; /* by text of enum record_reason */
	struct distinct distinct; /* texts, as they are sent */
	struct letters letters;	  /* of them */
	struct tally_sum language[SET_LANGUAGES_MAX]; /* by text of the set */
	bool has_language_column;
	/* Messages in another language than the row's own, by why: and whose language has no text. */
	struct row_table misfits, untranslated;
	struct row_table missing; /* skipped: by field that has no value */
	struct unread unread;	  /* skipped: there was one, and a filter made nothing of it */
	struct row_table refused; /* skipped: by character that the provider does not carry */
	/* Of those that are skipped, by provider: too few of one text for its smallest batch. */
	struct tails_sum too_few[PROVIDERS_MAX];
	struct preview_text shortest, longest;
	double forecast_s;  /* sending time at the contracted rates */
	int64_t opens_in_s; /* until its hours begin and no freeze holds it; 0 = now */
	/* Its time, else now, and when it sends from then on; unix time. */
	int64_t begins_s, sends_from_s;
	/* halt_told: the freeze that it falls into, and one that begins while it is sent; NULL = none */
	json_t *freeze, *freeze_within;
};

struct preview_job;
struct preview_callbacks {
	struct ready_how how; /* of the campaign; its watch is the preview's */
	/* Now and then; done of total blocks. May be NULL. */
	void (*on_progress)(void *arg, uint64_t done, uint64_t total);
	/* From a second on: what is read of other lists and campaigns before. May be NULL. */
	void (*on_sets)(void *arg, uint64_t done, uint64_t total);
	/* Once, never before preview_start returns; both views live during the call. */
	void (*on_done)(void *arg, const struct ready_campaign *c, const struct preview *p,
			const struct err_ctx *e);
	void *arg;
};
struct preview_job *preview_start(struct loop *l, struct engine *e, const struct config *c,
				  const char *id_or_name, const struct preview_callbacks *cbs);
/* Stop without calling back. */
void preview_cancel(struct preview_job *j);
