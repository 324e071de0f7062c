/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/phone_find.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define HITS_MAX 256u /* rows of the phone, in all blocks of a list */

struct hit {
	uint32_t block;
	uint8_t row;
};

/* What was looked through of one list, in all its versions. */
struct looked {
	struct looked *next;
	uint64_t id;
	uint32_t *blocks; /* ascending */
	size_t count;
	struct hit hits[HITS_MAX];
	size_t hit_count;
	bool has_more;
};

struct phone_find {
	struct engine *engine;
	uint64_t phone;
	struct looked *lists;
	/* The list that is looked through; part and what is left of it. */
	const struct list *list;
	size_t part;
	struct looked *looked;
	struct list unread; /* blocks of the part that were not looked through */
	struct sweep *sweep;
	uint64_t done, total; /* blocks of the list */
	bool is_given_up;
	struct timer next;
	phone_find_progress_cb on_progress;
	phone_find_cb cb;
	void *arg;
};

struct phone_find *
phone_find_new(struct engine *e, uint64_t phone)
{
	struct phone_find *f = xcalloc(1, sizeof(*f));

	f->engine = e;
	f->phone = phone;
	return f;
}

void
phone_find_free(struct phone_find *f)
{
	struct looked *next;

	if (f == NULL)
		return;
	if (f->sweep != NULL)
		sweep_cancel(f->sweep);
	timer_disarm(engine_loop(f->engine), &f->next);
	free(f->unread.blocks);
	for (struct looked *l = f->lists; l != NULL; l = next) {
		next = l->next;
		free(l->blocks);
		free(l);
	}
	free(f);
}

static struct looked *
looked_of(struct phone_find *f, uint64_t id)
{
	struct looked *l = f->lists;

	while (l != NULL && l->id != id)
		l = l->next;
	if (l == NULL) {
		l = xcalloc(1, sizeof(*l));
		l->id = id;
		l->next = f->lists;
		f->lists = l;
	}
	return l;
}

static int
compare_blocks(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool
was_looked_at(const struct looked *l, uint32_t block)
{
	return l->count > 0 &&
	       bsearch(&block, l->blocks, l->count, sizeof(block), compare_blocks) != NULL;
}

/* ---- the rows ---- */

static void
add_rows(const struct looked *l, const struct list *of, uint32_t first, struct phone_rows *out)
{
	out->has_more = out->has_more || l->has_more;
	for (size_t i = 0; i < of->block_count && l->hit_count > 0; i++)
		for (size_t k = 0; k < l->hit_count; k++) {
			if (l->hits[k].block != of->blocks[i])
				continue;
			if (out->count == PHONE_FIND_ROWS)
				out->has_more = true;
			else
				out->row[out->count++] =
					(first + (uint32_t)i) * BLOCK_ROWS + l->hits[k].row;
		}
}

static void
end(struct phone_find *f, const struct err_ctx *e)
{
	struct phone_rows rows = {.count = 0};

	for (size_t i = 0; e == NULL && i < list_part_count(f->list); i++) {
		const struct list *of = list_part(f->list, i);

		add_rows(looked_of(f, of->id), of, list_part_first(f->list, i), &rows);
	}
	f->list = NULL;
	f->cb(f->arg, e == NULL ? &rows : NULL, e);
}

/* ---- looking ---- */

static bool
on_block(void *arg, uint32_t index, const struct block *b)
{
	struct phone_find *f = arg;
	struct looked *l = f->looked;

	for (uint32_t i = 0; i < b->rows; i++) {
		if (block_phone(b, i) != f->phone || block_is_deleted(b, i))
			continue;
		if (l->hit_count == HITS_MAX)
			l->has_more = true;
		else
			l->hits[l->hit_count++] = (struct hit){f->unread.blocks[index], (uint8_t)i};
	}
	f->done++;
	f->is_given_up = f->on_progress != NULL && !f->on_progress(f->arg, f->done, f->total);
	return !f->is_given_up;
}

static void
on_swept(void *arg, const struct err_ctx *e)
{
	struct phone_find *f = arg;
	struct looked *l = f->looked;
	size_t n = f->unread.block_count;
	struct err_ctx given_up;

	f->sweep = NULL;
	if (f->is_given_up) {
		err_set(&given_up, ERR_CONFLICT, "reader", "", "wants no more");
		e = &given_up;
	}
	if (e != NULL) {
		/* What was found in a half of them would be found again. */
		l->count = l->hit_count = 0;
		end(f, e);
		return;
	}
	l->blocks = xrealloc(l->blocks, (l->count + n + 1) * sizeof(*l->blocks));
	memcpy(l->blocks + l->count, f->unread.blocks, n * sizeof(*l->blocks));
	l->count += n;
	qsort(l->blocks, l->count, sizeof(*l->blocks), compare_blocks);
	f->part++;
	timer_arm_us(engine_loop(f->engine), &f->next, 0);
}

/* The next part of the list that has blocks which were not looked through. */
static void
on_next(struct timer *t, void *arg)
{
	struct phone_find *f = arg;
	const struct block_want people = {.has_people = true};
	struct sweep_options o = {
		.want = &people, .on_block = on_block, .on_done = on_swept, .arg = f};

	(void)t;
	for (; f->part < list_part_count(f->list); f->part++) {
		const struct list *of = list_part(f->list, f->part);
		size_t n = 0;

		f->looked = looked_of(f, of->id);
		free(f->unread.blocks);
		f->unread = (struct list){.id = of->id};
		f->unread.blocks = xcalloc(of->block_count + 1, sizeof(*of->blocks));
		for (size_t i = 0; i < of->block_count; i++)
			if (!was_looked_at(f->looked, of->blocks[i]))
				f->unread.blocks[n++] = of->blocks[i];
		f->unread.block_count = n;
		f->done += of->block_count - n;
		if (n == 0)
			continue;
		f->sweep = sweep_start(engine_loop(f->engine), engine_bulk(f->engine), &f->unread,
				       0, (uint32_t)n, &o);
		return;
	}
	end(f, NULL);
}

void
phone_find_in(struct phone_find *f, const struct list *l, phone_find_progress_cb on_progress,
	      phone_find_cb cb, void *arg)
{
	f->list = l;
	f->part = 0;
	f->done = 0;
	f->total = l->block_count;
	f->on_progress = on_progress;
	f->cb = cb;
	f->arg = arg;
	timer_init(&f->next, on_next, f);
	timer_arm_us(engine_loop(f->engine), &f->next, 0);
}
