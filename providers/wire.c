/* SPDX-License-Identifier: MIT */
/*
 * Escaping is decided byte by byte from tables and copied in spans: encoding a
 * batch is in the sender's hot path. Whatever goes in, what comes out is valid
 * in its format.
 */
#include "providers/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_MAX 4096

static const char hex_upper[] = "0123456789ABCDEF";
static const char hex_lower[] = "0123456789abcdef";

/* Room for n more bytes and a NUL. */
static char *
reserve(struct wire_out *o, size_t n)
{
	size_t cap = o->cap;
	char *p;

	if (cap - o->len > n)
		return o->p + o->len;
	while (cap - o->len <= n)
		cap *= 2;
	p = arena_alloc(o->arena, cap);
	memcpy(p, o->p, o->len);
	o->p = p;
	o->cap = cap;
	return p + o->len;
}

struct wire_out
wire_out_new(struct arena *a, size_t guess)
{
	struct wire_out o = {.arena = a, .cap = guess + 64};

	o.p = arena_alloc(a, o.cap);
	return o;
}

void
wire_add(struct wire_out *o, struct slice s)
{
	char *to = reserve(o, s.n);

	if (s.n > 0)
		memcpy(to, s.p, s.n);
	o->len += s.n;
}

void
wire_addc(struct wire_out *o, char c)
{
	*reserve(o, 1) = c;
	o->len++;
}

struct slice
wire_slice(const struct wire_out *o)
{
	return (struct slice){o->p, o->len};
}

const char *
wire_text(struct wire_out *o)
{
	*reserve(o, 1) = '\0';
	return o->p;
}

/* Bytes of the well-formed UTF-8 sequence at p (Unicode 15, table 3-7), or 0. p[0] >= 0x80. */
static size_t
utf8_sequence(const unsigned char *p, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;

	if (p[0] < 0xc2 || p[0] > 0xf4 || left < n)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static void
add_json_escape(struct wire_out *o, unsigned char c)
{
	char *to = reserve(o, 6);
	const char *shorts = "\"\\\b\f\n\r\t";
	const char *at = c == '\0' ? NULL : strchr(shorts, c);

	if (at != NULL) {
		to[0] = '\\';
		to[1] = "\"\\bfnrt"[at - shorts];
		o->len += 2;
		return;
	}
	memcpy(to, "\\u00", 4);
	to[4] = hex_lower[c >> 4];
	to[5] = hex_lower[c & 15];
	o->len += 6;
}

void
wire_add_json(struct wire_out *o, struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t from = 0, i = 0;

	if (s.n == 0)
		return;
	reserve(o, s.n);
	while (i < s.n) {
		unsigned char c = p[i];

		if (c >= 0x80) {
			size_t n = utf8_sequence(p + i, s.n - i);

			if (n > 0) {
				i += n;
				continue;
			}
		} else if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
			i++;
			continue;
		}
		wire_add(o, (struct slice){s.p + from, i - from});
		if (c >= 0x80)
			wire_add(o, SLICE("\xef\xbf\xbd"));
		else
			add_json_escape(o, c);
		from = ++i;
	}
	wire_add(o, (struct slice){s.p + from, s.n - from});
}

static bool
is_alnum(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static void
add_percent(struct wire_out *o, struct slice s, const char *others, bool is_form)
{
	char *to = reserve(o, 3 * s.n);
	char *start = to;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (is_alnum(c) || (c != '\0' && strchr(others, c) != NULL)) {
			*to++ = (char)c;
		} else if (c == ' ' && is_form) {
			*to++ = '+';
		} else {
			*to++ = '%';
			*to++ = hex_upper[c >> 4];
			*to++ = hex_upper[c & 15];
		}
	}
	o->len += (size_t)(to - start);
}

void
wire_add_form(struct wire_out *o, struct slice s)
{
	add_percent(o, s, "*-._", true);
}

void
wire_add_percent(struct wire_out *o, struct slice s)
{
	add_percent(o, s, "-._~", false);
}

void
wire_add_base64(struct wire_out *o, struct slice s)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)s.p;
	char *to = reserve(o, (s.n + 2) / 3 * 4);

	o->len += (s.n + 2) / 3 * 4;
	for (size_t i = 0; i < s.n; i += 3) {
		size_t left = s.n - i;
		uint32_t v = (uint32_t)p[i] << 16;

		if (left > 1)
			v |= (uint32_t)p[i + 1] << 8;
		if (left > 2)
			v |= p[i + 2];
		*to++ = digits[v >> 18];
		*to++ = digits[v >> 12 & 63];
		*to++ = left > 1 ? digits[v >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[v & 63] : '=';
	}
}

/* Forms */

