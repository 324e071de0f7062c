/* SPDX-License-Identifier: MIT */
/*
 * event_base_loop(EVLOOP_ONCE) makes one turn, and one evtimer stands for the
 * earliest of our timers. libevent 2.1 has no hook between wait and callbacks,
 * but it caches the time at which the wait ended: loop_touch reads that.
 *
 * Due timers are collected first and called afterwards, so a callback that
 * arms its timer with 0 cannot starve the loop (libuv's rule).
 */
#include "base/loop.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

struct signal_watch {
	struct signal_watch *next;
	struct loop *loop;
	struct event *event;
	void (*cb)(void *arg);
	void *arg;
};

struct loop {
	struct event_base *base;
	struct event *wake;  /* fires when the earliest timer is due */
	struct timer **heap; /* 1-based; heap[1] is due first */
	uint32_t heap_len, heap_cap;
	uint64_t next_order;
	struct timer **due; /* collected in this turn; entries may be NULL (disarmed meanwhile) */
	uint32_t due_len, due_cap;
	struct loop_step *steps[LOOP_PHASES];
	struct loop_step *next_step; /* the one after the step that runs; NULL = last, or none */
	void **to_free;
	size_t to_free_len, to_free_cap;
	struct signal_watch *signals;
	bool is_stopping;
	bool is_step_wanted;
	int64_t turn_began_us; /* wall time when this turn's wait ended; 0 = nothing ran yet */
	struct gauge gauge;
};

static void on_wake(evutil_socket_t fd, short what, void *arg);

/* hiredis and curl's TLS library write to sockets that the other side may just have closed. */
static void
ignore_broken_pipes(void)
{
	struct sigaction old;

	if (sigaction(SIGPIPE, NULL, &old) != 0 || old.sa_handler != SIG_DFL)
		return;
	old.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &old, NULL);
}

struct loop *
loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof(*l));
	struct event_config *cfg = event_config_new();

	ignore_broken_pipes();
	if (cfg == NULL || event_config_set_flag(cfg, EVENT_BASE_FLAG_PRECISE_TIMER) != 0)
		fatalx("loop: no event configuration");
	l->base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	if (l->base == NULL)
		fatalx("loop: libevent has no usable backend");
	l->wake = evtimer_new(l->base, on_wake, l);
	if (l->wake == NULL)
		fatalx("loop: no timer event");
	return l;
}

static void
free_deferred(struct loop *l)
{
	for (size_t i = 0; i < l->to_free_len; i++)
		free(l->to_free[i]);
	l->to_free_len = 0;
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	struct signal_watch *w = arg;

	(void)number;
	(void)what;
	loop_touch(w->loop);
	w->cb(w->arg);
}

void
loop_on_signal(struct loop *l, int signal_number, void (*cb)(void *arg), void *arg)
{
	struct signal_watch *w = xcalloc(1, sizeof(*w));

	w->loop = l;
	w->cb = cb;
	w->arg = arg;
	w->event = evsignal_new(l->base, signal_number, on_signal, w);
	if (w->event == NULL || event_add(w->event, NULL) != 0)
		fatalx("loop: cannot watch signal %d", signal_number);
	w->next = l->signals;
	l->signals = w;
}

void
loop_free(struct loop *l)
{
	free_deferred(l);
	while (l->signals != NULL) {
		struct signal_watch *w = l->signals;

		l->signals = w->next;
		event_free(w->event);
		free(w);
	}
	event_free(l->wake);
	event_base_free(l->base);
	free(l->heap);
	free(l->due);
	free(l->to_free);
	free(l);
}

struct event_base *
loop_base(struct loop *l)
{
	return l->base;
}

/* ---- descriptors ---- */

struct loop_watch {
	struct loop *loop;
	struct event *reads, *writes;
	void (*cb)(void *arg);
	void *arg;
};

static void
on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *w = arg;

	(void)fd;
	(void)what;
	loop_touch(w->loop);
	w->cb(w->arg);
}

