/* SPDX-License-Identifier: MIT */
#include "dispatcher/receive/reading.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/mem.h"
#include "dispatcher/receive/child.h"
#include "dispatcher/receive/items.h"

#define PIECE (128u << 10)

/* What the child says: an error, or items that follow. */
struct head {
	bool is_good;
	size_t count, bytes;
	struct err_ctx e;
};

struct reading {
	struct loop *loop;
	int fd;
	pid_t pid;
	struct loop_watch *watch;
	struct buf got;
	reading_cb cb;
	void *arg;
};

struct job {
	const struct provider_config *provider;
	struct slice query, body;
};

static void
say(int fd, const void *p, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t w = send(fd, (const char *)p + done, n - done, MSG_NOSIGNAL);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return;
		done += (size_t)w;
	}
}

static void
run(int fd, void *arg)
{
	const struct job *j = arg;
	const struct provider_config *p = j->provider;
	struct arena arena = {0};
	struct receipt *list = NULL;
	struct buf items = {0};
	struct head h = {0};

	h.is_good = p->driver->receipt(p->account, j->query, j->body, &arena, &list, &h.count,
				       &h.e) == ERR_OK;
	for (size_t i = 0; h.is_good && i < h.count; i++)
		item_add(&items, &list[i]);
	h.bytes = items.len;
	crash_point("reader", "read");
	say(fd, &h, sizeof(h));
	crash_point("reader", "half");
	say(fd, items.data, items.len);
	crash_point("reader", "said");
}

static void
reading_free(struct reading *r)
{
	loop_unwatch(r->watch);
	close(r->fd);
	buf_free(&r->got);
	free(r);
}

static void
reading_end(struct reading *r)
{
	struct head h = {0};
	struct err_ctx e;

	waitpid(r->pid, NULL, 0); /* it has closed its side: it is at its very end */
	if (r->got.len >= sizeof(h))
		memcpy(&h, r->got.data, sizeof(h));
	if (r->got.len < sizeof(h) || r->got.len != sizeof(h) + h.bytes) {
		err_set(&e, ERR_UNREACHABLE, "receipt", "send the receipt again",
			"the process that reads it has died");
		r->cb(r->arg, &e, NULL, 0);
	} else if (!h.is_good) {
		r->cb(r->arg, &h.e, NULL, 0);
	} else {
		buf_consume(&r->got, sizeof(h));
		r->cb(r->arg, NULL, &r->got, h.count);
	}
	reading_free(r);
}

static void
on_said(void *arg)
{
	struct reading *r = arg;
	ssize_t n = recv(r->fd, buf_reserve(&r->got, PIECE), PIECE, 0);

	if (n > 0)
		r->got.len += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		reading_end(r);
}

struct reading *
reading_start(struct loop *l, const struct provider_config *p, struct slice query,
	      struct slice body, reading_cb cb, void *arg, struct err_ctx *e)
{
	struct job j = {p, query, body};
	struct reading *r = xcalloc(1, sizeof(*r));

	r->loop = l;
	r->cb = cb;
	r->arg = arg;
	if (!child_start(run, &j, -1, &r->fd, &r->pid)) {
		err_set(e, ERR_UNREACHABLE, "receipt", "send the receipt again",
			"no process can be started to read it: %s", strerror(errno));
		free(r);
		return NULL;
	}
	r->watch = loop_watch(l, r->fd, on_said, r);
	return r;
}

void
reading_cancel(struct reading *r)
{
	reading_free(r);
}
