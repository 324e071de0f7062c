/* SPDX-License-Identifier: MIT */
/*
 * sweep_start of segments/list.h. Answers come in the order of the questions, so
 * most blocks are visited where they lie, inside their answer. Those that come
 * when the turn has had its share are kept, and visited in the next ones.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "segments/list_parts.h"

#define SHARE_US 1000 /* of a turn, begun blocks are finished */

/* A slot of the ring: block `index` asked for, or its bytes waiting for their turn. */
struct slot {
	struct sweep *sweep;
	uint32_t index;
	struct buf bytes;
	bool is_here;
};

struct sweep {
	struct loop *loop;
	struct redis *redis;
	struct sweep_options o;
	struct block_want want;
	uint64_t list_id;
	const struct list *several; /* its parts are needed to the end; NULL = it is one list */
	uint32_t *blocks;	    /* copy of the snapshot's ids */
	uint32_t next_ask, next_visit, to;
	size_t pending;
	int64_t share_end_us; /* of this turn; 0 = nothing was visited in it yet */
	bool is_over;	      /* cancelled or failed: free when nothing is pending */
	bool is_visiting;     /* inside on_block */
	struct timer step;    /* the next turn */
	struct block block;
	struct slot ring[SWEEP_WINDOW];
};

static void
sweep_free(struct sweep *s)
{
	timer_disarm(s->loop, &s->step);
	for (size_t i = 0; i < SWEEP_WINDOW; i++)
		buf_free(&s->ring[i].bytes);
	block_close(&s->block);
	free(s->blocks);
	free(s);
}

/* It is over: nobody is called any more. */
static void
sweep_leave(struct sweep *s)
{
	s->is_over = true;
	timer_disarm(s->loop, &s->step);
	if (s->pending == 0 && !s->is_visiting)
		sweep_free(s);
}

static void
sweep_end(struct sweep *s, const struct err_ctx *e)
{
	s->is_over = true;
	s->o.on_done(s->o.arg, e);
	sweep_leave(s);
}

static void
step_soon(struct sweep *s)
{
	if (!timer_is_armed(&s->step))
		timer_arm_us(s->loop, &s->step, 0);
}

static bool
has_share(const struct sweep *s)
{
	return s->share_end_us == 0 || clock_mono_us() < s->share_end_us;
}

/* False: the sweep is gone, or will be with its last answer. */
static bool
visit(struct sweep *s, const struct block *b)
{
	bool goes_on;

	if (s->share_end_us == 0)
		s->share_end_us = clock_mono_us() + SHARE_US;
	s->is_visiting = true;
	goes_on = s->o.on_block(s->o.arg, s->next_visit, b);
	s->is_visiting = false;
	if (s->is_over) { /* cancelled meanwhile */
		sweep_leave(s);
		return false;
	}
	s->next_visit = goes_on ? s->next_visit + 1 : s->to;
	return true;
}

static void on_answer(void *arg, const struct reply *r);

/* In halves of the window: full pipelines, and others get their turn. */
static void
ask(struct sweep *s)
{
	if (s->next_visit >= s->to || s->next_ask > s->next_visit + SWEEP_WINDOW / 2)
		return;
	while (s->next_ask < s->to && s->next_ask < s->next_visit + SWEEP_WINDOW) {
		struct slot *slot = &s->ring[s->next_ask % SWEEP_WINDOW];
		char key[64];

		slot->is_here = false;
		slot->index = s->next_ask++;
		s->pending++;
		if (s->several != NULL) {
			list_ask(s->redis, s->several, slot->index, &s->want, on_answer, slot);
			continue;
		}
		list_block_key(key, s->list_id, s->blocks[slot->index]);
		list_ask_block(s->redis, key, &s->want, on_answer, slot);
	}
}

static enum err
open_answer(struct sweep *s, const struct slot *slot, const struct reply *r, struct err_ctx *e)
{
	return s->several != NULL ? list_open(r, s->several, slot->index, &s->want, &s->block, e)
				  : list_open_block(r, &s->want, &s->block, e);
}

static enum err
keep_answer(struct sweep *s, struct slot *slot, const struct reply *r, struct err_ctx *e)
{
	return s->several != NULL ? list_pack(r, s->several, slot->index, &s->want, &slot->bytes, e)
				  : list_pack_block(r, &s->want, &slot->bytes, e);
}

/* What keep_answer kept. */
static enum err
open_kept(struct sweep *s, const struct slot *slot, struct err_ctx *e)
{
	enum err rc;

	block_close(&s->block);
	rc = block_open_some(buf_slice(&slot->bytes), &s->block, e);
	if (rc == ERR_OK && s->several != NULL)
		list_place_columns(s->several, slot->index, &s->block);
	return rc;
}

static void
on_answer(void *arg, const struct reply *r)
{
	struct slot *slot = arg;
	struct sweep *s = slot->sweep;
	struct err_ctx e;
	bool is_next = slot->index == s->next_visit && has_share(s);
	enum err rc;

	s->pending--;
	if (s->is_over) {
		sweep_leave(s);
		return;
	}
	if (s->next_visit >= s->to)
		return;
	rc = is_next ? open_answer(s, slot, r, &e) : keep_answer(s, slot, r, &e);
	if (rc != ERR_OK) {
		sweep_end(s, &e);
		return;
	}
	slot->is_here = !is_next;
	if (is_next && !visit(s, &s->block))
		return;
	ask(s);
	step_soon(s);
}

/* What was kept, as far as the turn's share goes. */
static void
on_step(struct timer *t, void *arg)
{
	struct sweep *s = arg;
	struct err_ctx e;

	(void)t;
	s->share_end_us = 0;
	while (s->next_visit < s->next_ask && s->next_visit < s->to && has_share(s)) {
		struct slot *slot = &s->ring[s->next_visit % SWEEP_WINDOW];

		if (!slot->is_here)
			break;
		slot->is_here = false;
		if (open_kept(s, slot, &e) != ERR_OK) {
			sweep_end(s, &e);
			return;
		}
		if (!visit(s, &s->block))
			return;
	}
	if (s->next_visit >= s->to) {
		sweep_end(s, NULL);
		return;
	}
	ask(s);
	if (s->ring[s->next_visit % SWEEP_WINDOW].is_here)
		step_soon(s);
}

struct sweep *
sweep_start(struct loop *l, struct redis *r, const struct list *list, uint32_t from, uint32_t to,
	    const struct sweep_options *o)
{
	struct sweep *s = xcalloc(1, sizeof(*s));
	uint32_t end = to < list->block_count ? to : (uint32_t)list->block_count;

	s->loop = l;
	s->redis = r;
	s->o = *o;
	s->want = list_want(list, o->want);
	s->o.want = NULL;
	s->list_id = list->id;
	s->several = list->part_count > 0 ? list : NULL;
	s->blocks = xmalloc(list->block_count * sizeof(*s->blocks));
	if (list->block_count > 0)
		memcpy(s->blocks, list->blocks, list->block_count * sizeof(*s->blocks));
	s->next_ask = s->next_visit = from;
	s->to = end > from ? end : from;
	for (size_t i = 0; i < SWEEP_WINDOW; i++)
		s->ring[i].sweep = s;
	timer_init(&s->step, on_step, s);
	timer_arm_us(l, &s->step, 0);
	return s;
}

void
sweep_cancel(struct sweep *s)
{
	sweep_leave(s);
}
