/* SPDX-License-Identifier: MIT */
/*
 * Pushes receipts to a hook as a gateway does: one POST after another on each of
 * several connections, kept or new ones for each push. Plain sockets, so that it
 * takes little of the processor that it shares with what it measures.
 *   pusher PORT PATH REFS CONNECTIONS kept|new [PER-PUSH]
 * REFS: our references, a line each; all are delivered. Prints how many receipts
 * were answered with 200 and how long that took.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define REFERENCE_MAX 64

struct connection {
	int fd;		 /* -1 = none */
	size_t receipts; /* of the push that is on the wire */
	char in[2048];
	size_t in_n;
};

static struct {
	struct sockaddr_in to;
	const char *path;
	bool is_kept;
	size_t per_push;
	FILE *refs;
	bool is_over; /* no more refs */
	int epoll;
	size_t open, good, bad;
	struct connection connections[CONNECTIONS_MAX];
} pusher;

static void
die(const char *what)
{
	fprintf(stderr, "pusher: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The next push; 0 receipts = there are no more. */
static size_t
make_push(char *out, size_t size, size_t *receipts)
{
	static char body[64 * 1024];
	char ref[REFERENCE_MAX];
	size_t n = (size_t)snprintf(body, sizeof(body), "{\"receipts\":[");

	*receipts = 0;
	while (*receipts < pusher.per_push && n + 128 < sizeof(body) &&
	       fscanf(pusher.refs, "%63s", ref) == 1) {
		n += (size_t)snprintf(body + n, sizeof(body) - n,
				      "%s{\"ref\":\"%s\",\"status\":\"DELIVRD\"}",
				      *receipts > 0 ? "," : "", ref);
		++*receipts;
	}
	n += (size_t)snprintf(body + n, sizeof(body) - n, "]}");
	return (size_t)snprintf(out, size,
				"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%sContent-Type: "
				"application/json\r\nContent-Length: %zu\r\n\r\n%s",
				pusher.path, pusher.is_kept ? "" : "Connection: close\r\n", n,
				body);
}

static void
connect_one(struct connection *c)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&pusher.to, sizeof(pusher.to)) != 0)
		die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (epoll_ctl(pusher.epoll, EPOLL_CTL_ADD, c->fd, &e) != 0)
		die("epoll");
}

static void
push(struct connection *c)
{
	static char out[80 * 1024];
	size_t n = make_push(out, sizeof(out), &c->receipts);

	if (c->receipts == 0) {
		pusher.is_over = true;
		return;
	}
	if (c->fd < 0)
		connect_one(c);
	c->in_n = 0;
	pusher.open++;
	if (send(c->fd, out, n, MSG_NOSIGNAL) != (ssize_t)n)
		die("send");
}

static bool
is_answered(const struct connection *c)
{
	const char *end = memmem(c->in, c->in_n, "\r\n\r\n", 4);
	const char *length = memmem(c->in, c->in_n, "Content-Length: ", 16);

	if (end == NULL)
		return false;
	return length == NULL ||
	       c->in_n - (size_t)(end + 4 - c->in) >= strtoul(length + 16, NULL, 10);
}

static void
on_readable(struct connection *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_n, sizeof(c->in) - 1 - c->in_n, 0);

	if (n > 0) {
		c->in_n += (size_t)n;
		c->in[c->in_n] = '\0';
		if (!is_answered(c))
			return;
	}
	if (n > 0 && strncmp(c->in, "HTTP/1.1 200", 12) == 0)
		pusher.good += c->receipts;
	else
		pusher.bad += c->receipts;
	pusher.open--;
	if (n <= 0 || !pusher.is_kept) {
		close(c->fd);
		c->fd = -1;
	}
	push(c);
}

int
main(int argc, char **argv)
{
	struct epoll_event e[CONNECTIONS_MAX];
	struct rusage u;
	size_t connections;
	int64_t from;

	if (argc < 6) {
		fprintf(stderr, "usage: pusher PORT PATH REFS CONNECTIONS kept|new [PER-PUSH]\n");
		return 2;
	}
	pusher.to = (struct sockaddr_in){.sin_family = AF_INET,
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
					 .sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10))};
	pusher.path = argv[2];
	pusher.refs = fopen(argv[3], "r");
	if (pusher.refs == NULL)
		die(argv[3]);
	connections = strtoul(argv[4], NULL, 10);
	pusher.is_kept = strcmp(argv[5], "kept") == 0;
	pusher.per_push = argc > 6 ? strtoul(argv[6], NULL, 10) : 1;
	pusher.epoll = epoll_create1(EPOLL_CLOEXEC);
	from = now_us();
	for (size_t i = 0; i < connections && i < CONNECTIONS_MAX; i++) {
		pusher.connections[i].fd = -1;
		push(&pusher.connections[i]);
	}
	while (pusher.open > 0) {
		int n = epoll_wait(pusher.epoll, e, CONNECTIONS_MAX, 60000);

		if (n == 0) {
			fprintf(stderr, "pusher: no answer for a minute\n");
			return 1;
		}
		for (int i = 0; i < n; i++)
			on_readable(e[i].data.ptr);
	}
	getrusage(RUSAGE_SELF, &u);
	printf("{\"good\":%zu,\"bad\":%zu,\"ms\":%" PRId64 ",\"cpu_ms\":%ld}\n", pusher.good,
	       pusher.bad, (now_us() - from) / 1000,
	       (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
		       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000);
	return pusher.bad == 0 ? 0 : 1;
}
