/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/notice_walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "dispatcher/run/payload.h"
#include "dispatcher/store/keys.h"

struct notice_walking {
	struct engine *engine;
	uint64_t run;
	struct notice_walk_callbacks cbs;
	uint32_t strings[PARTITIONS_MAX];
	unsigned p, partitions;
	uint32_t j;
	uint64_t phones[RECORDS_PER_STRING]; /* of the string's ranks */
};

static void next_string(struct notice_walking *w);

static void
walking_end(struct notice_walking *w, const struct err_ctx *e)
{
	w->cbs.on_done(w->cbs.arg, e);
	free(w);
}

static bool
is_bad(struct notice_walking *w, const struct reply *r, enum reply_kind wanted)
{
	struct err_ctx e;

	if (r->kind == wanted)
		return false;
	if (reply_is_good(r))
		err_set(&e, ERR_SYSTEM, "records of the run", "restore a backup",
			"it is not in Redis any more");
	else
		reply_fail(r, &e);
	walking_end(w, &e);
	return true;
}

static void
on_records(void *arg, const struct reply *r)
{
	struct notice_walking *w = arg;
	struct err_ctx e;

	if (is_bad(w, r, REPLY_STRING))
		return;
	for (uint32_t i = 0; (i + 1) * RECORD_SIZE <= r->str.n && i < RECORDS_PER_STRING; i++) {
		struct notice_row row = {.p = w->p,
					 .rank = w->j * RECORDS_PER_STRING + i,
					 .record = record_decode(r->str.p + i * RECORD_SIZE),
					 .phone = w->phones[i]};

		if (w->cbs.on_row(w->cbs.arg, &row))
			continue;
		err_set(&e, ERR_CONFLICT, "reader", "", "wants no more");
		walking_end(w, &e);
		return;
	}
	w->j++;
	next_string(w);
}

static void
ask_records(struct notice_walking *w)
{
	struct slice v[2] = {SLICE("GET")};
	char key[KEY_MAX];

	v[1] = slice_of(key_records(key, w->run, w->p, w->j));
	redis_command(engine_bulk(w->engine), v, 2, on_records, w);
}

static void ask_phones(struct notice_walking *w, struct slice cursor);

static void
on_phones(void *arg, const struct reply *r)
{
	struct notice_walking *w = arg;
	const struct reply *fields = reply_item(r, 1);

	if (is_bad(w, r, REPLY_ARRAY))
		return;
	for (size_t i = 0; i + 1 < fields->count; i += 2) {
		struct payload one;

		if (payload_decode(reply_item(fields, i + 1)->str, &one))
			w->phones[slice_to_u64(reply_item(fields, i)->str) % RECORDS_PER_STRING] =
				one.phone;
	}
	if (slice_is(reply_item(r, 0)->str, "0"))
		ask_records(w);
	else
		ask_phones(w, reply_item(r, 0)->str);
}

static void
ask_phones(struct notice_walking *w, struct slice cursor)
{
	struct slice v[5] = {SLICE("HSCAN"), {NULL, 0}, cursor, SLICE("COUNT"), SLICE("200")};
	char key[KEY_MAX];

	v[1] = slice_of(key_payload(key, w->run, w->p, w->j));
	redis_command(engine_bulk(w->engine), v, 5, on_phones, w);
}

static void
next_string(struct notice_walking *w)
{
	while (w->p < w->partitions && w->j >= w->strings[w->p]) {
		w->p++;
		w->j = 0;
	}
	if (w->p >= w->partitions) {
		walking_end(w, NULL);
		return;
	}
	memset(w->phones, 0, sizeof(w->phones));
	ask_phones(w, SLICE("0"));
}

static void
on_begin(void *arg, const struct reply *r)
{
	struct notice_walking *w = arg;

	if (!is_bad(w, r, REPLY_INTEGER))
		next_string(w);
}

void
notice_walk(struct engine *e, const struct run_status *s, const struct notice_walk_callbacks *cbs)
{
	struct notice_walking *w = xcalloc(1, sizeof(*w));
	struct slice v[2] = {SLICE("EXISTS")};
	char key[KEY_MAX];

	w->engine = e;
	w->run = s->run;
	w->cbs = *cbs;
	w->partitions = s->partitions;
	for (unsigned p = 0; p < s->partitions; p++)
		w->strings[p] =
			(uint32_t)((s->front[p] + RECORDS_PER_STRING - 1) / RECORDS_PER_STRING);
	v[1] = slice_of(key_run(key, s->run, ""));
	redis_command(engine_bulk(e), v, 2, on_begin, w);
}
