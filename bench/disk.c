/* SPDX-License-Identifier: MIT */
/*
 * What the disk alone does: records appended to a file of the folder, each followed by fdatasync, as
 * Redis does it before it answers. No permit can be faster than that.
 * usage: disk FOLDER SECONDS [BYTES]      prints p50, p99, p99.9, most, in milliseconds
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#define RECORDS_MAX 1000000u

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static size_t
append(int fd, size_t bytes, int64_t until_us, int64_t *took)
{
	char *record = xcalloc(1, bytes);
	const struct timespec gap = {.tv_nsec = 2000000}; /* Redis does not sync without end */
	size_t n = 0;

	while (clock_mono_us() < until_us && n < RECORDS_MAX) {
		int64_t from_us = clock_mono_us();

		if (write(fd, record, bytes) != (ssize_t)bytes || fdatasync(fd) != 0)
			break;
		took[n++] = clock_mono_us() - from_us;
		nanosleep(&gap, NULL);
	}
	free(record);
	return n;
}

int
main(int argc, char **argv)
{
	char path[4096];
	size_t n, bytes = argc > 3 ? strtoul(argv[3], NULL, 10) : 4096;
	int64_t *took;
	int fd;

	if (argc < 3 || bytes == 0) {
		fprintf(stderr, "usage: disk FOLDER SECONDS [BYTES]\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%s/disk.XXXXXX", argv[1]);
	fd = mkstemp(path);
	if (fd < 0) {
		perror(path);
		return 1;
	}
	unlink(path);
	took = xmalloc(RECORDS_MAX * sizeof(*took));
	n = append(fd, bytes, clock_mono_us() + strtol(argv[2], NULL, 10) * 1000000, took);
	close(fd);
	if (n > 0) {
		qsort(took, n, sizeof(*took), by_value);
		printf("p50 %.1f  p99 %.1f  p99.9 %.1f  most %.1f ms (%zu records of %zu bytes)\n",
		       (double)took[n / 2] / 1000, (double)took[n * 99 / 100] / 1000,
		       (double)took[n * 999 / 1000] / 1000, (double)took[n - 1] / 1000, n, bytes);
	}
	free(took);
	return n > 0 ? 0 : 1;
}
