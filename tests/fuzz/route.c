/* SPDX-License-Identifier: MIT */
/*
 * Paths and queries of HTTP requests. Input: method, blank, path, '?', query.
 * Says: what is found is decoded and bounded, and never leaves its folder; what
 * is encoded decodes to itself.
 */
#include <stdlib.h>

#include "base/text.h"
#include "dispatcher/api/http_route.h"
#include "providers/wire.h"
#include "tests/fuzz/fuzz.h"

static void
handle(struct http_exchange *x, void *arg)
{
	(void)x;
	(void)arg;
}

static const struct http_route routes[] = {
	{.method = "GET", .path = "/", .handle = handle},
	{.method = "GET", .path = "/api/v1/lists", .handle = handle},
	{.method = "POST", .path = "/api/v1/lists", .handle = handle},
	{.method = "GET", .path = "/api/v1/lists/{name}", .handle = handle},
	{.method = "DELETE", .path = "/api/v1/lists/{name}", .handle = handle},
	{.method = "GET", .path = "/a/{b}/c/{d}", .handle = handle},
	{.method = "GET", .path = "/a/b/{c}/{d}", .handle = handle},
	{.method = "POST", .path = "/hooks/receipt/{provider}/{token}", .handle = handle},
	{.method = "GET", .path = "/files/{rest*}", .handle = handle},
};

static void
check_pairs(const struct http_pairs *p, size_t max)
{
	must(p->n <= max, "%zu pairs", p->n);
	for (size_t i = 0; i < p->n; i++) {
		must(text_find_malformed(slice_of(p->v[i].name)) < 0 &&
			     text_find_malformed(slice_of(p->v[i].value)) < 0,
		     "not UTF-8");
		must(http_pair_get(p, p->v[i].name) != NULL, "a pair is lost");
	}
}

static void
check_found(const struct http_route *r, const struct http_pairs *params)
{
	const char *rest = http_pair_get(params, "rest");

	check_pairs(params, HTTP_PARAMS_MAX);
	for (size_t i = 0; i < params->n; i++)
		must(strchr(r->path, '{') != NULL && strstr(r->path, params->v[i].name) != NULL,
		     "%s is no parameter of %s", params->v[i].name, r->path);
	if (rest == NULL)
		return;
	must(strcmp(rest, "..") != 0 && strncmp(rest, "../", 3) != 0 &&
		     strstr(rest, "/../") == NULL,
	     "%s leaves its folder", rest);
	must(strlen(rest) < 3 || strcmp(rest + strlen(rest) - 3, "/..") != 0, "%s leaves", rest);
}

static void
check_route(const char *method, struct slice path, struct arena *a)
{
	struct http_pairs params;
	const struct http_route *r = NULL;
	struct buf allow = {0};
	enum http_found f;

	f = http_route_find(routes, ARRAY_LEN(routes), method, path, a, &r, &params, &allow);
	must((f == HTTP_FOUND) == (r != NULL), "found and no route, or the other way round");
	must((f == HTTP_NO_METHOD) == (allow.len > 0) || f == HTTP_FOUND, "methods of nothing");
	if (f == HTTP_FOUND)
		check_found(r, &params);
	buf_free(&allow);
}

/* Encoded by the drivers' functions, it decodes to what it was. */
static void
check_encoded(struct slice s, struct arena *a)
{
	struct wire_out form = wire_out_new(a, 8), percent = wire_out_new(a, 8);
	const char *back;

	if (text_find_malformed(s) >= 0 || (s.n > 0 && memchr(s.p, '\0', s.n) != NULL))
		return;
	wire_add_form(&form, s);
	wire_add_percent(&percent, s);
	back = http_decode(a, wire_slice(&form), true);
	must(back != NULL && slice_is(s, back), "form: another text");
	back = http_decode(a, wire_slice(&percent), false);
	must(back != NULL && slice_is(s, back), "percent: another text");
}

static void
check_forms(struct slice query, struct arena *a)
{
	struct http_pairs pairs;
	json_t *form = wire_form_decode(query);

	if (http_parse_query(a, query, &pairs)) {
		check_pairs(&pairs, HTTP_QUERY_MAX);
		for (size_t i = 0; form != NULL && i < pairs.n; i++) {
			const char *theirs;

			if (pairs.v[i].name[0] == '\0')
				continue;
			theirs = json_string_value(json_object_get(form, pairs.v[i].name));

			must(theirs != NULL &&
				     strcmp(theirs, http_pair_get(&pairs, pairs.v[i].name)) == 0,
			     "the drivers read another \"%s\"", pairs.v[i].name);
		}
	}
	json_decref(form);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice s = {(const char *)data, n}, path, query;
	const char *blank = n > 0 ? memchr(s.p, ' ', s.n) : NULL, *mark;
	struct arena a = {0};
	char *method;

	for (size_t i = 0; i < ARRAY_LEN(routes); i++)
		must(http_route_is_sound(&routes[i]), "route %zu", i);
	if (blank == NULL)
		return 0;
	method = xmemdup0(s.p, (size_t)(blank - s.p));
	s = (struct slice){blank + 1, n - (size_t)(blank + 1 - s.p)};
	mark = s.n > 0 ? memchr(s.p, '?', s.n) : NULL;
	path = fuzz_copy((struct slice){s.p, mark != NULL ? (size_t)(mark - s.p) : s.n});
	query = fuzz_copy(mark != NULL ? (struct slice){mark + 1, s.n - path.n - 1}
				       : (struct slice){NULL, 0});
	check_route(method, path, &a);
	check_forms(query, &a);
	check_encoded(path, &a);
	free(method);
	free((char *)path.p);
	free((char *)query.p);
	arena_free(&a);
	return 0;
}
