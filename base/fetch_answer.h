/* SPDX-License-Identifier: MIT */
/*
 * Collects one HTTP answer, line by line and piece by piece, and judges whether
 * it is complete. Inside of the HTTP client, for base/fetch.c only; it knows
 * bytes and RFC 9110/9112, no sockets.
 *
 * Complete means that the end was announced and seen: Content-Length bytes, the
 * last chunk, the end of an HTTP/2 stream, or a status that has no body. A body
 * that is delimited by the end of the connection only is never complete, since
 * an end and a truncation look the same.
 */
#pragma once

#include "base/fetch.h"

#define ANSWER_HEADERS_MAX 64
#define ANSWER_HEAD_MAX (16 * 1024)

struct answer_span {
	uint32_t at, n; /* in head */
};

struct answer {
	bool is_head_request; /* the answer to HEAD has no body, whatever it announces */
	size_t body_max;
	int status; /* 0 = no status line yet */
	bool is_http2;
	bool is_head_over;
	bool is_chunked, has_coding;
	int64_t length;	  /* announced; -1 = not */
	size_t head_seen; /* bytes of all lines: interim answers and trailers count too */
	struct buf head;  /* names and values of the last head */
	struct {
		struct answer_span name, value;
	} spans[ANSWER_HEADERS_MAX];
	size_t count;
	struct buf body;
	char why[120]; /* what is wrong with it; "" = nothing so far */
};

void answer_init(struct answer *a, bool is_head_request, size_t body_max);
void answer_clear(struct answer *a);
/* One line with its line end. False = go no further; why says it. */
bool answer_add_line(struct answer *a, struct slice line);
bool answer_add_body(struct answer *a, struct slice piece);
/*
 * To be asked when the transfer below ended well, which includes that the last
 * chunk or the end of the stream was seen. False = why says it.
 */
bool answer_is_complete(struct answer *a);
/* Views into a; out has room for ANSWER_HEADERS_MAX. Gives their number. */
size_t answer_headers(const struct answer *a, struct fetch_header *out);
