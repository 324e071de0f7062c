/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/message.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "dispatcher/store/keys.h"

#define LOG_WINDOW 500 /* lines of the detail log read at a time, newest first */
#define LOG_MAX 100000 /* lines looked at */
#define LINE_MAX_BYTES (1u << 20)

struct message_load {
	struct engine *engine;
	message_status_cb cb;
	void *arg;
	struct message_status s;
	struct buf payload;
	size_t pending;
	int64_t log_from; /* the next window ends before this many lines from the end */
	bool has_run, has_record, is_cancelled, has_failed;
	char lanes[TARIFFS_MAX * 40]; /* of the run */
	struct err_ctx why;
};

static void
load_end(struct message_load *ld)
{
	if (!ld->has_failed && (!ld->has_run || !ld->has_record)) {
		ld->has_failed = true;
		err_set(&ld->why, ERR_NOT_FOUND, "message", "", "there is no message of this id");
	}
	if (ld->has_failed)
		ld->cb(ld->arg, NULL, &ld->why);
	else
		ld->cb(ld->arg, &ld->s, NULL);
	buf_free(&ld->payload);
	free(ld);
}

static bool
got(struct message_load *ld, const struct reply *r)
{
	ld->pending--;
	if (reply_is_good(r))
		return true;
	ld->has_failed = true;
	reply_fail(r, &ld->why);
	return false;
}

/* ---- the detail log, from its end ---- */

static void
copy_text(char *out, size_t cap, const json_t *v)
{
	const char *s = json_string_value(v);

	if (out[0] == '\0' && s != NULL)
		snprintf(out, cap, "%s", s);
}

/* ["answer"|"receipt", partition, [[rank, attempt, id, code], …]] */
static void
read_line(struct message_load *ld, struct slice line)
{
	struct message_status *s = &ld->s;
	json_t *v = json_loadb(line.p, line.n, 0, NULL), *one;
	const char *kind = json_string_value(json_array_get(v, 0));
	size_t i;

	if (kind == NULL || json_integer_value(json_array_get(v, 1)) != s->at.partition) {
		json_decref(v);
		return;
	}
	json_array_foreach (json_array_get(v, 2), i, one) {
		if (json_integer_value(json_array_get(one, 0)) != (json_int_t)s->at.rank)
			continue;
		copy_text(s->gateway_id, sizeof(s->gateway_id), json_array_get(one, 2));
		if (strcmp(kind, "receipt") == 0)
			copy_text(s->receipt_code, sizeof(s->receipt_code), json_array_get(one, 3));
		else
			copy_text(s->gateway_code, sizeof(s->gateway_code), json_array_get(one, 3));
	}
	json_decref(v);
}

static void ask_log(struct message_load *ld);

static void
on_log(void *arg, const struct reply *r)
{
	struct message_load *ld = arg;
	bool is_last = r->count < LOG_WINDOW;

	if (!got(ld, r)) {
		load_end(ld);
		return;
	}
	for (size_t i = r->count; i > 0; i--)
		if (reply_item(r, i - 1)->str.n < LINE_MAX_BYTES)
			read_line(ld, reply_item(r, i - 1)->str);
	ld->log_from += LOG_WINDOW;
	/* What its answer said stands before all receipts but the early ones. */
	if (is_last || ld->s.gateway_code[0] != '\0' || ld->log_from >= LOG_MAX)
		load_end(ld);
	else
		ask_log(ld);
}

static void
ask_log(struct message_load *ld)
{
	char key[KEY_MAX], from[24], to[24];
	struct slice v[4] = {SLICE("LRANGE")};

	snprintf(from, sizeof(from), "-%lld", (long long)(ld->log_from + LOG_WINDOW));
	snprintf(to, sizeof(to), "-%lld", (long long)(ld->log_from + 1));
	v[1] = slice_of(key_run(key, ld->s.at.run, key_prefix_log));
	v[2] = slice_of(from);
	v[3] = slice_of(to);
	ld->pending++;
	redis_command(engine_redis(ld->engine), v, 4, on_log, ld);
}

/* ---- run, record, payload ---- */

