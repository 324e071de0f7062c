/* SPDX-License-Identifier: MIT */
#include "tests/gateway/serve.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/gateway/head.h"
#include "tests/gateway/times.h"

#define READ_AHEAD 65536
#define LINGER_US (2 * SECOND)
#define GONE_US (300 * MS)

enum conn_state { READING, WAITING, FINISHED, HANGING, CLOSING };

struct conn {
	struct server *s;
	struct bufferevent *bev;
	evutil_socket_t fd;
	struct event *timer; /* latency, later the end of CLOSING */
	enum conn_state state;
	uint64_t number, requests;
	struct head head;
	bool has_head;	 /* of the request being read */
	bool is_kept;	 /* stays after the answer */
	bool has_marks;	 /* the read watermarks are those of a long body */
	bool is_waiting; /* for the timer */
	struct reply reply;
	TAILQ_ENTRY(conn) all, finished;
};

TAILQ_HEAD(conn_list, conn);

struct server {
	struct event_base *base;
	const struct settings *settings;
	struct server_hooks hooks;
	struct evconnlistener *listener;
	struct conn_list all, finished;
	size_t finished_count;
	uint64_t opened, open;
	struct event *back; /* listens again; NULL = it was never gone */
	int port;	    /* once it was gone */
	bool is_resting;    /* no descriptor was free: accepts again when a connection goes */
	struct bytes out;   /* heads of answers are put together here */
};

static void take_request(struct conn *c);

static void
drop_hold(struct conn *c)
{
	if (c->reply.hold == NULL)
		return;
	c->reply.hold->ctx = NULL;
	hold_unref(c->reply.hold);
	c->reply.hold = NULL;
}

static void
take_finished(struct conn *c)
{
	TAILQ_REMOVE(&c->s->finished, c, finished);
	c->s->finished_count--;
	c->state = WAITING;
}

static void
conn_free(struct conn *c)
{
	struct server *s = c->s;

	if (c->state == FINISHED)
		take_finished(c);
	TAILQ_REMOVE(&s->all, c, all);
	s->open--;
	if (s->is_resting)
		evconnlistener_enable(s->listener);
	s->is_resting = false;
	drop_hold(c);
	event_free(c->timer);
	bytes_free(&c->reply.body);
	bufferevent_free(c->bev);
	free(c);
}

/* ---- from request to fate ---- */

static void
finish_later(struct conn *c)
{
	c->state = FINISHED;
	TAILQ_INSERT_TAIL(&c->s->finished, c, finished);
	c->s->finished_count++;
}

static void
finish_if_ready(struct conn *c)
{
	if (c->state == WAITING && !c->is_waiting && c->reply.hold == NULL)
		finish_later(c);
}

static void
on_hold_released(void *ctx)
{
	struct conn *c = ctx;

	drop_hold(c);
	finish_if_ready(c);
}

static void
start_timer(struct conn *c, uint64_t us)
{
	struct timeval tv = {.tv_sec = (time_t)(us / SECOND),
			     .tv_usec = (suseconds_t)(us % SECOND)};

	evtimer_add(c->timer, &tv);
}

static void
reply_start(struct reply *r)
{
	r->body.n = 0;
	*r = (struct reply){.status = 200, .type = "application/json", .body = r->body};
}

static void
wait_for_fate(struct conn *c)
{
	struct reply *r = &c->reply;

	if (r->fate == FATE_HANG) {
		drop_hold(c);
		c->state = HANGING;
		return;
	}
	c->state = WAITING;
	if (r->hold != NULL && r->hold->waiting == 0)
		drop_hold(c);
	if (r->hold != NULL) {
		r->hold->on_released = on_hold_released;
		r->hold->ctx = c;
	}
	c->is_waiting = r->wait_us > 0;
	if (c->is_waiting)
		start_timer(c, r->wait_us);
	finish_if_ready(c);
}

static void
refuse(struct conn *c, int status, const char *why)
{
	reply_start(&c->reply);
	c->reply.status = status;
	bytes_format(&c->reply.body, "{\"code\":\"11\",\"message\":\"%s\"}", why);
	c->is_kept = false;
	wait_for_fate(c);
}

/* ---- reading ---- */

static void
mark_reads(struct conn *c, size_t low, size_t high)
{
	bufferevent_setwatermark(c->bev, EV_READ, low, high);
	c->has_marks = low > 0;
}

