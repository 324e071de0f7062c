/* SPDX-License-Identifier: MIT */
/*
 * Inside of the HTTP server, for dispatcher/api/http.c (sockets, connections,
 * what is refused before a handler) and dispatcher/api/http_exchange.c (what
 * handlers see, answers, streams) only.
 *
 * Who frees a request of evhttp: evhttp itself once the answer was given; we,
 * when the client left before (closecb takes it over with evhttp_request_own).
 */
#pragma once

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include "dispatcher/api/http_route.h"

struct evconnlistener;

enum exchange_state { EXCHANGE_HELD, EXCHANGE_STREAM, EXCHANGE_ENDED };

struct http_exchange {
	struct loop *loop;
	struct http_server *server;	 /* NULL = gone, or the server is */
	struct evhttp_connection *evcon; /* NULL = the client is gone */
	struct evhttp_request *req;
	struct http_exchange *prev, *next; /* of the server, while evcon is there */
	enum exchange_state state;
	const struct http_route *route; /* NULL = none fitted */
	struct http_pairs params, query;
	const char *method, *raw_query;
	struct slice body;
	char id[65];
	char peer[48];
	const void *who; /* of authorise */
	bool is_head;
	bool is_local;
	bool is_cut;	  /* the timer will close the connection */
	bool is_in_close; /* evhttp is closing the connection right now */
	int status;
	int64_t began_us;
	void (*on_gone)(struct http_exchange *x, void *arg);
	void *gone_arg;
	void (*on_room)(struct http_exchange *x, void *arg);
	void *room_arg;
	struct timer
		timer; /* cuts the connection, frees x when it could not be at once, or tells HEAD of room */
	struct arena arena;
};

/* The TCP side or the unix side: an evhttp each, so a request knows where it came in. */
struct http_side {
	struct http_side *next; /* of those that listen */
	struct http_server *server;
	struct evhttp *evhttp;		 /* NULL = this side is not used */
	struct evconnlistener *listener; /* evhttp's; NULL = closed */
	struct timer again;		 /* listens again after descriptors ran out */
};

struct http_server {
	struct loop *loop;
	struct http_options o; /* strings are ours */
	struct http_side tcp, local;
	int port;
	dev_t socket_dev; /* of our socket file */
	ino_t socket_ino;
	struct http_exchange *exchanges; /* connected ones: held, streams, answers on their way */
	struct http_gauges gauges;
	struct evbuffer *scratch;
	bool is_answering; /* what is written now is ours, not an error page of evhttp */
	bool is_closing;
	struct timer closing; /* the deadline, then the end */
	void (*on_closed)(void *arg);
	void *closed_arg;
};

/* Look at the request, find its route, ask the handler or refuse. */
void http_exchange_start(struct http_side *side, struct evhttp_request *req);
/* Append the problem body of e. id NULL = none. */
void http_add_problem(struct buf *out, int status, const struct err_ctx *e, const char *id);
const char *http_status_title(int status);
/* The last exchange of a closing server has gone. */
void http_server_drained(struct http_server *s);
