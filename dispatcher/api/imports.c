/* SPDX-License-Identifier: MIT */
/*
 * Imports over HTTP. A file comes in pieces (PUT …?offset=N), is read on the way
 * (import_session.c), and is visible when it was committed. When all are taken, the one that was
 * idle longest, a minute at least, is given up.
 *
 * What an importer chose for a table's titles is remembered by them, and used for the next table
 * with the same titles for which nothing is chosen.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/import_care.h"
#include "dispatcher/api/imports_inside.h"
#include "dispatcher/store/keys.h"
#include "segments/charset.h"

#define SESSION_IDLE_MS 60000
#define CLEAN_MS 10000

static struct session *
session_find(struct imports *im, struct http_exchange *x)
{
	const char *id = http_param(x, "id");
	struct err_ctx e;

	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (im->sessions[i].id[0] != '\0' && strcmp(im->sessions[i].id, id) == 0 &&
		    (api_account(x)->is_all ||
		     strcmp(im->sessions[i].user, api_account(x)->user) == 0))
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
	import_session_clear(idle);
	return idle;
}

/* ---- beginning ---- */

/* What a request asks for, until Redis has said what is remembered. */
struct begin {
	struct api *api;
	struct http_exchange *x;
	char list_name[LIST_NAME_MAX + 1], file[128], sheet[SHEET_MAX];
	struct import_choices choices;
	struct import_care care;
	const char *encoding; /* NULL = by content */
	uint32_t files;
	enum merge_mode mode;
	char key[128];	   /* column, as it was named */
	bool has_key;	   /* "" otherwise */
	struct list *list; /* of an update */
	json_t *remembered;
	int64_t unit; /* of a new list */
	bool is_demo, is_dry, is_fresh;
};

static void
begin_free(struct begin *b)
{
	import_choices_clear(&b->choices);
	list_free(b->list);
	json_decref(b->remembered);
	free(b);
}

/* What the list is held for, and the last day of a new one. */
static void
set_care(struct session *s, const struct begin *b)
{
	int64_t days = b->api->daemon->config->lists_retention_days;
	char last[11];

	list_writer_set_unit(s->writer, (uint64_t)b->unit);
	list_writer_set_care(s->writer, &b->care.care, b->care.given);
	if (days == 0)
		return;
	care_day_vn(clock_wall_ms() / 1000 + days * 86400, last);
	list_writer_set_retention(s->writer, last);
}

/* Where the rows are not simply the list's: several tables, or an update. */
static void
session_begin_tables(struct session *s, const struct begin *b)
{
	struct engine *engine = s->imports->api->daemon->engine;
	struct import_tables_options o = {
		.mode = b->mode,
		.key = b->has_key || b->list != NULL ? b->key : NULL,
		.list = b->list,
		.is_alone = b->files == 1 && strcmp(b->sheet, SHEET_ALL) != 0,
		.on_block = import_session_on_block,
		.arg = s,
	};

	s->has_key = b->has_key;
	if (o.is_alone && o.key == NULL)
		return;
	s->tables = import_tables_new(&o);
	if (b->list == NULL)
		return;
	s->base = b->list->version;
	s->stage = list_writer_new_stage(engine_bulk(engine), engine_incarnation(engine));
	if (s->writer != NULL)
		list_writer_set_base(s->writer, s->base);
	if (s->writer != NULL && b->list->is_demo)
		list_writer_set_demo(s->writer);
}

