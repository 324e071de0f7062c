/* SPDX-License-Identifier: MIT */
/* A client, its loop and its server (fetch_server.h), and what came back for a request. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fetch.h"
#include "tests/unit/base/fetch_server.h"
#include "tests/unit/turn.h"

struct fixture {
	struct loop *loop;
	struct fetch *f;
	struct fetch_options o;
	pid_t server; /* 0 = none */
	int port;
	char dir[64], path[96];
	char url[128];
};

static struct fixture fx;

static void
fork_server(int listener)
{
	pid_t parent = getpid();

	fx.server = fork();
	assert_true(fx.server >= 0);
	if (fx.server > 0) {
		close(listener);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	serve(listener);
}

static int
listen_on(const struct sockaddr *a, socklen_t n)
{
	int fd = socket(a->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, a, n), 0);
	assert_int_equal(listen(fd, 64), 0);
	return fd;
}

static int
listen_on_tcp(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t n = sizeof(a);
	int fd;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = listen_on((struct sockaddr *)&a, n);
	getsockname(fd, (struct sockaddr *)&a, &n);
	fx.port = ntohs(a.sin_port);
	return fd;
}

static void
stop_server(void)
{
	if (fx.server == 0)
		return;
	kill(fx.server, SIGKILL);
	waitpid(fx.server, NULL, 0);
	fx.server = 0;
}

static int
set_up(void **state)
{
	(void)state;
	fx = (struct fixture){.dir = "/tmp/loa-fetch-XXXXXX"};
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (counts == MAP_FAILED || mkdtemp(fx.dir) == NULL)
		return -1;
	fork_server(listen_on_tcp());
	fx.loop = loop_new();
	fx.o = (struct fetch_options){
		.user_agent = "loa-test", .connections_max = 8, .is_http_allowed = true};
	fx.f = fetch_new(fx.loop, &fx.o);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	fetch_free(fx.f);
	loop_free(fx.loop);
	stop_server();
	munmap(counts, sizeof(*counts));
	return rmdir(fx.dir);
}

/* What came back for one request. */
struct outcome {
	int asked, calls;
	bool is_denied;
	enum fetch_result result;
	bool departed;
	int status;
	char body[70000];
	size_t body_len, headers;
	char why[300], kind[32];
	int64_t elapsed_us;
	struct fetch_transfer *t;
};

static bool
let_go(void *arg)
{
	struct outcome *out = arg;

	out->asked++;
	return !out->is_denied;
}

static void
keep(void *arg, const struct fetch_answer *a)
{
	struct outcome *out = arg;

	out->calls++;
	out->result = a->result;
	out->departed = a->departed;
	out->status = a->status;
	out->body_len = a->body.n;
	if (a->body.n > 0)
		memcpy(out->body, a->body.p, a->body.n);
	out->headers = a->header_count;
	for (size_t i = 0; i < a->header_count; i++)
		if (slice_is(a->headers[i].name, "X-Kind") || slice_is(a->headers[i].name, "X-A"))
			snprintf(out->kind, sizeof(out->kind), "%.*s", (int)a->headers[i].value.n,
				 a->headers[i].value.p);
	snprintf(out->why, sizeof(out->why), "%s", a->why);
	out->elapsed_us = a->elapsed_us;
}

static struct fetch_request
request_of(struct outcome *out, const char *path)
{
	snprintf(fx.url, sizeof(fx.url), "http://127.0.0.1:%d%s", fx.port, path);
	return (struct fetch_request){.method = "POST",
				      .url = fx.url,
				      .body = SLICE("{\"to\":\"84900000001\"}"),
				      .connect_timeout_ms = 5000,
				      .timeout_ms = 10000,
				      .on_depart = let_go,
				      .on_answer = keep,
				      .arg = out};
}

static void
start_request(struct outcome *out, const struct fetch_request *r)
{
	out->calls = out->asked = 0;
	out->t = fetch_start(fx.f, r);
	assert_non_null(out->t);
	assert_int_equal(out->calls, 0);
}

static void
run_request(struct outcome *out, const struct fetch_request *r)
{
	start_request(out, r);
	TURN_UNTIL(out->calls > 0);
	for (int i = 0; i < 3; i++)
		loop_turn(fx.loop, 0);
	assert_int_equal(out->calls, 1);
	assert_true(out->asked <= 1);
	assert_int_equal(fetch_pending(fx.f), 0);
}

static void
post(struct outcome *out, const char *path)
{
	struct fetch_request r = request_of(out, path);

	run_request(out, &r);
}

static void
assert_in_doubt(const struct outcome *out)
{
	assert_int_equal(out->result, FETCH_NO_ANSWER);
	assert_true(out->departed);
	assert_string_not_equal(out->why, "");
}

static void
assert_done(const struct outcome *out, int status, const char *body)
{
	assert_string_equal(out->why, "");
	assert_int_equal(out->result, FETCH_DONE);
	assert_true(out->departed);
	assert_int_equal(out->status, status);
	assert_int_equal(out->body_len, strlen(body));
	assert_memory_equal(out->body, body, strlen(body));
}
