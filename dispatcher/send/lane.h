/* SPDX-License-Identifier: MIT */
/*
 * Inside of the sender: a lane, the chunks it works on, their requests.
 *
 *   work:     LOADING → OPEN → CLOSING (nothing new is asked) → released, freed
 *
 *   request:  READY → ASKED ─┬→ DATED → SENT → CLOSING (outcome or un-mark) → freed
 *               ▲            ├→ READY (wait, not sent)
 *               └────────────┴→ freed (stop, lost, held)
 */
#pragma once

#include "dispatcher/run/chunk.h"
#include "dispatcher/run/dedupe.h"
#include "dispatcher/run/foreign.h"
#include "dispatcher/send/flow.h"
#include "dispatcher/send/sender.h"

#define PERMIT_CHARS 17
#define SLOT_LATE_US 4000 /* a slot not used by then is lost */

enum request_state {
	REQUEST_READY,
	REQUEST_ASKED,
	REQUEST_DATED,
	REQUEST_SENT,
	REQUEST_CLOSING,
};

struct request {
	struct request *next; /* in lane->ready while READY */
	struct lane *lane;
	struct work *work;
	enum request_state state;
	bool is_repeat;
	uint32_t first;
	size_t count;
	uint32_t *ranks;     /* [count], ascending */
	struct buf members;  /* as Redis keeps them */
	struct buf attempts; /* one byte a member */
	struct buf parts;    /* one byte a member */
	struct buf caps;   /* CAP_HASH_BYTES a member where the run has caps and it is no repeat */
	struct buf phones; /* a hash a member where receipts may need it; see foreign.h */
	struct buf expected; /* the members' records as they were when it was made */
	uint8_t hash[16];    /* of what is said to whom: a repeat must say the same */
	uint32_t cost;	     /* in what the contract counts */
	char permit[PERMIT_CHARS];
	int64_t asked_us, slot_us; /* mono clock */
	int64_t permitted_us;	   /* Redis's clock: when the permit was given; 0 = it was not */
	struct timer timer;	   /* DATED: fires at slot_us */
	/* From here: made when the permit is asked for, gone with the answer. */
	const struct provider_config *provider;
	struct arena arena;
	struct batch batch;
	struct http_request http;
	struct fetch_transfer *transfer; /* SENT */
};

struct work {
	struct work *next;
	struct lane *lane;
	struct chunk *chunk;
	bool is_loaded;
	bool is_begun;	   /* its requests were made */
	bool is_closing;   /* ask for nothing more; release when nothing is open */
	bool is_lost;	   /* the lease is somebody else's: do not even release */
	bool is_checking;  /* is a member suppressed? Nothing is asked for meanwhile */
	uint32_t *checked; /* [checked_count] ranks that were asked about; NULL = none */
	size_t checked_count;
	struct request *held;	/* not to be asked for before that is known, newest first */
	struct request *parked; /* only its run must wait, until parked_us; newest first */
	int64_t parked_us;
	size_t changes;	  /* times that its records were not what they seemed */
	size_t open;	  /* requests and skips that are not over */
	int64_t delay_ms; /* until the rest may be claimed again */
	/* Lateness that the run's own speed was charged last, and when (our clock). */
	int64_t late_paid_us, late_paid_at_us;
};

/* How permits end, each told by the Lua function of that name; see tell.c. */
enum tell_kind { TELL_OUTCOME, TELL_UNMARK, TELL_KINDS };

struct telling;

struct teller {
	struct telling *head, *last; /* not under way; the last may get more */
	unsigned calls;		     /* under way */
};

