/* SPDX-License-Identifier: MIT */
/*
 * The preview of a campaign over HTTP: lines of JSON, progress first, the result last. Where its
 * segments ask for something sensitive it is told as guarded.h says, unless it is asked for in full.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/api/guarded.h"
#include "dispatcher/api/places.h"
#include "dispatcher/api/private.h"
#include "dispatcher/campaign/law.h"
#include "dispatcher/campaign/preview.h"
#include "dispatcher/campaign/sensitive.h"
#include "dispatcher/campaign/window.h"

struct preview_stream {
	struct daemon *daemon;
	struct http_exchange *x;
	struct preview_job *job;
	bool is_full; /* all is told: who asks and why is in the audit */
	bool has_begun;
};

static void
stream_line(struct preview_stream *s, json_t *take_line)
{
	api_stream_line(s->x, &s->has_begun, take_line);
}

static void
on_preview_progress(void *arg, uint64_t done, uint64_t total)
{
	stream_line(arg, api_progress(done, total));
}

static void
on_preview_sets(void *arg, uint64_t done, uint64_t total)
{
	stream_line(arg, api_progress_of_sets(done, total));
}

/* All providers of a carrier's route: [{"provider", "price", "share"}]. */
static json_t *
route_providers(const struct config *config, const struct ready_campaign *c, unsigned partition)
{
	const struct route_choice *choice = &c->route.choice[partition];
	json_t *out = json_array();

	for (unsigned i = 0; i < choice->count; i++) {
		uint8_t t = choice->tariff[i];
		json_t *one = json_pack("{s:s, s:I}", "provider",
					config->providers[c->route.provider[t]].name, "price",
					(json_int_t)c->route.price[t]);

		if (choice->kind == ROUTE_SHARE)
			json_object_set_new(one, "share", json_integer(choice->share[i]));
		json_array_append_new(out, one);
	}
	return out;
}

/* Who takes the messages of a carrier, by which rules, at which price. */
static void
carrier_route(const struct config *config, const struct ready_campaign *c, unsigned carrier,
	      json_t *out)
{
	unsigned partition = c->route.map.partition[carrier];
	const struct provider_config *pc;

	if (partition == NO_PARTITION)
		return;
	pc = &config->providers[c->route.provider[partition]];
	json_object_set_new(out, "provider", json_string(pc->name));
	json_object_set_new(out, "traffic", json_string(sms_traffic_names[pc->traffic]));
	json_object_set_new(out, "price",
			    json_integer(route_plan_price(&c->route, partition).expected));
	if (c->route.choice[partition].count > 1) {
		json_object_set_new(out, "route",
				    json_string(route_kind_names[c->route.choice[partition].kind]));
		json_object_set_new(out, "providers", route_providers(config, c, partition));
	}
}

/* What it costs if all of it goes by the cheapest, and by the dearest provider of its route. */
static void
preview_range(const struct ready_campaign *c, const struct preview *p, json_t *out)
{
	int64_t least = 0, most = 0;

	for (unsigned i = 0; i < CARRIERS_MAX; i++) {
		unsigned partition = c->route.map.partition[i];
		int64_t parts = (int64_t)p->tally.carrier[i].parts;

		if (partition == NO_PARTITION)
			continue;
		least += parts * route_plan_price(&c->route, partition).least;
		most += parts * route_plan_price(&c->route, partition).most;
	}
	json_object_set_new(out, "cost_least", json_integer(least));
	json_object_set_new(out, "cost_most", json_integer(most));
}

static json_t *
preview_carriers(const struct config *config, const struct ready_campaign *c,
		 const struct preview *p)
{
	json_t *out = json_object();

	for (unsigned i = 0; i < CARRIERS_MAX; i++) {
		const char *name = carrier_name((int)i);
		json_t *one;

		if (p->tally.carrier[i].messages == 0)
			continue;
		one = tally_sum_json(&p->tally.carrier[i]);
		carrier_route(config, c, i, one);
		json_object_set_new(one, "histogram", tally_histogram_json(&p->tally, i));
		json_object_set_new(out, name != NULL ? name : "unknown", one);
	}
	return out;
}

