/* SPDX-License-Identifier: MIT */
/* It blocks and burns; nothing else of the server lives in it. */
#include "dispatcher/receive/book_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/xlsx.h"
#include "segments/hidden_text.h"
#include "segments/import_columns.h"
#include "segments/table_shape.h"

#define OUT_BYTES 65536u	/* written at once */
#define AREAS_ACTIVE_MAX 1024u	/* merged areas that a row may be in */
#define SHEETS_TOLD 64u		/* of a workbook, in the report and in errors */
#define CELLS_TOLD 10u		/* errors and uncalculated formulas, by name */
#define MEMORY_MAX (2ull << 30) /* of addresses, what the server has included */
#ifdef __SANITIZE_ADDRESS__
#define HAS_MEMORY_LIMIT 0 /* its shadow is larger */
#else
#define HAS_MEMORY_LIMIT 1
#endif

/* A sheet as its first rows show it. */
struct probe {
	bool has_text, is_list;
	uint32_t first_line, last_line; /* of the titles */
	char fingerprint[17];
};

/* A merged area that the rows have come to. */
struct active {
	struct xlsx_area area;
	char *text; /* NULL: there is none */
	size_t n;
	enum cell_kind kind;
};

struct helper {
	const struct book_options *o;
	int fd;
	struct xlsx *x;
	struct probe *probes; /* [sheets] */
	size_t sheet;	      /* that is read */
	bool is_all;	      /* and the other lists behind it */
	struct buf out;
	struct xlsx_merges merges;
	size_t next_area;
	struct active *active;
	size_t active_count;
	struct import_cell *cells;
	size_t cells_cap;
	uint64_t rows_hidden, filled, errors, uncalculated;
	struct buf error_cells, uncalculated_cells; /* JSON strings with commas between */
};

/* ---- frames ---- */

static void
flush(struct helper *h)
{
	size_t done = 0;

	while (done < h->out.len) {
		ssize_t n = write(h->fd, h->out.data + done, h->out.len - done);

		if (n < 0 && errno != EINTR)
			_exit(1); /* nobody reads any more */
		done += n > 0 ? (size_t)n : 0;
	}
	buf_reset(&h->out);
}

static void
add_frame(struct helper *h, char kind, struct slice payload)
{
	buf_add_u32(&h->out, (uint32_t)payload.n);
	buf_addc(&h->out, kind);
	buf_add_slice(&h->out, payload);
}

static void
tell_error(struct helper *h, const struct err_ctx *e)
{
	json_t *v =
		json_pack("{s:i, s:i, s:i, s:s, s:s, s:s}", "code", (int)e->code, "line", e->line,
			  "column", e->column, "what", e->what, "why", e->why, "todo", e->todo);
	struct buf text = {0};

	if (v == NULL) /* words cut inside a character */
		v = json_pack("{s:i, s:s, s:s}", "code", ERR_INPUT, "what", h->o->file, "why",
			      "cannot be read");
	json_add_value(&text, v);
	add_frame(h, 'X', buf_slice(&text));
	flush(h);
}

/* ---- cells ---- */

static void
add_cell_name(struct buf *to, uint32_t row, uint32_t column)
{
	char name[8];

	xlsx_column_name(column, name);
	buf_addf(to, "%s\"%s%u\"", to->len > 0 ? "," : "", name, row);
}

/* Errors are no values: nobody is called "#N/A". */
static struct import_cell
import_cell_of(const struct xlsx_cell *c)
{
	static const enum cell_kind kinds[] = {
		[XLSX_NUMBER] = CELL_IS_NUMBER,
		[XLSX_DATE] = CELL_IS_DATE,
		[XLSX_BOOL] = CELL_IS_BOOL,
		[XLSX_UNCALCULATED] = CELL_IS_TEXT,
	};
	struct import_cell cell = {.text = c->text, .kind = kinds[c->kind]};

	cell.is_hidden = c->is_hidden;
	if (c->kind == XLSX_ERROR)
		cell.text = (struct slice){NULL, 0};
	/* with a time of day it is a text like any other */
	if (c->kind == XLSX_DATE && c->text.n != 10)
		cell.kind = CELL_IS_TEXT;
	return cell;
}

