/* SPDX-License-Identifier: MIT */
/*
 * Campaigns: template × segments × class, with a state. Created from JSON
 * (docs/FORMATS.md, "Campaign"), previewed, launched into a run.
 *
 *   draft ──submit──▶ submitted ──approve──▶ approved ──launch──▶ running ◀─pause, resume─▶ paused
 *     ▲                   │ return            │ │   ▲               ▲ │ │ ▲                     │
 *     │                   ▼                   │ ▼   │               │ │ │ └─retry─┐             │
 *     └────edit─────── returned ◀──return─────┘ scheduled ─its time─┘ │ └───▶ finished          │
 *                                               or missed             └──────cancel─────────────┴─▶ cancelled
 *
 * Where no approval is needed a draft is launched, or given a time, at once.
 *
 * The campaign's record holds its state; the run's record holds whether it
 * moves. The table of all transitions is store/campaign_acts.h; each is one Lua
 * step that asks it and changes both. Cancelled is a fact: from that step on nothing is claimed or
 * permitted; the records of what had not left are swept afterwards (step, in
 * dispatcher/lua/control.lua), and late evidence about the rest is merged.
 */
#pragma once

#include "base/json.h"
#include "dispatcher/campaign/registered.h"
#include "dispatcher/campaign/route_plan.h"
#include "dispatcher/config.h"
#include "dispatcher/run/audience.h"
#include "dispatcher/run/sets.h"
#include "dispatcher/run/view.h"
#include "dispatcher/store/engine.h"

#define CAMPAIGN_JSON_MAX 65536u
#define CAMPAIGN_SPEED_MAX 1000000
#define CAMPAIGN_WEIGHT 100 /* where none was said */
#define CAMPAIGN_WEIGHT_MAX 1000

/* Of a campaign before its launch: who wrote it, what was submitted, who approved it. */
struct review {
	uint64_t revision; /* of what is written down, from 1 */
	char *changed_by;  /* by whom last; "" = nobody since it was created */
	int64_t changed_s;
	enum approval_level asked; /* by itself: the class may need more */
	bool is_newest;		   /* rows that came after the approval get it, too */
	json_t *segments;	   /* its queries, as they are before an occurrence narrows them */
	char *authors;		   /* one a line; as approvers are compared with */
	char *submitted_by;
	int64_t submitted_s;
	/* What was submitted (canonical JSON, see campaign/approval.h) and its hash; "" = nothing is. */
	char *frozen, *hash;
	uint64_t messages, parts; /* as they were counted then */
	bool is_guarded;	  /* so few of them tell something sensitive */
	int64_t cost;
	char *approvals;	   /* JSON array; "" = none */
	int64_t approved_s;	   /* 0 = not yet, or not by enough */
	enum approval_level given; /* at which level it is approved */
	uint64_t ceiling_parts;	   /* 0 and 0 = none */
	int64_t ceiling_cost;
	uint64_t all_parts; /* of all runs of its schedule together; 0 and 0 = none */
	int64_t all_cost;
	char *note, *note_by; /* why it was returned; "" = it was not */
	int64_t note_s;
	/* Of the template's version: when it was saved, and by whom ("" = not known). */
	int64_t template_saved_s;
	char *template_by;
};

