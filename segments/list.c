/* SPDX-License-Identifier: MIT */
#include "segments/list_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "segments/list_parts.h"
#include "segments/schema_json.h"

void
list_free(struct list *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->part_count; i++)
		list_free(l->parts[i].list);
	free(l->parts);
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

const char *
list_snapshot_key(char *out, uint64_t list_id, uint32_t version)
{
	snprintf(out, 64, "loa:snap:%" PRIu64 ":%u", list_id, version);
	return out;
}

const char *
list_rejects_key(char *out, uint64_t list_id, uint32_t version)
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

const char *
list_gone_key(void)
{
	return KEY_LISTS_GONE;
}

const char *
list_block_numbers_key(void)
{
	return KEY_SEQ_BLOCK;
}

bool
list_rows_prefix(char *out, uint64_t id, size_t i)
{
	static const char *const kinds[] = {"loa:block:", "loa:snap:", "loa:rejects:"};

	if (i >= ARRAY_LEN(kinds))
		return false;
	snprintf(out, 64, "%s%" PRIu64 ":", kinds[i], id);
	return true;
}

static const char *const care_fields[CARE_FACTS] = {"purpose", "legal_basis", "source",
						    "retention"};

const char *
list_care_field(enum care_fact f)
{
	return care_fields[f];
}

void
list_facts(struct redis *r, redis_reply_cb cb, void *arg)
{
	static const char find[] = LUA_NOW
		"local out = {math.floor(now / 1000)} "
		"for _, name in ipairs(redis.call('SORT', KEYS[1], 'ALPHA')) do "
		"local key = ARGV[1] .. name local v = redis.call('HGET', key, 'version') or '0' "
		"out[#out + 1] = {name, v, unpack(redis.call('HMGET', key, 'rows' .. v, "
		"'created_s' .. v, 'demo' .. v, 'purpose', 'legal_basis', 'source', 'retention', "
		"'unit'))} "
		"end return out";
	struct slice v[6] = {SLICE("EVAL"),    slice_of(find),	SLICE("2"),
			     SLICE(KEY_LISTS), SLICE(KEY_META), SLICE(KEY_LIST)};

	redis_command(r, v, 6, cb, arg);
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

/* ---- loading ---- */

struct load {
	struct redis *redis;
	struct list *list;
	list_cb cb;
	void *arg;
	bool with_snapshot;
	bool is_use;	  /* refused if the list is locked */
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
read_care(struct list *l, const struct reply *r, size_t from)
{
	l->now_s = reply_item(r, from)->integer;
	for (size_t f = 0; f < CARE_FACTS; f++)
		slice_copy(l->care.text[f], sizeof(l->care.text[f]),
			   reply_item(r, from + 1 + f)->str);
	l->is_locked = care_is_locked(&l->care, l->now_s);
}

static void
on_record(void *arg, const struct reply *r)
{
	struct load *ld = arg;
	struct list *l = ld->list;
	struct err_ctx e;
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
	read_care(l, r, 8);
	slice_copy(l->key, sizeof(l->key), reply_item(r, 13)->str);
	if (!ld->with_snapshot) {
		load_end(ld, NULL);
		return;
	}
	if (l->is_locked && ld->is_use) {
		care_refuse(l->name, &l->care, &e);
		load_end(ld, &e);
		return;
	}
	get[0] = SLICE("GET");
	get[1] = slice_of(list_snapshot_key(key, l->id, l->version));
	redis_command(ld->redis, get, 2, on_snapshot, ld);
}

static void
load_start(struct redis *r, const char *name, struct load *ld)
{
	/* A version's columns, rows and report are its own: a run keeps them all. */
	static const char find[] = LUA_NOW
		"local v = redis.call('HMGET', KEYS[1], 'id', 'version', 'unit') "
		"if not v[1] then return {} end "
		"if ARGV[1] ~= '0' then v[2] = ARGV[1] end "
		"local w = redis.call('HMGET', KEYS[1], 'rows' .. v[2], 'created_s' .. v[2], "
		"'schema' .. v[2], 'report' .. v[2], 'demo' .. v[2], 'key' .. v[2]) "
		"local c = redis.call('HMGET', KEYS[1], 'purpose', 'legal_basis', 'source', "
		"'retention') return {v[1], v[2], v[3], w[1], w[2], w[3], w[4], w[5], "
		"math.floor(now / 1000), "
		"c[1], c[2], c[3], c[4], w[6]}";
	char key[LIST_KEY_MAX], version[24];
	struct slice v[6] = {SLICE("EVAL"), slice_of(find),  SLICE("2"),
			     {NULL, 0},	    SLICE(KEY_META), {NULL, 0}};

	ld->redis = r;
	ld->list = xcalloc(1, sizeof(*ld->list));
	snprintf(ld->list->name, sizeof(ld->list->name), "%s", name);
	snprintf(version, sizeof(version), "%u", ld->version);
	v[3] = slice_of(list_key(key, name));
	v[5] = slice_of(version);
	redis_command(r, v, 6, on_record, ld);
}

void
list_load(struct redis *r, const char *name, bool with_snapshot, list_cb cb, void *arg)
{
	struct load *ld = xcalloc(1, sizeof(*ld));

	ld->cb = cb;
	ld->arg = arg;
	ld->with_snapshot = ld->is_use = with_snapshot;
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
