/* SPDX-License-Identifier: MIT */
#include "tests/gateway/courier.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/util.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_HEAD_MAX 16384
#define ANSWER_BODY_MAX (1u << 20)

static const struct timeval patience = {.tv_sec = 10};
static const struct timeval at_once = {0};

struct courier {
	struct event_base *base;
	const struct callback_url *url;
	struct bufferevent *bev; /* NULL = not connected */
	struct event *failed;	 /* a connection that failed at once is told later */
	bool is_posting;	 /* on_done is owed */
	struct bytes out;
	void (*on_done)(void *ctx, enum delivery d);
	void *ctx;
};

/* ---- callback URLs ---- */

static bool
copy_text(char *to, size_t cap, const char *from, size_t n)
{
	if (n >= cap)
		return false;
	memcpy(to, from, n);
	to[n] = '\0';
	return true;
}

static bool
resolve(struct callback_url *u, const char **why)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC}, *found;
	char name[128];
	const char *port = "80";
	char *colon;

	snprintf(name, sizeof(name), "%s", u->host);
	colon = strrchr(name, ':');
	if (colon != NULL && strchr(colon, ']') == NULL) {
		*colon = '\0';
		port = colon + 1;
	}
	if (name[0] == '[' && name[strlen(name) - 1] == ']') {
		name[strlen(name) - 1] = '\0';
		memmove(name, name + 1, strlen(name));
	}
	*why = "the callback's host is not known";
	if (name[0] == '\0' || port[0] == '\0' || strspn(port, "0123456789") != strlen(port) ||
	    getaddrinfo(name, port, &hints, &found) != 0)
		return false;
	memcpy(&u->address, found->ai_addr, found->ai_addrlen);
	u->address_bytes = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

bool
callback_url_read(struct text url, struct callback_url *out, const char **why)
{
	static const char scheme[] = "http://";
	const char *host, *end = url.p + url.n, *slash;

	*out = (struct callback_url){.path = "/"};
	*why = "a callback is http://HOST:PORT/PATH";
	if (url.n <= sizeof(scheme) - 1 || memcmp(url.p, scheme, sizeof(scheme) - 1) != 0)
		return false;
	for (size_t i = 0; i < url.n; i++) {
		if (url.p[i] <= ' ' || url.p[i] > '~')
			return false;
	}
	host = url.p + sizeof(scheme) - 1;
	slash = memchr(host, '/', (size_t)(end - host));
	if (slash != NULL && !copy_text(out->path, sizeof(out->path), slash, (size_t)(end - slash)))
		return false;
	if (slash == NULL)
		slash = end;
	return copy_text(out->host, sizeof(out->host), host, (size_t)(slash - host)) &&
	       resolve(out, why);
}

/* ---- the connection ---- */

static void
disconnect(struct courier *c)
{
	if (c->bev != NULL)
		bufferevent_free(c->bev);
	c->bev = NULL;
}

static void
done(struct courier *c, enum delivery d)
{
	if (!c->is_posting)
		return;
	c->is_posting = false;
	c->on_done(c->ctx, d);
}

static void
on_failed(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	done(ctx, DELIVERY_UNREACHABLE);
}

/* The value of a header that is a number; -1 = it is not there. */
static long
header_number(const char *head, const char *name)
{
	const char *at = strcasestr(head, name);

	return at == NULL ? -1 : strtol(at + strlen(name), NULL, 10);
}

