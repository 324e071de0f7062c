/* SPDX-License-Identifier: MIT */
/*
 * What one job runs on: a Redis, the proxy before it, a gateway, and the server under
 * torture, in a folder of their own. They stay from job to job; after a job that failed
 * the rig is taken down and made anew. All of them die with this process.
 *
 *   server ──▶ proxy ──▶ Redis          server ⇄ gateway (HTTP both ways)
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "tests/torture/bytes.h"
#include "tests/torture/proxy.h"

enum dialect {
	DIALECT_PLAIN,	/* takes a message as often as it comes; reports are pushed */
	DIALECT_DEDUPE, /* knows references again, and the server knows that */
	DIALECT_POLLED, /* that of eSMS.vn: knows references again; reports must be asked for */
	DIALECTS,
};

const char *dialect_name(enum dialect d);

struct rig {
	const char *build; /* the folder of loa and gateway */
	char folder[200];
	enum dialect dialect;
	pid_t redis, proxy, gateway, loa;
	struct proxy_control *proxy_control;
	int gateway_port, loa_port;
	char token[80];
	unsigned jobs; /* done; numbers of people and names come from it */
};

/* Ends the program when the machine does not let it. */
void rig_open(struct rig *r);
void rig_close(struct rig *r);
/* The server under torture: begin it (false: it did not serve in time), kill it. */
bool rig_start_server(struct rig *r);
void rig_kill_server(struct rig *r);
/* Everything in it, and the token. Not while the server works. */
void rig_empty_redis(struct rig *r);
/* Has it ended by itself? */
bool rig_has_lost_server(struct rig *r);
/* A path in its folder; one at a time. */
const char *rig_path(const struct rig *r, const char *name);
/* A line of Redis's own protocol, inline; the answer (a status, a number, a text) as it comes. False: none
 * did. */
bool rig_ask_redis(const struct rig *r, const char *line, char *out, size_t cap);
/* POST /control of the gateway, or GET it with body NULL. */
void rig_gateway_control(const struct rig *r, const char *body, struct bytes *out);
