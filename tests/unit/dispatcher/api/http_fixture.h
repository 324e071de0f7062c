/* SPDX-License-Identifier: MIT */
/* A small HTTP server, its handlers, and a client that is a raw socket in the same process. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/http.h"
#include "tests/unit/turn.h"

struct fixture {
	struct loop *loop;
	struct http_server *server;
	struct http_exchange *held;
	struct http_exchange *asked; /* waits for its admission */
	char dir[64], socket[96];
	struct buf seen; /* what the handler saw */
	int gone, rooms, closed, handled;
	bool ends_when_gone;
};

static struct fixture fx;

/* ---- handlers ---- */

static inline void
on_ping(struct http_exchange *x, void *arg)
{
	assert_ptr_equal(arg, &fx);
	fx.handled++;
	http_answer_json(x, 200, json_pack("{s:b}", "pong", 1));
}

static inline void
on_echo(struct http_exchange *x, void *arg)
{
	(void)arg;
	fx.handled++;
	http_answer_buf(x, 200, "text/plain", http_body(x));
}

static inline const char *
or_none(const char *s)
{
	return s != NULL ? s : "(none)";
}

static inline void
on_show(struct http_exchange *x, void *arg)
{
	(void)arg;
	buf_reset(&fx.seen);
	buf_addf(&fx.seen, "%s name=%s q=%s bare=%s raw=%s key=%s local=%d", http_method(x),
		 or_none(http_param(x, "name")), or_none(http_query(x, "q")),
		 or_none(http_query(x, "bare")), http_raw_query(x),
		 or_none(http_header(x, "idempotency-key")), http_is_local(x));
	http_answer_buf(x, 200, "text/plain", buf_slice(&fx.seen));
}

static inline void
on_later(struct http_exchange *x, void *arg)
{
	(void)arg;
	assert_null(fx.held);
	fx.held = x;
}

static inline void
on_gone(struct http_exchange *x, void *arg)
{
	assert_ptr_equal(arg, &fx);
	assert_true(http_is_gone(x));
	fx.gone++;
	if (fx.ends_when_gone) {
		http_stream_end(x);
		fx.held = NULL;
	}
}

static inline void
on_stream(struct http_exchange *x, void *arg)
{
	fx.held = x;
	http_on_gone(x, on_gone, arg);
	http_stream_begin(x, 200, "text/event-stream");
	assert_true(http_stream_write(x, SLICE(": hello\n\n")));
}

static inline void
on_fail(struct http_exchange *x, void *arg)
{
	struct err_ctx e;

	(void)arg;
	err_set(&e, ERR_INPUT, "mẫu.txt", "close the tag", "unknown placeholder \"ten\"");
	e.line = 3;
	e.column = 14;
	http_answer_error(x, &e);
}

static inline void
on_nothing(struct http_exchange *x, void *arg)
{
	(void)arg;
	http_set_header(x, "X-Next", "/ping");
	http_answer_buf(x, 204, NULL, (struct slice){0});
}

static inline void
on_peer(struct http_exchange *x, void *arg)
{
	(void)arg;
	http_answer_buf(x, 200, "text/plain", slice_of(http_peer(x)));
}

static inline void
on_file(struct http_exchange *x, void *arg)
{
	(void)arg;
	http_answer_buf(x, 200, "text/plain", slice_of(http_param(x, "path")));
}

static inline void
on_secret(struct http_exchange *x, void *arg)
{
	(void)arg;
	fx.handled++;
	http_answer_json(x, 200, json_pack("{s:s}", "user", (const char *)http_who(x)));
}

/* "s3cret" is known at once; "later" is kept in fx.asked; over the socket nothing is needed. */
static inline void
authorise(void *arg, struct http_exchange *x, struct slice token)
{
	char *who = http_room(x, 8);

	assert_ptr_equal(arg, &fx);
	assert_null(http_who(x));
	assert_int_equal(who[0] + who[7], 0);
	snprintf(who, 8, "%s", http_is_local(x) ? "local" : "alice");
	http_set_who(x, who);
	if (slice_is(token, "later")) {
		assert_null(fx.asked);
		fx.asked = x;
	} else if (http_is_local(x) || slice_is(token, "s3cret")) {
		http_admit(x);
	} else {
		http_answer_unauthorised(x, token.n > 0 ? "the token is wrong" : NULL);
	}
}

static const struct http_route routes[] = {
	{.method = "GET", .path = "/ping", .handle = on_ping},
	{.method = "POST", .path = "/echo", .handle = on_echo},
	{.method = "GET", .path = "/lists/all", .handle = on_ping},
	{.method = "GET", .path = "/lists/{name}", .handle = on_show},
	{.method = "DELETE", .path = "/lists/{name}", .handle = on_nothing},
	{.method = "GET", .path = "/later", .handle = on_later},
	{.method = "GET", .path = "/stream", .handle = on_stream},
	{.method = "GET", .path = "/peer", .handle = on_peer},
	{.method = "GET", .path = "/fail", .handle = on_fail},
	{.method = "GET", .path = "/files/{path*}", .handle = on_file},
	{.method = "GET", .path = "/secret", .needs_auth = true, .handle = on_secret},
	{.method = "POST",
	 .path = "/secret",
	 .needs_auth = true,
	 .body_max = 64,
	 .handle = on_secret},
	{.method = "POST",
	 .path = "/hooks/receipt/{provider}/{token}",
	 .is_hook = true,
	 .body_max = 64,
	 .handle = on_echo},
};

/* ---- a client ---- */

