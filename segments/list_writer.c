/* SPDX-License-Identifier: MIT */
/*
 * list_writer of segments/list.h: blocks as they come, the distances between rows of the same phone
 * when all of them are there, then everything at once.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "segments/list_inside.h"
#include "segments/list_writer_inside.h"
#include "segments/schema_json.h"

static void
writer_fail(struct list_writer *w, const struct reply *r)
{
	if (!w->has_failed)
		snprintf(w->why, sizeof(w->why), "%.*s", (int)(r->str.n > 180 ? 180 : r->str.n),
			 r->str.p);
	w->has_failed = true;
}

static const char *
refusal_of(int64_t answer)
{
	if (answer == 3)
		return "somebody is erased, or was meanwhile: its rows may be of before";
	return answer == 0 ? "somebody else changed it meanwhile"
			   : "this server was taken for dead meanwhile";
}

void
writer_refuse(struct list_writer *w)
{
	if (w->has_failed)
		return;
	w->has_failed = w->is_refused = true;
}

/* Of one that has failed. */
void
writer_error(const struct list_writer *w, struct err_ctx *e)
{
	if (w->is_refused)
		err_set(e, ERR_CONFLICT, "list", "look at loa list show, then import again", "%s",
			refusal_of(3));
	else
		err_set(e, ERR_UNREACHABLE, "Redis", "import again: nothing was kept",
			"a block could not be written: %s", w->why);
}

bool
list_writer_is_refused(const struct list_writer *w, struct err_ctx *e)
{
	if (w->is_refused)
		writer_error(w, e);
	return w->is_refused;
}

void
writer_on_written(void *arg, const struct reply *r)
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
	list_write_block(w->redis, key, bytes, writer_on_written, w);
}

/*
 * [id of the list, its last version, last of its block numbers, erasures so far, is somebody being
 * erased] of a name, taken in one step.
 */
static const char take_numbers[] =
	"local id = redis.call('HGET', KEYS[1], 'id') "
	"if id and (tonumber(redis.call('HGET', KEYS[3], id)) or 0) + ARGV[1] > 4294967295 then "
	"return redis.error_reply('its block numbers are used up: take another name') end "
	"id = id or redis.call('INCR', KEYS[2]) "
	"local to = redis.call('HINCRBY', KEYS[3], id, ARGV[1]) "
	"redis.call('HSET', KEYS[4], id .. ':' .. to - ARGV[1] + 1, ARGV[2]) "
	"return {tostring(id), redis.call('HGET', KEYS[1], 'last') or "
	"redis.call('HGET', KEYS[1], 'version') or '0', to, "
	"redis.call('HGET', KEYS[5], 'erasures') or '0', redis.call('HEXISTS', KEYS[5], "
	"'erasing')}";

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
		slice_copy(w->erasures, sizeof(w->erasures), reply_item(r, 3)->str);
		if (reply_item(r, 4)->integer != 0)
			writer_refuse(w); /* its end counts as an erasure since */
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

static struct list_writer *
writer_new(struct redis *r, const char *name, const char *owner)
{
	struct list_writer *w = xcalloc(1, sizeof(*w));

	w->redis = r;
	w->held_tail = &w->held;
	snprintf(w->name, sizeof(w->name), "%s", name);
	snprintf(w->owner, sizeof(w->owner), "%s", owner);
	w->pending++;
	return w;
}

struct list_writer *
list_writer_new_stage(struct redis *r, const char *owner)
{
	static const char take_id[] = "local id = redis.call('INCR', KEYS[1]) "
				      "redis.call('HSET', KEYS[2], id .. ':1', ARGV[2]) "
				      "return {tostring(id), '0', tonumber(ARGV[1]), '0'}";
	struct list_writer *w = writer_new(r, "", owner);
	struct slice v[7] = {SLICE("EVAL"),	 slice_of(take_id),
			     SLICE("2"),	 SLICE(KEY_SEQ_LIST),
			     SLICE(KEY_WRITING), SLICE(TEXT_OF(BLOCKS_PER_IMPORT)),
			     slice_of(w->owner)};

	redis_command(r, v, 7, on_numbers, w);
	return w;
}

