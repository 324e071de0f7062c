/* SPDX-License-Identifier: MIT */
#include "dispatcher/api/http_route.h"

#include <string.h>

#include "base/text.h"

const char *
http_decode(struct arena *a, struct slice s, bool plus_is_blank)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%') {
			int high = i + 2 < s.n ? hex_value(s.p[i + 1]) : -1;
			int low = high >= 0 ? hex_value(s.p[i + 2]) : -1;

			if (low < 0)
				return NULL;
			c = (char)(high * 16 + low);
			i += 2;
		} else if (c == '+' && plus_is_blank) {
			c = ' ';
		}
		if (c == '\0')
			return NULL;
		out[n++] = c;
	}
	out[n] = '\0';
	return text_find_malformed((struct slice){out, n}) < 0 ? out : NULL;
}

bool
http_parse_query(struct arena *a, struct slice query, struct http_pairs *out)
{
	*out = (struct http_pairs){arena_alloc(a, HTTP_QUERY_MAX * sizeof(*out->v)), 0};
	while (query.n > 0) {
		const char *end = memchr(query.p, '&', query.n);
		size_t n = end != NULL ? (size_t)(end - query.p) : query.n;
		const char *equals = memchr(query.p, '=', n);
		size_t name_n = equals != NULL ? (size_t)(equals - query.p) : n;
		struct slice value = {query.p + name_n, 0};
		struct http_pair pair;

		if (equals != NULL)
			value = (struct slice){equals + 1, n - name_n - 1};
		if (n > 0) {
			pair.name = http_decode(a, (struct slice){query.p, name_n}, true);
			pair.value = http_decode(a, value, true);
			if (pair.name == NULL || pair.value == NULL || out->n == HTTP_QUERY_MAX)
				return false;
			out->v[out->n++] = pair;
		}
		n += end != NULL;
		query.p += n;
		query.n -= n;
	}
	return true;
}

const char *
http_pair_get(const struct http_pairs *pairs, const char *name)
{
	for (size_t i = 0; i < pairs->n; i++)
		if (strcmp(pairs->v[i].name, name) == 0)
			return pairs->v[i].value;
	return NULL;
}

/* The segments of a path behind its first slash, decoded: "/a//b" has a, "" and b. */
struct segments {
	const char *v[HTTP_SEGMENTS_MAX];
	size_t n;
};

static bool
split_path(struct arena *a, struct slice path, struct segments *out)
{
	out->n = 0;
	if (path.n == 0 || path.p[0] != '/')
		return false;
	while (path.n > 0) {
		const char *end;
		size_t n;

		path.p++;
		path.n--;
		end = memchr(path.p, '/', path.n);
		n = end != NULL ? (size_t)(end - path.p) : path.n;
		if (out->n == HTTP_SEGMENTS_MAX || n > 3 * HTTP_PARAM_BYTES)
			return false;
		out->v[out->n] = http_decode(a, (struct slice){path.p, n}, false);
		if (out->v[out->n] == NULL || strlen(out->v[out->n]) > HTTP_PARAM_BYTES)
			return false;
		out->n++;
		path.p += n;
		path.n -= n;
	}
	return true;
}

/* The rest of the path from segment i, joined again; NULL when a name in it is none of a file. */
static const char *
join_rest(struct arena *a, const struct segments *s, size_t i)
{
	size_t n = 1;
	char *out, *p;

	for (size_t k = i; k < s->n; k++) {
		if (strcmp(s->v[k], ".") == 0 || strcmp(s->v[k], "..") == 0 ||
		    strchr(s->v[k], '/') != NULL)
			return NULL;
		n += strlen(s->v[k]) + 1;
	}
	p = out = arena_alloc(a, n);
	for (size_t k = i; k < s->n; k++) {
		size_t len = strlen(s->v[k]);

		if (k > i)
			*p++ = '/';
		memcpy(p, s->v[k], len);
		p += len;
	}
	*p = '\0';
	return out;
}

/* One segment of a pattern: moves *pattern over "/segment". */
static struct slice
pattern_segment(const char **pattern)
{
	const char *begin = *pattern + 1;
	const char *end = strchrnul(begin, '/');

	*pattern = end;
	return (struct slice){begin, (size_t)(end - begin)};
}

static bool
add_param(struct arena *a, struct http_pairs *params, struct slice name, const char *value)
{
	if (value == NULL || params->n == HTTP_PARAMS_MAX)
		return false;
	params->v[params->n++] = (struct http_pair){arena_memdup0(a, name.p, name.n), value};
	return true;
}

static bool
is_match(const char *pattern, const struct segments *s, struct arena *a, struct http_pairs *params)
{
	size_t i = 0;

	params->n = 0;
	while (*pattern != '\0') {
		struct slice p = pattern_segment(&pattern);
		bool is_param = p.n > 2 && p.p[0] == '{';
		struct slice name = {p.p + 1, p.n - 2};

		if (is_param && name.p[name.n - 1] == '*') {
			name.n--;
			return add_param(a, params, name, join_rest(a, s, i));
		}
		if (i == s->n)
			return false;
		if (is_param) {
			if (s->v[i][0] == '\0' || !add_param(a, params, name, s->v[i]))
				return false;
		} else if (!slice_is(p, s->v[i])) {
			return false;
		}
		i++;
	}
	return i == s->n;
}

static void
add_method(struct buf *allow, const char *method)
{
	if (allow->len > 0 && strstr(allow->data, method) != NULL)
		return;
	buf_addf(allow, "%s%s", allow->len > 0 ? ", " : "", method);
}

enum http_found
http_route_find(const struct http_route *routes, size_t count, const char *method,
		struct slice path, struct arena *a, const struct http_route **out,
		struct http_pairs *params, struct buf *allow)
{
	const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
	struct segments s;

	params->v = arena_alloc(a, HTTP_PARAMS_MAX * sizeof(*params->v));
	params->n = 0;
	if (!split_path(a, path, &s))
		return HTTP_BAD_PATH;
	for (size_t i = 0; i < count; i++) {
		if (!is_match(routes[i].path, &s, a, params))
			continue;
		if (strcmp(routes[i].method, wanted) == 0) {
			*out = &routes[i];
			return HTTP_FOUND;
		}
		add_method(allow, routes[i].method);
		if (strcmp(routes[i].method, "GET") == 0)
			add_method(allow, "HEAD");
	}
	params->n = 0;
	return allow->len > 0 ? HTTP_NO_METHOD : HTTP_NO_PATH;
}

bool
http_route_is_sound(const struct http_route *r)
{
	static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
	const char *p = r->path;
	size_t segments = 0, params = 0;
	bool is_known = false;

	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		is_known |= strcmp(r->method, methods[i]) == 0;
	if (!is_known || p[0] != '/' || r->handle == NULL || (r->is_hook && r->needs_auth))
		return false;
	while (*p != '\0') {
		struct slice s = pattern_segment(&p);
		bool is_param = s.n > 0 && s.p[0] == '{';
		bool is_rest = is_param && s.n > 3 && s.p[s.n - 2] == '*';

		segments++;
		params += is_param;
		if (is_param && (s.n < 3 || s.p[s.n - 1] != '}' || (is_rest && *p != '\0')))
			return false;
	}
	return segments <= HTTP_SEGMENTS_MAX && params <= HTTP_PARAMS_MAX;
}
