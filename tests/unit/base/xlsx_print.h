/* SPDX-License-Identifier: MIT */
/*
 * A workbook as text: sheets, hidden columns, merged areas, rows and cells, as
 * tests/cases/lists/README.md says. What cannot be read ends it with "! why".
 */
#pragma once

#include <stdio.h>

#include "base/xlsx.h"

static inline void
print_cell_text(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\n' || s.p[i] == '\r')
			buf_adds(out, s.p[i] == '\n' ? "\\n" : "\\r");
		else
			buf_addc(out, s.p[i]);
}

static inline enum err
print_row(void *arg, const struct xlsx_row *row, struct err_ctx *e)
{
	static const char signs[] = {
		[XLSX_TEXT] = '\'',	  [XLSX_NUMBER] = '#', [XLSX_DATE] = '@',
		[XLSX_TIME] = '%',	  [XLSX_BOOL] = '?',   [XLSX_ERROR] = '!',
		[XLSX_UNCALCULATED] = '='};
	struct buf *out = arg;
	const char *sep = "";

	(void)e;
	buf_addf(out, "%u%s: ", row->number, row->is_hidden ? " hidden" : "");
	for (uint32_t i = 0; i < row->count; i++) {
		char name[8];

		if (row->cells[i].kind == XLSX_EMPTY)
			continue;
		xlsx_column_name(i + 1, name);
		buf_addf(out, "%s%s%c", sep, name, signs[row->cells[i].kind]);
		print_cell_text(out, row->cells[i].text);
		sep = " | ";
	}
	if (row->beyond > 0)
		buf_addf(out, "%s+%u", sep, row->beyond);
	buf_addc(out, '\n');
	return ERR_OK;
}

static inline void
print_sheet_head(struct xlsx *x, size_t sheet, struct buf *out)
{
	static const char *const states[] = {"", " hidden", " veryHidden"};
	const struct xlsx_sheet *s = xlsx_sheet(x, sheet);
	const char *before = "hidden columns";

	buf_addf(out, "sheet \"%s\"%s\n", s->name, states[s->visibility]);
	for (uint32_t c = 1; c <= XLSX_COLUMNS_MAX; c++) {
		char name[8];

		if (!xlsx_column_is_hidden(x, sheet, c))
			continue;
		xlsx_column_name(c, name);
		buf_addf(out, "%s %s", before, name);
		before = "";
	}
	buf_adds(out, before[0] == '\0' ? "\n" : "");
}

static inline enum err
print_merges(struct xlsx *x, size_t sheet, struct buf *out, struct err_ctx *e)
{
	struct xlsx_merges m;
	enum err err = xlsx_merges(x, sheet, 0, &m, e);

	for (size_t i = 0; i < m.count; i++) {
		char from[8], to[8];

		xlsx_column_name(m.areas[i].first_column, from);
		xlsx_column_name(m.areas[i].last_column, to);
		buf_addf(out, "merged %s%u:%s%u\n", from, m.areas[i].first_row, to,
			 m.areas[i].last_row);
	}
	xlsx_merges_free(&m);
	return err;
}

static inline enum err
print_workbook_of(const char *path, const struct xlsx_options *o, struct buf *out,
		  struct err_ctx *e)
{
	struct xlsx *x;
	enum err err = xlsx_open(path, o, &x, e);

	for (size_t i = 0; err == ERR_OK && i < xlsx_sheet_count(x); i++) {
		struct xlsx_reading r = {.on_row = print_row, .arg = out};

		print_sheet_head(x, i, out);
		err = print_merges(x, i, out, e);
		if (err == ERR_OK)
			err = xlsx_read(x, i, &r, e);
	}
	xlsx_close(x);
	return err;
}

/* The file is named "t.xlsx" in errors. */
static inline void
print_workbook(const char *path, struct xlsx_options o, struct buf *out)
{
	struct err_ctx e = {0};

	o.file = "t.xlsx";
	buf_adds(out, "");
	if (print_workbook_of(path, &o, out, &e) != ERR_OK) {
		buf_adds(out, "! ");
		err_print(&e, out);
		buf_adds(out, e.code == ERR_INPUT ? "" : " (no ERR_INPUT)");
		buf_addc(out, '\n');
	}
}
