/* SPDX-License-Identifier: MIT */
/*
 * Lists over HTTP. A file comes in pieces (PUT …?offset=N), is parsed a little
 * in each loop turn and written as blocks on the way; nothing is visible before
 * the commit. When all are taken, the one that was idle longest, a minute at least, is given up.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/private.h"
#include "segments/collate.h"
#include "segments/import.h"

#define SESSIONS_MAX 8
#define SESSION_IDLE_MS 60000
#define FEED_BYTES 32768 /* parsed in one loop turn */
#define WRITES_PENDING_MAX 48

struct session {
	struct imports *imports;
	char id[33]; /* "" = free */
	char list[LIST_NAME_MAX + 1];
	char file[128];
	struct import *import;
	struct list_writer *writer;
	uint64_t offset;	 /* bytes taken */
	struct http_exchange *x; /* piece or commit being worked on; NULL = none */
	size_t fed;		 /* of its body */
	bool is_committing;
	int64_t touched_ms;
	struct timer step;
};

struct imports {
	struct api *api;
	struct session sessions[SESSIONS_MAX];
};

static void
session_clear(struct session *s)
{
	timer_disarm(s->imports->api->daemon->loop, &s->step);
	import_free(s->import);
	if (s->writer != NULL)
		list_writer_free(s->writer);
	s->import = NULL;
	s->writer = NULL;
	s->x = NULL;
	s->id[0] = '\0';
}

static struct session *
session_find(struct imports *im, struct http_exchange *x)
{
	const char *id = http_param(x, "id");
	struct err_ctx e;

	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (im->sessions[i].id[0] != '\0' && strcmp(im->sessions[i].id, id) == 0)
			return &im->sessions[i];
	err_set(&e, ERR_NOT_FOUND, "import", "begin the import again",
		"there is no such import under way here");
	http_answer_error(x, &e);
	return NULL;
}

static struct session *
session_get_free(struct imports *im)
{
	int64_t now = clock_mono_ms();
	struct session *idle = NULL;

	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		struct session *s = &im->sessions[i];

		if (s->id[0] == '\0')
			return s;
		if (s->x == NULL && (idle == NULL || s->touched_ms < idle->touched_ms))
			idle = s;
	}
	/* Somebody who went away in the middle keeps nobody else out. */
	if (idle == NULL || now - idle->touched_ms < SESSION_IDLE_MS)
		return NULL;
	session_clear(idle);
	return idle;
}

static void
on_block(void *arg, struct slice bytes, uint32_t rows)
{
	struct session *s = arg;

	list_writer_block(s->writer, bytes, rows);
}

static void on_feed(struct timer *t, void *arg);

static void
session_begin(struct session *s, const char *list, const char *file, const char *phone)
{
	struct import_options o = {.on_block = on_block, .arg = s};

	random_hex(s->id, 16);
	snprintf(s->list, sizeof(s->list), "%s", list);
	snprintf(s->file, sizeof(s->file), "%s", file);
	s->offset = 0;
	s->is_committing = false;
	s->touched_ms = clock_mono_ms();
	o.file = s->file;
	o.phone_column = phone;
	s->import = import_new(&o);
	s->writer = list_writer_new(engine_redis(s->imports->api->daemon->engine), list);
	timer_init(&s->step, on_feed, s);
}

void
on_import_begin(struct http_exchange *x, void *arg)
{
	static const char *const keys[] = {"list", "file", "phone", "demo"};
	struct api *a = arg;
	const char *list = "", *file = "", *phone = NULL;
	bool is_demo = false;
	struct session *s;
	struct err_ctx e;
	json_t *body;

	if (!api_is_open(a, x) || (body = api_body_json(x)) == NULL)
		return;
	struct json_at root = json_root(body), list_at = json_get(&root, "list"),
		       file_at = json_get(&root, "file"), phone_at = json_get(&root, "phone"),
		       demo_at = json_get(&root, "demo");

	if (json_only_keys(&root, keys, ARRAY_LEN(keys), &e) != ERR_OK ||
	    json_need_string(&list_at, &list, &e) != ERR_OK ||
	    name_check("list", slice_of(list), &e) != ERR_OK ||
	    json_read_string(&file_at, &file, &e) != ERR_OK ||
	    json_read_string(&phone_at, &phone, &e) != ERR_OK ||
	    json_read_bool(&demo_at, &is_demo, &e) != ERR_OK) {
		http_answer_error(x, &e);
	} else if ((s = session_get_free(a->imports)) == NULL) {
		err_set(&e, ERR_CONFLICT, "import", "wait until one of them is done",
			"%d imports are under way", SESSIONS_MAX);
		http_answer_error(x, &e);
	} else {
		session_begin(s, list, file, phone);
		if (is_demo)
			list_writer_set_demo(s->writer);
		http_answer_json(x, 201, json_pack("{s:s}", "import", s->id));
	}
	json_decref(body);
}

