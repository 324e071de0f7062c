/* SPDX-License-Identifier: MIT */
/*
 * HTTP client on the loop: requests go out, results come back; the header does
 * not speak of the library below. The callback of a request runs exactly once
 * and never before fetch_start returned, on cancel and shutdown too.
 *
 * The one rule: `departed` tells whether bytes may have left. `on_depart` is
 * asked at the last moment before they do and may say no; it is asked at most
 * once, and a second attempt on another connection, which the library below
 * makes by itself when a kept connection dies, is aborted. So !departed = surely
 * not sent; departed without a complete answer = in doubt. Byte counts prove
 * nothing and are not shown. Kept connections that the server gave up are found
 * just before they would be used, so that this doubt is rare; a close that
 * crosses the request on the wire remains.
 *
 * An answer is complete when its end was announced and seen: Content-Length
 * bytes, the last chunk, the end of an HTTP/2 stream, or no body by status (204,
 * 304) or method (HEAD). A body that ends with the connection only is NO_ANSWER:
 * it may be cut. So are an answer of more than 64 headers or 16 KiB of them, and
 * one that is not HTTP. A complete answer to a request that was still being
 * sent (413) counts.
 *
 * HTTP/1.0 and 1.1, and 2 where it is allowed. No redirects, no cookies, no
 * environment proxies, no queue inside: the caller starts no more than it has
 * connections for.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/loop.h"

struct fetch;
struct fetch_transfer;

struct fetch_header {
	struct slice name, value;
};

enum fetch_result {
	FETCH_DONE,	 /* a complete, well-formed answer */
	FETCH_NO_ANSWER, /* time-out, reset, truncated, too large, not HTTP …; why says it */
	FETCH_ABORTED,	 /* on_depart said no, or cancelled */
};

/* Valid only inside the callback. */
struct fetch_answer {
	enum fetch_result result;
	bool departed; /* bytes may have left */
	int status;    /* of DONE */
	const struct fetch_header *headers;
	size_t header_count;
	struct slice body;
	const char *why;    /* of the others: words for a person */
	int64_t elapsed_us; /* since departure (or start, if it never departed) */
};

struct fetch_request {
	const char *method;	 /* "POST", "GET", … */
	const char *url;	 /* http:// or https:// */
	const char *unix_socket; /* connect here instead; NULL = by the URL */
	/* Not Content-Length, Transfer-Encoding, Expect. Content-Type only if given here. */
	const struct fetch_header *headers;
	size_t header_count;
	struct slice body;
	int64_t connect_timeout_ms; /* 0 = 10 s */
	int64_t timeout_ms;	    /* of the whole, from start; 0 = 30 s, at most an hour */
	size_t body_max;	    /* a longer answer is NO_ANSWER; 0 = 64 KiB */
	/*
	 * Pieces of the body as they come, instead of collecting it (body_max does not
	 * count); false ends the transfer, as NO_ANSWER. Not the place to start or
	 * cancel transfers. NULL = the whole body comes with on_answer.
	 */
	bool (*on_data)(void *arg, int status, struct slice piece);
	/* May the bytes leave? Not the place to start or cancel transfers. NULL = always yes. */
	bool (*on_depart)(void *arg);
	void (*on_answer)(void *arg, const struct fetch_answer *a);
	void *arg;
};

struct fetch_options {
	const char *user_agent; /* NULL = none is sent */
	size_t connections_max; /* kept open over all hosts; 0 = 16 */
	int64_t idle_ms;	/* one that was not used for so long is closed; 0 = 50 s */
	bool is_http_allowed;	/* false: https only */
	bool is_http2_allowed;	/* over https; requests then share a connection, and its loss */
	const char *ca_file;	/* NULL = the system's */
};

/* Never NULL. Strings are copied. */
struct fetch *fetch_new(struct loop *l, const struct fetch_options *o);
/*
 * Runs the pending callbacks first (ABORTED, or NO_ANSWER when departed), also
 * of what they start. Not from inside a callback of this f.
 */
void fetch_free(struct fetch *f);

/*
 * Everything in r is copied. Never NULL, and dead once its callback returned.
 * A request that cannot be sent as it is ends as NO_ANSWER, not departed.
 */
struct fetch_transfer *fetch_start(struct fetch *f, const struct fetch_request *r);
/* The callback runs at the end of the turn: ABORTED when nothing departed, else NO_ANSWER. */
void fetch_cancel(struct fetch_transfer *t);
/* Transfers whose callback has not run. */
size_t fetch_pending(const struct fetch *f);
/* Connections that stand, used or kept. */
size_t fetch_connections(const struct fetch *f);