struct lane {
	struct sender *sender;
	const struct provider_config *provider;
	struct loop_step step;
	struct timer wake; /* claim again, or ask again */
	struct work *works;
	size_t work_count, parked_count; /* parked: works of which something is put aside */
	bool is_claiming;
	bool is_claiming_urgent; /* only for what is more urgent than some of its works */
	bool is_woken;		 /* something changed in Redis since the last claim was asked */
	char claim_id
		[PERMIT_CHARS]; /* of the claim under way, or whose answer was lost; "" = none */
	int64_t claim_at_us, ask_at_us; /* not before */
	int64_t gather_at_us; /* nor then, but for the urgent: several will go in one call */
	int64_t looked_us;    /* that a long wait was looked at again */
	const char *why;      /* a literal, or why_text */
	char why_text[400];
	bool is_why_of_run; /* of one that it had nothing but to put off, not its own */
	struct request *ready, **ready_tail;
	size_t ready_messages;
	unsigned asked, dated, in_flight;
	unsigned permit_calls; /* under way */
	struct teller tellers[TELL_KINDS];
	unsigned untold;  /* requests in them that are not under way */
	unsigned window;  /* permits that may be asked for at a time */
	struct flow flow; /* how many may be under way */
	unsigned late_in_row;
	/* Lateness that the next slots have to pay for, of this unit, and what was paid last, and when. */
	int64_t late_us, late_paid_us, late_paid_at_us;
	uint64_t late_unit;
	double factor; /* of the contracted rate, as the last permit said (dispatcher/lua/health.lua) */
	uint64_t requests, accepted, refused, later, in_doubt, unmarked, late_slots;
};

/*
 * Redis's clock as this process sees it, and how long permits take. A slot is
 * dated by Redis; it is used at the same moment of our clock plus a lag that
 * covers what a permit's reply usually takes (Redis answers after its fsync).
 * A lag that grows only spreads requests out; one that shrinks pushes them
 * together, so it shrinks by no more than half a millisecond a second.
 */
struct slot_clock {
	int64_t ahead_us[2];   /* Redis's clock minus ours: least seen in this span and the last */
	int64_t span_from_us;  /* 0 = nothing known */
	int64_t longest_us[2]; /* round trips of this span and the last */
	int64_t mean_us;       /* of the round trips */
	int64_t lag_us, lag_at_us;
};

struct sender {
	struct sender_options o;
	struct lane lanes[PROVIDERS_MAX];
	size_t lane_count;
	bool is_open, is_draining, has_config;
	bool must_look_again; /* after the looks under way */
	size_t looks;	      /* states of runs that are being asked for */
	struct slot_clock clock;
	struct gauge permits; /* from the question to the answer */
	uint8_t reference_key[REFERENCE_KEY_BYTES];
	char receipt_base_url[256];
};

/* ---- lane.c ---- */
void lane_init(struct sender *s, struct lane *l, const struct provider_config *p);
void lane_want(struct lane *l);
/* A request or a skip of the work is over. May release and free the work. */
void work_closed_one(struct work *w);
/* Ask for nothing more of it; delay_ms until the rest may be claimed. */
void work_close(struct work *w, int64_t delay_ms);
/* A request in doubt cannot be said again as it was: its members are for a person. */
void work_hold(struct work *w, uint32_t first, uint8_t attempt);
/* These have had as many messages as the policy allows: they wait, or are left out when built. */
void work_cap(struct work *w, const uint32_t *ranks, size_t count);
/* Group ranks that can be sent into requests and put them into lane->ready. */
void work_build(struct work *w, const uint32_t *ranks, size_t count);
/*
 * The same for some of a request that cannot go as it was. Where a request may not be small, all that
 * is not asked for yet is grouped again with them: fewer of one text may be enough together.
 */
void work_regroup(struct work *w, const uint32_t *ranks, size_t count);
/* Redis says that the lane rests: all that is claimed goes back, nothing is asked for meanwhile. */
void lane_rest(struct lane *l, int64_t ms, struct slice why);
/* Something has changed: a long wait is looked at again now. */
void lane_look_again(struct lane *l);
/* Say why nothing leaves, and look again then. */
void lane_wait(struct lane *l, int64_t until_us, struct slice why);

/* It is prepared, its members were looked at: make its requests. */
void work_begin(struct work *w);

