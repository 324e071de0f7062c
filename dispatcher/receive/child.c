/* SPDX-License-Identifier: MIT */
#include "dispatcher/receive/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/crash.h"

#define DESCRIPTORS 4096

static void
close_between(int from, int before)
{
	if (from < 3)
		from = 3;
	if (from >= before || close_range((unsigned)from, (unsigned)before - 1, 0) == 0)
		return;
	/* A kernel before 5.9. */
	for (int fd = from; fd < before && fd < DESCRIPTORS; fd++)
		close(fd);
}

/* What the server does on a signal, and its sockets, are not the child's. */
static void
leave_the_server(int mine, int keep)
{
	static const int ignored[] = {SIGTERM, SIGINT, SIGHUP};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	int low = mine < keep ? mine : keep, high = mine < keep ? keep : mine;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		sigaction(ignored[i], &ignore, NULL);
	close_between(3, low);
	close_between(low + 1, high);
	close_between(high + 1, INT_MAX);
}

bool
child_start(void (*run)(int fd, void *arg), void *arg, int keep, int *fd, pid_t *pid)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return false;
	*pid = fork();
	if (*pid == 0) {
		leave_the_server(ends[1], keep);
		crash_forked();
		run(ends[1], arg);
		_exit(0);
	}
	close(ends[1]);
	if (*pid < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
		int saved = errno;

		close(ends[0]);
		errno = saved;
		return false;
	}
	*fd = ends[0];
	return true;
}
