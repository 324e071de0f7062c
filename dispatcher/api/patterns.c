/* SPDX-License-Identifier: MIT */
/* Registered patterns over HTTP: importing many at once, all, one, removing; a text beside them. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/api/registers.h"
#include "dispatcher/campaign/registered.h"
#include "segments/phone.h"
#include "templates/content.h"
#include "templates/sms.h"

#define RECORD_MAX_BYTES (1u << 16)
#define TEXT_MAX_BYTES 8192u

/* ---- import ---- */

/* [name, record …] of the body's patterns, each of them read and found good. */
static enum err
pairs_of(json_t *body, json_t *out, struct err_ctx *e)
{
	static const char *const keys[] = {"patterns"};
	struct json_at root = json_root(body), list = json_get(&root, "patterns");
	enum err rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e);

	if (rc != ERR_OK || (rc = json_want_array(&list, e)) != ERR_OK)
		return rc;
	if (json_array_size(list.v) == 0)
		return err_set(e, ERR_INPUT, "patterns", "", "is missing or empty");
	for (size_t i = 0; i < json_array_size(list.v); i++) {
		struct json_at one = json_item(&list, i);
		struct pattern_record r;
		struct buf text = {0};

		rc = pattern_record_read(&one, &r, e);
		if (rc != ERR_OK)
			return rc;
		json_add_value(&text, one.v);
		json_array_append_new(out, json_string(r.name));
		json_array_append_new(out, json_of_slice(buf_slice(&text)));
		buf_free(&text);
	}
	return ERR_OK;
}

void
on_pattern_import(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	json_t *body, *pairs;
	struct err_ctx e;

	if (!api_is_open(a, x) || (body = api_body_json(x)) == NULL)
		return;
	pairs = json_array();
	if (pairs_of(body, pairs, &e) != ERR_OK) {
		http_answer_error(x, &e);
		json_decref(pairs);
	} else {
		registers_save(a, x, "pattern", pairs);
	}
	json_decref(body);
}

/* ---- all, one, none ---- */

void
on_pattern_ls(struct http_exchange *x, void *arg)
{
	registers_ls(arg, x, "pattern", "patterns");
}

void
on_pattern_show(struct http_exchange *x, void *arg)
{
	registers_show(arg, x, "pattern", http_param(x, "name"));
}

void
on_pattern_rm(struct http_exchange *x, void *arg)
{
	registers_rm(arg, x, "pattern", http_param(x, "name"));
}

/* ---- check ---- */

/* {"text", "brandname", "carrier", "class"}: a text beside the patterns and the rules. */
struct check {
	struct api *api;
	struct http_exchange *x;
	json_t *body;
	const char *text, *brandname, *class;
	int carrier; /* -1 = any */
	/* of what is compared */
	json_t **documents;
	struct pattern_record *records;
	struct pattern **patterns;
	size_t count;
};

static void
check_free(struct check *c)
{
	for (size_t i = 0; i < c->count; i++) {
		pattern_free(c->patterns[i]);
		json_decref(c->documents[i]);
	}
	free(c->documents);
	free(c->records);
	free(c->patterns);
	json_decref(c->body);
	free(c);
}

static bool
is_wanted(const struct check *c, const struct pattern_record *r)
{
	char ours[BRANDNAME_MAX + 1], theirs[BRANDNAME_MAX + 1];

	brandname_fold(c->brandname, ours);
	brandname_fold(r->brandname, theirs);
	return (ours[0] == '\0' || strcmp(ours, theirs) == 0) &&
	       (c->carrier < 0 || r->carriers[c->carrier]) &&
	       (c->class[0] == '\0' || pattern_record_is_of(r, c->class)) &&
	       r->state != PATTERN_REFUSED;
}

static void
take_record(struct check *c, struct slice text)
{
	struct pattern_record *r = &c->records[c->count];
	struct pattern_error pe;
	struct json_at root;
	struct err_ctx e;
	json_t *v = NULL;

	if (json_parse(text, RECORD_MAX_BYTES, "record", &v, &e) != ERR_OK)
		return;
	root = json_root(v);
	c->patterns[c->count] = NULL;
	if (pattern_record_open(&root, r, &e) == ERR_OK && is_wanted(c, r))
		c->patterns[c->count] = pattern_compile(slice_of(r->text), r->compare, &pe);
	if (c->patterns[c->count] == NULL)
		json_decref(v);
	else
		c->documents[c->count++] = v;
}

static json_t *
findings_json(struct content_view *v, struct slice text, unsigned parts)
{
	struct content_finding found[CONTENT_FINDINGS_MAX];
	size_t n = content_check(v, text, parts, found);
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++) {
		struct content_words w = content_rule_words(v, found[i].rule);

		json_array_append_new(
			out, json_pack("{s:s, s:s, s:o, s:I, s:s, s:s}", "rule", w.rule, "severity",
				       w.severity == CONTENT_REFUSE ? "refuse" : "warn", "found",
				       json_of_slice(found[i].found), "at", (json_int_t)found[i].at,
				       "vi", w.vi, "en", w.en));
	}
	return out;
}