static void
session_begin(struct session *s, const struct begin *b)
{
	struct engine *engine = s->imports->api->daemon->engine;

	random_hex(s->id, 16);
	snprintf(s->user, sizeof(s->user), "%s", api_account(b->x)->user);
	snprintf(s->list, sizeof(s->list), "%s", b->list_name);
	snprintf(s->file, sizeof(s->file), "%s", b->file);
	snprintf(s->sheet, sizeof(s->sheet), "%s", b->sheet);
	import_choices_copy(&s->choices, &b->choices);
	s->encoding = b->encoding;
	s->offset = 0;
	s->files = b->files;
	s->number = 1;
	s->next_file[0] = '\0';
	s->is_committing = s->is_named = false;
	s->is_dry = b->is_dry;
	s->is_fresh = b->is_fresh;
	s->touched_ms = clock_mono_ms();
	if (!b->is_dry)
		s->writer = list_writer_new(engine_bulk(engine), b->list_name,
					    engine_incarnation(engine));
	if (b->is_demo && s->writer != NULL)
		list_writer_set_demo(s->writer);
	if (s->writer != NULL)
		set_care(s, b);
	session_begin_tables(s, b);
	import_session_start(s);
}

static void
begin_session(struct begin *b)
{
	struct session *s = session_get_free(b->api->imports);
	struct err_ctx e;

	if (s == NULL) {
		err_set(&e, ERR_CONFLICT, "import", "wait until one of them is done",
			"%d imports are under way", SESSIONS_MAX);
		http_answer_error(b->x, &e);
	} else {
		s->remembered = json_incref(b->remembered);
		session_begin(s, b);
		http_answer_json(b->x, 201, json_pack("{s:s}", "import", s->id));
	}
	begin_free(b);
}

/* The key of an update as the list calls it. */
static enum err
find_key(struct begin *b, struct err_ctx *e)
{
	const struct schema *s = &b->list->schema;
	const char *wanted = b->has_key ? b->key : b->list->key;
	int at = schema_find(s, slice_of(wanted));

	if (wanted[0] != '\0' && at < 0)
		return err_set(e, ERR_INPUT, "key", "name one of loa list show with --key",
			       "the list %s has no column \"%.100s\"", b->list->name, wanted);
	/* Whether a row is found would tell whether somebody in the list has its value. */
	if (wanted[0] != '\0' && at != s->phone && s->columns[at].is_sensitive)
		return err_set(e, ERR_REFUSED, "key", "name another column with --key",
			       "%s is sensitive: rows are not looked for by it",
			       s->columns[at].name);
	snprintf(b->key, sizeof(b->key), "%s",
		 wanted[0] == '\0' || at == s->phone ? "" : s->columns[at].name);
	return ERR_OK;
}

static void
on_begin_list(void *arg, struct list *l, const struct err_ctx *e)
{
	struct begin *b = arg;
	struct err_ctx why;

	b->list = l;
	if (l != NULL && find_key(b, &why) == ERR_OK) {
		begin_session(b);
		return;
	}
	http_answer_error(b->x, l == NULL ? e : &why);
	begin_free(b);
}

