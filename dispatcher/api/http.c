/* SPDX-License-Identifier: MIT */
/*
 * Sockets and connections of the HTTP server. evhttp refuses what it cannot
 * parse with an HTML page of its own and offers no hook before; so a callback
 * on each connection's output replaces such a page by a problem body while it
 * is still in the buffer.
 */
#include "dispatcher/api/http.h"

#include <errno.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "dispatcher/api/http_inside.h"

#define BACKLOG 511
#define AGAIN_MS 100
#define PAGE_END "</BODY></HTML>\n"

/* ---- sockets ---- */

/* "host:port" or "[host]:port" into its two parts. */
static bool
split_address(const char *text, char *host, size_t host_size, char *port, size_t port_size)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon != NULL ? (size_t)(colon - text) : 0;
	int64_t number;

	if (n == 0 || !slice_to_i64(slice_of(colon + 1), &number) || number < 0 || number > 65535)
		return false;
	if (text[0] == '[' && text[n - 1] == ']' && n > 2) {
		text++;
		n -= 2;
	} else if (memchr(text, ':', n) != NULL) {
		return false;
	}
	if (n >= host_size)
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	if (strcmp(host, "localhost") == 0)
		snprintf(host, host_size, "127.0.0.1");
	snprintf(port, port_size, "%d", (int)number);
	return true;
}

static enum err
bind_error(const char *where, int why, struct err_ctx *e)
{
	if (why == EADDRINUSE)
		return err_set(e, ERR_SYSTEM, where,
			       "stop the other program or choose another port",
			       "the port is in use");
	if (why == EACCES || why == EPERM)
		return err_set(e, ERR_SYSTEM, where, "choose a port above 1023",
			       "cannot be bound: %s", strerror(why));
	return err_set(e, ERR_SYSTEM, where, "choose an address of this machine",
		       "cannot be bound: %s", strerror(why));
}

static enum err
listen_tcp(const char *address, int *out, int *port_out, struct err_ctx *e)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				 .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	struct sockaddr_storage bound = {0};
	socklen_t len = sizeof(bound);
	char host[64], port[8];
	enum err rc = ERR_OK;
	int fd, yes = 1;

	if (!split_address(address, host, sizeof(host), port, sizeof(port)) ||
	    getaddrinfo(host, port, &hints, &found) != 0)
		return err_set(e, ERR_USAGE, address, "write it like 127.0.0.1:8088",
			       "is no address and port to listen on");
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
	    bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0 ||
	    getsockname(fd, (struct sockaddr *)&bound, &len) != 0) {
		rc = bind_error(address, errno, e);
		if (fd >= 0)
			close(fd);
	} else {
		*out = fd;
		/* the port lies in the same place of both families */
		*port_out = ntohs(((struct sockaddr_in *)&bound)->sin_port);
	}
	freeaddrinfo(found);
	return rc;
}

/* Remove a socket file that nobody answers on; refuse anything else in its place. */
static enum err
clear_socket_path(const struct sockaddr_un *at, struct err_ctx *e)
{
	struct stat st;
	int fd, why;

	if (lstat(at->sun_path, &st) != 0)
		return ERR_OK;
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_SYSTEM, at->sun_path, "remove it or choose another path",
			       "is there already and is no socket");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	why = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 ? 0 : errno;
	if (fd >= 0)
		close(fd);
	if (why == 0 || why == EAGAIN)
		return err_set(e, ERR_SYSTEM, at->sun_path, "stop the other server first",
			       "a server listens on this socket already");
	if (why != ECONNREFUSED || unlink(at->sun_path) != 0)
		return err_set(e, ERR_SYSTEM, at->sun_path, "", "cannot be replaced: %s",
			       strerror(why != ECONNREFUSED ? why : errno));
	return ERR_OK;
}

