/* SPDX-License-Identifier: MIT */
/*
 * One walk over the audience counts by value. If there were more different
 * values than fit, a second walk counts the largest again, so that theirs are
 * exact; then the report is recounted from the records and compared.
 */
#include "dispatcher/run/cells.h"
#include "dispatcher/run/breakdown.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/run/results.h"
#include "segments/phone.h"
#include "segments/province.h"

#define SAY_EVERY_MS 250
#define SAY_EVERY_ROWS 1024

enum kind { BY_CARRIER, BY_PROVIDER, BY_PROVINCE, BY_COLUMN };

struct breakdown_job {
	struct loop *loop;
	struct engine *engine;
	struct run_views *views;
	uint64_t run;
	struct breakdown_callbacks cbs;
	struct breakdown b;
	enum kind kind;
	int column;
	struct results_format of_run;
	struct run_status before;
	struct walk *walk;
	bool is_second, is_over;
	uint64_t visited;
	int64_t said_ms;
	struct buf key; /* scratch */
};

static void
job_free(struct breakdown_job *j)
{
	groups_free(j->b.groups);
	buf_free(&j->key);
	free(j);
}

static void
job_end(struct breakdown_job *j, const struct run_report *r, const struct err_ctx *e)
{
	if (!j->is_over)
		j->cbs.on_done(j->cbs.arg, r != NULL ? &j->b : NULL, r, e);
	job_free(j);
}

/* ---- values ---- */

static bool
drop_prefix(struct slice *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s->n <= n || memcmp(s->p, prefix, n) != 0)
		return false;
	*s = slice_trim((struct slice){s->p + n, s->n - n});
	return true;
}

void
breakdown_province_key(struct slice cell, struct buf *out)
{
	struct buf folded = {0};
	struct slice s;

	if (!text_add_unaccented_folded(&folded, slice_trim(cell)))
		buf_add_slice(&folded, slice_trim(cell));
	s = buf_slice(&folded);
	(void)(drop_prefix(&s, "tinh ") || drop_prefix(&s, "thanh pho ") ||
	       drop_prefix(&s, "tp. ") || drop_prefix(&s, "tp.") || drop_prefix(&s, "tp "));
	buf_add_slice(out, s);
	buf_free(&folded);
}

static const struct column any_column;

static struct group *
group_of(struct breakdown_job *j, const struct walk_row *r)
{
	struct slice value = {"", 0};
	const char *name;
	int t;

	switch (j->kind) {
	case BY_CARRIER:
		name = carrier_name(block_carrier(r->block, r->i));
		value = slice_of(name != NULL ? name : "");
		break;
	case BY_PROVIDER:
		t = results_tariff(r);
		if (t >= 0 && t < j->of_run.tariffs)
			value = slice_of(j->of_run.lane[t]);
		break;
	case BY_PROVINCE:
		value = text_clip(block_cell(r->block, r->i, (uint32_t)j->column),
				  BREAKDOWN_VALUE_MAX);
		buf_reset(&j->key);
		breakdown_province_key(value, &j->key);
		return groups_get(j->b.groups, buf_slice(&j->key), slice_trim(value));
	case BY_COLUMN:
		value = text_clip(block_cell(r->block, r->i, (uint32_t)j->column),
				  BREAKDOWN_VALUE_MAX);
		if (cells_is_personal(&any_column, value)) /* a second phone */
			value = SLICE("***");
		break;
	}
	return groups_get(j->b.groups, value, value);
}

static void
count(struct group *g, const struct breakdown_job *j, const struct record *m)
{
	g->messages++;
	if (m->state < RECORD_STATE_COUNT)
		g->states[m->state]++;
	if (!record_is_paid(m) || m->provider >= j->of_run.tariffs)
		return;
	g->parts += m->parts;
	g->cost += m->parts * j->of_run.price[m->provider];
}

static enum walk_go
on_row(void *arg, const struct walk_row *r)
{
	struct breakdown_job *j = arg;

	count(group_of(j, r), j, &r->record);
	if (++j->visited % SAY_EVERY_ROWS == 0 && clock_mono_ms() - j->said_ms >= SAY_EVERY_MS) {
		j->said_ms = clock_mono_ms();
		j->cbs.on_progress(j->cbs.arg, r->row, j->before.list_rows);
	}
	return WALK_ON;
}

/* ---- which column ---- */

static enum err
find_province(struct breakdown_job *j, const struct schema *s, struct err_ctx *e)
{
	char all[240];

	j->column = province_find_column(s);
	if (j->column >= 0)
		return ERR_OK;
	results_name_columns(s, all, sizeof(all));
	return err_set(e, ERR_INPUT, "province", "name the column: --by COLUMN",
		       "the list has no column tinh or tinh_thanh; it has %s", all);
}

static enum err
find_column(struct breakdown_job *j, const struct schema *s, struct err_ctx *e)
{
	enum err rc = ERR_OK;

	j->column = -1;
	if (j->kind == BY_PROVINCE)
		rc = find_province(j, s, e);
	if (j->kind == BY_COLUMN)
		rc = results_find_column(s, slice_of(j->b.by), &j->column, e);
	if (rc != ERR_OK || j->column < 0)
		return rc;
	if (j->column == s->phone)
		return err_set(e, ERR_REFUSED, j->b.by, "take another column",
			       "is the column of the phones, which are not shown");
	if (s->columns[j->column].is_masked)
		return err_set(e, ERR_REFUSED, j->b.by, "take another column",
			       "is a column of personal numbers, which are not shown");
	j->b.is_sensitive = s->columns[j->column].is_sensitive;
	snprintf(j->b.column, sizeof(j->b.column), "%s", s->columns[j->column].name);
	if (j->kind == BY_COLUMN)
		snprintf(j->b.by, sizeof(j->b.by), "%s", j->b.column);
	return ERR_OK;
}