/* The rules that hold for every provider; parts as the standard counts. */
static json_t *
content_of(const struct config *config, const char *class, struct slice nfc, unsigned parts)
{
	char day[12];
	struct content_view *v;
	json_t *out;

	day_text(clock_today_vn(), day);
	v = content_view_new(config->content_rules, class, "", day, false);
	out = findings_json(v, nfc, parts);
	content_view_free(v);
	return out;
}

static void
check_answer(struct check *c, struct slice nfc)
{
	struct pattern_set *set =
		pattern_set_new((const struct pattern *const *)c->patterns, c->count);
	int found = pattern_set_match(set, nfc);
	struct arena memory = {0};
	struct pattern_near near;
	json_t *out =
		json_pack("{s:b, s:I}", "matches", found >= 0, "patterns", (json_int_t)c->count);

	if (found >= 0) {
		json_object_set_new(out, "pattern", json_string(c->records[found].name));
		json_object_set_new(out, "state",
				    json_string(pattern_state_name(c->records[found].state)));
	} else {
		pattern_set_nearest(set, nfc, &memory, &near);
		if (near.index >= 0)
			json_object_set_new(
				out, "nearest",
				registered_near_json(&near, c->records[near.index].name));
	}
	json_object_set_new(
		out, "content",
		content_of(c->api->daemon->config, c->class, nfc, sms_count(nfc).parts));
	http_answer_json(c->x, 200, out);
	pattern_set_free(set);
	arena_free(&memory);
}

static void
on_records(void *arg, const struct reply *r)
{
	struct check *c = arg;
	struct buf nfc = {0};

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(c->x, r);
		check_free(c);
		return;
	}
	c->documents = xcalloc(r->count + 1, sizeof(*c->documents));
	c->records = xcalloc(r->count + 1, sizeof(*c->records));
	c->patterns = xcalloc(r->count + 1, sizeof(*c->patterns));
	for (size_t i = 0; i < r->count; i++)
		take_record(c, reply_item(r, i)->str);
	text_add_nfc(&nfc, slice_of(c->text));
	check_answer(c, buf_slice(&nfc));
	buf_free(&nfc);
	check_free(c);
}

static enum err
read_check(struct check *c, struct err_ctx *e)
{
	static const char *const keys[] = {"text", "brandname", "carrier", "class"};
	struct json_at root = json_root(c->body), text = json_get(&root, "text");
	struct json_at brand = json_get(&root, "brandname"), carrier = json_get(&root, "carrier");
	struct json_at class = json_get(&root, "class");
	const char *name = "";
	enum err rc;

	c->text = c->brandname = c->class = "";
	if ((rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_need_string(&text, &c->text, e)) != ERR_OK ||
	    (rc = json_read_string(&brand, &c->brandname, e)) != ERR_OK ||
	    (rc = json_read_string(&carrier, &name, e)) != ERR_OK ||
	    (rc = json_read_string(&class, &c->class, e)) != ERR_OK)
		return rc;
	if (c->text[0] == '\0' || strlen(c->text) > TEXT_MAX_BYTES)
		return err_set(e, ERR_INPUT, "text", "", "must have 1 to %u bytes", TEXT_MAX_BYTES);
	if (c->brandname[0] != '\0' && (rc = brandname_check(c->brandname, e)) != ERR_OK)
		return rc;
	c->carrier = name[0] != '\0' ? carrier_find(slice_of(name)) : -1;
	if (name[0] != '\0' && c->carrier <= 0)
		return err_set(e, ERR_INPUT, "carrier", "use viettel, mobifone, vinaphone, …",
			       "\"%.40s\" is no carrier", name);
	return ERR_OK;
}

void
on_pattern_check(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct check *c;
	struct argv args = {0};
	struct err_ctx e;
	json_t *body;

	if (!api_is_open(a, x) || (body = api_body_json(x)) == NULL)
		return;
	c = xcalloc(1, sizeof(*c));
	c->api = a;
	c->x = x;
	c->body = body;
	if (read_check(c, &e) != ERR_OK) {
		http_answer_error(x, &e);
		check_free(c);
		return;
	}
	argv_adds(&args, "pattern");
	engine_call(a->daemon->engine, "registered_all", &args, on_records, c);
	argv_free(&args);
}

/* ---- the rules ---- */

/* The document of the content rules, as it is in force on this server. */
void
on_content_show(struct http_exchange *x, void *arg)
{
	const struct api *a = arg;

	http_answer_json(x, 200, json_deep_copy(a->daemon->config->content_document));
}
