/* SPDX-License-Identifier: MIT */
/*
 * Sessions over HTTP: a name and a password for a token that ends by itself.
 *
 *   may it be tried? → helper compares → wrong: audit, 401
 *                                      → right → [helper hashes the new one → kept] → audit → session
 *
 * Whoever is not there takes as long as whoever is, and gets the same answer. Each try counts until
 * it was the right one, so tries at the same time are counted, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/account/passwords.h"
#include "dispatcher/api/private.h"

struct login {
	struct api *api;
	struct http_exchange *x;
	char user[USER_NAME_MAX + 1];
	char password[256], fresh[256]; /* fresh "" = none is given */
	char act[17];
	bool is_known, is_active, must_change;
	int64_t locked_s; /* one must wait so long from now on if this is wrong */
	struct secret secret;
	char text[SECRET_TEXT_MAX];
	struct argv put; /* of the new password, but the time */
	int64_t until_ms;
};

static void
login_free(struct login *l)
{
	argv_free(&l->put);
	explicit_bzero(l, sizeof(*l));
	free(l);
}

static void
login_fail(struct login *l, int status, const struct err_ctx *e)
{
	if (status != 0)
		http_answer_problem(l->x, status, e);
	else
		http_answer_error(l->x, e);
	login_free(l);
}

static void
login_wait(struct login *l, int64_t seconds)
{
	char text[24];
	struct err_ctx e;

	snprintf(text, sizeof(text), "%lld", (long long)seconds);
	http_set_header(l->x, "Retry-After", text);
	err_set(&e, ERR_REFUSED, "login", "wait, or ask an administrator for a new password",
		"too many wrong passwords: not before %s seconds from now", text);
	login_fail(l, 429, &e);
}

static void
login_busy(struct login *l)
{
	struct err_ctx e;

	http_set_header(l->x, "Retry-After", "1");
	err_set(&e, ERR_UNREACHABLE, "server", "try again in a moment",
		"too many passwords are worked on");
	login_fail(l, 0, &e);
}

/* ---- wrong ---- */

static void
on_wrong_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct login *l = arg;
	struct err_ctx why;

	(void)n;
	if (e != NULL) {
		login_fail(l, 0, e);
		return;
	}
	err_set(&why, ERR_REFUSED, "login", "look at both again", "name or password is wrong");
	login_fail(l, 401, &why);
}

/* What somebody typed as a name may be a password: only names that are there are written down. */
static void
wrong(struct login *l)
{
	char object[60];

	snprintf(object, sizeof(object), "user%s%s", l->is_known ? ":" : "",
		 l->is_known ? l->user : "");
	log_warn("login=%s address=%s result=refused locked_s=%lld", l->is_known ? l->user : "-",
		 http_peer(l->x), (long long)l->locked_s);
	audit_append(l->api->daemon->engine, "nobody", "login.failed", object,
		     json_pack("{s:s, s:I}", "address", http_peer(l->x), "locked_s",
			       (json_int_t)l->locked_s),
		     on_wrong_audited, l);
}

/* ---- right ---- */

static void
on_session(void *arg, const struct reply *r)
{
	struct login *l = arg;
	char until[32];
	json_t *out;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(l->x, r);
		login_free(l);
		return;
	}
	if (!slice_is(reply_item(r, 0)->str, "done")) {
		on_wrong_audited(l, 0, NULL); /* disabled meanwhile */
		return;
	}
	clock_format_vn((int64_t)reply_u64(r, 1) / 1000, until);
	out = json_pack("{s:s, s:s, s:s, s:I}", "session", l->text, "user", l->user, "until", until,
			"idle_minutes", (json_int_t)l->api->daemon->config->session_idle_minutes);
	log_info("login=%s address=%s result=in", l->user, http_peer(l->x));
	http_answer_json(l->x, 201, out);
	login_free(l);
}

