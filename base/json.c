/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"

#define MAX_DEPTH 64

/* Jansson's own limit is 2048 levels; hostile input gets less of our stack. */
static bool
is_too_deep(struct slice s)
{
	size_t depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > MAX_DEPTH)
				return true;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return false;
}

enum err
json_parse(struct slice text, size_t max_bytes, const char *what, json_t **out, struct err_ctx *e)
{
	json_error_t je;

	*out = NULL;
	if (text.n > max_bytes)
		return err_set(e, ERR_INPUT, what, "make it smaller", "has more than %zu bytes",
			       max_bytes);
	if (is_too_deep(text))
		return err_set(e, ERR_INPUT, what, "", "is nested deeper than %d levels",
			       MAX_DEPTH);
	*out = json_loadb(text.p != NULL ? text.p : "", text.n,
			  JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
	if (*out == NULL) {
		err_set(e, ERR_INPUT, what, "correct the JSON", "line %d column %d: %s", je.line,
			je.column, je.text);
		if (e != NULL) {
			e->line = je.line;
			e->column = je.column;
		}
		return ERR_INPUT;
	}
	return ERR_OK;
}

void
json_hide_text(struct err_ctx *e)
{
	char *near = e->line > 0 ? strstr(e->why, " near '") : NULL;

	if (near != NULL)
		*near = '\0';
}

enum err
json_read_file(const char *path, size_t max_bytes, json_t **out, struct err_ctx *e)
{
	FILE *f = fopen(path, "rb");
	struct buf b = {0};
	enum err rc;
	size_t n;

	*out = NULL;
	if (f == NULL)
		return err_set(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM, path,
			       "check the path and its permissions", "%s", strerror(errno));
	do {
		n = fread(buf_reserve(&b, 65536), 1, 65536, f);
		b.len += n;
	} while (n > 0 && b.len <= max_bytes);
	if (ferror(f))
		rc = err_set(e, ERR_SYSTEM, path, "", "cannot be read: %s", strerror(errno));
	else
		rc = json_parse(buf_slice(&b), max_bytes, path, out, e);
	fclose(f);
	buf_free(&b);
	return rc;
}

struct json_at
json_root(json_t *v)
{
	return (struct json_at){.v = v};
}

struct json_at
json_get(const struct json_at *at, const char *key)
{
	struct json_at r = {.v = json_object_get(at->v, key)};

	snprintf(r.path, sizeof(r.path), "%.120s%s%.70s", at->path, at->path[0] ? "." : "", key);
	return r;
}

struct json_at
json_item(const struct json_at *at, size_t i)
{
	struct json_at r = {.v = json_array_get(at->v, i)};

	snprintf(r.path, sizeof(r.path), "%.170s[%zu]", at->path, i);
	return r;
}

static const char *
path_of(const struct json_at *at)
{
	return at->path[0] != '\0' ? at->path : "document";
}

static const char *
type_name(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a text";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	case JSON_NULL:
		return "null";
	}
	return "something else";
}

static enum err
wrong_type(const struct json_at *at, const char *wanted, struct err_ctx *e)
{
	return err_set(e, ERR_INPUT, path_of(at), "", "must be %s, is %s", wanted,
		       type_name(at->v));
}

enum err
json_read_string(const struct json_at *at, const char **out, struct err_ctx *e)
{
	if (at->v == NULL)
		return ERR_OK;
	if (!json_is_string(at->v))
		return wrong_type(at, "a text", e);
	*out = json_string_value(at->v);
	return ERR_OK;
}

enum err
json_need_string(const struct json_at *at, const char **out, struct err_ctx *e)
{
	if (at->v == NULL)
		return err_set(e, ERR_INPUT, path_of(at), "add it", "is missing");
	if (json_is_string(at->v) && json_string_length(at->v) == 0)
		return err_set(e, ERR_INPUT, path_of(at), "fill it in", "is empty");
	return json_read_string(at, out, e);
}

enum err
json_read_int(const struct json_at *at, int64_t min, int64_t max, int64_t *out, struct err_ctx *e)
{
	json_int_t v;

	if (at->v == NULL)
		return ERR_OK;
	if (!json_is_integer(at->v))
		return wrong_type(at, "a whole number", e);
	v = json_integer_value(at->v);
	if (v < min || v > max)
		return err_set(e, ERR_INPUT, path_of(at), "",
			       "must be between %lld and %lld, is %lld", (long long)min,
			       (long long)max, (long long)v);
	*out = v;
	return ERR_OK;
}

