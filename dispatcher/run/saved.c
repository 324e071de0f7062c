/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/saved.h"

#include <stdlib.h>

static struct slice
keep(struct saved_segments *s, const struct reply *r, size_t i)
{
	struct slice text = reply_item(r, i)->str;

	return (struct slice){arena_memdup0(&s->arena, text.n > 0 ? text.p : "", text.n), text.n};
}

void
saved_segments_read(struct saved_segments *s, const struct reply *r)
{
	s->v = xcalloc(r->count / 3 + 1, sizeof(*s->v));
	for (size_t i = 0; i + 2 < r->count; i += 3)
		s->v[s->count++] =
			(struct saved_segment){keep(s, r, i), keep(s, r, i + 1), keep(s, r, i + 2)};
}

void
saved_segments_free(struct saved_segments *s)
{
	arena_free(&s->arena);
	free(s->v);
	*s = (struct saved_segments){0};
}

const struct saved_segment *
saved_segments_find(const struct saved_segments *s, struct slice name)
{
	for (size_t i = 0; i < s->count; i++)
		if (slice_eq(s->v[i].name, name))
			return &s->v[i];
	return NULL;
}

void
saved_segments_add_names(const struct query *q, struct buf *out)
{
	for (size_t i = 0; i < query_segment_count(q); i++) {
		struct slice name = query_segment(q, i)->name;
		size_t before = 0;

		while (!slice_eq(query_segment(q, before)->name, name))
			before++;
		if (before < i || memchr(name.p, '\n', name.n) != NULL)
			continue; /* no segment is called so */
		buf_adds(out, out->len > 0 ? "\n" : "");
		buf_add_slice(out, name);
	}
}

struct load {
	struct saved_segments *out;
	saved_segments_cb cb;
	void *arg;
};

static void
on_segments(void *arg, const struct reply *r)
{
	struct load *ld = arg;
	struct err_ctx e;

	if (r->kind != REPLY_ARRAY) {
		reply_fail(r, &e);
		ld->cb(ld->arg, &e);
	} else {
		saved_segments_read(ld->out, r);
		ld->cb(ld->arg, NULL);
	}
	free(ld);
}

void
saved_segments_load(struct engine *e, struct slice names, struct saved_segments *out,
		    saved_segments_cb cb, void *arg)
{
	struct load *ld = xcalloc(1, sizeof(*ld));
	struct argv a = {0};

	*ld = (struct load){out, cb, arg};
	while (names.n > 0)
		argv_add(&a, slice_take_until(&names, '\n'));
	engine_call(e, "segment_get", &a, on_segments, ld);
	argv_free(&a);
}
