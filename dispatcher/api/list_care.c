/* SPDX-License-Identifier: MIT */
/*
 * What a list is held for, and its end.
 *
 *   PATCH /lists/{name}      said ─▶ list ─▶ audit ─▶ written
 *   GET /lists/{name}/uses   list ─▶ who uses it
 *   DELETE /lists/{name}     list ─▶ does anybody use it? ─▶ audit ─▶ record gone ─▶ rows gone
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/store/audit.h"
#include "segments/list_gone.h"

struct care_job {
	struct api *api;
	struct http_exchange *x;
	struct list *list; /* NULL until it is loaded */
	struct list_care care;
	bool given[CARE_FACTS];
	char reason[API_REASON_MAX + 1];
	char object[160]; /* of the audit */
	bool is_look;	  /* who uses it? nothing is deleted */
	int64_t versions;
};

static void
job_free(struct care_job *j)
{
	list_free(j->list);
	free(j);
}

static void
job_fail(struct care_job *j, const struct err_ctx *e)
{
	http_answer_error(j->x, e);
	job_free(j);
}

static struct care_job *
job_new(struct api *a, struct http_exchange *x)
{
	struct care_job *j = xcalloc(1, sizeof(*j));

	j->api = a;
	j->x = x;
	return j;
}

/* False: the exchange was answered, the job is gone. */
static bool
job_has_list(struct care_job *j, struct list *l, const struct err_ctx *e)
{
	j->list = l;
	if (l == NULL) {
		job_fail(j, e);
		return false;
	}
	snprintf(j->object, sizeof(j->object), "list:%s", l->name);
	return true;
}

static void
job_gone(struct care_job *j)
{
	struct err_ctx e;

	err_set(&e, ERR_NOT_FOUND, j->list->name, "see loa list ls",
		"there is no such list any more");
	job_fail(j, &e);
}

enum err
api_read_reason(const struct json_at *at, char out[API_REASON_MAX + 1], struct err_ctx *e)
{
	const char *text = "";
	enum err rc = json_read_string(at, &text, e);

	if (rc == ERR_OK && strlen(text) > API_REASON_MAX)
		rc = err_set(e, ERR_INPUT, at->path, "shorten it", "has more than %u bytes",
			     API_REASON_MAX);
	for (const char *p = text; rc == ERR_OK && *p != '\0'; p++)
		if ((unsigned char)*p < 0x20)
			rc = err_set(e, ERR_INPUT, at->path, "write one line",
				     "has a control character");
	snprintf(out, API_REASON_MAX + 1, "%s", rc == ERR_OK ? text : "");
	return rc;
}

json_t *
api_group_size(uint64_t n, bool is_sensitive)
{
	char text[16];

	if (!is_sensitive || n >= API_GROUP_LEAST)
		return json_integer((json_int_t)n);
	snprintf(text, sizeof(text), "<%u", API_GROUP_LEAST);
	return json_string(text);
}

enum err
api_audit_reading(struct api *a, struct http_exchange *x, const char *object, audit_cb cb,
		  void *arg, struct err_ctx *e)
{
	const char *text = http_query(x, "reason"), *columns = http_query(x, "columns");
	struct json_at at = {.path = "reason"};
	char reason[API_REASON_MAX + 1];
	enum err rc;

	at.v = text != NULL ? json_string(text) : NULL;
	rc = api_read_reason(&at, reason, e);
	json_decref(at.v);
	if (rc == ERR_OK && reason[0] == '\0')
		rc = err_set(e, ERR_REFUSED, "sensitive columns", "add --reason WHY",
			     "are read in full only by who says why");
	if (rc == ERR_OK)
		audit_append(a->daemon->engine, api_who(x), "list.read", object,
			     json_pack("{s:s, s:s}", "reason", reason, "columns",
				       columns != NULL ? columns : "all"),
			     cb, arg);
	return rc;
}

/* ---- what it is held for ---- */

static void
on_set(void *arg, const struct reply *r)
{
	struct care_job *j = arg;
	json_t *out;

	if (r->kind != REPLY_INTEGER) {
		api_answer_reply(j->x, r);
		job_free(j);
		return;
	}
	if (r->integer == 0) {
		job_gone(j);
		return;
	}
	for (size_t f = 0; f < CARE_FACTS; f++)
		if (j->given[f])
			memcpy(j->list->care.text[f], j->care.text[f], sizeof(j->care.text[f]));
	out = json_pack("{s:s}", "list", j->list->name);
	care_to_json(&j->list->care, out);
	json_object_set_new(out, "locked",
			    json_boolean(care_is_locked(&j->list->care, j->list->now_s)));
	log_info("list=%s by=\"%s\" act=set retain_until=%s result=set", j->list->name,
		 api_who(j->x), j->list->care.text[CARE_RETAIN_UNTIL]);
	http_answer_json(j->x, 200, out);
	job_free(j);
}

