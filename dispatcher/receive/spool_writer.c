/* SPDX-License-Identifier: MIT */
/* The helper process of the spool. It blocks; nothing else of the server lives in it. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/crash.h"
#include "dispatcher/receive/child.h"
#include "dispatcher/receive/spool_file.h"

#define GROUP_BYTES (4u << 20) /* at most so much before a sync */

struct writer {
	int in, file;
	uint64_t size;
	struct buf got; /* frames as they come */
};

/* One read; false at the end. */
static bool
read_some(struct writer *w)
{
	char *to = buf_reserve(&w->got, 1u << 16);
	ssize_t n;

	do
		n = read(w->in, to, 1u << 16);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	w->got.len += (size_t)n;
	return true;
}

static bool
can_read(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

/* How much to write at once: all, but for a test that kills us between the halves of it. */
static size_t
piece(size_t left)
{
	return crash_is_watched() && left > 1 ? left / 2 : left;
}

static int
append(struct writer *w, const struct buf *b)
{
	size_t done = 0;

	crash_point("spooler", "write");
	while (done < b->len) {
		ssize_t n = pwrite(w->file, b->data + done, piece(b->len - done),
				   (off_t)(w->size + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		if (done == 0)
			crash_point("spooler", "half");
		done += (size_t)n;
	}
	crash_point("spooler", "written");
	return fdatasync(w->file) == 0 ? 0 : errno;
}

/* Write the whole frames that are there, sync once, answer once. */
static bool
write_group(struct writer *w)
{
	struct reader r = reader_of(buf_slice(&w->got));
	struct buf group = {0};
	uint32_t answer[2] = {0, 0};
	size_t used = 0;
	bool is_answered;

	while (r.left >= 4) {
		uint32_t n = reader_u32(&r);
		struct slice s = reader_bytes(&r, n);

		if (r.is_bad)
			break;
		buf_add_slice(&group, s);
		used += 4 + (size_t)n;
		answer[0]++;
	}
	if (answer[0] == 0)
		return true;
	answer[1] = (uint32_t)append(w, &group);
	if (answer[1] == 0)
		w->size += group.len;
	else if (ftruncate(w->file, (off_t)w->size) != 0)
		answer[1] = (uint32_t)errno;
	buf_consume(&w->got, used);
	buf_free(&group);
	crash_point("spooler", "synced");
	is_answered = send(w->in, answer, sizeof(answer), MSG_NOSIGNAL) == (ssize_t)sizeof(answer);
	crash_point("spooler", "answered");
	return is_answered || can_read(w->in);
}

static bool
open_file(struct writer *w, const struct spool_file *f)
{
	char folder[sizeof(f->path)];
	int dir;

	w->file = open(f->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	crash_point("spooler", "made");
	if (w->file < 0 || ftruncate(w->file, (off_t)w->size) != 0)
		return false;
	snprintf(folder, sizeof(folder), "%s", f->path);
	dir = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir >= 0 && fsync(dir) == 0;
}

static void
run(int fd, void *arg)
{
	const struct spool_file *f = arg;
	struct writer w = {.in = fd, .file = -1, .size = f->size};
	bool is_open = open_file(&w, f), goes_on = true;

	while (goes_on && is_open) {
		goes_on = read_some(&w);
		while (goes_on && w.got.len < GROUP_BYTES && can_read(fd))
			goes_on = read_some(&w);
		if (!write_group(&w))
			break;
	}
}

bool
spool_writer_start(struct spool_file *f, int *fd, pid_t *pid)
{
	return child_start(run, f, f->lock, fd, pid);
}
