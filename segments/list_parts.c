/* SPDX-License-Identifier: MIT */
#include "segments/list_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

/* ---- the columns of all ---- */

static int
find_exactly(const struct schema *s, const char *name)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (strcmp(s->columns[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* Where the part's column stands among those of all; -1: it is not there yet. */
static int
place_of(const struct schema *all, const struct schema *part, uint32_t column)
{
	if ((int)column == part->phone && all->phone >= 0)
		return all->phone;
	return find_exactly(all, part->columns[column].name);
}

static void
unite(struct column *of_all, const struct column *c)
{
	if (of_all->type != c->type || of_all->form != c->form) {
		of_all->type = COLUMN_TEXT;
		of_all->form = FORM_PLAIN;
	}
	of_all->is_sensitive = of_all->is_sensitive || c->is_sensitive;
	of_all->is_masked = of_all->is_masked || c->is_masked;
}

/* Columns of the part find their places, new ones at the end. */
static enum err
add_part(struct schema *all, struct list_part *p, struct err_ctx *e)
{
	const struct schema *s = &p->list->schema;

	for (uint32_t i = 0; i < s->count; i++) {
		int at = place_of(all, s, i);

		if (at >= 0 && at == all->phone && s->phone >= 0 && (int)i != s->phone)
			return err_set(e, ERR_INPUT, p->list->name,
				       "import one of them with another title",
				       "its column %s is none of phones, and in another list of "
				       "the campaign it is",
				       s->columns[i].name);
		if (at < 0 && all->count == COLUMNS_MAX)
			return err_set(e, ERR_INPUT, p->list->name, "take fewer lists",
				       "the lists of the campaign have more than %u columns",
				       COLUMNS_MAX);
		if (at < 0) {
			at = (int)all->count++;
			all->columns[at] = s->columns[i];
		} else {
			unite(&all->columns[at], &s->columns[i]);
		}
		if ((int)i == s->phone)
			all->phone = at;
		p->at[i] = (uint8_t)at;
	}
	return ERR_OK;
}

/* The part's own names and types, at the places of all. */
static void
make_schema(struct list_part *p, uint32_t count)
{
	const struct schema *s = &p->list->schema;

	memset(&p->schema, 0, sizeof(p->schema));
	p->schema.count = count;
	p->schema.phone = s->phone >= 0 ? p->at[s->phone] : -1;
	for (uint32_t i = 0; i < s->count; i++)
		p->schema.columns[p->at[i]] = s->columns[i];
}

/* ---- joining ---- */

static void
take_part(struct list *out, struct list_part *p)
{
	const struct list *l = p->list;

	p->first = (uint32_t)out->block_count;
	out->rows += l->rows;
	out->is_demo = out->is_demo || l->is_demo;
	out->is_locked = out->is_locked || l->is_locked;
	out->blocks = xrealloc(out->blocks,
			       (out->block_count + l->block_count + 1) * sizeof(*out->blocks));
	if (l->block_count > 0)
		memcpy(out->blocks + out->block_count, l->blocks,
		       l->block_count * sizeof(*l->blocks));
	out->block_count += l->block_count;
}

static struct list *
begin_join(const struct list *first, size_t count)
{
	struct list *out = xcalloc(1, sizeof(*out));

	snprintf(out->name, sizeof(out->name), "%s", first->name);
	out->unit = first->unit;
	out->version = first->version;
	out->now_s = first->now_s;
	out->schema.phone = -1;
	out->parts = xcalloc(count, sizeof(*out->parts));
	return out;
}

enum err
lists_join(struct list *const *lists, size_t count, struct list **out, struct err_ctx *e)
{
	struct list *l;
	enum err rc = ERR_OK;

	*out = lists[0];
	if (count == 1)
		return ERR_OK;
	l = begin_join(lists[0], count);
	for (size_t i = 0; i < count; i++) {
		struct list_part *p = &l->parts[l->part_count++];

		p->list = lists[i];
		take_part(l, p);
		if (rc == ERR_OK)
			rc = add_part(&l->schema, p, e);
	}
	for (size_t i = 0; rc == ERR_OK && i < count; i++)
		make_schema(&l->parts[i], l->schema.count);
	*out = l;
	if (rc != ERR_OK) {
		list_free(l);
		*out = NULL;
	}
	return rc;
}

/* ---- its parts ---- */

size_t
list_part_count(const struct list *l)
{
	return l->part_count > 0 ? l->part_count : 1;
}

const struct list *
list_part(const struct list *l, size_t i)
{
	return l->part_count > 0 ? l->parts[i].list : l;
}

const struct schema *
list_part_schema(const struct list *l, size_t i)
{
	return l->part_count > 0 ? &l->parts[i].schema : &l->schema;
}

uint32_t
list_part_first(const struct list *l, size_t i)
{
	return l->part_count > 0 ? l->parts[i].first : 0;
}

size_t
list_part_of(const struct list *l, uint32_t block)
{
	size_t i = 0;

	/* The last that begins at or before it: one without rows begins where the next does. */
	while (i + 1 < l->part_count && l->parts[i + 1].first <= block)
		i++;
	return i;
}

void
list_add_names(const struct list *l, struct buf *out)
{
	for (size_t i = 0; i < list_part_count(l); i++)
		buf_addf(out, "%s%s", i > 0 ? ", " : "", list_part(l, i)->name);
}

struct list_place
list_place(const struct list *l, uint64_t row)
{
	size_t i = list_part_of(l, (uint32_t)(row / BLOCK_ROWS));

	return (struct list_place){list_part(l, i),
				   row - (uint64_t)list_part_first(l, i) * BLOCK_ROWS};
}

/* ---- loading ---- */

struct loading {
	struct redis *redis;
	struct list *lists[LIST_PARTS_MAX];
	char names[LIST_PARTS_MAX][LIST_NAME_MAX + 1];
	uint32_t versions[LIST_PARTS_MAX];
	size_t count, loaded;
	list_cb cb;
	void *arg;
};

static void
load_end(struct loading *ld, struct list *l, const struct err_ctx *e)
{
	if (l == NULL)
		for (size_t i = 0; i < ld->loaded; i++)
			list_free(ld->lists[i]);
	ld->cb(ld->arg, l, e);
	free(ld);
}

static void load_next(struct loading *ld);

static void
on_loaded(void *arg, struct list *l, const struct err_ctx *e)
{
	struct loading *ld = arg;
	struct err_ctx why;

	if (l == NULL) {
		load_end(ld, NULL, e);
		return;
	}
	ld->lists[ld->loaded++] = l;
	if (ld->loaded < ld->count) {
		load_next(ld);
		return;
	}
	if (lists_join(ld->lists, ld->count, &l, &why) == ERR_OK) {
		load_end(ld, l, NULL);
		return;
	}
	ld->loaded = 0; /* it has freed them */
	load_end(ld, NULL, &why);
}

static void
load_next(struct loading *ld)
{
	const char *name = ld->names[ld->loaded];
	uint32_t version = ld->versions[ld->loaded];

	if (version > 0)
		list_load_version(ld->redis, name, version, on_loaded, ld);
	else
		list_load(ld->redis, name, true, on_loaded, ld);
}

void
list_load_several(struct redis *r, const struct list_named *names, size_t count, list_cb cb,
		  void *arg)
{
	struct loading *ld = xcalloc(1, sizeof(*ld));

	ld->redis = r;
	ld->cb = cb;
	ld->arg = arg;
	ld->count = count < LIST_PARTS_MAX ? count : LIST_PARTS_MAX;
	for (size_t i = 0; i < ld->count; i++) {
		snprintf(ld->names[i], sizeof(ld->names[i]), "%.*s", LIST_NAME_MAX, names[i].name);
		ld->versions[i] = names[i].version;
	}
	load_next(ld);
}

/* ---- blocks ---- */

/* What is wanted of the part, in its own columns. */
static struct block_want
want_of_part(const struct list_part *p, const struct block_want *want)
{
	struct block_want out = {.has_people = want->has_people};

	for (uint32_t i = 0; i < p->list->schema.count; i++)
		if (block_is_wanted(want, p->at[i]))
			block_want_column(&out, (int)i);
	return out;
}

void
list_ask(struct redis *r, const struct list *l, uint32_t block, const struct block_want *want,
	 redis_reply_cb cb, void *arg)
{
	size_t i = list_part_of(l, block);
	struct block_want own = *want;
	char key[64];

	if (l->part_count > 0)
		own = want_of_part(&l->parts[i], want);
	list_ask_block(r, list_block_key(key, list_part(l, i)->id, l->blocks[block]), &own, cb,
		       arg);
}

void
list_place_columns(const struct list *l, uint32_t block, struct block *b)
{
	const struct list_part *p;
	struct block_column own[COLUMNS_MAX];
	uint32_t count;

	if (l->part_count == 0)
		return;
	p = &l->parts[list_part_of(l, block)];
	count = b->columns < p->list->schema.count ? b->columns : p->list->schema.count;
	memcpy(own, b->column, count * sizeof(own[0]));
	b->columns = l->schema.count;
	for (uint32_t i = 0; i < b->columns; i++)
		b->column[i] = (struct block_column){.kind = BLOCK_MISSING};
	for (uint32_t i = 0; i < count; i++)
		b->column[p->at[i]] = own[i];
}

enum err
list_open(const struct reply *r, const struct list *l, uint32_t block,
	  const struct block_want *want, struct block *b, struct err_ctx *e)
{
	struct block_want own = *want;
	enum err rc;

	if (l->part_count > 0)
		own = want_of_part(&l->parts[list_part_of(l, block)], want);
	rc = list_open_block(r, &own, b, e);
	if (rc == ERR_OK)
		list_place_columns(l, block, b);
	return rc;
}

enum err
list_pack(const struct reply *r, const struct list *l, uint32_t block,
	  const struct block_want *want, struct buf *out, struct err_ctx *e)
{
	struct block_want own = *want;

	if (l->part_count > 0)
		own = want_of_part(&l->parts[list_part_of(l, block)], want);
	return list_pack_block(r, &own, out, e);
}
