/* SPDX-License-Identifier: MIT */
/*
 * GET /campaigns/{id}/doubt: every message of the run that is in doubt, and
 * what may be done about it now, as lines of JSON.
 *
 *   campaign → run → detail log → scan → lines
 *
 * While more than BEHIND_MAX bytes wait for the reader, the scan rests.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/run/cells.h"
#include "dispatcher/run/details.h"
#include "dispatcher/run/doubt.h"

#define PIECE_LINES 64u
#define BEHIND_MAX (256u << 10)

struct doubt_ls {
	struct api *api;
	struct http_exchange *x;
	bool is_full, has_begun;
	struct run_status status;
	struct details *details;
	struct details_load *load; /* NULL = the log is read */
	struct doubt_scan *scan;   /* NULL = not begun */
	struct doubts d;	   /* the string that is being written */
	size_t at;		   /* the next of it */
	struct err_ctx why;
};

static void
ls_end(struct doubt_ls *l, const struct err_ctx *e)
{
	http_on_gone(l->x, NULL, NULL);
	if (l->has_begun)
		http_stream_on_room(l->x, NULL, NULL);
	if (!l->has_begun)
		http_answer_error(l->x, e);
	else if (e != NULL)
		http_stream_abort(l->x);
	else
		http_stream_end(l->x);
	if (e != NULL && l->has_begun)
		log_warn("run=%" PRIu64 " export=doubt result=broken what=\"%s\" why=\"%s\"",
			 l->status.run, e->what, e->why);
	l->api->exports--;
	if (l->details != NULL)
		details_free_slowly(l->api->daemon->loop, l->details);
	free(l);
}

static json_t *
time_json(int64_t ms)
{
	char text[32];

	clock_format_vn(ms / 1000, text);
	return json_string(text);
}

/* Rows are named by a number through all lists; of several it is said which row of which that is. */
static void
add_place(const struct doubt_ls *l, const struct doubt *d, json_t *out)
{
	struct list_place at;

	if (l->d.of == NULL || list_part_count(l->d.of) == 1)
		return;
	at = list_place(l->d.of, d->row);
	json_object_set_new(out, "list", json_string(at.list->name));
	json_object_set_new(out, "list_row", json_integer((json_int_t)at.row + 1));
}

static json_t *
line_json(struct doubt_ls *l, const struct doubt *d, const struct detail *detail)
{
	struct buf phone = {0};
	json_t *out;

	cells_add_phone(&phone, d->phone, l->is_full);
	out = json_pack("{s:I, s:s, s:i, s:o, s:s, s:s, s:b, s:o, s:s}", "row",
			(json_int_t)d->row + 1, "phone", phone.data != NULL ? phone.data : "",
			"attempt", d->record.attempt, "since",
			time_json((l->d.launched_s + d->record.changed_s) * 1000), "provider",
			l->status.lane[d->record.provider % TARIFFS_MAX], "reason",
			record_reason_text(d->record.reason), "held", d->choice != DOUBT_AUTO,
			"last_copy", time_json(d->asked_ms), "may", doubt_choice_name(d->choice));
	buf_free(&phone);
	add_place(l, d, out);
	if (d->choice == DOUBT_WAIT)
		json_object_set_new(out, "from", time_json(d->at_ms + 999));
	else if (d->at_ms != 0)
		json_object_set_new(out, "until", time_json(d->at_ms));
	if (detail->id.n > 0)
		json_object_set_new(out, "id", json_of_slice(detail->id));
	if (detail->code.n > 0)
		json_object_set_new(out, "code", json_of_slice(detail->code));
	return out;
}

/* A piece of the string's lines. False: the reader is gone, or the log is broken. */
static bool
write_piece(struct doubt_ls *l)
{
	struct buf out = {0};
	bool is_good = true;

	for (size_t n = 0; is_good && n < PIECE_LINES && l->at < l->d.count; n++, l->at++) {
		const struct doubt *d = &l->d.list[l->at];
		struct detail detail;
		json_t *line;

		is_good = details_get(l->details, l->d.p, d->rank, &detail, &l->why) == ERR_OK;
		if (!is_good)
			break;
		line = line_json(l, d, &detail);
		json_add_value(&out, line);
		json_decref(line);
		buf_addc(&out, '\n');
	}
	is_good = is_good && http_stream_write(l->x, buf_slice(&out));
	buf_free(&out);
	return is_good;
}

