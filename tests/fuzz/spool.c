/* SPDX-License-Identifier: MIT */
/*
 * What a dead process left of a spool. Input: the file. Says: what is cut off is its end only; what
 * stays are whole records, the same ones when it is opened again; written again they are the same
 * bytes; the items in a record are read or refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "dispatcher/receive/items.h"
#include "dispatcher/receive/spool_file.h"
#include "tests/fuzz/fuzz.h"

static void
read_items(struct slice record)
{
	struct reader r = reader_of(record);
	struct receipt one;
	struct buf again = {0};

	while (item_read(&r, &one)) {
		must(memchr(one.id, '\0', sizeof(one.id)) != NULL, "id without an end");
		must(memchr(one.code, '\0', sizeof(one.code)) != NULL, "code without an end");
		must(memchr(one.phone, '\0', sizeof(one.phone)) != NULL, "phone without an end");
		must(memchr(one.reference, '\0', sizeof(one.reference)) != NULL,
		     "reference without an end");
		must(one.state <= RECEIPT_UNKNOWN, "is no state");
		item_add(&again, &one);
	}
	buf_free(&again);
}

/* The records of the file, as they would be written. */
static void
read_records(struct spool_file *f, struct buf *out)
{
	struct buf b = {0};
	uint64_t next;

	for (f->at = 0; spool_file_read(f, &b, &next); f->at = next) {
		must(next > f->at && next <= f->size, "does not go on");
		spool_record(out, buf_slice(&b));
		read_items(buf_slice(&b));
	}
	must(f->at == f->size, "a record that was whole is none");
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	int fd = memfd_create("spool", MFD_CLOEXEC);
	struct spool_file f = {.lock = -1, .fd = fd};
	struct buf first = {0}, second = {0};
	uint64_t size;

	log_set_level(LOG_LEVEL_ERROR);
	read_items((struct slice){(const char *)data, n});
	must(fd >= 0 && write(fd, data, n) == (ssize_t)n, "no file in memory");
	must(spool_file_open(&f), "cannot be opened");
	size = f.size;
	must(size <= n && lseek(fd, 0, SEEK_END) == (off_t)size, "is not cut");
	read_records(&f, &first);
	must(first.len == size && (size == 0 || memcmp(first.data, data, size) == 0),
	     "is not written as it was");
	must(spool_file_open(&f) && f.size == size, "is another when opened again");
	read_records(&f, &second);
	must_be_equal(buf_slice(&first), buf_slice(&second), "records");
	close(fd);
	buf_free(&first);
	buf_free(&second);
	return 0;
}
