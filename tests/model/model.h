/* SPDX-License-Identifier: MIT */
/*
 * An exhaustive model of claim → permit → bytes → outcome: two senders, one
 * Redis that may come back older, a net whose copies outlive their sender, one
 * or two gateways that count what they accepted. It says in C what dispatcher/lua says
 * in Lua (and the engine's design where the Lua is silent), small enough that
 * every interleaving with a bounded number of faults can be walked.
 *
 *   lattice.c  what a record is and how evidence is merged into it
 *   redis.c    the Lua functions: permit, unmark, outcome, release, reconcile, remark
 *   gateway.c  the net and the gateway
 *   sender.c   what senders and a Redis that comes back do
 *   people.c   receipts, people, the gateway's memory
 *   past.c     faults, lost writes, journals, permit ids
 *   rules.c    the table of all that can happen
 *   check.c    what must hold in every state, and in the end of an undisturbed run
 *   explore.c  breadth first over all states, and the way to a violation
 *   trace.c    actions and states for people
 *   main.c     the table of layouts, faults and seeded bugs
 *
 * The invariant that lets it work: a state is plain bytes without padding, so
 * that equal states have equal bytes. Nothing here is shared with Loa.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGES 3
#define ATTEMPTS 2
#define SENDERS 2
#define CHUNKS 2
#define LANES 2
#define FIELDS (MESSAGES * ATTEMPTS) /* a request is named by its first member and attempt */
#define COPIES_IN_NET 4
#define COPY_IDS 8
#define COPIES_MAX 3 /* of one request; the Lua allows ten */
#define LOST_WRITES_MAX 2
#define JOURNAL LOST_WRITES_MAX

/* Phases of an attempt and states of a message, as in the record. */
enum phase {
	WAITING,
	SENDING,
	RETRY,
	ACCEPTED,
	UNKNOWN,
	DELIVERED,
	UNDELIVERABLE,
	REFUSED,
	SUPPRESSED,
	CANCELLED,
	PHASES
};

enum { HELD = 1, HARD = 2, EARLIER = 4 };

/*
 * A record and its line in the sparse table. Without EARLIER: state is the
 * newest attempt's phase, all before it were `retry`, and phases[] is zero.
 */
struct record {
	uint8_t state; /* enum phase: what the message shows */
	uint8_t attempt;
	uint8_t flags; /* HELD: no automatic repeat; HARD: by a roll-back, no negative closes it */
	uint8_t phases[ATTEMPTS];
};

enum { VOID = 1, WINDOW_OVER = 2, UNCLOSABLE = 4 };

struct request {
	uint8_t members; /* bit a message; 0 = no such request */
	uint8_t second;	 /* members that are in their second attempt */
	uint8_t copies;	 /* set of permit ids */
	/*
	 * VOID: never repeat; WINDOW_OVER: its dedupe window passed; UNCLOSABLE: a
	 * copy may have been forgotten, so neither an answer nor an un-mark closes it.
	 */
	uint8_t flags;
	uint8_t lane; /* the gateway that it was said to */
};

enum run { RUNNING, PAUSED, CANCELLED_RUN };

struct redis {
	struct record records[MESSAGES];
	struct request requests[FIELDS];
	uint8_t leases[CHUNKS]; /* 0 none, sender + 1, ORPHAN */
	uint8_t todo;		/* bit a chunk: anybody's */
	uint8_t own[LANES];	/* bit a chunk: of the lane that said what is in doubt there */
	uint8_t cursor;		/* chunks claimed so far */
	uint8_t run;
	uint8_t suppressed; /* bit a message */
};
#define ORPHAN (SENDERS + 1)

enum doing {
	IDLE,
	CLAIM_UNSURE, /* the reply was lost */
	HOLDING,
	PERMITTED,     /* bytes have not left */
	PERMIT_UNSURE, /* literal C5 only: will ask again with the same id */
	UNMARKING,     /* they never will */
	ON_THE_WIRE,
	ANSWERED,
	DEAD
};

enum { STALE = 1, AFTER_STOP = 2, REPLAYED = 4 };

enum note_kind { NOTE_NONE, NOTE_PERMIT, NOTE_UNMARK, NOTE_OUTCOME };

/* A request in a sender's hands, on the wire, or in its journal. */
struct copy {
	uint8_t members, second;
	uint8_t id;
	uint8_t field;
	uint8_t lane;
};

