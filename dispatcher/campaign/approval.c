/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/approval.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/standing_order.h"
#include "dispatcher/store/campaign_acts.h"

#define GUARDED_LEAST 5u /* as API_GROUP_LEAST */

/* ---- the record ---- */

static char *
item_text(const struct reply *r, size_t i)
{
	struct slice s = reply_item(r, i)->str;

	return xmemdup0(s.p, s.n);
}

static enum approval_level
level_find(struct slice name)
{
	for (int i = APPROVAL_TWO_APPROVERS; i > APPROVAL_NONE; i--)
		if (slice_is(name, approval_names[i]))
			return (enum approval_level)i;
	return APPROVAL_NONE;
}

void
review_read(struct review *v, const struct reply *r, size_t at)
{
	struct slice estimate, ceiling, all;

	v->revision = reply_u64(r, at++);
	v->changed_by = item_text(r, at++);
	v->changed_s = reply_int(r, at++);
	v->asked = level_find(reply_item(r, at++)->str);
	v->is_newest = slice_is(reply_item(r, at++)->str, "1");
	v->authors = item_text(r, at++);
	v->submitted_by = item_text(r, at++);
	v->submitted_s = reply_int(r, at++);
	v->frozen = item_text(r, at++);
	v->hash = item_text(r, at++);
	estimate = reply_item(r, at++)->str;
	v->approvals = item_text(r, at++);
	v->approved_s = reply_int(r, at++);
	v->given = level_find(reply_item(r, at++)->str);
	ceiling = reply_item(r, at++)->str;
	all = reply_item(r, at++)->str;
	v->note = item_text(r, at++);
	v->note_by = item_text(r, at++);
	v->note_s = reply_int(r, at++);
	v->template_saved_s = reply_int(r, at++);
	v->template_by = item_text(r, at++);
	if (v->revision == 0)
		v->revision = 1;
	v->messages = slice_to_u64(slice_take_until(&estimate, ' '));
	v->parts = slice_to_u64(slice_take_until(&estimate, ' '));
	v->cost = (int64_t)slice_to_u64(slice_take_until(&estimate, ' '));
	v->is_guarded = slice_is(estimate, "1");
	v->ceiling_parts = slice_to_u64(slice_take_until(&ceiling, ' '));
	v->ceiling_cost = (int64_t)slice_to_u64(ceiling);
	v->all_parts = slice_to_u64(slice_take_until(&all, ' '));
	v->all_cost = (int64_t)slice_to_u64(all);
}

void
review_clear(struct review *v)
{
	json_decref(v->segments);
	free(v->changed_by);
	free(v->authors);
	free(v->submitted_by);
	free(v->frozen);
	free(v->hash);
	free(v->approvals);
	free(v->note);
	free(v->note_by);
	free(v->template_by);
}

void
review_note(struct campaign *c)
{
	struct review *v = &c->review;
	json_t *out = json_array();

	for (size_t i = 0; i < c->segment_count && c->list_count > 0; i++)
		json_array_append_new(out,
				      json_pack("{s:s, s:s, s:s}", "name", c->segments[i], "list",
						c->lists[c->of_query[i]], "query", c->queries[i]));
	v->segments = out;
	/* Each occurrence is for the rows of its day. */
	v->is_newest = v->is_newest || c->schedule[0] != '\0';
	if (strcmp(c->state, "draft") != 0 && strcmp(c->state, "returned") != 0)
		return;
	v->frozen[0] = v->hash[0] = v->approvals[0] = '\0';
	v->approved_s = 0;
}

bool
review_has_author(const struct review *v, const char *user)
{
	struct slice rest = slice_of(v->authors);

	while (rest.n > 0)
		if (slice_is(slice_take_until(&rest, '\n'), user))
			return true;
	return false;
}

static json_t *
time_json(int64_t unix_s)
{
	char text[32];

	clock_format_vn(unix_s, text);
	return json_string(text);
}

bool
review_is_too_few(const struct review *v)
{
	return v->is_guarded && v->messages < GUARDED_LEAST;
}

json_t *
review_ceiling_json(const struct review *v, int64_t parts, int64_t cost)
{
	if (review_is_too_few(v))
		return json_pack("{s:n, s:n}", "parts", "cost");
	return json_pack("{s:I, s:I}", "parts", (json_int_t)parts, "cost", (json_int_t)cost);
}

