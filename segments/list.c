/* SPDX-License-Identifier: MIT */
#include "segments/list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define KEY_LISTS "loa:lists"
#define KEY_LIST "loa:list:"
#define KEY_SEQ_LIST "loa:seq:list"
#define KEY_SEQ_BLOCK "loa:seq:block"

/* Block numbers that an import takes: 67 million rows, and 16,000 imports of a list. */
#define BLOCKS_PER_IMPORT 262144
#define TEXT_OF_(x) #x
#define TEXT_OF(x) TEXT_OF_(x)

void
list_free(struct list *l)
{
	if (l == NULL)
		return;
	free(l->blocks);
	free(l->report);
	free(l);
}

enum err
name_check(const char *what, struct slice name, struct err_ctx *e)
{
	if (name.n == 0)
		return err_set(e, ERR_INPUT, what, "give it a name", "the name is empty");
	if (name.n > LIST_NAME_MAX)
		return err_set(e, ERR_INPUT, what, "choose a shorter one",
			       "the name has more than %d bytes", LIST_NAME_MAX);
	if (text_find_malformed(name) >= 0)
		return err_set(e, ERR_INPUT, what, "", "the name is not UTF-8");
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] < 0x20 || name.p[i] == 0x7f ||
		    strchr(":/?#", name.p[i]) != NULL)
			return err_set(e, ERR_INPUT, what, "leave out control characters : / ? #",
				       "the name has a character that is not allowed");
	return ERR_OK;
}

const char *
list_block_key(char *out, uint64_t list_id, uint32_t n)
{
	snprintf(out, 64, "loa:block:%" PRIu64 ":%u", list_id, n);
	return out;
}

static const char *
snapshot_key(char *out, uint64_t list_id, uint32_t version)
{
	snprintf(out, 64, "loa:snap:%" PRIu64 ":%u", list_id, version);
	return out;
}

static const char *
rejects_key(char *out, uint64_t list_id, uint32_t version)
{
	snprintf(out, 64, "loa:rejects:%" PRIu64 ":%u", list_id, version);
	return out;
}

const char *
list_key(char *out, const char *name)
{
	snprintf(out, LIST_KEY_MAX, KEY_LIST "%.*s", LIST_NAME_MAX, name);
	return out;
}

const char *
list_names_key(void)
{
	return KEY_LISTS;
}

void
list_names(struct redis *r, redis_reply_cb cb, void *arg)
{
	struct slice v[3] = {SLICE("SORT"), SLICE(KEY_LISTS), SLICE("ALPHA")};

	redis_command(r, v, 3, cb, arg);
}

void
list_rejects(struct redis *r, const char *name, redis_reply_cb cb, void *arg)
{
	static const char find[] =
		"local v = redis.call('HMGET', KEYS[1], 'id', 'version') "
		"return v[1] and redis.call('GET', 'loa:rejects:' .. v[1] .. ':' .. v[2])";
	char key[LIST_KEY_MAX];
	struct slice v[4] = {SLICE("EVAL"), slice_of(find), SLICE("1"),
			     slice_of(list_key(key, name))};

	redis_command(r, v, 4, cb, arg);
}

/* ---- schema as JSON ---- */

static char *
schema_to_json(const struct schema *s)
{
	struct buf b = {0};

	buf_addf(&b, "{\"phone\":%d,\"columns\":[", s->phone);
	for (uint32_t i = 0; i < s->count; i++) {
		buf_adds(&b, i > 0 ? ",{\"name\":" : "{\"name\":");
		json_add_string(&b, slice_of(s->columns[i].name));
		buf_adds(&b, ",\"title\":");
		json_add_string(&b, slice_of(s->columns[i].title));
		buf_addf(&b, ",\"type\":\"%s\"%s%s}", column_type_name(&s->columns[i]),
			 s->columns[i].is_sensitive ? ",\"sensitive\":true" : "",
			 s->columns[i].is_masked ? ",\"masked\":true" : "");
	}
	buf_adds(&b, "]}");
	return buf_take(&b);
}

