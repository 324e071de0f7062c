/* SPDX-License-Identifier: MIT */
/* Sets of a run: written beside it before it is there, opened by whoever freezes it. */
#include <stdlib.h>

#include "base/crash.h"
#include "base/json.h"
#include "base/mem.h"
#include "dispatcher/run/sets_inside.h"
#include "dispatcher/store/keys.h"

#define PIECE_BYTES ((size_t)256 << 10)
#define ASKED_MAX 4u	      /* pieces under way */
#define EXPIRE_S "3600"	      /* of what no launch has taken over */
#define FIELDS_MAX (1u << 20) /* bytes of JSON */
#define PIECES_MAX (1u << 14) /* of a set: more than a billion phones have */

/* ---- writing ---- */

struct writing {
	struct engine *engine;
	uint64_t run;
	struct sets *sets;
	sets_written_cb cb;
	void *arg;
	size_t at;     /* the set being written */
	uint32_t from; /* its next chunk */
	size_t pending;
	bool has_failed;
	struct err_ctx e;
	struct timer step;
};

static void
writing_end(struct writing *w)
{
	w->cb(w->arg, w->has_failed ? &w->e : NULL);
	sets_unref(w->sets); /* from sets_write */
	free(w);
}

static void
on_written(void *arg, const struct reply *r)
{
	struct writing *w = arg;

	w->pending--;
	crash_point("sets", "written");
	if (!reply_is_good(r) && !w->has_failed) {
		w->has_failed = true;
		reply_fail(r, &w->e);
	}
	if (!timer_is_armed(&w->step))
		timer_arm_us(engine_loop(w->engine), &w->step, 0);
}

/* The next piece; false: there is none. */
static bool
write_piece(struct writing *w)
{
	struct buf piece = {0};

	for (; w->at < w->sets->count; w->at++, w->from = 0) {
		struct one_set *x = &w->sets->all[w->at];
		struct slice v[5] = {
			SLICE("SET"), {NULL, 0}, {NULL, 0}, SLICE("EX"), SLICE(EXPIRE_S)};
		char key[KEY_MAX];

		if (w->from == 0)
			x->pieces = 0;
		if (!phone_set_write(x->phones, &w->from, PIECE_BYTES, &piece))
			continue;
		v[1] = slice_of(key_set(key, w->run, (unsigned)w->at, x->pieces++));
		v[2] = buf_slice(&piece);
		w->pending++;
		redis_command(engine_redis(w->engine), v, 5, on_written, w);
		buf_free(&piece);
		return true;
	}
	return false;
}

/* One piece a turn. */
static void
on_write(struct timer *t, void *arg)
{
	struct writing *w = arg;

	if (w->pending >= ASKED_MAX)
		return;
	if (!w->has_failed && write_piece(w))
		timer_arm_us(engine_loop(w->engine), t, 0);
	else if (w->pending == 0)
		writing_end(w);
}

void
sets_write(struct engine *e, uint64_t run, struct sets *s, sets_written_cb cb, void *arg)
{
	struct writing *w = xcalloc(1, sizeof(*w));

	w->engine = e;
	w->run = run;
	w->sets = sets_ref(s); /* until writing_end */
	w->cb = cb;
	w->arg = arg;
	timer_init(&w->step, on_write, w);
	timer_arm_us(engine_loop(e), &w->step, 0);
}

void
sets_add_fields(const struct sets *s, struct argv *a)
{
	struct buf text = {0}, pieces = {0};

	if (sets_count(s) == 0)
		return;
	for (size_t i = 0; i < s->count; i++) {
		const struct one_set *x = &s->all[i];

		buf_addf(&text, "%c[\"%s\",", i > 0 ? ',' : '[', set_kind_name(x->kind));
		json_add_string(&text, slice_of(x->args[0]));
		buf_addc(&text, ',');
		json_add_string(&text, slice_of(x->args[1]));
		buf_addf(&text, ",%u,%llu]", x->pieces,
			 (unsigned long long)phone_set_count(x->phones));
		buf_addf(&pieces, "%s%u", i > 0 ? "," : "", x->pieces);
	}
	buf_addc(&text, ']');
	argv_adds(a, "sets");
	argv_add(a, buf_slice(&text));
	argv_adds(a, "set_pieces");
	argv_add(a, buf_slice(&pieces));
	buf_free(&text);
	buf_free(&pieces);
}

/* ---- opening ---- */

struct opening {
	struct engine *engine;
	uint64_t run;
	struct query *const *queries;
	size_t query_count;
	sets_cb cb;
	void *arg;
	struct sets *sets;
	size_t asked_set, read_set; /* the next to be asked for, and to be read */
	uint32_t asked, read;	    /* pieces of these */
	size_t pending;
	bool has_failed;
	struct sets_failure f;
	struct timer step;
};

