/* SPDX-License-Identifier: MIT */
#include "dispatcher/erase/erase.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/aof.h"
#include "dispatcher/erase/erased_file.h"
#include "dispatcher/store/phone_hash.h"
#include "dispatcher/store/redis_info.h"
#include "segments/list.h"

#define PASSES_MAX 5
#define STEP_MS 250
#define LOOK_MS 50
#define AGAIN_MS 1000 /* after something that Redis refused */
/* After a rewriting that failed: each leaves a file, and the disk may be full. */
#define REWRITE_AGAIN_MS 100
#define REWRITE_AGAIN_MAX_MS 10000

#define UNWANTED_KEPT 4096u /* phones that are known to be nobody's who is wanted */

/* Who is erased. */
struct target {
	uint8_t hash[PHONE_HASH_BYTES];
	char at_s[24]; /* when it was asked for */
};

struct eraser {
	struct eraser_options o;
	struct erased_file *file;
	char *folder;
	enum erase_state state;
	bool is_open, is_ready, has_begun_rewrite;
	struct target *targets; /* in order of their hashes */
	size_t target_count, pending;
	/* A phone stands in its row's column, and in its row's cell: it is hashed once. */
	uint64_t unwanted[UNWANTED_KEPT];
	struct phone_trace trace;
	struct scrub *scrub;
	struct key_walk *walk;
	unsigned passes, rewrites_failed; /* in a row */
	struct erase_request request;	  /* on_done NULL = nobody asks */
	struct erase_result result;
	struct timer step, look;
	struct timer ask; /* again who is missing: Redis refused to say it */
};

static void pass(struct eraser *e, enum erase_state state);

/* ---- who is wanted ---- */

static int
by_hash(const void *x, const void *y)
{
	return memcmp(((const struct target *)x)->hash, ((const struct target *)y)->hash,
		      PHONE_HASH_BYTES);
}

static bool
is_wanted(void *arg, uint64_t phone)
{
	struct eraser *e = arg;
	uint64_t *known = &e->unwanted[phone % UNWANTED_KEPT];
	struct target t;

	if (e->request.is_dry)
		return phone == e->request.phone;
	if (*known == phone)
		return false;
	phone_hash(phone, engine_phone_key(e->o.engine), t.hash);
	if (bsearch(&t, e->targets, e->target_count, sizeof(t), by_hash) != NULL)
		return true;
	*known = phone;
	return false;
}

static void
add_target(struct eraser *e, const struct target *t)
{
	if (e->target_count > 0 &&
	    bsearch(t, e->targets, e->target_count, sizeof(*t), by_hash) != NULL)
		return;
	memset(e->unwanted, 0, sizeof(e->unwanted));
	e->targets = xrealloc(e->targets, (e->target_count + 1) * sizeof(*t));
	e->targets[e->target_count++] = *t;
	qsort(e->targets, e->target_count, sizeof(*t), by_hash);
}

/* ---- ends ---- */

static void
forget_job(struct eraser *e)
{
	timer_disarm(e->o.loop, &e->step);
	timer_disarm(e->o.loop, &e->look);
	if (e->walk != NULL)
		key_walk_cancel(e->walk);
	e->walk = NULL;
	if (e->scrub != NULL)
		scrub_free(e->scrub);
	e->scrub = NULL;
}

/* The callback may begin another one. */
static void
finish(struct eraser *e, const struct err_ctx *why)
{
	struct erase_request r = e->request;
	struct erase_result result = e->result;
	struct scrub *places = e->scrub;

	e->scrub = NULL;
	forget_job(e);
	e->state = ERASE_IDLE;
	e->request = (struct erase_request){0};
	e->result = (struct erase_result){0};
	if (why == NULL && !r.is_dry)
		e->target_count = 0;
	result.places = places;
	if (why != NULL)
		log_warn("erase=stopped why=\"%s\"", why->why);
	else if (!r.is_dry)
		log_info("erase=done rows=%" PRIu64 " cells=%" PRIu64 " keys=%" PRIu64,
			 result.scrubbed.rows, result.scrubbed.cells, result.keys);
	if (r.on_done != NULL)
		r.on_done(r.arg, why == NULL ? &result : NULL, why);
	if (places != NULL)
		scrub_free(places);
}

