/* SPDX-License-Identifier: MIT */
/*
 * Paths and queries of HTTP requests: percent-decoding (RFC 3986), the query's
 * form (WHATWG application/x-www-form-urlencoded) and the match against the
 * route table. Pure; strings live in the caller's arena.
 */
#pragma once

#include "base/mem.h"
#include "dispatcher/api/http.h"

#define HTTP_SEGMENTS_MAX 24
#define HTTP_PARAMS_MAX 8
#define HTTP_PARAM_BYTES 1024 /* of one decoded parameter */
#define HTTP_QUERY_MAX 64     /* name=value pairs */

struct http_pair {
	const char *name, *value;
};

struct http_pairs {
	struct http_pair *v; /* in the arena */
	size_t n;
};

/* Decode s; NULL when it is malformed, has a NUL or is no UTF-8. */
const char *http_decode(struct arena *a, struct slice s, bool plus_is_blank);
/* False when a pair is malformed or there are too many. */
bool http_parse_query(struct arena *a, struct slice query, struct http_pairs *out);
/* The first value of name; NULL = none. */
const char *http_pair_get(const struct http_pairs *pairs, const char *name);

enum http_found {
	HTTP_FOUND,
	HTTP_NO_PATH,
	HTTP_NO_METHOD, /* allow holds the methods, "GET, HEAD, POST" */
	HTTP_BAD_PATH,	/* malformed or too long */
};

/* path is raw. HEAD fits rows of GET. */
enum http_found http_route_find(const struct http_route *routes, size_t count, const char *method,
				struct slice path, struct arena *a, const struct http_route **out,
				struct http_pairs *params, struct buf *allow);
/* Is this row of the table one that http_route_find understands? A bug otherwise. */
bool http_route_is_sound(const struct http_route *r);
