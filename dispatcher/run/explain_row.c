/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/explain_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "dispatcher/run/sets.h"
#include "segments/phone.h"

struct explain_row {
	struct engine *engine;
	struct run_view *v;
	struct explain_row_options o;
	struct query *queries[RUN_QUERIES_MAX];
	size_t count;
	struct sets *sets; /* NULL = they are not kept any more */
	struct block_want want;
	/* who waits, and the row that is looked at */
	explain_row_cb cb;
	void *arg;
	uint32_t row;
	struct explain_message *m;
};

/* ---- queries and sets ---- */

static bool
is_not_known(void *arg, uint64_t phone)
{
	(void)arg;
	(void)phone;
	return false;
}

static enum err
bind(struct explain_row *r, struct err_ctx *e)
{
	struct query_error qe;

	for (size_t i = 0; i < r->count; i++) {
		struct query *q = r->queries[i];

		for (size_t k = 0; r->sets == NULL && k < query_external_count(q); k++)
			query_fill(q, k, is_not_known, NULL, NULL);
		if (!query_bind(q, list_part_schema(r->v->list, r->v->of_query[i]), &qe))
			return err_set(e, ERR_SYSTEM, "segment of the run", "", "%s", qe.message);
		query_want(q, &r->want);
	}
	r->want.has_people = true;
	rendering_want(r->v->rendering, &r->want);
	r->want = list_want(r->v->list, &r->want);
	return ERR_OK;
}

static void
on_sets(void *arg, struct sets *sets, const struct sets_failure *why)
{
	struct explain_row *r = arg;
	struct err_ctx e;

	(void)why; /* a day after all was frozen they are gone */
	r->sets = sets;
	r->cb(r->arg, bind(r, &e) == ERR_OK ? NULL : &e);
}

static void
parse(struct explain_row *r)
{
	json_t *texts = json_loads(r->v->queries, 0, NULL), *text;
	size_t i;

	json_array_foreach (texts, i, text) {
		const char *s = json_string_value(text);
		struct query *q = s != NULL ? query_parse(slice_of(s), NULL) : NULL;

		/* Of an unreadable one those behind it would have its name. */
		if (q == NULL || r->count == RUN_QUERIES_MAX)
			break;
		r->queries[r->count++] = q;
	}
	json_decref(texts);
}

struct explain_row *
explain_row_new(struct engine *e, struct run_view *v, const struct explain_row_options *o,
		explain_row_cb cb, void *arg)
{
	struct explain_row *r = xcalloc(1, sizeof(*r));

	r->engine = e;
	r->v = v;
	r->o = *o;
	r->cb = cb;
	r->arg = arg;
	parse(r);
	sets_open(e, v->id, slice_of(v->sets), r->queries, r->count, on_sets, r);
	return r;
}

void
explain_row_free(struct explain_row *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++)
		query_free(r->queries[i]);
	sets_unref(r->sets); /* from on_sets */
	free(r);
}

/* ---- a row ---- */

struct telling {
	const struct explain_row *r;
	const struct schema *schema;
	struct explain_segment *s;
};

static void
on_reason(void *arg, const struct query_reason *why)
{
	struct telling *t = arg;
	struct explain_segment *s = t->s;
	struct explain_condition *c = &s->conditions[s->count];

	if (s->count == EXPLAIN_CONDITIONS) {
		s->has_more = true;
		return;
	}
	s->count++;
	c->answer = why->answer;
	c->is_hidden = why->is_sensitive && !t->r->o.is_full;
	c->text = c->is_hidden ? xstrdup("") : xmemdup0(why->text.p, why->text.n);
	/* A text in it may have line ends, and a sentence is a line. */
	for (char *p = c->text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20)
			*p = ' ';
	if (why->missing >= 0 && !c->is_hidden)
		snprintf(c->missing, sizeof(c->missing), "%s",
			 t->schema->columns[why->missing].name);
}

static void
look_at_segments(struct explain_row *r, const struct block *b, size_t part)
{
	struct explain_message *m = r->m;

	for (size_t i = 0; i < r->count; i++) {
		const struct schema *schema = list_part_schema(r->v->list, part);
		struct query_why w = {.q = r->queries[i],
				      .schema = schema,
				      .block = b,
				      .row = r->row % BLOCK_ROWS,
				      .today = r->v->today,
				      .lacks_sets = r->sets == NULL};
		struct explain_segment *s = &m->segments[m->segment_count];
		struct telling t = {r, schema, s};

		if (r->v->of_query[i] != part)
			continue;
		m->segment_count++;
		if (i < r->o.name_count)
			snprintf(s->name, sizeof(s->name), "%s", r->o.names[i]);
		else
			snprintf(s->name, sizeof(s->name), "%zu", i + 1);
		s->answer = query_why(&w, on_reason, &t);
	}
}

static bool
is_sensitive_field(const struct schema *s, const char *field)
{
	int column = schema_find(s, slice_of(field));

	return column >= 0 && s->columns[column].is_sensitive;
}

static void
look_at_text(struct explain_row *r, const struct block *b)
{
	struct explain_message *m = r->m;
	struct rendered text;

	if (!m->is_in || m->record.reason != REASON_MISSING_FIELD || m->is_erased ||
	    render_row(r->v->rendering, b, r->row % BLOCK_ROWS,
		       block_carrier(b, r->row % BLOCK_ROWS), &text) != REASON_MISSING_FIELD)
		return;
	m->is_field_hidden =
		!r->o.is_full && is_sensitive_field(&r->v->list->schema, text.error.field);
	if (m->is_field_hidden)
		return;
	snprintf(m->field, sizeof(m->field), "%s", text.error.field);
	snprintf(m->filter, sizeof(m->filter), "%s", text.error.filter);
}

static void
on_block(void *arg, const struct reply *reply)
{
	struct explain_row *r = arg;
	uint32_t index = r->row / BLOCK_ROWS, i = r->row % BLOCK_ROWS;
	struct block b = {0};
	const char *carrier;
	struct err_ctx e;

	if (list_open(reply, r->v->list, index, &r->want, &b, &e) != ERR_OK) {
		block_close(&b);
		r->cb(r->arg, &e);
		return;
	}
	if (i < b.rows) {
		carrier = carrier_name(block_carrier(&b, i));
		snprintf(r->m->carrier, sizeof(r->m->carrier), "%s",
			 carrier != NULL ? carrier : "");
		r->m->is_erased = block_is_deleted(&b, i);
		if (!r->m->is_erased)
			look_at_segments(r, &b, list_part_of(r->v->list, index));
		look_at_text(r, &b);
	}
	block_close(&b);
	r->cb(r->arg, NULL);
}

void
explain_row_look(struct explain_row *r, uint32_t row, struct explain_message *m, explain_row_cb cb,
		 void *arg)
{
	r->row = row;
	r->m = m;
	r->cb = cb;
	r->arg = arg;
	list_ask(engine_redis(r->engine), r->v->list, row / BLOCK_ROWS, &r->want, on_block, r);
}