static bool
schema_from_json(struct slice text, struct schema *s)
{
	json_t *doc, *columns;
	struct err_ctx e;
	bool is_good;

	*s = (struct schema){.phone = -1};
	if (json_parse(text, 1u << 20, "schema", &doc, &e) != ERR_OK)
		return false;
	columns = json_object_get(doc, "columns");
	is_good = json_is_array(columns) && json_array_size(columns) <= COLUMNS_MAX;
	s->phone = (int)json_integer_value(json_object_get(doc, "phone"));
	for (size_t i = 0; is_good && i < json_array_size(columns); i++) {
		json_t *c = json_array_get(columns, i);
		const char *name = json_string_value(json_object_get(c, "name"));
		const char *title = json_string_value(json_object_get(c, "title"));
		const char *type = json_string_value(json_object_get(c, "type"));
		struct column *to = &s->columns[s->count++];

		is_good = name != NULL && title != NULL && type != NULL;
		if (!is_good)
			break;
		snprintf(to->name, sizeof(to->name), "%s", name);
		snprintf(to->title, sizeof(to->title), "%s", title);
		column_set_type(to, type);
		to->is_sensitive = json_is_true(json_object_get(c, "sensitive"));
		to->is_masked = json_is_true(json_object_get(c, "masked"));
	}
	json_decref(doc);
	return is_good;
}

/* ---- loading ---- */

struct load {
	struct redis *redis;
	struct list *list;
	list_cb cb;
	void *arg;
	bool with_snapshot;
	uint32_t version; /* 0 = the newest */
};

static void
load_end(struct load *ld, const struct err_ctx *e)
{
	if (e != NULL) {
		list_free(ld->list);
		ld->list = NULL;
	}
	ld->cb(ld->arg, ld->list, e);
	free(ld);
}

static void
load_fail(struct load *ld, enum err code, const char *todo, const char *why)
{
	struct err_ctx e;

	err_set(&e, code, ld->list->name, todo, "%s", why);
	load_end(ld, &e);
}

static void
load_fail_reply(struct load *ld, const struct reply *r)
{
	struct err_ctx e;

	reply_fail(r, &e);
	load_end(ld, &e);
}

static void
on_snapshot(void *arg, const struct reply *r)
{
	struct load *ld = arg;
	struct reader rd;

	if (!reply_is_good(r)) {
		load_fail_reply(ld, r);
		return;
	}
	if (r->kind != REPLY_STRING || r->str.n % 4 != 0) {
		load_fail(ld, ERR_SYSTEM, "import the list again", "its snapshot is gone");
		return;
	}
	rd = reader_of(r->str);
	ld->list->block_count = r->str.n / 4;
	ld->list->blocks = xmalloc(r->str.n);
	for (size_t i = 0; i < ld->list->block_count; i++)
		ld->list->blocks[i] = reader_u32(&rd);
	load_end(ld, NULL);
}

static void
on_record(void *arg, const struct reply *r)
{
	struct load *ld = arg;
	struct list *l = ld->list;
	char key[64];
	struct slice get[2];

	if (!reply_is_good(r)) {
		load_fail_reply(ld, r);
		return;
	}
	if (reply_item(r, 0)->kind != REPLY_STRING) {
		load_fail(ld, ERR_NOT_FOUND, "see loa list ls", "there is no list of this name");
		return;
	}
	l->id = reply_u64(r, 0);
	l->version = (uint32_t)reply_u64(r, 1);
	l->unit = reply_u64(r, 2);
	l->rows = reply_u64(r, 3);
	l->created_s = (int64_t)reply_u64(r, 4);
	if (!schema_from_json(reply_item(r, 5)->str, &l->schema)) {
		load_fail(ld, ERR_SYSTEM, "import the list again", "its record cannot be read");
		return;
	}
	if (reply_item(r, 6)->kind == REPLY_STRING)
		l->report = xmemdup0(reply_item(r, 6)->str.p, reply_item(r, 6)->str.n);
	l->is_demo = reply_u64(r, 7) != 0;
	if (!ld->with_snapshot) {
		load_end(ld, NULL);
		return;
	}
	get[0] = SLICE("GET");
	get[1] = slice_of(snapshot_key(key, l->id, l->version));
	redis_command(ld->redis, get, 2, on_snapshot, ld);
}

static void
load_start(struct redis *r, const char *name, struct load *ld)
{
	/* A version's columns, rows and report are its own: a run keeps them all. */
	static const char find[] =
		"local v = redis.call('HMGET', KEYS[1], 'id', 'version', 'unit') "
		"if not v[1] then return {} end "
		"if ARGV[1] ~= '0' then v[2] = ARGV[1] end "
		"local w = redis.call('HMGET', KEYS[1], 'rows' .. v[2], 'created_s' .. v[2], "
		"'schema' .. v[2], 'report' .. v[2], 'demo' .. v[2]) "
		"return {v[1], v[2], v[3], w[1], w[2], w[3], w[4], w[5]}";
	char key[LIST_KEY_MAX], version[24];
	struct slice v[5] = {SLICE("EVAL"), slice_of(find), SLICE("1"), {NULL, 0}, {NULL, 0}};

	ld->redis = r;
	ld->list = xcalloc(1, sizeof(*ld->list));
	snprintf(ld->list->name, sizeof(ld->list->name), "%s", name);
	snprintf(version, sizeof(version), "%u", ld->version);
	v[3] = slice_of(list_key(key, name));
	v[4] = slice_of(version);
	redis_command(r, v, 5, on_record, ld);
}

