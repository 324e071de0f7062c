/* SPDX-License-Identifier: MIT */
/* What people do to a campaign that is written down: launch, schedule, pause, cancel, clone. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/private.h"
#include "dispatcher/campaign/alarm.h"
#include "dispatcher/campaign/moment.h"
#include "dispatcher/campaign/series.h"
#include "dispatcher/store/audit.h"

#define REASON_MAX 200

/* An act that waits for its campaign. */
struct act {
	struct api *api;
	struct http_exchange *x;
	const char *to; /* state of the run that is wanted, for pause and resume */
	char reason[REASON_MAX + 1];
	char object[160]; /* of the audit */
	uint64_t campaign, run;
};

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
				     : "nothing was sent; loa campaign launch sends it");
	} else {
		t->campaign = c->id;
		t->run = c->run;
		snprintf(t->object, sizeof(t->object), "campaign:%s", c->name);
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
		 (unsigned long long)t->campaign, (unsigned long long)t->run, api_who(t->x), what,
		 result);
}

/* The audit first: what cannot be written there is not done. */
static void
act_audit(struct act *t, const char *what, audit_cb cb)
{
	audit_append(t->api->daemon->engine, api_who(t->x), what, t->object,
		     json_pack("{s:I, s:s}", "run", (json_int_t)t->run, "reason", t->reason), cb,
		     t);
}

/* False: it was not written; the exchange was answered, t is gone. */
static bool
act_is_audited(struct act *t, const struct err_ctx *e)
{
	if (e == NULL)
		return true;
	http_answer_error(t->x, e);
	free(t);
	return false;
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
	} else if (slice_is(r->str, "restored")) {
		api_answer_restored(t->x);
	} else {
		say_conflict(t->x, r->str, "nothing of it is left to send");
	}
	free(t);
}

static void
on_control_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct act *t = arg;
	bool is_pause = strcmp(t->to, "paused") == 0;
	struct argv a = {0};
	char act[17];

	(void)n;
	if (!act_is_audited(t, e))
		return;
	argv_add_int(&a, (int64_t)t->run);
	/* A pause that Redis forgot would be no pause; a resume told again might undo one. */
	if (is_pause) {
		argv_adds(&a, "running");
		argv_adds(&a, "paused");
		argv_adds(&a, "person");
		argv_adds(&a, t->reason);
		argv_adds(&a, api_who(t->x));
		random_hex(act, (sizeof(act) - 1) / 2);
		argv_adds(&a, act);
		engine_sure(t->api->daemon->engine, "control", &a, true, on_controlled, t);
	} else {
		if (http_query(t->x, "after_restore") != NULL)
			argv_adds(&a, "after-restore");
		engine_call(t->api->daemon->engine, "resume", &a, on_controlled, t);
	}
	argv_free(&a);
}

static void
on_control_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct act *t = arg;

	if (act_has_run(t, c, e))
		act_audit(t, strcmp(t->to, "paused") == 0 ? "campaign.pause" : "campaign.resume",
			  on_control_audited);
}

static void
control(struct http_exchange *x, struct api *a, const char *to)
{
	struct act *t = act_new(x, a);

	if (t == NULL)
		return;
	t->to = to;
	campaign_load(a->daemon->engine, http_param(x, "id"), on_control_campaign, t);
}

void
on_campaign_pause(struct http_exchange *x, void *arg)
{
	control(x, arg, "paused");
}

void
on_campaign_resume(struct http_exchange *x, void *arg)
{
	control(x, arg, "running");
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
		say_conflict(t->x, reply_item(r, 0)->str, "nothing of it is left to send");
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
on_cancel_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct act *t = arg;
	struct argv a = {0};

	(void)n;
	if (!act_is_audited(t, e))
		return;
	argv_add_int(&a, (int64_t)t->run);
	argv_adds(&a, t->reason);
	argv_adds(&a, api_who(t->x));
	/* A cancel that Redis forgot would be none. */
	engine_sure(t->api->daemon->engine, "cancel", &a, true, on_cancelled, t);
	argv_free(&a);
}

static void
on_cancel_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct act *t = arg;

	if (act_has_run(t, c, e))
		act_audit(t, "campaign.cancel", on_cancel_audited);
}

void
on_campaign_cancel(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct act *t = act_new(x, a);

	if (t != NULL)
		campaign_load(a->daemon->engine, http_param(x, "id"), on_cancel_campaign, t);
}

/* ---- launch, now or at a time; unschedule ---- */

struct launching {
	struct api *api;
	struct http_exchange *x;
	int64_t due_s;	/* 0 = now, or as its schedule says */
	bool is_series; /* it has a schedule that goes on */
	json_t *answer; /* when it is done; NULL = not yet */
	uint64_t unit;
	char class[16];
};

static void
launching_free(struct launching *l)
{
	json_decref(l->answer);
	free(l);
}

/* When its first message leaves, and the freeze that it falls into. What is done is told in any case. */
static void
on_launch_halts(void *arg, const struct halts *h, const struct err_ctx *e)
{
	struct launching *l = arg;

	(void)e;
	if (h != NULL)
		api_add_sends_from(l->api->daemon, h, l->class, l->due_s, l->answer);
	http_answer_json(l->x, 202, json_incref(l->answer));
	launching_free(l);
}

