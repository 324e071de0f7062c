/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/member_find.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/store/keys.h"

struct find {
	struct engine *engine;
	struct run_views *views;
	struct run_view *v;
	uint32_t row;
	member_find_cb cb;
	void *arg;
	unsigned directory; /* the next to be loaded */
	unsigned asked;	    /* whose bitmap is under way */
	struct member_place m;
};

static void
find_end(struct find *f, const struct err_ctx *e)
{
	f->cb(f->arg, e == NULL ? &f->m : NULL, e);
	free(f);
}

static bool
is_good(struct find *f, const struct reply *r, enum reply_kind wanted, const char *what)
{
	struct err_ctx e;

	if (r->kind == wanted)
		return true;
	if (reply_is_good(r))
		err_set(&e, ERR_SYSTEM, what, "restore a backup", "it is not in Redis any more");
	else
		reply_fail(r, &e);
	find_end(f, &e);
	return false;
}

/* ---- record and attempts ---- */

static void
read_attempts(struct member_place *m, struct slice earlier)
{
	const struct record *r = &m->record;

	m->has_earlier = (r->flags & RECORD_EARLIER) != 0 && earlier.n > 0;
	for (unsigned a = 0; a < r->attempt && a < ATTEMPTS_MAX; a++) {
		uint8_t b = a < earlier.n ? (uint8_t)earlier.p[a] : 0;

		m->phase[a] = m->has_earlier	     ? b & 15
			      : a + 1u == r->attempt ? (uint8_t)r->state
						     : RECORD_RETRY;
		m->tariff[a] = m->has_earlier ? (uint8_t)(((b >> 4) + m->p) & 15) : r->provider;
	}
}

static void
on_earlier(void *arg, const struct reply *r)
{
	struct find *f = arg;
	struct err_ctx e;

	if (!reply_is_good(r)) {
		reply_fail(r, &e);
		find_end(f, &e);
		return;
	}
	read_attempts(&f->m, r->kind == REPLY_STRING ? r->str : (struct slice){NULL, 0});
	find_end(f, NULL);
}

static void
on_record(void *arg, const struct reply *r)
{
	struct find *f = arg;
	struct slice v[3] = {SLICE("HGET")};
	struct err_ctx e;
	char key[KEY_MAX], field[32];

	if (!is_good(f, r, REPLY_STRING, "record of the message"))
		return;
	if (r->str.n != RECORD_SIZE || record_decode(r->str.p).state >= RECORD_STATE_COUNT) {
		err_set(&e, ERR_SYSTEM, "record of the message", "restore a backup",
			"it is not in Redis any more");
		find_end(f, &e);
		return;
	}
	f->m.is_frozen = f->m.is_in = true;
	f->m.record = record_decode(r->str.p);
	snprintf(field, sizeof(field), "%u:%u", f->m.p, f->m.rank);
	v[1] = slice_of(key_run(key, f->v->id, key_prefix_earlier));
	v[2] = slice_of(field);
	redis_command(engine_redis(f->engine), v, 3, on_earlier, f);
}

static void
ask_record(struct find *f)
{
	uint32_t at = f->m.rank % RECORDS_PER_STRING * RECORD_SIZE;
	struct argv a = {0};
	struct slice v[ARGV_MAX];
	char key[KEY_MAX];

	argv_adds(&a, "GETRANGE");
	argv_adds(&a, key_records(key, f->v->id, f->m.p, f->m.rank / RECORDS_PER_STRING));
	argv_add_int(&a, at);
	argv_add_int(&a, (int64_t)at + RECORD_SIZE - 1);
	redis_command(engine_redis(f->engine), v, argv_slices(&a, v), on_record, f);
	argv_free(&a);
}

/* ---- bitmaps ---- */

static void ask_bitmap(struct find *f);

static void
on_bitmap(void *arg, const struct reply *r)
{
	struct find *f = arg;
	uint32_t at = f->row % SLICE_ROWS, rank;

	if (!is_good(f, r, REPLY_STRING, "audience of the run"))
		return;
	if (at / 8 >= r->str.n || ((uint8_t)r->str.p[at / 8] >> (at % 8) & 1) == 0) {
		f->asked++;
		ask_bitmap(f);
		return;
	}
	rank = f->v->directory[f->asked].starts[f->row / SLICE_ROWS];
	for (uint32_t i = 0; i < at / 8; i++)
		rank += (uint32_t)__builtin_popcount((uint8_t)r->str.p[i]);
	rank += (uint32_t)__builtin_popcount((uint8_t)r->str.p[at / 8] & ((1u << (at % 8)) - 1));
	f->m.p = f->asked;
	f->m.rank = rank;
	ask_record(f);
}

static void
ask_bitmap(struct find *f)
{
	struct slice v[2] = {SLICE("GET")};
	char key[KEY_MAX];

	if (f->asked >= f->v->partitions) {
		find_end(f, NULL); /* it is in none of them */
		return;
	}
	v[1] = slice_of(key_audience(key, f->v->id, f->asked, f->row / SLICE_ROWS));
	redis_command(engine_redis(f->engine), v, 2, on_bitmap, f);
}

static void load_directory(struct find *f);

static void
on_directory(void *arg, const struct err_ctx *e)
{
	struct find *f = arg;

	if (e != NULL) {
		find_end(f, e);
		return;
	}
	f->directory++;
	load_directory(f);
}

static void
load_directory(struct find *f)
{
	if (f->directory < f->v->partitions) {
		run_view_directory(f->views, f->v, f->directory, on_directory, f);
		return;
	}
	f->m.is_frozen = f->v->partitions > 0;
	for (unsigned p = 0; p < f->v->partitions; p++)
		f->m.is_frozen = f->m.is_frozen && f->row / SLICE_ROWS < f->v->directory[p].count;
	if (f->m.is_frozen)
		ask_bitmap(f);
	else
		find_end(f, NULL);
}

/* ---- beginning ---- */

struct later {
	struct find *find;
	struct timer timer;
};

static void
on_begin(struct timer *t, void *arg)
{
	struct later *l = arg;

	(void)t;
	load_directory(l->find);
	free(l);
}

static struct find *
find_new(struct engine *e, struct run_view *v, member_find_cb cb, void *arg)
{
	struct find *f = xcalloc(1, sizeof(*f));

	f->engine = e;
	f->v = v;
	f->cb = cb;
	f->arg = arg;
	return f;
}

void
member_find(struct engine *e, struct run_views *vs, struct run_view *v, uint32_t row,
	    member_find_cb cb, void *arg)
{
	struct later *l = xcalloc(1, sizeof(*l));

	l->find = find_new(e, v, cb, arg);
	l->find->views = vs;
	l->find->row = row;
	timer_init(&l->timer, on_begin, l);
	timer_arm_us(engine_loop(e), &l->timer, 0);
}

void
member_read(struct engine *e, struct run_view *v, unsigned p, uint32_t rank, member_find_cb cb,
	    void *arg)
{
	struct find *f = find_new(e, v, cb, arg);

	f->m.p = p;
	f->m.rank = rank;
	ask_record(f);
}
