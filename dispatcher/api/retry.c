/* SPDX-License-Identifier: MIT */
/*
 * A new attempt for what failed: GET says how many, by reason, at what price;
 * POST begins it. What is in doubt is not among them, nor who was left out.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/private.h"
#include "dispatcher/run/report.h"
#include "dispatcher/store/audit.h"

#define ID_CHARS 32

struct retry {
	struct api *api;
	struct http_exchange *x;
	bool is_wanted[256]; /* by reason */
	bool is_estimate;
	char id[129]; /* the Idempotency-Key, or our own */
	uint64_t campaign, run;
	char state[16];
	char object[160]; /* of the audit */
	/* Those of a run that is over, whatever its campaign is by now: they must not be locked. */
	char lists[RUN_QUERIES_MAX][LIST_NAME_MAX + 1];
	size_t list_count, list_at;
};

/* Who is not a number stays none: it must be named to be tried again. */
static void
want_default(struct retry *t)
{
	for (unsigned i = 1; i < 256; i++)
		t->is_wanted[i] = i != REASON_BAD_RECIPIENT;
}

static enum err
want_reason(struct retry *t, const char *name, struct err_ctx *e)
{
	uint8_t reason = record_reason_find(name);

	if (reason == 0)
		return err_set(e, ERR_INPUT, "reasons",
			       "use names as loa campaign retry shows them",
			       "\"%.60s\" is no reason", name);
	t->is_wanted[reason] = true;
	return ERR_OK;
}

/* "a,b" */
static enum err
read_query(struct retry *t, struct err_ctx *e)
{
	const char *at = http_query(t->x, "reasons");
	enum err rc = ERR_OK;

	if (at == NULL || *at == '\0') {
		want_default(t);
		return ERR_OK;
	}
	while (rc == ERR_OK && *at != '\0') {
		char name[64];
		size_t n = strcspn(at, ",");

		snprintf(name, sizeof(name), "%.*s", (int)(n < 63 ? n : 63), at);
		rc = want_reason(t, name, e);
		at += n + (at[n] == ',');
	}
	return rc;
}

/* {"reasons":["a","b"]}, or nothing */
static enum err
read_body(struct retry *t, struct err_ctx *e)
{
	static const char *const keys[] = {"reasons"};
	json_t *body = NULL;
	struct json_at root, reasons;
	enum err rc;

	if (http_body(t->x).n == 0) {
		want_default(t);
		return ERR_OK;
	}
	rc = json_parse(http_body(t->x), 65536, "body", &body, e);
	if (rc != ERR_OK)
		return rc;
	root = json_root(body);
	rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e);
	reasons = json_get(&root, "reasons");
	if (rc == ERR_OK)
		rc = json_want_array(&reasons, e);
	if (rc == ERR_OK && json_array_size(reasons.v) == 0)
		want_default(t);
	for (size_t i = 0; rc == ERR_OK && i < json_array_size(reasons.v); i++) {
		struct json_at one = json_item(&reasons, i);
		const char *name = "";

		rc = json_need_string(&one, &name, e);
		if (rc == ERR_OK)
			rc = want_reason(t, name, e);
	}
	json_decref(body);
	return rc;
}

static void
retry_fail(struct retry *t, const struct err_ctx *e)
{
	http_answer_error(t->x, e);
	free(t);
}

/* ---- how many ---- */

static void
on_report(void *arg, const struct run_report *r, const struct err_ctx *e)
{
	struct retry *t = arg;
	json_t *reasons = json_array();
	struct run_failed sum = {0};
	char name[32];

	if (r == NULL) {
		json_decref(reasons);
		retry_fail(t, e);
		return;
	}
	for (unsigned i = 1; i < 256; i++) {
		const struct run_failed *f = &r->failed[i];

		if (f->messages == 0)
			continue;
		json_array_append_new(reasons,
				      json_pack("{s:s, s:s, s:b, s:I, s:I, s:I}", "reason",
						record_reason_name((uint8_t)i, name), "text",
						record_reason_text((uint8_t)i), "retried",
						t->is_wanted[i], "messages",
						(json_int_t)f->messages, "parts",
						(json_int_t)f->parts, "cost", (json_int_t)f->cost));
		if (!t->is_wanted[i])
			continue;
		sum.messages += f->messages;
		sum.parts += f->parts;
		sum.cost += f->cost;
	}
	http_answer_json(t->x, 200,
			 json_pack("{s:s, s:I, s:I, s:I, s:o}", "state", t->state, "messages",
				   (json_int_t)sum.messages, "parts", (json_int_t)sum.parts, "cost",
				   (json_int_t)sum.cost, "reasons", reasons));
	free(t);
}

/* ---- begin ---- */

static void
on_retried(void *arg, const struct reply *r)
{
	struct retry *t = arg;
	struct slice what = reply_item(r, 0)->str, state = reply_item(r, 1)->str;
	struct err_ctx e;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(t->x, r);
	} else if (slice_is(what, "retrying") || slice_is(what, "known")) {
		log_info("campaign=%llu run=%llu by=\"%s\" act=retry result=%.*s",
			 (unsigned long long)t->campaign, (unsigned long long)t->run, api_who(t->x),
			 (int)what.n, what.p);
		http_answer_json(t->x, 202,
				 json_pack("{s:s%, s:I}", "state", state.p, state.n, "run",
					   (json_int_t)t->run));
	} else {
		bool is_busy = slice_is(what, "busy");

		err_set(&e, ERR_CONFLICT, "campaign", is_busy ? "try again in a moment" : "",
			is_busy ? "is being retried already" : "is %.*s", (int)what.n, what.p);
		http_answer_error(t->x, &e);
	}
	free(t);
}