/* As the WHATWG URL standard has it: a '%' without two digits stands for itself. */
static void
form_unescape(struct slice s, struct buf *out)
{
	buf_reset(out);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%' && s.n - i > 2 && hex_value(s.p[i + 1]) >= 0 &&
			   hex_value(s.p[i + 2]) >= 0) {
			c = (char)(hex_value(s.p[i + 1]) << 4 | hex_value(s.p[i + 2]));
			i += 2;
		}
		buf_addc(out, c);
	}
}

/* False when out is full. */
static bool
form_add_field(json_t *out, struct slice field, struct buf *name, struct buf *value)
{
	const char *eq = memchr(field.p, '=', field.n);
	size_t n = eq != NULL ? (size_t)(eq - field.p) : field.n;
	json_t *v;

	if (json_object_size(out) >= WIRE_FORM_FIELDS)
		return false;
	form_unescape((struct slice){field.p, n}, name);
	form_unescape(eq != NULL ? (struct slice){eq + 1, field.n - n - 1} : SLICE(""), value);
	if (name->len == 0 || memchr(name->data, '\0', name->len) != NULL ||
	    memchr(value->len ? value->data : "x", '\0', value->len) != NULL ||
	    json_object_get(out, name->data) != NULL)
		return true;
	v = json_of_slice(buf_slice(value));
	if (v != NULL)
		json_object_set_new(out, name->data, v); /* refuses a name that is not UTF-8 */
	return true;
}

json_t *
wire_form_decode(struct slice s)
{
	json_t *out = json_object();
	struct buf name = {0}, value = {0};
	bool has_room = true;

	while (s.n > 0 && has_room) {
		struct slice field = slice_take_until(&s, '&');

		if (field.n > 0)
			has_room = form_add_field(out, field, &name, &value);
	}
	buf_free(&name);
	buf_free(&value);
	if (has_room)
		return out;
	json_decref(out);
	return NULL;
}

/* Secrets */

static enum err
secret_from_file(const char *path, struct wire_secret *out, struct err_ctx *e)
{
	char tmp[SECRET_MAX + 1];
	FILE *f = fopen(path, "rb");
	bool has_failed;
	size_t n;

	if (f == NULL)
		return err_set(e, ERR_INPUT, path, "check the path and its permissions", "%s",
			       strerror(errno));
	n = fread(tmp, 1, sizeof(tmp), f);
	has_failed = ferror(f) != 0;
	fclose(f);
	if (has_failed)
		return err_set(e, ERR_SYSTEM, path, "", "cannot be read");
	while (n > 0 && n <= SECRET_MAX && (tmp[n - 1] == '\n' || tmp[n - 1] == '\r'))
		n--;
	if (n > SECRET_MAX || memchr(tmp, '\0', n) != NULL) {
		explicit_bzero(tmp, sizeof(tmp));
		return err_set(e, ERR_INPUT, path, "put only the secret into the file",
			       "is longer than %d bytes or has a NUL in it", SECRET_MAX);
	}
	out->bytes = xmemdup0(tmp, n);
	out->n = n;
	explicit_bzero(tmp, sizeof(tmp));
	return ERR_OK;
}

static enum err
secret_from_object(const struct json_at *at, struct wire_secret *out, struct err_ctx *e)
{
	static const char *const keys[] = {"file", "env"};
	struct json_at file = json_get(at, "file"), env = json_get(at, "env");
	const char *name = NULL, *value;
	enum err rc = json_only_keys(at, keys, ARRAY_LEN(keys), e);

	if (rc != ERR_OK)
		return rc;
	if ((file.v != NULL) == (env.v != NULL))
		return err_set(e, ERR_INPUT, at->path, "", "must have either \"file\" or \"env\"");
	rc = json_need_string(file.v != NULL ? &file : &env, &name, e);
	if (rc != ERR_OK)
		return rc;
	if (file.v != NULL)
		return secret_from_file(name, out, e);
	value = getenv(name);
	if (value == NULL)
		return err_set(e, ERR_INPUT, env.path, "set it where the server is started",
			       "there is no environment variable %.80s", name);
	out->bytes = xstrdup(value);
	out->n = strlen(value);
	return ERR_OK;
}

enum err
wire_secret_read(const struct json_at *at, struct wire_secret *out, struct err_ctx *e)
{
	struct wire_secret found = {0};
	enum err rc;

	if (at->v == NULL)
		return ERR_OK;
	if (json_is_string(at->v)) {
		found.bytes = xstrdup(json_string_value(at->v));
		found.n = strlen(found.bytes);
	} else if (json_is_object(at->v)) {
		rc = secret_from_object(at, &found, e);
		if (rc != ERR_OK)
			return rc;
	} else {
		return err_set(e, ERR_INPUT, at->path, "",
			       "must be a text, {\"file\": …} or {\"env\": …}");
	}
	if (found.n == 0) {
		wire_secret_clear(&found);
		return err_set(e, ERR_INPUT, at->path, "fill it in", "is empty");
	}
	wire_secret_clear(out);
	*out = found;
	return ERR_OK;
}