static void
launching_tell(struct launching *l, json_t *take_answer)
{
	l->answer = take_answer;
	halts_ask(l->api->daemon->engine, l->class, l->unit, on_launch_halts, l);
}

static void
on_launched(void *arg, uint64_t run, const struct err_ctx *e)
{
	struct launching *l = arg;

	if (e == NULL) {
		launching_tell(l, json_pack("{s:I}", "run", (json_int_t)run));
		return;
	}
	http_answer_error(l->x, e);
	launching_free(l);
}

static void
on_scheduled(void *arg, const struct scheduled *s, const struct err_ctx *e)
{
	struct launching *l = arg;
	char due[32], from[32];
	json_t *out;

	if (e != NULL) {
		http_answer_error(l->x, e);
		launching_free(l);
		return;
	}
	l->due_s = s->due_s;
	clock_format_vn(s->due_s, due);
	clock_format_vn(s->sends_from_s, from);
	out = json_pack("{s:s, s:s, s:s}", "state", "scheduled", "due", due, "sends_from", from);
	json_object_update(out, s->outlook);
	launching_tell(l, out);
}

/* The body may be empty, or an object with a time. *due_s 0 = now. False: answered. */
static bool
read_due(struct http_exchange *x, int64_t *due_s)
{
	static const char *const keys[] = {"at"};
	struct json_at root, at;
	const char *text = NULL, *why = NULL;
	struct moment m = {0};
	struct err_ctx e;
	json_t *body;
	enum err rc;

	*due_s = 0;
	if (http_body(x).n == 0)
		return true;
	body = api_body_json(x);
	if (body == NULL)
		return false;
	root = json_root(body);
	at = json_get(&root, "at");
	rc = json_only_keys(&root, keys, ARRAY_LEN(keys), &e);
	if (rc == ERR_OK)
		rc = json_read_string(&at, &text, &e);
	if (rc == ERR_OK && text != NULL) {
		why = moment_parse(slice_of(text), &m);
		if (why == NULL && m.second_of_day < 0)
			why = "has no time of day, as in 2027-10-10T08:00";
		if (why != NULL)
			rc = err_set(&e, ERR_INPUT, "at", "", "\"%.60s\" %s", text, why);
		*due_s = moment_to_unix(&m, VN_UTC_OFFSET_S);
		if (rc == ERR_OK && *due_s <= 0)
			rc = err_set(&e, ERR_INPUT, "at", "", "\"%.60s\" is not in the future",
				     text);
	}
	if (rc != ERR_OK)
		http_answer_error(x, &e);
	json_decref(body);
	return rc == ERR_OK;
}

static void
on_launch_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct launching *l = arg;
	struct daemon *d = l->api->daemon;
	const char *id = http_param(l->x, "id");

	(void)n;
	if (e != NULL) {
		http_answer_error(l->x, e);
		launching_free(l);
	} else if (l->due_s != 0 || l->is_series) {
		campaign_schedule(d->engine, d->config, id, l->due_s, on_scheduled, l);
	} else {
		campaign_launch(d->engine, d->config, id, on_launched, l);
	}
}

/* One whose last occurrence was missed is launched by a person, as others are. */
static bool
goes_on(const struct daemon *d, const struct campaign *c)
{
	int64_t next_s = 1;
	struct err_ctx e;

	if (strcmp(c->state, "missed") == 0 && c->schedule[0] != '\0' &&
	    series_next(c, d->config->days, clock_wall_ms() / 1000, &next_s, &e) != ERR_OK)
		next_s = 1; /* campaign_schedule says what is wrong */
	return c->schedule[0] != '\0' && next_s != 0;
}

/* Who launches, and when: what cannot be written into the audit is not launched. */
static void
on_launch_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct launching *l = arg;
	char object[160], due[32];
	struct buf lists = {0};
	json_t *details;

	if (c == NULL) {
		http_answer_error(l->x, e);
		launching_free(l);
		return;
	}
	l->unit = c->unit;
	snprintf(l->class, sizeof(l->class), "%s", c->class);
	snprintf(object, sizeof(object), "campaign:%s", c->name);
	campaign_add_lists(c, &lists);
	details = json_pack("{s:I, s:s, s:i, s:o}", "campaign", (json_int_t)c->id, "template",
			    c->template, "template_version", (int)c->template_version, "list",
			    json_of_slice(buf_slice(&lists)));
	buf_free(&lists);
	l->is_series = goes_on(l->api->daemon, c);
	if (l->is_series)
		json_object_set_new(details, "schedule", json_string(c->schedule));
	if (l->due_s != 0) {
		clock_format_vn(l->due_s, due);
		json_object_set_new(details, "at", json_string(due));
	}
	audit_append(l->api->daemon->engine, api_who(l->x),
		     l->due_s != 0 || l->is_series ? "campaign.schedule" : "campaign.launch",
		     object, details, on_launch_audited, l);
	campaign_free(c);
}