static void
retry_begin(struct retry *t)
{
	struct buf reasons = {0};
	struct argv a = {0};

	for (unsigned i = 1; i < 256; i++)
		if (t->is_wanted[i])
			buf_add_u8(&reasons, (uint8_t)i);
	argv_add_int(&a, (int64_t)t->run);
	argv_adds(&a, t->id);
	argv_add(&a, buf_slice(&reasons));
	argv_adds(&a, api_who(t->x));
	engine_sure(t->api->daemon->engine, "retry", &a, false, on_retried, t);
	argv_free(&a);
	buf_free(&reasons);
}

/* What is tried again, for the audit. */
static json_t *
retry_details(const struct retry *t)
{
	json_t *reasons = json_array();
	char name[32];

	for (unsigned i = 1; i < 256; i++)
		if (t->is_wanted[i] &&
		    record_reason_find(record_reason_name((uint8_t)i, name)) == i)
			json_array_append_new(reasons, json_string(name));
	return json_pack("{s:I, s:o}", "run", (json_int_t)t->run, "reasons", reasons);
}

static void
on_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	(void)n;
	if (e != NULL)
		retry_fail(arg, e);
	else
		retry_begin(arg);
}

static void
retry_audit(struct retry *t)
{
	audit_append(t->api->daemon->engine, api_who(t->x), "campaign.retry", t->object,
		     retry_details(t), on_audited, t);
}

static void look_at_lists(struct retry *t);

/* What is over does not begin again with a list that is locked. One that was deleted, Lua knows. */
static void
on_list(void *arg, struct list *l, const struct err_ctx *e)
{
	struct retry *t = arg;
	struct err_ctx why;

	if (l != NULL && l->is_locked) {
		care_refuse(l->name, &l->care, &why);
		retry_fail(t, &why);
	} else if (l == NULL && e->code != ERR_NOT_FOUND) {
		retry_fail(t, e);
	} else {
		t->list_at++;
		look_at_lists(t);
	}
	list_free(l);
}

static void
look_at_lists(struct retry *t)
{
	if (t->list_at == t->list_count)
		retry_audit(t);
	else
		list_load(engine_redis(t->api->daemon->engine), t->lists[t->list_at], false,
			  on_list, t);
}

/* Its lists, where it begins again. */
static void
take_lists(struct retry *t, const struct campaign *c)
{
	for (; t->list_count < c->list_count; t->list_count++)
		snprintf(t->lists[t->list_count], sizeof(t->lists[0]), "%s",
			 c->lists[t->list_count]);
}

static void
on_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct retry *t = arg;
	struct err_ctx none;

	if (c == NULL || c->run == 0 || strcmp(c->state, "cancelled") == 0) {
		if (c != NULL) {
			e = &none;
			err_set(&none, ERR_CONFLICT, "campaign",
				c->run == 0 ? "launch it first" : "clone it to send again", "is %s",
				c->state);
		}
		campaign_free(c);
		retry_fail(t, e);
		return;
	}
	t->campaign = c->id;
	t->run = c->run;
	snprintf(t->state, sizeof(t->state), "%s", c->state);
	snprintf(t->object, sizeof(t->object), "campaign:%s", c->name);
	if (strcmp(c->state, "running") != 0 && strcmp(c->state, "paused") != 0)
		take_lists(t, c);
	if (t->is_estimate)
		run_report_load(t->api->daemon->engine, t->run, on_report, t);
	else
		look_at_lists(t);
	campaign_free(c);
}

static void
retry_start(struct http_exchange *x, struct api *a, bool is_estimate)
{
	const char *id = api_name(x, "id", "campaign"), *key = http_header(x, "Idempotency-Key");
	struct retry *t;
	struct err_ctx e;
	enum err rc;

	if (id == NULL || !api_is_open(a, x))
		return;
	t = xcalloc(1, sizeof(*t));
	t->api = a;
	t->x = x;
	t->is_estimate = is_estimate;
	rc = is_estimate ? read_query(t, &e) : read_body(t, &e);
	if (rc == ERR_OK && key != NULL && (strlen(key) < 8 || strlen(key) >= sizeof(t->id)))
		rc = err_set(&e, ERR_INPUT, "Idempotency-Key", "", "must have 8 to 128 characters");
	if (rc != ERR_OK) {
		retry_fail(t, &e);
		return;
	}
	if (key != NULL)
		snprintf(t->id, sizeof(t->id), "%s", key);
	else
		random_hex(t->id, ID_CHARS / 2);
	campaign_load(a->daemon->engine, id, on_campaign, t);
}

void
on_campaign_retry_estimate(struct http_exchange *x, void *arg)
{
	retry_start(x, arg, true);
}

void
on_campaign_retry(struct http_exchange *x, void *arg)
{
	retry_start(x, arg, false);
}