/* 0 = not all of it has come, -1 = no HTTP, else the status. */
static int
take_answer(struct courier *c, bool *is_kept)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t n = evbuffer_get_length(in), head_bytes;
	char head[ANSWER_HEAD_MAX + 1], *end;
	long length;
	int status;

	n = n < ANSWER_HEAD_MAX ? n : ANSWER_HEAD_MAX;
	evbuffer_copyout(in, head, n);
	head[n] = '\0';
	end = memmem(head, n, "\r\n\r\n", 4);
	if (end == NULL)
		return n == ANSWER_HEAD_MAX ? -1 : 0;
	head_bytes = (size_t)(end - head) + 4;
	end[2] = '\0';
	if (n < 12 || memcmp(head, "HTTP/1.", 7) != 0 || head[8] != ' ')
		return -1;
	status = (int)strtol(head + 9, NULL, 10);
	if (status < 200 || status > 599)
		return -1;
	length = status == 204 || status == 304 ? 0 : header_number(head, "\r\nContent-Length:");
	*is_kept = head[7] == '1' && length >= 0 && length <= ANSWER_BODY_MAX &&
		   strcasestr(head, "\r\nConnection: close\r\n") == NULL;
	if (!*is_kept)
		return status;
	if (evbuffer_get_length(in) < head_bytes + (size_t)length)
		return 0;
	evbuffer_drain(in, head_bytes + (size_t)length);
	return status;
}

static void
on_answer(struct bufferevent *bev, void *ctx)
{
	struct courier *c = ctx;
	bool is_kept = false;
	int status;

	(void)bev;
	if (!c->is_posting) {
		disconnect(c); /* nobody asked for this */
		return;
	}
	status = take_answer(c, &is_kept);
	if (status == 0)
		return;
	if (status < 0 || !is_kept)
		disconnect(c);
	if (status < 0)
		done(c, DELIVERY_UNREACHABLE);
	else
		done(c, status < 300 ? DELIVERY_TAKEN : DELIVERY_REFUSED);
}

static void
on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct courier *c = ctx;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED)
		return;
	disconnect(c);
	done(c, DELIVERY_UNREACHABLE);
}

static bool
connect_now(struct courier *c)
{
	const struct sockaddr *to = (const struct sockaddr *)(const void *)&c->url->address;

	c->bev = bufferevent_socket_new(c->base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (c->bev == NULL)
		fail("no memory for a connection");
	bufferevent_setcb(c->bev, on_answer, NULL, on_event, c);
	bufferevent_set_timeouts(c->bev, &patience, &patience);
	if (bufferevent_socket_connect(c->bev, to, (int)c->url->address_bytes) == 0) {
		bufferevent_enable(c->bev, EV_READ | EV_WRITE);
		return true;
	}
	disconnect(c);
	return false;
}

/* false: on_done comes later, there is no connection to write to. */
static bool
start(struct courier *c)
{
	c->is_posting = true;
	c->out.n = 0;
	if (c->bev != NULL || connect_now(c))
		return true;
	evtimer_add(c->failed, &at_once);
	return false;
}

void
courier_get(struct courier *c, const char *query)
{
	struct bytes *out = &c->out;

	if (!start(c))
		return;
	bytes_format(out, "GET %s%s%s HTTP/1.1\r\nHost: %s\r\n\r\n", c->url->path,
		     strchr(c->url->path, '?') == NULL ? "?" : "&", query, c->url->host);
	bufferevent_write(c->bev, out->p, out->n);
}

void
courier_post(struct courier *c, struct text body)
{
	struct bytes *out = &c->out;

	if (!start(c))
		return;
	bytes_format(out,
		     "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
		     "Content-Length: %zu\r\n\r\n",
		     c->url->path, c->url->host, body.n);
	bytes_text(out, body);
	bufferevent_write(c->bev, out->p, out->n);
}

struct courier *
courier_new(struct event_base *base, const struct callback_url *url,
	    void (*on_done)(void *ctx, enum delivery d), void *ctx)
{
	struct courier *c = must_alloc(sizeof(*c));

	*c = (struct courier){.base = base, .url = url, .on_done = on_done, .ctx = ctx};
	c->failed = evtimer_new(base, on_failed, c);
	if (c->failed == NULL)
		fail("no memory for a connection");
	return c;
}

void
courier_free(struct courier *c)
{
	disconnect(c);
	event_free(c->failed);
	bytes_free(&c->out);
	free(c);
}
