/* SPDX-License-Identifier: MIT */
/*
 * What is in doubt in a run, and what a person may do about it. A scan goes
 * string by string of the records (dispatcher/lua/doubt.lua finds them and
 * says what may be done), and finds the rows of what it found in the bitmaps,
 * and their phones in the blocks if they are wanted. Of a string there are at
 * most 4,096; who gets them may let the scan rest.
 */
#pragma once

#include "dispatcher/config.h"
#include "dispatcher/run/report.h"
#include "dispatcher/run/view.h"

enum doubt_choice {
	DOUBT_AUTO = 'a',   /* nothing: it is repeated by itself until at_ms */
	DOUBT_WAIT = 'w',   /* nothing before at_ms */
	DOUBT_REPEAT = 'r', /* the same request under the same reference, until at_ms */
	DOUBT_NEW = 'n',    /* a new attempt: it may reach the person twice */
	DOUBT_NONE = 'x',   /* nothing any more: attempts used, or cancelled */
};

struct doubt {
	uint32_t row, rank; /* row in the list, from 0 */
	struct record record;
	enum doubt_choice choice;
	int64_t at_ms;	  /* unix; 0 = no time belongs to the choice */
	int64_t asked_ms; /* of the last copy */
	uint8_t copies;	  /* of the newest attempt's request; 0 = it is not known any more */
	uint64_t phone;	  /* 0 = not wanted */
};

struct doubts {
	unsigned p;
	uint32_t string;
	const struct doubt *list; /* by rank; lives until the scan goes on */
	size_t count;
	int64_t launched_s;
	const struct list *of; /* the list that the rows are of, or several as one; NULL = none */
};

struct doubt_scan_options {
	bool has_phones;
	/* False: the scan rests until doubt_scan_resume. */
	bool (*on_string)(void *arg, const struct doubts *d);
	/* Once, not inside doubt_scan_start; e NULL = all was seen. The scan is gone then. */
	void (*on_done)(void *arg, const struct err_ctx *e);
	void *arg;
};

struct doubt_scan;
/* s: of the run, now. Both are copied. */
struct doubt_scan *doubt_scan_start(struct engine *e, struct run_views *vs, const struct config *c,
				    const struct run_status *s, const struct doubt_scan_options *o);
void doubt_scan_resume(struct doubt_scan *s);
/* Stop without calling back. Not from inside on_string. */
void doubt_scan_cancel(struct doubt_scan *s);
/* Doubt is scanned by the rows of a list: runs of single messages have none. */
void doubt_of_notices(struct err_ctx *e);

/*
 * So long after its last copy was permitted a request of this provider has surely
 * had its end: a lease, the request's time-out, and a margin.
 */
int64_t doubt_wait_ms(const struct config *c, const struct run_status *s);

/* "repeated by itself", "not yet", … */
const char *doubt_choice_name(enum doubt_choice c);

/* ---- acts on members of one string ---- */

/* As doubt.lua takes them: four bytes a member. */
void doubt_add_member(struct buf *out, const struct doubt *d);
/* letters: one a member; NULL = not known, e says why. Runs once, not inside the call. */
typedef void (*doubt_letters_cb)(void *arg, const char *letters, const struct err_ctx *e);
struct doubt_act {
	uint64_t run;
	unsigned p;
	uint32_t string;
	struct slice members;
	int64_t wait_ms;
};
/* r the request is repeated, n a new attempt waits, = not as it was, w not now. Journalled. */
void doubt_resend(struct engine *e, const struct doubt_act *a, doubt_letters_cb cb, void *arg);
/* + marked, = not as it was, w not now. Journalled unless it is only asked. */
void doubt_mark(struct engine *e, const struct doubt_act *a, bool is_sent, bool is_dry,
		doubt_letters_cb cb, void *arg);
