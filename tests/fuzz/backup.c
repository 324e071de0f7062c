/* SPDX-License-Identifier: MIT */
/*
 * Files that somebody calls a backup. Input: one byte for the size of the pieces, then the
 * file. Says: the pieces do not matter; a file that is good has exactly the payload that its
 * first line names; every error has words.
 */
#include <stdlib.h>

#include "dispatcher/backup.h"
#include "tests/fuzz/fuzz.h"

static enum err
count(void *arg, struct slice piece, struct err_ctx *e)
{
	(void)e;
	*(uint64_t *)arg += piece.n;
	return ERR_OK;
}

static enum err
read_all(struct slice file, size_t step, uint64_t *bytes, struct backup_header *h)
{
	struct backup_reader r;
	struct err_ctx e;
	enum err rc = ERR_OK;

	*bytes = 0;
	backup_reader_init(&r, "file", count, bytes);
	for (size_t at = 0; rc == ERR_OK && at < file.n; at += step) {
		struct slice piece = {file.p + at, file.n - at < step ? file.n - at : step};

		rc = backup_reader_feed(&r, piece, &e);
	}
	if (rc == ERR_OK)
		rc = backup_reader_end(&r, &e);
	if (rc != ERR_OK)
		must_be_words(e.why);
	*h = r.header;
	backup_reader_clear(&r);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice file = {n > 0 ? (const char *)data + 1 : NULL, n > 0 ? n - 1 : 0};
	struct backup_header h, again;
	uint64_t bytes, bytes_again;
	enum err rc = read_all(file, n > 0 ? data[0] + 1u : 1, &bytes, &h);

	must(read_all(file, file.n + 1, &bytes_again, &again) == rc, "the pieces matter");
	must(rc != ERR_OK || bytes == h.bytes, "the payload is not what the first line says");
	must_fit(h.version, sizeof(h.version));
	return 0;
}