static void
session_fail(struct session *s, const struct err_ctx *e)
{
	http_answer_error(s->x, e);
	session_clear(s);
}

static void
session_committed(void *arg, const struct err_ctx *e)
{
	struct session *s = arg;
	struct buf report = {0};

	if (e != NULL) {
		session_fail(s, e);
		return;
	}
	import_report(s->import, &report);
	http_answer_buf(s->x, 200, "application/json", buf_slice(&report));
	log_info("list=%s rows=%" PRIu64 " result=imported", s->list, import_rows_kept(s->import));
	buf_free(&report);
	session_clear(s);
}

static void
session_commit(struct session *s)
{
	struct buf report = {0};
	struct err_ctx e;

	if (import_finish(s->import, &e) != ERR_OK) {
		session_fail(s, &e);
		return;
	}
	import_report(s->import, &report);
	list_writer_commit(s->writer, import_schema(s->import), report.data,
			   import_rejects(s->import), session_committed, s);
	buf_free(&report);
}

static void
on_feed(struct timer *t, void *arg)
{
	struct session *s = arg;
	struct loop *l = s->imports->api->daemon->loop;
	struct slice body = http_body(s->x);
	size_t n = body.n - s->fed;
	struct http_exchange *x = s->x;
	struct err_ctx e;

	(void)t;
	s->touched_ms = clock_mono_ms();
	if (list_writer_pending(s->writer) > WRITES_PENDING_MAX) {
		timer_arm_ms(l, &s->step, 1);
		return;
	}
	if (s->is_committing) {
		session_commit(s);
		return;
	}
	n = n > FEED_BYTES ? FEED_BYTES : n;
	if (import_feed(s->import, (struct slice){body.p + s->fed, n}, &e) != ERR_OK) {
		session_fail(s, &e);
		return;
	}
	s->fed += n;
	if (s->fed < body.n) {
		timer_arm_us(l, &s->step, 0);
		return;
	}
	s->offset += body.n;
	s->x = NULL;
	http_answer_json(x, 200,
			 json_pack("{s:I, s:I, s:I}", "offset", (json_int_t)s->offset, "rows_read",
				   (json_int_t)import_rows_read(s->import), "rows_kept",
				   (json_int_t)import_rows_kept(s->import)));
}

static void
session_work(struct session *s, struct http_exchange *x, bool is_commit)
{
	struct err_ctx e;

	if (s->x != NULL) {
		err_set(&e, ERR_CONFLICT, "import", "wait for the answer",
			"a piece of it is being read");
		http_answer_error(x, &e);
		return;
	}
	s->x = x;
	s->fed = 0;
	s->is_committing = is_commit;
	timer_arm_us(s->imports->api->daemon->loop, &s->step, 0);
}

void
on_import_piece(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct session *s = session_find(a->imports, x);
	const char *text = http_query(x, "offset");
	int64_t offset = -1;

	if (s == NULL)
		return;
	if (text != NULL && slice_to_i64(slice_of(text), &offset) && offset >= 0 &&
	    (uint64_t)offset + http_body(x).n <= s->offset && s->x == NULL) {
		/* Sent again because its answer was lost. */
		http_answer_json(x, 200, json_pack("{s:I}", "offset", (json_int_t)s->offset));
		return;
	}
	if (offset < 0 || (uint64_t)offset != s->offset) {
		struct err_ctx e;

		err_set(&e, ERR_CONFLICT, "offset", "go on there",
			"the next piece begins at %" PRIu64, s->offset);
		http_answer_error(x, &e);
		return;
	}
	session_work(s, x, false);
}

void
on_import_commit(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct session *s = session_find(a->imports, x);

	if (s != NULL && api_is_open(a, x))
		session_work(s, x, true);
}

void
on_import_abort(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct session *s = session_find(a->imports, x);
	struct err_ctx e;

	if (s == NULL)
		return;
	if (s->x != NULL) {
		err_set(&e, ERR_CONFLICT, "import", "wait for the answer",
			"a piece of it is being read");
		http_answer_error(x, &e);
		return;
	}
	session_clear(s);
	http_answer_json(x, 200, json_object());
}