static enum err
listen_unix(struct http_server *s, int *out, struct err_ctx *e)
{
	const char *path = s->o.unix_socket;
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct stat st;
	enum err rc;
	int fd;

	if (strlen(path) >= sizeof(at.sun_path))
		return err_set(e, ERR_USAGE, path, "choose a shorter one",
			       "is too long a path for a socket: at most %zu bytes",
			       sizeof(at.sun_path) - 1);
	memcpy(at.sun_path, path, strlen(path));
	rc = clear_socket_path(&at, e);
	if (rc != ERR_OK)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* the file gets the mode that the socket has: there is no moment with a wider one */
	if (fd < 0 || fchmod(fd, 0600) != 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(fd, BACKLOG) != 0 || lstat(path, &st) != 0) {
		rc = err_set(e, ERR_SYSTEM, path, "choose another path", "cannot be bound: %s",
			     strerror(errno));
		if (fd >= 0)
			close(fd);
		return rc;
	}
	s->socket_dev = st.st_dev;
	s->socket_ino = st.st_ino;
	*out = fd;
	return ERR_OK;
}

/* ---- connections ---- */

/* An error page of evhttp, whole in the buffer: put the same as a problem body in its place. */
static void
replace_page(struct http_server *s, struct evbuffer *out)
{
	static const char again[] = "HTTP/1.1 100 Continue\r\n\r\n";
	size_t n = evbuffer_get_length(out), keep = 0;
	const char *text = (const char *)evbuffer_pullup(out, -1);
	struct buf b = {0}, body = {0};
	struct err_ctx e;
	int status;

	if (n > sizeof(again) && memcmp(text, again, sizeof(again) - 1) == 0)
		keep = sizeof(again) - 1;
	if (n - keep < 16 || memcmp(text + keep, "HTTP/1.", 7) != 0)
		return;
	status = (int)strtol(text + keep + 9, NULL, 10);
	if (status == HTTP_ENTITYTOOLARGE) {
		err_set(&e, ERR_INPUT, "body", "send less, or in pieces",
			"is longer than allowed here, or its chunks are malformed");
	} else if (status == HTTP_BADREQUEST) {
		err_set(&e, ERR_USAGE, "request", "",
			"is malformed, or its headers are longer than allowed");
	} else if (status == HTTP_EXPECTATIONFAILED) {
		err_set(&e, ERR_USAGE, "Expect", "", "only 100-continue is known");
	} else {
		status = HTTP_NOTIMPLEMENTED;
		err_set(&e, ERR_USAGE, "request", "", "this method is not known here");
	}
	s->gauges.answered[status / 100]++;
	http_add_problem(&body, status, &e, NULL);
	buf_add(&b, text, keep);
	buf_addf(&b,
		 "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\n"
		 "Content-Length: %zu\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
		 status, http_status_title(status), body.len);
	buf_add_slice(&b, buf_slice(&body));
	evbuffer_drain(out, n);
	evbuffer_add(out, b.data, b.len);
	buf_free(&body);
	buf_free(&b);
}

/* Is what was just written the end of an error page? */
static bool
ends_a_page(struct evbuffer *out)
{
	char end[sizeof(PAGE_END) - 1];
	size_t n = evbuffer_get_length(out);
	struct evbuffer_ptr at;

	return n >= sizeof(end) &&
	       evbuffer_ptr_set(out, &at, n - sizeof(end), EVBUFFER_PTR_SET) == 0 &&
	       evbuffer_copyout_from(out, &at, end, sizeof(end)) == (ev_ssize_t)sizeof(end) &&
	       memcmp(end, PAGE_END, sizeof(end)) == 0;
}

static void
on_output(struct evbuffer *out, const struct evbuffer_cb_info *info, void *arg)
{
	struct http_server *s = arg;

	if (s->is_answering || info->n_added == 0)
		return;
	s->is_answering = true;
	/* its owner keeps the front of the buffer frozen between writes */
	evbuffer_unfreeze(out, 1);
	if (ends_a_page(out))
		replace_page(s, out);
	evbuffer_freeze(out, 1);
	s->is_answering = false;
}

