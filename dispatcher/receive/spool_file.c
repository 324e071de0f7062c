/* SPDX-License-Identifier: MIT */
#include "dispatcher/receive/spool_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/random.h"

static const char magic[4] = {'L', 'R', 'S', '1'};

bool
spool_file_lock(struct spool_file *f, const char *folder, int number)
{
	char path[4200];

	*f = (struct spool_file){.number = number, .lock = -1, .fd = -1};
	if (snprintf(path, sizeof(path), "%s/receipts.%d.lock", folder, number) >=
	    (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	snprintf(f->path, sizeof(f->path), "%s/receipts.%d.spool", folder, number);
	f->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (f->lock < 0)
		return false;
	if (flock(f->lock, LOCK_EX | LOCK_NB) == 0)
		return true;
	spool_file_unlock(f);
	errno = EWOULDBLOCK;
	return false;
}

void
spool_file_unlock(struct spool_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->lock >= 0)
		close(f->lock);
	f->fd = f->lock = -1;
}

void
spool_record(struct buf *out, struct slice record)
{
	uint8_t hash[16];

	hash_plain(record, hash);
	buf_add(out, magic, sizeof(magic));
	buf_add_u32(out, (uint32_t)record.n);
	buf_add(out, hash, 8);
	buf_add_slice(out, record);
}

static bool
read_whole(int fd, char *to, size_t n, uint64_t at)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(fd, to + done, n - done, (off_t)(at + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

bool
spool_file_read(const struct spool_file *f, struct buf *b, uint64_t *next)
{
	char head[SPOOL_HEAD];
	struct reader r = reader_of((struct slice){head + 4, 4});
	uint8_t hash[16];
	uint32_t n;

	if (f->at + SPOOL_HEAD > f->size || !read_whole(f->fd, head, sizeof(head), f->at))
		return false;
	n = reader_u32(&r);
	if (memcmp(head, magic, sizeof(magic)) != 0 || n > SPOOL_RECORD_MAX ||
	    f->at + SPOOL_HEAD + n > f->size)
		return false;
	buf_reset(b);
	if (!read_whole(f->fd, buf_reserve(b, n), n, f->at + SPOOL_HEAD))
		return false;
	b->len = n;
	hash_plain(buf_slice(b), hash);
	*next = f->at + SPOOL_HEAD + n;
	return memcmp(hash, head + 8, 8) == 0;
}

bool
spool_file_open(struct spool_file *f)
{
	struct buf b = {0};
	struct stat st;
	uint64_t next;
	bool is_cut;

	if (f->fd < 0)
		f->fd = open(f->path, O_RDWR | O_CLOEXEC);
	if (f->fd < 0 || fstat(f->fd, &st) != 0)
		return false;
	f->size = (uint64_t)st.st_size;
	for (f->at = 0; spool_file_read(f, &b, &next); f->at = next)
		continue;
	buf_free(&b);
	is_cut = f->at < f->size;
	crash_point("spool", is_cut ? "cut" : "found");
	if (is_cut)
		log_warn("spool=%d result=cut bytes=%llu of=%llu", f->number,
			 (unsigned long long)(f->size - f->at), (unsigned long long)f->size);
	f->size = f->at;
	f->at = 0;
	return !is_cut || ftruncate(f->fd, (off_t)f->size) == 0;
}

bool
spool_file_reopen(struct spool_file *f)
{
	f->fd = open(f->path, O_RDONLY | O_CLOEXEC);
	return f->fd >= 0;
}

bool
spool_file_exists(const char *folder, int number)
{
	char path[4200];

	return snprintf(path, sizeof(path), "%s/receipts.%d.spool", folder, number) <
		       (int)sizeof(path) &&
	       access(path, F_OK) == 0;
}

static void
forget(struct spool_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	f->at = f->size = 0;
}

void
spool_file_set_aside(struct spool_file *f)
{
	char to[sizeof(f->path) + 40];

	snprintf(to, sizeof(to), "%s.damaged-%lld", f->path, (long long)(clock_wall_ms() / 1000));
	if (rename(f->path, to) != 0) {
		log_error("spool=%d result=cannot-set-aside why=%s", f->number, strerror(errno));
		return;
	}
	log_error("spool=%d result=damaged from=%llu of=%llu kept-as=%s", f->number,
		  (unsigned long long)f->at, (unsigned long long)f->size, to);
	forget(f);
}

void
spool_file_remove(struct spool_file *f)
{
	crash_point("spool", "remove");
	if (unlink(f->path) != 0 && errno != ENOENT)
		log_error("spool=%d result=cannot-remove why=%s", f->number, strerror(errno));
	forget(f);
	crash_point("spool", "removed");
}
