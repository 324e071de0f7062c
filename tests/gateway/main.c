/* SPDX-License-Identifier: MIT */
/*
 * gateway: a third-party SMS gateway to try senders against. See
 * tests/gateway/README.md; gateway.h says which file does what. One libevent
 * loop; after each of its turns the ledger is written, then answers leave.
 */
#include "tests/gateway/gateway.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static void
on_request(void *ctx, const struct asked *q, struct reply *r)
{
	static const struct {
		const char *path;
		enum dialect dialect;
	} dialects[] = {
		{"/send", DIALECT_SEND},
		{"/batch", DIALECT_BATCH},
		{"/bulk", DIALECT_BULK},
	};
	struct gateway *g = ctx;

	for (size_t i = 0; i < 3; i++) {
		if (strcmp(q->path, dialects[i].path) != 0)
			continue;
		if (strcmp(q->method, "POST") == 0) {
			desk_take(g, dialects[i].dialect, q, r);
			return;
		}
		r->status = 405;
		answer_error(r, CODE_TEXT, "only POST");
		return;
	}
	if (esms_show(g, q, r) || page_show(g, q, r))
		return;
	r->status = 404;
	answer_error(r, CODE_TEXT, "no such address");
}

static void
before_answers(void *ctx)
{
	struct gateway *g = ctx;

	ledger_flush(&g->ledger);
}

static void
on_end(evutil_socket_t number, short what, void *ctx)
{
	struct gateway *g = ctx;

	(void)number;
	(void)what;
	event_base_loopbreak(g->base);
}

/* ---- start ---- */

static _Noreturn void
usage(const char *argument, const char *why)
{
	fprintf(stderr, "gateway: %s: %s\nTry --help.\n", argument, why);
	exit(2);
}

static void
read_arguments(struct settings *s, int argc, char **argv)
{
	char name[64];
	const char *why, *value, *equals;
	const struct option *o;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			options_help(stdout);
			exit(0);
		}
		if (strncmp(argv[i], "--", 2) != 0)
			usage(argv[i], "flags begin with --");
		equals = strchr(argv[i], '=');
		snprintf(name, sizeof(name), "%.*s",
			 (int)(equals == NULL ? strlen(argv[i]) : (size_t)(equals - argv[i])) - 2,
			 argv[i] + 2);
		o = option_find(name);
		if (o == NULL)
			usage(argv[i], "no such flag");
		if (equals != NULL)
			value = equals + 1;
		else if (option_is_switch(o))
			value = "on";
		else if (i + 1 < argc)
			value = argv[++i];
		else
			usage(argv[i], "a value is missing");
		if (!option_set(o, s, value, &why))
			usage(name, why);
	}
}

static void
write_port(const char *path, int port)
{
	FILE *f = path[0] == '\0' ? NULL : fopen(path, "we");

	if (path[0] == '\0')
		return;
	if (f == NULL || fprintf(f, "%d\n", port) < 0 || fclose(f) != 0)
		fail("cannot write %s", path);
}

/* The host as it was given, the port as it became. */
static void
announce(const struct gateway *g)
{
	int port = server_port(g->server);
	const char *colon = strrchr(g->settings.listen, ':');
	size_t n =
		colon == NULL ? strlen(g->settings.listen) : (size_t)(colon - g->settings.listen);

	write_port(g->settings.port_file, port);
	printf("gateway: listening on %.*s:%d\n", (int)n, g->settings.listen, port);
	fflush(stdout);
}

static void
allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void
run(struct gateway *g)
{
	while (!event_base_got_break(g->base)) {
		if (event_base_loop(g->base, EVLOOP_ONCE) < 0)
			fail("the event loop failed");
		ledger_flush(&g->ledger);
		server_end_turn(g->server);
	}
}

static void
end(struct gateway *g)
{
	server_close(g->server);
	receipts_free(g->receipts);
	ledger_close(&g->ledger);
	memory_free(&g->refs);
	memory_free(&g->texts);
	memory_free(&g->numbers);
	memory_free(&g->esms.requests);
	memory_free(&g->esms.texts);
	shelf_free(&g->esms.shelf);
	bytes_free(&g->esms.numbers);
	window_free(&g->offered);
	window_free(&g->admitted);
	request_free(&g->request);
	free(g->verdicts);
}

/* Timers count from when they are set, not from when the loop woke up: no answer is early. */
static struct event_base *
punctual_base(void)
{
	struct event_config *c = event_config_new();
	struct event_base *base;

	if (c == NULL)
		return NULL;
	event_config_set_flag(c, EVENT_BASE_FLAG_NO_CACHE_TIME | EVENT_BASE_FLAG_PRECISE_TIMER);
	base = event_base_new_with_config(c);
	event_config_free(c);
	return base;
}

int
main(int argc, char **argv)
{
	static struct gateway g;
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct event *term, *interrupt;

	options_default(&g.settings);
	read_arguments(&g.settings, argc, argv);
	sigaction(SIGPIPE, &ignore, NULL);
	allow_many_files();
	g.chance.state = (uint64_t)g.settings.seed;
	g.base = punctual_base();
	if (g.base == NULL)
		fail("no event loop");
	history_read(&g);
	ledger_open(&g.ledger, g.settings.ledger);
	g.receipts = receipts_new(g.base, &g.settings, &g.ledger);
	g.server = server_open(g.base, &g.settings,
			       (struct server_hooks){on_request, before_answers, &g});
	term = evsignal_new(g.base, SIGTERM, on_end, &g);
	interrupt = evsignal_new(g.base, SIGINT, on_end, &g);
	event_add(term, NULL);
	event_add(interrupt, NULL);
	announce(&g);
	run(&g);
	end(&g);
	event_free(term);
	event_free(interrupt);
	event_base_loop(g.base, EVLOOP_NONBLOCK); /* frees what was closed */
	event_base_free(g.base);
	libevent_global_shutdown();
	return 0;
}
