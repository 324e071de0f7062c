/* SPDX-License-Identifier: MIT */
/*
 * Breadth first over all states that the model can reach. Of a state that was
 * left behind only its 64-bit fingerprint and the action that led to it are
 * kept; the way to a violation is found by taking those actions again.
 */
#include "tests/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STEPS_MAX 300 /* an undisturbed run that takes longer does not end */

/* ---- sets of fingerprints ---- */

struct set {
	uint64_t *slots; /* 0 = free */
	size_t mask, count;
};

static void *
must_have(void *p)
{
	if (p == NULL) {
		fputs("model: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

static void
set_init(struct set *s, size_t slots)
{
	*s = (struct set){must_have(calloc(slots, sizeof(uint64_t))), slots - 1, 0};
}

static uint64_t *
set_slot(const struct set *s, uint64_t v)
{
	size_t i = (size_t)(v ^ v >> 29) & s->mask;

	while (s->slots[i] != 0 && s->slots[i] != v)
		i = (i + 1) & s->mask;
	return &s->slots[i];
}

static void
set_grow(struct set *s)
{
	struct set old = *s;

	set_init(s, (old.mask + 1) * 2);
	for (size_t i = 0; i <= old.mask; i++)
		if (old.slots[i] != 0)
			*set_slot(s, old.slots[i]) = old.slots[i];
	s->count = old.count;
	free(old.slots);
}

static bool
set_has(const struct set *s, uint64_t v)
{
	return *set_slot(s, v) != 0;
}

/* False: it was there. */
static bool
set_add(struct set *s, uint64_t v)
{
	uint64_t *slot = set_slot(s, v);

	if (*slot != 0)
		return false;
	*slot = v;
	if (++s->count * 10 > (s->mask + 1) * 6)
		set_grow(s);
	return true;
}

static uint64_t
fingerprint(const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	uint64_t h = 0x9e3779b97f4a7c15u ^ n, w;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	w = 0;
	memcpy(&w, p, n);
	h = (h ^ w) * 0xc4ceb9fe1a85ec53u;
	h ^= h >> 29;
	h *= 0xff51afd7ed558ccdu;
	h ^= h >> 32;
	return h != 0 ? h : 1;
}

/* ---- the search ---- */

struct node {
	uint32_t parent;
	struct action action;
};

struct waiting {
	struct state state;
	uint32_t node;
};

struct list {
	struct waiting *items;
	size_t count, cap;
};

struct search {
	const struct model *c;
	struct result *out;
	struct set seen, settled, records;
	struct node *nodes;
	size_t node_count, node_cap;
	struct list now, later;
	uint32_t from; /* node whose successors are being made */
	uint32_t guilty;
	bool has_progress;
};

static uint32_t
node_add(struct search *x, uint32_t parent, const struct action *a)
{
	if (x->node_count == x->node_cap) {
		x->node_cap = x->node_cap ? x->node_cap * 2 : 65536;
		x->nodes = must_have(realloc(x->nodes, x->node_cap * sizeof(*x->nodes)));
	}
	x->nodes[x->node_count] = (struct node){parent, *a};
	return (uint32_t)x->node_count++;
}

static void
list_add(struct list *l, const struct state *s, uint32_t node)
{
	if (l->count == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 4096;
		l->items = must_have(realloc(l->items, l->cap * sizeof(*l->items)));
	}
	l->items[l->count].state = *s;
	l->items[l->count++].node = node;
}

/*
 * From here on nothing disturbs: does it come to a good end? Every state on the
 * way has the same end, so each is walked once.
 */
static enum violation
check_settles(struct search *x, const struct state *s)
{
	uint64_t way[STEPS_MAX];
	struct state at = *s, next;
	struct action a;
	enum violation v;
	unsigned n = 0;

	for (;;) {
		uint64_t f = fingerprint(&at, sizeof(at));

		if (set_has(&x->settled, f))
			break;
		if (n == STEPS_MAX)
			return LIVELOCK;
		way[n++] = f;
		if (!model_step(x->c, &at, &next, &a)) {
			v = check_end(x->c, &at);
			if (v != FINE)
				return v;
			break;
		}
		model_canonical(&next);
		at = next;
	}
	if (n > x->out->longest)
		x->out->longest = n;
	while (n > 0)
		set_add(&x->settled, way[--n]);
	return FINE;
}

static enum violation
check_records(struct search *x, const struct state *s)
{
	for (unsigned m = 0; m < x->c->messages; m++) {
		const struct record *r = &s->redis.records[m];

		if (set_add(&x->records, fingerprint(r, sizeof(*r))) &&
		    !record_commutes(x->c, r, &x->out->pairs))
			return UNORDERED;
	}
	return FINE;
}

static bool
visit(struct search *x, const struct state *s, uint32_t parent, const struct action *a)
{
	enum violation v;
	uint32_t node;

	if (!set_add(&x->seen, fingerprint(s, sizeof(*s))))
		return true;
	node = node_add(x, parent, a);
	x->out->states++;
	v = check_step(s);
	if (v == FINE)
		v = check_records(x, s);
	if (v == FINE)
		v = check_settles(x, s);
	if (v != FINE && x->c->wanted != FINE && v != x->c->wanted)
		return true;
	if (v != FINE) {
		x->out->violation = v;
		x->guilty = node;
		return false;
	}
	list_add(&x->later, s, node);
	return x->out->states < x->c->state_limit;
}

static bool
on_next(void *arg, const struct action *a, const struct state *next)
{
	struct search *x = arg;
	struct state s = *next;

	model_canonical(&s);
	return visit(x, &s, x->from, a);
}

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
search_all(struct search *x)
{
	struct state start;
	struct action none = {0};
	unsigned depth = 0;
	bool goes_on;

	model_start(x->c, &start);
	goes_on = visit(x, &start, UINT32_MAX, &none);
	while (goes_on && x->later.count > 0) {
		struct list done = x->now;

		x->now = x->later;
		x->later = (struct list){done.items, 0, done.cap};
		for (size_t i = 0; i < x->now.count && goes_on; i++) {
			x->from = x->now.items[i].node;
			goes_on = model_next(x->c, &x->now.items[i].state, on_next, x);
		}
		depth++;
		if (x->has_progress)
			fprintf(stderr, "\r%-50.50s depth %u, %llu states ", x->c->name, depth,
				(unsigned long long)x->out->states);
	}
	if (x->has_progress)
		fputc('\n', stderr);
	x->out->is_complete = goes_on;
}

/* ---- the way to a violation ---- */

static void
print_step(const struct action *a, const struct state *before, const struct state *after,
	   bool *is_swapped)
{
	struct state canonical = *after;

	action_print(a, before, *is_swapped);
	model_canonical(&canonical);
	if (memcmp(&canonical, after, sizeof(canonical)) != 0)
		*is_swapped = !*is_swapped;
}

struct wanted {
	const struct action *action;
	struct state state;
};

static bool
on_wanted(void *arg, const struct action *a, const struct state *next)
{
	struct wanted *w = arg;

	if (memcmp(a, w->action, sizeof(*a)) != 0)
		return true;
	w->state = *next;
	return false;
}

static void
print_way(struct search *x)
{
	uint32_t way[1000];
	size_t n = 0;
	struct state s, next;
	struct action a;
	bool is_swapped = false;

	for (uint32_t at = x->guilty; at != 0 && n < 1000; at = x->nodes[at].parent)
		way[n++] = at;
	model_start(x->c, &s);
	while (n > 0) {
		struct wanted w = {.action = &x->nodes[way[--n]].action};

		model_next(x->c, &s, on_wanted, &w);
		print_step(w.action, &s, &w.state, &is_swapped);
		model_canonical(&w.state);
		s = w.state;
	}
	if (check_step(&s) == FINE)
		puts("# undisturbed from here:");
	for (unsigned i = 0; check_step(&s) == FINE && i < 40 && model_step(x->c, &s, &next, &a);
	     i++) {
		print_step(&a, &s, &next, &is_swapped);
		model_canonical(&next);
		s = next;
	}
	state_print(x->c, &s);
	printf("# %s\n", violation_text(x->out->violation));
}

void
explore(const struct model *c, bool has_trace, bool has_progress, struct result *out)
{
	struct search x = {.c = c, .out = out, .has_progress = has_progress};
	double start = now_s();

	*out = (struct result){0};
	set_init(&x.seen, 1u << 16);
	set_init(&x.settled, 1u << 16);
	set_init(&x.records, 1u << 10);
	search_all(&x);
	if (has_trace && out->violation != FINE)
		print_way(&x);
	out->seconds = now_s() - start;
	free(x.seen.slots);
	free(x.settled.slots);
	free(x.records.slots);
	free(x.nodes);
	free(x.now.items);
	free(x.later.items);
}
