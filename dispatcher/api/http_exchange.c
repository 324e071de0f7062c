/* SPDX-License-Identifier: MIT */
/*
 * An exchange: one request and its answer. It is linked to its server while
 * the client is connected; when the client leaves (closecb) it loses server
 * and connection and lives on for its owner alone.
 *
 *   HELD ──answer──▶ ENDED ──all bytes left (on_complete), or closecb──▶ freed
 *     └─begin─▶ STREAM ─end─▲
 *   HELD or STREAM ──closecb──▶ gone ──answer, end──▶ freed
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "dispatcher/api/http_inside.h"

#define STREAM_READ_MAX 16384 /* what a client says during a stream is not read further */

/* ---- life ---- */

static void
free_exchange(struct http_exchange *x)
{
	timer_disarm(x->loop, &x->timer);
	arena_free(&x->arena);
	loop_free_later(x->loop, x);
}

/* Gone and released: the request is ours since closecb. */
static void
free_gone(struct http_exchange *x)
{
	evhttp_request_free(x->req);
	free_exchange(x);
}

static void
on_timer(struct timer *t, void *arg)
{
	struct http_exchange *x = arg;

	(void)t;
	if (x->evcon == NULL) {
		if (x->state == EXCHANGE_ENDED)
			free_gone(x);
	} else if (x->is_cut) {
		evhttp_connection_free(x->evcon); /* on_close does the rest */
	} else if (x->state == EXCHANGE_STREAM && x->on_room != NULL) {
		x->on_room(x, x->room_arg);
	}
}

static void
unlink_exchange(struct http_exchange *x)
{
	struct http_server *s = x->server;

	if (x->prev != NULL)
		x->prev->next = x->next;
	else
		s->exchanges = x->next;
	if (x->next != NULL)
		x->next->prev = x->prev;
	x->evcon = NULL;
	x->server = NULL;
	if (s->is_closing && s->exchanges == NULL)
		http_server_drained(s);
}

/* The state is left for ENDED: once per exchange. */
static void
end_state(struct http_exchange *x)
{
	if (x->state == EXCHANGE_ENDED)
		fatalx("http: request=%s was ended twice", x->id);
	if (x->server != NULL) {
		x->server->gauges.held--;
		x->server->gauges.streams -= x->state == EXCHANGE_STREAM;
	}
	x->state = EXCHANGE_ENDED;
}

/* The client left or the connection is cut; evhttp frees the connection after this. */
static void
on_close(struct evhttp_connection *evcon, void *arg)
{
	struct http_exchange *x = arg;
	struct http_server *s = x->server;

	(void)evcon;
	loop_touch(x->loop);
	timer_disarm(x->loop, &x->timer);
	if (x->state == EXCHANGE_ENDED && !x->is_cut) {
		/* evhttp frees the request with the connection */
		unlink_exchange(x);
		free_exchange(x);
		return;
	}
	evhttp_request_own(x->req);
	if (x->state == EXCHANGE_ENDED) {
		unlink_exchange(x);
		timer_arm_us(x->loop, &x->timer, 0);
		return;
	}
	s->gauges.gone++;
	s->gauges.held--;
	s->gauges.streams -= x->state == EXCHANGE_STREAM;
	unlink_exchange(x);
	x->is_in_close = true;
	if (x->on_gone != NULL)
		x->on_gone(x, x->gone_arg);
	x->is_in_close = false;
}

/* The last byte of the answer has left. */
static void
on_complete(struct evhttp_request *req, void *arg)
{
	struct http_exchange *x = arg;

	(void)req;
	loop_touch(x->loop);
	evhttp_connection_set_closecb(x->evcon, NULL, NULL);
	unlink_exchange(x);
	free_exchange(x);
}

/* An ended exchange without a client. */
static void
release_gone(struct http_exchange *x)
{
	if (x->is_in_close) /* evhttp still has the request in its hands */
		timer_arm_us(x->loop, &x->timer, 0);
	else
		free_gone(x);
}

/* ---- from request to handler ---- */

