/* SPDX-License-Identifier: MIT */
#include "dispatcher/erase/scrub.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/run/payload.h"
#include "dispatcher/store/keys.h"
#include "dispatcher/store/phone_hash.h"
#include "segments/block_scrub.h"
#include "segments/list.h"

#define HITS_MAX 65536u /* blocks whose versions are counted */
#define KEY_BYTES_MAX 240

struct hit {
	uint64_t list;
	uint32_t block;
};

struct version {
	uint64_t list;
	uint32_t version;
};

struct scrub {
	struct scrub_options o;
	char asked_s[24];
	struct scrub_count count;
	struct hit *hits;
	size_t hit_count;
	struct version *versions;
	size_t version_count;
	char places[SCRUB_PLACES_MAX][KEY_BYTES_MAX];
	size_t place_count;
	size_t pending;
	struct timer idle;
	bool is_waiting, is_freed, has_failed;
	struct buf scratch, built;
	struct block block;
};

static void
on_idle(struct timer *t, void *arg)
{
	struct scrub *s = arg;

	(void)t;
	s->o.on_idle(s->o.arg);
}

struct scrub *
scrub_new(const struct scrub_options *o)
{
	struct scrub *s = xcalloc(1, sizeof(*s));

	s->o = *o;
	snprintf(s->asked_s, sizeof(s->asked_s), "%s", o->asked_s);
	timer_init(&s->idle, on_idle, s);
	return s;
}

void
scrub_free(struct scrub *s)
{
	s->is_freed = true;
	timer_disarm(engine_loop(s->o.engine), &s->idle);
	if (s->pending > 0)
		return;
	block_close(&s->block);
	buf_free(&s->scratch);
	buf_free(&s->built);
	free(s->hits);
	free(s->versions);
	free(s);
}

uint64_t
scrub_found(const struct scrub_count *c)
{
	return c->rows + c->cells + c->rejects + c->lines + c->messages + c->suppressions;
}

const struct scrub_count *
scrub_counted(const struct scrub *s)
{
	return &s->count;
}

void
scrub_restart(struct scrub *s, bool keeps_places)
{
	s->count = (struct scrub_count){.lists = s->count.lists, .versions = s->count.versions};
	s->place_count = keeps_places ? s->place_count : 0;
}

bool
scrub_has_failed(const struct scrub *s)
{
	return s->has_failed;
}

const char *
scrub_place(const struct scrub *s, size_t i)
{
	return i < s->place_count ? s->places[i] : NULL;
}

/* ---- steps ---- */

static void
settle(struct scrub *s)
{
	if (s->pending > 0)
		return;
	if (s->is_freed)
		scrub_free(s);
	else if (s->is_waiting)
		timer_arm_us(engine_loop(s->o.engine), &s->idle, 0);
}

void
scrub_wait(struct scrub *s)
{
	s->is_waiting = true;
	settle(s);
}

static void
on_step(void *arg, const struct reply *r)
{
	struct scrub *s = arg;

	s->pending--;
	s->has_failed |= !reply_is_good(r);
	settle(s);
}

static void
step(struct scrub *s, const char *function, struct argv *a)
{
	s->pending++;
	engine_call(s->o.engine, function, a, on_step, s);
	argv_free(a);
}

/* erase_put */
static void
put(struct scrub *s, const char *what, const struct key_item *i, struct slice at,
    struct slice value)
{
	struct argv a = {0};

	argv_adds(&a, what);
	argv_add(&a, i->key);
	argv_add(&a, at);
	argv_add(&a, i->value.n > 0 ? i->value : SLICE(""));
	argv_add(&a, value);
	step(s, "erase_put", &a);
}

/* ---- what people wrote ---- */

static void
keep(struct scrub *s, const struct key_item *i)
{
	char *place = s->places[s->place_count];

	s->count.kept++;
	for (size_t k = 0; k < s->place_count; k++)
		if (i->key.n < KEY_BYTES_MAX && slice_is(i->key, s->places[k]))
			return;
	if (s->place_count == SCRUB_PLACES_MAX)
		return;
	slice_copy(place, KEY_BYTES_MAX, i->key);
	phone_trace_mask(s->o.trace, place, strlen(place));
	s->place_count++;
}

