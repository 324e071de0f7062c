/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/volume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/run/breakdown.h"
#include "dispatcher/run/cells.h"
#include "dispatcher/run/details.h"
#include "dispatcher/run/distinct_keys.h"
#include "dispatcher/run/earlier_table.h"
#include "dispatcher/run/notice_walk.h"
#include "dispatcher/run/results.h"
#include "dispatcher/run/volume_table.h"
#include "dispatcher/run/walk.h"
#include "segments/phone.h"
#include "segments/phone_set.h"
#include "segments/province.h"

#define MERGE_KEYS 8192u /* in a turn: under a millisecond */
#define SAY_EVERY_ROWS 1024u
#define PHONE_BITS 30

struct volume_job {
	struct engine *engine;
	struct volume_wanted w;
	struct volume_callbacks cbs;
	struct volume v;
	struct volume_table table;
	struct distinct_keys *keys;
	size_t at;	 /* of the runs */
	bool has_column; /* in some list */
	struct timer next;
	struct err_ctx why; /* what ended a walk */
	/* of the run that is gone through */
	struct run_status status;
	struct run_views *views;
	struct earlier_table *earlier;
	struct details *details; /* NULL = times are not needed */
	struct walk *walk;
	int column;
	uint64_t rows, parts;
	struct buf key;
};

static void
run_close(struct volume_job *j)
{
	if (j->views != NULL)
		run_views_free(j->views);
	j->views = NULL;
	earlier_table_free(j->earlier);
	j->earlier = NULL;
	if (j->details != NULL)
		details_free_slowly(engine_loop(j->engine), j->details);
	j->details = NULL;
}

static void
job_end(struct volume_job *j, const struct err_ctx *e)
{
	run_close(j);
	j->v.groups = j->table.groups;
	j->v.count = j->table.count;
	j->cbs.on_done(j->cbs.arg, e == NULL ? &j->v : NULL, e);
	timer_disarm(engine_loop(j->engine), &j->next);
	volume_table_clear(&j->table);
	distinct_keys_free(j->keys);
	launched_runs_free(j->w.runs, j->w.run_count);
	buf_free(&j->key);
	free((char *)(uintptr_t)j->w.column);
	free((char *)(uintptr_t)j->w.folder);
	free(j);
}

/* ---- the phones of each group, in the end ---- */

static void
on_merge(struct timer *t, void *arg)
{
	struct volume_job *j = arg;
	uint64_t keys[MERGE_KEYS];
	struct err_ctx e;
	size_t n;

	if (distinct_keys_next(j->keys, keys, MERGE_KEYS, &n, &e) != ERR_OK) {
		job_end(j, &e);
		return;
	}
	for (size_t i = 0; i < n; i++)
		j->table.groups[keys[i] >> PHONE_BITS].phones++;
	if (n == 0)
		job_end(j, NULL);
	else
		timer_arm_us(engine_loop(j->engine), t, 0);
}

static void
runs_end(struct volume_job *j)
{
	struct err_ctx e;

	if (j->w.by == VOLUME_COLUMN && !j->has_column && j->v.runs > 0) {
		err_set(&e, ERR_INPUT, "column", "see loa list show",
			"no list of these campaigns has a column \"%.60s\"", j->w.column);
		job_end(j, &e);
		return;
	}
	timer_init(&j->next, on_merge, j);
	timer_arm_us(engine_loop(j->engine), &j->next, 0);
}

static void
next_run(struct volume_job *j)
{
	run_close(j);
	j->at++;
	timer_arm_us(engine_loop(j->engine), &j->next, 0);
}

/* ---- a message ---- */

struct seen {
	unsigned p;
	uint32_t rank;
	const struct record *record;
	uint64_t phone;
	int carrier;
	const struct walk_row *row; /* NULL = a single message */
};

/* When it was taken: unix time. */
static enum err
time_of(struct volume_job *j, const struct seen *s, int64_t *out, struct err_ctx *e)
{
	struct detail d;

	*out = j->status.launched_s + s->record->changed_s;
	if (j->details == NULL)
		return ERR_OK;
	if (details_get(j->details, s->p, s->rank, &d, e) != ERR_OK)
		return ERR_SYSTEM;
	if (d.answered_s >= 0 && d.answered_attempt == s->record->attempt)
		*out = j->status.launched_s + d.answered_s;
	return ERR_OK;
}

