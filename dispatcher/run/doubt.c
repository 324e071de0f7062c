/* SPDX-License-Identifier: MIT */
/*
 * For each string: what is in doubt → bitmaps of its slices (rank → row) →
 * blocks of the rows (row → phone) → on_string.
 */
#include "dispatcher/run/doubt.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/store/keys.h"

#define WINDOW 64u /* blocks asked for together */
#define MARGIN_MS 2000
#define TIMEOUT_MAX_MS 60000 /* of a provider that is not configured any more */
#define WORDS 6u	     /* that doubt_look says of each */

struct doubt_scan {
	struct engine *engine;
	struct run_views *views;
	struct run_view *view;
	struct doubt_scan_options o;
	uint64_t run;
	unsigned partitions, p;
	uint32_t string;
	uint64_t front[PARTITIONS_MAX];
	int64_t wait_ms;
	unsigned directories; /* loaded */
	struct doubt list[RECORDS_PER_STRING];
	size_t count, placed; /* of the string; those whose rows are known */
	int slice;	      /* whose bitmap is awaited */
	size_t block_at;      /* the next whose phone is to be asked for */
	struct fetched {
		struct doubt_scan *scan;
		size_t first, end; /* of list */
	} fetched[WINDOW];
	struct block block; /* the one that is read from */
	size_t pending;
	bool is_over, has_failed, is_resting;
	struct err_ctx why;
};

static void next_string(struct doubt_scan *s);
static void next_bitmap(struct doubt_scan *s);
static void next_blocks(struct doubt_scan *s);

static void
scan_free(struct doubt_scan *s)
{
	if (s->view != NULL)
		run_view_unref(s->view); /* from on_view */
	free(s);
}

static void
scan_end(struct doubt_scan *s, const struct err_ctx *e)
{
	s->o.on_done(s->o.arg, e);
	scan_free(s);
}

/* After each reply: true = it was the last of those under way, and the scan goes on. */
static bool
goes_on(struct doubt_scan *s)
{
	if (--s->pending > 0)
		return false;
	if (s->is_over)
		scan_free(s);
	else if (s->has_failed)
		scan_end(s, &s->why);
	else
		return true;
	return false;
}

/* Can the reply be used? */
static bool
is_usable(struct doubt_scan *s, const struct reply *r, enum reply_kind wanted, const char *what)
{
	if (r->kind == wanted)
		return !s->is_over;
	s->has_failed = true;
	if (reply_is_good(r))
		err_set(&s->why, ERR_SYSTEM, what, "restore a backup", "is not in Redis any more");
	else
		reply_fail(r, &s->why);
	return false;
}

static void
fail(struct doubt_scan *s, const char *what, const char *why)
{
	s->has_failed = true;
	err_set(&s->why, ERR_SYSTEM, what, "restore a backup", "%s", why);
}

/* ---- phones ---- */

static const struct block_want only_people = {.has_people = true};

static void
on_block(void *arg, const struct reply *r)
{
	struct fetched *f = arg;
	struct doubt_scan *s = f->scan;
	struct block *b = &s->block;

	if (is_usable(s, r, REPLY_ARRAY, "block of the list")) {
		uint32_t block = s->list[f->first].row / BLOCK_ROWS;

		if (list_open(r, s->view->list, block, &only_people, b, &s->why) != ERR_OK)
			s->has_failed = true;
		for (size_t i = f->first; i < f->end && !s->has_failed; i++)
			s->list[i].phone = block_phone(b, s->list[i].row % BLOCK_ROWS);
	}
	if (goes_on(s))
		next_blocks(s);
}

static void
hand_over(struct doubt_scan *s)
{
	struct doubts d = {.p = s->p,
			   .string = s->string,
			   .list = s->list,
			   .count = s->count,
			   .launched_s = s->view->launched_s,
			   .of = s->view->list};

	s->is_resting = !s->o.on_string(s->o.arg, &d);
	s->string++;
	if (!s->is_resting)
		next_string(s);
}

/* Members whose rows lie in the list's block of the first of them. */
static size_t
same_block(const struct doubt_scan *s, size_t first)
{
	size_t end = first + 1;

	while (end < s->count && s->list[end].row / BLOCK_ROWS == s->list[first].row / BLOCK_ROWS)
		end++;
	return end;
}

static void
next_blocks(struct doubt_scan *s)
{
	const struct list *l = s->view->list;

	if (!s->o.has_phones || s->block_at >= s->count) {
		hand_over(s);
		return;
	}
	while (s->block_at < s->count && s->pending < WINDOW) {
		struct fetched *f = &s->fetched[s->pending];
		uint32_t block = s->list[s->block_at].row / BLOCK_ROWS;

		*f = (struct fetched){s, s->block_at, same_block(s, s->block_at)};
		s->block_at = f->end;
		if (block >= l->block_count) {
			fail(s, "audience of the run", "names a row beyond the list");
			break;
		}
		s->pending++;
		list_ask(engine_redis(s->engine), l, block, &only_people, on_block, f);
	}
	if (s->pending == 0)
		scan_end(s, &s->why);
}