struct loop_watch *
loop_watch(struct loop *l, int fd, void (*cb)(void *arg), void *arg)
{
	struct loop_watch *w = xcalloc(1, sizeof(*w));

	*w = (struct loop_watch){.loop = l, .cb = cb, .arg = arg};
	w->reads = event_new(l->base, fd, EV_READ | EV_PERSIST, on_watch, w);
	w->writes = event_new(l->base, fd, EV_WRITE | EV_PERSIST, on_watch, w);
	if (w->reads == NULL || w->writes == NULL || event_add(w->reads, NULL) != 0)
		fatalx("loop: cannot watch descriptor %d", fd);
	return w;
}

void
loop_watch_writes(struct loop_watch *w, bool is_wanted)
{
	if (is_wanted)
		event_add(w->writes, NULL);
	else
		event_del(w->writes);
}

void
loop_unwatch(struct loop_watch *w)
{
	event_free(w->reads);
	event_free(w->writes);
	free(w);
}

/* ---- timers: a binary heap that knows each timer's place ---- */

static bool
is_before(const struct timer *a, const struct timer *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static void
heap_put(struct loop *l, uint32_t pos, struct timer *t)
{
	l->heap[pos] = t;
	t->pos = pos;
}

static void
heap_up(struct loop *l, uint32_t pos)
{
	struct timer *t = l->heap[pos];

	while (pos > 1 && is_before(t, l->heap[pos / 2])) {
		heap_put(l, pos, l->heap[pos / 2]);
		pos /= 2;
	}
	heap_put(l, pos, t);
}

static void
heap_down(struct loop *l, uint32_t pos)
{
	struct timer *t = l->heap[pos];

	for (;;) {
		uint32_t child = pos * 2;

		if (child > l->heap_len)
			break;
		if (child < l->heap_len && is_before(l->heap[child + 1], l->heap[child]))
			child++;
		if (!is_before(l->heap[child], t))
			break;
		heap_put(l, pos, l->heap[child]);
		pos = child;
	}
	heap_put(l, pos, t);
}

static void
heap_remove(struct loop *l, struct timer *t)
{
	uint32_t pos = t->pos;
	struct timer *last = l->heap[l->heap_len--];

	t->pos = 0;
	if (last == t)
		return;
	heap_put(l, pos, last);
	heap_up(l, pos);
	heap_down(l, last->pos);
}

static void
arm_wake(struct loop *l)
{
	int64_t in_us;
	struct timeval tv;

	if (l->heap_len == 0) {
		evtimer_del(l->wake);
		return;
	}
	in_us = l->heap[1]->due_us - clock_mono_us();
	if (in_us < 0)
		in_us = 0;
	tv.tv_sec = (time_t)(in_us / 1000000);
	tv.tv_usec = (suseconds_t)(in_us % 1000000);
	evtimer_add(l->wake, &tv);
}

void
timer_init(struct timer *t, void (*cb)(struct timer *, void *), void *arg)
{
	*t = (struct timer){.cb = cb, .arg = arg};
}

void
timer_arm_us(struct loop *l, struct timer *t, int64_t delay_us)
{
	bool was_first = l->heap_len == 0;

	timer_disarm(l, t);
	if (l->heap_len + 2 > l->heap_cap) {
		l->heap_cap = l->heap_cap ? l->heap_cap * 2 : 64;
		l->heap = xrealloc(l->heap, l->heap_cap * sizeof(*l->heap));
	}
	t->due_us = clock_mono_us() + (delay_us > 0 ? delay_us : 0);
	t->order = l->next_order++;
	heap_put(l, ++l->heap_len, t);
	heap_up(l, t->pos);
	if (was_first || t->pos == 1)
		arm_wake(l);
}

void
timer_disarm(struct loop *l, struct timer *t)
{
	if (t->pos != 0)
		heap_remove(l, t);
	for (uint32_t i = 0; i < l->due_len; i++)
		if (l->due[i] == t)
			l->due[i] = NULL;
}

static void
run_due_timers(struct loop *l)
{
	int64_t now = clock_mono_us();

	while (l->heap_len > 0 && l->heap[1]->due_us <= now) {
		if (l->due_len == l->due_cap) {
			l->due_cap = l->due_cap ? l->due_cap * 2 : 64;
			l->due = xrealloc(l->due, l->due_cap * sizeof(struct timer *));
		}
		l->due[l->due_len++] = l->heap[1];
		heap_remove(l, l->heap[1]);
	}
	for (uint32_t i = 0; i < l->due_len; i++) {
		struct timer *t = l->due[i];

		l->due[i] = NULL;
		if (t != NULL)
			t->cb(t, t->arg);
	}
	l->due_len = 0;
	arm_wake(l);
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	loop_touch(arg);
	run_due_timers(arg);
}

/* ---- end-of-turn steps ---- */

void
loop_step_add(struct loop *l, struct loop_step *s, enum loop_phase phase,
	      void (*cb)(struct loop_step *, void *), void *arg)
{
	*s = (struct loop_step){.cb = cb, .arg = arg, .phase = phase, .is_linked = true};
	s->next = l->steps[phase];
	l->steps[phase] = s;
}

void
loop_step_remove(struct loop *l, struct loop_step *s)
{
	if (!s->is_linked)
		return;
	if (l->next_step == s)
		l->next_step = s->next;
	for (struct loop_step **p = &l->steps[s->phase]; *p != NULL; p = &(*p)->next) {
		if (*p == s) {
			*p = s->next;
			break;
		}
	}
	s->is_linked = false;
}

void
loop_step_want(struct loop *l, struct loop_step *s)
{
	s->is_wanted = true;
	l->is_step_wanted = true;
}

/* Steps may want steps of later phases in the same turn, of earlier ones in the next. */
static void
run_steps(struct loop *l)
{
	if (!l->is_step_wanted)
		return;
	l->is_step_wanted = false;
	for (int phase = 0; phase < LOOP_PHASES; phase++) {
		for (struct loop_step *s = l->steps[phase]; s != NULL; s = l->next_step) {
			l->next_step = s->next;
			if (!s->is_wanted)
				continue;
			s->is_wanted = false;
			s->cb(s, s->arg);
		}
	}
	l->next_step = NULL;
	for (int phase = 0; phase < LOOP_PHASES; phase++)
		for (struct loop_step *s = l->steps[phase]; s != NULL; s = s->next)
			l->is_step_wanted |= s->is_wanted;
}

void
loop_free_later(struct loop *l, void *p)
{
	if (l->to_free_len == l->to_free_cap) {
		l->to_free_cap = l->to_free_cap ? l->to_free_cap * 2 : 32;
		l->to_free = xrealloc(l->to_free, l->to_free_cap * sizeof(*l->to_free));
	}
	l->to_free[l->to_free_len++] = p;
}

/* ---- turns ---- */

static int64_t
wall_us(void)
{
	struct timeval tv;

	gettimeofday(&tv, NULL);
	return (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
}

void
loop_touch(struct loop *l)
{
	struct timeval tv;

	if (l->turn_began_us != 0 || event_base_gettimeofday_cached(l->base, &tv) != 0)
		return;
	l->turn_began_us = (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
}

static void
measure_turn(struct loop *l)
{
	if (l->turn_began_us != 0)
		gauge_add(&l->gauge, wall_us() - l->turn_began_us);
	l->turn_began_us = 0;
}

static void
end_turn(struct loop *l)
{
	run_steps(l);
	free_deferred(l);
	measure_turn(l);
}

void
loop_turn(struct loop *l, int max_wait_ms)
{
	struct timeval tv = {max_wait_ms / 1000, (max_wait_ms % 1000) * 1000};

	if (l->is_step_wanted)
		tv = (struct timeval){0, 0};
	arm_wake(l); /* a test may have moved the clock */
	if (max_wait_ms >= 0 || l->is_step_wanted)
		event_base_loopexit(l->base, &tv);
	event_base_loop(l->base, EVLOOP_ONCE);
	end_turn(l);
}

void
loop_run(struct loop *l)
{
	while (!l->is_stopping) {
		int flags = l->is_step_wanted ? EVLOOP_ONCE | EVLOOP_NONBLOCK
					      : EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;

		if (event_base_loop(l->base, flags) < 0)
			fatalx("loop: libevent failed");
		end_turn(l);
	}
	l->is_stopping = false;
}

void
loop_stop(struct loop *l)
{
	l->is_stopping = true;
	event_active(l->wake, EV_TIMEOUT, 0);
}

const struct gauge *
loop_gauge(const struct loop *l)
{
	return &l->gauge;
}

void
loop_gauge_reset(struct loop *l)
{
	l->gauge = (struct gauge){0};
}
