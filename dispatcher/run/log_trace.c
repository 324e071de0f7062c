/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/log_trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "dispatcher/store/keys.h"

#define WINDOW 512		  /* lines asked for at a time */
#define LINE_BYTES_MAX (1u << 20) /* of a line that is read */

struct log_reading {
	struct engine *engine;
	uint64_t run;
	struct log_place places[LOG_TRACE_MAX];
	char marks[LOG_TRACE_MAX][16]; /* "[RANK," */
	size_t count;
	struct log_trace_callbacks cbs;
	int64_t at, total; /* lines */
};

static void
reading_end(struct log_reading *g, const struct err_ctx *e)
{
	g->cbs.on_done(g->cbs.arg, e);
	free(g);
}

static const char *
text_of(const json_t *v)
{
	const char *s = json_string_value(v);

	return s != NULL ? s : "";
}

/* ["answer" or another word, partition, [[rank, attempt, id, code], …], seconds, tariff] */
static void
read_line(struct log_reading *g, size_t of, const json_t *v)
{
	const json_t *at = json_array_get(v, 3), *tariff = json_array_get(v, 4);
	struct log_event ev = {.of = of,
			       .at_s = json_is_integer(at) ? json_integer_value(at) : -1,
			       .tariff = json_is_integer(tariff) ? (int)json_integer_value(tariff)
								 : -1};
	json_t *one;
	size_t i;

	if (!json_is_array(json_array_get(v, 2)) ||
	    json_integer_value(json_array_get(v, 1)) != (json_int_t)g->places[of].p)
		return;
	ev.is_answer = strcmp(text_of(json_array_get(v, 0)), "answer") == 0;
	json_array_foreach (json_array_get(v, 2), i, one) {
		json_int_t attempt = json_integer_value(json_array_get(one, 1));

		if (json_integer_value(json_array_get(one, 0)) != (json_int_t)g->places[of].rank ||
		    attempt < 0 || attempt > ATTEMPTS_MAX)
			continue;
		ev.attempt = (unsigned)attempt;
		ev.id = text_of(json_array_get(one, 2));
		ev.code = text_of(json_array_get(one, 3));
		g->cbs.on_event(g->cbs.arg, &ev);
	}
}

static void
look_at_line(struct log_reading *g, struct slice line)
{
	json_t *v = NULL;

	if (line.n > LINE_BYTES_MAX)
		return;
	for (size_t i = 0; i < g->count; i++) {
		if (memmem(line.p, line.n, g->marks[i], strlen(g->marks[i])) == NULL)
			continue;
		if (v == NULL)
			v = json_loadb(line.p, line.n, 0, NULL);
		if (v != NULL)
			read_line(g, i, v);
	}
	json_decref(v);
}

static void ask(struct log_reading *g);

static void
on_lines(void *arg, const struct reply *r)
{
	struct log_reading *g = arg;
	struct err_ctx e;

	if (r->kind != REPLY_ARRAY) {
		reply_fail(r, &e);
		reading_end(g, &e);
		return;
	}
	for (size_t i = 0; i < r->count; i++)
		look_at_line(g, reply_item(r, i)->str);
	g->at += (int64_t)r->count;
	if (r->count < WINDOW || g->at >= g->total ||
	    (g->cbs.on_progress != NULL &&
	     !g->cbs.on_progress(g->cbs.arg, (uint64_t)g->at, (uint64_t)g->total)))
		reading_end(g, NULL);
	else
		ask(g);
}

static void
ask(struct log_reading *g)
{
	char key[KEY_MAX], from[24], to[24];
	struct slice v[4] = {SLICE("LRANGE")};

	snprintf(from, sizeof(from), "%lld", (long long)g->at);
	snprintf(to, sizeof(to), "%lld", (long long)(g->at + WINDOW - 1));
	v[1] = slice_of(key_run(key, g->run, key_prefix_log));
	v[2] = slice_of(from);
	v[3] = slice_of(to);
	redis_command(engine_bulk(g->engine), v, 4, on_lines, g);
}

/* As long as it is now: what comes meanwhile is left. */
static void
on_length(void *arg, const struct reply *r)
{
	struct log_reading *g = arg;
	struct err_ctx e;

	if (r->kind != REPLY_INTEGER) {
		reply_fail(r, &e);
		reading_end(g, &e);
		return;
	}
	g->total = r->integer;
	if (g->total == 0)
		reading_end(g, NULL);
	else
		ask(g);
}

void
log_trace(struct engine *e, uint64_t run, const struct log_place *places, size_t count,
	  const struct log_trace_callbacks *cbs)
{
	struct log_reading *g = xcalloc(1, sizeof(*g));
	char key[KEY_MAX];
	struct slice v[2] = {SLICE("LLEN")};

	g->engine = e;
	g->run = run;
	g->count = count < LOG_TRACE_MAX ? count : LOG_TRACE_MAX;
	for (size_t i = 0; i < g->count; i++) {
		g->places[i] = places[i];
		snprintf(g->marks[i], sizeof(g->marks[i]), "[%u,", places[i].rank);
	}
	g->cbs = *cbs;
	v[1] = slice_of(key_run(key, run, key_prefix_log));
	redis_command(engine_bulk(e), v, 2, on_length, g);
}
