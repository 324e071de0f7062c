/* SPDX-License-Identifier: MIT */
#include "dispatcher/api/registers.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/store/audit.h"

#define RECORD_MAX_BYTES (1u << 16)
#define NAMES_AUDITED 20

struct asked {
	struct http_exchange *x;
	const char *kind, *what;
	char id[200]; /* of one; "" = all */
};

static void
ask(struct api *a, struct http_exchange *x, const struct asked *like, const char *function,
    redis_reply_cb cb)
{
	struct asked *q;
	struct argv args = {0};

	if (!api_is_open(a, x))
		return;
	q = xmalloc(sizeof(*q));
	*q = *like;
	argv_adds(&args, q->kind);
	if (q->id[0] != '\0')
		argv_adds(&args, q->id);
	engine_call(a->daemon->engine, function, &args, cb, q);
	argv_free(&args);
}

static void
answer_missing(const struct asked *q)
{
	struct err_ctx e;
	char todo[60];

	snprintf(todo, sizeof(todo), "see loa %s ls", q->kind);
	err_set(&e, ERR_NOT_FOUND, q->kind, todo, "there is none called \"%.80s\"", q->id);
	http_answer_error(q->x, &e);
}

/* ---- all, one ---- */

/* Sender names are one whatever their case, patterns are not. */
static bool
is_called(const struct asked *q, const char *name)
{
	return strcmp(q->kind, "brandname") == 0 ? strcasecmp(name, q->id) == 0
						 : strcmp(name, q->id) == 0;
}

static json_t *
open_record(const struct reply *item)
{
	json_t *v = NULL;
	struct err_ctx e;

	if (json_parse(item->str, RECORD_MAX_BYTES, "record", &v, &e) != ERR_OK)
		return NULL;
	return v;
}

static void
on_all(void *arg, const struct reply *r)
{
	struct asked *q = arg;
	json_t *out, *found = NULL;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(q->x, r);
		free(q);
		return;
	}
	out = json_array();
	for (size_t i = 0; i < r->count; i++) {
		json_t *v = open_record(reply_item(r, i));
		const char *name = json_string_value(json_object_get(v, "name"));

		if (q->id[0] == '\0' && v != NULL)
			json_array_append(out, v);
		else if (name != NULL && is_called(q, name))
			found = found == NULL ? json_incref(v) : found;
		json_decref(v);
	}
	out = api_sorted(out);
	if (q->id[0] == '\0')
		http_answer_json(q->x, 200, json_pack("{s:O}", q->what, out));
	else if (found != NULL)
		http_answer_json(q->x, 200, json_incref(found));
	else
		answer_missing(q);
	json_decref(out);
	json_decref(found);
	free(q);
}

void
registers_ls(struct api *a, struct http_exchange *x, const char *kind, const char *what)
{
	ask(a, x, &(struct asked){.x = x, .kind = kind, .what = what}, "registered_all", on_all);
}

void
registers_show(struct api *a, struct http_exchange *x, const char *kind, const char *id)
{
	struct asked q = {.x = x, .kind = kind};

	snprintf(q.id, sizeof(q.id), "%s", id);
	ask(a, x, &q, "registered_all", on_all);
}

/* ---- changes: the audit first, then what was decided ---- */

struct change {
	struct asked q;
	struct api *api;
	const char *function;
	redis_reply_cb cb; /* of its reply; owns the change */
	struct argv args;
};

static void
change_free(struct change *c)
{
	argv_free(&c->args);
	free(c);
}

static void
on_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct change *c = arg;

	(void)n;
	if (e == NULL) {
		engine_call(c->api->daemon->engine, c->function, &c->args, c->cb, c);
		return;
	}
	http_answer_error(c->q.x, e);
	change_free(c);
}

/* KIND.ACT on KIND:ID, or on all of the kind. */
static void
change_begin(struct change *c, const char *act, json_t *take_details)
{
	char what[60], object[260];

	snprintf(what, sizeof(what), "%s.%s", c->q.kind, act);
	snprintf(object, sizeof(object), "%s%s%s", c->q.kind, c->q.id[0] != '\0' ? ":" : "s",
		 c->q.id);
	audit_append(c->api->daemon->engine, api_who(c->q.x), what, object, take_details,
		     on_audited, c);
}

/* ---- rm ---- */

static void
on_removed(void *arg, const struct reply *r)
{
	struct change *c = arg;

	if (r->kind != REPLY_INTEGER)
		api_answer_reply(c->q.x, r);
	else if (r->integer == 0)
		answer_missing(&c->q);
	else
		http_answer_json(c->q.x, 200, json_pack("{s:s}", "removed", c->q.id));
	change_free(c);
}

void
registers_rm(struct api *a, struct http_exchange *x, const char *kind, const char *id)
{
	struct change *c;

	if (!api_is_open(a, x))
		return;
	c = xcalloc(1, sizeof(*c));
	*c = (struct change){.q = {.x = x, .kind = kind},
			     .api = a,
			     .function = "registered_rm",
			     .cb = on_removed};
	snprintf(c->q.id, sizeof(c->q.id), "%s", id);
	argv_adds(&c->args, kind);
	argv_adds(&c->args, c->q.id);
	change_begin(c, "remove", NULL);
}

/* ---- save ---- */

static void
on_saved(void *arg, const struct reply *r)
{
	struct change *c = arg;
	struct http_exchange *x = c->q.x;
	struct err_ctx e;

	if (slice_is(reply_item(r, 0)->str, "saved")) {
		http_answer_json(x, 200,
				 json_pack("{s:I, s:I, s:I}", "saved",
					   (json_int_t)reply_item(r, 1)->integer, "changed",
					   (json_int_t)reply_item(r, 2)->integer, "same",
					   (json_int_t)reply_item(r, 3)->integer));
	} else if (slice_is(reply_item(r, 0)->str, "too many")) {
		err_set(&e, ERR_INPUT, "file", "remove those that are used no more",
			"there would be %lld records, more than %lld",
			(long long)reply_item(r, 1)->integer, (long long)reply_item(r, 2)->integer);
		http_answer_error(x, &e);
	} else {
		api_answer_reply(x, r);
	}
	change_free(c);
}

/* How many, the first names, and what tells these records from others. */
static json_t *
save_details(const json_t *pairs, struct slice text)
{
	json_t *names = json_array();
	uint8_t hash[16];
	char hex[33];

	for (size_t i = 0; i < json_array_size(pairs) && i < NAMES_AUDITED * 2; i += 2)
		json_array_append(names, json_array_get(pairs, i));
	hash_plain(text, hash);
	hash_hex(hash, sizeof(hash), hex);
	return json_pack("{s:I, s:o, s:s}", "count", (json_int_t)(json_array_size(pairs) / 2),
			 "names", names, "hash", hex);
}

void
registers_save(struct api *a, struct http_exchange *x, const char *kind, json_t *take_pairs)
{
	struct change *c = xcalloc(1, sizeof(*c));
	struct buf b = {0};

	*c = (struct change){.q = {.x = x, .kind = kind},
			     .api = a,
			     .function = "registered_save",
			     .cb = on_saved};
	json_add_value(&b, take_pairs);
	argv_adds(&c->args, kind);
	argv_add(&c->args, buf_slice(&b));
	change_begin(c, "save", save_details(take_pairs, buf_slice(&b)));
	json_decref(take_pairs);
	buf_free(&b);
}