static const char *
method_name(enum evhttp_cmd_type type)
{
	static const struct {
		enum evhttp_cmd_type type;
		const char *name;
	} names[] = {
		{EVHTTP_REQ_GET, "GET"}, {EVHTTP_REQ_HEAD, "HEAD"},   {EVHTTP_REQ_POST, "POST"},
		{EVHTTP_REQ_PUT, "PUT"}, {EVHTTP_REQ_PATCH, "PATCH"}, {EVHTTP_REQ_DELETE, "DELETE"},
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].type == type)
			return names[i].name;
	return "OPTIONS";
}

/* The peer of our unix socket is our own user or root. */
static bool
is_own_peer(struct evhttp_connection *evcon)
{
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(evcon));
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static void
set_id(struct http_exchange *x)
{
	const char *given = http_header(x, "X-Request-Id");
	size_t n = given != NULL ? strlen(given) : 0;

	if (n > 0 && n < sizeof(x->id) &&
	    strspn(given, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n)
		memcpy(x->id, given, n + 1);
	else
		random_hex(x->id, 6);
}

static void
set_peer(struct http_exchange *x, bool is_unix)
{
	const char *said = http_header(x, "X-Forwarded-For"), *last;
	const char *address = NULL;
	ev_uint16_t port;
	size_t n;

	if (!is_unix)
		evhttp_connection_get_peer(x->evcon, (char **)&address, &port);
	snprintf(x->peer, sizeof(x->peer), "%s", address != NULL ? address : "socket");
	if (said == NULL ||
	    (!is_unix && strcmp(x->peer, "127.0.0.1") != 0 && strcmp(x->peer, "::1") != 0))
		return;
	last = strrchr(said, ',');
	last = last != NULL ? last + 1 : said;
	last += strspn(last, " ");
	n = strspn(last, "0123456789abcdefABCDEF.:");
	if (n > 0 && n < sizeof(x->peer) && last[n] == '\0')
		memcpy(x->peer, last, n + 1);
}

static struct http_exchange *
new_exchange(struct http_side *side, struct evhttp_request *req)
{
	struct http_server *s = side->server;
	struct http_exchange *x = xcalloc(1, sizeof(*x));
	struct evbuffer *in = evhttp_request_get_input_buffer(req);

	x->loop = s->loop;
	x->server = s;
	x->req = req;
	x->evcon = evhttp_request_get_connection(req);
	x->next = s->exchanges;
	if (x->next != NULL)
		x->next->prev = x;
	s->exchanges = x;
	s->gauges.held++;
	timer_init(&x->timer, on_timer, x);
	x->began_us = clock_mono_us();
	x->method = method_name(evhttp_request_get_command(req));
	x->is_head = strcmp(x->method, "HEAD") == 0;
	x->is_local = side == &s->local && is_own_peer(x->evcon);
	x->raw_query = "";
	x->body.n = evbuffer_get_length(in);
	x->body.p = x->body.n > 0 ? (const char *)evbuffer_pullup(in, -1) : "";
	set_id(x);
	set_peer(x, side == &s->local);
	evhttp_connection_set_closecb(x->evcon, on_close, x);
	return x;
}

/* Answered here; false says so. */
static bool
find_route(struct http_exchange *x)
{
	const struct http_options *o = &x->server->o;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(x->req);
	const char *path = evhttp_uri_get_path(uri), *query = evhttp_uri_get_query(uri);
	struct buf allow = {0};
	struct err_ctx e;
	enum http_found found;

	if (query != NULL)
		x->raw_query = query;
	found = http_route_find(o->routes, o->route_count, x->method,
				slice_of(path != NULL && path[0] != '\0' ? path : "/"), &x->arena,
				&x->route, &x->params, &allow);
	if (found == HTTP_FOUND &&
	    !http_parse_query(&x->arena, slice_of(x->raw_query), &x->query)) {
		err_set(&e, ERR_USAGE, "query", "", "is malformed or has more than %d parameters",
			HTTP_QUERY_MAX);
		http_answer_problem(x, 400, &e);
		found = HTTP_BAD_PATH;
	} else if (found == HTTP_BAD_PATH) {
		err_set(&e, ERR_USAGE, "path", "", "is malformed or too long");
		http_answer_problem(x, 400, &e);
	} else if (found == HTTP_NO_PATH) {
		err_set(&e, ERR_NOT_FOUND, "path", "", "nothing has this path");
		http_answer_problem(x, 404, &e);
	} else if (found == HTTP_NO_METHOD) {
		http_set_header(x, "Allow", allow.data);
		err_set(&e, ERR_USAGE, x->method, "", "this path takes %s only", allow.data);
		http_answer_problem(x, 405, &e);
	}
	buf_free(&allow);
	return found == HTTP_FOUND;
}

/* RFC 9112, section 6.1: two lengths are an attack or a mistake. Some libevents let it pass. */
static bool
check_framing(struct http_exchange *x)
{
	struct err_ctx e;

	if (http_header(x, "Content-Length") == NULL || http_header(x, "Transfer-Encoding") == NULL)
		return true;
	http_set_header(x, "Connection", "close");
	err_set(&e, ERR_USAGE, "request", "send one of them",
		"has both Content-Length and Transfer-Encoding");
	http_answer_problem(x, 400, &e);
	return false;
}

static bool
check_load(struct http_exchange *x)
{
	struct http_server *s = x->server;
	struct err_ctx e;

	if (!s->is_closing && s->gauges.held <= s->o.exchanges_max)
		return true;
	err_set(&e, ERR_UNREACHABLE, "server", "try again in a moment",
		s->is_closing ? "is shutting down" : "has too many requests in hand");
	http_set_header(x, "Retry-After", "1");
	http_answer_error(x, &e);
	return false;
}

static void
handle(struct http_exchange *x)
{
	struct err_ctx e;

	if (x->route->body_max > 0 && x->body.n > x->route->body_max) {
		err_set(&e, ERR_INPUT, "body", "send less", "has more than %zu bytes",
			x->route->body_max);
		http_answer_problem(x, 413, &e);
		return;
	}
	x->route->handle(x, x->server->o.arg);
}

void
http_admit(struct http_exchange *x)
{
	if (x->state != EXCHANGE_HELD)
		fatalx("http: request=%s was answered, then admitted", x->id);
	if (x->evcon != NULL) {
		handle(x);
		return;
	}
	/* nobody waits for it, and nothing was done yet */
	end_state(x);
	release_gone(x);
}

void
http_exchange_start(struct http_side *side, struct evhttp_request *req)
{
	struct http_exchange *x = new_exchange(side, req);
	const struct http_options *o = &x->server->o;
	const char *given;

	if (!check_load(x) || !check_framing(x) || !find_route(x))
		return;
	if (!x->route->needs_auth) {
		handle(x);
		return;
	}
	given = http_header(x, "Authorization");
	if (given == NULL || strncasecmp(given, "Bearer ", 7) != 0)
		given = "Bearer ";
	if (o->authorise == NULL)
		http_answer_unauthorised(x, NULL);
	else
		o->authorise(o->arg, x, slice_trim(slice_of(given + 7)));
}

/* ---- what the client asked ---- */

const char *
http_param(const struct http_exchange *x, const char *name)
{
	return http_pair_get(&x->params, name);
}

const char *
http_query(const struct http_exchange *x, const char *name)
{
	return http_pair_get(&x->query, name);
}

const char *
http_raw_query(const struct http_exchange *x)
{
	return x->raw_query;
}

const char *
http_header(const struct http_exchange *x, const char *name)
{
	return evhttp_find_header(evhttp_request_get_input_headers(x->req), name);
}

struct slice
http_body(const struct http_exchange *x)
{
	return x->body;
}

const char *
http_method(const struct http_exchange *x)
{
	return x->method;
}

bool
http_is_local(const struct http_exchange *x)
{
	return x->is_local;
}

const char *
http_peer(const struct http_exchange *x)
{
	return x->peer;
}

const struct http_route *
http_route(const struct http_exchange *x)
{
	return x->route;
}

void *
http_room(struct http_exchange *x, size_t n)
{
	return memset(arena_alloc(&x->arena, n), 0, n);
}

void
http_set_who(struct http_exchange *x, const void *who)
{
	x->who = who;
}

const void *
http_who(const struct http_exchange *x)
{
	return x->who;
}

bool
http_is_gone(const struct http_exchange *x)
{
	return x->evcon == NULL || x->is_cut;
}

void
http_on_gone(struct http_exchange *x, void (*cb)(struct http_exchange *, void *), void *arg)
{
	x->on_gone = cb;
	x->gone_arg = arg;
}

/* ---- the answer ---- */

void
http_set_header(struct http_exchange *x, const char *name, const char *value)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(x->req);

	evhttp_remove_header(headers, name);
	if (evhttp_add_header(headers, name, value) != 0)
		fatalx("http: header %s has a line break", name);
}