/* ---- rows ---- */

/* Give what lies in this slice its rows. */
static void
take_rows(struct doubt_scan *s, struct slice bitmap)
{
	uint32_t rank = s->view->directory[s->p].starts[s->slice];
	uint32_t base = (uint32_t)s->slice * SLICE_ROWS;

	for (size_t i = 0; i < bitmap.n && i < SLICE_ROWS / 8 && s->placed < s->count; i++) {
		unsigned bits = (uint8_t)bitmap.p[i];

		for (; bits != 0 && s->placed < s->count; bits &= bits - 1) {
			if (rank == s->list[s->placed].rank)
				s->list[s->placed++].row =
					base + (uint32_t)i * 8 + (uint32_t)__builtin_ctz(bits);
			rank++;
		}
	}
}

static void
on_bitmap(void *arg, const struct reply *r)
{
	struct doubt_scan *s = arg;
	size_t before = s->placed;

	if (is_usable(s, r, REPLY_STRING, "audience of the run")) {
		take_rows(s, r->str);
		if (s->placed == before)
			fail(s, "audience of the run", "a message lies in no slice of it");
	}
	if (goes_on(s))
		next_bitmap(s);
}

static void
next_bitmap(struct doubt_scan *s)
{
	struct slice v[2] = {SLICE("GET"), {NULL, 0}};
	char key[KEY_MAX];

	if (s->placed >= s->count) {
		s->block_at = 0;
		next_blocks(s);
		return;
	}
	s->slice = run_view_slice(s->view, s->p, s->list[s->placed].rank);
	if (s->slice < 0) {
		fail(s, "audience of the run", "a message lies in no slice of it");
		scan_end(s, &s->why);
		return;
	}
	v[1] = slice_of(key_audience(key, s->run, s->p, (uint32_t)s->slice));
	s->pending++;
	redis_command(engine_redis(s->engine), v, 2, on_bitmap, s);
}

/* ---- strings ---- */

static void
read_look(struct doubt_scan *s, const struct reply *r)
{
	s->count = s->placed = 0;
	for (size_t i = 1; i + WORDS <= r->count && s->count < RECORDS_PER_STRING; i += WORDS) {
		struct slice record = reply_item(r, i + 1)->str, what = reply_item(r, i + 2)->str;
		struct doubt *d = &s->list[s->count];

		if (record.n != RECORD_SIZE || what.n != 1) {
			fail(s, "doubt", "Redis answered what was not expected");
			return;
		}
		*d = (struct doubt){
			.rank = (uint32_t)reply_int(r, i),
			.record = record_decode(record.p),
			.choice = (enum doubt_choice)what.p[0],
			.at_ms = reply_int(r, i + 3),
			.asked_ms = reply_int(r, i + 4),
			.copies = (uint8_t)reply_int(r, i + 5),
		};
		s->count++;
	}
}

static void
on_look(void *arg, const struct reply *r)
{
	struct doubt_scan *s = arg;

	if (is_usable(s, r, REPLY_ARRAY, "records of the run"))
		read_look(s, r);
	if (!goes_on(s))
		return;
	if (s->count == 0) {
		s->string++;
		next_string(s);
	} else {
		next_bitmap(s);
	}
}

static void
next_string(struct doubt_scan *s)
{
	struct argv a = {0};

	while (s->p < s->partitions && (uint64_t)s->string * RECORDS_PER_STRING >= s->front[s->p]) {
		s->p++;
		s->string = 0;
	}
	if (s->p >= s->partitions) {
		scan_end(s, NULL);
		return;
	}
	argv_add_int(&a, (int64_t)s->run);
	argv_add_int(&a, s->p);
	argv_add_int(&a, s->string);
	argv_add_int(&a, s->wait_ms);
	s->pending++;
	engine_call(s->engine, "doubt_look", &a, on_look, s);
	argv_free(&a);
}

/* ---- beginning ---- */

static void load_directory(struct doubt_scan *s);

static void
on_directory(void *arg, const struct err_ctx *e)
{
	struct doubt_scan *s = arg;

	if (e != NULL) {
		s->has_failed = true;
		s->why = *e;
	}
	s->directories++;
	if (goes_on(s))
		load_directory(s);
}

static void
load_directory(struct doubt_scan *s)
{
	if (s->directories >= s->partitions) {
		next_string(s);
		return;
	}
	s->pending++;
	run_view_directory(s->views, s->view, s->directories, on_directory, s);
}

void
doubt_of_notices(struct err_ctx *e)
{
	err_set(e, ERR_CONFLICT, "campaign",
		"ask for a message by its id; send it anew with loa send",
		"is made of single messages, which have no rows");
}