/* ---- ready.c ---- */
/* Urgent runs first; otherwise in the order in which they were made. */
void lane_push(struct lane *l, struct request *r);
/* Put one back that was taken out: before those of its kind, behind the more urgent. */
void lane_return(struct lane *l, struct request *r);
/* Take the work's requests that wait in the lane out of it; newest first. */
struct request *lane_take(struct lane *l, const struct work *w);
/* The first. Not when there is none. */
struct request *lane_pop(struct lane *l);

/* ---- park.c ---- */
/* r was not permitted, and only for its run's sake: what is ready of its work waits with it. */
void work_park(struct work *w, struct request *r, int64_t until_us);
/* What was put aside goes on when its time has come. Returns the next such time; INT64_MAX = none. */
int64_t lane_unpark(struct lane *l, int64_t now_us);
/* Take what is parked of the work out; newest first. */
struct request *work_unpark(struct work *w);

/* ---- recheck.c ---- */
/*
 * Suppressions may have changed since its members were looked at: look again.
 * r (NULL = none) was not permitted for that and waits; so does what is ready.
 */
void work_recheck(struct work *w, struct request *r);

/* ---- request.c ---- */
/* The request is over for this lease. */
void request_end(struct request *r);
void request_free(struct request *r);
/* What is said, in r->http. False: it cannot be said, and r is gone. */
bool request_encode(struct request *r);
/* It is permitted: its bytes leave then. */
void request_date(struct request *r, int64_t slot_us);
/* The permit's bytes surely did not leave. verdict, why: of the lane; "" = it says nothing. */
void request_unmark(struct request *r, const char *verdict, const char *why);
/* run, partition, first, attempt, permit, lane. */
void request_add_name(const struct request *r, struct argv *a);
struct foreign request_foreign(const struct request *r);
void lane_pay_lateness(struct lane *l);

/* ---- permit.c ---- */
/* May the first of the lane be asked for? */
bool lane_may_ask(struct lane *l);
/* When the first of the lane, if there is one, may be asked for. */
int64_t lane_ask_at(const struct lane *l);
/* Ask permits for the first ones of the lane, in one call. */
void lane_ask(struct lane *l);

/* Its end is known to Redis. */
void request_told(struct request *r, enum tell_kind kind);

/* ---- tell.c ---- */
/*
 * The request's end will be told: its words are added to what this returns, before anything else
 * is called.
 */
struct argv *tell_add(struct request *r, enum tell_kind kind);
/* Tell what has come in; at the end of a turn. */
void lane_tell(struct lane *l);
/* The sender is given up: what was not told is in doubt. */
void lane_forget(struct lane *l);

/* ---- stop.c ---- */
/* Give back what is claimed of runs that were stopped. */
void sender_look(struct sender *s);

/* ---- slot.c ---- */
/* When, by our clock, the slot of a permit is that was asked for at asked_us. */
int64_t slot_local_us(struct slot_clock *c, int64_t asked_us, int64_t slot_us,
		      int64_t redis_now_us);

/* Can a permit be used whose slot is then? If not, the clocks are learnt anew. */
bool slot_is_usable(struct slot_clock *c, int64_t slot_us);

/* ---- answer.c ---- */
/* What an answer proves, per member, as the Lua function `outcome` takes it. */
struct judgement {
	struct buf classes, reasons; /* one byte a member */
	struct buf log;		     /* line for the detail log; empty = none */
	struct buf ids;	     /* FOREIGN_ID_BYTES a member, zeros = none; empty = none at all */
	struct buf id_texts; /* for asking about them: each with a NUL; empty = none */
	bool has_shared_id;  /* one id for several members */
	const char *verdict; /* what it says of the lane, as health.told takes it */
	int64_t rest_ms;     /* the lane must rest so long at least; 0 = no */
	const char *why;     /* of a rest; "" = there is none */
	bool is_lane_fault;  /* of some member at least: it uses up no attempt of the budget */
};
void judge_answer(struct request *r, const struct fetch_answer *a, struct judgement *j);
void judgement_free(struct judgement *j);