static size_t
take_cells(struct helper *h, const struct xlsx_row *row)
{
	size_t room = (size_t)row->count + 1;

	if (room > h->cells_cap) {
		h->cells_cap = room * 2;
		h->cells = xrealloc(h->cells, h->cells_cap * sizeof(*h->cells));
	}
	for (uint32_t i = 0; i < row->count; i++)
		h->cells[i] = import_cell_of(&row->cells[i]);
	return row->count;
}

static void
count_cells(struct helper *h, const struct xlsx_row *row)
{
	for (uint32_t i = 0; i < row->count; i++) {
		enum xlsx_kind kind = row->cells[i].kind;

		if (kind == XLSX_ERROR && h->errors++ < CELLS_TOLD)
			add_cell_name(&h->error_cells, row->number, i + 1);
		if (kind == XLSX_UNCALCULATED && h->uncalculated++ < CELLS_TOLD)
			add_cell_name(&h->uncalculated_cells, row->number, i + 1);
	}
}

/* ---- merged areas ---- */

/* Those that end above the row are over; those that begin at or above it are active. */
static void
move_areas(struct helper *h, uint32_t row)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->active_count; i++) {
		if (h->active[i].area.last_row >= row)
			h->active[kept++] = h->active[i];
		else
			free(h->active[i].text);
	}
	h->active_count = kept;
	while (h->next_area < h->merges.count && h->merges.areas[h->next_area].first_row <= row) {
		struct xlsx_area a = h->merges.areas[h->next_area++];

		if (a.first_row > h->probes[h->sheet].last_line && a.last_row > a.first_row &&
		    a.last_row >= row && h->active_count < AREAS_ACTIVE_MAX)
			h->active[h->active_count++] = (struct active){.area = a};
	}
}

static size_t
fill_one(struct helper *h, struct active *a, uint32_t row, size_t count)
{
	size_t at = a->area.first_column - 1;

	if (a->area.first_row == row && at < count && h->cells[at].text.n > 0) {
		a->text = xmemdup0(h->cells[at].text.p, h->cells[at].text.n);
		a->n = h->cells[at].text.n;
		a->kind = h->cells[at].kind;
	} else if (a->area.first_row < row && a->text != NULL &&
		   (at >= count || h->cells[at].text.n == 0)) {
		if (at >= h->cells_cap) {
			h->cells_cap = (at + 1) * 2;
			h->cells = xrealloc(h->cells, h->cells_cap * sizeof(*h->cells));
		}
		while (count <= at)
			h->cells[count++] = (struct import_cell){0};
		h->cells[at].text = (struct slice){a->text, a->n};
		h->cells[at].kind = a->kind;
		h->filled++;
	}
	return count;
}

/* ---- a sheet ---- */

static enum err
on_row(void *arg, const struct xlsx_row *row, struct err_ctx *e)
{
	struct helper *h = arg;
	size_t count = take_cells(h, row), bytes = 0;

	if (row->number > h->probes[h->sheet].last_line) {
		h->rows_hidden += row->is_hidden;
		count_cells(h, row);
	}
	move_areas(h, row->number);
	for (size_t i = 0; i < h->active_count; i++)
		count = fill_one(h, &h->active[i], row->number, count);
	for (size_t i = 0; i < count; i++)
		bytes += h->cells[i].text.n;
	if (bytes > BOOK_ROW_BYTES_MAX) {
		e->line = (int)row->number;
		return err_set(e, ERR_INPUT, h->o->file, "shorten its texts",
			       "sheet %.60s, row %u: the row is longer than %u kB",
			       xlsx_sheet(h->x, h->sheet)->name, row->number,
			       BOOK_ROW_BYTES_MAX >> 10);
	}
	buf_add_u32(&h->out, (uint32_t)(8 + 5 * count + bytes));
	buf_addc(&h->out, 'R');
	buf_add_u32(&h->out, row->number);
	buf_add_u32(&h->out, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		const struct import_cell *c = &h->cells[i];

		buf_add_u8(&h->out, (uint8_t)(c->kind | (c->is_hidden ? FRAME_CELL_HIDDEN : 0)));
		buf_add_u32(&h->out, (uint32_t)c->text.n);
		buf_add_slice(&h->out, c->text);
	}
	if (h->out.len >= OUT_BYTES)
		flush(h);
	return ERR_OK;
}

