/* SPDX-License-Identifier: MIT */
#include "dispatcher/api/admission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/guard.h"
#include "segments/list.h"

#define TOKEN_TEXT_MAX 200u

/* While it is asked; of the exchange's memory. */
struct admission {
	struct api *api;
	struct http_exchange *x;
	struct account account;
	struct guard_objects objects;
};

/* Reading in full wants that somebody shows who he is: being on the machine is not enough. */
static const struct account servers_user = {.who = "the server's user",
					    .unit = UNIT_ROOT,
					    .rights = RIGHTS_ALL & ~RIGHT_PERSONAL,
					    .is_all = true};
static const struct account administrator = {
	.who = "administrator", .unit = UNIT_ROOT, .rights = RIGHTS_ALL, .is_all = true};

/* ---- refusals ---- */

static void
refuse_right(struct http_exchange *x, unsigned needs)
{
	char names[RIGHTS_TEXT_MAX], roles[RIGHTS_TEXT_MAX], todo[RIGHTS_TEXT_MAX + 40];
	struct err_ctx e;

	snprintf(todo, sizeof(todo), "ask one who is %s", roles_with(needs, roles));
	err_set(&e, ERR_REFUSED, "rights", todo, "this needs the right %s",
		rights_text(needs, names));
	http_answer_error(x, &e);
}

static void
refuse_object(struct http_exchange *x, const struct guard_object *o, enum use_verdict verdict)
{
	const char *kind = strcmp(o->kind, "run") == 0	 ? "message"
			   : strcmp(o->kind, "use") == 0 ? "segment"
							 : o->kind;
	struct err_ctx e;

	if (verdict == OF_ABOVE)
		err_set(&e, ERR_REFUSED, o->name,
			strcmp(kind, "freeze") == 0 ? "ask one of that unit"
						    : "save it under another name",
			"belongs to a unit above yours: it is there to be read");
	else if (verdict == LIST_FOREIGN)
		err_set(&e, ERR_REFUSED, o->name, "copy its query to a list of your unit",
			"is over a list of another unit");
	else if (verdict == ROOT_ONLY)
		err_set(&e, ERR_REFUSED, "rights", "ask one of the root unit",
			"this concerns all units");
	else if (verdict == NAME_TAKEN)
		err_set(&e, ERR_CONFLICT, o->name, "take another name",
			"the name is taken in another unit");
	else
		err_set(&e, ERR_NOT_FOUND, kind, "", "there is no %s \"%.60s\"", kind,
			strcmp(o->kind, "run") == 0 ? "of this id" : o->name);
	http_answer_error(x, &e);
}

static void
refuse_credential(struct http_exchange *x, struct slice why)
{
	static const struct {
		const char *code, *text;
	} words[] = {
		{"expired", "the token is over its last day"},
		{"idle", "the session has ended: nothing was done for too long"},
		{"ended", "the session has ended: log in again"},
		{"changed", "the session has ended: the password or the account was changed"},
		{"disabled", "the account is disabled"},
	};
	const char *text = "the token is not known or not valid any more";

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_is(why, words[i].code))
			text = words[i].text;
	http_answer_unauthorised(x, text);
}

/* ---- letting in ---- */

static void
on_reading_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct http_exchange *x = arg;

	(void)n;
	if (e == NULL)
		http_admit(x);
	else
		http_answer_error(x, e);
}

/* Of pages only the first: who goes on reading has been written down. */
static bool
reads_in_full(const struct api *a, const struct http_exchange *x)
{
	const char *full = http_query(x, "full"), *cursor = http_query(x, "cursor");

	return full != NULL && strcmp(full, "1") == 0 && api_has_personal(a, x) &&
	       (cursor == NULL || strcmp(cursor, "0") == 0);
}

/* Who looks at phones in full is in the audit before he does. o: what is named; NULL = nothing. */
static void
let_in(struct api *a, struct http_exchange *x, const struct guard_object *o)
{
	char object[200];

	if (!a->daemon->is_up || !reads_in_full(a, x)) {
		http_admit(x);
		return;
	}
	snprintf(object, sizeof(object), "%s%s%.120s", o != NULL ? o->kind : "all",
		 o != NULL ? ":" : "", o != NULL ? o->name : "");
	audit_append(a->daemon->engine, api_who(x), "personal.read", object,
		     json_pack("{s:s}", "route", http_route(x)->path), on_reading_audited, x);
}

/* ---- the answer of account_facts ---- */

/* "3,17" → numbers that live as long as the exchange. */
static const uint64_t *
read_units(struct http_exchange *x, struct slice text, size_t *count)
{
	uint64_t *out;
	size_t n = 1;

	*count = 0;
	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == ',';
	out = http_room(x, n * sizeof(*out));
	while (text.n > 0) {
		struct slice one = slice_take_until(&text, ',');

		out[(*count)++] = slice_to_u64(one);
	}
	return out;
}

/* What he may do in another's place ("ký thay"): approve, where he may not himself. */
static void
read_deputy(struct account *a, const struct reply *r)
{
	struct slice of = reply_item(r, 12)->str;

	if (of.n == 0 || (a->rights & RIGHT_APPROVE) != 0 ||
	    (roles_rights(reply_item(r, 13)->str) & RIGHT_APPROVE) == 0)
		return;
	a->rights |= RIGHT_APPROVE;
	slice_copy(a->deputy_of, sizeof(a->deputy_of), of);
}

/* [ok, user, display, unit, roles, personal, is session, token, its rights, above, below, letters,
 *  of whom he is deputy, his roles] */
