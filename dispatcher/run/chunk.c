/* SPDX-License-Identifier: MIT */
/*
 * Loading goes: view of the run → directory of its slices → bitmaps of the
 * slices that hold the ranks (rank → row) → blocks of the rows → texts. Notices
 * have their texts already: view → payload of the ranks.
 */
#include "dispatcher/run/chunk.h"

#include <stdio.h>
#include <stdlib.h>

#include "dispatcher/run/payload.h"
#include "dispatcher/run/render.h"
#include "dispatcher/store/keys.h"

/* GETs under way: few enough that what one loop turn may get to render stays short. */
#define WINDOW 64u
#define WINDOW_MEMBERS 512u

/* What a block is needed for: members [first, end) of the chunk lie in it. */
struct need {
	struct chunk_load *load;
	uint32_t block;
	uint32_t first, end;
};

struct chunk_load {
	struct chunk *chunk; /* NULL = it was freed */
	struct run_views *views;
	struct redis *redis;
	chunk_cb cb;
	void *arg;
	size_t pending; /* replies */
	bool has_fresh_directory;
	int slice;     /* the one whose bitmap is awaited */
	uint32_t rank; /* the next whose row is not known */
	struct need *needs;
	size_t need_count, need_next;
	uint32_t asked; /* members whose blocks or payload are under way */
	struct block_want want;
	struct block block; /* the one that is read from */
};

static void next_slice(struct chunk_load *ld);

/* ---- chunk ---- */

static bool
read_repeats(struct chunk *c, const struct reply *list)
{
	c->repeats = xcalloc(list->count + 1, sizeof(*c->repeats));
	for (size_t i = 0; i < list->count; i++) {
		const struct reply *one = reply_item(list, i);
		struct slice members = reply_item(one, 1)->str;
		struct slice attempts = reply_item(one, 2)->str;
		int64_t first = 0;
		struct repeat *r = &c->repeats[c->repeat_count++];

		if (!slice_to_i64(reply_item(one, 5)->str, &first) || attempts.n == 0 ||
		    members.n != 2 * attempts.n || first < c->from)
			return false;
		for (size_t k = 0; k < attempts.n; k++)
			if (members_rank(members, (uint32_t)first, k) >= c->to)
				return false;
		r->first = (uint32_t)first;
		r->members =
			(struct slice){arena_memdup0(&c->arena, members.p, members.n), members.n};
		r->attempts = (struct slice){arena_memdup0(&c->arena, attempts.p, attempts.n),
					     attempts.n};
	}
	return true;
}

struct chunk *
chunk_new(const struct reply *r)
{
	struct chunk *c = xcalloc(1, sizeof(*c));
	struct slice records = reply_item(r, 6)->str;
	int64_t from = reply_item(r, 3)->integer, to = reply_item(r, 4)->integer;

	c->run = (uint64_t)reply_item(r, 1)->integer;
	c->p = (unsigned)reply_item(r, 2)->integer;
	c->from = (uint32_t)from;
	c->to = (uint32_t)to;
	c->fence = reply_item(r, 5)->integer;
	c->launched_s = reply_item(r, 7)->integer;
	c->speed = reply_item(r, 9)->integer;
	c->tariff = (uint8_t)reply_item(r, 10)->integer;
	c->served_as = (int)reply_item(r, 11)->integer;
	if (c->p >= PARTITIONS_MAX || c->tariff >= TARIFFS_MAX || from < 0 || to <= from ||
	    to - from > RECORDS_PER_STRING || records.n != (size_t)(to - from) * RECORD_SIZE ||
	    !read_repeats(c, reply_item(r, 8))) {
		chunk_free(c);
		return NULL;
	}
	buf_add_slice(&c->records, records);
	c->members = xcalloc((size_t)(to - from), sizeof(*c->members));
	for (uint32_t rank = c->from; rank < c->to; rank++)
		chunk_member(c, rank)->rank = rank;
	return c;
}

int
chunk_order(const struct chunk *c)
{
	if (c->served_as > 0)
		return c->served_as - 1;
	return c->view != NULL ? c->view->order : -1;
}