static void
opening_end(struct opening *o)
{
	if (!o->has_failed && !sets_fill(o->sets, o->queries, o->query_count)) {
		o->has_failed = true;
		err_set(&o->f.e, ERR_SYSTEM, "run", "",
			"its queries ask for a set that it has not");
	}
	if (o->has_failed) {
		sets_unref(o->sets); /* from sets_open */
		o->cb(o->arg, NULL, &o->f);
	} else {
		o->cb(o->arg, o->sets, NULL); /* the callback's now */
	}
	free(o);
}

/* Over the sets that have no further piece. */
static void
skip_done(const struct opening *o, size_t *set, uint32_t *piece)
{
	while (*set < o->sets->count && *piece >= o->sets->all[*set].pieces) {
		++*set;
		*piece = 0;
	}
}

/* Replies come in the order of the questions. */
static void
on_piece(void *arg, const struct reply *r)
{
	struct opening *o = arg;

	o->pending--;
	if (!o->has_failed) {
		if (!reply_is_good(r))
			o->has_failed = reply_fail(r, &o->f.e) != ERR_OK;
		else if (r->kind != REPLY_STRING)
			o->has_failed =
				err_set(&o->f.e, ERR_SYSTEM, "set of the run", "restore a backup",
					"is not in Redis any more") != ERR_OK;
		else
			o->has_failed = phone_set_read(o->sets->all[o->read_set].phones, r->str,
						       &o->f.e) != ERR_OK;
		o->read++;
		skip_done(o, &o->read_set, &o->read);
	}
	if (!timer_is_armed(&o->step))
		timer_arm_us(engine_loop(o->engine), &o->step, 0);
}

static void
on_open(struct timer *t, void *arg)
{
	struct opening *o = arg;
	char key[KEY_MAX];
	struct slice v[2] = {SLICE("GET"), {NULL, 0}};

	(void)t;
	while (!o->has_failed && o->asked_set < o->sets->count && o->pending < ASKED_MAX) {
		v[1] = slice_of(key_set(key, o->run, (unsigned)o->asked_set, o->asked));
		o->asked++;
		skip_done(o, &o->asked_set, &o->asked);
		o->pending++;
		redis_command(engine_redis(o->engine), v, 2, on_piece, o);
	}
	if (o->pending == 0)
		opening_end(o);
}

/* ["in_list", "name", "", pieces, phones] */
static bool
read_set(struct sets *s, const json_t *v)
{
	const char *kind = json_string_value(json_array_get(v, 0));
	const char *first = json_string_value(json_array_get(v, 1));
	const char *second = json_string_value(json_array_get(v, 2));
	json_int_t pieces = json_integer_value(json_array_get(v, 3));
	struct one_set *x = &s->all[s->count];
	int k = QUERY_IN_LIST;

	if (kind == NULL || first == NULL || second == NULL || pieces < 0 || pieces > PIECES_MAX)
		return false;
	while (k <= QUERY_STATE && strcmp(kind, set_kind_name((enum query_external_kind)k)) != 0)
		k++;
	if (k > QUERY_STATE)
		return false;
	*x = (struct one_set){.kind = (enum query_external_kind)k,
			      .args = {xstrdup(first), xstrdup(second)},
			      .pieces = (uint32_t)pieces,
			      .phones = phone_set_new()};
	s->count++;
	return true;
}

static enum err
read_fields(struct opening *o, struct slice fields, struct err_ctx *e)
{
	json_t *v;
	bool is_good;
	enum err rc = json_parse(fields, FIELDS_MAX, "sets of the run", &v, e);

	if (rc != ERR_OK)
		return rc;
	is_good = json_array_size(v) <= SETS_MAX;
	for (size_t i = 0; i < json_array_size(v) && is_good; i++)
		is_good = read_set(o->sets, json_array_get(v, i));
	json_decref(v);
	if (!is_good)
		return err_set(e, ERR_SYSTEM, "sets of the run", "", "cannot be understood");
	return ERR_OK;
}

void
sets_open(struct engine *e, uint64_t run, struct slice fields, struct query *const *queries,
	  size_t count, sets_cb cb, void *arg)
{
	struct opening *o = xcalloc(1, sizeof(*o));

	o->engine = e;
	o->run = run;
	o->queries = queries;
	o->query_count = count;
	o->cb = cb;
	o->arg = arg;
	o->f.query = -1;
	o->sets = sets_new();
	o->has_failed = fields.n > 0 && read_fields(o, fields, &o->f.e) != ERR_OK;
	skip_done(o, &o->asked_set, &o->asked);
	skip_done(o, &o->read_set, &o->read);
	timer_init(&o->step, on_open, o);
	timer_arm_us(engine_loop(e), &o->step, 0);
}