struct campaign {
	uint64_t id;
	uint64_t unit;
	uint64_t run; /* 0 = not launched */
	int64_t created_s;
	char *name, *state, *class, *goal, *event, *template;
	char *lists[RUN_QUERIES_MAX]; /* of its segments; none for single messages */
	size_t list_count;
	uint8_t of_query[RUN_QUERIES_MAX]; /* of which of them each segment is */
	enum per per;
	enum accents accents;
	unsigned canary_messages; /* a run begins with so many; 0 = with all */
	bool is_canary_auto;	  /* and goes on by itself after canary_after_s without a brake */
	int64_t canary_after_s;
	int64_t speed;		   /* messages a second at most; 0 = as its lanes allow */
	int64_t weight;		   /* of its share beside others of its class */
	unsigned template_version; /* the newest */
	unsigned sent_version;	   /* that its run has frozen; 0 = it has no run */
	char *source;		   /* of the template: its set, as it is written down */
	/* Of its run: why it is paused or cancelled; "" = it is not. */
	char *why, *reason, *why_by;
	int64_t why_s;
	int64_t due_s; /* when it is launched by itself, or was to be; 0 = no such time */
	char *problem; /* why it was not launched at due_s; "" = none */
	/* When it fires, and fires again (campaign/series.h); "" = when somebody launches it. */
	char *schedule;
	int64_t first_s; /* the occurrence's own time, where due_s was put off; 0 = it was not */
	bool is_waiting; /* its time has come, but the run before it goes on */
	int64_t late_s;	 /* how late it is still launched; 0 = an hour */
	int smooth_until, finish_by; /* minutes of the day (campaign/window.h); -1 = not said */
	char *late_then;	     /* what happens then: late_names; "" = it is missed */
	char *checked; /* fingerprint of its last preview that nothing was refused in; "" = none */
	int64_t list_gone_s; /* when a list of its run was deleted; 0 = none was */
	char *list_gone;     /* which; "" = it was not noted */
	char *sensitive;     /* why its texts may read sensitive columns; "" = they may not */
	struct review review;
	/* The queries as a run would freeze them: the texts of the segments inside are in them. */
	char *segments[RUN_QUERIES_MAX], *queries[RUN_QUERIES_MAX];
	char *wrong[RUN_QUERIES_MAX]; /* why that cannot be; NULL = it can */
	size_t segment_count;
};
void campaign_free(struct campaign *c);
/* Its list, or the first of them; "" = it has none. */
const char *campaign_list(const struct campaign *c);
/* Their names, with commas. */
void campaign_add_lists(const struct campaign *c, struct buf *out);
/*
 * Its run. 0 when it has none, or c is NULL; in the first case *none is filled with "has not been
 * launched: " and `so`, and *e, which is passed on, points to it.
 */
uint64_t campaign_run_of(const struct campaign *c, const char *so, struct err_ctx *none,
			 const struct err_ctx **e);

/* The same for who wants the rows of its list: 0 also when they were deleted. */
uint64_t campaign_rows_of(const struct campaign *c, const char *so, struct err_ctx *none,
			  const struct err_ctx **e);

typedef void (*campaign_cb)(void *arg, struct campaign *c, const struct err_ctx *e);
/* By id or name, with what its names stand for now. The callback owns it. */
void campaign_load(struct engine *e, const char *id_or_name, campaign_cb cb, void *arg);
/* The same; where it was submitted, too, what its names stand for now, not what they stood for then. */
void campaign_load_now(struct engine *e, const char *id_or_name, campaign_cb cb, void *arg);

/* *id: the campaign; is_new false: this idempotency key has created it before. */
typedef void (*campaign_created_cb)(void *arg, uint64_t id, bool is_new, const struct err_ctx *e);
/* May a campaign be called so? */
MUST_CHECK enum err campaign_name_check(const char *name, struct err_ctx *e);
/* Who writes a campaign. */
struct campaign_author {
	const char *who;  /* for people */
	const char *user; /* "" = nobody's name: the administrator's token, the server's user */
	uint64_t unit;	  /* its, unless the document says another */
};
/* A new draft like this one, under another name. */
void campaign_clone(struct engine *e, uint64_t id, const char *name,
		    const struct campaign_author *author, const char *idempotency_key,
		    campaign_created_cb cb, void *arg);
/* Checks the document (keys, class, names) before anything is written. */
MUST_CHECK enum err campaign_create(struct engine *e, const struct config *c,
				    const struct campaign_author *author, json_t *document,
				    const char *idempotency_key, campaign_created_cb cb, void *arg,
				    struct err_ctx *err);
