/* SPDX-License-Identifier: MIT */
/*
 * GET /lists/{name}/rows: a list's newest version as CSV or lines of JSON.
 *
 *   list with its snapshot → answer begins → a few blocks → rest while the reader is behind → …
 *
 * Without ?full=1 nothing in it tells a phone, a personal number or a sensitive value. An error after
 * the answer has begun cuts it, so that nobody takes a part for the whole.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/csv.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/run/cells.h"

#define STEP_BLOCKS 8u
#define BEHIND_MAX (256u << 10)

struct list_export {
	struct api *api;
	struct http_exchange *x;
	struct list *list; /* NULL until it is loaded */
	struct sweep *sweep;
	uint32_t next; /* block that is not asked for yet */
	bool is_json, has_bom;
	bool has_begun; /* the answer */
	bool is_resting;
	bool is_cut; /* the reader is too far behind, or gone */
	uint64_t rows;
	struct cells_view view;
	struct buf out;
};

static void
export_free(struct list_export *ex)
{
	ex->api->exports--;
	list_free(ex->list);
	buf_free(&ex->out);
	buf_free(&ex->view.scratch);
	free(ex);
}

static void
export_end(struct list_export *ex, const struct err_ctx *e)
{
	if (!ex->has_begun) {
		http_answer_error(ex->x, e);
		export_free(ex);
		return;
	}
	http_on_gone(ex->x, NULL, NULL);
	http_stream_on_room(ex->x, NULL, NULL);
	log_info("list=%s version=%u rows=%llu export=list phones=%s result=%s", ex->list->name,
		 ex->list->version, (unsigned long long)ex->rows,
		 ex->view.is_full ? "full" : "masked", e == NULL ? "done" : "broken");
	if (e == NULL)
		http_stream_end(ex->x);
	else
		http_stream_abort(ex->x);
	export_free(ex);
}

/* ---- rows ---- */

static void
add_row(struct list_export *ex, const struct block *b, uint32_t row)
{
	for (uint32_t c = 0; c < ex->list->schema.count; c++) {
		struct slice text =
			cells_show(&ex->view, c, block_cell(b, row, c), block_phone(b, row));

		buf_adds(&ex->out, c > 0 ? "," : ex->is_json ? "[" : "");
		if (ex->is_json)
			json_add_string(&ex->out, text);
		else
			csv_add_defused(&ex->out, text, ',');
	}
	buf_adds(&ex->out, ex->is_json ? "]\n" : "\r\n");
	ex->rows++;
}

static bool
on_block(void *arg, uint32_t index, const struct block *b)
{
	struct list_export *ex = arg;

	(void)index;
	for (uint32_t i = 0; i < b->rows; i++)
		if (!block_is_deleted(b, i))
			add_row(ex, b, i);
	ex->is_cut = !http_stream_write(ex->x, buf_slice(&ex->out));
	buf_reset(&ex->out);
	return !ex->is_cut;
}

static void on_swept(void *arg, const struct err_ctx *e);

static void
go_on(struct list_export *ex)
{
	uint32_t from = ex->next, count = (uint32_t)ex->list->block_count;
	struct sweep_options o = {.on_block = on_block, .on_done = on_swept, .arg = ex};
	struct daemon *d = ex->api->daemon;

	ex->next = count - from < STEP_BLOCKS ? count : from + STEP_BLOCKS;
	ex->sweep = sweep_start(d->loop, engine_bulk(d->engine), ex->list, from, ex->next, &o);
}

static void
on_swept(void *arg, const struct err_ctx *e)
{
	struct list_export *ex = arg;
	struct err_ctx cut;

	ex->sweep = NULL;
	if (ex->is_cut) {
		err_set(&cut, ERR_UNREACHABLE, "reader", "", "is gone");
		e = &cut;
	}
	if (e != NULL || ex->next == ex->list->block_count)
		export_end(ex, e);
	else if (http_stream_behind(ex->x) > BEHIND_MAX)
		ex->is_resting = true;
	else
		go_on(ex);
}

static void
on_room(struct http_exchange *x, void *arg)
{
	struct list_export *ex = arg;

	(void)x;
	if (!ex->is_resting)
		return;
	ex->is_resting = false;
	go_on(ex);
}

