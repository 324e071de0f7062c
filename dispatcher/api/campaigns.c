/* SPDX-License-Identifier: MIT */
/* Campaigns over HTTP: create, show, preview. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/campaign/preview.h"
#include "dispatcher/store/keys.h"

/* ---- create and show ---- */

void
api_on_created(void *arg, uint64_t id, bool is_new, const struct err_ctx *e)
{
	struct http_exchange *x = arg;

	if (e != NULL)
		http_answer_error(x, e);
	else
		http_answer_json(x, is_new ? 201 : 200,
				 json_pack("{s:I}", "campaign", (json_int_t)id));
}

void
on_campaign_create(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct daemon *d = a->daemon;
	const char *key = http_header(x, "Idempotency-Key");
	struct err_ctx e;
	json_t *body;

	if (!api_is_open(a, x) || (body = api_body_json(x)) == NULL)
		return;
	if (key != NULL && (strlen(key) < 8 || strlen(key) > 128)) {
		err_set(&e, ERR_INPUT, "Idempotency-Key", "", "must have 8 to 128 characters");
		http_answer_error(x, &e);
	} else if (campaign_create(d->engine, d->config, body, key != NULL ? key : "",
				   api_on_created, x, &e) != ERR_OK) {
		http_answer_error(x, &e);
	}
	json_decref(body);
}

json_t *
why_json(const char *why, const char *reason, const char *by, int64_t since_s)
{
	char since[32];

	clock_format_vn(since_s, since);
	return json_pack("{s:s, s:s, s:s, s:s}", "kind", why, "reason", reason, "by", by, "since",
			 since);
}

static json_t *
time_json(int64_t unix_s)
{
	char text[32];

	clock_format_vn(unix_s, text);
	return json_string(text);
}

/* When its first message may leave: its time, or when the hours of its class begin after it. */
static int64_t
sends_from(const struct daemon *d, const struct campaign *c)
{
	const struct class_policy *class = config_class(d->config, c->class);

	return class != NULL ? class_opens_s(class, c->due_s) : c->due_s;
}

static json_t *
campaign_json(const struct daemon *d, const struct campaign *c)
{
	json_t *segments = json_array();
	char created[32];
	json_t *out;

	for (size_t i = 0; i < c->segment_count; i++)
		json_array_append_new(segments, json_pack("{s:s, s:s}", "name", c->segments[i],
							  "query", c->queries[i]));
	clock_format_vn(c->created_s, created);
	out = json_pack("{s:I, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:o, s:s}",
			"id", (json_int_t)c->id, "name", c->name, "state", c->state, "unit",
			(json_int_t)c->unit, "class", c->class, "goal", c->goal, "event", c->event,
			"list", c->list, "per", c->per == PER_ROW ? "row" : "phone", "template",
			c->template, "template_version",
			(int)(c->run != 0 ? c->sent_version : c->template_version), "accents",
			accents_names[c->accents], "segments", segments, "created", created);
	if (c->run != 0)
		json_object_set_new(out, "run", json_integer((json_int_t)c->run));
	if (c->due_s != 0)
		json_object_set_new(out, "due", time_json(c->due_s));
	if (strcmp(c->state, "scheduled") == 0)
		json_object_set_new(out, "sends_from", time_json(sends_from(d, c)));
	if (c->problem[0] != '\0')
		json_object_set_new(out, "problem", json_string(c->problem));
	if (c->why[0] != '\0')
		json_object_set_new(out, "why", why_json(c->why, c->reason, c->why_by, c->why_s));
	return out;
}

struct show {
	const struct daemon *daemon;
	struct http_exchange *x;
};

static void
on_shown(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct show *sh = arg;

	if (c == NULL)
		http_answer_error(sh->x, e);
	else
		http_answer_json(sh->x, 200, campaign_json(sh->daemon, c));
	campaign_free(c);
	free(sh);
}

void
on_campaign_show(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *id = api_name(x, "id", "campaign");

	struct show *sh;

	if (id == NULL || !api_is_open(a, x))
		return;
	sh = xcalloc(1, sizeof(*sh));
	*sh = (struct show){a->daemon, x};
	campaign_load(a->daemon->engine, id, on_shown, sh);
}

/* ---- preview: lines of JSON, progress first, the result last ---- */

struct preview_stream {
	const struct daemon *daemon;
	struct http_exchange *x;
	struct preview_job *job;
	bool has_begun;
};

static void
stream_line(struct preview_stream *s, json_t *take_line)
{
	struct buf b = {0};

	if (!s->has_begun)
		http_stream_begin(s->x, 200, "application/x-ndjson");
	s->has_begun = true;
	json_add_value(&b, take_line);
	buf_addc(&b, '\n');
	http_stream_write(s->x, buf_slice(&b));
	buf_free(&b);
	json_decref(take_line);
}

static void
on_preview_progress(void *arg, uint64_t done, uint64_t total)
{
	stream_line(arg, json_pack("{s:{s:I, s:I}}", "progress", "done", (json_int_t)done, "total",
				   (json_int_t)total));
}

static json_t *
preview_carriers(const struct preview *p)
{
	json_t *out = json_object();

	for (int i = 0; i < CARRIERS_MAX; i++) {
		const struct preview_carrier *c = &p->carrier[i];
		const char *name = carrier_name(i);

		if (c->messages > 0)
			json_object_set_new(out, name != NULL ? name : "unknown",
					    json_pack("{s:I, s:I, s:I}", "messages",
						      (json_int_t)c->messages, "parts",
						      (json_int_t)c->parts, "cost",
						      (json_int_t)c->cost));
	}
	return out;
}

