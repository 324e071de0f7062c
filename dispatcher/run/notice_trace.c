/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/notice_trace.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/run/payload.h"
#include "dispatcher/store/keys.h"

#define AT_A_TIME "200"

struct trace {
	struct engine *engine;
	uint64_t run, phone;
	uint32_t strings[PARTITIONS_MAX]; /* of records */
	unsigned p, partitions;
	uint32_t j;
	char cursor[24];
	struct notices_found found;
	notice_trace_cb cb;
	void *arg;
};

static void ask(struct trace *t);

static void
look(struct trace *t, struct slice rank, struct slice bytes)
{
	struct payload one;
	size_t i = t->found.count;

	if (!payload_decode(bytes, &one) || one.phone != t->phone)
		return;
	/* A cursor may bring a field twice. */
	for (size_t k = 0; k < i; k++)
		if (t->found.at[k].p == t->p && t->found.at[k].rank == slice_to_u64(rank))
			return;
	if (i == NOTICE_TRACE_MAX) {
		t->found.has_more = true;
		return;
	}
	t->found.at[i] = (struct log_place){t->p, (uint32_t)slice_to_u64(rank)};
	t->found.accepted_s[i] = one.accepted_ms / 1000;
	t->found.count++;
}

static void
on_page(void *arg, const struct reply *r)
{
	struct trace *t = arg;
	const struct reply *fields = reply_item(r, 1);
	struct err_ctx e;

	if (r->kind != REPLY_ARRAY) {
		reply_fail(r, &e);
		t->cb(t->arg, NULL, &e);
		free(t);
		return;
	}
	for (size_t i = 0; i + 1 < fields->count; i += 2)
		look(t, reply_item(fields, i)->str, reply_item(fields, i + 1)->str);
	slice_copy(t->cursor, sizeof(t->cursor), reply_item(r, 0)->str);
	if (t->cursor[0] == '0' && t->cursor[1] == '\0')
		t->j++;
	ask(t);
}

static void
on_length(void *arg, const struct reply *r)
{
	struct trace *t = arg;
	struct err_ctx e;

	if (r->kind == REPLY_INTEGER) {
		ask(t);
		return;
	}
	reply_fail(r, &e);
	t->cb(t->arg, NULL, &e);
	free(t);
}

static void
ask(struct trace *t)
{
	struct slice v[5] = {SLICE("HSCAN")};
	char key[KEY_MAX];

	while (t->p < t->partitions && t->j >= t->strings[t->p]) {
		t->p++;
		t->j = 0;
	}
	if (t->p >= t->partitions) {
		t->cb(t->arg, &t->found, NULL);
		free(t);
		return;
	}
	v[1] = slice_of(key_payload(key, t->run, t->p, t->j));
	v[2] = slice_of(t->cursor);
	v[3] = SLICE("COUNT");
	v[4] = SLICE(AT_A_TIME);
	redis_command(engine_bulk(t->engine), v, 5, on_page, t);
}

void
notice_trace(struct engine *e, const struct run_status *s, uint64_t phone, notice_trace_cb cb,
	     void *arg)
{
	struct trace *t = xcalloc(1, sizeof(*t));
	struct slice v[2] = {SLICE("EXISTS")};
	char key[KEY_MAX];

	t->engine = e;
	t->run = s->run;
	t->phone = phone;
	t->partitions = s->partitions;
	for (unsigned p = 0; p < s->partitions; p++)
		t->strings[p] =
			(uint32_t)((s->front[p] + RECORDS_PER_STRING - 1) / RECORDS_PER_STRING);
	snprintf(t->cursor, sizeof(t->cursor), "0");
	t->cb = cb;
	t->arg = arg;
	v[1] = slice_of(key_run(key, s->run, ""));
	redis_command(engine_bulk(e), v, 2, on_length, t);
}
