/* SPDX-License-Identifier: MIT */
/* sweep_start of segments/list.h: windows of GETs, one block a loop step. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "segments/list.h"

/* A slot of the ring: block `index` asked for, or its bytes waiting for their turn. */
struct slot {
	struct sweep *sweep;
	struct buf bytes;
	bool is_here;
};

struct sweep {
	struct loop *loop;
	struct redis *redis;
	struct sweep_options o;
	uint64_t list_id;
	uint32_t *blocks; /* copy of the snapshot's ids */
	uint32_t next_ask, next_visit, to;
	size_t pending;
	bool is_over; /* cancelled or failed: free when nothing is pending */
	struct timer step;
	struct slot ring[SWEEP_WINDOW];
};

static void on_step(struct timer *t, void *arg);

static void
sweep_free(struct sweep *s)
{
	timer_disarm(s->loop, &s->step);
	for (size_t i = 0; i < SWEEP_WINDOW; i++)
		buf_free(&s->ring[i].bytes);
	free(s->blocks);
	free(s);
}

static void
sweep_end(struct sweep *s, const struct err_ctx *e)
{
	if (s->is_over)
		return;
	s->is_over = true;
	s->o.on_done(s->o.arg, e);
	if (s->pending == 0)
		sweep_free(s);
}

static void
on_bytes(void *arg, const struct reply *r)
{
	struct slot *slot = arg;
	struct sweep *s = slot->sweep;
	struct err_ctx e;

	s->pending--;
	if (s->is_over) {
		if (s->pending == 0)
			sweep_free(s);
		return;
	}
	if (r->kind != REPLY_STRING) {
		if (r->kind == REPLY_NIL)
			err_set(&e, ERR_SYSTEM, "list", "import it again", "a block is gone");
		else
			reply_fail(r, &e);
		sweep_end(s, &e);
		return;
	}
	buf_reset(&slot->bytes);
	buf_add_slice(&slot->bytes, r->str);
	slot->is_here = true;
	if (!timer_is_armed(&s->step))
		timer_arm_us(s->loop, &s->step, 0);
}

static void
ask(struct sweep *s)
{
	while (s->next_ask < s->to && s->next_ask < s->next_visit + SWEEP_WINDOW) {
		struct slot *slot = &s->ring[s->next_ask % SWEEP_WINDOW];
		char key[64];
		struct slice v[2] = {SLICE("GET"), {NULL, 0}};

		v[1] = slice_of(list_block_key(key, s->list_id, s->blocks[s->next_ask]));
		slot->is_here = false;
		s->next_ask++;
		s->pending++;
		redis_command(s->redis, v, 2, on_bytes, slot);
	}
}

static void
on_step(struct timer *t, void *arg)
{
	struct sweep *s = arg;
	struct slot *slot = &s->ring[s->next_visit % SWEEP_WINDOW];
	struct block b;
	struct err_ctx e;

	(void)t;
	if (s->next_visit >= s->to) {
		sweep_end(s, NULL);
		return;
	}
	if (!slot->is_here || s->next_visit >= s->next_ask) {
		ask(s);
		return;
	}
	if (block_open(buf_slice(&slot->bytes), &b, &e) != ERR_OK) {
		sweep_end(s, &e);
		return;
	}
	slot->is_here = false;
	if (!s->o.on_block(s->o.arg, s->next_visit, &b)) {
		s->next_visit = s->to;
	} else {
		s->next_visit++;
		/* Ask in halves of the window: full pipelines, and others get their turn. */
		if (s->next_ask - s->next_visit <= SWEEP_WINDOW / 2)
			ask(s);
	}
	timer_arm_us(s->loop, &s->step, 0);
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
	s->list_id = list->id;
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
	s->is_over = true;
	if (s->pending == 0)
		sweep_free(s);
	else
		timer_disarm(s->loop, &s->step);
}