static void
set_default_header(struct http_exchange *x, const char *name, const char *value)
{
	if (evhttp_find_header(evhttp_request_get_output_headers(x->req), name) == NULL)
		http_set_header(x, name, value);
}

/* Count, log, and set what every answer has. */
static void
begin_answer(struct http_exchange *x, int status, const char *content_type)
{
	int64_t ms = (clock_mono_us() - x->began_us) / 1000;
	const char *path = x->route != NULL ? x->route->path : "-";

	if (status < 200 || status > 599)
		fatalx("http: status %d is none of an answer", status);
	x->status = status;
	if (status >= 500)
		log_warn("request=%s method=%s route=%s status=%d ms=%lld", x->id, x->method, path,
			 status, (long long)ms);
	else
		log_debug("request=%s method=%s route=%s status=%d ms=%lld", x->id, x->method, path,
			  status, (long long)ms);
	if (x->evcon == NULL)
		return;
	x->server->gauges.answered[status / 100]++;
	if (content_type != NULL)
		http_set_header(x, "Content-Type", content_type);
	http_set_header(x, "X-Request-Id", x->id);
	set_default_header(x, "Cache-Control", "no-store");
	set_default_header(x, "X-Content-Type-Options", "nosniff");
	if (x->server->is_closing)
		http_set_header(x, "Connection", "close");
}

