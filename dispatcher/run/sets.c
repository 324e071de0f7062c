/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/sets.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/run/sets_inside.h"
#include "dispatcher/run/walk.h"
#include "dispatcher/store/keys.h"

#define NAME_SHOWN 64 /* bytes of a name in an error */
#define LOOK_ROWS 1024u

/* ---- sets ---- */

const char *
set_kind_name(enum query_external_kind kind)
{
	static const char *const names[] = {[QUERY_IN_LIST] = "in_list",
					    [QUERY_REACHED_BY] = "reached_by",
					    [QUERY_STATE] = "state"};

	return names[kind];
}

struct sets *
sets_new(void)
{
	struct sets *s = xcalloc(1, sizeof(*s));

	s->refs = 1;
	return s;
}

struct sets *
sets_ref(struct sets *s)
{
	s->refs++;
	return s;
}

void
sets_unref(struct sets *s)
{
	if (s == NULL || --s->refs > 0)
		return;
	for (size_t i = 0; i < s->count; i++) {
		free(s->all[i].args[0]);
		free(s->all[i].args[1]);
		phone_set_free(s->all[i].phones);
	}
	free(s);
}

size_t
sets_count(const struct sets *s)
{
	return s != NULL ? s->count : 0;
}

void
sets_note(const struct sets *s, struct buf *out)
{
	for (size_t i = 0; i < sets_count(s); i++) {
		const struct one_set *x = &s->all[i];

		buf_addf(out, "%s %zu:%s %zu:%s ", set_kind_name(x->kind), strlen(x->args[0]),
			 x->args[0], strlen(x->args[1]), x->args[1]);
		buf_add_u64(out, phone_set_count(x->phones));
		buf_add_u64(out, phone_set_digest(x->phones));
	}
}

struct one_set *
sets_find(struct sets *s, const struct query_external *x)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->all[i].kind == x->kind && slice_is(x->args[0], s->all[i].args[0]) &&
		    slice_is(x->args[1], s->all[i].args[1]))
			return &s->all[i];
	return NULL;
}

static bool
has_phone(void *arg, uint64_t phone)
{
	return phone_set_has(arg, phone);
}

bool
sets_fill(struct sets *s, struct query *const *queries, size_t count)
{
	for (size_t q = 0; q < count; q++)
		for (size_t i = 0; i < query_external_count(queries[q]); i++) {
			struct one_set *x = sets_find(s, query_external(queries[q], i));

			if (x == NULL)
				return false;
			query_fill(queries[q], i, has_phone, NULL, x->phones);
		}
	return true;
}

/* ---- loading ---- */

struct loading {
	struct engine *engine;
	struct sets_wanted w;
	sets_cb cb;
	void *arg;
	struct sets *sets;
	struct run_views *views; /* of the walk alone: a run is read once; NULL = none yet */
	struct timer next;
	struct one_set *at; /* the first of those that are read from one list or run */
	struct list *list;  /* being read; NULL = none */
	struct walk *walk;
	uint64_t *runs; /* of the campaign that is being read */
	size_t run_count, runs_read;
	uint32_t rows;		      /* of the walk */
	size_t blocks;		      /* of its list */
	bool is_too_large;	      /* what was being read is not read to its end */
	bool is_given_up;	      /* nobody waits for it any more */
	size_t sources, sources_done; /* lists and runs: each is read once */
};

static void
views_free(struct loading *l)
{
	if (l->views != NULL)
		run_views_free(l->views);
	l->views = NULL;
}

static void
loading_end(struct loading *l, const struct sets_failure *f)
{
	if (f == NULL && l->w.how != SETS_NAMES) {
		sets_fill(l->sets, l->w.queries, l->w.count);
		l->cb(l->arg, sets_ref(l->sets), NULL); /* the callback's */
	} else {
		l->cb(l->arg, NULL, f);
	}
	timer_disarm(engine_loop(l->engine), &l->next);
	list_free(l->list);
	views_free(l);
	free(l->runs);
	sets_unref(l->sets); /* from sets_load */
	free(l);
}

static void
loading_fail(struct loading *l, const struct err_ctx *e)
{
	struct sets_failure f = {.e = *e, .query = -1};

	loading_end(l, &f);
}

