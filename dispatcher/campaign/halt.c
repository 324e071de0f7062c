/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/halt.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/campaign/alarm.h"

#define RECORD_MAX_BYTES 4096u
#define STEPS_MAX (2 * HALTS_MAX + 2) /* into the hours and out of a freeze, for each */

/* ---- records ---- */

static void
copy_text(char *out, size_t n, const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	slice_copy(out, n, slice_of(s != NULL ? s : ""));
}

bool
halt_read(uint64_t id, struct slice record, struct halt *out)
{
	json_t *v = NULL, *exempt;
	struct err_ctx e;

	*out = (struct halt){.id = id};
	if (json_parse(record, RECORD_MAX_BYTES, "freeze", &v, &e) != ERR_OK)
		return false;
	out->unit = (uint64_t)json_number_value(json_object_get(v, "unit"));
	out->from_s = (int64_t)json_number_value(json_object_get(v, "from"));
	out->to_s = (int64_t)json_number_value(json_object_get(v, "to"));
	out->ended_s = (int64_t)json_number_value(json_object_get(v, "ended"));
	copy_text(out->reason, sizeof(out->reason), v, "reason");
	copy_text(out->by, sizeof(out->by), v, "by");
	out->is_asking = slice_is(slice_of(json_string_value(json_object_get(v, "inside")) != NULL
						   ? json_string_value(json_object_get(v, "inside"))
						   : ""),
				  "ask");
	exempt = json_object_get(v, "exempt"); /* Lua writes an empty array as {} */
	out->exempt = json_is_array(exempt) ? json_incref(exempt) : json_array();
	json_decref(v);
	return true;
}

void
halt_clear(struct halt *h)
{
	json_decref(h->exempt);
	h->exempt = NULL;
}

static json_t *
time_json(int64_t unix_s)
{
	char text[32];

	clock_format_vn(unix_s, text);
	return json_string(text);
}

json_t *
halt_json(const struct halt *h, int64_t now_s)
{
	const char *state = h->ended_s != 0	 ? "ended"
			    : now_s >= h->to_s	 ? "over"
			    : now_s >= h->from_s ? "in force"
						 : "announced";
	json_t *out =
		json_pack("{s:I, s:I, s:o, s:o, s:s, s:O, s:s, s:s, s:s}", "id", (json_int_t)h->id,
			  "unit", (json_int_t)h->unit, "from", time_json(h->from_s), "to",
			  time_json(h->to_s), "reason", h->reason, "exempt", h->exempt, "then",
			  h->is_asking ? "ask" : "wait", "by", h->by, "state", state);

	if (h->ended_s != 0)
		json_object_set_new(out, "ended", time_json(h->ended_s));
	return out;
}

json_t *
halt_told(const struct halt *h)
{
	return json_pack("{s:I, s:o, s:o, s:s, s:s}", "id", (json_int_t)h->id, "from",
			 time_json(h->from_s), "until", time_json(h->to_s), "reason", h->reason,
			 "then", h->is_asking ? "ask" : "wait");
}

/* ---- those that concern a campaign ---- */

struct asking {
	halts_cb cb;
	void *arg;
};

/* [now s, [id, record] …] */
static void
on_asked(void *arg, const struct reply *r)
{
	struct asking *q = arg;
	struct halts *h;
	struct err_ctx e;

	if (r->kind != REPLY_ARRAY) {
		reply_fail(r, &e);
		q->cb(q->arg, NULL, &e);
		free(q);
		return;
	}
	h = xcalloc(1, sizeof(*h));
	h->now_s = reply_int(r, 0);
	for (size_t i = 1; i < r->count && h->count < HALTS_MAX; i++) {
		const struct reply *one = reply_item(r, i);

		if (halt_read(reply_u64(one, 0), reply_item(one, 1)->str, &h->list[h->count]))
			h->count++;
	}
	q->cb(q->arg, h, NULL);
	for (size_t i = 0; i < h->count; i++)
		halt_clear(&h->list[i]);
	free(h);
	free(q);
}

void
halts_ask(struct engine *e, const char *class, uint64_t unit, halts_cb cb, void *arg)
{
	struct asking *q = xcalloc(1, sizeof(*q));
	struct argv a = {0};

	*q = (struct asking){cb, arg};
	argv_adds(&a, class);
	argv_add_int(&a, (int64_t)unit);
	engine_call(e, "halt_of", &a, on_asked, q);
	argv_free(&a);
}

const struct halt *
halts_at(const struct halts *h, int64_t at_s)
{
	const struct halt *last = NULL;

	for (size_t i = 0; i < h->count; i++)
		if (h->list[i].from_s <= at_s && at_s < h->list[i].to_s &&
		    (last == NULL || h->list[i].to_s > last->to_s))
			last = &h->list[i];
	return last;
}

/* The next moment that is none of a closed hour; *met: the first freeze on the way. */
static int64_t
walk(const struct halts *h, const struct class_policy *c, int64_t at_s, const struct halt **met)
{
	*met = NULL;
	for (unsigned i = 0; i < STEPS_MAX; i++) {
		const struct halt *one = halts_at(h, at_s);
		int64_t opens_s = c != NULL ? class_opens_s(c, at_s) : at_s;

		if (one == NULL && opens_s == at_s)
			break;
		if (*met == NULL)
			*met = one;
		at_s = one != NULL ? one->to_s : opens_s;
	}
	return at_s;
}

int64_t
halts_open_s(const struct halts *h, const struct class_policy *c, int64_t at_s)
{
	const struct halt *met;

	return walk(h, c, at_s, &met);
}

const struct halt *
halts_met(const struct halts *h, const struct class_policy *c, int64_t at_s)
{
	const struct halt *met;

	walk(h, c, at_s, &met);
	return met;
}