static const struct column any_column;

/* The value of a cell into j->key; the answer is how it is shown. */
static struct slice
cell_value(struct volume_job *j, const struct seen *s)
{
	struct slice cell = {"", 0};

	if (s->row != NULL && j->column >= 0)
		cell = slice_trim(
			text_clip(block_cell(s->row->block, s->row->i, (uint32_t)j->column),
				  VOLUME_VALUE_MAX));
	if (j->w.by == VOLUME_PROVINCE) {
		breakdown_province_key(cell, &j->key);
		return cell;
	}
	if (cells_is_personal(&any_column, cell)) /* a second phone */
		cell = SLICE("***");
	buf_add_slice(&j->key, cell);
	return cell;
}

static const char *
carrier_text(int carrier)
{
	const char *name = carrier_name(carrier);

	return name != NULL ? name : "";
}

/* Its group: of tariff t. */
static enum err
group_of(struct volume_job *j, const struct seen *s, unsigned t, int64_t at_s, uint32_t *out,
	 struct err_ctx *e)
{
	const struct launched_run *r = &j->w.runs[j->at];
	struct slice label;
	char month[32];

	buf_reset(&j->key);
	clock_format_vn(at_s, month);
	month[7] = '\0';
	switch (j->w.by) {
	case VOLUME_GOAL:
		buf_adds(&j->key, r->goal);
		break;
	case VOLUME_EVENT:
		buf_adds(&j->key, r->event);
		break;
	case VOLUME_UNIT:
		buf_addf(&j->key, "%llu", (unsigned long long)r->unit);
		break;
	case VOLUME_CLASS:
		buf_adds(&j->key, r->class);
		break;
	case VOLUME_CAMPAIGN:
		buf_adds(&j->key, r->name);
		break;
	case VOLUME_MONTH:
		buf_adds(&j->key, month);
		break;
	case VOLUME_CARRIER:
		buf_adds(&j->key, carrier_text(s->carrier));
		break;
	case VOLUME_PROVIDER:
		buf_adds(&j->key, j->status.lane[t]);
		break;
	case VOLUME_PARTNER:
		buf_addf(&j->key, "%s\t%s\t%s", month, j->status.lane[t], carrier_text(s->carrier));
		break;
	case VOLUME_PROVINCE:
	case VOLUME_COLUMN:
		label = cell_value(j, s);
		return volume_table_get(&j->table, buf_slice(&j->key), label, out, e);
	}
	label = buf_slice(&j->key);
	return volume_table_get(&j->table, label, label, out, e);
}

/* So many parts by tariff t, of a message or of another attempt of one. */
static void
pay(struct volume_job *j, uint32_t group, const struct record *m, unsigned t)
{
	int64_t cost = (int64_t)m->parts * j->status.price[t];

	for (unsigned i = 0; i < 2; i++) {
		struct volume_group *g = &j->table.groups[i == 0 ? 0 : group];

		g->parts += m->parts;
		g->cost += cost;
	}
}

/* Attempts that were taken beside the one that is shown are paid for, too. */
static enum err
pay_again(struct volume_job *j, const struct seen *s, int64_t at_s, bool is_within,
	  struct err_ctx *e)
{
	struct earlier_attempts a;
	bool has_shown = false;

	if ((s->record->flags & RECORD_EARLIER) == 0 ||
	    !earlier_table_get(j->earlier, s->p, s->rank, &a))
		return ERR_OK;
	for (unsigned i = 0; i < a.n; i++) {
		uint32_t group;

		if (a.phase[i] != RECORD_ACCEPTED && a.phase[i] != RECORD_DELIVERED &&
		    a.phase[i] != RECORD_UNDELIVERABLE)
			continue;
		if (!has_shown && a.phase[i] == s->record->state &&
		    a.tariff[i] == s->record->provider) {
			has_shown = true;
			continue;
		}
		j->parts += s->record->parts;
		if (!is_within || a.tariff[i] >= j->status.tariffs)
			continue;
		if (group_of(j, s, a.tariff[i], at_s, &group, e) != ERR_OK)
			return e->code;
		pay(j, group, s->record, a.tariff[i]);
	}
	return ERR_OK;
}

