/* SPDX-License-Identifier: MIT */
/*
 * The watcher: looks every few seconds for what needs a person. What it looks at, what it raises and
 * ends, is one step in Redis (dispatcher/lua/alerts.lua), so any number of processes of the role
 * `schedule` do it together as one would.
 */
#pragma once

#include "base/fetch.h"
#include "dispatcher/config.h"
#include "dispatcher/store/engine.h"

/* One alert, as its record in Redis says. */
struct alert {
	int64_t id;
	json_t *record; /* owned by whoever asked for it */
	const char *kind, *object, *name, *detail, *by;
	int64_t unit;
	/* unix times, s; 0 = not so */
	int64_t since, seen, acked, over, told_s;
	int64_t n, sms, hook; /* repetitions: begun, told by message, told by post */
};
/* False: it is no record. The strings live as long as a.record (json_decref). */
bool alert_read(int64_t id, struct slice json, struct alert *out);

struct watcher;
struct watcher *watcher_new(struct engine *e, struct fetch *f, const struct config *c);
void watcher_free(struct watcher *w);
void watcher_set_config(struct watcher *w, const struct config *c);
void watcher_open(struct watcher *w);
void watcher_shut(struct watcher *w);
/* How many were open when this process looked last; -1 = it has not yet. */
int64_t watcher_open_alerts(const struct watcher *w);
