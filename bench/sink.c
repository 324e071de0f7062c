/* SPDX-License-Identifier: MIT */
/*
 * A gateway that does nothing but answer, as fast as one process can, and
 * remembers when each request came: the far end of bench/engine, pace, urgent,
 * flat and receipts. It shares nothing with Loa.
 *
 *   sink --port-file F [--delay-ms N] [--answer message|batch] [--count-parts] [--refs FILE]
 *   sink --expect FIRST STEP COUNT       what /count says as "sum" of these phones
 *
 * POST: JSON, a message for each "to":"849…". GET: a message, to=849… . The
 * answer is {"code":"0"}; with --answer message a list of a code for each "ref".
 * Each request has two stamps: when the kernel had its last byte (on loopback
 * that is in the sender's write, so it is the sender's stamp, too), and when
 * this program read it.
 *
 *   GET /count      requests, messages, parts, sum, µs of first and last, and the
 *                   rate a second between a tenth and nine tenths of the messages
 *   GET /dump?FILE  the stamps, a line each: kernel µs, read µs, messages, parts, last phone
 *   GET /reset      forget all that
 *
 * FILE gets a line for each "ref" that came (complete after /dump), for bench/pusher.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 4096
#define REQUEST_MAX (4u << 20)
#define STAMPS_MAX (32u << 20)
#define EVENTS 256

struct stamp {
	int64_t kernel_us, read_us; /* since 1970 */
	uint32_t messages, parts;
	uint64_t phone; /* of the last message */
};

struct connection {
	char *p;
	size_t n, size;
	size_t request; /* bytes of the request whose answer is due later; 0 = none */
};

struct delayed {
	int fd;
	int64_t due_us;
};

static struct {
	int listener, epoll;
	int64_t delay_us;
	bool answers_each, counts_parts;
	struct connection connections[CONNECTIONS_MAX]; /* by descriptor */
	struct delayed delayed[CONNECTIONS_MAX];	/* a ring: all wait equally long */
	size_t delayed_first, delayed_count;
	struct stamp *stamps;
	size_t stamp_count;
	uint64_t messages, parts, sum;
	char *answer;
	size_t answer_n, answer_size;
	FILE *refs; /* NULL = not kept */
} sink;

static void
die(const char *what)
{
	fprintf(stderr, "sink: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* splitmix64: a sum of these differs when one phone came twice and another not. */
static uint64_t
mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* ---- what stands in a request ---- */

/* Parts of a JSON text as UCS-2: 70 units alone, 67 of several. */
static uint32_t
parts_of(const char *p, const char *end)
{
	uint32_t units = 0;

	for (; p < end && *p != '"'; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '\\' && p + 1 < end) {
			p += p[1] == 'u' ? 5 : 1;
			units++;
		} else if ((c & 0xc0) != 0x80) {
			units += c >= 0xf0 ? 2 : 1;
		}
	}
	return units <= 70 ? 1 : (units + 66) / 67;
}

static void
count_phones(const char *p, const char *end, const char *mark, struct stamp *s)
{
	size_t n = strlen(mark);

	while ((p = memmem(p, (size_t)(end - p), mark, n)) != NULL) {
		uint64_t phone = 0;

		p += n;
		while (p < end && (*p < '0' || *p > '9') && *p != '"' && *p != '&')
			p++; /* %2B */
		for (; p < end && *p >= '0' && *p <= '9'; p++)
			phone = phone * 10 + (uint64_t)(*p - '0');
		sink.sum += mix(phone);
		s->phone = phone;
		s->messages++;
	}
}

static void
count_parts(const char *p, const char *end, struct stamp *s)
{
	static const char mark[] = "\"text\":\"";

	while ((p = memmem(p, (size_t)(end - p), mark, sizeof(mark) - 1)) != NULL) {
		p += sizeof(mark) - 1;
		s->parts += parts_of(p, end);
	}
}

static void
keep_refs(const char *p, const char *end)
{
	static const char mark[] = "\"ref\":\"";
	const char *close;

	while ((p = memmem(p, (size_t)(end - p), mark, sizeof(mark) - 1)) != NULL) {
		p += sizeof(mark) - 1;
		close = memchr(p, '"', (size_t)(end - p));
		if (close == NULL)
			return;
		fprintf(sink.refs, "%.*s\n", (int)(close - p), p);
	}
}

/* ---- answers ---- */

static void
answer_add(const char *p, size_t n)
{
	while (sink.answer_n + n > sink.answer_size) {
		sink.answer_size = sink.answer_size * 2 + 4096;
		sink.answer = realloc(sink.answer, sink.answer_size);
		if (sink.answer == NULL)
			die("answer");
	}
	memcpy(sink.answer + sink.answer_n, p, n);
	sink.answer_n += n;
}

static void
answer_adds(const char *s)
{
	answer_add(s, strlen(s));
}

/* A code for each "ref":"…" of the body. */
static void
answer_each(const char *p, const char *end)
{
	static const char mark[] = "\"ref\":\"";
	const char *close, *before = "";

	answer_adds("{\"code\":\"0\",\"results\":[");
	while ((p = memmem(p, (size_t)(end - p), mark, sizeof(mark) - 1)) != NULL) {
		p += sizeof(mark) - 1;
		close = memchr(p, '"', (size_t)(end - p));
		if (close == NULL)
			break;
		answer_adds(before);
		answer_adds("{\"code\":\"0\",\"ref\":\"");
		answer_add(p, (size_t)(close - p));
		answer_adds("\"}");
		before = ",";
		p = close;
	}
	answer_adds("]}");
}

static void
send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

		if (k < 0 && errno == EAGAIN) {
			struct pollfd f = {.fd = fd, .events = POLLOUT};

			poll(&f, 1, 1000);
		} else if (k < 0) {
			return;
		} else {
			p += k;
			n -= (size_t)k;
		}
	}
}

