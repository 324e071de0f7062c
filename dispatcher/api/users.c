/* SPDX-License-Identifier: MIT */
/* Users over HTTP: who may use the server, with which roles, of which unit. Never removed, only disabled. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "dispatcher/account/passwords.h"
#include "dispatcher/api/account_act.h"
#include "segments/phone.h"

#define DISPLAY_MAX 150u

/* ---- reading ---- */

/* "author,viewer" → ["author", "viewer"] */
static json_t *
words_json(struct slice text)
{
	json_t *out = json_array();

	while (text.n > 0)
		json_array_append_new(out, json_of_slice(slice_take_until(&text, ',')));
	return out;
}

static json_t *
time_json(const struct reply *ms)
{
	char text[32];

	clock_format_vn((int64_t)slice_to_u64(ms->str) / 1000, text);
	return json_string(text);
}

/* [name, created ms, display, unit, roles, personal, phone, state, must change] */
static json_t *
user_json(const struct reply *row)
{
	json_t *out = json_pack(
		"{s:o, s:o, s:I, s:o, s:b, s:o, s:b, s:o}", "name",
		json_of_slice(reply_item(row, 0)->str), "display",
		json_of_slice(reply_item(row, 2)->str), "unit", (json_int_t)reply_u64(row, 3),
		"roles", words_json(reply_item(row, 4)->str), "personal",
		slice_is(reply_item(row, 5)->str, "1"), "state",
		json_of_slice(reply_item(row, 7)->str), "must_change",
		slice_is(reply_item(row, 8)->str, "1"), "created", time_json(reply_item(row, 1)));

	if (reply_item(row, 6)->str.n > 0)
		json_object_set_new(out, "phone", json_of_slice(reply_item(row, 6)->str));
	return out;
}

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
	for (size_t i = 0; i < r->count; i++)
		json_array_append_new(list, user_json(reply_item(r, i)));
	http_answer_json(x, 200, json_pack("{s:o}", "users", list));
}

void
on_user_ls(struct http_exchange *x, void *arg)
{
	account_ls(x, arg, "user_ls", on_ls);
}

static void
on_get(void *arg, const struct reply *r)
{
	struct http_exchange *x = arg;
	struct err_ctx e;

	if (r->kind == REPLY_ARRAY) {
		http_answer_json(x, 200, user_json(r));
	} else if (r->kind == REPLY_NIL) {
		err_set(&e, ERR_NOT_FOUND, "user", "see loa user ls", "there is no such user");
		http_answer_error(x, &e);
	} else {
		api_answer_reply(x, r);
	}
}

void
on_user_show(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct argv args = {0};

	if (!api_is_open(a, x))
		return;
	argv_adds(&args, http_param(x, "name"));
	engine_call(a->daemon->engine, "user_get", &args, on_get, x);
	argv_free(&args);
}

/* ---- what is said of a user ---- */

/* The roles with commas between, as the record has them. */
static enum err
read_roles(const struct json_at *at, struct buf *out, struct err_ctx *e)
{
	enum err rc = json_want_array(at, e);
	unsigned rights = 0;

	for (size_t i = 0; rc == ERR_OK && i < json_array_size(at->v); i++) {
		struct json_at one = json_item(at, i);
		const char *name = "";

		rc = json_need_string(&one, &name, e);
		if (rc == ERR_OK && strchr(name, ',') != NULL)
			rc = err_set(e, ERR_INPUT, one.path, "", "is no role");
		if (rc == ERR_OK)
			rc = roles_parse(one.path, slice_of(name), &rights, e);
		if (rc == ERR_OK)
			buf_addf(out, "%s%s", i > 0 ? "," : "", name);
	}
	return rc;
}

static enum err
read_phone(const struct json_at *at, char out[24], struct err_ctx *e)
{
	const char *text = "";
	struct phone_cell p;
	enum err rc = json_read_string(at, &text, e);

	out[0] = '\0';
	if (rc != ERR_OK || text[0] == '\0')
		return rc;
	phone_parse(slice_of(text), &p);
	if (p.count != 1)
		return err_set(e, ERR_INPUT, at->path, "write it as 0912345678",
			       "is no mobile number of Vietnam");
	snprintf(out, 24, "0%" PRIu64, p.phones[0] % 1000000000u);
	return ERR_OK;
}

