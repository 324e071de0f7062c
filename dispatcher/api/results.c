/* SPDX-License-Identifier: MIT */
/*
 * GET /campaigns/{id}/results: the audience as CSV or lines of JSON.
 *
 *   campaign → run → list and audience → answer begins → detail log → rows
 *
 * Errors before the answer begins are answers of their own; later ones cut the
 * answer, so that nobody takes a part for the whole. While more than
 * BEHIND_MAX bytes wait for the reader, the walk rests.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/run/results.h"

#define EXPORTS_MAX 8
#define PIECE_BYTES 16384u
#define BEHIND_MAX (256u << 10)

struct export
{
	struct api *api;
	struct http_exchange *x;
	struct results_format format;
	uint64_t run, rows;
	struct walk *walk;
	struct details *details;
	struct details_load *load; /* NULL = the log is read */
	struct buf out;
	bool has_begun; /* the answer */
	bool is_resting;
	struct err_ctx why; /* what ended the walk early */
};

static void
export_free(struct export *ex)
{
	ex->api->exports--;
	details_free_slowly(ex->api->daemon->loop, ex->details);
	buf_free(&ex->out);
	free(ex);
}

bool
api_may_export(struct api *a, struct http_exchange *x)
{
	struct err_ctx e;

	if (a->exports < EXPORTS_MAX) {
		a->exports++;
		return true;
	}
	err_set(&e, ERR_UNREACHABLE, "server", "try again when one has ended",
		"%d exports and counts are under way, and there may be no more", EXPORTS_MAX);
	http_set_header(x, "Retry-After", "10");
	http_answer_error(x, &e);
	return false;
}

static bool
is_asked(const struct http_exchange *x, const char *name)
{
	const char *v = http_query(x, name);

	return v != NULL && strcmp(v, "0") != 0;
}

/* ---- the answer ---- */

static void
export_end(struct export *ex, const struct err_ctx *e)
{
	if (ex->load != NULL)
		details_load_cancel(ex->load);
	http_on_gone(ex->x, NULL, NULL);
	http_stream_on_room(ex->x, NULL, NULL);
	if (!ex->has_begun) {
		http_answer_error(ex->x, e);
	} else if (e != NULL) {
		log_warn("run=%llu rows=%llu export=results result=broken what=\"%s\" why=\"%s\"",
			 (unsigned long long)ex->run, (unsigned long long)ex->rows, e->what,
			 e->why);
		http_stream_abort(ex->x);
	} else {
		log_info("run=%llu rows=%llu export=results phones=%s result=done",
			 (unsigned long long)ex->run, (unsigned long long)ex->rows,
			 ex->format.is_full ? "full" : "masked");
		http_stream_end(ex->x);
	}
	export_free(ex);
}

static void
on_gone(struct http_exchange *x, void *arg)
{
	struct export *ex = arg;

	(void)x;
	walk_cancel(ex->walk);
	if (ex->load != NULL)
		details_load_cancel(ex->load);
	http_stream_on_room(ex->x, NULL, NULL);
	http_stream_end(ex->x);
	export_free(ex);
}

static void
on_room(struct http_exchange *x, void *arg)
{
	struct export *ex = arg;

	(void)x;
	if (!ex->is_resting)
		return;
	ex->is_resting = false;
	walk_resume(ex->walk);
}

static enum walk_go
flush(struct export *ex)
{
	bool was_written = http_stream_write(ex->x, buf_slice(&ex->out));

	buf_reset(&ex->out);
	if (!was_written)
		return WALK_STOP;
	ex->is_resting = http_stream_behind(ex->x) > BEHIND_MAX;
	return ex->is_resting ? WALK_PAUSE : WALK_ON;
}

static enum walk_go
on_row(void *arg, const struct walk_row *r)
{
	struct export *ex = arg;
	struct detail detail;
	bool is_ready;
	enum walk_go go = WALK_ON;

	if (!results_wants(&ex->format, r->record.state))
		return WALK_ON;
	is_ready = details_is_ready(ex->details, r->p, r->rank);
	if (details_get(ex->details, r->p, r->rank, &detail, &ex->why) != ERR_OK)
		return WALK_STOP;
	results_add_row(&ex->format, r, &detail, &ex->out);
	ex->rows++;
	if (ex->out.len >= PIECE_BYTES)
		go = flush(ex);
	return go == WALK_ON && !is_ready ? WALK_YIELD : go;
}

static void
on_walked(void *arg, const struct err_ctx *e)
{
	struct export *ex = arg;

	if (e == NULL && ex->out.len > 0 && flush(ex) == WALK_STOP)
		e = &ex->why;
	if (e != NULL && e->code == ERR_CONFLICT && ex->why.code != ERR_OK)
		e = &ex->why;
	export_end(ex, e);
}

