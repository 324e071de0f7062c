/* SPDX-License-Identifier: MIT */
#include "dispatcher/erase/key_walk.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/store/engine.h"

#define JOBS 8u			  /* keys under way */
#define SCAN_KEYS "256"		  /* asked for together */
#define WINDOW 128		  /* lines, fields, members */
#define STRING_WINDOW (16u << 20) /* longer strings come in pieces */
#define STRING_OVERLAP 64u	  /* more than a number may take */

struct job {
	struct key_walk *walk;
	bool is_busy;
	struct buf key;
	enum key_type {
		TYPE_STRING,
		TYPE_HASH,
		TYPE_LIST,
		TYPE_SET,
		TYPE_ZSET,
		TYPE_STREAM,
		TYPE_BLOCK
	} type;
	char cursor[64]; /* of hashes, sets; of a stream the last id */
	int64_t index;	 /* of lists, strings */
};

struct key_walk {
	struct key_walk_options o;
	struct key_walk_gauge gauge;
	struct job jobs[JOBS];
	struct buf queue; /* keys, each with its length before it */
	size_t queue_at;
	char cursor[24]; /* of SCAN */
	bool is_scanning, is_scanned;
	size_t pending; /* replies */
	bool is_over, has_failed;
	struct err_ctx why;
	struct timer step;
};

static void
walk_free(struct key_walk *w)
{
	timer_disarm(w->o.loop, &w->step);
	for (size_t i = 0; i < JOBS; i++)
		buf_free(&w->jobs[i].key);
	buf_free(&w->queue);
	free(w);
}

/* Every reply passes here first. False: it cannot be used, or nobody wants it. */
static bool
got(struct key_walk *w, const struct reply *r)
{
	w->pending--;
	if (!w->is_over && !reply_is_good(r) && !w->has_failed) {
		w->has_failed = true;
		reply_fail(r, &w->why);
	}
	if (!w->is_over && !w->has_failed)
		return true;
	if (w->pending == 0) {
		if (!w->is_over)
			w->o.on_done(w->o.arg, &w->why);
		walk_free(w);
	}
	return false;
}

static void
step_soon(struct key_walk *w)
{
	if (!timer_is_armed(&w->step))
		timer_arm_us(w->o.loop, &w->step, 0);
}

static void
ask(struct key_walk *w, struct argv *a, redis_reply_cb cb, void *arg)
{
	struct slice v[ARGV_MAX];

	w->pending++;
	redis_command(w->o.redis, v, argv_slices(a, v), cb, arg);
	argv_free(a);
}

static void
show(struct job *j, struct key_item *i)
{
	i->key = buf_slice(&j->key);
	j->walk->gauge.bytes += i->at.n + i->value.n;
	j->walk->o.on_item(j->walk->o.arg, i);
}

/* ---- a key ---- */

static void
job_end(struct job *j)
{
	j->is_busy = false;
	j->walk->gauge.keys++;
	step_soon(j->walk);
}

static void ask_values(struct job *j);

/* True: there is more. */
static bool
take_string(struct job *j, const struct reply *r)
{
	bool is_full = r->str.n == STRING_WINDOW;
	struct key_item i = {
		.kind = ITEM_STRING, .is_piece = is_full || j->index > 0, .value = r->str};

	show(j, &i);
	j->index += STRING_WINDOW - STRING_OVERLAP;
	return is_full;
}

static bool
take_list(struct job *j, const struct reply *r)
{
	for (size_t k = 0; k < r->count; k++) {
		struct key_item i = {.kind = ITEM_LINE,
				     .index = j->index + (int64_t)k,
				     .value = reply_item(r, k)->str};

		show(j, &i);
	}
	j->index += WINDOW;
	return r->count == WINDOW;
}