static void
on_right_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct login *l = arg;
	const struct config *c = l->api->daemon->config;
	struct argv a = {0};

	(void)n;
	if (e != NULL) {
		login_fail(l, 0, e);
		return;
	}
	argv_adds(&a, l->user);
	argv_adds(&a, http_peer(l->x));
	engine_call(l->api->daemon->engine, "login_right", &a, NULL, NULL);
	argv_reset(&a);
	secret_make(SECRET_SESSION, &l->secret, l->text);
	argv_adds(&a, l->secret.id);
	argv_adds(&a, l->user);
	argv_adds(&a, l->secret.hash);
	argv_add_int(&a, c->session_hours * 3600000);
	engine_call(l->api->daemon->engine, "session_put", &a, on_session, l);
	argv_free(&a);
}

static void
begin_session(struct login *l)
{
	char object[60];

	snprintf(object, sizeof(object), "user:%s", l->user);
	audit_append(l->api->daemon->engine, l->user, "login", object,
		     json_pack("{s:s}", "address", http_peer(l->x)), on_right_audited, l);
}

/* ---- a new password ---- */

static void
on_put(void *arg, const struct reply *r)
{
	struct login *l = arg;
	struct slice words[ARGV_MAX];
	struct argv again = {0};
	size_t n;

	if (!slice_is(reply_item(r, 0)->str, "done")) {
		api_answer_reply(l->x, r);
		login_free(l);
		return;
	}
	n = argv_slices(&l->put, words);
	argv_add(&again, reply_item(r, 1)->str);
	for (size_t i = 0; i < n; i++)
		argv_add(&again, words[i]);
	engine_journal(l->api->daemon->engine, "user_put", &again);
	argv_free(&again);
	begin_session(l);
}

static void
on_change_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct login *l = arg;
	struct slice words[ARGV_MAX];
	struct argv args = {0};
	size_t count;

	(void)n;
	if (e != NULL) {
		login_fail(l, 0, e);
		return;
	}
	count = argv_slices(&l->put, words);
	argv_adds(&args, "");
	for (size_t i = 0; i < count; i++)
		argv_add(&args, words[i]);
	engine_sure(l->api->daemon->engine, "user_put", &args, false, on_put, l);
	argv_free(&args);
}

static void
on_hashed(void *arg, bool is_done, bool is_right, const char *hash)
{
	struct login *l = arg;
	char object[60];

	(void)is_right;
	if (!is_done) {
		login_busy(l);
		return;
	}
	argv_adds(&l->put, l->act);
	argv_adds(&l->put, "old");
	argv_adds(&l->put, l->user);
	argv_adds(&l->put, "password");
	argv_adds(&l->put, hash);
	argv_adds(&l->put, "must_change");
	argv_adds(&l->put, "");
	snprintf(object, sizeof(object), "user:%s", l->user);
	audit_append(l->api->daemon->engine, l->user, "user.password", object, NULL,
		     on_change_audited, l);
}

/* It was right: what now? */
static void
go_on(struct login *l)
{
	struct err_ctx e;

	if (l->fresh[0] == '\0' && l->must_change) {
		err_set(&e, ERR_REFUSED, "password", "give another one as \"new\"",
			"the first password is to be changed");
		login_fail(l, 0, &e);
	} else if (l->fresh[0] == '\0') {
		begin_session(l);
	} else if (strcmp(l->fresh, l->password) == 0) {
		err_set(&e, ERR_INPUT, "new", "choose another one", "is the old password");
		login_fail(l, 0, &e);
	} else if (l->api->passwords == NULL ||
		   !passwords_hash(l->api->passwords, slice_of(l->fresh), on_hashed, l)) {
		login_busy(l);
	}
}

/* ---- the try ---- */

static void
on_compared(void *arg, bool is_done, bool is_right, const char *hash)
{
	struct login *l = arg;

	(void)hash;
	if (!is_done)
		login_busy(l);
	else if (is_right && l->is_known && l->is_active)
		go_on(l);
	else
		wrong(l);
}