struct probing {
	struct helper *helper;
	struct hidden_text text; /* titles in an old font are titles too */
	struct table_shape shape;
	bool is_enough;
};

static enum err
on_probe_text(void *arg, const struct import_cells *row, struct err_ctx *e)
{
	struct probing *p = arg;

	(void)e;
	p->is_enough = table_shape_look(&p->shape, row);
	return p->is_enough ? ERR_CONFLICT : ERR_OK; /* which ends the reading */
}

static enum err
on_probe_row(void *arg, const struct xlsx_row *row, struct err_ctx *e)
{
	struct probing *p = arg;
	size_t count = take_cells(p->helper, row);

	return hidden_text_row(&p->text,
			       &(struct import_cells){p->helper->cells, count, row->number}, e);
}

static enum err
probe_sheet(struct helper *h, size_t sheet, struct err_ctx *e)
{
	struct probing p = {.helper = h};
	struct probe *out = &h->probes[sheet];
	struct xlsx_reading reading = {.on_row = on_probe_row, .arg = &p};
	enum err rc;

	table_shape_init(&p.shape, h->o->headers, h->o->choices);
	hidden_text_init(&p.text, on_probe_text, &p);
	rc = xlsx_read(h->x, sheet, &reading, e);
	if (rc == ERR_OK)
		rc = hidden_text_end(&p.text, e);
	if (rc == ERR_CONFLICT && p.is_enough)
		rc = ERR_OK;
	if (rc == ERR_OK && !p.is_enough)
		table_shape_settle(&p.shape);
	if (rc == ERR_OK && p.shape.found >= 0) {
		const struct table_shape *t = &p.shape;

		out->has_text = true;
		out->first_line = t->rows[t->upper >= 0 ? t->upper : t->found].line;
		out->last_line = t->rows[t->lower >= 0 ? t->lower : t->found].line;
		import_columns_fingerprint(t, out->fingerprint);
		out->is_list = t->is_sure || h->o->is_remembered(h->o->arg, out->fingerprint);
	}
	table_shape_free(&p.shape);
	hidden_text_free(&p.text);
	return rc;
}

/* ---- which sheet ---- */

static enum err
fail_no_sheet(const struct helper *h, struct err_ctx *e)
{
	struct buf names = {0};

	for (size_t i = 0; i < xlsx_sheet_count(h->x) && names.len < 250; i++)
		buf_addf(&names, "%s%zu %.80s", i > 0 ? ", " : "", i + 1,
			 xlsx_sheet(h->x, i)->name);
	err_set(e, ERR_INPUT, h->o->file, "name one of them, or its number",
		"has no sheet \"%.80s\"; it has: %s", h->o->sheet, names.data);
	buf_free(&names);
	return ERR_INPUT;
}

/* By its name as it is, then in other capitals and blanks, then by its number. */
static enum err
find_sheet(struct helper *h, struct err_ctx *e)
{
	size_t count = xlsx_sheet_count(h->x);
	struct slice wanted = slice_of(h->o->sheet);
	int64_t number;

	for (size_t i = 0; i < count; i++) {
		h->sheet = i;
		if (strcmp(xlsx_sheet(h->x, i)->name, h->o->sheet) == 0)
			return ERR_OK;
	}
	for (size_t i = 0; i < count; i++) {
		h->sheet = i;
		if (headers_is_same(slice_of(xlsx_sheet(h->x, i)->name), wanted))
			return ERR_OK;
	}
	if (!slice_to_i64(wanted, &number) || number < 1 || (uint64_t)number > count)
		return fail_no_sheet(h, e);
	h->sheet = (size_t)number - 1;
	return ERR_OK;
}

