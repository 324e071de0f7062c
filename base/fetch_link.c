/* SPDX-License-Identifier: MIT */
/*
 * Curl forbids to call it from its callbacks, so those only note what it wants:
 * which events of which socket, and one time. The events call it.
 *
 * Kept connections. Curl 7.88 looks at a kept connection before it uses it, but
 * does not see a reset, nor bytes that came unasked. Both are seen here; what
 * came is read away and the socket shut down, so that curl finds the end of the
 * stream, which it does see, and so that nothing can leave if it does not. Curl
 * gives up what was idle for long only when another transfer starts: so that the
 * server need not keep it until then, it is shut down here, too.
 */
#include "base/fetch_link.h"

#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

/* What curl wants to know about one socket. Curl keeps the pointer. */
struct fetch_watch {
	struct fetch_watch *next, **at;
	struct event *ev;
};

/* ---- connections ---- */

static int
open_connection(struct fetch_link *k, const struct curl_sockaddr *a, bool is_silent)
{
	int fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);

	if (fd < 0)
		return CURL_SOCKET_BAD;
	if (k->count == k->cap) {
		k->cap = k->cap ? k->cap * 2 : 16;
		k->connections = xrealloc(k->connections, k->cap * sizeof(*k->connections));
		k->polls = xrealloc(k->polls, k->cap * sizeof(*k->polls));
	}
	k->connections[k->count++] = (struct fetch_connection){.fd = fd, .is_silent = is_silent};
	return fd;
}

static int
open_http1(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	(void)purpose;
	return open_connection(arg, a, true);
}

static int
open_http2(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	(void)purpose;
	return open_connection(arg, a, false);
}

/* NULL = curl opened it for itself. There are about as many as transfers at a time. */
static struct fetch_connection *
find_connection(struct fetch_link *k, int fd)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->connections[i].fd == fd)
			return &k->connections[i];
	return NULL;
}

static int
close_connection(void *arg, curl_socket_t fd)
{
	struct fetch_link *k = arg;
	struct fetch_connection *c = find_connection(k, fd);

	if (c != NULL)
		*c = k->connections[--k->count];
	return close(fd);
}

void
fetch_link_adopt(struct fetch_link *k, CURL *easy, bool is_http2)
{
	/* A connection outlives its first transfer: nothing here may point to one. */
	FETCH_SET(easy, CURLOPT_OPENSOCKETFUNCTION, is_http2 ? open_http2 : open_http1);
	FETCH_SET(easy, CURLOPT_OPENSOCKETDATA, k);
	FETCH_SET(easy, CURLOPT_CLOSESOCKETFUNCTION, close_connection);
	FETCH_SET(easy, CURLOPT_CLOSESOCKETDATA, k);
}

/* Read what is there, an error too, so that curl finds just the end of the stream. */
static void
retire_connection(struct fetch_connection *c)
{
	char junk[4096];

	c->is_retired = true;
	shutdown(c->fd, SHUT_RDWR);
	for (int i = 0; i < 64; i++)
		if (recv(c->fd, junk, sizeof(junk), MSG_DONTWAIT) == 0)
			break;
}

void
fetch_link_retire_dead(struct fetch_link *k)
{
	nfds_t n = 0;

	for (size_t i = 0; i < k->count; i++) {
		struct fetch_connection *c = &k->connections[i];
		short what = c->is_silent ? POLLIN | POLLRDHUP : POLLRDHUP;

		if (c->is_idle)
			k->polls[n++] = (struct pollfd){.fd = c->fd, .events = what};
	}
	if (n == 0 || poll(k->polls, n, 0) <= 0)
		return;
	for (nfds_t i = 0; i < n; i++)
		if (k->polls[i].revents != 0)
			retire_connection(find_connection(k, k->polls[i].fd));
}

size_t
fetch_link_connections(const struct fetch_link *k)
{
	size_t n = 0;

	for (size_t i = 0; i < k->count; i++)
		n += !k->connections[i].is_retired;
	return n;
}

static void
on_idle(struct timer *timer, void *arg)
{
	struct fetch_link *k = arg;
	int64_t now = clock_mono_us(), next = INT64_MAX;

	for (size_t i = 0; i < k->count; i++) {
		struct fetch_connection *c = &k->connections[i];

		if (!c->is_idle || c->is_retired)
			continue;
		if (now - c->idle_since_us >= k->idle_us)
			retire_connection(c);
		else if (c->idle_since_us < next)
			next = c->idle_since_us;
	}
	if (next != INT64_MAX)
		timer_arm_us(k->loop, timer, next + k->idle_us - now);
}

