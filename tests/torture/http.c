/* SPDX-License-Identifier: MIT */
#include "tests/torture/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE_S 20

static int
open_connection(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons((uint16_t)port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
write_request(const struct http_call *c, struct bytes *b)
{
	bytes_format(b, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n", c->method,
		     c->path, c->port);
	if (c->token != NULL)
		bytes_format(b, "Authorization: Bearer %s\r\n", c->token);
	if (c->idempotency_key != NULL)
		bytes_format(b, "Idempotency-Key: %s\r\n", c->idempotency_key);
	if (c->body != NULL)
		bytes_str(b, "Content-Type: application/json\r\n");
	bytes_format(b, "Content-Length: %zu\r\n\r\n%s", c->body != NULL ? strlen(c->body) : 0,
		     c->body != NULL ? c->body : "");
}

/* All that comes until the other side closes. */
static void
exchange(int fd, const struct bytes *request, struct bytes *answer)
{
	char piece[65536];
	size_t sent = 0;
	ssize_t n = 1;

	while (sent < request->n && n > 0) {
		n = send(fd, request->p + sent, request->n - sent, MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
	}
	while (n > 0) {
		n = recv(fd, piece, sizeof(piece), 0);
		if (n > 0)
			bytes_add(answer, piece, (size_t)n);
	}
}

/* false: the last chunk did not come. */
static bool
unchunk(const char *p, struct bytes *out)
{
	for (;;) {
		char *end;
		size_t n = strtoul(p, &end, 16);

		if (end == p || end[0] != '\r' || end[1] != '\n')
			return false;
		if (n == 0)
			return true;
		if (strlen(end + 2) < n + 2)
			return false;
		bytes_add(out, end + 2, n);
		p = end + 2 + n + 2;
	}
}

static int
read_answer(const struct bytes *raw, struct bytes *out)
{
	const char *end = raw->n > 0 ? strstr(raw->p, "\r\n\r\n") : NULL, *length;
	int status = 0;

	if (end == NULL || sscanf(raw->p, "HTTP/1.1 %d", &status) != 1)
		return 0;
	end += 4;
	if (strcasestr(raw->p, "\r\nTransfer-Encoding: chunked") != NULL)
		return unchunk(end, out) ? status : 0;
	length = strcasestr(raw->p, "\r\nContent-Length:");
	bytes_str(out, end);
	return length == NULL || strtoul(length + 17, NULL, 10) == out->n ? status : 0;
}

int
http_do(const struct http_call *c, struct bytes *out)
{
	struct bytes request = {0}, raw = {0};
	int fd = open_connection(c->port), status;

	out->n = 0;
	bytes_str(out, "");
	if (fd < 0)
		return 0;
	write_request(c, &request);
	exchange(fd, &request, &raw);
	close(fd);
	status = read_answer(&raw, out);
	bytes_free(&request);
	bytes_free(&raw);
	return status;
}
