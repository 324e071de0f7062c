/* SPDX-License-Identifier: MIT */
/*
 * Freezes over HTTP: add, list, change, end. Each is looked at by Redis first, so that what is refused
 * is not in the audit; then it is written there, then done.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/api/account_act.h"
#include "dispatcher/campaign/moment.h"

#define EXEMPT_MAX 8u

/* ---- what is said ---- */

struct said {
	int64_t from_s, to_s;	       /* 0 = not said */
	const char *reason;	       /* NULL = not said */
	char exempt[EXEMPT_MAX * 20u]; /* JSON; "" = not said */
	const char *inside;	       /* "wait", "ask"; "" = not said */
};

static enum err
read_time(const struct json_at *at, int64_t *out, struct err_ctx *e)
{
	const char *text = NULL, *why;
	struct moment m;
	enum err rc = json_read_string(at, &text, e);

	*out = 0;
	if (rc != ERR_OK || text == NULL)
		return rc;
	why = moment_parse(slice_of(text), &m);
	if (why == NULL && m.second_of_day < 0)
		why = "has no time of day";
	if (why != NULL)
		return err_set(e, ERR_INPUT, at->path, "write it like 2027-10-10T08:00",
			       "\"%.60s\" %s", text, why);
	*out = moment_to_unix(&m, VN_UTC_OFFSET_S);
	return *out > 0 ? ERR_OK : err_set(e, ERR_INPUT, at->path, "", "\"%.60s\" is past", text);
}

static bool
is_class(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->class_count; i++)
		if (strcmp(c->classes[i].name, name) == 0)
			return true;
	return false;
}

static enum err
read_exempt(const struct config *c, const struct json_at *at, char *out, size_t room,
	    struct err_ctx *e)
{
	struct buf b = {0};
	enum err rc = json_want_array(at, e);

	out[0] = '\0';
	if (rc != ERR_OK || at->v == NULL)
		return rc;
	if (json_array_size(at->v) > EXEMPT_MAX)
		return err_set(e, ERR_INPUT, at->path, "", "has more than %u classes", EXEMPT_MAX);
	for (size_t i = 0; i < json_array_size(at->v); i++) {
		struct json_at one = json_item(at, i);
		const char *name = "";

		if ((rc = json_need_string(&one, &name, e)) != ERR_OK)
			return rc;
		if (!is_class(c, name))
			return err_set(e, ERR_INPUT, one.path, "see the classes of the policy",
				       "there is no class \"%.40s\"", name);
	}
	json_add_value(&b, at->v);
	snprintf(out, room, "%s", b.data);
	buf_free(&b);
	return ERR_OK;
}