/* false: not yet, or refused. */
static bool
take_head(struct conn *c, struct evbuffer *in)
{
	size_t n = evbuffer_get_length(in);
	struct text raw;
	const char *why;
	char *end;
	int status;

	n = n < HEAD_MAX ? n : HEAD_MAX;
	raw.p = n == 0 ? NULL : (char *)evbuffer_pullup(in, (ev_ssize_t)n);
	if (raw.p == NULL)
		return false;
	end = memmem(raw.p, n, "\r\n\r\n", 4);
	if (end == NULL) {
		if (n == HEAD_MAX)
			refuse(c, 431, "the head is too long");
		return false;
	}
	raw.n = (size_t)(end - raw.p) + 4;
	status = head_read(raw, &c->head, &why);
	if (status == 0 && c->head.length > (size_t)c->s->settings->body_max) {
		status = 413;
		why = "the body is too long";
	}
	if (status != 0) {
		refuse(c, status, why);
		return false;
	}
	c->has_head = true;
	return true;
}

static void
wait_for_body(struct conn *c, size_t need)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

	if (c->head.wants_continue)
		bufferevent_write(c->bev, go_on, sizeof(go_on) - 1);
	c->head.wants_continue = false;
	mark_reads(c, need, need + READ_AHEAD);
}

static void
take_request(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	struct asked q;
	size_t need;

	if (!c->has_head && !take_head(c, in))
		return;
	need = c->head.bytes + c->head.length;
	if (evbuffer_get_length(in) < need) {
		wait_for_body(c, need);
		return;
	}
	c->requests++;
	c->is_kept = c->head.is_kept;
	q = (struct asked){.method = c->head.method,
			   .path = c->head.path,
			   .query = c->head.query,
			   .type = c->head.type,
			   .key = c->head.key,
			   .connection = c->number,
			   .nth = c->requests};
	q.body.p = (char *)evbuffer_pullup(in, (ev_ssize_t)need) + c->head.bytes;
	q.body.n = c->head.length;
	reply_start(&c->reply);
	c->s->hooks.on_request(c->s->hooks.ctx, &q, &c->reply);
	evbuffer_drain(in, need);
	c->has_head = false;
	if (c->has_marks)
		mark_reads(c, 0, READ_AHEAD);
	wait_for_fate(c);
}

/* ---- fates ---- */