/* sink.answer holds the body. */
static void
send_body(int fd, const char *type)
{
	char head[160];
	size_t n = (size_t)snprintf(head, sizeof(head),
				    "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: "
				    "%zu\r\n\r\n",
				    type, sink.answer_n);

	answer_add(head, n); /* makes room; the head goes before the body */
	memmove(sink.answer + n, sink.answer, sink.answer_n - n);
	memcpy(sink.answer, head, n);
	send_all(fd, sink.answer, sink.answer_n);
}

static void
answer(int fd, const char *request, size_t n)
{
	static const char plain[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
				    "Content-Length: 12\r\n\r\n{\"code\":\"0\"}";

	if (!sink.answers_each) {
		send_all(fd, plain, sizeof(plain) - 1);
		return;
	}
	sink.answer_n = 0;
	answer_each(request, request + n);
	send_body(fd, "application/json");
}

/* ---- questions about what came ---- */

/* Messages a second between a tenth and nine tenths of them, by read stamps. */
static double
middle_rate(void)
{
	uint64_t n = 0, low = 0, high = 0;
	int64_t from = 0, to = 0;

	for (size_t i = 0; i < sink.stamp_count; i++) {
		const struct stamp *s = &sink.stamps[i];

		n += s->messages;
		if (from == 0 && n * 10 >= sink.messages) {
			from = s->read_us;
			low = n;
		}
		if (n * 10 <= sink.messages * 9) {
			to = s->read_us;
			high = n;
		}
	}
	return to > from ? (double)(high - low) * 1e6 / (double)(to - from) : 0;
}

static void
dump(const char *path)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		die(path);
	for (size_t i = 0; i < sink.stamp_count; i++) {
		const struct stamp *s = &sink.stamps[i];

		fprintf(f, "%" PRId64 " %" PRId64 " %u %u %" PRIu64 "\n", s->kernel_us, s->read_us,
			s->messages, s->parts, s->phone);
	}
	if (fclose(f) != 0 || (sink.refs != NULL && fflush(sink.refs) != 0))
		die(path);
}