/*
 * The words of `campaign_edit` behind those of approval_words (campaign/approval.h): the document
 * takes the place of what is written down. ERR_INPUT … as campaign_create; another name is refused.
 */
MUST_CHECK enum err campaign_edit_words(const struct config *c, const struct campaign *was,
					json_t *document, struct argv *a, struct err_ctx *err);

/* ---- fields of a run ---- */

/* How many messages a phone gets of the class: fields of the run; none where any number. */
void caps_add(const struct class_policy *class, struct argv *a);

/* When a partition stops by itself, as the configuration has it now: fields of the run. */
void brake_add(const struct config *c, struct argv *a);

/* ---- checked against its list ---- */

struct ready_campaign {
	struct campaign *campaign;
	struct list *list;			/* the newest version; of several, all as one */
	struct query *queries[RUN_QUERIES_MAX]; /* bound */
	struct sets *sets;			/* what the queries ask for; not NULL */
	struct route_plan route;
	struct buf wording;	       /* what a run would freeze of its texts */
	struct rendering *rendering;   /* that, opened; carriers that take no Unicode are known */
	int64_t today;		       /* days since 1970 in Vietnam; a run gets the same */
	struct registered *registered; /* what its texts are compared with */
	char consent[64]; /* column that must say yes of whoever gets a message; "" = none need */
};
void ready_campaign_free(struct ready_campaign *r);
/* ERR_REFUSED: a demo list and a provider that is no sandbox. */
MUST_CHECK enum err ready_campaign_check_demo(const struct ready_campaign *r,
					      const struct config *c, struct err_ctx *e);
/* ERR_REFUSED: the configuration wants the list's purpose, and it is not known. */
MUST_CHECK enum err ready_campaign_check_care(const struct ready_campaign *r,
					      const struct config *c, struct err_ctx *e);
/* Who is in it; r must outlive it. */
struct audience *ready_campaign_audience(const struct ready_campaign *r);
typedef void (*ready_campaign_cb)(void *arg, struct ready_campaign *r, const struct err_ctx *e);
/* Which sets its queries are answered from; zero-initialised: as they are now. */
struct ready_how {
	bool is_early;	   /* it is not launched now: what has not run yet has reached nobody */
	bool is_now;	   /* not as it was submitted, but as it would be now */
	bool is_whole;	   /* of a column of dates all rows, not those of its next day */
	struct sets *sets; /* these, where they are the ones that are asked for; else NULL */
	struct sets_watch watch; /* while they are read */
};
/*
 * Load it, its list (with the snapshot), what its queries ask for, and check all of it against
 * each other. how->sets is borrowed for this call.
 */
void campaign_ready(struct engine *e, const struct config *c, const char *id_or_name,
		    const struct ready_how *how, ready_campaign_cb cb, void *arg);

/*
 * What it says of its run becomes that of this one: run, sent_version, why …, list_gone. ERR_NOT_FOUND: it is
 * none of its runs. c stays the caller's until the callback, and afterwards.
 */
typedef void (*campaign_run_cb)(void *arg, const struct err_ctx *e);
void campaign_pick_run(struct engine *e, struct campaign *c, uint64_t run, campaign_run_cb cb,
		       void *arg);

typedef void (*campaign_launched_cb)(void *arg, uint64_t run, const struct err_ctx *e);
#define LAUNCH_REASON_MAX 200 /* bytes */
/* How a person launches; zero-initialised: as is usual. Borrowed for the call. */
struct launch_how {
	const char *order,
		*reason; /* the standing order that stands for its approval; NULL = none */
};
/* Launched again, it answers with the run that it has. */
void campaign_launch(struct engine *e, const struct config *c, const char *id_or_name,
		     const struct launch_how *how, campaign_launched_cb cb, void *arg);
/* Its time has come: launched only if it is scheduled for exactly due_s. */
void campaign_launch_due(struct engine *e, const struct config *c, const char *id_or_name,
			 int64_t due_s, campaign_launched_cb cb, void *arg);
