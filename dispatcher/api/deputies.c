/* SPDX-License-Identifier: MIT */
/*
 * Deputies over HTTP: an approver lets another user sign in his place ("ký thay") from a day to a day.
 * One at a time; the right is looked at with each request (dispatcher/lua/account.lua).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/date.h"
#include "dispatcher/api/account_act.h"

#define DEPUTY_DAYS_MAX 366

static void
set_day(json_t *o, const char *key, int64_t unix_s)
{
	char text[32];

	clock_format_vn(unix_s, text);
	text[10] = '\0';
	json_object_set_new(o, key, json_string(text));
}

/* [[deputy, of whom, since s, until s] …] */
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
		json_t *v =
			json_pack("{s:o, s:o}", "deputy", json_of_slice(reply_item(one, 0)->str),
				  "of", json_of_slice(reply_item(one, 1)->str));

		set_day(v, "from", reply_int(one, 2));
		set_day(v, "until", reply_int(one, 3) - 1);
		json_array_append_new(list, v);
	}
	http_answer_json(x, 200, json_pack("{s:o}", "deputies", list));
}

void
on_deputy_ls(struct http_exchange *x, void *arg)
{
	account_ls(x, arg, "deputy_ls", on_ls);
}

static enum err
read_day(const struct json_at *at, int64_t *day, struct err_ctx *e)
{
	const char *text = "";
	struct date d;
	enum err rc = json_need_string(at, &text, e);

	if (rc != ERR_OK)
		return rc;
	if (!date_read_day(slice_of(text), &d))
		return err_set(e, ERR_INPUT, at->path, "write it like 2027-12-31", "is no day");
	*day = date_to_days(d);
	return ERR_OK;
}

static enum err
read_days(const struct json_at *root, int64_t *from, int64_t *until, struct err_ctx *e)
{
	struct json_at from_at = json_get(root, "from"), until_at = json_get(root, "until");
	enum err rc;

	*from = clock_today_vn();
	if ((from_at.v != NULL && (rc = read_day(&from_at, from, e)) != ERR_OK) ||
	    (rc = read_day(&until_at, until, e)) != ERR_OK)
		return rc;
	if (*until < *from)
		return err_set(e, ERR_INPUT, "until", "give a later day", "is before it begins");
	if (*until < clock_today_vn())
		return err_set(e, ERR_INPUT, "until", "give a later day", "is over");
	if (*until - *from > DEPUTY_DAYS_MAX)
		return err_set(e, ERR_INPUT, "until", "renew it in a year",
			       "is more than a year after it begins");
	return ERR_OK;
}

/* In whose place: the one who asks, or for an administrator another. */
static enum err
read_of(const struct account_act *t, const struct json_at *root, const char **of, struct err_ctx *e)
{
	const struct account *who = api_account(t->x);
	struct json_at at = json_get(root, "of");
	enum err rc;

	*of = who->user;
	if ((rc = json_read_string(&at, of, e)) != ERR_OK)
		return rc;
	if (at.v != NULL && (who->rights & RIGHT_ADMIN) == 0 && strcmp(*of, who->user) != 0)
		return err_set(e, ERR_REFUSED, "of", "ask one who is administrator",
			       "in another's place only an administrator makes a deputy");
	if ((*of)[0] == '\0')
		return err_set(e, ERR_INPUT, "of", "say in whose place", "is missing");
	if (at.v == NULL && ((who->rights & RIGHT_APPROVE) == 0 || who->deputy_of[0] != '\0'))
		return err_set(e, ERR_REFUSED, "rights", "ask the approver himself",
			       "only who has the right approve himself makes a deputy");
	return user_name_check(slice_of(*of), e);
}

static enum err
read_deputy(struct account_act *t, struct err_ctx *e)
{
	static const char *const keys[] = {"deputy", "of", "from", "until", "reason"};
	struct json_at root = json_root(t->body), to_at = json_get(&root, "deputy");
	struct json_at reason_at = json_get(&root, "reason");
	const char *to = "", *of = "";
	char reason[API_REASON_MAX + 1];
	int64_t from = 0, until = 0;
	enum err rc;

	if ((rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_need_string(&to_at, &to, e)) != ERR_OK ||
	    (rc = user_name_check(slice_of(to), e)) != ERR_OK ||
	    (rc = read_of(t, &root, &of, e)) != ERR_OK ||
	    (rc = api_read_reason(&reason_at, reason, e)) != ERR_OK ||
	    (rc = read_days(&root, &from, &until, e)) != ERR_OK)
		return rc;
	if (strcmp(to, of) == 0)
		return err_set(e, ERR_INPUT, "deputy", "name another user", "is the same user");
	argv_adds(&t->args, t->id);
	argv_adds(&t->args, to);
	argv_adds(&t->args, of);
	argv_add_int(&t->args, from * 86400 - VN_UTC_OFFSET_S);
	argv_add_int(&t->args, (until + 1) * 86400 - VN_UTC_OFFSET_S);
	t->function = "deputy_put";
	snprintf(t->object, sizeof(t->object), "user:%s", to);
	t->answer = json_pack("{s:s, s:s}", "deputy", to, "of", of);
	set_day(t->answer, "from", from * 86400 - VN_UTC_OFFSET_S);
	set_day(t->answer, "until", until * 86400 - VN_UTC_OFFSET_S);
	snprintf(t->extra, sizeof(t->extra), "%s", reason);
	return ERR_OK;
}

void
on_deputy_add(struct http_exchange *x, void *arg)
{
	struct account_act *t = account_act_new(x, arg, true);
	struct err_ctx e;

	if (t == NULL)
		return;
	if (read_deputy(t, &e) != ERR_OK) {
		account_act_fail(t, &e);
		return;
	}
	t->status = 201;
	account_act_do(t, "deputy.add",
		       json_pack("{s:O, s:O, s:O, s:s}", "of", json_object_get(t->answer, "of"),
				 "from", json_object_get(t->answer, "from"), "until",
				 json_object_get(t->answer, "until"), "reason", t->extra));
}

/* DELETE /deputies/{name}: whoever he is deputy of; for others than an administrator, of oneself. */
void
on_deputy_rm(struct http_exchange *x, void *arg)
{
	const struct account *who = api_account(x);
	struct account_act *t = account_act_new(x, arg, false);
	const char *to = http_param(x, "name");
	struct err_ctx e;

	if (t == NULL)
		return;
	if (user_name_check(slice_of(to), &e) != ERR_OK) {
		account_act_fail(t, &e);
		return;
	}
	argv_adds(&t->args, t->id);
	argv_adds(&t->args, to);
	argv_adds(&t->args, (who->rights & RIGHT_ADMIN) != 0 ? "" : who->user);
	t->function = "deputy_rm";
	snprintf(t->object, sizeof(t->object), "user:%s", to);
	t->answer = json_pack("{s:s}", "removed", to);
	account_act_do(t, "deputy.rm", NULL);
}