/* True: all of the string is written. */
static bool
write_on(struct doubt_ls *l)
{
	while (l->at < l->d.count && http_stream_behind(l->x) <= BEHIND_MAX) {
		if (write_piece(l))
			continue;
		/* The rest of it goes nowhere: the scan ends in the next turn. */
		l->at = l->d.count;
		if (l->why.code == ERR_OK)
			err_set(&l->why, ERR_CONFLICT, "reader", "", "is gone");
	}
	return l->at >= l->d.count;
}

static bool
on_string(void *arg, const struct doubts *d)
{
	struct doubt_ls *l = arg;

	if (l->why.code != ERR_OK)
		return true;
	l->d = *d;
	l->at = 0;
	return write_on(l);
}

static void
on_room(struct http_exchange *x, void *arg)
{
	struct doubt_ls *l = arg;

	(void)x;
	if (l->scan != NULL && write_on(l))
		doubt_scan_resume(l->scan);
}

static void
on_scanned(void *arg, const struct err_ctx *e)
{
	struct doubt_ls *l = arg;

	ls_end(l, e == NULL && l->why.code != ERR_OK ? &l->why : e);
}

static void
on_gone(struct http_exchange *x, void *arg)
{
	struct doubt_ls *l = arg;

	(void)x;
	if (l->scan != NULL)
		doubt_scan_cancel(l->scan);
	if (l->load != NULL)
		details_load_cancel(l->load);
	ls_end(l, NULL);
}

static void
on_details(void *arg, const struct err_ctx *e)
{
	struct doubt_ls *l = arg;
	struct daemon *d = l->api->daemon;
	struct doubt_scan_options o = {
		.has_phones = true, .on_string = on_string, .on_done = on_scanned, .arg = l};

	l->load = NULL;
	if (e != NULL)
		ls_end(l, e);
	else
		l->scan = doubt_scan_start(d->engine, d->views, d->config, &l->status, &o);
}

static void
on_status(void *arg, const struct run_status *s, const struct err_ctx *e)
{
	struct doubt_ls *l = arg;
	struct daemon *d = l->api->daemon;
	struct err_ctx none;

	if (s != NULL && s->list[0] == '\0') {
		doubt_of_notices(&none);
		ls_end(l, &none);
		return;
	}
	if (s == NULL) {
		ls_end(l, e);
		return;
	}
	l->status = *s;
	l->has_begun = true;
	http_set_header(l->x, "Cache-Control", "no-store");
	http_stream_begin(l->x, 200, "application/x-ndjson");
	http_on_gone(l->x, on_gone, l);
	http_stream_on_room(l->x, on_room, l);
	l->details = details_new(d->config->data);
	l->load = details_load_start(d->engine, s->run, l->details, on_details, l);
}

static void
on_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct doubt_ls *l = arg;
	struct err_ctx none;
	uint64_t run = campaign_rows_of(c, "nothing is in doubt", &none, &e);

	campaign_free(c);
	if (run == 0)
		ls_end(l, e);
	else
		run_status_load(l->api->daemon->engine, run, on_status, l);
}

void
on_doubt_ls(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *id = api_name(x, "id", "campaign");
	bool is_full;
	struct doubt_ls *l;
	struct err_ctx e;

	if (id == NULL || !api_is_open(a, x))
		return;
	if (api_read_full(a, x, &is_full, &e) != ERR_OK) {
		http_answer_error(x, &e);
		return;
	}
	if (!api_may_export(a, x))
		return;
	l = xcalloc(1, sizeof(*l));
	l->api = a;
	l->x = x;
	l->is_full = is_full;
	api_campaign_of_run(a, x, id, on_campaign, l);
}