static void
load_free(struct chunk_load *ld)
{
	block_close(&ld->block);
	free(ld->needs);
	free(ld);
}

void
chunk_free(struct chunk *c)
{
	if (c == NULL)
		return;
	if (c->load != NULL) {
		c->load->chunk = NULL;
		if (c->load->pending == 0)
			load_free(c->load);
	}
	if (c->view != NULL)
		run_view_unref(c->view); /* from chunk_load */
	buf_free(&c->records);
	arena_free(&c->arena);
	free(c->repeats);
	free(c->members);
	free(c);
}

/* ---- loading ---- */

static void
load_end(struct chunk_load *ld, const struct err_ctx *e)
{
	struct chunk *c = ld->chunk;

	if (c != NULL) {
		ld->chunk = NULL;
		c->load = NULL;
		ld->cb(ld->arg, c, e);
	}
	if (ld->pending == 0)
		load_free(ld);
}

/* Every reply passes here first. False: the chunk is gone, or the reply cannot be used. */
static bool
load_got(struct chunk_load *ld, const struct reply *r, enum reply_kind wanted, const char *what)
{
	struct err_ctx e;

	ld->pending--;
	if (ld->chunk == NULL) {
		if (ld->pending == 0)
			load_free(ld);
		return false;
	}
	if (r->kind == wanted)
		return true;
	if (reply_is_good(r))
		err_set(&e, ERR_SYSTEM, what, "restore a backup, or clone the campaign",
			"it is not in Redis any more");
	else
		reply_fail(r, &e);
	load_end(ld, &e);
	return false;
}

static void
member_render(struct chunk_load *ld, struct member *m, const struct block *b)
{
	uint32_t i = m->row % BLOCK_ROWS;
	uint8_t carrier = i < b->rows ? block_carrier(b, i) : 0;
	struct rendered r;

	/* Whether the provider takes Unicode is its lane's business. */
	m->skip = (uint8_t)render_row(ld->chunk->view->rendering, b, i, carrier, &r);
	/* A row that was deleted when it was frozen is not needed: this one went later. */
	if (m->skip == REASON_DELETED_ROW)
		m->skip = REASON_ERASED;
	if (m->skip != REASON_NONE)
		return;
	snprintf(m->phone, sizeof(m->phone), "%llu", (unsigned long long)block_phone(b, i));
	m->parts = (uint8_t)r.count.parts;
	m->is_unicode = r.count.encoding == SMS_UCS2;
	m->text = (struct slice){arena_memdup0(&ld->chunk->arena, r.text.p, r.text.n), r.text.n};
}

static void ask_blocks(struct chunk_load *ld);

static void
on_block(void *arg, const struct reply *r)
{
	struct need *need = arg;
	struct chunk_load *ld = need->load;
	struct err_ctx e;

	if (!load_got(ld, r, REPLY_ARRAY, "block of the list"))
		return;
	ld->asked -= need->end - need->first;
	if (list_open(r, ld->chunk->view->list, need->block, &ld->want, &ld->block, &e) != ERR_OK) {
		load_end(ld, &e);
		return;
	}
	for (uint32_t i = need->first; i < need->end; i++)
		if (ld->chunk->members[i].is_needed)
			member_render(ld, &ld->chunk->members[i], &ld->block);
	ask_blocks(ld);
}

static void
ask_blocks(struct chunk_load *ld)
{
	const struct list *l = ld->chunk->view->list;

	while (ld->need_next < ld->need_count && ld->pending < WINDOW &&
	       ld->asked < WINDOW_MEMBERS) {
		struct need *need = &ld->needs[ld->need_next++];

		ld->pending++;
		ld->asked += need->end - need->first;
		list_ask(ld->redis, l, need->block, &ld->want, on_block, need);
	}
	if (ld->pending == 0)
		load_end(ld, NULL);
}