/* The request line names a question: answer it. */
static bool
is_question(int fd, const char *request)
{
	char text[400], path[256];

	sink.answer_n = 0;
	if (strncmp(request, "GET /reset ", 11) == 0) {
		sink.stamp_count = 0;
		sink.messages = sink.parts = sink.sum = 0;
		answer_adds("ok\n");
	} else if (sscanf(request, "GET /dump?%255s", path) == 1) {
		dump(path);
		answer_adds("ok\n");
	} else if (strncmp(request, "GET /count ", 11) == 0) {
		const struct stamp *s = sink.stamps;
		size_t n = sink.stamp_count;

		snprintf(text, sizeof(text),
			 "{\"requests\":%zu,\"messages\":%" PRIu64 ",\"parts\":%" PRIu64
			 ",\"sum\":\"%016" PRIx64 "\",\"first_us\":%" PRId64 ",\"last_us\":%" PRId64
			 ",\"rate\":%.0f}\n",
			 n, sink.messages, sink.parts, sink.sum, n > 0 ? s[0].read_us : 0,
			 n > 0 ? s[n - 1].read_us : 0, middle_rate());
		answer_adds(text);
	} else {
		return false;
	}
	send_body(fd, "text/plain");
	return true;
}

/* ---- connections ---- */

/* Bytes of the first request in c, or 0 when it is not complete. */
static size_t
request_size(const struct connection *c, const char **body)
{
	const char *end = memmem(c->p, c->n, "\r\n\r\n", 4), *p;
	unsigned long length = 0;

	if (end == NULL)
		return 0;
	for (p = c->p; p < end; p = memchr(p, '\n', (size_t)(end - p + 2)), p++)
		if ((*p == 'C' || *p == 'c') && strncasecmp(p, "content-length:", 15) == 0) {
			length = strtoul(p + 15, NULL, 10);
			break;
		}
	*body = end + 4;
	if (length > REQUEST_MAX || c->n < (size_t)(end + 4 - c->p) + length)
		return 0;
	return (size_t)(end + 4 - c->p) + length;
}

static void
consume(struct connection *c, size_t n)
{
	c->n -= n;
	memmove(c->p, c->p + n, c->n);
}

static void
note(const struct connection *c, size_t n, const char *body, int64_t kernel_us, int64_t read_us)
{
	struct stamp *s = &sink.stamps[sink.stamp_count];
	const char *end = c->p + n;

	if (sink.stamp_count == STAMPS_MAX)
		die("too many requests");
	sink.stamp_count++;
	*s = (struct stamp){.kernel_us = kernel_us != 0 ? kernel_us : read_us, .read_us = read_us};
	if (c->p[0] == 'G')
		count_phones(c->p, end, "to=", s);
	else
		count_phones(body, end, "\"to\":\"", s);
	if (sink.counts_parts)
		count_parts(body, end, s);
	if (sink.refs != NULL)
		keep_refs(body, end);
	sink.messages += s->messages;
	sink.parts += s->parts;
}

/* Everything complete that stands in the connection, up to one whose answer waits. */
static void
work(int fd, int64_t kernel_us)
{
	struct connection *c = &sink.connections[fd];
	const char *body;
	size_t n;

	while (c->request == 0 && c->n > 0 && (n = request_size(c, &body)) > 0) {
		int64_t now = now_us();

		if (is_question(fd, c->p)) {
			consume(c, n);
			continue;
		}
		note(c, n, body, kernel_us, now);
		if (sink.delay_us == 0) {
			answer(fd, c->p, n);
			consume(c, n);
			continue;
		}
		c->request = n;
		sink.delayed[(sink.delayed_first + sink.delayed_count++) % CONNECTIONS_MAX] =
			(struct delayed){fd, now + sink.delay_us};
	}
}

static void
answer_due(void)
{
	int64_t now = sink.delayed_count > 0 ? now_us() : 0;

	while (sink.delayed_count > 0 && sink.delayed[sink.delayed_first].due_us <= now) {
		int fd = sink.delayed[sink.delayed_first].fd;
		struct connection *c = &sink.connections[fd];
		size_t n = c->request;

		sink.delayed_first = (sink.delayed_first + 1) % CONNECTIONS_MAX;
		sink.delayed_count--;
		if (n == 0)
			continue; /* closed meanwhile */
		answer(fd, c->p, n);
		c->request = 0;
		consume(c, n);
		work(fd, 0);
	}
}

static ssize_t
receive(int fd, struct connection *c, int64_t *kernel_us)
{
	char control[128];
	struct iovec v = {c->p + c->n, c->size - c->n};
	struct msghdr m = {.msg_iov = &v,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &m, 0);

	*kernel_us = 0;
	if (n <= 0)
		return n;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h != NULL; h = CMSG_NXTHDR(&m, h)) {
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec t;

			memcpy(&t, CMSG_DATA(h), sizeof(t));
			*kernel_us = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
		}
	}
	return n;
}

