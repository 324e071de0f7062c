/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/freeze.h"

#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/run/lists.h"
#include "dispatcher/run/sets.h"
#include "dispatcher/run/suppressed.h"

#define JOURNAL_MAX (2u << 20) /* bytes of slices that are kept for a moment, of a run */

/* A message of the slice that may be sent, and where its record stands. */
struct message {
	uint32_t at; /* byte of records[partition] */
	uint8_t partition;
};

struct freeze {
	struct loop *loop;
	struct engine *engine;
	struct run_views *views;
	uint64_t run;
	freeze_cb on_done;
	void *arg;
	struct run_view *view;
	struct query *queries[RUN_QUERIES_MAX];
	size_t query_count;
	struct sets *sets; /* that they ask for */
	struct audience *audience;
	struct sweep *sweep;
	uint32_t slice;	 /* the one being evaluated */
	uint32_t stored; /* Redis has all before this one */
	uint32_t slices; /* of the whole list, at least one */
	bool is_cancelled, is_waiting;
	/* of the slice: */
	uint8_t bitmap[PARTITIONS_MAX][SLICE_ROWS / 8];
	struct buf records[PARTITIONS_MAX];
	struct message messages[SLICE_ROWS];
	uint64_t phones[SLICE_ROWS]; /* of the messages */
	size_t message_count;
	size_t journalled; /* bytes, so far */
};

static void next_slice(struct freeze *f);

static void
freeze_free(struct freeze *f)
{
	if (f->view != NULL)
		run_view_unref(f->view); /* from freeze_start */
	audience_free(f->audience);
	for (size_t i = 0; i < f->query_count; i++)
		query_free(f->queries[i]);
	sets_unref(f->sets); /* from on_sets */
	for (unsigned p = 0; p < PARTITIONS_MAX; p++)
		buf_free(&f->records[p]);
	free(f);
}

static void
freeze_end(struct freeze *f, const struct err_ctx *e)
{
	if (!f->is_cancelled)
		f->on_done(f->arg, e);
	freeze_free(f);
}

static bool
on_block(void *arg, uint32_t index, const struct block *b)
{
	struct freeze *f = arg;
	struct audience_row rows[BLOCK_ROWS];
	size_t n = audience_block(f->audience, index, b, f->view->today, rows);

	for (size_t i = 0; i < n; i++) {
		struct record r = {.state = rows[i].state, .reason = (uint8_t)rows[i].reason};
		uint32_t at = rows[i].row % SLICE_ROWS;
		char bytes[RECORD_SIZE];

		record_encode(&r, bytes);
		if (rows[i].state == RECORD_WAITING) {
			f->messages[f->message_count] = (struct message){
				(uint32_t)f->records[rows[i].partition].len, rows[i].partition};
			f->phones[f->message_count++] = block_phone(b, rows[i].row % BLOCK_ROWS);
		}
		buf_add(&f->records[rows[i].partition], bytes, RECORD_SIZE);
		f->bitmap[rows[i].partition][at / 8] |= (uint8_t)(1u << (at % 8));
	}
	return true;
}

/* ---- for a Redis that comes back older: the places that the members have ---- */

/* The rows of partition p: its bitmap, or two bytes each where that is shorter. */
static struct slice
journal_rows(const struct freeze *f, unsigned p, struct buf *b)
{
	const uint8_t *bits = f->bitmap[p];
	size_t members = f->records[p].len / RECORD_SIZE;

	if (members * 2 >= sizeof(f->bitmap[p]))
		return (struct slice){(const char *)bits, sizeof(f->bitmap[p])};
	buf_reset(b);
	for (uint32_t i = 0; i < SLICE_ROWS && members > 0; i++)
		if ((bits[i / 8] >> (i % 8) & 1) != 0)
			buf_add_u16(b, (uint16_t)i);
	return b->len > 0 ? buf_slice(b) : SLICE("");
}

/* Who does not wait: place among the members, state, reason. */
static struct slice
journal_ends(const struct freeze *f, unsigned p, struct buf *b)
{
	buf_reset(b);
	for (size_t i = 0; i < f->records[p].len / RECORD_SIZE; i++) {
		struct record r = record_decode(f->records[p].data + i * RECORD_SIZE);

		if (r.state == RECORD_WAITING)
			continue;
		buf_add_u16(b, (uint16_t)i);
		buf_add_u8(b, (uint8_t)r.state);
		buf_add_u8(b, (uint8_t)r.reason);
	}
	return b->len > 0 ? buf_slice(b) : SLICE("");
}

