/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/walk.h"

#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/store/keys.h"

#define GROUP 8u /* blocks asked for together */
#define TURN_ROWS 256u

struct side {
	struct walk *walk;
	unsigned p;
	uint8_t bitmap[SLICE_ROWS / 8];
	uint32_t start;	    /* rank of the slice's first member */
	uint32_t seen;	    /* members of the slice that were visited */
	struct buf records; /* of the slice's members */
};

struct fetched {
	struct walk *walk;
	struct buf bytes;
	uint32_t index; /* block of the list */
};

struct walk {
	struct loop *loop;
	struct engine *engine;
	struct run_views *views;
	struct walk_options o;
	struct block_want want;
	struct run_view *view;
	unsigned directories; /* loaded */
	uint32_t slice, slices;
	struct side side[PARTITIONS_MAX];
	struct fetched group[GROUP];
	size_t group_count, group_at;
	uint32_t next_block; /* of the list */
	struct block block;  /* group[group_at], while is_open */
	bool is_open;
	uint32_t i; /* the next row of the block */
	size_t pending;
	bool is_over; /* cancelled: freed with the last reply */
	bool has_begun, is_paused, has_failed;
	struct err_ctx why;
	struct timer step;
};

static void
walk_free(struct walk *w)
{
	timer_disarm(w->loop, &w->step);
	if (w->view != NULL)
		run_view_unref(w->view); /* from on_view */
	for (unsigned p = 0; p < PARTITIONS_MAX; p++)
		buf_free(&w->side[p].records);
	for (size_t i = 0; i < GROUP; i++)
		buf_free(&w->group[i].bytes);
	block_close(&w->block);
	free(w);
}

static void
walk_end(struct walk *w, const struct err_ctx *e)
{
	w->o.on_done(w->o.arg, e);
	walk_free(w);
}

/*
 * Every reply passes here first. True: it was the last of those under way, all
 * are good, and the walk goes on. take: whether this one can be used.
 */
static bool
got(struct walk *w, const struct reply *r, enum reply_kind wanted, const char *what, bool *take)
{
	w->pending--;
	*take = r->kind == wanted && !w->is_over;
	if (r->kind != wanted && !w->has_failed) {
		w->has_failed = true;
		if (reply_is_good(r))
			err_set(&w->why, ERR_SYSTEM, what, "restore a backup",
				"it is not in Redis any more");
		else
			reply_fail(r, &w->why);
	}
	return w->pending == 0;
}

/* After the last reply: end if it has to. True: go on. */
static bool
goes_on(struct walk *w)
{
	if (w->is_over)
		walk_free(w);
	else if (w->has_failed)
		walk_end(w, &w->why);
	else
		return true;
	return false;
}

static void
ask(struct walk *w, const struct slice *v, size_t n, redis_reply_cb cb, void *arg)
{
	w->pending++;
	redis_command(engine_bulk(w->engine), v, n, cb, arg);
}

static void
step_soon(struct walk *w)
{
	if (!timer_is_armed(&w->step))
		timer_arm_us(w->loop, &w->step, 0);
}

/* ---- rows ---- */

static void next_slice(struct walk *w);
static bool ask_blocks(struct walk *w);

static enum walk_go
visit(struct walk *w, const struct fetched *f)
{
	uint32_t row = f->index * BLOCK_ROWS + w->i, at = row % SLICE_ROWS;

	for (unsigned p = 0; p < w->view->partitions; p++) {
		struct side *s = &w->side[p];
		size_t offset = (size_t)s->seen * RECORD_SIZE;
		struct walk_row r;

		if ((s->bitmap[at / 8] >> (at % 8) & 1) == 0)
			continue;
		if (offset + RECORD_SIZE > s->records.len) {
			w->has_failed = true;
			err_set(&w->why, ERR_SYSTEM, "records of the run", "restore a backup",
				"row %u has none", row);
			return WALK_STOP;
		}
		r = (struct walk_row){.row = row,
				      .p = p,
				      .rank = s->start + s->seen,
				      .record = record_decode(s->records.data + offset),
				      .block = &w->block,
				      .i = w->i};
		s->seen++;
		return w->o.on_row(w->o.arg, &r);
	}
	return WALK_ON;
}