/* The hash of what is remembered: fingerprint, choices, … */
static void
on_remembered(void *arg, const struct reply *r)
{
	struct begin *b = arg;

	if (!reply_is_good(r) || r->kind != REPLY_ARRAY) {
		api_answer_reply(b->x, r);
		begin_free(b);
		return;
	}
	b->remembered = json_object();
	for (size_t i = 0; !b->is_fresh && i + 1 < r->count; i += 2) {
		struct slice key = reply_item(r, i)->str, v = reply_item(r, i + 1)->str;
		char fingerprint[32];

		slice_copy(fingerprint, sizeof(fingerprint), key);
		json_object_set_new(b->remembered, fingerprint, json_of_slice(v));
	}
	if (b->mode == MERGE_REPLACE)
		begin_session(b);
	else
		list_load(engine_redis(b->api->daemon->engine), b->list_name, false, on_begin_list,
			  b);
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
read_mode(struct begin *b, const struct json_at *root, struct err_ctx *e)
{
	struct json_at mode_at = json_get(root, "mode"), key_at = json_get(root, "key");
	const char *mode = "replace", *key = "";
	enum err rc = json_read_string(&mode_at, &mode, e);

	if (rc == ERR_OK)
		rc = json_read_string(&key_at, &key, e);
	if (rc == ERR_OK && !merge_mode_read(slice_of(mode), &b->mode))
		rc = err_set(e, ERR_INPUT, "mode", "", "is replace, fill, overwrite or new");
	if (rc == ERR_OK && strlen(key) >= sizeof(b->key))
		rc = err_set(e, ERR_INPUT, "key", "", "no column has so long a title");
	b->has_key = key[0] != '\0';
	snprintf(b->key, sizeof(b->key), "%s", rc == ERR_OK ? key : "");
	return rc;
}

static enum err
begin_read(struct begin *b, json_t *body, struct err_ctx *e)
{
	static const char *const keys[] = {
		"list",	   "file",	    "demo",   "dry_run",      "fresh", "phone", "map",
		"keep",	   "language_from", "sheet",  "encoding",     "files", "mode",	"key",
		"purpose", "legal_basis",   "source", "retain_until", "unit"};
	struct json_at root = json_root(body), list = json_get(&root, "list"),
		       file = json_get(&root, "file"), demo = json_get(&root, "demo"),
		       dry = json_get(&root, "dry_run"), fresh = json_get(&root, "fresh"),
		       sheet = json_get(&root, "sheet"), encoding = json_get(&root, "encoding");
	const char *list_name = "", *file_name = "", *sheet_name = "";
	struct json_at files = json_get(&root, "files"), unit = json_get(&root, "unit");
	int64_t file_count = 1;
	enum err rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e);

	if (rc == ERR_OK)
		rc = json_need_string(&list, &list_name, e);
	if (rc == ERR_OK)
		rc = name_check("list", slice_of(list_name), e);
	if (rc == ERR_OK)
		rc = json_read_string(&file, &file_name, e);
	if (rc == ERR_OK)
		rc = json_read_string(&sheet, &sheet_name, e);
	if (rc == ERR_OK && strlen(sheet_name) >= SHEET_MAX)
		rc = err_set(e, ERR_INPUT, "sheet", "", "no sheet has so long a name");
	if (rc == ERR_OK)
		rc = json_read_bool(&demo, &b->is_demo, e);
	if (rc == ERR_OK)
		rc = json_read_bool(&dry, &b->is_dry, e);
	if (rc == ERR_OK)
		rc = json_read_bool(&fresh, &b->is_fresh, e);
	if (rc == ERR_OK)
		rc = read_encoding(b, &encoding, e);
	if (rc == ERR_OK)
		rc = json_read_int(&files, 1, TABLES_MAX, &file_count, e);
	if (rc == ERR_OK)
		rc = care_read(&b->care.care, b->care.given, &root, e);
	b->files = (uint32_t)file_count;
	b->unit = (int64_t)api_account(b->x)->unit;
	if (rc == ERR_OK)
		rc = json_read_int(&unit, 1, UNIT_MAX, &b->unit, e);
	if (rc == ERR_OK)
		rc = import_choices_read(&b->choices, &root, e);
	if (rc == ERR_OK)
		rc = read_mode(b, &root, e);
	snprintf(b->list_name, sizeof(b->list_name), "%s", rc == ERR_OK ? list_name : "");
	snprintf(b->file, sizeof(b->file), "%s", rc == ERR_OK ? file_name : "");
	snprintf(b->sheet, sizeof(b->sheet), "%s", rc == ERR_OK ? sheet_name : "");
	return rc;
}

static void
on_care_checked(void *arg, const struct err_ctx *e)
{
	struct slice v[2] = {SLICE("HGETALL"), slice_of(key_prefix_choices)};
	struct begin *b = arg;

	if (e == NULL) {
		redis_command(engine_redis(b->api->daemon->engine), v, 2, on_remembered, b);
		return;
	}
	http_answer_error(b->x, e);
	begin_free(b);
}

