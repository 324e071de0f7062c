/* SPDX-License-Identifier: MIT */
/*
 * The gateway in one struct. Which file does what:
 *
 *   main.c      command line, loop, end        serve, head   HTTP in
 *   desk.c      what becomes of a request      courier       HTTP out
 *   answers.c   answers of the three dialects  receipts      receipts under way
 *   faults.c    misbehaviour                   ledger        what was done, for good
 *   reports.c   which receipts a message gets  memory        references seen
 *   pages.c     /stats /control /ledger /inbox window        messages of the last second
 */
#pragma once

#include "tests/gateway/chance.h"
#include "tests/gateway/ledger.h"
#include "tests/gateway/memory.h"
#include "tests/gateway/moods.h"
#include "tests/gateway/options.h"
#include "tests/gateway/receipts.h"
#include "tests/gateway/request.h"
#include "tests/gateway/serve.h"
#include "tests/gateway/window.h"

struct stats {
	uint64_t requests;			/* to the three dialects */
	uint64_t accepted, duplicates, refused; /* messages */
	uint64_t accepted_again;  /* of accepted: the reference had been accepted before */
	uint64_t throttled;	  /* requests answered 429 */
	uint64_t rate_violations; /* of throttled: over --rate */
	uint64_t faults;	  /* requests that were misbehaved to */
	uint64_t inbox;		  /* POST /inbox */
};

/* What became of a message. */
struct verdict {
	enum code code;
	uint64_t id; /* 0 = none */
};

struct gateway {
	struct settings settings;
	struct event_base *base;
	struct server *server;
	struct ledger ledger;
	struct receipts *receipts;
	struct chance chance;
	struct memory refs;	/* accepted references */
	struct memory numbers;	/* with a mood that tells the first time apart */
	struct window offered;	/* all messages that came */
	struct window admitted; /* those that --rate let through */
	struct stats stats;
	uint64_t last_request, last_id; /* go on where the ledger ends */

	/* of the request at hand */
	struct request request;
	struct verdict *verdicts; /* as many as request.cap */
	size_t verdicts_cap;
};

/* A request to one of the dialects, on its way through the desk. */
struct job {
	struct gateway *g;
	const struct asked *asked;
	struct reply *reply;
	enum dialect dialect;
	uint64_t number; /* of the request, from 1 */
	uint64_t now_us, wall_us;
	struct target *target; /* of receipts; NULL = none */
	enum fault after;      /* what a mood asks for */
	struct hold *hold;     /* NULL = the answer waits for no receipt */
};

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
void reports_plan(struct job *j, const struct message *m, uint64_t id);

/* pages.c: false = no page of that name */
bool page_show(struct gateway *g, const struct asked *q, struct reply *r);

/* history.c: reads the ledger that is there already, before it is opened for writing. */
void history_read(struct gateway *g);