static struct slice
nth_word(struct slice list, unsigned n)
{
	for (;;) {
		struct slice word = slice_take_until(&list, ',');

		if (n-- == 0 || list.n == 0)
			return word;
	}
}

static void
on_part(struct message_load *ld)
{
	struct message_status *s = &ld->s;

	if (ld->pending > 0)
		return;
	s->state = s->record.state;
	slice_copy(s->provider, sizeof(s->provider),
		   nth_word(slice_of(ld->lanes),
			    s->record.attempt > 0 ? s->record.provider : s->at.partition));
	if (ld->is_cancelled && (s->record.flags & RECORD_EARLIER) == 0 &&
	    (s->state == RECORD_WAITING || s->state == RECORD_RETRY))
		s->state = RECORD_CANCELLED;
	/* Before its first permit the gateway has said nothing. */
	if (ld->has_failed || !ld->has_run || !ld->has_record || s->record.attempt == 0)
		load_end(ld);
	else
		ask_log(ld);
}

static void
on_run(void *arg, const struct reply *r)
{
	struct message_load *ld = arg;
	struct message_status *s = &ld->s;
	struct slice class = reply_item(r, 3)->str;
	int64_t campaign = 0;

	if (got(ld, r) && slice_to_i64(reply_item(r, 0)->str, &s->launched_s)) {
		ld->has_run = true;
		slice_to_i64(reply_item(r, 1)->str, &campaign);
		s->campaign = (uint64_t)campaign;
		slice_copy(ld->lanes, sizeof(ld->lanes), reply_item(r, 2)->str);
		slice_copy(s->class, sizeof(s->class), class);
		ld->is_cancelled = slice_is(reply_item(r, 4)->str, "cancelled");
	}
	on_part(ld);
}

static void
on_record(void *arg, const struct reply *r)
{
	struct message_load *ld = arg;

	if (got(ld, r) && r->str.n == RECORD_SIZE) {
		ld->has_record = true;
		ld->s.record = record_decode(r->str.p);
		ld->has_record = ld->s.record.state < RECORD_STATE_COUNT;
	}
	on_part(ld);
}

static void
on_payload(void *arg, const struct reply *r)
{
	struct message_load *ld = arg;

	if (got(ld, r) && r->kind == REPLY_STRING) {
		buf_add_slice(&ld->payload, r->str);
		ld->s.has_payload = payload_decode(buf_slice(&ld->payload), &ld->s.payload);
	}
	on_part(ld);
}

static void
ask(struct message_load *ld, const char *const *words, size_t n, redis_reply_cb cb)
{
	struct slice v[8];

	for (size_t i = 0; i < n; i++)
		v[i] = slice_of(words[i]);
	redis_command(engine_redis(ld->engine), v, n, cb, ld);
}

void
message_status_load(struct engine *e, const struct reference *at, message_status_cb cb, void *arg)
{
	struct message_load *ld = xcalloc(1, sizeof(*ld));
	uint32_t offset = at->rank % RECORDS_PER_STRING * RECORD_SIZE;
	uint32_t string = at->rank / RECORDS_PER_STRING;
	char run[KEY_MAX], records[KEY_MAX], payload[KEY_MAX], rank[16], from[16], to[16];

	ld->engine = e;
	ld->cb = cb;
	ld->arg = arg;
	ld->s.at = *at;
	ld->pending = 3;
	snprintf(rank, sizeof(rank), "%u", at->rank);
	snprintf(from, sizeof(from), "%u", offset);
	snprintf(to, sizeof(to), "%u", offset + RECORD_SIZE - 1);
	key_run(run, at->run, "");
	key_records(records, at->run, at->partition, string);
	key_payload(payload, at->run, at->partition, string);
	ask(ld,
	    (const char *const[]){"HMGET", run, "launched_s", "campaign", "lanes", "class",
				  "state"},
	    7, on_run);
	ask(ld, (const char *const[]){"GETRANGE", records, from, to}, 4, on_record);
	ask(ld, (const char *const[]){"HGET", payload, rank}, 3, on_payload);
}