/* ---- blocks ---- */

static void
note_list(struct scrub *s, uint64_t list, uint32_t block)
{
	bool is_known = false;

	for (size_t i = 0; i < s->hit_count && i < HITS_MAX; i++) {
		if (s->hits[i].list == list && s->hits[i].block == block)
			return;
		is_known |= s->hits[i].list == list;
	}
	s->count.lists += !is_known;
	if (s->hit_count == HITS_MAX)
		return;
	s->hits = xrealloc(s->hits, (s->hit_count + 1) * sizeof(*s->hits));
	s->hits[s->hit_count++] = (struct hit){list, block};
}

/* Once a block that was met stands in a snapshot, the version had the person. */
static void
count_version(struct scrub *s, uint64_t list, uint32_t version, struct slice blocks)
{
	struct reader r = reader_of(blocks);
	bool is_hit = false;

	for (size_t i = 0; i < s->version_count; i++)
		if (s->versions[i].list == list && s->versions[i].version == version)
			return;
	while (r.left >= 4 && !is_hit) {
		uint32_t block = reader_u32(&r);

		for (size_t i = 0; i < s->hit_count && !is_hit; i++)
			is_hit = s->hits[i].list == list && s->hits[i].block == block;
	}
	if (!is_hit)
		return;
	s->versions = xrealloc(s->versions, (s->version_count + 1) * sizeof(*s->versions));
	s->versions[s->version_count++] = (struct version){list, version};
	s->count.versions++;
}

static void
write_block(struct scrub *s, const struct key_item *i)
{
	struct argv a = {0};
	struct buf fields = {0}, values = {0};
	struct reader rest = reader_of(buf_slice(&s->built));
	struct block_field f;

	for (size_t k = 0; k + 1 < i->whole->count; k += 2) {
		buf_add_slice(&fields, reply_item(i->whole, k)->str);
		buf_addc(&fields, ' ');
		buf_add_slice(&values, reply_item(i->whole, k + 1)->str);
	}
	argv_add(&a, i->key);
	argv_add(&a, buf_slice(&fields));
	argv_add(&a, buf_slice(&values));
	reader_u8(&rest); /* the version, which stands in the rows too */
	while (list_next_field(&rest, &f)) {
		argv_adds(&a, f.name);
		argv_add(&a, f.value);
	}
	step(s, "erase_block", &a);
	buf_free(&fields);
	buf_free(&values);
}

static void
scrub_block(struct scrub *s, const struct key_item *i, bool is_looking)
{
	struct block_scrubbed n;
	struct err_ctx e;
	uint64_t list;
	uint32_t number;

	block_close(&s->block);
	if (list_pack_whole(i->whole, &s->scratch, &e) != ERR_OK ||
	    block_open(buf_slice(&s->scratch), &s->block, &e) != ERR_OK) {
		keep(s, i); /* it cannot be read: nobody knows who is in it */
		return;
	}
	n = block_scrub_count(&s->block, s->o.trace);
	if (n.rows + n.cells == 0)
		return;
	s->count.rows += n.rows;
	s->count.cells += n.cells;
	if (list_is_block_key(i->key, &list, &number))
		note_list(s, list, number);
	if (is_looking)
		return;
	buf_reset(&s->built);
	block_scrub(&s->block, s->o.trace, &s->built);
	write_block(s, i);
}

/* ---- rejected rows ---- */

/* The next line of a CSV, with its line end; quoted line ends belong to it. */
static struct slice
next_row(struct slice *rest)
{
	bool is_quoted = false;
	size_t n = 0;

	while (n < rest->n && (is_quoted || rest->p[n] != '\n'))
		is_quoted ^= rest->p[n++] == '"';
	n += n < rest->n;
	rest->p += n;
	rest->n -= n;
	return (struct slice){rest->p - n, n};
}