static void
on_readable(int fd)
{
	struct connection *c = &sink.connections[fd];
	int64_t kernel_us;
	ssize_t n;

	if (c->size - c->n < 16384) {
		c->size = c->size * 2 + 65536;
		c->p = realloc(c->p, c->size + 1);
		if (c->p == NULL || c->size > 4 * REQUEST_MAX)
			die("request");
	}
	n = receive(fd, c, &kernel_us);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close(fd);
		c->n = c->request = 0;
		return;
	}
	c->n += (size_t)n;
	c->p[c->n] = '\0';
	work(fd, kernel_us);
}

static void
on_connect(void)
{
	int fd = accept4(sink.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

	if (fd < 0)
		return;
	if (fd >= CONNECTIONS_MAX) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
	sink.connections[fd].n = sink.connections[fd].request = 0;
	if (epoll_ctl(sink.epoll, EPOLL_CTL_ADD, fd, &e) != 0)
		die("epoll");
}

static void
serve(void)
{
	struct epoll_event e[EVENTS];

	for (;;) {
		struct timespec t = {0}, *wait = NULL;
		int n;

		if (sink.delayed_count > 0) {
			int64_t us = sink.delayed[sink.delayed_first].due_us - now_us();

			us = us < 0 ? 0 : us;
			t = (struct timespec){us / 1000000, us % 1000000 * 1000};
			wait = &t;
		}
		n = epoll_pwait2(sink.epoll, e, EVENTS, wait, NULL);
		for (int i = 0; i < n; i++) {
			if (e[i].data.fd == sink.listener)
				on_connect();
			else
				on_readable(e[i].data.fd);
		}
		answer_due();
	}
}

static void
open_listener(const char *port_file)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	struct epoll_event e = {.events = EPOLLIN};
	int one = 1;
	FILE *f;

	sink.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(sink.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(sink.listener, (struct sockaddr *)&a, n) != 0 ||
	    listen(sink.listener, 1024) != 0 ||
	    getsockname(sink.listener, (struct sockaddr *)&a, &n) != 0)
		die("listen");
	sink.epoll = epoll_create1(EPOLL_CLOEXEC);
	e.data.fd = sink.listener;
	if (epoll_ctl(sink.epoll, EPOLL_CTL_ADD, sink.listener, &e) != 0)
		die("epoll");
	f = fopen(port_file, "w");
	if (f == NULL || fprintf(f, "%d\n", ntohs(a.sin_port)) < 0 || fclose(f) != 0)
		die(port_file);
}

static int
expect(char **argv)
{
	uint64_t phone = strtoull(argv[0], NULL, 10), step = strtoull(argv[1], NULL, 10), sum = 0;

	for (uint64_t n = strtoull(argv[2], NULL, 10); n > 0; n--, phone += step)
		sum += mix(phone);
	printf("%016" PRIx64 "\n", sum);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *port_file = NULL;

	if (argc == 5 && strcmp(argv[1], "--expect") == 0)
		return expect(argv + 2);
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--count-parts") == 0) {
			sink.counts_parts = true;
			continue;
		}
		i++;
		if (strcmp(argv[i - 1], "--port-file") == 0) {
			port_file = value;
		} else if (strcmp(argv[i - 1], "--delay-ms") == 0) {
			sink.delay_us = (int64_t)(strtod(value, NULL) * 1000);
		} else if (strcmp(argv[i - 1], "--answer") == 0) {
			sink.answers_each = strcmp(value, "message") == 0;
		} else if (strcmp(argv[i - 1], "--refs") == 0) {
			sink.refs = fopen(value, "w");
			if (sink.refs == NULL)
				die(value);
		} else {
			fprintf(stderr, "sink: %s: is not understood\n", argv[i - 1]);
			return 2;
		}
	}
	if (port_file == NULL) {
		fprintf(stderr, "sink: --port-file is needed\n");
		return 2;
	}
	sink.stamps = mmap(NULL, STAMPS_MAX * sizeof(*sink.stamps), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (sink.stamps == MAP_FAILED)
		die("memory");
	open_listener(port_file);
	serve();
}