static void
on_ended(void *arg, const struct reply *r)
{
	struct eraser *e = arg;

	if (--e->pending > 0 || !reply_is_good(r))
		return;
	crash_point("erase", "ended");
	finish(e, NULL);
}

static void
end(struct eraser *e)
{
	e->state = ERASE_ENDING;
	e->pending = e->target_count;
	for (size_t i = 0; i < e->target_count; i++) {
		struct argv a = {0};

		argv_add(&a, (struct slice){(const char *)e->targets[i].hash, PHONE_HASH_BYTES});
		argv_adds(&a, e->targets[i].at_s);
		engine_sure(e->o.engine, "erase_end", &a, true, on_ended, e);
		argv_free(&a);
	}
}

/* ---- the append-only file ---- */

/* It goes on with the next connection; where this one holds, in a moment. */
static void
stall(struct eraser *e)
{
	forget_job(e);
	e->state = ERASE_STALLED;
	if (e->is_open)
		timer_arm_ms(e->o.loop, &e->look, AGAIN_MS);
}

/* Told once; who asks sees it in each step. */
static void
rewrite_failed(struct eraser *e)
{
	int64_t wait = REWRITE_AGAIN_MS;

	if (e->rewrites_failed++ == 0)
		log_warn("erase=rewriting result=failed again-within-s=%d todo=see redis.log",
			 REWRITE_AGAIN_MAX_MS / 1000);
	for (unsigned i = 1; i < e->rewrites_failed && wait < REWRITE_AGAIN_MAX_MS; i++)
		wait *= 2;
	e->has_begun_rewrite = false;
	timer_arm_ms(e->o.loop, &e->look,
		     wait < REWRITE_AGAIN_MAX_MS ? wait : REWRITE_AGAIN_MAX_MS);
}

static void
on_rewriting(void *arg, const struct reply *r)
{
	static const char under_way[] = "already in progress";
	struct eraser *e = arg;

	if (e->state != ERASE_REWRITING)
		return;
	e->has_begun_rewrite = reply_is_good(r);
	/* Redis may have begun one itself, between our question and this. */
	if (r->kind == REPLY_ERROR &&
	    memmem(r->str.p, r->str.n, under_way, strlen(under_way)) == NULL)
		rewrite_failed(e);
	else
		timer_arm_ms(e->o.loop, &e->look, LOOK_MS);
}

static bool
says(struct slice info, const char *name, const char *value)
{
	return slice_is(redis_info(info, name), value);
}

static void
on_persistence(void *arg, const struct reply *r)
{
	struct eraser *e = arg;
	struct slice v[1] = {SLICE("BGREWRITEAOF")};

	if (e->state != ERASE_REWRITING)
		return;
	if (r->kind != REPLY_STRING) {
		stall(e);
	} else if (!says(r->str, "aof_rewrite_in_progress", "0") ||
		   !says(r->str, "aof_rewrite_scheduled", "0") ||
		   !says(r->str, "rdb_bgsave_in_progress", "0")) {
		timer_arm_ms(e->o.loop, &e->look, LOOK_MS);
	} else if (e->has_begun_rewrite && says(r->str, "aof_last_bgrewrite_status", "ok")) {
		e->result.is_rewritten = true;
		aof_forget_torn(e->folder);
		crash_point("erase", "rewritten");
		end(e);
	} else if (e->has_begun_rewrite) {
		rewrite_failed(e);
	} else {
		redis_command(engine_redis(e->o.engine), v, 1, on_rewriting, e);
	}
}