struct list_writer *
list_writer_new(struct redis *r, const char *name, const char *owner)
{
	struct list_writer *w = writer_new(r, name, owner);
	char key[LIST_KEY_MAX];
	struct slice v[10];

	list_key(key, w->name);
	v[0] = SLICE("EVAL");
	v[1] = slice_of(take_numbers);
	v[2] = SLICE("5");
	v[3] = slice_of(key);
	v[4] = SLICE(KEY_SEQ_LIST);
	v[5] = SLICE(KEY_SEQ_BLOCK);
	v[6] = SLICE(KEY_WRITING);
	v[7] = SLICE(KEY_META);
	v[8] = SLICE(TEXT_OF(BLOCKS_PER_IMPORT));
	v[9] = slice_of(w->owner);
	redis_command(r, v, 10, on_numbers, w);
	return w;
}

void
list_writer_set_demo(struct list_writer *w)
{
	w->is_demo = true;
}

void
list_writer_set_unit(struct list_writer *w, uint64_t unit)
{
	w->unit = unit;
}

void
list_writer_set_care(struct list_writer *w, const struct list_care *c, const bool given[CARE_FACTS])
{
	w->care = *c;
	memcpy(w->care_given, given, sizeof(w->care_given));
}

void
list_writer_set_retention(struct list_writer *w, const char day[11])
{
	memcpy(w->retention, day, sizeof(w->retention));
}

void
list_writer_set_base(struct list_writer *w, uint32_t version)
{
	w->base = version;
}

void
list_writer_set_key(struct list_writer *w, const char *key)
{
	free(w->key);
	w->key = xstrdup(key);
}

/* [erasures, erasing] */
static void
on_looked(void *arg, const struct reply *r)
{
	struct list_writer *w = arg;
	struct slice so_far = reply_item(r, 0)->str;

	w->pending--;
	if (reply_is_good(r) && r->kind == REPLY_ARRAY &&
	    (reply_item(r, 1)->kind != REPLY_NIL ||
	     !slice_is(so_far.n > 0 ? so_far : SLICE("0"), w->erasures)))
		writer_refuse(w);
	writer_step(w);
}

/* The commit looks again, and its word counts: this only spares who would wait for nothing. */
void
writer_look(struct list_writer *w)
{
	struct slice v[4] = {SLICE("HMGET"), SLICE(KEY_META), SLICE("erasures"), SLICE("erasing")};

	if (w->has_failed || w->id == 0)
		return;
	w->pending++;
	redis_command(w->redis, v, 4, on_looked, w);
}

static void
add_id(struct list_writer *w, uint64_t id, uint32_t rows)
{
	if (w->id_count % LOOK_BLOCKS == 0)
		writer_look(w);
	if (w->id_count == w->id_cap) {
		w->id_cap = w->id_cap == 0 ? 64 : w->id_cap * 2;
		w->ids = xrealloc(w->ids, w->id_cap * sizeof(*w->ids));
	}
	w->ids[w->id_count++] = id;
	w->rows += rows;
}

uint32_t
writer_number_of(const struct list_writer *w, size_t i)
{
	return (w->ids[i] & OWN_BLOCK ? w->first : 0) + (uint32_t)w->ids[i];
}

void
list_writer_share(struct list_writer *w, uint32_t n, uint32_t rows)
{
	add_id(w, n, rows);
}

const char *
list_writer_why(const struct list_writer *w)
{
	return w->has_failed ? w->why : NULL;
}

bool
list_writer_get(const struct list_writer *w, struct list *out)
{
	*out = (struct list){.id = w->id, .block_count = w->id_count};
	if (w->id == 0 || w->has_failed)
		return false;
	out->blocks = xmalloc((w->id_count + 1) * sizeof(*out->blocks));
	for (size_t i = 0; i < w->id_count; i++)
		out->blocks[i] = writer_number_of(w, i);
	return true;
}

void
list_writer_block(struct list_writer *w, struct slice bytes, uint32_t rows)
{
	add_id(w, OWN_BLOCK | (w->blocks + w->held_count), rows);
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
	} else if (r->integer != 1) {
		w->is_committed = false;
		err_set(&e, ERR_CONFLICT, "list", "look at loa list show, then import again", "%s",
			refusal_of(r->integer));
	}
	if (w->is_freed)
		writer_step(w);
	else /* may free w */
		writer_end(w, reply_is_good(r) && r->integer == 1 ? NULL : &e);
}

