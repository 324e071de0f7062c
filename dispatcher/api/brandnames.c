/* SPDX-License-Identifier: MIT */
/* Brandnames over HTTP: saving one, all, one, removing. */
#include "dispatcher/api/registers.h"
#include "dispatcher/campaign/registration.h"

/* The name in the path, as it is kept; false: answered. */
static bool
take_name(struct http_exchange *x, char out[BRANDNAME_MAX + 1])
{
	const char *name = http_param(x, "name");
	struct err_ctx e;

	if (brandname_check(name, &e) != ERR_OK) {
		http_answer_error(x, &e);
		return false;
	}
	brandname_fold(name, out);
	return true;
}

/* The body is the record. */
void
on_brandname_save(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct json_at root;
	struct brandname b;
	struct err_ctx e;
	struct buf text = {0};
	char id[BRANDNAME_MAX + 1];
	json_t *body;

	if (!api_is_open(a, x) || (body = api_body_json(x)) == NULL)
		return;
	root = json_root(body);
	if (brandname_read(&root, &b, &e) != ERR_OK) {
		http_answer_error(x, &e);
	} else {
		brandname_fold(b.name, id);
		json_add_value(&text, body);
		registers_save(a, x, "brandname",
			       json_pack("[s, o]", id, json_of_slice(buf_slice(&text))));
		buf_free(&text);
	}
	json_decref(body);
}

void
on_brandname_ls(struct http_exchange *x, void *arg)
{
	registers_ls(arg, x, "brandname", "brandnames");
}

void
on_brandname_show(struct http_exchange *x, void *arg)
{
	char id[BRANDNAME_MAX + 1];

	if (take_name(x, id))
		registers_show(arg, x, "brandname", id);
}

void
on_brandname_rm(struct http_exchange *x, void *arg)
{
	char id[BRANDNAME_MAX + 1];

	if (take_name(x, id))
		registers_rm(arg, x, "brandname", id);
}
