/* SPDX-License-Identifier: MIT */
/* What people do to a campaign that is written down: pause, resume, cancel, unschedule, rm, clone. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/private.h"
#include "dispatcher/campaign/approval.h"
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
	bool has_raise; /* of a resume: so much more may be spent */
	int64_t raise_parts, raise_cost;
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
			     : strcmp(c->state, "submitted") == 0
				     ? "nothing was sent; loa campaign return takes it back"
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
	json_t *details = json_pack("{s:I, s:s}", "run", (json_int_t)t->run, "reason", t->reason);

	if (t->has_raise)
		json_object_set_new(details, "raise",
				    json_pack("{s:I, s:I}", "parts", (json_int_t)t->raise_parts,
					      "cost", (json_int_t)t->raise_cost));
	audit_append(t->api->daemon->engine, api_who(t->x), what, t->object, details, cb, t);
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
	struct err_ctx e;

	if (!reply_is_good(r)) {
		api_answer_reply(t->x, r);
	} else if (slice_is(r->str, t->to)) {
		act_log(t, strcmp(t->to, "paused") == 0 ? "pause" : "resume", t->to);
		http_answer_json(t->x, 200, json_pack("{s:s}", "state", t->to));
	} else if (slice_is(r->str, "restored")) {
		api_answer_restored(t->x);
	} else if (r->str.n > 9 && memcmp(r->str.p, "ceiling: ", 9) == 0) {
		err_set(&e, ERR_REFUSED, "ceiling",
			"an approver resumes it with --raise-parts or --raise-cost", "%.*s",
			(int)r->str.n - 9, r->str.p + 9);
		http_answer_error(t->x, &e);
	} else if (slice_is(r->str, "no ceiling")) {
		err_set(&e, ERR_CONFLICT, "ceiling", "resume it without", "it has none");
		http_answer_error(t->x, &e);
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
		argv_adds(&a, http_query(t->x, "after_restore") != NULL ? "after-restore" : "");
		if (t->has_raise) {
			argv_add_int(&a, t->raise_parts);
			argv_add_int(&a, t->raise_cost);
		}
		engine_call(t->api->daemon->engine, "resume", &a, on_controlled, t);
	}
	argv_free(&a);
}

/* More may be spent only by who may approve; where a second person must, not by its author. */
static enum err
refuse_raise(const struct act *t, const struct campaign *c, struct err_ctx *e)
{
	const struct account *who = api_account(t->x);

	if ((who->rights & RIGHT_APPROVE) == 0)
		return err_set(e, ERR_REFUSED, "ceiling", "ask an approver",
			       "to raise it needs the right approve");
	if (c->review.given == APPROVAL_NONE)
		return ERR_OK;
	if (who->user[0] == '\0')
		return err_set(e, ERR_REFUSED, "ceiling", "do it as a user",
			       "%s is nobody's name, and a person must raise it", who->who);
	if (review_has_author(&c->review, who->user) ||
	    (who->deputy_of[0] != '\0' && review_has_author(&c->review, who->deputy_of)))
		return err_set(e, ERR_REFUSED, "ceiling", "ask another approver",
			       "%s has written or submitted it: another person must raise it",
			       who->user);
	return ERR_OK;
}

static void
on_control_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct act *t = arg;
	struct err_ctx refused;

	if (t->has_raise && c != NULL && refuse_raise(t, c, &refused) != ERR_OK) {
		http_answer_error(t->x, &refused);
		campaign_free(c);
		free(t);
		return;
	}
	if (act_has_run(t, c, e))
		act_audit(t, strcmp(t->to, "paused") == 0 ? "campaign.pause" : "campaign.resume",
			  on_control_audited);
}

void
on_campaign_pause(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct act *t = act_new(x, a);

	if (t == NULL)
		return;
	t->to = "paused";
	campaign_load(a->daemon->engine, http_param(x, "id"), on_control_campaign, t);
}

/* {"raise": {"parts", "cost"}}, or nothing. */
static enum err
read_raise(struct act *t, json_t *body, struct err_ctx *e)
{
	static const char *const keys[] = {"raise"}, *const raise_keys[] = {"parts", "cost"};
	struct json_at root = json_root(body), raise = json_get(&root, "raise");
	struct json_at parts = json_get(&raise, "parts"), cost = json_get(&raise, "cost");
	enum err rc;

	if ((rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_want_object(&raise, e)) != ERR_OK ||
	    (rc = json_only_keys(&raise, raise_keys, ARRAY_LEN(raise_keys), e)) != ERR_OK ||
	    (rc = json_read_int(&parts, 1, INT64_C(1000000000000), &t->raise_parts, e)) != ERR_OK ||
	    (rc = json_read_int(&cost, 1, INT64_C(1000000000000000), &t->raise_cost, e)) != ERR_OK)
		return rc;
	t->has_raise = raise.v != NULL;
	if (t->has_raise && parts.v == NULL && cost.v == NULL)
		return err_set(e, ERR_INPUT, raise.path, "write \"parts\", \"cost\" or both",
			       "says no number");
	return ERR_OK;
}

void
on_campaign_resume(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct act *t;
	struct err_ctx e;
	json_t *body = NULL;

	if (api_name(x, "id", "campaign") == NULL || !api_is_open(a, x) ||
	    (http_body(x).n > 0 && (body = api_body_json(x)) == NULL))
		return;
	t = xcalloc(1, sizeof(*t));
	*t = (struct act){.api = a, .x = x, .to = "running"};
	if (body != NULL && read_raise(t, body, &e) != ERR_OK) {
		http_answer_error(x, &e);
		free(t);
	} else {
		campaign_load(a->daemon->engine, http_param(x, "id"), on_control_campaign, t);
	}
	json_decref(body);
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

/* ---- its time is taken away ---- */

static void
on_unscheduled(void *arg, const struct reply *r)
{
	struct act *t = arg;

	if (!reply_is_good(r)) {
		api_answer_reply(t->x, r);
	} else if (slice_is(r->str, "draft") || slice_is(r->str, "approved")) {
		act_log(t, "unschedule", slice_is(r->str, "draft") ? "draft" : "approved");
		http_answer_json(t->x, 200, json_pack("{s:o}", "state", json_of_slice(r->str)));
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
			     : slice_is(r->str, "submitted") || slice_is(r->str, "approved")
				     ? "return it first"
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
	struct campaign_author author = {.who = api_who(cl->x), .user = api_account(cl->x)->user};

	if (c == NULL)
		http_answer_error(cl->x, e);
	else
		campaign_clone(cl->api->daemon->engine, c->id, cl->name, &author, cl->key,
			       api_on_created, cl->x);
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
