/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/bound.h"

#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/run/saved.h"

struct loading {
	struct engine *engine;
	struct bound *b;
	char *segment, *list, *name; /* segment, name: NULL = none */
	bool is_check;
	struct sets_watch watch;
	struct saved_segments saved;
	bound_cb cb;
	void *arg;
};

void
bound_free(struct bound *b)
{
	if (b == NULL)
		return;
	list_free(b->list);
	query_free(b->query);
	sets_unref(b->sets); /* from on_sets */
	free(b->text);
	free(b->whole);
	free(b->uses);
	free(b);
}

static void
loading_end(struct loading *l, const struct err_ctx *e)
{
	if (e != NULL) {
		bound_free(l->b);
		l->b = NULL;
	}
	l->cb(l->arg, l->b, e);
	saved_segments_free(&l->saved);
	free(l->segment);
	free(l->list);
	free(l->name);
	free(l);
}

static enum err
fail_query(const struct query_error *qe, struct err_ctx *e)
{
	err_set(e, ERR_INPUT, "query", "", "%s", qe->message);
	e->line = 1;
	e->column = (int)qe->column;
	return ERR_INPUT;
}

/* What it names, for the step before the list is there. */
static enum err
read_names(struct loading *l, struct err_ctx *e)
{
	struct query_error qe;
	struct query *q = query_parse(slice_of(l->b->text), &qe);
	struct buf names = {0};

	if (q == NULL)
		return fail_query(&qe, e);
	saved_segments_add_names(q, &names);
	l->b->inside = query_segment_count(q);
	free(l->b->uses);
	l->b->uses = xmemdup0(names.len > 0 ? names.data : "", names.len);
	buf_free(&names);
	query_free(q);
	return ERR_OK;
}

/* The text that is to be bound. */
static enum err
combine(struct loading *l, struct err_ctx *e)
{
	const char *name = l->segment != NULL ? l->segment : l->name;
	struct combine c = {.name = slice_of(name != NULL ? name : ""),
			    .list = slice_of(l->list),
			    .query = slice_of(l->b->text),
			    .saved = l->saved.v,
			    .saved_count = l->saved.count,
			    .schema = &l->b->list->schema};
	struct query_error qe;
	struct buf whole = {0};
	bool is_good = query_combine(&c, &whole, &qe);

	l->b->whole = xmemdup0(whole.len > 0 ? whole.data : "", whole.len);
	buf_free(&whole);
	if (!is_good)
		return fail_query(&qe, e);
	l->b->query = query_parse(slice_of(l->b->whole), &qe);
	if (l->b->query == NULL || !query_check(l->b->query, &l->b->list->schema, &qe))
		return fail_query(&qe, e);
	return ERR_OK;
}

/* A place in a text that nobody wrote is none. */
static void
on_sets(void *arg, struct sets *sets, const struct sets_failure *f)
{
	struct loading *l = arg;
	struct query_error qe;
	struct err_ctx e;

	l->b->sets = sets;
	if (f != NULL) {
		e = f->e;
		if (l->b->inside > 0)
			e.line = e.column = 0;
		loading_end(l, &e);
	} else if (!l->is_check && !query_bind(l->b->query, &l->b->list->schema, &qe)) {
		fail_query(&qe, &e);
		loading_end(l, &e);
	} else {
		loading_end(l, NULL);
	}
}

static void
on_list(void *arg, struct list *list, const struct err_ctx *why)
{
	struct loading *l = arg;
	struct sets_wanted w = {
		.count = 1, .how = l->is_check ? SETS_NAMES : SETS_NOW, .watch = l->watch};
	struct err_ctx e;

	l->b->list = list;
	w.queries = &l->b->query;
	if (list == NULL)
		loading_end(l, why);
	else if (combine(l, &e) != ERR_OK)
		loading_end(l, &e);
	else
		sets_load(l->engine, &w, on_sets, l);
}

static void
load_list(struct loading *l)
{
	list_load(engine_redis(l->engine), l->list, !l->is_check, on_list, l);
}

static enum err
take_segment(struct loading *l, struct err_ctx *e)
{
	const struct saved_segment *s = saved_segments_find(&l->saved, slice_of(l->segment));

	if (s == NULL)
		return err_set(e, ERR_NOT_FOUND, "segment", "see loa segment ls",
			       "there is no segment of this name");
	l->list = xmemdup0(s->list.p, s->list.n);
	l->b->text = xmemdup0(s->query.p, s->query.n);
	return read_names(l, e);
}

static void
on_saved(void *arg, const struct err_ctx *why)
{
	struct loading *l = arg;
	struct err_ctx e;

	if (why != NULL)
		loading_end(l, why);
	else if (l->segment != NULL && take_segment(l, &e) != ERR_OK)
		loading_end(l, &e);
	else
		load_list(l);
}

void
bound_load(struct engine *e, const struct bound_wanted *w, bound_cb cb, void *arg)
{
	struct loading *l = xcalloc(1, sizeof(*l));
	struct slice names;
	struct err_ctx none;

	l->engine = e;
	l->b = xcalloc(1, sizeof(*l->b));
	l->is_check = w->is_check;
	l->watch = w->watch;
	l->cb = cb;
	l->arg = arg;
	if (w->segment != NULL) {
		l->segment = xstrdup(w->segment);
		names = slice_of(l->segment);
	} else {
		l->list = xstrdup(w->list);
		l->name = w->name != NULL ? xstrdup(w->name) : NULL;
		l->b->text = xstrdup(w->text);
		/* A text that is wrong says so when the list is there. */
		names = read_names(l, &none) == ERR_OK ? slice_of(l->b->uses) : SLICE("");
	}
	if (names.n > 0)
		saved_segments_load(e, names, &l->saved, on_saved, l);
	else
		load_list(l);
}
