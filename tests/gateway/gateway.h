/* SPDX-License-Identifier: MIT */
/*
 * The gateway in one struct. Which file does what:
 *
 *   main.c      command line, loop, end        serve, head   HTTP in
 *   job.c       what all desks do alike        courier       HTTP out
 *   desk.c      /send, /batch, /bulk           receipts      receipts under way
 *   answers.c   answers of these three         ledger        what was done, for good
 *   faults.c    misbehaviour                   memory        references seen
 *   nth.c       that of one counted request
 *   reports.c   which receipts a message gets  window        messages of the last second
 *   pages.c     /stats /control /ledger /inbox query         what stands behind a ?
 *
 *   esms.c      the dialect of eSMS.vn: sending    esms_read.c     its bodies and texts
 *   esms_poll.c looking up what became of it       esms_answers.c  its answers, callbacks
 *   shelf       messages sent, for looking up      networks.c      whose number it is
 */
#pragma once

#include "tests/gateway/chance.h"
#include "tests/gateway/esms.h"
#include "tests/gateway/ledger.h"
#include "tests/gateway/memory.h"
#include "tests/gateway/moods.h"
#include "tests/gateway/nth.h"
#include "tests/gateway/options.h"
#include "tests/gateway/receipts.h"
#include "tests/gateway/request.h"
#include "tests/gateway/serve.h"
#include "tests/gateway/window.h"

struct stats {
	uint64_t requests;			/* to the dialects, but for … */
	uint64_t polls;				/* … looking up */
	uint64_t accepted, duplicates, refused; /* messages */
	uint64_t accepted_again;  /* of accepted: the reference had been accepted before */
	uint64_t throttled;	  /* requests answered 429 */
	uint64_t rate_violations; /* of throttled: over --rate */
	uint64_t faults;	  /* requests that were misbehaved to */
	uint64_t inbox;		  /* POST /inbox */
};

struct gateway {
	struct settings settings;
	struct event_base *base;
	struct server *server;
	struct ledger ledger;
	struct receipts *receipts;
	struct chance chance;
	struct memory refs;	/* accepted references of /send, /batch, /bulk */
	struct memory texts;	/* and their numbers and texts, for --dedupe-text */
	struct memory numbers;	/* with a mood that tells the first time apart */
	struct window offered;	/* all messages that came */
	struct window admitted; /* those that --rate let through */
	struct esms esms;
	struct stats stats;
	uint64_t last_request, last_id; /* go on where the ledger ends */

	/* of the request at hand */
	struct request request;
	struct verdict *verdicts; /* as many as request.cap */
	size_t verdicts_cap;
};

struct job;

/* How a dialect says what all dialects have to say. */
struct manner {
	const char *(*name)(enum code c); /* in the ledger */
	/* One answer for all; message NULL = the usual one of the code. */
	void (*refuse)(struct job *j, struct verdict v, const char *message);
	enum receipts_by receipts_by;
};

/* A request to one of the dialects, on its way through the desk. */
struct job {
	const struct manner *manner;
	struct gateway *g;
	const struct asked *asked;
	struct reply *reply;
	enum dialect dialect;
	uint64_t number; /* of the request, from 1 */
	uint64_t now_us, wall_us;
	struct target *target;	     /* of receipts; NULL = none */
	enum fault after;	     /* what a mood asks for */
	const struct nth_fault *nth; /* NULL = it is not the one that --fault-in counts to */
	struct hold *hold;	     /* NULL = the answer waits for no receipt */
};

/* job.c */
/* j has g, asked, reply and dialect. */
void job_start(struct job *j, const struct manner *manner);
/* true: a chance fault before acceptance ended it. */
bool job_meets_fault(struct job *j);
/* After the answer was written: faults after acceptance. */
void job_end(struct job *j);
struct entry job_entry(const struct job *j, const char *event, const struct message *m);
/* m NULL = the request could not be read. */
void job_note_refused(struct job *j, const struct message *m, struct verdict v);
/* refs remembers the reference; extra as in struct entry. */
void job_note_accepted(struct job *j, struct memory *refs, const struct message *m, uint64_t id,
		       const char *extra);
/* One answer for all of it; each message that was read has its line. */
void job_refuse_all(struct job *j, enum code code, const char *message, uint64_t id);
bool job_is_json(const struct job *j);
void job_make_verdicts(struct gateway *g);
bool job_knows_sender(const struct gateway *g, struct text from);
/* false: refused, because the callback is none. */
bool job_find_callback(struct job *j);
/* Moods that are about the whole request; the first number that has one decides. */
bool job_has_mood_refused(struct job *j);
bool job_has_throttled(struct job *j);
enum code job_judge_by_mood(struct job *j, struct text to);

/* desk.c */
void desk_take(struct gateway *g, enum dialect d, const struct asked *q, struct reply *r);

/* answers.c */
const char *code_name(enum code c); /* "10" */
const char *code_message(enum code c);
void answer_error(struct reply *r, enum code c, const char *message);
void answer_verdicts(struct gateway *g, const struct request *q, struct reply *r);

/* faults.c */
enum fault fault_draw_before(struct gateway *g);
enum fault fault_draw_after(struct gateway *g, uint64_t nth);
void fault_do(struct job *j, enum fault f, bool is_after);

/* reports.c */
/* What will be known of a message, and when (times_mono_us). */
struct outlook {
	enum report reports[2]; /* REPORT_NONE = no more */
	uint64_t due_us[2];
	bool is_early; /* before the answer */
	bool is_twice;
};

struct outlook outlook_draw(struct job *j, struct text to, uint64_t sent_us);
/* One receipt, or two the same, to the job's target; nothing if there is none. */
void reports_send(struct job *j, struct receipt_order o, const struct outlook *out);
void reports_plan(struct job *j, const struct message *m, uint64_t id);

/* pages.c: false = no page of that name */
bool page_show(struct gateway *g, const struct asked *q, struct reply *r);

/* history.c: reads the ledger that is there already, before it is opened for writing. */
void history_read(struct gateway *g);