static void
plan_blocks(struct chunk_load *ld)
{
	struct chunk *c = ld->chunk;
	struct err_ctx e;
	uint32_t n = c->to - c->from;

	ld->needs = xcalloc(n, sizeof(*ld->needs));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t block = c->members[i].row / BLOCK_ROWS;
		struct need *last = ld->need_count > 0 ? &ld->needs[ld->need_count - 1] : NULL;

		if (!c->members[i].is_needed)
			continue;
		if (block >= c->view->list->block_count) {
			err_set(&e, ERR_SYSTEM, "audience", "", "names a row beyond the list");
			load_end(ld, &e);
			return;
		}
		if (last != NULL && last->block == block)
			last->end = i + 1;
		else
			ld->needs[ld->need_count++] = (struct need){ld, block, i, i + 1};
	}
	ld->want = (struct block_want){.has_people = true};
	rendering_want(c->view->rendering, &ld->want);
	ld->want = list_want(c->view->list, &ld->want);
	ask_blocks(ld);
}

/* ---- payload of notices ---- */

/* What was accepted is what is sent; with its text gone the message ends here. */
static void
member_take_payload(struct chunk_load *ld, struct member *m, const struct reply *r)
{
	struct payload p;

	if (r->kind != REPLY_STRING || !payload_decode(r->str, &p)) {
		m->skip = REASON_NOT_KEPT;
		return;
	}
	snprintf(m->phone, sizeof(m->phone), "%llu", (unsigned long long)p.phone);
	m->parts = p.parts;
	m->is_unicode = p.is_unicode;
	m->text = (struct slice){arena_memdup0(&ld->chunk->arena, p.text.p, p.text.n), p.text.n};
}

static void ask_payload(struct chunk_load *ld);

static void
on_payload(void *arg, const struct reply *r)
{
	struct chunk_load *ld = arg;
	uint32_t at = 0;

	if (!load_got(ld, r, REPLY_ARRAY, "payload of the run"))
		return;
	for (; ld->rank < ld->chunk->to && (at < ld->asked || ld->asked == 0); ld->rank++)
		if (chunk_member(ld->chunk, ld->rank)->is_needed)
			member_take_payload(ld, chunk_member(ld->chunk, ld->rank),
					    reply_item(r, at++));
	ask_payload(ld);
}

/* One HMGET: a chunk lies within one string of records, so within one hash. */
static void
ask_payload(struct chunk_load *ld)
{
	struct chunk *c = ld->chunk;
	char key[KEY_MAX], ranks[WINDOW_MEMBERS][12];
	struct slice v[2 + WINDOW_MEMBERS] = {SLICE("HMGET")};

	v[1] = slice_of(key_payload(key, c->run, c->p, c->from / RECORDS_PER_STRING));
	ld->asked = 0;
	for (uint32_t rank = ld->rank; rank < c->to && ld->asked < WINDOW_MEMBERS; rank++) {
		if (!chunk_member(c, rank)->is_needed)
			continue;
		snprintf(ranks[ld->asked], sizeof(ranks[0]), "%u", rank);
		v[2 + ld->asked] = slice_of(ranks[ld->asked]);
		ld->asked++;
	}
	if (ld->asked == 0 && ld->rank > c->from) {
		load_end(ld, NULL);
		return;
	}
	/* The first time something is asked in any case: nobody is called back at once. */
	if (ld->asked == 0)
		v[2] = SLICE("0");
	ld->pending++;
	redis_command(ld->redis, v, 2 + (ld->asked > 0 ? ld->asked : 1), on_payload, ld);
}

/* ---- rows of the ranks ---- */

/* Give ranks from ld->rank on their rows from the bitmap of one slice. */
static void
take_rows(struct chunk_load *ld, struct slice bitmap)
{
	struct chunk *c = ld->chunk;
	uint32_t rank = c->view->directory[c->p].starts[ld->slice];
	uint32_t base = (uint32_t)ld->slice * SLICE_ROWS;

	for (size_t i = 0; i < bitmap.n && i < SLICE_ROWS / 8 && ld->rank < c->to; i++) {
		unsigned bits = (uint8_t)bitmap.p[i];

		for (; bits != 0 && ld->rank < c->to; bits &= bits - 1) {
			if (rank == ld->rank) {
				chunk_member(c, rank)->row =
					base + (uint32_t)i * 8 + (uint32_t)__builtin_ctz(bits);
				ld->rank++;
			}
			rank++;
		}
	}
}

