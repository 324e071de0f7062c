/* SPDX-License-Identifier: MIT */
#include "segments/row_writer.h"

void
row_writer_free(struct row_writer *w)
{
	block_builder_free(w->builder);
	shared_phones_free(&w->shared);
	buf_free(&w->block);
}

static void
finish_block(struct row_writer *w)
{
	uint32_t rows = w->builder != NULL ? block_builder_rows(w->builder) : 0;

	if (rows == 0)
		return;
	buf_reset(&w->block);
	block_builder_finish(w->builder, &w->block);
	if (w->on_block != NULL)
		w->on_block(w->arg, buf_slice(&w->block), rows);
}

static void
fit_builder(struct row_writer *w)
{
	if (w->builder == NULL) {
		w->builder = block_builder_new(w->schema);
		w->columns = w->schema->count;
	}
	for (; w->columns < w->schema->count; w->columns++)
		w->builder = block_builder_add_column(w->builder);
}

void
row_writer_add(struct row_writer *w, const struct list_row *row)
{
	if (row->phone != 0 && w->chaining == ROWS_NOTED)
		shared_phones_add(&w->shared, row->phone);
	row_writer_put(w, row, 0);
}

void
row_writer_put(struct row_writer *w, const struct list_row *row, uint32_t back)
{
	fit_builder(w);
	block_builder_add(w->builder, row->cells, row->phone, back, row->carrier);
	if (row->is_deleted)
		block_builder_delete_last(w->builder);
	w->deleted += row->is_deleted;
	w->rows++;
	w->repeated += back != 0;
	if (block_builder_rows(w->builder) == BLOCK_ROWS)
		finish_block(w);
}

void
row_writer_end(struct row_writer *w)
{
	finish_block(w);
	shared_phones_end(&w->shared);
}
