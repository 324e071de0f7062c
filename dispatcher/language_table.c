/* SPDX-License-Identifier: MIT */
#include "dispatcher/language_table.h"

#define MAX_BYTES (1u << 16)

extern const char loa_languages_start[], loa_languages_end[]; /* in segments/headers_embed.S */

enum err
language_table_load(struct languages **out, json_t **document, struct err_ctx *e)
{
	struct slice builtin = {loa_languages_start,
				(size_t)(loa_languages_end - loa_languages_start)};
	struct json_at root;
	json_t *v = NULL;
	enum err rc = json_parse(builtin, MAX_BYTES, "built-in languages", &v, e);

	if (rc == ERR_OK) {
		root = json_root(v);
		rc = languages_read(&root, out, e);
	}
	if (document != NULL)
		*document = json_incref(v);
	json_decref(v);
	return rc;
}