json_t *
review_sum_json(const struct review *v)
{
	if (review_is_too_few(v))
		return json_pack("{s:s, s:n, s:n}", "messages", "<5", "parts", "cost");
	return json_pack("{s:I, s:I, s:I}", "messages", (json_int_t)v->messages, "parts",
			 (json_int_t)v->parts, "cost", (json_int_t)v->cost);
}

/* As Lua keeps them, with times for people; what is empty is left out. */
static json_t *
approvals_json(const struct review *v)
{
	static const char *const names[][2] = {{"by", "by"},	     {"whom", "for"},
					       {"reason", "reason"}, {"document", "document"},
					       {"scan", "scan"},     {"sha256", "sha256"}};
	json_t *list = json_loads(v->approvals, 0, NULL), *out = json_array(), *one;
	size_t i;

	json_array_foreach (list, i, one) {
		json_t *told =
			json_pack("{s:o}", "at",
				  time_json((int64_t)json_number_value(json_object_get(one, "s"))));

		for (size_t k = 0; k < ARRAY_LEN(names); k++) {
			const char *text = json_string_value(json_object_get(one, names[k][0]));

			if (text != NULL && text[0] != '\0')
				json_object_set_new(told, names[k][1], json_string(text));
		}
		json_array_append_new(out, told);
	}
	json_decref(list);
	return out;
}

void
review_tell(const struct campaign *c, json_t *out)
{
	const struct review *v = &c->review;
	json_t *ceiling;

	json_object_set_new(out, "revision", json_integer((json_int_t)v->revision));
	if (v->changed_by[0] != '\0')
		json_object_set_new(out, "changed",
				    json_pack("{s:s, s:o}", "by", v->changed_by, "at",
					      time_json(v->changed_s)));
	if (v->asked > APPROVAL_NONE)
		json_object_set_new(out, "approval", json_string(approval_names[v->asked]));
	if (v->is_newest)
		json_object_set_new(out, "audience", json_string("newest"));
	if (v->note[0] != '\0')
		json_object_set_new(out, "note",
				    json_pack("{s:s, s:s, s:o}", "text", v->note, "by", v->note_by,
					      "at", time_json(v->note_s)));
	if (v->frozen[0] != '\0')
		json_object_set_new(out, "submitted",
				    json_pack("{s:s, s:o, s:s, s:o, s:o}", "by", v->submitted_by,
					      "at", time_json(v->submitted_s), "hash", v->hash,
					      "estimate", review_sum_json(v), "what",
					      json_loads(v->frozen, 0, NULL)));
	if (v->approvals[0] != '\0')
		json_object_set_new(out, "approvals", approvals_json(v));
	if (v->approvals[0] == '\0')
		return;
	ceiling = review_ceiling_json(v, (int64_t)v->ceiling_parts, v->ceiling_cost);
	if (v->all_parts > 0)
		json_object_set_new(ceiling, "all",
				    json_pack("{s:I, s:I}", "parts", (json_int_t)v->all_parts,
					      "cost", (json_int_t)v->all_cost));
	json_object_set_new(out, "ceiling", ceiling);
}

/* What was submitted, or NULL: nothing is, or all is loaded as it is now. The caller's. */
static json_t *
frozen_of(const struct campaign *c)
{
	return c->review.frozen[0] != '\0' ? json_loads(c->review.frozen, 0, NULL) : NULL;
}

uint32_t
review_list_version(const struct campaign *c, size_t i)
{
	json_t *frozen = c->review.is_newest ? NULL : frozen_of(c);
	json_int_t version = json_integer_value(
		json_object_get(json_array_get(json_object_get(frozen, "lists"), i), "version"));

	json_decref(frozen);
	return version > 0 && version <= UINT32_MAX ? (uint32_t)version : 0;
}

/* ---- what is frozen ---- */

static void
hash_text(struct slice text, char hex[APPROVAL_HASH_HEX])
{
	uint8_t hash[32];

	hash_plain256(text, hash);
	hash_hex(hash, sizeof(hash), hex);
}

static json_t *
template_json(const struct campaign *c)
{
	char hex[APPROVAL_HASH_HEX];

	hash_text(slice_of(c->source), hex);
	return json_pack("{s:s, s:i, s:s}", "name", c->template, "version",
			 (int)c->template_version, "hash", hex);
}