/* The place of the argument goes along. */
static void
blame(struct loading *l, size_t arg, const char *why)
{
	struct sets_failure f = {.query = (ptrdiff_t)l->at->query};
	struct query_error qe = {.column = 1};

	query_blame(l->w.queries[l->at->query], l->at->external, arg, why, &qe);
	err_set(&f.e, ERR_INPUT, "query", "", "%s", qe.message);
	f.e.line = 1;
	f.e.column = (int)qe.column;
	loading_end(l, &f);
}

/* As much of a name as an error shows. */
static struct slice
shown(const char *name)
{
	struct slice s = slice_of(name);

	if (s.n <= NAME_SHOWN)
		return s;
	for (s.n = NAME_SHOWN; s.n > 0 && ((unsigned char)name[s.n] & 0xc0) == 0x80;)
		s.n--;
	return s;
}

/* names[count] are those that there are; how: where else to look. */
static void
blame_name(struct loading *l, size_t arg, const char *what, const char *how,
	   const char *const *names, size_t count)
{
	const char *word = l->at->args[arg], *near = nearest_name(word, names, count);
	struct slice clipped = shown(word);
	char why[240];

	if (near != NULL)
		snprintf(why, sizeof(why), "there is no %s \"%.*s\": did you mean \"%s\"?", what,
			 (int)clipped.n, clipped.p, near);
	else
		snprintf(why, sizeof(why), "there is no %s \"%.*s\": %s", what, (int)clipped.n,
			 clipped.p, how);
	blame(l, arg, why);
}

/* Is x read from the same list or run as the one that is being read? */
static bool
is_of_source(const struct loading *l, const struct one_set *x)
{
	return (x->kind == QUERY_IN_LIST) == (l->at->kind == QUERY_IN_LIST) &&
	       strcmp(x->args[0], l->at->args[0]) == 0;
}

#define SOURCE_SHARE 1000u /* of a source, in what the watch is told */

/* `at` of `of` blocks of the source are read. False: it is given up. */
static bool
goes_on(struct loading *l, size_t at, size_t of)
{
	const struct sets_watch *w = &l->w.watch;
	size_t share = of > 0 ? at * SOURCE_SHARE / of : 0;

	l->is_given_up =
		l->is_given_up ||
		(w->goes_on != NULL && !w->goes_on(w->arg, l->sources_done * SOURCE_SHARE + share,
						   l->sources * SOURCE_SHARE));
	return !l->is_given_up;
}

static void
give_up(struct loading *l)
{
	struct err_ctx e;

	err_set(&e, ERR_UNREACHABLE, "query", "ask again", "nobody waited for the answer");
	loading_fail(l, &e);
}

static void
source_done(struct loading *l)
{
	l->sources_done++;
	for (size_t i = 0; i < l->sets->count; i++)
		if (is_of_source(l, &l->sets->all[i])) {
			l->sets->all[i].is_loaded = true;
			phone_set_settle(l->sets->all[i].phones);
		}
	list_free(l->list);
	l->list = NULL;
	timer_arm_us(engine_loop(l->engine), &l->next, 0);
}

static bool
is_too_large(struct loading *l)
{
	size_t memory = 0;

	for (size_t i = 0; i < l->sets->count; i++)
		memory += phone_set_memory(l->sets->all[i].phones);
	l->is_too_large = memory > SETS_MEMORY_MAX;
	return l->is_too_large;
}

static void
source_read(struct loading *l, const struct err_ctx *e)
{
	if (l->is_given_up)
		give_up(l);
	else if (l->is_too_large)
		blame(l, 0,
		      "with this one there are more than a hundred million phones to look at");
	else if (e == NULL)
		source_done(l);
	else if (e->code == ERR_CONFLICT)
		blame(l, 0, "this campaign is made of single messages, which have no list");
	else
		loading_fail(l, e);
}

/* ---- a list ---- */

static bool
on_block(void *arg, uint32_t index, const struct block *b)
{
	struct loading *l = arg;

	for (uint32_t i = 0; i < b->rows; i++)
		if (!block_is_deleted(b, i))
			phone_set_add(l->at->phones, block_phone(b, i));
	return goes_on(l, index + 1u, l->list->block_count) && !is_too_large(l);
}

static void
on_swept(void *arg, const struct err_ctx *e)
{
	source_read(arg, e);
}