static void
on_bitmap(void *arg, const struct reply *r)
{
	struct chunk_load *ld = arg;
	uint32_t before = ld->rank;

	if (!load_got(ld, r, REPLY_STRING, "audience of the run"))
		return;
	take_rows(ld, r->str);
	/* Nothing new: the directory is too old to know in which slice the rank lies. */
	if (ld->rank == before)
		ld->slice = -1;
	next_slice(ld);
}

static void
on_directory(void *arg, const struct err_ctx *e)
{
	struct chunk_load *ld = arg;

	ld->pending--;
	if (ld->chunk == NULL) {
		if (ld->pending == 0)
			load_free(ld);
		return;
	}
	if (e != NULL) {
		load_end(ld, e);
		return;
	}
	ld->has_fresh_directory = true;
	next_slice(ld);
}

/* Ask for the bitmap in which ld->rank lies, or go on with the blocks. */
static void
next_slice(struct chunk_load *ld)
{
	struct chunk *c = ld->chunk;
	char key[KEY_MAX];
	struct slice v[2] = {SLICE("GET"), {NULL, 0}};
	bool was_useless = ld->slice < 0;
	struct err_ctx e;

	if (ld->rank >= c->to) {
		plan_blocks(ld);
		return;
	}
	ld->slice = run_view_slice(c->view, c->p, ld->rank);
	if (ld->slice < 0 || was_useless) {
		if (ld->has_fresh_directory) {
			err_set(&e, ERR_SYSTEM, "audience of the run", "",
				"rank %u of partition %u lies in no slice", ld->rank, c->p);
			load_end(ld, &e);
			return;
		}
		ld->slice = 0;
		ld->pending++;
		run_view_directory(ld->views, c->view, c->p, on_directory, ld);
		return;
	}
	v[1] = slice_of(key_audience(key, c->run, c->p, (uint32_t)ld->slice));
	ld->pending++;
	redis_command(ld->redis, v, 2, on_bitmap, ld);
}

static void
mark_needed(struct chunk *c)
{
	for (uint32_t rank = c->from; rank < c->to; rank++) {
		struct record r = chunk_record(c, rank);

		chunk_member(c, rank)->is_needed =
			r.state == RECORD_WAITING || r.state == RECORD_RETRY;
	}
	for (size_t i = 0; i < c->repeat_count; i++)
		for (size_t k = 0; k < c->repeats[i].attempts.n; k++)
			chunk_member(c, members_rank(c->repeats[i].members, c->repeats[i].first, k))
				->is_needed = true;
}

static void
load_begin(struct chunk_load *ld)
{
	if (ld->chunk->view->is_notices)
		ask_payload(ld);
	else
		next_slice(ld);
}

static void
on_view(void *arg, struct run_view *v, const struct err_ctx *e)
{
	struct chunk_load *ld = arg;

	ld->pending--;
	if (ld->chunk == NULL) {
		if (v != NULL)
			run_view_unref(v); /* from run_view_get */
		if (ld->pending == 0)
			load_free(ld);
		return;
	}
	if (v == NULL) {
		load_end(ld, e);
		return;
	}
	ld->chunk->view = v;
	load_begin(ld);
}

void
chunk_load(struct chunk *c, struct run_views *vs, struct redis *r, chunk_cb cb, void *arg)
{
	struct chunk_load *ld = xcalloc(1, sizeof(*ld));

	ld->chunk = c;
	ld->views = vs;
	ld->redis = r;
	ld->cb = cb;
	ld->arg = arg;
	ld->rank = c->from;
	c->load = ld;
	mark_needed(c);
	c->view = run_view_peek(vs, c->run);
	if (c->view != NULL) {
		load_begin(ld);
		return;
	}
	ld->pending++;
	run_view_get(vs, c->run, on_view, ld);
}
