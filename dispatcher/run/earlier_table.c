/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/earlier_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "dispatcher/store/keys.h"

struct line {
	uint64_t at; /* partition << 32 | rank */
	uint8_t n;
	uint8_t bytes[ATTEMPTS_MAX];
};

struct earlier_table {
	struct line *lines; /* by at */
	size_t count, cap;
};

struct table_load {
	struct engine *engine;
	uint64_t run;
	struct earlier_table *t;
	earlier_table_cb cb;
	void *arg;
};

void
earlier_table_free(struct earlier_table *t)
{
	if (t == NULL)
		return;
	free(t->lines);
	free(t);
}

static int
by_place(const void *a, const void *b)
{
	uint64_t x = ((const struct line *)a)->at, y = ((const struct line *)b)->at;

	return (x > y) - (x < y);
}

bool
earlier_table_get(const struct earlier_table *t, unsigned p, uint32_t rank,
		  struct earlier_attempts *out)
{
	struct line key = {.at = (uint64_t)p << 32 | rank};
	const struct line *l =
		t->count > 0 ? bsearch(&key, t->lines, t->count, sizeof(key), by_place) : NULL;

	if (l == NULL)
		return false;
	out->n = l->n;
	for (unsigned i = 0; i < l->n; i++) {
		out->phase[i] = l->bytes[i] & 15;
		out->tariff[i] = (uint8_t)(((l->bytes[i] >> 4) + p) & 15);
	}
	return true;
}

/* "P:RANK" → a byte an attempt. */
static void
add_line(struct earlier_table *t, struct slice field, struct slice value)
{
	struct slice p = slice_take_until(&field, ':');
	struct line *l;

	if (t->count == t->cap) {
		t->cap = t->cap == 0 ? 256 : 2 * t->cap;
		t->lines = xrealloc(t->lines, t->cap * sizeof(*t->lines));
	}
	l = &t->lines[t->count++];
	l->at = slice_to_u64(p) << 32 | slice_to_u64(field);
	l->n = (uint8_t)(value.n < ATTEMPTS_MAX ? value.n : ATTEMPTS_MAX);
	memcpy(l->bytes, value.p, l->n);
}

static void ask(struct table_load *ld, struct slice cursor);

static void
on_page(void *arg, const struct reply *r)
{
	struct table_load *ld = arg;
	const struct reply *fields = reply_item(r, 1);
	struct err_ctx e;

	if (r->kind != REPLY_ARRAY) {
		reply_fail(r, &e);
		earlier_table_free(ld->t);
		ld->cb(ld->arg, NULL, &e);
		free(ld);
		return;
	}
	for (size_t i = 0; i + 1 < fields->count; i += 2)
		if (reply_item(fields, i + 1)->str.n > 0)
			add_line(ld->t, reply_item(fields, i)->str, reply_item(fields, i + 1)->str);
	if (!slice_is(reply_item(r, 0)->str, "0")) {
		ask(ld, reply_item(r, 0)->str);
		return;
	}
	/* One that came twice, for the cursor's sake, is the same. */
	if (ld->t->count > 0)
		qsort(ld->t->lines, ld->t->count, sizeof(*ld->t->lines), by_place);
	ld->cb(ld->arg, ld->t, NULL);
	free(ld);
}

static void
ask(struct table_load *ld, struct slice cursor)
{
	char key[KEY_MAX];
	struct slice v[5] = {SLICE("HSCAN"), {NULL, 0}, cursor, SLICE("COUNT"), SLICE("500")};

	v[1] = slice_of(key_run(key, ld->run, key_prefix_earlier));
	redis_command(engine_bulk(ld->engine), v, 5, on_page, ld);
}

void
earlier_table_load(struct engine *e, uint64_t run, earlier_table_cb cb, void *arg)
{
	struct table_load *ld = xcalloc(1, sizeof(*ld));

	ld->engine = e;
	ld->run = run;
	ld->cb = cb;
	ld->arg = arg;
	ld->t = xcalloc(1, sizeof(*ld->t));
	ask(ld, SLICE("0"));
}