void
list_load(struct redis *r, const char *name, bool with_snapshot, list_cb cb, void *arg)
{
	struct load *ld = xcalloc(1, sizeof(*ld));

	ld->cb = cb;
	ld->arg = arg;
	ld->with_snapshot = with_snapshot;
	load_start(r, name, ld);
}

void
list_load_version(struct redis *r, const char *name, uint32_t version, list_cb cb, void *arg)
{
	struct load *ld = xcalloc(1, sizeof(*ld));

	ld->cb = cb;
	ld->arg = arg;
	ld->with_snapshot = true;
	ld->version = version;
	load_start(r, name, ld);
}

/* ---- writing ---- */

struct held_block {
	struct held_block *next;
	struct slice bytes;
	char data[];
};

struct list_writer {
	struct redis *redis;
	char name[LIST_NAME_MAX + 1];
	uint64_t id;		 /* 0 = not taken yet */
	uint32_t version, first; /* first = number of the first block, from 1 */
	uint32_t blocks;
	uint64_t rows;
	size_t pending;
	bool has_failed, is_freed;
	bool is_demo;
	bool is_committed; /* or a commit was sent whose fate is not known */
	char why[200];
	struct held_block *held, **held_tail; /* waiting for the id */
	uint32_t held_count;
	char *schema, *report;
	struct buf rejects;
	list_done_cb cb;
	void *arg;
};

static void writer_step(struct list_writer *w);

static void
writer_fail(struct list_writer *w, const struct reply *r)
{
	if (!w->has_failed)
		snprintf(w->why, sizeof(w->why), "%.*s", (int)(r->str.n > 180 ? 180 : r->str.n),
			 r->str.p);
	w->has_failed = true;
}

static void
on_block_written(void *arg, const struct reply *r)
{
	struct list_writer *w = arg;

	w->pending--;
	if (!reply_is_good(r))
		writer_fail(w, r);
	writer_step(w);
}

static void
write_block(struct list_writer *w, struct slice bytes)
{
	char key[64];

	list_block_key(key, w->id, w->first + w->blocks);
	w->blocks++;
	w->pending++;
	list_write_block(w->redis, key, bytes, on_block_written, w);
}

/* [id of the list, its last version, first free block number] of a name, taken in one step. */
static const char take_numbers[] =
	"local id = redis.call('HGET', KEYS[1], 'id') or redis.call('INCR', KEYS[2]) "
	"return {tostring(id), redis.call('HGET', KEYS[1], 'last') or "
	"redis.call('HGET', KEYS[1], 'version') or '0', "
	"redis.call('HINCRBY', KEYS[3], id, ARGV[1])}";

static void
on_numbers(void *arg, const struct reply *r)
{
	struct list_writer *w = arg;

	w->pending--;
	if (!reply_is_good(r) || r->kind != REPLY_ARRAY) {
		writer_fail(w, r);
	} else {
		w->id = reply_u64(r, 0);
		w->version = (uint32_t)reply_u64(r, 1) + 1;
		w->first = (uint32_t)(reply_item(r, 2)->integer - BLOCKS_PER_IMPORT + 1);
	}
	while (w->held != NULL) {
		struct held_block *h = w->held;

		w->held = h->next;
		if (!w->has_failed && !w->is_freed)
			write_block(w, h->bytes);
		free(h);
	}
	w->held_tail = &w->held;
	w->held_count = 0;
	writer_step(w);
}

struct list_writer *
list_writer_new(struct redis *r, const char *name)
{
	struct list_writer *w = xcalloc(1, sizeof(*w));
	char key[LIST_KEY_MAX];
	struct slice v[7];

	w->redis = r;
	w->held_tail = &w->held;
	snprintf(w->name, sizeof(w->name), "%s", name);
	list_key(key, w->name);
	v[0] = SLICE("EVAL");
	v[1] = slice_of(take_numbers);
	v[2] = SLICE("3");
	v[3] = slice_of(key);
	v[4] = SLICE(KEY_SEQ_LIST);
	v[5] = SLICE(KEY_SEQ_BLOCK);
	v[6] = SLICE(TEXT_OF(BLOCKS_PER_IMPORT));
	w->pending++;
	redis_command(r, v, 7, on_numbers, w);
	return w;
}

