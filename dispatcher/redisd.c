/* SPDX-License-Identifier: MIT */
#include "dispatcher/redisd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/aof.h"

#define CHECK_MS 250
#define DISK_LEFT_MIN (1u << 20)

struct redisd {
	struct loop *loop;
	char *folder; /* absolute */
	char *socket;
	int64_t max_mb;
	int lock;    /* server.lock, held */
	pid_t child; /* 0 = adopted or gone */
	struct timer check;
	int starts; /* for the log, and to slow down when it dies at once */
};

static int
lock_file(const char *folder, const char *name, bool is_inherited)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	/* Root may come by (a restore): a link would lead it out of the folder. */
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | (is_inherited ? 0 : O_CLOEXEC), 0600);
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static void
exec_server(const struct redisd *d, int lock)
{
	char memory[32], log[4200], pid[4200];
	int null = open("/dev/null", O_RDWR);

	snprintf(memory, sizeof(memory), "%lldmb", (long long)d->max_mb);
	snprintf(log, sizeof(log), "%s/redis.log", d->folder);
	snprintf(pid, sizeof(pid), "%s/redis.pid", d->folder);
	setsid();
	for (int fd = 3; fd < 1024; fd++)
		if (fd != lock && fd != null)
			close(fd);
	if (!aof_mend(d->folder)) /* the lock is given back with this process */
		_exit(1);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		if (null > STDERR_FILENO)
			close(null);
	}
	execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", d->socket,
	       "--unixsocketperm", "700", "--dir", d->folder, "--appendonly", "yes",
	       "--appendfsync", "always", "--save", "", "--maxmemory", memory, "--maxmemory-policy",
	       "noeviction", "--daemonize", "no", "--logfile", log, "--pidfile", pid, "--loglevel",
	       "notice", "--stop-writes-on-bgsave-error", "yes", (char *)NULL);
	_exit(127);
}

/* Start Redis if its lock is free. False when neither started nor alive. */
static bool
start_if_gone(struct redisd *d)
{
	int lock = lock_file(d->folder, "redis.lock", true);
	pid_t pid;

	if (lock < 0)
		return errno == EWOULDBLOCK; /* someone holds it: alive */
	pid = fork();
	if (pid == 0)
		exec_server(d, lock);
	close(lock);
	if (pid < 0) {
		log_error("redis=embedded result=cannot-fork why=%s", strerror(errno));
		return false;
	}
	d->child = pid;
	d->starts++;
	log_info("redis=embedded pid=%d start=%d", (int)pid, d->starts);
	return true;
}

bool
redisd_is_disk_full(const struct redisd *d)
{
	struct statvfs st;

	return statvfs(d->folder, &st) == 0 && (uint64_t)st.f_bavail * st.f_frsize < DISK_LEFT_MIN;
}

