/* SPDX-License-Identifier: MIT */
/*
 * The server process: makes the parts, ties them together, and takes them down
 * in order. One libevent loop; nothing in it blocks after start.
 *
 *   STARTING → UP → WORKING ⇄ SHUT (Redis is away) → DRAINING → STOPPED
 *
 * UP: the API answers, receipts are taken. WORKING: messages are sent, too; after
 * a restart of Redis that begins a lease later.
 *
 * TERM drains: no new claims, what is on the wire is awaited, leases are given
 * back, the embedded Redis is asked to stop. A second TERM stops at once; what
 * is on the wire then counts as in doubt. HUP reads the configuration again; at
 * midnight what it holds for a day is made for the next (midnight.h).
 */
#pragma once

#include "base/fetch.h"
#include "dispatcher/campaign/campaign.h"
#include "dispatcher/campaign/alarm.h"
#include "dispatcher/campaign/alerts.h"
#include "dispatcher/config.h"
#include "dispatcher/erase/erase.h"
#include "dispatcher/midnight.h"
#include "dispatcher/receive/poll.h"
#include "dispatcher/receive/receipts.h"
#include "dispatcher/run/keeper.h"
#include "dispatcher/send/sender.h"

#define TOKEN_BYTES 20 /* of the administrator's token, which is shown as hex digits */

enum role { ROLE_API = 1, ROLE_SCHEDULE = 2, ROLE_SEND = 4, ROLE_RECEIVE = 8, ROLE_ALL = 15 };

struct daemon_options {
	const char *config_path; /* NULL = defaults */
	const char *data;	 /* overrides the configuration; NULL = does not */
	const char *listen;
	unsigned roles; /* of enum role */
	bool is_demo;	/* a sandbox, and something to try (demo/demo.h) */
};

struct api;
struct demo;

/* What the parts of the process share; made in daemon.c, handed down. */
struct daemon {
	struct daemon_options o;
	struct loop *loop;
	struct config *config;
	struct config **retired; /* replaced by HUP, still used by requests under way */
	size_t retired_count;
	struct redisd *redisd; /* NULL = a Redis of one's own */
	struct engine *engine;
	struct fetch *fetch;
	struct run_views *views;
	struct sender *sender; /* NULL without the role */
	struct eraser *eraser;
	struct keeper *keeper;	   /* NULL without the role */
	struct alarm *alarm;	   /* NULL without the role */
	struct watcher *watcher;   /* NULL without the role schedule */
	struct receipts *receipts; /* NULL without the role */
	struct poller *poller;	   /* NULL without the role receive */
	struct api *api;	   /* NULL without the roles api and receive */
	struct demo *demo;	   /* NULL without --demo */
	bool is_up;		   /* Redis is there, the keys are known */
	bool is_working;	   /* messages may be sent */
	bool is_draining, is_stopping;
	bool has_said_ready;
	char new_token[2 * TOKEN_BYTES + 1]; /* if this installation is new; "" = not asked yet */
	uint8_t new_key[REFERENCE_KEY_BYTES];
	bool has_keys; /* install_key and token_hash are known, for good */
	uint8_t install_key[REFERENCE_KEY_BYTES];
	uint8_t token_hash[16]; /* of the administrator's token */
	int64_t lists_locked;	/* whose last day of use is over, when it was last looked at */
	bool has_looked_at_lists;
	int64_t backup_s; /* when the last complete backup was taken; 0 = never */
	struct timer drain, deadline;
	struct timer sweep; /* for libraries of other releases, once an hour */
	struct midnight midnight;
	int64_t started_ms;
};

/* Why nothing can be asked of it now: a literal. Only while it is not up. */
const char *daemon_why_down(const struct daemon *d);
/* Runs until it is told to stop; returns the exit code. */
int daemon_run(const struct daemon_options *o);