/* What Redis acknowledged to a sender. */
struct note {
	uint8_t kind;
	uint8_t age; /* writes since then */
	struct copy copy;
	uint8_t classes; /* two bits a message */
	uint8_t flags;	 /* of the request: VOID, WINDOW_OVER */
};

struct sender {
	uint8_t doing;
	uint8_t chunk;
	uint8_t lane; /* of its lease */
	uint8_t flags;
	uint8_t classes; /* ANSWERED: two bits a message */
	struct copy copy;
	struct note journal[JOURNAL]; /* oldest first */
};

enum class { CLASS_ACCEPTED, CLASS_UNKNOWN, CLASS_REFUSED, CLASS_TEMPORARY };

enum { G_SEEN = 1, G_ACCEPTED = 2, G_FORGOTTEN = 4, G_DELIVERED = 8, G_FAILED = 16, G_OLD = 32 };

enum fault {
	FAULT_NULL,
	FAULT_KILL,
	FAULT_SLOW,
	FAULT_CRASH,
	FAULT_ANSWER, /* lost, timed out, dropped, one item of it unclear */
	FAULT_REFUSED,
	FAULT_TEMPORARY,
	FAULT_RECEIPT,
	FAULT_STOP,
	FAULT_RESEND,
	FAULT_WINDOW,
	FAULTS
};

struct state {
	struct redis redis;
	struct redis past[LOST_WRITES_MAX]; /* before the last write, before the last two */
	struct sender senders[SENDERS];
	struct copy net[COPIES_IN_NET]; /* members 0 = free; sorted */
	uint8_t gateway[LANES][MESSAGES][ATTEMPTS];
	/* reference per request: G_SEEN, G_ACCEPTED, G_FORGOTTEN */
	uint8_t requests_known[LANES][FIELDS];
	uint8_t is_recovering; /* Redis came back, claim and permit are closed */
	/* What people have done, whatever Redis remembers of it. */
	uint8_t run;
	uint8_t suppressed;
	uint8_t resent;			      /* a second attempt was opened by a person */
	uint8_t allowed;		      /* a person allowed a duplicate of it */
	uint8_t receipts[MESSAGES][ATTEMPTS]; /* G_DELIVERED, G_FAILED, acknowledged by us */
	uint8_t window;		/* 0 all open, 1 over for us, 2 the gateway has forgotten */
	uint8_t departed;	/* bit a message: some copy of it has left */
	uint8_t accepted_twice; /* a violation that the last action caused */
	uint8_t bytes_after_stop;
	uint8_t faults[FAULTS]; /* used so far */
};

/*
 * The rules, each a switch: bit set = the rule is left out. L_ rules are what
 * the Lua did when it was compared with the model, or may do again.
 */
#define SEEDED_BUGS(X)                                                                     \
	X(NO_AGE_CHECK, "bytes leave whatever the age of their permit")                    \
	X(ORPHAN_IS_WAITING, "a successor takes an orphan's sending for waiting")          \
	X(CURL_RESENDS, "curl sends again by itself when a connection dies")               \
	X(NO_RECONCILER, "nobody makes the doubt of a lost lease explicit")                \
	X(C1_NEGATIVE, "a negative answer about one of two copies closes the attempt")     \
	X(C1_UNMARK, "an un-mark of one of two copies makes the message waiting")          \
	X(C2_CANCEL, "cancel ends what is sending")                                        \
	X(C2_RUNNING, "doubt is made explicit in running runs only")                       \
	X(C3_ENDS, "a local end absorbs later evidence")                                   \
	X(C4_NEWEST, "a message shows its newest attempt only")                            \
	X(C5_AGAIN, "a permit asked again is a new permit")                                \
	X(C6_REBUILT, "a repeat takes the members that are still in doubt")                \
	X(C7_MEANING, "duplicate counts as accepted where the gateway has merely seen it") \
	X(C8_PREDICATE, "claim offers what permit will not repeat")                        \
	X(C9_RESEND, "a person's resend inside the window opens a new attempt")            \
	X(C10_MARGIN, "the window has no margin for what is in flight")                    \
	X(C10_CLOCK, "the window starts again with each repeat")                           \
	X(R1_NO_HOLD, "nothing is held when Redis came back older")                        \
	X(R2_SOFT, "what is held after a roll-back is repeated by itself")                 \
	X(R3_NEGATIVE, "a negative answer closes what a roll-back left in doubt")          \
	X(R4_API, "people's acts are not replayed")                                        \
	X(R5_STAMP, "a replayed request starts a new window")                              \
	X(R5_NO_REPLAY, "senders do not replay")                                           \
	X(R6_MEMBERS, "two requests of other members under one reference are not held")    \
	X(L_MOVED_ON, "a repeat takes members that have moved on along")                   \
	X(L_HELD_CLEARED, "positive evidence takes the hold of another attempt away")      \
	X(L_FORGETS, "what is held loses its request record")                              \
	X(L_CLAIM_LOST, "a claim whose reply was lost is forgotten")                       \
	X(L_TABLE_STALE, "permit and un-mark do not write the table of earlier attempts")  \
	X(L_OLD_LEASES, "a sender keeps its leases over a roll-back")                      \
	X(L_CURSOR, "a replayed permit leaves the cursor behind its members")              \
	X(L_DUE_COVERS, "the reconciler does not look at what is due")                     \
	X(L_RIVALS, "rivals of a replayed request under another reference are not held")   \
	X(L_REMARK, "a replayed permit overwrites what is known of an earlier attempt")    \
	X(L_RETRY_DOUBT, "a person's retry of what failed takes what is in doubt along")   \
	X(L_OTHER_LANE, "what is in doubt is repeated by another provider")                \
	X(L_ANYBODYS, "what only its own provider may repeat is offered to anybody")