static void
on_check(struct timer *t, void *arg)
{
	struct redisd *d = arg;
	int status;

	(void)t;
	if (d->child > 0 && waitpid(d->child, &status, WNOHANG) == d->child) {
		log_warn("redis=embedded pid=%d result=died status=%d", (int)d->child,
			 WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
		if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
			log_error("redis=embedded result=not-found todo=install redis-server");
		if (redisd_is_disk_full(d))
			log_error("redis=embedded result=disk-full folder=%s todo=make room",
				  d->folder);
		d->child = 0;
	}
	start_if_gone(d);
	timer_arm_ms(d->loop, &d->check, CHECK_MS * (d->starts > 20 ? 20 : 1));
}

void
redisd_check(struct redisd *d)
{
	if (!timer_is_armed(&d->check))
		timer_arm_ms(d->loop, &d->check, CHECK_MS);
}

void
redisd_ready(struct redisd *d)
{
	timer_disarm(d->loop, &d->check);
}

static enum err
make_folder(const char *folder, char **absolute, struct err_ctx *e)
{
	struct stat st;

	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return err_set(e, ERR_SYSTEM, folder, "make the folder or choose another by --data",
			       "cannot be made: %s", strerror(errno));
	if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
		return err_set(e, ERR_SYSTEM, folder, "choose another by --data", "is no folder");
	if (access(folder, R_OK | W_OK | X_OK) != 0)
		return err_set(e, ERR_SYSTEM, folder, "give this user the folder", "%s",
			       strerror(errno));
	*absolute = realpath(folder, NULL);
	if (*absolute == NULL)
		return err_set(e, ERR_SYSTEM, folder, "", "%s", strerror(errno));
	if (strlen(*absolute) > 90)
		return err_set(e, ERR_INPUT, folder, "choose a shorter path by --data",
			       "is too long a path for a unix socket");
	return ERR_OK;
}

/* Is there a program of this name on the PATH? */
static bool
is_installed(const char *program)
{
	const char *path = getenv("PATH");

	while (path != NULL && *path != '\0') {
		size_t n = strcspn(path, ":");
		char file[4096];

		snprintf(file, sizeof(file), "%.*s/%s", (int)n, path, program);
		if (access(file, X_OK) == 0)
			return true;
		path += n + (path[n] == ':');
	}
	return false;
}

enum err
redisd_open(struct loop *l, const char *folder, int64_t max_mb, struct redisd **out,
	    struct err_ctx *e)
{
	struct redisd *d;
	char *absolute = NULL;
	char socket[4200];
	int lock;
	enum err rc = is_installed("redis-server")
			      ? make_folder(folder, &absolute, e)
			      : err_set(e, ERR_SYSTEM, "redis-server",
					"install it, or name a Redis of your own by redis_socket",
					"is not installed");

	if (rc != ERR_OK) {
		free(absolute);
		return rc;
	}
	lock = lock_file(absolute, "server.lock", false);
	if (lock < 0) {
		rc = errno == EWOULDBLOCK
			     ? err_set(e, ERR_CONFLICT, absolute, "stop it first, or use --data",
				       "another loa serve works in this folder")
			     : err_set(e, ERR_SYSTEM, absolute, "", "cannot lock: %s",
				       strerror(errno));
		free(absolute);
		return rc;
	}
	d = xcalloc(1, sizeof(*d));
	snprintf(socket, sizeof(socket), "%s/redis.sock", absolute);
	*d = (struct redisd){.loop = l,
			     .folder = absolute,
			     .socket = xstrdup(socket),
			     .max_mb = max_mb,
			     .lock = lock};
	timer_init(&d->check, on_check, d);
	if (!start_if_gone(d)) {
		rc = err_set(e, ERR_SYSTEM, absolute, "", "cannot start Redis: %s",
			     strerror(errno));
		redisd_close(d);
		return rc;
	}
	if (d->child == 0)
		log_info("redis=embedded result=adopted");
	redisd_check(d);
	*out = d;
	return ERR_OK;
}

enum err
redisd_claim_folder(const char *folder, int locks[2], char **absolute, struct err_ctx *e)
{
	static const char *const names[] = {"server.lock", "redis.lock"};
	enum err rc = make_folder(folder, absolute, e);

	locks[0] = locks[1] = -1;
	for (int i = 0; rc == ERR_OK && i < 2; i++) {
		locks[i] = lock_file(*absolute, names[i], false);
		if (locks[i] < 0 && errno != EWOULDBLOCK)
			rc = err_set(e, ERR_SYSTEM, *absolute, "", "cannot lock: %s",
				     strerror(errno));
		else if (locks[i] < 0)
			rc = err_set(e, ERR_CONFLICT, *absolute,
				     i == 0 ? "stop it first, or choose another by --data"
					    : "start loa serve and stop it in order",
				     i == 0 ? "a loa serve works in this folder"
					    : "a Redis that a killed server left works in it");
	}
	if (rc != ERR_OK && locks[0] >= 0)
		close(locks[0]);
	return rc;
}

int
redisd_starts(const struct redisd *d)
{
	return d->starts;
}

const char *
redisd_socket(const struct redisd *d)
{
	return d->socket;
}

void
redisd_kill(struct redisd *d)
{
	if (d->child > 0)
		kill(d->child, SIGTERM);
}

/* A Redis of ours that was told to stop: wait until its file is complete. */
static void
wait_for_child(struct redisd *d)
{
	struct timespec pause = {.tv_nsec = 20000000};

	for (int i = 0; i < 500 && d->child > 0; i++) {
		if (waitpid(d->child, NULL, WNOHANG) != 0)
			return;
		nanosleep(&pause, NULL);
	}
}

void
redisd_close(struct redisd *d)
{
	timer_disarm(d->loop, &d->check);
	wait_for_child(d);
	close(d->lock);
	free(d->folder);
	free(d->socket);
	free(d);
}