/* In which languages the messages are, and for how many it is not their own. */
static json_t *
preview_languages(const struct ready_campaign *c, const struct preview *p)
{
	const struct template_set *set = rendering_set(c->rendering);
	json_t *out = json_array();

	for (size_t i = 0; i < set->count; i++) {
		const struct preview_carrier *l = &p->language[i];

		if (set->texts[i].sms != NULL)
			json_array_append_new(out, json_pack("{s:s, s:I, s:I, s:I}", "language",
							     set->texts[i].tag, "messages",
							     (json_int_t)l->messages, "parts",
							     (json_int_t)l->parts, "cost",
							     (json_int_t)l->cost));
	}
	return out;
}

/* The tables of what staff can mend in the list or in the template. */
static void
preview_tables(const struct ready_campaign *c, const struct preview *p, json_t *out)
{
	json_object_set_new(out, "accents", json_string(accents_names[c->campaign->accents]));
	json_object_set_new(out, "plain", json_integer((json_int_t)p->plain));
	json_object_set_new(out, "languages", preview_languages(c, p));
	json_object_set_new(out, "language_column", json_boolean(p->has_language_column));
	if (p->has_language_column || rendering_set(c->rendering)->count > 1)
		json_object_set_new(out, "no_language", row_table_json(&p->misfits, "why"));
	json_object_set_new(out, "untranslated", row_table_json(&p->untranslated, "language"));
	json_object_set_new(out, "missing_fields", row_table_json(&p->missing, "field"));
	json_object_set_new(out, "refused_characters", row_table_json(&p->refused, "character"));
}

/* What somebody who reads the preview must know besides: [text]. */
static json_t *
preview_warnings(const struct ready_campaign *c, const struct config *config)
{
	json_t *out = json_array();
	struct buf b = {0};
	struct err_ctx e;

	if (ready_campaign_check_demo(c, config, &e) != ERR_OK) {
		buf_adds(&b, "it cannot be launched: ");
		err_print(&e, &b);
	} else if (route_plan_find(&c->route, config, false) == NULL) {
		buf_adds(&b, "sandbox: nothing leaves, no person gets a message");
	} else if (route_plan_find(&c->route, config, true) != NULL) {
		buf_addf(&b, "the provider %s is a sandbox: what goes to it reaches nobody",
			 route_plan_find(&c->route, config, true)->name);
	}
	if (b.len > 0)
		json_array_append_new(out, json_of_slice(buf_slice(&b)));
	buf_free(&b);
	return out;
}

static json_t *
preview_json(const struct daemon *d, const struct ready_campaign *c, const struct preview *p)
{
	json_t *skipped = json_object();
	json_t *out, *warnings;

	for (unsigned r = 0; r < 256; r++)
		if (p->skipped[r] > 0)
			json_object_set_new(skipped, record_reason_text((uint8_t)r),
					    json_integer((json_int_t)p->skipped[r]));
	out = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:f, s:I}",
			"campaign", c->campaign->name, "list", c->list->name, "list_version",
			(json_int_t)c->list->version, "list_rows", (json_int_t)p->list_rows,
			"audience", (json_int_t)p->audience, "messages", (json_int_t)p->messages,
			"parts", (json_int_t)p->parts, "unicode", (json_int_t)p->unicode, "cost",
			(json_int_t)p->cost, "skipped", skipped, "carriers", preview_carriers(p),
			"forecast_s", p->forecast_s, "opens_in_s", (json_int_t)p->opens_in_s);
	preview_tables(c, p, out);
	warnings = preview_warnings(c, d->config);
	registered_tell(c->registered, out, warnings);
	json_object_set_new(out, "warnings", warnings);
	if (strcmp(c->campaign->state, "scheduled") == 0) {
		json_object_set_new(out, "due", time_json(c->campaign->due_s));
		json_object_set_new(out, "sends_from", time_json(sends_from(d, c->campaign)));
	}
	if (p->shortest != NULL)
		json_object_set_new(out, "shortest",
				    json_pack("{s:s, s:i}", "text", p->shortest, "parts",
					      (int)p->shortest_parts));
	if (p->longest != NULL)
		json_object_set_new(out, "longest",
				    json_pack("{s:s, s:i}", "text", p->longest, "parts",
					      (int)p->longest_parts));
	return out;
}

static void
on_preview_done(void *arg, const struct ready_campaign *c, const struct preview *p,
		const struct err_ctx *e)
{
	struct preview_stream *s = arg;

	http_on_gone(s->x, NULL, NULL);
	if (e != NULL && !s->has_begun) {
		http_answer_error(s->x, e);
	} else {
		if (e != NULL)
			stream_line(s, json_pack("{s:{s:s, s:s, s:s, s:s}}", "error", "code",
						 err_name(e->code), "what", e->what, "detail",
						 e->why, "todo", e->todo));
		else
			stream_line(s,
				    json_pack("{s:o}", "preview", preview_json(s->daemon, c, p)));
		http_stream_end(s->x);
	}
	free(s);
}

static void
on_preview_gone(struct http_exchange *x, void *arg)
{
	struct preview_stream *s = arg;

	(void)x;
	preview_cancel(s->job);
	if (s->has_begun)
		http_stream_end(s->x);
	else
		http_answer_json(s->x, 503, json_object()); /* nobody reads it */
	free(s);
}

void
on_campaign_preview(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct daemon *d = a->daemon;
	const char *id = api_name(x, "id", "campaign");
	struct preview_callbacks cbs = {.on_progress = on_preview_progress,
					.on_done = on_preview_done};
	struct preview_stream *s;

	if (id == NULL || !api_is_open(a, x))
		return;
	s = xcalloc(1, sizeof(*s));
	s->daemon = d;
	s->x = x;
	cbs.arg = s;
	s->job = preview_start(d->loop, d->engine, d->config, id, &cbs);
	http_on_gone(x, on_preview_gone, s);
}