static void
on_names(void *arg, const struct reply *r)
{
	struct loading *l = arg;
	size_t n = r->kind == REPLY_ARRAY ? r->count : 0;
	const char **names = xcalloc(n + 1, sizeof(*names));
	bool is_list = l->at->kind == QUERY_IN_LIST;

	for (size_t i = 0; i < n; i++) {
		struct slice s = reply_item(r, i)->str;

		names[i] = s.p != NULL ? s.p : "";
	}
	if (is_list)
		blame_name(l, 0, "list", "see loa list ls", names, n);
	else
		blame_name(l, 0, "campaign", "see loa campaign ls", names, n);
	free(names);
}

static void
ask_list_names(struct loading *l)
{
	struct slice v[2] = {SLICE("SMEMBERS"), slice_of(list_names_key())};

	redis_command(engine_redis(l->engine), v, 2, on_names, l);
}

static void
on_list(void *arg, struct list *list, const struct err_ctx *e)
{
	struct loading *l = arg;
	struct block_want people = {.has_people = true};
	struct sweep_options o = {
		.want = &people, .on_block = on_block, .on_done = on_swept, .arg = l};

	l->list = list;
	if (list == NULL && e->code == ERR_NOT_FOUND)
		ask_list_names(l);
	else if (list == NULL)
		loading_fail(l, e);
	else if (l->w.how == SETS_NAMES)
		source_done(l);
	else
		sweep_start(engine_loop(l->engine), engine_bulk(l->engine), list, 0,
			    (uint32_t)list->block_count, &o);
}

/* ---- a run ---- */

static enum err
on_ready(void *arg, const struct run_view *v, struct block_want *want, struct err_ctx *e)
{
	struct loading *l = arg;

	(void)want;
	(void)e;
	l->blocks = v->list != NULL ? v->list->block_count : 0;
	walk_resume(l->walk);
	return ERR_OK;
}

static enum walk_go
on_row(void *arg, const struct walk_row *r)
{
	struct loading *l = arg;
	unsigned state = 1u << r->record.state;
	uint64_t phone = block_phone(r->block, r->i);

	if (r->record.state == RECORD_SKIPPED && r->record.reason == REASON_SAME_PHONE)
		return WALK_ON;
	for (size_t i = 0; i < l->sets->count; i++) {
		struct one_set *x = &l->sets->all[i];

		if ((x->states & state) != 0 && is_of_source(l, x))
			phone_set_add(x->phones, phone);
	}
	if (++l->rows % LOOK_ROWS != 0)
		return WALK_ON;
	return goes_on(l, r->row / BLOCK_ROWS, l->blocks) && !is_too_large(l) ? WALK_ON : WALK_STOP;
}

static void walk_next_run(struct loading *l);

static void
on_walked(void *arg, const struct err_ctx *e)
{
	struct loading *l = arg;

	if (e == NULL && !l->is_given_up && !l->is_too_large && l->runs_read < l->run_count)
		walk_next_run(l);
	else
		source_read(l, e);
}

static void
walk_next_run(struct loading *l)
{
	struct walk_options o = {
		.on_ready = on_ready, .on_row = on_row, .on_done = on_walked, .arg = l};

	views_free(l);
	l->views = run_views_new(l->engine);
	l->rows = 0;
	l->walk = walk_start(engine_loop(l->engine), l->engine, l->views, l->runs[l->runs_read++],
			     &o);
}

/* The runs of the campaign; no array: there is no such campaign. */
static void
on_campaign(void *arg, const struct reply *r)
{
	struct loading *l = arg;
	struct slice v[2] = {SLICE("HKEYS"), {NULL, 0}};
	size_t n = r->kind == REPLY_ARRAY ? r->count : 0;
	struct err_ctx e;
	char key[KEY_MAX];

	if (!reply_is_good(r)) {
		reply_fail(r, &e);
		loading_fail(l, &e);
	} else if (r->kind != REPLY_ARRAY) {
		v[1] = slice_of(key_of(key, key_prefix_names, "campaign"));
		redis_command(engine_redis(l->engine), v, 2, on_names, l);
	} else if (l->w.how == SETS_NAMES || (n == 0 && l->w.how == SETS_EARLY)) {
		source_done(l);
	} else if (n == 0) {
		blame(l, 0,
		      "this campaign has not been launched yet: there is nobody it was sent to");
	} else {
		l->runs = xrealloc(l->runs, n * sizeof(*l->runs));
		l->run_count = n;
		l->runs_read = 0;
		for (size_t i = 0; i < n; i++)
			l->runs[i] = reply_u64(r, i);
		walk_next_run(l);
	}
}