static void
on_view(void *arg, struct run_view *v, const struct err_ctx *e)
{
	struct doubt_scan *s = arg;

	s->view = v;
	if (v == NULL) {
		s->has_failed = true;
		s->why = *e;
	} else if (v->is_notices) {
		s->has_failed = true;
		doubt_of_notices(&s->why);
	}
	if (goes_on(s))
		load_directory(s);
}

struct doubt_scan *
doubt_scan_start(struct engine *e, struct run_views *vs, const struct config *c,
		 const struct run_status *st, const struct doubt_scan_options *o)
{
	struct doubt_scan *s = xcalloc(1, sizeof(*s));

	s->engine = e;
	s->views = vs;
	s->o = *o;
	s->run = st->run;
	s->partitions = st->partitions;
	s->wait_ms = doubt_wait_ms(c, st);
	for (unsigned p = 0; p < st->partitions; p++) {
		s->front[p] = st->front[p];
	}
	s->view = run_view_peek(vs, s->run);
	if (s->view != NULL && s->view->is_notices) {
		run_view_unref(s->view); /* from run_view_peek: on_view refuses it */
		s->view = NULL;
	}
	s->pending++;
	if (s->view != NULL)
		run_view_directory(vs, s->view, 0, on_directory, s);
	else
		run_view_get(vs, s->run, on_view, s);
	return s;
}

void
doubt_scan_resume(struct doubt_scan *s)
{
	if (!s->is_resting)
		return;
	s->is_resting = false;
	next_string(s);
}

void
doubt_scan_cancel(struct doubt_scan *s)
{
	s->is_over = true;
	if (s->pending == 0)
		scan_free(s);
}

int64_t
doubt_wait_ms(const struct config *c, const struct run_status *s)
{
	int64_t longest = 0;

	for (unsigned t = 0; t < s->tariffs; t++) {
		int i = config_provider(c, slice_of(s->lane[t]));
		int64_t one = i >= 0 ? c->providers[i].timeout_ms : TIMEOUT_MAX_MS;

		if (one > longest)
			longest = one;
	}
	return c->lease_ms + longest + MARGIN_MS;
}

const char *
doubt_choice_name(enum doubt_choice c)
{
	switch (c) {
	case DOUBT_AUTO:
		return "repeated-by-itself";
	case DOUBT_WAIT:
		return "not-yet";
	case DOUBT_REPEAT:
		return "repeat";
	case DOUBT_NEW:
		return "new-attempt";
	case DOUBT_NONE:
		return "none";
	}
	return "?";
}

/* ---- acts ---- */

void
doubt_add_member(struct buf *out, const struct doubt *d)
{
	buf_add_u16(out, (uint16_t)(d->rank % RECORDS_PER_STRING));
	buf_add_u8(out, d->record.attempt);
	buf_add_u8(out, d->choice == DOUBT_REPEAT ? d->copies : 0);
}

struct letters {
	doubt_letters_cb cb;
	void *arg;
	size_t count;
};

static void
on_letters(void *arg, const struct reply *r)
{
	struct letters *l = arg;
	struct slice text = reply_item(r, 0)->str;
	struct err_ctx e;

	if (r->kind == REPLY_ARRAY && text.n == l->count) {
		l->cb(l->arg, text.p, NULL);
	} else {
		err_set(&e, ERR_UNREACHABLE, "Redis", "look what became of it, then try again",
			"%.*s", (int)r->str.n, r->str.n > 0 ? r->str.p : "");
		l->cb(l->arg, NULL, &e);
	}
	free(l);
}

static struct letters *
begin_act(const struct doubt_act *a, struct argv *args, doubt_letters_cb cb, void *arg)
{
	struct letters *l = xcalloc(1, sizeof(*l));

	*l = (struct letters){cb, arg, a->members.n / 4};
	argv_add_int(args, (int64_t)a->run);
	argv_add_int(args, a->p);
	argv_add_int(args, a->string);
	argv_add(args, a->members);
	argv_add_int(args, a->wait_ms);
	return l;
}

void
doubt_resend(struct engine *e, const struct doubt_act *a, doubt_letters_cb cb, void *arg)
{
	struct argv args = {0};
	struct letters *l = begin_act(a, &args, cb, arg);

	engine_sure(e, "doubt_resend", &args, true, on_letters, l);
	argv_free(&args);
}

void
doubt_mark(struct engine *e, const struct doubt_act *a, bool is_sent, bool is_dry,
	   doubt_letters_cb cb, void *arg)
{
	struct argv args = {0};
	struct letters *l = begin_act(a, &args, cb, arg);

	argv_adds(&args, is_sent ? "sent" : "not-sent");
	argv_adds(&args, is_dry ? "1" : "0");
	engine_sure(e, "doubt_mark", &args, !is_dry, on_letters, l);
	argv_free(&args);
}
