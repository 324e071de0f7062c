/* SPDX-License-Identifier: MIT */
/*
 * Lists in Redis: a record per list, immutable blocks, and a snapshot (the
 * array of block ids) per version. An import writes new blocks and swaps the
 * snapshot at the end, so a list being imported is invisible until complete,
 * and a run keeps the snapshot it was approved with. Versions share the blocks
 * that are the same in both.
 *
 * Keys (the only ones spelled outside dispatcher/store/keys):
 *   loa:list:NAME          hash: id, unit, version (the current one), last (the highest); for each
 *                          version V schemaV and reportV (JSON), rowsV, created_sV, demoV, keyV,
 *                          previousV (current before it), nextV (that an undo went back from); purpose,
 *                          legal_basis, source, retention: what it is held for (list_care.h)
 *   loa:lists              set of names
 *   loa:lists:gone         set of ids whose rows are still to be deleted (list_gone.h)
 *   loa:writing            hash: "ID:FIRST" → the incarnation that writes blocks from there on, and
 *                          has not committed them yet
 *   loa:snap:ID:VERSION    string: block ids, u32 LE each
 *   loa:block:ID:N         hash: one block of up to 256 rows (segments/block.h), a field for each
 *                          piece: m rows, p people, 0 … its columns
 *   loa:rejects:ID:VERSION string: the rejected rows as CSV
 */
#pragma once

#include "base/json.h"
#include "base/redis.h"
#include "segments/block.h"
#include "segments/list_care.h"
#include "segments/query.h"

#define LIST_NAME_MAX 64
#define SWEEP_WINDOW 128

/* What is known of a list; `schema` and `blocks` are owned by the struct. */
struct list {
	char name[LIST_NAME_MAX + 1];
	uint64_t id;
	uint32_t version;
	uint64_t unit;
	uint64_t rows; /* of this version, without those that were taken away */
	char key[64];  /* name of the column by which rows are found again; "" = the phone */
	int64_t created_s;
	struct schema schema;
	uint32_t *blocks; /* ids of the snapshot; NULL unless loaded with it */
	size_t block_count;
	char *report; /* JSON of the last import; NULL = none */
	bool is_demo; /* invented people: this version goes to sandbox providers only */
	struct list_care care;
	int64_t now_s;	/* Redis's time, when it was loaded */
	bool is_locked; /* its last day was over then */
	/* Of several lists as one (segments/list_parts.h): NULL, 0 = it is one list. */
	struct list_part *parts;
	size_t part_count;
};
void list_free(struct list *l);

/* A name staff may give: 1..64 bytes of UTF-8 without control characters, ':' and '/'. */
MUST_CHECK enum err name_check(const char *what, struct slice name, struct err_ctx *e);

/* Callbacks get a list that is theirs now (list_free), or NULL and why. */
typedef void (*list_cb)(void *arg, struct list *l, const struct err_ctx *e);
/*
 * The newest version, with its snapshot if wanted. Who wants the snapshot wants to use its rows: of
 * a locked list that is ERR_REFUSED.
 */
void list_load(struct redis *r, const char *name, bool with_snapshot, list_cb cb, void *arg);
/*
 * A certain version with its snapshot (a run's, which goes on with what it has), 0 = the newest: of
 * a locked list, too.
 */
void list_load_version(struct redis *r, const char *name, uint32_t version, list_cb cb, void *arg);

/* The key of the set of names. */
const char *list_names_key(void);
/* The key of the set of ids of deleted lists; of the hash of their last block numbers. */
const char *list_gone_key(void);
const char *list_block_numbers_key(void);
/* How the keys of a list's rows begin, i from 0; false: there are no more kinds. Room for 64 bytes. */
bool list_rows_prefix(char *out, uint64_t id, size_t i);
/*
 * What is known of all lists without reading them: [unix time now, [name, version, rows, created_s,
 * demo, purpose, legal_basis, source, retention, unit] …], by name.
 */
void list_facts(struct redis *r, redis_reply_cb cb, void *arg);
/* The field of the list's record that holds a fact. */
const char *list_care_field(enum care_fact f);
/* The rejected rows of the newest version's import as CSV; NIL = no such list. */
void list_rejects(struct redis *r, const char *name, redis_reply_cb cb, void *arg);
/* The key of the list's record; out has room for LIST_KEY_MAX bytes. */
#define LIST_KEY_MAX 128
const char *list_key(char *out, const char *name);

/* The key of block n; out has room for 64 bytes. */
const char *list_block_key(char *out, uint64_t list_id, uint32_t n);

/*
 * What a key is, for who goes over all keys: false = another one's. Of a block its list's id and its
 * number, of a snapshot the list's id and the version.
 */
bool list_is_block_key(struct slice key, uint64_t *list_id, uint32_t *n);
bool list_is_snapshot_key(struct slice key, uint64_t *list_id, uint32_t *version);
bool list_is_rejects_key(struct slice key);
bool list_is_record_key(struct slice key);
/* All snapshots, as a pattern for SCAN. */
const char *list_snapshots_pattern(void);

/* ---- writing ---- */

/* A new list id and the next block number are taken by list_writer_open. */
struct list_writer;
typedef void (*list_done_cb)(void *arg, const struct err_ctx *e); /* e NULL = done */
/*
 * owner: the incarnation that writes; when it is gone, list_clean deletes what it had written. A
 * commit whose blocks were deleted so is refused.
 */