static const char *
status_name(int status)
{
	static const struct {
		int status;
		const char *name;
	} names[] = {
		{200, "OK"},
		{400, "Bad Request"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{411, "Length Required"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{417, "Expectation Failed"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].status == status)
			return names[i].name;
	}
	return "Status";
}

static void
put_head(struct bytes *out, const struct reply *r, size_t length, bool is_kept)
{
	out->n = 0;
	bytes_str(out, "HTTP/1.1 ");
	bytes_number(out, (uint64_t)r->status);
	bytes_str(out, " ");
	bytes_str(out, status_name(r->status));
	bytes_str(out, "\r\nContent-Type: ");
	bytes_str(out, r->type);
	bytes_str(out, "\r\nContent-Length: ");
	bytes_number(out, length);
	bytes_str(out, "\r\n");
	if (r->headers != NULL)
		bytes_str(out, r->headers);
	if (!is_kept)
		bytes_str(out, "Connection: close\r\n");
	bytes_str(out, "\r\n");
}

/* Straight to the socket; the loop gets what does not fit. */
static void
send_now(struct conn *c, struct text head, struct text body)
{
	struct iovec parts[2] = {{head.p, head.n}, {body.p, body.n}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	size_t sent = 0;
	ssize_t n;

	if (evbuffer_get_length(bufferevent_get_output(c->bev)) == 0) {
		n = sendmsg(c->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		sent = n < 0 ? 0 : (size_t)n; /* the loop meets the error again */
	}
	if (sent < head.n)
		bufferevent_write(c->bev, head.p + sent, head.n - sent);
	sent = sent < head.n ? 0 : sent - head.n;
	if (sent < body.n)
		bufferevent_write(c->bev, body.p + sent, body.n - sent);
}

/* What the file holds now. false: there is none. */
static bool
send_file(struct conn *c)
{
	int fd = open(c->reply.file, O_RDONLY | O_CLOEXEC);
	struct bytes *out = &c->s->out;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	put_head(out, &c->reply, (size_t)st.st_size, c->is_kept);
	bufferevent_write(c->bev, out->p, out->n);
	if (st.st_size == 0)
		close(fd);
	else
		evbuffer_add_file(bufferevent_get_output(c->bev), fd, 0, st.st_size);
	return true;
}

/* Says that no more comes and gives the client time to see it: closing at once
 * would turn into RST if it still sends. */
static void
close_softly(struct conn *c)
{
	c->state = CLOSING;
	if (evbuffer_get_length(bufferevent_get_output(c->bev)) > 0)
		return; /* on_written comes back here */
	shutdown(c->fd, SHUT_WR);
	start_timer(c, LINGER_US);
}

static void
answer(struct conn *c)
{
	struct reply *r = &c->reply;
	struct bytes *out = &c->s->out;
	struct text body = {r->body.p, r->body.n};

	out->n = 0;
	if (r->file != NULL && send_file(c))
		body.n = 0;
	else if (r->fate == FATE_RAW)
		send_now(c, (struct text){NULL, 0}, body);
	else {
		put_head(out, r, body.n, c->is_kept);
		if (r->fate == FATE_HALF)
			body.n /= 2;
		send_now(c, (struct text){out->p, out->n}, body);
	}
	if (!c->is_kept || r->fate != FATE_ANSWER) {
		close_softly(c);
		return;
	}
	c->state = READING;
	if (evbuffer_get_length(bufferevent_get_input(c->bev)) > 0)
		take_request(c);
}

static void
reset(struct conn *c)
{
	struct linger hard = {.l_onoff = 1, .l_linger = 0};

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	conn_free(c);
}

static void go_away(struct server *s);

static void
finish(struct conn *c)
{
	struct server *s = c->s;

	take_finished(c);
	switch (c->reply.fate) {
	case FATE_ANSWER:
	case FATE_RAW:
	case FATE_HALF:
		answer(c);
		return;
	case FATE_FIN:
		conn_free(c);
		return;
	case FATE_RESET:
		reset(c);
		return;
	case FATE_HANG:
		return;
	case FATE_GONE:
		go_away(s);
		return;
	}
}

void
server_end_turn(struct server *s)
{
	size_t n;

	while (s->finished_count > 0) {
		s->hooks.before_answers(s->hooks.ctx);
		/* what these bring up anew has to wait for the next round */
		for (n = s->finished_count; n > 0 && s->finished_count > 0; n--)
			finish(TAILQ_FIRST(&s->finished));
	}
}

/* ---- connections ---- */

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct conn *c = ctx;

	(void)fd;
	(void)what;
	if (c->state == CLOSING) {
		conn_free(c);
		return;
	}
	c->is_waiting = false;
	finish_if_ready(c);
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct conn *c = ctx;

	if (c->state == READING)
		take_request(c);
	else if (c->state == CLOSING)
		evbuffer_drain(bufferevent_get_input(bev), SIZE_MAX);
}

static void
on_written(struct bufferevent *bev, void *ctx)
{
	struct conn *c = ctx;

	(void)bev;
	if (c->state == CLOSING)
		close_softly(c);
}

static void
on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct conn *c = ctx;

	if ((what & BEV_EVENT_TIMEOUT) && c->state != READING) {
		bufferevent_enable(bev, EV_READ);
		return;
	}
	/* half-closed by a client that still waits for its answer */
	if ((what & BEV_EVENT_EOF) && (c->state == WAITING || c->state == FINISHED)) {
		c->is_kept = false;
		return;
	}
	if ((what & BEV_EVENT_EOF) && evbuffer_get_length(bufferevent_get_output(bev)) > 0) {
		c->state = CLOSING;
		return;
	}
	conn_free(c);
}

static void
on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from, int n, void *ctx)
{
	struct server *s = ctx;
	struct timeval idle = {.tv_sec = s->settings->idle_ms / 1000,
			       .tv_usec = s->settings->idle_ms % 1000 * 1000};
	struct conn *c;
	int on = 1;

	(void)l;
	(void)from;
	(void)n;
	s->opened++;
	if (s->open >= (uint64_t)s->settings->connections_max) {
		evutil_closesocket(fd);
		return;
	}
	s->open++;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c = must_alloc(sizeof(*c));
	c->s = s;
	c->fd = fd;
	c->number = s->opened;
	c->bev = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
	c->timer = evtimer_new(s->base, on_timer, c);
	if (c->bev == NULL || c->timer == NULL)
		fail("no memory for a connection");
	TAILQ_INSERT_TAIL(&s->all, c, all);
	bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
	mark_reads(c, 0, READ_AHEAD);
	if (s->settings->idle_ms > 0)
		bufferevent_set_timeouts(c->bev, &idle, NULL);
	bufferevent_enable(c->bev, EV_READ);
}

