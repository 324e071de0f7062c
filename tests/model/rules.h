/* SPDX-License-Identifier: MIT */
/* What the files of rules share. */
#pragma once

#include "tests/model/model.h"

static inline bool
is_in(uint8_t set, unsigned i)
{
	return (set >> i & 1) != 0;
}

/* ---- past.c ---- */

/* Faults used so far. */
unsigned spent(const struct state *s);
/* One more fault. False: this one may not happen any more. */
bool spend(const struct model *c, struct state *s, enum fault f);
/* Redis has changed since `before`: that was one write. */
void wrote(const struct model *c, struct state *s, const struct redis *before);
/* What can never be asked for again is forgotten, so that fewer states differ. */
void forget_past(const struct model *c, struct state *s);
bool can_lose_writes(const struct model *c, const struct state *s);
/* Redis acknowledged it to the sender. */
void keep_note(const struct model *c, struct state *s, unsigned i, enum note_kind kind);
/* An id that nobody remembers. */
bool free_id(const struct state *s, uint8_t *id);

/*
 * ---- sender.c, people.c: the actions ----
 * Each changes s and returns true, or returns false: it cannot happen now (s may
 * be half changed then).
 */
#define ACTION(name) bool name(const struct model *c, struct state *s, const struct action *a)
ACTION(do_permit);
ACTION(do_repeat);
ACTION(do_ask_again);
ACTION(do_depart);
ACTION(do_depart_twice);
ACTION(do_outcome);
ACTION(do_unmark);
ACTION(do_claim);
ACTION(do_claim_again);
ACTION(do_release);
ACTION(do_expire);
ACTION(do_expire_alive);
ACTION(do_skip);
ACTION(do_sweep);
ACTION(do_reconcile);
ACTION(do_arrive);
ACTION(do_disturb_arrival);
ACTION(do_drop);
ACTION(do_time_out);
ACTION(do_lose_reply);
ACTION(do_grow_old);
ACTION(do_kill);
ACTION(do_crash);
ACTION(do_replay);
ACTION(do_open);
ACTION(do_receipt);
ACTION(do_pause);
ACTION(do_cancel);
ACTION(do_suppress);
ACTION(do_resume);
ACTION(do_resend);
ACTION(do_retry);
ACTION(do_pass_window);
ACTION(do_forget);