static void
on_gone(struct http_exchange *x, void *arg)
{
	struct list_export *ex = arg;

	(void)x;
	if (ex->sweep != NULL)
		sweep_cancel(ex->sweep);
	http_stream_on_room(ex->x, NULL, NULL);
	http_stream_end(ex->x);
	export_free(ex);
}

/* ---- the beginning ---- */

static void
add_titles(struct list_export *ex)
{
	const struct schema *s = &ex->list->schema;

	if (ex->has_bom && !ex->is_json)
		buf_adds(&ex->out, "\xEF\xBB\xBF");
	if (ex->is_json) {
		buf_adds(&ex->out, "{\"list\":");
		json_add_string(&ex->out, slice_of(ex->list->name));
		buf_addf(&ex->out, ",\"version\":%u,\"rows\":%llu,\"columns\":[", ex->list->version,
			 (unsigned long long)ex->list->rows);
	}
	for (uint32_t c = 0; c < s->count; c++) {
		buf_adds(&ex->out, c > 0 ? "," : "");
		if (!ex->is_json) {
			csv_add_defused(&ex->out, slice_of(s->columns[c].title), ',');
			continue;
		}
		buf_adds(&ex->out, "{\"title\":");
		json_add_string(&ex->out, slice_of(s->columns[c].title));
		buf_addf(&ex->out, ",\"name\":\"%s\",\"type\":\"%s\"}", s->columns[c].name,
			 column_type_name(&s->columns[c]));
	}
	buf_adds(&ex->out, ex->is_json ? "]}\n" : "\r\n");
}

static void
export_begin(struct list_export *ex)
{
	http_set_header(ex->x, "Cache-Control", "no-store");
	if (!ex->is_json)
		http_set_header(ex->x, "Content-Disposition", "attachment; filename=\"list.csv\"");
	http_stream_begin(ex->x, 200,
			  ex->is_json ? "application/x-ndjson"
				      : "text/csv; charset=utf-8; header=present");
	http_on_gone(ex->x, on_gone, ex);
	http_stream_on_room(ex->x, on_room, ex);
	ex->has_begun = true;
	add_titles(ex);
	go_on(ex);
}

static void
on_reading_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	(void)n;
	if (e == NULL)
		export_begin(arg);
	else
		export_end(arg, e);
}

static bool
has_sensitive(const struct schema *s)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (s->columns[i].is_sensitive)
			return true;
	return false;
}

static void
on_list(void *arg, struct list *l, const struct err_ctx *e)
{
	struct list_export *ex = arg;
	char object[160];
	struct err_ctx why;

	ex->list = l;
	if (l != NULL)
		ex->view.schema = &l->schema;
	if (l == NULL) {
		export_end(ex, e);
	} else if (ex->view.is_full && has_sensitive(&l->schema)) {
		snprintf(object, sizeof(object), "list:%s", l->name);
		if (api_audit_reading(ex->api, ex->x, object, on_reading_audited, ex, &why) !=
		    ERR_OK)
			export_end(ex, &why);
	} else {
		export_begin(ex);
	}
}

void
on_list_rows(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *name = api_name(x, "name", "list"), *format = http_query(x, "format"),
		   *bom = http_query(x, "bom");
	struct list_export *ex;
	struct err_ctx e;
	bool is_full;

	if (name == NULL || !api_is_open(a, x))
		return;
	if (api_read_full(a, x, &is_full, &e) != ERR_OK) {
		http_answer_error(x, &e);
		return;
	}
	if (format != NULL && strcmp(format, "csv") != 0 && strcmp(format, "json") != 0) {
		err_set(&e, ERR_INPUT, "format", "write csv or json", "there is no format \"%s\"",
			format);
		http_answer_error(x, &e);
		return;
	}
	if (!api_may_export(a, x))
		return;
	ex = xcalloc(1, sizeof(*ex));
	ex->api = a;
	ex->x = x;
	ex->view.is_full = is_full;
	ex->is_json = format != NULL && strcmp(format, "json") == 0;
	ex->has_bom = bom != NULL && strcmp(bom, "0") != 0;
	list_load(engine_redis(a->daemon->engine), name, true, on_list, ex);
}
