/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/view.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/run/lists.h"
#include "dispatcher/store/keys.h"

#define VIEWS_MAX 64

struct run_views {
	struct engine *engine;
	struct run_view *views[VIEWS_MAX];
	size_t count;
};

struct run_views *
run_views_new(struct engine *e)
{
	struct run_views *vs = xcalloc(1, sizeof(*vs));

	vs->engine = e;
	return vs;
}

void
run_views_free(struct run_views *vs)
{
	for (size_t i = 0; i < vs->count; i++)
		run_view_unref(vs->views[i]); /* from the cache */
	free(vs);
}

struct run_view *
run_view_ref(struct run_view *v)
{
	v->refs++;
	return v;
}

void
run_view_unref(struct run_view *v)
{
	if (--v->refs > 0)
		return;
	list_free(v->list);
	rendering_free(v->rendering);
	free(v->queries);
	free(v->sets);
	for (unsigned p = 0; p < PARTITIONS_MAX; p++)
		free(v->directory[p].starts);
	free(v);
}

struct run_view *
run_view_peek(struct run_views *vs, uint64_t run)
{
	for (size_t i = 0; i < vs->count; i++)
		if (vs->views[i]->id == run)
			return run_view_ref(vs->views[i]);
	return NULL;
}

void
run_views_forget(struct run_views *vs, uint64_t run)
{
	for (size_t i = 0; i < vs->count; i++) {
		if (vs->views[i]->id != run)
			continue;
		run_view_unref(vs->views[i]); /* from the cache */
		vs->views[i] = vs->views[--vs->count];
		return;
	}
}

/* ---- loading ---- */

struct view_load {
	struct run_views *vs;
	struct run_view *v;
	run_view_cb cb;
	void *arg;
	struct buf wording;
};

static void
load_end(struct view_load *ld, const struct err_ctx *e)
{
	struct run_views *vs = ld->vs;

	buf_free(&ld->wording);
	if (e != NULL) {
		run_view_unref(ld->v); /* from run_view_get */
		ld->cb(ld->arg, NULL, e);
	} else {
		struct run_view *v = run_view_peek(vs, ld->v->id);

		if (v != NULL) {	       /* somebody else loaded it meanwhile */
			run_view_unref(ld->v); /* from run_view_get */
		} else {
			if (vs->count == VIEWS_MAX)
				run_views_forget(vs, vs->views[0]->id);
			v = ld->v;
			vs->views[vs->count++] = run_view_ref(v); /* the cache */
		}
		ld->cb(ld->arg, v, NULL);
	}
	free(ld);
}

static void
on_list(void *arg, struct list *l, const struct err_ctx *why)
{
	struct view_load *ld = arg;
	struct run_view *v = ld->v;
	struct rendering_place place = {.map = &v->map, .today = v->today};
	struct err_ctx e;

	if (l == NULL) {
		load_end(ld, why);
		return;
	}
	v->list = l;
	place.schema = &l->schema;
	if (rendering_new(buf_slice(&ld->wording), &place, &v->rendering, &e) != ERR_OK)
		load_end(ld, &e);
	else
		load_end(ld, NULL);
}

static void
read_route(struct run_view *v, struct slice map, uint64_t partitions)
{
	memset(v->map.partition, NO_PARTITION, sizeof(v->map.partition));
	for (size_t i = 0; i < map.n && i < sizeof(v->map.partition); i++)
		v->map.partition[i] = map.p[i] >= '0' && map.p[i] < '8' ? (uint8_t)(map.p[i] - '0')
									: NO_PARTITION;
	v->partitions = partitions < PARTITIONS_MAX ? (uint8_t)partitions : PARTITIONS_MAX;
}