static enum err
on_ready(void *arg, const struct run_view *v, struct block_want *want, struct err_ctx *e)
{
	struct breakdown_job *j = arg;
	enum err rc = find_column(j, &v->list->schema, e);

	block_want_column(want, j->column);
	if (rc == ERR_OK)
		walk_resume(j->walk);
	return rc;
}

/* ---- the check ---- */

static uint64_t
waiting_of(const uint64_t *states)
{
	return states[RECORD_WAITING] + states[RECORD_SENDING];
}

static void
differ(struct breakdown *b, const char *what, uint64_t records, uint64_t sum)
{
	if (records == sum || !b->does_agree)
		return;
	b->does_agree = false;
	snprintf(b->difference, sizeof(b->difference), "%s: records %llu, breakdown %llu", what,
		 (unsigned long long)records, (unsigned long long)sum);
}

/* Groups and others add up to what was visited, and that is what the report has. */
static void
check(struct breakdown_job *j, const struct run_report *r)
{
	struct breakdown *b = &j->b;
	struct group all = b->others;
	uint64_t parts = 0, cost = 0;

	for (size_t i = 0; i < b->count; i++) {
		all.messages += b->top[i]->messages;
		all.parts += b->top[i]->parts;
		all.cost += b->top[i]->cost;
		for (unsigned s = 0; s < RECORD_STATE_COUNT; s++)
			all.states[s] += b->top[i]->states[s];
	}
	for (unsigned t = 0; t < r->status.tariffs; t++) {
		parts += r->parts[t];
		cost += r->parts[t] * (uint64_t)r->status.price[t];
	}
	b->does_agree = true;
	differ(b, "messages", r->messages, all.messages);
	differ(b, "waiting", waiting_of(r->states), waiting_of(all.states));
	for (unsigned s = 0; s < RECORD_STATE_COUNT; s++)
		if (s != RECORD_WAITING && s != RECORD_SENDING)
			differ(b, record_state_name((enum record_state)s), r->states[s],
			       all.states[s]);
	differ(b, "parts", parts, all.parts);
	differ(b, "cost", cost, (uint64_t)all.cost);
	b->sum = all;
	b->has_moved = r->has_moved || j->before.audience != r->status.audience ||
		       memcmp(j->before.states, r->status.states, sizeof(r->status.states)) != 0 ||
		       memcmp(j->before.parts, r->status.parts, sizeof(r->status.parts)) != 0;
}

static void
on_report(void *arg, const struct run_report *r, const struct err_ctx *e)
{
	struct breakdown_job *j = arg;

	if (r != NULL && !j->is_over)
		check(j, r);
	job_end(j, r, e);
}

/* ---- the walks ---- */

static void begin_walk(struct breakdown_job *j);

static void
on_walked(void *arg, const struct err_ctx *e)
{
	struct breakdown_job *j = arg;
	struct breakdown *b = &j->b;

	j->walk = NULL;
	if (e != NULL) {
		job_end(j, NULL, e);
		return;
	}
	if (groups_has_folded(b->groups) && !j->is_second) {
		j->is_second = b->is_many = true;
		groups_keep(b->groups, BREAKDOWN_TOP);
		begin_walk(j);
		return;
	}
	b->count = groups_top(b->groups, BREAKDOWN_TOP, b->top, &b->other_values);
	b->others = *groups_others(b->groups);
	run_report_load(j->engine, j->run, on_report, j);
}

static void
begin_walk(struct breakdown_job *j)
{
	struct walk_options o = {
		.on_ready = on_ready, .on_row = on_row, .on_done = on_walked, .arg = j};

	j->walk = walk_start(j->loop, j->engine, j->views, j->run, &o);
}

static void
on_status(void *arg, const struct run_status *s, const struct err_ctx *e)
{
	struct breakdown_job *j = arg;

	if (s == NULL || j->is_over) {
		job_end(j, NULL, e);
		return;
	}
	j->before = *s;
	results_of_run(&j->of_run, s);
	begin_walk(j);
}

struct breakdown_job *
breakdown_start(struct loop *l, struct engine *e, struct run_views *vs, uint64_t run,
		const char *by, const struct breakdown_callbacks *cbs)
{
	struct breakdown_job *j = xcalloc(1, sizeof(*j));

	j->loop = l;
	j->engine = e;
	j->views = vs;
	j->run = run;
	j->cbs = *cbs;
	j->said_ms = clock_mono_ms();
	j->kind = strcmp(by, "carrier") == 0	? BY_CARRIER
		  : strcmp(by, "provider") == 0 ? BY_PROVIDER
		  : strcmp(by, "province") == 0 ? BY_PROVINCE
						: BY_COLUMN;
	snprintf(j->b.by, sizeof(j->b.by), "%s", by);
	j->b.groups = groups_new(GROUPS_MAX);
	run_status_load(e, run, on_status, j);
	return j;
}

void
breakdown_cancel(struct breakdown_job *j)
{
	j->is_over = true;
	if (j->walk == NULL)
		return; /* freed with the reply that is awaited */
	walk_cancel(j->walk);
	job_free(j);
}