static void
on_set_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct care_job *j = arg;
	struct argv a = {0};
	char key[LIST_KEY_MAX];

	(void)n;
	if (e != NULL) {
		job_fail(j, e);
		return;
	}
	argv_adds(&a, list_key(key, j->list->name));
	argv_add_int(&a, (int64_t)j->list->id);
	for (size_t f = 0; f < CARE_FACTS; f++) {
		if (!j->given[f])
			continue;
		argv_adds(&a, list_care_field((enum care_fact)f));
		argv_adds(&a, j->care.text[f]);
	}
	engine_call(j->api->daemon->engine, "list_set", &a, on_set, j);
	argv_free(&a);
}

json_t *
api_care_details(const struct list_care *now, const struct list_care *next,
		 const bool given[CARE_FACTS], const char *reason)
{
	json_t *out = json_pack("{s:s}", "reason", reason);

	for (size_t f = 0; f < CARE_FACTS; f++)
		if (given[f])
			json_object_set_new(out, care_name((enum care_fact)f),
					    json_pack("{s:s, s:s}", "from",
						      now != NULL ? now->text[f] : "", "to",
						      next->text[f]));
	return out;
}

static void
on_set_list(void *arg, struct list *l, const struct err_ctx *e)
{
	struct care_job *j = arg;
	struct err_ctx why;

	if (!job_has_list(j, l, e))
		return;
	if (l->is_locked && j->given[CARE_RETAIN_UNTIL] && j->reason[0] == '\0') {
		err_set(&why, ERR_REFUSED, l->name, "add --reason WHY",
			"is locked since %s: a later day needs a reason",
			l->care.text[CARE_RETAIN_UNTIL]);
		job_fail(j, &why);
		return;
	}
	audit_append(j->api->daemon->engine, api_who(j->x), "list.set", j->object,
		     api_care_details(&l->care, &j->care, j->given, j->reason), on_set_audited, j);
}

static enum err
read_set(struct care_job *j, json_t *body, struct err_ctx *e)
{
	static const char *const keys[] = {"purpose", "legal_basis", "source", "retain_until",
					   "reason"};
	struct json_at root = json_root(body), reason = json_get(&root, "reason");
	enum err rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e);

	if (rc == ERR_OK)
		rc = care_read(&j->care, j->given, &root, e);
	if (rc == ERR_OK)
		rc = api_read_reason(&reason, j->reason, e);
	for (size_t f = 0; rc == ERR_OK && f < CARE_FACTS; f++)
		if (j->given[f])
			return ERR_OK;
	return rc != ERR_OK ? rc
			    : err_set(e, ERR_INPUT, "body",
				      "give purpose, legal_basis, source or retain_until",
				      "says nothing of the list");
}

void
on_list_set(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *name = api_name(x, "name", "list");
	struct care_job *j;
	struct err_ctx e;
	json_t *body;

	if (name == NULL || !api_is_open(a, x) || (body = api_body_json(x)) == NULL)
		return;
	j = job_new(a, x);
	if (read_set(j, body, &e) != ERR_OK)
		job_fail(j, &e);
	else
		list_load(engine_redis(a->daemon->engine), name, false, on_set_list, j);
	json_decref(body);
}

/* ---- its end ---- */

static void ask_rm(struct care_job *j, const char *word, redis_reply_cb cb);

/* The rows are gone, or are going: the note of it is in Redis. */
static void
on_swept(void *arg, const struct err_ctx *e)
{
	struct care_job *j = arg;

	log_info("list=%s id=%" PRIu64 " by=\"%s\" act=rm result=%s", j->list->name, j->list->id,
		 api_who(j->x), e == NULL ? "deleted" : "rows-are-left");
	http_answer_json(j->x, 200,
			 json_pack("{s:s, s:I, s:I, s:b}", "list", j->list->name, "versions",
				   (json_int_t)j->versions, "rows", (json_int_t)j->list->rows,
				   "swept", e == NULL));
	job_free(j);
}

static void
add_users(const struct reply *r, struct buf *out)
{
	int64_t n = reply_item(r, 1)->integer;

	for (size_t i = 4; i < r->count && out->len < 200; i++)
		buf_addf(out, "%s%.*s", i > 4 ? ", " : "", (int)reply_item(r, i)->str.n,
			 reply_item(r, i)->str.p);
	if (n > (int64_t)r->count - 4)
		buf_addf(out, " and %" PRId64 " more", n - ((int64_t)r->count - 4));
}