static void
add_field(struct account_act *t, const char *name, const char *value)
{
	argv_adds(&t->args, name);
	argv_adds(&t->args, value);
}

/* Field, value … of all that the body says; in details what the audit may have. */
static enum err
read_fields(struct account_act *t, json_t *details, struct err_ctx *e)
{
	static const char *const states[] = {"active", "disabled"};
	struct json_at root = json_root(t->body), display = json_get(&root, "display"),
		       roles = json_get(&root, "roles"), phone = json_get(&root, "phone"),
		       personal = json_get(&root, "personal"), state = json_get(&root, "state");
	const char *name = "";
	struct buf list = {0};
	bool is_personal = false;
	char number[24];
	int which = 0;
	enum err rc;

	if ((rc = json_read_string(&display, &name, e)) != ERR_OK ||
	    (rc = read_phone(&phone, number, e)) != ERR_OK ||
	    (rc = json_read_bool(&personal, &is_personal, e)) != ERR_OK ||
	    (rc = json_read_choice(&state, states, 2, &which, e)) != ERR_OK ||
	    (rc = read_roles(&roles, &list, e)) != ERR_OK) {
		buf_free(&list);
		return rc;
	}
	if (strlen(name) > DISPLAY_MAX)
		rc = err_set(e, ERR_INPUT, "display", "shorten it", "has more than %u bytes",
			     DISPLAY_MAX);
	if (display.v != NULL)
		add_field(t, "display", name);
	if (roles.v != NULL) {
		add_field(t, "roles", list.len > 0 ? list.data : "");
		json_object_set_new(details, "roles", json_string(list.len > 0 ? list.data : ""));
	}
	if (phone.v != NULL)
		add_field(t, "phone", number);
	if (personal.v != NULL) {
		add_field(t, "personal", is_personal ? "1" : "");
		json_object_set_new(details, "personal", json_boolean(is_personal));
	}
	if (state.v != NULL) {
		add_field(t, "state", states[which]);
		json_object_set_new(details, "state", json_string(states[which]));
	}
	buf_free(&list);
	return rc;
}

static void
add_unit(struct account_act *t, json_t *details)
{
	char number[24];

	if (t->units[0] == 0)
		return;
	snprintf(number, sizeof(number), "%" PRIu64, t->units[0]);
	add_field(t, "unit", number);
	json_object_set_new(details, "unit", json_integer((json_int_t)t->units[0]));
}

/* ---- first passwords ---- */

/* "hq7m-2vxk-…": sixteen of 31 letters and digits that are not mistaken for each other: 79 bits. */
static void
make_password(char out[20])
{
	static const char alphabet[] = "abcdefghjkmnpqrstuvwxyz23456789";
	size_t n = 0;

	while (n < 19) {
		uint8_t b;

		if (n % 5 == 4) {
			out[n++] = '-';
			continue;
		}
		random_bytes(&b, 1);
		if (b < 248) /* eight times 31 */
			out[n++] = alphabet[b % 31];
	}
	out[19] = '\0';
}

static void
on_hashed(void *arg, bool is_done, bool is_right, const char *hash)
{
	struct account_act *t = arg;
	struct err_ctx e;

	(void)is_right;
	if (!is_done) {
		err_set(&e, ERR_UNREACHABLE, "password", "try again in a moment",
			"could not be worked out: no memory for it");
		account_act_fail(t, &e);
		return;
	}
	add_field(t, "password", hash);
	add_field(t, "must_change", "1");
	t->ready(t);
}

/* A new first password in t->secret, its hash in the arguments; then ready. */
static void
with_password(struct account_act *t, void (*ready)(struct account_act *t))
{
	struct err_ctx e;

	t->ready = ready;
	make_password(t->secret);
	if (t->api->passwords != NULL &&
	    passwords_hash(t->api->passwords, slice_of(t->secret), on_hashed, t))
		return;
	err_set(&e, ERR_UNREACHABLE, "server", "try again in a moment",
		"too many passwords are worked on");
	http_set_header(t->x, "Retry-After", "1");
	account_act_fail(t, &e);
}