static void
scrub_rejects(struct scrub *s, const struct key_item *i, bool is_looking)
{
	struct slice rest = i->value;
	uint64_t found = 0;

	buf_reset(&s->scratch);
	while (rest.n > 0) {
		struct slice row = next_row(&rest);

		if (phone_trace_count(s->o.trace, row) > 0)
			found++;
		else
			buf_add_slice(&s->scratch, row);
	}
	s->count.rejects += found;
	if (found > 0 && !is_looking)
		put(s, "set", i, SLICE(""),
		    s->scratch.len > 0 ? buf_slice(&s->scratch) : SLICE(""));
}

/* ---- single messages ---- */

/* Run, partition of loa:run:R:pay:P:J. */
static bool
read_payload_key(struct slice key, struct slice *run, struct slice *p)
{
	key = (struct slice){key.p + strlen(key_prefix_run), key.n - strlen(key_prefix_run)};
	*run = slice_take_until(&key, ':');
	(void)slice_take_until(&key, ':');
	*p = slice_take_until(&key, ':');
	return run->n > 0 && p->n > 0;
}

static void
scrub_payload(struct scrub *s, const struct key_item *i, bool is_looking)
{
	struct slice run, p;
	struct payload said;
	struct argv a = {0};
	bool is_theirs = payload_decode(i->value, &said) &&
			 s->o.trace->is_wanted(s->o.trace->arg, said.phone);
	char *text;

	if (!is_theirs && phone_trace_count(s->o.trace, i->value) == 0)
		return;
	s->count.messages++;
	if (is_looking)
		return;
	if (is_theirs || !read_payload_key(i->key, &run, &p)) {
		put(s, "hdel", i, i->at, SLICE(""));
		return;
	}
	text = xmemdup0(i->value.p, i->value.n);
	phone_trace_mask(s->o.trace, text, i->value.n);
	argv_add(&a, run);
	argv_add(&a, p);
	argv_add(&a, i->at);
	argv_add(&a, i->key);
	argv_add(&a, i->value);
	argv_add(&a, (struct slice){text, i->value.n});
	step(s, "erase_payload", &a);
	free(text);
}

/* ---- suppressions ---- */

static void
scrub_suppression(struct scrub *s, const struct key_item *i, bool is_looking)
{
	struct argv a = {0};
	uint8_t hash[PHONE_HASH_BYTES];
	int64_t phone = 0;

	if (!slice_to_i64(i->at, &phone) ||
	    !s->o.trace->is_wanted(s->o.trace->arg, (uint64_t)phone))
		return;
	s->count.suppressions++;
	if (is_looking)
		return;
	phone_hash((uint64_t)phone, engine_phone_key(s->o.engine), hash);
	argv_add(&a, (struct slice){(const char *)hash, sizeof(hash)});
	argv_add(&a, i->at);
	argv_adds(&a, s->asked_s);
	step(s, "erase_begin", &a);
}

/* ---- everything else ---- */

/* An asterisk over each digit: the lengths of packed records stay. */
static void
mask(struct scrub *s, const struct key_item *i, bool is_looking)
{
	size_t named = phone_trace_count(s->o.trace, i->value);
	char index[24], *text;
	struct slice value;

	if (i->at.n > 0 && phone_trace_count(s->o.trace, i->at) > 0)
		keep(s, i);
	if (named == 0)
		return;
	s->count.lines++;
	if (is_looking)
		return;
	text = xmemdup0(i->value.p, i->value.n);
	value = (struct slice){text, i->value.n};
	phone_trace_mask(s->o.trace, text, i->value.n);
	snprintf(index, sizeof(index), "%" PRId64, i->index);
	if (i->kind == ITEM_FIELD)
		put(s, "hset", i, i->at, value);
	else if (i->kind == ITEM_LINE)
		put(s, "lset", i, slice_of(index), value);
	else if (i->kind == ITEM_STRING && !i->is_piece)
		put(s, "set", i, SLICE(""), value);
	free(text);
}