/* False: it was answered, the job is gone. */
static bool
rm_may_go_on(struct care_job *j, const struct reply *r)
{
	struct slice what = reply_item(r, 0)->str;
	struct buf users = {0};
	struct err_ctx e;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(j->x, r);
		job_free(j);
		return false;
	}
	j->versions = reply_item(r, 2)->integer;
	if (slice_is(what, "gone")) {
		job_gone(j);
		return false;
	}
	if (!slice_is(what, "used"))
		return true;
	add_users(r, &users);
	err_set(&e, ERR_CONFLICT, j->list->name,
		"remove its segments and drafts, finish or cancel what is sent",
		"cannot be deleted: %s use%s it", users.data,
		reply_item(r, 1)->integer == 1 ? "s" : "");
	buf_free(&users);
	job_fail(j, &e);
	return false;
}

static void
on_removed(void *arg, const struct reply *r)
{
	struct care_job *j = arg;

	if (!rm_may_go_on(j, r))
		return;
	crash_point("list-gone", "noted");
	list_gone_sweep(engine_redis(j->api->daemon->engine), on_swept, j);
}

static void
on_rm_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct care_job *j = arg;

	(void)n;
	if (e != NULL)
		job_fail(j, e);
	else
		ask_rm(j, "rm", on_removed);
}

static json_t *
uses_json(const struct care_job *j, const struct reply *r)
{
	json_t *by = json_array();

	for (size_t i = 4; i < r->count; i++)
		json_array_append_new(by, json_of_slice(reply_item(r, i)->str));
	return json_pack("{s:s, s:I, s:I, s:I, s:o, s:I}", "list", j->list->name, "versions",
			 (json_int_t)reply_item(r, 2)->integer, "rows", (json_int_t)j->list->rows,
			 "uses", (json_int_t)reply_item(r, 1)->integer, "used_by", by,
			 "campaigns_over", (json_int_t)reply_item(r, 3)->integer);
}

static void
on_looked(void *arg, const struct reply *r)
{
	struct care_job *j = arg;

	if (j->is_look && r->kind == REPLY_ARRAY && !slice_is(reply_item(r, 0)->str, "gone")) {
		http_answer_json(j->x, 200, uses_json(j, r));
		job_free(j);
		return;
	}
	if (!rm_may_go_on(j, r))
		return;
	audit_append(j->api->daemon->engine, api_who(j->x), "list.rm", j->object,
		     json_pack("{s:I, s:I, s:I, s:s}", "id", (json_int_t)j->list->id, "versions",
			       (json_int_t)j->versions, "rows", (json_int_t)j->list->rows, "reason",
			       j->reason),
		     on_rm_audited, j);
}

static void
ask_rm(struct care_job *j, const char *word, redis_reply_cb cb)
{
	struct argv a = {0};
	char key[LIST_KEY_MAX];

	argv_adds(&a, word);
	argv_adds(&a, j->list->name);
	argv_adds(&a, list_key(key, j->list->name));
	argv_adds(&a, list_names_key());
	argv_adds(&a, list_gone_key());
	argv_add_int(&a, (int64_t)j->list->id);
	engine_call(j->api->daemon->engine, "list_rm", &a, cb, j);
	argv_free(&a);
}

static void
on_rm_list(void *arg, struct list *l, const struct err_ctx *e)
{
	struct care_job *j = arg;

	if (job_has_list(j, l, e))
		ask_rm(j, "look", on_looked);
}

static void
rm_begin(struct http_exchange *x, struct api *a, bool is_look)
{
	const char *name = api_name(x, "name", "list"), *reason = http_query(x, "reason");
	struct json_at at = {.path = "reason"};
	struct care_job *j;
	struct err_ctx e;

	if (name == NULL || !api_is_open(a, x))
		return;
	j = job_new(a, x);
	j->is_look = is_look;
	at.v = reason != NULL ? json_string(reason) : NULL;
	if (api_read_reason(&at, j->reason, &e) != ERR_OK)
		job_fail(j, &e);
	else
		list_load(engine_redis(a->daemon->engine), name, false, on_rm_list, j);
	json_decref(at.v);
}

void
on_list_rm(struct http_exchange *x, void *arg)
{
	rm_begin(x, arg, false);
}

void
on_list_uses(struct http_exchange *x, void *arg)
{
	rm_begin(x, arg, true);
}