struct client {
	int fd;
	struct buf in;
	bool is_over; /* the server closed */
};

static inline struct client
client_tcp(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)http_server_port(fx.server)),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct client c = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

	assert_int_equal(connect(c.fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(fcntl(c.fd, F_SETFL, O_NONBLOCK), 0);
	return c;
}

static inline struct client
client_unix(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct client c = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", fx.socket);
	assert_int_equal(connect(c.fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(fcntl(c.fd, F_SETFL, O_NONBLOCK), 0);
	return c;
}

static inline void
client_read(struct client *c)
{
	ssize_t n;

	while ((n = recv(c->fd, buf_reserve(&c->in, 65536), 65536, 0)) > 0)
		c->in.len += (size_t)n;
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		c->is_over = true;
	buf_addc(&c->in, '\0');
	c->in.len--;
}

static inline void
client_say_n(struct client *c, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(c->fd, text, n, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			return; /* the server has closed: the test sees it */
		if (sent > 0) {
			text += sent;
			n -= (size_t)sent;
		}
		client_read(c);
		loop_turn(fx.loop, 0);
	}
}

static inline void
client_say(struct client *c, const char *text)
{
	client_say_n(c, text, strlen(text));
}

static inline size_t
count(const char *text, const char *part)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, part)) != NULL; p += strlen(part))
		n++;
	return n;
}

static inline bool
has(struct client *c, const char *part)
{
	client_read(c);
	return strstr(c->in.data, part) != NULL;
}

static inline bool
is_over(struct client *c)
{
	client_read(c);
	return c->is_over;
}

/* A whole answer with Content-Length stands in c->in; returns its body. */
static inline const char *
client_answer(struct client *c)
{
	int64_t end_ms = clock_mono_ms() + 20000;

	while (clock_mono_ms() < end_ms) {
		const char *head_end, *length;

		client_read(c);
		head_end = strstr(c->in.data, "\r\n\r\n");
		length = strcasestr(c->in.data, "\r\ncontent-length: ");
		if (head_end != NULL && (length == NULL || length > head_end))
			return head_end + 4;
		if (head_end != NULL &&
		    strlen(head_end + 4) >= (size_t)strtoul(length + 18, NULL, 10))
			return head_end + 4;
		loop_turn(fx.loop, 10);
	}
	fail_msg("no answer: %s", c->in.data);
	return "";
}

static inline void
client_close(struct client *c)
{
	close(c->fd);
	buf_free(&c->in);
}

/* One request on a connection of its own; the answer is compared and forgotten. */
static inline void
expect(const char *request, const char *status_line, const char *body)
{
	struct client c = client_tcp();
	const char *got;

	client_say(&c, request);
	got = client_answer(&c);
	if (strncmp(c.in.data, status_line, strlen(status_line)) != 0)
		fail_msg("%.60s: wanted %s, got %.200s", request, status_line, c.in.data);
	if (body != NULL)
		assert_string_equal(got, body);
	client_close(&c);
}

/* A problem body with this status and code; returns nothing that lives. */
static inline void
expect_problem(const char *request, size_t n, int status, const char *code, const char *header)
{
	struct client c = client_tcp();
	struct err_ctx e;
	json_t *v = NULL;
	const char *body;

	client_say_n(&c, request, n);
	body = client_answer(&c);
	assert_non_null(strstr(c.in.data, "Content-Type: application/problem+json\r\n"));
	if (header != NULL && strstr(c.in.data, header) == NULL)
		fail_msg("no %s in %s", header, c.in.data);
	assert_int_equal(strtol(c.in.data + 9, NULL, 10), status);
	assert_int_equal(json_parse(slice_of(body), 65536, "body", &v, &e), ERR_OK);
	assert_string_equal(json_string_value(json_object_get(v, "type")), "about:blank");
	assert_int_equal(json_integer_value(json_object_get(v, "status")), status);
	assert_string_equal(json_string_value(json_object_get(v, "code")), code);
	assert_true(json_string_length(json_object_get(v, "title")) > 0);
	assert_true(json_string_length(json_object_get(v, "detail")) > 0);
	json_decref(v);
	client_close(&c);
}

#define PROBLEM(request, status, code, header) \
	expect_problem(request, strlen(request), status, code, header)
#define END " HTTP/1.1\r\nHost: loa\r\n\r\n"

/* ---- set up ---- */

static inline struct http_options
options(void)
{
	return (struct http_options){.listen = "127.0.0.1:0",
				     .unix_socket = fx.socket,
				     .body_max = 100000,
				     .routes = routes,
				     .route_count = ARRAY_LEN(routes),
				     .arg = &fx,
				     .authorise = authorise};
}

static inline int
set_up(void **state)
{
	struct http_options o;
	struct err_ctx e;

	(void)state;
	random_init();
	fx = (struct fixture){.dir = "/tmp/loa-http-XXXXXX"};
	if (mkdtemp(fx.dir) == NULL)
		return -1;
	snprintf(fx.socket, sizeof(fx.socket), "%s/api.sock", fx.dir);
	fx.loop = loop_new();
	o = options();
	return http_server_new(fx.loop, &o, &fx.server, &e) == ERR_OK ? 0 : -1;
}

static inline int
tear_down(void **state)
{
	(void)state;
	http_server_free(fx.server);
	loop_turn(fx.loop, 0);
	loop_turn(fx.loop, 0);
	loop_free(fx.loop);
	buf_free(&fx.seen);
	unlink(fx.socket);
	return rmdir(fx.dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
