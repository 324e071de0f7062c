/* SPDX-License-Identifier: MIT */
/* details_load_start of details.h: windows of the log, one reply a loop turn. */
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/run/details.h"
#include "dispatcher/store/keys.h"

#define WINDOW_BYTES 65536u /* what a reply should have: half a millisecond of work */
#define WINDOW_LINES_MAX 2048

struct details_load {
	struct engine *engine;
	uint64_t run;
	struct details *details; /* NULL = cancelled */
	details_cb cb;
	void *arg;
	int64_t at, end; /* lines; end is how many there were at the beginning */
	int64_t window;
};

static void
load_end(struct details_load *ld, const struct err_ctx *e)
{
	if (ld->details != NULL)
		ld->cb(ld->arg, e);
	free(ld);
}

static void
load_fail(struct details_load *ld, const struct reply *r)
{
	struct err_ctx e;

	reply_fail(r, &e);
	load_end(ld, &e);
}

static void ask(struct details_load *ld);

static void
on_lines(void *arg, const struct reply *r)
{
	struct details_load *ld = arg;
	struct err_ctx e;
	size_t bytes = 1, members = 0;

	if (ld->details == NULL || r->kind != REPLY_ARRAY) {
		load_fail(ld, r);
		return;
	}
	for (size_t i = 0; i < r->count; i++) {
		struct slice line = reply_item(r, i)->str;

		bytes += line.n;
		if (details_add(ld->details, line, &members, &e) != ERR_OK) {
			load_end(ld, &e);
			return;
		}
	}
	ld->at = r->count > 0 ? ld->at + (int64_t)r->count : ld->end;
	ld->window = (int64_t)(r->count * WINDOW_BYTES / bytes);
	ld->window = ld->window < 1		     ? 1
		     : ld->window > WINDOW_LINES_MAX ? WINDOW_LINES_MAX
						     : ld->window;
	ask(ld);
}

static void
ask(struct details_load *ld)
{
	struct argv a = {0};
	struct slice v[ARGV_MAX];
	int64_t last = ld->at + ld->window < ld->end ? ld->at + ld->window : ld->end;
	char key[KEY_MAX];

	if (ld->at >= ld->end) {
		load_end(ld, NULL);
		return;
	}
	argv_adds(&a, "LRANGE");
	argv_adds(&a, key_run(key, ld->run, key_prefix_log));
	argv_add_int(&a, ld->at);
	argv_add_int(&a, last - 1);
	redis_command(engine_redis(ld->engine), v, argv_slices(&a, v), on_lines, ld);
	argv_free(&a);
}

static void
on_length(void *arg, const struct reply *r)
{
	struct details_load *ld = arg;

	if (ld->details == NULL || r->kind != REPLY_INTEGER) {
		load_fail(ld, r);
		return;
	}
	ld->end = r->integer;
	ask(ld);
}

struct details_load *
details_load_start(struct engine *e, uint64_t run, struct details *d, details_cb cb, void *arg)
{
	struct details_load *ld = xcalloc(1, sizeof(*ld));
	char key[KEY_MAX];
	struct slice v[2] = {SLICE("LLEN"), {NULL, 0}};

	ld->engine = e;
	ld->run = run;
	ld->details = d;
	ld->cb = cb;
	ld->arg = arg;
	ld->window = 16;
	v[1] = slice_of(key_run(key, run, key_prefix_log));
	redis_command(engine_redis(e), v, 2, on_length, ld);
	return ld;
}

void
details_load_cancel(struct details_load *ld)
{
	ld->details = NULL; /* freed with the reply that is under way */
}
