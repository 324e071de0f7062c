/* SPDX-License-Identifier: MIT */
/*
 * Between the server and its Redis: passes everything on, counts the commands, and
 * makes one of them fail.
 *
 * A command is one request of a client, on whichever connection, greetings and
 * subscriptions too. The invariant: but for the one that fails, each command is
 * forwarded once, in order, and each reply is delivered once, in order; replies of
 * earlier commands are delivered before a connection is closed.
 *
 * It is a process of its own; whoever makes it fail shares this struct with it.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum proxy_kind {
	PROXY_CLOSE,   /* closed instead of forwarded: surely not executed */
	PROXY_SWALLOW, /* forwarded; closed instead of answered: executed */
	PROXY_ERROR,   /* answered with an error instead of forwarded */
	PROXY_SLOW,    /* the answer comes later than a permit may be old */
	PROXY_HOLD,    /* the answer comes later than the server waits for it */
	PROXY_KINDS,
};

struct proxy_control {
	atomic_uint count; /* commands since it was armed */
	atomic_uint at;	   /* the one that fails; 0 = none */
	atomic_uint kind;
	atomic_uint error; /* of PROXY_ERROR: which, counted through */
	atomic_uint fired;
	atomic_uint again; /* of PROXY_ERROR: the same command came again */
	atomic_uint cut;   /* raised by one: all connections are closed, the count begins again */
	atomic_uint life;  /* the run id that INFO shows is changed by this; 0 = as it is */
	char what[64];	   /* the command that failed: its function, else its name */
};

const char *proxy_kind_name(enum proxy_kind k);
/* The text of an error, as Redis itself says it. */
const char *proxy_error_text(unsigned error);

/* Shared memory; lives as long as the program. */
struct proxy_control *proxy_control_new(void);
/* A child that dies with this process. Listening when this returns. */
pid_t proxy_start(struct proxy_control *c, const char *listen_path, const char *redis_path);
