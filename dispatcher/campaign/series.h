/* SPDX-License-Identifier: MIT */
/*
 * A campaign with a schedule: it fires at each occurrence, each time a run of its
 * own with the lists and the template of that moment. Here is what of it can be
 * worked out without Redis: what its document says, which occurrence is next,
 * whom one of a column of dates is for, what becomes of one that nobody fired in
 * time. What was fired is in dispatcher/lua/series.lua.
 */
#pragma once

#include "dispatcher/campaign/campaign.h"
#include "dispatcher/campaign/schedule.h"

#define SERIES_GAP_MIN_S 600 /* between two occurrences */

/* What becomes of an occurrence that nobody fired in time. */
enum late_then {
	LATE_SEND,	  /* fired all the same, but later than within_min it is missed */
	LATE_NEXT_WINDOW, /* put off until the hours of its class open again */
	LATE_DROP,	  /* missed */
};
extern const char *const late_names[3];

/* What a document of a campaign says of its schedule. */
struct series_words {
	char *schedule; /* as it is written down; NULL = none */
	enum late_then late_then;
	int64_t late_s; /* how late it is still fired; 0 = not said */
};
/*
 * "schedule" and "late" of the document; a rule that counts from its start gets today for it. Refused
 * is what never fires, or more often than every ten minutes.
 */
MUST_CHECK enum err series_read(const struct json_at *root, const struct calendar *calendar,
				struct series_words *out, struct err_ctx *e);
void series_words_clear(struct series_words *w);
/* Field, value … of the campaign's record; nothing where nothing was said. */
void series_add_fields(const struct series_words *w, struct argv *a);

/* The first occurrence from from_s on; *next_s 0: there is none (any more). */
MUST_CHECK enum err series_next(const struct campaign *c, const struct calendar *calendar,
				int64_t from_s, int64_t *next_s, struct err_ctx *e);
/* ERR_CONFLICT of a campaign whose schedule has no further occurrence; says where its table ends. */
enum err series_is_over(const struct campaign *c, const struct calendar *calendar,
			struct err_ctx *e);

/*
 * Where it has a column of dates: its queries become those of the occurrence that it is scheduled for,
 * or else of the next one.
 */
MUST_CHECK enum err series_narrow(struct campaign *c, const struct calendar *calendar,
				  struct err_ctx *e);

/* Is each occurrence for other rows, so that what one needs says nothing of the next? */
bool series_differs(const struct campaign *c, const struct calendar *calendar);

/*
 * An occurrence that was not fired in time is put off until then; 0: it is missed, because the next
 * occurrence comes first or its policy says so. next_s: that, 0 = none.
 */
int64_t series_put_off(const struct campaign *c, const struct class_policy *class, int64_t now_s,
		       int64_t next_s);

/*
 * {"next": [{"due","day"} …], "warnings": [text …]}: the first occurrences from from_s on, and those of them
 * that fall on a weekend, a holiday or a feast. NULL: it has no schedule, or one that cannot be read.
 */
json_t *series_outlook(const struct campaign *c, const struct calendar *calendar, int64_t from_s);
/* {"warnings": [text …]} of one moment. */
json_t *day_outlook(const struct calendar *calendar, int64_t at_s);
