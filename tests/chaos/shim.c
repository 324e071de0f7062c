/* SPDX-License-Identifier: MIT */
/*
 * A machine that misbehaves, for one process: preloaded (LD_PRELOAD) before
 * redis-server or loa. What it does stands in the file that CHAOS_SHIM names,
 * two numbers as text that the test changes while the process runs:
 *
 *   wall clock, ms added   fsync and fdatasync, ms longer; -1 = the disk is full
 *
 * On a full disk what is written to a regular file fails with ENOSPC. Only the
 * wall clock is moved: the monotonic ones do not step on a real machine, either.
 *
 * The file is mapped, 48 bytes wide; until it is there nothing happens.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define WIDTH 48 /* "%23d %23d\n" */

static const char *map;

__attribute__((constructor)) static void
open_map(void)
{
	const char *path = getenv("CHAOS_SHIM");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void *p;

	if (fd < 0)
		return;
	p = mmap(NULL, WIDTH, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		map = p;
}

static long
number_at(int at)
{
	return map == NULL ? 0 : strtol(map + at, NULL, 10);
}

static long
wall_ms(void)
{
	return number_at(0);
}

static long
sync_ms(void)
{
	return number_at(WIDTH / 2);
}

/* ---- clocks ---- */

static void
add_ms(struct timespec *ts, long ms)
{
	long ns = ts->tv_nsec + (ms % 1000) * 1000000;

	ts->tv_sec += ms / 1000;
	if (ns < 0) {
		ns += 1000000000;
		ts->tv_sec--;
	} else if (ns >= 1000000000) {
		ns -= 1000000000;
		ts->tv_sec++;
	}
	ts->tv_nsec = ns;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	static int (*real)(clockid_t, struct timespec *);
	int rc;

	if (real == NULL)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	rc = real(id, ts);
	if (rc == 0 && id == CLOCK_REALTIME)
		add_ms(ts, wall_ms());
	return rc;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &ts);
	*tv = (struct timeval){ts.tv_sec, ts.tv_nsec / 1000};
	return 0;
}

time_t
time(time_t *out)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (out != NULL)
		*out = ts.tv_sec;
	return ts.tv_sec;
}

/* ---- the disk ---- */

static bool
is_full_for(int fd)
{
	struct stat st;

	return sync_ms() < 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

ssize_t
write(int fd, const void *p, size_t n)
{
	static ssize_t (*real)(int, const void *, size_t);

	if (real == NULL)
		real = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
	if (is_full_for(fd)) {
		errno = ENOSPC;
		return -1;
	}
	return real(fd, p, n);
}

static int
synced(const char *name, int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
	long ms = sync_ms();
	struct timespec pause = {ms / 1000, ms % 1000 * 1000000};

	if (ms > 0)
		nanosleep(&pause, NULL);
	return real(fd);
}

int
fsync(int fd)
{
	return synced("fsync", fd);
}

int
fdatasync(int fd)
{
	return synced("fdatasync", fd);
}