static void
on_input(struct evbuffer *in, const struct evbuffer_cb_info *info, void *arg)
{
	struct http_server *s = arg;

	(void)in;
	(void)info;
	loop_touch(s->loop);
}

/* A connection was accepted: evhttp asks for what it reads and writes by. */
static struct bufferevent *
on_connection(struct event_base *base, void *arg)
{
	struct http_side *side = arg;
	struct bufferevent *bev;

	loop_touch(side->server->loop);
	bev = bufferevent_socket_new(base, -1, 0);
	if (bev == NULL ||
	    evbuffer_add_cb(bufferevent_get_input(bev), on_input, side->server) == NULL ||
	    evbuffer_add_cb(bufferevent_get_output(bev), on_output, side->server) == NULL)
		fatalx("http: no memory");
	return bev;
}

static void
on_request(struct evhttp_request *req, void *arg)
{
	struct http_side *side = arg;

	loop_touch(side->server->loop);
	http_exchange_start(side, req);
}

/*
 * The sides that listen. A global, because the listener's error callback gets
 * evhttp's argument instead of one of ours.
 */
static struct http_side *sides;

/* accept failed, most likely for want of descriptors: pause, or the loop would spin. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	int why = errno;

	(void)arg;
	for (struct http_side *side = sides; side != NULL; side = side->next) {
		if (side->listener != listener)
			continue;
		loop_touch(side->server->loop);
		log_warn("http=accept result=failed why=%s", strerror(why));
		evconnlistener_disable(listener);
		timer_arm_ms(side->server->loop, &side->again, AGAIN_MS);
	}
}

static void
on_again(struct timer *t, void *arg)
{
	struct http_side *side = arg;

	(void)t;
	if (side->listener != NULL)
		evconnlistener_enable(side->listener);
}

/* Takes fd. */
static void
open_side(struct http_server *s, struct http_side *side, int fd)
{
	const struct timeval idle = {s->o.idle_ms / 1000, s->o.idle_ms % 1000 * 1000};

	side->server = s;
	timer_init(&side->again, on_again, side);
	side->evhttp = evhttp_new(loop_base(s->loop));
	side->listener = evconnlistener_new(loop_base(s->loop), NULL, NULL,
					    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (side->evhttp == NULL || side->listener == NULL ||
	    evhttp_bind_listener(side->evhttp, side->listener) == NULL)
		fatalx("http: no memory");
	side->next = sides;
	sides = side;
	evconnlistener_set_error_cb(side->listener, on_accept_error);
	evhttp_set_bevcb(side->evhttp, on_connection, side);
	evhttp_set_gencb(side->evhttp, on_request, side);
	evhttp_set_allowed_methods(
		side->evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
				      EVHTTP_REQ_PATCH | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS);
	evhttp_set_max_headers_size(side->evhttp, (ev_ssize_t)s->o.header_max);
	evhttp_set_max_body_size(side->evhttp, (ev_ssize_t)s->o.body_max);
	evhttp_set_timeout_tv(side->evhttp, &idle);
	/* read what is too long to its end: a client that still writes would not see the answer */
	evhttp_set_flags(side->evhttp, EVHTTP_SERVER_LINGERING_CLOSE);
}

/* ---- the server ---- */

static void on_closing(struct timer *t, void *arg);

static void
set_options(struct http_server *s, const struct http_options *o)
{
	s->o = *o;
	s->o.listen = o->listen != NULL ? xstrdup(o->listen) : NULL;
	s->o.unix_socket = o->unix_socket != NULL ? xstrdup(o->unix_socket) : NULL;
	if (s->o.body_max == 0)
		s->o.body_max = 8u << 20;
	if (s->o.header_max == 0)
		s->o.header_max = 16u << 10;
	if (s->o.idle_ms <= 0)
		s->o.idle_ms = 60000;
	if (s->o.exchanges_max == 0)
		s->o.exchanges_max = 1024;
	for (size_t i = 0; i < o->route_count; i++)
		if (!http_route_is_sound(&o->routes[i]))
			fatalx("http: route %s %s is not sound", o->routes[i].method,
			       o->routes[i].path);
}

enum err
http_server_new(struct loop *l, const struct http_options *o, struct http_server **out,
		struct err_ctx *e)
{
	struct http_server *s = xcalloc(1, sizeof(*s));
	int tcp = -1, local = -1;
	enum err rc = ERR_OK;

	s->loop = l;
	set_options(s, o);
	timer_init(&s->closing, on_closing, s);
	s->scratch = evbuffer_new();
	if (s->scratch == NULL)
		fatalx("http: no memory");
	if (o->listen != NULL)
		rc = listen_tcp(o->listen, &tcp, &s->port, e);
	if (rc == ERR_OK && o->unix_socket != NULL)
		rc = listen_unix(s, &local, e);
	if (tcp >= 0)
		open_side(s, &s->tcp, tcp);
	if (local >= 0)
		open_side(s, &s->local, local);
	if (rc != ERR_OK) {
		http_server_free(s);
		return rc;
	}
	*out = s;
	return ERR_OK;
}

int
http_server_port(const struct http_server *s)
{
	return s->port;
}

const struct http_gauges *
http_server_gauges(const struct http_server *s)
{
	return &s->gauges;
}

static void
remove_bound(struct evhttp_bound_socket *bound, void *arg)
{
	*(struct evhttp_bound_socket **)arg = bound;
}

static void
stop_listening(struct http_side *side)
{
	struct evhttp_bound_socket *bound = NULL;

	if (side->listener == NULL)
		return;
	for (struct http_side **p = &sides; *p != NULL; p = &(*p)->next) {
		if (*p == side) {
			*p = side->next;
			break;
		}
	}
	timer_disarm(side->server->loop, &side->again);
	evhttp_foreach_bound_socket(side->evhttp, remove_bound, &bound);
	evhttp_del_accept_socket(side->evhttp, bound);
	side->listener = NULL;
}

static void
remove_socket_file(struct http_server *s)
{
	struct stat st;

	if (s->socket_ino == 0)
		return;
	if (lstat(s->o.unix_socket, &st) == 0 && st.st_dev == s->socket_dev &&
	    st.st_ino == s->socket_ino)
		unlink(s->o.unix_socket);
	s->socket_ino = 0;
}

void
http_server_free(struct http_server *s)
{
	if (s == NULL)
		return;
	s->is_closing = true;
	stop_listening(&s->tcp);
	stop_listening(&s->local);
	remove_socket_file(s);
	/* closes every connection; that detaches every exchange */
	if (s->tcp.evhttp != NULL)
		evhttp_free(s->tcp.evhttp);
	if (s->local.evhttp != NULL)
		evhttp_free(s->local.evhttp);
	timer_disarm(s->loop, &s->closing);
	evbuffer_free(s->scratch);
	free((char *)s->o.listen);
	free((char *)s->o.unix_socket);
	if (s->on_closed != NULL)
		s->on_closed(s->closed_arg);
	free(s);
}

static void
on_closing(struct timer *t, void *arg)
{
	(void)t;
	http_server_free(arg);
}

void
http_server_close(struct http_server *s, int64_t deadline_ms, void (*on_closed)(void *), void *arg)
{
	if (s->is_closing)
		fatalx("http: closed twice");
	s->is_closing = true;
	s->on_closed = on_closed;
	s->closed_arg = arg;
	stop_listening(&s->tcp);
	stop_listening(&s->local);
	remove_socket_file(s);
	timer_arm_ms(s->loop, &s->closing, s->exchanges == NULL ? 0 : deadline_ms);
}

void
http_server_drained(struct http_server *s)
{
	/* not now: evhttp may be in the middle of this connection */
	timer_arm_us(s->loop, &s->closing, 0);
}
