/* SPDX-License-Identifier: MIT */
/*
 * An HTTP/1.1 server that can misbehave exactly. One request at a time on a
 * connection: what a client sends ahead waits until its answer has left. The
 * handler decides in struct reply what becomes of the answer, and when.
 *
 *   READING ──▶ WAITING ──▶ FINISHED ──▶ READING | CLOSING | gone
 *                  └──▶ HANGING
 *
 * WAITING = latency or early receipts; FINISHED = the fate is carried out at
 * the end of the turn, after `before_answers` was called once for all.
 */
#pragma once

#include <event2/event.h>

#include "tests/gateway/bytes.h"
#include "tests/gateway/hold.h"
#include "tests/gateway/options.h"

enum fate {
	FATE_ANSWER,
	FATE_RAW,   /* body is all that is sent; then closed */
	FATE_HALF,  /* the head and half of the body; then closed */
	FATE_FIN,   /* closed without an answer */
	FATE_RESET, /* RST without an answer */
	FATE_HANG,  /* nothing until the client goes */
	FATE_GONE,  /* RST for all connections; none is taken for a while */
};

struct asked {
	const char *method, *path;
	const char *query; /* behind the ?, NULL = none */
	const char *type;  /* Content-Type, "" = none */
	const char *key;
	struct text body;    /* may be changed */
	uint64_t connection; /* from 1 */
	uint64_t nth;	     /* request of this connection, from 1 */
};

/* Starts as 200, application/json, no body. */
struct reply {
	int status;
	const char *type;
	const char *headers; /* more lines, each with CRLF; NULL = none */
	struct bytes body;
	const char *file; /* send this file instead of body; NULL = no */
	enum fate fate;
	uint64_t wait_us;
	struct hold *hold; /* NULL = nothing to wait for; the server takes it */
};

struct server_hooks {
	void (*on_request)(void *ctx, const struct asked *q, struct reply *r);
	void (*before_answers)(void *ctx);
	void *ctx;
};

struct server;

/* Ends the program when it cannot listen. */
struct server *server_open(struct event_base *base, const struct settings *s,
			   struct server_hooks hooks);
int server_port(const struct server *s);
/* Carries out what the turn decided. Call after every turn of the loop. */
void server_end_turn(struct server *s);
uint64_t server_connections(const struct server *s);
uint64_t server_connections_open(const struct server *s);
void server_close(struct server *s);
