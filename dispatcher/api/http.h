/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server on the loop (evhttp underneath, which this header does not
 * speak of). A request that fits a route becomes an exchange and is handed to
 * the route's handler; the handler answers at once or keeps the exchange and
 * answers from a later callback, which is the normal case.
 *
 * The one rule: whoever holds an exchange ends it exactly once, by one
 * http_answer_… or by http_stream_end, also when the client has left meanwhile
 * or the server was closed; until then everything read from it (body,
 * parameters, headers) stays valid. The answer to a client that left is
 * dropped.
 *
 *          authorise           http_admit        http_answer_…
 *   request ──────▶ held: may it? ──────▶ held by its handler ──────▶ ended
 *      │                  └─ http_answer_…    │ http_stream_begin       ▲
 *      │                     401 403 404      └──▶ stream ── http_stream_end
 *      └─ 400 404 405 413 501 503 by this layer
 *
 * What goes wrong before a handler is asked is answered here, as every error
 * is: as a problem body (RFC 9457) with our own members code, what, todo, line
 * and column beside the standard ones. No TLS, no compression, no CORS: a
 * proxy stands in front where the server is not on loopback; it also keeps
 * clients away that send a byte now and then.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "base/loop.h"

struct http_server;
struct http_exchange;

#define HTTP_STREAM_MAX (1u << 20) /* bytes a stream may be behind */

/*
 * One row of the table; the first that fits is taken, so literal segments stand
 * before parameters. Everything here is checked by http_server_new.
 */
struct http_route {
	/* "GET" (HEAD comes with it), "POST", "PUT", "PATCH", "DELETE" */
	const char *method;
	/*
	 * "/api/v1/lists/{name}": a parameter is one segment, never empty. A last
	 * segment "{name*}" takes the rest of the path, which may be empty and has
	 * no "." or ".." in it.
	 */
	const char *path;
	bool needs_auth;
	/* For authorise, not looked at here: one of these rights, and what it names (guard.h). */
	unsigned needs, guard;
	/* For gateways: the path holds a secret, so there is no auth beside it. */
	bool is_hook;
	size_t body_max; /* 0 = the server's; not more than that */
	void (*handle)(struct http_exchange *x, void *arg);
};

struct http_options {
	/* "127.0.0.1:8088", "[::1]:8088", "localhost:0"; port 0 = any. NULL = no TCP */
	const char *listen;
	/*
	 * Path of a socket file, made with mode 0600 and removed at the end. One
	 * that a dead server left is replaced; one that answers is not. NULL = none
	 */
	const char *unix_socket;
	size_t body_max;      /* 0 = 8 MiB */
	size_t header_max;    /* request line and headers; 0 = 16 KiB */
	int64_t idle_ms;      /* without a byte read or taken; 0 = 60 s. Streams may be silent */
	size_t exchanges_max; /* held at once, more get 503; 0 = 1024 */

	const struct http_route *routes;
	size_t route_count;
	void *arg; /* of handlers and authorise */

	/*
	 * Who asks, by this token (n 0 = none was shown), and may they? Asked for
	 * each request of a route with needs_auth, local ones too. It holds the
	 * exchange: at once or later it calls http_admit, or it answers. NULL = nobody may.
	 */
	void (*authorise)(void *arg, struct http_exchange *x, struct slice token);
};

/*
 * Options and strings are copied, the route table is not. Errors: ERR_USAGE for
 * an address or path that cannot be, ERR_SYSTEM for one that is in use or may
 * not be bound.
 */
MUST_CHECK enum err http_server_new(struct loop *l, const struct http_options *o,
				    struct http_server **out, struct err_ctx *e);
/* The TCP port, also when 0 was asked for; 0 = no TCP. */
int http_server_port(const struct http_server *s);
/*
 * Stop accepting, refuse new requests with 503, wait for the held exchanges
 * and unread answers at most deadline_ms, then cut what is left. on_closed runs
 * once, never inside this call; s is gone when it runs.
 */
void http_server_close(struct http_server *s, int64_t deadline_ms, void (*on_closed)(void *arg),
		       void *arg);
/*
 * Cut everything now: on_gone callbacks run inside, on_closed of a close too.
 * Not from a handler or a callback of an exchange. NULL is fine.
 */