void
list_writer_set_demo(struct list_writer *w)
{
	w->is_demo = true;
}

void
list_writer_block(struct list_writer *w, struct slice bytes, uint32_t rows)
{
	w->rows += rows;
	if (!w->has_failed && w->blocks + w->held_count >= BLOCKS_PER_IMPORT) {
		w->has_failed = true;
		snprintf(w->why, sizeof(w->why), "a list has at most %d blocks", BLOCKS_PER_IMPORT);
	}
	if (w->has_failed)
		return;
	if (w->id == 0) {
		struct held_block *h = xmalloc(sizeof(*h) + bytes.n);

		memcpy(h->data, bytes.p, bytes.n);
		h->bytes = (struct slice){h->data, bytes.n};
		h->next = NULL;
		*w->held_tail = h;
		w->held_tail = &h->next;
		w->held_count++;
		return;
	}
	write_block(w, bytes);
}

uint32_t
list_writer_version(const struct list_writer *w)
{
	return w->version;
}

size_t
list_writer_pending(const struct list_writer *w)
{
	return w->pending;
}

static void
writer_end(struct list_writer *w, const struct err_ctx *e)
{
	list_done_cb cb = w->cb;

	w->cb = NULL;
	if (cb != NULL)
		cb(w->arg, e);
}

static void
on_committed(void *arg, const struct reply *r)
{
	struct list_writer *w = arg;
	struct err_ctx e;

	w->pending--;
	if (!reply_is_good(r)) {
		writer_fail(w, r);
		w->is_committed = r->kind != REPLY_ERROR; /* refused: surely not done */
		err_set(&e, ERR_UNREACHABLE, "Redis", "look at loa list show, then import again",
			"%s", w->why);
	} else if (r->integer == 0) {
		w->is_committed = false;
		err_set(&e, ERR_CONFLICT, "list", "look at loa list show, then import again",
			"somebody else imported into it meanwhile");
	}
	if (w->is_freed)
		writer_step(w);
	else /* may free w */
		writer_end(w, reply_is_good(r) && r->integer == 1 ? NULL : &e);
}

/*
 * Snapshot, rejects and record appear together, unless somebody else imported meanwhile.
 * ARGV: snapshot, rejects, name, last version before, then field, value… (the fourth is the
 * version). Which version was current before is what an undo goes back to.
 */
static const char commit_list[] =
	"local v = redis.call('HMGET', KEYS[3], 'version', 'last') "
	"if (v[2] or v[1] or '0') ~= ARGV[4] then return 0 end "
	"redis.call('HSET', KEYS[3], 'last', ARGV[8], 'previous' .. ARGV[8], v[1] or '0') "
	"if v[1] then redis.call('HDEL', KEYS[3], 'next' .. v[1]) end "
	"redis.call('SET', KEYS[1], ARGV[1]) redis.call('SET', KEYS[2], ARGV[2]) "
	"redis.call('HSET', KEYS[3], unpack(ARGV, 5)) redis.call('SADD', KEYS[4], ARGV[3]) return "
	"1";

static const char *
version_field(char out[32], const char *name, uint32_t version)
{
	snprintf(out, 32, "%s%u", name, version);
	return out;
}