/* The rest of the block, as far as the turn and the visitor allow. */
static enum walk_go
visit_block(struct walk *w, uint32_t *budget)
{
	struct fetched *f = &w->group[w->group_at];

	if (!w->is_open) {
		block_close(&w->block);
		if (block_open_some(buf_slice(&f->bytes), &w->block, &w->why) != ERR_OK) {
			w->has_failed = true;
			return WALK_STOP;
		}
		list_place_columns(w->view->list, f->index, &w->block);
	}
	w->is_open = true;
	while (w->i < w->block.rows) {
		enum walk_go go;

		if (*budget == 0)
			return WALK_YIELD;
		--*budget;
		go = visit(w, f);
		w->i++;
		if (go != WALK_ON)
			return go;
	}
	w->is_open = false;
	w->i = 0;
	w->group_at++;
	return WALK_ON;
}

static void
on_step(struct timer *t, void *arg)
{
	struct walk *w = arg;
	uint32_t budget = TURN_ROWS;
	enum walk_go go = WALK_ON;

	(void)t;
	if (w->is_paused || w->pending > 0)
		return;
	if (!w->has_begun) {
		w->has_begun = true;
		next_slice(w);
		return;
	}
	while (go == WALK_ON && w->group_at < w->group_count)
		go = visit_block(w, &budget);
	if (go == WALK_STOP) {
		if (!w->has_failed)
			err_set(&w->why, ERR_CONFLICT, "reader", "", "wants no more");
		walk_end(w, &w->why);
	} else if (go == WALK_PAUSE) {
		w->is_paused = true;
	} else if (go == WALK_YIELD) {
		step_soon(w);
	} else if (!ask_blocks(w)) {
		w->slice++;
		next_slice(w);
	}
}

static void
on_block(void *arg, const struct reply *r)
{
	struct fetched *f = arg;
	struct walk *w = f->walk;
	bool take, is_last = got(w, r, REPLY_ARRAY, "block of the list", &take);

	if (take && list_pack(r, w->view->list, f->index, &w->want, &f->bytes, &w->why) != ERR_OK)
		w->has_failed = true;
	if (is_last && goes_on(w))
		step_soon(w);
}

static bool
has_members(const struct walk *w, uint32_t block)
{
	static const uint8_t none[BLOCK_ROWS / 8];
	size_t at = (size_t)(block % SLICE_BLOCKS) * (BLOCK_ROWS / 8);

	for (unsigned p = 0; p < w->view->partitions; p++)
		if (memcmp(w->side[p].bitmap + at, none, sizeof(none)) != 0)
			return true;
	return false;
}

/* The next blocks of the slice that have members; false = there are none. */
static bool
ask_blocks(struct walk *w)
{
	const struct list *l = w->view->list;
	uint32_t end = (w->slice + 1) * SLICE_BLOCKS;

	w->group_at = w->group_count = 0;
	for (; w->next_block < end && w->next_block < l->block_count && w->group_count < GROUP;
	     w->next_block++) {
		struct fetched *f = &w->group[w->group_count];

		if (!has_members(w, w->next_block))
			continue;
		w->group_count++;
		f->index = w->next_block;
		w->pending++;
		list_ask(engine_bulk(w->engine), l, w->next_block, &w->want, on_block, f);
	}
	return w->group_count > 0;
}

/* ---- a slice: bitmaps, then records ---- */

static void
on_records(void *arg, const struct reply *r)
{
	struct side *s = arg;
	struct walk *w = s->walk;
	bool take, is_last = got(w, r, REPLY_STRING, "records of the run", &take);

	if (take)
		buf_add_slice(&s->records, r->str);
	if (is_last && goes_on(w))
		step_soon(w);
}

/* The replies come in the order of the questions: the strings of a side follow each other. */
static void
ask_records(struct walk *w, struct side *s)
{
	uint32_t count = 0;

	for (size_t i = 0; i < sizeof(s->bitmap); i++)
		count += (uint32_t)__builtin_popcount(s->bitmap[i]);
	for (uint32_t rank = s->start; rank < s->start + count;) {
		uint32_t at = rank % RECORDS_PER_STRING, left = s->start + count - rank;
		uint32_t n = left < RECORDS_PER_STRING - at ? left : RECORDS_PER_STRING - at;
		struct argv a = {0};
		struct slice v[ARGV_MAX];
		char key[KEY_MAX];

		argv_adds(&a, "GETRANGE");
		argv_adds(&a, key_records(key, w->view->id, s->p, rank / RECORDS_PER_STRING));
		argv_add_int(&a, (int64_t)at * RECORD_SIZE);
		argv_add_int(&a, (int64_t)(at + n) * RECORD_SIZE - 1);
		ask(w, v, argv_slices(&a, v), on_records, s);
		argv_free(&a);
		rank += n;
	}
}

