/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/question.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/run/results.h"
#include "dispatcher/run/said.h"

#define SECTION_BLOCKS 256u

struct asking {
	struct loop *loop;
	struct engine *engine;
	struct question q;
	char *column;
	struct question_callbacks cbs;
	struct bound *b; /* NULL until it is loaded */
	struct sweep *sweep;
	uint32_t next; /* block that is in no section yet */
	int64_t today;
	struct said said;
	bool is_second; /* the values are counted once more */
	bool is_over;	/* cancelled */
	struct exclusions *exclusions;
	struct hints *hints;
	struct sample *sample;
	struct value_counts values;
	struct question_answer a;
};

static void
asking_free(struct asking *a)
{
	exclusions_free(a->exclusions);
	hints_free(a->hints);
	sample_free(a->sample);
	value_counts_clear(&a->values);
	bound_free(a->b);
	free(a->column);
	free(a);
}

static void
asking_end(struct asking *a, const struct err_ctx *e)
{
	if (!a->is_over)
		a->cbs.on_done(a->cbs.arg, e == NULL ? &a->a : NULL, e);
	asking_free(a);
}

/* ---- a block ---- */

static void
count_missing(struct asking *a, const struct block *b)
{
	for (size_t k = 0; k < a->a.missing_count; k++)
		for (uint32_t i = 0; i < b->rows; i++)
			a->a.missing[k].rows +=
				!block_is_deleted(b, i) &&
				block_cell(b, i, (uint32_t)a->a.missing[k].column).n == 0;
}

static void
on_row(struct asking *a, const struct block *b, uint32_t i, uint64_t row)
{
	a->a.count++;
	if (a->sample != NULL)
		sample_offer(a->sample, b, i, row);
	if (a->q.kind == ASK_BREAKDOWN)
		value_counts_add(&a->values, b, i);
}

static void
say(struct asking *a, uint32_t done)
{
	if (a->cbs.on_progress == NULL || !said_is_due(&a->said, clock_mono_ms()))
		return;
	a->cbs.on_progress(a->cbs.arg, done, a->b->list->block_count);
}

static bool
on_block(void *arg, uint32_t index, const struct block *b)
{
	struct asking *a = arg;
	uint64_t bits[4];

	for (uint32_t i = 0; i < b->rows && !a->is_second; i++)
		a->a.list_rows += !block_is_deleted(b, i);
	if (a->q.kind == ASK_DETAILS) {
		count_missing(a, b);
		exclusions_block(a->exclusions, index, b, a->today);
		a->a.count = a->a.exclusions->rows;
	} else {
		query_eval_block(a->b->query, b, a->today, bits);
		for (uint32_t i = 0; i < b->rows; i++)
			if ((bits[i / 64] >> (i % 64) & 1) != 0 && !block_is_deleted(b, i))
				on_row(a, b, i, (uint64_t)index * BLOCK_ROWS + i);
	}
	if (a->a.count > 0) { /* somebody is found: no hint is needed */
		hints_free(a->hints);
		a->hints = NULL;
	}
	if (a->hints != NULL)
		hints_block(a->hints, b);
	say(a, index + 1);
	return true;
}

/* ---- sections ---- */

static void on_swept(void *arg, const struct err_ctx *e);

/* What is read of a block; a sample shows all of it. */
static struct block_want
wanted(const struct asking *a)
{
	struct block_want w = {.has_people = a->q.kind == ASK_DETAILS};

	query_want(a->b->query, &w);
	if (a->q.kind == ASK_BREAKDOWN)
		block_want_column(&w, (int)a->values.column);
	return w;
}

static void
go_on(struct asking *a)
{
	struct block_want want = wanted(a);
	struct sweep_options o = {.want = a->q.kind == ASK_SAMPLE ? NULL : &want,
				  .on_block = on_block,
				  .on_done = on_swept,
				  .arg = a};
	uint32_t from = a->next, count = (uint32_t)a->b->list->block_count;

	a->next = count - from < SECTION_BLOCKS ? count : from + SECTION_BLOCKS;
	a->sweep = sweep_start(a->loop, engine_bulk(a->engine), a->b->list, from, a->next, &o);
}

/* A section is read and answered. */
static void
section_done(struct asking *a)
{
	if (a->next < a->b->list->block_count) {
		go_on(a);
		return;
	}
	if (a->q.kind == ASK_BREAKDOWN && !a->is_second && value_counts_again(&a->values)) {
		a->is_second = true;
		a->next = 0;
		a->a.count = 0;
		go_on(a);
		return;
	}
	if (a->hints != NULL)
		a->a.hint_count = hints_find(a->hints, a->a.hints);
	asking_end(a, NULL);
}

