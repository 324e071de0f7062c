/* SPDX-License-Identifier: MIT */
/*
 * The spool: records that wait in a file while Redis is away. A forked helper
 * process appends and syncs, so the loop never waits for the disk; everything
 * that came meanwhile shares the next sync. When Redis is back the records are
 * told in order, one at a time, and the file is removed when it is empty.
 *
 *   spool_add ──▶ helper: write, fdatasync ──▶ cb(kept)
 *   spool_open ─▶ tell(record) ─▶ spool_told ─▶ … ─▶ removed
 *
 * A process that dies between any two steps leaves a file whose synced records
 * are whole: the next one tells them again, so telling must be idempotent. What
 * follows the last whole record was never confirmed and is cut off.
 *
 * Several processes may share a folder: each has a number of its own by a lock
 * (receipts.N.lock), and what a dead one left is told by any other.
 *
 * File: records of magic "LRS1", u32 bytes, eight bytes of BLAKE2b, the bytes.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"

#define SPOOL_RECORD_MAX (1u << 16)

struct spool;

struct spool_options {
	struct loop *loop;
	const char *folder; /* copied */
	uint64_t max_bytes; /* of this process's file */
	/* spool_told must be called later, not inside. The record is valid inside only. */
	void (*tell)(void *arg, struct slice record);
	void *arg;
};

/* Never NULL; if the folder cannot be used, spool_add says so. */
struct spool *spool_new(const struct spool_options *o);
/* Pending callbacks run first, with an error. */
void spool_free(struct spool *s);

/* e NULL = it is on the disk. Runs once, never before spool_add returns. */
typedef void (*spool_cb)(void *arg, const struct err_ctx *e);
/* Otherwise (full, no folder) the callback does not run. The record is copied. */
MUST_CHECK enum err spool_add(struct spool *s, struct slice record, spool_cb cb, void *arg,
			      struct err_ctx *e);

/* Redis is there: tell what waits, also what dead processes left, now and later. */
void spool_open(struct spool *s);
/* Redis is gone. */
void spool_shut(struct spool *s);
/* The record of the last `tell` is kept; or not: it is told again after a while. */
void spool_told(struct spool *s, bool is_kept);

/* Bytes that wait, of this process and of the one that is being told. */
uint64_t spool_bytes(const struct spool *s);