struct list_writer *list_writer_new(struct redis *r, const char *name, const char *owner);
/*
 * Blocks that are read again (list_writer_get), and never committed: under an id of their own, so
 * that no list has fewer numbers for them.
 */
struct list_writer *list_writer_new_stage(struct redis *r, const char *owner);
/* Without a commit, the blocks that were written are deleted again. */
void list_writer_free(struct list_writer *w);
/*
 * Delete the blocks of writers whose owners are gone; incarnations: the key of the sorted set that
 * says until when they live; owner: who does it.
 */
void list_clean(struct redis *r, const char *incarnations, const char *owner);
/* Before the commit: the version will be a demo one. */
void list_writer_set_demo(struct list_writer *w);
/* Before the commit: a list that is new is this unit's. */
void list_writer_set_unit(struct list_writer *w, uint64_t unit);
/* Before the commit: these facts are the list's then. */
void list_writer_set_care(struct list_writer *w, const struct list_care *c,
			  const bool given[CARE_FACTS]);
/* The last day of use of a list that is new, if no other is given. */
void list_writer_set_retention(struct list_writer *w, const char day[11]);
/* Before the commit: it is made of that version, which must still be the current one then. */
void list_writer_set_base(struct list_writer *w, uint32_t version);
/* Before the commit: the key of the version. Without it, the one that the current version has. */
void list_writer_set_key(struct list_writer *w, const char *key);
/* Write a block; may be called any number of times. rows: without tombstones. */
void list_writer_block(struct list_writer *w, struct slice bytes, uint32_t rows);
/* Block n of another version comes next, as it is. */
void list_writer_share(struct list_writer *w, uint32_t n, uint32_t rows);
/* Why nothing can be written or committed any more; NULL = nothing has failed so far. */
const char *list_writer_why(const struct list_writer *w);
/*
 * What was written so far as a list to be swept, which has id and blocks only; list_free is the
 * caller's. False: nothing can be written, list_writer_why says why.
 */
bool list_writer_get(const struct list_writer *w, struct list *out);
/*
 * Before the commit, when all blocks of a list were written, without distances to rows of the same
 * phone: write those. shared: at least the phones of several rows (phone_chain.h); it is the
 * writer's from now on. cb runs once; an error: nothing can be committed. As a sweep, it lets the
 * loop go on.
 */
struct phone_set;
void list_writer_chain(struct list_writer *w, struct loop *l, struct phone_set *shared,
		       list_done_cb cb, void *arg);
/* The version that it makes; known when the commit was called back. */
uint32_t list_writer_version(const struct list_writer *w);
/*
 * Is it known already that the commit will be refused, because somebody is being erased, or was since
 * it began? Asked now and then, so false may be true of a moment ago. Nothing is written any more.
 */
bool list_writer_is_refused(const struct list_writer *w, struct err_ctx *e);
/* Blocks written and not yet acknowledged: the caller pauses above a few dozen. */
size_t list_writer_pending(const struct list_writer *w);
/*
 * When all blocks are acknowledged: write snapshot, rejects and record in one
 * transaction. cb runs once. Nothing is visible before that; if a block could
 * not be written, nothing ever is.
 */
void list_writer_commit(struct list_writer *w, const struct schema *s, const char *report,
			struct slice rejects, list_done_cb cb, void *arg);

/* ---- reading blocks ---- */

/* What is wanted of a list's blocks, only of columns that it has; some NULL = all of them. */
struct block_want list_want(const struct list *l, const struct block_want *some);
/* Ask for those pieces of the block under the key. */
void list_ask_block(struct redis *r, const char *key, const struct block_want *w, redis_reply_cb cb,
		    void *arg);
/* The answer to it: is a block in it? */
MUST_CHECK enum err list_check_block(const struct reply *r, struct err_ctx *e);
/* It as a view, which lives as long as the answer; b zero-initialised, or opened before. */
MUST_CHECK enum err list_open_block(const struct reply *r, const struct block_want *w,
				    struct block *b, struct err_ctx *e);
/* Or as bytes for block_open_some, to be kept longer; *out is emptied before. */
MUST_CHECK enum err list_pack_block(const struct reply *r, const struct block_want *w,
				    struct buf *out, struct err_ctx *e);
/* The same of all there is, of an answer to HGETALL. */
MUST_CHECK enum err list_pack_whole(const struct reply *r, struct buf *out, struct err_ctx *e);
/* The fields of a block's bytes: the next one's name and value; false = there are no more. */
struct block_field {
	char name[8];
	struct slice value;
};
bool list_next_field(struct reader *rest, struct block_field *out);
/* Write it from the bytes of block_builder_finish. */
void list_write_block(struct redis *r, const char *key, struct slice bytes, redis_reply_cb cb,
		      void *arg);

/*
 * Visit blocks [from, to) of a snapshot in order, at most SWEEP_WINDOW of them
 * under way, in each loop turn as many as fit into a millisecond or two, so that
 * nothing else waits. on_block's view lives during the call only; returning false ends the
 * sweep. on_done runs once, e NULL = all visited.
 */
struct sweep;
struct sweep_options {
	const struct block_want *want; /* copied; NULL = all of each block */
	bool (*on_block)(void *arg, uint32_t index, const struct block *b);
	list_done_cb on_done;
	void *arg;
};
/* A list of several parts must live until on_done, or the cancel. */
struct sweep *sweep_start(struct loop *l, struct redis *r, const struct list *list, uint32_t from,
			  uint32_t to, const struct sweep_options *o);
/* Stop without calling back. */
void sweep_cancel(struct sweep *s);
