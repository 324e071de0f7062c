/* SPDX-License-Identifier: MIT */
/*
 * Workbooks. Input: a byte that says what follows: 'Z' (and any other) a whole
 * ZIP file, 'R' the rows of a sheet (what stands in sheetData), 'W' a whole
 * worksheet part, 'S' shared strings, 'F' cell styles, 'B' xl/workbook.xml, 'T'
 * the relationships of the workbook; all but Z get a good workbook around them.
 * Says: rows or an error in words; rows and cells in their order; every text is
 * UTF-8; a second reading gives the same; merged areas lie in the sheet.
 */
#include "base/xlsx.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/base/xlsx_made.h"

#define COLUMNS_MAX 40

struct seen {
	uint64_t sum;
	uint32_t row;
};

static void
add_to_sum(struct seen *s, struct slice bytes)
{
	for (size_t i = 0; i < bytes.n; i++)
		s->sum = (s->sum ^ (uint8_t)bytes.p[i]) * 0x100000001B3u;
}

static enum err
on_row(void *arg, const struct xlsx_row *row, struct err_ctx *e)
{
	struct seen *s = arg;

	(void)e;
	must(row->number > s->row && row->number <= XLSX_ROWS_MAX, "row %u after %u", row->number,
	     s->row);
	must(row->count <= COLUMNS_MAX && row->count + row->beyond > 0, "%u cells", row->count);
	must(row->count == 0 || row->cells[row->count - 1].kind != XLSX_EMPTY, "an empty end");
	s->row = row->number;
	for (uint32_t i = 0; i < row->count; i++) {
		const struct xlsx_cell *c = &row->cells[i];
		bool is_empty = c->kind == XLSX_EMPTY || c->kind == XLSX_UNCALCULATED;

		must((c->text.n == 0) == is_empty, "kind %d of %zu bytes", (int)c->kind, c->text.n);
		must(text_find_malformed(c->text) < 0 && text_find_malformed(c->raw) < 0,
		     "no UTF-8");
		must(!xlsx_text_is_long(c->text), "a long text");
		must(c->kind != XLSX_DATE || c->text.n == 10 || c->text.n == 19, "date %.*s",
		     (int)c->text.n, c->text.p);
		add_to_sum(s, c->text);
		add_to_sum(s, c->raw);
	}
	return ERR_OK;
}

static struct seen
read_once(struct xlsx *x, size_t sheet, enum err *err)
{
	struct seen s = {0};
	struct xlsx_reading r = {.columns_max = COLUMNS_MAX, .on_row = on_row, .arg = &s};
	struct err_ctx e = {0};

	*err = xlsx_read(x, sheet, &r, &e);
	must(*err == ERR_OK || *err == ERR_INPUT, "error %d", (int)*err);
	if (*err != ERR_OK)
		must_be_words(e.why);
	return s;
}

static void
check_merges(struct xlsx *x, size_t sheet)
{
	struct xlsx_merges m;
	struct err_ctx e = {0};

	if (xlsx_merges(x, sheet, 0, &m, &e) != ERR_OK)
		must_be_words(e.why);
	for (size_t i = 0; i < m.count; i++) {
		const struct xlsx_area *a = &m.areas[i];

		must(a->first_row >= 1 && a->first_row <= a->last_row &&
			     a->last_row <= XLSX_ROWS_MAX && a->first_column >= 1 &&
			     a->first_column <= a->last_column &&
			     a->last_column <= XLSX_COLUMNS_MAX,
		     "a merged area outside of the sheet");
	}
	xlsx_merges_free(&m);
}

static void
check_file(const char *path)
{
	struct xlsx_options o = {.file = "t.xlsx", .strings_max = 1 << 20, .part_max = 8 << 20};
	struct err_ctx e = {0};
	struct xlsx *x;
	enum err err = xlsx_open(path, &o, &x, &e), first, second;

	must((err == ERR_OK) == (x != NULL), "an error and a workbook");
	if (err != ERR_OK) {
		must(err == ERR_INPUT, "error %d: %s", (int)err, e.why);
		must_be_words(e.why);
		return;
	}
	must(xlsx_sheet_count(x) > 0 && xlsx_active_sheet(x) < xlsx_sheet_count(x), "no sheet");
	for (size_t i = 0; i < xlsx_sheet_count(x) && i < 4; i++) {
		struct seen a, b;

		must(text_find_malformed(slice_of(xlsx_sheet(x, i)->name)) < 0, "a bad name");
		a = read_once(x, i, &first);
		check_merges(x, i);
		b = read_once(x, i, &second);
		must(first == second && a.sum == b.sum && a.row == b.row, "read otherwise");
	}
	xlsx_close(x);
}

static void
add_sheet(struct made *m, struct slice rows, bool is_whole)
{
	struct buf sheet = {0};

	if (!is_whole)
		buf_adds(&sheet, "<worksheet><cols><col min='2' max='3' hidden='1'/></cols>"
				 "<sheetData>");
	buf_add_slice(&sheet, rows);
	if (!is_whole)
		buf_adds(&sheet, "</sheetData><mergeCells><mergeCell ref='A1:C2'/></mergeCells>"
				 "</worksheet>");
	made_add(m, "xl/worksheets/sheet1.xml", buf_slice(&sheet));
	buf_free(&sheet);
}

static void
make(struct made *m, char kind, const char *text)
{
	const char *rows = "<row r='1'><c r='A1' t='s'><v>0</v></c><c s='1'><v>40000.5</v></c>"
			   "<c t='s'><v>1</v></c></row>";
	struct made_book b = {
		.styles = "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='d/m/yyyy'/>"
			  "</numFmts><cellXfs><xf numFmtId='0'/><xf numFmtId='164'/>"
			  "<xf numFmtId='22'/><xf numFmtId='20'/><xf numFmtId='46'/></cellXfs>"
			  "</styleSheet>",
		.strings = "<sst><si><t>a</t></si><si><r><t>b</t></r></si></sst>",
	};

	if (kind == 'S')
		b.strings = text;
	if (kind == 'F')
		b.styles = text;
	if (kind == 'B')
		b.workbook = text;
	if (kind == 'T')
		b.relations = text;
	made_add_book(m, b);
	add_sheet(m, slice_of(kind == 'R' || kind == 'W' ? text : rows), kind == 'W');
	made_finish(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	int fd = memfd_create("xlsx", MFD_CLOEXEC);
	struct made m = {0};
	char path[40], *text;

	if (n == 0 || fd < 0) {
		must(fd >= 0, "no file in memory");
		close(fd);
		return 0;
	}
	if (memchr("RWSFBT", data[0], 6) != NULL) {
		text = strndup((const char *)data + 1, n - 1);
		make(&m, (char)data[0], text);
		free(text);
	} else {
		buf_add(&m.zip, data + 1, n - 1);
	}
	must(m.zip.len == 0 || write(fd, m.zip.data, m.zip.len) == (ssize_t)m.zip.len, "write");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	check_file(path);
	buf_free(&m.zip);
	close(fd);
	return 0;
}