/* HSCAN, SSCAN, ZSCAN: [cursor, [item, …]], of hashes and sorted sets in pairs. */
static bool
take_scan(struct job *j, const struct reply *r)
{
	const struct reply *all = reply_item(r, 1);
	size_t each = j->type == TYPE_SET ? 1 : 2;

	for (size_t k = 0; k + each <= all->count; k += each) {
		struct key_item i = {.kind = ITEM_MEMBER, .value = reply_item(all, k)->str};

		if (j->type == TYPE_HASH)
			i = (struct key_item){.kind = ITEM_FIELD,
					      .at = reply_item(all, k)->str,
					      .value = reply_item(all, k + 1)->str};
		show(j, &i);
	}
	slice_copy(j->cursor, sizeof(j->cursor), reply_item(r, 0)->str);
	return strcmp(j->cursor, "0") != 0;
}

/* [[id, [field, value, …]], …] */
static bool
take_stream(struct job *j, const struct reply *r)
{
	for (size_t k = 0; k < r->count; k++) {
		const struct reply *one = reply_item(r, k), *values = reply_item(one, 1);

		for (size_t m = 0; m < values->count; m++) {
			struct key_item i = {.kind = ITEM_ENTRY,
					     .value = reply_item(values, m)->str};

			show(j, &i);
		}
		snprintf(j->cursor, sizeof(j->cursor), "(%.*s",
			 (int)(reply_item(one, 0)->str.n < 60 ? reply_item(one, 0)->str.n : 60),
			 reply_item(one, 0)->str.p);
	}
	return r->count == WINDOW;
}

static bool
take_block(struct job *j, const struct reply *r)
{
	struct key_item i = {.kind = ITEM_BLOCK, .whole = r};

	for (size_t k = 0; k < r->count; k++)
		j->walk->gauge.bytes += reply_item(r, k)->str.n;
	if (r->count > 0)
		show(j, &i);
	return false;
}

/* How each type is read. */
static const struct reading {
	const char *name; /* as TYPE says it; NULL = ours */
	const char *command;
	const char *cursor; /* the first */
	bool (*take)(struct job *j, const struct reply *r);
} readings[] = {
	[TYPE_STRING] = {"string", "GETRANGE", "0", take_string},
	[TYPE_HASH] = {"hash", "HSCAN", "0", take_scan},
	[TYPE_LIST] = {"list", "LRANGE", "0", take_list},
	[TYPE_SET] = {"set", "SSCAN", "0", take_scan},
	[TYPE_ZSET] = {"zset", "ZSCAN", "0", take_scan},
	[TYPE_STREAM] = {"stream", "XRANGE", "-", take_stream},
	[TYPE_BLOCK] = {NULL, "HGETALL", "", take_block},
};

static void
on_values(void *arg, const struct reply *r)
{
	struct job *j = arg;

	if (!got(j->walk, r))
		return;
	if (readings[j->type].take(j, r))
		ask_values(j);
	else
		job_end(j);
}

static void
ask_values(struct job *j)
{
	struct argv a = {0};

	argv_adds(&a, readings[j->type].command);
	argv_add(&a, buf_slice(&j->key));
	switch (j->type) {
	case TYPE_STRING:
		argv_add_int(&a, j->index);
		argv_add_int(&a, j->index + STRING_WINDOW - 1);
		break;
	case TYPE_LIST:
		argv_add_int(&a, j->index);
		argv_add_int(&a, j->index + WINDOW - 1);
		break;
	case TYPE_HASH:
	case TYPE_SET:
	case TYPE_ZSET:
		argv_adds(&a, j->cursor);
		argv_adds(&a, "COUNT");
		argv_add_int(&a, WINDOW);
		break;
	case TYPE_STREAM:
		argv_adds(&a, j->cursor);
		argv_adds(&a, "+");
		argv_adds(&a, "COUNT");
		argv_add_int(&a, WINDOW);
		break;
	case TYPE_BLOCK:
		break;
	}
	ask(j->walk, &a, on_values, j);
}