static json_t *
lists_json(const struct ready_campaign *r)
{
	json_t *out = json_array();

	for (size_t i = 0; i < list_part_count(r->list); i++) {
		const struct list *l = list_part(r->list, i);
		json_t *one = json_pack("{s:s}", "list", l->name);

		if (!r->campaign->review.is_newest)
			json_object_set_new(one, "version", json_integer((json_int_t)l->version));
		json_array_append_new(out, one);
	}
	return out;
}

/* The whole entry of the policy, whatever it has: its day for people, its hash to be compared. */
static json_t *
policy_json(const struct config *config, const char *class)
{
	const struct class_policy *policy = config_class(config, class);
	json_t *list = json_object_get(config->policy_document, "classes"), *one;
	char hex[APPROVAL_HASH_HEX] = "";
	size_t i;

	json_array_foreach (list, i, one) {
		const char *name = json_string_value(json_object_get(one, "class"));
		const char *since = json_string_value(json_object_get(one, "since"));
		char *text;

		if (policy == NULL || name == NULL || strcmp(name, class) != 0 ||
		    strcmp(since != NULL ? since : policy->since, policy->since) != 0)
			continue;
		text = json_dumps(one, JSON_COMPACT | JSON_SORT_KEYS);
		hash_text(slice_of(text), hex);
		free(text);
	}
	return json_pack("{s:s, s:s}", "since", policy != NULL ? policy->since : "", "hash", hex);
}

static json_t *
carrier_json(const struct config *config, const struct route_plan *route, unsigned carrier)
{
	const struct route_choice *choice = &route->choice[route->map.partition[carrier]];
	const char *name = carrier_name((int)carrier);
	json_t *providers = json_array();

	for (unsigned i = 0; i < choice->count; i++) {
		uint8_t t = choice->tariff[i];
		json_t *one = json_pack("{s:s, s:I}", "provider",
					config->providers[route->provider[t]].name, "price",
					(json_int_t)route->price[t]);

		if (choice->kind == ROUTE_SHARE)
			json_object_set_new(one, "share", json_integer(choice->share[i]));
		json_array_append_new(providers, one);
	}
	return json_pack("{s:s, s:s, s:o}", "carrier", name != NULL ? name : "unknown", "route",
			 route_kind_names[choice->kind], "providers", providers);
}

static json_t *
route_json(const struct config *config, const struct route_plan *route)
{
	json_t *out = json_array();

	for (unsigned i = 0; i < CARRIERS_MAX; i++)
		if (route->map.partition[i] != NO_PARTITION)
			json_array_append_new(out, carrier_json(config, route, i));
	return out;
}

static json_t *
canary_json(const struct campaign *c)
{
	if (c->canary_messages == 0)
		return json_null();
	return json_pack("{s:i, s:b, s:I}", "messages", (int)c->canary_messages, "auto",
			 c->is_canary_auto, "after_s", (json_int_t)c->canary_after_s);
}

json_t *
approval_frozen(const struct config *config, const struct ready_campaign *r, int64_t at_s)
{
	const struct campaign *c = r->campaign;
	char texts[APPROVAL_HASH_HEX];
	json_t *out;

	hash_text(buf_slice(&r->wording), texts);
	out = json_pack("{s:o, s:s, s:o, s:o, s:s, s:o, s:o, s:o}", "template", template_json(c),
			"texts", texts, "lists", lists_json(r), "segments",
			json_incref(c->review.segments), "class", c->class, "policy",
			policy_json(config, c->class), "route", route_json(config, &r->route),
			"canary", canary_json(c));
	json_object_set_new(out, "per", json_string(c->per == PER_ROW ? "row" : "phone"));
	json_object_set_new(out, "accents", json_string(accents_names[c->accents]));
	json_object_set_new(out, "audience",
			    json_string(c->review.is_newest ? "newest" : "approved"));
	json_object_set_new(out, "goal", json_string(c->goal));
	json_object_set_new(out, "event", json_string(c->event));
	json_object_set_new(out, "sensitive", json_string(c->sensitive));
	json_object_set_new(out, "unit", json_integer((json_int_t)c->unit));
	json_object_set_new(out, "schedule", json_string(c->schedule));
	json_object_set_new(out, "late", json_string(c->late_then));
	json_object_set_new(out, "late_s", json_integer(c->late_s));
	json_object_set_new(out, "smooth_until", json_integer(c->smooth_until));
	json_object_set_new(out, "finish_by", json_integer(c->finish_by));
	json_object_set_new(out, "at", at_s != 0 ? time_json(at_s) : json_null());
	json_object_set_new(out, "at_s", json_integer(at_s));
	return out;
}