/* What a gateway is asked about, by an id that has the number in it: it is asked no more. */
static void
take_out(struct scrub *s, const struct key_item *i, bool is_looking)
{
	if (i->kind != ITEM_MEMBER || phone_trace_count(s->o.trace, i->value) == 0)
		return;
	s->count.lines++;
	if (!is_looking)
		put(s, "zrem", i, i->value, SLICE(""));
}

static void
look(struct scrub *s, const struct key_item *i, bool is_looking)
{
	(void)is_looking;
	if (phone_trace_count(s->o.trace, i->value) + phone_trace_count(s->o.trace, i->at) > 0)
		keep(s, i);
}

static void
pass_by(struct scrub *s, const struct key_item *i, bool is_looking)
{
	(void)s;
	(void)i;
	(void)is_looking;
}

/* By how a key begins, and what stands in it behind that; the first that fits. */
static const struct rule {
	const char *prefix;
	const char *part; /* NULL = whatever */
	void (*act)(struct scrub *s, const struct key_item *i, bool is_looking);
} rules[] = {
	{key_prefix_run, key_prefix_payload, scrub_payload},
	{key_prefix_run, key_prefix_log, mask},
	{key_prefix_unknown, NULL, mask},
	{key_prefix_parked, NULL, mask},
	{key_prefix_poll, NULL, take_out},
	{key_prefix_suppress, key_prefix_log, mask},
	{key_prefix_suppress, key_prefix_hashed, pass_by},
	{key_prefix_suppress, key_prefix_acts, look},
	{key_prefix_suppress, NULL, scrub_suppression},
	{key_prefix_idempotency, NULL, mask},
	{key_prefix_answer, NULL, mask},
	{key_prefix_erasing, NULL, pass_by},
	{key_prefix_erased, NULL, pass_by},
};

static bool
rule_fits(const struct rule *r, struct slice key)
{
	size_t n = strlen(r->prefix);

	return key.n >= n && memcmp(key.p, r->prefix, n) == 0 &&
	       (r->part == NULL || memmem(key.p + n, key.n - n, r->part, strlen(r->part)) != NULL);
}

/* A key of which our clients made the name. */
static bool
is_clients_name(struct slice key)
{
	static const struct rule names[] = {{key_prefix_idempotency, NULL, NULL},
					    {key_prefix_answer, NULL, NULL}};

	return rule_fits(&names[0], key) || rule_fits(&names[1], key);
}

static void
scrub_key(struct scrub *s, const struct key_item *i, bool is_looking)
{
	if (phone_trace_count(s->o.trace, i->key) == 0)
		return;
	if (!is_clients_name(i->key)) {
		keep(s, i);
		return;
	}
	s->count.lines++;
	if (!is_looking)
		put(s, "unlink", i, SLICE(""), SLICE(""));
}

static void
scrub_other(struct scrub *s, const struct key_item *i, bool is_looking)
{
	uint64_t list;
	uint32_t version;

	if (i->kind == ITEM_STRING && list_is_snapshot_key(i->key, &list, &version)) {
		if (is_looking)
			count_version(s, list, version, i->value);
		return;
	}
	if (list_is_rejects_key(i->key) && i->kind == ITEM_STRING && !i->is_piece) {
		scrub_rejects(s, i, is_looking);
		return;
	}
	if (list_is_record_key(i->key)) {
		mask(s, i, is_looking);
		return;
	}
	for (size_t k = 0; k < ARRAY_LEN(rules); k++)
		if (rule_fits(&rules[k], i->key)) {
			rules[k].act(s, i, is_looking);
			return;
		}
	look(s, i, is_looking);
}

void
scrub_item(struct scrub *s, const struct key_item *i, bool is_looking)
{
	switch (i->kind) {
	case ITEM_KEY:
		scrub_key(s, i, is_looking);
		break;
	case ITEM_BLOCK:
		scrub_block(s, i, is_looking);
		break;
	case ITEM_STRING:
	case ITEM_FIELD:
	case ITEM_LINE:
	case ITEM_MEMBER:
	case ITEM_ENTRY:
		scrub_other(s, i, is_looking);
		break;
	}
}
