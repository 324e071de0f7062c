/* SPDX-License-Identifier: MIT */
#include "segments/import_choices.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "segments/headers.h"

static void
free_choices(struct choice *v, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(v[i].column);
		free(v[i].value);
	}
}

void
import_choices_clear(struct import_choices *c)
{
	free(c->phone);
	free(c->language_from);
	free_choices(c->maps, c->map_count);
	free_choices(c->keeps, c->keep_count);
	*c = (struct import_choices){0};
}

bool
import_choices_is_empty(const struct import_choices *c)
{
	return c->phone == NULL && c->language_from == NULL && c->map_count == 0 &&
	       c->keep_count == 0;
}

static void
copy_choices(struct choice *to, const struct choice *from, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		to[i].column = xstrdup(from[i].column);
		to[i].value = xstrdup(from[i].value);
	}
}

void
import_choices_copy(struct import_choices *to, const struct import_choices *from)
{
	*to = (struct import_choices){
		.phone = from->phone != NULL ? xstrdup(from->phone) : NULL,
		.language_from = from->language_from != NULL ? xstrdup(from->language_from) : NULL,
		.map_count = from->map_count,
		.keep_count = from->keep_count,
	};
	copy_choices(to->maps, from->maps, from->map_count);
	copy_choices(to->keeps, from->keeps, from->keep_count);
}

/* word = column, '=' at `at`, value. */
static enum err
add(struct choice *v, size_t *count, const char *what, const char *word, const char *at,
    struct err_ctx *e)
{
	struct slice column, value;

	if (strlen(word) > CHOICE_BYTES_MAX || text_find_malformed(slice_of(word)) >= 0)
		return err_set(e, ERR_INPUT, what, "write it shorter",
			       "it is no text of at most %u bytes", CHOICE_BYTES_MAX);
	column = slice_trim((struct slice){word, at != NULL ? (size_t)(at - word) : 0});
	value = slice_trim(slice_of(at != NULL ? at + 1 : ""));
	if (column.n == 0 || value.n == 0)
		return err_set(e, ERR_INPUT, what,
			       "write the column's title, =, and what it shall be",
			       "\"%.100s\" needs something on both sides of =", word);
	if (*count >= CHOICES_MAX)
		return err_set(e, ERR_INPUT, what, "take some away", "more than %u of them",
			       CHOICES_MAX);
	v[*count].column = xmemdup0(column.p, column.n);
	v[(*count)++].value = xmemdup0(value.p, value.n);
	return ERR_OK;
}

enum err
import_choices_map(struct import_choices *c, const char *word, struct err_ctx *e)
{
	enum err rc = add(c->maps, &c->map_count, "--map", word, strrchr(word, '='), e);
	const char *name;

	if (rc != ERR_OK)
		return rc;
	name = c->maps[c->map_count - 1].value;
	if (strcmp(name, "-") == 0 || headers_is_name(slice_of(name)))
		return ERR_OK;
	return err_set(
		e, ERR_INPUT, "--map",
		"use a-z, 0-9 and _, not a word of queries such as \"in\"; - leaves the column out",
		"\"%.100s\" is no name of a column", name);
}

enum err
import_choices_keep(struct import_choices *c, const char *word, struct err_ctx *e)
{
	return add(c->keeps, &c->keep_count, "--keep", word, strchr(word, '='), e);
}

static enum err
read_array(struct import_choices *c, const struct json_at *at,
	   enum err (*take)(struct import_choices *, const char *, struct err_ctx *),
	   struct err_ctx *e)
{
	enum err rc = json_want_array(at, e);

	for (size_t i = 0; rc == ERR_OK && at->v != NULL && i < json_array_size(at->v); i++) {
		struct json_at item = json_item(at, i);
		const char *word = "";

		rc = json_need_string(&item, &word, e);
		if (rc == ERR_OK)
			rc = take(c, word, e);
	}
	return rc;
}

static enum err
read_column(const struct json_at *at, char **out, struct err_ctx *e)
{
	const char *word = NULL;
	enum err rc = json_read_string(at, &word, e);

	if (rc != ERR_OK || word == NULL)
		return rc;
	if (strlen(word) > CHOICE_BYTES_MAX)
		return err_set(e, ERR_INPUT, at->path, "give a column's title",
			       "more than %u bytes", CHOICE_BYTES_MAX);
	free(*out);
	*out = xstrdup(word);
	return ERR_OK;
}

enum err
import_choices_read(struct import_choices *c, const struct json_at *at, struct err_ctx *e)
{
	struct json_at phone = json_get(at, "phone"), map = json_get(at, "map"),
		       keep = json_get(at, "keep"), language = json_get(at, "language_from");
	enum err rc = read_column(&phone, &c->phone, e);

	if (rc == ERR_OK)
		rc = read_column(&language, &c->language_from, e);
	if (rc == ERR_OK)
		rc = read_array(c, &map, import_choices_map, e);
	if (rc == ERR_OK)
		rc = read_array(c, &keep, import_choices_keep, e);
	return rc;
}

char *
import_choices_to_json(const struct import_choices *c)
{
	struct buf b = {0};

	buf_adds(&b, "{\"map\":[");
	for (size_t i = 0; i < c->map_count; i++) {
		struct buf word = {0};

		buf_addf(&word, "%s=%s", c->maps[i].column, c->maps[i].value);
		buf_adds(&b, i > 0 ? "," : "");
		json_add_string(&b, buf_slice(&word));
		buf_free(&word);
	}
	buf_addc(&b, ']');
	if (c->phone != NULL) {
		buf_adds(&b, ",\"phone\":");
		json_add_string(&b, slice_of(c->phone));
	}
	if (c->language_from != NULL) {
		buf_adds(&b, ",\"language_from\":");
		json_add_string(&b, slice_of(c->language_from));
	}
	buf_addc(&b, '}');
	return buf_take(&b);
}
