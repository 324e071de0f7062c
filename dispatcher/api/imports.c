/* SPDX-License-Identifier: MIT */
/*
 * Imports over HTTP. A file comes in pieces (PUT …?offset=N), is parsed a little
 * in each loop turn and written as blocks on the way; nothing is visible before
 * the commit. A dry run is read wholly and written nowhere. When all are taken, the one that was
 * idle longest, a minute at least, is given up.
 *
 * What an importer chose for a table's titles is remembered by them, and used for the next table
 * with the same titles for which nothing is chosen.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/private.h"
#include "dispatcher/store/keys.h"
#include "segments/charset.h"
#include "segments/import.h"

#define SESSIONS_MAX 8
#define SESSION_IDLE_MS 60000
#define FEED_BYTES 32768 /* parsed in one loop turn */
#define WRITES_PENDING_MAX 48
#define SAMPLE_ROWS 3	       /* that a dry run shows */
#define DRY_REJECTS_BYTES 8192 /* of the rejected rows that a dry run shows */

struct session {
	struct imports *imports;
	char id[33]; /* "" = free */
	char list[LIST_NAME_MAX + 1];
	char file[128];
	struct import *import;
	struct list_writer *writer; /* NULL = a dry run */
	bool is_fresh;		    /* nothing is recalled; nothing chosen = forget it */
	json_t *remembered; /* fingerprint of titles → choices as JSON text; NULL = not asked */
	uint64_t offset;    /* bytes taken */
	struct http_exchange *x; /* piece or commit being worked on; NULL = none */
	size_t fed;		 /* of its body */
	bool is_committing;
	int64_t touched_ms;
	struct timer step;
};

struct imports {
	struct api *api;
	struct headers *headers; /* of all imports */
	struct session sessions[SESSIONS_MAX];
};

static void
session_clear(struct session *s)
{
	timer_disarm(s->imports->api->daemon->loop, &s->step);
	import_free(s->import);
	json_decref(s->remembered);
	s->remembered = NULL;
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

	if (s->writer != NULL)
		list_writer_block(s->writer, bytes, rows);
}

static const char *
on_recall(void *arg, const char *fingerprint)
{
	struct session *s = arg;

	return json_string_value(json_object_get(s->remembered, fingerprint));
}

/* ---- beginning ---- */

/* What a request asks for, until Redis has said what is remembered. */
struct begin {
	struct api *api;
	struct http_exchange *x;
	char list[LIST_NAME_MAX + 1], file[128];
	struct import_choices choices;
	const char *encoding; /* NULL = by content */
	bool is_demo, is_dry, is_fresh;
};

static void
begin_free(struct begin *b)
{
	import_choices_clear(&b->choices);
	free(b);
}

static void on_feed(struct timer *t, void *arg);

static void
session_begin(struct session *s, const struct begin *b)
{
	struct import_options o = {.file = s->file,
				   .encoding = b->encoding,
				   .headers = s->imports->headers,
				   .choices = &b->choices,
				   .recall = on_recall,
				   .sample = b->is_dry ? SAMPLE_ROWS : 0,
				   .on_block = on_block,
				   .arg = s};

	random_hex(s->id, 16);
	snprintf(s->list, sizeof(s->list), "%s", b->list);
	snprintf(s->file, sizeof(s->file), "%s", b->file);
	s->offset = 0;
	s->is_committing = false;
	s->is_fresh = b->is_fresh;
	s->touched_ms = clock_mono_ms();
	s->import = import_new(&o);
	if (!b->is_dry)
		s->writer = list_writer_new(engine_redis(s->imports->api->daemon->engine), b->list);
	if (b->is_demo && s->writer != NULL)
		list_writer_set_demo(s->writer);
	timer_init(&s->step, on_feed, s);
}

/* The hash of what is remembered: fingerprint, choices, … */
static void
on_remembered(void *arg, const struct reply *r)
{
	struct begin *b = arg;
	struct session *s = NULL;
	struct err_ctx e;

	if (!reply_is_good(r) || r->kind != REPLY_ARRAY) {
		api_answer_reply(b->x, r);
	} else if ((s = session_get_free(b->api->imports)) == NULL) {
		err_set(&e, ERR_CONFLICT, "import", "wait until one of them is done",
			"%d imports are under way", SESSIONS_MAX);
		http_answer_error(b->x, &e);
	} else {
		s->remembered = json_object();
		for (size_t i = 0; !b->is_fresh && i + 1 < r->count; i += 2) {
			struct slice key = reply_item(r, i)->str, v = reply_item(r, i + 1)->str;
			char fingerprint[32];

			slice_copy(fingerprint, sizeof(fingerprint), key);
			json_object_set_new(s->remembered, fingerprint, json_of_slice(v));
		}
		session_begin(s, b);
		http_answer_json(b->x, 201, json_pack("{s:s}", "import", s->id));
	}
	begin_free(b);
}

