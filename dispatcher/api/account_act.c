/* SPDX-License-Identifier: MIT */
#include "dispatcher/api/account_act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"

void
account_act_free(struct account_act *t)
{
	explicit_bzero(t->secret, sizeof(t->secret));
	argv_free(&t->args);
	json_decref(t->answer);
	json_decref(t->body);
	free(t);
}

void
account_act_fail(struct account_act *t, const struct err_ctx *e)
{
	http_answer_error(t->x, e);
	account_act_free(t);
}

void
account_ls(struct http_exchange *x, struct api *a, const char *function, redis_reply_cb on_answer)
{
	struct argv args = {0};

	if (!api_is_open(a, x))
		return;
	argv_add_int(&args, (int64_t)api_account(x)->unit);
	engine_call(a->daemon->engine, function, &args, on_answer, x);
	argv_free(&args);
}

struct account_act *
account_act_new(struct http_exchange *x, struct api *a, bool has_body)
{
	struct account_act *t;
	json_t *body = NULL;

	if (!api_is_open(a, x) || (has_body && (body = api_body_json(x)) == NULL))
		return NULL;
	t = xcalloc(1, sizeof(*t));
	t->api = a;
	t->x = x;
	t->body = body;
	t->status = 200;
	random_hex(t->id, 8);
	return t;
}

/* ---- units ---- */

static void
on_found(void *arg, const struct reply *r)
{
	struct account_act *t = arg;
	struct err_ctx e;
	size_t at = 0;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(t->x, r);
		account_act_free(t);
		return;
	}
	for (size_t i = 0; i < ACT_UNITS_MAX; i++) {
		const struct reply *one;

		if (t->unit_words[i] == NULL)
			continue;
		one = reply_item(r, at++);
		t->units[i] = one->kind == REPLY_INTEGER ? (uint64_t)one->integer : 0;
		if (t->units[i] != 0)
			continue;
		if (slice_is(one->str, "several"))
			err_set(&e, ERR_CONFLICT, "unit", "give its number: see loa unit ls",
				"several units are called \"%.60s\"", t->unit_words[i]);
		else
			err_set(&e, ERR_NOT_FOUND, "unit", "see loa unit ls",
				"there is no unit \"%.60s\"", t->unit_words[i]);
		account_act_fail(t, &e);
		return;
	}
	t->ready(t);
}

void
account_act_find(struct account_act *t, void (*ready)(struct account_act *t))
{
	struct argv a = {0};

	t->ready = ready;
	for (size_t i = 0; i < ACT_UNITS_MAX; i++)
		if (t->unit_words[i] != NULL)
			argv_adds(&a, t->unit_words[i]);
	if (a.count == 0)
		ready(t);
	else
		engine_call(t->api->daemon->engine, "unit_find", &a, on_found, t);
	argv_free(&a);
}

/* ---- the change ---- */

/* What dispatcher/lua/account.lua says besides done. */
static void
refuse(struct account_act *t, const struct reply *r)
{
	struct slice why = reply_item(r, 0)->str;
	struct slice what = reply_item(r, 1)->str, name = reply_item(r, 2)->str;
	struct err_ctx e;

	if (slice_is(why, "none"))
		err_set(&e, ERR_NOT_FOUND, t->object, "", "is not there");
	else if (slice_is(why, "known"))
		err_set(&e, ERR_CONFLICT, t->object, "take another name", "is there already");
	else if (slice_is(why, "no parent") || slice_is(why, "no unit"))
		err_set(&e, ERR_NOT_FOUND, "unit", "see loa unit ls", "is not there");
	else if (slice_is(why, "ring"))
		err_set(&e, ERR_CONFLICT, t->object, "choose another place",
			"cannot come below itself");
	else if (slice_is(why, "deep"))
		err_set(&e, ERR_INPUT, t->object, "choose a place further up",
			"would be more than fourteen units below the root");
	else if (slice_is(why, "name taken"))
		err_set(&e, ERR_CONFLICT, t->object, "take another name",
			"unit %lld at the same place has this name",
			(long long)reply_item(r, 1)->integer);
	else if (slice_is(why, "outside"))
		err_set(&e, ERR_REFUSED, t->object, "name one of the same unit or below",
			"is of a unit for which the other may not approve");
	else if (slice_is(why, "taken"))
		err_set(&e, ERR_CONFLICT, t->object, "name another, or wait",
			"signs for %.*s already", (int)what.n, what.p);
	else if (slice_is(why, "root"))
		err_set(&e, ERR_CONFLICT, t->object, "", "is the root and stays");
	else if (slice_is(why, "owns"))
		err_set(&e, ERR_CONFLICT, t->object,
			"give it to another unit (loa unit give, loa user set) or remove it",
			"still has the %.*s \"%.*s\"", (int)what.n, what.p,
			(int)(name.n < 100 ? name.n : 100), name.p);
	else
		err_set(&e, ERR_SYSTEM, "Redis", "", "answered what was not expected");
	account_act_fail(t, &e);
}

static void
on_done(void *arg, const struct reply *r)
{
	struct account_act *t = arg;
	struct slice words[ARGV_MAX];
	struct argv again = {0};
	size_t n;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(t->x, r);
		account_act_free(t);
		return;
	}
	if (!slice_is(reply_item(r, 0)->str, "done")) {
		(t->on_refused != NULL ? t->on_refused : refuse)(t, r);
		return;
	}
	if (t->on_done != NULL)
		t->on_done(t, r);
	n = argv_slices(&t->args, words);
	argv_add(&again, reply_item(r, 1)->str);
	for (size_t i = 0; i < n; i++)
		argv_add(&again, words[i]);
	engine_journal(t->api->daemon->engine, t->function, &again);
	argv_free(&again);
	http_answer_json(t->x, t->status, json_incref(t->answer));
	account_act_free(t);
}

static void
on_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct account_act *t = arg;
	struct slice words[ARGV_MAX];
	struct argv args = {0};
	size_t count;

	(void)n;
	if (e != NULL) {
		account_act_fail(t, e);
		return;
	}
	count = argv_slices(&t->args, words);
	argv_adds(&args, "");
	for (size_t i = 0; i < count; i++)
		argv_add(&args, words[i]);
	/* One that Redis forgot would let in who was put out. */
	engine_sure(t->api->daemon->engine, t->function, &args, false, on_done, t);
	argv_free(&args);
}

void
account_act_do(struct account_act *t, const char *audit, json_t *take_details)
{
	audit_append(t->api->daemon->engine, api_who(t->x), audit, t->object, take_details,
		     on_audited, t);
}
