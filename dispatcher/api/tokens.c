/* SPDX-License-Identifier: MIT */
/* API tokens over HTTP: of a user, with some of its rights, until a day; shown once, kept as a hash. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/date.h"
#include "dispatcher/api/account_act.h"

#define TOKEN_NAME_MAX 60u

static json_t *
words_json(struct slice text)
{
	json_t *out = json_array();

	while (text.n > 0)
		json_array_append_new(out, json_of_slice(slice_take_until(&text, ',')));
	return out;
}

static void
set_time(json_t *o, const char *key, uint64_t unix_s)
{
	char text[32];

	if (unix_s == 0)
		return;
	clock_format_vn((int64_t)unix_s, text);
	json_object_set_new(o, key, json_string(text));
}

/* [[id, user, name, rights, until s, created ms, used ms] …] */
static void
on_ls(void *arg, const struct reply *r)
{
	struct http_exchange *x = arg;
	json_t *list;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(x, r);
		return;
	}
	list = json_array();
	for (size_t i = 0; i < r->count; i++) {
		const struct reply *one = reply_item(r, i);
		json_t *v = json_pack("{s:o, s:o, s:o, s:o}", "id",
				      json_of_slice(reply_item(one, 0)->str), "user",
				      json_of_slice(reply_item(one, 1)->str), "name",
				      json_of_slice(reply_item(one, 2)->str), "rights",
				      words_json(reply_item(one, 3)->str));

		set_time(v, "until", reply_u64(one, 4));
		set_time(v, "created", reply_u64(one, 5) / 1000);
		set_time(v, "used", reply_u64(one, 6) / 1000);
		json_array_append_new(list, v);
	}
	http_answer_json(x, 200, json_pack("{s:o}", "tokens", list));
}

void
on_token_ls(struct http_exchange *x, void *arg)
{
	account_ls(x, arg, "token_ls", on_ls);
}

static enum err
read_rights(const struct json_at *at, struct buf *out, struct err_ctx *e)
{
	enum err rc = json_want_array(at, e);
	unsigned rights = 0;

	if (rc == ERR_OK && json_array_size(at->v) == 0)
		rc = err_set(e, ERR_INPUT, at->path, "view, say", "is missing or empty");
	for (size_t i = 0; rc == ERR_OK && i < json_array_size(at->v); i++) {
		struct json_at one = json_item(at, i);
		const char *name = "";

		rc = json_need_string(&one, &name, e);
		if (rc == ERR_OK && strchr(name, ',') != NULL)
			rc = err_set(e, ERR_INPUT, one.path, "", "is no right");
		if (rc == ERR_OK)
			rc = rights_parse(one.path, slice_of(name), &rights, e);
		if (rc == ERR_OK)
			buf_addf(out, "%s%s", i > 0 ? "," : "", name);
	}
	return rc;
}

/* Until the end of that day in Vietnam; 0 = not said. */
static enum err
read_until(const struct json_at *at, int64_t *until_s, struct err_ctx *e)
{
	const char *text = "";
	struct date d;
	enum err rc = json_read_string(at, &text, e);

	*until_s = 0;
	if (rc != ERR_OK || at->v == NULL)
		return rc;
	if (!date_read_day(slice_of(text), &d))
		return err_set(e, ERR_INPUT, at->path, "write it like 2027-12-31", "is no day");
	if (date_to_days(d) < clock_today_vn())
		return err_set(e, ERR_INPUT, at->path, "give a later day", "%s is over", text);
	*until_s = (date_to_days(d) + 1) * 86400 - VN_UTC_OFFSET_S;
	return ERR_OK;
}

static enum err
read_token(struct account_act *t, struct err_ctx *e)
{
	static const char *const keys[] = {"name", "user", "rights", "until"};
	struct json_at root = json_root(t->body), name_at = json_get(&root, "name"),
		       user_at = json_get(&root, "user"), rights_at = json_get(&root, "rights"),
		       until_at = json_get(&root, "until");
	const char *name = "", *user = "";
	struct secret secret;
	struct buf rights = {0};
	int64_t until_s = 0;
	enum err rc;

	if ((rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_need_string(&name_at, &name, e)) != ERR_OK ||
	    (rc = json_need_string(&user_at, &user, e)) != ERR_OK ||
	    (rc = user_name_check(slice_of(user), e)) != ERR_OK ||
	    (rc = read_until(&until_at, &until_s, e)) != ERR_OK ||
	    (rc = read_rights(&rights_at, &rights, e)) != ERR_OK) {
		buf_free(&rights);
		return rc;
	}
	for (const char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			rc = err_set(e, ERR_INPUT, "name", "", "has a control character");
	if (name[0] == '\0' || strlen(name) > TOKEN_NAME_MAX)
		rc = err_set(e, ERR_INPUT, "name", "say for what it is: mot-cua, say",
			     "is 1 to %u bytes", TOKEN_NAME_MAX);
	secret_make(SECRET_TOKEN, &secret, t->secret);
	argv_adds(&t->args, secret.id);
	argv_adds(&t->args, user);
	argv_adds(&t->args, name);
	argv_add(&t->args, buf_slice(&rights));
	argv_adds(&t->args, secret.hash);
	argv_add_int(&t->args, until_s);
	t->function = "token_put";
	snprintf(t->object, sizeof(t->object), "user:%s", user);
	t->answer = json_pack("{s:s, s:s}", "id", secret.id, "token", t->secret);
	snprintf(t->extra, sizeof(t->extra), "%s", rights.len > 0 ? rights.data : "");
	buf_free(&rights);
	return rc;
}

void
on_token_add(struct http_exchange *x, void *arg)
{
	struct account_act *t = account_act_new(x, arg, true);
	struct err_ctx e;

	if (t == NULL)
		return;
	if (read_token(t, &e) != ERR_OK) {
		account_act_fail(t, &e);
		return;
	}
	t->status = 201;
	account_act_do(t, "token.add",
		       json_pack("{s:O, s:s, s:O}", "id", json_object_get(t->answer, "id"),
				 "rights", t->extra, "name", json_object_get(t->body, "name")));
}

void
on_token_rm(struct http_exchange *x, void *arg)
{
	struct account_act *t = account_act_new(x, arg, false);
	const char *id = http_param(x, "id");
	struct err_ctx e;

	if (t == NULL)
		return;
	if (strlen(id) != SECRET_ID_HEX || strspn(id, "0123456789abcdef") != SECRET_ID_HEX) {
		err_set(&e, ERR_NOT_FOUND, "token", "see loa token ls", "there is no such token");
		account_act_fail(t, &e);
		return;
	}
	argv_adds(&t->args, id);
	t->function = "token_rm";
	snprintf(t->object, sizeof(t->object), "token:%s", id);
	t->answer = json_pack("{s:s}", "removed", id);
	account_act_do(t, "token.rm", NULL);
}