static void
on_type(void *arg, const struct reply *r)
{
	struct job *j = arg;
	struct key_walk *w = j->walk;
	struct key_item i = {.kind = ITEM_KEY};
	size_t t = 0;

	if (!got(w, r))
		return;
	while (t < ARRAY_LEN(readings) &&
	       (readings[t].name == NULL || !slice_is(r->str, readings[t].name)))
		t++;
	if (t == ARRAY_LEN(readings)) { /* gone meanwhile */
		job_end(j);
		return;
	}
	j->type = (enum key_type)t;
	if (j->type == TYPE_HASH && w->o.is_whole != NULL && w->o.is_whole(buf_slice(&j->key)))
		j->type = TYPE_BLOCK;
	j->index = 0;
	snprintf(j->cursor, sizeof(j->cursor), "%s", readings[j->type].cursor);
	w->gauge.bytes += j->key.len;
	show(j, &i);
	ask_values(j);
}

/* ---- all keys ---- */

static bool
next_key(struct key_walk *w, struct job *j)
{
	uint32_t n;

	if (w->queue_at >= w->queue.len)
		return false;
	memcpy(&n, w->queue.data + w->queue_at, sizeof(n));
	buf_reset(&j->key);
	buf_add(&j->key, w->queue.data + w->queue_at + sizeof(n), n);
	w->queue_at += sizeof(n) + n;
	return true;
}

static void
on_scanned(void *arg, const struct reply *r)
{
	struct key_walk *w = arg;
	const struct reply *keys = reply_item(r, 1);

	w->is_scanning = false;
	if (!got(w, r))
		return;
	for (size_t i = 0; i < keys->count; i++) {
		uint32_t n = (uint32_t)reply_item(keys, i)->str.n;

		buf_add(&w->queue, &n, sizeof(n));
		buf_add_slice(&w->queue, reply_item(keys, i)->str);
	}
	slice_copy(w->cursor, sizeof(w->cursor), reply_item(r, 0)->str);
	w->is_scanned = strcmp(w->cursor, "0") == 0;
	step_soon(w);
}

static void
scan(struct key_walk *w)
{
	struct argv a = {0};

	buf_reset(&w->queue);
	w->queue_at = 0;
	w->is_scanning = true;
	argv_adds(&a, "SCAN");
	argv_adds(&a, w->cursor);
	argv_adds(&a, "COUNT");
	argv_adds(&a, SCAN_KEYS);
	if (w->o.match != NULL) {
		argv_adds(&a, "MATCH");
		argv_adds(&a, w->o.match);
	}
	ask(w, &a, on_scanned, w);
}

static void
on_step(struct timer *t, void *arg)
{
	struct key_walk *w = arg;
	bool is_any_busy = false;

	(void)t;
	if (w->has_failed)
		return; /* the last reply ends it */
	for (size_t i = 0; i < JOBS; i++) {
		struct job *j = &w->jobs[i];
		struct argv a = {0};

		if (!j->is_busy && next_key(w, j)) {
			j->is_busy = true;
			argv_adds(&a, "TYPE");
			argv_add(&a, buf_slice(&j->key));
			ask(w, &a, on_type, j);
		}
		is_any_busy |= j->is_busy;
	}
	if (w->queue_at < w->queue.len || is_any_busy || w->is_scanning)
		return;
	if (!w->is_scanned) {
		scan(w);
		return;
	}
	w->o.on_done(w->o.arg, NULL);
	walk_free(w);
}

static void
on_size(void *arg, const struct reply *r)
{
	struct key_walk *w = arg;

	if (!got(w, r))
		return;
	w->gauge.total = r->kind == REPLY_INTEGER ? (uint64_t)r->integer : 0;
	scan(w);
}

struct key_walk *
key_walk_start(const struct key_walk_options *o)
{
	struct key_walk *w = xcalloc(1, sizeof(*w));
	struct argv a = {0};

	w->o = *o;
	snprintf(w->cursor, sizeof(w->cursor), "0");
	for (size_t i = 0; i < JOBS; i++)
		w->jobs[i].walk = w;
	timer_init(&w->step, on_step, w);
	argv_adds(&a, "DBSIZE");
	ask(w, &a, on_size, w);
	return w;
}

void
key_walk_cancel(struct key_walk *w)
{
	w->is_over = true;
	timer_disarm(w->o.loop, &w->step);
	if (w->pending == 0)
		walk_free(w);
}

const struct key_walk_gauge *
key_walk_gauge(const struct key_walk *w)
{
	return &w->gauge;
}