void
approval_text(const json_t *frozen, struct buf *text, char hash[APPROVAL_HASH_HEX])
{
	char *canonical = json_dumps(frozen, JSON_COMPACT | JSON_SORT_KEYS);

	buf_adds(text, canonical);
	hash_text(slice_of(canonical), hash);
	free(canonical);
}

int64_t
approval_at(const struct campaign *c)
{
	json_t *frozen = frozen_of(c);
	int64_t at_s = json_integer_value(json_object_get(frozen, "at_s"));

	json_decref(frozen);
	return at_s;
}

/* ---- what differs ---- */

static void
say_template(const struct campaign *c, const json_t *was, struct buf *out)
{
	char at[32];

	clock_format_vn(c->review.template_saved_s, at);
	buf_addf(out, "the template %s was changed on %s", c->template, at);
	if (c->review.template_by[0] != '\0')
		buf_addf(out, " by %s", c->review.template_by);
	buf_addf(out, " (version %u, submitted was %d)", c->template_version,
		 (int)json_integer_value(json_object_get(was, "version")));
}

/* The first of two arrays' items that differ, by the word that names it. */
static const char *
first_other(const json_t *was, const json_t *is, const char *name, size_t *at)
{
	size_t n = json_array_size(was) > json_array_size(is) ? json_array_size(was)
							      : json_array_size(is);

	for (*at = 0; *at < n; ++*at) {
		const json_t *a = json_array_get(was, *at), *b = json_array_get(is, *at);

		if (a == NULL || b == NULL || !json_equal(a, b)) {
			const char *word =
				json_string_value(json_object_get(b != NULL ? b : a, name));

			return word != NULL ? word : "";
		}
	}
	return "";
}

static void
say_list(const json_t *was, const json_t *is, struct buf *out)
{
	size_t at = 0;
	const char *list = first_other(was, is, "list", &at);
	const json_t *before = json_object_get(json_array_get(was, at), "version");
	const json_t *after = json_object_get(json_array_get(is, at), "version");

	buf_addf(out, "the list %s was changed (version %d, submitted was %d)", list,
		 (int)json_integer_value(after), (int)json_integer_value(before));
}

static void
say_difference(const struct campaign *c, const char *key, const json_t *was, const json_t *is,
	       struct buf *out)
{
	size_t at;

	if (strcmp(key, "template") == 0)
		say_template(c, was, out);
	else if (strcmp(key, "lists") == 0)
		say_list(was, is, out);
	else if (strcmp(key, "segments") == 0)
		buf_addf(out, "the segment %s was changed", first_other(was, is, "name", &at));
	else if (strcmp(key, "policy") == 0)
		buf_addf(out, "the policy of class %s was changed", c->class);
	else if (strcmp(key, "route") == 0)
		buf_addf(out, "the providers or prices of %s were changed",
			 first_other(was, is, "carrier", &at));
	else if (strcmp(key, "texts") == 0)
		buf_adds(out, "what is put around the texts, or how they are counted, was changed");
	else
		buf_addf(out, "its %s was changed", key);
}

enum err
approval_compare(const struct config *config, const struct ready_campaign *r, bool is_now,
		 struct err_ctx *e)
{
	/* In the order in which they are told; the texts differ wherever the template does. */
	static const char *const keys[] = {"template", "lists", "segments", "class",	 "policy",
					   "route",    "texts", "canary",   "per",	 "accents",
					   "audience", "goal",	"event",    "sensitive", "unit"};
	const struct campaign *c = r->campaign;
	json_t *was = frozen_of(c), *is = approval_frozen(config, r, 0);
	struct buf why = {0};
	bool can_be_sent = false;
	enum err rc = ERR_OK;

