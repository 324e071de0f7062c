/* SPDX-License-Identifier: MIT */
#include "base/xlsx_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <xlsxwriter.h>

#include "base/mem.h"
#include "base/text.h"

#define SHEET_NAME_MAX 31 /* UTF-16 units */
#define DIGITS_MAX 15	  /* of a number in Excel */
#define WIDTH_MAX 40.0
#define TEXT_FORMAT_MAX 255 /* Excel shows #### for longer texts in the format "@" */

struct xlsx_write {
	lxw_workbook *book;
	lxw_worksheet *sheet;
	lxw_format *bold, *date;
	lxw_format *as_text; /* "@": a phone stays text when somebody edits it */
	char *path, *part;   /* the file, and where it grows */
	char *folder;
	char *name; /* of the first sheet */
	struct buf *titles;
	uint32_t columns, rows_max;
	uint32_t sheets, row; /* row: the next one of the sheet, from 0 */
	uint64_t rows;	      /* written behind title rows */
	struct buf text;      /* the cell that is written, with a NUL */
	bool has_failed;
	struct err_ctx failure; /* the first one */
};

/* The first failure is kept: the rows behind it are not written. */
static enum err
fail_with(struct xlsx_write *w, struct err_ctx *e)
{
	w->has_failed = true;
	if (e != NULL)
		*e = w->failure;
	return w->failure.code;
}

static enum err
fail_system(struct xlsx_write *w, struct err_ctx *e, const char *why)
{
	err_set(&w->failure, ERR_SYSTEM, w->path,
		"see that its folder and the one for temporary "
		"files have room and may be written to",
		"cannot be written: %s", why);
	return fail_with(w, e);
}

/* ---- sheets ---- */

/* What Excel takes as a name (no : \ / ? * [ ], no ' at the ends), with room for a suffix. */
static void
add_sheet_name(struct buf *out, struct slice name, size_t units)
{
	struct slice rest = name;
	int32_t c;

	while ((c = text_next(&rest)) != -1) {
		size_t n = c >= 0x10000 ? 2 : 1;

		if (n > units)
			break;
		units -= n;
		if (c < 0x20 || c == 0xFFFE || c == 0xFFFF || (c < 0x80 && strchr(":\\/?*[]", c)))
			c = '-';
		text_add_code_point(out, c);
	}
	if (out->len > 0 && out->data[0] == '\'')
		out->data[0] = '-';
	if (out->len > 0 && out->data[out->len - 1] == '\'')
		out->data[out->len - 1] = '-';
	if (out->len == 0)
		buf_adds(out, "Sheet1");
}

static void
write_titles(struct xlsx_write *w)
{
	worksheet_freeze_panes(w->sheet, 1, 0);
	/* no green corners at phones */
	worksheet_ignore_errors(w->sheet, LXW_IGNORE_NUMBER_STORED_AS_TEXT, "A1:XFD1048576");
	for (uint32_t c = 0; c < w->columns; c++) {
		double width = (double)text_length(buf_slice(&w->titles[c])) + 4;

		worksheet_set_column(w->sheet, (lxw_col_t)c, (lxw_col_t)c,
				     width < 12		 ? 12
				     : width < WIDTH_MAX ? width
							 : WIDTH_MAX,
				     NULL);
		worksheet_write_string(w->sheet, 0, (lxw_col_t)c, w->titles[c].data, w->bold);
	}
	w->row = 1;
}

static enum err
begin_sheet(struct xlsx_write *w, struct err_ctx *e)
{
	struct buf name = {0};
	char suffix[16] = "";

	w->sheets++;
	if (w->sheets > 1)
		snprintf(suffix, sizeof(suffix), " (%u)", w->sheets);
	add_sheet_name(&name, slice_of(w->name), SHEET_NAME_MAX - strlen(suffix));
	buf_adds(&name, suffix);
	w->sheet = workbook_add_worksheet(w->book, name.data);
	if (w->sheet == NULL) { /* a name that Excel keeps for itself */
		buf_reset(&name);
		buf_addf(&name, "Sheet%u", w->sheets);
		w->sheet = workbook_add_worksheet(w->book, name.data);
	}
	buf_free(&name);
	if (w->sheet == NULL || w->sheet->optimize_tmpfile == NULL)
		return fail_system(w, e, "no temporary file");
	write_titles(w);
	return ERR_OK;
}

/* ---- texts ---- */

static bool
is_escape(struct slice s)
{
	if (s.n < 7 || s.p[0] != '_' || s.p[1] != 'x' || s.p[6] != '_')
		return false;
	for (int i = 2; i < 6; i++)
		if (hex_value(s.p[i]) < 0)
			return false;
	return true;
}