struct imports *
imports_new(struct api *a)
{
	struct imports *im = xcalloc(1, sizeof(*im));

	im->api = a;
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		im->sessions[i].imports = im;
	return im;
}

void
imports_free(struct imports *im)
{
	struct err_ctx e;

	err_set(&e, ERR_UNREACHABLE, "server", "import again", "is stopping");
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		struct session *s = &im->sessions[i];

		if (s->x != NULL)
			http_answer_error(s->x, &e); /* to nobody: its client was cut */
		if (s->id[0] != '\0')
			session_clear(s);
	}
	free(im);
}

/* ---- reading ---- */

static json_t *
schema_json(const struct schema *s)
{
	static const char *const types[] = {"text", "number", "date"};
	json_t *columns = json_array();

	for (uint32_t i = 0; i < s->count; i++)
		json_array_append_new(columns,
				      json_pack("{s:s, s:s, s:s, s:b}", "name", s->columns[i].name,
						"title", s->columns[i].title, "type",
						types[s->columns[i].type], "is_phone",
						(int)i == s->phone));
	return columns;
}

static void
on_list_loaded(void *arg, struct list *l, const struct err_ctx *e)
{
	struct http_exchange *x = arg;
	char created[32];
	json_t *out;

	if (l == NULL) {
		http_answer_error(x, e);
		return;
	}
	clock_format_vn(l->created_s, created);
	out = json_pack("{s:s, s:I, s:I, s:I, s:s, s:o}", "name", l->name, "version",
			(json_int_t)l->version, "unit", (json_int_t)l->unit, "rows",
			(json_int_t)l->rows, "imported", created, "columns",
			schema_json(&l->schema));
	json_object_set_new(out, "demo", json_boolean(l->is_demo));
	if (l->report != NULL)
		json_object_set_new(out, "report", json_loads(l->report, 0, NULL));
	http_answer_json(x, 200, out);
	list_free(l);
}

void
on_list_show(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *name = api_name(x, "name", "list");

	if (name != NULL && api_is_open(a, x))
		list_load(engine_redis(a->daemon->engine), name, false, on_list_loaded, x);
}

struct named {
	struct buf key;
	json_t *v;
};

static int
by_key(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	size_t n = x->key.len < y->key.len ? x->key.len : y->key.len;
	int c = memcmp(x->key.data, y->key.data, n);

	return c != 0 ? c : (x->key.len > y->key.len) - (x->key.len < y->key.len);
}

json_t *
api_sorted(json_t *array)
{
	size_t n = json_array_size(array);
	struct named *all = xcalloc(n > 0 ? n : 1, sizeof(*all));
	json_t *sorted = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *v = json_array_get(array, i);
		json_t *name = json_is_object(v) ? json_object_get(v, "name") : v;

		all[i].v = json_incref(v);
		collate_add_key(&all[i].key, slice_of(json_string_value(name)));
	}
	qsort(all, n, sizeof(*all), by_key);
	for (size_t i = 0; i < n; i++) {
		json_array_append_new(sorted, all[i].v);
		buf_free(&all[i].key);
	}
	free(all);
	json_decref(array);
	return sorted;
}

static void
on_names(void *arg, const struct reply *r)
{
	struct http_exchange *x = arg;
	json_t *names = json_array();

	if (r->kind != REPLY_ARRAY) {
		json_decref(names);
		api_answer_reply(x, r);
		return;
	}
	for (size_t i = 0; i < r->count; i++) {
		struct slice s = reply_item(r, i)->str;

		json_array_append_new(names, json_stringn(s.p, s.n));
	}
	http_answer_json(x, 200, json_pack("{s:o}", "lists", api_sorted(names)));
}

void
on_list_ls(struct http_exchange *x, void *arg)
{
	struct api *a = arg;

	if (api_is_open(a, x))
		list_names(engine_redis(a->daemon->engine), on_names, x);
}

static void
on_rejects(void *arg, const struct reply *r)
{
	struct http_exchange *x = arg;
	struct err_ctx e;

	if (r->kind == REPLY_STRING) {
		http_answer_buf(x, 200, "text/csv; charset=utf-8", r->str);
	} else if (r->kind == REPLY_NIL) {
		err_set(&e, ERR_NOT_FOUND, "list", "see loa list ls",
			"there is no list of this name");
		http_answer_error(x, &e);
	} else {
		api_answer_reply(x, r);
	}
}

void
on_list_rejects(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *name = api_name(x, "name", "list");

	if (name != NULL && api_is_open(a, x))
		list_rejects(engine_redis(a->daemon->engine), name, on_rejects, x);
}
