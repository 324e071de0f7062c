/* SPDX-License-Identifier: MIT */
#include "segments/rewrite.h"

#include <stdlib.h>

#include "base/mem.h"

/* A block as it is to be. */
struct rewrite {
	struct rewrite_options o;
	struct row_writer out;
	struct phone_chain *chain;
	uint64_t deleted_in_block; /* tombstones before the block that out is filling */
	struct slice *cells;	   /* [BLOCK_ROWS * columns] of the block being looked at */
	struct list_row rows[BLOCK_ROWS];
	uint32_t backs[BLOCK_ROWS];
};

static void
on_block(void *arg, struct slice bytes, uint32_t rows)
{
	struct rewrite *rw = arg;
	uint32_t deleted = (uint32_t)(rw->out.deleted - rw->deleted_in_block);

	rw->deleted_in_block = rw->out.deleted;
	if (rw->o.on_block != NULL)
		rw->o.on_block(rw->o.arg, bytes, rows - deleted);
}

struct rewrite *
rewrite_new(const struct rewrite_options *o)
{
	struct rewrite *rw = xcalloc(1, sizeof(*rw));

	rw->o = *o;
	rw->o.shared = NULL;
	rw->chain = phone_chain_new(o->shared);
	rw->out.schema = o->schema;
	rw->out.on_block = on_block;
	rw->out.arg = rw;
	rw->cells = xcalloc((size_t)BLOCK_ROWS * (o->schema->count + 1), sizeof(*rw->cells));
	return rw;
}

void
rewrite_free(struct rewrite *rw)
{
	if (rw == NULL)
		return;
	row_writer_free(&rw->out);
	phone_chain_free(rw->chain);
	free(rw->cells);
	free(rw);
}

static struct slice
cell_at(const struct rewrite *rw, const struct block *b, uint32_t row, uint32_t column)
{
	int from = rw->o.from != NULL ? rw->o.from[column] : (int)column;

	return from < 0 ? (struct slice){NULL, 0} : block_cell(b, row, (uint32_t)from);
}

/* The row as it is to be; true: it is another one. */
static bool
take_row(struct rewrite *rw, const struct block *b, uint32_t i)
{
	uint32_t columns = rw->o.schema->count, number = (uint32_t)rw->out.rows + i;
	struct slice *cells = &rw->cells[(size_t)i * columns];
	struct list_row *r = &rw->rows[i];
	bool is_changed;

	*r = (struct list_row){.cells = cells, .is_deleted = block_is_deleted(b, i)};
	for (uint32_t c = 0; c < columns; c++)
		cells[c] = r->is_deleted ? (struct slice){NULL, 0} : cell_at(rw, b, i, c);
	if (r->is_deleted)
		return block_phone(b, i) != 0; /* never, of our own */
	r->phone = block_phone(b, i);
	r->carrier = block_carrier(b, i);
	is_changed = rw->o.edit != NULL && rw->o.edit(rw->o.arg, number, cells, r);
	if (r->is_deleted) {
		for (uint32_t c = 0; c < columns; c++)
			cells[c] = (struct slice){NULL, 0};
		r->phone = 0;
		r->carrier = 0;
	}
	return is_changed;
}

static uint32_t
count_deleted(const struct rewrite *rw, uint32_t rows)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < rows; i++)
		n += rw->rows[i].is_deleted;
	return n;
}

enum err
rewrite_block(struct rewrite *rw, uint32_t index, const struct block *b, struct err_ctx *e)
{
	bool is_same = rw->o.from == NULL && !(rw->o.has_more && b->rows < BLOCK_ROWS);

	if (rw->out.rows != (uint64_t)index * BLOCK_ROWS)
		return err_set(e, ERR_SYSTEM, "list", "import it again",
			       "block %u is not where it belongs", index);
	for (uint32_t i = 0; i < b->rows; i++) {
		struct list_row *r = &rw->rows[i];

		if (take_row(rw, b, i))
			is_same = false;
		if (r->phone != 0 && (r->phone < PHONE_SET_FIRST || r->phone > PHONE_SET_LAST))
			return err_set(e, ERR_SYSTEM, "list", "import it again",
				       "block %u is damaged: the number in its row %u is no phone",
				       index, i);
		rw->backs[i] = phone_chain_put(rw->chain, r->phone, (uint32_t)rw->out.rows + i);
		is_same = is_same && rw->backs[i] == block_same_back(b, i);
	}
	if (!is_same) {
		for (uint32_t i = 0; i < b->rows; i++)
			row_writer_put(&rw->out, &rw->rows[i], rw->backs[i]);
		if (!rw->o.has_more)
			row_writer_end(&rw->out);
		return ERR_OK;
	}
	rw->out.rows += b->rows;
	rw->out.deleted += count_deleted(rw, b->rows);
	rw->deleted_in_block = rw->out.deleted;
	for (uint32_t i = 0; i < b->rows; i++)
		rw->out.repeated += rw->backs[i] != 0;
	if (rw->o.on_same != NULL)
		rw->o.on_same(rw->o.arg, index, b->rows - count_deleted(rw, b->rows));
	return ERR_OK;
}

void
rewrite_add(struct rewrite *rw, const struct list_row *row)
{
	row_writer_put(&rw->out, row,
		       phone_chain_put(rw->chain, row->phone, (uint32_t)rw->out.rows));
}

void
rewrite_end(struct rewrite *rw)
{
	row_writer_end(&rw->out);
}

uint64_t
rewrite_rows(const struct rewrite *rw)
{
	return rw->out.rows - rw->out.deleted;
}

uint64_t
rewrite_shared_phones(const struct rewrite *rw)
{
	return phone_chain_count(rw->chain);
}

uint64_t
rewrite_repeated(const struct rewrite *rw)
{
	return rw->out.repeated;
}