static void
ask_campaign(struct loading *l)
{
	struct argv a = {0};

	argv_adds(&a, l->at->args[0]);
	engine_call(l->engine, "campaign_runs", &a, on_campaign, l);
	argv_free(&a);
}

/* ---- one after the other ---- */

/* The states that x is about; 0: there is no such one. */
static unsigned
states_of(const struct one_set *x)
{
	if (x->kind == QUERY_REACHED_BY)
		return 1u << RECORD_ACCEPTED | 1u << RECORD_DELIVERED;
	for (unsigned i = 0; i < RECORD_STATE_COUNT; i++)
		if (strcmp(x->args[1], record_state_name((enum record_state)i)) == 0)
			return 1u << i;
	return 0;
}

static void
blame_state(struct loading *l)
{
	const char *names[RECORD_STATE_COUNT];

	for (unsigned i = 0; i < RECORD_STATE_COUNT; i++)
		names[i] = record_state_name((enum record_state)i);
	blame_name(l, 1, "state", "delivered, refused, unknown … as in the results", names,
		   RECORD_STATE_COUNT);
}

static void
on_next(struct timer *t, void *arg)
{
	struct loading *l = arg;
	struct sets *s = l->sets;
	struct err_ctx e;

	(void)t;
	for (l->at = s->all; l->at < s->all + s->count && l->at->is_loaded; l->at++)
		;
	if (l->at == s->all + s->count) {
		loading_end(l, NULL);
		return;
	}
	if (!goes_on(l, 0, 1)) {
		give_up(l);
		return;
	}
	if (l->at->kind != QUERY_IN_LIST)
		ask_campaign(l);
	else if (name_check("list", slice_of(l->at->args[0]), &e) == ERR_OK)
		list_load(engine_redis(l->engine), l->at->args[0], l->w.how != SETS_NAMES, on_list,
			  l);
	else
		ask_list_names(l);
}

static size_t
count_sources(struct loading *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->sets->count; i++) {
		size_t before = 0;

		l->at = &l->sets->all[i];
		while (before < i && !is_of_source(l, &l->sets->all[before]))
			before++;
		n += before == i;
	}
	return n;
}

/* The states are looked at before anything is read. */
static void
on_begin(struct timer *t, void *arg)
{
	struct loading *l = arg;

	for (size_t i = 0; i < l->sets->count; i++) {
		l->at = &l->sets->all[i];
		if (l->at->kind == QUERY_IN_LIST)
			continue;
		l->at->states = states_of(l->at);
		if (l->at->states == 0) {
			blame_state(l);
			return;
		}
	}
	l->sources = count_sources(l);
	timer_init(t, on_next, l);
	on_next(t, l);
}

static void
on_too_many(struct timer *t, void *arg)
{
	struct loading *l = arg;
	struct err_ctx e;

	(void)t;
	err_set(&e, ERR_INPUT, "segments", "use fewer of them",
		"ask for more than %d lists and campaigns together", SETS_MAX);
	loading_fail(l, &e);
}

/* False: there are too many. */
static bool
collect(struct loading *l)
{
	struct sets *s = l->sets;

	for (size_t q = 0; q < l->w.count; q++)
		for (size_t i = 0; i < query_external_count(l->w.queries[q]); i++) {
			const struct query_external *x = query_external(l->w.queries[q], i);
			struct one_set *one;

			if (sets_find(s, x) != NULL)
				continue;
			if (s->count == SETS_MAX)
				return false;
			one = &s->all[s->count++];
			one->kind = x->kind;
			one->args[0] = xmemdup0(x->args[0].p, x->args[0].n);
			one->args[1] = x->arg_count > 1 ? xmemdup0(x->args[1].p, x->args[1].n)
							: xstrdup("");
			one->phones = phone_set_new();
			one->query = q;
			one->external = i;
		}
	return true;
}

void
sets_load(struct engine *e, const struct sets_wanted *w, sets_cb cb, void *arg)
{
	struct loading *l = xcalloc(1, sizeof(*l));

	l->engine = e;
	l->w = *w;
	l->cb = cb;
	l->arg = arg;
	l->sets = sets_new();
	timer_init(&l->next, collect(l) ? on_begin : on_too_many, l);
	timer_arm_us(engine_loop(e), &l->next, 0);
}