static void
on_look(struct timer *t, void *arg)
{
	struct eraser *e = arg;
	struct slice v[2] = {SLICE("INFO"), SLICE("persistence")};

	(void)t;
	if (e->state == ERASE_REWRITING)
		redis_command(engine_redis(e->o.engine), v, 2, on_persistence, e);
	else if (e->state == ERASE_STALLED && e->is_ready)
		pass(e, ERASE_SCRUBBING);
}

/* ---- passes ---- */

static void
add_counts(struct scrub_count *to, const struct scrub_count *c)
{
	to->lists = c->lists;
	to->versions = c->versions;
	to->rows += c->rows;
	to->cells += c->cells;
	to->rejects += c->rejects;
	to->lines += c->lines;
	to->messages += c->messages;
	to->suppressions += c->suppressions;
}

/* Versions are known by now only of the snapshots that came behind the blocks: these once more. */
static void
after_dry_look(struct eraser *e, const struct scrub_count *c)
{
	bool is_first = e->passes == 1;

	add_counts(&e->result.scrubbed, c);
	e->result.remaining += c->kept;
	if (is_first && c->lists > 0)
		pass(e, ERASE_LOOKING);
	else
		finish(e, NULL);
}

static void
after_look(struct eraser *e)
{
	const struct scrub_count *c = scrub_counted(e->scrub);
	struct err_ctx why;

	if (e->request.is_dry) {
		after_dry_look(e, c);
		return;
	}
	e->result.remaining = c->kept;
	e->result.scrubbed.versions = c->versions;
	if (scrub_found(c) > 0 && e->passes < PASSES_MAX) {
		pass(e, ERASE_SCRUBBING);
	} else if (scrub_found(c) > 0) {
		err_set(&why, ERR_CONFLICT, "erase", "erase again when no import is under way",
			"the phone is written again and again");
		finish(e, &why);
	} else if (e->o.is_embedded) {
		crash_point("erase", "looked");
		e->state = ERASE_REWRITING;
		e->has_begun_rewrite = false;
		e->rewrites_failed = 0;
		timer_arm_ms(e->o.loop, &e->look, 0);
	} else {
		end(e);
	}
}

/* All keys were shown, and every step is answered. */
static void
on_idle(void *arg)
{
	struct eraser *e = arg;

	if (e->state == ERASE_LOOKING) {
		after_look(e);
		return;
	}
	add_counts(&e->result.scrubbed, scrub_counted(e->scrub));
	crash_point("erase", "scrubbed");
	pass(e, ERASE_LOOKING);
}

static void
on_item(void *arg, const struct key_item *i)
{
	struct eraser *e = arg;

	scrub_item(e->scrub, i, e->state == ERASE_LOOKING);
}

static bool
is_second_dry(const struct eraser *e)
{
	return e->request.is_dry && e->passes > 1;
}

static void
on_walked(void *arg, const struct err_ctx *why)
{
	struct eraser *e = arg;

	if (!is_second_dry(e)) {
		e->result.keys = key_walk_gauge(e->walk)->keys;
		e->result.bytes = key_walk_gauge(e->walk)->bytes;
	}
	e->walk = NULL;
	if (why != NULL && e->request.is_dry)
		finish(e, why);
	else if (why != NULL)
		stall(e);
	else
		scrub_wait(e->scrub);
}

static bool
is_block(struct slice key)
{
	uint64_t list;
	uint32_t n;

	return list_is_block_key(key, &list, &n);
}

static void
pass(struct eraser *e, enum erase_state state)
{
	struct scrub_options so = {.engine = e->o.engine,
				   .trace = &e->trace,
				   .asked_s = e->target_count > 0 ? e->targets[0].at_s : "0",
				   .on_idle = on_idle,
				   .arg = e};
	struct key_walk_options wo = {.loop = e->o.loop,
				      .redis = engine_bulk(e->o.engine),
				      .is_whole = is_block,
				      .on_item = on_item,
				      .on_done = on_walked,
				      .arg = e};

	if (e->scrub == NULL) {
		e->scrub = scrub_new(&so);
		e->passes = 0;
	}
	e->passes++;
	e->state = state;
	scrub_restart(e->scrub, is_second_dry(e));
	wo.match = is_second_dry(e) ? list_snapshots_pattern() : NULL;
	e->walk = key_walk_start(&wo);
	if (!timer_is_armed(&e->step))
		timer_arm_ms(e->o.loop, &e->step, STEP_MS);
}