void
http_answer_buf(struct http_exchange *x, int status, const char *content_type, struct slice body)
{
	struct http_server *s = x->server;
	char length[24];

	if (x->state != EXCHANGE_HELD)
		fatalx("http: request=%s was answered twice", x->id);
	begin_answer(x, status, content_type);
	end_state(x);
	if (x->evcon == NULL) {
		release_gone(x);
		return;
	}
	if (status != 204 && status != 304) {
		snprintf(length, sizeof(length), "%zu", body.n);
		http_set_header(x, "Content-Length", length);
		if (!x->is_head && evbuffer_add(s->scratch, body.p, body.n) != 0)
			fatalx("http: no memory");
	}
	evhttp_request_set_on_complete_cb(x->req, on_complete, x);
	s->is_answering = true;
	evhttp_send_reply(x->req, status, http_status_title(status), s->scratch);
	s->is_answering = false;
	/* a client that has said all it wants and closed its half still gets the answer */
	bufferevent_disable(evhttp_connection_get_bufferevent(x->evcon), EV_READ);
}

void
http_answer_json(struct http_exchange *x, int status, json_t *v)
{
	struct buf b = {0};

	json_add_value(&b, v);
	json_decref(v);
	http_answer_buf(x, status, "application/json", buf_slice(&b));
	buf_free(&b);
}

void
http_answer_error(struct http_exchange *x, const struct err_ctx *e)
{
	http_answer_problem(x, err_http_status(e->code), e);
}

void
http_answer_problem(struct http_exchange *x, int status, const struct err_ctx *e)
{
	struct buf b = {0};

	http_add_problem(&b, status, e, x->id);
	http_answer_buf(x, status, "application/problem+json", buf_slice(&b));
	buf_free(&b);
}