static enum err
read_encoding(struct begin *b, const struct json_at *at, struct err_ctx *e)
{
	const char *name = "";
	enum charset c;
	enum err rc = json_read_string(at, &name, e);

	if (rc != ERR_OK || name[0] == '\0')
		return rc;
	rc = charset_read_name(name, at->path, &c, e);
	b->encoding = rc == ERR_OK ? charset_name(c) : NULL;
	return rc;
}

static enum err
begin_read(struct begin *b, json_t *body, struct err_ctx *e)
{
	static const char *const keys[] = {"list",  "file", "demo", "dry_run",	     "fresh",
					   "phone", "map",  "keep", "language_from", "encoding"};
	struct json_at root = json_root(body), list = json_get(&root, "list"),
		       file = json_get(&root, "file"), demo = json_get(&root, "demo"),
		       dry = json_get(&root, "dry_run"), fresh = json_get(&root, "fresh"),
		       encoding = json_get(&root, "encoding");
	const char *list_name = "", *file_name = "";
	enum err rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e);

	if (rc == ERR_OK)
		rc = json_need_string(&list, &list_name, e);
	if (rc == ERR_OK)
		rc = name_check("list", slice_of(list_name), e);
	if (rc == ERR_OK)
		rc = json_read_string(&file, &file_name, e);
	if (rc == ERR_OK)
		rc = json_read_bool(&demo, &b->is_demo, e);
	if (rc == ERR_OK)
		rc = json_read_bool(&dry, &b->is_dry, e);
	if (rc == ERR_OK)
		rc = json_read_bool(&fresh, &b->is_fresh, e);
	if (rc == ERR_OK)
		rc = read_encoding(b, &encoding, e);
	if (rc == ERR_OK)
		rc = import_choices_read(&b->choices, &root, e);
	snprintf(b->list, sizeof(b->list), "%s", rc == ERR_OK ? list_name : "");
	snprintf(b->file, sizeof(b->file), "%s", rc == ERR_OK ? file_name : "");
	return rc;
}

void
on_import_begin(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct slice v[2] = {SLICE("HGETALL"), slice_of(key_prefix_choices)};
	struct begin *b;
	struct err_ctx e;
	json_t *body;

	if (!api_is_open(a, x) || (body = api_body_json(x)) == NULL)
		return;
	b = xcalloc(1, sizeof(*b));
	b->api = a;
	b->x = x;
	if (begin_read(b, body, &e) != ERR_OK) {
		http_answer_error(x, &e);
		begin_free(b);
	} else {
		redis_command(engine_redis(a->daemon->engine), v, 2, on_remembered, b);
	}
	json_decref(body);
}

/* ---- the end ---- */

static void
session_fail(struct session *s, const struct err_ctx *e)
{
	http_answer_error(s->x, e);
	session_clear(s);
}

/* The next table with these titles is read as this one was. */
static void
remember_choices(struct session *s)
{
	struct argv a = {0};
	bool is_remembered;
	const struct import_choices *c = import_chosen(s->import, &is_remembered);
	bool is_chosen = c->phone != NULL || c->language_from != NULL || c->map_count > 0;
	char *text;

	if (is_remembered || (!is_chosen && !s->is_fresh))
		return;
	text = import_choices_to_json(c);
	argv_adds(&a, import_fingerprint(s->import));
	argv_adds(&a, is_chosen ? text : "");
	engine_call(s->imports->api->daemon->engine, "choices_remember", &a, NULL, NULL);
	argv_free(&a);
	free(text);
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
	remember_choices(s);
	import_report(s->import, &report);
	report.len--; /* the version goes along */
	buf_addf(&report, ",\"version\":%u}", list_writer_version(s->writer));
	http_answer_buf(s->x, 200, "application/json", buf_slice(&report));
	log_info("list=%s version=%u rows=%" PRIu64 " result=imported", s->list,
		 list_writer_version(s->writer), import_rows_kept(s->import));
	buf_free(&report);
	session_clear(s);
}

/* Whole rows of the rejects, the first of them. */
static struct slice
first_rejects(const struct import *im)
{
	struct slice all = import_rejects(im);

	if (all.n <= DRY_REJECTS_BYTES)
		return all;
	all.n = DRY_REJECTS_BYTES;
	while (all.n > 0 && all.p[all.n - 1] != '\n')
		all.n--;
	return all;
}

static void
session_answer_dry(struct session *s)
{
	struct buf report = {0};

	import_report(s->import, &report);
	report.len--;
	buf_adds(&report, ",\"dry_run\":true,\"rejected_rows\":");
	json_add_string(&report, first_rejects(s->import));
	buf_addc(&report, '}');
	http_answer_buf(s->x, 200, "application/json", buf_slice(&report));
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
	if (s->writer == NULL) {
		session_answer_dry(s);
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
	if (s->writer != NULL && list_writer_pending(s->writer) > WRITES_PENDING_MAX) {
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
	im->headers = headers_new();
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
	headers_free(im->headers);
	free(im);
}