static void
on_step(struct timer *t, void *arg)
{
	struct eraser *e = arg;
	struct erase_progress p = {.state = e->state};

	if (e->state == ERASE_REWRITING)
		p.rewrites_failed = e->rewrites_failed;
	if (e->walk != NULL) {
		p.done = key_walk_gauge(e->walk)->keys;
		p.total = key_walk_gauge(e->walk)->total;
	}
	timer_arm_ms(e->o.loop, t, STEP_MS);
	if (e->request.on_step != NULL)
		e->request.on_step(e->request.arg, &p);
}

/* ---- beginning ---- */

static void
begin_target(struct eraser *e, const struct target *t, const char *phone, redis_reply_cb cb)
{
	struct argv a = {0};

	e->pending++;
	argv_add(&a, (struct slice){(const char *)t->hash, PHONE_HASH_BYTES});
	argv_adds(&a, phone);
	argv_adds(&a, t->at_s);
	engine_sure(e->o.engine, "erase_begin", &a, true, cb, e);
	argv_free(&a);
}

static void
on_begun(void *arg, const struct reply *r)
{
	struct eraser *e = arg;

	e->pending--;
	if (!reply_is_good(r))
		return; /* the process ends */
	crash_point("erase", "begun");
	if (e->is_open)
		pass(e, ERASE_SCRUBBING);
	else
		e->state = ERASE_STALLED;
}

static void
on_filed(void *arg, const struct err_ctx *why)
{
	struct eraser *e = arg;
	struct target t = {.at_s = ""};
	char phone[24];

	if (why != NULL) {
		e->target_count = 0;
		finish(e, why);
		return;
	}
	/* With a new connection others may have come, whom another process erases. */
	phone_hash(e->request.phone, engine_phone_key(e->o.engine), t.hash);
	for (size_t i = 0; i < e->target_count; i++)
		if (by_hash(&t, &e->targets[i]) == 0)
			t = e->targets[i];
	snprintf(phone, sizeof(phone), "%" PRIu64, e->request.phone);
	e->state = ERASE_BEGINNING;
	begin_target(e, &t, phone, on_begun);
}

static void
file_line(const struct target *t, char out[80])
{
	char hex[2 * PHONE_HASH_BYTES + 1];

	hash_hex(t->hash, PHONE_HASH_BYTES, hex);
	snprintf(out, 80, "%s:%s", hex, t->at_s);
}

enum err
eraser_start(struct eraser *e, const struct erase_request *r, struct err_ctx *err)
{
	struct target t;
	char line[80];
	enum err rc;

	if (e->state != ERASE_IDLE || !e->is_ready)
		return err_set(err, ERR_CONFLICT, "erase", "try again when it is done",
			       "another person is being erased");
	e->request = *r;
	e->result = (struct erase_result){0};
	if (r->is_dry) {
		pass(e, ERASE_LOOKING);
		return ERR_OK;
	}
	phone_hash(r->phone, engine_phone_key(e->o.engine), t.hash);
	snprintf(t.at_s, sizeof(t.at_s), "%" PRId64, clock_wall_ms() / 1000);
	e->target_count = 0;
	add_target(e, &t);
	file_line(&t, line);
	rc = erased_file_add(e->file, line, on_filed, e, err);
	e->state = rc == ERR_OK ? ERASE_FILING : ERASE_IDLE;
	if (rc != ERR_OK)
		e->request = (struct erase_request){0};
	return rc;
}

void
eraser_forget(struct eraser *e)
{
	e->request.on_step = NULL;
	e->request.on_done = NULL;
}

/* ---- what was left behind ---- */

