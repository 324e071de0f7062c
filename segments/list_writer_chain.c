/* SPDX-License-Identifier: MIT */
/* The distances between rows of the same phone: a sweep over the people of the blocks that were written. */
#include <stdio.h>
#include <stdlib.h>

#include "segments/list_inside.h"
#include "segments/list_writer_inside.h"

/* Nobody comes back who was erased between the reading and the writing. */
static void
on_people_changed(void *arg, const struct reply *r)
{
	struct list_writer *w = arg;

	if (reply_is_good(r) && r->integer != 1)
		writer_refuse(w);
	writer_on_written(w, r);
}

static bool
on_chain_block(void *arg, uint32_t index, const struct block *b)
{
	static const uint32_t none[BLOCK_ROWS];
	struct list_writer *w = arg;
	struct people_change c;
	size_t before;
	char key[64];

	if (index % LOOK_BLOCKS == 0)
		writer_look(w);
	if (w->has_failed)
		return false;
	buf_reset(&w->people);
	block_write_people(b, none, &w->people);
	before = w->people.len;
	if (!phone_chain_block(w->chain, index * BLOCK_ROWS, b, &w->people))
		return true;
	c.before = (struct slice){w->people.data, before};
	c.after = (struct slice){w->people.data + before, w->people.len - before};
	w->pending++;
	list_change_people(w->redis, list_block_key(key, w->id, writer_number_of(w, index)), &c,
			   on_people_changed, w);
	return true;
}

static void
on_chain_swept(void *arg, const struct err_ctx *e)
{
	struct list_writer *w = arg;

	w->sweep = NULL;
	w->is_swept = true;
	if (e != NULL && !w->has_failed)
		snprintf(w->why, sizeof(w->why), "%.180s", e->why);
	w->has_failed |= e != NULL;
	writer_step(w);
}

/* All blocks are there; what could not be written is not looked at. */
static void
chain_begin(struct list_writer *w)
{
	static const struct block_want people = {.has_people = true};
	struct sweep_options o = {
		.want = &people, .on_block = on_chain_block, .on_done = on_chain_swept, .arg = w};
	struct list own;

	if (!list_writer_get(w, &own))
		own.block_count = 0;
	w->sweep = sweep_start(w->loop, w->redis, &own, 0, (uint32_t)own.block_count, &o);
	free(own.blocks);
}

static void
chain_end(struct list_writer *w)
{
	list_done_cb cb = w->on_chained;
	struct err_ctx e;

	w->on_chained = NULL;
	phone_chain_free(w->chain);
	w->chain = NULL;
	if (w->has_failed)
		writer_error(w, &e);
	cb(w->chained_arg, w->has_failed ? &e : NULL); /* may free w */
}

void
writer_chain_step(struct list_writer *w)
{
	if (w->is_swept)
		chain_end(w);
	else if (w->sweep == NULL)
		chain_begin(w);
}

void
list_writer_chain(struct list_writer *w, struct loop *l, struct phone_set *shared, list_done_cb cb,
		  void *arg)
{
	w->chain = phone_chain_new(shared);
	w->loop = l;
	w->on_chained = cb;
	w->chained_arg = arg;
	writer_step(w);
}