static void
on_room(void *arg, const struct err_ctx *e)
{
	struct asking *a = arg;

	if (e != NULL)
		asking_end(a, e);
	else
		section_done(a);
}

static void
on_swept(void *arg, const struct err_ctx *e)
{
	struct asking *a = arg;

	a->sweep = NULL;
	if (e != NULL)
		asking_end(a, e);
	else if (a->exclusions == NULL || !exclusions_ask(a->exclusions))
		section_done(a);
}

/* ---- the beginning ---- */

static enum err
begin_breakdown(struct asking *a, struct err_ctx *e)
{
	const struct schema *s = &a->b->list->schema;
	const struct column *c;
	int column;
	enum err rc = results_find_column(s, slice_of(a->column), &column, e);

	if (rc != ERR_OK)
		return rc;
	c = &s->columns[column];
	if (column == s->phone)
		return err_set(e, ERR_REFUSED, c->name, "take another column",
			       "is the column of the phones, which are not shown");
	if ((c->is_masked || c->is_sensitive) && !a->q.is_full)
		return err_set(e, ERR_REFUSED, c->name,
			       "take another column, or ask in full with --token-file and --reason",
			       "is a column of %s: its values are for the administrator",
			       c->is_masked ? "personal numbers" : "sensitive values");
	value_counts_init(&a->values, s, (uint32_t)column, a->today);
	a->a.values = &a->values;
	return ERR_OK;
}

static enum err
begin(struct asking *a, struct err_ctx *e)
{
	const struct list *l = a->b->list;
	int column;

	a->today = clock_today_vn();
	a->a.bound = a->b;
	/* That there are hints would tell of a small group that it is nobody. */
	if (a->q.kind != ASK_COUNT && !query_reads_sensitive(a->b->query, &l->schema))
		a->hints = hints_new(a->b->query, &l->schema);
	if ((a->q.kind == ASK_SAMPLE || a->q.kind == ASK_BREAKDOWN) && !a->q.is_full &&
	    query_reads_sensitive(a->b->query, &l->schema))
		return err_set(
			e, ERR_REFUSED, "query",
			"count it, or ask in full with --token-file and --reason",
			"asks for a sensitive column: who it finds is for the administrator");
	if (a->q.kind == ASK_SAMPLE)
		a->a.sample = a->sample = sample_new(a->q.sample, a->q.seed, l->schema.count);
	if (a->q.kind == ASK_BREAKDOWN)
		return begin_breakdown(a, e);
	if (a->q.kind != ASK_DETAILS)
		return ERR_OK;
	while ((column = query_column(a->b->query, a->a.missing_count)) >= 0)
		a->a.missing[a->a.missing_count++].column = column;
	a->exclusions = exclusions_new(a->engine, a->b->query,
				       (uint64_t)l->block_count * BLOCK_ROWS, on_room, a);
	a->a.exclusions = exclusions_counts(a->exclusions);
	return ERR_OK;
}

static void
on_bound(void *arg, struct bound *b, const struct err_ctx *why)
{
	struct asking *a = arg;
	struct err_ctx e;

	a->b = b;
	if (b == NULL || a->is_over)
		asking_end(a, why);
	else if (begin(a, &e) != ERR_OK)
		asking_end(a, &e);
	else
		go_on(a);
}

/* Its sets are being read. */
static bool
on_watched(void *arg, uint64_t done, uint64_t total)
{
	struct asking *a = arg;

	if (!a->is_over && a->cbs.on_sets != NULL && said_is_due(&a->said, clock_mono_ms()))
		a->cbs.on_sets(a->cbs.arg, done, total);
	return !a->is_over;
}

struct asking *
question_start(struct loop *l, struct engine *e, const struct question *q,
	       const struct question_callbacks *cbs)
{
	struct asking *a = xcalloc(1, sizeof(*a));
	struct bound_wanted w = {
		.segment = q->segment, .list = q->list, .text = q->text, .watch = {on_watched, a}};

	a->loop = l;
	a->engine = e;
	a->q = *q;
	a->q.segment = a->q.list = a->q.text = a->q.column = NULL; /* the caller's */
	a->column = q->column != NULL ? xstrdup(q->column) : NULL;
	a->cbs = *cbs;
	said_begin(&a->said, clock_mono_ms());
	bound_load(e, &w, on_bound, a);
	return a;
}

void
question_cancel(struct asking *a)
{
	a->is_over = true;
	if (a->b == NULL)
		return; /* on_bound frees it, soon: on_watched says that nobody waits */
	if (a->sweep != NULL)
		sweep_cancel(a->sweep);
	asking_free(a);
}