/* [wait, seconds] or [go, password, state, must change, unit, seconds] */
static void
on_try(void *arg, const struct reply *r)
{
	struct login *l = arg;
	char hash[PASSWORD_HASH_MAX];

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(l->x, r);
		login_free(l);
		return;
	}
	if (!slice_is(reply_item(r, 0)->str, "go")) {
		login_wait(l, reply_item(r, 1)->integer);
		return;
	}
	slice_copy(hash, sizeof(hash), reply_item(r, 1)->str);
	l->is_known = hash[0] != '\0';
	l->is_active = slice_is(reply_item(r, 2)->str, "active");
	l->must_change = slice_is(reply_item(r, 3)->str, "1");
	l->locked_s = reply_item(r, 5)->integer;
	if (l->api->passwords == NULL ||
	    !passwords_compare(l->api->passwords, hash, slice_of(l->password), on_compared, l))
		login_busy(l);
}

static enum err
read_login(struct login *l, json_t *body, struct err_ctx *e)
{
	static const char *const keys[] = {"user", "password", "new"};
	struct json_at root = json_root(body), user_at = json_get(&root, "user"),
		       password_at = json_get(&root, "password"), new_at = json_get(&root, "new");
	const char *user = "", *password = "", *fresh = "";
	enum err rc;

	if ((rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_need_string(&user_at, &user, e)) != ERR_OK ||
	    (rc = user_name_check(slice_of(user), e)) != ERR_OK ||
	    (rc = json_need_string(&password_at, &password, e)) != ERR_OK ||
	    (rc = json_read_string(&new_at, &fresh, e)) != ERR_OK)
		return rc;
	if (new_at.v != NULL && (rc = password_check(slice_of(fresh), user, e)) != ERR_OK)
		return rc;
	if (strlen(password) >= sizeof(l->password))
		return err_set(e, ERR_INPUT, "password", "", "is too long");
	snprintf(l->user, sizeof(l->user), "%s", user);
	snprintf(l->password, sizeof(l->password), "%s", password);
	snprintf(l->fresh, sizeof(l->fresh), "%s", fresh);
	return ERR_OK;
}

void
on_session_begin(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct argv args = {0};
	struct login *l;
	struct err_ctx e;
	json_t *body;

	if (!api_is_open(a, x) || (body = api_body_json(x)) == NULL)
		return;
	l = xcalloc(1, sizeof(*l));
	l->api = a;
	l->x = x;
	random_hex(l->act, 8);
	if (read_login(l, body, &e) != ERR_OK) {
		login_fail(l, 0, &e);
	} else {
		argv_adds(&args, l->user);
		argv_adds(&args, http_peer(x));
		engine_call(a->daemon->engine, "login_try", &args, on_try, l);
		argv_free(&args);
	}
	json_decref(body);
}

/* ---- who one is, and the end ---- */

void
on_session_show(struct http_exchange *x, void *arg)
{
	const struct account *a = api_account(x);
	unsigned rights = a->rights;
	json_t *names = json_array();
	char text[RIGHTS_TEXT_MAX];

	(void)arg;
	for (unsigned bit = 1; bit <= rights; bit <<= 1)
		if ((rights & bit) != 0)
			json_array_append_new(names, json_string(rights_text(bit, text)));
	http_answer_json(x, 200,
			 json_pack("{s:s, s:s, s:s, s:I, s:o, s:b}", "who", a->who, "user", a->user,
				   "display", a->display, "unit", (json_int_t)a->unit, "rights",
				   names, "session", a->is_session));
}

static void
on_ended(void *arg, const struct reply *r)
{
	struct http_exchange *x = arg;

	if (r->kind == REPLY_INTEGER)
		http_answer_json(x, 200, json_pack("{s:b}", "ended", 1));
	else
		api_answer_reply(x, r);
}

void
on_session_end(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *header = http_header(x, "Authorization");
	struct secret secret;
	struct argv args = {0};
	struct err_ctx e;

	if (!api_is_open(a, x))
		return;
	secret_read(slice_trim(slice_of(header != NULL && strlen(header) > 7 ? header + 7 : "")),
		    &secret);
	if (!api_account(x)->is_session || secret.kind != SECRET_SESSION) {
		err_set(&e, ERR_CONFLICT, "session", "", "this is no session");
		http_answer_error(x, &e);
		return;
	}
	argv_adds(&args, secret.id);
	engine_sure(a->daemon->engine, "session_end", &args, true, on_ended, x);
	argv_free(&args);
}