void
wire_secret_clear(struct wire_secret *s)
{
	if (s->bytes != NULL)
		explicit_bzero(s->bytes, s->n);
	free(s->bytes);
	*s = (struct wire_secret){0};
}

/* Paths */

/* Reads "[12]" or "[*]" at s; returns its length, 0 when it is neither. */
static size_t
parse_bracket(const char *s, struct wire_step *step)
{
	size_t i = 1;

	if (s[1] == '*' && s[2] == ']') {
		step->kind = STEP_ALL;
		return 3;
	}
	step->kind = STEP_INDEX;
	step->at = 0;
	for (; s[i] >= '0' && s[i] <= '9' && i < 7; i++)
		step->at = step->at * 10 + (uint32_t)(s[i] - '0');
	return i > 1 && s[i] == ']' ? i + 1 : 0;
}

static enum err
bad_path(const char *text, const char *what, const char *why, struct err_ctx *e)
{
	return err_set(e, ERR_INPUT, what, "write it like a.b[0].c or items[*].id",
		       "the path \"%.60s\" %s", text, why);
}

enum err
wire_path_parse(const char *text, const char *what, struct wire_path *out, struct err_ctx *e)
{
	size_t i = 0, n = strlen(text);

	*out = (struct wire_path){0};
	if (n >= WIRE_PATH_BYTES)
		return bad_path(text, what, "is too long", e);
	memcpy(out->text, text, n + 1);
	memcpy(out->keys, text, n + 1);
	while (i < n) {
		struct wire_step *step = &out->steps[out->count];

		if (out->count++ == WIRE_PATH_STEPS)
			return bad_path(text, what, "has too many steps", e);
		if (text[i] == '[') {
			size_t used = parse_bracket(text + i, step);

			if (used == 0)
				return bad_path(text, what, "has a bad [ ]", e);
			out->keys[i] = '\0';
			i += used;
		} else {
			size_t len = strcspn(text + i, ".[]");

			if (len == 0 || text[i + len] == ']')
				return bad_path(text, what, "has an empty step", e);
			*step = (struct wire_step){STEP_KEY, (uint32_t)i};
			i += len;
		}
		if (text[i] == '.') {
			out->keys[i++] = '\0';
			if (text[i] == '\0' || text[i] == '[')
				return bad_path(text, what, "has an empty step", e);
		} else if (text[i] != '\0' && text[i] != '[') {
			return bad_path(text, what, "lacks a dot after ]", e);
		}
	}
	return ERR_OK;
}

static size_t
collect(const struct wire_path *path, size_t i, json_t *v, json_t **out, size_t max)
{
	size_t n = 0, at;
	json_t *item;

	for (; i < path->count && v != NULL; i++) {
		const struct wire_step *step = &path->steps[i];

		if (step->kind == STEP_ALL)
			break;
		v = step->kind == STEP_KEY ? json_object_get(v, path->keys + step->at)
					   : json_array_get(v, step->at);
	}
	if (v == NULL || max == 0)
		return 0;
	if (i == path->count) {
		out[0] = v;
		return 1;
	}
	json_array_foreach (v, at, item) {
		n += collect(path, i + 1, item, out + n, max - n);
		if (n == max)
			break;
	}
	return n;
}

size_t
wire_path_all(const struct wire_path *path, const json_t *root, json_t **out, size_t max)
{
	return collect(path, 0, (json_t *)root, out, max);
}

json_t *
wire_path_get(const struct wire_path *path, const json_t *root)
{
	json_t *v = NULL;

	return wire_path_all(path, root, &v, 1) == 1 ? v : NULL;
}

bool
wire_value_text(const json_t *v, char *out, size_t cap, bool *is_cut)
{
	int n = -1;

	out[0] = '\0';
	if (json_is_string(v))
		n = snprintf(out, cap, "%s", json_string_value(v));
	else if (json_is_integer(v))
		n = snprintf(out, cap, "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		n = snprintf(out, cap, "%.15g", json_real_value(v));
	else if (json_is_boolean(v))
		n = snprintf(out, cap, "%s", json_is_true(v) ? "true" : "false");
	if (is_cut != NULL)
		*is_cut = n >= 0 && (size_t)n >= cap;
	if (n < 0)
		return false;
	/* Cut between characters, and keep it on one line for people. */
	if ((size_t)n >= cap) {
		size_t end = cap - 1, at = end;

		while (at > 0 && ((unsigned char)out[at - 1] & 0xc0) == 0x80)
			at--;
		if (at > 0 && (unsigned char)out[at - 1] >= 0xc0 &&
		    utf8_sequence((unsigned char *)out + at - 1, end - at + 1) == 0)
			out[at - 1] = '\0';
	}
	for (char *p = out; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	return true;
}
