/* SPDX-License-Identifier: MIT */
/*
 * The file of a backup, as `loa backup` writes it and `loa restore` reads it:
 *
 *   one line of JSON   {"loa_backup":1,"version":…,"taken_ms":…,"bytes":N,…}
 *   N bytes            the RDB file that Redis wrote at that moment
 *   one line           blake2b:64 hex digits, over everything before it
 *
 * The reader takes the file in pieces of any size, from a socket or a disk, and
 * knows at the end whether it was whole. Nothing here does I/O.
 */
#pragma once

#include "base/err.h"
#include "base/random.h"

#define BACKUP_FORMAT 1
#define BACKUP_HEADER_MAX 4096u
#define BACKUP_TRAILER_BYTES (8u + 2u * HASH_STREAM_BYTES + 1u)

struct backup_header {
	char version[24]; /* of the Loa that made it */
	char redis[24];	  /* of its Redis */
	int64_t taken_ms; /* wall clock: the content is as of no earlier than this */
	uint64_t bytes;	  /* of the RDB file */
	int64_t keys, campaigns, open_runs; /* of the same moment, for people */
};

/* Append the first line. */
void backup_header_add(const struct backup_header *h, struct buf *out);
/* The last line; out has room for BACKUP_TRAILER_BYTES + 1. */
void backup_trailer(const struct hash_stream *h, char *out);

typedef enum err (*backup_payload_cb)(void *arg, struct slice piece, struct err_ctx *e);

struct backup_reader {
	const char *what; /* the file's name, for errors; borrowed */
	bool has_header;
	struct backup_header header;
	uint64_t left;	 /* of the payload */
	struct buf line; /* the header until it is whole, then the trailer */
	struct hash_stream *hash;
	backup_payload_cb on_payload; /* NULL = nobody wants it */
	void *arg;
};

void backup_reader_init(struct backup_reader *r, const char *what, backup_payload_cb cb, void *arg);
/* Errors: ERR_INPUT when it is no backup that this release can read, or what on_payload said. */
MUST_CHECK enum err backup_reader_feed(struct backup_reader *r, struct slice piece,
				       struct err_ctx *e);
/* There is no more: was it whole, and is the sum right? */
MUST_CHECK enum err backup_reader_end(struct backup_reader *r, struct err_ctx *e);
void backup_reader_clear(struct backup_reader *r);