static enum err
reach(struct volume_job *j, uint32_t group, const struct seen *s, struct err_ctx *e)
{
	uint64_t phone = s->phone - PHONE_SET_FIRST;

	if (s->record->state == RECORD_UNDELIVERABLE)
		return ERR_OK;
	if (s->phone < PHONE_SET_FIRST || s->phone > PHONE_SET_LAST) {
		j->v.not_kept++;
		return ERR_OK;
	}
	if (distinct_keys_add(j->keys, phone, e) != ERR_OK)
		return e->code;
	return distinct_keys_add(j->keys, (uint64_t)group << PHONE_BITS | phone, e);
}

static enum err
take(struct volume_job *j, const struct seen *s, struct err_ctx *e)
{
	const struct record *m = s->record;
	bool is_within;
	uint32_t group;
	int64_t at_s;

	if ((!record_is_paid(m) && (m->flags & RECORD_EARLIER) == 0) ||
	    m->provider >= j->status.tariffs)
		return ERR_OK;
	if (time_of(j, s, &at_s, e) != ERR_OK)
		return e->code;
	is_within = at_s >= j->w.from_s && at_s < j->w.to_s;
	if (pay_again(j, s, at_s, is_within, e) != ERR_OK)
		return e->code;
	if (!record_is_paid(m))
		return ERR_OK;
	j->parts += m->parts;
	if (!is_within)
		return ERR_OK;
	if (group_of(j, s, m->provider, at_s, &group, e) != ERR_OK)
		return e->code;
	for (unsigned i = 0; i < 2; i++) {
		struct volume_group *g = &j->table.groups[i == 0 ? 0 : group];

		g->messages++;
		g->delivered += m->state == RECORD_DELIVERED;
		g->undeliverable += m->state == RECORD_UNDELIVERABLE;
	}
	pay(j, group, m, m->provider);
	return reach(j, group, s, e);
}

static bool
goes_on(struct volume_job *j)
{
	if (++j->rows % SAY_EVERY_ROWS != 0 || j->cbs.on_progress == NULL ||
	    j->cbs.on_progress(j->cbs.arg, j->at, j->w.run_count))
		return true;
	err_set(&j->why, ERR_UNREACHABLE, "report", "ask again", "nobody waited for the answer");
	return false;
}

/* ---- a run ---- */

static void
on_walked(void *arg, const struct err_ctx *e)
{
	struct volume_job *j = arg;
	uint64_t counted = 0;

	j->walk = NULL;
	if (e != NULL && j->why.code != ERR_OK)
		e = &j->why;
	if (e != NULL && e->code == ERR_NOT_FOUND) { /* its list was deleted */
		j->v.not_readable++;
		e = NULL;
	} else if (e == NULL) {
		for (unsigned t = 0; t < j->status.tariffs; t++)
			counted += j->status.parts[t] + j->status.parts_again[t];
		j->v.is_moving = j->v.is_moving || counted != j->parts;
	}
	if (e != NULL)
		job_end(j, e);
	else
		next_run(j);
}

static enum err
find_column(struct volume_job *j, const struct schema *s, struct err_ctx *e)
{
	j->column = -1;
	if (j->w.by == VOLUME_PROVINCE)
		j->column = province_find_column(s);
	else if (j->w.by == VOLUME_COLUMN)
		j->column = schema_find(s, slice_of(j->w.column));
	else
		return ERR_OK;
	if (j->column < 0) {
		j->v.without_column++;
		return ERR_OK;
	}
	j->has_column = true;
	if (j->column == s->phone || s->columns[j->column].is_masked)
		return err_set(e, ERR_REFUSED, s->columns[j->column].name, "take another column",
			       "is a column of phones or personal numbers, which are not shown");
	j->v.is_sensitive = j->v.is_sensitive || s->columns[j->column].is_sensitive;
	return ERR_OK;
}

static enum err
on_ready(void *arg, const struct run_view *v, struct block_want *want, struct err_ctx *e)
{
	struct volume_job *j = arg;
	enum err rc = find_column(j, &v->list->schema, e);

	block_want_column(want, j->column);
	if (rc == ERR_OK)
		walk_resume(j->walk);
	return rc;
}

static enum walk_go
on_row(void *arg, const struct walk_row *r)
{
	struct volume_job *j = arg;
	struct seen s = {.p = r->p,
			 .rank = r->rank,
			 .record = &r->record,
			 .phone = block_phone(r->block, r->i),
			 .carrier = block_carrier(r->block, r->i),
			 .row = r};
	bool is_ready = j->details == NULL || details_is_ready(j->details, r->p, r->rank);

	if (take(j, &s, &j->why) != ERR_OK || !goes_on(j))
		return WALK_STOP;
	return is_ready ? WALK_ON : WALK_YIELD;
}

