/* SPDX-License-Identifier: MIT */
/*
 * One connection to a receiver of receipts: posts a body or asks, waits for the
 * status, keeps the connection while the receiver does.
 */
#pragma once

#include <event2/event.h>
#include <sys/socket.h>

#include "tests/gateway/bytes.h"

/* http://HOST[:PORT][/PATH], resolved */
struct callback_url {
	char host[128]; /* with the port, as the Host header has it */
	char path[512];
	struct sockaddr_storage address;
	socklen_t address_bytes;
};

/* Resolves names with the system's resolver, which may block. false: why says what is wrong. */
bool callback_url_read(struct text url, struct callback_url *out, const char **why);

enum delivery {
	DELIVERY_TAKEN,	      /* 2xx */
	DELIVERY_REFUSED,     /* another status */
	DELIVERY_UNREACHABLE, /* no connection, or no answer */
};

struct courier;

/* on_done comes once for each post, never before courier_post returned; the courier is idle
 * then. */
struct courier *courier_new(struct event_base *base, const struct callback_url *url,
			    void (*on_done)(void *ctx, enum delivery d), void *ctx);
void courier_post(struct courier *c, struct text body);
/* The same with a GET: query is put behind the address, after ? or &. */
void courier_get(struct courier *c, const char *query);
void courier_free(struct courier *c);