static bool
is_better(const struct helper *h, size_t sheet, size_t than)
{
	const struct probe *a = &h->probes[sheet], *b = &h->probes[than];
	bool is_visible = xlsx_sheet(h->x, sheet)->visibility == XLSX_VISIBLE;
	bool is_other_visible = xlsx_sheet(h->x, than)->visibility == XLSX_VISIBLE;

	if (is_visible != is_other_visible)
		return is_visible;
	return a->is_list != b->is_list ? a->is_list : a->has_text && !b->has_text;
}

static enum err
choose_sheet(struct helper *h, struct err_ctx *e)
{
	size_t count = xlsx_sheet_count(h->x);
	enum err rc = ERR_OK;

	bool is_open = h->o->sheet[0] == '\0';

	h->probes = xcalloc(count, sizeof(*h->probes));
	h->is_all = strcmp(h->o->sheet, SHEET_ALL) == 0;
	for (size_t i = 0; i < count && h->is_all; i++)
		h->is_all = strcmp(xlsx_sheet(h->x, i)->name, SHEET_ALL) != 0;
	is_open |= h->is_all;
	if (!is_open)
		rc = find_sheet(h, e);
	for (size_t i = 0; i < count && rc == ERR_OK; i++)
		/* what is not read need not be sound, unless it is asked for */
		if (probe_sheet(h, i, e) != ERR_OK && (is_open || i == h->sheet))
			rc = e->code;
	for (size_t i = 1; i < count && is_open; i++)
		if (is_better(h, i, h->sheet))
			h->sheet = i;
	return rc;
}

/* ---- what was seen ---- */

static void
add_seen(struct helper *h, struct buf *to)
{
	static const char *const words[] = {"visible", "hidden", "very-hidden"};
	size_t count = xlsx_sheet_count(h->x);
	bool is_first = true;

	buf_adds(to, "{\"sheet\":");
	json_add_string(to, slice_of(xlsx_sheet(h->x, h->sheet)->name));
	buf_addf(to, ",\"number\":%zu,\"sheets\":[", h->sheet + 1);
	for (size_t i = 0; i < count && i < SHEETS_TOLD; i++) {
		const struct probe *p = &h->probes[i];

		buf_adds(to, i > 0 ? ",{\"name\":" : "{\"name\":");
		json_add_string(to, slice_of(xlsx_sheet(h->x, i)->name));
		buf_addf(to, ",\"visibility\":\"%s\",\"list\":%s,\"same_titles\":%s}",
			 words[xlsx_sheet(h->x, i)->visibility], p->is_list ? "true" : "false",
			 p->has_text && h->probes[h->sheet].has_text &&
					 strcmp(p->fingerprint, h->probes[h->sheet].fingerprint) ==
						 0
				 ? "true"
				 : "false");
	}
	buf_addf(to,
		 "],\"rows_hidden\":%llu,\"cells_filled\":%llu,\"errors\":%llu,\"error_cells\":[",
		 (unsigned long long)h->rows_hidden, (unsigned long long)h->filled,
		 (unsigned long long)h->errors);
	buf_add_slice(to, buf_slice(&h->error_cells));
	buf_addf(to, "],\"uncalculated\":%llu,\"uncalculated_cells\":[",
		 (unsigned long long)h->uncalculated);
	buf_add_slice(to, buf_slice(&h->uncalculated_cells));
	buf_adds(to, "],\"columns_hidden\":[");
	for (uint32_t c = 1; c <= XLSX_COLUMNS_MAX; c++) {
		char name[8];

		if (c > COLUMNS_MAX || !xlsx_column_is_hidden(h->x, h->sheet, c))
			continue;
		xlsx_column_name(c, name);
		buf_addf(to, "%s\"%s\"", is_first ? "" : ",", name);
		is_first = false;
	}
	buf_adds(to, "]}");
}

/* ---- the whole ---- */

static void
forget_sheet(struct helper *h)
{
	xlsx_merges_free(&h->merges);
	for (size_t i = 0; i < h->active_count; i++)
		free(h->active[i].text);
	h->active_count = h->next_area = 0;
	h->rows_hidden = h->filled = h->errors = h->uncalculated = 0;
	buf_reset(&h->error_cells);
	buf_reset(&h->uncalculated_cells);
}

