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
 * nothing and are not shown.
 *
 * No redirects, no cookies, no environment proxies, no queue inside: the caller
 * starts no more than it has connections for.
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
	const char *why;    /* of the others; "" = none */
	int64_t elapsed_us; /* since departure (or start, if it never departed) */
};

struct fetch_request {
	const char *method;	 /* "POST", "GET" */
	const char *url;	 /* http:// or https:// */
	const char *unix_socket; /* connect here instead; NULL = by the URL */
	const struct fetch_header *headers;
	size_t header_count;
	struct slice body; /* copied */
	int64_t connect_timeout_ms;
	int64_t timeout_ms; /* of the whole, from start */
	size_t body_max;    /* a longer answer is NO_ANSWER; 0 = 64 KiB */
	bool (*on_depart)(
		void *arg); /* NULL = always yes. Not the place to start or cancel transfers */
	void (*on_answer)(void *arg, const struct fetch_answer *a);
	void *arg;
};

struct fetch_options {
	const char *user_agent;
	size_t connections_max; /* kept open over all hosts */
	bool is_http_allowed;	/* false: https only */
	bool is_http2_allowed;	/* over https; requests then share a connection, and its loss */
	const char *ca_file;	/* NULL = the system's */
};

struct fetch *fetch_new(struct loop *l, const struct fetch_options *o);
/* Pending callbacks run first (ABORTED, or NO_ANSWER when departed). */
void fetch_free(struct fetch *f);

/* Everything in r is copied. */
struct fetch_transfer *fetch_start(struct fetch *f, const struct fetch_request *r);
/* The callback runs at the end of the turn: ABORTED when nothing departed, else NO_ANSWER. */
void fetch_cancel(struct fetch_transfer *t);
/* Transfers whose callback has not run. */
size_t fetch_pending(const struct fetch *f);