	for (size_t i = 0; i < ARRAY_LEN(keys) && why.len == 0; i++) {
		const json_t *a = json_object_get(was, keys[i]), *b = json_object_get(is, keys[i]);

		if (a != NULL && b != NULL && json_equal(a, b))
			continue;
		can_be_sent = is_now && i < 3;
		say_difference(c, keys[i], a, b, &why);
	}
	if (why.len > 0)
		rc = err_set(e, ERR_REFUSED, c->name,
			     can_be_sent ? "return it and submit it again; launch --as-approved "
					   "sends what was approved"
					 : "return it and submit it again",
			     "%s", why.data);
	buf_free(&why);
	json_decref(was);
	json_decref(is);
	return rc;
}

/* ---- who must agree ---- */

enum approval_level
approval_needed(const struct config *config, const struct ready_campaign *r)
{
	const struct class_policy *class = config_class(config, r->campaign->class);
	enum approval_level level = class != NULL ? class->approval : APPROVAL_TWO_APPROVERS;

	if (route_plan_find(&r->route, config, false) == NULL)
		level = APPROVAL_NONE;
	return level > r->campaign->review.asked ? level : r->campaign->review.asked;
}

static enum err
refuse_unapproved(const struct campaign *c, enum approval_level level, struct err_ctx *e)
{
	if (level == APPROVAL_SECOND_PERSON)
		return err_set(e, ERR_REFUSED, c->name,
			       "loa campaign submit, then another user approves it",
			       "a campaign of class %s needs the approval of a second person",
			       c->class);
	return err_set(e, ERR_REFUSED, c->name,
		       "loa campaign submit, then two users approve it; or launch it with --order "
		       "and --reason",
		       "a campaign of class %s needs two approvers, or a standing order", c->class);
}

enum err
approval_check(const struct config *config, const struct ready_campaign *r, const char *order,
	       struct err_ctx *e)
{
	const struct campaign *c = r->campaign;
	enum approval_level needed = approval_needed(config, r);
	char today[12];
	enum err rc = ERR_OK;

	if (c->review.frozen[0] != '\0')
		rc = approval_compare(config, r, false, e);
	if (rc != ERR_OK || needed == APPROVAL_NONE ||
	    (c->review.approved_s != 0 && c->review.given >= needed))
		return rc;
	if (order == NULL)
		return refuse_unapproved(c, needed, e);
	day_text(r->today, today);
	return standing_order_check(config->standing_orders, config->standing_order_count, order,
				    c->class, today, e);
}

static void
add_text(struct argv *a, const char *field, const char *v)
{
	argv_adds(a, field);
	argv_adds(a, v);
}

void
approval_add(const struct config *config, const struct ready_campaign *r,
	     const struct launch_how *how, struct argv *a)
{
	const struct review *v = &r->campaign->review;

	argv_adds(a, "revision");
	argv_add_int(a, (int64_t)v->revision);
	add_text(a, "approval", approval_names[approval_needed(config, r)]);
	if (v->hash[0] != '\0')
		add_text(a, "approved_hash", v->hash);
	if (how->order != NULL) {
		add_text(a, "order", how->order);
		add_text(a, "order_reason", how->reason);
	}
}

/* ---- in another state ---- */

static const struct {
	const char *act, *states;
} acts[] = {
#define X(act, rights, states, leads) {#act, states},
	CAMPAIGN_ACTS(X)
#undef X
};

bool
campaign_may(const char *act, const char *state)
{
	for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
		struct slice rest = slice_of(acts[i].states);

		while (strcmp(acts[i].act, act) == 0 && rest.n > 0)
			if (slice_is(slice_take_until(&rest, ' '), state))
				return true;
	}
	return false;
}

const char *
campaign_todo(struct slice state)
{
	static const char *const words[][2] = {
		{"draft", "submit it: loa campaign submit"},
		{"returned", "mend it with loa campaign edit, then submit it again"},
		{"submitted", "approve it with loa campaign approve, or loa campaign return"},
		{"approved", "launch it, or loa campaign return"},
		{"scheduled", "unschedule it first"},
		{"missed", "launch it, or unschedule it"},
		{"running", "loa campaign cancel stops it; clone it to send again"},
		{"paused", "loa campaign resume or cancel; clone it to send again"},
		{"finished", "clone it to send again"},
		{"cancelled", "clone it to send again"},
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_is(state, words[i][0]))
			return words[i][1];
	return "see loa campaign ls";
}

enum err
campaign_not_in(struct slice state, struct err_ctx *e)
{
	return err_set(e, ERR_CONFLICT, "campaign", campaign_todo(state), "is %.*s", (int)state.n,
		       state.p);
}