/* What would be read as an escape (18.4.1 ST_Xstring) gets its "_" escaped. False: no cell's. */
static bool
encode_text(struct slice s, struct buf *out)
{
	buf_reset(out);
	buf_adds(out, "");
	if (s.n == 0)
		return true;
	if (text_find_malformed(s) >= 0 || memchr(s.p, '\0', s.n) != NULL ||
	    memmem(s.p, s.n, "\xEF\xBF\xBE", 3) != NULL ||
	    memmem(s.p, s.n, "\xEF\xBF\xBF", 3) != NULL || xlsx_text_is_long(s))
		return false;
	if (memmem(s.p, s.n, "_x", 2) == NULL) {
		buf_add_slice(out, s);
		return true;
	}
	for (; s.n > 0; s = (struct slice){s.p + 1, s.n - 1}) {
		if (is_escape(s))
			buf_adds(out, "_x005F");
		buf_addc(out, s.p[0]);
	}
	return true;
}

/* A number whose digits a double keeps, as it stands: -12.50, but not 007. */
static bool
take_number(struct slice s, double *out)
{
	size_t digits = 0, i = s.n > 0 && s.p[0] == '-' ? 1 : 0, first = i;
	bool has_point = false;

	for (; i < s.n; i++) {
		if (s.p[i] == '.' && !has_point && digits > 0 && i + 1 < s.n)
			has_point = true;
		else if (s.p[i] >= '0' && s.p[i] <= '9')
			digits++;
		else
			return false;
	}
	if (digits == 0 || digits > DIGITS_MAX ||
	    (s.p[first] == '0' && first + 1 < s.n && s.p[first + 1] != '.'))
		return false;
	return slice_to_double(s, out);
}

/* Serial number of yyyy-mm-dd, from March 1900 on, where all programs agree. */
static bool
take_date(struct slice s, double *out)
{
	struct tm tm = {0}, again;
	char text[11], back[16];
	time_t t;

	if (s.n != 10)
		return false;
	slice_copy(text, sizeof(text), s);
	for (int i = 0; i < 10; i++)
		if (i == 4 || i == 7 ? text[i] != '-' : text[i] < '0' || text[i] > '9')
			return false;
	tm.tm_year = (int)slice_to_u64((struct slice){text, 4}) - 1900;
	tm.tm_mon = (int)slice_to_u64((struct slice){text + 5, 2}) - 1;
	tm.tm_mday = (int)slice_to_u64((struct slice){text + 8, 2});
	t = timegm(&tm);
	if (gmtime_r(&t, &again) == NULL ||
	    strftime(back, sizeof(back), "%Y-%m-%d", &again) != 10 || strcmp(back, text) != 0)
		return false;
	*out = (double)(t / 86400 + 25569);
	return strcmp(text, "1900-03-01") >= 0;
}

/* ---- public ---- */

static struct xlsx_write *
new_write(const char *path, const struct xlsx_write_options *o)
{
	struct xlsx_write *w = xcalloc(1, sizeof(*w));
	struct buf part = {0};

	w->path = xstrdup(path);
	buf_addf(&part, "%s.part", path);
	w->part = buf_take(&part);
	w->folder = o->folder != NULL ? xstrdup(o->folder) : NULL;
	w->name = xstrdup(o->sheet != NULL ? o->sheet : "");
	w->columns = o->columns <= XLSX_COLUMNS_MAX ? o->columns : XLSX_COLUMNS_MAX;
	w->rows_max = o->rows_max >= 2 && o->rows_max < XLSX_ROWS_MAX ? o->rows_max : XLSX_ROWS_MAX;
	w->titles = xcalloc(w->columns + 1, sizeof(*w->titles));
	for (uint32_t i = 0; i < w->columns; i++)
		if (!encode_text(o->titles[i], &w->titles[i]))
			buf_reset(&w->titles[i]), buf_adds(&w->titles[i], "?");
	return w;
}

static void
free_write(struct xlsx_write *w)
{
	for (uint32_t i = 0; i < w->columns; i++)
		buf_free(&w->titles[i]);
	free(w->titles);
	free(w->path);
	free(w->part);
	free(w->folder);
	free(w->name);
	buf_free(&w->text);
	free(w);
}