/* Out of descriptors, most likely: rest, instead of failing in a loop. */
static void
on_accept_error(struct evconnlistener *l, void *ctx)
{
	struct server *s = ctx;

	if (errno != EMFILE && errno != ENFILE)
		fail("accept: %s", strerror(errno));
	evconnlistener_disable(l);
	s->is_resting = true;
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* 127.0.0.1:0 or [::1]:0; libevent's own reader takes no port 0. */
static bool
read_address(const char *from, union address *a, int *n)
{
	const char *colon = strrchr(from, ':');
	char host[OPTION_TEXT_MAX], *end;
	unsigned long port;

	if (colon == NULL || colon[1] < '0' || colon[1] > '9')
		return false;
	port = strtoul(colon + 1, &end, 10);
	snprintf(host, sizeof(host), "%.*s", (int)(colon - from), from);
	*n = sizeof(*a);
	if (*end != '\0' || port > 65535 || evutil_parse_sockaddr_port(host, &a->any, n) != 0)
		return false;
	if (a->any.sa_family == AF_INET6)
		a->v6.sin6_port = htons((uint16_t)port);
	else
		a->v4.sin_port = htons((uint16_t)port);
	return true;
}

static void
listen_on(struct server *s, const union address *address, int n)
{
	s->listener = evconnlistener_new_bind(s->base, on_accept, s,
					      LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
						      LEV_OPT_REUSEABLE,
					      1024, &address->any, n);
	if (s->listener == NULL)
		fail("cannot listen on %s: %s", s->settings->listen, strerror(errno));
	evconnlistener_set_error_cb(s->listener, on_accept_error);
}

struct server *
server_open(struct event_base *base, const struct settings *settings, struct server_hooks hooks)
{
	struct server *s = must_alloc(sizeof(*s));
	union address address;
	int n;

	*s = (struct server){.base = base, .settings = settings, .hooks = hooks};
	TAILQ_INIT(&s->all);
	TAILQ_INIT(&s->finished);
	if (!read_address(settings->listen, &address, &n))
		fail("--listen %s: an address and a port belong here: 127.0.0.1:0",
		     settings->listen);
	listen_on(s, &address, n);
	return s;
}

static void
on_back(evutil_socket_t fd, short what, void *ctx)
{
	struct server *s = ctx;
	union address address;
	int n;

	(void)fd;
	(void)what;
	read_address(s->settings->listen, &address, &n);
	if (address.any.sa_family == AF_INET6)
		address.v6.sin6_port = htons((uint16_t)s->port);
	else
		address.v4.sin_port = htons((uint16_t)s->port);
	listen_on(s, &address, n);
}

/* As if the program had died and were started again, but that it remembers everything. */
static void
go_away(struct server *s)
{
	struct timeval tv = {.tv_usec = (suseconds_t)GONE_US};
	struct conn *c;

	s->port = server_port(s);
	evconnlistener_free(s->listener);
	s->listener = NULL;
	s->is_resting = false;
	while ((c = TAILQ_FIRST(&s->all)) != NULL)
		reset(c);
	if (s->back == NULL)
		s->back = evtimer_new(s->base, on_back, s);
	if (s->back == NULL)
		fail("no memory for a timer");
	evtimer_add(s->back, &tv);
}

int
server_port(const struct server *s)
{
	union address address;
	socklen_t n = sizeof(address);

	if (s->listener == NULL)
		return s->port;
	if (getsockname(evconnlistener_get_fd(s->listener), &address.any, &n) != 0)
		fail("getsockname: %s", strerror(errno));
	return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port
						       : address.v4.sin_port);
}

uint64_t
server_connections(const struct server *s)
{
	return s->opened;
}

uint64_t
server_connections_open(const struct server *s)
{
	return s->open;
}

void
server_close(struct server *s)
{
	struct conn *c;

	if (s->listener != NULL)
		evconnlistener_free(s->listener);
	if (s->back != NULL)
		event_free(s->back);
	s->is_resting = false;
	while ((c = TAILQ_FIRST(&s->all)) != NULL)
		conn_free(c);
	bytes_free(&s->out);
	free(s);
}