static void
sum_up(struct tally_sum *to, const struct tally_sum *from)
{
	to->messages += from->messages;
	to->parts += from->parts;
	to->cost += from->cost;
}

/* The sums by kind of traffic, as the contracts call it. */
static json_t *
preview_traffic(const struct config *config, const struct ready_campaign *c,
		const struct preview *p)
{
	struct tally_sum sums[ARRAY_LEN(sms_traffic_names)] = {0};
	json_t *out = json_object();

	for (unsigned i = 0; i < CARRIERS_MAX; i++) {
		unsigned partition = c->route.map.partition[i];

		if (partition != NO_PARTITION)
			sum_up(&sums[config->providers[c->route.provider[partition]].traffic],
			       &p->tally.carrier[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(sums); i++)
		if (sums[i].messages > 0)
			json_object_set_new(out, sms_traffic_names[i], tally_sum_json(&sums[i]));
	return out;
}

/* In which languages the messages are, and for how many it is not their own. */
static json_t *
preview_languages(const struct ready_campaign *c, const struct preview *p)
{
	const struct template_set *set = rendering_set(c->rendering);
	json_t *out = json_array();

	for (size_t i = 0; i < set->count; i++) {
		json_t *one, *sum;

		if (set->texts[i].sms == NULL)
			continue;
		one = json_pack("{s:s}", "language", set->texts[i].tag);
		sum = tally_sum_json(&p->language[i]);
		json_object_update(one, sum);
		json_decref(sum);
		json_array_append_new(out, one);
	}
	return out;
}

/* How many different texts, and how sure that is. */
static json_t *
preview_distinct(const struct distinct *d)
{
	json_t *out = json_pack("{s:I, s:b}", "count", (json_int_t)distinct_count(d), "exact",
				!d->is_estimate);

	if (d->is_estimate)
		json_object_set_new(out, "error_pct", json_real(DISTINCT_ERROR_PCT));
	return out;
}

static void
add_text(json_t *out, const char *name, const struct preview_text *t)
{
	if (t->text != NULL)
		json_object_set_new(out, name,
				    json_pack("{s:o, s:i, s:I, s:s, s:I}", "text",
					      json_of_slice((struct slice){t->text, t->n}), "parts",
					      (int)t->count.parts, "units",
					      (json_int_t)t->count.units, "encoding",
					      sms_encoding_name(t->count.encoding), "row",
					      (json_int_t)t->row));
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
	json_object_set_new(out, "not_understood", unread_json(&p->unread));
	json_object_set_new(out, "refused_characters", row_table_json(&p->refused, "character"));
}

/* What is not known of why the list is held. */
static void
warn_care(const struct ready_campaign *c, const struct config *config, json_t *out)
{
	struct buf b = {0};
	struct err_ctx e;

	if (ready_campaign_check_care(c, config, &e) != ERR_OK) {
		buf_adds(&b, "it cannot be launched: ");
		err_print(&e, &b);
		json_array_append_new(out, json_of_slice(buf_slice(&b)));
		buf_free(&b);
		return;
	}
	for (size_t i = 0; i < list_part_count(c->list); i++) {
		const struct list *l = list_part(c->list, i);

		buf_reset(&b);
		if (!l->is_demo)
			care_add_missing(&l->care, &b);
		if (b.len == 0)
			continue;
		buf_addf(&b, " of the list %s is not known; say it with loa list set", l->name);
		json_array_append_new(out, json_of_slice(buf_slice(&b)));
	}
	buf_free(&b);
}

/* Columns that the texts read and one of several lists has not. */
static void
warn_lacking(const struct ready_campaign *c, json_t *out)
{
	const struct schema *all = &c->list->schema;

	for (size_t i = 0; i < c->list->part_count; i++) {
		const struct schema *own = list_part_schema(c->list, i);

		for (uint32_t k = 0; k < all->count; k++)
			if (own->columns[k].name[0] == '\0' && sensitive_is_read(c, k))
				json_array_append_new(
					out, json_sprintf("the list %s has no column %s, which the "
							  "text reads: it is empty for its people",
							  list_part(c->list, i)->name,
							  all->columns[k].name));
	}
}

/* Those who are left out because a gateway takes no small requests, and what can be done. */
static void
warn_too_few(const struct config *config, const struct preview *p, bool is_guarded, json_t *out)
{
	for (size_t i = 0; i < config->provider_count; i++) {
		const struct provider_config *pc = &config->providers[i];
		const struct capability *cap = pc->driver->capability(pc->account);
		uint64_t n = p->too_few[i].messages;

		if (n == 0 || (is_guarded && n < API_GROUP_LEAST))
			continue;
		json_array_append_new(
			out,
			json_sprintf("%llu people are left out: %s takes no fewer than %u numbers "
				     "in a request%s, and they are fewer; %sgive their carriers "
				     "another provider",
				     (unsigned long long)n, pc->name, cap->batch_min,
				     cap->shape == SHAPE_ONE_TEXT ? ", all with one text" : "",
				     cap->shape == SHAPE_ONE_TEXT
					     ? "let more people have the same text, or "
					     : ""));
	}
}

/* What the law, or the policy, wants and is not there. */
static void
warn_law(const struct ready_campaign *c, const struct config *config, json_t *out)
{
	struct buf b = {0};
	struct err_ctx e;

	if (law_check(c, config, &e) == ERR_OK)
		return;
	buf_adds(&b, "it cannot be launched: ");
	err_print(&e, &b);
	json_array_append_new(out, json_of_slice(buf_slice(&b)));
	buf_free(&b);
}

/* Its finish_by, where a freeze lets nothing leave before it; 0 = something may. */
static int64_t
expires_s(const struct ready_campaign *c, const struct preview *p)
{
	int64_t s = window_finish_s(c->campaign->finish_by, p->begins_s);

	return p->freeze != NULL && p->sends_from_s >= s ? s : 0;
}

/* Until it has to be sent a freeze holds it. */
static void
warn_frozen(const struct ready_campaign *c, const struct preview *p, json_t *out)
{
	bool is_scheduled = strcmp(c->campaign->state, "scheduled") == 0;
	char text[200], expires[32];

	if (expires_s(c, p) == 0)
		return;
	clock_format_vn(expires_s(c, p), expires);
	snprintf(text, sizeof(text),
		 "%s nothing of it is sent: because of a freeze nothing may leave before %s, its "
		 "finish_by",
		 is_scheduled ? "at its time" : "launched now", expires);
	json_array_append_new(out, json_string(text));
}

static void
warn_sensitive(const struct ready_campaign *c, bool is_guarded, json_t *out)
{
	struct buf asked = {0}, b = {0};
	struct err_ctx e;

	sensitive_add_asked(c, &asked);
	if (asked.len > 0)
		json_array_append_new(
			out, json_sprintf("its segments ask for %s, which the law calls sensitive: "
					  "each launch is written into the audit",
					  asked.data));
	if (sensitive_check(c, &e) != ERR_OK) {
		buf_adds(&b, "it cannot be launched: ");
		err_print(&e, &b);
		json_array_append_new(out, json_of_slice(buf_slice(&b)));
	}
	if (is_guarded)
		json_array_append_new(
			out, json_sprintf("groups of fewer than %u, rows and texts of persons are "
					  "not told: --full with the administrator's token and "
					  "--reason tells them",
					  API_GROUP_LEAST));
	buf_free(&asked);
	buf_free(&b);
}

/* What somebody who reads the preview must know besides: [text]. */
static json_t *
preview_warnings(const struct ready_campaign *c, const struct config *config,
		 const struct preview *p, bool is_guarded)
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
	for (size_t i = 0; i < p->unread.count; i++) {
		const struct unread_line *l = &p->unread.lines[i];

		if (is_guarded && l->count < API_GROUP_LEAST)
			continue;
		buf_reset(&b);
		buf_addf(&b, "%llu people are left out: %s makes nothing of their %s",
			 (unsigned long long)l->count, l->filter, l->field);
		json_array_append_new(out, json_of_slice(buf_slice(&b)));
	}
	warn_too_few(config, p, is_guarded, out);
	warn_lacking(c, out);
	warn_care(c, config, out);
	warn_law(c, config, out);
	warn_frozen(c, p, out);
	warn_sensitive(c, is_guarded, out);
	buf_free(&b);
	return out;
}

/* By reason: how many, and the first rows. */
static void
preview_skipped(const struct preview *p, json_t *out)
{
	json_t *skipped = json_object();

	for (size_t i = 0; i < p->skipped.count; i++)
		json_object_set_new(skipped, p->skipped.lines[i].name,
				    json_integer((json_int_t)p->skipped.lines[i].count));
	json_object_set_new(out, "skipped", skipped);
	json_object_set_new(out, "skipped_rows", row_table_json(&p->skipped, "reason"));
}

/* Of them, by provider: too few for its smallest request. */
static json_t *
preview_too_few(const struct config *config, const struct preview *p)
{
	json_t *out = json_array();

	for (size_t i = 0; i < config->provider_count; i++) {
		const struct provider_config *pc = &config->providers[i];

		if (p->too_few[i].messages > 0)
			json_array_append_new(
				out, json_pack("{s:s, s:i, s:I, s:I}", "provider", pc->name,
					       "smallest_batch",
					       (int)pc->driver->capability(pc->account)->batch_min,
					       "messages", (json_int_t)p->too_few[i].messages,
					       "groups", (json_int_t)p->too_few[i].groups));
	}
	return out;
}

static json_t *
preview_lists(const struct list *l)
{
	json_t *out = json_array();

	for (size_t i = 0; i < list_part_count(l); i++) {
		const struct list *part = list_part(l, i);

		json_array_append_new(out, json_pack("{s:s, s:I, s:I}", "list", part->name,
						     "version", (json_int_t)part->version, "rows",
						     (json_int_t)part->rows));
	}
	return out;
}

static void
set_time(json_t *out, const char *key, int64_t unix_s)
{
	char text[32];

	clock_format_vn(unix_s, text);
	json_object_set_new(out, key, json_string(text));
}

/* When it goes, the rules of its class, and the freezes that it falls into or meets. */
static void
preview_times(const struct config *config, const struct ready_campaign *c, const struct preview *p,
	      json_t *out)
{
	if (strcmp(c->campaign->state, "scheduled") == 0) {
		set_time(out, "due", c->campaign->due_s);
		if (expires_s(c, p) != 0)
			set_time(out, "expires", expires_s(c, p));
		else
			set_time(out, "sends_from", p->sends_from_s);
	}
	json_object_set_new(out, "rules", law_rules(config_class(config, c->campaign->class)));
	if (p->freeze != NULL)
		json_object_set(out, "freeze", p->freeze);
	if (p->freeze_within != NULL)
		json_object_set(out, "freeze_within", p->freeze_within);
}

static json_t *
preview_json(const struct daemon *d, const struct ready_campaign *c, const struct preview *p,
	     bool is_guarded)
{
	const struct tally_sum *sum = &p->tally.sum;
	json_t *warnings = preview_warnings(c, d->config, p, is_guarded);
	struct err_ctx e;
	/* else they would tell it */
	bool with_texts = !is_guarded && sensitive_check(c, &e) == ERR_OK;
	json_t *out = json_pack(
		"{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:I}", "campaign",
		c->campaign->name, "class", c->campaign->class, "list", list_part(c->list, 0)->name,
		"list_version", (json_int_t)list_part(c->list, 0)->version, "list_rows",
		(json_int_t)p->list_rows, "audience", (json_int_t)p->audience, "messages",
		(json_int_t)sum->messages, "parts", (json_int_t)sum->parts, "unicode",
		(json_int_t)p->tally.unicode, "cost", (json_int_t)sum->cost, "forecast_s",
		p->forecast_s, "opens_in_s", (json_int_t)p->opens_in_s);

	json_object_set_new(out, "histogram", tally_histogram_json(&p->tally, CARRIERS_MAX));
	json_object_set_new(out, "carriers", preview_carriers(d->config, c, p));
	json_object_set_new(out, "traffic", preview_traffic(d->config, c, p));
	preview_range(c, p, out);
	json_object_set_new(out, "by_accents", tally_modes_json(&p->tally));
	json_object_set_new(out, "distinct_texts", preview_distinct(&p->distinct));
	preview_skipped(p, out);
	json_object_set_new(out, "too_few", preview_too_few(d->config, p));
	preview_tables(c, p, out);
	letters_tell(&p->letters, out);
	registered_tell(c->registered, with_texts, is_guarded ? API_GROUP_LEAST : 1, out, warnings);
	if (!is_guarded)
		api_add_window(d, c->campaign, p->forecast_s, sum->messages, warnings);
	json_object_set_new(out, "warnings", warnings);
	api_add_days(d, c->campaign, out);
	preview_times(d->config, c, p, out);
	if (with_texts) {
		add_text(out, "shortest", &p->shortest);
		add_text(out, "longest", &p->longest);
	}
	api_place_rows(out, c->list);
	if (list_part_count(c->list) > 1)
		json_object_set_new(out, "lists", preview_lists(c->list));
	return out;
}

/* What of it may be told to who asks. */
static json_t *
preview_told(const struct preview_stream *s, const struct ready_campaign *c,
	     const struct preview *p)
{
	bool is_guarded = !s->is_full && !sensitive_is_open(c);
	json_t *whole = preview_json(s->daemon, c, p, is_guarded), *out;

	if (!is_guarded)
		return whole;
	out = guarded_preview(whole);
	json_decref(whole);
	return out;
}

static void
on_preview_done(void *arg, const struct ready_campaign *c, const struct preview *p,
		const struct err_ctx *e)
{
	struct preview_stream *s = arg;

	if (e != NULL) {
		api_stream_fail(s->x, &s->has_begun, e);
	} else {
		http_on_gone(s->x, NULL, NULL);
		stream_line(s, json_pack("{s:o}", "preview", preview_told(s, c, p)));
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

static void
preview_begin(struct preview_stream *s, const char *id)
{
	struct daemon *d = s->daemon;
	struct preview_callbacks cbs = {.on_progress = on_preview_progress,
					.on_sets = on_preview_sets,
					.on_done = on_preview_done,
					.arg = s};

	s->job = preview_start(d->loop, d->engine, d->config, id, &cbs);
	http_on_gone(s->x, on_preview_gone, s);
}

static void
on_full_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct preview_stream *s = arg;

	(void)n;
	if (e == NULL) {
		preview_begin(s, http_param(s->x, "id"));
		return;
	}
	http_answer_error(s->x, e);
	free(s);
}

/* POST /campaigns/{id}/preview?full=1&reason= */
void
on_campaign_preview(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *id = api_name(x, "id", "campaign");
	struct preview_stream *s;
	char object[160];
	struct err_ctx e;
	enum err rc;

	if (id == NULL || !api_is_open(a, x))
		return;
	s = xcalloc(1, sizeof(*s));
	s->daemon = a->daemon;
	s->x = x;
	snprintf(object, sizeof(object), "campaign:%s", id);
	rc = api_read_full(a, x, &s->is_full, &e);
	if (rc == ERR_OK && !s->is_full) {
		preview_begin(s, id);
		return;
	}
	if (rc == ERR_OK)
		rc = api_audit_reading(a, x, object, on_full_audited, s, &e);
	if (rc == ERR_OK)
		return;
	http_answer_error(x, &e);
	free(s);
}