void
http_answer_unauthorised(struct http_exchange *x, const char *why)
{
	struct err_ctx e;

	/* RFC 6750, section 3 */
	http_set_header(x, "WWW-Authenticate",
			why != NULL ? "Bearer realm=\"loa\", error=\"invalid_token\""
				    : "Bearer realm=\"loa\"");
	err_set(&e, ERR_REFUSED, "Authorization", "send the header Authorization: Bearer TOKEN",
		"%s", why != NULL ? why : "a token is needed");
	http_answer_problem(x, 401, &e);
}

/* ---- streams ---- */

void
http_stream_begin(struct http_exchange *x, int status, const char *content_type)
{
	struct http_server *s = x->server;
	struct bufferevent *bev;
	struct timeval idle;

	if (x->state != EXCHANGE_HELD)
		fatalx("http: request=%s was answered twice", x->id);
	begin_answer(x, status, content_type);
	x->state = EXCHANGE_STREAM;
	if (x->evcon == NULL)
		return;
	s->gauges.streams++;
	http_set_header(x, "Connection", "close");
	s->is_answering = true;
	evhttp_send_reply_start(x->req, status, http_status_title(status));
	s->is_answering = false;
	/* evhttp reads now, to notice a client that leaves: silence is fine, a flood is not read */
	bev = evhttp_connection_get_bufferevent(x->evcon);
	idle = (struct timeval){s->o.idle_ms / 1000, s->o.idle_ms % 1000 * 1000};
	bufferevent_set_timeouts(bev, NULL, &idle);
	bufferevent_setwatermark(bev, EV_READ, 0, STREAM_READ_MAX);
}

size_t
http_stream_behind(const struct http_exchange *x)
{
	if (x->evcon == NULL)
		return 0;
	return evbuffer_get_length(
		bufferevent_get_output(evhttp_connection_get_bufferevent(x->evcon)));
}

static void
cut(struct http_exchange *x)
{
	x->is_cut = true;
	timer_arm_us(x->loop, &x->timer, 0);
}

/* evhttp: all that was written has left. */
static void
on_drained(struct evhttp_connection *evcon, void *arg)
{
	struct http_exchange *x = arg;

	(void)evcon;
	loop_touch(x->loop);
	if (x->on_room != NULL && !x->is_cut)
		x->on_room(x, x->room_arg);
}

bool
http_stream_write(struct http_exchange *x, struct slice text)
{
	struct http_server *s = x->server;

	if (x->state != EXCHANGE_STREAM)
		fatalx("http: request=%s is no stream", x->id);
	if (http_is_gone(x))
		return false;
	if (http_stream_behind(x) + text.n > HTTP_STREAM_MAX) {
		cut(x);
		return false;
	}
	if (x->is_head) { /* written at once, to nowhere */
		timer_arm_us(x->loop, &x->timer, 0);
		return true;
	}
	if (evbuffer_add(s->scratch, text.p, text.n) != 0)
		fatalx("http: no memory");
	s->is_answering = true;
	evhttp_send_reply_chunk_with_cb(x->req, s->scratch, on_drained, x);
	s->is_answering = false;
	return true;
}

void
http_stream_on_room(struct http_exchange *x, void (*cb)(struct http_exchange *, void *), void *arg)
{
	x->on_room = cb;
	x->room_arg = arg;
}

void
http_stream_end(struct http_exchange *x)
{
	struct http_server *s = x->server;

	if (x->state != EXCHANGE_STREAM)
		fatalx("http: request=%s is no stream", x->id);
	end_state(x);
	if (x->evcon == NULL) {
		release_gone(x);
		return;
	}
	if (x->is_cut)
		return; /* the timer closes, then frees */
	evhttp_request_set_on_complete_cb(x->req, on_complete, x);
	s->is_answering = true;
	evhttp_send_reply_end(x->req); /* may free x */
	s->is_answering = false;
}

void
http_stream_abort(struct http_exchange *x)
{
	if (x->state != EXCHANGE_STREAM)
		fatalx("http: request=%s is no stream", x->id);
	end_state(x);
	if (x->evcon == NULL)
		release_gone(x);
	else
		cut(x);
}
