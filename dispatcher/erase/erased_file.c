/* SPDX-License-Identifier: MIT */
#include "dispatcher/erase/erased_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/mem.h"
#include "dispatcher/receive/child.h"

#define FILE_NAME "erased"
#define FILE_MAX (16u << 20)

struct erased_file {
	struct loop *loop;
	char folder[3900];
	char path[4096];
	char line[80];
	int fd; /* of the helper; -1 = none */
	pid_t pid;
	struct loop_watch *watch;
	void (*cb)(void *arg, const struct err_ctx *e);
	void *arg;
};

struct erased_file *
erased_file_new(struct loop *l, const char *folder)
{
	struct erased_file *f = xcalloc(1, sizeof(*f));

	f->loop = l;
	f->fd = -1;
	snprintf(f->folder, sizeof(f->folder), "%s", folder);
	snprintf(f->path, sizeof(f->path), "%.3900s/" FILE_NAME, folder);
	return f;
}

static void
let_go(struct erased_file *f)
{
	if (f->fd < 0)
		return;
	loop_unwatch(f->watch);
	close(f->fd);
	f->fd = -1;
	waitpid(f->pid, NULL, 0); /* it has answered, or is about to end */
}

void
erased_file_free(struct erased_file *f)
{
	let_go(f);
	free(f);
}

enum err
erased_file_read(const struct erased_file *f, struct buf *out, struct err_ctx *e)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = 1;

	buf_reset(out);
	if (fd < 0 && errno == ENOENT)
		return ERR_OK;
	while (fd >= 0 && n > 0 && out->len < FILE_MAX) {
		n = read(fd, buf_reserve(out, 1u << 16), 1u << 16);
		out->len += n > 0 ? (size_t)n : 0;
	}
	if (fd < 0 || n != 0) {
		err_set(e, ERR_SYSTEM, f->path, "it says who must stay erased: make it readable",
			"cannot be read: %s", n > 0 ? "too long" : strerror(errno));
		if (fd >= 0)
			close(fd);
		return ERR_SYSTEM;
	}
	close(fd);
	for (size_t i = 0; i < out->len; i++)
		out->data[i] = (char)(out->data[i] == '\n' ? ' ' : out->data[i]);
	return ERR_OK;
}

/* ---- the helper: it blocks ---- */

/* Of a line that was cut off, when the disk was full or the machine died, the next one is no part. */
static bool
is_at_line(int fd)
{
	char last = '\n';
	off_t n = lseek(fd, 0, SEEK_END);

	return n == 0 || (n > 0 && pread(fd, &last, 1, n - 1) == 1 && last == '\n');
}

static int
append(const struct erased_file *f)
{
	int fd = open(f->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	int folder = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ssize_t n = (ssize_t)strlen(f->line);
	bool is_good = fd >= 0 && folder >= 0 && flock(fd, LOCK_EX) == 0 &&
		       (is_at_line(fd) || write(fd, "\n", 1) == 1) &&
		       write(fd, f->line, (size_t)n) == n && fsync(fd) == 0 && fsync(folder) == 0;

	return is_good ? 0 : errno != 0 ? errno : ENOSPC;
}

static void
run(int fd, void *arg)
{
	int answer;

	errno = 0;
	answer = append(arg);
	(void)!send(fd, &answer, sizeof(answer), MSG_NOSIGNAL);
}

static void
on_answer(void *arg)
{
	struct erased_file *f = arg;
	int answer = EIO;
	ssize_t n = read(f->fd, &answer, sizeof(answer));
	struct err_ctx e;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	let_go(f);
	if (n == (ssize_t)sizeof(answer) && answer == 0) {
		crash_point("erase", "filed");
		f->cb(f->arg, NULL);
		return;
	}
	err_set(&e, ERR_SYSTEM, f->path, "make room on its disk, then erase again",
		"cannot be written: %s", strerror(answer));
	f->cb(f->arg, &e);
}

enum err
erased_file_add(struct erased_file *f, const char *line,
		void (*cb)(void *arg, const struct err_ctx *e), void *arg, struct err_ctx *e)
{
	snprintf(f->line, sizeof(f->line), "%s\n", line);
	f->cb = cb;
	f->arg = arg;
	if (!child_start(run, f, -1, &f->fd, &f->pid)) {
		f->fd = -1;
		return err_set(e, ERR_SYSTEM, "server", "try again", "cannot fork: %s",
			       strerror(errno));
	}
	f->watch = loop_watch(f->loop, f->fd, on_answer, f);
	return ERR_OK;
}