static void
on_run(void *arg, const struct reply *r)
{
	struct view_load *ld = arg;
	struct run_view *v = ld->v;
	struct run_lists lists;
	struct err_ctx e;

	if (!reply_is_good(r)) {
		reply_fail(r, &e);
		load_end(ld, &e);
		return;
	}
	if (reply_item(r, 0)->kind != REPLY_STRING) {
		err_set(&e, ERR_NOT_FOUND, "run", "", "there is no run %llu",
			(unsigned long long)v->id);
		load_end(ld, &e);
		return;
	}
	v->launched_s = reply_int(r, 0);
	v->campaign = (uint64_t)reply_int(r, 1);
	v->today = reply_int(r, 2);
	v->is_notices = slice_is(reply_item(r, 13)->str, "notices");
	v->order = (int)reply_int(r, 10) * 2 + !v->is_notices;
	slice_copy(v->class, sizeof(v->class), reply_item(r, 11)->str);
	v->is_urgent = v->is_notices || strcmp(v->class, "emergency") == 0;
	v->unit = (uint64_t)reply_int(r, 12);
	v->is_capped = reply_int(r, 16) > 0 || reply_int(r, 17) > 0;
	v->is_cap_later = slice_is(reply_item(r, 18)->str, "later");
	slice_copy(v->consent, sizeof(v->consent), reply_item(r, 19)->str);
	v->per = slice_is(reply_item(r, 3)->str, "row") ? PER_ROW : PER_PHONE;
	read_route(v, reply_item(r, 4)->str, reply_u64(r, 5));
	if (v->is_notices) {
		load_end(ld, NULL);
		return;
	}
	v->queries = xmemdup0(reply_item(r, 6)->str.p, reply_item(r, 6)->str.n);
	v->sets = xmemdup0(reply_item(r, 14)->str.p, reply_item(r, 14)->str.n);
	buf_add_slice(&ld->wording, reply_item(r, 7)->str);
	if (run_lists_read(reply_item(r, 15)->str, reply_item(r, 8)->str, (uint32_t)reply_int(r, 9),
			   &lists, &e) != ERR_OK) {
		load_end(ld, &e);
		return;
	}
	memcpy(v->of_query, lists.of_query, sizeof(v->of_query));
	run_lists_load(ld->vs->engine, &lists, on_list, ld);
}

void
run_view_get(struct run_views *vs, uint64_t run, run_view_cb cb, void *arg)
{
	static const char *const fields[] = {"launched_s",  "campaign",	    "today",	"per",
					     "carrier_map", "partitions",   "queries",	"template",
					     "list",	    "list_version", "prio",	"class",
					     "unit",	    "kind",	    "sets",	"lists",
					     "cap_day",	    "cap_week",	    "cap_over", "consent"};
	struct view_load *ld;
	struct slice v[2 + ARRAY_LEN(fields)];
	char key[KEY_MAX];

	ld = xcalloc(1, sizeof(*ld));
	ld->vs = vs;
	ld->cb = cb;
	ld->arg = arg;
	ld->v = xcalloc(1, sizeof(*ld->v));
	ld->v->id = run;
	ld->v->refs = 1; /* run_view_get's, handed to cb */
	v[0] = SLICE("HMGET");
	v[1] = slice_of(key_run(key, run, ""));
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		v[2 + i] = slice_of(fields[i]);
	redis_command(engine_redis(vs->engine), v, ARRAY_LEN(v), on_run, ld);
}

/* ---- directories ---- */

struct directory_load {
	struct run_view *v;
	unsigned p;
	run_directory_cb cb;
	void *arg;
};

static void
on_directory(void *arg, const struct reply *r)
{
	struct directory_load *ld = arg;
	struct run_view *v = ld->v;
	struct err_ctx e;

	if (r->kind != REPLY_ARRAY) {
		reply_fail(r, &e);
		ld->cb(ld->arg, &e);
	} else {
		if (r->count > v->directory[ld->p].count) {
			v->directory[ld->p].starts =
				xrealloc(v->directory[ld->p].starts, r->count * sizeof(uint32_t));
			for (size_t i = 0; i < r->count; i++)
				v->directory[ld->p].starts[i] = (uint32_t)reply_int(r, i);
			v->directory[ld->p].count = r->count;
		}
		ld->cb(ld->arg, NULL);
	}
	run_view_unref(v); /* from run_view_directory */
	free(ld);
}

void
run_view_directory(struct run_views *vs, struct run_view *v, unsigned p, run_directory_cb cb,
		   void *arg)
{
	struct directory_load *ld = xcalloc(1, sizeof(*ld));
	char key[KEY_MAX];
	struct slice a[4] = {SLICE("LRANGE"), {NULL, 0}, SLICE("0"), SLICE("-1")};

	ld->v = run_view_ref(v); /* until on_directory */
	ld->p = p;
	ld->cb = cb;
	ld->arg = arg;
	key_run(key, v->id, key_prefix_audience);
	snprintf(key + strlen(key), 8, "%u", p);
	a[1] = slice_of(key);
	redis_command(engine_redis(vs->engine), a, 4, on_directory, ld);
}

int
run_view_slice(const struct run_view *v, unsigned p, uint32_t rank)
{
	const uint32_t *starts = v->directory[p].starts;
	size_t lo = 0, hi = v->directory[p].count;

	/* The last slice that starts at or before rank: empty slices share a start. */
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (starts[mid] <= rank)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (int)lo - 1;
}