/*
 * Snapshot, rejects and record appear together, unless somebody else imported meanwhile (0), or
 * list_clean has deleted the blocks (2), or what it was made of may name somebody who was erased
 * since (3).
 * ARGV: snapshot, rejects, name, last version before, the one it is made of or 0, its field of
 * those that are being written, its version, its key or '?' (that of the current version),
 * erasures when it began, the last number that it took and the last that it used, then field,
 * value…, the id first. Which version was current before is what an undo goes back to.
 */
static const char commit_list[] =
	"local v = redis.call('HMGET', KEYS[3], 'version', 'last', 'id') "
	"local e = redis.call('HMGET', KEYS[6], 'erasures', 'erasing') "
	"if (v[2] or v[1] or '0') ~= ARGV[4] then return 0 end "
	"if v[3] and v[3] ~= ARGV[13] then return 0 end "
	"if ARGV[5] ~= '0' and v[1] ~= ARGV[5] then return 0 end "
	"if e[2] or (e[1] or '0') ~= ARGV[9] then return 3 end "
	"if redis.call('HDEL', KEYS[5], ARGV[6]) == 0 then return 2 end "
	"local key = ARGV[8] "
	"if key == '?' then key = v[1] and redis.call('HGET', KEYS[3], 'key' .. v[1]) or '' end "
	"redis.call('HSET', KEYS[3], 'last', ARGV[7], 'previous' .. ARGV[7], v[1] or '0', "
	"'key' .. ARGV[7], key) "
	"local unit = redis.call('HGET', KEYS[3], 'unit') "
	"if v[1] then redis.call('HDEL', KEYS[3], 'next' .. v[1]) end "
	"redis.call('SET', KEYS[1], ARGV[1]) redis.call('SET', KEYS[2], ARGV[2]) "
	"if redis.call('HGET', KEYS[7], ARGV[13]) == ARGV[10] then "
	"redis.call('HSET', KEYS[7], ARGV[13], ARGV[11]) end "
	"redis.call('HSET', KEYS[3], unpack(ARGV, 12)) redis.call('SADD', KEYS[4], ARGV[3]) "
	"if unit then redis.call('HSET', KEYS[3], 'unit', unit) end return 1";

static const char *
version_field(char out[32], const char *name, uint32_t version)
{
	snprintf(out, 32, "%s%u", name, version);
	return out;
}

static const char *
writing_field(char out[48], uint64_t id, uint32_t first)
{
	snprintf(out, 48, "%" PRIu64 ":%u", id, first);
	return out;
}

static const char *
number_text(char out[24], uint32_t n)
{
	snprintf(out, 24, "%u", n);
	return out;
}

/* A list whose last version before was 0 is new: the commit looks whether it still is. */
static size_t
add_care(struct list_writer *w, struct slice *v)
{
	size_t n = 0;

	if (w->version == 1 && w->retention[0] != '\0' && !w->care_given[CARE_RETAIN_UNTIL]) {
		v[n++] = slice_of(list_care_field(CARE_RETAIN_UNTIL));
		v[n++] = slice_of(w->retention);
	}
	for (size_t f = 0; f < CARE_FACTS; f++) {
		if (!w->care_given[f])
			continue;
		v[n++] = slice_of(list_care_field(f));
		v[n++] = slice_of(w->care.text[f]);
	}
	return n;
}

