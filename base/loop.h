/* SPDX-License-Identifier: MIT */
/*
 * The event loop of a process: libevent underneath, our own timers on one
 * libevent timer, and steps that run at the end of every turn in a fixed
 * order. The invariant: nothing called from here blocks, and a gauge keeps the
 * longest turn.
 *
 *   wait for events → callbacks → due timers → end-of-turn steps → frees
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/gauge.h"

struct loop;
struct event_base;

/* Embedded in its owner. Zero-initialise, then loop_timer_init. */
struct timer {
	void (*cb)(struct timer *t, void *arg);
	void *arg;
	int64_t due_us; /* mono clock; meaningful while armed */
	uint64_t order; /* ties fire in the order they were armed */
	uint32_t pos;	/* 1-based place in the heap; 0 = not armed */
};

/* A step at the end of each turn, lowest phase first. Embedded in its owner. */
enum loop_phase { LOOP_START_TRANSFERS, LOOP_FLUSH_REDIS, LOOP_EVENTS, LOOP_FREE, LOOP_PHASES };
struct loop_step {
	void (*cb)(struct loop_step *s, void *arg);
	void *arg;
	bool is_wanted; /* set by loop_step_want, cleared before the call */
	struct loop_step *next;
	enum loop_phase phase;
	bool is_linked;
};

/* Never NULL. SIGPIPE is ignored from here on, unless it was handled. */
struct loop *loop_new(void);
void loop_free(struct loop *l);
struct event_base *loop_base(struct loop *l);
/* Returns when loop_stop was called (at the end of that turn). */
void loop_run(struct loop *l);
/* One turn; waits at most max_wait_ms for something to happen. For tests. */
void loop_turn(struct loop *l, int max_wait_ms);
void loop_stop(struct loop *l);

void timer_init(struct timer *t, void (*cb)(struct timer *, void *), void *arg);
/* Arm (or re-arm) to fire once, never inside this call. delay 0 = next turn. */
void timer_arm_us(struct loop *l, struct timer *t, int64_t delay_us);
static inline void
timer_arm_ms(struct loop *l, struct timer *t, int64_t delay_ms)
{
	timer_arm_us(l, t, delay_ms * 1000);
}
void timer_disarm(struct loop *l, struct timer *t);
static inline bool
timer_is_armed(const struct timer *t)
{
	return t->pos != 0;
}

/* Link a step once; its cb runs at the end of every turn in which it was wanted. */
void loop_step_add(struct loop *l, struct loop_step *s, enum loop_phase phase,
		   void (*cb)(struct loop_step *, void *), void *arg);
void loop_step_remove(struct loop *l, struct loop_step *s);
/* Ask for the step at the end of this turn (a turn is made if the loop would sleep). */
void loop_step_want(struct loop *l, struct loop_step *s);

/*
 * Call cb in a turn after the process got the signal. Kept until loop_free;
 * each signal once.
 */
void loop_on_signal(struct loop *l, int signal_number, void (*cb)(void *arg), void *arg);

/*
 * Call cb in each turn in which fd can be read, and where that is wanted in which
 * it can be written; cb tries both and takes "not now" for an answer. The fd stays
 * the caller's, and open until loop_unwatch, which may be called inside cb.
 */
struct loop_watch;
struct loop_watch *loop_watch(struct loop *l, int fd, void (*cb)(void *arg), void *arg);
void loop_watch_writes(struct loop_watch *w, bool is_wanted);
void loop_unwatch(struct loop_watch *w);

/* free(p) after the end-of-turn steps: for objects that libevent may still deliver to. */
void loop_free_later(struct loop *l, void *p);

/*
 * Every callback that libevent calls begins with this: the first one of a turn
 * reads when the turn's wait ended. A turn without it is not measured.
 */
void loop_touch(struct loop *l);

/* How long turns took, waiting excluded. */
const struct gauge *loop_gauge(const struct loop *l);
void loop_gauge_reset(struct loop *l);
