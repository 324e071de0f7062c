/* SPDX-License-Identifier: MIT */
/* A redis-server of the test's own on a unix socket; it dies with the test. */
#pragma once

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/redis.h"

struct redis_server {
	char dir[64], socket[96];
	pid_t pid; /* 0 = none */
};

static inline void
redis_server_start(struct redis_server *s)
{
	pid_t parent = getpid();

	if (s->dir[0] == '\0') {
		const char *tmp = getenv("TMPDIR");

		snprintf(s->dir, sizeof(s->dir), "%.40s/loa-redis.XXXXXX",
			 tmp != NULL ? tmp : "/tmp");
		if (mkdtemp(s->dir) == NULL)
			abort();
		snprintf(s->socket, sizeof(s->socket), "%s/s", s->dir);
	}
	s->pid = fork();
	if (s->pid != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", s->socket, "--save",
	       "", "--appendonly", "yes", "--appendfsync", "always", "--dir", s->dir, "--logfile",
	       "/dev/null", (char *)NULL);
	_exit(127);
}

static inline void
redis_server_kill(struct redis_server *s)
{
	if (s->pid <= 0)
		return;
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	s->pid = 0;
}

static inline void
redis_server_remove(struct redis_server *s)
{
	char command_dir[80];

	redis_server_kill(s);
	snprintf(command_dir, sizeof(command_dir), "%s", s->dir);
	if (fork() == 0) {
		execlp("rm", "rm", "-rf", command_dir, (char *)NULL);
		_exit(127);
	}
	wait(NULL);
}