static enum err
read_reason(const struct json_at *at, const char **out, struct err_ctx *e)
{
	enum err rc = json_read_string(at, out, e);

	if (rc != ERR_OK || *out == NULL)
		return rc;
	if (slice_trim(slice_of(*out)).n == 0 || strlen(*out) > HALT_REASON_MAX)
		return err_set(e, ERR_INPUT, at->path, "say it in a few words, as quốc tang",
			       "is 1 to %u bytes", HALT_REASON_MAX);
	for (const char *p = *out; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return err_set(e, ERR_INPUT, at->path, "write it on one line",
				       "has a control character");
	return ERR_OK;
}

static enum err
read_said(struct account_act *t, struct said *out, struct err_ctx *e)
{
	static const char *const keys[] = {"from", "to", "reason", "exempt", "then", "unit"},
				 *const thens[] = {"wait", "ask"};
	struct json_at root = json_root(t->body), from = json_get(&root, "from"),
		       to = json_get(&root, "to"), reason = json_get(&root, "reason"),
		       exempt = json_get(&root, "exempt"), then = json_get(&root, "then");
	int which = 0;
	enum err rc;

	*out = (struct said){.inside = ""};
	if ((rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = read_time(&from, &out->from_s, e)) != ERR_OK ||
	    (rc = read_time(&to, &out->to_s, e)) != ERR_OK ||
	    (rc = read_reason(&reason, &out->reason, e)) != ERR_OK ||
	    (rc = read_exempt(t->api->daemon->config, &exempt, out->exempt, sizeof(out->exempt),
			      e)) != ERR_OK ||
	    (rc = json_read_choice(&then, thens, ARRAY_LEN(thens), &which, e)) != ERR_OK)
		return rc;
	if (then.v != NULL)
		out->inside = thens[which];
	return ERR_OK;
}

/* A new one says when it ends and why; the rest goes by itself. */
static enum err
complete(struct said *s, struct err_ctx *e)
{
	if (s->to_s == 0)
		return err_set(e, ERR_INPUT, "to", "write when it ends, like 2027-10-10T08:00",
			       "is missing");
	if (s->reason == NULL)
		return err_set(e, ERR_INPUT, "reason", "say why, as quốc tang", "is missing");
	if (s->exempt[0] == '\0')
		snprintf(s->exempt, sizeof(s->exempt), "[\"emergency\"]");
	if (s->inside[0] == '\0')
		s->inside = "wait";
	return ERR_OK;
}

/* ---- the way through Redis ---- */

static void
add_time(struct argv *a, int64_t unix_s)
{
	if (unix_s == 0)
		argv_adds(a, "");
	else
		argv_add_int(a, unix_s);
}

/* Behind the time: act, mode, id, by; of one that is not ended what is said of it. */
static void
add_words(struct account_act *t, const char *mode, const struct said *s, struct argv *a)
{
	const char *id = http_param(t->x, "id");

	argv_adds(a, t->id);
	argv_adds(a, mode);
	argv_adds(a, id != NULL ? id : "");
	argv_adds(a, api_who(t->x));
	if (s == NULL)
		return;
	argv_add_int(a, (int64_t)(t->units[0] != 0 ? t->units[0] : api_account(t->x)->unit));
	add_time(a, s->from_s);
	add_time(a, s->to_s);
	argv_adds(a, s->exempt);
	argv_adds(a, s->inside);
	argv_adds(a, s->reason != NULL ? s->reason : "");
}

static const char *
time_of(const struct reply *r, size_t i, char out[32])
{
	clock_format_vn(reply_int(r, i), out);
	return out;
}

/* What dispatcher/lua/halts.lua says besides done. */
static void
refuse(struct account_act *t, const struct reply *r)
{
	struct slice why = reply_item(r, 0)->str, what = reply_item(r, 1)->str;
	struct slice reason = reply_item(r, 4)->str;
	char from[32], to[32];
	struct err_ctx e;

	if (slice_is(why, "none"))
		err_set(&e, ERR_NOT_FOUND, "freeze", "see loa freeze ls", "there is none \"%.20s\"",
			http_param(t->x, "id"));
	else if (slice_is(why, "over"))
		err_set(&e, ERR_CONFLICT, "freeze", "add another one", "is over");
	else if (slice_is(why, "begun"))
		err_set(&e, ERR_CONFLICT, "from", "change when it ends",
			"cannot be changed any more: it has begun");
	else if (slice_is(why, "past"))
		err_set(&e, ERR_INPUT, slice_is(what, "from") ? "from" : "to",
			slice_is(what, "from") ? "leave it out to begin now" : "give a later time",
			"is past: it is %s", time_of(r, 2, to));
	else if (slice_is(why, "order"))
		err_set(&e, ERR_INPUT, "to", "", "must be later than from");
	else if (slice_is(why, "far"))
		err_set(&e, ERR_INPUT, "to", "",
			"a freeze begins within two years and lasts a year at most");
	else if (slice_is(why, "full"))
		err_set(&e, ERR_CONFLICT, "freeze", "end one that is not needed",
			"there are %lld already", (long long)reply_int(r, 1));
	else if (slice_is(why, "overlap"))
		err_set(&e, ERR_CONFLICT, "freeze", "change that one (loa freeze set), or end it",
			"overlaps the freeze %lld from %s to %s: %.*s", (long long)reply_int(r, 1),
			time_of(r, 2, from), time_of(r, 3, to), (int)text_clip(reason, 120).n,
			reason.p);
	else
		err_set(&e, ERR_SYSTEM, "Redis", "", "answered what was not expected");
	account_act_fail(t, &e);
}

/* ['done', ms, id, record, [open runs, [scheduled campaign …], more]] */
static void
on_put(struct account_act *t, const struct reply *r)
{
	const struct reply *touched = reply_item(r, 4), *names = reply_item(touched, 1);
	struct slice record = reply_item(r, 3)->str;
	int64_t ms = 0;
	struct halt h;
	json_t *campaigns = json_array();

	slice_to_i64(reply_item(r, 1)->str, &ms);
	for (size_t i = 0; i < names->count; i++)
		json_array_append_new(campaigns, json_of_slice(reply_item(names, i)->str));
	if (halt_read(reply_u64(r, 2), record, &h)) {
		json_object_set_new(t->answer, "freeze", halt_json(&h, ms / 1000));
		halt_clear(&h);
	}
	json_object_set_new(t->answer, "runs", json_integer(reply_int(touched, 0)));
	json_object_set_new(t->answer, "campaigns", campaigns);
	json_object_set_new(t->answer, "more_campaigns", json_integer(reply_int(touched, 2)));
	/* For the journal: as it is now, whatever was said. */
	argv_reset(&t->args);
	argv_add_int(&t->args, reply_int(r, 2));
	argv_add(&t->args, record);
	t->function = "halt_again";
}

static json_t *
details(const struct account_act *t, const struct said *s)
{
	json_t *out = json_copy(t->body);

	if (s != NULL && s->exempt[0] != '\0')
		json_object_set_new(out, "exempt", json_loads(s->exempt, 0, NULL));
	if (s != NULL && s->inside[0] != '\0')
		json_object_set_new(out, "then", json_string(s->inside));
	return out;
}

/* False: t is gone, the exchange was answered. s: of one that is ended NULL is kept. */
static bool
read_again(struct account_act *t, struct said *s)
{
	struct err_ctx e;
	enum err rc = read_said(t, s, &e);

	if (rc == ERR_OK && http_param(t->x, "id") == NULL)
		rc = complete(s, &e);
	if (rc != ERR_OK)
		account_act_fail(t, &e);
	return rc == ERR_OK;
}

static void
on_checked(void *arg, const struct reply *r)
{
	struct account_act *t = arg;
	bool is_end = strcmp(t->function, "halt_end") == 0;
	struct said s;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(t->x, r);
		account_act_free(t);
		return;
	}
	if (!slice_is(reply_item(r, 0)->str, "done")) {
		refuse(t, r);
		return;
	}
	if (!is_end && !read_again(t, &s))
		return;
	add_words(t, "do", is_end ? NULL : &s, &t->args);
	t->on_done = on_put;
	t->on_refused = refuse;
	t->answer = json_object();
	account_act_do(t,
		       is_end				? "freeze.end"
		       : http_param(t->x, "id") != NULL ? "freeze.set"
							: "freeze.add",
		       is_end ? NULL : details(t, &s));
}