static void
read_account(struct admission *m, const struct reply *r)
{
	struct account *a = &m->account;
	struct slice token = reply_item(r, 7)->str, below = reply_item(r, 10)->str;
	char signs[USER_NAME_MAX + 24] = "";

	slice_copy(a->user, sizeof(a->user), reply_item(r, 1)->str);
	slice_copy(a->display, sizeof(a->display), reply_item(r, 2)->str);
	a->unit = slice_to_u64(reply_item(r, 3)->str);
	a->rights = roles_rights(reply_item(r, 4)->str);
	if (slice_is(reply_item(r, 5)->str, "1"))
		a->rights |= RIGHT_PERSONAL;
	read_deputy(a, r);
	if (a->deputy_of[0] != '\0')
		snprintf(signs, sizeof(signs), "ký thay %s", a->deputy_of);
	a->is_session = reply_item(r, 6)->integer == 1;
	if (a->is_session) {
		snprintf(a->who, sizeof(a->who), signs[0] != '\0' ? "%s (%s)" : "%s%s", a->user,
			 signs);
	} else {
		a->rights &= rights_known(reply_item(r, 8)->str);
		if ((a->rights & RIGHT_APPROVE) == 0)
			a->deputy_of[0] = signs[0] = '\0';
		snprintf(a->who, sizeof(a->who), "%s (token %.*s%s%s)", a->user,
			 (int)(token.n < 60 ? token.n : 60), token.p, signs[0] != '\0' ? ", " : "",
			 signs);
	}
	a->is_all = slice_is(below, "all");
	a->above = read_units(m->x, reply_item(r, 9)->str, &a->above_count);
	if (!a->is_all)
		a->below = read_units(m->x, below, &a->below_count);
}

/* The first object that may not be, or NULL. */
static const struct guard_object *
judge(const struct admission *m, struct slice letters, enum use_verdict *out)
{
	for (size_t i = 0; i < m->objects.n; i++) {
		const struct guard_object *o = &m->objects.v[i];

		*out = use_judge(o->kind, o->use, i < letters.n ? letters.p[i] : 'f');
		if (*out != MAY)
			return o;
	}
	return NULL;
}

static void
on_facts(void *arg, const struct reply *r)
{
	struct admission *m = arg;
	unsigned needs = http_route(m->x)->needs;
	const struct guard_object *o;
	enum use_verdict verdict = MAY;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(m->x, r);
		return;
	}
	if (!slice_is(reply_item(r, 0)->str, "ok")) {
		refuse_credential(m->x, reply_item(r, 1)->str);
		return;
	}
	read_account(m, r);
	if (needs != 0 && (m->account.rights & needs) == 0) {
		refuse_right(m->x, needs);
		return;
	}
	o = judge(m, reply_item(r, 11)->str, &verdict);
	if (o != NULL) {
		refuse_object(m->x, o, verdict);
		return;
	}
	http_set_who(m->x, &m->account);
	let_in(m->api, m->x, m->objects.n > 0 ? &m->objects.v[0] : NULL);
}

/* ---- the question ---- */

static void
ask(struct api *a, struct http_exchange *x, const struct secret *secret)
{
	struct admission *m = http_room(x, sizeof(*m));
	char prefix[LIST_KEY_MAX];
	struct argv args = {0};
	struct err_ctx e;

	m->api = a;
	m->x = x;
	guard_collect(x, a->daemon->install_key, &m->objects);
	if (m->objects.is_full) {
		err_set(&e, ERR_INPUT, "request", "split it", "names more than %u things",
			GUARD_OBJECTS_MAX);
		http_answer_error(x, &e);
		return;
	}
	argv_adds(&args, secret->kind == SECRET_TOKEN ? "token" : "session");
	argv_adds(&args, secret->id);
	argv_adds(&args, secret->hash);
	argv_add_int(&args, a->daemon->config->session_idle_minutes * 60000);
	argv_adds(&args, list_key(prefix, ""));
	argv_adds(&args, guard_wants_below(http_route(x)->guard) ? "1" : "0");
	for (size_t i = 0; i < m->objects.n; i++) {
		const struct guard_object *o = &m->objects.v[i];

		argv_adds(&args, o->use == USE_ROWS ? "use" : o->kind);
		argv_adds(&args, o->name);
	}
	engine_call(a->daemon->engine, "account_facts", &args, on_facts, m);
	argv_free(&args);
}

bool
admission_is_administrators(const struct api *a, struct slice token)
{
	uint8_t hash[16];

	if (token.n == 0 || token.n > TOKEN_TEXT_MAX)
		return false;
	hash_plain(token, hash);
	return hash_is_same(hash, a->daemon->token_hash, sizeof(hash));
}

void
admission_authorise(void *arg, struct http_exchange *x, struct slice token)
{
	struct api *a = arg;
	struct guard_objects *named;
	struct secret secret;

	secret_read(token, &secret);
	if (secret.kind != SECRET_NONE) {
		if (api_is_open(a, x))
			ask(a, x, &secret);
		return;
	}
	/* Before the keys are known every handler answers 503: no reason to say "wrong token". */
	if (admission_is_administrators(a, token) || (token.n > 0 && !a->daemon->has_keys))
		http_set_who(x, &administrator);
	else if (http_is_local(x))
		http_set_who(x, &servers_user);
	else {
		http_answer_unauthorised(
			x, token.n > 0 ? "the token is not known or not valid any more" : NULL);
		return;
	}
	if (!reads_in_full(a, x)) {
		http_admit(x);
		return;
	}
	named = http_room(x, sizeof(*named));
	guard_collect(x, a->daemon->install_key, named);
	let_in(a, x, named->n > 0 ? &named->v[0] : NULL);
}