enum err
json_read_number(const struct json_at *at, double min, double max, double *out, struct err_ctx *e)
{
	double v;

	if (at->v == NULL)
		return ERR_OK;
	if (!json_is_number(at->v))
		return wrong_type(at, "a number", e);
	v = json_number_value(at->v);
	if (!isfinite(v) || v < min || v > max)
		return err_set(e, ERR_INPUT, path_of(at), "", "must be between %g and %g, is %g",
			       min, max, v);
	*out = v;
	return ERR_OK;
}

enum err
json_read_bool(const struct json_at *at, bool *out, struct err_ctx *e)
{
	if (at->v == NULL)
		return ERR_OK;
	if (!json_is_boolean(at->v))
		return wrong_type(at, "true or false", e);
	*out = json_is_true(at->v);
	return ERR_OK;
}

static void
add_names(struct buf *b, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_addf(b, "%s%s", i > 0 ? ", " : "", names[i]);
}

enum err
json_read_choice(const struct json_at *at, const char *const *names, size_t count, int *out,
		 struct err_ctx *e)
{
	const char *s = NULL;
	struct buf all = {0};
	enum err rc = json_read_string(at, &s, e);

	if (rc != ERR_OK || s == NULL)
		return rc;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(s, names[i]) == 0) {
			*out = (int)i;
			return ERR_OK;
		}
	}
	add_names(&all, names, count);
	err_set(e, ERR_INPUT, path_of(at), "", "\"%.60s\" is none of: %s", s, all.data);
	buf_free(&all);
	return ERR_INPUT;
}

enum err
json_want_object(const struct json_at *at, struct err_ctx *e)
{
	return at->v == NULL || json_is_object(at->v) ? ERR_OK : wrong_type(at, "an object", e);
}

enum err
json_want_array(const struct json_at *at, struct err_ctx *e)
{
	return at->v == NULL || json_is_array(at->v) ? ERR_OK : wrong_type(at, "a list", e);
}

enum err
json_only_keys(const struct json_at *at, const char *const *names, size_t count, struct err_ctx *e)
{
	const char *key;
	json_t *v;
	enum err rc = json_want_object(at, e);

	if (rc != ERR_OK || at->v == NULL)
		return rc;
	json_object_foreach (at->v, key, v) {
		struct json_at bad = json_get(at, key);
		const char *near_name;
		size_t i;
		char todo[160];

		for (i = 0; i < count && strcmp(names[i], key) != 0; i++)
			;
		if (i < count)
			continue;
		near_name = nearest_name(key, names, count);
		if (near_name != NULL) {
			snprintf(todo, sizeof(todo), "did you mean \"%s\"?", near_name);
		} else {
			struct buf all = {0};

			add_names(&all, names, count);
			snprintf(todo, sizeof(todo), "known here: %s", all.len ? all.data : "none");
			buf_free(&all);
		}
		return err_set(e, ERR_INPUT, path_of(&bad), todo, "is not a known key");
	}
	return ERR_OK;
}

void
json_add_string(struct buf *out, struct slice s)
{
	buf_addc(out, '"');
	while (s.n > 0) {
		const char *at = s.p;
		int32_t c = text_next(&s);

		if (c == -2)
			buf_adds(out, "\xef\xbf\xbd");
		else if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", (char)c);
		else if (c == '\n')
			buf_adds(out, "\\n");
		else if (c == '\t')
			buf_adds(out, "\\t");
		else if (c == '\r')
			buf_adds(out, "\\r");
		else if (c < 0x20 || c == 0x7f)
			buf_addf(out, "\\u%04x", (unsigned)c);
		else
			buf_add(out, at, (size_t)(s.p - at));
	}
	buf_addc(out, '"');
}

static int
dump_to_buf(const char *p, size_t n, void *arg)
{
	buf_add(arg, p, n);
	return 0;
}

void
json_add_value(struct buf *out, const json_t *v)
{
	json_dump_callback(v, dump_to_buf, out, JSON_COMPACT | JSON_ENCODE_ANY);
}

json_t *
json_of_slice(struct slice s)
{
	return json_stringn(s.p != NULL ? s.p : "", s.n);
}
