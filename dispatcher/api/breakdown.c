/* SPDX-License-Identifier: MIT */
/*
 * GET /campaigns/{id}/report?by=…: lines of JSON. {"progress"} …, then
 * {"report"}, a {"value"} for each, the largest first, and {"breakdown"} with
 * what is about all of them; {"error"} instead if it broke off.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/run/breakdown.h"

struct breakdown_stream {
	struct api *api;
	struct http_exchange *x;
	struct campaign *campaign;
	struct breakdown_job *job;
	bool has_begun;
};

static void
stream_free(struct breakdown_stream *s)
{
	s->api->exports--;
	campaign_free(s->campaign);
	free(s);
}

static void
stream_bytes(struct breakdown_stream *s, struct buf *b)
{
	if (!s->has_begun)
		http_stream_begin(s->x, 200, "application/x-ndjson");
	s->has_begun = true;
	http_stream_write(s->x, buf_slice(b));
	buf_reset(b);
}

static void
add_line(struct buf *b, json_t *take_line)
{
	json_add_value(b, take_line);
	buf_addc(b, '\n');
	json_decref(take_line);
}

static void
on_progress(void *arg, uint64_t done, uint64_t total)
{
	struct breakdown_stream *s = arg;
	struct buf b = {0};

	add_line(&b, json_pack("{s:{s:I, s:I}}", "progress", "done", (json_int_t)done, "total",
			       (json_int_t)total));
	stream_bytes(s, &b);
	buf_free(&b);
}

/* "messages":…,"states":{those that are},"parts":…,"cost":… */
static void
add_counts(struct buf *b, const struct group *g)
{
	const char *comma = "";

	buf_addf(b, "\"messages\":%llu,\"states\":{", (unsigned long long)g->messages);
	for (unsigned i = 0; i < RECORD_STATE_COUNT; i++) {
		if (g->states[i] == 0)
			continue;
		buf_addf(b, "%s\"%s\":%llu", comma, record_state_name((enum record_state)i),
			 (unsigned long long)g->states[i]);
		comma = ",";
	}
	buf_addf(b, "},\"parts\":%llu,\"cost\":%lld", (unsigned long long)g->parts,
		 (long long)g->cost);
}

static void
add_value(struct buf *b, const struct group *g, bool is_sensitive)
{
	buf_adds(b, "{\"value\":{\"value\":");
	if (g->label.n > 0)
		json_add_string(b, g->label);
	else
		buf_adds(b, "null");
	buf_addc(b, ',');
	if (is_sensitive && g->messages < API_GROUP_LEAST)
		buf_addf(b, "\"messages\":\"<%u\"", API_GROUP_LEAST);
	else
		add_counts(b, g);
	buf_adds(b, "}}\n");
}

static void
add_breakdown(struct buf *out, const struct breakdown *b)
{
	const char *verdict = b->does_agree ? "agree" : b->has_moved ? "moving" : "differ";

	buf_adds(out, "{\"breakdown\":{\"by\":");
	json_add_string(out, slice_of(b->by));
	buf_adds(out, ",\"column\":");
	json_add_string(out, slice_of(b->column));
	buf_addf(out, ",\"label\":\"%s\",\"others\":",
		 strcmp(b->by, "carrier") == 0 ? "theo đầu số" : "");
	if (b->others.messages > 0) {
		buf_addc(out, '{');
		if (!b->is_many)
			buf_addf(out, "\"values\":%zu,", b->other_values);
		add_counts(out, &b->others);
		buf_addc(out, '}');
	} else {
		buf_adds(out, "null");
	}
	buf_adds(out, ",\"sums\":{");
	add_counts(out, &b->sum);
	buf_addf(out, ",\"records\":\"%s\",\"difference\":", verdict);
	json_add_string(out, slice_of(b->difference));
	buf_adds(out, "}}}\n");
}

static void
on_done(void *arg, const struct breakdown *b, const struct run_report *r, const struct err_ctx *e)
{
	struct breakdown_stream *s = arg;
	struct buf out = {0};

	http_on_gone(s->x, NULL, NULL);
	if (e != NULL && !s->has_begun) {
		http_answer_error(s->x, e);
		stream_free(s);
		return;
	}
	if (e != NULL) {
		add_line(&out, api_error_line(e));
	} else {
		add_line(&out, json_pack("{s:o}", "report", api_report_json(s->campaign, r)));
		for (size_t i = 0; i < b->count; i++)
			add_value(&out, b->top[i], b->is_sensitive);
		add_breakdown(&out, b);
	}
	stream_bytes(s, &out);
	buf_free(&out);
	http_stream_end(s->x);
	stream_free(s);
}

static void
on_gone(struct http_exchange *x, void *arg)
{
	struct breakdown_stream *s = arg;

	(void)x;
	breakdown_cancel(s->job);
	if (s->has_begun)
		http_stream_end(s->x);
	else
		http_answer_json(s->x, 503, json_object()); /* nobody reads it */
	stream_free(s);
}

void
api_breakdown(struct api *a, struct http_exchange *x, struct campaign *c, const char *by)
{
	struct breakdown_callbacks cbs = {.on_progress = on_progress, .on_done = on_done};
	struct breakdown_stream *s;

	if (!api_may_export(a, x)) {
		campaign_free(c);
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->api = a;
	s->x = x;
	s->campaign = c;
	cbs.arg = s;
	s->job = breakdown_start(a->daemon->loop, a->daemon->engine, a->daemon->views, c->run, by,
				 &cbs);
	http_on_gone(x, on_gone, s);
}