static void
send_commit(struct list_writer *w)
{
	char snap[64], rejects[64], key[LIST_KEY_MAX], id[24], version[24], rows[24], at[24];
	char before[24], fields[5][32];
	struct buf ids = {0};
	struct slice v[28] = {SLICE("EVAL"), slice_of(commit_list), SLICE("4")};
	size_t n = 3;

	for (uint32_t i = 0; i < w->blocks; i++)
		buf_add_u32(&ids, w->first + i);
	rejects_key(rejects, w->id, w->version);
	list_key(key, w->name);
	snprintf(id, sizeof(id), "%" PRIu64, w->id);
	snprintf(version, sizeof(version), "%u", w->version);
	snprintf(before, sizeof(before), "%u", w->version - 1);
	snprintf(rows, sizeof(rows), "%" PRIu64, w->rows);
	snprintf(at, sizeof(at), "%lld", (long long)(clock_wall_ms() / 1000));
	v[n++] = slice_of(snapshot_key(snap, w->id, w->version));
	v[n++] = slice_of(rejects);
	v[n++] = slice_of(key);
	v[n++] = SLICE(KEY_LISTS);
	v[n++] = ids.len > 0 ? buf_slice(&ids) : SLICE("");
	v[n++] = w->rejects.len > 0 ? buf_slice(&w->rejects) : SLICE("");
	v[n++] = slice_of(w->name);
	v[n++] = slice_of(before);
	v[n++] = SLICE("id");
	v[n++] = slice_of(id);
	v[n++] = SLICE("version");
	v[n++] = slice_of(version);
	v[n++] = SLICE("unit");
	v[n++] = SLICE("1");
	v[n++] = slice_of(version_field(fields[0], "rows", w->version));
	v[n++] = slice_of(rows);
	v[n++] = slice_of(version_field(fields[1], "created_s", w->version));
	v[n++] = slice_of(at);
	v[n++] = slice_of(version_field(fields[2], "schema", w->version));
	v[n++] = slice_of(w->schema);
	v[n++] = slice_of(version_field(fields[3], "report", w->version));
	v[n++] = slice_of(w->report);
	v[n++] = slice_of(version_field(fields[4], "demo", w->version));
	v[n++] = w->is_demo ? SLICE("1") : SLICE("0");
	w->pending++;
	w->is_committed = true;
	redis_command(w->redis, v, n, on_committed, w);
	buf_free(&ids);
}

/* Something was acknowledged: go on with the commit, or free what was given up. */
static void
writer_step(struct list_writer *w)
{
	struct err_ctx e;

	if (w->pending > 0)
		return;
	if (w->is_freed) {
		list_writer_free(w);
		return;
	}
	if (w->schema == NULL || w->cb == NULL)
		return;
	if (!w->has_failed) {
		send_commit(w);
		return;
	}
	err_set(&e, ERR_UNREACHABLE, "Redis", "import again: nothing was kept",
		"a block could not be written: %s", w->why);
	writer_end(w, &e);
}

void
list_writer_commit(struct list_writer *w, const struct schema *s, const char *report,
		   struct slice rejects, list_done_cb cb, void *arg)
{
	w->schema = schema_to_json(s);
	w->report = xstrdup(report);
	buf_add_slice(&w->rejects, rejects);
	w->cb = cb;
	w->arg = arg;
	writer_step(w);
}

/* Nothing refers to them. What cannot be deleted now stays: it costs room, nothing else. */
static void
delete_blocks(struct list_writer *w)
{
	for (uint32_t i = 0; i < w->blocks; i++) {
		char key[64];
		struct slice v[2] = {SLICE("UNLINK"), {NULL, 0}};

		v[1] = slice_of(list_block_key(key, w->id, w->first + i));
		redis_command(w->redis, v, 2, NULL, NULL);
	}
}

void
list_writer_free(struct list_writer *w)
{
	w->is_freed = true;
	w->cb = NULL;
	if (w->pending > 0)
		return; /* the last acknowledgement frees it */
	if (!w->is_committed)
		delete_blocks(w);
	free(w->schema);
	free(w->report);
	buf_free(&w->rejects);
	free(w);
}

/* ---- forgetting ---- */

#define DROPPED_AT_ONCE 256

struct drop {
	struct redis *redis;
	uint64_t id;
	uint32_t version;
};

static void
on_drop_snapshot(void *arg, const struct reply *r)
{
	struct drop *d = arg;
	struct reader rd = reader_of(r->kind == REPLY_STRING ? r->str : (struct slice){NULL, 0});
	char(*keys)[64] = xmalloc(DROPPED_AT_ONCE * sizeof(*keys));
	struct slice v[DROPPED_AT_ONCE + 1] = {SLICE("UNLINK")};
	size_t n = 1;

	while (rd.left >= 4) {
		v[n] = slice_of(list_block_key(keys[n - 1], d->id, reader_u32(&rd)));
		if (++n <= DROPPED_AT_ONCE && rd.left >= 4)
			continue;
		redis_command(d->redis, v, n, NULL, NULL);
		n = 1;
	}
	v[n++] = slice_of(snapshot_key(keys[0], d->id, d->version));
	v[n++] = slice_of(rejects_key(keys[1], d->id, d->version));
	redis_command(d->redis, v, n, NULL, NULL);
	free(keys);
	free(d);
}

void
list_drop_version(struct redis *r, uint64_t id, uint32_t version)
{
	struct drop *d = xmalloc(sizeof(*d));
	char key[64];
	struct slice v[2] = {SLICE("GET"), {NULL, 0}};

	*d = (struct drop){r, id, version};
	v[1] = slice_of(snapshot_key(key, id, version));
	redis_command(r, v, 2, on_drop_snapshot, d);
}