static void
be_ready(struct eraser *e)
{
	e->is_ready = true;
	e->o.on_ready(e->o.arg);
	if (e->target_count > 0 && (e->state == ERASE_IDLE || e->state == ERASE_STALLED))
		pass(e, ERASE_SCRUBBING);
}

static void
on_guarded(void *arg, const struct reply *r)
{
	struct eraser *e = arg;

	if (--e->pending == 0 && reply_is_good(r) && e->is_open)
		be_ready(e);
}

static bool
read_hash(struct slice hex, uint8_t out[PHONE_HASH_BYTES])
{
	if (hex.n != 2 * PHONE_HASH_BYTES)
		return false;
	for (size_t i = 0; i < PHONE_HASH_BYTES; i++) {
		int high = hex_value(hex.p[2 * i]), low = hex_value(hex.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void
on_missing(void *arg, const struct reply *r)
{
	struct eraser *e = arg;

	if (!e->is_open)
		return; /* asked again with the next connection */
	if (!reply_is_good(r)) {
		log_warn("call=erase_missing result=error why=%.*s", (int)r->str.n, r->str.p);
		timer_arm_ms(e->o.loop, &e->ask, AGAIN_MS);
		return;
	}
	for (size_t i = 0; i + 1 < r->count; i += 2) {
		struct target t;

		if (!read_hash(reply_item(r, i)->str, t.hash))
			continue;
		slice_copy(t.at_s, sizeof(t.at_s), reply_item(r, i + 1)->str);
		add_target(e, &t);
	}
	if (e->target_count == 0) {
		be_ready(e);
		return;
	}
	log_warn("erase=going-on people=%zu", e->target_count);
	for (size_t i = 0; i < e->target_count; i++)
		begin_target(e, &e->targets[i], "", on_guarded);
}

static void
ask_missing(struct eraser *e)
{
	struct buf known = {0};
	struct argv a = {0};
	struct err_ctx why;

	if (erased_file_read(e->file, &known, &why) != ERR_OK) {
		log_error("erase=unknown file=\"%s\" why=\"%s\" result=nothing-is-sent todo=\"%s\"",
			  why.what, why.why, why.todo);
	} else {
		argv_add(&a, known.len > 0 ? buf_slice(&known) : SLICE(""));
		engine_call(e->o.engine, "erase_missing", &a, on_missing, e);
		argv_free(&a);
	}
	buf_free(&known);
}

static void
on_ask(struct timer *t, void *arg)
{
	(void)t;
	ask_missing(arg);
}

void
eraser_open(struct eraser *e)
{
	e->is_open = true;
	if (e->o.goes_on)
		ask_missing(e);
	else
		be_ready(e);
}

void
eraser_shut(struct eraser *e)
{
	struct err_ctx why;

	e->is_open = e->is_ready = false;
	timer_disarm(e->o.loop, &e->ask);
	if (e->request.is_dry && e->state != ERASE_IDLE) {
		err_set(&why, ERR_UNREACHABLE, "Redis", "try again in a moment", "is out of reach");
		finish(e, &why);
	} else if (e->state == ERASE_SCRUBBING || e->state == ERASE_LOOKING ||
		   e->state == ERASE_REWRITING) {
		stall(e);
	}
}

bool
eraser_is_ready(const struct eraser *e)
{
	return e->is_ready;
}

struct eraser *
eraser_new(const struct eraser_options *o)
{
	struct eraser *e = xcalloc(1, sizeof(*e));

	e->o = *o;
	e->folder = xstrdup(o->folder);
	e->file = erased_file_new(o->loop, o->folder);
	e->trace = (struct phone_trace){is_wanted, e};
	timer_init(&e->step, on_step, e);
	timer_init(&e->look, on_look, e);
	timer_init(&e->ask, on_ask, e);
	return e;
}

void
eraser_free(struct eraser *e)
{
	timer_disarm(e->o.loop, &e->ask);
	forget_job(e);
	erased_file_free(e->file);
	free(e->targets);
	free(e->folder);
	free(e);
}