void
on_campaign_launch(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *id = api_name(x, "id", "campaign");
	struct launching *l;
	int64_t due_s;

	if (id == NULL || !api_is_open(a, x) || !read_due(x, &due_s))
		return;
	l = xcalloc(1, sizeof(*l));
	*l = (struct launching){.api = a, .x = x, .due_s = due_s};
	campaign_load(a->daemon->engine, id, on_launch_campaign, l);
}

static void
on_unscheduled(void *arg, const struct reply *r)
{
	struct act *t = arg;

	if (!reply_is_good(r)) {
		api_answer_reply(t->x, r);
	} else if (slice_is(r->str, "draft")) {
		act_log(t, "unschedule", "draft");
		http_answer_json(t->x, 200, json_pack("{s:s}", "state", "draft"));
	} else {
		say_conflict(t->x, r->str, "");
	}
	free(t);
}

static void
on_unschedule_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct act *t = arg;
	struct argv a = {0};
	char act[17];

	if (c == NULL) {
		http_answer_error(t->x, e);
		free(t);
		return;
	}
	t->campaign = c->id;
	argv_add_int(&a, (int64_t)c->id);
	argv_add_int(&a, c->due_s);
	random_hex(act, (sizeof(act) - 1) / 2);
	argv_adds(&a, act);
	/* One that Redis forgot would be sent. */
	engine_sure(t->api->daemon->engine, "unschedule", &a, true, on_unscheduled, t);
	argv_free(&a);
	campaign_free(c);
}

void
on_campaign_unschedule(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct act *t = act_new(x, a);

	if (t != NULL)
		campaign_load(a->daemon->engine, http_param(x, "id"), on_unschedule_campaign, t);
}

/* ---- a draft goes ---- */

static void
on_removed(void *arg, const struct reply *r)
{
	struct act *t = arg;

	if (!reply_is_good(r)) {
		api_answer_reply(t->x, r);
	} else if (slice_is(r->str, "removed")) {
		act_log(t, "rm", "removed");
		http_answer_json(t->x, 200, json_pack("{s:s}", "state", "removed"));
	} else {
		say_conflict(t->x, r->str,
			     slice_is(r->str, "scheduled") || slice_is(r->str, "missed")
				     ? "unschedule it first"
				     : "only a draft can be removed: what was sent is kept");
	}
	free(t);
}

static void
on_rm_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct act *t = arg;
	struct argv a = {0};

	(void)n;
	if (!act_is_audited(t, e))
		return;
	argv_add_int(&a, (int64_t)t->campaign);
	argv_adds(&a, t->object + strlen("campaign:"));
	engine_call(t->api->daemon->engine, "campaign_rm", &a, on_removed, t);
	argv_free(&a);
}

static void
on_rm_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct act *t = arg;

	if (c == NULL) {
		http_answer_error(t->x, e);
		free(t);
		return;
	}
	t->campaign = c->id;
	snprintf(t->object, sizeof(t->object), "campaign:%s", c->name);
	campaign_free(c);
	act_audit(t, "campaign.rm", on_rm_audited);
}

void
on_campaign_rm(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct act *t = act_new(x, a);

	if (t != NULL)
		campaign_load(a->daemon->engine, http_param(x, "id"), on_rm_campaign, t);
}

/* ---- clone ---- */

struct cloning {
	struct api *api;
	struct http_exchange *x;
	char name[LIST_NAME_MAX + 1], key[129];
};

static void
on_clone_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct cloning *cl = arg;

	if (c == NULL)
		http_answer_error(cl->x, e);
	else
		campaign_clone(cl->api->daemon->engine, c->id, cl->name, cl->key, api_on_created,
			       cl->x);
	campaign_free(c);
	free(cl);
}

void
on_campaign_clone(struct http_exchange *x, void *arg)
{
	static const char *const keys[] = {"name"};
	struct api *a = arg;
	const char *id = api_name(x, "id", "campaign"), *key = http_header(x, "Idempotency-Key");
	const char *name = "";
	struct json_at root, at;
	struct cloning *cl;
	struct err_ctx e;
	json_t *body;
	enum err rc;

	if (id == NULL || !api_is_open(a, x) || (body = api_body_json(x)) == NULL)
		return;
	root = json_root(body);
	at = json_get(&root, "name");
	if ((rc = json_only_keys(&root, keys, ARRAY_LEN(keys), &e)) == ERR_OK &&
	    (rc = json_need_string(&at, &name, &e)) == ERR_OK)
		rc = campaign_name_check(name, &e);
	if (rc == ERR_OK && key != NULL && (strlen(key) < 8 || strlen(key) > 128))
		rc = err_set(&e, ERR_INPUT, "Idempotency-Key", "", "must have 8 to 128 characters");
	if (rc != ERR_OK) {
		http_answer_error(x, &e);
	} else {
		cl = xcalloc(1, sizeof(*cl));
		cl->api = a;
		cl->x = x;
		snprintf(cl->name, sizeof(cl->name), "%s", name);
		snprintf(cl->key, sizeof(cl->key), "%s", key != NULL ? key : "");
		campaign_load(a->daemon->engine, id, on_clone_campaign, cl);
	}
	json_decref(body);
}
