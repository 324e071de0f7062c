/* SPDX-License-Identifier: MIT */
/* Campaigns over HTTP: create, show. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/campaign/approval.h"
#include "dispatcher/campaign/window.h"
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
	struct campaign_author author;
	struct err_ctx e;
	json_t *body;

	if (!api_is_open(a, x) || (body = api_body_json(x)) == NULL)
		return;
	author = (struct campaign_author){api_who(x), api_account(x)->user, api_account(x)->unit};
	if (key != NULL && (strlen(key) < 8 || strlen(key) > 128)) {
		err_set(&e, ERR_INPUT, "Idempotency-Key", "", "must have 8 to 128 characters");
		http_answer_error(x, &e);
	} else if (campaign_create(d->engine, d->config, &author, body, key != NULL ? key : "",
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

void
api_add_sends_from(const struct daemon *d, const struct halts *h, const char *class, int finish_by,
		   int64_t at_s, json_t *out)
{
	const struct class_policy *policy = config_class(d->config, class);
	int64_t from_s = at_s != 0 ? at_s : h->now_s, opens_s = halts_open_s(h, policy, from_s);
	const struct halt *met = halts_met(h, policy, from_s);
	int64_t finish_s = window_finish_s(finish_by, from_s);
	char rule[RULE_TEXT_MAX];

	if (finish_s != 0 && opens_s >= finish_s) {
		json_object_del(out, "sends_from");
		json_object_set_new(out, "expires", time_json(finish_s));
	} else if (at_s != 0 || opens_s != from_s)
		json_object_set_new(out, "sends_from", time_json(opens_s));
	if (policy != NULL && met == NULL && opens_s != from_s)
		json_object_set_new(out, "rule",
				    json_string(class_rule(policy, policy->hours_source, rule)));
	if (met != NULL)
		json_object_set_new(out, "freeze", halt_told(met));
}

void
api_add_times(const struct daemon *d, const struct halts *h, const struct campaign *c, json_t *out)
{
	if (c->due_s != 0)
		json_object_set_new(out, "due", time_json(c->due_s));
	if (strcmp(c->state, "scheduled") == 0)
		api_add_sends_from(d, h, c->class, c->finish_by, c->due_s, out);
}

static json_t *
lists_json(const struct campaign *c)
{
	json_t *out = json_array();

	for (size_t i = 0; i < c->list_count; i++)
		json_array_append_new(out, json_string(c->lists[i]));
	return out;
}

static json_t *
campaign_json(const struct daemon *d, const struct halts *h, const struct campaign *c)
{
	json_t *segments = json_array();
	char created[32];
	json_t *out;

	for (size_t i = 0; i < c->segment_count; i++) {
		json_t *one =
			json_pack("{s:s, s:s}", "name", c->segments[i], "query", c->queries[i]);

		if (c->wrong[i] != NULL)
			json_object_set_new(one, "problem", json_string(c->wrong[i]));
		if (c->list_count > 1)
			json_object_set_new(one, "list", json_string(c->lists[c->of_query[i]]));
		json_array_append_new(segments, one);
	}
	clock_format_vn(c->created_s, created);
	out = json_pack("{s:I, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:o, s:s}",
			"id", (json_int_t)c->id, "name", c->name, "state", c->state, "unit",
			(json_int_t)c->unit, "class", c->class, "goal", c->goal, "event", c->event,
			"list", campaign_list(c), "per", c->per == PER_ROW ? "row" : "phone",
			"template", c->template, "template_version",
			(int)(c->run != 0 ? c->sent_version : c->template_version), "accents",
			accents_names[c->accents], "segments", segments, "created", created);
	if (c->speed > 0)
		json_object_set_new(out, "speed", json_integer(c->speed));
	json_object_set_new(out, "weight", json_integer(c->weight));
	if (c->list_count > 1)
		json_object_set_new(out, "lists", lists_json(c));
	if (c->run != 0)
		json_object_set_new(out, "run", json_integer((json_int_t)c->run));
	review_tell(c, out);
	api_add_times(d, h, c, out);
	api_add_late(c, out);
	if (c->problem[0] != '\0')
		json_object_set_new(out, "problem", json_string(c->problem));
	if (c->why[0] != '\0')
		json_object_set_new(out, "why", why_json(c->why, c->reason, c->why_by, c->why_s));
	return out;
}

struct show {
	const struct daemon *daemon;
	struct http_exchange *x;
	struct campaign *campaign;
};

static void
on_show_halts(void *arg, const struct halts *h, const struct err_ctx *e)
{
	struct show *sh = arg;

	if (h == NULL)
		http_answer_error(sh->x, e);
	else if (sh->campaign->schedule[0] != '\0')
		api_answer_schedule(sh->daemon, sh->x, sh->campaign,
				    campaign_json(sh->daemon, h, sh->campaign));
	else
		http_answer_json(sh->x, 200, campaign_json(sh->daemon, h, sh->campaign));
	campaign_free(sh->campaign);
	free(sh);
}

static void
on_shown(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct show *sh = arg;

	sh->campaign = c;
	if (c == NULL)
		on_show_halts(sh, NULL, e);
	else
		halts_ask(sh->daemon->engine, c->class, c->unit, on_show_halts, sh);
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
	*sh = (struct show){a->daemon, x, NULL};
	campaign_load(a->daemon->engine, id, on_shown, sh);
}
