/* SPDX-License-Identifier: MIT */
#include "segments/combine.h"

#include "segments/query_tree.h"

#define CLIP_WHY(e) (int)text_clip(slice_of((e)->message), 130).n, (e)->message

/* Where in the nesting: the query itself has up = NULL. */
struct level {
	const struct level *up;
	struct slice name;
};

struct combiner {
	const struct combine *c;
	struct buf *out;
	struct query_error *e;
	size_t at;     /* in c->query: the segment( … ) that leads to what is put in now */
	unsigned uses; /* so far */
};

size_t
query_segment_count(const struct query *q)
{
	return q->segment_count;
}

const struct query_segment *
query_segment(const struct query *q, size_t i)
{
	return i < q->segment_count ? &q->segments[i] : NULL;
}

static const struct saved_segment *
find(const struct combine *c, struct slice name)
{
	for (size_t i = 0; i < c->saved_count; i++)
		if (slice_eq(c->saved[i].name, name))
			return &c->saved[i];
	return NULL;
}

/* "a > b > a", the outermost first. */
static void
add_chain(struct buf *out, const struct level *l)
{
	if (l->up != NULL)
		add_chain(out, l->up);
	if (l->name.n == 0)
		return;
	buf_adds(out, out->len > 0 ? " > " : "");
	buf_add_slice(out, text_clip(l->name, 40));
}

static bool
fail_chain(const struct combiner *k, const struct level *l, const char *why)
{
	struct buf chain = {0};

	add_chain(&chain, l);
	query_fail(k->e, k->c->query, k->at, "%s: %.*s", why,
		   (int)text_clip(buf_slice(&chain), 150).n, chain.data);
	buf_free(&chain);
	return false;
}

/* What is wrong in a text; of a segment inside, at the segment( … ) that leads to it. */
static bool
fail_text(const struct combiner *k, const struct level *l, const struct query_error *own)
{
	if (l->up == NULL) {
		*k->e = *own;
		return false;
	}
	return query_fail(k->e, k->c->query, k->at, "in segment %.*s, character %zu: %.*s",
			  CLIP(l->name), own->column, CLIP_WHY(own));
}

/* May the segment stand inside of `l`? */
static bool
may_stand(const struct combiner *k, struct slice name, const struct saved_segment *saved,
	  const struct level *l)
{
	struct level inside = {l, name};
	unsigned depth = 0;

	for (const struct level *up = l; up != NULL; up = up->up, depth++)
		if (slice_eq(up->name, name))
			return fail_chain(k, &inside, "a segment cannot contain itself");
	if (saved == NULL)
		return query_fail(k->e, k->c->query, k->at,
				  "there is no segment %.*s: save it first, or see loa segment ls",
				  CLIP(name));
	if (!slice_eq(saved->list, k->c->list))
		return query_fail(k->e, k->c->query, k->at,
				  "the segment %.*s is of the list %.*s: save its query for this "
				  "list too, under another name",
				  CLIP(name), CLIP(saved->list));
	if (depth > COMBINE_DEPTH_MAX)
		return fail_chain(k, &inside, "more than 8 segments stand inside of each other");
	if (k->uses == COMBINE_USES_MAX)
		return query_fail(k->e, k->c->query, k->at,
				  "more than %u segments are put in: write the condition out, or "
				  "choose both segments in the campaign",
				  COMBINE_USES_MAX);
	return true;
}

static bool put_text(struct combiner *k, struct slice text, const struct level *l);

static bool
put_segment(struct combiner *k, const struct query_segment *use, const struct level *l)
{
	const struct saved_segment *saved = find(k->c, use->name);
	struct level inside = {l, use->name};

	if (l->up == NULL)
		k->at = use->at;
	if (!may_stand(k, use->name, saved, l))
		return false;
	k->uses++;
	buf_addc(k->out, '(');
	if (!put_text(k, saved->query, &inside))
		return false;
	buf_addc(k->out, ')');
	if (k->out->len <= QUERY_MAX_BYTES)
		return true;
	return query_fail(k->e, k->c->query, k->at,
			  "with its segments the query has more than %u bytes: choose several "
			  "segments in the campaign instead",
			  QUERY_MAX_BYTES);
}

static bool
put_text(struct combiner *k, struct slice text, const struct level *l)
{
	struct query_error own;
	struct query *q = query_parse(text, &own);
	bool is_good = q != NULL && (k->c->schema == NULL || query_check(q, k->c->schema, &own));
	size_t at = 0;

	if (!is_good)
		fail_text(k, l, &own);
	for (size_t i = 0; is_good && i < q->segment_count; i++) {
		const struct query_segment *use = &q->segments[i];

		buf_add(k->out, text.p + at, use->at - at);
		at = use->end;
		is_good = put_segment(k, use, l);
	}
	if (is_good)
		buf_add(k->out, text.p + at, text.n - at);
	query_free(q);
	return is_good;
}

bool
query_combine(const struct combine *c, struct buf *out, struct query_error *e)
{
	struct buf text = {0};
	struct combiner k = {.c = c, .out = &text, .e = e};
	struct level top = {NULL, c->name};
	struct query_error own;
	struct query *q = NULL;
	bool is_good;

	*e = (struct query_error){.column = 1};
	is_good = put_text(&k, c->query, &top);
	/* Each text is sound; all together may be too large. */
	if (is_good && k.uses > 0) {
		q = query_parse(buf_slice(&text), &own);
		is_good = q != NULL;
		if (q == NULL)
			query_fail(e, c->query, k.at, "with the texts of its segments: %.*s",
				   CLIP_WHY(&own));
	}
	if (is_good)
		buf_add_slice(out, buf_slice(&text));
	query_free(q);
	buf_free(&text);
	return is_good;
}