static void
send_commit(struct list_writer *w)
{
	char snap[64], rejects[64], key[LIST_KEY_MAX], id[24], version[24], rows[24], at[24],
		unit[24];
	char before[24], base[24], writing[48], fields[5][32], numbers[2][24];
	struct buf ids = {0};
	struct slice v[48] = {SLICE("EVAL"), slice_of(commit_list), SLICE("7")};
	size_t n = 3;

	for (size_t i = 0; i < w->id_count; i++)
		buf_add_u32(&ids, writer_number_of(w, i));
	list_rejects_key(rejects, w->id, w->version);
	list_key(key, w->name);
	snprintf(id, sizeof(id), "%" PRIu64, w->id);
	number_text(version, w->version);
	number_text(before, w->version - 1);
	number_text(base, w->base);
	snprintf(rows, sizeof(rows), "%" PRIu64, w->rows);
	snprintf(unit, sizeof(unit), "%" PRIu64, w->unit > 0 ? w->unit : 1);
	snprintf(at, sizeof(at), "%lld", (long long)(clock_wall_ms() / 1000));
	v[n++] = slice_of(list_snapshot_key(snap, w->id, w->version));
	v[n++] = slice_of(rejects);
	v[n++] = slice_of(key);
	v[n++] = SLICE(KEY_LISTS);
	v[n++] = SLICE(KEY_WRITING);
	v[n++] = SLICE(KEY_META);
	v[n++] = SLICE(KEY_SEQ_BLOCK);
	v[n++] = ids.len > 0 ? buf_slice(&ids) : SLICE("");
	v[n++] = w->rejects.len > 0 ? buf_slice(&w->rejects) : SLICE("");
	v[n++] = slice_of(w->name);
	v[n++] = slice_of(before);
	v[n++] = slice_of(base);
	v[n++] = slice_of(writing_field(writing, w->id, w->first));
	v[n++] = slice_of(version);
	v[n++] = w->key != NULL ? slice_of(w->key) : SLICE("?");
	v[n++] = slice_of(w->erasures);
	v[n++] = slice_of(number_text(numbers[0], w->first - 1 + BLOCKS_PER_IMPORT));
	v[n++] = slice_of(number_text(numbers[1], w->first - 1 + w->blocks));
	v[n++] = SLICE("id");
	v[n++] = slice_of(id);
	v[n++] = SLICE("version");
	v[n++] = slice_of(version);
	v[n++] = SLICE("unit");
	v[n++] = slice_of(unit);
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
	n += add_care(w, &v[n]);
	w->pending++;
	w->is_committed = true;
	redis_command(w->redis, v, n, on_committed, w);
	buf_free(&ids);
}

/* ---- the end ---- */

/* Something was acknowledged: go on with the distances or the commit, or free what was given up. */
void
writer_step(struct list_writer *w)
{
	struct err_ctx e;

	if (w->pending > 0)
		return;
	if (w->is_freed) {
		list_writer_free(w);
		return;
	}
	if (w->chain != NULL) {
		writer_chain_step(w);
		return;
	}
	if (w->schema == NULL || w->cb == NULL)
		return;
	if (!w->has_failed) {
		send_commit(w);
		return;
	}
	writer_error(w, &e);
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

/* Nothing is written from there on any more: numbers that were not used are the next writer's. */
static void
give_back(struct list_writer *w)
{
	static const char give[] = "redis.call('HDEL', KEYS[1], ARGV[1]) "
				   "if redis.call('HGET', KEYS[2], ARGV[2]) == ARGV[3] then "
				   "redis.call('HSET', KEYS[2], ARGV[2], ARGV[4]) end return 1";
	char field[48], id[24], to[24], used[24];
	struct slice v[9] = {SLICE("EVAL"), slice_of(give), SLICE("2"), SLICE(KEY_WRITING),
			     SLICE(KEY_SEQ_BLOCK)};

	snprintf(id, sizeof(id), "%" PRIu64, w->id);
	v[5] = slice_of(writing_field(field, w->id, w->first));
	v[6] = slice_of(id);
	v[7] = slice_of(number_text(to, w->first - 1 + BLOCKS_PER_IMPORT));
	v[8] = slice_of(number_text(used, w->first - 1 + w->blocks));
	redis_command(w->redis, v, 9, NULL, NULL);
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
	if (w->id != 0)
		give_back(w);
}

void
list_writer_free(struct list_writer *w)
{
	w->is_freed = true;
	w->cb = NULL;
	if (w->sweep != NULL)
		sweep_cancel(w->sweep);
	w->sweep = NULL;
	if (w->pending > 0)
		return; /* the last acknowledgement frees it */
	if (!w->is_committed)
		delete_blocks(w);
	free(w->schema);
	free(w->report);
	free(w->ids);
	free(w->key);
	phone_chain_free(w->chain);
	buf_free(&w->people);
	buf_free(&w->rejects);
	free(w);
}