/* The only carrier of a partition; 0 = it has several. */
static int
carrier_of_partition(const struct run_status *s, unsigned p)
{
	int found = 0, count = 0;

	for (int i = 0; s->carrier_map[i] != '\0'; i++)
		if (s->carrier_map[i] == (char)('0' + p)) {
			found = i;
			count++;
		}
	return count == 1 ? found : 0;
}

static bool
on_notice(void *arg, const struct notice_row *r)
{
	struct volume_job *j = arg;
	struct seen s = {.p = r->p,
			 .rank = r->rank,
			 .record = &r->record,
			 .phone = r->phone,
			 .carrier = r->phone != 0 ? carrier_of(r->phone)
						  : carrier_of_partition(&j->status, r->p)};

	return take(j, &s, &j->why) == ERR_OK && goes_on(j);
}

static void
begin_walk(struct volume_job *j)
{
	const struct walk_options o = {
		.on_ready = on_ready, .on_row = on_row, .on_done = on_walked, .arg = j};
	const struct notice_walk_callbacks n = {
		.on_row = on_notice, .on_done = on_walked, .arg = j};

	j->v.runs++;
	j->column = -1;
	j->parts = 0;
	if (j->status.list[0] == '\0') {
		notice_walk(j->engine, &j->status, &n);
		return;
	}
	j->views = run_views_new(j->engine);
	j->walk = walk_start(engine_loop(j->engine), j->engine, j->views, j->status.run, &o);
}

static void
on_details(void *arg, const struct err_ctx *e)
{
	struct volume_job *j = arg;

	if (e != NULL)
		job_end(j, e);
	else
		begin_walk(j);
}

static void
on_earlier(void *arg, struct earlier_table *t, const struct err_ctx *e)
{
	struct volume_job *j = arg;
	bool is_by_time = j->w.by == VOLUME_MONTH || j->w.by == VOLUME_PARTNER;

	if (t == NULL) {
		job_end(j, e);
		return;
	}
	j->earlier = t;
	/* All of it lies within: nobody asks when. */
	if (!is_by_time && j->status.launched_s >= j->w.from_s &&
	    j->w.to_s > clock_wall_ms() / 1000) {
		begin_walk(j);
		return;
	}
	j->details = details_new(j->w.folder);
	details_load_start(j->engine, j->status.run, j->details, on_details, j);
}

static void
on_status(void *arg, const struct run_status *s, const struct err_ctx *e)
{
	struct volume_job *j = arg;

	if (s == NULL && e->code == ERR_NOT_FOUND) {
		next_run(j);
		return;
	}
	if (s == NULL) {
		job_end(j, e);
		return;
	}
	j->status = *s;
	if (s->launched_s >= j->w.to_s || (s->over_s != 0 && s->over_s < j->w.from_s))
		next_run(j);
	else
		earlier_table_load(j->engine, s->run, on_earlier, j);
}

static void
on_next(struct timer *t, void *arg)
{
	struct volume_job *j = arg;

	(void)t;
	j->rows = 0;
	j->why.code = ERR_OK;
	if (j->cbs.on_progress != NULL && !j->cbs.on_progress(j->cbs.arg, j->at, j->w.run_count)) {
		err_set(&j->why, ERR_UNREACHABLE, "report", "ask again",
			"nobody waited for the answer");
		job_end(j, &j->why);
	} else if (j->at < j->w.run_count) {
		run_status_load(j->engine, j->w.runs[j->at].run, on_status, j);
	} else {
		runs_end(j);
	}
}

void
volume_start(struct engine *e, const struct volume_wanted *w, const struct volume_callbacks *cbs)
{
	struct volume_job *j = xcalloc(1, sizeof(*j));

	j->engine = e;
	j->w = *w;
	j->w.column = xstrdup(w->column != NULL ? w->column : "");
	j->w.folder = xstrdup(w->folder);
	j->cbs = *cbs;
	volume_table_init(&j->table);
	j->keys = distinct_keys_new(w->folder);
	timer_init(&j->next, on_next, j);
	timer_arm_us(engine_loop(e), &j->next, 0);
}