void
on_import_begin(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
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
		b->care.is_dry = b->is_dry;
		import_care_check(a, x, b->list_name, &b->care, on_care_checked, b);
	}
	json_decref(body);
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
	if (s->x == NULL && s->book != NULL && s->offset + http_body(x).n > BOOK_BYTES_MAX) {
		struct err_ctx e;

		err_set(&e, ERR_INPUT, s->file, "divide the workbook", "is larger than %u MB",
			BOOK_BYTES_MAX >> 20);
		http_answer_error(x, &e);
		import_session_clear(s);
		return;
	}
	if (offset < 0 || (uint64_t)offset != s->offset || s->is_reading || s->merge != NULL) {
		struct err_ctx e;

		err_set(&e, ERR_CONFLICT, "offset", "go on there",
			"the next piece begins at %" PRIu64, s->offset);
		http_answer_error(x, &e);
		return;
	}
	import_session_work(s, x, false);
}

void
on_import_commit(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct session *s = session_find(a->imports, x);

	struct err_ctx e;

	if (s == NULL || !api_is_open(a, x))
		return;
	if (s->number < s->files || s->next_file[0] != '\0') {
		err_set(&e, ERR_CONFLICT, "import", "go on with the next one",
			"%u of %u files are here", s->number, s->files);
		http_answer_error(x, &e);
		return;
	}
	import_session_work(s, x, true);
}

/* The name of the file that comes; NULL: answered. */
static bool
read_next(struct session *s, struct http_exchange *x)
{
	static const char *const keys[] = {"file"};
	json_t *body = api_body_json(x);
	struct json_at root, file;
	const char *name = "";
	struct err_ctx e;
	bool is_good;

	if (body == NULL)
		return false;
	root = json_root(body);
	file = json_get(&root, "file");
	is_good = json_only_keys(&root, keys, ARRAY_LEN(keys), &e) == ERR_OK &&
		  json_need_string(&file, &name, &e) == ERR_OK;
	if (is_good)
		snprintf(s->next_file, sizeof(s->next_file), "%s", name);
	else
		http_answer_error(x, &e);
	json_decref(body);
	return is_good;
}

void
on_import_next(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct session *s = session_find(a->imports, x);
	const char *text = http_query(x, "number");
	uint64_t number = text != NULL ? slice_to_u64(slice_of(text)) : 0;
	struct err_ctx e;

	if (s == NULL || !api_is_open(a, x))
		return;
	if (number == s->number && number > 1 && s->offset == 0 && s->x == NULL &&
	    s->next_file[0] == '\0') {
		/* Asked again because its answer was lost. */
		http_answer_json(x, 200, import_session_progress(s));
	} else if (number != s->number + 1u || number > s->files) {
		err_set(&e, ERR_CONFLICT, "number", "go on with that",
			"this is file %u of %u, the next one has number %u", s->number, s->files,
			s->number + 1);
		http_answer_error(x, &e);
	} else if (read_next(s, x)) {
		import_session_work(s, x, true);
	}
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
	import_session_clear(s);
	http_answer_json(x, 200, json_object());
}

/* What imports that died with their server had written. */
static void
on_clean(struct timer *t, void *arg)
{
	struct imports *im = arg;
	struct engine *engine = im->api->daemon->engine;

	if (im->api->daemon->is_up)
		list_clean(engine_redis(engine), key_prefix_incarnations,
			   engine_incarnation(engine));
	timer_arm_ms(im->api->daemon->loop, t, CLEAN_MS);
}

struct imports *
imports_new(struct api *a)
{
	struct imports *im = xcalloc(1, sizeof(*im));

	im->api = a;
	im->headers = headers_new();
	im->books = books_new(a->daemon->loop);
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		im->sessions[i].imports = im;
	timer_init(&im->clean, on_clean, im);
	timer_arm_ms(a->daemon->loop, &im->clean, CLEAN_MS);
	return im;
}

void
imports_free(struct imports *im)
{
	struct err_ctx e;

	timer_disarm(im->api->daemon->loop, &im->clean);
	err_set(&e, ERR_UNREACHABLE, "server", "import again", "is stopping");
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		struct session *s = &im->sessions[i];

		if (s->x != NULL)
			http_answer_error(s->x, &e); /* to nobody: its client was cut */
		if (s->id[0] != '\0')
			import_session_clear(s);
	}
	books_free(im->books);
	headers_free(im->headers);
	free(im);
}
