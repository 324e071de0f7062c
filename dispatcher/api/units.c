/* SPDX-License-Identifier: MIT */
/* Units over HTTP: the tree to which users, lists, segments, templates and campaigns belong. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dispatcher/api/account_act.h"
#include "dispatcher/store/keys.h"
#include "segments/list.h"

#define UNIT_NAME_MAX 100u

/* [[id, parent, name, users] …] */
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

		json_array_append_new(list,
				      json_pack("{s:I, s:I, s:o, s:I}", "id",
						(json_int_t)reply_item(one, 0)->integer, "parent",
						(json_int_t)reply_item(one, 1)->integer, "name",
						json_of_slice(reply_item(one, 2)->str), "users",
						(json_int_t)reply_item(one, 3)->integer));
	}
	http_answer_json(x, 200, json_pack("{s:o}", "units", list));
}

void
on_unit_ls(struct http_exchange *x, void *arg)
{
	account_ls(x, arg, "unit_ls", on_ls);
}

/* A name as people write it; a number would be taken for one. */
static enum err
read_name(const struct json_at *at, const char **out, struct err_ctx *e)
{
	enum err rc = json_read_string(at, out, e);
	struct slice s = slice_of(*out);
	int64_t number;

	if (rc != ERR_OK || at->v == NULL)
		return rc;
	if (s.n == 0 || s.n > UNIT_NAME_MAX || slice_trim(s).n != s.n || slice_to_i64(s, &number))
		return err_set(e, ERR_INPUT, at->path, "write it like Phường Bến Nghé",
			       "is 1 to %u bytes, and no number", UNIT_NAME_MAX);
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return err_set(e, ERR_INPUT, at->path, "write it on one line",
				       "has a control character");
	return ERR_OK;
}

enum err
api_read_unit(struct http_exchange *x, const struct json_at *at, const char **out,
	      struct err_ctx *e)
{
	char *number;

	if (at->v == NULL || !json_is_integer(at->v))
		return json_read_string(at, out, e);
	number = http_room(x, 24);
	snprintf(number, 24, "%" JSON_INTEGER_FORMAT, json_integer_value(at->v));
	*out = number;
	return ERR_OK;
}

static void
on_put(struct account_act *t, const struct reply *r)
{
	json_object_set_new(t->answer, "unit", json_integer(reply_item(r, 2)->integer));
}

/* units[0]: itself, 0 = new; units[1]: where it is, 0 = as it is */
static void
put(struct account_act *t)
{
	struct json_at root = json_root(t->body), name_at = json_get(&root, "name"),
		       id_at = json_get(&root, "id");
	const char *name = "";
	struct err_ctx e;
	int64_t id = 0;
	bool is_new = t->unit_words[0] == NULL;

	if (read_name(&name_at, &name, &e) != ERR_OK ||
	    json_read_int(&id_at, 2, UNIT_MAX, &id, &e) != ERR_OK) {
		account_act_fail(t, &e);
		return;
	}
	if (is_new && t->units[1] == 0)
		t->units[1] = api_account(t->x)->unit;
	argv_adds(&t->args, is_new ? t->id : "");
	if (is_new && id == 0)
		argv_adds(&t->args, "");
	else
		argv_add_int(&t->args, is_new ? id : (int64_t)t->units[0]);
	argv_adds(&t->args, name);
	if (t->units[1] == 0)
		argv_adds(&t->args, "");
	else
		argv_add_int(&t->args, (int64_t)t->units[1]);
	argv_adds(&t->args, is_new ? "new" : "old");
	t->function = "unit_put";
	t->on_done = on_put;
	t->answer = json_object();
	t->status = is_new ? 201 : 200;
	if (is_new)
		snprintf(t->object, sizeof(t->object), "unit:%s", name);
	else
		snprintf(t->object, sizeof(t->object), "unit:%" PRIu64, t->units[0]);
	account_act_do(t, is_new ? "unit.add" : "unit.set",
		       json_pack("{s:s, s:I}", "name", name, "under", (json_int_t)t->units[1]));
}