static void
check(struct account_act *t)
{
	bool is_end = strcmp(t->function, "halt_end") == 0;
	struct argv a = {0};
	struct said s;

	if (!is_end && !read_again(t, &s))
		return;
	argv_adds(&a, "");
	add_words(t, "check", is_end ? NULL : &s, &a);
	engine_call(t->api->daemon->engine, t->function, &a, on_checked, t);
	argv_free(&a);
}

/* ---- the handlers ---- */

/* NULL: the exchange was answered. */
static struct account_act *
begin(struct http_exchange *x, struct api *a, const char *function)
{
	bool is_end = strcmp(function, "halt_end") == 0;
	const char *id = http_param(x, "id");
	struct account_act *t;
	struct err_ctx e;
	int64_t number;

	if (id != NULL && (!slice_to_i64(slice_of(id), &number) || number < 1)) {
		err_set(&e, ERR_NOT_FOUND, "freeze", "see loa freeze ls", "there is none \"%.20s\"",
			id);
		http_answer_error(x, &e);
		return NULL;
	}
	t = account_act_new(x, a, !is_end);
	if (t == NULL)
		return NULL;
	t->function = function;
	snprintf(t->object, sizeof(t->object), "freeze%s%s", id != NULL ? ":" : "",
		 id != NULL ? id : "");
	return t;
}

void
on_freeze_add(struct http_exchange *x, void *arg)
{
	struct account_act *t = begin(x, arg, "halt_put");
	struct json_at root, unit;
	struct err_ctx e;

	if (t == NULL)
		return;
	root = json_root(t->body);
	unit = json_get(&root, "unit");
	t->status = 201;
	if (api_read_unit(x, &unit, &t->unit_words[0], &e) != ERR_OK)
		account_act_fail(t, &e);
	else
		account_act_find(t, check);
}

void
on_freeze_set(struct http_exchange *x, void *arg)
{
	struct account_act *t = begin(x, arg, "halt_put");
	struct err_ctx e;

	if (t == NULL)
		return;
	if (json_object_get(t->body, "unit") != NULL) {
		err_set(&e, ERR_INPUT, "unit", "end it, and add another one", "stays as it is");
		account_act_fail(t, &e);
		return;
	}
	check(t);
}

void
on_freeze_end(struct http_exchange *x, void *arg)
{
	struct account_act *t = begin(x, arg, "halt_end");

	if (t != NULL)
		check(t);
}

/* [now s, [id, record] …] */
static void
on_listed(void *arg, const struct reply *r)
{
	struct http_exchange *x = arg;
	json_t *list;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(x, r);
		return;
	}
	list = json_array();
	for (size_t i = 1; i < r->count; i++) {
		const struct reply *one = reply_item(r, i);
		struct halt h;

		if (!halt_read(reply_u64(one, 0), reply_item(one, 1)->str, &h))
			continue;
		json_array_append_new(list, halt_json(&h, reply_int(r, 0)));
		halt_clear(&h);
	}
	http_answer_json(x, 200, json_pack("{s:o}", "freezes", list));
}

void
on_freeze_ls(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *all = http_query(x, "all");
	struct argv args = {0};

	if (!api_is_open(a, x))
		return;
	api_add_units(x, &args, true);
	argv_adds(&args, all != NULL && strcmp(all, "1") == 0 ? "1" : "0");
	engine_call(a->daemon->engine, "halt_ls", &args, on_listed, x);
	argv_free(&args);
}