enum err
xlsx_write_open(const char *path, const struct xlsx_write_options *o, struct xlsx_write **out,
		struct err_ctx *e)
{
	struct xlsx_write *w = new_write(path, o);
	const char *folder = w->folder != NULL ? w->folder : getenv("TMPDIR");
	lxw_workbook_options options = {.constant_memory = LXW_TRUE,
					.tmpdir = (char *)(uintptr_t)folder};
	int fd = open(w->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	enum err err;

	*out = NULL;
	if (fd >= 0)
		close(fd);
	if (fd < 0) {
		err = fail_system(w, e, strerror(errno));
	} else if ((w->book = workbook_new_opt(w->part, &options)) == NULL) {
		err = fail_system(w, e, "no memory");
	} else {
		w->bold = workbook_add_format(w->book);
		format_set_bold(w->bold);
		w->date = workbook_add_format(w->book);
		/* said to be Vietnamese: LibreOffice takes it for its own short date otherwise */
		format_set_num_format(w->date, "[$-42A]dd/mm/yyyy");
		w->as_text = workbook_add_format(w->book);
		format_set_num_format(w->as_text, "@");
		err = begin_sheet(w, e);
	}
	if (err != ERR_OK)
		xlsx_write_abort(w);
	else
		*out = w;
	return err;
}

static enum err
write_cell(struct xlsx_write *w, uint32_t column, const struct xlsx_write_cell *c)
{
	lxw_col_t at = (lxw_col_t)column;
	double d;

	if (c->text.n == 0)
		return ERR_OK;
	if (c->kind == XLSX_WRITE_NUMBER && take_number(c->text, &d))
		worksheet_write_number(w->sheet, w->row, at, d, NULL);
	else if (c->kind == XLSX_WRITE_DATE && take_date(c->text, &d))
		worksheet_write_number(w->sheet, w->row, at, d, w->date);
	else if (!encode_text(c->text, &w->text))
		return ERR_INPUT;
	else
		worksheet_write_string(w->sheet, w->row, at, w->text.data,
				       w->text.len <= TEXT_FORMAT_MAX ? w->as_text : NULL);
	return ERR_OK;
}

enum err
xlsx_write_row(struct xlsx_write *w, const struct xlsx_write_cell *cells, struct err_ctx *e)
{
	if (w->has_failed)
		return fail_with(w, e);
	if (w->row >= w->rows_max && begin_sheet(w, e) != ERR_OK)
		return ERR_SYSTEM;
	for (uint32_t c = 0; c < w->columns; c++) {
		if (write_cell(w, c, &cells[c]) == ERR_OK)
			continue;
		err_set(&w->failure, ERR_INPUT, w->path, "export the list as CSV",
			"row %llu, column %u: no cell can hold this text",
			(unsigned long long)w->rows + 1, c + 1);
		w->failure.line = (int)(w->rows + 1);
		w->failure.column = (int)c + 1;
		return fail_with(w, e);
	}
	if (ferror(w->sheet->optimize_tmpfile))
		return fail_system(w, e, "the temporary file is full");
	w->row++;
	w->rows++;
	return ERR_OK;
}

/* libxlsxwriter does not look whether its temporary files could be written. */
static bool
are_sheets_written(struct xlsx_write *w)
{
	lxw_worksheet *s;

	STAILQ_FOREACH(s, w->book->worksheets, list_pointers)
	if (fflush(s->optimize_tmpfile) != 0 || ferror(s->optimize_tmpfile))
		return false;
	return true;
}

enum err
xlsx_write_finish(struct xlsx_write *w, struct err_ctx *e)
{
	enum err err = ERR_OK;
	lxw_error code;

	if (w->has_failed) {
		err = fail_with(w, e);
	} else if (!are_sheets_written(w)) {
		err = fail_system(w, e, "the temporary file is full");
	}
	if (err == ERR_OK) {
		code = workbook_close(w->book); /* frees it, however it ends */
		w->book = NULL;
		if (code != LXW_NO_ERROR)
			err = fail_system(w, e, lxw_strerror(code));
		else if (rename(w->part, w->path) != 0)
			err = fail_system(w, e, strerror(errno));
	}
	if (err != ERR_OK) {
		xlsx_write_abort(w);
		return err;
	}
	free_write(w);
	return ERR_OK;
}

void
xlsx_write_abort(struct xlsx_write *w)
{
	lxw_worksheet *s;

	if (w == NULL)
		return;
	if (w->book != NULL) {
		STAILQ_FOREACH(s, w->book->worksheets, list_pointers)
		if (s->optimize_tmpfile != NULL)
			fclose(s->optimize_tmpfile);
		lxw_workbook_free(w->book);
	}
	unlink(w->part);
	free_write(w);
}
