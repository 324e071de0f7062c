/* SPDX-License-Identifier: MIT */
#include "providers/codes.h"

#include <stdlib.h>
#include <string.h>

static int
compare_rows(const void *a, const void *b)
{
	return strcmp(((const struct code_row *)a)->code, ((const struct code_row *)b)->code);
}

const struct code_row *
codes_find(const struct code_table *t, const char *code)
{
	struct code_row wanted;
	size_t n = strlen(code);

	if (t->count == 0 || n >= sizeof(wanted.code))
		return NULL;
	memcpy(wanted.code, code, n + 1);
	return bsearch(&wanted, t->rows, t->count, sizeof(wanted), compare_rows);
}

enum err
codes_read(const struct json_at *at, const char *const *names, size_t name_count, size_t most,
	   struct arena *arena, struct code_table *out, struct err_ctx *e)
{
	const char *code;
	json_t *v;
	enum err rc = json_want_object(at, e);

	if (rc != ERR_OK || at->v == NULL)
		return rc;
	if (json_object_size(at->v) > most)
		return err_set(e, ERR_INPUT, at->path, "", "has more than %zu codes", most);
	out->rows = arena_alloc(arena, (json_object_size(at->v) + 1) * sizeof(out->rows[0]));
	json_object_foreach (at->v, code, v) {
		struct code_row *row = &out->rows[out->count++];
		struct json_at one = json_get(at, code);

		if (code[0] == '\0' || strlen(code) >= sizeof(row->code))
			return err_set(e, ERR_INPUT, one.path, "", "is empty or too long");
		if (!json_is_string(v))
			return err_set(e, ERR_INPUT, one.path, "", "must be a text");
		memcpy(row->code, code, strlen(code) + 1);
		rc = json_read_choice(&one, names, name_count, &row->value, e);
		if (rc != ERR_OK)
			return rc;
	}
	qsort(out->rows, out->count, sizeof(out->rows[0]), compare_rows);
	return ERR_OK;
}
