/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/distinct_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define RUN_KEYS 32768u /* sorted at a time */
#define READ_KEYS 512u	/* of a run in memory while merging: 4 KB */
#define RUNS_MAX 16384u /* 536 million keys; 64 MB while merging */

struct key_run {
	uint64_t at, end; /* in the file, in keys: what is not read yet */
	uint64_t keys[READ_KEYS];
	uint32_t n, next; /* of keys */
};

struct distinct_keys {
	char *folder;
	int fd; /* -1 = none yet */
	uint64_t keys[RUN_KEYS];
	size_t n;
	uint64_t added, written; /* written: keys in the file */
	uint64_t ends[RUNS_MAX]; /* where each run ends in the file */
	size_t run_count;
	bool is_merging, has_last;
	uint64_t last;	       /* that was given */
	struct key_run **heap; /* the least first */
	size_t heap_n;
};

struct distinct_keys *
distinct_keys_new(const char *folder)
{
	struct distinct_keys *d = xcalloc(1, sizeof(*d));

	d->folder = xstrdup(folder);
	d->fd = -1;
	return d;
}

void
distinct_keys_free(struct distinct_keys *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->heap_n; i++)
		free(d->heap[i]);
	free(d->heap);
	if (d->fd >= 0)
		close(d->fd);
	free(d->folder);
	free(d);
}

uint64_t
distinct_keys_added(const struct distinct_keys *d)
{
	return d->added;
}

static enum err
fail_file(const struct distinct_keys *d, const char *does, struct err_ctx *e)
{
	return err_set(e, ERR_SYSTEM, d->folder, "make room there",
		       "cannot %s a temporary file: %s", does, strerror(errno));
}

/* ---- runs ---- */

static int
compare_keys(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* In order, each once. */
static void
sort_run(struct distinct_keys *d)
{
	size_t n = 0;

	if (d->n == 0)
		return;
	qsort(d->keys, d->n, sizeof(d->keys[0]), compare_keys);
	for (size_t i = 1; i < d->n; i++)
		if (d->keys[i] != d->keys[n])
			d->keys[++n] = d->keys[i];
	d->n = n + 1;
}

static enum err
write_run(struct distinct_keys *d, struct err_ctx *e)
{
	const char *from = (const char *)d->keys;
	size_t bytes, done = 0;

	sort_run(d);
	bytes = d->n * sizeof(d->keys[0]);
	if (d->run_count == RUNS_MAX)
		return err_set(e, ERR_REFUSED, "report", "ask for a shorter time",
			       "there are more than %llu messages to count",
			       (unsigned long long)RUNS_MAX * RUN_KEYS);
	if (d->fd < 0)
		d->fd = open(d->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (d->fd < 0)
		return fail_file(d, "make", e);
	while (done < bytes) {
		ssize_t n = pwrite(d->fd, from + done, bytes - done,
				   (off_t)(d->written * sizeof(uint64_t) + done));

		if (n <= 0 && errno != EINTR)
			return fail_file(d, "write", e);
		done += n > 0 ? (size_t)n : 0;
	}
	d->written += d->n;
	d->ends[d->run_count++] = d->written;
	d->n = 0;
	return ERR_OK;
}

enum err
distinct_keys_add(struct distinct_keys *d, uint64_t key, struct err_ctx *e)
{
	d->keys[d->n++] = key;
	d->added++;
	return d->n == RUN_KEYS ? write_run(d, e) : ERR_OK;
}

/* ---- merging ---- */

/* The run's next keys; it has none any more when n stays 0. */
static enum err
fill(struct distinct_keys *d, struct key_run *r, struct err_ctx *e)
{
	uint64_t left = r->end - r->at;
	size_t bytes = (left < READ_KEYS ? left : READ_KEYS) * sizeof(uint64_t), done = 0;

	while (done < bytes) {
		ssize_t n = pread(d->fd, (char *)r->keys + done, bytes - done,
				  (off_t)(r->at * sizeof(uint64_t) + done));

		if (n == 0)
			errno = EIO;
		if (n <= 0 && errno != EINTR)
			return fail_file(d, "read", e);
		done += n > 0 ? (size_t)n : 0;
	}
	r->n = (uint32_t)(bytes / sizeof(uint64_t));
	r->at += r->n;
	r->next = 0;
	return ERR_OK;
}

static uint64_t
head_of(const struct key_run *r)
{
	return r->keys[r->next];
}

static void
sift_down(struct distinct_keys *d, size_t i)
{
	for (;;) {
		size_t least = i;

		for (size_t c = 2 * i + 1; c <= 2 * i + 2 && c < d->heap_n; c++)
			if (head_of(d->heap[c]) < head_of(d->heap[least]))
				least = c;
		if (least == i)
			return;
		struct key_run *r = d->heap[i];

		d->heap[i] = d->heap[least];
		d->heap[least] = r;
		i = least;
	}
}

static enum err
begin_merging(struct distinct_keys *d, struct err_ctx *e)
{
	uint64_t at = 0;

	d->is_merging = true;
	d->heap = xcalloc(d->run_count + 1, sizeof(struct key_run *));
	for (size_t i = 0; i < d->run_count; i++) {
		struct key_run *r = xcalloc(1, sizeof(*r));

		r->at = at;
		at = r->end = d->ends[i];
		d->heap[d->heap_n++] = r;
		if (fill(d, r, e) != ERR_OK)
			return ERR_SYSTEM;
	}
	for (size_t i = d->heap_n / 2 + 1; i > 0; i--)
		sift_down(d, i - 1);
	return ERR_OK;
}

/* Take the least key off the heap, which has one. */
static enum err
take_least(struct distinct_keys *d, uint64_t *key, struct err_ctx *e)
{
	struct key_run *r = d->heap[0];

	*key = head_of(r);
	if (++r->next == r->n && fill(d, r, e) != ERR_OK)
		return ERR_SYSTEM;
	if (r->n == 0) {
		free(r);
		d->heap[0] = d->heap[--d->heap_n];
	}
	sift_down(d, 0);
	return ERR_OK;
}

enum err
distinct_keys_next(struct distinct_keys *d, uint64_t *out, size_t most, size_t *count,
		   struct err_ctx *e)
{
	*count = 0;
	if (!d->is_merging &&
	    ((d->n > 0 && write_run(d, e) != ERR_OK) || begin_merging(d, e) != ERR_OK))
		return e->code;
	while (*count < most && d->heap_n > 0) {
		uint64_t key;

		if (take_least(d, &key, e) != ERR_OK)
			return ERR_SYSTEM;
		if (d->has_last && key == d->last)
			continue;
		d->has_last = true;
		d->last = key;
		out[(*count)++] = key;
	}
	return ERR_OK;
}
