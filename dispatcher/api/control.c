/* SPDX-License-Identifier: MIT */
/* What people do to a campaign that is written down: pause, resume, cancel. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/campaign/campaign.h"

#define REASON_MAX 200

/* An act that waits for its campaign. */
struct act {
	struct api *api;
	struct http_exchange *x;
	const char *from, *to; /* states of the run, for pause and resume */
	char reason[REASON_MAX + 1];
	uint64_t campaign, run;
};

static const char *
who(const struct http_exchange *x)
{
	return http_is_local(x) ? "the server's user" : "administrator";
}

static void
say_conflict(struct http_exchange *x, struct slice state, const char *todo)
{
	struct err_ctx e;

	err_set(&e, ERR_CONFLICT, "campaign", todo, "is %.*s", (int)state.n, state.p);
	http_answer_error(x, &e);
}

/* The body may be empty, or an object with a reason. False: the exchange was answered. */
static bool
read_reason(struct http_exchange *x, char out[REASON_MAX + 1])
{
	static const char *const keys[] = {"reason"};
	struct json_at root, reason;
	const char *text = "";
	struct err_ctx e;
	json_t *body;
	bool is_good;

	out[0] = '\0';
	if (http_body(x).n == 0)
		return true;
	body = api_body_json(x);
	if (body == NULL)
		return false;
	root = json_root(body);
	reason = json_get(&root, "reason");
	is_good = json_only_keys(&root, keys, ARRAY_LEN(keys), &e) == ERR_OK &&
		  json_read_string(&reason, &text, &e) == ERR_OK;
	if (is_good && strlen(text) > REASON_MAX) {
		is_good = false;
		err_set(&e, ERR_INPUT, "reason", "shorten it", "has more than %d bytes",
			REASON_MAX);
	}
	for (const char *p = text; is_good && *p != '\0'; p++) {
		if ((unsigned char)*p >= 0x20)
			continue;
		is_good = false;
		err_set(&e, ERR_INPUT, "reason", "write one line", "has a control character");
	}
	if (is_good)
		snprintf(out, REASON_MAX + 1, "%s", text);
	else
		http_answer_error(x, &e);
	json_decref(body);
	return is_good;
}

/* NULL: the exchange was answered. */
static struct act *
act_new(struct http_exchange *x, struct api *a)
{
	struct act *t;
	char reason[REASON_MAX + 1];

	if (api_name(x, "id", "campaign") == NULL || !api_is_open(a, x) || !read_reason(x, reason))
		return NULL;
	t = xcalloc(1, sizeof(*t));
	t->api = a;
	t->x = x;
	memcpy(t->reason, reason, sizeof(reason));
	return t;
}

/* Keep what matters of the campaign, and free it. False: answered and freed. */
static bool
act_has_run(struct act *t, struct campaign *c, const struct err_ctx *e)
{
	bool has_run = c != NULL && c->run != 0;

	if (c == NULL) {
		http_answer_error(t->x, e);
	} else if (!has_run) {
		say_conflict(t->x, slice_of(c->state),
			     strcmp(c->state, "scheduled") == 0
				     ? "nothing was sent; loa campaign unschedule stops it"
				     : "launch it first");
	} else {
		t->campaign = c->id;
		t->run = c->run;
	}
	campaign_free(c);
	if (!has_run)
		free(t);
	return has_run;
}

static void
act_log(const struct act *t, const char *what, const char *result)
{
	log_info("campaign=%llu run=%llu by=\"%s\" act=%s result=%s",
		 (unsigned long long)t->campaign, (unsigned long long)t->run, who(t->x), what,
		 result);
}

/* ---- pause and resume ---- */

static void
on_controlled(void *arg, const struct reply *r)
{
	struct act *t = arg;

	if (!reply_is_good(r)) {
		api_answer_reply(t->x, r);
	} else if (slice_is(r->str, t->to)) {
		act_log(t, strcmp(t->to, "paused") == 0 ? "pause" : "resume", t->to);
		http_answer_json(t->x, 200, json_pack("{s:s}", "state", t->to));
	} else {
		say_conflict(t->x, r->str, "");
	}
	free(t);
}

static void
on_control_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct act *t = arg;
	bool is_pause = strcmp(t->to, "paused") == 0;
	struct argv a = {0};

	if (!act_has_run(t, c, e))
		return;
	argv_add_int(&a, (int64_t)t->run);
	argv_adds(&a, t->from);
	argv_adds(&a, t->to);
	/* A pause that Redis forgot would be no pause; a resume told again might undo one. */
	if (is_pause) {
		argv_adds(&a, "person");
		argv_adds(&a, t->reason);
		argv_adds(&a, who(t->x));
		engine_sure(t->api->daemon->engine, "control", &a, true, on_controlled, t);
	} else {
		engine_call(t->api->daemon->engine, "control", &a, on_controlled, t);
	}
	argv_free(&a);
}

static void
control(struct http_exchange *x, struct api *a, const char *from, const char *to)
{
	struct act *t = act_new(x, a);

	if (t == NULL)
		return;
	t->from = from;
	t->to = to;
	campaign_load(a->daemon->engine, http_param(x, "id"), on_control_campaign, t);
}

void
on_campaign_pause(struct http_exchange *x, void *arg)
{
	control(x, arg, "running", "paused");
}

void
on_campaign_resume(struct http_exchange *x, void *arg)
{
	control(x, arg, "paused", "running");
}

/* ---- cancel ---- */

static void
on_cancelled(void *arg, const struct reply *r)
{
	static const char *const names[] = {
		NULL, "cancelled", "accepted", "delivered", "undeliverable", "sending", "unknown"};
	struct act *t = arg;
	json_t *out;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(t->x, r);
	} else if (!slice_is(reply_item(r, 0)->str, "cancelled")) {
		say_conflict(t->x, reply_item(r, 0)->str, "");
	} else {
		act_log(t, "cancel", "cancelled");
		out = json_pack("{s:s}", "state", "cancelled");
		for (size_t i = 1; i < ARRAY_LEN(names); i++)
			json_object_set_new(out, names[i], json_integer(reply_item(r, i)->integer));
		json_object_set_new(out, "frozen", json_boolean(reply_item(r, 7)->integer));
		http_answer_json(t->x, 200, out);
	}
	free(t);
}

static void
on_cancel_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct act *t = arg;
	struct argv a = {0};

	if (!act_has_run(t, c, e))
		return;
	argv_add_int(&a, (int64_t)t->run);
	argv_adds(&a, t->reason);
	argv_adds(&a, who(t->x));
	/* A cancel that Redis forgot would be none. */
	engine_sure(t->api->daemon->engine, "cancel", &a, true, on_cancelled, t);
	argv_free(&a);
}

void
on_campaign_cancel(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct act *t = act_new(x, a);

	if (t != NULL)
		campaign_load(a->daemon->engine, http_param(x, "id"), on_cancel_campaign, t);
}