void http_server_free(struct http_server *s);

struct http_gauges {
	uint64_t answered[6]; /* [2] = answers 200..299 …; [0] is not used */
	uint64_t gone;	      /* clients that left before their answer was given */
	size_t held;	      /* exchanges that wait for their owners, streams included */
	size_t streams;
};
const struct http_gauges *http_server_gauges(const struct http_server *s);

/* ---- what the client asked ---- */

/* A `{name}` of the route, percent-decoded: well-formed UTF-8 without NUL. NULL = no such one. */
const char *http_param(const struct http_exchange *x, const char *name);
/* The first value of `name` in the query, decoded the same way; "" for a bare name. NULL = absent. */
const char *http_query(const struct http_exchange *x, const char *name);
/* The query as it came, "" = none. */
const char *http_raw_query(const struct http_exchange *x);
/* The first header of that name (any case); NULL = absent. */
const char *http_header(const struct http_exchange *x, const char *name);
struct slice http_body(const struct http_exchange *x);
const char *http_method(const struct http_exchange *x);
/* Came over the unix socket from our own user or root. */
bool http_is_local(const struct http_exchange *x);
/*
 * Whose request it is: the other end's address, "socket" of the unix side. What a proxy on this machine
 * says last in X-Forwarded-For is believed.
 */
const char *http_peer(const struct http_exchange *x);
const struct http_route *http_route(const struct http_exchange *x);
/* Zeroed memory that lives as long as x. */
void *http_room(struct http_exchange *x, size_t n);
/* What authorise learned of who asks; NULL until set. Not looked at here. */
void http_set_who(struct http_exchange *x, const void *who);
const void *http_who(const struct http_exchange *x);
/* The client has left, or the server was cut: the answer will be dropped. */
bool http_is_gone(const struct http_exchange *x);

/*
 * Call cb when the client leaves before the exchange is ended: at most once,
 * never inside a call of the owner. It may end the exchange. A client that
 * leaves is noticed on streams; before an answer only when the server cuts.
 */
void http_on_gone(struct http_exchange *x, void (*cb)(struct http_exchange *x, void *arg),
		  void *arg);

/*
 * Of authorise: the request may be handled. Its handler is asked inside of this call; not if its
 * client has left meanwhile, and not for a body that is too long. x is the handler's then, or gone.
 */
void http_admit(struct http_exchange *x);

/* ---- the answer: x is gone after each of these ---- */

/* Of authorise: 401 with the challenge of RFC 6750; why is what the token is, NULL = none was shown. */
void http_answer_unauthorised(struct http_exchange *x, const char *why);

/* Takes v. */
void http_answer_json(struct http_exchange *x, int status, json_t *v);
/* content_type NULL with an empty body: for 204 and 304. */
void http_answer_buf(struct http_exchange *x, int status, const char *content_type,
		     struct slice body);
/* The problem body of e, with the status of its code. */
void http_answer_error(struct http_exchange *x, const struct err_ctx *e);
/* The same with another status: 401, 410, 429 … */
void http_answer_problem(struct http_exchange *x, int status, const struct err_ctx *e);

/* Before the answer: one more header. A value with a line break is a bug. */
void http_set_header(struct http_exchange *x, const char *name, const char *value);

/* ---- streams: event streams and long downloads ---- */

void http_stream_begin(struct http_exchange *x, int status, const char *content_type);
/*
 * Append. False: the client is gone, or this would put it more than
 * HTTP_STREAM_MAX behind: then nothing was written and the client is cut in
 * the next turn. The owner still ends the exchange.
 */
bool http_stream_write(struct http_exchange *x, struct slice s);
/* Bytes that were written and did not leave yet. */
size_t http_stream_behind(const struct http_exchange *x);
/* For downloads: call cb each time all that was written has left. */
void http_stream_on_room(struct http_exchange *x, void (*cb)(struct http_exchange *x, void *arg),
			 void *arg);
/* Ends the exchange; what is behind still goes out. */
void http_stream_end(struct http_exchange *x);
/* Ends the exchange by cutting it, so that the client knows that it is incomplete. */
void http_stream_abort(struct http_exchange *x);