enum bug {
#define X(name, text) BUG_##name,
	SEEDED_BUGS(X)
#undef X
		BUGS
};

enum dedupe { DEDUPE_NONE, DEDUPE_UNLIMITED, DEDUPE_WINDOW };

struct model {
	const char *name;
	uint8_t messages;
	uint8_t chunk_members[CHUNKS]; /* bit a message */
	uint8_t batch;		       /* messages a request */
	uint8_t lanes;		       /* providers that may send it, with a gateway each */
	uint8_t dedupe;
	bool is_per_request; /* the reference names the request, not the message */
	bool means_seen;     /* "duplicate" proves that the reference was seen, no more */
	bool contradicts;    /* the gateway may report on what it refused */
	uint8_t lost_writes; /* k: Redis may come back without its last k writes */
	uint8_t most;	     /* faults in sum */
	uint64_t bugs;	     /* bit a bug */
	uint32_t state_limit;
	uint16_t without; /* bit a fault that does not happen here */
	uint8_t wanted;	  /* enum violation: branches that end otherwise are left; 0 = any */
};

static inline bool
has_bug(const struct model *c, enum bug b)
{
	return (c->bugs >> b & 1) != 0;
}

/* ---- lattice.c ---- */

enum phase record_phase(const struct record *r, unsigned a);
/* What the run's state makes of it: waiting and retry of a cancelled run read as ended. */
enum phase record_shown(const struct model *c, const struct record *r, enum run run);
bool is_positive(enum phase p);
/* Write the phase of an attempt, up or down. */
void record_set(const struct model *c, struct record *r, unsigned a, enum phase p);
/* Merge evidence: only upwards. */
void record_merge(const struct model *c, struct record *r, unsigned a, enum phase p);
bool phase_outranks(enum phase p, enum phase q);
/* Do all pairs of evidence commute and repeat harmlessly on this record and all that follow? */
bool record_commutes(const struct model *c, const struct record *r, uint64_t *pairs);

/* ---- redis.c: the Lua functions ---- */

static inline unsigned
attempt_of(uint8_t second, unsigned m)
{
	return 1u + (second >> m & 1u);
}
unsigned field_of(uint8_t members, uint8_t second);
unsigned chunk_of(const struct model *c, unsigned m);
bool request_is_repeatable(const struct model *c, const struct redis *d, unsigned field);
/* The predicate by which claim and release offer a repeat; the same unless C8 is seeded. */
bool request_is_offered(const struct model *c, const struct redis *d, unsigned field);
void redis_permit(const struct model *c, struct redis *d, const struct copy *copy);
void redis_unmark(const struct model *c, struct redis *d, const struct copy *copy);
void redis_outcome(const struct model *c, struct redis *d, const struct copy *copy,
		   uint8_t classes);