static void
connection_is_idle(struct fetch_link *k, struct fetch_connection *c)
{
	c->is_idle = true;
	c->idle_since_us = clock_mono_us();
	if (!timer_is_armed(&k->idle))
		timer_arm_us(k->loop, &k->idle, k->idle_us);
}

/* ---- curl's sockets and timer ---- */

void
fetch_link_call(struct fetch_link *k, curl_socket_t fd, int bits)
{
	int running;
	CURLMcode rc = CURLM_OK;

	if (!k->is_broken)
		rc = curl_multi_socket_action(k->multi, fd, bits, &running);
	if (rc != CURLM_OK) {
		k->is_broken = true;
		log_error("fetch=curl why=\"%s\" result=rebuilt", curl_multi_strerror(rc));
	}
	loop_step_want(k->loop, k->progress);
}

static void
on_socket_ready(evutil_socket_t fd, short what, void *arg)
{
	struct fetch_link *k = arg;
	int bits =
		(what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	loop_touch(k->loop);
	fetch_link_call(k, fd, bits);
}

static void
free_watch(struct fetch_watch *w)
{
	*w->at = w->next;
	if (w->next != NULL)
		w->next->at = w->at;
	event_free(w->ev);
	free(w);
}

static struct fetch_watch *
new_watch(struct fetch_link *k, curl_socket_t fd)
{
	struct fetch_watch *w = xcalloc(1, sizeof(*w));

	w->ev = event_new(loop_base(k->loop), fd, 0, on_socket_ready, k);
	if (w->ev == NULL)
		fatalx("fetch: no memory for events");
	w->at = &k->watches;
	w->next = k->watches;
	if (w->next != NULL)
		w->next->at = &w->next;
	k->watches = w;
	curl_multi_assign(k->multi, fd, w);
	return w;
}

/* Curl says which events it wants from here on. Removed does not mean closed. */
static int
on_watch(CURL *easy, curl_socket_t fd, int want, void *arg, void *watch)
{
	struct fetch_link *k = arg;
	struct fetch_watch *w = watch;
	struct fetch_connection *c = find_connection(k, fd);
	short what = EV_PERSIST;

	(void)easy;
	if (c != NULL && want != CURL_POLL_REMOVE)
		c->is_idle = false;
	else if (c != NULL && !c->is_idle)
		connection_is_idle(k, c);
	if (want == CURL_POLL_REMOVE) {
		if (w != NULL)
			free_watch(w);
		return 0;
	}
	if (w == NULL)
		w = new_watch(k, fd);
	what |= want & CURL_POLL_IN ? EV_READ : 0;
	what |= want & CURL_POLL_OUT ? EV_WRITE : 0;
	event_del(w->ev);
	event_assign(w->ev, loop_base(k->loop), fd, what, on_socket_ready, k);
	return event_add(w->ev, NULL); /* -1 breaks the multi */
}

/* Never calls curl: it may be curl that calls. */
static int
on_timer_wanted(CURLM *multi, long in_ms, void *arg)
{
	struct fetch_link *k = arg;

	(void)multi;
	if (in_ms < 0)
		timer_disarm(k->loop, &k->timer);
	else
		timer_arm_ms(k->loop, &k->timer, in_ms);
	return 0;
}

static void
on_timer(struct timer *timer, void *arg)
{
	struct fetch_link *k = arg;

	(void)timer;
	fetch_link_call(k, CURL_SOCKET_TIMEOUT, 0);
}

/* ---- the multi ---- */

#define SET_MULTI(option, value)                                            \
	do {                                                                \
		if (curl_multi_setopt(k->multi, option, value) != CURLM_OK) \
			fatalx("fetch: curl does not take " #option);       \
	} while (0)

void
fetch_link_open(struct fetch_link *k)
{
	timer_init(&k->timer, on_timer, k);
	timer_init(&k->idle, on_idle, k);
	k->is_broken = false;
	k->multi = curl_multi_init();
	if (k->multi == NULL)
		fatalx("fetch: curl does not start");
	SET_MULTI(CURLMOPT_SOCKETFUNCTION, on_watch);
	SET_MULTI(CURLMOPT_SOCKETDATA, k);
	SET_MULTI(CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	SET_MULTI(CURLMOPT_TIMERDATA, k);
	SET_MULTI(CURLMOPT_MAXCONNECTS, (long)k->connections_max);
	SET_MULTI(CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
}

void
fetch_link_close(struct fetch_link *k)
{
	curl_multi_cleanup(k->multi);
	k->multi = NULL;
	/* None is left, unless the multi was broken. */
	while (k->watches != NULL)
		free_watch(k->watches);
	timer_disarm(k->loop, &k->timer);
	timer_disarm(k->loop, &k->idle);
}

void
fetch_link_clear(struct fetch_link *k)
{
	free(k->connections);
	free(k->polls);
}
