/* SPDX-License-Identifier: MIT */
/*
 * A small HTTP server that misbehaves by the path of the request: see the table.
 * It runs in a forked process and counts what it saw in memory that is shared
 * with the test. For tests/unit/base/fetch.c only.
 */
#pragma once

#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

#define SERVER_CONNECTIONS 128

struct counts {
	atomic_int accepted, open, closed_by_server;
	atomic_int requests; /* whole ones */
	atomic_int body_len;
	atomic_uint body_sum;
	char head[2048]; /* of the last request */
};

struct peer {
	int fd;
	struct buf in;
};

static struct counts *counts;
static struct peer peers[SERVER_CONNECTIONS];
static nfds_t peer_count;

static void
say_n(struct peer *p, const void *bytes, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t w = send(p->fd, (const char *)bytes + done, n - done, MSG_NOSIGNAL);

		if (w <= 0)
			return;
		done += (size_t)w;
	}
}

static void
say(struct peer *p, const char *text)
{
	say_n(p, text, strlen(text));
}

static void
hang_up(struct peer *p, bool is_reset)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	if (is_reset)
		setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(p->fd);
	buf_free(&p->in);
	*p = peers[--peer_count];
	counts->open--;
	counts->closed_by_server++;
}

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Kind: small\r\n\r\nok"

struct behaviour {
	const char *path, *answer;
	enum { STAY, FIN, RST } after;
};

static const struct behaviour behaviours[] = {
	{"/ok", OK_ANSWER, STAY},
	{"/ok-fin", OK_ANSWER, FIN},
	{"/ok-rst", OK_ANSWER, RST},
	{"/fin", "", FIN},
	{"/rst", "", RST},
	{"/silent", "", STAY},
	{"/truncated", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", FIN},
	{"/cut-head", "HTTP/1.1 200 OK\r\nContent-Le", FIN},
	{"/by-close", "HTTP/1.1 200 OK\r\n\r\n{\"ok\":1}", FIN},
	{"/by-close-10", "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n{\"ok\":1}", FIN},
	{"/length-10", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold", FIN},
	{"/chunked",
	 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	 "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-Trailer: t\r\n\r\n",
	 STAY},
	{"/chunked-cut", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	 FIN},
	{"/coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nzzz", FIN},
	{"/204", "HTTP/1.1 204 No Content\r\n\r\n", STAY},
	{"/500", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", STAY},
	{"/302", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n", STAY},
	{"/interim", "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" OK_ANSWER, STAY},
	{"/folded", "HTTP/1.1 200 OK\r\nX-A: one\r\n  two\r\nContent-Length: 0\r\n\r\n", STAY},
	{"/two-lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk",
	 FIN},
	{"/not-http", "220 smtp.example ESMTP\r\n", FIN},
	{"/large-length", "HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n", STAY},
};

/* Answers that are made, not written down. */
static void
say_much(struct peer *p, const char *path)
{
	char line[128];

	if (strcmp(path, "/large") == 0) {
		say(p, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
		for (int i = 0; i < 4097; i++)
			say(p, "10\r\n0123456789abcdef\r\n");
		return;
	}
	say(p, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
	if (strcmp(path, "/many-headers") == 0)
		for (int i = 0; i < 64; i++)
			say(p, "X: y\r\n");
	if (strcmp(path, "/63-headers") == 0)
		for (int i = 0; i < 63; i++)
			say(p, "X: y\r\n");
	if (strcmp(path, "/long-headers") == 0)
		for (int i = 0; i < 50; i++) {
			snprintf(line, sizeof(line), "X-%d: %0100d\r\n", i, i);
			for (int j = 0; j < 4; j++)
				say(p, j == 0 ? line
					      : " 0123456789012345678901234567890123456789"
						"01234567890123456789012345678901234567\r\n");
		}
	say(p, "\r\n");
}

static void
behave(struct peer *p, const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(behaviours); i++) {
		const struct behaviour *b = &behaviours[i];

		if (strcmp(path, b->path) != 0)
			continue;
		say(p, b->answer);
		if (b->after != STAY)
			hang_up(p, b->after == RST);
		return;
	}
	if (strcmp(path, "/ok-and-more") == 0) {
		/* The second answer comes alone, when the first is long read. */
		say(p, OK_ANSWER);
		poll(NULL, 0, 100);
		say(p, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
		counts->closed_by_server++;
		return;
	}
	say_much(p, path);
}

/* One whole request at the front of p->in, if there is. False = p is gone or has none. */
static bool
serve_one(struct peer *p)
{
	char *end, *length, path[64];
	size_t head, body = 0;
	nfds_t before = peer_count;
	unsigned sum = 0;

	if (p->in.len == 0 || (end = strstr(p->in.data, "\r\n\r\n")) == NULL)
		return false;
	head = (size_t)(end - p->in.data) + 4;
	length = strcasestr(p->in.data, "\r\nContent-Length:");
	if (length != NULL && length < end)
		body = strtoul(length + 17, NULL, 10);
	if (p->in.len < head + body || sscanf(p->in.data, "%*s %63s", path) != 1)
		return false;
	for (size_t i = 0; i < body; i++)
		sum = sum * 31 + (unsigned char)p->in.data[head + i];
	counts->body_len = (int)body;
	counts->body_sum = sum;
	snprintf(counts->head, sizeof(counts->head), "%.*s", (int)head, p->in.data);
	counts->requests++;
	buf_consume(&p->in, head + body);
	behave(p, path);
	return peer_count == before;
}

static void
receive(struct peer *p)
{
	ssize_t n = recv(p->fd, buf_reserve(&p->in, 65536), 65536, 0);

	if (n <= 0) {
		hang_up(p, false);
		counts->closed_by_server--;
		return;
	}
	p->in.len += (size_t)n;
	p->in.data[p->in.len] = '\0';
	while (serve_one(p))
		;
}

static void
welcome(int listener)
{
	int fd = accept(listener, NULL, NULL);

	if (fd < 0)
		return;
	if (peer_count == SERVER_CONNECTIONS)
		_exit(3);
	peers[peer_count++] = (struct peer){.fd = fd};
	counts->accepted++;
	counts->open++;
}

static void
serve(int listener)
{
	struct pollfd polls[SERVER_CONNECTIONS + 1];

	for (;;) {
		nfds_t n = peer_count;

		polls[n] = (struct pollfd){.fd = listener, .events = POLLIN};
		for (nfds_t i = 0; i < n; i++)
			polls[i] = (struct pollfd){.fd = peers[i].fd, .events = POLLIN};
		if (poll(polls, n + 1, -1) < 0)
			_exit(2);
		if (polls[n].revents != 0)
			welcome(listener);
		/* From the end: hang_up moves the last one into the gap. */
		for (nfds_t i = n; i-- > 0;)
			if (polls[i].revents != 0)
				receive(&peers[i]);
	}
}
