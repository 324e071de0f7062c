/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/exclusions.h"

#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/run/suppressed.h"

struct exclusions {
	struct engine *engine;
	struct query *query;
	struct audience *audience;
	void (*on_room)(void *arg, const struct err_ctx *e);
	void *arg;
	/* Whose phones are not looked at yet; one look at a time. */
	uint64_t *phones;
	uint32_t *rows;
	size_t count, cap;
	bool is_asked, has_nobody, is_over;
	struct exclusions_counts n;
};

struct exclusions *
exclusions_new(struct engine *e, struct query *query, uint64_t rows,
	       void (*on_room)(void *arg, const struct err_ctx *e), void *arg)
{
	struct exclusions *x = xcalloc(1, sizeof(*x));
	struct carrier_map all = {{0}}; /* every carrier is served */

	x->engine = e;
	x->query = query;
	x->audience = audience_new(&x->query, 1, PER_PHONE, &all, rows);
	x->on_room = on_room;
	x->arg = arg;
	return x;
}

static void
release(struct exclusions *x)
{
	audience_free(x->audience);
	free(x->phones);
	free(x->rows);
	free(x);
}

void
exclusions_free(struct exclusions *x)
{
	if (x == NULL)
		return;
	x->is_over = true;
	if (!x->is_asked)
		release(x);
}

static void
exclude(struct exclusions *x, uint8_t reason, uint32_t row)
{
	row_table_add(&x->n.reasons, record_reason_text(reason), row + 1ull);
}

static void
gather(struct exclusions *x, uint64_t phone, uint32_t row)
{
	if (x->count == x->cap) {
		x->cap = x->cap > 0 ? 2 * x->cap : 1024;
		x->phones = xrealloc(x->phones, x->cap * sizeof(*x->phones));
		x->rows = xrealloc(x->rows, x->cap * sizeof(*x->rows));
	}
	x->phones[x->count] = phone;
	x->rows[x->count++] = row;
}

void
exclusions_block(struct exclusions *x, uint32_t index, const struct block *b, int64_t today)
{
	struct audience_row rows[BLOCK_ROWS];
	size_t n = audience_block(x->audience, index, b, today, rows);

	x->n.rows += n;
	for (size_t i = 0; i < n; i++) {
		x->n.with_phone += rows[i].reason != REASON_NO_PHONE;
		if (rows[i].reason != REASON_NONE) {
			exclude(x, (uint8_t)rows[i].reason, rows[i].row);
			continue;
		}
		x->n.phones++;
		x->n.reached += x->has_nobody;
		if (!x->has_nobody)
			gather(x, block_phone(b, rows[i].row % BLOCK_ROWS), rows[i].row);
	}
}

static void
on_checked(void *arg, const struct suppressed_answer *a, const struct err_ctx *e)
{
	struct exclusions *x = arg;

	x->is_asked = false;
	if (x->is_over) {
		release(x);
		return;
	}
	x->has_nobody = a != NULL && a->reasons == NULL;
	for (size_t i = 0; a != NULL && i < x->count; i++) {
		uint8_t reason = a->reasons != NULL ? a->reasons[i] : REASON_NONE;

		if (reason != REASON_NONE)
			exclude(x, reason, x->rows[i]);
		else
			x->n.reached++;
	}
	x->count = 0;
	x->on_room(x->arg, e);
}

/* Of no class and no unit: those who are suppressed for all. */
bool
exclusions_ask(struct exclusions *x)
{
	struct suppressed_query q = {.class = "", .phones = x->phones, .count = x->count};

	if (x->count == 0)
		return false;
	x->is_asked = true;
	suppressed_check(x->engine, &q, on_checked, x);
	return true;
}

const struct exclusions_counts *
exclusions_counts(const struct exclusions *x)
{
	return &x->n;
}