static void
on_details(void *arg, const struct err_ctx *e)
{
	struct export *ex = arg;

	ex->load = NULL;
	if (e == NULL) {
		walk_resume(ex->walk);
		return;
	}
	walk_cancel(ex->walk);
	export_end(ex, e);
}

static void
export_begin(struct export *ex)
{
	struct daemon *d = ex->api->daemon;

	ex->has_begun = true;
	http_set_header(ex->x, "Cache-Control", "no-store");
	if (!ex->format.is_json)
		http_set_header(ex->x, "Content-Disposition",
				"attachment; filename=\"results.csv\"");
	http_stream_begin(ex->x, 200,
			  ex->format.is_json ? "application/x-ndjson"
					     : "text/csv; charset=utf-8; header=present");
	http_on_gone(ex->x, on_gone, ex);
	http_stream_on_room(ex->x, on_room, ex);
	results_add_header(&ex->format, &ex->out);
	ex->details = details_new(d->config->data);
	ex->load = details_load_start(d->engine, ex->run, ex->details, on_details, ex);
}

static void
on_reading_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct export *ex = arg;

	(void)n;
	if (e == NULL) {
		export_begin(ex);
		return;
	}
	walk_cancel(ex->walk);
	export_end(ex, e);
}

static enum err
on_ready(void *arg, const struct run_view *v, struct block_want *want, struct err_ctx *e)
{
	struct export *ex = arg;
	const char *columns = http_query(ex->x, "columns");
	char object[48];
	enum err rc = ERR_OK;

	ex->format.list = v->list; /* the walk holds the view */
	ex->format.schema = &v->list->schema;
	if (columns != NULL && columns[0] != '\0')
		rc = results_parse_columns(slice_of(columns), &ex->format, e);
	if (rc != ERR_OK)
		return rc;
	for (size_t i = 0; i < ex->format.column_count; i++)
		block_want_column(want, (int)ex->format.columns[i]);
	snprintf(object, sizeof(object), "run:%llu", (unsigned long long)ex->run);
	if (ex->format.is_full && results_has_sensitive(&ex->format))
		return api_audit_reading(ex->api, ex->x, object, on_reading_audited, ex, e);
	export_begin(ex);
	return ERR_OK;
}

/* ---- before it ---- */

static void
on_status(void *arg, const struct run_status *s, const struct err_ctx *e)
{
	struct export *ex = arg;
	struct daemon *d = ex->api->daemon;
	struct walk_options o = {
		.on_ready = on_ready, .on_row = on_row, .on_done = on_walked, .arg = ex};

	if (s == NULL) {
		export_end(ex, e);
		return;
	}
	results_of_run(&ex->format, s);
	ex->walk = walk_start(d->loop, d->engine, d->views, ex->run, &o);
}

static void
on_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct export *ex = arg;
	struct err_ctx none;

	ex->run = campaign_rows_of(c, "there are no results", &none, &e);
	campaign_free(c);
	if (ex->run == 0)
		export_end(ex, e);
	else
		run_status_load(ex->api->daemon->engine, ex->run, on_status, ex);
}

static enum err
read_query(struct export *ex, struct err_ctx *e)
{
	static const char *const formats[] = {"csv", "json"};
	const char *states = http_query(ex->x, "state"), *format = http_query(ex->x, "format");

	ex->format.has_bom = is_asked(ex->x, "bom");
	if (api_read_full(ex->api, ex->x, &ex->format.is_full, e) != ERR_OK)
		return e->code;
	if (format != NULL && strcmp(format, formats[0]) != 0 && strcmp(format, formats[1]) != 0)
		return err_set(e, ERR_INPUT, "format", "write csv or json",
			       "there is no format \"%s\"", format);
	ex->format.is_json = format != NULL && strcmp(format, formats[1]) == 0;
	return states != NULL && states[0] != '\0'
		       ? results_parse_states(slice_of(states), &ex->format, e)
		       : ERR_OK;
}

void
on_campaign_results(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *id = api_name(x, "id", "campaign");
	struct export *ex;
	struct err_ctx e;

	if (id == NULL || !api_is_open(a, x) || !api_may_export(a, x))
		return;
	ex = xcalloc(1, sizeof(*ex));
	ex->api = a;
	ex->x = x;
	if (read_query(ex, &e) != ERR_OK)
		export_end(ex, &e);
	else
		api_campaign_of_run(a, x, id, on_campaign, ex);
}