static void
on_bitmap(void *arg, const struct reply *r)
{
	struct side *s = arg;
	struct walk *w = s->walk;
	bool take, is_last = got(w, r, REPLY_STRING, "audience of the run", &take);

	if (take)
		memcpy(s->bitmap, r->str.p,
		       r->str.n < sizeof(s->bitmap) ? r->str.n : sizeof(s->bitmap));
	if (!is_last || !goes_on(w))
		return;
	for (unsigned p = 0; p < w->view->partitions; p++)
		ask_records(w, &w->side[p]);
	if (w->pending == 0)
		step_soon(w);
}

static void
next_slice(struct walk *w)
{
	if (w->slice >= w->slices) {
		walk_end(w, NULL);
		return;
	}
	w->next_block = w->slice * SLICE_BLOCKS;
	w->group_at = w->group_count = 0;
	for (unsigned p = 0; p < w->view->partitions; p++) {
		struct side *s = &w->side[p];
		struct slice v[2] = {SLICE("GET"), {NULL, 0}};
		char key[KEY_MAX];

		memset(s->bitmap, 0, sizeof(s->bitmap));
		buf_reset(&s->records);
		s->start = w->view->directory[p].starts[w->slice];
		s->seen = 0;
		v[1] = slice_of(key_audience(key, w->view->id, p, w->slice));
		ask(w, v, 2, on_bitmap, s);
	}
}

/* ---- beginning ---- */

static void
begin(struct walk *w)
{
	w->slices = UINT32_MAX;
	for (unsigned p = 0; p < w->view->partitions; p++)
		if (w->view->directory[p].count < w->slices)
			w->slices = (uint32_t)w->view->directory[p].count;
	if (w->view->partitions == 0)
		w->slices = 0;
	w->is_paused = true;
	w->want = (struct block_want){.has_people = true};
	if (w->o.on_ready(w->o.arg, w->view, &w->want, &w->why) != ERR_OK)
		walk_end(w, &w->why);
	else
		w->want = list_want(w->view->list, &w->want);
}

static void load_directory(struct walk *w);

static void
on_directory(void *arg, const struct err_ctx *e)
{
	struct walk *w = arg;

	w->pending--;
	if (e != NULL) {
		w->has_failed = true;
		w->why = *e;
	}
	w->directories++;
	if (goes_on(w))
		load_directory(w);
}

static void
load_directory(struct walk *w)
{
	if (w->directories >= w->view->partitions) {
		begin(w);
		return;
	}
	w->pending++;
	run_view_directory(w->views, w->view, w->directories, on_directory, w);
}

static void
on_view(void *arg, struct run_view *v, const struct err_ctx *e)
{
	struct walk *w = arg;

	w->pending--;
	w->view = v;
	if (v == NULL) {
		w->has_failed = true;
		w->why = *e;
	} else if (v->is_notices) {
		w->has_failed = true;
		err_set(&w->why, ERR_CONFLICT, "campaign", "ask for a message by its id",
			"is made of single messages, which have no list");
	}
	if (goes_on(w))
		load_directory(w);
}

struct walk *
walk_start(struct loop *l, struct engine *e, struct run_views *vs, uint64_t run,
	   const struct walk_options *o)
{
	struct walk *w = xcalloc(1, sizeof(*w));

	w->loop = l;
	w->engine = e;
	w->views = vs;
	w->o = *o;
	for (unsigned p = 0; p < PARTITIONS_MAX; p++) {
		w->side[p].walk = w;
		w->side[p].p = p;
	}
	for (size_t i = 0; i < GROUP; i++)
		w->group[i].walk = w;
	timer_init(&w->step, on_step, w);
	w->view = run_view_peek(vs, run);
	if (w->view != NULL && w->view->is_notices) {
		run_view_unref(w->view); /* from run_view_peek: on_view refuses it */
		w->view = NULL;
	}
	if (w->view != NULL) {
		load_directory(w);
	} else {
		w->pending++;
		run_view_get(vs, run, on_view, w);
	}
	return w;
}

void
walk_resume(struct walk *w)
{
	w->is_paused = false;
	if (w->pending == 0)
		step_soon(w);
}

void
walk_cancel(struct walk *w)
{
	w->is_over = true;
	timer_disarm(w->loop, &w->step);
	if (w->pending == 0)
		walk_free(w);
}
