/* SPDX-License-Identifier: MIT */
#include "dispatcher/exchange.h"

struct fetch_request
exchange_request(const struct http_request *r, struct arena *a)
{
	struct fetch_header *headers = arena_alloc(a, (r->header_count + 1) * sizeof(*headers));

	for (size_t i = 0; i < r->header_count; i++)
		headers[i] = (struct fetch_header){r->headers[i].name, r->headers[i].value};
	return (struct fetch_request){
		.method = r->method,
		.url = r->url,
		.headers = headers,
		.header_count = r->header_count,
		.body = r->body,
		.body_max = 1u << 20,
	};
}

struct http_answer
exchange_answer(const struct fetch_answer *f, struct arena *a)
{
	struct header *headers = arena_alloc(a, (f->header_count + 1) * sizeof(*headers));

	for (size_t i = 0; i < f->header_count; i++)
		headers[i] = (struct header){f->headers[i].name, f->headers[i].value};
	return (struct http_answer){
		.status = f->status,
		.headers = headers,
		.header_count = f->header_count,
		.body = f->body,
	};
}