/* ---- changes ---- */

static void
begin_args(struct account_act *t, bool is_new, const char *name)
{
	argv_adds(&t->args, t->id);
	argv_adds(&t->args, is_new ? "new" : "old");
	argv_adds(&t->args, name);
	t->function = "user_put";
	snprintf(t->object, sizeof(t->object), "user:%s", name);
}

static void
add(struct account_act *t)
{
	json_t *details = json_object();
	struct err_ctx e;

	if (t->units[0] == 0)
		t->units[0] = api_account(t->x)->unit;
	add_unit(t, details);
	if (json_object_get(t->body, "state") == NULL)
		add_field(t, "state", "active");
	if (read_fields(t, details, &e) != ERR_OK) {
		json_decref(details);
		account_act_fail(t, &e);
		return;
	}
	t->status = 201;
	t->answer =
		json_pack("{s:s, s:s}", "user", t->object + strlen("user:"), "password", t->secret);
	account_act_do(t, "user.add", details);
}

static void
add_with_password(struct account_act *t)
{
	with_password(t, add);
}

void
on_user_add(struct http_exchange *x, void *arg)
{
	static const char *const keys[] = {"name",  "display",	"unit", "roles",
					   "phone", "personal", "state"};
	struct account_act *t = account_act_new(x, arg, true);
	struct json_at root, name_at, unit;
	const char *name = "";
	struct err_ctx e;

	if (t == NULL)
		return;
	root = json_root(t->body);
	name_at = json_get(&root, "name");
	unit = json_get(&root, "unit");
	if (json_only_keys(&root, keys, ARRAY_LEN(keys), &e) != ERR_OK ||
	    json_need_string(&name_at, &name, &e) != ERR_OK ||
	    user_name_check(slice_of(name), &e) != ERR_OK ||
	    api_read_unit(x, &unit, &t->unit_words[0], &e) != ERR_OK) {
		account_act_fail(t, &e);
		return;
	}
	begin_args(t, true, name);
	account_act_find(t, add_with_password);
}

static void
set(struct account_act *t)
{
	json_t *details = json_object();
	struct err_ctx e;

	add_unit(t, details);
	if (read_fields(t, details, &e) != ERR_OK) {
		json_decref(details);
		account_act_fail(t, &e);
		return;
	}
	t->answer = json_pack("{s:s}", "user", t->object + strlen("user:"));
	account_act_do(t, "user.set", details);
}

void
on_user_set(struct http_exchange *x, void *arg)
{
	static const char *const keys[] = {"display", "unit",	  "roles",
					   "phone",   "personal", "state"};
	struct account_act *t = account_act_new(x, arg, true);
	struct json_at root, unit;
	struct err_ctx e;

	if (t == NULL)
		return;
	root = json_root(t->body);
	unit = json_get(&root, "unit");
	if (json_only_keys(&root, keys, ARRAY_LEN(keys), &e) != ERR_OK ||
	    user_name_check(slice_of(http_param(x, "name")), &e) != ERR_OK ||
	    api_read_unit(x, &unit, &t->unit_words[0], &e) != ERR_OK) {
		account_act_fail(t, &e);
		return;
	}
	begin_args(t, false, http_param(x, "name"));
	account_act_find(t, set);
}

static void
renew(struct account_act *t)
{
	t->answer =
		json_pack("{s:s, s:s}", "user", t->object + strlen("user:"), "password", t->secret);
	account_act_do(t, "user.password", NULL);
}

void
on_user_password(struct http_exchange *x, void *arg)
{
	struct account_act *t = account_act_new(x, arg, false);
	struct err_ctx e;

	if (t == NULL)
		return;
	if (user_name_check(slice_of(http_param(x, "name")), &e) != ERR_OK) {
		account_act_fail(t, &e);
		return;
	}
	begin_args(t, false, http_param(x, "name"));
	with_password(t, renew);
}
