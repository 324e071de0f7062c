/* SPDX-License-Identifier: MIT */
/* The audit over HTTP: pages of the chain as it is, to be checked by who reads it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "dispatcher/api/private.h"
#include "dispatcher/store/audit.h"

#define PAGE_MAX 500

static json_t *
head_json(int64_t n, struct slice hash)
{
	return json_pack("{s:I, s:o}", "n", (json_int_t)n, "hash", json_of_slice(hash));
}

/* [head's number, its hash, [id "N-0", entry, hash] …] */
static void
on_page(void *arg, const struct reply *r)
{
	struct http_exchange *x = arg;
	json_t *list, *out;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(x, r);
		return;
	}
	list = json_array();
	for (size_t i = 2; i < r->count; i++) {
		const struct reply *one = reply_item(r, i);
		struct slice id = reply_item(one, 0)->str;
		json_t *entry = json_of_slice(reply_item(one, 1)->str);
		json_t *hash = json_of_slice(reply_item(one, 2)->str);
		int64_t n = 0;

		while (id.n > 0 && id.p[id.n - 1] != '-')
			id.n--;
		id.n -= id.n > 0;
		(void)!slice_to_i64(id, &n);
		json_array_append_new(list, json_pack("{s:I, s:o, s:o}", "n", (json_int_t)n,
						      "entry", entry != NULL ? entry : json_null(),
						      "hash", hash != NULL ? hash : json_null()));
	}
	out = json_pack("{s:o, s:o}", "entries", list, "head",
			head_json(reply_item(r, 0)->integer, reply_item(r, 1)->str));
	http_answer_json(x, 200, out);
}

/* ?from= entry numbers from there on; without it the newest. ?limit= */
void
on_audit_ls(struct http_exchange *x, void *arg)
{
	const char *from = http_query(x, "from"), *limit = http_query(x, "limit");
	struct api *a = arg;
	int64_t count = PAGE_MAX, first = 0;
	struct argv args = {0};
	struct err_ctx e;

	if ((limit != NULL &&
	     (!slice_to_i64(slice_of(limit), &count) || count < 1 || count > PAGE_MAX)) ||
	    (from != NULL && (!slice_to_i64(slice_of(from), &first) || first < 1))) {
		err_set(&e, ERR_INPUT, "page", "", "limit is 1 to %d, from is an entry's number",
			PAGE_MAX);
		http_answer_error(x, &e);
		return;
	}
	if (!api_is_open(a, x))
		return;
	if (first > 0)
		argv_add_int(&args, first);
	else
		argv_adds(&args, "");
	argv_add_int(&args, count);
	engine_call(a->daemon->engine, "audit_page", &args, on_page, x);
	argv_free(&args);
}