void redis_remark(const struct model *c, struct redis *d, const struct note *n);
/* Nobody works on the chunk any more. */
void redis_settle(const struct model *c, struct redis *d, unsigned chunk, bool is_take_over);
void redis_reconcile(const struct model *c, struct redis *d);
void redis_sweep(const struct model *c, struct redis *d);
/* After a roll-back with a sender missing: the newest attempts are in doubt. */
void redis_hold_all(const struct model *c, struct redis *d);
bool redis_can_resend(const struct model *c, const struct redis *d, unsigned m, bool *is_new);
void redis_resend(const struct model *c, struct redis *d, unsigned m, bool is_new);
/* May a person have it tried again, because it failed? Whoever works on its chunk. */
bool redis_can_retry(const struct model *c, const struct redis *d, unsigned m);

/* ---- gateway.c ---- */

/* How a copy's arrival goes: neg for `refused`, unclear: items without a readable answer. */
struct arrival {
	enum class negative; /* CLASS_ACCEPTED = none */
	uint8_t refused;
	uint8_t unclear;
};
/* The copy reaches the gateway; classes of the answer. */
uint8_t gateway_take(const struct model *c, struct state *s, const struct copy *copy,
		     const struct arrival *a);
void gateway_forget(const struct model *c, struct state *s);
bool net_add(struct state *s, const struct copy *copy);
void net_remove(struct state *s, unsigned at);

/* ---- rules.c, sender.c, people.c, past.c ---- */

enum kind {
	/* What goes on by itself, in the order in which an undisturbed run takes it. */
	REPLAY,
	OPEN,
	RESUME,
	ARRIVE,
	OUTCOME,
	UNMARK,
	ASK_AGAIN,
	DEPART,
	SKIP,
	PERMIT,
	REPEAT,
	RELEASE,
	EXPIRE,
	SWEEP,
	CLAIM,
	CLAIM_AGAIN,
	RECONCILE,
	UNDISTURBED, /* end of the list */
	FORGET = UNDISTURBED,
	/* Faults. */
	LOSE_REPLY, /* arg: the kind whose reply is lost */
	DISTURB_ARRIVAL,
	DROP,
	TIME_OUT,
	DEPART_TWICE,
	GROW_OLD,
	EXPIRE_ALIVE,
	KILL,
	CRASH,
	RECEIPT,
	PAUSE,
	CANCEL,
	SUPPRESS,
	RESEND,
	RETRY_FAILED,
	PASS_WINDOW,
	KINDS
};

struct action {
	uint8_t kind;
	uint8_t who; /* sender, place in the net, chunk */
	uint8_t arg;
	uint8_t arg2;
};

/* Called with each state that can follow. Returns false to stop. */
typedef bool (*next_cb)(void *arg, const struct action *a, const struct state *next);
void model_start(const struct model *c, struct state *s);
bool model_next(const struct model *c, const struct state *s, next_cb cb, void *arg);
/* The next state of an undisturbed run. False: there is none. */
bool model_step(const struct model *c, const struct state *s, struct state *next, struct action *a);
/* One of the two orders of the senders, always the same. */
void model_canonical(struct state *s);
/* is_swapped: the senders have changed places since the start. */
void action_print(const struct action *a, const struct state *before, bool is_swapped);
void state_print(const struct model *c, const struct state *s);
extern uint64_t model_ids_exhausted;

/* ---- check.c ---- */

enum violation {
	FINE,
	TWICE,	      /* the gateway accepted a message twice and no person allowed it */
	AFTER_A_STOP, /* bytes left after a stop that they knew, or too late after it */
	STUCK,	      /* an undisturbed run leaves a message open */
	LIVELOCK,     /* an undisturbed run does not end */
	SILENT,	      /* shown ended unsent, but the gateway accepted it */
	NEVER_SENT,   /* shown accepted, but the gateway never did */
	NEEDLESS,     /* in doubt, though nothing left and nobody died */
	UNORDERED,    /* evidence does not commute */
};
const char *violation_text(enum violation v);
enum violation check_step(const struct state *s);
enum violation check_end(const struct model *c, const struct state *s);

/* ---- explore.c ---- */

struct result {
	enum violation violation;
	uint64_t states;
	uint64_t pairs;
	bool is_complete;
	unsigned longest; /* undisturbed run */
	double seconds;
};
void explore(const struct model *c, bool has_trace, bool has_progress, struct result *out);