/*
 * Whoever sends in the seconds that a Redis has lost does not get beyond the first of the slices: those
 * that are not kept are frozen anew.
 */
static void
journal_slice(struct freeze *f)
{
	struct argv a = {0};
	struct buf b = {0};

	if (f->journalled > JOURNAL_MAX)
		return;
	argv_add_int(&a, (int64_t)f->run);
	argv_add_int(&a, f->slice);
	argv_adds(&a, f->slice + 1 == f->slices ? "1" : "0");
	argv_add_int(&a, sizeof(f->bitmap[0]));
	for (unsigned p = 0; p < f->view->partitions; p++) {
		argv_add_int(&a, p);
		argv_add_int(&a, (int64_t)(f->records[p].len / RECORD_SIZE));
		argv_add(&a, journal_rows(f, p, &b));
		argv_add(&a, journal_ends(f, p, &b));
	}
	f->journalled += a.bytes.len;
	engine_journal(f->engine, "freeze_again", &a);
	argv_free(&a);
	buf_free(&b);
}

static void
on_stored(void *arg, const struct reply *r)
{
	struct freeze *f = arg;

	f->is_waiting = false;
	if (f->is_cancelled || !reply_is_good(r)) {
		struct err_ctx e;

		err_set(&e, ERR_UNREACHABLE, "Redis", "", "stopping");
		freeze_end(f, &e);
		return;
	}
	if (r->integer < 0) { /* cancelled meanwhile */
		freeze_end(f, NULL);
		return;
	}
	if (r->integer <= f->slice) { /* it came back older: begin anew */
		struct err_ctx e;

		err_set(&e, ERR_CONFLICT, "Redis", "", "has lost slices that it had");
		freeze_end(f, &e);
		return;
	}
	f->stored = (uint32_t)r->integer;
	journal_slice(f);
	f->slice++;
	next_slice(f);
}

static void
store_slice(struct freeze *f)
{
	struct argv a = {0};

	argv_add_int(&a, (int64_t)f->run);
	argv_add_int(&a, f->slice);
	argv_adds(&a, f->slice + 1 == f->slices ? "1" : "0");
	for (unsigned p = 0; p < f->view->partitions; p++) {
		argv_add_int(&a, p);
		argv_add(&a, (struct slice){(const char *)f->bitmap[p], sizeof(f->bitmap[p])});
		argv_add(&a, f->records[p].len > 0 ? buf_slice(&f->records[p]) : SLICE(""));
	}
	f->is_waiting = true;
	engine_sure(f->engine, "freeze", &a, false, on_stored, f);
	argv_free(&a);
}

/*
 * Rows that share a suppressed phone with an earlier one are skipped for that, as ever: they
 * stand for no message, and one that is suppressed after this moment must read the same.
 */
static void
on_checked(void *arg, const struct suppressed_answer *a, const struct err_ctx *e)
{
	struct freeze *f = arg;

	f->is_waiting = false;
	if (f->is_cancelled || a == NULL) {
		freeze_end(f, e);
		return;
	}
	for (size_t i = 0; a->reasons != NULL && i < f->message_count; i++) {
		struct record r = {.state = RECORD_SUPPRESSED, .reason = a->reasons[i]};

		if (a->reasons[i] != 0)
			record_encode(&r, f->records[f->messages[i].partition].data +
						  f->messages[i].at);
	}
	store_slice(f);
}

static void
check_slice(struct freeze *f)
{
	struct suppressed_query q = {.class = f->view->class,
				     .unit = f->view->unit,
				     .phones = f->phones,
				     .count = f->message_count};

	f->is_waiting = true;
	suppressed_check(f->engine, &q, on_checked, f);
}

static void
on_swept(void *arg, const struct err_ctx *e)
{
	struct freeze *f = arg;

	f->sweep = NULL;
	if (e != NULL) {
		freeze_end(f, e);
	} else if (f->slice < f->stored) { /* read only to know who shares a phone */
		f->slice++;
		next_slice(f);
	} else if (f->message_count == 0) {
		store_slice(f);
	} else {
		check_slice(f);
	}
}