void
on_unit_add(struct http_exchange *x, void *arg)
{
	static const char *const keys[] = {"name", "under", "id"};
	struct account_act *t = account_act_new(x, arg, true);
	struct json_at root, name, under;
	const char *text = "";
	struct err_ctx e;

	if (t == NULL)
		return;
	root = json_root(t->body);
	name = json_get(&root, "name");
	under = json_get(&root, "under");
	if (json_only_keys(&root, keys, ARRAY_LEN(keys), &e) != ERR_OK ||
	    json_need_string(&name, &text, &e) != ERR_OK ||
	    api_read_unit(x, &under, &t->unit_words[1], &e) != ERR_OK)
		account_act_fail(t, &e);
	else
		account_act_find(t, put);
}

void
on_unit_set(struct http_exchange *x, void *arg)
{
	static const char *const keys[] = {"name", "under"};
	struct account_act *t = account_act_new(x, arg, true);
	struct json_at root, under;
	struct err_ctx e;

	if (t == NULL)
		return;
	root = json_root(t->body);
	under = json_get(&root, "under");
	t->unit_words[0] = http_param(x, "id");
	if (json_only_keys(&root, keys, ARRAY_LEN(keys), &e) != ERR_OK ||
	    api_read_unit(x, &under, &t->unit_words[1], &e) != ERR_OK)
		account_act_fail(t, &e);
	else
		account_act_find(t, put);
}

/* ---- giving a thing to a unit ---- */

static void
give(struct account_act *t)
{
	static const char *const kinds[] = {"list", "segment", "template", "campaign"};
	struct json_at root = json_root(t->body), kind_at = json_get(&root, "kind"),
		       name_at = json_get(&root, "name");
	char prefix[LIST_KEY_MAX];
	const char *name = "";
	struct err_ctx e;
	int kind = 0;

	if (json_read_choice(&kind_at, kinds, ARRAY_LEN(kinds), &kind, &e) != ERR_OK ||
	    json_need_string(&name_at, &name, &e) != ERR_OK ||
	    name_check("name", slice_of(name), &e) != ERR_OK) {
		account_act_fail(t, &e);
		return;
	}
	argv_add_int(&t->args, (int64_t)t->units[0]);
	argv_adds(&t->args, kinds[kind]);
	argv_adds(&t->args, name);
	argv_adds(&t->args, list_key(prefix, ""));
	t->function = "unit_give";
	snprintf(t->object, sizeof(t->object), "%s:%s", kinds[kind], name);
	t->answer = json_pack("{s:s, s:s, s:I}", "kind", kinds[kind], "name", name, "unit",
			      (json_int_t)t->units[0]);
	account_act_do(t, "unit.give", json_pack("{s:I}", "unit", (json_int_t)t->units[0]));
}

void
on_unit_give(struct http_exchange *x, void *arg)
{
	static const char *const keys[] = {"kind", "name"};
	struct account_act *t = account_act_new(x, arg, true);
	struct json_at root, kind;
	const char *text = "";
	struct err_ctx e;

	if (t == NULL)
		return;
	root = json_root(t->body);
	kind = json_get(&root, "kind");
	t->unit_words[0] = http_param(x, "id");
	if (json_only_keys(&root, keys, ARRAY_LEN(keys), &e) != ERR_OK ||
	    json_need_string(&kind, &text, &e) != ERR_OK)
		account_act_fail(t, &e);
	else
		account_act_find(t, give);
}

static void
rm(struct account_act *t)
{
	char prefix[LIST_KEY_MAX];

	argv_add_int(&t->args, (int64_t)t->units[0]);
	argv_adds(&t->args, list_key(prefix, ""));
	argv_adds(&t->args, list_names_key());
	t->function = "unit_rm";
	snprintf(t->object, sizeof(t->object), "unit:%" PRIu64, t->units[0]);
	t->answer = json_pack("{s:I}", "removed", (json_int_t)t->units[0]);
	account_act_do(t, "unit.rm", NULL);
}

void
on_unit_rm(struct http_exchange *x, void *arg)
{
	struct account_act *t = account_act_new(x, arg, false);

	if (t == NULL)
		return;
	t->unit_words[0] = http_param(x, "id");
	account_act_find(t, rm);
}