static enum err
read_sheet(struct helper *h, struct err_ctx *e)
{
	struct xlsx_reading reading = {.on_row = on_row, .arg = h};
	enum err rc;

	forget_sheet(h);
	add_frame(h, 'S', slice_of(xlsx_sheet(h->x, h->sheet)->name));
	rc = xlsx_merges(h->x, h->sheet, 0, &h->merges, e);
	return rc == ERR_OK ? xlsx_read(h->x, h->sheet, &reading, e) : rc;
}

/* 0 = this one is the last. */
static size_t
next_sheet(const struct helper *h)
{
	for (size_t i = h->sheet + 1; h->is_all && i < xlsx_sheet_count(h->x); i++)
		if (h->probes[i].is_list && xlsx_sheet(h->x, i)->visibility == XLSX_VISIBLE)
			return i;
	return 0;
}

static enum err
read_workbook(struct helper *h, const char *path, struct err_ctx *e)
{
	struct xlsx_options options = {.file = h->o->file};
	enum err rc = xlsx_open(path, &options, &h->x, e);

	if (rc == ERR_OK)
		rc = choose_sheet(h, e);
	h->active = xcalloc(AREAS_ACTIVE_MAX, sizeof(*h->active));
	while (rc == ERR_OK) {
		size_t next = next_sheet(h);
		struct buf seen = {0};

		rc = read_sheet(h, e);
		if (rc == ERR_OK) {
			add_seen(h, &seen);
			add_frame(h, next > 0 ? 'T' : 'E', buf_slice(&seen));
		}
		buf_free(&seen);
		if (next == 0)
			break;
		h->sheet = next;
	}
	if (rc == ERR_OK)
		flush(h);
	return rc;
}

static void
set_limit(int which, uint64_t value)
{
	struct rlimit l = {.rlim_cur = value, .rlim_max = value};

	setrlimit((__rlimit_resource_t)which, &l);
}

static void
set_limits(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "loa-workbook");
	setpriority(PRIO_PROCESS, 0, 10); /* messages go first */
	set_limit(RLIMIT_CPU, BOOK_CPU_S);
	set_limit(RLIMIT_FSIZE, BOOK_BYTES_MAX);
	set_limit(RLIMIT_CORE, 0);
	if (HAS_MEMORY_LIMIT)
		set_limit(RLIMIT_AS, MEMORY_MAX);
}

/* A file that nobody else can open, and that is gone with the last of its users. */
static int
make_file(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct buf name = {0};

	if (fd >= 0)
		return fd;
	buf_addf(&name, "%s/workbook-XXXXXX", folder);
	fd = mkostemp(name.data, O_CLOEXEC);
	if (fd >= 0)
		unlink(name.data);
	buf_free(&name);
	return fd;
}

static bool
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno != EINTR)
			return false;
		p += done > 0 ? done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
	return true;
}

static enum err
take_upload(struct helper *h, int file, struct err_ctx *e)
{
	char *piece = xmalloc(OUT_BYTES);
	bool is_good = file >= 0;
	ssize_t n = 1;

	while (is_good && n != 0) {
		n = read(h->fd, piece, OUT_BYTES);
		if (n < 0 && errno != EINTR)
			_exit(1);
		is_good = n <= 0 || write_all(file, piece, (size_t)n);
	}
	if (!is_good)
		err_set(e, ERR_SYSTEM, h->o->file, "make room in the server's folder of \"data\"",
			"cannot be kept while it is read: %s", strerror(errno));
	free(piece);
	return is_good ? ERR_OK : ERR_SYSTEM;
}

void
book_helper_run(int fd, void *options)
{
	struct helper h = {.o = options, .fd = fd};
	struct err_ctx e = {0};
	char path[64];
	int file;

	set_limits();
	file = make_file(h.o->folder);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	if (take_upload(&h, file, &e) != ERR_OK || read_workbook(&h, path, &e) != ERR_OK)
		tell_error(&h, &e);
}