static void
next_slice(struct freeze *f)
{
	struct block_want want = {.has_people = true};
	struct sweep_options o = {
		.want = &want, .on_block = on_block, .on_done = on_swept, .arg = f};

	if (f->slice >= f->slices || f->stored >= f->slices) {
		freeze_end(f, NULL);
		return;
	}
	memset(f->bitmap, 0, sizeof(f->bitmap));
	f->message_count = 0;
	for (unsigned p = 0; p < PARTITIONS_MAX; p++)
		buf_reset(&f->records[p]);
	audience_want(f->audience, &want);
	f->sweep = sweep_start(f->loop, engine_redis(f->engine), f->view->list,
			       f->slice * SLICE_BLOCKS, (f->slice + 1) * SLICE_BLOCKS, &o);
}

/* ---- beginning: queries, what they ask for, then the slices ---- */

static enum err
parse_queries(struct freeze *f, struct err_ctx *e)
{
	struct query_error qe;
	json_t *texts;
	enum err rc = json_parse(slice_of(f->view->queries), 1u << 20, "run", &texts, e);

	if (rc != ERR_OK)
		return rc;
	for (size_t i = 0; i < json_array_size(texts) && i < RUN_QUERIES_MAX && rc == ERR_OK; i++) {
		const char *text = json_string_value(json_array_get(texts, i));
		struct query *q = query_parse(slice_of(text != NULL ? text : ""), &qe);

		if (q == NULL)
			rc = err_set(e, ERR_INPUT, "segment", "", "%s", qe.message);
		else
			f->queries[f->query_count++] = q;
	}
	json_decref(texts);
	return rc;
}

static void
on_sets(void *arg, struct sets *sets, const struct sets_failure *why)
{
	struct freeze *f = arg;
	size_t blocks = f->view->list->block_count;
	struct audience_of of = {.queries = f->queries,
				 .count = f->query_count,
				 .of_query = f->view->of_query,
				 .per = f->view->per,
				 .map = &f->view->map,
				 .consent = f->view->consent};

	f->is_waiting = false;
	f->sets = sets;
	if (sets == NULL || f->is_cancelled) {
		freeze_end(f, why != NULL ? &why->e : NULL);
		return;
	}
	for (size_t i = 0; i < f->query_count; i++) {
		struct query_error qe;
		struct err_ctx e;

		if (query_bind(f->queries[i], list_part_schema(f->view->list, f->view->of_query[i]),
			       &qe))
			continue;
		err_set(&e, ERR_INPUT, "segment", "", "%s", qe.message);
		freeze_end(f, &e);
		return;
	}
	f->slices = blocks == 0 ? 1 : (uint32_t)((blocks + SLICE_BLOCKS - 1) / SLICE_BLOCKS);
	f->audience = audience_of_list(&of, f->view->list);
	next_slice(f);
}

static void
on_view(void *arg, struct run_view *v, const struct err_ctx *e)
{
	struct freeze *f = arg;
	struct err_ctx why;

	f->is_waiting = false;
	f->view = v;
	if (v == NULL || f->is_cancelled) {
		freeze_end(f, e);
	} else if (parse_queries(f, &why) != ERR_OK) {
		freeze_end(f, &why);
	} else {
		f->is_waiting = true;
		sets_open(f->engine, f->run, slice_of(v->sets), f->queries, f->query_count, on_sets,
			  f);
	}
}

struct freeze *
freeze_start(struct loop *l, struct engine *e, struct run_views *vs, uint64_t run,
	     freeze_cb on_done, void *arg)
{
	struct freeze *f = xcalloc(1, sizeof(*f));

	f->loop = l;
	f->engine = e;
	f->views = vs;
	f->run = run;
	f->on_done = on_done;
	f->arg = arg;
	f->is_waiting = true;
	run_view_get(vs, run, on_view, f);
	return f;
}

void
freeze_cancel(struct freeze *f)
{
	f->is_cancelled = true;
	if (f->sweep != NULL)
		sweep_cancel(f->sweep);
	if (!f->is_waiting)
		freeze_free(f);
}
