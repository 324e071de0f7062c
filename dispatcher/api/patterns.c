/* SPDX-License-Identifier: MIT */
/* Registered patterns over HTTP: importing many at once, all, one, removing. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/api/registers.h"

/* ---- import ---- */

/* [name, record …] of the body's patterns, each of them read and found good. */
static enum err
pairs_of(json_t *body, json_t *out, struct err_ctx *e)
{
	static const char *const keys[] = {"patterns"};
	struct json_at root = json_root(body), list = json_get(&root, "patterns");
	enum err rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e);

	if (rc != ERR_OK || (rc = json_want_array(&list, e)) != ERR_OK)
		return rc;
	if (json_array_size(list.v) == 0)
		return err_set(e, ERR_INPUT, "patterns", "", "is missing or empty");
	for (size_t i = 0; i < json_array_size(list.v); i++) {
		struct json_at one = json_item(&list, i);
		struct pattern_record r;
		struct buf text = {0};

		rc = pattern_record_read(&one, &r, e);
		if (rc != ERR_OK)
			return rc;
		json_add_value(&text, one.v);
		json_array_append_new(out, json_string(r.name));
		json_array_append_new(out, json_of_slice(buf_slice(&text)));
		buf_free(&text);
	}
	return ERR_OK;
}

void
on_pattern_import(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	json_t *body, *pairs;
	struct err_ctx e;

	if (!api_is_open(a, x) || (body = api_body_json(x)) == NULL)
		return;
	pairs = json_array();
	if (pairs_of(body, pairs, &e) != ERR_OK) {
		http_answer_error(x, &e);
		json_decref(pairs);
	} else {
		registers_save(a, x, "pattern", pairs);
	}
	json_decref(body);
}

/* ---- all, one, none ---- */

void
on_pattern_ls(struct http_exchange *x, void *arg)
{
	registers_ls(arg, x, "pattern", "patterns");
}

void
on_pattern_show(struct http_exchange *x, void *arg)
{
	registers_show(arg, x, "pattern", http_param(x, "name"));
}

void
on_pattern_rm(struct http_exchange *x, void *arg)
{
	registers_rm(arg, x, "pattern", http_param(x, "name"));
}

/* ---- the rules ---- */

/* The document of the content rules, as it is in force on this server. */
void
on_content_show(struct http_exchange *x, void *arg)
{
	const struct api *a = arg;

	http_answer_json(x, 200, json_deep_copy(a->daemon->config->content_document));
}
